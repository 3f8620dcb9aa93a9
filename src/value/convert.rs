//! Rust values into Cypher values.
//!
//! What may not fit (`u64`, `usize`) has no conversion here; [`to_value`](super::to_value) checks.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use super::{
    Date, DateTime, Duration, LocalDateTime, LocalTime, Map, Node, Path, Relationship, Time, Value,
};

macro_rules! into_value {
    ($($type:ty: $x:ident => $made:expr;)*) => {
        $(
            impl From<$type> for Value {
                fn from($x: $type) -> Self {
                    $made
                }
            }
        )*
    };
}

into_value! {
    bool: x => Self::Boolean(x);
    i8: x => Self::Integer(x.into());
    i16: x => Self::Integer(x.into());
    i32: x => Self::Integer(x.into());
    i64: x => Self::Integer(x);
    u8: x => Self::Integer(x.into());
    u16: x => Self::Integer(x.into());
    u32: x => Self::Integer(x.into());
    f32: x => Self::Float(x.into());
    f64: x => Self::Float(x);
    &str: x => Self::String(x.into());
    String: x => Self::String(x.into());
    &String: x => Self::String(x.as_str().into());
    Arc<str>: x => Self::String(x);
    Map: x => Self::Map(Arc::new(x));
    Node: x => Self::Node(x);
    Relationship: x => Self::Relationship(x);
    Path: x => Self::Path(Arc::new(x));
    Date: x => Self::Date(x);
    LocalTime: x => Self::LocalTime(x);
    Time: x => Self::Time(x);
    LocalDateTime: x => Self::LocalDateTime(x);
    DateTime: x => Self::DateTime(Arc::new(x));
    Duration: x => Self::Duration(Arc::new(x));
    &Value: x => x.clone();
}

impl<T: Into<Value>> From<Option<T>> for Value {
    /// `None` is null.
    fn from(x: Option<T>) -> Self {
        x.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(x: Vec<T>) -> Self {
        x.into_iter().collect()
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(x: [T; N]) -> Self {
        x.into_iter().collect()
    }
}

impl<T: Into<Value> + Clone> From<&[T]> for Value {
    fn from(x: &[T]) -> Self {
        x.iter().cloned().collect()
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    /// A list.
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::list(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<BTreeMap<String, T>> for Value {
    fn from(x: BTreeMap<String, T>) -> Self {
        Self::map(x.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl<T: Into<Value>, S: BuildHasher> From<HashMap<String, T, S>> for Value {
    #[expect(clippy::iter_over_hash_type, reason = "the target is ordered")]
    fn from(x: HashMap<String, T, S>) -> Self {
        let mut entries = Map::new();
        for (key, value) in x {
            entries.insert(key.into(), value.into());
        }
        Self::map(entries)
    }
}
