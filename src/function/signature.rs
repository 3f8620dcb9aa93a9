//! Signatures as text: `name(a :: STRING, b? :: INTEGER) :: STRING`, and for procedures
//! `name(a :: STRING) :: (x :: STRING, y :: INTEGER)`.

use std::fmt;
use std::sync::Arc;

use crate::value::Type;

/// A parsed signature.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The name, dots included.
    pub name: Arc<str>,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The type of a function's result, or `Type::Any`.
    pub result: Type,
    /// The columns of a procedure's result.
    pub columns: Vec<(Arc<str>, Type)>,
}

/// A parameter of a [`Signature`].
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: Arc<str>,
    /// What it accepts.
    pub ty: Type,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may repeat (the last one only).
    pub repeats: bool,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
