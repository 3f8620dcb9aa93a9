//! Counts the last relationships of a pattern instead of walking them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::LabelExpression;
use crate::bound::Slot;
use crate::graph::Snapshot;
use crate::optimizer::{Rule, conjuncts, filtered, take};
use crate::plan::Operator;
use crate::plan::Plan;

pub(in crate::optimizer) const COUNT_WITHOUT_EXPANDING: Rule = Rule {
    name: "count_without_expanding",
    doc: "Turns the Expand under an Aggregate into an ExpandCount, where nothing uses the relationship \
          or the node it would give, but for the node's labels: aggregates take a count with each row.",
    apply: rewrite,
};

fn rewrite(plan: &mut Plan, _: &Snapshot) {
    let mut used: BTreeSet<Slot> = plan.reads();
    let Operator::Aggregate { input, .. } = &mut plan.operator else { return };
    count(input, &mut used);
}

/// Rewrites the expands from here down, as long as nothing above uses what they give but for labels of the node.
fn count(plan: &mut Plan, used: &mut BTreeSet<Slot>) {
    let reads = plan.reads();
    let is_counted = match &mut plan.operator {
        Operator::Filter { input, predicate } => {
            let (labels, rest) = label_tests(input, predicate);
            used.extend(rest.iter().flat_map(Expression::slots));
            if !labels.is_empty() && count_expand(input, used, labels) {
                *plan = filtered(take(input), rest);
                true
            } else {
                used.extend(reads);
                return count(input, used);
            }
        }
        Operator::Expand(_) => count_expand(plan, used, Vec::new()),
        _ => false,
    };
    if !is_counted {
        return;
    }
    let counting = match &mut plan.operator {
        Operator::Filter { input, .. } => &mut **input,
        _ => plan,
    };
    used.extend(counting.reads());
    if let Operator::ExpandCount { input, .. } = &mut counting.operator {
        count(input, used);
    }
}

/// Makes an ExpandCount of an Expand, if nothing uses what it gives. Says whether it did.
fn count_expand(plan: &mut Plan, used: &BTreeSet<Slot>, labels: Vec<Arc<str>>) -> bool {
    let Operator::Expand(expand) = &plan.operator else { return false };
    let given = [expand.relationship, expand.to];
    if expand.into
        || given.iter().any(|slot| used.contains(slot))
        || !expand.distinct_from.iter().all(|slot| is_single(&expand.input, *slot))
    {
        return false;
    }
    let expand = expand.clone();
    plan.operator = Operator::ExpandCount {
        input: expand.input,
        from: expand.from,
        direction: expand.direction,
        types: expand.types,
        labels,
        distinct_from: expand.distinct_from,
    };
    plan.estimated_rows = None;
    true
}

/// The labels that a filter over an Expand asks of the node which that gives, and what else it asks.
fn label_tests(input: &Plan, predicate: &Expression) -> (Vec<Arc<str>>, Vec<Expression>) {
    let all = conjuncts(predicate.clone());
    let Operator::Expand(expand) = &input.operator else {
        return (Vec::new(), all);
    };
    let (mut labels, mut rest) = (Vec::new(), Vec::new());
    for conjunct in all {
        match &conjunct.kind {
            ExpressionKind::HasLabels { target, labels: LabelExpression::Label(label) } if matches!(target.kind, ExpressionKind::Variable(slot) if slot == expand.to) =>
            {
                labels.push(label.clone());
            }
            _ => rest.push(conjunct),
        }
    }
    (labels, rest)
}

/// Whether a variable is a single relationship that the plan has found, rather than a list of them.
fn is_single(plan: &Plan, slot: Slot) -> bool {
    match &plan.operator {
        Operator::Expand(expand) if expand.relationship == slot => true,
        Operator::RelationshipTypeScan { relationship, .. } if *relationship == slot => true,
        _ => plan.children().into_iter().any(|child| is_single(child, slot)),
    }
}
