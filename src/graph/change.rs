//! What a transaction can do to a graph, as data, and how each of it changes a state.
//!
//! A transaction, the replay of the log and the rebase after a checkpoint all go through
//! [`State::apply`], so that they cannot disagree. It may not know how changes are stored.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::error::Error;
use crate::error::Result;
use crate::value::Value;
use crate::value::allocation::{text_bytes, vec_bytes};

use super::delta::{Labels, NodeHead, Properties, RelationshipHead};
use super::property;
use super::schema::{Constraint, Index, IndexId};
use super::snapshot::State;
use super::values::Values;
use super::{KeyId, LabelId, TypeId};

/// One change. Ids are explicit, so that a replay gives the same graph.
///
/// The order of the variants and their fields is the format of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Change {
    AddLabelToken(Arc<str>),
    AddTypeToken(Arc<str>),
    AddKeyToken(Arc<str>),
    CreateNode {
        id: u64,
        labels: Vec<LabelId>,
        #[serde(with = "property::keyed")]
        properties: Properties,
    },
    CreateRelationship {
        id: u64,
        type_id: TypeId,
        start: u64,
        end: u64,
        #[serde(with = "property::keyed")]
        properties: Properties,
    },
    SetNodeProperty {
        id: u64,
        key: KeyId,
        #[serde(with = "property::nullable")]
        value: Value,
    },
    SetRelationshipProperty {
        id: u64,
        key: KeyId,
        #[serde(with = "property::nullable")]
        value: Value,
    },
    AddLabel {
        id: u64,
        label: LabelId,
    },
    RemoveLabel {
        id: u64,
        label: LabelId,
    },
    DeleteNode {
        id: u64,
    },
    DeleteRelationship {
        id: u64,
    },
    CreateIndex(Index),
    DropIndex(IndexId),
    CreateConstraint(Constraint),
    DropConstraint(u32),
    /// Nodes with consecutive ids and the same labels, with a value of each property for each of them, null for none:
    /// as many as the columns have rows.
    CreateNodes {
        first: u64,
        labels: Vec<LabelId>,
        columns: Vec<(KeyId, Values)>,
    },
    /// Relationships with consecutive ids and the same type, with a value of each property for each of them.
    CreateRelationships {
        first: u64,
        type_id: TypeId,
        /// Start and end of each.
        ends: Vec<(u64, u64)>,
        columns: Vec<(KeyId, Values)>,
    },
    /// A property of many nodes, one after the other.
    SetNodeProperties {
        ids: Vec<u64>,
        key: KeyId,
        values: Values,
    },
    /// A property of many relationships, one after the other.
    SetRelationshipProperties {
        ids: Vec<u64>,
        key: KeyId,
        values: Values,
    },
}

impl Change {
    /// About how many bytes it takes, beside its own size.
    pub(super) fn held_bytes(&self) -> u64 {
        let of_columns = |columns: &Vec<(KeyId, Values)>| {
            let values = columns.iter().map(|(_, values)| values.held_bytes());
            values.fold(vec_bytes(columns), u64::saturating_add)
        };
        let of_properties = |properties: &Properties| {
            let values = properties.iter().map(|(_, value)| value.held_bytes());
            values.fold(vec_bytes(properties), u64::saturating_add)
        };
        match self {
            Self::CreateNode { labels, properties, .. } => {
                vec_bytes(labels).saturating_add(of_properties(properties))
            }
            Self::CreateRelationship { properties, .. } => of_properties(properties),
            Self::SetNodeProperty { value, .. } | Self::SetRelationshipProperty { value, .. } => {
                value.held_bytes()
            }
            Self::CreateNodes { labels, columns, .. } => {
                vec_bytes(labels).saturating_add(of_columns(columns))
            }
            Self::CreateRelationships { ends, columns, .. } => {
                vec_bytes(ends).saturating_add(of_columns(columns))
            }
            Self::SetNodeProperties { ids, values, .. }
            | Self::SetRelationshipProperties { ids, values, .. } => {
                vec_bytes(ids).saturating_add(values.held_bytes())
            }
            // A name stands in the table of names as well, and is looked up in another.
            Self::AddLabelToken(name) | Self::AddTypeToken(name) | Self::AddKeyToken(name) => {
                2 * text_bytes(name) + 128
            }
            Self::AddLabel { .. }
            | Self::RemoveLabel { .. }
            | Self::DeleteNode { .. }
            | Self::DeleteRelationship { .. }
            | Self::CreateIndex(_)
            | Self::DropIndex(_)
            | Self::CreateConstraint(_)
            | Self::DropConstraint(_) => 0,
        }
    }

    /// How many entities it creates or changes; one for anything else.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::CreateNodes { columns, .. } => rows(columns),
            Self::CreateRelationships { ends, .. } => ends.len(),
            Self::SetNodeProperties { ids, .. } | Self::SetRelationshipProperties { ids, .. } => {
                ids.len()
            }
            _ => 1,
        }
    }
}

impl State {
    /// Makes the change. It reads what it needs before it writes, so that an error leaves the state whole.
    /// Says how much is different now: for how many entities, or as one thing.
    pub(super) fn apply(&mut self, change: &Change) -> Result<u64> {
        match change {
            Change::AddLabelToken(name) => add(&mut self.tokens.labels, name),
            Change::AddTypeToken(name) => add(&mut self.tokens.types, name),
            Change::AddKeyToken(name) => add(&mut self.tokens.keys, name),
            Change::CreateNode { id, labels, properties } => {
                self.create_nodes(*id, 1, labels, &single(properties))
            }
            Change::CreateNodes { first, labels, columns } => {
                self.create_nodes(*first, rows(columns) as u64, labels, columns)
            }
            Change::CreateRelationship { id, type_id, start, end, properties } => {
                self.create_relationships(*id, *type_id, &[(*start, *end)], &single(properties))
            }
            Change::CreateRelationships { first, type_id, ends, columns } => {
                self.create_relationships(*first, *type_id, ends, columns)
            }
            Change::SetNodeProperty { id, key, value } => {
                self.set_node_property(&[*id], *key, &Values::from_iter([value.clone()]))
            }
            Change::SetNodeProperties { ids, key, values } => {
                self.set_node_property(ids, *key, values)
            }
            Change::SetRelationshipProperty { id, key, value } => {
                self.set_relationship_property(&[*id], *key, &Values::from_iter([value.clone()]))
            }
            Change::SetRelationshipProperties { ids, key, values } => {
                self.set_relationship_property(ids, *key, values)
            }
            Change::AddLabel { id, label } => {
                self.check_tokens(&[*label], None, &[])?;
                let (mut labels, properties) = self.node(*id)?;
                let Err(at) = labels.binary_search(label) else { return Ok(0) };
                labels.insert(at, *label);
                self.put_node(*id, &labels, properties);
                self.count_label(*label, 1);
                Ok(1)
            }
            Change::RemoveLabel { id, label } => {
                let (mut labels, properties) = self.node(*id)?;
                let Ok(at) = labels.binary_search(label) else { return Ok(0) };
                labels.remove(at);
                self.put_node(*id, &labels, properties);
                self.count_label(*label, -1);
                Ok(1)
            }
            Change::DeleteNode { id } => {
                let (labels, _) = self.node(*id)?;
                self.node_count = self.node_count.saturating_sub(1);
                for label in labels {
                    self.count_label(label, -1);
                }
                let head = NodeHead { labels: Labels::default(), deleted: true };
                self.delta.put_nodes(&self.schema, &[(*id, head, Properties::new())]);
                Ok(1)
            }
            Change::DeleteRelationship { id } => {
                self.touch_relationships(&[*id])?;
                let Some(one) = self.delta.relationship(*id) else {
                    return Err(Error::internal(format!("relationship {id} is not touched")));
                };
                let head = RelationshipHead { deleted: true, ..*one.head() };
                self.relationship_count = self.relationship_count.saturating_sub(1);
                self.delta.unlink(head.type_id, head.start, head.end, *id);
                self.count_type(head.type_id, head.start, head.end, false);
                self.delta.put_relationships(&self.schema, &[(*id, head, Properties::new())]);
                Ok(1)
            }
            Change::CreateIndex(index) => {
                self.delta.add_index(index);
                Arc::make_mut(&mut self.schema).add_index(index.clone());
                Ok(1)
            }
            Change::DropIndex(id) => {
                self.delta.indexes.remove(&id.0);
                Arc::make_mut(&mut self.schema).drop_index(*id);
                Ok(1)
            }
            Change::CreateConstraint(constraint) => {
                Arc::make_mut(&mut self.schema).add_constraint(constraint.clone());
                Ok(1)
            }
            Change::DropConstraint(id) => {
                Arc::make_mut(&mut self.schema).drop_constraint(*id);
                Ok(1)
            }
        }
    }

    fn create_nodes(
        &mut self,
        first: u64,
        count: u64,
        labels: &[LabelId],
        columns: &[(KeyId, Values)],
    ) -> Result<u64> {
        self.check_tokens(labels, None, columns)?;
        check_lengths(columns, count)?;
        let next = following("node", first, count, self.next_node)?;
        self.next_node = next;
        self.node_count += count;
        for label in labels {
            self.count_label(*label, count as i64);
        }
        self.delta.append_nodes(&self.schema, first..next, labels, columns);
        Ok(count)
    }

    fn create_relationships(
        &mut self,
        first: u64,
        type_id: TypeId,
        ends: &[(u64, u64)],
        columns: &[(KeyId, Values)],
    ) -> Result<u64> {
        let count = ends.len() as u64;
        self.check_tokens(&[], Some(type_id), columns)?;
        check_lengths(columns, count)?;
        if ends.iter().any(|(start, end)| *start >= self.next_node || *end >= self.next_node) {
            let message = format!("relationship {first} is between nodes that never were");
            return Err(Error::corruption(message));
        }
        let next = following("relationship", first, count, self.next_relationship)?;
        self.next_relationship = next;
        self.relationship_count += count;
        let mut heads = Vec::with_capacity(ends.len());
        for ((start, end), id) in ends.iter().zip(first..) {
            let (start, end) = (*start, *end);
            self.count_type(type_id, start, end, true);
            self.delta.link(type_id, start, end, id);
            heads.push(RelationshipHead { type_id, start, end, deleted: false });
        }
        self.delta.append_relationships(&self.schema, first..next, &heads, columns);
        Ok(count)
    }

    fn set_node_property(&mut self, ids: &[u64], key: KeyId, values: &Values) -> Result<u64> {
        self.check_key(key)?;
        check_rows(ids, values)?;
        self.touch_nodes(ids)?;
        Ok(self.delta.set_node_property(&self.schema, ids, key, values))
    }

    fn set_relationship_property(
        &mut self,
        ids: &[u64],
        key: KeyId,
        values: &Values,
    ) -> Result<u64> {
        self.check_key(key)?;
        check_rows(ids, values)?;
        self.touch_relationships(ids)?;
        Ok(self.delta.set_relationship_property(&self.schema, ids, key, values))
    }

    /// The labels and properties of a node, which is touched then.
    fn node(&mut self, id: u64) -> Result<(Vec<LabelId>, Properties)> {
        self.touch_nodes(&[id])?;
        match self.delta.node(id) {
            Some(node) => Ok((node.head().labels.to_vec(), node.properties())),
            None => Err(Error::internal(format!("node {id} is not touched"))),
        }
    }

    fn put_node(&mut self, id: u64, labels: &[LabelId], properties: Properties) {
        let head = NodeHead { labels: Labels::new(labels), deleted: false };
        self.delta.put_nodes(&self.schema, &[(id, head, properties)]);
    }

    /// Refuses labels, types and keys that have no name, and labels out of order.
    fn check_tokens(
        &self,
        labels: &[LabelId],
        type_id: Option<TypeId>,
        properties: &[(KeyId, Values)],
    ) -> Result<()> {
        let known = labels.iter().all(|label| label.0 < self.tokens.labels.len())
            && type_id.is_none_or(|type_id| type_id.0 < self.tokens.types.len());
        if !known || !labels.is_sorted() {
            return Err(Error::corruption("a change names a label or type that never was"));
        }
        properties.iter().try_for_each(|(key, _)| self.check_key(*key))
    }

    fn check_key(&self, key: KeyId) -> Result<()> {
        if key.0 < self.tokens.keys.len() {
            return Ok(());
        }
        Err(Error::corruption("a change names a property key that never was"))
    }
}

/// The properties of one as columns.
fn single(properties: &Properties) -> Vec<(KeyId, Values)> {
    properties.iter().map(|(key, value)| (*key, Values::from_iter([value.clone()]))).collect()
}

/// How many rows the columns have.
pub(super) fn rows(columns: &[(KeyId, Values)]) -> usize {
    columns.first().map_or(0, |(_, values)| values.len())
}

/// Refuses values that are not one for each entity.
fn check_rows(ids: &[u64], values: &Values) -> Result<()> {
    if ids.len() == values.len() {
        return Ok(());
    }
    Err(Error::corruption("a change has values that do not fit it"))
}

/// Refuses columns that are not of this length, or out of order.
fn check_lengths(columns: &[(KeyId, Values)], count: u64) -> Result<()> {
    let ascending = columns.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if ascending && columns.iter().all(|(_, values)| values.len() as u64 == count) {
        return Ok(());
    }
    Err(Error::corruption("a change has columns that do not fit it"))
}

/// The id after so many from this one on, which must be the next: they have no gaps.
fn following(kind: &str, first: u64, count: u64, next: u64) -> Result<u64> {
    if first != next {
        return Err(Error::corruption(format!("{kind} {first} is created out of turn")));
    }
    let after = first.checked_add(count);
    after.ok_or_else(|| Error::corruption(format!("{kind} {first} has no ids after it")))
}

fn add(table: &mut super::catalog::TokenTable, name: &str) -> Result<u64> {
    if table.get(name).is_some() {
        return Err(Error::corruption(format!("the name `{name}` is added twice")));
    }
    table.add(name);
    Ok(1)
}
