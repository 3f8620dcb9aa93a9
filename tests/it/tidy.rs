//! What the compiler does not check: the module DAG, file sizes, module documentation.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The module DAG, bottom first: a module may import `error`, `meter` and what its entry names, all of
/// which stand above it here. A new edge is a change of this table.
const LAYERS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("meter", &[]),
    ("value", &[]),
    ("input", &[]),
    ("syntax", &[]),
    ("storage", &[]),
    ("graph", &["value", "storage"]),
    ("function", &["value", "graph"]),
    ("bound", &["value", "function"]),
    ("binder", &["value", "syntax", "function", "bound"]),
    ("plan", &["value", "function", "bound"]),
    ("planner", &["value", "bound", "plan"]),
    ("optimizer", &["value", "function", "bound", "plan", "graph"]),
    ("executor", &["value", "input", "function", "bound", "plan", "graph"]),
    ("result", ALL_ABOVE),
    ("session", ALL_ABOVE),
    ("database", ALL_ABOVE),
    ("interchange", &["value", "input", "database", "result"]),
    ("output", &["value", "result"]),
    ("shell", &["syntax", "value", "result", "session", "database", "interchange", "output"]),
];

/// Everything that stands above the entry.
const ALL_ABOVE: &[&str] = &["*"];

/// Files that see every layer: the façade and the command.
const ABOVE_ALL: &[&str] = &["lib", "main"];

/// What `shell` may name of `syntax`: the tokens alone.
const SHELL_SYNTAX: &str = "syntax::token";

/// Only this module names pest, and only this one sled.
const SOLE_USERS: &[(&str, &str)] =
    &[("pest", "syntax"), ("pest_derive", "syntax"), ("sled", "storage"), ("redb", "storage")];

const MAX_LINES: usize = 800;

/// Tables may be as long as they need to be.
const LONG_TABLES: &[&str] = &[];

/// A source file: its path below `src`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The root module it belongs to.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or("");
        first.trim_end_matches(".rs")
    }

    /// The lines that are code, with their numbers: no comments, no trailing test module.
    fn code(&self) -> Vec<(usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines
            .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(at, line)| (at, line.split(" // ").next().unwrap_or(line)))
            .collect()
    }

    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }
}

fn sources() -> Vec<Source> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let read = |file: &PathBuf| Source {
        path: file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"),
        text: fs::read_to_string(file).unwrap(),
    };
    files.iter().map(read).collect()
}

/// The identifier paths that follow each occurrence of `prefix` in a line.
fn paths_after<'a>(line: &'a str, prefix: &str) -> Vec<&'a str> {
    line.match_indices(prefix)
        .filter(|(at, _)| {
            let before = line[..*at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
        })
        .map(|(at, _)| {
            let rest = &line[at + prefix.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect()
}

fn place(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(name, _)| *name == module)
}

/// Whether the table lets `module` import `target`; everything may import itself, `error`
/// and, but for `error`, `meter`.
fn may_import(module: &str, target: &str) -> bool {
    let (Some(at), Some(target_at)) = (place(module), place(target)) else { return false };
    let imports = LAYERS[at].1;
    let all_above = imports == ALL_ABOVE && target_at < at;
    module == target
        || ["error", "meter"].contains(&target)
        || all_above
        || imports.contains(&target)
}

/// What breaks the DAG in one file, a line for each.
fn layering(source: &Source) -> Vec<String> {
    let module = source.module();
    let mut broken = Vec::new();
    if ABOVE_ALL.contains(&module) {
        return broken;
    }
    let mut report = |line: usize, what: &str| {
        let mut text = String::new();
        write!(text, "src/{}:{line}: {what}", source.path).unwrap();
        broken.push(text);
    };
    if place(module).is_none() {
        report(1, &format!("`{module}` has no entry in LAYERS"));
        return broken;
    }
    for (number, line) in source.code() {
        if line.contains("super::super") {
            report(number, "`super::super`: write the path from `crate::`");
        }
        if line.contains("crate::{") {
            report(number, "a grouped `use crate::{..}`: write one `use` per root module");
        }
        for path in paths_after(line, "pub use crate::") {
            let target = path.split(':').next().unwrap_or("");
            if let Some((reader, _)) = LAYERS
                .iter()
                .find(|(reader, _)| may_import(reader, module) && !may_import(reader, target))
            {
                report(number, &format!("this re-export of `{target}` would reach `{reader}`"));
            }
        }
        for path in paths_after(line, "crate::") {
            let target = path.split(':').next().unwrap_or("");
            if place(target).is_some() && !may_import(module, target) {
                report(number, &format!("`{module}` may not import `{target}`"));
            }
            if module == "shell" && target == "syntax" && !path.starts_with(SHELL_SYNTAX) {
                report(number, "`shell` may name only the tokens of `syntax`");
            }
        }
        for (dependency, owner) in SOLE_USERS {
            if module != *owner && !paths_after(line, &format!("{dependency}::")).is_empty() {
                report(number, &format!("only `{owner}` may name {dependency}"));
            }
        }
    }
    broken
}

#[test]
fn modules_form_a_dag() {
    for (at, (module, imports)) in LAYERS.iter().enumerate() {
        for import in imports.iter().filter(|i| **i != "*") {
            let above = LAYERS[..at].iter().any(|(name, _)| name == import);
            assert!(above, "`{module}` may not import `{import}`, which does not stand above it");
        }
    }
    let broken: Vec<String> = sources().iter().flat_map(layering).collect();
    assert!(broken.is_empty(), "imports that break the module DAG:\n{}", broken.join("\n"));
}

#[test]
fn a_broken_dag_is_seen() {
    let check = |path: &str, text: &str| {
        layering(&Source { path: path.to_string(), text: text.to_string() })
    };
    let cases = [
        ("value/x.rs", "use crate::graph::Snapshot;", "`value` may not import `graph`"),
        ("graph.rs", "fn f(x: crate::plan::Plan) {}", "`graph` may not import `plan`"),
        ("executor/a/b.rs", "use super::super::x;", "super::super"),
        ("planner/mod.rs", "use crate::{plan, value};", "grouped"),
        ("shell/mod.rs", "use crate::syntax::parse;", "only the tokens"),
        ("graph/mod.rs", "let tree: sled::Tree;", "only `storage` may name sled"),
        ("plan/mod.rs", "pub use crate::bound::Slot;", ""),
        ("value/x.rs", "pub use crate::error::Span;", ""),
        ("database.rs", "pub use crate::syntax::parse;", "would reach `interchange`"),
        ("result.rs", "use crate::session::Session;", "`result` may not import `session`"),
        ("surprise.rs", "", "no entry in LAYERS"),
    ];
    for (path, text, expected) in cases {
        let broken = check(path, text);
        if expected.is_empty() {
            assert_eq!(broken, Vec::<String>::new(), "{path}: {text}");
            continue;
        }
        assert_eq!(broken.len(), 1, "{path}: {text}: {broken:?}");
        assert!(broken[0].contains(expected), "{broken:?}");
        assert!(broken[0].starts_with(&format!("src/{path}:1:")), "{broken:?}");
    }
    let fine = "use crate::error::Result;\n// crate::plan::Plan\nuse crate::value::Value;\n\
                #[cfg(test)]\nmod tests { use crate::session::Session; }";
    assert_eq!(check("graph/mod.rs", fine), Vec::<String>::new());
}

#[test]
fn files_stay_small() {
    let mut long = Vec::new();
    for source in sources() {
        let lines = source.code().len();
        if lines > MAX_LINES && !source.is_test() && !LONG_TABLES.contains(&source.path.as_str()) {
            long.push(format!("src/{}: {lines} lines of code", source.path));
        }
    }
    assert!(
        long.is_empty(),
        "longer than {MAX_LINES} lines, to be split by theme:\n{}",
        long.join("\n")
    );
}

#[test]
fn modules_say_what_they_own() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "files that do not begin with `//!`: {silent:?}");
}
