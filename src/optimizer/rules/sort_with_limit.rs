//! Keeps only the rows that a LIMIT over an ORDER BY can give.

use crate::bound::Expression;
use crate::graph::Snapshot;
use crate::optimizer::Rule;
use crate::plan::Operator;
use crate::plan::Plan;

pub(in crate::optimizer) const SORT_WITH_LIMIT: Rule = Rule {
    name: "sort_with_limit",
    doc: "Turns the Sort under a Limit (perhaps with a Skip between) into a Top of as many rows; the \
          Limit stays and checks its own count.",
    apply: rewrite,
};

fn rewrite(plan: &mut Plan, _: &Snapshot) {
    let Operator::Limit { input, count, exhaust: false } = &mut plan.operator else { return };
    match &mut input.operator {
        Operator::Sort { .. } => top(input, None, count.clone()),
        Operator::Skip { input: below, count: skipped } => {
            if let Operator::Sort { .. } = below.operator {
                top(below, Some(skipped.clone()), count.clone());
            }
        }
        _ => {}
    }
}

fn top(plan: &mut Plan, skip: Option<Expression>, limit: Expression) {
    let operator = std::mem::replace(&mut plan.operator, Operator::Unit);
    plan.operator = match operator {
        Operator::Sort { input, by } => Operator::Top { input, by, skip, limit },
        other => other,
    };
    plan.estimated_rows = None;
}
