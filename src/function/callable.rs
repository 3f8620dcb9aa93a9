//! What a query holds of a function: a table's entry, or one that the library's user registered.

use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::value::Value;

use super::user::States;
use super::{
    Accumulator, AggregateFunction, Context, EvalColumns, Nulls, ScalarFunction, Signature,
    UserAggregate, UserFunction, Volatility,
};

/// A scalar function. Two are equal where they are the same entry.
#[derive(Clone)]
pub enum Scalar {
    /// An entry of the tables.
    BuiltIn(&'static ScalarFunction),
    /// A function of the library's user.
    User(Arc<UserFunction>),
}

impl Scalar {
    /// Its name as documented.
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(function) => function.name,
            Self::User(function) => &function.signature().name,
        }
    }

    /// Its forms.
    pub fn forms(&self) -> &[Signature] {
        match self {
            Self::BuiltIn(function) => function.forms(),
            Self::User(function) => function.forms(),
        }
    }

    /// What a null argument does.
    pub fn nulls(&self) -> Nulls {
        match self {
            Self::BuiltIn(function) => function.nulls,
            Self::User(function) => function.nulls(),
        }
    }

    /// Whether its result may change.
    pub fn volatility(&self) -> Volatility {
        match self {
            Self::BuiltIn(function) => function.volatility,
            Self::User(function) => function.volatility(),
        }
    }

    /// Computes it for one row.
    ///
    /// # Errors
    /// Those of the function.
    #[inline]
    pub fn eval(&self, context: &Context<'_>, arguments: &[Value]) -> Result<Value> {
        match self {
            Self::BuiltIn(function) => (function.eval)(context, arguments),
            Self::User(function) => function.call(context, arguments),
        }
    }

    /// What computes it for all rows at once, where there is such a way.
    pub fn eval_columns(&self) -> Option<EvalColumns> {
        match self {
            Self::BuiltIn(function) => function.eval_columns,
            Self::User(_) => None,
        }
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::BuiltIn(a), Self::BuiltIn(b)) => std::ptr::eq(*a, *b),
            (Self::User(a), Self::User(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}()", self.name())
    }
}

/// An aggregate. Two are equal where they are the same entry.
#[derive(Clone)]
pub enum Aggregate {
    /// An entry of the table.
    BuiltIn(&'static AggregateFunction),
    /// An aggregate of the library's user.
    User(Arc<UserAggregate>),
}

impl Aggregate {
    /// Its name as documented.
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(function) => function.name,
            Self::User(aggregate) => &aggregate.signature().name,
        }
    }

    /// Its forms.
    pub fn forms(&self) -> &[Signature] {
        match self {
            Self::BuiltIn(function) => function.forms(),
            Self::User(aggregate) => aggregate.forms(),
        }
    }

    /// An accumulator for any number of groups.
    pub fn accumulator(&self) -> Box<dyn Accumulator> {
        match self {
            Self::BuiltIn(function) => (function.accumulator)(),
            Self::User(aggregate) => Box::new(States::new(aggregate.clone())),
        }
    }
}

impl PartialEq for Aggregate {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::BuiltIn(a), Self::BuiltIn(b)) => std::ptr::eq(*a, *b),
            (Self::User(a), Self::User(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl fmt::Debug for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}()", self.name())
    }
}
