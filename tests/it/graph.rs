//! The graph: one conformance suite under treatments (engine, delta or segments, reopened or not), random
//! histories against a model, large commits, damage.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use redstring::graph::Direction;
use redstring::graph::Graph;
use redstring::graph::GraphOptions;
use redstring::graph::LabelId;
use redstring::graph::Neighbours;
use redstring::graph::Snapshot;
use redstring::graph::Transaction;
use redstring::graph::TypeId;
use redstring::storage::ENGINES;
use redstring::storage::Engine;
use redstring::storage::Opened;
use redstring::storage::SegmentFiles;
use redstring::storage::memory::MemoryBytes;
use redstring::storage::memory::MemoryFiles;
use redstring::value::NodeId;
use redstring::value::RelationshipId;
use redstring::value::Value;
use tempfile::TempDir;

/// A graph on some engine that can be opened again.
struct Store {
    engine: &'static Engine,
    folder: TempDir,
    opened: Option<Opened>,
    graph: Option<Graph>,
    options: GraphOptions,
}

impl Store {
    fn new(engine: &'static Engine) -> Self {
        let folder = TempDir::new().unwrap();
        let options = GraphOptions::default();
        let mut store = Self { engine, folder, opened: None, graph: None, options };
        store.reopen();
        store
    }

    fn graph(&self) -> &Graph {
        self.graph.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.graph = None;
        if self.engine.durable {
            self.opened = None;
        }
        let opened = match self.opened.take() {
            Some(opened) => opened,
            None => (self.engine.open)(self.folder.path()).unwrap(),
        };
        let files = opened.segments.clone();
        let graph = Graph::open(opened.bytes.clone(), files, self.options.clone()).unwrap();
        self.opened = Some(opened);
        self.graph = Some(graph);
    }

    fn write<T>(&self, change: impl FnOnce(&mut Transaction) -> T) -> T {
        let mut transaction = self.graph().begin().unwrap();
        let result = change(&mut transaction);
        transaction.commit().unwrap();
        result
    }
}

/// What is done after each step of a history.
#[derive(Debug, Clone, Copy)]
enum Treatment {
    Delta,
    Checkpoint,
    Reopen,
    CheckpointAndReopen,
}

const TREATMENTS: [Treatment; 4] =
    [Treatment::Delta, Treatment::Checkpoint, Treatment::Reopen, Treatment::CheckpointAndReopen];

impl Treatment {
    fn apply(self, store: &mut Store) {
        if matches!(self, Self::Checkpoint | Self::CheckpointAndReopen) {
            store.graph().checkpoint().unwrap();
        }
        if matches!(self, Self::Reopen | Self::CheckpointAndReopen) {
            store.reopen();
        }
    }
}

/// Runs a test on each engine with each treatment.
fn everywhere(test: impl Fn(&mut Store, &dyn Fn(&mut Store))) {
    for engine in ENGINES {
        for treatment in TREATMENTS {
            let mut store = Store::new(engine);
            println!("{} {treatment:?}", engine.name);
            test(&mut store, &|store| treatment.apply(store));
        }
    }
}

fn text(value: &str) -> Value {
    Value::String(value.into())
}

fn show(value: &Value) -> String {
    format!("{value:?}")
}

fn node_ids(ids: &[u64]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

fn expand(
    snapshot: &Snapshot,
    nodes: &[u64],
    direction: Direction,
    types: &[TypeId],
) -> Vec<(u32, u64, u64)> {
    let mut out = Neighbours::default();
    snapshot.expand(&node_ids(nodes), direction, types, &mut out).unwrap();
    let mut degrees = Vec::new();
    snapshot.degrees(&node_ids(nodes), direction, types, &mut degrees).unwrap();
    for (row, degree) in (0u32..).zip(degrees) {
        assert_eq!(out.parents.iter().filter(|parent| **parent == row).count() as u64, degree);
    }
    let rows = out.parents.iter().zip(&out.nodes).zip(&out.relationships);
    rows.map(|((parent, node), relationship)| (*parent, node.0, relationship.0)).collect()
}

#[test]
fn a_graph_answers_the_same_everywhere() {
    everywhere(|store, step| {
        let (person, agency, knows, penalised, name, amount) = store.write(|t| {
            let person = t.label("Person").unwrap();
            let agency = t.label("Agency").unwrap();
            let knows = t.relationship_type("KNOWS").unwrap();
            let penalised = t.relationship_type("PENALISED").unwrap();
            let name = t.key("name").unwrap();
            let amount = t.key("amount").unwrap();
            for i in 0..5 {
                let name = (name, text(&format!("person {i}")));
                t.create_node(&[person], vec![name, (amount, Value::Null)]).unwrap();
            }
            (person, agency, knows, penalised, name, amount)
        });
        step(store);
        store.write(|t| {
            let node = t.create_node(&[agency, person, agency], vec![]).unwrap();
            assert_eq!(node, NodeId(5));
            for (start, end) in [(0, 1), (0, 2), (1, 2), (2, 0), (3, 3), (0, 1)] {
                t.create_relationship(knows, NodeId(start), NodeId(end), vec![]).unwrap();
            }
        });
        step(store);
        store.write(|t| {
            let properties = vec![(amount, Value::Float(12.5)), (amount, Value::Integer(13))];
            t.create_relationship(penalised, NodeId(5), NodeId(0), properties).unwrap();
            assert!(t.add_label(NodeId(1), agency).unwrap());
            assert!(!t.add_label(NodeId(1), agency).unwrap());
            assert!(t.remove_label(NodeId(0), person).unwrap());
            assert!(!t.remove_label(NodeId(0), person).unwrap());
            t.set_node_property(NodeId(2), name, &Value::Null).unwrap();
            t.set_node_property(NodeId(3), name, &text("someone else")).unwrap();
            let list = Value::List(Arc::new(vec![Value::Integer(1), Value::Integer(2)]));
            t.set_node_property(NodeId(4), amount, &list).unwrap();
        });
        step(store);
        store.write(|t| {
            assert!(t.delete_relationship(RelationshipId(1)).unwrap());
            assert!(!t.delete_relationship(RelationshipId(1)).unwrap());
            assert!(t.is_deleted_relationship(RelationshipId(1)));
            let deleted = t.snapshot().relationship(RelationshipId(1)).unwrap();
            assert_eq!(deleted, Some((knows, NodeId(0), NodeId(2))));
            assert!(!t.has_relationships(NodeId(4)).unwrap());
            assert!(t.has_relationships(NodeId(3)).unwrap());
            assert!(t.delete_node(NodeId(4)).unwrap());
            assert!(t.is_deleted_node(NodeId(4)) && !t.is_deleted_node(NodeId(3)));
        });
        step(store);

        let s = store.graph().snapshot();
        assert_eq!(s.label_id("Agency"), Some(agency));
        assert_eq!(s.label_id("Nobody"), None);
        assert_eq!(&*s.type_name(penalised), "PENALISED");
        let keys: Vec<_> = s.keys().into_iter().map(|(_, name)| name.to_string()).collect();
        assert_eq!(keys, ["name", "amount"]);
        assert_eq!((s.node_count(), s.relationship_count()), (5, 6));
        assert_eq!((s.label_count(person), s.label_count(agency)), (4, 2));
        assert_eq!((s.type_count(knows), s.type_count(penalised)), (5, 1));

        let mut ids = Vec::new();
        s.scan_nodes(NodeId(1), 3, &mut ids).unwrap();
        assert_eq!(ids, node_ids(&[1, 2, 3]));
        ids.clear();
        s.scan_nodes(NodeId(4), 3, &mut ids).unwrap();
        assert_eq!(ids, node_ids(&[5]));
        ids.clear();
        s.scan_label(person, NodeId(0), 10, &mut ids).unwrap();
        assert_eq!(ids, node_ids(&[1, 2, 3, 5]));
        let mut relationships = Vec::new();
        s.scan_relationships(&[], RelationshipId(0), 10, &mut relationships).unwrap();
        s.scan_relationships(&[penalised], RelationshipId(0), 10, &mut relationships).unwrap();
        s.scan_relationships(&[penalised, knows], RelationshipId(4), 2, &mut relationships)
            .unwrap();
        let relationships: Vec<_> = relationships.into_iter().map(|r| r.0).collect();
        assert_eq!(relationships, [0, 2, 3, 4, 5, 6, 6, 4, 5]);
        assert!(s.node_exists(NodeId(3)).unwrap() && !s.node_exists(NodeId(4)).unwrap());
        assert!(!s.node_exists(NodeId(u64::MAX)).unwrap());
        assert!(!s.relationship_exists(RelationshipId(1)).unwrap());
        assert_eq!(s.node_labels(NodeId(1)).unwrap(), [person, agency]);
        let all = node_ids(&[0, 1, 2, 3, 4, 5, 6]);
        let has: Vec<bool> = s.has_label(&all, agency).unwrap().iter().collect();
        assert_eq!(has, [false, true, false, false, false, true, false]);

        let names: Vec<_> = s.node_property(&all, name).unwrap().iter().map(|v| show(&v)).collect();
        let expected = [
            text("person 0"),
            text("person 1"),
            Value::Null,
            text("someone else"),
            Value::Null,
            Value::Null,
            Value::Null,
        ];
        assert_eq!(names, expected.map(|v| show(&v)));
        let of = [RelationshipId(6), RelationshipId(0)];
        let amounts = s.relationship_property(&of, amount).unwrap();
        assert_eq!(show(&amounts.get(0)), show(&Value::Integer(13)));
        assert!(amounts.is_null(1));
        let properties = s.relationship_properties(RelationshipId(6)).unwrap();
        assert_eq!(properties.len(), 1);

        use Direction::{Both, Incoming, Outgoing};
        assert_eq!(
            expand(&s, &[0, 3, 0], Outgoing, &[]),
            [(0, 1, 0), (0, 1, 5), (1, 3, 4), (2, 1, 0), (2, 1, 5)]
        );
        assert_eq!(expand(&s, &[0], Incoming, &[]), [(0, 2, 3), (0, 5, 6)]);
        assert_eq!(expand(&s, &[0], Incoming, &[penalised, penalised]), [(0, 5, 6)]);
        assert_eq!(expand(&s, &[3], Both, &[]), [(0, 3, 4)]);
        assert_eq!(expand(&s, &[0], Both, &[knows]), [(0, 1, 0), (0, 1, 5), (0, 2, 3)]);
        let mut out = Neighbours::default();
        let (from, to) = (node_ids(&[0, 3, 1, 1]), node_ids(&[1, 3, 0, 5]));
        s.expand_into(&from, &to, Both, &[], &mut out).unwrap();
        assert_eq!(out.parents, [0, 0, 1, 2, 2]);
        let ids: Vec<_> = out.relationships.iter().map(|r| r.0).collect();
        assert_eq!(ids, [0, 5, 4, 0, 5]);
        assert_eq!(s.average_degree(&[], Outgoing), 6.0 / 5.0);
        assert_eq!(s.type_statistics(penalised).distinct_starts, 1);
    });
}

#[test]
fn every_type_of_property_is_kept() {
    fn temporal<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
        text.parse().unwrap()
    }
    let zoned = "2015-07-21T21:40:32.142+02:00[Europe/Stockholm]";
    let values = [
        Value::Boolean(false),
        Value::Integer(i64::MIN),
        Value::Float(-0.0),
        Value::Float(f64::NAN),
        text("\u{1f9f6} and \0"),
        text(""),
        Value::List(Arc::default()),
        Value::List(Arc::new(vec![text("a"), text("b")])),
        Value::List(Arc::new(vec![Value::Float(0.5), Value::Float(f64::NAN)])),
        Value::Date(temporal("-0044-03-15")),
        Value::LocalTime(temporal("21:40:32.142000001")),
        Value::Time(temporal("21:40:32+01:00")),
        Value::LocalDateTime(temporal("2015-07-21T21:40:32.142")),
        Value::DateTime(Arc::new(temporal(zoned))),
        Value::Duration(Arc::new(temporal("P-1Y2M3DT4H5M6.000000007S"))),
    ];
    // A list holds no list, so a list stands for itself.
    let listed = |value: &Value| match value {
        Value::List(_) => value.clone(),
        _ => Value::List(Arc::new(vec![value.clone()])),
    };
    everywhere(|store, step| {
        store.write(|t| {
            let (each, one) = (t.key("each").unwrap(), t.key("one").unwrap());
            for value in &values {
                let properties = vec![(each, value.clone()), (one, listed(value))];
                t.create_node(&[], properties).unwrap();
            }
            let list = |values: Vec<Value>| Value::List(Arc::new(values));
            let map = Value::Map(Arc::default());
            let mixed = list(vec![text("a"), Value::Float(1.5)]);
            for value in
                [map.clone(), list(vec![map, Value::Null]), list(vec![list(vec![])]), mixed]
            {
                let error = t.set_node_property(NodeId(0), each, &value).unwrap_err();
                assert_eq!(error.code(), "TypeError.InvalidPropertyType");
            }
        });
        step(store);
        let snapshot = store.graph().snapshot();
        let ids: Vec<NodeId> = (0..values.len() as u64).map(NodeId).collect();
        for (name, in_list) in [("each", false), ("one", true)] {
            let key = snapshot.key_id(name).unwrap();
            let column = snapshot.node_property(&ids, key).unwrap();
            for (row, value) in values.iter().enumerate() {
                let expected = if in_list { listed(value) } else { value.clone() };
                assert_eq!(show(&column.get(row)), show(&expected));
            }
        }
    });
}

#[test]
fn a_snapshot_does_not_change() {
    everywhere(|store, step| {
        let (label, key) = store.write(|t| {
            let (label, key) = (t.label("A").unwrap(), t.key("k").unwrap());
            t.create_node(&[label], vec![(key, Value::Integer(1))]).unwrap();
            (label, key)
        });
        step(store);
        // A reader may outlive the store's own handle only in the same process and opening.
        let before = store.graph().snapshot();
        store.write(|t| {
            t.set_node_property(NodeId(0), key, &Value::Integer(2)).unwrap();
            t.create_node(&[label], vec![]).unwrap();
        });
        store.graph().checkpoint().unwrap();
        let after = store.graph().snapshot();
        for (snapshot, value, count) in [(before, 1, 1), (after, 2, 2)] {
            let column = snapshot.node_property(&[NodeId(0)], key).unwrap();
            assert_eq!(show(&column.get(0)), show(&Value::Integer(value)));
            assert_eq!(snapshot.node_count(), count);
            let mut ids = Vec::new();
            snapshot.scan_label(label, NodeId(0), 10, &mut ids).unwrap();
            assert_eq!(ids.len() as u64, count);
        }
    });
}

#[test]
fn a_transaction_undoes_what_it_is_told_to() {
    everywhere(|store, step| {
        store.write(|t| {
            let label = t.label("A").unwrap();
            t.create_node(&[label], vec![]).unwrap();
        });
        step(store);
        store.write(|t| {
            let savepoint = t.savepoint();
            let before = t.counts();
            let (label, key) = (t.label("B").unwrap(), t.key("k").unwrap());
            let node = t.create_node(&[label], vec![(key, Value::Integer(1))]).unwrap();
            let type_id = t.relationship_type("T").unwrap();
            t.create_relationship(type_id, node, NodeId(0), vec![]).unwrap();
            assert_eq!(t.counts().nodes_created, 1);
            t.rollback_to(savepoint);
            assert_eq!(t.counts(), before);
            assert_eq!(t.snapshot().label_id("B"), None);
            let kept = t.label("C").unwrap();
            t.create_node(&[kept], vec![]).unwrap();
        });
        step(store);
        let mut dropped = store.graph().begin().unwrap();
        dropped.delete_node(NodeId(0)).unwrap();
        drop(dropped);
        let mut rolled_back = store.graph().begin().unwrap();
        rolled_back.delete_node(NodeId(0)).unwrap();
        rolled_back.rollback();
        step(store);
        let snapshot = store.graph().snapshot();
        assert_eq!((snapshot.node_count(), snapshot.relationship_count()), (2, 0));
        assert_eq!(snapshot.label_count(snapshot.label_id("C").unwrap()), 1);
        let names: Vec<_> = snapshot.labels().into_iter().map(|(_, n)| n.to_string()).collect();
        assert_eq!(names, ["A", "C"]);
    });
}

#[test]
fn writers_wait_for_each_other_up_to_a_time() {
    let Opened { bytes, segments, .. } = redstring::storage::memory::open();
    let options =
        GraphOptions { lock_timeout: Duration::from_millis(20), ..GraphOptions::default() };
    let graph = Graph::open(bytes, segments, options).unwrap();
    let open = graph.begin().unwrap();
    let error = graph.begin().unwrap_err();
    assert_eq!(error.code(), "TransactionError.TimedOut");
    assert!(error.is_retryable() && error.help_text().is_some());
    drop(open);
    graph.begin().unwrap().commit().unwrap();
}

#[test]
fn a_checkpoint_does_not_disturb_an_open_transaction() {
    everywhere(|store, step| {
        let (label, key) = store.write(|t| {
            let (label, key) = (t.label("A").unwrap(), t.key("k").unwrap());
            t.create_node(&[label], vec![(key, Value::Integer(1))]).unwrap();
            (label, key)
        });
        step(store);
        let mut open = store.graph().begin().unwrap();
        open.set_node_property(NodeId(0), key, &Value::Integer(2)).unwrap();
        store.graph().checkpoint().unwrap();
        open.create_node(&[label], vec![(key, Value::Integer(3))]).unwrap();
        open.commit().unwrap();
        step(store);
        let snapshot = store.graph().snapshot();
        let values = snapshot.node_property(&node_ids(&[0, 1]), key).unwrap();
        assert_eq!(values.as_integers(), Some(&[2, 3][..]));
        assert_eq!(snapshot.label_count(label), 2);
    });
}

#[test]
fn threads_that_write_lose_nothing() {
    for engine in ENGINES {
        let mut store = Store::new(engine);
        let key = store.write(|t| t.key("k").unwrap());
        let graph = store.graph().clone();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let graph = graph.clone();
                scope.spawn(move || {
                    for i in 0..25 {
                        let mut t = graph.begin().unwrap();
                        let value = Value::Integer(thread * 100 + i);
                        let node = t.create_node(&[], vec![(key, value)]).unwrap();
                        t.commit().unwrap();
                        // Acknowledged means visible.
                        assert!(graph.snapshot().node_exists(node).unwrap());
                    }
                });
            }
            let graph = graph.clone();
            scope.spawn(move || (0..5).for_each(|_| graph.checkpoint().unwrap()));
        });
        drop(graph);
        store.reopen();
        let mut nodes = Vec::new();
        store.graph().snapshot().scan_nodes(NodeId(0), 1000, &mut nodes).unwrap();
        assert_eq!(nodes.len(), 100);
        let values = store.graph().snapshot().node_property(&nodes, key).unwrap();
        let distinct: BTreeSet<_> = values.as_integers().unwrap().iter().collect();
        assert_eq!(distinct.len(), 100);
    }
}

/// Values that make every kind of column, over more than one chunk.
fn many_value(kind: u64, i: u64) -> Value {
    match kind {
        0 => Value::Integer(i as i64 * 7 - 1000),
        1 if i.is_multiple_of(50) => Value::Integer(i64::MIN + i as i64),
        2 => Value::Float(i as f64 / 3.0),
        3 if !i.is_multiple_of(3) => Value::Boolean(i.is_multiple_of(2)),
        4 => text(["red", "green", "blue"][i as usize % 3]),
        5 => text(&format!("unique {i}")),
        6 if i.is_multiple_of(2) => Value::Integer(1),
        6 => text("mixed"),
        7 if i < 70_000 => text("common"),
        7 => text(&format!("rare {i}")),
        8 if i > 90_000 => Value::List(Arc::new(vec![Value::Integer(i as i64), Value::Integer(0)])),
        _ => Value::Null,
    }
}

#[test]
fn columns_of_many_chunks_hold_every_type() {
    let mut store = Store::new(&ENGINES[0]);
    // Small enough that chunks are evicted and read again.
    store.options.cache_bytes = 1 << 20;
    store.reopen();
    const COUNT: u64 = 100_000;
    let keys: Vec<_> = store.write(|t| {
        let keys: Vec<_> = (0..9).map(|k| t.key(&format!("key {k}")).unwrap()).collect();
        let label = t.label("Third").unwrap();
        let type_id = t.relationship_type("NEXT").unwrap();
        for i in 0..COUNT {
            let labels = if i % 3 == 0 { &[label][..] } else { &[] };
            let properties = (0..9).map(|k| (keys[k as usize], many_value(k, i))).collect();
            t.create_node(labels, properties).unwrap();
        }
        for i in 0..COUNT {
            let end = NodeId((i * 31 + 7) % COUNT);
            t.create_relationship(type_id, NodeId(i), end, vec![]).unwrap();
        }
        keys
    });
    for treatment in [Treatment::Delta, Treatment::CheckpointAndReopen] {
        treatment.apply(&mut store);
        let snapshot = store.graph().snapshot();
        let ids: Vec<NodeId> = (0..5000).map(|i| NodeId(i * 7919 % (COUNT + 10))).collect();
        for (kind, key) in (0..).zip(&keys) {
            let column = snapshot.node_property(&ids, *key).unwrap();
            for (row, id) in ids.iter().enumerate() {
                let expected = if id.0 < COUNT { many_value(kind, id.0) } else { Value::Null };
                assert_eq!(show(&column.get(row)), show(&expected), "key {kind} of node {id}");
            }
        }
        let mut out = Neighbours::default();
        snapshot.expand(&ids, Direction::Outgoing, &[], &mut out).unwrap();
        for (parent, node) in out.parents.iter().zip(&out.nodes) {
            assert_eq!(node.0, (ids[*parent as usize].0 * 31 + 7) % COUNT);
        }
        let mut third = Vec::new();
        snapshot.scan_label(LabelId(0), NodeId(1), usize::MAX, &mut third).unwrap();
        assert!(third.iter().map(|n| n.0).eq((3..COUNT).step_by(3)));
    }
    // Columns of one type come as such, also from segments.
    let snapshot = store.graph().snapshot();
    let ids = node_ids(&[1, 99_999, 65_536]);
    let column = |key: usize| snapshot.node_property(&ids, keys[key]).unwrap();
    assert!(column(0).as_integers().is_some());
    assert!(column(2).as_floats().is_some());
    assert!(column(3).as_booleans().is_some());
    assert!(column(5).as_strings().is_some());
    let statistics = |key: usize| snapshot.node_property_statistics(keys[key]).unwrap().unwrap();
    let (least, greatest) = statistics(0).bounds.unwrap();
    assert_eq!(
        (show(&least), show(&greatest)),
        (show(&many_value(0, 0)), show(&many_value(0, COUNT - 1)))
    );
    assert!(matches!(statistics(2).bounds, Some((Value::Float(0.0), Value::Float(_)))));
    assert_eq!((statistics(4).count, statistics(4).distinct), (COUNT, Some(3)));
    assert_eq!(statistics(1).count, COUNT / 50);
    let dictionary = redstring::value::ColumnData::Dictionary(Arc::default(), Arc::default());
    let same = |a, b| std::mem::discriminant(a) == std::mem::discriminant(b);
    assert!(same(column(4).data(), &dictionary));
}

#[test]
fn a_large_commit_is_written_in_pieces_and_is_whole_or_not_there() {
    let bytes = Arc::new(MemoryBytes::default());
    let files = Arc::new(MemoryFiles::default());
    let open = |bytes: &Arc<MemoryBytes>| {
        Graph::open(bytes.clone(), files.clone(), GraphOptions::default())
    };
    let graph = open(&bytes).unwrap();
    let large = "x".repeat(100_000);
    let mut t = graph.begin().unwrap();
    let key = t.key("k").unwrap();
    t.create_node(&[], vec![(key, text(&large))]).unwrap();
    t.commit().unwrap();
    let content = bytes.content();
    assert!(content.len() > 25 && content.values().all(|value| value.len() <= 4096));

    let again = open(&Arc::new(MemoryBytes::with(content.clone()))).unwrap();
    let value = again.snapshot().node_property(&[NodeId(0)], key).unwrap().get(0);
    assert_eq!(show(&value), show(&text(&large)));

    // Without its last record the commit never was, and its pieces go at the next open.
    let mut unfinished = content.clone();
    let commit = unfinished.keys().find(|key| key[0] == b'L').unwrap().clone();
    unfinished.remove(&commit);
    let unfinished = Arc::new(MemoryBytes::with(unfinished));
    let again = open(&unfinished).unwrap();
    assert_eq!(again.snapshot().node_count(), 0);
    assert!(unfinished.content().keys().all(|key| key[0] != b'P'));

    // Without one of its pieces it is damaged.
    let mut torn = content;
    let piece = torn.keys().filter(|key| key[0] == b'P').nth(3).unwrap().clone();
    torn.remove(&piece);
    let error = open(&Arc::new(MemoryBytes::with(torn))).unwrap_err();
    assert!(error.is_corruption() && error.message().contains("commit 1"), "{error}");
}

/// The content of a store: records and segment files.
type Content = (BTreeMap<Vec<u8>, Vec<u8>>, BTreeMap<String, Arc<[u8]>>);

/// A store with a checkpoint and three commits after it, small enough to damage at every byte.
fn small_store() -> Content {
    let bytes = Arc::new(MemoryBytes::default());
    let files = Arc::new(MemoryFiles::default());
    let graph = Graph::open(bytes.clone(), files.clone(), GraphOptions::default()).unwrap();
    let write = |i: i64| {
        let mut t = graph.begin().unwrap();
        let (label, key) = (t.label("A").unwrap(), t.key("k").unwrap());
        let type_id = t.relationship_type("T").unwrap();
        let node = t.create_node(&[label], vec![(key, Value::Integer(i))]).unwrap();
        let properties = vec![(key, text("text"))];
        t.create_relationship(type_id, node, NodeId(0), properties).unwrap();
        t.commit().unwrap();
    };
    (0..3).for_each(write);
    graph.checkpoint().unwrap();
    (3..6).for_each(write);
    (bytes.content(), files.content())
}

fn open_parts(
    bytes: BTreeMap<Vec<u8>, Vec<u8>>,
    files: BTreeMap<String, Arc<[u8]>>,
) -> redstring::Result<Graph> {
    let bytes = Arc::new(MemoryBytes::with(bytes));
    Graph::open(bytes, Arc::new(MemoryFiles::with(files)), GraphOptions::default())
}

/// Everything there is to read, as text.
fn read_all(snapshot: &Snapshot) -> redstring::Result<String> {
    let mut text = format!("{snapshot:?}");
    let mut nodes = Vec::new();
    snapshot.scan_nodes(NodeId(0), 100, &mut nodes)?;
    let mut relationships = Vec::new();
    snapshot.scan_relationships(&[], RelationshipId(0), 100, &mut relationships)?;
    for (label, name) in snapshot.labels() {
        let mut of_label = Vec::new();
        snapshot.scan_label(label, NodeId(0), 100, &mut of_label)?;
        text += &format!("{name} {of_label:?}");
    }
    for (type_id, name) in snapshot.types() {
        let mut of_type = Vec::new();
        snapshot.scan_relationships(&[type_id], RelationshipId(0), 100, &mut of_type)?;
        text += &format!("{name} {of_type:?}");
    }
    for (key, name) in snapshot.keys() {
        let of_nodes: Vec<_> = snapshot.node_property(&nodes, key)?.iter().collect();
        let of_relationships: Vec<_> =
            snapshot.relationship_property(&relationships, key)?.iter().collect();
        text += &format!("{name} {of_nodes:?} {of_relationships:?}");
    }
    text += &format!("{:?}", snapshot.relationship_ends(&relationships)?);
    for direction in [Direction::Outgoing, Direction::Incoming, Direction::Both] {
        let mut out = Neighbours::default();
        snapshot.expand(&nodes, direction, &[], &mut out)?;
        text += &format!("{out:?}");
    }
    Ok(text)
}

#[test]
fn a_flipped_byte_is_damage_and_never_data() {
    let (bytes, files) = small_store();
    let whole = read_all(&open_parts(bytes.clone(), files.clone()).unwrap().snapshot()).unwrap();
    let check = |result: redstring::Result<String>, what: &str| match result {
        Ok(read) => assert_eq!(read, whole, "{what}"),
        Err(error) => {
            let version = error.code() == "StorageError.UnknownFormatVersion";
            assert!(error.is_corruption() || version, "{what}: {error:?}");
        }
    };
    let open = |bytes, files| open_parts(bytes, files).and_then(|g| read_all(&g.snapshot()));
    for (key, value) in &bytes {
        for at in 0..value.len() {
            let mut damaged = bytes.clone();
            damaged.get_mut(key).unwrap()[at] ^= 0x10;
            check(open(damaged, files.clone()), &format!("record {key:?} at {at}"));
        }
        for length in 0..value.len() {
            let mut damaged = bytes.clone();
            damaged.get_mut(key).unwrap().truncate(length);
            check(open(damaged, files.clone()), &format!("record {key:?} cut at {length}"));
        }
        let mut damaged = bytes.clone();
        damaged.remove(key);
        // Losing the last commit of all cannot be told from its never having been.
        if key[0] != b'L' || bytes.keys().any(|k| k[0] == b'L' && k > key) {
            assert!(open(damaged, files.clone()).is_err(), "record {key:?} is lost");
        }
    }
    for (name, content) in &files {
        for at in 0..content.len() {
            let mut damaged = content.to_vec();
            damaged[at] ^= 0x10;
            let mut files = files.clone();
            files.insert(name.clone(), damaged.into());
            check(open(bytes.clone(), files), &format!("file {name} at {at}"));
        }
        if name.starts_with("segment") {
            for length in 0..content.len() {
                let mut short = files.clone();
                short.insert(name.clone(), content[..length].into());
                let error = open(bytes.clone(), short).unwrap_err();
                assert!(error.is_corruption(), "file {name} cut at {length}");
            }
            let mut lost = files.clone();
            lost.remove(name);
            assert!(open(bytes.clone(), lost).is_err());
        }
    }
}

#[test]
fn a_catalog_that_is_older_than_its_copy_is_damage() {
    let (bytes, files) = small_store();
    for lost in [BTreeMap::new(), older_store()] {
        let error = open_parts(lost, files.clone()).unwrap_err();
        assert!(error.is_corruption(), "{error:?}");
    }
    // A copy that a crash has kept from being written is written at the next open.
    let mut without = files;
    without.retain(|name, _| !name.starts_with("catalog"));
    let memory = Arc::new(MemoryFiles::with(without));
    let bytes = Arc::new(MemoryBytes::with(bytes));
    Graph::open(bytes, memory.clone(), GraphOptions::default()).unwrap();
    assert!(memory.list().unwrap().iter().any(|name| name.starts_with("catalog")));
}

fn older_store() -> BTreeMap<Vec<u8>, Vec<u8>> {
    let bytes = Arc::new(MemoryBytes::default());
    let files = Arc::new(MemoryFiles::default());
    Graph::open(bytes.clone(), files, GraphOptions::default()).unwrap();
    bytes.content()
}

#[test]
fn what_no_catalog_names_is_deleted_at_the_next_open() {
    let (bytes, mut files) = small_store();
    files.insert("segment-0000000099".into(), b"left by a crash"[..].into());
    let memory = Arc::new(MemoryFiles::with(files));
    let bytes = Arc::new(MemoryBytes::with(bytes));
    let graph = Graph::open(bytes, memory.clone(), GraphOptions::default()).unwrap();
    assert_eq!(memory.list().unwrap(), ["catalog-0000000001", "segment-0000000001"]);

    // The file of a base goes with the last snapshot of it.
    let reader = graph.snapshot();
    graph.checkpoint().unwrap();
    assert_eq!(memory.list().unwrap().len(), 3);
    let before = read_all(&reader).unwrap();
    assert_eq!(before, read_all(&graph.snapshot()).unwrap());
    drop(reader);
    assert_eq!(memory.list().unwrap(), ["catalog-0000000002", "segment-0000000002"]);
}

#[test]
fn a_log_past_its_size_makes_a_checkpoint() {
    let Opened { bytes, segments, .. } = redstring::storage::memory::open();
    let options = GraphOptions { checkpoint_bytes: 2000, ..GraphOptions::default() };
    let graph = Graph::open(bytes, segments.clone(), options.clone()).unwrap();
    for _ in 0..100 {
        let mut t = graph.begin().unwrap();
        t.create_node(&[], vec![]).unwrap();
        t.commit().unwrap();
    }
    assert_eq!(graph.snapshot().node_count(), 100);
    // The last handle waits for what goes on behind it.
    drop(graph);
    assert!(segments.list().unwrap().iter().any(|name| name.starts_with("segment")));
}

#[test]
fn a_graph_without_a_log_is_folded_too() {
    let graph = Graph::in_memory();
    for round in 0..2 {
        let mut t = graph.begin().unwrap();
        let key = t.key("k").unwrap();
        for i in 0..140_000 * (1 - round) + 1 {
            t.create_node(&[], vec![(key, Value::Integer(i))]).unwrap();
        }
        t.commit().unwrap();
    }
    let key = graph.snapshot().key_id("k").unwrap();
    // Another thread does it, of which nothing is heard.
    let begun = std::time::Instant::now();
    while graph.snapshot().node_property_statistics(key).unwrap().is_none() {
        assert!(begun.elapsed().as_secs() < 120, "it is not folded");
        std::thread::yield_now();
    }
    let snapshot = graph.snapshot();
    assert_eq!(snapshot.node_count(), 140_002);
    let folded = snapshot.node_property_statistics(key).unwrap().unwrap().count;
    assert!((140_001..=140_002).contains(&folded), "{folded} were folded");
    let values = snapshot.node_property(&node_ids(&[5, 140_000, 140_001]), key).unwrap();
    assert_eq!(values.as_integers(), Some(&[5, 140_000, 0][..]));
}
