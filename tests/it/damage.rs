//! Stores of which one file was changed: they give the right answer, or an error that names the damage. Never fewer rows
//! without a word, never an empty graph.
//!
//! `REDSTRING_TEST_DAMAGE` says how many changes are made to each store; a few are in every run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use redstring::storage::ENGINES;
use redstring::{Database, Detail, Error, Options, Result};

use crate::kill::{next, times};

/// Commits after which nothing more is written for a while.
const COMMITS: u64 = 40;

/// How a store came to be.
struct Shape {
    name: &'static str,
    fill: fn(&Database),
    /// Commits of the log since its last checkpoint.
    since: u64,
}

const SHAPES: &[Shape] = &[
    Shape { name: "never checkpointed", fill: |db| commits(db, 0..COMMITS), since: COMMITS },
    Shape {
        name: "checkpointed, with a log since",
        fill: |db| {
            commits(db, 0..COMMITS / 2);
            db.checkpoint().unwrap();
            commits(db, COMMITS / 2..COMMITS);
        },
        since: COMMITS / 2,
    },
    Shape {
        name: "large, with indexes",
        fill: |db| {
            commits(db, 0..2);
            db.execute("CREATE INDEX FOR (p:Person) ON (p.name)", ()).unwrap();
            let many = "UNWIND range(1000, 3000) AS i CREATE (:Person {id: i, name: 'name ' + i})";
            db.execute(many, ()).unwrap();
            let links = "MATCH (a:Person), (b:Person {id: a.id + 1}) WHERE a.id >= 1000 \
                         CREATE (a)-[:KNOWS {since: a.id}]->(b)";
            db.execute(links, ()).unwrap();
            db.checkpoint().unwrap();
        },
        since: 0,
    },
];

/// A commit for each number: two nodes, a relationship, and a change of what was there.
fn commits(db: &Database, numbers: std::ops::Range<u64>) {
    for i in numbers {
        let text = format!(
            "CREATE (a:Person {{id: {i}, name: 'name {i}', text: '{}'}})-[:KNOWS {{since: {i}}}]->(:City {{id: {i}}})",
            "words ".repeat(20)
        );
        db.execute(&text, ()).unwrap();
    }
}

/// Everything in the graph, or the error of reading it.
fn contents(db: &Database) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for text in [
        "MATCH (n) RETURN id(n), labels(n), properties(n) ORDER BY id(n)",
        "MATCH (a)-[r]->(b) RETURN id(r), type(r), properties(r), id(a), id(b) ORDER BY id(r)",
        "MATCH (p:Person) WHERE p.name STARTS WITH 'name 4' RETURN p.id ORDER BY p.id",
        "MATCH (n) RETURN count(*)",
        "MATCH ()-[r:KNOWS]->() RETURN count(*)",
    ] {
        for row in db.query(text, ())? {
            let row = row?;
            let values: Vec<String> = row.values().iter().map(ToString::to_string).collect();
            found.push(values.join(" "));
        }
    }
    Ok(found)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let to = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &to);
        } else {
            fs::copy(&entry, &to).unwrap();
        }
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { files(&entry, found) } else { found.push(entry) }
    }
    found.sort();
}

/// Changes one file of a store. Says what was done to which; nothing where that would change nothing.
fn change(store: &Path, random: &mut u64) -> Option<String> {
    let mut found = Vec::new();
    files(store, &mut found);
    let mut pick = |bound: usize| usize::try_from(next(random)).unwrap() % bound.max(1);
    // The engine's own file is where most can go wrong.
    let path = match pick(3) {
        0 => found.iter().find(|path| path.ends_with("db"))?.clone(),
        _ => found[pick(found.len())].clone(),
    };
    let bytes = fs::read(&path).unwrap();
    // Not always in the part that is all zeros.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let length = if pick(4) == 0 { bytes.len() } else { used };
    let mut changed = bytes.clone();
    let what = match pick(9) {
        0..=3 if length > 0 => {
            let (at, bit) = (pick(length), pick(8));
            changed[at] ^= 1 << bit;
            format!("bit {bit} of byte {at} flipped")
        }
        4 => {
            let at = pick(length);
            changed.truncate(at);
            format!("cut off at byte {at}")
        }
        5 | 6 => {
            let from = pick(length);
            let until = bytes.len().min(from + 1 + pick(8192));
            changed[from..until].fill(0);
            format!("zeros from byte {from} to {until}")
        }
        7 if length > 1 => {
            let block = [64, 512, 4096][pick(3)].min(length / 2);
            let blocks = length / block;
            let (a, b) = (pick(blocks) * block, pick(blocks) * block);
            for i in 0..block {
                changed.swap(a + i, b + i);
            }
            format!("{block} bytes at {a} and {b} swapped")
        }
        _ => {
            fs::remove_file(&path).unwrap();
            return Some(format!("{} deleted", path.strip_prefix(store).unwrap().display()));
        }
    };
    if changed == bytes {
        return None;
    }
    fs::write(&path, changed).unwrap();
    Some(format!("{}: {what}", path.strip_prefix(store).unwrap().display()))
}

/// Whether an error says that the store is damaged, or lacks a part.
fn names_damage(error: &Error) -> bool {
    let known = [Detail::StoreGone, Detail::UnknownFormatVersion, Detail::EngineMismatch];
    error.is_corruption() || known.contains(&error.kind())
}

/// What came of a change.
#[derive(Debug, Default)]
struct Tally {
    right: u64,
    refused: BTreeMap<String, u64>,
    /// Rows of damaged stores, and how many of them a repair saved.
    rows: u64,
    saved: u64,
    wrong: Vec<String>,
}

fn judge(store: &Path, what: &str, expected: &[String], repaired: &Path, tally: &mut Tally) {
    let error = match Database::open(store).and_then(|db| contents(&db)) {
        Ok(found) if found == expected => {
            tally.right += 1;
            return;
        }
        Ok(found) => {
            let (found, wanted) = (found.len(), expected.len());
            tally.wrong.push(format!("{what}: {found} rows of {wanted} without a word"));
            return;
        }
        Err(error) => error,
    };
    if !names_damage(&error) {
        tally.wrong.push(format!("{what}: {error:?}"));
    }
    *tally.refused.entry(error.code()).or_default() += 1;
    repair(store, what, expected, repaired, tally);
}

/// Saves what can be saved, and counts how many of the rows there were came back as they were.
fn repair(store: &Path, what: &str, expected: &[String], repaired: &Path, tally: &mut Tally) {
    let _ = fs::remove_dir_all(repaired);
    tally.rows += expected.len() as u64;
    let report = match Database::repair(store, repaired) {
        Ok(report) => report,
        Err(error) => {
            tally.wrong.push(format!("{what}: repair: {error:?}"));
            return;
        }
    };
    let db = Database::open(repaired).unwrap();
    let check = db.check();
    if !check.is_sound() {
        tally.wrong.push(format!("{what}: the repaired store has {:?}", check.problems));
    }
    let found: std::collections::HashSet<String> = contents(&db).unwrap().into_iter().collect();
    let saved = expected.iter().filter(|row| found.contains(*row)).count();
    tally.saved += saved as u64;
    if saved < expected.len() && report.lost.is_empty() {
        tally.wrong.push(format!(
            "{what}: repair saved {saved} rows of {} and says nothing",
            expected.len()
        ));
    }
}

/// Waits until both slots of the witness say that this commit is durable.
fn wait_for_witness(store: &Path, sequence: u64) {
    for _ in 0..1200 {
        let bytes = fs::read(store.join("witness")).unwrap_or_default();
        let says = |slot: usize| {
            let at = slot * 4096 + 40;
            bytes.get(at..at + 8).map(|bytes| u64::from_le_bytes(bytes.try_into().unwrap()))
        };
        if says(0) == Some(sequence) && says(1) == Some(sequence) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the witness is behind for a minute");
}

#[test]
fn a_change_of_one_file_is_told_or_does_nothing() {
    let changes = times("REDSTRING_TEST_DAMAGE", 4);
    for engine in ENGINES.iter().filter(|engine| engine.durable) {
        for shape in SHAPES {
            for killed in [false, true] {
                let folder = tempfile::tempdir().unwrap();
                let [store, whole, damaged, repaired] =
                    ["store", "whole", "damaged", "repaired"].map(|name| folder.path().join(name));
                let db =
                    Database::open_with(&store, Options::default().engine(engine.name)).unwrap();
                (shape.fill)(&db);
                let expected = contents(&db).unwrap();
                if killed {
                    let sequence = if shape.since == 0 { 5 } else { COMMITS };
                    wait_for_witness(&store, sequence);
                    copy(&store, &whole);
                    drop(db);
                } else {
                    drop(db);
                    copy(&store, &whole);
                }
                let mut tally = Tally::default();
                let mut random = 7;
                for _ in 0..changes {
                    let _ = fs::remove_dir_all(&damaged);
                    copy(&whole, &damaged);
                    let Some(what) = change(&damaged, &mut random) else { continue };
                    judge(&damaged, &what, &expected, &repaired, &mut tally);
                }
                let Tally { right, refused, rows, saved, wrong } = tally;
                let state = if killed { "killed" } else { "closed" };
                eprintln!(
                    "{} {} {state}: {right} right, refused {refused:?}, repair saved {saved} of {rows} rows",
                    engine.name, shape.name
                );
                assert!(
                    wrong.is_empty(),
                    "{} {} {state}:\n{}",
                    engine.name,
                    shape.name,
                    wrong.join("\n")
                );
            }
        }
    }
}

#[test]
fn commits_that_are_missing_are_named_and_the_rest_can_be_read_and_saved() {
    let folder = tempfile::tempdir().unwrap();
    let [store, repaired] = ["store", "repaired"].map(|name| folder.path().join(name));
    let db = Database::open(&store).unwrap();
    commits(&db, 0..COMMITS);
    drop(db);
    // The first message of sled's log that tells of a commit in the middle.
    let log = store.join("sled/db");
    let mut bytes = fs::read(&log).unwrap();
    let middle = b"name 20";
    let at = bytes.windows(middle.len()).position(|window| window == middle).unwrap();
    bytes[at] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let before = fs::read(&log).unwrap();
    let error = Database::open(&store).unwrap_err();
    assert_eq!(error.code(), "CorruptionError.CommitsMissing");
    assert!(error.message().contains("to 40 are missing"), "{error}");
    assert!(error.help_text().is_some_and(|help| help.contains("--repair")), "{error:?}");
    assert_eq!(fs::read(&log).unwrap(), before, "the evidence is as it was");
    let db = Database::open_with(&store, Options::default().read_only(true)).unwrap();
    assert!(contents(&db).unwrap().len() > 10);
    assert!(!db.missing().is_empty());
    assert!(db.check().problems.iter().any(|problem| problem.contains("missing")));
    drop(db);
    assert_eq!(fs::read(&log).unwrap(), before);
    let report = Database::repair(&store, &repaired).unwrap();
    assert!(report.nodes >= 2 * COMMITS - 2, "{report:?}");
    assert_eq!(fs::read(&log).unwrap(), before);
    assert!(Database::open(&repaired).unwrap().check().is_sound());
}

#[test]
fn a_lost_or_foreign_witness_is_damage_and_a_store_without_one_gets_one() {
    for engine in ENGINES.iter().filter(|engine| engine.durable) {
        let folder = tempfile::tempdir().unwrap();
        let [store, other] = ["store", "other"].map(|name| folder.path().join(name));
        for path in [&store, &other] {
            let db = Database::open_with(path, Options::default().engine(engine.name)).unwrap();
            commits(&db, 0..3);
        }
        let witness = store.join("witness");
        let own = fs::read(&witness).unwrap();
        let foreign = fs::read(other.join("witness")).unwrap();
        fs::remove_file(&witness).unwrap();
        for (bytes, told) in [
            (None, "is missing"),
            (Some(foreign), "another store"),
            (Some(Vec::new()), "both of its halves"),
            (Some(vec![0; own.len()]), "both of its halves"),
        ] {
            if let Some(bytes) = bytes {
                fs::write(&witness, bytes).unwrap();
            }
            let error = Database::open(&store).unwrap_err();
            assert!(error.is_corruption() && error.message().contains(told), "{error}");
            // What is there can be read all the same.
            let db = Database::open_with(&store, Options::default().read_only(true)).unwrap();
            assert!(contents(&db).unwrap().len() > 3);
            assert!(db.check().problems.iter().any(|problem| problem.contains(told)));
        }
        fs::write(&witness, &own).unwrap();
        assert_eq!(contents(&Database::open(&store).unwrap()).unwrap().len(), 3 * 3 + 2);
        // A store of a version that had no identity and no witness.
        for name in ["identity", "witness"] {
            fs::remove_file(store.join(name)).unwrap();
        }
        for (part, name) in [(engine.folder, "identity"), ("segments", ".identity")] {
            fs::remove_file(store.join(part).join(name)).unwrap();
        }
        drop(Database::open(&store).unwrap());
        fs::remove_file(&witness).unwrap();
        assert!(Database::open(&store).unwrap_err().message().contains("is missing"));
    }
}

#[test]
fn records_and_witness_of_an_older_copy_agree() {
    let folder = tempfile::tempdir().unwrap();
    let [store, older] = ["store", "older"].map(|name| folder.path().join(name));
    commits(&Database::open(&store).unwrap(), 0..5);
    copy(&store, &older);
    commits(&Database::open(&store).unwrap(), 5..9);
    // The records alone are older than the witness.
    fs::remove_dir_all(store.join("sled")).unwrap();
    copy(&older.join("sled"), &store.join("sled"));
    let error = Database::open(&store).unwrap_err();
    assert_eq!(error.kind(), Detail::CommitsMissing);
    assert!(error.message().contains("commits 6 to 9"), "{error}");
    fs::copy(older.join("witness"), store.join("witness")).unwrap();
    let db = Database::open(&store).unwrap();
    assert_eq!(
        db.query("MATCH (n) RETURN count(*)", ()).unwrap().single().unwrap().get::<i64>(0).unwrap(),
        10
    );
}

#[test]
fn the_shell_shows_what_is_left_and_check_names_and_saves_it() {
    let folder = tempfile::tempdir().unwrap();
    let [store, repaired] = ["store", "repaired"].map(|name| folder.path().join(name));
    commits(&Database::open(&store).unwrap(), 0..COMMITS);
    let log = store.join("sled/db");
    let mut bytes = fs::read(&log).unwrap();
    let at = bytes.windows(7).position(|window| window == b"name 20").unwrap();
    bytes[at] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_redstring"));
        let ran = command.args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (ran.status.code(), text(ran.stdout), text(ran.stderr))
    };
    let store = store.to_str().unwrap();
    let repaired = repaired.to_str().unwrap();
    let (code, out, error) = run(&[store, "-c", "MATCH (n) RETURN count(*) > 10 AS some"]);
    assert_eq!((code, out.contains("true")), (Some(1), true), "{out}{error}");
    assert!(error.contains("CommitsMissing") && error.contains("THE STORE IS DAMAGED"), "{error}");
    let (code, _, error) = run(&[store, "-c", "CREATE ()"]);
    assert!(code == Some(1) && error.contains("ReadOnly"), "{error}");
    // Whatever reads what is left says so, and fails.
    let [export, backup, migrated] = ["graph.jsonl", "backup", "migrated"]
        .map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let readers: [&[&str]; 4] = [
        &[store, "--readonly", "-c", "MATCH (n) RETURN count(*)"],
        &["export", store, &export],
        &["backup", store, &backup],
        &["migrate", store, &migrated],
    ];
    for arguments in readers {
        let (code, _, error) = run(arguments);
        assert!(code == Some(1) && error.contains("to 40 are missing"), "{arguments:?}: {error}");
        assert!(error.contains("--repair"), "{arguments:?}: {error}");
    }
    assert!([&export, &backup, &migrated].iter().all(|made| Path::new(made).exists()));
    let (code, _, error) = run(&["check", store]);
    assert!(code == Some(1) && error.contains("to 40 are missing"), "{error}");
    let (code, _, error) = run(&["check", store, "--repair", repaired]);
    assert!(code == Some(0) && error.contains("saved"), "{error}");
    let (code, _, error) = run(&["check", repaired]);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(fs::read(&log).unwrap(), bytes, "the damaged store is as it was");
}
