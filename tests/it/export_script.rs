//! Exports as Cypher scripts: what they make where they run through, and that they leave nothing where they do not.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use redstring::Database;
use redstring::interchange::ExportOptions;

use crate::import::{Files, assert_sound, everything, rows};

/// The names that a script uses until its end.
const MARKS: &str = "UNIQUE IMPORT";

/// A kind of graph, and the most statements that a script of it may have.
struct Case {
    name: &'static str,
    make: &'static [&'static str],
    statements: usize,
}

const CASES: &[Case] = &[
    Case { name: "empty", make: &[], statements: 0 },
    Case {
        name: "an index alone",
        make: &["CREATE INDEX FOR (p:Person) ON (p.name)"],
        statements: 1,
    },
    Case {
        name: "nodes alone, without labels and properties",
        make: &["UNWIND range(1, 3000) AS i CREATE ()"],
        statements: 1,
    },
    Case {
        name: "alternating types",
        make: &[
            "UNWIND range(0, 999) AS i CREATE (:N {i: i})",
            "UNWIND range(0, 9999) AS i MATCH (a:N {i: i % 1000}) MATCH (b:N {i: (i * 7) % 1000}) \
             FOREACH (x IN CASE i % 2 WHEN 0 THEN [1] ELSE [] END | CREATE (a)-[:EVEN {i: i}]->(b)) \
             FOREACH (x IN CASE i % 2 WHEN 1 THEN [1] ELSE [] END | CREATE (a)-[:ODD {i: i}]->(b))",
        ],
        statements: 8,
    },
    Case {
        name: "a hub, loops and parallel relationships",
        make: &["CREATE (h:Hub) WITH h UNWIND range(1, 3000) AS i CREATE (h)-[:TO {i: i}]->(h) \
             CREATE (h)-[:TO]->(:Leaf {i: i})-[:BACK]->(h)"],
        statements: 8,
    },
    Case {
        name: "properties that few have",
        make: &[
            "UNWIND range(1, 500) AS i CREATE (n:A {i: i}) \
             FOREACH (x IN CASE i % 3 WHEN 0 THEN [1] ELSE [] END | SET n.third = i, n.text = 'x' + i) \
             FOREACH (x IN CASE i % 5 WHEN 0 THEN [1] ELSE [] END | SET n.text = i, n.born = date('2024-01-01'))",
            "MATCH (a:A {i: 1}), (b:A {i: 2}) CREATE (a)-[:R]->(b) CREATE (a)-[:R {w: 1}]->(b)",
        ],
        statements: 5,
    },
    Case {
        name: "every type of value",
        make: &[
            "CREATE (a:V {bool: true, least: -9223372036854775808, most: 9223372036854775807, \
             float: 1.5e300, tiny: 5e-324, zero: -0.0, text: 'it\\'s \"q\" \\\\ \\n\\r\\t \\u0000 ü', \
             date: date('2024-02-29'), old: date('-0044-03-15'), time: time('12:00+02:00'), \
             local: localtime('23:59:59.999999999'), at: localdatetime('0001-01-01T00:00:00.1'), \
             zoned: datetime('2024-07-01T10:00+02:00[Europe/Vienna]'), span: duration('P1Y2M3DT-0.5S'), \
             p2: point({x: 1, y: -2.5}), p3: point({latitude: 1, longitude: 2, height: 3})})\
             -[:R {nan: 0.0 / 0.0, up: 1.0 / 0.0, down: -1.0 / 0.0, none: [], ints: [1, -2], \
             texts: ['a', ''], dates: [date('2024-01-01')], points: [point({x: 1, y: 2})], \
             spans: [duration('PT1S'), duration('P1D')], floats: [1.0, 0.0 / 0.0]}]->\
             (:V {bool: 1, date: 'text', p2: point({x: 1, y: 2, z: 3}), span: duration('PT0S'), ints: 'x'})",
        ],
        statements: 5,
    },
    Case {
        name: "names that need quotes",
        make: &[
            "CREATE (:`a``b`:`line\nend`:` `:`:begin` {`k; \"'`: 1, `row`: 2})-[:`T\n:commit` {`ü``{`: 3}]->()",
        ],
        statements: 6,
    },
    Case {
        name: "the names of scripts themselves",
        make: &["CREATE (:`UNIQUE IMPORT LABEL` {`UNIQUE IMPORT ID`: 0})-[:R]->\
             (:`UNIQUE IMPORT LABEL 2` {`UNIQUE IMPORT ID`: 0, `UNIQUE IMPORT ID 2`: 1})"],
        statements: 6,
    },
    Case {
        name: "many properties",
        make: &[
            "UNWIND range(0, 99) AS i CREATE (n:Wide {i: i}) SET n += {a0: i, a1: i, a2: i, a3: i, a4: i, \
             a5: i, a6: i, a7: i, a8: i, a9: i, b0: i, b1: i, b2: i, b3: i, b4: i, b5: i, b6: i, b7: i, \
             b8: i, b9: i, c0: i, c1: i, c2: i, c3: i, c4: i, c5: i, c6: i, c7: i, c8: i, c9: i, d0: i, \
             d1: date('2024-01-01'), d2: [i]}",
        ],
        statements: 1,
    },
    Case {
        name: "indexes and constraints",
        make: &[
            "CREATE CONSTRAINT FOR (p:P) REQUIRE p.id IS UNIQUE",
            "CREATE INDEX FOR ()-[r:R]-() ON (r.w)",
            "CREATE (:P {id: 1})-[:R {w: 1}]->(:P {id: 2})",
        ],
        statements: 7,
    },
];

fn database(case: &Case) -> Database {
    let db = Database::in_memory();
    for statement in case.make {
        db.execute(statement, ()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
    db
}

/// Runs a script with the shell: whether it went well, and what it said.
pub fn run(store: &Path, script: &Path) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redstring"));
    command.arg(store).arg("-f").arg(script).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (output.status.success(), said.concat())
}

fn statements(script: &str) -> usize {
    let commands = [":begin", ":commit"];
    redstring::syntax::token::split(script)
        .into_iter()
        .filter(|span| !commands.contains(&script[span.start..span.end].trim()))
        .count()
}

fn schema(db: &Database) -> Vec<String> {
    let query = |what: &str| rows(db, &format!("SHOW {what} YIELD name, createStatement"));
    let mut all = [query("CONSTRAINTS"), query("INDEXES")].concat();
    all.sort();
    all
}

#[test]
fn a_script_makes_the_same_graph_and_says_nothing() {
    let files = Files::new();
    for (number, case) in CASES.iter().enumerate() {
        let db = database(case);
        let file = files.path("graph.cypher");
        db.export(&file, &ExportOptions::default()).unwrap();
        let script = fs::read_to_string(&file).unwrap();
        assert!(statements(&script) <= case.statements, "{}:\n{script:.2000}", case.name);
        let store = files.path(&format!("store{number}"));
        assert_eq!(run(&store, &file), (true, String::new()), "{}", case.name);
        let copy = Database::open(&store).unwrap();
        assert_eq!(everything(&copy), everything(&db), "{}", case.name);
        assert_eq!(schema(&copy), schema(&db), "{}", case.name);
        assert_sound(&copy);
    }
}

#[test]
fn a_script_runs_beside_what_is_there_and_again() {
    let files = Files::new();
    let db = Database::in_memory();
    db.execute("CREATE INDEX FOR (p:P) ON (p.id)", ()).unwrap();
    db.execute("UNWIND range(1, 10) AS i CREATE (:P {id: i})-[:R]->(:Q)", ()).unwrap();
    let file = files.path("graph.cypher");
    db.export(&file, &ExportOptions::default()).unwrap();
    let store = files.path("store");
    for times in 1..=3 {
        assert_eq!(run(&store, &file), (true, String::new()));
        let copy = Database::open(&store).unwrap();
        assert_eq!(
            rows(&copy, "MATCH (p:P)-[:R]->(:Q) RETURN count(*)"),
            [format!("{}", times * 10)]
        );
        assert_eq!(schema(&copy), schema(&db));
    }
}

#[test]
fn a_script_that_fails_or_is_cut_off_leaves_nothing() {
    let files = Files::new();
    let db = Database::in_memory();
    db.execute("CREATE CONSTRAINT FOR (p:P) REQUIRE p.id IS UNIQUE", ()).unwrap();
    db.execute("UNWIND range(1, 100) AS i CREATE (:P {id: i})-[:R {w: i}]->(:Q)", ()).unwrap();
    let file = files.path("graph.cypher");
    db.export(&file, &ExportOptions::default()).unwrap();
    let script = fs::read_to_string(&file).unwrap();
    let spans = redstring::syntax::token::split(&script);
    let mut broken = vec![
        // The same again: its nodes break the constraint that the first run has made.
        ("a constraint", script.clone()),
    ];
    for span in &spans[1..] {
        broken.push(("the end of the file", script[..span.start].to_owned()));
        let middle = (span.start + span.end) / 2;
        broken.push(("the middle of a statement", script[..middle].to_owned()));
        let mut faulty = script[..span.start].to_owned();
        write!(faulty, "RETURN 1 / 0;\n{}", &script[span.start..]).unwrap();
        broken.push(("an error", faulty));
    }
    for (number, (what, text)) in broken.into_iter().enumerate() {
        let store = files.path(&format!("store{number}"));
        let before = Database::open(&store).unwrap();
        before.execute("CREATE CONSTRAINT FOR (p:P) REQUIRE p.id IS UNIQUE", ()).unwrap();
        before.execute("CREATE (:P {id: 1}), (:Other)", ()).unwrap();
        let (graph, own) = (everything(&before), schema(&before));
        drop(before);
        let file = files.add("broken.cypher", &text);
        let (ok, said) = run(&store, &file);
        assert!(!ok, "{what}: {said}");
        let after = Database::open(&store).unwrap();
        assert_eq!(everything(&after), graph, "{what}");
        assert_eq!(schema(&after), own, "{what}");
        for names in ["db.labels", "db.propertyKeys", "db.relationshipTypes"] {
            let found = rows(&after, &format!("CALL {names}()"));
            assert!(found.iter().all(|name| !name.contains(MARKS)), "{what}: {found:?}");
        }
        assert_sound(&after);
    }
}

#[test]
fn a_statement_makes_many_of_a_kind_however_many_kinds_there_are() {
    let files = Files::new();
    let db = Database::in_memory();
    const KINDS: usize = 300;
    let mut transaction = db.begin().unwrap();
    for kind in 0..KINDS {
        let statement = format!(
            "UNWIND range(1, 20) AS i CREATE (:`L{kind}`:`M{}` {{i: i, p{kind}: 'x'}})-[:`T{kind}`]->(:N)",
            kind % 7
        );
        transaction.execute(&statement, ()).unwrap();
    }
    transaction.commit().unwrap();
    let file = files.path("graph.cypher");
    db.export(&file, &ExportOptions::default()).unwrap();
    let script = fs::read_to_string(&file).unwrap();
    // One for each set of labels and each type, for the nodes of one label, and three for the marks.
    assert!(statements(&script) <= 2 * KINDS + 1 + 3 + 1, "{}", statements(&script));
    let store = files.path("store");
    assert_eq!(run(&store, &file), (true, String::new()));
    assert_eq!(everything(&Database::open(&store).unwrap()), everything(&db));
}
