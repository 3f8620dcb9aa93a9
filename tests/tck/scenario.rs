//! Concrete scenarios: feature files read, outlines expanded, steps told apart.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use gherkin::{Feature, GherkinEnv};

/// A scenario with all its placeholders filled in.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Where it stands and what it is called; unique.
    pub name: String,
    /// The folder of its feature file, as in `clauses/match`.
    pub category: String,
    /// Whether it is tagged `@ignore`.
    pub ignored: bool,
    pub steps: Vec<Step>,
}

/// A table of cells as they stand in the feature file.
pub type Table = Vec<Vec<String>>;

#[derive(Debug, Clone)]
pub enum Step {
    /// Start from nothing.
    EmptyGraph,
    /// Start from a named graph: the query that makes it.
    NamedGraph(String),
    /// A query that prepares the graph.
    Setup(String),
    Parameters(Table),
    Procedure {
        signature: String,
        table: Table,
    },
    /// The query under test.
    Query(String),
    /// A query that looks at the outcome.
    Control(String),
    Rows {
        table: Table,
        in_order: bool,
        ignore_list_order: bool,
    },
    Empty,
    Error {
        class: String,
        phase: String,
        detail: String,
    },
    SideEffects(Table),
    /// A step of no known form: the scenario fails with it.
    Unknown(String),
}

/// Every scenario below the folder, in order of files and lines.
pub fn load(features: &Path) -> Result<Vec<Scenario>, String> {
    let mut files = Vec::new();
    collect(features, &mut files)?;
    files.sort();
    let mut scenarios = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let feature = Feature::parse(escape_cells(&text), GherkinEnv::default())
            .map_err(|e| format!("{}: {e}", file.display()))?;
        let path = file.strip_prefix(features).unwrap_or(&file);
        expand(features, path, &feature, &mut scenarios);
    }
    Ok(scenarios)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "feature") {
            files.push(path);
        }
    }
    Ok(())
}

/// Gherkin leaves a backslash alone unless it escapes `n`, `|` or another backslash; the parser
/// refuses such a cell instead, so that the backslash is doubled for it.
fn escape_cells(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for line in text.lines() {
        if !line.trim_start().starts_with('|') {
            out.push_str(line);
        } else {
            let mut chars = line.chars().peekable();
            while let Some(c) = chars.next() {
                out.push(c);
                if c == '\\' {
                    match chars.peek() {
                        Some('n' | '|' | '\\') => out.extend(chars.next()),
                        _ => out.push('\\'),
                    }
                }
            }
        }
        out.push('\n');
    }
    out
}

fn expand(features: &Path, path: &Path, feature: &Feature, out: &mut Vec<Scenario>) {
    let category = path.parent().map(|p| p.to_string_lossy().to_string()).unwrap_or_default();
    let file = path.with_extension("").to_string_lossy().to_string();
    let mut taken: HashMap<String, usize> = HashMap::new();
    for outline in &feature.scenarios {
        let background = feature.background.iter().flat_map(|b| &b.steps);
        let steps: Vec<&gherkin::Step> = background.chain(&outline.steps).collect();
        let ignored = outline.tags.iter().any(|t| t.trim_start_matches('@') == "ignore");
        let mut add = |suffix: &str, fill: &dyn Fn(&str) -> String| {
            let mut name = format!("{file} {}{suffix}", outline.name.trim());
            let count = taken.entry(name.clone()).or_default();
            *count += 1;
            if *count > 1 {
                name = format!("{name} ({count})");
            }
            let steps = steps.iter().map(|s| read_step(features, s, fill)).collect();
            out.push(Scenario { name, category: category.clone(), ignored, steps });
        };
        if outline.examples.is_empty() {
            add("", &str::to_string);
            continue;
        }
        let mut number = 0;
        for table in outline.examples.iter().filter_map(|e| e.table.as_ref()) {
            let Some((header, rows)) = table.rows.split_first() else { continue };
            for row in rows {
                number += 1;
                add(&format!(" #{number}"), &|text| {
                    header.iter().zip(row).fold(text.to_string(), |text, (name, cell)| {
                        text.replace(&format!("<{name}>"), cell)
                    })
                });
            }
        }
    }
}

fn read_step(features: &Path, step: &gherkin::Step, fill: &dyn Fn(&str) -> String) -> Step {
    let value = fill(step.value.trim());
    let text = || fill(step.docstring.as_deref().unwrap_or("")).trim_matches('\n').to_string();
    let table = || -> Table {
        let rows = step.table.iter().flat_map(|t| &t.rows);
        rows.map(|row| row.iter().map(|cell| fill(cell)).collect()).collect()
    };
    match value.trim_end_matches(':').trim_end() {
        "an empty graph" | "any graph" => Step::EmptyGraph,
        "having executed" => Step::Setup(text()),
        "parameters are" => Step::Parameters(table()),
        "executing query" => Step::Query(text()),
        "executing control query" => Step::Control(text()),
        "the result should be empty" => Step::Empty,
        "no side effects" => Step::SideEffects(Vec::new()),
        "the side effects should be" => Step::SideEffects(table()),
        other => read_variable_step(features, other, table()),
    }
}

/// The steps whose text has a variable part.
fn read_variable_step(features: &Path, value: &str, table: Table) -> Step {
    if let Some(order) = value.strip_prefix("the result should be") {
        let ignore_list_order = order.contains("(ignoring element order for lists)");
        let order = order.replace("(ignoring element order for lists)", "");
        return match order.trim_matches([',', ' ', ':']) {
            "in order" => Step::Rows { table, in_order: true, ignore_list_order },
            "in any order" | "" => Step::Rows { table, in_order: false, ignore_list_order },
            _ => Step::Unknown(value.to_string()),
        };
    }
    if let Some(signature) = value.strip_prefix("there exists a procedure ") {
        return Step::Procedure { signature: signature.to_string(), table };
    }
    if let Some(name) = value.strip_prefix("the ").and_then(|v| v.strip_suffix(" graph")) {
        let file = format!("graphs/{name}/{name}.cypher");
        let beside = features.parent().unwrap_or(features).join(&file);
        return match fs::read_to_string(&beside)
            .or_else(|_| fs::read_to_string(features.join(file)))
        {
            Ok(query) => Step::NamedGraph(query),
            Err(e) => Step::Unknown(format!("{value} ({}: {e})", beside.display())),
        };
    }
    let words: Vec<&str> = value.split_whitespace().collect();
    if let ["a" | "an", class, "should", "be", "raised", "at", when @ .., detail] = &words[..] {
        return Step::Error {
            class: class.to_string(),
            phase: when.join(" ").trim_end_matches(':').to_string(),
            detail: detail.to_string(),
        };
    }
    Step::Unknown(value.to_string())
}
