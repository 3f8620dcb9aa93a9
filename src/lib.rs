//! Redstring, an embedded property-graph database.

pub mod binder;
pub mod bound;
pub mod error;
pub mod executor;
pub mod function;
pub mod graph;
pub mod optimizer;
pub mod plan;
pub mod planner;
#[doc(hidden)]
pub mod storage;
pub mod syntax;
pub mod value;

pub use error::{Detail, Error, ErrorClass, Phase, Result, Span};
