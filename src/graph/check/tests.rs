//! A store that is whole by its checksums and wrong in one place each: the check must say so.

use crate::graph::catalog::Catalog;
use crate::graph::segment::{
    AdjacencyChunk, BitmapChunk, ColumnChunk, EncodedColumn, RecordChunk, SectionKey,
    SegmentBuilder,
};
use crate::graph::{Graph, GraphOptions, IndexKind, SchemaTarget, TypeId};
use crate::storage::memory;
use crate::value::{Array, NodeId, Value};

use super::CheckReport;

/// Four nodes, of which the first two are `:A` with `k`, and three relationships: 0 and 1 of type `R` from node 0 to
/// nodes 1 and 2, and 2 of type `S` from node 2 to node 3.
fn tampered(
    catalog: impl FnOnce(&mut Catalog),
    segment: impl FnOnce(&mut SegmentBuilder),
) -> CheckReport {
    let opened = memory::open();
    let open = || {
        let (bytes, files) = (opened.bytes.clone(), opened.segments.clone());
        Graph::open(bytes, files, GraphOptions::default()).unwrap()
    };
    let graph = open();
    let mut t = graph.begin().unwrap();
    let (a, key) = (t.label("A").unwrap(), t.key("k").unwrap());
    let (r, s) = (t.relationship_type("R").unwrap(), t.relationship_type("S").unwrap());
    for i in 0..4 {
        let labels = if i < 2 { vec![a] } else { vec![] };
        t.create_node(&labels, vec![(key, Value::Integer(i))]).unwrap();
    }
    for (of, start, end) in [(r, 0, 1), (r, 0, 2), (s, 2, 3)] {
        t.create_relationship(of, NodeId(start), NodeId(end), vec![]).unwrap();
    }
    t.create_index(Some("k"), IndexKind::Range, SchemaTarget::Label(a), vec![key], false).unwrap();
    t.commit().unwrap();
    graph.checkpoint().unwrap();
    assert!(graph.check().is_sound());
    let snapshot = graph.snapshot();
    let base = &snapshot.state.base;
    let mut builder = SegmentBuilder::new(&*opened.segments, base.generation + 1, base).unwrap();
    segment(&mut builder);
    let written = builder.finish(&opened.segments, &graph.shared.cache).unwrap();
    let mut changed = Catalog::read(&*opened.bytes).unwrap().unwrap();
    changed.generation += 1;
    changed.files = written.files.iter().map(|file| (file.number(), file.length())).collect();
    changed.index = Some(written.index);
    written.files.iter().for_each(|file| file.keep());
    catalog(&mut changed);
    changed.write(&*opened.bytes).unwrap();
    drop((snapshot, graph));
    open().check()
}

fn finds(expected: &str, segment: impl FnOnce(&mut SegmentBuilder)) {
    is_told(expected, &tampered(|_| {}, segment));
}

fn is_told(expected: &str, report: &CheckReport) {
    let told = report.problems.iter().any(|problem| problem.contains(expected));
    assert!(told, "{expected}: {:?}", report.problems);
}

fn set(section: SectionKey, ids: &[u64]) -> impl FnOnce(&mut SegmentBuilder) {
    let bytes = BitmapChunk::encode(ids.iter().copied());
    let count = ids.len() as u64;
    move |builder| builder.chunk(section, 0, &bytes, count).unwrap()
}

fn links(
    section: SectionKey,
    offsets: &[u32],
    links: &[(u64, u64)],
) -> impl FnOnce(&mut SegmentBuilder) {
    let bytes = AdjacencyChunk::encode(
        offsets,
        links.iter().map(|(node, _)| *node).collect::<Vec<_>>().into_iter(),
        links.iter().map(|(_, id)| *id).collect::<Vec<_>>().into_iter(),
    );
    move |builder| builder.adjacency(section, 0, &bytes, (1, 2)).unwrap()
}

#[test]
fn a_store_as_it_should_be_is_sound() {
    let report = tampered(|_| {}, |_| {});
    assert!(report.is_sound(), "{:?}", report.problems);
}

#[test]
fn sets_that_are_wrong_are_found() {
    finds("the store counts 4 nodes, but 3 are there", set(SectionKey::Nodes, &[0, 1, 2]));
    finds("ends at node 3, which is not there", set(SectionKey::Nodes, &[0, 1, 2]));
    finds("the label `A` is on node 9, which is not there", set(SectionKey::Label(0), &[0, 9]));
    finds("the store counts 2 nodes with the label `A`, but 1", set(SectionKey::Label(0), &[0]));
    finds("node 7 has an id that was never given", set(SectionKey::Nodes, &[0, 1, 2, 3, 7]));
    finds(
        "relationship 8 has an id that was never given",
        set(SectionKey::Relationships, &[0, 1, 2, 8]),
    );
    finds("relationship 8 has no record", set(SectionKey::Relationships, &[0, 1, 2, 8]));
    finds("found by the type `R`, which it has not", set(SectionKey::OfType(0), &[0, 2]));
    finds("to be found by the type `R`, but 1", set(SectionKey::OfType(0), &[0]));
}

#[test]
fn relationships_that_are_wrong_are_found() {
    let record = |at: usize, record: (u32, u64, u64)| {
        move |builder: &mut SegmentBuilder| {
            let mut records = [(0, 0, 1), (0, 0, 2), (1, 2, 3)];
            records[at] = record;
            let records = records.map(|(of, s, e)| Some((TypeId(of), NodeId(s), NodeId(e))));
            let bytes = RecordChunk::encode(&records);
            builder.chunk(SectionKey::Records, 0, &bytes, 3).unwrap();
        }
    };
    finds("link to relationship 1, which says otherwise", record(1, (0, 0, 3)));
    finds("link to relationship 1, which says otherwise", record(1, (1, 0, 2)));
    finds("relationship 1 has no known type", record(1, (7, 0, 2)));
    let out = SectionKey::Outgoing(0);
    finds("node 0 has an outgoing link to relationship 1", links(out, &[0, 2], &[(1, 0), (3, 1)]));
    finds("link of more than one node, or more than once", links(out, &[0, 2], &[(1, 0), (1, 0)]));
    finds("counts 3 outgoing links, but 2", links(out, &[0, 1], &[(1, 0)]));
    let into = SectionKey::Incoming(0);
    finds("counts 3 incoming links, but 2", links(into, &[0, 0, 1], &[(0, 0)]));
}

#[test]
fn indexes_that_are_wrong_are_found() {
    let section = SectionKey::Index(0);
    let index = |entries: Vec<(i64, u64)>, first: (i64, u64)| {
        move |builder: &mut SegmentBuilder| {
            let entries = entries.iter().map(|(value, id)| (Value::Integer(*value), *id));
            let entries: Vec<_> = entries.collect();
            builder.section(section);
            builder.index_chunk(section, &entries, 1, (2, false)).unwrap();
            let first = [(Value::Integer(first.0), first.1)];
            builder.directory(section, &first, 1, 2).unwrap();
        }
    };
    finds("1 entries of index `k` are wrong", index(vec![(0, 0), (5, 1)], (0, 0)));
    finds("index `k` has 1 entries, but should have 2", index(vec![(0, 0)], (0, 0)));
    finds("stand in no order", index(vec![(1, 1), (0, 0)], (1, 1)));
    finds("directory of an index is wrong", index(vec![(0, 0), (1, 1)], (1, 0)));
}

#[test]
fn names_and_rules_that_are_wrong_are_found() {
    finds("label number 5 has no name", set(SectionKey::Label(5), &[0]));
    let nothing = |_: &mut SegmentBuilder| {};
    is_told(
        "property key number 0 has no name",
        &tampered(|catalog| catalog.keys.clear(), nothing),
    );
    is_told(
        "relationship type number 1 has no name",
        &tampered(|catalog| drop(catalog.types.pop()), nothing),
    );
    is_told(
        "the store counts 9 relationships",
        &tampered(|catalog| catalog.relationship_count = 9, nothing),
    );
}

#[test]
fn counts_that_are_wrong_are_found() {
    finds("has count 4, kind 0, nodes 0, but is said to have count 5", |builder| {
        builder.chunk(SectionKey::Nodes, 0, &BitmapChunk::encode(0..4), 5).unwrap();
    });
    let links = |counts: (u64, u64)| {
        move |builder: &mut SegmentBuilder| {
            let ends = [1u64, 2].into_iter();
            let bytes = AdjacencyChunk::encode(&[0, 2], ends.clone(), [0u64, 1].into_iter());
            builder.adjacency(SectionKey::Outgoing(0), 0, &bytes, counts).unwrap();
        }
    };
    assert!(tampered(|_| {}, links((1, 2))).is_sound());
    finds("has count 2, kind 0, nodes 1, but", links((2, 2)));
    finds("has count 2, kind 0, nodes 1, but", links((1, 3)));
    finds("counts 2 relationships of type `R`, but the segments hold 3", links((1, 3)));
    let column = |change: fn(&mut EncodedColumn)| {
        move |builder: &mut SegmentBuilder| {
            let values: Array = (0..4).map(Value::Integer).collect();
            let mut column = ColumnChunk::encode(4, &[], &values, None).unwrap();
            change(&mut column);
            builder.column(SectionKey::NodeColumn(0), 0, &column).unwrap();
        }
    };
    assert!(tampered(|_| {}, column(|_| {})).is_sound());
    finds("chunk 0 of NodeColumn(0) has count 4", column(|c| c.count = 3));
    finds("bounds 0x0 to 0x3, but is said", column(|c| c.bounds = Some((1, 3))));
    let index = |counts: (u64, bool), distinct: u64| {
        move |builder: &mut SegmentBuilder| {
            let entries = [(Value::Integer(0), 0), (Value::Integer(1), 1)];
            let section = SectionKey::Index(0);
            builder.section(section);
            builder.index_chunk(section, &entries, 1, counts).unwrap();
            builder.directory(section, &entries[..1], 1, distinct).unwrap();
        }
    };
    assert!(tampered(|_| {}, index((2, false), 2)).is_sound());
    finds("chunk 0 of Index(0) has count 2, kind 0, nodes 2", index((1, false), 2));
    finds("wrong about the one before", index((2, true), 2));
    finds("said to have 7 values, but 2 are there", index((2, false), 7));
}

#[test]
fn a_catalog_that_is_wrong_is_found() {
    let is_found = |expected: &str, change: fn(&mut Catalog)| {
        is_told(expected, &tampered(change, |_| {}));
    };
    is_found("the catalog counts 9 nodes, but the segments hold 4", |c| c.node_count = 9);
    is_found("the catalog counts 0 nodes with the label `A`", |c| c.label_counts.clear());
    is_found("label number 7, which has no name", |c| c.label_counts.push((7, 1)));
    is_found("counts 5 starts of relationships of type `R`", |c| {
        c.type_counts[0].1.distinct_starts = 5;
    });
    is_found("counts 5 ends of relationships of type `R`", |c| {
        c.type_counts[0].1.distinct_ends = 5;
    });
    is_found("relationship type number 7, which has no name", |c| c.type_counts[0].0 = 7);
}

#[test]
fn a_copy_of_the_catalog_that_is_wrong_is_found() {
    let opened = memory::open();
    let (bytes, files) = (opened.bytes.clone(), opened.segments.clone());
    let graph = Graph::open(bytes, files, GraphOptions::default()).unwrap();
    let mut transaction = graph.begin().unwrap();
    transaction.create_node(&[], vec![]).unwrap();
    transaction.commit().unwrap();
    graph.checkpoint().unwrap();
    assert!(graph.check().is_sound());
    let mut writer = opened.segments.create("catalog-0000000001").unwrap();
    writer.write(b"redstring").unwrap();
    writer.finish().unwrap();
    is_told("the copy of the catalog of checkpoint 1", &graph.check());
    // The next checkpoint makes another one.
    let mut transaction = graph.begin().unwrap();
    transaction.create_node(&[], vec![]).unwrap();
    transaction.commit().unwrap();
    graph.checkpoint().unwrap();
    assert!(graph.check().is_sound());
}
