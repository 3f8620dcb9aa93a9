//! The data of damaged segments, as far as their chunks can be read.
//!
//! It is read a range of ids at a time; what cannot be read there is told, and the rest goes on. Ids stay what they were.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::error::Result;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use crate::graph::change::Change;
use crate::graph::delta::Properties;
use crate::graph::snapshot::Snapshot;
use crate::graph::{Direction, KeyId, LabelId, Neighbours, TypeId};

use super::{Losses, Sink};

/// Ids that are read at a time.
const RANGE: u64 = 1 << 12;

/// Writes all that can be read of a snapshot.
pub(super) fn rebuild(old: &Snapshot, sink: &mut Sink<'_>, losses: &mut Losses) -> Result<()> {
    let mut changes: Vec<Change> = Vec::new();
    changes.extend(old.labels().into_iter().map(|(_, name)| Change::AddLabelToken(name)));
    changes.extend(old.types().into_iter().map(|(_, name)| Change::AddTypeToken(name)));
    changes.extend(old.keys().into_iter().map(|(_, name)| Change::AddKeyToken(name)));
    let schema = old.schema();
    changes.extend(schema.indexes().iter().map(|index| Change::CreateIndex((**index).clone())));
    let constraints = schema.constraints().iter();
    changes.extend(constraints.map(|known| Change::CreateConstraint((**known).clone())));
    if !changes.is_empty() {
        sink.commit(&changes)?;
    }
    let mut from = 0;
    while from < old.state.next_node {
        let until = old.state.next_node.min(from + RANGE);
        sink.commit(&nodes(old, from, until, losses))?;
        from = until;
    }
    let mut links = Links { old, found: None };
    let mut from = 0;
    while from < old.state.next_relationship {
        let until = old.state.next_relationship.min(from + RANGE);
        let changes = relationships(&mut links, from, until, sink, losses)?;
        sink.commit(&changes)?;
        from = until;
    }
    Ok(())
}

/// The values of columns that can be read, row by row.
fn values(columns: &[(KeyId, Column)], row: usize) -> Properties {
    let values = columns.iter().map(|(key, column)| (*key, column.get(row)));
    values.filter(|(_, value)| *value != Value::Null).collect()
}

/// The nodes of a range of ids, and the places of those that are not there.
fn nodes(old: &Snapshot, from: u64, until: u64, losses: &mut Losses) -> Vec<Change> {
    let ids: Vec<NodeId> = (from..until).map(NodeId).collect();
    let mut labels: Vec<Vec<LabelId>> = vec![Vec::new(); ids.len()];
    for (label, name) in old.labels() {
        let mut with = Vec::new();
        let scan = old.scan_label(label, NodeId(from), ids.len(), &mut with);
        losses.note(&format!("label `{name}` of some nodes"), scan);
        for node in with.into_iter().filter(|node| node.0 < until) {
            if let Some(labels) = labels.get_mut((node.0 - from) as usize) {
                labels.push(label);
            }
        }
    }
    let mut columns = Vec::new();
    for (key, name) in old.keys() {
        let column = old.node_property(&ids, key);
        columns.extend(
            losses.note(&format!("property `{name}` of some nodes"), column).map(|c| (key, c)),
        );
    }
    let mut there = Vec::new();
    let scan = old.scan_nodes(NodeId(from), ids.len(), &mut there);
    // Where that is lost, whoever has a label or a property is there.
    let known = losses.note("which of some nodes are there", scan).is_some();
    let mut changes = Vec::new();
    for ((node, labels), row) in ids.iter().zip(labels).zip(0..) {
        let properties = values(&columns, row);
        let is_there = match known {
            true => there.binary_search(node).is_ok(),
            false => !labels.is_empty() || !properties.is_empty(),
        };
        let id = node.0;
        if is_there {
            changes.push(Change::CreateNode { id, labels, properties });
        } else {
            let properties = Properties::default();
            changes.push(Change::CreateNode { id, labels: Vec::new(), properties });
            changes.push(Change::DeleteNode { id });
        }
    }
    changes
}

/// Type and ends of relationships by what nodes say of them, where the relationships' own records are lost.
struct Links<'a> {
    old: &'a Snapshot,
    found: Option<HashMap<u64, (TypeId, NodeId, NodeId)>>,
}

impl Links<'_> {
    fn get(&mut self, losses: &mut Losses) -> &HashMap<u64, (TypeId, NodeId, NodeId)> {
        let old = self.old;
        self.found.get_or_insert_with(|| {
            let mut found = HashMap::new();
            for from in (0..old.state.next_node).step_by(RANGE as usize) {
                let ids: Vec<NodeId> =
                    (from..old.state.next_node.min(from + RANGE)).map(NodeId).collect();
                for (of, name) in old.types() {
                    for direction in [Direction::Outgoing, Direction::Incoming] {
                        let mut links = Neighbours::default();
                        let expanded = old.expand(&ids, direction, &[of], &mut links);
                        losses.note(&format!("links of type `{name}` of some nodes"), expanded);
                        let ends = links.parents.iter().zip(&links.nodes);
                        for (relationship, (parent, other)) in links.relationships.iter().zip(ends)
                        {
                            let Some(own) = ids.get(*parent as usize) else { continue };
                            let (start, end) = match direction {
                                Direction::Incoming => (*other, *own),
                                Direction::Outgoing | Direction::Both => (*own, *other),
                            };
                            found.insert(relationship.0, (of, start, end));
                        }
                    }
                }
            }
            found
        })
    }
}

/// The relationships of a range of ids, and the places of those that are not there.
fn relationships(
    links: &mut Links<'_>,
    from: u64,
    until: u64,
    sink: &Sink<'_>,
    losses: &mut Losses,
) -> Result<Vec<Change>> {
    let old = links.old;
    let ids: Vec<RelationshipId> = (from..until).map(RelationshipId).collect();
    let mut there = Vec::new();
    let scan = old.scan_relationships(&[], RelationshipId(from), ids.len(), &mut there);
    let there = losses.note("which of some relationships are there", scan).map(|()| there);
    let ends: BTreeMap<u64, (TypeId, NodeId, NodeId)> = match losses
        .note("the ends of some relationships", old.relationship_ends(&ids))
    {
        Some(ends) => ids.iter().zip(ends).filter_map(|(id, ends)| Some((id.0, ends?))).collect(),
        None => {
            let known = links.get(losses);
            ids.iter().filter_map(|id| Some((id.0, *known.get(&id.0)?))).collect()
        }
    };
    let mut columns = Vec::new();
    for (key, name) in old.keys() {
        let column = old.relationship_property(&ids, key);
        let what = format!("property `{name}` of some relationships");
        columns.extend(losses.note(&what, column).map(|column| (key, column)));
    }
    let snapshot = Snapshot { state: std::sync::Arc::new(sink.state.clone()) };
    let mut changes = Vec::new();
    for (id, row) in ids.iter().zip(0..) {
        let is_there = there.as_ref().is_none_or(|there| there.binary_search(id).is_ok());
        let found = ends.get(&id.0).filter(|_| is_there);
        let id = id.0;
        let whole = match found {
            Some((_, start, end)) => snapshot.node_exists(*start)? && snapshot.node_exists(*end)?,
            None => false,
        };
        match found.filter(|_| whole) {
            Some((type_id, start, end)) => changes.push(Change::CreateRelationship {
                id,
                type_id: *type_id,
                start: start.0,
                end: end.0,
                properties: values(&columns, row),
            }),
            None => {
                if is_there && (there.is_some() || found.is_some()) {
                    losses.tell(format!("relationship {id} lacks an end and was left out"));
                }
                // Any node will do for as long as it takes.
                let (type_id, start, end, properties) = (TypeId(0), 0, 0, Properties::default());
                changes.push(Change::CreateRelationship { id, type_id, start, end, properties });
                changes.push(Change::DeleteRelationship { id });
            }
        }
    }
    Ok(changes)
}
