//! What the data is like, by a look at all of it: which labels are connected by which types, and which properties
//! they have.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::Result;
use crate::graph::LabelId;
use crate::graph::Snapshot;
use crate::graph::TypeId;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

/// Entities that are looked at together.
const STEP: usize = 4096;

type Labels = Vec<LabelId>;

fn each_node(graph: &Snapshot, mut each: impl FnMut(NodeId, Labels) -> Result<()>) -> Result<()> {
    let mut next = NodeId(0);
    loop {
        let mut nodes = Vec::with_capacity(STEP);
        graph.scan_nodes(next, STEP, &mut nodes)?;
        for node in &nodes {
            each(*node, graph.node_labels(*node)?)?;
            next = NodeId(node.0 + 1);
        }
        if nodes.len() < STEP {
            return Ok(());
        }
    }
}

fn each_relationship(
    graph: &Snapshot,
    mut each: impl FnMut(RelationshipId, (TypeId, NodeId, NodeId)) -> Result<()>,
) -> Result<()> {
    let mut next = RelationshipId(0);
    loop {
        let mut found = Vec::with_capacity(STEP);
        graph.scan_relationships(&[], next, STEP, &mut found)?;
        for (relationship, ends) in found.iter().zip(graph.relationship_ends(&found)?) {
            if let Some(ends) = ends {
                each(*relationship, ends)?;
            }
            next = RelationshipId(relationship.0 + 1);
        }
        if found.len() < STEP {
            return Ok(());
        }
    }
}

fn names(graph: &Snapshot, labels: &Labels) -> Value {
    let mut names: Vec<Arc<str>> = labels.iter().map(|label| graph.label_name(*label)).collect();
    names.sort_unstable();
    Value::list(names.into_iter().map(Value::String).collect())
}

/// A row for each combination of labels, type and labels.
pub(super) fn schema(graph: &Snapshot) -> Result<Vec<Vec<Value>>> {
    let mut connected: BTreeMap<(Labels, TypeId, Labels), i64> = BTreeMap::new();
    let mut ends: BTreeSet<Labels> = BTreeSet::new();
    each_relationship(graph, |_, (of, start, end)| {
        let (start, end) = (graph.node_labels(start)?, graph.node_labels(end)?);
        ends.extend([start.clone(), end.clone()]);
        *connected.entry((start, of, end)).or_default() += 1;
        Ok(())
    })?;
    let mut lone: BTreeMap<Labels, i64> = BTreeMap::new();
    each_node(graph, |_, labels| {
        if !ends.contains(&labels) {
            *lone.entry(labels).or_default() += 1;
        }
        Ok(())
    })?;
    let mut rows: Vec<Vec<Value>> = connected
        .into_iter()
        .map(|((start, of, end), count)| {
            vec![
                names(graph, &start),
                Value::String(graph.type_name(of)),
                names(graph, &end),
                Value::Integer(count),
            ]
        })
        .collect();
    rows.extend(lone.into_iter().map(|(labels, count)| {
        vec![names(graph, &labels), Value::Null, Value::Null, Value::Integer(count)]
    }));
    rows.sort();
    Ok(rows)
}

/// What is known of one property of one group of entities.
#[derive(Default)]
struct Seen {
    types: BTreeSet<String>,
    count: u64,
}

/// The properties of groups of entities, by name.
struct Groups<K>(BTreeMap<K, (u64, BTreeMap<Arc<str>, Seen>)>);

impl<K: Ord> Groups<K> {
    fn add(&mut self, group: K, properties: Vec<(Arc<str>, Value)>) {
        let (count, seen) = self.0.entry(group).or_default();
        *count += 1;
        for (key, value) in properties {
            let seen = seen.entry(key).or_default();
            seen.count += 1;
            let name = value.type_name();
            if !seen.types.contains(name) {
                seen.types.insert(name.to_owned());
            }
        }
    }

    /// A row for each property of each group; one without a property for a group that has none.
    fn rows(self, describe: impl Fn(&K) -> Vec<Value>) -> Vec<Vec<Value>> {
        let mut rows = Vec::new();
        for (group, (all, properties)) in self.0 {
            let first = describe(&group);
            let mut row = |own: [Value; 3]| {
                rows.push(first.iter().cloned().chain(own).collect());
            };
            if properties.is_empty() {
                row([Value::Null, Value::Null, Value::Boolean(false)]);
            }
            for (key, seen) in properties {
                let types = seen.types.into_iter().map(Value::string).collect();
                let mandatory = Value::Boolean(seen.count == all);
                row([Value::String(key), Value::list(types), mandatory]);
            }
        }
        rows.sort();
        rows
    }
}

pub(super) fn node_properties(graph: &Snapshot) -> Result<Vec<Vec<Value>>> {
    let mut groups: Groups<Labels> = Groups(BTreeMap::new());
    each_node(graph, |node, labels| {
        let own = graph.node_properties(node)?.into_iter();
        groups.add(labels, own.map(|(key, value)| (graph.key_name(key), value)).collect());
        Ok(())
    })?;
    Ok(groups.rows(|labels| {
        let names = names(graph, labels);
        let quoted = names.as_list().unwrap_or_default().iter().filter_map(Value::as_str);
        let text: String = quoted.map(|name| format!(":`{name}`")).collect();
        vec![Value::string(text), names]
    }))
}

pub(super) fn relationship_properties(graph: &Snapshot) -> Result<Vec<Vec<Value>>> {
    let mut groups: Groups<TypeId> = Groups(BTreeMap::new());
    each_relationship(graph, |relationship, (of, ..)| {
        let own = graph.relationship_properties(relationship)?.into_iter();
        groups.add(of, own.map(|(key, value)| (graph.key_name(key), value)).collect());
        Ok(())
    })?;
    Ok(groups.rows(|of| vec![Value::string(format!(":`{}`", graph.type_name(*of)))]))
}
