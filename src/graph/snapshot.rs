//! One immutable state of the graph, and every question that can be put to it.
//!
//! The only read path: readers, transactions and the checkpoint all ask a [`Snapshot`]. It joins base
//! segments and delta; where the delta has touched nothing it never looks there. It may not know of the
//! log or of locks.

use std::fmt;
use std::sync::Arc;

use imbl::OrdMap;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::value::Bitmap;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::catalog::{Catalog, Tokens};
use super::change::Change;
use super::delta::Delta;
use super::ids::IdSet;
use super::links::Links;
use super::schema::Schema;
use super::segment::{Base, Family, SectionKey};
use super::{Direction, KeyId, LabelId, Neighbours, PropertyStatistics, TypeId, TypeStatistics};

/// A number behind an id type.
pub(super) trait Raw: Copy {
    /// The number.
    fn raw(self) -> u64;
}

impl Raw for NodeId {
    fn raw(self) -> u64 {
        self.0
    }
}

impl Raw for RelationshipId {
    fn raw(self) -> u64 {
        self.0
    }
}

/// Everything a snapshot is made of. Cloning costs some reference counts.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) base: Arc<Base>,
    pub(super) delta: Delta,
    /// The last commit in it; 0 before the first.
    pub(super) sequence: u64,
    pub(super) tokens: Tokens,
    pub(super) next_node: u64,
    pub(super) next_relationship: u64,
    pub(super) node_count: u64,
    pub(super) relationship_count: u64,
    pub(super) label_counts: OrdMap<u32, u64>,
    pub(super) type_counts: OrdMap<u32, TypeStatistics>,
    pub(super) schema: Arc<Schema>,
}

pub(super) fn deleted(kind: &str, id: u64) -> Error {
    Error::new(
        ErrorClass::EntityNotFound,
        Phase::Runtime,
        Detail::DeletedEntityAccess,
        format!("{kind} with id {id} is deleted"),
    )
}

impl State {
    /// The state that a catalog describes.
    pub(super) fn new(catalog: &Catalog, base: Arc<Base>) -> Self {
        let table = |names: &[Arc<str>]| names.iter().map(|name| &**name).collect();
        Self {
            base,
            delta: Delta::default(),
            sequence: catalog.sequence,
            tokens: Tokens {
                labels: table(&catalog.labels),
                types: table(&catalog.types),
                keys: table(&catalog.keys),
            },
            next_node: catalog.next_node,
            next_relationship: catalog.next_relationship,
            node_count: catalog.node_count,
            relationship_count: catalog.relationship_count,
            label_counts: catalog.label_counts.iter().copied().collect(),
            type_counts: catalog.type_counts.iter().copied().collect(),
            schema: Arc::new(Schema::of(&catalog.schema)),
        }
    }

    /// The state after one more commit.
    pub(super) fn advance(&mut self, sequence: u64, changes: &[Change]) -> Result<()> {
        for change in changes {
            self.apply(change)?;
        }
        self.sequence = sequence;
        Ok(())
    }

    /// Counts nodes that have got or lost a label.
    pub(super) fn count_label(&mut self, label: LabelId, by: i64) {
        let count = self.label_counts.get(&label.0).copied().unwrap_or(0);
        self.label_counts.insert(label.0, count.saturating_add_signed(by));
    }

    /// Keeps the statistics of a type. The distinct ends are an estimate: those of the base and those of the
    /// delta are taken for different nodes, and stay where relationships go.
    pub(super) fn count_type(&mut self, type_id: TypeId, start: u64, end: u64, added: bool) {
        let counts = self.type_counts.entry(type_id.0).or_default();
        if added {
            let (is_first_start, is_first_end) = self.delta.note_ends(type_id, start, end);
            counts.count += 1;
            counts.distinct_starts += u64::from(is_first_start);
            counts.distinct_ends += u64::from(is_first_end);
        } else {
            counts.count = counts.count.saturating_sub(1);
        }
        counts.distinct_starts = counts.distinct_starts.min(counts.count);
        counts.distinct_ends = counts.distinct_ends.min(counts.count);
    }
}

/// One immutable state of the graph. Cloning is free; it can be kept as long as one likes, and sent
/// between threads.
///
/// Questions are put in batches. They fail only where a segment cannot be read or is damaged.
#[derive(Clone, Default)]
pub struct Snapshot {
    pub(super) state: Arc<State>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("sequence", &self.state.sequence)
            .field("nodes", &self.state.node_count)
            .field("relationships", &self.state.relationship_count)
            .finish()
    }
}

macro_rules! tokens {
    ($($what:literal, $table:ident: $id:ident, $get:ident, $name:ident, $all:ident;)*) => {
        $(
            #[doc = concat!("The id of ", $what, ", if any statement has ever used it.")]
            pub fn $get(&self, name: &str) -> Option<$id> {
                self.state.tokens.$table.get(name).map($id)
            }

            #[doc = concat!("The name of ", $what, "; empty for an id of no graph.")]
            pub fn $name(&self, id: $id) -> Arc<str> {
                self.state.tokens.$table.name(id.0).cloned().unwrap_or_else(|| Arc::from(""))
            }

            #[doc = concat!("Every one there is, in the order of ids: ", $what, ".")]
            pub fn $all(&self) -> Vec<($id, Arc<str>)> {
                let names = self.state.tokens.$table.names();
                (0..).map($id).zip(names).collect()
            }
        )*
    };
}

impl Snapshot {
    tokens! {
        "a label", labels: LabelId, label_id, label_name, labels;
        "a relationship type", types: TypeId, type_id, type_name, types;
        "a property key", keys: KeyId, key_id, key_name, keys;
    }

    /// How many labels, relationship types and property keys there are.
    pub fn name_count(&self) -> usize {
        let tokens = &self.state.tokens;
        (tokens.labels.len() + tokens.types.len() + tokens.keys.len()) as usize
    }

    /// How many chunks were read to know which labels, keys and types the ids of a chunk have.
    #[doc(hidden)]
    pub fn chunks_tabulated(&self) -> u64 {
        self.state.base.chunks_tabulated()
    }

    /// The number of the last commit in it; 0 before the first. It grows with every commit.
    pub fn sequence(&self) -> u64 {
        self.state.sequence
    }

    /// Its indexes and constraints.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.state.schema
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> u64 {
        self.state.node_count
    }

    /// How many relationships there are.
    pub fn relationship_count(&self) -> u64 {
        self.state.relationship_count
    }

    /// How many nodes have the label.
    pub fn label_count(&self, label: LabelId) -> u64 {
        self.state.label_counts.get(&label.0).copied().unwrap_or(0)
    }

    /// How many relationships have the type.
    pub fn type_count(&self, type_id: TypeId) -> u64 {
        self.type_statistics(type_id).count
    }

    /// What the optimizer wants to know of a relationship type: an estimate but for the count.
    pub fn type_statistics(&self, type_id: TypeId) -> TypeStatistics {
        self.state.type_counts.get(&type_id.0).copied().unwrap_or_default()
    }

    /// Relationships of these types (empty: all) per node of the graph, in this direction.
    pub fn average_degree(&self, types: &[TypeId], direction: Direction) -> f64 {
        let count: u64 = if types.is_empty() {
            self.relationship_count()
        } else {
            types.iter().map(|t| self.type_count(*t)).sum()
        };
        let sides = if direction == Direction::Both { 2.0 } else { 1.0 };
        count as f64 * sides / self.node_count().max(1) as f64
    }

    /// What the last checkpoint knew of a property of nodes; nothing where no node had it then.
    pub fn node_property_statistics(&self, key: KeyId) -> Result<Option<PropertyStatistics>> {
        self.state.base.column_statistics(SectionKey::NodeColumn(key.0))
    }

    /// What the last checkpoint knew of a property of relationships; nothing where none had it then.
    pub fn relationship_property_statistics(
        &self,
        key: KeyId,
    ) -> Result<Option<PropertyStatistics>> {
        self.state.base.column_statistics(SectionKey::RelationshipColumn(key.0))
    }

    /// Appends up to `limit` node ids from `from` on, ascending. Fewer than `limit` means the end.
    pub fn scan_nodes(&self, from: NodeId, limit: usize, out: &mut Vec<NodeId>) -> Result<()> {
        let delta = &self.state.delta;
        let changed = delta
            .nodes
            .range(from.0..u64::MAX)
            .filter(|(_, node)| !node.head().deleted)
            .map(|(id, _)| id);
        let sections = [SectionKey::Nodes];
        self.scan(&sections, &delta.touched_nodes, changed, from.0, limit, |id| {
            out.push(NodeId(id));
        })
    }

    /// Appends up to `limit` ids of nodes with the label from `from` on, ascending. Fewer than `limit`
    /// means the end.
    pub fn scan_label(
        &self,
        label: LabelId,
        from: NodeId,
        limit: usize,
        out: &mut Vec<NodeId>,
    ) -> Result<()> {
        let delta = &self.state.delta;
        let changed = delta.labels.get(&label.0).into_iter();
        let changed = changed.flat_map(|nodes| nodes.iter_from(from.0));
        let sections = [SectionKey::Label(label.0)];
        self.scan(&sections, &delta.touched_nodes, changed, from.0, limit, |id| {
            out.push(NodeId(id));
        })
    }

    /// Appends up to `limit` ids of relationships of these types (empty: all) from `from` on, ascending.
    /// Fewer than `limit` means the end.
    pub fn scan_relationships(
        &self,
        types: &[TypeId],
        from: RelationshipId,
        limit: usize,
        out: &mut Vec<RelationshipId>,
    ) -> Result<()> {
        let delta = &self.state.delta;
        let touched = &delta.touched_relationships;
        let take = |id| out.push(RelationshipId(id));
        match types {
            [] => {
                let changed = delta.relationships.range(from.0..u64::MAX);
                let changed = changed.filter(|(_, own)| !own.head().deleted).map(|(id, _)| id);
                self.scan(&[SectionKey::Relationships], touched, changed, from.0, limit, take)
            }
            [one] => {
                let changed = delta.types.get(&one.0).into_iter();
                let changed = changed.flat_map(|sets| sets.relationships.iter_from(from.0));
                self.scan(&[SectionKey::OfType(one.0)], touched, changed, from.0, limit, take)
            }
            many => {
                let sections: Vec<_> = many.iter().map(|t| SectionKey::OfType(t.0)).collect();
                let changed = delta.relationships.range(from.0..u64::MAX);
                let changed = changed
                    .filter(|(_, own)| !own.head().deleted && many.contains(&own.head().type_id))
                    .map(|(id, _)| id);
                self.scan(&sections, touched, changed, from.0, limit, take)
            }
        }
    }

    /// Whether the node exists.
    pub fn node_exists(&self, node: NodeId) -> Result<bool> {
        match self.state.delta.node(node.0) {
            Some(own) => Ok(!own.head().deleted),
            None => self.state.base.contains(SectionKey::Nodes, node.0),
        }
    }

    /// Whether the relationship exists.
    pub fn relationship_exists(&self, relationship: RelationshipId) -> Result<bool> {
        match self.state.delta.relationship(relationship.0) {
            Some(own) => Ok(!own.head().deleted),
            None => self.state.base.contains(SectionKey::Relationships, relationship.0),
        }
    }

    /// The labels of a node, ascending by id; none if there is no such node.
    pub fn node_labels(&self, node: NodeId) -> Result<Vec<LabelId>> {
        match self.state.delta.node(node.0) {
            Some(own) => Ok(own.head().labels.to_vec()),
            None => Ok(self.state.base_labels(&[node])?.into_iter().flatten().collect()),
        }
    }

    /// Which of the nodes have the label.
    pub fn has_label(&self, nodes: &[NodeId], label: LabelId) -> Result<Bitmap> {
        let delta = &self.state.delta;
        // No id below the next one is missing, so that all of these exist.
        let none_missing = self.state.next_node == self.node_count();
        if none_missing
            && self.all_have_label(label)
            && nodes.iter().all(|node| node.0 < self.state.next_node)
        {
            return Ok(Bitmap::filled(nodes.len(), true));
        }
        let mut bits = Bitmap::filled(nodes.len(), false);
        let mut reader = self.state.base.bits(SectionKey::Label(label.0))?;
        if reader.is_none() && delta.touched_nodes.is_empty() {
            return Ok(bits);
        }
        let touched = delta.labels.get(&label.0);
        for (row, node) in nodes.iter().enumerate() {
            let has = if delta.touched_nodes.contains(node.0) {
                touched.is_some_and(|having| having.contains(node.0))
            } else {
                match &mut reader {
                    Some(reader) => reader.contains(node.0)?,
                    None => false,
                }
            };
            if has {
                bits.set(row, true);
            }
        }
        Ok(bits)
    }

    /// Whether every node has the label.
    pub fn all_have_label(&self, label: LabelId) -> bool {
        self.label_count(label) == self.node_count()
    }

    /// A property of these nodes; null where a node has it not.
    pub fn node_property(&self, nodes: &[NodeId], key: KeyId) -> Result<Column> {
        let delta = &self.state.delta;
        self.gather(nodes, SectionKey::NodeColumn(key.0), &delta.touched_nodes, |id| {
            delta.nodes.get(id).and_then(|own| own.property(key))
        })
    }

    /// A property of these relationships; null where a relationship has it not.
    pub fn relationship_property(
        &self,
        relationships: &[RelationshipId],
        key: KeyId,
    ) -> Result<Column> {
        let delta = &self.state.delta;
        let section = SectionKey::RelationshipColumn(key.0);
        self.gather(relationships, section, &delta.touched_relationships, |id| {
            delta.relationships.get(id).and_then(|own| own.property(key))
        })
    }

    /// All properties of a node, ascending by key; none if there is no such node.
    pub fn node_properties(&self, node: NodeId) -> Result<Vec<(KeyId, Value)>> {
        match self.state.delta.node(node.0) {
            Some(own) => Ok(own.properties()),
            None => {
                let own = self.state.base_properties(&[node], Family::NodeColumns)?;
                Ok(own.into_iter().flatten().collect())
            }
        }
    }

    /// All properties of a relationship, ascending by key; none if there is no such relationship.
    pub fn relationship_properties(
        &self,
        relationship: RelationshipId,
    ) -> Result<Vec<(KeyId, Value)>> {
        match self.state.delta.relationship(relationship.0) {
            Some(own) => Ok(own.properties()),
            None => {
                let family = Family::RelationshipColumns;
                let own = self.state.base_properties(&[relationship], family)?;
                Ok(own.into_iter().flatten().collect())
            }
        }
    }

    /// Type, start and end of a relationship. It also answers for one that was deleted lately;
    /// [`Snapshot::relationship_exists`] tells.
    pub fn relationship(
        &self,
        relationship: RelationshipId,
    ) -> Result<Option<(TypeId, NodeId, NodeId)>> {
        match self.state.delta.relationship(relationship.0) {
            Some(own) => Ok(Some(own.head().ends())),
            None => self.state.base.record(relationship.0),
        }
    }

    /// Type, start and end of each relationship, as [`Snapshot::relationship`] answers for one.
    pub fn relationship_ends(
        &self,
        relationships: &[RelationshipId],
    ) -> Result<Vec<Option<(TypeId, NodeId, NodeId)>>> {
        let delta = &self.state.delta;
        let mut records = self.state.base.records()?;
        let mut ends = Vec::with_capacity(relationships.len());
        for relationship in relationships {
            ends.push(match (delta.relationship(relationship.0), &mut records) {
                (Some(own), _) => Some(own.head().ends()),
                (None, Some(records)) => records.record(relationship.0)?,
                (None, None) => None,
            });
        }
        Ok(ends)
    }

    /// As [`Snapshot::expand`], for the first nodes only, until there are at least so many neighbours: says for how many
    /// nodes.
    pub fn expand_some(
        &self,
        nodes: &[NodeId],
        direction: Direction,
        types: &[TypeId],
        most: usize,
        out: &mut Neighbours,
    ) -> Result<usize> {
        let mut links = Links::new(&self.state, direction, types)?;
        for (row, node) in nodes.iter().enumerate() {
            if out.nodes.len() >= most {
                return Ok(row);
            }
            let before = out.nodes.len();
            links.each(node.0, &mut out.nodes, &mut out.relationships)?;
            let found = out.nodes.len() - before;
            out.parents.extend(std::iter::repeat_n(row as u32, found));
        }
        Ok(nodes.len())
    }

    /// Appends the neighbours of each node along relationships of these types (empty: all).
    ///
    /// They come in the order of the parents; for one parent outgoing before incoming, then by type,
    /// neighbour and relationship. A self-loop appears once under [`Direction::Both`].
    pub fn expand(
        &self,
        nodes: &[NodeId],
        direction: Direction,
        types: &[TypeId],
        out: &mut Neighbours,
    ) -> Result<()> {
        self.expand_some(nodes, direction, types, usize::MAX, out).map(drop)
    }

    /// Appends, for each node, how many neighbours [`Snapshot::expand`] would give.
    pub fn degrees(
        &self,
        nodes: &[NodeId],
        direction: Direction,
        types: &[TypeId],
        out: &mut Vec<u64>,
    ) -> Result<()> {
        let mut links = Links::new(&self.state, direction, types)?;
        out.reserve(nodes.len());
        for node in nodes {
            out.push(links.degree(node.0)?);
        }
        Ok(())
    }

    /// Appends the relationships of these types (empty: all) between `from[i]` and `to[i]`, as
    /// [`Snapshot::expand`] of `from` would give them. The slices have the same length.
    pub fn expand_into(
        &self,
        from: &[NodeId],
        to: &[NodeId],
        direction: Direction,
        types: &[TypeId],
        out: &mut Neighbours,
    ) -> Result<()> {
        let mut links = Links::new(&self.state, direction, types)?;
        for (row, (from, to)) in from.iter().zip(to).enumerate() {
            let before = out.nodes.len();
            links.between(from.0, to.0, &mut out.relationships)?;
            out.nodes.resize(out.relationships.len(), *to);
            let found = out.nodes.len() - before;
            out.parents.extend(std::iter::repeat_n(row as u32, found));
        }
        Ok(())
    }

    /// Merges the ids of the base that nobody touched with those of the delta.
    fn scan(
        &self,
        sections: &[SectionKey],
        touched: &IdSet,
        changed: impl Iterator<Item = u64>,
        from: u64,
        limit: usize,
        mut take: impl FnMut(u64),
    ) -> Result<()> {
        let mut changed = changed.peekable();
        let mut left = limit;
        let mut next = from;
        let mut ids = Vec::new();
        while left > 0 {
            ids.clear();
            let end = self.state.base.scan(sections, next, left, &mut ids)?;
            if touched.is_empty() && changed.peek().is_none() {
                // Nothing to merge with: as many as there are, or as were asked for.
                ids.into_iter().for_each(take);
                return Ok(());
            }
            for id in ids.drain(..) {
                next = id + 1;
                if touched.contains(id) {
                    continue;
                }
                while left > 0
                    && let Some(other) = changed.next_if(|other| *other < id)
                {
                    take(other);
                    left -= 1;
                }
                if left == 0 {
                    return Ok(());
                }
                take(id);
                left -= 1;
            }
            if end {
                break;
            }
        }
        for id in changed.take(left) {
            take(id);
        }
        Ok(())
    }

    fn gather<T: Raw>(
        &self,
        ids: &[T],
        section: SectionKey,
        touched: &IdSet,
        changed: impl Fn(u64) -> Option<Value>,
    ) -> Result<Column> {
        let mut reader = self.state.base.column(section)?;
        if touched.is_empty() || !ids.iter().any(|id| touched.contains(id.raw())) {
            return match &mut reader {
                Some(reader) => reader.gather(ids),
                None => Ok(Column::nulls(ids.len())),
            };
        }
        let mut column = ColumnBuilder::default();
        for id in ids {
            let id = id.raw();
            if touched.contains(id) {
                match changed(id) {
                    Some(value) => column.push(value),
                    None => column.push_null(),
                }
            } else {
                match &mut reader {
                    Some(reader) => column.push(reader.get(id)?),
                    None => column.push_null(),
                }
            }
        }
        Ok(column.finish())
    }
}
