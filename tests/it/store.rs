//! Stores as their users handle them: copies, other engines, checks, opening only to read.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use redstring::storage::ENGINES;
use redstring::{Database, Options, Result};

/// A small graph with every kind of section: labels, types, properties, parallel and looping relationships.
fn fill(db: &Database) {
    let text = "UNWIND range(1, 400) AS i \
                CREATE (a:A {i: i, s: 'text ' + toString(i % 7), l: [i, i + 1]})-[:R {w: i}]->(b:B:C {f: i / 2.0}), \
                       (a)-[:R {w: -i}]->(b), (b)-[:LOOP]->(b)";
    db.execute(text, ()).unwrap();
    db.checkpoint().unwrap();
    db.execute("MATCH (a:A) WHERE a.i % 50 = 0 DETACH DELETE a", ()).unwrap();
    db.execute("UNWIND range(1, 3000) AS i CREATE (:Late {i: i, text: 'as long as it takes'})", ())
        .unwrap();
}

/// Everything in the graph, in an order of its own.
fn contents(db: &Database) -> Vec<String> {
    let text = "MATCH (n) OPTIONAL MATCH (n)-[r]->(m) \
                RETURN id(n) AS n, labels(n), properties(n), id(r) AS r, type(r), properties(r), id(m) ORDER BY n, r";
    let rows = db.query(text, ()).unwrap().collect::<Result<Vec<_>>>().unwrap();
    rows.iter()
        .map(|row| row.values().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect()
}

fn durable_engines() -> impl Iterator<Item = &'static str> {
    ENGINES.iter().filter(|engine| engine.durable).map(|engine| engine.name)
}

#[test]
fn a_store_moves_between_all_engines() {
    let folder = tempfile::tempdir().unwrap();
    let memory = Database::in_memory();
    fill(&memory);
    let expected = contents(&memory);
    for from in durable_engines() {
        for to in durable_engines() {
            let (first, second) = (format!("{from}-{to}-1"), format!("{from}-{to}-2"));
            let (first, second) = (folder.path().join(first), folder.path().join(second));
            memory.migrate(&first, from).unwrap();
            Database::open(&first).unwrap().migrate(&second, to).unwrap();
            let db = Database::open(&second).unwrap();
            assert_eq!(contents(&db), expected, "from {from} to {to}");
            assert!(db.check().is_sound());
            // What was copied can be written to.
            db.execute("CREATE (:More)", ()).unwrap();
            drop(db);
            assert_eq!(contents(&Database::open(&second).unwrap()).len(), expected.len() + 1);
        }
    }
}

#[test]
fn a_store_keeps_its_engine() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let redb = || Options::default().engine("redb");
    Database::open_with(&store, redb()).unwrap().execute("CREATE (:A)", ()).unwrap();
    assert!(store.join("redb").is_dir() && !store.join("sled").exists());
    assert_eq!(contents(&Database::open(&store).unwrap()).len(), 1);
    assert_eq!(contents(&Database::open_with(&store, redb()).unwrap()).len(), 1);
    let error = Database::open_with(&store, Options::default().engine("sled")).unwrap_err();
    assert_eq!(error.code(), "UsageError.EngineMismatch");
    let error = Database::open_with(&store, Options::default().engine("other")).unwrap_err();
    assert!(error.help_text().is_some_and(|help| help.contains("sled, redb")), "{error:?}");
}

#[test]
fn a_backup_is_one_state_of_a_graph_that_is_being_written() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path().join("store")).unwrap();
    db.execute("CREATE (:Count {n: 0})", ()).unwrap();
    let writer = {
        let db = db.clone();
        thread::spawn(move || {
            for n in 1..=60 {
                let text = "MATCH (c:Count) SET c.n = c.n + 1 CREATE (:Item {n: c.n})";
                db.execute(text, ()).unwrap();
                if n % 20 == 0 {
                    db.checkpoint().unwrap();
                }
            }
        })
    };
    for number in 0..6 {
        let target = folder.path().join(format!("copy-{number}"));
        db.backup(&target).unwrap();
        let copy = Database::open(&target).unwrap();
        let text =
            "MATCH (c:Count) OPTIONAL MATCH (i:Item) RETURN c.n, count(i), coalesce(max(i.n), 0)";
        let row = copy.query(text, ()).unwrap().single().unwrap();
        let (counted, items, last) = row.into_tuple::<(i64, i64, i64)>().unwrap();
        assert_eq!((items, last), (counted, counted), "copy {number}");
        assert!(copy.check().is_sound());
    }
    writer.join().unwrap();
    let error = db.backup(folder.path().join("copy-0")).unwrap_err();
    assert_eq!(error.code(), "StorageError.InvalidFile", "nothing is overwritten");
}

#[test]
fn who_only_reads_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let read_only = || Options::default().read_only(true);
    let error = Database::open_with(&store, read_only()).unwrap_err();
    assert_eq!(error.code(), "StorageError.InvalidFile");
    assert!(!store.exists());
    fill(&Database::open(&store).unwrap());
    let db = Database::open_with(&store, read_only()).unwrap();
    for text in ["CREATE (:A)", "MATCH (n) SET n.i = 1", "MATCH (n) DETACH DELETE n"] {
        assert_eq!(db.execute(text, ()).unwrap_err().code(), "TransactionError.ReadOnly");
    }
    assert!(db.begin().is_err() && db.checkpoint().is_err());
    assert!(!contents(&db).is_empty());
}

#[test]
fn damage_is_found_by_a_check_and_costs_only_what_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let db = Database::open(&store).unwrap();
    fill(&db);
    db.checkpoint().unwrap();
    drop(db);
    assert!(Database::open(&store).unwrap().check().is_sound());
    let segment = only_segment(&store);
    let mut bytes = fs::read(&segment).unwrap();
    // The text of a property lies in the file as it is.
    let text = b"as long as it takes";
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    bytes[at] ^= 1;
    fs::write(&segment, &bytes).unwrap();

    let db = Database::open(&store).unwrap();
    let report = db.check();
    assert!(report.problems.iter().any(|p| p.contains("checksum")), "{:?}", report.problems);
    let count = db.query("MATCH (n:Late) RETURN count(*)", ()).unwrap().single().unwrap();
    assert_eq!(count.get::<i64>(0).unwrap(), 3000);
    let sum = db.query("MATCH (n:Late) RETURN sum(n.i)", ()).unwrap().single().unwrap();
    assert_eq!(sum.get::<i64>(0).unwrap(), 4_501_500);
    let error = db.execute("MATCH (n:Late) RETURN n.text", ()).unwrap_err();
    assert!(error.is_corruption(), "{error:?}");
}

fn only_segment(store: &Path) -> std::path::PathBuf {
    let entries = fs::read_dir(store.join("segments")).unwrap();
    let mut segments: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("segment-"))
        .collect();
    assert_eq!(segments.len(), 1);
    segments.remove(0)
}

/// The segment files of a store, with their lengths, oldest first.
fn segments(store: &Path) -> Vec<u64> {
    let mut files: Vec<_> = fs::read_dir(store.join("segments"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("segment-"))
        .collect();
    files.sort_by_key(fs::DirEntry::file_name);
    files.iter().map(|file| file.metadata().unwrap().len()).collect()
}

#[test]
fn a_checkpoint_writes_what_was_touched() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let db = Database::open(&store).unwrap();
    let text =
        "UNWIND range(1, 220000) AS i CREATE (:A {i: i, s: 's' + toString(i % 5000), f: i / 3.0})";
    db.execute(text, ()).unwrap();
    db.checkpoint().unwrap();
    let whole = segments(&store);
    assert_eq!(whole.len(), 1);
    db.execute("MATCH (n:A) WHERE n.i = 5 SET n.s = 'new', n:B REMOVE n.f", ()).unwrap();
    db.execute("MATCH (n:A) WHERE n.i IN [6, 7] DETACH DELETE n", ()).unwrap();
    db.execute("CREATE (:A {i: 0})-[:R]->(:C)", ()).unwrap();
    db.checkpoint().unwrap();
    let after = segments(&store);
    assert_eq!(after[0], whole[0], "what was not touched stays where it is");
    assert!(after[1] * 2 < whole[0], "{after:?}");
    // Everything is read as it should, in this opening and the next.
    let holds = |db: &Database| {
        assert!(db.check().is_sound());
        let text = "MATCH (n:A) RETURN count(*), sum(n.i), count(n.f), count(n.s)";
        let row = db.query(text, ()).unwrap().single().unwrap();
        let expected = (219_999, 220_000 * 220_001 / 2 - 13, 219_997, 219_998);
        assert_eq!(row.into_tuple::<(i64, i64, i64, i64)>().unwrap(), expected);
        let row = db.query("MATCH (n:B) RETURN n.i, n.s", ()).unwrap().single().unwrap();
        assert_eq!(row.into_tuple::<(i64, String)>().unwrap(), (5, "new".to_string()));
    };
    holds(&db);
    drop(db);
    holds(&Database::open(&store).unwrap());
}

#[test]
fn space_of_what_was_replaced_is_reclaimed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let db = Database::open(&store).unwrap();
    db.execute("UNWIND range(1, 60000) AS i CREATE (:A {i: i, s: toString(i) + ' text'})", ())
        .unwrap();
    db.checkpoint().unwrap();
    let live: u64 = segments(&store).iter().sum();
    for round in 0..10 {
        db.execute("MATCH (n:A) SET n.i = n.i + 1, n.s = toString(n.i) + ' text'", ()).unwrap();
        db.checkpoint().unwrap();
        let size: u64 = segments(&store).iter().sum();
        assert!(size * 2 <= live * 5, "round {round}: {size} bytes for {live} of data");
    }
    // Small checkpoints do not leave a file each.
    for i in 0..60 {
        db.execute("CREATE (:Small {i: $i})", redstring::params! {"i" => i}).unwrap();
        db.checkpoint().unwrap();
        assert!(segments(&store).len() <= 17);
    }
    assert!(db.check().is_sound());
}

/// Rewrites a whole graph ten times. `REDSTRING_TEST_NODES` asks for a larger one.
#[test]
fn a_graph_that_is_rewritten_stays_within_two_and_a_half_times_its_size() {
    let nodes = i64::try_from(crate::kill::times("REDSTRING_TEST_NODES", 30_000)).unwrap();
    let text =
        "UNWIND range($from, $to) AS i CREATE (:A {i: i, s: $round + randomUUID() + randomUUID()})";
    let rewrite = "MATCH (n:A) WHERE n.i >= $from AND n.i <= $to \
                   SET n.i = n.i, n.s = $round + randomUUID() + randomUUID()";
    for engine in durable_engines() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let db = Database::open_with(&store, Options::default().engine(engine)).unwrap();
        let all = |text: &str, round: i64| {
            for from in (1..=nodes).step_by(20_000) {
                let to = nodes.min(from + 19_999);
                let round = format!("{round} ");
                let params = redstring::params! {"from" => from, "to" => to, "round" => round};
                db.execute(text, params).unwrap();
            }
        };
        db.execute("CREATE INDEX FOR (a:A) ON (a.i)", ()).unwrap();
        all(text, 0);
        db.checkpoint().unwrap();
        let copy = folder.path().join("copy");
        db.migrate(&copy, engine).unwrap();
        let live = crate::soak::size_of(&copy);
        let mut most = 0;
        for round in 1..=10 {
            all(rewrite, round);
            most = most.max(crate::soak::size_of(&store));
            db.checkpoint().unwrap();
            let size = crate::soak::size_of(&store);
            assert!(
                size * 2 <= live * 5,
                "{engine}, round {round}: {size} bytes for {live} of data"
            );
        }
        println!(
            "{engine}: {} bytes in the end, {most} at most, for {live} of data",
            crate::soak::size_of(&store)
        );
        assert!(db.check().is_sound());
    }
}

#[test]
fn the_command_copies_and_checks() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    fill(&Database::open(&store).unwrap());
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_redstring"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run(&["backup", "store", "copy"]), (Some(0), String::new()));
    assert_eq!(run(&["migrate", "store", "other", "--engine", "redb"]), (Some(0), String::new()));
    for name in ["store", "copy", "other"] {
        let (code, said) = run(&["check", name]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.starts_with("checked 3792 nodes"), "{said}");
    }
    assert_eq!(run(&["backup", "store", "copy"]).0, Some(1), "nothing is overwritten");
    assert_eq!(run(&["check", "nothing"]).0, Some(1));
    assert_eq!(run(&["check"]).0, Some(2));
}
