//! Patterns: the query graph that MATCH looks for, and what CREATE and MERGE make.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::bound;
use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::LabelExpression;
use crate::bound::QueryGraph;
use crate::bound::Restriction;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;

use super::operator::joined;
use super::scope::Moment;
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
    /// The match mode, where it is written.
    pub(super) mode: Option<ast::MatchMode>,
}

impl PatternUse {
    /// A pattern that may have new variables, under Cypher's own match mode.
    pub(super) const DECLARING: Self = Self { new_variables: NewVariables::Declared, mode: None };
}

/// Patterns being resolved: the graph so far, and what stands in the text for each part of it.
pub(super) struct Building<'p> {
    pub(super) graph: QueryGraph,
    pub(super) usage: PatternUse,
    /// What was visible before these patterns.
    pub(super) before: super::Scope,
    /// What is to be resolved when all variables are known.
    pub(super) pending: Vec<Pending<'p>>,
    /// The only path, where there is only one.
    pub(super) alone: Option<&'p ast::PathPattern>,
    /// Where all of them stand.
    pub(super) span: Span,
    /// How many paths there are so far.
    pub(super) number: u32,
    /// That a relationship is the same as another of its name.
    equalities: Vec<(Expression, Place)>,
    /// Names of relationships in these patterns.
    names: Vec<&'p str>,
}

/// Which part of a query graph something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The graph itself.
    Graph,
    /// The selected path of this number.
    Selected(usize),
}

/// A part of the text whose predicates are not resolved yet, since they may use variables that stand
/// further right.
pub(super) enum Pending<'p> {
    Node { slot: Slot, node: &'p ast::NodePattern, place: Place },
    Relationship { at: (Place, usize), pattern: &'p ast::RelationshipPattern },
    Repeated { at: (Place, usize), within: Within<'p>, where_: Option<&'p ast::Expression> },
    Where { predicate: &'p ast::Expression, place: Place },
}

impl Pending<'_> {
    /// The order of resolution, which is the order of the predicates.
    fn rank(&self) -> u8 {
        match self {
            Pending::Node { .. } => 0,
            Pending::Relationship { .. } | Pending::Repeated { .. } => 1,
            Pending::Where { .. } => 2,
        }
    }
}

/// The inside of a quantified path.
pub(super) struct Within<'p> {
    /// Its variables.
    pub(super) names: Vec<(&'p str, Slot)>,
    pub(super) nodes: Vec<(Slot, &'p ast::NodePattern)>,
    /// The relationship's number within the repetition, and the text.
    pub(super) relationships: Vec<(usize, &'p ast::RelationshipPattern)>,
}

impl Building<'_> {
    /// The relationship of this number.
    pub(super) fn relationship(
        &mut self,
        (place, number): (Place, usize),
    ) -> Option<&mut bound::PatternRelationship> {
        match place {
            Place::Graph => self.graph.relationships.get_mut(number),
            Place::Selected(path) => self.graph.selected.get_mut(path)?.steps.get_mut(number),
        }
    }
}

impl Within<'_> {
    pub(super) fn get(&self, name: &str) -> Option<Slot> {
        self.names.iter().find(|(known, _)| *known == name).map(|(_, slot)| *slot)
    }
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
        let span = patterns.iter().map(|pattern| pattern.span).reduce(Span::to);
        let mut building = Building {
            graph: QueryGraph::default(),
            usage,
            before: self.scope.clone(),
            pending: Vec::new(),
            alone: if let [only] = patterns { Some(only) } else { None },
            span: span.unwrap_or_default(),
            number: 0,
            equalities: Vec::new(),
            names: Vec::new(),
        };
        for pattern in patterns {
            self.path(pattern, &mut building)?;
        }
        for (equality, place) in std::mem::take(&mut building.equalities) {
            self.place(vec![equality], place, &mut building)?;
        }
        // Only now, since a property map may use variables that stand further right.
        let mut pending = std::mem::take(&mut building.pending);
        pending.sort_by_key(Pending::rank);
        for pending in pending {
            self.resolve_pending(pending, &mut building)?;
        }
        if let Some(where_) = where_ {
            building.graph.predicates.extend(self.conjuncts(where_)?);
        }
        Ok(building.graph)
    }

    fn resolve_pending(&mut self, pending: Pending<'_>, building: &mut Building<'_>) -> Result<()> {
        match pending {
            Pending::Node { slot, node, place } => {
                let predicates = self.node_predicates(slot, node)?;
                self.place(predicates, place, building)
            }
            Pending::Relationship { at, pattern } => {
                self.relationship_predicates(at, pattern, building)
            }
            Pending::Repeated { at, within, where_ } => {
                let Some(repetition) = building.relationship(at).and_then(|r| r.repeated.take())
                else {
                    return Ok(());
                };
                let mut repetition = *repetition;
                repetition.predicates =
                    self.repeated_predicates(&within, where_, &repetition, building)?;
                if let Some(relationship) = building.relationship(at) {
                    relationship.repeated = Some(Box::new(repetition));
                }
                Ok(())
            }
            Pending::Where { predicate, place } => {
                let predicates = self.conjuncts(predicate)?;
                self.place(predicates, place, building)
            }
        }
    }

    /// Adds predicates to the graph or to the selected path whose selection they come before. What is
    /// asked of the ends alone may as well be asked of the graph.
    fn place(
        &mut self,
        predicates: Vec<Expression>,
        place: Place,
        building: &mut Building<'_>,
    ) -> Result<()> {
        let Place::Selected(at) = place else {
            building.graph.predicates.extend(predicates);
            return Ok(());
        };
        let Some(path) = building.graph.selected.get(at) else { return Ok(()) };
        let own: BTreeSet<Slot> = path.variables().into_iter().collect();
        let mut seen = own.clone();
        seen.extend(path.ends().map(|(start, end)| [start, end]).into_iter().flatten());
        self.reject_foreign(&predicates, &seen, building)?;
        let (inner, ends): (Vec<_>, Vec<_>) =
            predicates.into_iter().partition(|predicate| !predicate.slots().is_disjoint(&own));
        building.graph.predicates.extend(ends);
        if let Some(path) = building.graph.selected.get_mut(at) {
            path.predicates.extend(inner);
        }
        Ok(())
    }

    pub(super) fn pattern_node<'p>(
        &mut self,
        node: &'p ast::NodePattern,
        place: Place,
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
        building.pending.push(Pending::Node { slot, node, place });
        Ok(slot)
    }

    pub(super) fn new_variable(
        &mut self,
        name: &ast::Name,
        ty: Type,
        usage: PatternUse,
    ) -> Result<Slot> {
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
    pub(super) fn expect_kind(
        &mut self,
        slot: Slot,
        name: &ast::Name,
        ty: &Type,
        word: &str,
    ) -> Result<()> {
        let known = self.type_of(slot);
        if !ty.accepts(&known) {
            return Err(error::type_conflict(&name.text, &known, word, name.span));
        }
        if known == Type::Any {
            self.set_type(slot, ty.clone());
        }
        Ok(())
    }

    pub(super) fn pattern_relationship<'p>(
        &mut self,
        pattern: &'p ast::RelationshipPattern,
        (left, right): (Slot, Slot),
        place: Place,
        building: &mut Building<'p>,
    ) -> Result<bound::PatternRelationship> {
        let length = match (&pattern.length, &pattern.quantifier) {
            (Some(length), _) => Some((length.min.unwrap_or(1), length.max)),
            (None, Some(quantifier)) => Some((quantifier.min, quantifier.max)),
            (None, None) => None,
        };
        let (ty, word) = if length.is_some() {
            (Type::list(Type::Relationship), "list of relationships")
        } else {
            (Type::Relationship, "relationship")
        };
        let slot = match &pattern.variable {
            None => self.hidden("relationship", ty),
            Some(name) => match self.scope.get(&name.text) {
                Some(known) => {
                    let repeatable =
                        building.usage.mode == Some(ast::MatchMode::RepeatableElements);
                    if building.names.contains(&name.text.as_str()) && !repeatable {
                        return Err(error::repeated_relationship(&name.text, name.span));
                    }
                    self.expect_kind(known, name, &ty, word)?;
                    let slot = self.hidden(&name.text, ty);
                    let equal = self.equal(slot, known, name.span);
                    building.equalities.push((equal, place));
                    slot
                }
                None => self.new_variable(name, ty, building.usage)?,
            },
        };
        if let Some(name) = &pattern.variable {
            building.names.push(&name.text);
        }
        Ok(bound::PatternRelationship {
            slot,
            left,
            right,
            direction: direction(pattern.direction),
            types: type_names(pattern),
            length,
            filter: None,
            shortest: None,
            repeated: None,
            restriction: Restriction::TRAIL,
        })
    }

    pub(super) fn node_predicates(
        &mut self,
        slot: Slot,
        node: &ast::NodePattern,
    ) -> Result<Vec<Expression>> {
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

    /// What is asked of a single relationship.
    pub(super) fn single_predicates(
        &mut self,
        relationship: &bound::PatternRelationship,
        pattern: &ast::RelationshipPattern,
    ) -> Result<Vec<Expression>> {
        let mut predicates = Vec::new();
        let variable = self.variable(relationship.slot, pattern.span);
        if let (Some(types), true) = (&pattern.types, relationship.types.is_empty()) {
            predicates.extend(self.label_predicates(&variable, types)?);
        }
        if let Some(properties) = &pattern.properties {
            predicates.extend(self.property_predicates(&variable, properties)?);
        }
        if let Some(where_) = &pattern.where_ {
            predicates.extend(self.conjuncts(where_)?);
        }
        Ok(predicates)
    }

    fn relationship_predicates(
        &mut self,
        at: (Place, usize),
        pattern: &ast::RelationshipPattern,
        building: &mut Building<'_>,
    ) -> Result<()> {
        let Some(relationship) = building.relationship(at).cloned() else { return Ok(()) };
        let each = relationship.length.is_some() || relationship.shortest.is_some();
        if !each {
            let predicates = self.single_predicates(&relationship, pattern)?;
            return self.place(predicates, at.0, building);
        }
        // Of several relationships each must satisfy what is asked; a variable stands for the one at hand.
        let one = relationship.repeated.as_ref().and_then(|r| r.relationships.first());
        let slot = match one {
            Some(one) => one.slot,
            None => self.hidden("each", Type::Relationship),
        };
        let one = bound::PatternRelationship { slot, ..relationship.clone() };
        let mut scope = self.scope.clone();
        if let Some(name) = &pattern.variable {
            scope.declare(&name.text, slot);
        }
        let aggregation = super::Aggregation::Forbidden;
        let predicates = self.nested(scope, aggregation, |b| b.single_predicates(&one, pattern))?;
        if pattern.quantifier.is_some() {
            self.reject_foreign(&predicates, &BTreeSet::new(), building)?;
        }
        let nested = predicates.iter().any(Expression::has_subquery);
        if nested && relationship.shortest.is_some() {
            return Err(error::unsupported(
                "a subquery cannot stand in the pattern of `shortestPath`",
                pattern.span,
            )
            .help("Write `SHORTEST 1 (a)-[r WHERE …]->+(b)` instead of the function."));
        }
        if predicates.is_empty() {
            return Ok(());
        }
        let Some(relationship) = building.relationship(at) else { return Ok(()) };
        if nested && relationship.repeated.is_none() {
            self.repeat_single(relationship, None);
            if let Some(inner) =
                relationship.repeated.as_mut().and_then(|r| r.relationships.first_mut())
            {
                inner.slot = slot;
            }
        }
        match &mut relationship.repeated {
            Some(repeated) => repeated.predicates = predicates,
            None => relationship.filter = Some((slot, conjunction(predicates, pattern.span))),
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
        let before = merge.then(|| self.scope.now());
        let mut created = bound::CreatePattern::default();
        let mut paths = Vec::new();
        for pattern in patterns {
            reject_uncreatable(pattern)?;
            let alone = pattern.relationships().next().is_none();
            let mut elements = Vec::new();
            let mut previous: Option<Slot> = None;
            let mut pending: Option<&ast::RelationshipPattern> = None;
            for element in &pattern.elements {
                match element {
                    ast::PatternElement::Parenthesized(_) => {}
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
        before: Option<Moment>,
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
                let scope = self.scope_before(before);
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
        before: Option<Moment>,
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
                let scope = self.scope_before(before);
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
        let span = pattern.span;
        let made = bound::CreateRelationship { slot, type_name, start, end, properties, span };
        created.relationships.push(made);
        Ok(slot)
    }

    /// What a part of a pattern to create sees.
    fn scope_before(&self, before: Option<Moment>) -> super::Scope {
        before.map_or_else(|| self.scope.clone(), |moment| self.scope.as_of(moment))
    }

    fn created_properties(
        &mut self,
        properties: Option<&ast::Expression>,
        before: Option<Moment>,
    ) -> Result<Option<Expression>> {
        let Some(properties) = properties else { return Ok(None) };
        let aggregation = super::Aggregation::Forbidden;
        let scope = self.scope_before(before);
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
                repeated: None,
                restriction: Restriction::TRAIL,
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

/// What can be matched but not created.
fn reject_uncreatable(pattern: &ast::PathPattern) -> Result<()> {
    if pattern.selector.is_function() {
        return Err(error::unsupported("a shortest path cannot be created", pattern.span));
    }
    if pattern.selector != ast::PathSelector::All || pattern.mode.is_some() {
        let message = "a path selector or path mode cannot stand in CREATE or MERGE";
        return Err(error::unsupported(message, pattern.span));
    }
    let quantified = pattern.elements.iter().find_map(|element| match element {
        ast::PatternElement::Parenthesized(path) => Some(path.span),
        ast::PatternElement::Relationship(relationship) => {
            relationship.quantifier.as_ref().map(|quantifier| quantifier.span)
        }
        ast::PatternElement::Node(_) => None,
    });
    match quantified {
        Some(span) => Err(error::unsupported(
            "CREATE and MERGE take no quantified or parenthesized path",
            span,
        )
        .help("Write out each relationship that is to be created.")),
        None => Ok(()),
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
pub(super) fn type_names(pattern: &ast::RelationshipPattern) -> Vec<Arc<str>> {
    let names = pattern.types.as_ref().and_then(ast::LabelExpression::alternatives);
    let mut types: Vec<Arc<str>> = Vec::new();
    for name in names.unwrap_or_default() {
        if !types.iter().any(|known| **known == *name.text) {
            types.push(name.text.as_str().into());
        }
    }
    types
}

pub(super) fn direction(direction: ast::Direction) -> bound::Direction {
    match direction {
        ast::Direction::Outgoing => bound::Direction::Outgoing,
        ast::Direction::Incoming => bound::Direction::Incoming,
        ast::Direction::Either => bound::Direction::Both,
    }
}
