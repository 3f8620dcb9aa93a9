//! Patterns: the query graph that MATCH looks for, and what CREATE and MERGE make.

use std::sync::Arc;

use crate::bound;
use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::LabelExpression;
use crate::bound::QueryGraph;
use crate::bound::Shortest;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;

use super::operator::joined;
use super::{Binder, error};

/// What becomes of a name in a pattern that is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NewVariables {
    /// It is a new variable.
    Declared,
    /// It is an error: the pattern is a predicate.
    Rejected,
}

/// How a pattern is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct PatternUse {
    pub(super) new_variables: NewVariables,
}

/// Patterns being resolved: the graph so far, and what stands in the text for each part of it.
struct Building<'p> {
    graph: QueryGraph,
    usage: PatternUse,
    nodes: Vec<(Slot, &'p ast::NodePattern)>,
    /// The relationship's number in the graph, and the text.
    relationships: Vec<(usize, &'p ast::RelationshipPattern)>,
    /// Names of relationships in these patterns.
    names: Vec<&'p str>,
}

/// A path that CREATE or MERGE makes.
pub(super) struct CreatedPath {
    /// Its variable, where it has one.
    pub(super) slot: Option<Slot>,
    /// Nodes and relationships in turn.
    pub(super) elements: Vec<Slot>,
}

/// The paths that have a variable.
pub(super) fn named_paths(paths: Vec<CreatedPath>) -> Vec<bound::NamedPath> {
    let named = |path: CreatedPath| {
        path.slot.map(|slot| bound::NamedPath { slot, elements: path.elements })
    };
    paths.into_iter().filter_map(named).collect()
}

impl Binder<'_> {
    /// The patterns of a MATCH with its WHERE. New variables become visible.
    pub(super) fn query_graph(
        &mut self,
        patterns: &[ast::PathPattern],
        where_: Option<&ast::Expression>,
        usage: PatternUse,
    ) -> Result<QueryGraph> {
        let mut building = Building {
            graph: QueryGraph::default(),
            usage,
            nodes: Vec::new(),
            relationships: Vec::new(),
            names: Vec::new(),
        };
        for pattern in patterns {
            self.path(pattern, &mut building)?;
        }
        // Only now, since a property map may use variables that stand further right.
        for (slot, node) in std::mem::take(&mut building.nodes) {
            let predicates = self.node_predicates(slot, node)?;
            building.graph.predicates.extend(predicates);
        }
        for (at, relationship) in std::mem::take(&mut building.relationships) {
            self.relationship_predicates(at, relationship, &mut building.graph)?;
        }
        if let Some(where_) = where_ {
            building.graph.predicates.extend(self.conjuncts(where_)?);
        }
        Ok(building.graph)
    }

    fn path<'p>(
        &mut self,
        pattern: &'p ast::PathPattern,
        building: &mut Building<'p>,
    ) -> Result<()> {
        let shortest = match pattern.selector {
            ast::PathSelector::All => None,
            ast::PathSelector::ShortestPath => Some(Shortest::One),
            ast::PathSelector::AllShortestPaths => Some(Shortest::All),
        };
        if shortest.is_some() && pattern.relationships().count() != 1 {
            return Err(Error::syntax(
                Detail::InvalidRelationshipPattern,
                "a shortest path needs exactly one relationship pattern",
            )
            .at(pattern.span));
        }
        let mut elements = Vec::new();
        let mut previous: Option<Slot> = None;
        let mut pending: Option<&'p ast::RelationshipPattern> = None;
        for element in &pattern.elements {
            match element {
                ast::PatternElement::Relationship(relationship) => pending = Some(relationship),
                ast::PatternElement::Node(node) => {
                    let slot = self.pattern_node(node, building)?;
                    if let (Some(relationship), Some(left)) = (pending.take(), previous) {
                        let between = self.pattern_relationship(
                            relationship,
                            (left, slot),
                            shortest,
                            building,
                        )?;
                        elements.push(between);
                    }
                    elements.push(slot);
                    previous = Some(slot);
                }
            }
        }
        if let Some(variable) = &pattern.variable {
            if self.scope.get(&variable.text).is_some() {
                return Err(error::already_bound(&variable.text, variable.span));
            }
            if building.usage.new_variables == NewVariables::Rejected {
                return Err(error::undefined_variable(&variable.text, &self.scope, variable.span));
            }
            let slot = self.declare(&variable.text, Type::Path);
            building.graph.paths.push(bound::NamedPath { slot, elements });
        }
        Ok(())
    }

    fn pattern_node<'p>(
        &mut self,
        node: &'p ast::NodePattern,
        building: &mut Building<'p>,
    ) -> Result<Slot> {
        let (slot, bound) = match &node.variable {
            None => (self.hidden("node", Type::Node), false),
            Some(name) => match self.scope.get(&name.text) {
                Some(slot) => {
                    self.expect_kind(slot, name, &Type::Node, "node")?;
                    (slot, true)
                }
                None => (self.new_variable(name, Type::Node, building.usage)?, false),
            },
        };
        if !building.graph.nodes.iter().any(|known| known.slot == slot) {
            building.graph.nodes.push(bound::PatternNode { slot, bound });
        }
        building.nodes.push((slot, node));
        Ok(slot)
    }

    fn new_variable(&mut self, name: &ast::Name, ty: Type, usage: PatternUse) -> Result<Slot> {
        match usage.new_variables {
            NewVariables::Declared => Ok(self.declare(&name.text, ty)),
            NewVariables::Rejected => {
                Err(error::undefined_variable(&name.text, &self.scope, name.span).help(
                    "A pattern that is a predicate uses known variables only; introduce new ones within `EXISTS { }`.",
                ))
            }
        }
    }

    /// Checks that a known variable can be used as a node, relationship or list of relationships.
    fn expect_kind(&mut self, slot: Slot, name: &ast::Name, ty: &Type, word: &str) -> Result<()> {
        let known = self.type_of(slot);
        if !ty.accepts(&known) {
            return Err(error::type_conflict(&name.text, &known, word, name.span));
        }
        if known == Type::Any {
            self.set_type(slot, ty.clone());
        }
        Ok(())
    }

    fn pattern_relationship<'p>(
        &mut self,
        pattern: &'p ast::RelationshipPattern,
        (left, right): (Slot, Slot),
        shortest: Option<Shortest>,
        building: &mut Building<'p>,
    ) -> Result<Slot> {
        let several = pattern.length.is_some();
        let (ty, word) = if several {
            (Type::list(Type::Relationship), "list of relationships")
        } else {
            (Type::Relationship, "relationship")
        };
        let slot = match &pattern.variable {
            None => self.hidden("relationship", ty),
            Some(name) => match self.scope.get(&name.text) {
                Some(known) => {
                    if building.names.contains(&name.text.as_str()) {
                        return Err(Error::syntax(
                            Detail::RelationshipUniquenessViolation,
                            format!("relationship `{}` stands twice in one pattern", name.text),
                        )
                        .at(name.span)
                        .help(
                            "One MATCH never uses a relationship twice, so this finds nothing.",
                        ));
                    }
                    self.expect_kind(known, name, &ty, word)?;
                    let slot = self.hidden(&name.text, ty);
                    building.graph.predicates.push(joined(
                        BinaryOperator::Equal,
                        self.variable(slot, name.span),
                        self.variable(known, name.span),
                        name.span,
                        Type::Boolean,
                    ));
                    slot
                }
                None => self.new_variable(name, ty, building.usage)?,
            },
        };
        if let Some(name) = &pattern.variable {
            building.names.push(&name.text);
        }
        building.relationships.push((building.graph.relationships.len(), pattern));
        building.graph.relationships.push(bound::PatternRelationship {
            slot,
            left,
            right,
            direction: direction(pattern.direction),
            types: type_names(pattern),
            length: pattern.length.as_ref().map(|l| (l.min.unwrap_or(1), l.max)),
            filter: None,
            shortest,
        });
        Ok(slot)
    }

    fn node_predicates(&mut self, slot: Slot, node: &ast::NodePattern) -> Result<Vec<Expression>> {
        let mut predicates = Vec::new();
        let variable = self.variable(slot, node.span);
        if let Some(labels) = &node.labels {
            predicates.extend(self.label_predicates(&variable, labels)?);
        }
        if let Some(properties) = &node.properties {
            predicates.extend(self.property_predicates(&variable, properties)?);
        }
        if let Some(where_) = &node.where_ {
            predicates.extend(self.conjuncts(where_)?);
        }
        Ok(predicates)
    }

    fn relationship_predicates(
        &mut self,
        at: usize,
        pattern: &ast::RelationshipPattern,
        graph: &mut QueryGraph,
    ) -> Result<()> {
        let Some(relationship) = graph.relationships.get(at) else { return Ok(()) };
        let each = relationship.length.is_some() || relationship.shortest.is_some();
        // Of several relationships each must satisfy what is asked; a variable stands for the one at hand.
        let slot = if each { self.hidden("each", Type::Relationship) } else { relationship.slot };
        let types_known = !relationship.types.is_empty();
        let variable = self.variable(slot, pattern.span);
        let mut predicates = Vec::new();
        if let (Some(types), false) = (&pattern.types, types_known) {
            predicates.extend(self.label_predicates(&variable, types)?);
        }
        if let Some(properties) = &pattern.properties {
            predicates.extend(self.property_predicates(&variable, properties)?);
        }
        if let Some(where_) = &pattern.where_ {
            let mut scope = self.scope.clone();
            if let (true, Some(name)) = (each, &pattern.variable) {
                scope.declare(&name.text, slot);
            }
            let aggregation = super::Aggregation::Forbidden;
            predicates.extend(self.nested(scope, aggregation, |b| b.conjuncts(where_))?);
        }
        if !each {
            graph.predicates.extend(predicates);
        } else if !predicates.is_empty() {
            let filter = conjunction(predicates, pattern.span);
            if let Some(relationship) = graph.relationships.get_mut(at) {
                relationship.filter = Some((slot, filter));
            }
        }
        Ok(())
    }

    /// `{key: value}` as predicates on the variable.
    fn property_predicates(
        &mut self,
        variable: &Expression,
        properties: &ast::Expression,
    ) -> Result<Vec<Expression>> {
        let ast::ExpressionKind::Map(entries) = &properties.kind else {
            return Err(error::parameter_as_properties(properties.span));
        };
        let mut predicates = Vec::with_capacity(entries.len());
        for entry in entries {
            let value = self.expression(&entry.value)?;
            let kind = ExpressionKind::Property {
                target: Box::new(variable.clone()),
                key: entry.key.text.as_str().into(),
            };
            let property = Expression { kind, span: entry.key.span, ty: Type::Any };
            predicates.push(joined(
                BinaryOperator::Equal,
                property,
                value,
                entry.span,
                Type::Boolean,
            ));
        }
        Ok(predicates)
    }

    // ---- CREATE and MERGE ----

    /// The patterns of CREATE (or the one of MERGE). A property map of CREATE sees what stands before it
    /// in the same clause, one of MERGE only what was visible before.
    pub(super) fn create_pattern(
        &mut self,
        patterns: &[ast::PathPattern],
        merge: bool,
    ) -> Result<(bound::CreatePattern, Vec<CreatedPath>)> {
        let before = merge.then(|| self.scope.clone());
        let before = before.as_ref();
        let mut created = bound::CreatePattern::default();
        let mut paths = Vec::new();
        for pattern in patterns {
            if pattern.selector != ast::PathSelector::All {
                return Err(error::unsupported("a shortest path cannot be created", pattern.span));
            }
            let alone = pattern.relationships().next().is_none();
            let mut elements = Vec::new();
            let mut previous: Option<Slot> = None;
            let mut pending: Option<&ast::RelationshipPattern> = None;
            for element in &pattern.elements {
                match element {
                    ast::PatternElement::Relationship(relationship) => pending = Some(relationship),
                    ast::PatternElement::Node(node) => {
                        let slot = self.create_node(node, alone, before, &mut created)?;
                        if let (Some(relationship), Some(left)) = (pending.take(), previous) {
                            let ends = (left, slot);
                            elements.push(self.create_relationship(
                                relationship,
                                ends,
                                merge,
                                before,
                                &mut created,
                            )?);
                        }
                        elements.push(slot);
                        previous = Some(slot);
                    }
                }
            }
            let mut slot = None;
            if let Some(variable) = &pattern.variable {
                if self.scope.get(&variable.text).is_some() {
                    return Err(error::already_bound(&variable.text, variable.span));
                }
                slot = Some(self.declare(&variable.text, Type::Path));
            }
            paths.push(CreatedPath { slot, elements });
        }
        Ok((created, paths))
    }

    fn create_node(
        &mut self,
        node: &ast::NodePattern,
        alone: bool,
        before: Option<&super::Scope>,
        created: &mut bound::CreatePattern,
    ) -> Result<Slot> {
        if let Some(where_) = &node.where_ {
            return Err(error::unsupported("a pattern to create takes no WHERE", where_.span));
        }
        let known = node
            .variable
            .as_ref()
            .and_then(|name| self.scope.get(&name.text).map(|slot| (slot, name)));
        if let Some((slot, name)) = known {
            self.expect_kind(slot, name, &Type::Node, "node")?;
            if alone || node.labels.is_some() || node.properties.is_some() {
                return Err(error::already_bound(&name.text, name.span));
            }
            return Ok(slot);
        }
        let labels = match &node.labels {
            None => bound::NewLabels::default(),
            Some(labels) => {
                let all = labels.conjunction().ok_or_else(|| {
                    error::unsupported("a new node takes a plain list of labels", labels.span)
                        .help("Write `:A:B` or `:A&B`.")
                })?;
                let scope = before.unwrap_or(&self.scope).clone();
                let aggregation = super::Aggregation::Forbidden;
                self.nested(scope, aggregation, |b| b.new_labels(all))?
            }
        };
        let properties = self.created_properties(node.properties.as_ref(), before)?;
        let slot = match &node.variable {
            Some(name) => self.declare(&name.text, Type::Node),
            None => self.hidden("node", Type::Node),
        };
        created.nodes.push(bound::CreateNode { slot, labels, properties });
        Ok(slot)
    }

    fn create_relationship(
        &mut self,
        pattern: &ast::RelationshipPattern,
        (left, right): (Slot, Slot),
        merge: bool,
        before: Option<&super::Scope>,
        created: &mut bound::CreatePattern,
    ) -> Result<Slot> {
        if let Some(name) = &pattern.variable
            && self.scope.get(&name.text).is_some()
        {
            return Err(error::already_bound(&name.text, name.span));
        }
        if pattern.length.is_some() {
            return Err(Error::syntax(
                Detail::CreatingVarLength,
                "a variable-length relationship cannot be created",
            )
            .at(pattern.span));
        }
        let type_name = match pattern.types.as_ref().map(|types| &types.kind) {
            Some(ast::LabelExpressionKind::Name(name)) => {
                bound::NewType::Name(name.as_str().into())
            }
            Some(ast::LabelExpressionKind::Computed { any: false, names }) => {
                let scope = before.unwrap_or(&self.scope).clone();
                let aggregation = super::Aggregation::Forbidden;
                bound::NewType::Computed(self.nested(scope, aggregation, |b| b.type_name(names))?)
            }
            _ => {
                return Err(Error::syntax(
                    Detail::NoSingleRelationshipType,
                    "a new relationship needs exactly one type",
                )
                .at(pattern.span)
                .help("Write it as `-[:TYPE]->`."));
            }
        };
        let (start, end) = match pattern.direction {
            ast::Direction::Outgoing => (left, right),
            ast::Direction::Incoming => (right, left),
            ast::Direction::Either if merge => (left, right),
            ast::Direction::Either => {
                return Err(Error::syntax(
                    Detail::RequiresDirectedRelationship,
                    "a new relationship needs a direction",
                )
                .at(pattern.span)
                .help("Write it with an arrow: `-[:TYPE]->` or `<-[:TYPE]-`."));
            }
        };
        if let Some(where_) = &pattern.where_ {
            return Err(error::unsupported("a pattern to create takes no WHERE", where_.span));
        }
        let properties = self.created_properties(pattern.properties.as_ref(), before)?;
        let slot = match &pattern.variable {
            Some(name) => self.declare(&name.text, Type::Relationship),
            None => self.hidden("relationship", Type::Relationship),
        };
        let made = bound::CreateRelationship { slot, type_name, start, end, properties };
        created.relationships.push(made);
        Ok(slot)
    }

    fn created_properties(
        &mut self,
        properties: Option<&ast::Expression>,
        before: Option<&super::Scope>,
    ) -> Result<Option<Expression>> {
        let Some(properties) = properties else { return Ok(None) };
        let aggregation = super::Aggregation::Forbidden;
        let scope = before.unwrap_or(&self.scope).clone();
        let bound = self.nested(scope, aggregation, |b| b.expression(properties))?;
        Ok(Some(bound))
    }

    /// MERGE: what is looked for, from what would be created; bound nodes are those it does not create.
    pub(super) fn merge_graph(
        &mut self,
        pattern: &ast::PathPattern,
        created: &bound::CreatePattern,
        elements: &[Slot],
    ) -> (QueryGraph, Vec<(Arc<str>, Expression)>) {
        let mut graph = QueryGraph::default();
        let mut not_null = Vec::new();
        let span = pattern.span;
        let mut require = |b: &Self, slot: Slot, properties: Option<&Expression>| {
            let Some(Expression { kind: ExpressionKind::Map(entries), .. }) = properties else {
                return Vec::new();
            };
            let mut predicates = Vec::new();
            for (key, value) in entries {
                not_null.push((key.clone(), value.clone()));
                let kind = ExpressionKind::Property {
                    target: Box::new(b.variable(slot, span)),
                    key: key.clone(),
                };
                let property = Expression { kind, span: value.span, ty: Type::Any };
                let place = value.span;
                predicates.push(joined(
                    BinaryOperator::Equal,
                    property,
                    value.clone(),
                    place,
                    Type::Boolean,
                ));
            }
            predicates
        };
        let mut predicates = Vec::new();
        for slot in elements.iter().step_by(2) {
            if graph.nodes.iter().any(|node| node.slot == *slot) {
                continue;
            }
            let new = created.nodes.iter().find(|node| node.slot == *slot);
            graph.nodes.push(bound::PatternNode { slot: *slot, bound: new.is_none() });
            if let Some(node) = new {
                for label in &node.labels.names {
                    let target = Box::new(self.variable(*slot, span));
                    let labels = LabelExpression::Label(label.clone());
                    let kind = ExpressionKind::HasLabels { target, labels };
                    predicates.push(Expression { kind, span, ty: Type::Boolean });
                }
                for names in &node.labels.computed {
                    predicates.push(self.has_computed(*slot, names));
                }
                predicates.extend(require(self, *slot, node.properties.as_ref()));
            }
        }
        let ends = elements.windows(3).step_by(2);
        for (ends, text) in ends.zip(pattern.relationships()) {
            let [left, slot, right] = ends else { continue };
            let new = created.relationships.iter().find(|r| r.slot == *slot);
            graph.relationships.push(bound::PatternRelationship {
                slot: *slot,
                left: *left,
                right: *right,
                direction: direction(text.direction),
                types: match new.map(|r| &r.type_name) {
                    Some(bound::NewType::Name(name)) => vec![name.clone()],
                    _ => Vec::new(),
                },
                length: None,
                filter: None,
                shortest: None,
            });
            if let Some(bound::NewType::Computed(name)) = new.map(|r| &r.type_name) {
                predicates.push(self.has_computed(*slot, name));
            }
            predicates.extend(require(self, *slot, new.and_then(|r| r.properties.as_ref())));
        }
        graph.predicates = predicates;
        (graph, not_null)
    }

    /// Whether what MERGE looks for has the labels or the type that an expression names.
    fn has_computed(&self, slot: Slot, names: &Expression) -> Expression {
        let target = Box::new(self.variable(slot, names.span));
        let names = Box::new(names.clone());
        let span = names.span;
        let kind = ExpressionKind::HasComputedLabels { target, names, any: false };
        Expression { kind, span, ty: Type::Boolean }
    }
}

/// One predicate of several.
pub(super) fn conjunction(mut predicates: Vec<Expression>, span: Span) -> Expression {
    match predicates.len() {
        1 => predicates.swap_remove(0),
        _ => Expression { kind: ExpressionKind::And(predicates), span, ty: Type::Boolean },
    }
}

/// The types of a plain choice `:A|B`, each once; empty for any other label expression.
fn type_names(pattern: &ast::RelationshipPattern) -> Vec<Arc<str>> {
    let names = pattern.types.as_ref().and_then(ast::LabelExpression::alternatives);
    let mut types: Vec<Arc<str>> = Vec::new();
    for name in names.unwrap_or_default() {
        if !types.iter().any(|known| **known == *name.text) {
            types.push(name.text.as_str().into());
        }
    }
    types
}

fn direction(direction: ast::Direction) -> bound::Direction {
    match direction {
        ast::Direction::Outgoing => bound::Direction::Outgoing,
        ast::Direction::Incoming => bound::Direction::Incoming,
        ast::Direction::Either => bound::Direction::Both,
    }
}
