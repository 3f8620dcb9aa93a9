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

use super::delta;
use super::delta::{NodeState, Properties, RelationshipState};
use super::property;
use super::schema::{Constraint, Index, IndexId};
use super::snapshot::State;
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
}

impl State {
    /// Makes the change. It reads what it needs before it writes, so that an error leaves the state whole.
    /// Says whether anything is different now.
    pub(super) fn apply(&mut self, change: &Change) -> Result<bool> {
        match change {
            Change::AddLabelToken(name) => add(&mut self.tokens.labels, name),
            Change::AddTypeToken(name) => add(&mut self.tokens.types, name),
            Change::AddKeyToken(name) => add(&mut self.tokens.keys, name),
            Change::CreateNode { id, labels, properties } => {
                self.check_tokens(labels, None, properties)?;
                self.next_node = following("node", *id, self.next_node)?;
                self.node_count += 1;
                for label in labels {
                    self.count_label(*label, 1);
                }
                let state = NodeState {
                    labels: labels.clone(),
                    properties: properties.clone(),
                    deleted: false,
                };
                self.delta.put_node(&self.schema, *id, state);
                Ok(true)
            }
            Change::CreateRelationship { id, type_id, start, end, properties } => {
                self.check_tokens(&[], Some(*type_id), properties)?;
                if *start >= self.next_node || *end >= self.next_node {
                    let message = format!("relationship {id} is between nodes that never were");
                    return Err(Error::corruption(message));
                }
                self.next_relationship = following("relationship", *id, self.next_relationship)?;
                self.relationship_count += 1;
                self.count_type(*type_id, *start, *end, true);
                self.delta.link(*type_id, *start, *end, *id);
                self.delta.put_relationship(
                    &self.schema,
                    *id,
                    RelationshipState {
                        type_id: *type_id,
                        start: *start,
                        end: *end,
                        properties: properties.clone(),
                        deleted: false,
                    },
                );
                Ok(true)
            }
            Change::SetNodeProperty { id, key, value } => {
                self.check_key(*key)?;
                let mut changed = false;
                self.change_node(*id, |state| {
                    changed = delta::set_property(&mut state.properties, *key, value);
                    changed
                })?;
                Ok(changed)
            }
            Change::SetRelationshipProperty { id, key, value } => {
                self.check_key(*key)?;
                let mut state = self.relationship_state(*id)?;
                let changed = delta::set_property(&mut state.properties, *key, value);
                if changed {
                    self.delta.put_relationship(&self.schema, *id, state);
                }
                Ok(changed)
            }
            Change::AddLabel { id, label } => {
                self.check_tokens(&[*label], None, &[])?;
                let added =
                    self.change_node(*id, |state| match state.labels.binary_search(label) {
                        Ok(_) => false,
                        Err(at) => {
                            state.labels.insert(at, *label);
                            true
                        }
                    })?;
                if added {
                    self.count_label(*label, 1);
                }
                Ok(added)
            }
            Change::RemoveLabel { id, label } => {
                let removed =
                    self.change_node(*id, |state| match state.labels.binary_search(label) {
                        Ok(at) => {
                            state.labels.remove(at);
                            true
                        }
                        Err(_) => false,
                    })?;
                if removed {
                    self.count_label(*label, -1);
                }
                Ok(removed)
            }
            Change::DeleteNode { id } => {
                let state = self.node_state(*id)?;
                self.node_count = self.node_count.saturating_sub(1);
                for label in &state.labels {
                    self.count_label(*label, -1);
                }
                self.delta.put_node(
                    &self.schema,
                    *id,
                    NodeState { deleted: true, ..NodeState::default() },
                );
                Ok(true)
            }
            Change::DeleteRelationship { id } => {
                let state = self.relationship_state(*id)?;
                self.relationship_count = self.relationship_count.saturating_sub(1);
                self.delta.unlink(state.type_id, state.start, state.end, *id);
                self.count_type(state.type_id, state.start, state.end, false);
                self.delta.put_relationship(
                    &self.schema,
                    *id,
                    RelationshipState { properties: Vec::new(), deleted: true, ..state },
                );
                Ok(true)
            }
            Change::CreateIndex(index) => {
                self.delta.add_index(index);
                Arc::make_mut(&mut self.schema).add_index(index.clone());
                Ok(true)
            }
            Change::DropIndex(id) => {
                self.delta.indexes.remove(&id.0);
                Arc::make_mut(&mut self.schema).drop_index(*id);
                Ok(true)
            }
            Change::CreateConstraint(constraint) => {
                Arc::make_mut(&mut self.schema).add_constraint(constraint.clone());
                Ok(true)
            }
            Change::DropConstraint(id) => {
                Arc::make_mut(&mut self.schema).drop_constraint(*id);
                Ok(true)
            }
        }
    }

    /// Refuses labels, types and keys that have no name, and labels out of order.
    fn check_tokens(
        &self,
        labels: &[LabelId],
        type_id: Option<TypeId>,
        properties: &[(KeyId, Value)],
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

    fn change_node(
        &mut self,
        id: u64,
        change: impl FnOnce(&mut NodeState) -> bool,
    ) -> Result<bool> {
        let mut state = self.node_state(id)?;
        let changed = change(&mut state);
        if changed {
            self.delta.put_node(&self.schema, id, state);
        }
        Ok(changed)
    }
}

/// The id after this one, which must be the next: they have no gaps.
fn following(kind: &str, id: u64, next: u64) -> Result<u64> {
    if id != next {
        return Err(Error::corruption(format!("{kind} {id} is created out of turn")));
    }
    id.checked_add(1).ok_or_else(|| Error::corruption(format!("{kind} {id} has no id after it")))
}

fn add(table: &mut super::catalog::TokenTable, name: &str) -> Result<bool> {
    if table.get(name).is_some() {
        return Err(Error::corruption(format!("the name `{name}` is added twice")));
    }
    table.add(name);
    Ok(true)
}
