//! Checks a graph whole: every checksum of its segments, and every reference from one thing to another.
//!
//! What is wrong is told and the check goes on. It may not mend anything.

use std::cell::Cell;
use std::sync::Arc;

use crate::error::Result;
use crate::value::Column;
use crate::value::Map;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::Direction;
use super::Neighbours;
use super::Shared;
use super::TypeId;
use super::catalog::TokenTable;
use super::schema::{Index, SchemaTarget};
use super::segment::SectionKey;
use super::snapshot::Snapshot;

mod catalog;
mod sum;
#[cfg(test)]
mod tests;

use sum::Sum;

/// Entities that are looked at together.
const BATCH: usize = 1 << 14;
/// Problems that are told; what comes after them is only counted.
const TOLD: usize = 1000;

/// What a check has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Chunks of segments that were read and held against their checksums.
    pub chunks: u64,
    /// Bytes of these chunks.
    pub bytes: u64,
    /// Nodes that were looked at.
    pub nodes: u64,
    /// Relationships that were looked at.
    pub relationships: u64,
    /// What is wrong, a sentence each; at most 1,000 of them.
    pub problems: Vec<String>,
    /// How many problems there are in all.
    pub problem_count: u64,
}

impl CheckReport {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problem_count == 0
    }

    pub(super) fn problem(&mut self, text: impl Into<String>) {
        self.problem_count += 1;
        if self.problems.len() < TOLD {
            self.problems.push(text.into());
        }
    }

    /// The value, or a problem in its place.
    pub(super) fn note<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.problem(error.message())).ok()
    }

    fn expect_count(&mut self, what: &str, found: u64, recorded: u64) {
        if found != recorded {
            self.problem(format!("the store counts {recorded} {what}, but {found} are there"));
        }
    }
}

/// What is told how many nodes, relationships and entries have been looked at, each once for every question asked of it, and
/// about how many of these looks there are in all.
type Watch<'a> = dyn Fn(u64, u64) + 'a;

/// Counts the looks of a check.
struct Progress<'a> {
    done: Cell<u64>,
    total: u64,
    watch: &'a Watch<'a>,
}

impl Progress<'_> {
    fn add(&self, looks: usize) {
        self.done.set(self.done.get() + looks as u64);
        (self.watch)(self.done.get().min(self.total), self.total);
    }
}

/// A set of dense ids, held flat.
struct Bits(Vec<u64>);

impl Bits {
    fn new(bound: u64) -> Self {
        Self(vec![0; bound.div_ceil(64) as usize])
    }

    /// Says whether it is new.
    fn insert(&mut self, id: u64) -> bool {
        let Some(word) = self.0.get_mut((id / 64) as usize) else { return true };
        let before = *word;
        *word |= 1 << (id % 64);
        before != *word
    }

    fn contains(&self, id: u64) -> bool {
        self.0.get((id / 64) as usize).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }
}

/// Checks what a snapshot sees, all segments below it, and the catalog that names them. No checkpoint may run meanwhile.
pub(super) fn run(snapshot: &Snapshot, shared: &Shared, watch: &Watch<'_>) -> CheckReport {
    let mut report = CheckReport::default();
    let labels: u64 = snapshot.labels().iter().map(|(label, _)| snapshot.label_count(*label)).sum();
    // Nodes by themselves and from both ends, relationships by themselves, by type and as links from both ends.
    let total = 3 * snapshot.node_count() + labels + 2 * snapshot.relationship_count();
    let progress = &Progress { done: Cell::new(0), total, watch };
    shared.missing.iter().for_each(|missing| report.problem(missing.as_str()));
    snapshot.state.base.verify(&mut report);
    catalog::check(&snapshot.state.base, shared, &mut report);
    check_names(snapshot, &mut report);
    let nodes = check_nodes(snapshot, progress, &mut report);
    check_labels(snapshot, &nodes, progress, &mut report);
    let (relationships, sum) = check_relationships(snapshot, &nodes, progress, &mut report);
    check_types(snapshot, progress, &mut report);
    for direction in [Direction::Outgoing, Direction::Incoming] {
        if !links_agree(snapshot, direction, sum, progress) {
            check_links(snapshot, direction, &relationships, progress, &mut report);
        }
    }
    for index in snapshot.schema().indexes() {
        if !entries_agree(snapshot, index).unwrap_or(false) {
            check_index(snapshot, index, progress, &mut report);
        }
    }
    for constraint in snapshot.schema().constraints() {
        let index = constraint.index.is_none_or(|id| snapshot.schema().index(id).is_some());
        if !index {
            report.problem(format!("constraint `{}` has lost its index", constraint.name));
        } else {
            report.note(snapshot.verify_all(constraint, &|_| Ok(())));
        }
    }
    report
}

/// Whatever has data or rules must have a name.
fn check_names(snapshot: &Snapshot, report: &mut CheckReport) {
    let tokens = &snapshot.state.tokens;
    let mut named = |what: &str, number: u32, table: &TokenTable| {
        if number >= table.len() {
            report.problem(format!("{what} number {number} has no name"));
        }
    };
    for section in
        snapshot.state.base.index().ok().flatten().into_iter().flat_map(|i| i.sections.keys())
    {
        match section {
            SectionKey::Label(label) => named("label", *label, &tokens.labels),
            SectionKey::OfType(of) | SectionKey::Outgoing(of) | SectionKey::Incoming(of) => {
                named("relationship type", *of, &tokens.types);
            }
            SectionKey::NodeColumn(key) | SectionKey::RelationshipColumn(key) => {
                named("property key", *key, &tokens.keys);
            }
            SectionKey::Nodes | SectionKey::Relationships | SectionKey::Records => {}
            SectionKey::Index(_) => {}
        }
    }
    let schema = snapshot.schema();
    let indexes = schema.indexes().iter().map(|index| (index.on, &index.keys));
    let constraints = schema.constraints().iter().map(|known| (known.on, &known.keys));
    for (on, keys) in indexes.chain(constraints) {
        match on {
            SchemaTarget::Label(label) => named("label", label.0, &tokens.labels),
            SchemaTarget::Type(of) => named("relationship type", of.0, &tokens.types),
        }
        keys.iter().for_each(|key| named("property key", key.0, &tokens.keys));
    }
}

/// Calls `take` with the ids of a scan, a batch at a time; a scan that fails ends there.
fn each_batch<T: Copy>(
    progress: &Progress<'_>,
    report: &mut CheckReport,
    first: T,
    after: impl Fn(T) -> T,
    scan: impl Fn(T, &mut Vec<T>) -> Result<()>,
    mut take: impl FnMut(&[T], &mut CheckReport),
) {
    let mut from = first;
    loop {
        let mut ids = Vec::new();
        if report.note(scan(from, &mut ids)).is_none() {
            return;
        }
        take(&ids, report);
        progress.add(ids.len());
        match ids.last() {
            Some(last) if ids.len() == BATCH => from = after(*last),
            _ => return,
        }
    }
}

fn next_node(node: NodeId) -> NodeId {
    NodeId(node.0 + 1)
}

fn check_nodes(snapshot: &Snapshot, progress: &Progress<'_>, report: &mut CheckReport) -> Bits {
    let mut nodes = Bits::new(snapshot.state.next_node);
    let mut count = 0;
    let scan = |from, ids: &mut Vec<NodeId>| snapshot.scan_nodes(from, BATCH, ids);
    each_batch(progress, report, NodeId(0), next_node, scan, |ids, report| {
        for id in ids {
            if id.0 >= snapshot.state.next_node {
                report.problem(format!("node {} has an id that was never given", id.0));
            }
            nodes.insert(id.0);
        }
        count += ids.len() as u64;
        for (key, name) in snapshot.keys() {
            if report.note(snapshot.node_property(ids, key)).is_none() {
                report.problem(format!("the property `{name}` of some nodes cannot be read"));
            }
        }
    });
    report.nodes = count;
    report.expect_count("nodes", count, snapshot.node_count());
    nodes
}

fn check_labels(
    snapshot: &Snapshot,
    nodes: &Bits,
    progress: &Progress<'_>,
    report: &mut CheckReport,
) {
    for (label, name) in snapshot.labels() {
        let mut count = 0;
        let scan = |from, ids: &mut Vec<NodeId>| snapshot.scan_label(label, from, BATCH, ids);
        each_batch(progress, report, NodeId(0), next_node, scan, |ids, report| {
            for id in ids.iter().filter(|id| !nodes.contains(id.0)) {
                report
                    .problem(format!("the label `{name}` is on node {}, which is not there", id.0));
            }
            count += ids.len() as u64;
        });
        let what = format!("nodes with the label `{name}`");
        report.expect_count(&what, count, snapshot.label_count(label));
    }
}

/// The relationships that exist and the sum of them, after a look at their ends and types.
fn check_relationships(
    snapshot: &Snapshot,
    nodes: &Bits,
    progress: &Progress<'_>,
    report: &mut CheckReport,
) -> (Bits, Sum) {
    let mut sum = Sum::default();
    let mut relationships = Bits::new(snapshot.state.next_relationship);
    let mut types = vec![0u64; snapshot.types().len()];
    let mut count = 0;
    let scan =
        |from, ids: &mut Vec<RelationshipId>| snapshot.scan_relationships(&[], from, BATCH, ids);
    let after = |id: RelationshipId| RelationshipId(id.0 + 1);
    each_batch(progress, report, RelationshipId(0), after, scan, |ids, report| {
        count += ids.len() as u64;
        for id in ids {
            if id.0 >= snapshot.state.next_relationship {
                report.problem(format!("relationship {} has an id that was never given", id.0));
            }
            relationships.insert(id.0);
        }
        for (key, name) in snapshot.keys() {
            if report.note(snapshot.relationship_property(ids, key)).is_none() {
                report
                    .problem(format!("the property `{name}` of some relationships cannot be read"));
            }
        }
        let Some(ends) = report.note(snapshot.relationship_ends(ids)) else { return };
        for (id, ends) in ids.iter().zip(ends) {
            let Some((type_id, start, end)) = ends else {
                report.problem(format!("relationship {} has no record", id.0));
                continue;
            };
            sum.add_link(id.0, type_id.0, start.0, end.0);
            match types.get_mut(type_id.0 as usize) {
                Some(of_type) => *of_type += 1,
                None => report.problem(format!("relationship {} has no known type", id.0)),
            }
            for end in [start, end] {
                if !nodes.contains(end.0) {
                    let text =
                        format!("relationship {} ends at node {}, which is not there", id.0, end.0);
                    report.problem(text);
                }
            }
        }
    });
    report.relationships = count;
    report.expect_count("relationships", count, snapshot.relationship_count());
    for ((number, name), found) in (0..).zip(snapshot.types().iter().map(|(_, n)| n)).zip(types) {
        let what = format!("relationships of type `{name}`");
        report.expect_count(&what, found, snapshot.type_count(TypeId(number)));
    }
    (relationships, sum)
}

/// Whoever is found by a type must have it, and all of them must be found.
fn check_types(snapshot: &Snapshot, progress: &Progress<'_>, report: &mut CheckReport) {
    for (of, name) in snapshot.types() {
        let mut count = 0;
        let scan = |from, ids: &mut Vec<RelationshipId>| {
            snapshot.scan_relationships(&[of], from, BATCH, ids)
        };
        let after = |id: RelationshipId| RelationshipId(id.0 + 1);
        each_batch(progress, report, RelationshipId(0), after, scan, |ids, report| {
            count += ids.len() as u64;
            let Some(ends) = report.note(snapshot.relationship_ends(ids)) else { return };
            for (id, ends) in ids.iter().zip(ends) {
                if ends.is_none_or(|(own, ..)| own != of) {
                    report.problem(format!(
                        "relationship {} is found by the type `{name}`, which it has not",
                        id.0
                    ));
                }
            }
        });
        let what = format!("relationships to be found by the type `{name}`");
        report.expect_count(&what, count, snapshot.type_count(of));
    }
}

/// Whether an index has just the entries that its nodes or relationships ask for, in order. Both sides are read from
/// beginning to end: looking each entry's entity up would read the columns in the order of the values.
fn entries_agree(snapshot: &Snapshot, index: &Arc<Index>) -> Result<bool> {
    let mut found = Sum::default();
    let mut last: Option<(Value, u64)> = None;
    let mut ordered = true;
    snapshot.entries(index, Value::map(Map::new()), None, |key, id| {
        found.add_entry(key, id);
        let entry = (key.clone(), id);
        ordered &= last.as_ref().is_none_or(|last| *last < entry);
        last = Some(entry);
        Ok(ordered)
    })?;
    let mut wanted = Sum::default();
    let mut keys = index.keys.clone();
    keys.sort();
    let mut add = |ids: Vec<u64>, columns: Vec<Column>| {
        for (row, id) in ids.into_iter().enumerate() {
            let properties = keys.iter().copied().zip(columns.iter().map(|column| column.get(row)));
            let properties: Vec<_> = properties.filter(|(_, value)| !value.is_null()).collect();
            if let Some(key) = index.key_of(&properties) {
                wanted.add_entry(&key, id);
            }
        }
    };
    let mut from = Some(0);
    while let Some(first) = from {
        let last = match index.on {
            SchemaTarget::Label(label) => {
                let mut ids = Vec::new();
                snapshot.scan_label(label, NodeId(first), BATCH, &mut ids)?;
                let columns = keys.iter().map(|key| snapshot.node_property(&ids, *key));
                let columns = columns.collect::<Result<_>>()?;
                let ids: Vec<u64> = ids.into_iter().map(|id| id.0).collect();
                let last = ids.last().copied().filter(|_| ids.len() == BATCH);
                add(ids, columns);
                last
            }
            SchemaTarget::Type(of) => {
                let mut ids = Vec::new();
                snapshot.scan_relationships(&[of], RelationshipId(first), BATCH, &mut ids)?;
                let columns = keys.iter().map(|key| snapshot.relationship_property(&ids, *key));
                let columns = columns.collect::<Result<_>>()?;
                let ids: Vec<u64> = ids.into_iter().map(|id| id.0).collect();
                let last = ids.last().copied().filter(|_| ids.len() == BATCH);
                add(ids, columns);
                last
            }
        };
        from = last.map(|last| last + 1);
    }
    Ok(ordered && found == wanted)
}

/// Every entry of an index must be what its node or relationship holds, and all of these must have one.
fn check_index(
    snapshot: &Snapshot,
    index: &Arc<Index>,
    progress: &Progress<'_>,
    report: &mut CheckReport,
) {
    let (mut found, mut wrong, mut order) = (0, 0, 0);
    let mut last: Option<(Value, u64)> = None;
    let everything = Value::map(Map::new());
    let read = snapshot.entries(index, everything, None, |key, id| {
        found += 1;
        wrong += u64::from(snapshot.index_key(index, id)?.as_ref() != Some(key));
        let entry = (key.clone(), id);
        order += u64::from(last.as_ref().is_some_and(|last| *last >= entry));
        last = Some(entry);
        Ok(true)
    });
    if report.note(read).is_none() {
        return;
    }
    if wrong > 0 {
        report.problem(format!("{wrong} entries of index `{}` are wrong", index.name));
    }
    if order > 0 {
        report.problem(format!("{order} entries of index `{}` stand in no order", index.name));
    }
    let mut count = 0;
    let mut add = |ids: &[u64], report: &mut CheckReport| {
        for id in ids {
            count += u64::from(report.note(snapshot.index_key(index, *id)).flatten().is_some());
        }
    };
    match index.on {
        SchemaTarget::Label(label) => {
            let scan = |from, ids: &mut Vec<NodeId>| snapshot.scan_label(label, from, BATCH, ids);
            each_batch(progress, report, NodeId(0), next_node, scan, |ids, report| {
                add(&ids.iter().map(|id| id.0).collect::<Vec<_>>(), report);
            });
        }
        SchemaTarget::Type(of) => {
            let scan = |from, ids: &mut Vec<RelationshipId>| {
                snapshot.scan_relationships(&[of], from, BATCH, ids)
            };
            let after = |id: RelationshipId| RelationshipId(id.0 + 1);
            each_batch(progress, report, RelationshipId(0), after, scan, |ids, report| {
                add(&ids.iter().map(|id| id.0).collect::<Vec<_>>(), report);
            });
        }
    }
    if count != found {
        let name = &index.name;
        report.problem(format!("index `{name}` has {found} entries, but should have {count}"));
    }
}

/// Whether the links of all nodes in one direction are the relationships with this sum, each once. The records of incoming
/// links lie anywhere, so that looking each up would read the records over and over.
fn links_agree(
    snapshot: &Snapshot,
    direction: Direction,
    relationships: Sum,
    progress: &Progress<'_>,
) -> bool {
    let mut links = Sum::default();
    let mut whole = true;
    let types: Vec<TypeId> = snapshot.types().iter().map(|(of, _)| *of).collect();
    let scan = |from, ids: &mut Vec<NodeId>| snapshot.scan_nodes(from, BATCH, ids);
    // What cannot be read is told by those who look at the links one by one.
    let mut unread = CheckReport::default();
    each_batch(progress, &mut unread, NodeId(0), next_node, scan, |ids, unread| {
        for of in &types {
            let mut found = Neighbours::default();
            let read = snapshot.expand(ids, direction, &[*of], &mut found);
            whole &= unread.note(read).is_some();
            let parents = found.parents.iter().filter_map(|row| ids.get(*row as usize));
            for ((node, neighbour), id) in parents.zip(&found.nodes).zip(&found.relationships) {
                match direction {
                    Direction::Incoming => links.add_link(id.0, of.0, neighbour.0, node.0),
                    Direction::Outgoing | Direction::Both => {
                        links.add_link(id.0, of.0, node.0, neighbour.0);
                    }
                }
            }
        }
    });
    whole && unread.is_sound() && links == relationships
}

/// Every link of a node must be a relationship that says the same, and every relationship must be a link.
fn check_links(
    snapshot: &Snapshot,
    direction: Direction,
    relationships: &Bits,
    progress: &Progress<'_>,
    report: &mut CheckReport,
) {
    let side = if direction == Direction::Outgoing { "outgoing" } else { "incoming" };
    let mut count = 0;
    let mut seen = Bits::new(snapshot.state.next_relationship);
    let types: Vec<TypeId> = snapshot.types().iter().map(|(of, _)| *of).collect();
    let scan = |from, ids: &mut Vec<NodeId>| snapshot.scan_nodes(from, BATCH, ids);
    let mut check = |ids: &[NodeId], of: TypeId, report: &mut CheckReport| {
        let mut found = Neighbours::default();
        if report.note(snapshot.expand(ids, direction, &[of], &mut found)).is_none() {
            return;
        }
        count += found.len() as u64;
        let Some(ends) = report.note(snapshot.relationship_ends(&found.relationships)) else {
            return;
        };
        for (at, (relationship, ends)) in found.relationships.iter().zip(ends).enumerate() {
            let node = found.parents.get(at).and_then(|row| ids.get(*row as usize)).copied();
            let neighbour = found.nodes.get(at).copied();
            let (start, end) = match direction {
                Direction::Incoming => (neighbour, node),
                Direction::Outgoing | Direction::Both => (node, neighbour),
            };
            let agrees =
                ends.is_some_and(|(own, s, e)| (own, Some(s), Some(e)) == (of, start, end));
            if !seen.insert(relationship.0) {
                report.problem(format!(
                    "relationship {} is an {side} link of more than one node, or more than once",
                    relationship.0
                ));
            }
            if !agrees || !relationships.contains(relationship.0) {
                report.problem(format!(
                    "node {} has an {side} link to relationship {}, which says otherwise",
                    node.map_or(0, |node| node.0),
                    relationship.0
                ));
            }
        }
    };
    each_batch(progress, report, NodeId(0), next_node, scan, |ids, report| {
        types.iter().for_each(|of| check(ids, *of, report));
    });
    report.expect_count(&format!("{side} links"), count, snapshot.relationship_count());
}
