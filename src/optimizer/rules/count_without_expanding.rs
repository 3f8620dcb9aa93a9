//! Counts the last relationships of a pattern instead of walking them.

use std::collections::BTreeSet;

use crate::bound::Slot;
use crate::graph::Snapshot;
use crate::optimizer::Rule;
use crate::plan::Operator;
use crate::plan::Plan;

pub(in crate::optimizer) const COUNT_WITHOUT_EXPANDING: Rule = Rule {
    name: "count_without_expanding",
    doc: "Turns the Expand under an Aggregate into an ExpandCount, where nothing uses the relationship \
          or the node it would give: aggregates take a count with each row.",
    apply: rewrite,
};

fn rewrite(plan: &mut Plan, _: &Snapshot) {
    let mut used: BTreeSet<Slot> = plan.reads();
    let Operator::Aggregate { input, .. } = &mut plan.operator else { return };
    count(input, &mut used);
}

/// Rewrites the expands from here down, as long as nothing above uses what they give.
fn count(plan: &mut Plan, used: &mut BTreeSet<Slot>) {
    let reads = plan.reads();
    match &mut plan.operator {
        Operator::Filter { input, .. } => {
            used.extend(reads);
            count(input, used);
        }
        Operator::Expand(expand) if !expand.into => {
            let given = [expand.relationship, expand.to];
            let single = |slot: &Slot| is_single(&expand.input, *slot);
            if given.iter().any(|slot| used.contains(slot))
                || !expand.distinct_from.iter().all(single)
            {
                return;
            }
            let expand = expand.clone();
            plan.operator = Operator::ExpandCount {
                input: expand.input,
                from: expand.from,
                direction: expand.direction,
                types: expand.types,
                distinct_from: expand.distinct_from,
            };
            plan.estimated_rows = None;
            used.extend(plan.reads());
            if let Operator::ExpandCount { input, .. } = &mut plan.operator {
                count(input, used);
            }
        }
        _ => {}
    }
}

/// Whether a variable is a single relationship that the plan has found, rather than a list of them.
fn is_single(plan: &Plan, slot: Slot) -> bool {
    match &plan.operator {
        Operator::Expand(expand) if expand.relationship == slot => true,
        Operator::RelationshipTypeScan { relationship, .. } if *relationship == slot => true,
        _ => plan.children().into_iter().any(|child| is_single(child, slot)),
    }
}
