//! Nodes, relationships and paths.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Column, ColumnData, Map, Value};

/// Identifies a node within one graph. Ids are dense: new nodes take the next number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub u64);

/// Identifies a relationship within one graph. Ids are dense: new relationships take the next number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RelationshipId(pub u64);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RelationshipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a node holds.
#[derive(Debug, Clone, Default)]
pub struct NodeRecord {
    /// Label names, sorted.
    pub labels: Vec<Arc<str>>,
    /// Property keys to values; none of them null.
    pub properties: Map,
}

/// What a relationship holds.
#[derive(Debug, Clone)]
pub struct RelationshipRecord {
    /// The relationship type's name.
    pub type_name: Arc<str>,
    /// Where it starts.
    pub start: NodeId,
    /// Where it ends.
    pub end: NodeId,
    /// Property keys to values; none of them null.
    pub properties: Map,
}

/// A node. Two are equal when they have the same id.
///
/// While a query runs a node is only its id; its record is attached when a row leaves the engine, so
/// every node in a result has one.
#[derive(Debug, Clone)]
pub struct Node {
    id: NodeId,
    record: Option<Arc<NodeRecord>>,
}

impl Node {
    /// A node by its id alone.
    pub fn new(id: NodeId) -> Self {
        Self { id, record: None }
    }

    /// A node with what it holds.
    pub fn with_record(id: NodeId, record: NodeRecord) -> Self {
        Self { id, record: Some(Arc::new(record)) }
    }

    /// Its record, where one is attached.
    pub fn record(&self) -> Option<&NodeRecord> {
        self.record.as_deref()
    }

    /// Its id.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Its label names, in the order in which the graph came to know them.
    pub fn labels(&self) -> &[Arc<str>] {
        self.record.as_ref().map_or(&[], |r| &r.labels)
    }

    /// Its properties.
    pub fn properties(&self) -> &Map {
        self.record.as_ref().map_or(&EMPTY, |r| &r.properties)
    }

    /// One property, or null.
    pub fn get(&self, key: &str) -> &Value {
        self.properties().get(key).unwrap_or(&Value::Null)
    }
}

/// A relationship. Two are equal when they have the same id.
///
/// While a query runs a relationship is only its id; its record is attached when a row leaves the
/// engine, so every relationship in a result has one.
#[derive(Debug, Clone)]
pub struct Relationship {
    id: RelationshipId,
    record: Option<Arc<RelationshipRecord>>,
}

impl Relationship {
    /// A relationship by its id alone.
    pub fn new(id: RelationshipId) -> Self {
        Self { id, record: None }
    }

    /// A relationship with what it holds.
    pub fn with_record(id: RelationshipId, record: RelationshipRecord) -> Self {
        Self { id, record: Some(Arc::new(record)) }
    }

    /// Its id.
    pub fn id(&self) -> RelationshipId {
        self.id
    }

    /// Its record, where one is attached.
    pub fn record(&self) -> Option<&RelationshipRecord> {
        self.record.as_deref()
    }

    /// Its type's name.
    pub fn type_name(&self) -> &str {
        self.record.as_ref().map_or("", |r| &r.type_name)
    }

    /// Where it starts.
    pub fn start(&self) -> Option<NodeId> {
        self.record.as_ref().map(|r| r.start)
    }

    /// Where it ends.
    pub fn end(&self) -> Option<NodeId> {
        self.record.as_ref().map(|r| r.end)
    }

    /// Its properties.
    pub fn properties(&self) -> &Map {
        self.record.as_ref().map_or(&EMPTY, |r| &r.properties)
    }

    /// One property, or null.
    pub fn get(&self, key: &str) -> &Value {
        self.properties().get(key).unwrap_or(&Value::Null)
    }
}

static EMPTY: Map = Map::new();

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Node {}

impl PartialEq for Relationship {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Relationship {}

/// Nodes and relationships in turn: always one node more than relationships.
///
/// A relationship may be walked against its direction; its record says where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    nodes: Vec<Node>,
    relationships: Vec<Relationship>,
}

impl Path {
    /// A path, if there is one node more than there are relationships.
    pub fn new(nodes: Vec<Node>, relationships: Vec<Relationship>) -> Option<Self> {
        (nodes.len() == relationships.len() + 1).then_some(Self { nodes, relationships })
    }

    /// Its nodes, from the first to the last.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Its relationships, from the first to the last.
    pub fn relationships(&self) -> &[Relationship] {
        &self.relationships
    }

    /// How many relationships it has.
    pub fn len(&self) -> usize {
        self.relationships.len()
    }

    /// Whether it is a single node.
    pub fn is_empty(&self) -> bool {
        self.relationships.is_empty()
    }
}

/// How deep values are looked into for entities.
const DEPTH: usize = 8;

impl Value {
    /// Whether it is, or holds, a node, relationship or path; it may say so of what is deeply nested without looking.
    ///
    /// ```
    /// use redstring::Value;
    /// assert!(!Value::list(vec![1.into(), "a".into()]).holds_entities());
    /// ```
    pub fn holds_entities(&self) -> bool {
        self.holds_entities_within(DEPTH)
    }

    fn holds_entities_within(&self, depth: usize) -> bool {
        let within = |value: &Value| value.holds_entities_within(depth - 1);
        match self {
            Self::Node(_) | Self::Relationship(_) | Self::Path(_) => true,
            Self::List(_) | Self::Map(_) if depth == 0 => true,
            Self::List(items) => items.iter().any(within),
            Self::Map(map) => map.values().any(within),
            _ => false,
        }
    }
}

impl Column {
    /// Whether a row may hold a node, relationship or path.
    pub fn holds_entities(&self) -> bool {
        match self.data() {
            ColumnData::Node(_) | ColumnData::Relationship(_) => true,
            ColumnData::Constant(value, _) => value.holds_entities(),
            ColumnData::Value(values) => values.iter().any(Value::holds_entities),
            ColumnData::Boolean(_)
            | ColumnData::Integer(_)
            | ColumnData::Float(_)
            | ColumnData::String(_)
            | ColumnData::Dictionary(..) => false,
        }
    }
}
