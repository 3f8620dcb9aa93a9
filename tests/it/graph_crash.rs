//! The graph on storage that fails: power cuts at every operation, and writes that do not succeed.

use std::sync::Arc;

use redstring::graph::Direction;
use redstring::graph::Graph;
use redstring::graph::GraphOptions;
use redstring::storage::Opened;
use redstring::storage::fault::FailsAt;
use redstring::storage::fault::Kept;
use redstring::storage::fault::Lasting;
use redstring::storage::fault::LosesUnsynced;
use redstring::storage::fault::Operation;
use redstring::storage::fault::failing;
use redstring::value::NodeId;
use redstring::value::Value;

const COMMITS: u64 = 8;

fn open(opened: Opened) -> redstring::Result<Graph> {
    Graph::open(opened.bytes, opened.segments, GraphOptions::default())
}

/// Commit number `i`: a node and a relationship to the first. Every third is written in pieces.
fn commit(graph: &Graph, i: u64) -> redstring::Result<()> {
    let mut t = graph.begin()?;
    let (label, key) = (t.label("A")?, t.key("k")?);
    let type_id = t.relationship_type("T")?;
    let text = if i % 3 == 1 { "x".repeat(10_000) } else { "x".to_owned() };
    let properties = vec![(key, Value::String(format!("{i} {text}").into()))];
    let node = t.create_node(&[label], properties)?;
    t.create_relationship(type_id, node, NodeId(0), vec![])?;
    t.set_node_property(NodeId(0), key, &Value::Integer(i as i64))?;
    t.commit()
}

/// Commits and checkpoints until something fails. Says how many commits were acknowledged.
fn work(opened: Opened) -> u64 {
    let Ok(graph) = open(opened) else { return 0 };
    for i in 0..COMMITS {
        if commit(&graph, i).is_err() {
            let error = graph.begin().unwrap_err();
            assert_eq!(error.code(), "StorageError.StorePoisoned");
            return i;
        }
        if i % 3 == 2 && graph.checkpoint().is_err() {
            return i + 1;
        }
    }
    COMMITS
}

/// Every commit is in the graph as a whole, and there are this many.
fn check(graph: &Graph, commits: u64) {
    let snapshot = graph.snapshot();
    assert_eq!(snapshot.node_count(), commits);
    assert_eq!(snapshot.relationship_count(), commits);
    if commits == 0 {
        return;
    }
    let mut nodes = Vec::new();
    snapshot.scan_label(snapshot.label_id("A").unwrap(), NodeId(0), 100, &mut nodes).unwrap();
    assert_eq!(nodes.len() as u64, commits);
    let values = snapshot.node_property(&nodes, snapshot.key_id("k").unwrap()).unwrap();
    assert!(matches!(values.get(0), Value::Integer(last) if last == commits as i64 - 1));
    assert!((1..nodes.len()).all(|row| matches!(values.get(row), Value::String(_))));
    let mut degrees = Vec::new();
    snapshot.degrees(&[NodeId(0)], Direction::Incoming, &[], &mut degrees).unwrap();
    assert_eq!(degrees, [commits]);
}

#[test]
fn a_power_cut_at_any_point_loses_no_acknowledged_commit() {
    let kinds = [Operation::Write, Operation::Sync];
    let all = FailsAt::new(0, &kinds, Lasting::Forever);
    assert_eq!(work(failing(LosesUnsynced::new().opened(), &all)), COMMITS);
    let operations = all.counted();
    assert!(operations > 50, "{operations} operations are too few to be all of them");
    for at in 1..=operations {
        for after in [false, true] {
            let store = LosesUnsynced::new();
            let fails = FailsAt::new(at, &kinds, Lasting::Forever);
            if after {
                fails.once_done();
            }
            let acknowledged = work(failing(store.opened(), &fails));
            for batches in [0, 1, store.unsynced() / 2, store.unsynced()] {
                for deletions in [false, true] {
                    let cut = store.power_cut(Kept { batches, deletions });
                    let graph = open(cut.opened())
                        .unwrap_or_else(|error| panic!("cut at {at}, {after}: {error:?}"));
                    let found = graph.snapshot().node_count();
                    // The commit that failed may have reached the disk all the same.
                    assert!((acknowledged..=acknowledged + 1).contains(&found), "cut at {at}");
                    check(&graph, found);
                    // Life goes on.
                    commit(&graph, found).unwrap();
                    graph.checkpoint().unwrap();
                    check(&graph, found + 1);
                    drop(graph);
                    check(&open(cut.opened()).unwrap(), found + 1);
                }
            }
        }
    }
}

#[test]
fn a_checkpoint_that_cannot_write_its_segments_changes_nothing() {
    let store = LosesUnsynced::new();
    let graph = open(store.opened()).unwrap();
    (0..4).for_each(|i| commit(&graph, i).unwrap());
    drop(graph);
    // Only segment files are written by a checkpoint up to its catalog: let each such write fail once.
    for at in 1..100 {
        let fails = FailsAt::new(at, &[Operation::Write, Operation::Sync], Lasting::Once);
        let Opened { segments, .. } = failing(store.opened(), &fails);
        let opened = Opened { segments, ..store.opened() };
        let graph = Graph::open(opened.bytes, opened.segments, GraphOptions::default()).unwrap();
        let before = graph.snapshot();
        if graph.checkpoint().is_ok() {
            return;
        }
        check(&graph, graph.snapshot().node_count());
        commit(&graph, before.node_count()).unwrap();
        check(&graph, before.node_count() + 1);
        drop(graph);
        check(&open(store.opened()).unwrap(), before.node_count() + 1);
    }
    panic!("no checkpoint came to its end");
}

#[test]
fn reads_that_fail_are_errors_and_leave_the_graph_usable() {
    let store = LosesUnsynced::new();
    let graph = open(store.opened()).unwrap();
    (0..4).for_each(|i| commit(&graph, i).unwrap());
    graph.checkpoint().unwrap();
    drop(graph);
    let mut failed = 0;
    for at in 1..100 {
        let fails = FailsAt::new(at, &[Operation::Read], Lasting::Once);
        let Ok(graph) = open(failing(store.opened(), &fails)) else {
            failed += 1;
            continue;
        };
        let snapshot = graph.snapshot();
        let read = |n: u64| -> redstring::Result<()> {
            let nodes: Vec<NodeId> = (0..n).map(NodeId).collect();
            let mut found = Vec::new();
            snapshot.scan_nodes(NodeId(0), 10, &mut found)?;
            snapshot.node_property(&nodes, snapshot.key_id("k").unwrap())?;
            snapshot.degrees(&nodes, Direction::Both, &[], &mut Vec::new())
        };
        if read(4).is_ok() {
            assert!(failed > 5, "only {failed} reads were there to fail");
            return;
        }
        failed += 1;
        read(4).unwrap();
        check(&graph, 4);
    }
    panic!("there is no end of reads");
}

#[test]
fn handles_go_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    fn sent<T: Send>() {}
    shared::<Graph>();
    shared::<redstring::graph::Snapshot>();
    sent::<redstring::graph::Transaction>();
    shared::<Arc<redstring::graph::Savepoint>>();
}
