//! The rows of CSV files: one table of cases, which `import` and LOAD CSV read alike.

use std::fs;
use std::io::Write;

use redstring::interchange::{ImportOptions, NodeFiles, RelationshipFiles};
use redstring::{Database, Error, Options, Value};

use crate::import::{Files, place, rows};

type Row = Vec<Option<String>>;

const ENDS: [&str; 3] = ["\n", "\r\n", "\r"];
const HEADER: &str = "a:string,b:string";

fn read(db: &Database, query: &str) -> Result<Vec<Row>, Error> {
    let text = |value: &Value| value.as_str().map(String::from);
    db.query(query, ())?.map(|row| Ok(row?.values().iter().map(text).collect())).collect()
}

/// The rows behind the header that an import reads.
fn imported(content: &[u8]) -> Result<Vec<Row>, Error> {
    let files = Files::new();
    let db = Database::in_memory();
    db.import(&ImportOptions::default().nodes(NodeFiles::new([files.add("t.csv", content)])))?;
    read(&db, "MATCH (n) RETURN n.a, n.b ORDER BY id(n)")
}

/// The rows behind the header that LOAD CSV reads.
fn loaded(content: &[u8]) -> Result<Vec<Row>, Error> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), content).unwrap();
    let db = Database::in_memory_with(Options::default().import_folder(folder.path()));
    let query = "LOAD CSV WITH HEADERS FROM 't.csv' AS row RETURN row['a:string'], row['b:string']";
    read(&db, query)
}

fn expected(rows: &[[Option<&str>; 2]]) -> Vec<Row> {
    rows.iter().map(|row| row.map(|field| field.map(String::from)).to_vec()).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

fn zstandard(content: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
}

/// As two members of one file.
fn members(content: &[u8], pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (one, other) = content.split_at(content.len() / 2);
    [pack(one), pack(other)].concat()
}

#[test]
fn rows_are_the_same_whatever_ends_them() {
    for (at, end) in ENDS.iter().enumerate() {
        for (header_end, within) in ENDS.iter().zip(ENDS.iter().cycle().skip(at)) {
            for last in ["", *end] {
                let lines = [
                    format!("1,\"x{within}y\""),
                    String::new(),
                    "2,".into(),
                    "\"\",\"a\"\"b,\"".into(),
                    "p\"q,n\0n".into(),
                    String::new(),
                    "é,z".into(),
                ];
                let content = format!("{header_end}{HEADER}{header_end}{}{last}", lines.join(end));
                let within = format!("x{within}y");
                let expected = expected(&[
                    [Some("1"), Some(&within)],
                    [Some("2"), None],
                    [Some(""), Some("a\"b,")],
                    [Some("p\"q"), Some("n\0n")],
                    [Some("é"), Some("z")],
                ]);
                let marked = [b"\xef\xbb\xbf", content.as_bytes()].concat();
                for content in [
                    content.as_bytes().to_vec(),
                    members(&marked, gzip),
                    members(&marked, zstandard),
                    marked,
                ] {
                    let what = String::from_utf8_lossy(&content).into_owned();
                    assert_eq!(imported(&content).unwrap(), expected, "import of {what:?}");
                    assert_eq!(loaded(&content).unwrap(), expected, "LOAD CSV of {what:?}");
                }
            }
        }
    }
}

#[test]
fn what_is_behind_the_header_is_read_or_refused() {
    // What is wrong, and the line where it begins, or the rows.
    type Found<'a> = Result<&'a [[Option<&'a str>; 2]], (u32, &'a str)>;
    let one = [[Some("1"), Some("2")]];
    let two = [[Some("1"), Some("2")], [Some("3"), Some("4")]];
    let cases: &[(&[u8], Found)] = &[
        (b"", Ok(&[])),
        (b"\n", Ok(&[])),
        (b"\r", Ok(&[])),
        (b"\r\n\r\n\n\r", Ok(&[])),
        (b"\n1,2\r3,4\r\n", Ok(&two)),
        (b"\r1,2\n\r3,4", Ok(&two)),
        (b"\r\n1,2\r\r\n3,4\n\n", Ok(&two)),
        (b"\r1,\"2\"\r", Ok(&one)),
        (b"\n\"1\",\"2\"", Ok(&one)),
        (b"\n1,\"\r\"\n", Ok(&[[Some("1"), Some("\r")]])),
        (b"\r1,\"\r\n\"", Ok(&[[Some("1"), Some("\r\n")]])),
        (b"\n1, \"2\"\n", Ok(&[[Some("1"), Some(" \"2\"")]])),
        (b"\n1,2\n3,\"x\n4,5\n", Err((3, "a quote is never closed"))),
        (b"\r1,2\r3,\"x\r4,5\r", Err((3, "a quote is never closed"))),
        (b"\r\n1,\"p\r\nq\"\r\n2,\"x", Err((4, "a quote is never closed"))),
        (b"\r\"p\rq\",\"x\r", Err((3, "a quote is never closed"))),
        (b"\n1,2\n3,\"4\"5\n", Err((3, "quote"))),
        (b"\r1,2\r3,\"4\"5\r", Err((3, "quote"))),
        (b"\n1,2\n3,\xff\n", Err((3, "the text is not UTF-8"))),
        (b"\r1,2\r3,\"\r\xc3\"\r", Err((3, "the text is not UTF-8"))),
    ];
    for (content, found) in cases {
        let content = [HEADER.as_bytes(), content].concat();
        let what = String::from_utf8_lossy(&content);
        match found {
            Ok(found) => {
                assert_eq!(imported(&content).unwrap(), expected(found), "import of {what:?}");
                assert_eq!(loaded(&content).unwrap(), expected(found), "LOAD CSV of {what:?}");
            }
            Err((line, wrong)) => {
                let import = imported(&content).unwrap_err();
                assert!(
                    place(&import).starts_with(&format!("t.csv:{line}:")),
                    "{what:?}: {import}"
                );
                assert!(import.message().contains(wrong), "{what:?}: {import}");
                let load = loaded(&content).unwrap_err();
                assert!(load.message().starts_with(&format!("line {line} ")), "{what:?}: {load}");
                assert!(load.message().contains(wrong), "{what:?}: {load}");
            }
        }
    }
    let utf_16 = |bytes: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    for (content, what) in [
        (utf_16(u16::to_le_bytes, "\u{feff}a:string\n1\n"), "UTF-16"),
        (utf_16(u16::to_be_bytes, "\u{feff}a:string\n1\n"), "UTF-16"),
        (utf_16(u16::to_le_bytes, "a:string\n1\n"), "UTF-16"),
        (b"PK\x03\x04rest".to_vec(), "zip"),
        (b"\xfd7zXZ\0rest".to_vec(), "xz"),
        (gzip(b"a:string\n1\n")[..20].to_vec(), ""),
    ] {
        for error in [imported(&content).unwrap_err(), loaded(&content).unwrap_err()] {
            assert!(error.code().ends_with(".InvalidFile"), "{error}");
            assert!(error.message().contains(what), "{error}");
        }
    }
    for content in [&b""[..], b"\xef\xbb\xbf", b"\n\r\n", &gzip(b"")] {
        let error = imported(content).unwrap_err();
        assert_eq!(place(&error), "t.csv:1: the file is empty: it has no header");
        assert_eq!(loaded(content).unwrap(), Vec::<Row>::new());
    }
    let error = imported(format!("{HEADER}\n1,2,\n").as_bytes()).unwrap_err();
    assert_eq!(place(&error), "t.csv:2:1: the row has 3 fields, its header 2");
}

#[test]
fn line_ends_at_the_border_of_a_block_are_whole() {
    type Rows<'a> = &'a [[Option<&'a str>; 2]];
    const BLOCK: usize = 4 << 20;
    // What stands around the border, and the rows of it.
    let cases: [(&str, &str, Rows); 6] = [
        ("1,2\r", "\n3,4\r\n", &[[Some("1"), Some("2")], [Some("3"), Some("4")]]),
        ("1,2\r", "3,4\r", &[[Some("1"), Some("2")], [Some("3"), Some("4")]]),
        ("1,2\r", "", &[[Some("1"), Some("2")]]),
        ("1,2\n", "\r3,4", &[[Some("1"), Some("2")], [Some("3"), Some("4")]]),
        ("1,\"2\r", "\n\"\r\n", &[[Some("1"), Some("2\r\n")]]),
        ("1,\"2\"\r", "\r\n\"3\",4", &[[Some("1"), Some("2")], [Some("3"), Some("4")]]),
    ];
    let filling = "filling,the block up to its border\n";
    for (before, behind, found) in cases {
        let mut content = format!("{HEADER}\n");
        let room = BLOCK - content.len() - before.len();
        content.push_str(&filling.repeat(room / filling.len() - 1));
        let rest = BLOCK - content.len() - before.len();
        content.push_str(&format!("last,{}\n", "x".repeat(rest - 6)));
        content.push_str(before);
        assert_eq!(content.len(), BLOCK);
        content.push_str(behind);
        for rows in [imported(content.as_bytes()).unwrap(), loaded(content.as_bytes()).unwrap()] {
            assert_eq!(rows.len(), room / filling.len() + found.len(), "{before:?} {behind:?}");
            assert_eq!(rows[rows.len() - found.len()..], expected(found), "{before:?} {behind:?}");
        }
    }
}

#[test]
fn nothing_behind_an_open_quote_is_passed_over() {
    let files = Files::new();
    let nodes = files.add("t.csv", "a:ID,b\n1,2\nbad\n2,\"x\n3,4\n");
    let options = ImportOptions::default().nodes(NodeFiles::new([nodes])).bad_tolerance(1000);
    let error = Database::in_memory().import(&options).unwrap_err();
    assert_eq!(place(&error), "t.csv:4:3: a quote is never closed");
}

#[test]
fn a_later_header_is_never_data() {
    let plain = "id,name,age\n1,Ada,36\n";
    let typed = "id:ID,name,age:int\n1,Ada,36\n";
    let texts = "id,name\na,Ada\n";
    // The first file, the later one, whether `--id` names the identifiers, and the names, or what is wrong.
    let cases = [
        (plain, "id,name,age\r\n2,Bob,7\n", true, Ok(2)),
        (plain, "\u{feff}\"id\",\"name\", age\n2,Bob,7\n", true, Ok(2)),
        (plain, "\nage,id,name\n7,2,Bob", true, Ok(2)),
        (plain, "2,Bob,7\n3,Eve,8", true, Ok(3)),
        (plain, "id,name,age", true, Ok(1)),
        (plain, "", true, Ok(1)),
        (plain, "id,name,city\n2,Bob,Graz\n", true, Err("other columns")),
        (plain, "id,name\n2,Bob\n", true, Err("other columns")),
        (plain, "id,name,age,city\n2,Bob,7,Graz\n", true, Err("other columns")),
        (plain, "ID,NAME,AGE\n2,Bob,7\n", true, Err("other columns")),
        (plain, "person,town,years\n2,Bob,7\n", true, Err("not clear")),
        (typed, "2,Bob,7\n", false, Ok(2)),
        (typed, "age:int,name,id:ID\n7,Bob,2\n", false, Ok(2)),
        (typed, "b,Bob,\n", false, Ok(2)),
        (typed, "id:ID,name,city\n2,Bob,Graz\n", false, Err("other columns")),
        (typed, "person:ID,age:int\n2,7\n", false, Err("other columns")),
        (texts, "name,id\nBob,b\n", true, Ok(2)),
        (texts, "person,town\nb,Graz\n", true, Err("not clear")),
        (texts, "b,Bob\n", true, Err("not clear")),
        (texts, "2,Bob\n", true, Ok(2)),
    ];
    for (first, later, mapped, found) in cases {
        let files = Files::new();
        let nodes = NodeFiles::new([files.add("a.csv", first), files.add("b.csv", later)]);
        let nodes = if mapped { nodes.label("N").id("id") } else { nodes };
        let db = Database::in_memory();
        match (db.import(&ImportOptions::default().nodes(nodes)), found) {
            (Ok(summary), Ok(count)) => {
                assert_eq!(summary.nodes, count, "{later}");
                let names = rows(&db, "MATCH (n) RETURN n.name ORDER BY n.name");
                assert_eq!(names, ["'Ada'", "'Bob'", "'Eve'"][..count as usize], "{later}");
            }
            (Err(error), Err(what)) => {
                assert!(place(&error).starts_with("b.csv:1: "), "{error}");
                assert!(error.message().contains(what), "{error}");
            }
            (summary, found) => panic!("{later} gives {summary:?}, and not {found:?}"),
        }
    }
    let files = Files::new();
    let nodes = NodeFiles::new([files.add("n.csv", "id\n1\n2\n")]).label("N").id("id");
    let links = [
        files.add("r.csv", "from,to,since\n1,2,2020\n"),
        files.add("s.csv", "since,to,from\n2021,1,2\n"),
    ];
    let links = RelationshipFiles::new(links).relationship_type("R").from("from").to("to");
    let db = Database::in_memory();
    db.import(&ImportOptions::default().nodes(nodes).relationships(links)).unwrap();
    let found = rows(&db, "MATCH (a)-[r]->(b) RETURN a.id, b.id, r.since ORDER BY r.since");
    assert_eq!(found, ["1 | 2 | 2020", "2 | 1 | 2021"]);
}

#[test]
fn comments_and_a_last_ctrl_z_are_passed_over_where_an_option_says_so() {
    let table = "# made, \"by hand\r\n#\nid,x\r\n#1,0\r1,\"#\"\n2,#\n#\x1a\n3,z\n\x1a\r\n";
    let files = Files::new();
    let nodes = || NodeFiles::new([files.add("t.csv", table)]).label("N").id("id");
    let options = || ImportOptions::default().nodes(nodes());
    let db = Database::in_memory();
    db.import(&options().comment(b'#').ctrl_z(true)).unwrap();
    let found = rows(&db, "MATCH (n) RETURN n.id, n.x ORDER BY n.id");
    assert_eq!(found, ["1 | '#'", "2 | '#'", "3 | 'z'"]);
    let error = Database::in_memory().import(&options().comment(b'#')).unwrap_err();
    assert_eq!(place(&error), "t.csv:9:1: the row has 1 fields, its header 2");
    assert!(Database::in_memory().import(&options().ctrl_z(true)).is_err());
    for comment in *b",\"\n\r" {
        let error = Database::in_memory().import(&options().comment(comment)).unwrap_err();
        assert_eq!(error.code(), "UsageError.InvalidArgumentValue");
    }
}
