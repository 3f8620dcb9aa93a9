//! Paths of patterns: which nodes and steps they have, what may repeat in them, which are selected.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::bound;
use crate::bound::BinaryOperator;
use crate::bound::DistinctNodes;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::PatternRelationship;
use crate::bound::Repetition;
use crate::bound::Restriction;
use crate::bound::Selection;
use crate::bound::Shortest;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::function::IS_ACYCLIC;
use crate::function::IS_SIMPLE;
use crate::function::Scalar;
use crate::syntax::ast;
use crate::syntax::ast::MatchMode;
use crate::syntax::ast::PathMode;
use crate::syntax::ast::PathSelector;
use crate::value::Type;

use super::operator::joined;
use super::pattern::{Building, NewVariables, Pending, Place, Within, direction, type_names};
use super::{Binder, error};

/// What leads from one node of a path to the next.
#[derive(Clone, Copy)]
enum Connector<'p> {
    Relationship(&'p ast::RelationshipPattern),
    Repeated(&'p ast::ParenthesizedPath),
}

impl Connector<'_> {
    /// The quantifier, where it may go on without end.
    fn unbounded(&self) -> Option<Span> {
        let quantifier = match self {
            Connector::Relationship(relationship) => relationship.quantifier.as_ref(),
            Connector::Repeated(path) => path.quantifier.as_ref(),
        };
        quantifier.filter(|quantifier| quantifier.max.is_none()).map(|quantifier| quantifier.span)
    }
}

/// A path taken apart: a node more than connectors, some of which are not written.
struct Shape<'p> {
    nodes: Vec<Option<&'p ast::NodePattern>>,
    connectors: Vec<Connector<'p>>,
    /// The predicates of parentheses around the whole path.
    predicates: Vec<&'p ast::Expression>,
}

impl<'p> Shape<'p> {
    fn of(elements: &'p [ast::PatternElement]) -> Self {
        use ast::PatternElement as E;
        let mut shape = Self { nodes: Vec::new(), connectors: Vec::new(), predicates: Vec::new() };
        let mut elements = elements;
        while let [E::Parenthesized(whole)] = elements
            && whole.quantifier.is_none()
        {
            shape.predicates.extend(&whole.where_);
            elements = &whole.elements;
        }
        for element in elements {
            match element {
                E::Node(node) => shape.nodes.push(Some(node)),
                E::Relationship(relationship) => {
                    shape.connectors.push(Connector::Relationship(relationship));
                }
                E::Parenthesized(path) => {
                    shape.fill();
                    shape.connectors.push(Connector::Repeated(path));
                }
            }
        }
        shape.fill();
        shape
    }

    /// A quantified path that has no node beside it gets one.
    fn fill(&mut self) {
        if self.nodes.len() == self.connectors.len() {
            self.nodes.push(None);
        }
    }

    /// Openers of the old and the new ways to say how many do not stand together, as in Neo4j.
    fn check_mixing(&self, pattern: &ast::PathPattern, mode: Option<MatchMode>) -> Result<()> {
        let length = self.connectors.iter().find_map(|connector| match connector {
            Connector::Relationship(relationship) => {
                relationship.length.as_ref().map(|_| relationship.span)
            }
            Connector::Repeated(_) => None,
        });
        let quantified = self.connectors.iter().any(|connector| match connector {
            Connector::Relationship(relationship) => relationship.quantifier.is_some(),
            Connector::Repeated(_) => true,
        });
        let repeatable = mode == Some(MatchMode::RepeatableElements);
        let old = if pattern.selector.is_function() { Some(pattern.span) } else { length };
        let other = if quantified {
            "a quantifier"
        } else if !matches!(pattern.selector, PathSelector::All) && !pattern.selector.is_function()
        {
            "a path selector"
        } else if pattern.mode.is_some() {
            "a path mode"
        } else if repeatable {
            "REPEATABLE ELEMENTS"
        } else {
            return Ok(());
        };
        match old {
            Some(span) => Err(Error::syntax(
                Detail::InvalidRelationshipPattern,
                format!("a variable length `*` cannot be combined with {other}"),
            )
            .at(span)
            .help("Quantify the relationship: `-->+`, `-[r:TYPE]->{1,3}`.")),
            None => Ok(()),
        }
    }
}

/// A path being resolved.
struct Course {
    place: Place,
    restriction: Restriction,
    shortest: Option<Shortest>,
}

impl Binder<'_> {
    pub(super) fn path<'p>(
        &mut self,
        pattern: &'p ast::PathPattern,
        building: &mut Building<'p>,
    ) -> Result<()> {
        let shape = Shape::of(&pattern.elements);
        let mode = building.usage.mode;
        shape.check_mixing(pattern, mode)?;
        let shortest = match pattern.selector {
            PathSelector::ShortestPath => Some(Shortest::One),
            PathSelector::AllShortestPaths => Some(Shortest::All),
            _ => None,
        };
        if shortest.is_some() && shape.connectors.len() != 1 {
            return Err(Error::syntax(
                Detail::InvalidRelationshipPattern,
                "a shortest path needs exactly one relationship pattern",
            )
            .at(pattern.span));
        }
        let selection = self.selection(&pattern.selector, pattern.span)?;
        building.number += 1;
        let restriction = restriction(pattern.mode, mode, building.number);
        let is_walk = restriction.relationships.is_none()
            && restriction.nodes == DistinctNodes::None
            && selection.is_none();
        if let Some(endless) = shape.connectors.iter().find_map(Connector::unbounded)
            && is_walk
        {
            return Err(Error::syntax(
                Detail::InvalidRelationshipPattern,
                "a walk without an upper bound matches infinitely many paths",
            )
            .at(endless)
            .help("Bound the quantifier, `{1,5}`, use TRAIL, or select paths: `ANY SHORTEST`."));
        }
        let mut course = Course { place: Place::Graph, restriction, shortest };
        let elements = match selection {
            Some(selection) if !shape.connectors.is_empty() => {
                course.place = Place::Selected(building.graph.selected.len());
                self.selected_path(&shape, selection, &course, building)?
            }
            _ => self.plain_path(&shape, &course, building)?,
        };
        for predicate in &shape.predicates {
            building.pending.push(Pending::Where { predicate, place: course.place });
        }
        let named = self.path_variable(pattern, &elements, building)?;
        // A single repeated step sees to its nodes itself.
        let alone = matches!(shape.connectors.as_slice(), [only] if only.is_quantified());
        let test = match restriction.nodes {
            DistinctNodes::Simple => Some(&IS_SIMPLE),
            DistinctNodes::Acyclic => Some(&IS_ACYCLIC),
            DistinctNodes::None => None,
        };
        if let Some(function) = test
            && course.place == Place::Graph
            && !alone
        {
            let slot = named.unwrap_or_else(|| {
                let slot = self.hidden("path", Type::Path);
                building.graph.paths.push(bound::NamedPath { slot, elements });
                slot
            });
            let arguments = vec![self.variable(slot, pattern.span)];
            let kind = ExpressionKind::Function { function: Scalar::BuiltIn(function), arguments };
            let predicate = Expression { kind, span: pattern.span, ty: Type::Boolean };
            building.graph.predicates.push(predicate);
        }
        Ok(())
    }

    /// Gives the path its variable, if it has one.
    fn path_variable(
        &mut self,
        pattern: &ast::PathPattern,
        elements: &[Slot],
        building: &mut Building<'_>,
    ) -> Result<Option<Slot>> {
        let Some(variable) = &pattern.variable else { return Ok(None) };
        if self.scope.get(&variable.text).is_some() {
            return Err(error::already_bound(&variable.text, variable.span));
        }
        if building.usage.new_variables == NewVariables::Rejected {
            return Err(error::undefined_variable(&variable.text, &self.scope, variable.span));
        }
        let slot = self.declare(&variable.text, Type::Path);
        building.graph.paths.push(bound::NamedPath { slot, elements: elements.to_vec() });
        Ok(Some(slot))
    }

    /// How many paths a selector wants; none where it wants all.
    fn selection(&mut self, selector: &PathSelector, span: Span) -> Result<Option<Selection>> {
        let one = ast::Expression::integer(1, span);
        let (count, groups) = match selector {
            PathSelector::All | PathSelector::ShortestPath | PathSelector::AllShortestPaths => {
                return Ok(None);
            }
            PathSelector::Any(count) => (count.as_deref().unwrap_or(&one), false),
            PathSelector::AnyShortest => (&one, false),
            PathSelector::AllShortest => (&one, true),
            PathSelector::Shortest(count) => (&**count, false),
            PathSelector::ShortestGroups(count) => (count.as_deref().unwrap_or(&one), true),
        };
        Ok(Some(Selection { count: self.expression(count)?, groups }))
    }

    fn plain_path<'p>(
        &mut self,
        shape: &Shape<'p>,
        course: &Course,
        building: &mut Building<'p>,
    ) -> Result<Vec<Slot>> {
        let mut elements: Vec<Slot> = Vec::new();
        for (at, node) in shape.nodes.iter().enumerate() {
            let slot = self.end_node(*node, course.place, building)?;
            let connector = at.checked_sub(1).and_then(|before| shape.connectors.get(before));
            if let (Some(connector), Some(left)) = (connector, elements.last()) {
                let number = building.graph.relationships.len();
                let step = self.step(connector, (*left, slot), number, course, building)?;
                elements.push(step.slot);
                building.graph.relationships.push(step);
            }
            elements.push(slot);
        }
        Ok(elements)
    }

    /// A path of which only some matches are wanted. The nodes between its ends are its own.
    fn selected_path<'p>(
        &mut self,
        shape: &Shape<'p>,
        selection: Selection,
        course: &Course,
        building: &mut Building<'p>,
    ) -> Result<Vec<Slot>> {
        let repeatable = building.usage.mode == Some(MatchMode::RepeatableElements);
        if building.alone.is_none() && !repeatable {
            return Err(Error::syntax(
                Detail::InvalidRelationshipPattern,
                "a path selector allows no other path in the same MATCH",
            )
            .at(building.span)
            .help("Use one MATCH for each path, or MATCH REPEATABLE ELEMENTS."));
        }
        let last = shape.nodes.len() - 1;
        let mut nodes = vec![Slot(0); shape.nodes.len()];
        let mut predicates = Vec::new();
        // Both ends first: what is between them and has the same name must equal them.
        for at in [0, last].into_iter().chain(1..last) {
            let node = shape.nodes.get(at).copied().flatten();
            nodes[at] = if at == 0 || at == last {
                self.end_node(node, course.place, building)?
            } else {
                self.inner_node(node, course.place, &mut predicates, building)?
            };
        }
        let mut steps = Vec::new();
        let mut elements = vec![nodes[0]];
        for (at, connector) in shape.connectors.iter().enumerate() {
            let step = self.step(connector, (nodes[at], nodes[at + 1]), at, course, building)?;
            elements.extend([step.slot, nodes[at + 1]]);
            steps.push(step);
        }
        let restriction = course.restriction;
        building.graph.selected.push(bound::SelectedPath {
            nodes,
            steps,
            predicates,
            selection,
            restriction,
        });
        Ok(elements)
    }

    fn end_node<'p>(
        &mut self,
        node: Option<&'p ast::NodePattern>,
        place: Place,
        building: &mut Building<'p>,
    ) -> Result<Slot> {
        match node {
            Some(node) => self.pattern_node(node, place, building),
            None => {
                let slot = self.hidden("node", Type::Node);
                building.graph.nodes.push(bound::PatternNode { slot, bound: false });
                Ok(slot)
            }
        }
    }

    /// A node between the ends of a selected path; one that is known must be equal to it.
    fn inner_node<'p>(
        &mut self,
        node: Option<&'p ast::NodePattern>,
        place: Place,
        predicates: &mut Vec<Expression>,
        building: &mut Building<'p>,
    ) -> Result<Slot> {
        let Some(node) = node else { return Ok(self.hidden("node", Type::Node)) };
        let slot = match &node.variable {
            None => self.hidden("node", Type::Node),
            Some(name) => match self.scope.get(&name.text) {
                None => self.new_variable(name, Type::Node, building.usage)?,
                Some(known) => {
                    self.expect_kind(known, name, &Type::Node, "node")?;
                    let slot = self.hidden(&name.text, Type::Node);
                    predicates.push(self.equal(slot, known, name.span));
                    slot
                }
            },
        };
        building.pending.push(Pending::Node { slot, node, place });
        Ok(slot)
    }

    pub(super) fn equal(&self, left: Slot, right: Slot, span: Span) -> Expression {
        let (left, right) = (self.variable(left, span), self.variable(right, span));
        joined(BinaryOperator::Equal, left, right, span, Type::Boolean)
    }

    fn step<'p>(
        &mut self,
        connector: &Connector<'p>,
        ends: (Slot, Slot),
        number: usize,
        course: &Course,
        building: &mut Building<'p>,
    ) -> Result<PatternRelationship> {
        let at = (course.place, number);
        match connector {
            Connector::Repeated(path) => {
                self.repeated(path, ends, at, course.restriction, building)
            }
            Connector::Relationship(pattern) => {
                let mut step = self.pattern_relationship(pattern, ends, course.place, building)?;
                step.shortest = course.shortest;
                step.restriction = course.restriction;
                if let (Place::Selected(_), Some(_)) = (course.place, &pattern.quantifier) {
                    let name = pattern.variable.as_ref().map(|name| name.text.as_str());
                    self.repeat_single(&mut step, name);
                }
                building.pending.push(Pending::Relationship { at, pattern });
                Ok(step)
            }
        }
    }

    /// Makes a repetition of a relationship that has a length.
    pub(super) fn repeat_single(&mut self, step: &mut PatternRelationship, name: Option<&str>) {
        let left = self.hidden("node", Type::Node);
        let right = self.hidden("node", Type::Node);
        let slot = match name {
            Some(name) => self.named(name, Type::Relationship),
            None => self.hidden("relationship", Type::Relationship),
        };
        let inner = PatternRelationship { slot, left, right, length: None, ..step.clone() };
        step.repeated = Some(Box::new(Repetition {
            nodes: vec![left, right],
            relationships: vec![inner],
            predicates: Vec::new(),
            groups: Vec::new(),
        }));
    }

    /// A quantified path. Its variables are single within it, and lists outside.
    fn repeated<'p>(
        &mut self,
        path: &'p ast::ParenthesizedPath,
        (left, right): (Slot, Slot),
        at: (Place, usize),
        restriction: Restriction,
        building: &mut Building<'p>,
    ) -> Result<PatternRelationship> {
        let shape = Shape::of(&path.elements);
        let mut repetition = Repetition {
            nodes: Vec::new(),
            relationships: Vec::new(),
            predicates: Vec::new(),
            groups: Vec::new(),
        };
        let mut within = Within { names: Vec::new(), nodes: Vec::new(), relationships: Vec::new() };
        for node in &shape.nodes {
            let name = node.and_then(|node| node.variable.as_ref());
            let slot = match name.and_then(|name| within.get(&name.text)) {
                Some(known) => {
                    if let Some(name) = name {
                        self.expect_kind(known, name, &Type::Node, "node")?;
                    }
                    known
                }
                None => self.inner(name, Type::Node, &mut within, &mut repetition)?,
            };
            repetition.nodes.push(slot);
            within.nodes.extend(node.map(|node| (slot, node)));
        }
        let mut types: Vec<Arc<str>> = Vec::new();
        let mut any_type = false;
        for (number, connector) in shape.connectors.iter().enumerate() {
            let Connector::Relationship(pattern) = connector else {
                return Err(Error::internal("a quantified path within another").at(path.span));
            };
            let name = pattern.variable.as_ref();
            if let Some(name) = name.filter(|name| within.get(&name.text).is_some()) {
                return Err(error::repeated_relationship(&name.text, name.span));
            }
            let slot = self.inner(name, Type::Relationship, &mut within, &mut repetition)?;
            let names = type_names(pattern);
            any_type |= names.is_empty();
            types.extend(names.iter().cloned());
            let inner = PatternRelationship {
                slot,
                left: repetition.nodes[number],
                right: repetition.nodes[number + 1],
                direction: direction(pattern.direction),
                types: names,
                length: None,
                filter: None,
                shortest: None,
                repeated: None,
                restriction,
            };
            repetition.relationships.push(inner);
            within.relationships.push((number, pattern));
        }
        if any_type {
            types.clear();
        }
        let where_ = path.where_.as_ref();
        building.pending.push(Pending::Repeated { at, within, where_ });
        let length = path.quantifier.as_ref().map(|quantifier| (quantifier.min, quantifier.max));
        Ok(PatternRelationship {
            slot: self.hidden("relationships", Type::list(Type::Relationship)),
            left,
            right,
            direction: bound::Direction::Both,
            types,
            length,
            filter: None,
            shortest: None,
            repeated: Some(Box::new(repetition)),
            restriction,
        })
    }

    /// A variable within a quantified path, and the list of its values outside.
    fn inner<'p>(
        &mut self,
        name: Option<&'p ast::Name>,
        ty: Type,
        within: &mut Within<'p>,
        repetition: &mut Repetition,
    ) -> Result<Slot> {
        let Some(name) = name else { return Ok(self.hidden("each", ty)) };
        if self.scope.get(&name.text).is_some() {
            return Err(Error::syntax(
                Detail::VariableAlreadyBound,
                format!(
                    "variable `{}` stands both in a quantified path and outside of it",
                    name.text
                ),
            )
            .at(name.span)
            .help(
                "Within a quantified path a variable has a value each time; choose another name.",
            ));
        }
        let slot = self.named(&name.text, ty.clone());
        let list = self.declare(&name.text, Type::list(ty));
        within.names.push((&name.text, slot));
        repetition.groups.push((slot, list));
        Ok(slot)
    }

    /// What is asked each time a quantified path stands.
    pub(super) fn repeated_predicates(
        &mut self,
        within: &Within<'_>,
        where_: Option<&ast::Expression>,
        repetition: &Repetition,
        building: &Building<'_>,
    ) -> Result<Vec<Expression>> {
        let mut scope = self.scope.clone();
        for (name, slot) in &within.names {
            scope.declare(name, *slot);
        }
        let predicates = self.nested(scope, super::Aggregation::Forbidden, |b| {
            let mut predicates = Vec::new();
            for (slot, node) in &within.nodes {
                predicates.extend(b.node_predicates(*slot, node)?);
            }
            for (number, pattern) in &within.relationships {
                let Some(inner) = repetition.relationships.get(*number) else { continue };
                predicates.extend(b.single_predicates(inner, pattern)?);
            }
            if let Some(where_) = where_ {
                predicates.extend(b.conjuncts(where_)?);
            }
            Ok(predicates)
        })?;
        self.reject_foreign(&predicates, &BTreeSet::new(), building)?;
        Ok(predicates)
    }

    /// A predicate that is asked while a path is walked sees earlier clauses and, of this one, only
    /// `own` variables: others may not be known by then.
    pub(super) fn reject_foreign(
        &self,
        predicates: &[Expression],
        own: &BTreeSet<Slot>,
        building: &Building<'_>,
    ) -> Result<()> {
        for predicate in predicates {
            let slots = predicate.slots();
            let foreign = self.scope.sorted().into_iter().find(|(_, slot)| {
                slots.contains(slot) && !own.contains(slot) && !building.before.sees(*slot)
            });
            if let Some((name, _)) = foreign {
                return Err(Error::syntax(
                    Detail::UndefinedVariable,
                    format!("variable `{name}` of the same MATCH is not known within this path"),
                )
                .at(predicate.span)
                .help("Ask for it in the WHERE of the MATCH, or bind it in an earlier MATCH."));
            }
        }
        Ok(())
    }
}

impl Connector<'_> {
    fn is_quantified(&self) -> bool {
        match self {
            Connector::Relationship(relationship) => relationship.quantifier.is_some(),
            Connector::Repeated(_) => true,
        }
    }
}

/// What may not repeat in the path of this number. A MATCH uses a relationship once, unless it says REPEATABLE
/// ELEMENTS: WALK is the path mode where none is written, and says nothing about that.
fn restriction(path: Option<PathMode>, mode: Option<MatchMode>, number: u32) -> Restriction {
    let relationships = match (mode.unwrap_or(MatchMode::DifferentRelationships), path) {
        (MatchMode::DifferentRelationships, _) => Some(0),
        (MatchMode::RepeatableElements, Some(PathMode::Trail)) => Some(number),
        (MatchMode::RepeatableElements, _) => None,
    };
    let nodes = match path {
        Some(PathMode::Acyclic) => DistinctNodes::Acyclic,
        Some(PathMode::Simple) => DistinctNodes::Simple,
        Some(PathMode::Walk | PathMode::Trail) | None => DistinctNodes::None,
    };
    Restriction { relationships, nodes }
}
