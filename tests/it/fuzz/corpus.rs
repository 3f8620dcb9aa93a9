//! What the fuzzers begin with: queries, stored bytes, a dictionary.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redstring::Value;
use redstring::function::Registry;
use redstring::graph::{Graph, GraphOptions, STORED};
use redstring::storage::memory;
use redstring::syntax::keyword::KEYWORDS;
use redstring::syntax::split;

/// Fills the folders of `fuzz/corpus` and writes `fuzz/cypher.dict`.
#[test]
#[ignore = "writes files, for the fuzzers only: see fuzz/README.md"]
fn write_corpus() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let write = |target: &str, seeds: &[Vec<u8>]| {
        let folder = fuzz.join("corpus").join(target);
        fs::create_dir_all(&folder).unwrap();
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:05}")), seed).unwrap();
        }
        println!("{target}: {} seeds", seeds.len());
    };
    let mut texts = scripts();
    texts.extend(scenarios());
    texts.retain(|text| text.len() <= 4096);
    let texts: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    for target in ["parse", "bind", "evaluate", "shell"] {
        write(target, &texts);
    }
    write("generate", &(0..256).map(choices).collect::<Vec<_>>());
    write("stored", &stored().unwrap());
    fs::write(fuzz.join("cypher.dict"), dictionary()).unwrap();
}

/// The project's own scripts, cut into statements; whatever is no statement is a seed as well.
fn scripts() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in ["fuzz/seeds", "tests/golden", "examples", "docs"] {
        for text in texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
            found.extend(split(&text).iter().map(|at| text[at.start..at.end].to_owned()));
        }
    }
    found
}

/// The queries of the TCK, in the folder that REDSTRING_TCK names or beside the project, where there is one.
fn scenarios() -> Vec<String> {
    let folder = std::env::var_os("REDSTRING_TCK").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tck/features");
    let queries = |text: &String| -> Vec<String> {
        text.split("\"\"\"").skip(1).step_by(2).map(|query| query.trim().to_owned()).collect()
    };
    texts(&folder.unwrap_or_else(beside)).iter().flat_map(queries).collect()
}

/// The texts in a folder and those below it; none where there is no folder.
fn texts(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let text = |path: PathBuf| match path.is_dir() {
        true => texts(&path),
        false => vec![String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()],
    };
    paths.into_iter().flat_map(text).collect()
}

/// Bytes that make a statement.
pub fn choices(number: u32) -> Vec<u8> {
    (0..64u32).map(|at| (number * 151 + at * at * 31 + at * number) as u8).collect()
}

/// What a store writes: the records of a graph with every type of property, and payloads without their headers.
pub fn stored() -> redstring::Result<Vec<Vec<u8>>> {
    let opened = memory::open();
    let options = GraphOptions::default();
    let graph = Graph::open(Arc::clone(&opened.bytes), Arc::clone(&opened.segments), options)?;
    for round in 0..3 {
        let mut transaction = graph.begin()?;
        let label = transaction.label("Person")?;
        let kind = transaction.relationship_type("KNOWS")?;
        let mut before = None;
        for number in 0..20i64 {
            let mut properties = Vec::new();
            for (key, value) in [
                ("integer", Value::Integer(number << round)),
                ("float", Value::Float(number as f64 / 3.0)),
                ("text", Value::string("text")),
                ("flag", Value::Boolean(number % 2 == 0)),
                ("list", Value::List(Arc::new(vec![Value::Integer(number), Value::Integer(-1)]))),
            ] {
                if number % 3 > 0 || key == "integer" {
                    properties.push((transaction.key(key)?, value));
                }
            }
            properties.sort_by_key(|(key, _)| *key);
            let node = transaction.create_node(&[label], properties)?;
            if let Some(before) = before {
                transaction.create_relationship(kind, before, node, Vec::new())?;
            }
            before = Some(node);
        }
        transaction.commit()?;
        if round == 1 {
            graph.checkpoint()?;
        }
    }
    let mut records = Vec::new();
    opened.bytes.scan(&[], None, &mut |_, record| {
        // A commit's header takes 37 bytes, and its changes follow.
        records.extend(record.get(37..).map(<[u8]>::to_vec));
        records.push(record.to_vec());
        Ok(true)
    })?;
    for name in opened.segments.list()? {
        let file = opened.segments.open(&name)?;
        let bytes = file.read_at(0, file.len() as usize)?;
        records.extend(bytes.get(12..).map(<[u8]>::to_vec));
    }
    // Each of them read in each way.
    let read_as = |record: &Vec<u8>| -> Vec<Vec<u8>> {
        (0..STORED.len() as u8).map(|format| [&[format], &record[..]].concat()).collect()
    };
    Ok(records.iter().flat_map(read_as).collect())
}

/// Words and signs, as libFuzzer reads them.
fn dictionary() -> String {
    let mut words: BTreeSet<String> = KEYWORDS.iter().map(|k| format!("{} ", k.word)).collect();
    let registry = Registry::default();
    words.extend(registry.scalars().map(|f| format!("{}(", f.name)));
    words.extend(registry.aggregates().map(|f| format!("{}(", f.name)));
    words.extend(registry.procedures().map(|p| format!("{}(", p.0.signature().name)));
    words.extend(
        [
            "->",
            "<-",
            "-[",
            "]-",
            "--",
            "-->",
            "()",
            "<>",
            "<=",
            ">=",
            "+=",
            "=~",
            "..",
            "*1..2",
            "::",
            "||",
            "/*",
            "*/",
            "//",
            "''",
            "``",
            "$p",
            "{1,2}",
            "0x1F",
            "1e3",
            ".5",
            "\\u0041",
            "AS x ",
            "RETURN 1 ",
            "MATCH (n) ",
        ]
        .map(str::to_owned),
    );
    let mut text = String::new();
    for word in words {
        let _ = writeln!(text, "\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""));
    }
    text
}
