//! Operators on two values, and the types they take and give.

use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;

use super::{Binder, error};

impl Binder<'_> {
    pub(super) fn binary(
        &mut self,
        operator: ast::BinaryOperator,
        left: &ast::Expression,
        right: &ast::Expression,
        span: Span,
    ) -> Result<Expression> {
        let left = self.expression(left)?;
        let right = self.expression(right)?;
        let operator = match operator {
            ast::BinaryOperator::Add => BinaryOperator::Add,
            ast::BinaryOperator::Concatenate => BinaryOperator::Concatenate,
            ast::BinaryOperator::Subtract => BinaryOperator::Subtract,
            ast::BinaryOperator::Multiply => BinaryOperator::Multiply,
            ast::BinaryOperator::Divide => BinaryOperator::Divide,
            ast::BinaryOperator::Modulo => BinaryOperator::Modulo,
            ast::BinaryOperator::Power => BinaryOperator::Power,
            ast::BinaryOperator::In => BinaryOperator::In,
            ast::BinaryOperator::StartsWith => BinaryOperator::StartsWith,
            ast::BinaryOperator::EndsWith => BinaryOperator::EndsWith,
            ast::BinaryOperator::Contains => BinaryOperator::Contains,
            ast::BinaryOperator::Matches => BinaryOperator::RegexMatch,
        };
        let ty = result_type(operator, &left, &right)?;
        Ok(joined(operator, left, right, span, ty))
    }

    /// `a < b <= c` is `a < b AND b <= c`.
    pub(super) fn comparison(
        &mut self,
        first: &ast::Expression,
        rest: &[ast::ComparisonStep],
        span: Span,
    ) -> Result<Expression> {
        let mut left = self.expression(first)?;
        let mut steps = Vec::with_capacity(rest.len());
        for step in rest {
            let right = self.expression(&step.operand)?;
            let operator = match step.operator {
                ast::ComparisonOperator::Equal => BinaryOperator::Equal,
                ast::ComparisonOperator::NotEqual => BinaryOperator::NotEqual,
                ast::ComparisonOperator::Less => BinaryOperator::Less,
                ast::ComparisonOperator::LessOrEqual => BinaryOperator::LessOrEqual,
                ast::ComparisonOperator::Greater => BinaryOperator::Greater,
                ast::ComparisonOperator::GreaterOrEqual => BinaryOperator::GreaterOrEqual,
            };
            let place = left.span.to(right.span);
            steps.push(joined(operator, left, right.clone(), place, Type::Boolean));
            left = right;
        }
        if steps.len() > 1 {
            return Ok(Expression { kind: ExpressionKind::And(steps), span, ty: Type::Boolean });
        }
        let only = steps.pop();
        only.map(|step| Expression { span, ..step })
            .ok_or_else(|| Error::internal("a comparison without operators").at(span))
    }
}

/// An operator applied to two expressions.
pub(super) fn joined(
    operator: BinaryOperator,
    left: Expression,
    right: Expression,
    span: Span,
    ty: Type,
) -> Expression {
    let (left, right) = (Box::new(left), Box::new(right));
    Expression { kind: ExpressionKind::Binary { operator, left, right }, span, ty }
}

/// The type of the result; an error where the operands can never be right.
fn result_type(operator: BinaryOperator, left: &Expression, right: &Expression) -> Result<Type> {
    use BinaryOperator as O;
    let number = |e: &Expression| Type::Number.accepts(&e.ty);
    let reject = |wanted, e: &Expression| Err(error::invalid_type(wanted, &e.ty, e.span));
    match operator {
        O::Modulo | O::Power => {
            for operand in [left, right] {
                if !number(operand) {
                    return reject("a number", operand);
                }
            }
            Ok(if operator == O::Power { Type::Float } else { numeric(&left.ty, &right.ty) })
        }
        O::Subtract | O::Multiply | O::Divide => {
            for operand in [left, right] {
                if !number(operand) && !operand.ty.is_temporal() {
                    return reject("a number", operand);
                }
            }
            let sign = match operator {
                O::Subtract => "-",
                O::Multiply => "*",
                _ => "/",
            };
            temporal_type(operator, &left.ty, &right.ty)
                .ok_or_else(|| error::no_operator(sign, left, right))
        }
        O::Add => sum_type(&left.ty, &right.ty).ok_or_else(|| error::no_operator("+", left, right)),
        O::Concatenate => {
            let joins = |e: &Expression| {
                Type::String.accepts(&e.ty) || Type::list(Type::Any).accepts(&e.ty)
            };
            if let Some(operand) = [left, right].into_iter().find(|e| !joins(e)) {
                return reject("a string or a list", operand);
            }
            match (&left.ty, &right.ty) {
                (Type::List(a), Type::List(b)) => Ok(Type::list(a.union(b))),
                (Type::String, Type::List(_)) | (Type::List(_), Type::String) => {
                    reject(if left.ty == Type::String { "a string" } else { "a list" }, right)
                }
                (Type::String, _) | (_, Type::String) => Ok(Type::String),
                (Type::List(_), _) | (_, Type::List(_)) => Ok(Type::list(Type::Any)),
                _ => Ok(Type::Any),
            }
        }
        O::In => {
            if !Type::list(Type::Any).accepts(&right.ty) {
                return reject("a list", right);
            }
            Ok(Type::Boolean)
        }
        _ => Ok(Type::Boolean),
    }
}

fn numeric(left: &Type, right: &Type) -> Type {
    match (left, right) {
        (Type::Integer, Type::Integer) => Type::Integer,
        (Type::Float, Type::Integer | Type::Float | Type::Number)
        | (Type::Integer | Type::Number, Type::Float) => Type::Float,
        (Type::Number, Type::Integer | Type::Number) | (Type::Integer, Type::Number) => {
            Type::Number
        }
        _ => Type::Any,
    }
}

/// The type of a sum; `None` where these two can never be added.
fn sum_type(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::List(a), Type::List(b)) => Some(Type::list(a.union(b))),
        (Type::List(_), _) | (_, Type::List(_)) => Some(Type::list(Type::Any)),
        (Type::String, other) | (other, Type::String) => match other {
            Type::Any => Some(Type::Any),
            Type::Map | Type::Node | Type::Relationship | Type::Path => None,
            _ => Some(Type::String),
        },
        (Type::Duration, moment) if moment.is_temporal() => Some(moment.clone()),
        _ => temporal_type(BinaryOperator::Add, left, right),
    }
}

/// The type of arithmetic between numbers, durations and moments; `None` where there is none.
fn temporal_type(operator: BinaryOperator, left: &Type, right: &Type) -> Option<Type> {
    use BinaryOperator as O;
    let number = |ty: &Type| matches!(ty, Type::Integer | Type::Float | Type::Number);
    match (left, right) {
        (Type::Any | Type::Null, _) | (_, Type::Any | Type::Null) => Some(Type::Any),
        (a, b) if number(a) && number(b) => Some(numeric(a, b)),
        (a, Type::Duration) if a.is_temporal() && matches!(operator, O::Add | O::Subtract) => {
            Some(a.clone())
        }
        (Type::Duration, b) if number(b) && matches!(operator, O::Multiply | O::Divide) => {
            Some(Type::Duration)
        }
        (a, Type::Duration) if number(a) && operator == O::Multiply => Some(Type::Duration),
        _ => None,
    }
}
