//! Indexes and constraints that are created while others write. The statement asks now and then whether it is to go on:
//! what is asked writes, in the same thread, so that the order of things is the same on every run, and so that a writer who
//! had to wait for the statement would wait in vain.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use proptest::prelude::*;
use redstring::graph::{
    Bulk, ConstraintKind, Graph, GraphOptions, IndexBound, IndexKind, IndexRange, KeyId, LabelId,
    NodeBatch, SchemaTarget, Snapshot, Transaction, TypeId,
};
use redstring::storage::fault::{FailsAt, Kept, Lasting, LosesUnsynced, Operation, failing};
use redstring::storage::{Opened, memory};
use redstring::value::{Array, NodeId, PropertyType, RelationshipId, ScalarType, Value};
use redstring::{Database, Error, Result};

use crate::gate::{At, gated_on};
use crate::kill::one;
use crate::meanwhile::goes_on;

/// More than are taken in while others wait to write.
const MANY: i64 = 5000;

const A: LabelId = LabelId(0);
const B: LabelId = LabelId(1);
const K: KeyId = KeyId(0);
const O: KeyId = KeyId(1);
/// Nobody has it.
const X: KeyId = KeyId(2);
const ON_A: SchemaTarget = SchemaTarget::Label(A);
const ON_T: SchemaTarget = SchemaTarget::Type(TypeId(0));

fn open(opened: &Opened) -> Graph {
    // Writers who have to wait do not wait for long.
    let options = GraphOptions { lock_timeout: std::time::Duration::ZERO, ..Default::default() };
    Graph::open(opened.bytes.clone(), opened.segments.clone(), options).unwrap()
}

/// Nodes `:A {k: i, o: -i}`, related to the one before by `:T {k: i}`. Half of them are in segments.
fn fill(graph: &Graph, count: i64) {
    for half in 0..2 {
        let mut t = graph.begin().unwrap();
        assert_eq!((t.label("A").unwrap(), t.label("B").unwrap()), (A, B));
        assert_eq!((t.key("k").unwrap(), t.key("o").unwrap()), (K, O));
        assert_eq!(t.key("x").unwrap(), X);
        let of = t.relationship_type("T").unwrap();
        for i in half * count / 2..(half + 1) * count / 2 {
            let node = create(&mut t, i).unwrap();
            // Node 0 stands alone.
            if i > 1 {
                let properties = vec![(K, Value::Integer(i))];
                t.create_relationship(of, node, NodeId(node.0 - 1), properties).unwrap();
            }
        }
        t.commit().unwrap();
        if half == 0 {
            graph.checkpoint().unwrap();
        }
    }
}

fn create(t: &mut Transaction, i: i64) -> Result<NodeId> {
    t.create_node(&[A], vec![(K, Value::Integer(i)), (O, Value::Integer(-i))])
}

fn filled() -> (Opened, Graph) {
    let opened = memory::open();
    let graph = open(&opened);
    fill(&graph, MANY);
    (opened, graph)
}

/// Makes a commit.
fn write<T>(graph: &Graph, change: impl FnOnce(&mut Transaction) -> Result<T>) -> T {
    let mut t = graph.begin().unwrap();
    let changed = change(&mut t).unwrap();
    t.commit().unwrap();
    changed
}

/// Runs a statement, which asks `hook` now and then, with how often it has asked before.
fn statement(
    graph: &Graph,
    run: impl FnOnce(&mut Transaction) -> Result<bool>,
    hook: impl Fn(&Graph, usize) -> Result<()> + Send + Sync + 'static,
) -> Result<bool> {
    let mut t = graph.begin()?.of_one_statement();
    let (asked, others) = (AtomicUsize::new(0), graph.clone());
    t.interrupted_by(move || hook(&others, asked.fetch_add(1, Ordering::Relaxed)));
    let done = run(&mut t)?;
    t.commit()?;
    Ok(done)
}

fn by_k(t: &mut Transaction) -> Result<bool> {
    t.create_index(Some("by_k"), IndexKind::Range, ON_A, vec![K], false)
}

fn one_k(t: &mut Transaction) -> Result<bool> {
    t.create_constraint(Some("one_k"), ConstraintKind::Unique, ON_A, vec![K], false)
}

/// Whether what the statement makes is in segments already, and a checkpoint can be made by whoever is asked.
fn is_written(graph: &Graph) -> bool {
    graph.index_builds().iter().all(|build| build.writing)
}

/// What an index on one property has to hold, in order, by a scan.
fn scanned(snapshot: &Snapshot, on: SchemaTarget, key: KeyId) -> Vec<(Value, u64)> {
    let (ids, values): (Vec<u64>, _) = match on {
        SchemaTarget::Label(label) => {
            let mut nodes = Vec::new();
            snapshot.scan_label(label, NodeId(0), usize::MAX, &mut nodes).unwrap();
            let values = snapshot.node_property(&nodes, key).unwrap();
            (nodes.iter().map(|node| node.0).collect(), values)
        }
        SchemaTarget::Type(of) => {
            let mut found = Vec::new();
            snapshot.scan_relationships(&[of], RelationshipId(0), usize::MAX, &mut found).unwrap();
            let values = snapshot.relationship_property(&found, key).unwrap();
            (found.iter().map(|id| id.0).collect(), values)
        }
    };
    let all = ids.into_iter().enumerate().map(|(row, id)| (values.get(row), id));
    let mut all: Vec<_> = all.filter(|(value, _)| !value.is_null()).collect();
    all.sort();
    all
}

/// Each index holds what a scan gives.
fn check(graph: &Graph) {
    let report = graph.check();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert!(graph.index_builds().is_empty());
    let snapshot = graph.snapshot();
    for index in snapshot.schema().indexes() {
        let mut expected = scanned(&snapshot, index.on, index.keys[0]);
        expected.retain(|(value, _)| index.kind == IndexKind::Range || value.as_str().is_some());
        let range = IndexRange { equal: vec![], then: IndexBound::Any };
        let mut ids = Vec::new();
        snapshot.index_scan(index.id, &range, &mut None, usize::MAX, &mut ids).unwrap();
        let expected_ids: Vec<u64> = expected.iter().map(|(_, id)| *id).collect();
        assert!(ids == expected_ids, "{index:?}");
        let mut by_value = std::collections::BTreeMap::<Value, Vec<u64>>::new();
        expected.into_iter().for_each(|(value, id)| by_value.entry(value).or_default().push(id));
        for (value, expected) in by_value.into_iter().step_by(3) {
            let (mut rows, mut found) = (Vec::new(), Vec::new());
            snapshot.index_seek(index.id, &[value], &mut rows, &mut found).unwrap();
            assert_eq!(found, expected);
        }
    }
}

/// The index lies in segments: a store that was just opened knows its size without sorting it.
fn is_kept(graph: &Graph, name: &str) {
    let snapshot = graph.snapshot();
    let index = snapshot.schema().index_named(name).unwrap();
    let statistics = snapshot.index_statistics(index).unwrap();
    assert!(statistics.entries >= MANY as u64 - 100, "{statistics:?}");
}

#[test]
fn writers_go_on_while_an_index_is_populated_and_written() {
    // The first write of the segment file, and some in the middle.
    for operations in [0, 3, 12] {
        let opened = memory::open();
        let files = opened.clone();
        let (graph, gate) = gated_on(files, GraphOptions::default());
        fill(&graph, MANY);
        gate.arm(At::Write, operations);
        let builder = {
            let graph = graph.clone();
            thread::spawn(move || statement(&graph, by_k, |_, _| Ok(())))
        };
        gate.wait();
        assert_eq!(graph.index_builds().len(), 1);
        goes_on(&graph);
        assert!(graph.snapshot().schema().indexes().is_empty(), "nobody sees it yet");
        gate.open();
        assert!(builder.join().unwrap().unwrap());
        check(&graph);
        drop((graph, gate));
        let graph = open(&opened);
        is_kept(&graph, "by_k");
        check(&graph);
    }
}

/// Changes of each kind, which all move an entry.
fn move_entries(t: &mut Transaction, from: u64) -> Result<()> {
    create(t, 100_000 + i64::try_from(from).unwrap())?;
    t.set_node_property(NodeId(from), K, &Value::Integer(-7))?;
    t.set_node_property(NodeId(from + 1), K, &Value::Null)?;
    // Who is looked at by a change that changes nothing.
    t.set_node_property(NodeId(from + 5), X, &Value::Null)?;
    t.set_relationship_property(RelationshipId(from + 5), X, &Value::Null)?;
    t.remove_label(NodeId(from + 2), A)?;
    t.add_label(NodeId(from + 2), B)?;
    let alone = t.create_node(&[B], vec![(K, Value::string("b"))])?;
    t.add_label(alone, A)?;
    let gone = create(t, -1)?;
    t.delete_node(gone)?;
    let mut found = Vec::new();
    t.snapshot().scan_relationships(&[], RelationshipId(from + 3), 1, &mut found)?;
    t.delete_relationship(found[0])?;
    t.set_relationship_property(RelationshipId(from), K, &Value::Float(0.5))
}

#[test]
fn what_is_written_meanwhile_is_in_the_index() {
    let (opened, graph) = filled();
    let times = Arc::new(AtomicUsize::new(0));
    let counted = times.clone();
    let hook = move |graph: &Graph, asked: usize| {
        counted.fetch_add(1, Ordering::Relaxed);
        write(graph, |t| move_entries(t, 10 + asked as u64 * 100));
        write(graph, |t| move_entries(t, 3000 + asked as u64 * 100));
        Ok(())
    };
    assert!(statement(&graph, by_k, hook.clone()).unwrap());
    assert!(times.load(Ordering::Relaxed) >= 3, "before, within and after");
    check(&graph);
    let by_kind =
        |t: &mut Transaction| t.create_index(Some("of_t"), IndexKind::Range, ON_T, vec![K], false);
    let hook = move |graph: &Graph, asked: usize| hook(graph, asked + 10);
    assert!(statement(&graph, by_kind, hook).unwrap());
    check(&graph);
    drop(graph);
    let graph = open(&opened);
    is_kept(&graph, "by_k");
    is_kept(&graph, "of_t");
    check(&graph);
}

#[test]
fn much_that_is_written_meanwhile_is_taken_in_before_writers_wait() {
    let (_, graph) = filled();
    let rounds = Arc::new(AtomicUsize::new(0));
    let counted = rounds.clone();
    let hook = move |graph: &Graph, asked: usize| {
        counted.store(asked + 1, Ordering::Relaxed);
        // Some rounds, and then nothing: it comes to an end.
        if asked < 5 {
            let new = i64::try_from(asked + 1).unwrap() * 1_000_000;
            write(graph, |t| (0..MANY).try_for_each(|i| create(t, new + i).map(drop)));
            if is_written(graph) {
                graph.checkpoint().unwrap();
            }
        }
        Ok(())
    };
    assert!(statement(&graph, by_k, hook).unwrap());
    assert!(rounds.load(Ordering::Relaxed) > 5, "it has looked again after each of them");
    assert_eq!(graph.snapshot().label_count(A), 6 * MANY as u64);
    check(&graph);
}

#[test]
fn what_breaks_a_constraint_meanwhile_is_reported_and_leaves_nothing() {
    /// Breaks something in a commit, and mends it.
    type Change = fn(&mut Transaction) -> Result<()>;
    let cases: [(&str, ConstraintKind, Change, Change, &str, &str); 4] = [
        (
            "unique",
            ConstraintKind::Unique,
            |t| t.set_node_property(NodeId(4), K, &Value::Float(4321.0)),
            |t| t.set_node_property(NodeId(4), K, &Value::Integer(4)),
            "ConstraintVerificationFailed.UniquenessViolation",
            "constraint `new` is violated: node 4 (:A) and node 4321 (:A) both have `k` = 4321",
        ),
        (
            "key",
            ConstraintKind::Key,
            |t| t.set_node_property(NodeId(7), K, &Value::Null),
            |t| t.set_node_property(NodeId(7), K, &Value::Integer(7)),
            "ConstraintVerificationFailed.MissingProperty",
            "constraint `new` is violated: node 7 (:A) has no property `k`",
        ),
        (
            "exists",
            ConstraintKind::Exists,
            |t| t.create_node(&[A], vec![]).map(drop),
            |t| t.delete_node(NodeId(MANY as u64)).map(drop),
            "ConstraintVerificationFailed.MissingProperty",
            "constraint `new` is violated: node 5000 (:A) has no property `k`",
        ),
        (
            "type",
            ConstraintKind::Type(PropertyType::one_of([(false, ScalarType::Integer)])),
            |t| t.set_node_property(NodeId(9), K, &Value::string("x")),
            |t| t.set_node_property(NodeId(9), K, &Value::Integer(9)),
            "ConstraintVerificationFailed.PropertyTypeViolation",
            "constraint `new` is violated: node 9 (:A) has `k` = 'x', which is no INTEGER",
        ),
    ];
    for (_, kind, breaks, mends, code, message) in cases {
        let (opened, graph) = filled();
        let create = |t: &mut Transaction| {
            t.create_constraint(Some("new"), kind.clone(), ON_A, vec![K], false)
        };
        // How often it asks, if nothing is broken.
        let asks = Arc::new(AtomicUsize::new(0));
        let counted = asks.clone();
        let count = move |_: &Graph, asked: usize| {
            counted.store(asked + 1, Ordering::Relaxed);
            Ok(())
        };
        assert!(statement(&graph, create, count).unwrap());
        assert!(write(&graph, |t| t.drop_constraint("new", false)));
        let asks = asks.load(Ordering::Relaxed);
        assert!(asks >= 3, "{asks}");
        for at in 0..asks {
            let hook = move |graph: &Graph, asked: usize| {
                if asked == at {
                    write(graph, breaks);
                }
                Ok(())
            };
            let error = statement(&graph, create, hook).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(error.message().starts_with(message), "{}", error.message());
            let snapshot = graph.snapshot();
            assert!(snapshot.schema().constraints().is_empty());
            assert!(snapshot.schema().indexes().is_empty());
            check(&graph);
            write(&graph, mends);
            if kind == ConstraintKind::Exists {
                // The same number cannot come again.
                break;
            }
        }
        assert!(statement(&graph, create, |_, _| Ok(())).unwrap());
        drop(graph);
        let graph = open(&opened);
        check(&graph);
        let mut t = graph.begin().unwrap();
        breaks(&mut t).unwrap();
        assert_eq!(t.commit().unwrap_err().code(), code);
    }
}

#[test]
fn what_is_mended_in_time_breaks_nothing() {
    let (_, graph) = filled();
    write(&graph, |t| t.set_node_property(NodeId(4), K, &Value::Integer(5)));
    let hook = |graph: &Graph, asked: usize| {
        if asked == 0 {
            write(graph, |t| t.delete_relationship(RelationshipId(4)));
            write(graph, |t| t.set_node_property(NodeId(5), K, &Value::Integer(4)));
        }
        Ok(())
    };
    assert!(statement(&graph, one_k, hook).unwrap());
    check(&graph);
}

#[test]
fn an_index_that_is_interrupted_leaves_no_trace_whenever_it_was() {
    let (opened, graph) = filled();
    let mut at = 0;
    while statement(
        &graph,
        by_k,
        move |_, asked| {
            if asked == at { Err(Error::internal("enough")) } else { Ok(()) }
        },
    )
    .map_err(|error| assert_eq!(error.message(), "enough"))
    .is_err()
    {
        assert!(graph.snapshot().schema().indexes().is_empty());
        check(&graph);
        // The next one finds nothing of the last, though another index may be in its place.
        let other = |t: &mut Transaction| {
            t.create_index(Some("other"), IndexKind::Range, ON_A, vec![O], false)
        };
        assert!(statement(&graph, other, |_, _| Ok(())).unwrap());
        check(&graph);
        assert!(write(&graph, |t| t.drop_index("other", false)));
        at += 1;
    }
    assert!(at >= 3, "{at}");
    check(&graph);
    drop(graph);
    // A store that was closed after an interrupted one.
    let mut graph = open(&opened);
    for _ in 0..2 {
        write(&graph, |t| t.drop_index("by_k", true));
        let late = |graph: &Graph, _: usize| match is_written(graph) {
            true => Err(Error::internal("enough")),
            false => Ok(()),
        };
        statement(&graph, by_k, late).unwrap_err();
        drop(graph);
        graph = open(&opened);
        let mut t = graph.begin().unwrap();
        t.create_index(Some("other"), IndexKind::Range, ON_A, vec![O], false).unwrap();
        t.commit().unwrap();
        check(&graph);
        assert!(write(&graph, |t| t.drop_index("other", false)));
    }
}

#[test]
fn other_changes_of_the_schema_go_on_meanwhile() {
    let (_, graph) = filled();
    let hook = |graph: &Graph, asked: usize| {
        let mut t = graph.begin().unwrap();
        let error = t.drop_index("by_k", false).unwrap_err();
        assert_eq!(error.message(), "index `by_k` is still being built");
        drop(t);
        let name = format!("other {asked}");
        let on = if asked.is_multiple_of(2) { ON_A } else { ON_T };
        let create = move |t: &mut Transaction| {
            t.create_index(Some(&name), IndexKind::Text, on, vec![O], true)
        };
        write(graph, create);
        if asked > 0 {
            write(graph, |t| t.drop_index("other 0", true));
        }
        Ok(())
    };
    assert!(statement(&graph, by_k, hook).unwrap());
    check(&graph);
    let numbers =
        graph.snapshot().schema().indexes().iter().map(|index| index.id).collect::<Vec<_>>();
    let different: std::collections::BTreeSet<_> = numbers.iter().collect();
    assert_eq!(different.len(), numbers.len());
}

#[test]
fn the_same_index_comes_to_be_once() {
    for if_not_exists in [false, true] {
        let (_, graph) = filled();
        let create = move |t: &mut Transaction| {
            t.create_index(None, IndexKind::Range, ON_A, vec![K], if_not_exists)
        };
        // A transaction that was quicker.
        let hook = move |graph: &Graph, asked: usize| {
            if asked == 1 {
                assert!(write(graph, create));
            }
            Ok(())
        };
        let created = statement(&graph, create, hook);
        match if_not_exists {
            true => assert!(!created.unwrap()),
            false => assert_eq!(created.unwrap_err().code(), "SchemaError.IndexAlreadyExists"),
        }
        check(&graph);
        assert_eq!(graph.snapshot().schema().indexes().len(), 1);
    }
}

#[test]
fn a_statement_waits_for_another_that_creates_the_same() {
    let (opened, gate) = {
        let opened = memory::open();
        let files = opened.clone();
        (opened, gated_on(files, GraphOptions::default()))
    };
    let (graph, gate) = gate;
    fill(&graph, MANY);
    gate.arm(At::Write, 3);
    let create = |graph: &Graph, told: Option<Arc<Mutex<Vec<usize>>>>| {
        let graph = graph.clone();
        thread::spawn(move || {
            let create =
                |t: &mut Transaction| t.create_index(None, IndexKind::Range, ON_A, vec![K], true);
            statement(&graph, create, move |_, asked| {
                told.iter().for_each(|told| told.lock().unwrap().push(asked));
                Ok(())
            })
        })
    };
    let first = create(&graph, None);
    gate.wait();
    let told = Arc::new(Mutex::new(Vec::new()));
    let second = create(&graph, Some(told.clone()));
    // It asks whether it is to go on waiting, and lets others write.
    while told.lock().unwrap().len() < 3 {
        thread::yield_now();
    }
    assert_eq!(graph.index_builds().len(), 1);
    goes_on(&graph);
    gate.open();
    assert!(first.join().unwrap().unwrap());
    assert!(!second.join().unwrap().unwrap(), "it is there already");
    check(&graph);
    drop((graph, gate));
    check(&open(&opened));
}

#[test]
fn a_bulk_load_meanwhile_is_taken_in() {
    let load = |graph: &Graph, values: Vec<i64>| {
        let fill = |bulk: &mut Bulk<'_>| {
            let (label, key) = (bulk.label("A"), bulk.key("k"));
            bulk.add_nodes(&NodeBatch {
                count: values.len(),
                labels: vec![(label, None)],
                columns: vec![(key, values.iter().map(|i| Value::Integer(*i)).collect::<Array>())],
            })
        };
        graph.load(1, 1 << 20, Ok, fill).unwrap();
    };
    let once = |values: Vec<i64>| {
        let is_done = Mutex::new(false);
        move |graph: &Graph, _: usize| {
            if is_written(graph) && !std::mem::replace(&mut *is_done.lock().unwrap(), true) {
                load(graph, values.clone());
            }
            Ok(())
        }
    };
    let (opened, graph) = filled();
    assert!(statement(&graph, by_k, once((0..10).collect())).unwrap());
    check(&graph);
    assert!(write(&graph, |t| t.drop_index("by_k", false)));
    let error = statement(&graph, one_k, once(vec![77])).unwrap_err();
    assert_eq!(error.code(), "ConstraintVerificationFailed.UniquenessViolation");
    check(&graph);
    drop(graph);
    check(&open(&opened));
}

#[test]
fn a_transaction_of_many_statements_keeps_its_place() {
    let (_, graph) = filled();
    let others = graph.clone();
    let mut t = graph.begin().unwrap();
    t.interrupted_by(move || match others.begin() {
        Ok(_) => Err(Error::internal("another writer came in")),
        Err(_) => Ok(()),
    });
    by_k(&mut t).unwrap();
    create(&mut t, 1).unwrap();
    t.commit().unwrap();
    check(&graph);
}

#[test]
fn a_failed_write_ends_the_build_and_writers_go_on() {
    // Each write of a segment in turn.
    for at in 1..200 {
        let opened = memory::open();
        fill(&open(&opened), MANY);
        let fails = FailsAt::new(at, &[Operation::Write, Operation::Sync], Lasting::Once);
        let files = opened.clone();
        let Opened { segments, .. } = failing(files, &fails);
        let graph = open(&Opened { segments, ..opened.clone() });
        let hook = |graph: &Graph, asked: usize| {
            write(graph, |t| move_entries(t, 10 + asked as u64 * 10));
            Ok(())
        };
        let ended = statement(&graph, by_k, hook).is_ok();
        assert_eq!(graph.snapshot().schema().indexes().len(), usize::from(ended));
        write(&graph, |t| move_entries(t, 1000));
        check(&graph);
        drop(graph);
        check(&open(&opened));
        if ended {
            assert!(at > 5, "only {at} writes were there to fail");
            return;
        }
    }
    panic!("the statement never came to its end");
}

#[test]
fn a_power_cut_at_any_point_leaves_all_of_an_index_or_nothing() {
    let kinds = [Operation::Write, Operation::Sync];
    /// Commits in between, each of which creates a node `:B`. Says how many were acknowledged, and whether the index was.
    fn work(opened: Opened) -> (u64, bool) {
        let Ok(graph) = Graph::open(opened.bytes, opened.segments, GraphOptions::default()) else {
            return (0, false);
        };
        let commits = Arc::new(Mutex::new(0));
        let counted = commits.clone();
        let hook = move |graph: &Graph, asked: usize| {
            let mut t = graph.begin()?;
            t.set_node_property(NodeId(asked as u64), K, &Value::Integer(-1))?;
            t.create_node(&[B], vec![])?;
            t.commit()?;
            *counted.lock().unwrap() += 1;
            Ok(())
        };
        let created = statement(&graph, by_k, hook).is_ok();
        let commits = *commits.lock().unwrap();
        (commits, created)
    }
    let store = LosesUnsynced::new();
    fill(&open(&store.opened()), MANY);
    let begun = || store.power_cut(Kept { batches: usize::MAX, deletions: true });
    let all = FailsAt::new(0, &kinds, Lasting::Forever);
    assert_eq!(work(failing(begun().opened(), &all)), (3, true));
    let operations = all.counted();
    assert!(operations > 10, "{operations} operations are too few to be all of them");
    for at in 1..=operations {
        let store = begun();
        let fails = FailsAt::new(at, &kinds, Lasting::Forever);
        let (commits, created) = work(failing(store.opened(), &fails));
        // What was not synced is lost, or is not.
        let kept = at.is_multiple_of(2);
        let batches = if kept { store.unsynced() } else { 0 };
        let cut = store.power_cut(Kept { batches, deletions: kept });
        let graph = open(&cut.opened());
        let found = graph.snapshot().label_count(B);
        assert!((commits..=commits + 1).contains(&found), "cut at {at}");
        let there = !graph.snapshot().schema().indexes().is_empty();
        assert!(there || !created, "cut at {at}");
        check(&graph);
        if !there {
            assert!(statement(&graph, by_k, |_, _| Ok(())).unwrap());
            check(&graph);
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Create(i64, bool),
    Set(u64, Option<i64>),
    Label(u64, bool),
    Delete(u64),
    SetRelationship(u64, i64),
    DeleteRelationship(u64),
    Commit,
    Rollback,
    Checkpoint,
    Other(bool),
    Violate(u64, u64),
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let id = || 0..MANY as u64 + 50;
    let step = prop_oneof![
        4 => (0..200i64, prop::bool::ANY).prop_map(|(value, a)| Step::Create(value, a)),
        4 => (id(), prop::option::of(-100..0i64)).prop_map(|(id, value)| Step::Set(id, value)),
        3 => (id(), prop::bool::ANY).prop_map(|(id, add)| Step::Label(id, add)),
        2 => id().prop_map(Step::Delete),
        2 => (id(), 0..9i64).prop_map(|(id, value)| Step::SetRelationship(id, value)),
        2 => id().prop_map(Step::DeleteRelationship),
        4 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        1 => Just(Step::Checkpoint),
        1 => prop::bool::ANY.prop_map(Step::Other),
        1 => (id(), id()).prop_map(|(a, b)| Step::Violate(a, b)),
    ];
    prop::collection::vec(prop::collection::vec(step, 0..40), 4..5)
}

/// Runs steps in transactions of others; what is open at the end is committed.
fn run(graph: &Graph, steps: &[Step]) {
    let mut open: Option<Transaction> = None;
    for step in steps {
        match step {
            Step::Commit => open.take().into_iter().for_each(|t| t.commit().unwrap()),
            Step::Rollback => open = None,
            Step::Checkpoint if is_written(graph) => graph.checkpoint().unwrap(),
            Step::Checkpoint => {}
            _ => {
                let t = open.get_or_insert_with(|| graph.begin().unwrap());
                // Who is gone cannot be changed.
                let _ = change(t, step);
            }
        }
    }
    open.into_iter().for_each(|t| t.commit().unwrap());
}

fn change(t: &mut Transaction, step: &Step) -> Result<()> {
    match step {
        Step::Create(value, is_a) => {
            let label = if *is_a { A } else { B };
            t.create_node(&[label], vec![(K, Value::Integer(1_000_000 + value))])?;
        }
        Step::Set(id, value) => {
            let value = value.map_or(Value::Null, Value::Integer);
            t.set_node_property(NodeId(*id), K, &value)?;
        }
        Step::Label(id, true) => drop(t.add_label(NodeId(*id), A)?),
        Step::Label(id, false) => drop(t.remove_label(NodeId(*id), A)?),
        Step::Delete(id) if t.has_relationships(NodeId(*id))? => {}
        Step::Delete(id) => drop(t.delete_node(NodeId(*id))?),
        Step::SetRelationship(id, value) => {
            t.set_relationship_property(RelationshipId(*id), K, &Value::Integer(*value))?;
        }
        Step::DeleteRelationship(id) => drop(t.delete_relationship(RelationshipId(*id))?),
        Step::Other(true) => {
            t.create_index(Some("other"), IndexKind::Range, ON_A, vec![O], true)?;
        }
        Step::Other(false) => drop(t.drop_index("other", true)?),
        Step::Violate(a, b) => {
            let value = t.snapshot().node_property(&[NodeId(*a)], K)?.get(0);
            t.set_node_property(NodeId(*b), K, &value)?;
        }
        Step::Commit | Step::Rollback | Step::Checkpoint => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn any_history_meanwhile_ends_in_the_same_index(steps in steps(), what in 0..3usize) {
        let (opened, graph) = filled();
        let last = steps.len() - 1;
        let meanwhile = steps[..last].to_vec();
        let hook = move |graph: &Graph, asked: usize| {
            run(graph, meanwhile.get(asked).map_or(&[], Vec::as_slice));
            Ok(())
        };
        let create = |t: &mut Transaction| match what {
            0 => by_k(t),
            1 => t.create_index(Some("of_t"), IndexKind::Range, ON_T, vec![K], false),
            _ => one_k(t),
        };
        let ended = statement(&graph, create, hook);
        check(&graph);
        let values = scanned(&graph.snapshot(), ON_A, K);
        let unique = values.windows(2).all(|pair| pair[0].0 != pair[1].0);
        match ended {
            Ok(created) => prop_assert!(created && (what < 2 || unique)),
            // What was broken and is mended by now may have been seen.
            Err(error) => {
                prop_assert_eq!(what, 2);
                prop_assert_eq!(
                    error.code(), "ConstraintVerificationFailed.UniquenessViolation"
                );
                write(&graph, by_k);
            }
        }
        // Life goes on, on the graph and on the store.
        if graph.snapshot().schema().constraints().is_empty() {
            run(&graph, &steps[last]);
        }
        check(&graph);
        drop(graph);
        let graph = open(&opened);
        check(&graph);
        graph.checkpoint().unwrap();
        check(&graph);
    }
}

#[test]
fn a_call_waits_for_indexes() {
    let db = Database::in_memory();
    db.execute("UNWIND range(1, 3000) AS i CREATE (:A {i: i})", ()).unwrap();
    let call = |text: &str| db.execute(text, ()).map(drop);
    call("CALL db.awaitIndexes(0)").unwrap();
    let error = call("CALL db.awaitIndex('by_i', 0)").unwrap_err();
    assert_eq!(error.code(), "SchemaError.IndexNotFound");
    let mut transaction = db.begin().unwrap();
    transaction.execute("CREATE INDEX by_i FOR (a:A) ON (a.i)", ()).unwrap();
    // Its own can be used.
    transaction.execute("CALL db.awaitIndexes(0)", ()).unwrap();
    transaction.execute("CALL db.awaitIndex('by_i', 0)", ()).unwrap();
    for text in ["CALL db.awaitIndexes(0)", "CALL db.awaitIndex('by_i', 0)"] {
        let error = db.execute(text, ()).unwrap_err();
        assert_eq!(error.code(), "ProcedureError.TimedOut");
        assert!(error.message().contains("`by_i`"), "{error}");
    }
    let waits = ["CALL db.awaitIndexes()", "CALL db.awaitIndex('by_i')"].map(|text| {
        let db = db.clone();
        thread::spawn(move || {
            db.execute(text, ()).unwrap();
            one::<String>(&db, "SHOW INDEXES YIELD state")
        })
    });
    transaction.commit().unwrap();
    for wait in waits {
        assert_eq!(wait.join().unwrap(), "ONLINE");
    }
    call("CALL db.awaitIndex('by_i')").unwrap();
}
