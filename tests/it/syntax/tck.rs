//! Every query of the compatibility kit that parses comes back from its own text.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use redstring::syntax::parse;

use crate::syntax::round_trip::assert_round_trip;

fn feature_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            feature_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "feature") {
            found.push(path);
        }
    }
}

/// The texts between `"""` lines.
fn doc_strings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        if line.trim() == "\"\"\"" {
            match open.take() {
                Some(query) => found.push(query),
                None => open = Some(String::new()),
            }
        } else if let Some(query) = &mut open {
            query.push_str(line.trim());
            query.push('\n');
        }
    }
    found
}

#[test]
fn queries_of_the_compatibility_kit_read_back() {
    let folder = std::env::var_os("REDSTRING_TCK")
        .map_or_else(|| PathBuf::from("../shared/tck/features"), PathBuf::from);
    if !folder.is_dir() {
        return;
    }
    let mut files = Vec::new();
    feature_files(&folder, &mut files);
    let (mut parsed, mut refused) = (0, 0);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        // Outlines have placeholders, `<x>`, which are no Cypher.
        for query in doc_strings(&text).iter().filter(|query| !query.contains('<')) {
            if parse(query).is_ok() {
                assert_round_trip(query);
                parsed += 1;
            } else {
                refused += 1;
            }
        }
    }
    assert!(refused * 20 < parsed, "{refused} queries were refused, {parsed} parsed");
}
