//! The changes since the base segments, in structurally shared collections.
//!
//! Owns the layout of the in-memory delta. Cloning a [`Delta`] costs a few reference counts, so that
//! every commit and savepoint can keep its own. It may not know of tokens, segments or the log.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::OrdSet;

use crate::value::Value;

use super::{KeyId, LabelId, TypeId};

/// Ids per block of an [`IdSet`], as a shift.
const BLOCK_SHIFT: u32 = 15;
const BLOCK_WORDS: usize = 1 << (BLOCK_SHIFT - 6);

type Block = Arc<[u64; BLOCK_WORDS]>;

/// A set of ids as bits in shared blocks: a membership test is two loads, a clone one count.
#[derive(Debug, Clone, Default)]
pub(super) struct IdSet {
    blocks: Arc<Vec<Option<Block>>>,
    len: usize,
}

impl IdSet {
    /// Whether nothing is in it: the test that keeps clean paths clean.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(super) fn contains(&self, id: u64) -> bool {
        match self.blocks.get((id >> BLOCK_SHIFT) as usize) {
            Some(Some(block)) => {
                let word = (id >> 6) as usize & (BLOCK_WORDS - 1);
                block[word] >> (id & 63) & 1 == 1
            }
            _ => false,
        }
    }

    pub(super) fn insert(&mut self, id: u64) {
        if self.contains(id) {
            return;
        }
        let at = (id >> BLOCK_SHIFT) as usize;
        let blocks = Arc::make_mut(&mut self.blocks);
        if blocks.len() <= at {
            blocks.resize(at + 1, None);
        }
        if let Some(slot) = blocks.get_mut(at) {
            let block = slot.get_or_insert_with(|| Arc::new([0; BLOCK_WORDS]));
            let word = (id >> 6) as usize & (BLOCK_WORDS - 1);
            Arc::make_mut(block)[word] |= 1 << (id & 63);
            self.len += 1;
        }
    }
}

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

/// One end of a relationship as a sorted key: node, type, neighbour, relationship.
pub(super) type Link = (u64, u32, u64, u64);

/// All changes since the base.
#[derive(Debug, Clone, Default)]
pub(super) struct Delta {
    pub(super) nodes: OrdMap<u64, Arc<NodeState>>,
    pub(super) touched_nodes: IdSet,
    /// Label and node, for touched nodes that are not deleted.
    pub(super) label_nodes: OrdSet<(u32, u64)>,
    pub(super) relationships: OrdMap<u64, Arc<RelationshipState>>,
    pub(super) touched_relationships: IdSet,
    /// Type and relationship, for touched relationships that are not deleted.
    pub(super) type_relationships: OrdSet<(u32, u64)>,
    /// Relationships of the base that are gone.
    pub(super) removed_relationships: IdSet,
    /// Relationships that the base does not have, by their start.
    pub(super) outgoing: OrdSet<Link>,
    /// Relationships that the base does not have, by their end.
    pub(super) incoming: OrdSet<Link>,
    /// Nodes with an entry in `outgoing` or `incoming`, or with a removed relationship.
    pub(super) touched_adjacency: IdSet,
}

impl Delta {
    #[inline]
    pub(super) fn node(&self, id: u64) -> Option<&Arc<NodeState>> {
        if self.touched_nodes.contains(id) { self.nodes.get(&id) } else { None }
    }

    #[inline]
    pub(super) fn relationship(&self, id: u64) -> Option<&Arc<RelationshipState>> {
        if self.touched_relationships.contains(id) { self.relationships.get(&id) } else { None }
    }

    pub(super) fn links(&self, outgoing: bool) -> &OrdSet<Link> {
        if outgoing { &self.outgoing } else { &self.incoming }
    }

    /// Replaces the state of a node and keeps the label sets in step.
    pub(super) fn put_node(&mut self, id: u64, state: NodeState) {
        if let Some(old) = self.nodes.get(&id).cloned() {
            for label in &old.labels {
                if state.deleted || !state.labels.contains(label) {
                    self.label_nodes.remove(&(label.0, id));
                }
            }
        }
        if !state.deleted {
            for label in &state.labels {
                self.label_nodes.insert((label.0, id));
            }
        }
        self.nodes.insert(id, Arc::new(state));
        self.touched_nodes.insert(id);
    }

    /// Replaces the state of a relationship and keeps the type sets in step.
    pub(super) fn put_relationship(&mut self, id: u64, state: RelationshipState) {
        if state.deleted {
            self.type_relationships.remove(&(state.type_id.0, id));
        } else {
            self.type_relationships.insert((state.type_id.0, id));
        }
        self.relationships.insert(id, Arc::new(state));
        self.touched_relationships.insert(id);
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
