//! The changes since the base segments, in structurally shared collections.
//!
//! Owns the layout of the in-memory delta. Cloning a [`Delta`] costs a few reference counts, so that
//! every commit and savepoint can keep its own. It may not know of tokens, segments or the log.

mod entities;
mod entries;
mod labels;
#[cfg(test)]
mod tests;

use std::ops::Range;

use imbl::OrdMap;
use imbl::OrdSet;

use crate::meter;
use crate::value::NodeId;
use crate::value::Value;

use super::ids::{Growth, IdSet};
use super::index::Entry;
use super::schema::{Index, Schema, SchemaTarget};
use super::values::Values;
use super::{KeyId, LabelId, TypeId};

pub(super) use entities::{Entities, Entity};
pub(super) use entries::Entries;
pub(super) use labels::Labels;

/// Properties in the order of their keys, none of them null.
pub(super) type Properties = Vec<(KeyId, Value)>;

/// What a touched node is, beside its properties; it replaces all that the base says of the node.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeHead {
    /// None if it is deleted.
    pub(super) labels: Labels,
    pub(super) deleted: bool,
}

/// What a touched relationship is, beside its properties; it replaces all that the base says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RelationshipHead {
    pub(super) type_id: TypeId,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) deleted: bool,
}

impl RelationshipHead {
    /// Type, start and end.
    pub(super) fn ends(&self) -> (TypeId, NodeId, NodeId) {
        (self.type_id, NodeId(self.start), NodeId(self.end))
    }
}

/// The property with this key.
pub(super) fn property(properties: &Properties, key: KeyId) -> Option<&Value> {
    // Few properties per entity: a walk beats a binary search.
    properties.iter().find(|(k, _)| *k == key).map(|(_, value)| value)
}

/// Sets or, with null, removes a property.
pub(super) fn set_property(properties: &mut Properties, key: KeyId, value: &Value) {
    match (properties.binary_search_by_key(&key, |(k, _)| *k), value) {
        (Ok(at), Value::Null) => drop(properties.remove(at)),
        (Err(_), Value::Null) => {}
        (Ok(at), value) => {
            if let Some(slot) = properties.get_mut(at) {
                slot.1 = value.clone();
            }
        }
        (Err(at), value) => properties.insert(at, (key, value.clone())),
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

impl TypeSets {
    fn growth(&self) -> Growth {
        [&self.relationships, &self.starts, &self.ends].into_iter().map(IdSet::growth).sum()
    }
}

/// One end of a relationship as a sorted key: node, type, neighbour, relationship.
pub(super) type Link = (u64, u32, u64, u64);

/// All changes since the base.
#[derive(Debug, Clone, Default)]
pub(super) struct Delta {
    pub(super) nodes: Entities<NodeHead>,
    pub(super) touched_nodes: IdSet,
    /// By label, the touched nodes that have it.
    pub(super) labels: OrdMap<u32, IdSet>,
    pub(super) relationships: Entities<RelationshipHead>,
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
    pub(super) indexes: OrdMap<u32, Entries>,
    /// What the sets by label and by type, the entries of indexes, and texts and lists that came from the base have taken.
    growth: Growth,
    /// How often `outgoing` and `incoming` were changed.
    links: u64,
}

/// How much a delta had allocated at some time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Allocated {
    growth: Growth,
    links: u64,
}

/// What a link takes in a tree whose leaves are half full.
const LINK: u64 = 72;

/// What is copied of a tree that is shared to change a link.
const PATH: u64 = 1536;

/// Where a touched node stands in an index.
fn node_key(index: &Index, node: &Entity<'_, NodeHead>) -> Option<Value> {
    let is_on = matches!(index.on, SchemaTarget::Label(of) if node.head().labels.contains(&of));
    if is_on { index.key(|key| node.property(key)) } else { None }
}

/// Where a touched relationship stands in an index.
fn relationship_key(index: &Index, one: &Entity<'_, RelationshipHead>) -> Option<Value> {
    let head = one.head();
    let is_on = index.on == SchemaTarget::Type(head.type_id) && !head.deleted;
    if is_on { index.key(|key| one.property(key)) } else { None }
}

/// Notes how the entry of somebody moves in an index.
fn moves(changes: &mut Vec<(Entry, bool)>, id: u64, before: Option<Value>, after: Option<Value>) {
    if before != after {
        changes.extend(before.map(|key| ((key, id), false)));
        changes.extend(after.map(|key| ((key, id), true)));
    }
}

/// Sets a property of touched entities, one after the other. Says how many had or have a value, and what moves in each index.
fn set<H: Clone>(
    entities: &mut Entities<H>,
    indexes: &[&Index],
    stand: impl Fn(&Index, &Entity<'_, H>) -> Option<Value>,
    ids: &[u64],
    key: KeyId,
    values: &Values,
) -> (u64, Vec<Vec<(Entry, bool)>>) {
    let mut moved = vec![Vec::new(); indexes.len()];
    let mut changed = 0;
    if indexes.is_empty() {
        for (at, id) in ids.iter().enumerate() {
            changed += u64::from(entities.set(*id, key, &values.get(at)));
        }
        return (changed, moved);
    }
    let places = |entities: &Entities<H>, id: u64| -> Vec<Option<Value>> {
        let one = entities.get(id);
        indexes.iter().map(|index| stand(index, one.as_ref()?)).collect()
    };
    for (at, id) in ids.iter().enumerate() {
        let before = places(entities, *id);
        changed += u64::from(entities.set(*id, key, &values.get(at)));
        let after = places(entities, *id);
        for ((moved, before), after) in moved.iter_mut().zip(before).zip(after) {
            moves(moved, *id, before, after);
        }
    }
    (changed, moved)
}

impl Delta {
    #[inline]
    pub(super) fn node(&self, id: u64) -> Option<Entity<'_, NodeHead>> {
        if self.touched_nodes.contains(id) { self.nodes.get(id) } else { None }
    }

    #[inline]
    pub(super) fn relationship(&self, id: u64) -> Option<Entity<'_, RelationshipHead>> {
        if self.touched_relationships.contains(id) { self.relationships.get(id) } else { None }
    }

    /// How much it has allocated up to now.
    pub(super) fn allocated(&self) -> Allocated {
        let sets = [&self.touched_nodes, &self.touched_relationships, &self.removed_relationships];
        let sets = sets.into_iter().chain([&self.touched_adjacency]).map(IdSet::growth);
        let growth = [self.nodes.growth(), self.relationships.growth(), self.growth];
        Allocated { growth: sets.chain(growth).sum(), links: self.links }
    }

    /// What it has allocated since an earlier state of it: for what is new, and for copies.
    pub(super) fn allocated_since(&self, earlier: Allocated) -> Growth {
        let now = self.allocated();
        let links = (self.outgoing.len() + self.incoming.len()) as u64 * LINK;
        let changed = now.links.saturating_sub(earlier.links);
        let mut growth = now.growth.since(earlier.growth);
        growth.new += links.min(changed * PATH);
        growth
    }

    /// Changes the set of a label.
    fn change_label<T>(&mut self, label: LabelId, change: impl FnOnce(&mut IdSet) -> T) {
        let set = self.labels.entry(label.0).or_default();
        let before = set.growth();
        change(set);
        self.growth = [self.growth, set.growth().since(before)].into_iter().sum();
    }

    /// Changes the sets of a type.
    fn change_type<T>(&mut self, type_id: TypeId, change: impl FnOnce(&mut TypeSets) -> T) -> T {
        let sets = self.types.entry(type_id.0).or_default();
        let before = sets.growth();
        let changed = change(sets);
        self.growth = [self.growth, sets.growth().since(before)].into_iter().sum();
        changed
    }

    /// Notes where a relationship of a type starts and ends. Says whether none did before.
    pub(super) fn note_ends(&mut self, type_id: TypeId, start: u64, end: u64) -> (bool, bool) {
        self.change_type(type_id, |sets| (sets.starts.insert(start), sets.ends.insert(end)))
    }

    /// Counts what values hold that were copied from the base.
    pub(super) fn hold_values(&mut self, bytes: u64) {
        self.growth.new += bytes;
    }

    pub(super) fn links(&self, outgoing: bool) -> &OrdSet<Link> {
        if outgoing { &self.outgoing } else { &self.incoming }
    }

    /// Puts different nodes in, or in the place of what was there, and keeps the label sets and the indexes in step.
    pub(super) fn put_nodes(&mut self, schema: &Schema, nodes: &[(u64, NodeHead, Properties)]) {
        for index in schema.indexes() {
            let SchemaTarget::Label(label) = index.on else { continue };
            let mut changes = Vec::new();
            for (id, head, properties) in nodes {
                let before = self.nodes.get(*id).and_then(|node| node_key(index, &node));
                let is_on = head.labels.contains(&label);
                let after = if is_on { index.key_of(properties) } else { None };
                moves(&mut changes, *id, before, after);
            }
            self.change_index(index, changes);
        }
        let mut gone = Vec::new();
        for (id, head, properties) in nodes {
            if let Some(old) = self.nodes.get(*id) {
                for label in old.head().labels.iter().filter(|label| !head.labels.contains(label)) {
                    gone.push((*label, *id));
                }
            }
            for (label, id) in gone.drain(..) {
                self.change_label(label, |ids| ids.remove(id));
            }
            for label in head.labels.iter() {
                self.change_label(*label, |ids| ids.insert(*id));
            }
            self.nodes.put(*id, head.clone(), properties);
            self.touched_nodes.insert(*id);
        }
    }

    /// Puts different relationships in, or in the place of what was there: of the same type, start and end.
    pub(super) fn put_relationships(
        &mut self,
        schema: &Schema,
        relationships: &[(u64, RelationshipHead, Properties)],
    ) {
        for index in schema.indexes() {
            let mut changes = Vec::new();
            for (id, head, properties) in relationships {
                if index.on == SchemaTarget::Type(head.type_id) {
                    let old = self.relationships.get(*id);
                    let before = old.and_then(|old| relationship_key(index, &old));
                    let after = if head.deleted { None } else { index.key_of(properties) };
                    moves(&mut changes, *id, before, after);
                }
            }
            self.change_index(index, changes);
        }
        for (id, head, properties) in relationships {
            self.change_type(head.type_id, |sets| {
                if head.deleted {
                    sets.relationships.remove(*id);
                } else {
                    sets.relationships.insert(*id);
                }
            });
            self.relationships.put(*id, *head, properties);
            self.touched_relationships.insert(*id);
        }
    }

    /// Puts in new nodes, with a value of each column for each of them.
    pub(super) fn append_nodes(
        &mut self,
        schema: &Schema,
        ids: Range<u64>,
        labels: &[LabelId],
        columns: &[(KeyId, Values)],
    ) {
        for index in schema.indexes() {
            if matches!(index.on, SchemaTarget::Label(label) if labels.contains(&label)) {
                self.append_entries(index, ids.clone(), columns);
            }
        }
        for label in labels {
            self.change_label(*label, |own| own.insert_range(ids.clone()));
        }
        let head = NodeHead { labels: Labels::new(labels), deleted: false };
        self.nodes.append(ids.clone(), |_| head.clone(), columns);
        self.touched_nodes.insert_range(ids);
    }

    /// Puts in new relationships of one type, with a value of each column for each of them.
    pub(super) fn append_relationships(
        &mut self,
        schema: &Schema,
        ids: Range<u64>,
        heads: &[RelationshipHead],
        columns: &[(KeyId, Values)],
    ) {
        let Some(first) = heads.first() else { return };
        for index in schema.indexes() {
            if index.on == SchemaTarget::Type(first.type_id) {
                self.append_entries(index, ids.clone(), columns);
            }
        }
        self.change_type(first.type_id, |sets| sets.relationships.insert_range(ids.clone()));
        self.relationships.append(ids.clone(), |at| heads[at], columns);
        self.touched_relationships.insert_range(ids);
    }

    /// Sets or, with null, removes a property of touched nodes, one after the other. Says how many had or have a value.
    pub(super) fn set_node_property(
        &mut self,
        schema: &Schema,
        ids: &[u64],
        key: KeyId,
        values: &Values,
    ) -> u64 {
        let indexes = schema.on_key(key);
        let (changed, moved) = set(&mut self.nodes, &indexes, node_key, ids, key, values);
        self.change_indexes(indexes, moved);
        changed
    }

    /// The same for touched relationships.
    pub(super) fn set_relationship_property(
        &mut self,
        schema: &Schema,
        ids: &[u64],
        key: KeyId,
        values: &Values,
    ) -> u64 {
        let (indexes, all) = (schema.on_key(key), &mut self.relationships);
        let (changed, moved) = set(all, &indexes, relationship_key, ids, key, values);
        self.change_indexes(indexes, moved);
        changed
    }

    fn change_indexes(&mut self, indexes: Vec<&Index>, moved: Vec<Vec<(Entry, bool)>>) {
        indexes.into_iter().zip(moved).for_each(|(index, moved)| self.change_index(index, moved));
    }

    fn change_index(&mut self, index: &Index, changes: Vec<(Entry, bool)>) {
        if !changes.is_empty() {
            let entries = self.indexes.entry(index.id.0).or_default();
            self.growth.new += entries.change(changes);
        }
    }

    /// Makes the entries of new nodes or relationships that an index is on.
    fn append_entries(&mut self, index: &Index, ids: Range<u64>, columns: &[(KeyId, Values)]) {
        let column = |key: KeyId| columns.iter().find(|(own, _)| *own == key).map(|(_, own)| own);
        let numbers = match index.keys.as_slice() {
            [only] if index.holds(&Value::Integer(0)) => column(*only),
            _ => None,
        };
        if let Some(Values::Integers(numbers)) = numbers {
            let entries = numbers.iter().copied().zip(ids).collect();
            let own = self.indexes.entry(index.id.0).or_default();
            self.growth.new += own.add_integers(entries);
            return;
        }
        let value = |key, at| Some(column(key)?.get(at)).filter(|v| !matches!(v, Value::Null));
        let mut changes = Vec::new();
        for (at, id) in ids.enumerate() {
            changes.extend(index.key(|key| value(key, at)).map(|key| ((key, id), true)));
        }
        self.change_index(index, changes);
    }

    /// Makes the entries of a new index, where they were not made ahead.
    pub(super) fn add_index(&mut self, index: &Index) {
        if self.indexes.contains_key(&index.id.0) {
            return;
        }
        let ids = |ids: Option<&IdSet>| -> Vec<u64> {
            ids.into_iter().flat_map(|ids| ids.iter_from(0)).collect()
        };
        let entry = |id, key: Option<Value>| {
            meter::walk(1);
            Some(((key?, id), true))
        };
        let mut entries: Vec<(Entry, bool)> = match index.on {
            SchemaTarget::Label(label) => ids(self.labels.get(&label.0))
                .into_iter()
                .filter_map(|id| entry(id, node_key(index, &self.nodes.get(id)?)))
                .collect(),
            SchemaTarget::Type(of) => ids(self.types.get(&of.0).map(|sets| &sets.relationships))
                .into_iter()
                .filter_map(|id| entry(id, relationship_key(index, &self.relationships.get(id)?)))
                .collect(),
        };
        // Under looks, which `change` has none of: it finds them in order, where there may be millions.
        entries.sort_unstable_by(meter::stepped(Ord::cmp));
        let mut own = Entries::default();
        self.growth.new += own.change(entries);
        self.indexes.insert(index.id.0, own);
    }

    /// Makes the entries of a new index from those that an earlier delta on the same base had: only who was changed since is
    /// asked, and who was copied from the base without a change.
    pub(super) fn add_index_after(&mut self, index: &Index, before: &Self, changed: &IdSet) {
        let (own, known) = match index.on {
            SchemaTarget::Label(_) => (&self.touched_nodes, &before.touched_nodes),
            SchemaTarget::Type(_) => (&self.touched_relationships, &before.touched_relationships),
        };
        let mut ids: Vec<u64> = changed.iter_from(0).chain(own.since(known)).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut changes = Vec::new();
        for id in ids {
            moves(&mut changes, id, before.index_key(index, id), self.index_key(index, id));
        }
        let mut entries = before.indexes.get(&index.id.0).cloned().unwrap_or_default();
        if !changes.is_empty() {
            self.growth.new += entries.change(changes);
        }
        self.indexes.insert(index.id.0, entries);
    }

    /// Where somebody stands in an index, as far as that is in the delta.
    fn index_key(&self, index: &Index, id: u64) -> Option<Value> {
        match index.on {
            SchemaTarget::Label(_) => node_key(index, &self.node(id)?),
            SchemaTarget::Type(_) => relationship_key(index, &self.relationship(id)?),
        }
    }

    /// Adds both ends of a relationship that the base does not have.
    pub(super) fn link(&mut self, type_id: TypeId, start: u64, end: u64, id: u64) {
        self.links += 2;
        self.outgoing.insert((start, type_id.0, end, id));
        self.incoming.insert((end, type_id.0, start, id));
        self.touched_adjacency.insert(start);
        self.touched_adjacency.insert(end);
    }

    /// Takes both ends of a relationship away, wherever it is.
    pub(super) fn unlink(&mut self, type_id: TypeId, start: u64, end: u64, id: u64) {
        self.links += 2;
        if self.outgoing.remove(&(start, type_id.0, end, id)).is_some() {
            self.incoming.remove(&(end, type_id.0, start, id));
        } else {
            self.removed_relationships.insert(id);
        }
        self.touched_adjacency.insert(start);
        self.touched_adjacency.insert(end);
    }
}
