//! Rust values from and into Cypher values.

use std::sync::Arc;

use super::{DateTime, Duration, Value};

impl From<Duration> for Value {
    fn from(x: Duration) -> Self {
        Self::Duration(Arc::new(x))
    }
}

impl From<DateTime> for Value {
    fn from(x: DateTime) -> Self {
        Self::DateTime(Arc::new(x))
    }
}
