//! Golden scripts: queries with their expected plan, rows or error beside them.
//!
//! A file of `tests/golden` holds blocks. `> setup` runs the lines after it; `> query` runs them, and
//! what follows `----` up to the next block is what must come out, and under every treatment the same rows. With `UPDATE_GOLDEN=1` the files are
//! rewritten with what came out, to be reviewed as a diff.

use std::fs;
use std::path::{Path, PathBuf};

use redstring::{Database, Error, Options};

use crate::treatment::{TREATMENTS, Treated, Treatment};

#[test]
fn golden_scripts_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(!files.is_empty(), "no golden script under {}", root.display());
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1");
    let mut failures = String::new();
    for file in files {
        let expected = fs::read_to_string(&file).unwrap();
        let [first, others @ ..] = TREATMENTS else { panic!("there is no treatment") };
        let usual = run(&expected, first);
        for treatment in others {
            let treated = run(&expected, treatment);
            failures.push_str(&disagreement(&file, &usual, treatment, &treated));
        }
        let found = written(&usual);
        if found == expected {
            continue;
        }
        if update {
            fs::write(&file, found).unwrap();
        } else {
            failures.push_str(&difference(&file, &expected, &found));
        }
    }
    assert!(failures.is_empty(), "{failures}\nUPDATE_GOLDEN=1 rewrites the scripts");
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

/// Each block of the script with the outcome of its query.
fn run(script: &str, treatment: &'static Treatment) -> Vec<(Block, Option<Outcome>)> {
    // Scripts may load the files beside them.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let options = Options::default().import_folder(folder);
    let mut store = Treated::new(treatment, options).unwrap();
    let mut found = Vec::new();
    for block in blocks(script) {
        let mut outcome = None;
        if block.is_query {
            store.settle().unwrap();
            outcome = Some(ask(store.database().unwrap(), &block.query));
        } else if !block.query.is_empty() {
            store.database().unwrap().execute(&block.query, ()).unwrap();
        }
        found.push((block, outcome));
    }
    found
}

/// The script with what came out in the place of what is expected.
fn written(found: &[(Block, Option<Outcome>)]) -> String {
    let mut out = String::new();
    for (block, outcome) in found {
        out.push_str(&block.head);
        match outcome {
            None => continue,
            Some(Ok(rows)) => {
                out.push_str("----\n");
                rows.iter().for_each(|row| out.push_str(&format!("{row}\n")));
            }
            Some(Err(error)) => {
                out.push_str("----\n");
                out.push_str(&described(error, &block.query));
            }
        }
        out.push('\n');
    }
    out
}

/// Where a treatment gives other rows, whatever their order, or another error. Plans may differ.
fn disagreement(
    file: &Path,
    usual: &[(Block, Option<Outcome>)],
    treatment: &Treatment,
    treated: &[(Block, Option<Outcome>)],
) -> String {
    let mut text = String::new();
    for ((block, left), (_, right)) in usual.iter().zip(treated) {
        let (Some(left), Some(right)) = (left, right) else { continue };
        let (left, right) = (bag(left), bag(right));
        if left != right && !block.shows_a_plan() {
            text.push_str(&format!(
                "{}, {}:\n{}- {left:?}\n+ {right:?}\n",
                file.display(),
                treatment.name,
                block.query
            ));
        }
    }
    text
}

fn bag(outcome: &Outcome) -> Vec<String> {
    match outcome {
        Ok(rows) => {
            let mut rows = rows.clone();
            rows.sort();
            rows
        }
        Err(error) => vec![error.code()],
    }
}

/// Rows as lines of literals, or an error.
type Outcome = Result<Vec<String>, Error>;

struct Block {
    /// The text up to the expectation, as it stands in the file.
    head: String,
    query: String,
    is_query: bool,
}

impl Block {
    fn shows_a_plan(&self) -> bool {
        let query = self.query.to_ascii_uppercase();
        query.starts_with("EXPLAIN") || query.starts_with("PROFILE")
    }
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

fn ask(db: &Database, query: &str) -> Outcome {
    let explained = query.to_ascii_uppercase().starts_with("EXPLAIN");
    db.query(query, ())?
        .map(|row| {
            let row = row?;
            if explained {
                return row.get::<String>(0);
            }
            Ok(row.values().iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "))
        })
        .collect()
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
