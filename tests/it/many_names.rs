//! Stores with many labels, keys and types: what a node has is what it costs, before and after a checkpoint.

use redstring::Database;
use redstring::Options;
use redstring::graph::Graph;
use redstring::graph::LabelId;
use redstring::graph::Snapshot;
use redstring::value::NodeId;
use redstring::value::RelationshipId;
use redstring::value::Value;

/// A shape: its name, how many labels, keys and types there are, and which of them node `i` has.
type Shape = (&'static str, u64, fn(u64, u64) -> Vec<u64>);

const NODES: u64 = 400;

const SHAPES: &[Shape] = &[
    ("none", 3, |_, _| Vec::new()),
    ("one of few", 5, |i, names| vec![i % names]),
    ("one of many", 100, |i, names| vec![i % names]),
    ("one of its own", NODES, |i, _| vec![i]),
    ("several of many", 300, |i, names| (0..i % 4).map(|n| (i * 7 + n * 31) % names).collect()),
    ("one of all and one of many", 200, |i, names| vec![0, 1 + i % (names - 1)]),
    ("all of them", 12, |_, names| (0..names).collect()),
    ("many on one node", 200, |i, names| if i == 300 { (0..names).collect() } else { Vec::new() }),
];

fn build(names: u64, held: fn(u64, u64) -> Vec<u64>) -> Graph {
    let graph = Graph::in_memory();
    let mut t = graph.begin().unwrap();
    let name = |what: &str, number: u64| format!("{what}{number}");
    let labels: Vec<_> = (0..names).map(|n| t.label(&name("L", n)).unwrap()).collect();
    let keys: Vec<_> = (0..names).map(|n| t.key(&name("k", n)).unwrap()).collect();
    let types: Vec<_> = (0..names).map(|n| t.relationship_type(&name("T", n)).unwrap()).collect();
    for i in 0..NODES {
        let own = held(i, names);
        let of: Vec<LabelId> = own.iter().map(|n| labels[*n as usize]).collect();
        let values = own.iter().map(|n| (keys[*n as usize], Value::Integer((i + n) as i64)));
        t.create_node(&of, values.collect()).unwrap();
    }
    for i in 0..NODES {
        for n in held(i, names) {
            let value = Value::string(format!("{i} {n}"));
            let (start, end) = (NodeId(i), NodeId((i + 1) % NODES));
            let own = vec![(keys[n as usize], value)];
            t.create_relationship(types[n as usize], start, end, own).unwrap();
        }
    }
    t.commit().unwrap();
    graph
}

/// All that there is, asked for node by node and in batches.
fn content(snapshot: &Snapshot) -> Vec<String> {
    let mut all = Vec::new();
    let mut nodes = Vec::new();
    snapshot.scan_nodes(NodeId(0), usize::MAX >> 1, &mut nodes).unwrap();
    let mut found = redstring::graph::Neighbours::default();
    snapshot.expand(&nodes, redstring::graph::Direction::Both, &[], &mut found).unwrap();
    all.push(format!("{found:?}"));
    for node in nodes {
        let (labels, own) = (snapshot.node_labels(node), snapshot.node_properties(node));
        all.push(format!("{node:?} {:?} {:?}", labels.unwrap(), own.unwrap()));
    }
    let mut relationships = Vec::new();
    let from = RelationshipId(0);
    snapshot.scan_relationships(&[], from, usize::MAX >> 1, &mut relationships).unwrap();
    for one in relationships {
        let (ends, own) = (snapshot.relationship(one), snapshot.relationship_properties(one));
        all.push(format!("{one:?} {:?} {:?}", ends.unwrap(), own.unwrap()));
    }
    all
}

/// Changes some nodes of each kind.
fn change(graph: &Graph) {
    let mut t = graph.begin().unwrap();
    let (label, key) = (t.label("L1").unwrap(), t.key("k2").unwrap());
    let new = t.label("new").unwrap();
    for node in [0, 7, 300] {
        t.add_label(NodeId(node), label).unwrap();
        t.add_label(NodeId(node), new).unwrap();
        t.set_node_property(NodeId(node), key, &Value::Null).unwrap();
    }
    for node in [3, 8] {
        for label in t.snapshot().node_labels(NodeId(node)).unwrap() {
            t.remove_label(NodeId(node), label).unwrap();
        }
        for (key, _) in t.snapshot().node_properties(NodeId(node)).unwrap() {
            t.set_node_property(NodeId(node), key, &Value::Null).unwrap();
        }
    }
    let of = t.relationship_type("T2").unwrap();
    t.create_relationship(of, NodeId(7), NodeId(3), vec![(key, Value::Integer(1))]).unwrap();
    if t.snapshot().relationship_count() > 20 {
        t.delete_relationship(RelationshipId(11)).unwrap();
    }
    t.commit().unwrap();
}

#[test]
fn a_checkpoint_changes_nothing_that_is_read() {
    for (what, names, held) in SHAPES {
        let graph = build(*names, *held);
        for step in ["created", "changed"] {
            let expected = content(&graph.snapshot());
            graph.checkpoint().unwrap();
            assert!(content(&graph.snapshot()) == expected, "{what}, {step}");
            assert_eq!(graph.check().problems, [""; 0], "{what}, {step}");
            change(&graph);
        }
        assert_eq!(graph.check().problems, [""; 0], "{what}, changed again");
    }
}

#[test]
fn the_chunks_of_names_are_read_once_and_not_for_each_node() {
    for (what, names, held) in SHAPES {
        let graph = build(*names, *held);
        graph.checkpoint().unwrap();
        let snapshot = graph.snapshot();
        for _ in 0..2 {
            content(&snapshot);
        }
        // Of labels, of the keys of nodes and of relationships, and of types by start and by end.
        let read = snapshot.chunks_tabulated();
        assert!(read <= 5 * names, "{what}: {read} chunks were read");
        // Few are asked one after the other.
        let are_many = *names > 8;
        assert_eq!(read > 0, are_many, "{what}: {read} chunks were read");
    }
}

#[test]
fn a_label_for_each_commit_is_read_and_exported_like_any() {
    let db = Database::in_memory_with(Options::default());
    for i in 0..200 {
        db.execute(&format!("CREATE (:Own{i} {{own{i}: {i}}})-[:To{i}]->()"), ()).unwrap();
    }
    let ask = || -> Vec<String> {
        let query =
            "MATCH (n)-[r]->() RETURN labels(n), keys(n), properties(n), type(r), n ORDER BY id(n)";
        db.query(query, ()).unwrap().map(|row| format!("{:?}", row.unwrap().values())).collect()
    };
    let before = ask();
    db.checkpoint().unwrap();
    assert_eq!(ask(), before);
    let count = db.query("CALL db.labels() YIELD label RETURN count(*)", ()).unwrap();
    assert_eq!(count.single().unwrap().get::<i64>(0).unwrap(), 200);
}
