//! Files with nothing, or with little else, but rows of no use, in every format.

use std::fmt::Write as _;
use std::fs;

use redstring::Database;
use redstring::interchange::{ImportOptions, ImportSummary, NodeFiles, RelationshipFiles};

use crate::import::{Files, place};

const ROWS: usize = 4_000;

/// A kind of fault, by what a row at a position looks like.
struct Case {
    name: &'static str,
    /// The name of the file, which tells the format.
    file: &'static str,
    header: &'static str,
    bad: fn(usize) -> String,
    good: fn(usize) -> String,
    footer: &'static str,
    /// The line of the first row, and the column and the message of a fault at a position.
    first_line: usize,
    fault: fn(usize) -> (usize, String),
}

const GRAPHML: &str = "<graphml><key id=\"a\" for=\"all\" attr.name=\"a\" attr.type=\"long\"/>\
                       <graph><node id=\"n\"/>\n";

const CASES: &[Case] = &[
    Case {
        name: "missing start",
        file: "r.csv",
        header: ":START_ID,:END_ID,:TYPE,w:int\n",
        bad: |at| format!("x{at},1,T,1\n"),
        good: |_| "1,1,T,1\n".into(),
        footer: "",
        first_line: 2,
        fault: |at| (1, format!("the start, node `x{at}`, is not there")),
    },
    Case {
        name: "missing end, behind a property and a type",
        file: "r.csv",
        header: "w:string,:START_ID,:TYPE,:END_ID\n",
        bad: |at| format!("text {at},1,T{at},x{at}\n"),
        good: |at| format!("text {at},1,T,1\n"),
        footer: "",
        first_line: 2,
        fault: |at| {
            let column = format!("text {at},1,T{at},").len() + 1;
            (column, format!("the end, node `x{at}`, is not there"))
        },
    },
    Case {
        name: "no type",
        file: "r.csv",
        header: "w:double,:START_ID,:END_ID,:TYPE\n",
        bad: |_| "0.5,1,1,\n".into(),
        good: |_| "0.5,1,1,T\n".into(),
        footer: "",
        first_line: 2,
        fault: |_| (9, "the relationship has no type".into()),
    },
    Case {
        name: "duplicate",
        file: "n.csv",
        header: "i:ID,a\n",
        bad: |_| "1,x\n".into(),
        good: |at| format!("g{at},x\n"),
        footer: "",
        first_line: 2,
        fault: |_| (1, "there is a node `1` already".into()),
    },
    Case {
        name: "number of fields",
        file: "n.csv",
        header: "i:ID,a,b,c\n",
        bad: |_| "x\n".into(),
        good: |at| format!("g{at},x,,\n"),
        footer: "",
        first_line: 2,
        fault: |_| (1, "the row has 1 fields, its header 4".into()),
    },
    Case {
        name: "type of a column, behind other columns and many labels",
        file: "n.csv",
        header: "i:ID,a:date,:LABEL,l:string[],b:int\n",
        bad: |at| format!("b{at},2024-01-01,L{at};M,x;y,no\n"),
        good: |at| format!("g{at},,L{at},x,1\n"),
        footer: "",
        first_line: 2,
        fault: |at| {
            (format!("b{at},2024-01-01,L{at};M,x;y,").len() + 1, "`no` is not an int".into())
        },
    },
    Case {
        name: "text behind a quote",
        file: "n.csv",
        header: "i:ID,a\n",
        bad: |_| "\"x\"y,1\n".into(),
        good: |at| format!("g{at},\"x\"\n"),
        footer: "",
        first_line: 2,
        fault: |_| (4, "there is text behind a closing quote".into()),
    },
    Case {
        name: "no JSON",
        file: "g.jsonl",
        header: "{\"type\":\"node\",\"id\":\"n\"}\n",
        bad: |_| "{\"type\":\"node\",}\n".into(),
        good: |at| format!("{{\"type\":\"node\",\"id\":\"g{at}\",\"properties\":{{\"a\":1}}}}\n"),
        footer: "",
        first_line: 2,
        fault: |_| (16, "the line is no JSON".into()),
    },
    Case {
        name: "property of JSON",
        file: "g.jsonl",
        header: "{\"type\":\"node\",\"id\":\"n\"}\n",
        bad: |_| "{\"type\":\"node\",\"properties\":{\"a\":[[1]]}}\n".into(),
        good: |at| format!("{{\"type\":\"node\",\"id\":\"g{at}\",\"properties\":{{\"a\":1}}}}\n"),
        footer: "",
        first_line: 2,
        fault: |_| (1, "property `a`".into()),
    },
    Case {
        name: "duplicate in JSON",
        file: "g.jsonl",
        header: "{\"type\":\"node\",\"id\":\"n\"}\n",
        bad: |_| "{\"type\":\"node\",\"id\":\"n\",\"labels\":[\"L\"]}\n".into(),
        good: |at| format!("{{\"type\":\"node\",\"id\":\"g{at}\"}}\n"),
        footer: "",
        first_line: 2,
        fault: |_| (1, "there is a node `n` already".into()),
    },
    Case {
        name: "missing node in JSON",
        file: "g.jsonl",
        header: "{\"type\":\"node\",\"id\":\"n\"}\n",
        bad: |at| {
            format!(
                "{{\"type\":\"relationship\",\"label\":\"T\",\"start\":{{\"id\":\"n\"}},\"end\":{{\"id\":\"x{at}\"}}}}\n"
            )
        },
        good: |_| {
            "{\"type\":\"relationship\",\"label\":\"T\",\"start\":{\"id\":\"n\"},\"end\":{\"id\":\"n\"}}\n".into()
        },
        footer: "",
        first_line: 2,
        fault: |at| (1, format!("the end, node `x{at}`, is not there")),
    },
    Case {
        name: "missing node in GraphML",
        file: "g.graphml",
        header: GRAPHML,
        bad: |at| format!("<edge source=\"x{at}\" target=\"n\"/>\n"),
        good: |_| "<edge source=\"n\" target=\"n\"/>\n".into(),
        footer: "</graph></graphml>",
        first_line: 2,
        fault: |at| (1, format!("the start, node `x{at}`, is not there")),
    },
    Case {
        name: "duplicate in GraphML",
        file: "g.graphml",
        header: GRAPHML,
        bad: |_| "<node id=\"n\"/>\n".into(),
        good: |at| format!("<node id=\"g{at}\"/>\n"),
        footer: "</graph></graphml>",
        first_line: 2,
        fault: |_| (1, "there is a node `n` already".into()),
    },
    Case {
        name: "data of GraphML",
        file: "g.graphml",
        header: GRAPHML,
        bad: |_| "<node id=\"b\"><data key=\"a\">x</data></node>\n".into(),
        good: |at| format!("<node id=\"g{at}\"><data key=\"a\">1</data></node>\n"),
        footer: "</graph></graphml>",
        first_line: 2,
        fault: |_| (1, "data `a`".into()),
    },
];

fn options(files: &Files, case: &Case, text: &str) -> ImportOptions {
    let file = files.add(case.file, text);
    let one = files.add("one.csv", ":ID,:LABEL\n1,One\n");
    let options = ImportOptions::default();
    match case.file {
        "r.csv" => {
            options.nodes(NodeFiles::new([one])).relationships(RelationshipFiles::new([file]))
        }
        "n.csv" => options.nodes(NodeFiles::new([one])).nodes(NodeFiles::new([file])),
        _ => options.graph(file),
    }
}

/// Rows of which each is bad for which `is_bad` says so.
fn text(case: &Case, is_bad: impl Fn(usize) -> bool) -> String {
    let mut text = case.header.to_owned();
    for at in 0..ROWS {
        text.push_str(&if is_bad(at) { (case.bad)(at) } else { (case.good)(at) });
    }
    text + case.footer
}

#[test]
fn any_number_of_bad_rows_is_passed_over_and_written_down_in_order() {
    let files = Files::new();
    for case in CASES {
        for (mixture, is_bad) in
            [("all", (|_| true) as fn(usize) -> bool), ("every other", |at| at % 2 == 0)]
        {
            let name = format!("{}, {mixture}", case.name);
            let bad: Vec<usize> = (0..ROWS).filter(|at| is_bad(*at)).collect();
            let rejected = files.path("rejected.csv");
            let db = Database::in_memory();
            let options = options(&files, case, &text(case, is_bad))
                .bad_tolerance(ROWS as u64)
                .reject_file(&rejected);
            let ImportSummary { nodes, relationships, bad_rows, .. } = db.import(&options).unwrap();
            assert_eq!(bad_rows, bad.len() as u64, "{name}");
            assert_eq!(nodes + relationships, 1 + (ROWS - bad.len()) as u64, "{name}");
            let written = fs::read_to_string(&rejected).unwrap();
            let mut lines = written.lines().skip(1);
            for at in bad {
                let (column, message) = (case.fault)(at);
                let mut expected = String::new();
                let line = case.first_line + at;
                write!(expected, "{}\",{line},{column},\"{message}", case.file).unwrap();
                let line = lines.next().unwrap();
                assert!(line.contains(&expected), "{name}: {line}, and not {expected}");
            }
            assert_eq!(lines.next(), None, "{name}");
            let unused = db.query("MATCH (n:L) RETURN n", ()).unwrap();
            assert_eq!(unused.count(), 0, "{name}");
        }
    }
}

#[test]
fn the_first_row_past_the_tolerance_ends_an_import() {
    let files = Files::new();
    for case in CASES {
        for (tolerance, last) in [(0, 7), (2, 9), (1000, 1007)] {
            let text = text(case, |at| at >= 7);
            let db = Database::in_memory();
            let options = options(&files, case, &text).bad_tolerance(tolerance);
            let (column, message) = (case.fault)(last);
            let expected = format!("{}:{}:{column}: {message}", case.file, case.first_line + last);
            let error = place(&db.import(&options).unwrap_err());
            assert!(error.starts_with(&expected), "{}: {error}, and not {expected}", case.name);
            assert_eq!(db.query("MATCH (n) RETURN n", ()).unwrap().count(), 0);
        }
    }
}

#[test]
fn labels_and_types_of_bad_rows_are_not_made() {
    let files = Files::new();
    let nodes = files.add("n.csv", "i:ID,:LABEL,a:int\n1,Good,1\n2,Bad,x\n3,Good;Bad2,y\n");
    let links =
        files.add("r.csv", ":TYPE,:START_ID,:END_ID\nBAD,1,9\nGOOD,1,1\nBAD,1,9\nGOOD,9,1\n");
    let db = Database::in_memory();
    let options = ImportOptions::default()
        .nodes(NodeFiles::new([nodes]))
        .relationships(RelationshipFiles::new([links]))
        .bad_tolerance(100);
    let summary = db.import(&options).unwrap();
    assert_eq!((summary.nodes, summary.relationships, summary.bad_rows), (1, 1, 5));
    for (query, expected) in [
        ("CALL db.labels() YIELD label RETURN label", "Good"),
        ("CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType", "GOOD"),
    ] {
        let row = db.query(query, ()).unwrap().single().unwrap();
        assert_eq!(row.get::<String>(0).unwrap(), expected);
    }
}
