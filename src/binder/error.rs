//! One constructor per compile-time error.

use crate::bound::Expression;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Span;
use crate::value::Type;

use super::scope::Scope;

pub(super) fn undefined_variable(name: &str, scope: &Scope, span: Span) -> Error {
    let error =
        Error::syntax(Detail::UndefinedVariable, format!("variable `{name}` is not defined"))
            .at(span);
    match scope.nearest(name) {
        Some(near) => error.help(format!("Did you mean `{near}`?")),
        None => error,
    }
}

/// A variable that exists, but not after the aggregation or DISTINCT beside it.
pub(super) fn hidden_variable(name: &str, span: Span) -> Error {
    Error::syntax(Detail::UndefinedVariable, format!("variable `{name}` is not defined here"))
        .at(span)
        .help("After an aggregate or DISTINCT only the projected columns are visible.")
}

pub(super) fn already_bound(name: &str, span: Span) -> Error {
    Error::syntax(Detail::VariableAlreadyBound, format!("variable `{name}` is already bound"))
        .at(span)
        .help("Choose another name for the new variable.")
}

pub(super) fn type_conflict(name: &str, known: &Type, wanted: &str, span: Span) -> Error {
    Error::syntax(
        Detail::VariableTypeConflict,
        format!("variable `{name}` has type {known} and cannot be a {wanted}"),
    )
    .at(span)
}

pub(super) fn invalid_type(wanted: &str, found: &Type, span: Span) -> Error {
    Error::syntax(Detail::InvalidArgumentType, format!("expected {wanted}, found {found}")).at(span)
}

/// An operator between two types that it does not take together.
pub(super) fn no_operator(sign: &str, left: &Expression, right: &Expression) -> Error {
    let message = format!("`{sign}` does not take {} and {}", left.ty, right.ty);
    Error::syntax(Detail::InvalidArgumentType, message).at(left.span.to(right.span))
}

/// A property of something that never has one.
pub(super) fn no_properties(key: &str, found: &Type, span: Span) -> Error {
    let message = format!("a value of type {found} has no property `{key}`");
    let class = match found {
        Type::Path => ErrorClass::SyntaxError,
        _ => ErrorClass::TypeError,
    };
    Error::new(class, Phase::CompileTime, Detail::InvalidArgumentType, message).at(span)
}

pub(super) fn composition(message: impl Into<String>, span: Span) -> Error {
    Error::syntax(Detail::InvalidClauseComposition, message).at(span)
}

pub(super) fn invalid_aggregation(name: &str, span: Span) -> Error {
    Error::syntax(Detail::InvalidAggregation, format!("`{name}` cannot aggregate here"))
        .at(span)
        .help("Aggregates stand in WITH and RETURN; compute it there and use its column.")
}

pub(super) fn ambiguous_aggregation(span: Span) -> Error {
    Error::syntax(
        Detail::AmbiguousAggregationExpression,
        "an expression beside an aggregate is no grouping key",
    )
    .at(span)
    .help("Project the expression first, in a WITH, and use its name here.")
}

pub(super) fn parameter_as_properties(span: Span) -> Error {
    Error::syntax(Detail::InvalidParameterUse, "a parameter cannot stand for all properties here")
        .at(span)
        .help("Write the properties one by one, as in `{name: $map.name}`.")
}

/// Something the language has, and this version has not.
pub(super) fn unsupported(message: impl Into<String>, span: Span) -> Error {
    Error::syntax(Detail::UnexpectedSyntax, message).at(span)
}

/// A relationship variable that stands twice in the patterns of one MATCH.
pub(super) fn repeated_relationship(name: &str, span: Span) -> Error {
    Error::syntax(
        Detail::RelationshipUniquenessViolation,
        format!("relationship `{name}` stands twice in one pattern"),
    )
    .at(span)
    .help("One MATCH never uses a relationship twice, so this finds nothing.")
}
