//! How much memory values take, roughly: for budgets, not for accounts.

use std::sync::Arc;

use super::{Column, ColumnData, Value};

/// How many elements of a list or map are looked at; they speak for the others.
const SAMPLE: usize = 4;

/// How many values are looked at in all.
const LOOKS: usize = 64;

impl Value {
    /// About how many bytes it holds beside itself, were nothing in it shared: a list that holds another twice counts
    /// it twice, since that is what it takes to write it.
    ///
    /// ```
    /// use redstring::Value;
    /// assert_eq!(Value::Integer(7).held_bytes(), 0);
    /// assert!(Value::string("x".repeat(1000)).held_bytes() >= 1000);
    /// ```
    pub fn held_bytes(&self) -> u64 {
        let mut looks = LOOKS;
        held(self, &mut looks)
    }

    /// Where what it holds lies; values that share it say the same.
    fn address(&self) -> usize {
        match self {
            Self::String(text) => Arc::as_ptr(text).addr(),
            Self::List(items) => Arc::as_ptr(items).addr(),
            Self::Map(map) => Arc::as_ptr(map).addr(),
            _ => 0,
        }
    }
}

fn held(value: &Value, looks: &mut usize) -> u64 {
    match value {
        Value::String(text) => text.len() as u64 + 16,
        Value::List(items) => {
            let each = size_of::<Value>();
            sampled(
                items.iter().step_by(items.len().div_ceil(SAMPLE).max(1)),
                items.len(),
                looks,
                each,
            )
        }
        Value::Map(map) => sampled(map.values().take(SAMPLE), map.len(), looks, 72),
        Value::Path(path) => 16 * path.nodes().len() as u64 + 48,
        Value::DateTime(_) | Value::Duration(_) => 64,
        _ => 0,
    }
}

fn sampled<'a>(
    sample: impl Iterator<Item = &'a Value>,
    len: usize,
    looks: &mut usize,
    each: usize,
) -> u64 {
    let (mut looked_at, mut bytes) = (0u64, 0u64);
    for value in sample {
        if *looks == 0 {
            break;
        }
        *looks -= 1;
        looked_at += 1;
        bytes = bytes.saturating_add(held(value, looks));
    }
    let all = bytes.checked_div(looked_at).unwrap_or(0).saturating_mul(len as u64);
    all.saturating_add((len * each) as u64 + 32)
}

impl Column {
    /// About how many bytes it holds. What one row shares with the row before it counts once.
    pub fn held_bytes(&self) -> u64 {
        let mut last = 0;
        match self.data() {
            ColumnData::Constant(value, _) => value.held_bytes(),
            ColumnData::String(_) | ColumnData::Value(_) => {
                let row = |row| self.held_by_row(row, &mut last).saturating_add(24);
                (0..self.len()).map(row).fold(0, u64::saturating_add)
            }
            _ => 8 * self.len() as u64,
        }
    }

    /// Where what one row holds lies, if it is anything beside itself.
    pub fn row_address(&self, row: usize) -> usize {
        match self.data() {
            ColumnData::Constant(value, _) => value.address(),
            ColumnData::String(texts) => texts.get(row).map_or(0, |text| Arc::as_ptr(text).addr()),
            ColumnData::Value(values) => values.get(row).map_or(0, Value::address),
            _ => 0,
        }
    }

    /// About how many bytes one row holds beside itself, unless that is what `last` was: the place where it
    /// lies.
    pub fn held_by_row(&self, row: usize, last: &mut usize) -> u64 {
        let mut once = |address: usize, bytes: &dyn Fn() -> u64| {
            if address != 0 && std::mem::replace(last, address) == address { 0 } else { bytes() }
        };
        match self.data() {
            ColumnData::Constant(value, _) => once(value.address(), &|| value.held_bytes()),
            ColumnData::String(texts) => texts
                .get(row)
                .map_or(0, |text| once(Arc::as_ptr(text).addr(), &|| text.len() as u64 + 16)),
            ColumnData::Value(values) => {
                values.get(row).map_or(0, |value| once(value.address(), &|| value.held_bytes()))
            }
            _ => 0,
        }
    }
}
