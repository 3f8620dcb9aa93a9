//! Cypher values: what they are, how they compare, compute and convert.
//!
//! Owns [`Value`], the entity and temporal types, and [`Column`], the typed vector of values that moves
//! between operators. It does no I/O and may not know of graphs, queries or plans.

use std::collections::BTreeMap;
use std::sync::Arc;

mod bitmap;
mod column;
mod entity;
mod types;

pub use bitmap::Bitmap;
pub use column::{Column, ColumnBuilder, ColumnData};
pub use entity::{
    Node, NodeId, NodeRecord, Path, Relationship, RelationshipId, RelationshipRecord,
};

pub use types::Type;

/// A map of string keys to values.
pub type Map = BTreeMap<Arc<str>, Value>;

/// Any value a query can compute, store or return.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// No value: missing or unknown.
    #[default]
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A 64-bit signed integer.
    Integer(i64),
    /// A 64-bit IEEE 754 float.
    Float(f64),
    /// Unicode text.
    String(Arc<str>),
    /// An ordered list of any values.
    List(Arc<Vec<Value>>),
    /// String keys to values.
    Map(Arc<Map>),
    /// A node.
    Node(Node),
    /// A relationship.
    Relationship(Relationship),
    /// Nodes and relationships in turn.
    Path(Arc<Path>),
}
