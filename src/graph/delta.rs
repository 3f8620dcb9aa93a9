//! The changes since the base segments, in structurally shared collections.
//!
//! Owns the layout of the in-memory delta. Cloning a [`Delta`] costs a few reference counts, so that
//! every commit and savepoint can keep its own. It may not know of tokens, segments or the log.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::OrdSet;

use crate::value::Value;

use super::ids::{IdMap, IdSet};
use super::index::Entry;
use super::schema::{Index, Schema, SchemaTarget};
use super::{KeyId, LabelId, TypeId};

/// Properties in the order of their keys, none of them null.
pub(super) type Properties = Vec<(KeyId, Value)>;

/// What a touched node holds now; it replaces all that the base says of the node.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeState {
    /// Sorted.
    pub(super) labels: Vec<LabelId>,
    pub(super) properties: Properties,
    pub(super) deleted: bool,
}

/// What a touched relationship holds now; it replaces all that the base says of it.
#[derive(Debug, Clone)]
pub(super) struct RelationshipState {
    pub(super) type_id: TypeId,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) properties: Properties,
    pub(super) deleted: bool,
}

/// The property with this key.
pub(super) fn property(properties: &Properties, key: KeyId) -> Option<&Value> {
    // Few properties per entity: a walk beats a binary search.
    properties.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
}

/// Sets or, with null, removes a property; whether anything was there before or is now.
pub(super) fn set_property(properties: &mut Properties, key: KeyId, value: &Value) -> bool {
    match (properties.binary_search_by_key(&key, |(k, _)| *k), value) {
        (Ok(at), Value::Null) => {
            properties.remove(at);
            true
        }
        (Err(_), Value::Null) => false,
        (Ok(at), value) => {
            if let Some(slot) = properties.get_mut(at) {
                slot.1 = value.clone();
            }
            true
        }
        (Err(at), value) => {
            properties.insert(at, (key, value.clone()));
            true
        }
    }
}

/// What the delta has of a relationship type.
#[derive(Debug, Clone, Default)]
pub(super) struct TypeSets {
    /// Touched relationships that are not deleted.
    pub(super) relationships: IdSet,
    /// Nodes where a relationship of the delta starts or has started.
    pub(super) starts: IdSet,
    /// Nodes where a relationship of the delta ends or has ended.
    pub(super) ends: IdSet,
}

/// One end of a relationship as a sorted key: node, type, neighbour, relationship.
pub(super) type Link = (u64, u32, u64, u64);

/// All changes since the base.
#[derive(Debug, Clone, Default)]
pub(super) struct Delta {
    pub(super) nodes: IdMap<NodeState>,
    pub(super) touched_nodes: IdSet,
    /// By label, the touched nodes that have it.
    pub(super) labels: OrdMap<u32, IdSet>,
    pub(super) relationships: IdMap<RelationshipState>,
    pub(super) touched_relationships: IdSet,
    /// By type, the touched relationships that have it.
    pub(super) types: OrdMap<u32, TypeSets>,
    /// Relationships of the base that are gone.
    pub(super) removed_relationships: IdSet,
    /// Relationships that the base does not have, by their start.
    pub(super) outgoing: OrdSet<Link>,
    /// Relationships that the base does not have, by their end.
    pub(super) incoming: OrdSet<Link>,
    /// Nodes with an entry in `outgoing` or `incoming`, or with a removed relationship.
    pub(super) touched_adjacency: IdSet,
    /// By index, the entries of touched nodes and relationships.
    pub(super) indexes: OrdMap<u32, OrdSet<Entry>>,
}

impl Delta {
    #[inline]
    pub(super) fn node(&self, id: u64) -> Option<&Arc<NodeState>> {
        if self.touched_nodes.contains(id) { self.nodes.get(id) } else { None }
    }

    #[inline]
    pub(super) fn relationship(&self, id: u64) -> Option<&Arc<RelationshipState>> {
        if self.touched_relationships.contains(id) { self.relationships.get(id) } else { None }
    }

    pub(super) fn links(&self, outgoing: bool) -> &OrdSet<Link> {
        if outgoing { &self.outgoing } else { &self.incoming }
    }

    /// Replaces the state of a node and keeps the label sets and the indexes in step.
    pub(super) fn put_node(&mut self, schema: &Schema, id: u64, state: NodeState) {
        let old = self.nodes.get(id).cloned();
        for index in schema.indexes() {
            let SchemaTarget::Label(label) = index.on else { continue };
            let key = |state: &NodeState| {
                state.labels.contains(&label).then(|| index.key(&state.properties)).flatten()
            };
            let before = old.as_deref().and_then(key);
            self.reindex(index, id, before, Some(&state).filter(|s| !s.deleted).and_then(key));
        }
        if let Some(old) = old {
            for label in &old.labels {
                if state.deleted || !state.labels.contains(label) {
                    self.labels.entry(label.0).or_default().remove(id);
                }
            }
        }
        if !state.deleted {
            for label in &state.labels {
                self.labels.entry(label.0).or_default().insert(id);
            }
        }
        self.nodes.insert(id, Arc::new(state));
        self.touched_nodes.insert(id);
    }

    /// Replaces the state of a relationship and keeps the type sets and the indexes in step.
    pub(super) fn put_relationship(&mut self, schema: &Schema, id: u64, state: RelationshipState) {
        for index in schema.indexes() {
            if index.on != SchemaTarget::Type(state.type_id) {
                continue;
            }
            let before = self.relationships.get(id).and_then(|old| index.key(&old.properties));
            let after = if state.deleted { None } else { index.key(&state.properties) };
            self.reindex(index, id, before, after);
        }
        let sets = self.types.entry(state.type_id.0).or_default();
        if state.deleted {
            sets.relationships.remove(id);
        } else {
            sets.relationships.insert(id);
        }
        self.relationships.insert(id, Arc::new(state));
        self.touched_relationships.insert(id);
    }

    /// Moves the entry of a node or relationship in an index.
    fn reindex(&mut self, index: &Index, id: u64, before: Option<Value>, after: Option<Value>) {
        if before == after {
            return;
        }
        let entries = self.indexes.entry(index.id.0).or_default();
        if let Some(key) = before {
            entries.remove(&(key, id));
        }
        if let Some(key) = after {
            entries.insert((key, id));
        }
    }

    /// Makes the entries of a new index.
    pub(super) fn add_index(&mut self, index: &Index) {
        let mut entries = OrdSet::new();
        match index.on {
            SchemaTarget::Label(label) => {
                let nodes = self.labels.get(&label.0).into_iter();
                for id in nodes.flat_map(|nodes| nodes.iter_from(0)) {
                    let state = self.nodes.get(id);
                    if let Some(key) = state.and_then(|state| index.key(&state.properties)) {
                        entries.insert((key, id));
                    }
                }
            }
            SchemaTarget::Type(type_id) => {
                let sets = self.types.get(&type_id.0).into_iter();
                for id in sets.flat_map(|sets| sets.relationships.iter_from(0)) {
                    let state = self.relationships.get(id);
                    if let Some(key) = state.and_then(|state| index.key(&state.properties)) {
                        entries.insert((key, id));
                    }
                }
            }
        }
        self.indexes.insert(index.id.0, entries);
    }

    /// Adds both ends of a relationship that the base does not have.
    pub(super) fn link(&mut self, type_id: TypeId, start: u64, end: u64, id: u64) {
        self.outgoing.insert((start, type_id.0, end, id));
        self.incoming.insert((end, type_id.0, start, id));
        self.touched_adjacency.insert(start);
        self.touched_adjacency.insert(end);
    }

    /// Takes both ends of a relationship away, wherever it is.
    pub(super) fn unlink(&mut self, type_id: TypeId, start: u64, end: u64, id: u64) {
        if self.outgoing.remove(&(start, type_id.0, end, id)).is_some() {
            self.incoming.remove(&(end, type_id.0, start, id));
        } else {
            self.removed_relationships.insert(id);
        }
        self.touched_adjacency.insert(start);
        self.touched_adjacency.insert(end);
    }
}
