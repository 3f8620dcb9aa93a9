//! Random histories of transactions, with savepoints, checkpoints and reopenings, against a plain model.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use redstring::graph::Direction;
use redstring::graph::Graph;
use redstring::graph::GraphOptions;
use redstring::graph::KeyId;
use redstring::graph::LabelId;
use redstring::graph::Neighbours;
use redstring::graph::Savepoint;
use redstring::graph::Snapshot;
use redstring::graph::Transaction;
use redstring::graph::TypeId;
use redstring::storage::Opened;
use redstring::storage::memory;
use redstring::value::NodeId;
use redstring::value::RelationshipId;
use redstring::value::Value;

const LABELS: [&str; 3] = ["A", "B", "C"];
const TYPES: [&str; 3] = ["R", "S", "T"];
const KEYS: [&str; 3] = ["k", "l", "m"];

#[derive(Debug, Clone)]
enum Step {
    CreateNode { labels: BTreeSet<usize>, properties: BTreeMap<usize, u8> },
    CreateRelationship { type_at: usize, start: usize, end: usize, properties: BTreeMap<usize, u8> },
    SetNodeProperty { node: usize, key: usize, value: Option<u8> },
    SetRelationshipProperty { relationship: usize, key: usize, value: Option<u8> },
    AddLabel { node: usize, label: usize },
    RemoveLabel { node: usize, label: usize },
    DeleteNode { node: usize },
    DeleteRelationship { relationship: usize },
    Savepoint,
    RollbackTo,
    Commit,
    Rollback,
    Checkpoint,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let properties = || prop::collection::btree_map(0..3usize, any::<u8>(), 0..3);
    let any_index = || 0..1000usize;
    let step = prop_oneof![
        6 => (prop::collection::btree_set(0..3usize, 0..3), properties())
            .prop_map(|(labels, properties)| Step::CreateNode { labels, properties }),
        8 => (0..3usize, any_index(), any_index(), properties()).prop_map(
            |(type_at, start, end, properties)| Step::CreateRelationship {
                type_at, start, end, properties
            }
        ),
        3 => (any_index(), 0..3usize, any::<Option<u8>>())
            .prop_map(|(node, key, value)| Step::SetNodeProperty { node, key, value }),
        3 => (any_index(), 0..3usize, any::<Option<u8>>()).prop_map(
            |(relationship, key, value)| Step::SetRelationshipProperty { relationship, key, value }
        ),
        2 => (any_index(), 0..3usize).prop_map(|(node, label)| Step::AddLabel { node, label }),
        2 => (any_index(), 0..3usize).prop_map(|(node, label)| Step::RemoveLabel { node, label }),
        1 => any_index().prop_map(|node| Step::DeleteNode { node }),
        2 => any_index().prop_map(|relationship| Step::DeleteRelationship { relationship }),
        1 => Just(Step::Savepoint),
        1 => Just(Step::RollbackTo),
        4 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        2 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..80)
}

/// A value of some type for each number.
fn value(number: u8) -> Value {
    match number % 5 {
        0 => Value::Integer(i64::from(number)),
        1 => Value::Float(f64::from(number) / 4.0),
        2 => Value::String(format!("text {number}").into()),
        3 => Value::Boolean(number.is_multiple_of(2)),
        _ => Value::List(Arc::new(vec![Value::Integer(1), Value::Integer(i64::MAX)])),
    }
}

/// The model: what the graph holds, in plain maps, with names instead of ids of tokens.
#[derive(Debug, Clone, Default)]
struct Model {
    nodes: BTreeMap<u64, Entity>,
    relationships: BTreeMap<u64, (usize, u64, u64, Entity)>,
    next_node: u64,
    next_relationship: u64,
}

#[derive(Debug, Clone, Default)]
struct Entity {
    labels: BTreeSet<usize>,
    properties: BTreeMap<usize, u8>,
}

impl Entity {
    fn set(&mut self, key: usize, value: Option<u8>) {
        match value {
            Some(value) => self.properties.insert(key, value),
            None => self.properties.remove(&key),
        };
    }
}

fn pick<T>(map: &BTreeMap<u64, T>, at: usize) -> Option<u64> {
    map.keys().nth(at.checked_rem(map.len())?).copied()
}

struct History {
    opened: Opened,
    graph: Graph,
    open: Option<Transaction>,
    savepoint: Option<(Savepoint, Model)>,
    committed: Model,
    current: Model,
    /// A reader from some time ago, and what it must still see.
    reader: Option<(Snapshot, Model)>,
}

impl History {
    fn new() -> Self {
        let opened = memory::open();
        let graph = Self::open(&opened);
        let (committed, current) = (Model::default(), Model::default());
        Self { opened, graph, open: None, savepoint: None, committed, current, reader: None }
    }

    fn open(opened: &Opened) -> Graph {
        let options = GraphOptions { cache_bytes: 100_000, ..GraphOptions::default() };
        Graph::open(opened.bytes.clone(), opened.segments.clone(), options).unwrap()
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Commit => {
                if let Some(open) = self.open.take() {
                    open.commit().unwrap();
                }
                self.savepoint = None;
                self.committed = self.current.clone();
                check(&self.graph.snapshot(), &self.committed);
                if let Some((snapshot, model)) = &self.reader {
                    check(snapshot, model);
                }
                self.reader = Some((self.graph.snapshot(), self.committed.clone()));
            }
            Step::Rollback => {
                self.open = None;
                self.savepoint = None;
                self.current = self.committed.clone();
            }
            Step::Checkpoint => {
                self.graph.checkpoint().unwrap();
                check(&self.graph.snapshot(), &self.committed);
            }
            Step::Reopen => {
                self.run(&Step::Rollback);
                self.reader = None;
                // What goes on behind the graph ends before another opens its storage.
                self.graph = Graph::in_memory();
                self.graph = Self::open(&self.opened);
                check(&self.graph.snapshot(), &self.committed);
            }
            _ => {
                let mut open = match self.open.take() {
                    Some(open) => open,
                    None => self.graph.begin().unwrap(),
                };
                self.change(&mut open, step);
                check(open.snapshot(), &self.current);
                self.open = Some(open);
            }
        }
    }

    fn change(&mut self, t: &mut Transaction, step: &Step) {
        let model = &mut self.current;
        match step {
            Step::CreateNode { labels, properties } => {
                let ids: Vec<_> = labels.iter().map(|at| t.label(LABELS[*at]).unwrap()).collect();
                let of = keyed(t, properties);
                let node = t.create_node(&ids, of).unwrap();
                assert_eq!(node.0, model.next_node);
                model.next_node += 1;
                let entity = Entity { labels: labels.clone(), properties: properties.clone() };
                model.nodes.insert(node.0, entity);
            }
            Step::CreateRelationship { type_at, start, end, properties } => {
                let start = pick(&model.nodes, *start);
                let (Some(start), Some(end)) = (start, pick(&model.nodes, *end)) else { return };
                let type_id = t.relationship_type(TYPES[*type_at]).unwrap();
                let of = keyed(t, properties);
                let id = t.create_relationship(type_id, NodeId(start), NodeId(end), of).unwrap();
                assert_eq!(id.0, model.next_relationship);
                model.next_relationship += 1;
                let entity = Entity { properties: properties.clone(), ..Entity::default() };
                model.relationships.insert(id.0, (*type_at, start, end, entity));
            }
            Step::SetNodeProperty { node, key, value: to } => {
                let Some(node) = pick(&model.nodes, *node) else { return };
                let key_id = t.key(KEYS[*key]).unwrap();
                let to_value = to.map_or(Value::Null, value);
                t.set_node_property(NodeId(node), key_id, &to_value).unwrap();
                model.nodes.get_mut(&node).unwrap().set(*key, *to);
            }
            Step::SetRelationshipProperty { relationship, key, value: to } => {
                let Some(id) = pick(&model.relationships, *relationship) else { return };
                let key_id = t.key(KEYS[*key]).unwrap();
                let to_value = to.map_or(Value::Null, value);
                t.set_relationship_property(RelationshipId(id), key_id, &to_value).unwrap();
                model.relationships.get_mut(&id).unwrap().3.set(*key, *to);
            }
            Step::AddLabel { node, label } => {
                let Some(node) = pick(&model.nodes, *node) else { return };
                let label_id = t.label(LABELS[*label]).unwrap();
                let added = t.add_label(NodeId(node), label_id).unwrap();
                assert_eq!(added, model.nodes.get_mut(&node).unwrap().labels.insert(*label));
            }
            Step::RemoveLabel { node, label } => {
                let Some(node) = pick(&model.nodes, *node) else { return };
                let label_id = t.label(LABELS[*label]).unwrap();
                let removed = t.remove_label(NodeId(node), label_id).unwrap();
                assert_eq!(removed, model.nodes.get_mut(&node).unwrap().labels.remove(label));
            }
            Step::DeleteNode { node } => {
                let Some(node) = pick(&model.nodes, *node) else { return };
                let mut links = Neighbours::default();
                t.snapshot().expand(&[NodeId(node)], Direction::Both, &[], &mut links).unwrap();
                for id in links.relationships {
                    assert!(t.delete_relationship(id).unwrap());
                    assert!(model.relationships.remove(&id.0).is_some());
                }
                assert!(!t.has_relationships(NodeId(node)).unwrap());
                assert!(t.delete_node(NodeId(node)).unwrap());
                model.nodes.remove(&node);
            }
            Step::DeleteRelationship { relationship } => {
                let Some(id) = pick(&model.relationships, *relationship) else { return };
                assert!(t.delete_relationship(RelationshipId(id)).unwrap());
                assert!(t.is_deleted_relationship(RelationshipId(id)));
                model.relationships.remove(&id);
            }
            Step::Savepoint => self.savepoint = Some((t.savepoint(), model.clone())),
            Step::RollbackTo => {
                if let Some((savepoint, then)) = self.savepoint.take() {
                    t.rollback_to(savepoint);
                    *model = then;
                }
            }
            Step::Commit | Step::Rollback | Step::Checkpoint | Step::Reopen => {}
        }
    }
}

fn keyed(t: &mut Transaction, properties: &BTreeMap<usize, u8>) -> Vec<(KeyId, Value)> {
    properties.iter().map(|(key, of)| (t.key(KEYS[*key]).unwrap(), value(*of))).collect()
}

fn show(value: &Value) -> String {
    format!("{value:?}")
}

/// Every answer of the snapshot against the model's.
fn check(snapshot: &Snapshot, model: &Model) {
    assert_eq!(snapshot.node_count(), model.nodes.len() as u64);
    assert_eq!(snapshot.relationship_count(), model.relationships.len() as u64);
    check_entities(snapshot, model);
    check_properties(snapshot, model);
    let types: Vec<Option<TypeId>> = TYPES.iter().map(|name| snapshot.type_id(name)).collect();
    let known: Vec<usize> = (0..TYPES.len()).filter(|at| types[*at].is_some()).collect();
    for direction in [Direction::Outgoing, Direction::Incoming, Direction::Both] {
        check_links(snapshot, model, direction, &[]);
        for at in &known {
            check_links(snapshot, model, direction, &[*at]);
        }
        if let [first, .., last] = known[..] {
            check_links(snapshot, model, direction, &[last, first]);
        }
    }
}

fn check_entities(snapshot: &Snapshot, model: &Model) {
    let mut nodes = Vec::new();
    let mut from = NodeId(0);
    // In small steps, so that scans begin everywhere.
    loop {
        let before = nodes.len();
        snapshot.scan_nodes(from, 2, &mut nodes).unwrap();
        if nodes.len() < before + 2 {
            break;
        }
        from = NodeId(nodes[nodes.len() - 1].0 + 1);
    }
    assert!(nodes.iter().map(|n| n.0).eq(model.nodes.keys().copied()), "{nodes:?}");
    for (at, name) in LABELS.iter().enumerate() {
        let labelled = |id: &u64| model.nodes[id].labels.contains(&at);
        let expected: Vec<u64> = model.nodes.keys().copied().filter(labelled).collect();
        let Some(label) = snapshot.label_id(name) else {
            assert!(expected.is_empty());
            continue;
        };
        assert_eq!(snapshot.label_count(label), expected.len() as u64);
        let mut found = Vec::new();
        snapshot.scan_label(label, NodeId(1), 1000, &mut found).unwrap();
        assert!(found.iter().map(|n| n.0).eq(expected.iter().copied().filter(|id| *id >= 1)));
        let all: Vec<NodeId> = (0..model.next_node + 1).map(NodeId).collect();
        let has = snapshot.has_label(&all, label).unwrap();
        assert!(all.iter().zip(has.iter()).all(|(n, has)| has == expected.contains(&n.0)));
    }
    for id in 0..model.next_node {
        let labels = snapshot.node_labels(NodeId(id)).unwrap();
        let names: BTreeSet<_> = labels.iter().map(|l: &LabelId| snapshot.label_name(*l)).collect();
        let expected = model.nodes.get(&id).map(|node| {
            node.labels.iter().map(|at| LABELS[*at].into()).collect::<BTreeSet<Arc<str>>>()
        });
        assert_eq!(snapshot.node_exists(NodeId(id)).unwrap(), expected.is_some());
        assert_eq!(names, expected.unwrap_or_default());
    }
    let mut relationships = Vec::new();
    snapshot.scan_relationships(&[], RelationshipId(0), 1000, &mut relationships).unwrap();
    assert!(relationships.iter().map(|r| r.0).eq(model.relationships.keys().copied()));
    let ends = snapshot.relationship_ends(&relationships).unwrap();
    for (id, ends) in relationships.iter().zip(ends) {
        let (type_at, start, end, _) = &model.relationships[&id.0];
        let type_id = snapshot.type_id(TYPES[*type_at]).unwrap();
        assert_eq!(ends, Some((type_id, NodeId(*start), NodeId(*end))));
        assert_eq!(snapshot.relationship(*id).unwrap(), ends);
    }
    for (at, name) in TYPES.iter().enumerate() {
        let Some(type_id) = snapshot.type_id(name) else { continue };
        let of_type = |(id, relationship): (&u64, &(usize, u64, u64, Entity))| {
            (relationship.0 == at).then_some(*id)
        };
        let expected: Vec<u64> = model.relationships.iter().filter_map(of_type).collect();
        assert_eq!(snapshot.type_count(type_id), expected.len() as u64);
        let mut found = Vec::new();
        snapshot.scan_relationships(&[type_id], RelationshipId(0), 1000, &mut found).unwrap();
        assert!(found.iter().map(|r| r.0).eq(expected));
    }
}

fn check_properties(snapshot: &Snapshot, model: &Model) {
    let nodes: Vec<NodeId> = (0..model.next_node + 1).rev().map(NodeId).collect();
    let relationships: Vec<_> = model.relationships.keys().copied().map(RelationshipId).collect();
    for (at, name) in KEYS.iter().enumerate() {
        let Some(key) = snapshot.key_id(name) else { continue };
        let column = snapshot.node_property(&nodes, key).unwrap();
        assert_eq!(column.len(), nodes.len());
        for (node, found) in nodes.iter().zip(column.iter()) {
            let expected = model.nodes.get(&node.0).and_then(|n| n.properties.get(&at));
            assert_eq!(show(&found), show(&expected.map_or(Value::Null, |v| value(*v))));
        }
        let column = snapshot.relationship_property(&relationships, key).unwrap();
        for (id, found) in relationships.iter().zip(column.iter()) {
            let expected = model.relationships[&id.0].3.properties.get(&at);
            assert_eq!(show(&found), show(&expected.map_or(Value::Null, |v| value(*v))));
        }
    }
    let named = |properties: Vec<(KeyId, Value)>| -> BTreeMap<String, String> {
        let named = |(key, value)| (snapshot.key_name(key).to_string(), show(&value));
        properties.into_iter().map(named).collect()
    };
    let expected = |entity: &Entity| -> BTreeMap<String, String> {
        let named = |(at, of): (&usize, &u8)| (KEYS[*at].to_owned(), show(&value(*of)));
        entity.properties.iter().map(named).collect()
    };
    for (id, entity) in &model.nodes {
        let properties = snapshot.node_properties(NodeId(*id)).unwrap();
        assert_eq!(named(properties), expected(entity));
    }
    for (id, (_, _, _, entity)) in &model.relationships {
        let properties = snapshot.relationship_properties(RelationshipId(*id)).unwrap();
        assert_eq!(named(properties), expected(entity));
    }
}

fn check_links(snapshot: &Snapshot, model: &Model, direction: Direction, types: &[usize]) {
    let type_ids: Vec<_> = types.iter().map(|at| snapshot.type_id(TYPES[*at]).unwrap()).collect();
    let nodes: Vec<NodeId> = (0..model.next_node + 1).map(NodeId).collect();
    let mut expected: Vec<(u32, bool, TypeId, u64, u64)> = Vec::new();
    for (id, (type_at, start, end, _)) in &model.relationships {
        if !types.is_empty() && !types.contains(type_at) {
            continue;
        }
        let type_id = snapshot.type_id(TYPES[*type_at]).unwrap();
        if direction != Direction::Incoming {
            expected.push((*start as u32, false, type_id, *end, *id));
        }
        let again = direction == Direction::Both && start == end;
        if direction != Direction::Outgoing && !again {
            expected.push((*end as u32, true, type_id, *start, *id));
        }
    }
    expected.sort_unstable();
    let mut out = Neighbours::default();
    snapshot.expand(&nodes, direction, &type_ids, &mut out).unwrap();
    let rows = out.parents.iter().zip(&out.nodes).zip(&out.relationships);
    let found: Vec<_> = rows.map(|((parent, node), id)| (*parent, node.0, id.0)).collect();
    let rows: Vec<_> = expected.iter().map(|row| (row.0, row.3, row.4)).collect();
    assert_eq!(found, rows, "{direction:?} {types:?}");

    let mut degrees = Vec::new();
    snapshot.degrees(&nodes, direction, &type_ids, &mut degrees).unwrap();
    for (row, degree) in (0u32..).zip(degrees) {
        assert_eq!(degree, rows.iter().filter(|found| found.0 == row).count() as u64);
    }

    let from: Vec<NodeId> = nodes.iter().flat_map(|n| vec![*n; nodes.len()]).take(400).collect();
    let to: Vec<NodeId> = nodes.iter().cycle().take(from.len()).copied().collect();
    let mut into = Neighbours::default();
    snapshot.expand_into(&from, &to, direction, &type_ids, &mut into).unwrap();
    let mut pairs = Vec::new();
    for (row, (from, to)) in (0u32..).zip(from.iter().zip(&to)) {
        let between = rows.iter().filter(|found| u64::from(found.0) == from.0 && found.1 == to.0);
        pairs.extend(between.map(|found| (row, to.0, found.2)));
    }
    let found = into.parents.iter().zip(&into.nodes).zip(&into.relationships);
    let found: Vec<_> = found.map(|((parent, node), id)| (*parent, node.0, id.0)).collect();
    assert_eq!(found, pairs, "into, {direction:?} {types:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_history_agrees_with_the_model(steps in steps()) {
        let mut history = History::new();
        for step in &steps {
            history.run(step);
        }
        history.run(&Step::Commit);
        history.run(&Step::Reopen);
    }
}
