//! Imports of more relationships than the memory may hold: the same graph, and no file left of it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redstring::interchange::{ImportOptions, ImportSummary, NodeFiles, RelationshipFiles};
use redstring::{Database, Options};

use crate::import::{Files, assert_sound, rows};
use crate::kill::next;

/// Nodes: more than one chunk of adjacency.
const NODES: u64 = 20_000;

/// Relationships in several files: of several types, with properties of every form, and two nodes with very many.
fn files() -> (Files, ImportOptions) {
    let files = Files::new();
    let nodes: String = (0..NODES).map(|id| format!("{id}\n")).collect();
    let nodes = files.add("nodes.csv", format!("id:ID\n{nodes}"));
    let mut options = ImportOptions::default().nodes(NodeFiles::new([nodes]).label("N"));
    let mut random = 1;
    for file in 0..7 {
        let header =
            ":START_ID,:END_ID,:TYPE,number:int,text,word,flag:boolean,many:int[],odd:json\n";
        let mut text = String::from(header);
        for row in 0..13_000 {
            let (mut start, mut end) = (next(&mut random) % NODES, next(&mut random) % NODES);
            match row % 10 {
                0 => start = 7,
                1 => end = NODES - 1,
                2 => end = start,
                _ => {}
            }
            let number = next(&mut random);
            let of = ["A", "B", "C", "D"][usize::try_from(number % 4).unwrap()];
            let some = |there: bool, value: String| if there { value } else { String::new() };
            let columns = [
                some(row % 3 > 0, number.to_string()),
                some(row % 2 > 0, format!("text {number}")),
                format!("word {}", number % 9),
                some(file > 3, number.is_multiple_of(2).to_string()),
                some(row % 50 == 0, format!("{row};{file}")),
                some(row % 40 == 0, if file % 2 == 0 { "1".into() } else { "0.5".into() }),
            ];
            text.push_str(&format!("{start},{end},{of},{}\n", columns.join(",")));
        }
        let path = files.add(&format!("links{file}.csv"), text);
        options = options.relationships(RelationshipFiles::new([path]));
    }
    (files, options)
}

/// All relationships with their numbers, and what is found from either end.
fn found(db: &Database) -> [Vec<String>; 2] {
    [
        rows(db, "MATCH (a)-[r]->(b) RETURN id(r), id(a), id(b), r ORDER BY id(r)"),
        rows(db, "MATCH (a)<-[r]-(b) RETURN id(a), collect(id(r)) ORDER BY id(a)"),
    ]
}

/// The files of a store that no catalog names.
fn unfinished(store: &Path) -> Vec<String> {
    let names = fs::read_dir(store.join("segments")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".new")).collect()
}

fn has_scratch(store: &Path) -> bool {
    unfinished(store).iter().any(|name| name.starts_with(".scratch"))
}

/// Imports twice into the same store, so that the second time merges with what is there.
fn imported(store: &Path, options: &ImportOptions, memory: u64, threads: usize) -> ImportSummary {
    let db = Database::open_with(store, Options::default().checkpoint_bytes(1 << 40)).unwrap();
    let options = options.clone().memory_bytes(memory).threads(threads);
    db.execute("CREATE (:Old)-[:A {number: 1}]->(:Old)", ()).unwrap();
    let summary = db.import(&options).unwrap();
    db.import(&options).unwrap();
    assert!(unfinished(store).is_empty());
    summary
}

#[test]
fn an_import_is_the_same_whatever_the_memory() {
    let (files, options) = files();
    let store = |name: &str| files.path(name);
    assert_eq!(imported(&store("whole"), &options, u64::MAX, 2).relationships, 7 * 13_000);
    let whole = Database::open(store("whole")).unwrap();
    assert_sound(&whole);
    let expected = found(&whole);
    assert_eq!(expected[0].len(), 2 * 7 * 13_000 + 1);
    // Everything into files, and a part of it.
    for (memory, threads) in [(0, 1), (0, 3), (2 << 20, 2)] {
        let name = format!("spilled {memory} {threads}");
        imported(&store(&name), &options, memory, threads);
        let spilled = Database::open(store(&name)).unwrap();
        assert_sound(&spilled);
        assert!(found(&spilled) == expected, "{name}");
        for query in [
            "MATCH ()-[r:A]->() RETURN count(r.number), sum(r.number), min(r.text), max(r.many)",
            "MATCH (n {id: '7'})-->(m) RETURN count(*), count(DISTINCT m)",
        ] {
            assert_eq!(rows(&spilled, query), rows(&whole, query), "{name}: {query}");
        }
    }
    // A graph in memory has no other place.
    let memory = Database::in_memory();
    memory.import(&options.memory_bytes(0)).unwrap();
    assert_sound(&memory);
    assert_eq!(rows(&memory, "MATCH ()-->() RETURN count(*)"), ["91000"]);
}

#[test]
fn an_import_that_fails_or_was_cut_off_leaves_no_file() {
    let (files, options) = files();
    let bad = files.add("bad.csv", ":START_ID,:END_ID,:TYPE\n1,2,A\n1,x,A\n");
    let options = options.relationships(RelationshipFiles::new([bad])).memory_bytes(0);
    let store = files.path("store");
    let db = Database::open(&store).unwrap();
    // There was a file on the way.
    let seen = Arc::new(AtomicBool::new(false));
    let watched = options.on_progress({
        let (store, seen) = (store.clone(), seen.clone());
        move |_| seen.store(seen.load(Ordering::SeqCst) || has_scratch(&store), Ordering::SeqCst)
    });
    let error = db.import(&watched).unwrap_err();
    assert!(seen.load(Ordering::SeqCst));
    assert_eq!(error.code(), "UsageError.InvalidRow");
    assert!(unfinished(&store).is_empty());
    assert_eq!(rows(&db, "MATCH (n) RETURN count(*)"), ["0"]);
    drop(db);
    // What a process that was killed has left goes when the store is opened.
    fs::write(store.join("segments/.scratch.3.new"), "rows").unwrap();
    drop(Database::open(&store).unwrap());
    assert!(unfinished(&store).is_empty());
}
