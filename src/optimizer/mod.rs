//! The optimizer: plan to plan, by an ordered list of rules, and the cost model that the planner asks.
//!
//! Owns [`RULES`] and [`CostModel`]. A rule must keep the bag of rows, and every error that the plan
//! could raise. It may look at the graph's catalog and statistics, never at its contents, and it may not
//! know how operators run.

mod cost;
mod rules;

use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::graph::Snapshot;
use crate::plan::Estimator;
use crate::plan::Operator;
use crate::plan::Plan;
use crate::plan::QueryPlan;
use crate::value::Type;

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
    rules::PUSH_FILTERS,
    rules::SCAN_BY_LABEL,
    rules::JOIN_BY_HASH,
    rules::SORT_WITH_LIMIT,
    rules::PRUNE_VARIABLES,
    rules::WALK_ONE_RELATIONSHIP,
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

/// Takes a plan out of its place, to build another around it.
fn take(plan: &mut Plan) -> Plan {
    std::mem::replace(plan, Plan::new(Operator::Unit))
}

/// The conjuncts of a predicate.
fn conjuncts(predicate: Expression) -> Vec<Expression> {
    match predicate.kind {
        ExpressionKind::And(all) => all.into_iter().flat_map(conjuncts).collect(),
        kind => vec![Expression { kind, span: predicate.span, ty: predicate.ty }],
    }
}

/// A plan under a filter of all predicates, if there are any.
fn filtered(plan: Plan, mut predicates: Vec<Expression>) -> Plan {
    let predicate = match predicates.len() {
        0 => return plan,
        1 => predicates.swap_remove(0),
        _ => Expression {
            span: predicates.iter().map(|p| p.span).reduce(|a, b| a.to(b)).unwrap_or_default(),
            kind: ExpressionKind::And(predicates),
            ty: Type::Boolean,
        },
    };
    Plan::new(Operator::Filter { input: Box::new(plan), predicate })
}
