//! The documentation runs: every `cypher` block of `docs/`, with the `text` block after it as its result.
//!
//! The blocks of a file run in order on one database in memory. With `UPDATE_GOLDEN=1` the results are written
//! anew, to be reviewed as a diff.

use std::fs;
use std::path::{Path, PathBuf};

use redstring::output::{Format, WriteError};
use redstring::syntax::token::split;
use redstring::{Database, Error, Options};

#[test]
fn the_examples_of_the_documentation_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1");
    let mut failures = String::new();
    for file in files {
        let expected = fs::read_to_string(&file).unwrap();
        let found = run(&expected);
        if found == expected {
            continue;
        }
        // Only what differs: another test makes some of the pages.
        if update {
            fs::write(&file, &found).unwrap();
        } else {
            let lines = expected.lines().zip(found.lines()).enumerate();
            let (at, (left, right)) = lines
                .filter(|(_, (left, right))| left != right)
                .map(|(at, pair)| (at + 1, pair))
                .next()
                .unwrap_or((0, ("", "more or fewer lines")));
            failures.push_str(&format!("{}:{at}:\n- {left}\n+ {right}\n", file.display()));
        }
    }
    assert!(failures.is_empty(), "{failures}UPDATE_GOLDEN=1 rewrites the results");
}

#[test]
fn a_wrong_result_is_seen() {
    let page = "```cypher\nRETURN 1 AS one;\n```\n\n```text\nnothing\n```\n";
    let found = run(page);
    assert_ne!(found, page);
    assert_eq!(run(&found), found);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}

/// The page with what comes out in the place of what is expected.
fn run(page: &str) -> String {
    // Pages may load the files beside them.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language");
    let db = Database::in_memory_with(Options::default().import_folder(folder));
    let mut out = String::new();
    let mut last: Option<String> = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(language) = line.strip_prefix("```") else {
            if !line.is_empty() {
                must_succeed(&mut last);
            }
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let body = body.iter().map(|line| format!("{line}\n")).collect::<String>();
        match language {
            "cypher" => {
                must_succeed(&mut last);
                last = Some(execute(&db, &body));
                out.push_str(&body);
            }
            "text" => out.push_str(last.take().as_deref().unwrap_or(&body)),
            _ => out.push_str(&body),
        }
        out.push_str("```\n");
    }
    must_succeed(&mut last);
    out
}

/// A block whose result nobody reads must have run.
fn must_succeed(last: &mut Option<String>) {
    if let Some(result) = last.take() {
        assert!(!result.contains("error["), "{result}");
    }
}

/// What the statements of a block print: the last one's rows, or the first error.
fn execute(db: &Database, block: &str) -> String {
    let mut result = String::new();
    for span in split(block) {
        match execute_one(db, &block[span.start..span.end]) {
            Ok(text) => result = text,
            Err(error) => return describe(&error),
        }
    }
    result
}

fn execute_one(db: &Database, statement: &str) -> Result<String, Error> {
    let mut out = Vec::new();
    let format = Format::by_name("table").unwrap();
    match format.write(&mut db.query(statement, ())?, &mut out) {
        Ok(_) => Ok(String::from_utf8(out).unwrap()),
        Err(WriteError::Query(error)) => Err(error),
        Err(WriteError::Output(error)) => panic!("{error}"),
    }
}

fn describe(error: &Error) -> String {
    let help = error.help_text().map(|help| format!("help: {help}\n")).unwrap_or_default();
    format!("error[{}]: {}\n{help}", error.code(), error.message())
}
