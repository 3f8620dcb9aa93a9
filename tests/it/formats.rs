//! Stores of every format that was ever released open, say what was written into them, and go on as stores of today.
//!
//! Each folder in `tests/fixtures/stores` is a store, each of its files packed by gzip, made by `make.cypher` beside it with the
//! binary of its time. Its name says the formats of its log and its segments, and its engine. `docs/upgrades.md` says how to add one.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use redstring::Database;
use redstring::storage::ENGINES;

use crate::kill::one;

/// The formats that the folders must have, so that none is lost: those of the log and of the segments, and whether the store has an
/// identity and a witness.
const FORMATS: &[(u32, u32, bool)] = &[(1, 2, false), (2, 3, false), (2, 3, true)];

/// What is true of each store.
const CONTENT: &[(&str, &str)] = &[
    ("nodes", "MATCH (n) WHERE NOT n:After RETURN count(*) = 251"),
    ("nodes of a label", "MATCH (p:Person) RETURN count(*) = 249"),
    ("properties in segments and in the log", "MATCH (p:Person) RETURN sum(p.born) = 489226"),
    ("floats", "MATCH (p:Person) RETURN sum(p.half) = 15459.5"),
    ("truths", "MATCH (p:Person) WHERE p.even RETURN count(*) = 125"),
    ("relationships", "MATCH ()-[k:KNOWS]->() RETURN count(*) = 394"),
    ("properties of relationships", "MATCH ()-[k:KNOWS]->() RETURN sum(k.weight) = 197.5"),
    ("incoming relationships", "MATCH (:Person {name: 'person 1'})<-[k:KNOWS]-(p) RETURN count(p) = 2"),
    (
        "a node of segments changed in the log",
        "MATCH (p:Person {name: 'person 7'}) RETURN p:Renamed AND p.born = 2007 AND p.half IS NULL",
    ),
    (
        "relationships of segments changed in the log",
        "MATCH (:Person {name: 'person 0'})-[k:KNOWS]->() \
         RETURN count(*) = 2 AND collect(DISTINCT k.note) = ['changed in the log']",
    ),
    ("a node deleted in the log", "RETURN NOT EXISTS { (:Person {name: 'person 199'}) }"),
    (
        "a relationship in the log",
        "MATCH (:Person {name: 'person 200'})-[o:OWNS]->(:Thing:Old) RETURN o.from = date('2020-01-01') AND o.big = 'x'",
    ),
    ("a value longer than one of the engine's", "MATCH (l:Large) RETURN size(l.text) = 8890"),
    (
        "numbers and text",
        "MATCH (t:Thing) RETURN t.integer = -9007199254740993 AND t.float = 1e-300 AND t.text = 'é ☃ \\'quoted\\'' AND t.truth",
    ),
    (
        "times",
        "MATCH (t:Thing) RETURN t.date = date('2024-02-29') AND t.time = time('12:34:56.123456789+05:30')
           AND t.localtime = localtime('23:59:59.999') AND t.datetime = datetime('2024-02-29T12:00:00[Europe/Berlin]')
           AND t.localdatetime = localdatetime('1999-12-31T23:59:59') AND t.duration = duration('P1Y2M3DT4H5M6.789S')",
    ),
    (
        "points",
        "MATCH (t:Thing) RETURN t.point = point({longitude: 13.4, latitude: 52.5}) AND t.space = point({x: 1.5, y: -2.5, z: 3.5})",
    ),
    (
        "lists",
        "MATCH (t:Thing) RETURN t.integers = [1, -2, 3] AND t.floats = [0.5, -0.0] AND t.texts = ['a', '', 'b']
           AND t.truths = [true, false] AND t.none = [] AND t.dates = [date('1970-01-01'), date('2000-12-31')]",
    ),
    (
        "indexes",
        "SHOW INDEXES YIELD name, state WITH collect(name) AS names, collect(DISTINCT state) AS states
         RETURN states = ['ONLINE'] AND all(name IN ['knows_since', 'person_born_index', 'person_name', 'thing_text'] WHERE name IN names)",
    ),
    (
        "an index in segments",
        "MATCH (p:Person) WHERE p.born = 2007 RETURN count(*) = 2",
    ),
    (
        "an index of relationships",
        "MATCH ()-[k:KNOWS]->() WHERE k.since >= 1990 AND k.since < 1992 RETURN count(*) = 8",
    ),
    (
        "an index in the log",
        "MATCH (t:Thing) WHERE t.text STARTS WITH 'é' RETURN count(*) = 1",
    ),
];

/// What the constraints refuse.
const REFUSED: &[&str] = &[
    "CREATE (:Person {name: 'person 3', born: 1})",
    "CREATE (:Person {name: 'nobody'})",
    "CREATE (:Person {name: 'person 200', born: 1})",
];

fn stores() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stores");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut stores: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    stores.sort();
    stores
}

fn unpack(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            unpack(&path, &to.join(path.file_name().unwrap()));
        } else {
            let mut file = File::create(to.join(path.file_stem().unwrap())).unwrap();
            io::copy(&mut GzDecoder::new(File::open(&path).unwrap()), &mut file).unwrap();
        }
    }
}

fn holds(db: &Database, what: &str) {
    for (name, query) in CONTENT {
        assert!(one::<bool>(db, query), "{what}: {name}");
    }
    for query in REFUSED {
        let error = db.execute(query, ()).unwrap_err();
        assert_eq!(
            error.class().as_str(),
            "ConstraintVerificationFailed",
            "{what}: {query}: {error}"
        );
    }
    assert!(db.check().is_sound(), "{what}");
}

#[test]
fn stores_of_every_format_are_read_and_go_on() {
    let durable = || ENGINES.iter().filter(|engine| engine.durable);
    let mut missing: Vec<_> = FORMATS
        .iter()
        .flat_map(|(log, segment, witness)| {
            let end = if *witness { "-witness" } else { "" };
            durable().map(move |e| format!("log-{log}-segment-{segment}.{}{end}", e.name))
        })
        .collect();
    for packed in stores() {
        let name = packed.file_name().unwrap().to_str().unwrap();
        missing.retain(|wanted| name != wanted);
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        unpack(&packed, &store);
        // It is what its name says.
        let format: u32 = name.split(['-', '.']).nth(3).unwrap().parse().unwrap();
        let segments: Vec<_> = fs::read_dir(store.join("segments"))
            .unwrap()
            .map(|entry| fs::read(entry.unwrap().path()).unwrap())
            .filter(|bytes| bytes.starts_with(b"redstrng"))
            .collect();
        assert!(!segments.is_empty(), "{name}");
        assert!(segments.iter().all(|bytes| bytes[8..12] == format.to_le_bytes()), "{name}");

        assert_eq!(store.join("witness").exists(), name.ends_with("-witness"), "{name}");
        let db = Database::open(&store).unwrap();
        holds(&db, name);
        db.execute("CREATE (:After {number: 1})", ()).unwrap();
        drop(db);
        assert!(store.join("witness").exists() && store.join("identity").exists(), "{name}");
        let db = Database::open(&store).unwrap();
        holds(&db, name);
        // Everything that was in the log is now in segments of today, beside those of then.
        db.checkpoint().unwrap();
        holds(&db, name);
        db.execute("MATCH (p:Person {name: 'person 50'}) SET p.name = 'somebody'", ()).unwrap();
        db.execute("MATCH (p:Person {name: 'somebody'}) SET p.name = 'person 50'", ()).unwrap();
        db.checkpoint().unwrap();
        db.backup(folder.path().join("copy")).unwrap();
        drop(db);
        for store in [store, folder.path().join("copy")] {
            let db = Database::open(&store).unwrap();
            holds(&db, name);
            assert!(one::<bool>(&db, "MATCH (a:After) RETURN a.number = 1"));
        }
    }
    assert!(missing.is_empty(), "there is no store of {missing:?}");
}
