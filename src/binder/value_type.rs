//! The types of `IS :: TYPE`: those that a value is asked about, and those that a constraint demands.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::error::nearest;
use crate::syntax::ast;
use crate::value::PropertyType;
use crate::value::ScalarType;
use crate::value::ValueType;

/// The type that a text names.
pub(super) fn value_type(of: &ast::ValueType) -> Result<ValueType> {
    let mut parts = Vec::with_capacity(of.parts.len());
    for part in &of.parts {
        parts.push(match &part.kind {
            ast::TypeKind::Name(name) => {
                ValueType::named(name, part.not_null).ok_or_else(|| unknown(name, part.span))?
            }
            ast::TypeKind::List(of) => ValueType::list_of(value_type(of)?, part.not_null),
            ast::TypeKind::OneOf(of) if part.not_null => value_type(of)?.without_null(),
            ast::TypeKind::OneOf(of) => value_type(of)?,
        });
    }
    Ok(ValueType::one_of(parts))
}

/// The type of properties that a text names.
pub(super) fn property_type(of: &ast::ValueType) -> Result<PropertyType> {
    let mut alternatives = Vec::new();
    collect(of, &mut alternatives)?;
    Ok(PropertyType::one_of(alternatives))
}

fn collect(of: &ast::ValueType, into: &mut Vec<(bool, ScalarType)>) -> Result<()> {
    for part in &of.parts {
        if part.not_null {
            let text = "a constraint on the type of a property says nothing of who lacks it";
            return Err(Error::syntax(Detail::InvalidPropertyType, text)
                .at(part.span)
                .help("Leave NOT NULL away, and create another constraint with IS NOT NULL."));
        }
        match &part.kind {
            ast::TypeKind::Name(name) => into.push((false, scalar(name, part.span)?)),
            ast::TypeKind::List(of) => match of.parts.as_slice() {
                [ast::TypePart { kind: ast::TypeKind::Name(name), not_null: true, span }] => {
                    into.push((true, scalar(name, *span)?));
                }
                _ => {
                    let text = "lists as properties hold values of one type, and never null";
                    return Err(Error::syntax(Detail::InvalidPropertyType, text)
                        .at(part.span)
                        .help("Write the type as in `LIST<INTEGER NOT NULL>`."));
                }
            },
            ast::TypeKind::OneOf(of) => collect(of, into)?,
        }
    }
    Ok(())
}

fn scalar(name: &str, span: Span) -> Result<ScalarType> {
    if let Some(of) = ScalarType::named(name) {
        return Ok(of);
    }
    if ValueType::named(name, false).is_none() {
        return Err(unknown(name, span));
    }
    let names = ScalarType::ALL.iter().filter_map(|(_, names)| names.first().copied());
    let text = format!("no property has the type {name}");
    Err(Error::syntax(Detail::InvalidPropertyType, text).at(span).help(format!(
        "Types of properties are {}, and LIST<… NOT NULL> of these.",
        names.collect::<Vec<_>>().join(", ")
    )))
}

fn unknown(name: &str, span: Span) -> Error {
    let text = format!("there is no type `{name}`");
    let error = Error::syntax(Detail::UnexpectedSyntax, text).at(span);
    match nearest(name, ValueType::names().flatten().copied()) {
        Some(near) => error.help(format!("Did you mean `{near}`?")),
        None => error.help(format!(
            "Types are {}, and LIST<type>.",
            ValueType::names()
                .filter_map(|names| names.first().copied())
                .collect::<Vec<_>>()
                .join(", ")
        )),
    }
}
