//! How much memory values take, roughly: for budgets, not for accounts.

use std::sync::Arc;

use super::allocation::{text_bytes, tree_bytes, vec_bytes};
use super::{Column, ColumnData, Map, Value};

/// How many elements of a list or map are looked at; they speak for the others.
const SAMPLE: usize = 4;

/// The two counts of references before what is shared.
const ARC: u64 = 16;

/// A map without its entries.
const MAP: u64 = size_of::<Map>() as u64;

/// A list without its elements, and the counts before it.
pub(super) const EMPTY_LIST: u64 = ARC + size_of::<Vec<Value>>() as u64;

/// A map without its entries, and the counts before it.
pub(super) const EMPTY_MAP: u64 = ARC + MAP;

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
    pub(crate) fn address(&self) -> usize {
        match self {
            Self::String(text) => Arc::as_ptr(text).addr(),
            Self::List(items) => Arc::as_ptr(items).addr(),
            Self::Map(map) => Arc::as_ptr(map).addr(),
            Self::Path(path) => Arc::as_ptr(path).addr(),
            _ => 0,
        }
    }
}

fn held(value: &Value, looks: &mut usize) -> u64 {
    match value {
        Value::String(text) => text_bytes(text),
        Value::List(items) => {
            let step = items.len().div_ceil(SAMPLE).max(1);
            let own = EMPTY_LIST + vec_bytes(items);
            own.saturating_add(sampled(items.iter().step_by(step), items.len(), looks))
        }
        Value::Map(map) => EMPTY_MAP + held_by_map(map, looks),
        // A path of n relationships has n + 1 nodes, each with a place for what it holds.
        Value::Path(path) => ARC + 48 + 16 * (2 * path.nodes().len() as u64),
        Value::DateTime(_) | Value::Duration(_) | Value::Point(_) => 64,
        Value::Node(node) if node.record().is_some() => {
            let labels = node.labels().len() as u64 * 16;
            ARC + 48 + labels + held_by_map(node.properties(), looks)
        }
        Value::Relationship(relationship) if relationship.record().is_some() => {
            ARC + 64 + held_by_map(relationship.properties(), looks)
        }
        _ => 0,
    }
}

fn sampled<'a>(sample: impl Iterator<Item = &'a Value>, len: usize, looks: &mut usize) -> u64 {
    let (mut looked_at, mut bytes) = (0u64, 0u64);
    for value in sample {
        if *looks == 0 {
            break;
        }
        *looks -= 1;
        looked_at += 1;
        bytes = bytes.saturating_add(held(value, looks));
    }
    bytes.checked_div(looked_at).unwrap_or(0).saturating_mul(len as u64)
}

/// What a map's entries take.
fn held_by_map(map: &Map, looks: &mut usize) -> u64 {
    tree_bytes(map).saturating_add(sampled(map.values().take(SAMPLE), map.len(), looks))
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

    /// How many bytes the column itself takes for a row, beside what its values hold.
    pub fn row_width(&self) -> u64 {
        match self.data() {
            ColumnData::Constant(..) => 0,
            ColumnData::Boolean(_) => 1,
            ColumnData::Dictionary(..) => 4,
            ColumnData::String(_) => 16,
            ColumnData::Value(_) => size_of::<Value>() as u64,
            _ => 8,
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
                .map_or(0, |text| once(Arc::as_ptr(text).addr(), &|| text_bytes(text))),
            ColumnData::Value(values) => {
                values.get(row).map_or(0, |value| once(value.address(), &|| value.held_bytes()))
            }
            _ => 0,
        }
    }
}
