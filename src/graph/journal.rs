//! Whom commits have touched since somebody began to watch.
//!
//! Who works on a state of the graph while writers go on takes in afterwards what they have changed, by asking a later state
//! for those that a journal names. It may not know what they hold.

use super::change::Change;
use super::ids::IdSet;
use super::schema::SchemaTarget;

/// The nodes and relationships that were touched.
#[derive(Debug, Default)]
pub(super) struct Journal {
    nodes: IdSet,
    relationships: IdSet,
    /// Whether more may have changed: by a bulk load, or because commits were lost with a full disk.
    pub(super) void: bool,
}

impl Journal {
    pub(super) fn note(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::CreateNode { id, .. }
                | Change::SetNodeProperty { id, .. }
                | Change::AddLabel { id, .. }
                | Change::RemoveLabel { id, .. }
                | Change::DeleteNode { id } => {
                    self.nodes.insert(*id);
                }
                Change::CreateRelationship { id, .. }
                | Change::SetRelationshipProperty { id, .. }
                | Change::DeleteRelationship { id } => {
                    self.relationships.insert(*id);
                }
                Change::CreateNodes { first, .. } => {
                    self.nodes.insert_range(*first..*first + change.len() as u64);
                }
                Change::SetNodeProperties { ids, .. } => {
                    ids.iter().for_each(|id| _ = self.nodes.insert(*id));
                }
                Change::CreateRelationships { first, .. } => {
                    self.relationships.insert_range(*first..*first + change.len() as u64);
                }
                Change::SetRelationshipProperties { ids, .. } => {
                    ids.iter().for_each(|id| _ = self.relationships.insert(*id));
                }
                Change::AddLabelToken(_)
                | Change::AddTypeToken(_)
                | Change::AddKeyToken(_)
                | Change::CreateIndex(_)
                | Change::DropIndex(_)
                | Change::CreateConstraint(_)
                | Change::DropConstraint(_) => {}
            }
        }
    }

    /// Those that an index or a constraint may be on.
    pub(super) fn of(&self, on: SchemaTarget) -> &IdSet {
        match on {
            SchemaTarget::Label(_) => &self.nodes,
            SchemaTarget::Type(_) => &self.relationships,
        }
    }
}
