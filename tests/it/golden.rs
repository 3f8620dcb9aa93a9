//! Golden scripts: queries with their expected plan, rows or error beside them.
//!
//! A file of `tests/golden` holds blocks. `> setup` runs the lines after it; `> query` runs them, and
//! what follows `----` up to the next block is what must come out. With `REDSTRING_BLESS=1` the files are
//! rewritten with what came out, to be reviewed as a diff.

use std::fs;
use std::path::{Path, PathBuf};

use redstring::{Database, Error};

#[test]
fn golden_scripts_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(!files.is_empty(), "no golden script under {}", root.display());
    let bless = std::env::var_os("REDSTRING_BLESS").is_some_and(|v| v == "1");
    let mut failures = String::new();
    for file in files {
        let expected = fs::read_to_string(&file).unwrap();
        let found = run(&expected);
        if found == expected {
            continue;
        }
        if bless {
            fs::write(&file, found).unwrap();
        } else {
            failures.push_str(&difference(&file, &expected, &found));
        }
    }
    assert!(failures.is_empty(), "{failures}\nREDSTRING_BLESS=1 rewrites the scripts");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "test") {
            files.push(path);
        }
    }
}

/// The script with what comes out in the place of what is expected.
fn run(script: &str) -> String {
    let db = Database::in_memory();
    let mut out = String::new();
    for block in blocks(script) {
        out.push_str(&block.head);
        if block.is_query {
            out.push_str("----\n");
            out.push_str(&outcome(&db, &block.query));
            out.push('\n');
        } else if !block.query.is_empty() {
            db.execute(&block.query, ()).unwrap();
        }
    }
    out
}

struct Block {
    /// The text up to the expectation, as it stands in the file.
    head: String,
    query: String,
    is_query: bool,
}

fn blocks(script: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut expectation = false;
    for line in script.lines() {
        if blocks.is_empty() || line == "> query" || line == "> setup" {
            let is_query = line == "> query";
            blocks.push(Block { head: String::new(), query: String::new(), is_query });
            expectation = false;
        }
        let Some(block) = blocks.last_mut() else { continue };
        if block.is_query && line == "----" {
            expectation = true;
        }
        if expectation {
            continue;
        }
        block.head.push_str(line);
        block.head.push('\n');
        if !line.starts_with('>') && !line.starts_with('#') && !line.is_empty() {
            block.query.push_str(line);
            block.query.push('\n');
        }
    }
    blocks
}

/// Rows as lines of literals, or the error with its place and help.
fn outcome(db: &Database, query: &str) -> String {
    let rows = db.query(query, ()).and_then(|rows| rows.collect::<Result<Vec<_>, _>>());
    match rows {
        Ok(rows) => {
            let explained = query.to_ascii_uppercase().starts_with("EXPLAIN");
            let line = |row: redstring::Row| {
                if explained {
                    return row.get::<String>(0).unwrap();
                }
                row.values().iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
            };
            rows.into_iter().map(|row| line(row) + "\n").collect()
        }
        Err(error) => described(&error, query),
    }
}

fn described(error: &Error, query: &str) -> String {
    let place = error.span().and_then(|span| query.get(span.start..span.end)).unwrap_or_default();
    let mut text = format!("{}: {}\n  at: {place}\n", error.code(), error.message());
    if let Some(help) = error.help_text() {
        text.push_str(&format!("  help: {help}\n"));
    }
    text
}

fn difference(file: &Path, expected: &str, found: &str) -> String {
    let mut text = format!("{}:\n", file.display());
    let (mut left, mut right) = (expected.lines(), found.lines());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return text,
            (a, b) if a == b => {}
            (a, b) => {
                text.push_str(&format!("- {}\n+ {}\n", a.unwrap_or("(end)"), b.unwrap_or("(end)")));
            }
        }
    }
}
