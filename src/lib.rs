//! Redstring, an embedded property-graph database.

pub mod error;
pub mod graph;
pub mod value;

pub use error::{Detail, Error, ErrorClass, Phase, Result, Span};
