//! What broken queries are told: code, message, place and way out, compared with a file.
//!
//! `UPDATE_GOLDEN=1 cargo test --test it` writes the file anew; review the difference.

use std::fmt::Write;
use std::fs;

use redstring::syntax::parse;

fn report(query: &str) -> String {
    let Err(error) = parse(query) else { panic!("{query} is no broken query") };
    let span = error.span().unwrap();
    let (line, column) = span.line_column(query);
    let (_, end) = redstring::Span::new(span.end, span.end).line_column(query);
    let mut text =
        format!("{query}\n  {line}:{column}-{end} {}: {}\n", error.code(), error.message());
    if let Some(help) = error.help_text() {
        writeln!(text, "  help: {help}").unwrap();
    }
    text
}

#[test]
fn broken_queries_are_explained() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/syntax/errors.txt");
    let golden = fs::read_to_string(path).unwrap();
    let queries = golden.lines().filter(|line| !line.is_empty() && !line.starts_with("  "));
    let reports: Vec<String> = queries.map(report).collect();
    assert!(reports.len() >= 60);
    let actual = reports.join("\n");
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
        fs::write(path, &actual).unwrap();
    }
    for (expected, actual) in golden.split("\n\n").zip(actual.split("\n\n")) {
        assert_eq!(actual.trim_end(), expected.trim_end());
    }
}
