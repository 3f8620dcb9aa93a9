//! Names that look like something else: whatever they name, they go through every format and every store as they are.

use std::collections::BTreeSet;
use std::path::Path;

use redstring::interchange::{ExportOptions, FORMATS, ImportOptions};
use redstring::{Database, Value, params};

use crate::export::{run_script, schema};
use crate::export_script::run;
use crate::import::{Files, assert_sound, everything};

/// Nothing, blanks, and names with blanks around them.
const BLANK: &[&str] =
    &["", " ", " a", "a ", "\t", "\u{a0}a", "\u{3000}", "\u{200b}", "\u{feff}", "\u{feff}a"];
/// What means something to a format or to a language, alone or beside something else.
const PUNCTUATION: &[&str] = &[
    ":", "::", "a:b", ":a", "a:", ";", "a;b", ",", "a,b", "\"", "\"a\"", "a\"b", "'", "`", "``",
    "a``b", "`a`", "\\", "\\n", "a\\", "\\`", "\\:", "\\u0041", "[]", "[\"a\"]", "{", "}", "{}",
    "a{b:c}", "(", "a(b)", "#", "#c", "//", "/*", "=1+1", "-1", "@a", "|", "&", "&amp;", "&#65;",
    "<&>", "<!--", "]]>", "%", "$x", ".", "a.b", "/", "*", "->",
];
/// Line ends, controls, and what is no character.
const CONTROL: &[&str] = &[
    "\n",
    "\r",
    "\r\n",
    "a\nb",
    "a\rb",
    "a\n:commit\nb",
    "\u{0}",
    "a\u{0}b",
    "\u{1}",
    "\u{8}",
    "\u{b}",
    "\u{c}",
    "\u{1a}",
    "a\u{1a}",
    "\u{1b}[1m",
    "\u{7f}",
    "\u{85}",
    "a\u{85}b",
    "\u{2028}",
    "a\u{2028}b",
    "\u{2029}",
    "\u{e000}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{1ffff}",
    "\u{10ffff}",
];
/// What headers, exporters and other programs write themselves.
const OWN: &[&str] = &[
    ":ID",
    ":ID(node){id-type:long}",
    ":LABEL",
    ":LABEL{format:json}",
    ":TYPE",
    ":START_ID(node)",
    ":END_ID(node)",
    ":IGNORE",
    "x:IGNORE",
    "~id",
    "~ID",
    "~label",
    "~from",
    "~to",
    "id",
    "_id",
    "label",
    "labels",
    "labelV",
    "labelE",
    "type",
    "types",
    "start",
    "end",
    "properties",
    "key",
    "d0",
    "RELATED",
    "node",
    "nodes",
    "relationships",
    "name:INT",
    "x:string[]",
    "\"\":string{name:json}",
    "t:datetime{timezone:Europe/Vienna}",
    "x:int(set)",
    "element",
    "redstring:labels",
    "UNIQUE IMPORT LABEL",
    "UNIQUE IMPORT ID",
    "row",
    "$serde_json::private::Number",
    "$serde_json::private::RawValue",
];
/// Words, numbers, and names that are others in another case.
const WORDS: &[&str] = &[
    "null", "true", "NaN", "MATCH", "match", "NOT", "1", "007", "1e5", "a", "A", "ß", "ẞ", "SS",
    "ı", "İ", "I", "i",
];
/// One character or several, from right to left, of more than 16 bits.
const UNICODE: &[&str] =
    &["é", "e\u{301}", "\u{301}", "😀", "👩\u{200d}👧", "\u{202e}abc", "שלום", "名前", "ﬁ", "fi"];

/// All of them, in families.
fn families() -> Vec<Vec<String>> {
    let short = [BLANK, PUNCTUATION, CONTROL, OWN, WORDS, UNICODE];
    let short = short.iter().map(|names| names.iter().map(ToString::to_string).collect());
    let long = vec!["x".repeat(70_000), "é;\"`".repeat(20_000)];
    short.chain([long]).collect()
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// What makes a graph of a name: every kind of name there is, and keys of columns of every kind. `@` is the name.
const MAKE: &[&str] = &[
    "CREATE (:@ {@: 1})-[:@ {@: 1}]->(:A:@:`Z` {`a 1`: 1, @: 'x', `z 1`: 2})-[:R {`a 1`: 1, @: 'x', `z 1`: 2}]->()",
    "CREATE (:C {@: ['x', 'y']})-[:S {@: ['x']}]->(:D {@: date('2024-01-01')})-[:S {@: []}]->(:E {@: []})",
    "CREATE ({@: ':x'})-[:R]->({@: 1}), (:F {@: 1}), (:F {@: 'x'}), (:F {@: ['a;b']}), (:G {@: duration('P1D')}), (:H {@: [duration('P1D')]})",
    "CREATE INDEX @ FOR (n:@) ON (n.@)",
    "CREATE INDEX FOR ()-[r:@]-() ON (r.@, r.`b 1`)",
    "CREATE CONSTRAINT FOR (n:@) REQUIRE (n.@, n.`b 1`) IS UNIQUE",
];
/// The same as the first of these, by values in place of text.
const MAKE_BY_VALUE: &str = "CREATE (a:$($name))-[r:$($name)]->(b:A:$($name):Z {`a 1`: 1, `z 1`: 2})-[s:R {`a 1`: 1, `z 1`: 2}]->() \
     SET a[$name] = 1, r += $map, b[$name] = 'x', s[$name] = 'x'";

fn make(db: &Database, statements: &[&str], name: &str) {
    for statement in statements {
        let made = db.execute(&statement.replace('@', &quoted(name)), ());
        made.unwrap_or_else(|error| panic!("{name:?}: {statement}: {error}"));
    }
}

/// All that there is, with indexes and constraints.
fn all(db: &Database) -> BTreeSet<String> {
    everything(db).into_iter().chain(schema(db)).collect()
}

/// Exports in every format, and compares what comes back.
fn assert_comes_back(db: &Database, folder: &Path) {
    let expected = all(db);
    for format in FORMATS {
        let script = format.name == "cypher";
        let target = folder.join(if script { "graph.cypher" } else { format.name });
        let exported = db.export(&target, &ExportOptions::default().format(format));
        exported.unwrap_or_else(|error| panic!("{}: {error}", format.name));
        let copy = if script { run_script(&target) } else { Database::in_memory() };
        if !script {
            let imported = copy.import(&ImportOptions::default().graph(&target));
            imported.unwrap_or_else(|error| panic!("{}: {error}", format.name));
        }
        assert_sound(&copy);
        let found = all(&copy);
        let lost: Vec<&String> = expected.difference(&found).take(3).collect();
        assert!(found == expected, "{}: {lost:.300?}", format.name);
    }
}

#[test]
fn each_goes_through_every_format() {
    for names in families() {
        let db = Database::in_memory();
        names.iter().for_each(|name| make(&db, MAKE, name));
        assert_comes_back(&db, &Files::new().path(""));
    }
}

#[test]
fn each_is_the_same_as_text_and_as_value() {
    for name in families().concat() {
        let by_text = Database::in_memory();
        make(&by_text, &MAKE[..1], &name);
        let by_value = Database::in_memory();
        let map = Value::map([(name.as_str().into(), 1.into())].into_iter().collect());
        let given = params! {"name" => name.as_str(), "map" => map};
        match by_value.execute(MAKE_BY_VALUE, given) {
            Ok(_) => assert!(everything(&by_value) == everything(&by_text), "{name:.99?}"),
            // Text that is empty is more likely a slip than a name.
            Err(error) => {
                assert_eq!(name, "", "{error}");
                assert!(error.message().starts_with("'' does not name a label"), "{error}");
            }
        }
    }
}

#[test]
fn all_of_them_have_room_in_one_node() {
    let names = families().concat();
    let files = Files::new();
    let (store, made) = (files.path("store"), files.path("made"));
    let db = Database::open(&store).unwrap();
    let labels: String = names.iter().map(|name| format!(":{}", quoted(name))).collect();
    let entries: Vec<_> = names.iter().map(|name| format!("{}: 1", quoted(name))).collect();
    let map = entries.join(", ");
    db.execute(&format!("CREATE (a{labels} {{{map}}})-[:R {{{map}}}]->(a)"), ()).unwrap();
    let expected = everything(&db);
    drop(db);
    let db = Database::open(&store).unwrap();
    db.checkpoint().unwrap();
    assert!(everything(&db) == expected);
    assert_comes_back(&db, &files.path(""));
    let (well, said) = run(&made, &files.path("graph.cypher"));
    assert!(well, "{said}");
    assert!(everything(&Database::open(&made).unwrap()) == expected);
}
