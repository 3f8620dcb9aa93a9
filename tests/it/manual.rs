//! Pages of the manual that are made from the tables of functions, procedures and features:
//! `docs/language/functions.md` and `docs/COMPAT.md`. With `UPDATE_GOLDEN=1` they are written anew, to be
//! reviewed as a diff.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use redstring::function::Registry;
use redstring::{Database, ErrorClass};

mod features;

use features::{FEATURES, OTHER_FUNCTIONS};

#[test]
fn the_page_of_functions_is_that_of_the_tables() {
    check("docs/language/functions.md", &functions());
}

#[test]
fn the_page_of_what_is_supported_is_true() {
    check("docs/COMPAT.md", &compat());
}

fn check(path: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if fs::read_to_string(&file).is_ok_and(|known| known == made) {
        return;
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
        fs::write(&file, made).unwrap();
    } else {
        panic!("{path} is stale; UPDATE_GOLDEN=1 writes it anew");
    }
}

fn functions() -> String {
    let registry = Registry::new();
    let mut page = "# Functions\n\n\
        Made from the tables of functions. Names are compared without regard to case; a `?` marks an argument \
        that may be left out, `...` one that may repeat. A null argument makes the result null unless it says \
        otherwise. Every example runs as a test.\n"
        .to_owned();
    let mut title = "";
    for (group, functions) in registry.groups() {
        if *group != title {
            title = group;
            write!(page, "\n## {title}\n").unwrap();
        }
        for f in *functions {
            let (call, result) = f.example;
            entry(&mut page, f.name, f.aliases, f.signatures, f.doc);
            write!(page, "\n`{call}` is `{result}`.\n").unwrap();
        }
    }
    page.push_str(
        "\n## Aggregates\n\nThey leave nulls out, and take DISTINCT before their argument.\n",
    );
    for f in registry.aggregates() {
        let (query, result) = f.example;
        entry(&mut page, f.name, f.aliases, f.signatures, f.doc);
        write!(page, "\n`{query}` gives `{result}`.\n").unwrap();
    }
    page
}

fn entry(page: &mut String, name: &str, aliases: &[&str], signatures: &[&str], doc: &str) {
    write!(page, "\n### {name}\n\n").unwrap();
    for signature in signatures {
        writeln!(page, "    {signature}").unwrap();
    }
    write!(page, "\n{doc}").unwrap();
    if !aliases.is_empty() {
        write!(page, " Also called {}.", quoted(aliases)).unwrap();
    }
    page.push('\n');
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn compat() -> String {
    let registry = Registry::new();
    let mut page = "# What is supported\n\n\
        Made from the tables of functions, procedures and features by a test that runs the query of each \
        feature: *yes* where it runs, *no* where its spelling is unknown, an error's code where it is known and \
        refused.\n\n"
        .to_owned();
    let figure = include_str!("../tck_figure.txt").trim();
    writeln!(
        page,
        "Of the openCypher Technology Compatibility Kit, {figure} scenarios pass: columns, rows, \
        order, side effects, and of errors class, phase and detail."
    )
    .unwrap();
    for (group, features) in FEATURES {
        write!(page, "\n## {group}\n\n| feature | from | example | here |\n|---|---|---|---|\n")
            .unwrap();
        for (spelling, from, query) in *features {
            let cell = |text: &str| text.replace('|', "\\|");
            let here = support(query);
            writeln!(page, "| {} | {from} | `{}` | {here} |", cell(spelling), cell(query)).unwrap();
        }
    }
    let names = |names: &mut dyn Iterator<Item = &'static str>| quoted(&names.collect::<Vec<_>>());
    page.push_str(
        "\n## Functions\n\nThey are described in [functions](language/functions.md).\n\n",
    );
    writeln!(page, "- Scalar: {}.", names(&mut registry.scalars().map(|f| f.name))).unwrap();
    writeln!(page, "- Aggregates: {}.", names(&mut registry.aggregates().map(|f| f.name))).unwrap();
    page.push_str("\nOf the functions of the Cypher manual these are not there:\n\n");
    for (name, why) in OTHER_FUNCTIONS {
        if registry.scalar(name).is_none() {
            writeln!(page, "- `{name}`. {why}").unwrap();
        }
    }
    page.push_str("\n## Procedures\n\n| signature | |\n|---|---|\n");
    for procedure in registry.procedures() {
        writeln!(page, "| `{}` | {} |", procedure.0.signature(), procedure.0.doc()).unwrap();
    }
    page
}

/// What becomes of a query on a small graph.
fn support(query: &str) -> String {
    let db = Database::in_memory();
    let graph = "CREATE (a:Person {name: 'Ada', age: 36})-[:KNOWS {since: 2001}]->(:Person {name: 'Grace', age: 85}), \
                 (a)-[:KNOWS {since: 1999}]->(:Person {name: 'Alan', age: 41})";
    db.execute(graph, ()).unwrap();
    match db.execute(query, ()) {
        Ok(_) => "yes".to_owned(),
        Err(error) if error.class() == ErrorClass::SyntaxError => "no".to_owned(),
        Err(error) => {
            assert_ne!(error.class(), ErrorClass::InternalError, "{query}: {error}");
            format!("`{}`", error.code())
        }
    }
}
