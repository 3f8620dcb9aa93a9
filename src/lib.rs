//! Redstring, an embedded property-graph database: openCypher over a store in one directory.
//!
#![doc = include_str!("../README.md")]

pub mod database;
pub mod error;
pub mod function;
pub mod interchange;
#[cfg(feature = "cli")]
pub mod output;
pub mod result;
mod session;
#[cfg(feature = "cli")]
pub mod shell;
pub mod syntax;
pub mod value;

// The engine. It is reachable for the project's own tests, and no part of the promise to users.
#[doc(hidden)]
pub mod binder;
#[doc(hidden)]
pub mod bound;
#[doc(hidden)]
pub mod executor;
#[doc(hidden)]
pub mod graph;
mod input;
#[doc(hidden)]
pub mod meter;
#[doc(hidden)]
pub mod optimizer;
#[doc(hidden)]
pub mod plan;
#[doc(hidden)]
pub mod planner;
#[doc(hidden)]
pub mod storage;

pub use database::{
    BackupOptions, BackupProgress, Database, IntoParams, Options, Params, ReadTransaction,
    Statement, Transaction,
};
pub use error::{Detail, Error, ErrorClass, Phase, Result, Span};
pub use function::{Context, Procedure, Signature, UserAggregate, UserFunction};
pub use graph::{CheckReport, IndexBuild, RepairReport};
pub use meter::CancelHandle;
pub use result::{ColumnIndex, Counters, FromRow, FromValue, Notification, Row, Rows, Summary};
pub use session::StatementOptions;
pub use value::{
    Map, Node, NodeId, NodeRecord, Path, Point, Relationship, RelationshipId, RelationshipRecord,
    Value,
};
