//! Filters move towards the leaves.

use std::collections::BTreeSet;

use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Slot;
use crate::graph::Snapshot;
use crate::optimizer::Rule;
use crate::optimizer::conjuncts;
use crate::optimizer::filtered;
use crate::optimizer::take;
use crate::plan::ApplyKind;
use crate::plan::Operator;
use crate::plan::Plan;

pub(in crate::optimizer) const PUSH_FILTERS: Rule = Rule {
    name: "push_filters",
    doc: "A predicate that cannot fail is asked as soon as its variables are there, so that fewer rows \
          go on.",
    apply: rewrite,
};

fn rewrite(plan: &mut Plan, _: &Snapshot) {
    if !matches!(plan.operator, Operator::Filter { .. }) {
        return;
    }
    let Operator::Filter { input, predicate } = take(plan).operator else { return };
    let mut input = *input;
    let mut stay = conjuncts(predicate);
    stay.retain(|predicate| !(predicate.never_fails() && push(&mut input, predicate)));
    *plan = filtered(input, stay);
}

/// Moves a predicate below the operator at the top of a plan; says whether it could.
fn push(plan: &mut Plan, predicate: &Expression) -> bool {
    let slots = predicate.slots();
    let free = |own: &[Slot]| own.iter().all(|slot| !slots.contains(slot));
    let input = match &mut plan.operator {
        Operator::Filter { input, predicate: before } => {
            if !push(input, predicate) {
                // What may fail must see no more rows than it was asked about: it stays first.
                let mut all = conjuncts(before.clone());
                all.push(predicate.clone());
                let input = take(input);
                *plan = filtered(input, all);
            }
            return true;
        }
        Operator::Project { input, items, keep_input: true } => {
            let mut renamed = predicate.clone();
            for (slot, expression) in items.iter() {
                if slots.contains(slot) {
                    let ExpressionKind::Variable(_) = expression.kind else { return false };
                    substitute(&mut renamed, *slot, expression);
                }
            }
            place(input, &renamed);
            return true;
        }
        Operator::Aggregate { input, keys, .. } if !keys.is_empty() && !slots.is_empty() => {
            let mut renamed = predicate.clone();
            for slot in &slots {
                let key = keys.iter().find(|(known, _)| known == slot);
                let Some((_, key)) = key.filter(|(_, key)| key.never_fails()) else { return false };
                substitute(&mut renamed, *slot, key);
            }
            place(input, &renamed);
            return true;
        }
        Operator::CartesianProduct { left, right } | Operator::HashJoin { left, right, .. } => {
            let of_right = right.output(&BTreeSet::new());
            let own = !slots.is_empty() && slots.is_subset(&of_right) && !has_argument(right);
            if own {
                right
            } else if slots.is_disjoint(&of_right) {
                left
            } else {
                return false;
            }
        }
        Operator::Unwind { input, slot, .. } if free(&[*slot]) => input,
        Operator::Sort { input, .. } | Operator::Distinct { input, .. } => input,
        Operator::Expand(expand) if free(&[expand.relationship]) => {
            if !expand.into && slots.contains(&expand.to) {
                return false;
            }
            &mut expand.input
        }
        Operator::VarLengthExpand(expand) if free(&[expand.relationships]) => {
            if !expand.into && slots.contains(&expand.to) {
                return false;
            }
            &mut expand.input
        }
        Operator::Repeat(repeat)
            if free(&[repeat.relationships])
                && repeat.groups.iter().all(|(_, list)| free(&[*list])) =>
        {
            if !repeat.into && slots.contains(&repeat.to) {
                return false;
            }
            &mut repeat.input
        }
        // Never the end: what is asked of it would come before the selection, which is the same only
        // where the planner has seen to it.
        Operator::StatefulShortestPath(path) => {
            let given: Vec<Slot> = path
                .variables()
                .into_iter()
                .filter(|slot| !path.into || *slot != path.to)
                .collect();
            if !free(&given) {
                return false;
            }
            &mut path.input
        }
        Operator::ShortestPath(path) if free(&[path.relationships]) => &mut path.input,
        Operator::Apply(apply) if !apply.inner.updates() => {
            let unaffected = match &apply.kind {
                ApplyKind::Optional(new) => free(new),
                ApplyKind::Exists(slot) | ApplyKind::Count(slot) => free(&[*slot]),
                ApplyKind::Collect { slot, .. } => free(&[*slot]),
                ApplyKind::Semi | ApplyKind::AntiSemi => true,
                ApplyKind::Inner | ApplyKind::ForEffect => false,
            };
            if !unaffected {
                return false;
            }
            &mut apply.input
        }
        _ => return false,
    };
    place(input, predicate);
    true
}

/// Puts a predicate as deep into a plan as it goes.
fn place(plan: &mut Plan, predicate: &Expression) {
    if !push(plan, predicate) {
        let input = take(plan);
        *plan = filtered(input, vec![predicate.clone()]);
    }
}

/// Whether the rows of the enclosing plan flow into this one.
fn has_argument(plan: &Plan) -> bool {
    match &plan.operator {
        Operator::Argument => true,
        Operator::Apply(apply) => has_argument(&apply.input),
        Operator::Merge(merge) => has_argument(&merge.input),
        Operator::Foreach { input, .. } => has_argument(input),
        Operator::Repeat(repeat) => has_argument(&repeat.input),
        Operator::StatefulShortestPath(path) => has_argument(&path.input),
        _ => plan.children().into_iter().any(has_argument),
    }
}

fn substitute(expression: &mut Expression, slot: Slot, by: &Expression) {
    if matches!(expression.kind, ExpressionKind::Variable(own) if own == slot) {
        *expression = by.clone();
        return;
    }
    for child in expression.children_mut() {
        substitute(child, slot, by);
    }
}
