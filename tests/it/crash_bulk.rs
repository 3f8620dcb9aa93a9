//! Killed during the long works: imports, and building indexes and constraints. What one of them adds is there whole or
//! not at all, and what was there before stays.

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use redstring::interchange::{ImportOptions, NodeFiles, RelationshipFiles};
use redstring::{Database, params};

use crate::kill;
use crate::kill::{Victim, one, say, times};

/// Nodes of the import of that number; each but the first follows the one before.
fn size(step: u64) -> u64 {
    500 + step % 3 * 2500
}

fn import(db: &Database, folder: &Path, step: u64) {
    let numbers = 0..size(step);
    let mut nodes = String::from("key:ID(Part),step:int,at:int\n");
    let mut follows = String::from(":START_ID(Part),:END_ID(Part),step:int\n");
    for at in numbers {
        nodes.push_str(&format!("{step}-{at},{step},{at}\n"));
        if at > 0 {
            follows.push_str(&format!("{step}-{at},{step}-{},{step}\n", at - 1));
        }
    }
    let (first, second) = (folder.join("nodes.csv"), folder.join("follows.csv"));
    fs::write(&first, nodes).unwrap();
    fs::write(&second, follows).unwrap();
    say("import begins");
    let options = ImportOptions::default()
        .nodes(NodeFiles::new([first]).label("Part"))
        .relationships(RelationshipFiles::new([second]).relationship_type("FOLLOWS"))
        // Every other one sorts on disk.
        .memory_bytes(if step.is_multiple_of(2) { 0 } else { u64::MAX })
        .on_progress(|progress| {
            if progress.writing {
                say("import writes");
            }
        });
    db.import(&options).unwrap();
}

/// The process that is killed; as a test of its own it has nothing to do.
#[test]
fn importer_in_another_process() {
    let Some((db, first)) = kill::told(|store| Database::open(store)) else { return };
    let files = tempfile::tempdir().unwrap();
    for step in first..first + 50 {
        // An import folds the log that it finds.
        if step % 3 == 0 {
            let text = "UNWIND range(0, $size - 1) AS at \
                        CREATE (p:Part {key: $step + '-' + at, step: $step, at: at}) \
                        WITH collect(p) AS parts UNWIND range(1, $size - 1) AS at \
                        WITH parts[at] AS a, parts[at - 1] AS b CREATE (a)-[:FOLLOWS {step: $step}]->(b)";
            let step = i64::try_from(step).unwrap();
            db.execute(text, params! {"step" => step, "size" => 500}).unwrap();
        } else {
            import(&db, files.path(), step);
        }
        say(&format!("committed {step}"));
    }
}

/// Half of the stores have what an import must keep in step and verify.
pub fn begin_imports(store: &Path) {
    let db = Database::open(store).unwrap();
    db.execute("CREATE INDEX by_step FOR ()-[f:FOLLOWS]-() ON (f.step)", ()).unwrap();
    db.execute("CREATE CONSTRAINT one_key FOR (p:Part) REQUIRE p.key IS UNIQUE", ()).unwrap();
}

/// The last step that is there, whole as all before it.
pub fn imported(store: &Path, expected: RangeInclusive<u64>) -> u64 {
    let db = Database::open(store).unwrap();
    let report = db.check();
    assert!(report.is_sound(), "{expected:?}: {:?}", report.problems);
    let segments = fs::read_dir(store.join("segments")).unwrap();
    let mut names = segments.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.all(|name| !name.ends_with(".new")));
    let rows = |query: &str| {
        let rows = db.query(query, ()).unwrap().tuples::<(u64, u64)>();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let found = rows(
        "MATCH (p:Part) WITH p.step AS step, count(DISTINCT p.at) AS parts, count(*) AS all, \
         max(p.at) AS last WHERE parts = all AND last + 1 = all \
         RETURN step, parts ORDER BY step",
    );
    let last = found.len() as u64;
    let size = |step| if step % 3 == 0 { 500 } else { size(step) };
    assert_eq!(found, (1..=last).map(|step| (step, size(step))).collect::<Vec<_>>());
    let follows = rows(
        "MATCH (a:Part)-[f:FOLLOWS]->(b:Part) \
         WHERE a.step = b.step AND f.step = a.step AND a.at = b.at + 1 \
         RETURN f.step AS step, count(DISTINCT a) ORDER BY step",
    );
    assert_eq!(follows, (1..=last).map(|step| (step, size(step) - 1)).collect::<Vec<_>>());
    let expected: u64 = (1..=last).map(size).sum();
    assert_eq!(one::<u64>(&db, "MATCH (n) RETURN count(*)"), expected);
    last
}

/// Who imports, and dies a moment after it has said `mark`.
pub fn importer(mark: &str) -> Victim<'_> {
    Victim {
        test: "crash_bulk::importer_in_another_process",
        environment: Vec::new(),
        mark,
        marks: 3,
        longest: 18,
        disk: None,
    }
}

#[test]
fn killed_during_imports() {
    let rounds = times("REDSTRING_TEST_ROUNDS", 8);
    let mut random = 5;
    let during = rounds.div_ceil(2);
    importer("<import begins").rounds(during, &mut random, begin_imports, imported);
    importer("<import writes").rounds(rounds / 2, &mut random, |_| {}, imported);
}

/// Creates and drops indexes and constraints, in turn.
const SCHEMA: [(&str, &str); 5] = [
    ("range", "CREATE INDEX range FOR (n:Item) ON (n.b)"),
    ("unique", "CREATE CONSTRAINT unique FOR (n:Item) REQUIRE n.a IS UNIQUE"),
    ("text", "CREATE TEXT INDEX text FOR ()-[r:NEXT]-() ON (r.text)"),
    ("both", "CREATE INDEX both FOR (n:Item) ON (n.b, n.a)"),
    ("there", "CREATE CONSTRAINT there FOR (n:Item) REQUIRE n.b IS NOT NULL"),
];

fn schema_step(step: u64) -> (String, &'static str, bool) {
    let at = usize::try_from((step - 1) % SCHEMA.len() as u64).unwrap();
    let (name, create) = SCHEMA[at];
    let creates = ((step - 1) / SCHEMA.len() as u64).is_multiple_of(2);
    let kind = if create.contains("CONSTRAINT") { "CONSTRAINT" } else { "INDEX" };
    let text = if creates { create.to_owned() } else { format!("DROP {kind} {name}") };
    (text, name, creates)
}

/// The names that are there after a number of steps.
fn schema_after(last: u64) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for step in 1..=last {
        let (_, name, creates) = schema_step(step);
        if creates {
            names.insert(name.to_owned())
        } else {
            names.remove(name)
        };
    }
    names
}

/// The process that is killed; as a test of its own it has nothing to do.
#[test]
fn indexer_in_another_process() {
    let Some((db, first)) = kill::told(|store| Database::open(store)) else { return };
    // Another writer, who moves entries while they are built.
    let writer = db.clone();
    std::thread::spawn(move || {
        for at in 0..10_000 {
            let change = "MATCH (n:Item)-[r:NEXT]->() WHERE n.a % 89 = $at % 89 \
                          SET n.b = n.b + 3, r.text = 'text ' + $at";
            writer.execute(change, params! {"at" => at}).unwrap();
        }
    });
    for step in first..first + 1_000 {
        let change = "MATCH (n:Item) WHERE n.a % 97 = $at SET n.b = n.b + 1";
        db.execute(change, params! {"at" => i64::try_from(step % 97).unwrap()}).unwrap();
        say("build begins");
        db.execute(&schema_step(step).0, ()).unwrap();
        say(&format!("committed {step}"));
    }
}

pub fn begin_indexes(store: &Path) {
    let db = Database::open(store).unwrap();
    let text = "UNWIND range(1, 8000) AS i \
                CREATE (:Item {a: i, b: i % 100})-[:NEXT {text: 'text ' + i % 50}]->(:Other {a: i})";
    db.execute(text, ()).unwrap();
    db.checkpoint().unwrap();
}

/// Who creates and drops indexes, and dies during that.
pub fn indexer() -> Victim<'static> {
    let test = "crash_bulk::indexer_in_another_process";
    Victim { test, ..importer("<build begins") }
}

/// The last step whose indexes and constraints are there, in a store that is whole.
pub fn indexed(store: &Path, expected: RangeInclusive<u64>) -> u64 {
    let db = Database::open(store).unwrap();
    let report = db.check();
    assert!(report.is_sound(), "{expected:?}: {:?}", report.problems);
    assert_eq!(one::<u64>(&db, "MATCH (n:Item) RETURN count(*)"), 8000);
    let mut names = BTreeSet::new();
    for show in ["SHOW INDEXES YIELD name", "SHOW CONSTRAINTS YIELD name"] {
        let rows = db.query(show, ()).unwrap().tuples::<(String,)>();
        names.extend(rows.map(|row| row.unwrap().0));
    }
    if names.contains("unique") {
        let error = db.execute("CREATE (:Item {a: 5, b: 5})", ()).unwrap_err();
        assert_eq!(error.code(), "ConstraintVerificationFailed.UniquenessViolation");
    }
    if names.contains("there") {
        let error = db.execute("CREATE (:Item {a: 0})", ()).unwrap_err();
        assert_eq!(error.code(), "ConstraintVerificationFailed.MissingProperty");
    }
    let last = expected.clone().find(|step| schema_after(*step) == names);
    last.unwrap_or_else(|| panic!("{expected:?} may be there, {names:?} are"))
}

#[test]
fn killed_during_index_builds() {
    indexer().rounds(times("REDSTRING_TEST_ROUNDS", 8), &mut 7, begin_indexes, indexed);
}
