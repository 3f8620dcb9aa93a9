//! Computes at planning time what depends on nothing.

use std::sync::Arc;

use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::UnaryOperator;
use crate::function;
use crate::function::Nulls;
use crate::function::Volatility;
use crate::graph::Snapshot;
use crate::optimizer::Rule;
use crate::plan::Plan;
use crate::value::Value;
use crate::value::arithmetic;

/// Longer lists are left to be made when the statement runs, so that a cached plan stays small.
const LONGEST_LIST: usize = 10_000;

pub(in crate::optimizer) const FOLD_CONSTANTS: Rule = Rule {
    name: "fold_constants",
    doc: "Replaces an expression over literals by its value; one that fails is left to fail when it \
          runs.",
    apply: fold_plan,
};

fn fold_plan(plan: &mut Plan, graph: &Snapshot) {
    for expression in plan.expressions_mut() {
        fold(expression, graph);
    }
}

fn fold(expression: &mut Expression, graph: &Snapshot) {
    for child in expression.children_mut() {
        fold(child, graph);
    }
    if let Some(value) = value_of(&expression.kind, graph) {
        expression.kind = ExpressionKind::Literal(value);
    }
}

fn literal(expression: &Expression) -> Option<&Value> {
    match &expression.kind {
        ExpressionKind::Literal(value) => Some(value),
        _ => None,
    }
}

fn value_of(kind: &ExpressionKind, graph: &Snapshot) -> Option<Value> {
    match kind {
        ExpressionKind::List(items) => {
            let values: Option<Vec<Value>> =
                items.iter().map(|item| literal(item).cloned()).collect();
            values.map(|values| Value::List(Arc::new(values)))
        }
        ExpressionKind::Map(entries) => {
            let values: Option<_> = entries
                .iter()
                .map(|(key, value)| Some((key.clone(), literal(value)?.clone())))
                .collect();
            values.map(|map| Value::Map(Arc::new(map)))
        }
        ExpressionKind::Unary { operator: UnaryOperator::Negate, operand } => {
            arithmetic::negate(literal(operand)?).ok()
        }
        ExpressionKind::Binary { operator, left, right } => {
            let (left, right) = (literal(left)?, literal(right)?);
            match operator {
                BinaryOperator::Add => arithmetic::add(left, right).ok(),
                BinaryOperator::Subtract => arithmetic::subtract(left, right).ok(),
                BinaryOperator::Multiply => arithmetic::multiply(left, right).ok(),
                BinaryOperator::Divide => arithmetic::divide(left, right).ok(),
                BinaryOperator::Modulo => arithmetic::modulo(left, right).ok(),
                BinaryOperator::Power => arithmetic::power(left, right).ok(),
                _ => None,
            }
        }
        ExpressionKind::Function { function, arguments }
            if function.volatility() == Volatility::Immutable =>
        {
            let arguments: Option<Vec<Value>> =
                arguments.iter().map(|argument| literal(argument).cloned()).collect();
            let arguments = arguments?;
            if function.nulls() == Nulls::Propagate
                && arguments.iter().any(|value| matches!(value, Value::Null))
            {
                return Some(Value::Null);
            }
            // An immutable function looks at neither the graph nor the clock.
            let context =
                function::Context { graph, now: 0, memory: LONGEST_LIST as u64 * 64, store: None };
            let value = function.eval(&context, &arguments).ok()?;
            match &value {
                Value::List(items) if items.len() > LONGEST_LIST => None,
                _ => Some(value),
            }
        }
        _ => None,
    }
}
