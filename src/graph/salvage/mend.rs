//! Commits made to fit a graph that lacks some of those before them.
//!
//! Ids and numbers of names have no gaps, so a node or a name that a lost commit has made leaves a place to be filled: with a
//! node without labels and properties, which goes again if nobody asks for it, or with a name that says what it stands for.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::value::NodeId;

use crate::graph::change::{Change, rows};
use crate::graph::schema::SchemaTarget;
use crate::graph::snapshot::{Snapshot, State};
use crate::graph::{Direction, KeyId, LabelId, TypeId};

use super::{Losses, Sink};

/// Ids that are filled at most: a graph that lacks more is not one.
const MOST_FILLED: u64 = 50_000_000;

/// Fits commits to a state, one after the other.
#[derive(Debug, Default)]
pub(super) struct Mender {
    /// Whether a commit before is lost.
    gap: bool,
    /// The nodes in the places of lost ones.
    filled: BTreeSet<u64>,
}

/// The names that a commit asks for: those with numbers before these.
#[derive(Debug, Default)]
struct Needs {
    labels: u32,
    types: u32,
    keys: u32,
}

impl Mender {
    /// From here on something may be missing.
    pub(super) fn after_gap(&mut self) {
        self.gap = true;
    }

    /// The changes, with others before them that make what they lack.
    pub(super) fn mend(&mut self, state: &State, changes: Vec<Change>) -> Result<Vec<Change>> {
        if !self.gap {
            return Ok(changes);
        }
        let tokens = &state.tokens;
        let mut needs = Needs::default();
        changes.iter().for_each(|change| needs.note(change));
        let mut mended = Vec::new();
        let added = |of: fn(&Change) -> bool| changes.iter().filter(|c| of(c)).count() as u32;
        let labels = added(|change| matches!(change, Change::AddLabelToken(_)));
        let types = added(|change| matches!(change, Change::AddTypeToken(_)));
        let keys = added(|change| matches!(change, Change::AddKeyToken(_)));
        let lost = |kind: &str, number: u32| -> Arc<str> { format!("lost_{kind}_{number}").into() };
        for number in missing(tokens.labels.len(), needs.labels, labels)? {
            mended.push(Change::AddLabelToken(lost("label", number)));
        }
        for number in missing(tokens.types.len(), needs.types, types)? {
            mended.push(Change::AddTypeToken(lost("type", number)));
        }
        for number in missing(tokens.keys.len(), needs.keys, keys)? {
            mended.push(Change::AddKeyToken(lost("key", number)));
        }
        let mut next = (state.next_node, state.next_relationship);
        let mut filler = Filler { next: &mut next, filled: &mut self.filled, mended: &mut mended };
        for change in changes {
            filler.change(change)?;
        }
        Ok(mended)
    }

    /// Deletes the nodes that only filled places, and tells of those that something was asked of.
    pub(super) fn finish(&mut self, sink: &mut Sink<'_>, losses: &mut Losses) -> Result<()> {
        let mut changes = Vec::new();
        let snapshot = Snapshot { state: Arc::new(sink.state.clone()) };
        for id in std::mem::take(&mut self.filled) {
            let node = NodeId(id);
            if !snapshot.node_exists(node)? {
                continue;
            }
            let mut links = Vec::new();
            snapshot.degrees(&[node], Direction::Both, &[], &mut links)?;
            let bare = snapshot.node_labels(node)?.is_empty()
                && snapshot.node_properties(node)?.is_empty()
                && links.iter().all(|links| *links == 0);
            if bare {
                changes.push(Change::DeleteNode { id });
            } else {
                losses.tell(format!("what lost commits said of node {id} is lost"));
            }
        }
        if changes.is_empty() { Ok(()) } else { sink.commit(&changes) }
    }
}

/// The numbers of names that lost commits have added, where `named` have a name, all before `needed` are asked for, and
/// `added` are named by the commit itself, the last of them.
fn missing(named: u32, needed: u32, added: u32) -> Result<std::ops::Range<u32>> {
    if added > 0 && needed <= named {
        // Which numbers they have cannot be known.
        return Err(Error::corruption("it adds names whose numbers depend on what is lost"));
    }
    Ok(named..named.max(needed.saturating_sub(added)))
}

impl Needs {
    fn label(&mut self, label: LabelId) {
        self.labels = self.labels.max(label.0.saturating_add(1));
    }

    fn of_type(&mut self, of: TypeId) {
        self.types = self.types.max(of.0.saturating_add(1));
    }

    fn key(&mut self, key: KeyId) {
        self.keys = self.keys.max(key.0.saturating_add(1));
    }

    fn note(&mut self, change: &Change) {
        match change {
            Change::CreateNode { labels, properties, .. } => {
                labels.iter().for_each(|label| self.label(*label));
                properties.iter().for_each(|(key, _)| self.key(*key));
            }
            Change::CreateNodes { labels, columns, .. } => {
                labels.iter().for_each(|label| self.label(*label));
                columns.iter().for_each(|(key, _)| self.key(*key));
            }
            Change::CreateRelationship { type_id, properties, .. } => {
                self.of_type(*type_id);
                properties.iter().for_each(|(key, _)| self.key(*key));
            }
            Change::CreateRelationships { type_id, columns, .. } => {
                self.of_type(*type_id);
                columns.iter().for_each(|(key, _)| self.key(*key));
            }
            Change::SetNodeProperty { key, .. }
            | Change::SetNodeProperties { key, .. }
            | Change::SetRelationshipProperty { key, .. }
            | Change::SetRelationshipProperties { key, .. } => self.key(*key),
            Change::AddLabel { label, .. } | Change::RemoveLabel { label, .. } => {
                self.label(*label);
            }
            Change::CreateIndex(index) => {
                self.target(index.on);
                index.keys.iter().for_each(|key| self.key(*key));
            }
            Change::CreateConstraint(constraint) => {
                self.target(constraint.on);
                constraint.keys.iter().for_each(|key| self.key(*key));
            }
            Change::AddLabelToken(_)
            | Change::AddTypeToken(_)
            | Change::AddKeyToken(_)
            | Change::DeleteNode { .. }
            | Change::DeleteRelationship { .. }
            | Change::DropIndex(_)
            | Change::DropConstraint(_) => {}
        }
    }

    fn target(&mut self, on: SchemaTarget) {
        match on {
            SchemaTarget::Label(label) => self.label(label),
            SchemaTarget::Type(of) => self.of_type(of),
        }
    }
}

/// Puts fillers before the changes that need them.
struct Filler<'a> {
    /// The next ids of nodes and of relationships.
    next: &'a mut (u64, u64),
    filled: &'a mut BTreeSet<u64>,
    mended: &'a mut Vec<Change>,
}

impl Filler<'_> {
    fn change(&mut self, change: Change) -> Result<()> {
        match &change {
            Change::CreateNode { id, .. } => self.create_nodes(*id, 1)?,
            Change::CreateNodes { first, columns, .. } => {
                self.create_nodes(*first, rows(columns) as u64)?;
            }
            Change::CreateRelationship { id, type_id, start, end, .. } => {
                self.create_relationships(*id, *type_id, &[(*start, *end)])?;
            }
            Change::CreateRelationships { first, type_id, ends, .. } => {
                self.create_relationships(*first, *type_id, ends)?;
            }
            Change::SetNodeProperty { id, .. }
            | Change::AddLabel { id, .. }
            | Change::RemoveLabel { id, .. }
            | Change::DeleteNode { id } => self.nodes(id.saturating_add(1))?,
            Change::SetNodeProperties { ids, .. } => {
                self.nodes(ids.iter().max().map_or(0, |id| id.saturating_add(1)))?;
            }
            _ => {}
        }
        self.mended.push(change);
        Ok(())
    }

    /// Fills the ids of nodes before this one.
    fn nodes(&mut self, until: u64) -> Result<()> {
        let from = self.next.0;
        if until.saturating_sub(from) > MOST_FILLED {
            return Err(Error::corruption("it needs more nodes than a lost part can have had"));
        }
        for id in from..until {
            self.mended.push(Change::CreateNode {
                id,
                labels: Vec::new(),
                properties: Default::default(),
            });
            self.filled.insert(id);
        }
        self.next.0 = from.max(until);
        Ok(())
    }

    fn create_nodes(&mut self, first: u64, count: u64) -> Result<()> {
        self.nodes(first)?;
        self.next.0 = self.next.0.max(first.saturating_add(count));
        Ok(())
    }

    fn create_relationships(
        &mut self,
        first: u64,
        type_id: TypeId,
        ends: &[(u64, u64)],
    ) -> Result<()> {
        let last = ends.iter().map(|(start, end)| *start.max(end)).max();
        self.nodes(last.map_or(0, |last| last.saturating_add(1)))?;
        let (start, from) = (ends.first().map_or(0, |(start, _)| *start), self.next.1);
        if first.saturating_sub(from) > MOST_FILLED {
            return Err(Error::corruption(
                "it needs more relationships than a lost part can have had",
            ));
        }
        for id in from..first {
            let properties = Default::default();
            self.mended.push(Change::CreateRelationship {
                id,
                type_id,
                start,
                end: start,
                properties,
            });
            self.mended.push(Change::DeleteRelationship { id });
        }
        self.next.1 = from.max(first.saturating_add(ends.len() as u64));
        Ok(())
    }
}
