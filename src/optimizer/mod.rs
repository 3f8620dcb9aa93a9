//! The optimizer: plan to plan, by an ordered list of rules, and the cost model that the planner asks.
//!
//! Owns [`RULES`] and [`CostModel`]. A rule must keep the bag of rows, and every error that the plan
//! could raise. It may look at the graph's catalog and statistics, never at its contents, and it may not
//! know how operators run.

mod cost;
mod rules;

use crate::graph::Snapshot;
use crate::plan::Estimator;
use crate::plan::Plan;
use crate::plan::QueryPlan;

pub use cost::CostModel;

/// A rewriting of plans.
#[derive(Debug)]
pub struct Rule {
    /// Its name, as traces show it.
    pub name: &'static str,
    /// What it does and why that is right, in a sentence.
    pub doc: &'static str,
    /// Rewrites one operator in place; the driver walks the tree, inputs first.
    pub apply: fn(&mut Plan, &Snapshot),
}

/// All rules, in the order of their application.
pub const RULES: &[Rule] = &[
    rules::FOLD_CONSTANTS,
    rules::JOIN_BY_HASH,
    rules::SORT_WITH_LIMIT,
    rules::COUNT_WITHOUT_EXPANDING,
];

/// Applies every rule to a plan, and notes the expected rows of every operator.
pub fn optimize(mut plan: QueryPlan, graph: &Snapshot) -> QueryPlan {
    for rule in RULES {
        apply(rule, &mut plan.root, graph);
    }
    estimate(&mut plan.root, &CostModel::new(graph));
    plan
}

fn apply(rule: &Rule, plan: &mut Plan, graph: &Snapshot) {
    for child in plan.children_mut() {
        apply(rule, child, graph);
    }
    (rule.apply)(plan, graph);
}

fn estimate(plan: &mut Plan, model: &CostModel<'_>) {
    for child in plan.children_mut() {
        estimate(child, model);
    }
    if plan.estimated_rows.is_none() {
        plan.estimated_rows = Some(model.rows(plan));
    }
}
