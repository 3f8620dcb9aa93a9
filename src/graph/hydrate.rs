//! Attaches to nodes and relationships what they hold: as rows leave the engine, and for functions that write them out.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::value::Column;
use crate::value::Map;
use crate::value::Node;
use crate::value::NodeId;
use crate::value::NodeRecord;
use crate::value::Path;
use crate::value::Relationship;
use crate::value::RelationshipId;
use crate::value::RelationshipRecord;
use crate::value::Value;

use super::KeyId;
use super::Snapshot;

/// The rows of a batch, given by its columns, whole; and about how many bytes they take beside what the columns hold.
/// `ask` fails where they would take too many.
pub(crate) fn rows(
    columns: &[Column],
    graph: &Snapshot,
    ask: impl Fn(u64) -> Result<()>,
) -> Result<(Vec<Vec<Value>>, u64)> {
    let len = columns.first().map_or(0, Column::len);
    let mut hydrator = Hydrator::new(graph);
    let mut rows = Vec::with_capacity(len);
    let width = (size_of::<Vec<Value>>() + columns.len() * size_of::<Value>()) as u64;
    for at in 0..len {
        let values = columns.iter().map(|column| hydrator.value(column.get(at)));
        rows.push(values.collect::<Result<Vec<_>>>()?);
        hydrator.made = hydrator.made.saturating_add(width);
        ask(hydrator.made)?;
    }
    Ok((rows, hydrator.made))
}

/// Reads each node and relationship of a batch once.
pub(crate) struct Hydrator<'a> {
    graph: &'a Snapshot,
    nodes: HashMap<NodeId, Node>,
    relationships: HashMap<RelationshipId, Relationship>,
    /// How many bytes what was made takes.
    made: u64,
}

impl<'a> Hydrator<'a> {
    pub(crate) fn new(graph: &'a Snapshot) -> Self {
        Self { graph, nodes: HashMap::new(), relationships: HashMap::new(), made: 0 }
    }

    /// About how many bytes what was attached takes.
    pub(crate) fn made(&self) -> u64 {
        self.made
    }

    /// The value with all nodes and relationships within it whole.
    pub(crate) fn value(&mut self, value: Value) -> Result<Value> {
        Ok(match value {
            Value::Node(node) => Value::Node(self.node(&node)?),
            Value::Relationship(relationship) => {
                Value::Relationship(self.relationship(&relationship)?)
            }
            Value::Path(path) => {
                self.made += 32 * path.nodes().len() as u64 + 64;
                let nodes = path.nodes().iter().map(|n| self.node(n)).collect::<Result<_>>()?;
                let relationships = path.relationships().iter().map(|r| self.relationship(r));
                let path = Path::new(nodes, relationships.collect::<Result<_>>()?);
                Value::Path(Arc::new(path.ok_or_else(|| Error::internal("a path lost a node"))?))
            }
            Value::List(items) if items.iter().any(holds_entities) => {
                self.made += (items.len() * size_of::<Value>()) as u64 + 40;
                let items = items.iter().map(|item| self.value(item.clone()));
                Value::List(Arc::new(items.collect::<Result<_>>()?))
            }
            Value::Map(map) if map.values().any(holds_entities) => {
                self.made += Value::Map(Arc::default()).held_bytes() + 64 * map.len() as u64;
                let pairs = map.iter().map(|(k, v)| Ok((k.clone(), self.value(v.clone())?)));
                Value::Map(Arc::new(pairs.collect::<Result<_>>()?))
            }
            other => other,
        })
    }

    fn node(&mut self, node: &Node) -> Result<Node> {
        let id = node.id();
        if let Some(known) = self.nodes.get(&id) {
            return Ok(known.clone());
        }
        let labels = self.graph.node_labels(id)?;
        let mut labels: Vec<Arc<str>> =
            labels.into_iter().map(|label| self.graph.label_name(label)).collect();
        labels.sort();
        let properties = self.properties(self.graph.node_properties(id)?);
        let whole = Node::with_record(id, NodeRecord { labels, properties });
        self.made = self.made.saturating_add(Value::Node(whole.clone()).held_bytes());
        self.nodes.insert(id, whole.clone());
        Ok(whole)
    }

    fn relationship(&mut self, relationship: &Relationship) -> Result<Relationship> {
        let id = relationship.id();
        if let Some(known) = self.relationships.get(&id) {
            return Ok(known.clone());
        }
        let (type_id, start, end) = self.graph.relationship(id)?.ok_or_else(|| {
            Error::new(
                ErrorClass::EntityNotFound,
                Phase::Runtime,
                Detail::DeletedEntityAccess,
                format!("relationship {id} is gone"),
            )
        })?;
        let record = RelationshipRecord {
            type_name: self.graph.type_name(type_id),
            start,
            end,
            properties: self.properties(self.graph.relationship_properties(id)?),
        };
        let whole = Relationship::with_record(id, record);
        self.made = self.made.saturating_add(Value::Relationship(whole.clone()).held_bytes());
        self.relationships.insert(id, whole.clone());
        Ok(whole)
    }

    fn properties(&self, pairs: Vec<(KeyId, Value)>) -> Map {
        pairs.into_iter().map(|(key, value)| (self.graph.key_name(key), value)).collect()
    }
}

/// Whether there may be a node, relationship or path within.
fn holds_entities(value: &Value) -> bool {
    match value {
        Value::Node(_) | Value::Relationship(_) | Value::Path(_) => true,
        Value::List(items) => items.iter().any(holds_entities),
        Value::Map(map) => map.values().any(holds_entities),
        _ => false,
    }
}
