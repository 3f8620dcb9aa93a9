//! Export: every format, single files and folders, and that an import of an export is the same graph.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use redstring::interchange::{Compression, ExportOptions, Format, ImportOptions};
use redstring::{BackupOptions, Database, Params, Value, params};

use crate::import::{Files, assert_sound, everything, place, rows};

/// A value of any type that can be stored.
fn stored_value() -> impl Strategy<Value = Value> {
    let parsed = |texts: &'static [&'static str]| prop::sample::select(texts);
    let scalar = prop_oneof![
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Float),
        prop::sample::select(&[f64::NAN, f64::INFINITY, -0.0, 1.0][..]).prop_map(Value::Float),
        "\\PC{0,6}|[\\x00-\\x1f'\"\\\\;`]{0,4}".prop_map(Value::string),
        parsed(&["-0044-03-15", "2024-02-29", "9999-12-31"])
            .prop_map(|t| Value::Date(t.parse().unwrap())),
        parsed(&["00:00", "23:59:59.999999999"]).prop_map(|t| Value::LocalTime(t.parse().unwrap())),
        parsed(&["12:00Z", "00:00:01-18:00"]).prop_map(|t| Value::Time(t.parse().unwrap())),
        parsed(&["2024-02-29T10:00", "0001-01-01T00:00:00.1"])
            .prop_map(|t| Value::LocalDateTime(t.parse().unwrap())),
        parsed(&["2024-07-01T10:00+02:00[Europe/Vienna]", "1900-01-01T00:00:00.000000001Z"])
            .prop_map(|t| Value::DateTime(Arc::new(t.parse().unwrap()))),
        parsed(&["P1Y2M3DT4H5M6.7S", "PT-0.5S", "P-1M1D"])
            .prop_map(|t| Value::Duration(Arc::new(t.parse().unwrap()))),
        (0..4usize, any::<[i16; 3]>()).prop_map(|(crs, [x, y, z])| {
            let crs = redstring::value::Crs::ALL[crs];
            let at = [f64::from(x) / 400.0, f64::from(y) / 400.0, f64::from(z)];
            let point = redstring::Point::new(crs, &at[..crs.dimension()]).unwrap();
            Value::Point(Arc::new(point))
        }),
    ];
    // A list holds values of one type.
    let text = "\\PC{0,6}|[\\x00-\\x1f'\"\\\\;`]{0,4}".prop_map(Value::string);
    let list = prop_oneof![
        prop::collection::vec(any::<i64>().prop_map(Value::Integer), 0..4),
        prop::collection::vec(text, 0..4),
        (scalar.clone(), 0..4usize).prop_map(|(value, times)| vec![value; times]),
    ]
    .prop_map(Value::list);
    prop_oneof![4 => scalar, 1 => list]
}

/// Names as people and programs make them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ab]", 1 => "[a `\"':,;{}\\\\é\u{1f980}]{1,4}"]
}

fn properties() -> impl Strategy<Value = Vec<(String, Value)>> {
    prop::collection::vec((name(), stored_value()), 0..4)
}

type RandomNode = (Vec<String>, Vec<(String, Value)>);
type RandomLink = (usize, usize, String, Vec<(String, Value)>);

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn map_of(properties: &[(String, Value)]) -> Value {
    Value::map(properties.iter().map(|(key, value)| (key.as_str().into(), value.clone())).collect())
}

/// Makes a graph; its nodes have a number, so that they can be told apart.
fn make(nodes: &[RandomNode], links: &[RandomLink]) -> Database {
    let db = Database::in_memory();
    for (number, (labels, properties)) in nodes.iter().enumerate() {
        let labels: String = labels.iter().map(|label| format!(":{}", quoted(label))).collect();
        let given = params! {"map" => map_of(properties), "number" => number as i64};
        db.execute(&format!("CREATE (n{labels}) SET n = $map SET n.number = $number"), given)
            .unwrap();
    }
    for (start, end, of, properties) in links.iter().filter(|_| !nodes.is_empty()) {
        let given: Params = [
            ("map", map_of(properties)),
            ("start", Value::Integer((start % nodes.len()) as i64)),
            ("end", Value::Integer((end % nodes.len()) as i64)),
        ]
        .into_iter()
        .collect();
        let create = format!(
            "MATCH (a {{number: $start}}), (b {{number: $end}}) CREATE (a)-[r:{}]->(b) SET r = $map",
            quoted(of)
        );
        db.execute(&create, given).unwrap();
    }
    db
}

/// The graph of a file or a folder.
fn imported(path: &Path) -> Database {
    let copy = Database::in_memory();
    copy.import(&ImportOptions::default().graph(path)).unwrap();
    copy
}

fn format(name: &str) -> ExportOptions {
    ExportOptions::default().format(Format::by_name(name).unwrap())
}

/// A new database with what a script makes.
pub fn run_script(file: &Path) -> Database {
    let copy = Database::in_memory();
    let script = fs::read_to_string(file).unwrap();
    let script = script.split_once(":begin\n").map_or("", |(_, script)| script);
    let script = script.trim_end().trim_end_matches(":commit");
    let mut transaction = copy.begin().unwrap();
    for span in redstring::syntax::token::split(script) {
        transaction.execute(&script[span.start..span.end], ()).unwrap();
    }
    transaction.commit().unwrap();
    copy
}

/// Everything that an export can be, under the names it gets.
const EXPORTS: &[(&str, Option<&str>, Option<Compression>)] = &[
    ("graph.jsonl", None, None),
    ("graph.jsonl.gz", None, None),
    ("json-lines", Some("jsonl"), None),
    ("parquet", Some("parquet"), None),
    ("graph.graphml", None, None),
    ("graphml", Some("graphml"), None),
    ("csv-zst", Some("csv"), Some(Compression::Zstandard)),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_export_comes_back_as_it_was(
        nodes in prop::collection::vec((prop::collection::vec(name(), 0..3), properties()), 0..6),
        links in prop::collection::vec((0..6usize, 0..6usize, name(), properties()), 0..8),
    ) {
        let files = Files::new();
        let db = make(&nodes, &links);
        let all = everything(&db);
        for (name, format, compression) in EXPORTS {
            let path = files.path(name);
            let options = format.map_or_else(ExportOptions::default, self::format);
            let options = compression.iter().fold(options, |options, of| options.compression(*of));
            let summary = db.export(&path, &options).unwrap();
            prop_assert_eq!(summary.nodes, nodes.len() as u64);
            let copy = imported(&path);
            prop_assert_eq!(&everything(&copy), &all, "{}", name);
            let report = copy.check();
            prop_assert!(report.is_sound(), "{:?}", report.problems);
        }
        let script = files.path("graph.cypher");
        db.export(&script, &ExportOptions::default()).unwrap();
        let copy = run_script(&script);
        prop_assert_eq!(&everything(&copy), &all);
    }
}

/// A graph with indexes and constraints whose names need quotes.
fn with_schema() -> Database {
    let db = Database::in_memory();
    let statements = [
        "CREATE CONSTRAINT FOR (p:Person) REQUIRE (p.id) IS KEY",
        "CREATE CONSTRAINT `a; \"b` FOR (n:`x``y`) REQUIRE n.`k;` IS UNIQUE",
        "CREATE CONSTRAINT FOR ()-[k:KNOWS]-() REQUIRE k.since IS :: DATE",
        "CREATE INDEX FOR (p:Person) ON (p.name, p.born)",
        "CREATE TEXT INDEX FOR (p:Person) ON (p.name)",
        "CREATE INDEX FOR ()-[k:KNOWS]-() ON (k.since)",
        "CREATE (:Person {id: 1, name: 'Ada'})-[:KNOWS {since: date('2024-01-01')}]->\
         (:Person:`x``y` {id: 2, name: 'Bob', `k;`: 'k'})",
    ];
    statements.iter().for_each(|statement| drop(db.execute(statement, ()).unwrap()));
    db
}

pub fn schema(db: &Database) -> Vec<String> {
    ["CONSTRAINTS", "INDEXES"]
        .iter()
        .flat_map(|what| rows(db, &format!("SHOW {what} YIELD name, createStatement")))
        .collect()
}

#[test]
fn indexes_and_constraints_travel() {
    let files = Files::new();
    let db = with_schema();
    for format in ["csv", "parquet", "jsonl", "graphml"] {
        let folder = files.path(format);
        let summary = db.export(&folder, &self::format(format)).unwrap();
        assert_eq!((summary.indexes_and_constraints, summary.left_out), (6, 0), "{format}");
        let copy = imported(&folder);
        assert_eq!(everything(&copy), everything(&db), "{format}");
        let sorted = |db: &Database| {
            let mut schema = schema(db);
            schema.sort();
            schema
        };
        assert_eq!(sorted(&copy), sorted(&db), "{format}");
        assert_sound(&copy);
        // They are alive: the index answers, and the constraint refuses.
        assert_eq!(rows(&copy, "MATCH (p:Person {id: 2}) RETURN p.name"), ["'Bob'"]);
        let error = copy.execute("CREATE (:Person {id: 1})", ()).unwrap_err();
        assert!(error.code().contains("ConstraintVerificationFailed"), "{error}");
    }
    let script = files.path("graph.cypher");
    assert_eq!(db.export(&script, &ExportOptions::default()).unwrap().indexes_and_constraints, 6);
    let copy = run_script(&script);
    assert_eq!((everything(&copy), schema(&copy).len()), (everything(&db), schema(&db).len()));
    // One file has no room for them, and says so.
    assert_eq!(db.export(files.path("g.jsonl"), &ExportOptions::default()).unwrap().left_out, 6);
}

#[test]
fn an_import_that_breaks_its_constraints_leaves_nothing() {
    let files = Files::new();
    let folder = files.path("graph");
    with_schema().export(&folder, &format("csv")).unwrap();
    let table = folder.join("nodes-Person.csv");
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, format!("{text}77,1,Ada,Person\n")).unwrap();
    let store = files.path("store");
    let db = Database::open(&store).unwrap();
    let import = |db: &Database| db.import(&ImportOptions::default().graph(&folder));
    let error = import(&db).unwrap_err();
    assert!(error.code().contains("ConstraintVerificationFailed"), "{error}");
    assert_eq!((everything(&db).len(), schema(&db).len()), (1, 0));
    assert_sound(&db);
    drop(db);
    let db = Database::open(&store).unwrap();
    assert_eq!((everything(&db).len(), schema(&db).len()), (1, 0));
    fs::write(&table, &text).unwrap();
    import(&db).unwrap();
    assert_eq!(schema(&db).len(), 8);
    // The same once more: indexes and constraints may be there, two of a key may not.
    let error = import(&db).unwrap_err();
    assert!(error.code().contains("ConstraintVerificationFailed"), "{error}");
    assert_eq!(rows(&db, "MATCH (n) RETURN count(*)"), ["2"]);
}

#[test]
fn tables_have_headers_as_neo4js_import_takes_them() {
    let files = Files::new();
    let db = Database::in_memory();
    db.execute(
        "CREATE (a:Person:Actor {name: 'Ada, \"B\"', born: 1815, tags: ['x', 'y'], score: 1.5}), \
         (b:Person:Actor {name: '', tags: []}), (c {at: point({x: 1, y: 2}), mixed: 'x'}), (d {mixed: 1}), \
         (e {tags: ['a;b']}) \
         CREATE (a)-[:KNOWS {since: date('2024-01-01')}]->(b), (b)-[:KNOWS]->(c)",
        (),
    )
    .unwrap();
    let folder = files.path("graph");
    db.export(&folder, &format("csv")).unwrap();
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let mut names: Vec<_> =
        folder.read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["nodes-Actor-Person.csv", "nodes.csv", "relationships-KNOWS.csv"]);
    assert_eq!(
        text("nodes-Actor-Person.csv"),
        ":ID(node){id-type:long},born:long,name:string,score:double,tags:string[],:LABEL\n\
         0,1815,\"Ada, \"\"B\"\"\",1.5,x;y,Actor;Person\n1,,\"\",,\"\",Actor;Person\n"
    );
    assert_eq!(
        text("nodes.csv"),
        ":ID(node){id-type:long},at:point,mixed:json,tags:json,:LABEL\n\
         2,\"{x: 1.0, y: 2.0, crs: 'cartesian'}\",\"\"\"x\"\"\",,\n3,,1,,\n4,,,\"[\"\"a;b\"\"]\",\n"
    );
    assert_eq!(
        text("relationships-KNOWS.csv"),
        ":START_ID(node),:END_ID(node),since:date,:TYPE\n0,1,2024-01-01,KNOWS\n1,2,,KNOWS\n"
    );
    assert_eq!(everything(&imported(&folder)), everything(&db));
}

#[test]
fn targets_that_cannot_be_are_refused() {
    let files = Files::new();
    let db = with_schema();
    let refused = |name: &str, options: &ExportOptions| {
        let error = db.export(files.path(name), options).unwrap_err();
        assert_eq!(error.code(), "UsageError.InvalidFile", "{error}");
        error.to_string()
    };
    let plain = ExportOptions::default();
    assert!(refused("graph", &plain).contains("no format of exports is told"));
    assert!(refused("graph.csv", &plain).contains("no room for a graph"));
    assert!(refused("no/such/graph", &format("csv")).contains("cannot write"));
    files.add("full.txt", "x");
    fs::create_dir(files.path("full")).unwrap();
    fs::write(files.path("full").join("mine"), "x").unwrap();
    assert!(refused("full", &format("csv")).contains("it is there and not empty"));
    fs::create_dir(files.path("left.part")).unwrap();
    assert!(
        refused("left", &format("csv")).contains("left.part` is there, and is not known to be")
    );
    files.add("other.part", "mine");
    assert!(refused("other", &format("csv")).contains("other.part` is there"));
    files.add("more.jsonl.part", "mine");
    assert!(refused("more.jsonl", &plain).contains("more.jsonl.part` is there"));
    files.add("locked.jsonl.part.lock", "mine");
    assert!(refused("locked.jsonl", &plain).contains("locked.jsonl.part.lock` is there"));
    for mine in ["other.part", "more.jsonl.part", "locked.jsonl.part.lock"] {
        assert_eq!(fs::read_to_string(files.path(mine)).unwrap(), "mine", "{mine}");
    }
    assert!(files.path("left.part").is_dir());
    assert!(!files.path("left.part.lock").exists() && !files.path("locked.jsonl.part").exists());
    // An empty folder will do, for one file as well.
    fs::create_dir(files.path("empty")).unwrap();
    db.export(files.path("empty"), &format("jsonl")).unwrap();
    assert_eq!(everything(&imported(&files.path("empty"))), everything(&db));
    // What is no part of a graph is not passed over in silence.
    fs::write(files.path("empty").join("nodes.dat"), "").unwrap();
    fs::write(files.path("empty").join(".hidden"), "").unwrap();
    let import = ImportOptions::default().graph(files.path("empty"));
    let error = Database::in_memory().import(&import).unwrap_err();
    assert_eq!(place(&error), "nodes.dat` is no part of an exported graph");
}

/// Copies a file or a folder of files.
fn copy_all(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in from.read_dir().unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn what_a_killed_export_left_makes_place_and_a_running_one_stays() {
    let files = Arc::new(Files::new());
    let db = Database::in_memory();
    db.execute("UNWIND range(1, 1100) AS i CREATE (:A {i: i})-[:R]->(:B)", ()).unwrap();
    let (db, seen) = (Arc::new(db), Arc::new(Mutex::new(Vec::new())));
    for (name, killed, format) in [
        ("a.jsonl", "b.jsonl", "jsonl"),
        ("c", "d", "jsonl"),
        ("e", "f", "csv"),
        ("g", "h", "parquet"),
    ] {
        let (own, own_db, own_seen) = (files.clone(), db.clone(), seen.clone());
        let options = self::format(format).on_progress(move |progress| {
            let mut seen = own_seen.lock().unwrap();
            if !progress.writing || !seen.is_empty() {
                return;
            }
            // Another one into the same target meanwhile; then all files as one leaves them that is killed here.
            let error = own_db.export(own.path(name), &self::format(format)).unwrap_err();
            seen.push(error.to_string());
            for suffix in ["part", "part.lock"] {
                let from = own.path(&format!("{name}.{suffix}"));
                copy_all(&from, &own.path(&format!("{killed}.{suffix}")));
            }
        });
        db.export(files.path(name), &options).unwrap();
        let refused = std::mem::take(&mut *seen.lock().unwrap());
        assert!(refused.iter().any(|error| error.contains("is under way")), "{refused:?}");
        assert!(files.path(&format!("{killed}.part")).exists());
        db.export(files.path(killed), &self::format(format)).unwrap();
        for name in [name, killed] {
            assert_eq!(everything(&imported(&files.path(name))), everything(&db), "{name}");
            for suffix in ["part", "part.lock"] {
                assert!(!files.path(&format!("{name}.{suffix}")).exists(), "{name}.{suffix}");
            }
        }
    }
}

#[test]
fn an_export_that_fails_leaves_nothing() {
    let db = Database::in_memory();
    db.execute("CREATE (:A)", ()).unwrap();
    for (name, format) in [("graph.graphml", "graphml"), ("csv", "csv"), ("jsonl", "jsonl")] {
        let files = Files::new();
        // Meanwhile something takes the name, so that it fails at its very end.
        let taken = files.path(name);
        let options = self::format(format)
            .on_progress(move |_| fs::create_dir_all(taken.join("mine")).unwrap());
        let error = db.export(files.path(name), &options).unwrap_err();
        assert_eq!(error.code(), "UsageError.InvalidFile", "{error}");
        assert_eq!(files.path("").read_dir().unwrap().count(), 1, "{name}");
        assert!(files.path(name).join("mine").is_dir());
    }
}

#[test]
fn more_tables_than_files_may_be_open() {
    let files = Files::new();
    let db = Database::in_memory();
    db.execute("UNWIND range(1, 1100) AS i CREATE (:$('L' + i) {i: i})", ()).unwrap();
    let folder = files.path("graph");
    db.export(&folder, &format("csv")).unwrap();
    assert_eq!(everything(&imported(&folder)), everything(&db));
}

#[test]
fn tables_with_names_alike_have_files_of_their_own() {
    let files = Files::new();
    let db = Database::in_memory();
    let sets =
        [":一", ":二", ":三", ":_", ":`!`:`2`", ":`é`:`2`", ":`_`:`2`", ":A", ":a", ":`a!2`"];
    for labels in sets {
        db.execute(&format!("CREATE ({labels})"), ()).unwrap();
    }
    for format in ["csv", "parquet"] {
        let folder = files.path(format);
        db.export(&folder, &self::format(format)).unwrap();
        let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.to_str().unwrap().to_lowercase());
        assert_eq!(names.collect::<BTreeSet<_>>().len(), sets.len());
        assert_eq!(everything(&imported(&folder)), everything(&db));
    }
}

#[test]
fn a_table_with_more_columns_than_an_import_takes_is_refused() {
    let files = Files::new();
    let entries: Vec<String> = (0..262_143).map(|i| format!("\"k{i}\":1")).collect();
    let line = format!("{{\"type\":\"node\",\"properties\":{{{}}}}}", entries.join(","));
    let db = imported(&files.add("graph.jsonl", line));
    let error = db.export(files.path("csv"), &format("csv")).unwrap_err();
    let expected = "nodes.csv` would have 262145 columns, and a table of CSV has at most 262144";
    assert_eq!(place(&error), expected);
    assert_eq!(files.path("").read_dir().unwrap().count(), 1);
}

/// A small deterministic generator (xorshift64*).
fn random(state: &mut u64) -> usize {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    (state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize
}

#[test]
fn damaged_texts_are_errors_or_other_graphs() {
    let files = Files::new();
    let db = with_schema();
    let odd = "CREATE ({l: [1, 2], p: point({x: 1, y: 2}), d: duration('P1D'), m: 1}), ({m: 'x'})";
    db.execute(odd, ()).unwrap();
    let csv = files.path("csv");
    db.export(&csv, &format("csv")).unwrap();
    let tables = ["nodes-Person.csv", "nodes.csv", "relationships-KNOWS.csv", "schema.cypher"];
    let mut targets: Vec<_> = tables.iter().map(|name| (csv.clone(), csv.join(name))).collect();
    for name in ["g.jsonl", "g.graphml", "g.jsonl.zst"] {
        let file = files.path(name);
        db.export(&file, &ExportOptions::default()).unwrap();
        targets.push((file.clone(), file));
    }
    let mut state = 7;
    for (import, file) in targets {
        let whole = fs::read(&file).unwrap();
        let mut errors = 0;
        for _ in 0..40 {
            let mut bytes = whole.clone();
            let at = random(&mut state) % bytes.len();
            match random(&mut state) % 3 {
                0 => bytes[at] ^= 1 << (random(&mut state) % 8),
                1 => bytes.truncate(at),
                _ => {
                    let repeated = &whole[..random(&mut state) % whole.len()];
                    drop(bytes.splice(at..at, repeated.iter().copied()));
                }
            }
            fs::write(&file, bytes).unwrap();
            let copy = Database::in_memory();
            if copy.import(&ImportOptions::default().graph(&import)).is_err() {
                errors += 1;
                assert_eq!((everything(&copy).len(), schema(&copy).len()), (1, 0), "{file:?}");
            }
            assert_sound(&copy);
        }
        assert!(errors > 0, "{file:?}");
        fs::write(&file, whole).unwrap();
    }
}

#[test]
fn scripts_of_a_folder_make_the_schema_alone() {
    let files = Files::new();
    let folder = files.path("graph");
    with_schema().export(&folder, &format("csv")).unwrap();
    let index = "CREATE INDEX FOR (p:P) ON (p.x);\n";
    let cases = [
        ("  CREATE (:P);", "schema.cypher:2:3: a statement changes more"),
        ("CREATE INDX;", "schema.cypher:2:1: "),
    ];
    for (statement, expected) in cases {
        fs::write(folder.join("schema.cypher"), format!("{index}{statement}")).unwrap();
        let db = Database::in_memory();
        let error = db.import(&ImportOptions::default().graph(&folder)).unwrap_err();
        assert!(place(&error).starts_with(expected), "{error}");
        assert_eq!((everything(&db).len(), schema(&db).len()), (1, 0));
    }
}

#[test]
fn exports_and_backups_say_how_far_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let db = Database::open(folder.path().join("store")).unwrap();
    db.execute("UNWIND range(1, 3000) AS i CREATE (:A {i: i})-[:R]->(:B)", ()).unwrap();
    db.checkpoint().unwrap();
    db.execute("UNWIND range(1, 3000) AS i CREATE (:C {text: 'text ' + i})", ()).unwrap();
    let seen: Arc<Mutex<Vec<(u64, u64, bool)>>> = Arc::default();
    // Tables and GraphML look at everything before.
    for (format, passes) in [("csv", 2), ("jsonl", 1), ("graphml", 2)] {
        let own = seen.clone();
        let options = ExportOptions::default().format(Format::by_name(format).unwrap());
        let options = options.on_progress(move |progress| {
            own.lock().unwrap().push((progress.read, progress.total, progress.writing));
        });
        db.export(folder.path().join(format), &options).unwrap();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        let total = 12_000 * passes;
        assert!(seen.is_sorted() && seen.iter().all(|(_, own, _)| *own == total), "{seen:?}");
        assert!(seen.iter().all(|(read, _, writing)| *writing == (*read > total - 12_000)));
        assert!(seen.last().is_some_and(|(read, ..)| total - read < 1024), "{format}: {seen:?}");
    }
    for engine in ["sled", "redb"] {
        let own = seen.clone();
        let options = BackupOptions::default().engine(engine).on_progress(move |progress| {
            own.lock().unwrap().push((progress.bytes, progress.total_bytes, true));
        });
        let copy = folder.path().join(engine);
        db.backup_with(&copy, &options).unwrap();
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert!(seen.is_sorted() && seen.len() > 1, "{seen:?}");
        assert!(seen.last().is_some_and(|(bytes, total, _)| bytes == total), "{seen:?}");
        let copy = Database::open(&copy).unwrap();
        assert_eq!(rows(&copy, "MATCH (n) RETURN count(*)"), ["9000"]);
    }
}
