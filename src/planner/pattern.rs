//! Patterns: scans, expansions and joins for a query graph.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::LabelExpression;
use crate::bound::NamedPath;
use crate::bound::PatternRelationship;
use crate::bound::Quantifier;
use crate::bound::QueryGraph;
use crate::bound::SelectedPath;
use crate::bound::Shortest;
use crate::bound::Slot;
use crate::bound::UnaryOperator;
use crate::error::Result;
use crate::error::Span;
use crate::plan::IndexSeek;
use crate::plan::Operator;
use crate::plan::Plan;
use crate::plan::SeekEntity;
use crate::plan::ShortestPath;
use crate::value::Type;

use super::{Planner, Rows, index, variable};

/// Patterns with at most this many relationships are tried from every node; larger ones only from the
/// cheapest.
const ORDERED_EXHAUSTIVELY: usize = 8;

/// A way to begin a part of a query graph.
struct Start<'g> {
    rows: Rows,
    /// The predicates that all its rows satisfy.
    answers: Vec<&'g Expression>,
}

/// A query graph being solved.
#[derive(Clone)]
pub(super) struct Search<'g> {
    /// Every variable that a predicate may have to wait for.
    pub(super) universe: BTreeSet<Slot>,
    /// Predicates not applied yet.
    pub(super) predicates: Vec<&'g Expression>,
    /// Those among them that may fail and have been attempted.
    pub(super) attempted: Vec<&'g Expression>,
    /// Selected paths not searched yet.
    pub(super) selected: Vec<&'g SelectedPath>,
    /// Relationships not walked yet.
    pub(super) relationships: Vec<&'g PatternRelationship>,
    /// Named paths not made yet.
    pub(super) paths: Vec<&'g NamedPath>,
    /// Relationships walked, in these rows.
    pub(super) walked: Vec<&'g PatternRelationship>,
}

impl Search<'_> {
    /// Whether the rows have all that is asked of each relationship while it is walked.
    fn knows_filter(&self, relationship: &PatternRelationship, rows: &Rows) -> bool {
        let mut slots = BTreeSet::new();
        if let Some((_, filter)) = &relationship.filter {
            filter.collect_slots(&mut slots);
        }
        if let Some(repeated) = &relationship.repeated {
            repeated.predicates.iter().for_each(|predicate| predicate.collect_slots(&mut slots));
        }
        slots.iter().all(|slot| !self.universe.contains(slot) || rows.slots.contains(slot))
    }
}

impl<'g> Search<'g> {
    /// Takes out what the beginning of a part has done already.
    fn begin_with(&mut self, start: &Start<'g>) {
        self.predicates.retain(|p| !start.answers.iter().any(|own| std::ptr::eq(*own, *p)));
        let scanned = match &start.rows.plan.operator {
            Operator::RelationshipTypeScan { relationship, .. } => *relationship,
            Operator::IndexSeek(seek) => seek.entity.slot(),
            _ => return,
        };
        if let Some(at) = self.relationships.iter().position(|r| r.slot == scanned) {
            let scanned = self.relationships.remove(at);
            self.walked.push(scanned);
        }
    }
}

impl Planner<'_> {
    /// Rows with every match of the graph.
    pub(super) fn graph(&mut self, rows: Rows, graph: &QueryGraph) -> Result<Rows> {
        let mut universe = rows.slots.clone();
        universe.extend(graph.variables());
        let mut search = Search {
            universe,
            predicates: graph.predicates.iter().collect(),
            attempted: Vec::new(),
            relationships: graph.relationships.iter().filter(|r| r.shortest.is_none()).collect(),
            selected: graph.selected.iter().collect(),
            paths: graph.paths.iter().collect(),
            walked: Vec::new(),
        };
        let lone: Vec<Expression> = graph
            .nodes
            .iter()
            .filter(|node| rows.slots.contains(&node.slot))
            .filter(|node| {
                !graph.relationships.iter().any(|r| r.left == node.slot || r.right == node.slot)
            })
            .map(|node| is_not_null(node.slot))
            .collect();
        let mut rows = self.filter(rows, lone)?;
        rows = self.settle(rows, &mut search)?;
        // What hangs together with the rows at hand, from there.
        rows = self.expand_all(rows, &mut search)?;
        // Then each part of the pattern that does not.
        loop {
            rows = self.select_paths(rows, &mut search)?;
            let Some(next) = self.next_node(&rows, graph, &search) else { break };
            let part = component(&search.relationships, next, &rows.slots);
            if let Some(sought) = self.sought(&rows, &part, &mut search)? {
                rows = sought;
                continue;
            }
            let inner = self.component(&part, &mut search, &rows.slots)?;
            rows = self.join(rows, inner, &mut search)?.within_limit()?;
            // What had to wait for variables of both sides.
            rows = self.expand_all(rows, &mut search)?;
        }
        for relationship in graph.relationships.iter().filter(|r| r.shortest.is_some()) {
            rows = match relationship.length {
                Some((min, _)) if min > 1 => {
                    self.long_shortest_path(rows, relationship, &mut search)?
                }
                _ => shortest_path(rows, relationship),
            };
            search.walked.push(relationship);
            rows = self.settle(rows, &mut search)?;
        }
        // Whatever is left uses nothing that could still come.
        let rest: Vec<Expression> = search.predicates.drain(..).cloned().collect();
        self.filter(rows, rest)
    }

    /// Applies the predicates and makes the paths for which everything is there.
    pub(super) fn settle(&mut self, rows: Rows, search: &mut Search<'_>) -> Result<Rows> {
        let mut rows = rows;
        let made: Vec<NamedPath> = take(&mut search.paths, |path| {
            path.elements.iter().all(|slot| rows.slots.contains(slot))
        });
        rows = self.paths(rows, &made);
        let universe = &search.universe;
        let is_ready = |predicate: &Expression| {
            let slots = predicate.slots();
            slots.iter().all(|slot| !universe.contains(slot) || rows.slots.contains(slot))
        };
        // What may fail is asked at last of those rows alone that the whole pattern gives.
        let is_whole = universe.is_subset(&rows.slots);
        let mut ready = take(&mut search.predicates, |predicate| {
            is_ready(predicate) && (is_whole || predicate.never_fails())
        });
        ready.sort_by_key(|predicate| !predicate.never_fails());
        for &predicate in search.predicates.iter().filter(|predicate| is_ready(predicate)) {
            if !search.attempted.iter().any(|own| std::ptr::eq(*own, predicate)) {
                search.attempted.push(predicate);
                ready.extend(predicate.attempt());
            }
        }
        let rows = self.filter(rows, ready)?;
        Ok(self.estimated(rows))
    }

    /// Notes how many rows are expected, so that it need not be computed again.
    fn estimated(&self, mut rows: Rows) -> Rows {
        if let Some(estimator) = self.estimator {
            let expected = estimator.rows(&rows.plan);
            rows.plan.estimated_rows = Some(expected);
        }
        rows
    }

    /// Walks every relationship that hangs together with the rows.
    pub(super) fn expand_all(&mut self, rows: Rows, search: &mut Search<'_>) -> Result<Rows> {
        let mut rows = rows;
        while let Some((next, relationships)) = self.next_relationship(&rows, search) {
            search.relationships = relationships;
            let distinct_from = overlapping(next, &search.walked);
            rows = self.expand(rows, next, distinct_from)?;
            search.walked.push(next);
            rows = self.settle(rows, search)?.within_limit()?;
        }
        Ok(rows)
    }

    /// The relationship to walk next, and those that remain: the first in written order, or the one after
    /// which the fewest rows are expected.
    fn next_relationship<'g>(
        &mut self,
        rows: &Rows,
        search: &Search<'g>,
    ) -> Option<(&'g PatternRelationship, Vec<&'g PatternRelationship>)> {
        let reachable: Vec<usize> = search
            .relationships
            .iter()
            .enumerate()
            .filter(|(_, r)| rows.slots.contains(&r.left) || rows.slots.contains(&r.right))
            .filter(|(_, r)| search.knows_filter(r, rows))
            .map(|(at, _)| at)
            .collect();
        let mut best = *reachable.first()?;
        if let (Some(estimator), true) = (self.estimator, reachable.len() > 1) {
            // The rows themselves do not matter for the comparison, only how many there are.
            let leaf = stand_in(rows);
            let mut least = f64::INFINITY;
            for at in reachable {
                let Some(relationship) = search.relationships.get(at) else { continue };
                let Ok(after) = self.expand(leaf.clone(), relationship, Vec::new()) else {
                    continue;
                };
                let mut trial = Search { walked: Vec::new(), ..search.clone() };
                let Ok(after) = self.settle(after, &mut trial) else { continue };
                let expected = estimator.rows(&after.plan);
                if expected < least {
                    (least, best) = (expected, at);
                }
            }
        }
        let mut rest = search.relationships.clone();
        let next = rest.remove(best);
        Some((next, rest))
    }

    /// The plan of a part of the graph that does not hang together with the rows at hand.
    pub(super) fn component(
        &mut self,
        part: &[Slot],
        search: &mut Search<'_>,
        outer: &BTreeSet<Slot>,
    ) -> Result<Rows> {
        // Predicates with outer variables must wait until both sides are joined.
        let mut own = search.clone();
        own.walked.clear();
        own.universe.extend(outer);
        let mut starts = match self.estimator {
            None => part.first().map(|node| all_nodes(*node)).into_iter().collect(),
            Some(estimator) => {
                let mut starts = starts(part, &own);
                let (predicates, relationships) = (&own.predicates, &own.relationships);
                let nothing = BTreeSet::new();
                let uses = index::uses(estimator, part, predicates, relationships, &nothing);
                starts.extend(uses.into_iter().map(|found| {
                    let slots = found.seek.entity.slots();
                    let mut start = start(Operator::IndexSeek(found.seek), slots, None);
                    start.answers = found.answers;
                    start
                }));
                starts
            }
        };
        if let (Some(estimator), true) =
            (self.estimator, own.relationships.len() > ORDERED_EXHAUSTIVELY)
        {
            let cost = |start: &Start<'_>| estimator.rows(&start.rows.plan);
            starts.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
            starts.truncate(1);
        }
        let several = starts.len() > 1;
        let mut best: Option<(f64, Rows, Search<'_>)> = None;
        for start in starts {
            let mut trial = own.clone();
            // The scan sees to this predicate already.
            trial.begin_with(&start);
            let rows = self.settle(start.rows, &mut trial)?;
            let rows = self.expand_all(rows, &mut trial)?;
            let cost = match self.estimator {
                Some(estimator) if several => estimator.cost(&rows.plan),
                _ => 0.0,
            };
            if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                best = Some((cost, rows, trial));
            }
        }
        let Some((_, rows, mut solved)) = best else {
            let plan = Plan::new(Operator::Unit);
            return Ok(Rows { plan, slots: BTreeSet::new(), depth: 0 });
        };
        search.predicates = std::mem::take(&mut solved.predicates);
        search.attempted = std::mem::take(&mut solved.attempted);
        search.relationships = std::mem::take(&mut solved.relationships);
        search.paths = std::mem::take(&mut solved.paths);
        // No relationship is used twice, whichever part of the pattern it belongs to.
        let mut rows = rows;
        rows.slots.retain(|slot| !outer.contains(slot));
        let mut pairs = Vec::new();
        for left in &search.walked {
            for right in &solved.walked {
                if can_coincide(left, right) {
                    pairs.push((*left, *right));
                }
            }
        }
        search.walked.extend(solved.walked);
        self.pending_pairs(pairs);
        Ok(rows)
    }

    /// The rows with a part of the pattern that an index finds by values of each row, where that is cheaper than to
    /// find the part by itself and join it.
    fn sought(
        &mut self,
        rows: &Rows,
        part: &[Slot],
        search: &mut Search<'_>,
    ) -> Result<Option<Rows>> {
        let Some(estimator) = self.estimator else { return Ok(None) };
        let (predicates, relationships) = (&search.predicates, &search.relationships);
        let uses = index::uses(estimator, part, predicates, relationships, &rows.slots);
        let mut best: Option<(f64, Rows, Search<'_>)> = None;
        for found in uses {
            let by_row = found.seek.expressions().iter().any(|value| !value.slots().is_empty());
            // Whether a relationship was used before could only be asked afterwards.
            let may_repeat = match &found.seek.entity {
                SeekEntity::Node(_) => false,
                SeekEntity::Relationship { relationship, .. } => {
                    let own = search.relationships.iter().find(|r| r.slot == *relationship);
                    own.is_some_and(|own| !overlapping(own, &search.walked).is_empty())
                }
            };
            if !by_row || may_repeat {
                continue;
            }
            let mut trial = search.clone();
            let slots = found.seek.entity.slots();
            let seek = found.seek;
            let after = rows
                .clone()
                .under(|input| Operator::IndexSeek(IndexSeek { input: Some(input), ..seek }))
                .with(slots);
            let start = Start { rows: after, answers: found.answers };
            trial.begin_with(&start);
            let after = self.settle(start.rows, &mut trial)?;
            let after = self.expand_all(after, &mut trial)?;
            let cost = estimator.cost(&after.plan);
            if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                best = Some((cost, after, trial));
            }
        }
        let Some((cost, sought, solved)) = best else { return Ok(None) };
        let mut trial = search.clone();
        let inner = self.component(part, &mut trial, &rows.slots)?;
        let joined = self.join(rows.clone(), inner, &mut trial)?;
        if estimator.cost(&joined.plan) < cost {
            return Ok(None);
        }
        *search = solved;
        Ok(Some(sought))
    }

    /// Joins a part of the pattern to the rows before it.
    fn join(&mut self, mut rows: Rows, part: Rows, search: &mut Search<'_>) -> Result<Rows> {
        let slots = part.slots.clone();
        rows = match rows.plan.operator {
            Operator::Unit => Rows { plan: part.plan, slots: rows.slots, depth: part.depth },
            _ => {
                let right = Box::new(part.plan);
                rows.depth = rows.depth.max(part.depth);
                rows.under(|left| Operator::CartesianProduct { left, right })
            }
        };
        rows = rows.with(slots);
        let distinct =
            std::mem::take(&mut self.pairs).into_iter().map(|pair| self.different(pair)).collect();
        rows = self.filter(rows, distinct)?;
        self.settle(rows, search)
    }

    fn pending_pairs(&mut self, pairs: Vec<(&PatternRelationship, &PatternRelationship)>) {
        let of = |r: &PatternRelationship| (r.slot, r.length.is_some());
        self.pairs = pairs.into_iter().map(|(a, b)| (of(a), of(b))).collect();
    }

    /// That two relationships, or lists of them, have none in common.
    fn different(&mut self, ((a, a_list), (b, b_list)): super::RelationshipPair) -> Expression {
        let binary = |operator, left: Slot, right: Slot| ExpressionKind::Binary {
            operator,
            left: Box::new(variable(left)),
            right: Box::new(variable(right)),
        };
        let boolean = |kind| Expression { kind, span: Span::default(), ty: Type::Boolean };
        let not = |inner: Expression| {
            let operand = Box::new(inner);
            boolean(ExpressionKind::Unary { operator: UnaryOperator::Not, operand })
        };
        match (a_list, b_list) {
            (false, false) => boolean(binary(BinaryOperator::NotEqual, a, b)),
            (false, true) => not(boolean(binary(BinaryOperator::In, a, b))),
            (true, false) => not(boolean(binary(BinaryOperator::In, b, a))),
            (true, true) => {
                let slot = self.hidden("each");
                boolean(ExpressionKind::Quantifier {
                    quantifier: Quantifier::None,
                    slot,
                    list: Box::new(variable(a)),
                    predicate: Box::new(boolean(binary(BinaryOperator::In, slot, b))),
                })
            }
        }
    }
}

/// Takes the elements that are ready out of a list, cloned.
pub(super) fn take<T: Clone>(from: &mut Vec<&T>, ready: impl Fn(&T) -> bool) -> Vec<T> {
    let mut taken = Vec::new();
    from.retain(|element| {
        let is_ready = ready(element);
        if is_ready {
            taken.push((*element).clone());
        }
        !is_ready
    });
    taken
}

/// Rows as good as these for an estimate, without the plan below.
fn stand_in(rows: &Rows) -> Rows {
    let plan = match rows.plan.estimated_rows {
        None => rows.plan.clone(),
        known => Plan { operator: Operator::Argument, estimated_rows: known },
    };
    Rows { plan, slots: rows.slots.clone(), depth: rows.depth }
}

/// The nodes that hang together with this one, in the order of discovery along the written order.
fn component(
    relationships: &[&PatternRelationship],
    start: Slot,
    outer: &BTreeSet<Slot>,
) -> Vec<Slot> {
    let mut nodes = vec![start];
    let mut grown = true;
    while grown {
        grown = false;
        for relationship in relationships {
            for (here, there) in
                [(relationship.left, relationship.right), (relationship.right, relationship.left)]
            {
                if nodes.contains(&here) && !nodes.contains(&there) && !outer.contains(&there) {
                    nodes.push(there);
                    grown = true;
                }
            }
        }
    }
    nodes
}

fn all_nodes<'g>(node: Slot) -> Start<'g> {
    start(Operator::AllNodesScan { node }, vec![node], None)
}

fn start<'g>(operator: Operator, slots: Vec<Slot>, answers: Option<&'g Expression>) -> Start<'g> {
    let slots = slots.into_iter().collect();
    let rows = Rows { plan: Plan::new(operator), slots, depth: 0 };
    Start { rows, answers: answers.into_iter().collect() }
}

/// Every way to begin a part of the graph.
fn starts<'g>(part: &[Slot], search: &Search<'g>) -> Vec<Start<'g>> {
    let mut starts = Vec::new();
    for &node in part {
        starts.push(all_nodes(node));
        for predicate in &search.predicates {
            if let Some(label) = label_of(predicate, node) {
                let scan = Operator::NodeByLabelScan { node, label };
                starts.push(start(scan, vec![node], Some(predicate)));
            }
            if let Some(ids) = id_of(predicate, node) {
                let seek = Operator::NodeByIdSeek { node, ids };
                starts.push(start(seek, vec![node], Some(predicate)));
            }
        }
    }
    for relationship in &search.relationships {
        let (from, to) = (relationship.left, relationship.right);
        let within = part.contains(&from) && part.contains(&to) && from != to;
        if within && relationship.length.is_none() && !relationship.types.is_empty() {
            let scan = Operator::RelationshipTypeScan {
                relationship: relationship.slot,
                from,
                to,
                direction: relationship.direction,
                types: relationship.types.clone(),
            };
            starts.push(start(scan, vec![relationship.slot, from, to], None));
        }
    }
    starts
}

/// The label a predicate asks of the node, if that is all it asks.
pub(super) fn label_of(predicate: &Expression, node: Slot) -> Option<Arc<str>> {
    match &predicate.kind {
        ExpressionKind::HasLabels { target, labels: LabelExpression::Label(label) } => {
            matches!(target.kind, ExpressionKind::Variable(slot) if slot == node)
                .then(|| label.clone())
        }
        _ => None,
    }
}

/// The list of ids that a predicate asks of a node, where it depends on no row.
fn id_of(predicate: &Expression, node: Slot) -> Option<Expression> {
    let ExpressionKind::Binary { operator, left, right } = &predicate.kind else { return None };
    let is_id = |e: &Expression| match &e.kind {
        ExpressionKind::Function { function, arguments } => {
            function.name() == "id"
                && matches!(
                    arguments.as_slice(),
                    [Expression { kind: ExpressionKind::Variable(slot), .. }] if *slot == node
                )
        }
        _ => false,
    };
    let ids = match operator {
        BinaryOperator::In if is_id(left) => (**right).clone(),
        BinaryOperator::Equal if is_id(left) => one_of(right),
        BinaryOperator::Equal if is_id(right) => one_of(left),
        _ => return None,
    };
    ids.is_fixed().then_some(ids)
}

fn one_of(expression: &Expression) -> Expression {
    Expression {
        kind: ExpressionKind::List(vec![expression.clone()]),
        span: expression.span,
        ty: Type::list(expression.ty.clone()),
    }
}

/// Whether two relationship patterns of one MATCH must differ and might meet the same relationship: their
/// types overlap.
fn can_coincide(left: &PatternRelationship, right: &PatternRelationship) -> bool {
    let (one, other) = (left.restriction.relationships, right.restriction.relationships);
    if one.is_none() || one != other {
        return false;
    }
    left.types.is_empty()
        || right.types.is_empty()
        || left.types.iter().any(|name| right.types.contains(name))
}

fn overlapping(relationship: &PatternRelationship, walked: &[&PatternRelationship]) -> Vec<Slot> {
    let overlapping = walked.iter().filter(|other| can_coincide(relationship, other));
    overlapping.map(|other| other.slot).collect()
}

fn shortest_path(rows: Rows, relationship: &PatternRelationship) -> Rows {
    let (min, max) = relationship.length.unwrap_or((1, Some(1)));
    rows.under(|input| {
        Operator::ShortestPath(ShortestPath {
            input,
            from: relationship.left,
            to: relationship.right,
            relationships: relationship.slot,
            direction: relationship.direction,
            types: relationship.types.clone(),
            min,
            max,
            all: relationship.shortest == Some(Shortest::All),
            single: relationship.length.is_none(),
            filter: relationship.filter.clone(),
        })
    })
    .with([relationship.slot])
}

fn is_not_null(slot: Slot) -> Expression {
    let operand = Box::new(variable(slot));
    let kind = ExpressionKind::Unary { operator: UnaryOperator::IsNotNull, operand };
    Expression { kind, span: Span::default(), ty: Type::Boolean }
}
