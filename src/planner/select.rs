//! Selected paths: a search from one end, or from both where both are known.

use std::collections::BTreeSet;

use crate::bound::DistinctNodes;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::PatternRelationship;
use crate::bound::QueryGraph;
use crate::bound::Repetition;
use crate::bound::Restriction;
use crate::bound::SelectedPath;
use crate::bound::Selection;
use crate::bound::Shortest;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::plan::Numbered;
use crate::plan::Operator;
use crate::plan::SelectedStep;
use crate::plan::StatefulShortestPath;
use crate::value::Type;
use crate::value::Value;

use super::pattern::{Search, take};
use super::{Planner, Rows};

/// An end of which fewer than this share of all nodes is expected is found before the search, which then
/// goes from both ends.
const FEW: f64 = 0.125;

/// Predicates of a selected path, by the earliest place where all their variables are there.
struct Asked {
    /// For each step: of its relationship and the nodes beside it, or of the node after it.
    steps: Vec<Vec<Expression>>,
    /// Of the whole path.
    whole: Vec<Expression>,
}

impl Planner<'_> {
    /// Rows with the selected paths of which enough is known.
    pub(super) fn select_paths(&mut self, rows: Rows, search: &mut Search<'_>) -> Result<Rows> {
        let mut rows = rows;
        while let Some(at) = self.next_selected(&rows, search)? {
            let path = search.selected.remove(at);
            rows = self.select(rows, path, search)?.within_limit()?;
            rows = self.settle(rows, search)?;
            rows = self.expand_all(rows, search)?;
        }
        Ok(rows)
    }

    /// The next path to search: one of which both ends are known, or one where the other end is better
    /// found by the search.
    fn next_selected(&mut self, rows: &Rows, search: &Search<'_>) -> Result<Option<usize>> {
        for (at, path) in search.selected.iter().enumerate() {
            let Some((start, end)) = path.ends() else { continue };
            let other = match (rows.slots.contains(&start), rows.slots.contains(&end)) {
                (true, true) => return Ok(Some(at)),
                (true, false) => end,
                (false, true) => start,
                (false, false) => continue,
            };
            if !self.is_rare(other, rows, search)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Whether a node is expected to be one of few.
    fn is_rare(&mut self, node: Slot, rows: &Rows, search: &Search<'_>) -> Result<bool> {
        let Some(expected) = self.expected(node, rows, search)? else { return Ok(false) };
        let all = Operator::AllNodesScan { node };
        let all = self.estimator.map_or(1.0, |e| e.rows(&crate::plan::Plan::new(all)));
        Ok(expected <= 1.0 || expected <= all * FEW)
    }

    /// How many nodes a scan for this one is expected to give.
    fn expected(&mut self, node: Slot, rows: &Rows, search: &Search<'_>) -> Result<Option<f64>> {
        let Some(estimator) = self.estimator else { return Ok(None) };
        let mut trial = Search { relationships: Vec::new(), paths: Vec::new(), ..search.clone() };
        let found = self.component(&[node], &mut trial, &rows.slots)?;
        self.pairs.clear();
        Ok(Some(estimator.rows(&found.plan)))
    }

    /// The node where the next part of a graph begins: the first that is not known, or the rarer end of
    /// the selected path that it begins.
    pub(super) fn next_node(
        &mut self,
        rows: &Rows,
        graph: &QueryGraph,
        search: &Search<'_>,
    ) -> Option<Slot> {
        let unknown = |slot: &Slot| !rows.slots.contains(slot);
        let next = graph.nodes.iter().map(|node| node.slot).find(unknown)?;
        let ends = search.selected.iter().filter_map(|path| path.ends());
        let end = ends.filter(|(start, end)| unknown(start) && unknown(end));
        let end = end.filter(|(start, _)| *start == next).map(|(_, end)| end).next();
        let Some(end) = end else { return Some(next) };
        let expected = |p: &mut Self, node| p.expected(node, rows, search).ok().flatten();
        match (expected(self, next), expected(self, end)) {
            (Some(first), Some(last)) if last < first => Some(end),
            _ => Some(next),
        }
    }

    /// One or all shortest paths of at least two relationships: nodes may have to repeat then, which a
    /// search by nodes alone does not find.
    pub(super) fn long_shortest_path(
        &mut self,
        rows: Rows,
        relationship: &PatternRelationship,
        search: &mut Search<'_>,
    ) -> Result<Rows> {
        let (left, right) = (self.hidden("node"), self.hidden("node"));
        let (slot, predicates) = match &relationship.filter {
            Some((slot, filter)) => (*slot, vec![filter.clone()]),
            None => (self.hidden("each"), Vec::new()),
        };
        let inner = PatternRelationship {
            slot,
            left,
            right,
            length: None,
            filter: None,
            shortest: None,
            ..relationship.clone()
        };
        let repeated = Repetition {
            nodes: vec![left, right],
            relationships: vec![inner],
            predicates,
            groups: Vec::new(),
        };
        let step = PatternRelationship {
            filter: None,
            repeated: Some(Box::new(repeated)),
            ..relationship.clone()
        };
        let one = ExpressionKind::Literal(Value::Integer(1));
        let count = Expression { kind: one, span: Span::default(), ty: Type::Integer };
        let path = SelectedPath {
            nodes: vec![relationship.left, relationship.right],
            steps: vec![step],
            predicates: Vec::new(),
            selection: Selection { count, groups: relationship.shortest == Some(Shortest::All) },
            restriction: Restriction::TRAIL,
        };
        self.select(rows, &path, search)
    }

    fn select(&mut self, rows: Rows, path: &SelectedPath, search: &mut Search<'_>) -> Result<Rows> {
        let Some((start, _)) = path.ends() else { return Ok(rows) };
        let reversed = !rows.slots.contains(&start);
        let path = if reversed { backwards(path) } else { path.clone() };
        let Some((from, to)) = path.ends() else { return Ok(rows) };
        let into = rows.slots.contains(&to);
        let mut asked = asked(&rows, &path, search);
        if let (false, Some(last)) = (into, asked.steps.last_mut()) {
            // What is asked of the end alone is better asked before paths to it are looked for.
            let universe = &search.universe;
            let of_end = |predicate: &Expression| {
                let slots = predicate.slots();
                let known = |slot: &Slot| {
                    *slot == to || rows.slots.contains(slot) || !universe.contains(slot)
                };
                slots.contains(&to) && slots.iter().all(known)
            };
            last.extend(take(&mut search.predicates, |p| of_end(p) && p.never_fails()));
            let may_fail = search.predicates.iter().filter(|predicate| of_end(predicate));
            last.extend(may_fail.filter_map(|predicate| predicate.attempt()));
        }
        if let (Some(predicate), true) = (asked.whole.first(), is_endless(&path)) {
            return Err(Error::syntax(
                Detail::InvalidRelationshipPattern,
                "a predicate on a whole walk without an upper bound may be asked without end",
            )
            .at(predicate.span)
            .help("Bound the quantifier, `{1,5}`, or use TRAIL."));
        }
        let of_rows = |predicate: &Expression| !predicate.slots().is_disjoint(&rows.slots);
        let single_end = path.steps.last().is_some_and(|step| step.repeated.is_none());
        let repeated = path.steps.iter().flat_map(|step| &step.repeated);
        let within = repeated.flat_map(|repeated| &repeated.predicates);
        let depends = asked.steps.iter().flatten().chain(within).any(of_rows);
        let independent = !(depends || into && single_end);
        let mut steps = Vec::with_capacity(path.steps.len());
        for (step, predicates) in path.steps.iter().zip(asked.steps) {
            steps.push(self.selected_step(&rows, step, predicates, into)?);
        }
        let variables: Vec<Slot> = path.variables().into_iter().chain([to]).collect();
        let accept = match asked.whole.is_empty() {
            true => None,
            false => {
                let argument = rows.argument().with(variables.iter().copied());
                let filter = |p: &mut Self| p.filter(argument, asked.whole);
                Some(self.within(Vec::new(), filter)?.plan)
            }
        };
        let rows = rows.under(|input| {
            Operator::StatefulShortestPath(Box::new(StatefulShortestPath {
                input: *input,
                from,
                to,
                into,
                steps,
                count: path.selection.count.clone(),
                groups: path.selection.groups,
                restriction: path.restriction,
                reversed,
                independent,
                accept,
            }))
        });
        Ok(rows.with(variables))
    }

    fn selected_step(
        &mut self,
        rows: &Rows,
        step: &PatternRelationship,
        predicates: Vec<Expression>,
        into: bool,
    ) -> Result<SelectedStep> {
        let mut check = None;
        let repeated = match &step.repeated {
            Some(repeated) => {
                if !predicates.is_empty() {
                    let row = self.hidden("row");
                    let argument = rows.argument().with([step.right, row]);
                    let rows = self.within(Vec::new(), |p| p.filter(argument, predicates))?;
                    check = Some(Numbered { plan: rows.plan, row });
                }
                (**repeated).clone()
            }
            None => Repetition {
                nodes: vec![step.left, step.right],
                relationships: vec![step.clone()],
                predicates,
                groups: Vec::new(),
            },
        };
        let (forward, row) = self.once(rows, &repeated, true)?;
        let forward = Numbered { plan: forward.plan, row };
        let backward = match into {
            true => {
                let (backward, row) = self.once(rows, &repeated, false)?;
                Some(Numbered { plan: backward.plan, row })
            }
            false => None,
        };
        Ok(SelectedStep {
            nodes: repeated.nodes,
            inner_relationships: repeated.relationships.iter().map(|inner| inner.slot).collect(),
            times: step.repeated.as_ref().and(step.length),
            relationships: step.slot,
            groups: repeated.groups,
            node: step.right,
            forward,
            backward,
            check,
        })
    }
}

/// Where the predicates of a selected path are asked.
fn asked(rows: &Rows, path: &SelectedPath, search: &Search<'_>) -> Asked {
    let mut asked = Asked { steps: vec![Vec::new(); path.steps.len()], whole: Vec::new() };
    for predicate in &path.predicates {
        let mut missing: BTreeSet<Slot> = predicate.slots();
        missing.retain(|slot| search.universe.contains(slot) && !rows.slots.contains(slot));
        let place = path.steps.iter().position(|step| {
            let single = step.repeated.is_none();
            let is_local = |slot: &Slot| {
                *slot == step.right || single && (*slot == step.left || *slot == step.slot)
            };
            missing.iter().all(is_local)
        });
        match place.and_then(|at| asked.steps.get_mut(at)) {
            Some(step) => step.push(predicate.clone()),
            None => asked.whole.push(predicate.clone()),
        }
    }
    asked
}

/// Whether there may be infinitely many such paths between two nodes.
fn is_endless(path: &SelectedPath) -> bool {
    path.restriction.relationships.is_none()
        && path.restriction.nodes == DistinctNodes::None
        && path.steps.iter().any(|step| step.length.is_some_and(|(_, max)| max.is_none()))
}

/// The path from its right end to its left one.
fn backwards(path: &SelectedPath) -> SelectedPath {
    let mut path = path.clone();
    path.nodes.reverse();
    path.steps.reverse();
    for step in &mut path.steps {
        std::mem::swap(&mut step.left, &mut step.right);
        step.direction = step.direction.reversed();
        if let Some(repeated) = &mut step.repeated {
            repeated.nodes.reverse();
            repeated.relationships.reverse();
        }
    }
    path
}
