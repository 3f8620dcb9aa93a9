//! Indexes at checkpoints: only the chunks in which an entry came or went are written, and what is read afterwards is what
//! a scan gives, however the chunks were split and joined.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use redstring::graph::{
    Graph, GraphOptions, IndexBound, IndexKind, IndexRange, LabelId, SchemaTarget,
};
use redstring::storage::{Opened, memory};
use redstring::value::{NodeId, Value};
use redstring::{Database, Result};

use crate::kill::next;

/// Bytes of the newest segment file of a store.
fn newest(store: &Path) -> u64 {
    let files = fs::read_dir(store.join("segments")).unwrap().map(|file| file.unwrap());
    let segments = files.filter(|file| file.file_name().to_string_lossy().starts_with("segment-"));
    segments.max_by_key(|file| file.file_name()).unwrap().metadata().unwrap().len()
}

#[test]
fn a_checkpoint_writes_the_chunks_of_an_index_that_changed() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path()).unwrap();
    let run = |text: &str| {
        db.execute(text, ()).unwrap();
        db.checkpoint().unwrap();
        newest(folder.path())
    };
    // The last nodes have chunks of their own in all columns, but their entries lie anywhere in the indexes.
    run("UNWIND range(1, 66000) AS n CREATE (:A {n: n, i: n * 7919 % 100003, s: 'text ' + n})");
    let create = |text: &str| {
        db.execute(text, ()).unwrap();
        let bytes = newest(folder.path());
        db.checkpoint().unwrap();
        assert!(newest(folder.path()) < 15_000, "the statement has written the index already");
        bytes
    };
    let one = create("CREATE INDEX FOR (a:A) ON (a.i)");
    let other = create("CREATE INDEX FOR (a:A) ON (a.s, a.i)");
    assert!(one > 150_000 && other > 300_000, "{one} {other}");
    let bytes = run("MATCH (a:A {n: 65900}) SET a.other = 1");
    assert!(bytes < 15_000, "no entry has changed, {bytes} bytes were written");
    for text in [
        "MATCH (a:A {n: 65901}) SET a.i = 200000",
        "MATCH (a:A {n: 65902}) SET a.s = 'another'",
        "MATCH (a:A {n: 65903}) DELETE a CREATE (:A {n: 0, i: 78, s: 'text 78'})",
        "MATCH (a:A {n: 65904}) REMOVE a:A",
    ] {
        let bytes = run(text);
        assert!(bytes < 150_000, "{text}: few entries have changed, {bytes} bytes were written");
    }
    assert!(db.check().is_sound());
}

/// What the nodes of a random history hold, by their ids.
type Expected = BTreeMap<u64, Value>;

/// The index must give every entry in order, find each value, and count right.
fn check(graph: &Graph, expected: &Expected) {
    let report = graph.check();
    assert!(report.is_sound(), "{:?}", report.problems);
    let snapshot = graph.snapshot();
    let index = snapshot.schema().indexes()[0].clone();
    let sorted: BTreeSet<(Value, u64)> =
        expected.iter().map(|(id, value)| (value.clone(), *id)).collect();
    let range = IndexRange { equal: vec![], then: IndexBound::Any };
    let mut ids = Vec::new();
    snapshot.index_scan(index.id, &range, &mut None, usize::MAX, &mut ids).unwrap();
    assert!(ids.iter().eq(sorted.iter().map(|(_, id)| id)), "all entries in order");
    let mut by_value: BTreeMap<Value, Vec<u64>> = BTreeMap::new();
    sorted.into_iter().for_each(|(value, id)| by_value.entry(value).or_default().push(id));
    let statistics = snapshot.index_statistics(&index).unwrap();
    let counted = (statistics.entries, statistics.distinct);
    assert_eq!(counted, (expected.len() as u64, by_value.len() as u64));
    for (value, expected) in by_value.iter().step_by(7) {
        let (mut rows, mut found) = (Vec::new(), Vec::new());
        let keys = std::slice::from_ref(value);
        snapshot.index_seek(index.id, keys, &mut rows, &mut found).unwrap();
        assert_eq!(found, *expected, "who has {value}");
    }
}

/// A round of changes: how many, of which kind, and among how many values.
const ROUNDS: [(u64, Kind, u64); 16] = [
    (9000, Kind::Create, 100_000),
    (40, Kind::Set, 100_000),
    (1, Kind::Set, 100_000),
    (3000, Kind::Create, 3),
    (50, Kind::Delete, 0),
    (5000, Kind::Ascending, 0),
    (5000, Kind::Ascending, 0),
    (9000, Kind::Delete, 0),
    (100, Kind::Create, 50),
    (700, Kind::Delete, 0),
    (2500, Kind::Ascending, 0),
    (300, Kind::Set, 3),
    (5000, Kind::Delete, 0),
    (20_000, Kind::Delete, 0),
    (10, Kind::Create, 5),
    (5000, Kind::Create, 100),
];

#[derive(Clone, Copy)]
enum Kind {
    Create,
    /// Values greater than all before.
    Ascending,
    Set,
    Delete,
}

fn change(
    graph: &Graph,
    round: (u64, Kind, u64),
    expected: &mut Expected,
    random: &mut u64,
) -> Result<()> {
    let (count, kind, values) = round;
    let mut t = graph.begin()?;
    let (label, key) = (t.label("A")?, t.key("k")?);
    for _ in 0..count {
        // Who comes at a random place, or else the first.
        let from = next(random) % graph.snapshot().node_count().max(1) * 2;
        let chosen = expected.range(from..).chain(expected.iter()).next().map(|(id, _)| *id);
        let value = match kind {
            Kind::Ascending => i64::try_from(1_000_000 + t.snapshot().node_count() * 3).unwrap(),
            _ => i64::try_from(next(random) % values.max(1)).unwrap(),
        };
        let value = Value::Integer(value);
        match (kind, chosen) {
            (Kind::Create | Kind::Ascending, _) => {
                let node = t.create_node(&[label], vec![(key, value.clone())])?;
                expected.insert(node.0, value);
            }
            (Kind::Set, Some(id)) => {
                t.set_node_property(NodeId(id), key, &value)?;
                expected.insert(id, value);
            }
            (Kind::Delete, Some(id)) => {
                t.delete_node(NodeId(id))?;
                expected.remove(&id);
            }
            (Kind::Set | Kind::Delete, None) => {}
        }
    }
    t.commit()
}

#[test]
fn chunks_of_an_index_are_split_and_joined() {
    let Opened { bytes, segments, .. } = memory::open();
    let open = || Graph::open(bytes.clone(), segments.clone(), GraphOptions::default()).unwrap();
    let mut graph = open();
    let mut t = graph.begin().unwrap();
    let (label, key) = (t.label("A").unwrap(), t.key("k").unwrap());
    assert_eq!(label, LabelId(0));
    t.create_index(Some("k"), IndexKind::Range, SchemaTarget::Label(label), vec![key], false)
        .unwrap();
    t.commit().unwrap();
    let (mut expected, mut random) = (Expected::new(), 3);
    for (number, round) in ROUNDS.into_iter().enumerate() {
        let before = graph.snapshot();
        change(&graph, round, &mut expected, &mut random).unwrap();
        graph.checkpoint().unwrap();
        check(&graph, &expected);
        drop(before);
        if number % 3 == 2 {
            graph = open();
            check(&graph, &expected);
        }
    }
}
