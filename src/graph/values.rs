//! Values of one property side by side: as plain numbers where all are integers or all are floats.
//!
//! Owns that layout in memory and in the log. It may not know whose values they are.

use std::ops::Range;

use serde::Deserialize;
use serde::Serialize;

use crate::value::Value;
use crate::value::allocation::vec_bytes;

use super::property;

/// Values in a row. A null stands for none.
///
/// The order of the variants is part of the format of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Values {
    Integers(Vec<i64>),
    Floats(Vec<f64>),
    Any(#[serde(with = "property::list")] Vec<Value>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Integers(Vec::new())
    }
}

/// What is done to the vector of one type where the value is of that type, and else to that of all types.
macro_rules! with {
    ($values:expr, $value:expr, |$vector:ident, $new:ident| $body:expr) => {{
        let (values, value) = ($values, $value);
        if values.is_empty() && matches!(value, Value::Float(_)) {
            *values = Values::Floats(Vec::new());
        }
        match (values, value) {
            (Values::Integers($vector), Value::Integer($new)) => $body,
            (Values::Floats($vector), Value::Float($new)) => $body,
            (Values::Any($vector), $new) => $body,
            (values, $new) => {
                let mut all = std::mem::take(values).into_general();
                let $vector = &mut all;
                $body;
                *values = Values::Any(all);
            }
        }
    }};
}

impl Values {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Integers(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::Any(values) => values.len(),
        }
    }

    /// How many are not null.
    pub(super) fn present(&self) -> u64 {
        match self {
            Self::Any(values) => values.iter().filter(|v| !matches!(v, Value::Null)).count() as u64,
            packed => packed.len() as u64,
        }
    }

    /// What the values take, without what texts and lists hold.
    pub(super) fn allocated(&self) -> u64 {
        match self {
            Self::Integers(values) => vec_bytes(values),
            Self::Floats(values) => vec_bytes(values),
            Self::Any(values) => vec_bytes(values),
        }
    }

    /// What the values take, with what they hold.
    pub(super) fn held_bytes(&self) -> u64 {
        let held = match self {
            Self::Any(values) => {
                let mut last = 0;
                let held = |value: &Value| {
                    let shared = value.address() != 0 && value.address() == last;
                    last = value.address();
                    if shared { 0 } else { value.held_bytes() }
                };
                values.iter().map(held).fold(0, u64::saturating_add)
            }
            _ => 0,
        };
        self.allocated().saturating_add(held)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a place; null past the end.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Value {
        match self {
            Self::Integers(values) => values.get(at).map_or(Value::Null, |x| Value::Integer(*x)),
            Self::Floats(values) => values.get(at).map_or(Value::Null, |x| Value::Float(*x)),
            Self::Any(values) => values.get(at).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn push(&mut self, value: Value) {
        with!(self, value, |values, value| values.push(value));
    }

    /// Puts a value before the one at a place, which must not be past the end.
    pub(super) fn insert(&mut self, at: usize, value: Value) {
        with!(self, value, |values, value| values.insert(at, value));
    }

    /// Replaces the value at a place.
    pub(super) fn set(&mut self, at: usize, value: Value) {
        with!(self, value, |values, value| if let Some(slot) = values.get_mut(at) {
            *slot = value;
        });
    }

    /// Takes out the value at a place, which must be there.
    pub(super) fn remove(&mut self, at: usize) {
        match self {
            Self::Integers(values) => drop(values.remove(at)),
            Self::Floats(values) => drop(values.remove(at)),
            Self::Any(values) => drop(values.remove(at)),
        }
    }

    /// Appends those of others in a range, nulls too.
    pub(super) fn extend(&mut self, others: &Self, range: Range<usize>) {
        if self.is_empty() && !matches!(others, Self::Any(_)) {
            *self = match others {
                Self::Floats(_) => Self::Floats(Vec::new()),
                _ => Self::Integers(Vec::new()),
            };
        }
        match (&mut *self, others) {
            (Self::Integers(values), Self::Integers(others)) => {
                values.extend_from_slice(others.get(range).unwrap_or(&[]));
            }
            (Self::Floats(values), Self::Floats(others)) => {
                values.extend_from_slice(others.get(range).unwrap_or(&[]));
            }
            (Self::Any(values), Self::Any(others)) => {
                values.extend_from_slice(others.get(range).unwrap_or(&[]));
            }
            (values, others) => range.for_each(|at| values.push(others.get(at))),
        }
    }

    fn into_general(self) -> Vec<Value> {
        match self {
            Self::Integers(values) => values.into_iter().map(Value::Integer).collect(),
            Self::Floats(values) => values.into_iter().map(Value::Float).collect(),
            Self::Any(values) => values,
        }
    }
}

impl FromIterator<Value> for Values {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut all = Self::default();
        values.into_iter().for_each(|value| all.push(value));
        all
    }
}
