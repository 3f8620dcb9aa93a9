//! A large log: it is folded in pieces while a store is opened and when it is closed, and a kill meanwhile loses nothing.

use std::path::Path;
use std::sync::Arc;

use redstring::Database;
use redstring::Options;
use redstring::graph::Graph;
use redstring::graph::GraphOptions;
use redstring::graph::Replay;
use redstring::storage;
use redstring::storage::Batch;
use redstring::storage::Opened;
use redstring::storage::fault::FailsAt;
use redstring::storage::fault::Kept;
use redstring::storage::fault::Lasting;
use redstring::storage::fault::LosesUnsynced;
use redstring::storage::fault::Operation;
use redstring::storage::fault::failing;
use redstring::value::Column;
use redstring::value::NodeId;
use redstring::value::Value;

/// What the changes may take before they are folded, where the cache has next to nothing.
const SHARE: u64 = 1 << 16;
/// The most that one change can add: a batch of rows.
const STEP: u64 = 2048 * 256;

/// A log that nobody has folded.
fn unfolded() -> Options {
    Options::default().checkpoint_bytes(u64::MAX)
}

fn small_cache() -> GraphOptions {
    GraphOptions { cache_bytes: 0, ..GraphOptions::default() }
}

/// Everything a graph holds, as text.
fn content(db: &Database) -> Vec<String> {
    let mut all = Vec::new();
    for query in [
        "MATCH (n) RETURN id(n), labels(n), properties(n) ORDER BY id(n)",
        "MATCH (a)-[r]->(b) RETURN id(r), type(r), id(a), id(b), properties(r) ORDER BY id(r)",
        "MATCH (n:A) WHERE n.k >= 0 RETURN n.k AS k, count(*) ORDER BY k",
        "MATCH (n) RETURN count(n), count(n.k), sum(n.v)",
        "SHOW INDEXES YIELD name, labelsOrTypes, properties RETURN * ORDER BY name",
        "SHOW CONSTRAINTS YIELD name, labelsOrTypes, properties RETURN * ORDER BY name",
    ] {
        all.extend(db.query(query, ()).unwrap().map(|row| format!("{:?}", row.unwrap().values())));
    }
    all
}

/// Opens a store with hardly any memory, and says how that went.
fn open_small(store: &Path) -> Replay {
    let Opened { bytes, segments, .. } = storage::open(store, None).unwrap();
    let graph = Graph::open(bytes, segments, small_cache()).unwrap();
    assert_eq!(graph.check().problems, [""; 0]);
    graph.replay()
}

const CREATE: &str = "UNWIND range(1, 2500) AS i CREATE (:A {k: i, t: 'text ' + i})";
const CHAIN: &str =
    "UNWIND range(1, 1500) AS i CREATE (a:A {k: -i})-[:NEXT {w: i}]->(:B), (a)-[:BACK]->(a)";

/// What the log holds: statements before the last checkpoint, and after it.
const LOGS: &[(&str, &[&str], &[&str])] = &[
    ("one commit that creates", &[], &[CREATE]),
    ("one commit that sets numbers", &[CREATE], &["MATCH (n:A) SET n.v = n.k * 2"]),
    ("one commit that sets texts", &[CREATE], &["MATCH (n:A) SET n.t = 'other ' + n.k, n.v = 1"]),
    ("one commit that labels", &[CREATE], &["MATCH (n:A) SET n:B REMOVE n:A, n.t"]),
    (
        "one commit that deletes",
        &[CREATE, CHAIN],
        &["MATCH (n:A) WHERE n.k % 3 > 0 DETACH DELETE n"],
    ),
    ("one commit that links", &[CREATE], &[CHAIN]),
    (
        "a commit after another",
        &[CREATE],
        &[
            "MATCH (n:A) SET n.v = 1",
            "MATCH (n:A) SET n.v = n.v + n.k",
            "MATCH (n:A) WHERE n.k < 100 DETACH DELETE n",
            CREATE,
        ],
    ),
    (
        "an index and a constraint from before",
        &[
            "CREATE INDEX k FOR (n:A) ON (n.v)",
            "CREATE CONSTRAINT u FOR (n:A) REQUIRE n.k IS UNIQUE",
            CREATE,
        ],
        &["MATCH (n:A) SET n.v = n.k % 7", "MATCH (n:A) WHERE n.k > 2300 DELETE n"],
    ),
    (
        "an index and a constraint in the midst",
        &[CREATE],
        &[
            "MATCH (n:A) SET n.v = n.k % 7",
            "CREATE INDEX v FOR (n:A) ON (n.v)",
            "CREATE CONSTRAINT u FOR (n:A) REQUIRE n.k IS UNIQUE",
            "MATCH (n:A) SET n.v = n.v + 1, n.t = null",
            "CREATE INDEX t FOR (n:A) ON (n.t, n.k)",
            "DROP INDEX v",
            "UNWIND range(10001, 11000) AS i CREATE (:A {k: i, w: 'later'})",
        ],
    ),
    (
        "names in the midst",
        &[CREATE],
        &[
            "MATCH (n:A) SET n.one = 1",
            "MATCH (n:A) SET n:C, n.two = 2",
            "MATCH (n:C) WHERE n.k < 1000 CREATE (n)-[:NEW {three: 3}]->(:D)",
        ],
    ),
];

#[test]
fn a_large_log_is_folded_in_pieces_while_it_is_read() {
    for engine in ["sled", "redb"] {
        for (what, before, after) in LOGS {
            // What differs between engines is how records are read and deleted.
            if engine == "redb" && after.len() < 7 {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            let store = folder.path().join("store");
            let expected = {
                let db = Database::open_with(&store, unfolded().engine(engine)).unwrap();
                for statement in *before {
                    db.execute(statement, ()).unwrap();
                }
                db.checkpoint().unwrap();
                for statement in *after {
                    db.execute(statement, ()).unwrap();
                }
                content(&db)
            };
            let read_only = Database::open_with(&store, unfolded().read_only(true)).unwrap();
            assert_eq!(content(&read_only), expected, "{what}, only read");
            drop(read_only);
            let first = open_small(&store);
            assert!(first.folds > 1 && first.log_bytes > 0, "{what}: {first:?}");
            assert!(first.peak_bytes <= SHARE + STEP, "{what}: {first:?}");
            let second = open_small(&store);
            assert_eq!((second.folds, second.log_bytes), (0, 0), "{what}: {second:?}");
            let db = Database::open(&store).unwrap();
            assert_eq!(content(&db), expected, "{what}, {engine}");
            // What goes on from there is kept too.
            db.execute("CREATE (:A {k: -99999})", ()).unwrap();
            drop(db);
            let db = Database::open(&store).unwrap();
            let count = db.query("MATCH (n:A {k: -99999}) RETURN count(*)", ()).unwrap();
            assert_eq!(count.single().unwrap().get::<i64>(0).unwrap(), 1, "{what}");
        }
    }
}

#[test]
fn what_is_closed_with_a_large_log_is_opened_without_one() {
    // Bytes that are written in one commit; whether the log is folded when the store is closed.
    for (bytes, folded) in [(100, false), (20_000, false), (100_000, true), (900_000, true)] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let options = || Options::default().checkpoint_bytes(1 << 20);
        let db = Database::open_with(&store, options()).unwrap();
        db.execute(&format!("CREATE (:A {{t: '{}'}})", "x".repeat(bytes)), ()).unwrap();
        drop(db);
        let read_only = Database::open_with(&store, options().read_only(true)).unwrap();
        drop(read_only);
        let found = open_small(&store).log_bytes;
        assert_eq!(found == 0, folded, "{bytes} bytes were written, {found} are in the log");
    }
}

#[test]
fn who_only_reads_folds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let db = Database::open_with(&store, unfolded()).unwrap();
    db.execute(CREATE, ()).unwrap();
    drop(db);
    let small = Options::default().cache_bytes(0).read_only(true);
    let db = Database::open_with(&store, small).unwrap();
    let count = db.query("MATCH (n:A) RETURN count(*)", ()).unwrap();
    assert_eq!(count.single().unwrap().get::<i64>(0).unwrap(), 2500);
    drop(db);
    assert!(open_small(&store).log_bytes > 0);
}

/// A log of two large commits in a store in memory.
fn logged() -> LosesUnsynced {
    let store = LosesUnsynced::new();
    let Opened { bytes, segments, .. } = store.opened();
    let options = GraphOptions { checkpoint_bytes: u64::MAX, ..GraphOptions::default() };
    let graph = Graph::open(bytes, segments, options).unwrap();
    let mut t = graph.begin().unwrap();
    let (label, key) = (t.label("A").unwrap(), t.key("k").unwrap());
    for first in (0..2000).step_by(250) {
        let numbers = Column::integers((first..first + 250).collect());
        t.create_nodes(&[label], 250, vec![(key, numbers)]).unwrap();
    }
    t.commit().unwrap();
    let mut t = graph.begin().unwrap();
    for node in (0..2000).step_by(2) {
        t.set_node_property(NodeId(node), key, &Value::Integer(-1)).unwrap();
    }
    t.commit().unwrap();
    store
}

fn assert_whole(graph: &Graph, what: &str) {
    let snapshot = graph.snapshot();
    let (label, key) = (snapshot.label_id("A").unwrap(), snapshot.key_id("k").unwrap());
    let mut nodes = Vec::new();
    snapshot.scan_label(label, NodeId(0), 10_000, &mut nodes).unwrap();
    assert_eq!(nodes.len(), 2000, "{what}");
    let values = snapshot.node_property(&nodes, key).unwrap();
    for row in 0..2000 {
        let expected = if row % 2 == 0 { -1 } else { row as i64 };
        assert_eq!(values.get(row), Value::Integer(expected), "{what}, node {row}");
    }
    assert_eq!(graph.check().problems, [""; 0], "{what}");
}

fn open(opened: Opened) -> redstring::Result<Graph> {
    Graph::open(opened.bytes, opened.segments, small_cache())
}

#[test]
fn a_kill_between_the_folds_loses_nothing() {
    let store = logged();
    let kinds = [Operation::Write, Operation::Sync];
    let copy = || store.power_cut(Kept { batches: 0, deletions: false });
    let all = FailsAt::new(0, &kinds, Lasting::Forever);
    let graph = open(failing(copy().opened(), &all)).unwrap();
    assert!(graph.replay().folds > 2, "{:?}", graph.replay());
    let operations = all.counted();
    assert!(operations > 30, "{operations} operations are too few to be all of them");
    for at in (1..=operations).step_by(operations as usize / 4) {
        for after in [false, true] {
            let killed = copy();
            let fails = FailsAt::new(at, &kinds, Lasting::Forever);
            if after {
                fails.once_done();
            }
            drop(open(failing(killed.opened(), &fails)));
            for kept in [0, usize::MAX] {
                let found = killed.power_cut(Kept { batches: kept, deletions: after });
                let graph = open(found.opened()).unwrap();
                assert_whole(&graph, &format!("operation {at} of {operations}, kept {kept}"));
            }
        }
    }
}

#[test]
fn a_log_that_there_is_no_room_to_fold_is_read_as_it_is() {
    let store = logged();
    let kinds = [Operation::Write, Operation::Sync];
    let copy = || store.power_cut(Kept { batches: 0, deletions: false });
    let all = FailsAt::new(0, &kinds, Lasting::Forever);
    drop(open(failing(copy().opened(), &all)).unwrap());
    let operations = all.counted();
    for at in (1..=operations).step_by(operations as usize / 4) {
        let fails = FailsAt::new(at, &kinds, Lasting::Once);
        fails.full_disk();
        let full = copy();
        let what = format!("no room for operation {at} of {operations}");
        let graph = open(failing(full.opened(), &fails)).expect(&what);
        assert_whole(&graph, &what);
        drop(graph);
        let graph = open(full.opened()).unwrap();
        assert_whole(&graph, &format!("there is room after operation {at}"));
    }
}

#[test]
fn records_of_the_first_version_are_folded_as_well() {
    let store = LosesUnsynced::new();
    let Opened { bytes, segments, .. } = store.opened();
    let options = GraphOptions { checkpoint_bytes: u64::MAX, ..GraphOptions::default() };
    let graph = Graph::open(bytes.clone(), segments, options).unwrap();
    let mut t = graph.begin().unwrap();
    let (label, key) = (t.label("A").unwrap(), t.key("k").unwrap());
    t.commit().unwrap();
    for first in [0, 1000] {
        let mut t = graph.begin().unwrap();
        for number in first..first + 1000 {
            t.create_node(&[label], vec![(key, Value::Integer(number))]).unwrap();
        }
        t.commit().unwrap();
    }
    let mut t = graph.begin().unwrap();
    for node in (0..2000).step_by(2) {
        t.set_node_property(NodeId(node), key, &Value::Integer(-1)).unwrap();
    }
    t.commit().unwrap();
    drop(graph);
    // The first version had the same header, and changes of one entity each.
    let mut records = Batch::new();
    bytes
        .scan(b"L", Some(b"M"), &mut |name, record| {
            let mut record = record.to_vec();
            record[0] = 1;
            let checksum = crc32fast::hash(&record[..33]);
            record[33..37].copy_from_slice(&checksum.to_le_bytes());
            records.put(name, record);
            Ok(true)
        })
        .unwrap();
    bytes.apply(records).unwrap();
    let graph = open(store.opened()).unwrap();
    assert!(graph.replay().folds > 1, "{:?}", graph.replay());
    assert_whole(&graph, "the first version");
    drop(Arc::new(graph));
}
