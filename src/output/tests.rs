//! Each format on the same rows.

use super::*;
use crate::value::Value;

fn render(format: &str) -> String {
    let columns: Vec<Arc<str>> = vec!["name".into(), "n".into()];
    let rows = [
        [Value::String("a,\"b\"\n|".into()), Value::Integer(1)],
        [Value::String("\u{1b}[31m".into()), Value::Null],
    ];
    let mut out = Vec::new();
    let mut renderer = (Format::by_name(format).unwrap().make)();
    renderer.begin(&columns, &mut out).unwrap();
    for row in &rows {
        renderer.row(row, &mut out).unwrap();
    }
    renderer.end(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn each_format_writes_its_own_text() {
    let cases = [
        ("csv", "name,n\n\"a,\"\"b\"\"\n|\",1\n\u{1b}[31m,\n"),
        (
            "jsonl",
            "{\"name\":\"a,\\\"b\\\"\\n|\",\"n\":1}\n{\"name\":\"\\u001b[31m\",\"n\":null}\n",
        ),
        (
            "json",
            "[\n {\"name\":\"a,\\\"b\\\"\\n|\",\"n\":1},\n {\"name\":\"\\u001b[31m\",\"n\":null}\n]\n",
        ),
        (
            "markdown",
            "| name | n |\n| --- | --- |\n| a,\"b\"\\n\\| | 1 |\n| \\u001b[31m | null |\n",
        ),
        ("line", "name = a,\"b\"\\n|\n   n = 1\n\nname = \\u001b[31m\n   n = null\n"),
        (
            "table",
            "┌────────────┬──────┐\n\
             │ name       ┆    n │\n\
             ╞════════════╪══════╡\n\
             │ a,\"b\"\\n|   ┆    1 │\n\
             │ \\u001b[31m ┆ null │\n\
             └────────────┴──────┘\n",
        ),
    ];
    for (format, expected) in cases {
        assert_eq!(render(format), expected, "{format}");
    }
}

#[test]
fn names_and_aliases_are_distinct() {
    let mut names: Vec<&str> =
        FORMATS.iter().flat_map(|f| f.aliases.iter().copied().chain([f.name])).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(Format::by_name("nothing").is_none());
}

#[test]
fn points_in_time_are_bare_text_in_json() {
    let mut out = Vec::new();
    let mut renderer = (Format::by_name("jsonl").unwrap().make)();
    let date = Value::Date("2020-01-31".parse().unwrap());
    renderer.begin(&["d".into()], &mut out).unwrap();
    renderer.row(&[date], &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "{\"d\":\"2020-01-31\"}\n");
}
