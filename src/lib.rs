//! Redstring, an embedded property-graph database: openCypher over a store in one directory.
//!
#![doc = include_str!("../README.md")]

pub mod binder;
pub mod bound;
pub mod database;
pub mod error;
pub mod executor;
pub mod function;
pub mod graph;
pub mod optimizer;
#[cfg(feature = "cli")]
pub mod output;
pub mod plan;
pub mod planner;
pub mod result;
mod session;
#[cfg(feature = "cli")]
pub mod shell;
#[doc(hidden)]
pub mod storage;
pub mod syntax;
pub mod value;

pub use database::{
    CancelHandle, Database, IntoParams, Options, Params, ReadTransaction, Statement, Transaction,
};
pub use error::{Detail, Error, ErrorClass, Phase, Result, Span};
pub use function::{Context, Procedure, Signature};
pub use result::{ColumnIndex, Counters, FromRow, FromValue, Row, Rows, Summary};
pub use value::{
    Map, Node, NodeId, NodeRecord, Path, Relationship, RelationshipId, RelationshipRecord, Value,
};
