//! Import: headers and mappings, every type, bad rows, stores that have data already.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use redstring::interchange::{IdType, ImportOptions, ImportSummary, NodeFiles, RelationshipFiles};
use redstring::{Database, Error, Value};

/// A folder of files to import.
pub struct Files(tempfile::TempDir);

impl Files {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn add(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// The rows of a query, a line each.
pub fn rows(db: &Database, query: &str) -> Vec<String> {
    let rows = db.query(query, ()).unwrap();
    let line =
        |values: &[Value]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
    rows.map(|row| line(row.unwrap().values())).collect()
}

/// A node or a relationship as it is, whatever its id; types show.
fn exactly(value: &Value) -> String {
    match value {
        Value::Node(node) => format!("{:?} {:?}", node.labels(), node.properties()),
        Value::Relationship(link) => format!("{} {:?}", link.type_name(), link.properties()),
        value => format!("{value:?}"),
    }
}

/// Everything in the graph, by its own words alone.
pub fn everything(db: &Database) -> Vec<String> {
    let queries = [
        "MATCH (n) RETURN n",
        "MATCH (a)-[r]->(b) RETURN a, r, b",
        "MATCH (b)<-[r]-(a) RETURN count(*), count(r), count(DISTINCT r)",
    ];
    let mut all = Vec::new();
    for row in queries.iter().flat_map(|query| db.query(query, ()).unwrap()) {
        all.push(row.unwrap().values().iter().map(exactly).collect::<Vec<_>>().join(" | "));
    }
    all.sort();
    all
}

pub fn assert_sound(db: &Database) {
    let report = db.check();
    assert!(report.is_sound(), "{:?}", report.problems);
}

pub fn place(error: &Error) -> String {
    error.message().rsplit_once('/').map_or(error.message(), |(_, rest)| rest).to_string()
}

#[test]
fn headers_are_those_of_neo4js_import() {
    let files = Files::new();
    let movies = files.add("movies-header.csv", "movieId:ID(Movie),title,year:int,:LABEL\n");
    let part = files.add(
        "movies-1.csv",
        "tt1,\"The \"\"Matrix\"\"\",1999,Movie\r\ntt2,\"Two\nlines\",,Movie;Sequel\r\n",
    );
    let actors = files.add(
        "actors.csv",
        "personId:ID(Person),name,aliases:string[],:IGNORE\nkeanu,Keanu,Neo;The One,x\nlw,,,\n",
    );
    let roles = files.add(
        "roles.csv",
        ":START_ID(Person),role,:END_ID(Movie),:TYPE\nkeanu,Neo,tt1,ACTED_IN\nkeanu,\"\",tt2,ACTED_IN\n\
         lw,,tt2,DIRECTED\nlw,,tt1,\n",
    );
    let options = ImportOptions::default()
        .nodes(NodeFiles::new([movies, part]))
        .nodes(NodeFiles::new([actors]).label("Person").label("Human"))
        .relationships(RelationshipFiles::new([roles]).relationship_type("KNOWS"));
    let db = Database::in_memory();
    let summary = db.import(&options).unwrap();
    assert_eq!((summary.nodes, summary.relationships, summary.bad_rows), (4, 4, 0));
    assert_sound(&db);
    assert_eq!(
        rows(
            &db,
            "MATCH (m:Movie) RETURN m.movieId, m.title, m.year, labels(m) ORDER BY m.movieId"
        ),
        [
            "'tt1' | 'The \"Matrix\"' | 1999 | ['Movie']",
            "'tt2' | 'Two\\nlines' | null | ['Movie', 'Sequel']"
        ]
    );
    assert_eq!(
        rows(
            &db,
            "MATCH (p:Person:Human) RETURN p.personId, p.name, p.aliases ORDER BY p.personId"
        ),
        ["'keanu' | 'Keanu' | ['Neo', 'The One']", "'lw' | null | null"]
    );
    assert_eq!(
        rows(
            &db,
            "MATCH (p)-[r]->(m) RETURN p.personId, type(r), r.role, m.movieId ORDER BY p.personId, type(r), m.movieId"
        ),
        [
            "'keanu' | 'ACTED_IN' | 'Neo' | 'tt1'",
            "'keanu' | 'ACTED_IN' | '' | 'tt2'",
            "'lw' | 'DIRECTED' | null | 'tt2'",
            "'lw' | 'KNOWS' | null | 'tt1'"
        ]
    );
}

#[test]
fn every_type_of_a_header_is_stored_as_such() {
    let types = [
        ("byte", "-128", "-128"),
        ("short", "32767", "32767"),
        ("int", "-2147483648", "-2147483648"),
        ("long", "9223372036854775807", "9223372036854775807"),
        ("float", "0.5", "0.5"),
        ("double", "-1e300", "-1e300"),
        ("boolean", "true", "true"),
        ("char", "x", "'x'"),
        ("string", " padded ", "' padded '"),
        ("date", "2024-02-29", "date('2024-02-29')"),
        ("localtime", "10:30", "localtime('10:30')"),
        ("time", "10:30+01:00", "time('10:30+01:00')"),
        ("localdatetime", "2024-02-29T10:30", "localdatetime('2024-02-29T10:30')"),
        ("datetime", "2024-02-29T10:30Z", "datetime('2024-02-29T10:30Z')"),
        ("duration", "P1Y2M3DT4S", "duration('P1Y2M3DT4S')"),
        ("point", "\"{latitude: 1.5, longitude: 2}\"", "point({latitude: 1.5, longitude: 2})"),
        ("long[]", "1;2;3", "[1, 2, 3]"),
        ("date[]", "2024-01-01;2024-01-02", "[date('2024-01-01'), date('2024-01-02')]"),
    ];
    let header: Vec<String> = types.iter().map(|(name, ..)| format!("`{name}`:{name}")).collect();
    let fields: Vec<&str> = types.iter().map(|(_, field, _)| *field).collect();
    let empty = vec![""; types.len()].join(",");
    let text = format!(":ID,{}\n1,{}\n2,{empty}\n", header.join(","), fields.join(","));
    let files = Files::new();
    let options = ImportOptions::default()
        .nodes(NodeFiles::new([files.add("all.csv", text.replace('`', ""))]).label("All"));
    let db = Database::in_memory();
    assert_eq!(db.import(&options).unwrap().nodes, 2);
    for (name, _, expected) in types {
        let query = format!("MATCH (n:All) WHERE n.`{name}` = {expected} RETURN count(*)");
        assert_eq!(rows(&db, &query), ["1"], "{name}");
    }
    assert_eq!(rows(&db, "MATCH (n:All) RETURN size(keys(n)) AS size ORDER BY size"), ["0", "18"]);
}

#[test]
fn other_headers_are_mapped_and_types_inferred() {
    let files = Files::new();
    let persons = files.add(
        "persons.tsv",
        "id\tname\tzip\tborn\tscore\tactive\n1\tAda\t007\t1815-12-10\t1.5\ttrue\n2\tAlan\t010\t1912-06-23\t2\tfalse\n",
    );
    let more = files.add("more.tsv", "id\tname\tzip\tborn\tscore\tactive\n3\tGrace\t\t\t\t\n");
    let follows = files.add("follows.tsv", "to\tfrom\tweight:int\n2\t1\t5\n1\t3\t\n");
    let options = ImportOptions::default()
        .delimiter(b'\t')
        .nodes(NodeFiles::new([persons, more]).label("Person").id("id"))
        .relationships(
            RelationshipFiles::new([follows])
                .relationship_type("FOLLOWS")
                .from("from:Person.id")
                .to("to"),
        );
    let db = Database::in_memory();
    db.import(&options).unwrap();
    assert_eq!(
        rows(
            &db,
            "MATCH (p:Person {id: 1}) \
             RETURN p.zip, p.born = date('1815-12-10'), p.score, p.active, keys(p)"
        ),
        ["'007' | true | 1.5 | true | ['active', 'born', 'id', 'name', 'score', 'zip']"]
    );
    assert_eq!(
        rows(&db, "MATCH (a)-[f:FOLLOWS]->(b) RETURN a.name, b.name, f.weight ORDER BY a.id"),
        ["'Ada' | 'Alan' | 5", "'Grace' | 'Ada' | null"]
    );
}

#[test]
fn bad_rows_end_an_import_and_leave_nothing() {
    let files = Files::new();
    let good = files.add("good.csv", ":ID\n1\n2\n");
    let db = Database::in_memory();
    db.execute("CREATE (:Old)", ()).unwrap();
    let cases = [
        ("short.csv", "a:ID,b:int\n5,2\n3\n", "short.csv:3:1: the row has 1 fields, its header 2"),
        ("type.csv", "a:ID,b:int\n5,\n\"x\ny\",äö\n", "type.csv:4:4: `äö` is not an int"),
        ("open.csv", "a:ID,b\n1,\"2\n3,4\n", "open.csv:2:3: a quote is never closed"),
        (
            "behind.csv",
            "a:ID,b\n1,\"2\"x\n",
            "behind.csv:2:6: there is text behind a closing quote",
        ),
        ("double.csv", "a:ID,b\n7,x\n8,\n7,y\n", "double.csv:4:1: there is a node `7` already"),
        (
            "header.csv",
            "a:ID,b:flaot\n",
            "header.csv:1: in the header, `flaot` in `b:flaot` is no type; did you mean `float`?",
        ),
        (
            "option.csv",
            "id:ID(A){label:Person}\n",
            "option.csv:1: in the header, `label` in `id:ID(A){label:Person}` is no option of such a column; `id-type` is",
        ),
        ("empty.csv", "", "empty.csv:1: the file is empty: it has no header"),
        ("twice.csv", "a:ID,b,b\n", "twice.csv:1: in the header, two columns are called `b`"),
    ];
    for (name, text, expected) in cases {
        let options = ImportOptions::default()
            .nodes(NodeFiles::new([good.clone()]))
            .nodes(NodeFiles::new([files.add(name, text)]));
        let error = db.import(&options).unwrap_err();
        assert_eq!(place(&error), expected);
        assert_eq!(error.code(), "UsageError.InvalidRow", "{name}");
        assert_eq!(rows(&db, "MATCH (n) RETURN labels(n)"), ["['Old']"], "{name}");
    }
    let nothing = RelationshipFiles::new([files.path("empty.csv")]).relationship_type("R");
    let error = db.import(&ImportOptions::default().relationships(nothing)).unwrap_err();
    assert_eq!(place(&error), "empty.csv:1: the file is empty: it has no header");
    let lost = files.add("lost.csv", ":START_ID,:END_ID,:TYPE\n1,2,A\n2,9,A\n");
    let options = ImportOptions::default()
        .nodes(NodeFiles::new([good]))
        .relationships(RelationshipFiles::new([lost]));
    let error = db.import(&options).unwrap_err();
    assert_eq!(place(&error), "lost.csv:3:3: the end, node `9`, is not there");
    assert_eq!(rows(&db, "MATCH (n) RETURN labels(n)"), ["['Old']"]);
    let missing = NodeFiles::new([files.path("none.csv")]);
    let error = db.import(&ImportOptions::default().nodes(missing)).unwrap_err();
    assert_eq!(error.code(), "UsageError.InvalidFile");
    db.execute("CREATE (:New)", ()).unwrap();
    assert_sound(&db);
}

#[test]
fn bad_rows_can_be_passed_over_and_written_down() {
    let files = Files::new();
    let nodes =
        files.add("n.csv", ":ID,age:int,:LABEL\n1,10,A\n2,old,B\n1,30,C\n3,40,A;D\n,50,E\n");
    let links =
        files.add("r.csv", ":START_ID,:END_ID,:TYPE,w:int\n1,3,T,1\n1,2,T,2\n3,1,,3\n3,3,T,4\n");
    let rejected = files.path("rejected.csv");
    let options = |tolerance: u64| {
        ImportOptions::default()
            .nodes(NodeFiles::new([nodes.clone()]))
            .relationships(RelationshipFiles::new([links.clone()]))
            .bad_tolerance(tolerance)
            .reject_file(&rejected)
    };
    let db = Database::in_memory();
    assert_eq!(
        place(&db.import(&options(1)).unwrap_err()),
        "n.csv:4:1: there is a node `1` already"
    );
    assert!(db.import(&options(3)).is_err());
    let summary = db.import(&options(4)).unwrap();
    assert_eq!((summary.nodes, summary.relationships, summary.bad_rows), (3, 2, 4));
    let written = fs::read_to_string(&rejected).unwrap();
    let lines: Vec<&str> =
        written.lines().map(|l| l.rsplit_once('/').map_or(l, |(_, l)| l)).collect();
    assert_eq!(
        lines,
        [
            "file,line,column,reason,row",
            "n.csv\",3,3,\"`old` is not an int\",\"2,old,B\"",
            "n.csv\",4,1,\"there is a node `1` already\",\"1,30,C\"",
            "r.csv\",3,3,\"the end, node `2`, is not there\",\"1,2,T,2\"",
            "r.csv\",4,5,\"the relationship has no type\",\"3,1,,3\"",
        ]
    );
    assert_eq!(
        rows(&db, "MATCH (n) RETURN n.age, labels(n) ORDER BY n.age"),
        ["10 | ['A']", "40 | ['A', 'D']", "50 | ['E']"]
    );
    assert_eq!(
        rows(&db, "MATCH (a)-[r]->(b) RETURN a.age, r.w, b.age ORDER BY r.w"),
        ["10 | 1 | 40", "40 | 4 | 40"]
    );
    let db = Database::in_memory();
    let skipping = options(2).skip_bad_relationships(true).skip_duplicate_nodes(true);
    let ImportSummary { bad_rows, duplicate_nodes, bad_relationships, .. } =
        db.import(&skipping).unwrap();
    assert_eq!((bad_rows, duplicate_nodes, bad_relationships), (2, 1, 1));
}

#[test]
fn compressed_files_are_read() {
    let text = "id:ID,name\n1,Ada\n2,Grace\n";
    let files = Files::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let zstandard = ruzstd::encoding::compress_to_vec(text.as_bytes(), level);
    // As parallel compressors write it: several frames, and some that hold no data.
    let mut frames = b"\x51\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    for part in text.split_inclusive('\n') {
        frames.extend(ruzstd::encoding::compress_to_vec(part.as_bytes(), level));
        frames.extend(b"\x50\x2a\x4d\x18\0\0\0\0");
    }
    let names = [
        files.add("n.csv.gz", gzip.finish().unwrap()),
        files.add("n.csv.zst", zstandard),
        files.add("m.csv.zst", frames),
        files.add("bom.csv", format!("\u{feff}{text}")),
    ];
    for file in names {
        let db = Database::in_memory();
        db.import(&ImportOptions::default().nodes(NodeFiles::new([&file]).label("P"))).unwrap();
        let found = rows(&db, "MATCH (p:P) RETURN p.id, p.name ORDER BY p.id");
        assert_eq!(found, ["'1' | 'Ada'", "'2' | 'Grace'"], "{}", file.display());
    }
}

/// A small deterministic generator (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

/// Files of a graph with several types, parallel relationships, self-loops, and properties that some have.
fn random_graph(
    files: &Files,
    nodes: u64,
    relationships: u64,
    padding: usize,
) -> (PathBuf, PathBuf) {
    let mut random = Random(7);
    let padding = "x".repeat(padding);
    let mut node_rows = String::from("id:ID,name,word,size:double,:LABEL\n");
    for id in 0..nodes {
        let size =
            if random.below(3) == 0 { format!("{}.5", random.below(100)) } else { String::new() };
        let word = ["\"a,b\"", "\"two\nlines\"", "c", ""][random.below(4) as usize];
        let labels = ["A", "B", "A;B", ""][random.below(4) as usize];
        node_rows += &format!("{id},name {id}{padding},{word},{size},{labels}\n");
    }
    let mut rows = String::from(":START_ID,:END_ID,:TYPE,w:int,note\n");
    for at in 0..relationships {
        let (from, to) = (random.below(nodes / 2 + 1), random.below(nodes));
        let to = if random.below(50) == 0 { from } else { to };
        let of = ["X", "X", "Y", "Z"][random.below(4) as usize];
        let note = if random.below(10) == 0 { format!("note {}", at % 7) } else { String::new() };
        rows += &format!("{from},{to},{of},{},{note}{padding}\n", random.below(1000));
    }
    (files.add("nodes.csv", node_rows), files.add("links.csv", rows))
}

fn options_of(nodes: &Path, links: &Path) -> ImportOptions {
    ImportOptions::default()
        .id_type(IdType::Integer)
        .nodes(NodeFiles::new([nodes]))
        .relationships(RelationshipFiles::new([links]))
}

#[test]
fn an_import_is_what_single_statements_make() {
    let files = Files::new();
    let (nodes, links) = random_graph(&files, 300, 1000, 0);
    let imported = Database::in_memory();
    imported.import(&options_of(&nodes, &links)).unwrap();
    assert_sound(&imported);
    let made = Database::in_memory();
    let text = fs::read_to_string(&nodes).unwrap().replace("\"two\nlines\"", "\"two\\nlines\"");
    let literal = |field: &str| format!("'{}'", field.trim_matches('"'));
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split("\"a,b\"").collect();
        let word = if fields.len() == 2 { "a,b" } else { line.split(',').nth(2).unwrap() };
        let line = line.replace("\"a,b\"", "word");
        let fields: Vec<&str> = line.split(',').collect();
        let labels: String =
            fields[4].split(';').filter(|l| !l.is_empty()).map(|l| format!(":{l}")).collect();
        let mut set = format!("id: {}, name: {}", fields[0], literal(fields[1]));
        if !word.is_empty() {
            set += &format!(", word: {}", literal(word));
        }
        if !fields[3].is_empty() {
            set += &format!(", size: {}", fields[3]);
        }
        made.execute(&format!("CREATE ({labels} {{{set}}})"), ()).unwrap();
    }
    for line in fs::read_to_string(&links).unwrap().lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let note = if fields[4].is_empty() {
            String::new()
        } else {
            format!(", note: {}", literal(fields[4]))
        };
        let create = format!(
            "MATCH (a {{id: {}}}), (b {{id: {}}}) CREATE (a)-[:{} {{w: {}{note}}}]->(b)",
            fields[0], fields[1], fields[2], fields[3]
        );
        made.execute(&create, ()).unwrap();
    }
    assert_eq!(everything(&imported), everything(&made));
}

#[test]
fn threads_make_no_difference() {
    let files = Files::new();
    // More than one block of each file.
    let (nodes, links) = random_graph(&files, 30_000, 30_000, 150);
    assert!(nodes.metadata().unwrap().len() > 4 << 20 && links.metadata().unwrap().len() > 4 << 20);
    let dump = |threads: usize| {
        let db = Database::in_memory();
        db.import(&options_of(&nodes, &links).threads(threads)).unwrap();
        let counts =
            "MATCH (n) RETURN count(*), count(n.word), sum(n.size), sum(n.id * id(n) % 1013)";
        let sums = "MATCH (a)-[r]->(b) \
                    RETURN type(r), count(*), count(r.note), sum((id(r) + 7 * r.w + 3 * a.id + 5 * b.id) % 10007) ORDER BY type(r)";
        let back = "MATCH (b)<-[r:X]-(a) RETURN count(*), sum((id(r) * (a.id + 1) + b.id) % 10007)";
        if threads == 3 {
            assert_sound(&db);
        }
        [rows(&db, counts), rows(&db, sums), rows(&db, back)].concat()
    };
    assert_eq!(dump(1), dump(3));
}

#[test]
fn a_store_with_data_takes_an_import() {
    let files = Files::new();
    let (nodes, links) = random_graph(&files, 60, 300, 0);
    let store = files.path("store");
    let db = Database::open(&store).unwrap();
    db.execute("CREATE (:A {name: 'old', word: 'c'})-[:X {w: 1}]->(:Old {id: 'x'})", ()).unwrap();
    let before = everything(&db);
    let reader = db.begin_read();
    db.import(&options_of(&nodes, &links)).unwrap();
    db.import(&options_of(&nodes, &links)).unwrap();
    assert_sound(&db);
    let seen = reader.query("MATCH (n) RETURN count(*)", ()).unwrap().single().unwrap();
    assert_eq!(seen.get::<i64>(0).unwrap(), 2);
    drop(reader);
    let after = everything(&db);
    assert_eq!(before.len(), 4);
    assert_eq!(rows(&db, "MATCH (n) RETURN count(*)"), ["122"]);
    drop(db);
    let db = Database::open(&store).unwrap();
    assert_eq!(everything(&db), after);
    assert_sound(&db);
    db.checkpoint().unwrap();
    db.execute("MATCH (n {name: 'old'}) SET n.word = 'new word', n:B", ()).unwrap();
    db.checkpoint().unwrap();
    assert_sound(&db);
    assert_eq!(
        rows(&db, "MATCH (n:B {word: 'new word'})-[r:X]->(m) RETURN r.w, m.id"),
        ["1 | 'x'"]
    );
    assert_eq!(rows(&db, "MATCH (n) RETURN count(*)"), ["122"]);
}

#[test]
fn relationships_find_nodes_of_the_store() {
    let files = Files::new();
    let db = Database::in_memory();
    db.execute("CREATE (a:Person {id: 1})-[:FOLLOWS {n: 0}]->(:Person {id: 2})", ()).unwrap();
    let persons = files.add("persons.csv", "id\n3\n");
    let follows = files.add("follows.csv", "from,to,n\n3,1,1\n1,3,2\n2,1,3\n1,2,4\n");
    let table = RelationshipFiles::new([follows.clone()]).relationship_type("FOLLOWS");
    let table = table.from("from:Person.id").to("to:Person.id");
    let options = ImportOptions::default()
        .nodes(NodeFiles::new([&persons]).label("Person").id("id"))
        .relationships(table.clone());
    db.import(&options).unwrap();
    assert_sound(&db);
    let all = "MATCH (a)-[f:FOLLOWS]->(b) RETURN a.id, f.n, b.id ORDER BY f.n, id(f)";
    assert_eq!(rows(&db, all), ["1 | 0 | 2", "3 | 1 | 1", "1 | 2 | 3", "2 | 3 | 1", "1 | 4 | 2"]);
    let back = "MATCH (b)<-[f:FOLLOWS]-(a) RETURN b.id, f.n ORDER BY f.n, id(f)";
    assert_eq!(rows(&db, back), ["2 | 0", "1 | 1", "3 | 2", "1 | 3", "2 | 4"]);
    // Relationships alone, and a node that is there already.
    db.import(&ImportOptions::default().relationships(table)).unwrap();
    assert_eq!(rows(&db, "MATCH ()-[f:FOLLOWS]->() RETURN count(*)"), ["9"]);
    assert_sound(&db);
    let again = NodeFiles::new([&persons]).label("Person").id("id");
    let error = db.import(&ImportOptions::default().nodes(again)).unwrap_err();
    assert_eq!(place(&error), "persons.csv:2:1: there is a node `3` already");
}

#[test]
fn dots_in_names_do_not_hide_nodes_of_the_store() {
    let files = Files::new();
    let nodes = files.add("nodes.csv", "id,a.b\n1,x\n2,y\n");
    let links = files.add("links.csv", "from,to\nx,y\n");
    for (label, space) in [("P", "P.a.b"), ("P.Q", "P.Q.a.b"), (".", "..a.b"), ("P.a", "P.a.a.b")] {
        let db = Database::in_memory();
        let of_nodes = NodeFiles::new([&nodes]).label(label).id("a.b");
        let of_nodes = ImportOptions::default().nodes(of_nodes);
        db.import(&of_nodes).unwrap();
        let error = db.import(&of_nodes).unwrap_err();
        assert_eq!(place(&error), "nodes.csv:2:1: there is a node `x` already", "{label}");
        let table = RelationshipFiles::new([&links]).relationship_type("R");
        let table = table.from(&format!("from:{space}")).to(&format!("to:{space}"));
        db.import(&ImportOptions::default().relationships(table)).unwrap();
        assert_eq!(rows(&db, "MATCH (a)-[:R]->(b) RETURN a.id, b.id"), ["1 | 2"], "{label}");
    }
}

#[test]
fn an_identifier_of_several_nodes_means_none_of_them() {
    let files = Files::new();
    for [first, second] in [["1", "2"], ["'a'", "'b'"]] {
        let db = Database::in_memory();
        let create =
            format!("CREATE (:P {{id: {first}}}), (:P {{id: {second}}}), (:P {{id: {first}}})");
        db.execute(&create, ()).unwrap();
        let [first, second] = [first, second].map(|id| id.trim_matches('\''));
        let text = format!("from,to\n{second},{second}\n{second},{first}\n");
        let table = RelationshipFiles::new([files.add("links.csv", text)]);
        let table = table.relationship_type("R").from("from:P.id").to("to:P.id");
        let options = ImportOptions::default().relationships(table);
        let error = db.import(&options).unwrap_err();
        let expected = format!(
            "links.csv:3:3: the end, node `{first}` of `P.id`, is not clear: the nodes 0 and 2 of the store both have \
             that identifier"
        );
        assert_eq!(place(&error), expected);
        assert_eq!(rows(&db, "MATCH ()-[r]->() RETURN count(r)"), ["0"]);
        let summary = db.import(&options.clone().bad_tolerance(1)).unwrap();
        assert_eq!((summary.relationships, summary.bad_rows), (1, 1));
        let summary = db.import(&options.skip_bad_relationships(true)).unwrap();
        assert_eq!((summary.relationships, summary.bad_relationships), (1, 1));
        assert_eq!(rows(&db, "MATCH (a)-[:R]->(b) RETURN a = b AND id(a) = 1"), ["true", "true"]);
    }
}

#[test]
fn graphs_may_name_nodes_after_their_relationships() {
    let files = Files::new();
    let file = files.add(
        "g.jsonl",
        "{\"type\":\"relationship\",\"label\":\"R\",\"start\":{\"id\":1},\"end\":{\"id\":\"b\"}}\n\n\
         {\"type\":\"node\",\"id\":\"1\",\"labels\":[\"A\"]}\n\
         {\"type\":\"node\",\"id\":\"b\",\"properties\":{\"x\":null,\"y\":1}}\n\
         {\"type\":\"relationship\",\"label\":\"R\",\"start\":{\"id\":\"1\"},\"end\":{\"id\":\"c\"}}\n{\n",
    );
    let db = Database::in_memory();
    let error = db.import(&ImportOptions::default().graph(&file)).unwrap_err();
    assert!(place(&error).starts_with("g.jsonl:6:1: the line is no JSON"), "{error}");
    let summary = db.import(&ImportOptions::default().graph(&file).bad_tolerance(2)).unwrap();
    assert_eq!((summary.nodes, summary.relationships, summary.bad_rows), (2, 1, 2));
    assert_eq!(rows(&db, "MATCH (a:A)-[r:R]->(b) RETURN keys(b), b.y"), ["['y'] | 1"]);
    let error = db.import(&ImportOptions::default().graph(files.path("g.xyz"))).unwrap_err();
    assert_eq!(error.help_text(), Some("Name one: jsonl, graphml."));
    let error = db.import(&ImportOptions::default().graph(files.path("g.csv"))).unwrap_err();
    assert!(place(&error).ends_with("g.csv` is a table, and no whole graph"), "{error}");
}

#[test]
fn points_of_apoc_may_say_that_they_have_no_height() {
    let files = Files::new();
    let point = |number: u8, point: &str| {
        format!(
            "{{\"type\":\"node\",\"id\":\"{number}\",\"properties\":{{\"n\":{number},\"at\":{point}}}}}\n"
        )
    };
    let lines = [
        point(1, r#"{"crs":"wgs-84","latitude":1.5,"longitude":2.0,"height":null}"#),
        point(2, r#"{"crs":"cartesian","x":1.0,"y":2.0,"z":null}"#),
        point(3, r#"{"crs":"cartesian-3d","x":1.0,"y":2.0,"z":3.0}"#),
    ];
    let db = Database::in_memory();
    let file = files.add("points.jsonl", lines.concat());
    db.import(&ImportOptions::default().graph(&file)).unwrap();
    assert_eq!(
        rows(&db, "MATCH (n) RETURN n.at ORDER BY n.n"),
        [
            "point({x: 2.0, y: 1.5, crs: 'wgs-84'})",
            "point({x: 1.0, y: 2.0, crs: 'cartesian'})",
            "point({x: 1.0, y: 2.0, z: 3.0, crs: 'cartesian-3d'})"
        ]
    );
    let nowhere = files.add("nowhere.jsonl", point(4, r#"{"crs":"cartesian","x":1.0,"y":null}"#));
    let error = db.import(&ImportOptions::default().graph(&nowhere)).unwrap_err();
    assert!(error.message().contains("is not a point"), "{error}");
}

#[test]
fn identifiers_of_the_store_have_one_type() {
    let files = Files::new();
    let db = Database::in_memory();
    db.execute("CREATE (:P {id: 1}), (:P {id: '2'})", ()).unwrap();
    let table = RelationshipFiles::new([files.add("r.csv", "from,to\n1,2\n")]);
    let table = table.relationship_type("R").from("from:P.id").to("to:P.id");
    let options = ImportOptions::default().relationships(table);
    let error = db.import(&options).unwrap_err();
    let help = error.help_text().unwrap();
    db.execute(help.split_once(": ").unwrap().1, ()).unwrap();
    db.import(&options).unwrap();
    assert_eq!(rows(&db, "MATCH (a)-[:R]->(b) RETURN a.id, b.id"), ["'1' | '2'"]);
}
