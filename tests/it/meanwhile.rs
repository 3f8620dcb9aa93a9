//! What goes on while a checkpoint is written or an index is built. Time says nothing here: the storage stands still in the
//! middle of such work until everything else was done.

use std::sync::Mutex;
use std::thread;

use redstring::graph::{Graph, GraphOptions, IndexKind, LabelId, SchemaTarget};
use redstring::value::{NodeId, Value};
use redstring::{Database, Error, Result};

use crate::gate::{At, gated};
use crate::kill::one;

/// Adds nodes `:A {k: ..}`.
pub fn add(graph: &Graph, count: i64) -> Result<()> {
    let mut t = graph.begin()?;
    let (label, key, other) = (t.label("A")?, t.key("k")?, t.key("other")?);
    for i in 0..count {
        t.create_node(&[label], vec![(key, Value::Integer(i)), (other, Value::Integer(-i))])?;
    }
    t.commit()
}

/// Writers and readers do what they do, as long as the other thread stands still.
pub fn goes_on(graph: &Graph) {
    let before = graph.snapshot();
    let count = before.node_count();
    for commits in 1..=20 {
        add(graph, 1).unwrap();
        assert_eq!(graph.snapshot().node_count(), count + commits, "a commit is visible at once");
    }
    let mut nodes = Vec::new();
    before.scan_label(LabelId(0), NodeId(0), usize::MAX, &mut nodes).unwrap();
    assert_eq!(nodes.len() as u64, count, "a reader sees what it saw");
    let mut t = graph.begin().unwrap();
    t.delete_node(nodes[0]).unwrap();
    t.commit().unwrap();
    assert_eq!(graph.snapshot().node_count(), count + 19);
    assert_eq!(before.node_count(), count);
}

#[test]
fn readers_and_writers_go_on_during_a_checkpoint() {
    for operations in [0, 3, 6] {
        let (graph, gate) = gated(GraphOptions::default());
        add(&graph, 1000).unwrap();
        graph.checkpoint().unwrap();
        add(&graph, 1000).unwrap();
        gate.arm(At::Write, operations);
        let checkpoint = {
            let graph = graph.clone();
            thread::spawn(move || graph.checkpoint())
        };
        gate.wait();
        goes_on(&graph);
        gate.open();
        checkpoint.join().unwrap().unwrap();
        assert_eq!(graph.snapshot().node_count(), 2019);
        assert!(graph.check().is_sound());
    }
}

#[test]
fn a_log_that_has_grown_is_folded_while_others_go_on() {
    let (graph, gate) = gated(GraphOptions { checkpoint_bytes: 20_000, ..GraphOptions::default() });
    add(&graph, 10).unwrap();
    gate.arm(At::Write, 2);
    // Whoever lets the log grow too large goes on as well.
    add(&graph, 1800).unwrap();
    gate.wait();
    goes_on(&graph);
    gate.open();
    graph.checkpoint().unwrap();
    assert_eq!(graph.snapshot().node_count(), 1829);
    assert!(graph.check().is_sound());
}

fn on(graph: &Graph) -> (SchemaTarget, redstring::graph::KeyId) {
    let snapshot = graph.snapshot();
    (SchemaTarget::Label(LabelId(0)), snapshot.key_id("k").unwrap())
}

#[test]
fn readers_go_on_while_an_index_is_built_and_see_how_far_it_is() {
    let options = GraphOptions { cache_bytes: 0, ..GraphOptions::default() };
    let (graph, gate) = gated(options);
    add(&graph, 100_000).unwrap();
    graph.checkpoint().unwrap();
    let before = graph.snapshot();
    let (target, key) = on(&graph);
    // The second chunk of the column, of which one covers 65,536 nodes.
    before.node_exists(NodeId(0)).unwrap();
    gate.arm(At::Read, 4);
    let builder = {
        let graph = graph.clone();
        thread::spawn(move || {
            let mut t = graph.begin()?;
            t.create_index(Some("by_k"), IndexKind::Range, target, vec![key], false)?;
            t.commit()
        })
    };
    gate.wait();
    let builds = graph.index_builds();
    assert_eq!(builds.len(), 1);
    let build = &builds[0];
    assert_eq!((&*build.name, &*build.label_or_type), ("by_k", "A"));
    assert_eq!(build.properties, ["k".into()]);
    assert_eq!((build.total, build.writing), (100_000, false));
    assert!(build.done > 0 && build.done < build.total, "{build:?}");
    assert!(build.percent() > 0.0 && build.percent() < 100.0);
    // The column beside the one that is being read.
    let nodes: Vec<NodeId> = (0..2000).map(NodeId).collect();
    let other = before.key_id("other").unwrap();
    let values = before.node_property(&nodes, other).unwrap();
    assert!((0..2000).all(|i| values.get(i as usize) == Value::Integer(-i)));
    assert!(graph.snapshot().schema().indexes().is_empty(), "nobody sees it before the commit");
    gate.open();
    builder.join().unwrap().unwrap();
    assert_eq!(graph.snapshot().schema().indexes().len(), 1);
    assert!(graph.index_builds().is_empty());
}

#[test]
fn an_index_that_is_interrupted_is_not_there() {
    let (graph, _gate) = gated(GraphOptions::default());
    add(&graph, 100_000).unwrap();
    graph.checkpoint().unwrap();
    let (target, key) = on(&graph);
    let mut t = graph.begin().unwrap();
    let calls = Mutex::new(0);
    t.interrupted_by(move || {
        *calls.lock().unwrap() += 1;
        if *calls.lock().unwrap() == 3 { Err(Error::internal("enough")) } else { Ok(()) }
    });
    let error = t.create_index(None, IndexKind::Range, target, vec![key], false).unwrap_err();
    assert_eq!(error.message(), "enough");
    assert!(t.snapshot().schema().indexes().is_empty());
    drop(t);
    assert!(graph.index_builds().is_empty());
}

#[test]
fn an_index_is_populating_until_its_commit() {
    let db = Database::in_memory();
    db.execute("UNWIND range(1, 3000) AS i CREATE (:A {i: i})", ()).unwrap();
    db.checkpoint().unwrap();
    let mut transaction = db.begin().unwrap();
    transaction.execute("CREATE INDEX by_i FOR (a:A) ON (a.i)", ()).unwrap();
    let show = "SHOW INDEXES YIELD name, state, labelsOrTypes RETURN name + ' ' + state + ' ' + labelsOrTypes[0]";
    assert_eq!(one::<String>(&db, show), "by_i POPULATING A");
    let own = transaction.query(show, ()).unwrap().single().unwrap();
    assert_eq!(own.get::<String>(0).unwrap(), "by_i ONLINE A");
    transaction.commit().unwrap();
    assert_eq!(one::<String>(&db, show), "by_i ONLINE A");
}

#[test]
fn a_call_makes_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path()).unwrap();
    let segments = || {
        let files = std::fs::read_dir(folder.path().join("segments")).unwrap();
        files
            .filter(|file| {
                file.as_ref().unwrap().file_name().to_string_lossy().starts_with("segment-")
            })
            .count()
    };
    db.execute("CREATE (:A {i: 1})", ()).unwrap();
    assert_eq!(segments(), 0);
    let row = db.query("CALL db.checkpoint()", ()).unwrap().single().unwrap();
    let row = row.into_tuple::<(bool, String)>().unwrap();
    assert_eq!(row, (true, "Checkpoint completed.".to_owned()));
    assert_eq!(segments(), 1);
    // It is of what is committed: an open transaction is neither in it nor in its way.
    let mut transaction = db.begin().unwrap();
    transaction.execute("CREATE (:A {i: 2})", ()).unwrap();
    transaction.query("CALL db.checkpoint() YIELD success RETURN success", ()).unwrap();
    transaction.commit().unwrap();
    drop(db);
    let db = Database::open(folder.path()).unwrap();
    assert_eq!(one::<i64>(&db, "MATCH (a:A) RETURN count(*)"), 2);
    let read_only = {
        drop(db);
        Database::open_with(folder.path(), redstring::Options::default().read_only(true)).unwrap()
    };
    let error = read_only.execute("CALL db.checkpoint()", ()).unwrap_err();
    assert_eq!(error.code(), "TransactionError.ReadOnly");
}
