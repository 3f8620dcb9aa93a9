//! What can never fail: it may be computed for rows it was not written for, or not at all.

use crate::error::ErrorClass;
use crate::function::Volatility;
use crate::value::Type;

use super::{
    BinaryOperator, Clause, Expression, ExpressionKind, PatternRelationship, Query, QueryGraph,
    UnaryOperator,
};

impl Expression {
    /// Whether computing it can never fail. What may fail is asked of no rows but those it was written for: a
    /// predicate that guards another by its pattern, or by the clause before it, does so.
    pub fn never_fails(&self) -> bool {
        let is_boolean = |e: &Expression| e.ty == Type::Boolean;
        let own = match &self.kind {
            ExpressionKind::Literal(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Variable(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Map(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::IsTyped { .. } => true,
            ExpressionKind::Attempt(_) => return true,
            // Operands that are no booleans are an error.
            ExpressionKind::And(all) | ExpressionKind::Or(all) => all.iter().all(is_boolean),
            // Other values may have no properties.
            ExpressionKind::Property { target, .. } | ExpressionKind::HasLabels { target, .. } => {
                matches!(target.ty, Type::Node | Type::Relationship)
            }
            ExpressionKind::Unary { operator, operand } => match operator {
                UnaryOperator::IsNull | UnaryOperator::IsNotNull => true,
                UnaryOperator::Not => is_boolean(operand),
                UnaryOperator::Negate | UnaryOperator::Plus => false,
            },
            ExpressionKind::Binary { operator, left, right } => match operator {
                BinaryOperator::Equal
                | BinaryOperator::NotEqual
                | BinaryOperator::Less
                | BinaryOperator::LessOrEqual
                | BinaryOperator::Greater
                | BinaryOperator::GreaterOrEqual
                | BinaryOperator::StartsWith
                | BinaryOperator::EndsWith
                | BinaryOperator::Contains => true,
                BinaryOperator::In => matches!(right.ty, Type::List(_)),
                BinaryOperator::Xor => is_boolean(left) && is_boolean(right),
                BinaryOperator::Add
                | BinaryOperator::Concatenate
                | BinaryOperator::Subtract
                | BinaryOperator::Multiply
                | BinaryOperator::Divide
                | BinaryOperator::Modulo
                | BinaryOperator::Power
                | BinaryOperator::RegexMatch => false,
            },
            ExpressionKind::Quantifier { list, predicate, .. } => {
                matches!(list.ty, Type::List(_)) && is_boolean(predicate)
            }
            ExpressionKind::Subquery(subquery) => subquery.query.never_fails(),
            ExpressionKind::Index { .. }
            | ExpressionKind::Slice { .. }
            | ExpressionKind::HasComputedLabels { .. }
            | ExpressionKind::Function { .. }
            | ExpressionKind::Case { .. }
            | ExpressionKind::ListComprehension { .. }
            | ExpressionKind::Reduce { .. } => false,
        };
        own && self.children().into_iter().all(Expression::never_fails)
    }

    /// What may be asked of a row before all that it waits for is there: it is false of no row of which this
    /// predicate will be true, and cannot fail. Nothing where computing it twice would not give the same, or cost too
    /// much.
    pub fn attempt(&self) -> Option<Expression> {
        let repeats = !self.any(&mut |e| match &e.kind {
            ExpressionKind::Function { function, .. } => {
                function.volatility() == Volatility::Volatile
            }
            ExpressionKind::Subquery(_) => true,
            _ => false,
        });
        repeats.then(|| Expression {
            kind: ExpressionKind::Attempt(Box::new(self.clone())),
            span: self.span,
            ty: Type::Boolean,
        })
    }
}

/// Whether an error is of the values that an expression met, so that other rows need not meet it.
pub fn is_of_values(class: ErrorClass) -> bool {
    match class {
        ErrorClass::SemanticError
        | ErrorClass::ParameterMissing
        | ErrorClass::EntityNotFound
        | ErrorClass::TypeError
        | ErrorClass::ArgumentError
        | ErrorClass::ProcedureError
        | ErrorClass::ArithmeticError
        | ErrorClass::UsageError => true,
        ErrorClass::SyntaxError
        | ErrorClass::ConstraintVerificationFailed
        | ErrorClass::SchemaError
        | ErrorClass::TransactionError
        | ErrorClass::StorageError
        | ErrorClass::CorruptionError
        | ErrorClass::LimitError
        | ErrorClass::Cancelled
        | ErrorClass::InternalError => false,
    }
}

impl Query {
    fn never_fails(&self) -> bool {
        self.parts.iter().flat_map(|part| &part.clauses).all(Clause::never_fails)
    }
}

impl Clause {
    fn never_fails(&self) -> bool {
        match self {
            Clause::Match(clause) => clause.graph.never_fails(),
            Clause::Filter(predicate) => holds_boolean(predicate),
            Clause::Unwind(clause) => {
                matches!(clause.list.ty, Type::List(_)) && clause.list.never_fails()
            }
            Clause::Projection(clause) => {
                let grouped = clause.grouping.as_ref().is_none_or(|grouping| {
                    grouping.aggregates.iter().all(|(_, call)| call.arguments.is_empty())
                        && grouping.keys.iter().all(|(_, key)| key.never_fails())
                });
                grouped
                    && clause.skip.is_none()
                    && clause.limit.is_none()
                    && clause.items.iter().all(|(_, item)| item.never_fails())
                    && clause.order_by.iter().all(|key| key.expression.never_fails())
                    && clause.predicates.iter().all(holds_boolean)
            }
            Clause::Paths(_) => true,
            Clause::SubqueryCall(call) => call.transactions.is_none() && call.query.never_fails(),
            Clause::Create(_)
            | Clause::Merge(_)
            | Clause::Update(_)
            | Clause::Delete(_)
            | Clause::ProcedureCall(_)
            | Clause::Foreach(_)
            | Clause::Load(_)
            | Clause::Schema(_) => false,
        }
    }
}

/// Whether it can be a predicate that never fails.
fn holds_boolean(predicate: &Expression) -> bool {
    predicate.ty == Type::Boolean && predicate.never_fails()
}

impl QueryGraph {
    fn never_fails(&self) -> bool {
        self.selected.is_empty()
            && self.predicates.iter().all(holds_boolean)
            && self.relationships.iter().all(PatternRelationship::never_fails)
    }
}

impl PatternRelationship {
    fn never_fails(&self) -> bool {
        self.filter.as_ref().is_none_or(|(_, filter)| holds_boolean(filter))
            && self.repeated.as_ref().is_none_or(|repeated| {
                repeated.predicates.iter().all(holds_boolean)
                    && repeated.relationships.iter().all(PatternRelationship::never_fails)
            })
    }
}
