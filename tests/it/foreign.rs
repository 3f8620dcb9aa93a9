//! Files as other graph databases write them: Neptune's tables, TinkerPop's GraphML; and graphs without anything.

use std::fs;

use redstring::interchange::{
    Compression, ExportOptions, Format, ImportOptions, NodeFiles, RelationshipFiles,
};
use redstring::{Database, Error};

use crate::import::{Files, place, rows};

/// Imports Neptune's tables of vertices and of edges.
fn neptune(nodes: &str, links: &str) -> Result<Database, Error> {
    let files = Files::new();
    let options = ImportOptions::default()
        .nodes(NodeFiles::new([files.add("v.csv", nodes)]))
        .relationships(RelationshipFiles::new([files.add("e.csv", links)]));
    let db = Database::in_memory();
    db.import(&options).map(|_| db)
}

#[test]
fn tables_of_neptune_are_read_by_their_headers() {
    let nodes = "~id,~label,name:String(single),age:Int,tags:String[],score:Double,alive:Bool,born:Date,seen:DateTime,free\n\
                 v1,Person;Author,Ada,36,math;verse,1.5,true,1815-12-10,2024-01-01T10:00:00Z,007\n\
                 v2,person,\"B,b\",,,,false,,,\n\
                 3,,,-1,\"\",9007199254740992,,,,x\n";
    let links = "~id,~from,~to,~label,weight:Double,since:Date(single)\n\
                 e1,v1,v2,KNOWS,0.5,2020-01-01T10:00\n\
                 e2,3,v1,likes,,\n";
    let db = neptune(nodes, links).unwrap();
    assert_eq!(
        rows(
            &db,
            "MATCH (n) RETURN n.`~id`, labels(n), n.name, n.age, n.tags, n.score, n.alive, n.born, n.seen, n.free ORDER BY n.`~id`"
        ),
        [
            "'3' | [] | null | -1 | [] | 9.007199254740992E15 | null | null | null | 'x'",
            "'v1' | ['Person', 'Author'] | 'Ada' | 36 | ['math', 'verse'] | 1.5 | true | '1815-12-10' | '2024-01-01T10:00Z' | '007'",
            "'v2' | ['person'] | 'B,b' | null | null | null | false | null | null | null",
        ]
    );
    assert_eq!(
        rows(
            &db,
            "MATCH (a)-[r]->(b) RETURN a.`~id`, b.`~id`, type(r), r.`~id`, r.weight, r.since ORDER BY r.`~id`"
        ),
        [
            "'v1' | 'v2' | 'KNOWS' | 'e1' | 0.5 | '2020-01-01T10:00'",
            "'3' | 'v1' | 'likes' | 'e2' | null | null"
        ]
    );
    let wrong = [
        (
            "~id,age:Int(many)\n1,2\n",
            "v.csv:1: in the header, `(many)` in `age:Int(many)` means nothing; `(single)` and `(set)` do",
        ),
        ("~ID,age:Int\n1,2.5\n", "v.csv:2:3: `2.5` is not an int"),
        ("~id,on:Date\n1,yesterday\n", "v.csv:2:3: `yesterday` is not a date"),
        ("~id,~from\n1,2\n", "v.csv:1: in the header, a column is one of relationships"),
    ];
    for (nodes, message) in wrong {
        assert_eq!(place(&neptune(nodes, links).unwrap_err()), message);
    }
}

#[test]
fn a_backslash_of_neptune_keeps_what_would_separate() {
    let cases = [
        ("tags:String[]", "a;b", "['a', 'b']"),
        ("tags:String[]", r"a\;b", "['a;b']"),
        ("tags:String[]", r"a\;b;c\;;\;", "['a;b', 'c;', ';']"),
        ("tags:String[]", r"a\b;c\", r"['a\\b', 'c\\']"),
        ("tags:String[]", "\"x,\"\"y\"\";\\;\"", "['x,\"y\"', ';']"),
        ("tags:String[](set)", r"\;;", "[';', '']"),
        ("tags:Int[]", "1;2", "[1, 2]"),
        ("tags:Date[]", "2024-01-01;2024-01-02", "['2024-01-01', '2024-01-02']"),
        // Text is as it is.
        ("tags:String", r"a\;b", r"'a\\;b'"),
        ("tags", r"a;b\", r"'a;b\\'"),
    ];
    let links = "~id,~from,~to,~label,a\\:b:Int\ne,v,v,R,1\n";
    for (field, cell, expected) in cases {
        let nodes = format!("~id,~label,{field},x\\:y:String,\\:z\nv,A\\;B;C,{cell},1,2\n");
        let db = neptune(&nodes, links).unwrap();
        let found =
            rows(&db, "MATCH (n)-[r]->() RETURN labels(n), n.tags, n.`x:y`, n.`:z`, r.`a:b`");
        assert_eq!(found, [format!("['A;B', 'C'] | {expected} | '1' | '2' | 1")], "{cell}");
    }
    // Other headers know no backslash.
    let files = Files::new();
    let nodes = files.add("n.csv", "id:ID,a\\:string[],:LABEL\nv,x\\;y,A\\;B\n");
    let db = Database::in_memory();
    db.import(&ImportOptions::default().nodes(NodeFiles::new([nodes]))).unwrap();
    assert_eq!(rows(&db, r"MATCH (n) RETURN labels(n), n.`a\`"), [r"['A\\', 'B'] | ['x\\', 'y']"]);
}

#[test]
fn graphml_of_tinkerpop_has_labels_and_types() {
    let text = "<graphml><key id=\"labelV\" for=\"node\" attr.name=\"labelV\" attr.type=\"string\"/>\
                <key id=\"name\" for=\"node\" attr.name=\"name\" attr.type=\"string\"/>\
                <key id=\"labelE\" for=\"edge\" attr.name=\"labelE\" attr.type=\"string\"/>\
                <key id=\"weight\" for=\"edge\" attr.name=\"weight\" attr.type=\"double\"/>\
                <graph id=\"G\" edgedefault=\"directed\">\
                <node id=\"1\"><data key=\"labelV\">person</data><data key=\"name\">marko</data></node>\
                <node id=\"2\"><data key=\"name\">lop</data><data key=\"labelV\">software::tool</data></node>\
                <edge id=\"9\" source=\"1\" target=\"2\"><data key=\"labelE\">created</data><data key=\"weight\">0.4</data></edge>\
                </graph></graphml>";
    let files = Files::new();
    let db = Database::in_memory();
    db.import(&ImportOptions::default().graph(files.add("t.xml", text))).unwrap();
    assert_eq!(
        rows(&db, "MATCH (a)-[r]->(b) RETURN a, r, b"),
        [
            "(:person {id: '1', name: 'marko'}) | [:created {weight: 0.4}] | (:software:tool {id: '2', name: 'lop'})"
        ]
    );
}

#[test]
fn a_graph_without_anything_comes_back_in_every_format() {
    for name in ["csv", "parquet", "jsonl", "graphml"] {
        for compression in [None, Some(Compression::Gzip), Some(Compression::Zstandard)] {
            for schema in ["RETURN 1", "CREATE INDEX i FOR (n:N) ON (n.x)"] {
                let db = Database::in_memory();
                db.execute(schema, ()).unwrap();
                let folder = tempfile::tempdir().unwrap();
                let target = folder.path().join("dump");
                let options = ExportOptions::default().format(Format::by_name(name).unwrap());
                let options = compression.into_iter().fold(options, ExportOptions::compression);
                db.export(&target, &options).unwrap();
                let copy = Database::in_memory();
                let summary = copy.import(&ImportOptions::default().graph(&target)).unwrap();
                assert_eq!((summary.nodes, summary.relationships), (0, 0), "{name}");
                let indexes = |db| rows(db, "SHOW INDEXES YIELD name RETURN name");
                assert_eq!(indexes(&copy), indexes(&db), "{name}");
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["g.jsonl", "g.jsonl.gz", "g.graphml.zst"] {
        let target = folder.path().join(name);
        Database::in_memory().export(&target, &ExportOptions::default()).unwrap();
        Database::in_memory().import(&ImportOptions::default().graph(&target)).unwrap();
    }
    // A folder that holds nothing is nobody's export.
    let nothing = folder.path().join("nothing");
    fs::create_dir(&nothing).unwrap();
    assert!(Database::in_memory().import(&ImportOptions::default().graph(&nothing)).is_err());
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_graph() {
    let json = "\u{feff}{\"type\":\"node\",\"id\":\"0\"}\r\n{\"type\":\"node\",\"id\":\"1\"}";
    let xml = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?><graphml><graph><node id=\"0\"/><node id=\"1\"/></graph></graphml>";
    let files = Files::new();
    for (name, text) in [("g.jsonl", json), ("g.graphml", xml)] {
        let options = ImportOptions::default().graph(files.add(name, text));
        assert_eq!(Database::in_memory().import(&options).unwrap().nodes, 2, "{name}");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let options = ImportOptions::default().graph(files.add(name, wide));
        let error = Database::in_memory().import(&options).unwrap_err();
        assert!(error.message().contains("UTF-16"), "{name}: {error}");
    }
}
