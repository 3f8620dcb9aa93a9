//! Indexes: what they give is what a scan and a filter give, under random histories of transactions, checkpoints and
//! reopenings, for old readers too; and constraints.

use std::collections::BTreeSet;

use proptest::prelude::*;
use redstring::graph::ConstraintKind;
use redstring::graph::Graph;
use redstring::graph::GraphOptions;
use redstring::graph::Index;
use redstring::graph::IndexBound;
use redstring::graph::IndexKind;
use redstring::graph::IndexRange;
use redstring::graph::KeyId;
use redstring::graph::LabelId;
use redstring::graph::SchemaTarget;
use redstring::graph::Snapshot;
use redstring::graph::Transaction;
use redstring::graph::TypeId;
use redstring::storage::Opened;
use redstring::storage::memory;
use redstring::value::Date;
use redstring::value::NodeId;
use redstring::value::RelationshipId;
use redstring::value::Value;
use redstring::value::ordering;

/// Values of which some are equal, some of one type, and some equal to nothing.
fn pool() -> Vec<Value> {
    let date = |text: &str| Value::Date(text.parse::<Date>().unwrap());
    let mut pool: Vec<Value> = (-2..3).map(Value::Integer).collect();
    pool.extend([-1.0, 0.5, 1.0, 2.5, f64::NAN, f64::INFINITY].map(Value::Float));
    pool.extend(["", "t", "text", "texts", "other", "t\0"].map(Value::string));
    pool.extend([Value::Boolean(false), Value::Boolean(true)]);
    pool.extend([date("2020-01-01"), date("1999-12-31")]);
    pool.push(Value::list(vec![Value::Integer(1), Value::Integer(2)]));
    pool.push(Value::list(vec![Value::Integer(1)]));
    pool
}

#[derive(Debug, Clone)]
enum Step {
    Node { labels: BTreeSet<usize>, properties: Vec<(usize, usize)> },
    Relationship { of: usize, start: usize, end: usize, properties: Vec<(usize, usize)> },
    SetNode { node: usize, key: usize, value: Option<usize> },
    SetRelationship { relationship: usize, key: usize, value: Option<usize> },
    Label { node: usize, label: usize, add: bool },
    DeleteNode(usize),
    DeleteRelationship(usize),
    CreateIndex(usize),
    DropIndex(usize),
    Read,
    Commit,
    Rollback,
    Checkpoint,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let values = pool().len();
    let properties = move || prop::collection::vec((0..2usize, 0..values), 0..3);
    let any = || 0..1000usize;
    let value = move || prop::option::of(0..values);
    let step = prop_oneof![
        8 => (prop::collection::btree_set(0..2usize, 0..3), properties())
            .prop_map(|(labels, properties)| Step::Node { labels, properties }),
        6 => (0..2usize, any(), any(), properties()).prop_map(
            |(of, start, end, properties)| Step::Relationship { of, start, end, properties }
        ),
        4 => (any(), 0..2usize, value())
            .prop_map(|(node, key, value)| Step::SetNode { node, key, value }),
        4 => (any(), 0..2usize, value()).prop_map(
            |(relationship, key, value)| Step::SetRelationship { relationship, key, value }
        ),
        3 => (any(), 0..2usize, prop::bool::ANY)
            .prop_map(|(node, label, add)| Step::Label { node, label, add }),
        1 => any().prop_map(Step::DeleteNode),
        2 => any().prop_map(Step::DeleteRelationship),
        2 => any().prop_map(Step::CreateIndex),
        1 => any().prop_map(Step::DropIndex),
        1 => Just(Step::Read),
        3 => Just(Step::Commit),
        1 => Just(Step::Rollback),
        2 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..70)
}

struct History {
    opened: Opened,
    graph: Graph,
    open: Option<Transaction>,
    readers: Vec<Snapshot>,
}

fn open(opened: &Opened) -> Graph {
    let options = GraphOptions { cache_bytes: 50_000, ..GraphOptions::default() };
    Graph::open(opened.bytes.clone(), opened.segments.clone(), options).unwrap()
}

/// Labels, types and keys have these numbers in every graph here.
fn begin(graph: &Graph) -> Transaction {
    let mut t = graph.begin().unwrap();
    for name in ["A", "B"] {
        t.label(name).unwrap();
        t.relationship_type(name).unwrap();
        t.key(name).unwrap();
    }
    t
}

impl History {
    fn new() -> Self {
        let opened = memory::open();
        let graph = open(&opened);
        Self { opened, graph, open: None, readers: Vec::new() }
    }

    fn snapshot(&self) -> Snapshot {
        self.open.as_ref().map_or_else(|| self.graph.snapshot(), |open| open.snapshot().clone())
    }

    fn run(&mut self, step: &Step) {
        let values = pool();
        let pairs = |pairs: &[(usize, usize)]| {
            let pair = |(key, value): &(usize, usize)| (KeyId(*key as u32), values[*value].clone());
            pairs.iter().map(pair).collect::<Vec<_>>()
        };
        let snapshot = self.snapshot();
        let node = |at: usize| nodes(&snapshot).get(at % 20).copied();
        let relationship = |at: usize| relationships(&snapshot, None).get(at % 20).copied();
        match step {
            Step::Commit => {
                if let Some(open) = self.open.take() {
                    open.commit().unwrap();
                }
                return;
            }
            Step::Rollback => return self.open = None,
            Step::Checkpoint => return self.graph.checkpoint().unwrap(),
            Step::Read => return self.readers.push(snapshot),
            Step::Reopen => {
                self.open = None;
                self.readers.clear();
                // What goes on behind the graph ends before another opens its storage.
                self.graph = Graph::in_memory();
                self.graph = open(&self.opened);
                return;
            }
            _ => {}
        }
        let t = self.open.get_or_insert_with(|| begin(&self.graph));
        match step {
            Step::Node { labels, properties } => {
                let labels: Vec<_> = labels.iter().map(|l| LabelId(*l as u32)).collect();
                t.create_node(&labels, pairs(properties)).unwrap();
            }
            Step::Relationship { of, start, end, properties } => {
                if let (Some(start), Some(end)) = (node(*start), node(*end)) {
                    let of = TypeId(*of as u32);
                    t.create_relationship(of, start, end, pairs(properties)).unwrap();
                }
            }
            Step::SetNode { node: at, key, value } => {
                let value = value.map_or(Value::Null, |value| values[value].clone());
                if let Some(node) = node(*at) {
                    t.set_node_property(node, KeyId(*key as u32), &value).unwrap();
                }
            }
            Step::SetRelationship { relationship: at, key, value } => {
                let value = value.map_or(Value::Null, |value| values[value].clone());
                if let Some(found) = relationship(*at) {
                    t.set_relationship_property(found, KeyId(*key as u32), &value).unwrap();
                }
            }
            Step::Label { node: at, label, add } => {
                if let Some(node) = node(*at) {
                    let label = LabelId(*label as u32);
                    if *add { t.add_label(node, label) } else { t.remove_label(node, label) }
                        .unwrap();
                }
            }
            Step::DeleteNode(at) => {
                if let Some(node) = node(*at).filter(|node| !t.has_relationships(*node).unwrap()) {
                    t.delete_node(node).unwrap();
                }
            }
            Step::DeleteRelationship(at) => {
                if let Some(found) = relationship(*at) {
                    t.delete_relationship(found).unwrap();
                }
            }
            Step::CreateIndex(at) => {
                let (kind, on, keys) = definitions()[at % definitions().len()].clone();
                t.create_index(None, kind, on, keys, true).unwrap();
            }
            Step::DropIndex(at) => {
                let indexes = t.snapshot().schema().indexes().to_vec();
                if let Some(index) = indexes.get(at % indexes.len().max(1)) {
                    t.drop_index(&index.name, false).unwrap();
                }
            }
            _ => {}
        }
    }
}

fn definitions() -> Vec<(IndexKind, SchemaTarget, Vec<KeyId>)> {
    use IndexKind::{Range, Text};
    let (a, b) = (SchemaTarget::Label(LabelId(0)), SchemaTarget::Label(LabelId(1)));
    let of = SchemaTarget::Type(TypeId(0));
    vec![
        (Range, a, vec![KeyId(0)]),
        (Range, b, vec![KeyId(0)]),
        (Range, a, vec![KeyId(0), KeyId(1)]),
        (Text, a, vec![KeyId(1)]),
        (Range, of, vec![KeyId(1)]),
        (Range, of, vec![KeyId(1), KeyId(0)]),
    ]
}

fn nodes(snapshot: &Snapshot) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    snapshot.scan_nodes(NodeId(0), 10_000, &mut nodes).unwrap();
    nodes
}

fn relationships(snapshot: &Snapshot, of: Option<TypeId>) -> Vec<RelationshipId> {
    let mut found = Vec::new();
    let types: Vec<_> = of.into_iter().collect();
    snapshot.scan_relationships(&types, RelationshipId(0), 10_000, &mut found).unwrap();
    found
}

/// What an index has to hold, by a scan: the values of each, and its id.
fn scanned(snapshot: &Snapshot, index: &Index) -> Vec<(Vec<Value>, u64)> {
    let (ids, columns): (Vec<u64>, Vec<_>) = match index.on {
        SchemaTarget::Label(label) => {
            let mut nodes = Vec::new();
            snapshot.scan_label(label, NodeId(0), 10_000, &mut nodes).unwrap();
            let column = |key: &KeyId| snapshot.node_property(&nodes, *key).unwrap();
            (nodes.iter().map(|id| id.0).collect(), index.keys.iter().map(column).collect())
        }
        SchemaTarget::Type(of) => {
            let found = relationships(snapshot, Some(of));
            let column = |key: &KeyId| snapshot.relationship_property(&found, *key).unwrap();
            (found.iter().map(|id| id.0).collect(), index.keys.iter().map(column).collect())
        }
    };
    let rows = ids
        .into_iter()
        .enumerate()
        .map(|(row, id)| (columns.iter().map(|column| column.get(row)).collect::<Vec<_>>(), id));
    let has_place = |values: &[Value]| match index.kind {
        IndexKind::Range => values.iter().all(|value| !value.is_null()),
        IndexKind::Text => values.iter().all(|value| matches!(value, Value::String(_))),
    };
    rows.filter(|(values, _)| has_place(values)).collect()
}

/// Whether a value is in a bound, by what `<` and STARTS WITH say.
fn within(value: &Value, bound: &IndexBound) -> bool {
    let text = |test: &dyn Fn(&str) -> bool| matches!(value, Value::String(text) if test(text));
    match bound {
        IndexBound::Any => true,
        IndexBound::Between { lower, upper } => {
            let above = lower.as_ref().is_none_or(|(bound, inclusive)| {
                ordering::less(bound, value, *inclusive) == Some(true)
            });
            let below = upper.as_ref().is_none_or(|(bound, inclusive)| {
                ordering::less(value, bound, *inclusive) == Some(true)
            });
            above && below
        }
        IndexBound::StartsWith(part) => text(&|text| text.starts_with(&**part)),
        IndexBound::EndsWith(part) => text(&|text| text.ends_with(&**part)),
        IndexBound::Contains(part) => text(&|text| text.contains(&**part)),
    }
}

fn bounds() -> Vec<IndexBound> {
    let values = pool();
    let mut bounds = vec![
        IndexBound::Any,
        IndexBound::StartsWith("te".into()),
        IndexBound::EndsWith("t".into()),
        IndexBound::Contains("the".into()),
    ];
    for (at, value) in values.iter().enumerate() {
        let inclusive = at % 2 == 0;
        let side = Some((value.clone(), inclusive));
        let other = Some((values[(at + 1) % values.len()].clone(), !inclusive));
        bounds.push(IndexBound::Between { lower: side.clone(), upper: None });
        bounds.push(IndexBound::Between { lower: None, upper: side.clone() });
        bounds.push(IndexBound::Between { lower: side, upper: other });
    }
    bounds
}

/// The ids of a range, three at a time.
fn read(snapshot: &Snapshot, index: &Index, range: &IndexRange) -> Vec<u64> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let before = all.len();
        snapshot.index_scan(index.id, range, &mut after, 3, &mut all).unwrap();
        if all.len() - before < 3 {
            return all;
        }
    }
}

fn check(snapshot: &Snapshot) {
    for index in snapshot.schema().indexes() {
        let all = scanned(snapshot, index);
        for bound in bounds() {
            let firsts = if index.keys.len() > 1 { pool() } else { vec![Value::Null] };
            for first in firsts {
                let equal = if first.is_null() { vec![] } else { vec![first] };
                if equal.iter().any(|value| ordering::equals(value, value) != Some(true)) {
                    continue;
                }
                let mut expected: Vec<_> = all.clone();
                expected.retain(|(values, _)| {
                    equal.iter().zip(values).all(|(a, b)| ordering::equals(a, b) == Some(true))
                        && within(&values[equal.len()], &bound)
                });
                expected.sort();
                let expected: Vec<u64> = expected.into_iter().map(|(_, id)| id).collect();
                let range = IndexRange { equal, then: bound.clone() };
                assert_eq!(read(snapshot, index, &range), expected, "{index:?} {range:?}");
            }
        }
        let keys: Vec<Vec<Value>> = match index.keys.len() {
            1 => pool().into_iter().map(|value| vec![value]).collect(),
            _ => pool()
                .iter()
                .zip(pool().iter().skip(1))
                .map(|(a, b)| vec![a.clone(), b.clone()])
                .collect(),
        };
        let wanted: Vec<Value> = keys
            .iter()
            .map(|key| if key.len() == 1 { key[0].clone() } else { Value::list(key.clone()) })
            .collect();
        let (mut rows, mut ids) = (Vec::new(), Vec::new());
        snapshot.index_seek(index.id, &wanted, &mut rows, &mut ids).unwrap();
        let mut expected = Vec::new();
        for (row, key) in keys.iter().enumerate() {
            for (values, id) in &all {
                if key.iter().zip(values).all(|(a, b)| ordering::equals(a, b) == Some(true)) {
                    expected.push((row as u32, *id));
                }
            }
        }
        assert_eq!(rows.into_iter().zip(ids).collect::<Vec<_>>(), expected, "{index:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn an_index_gives_what_a_scan_and_a_filter_give(steps in steps()) {
        let mut history = History::new();
        for step in &steps {
            history.run(step);
            if matches!(step, Step::Commit | Step::Checkpoint | Step::Reopen | Step::CreateIndex(_)) {
                check(&history.snapshot());
            }
        }
        check(&history.snapshot());
        history.readers.iter().for_each(check);
        history.open = None;
        let report = history.graph.check();
        prop_assert!(report.is_sound(), "{report:?}");
    }
}

/// A graph with `count` nodes `:A {k: i % distinct}` in segments.
fn filled(opened: &Opened, count: i64, distinct: i64) -> Graph {
    let graph = open(opened);
    let mut t = begin(&graph);
    for i in 0..count {
        t.create_node(&[LabelId(0)], vec![(KeyId(0), Value::Integer(i % distinct))]).unwrap();
    }
    t.commit().unwrap();
    graph.checkpoint().unwrap();
    graph
}

fn seek(graph: &Graph, name: &str, value: i64) -> Vec<u64> {
    let snapshot = graph.snapshot();
    let index = snapshot.schema().index_named(name).unwrap().id;
    let (mut rows, mut ids) = (Vec::new(), Vec::new());
    snapshot.index_seek(index, &[Value::Integer(value)], &mut rows, &mut ids).unwrap();
    ids
}

#[test]
fn an_index_of_many_chunks_survives_reopening() {
    let opened = memory::open();
    let graph = filled(&opened, 20_000, 5);
    let mut t = graph.begin().unwrap();
    let on = SchemaTarget::Label(LabelId(0));
    t.create_index(Some("k"), IndexKind::Range, on, vec![KeyId(0)], false).unwrap();
    t.commit().unwrap();
    let expected: Vec<u64> = (0..20_000).filter(|i| i % 5 == 3).collect();
    let mut graph = Some(graph);
    for _ in 0..2 {
        let graph = graph.take().unwrap_or_else(|| open(&opened));
        assert_eq!(seek(&graph, "k", 3), expected);
        assert!(seek(&graph, "k", 7).is_empty());
        let snapshot = graph.snapshot();
        let index = snapshot.schema().index_named("k").unwrap();
        let statistics = snapshot.index_statistics(index).unwrap();
        assert_eq!((statistics.entries, statistics.distinct), (20_000, 5));
        let range = IndexRange {
            equal: vec![],
            then: IndexBound::Between { lower: Some((Value::Integer(4), true)), upper: None },
        };
        let mut ids = Vec::new();
        snapshot.index_scan(index.id, &range, &mut None, 30_000, &mut ids).unwrap();
        assert_eq!(ids.len(), 4000);
    }
}

#[test]
fn an_index_that_was_dropped_does_not_come_back_with_its_successor() {
    let opened = memory::open();
    let graph = filled(&opened, 10, 10);
    let on = SchemaTarget::Label(LabelId(0));
    for _ in 0..3 {
        let mut t = graph.begin().unwrap();
        t.create_index(Some("k"), IndexKind::Range, on, vec![KeyId(0)], false).unwrap();
        t.commit().unwrap();
        let mut t = graph.begin().unwrap();
        t.drop_index("k", false).unwrap();
        t.set_node_property(NodeId(3), KeyId(0), &Value::Integer(77)).unwrap();
        t.commit().unwrap();
    }
    let mut t = graph.begin().unwrap();
    t.create_index(Some("k"), IndexKind::Range, on, vec![KeyId(0)], false).unwrap();
    t.commit().unwrap();
    assert_eq!(seek(&graph, "k", 77), [3]);
    assert!(seek(&graph, "k", 3).is_empty());
}

#[test]
fn a_constraint_holds_at_the_commit_and_names_who_breaks_it() {
    let opened = memory::open();
    let graph = filled(&opened, 10, 10);
    let on = SchemaTarget::Label(LabelId(0));
    let mut t = graph.begin().unwrap();
    t.create_constraint(Some("one"), ConstraintKind::Unique, on, vec![KeyId(0)], false).unwrap();
    t.commit().unwrap();
    let break_it = |graph: &Graph| {
        let mut t = graph.begin().unwrap();
        t.create_node(&[LabelId(0)], vec![(KeyId(0), Value::Float(4.0))]).unwrap();
        t.commit().unwrap_err()
    };
    let mut graph = Some(graph);
    for _ in 0..2 {
        let graph = graph.take().unwrap_or_else(|| open(&opened));
        let error = break_it(&graph);
        assert_eq!(error.code(), "ConstraintVerificationFailed.UniquenessViolation");
        assert_eq!(
            error.message(),
            "constraint `one` is violated: node 4 (:A) and node 10 (:A) both have `A` = 4.0"
        );
        assert_eq!(graph.snapshot().node_count(), 10);
        // Who changes places within a transaction breaks nothing.
        let mut t = graph.begin().unwrap();
        t.set_node_property(NodeId(1), KeyId(0), &Value::Integer(2)).unwrap();
        t.set_node_property(NodeId(2), KeyId(0), &Value::Integer(1)).unwrap();
        t.commit().unwrap();
        let mut t = graph.begin().unwrap();
        t.set_node_property(NodeId(2), KeyId(0), &Value::Integer(2)).unwrap();
        t.set_node_property(NodeId(1), KeyId(0), &Value::Integer(1)).unwrap();
        t.commit().unwrap();
    }
}

#[test]
fn a_graph_that_breaks_a_constraint_keeps_it_out() {
    let opened = memory::open();
    let graph = filled(&opened, 10, 9);
    let on = SchemaTarget::Label(LabelId(0));
    let mut t = graph.begin().unwrap();
    let kind = ConstraintKind::Unique;
    let error = t.create_constraint(None, kind, on, vec![KeyId(0)], false).unwrap_err();
    assert!(error.message().contains("node 0 (:A) and node 9 (:A) both have `A` = 0"), "{error}");
    let error =
        t.create_constraint(None, ConstraintKind::Exists, on, vec![KeyId(1)], false).unwrap_err();
    assert_eq!(error.code(), "ConstraintVerificationFailed.MissingProperty");
    t.commit().unwrap();
    assert!(graph.snapshot().schema().constraints().is_empty());
    assert!(graph.snapshot().schema().indexes().is_empty());
}

#[test]
fn an_index_that_was_rolled_back_is_not_there() {
    let opened = memory::open();
    let graph = filled(&opened, 100, 10);
    let mut t = graph.begin().unwrap();
    let on = SchemaTarget::Label(LabelId(0));
    t.create_index(Some("k"), IndexKind::Range, on, vec![KeyId(0)], false).unwrap();
    let inside = t.snapshot().clone();
    t.rollback();
    assert!(graph.snapshot().schema().index_named("k").is_none());
    // Who has read within the transaction still does.
    assert_eq!(inside.schema().indexes().len(), 1);
    check(&inside);
}
