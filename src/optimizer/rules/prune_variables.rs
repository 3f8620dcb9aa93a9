//! Variables that nobody reads are not made.

use std::collections::BTreeSet;

use crate::bound::Slot;
use crate::graph::Snapshot;
use crate::optimizer::Rule;
use crate::optimizer::take;
use crate::plan::Operator;
use crate::plan::Plan;

pub(in crate::optimizer) const PRUNE_VARIABLES: Rule = Rule {
    name: "prune_variables",
    doc: "A projected variable that nothing above reads is left out, unless computing it could fail: \
          named paths that only stand for their pattern cost nothing then.",
    apply: rewrite,
};

fn rewrite(plan: &mut Plan, _: &Snapshot) {
    // From the top, once: what is read is known only from above.
    if matches!(plan.operator, Operator::ProduceResults { .. } | Operator::EmptyResult { .. }) {
        prune(plan, &BTreeSet::new());
    }
}

/// `wanted` are the variables read above the plan.
fn prune(plan: &mut Plan, wanted: &BTreeSet<Slot>) {
    if let Operator::Project { input, items, keep_input: true } = &mut plan.operator {
        items.retain(|(slot, expression)| wanted.contains(slot) || !expression.never_fails());
        if items.is_empty() {
            *plan = take(input);
            prune(plan, wanted);
            return;
        }
    }
    if let Operator::Repeat(repeat) = &mut plan.operator {
        repeat.groups.retain(|(_, list)| wanted.contains(list));
    }
    if let Operator::Union { inputs, .. } = &mut plan.operator {
        // Nothing goes from one input to the other, and there may be tens of thousands.
        for (input, read) in inputs {
            let mut below = wanted.clone();
            below.extend(read.iter());
            prune(input, &below);
        }
        return;
    }
    let mut below = wanted.clone();
    below.extend(plan.reads());
    let mut children = plan.children_mut();
    // The last child first: an inner plan reads what its input has made.
    while let Some(child) = children.pop() {
        prune(child, &below);
        if !children.is_empty() {
            collect_reads(child, &mut below);
        }
    }
}

fn collect_reads(plan: &Plan, slots: &mut BTreeSet<Slot>) {
    slots.extend(plan.reads());
    for child in plan.children() {
        collect_reads(child, slots);
    }
}
