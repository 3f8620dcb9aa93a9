//! Joins by a hash table where two parts must agree in a value.

use std::collections::BTreeSet;

use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Slot;
use crate::graph::Snapshot;
use crate::optimizer::Rule;
use crate::plan::Operator;
use crate::plan::Plan;

pub(in crate::optimizer) const JOIN_BY_HASH: Rule = Rule {
    name: "join_by_hash",
    doc: "Turns a Filter for equality over a CartesianProduct into a HashJoin, where each side of the \
          equality uses one side of the product alone.",
    apply: rewrite,
};

fn rewrite(plan: &mut Plan, _: &Snapshot) {
    let Operator::Filter { input, predicate } = &plan.operator else { return };
    let Operator::CartesianProduct { left, right } = &input.operator else { return };
    // What the left side writes must be there before the right side is read.
    if left.updates() {
        return;
    }
    // Variables of an enclosing Apply are on the left alone: the right side is independent.
    let rights = right.output(&BTreeSet::new());
    if rights.is_empty() || has_argument(right) {
        return;
    }
    let conjuncts: Vec<Expression> = match &predicate.kind {
        ExpressionKind::And(all) => all.clone(),
        _ => vec![predicate.clone()],
    };
    // A predicate after one that may fail must not keep it from failing: only the first ones move.
    let (mut keys, mut rest) = (Vec::new(), Vec::new());
    for conjunct in conjuncts {
        match join_key(&conjunct, &rights) {
            Some(key) if rest.is_empty() => keys.push(key),
            _ => rest.push(conjunct),
        }
    }
    if keys.is_empty() {
        return;
    }
    let span = predicate.span;
    let ty = predicate.ty.clone();
    let join = Operator::HashJoin { left: left.clone(), right: right.clone(), keys };
    plan.operator = match rest.len() {
        0 => join,
        1 => match rest.pop() {
            Some(predicate) => Operator::Filter { input: Box::new(Plan::new(join)), predicate },
            None => join,
        },
        _ => {
            let predicate = Expression { kind: ExpressionKind::And(rest), span, ty };
            Operator::Filter { input: Box::new(Plan::new(join)), predicate }
        }
    };
}

fn has_argument(plan: &Plan) -> bool {
    matches!(plan.operator, Operator::Argument) || plan.children().into_iter().any(has_argument)
}

/// Both sides of an equality, the one over the left input first.
fn join_key(predicate: &Expression, rights: &BTreeSet<Slot>) -> Option<(Expression, Expression)> {
    let ExpressionKind::Binary { operator: BinaryOperator::Equal, left, right } = &predicate.kind
    else {
        return None;
    };
    let side = |expression: &Expression| {
        let slots = expression.slots();
        let on_right = slots.iter().filter(|slot| rights.contains(slot)).count();
        (!slots.is_empty() && is_plain(expression)).then_some(())?;
        match on_right {
            0 => Some(false),
            n if n == slots.len() => Some(true),
            _ => None,
        }
    };
    match (side(left)?, side(right)?) {
        (false, true) => Some(((**left).clone(), (**right).clone())),
        (true, false) => Some(((**right).clone(), (**left).clone())),
        _ => None,
    }
}

/// Whether computing it for more rows than the filter would see cannot fail: variables and their
/// properties.
fn is_plain(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Variable(_) => true,
        ExpressionKind::Property { target, .. } => is_plain(target),
        _ => false,
    }
}
