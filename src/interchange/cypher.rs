//! A graph as a Cypher script that makes it again: `redstring DB -f FILE`, or any other openCypher database.
//!
//! A statement makes some thousand nodes with the same labels, or relationships of the same type, from rows of literals.
//! Nodes get a label and a property of their own, with a constraint that finds them, until the relationships are
//! made. All of it is one transaction, so that a script that fails, or is cut off, leaves nothing of them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use crate::database::Extract;
use crate::error::Error;
use crate::error::Result;
use crate::value;
use crate::value::Value;

use super::export::{ColumnType, Columns, Kind, Kinds, Output, Source, rows_by_kind, survey};
use super::field::{Scalar, written};

/// From how many rows on a statement is written.
const BATCH: usize = 5000;
/// How much is gathered for all statements, in bytes.
const GATHERED: usize = 64 << 20;
/// The most columns of a kind that have a place in its rows each. Beyond that a row holds a map of those it has.
const PLACES: usize = 32;

/// What finds the nodes until all is made: names that the graph does not have.
struct Marks {
    label: String,
    key: String,
}

/// How a statement makes the entities of a kind.
struct Statement {
    /// What comes behind the rows.
    shape: String,
    columns: Vec<(Arc<str>, Form)>,
    /// Whether a row begins with the number of the node.
    numbered: bool,
    /// Whether a row has a map of properties in place of each of the columns.
    map: bool,
}

/// How the rows have the values of a column.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// As they are.
    Literal,
    /// As what this function makes them of, which is much faster to read than a call for each.
    Of(&'static str),
    /// As lists of that.
    ListOf(&'static str),
}

/// Rows of one kind: how many, and their text.
type Rows = (usize, String);

/// Writes a file.
pub(super) fn write(source: &Source, out: &mut Output) -> Result<bool> {
    let schema = source.schema()?;
    let found = source.survey(|| survey(source, ColumnType::of))?;
    let linked = source.counts().1 > 0;
    let marks = linked.then(|| Marks::beside(&found));
    let statements = found.map(|kind, names, columns| {
        Ok(match kind {
            Kind::Nodes => node(&names, columns, marks.as_ref()),
            Kind::Relationships => relationship(&names, columns, marks.as_ref()),
        })
    })?;
    if statements.all.is_empty() && schema.is_empty() {
        out.write(|to| writeln!(to, "// An empty graph."))?;
        return Ok(true);
    }
    out.write(|to| {
        writeln!(
            to,
            "// One transaction. For databases that change no schema together with data,"
        )?;
        writeln!(to, "// such as Neo4j, take out the lines `:begin` and `:commit`.")?;
        writeln!(to, ":begin")
    })?;
    if let Some(Marks { label, key }) = &marks {
        let constraint = format!("CREATE CONSTRAINT {label} FOR (n:{label}) REQUIRE (n.{key})");
        out.write(|to| writeln!(to, "{constraint} IS UNIQUE;"))?;
    }
    for kind in [Kind::Nodes, Kind::Relationships] {
        write_all(source, kind, &statements, out)?;
    }
    out.write(|to| {
        if let Some(Marks { label, key }) = &marks {
            writeln!(to, "MATCH (n:{label}) REMOVE n:{label}, n.{key};")?;
            writeln!(to, "DROP CONSTRAINT {label};")?;
        }
        schema.iter().try_for_each(|statement| writeln!(to, "{statement};"))?;
        writeln!(to, ":commit")
    })?;
    Ok(true)
}

/// Writes the statements that make all nodes, or all relationships.
fn write_all(
    source: &Source,
    kind: Kind,
    statements: &Kinds<Statement>,
    out: &mut Output,
) -> Result<()> {
    let lost = || Error::internal("a kind was not there in the first pass of an export");
    let render = |part: &Extract, made: &mut BTreeMap<usize, Rows>| {
        for (names, rows) in part.kinds.iter().zip(rows_by_kind(part)) {
            let number = statements.number(kind, names).ok_or_else(lost)?;
            let statement = statements.all.get(number).ok_or_else(lost)?;
            statement.render(part, &rows, made.entry(number).or_default());
        }
        Ok(())
    };
    let mut waiting: BTreeMap<usize, Rows> = BTreeMap::new();
    let mut bytes = 0;
    let mut flush = |number: usize, text: &str| {
        let shape = &statements.all.get(number).ok_or_else(lost)?.shape;
        out.write(|to| writeln!(to, "UNWIND [\n{text}\n] AS row {shape};"))
    };
    source.each(kind, render, Ok, |made| {
        for (number, (count, text)) in made {
            let rows = waiting.entry(number).or_default();
            if rows.0 > 0 {
                rows.1.push_str(",\n");
            }
            rows.0 += count;
            rows.1.push_str(&text);
            bytes += text.len();
            if rows.0 >= BATCH {
                flush(number, &rows.1)?;
                bytes -= rows.1.len().min(bytes);
                waiting.remove(&number);
            }
        }
        if bytes > GATHERED {
            bytes = 0;
            let waiting = std::mem::take(&mut waiting);
            waiting.iter().try_for_each(|(number, (_, text))| flush(*number, text))?;
        }
        Ok(())
    })?;
    waiting.iter().try_for_each(|(number, (_, text))| flush(*number, text))
}

impl Marks {
    fn beside(found: &Kinds<Columns>) -> Self {
        let labels: BTreeSet<&str> = found.names(Kind::Nodes).flatten().map(|own| &**own).collect();
        let keys: BTreeSet<&str> =
            found.all.iter().flat_map(|own| own.keys().map(|own| &**own)).collect();
        let free = |name: &str, taken: &BTreeSet<&str>| {
            let numbered = (2..).map(|number| format!("{name} {number}"));
            let mut names = std::iter::once(name.to_owned()).chain(numbered);
            quoted(&names.find(|name| !taken.contains(name.as_str())).unwrap_or_default())
        };
        Self { label: free("UNIQUE IMPORT LABEL", &labels), key: free("UNIQUE IMPORT ID", &keys) }
    }
}

/// What makes nodes with these labels.
fn node(labels: &[Arc<str>], columns: Columns, marks: Option<&Marks>) -> Statement {
    let mut labels: String = labels.iter().map(|label| format!(":{}", quoted(label))).collect();
    let mut number = None;
    if let Some(Marks { label, key }) = marks {
        let _ = write!(labels, ":{label}");
        number = Some(format!("{key}: row[0]"));
    }
    let (properties, rest) = properties(&columns, number, usize::from(marks.is_some()), "n");
    let space = if labels.is_empty() || properties.is_empty() { "" } else { " " };
    let shape = format!("CREATE (n{labels}{space}{properties}){rest}");
    Statement::new(shape, columns, marks.is_some())
}

/// What makes relationships of this type.
fn relationship(names: &[Arc<str>], columns: Columns, marks: Option<&Marks>) -> Statement {
    let of = quoted(names.first().map_or("", |name| name));
    let (label, key) = marks.map_or(("", ""), |marks| (&marks.label, &marks.key));
    let (properties, rest) = properties(&columns, None, 2, "r");
    let space = if properties.is_empty() { "" } else { " " };
    let shape = format!(
        "MATCH (a:{label} {{{key}: row[0]}}) MATCH (b:{label} {{{key}: row[1]}}) \
         CREATE (a)-[r:{of}{space}{properties}]->(b){rest}"
    );
    Statement::new(shape, columns, false)
}

/// The properties in a pattern, with that of the number, and what sets the others behind it. The columns stand in a row
/// from `first` on.
fn properties(
    columns: &Columns,
    number: Option<String>,
    first: usize,
    variable: &str,
) -> (String, String) {
    let map = columns.len() > PLACES;
    let mut entries: Vec<String> = number.into_iter().collect();
    if !map {
        for (at, (name, of)) in (first..).zip(columns) {
            let value = match Form::of(*of) {
                Form::Literal => format!("row[{at}]"),
                Form::Of(function) => format!("{function}(row[{at}])"),
                Form::ListOf(function) => format!("[x IN row[{at}] | {function}(x)]"),
            };
            entries.push(format!("{}: {value}", quoted(name)));
        }
    }
    let pattern = match entries.as_slice() {
        [] => String::new(),
        entries => format!("{{{}}}", entries.join(", ")),
    };
    (pattern, if map { format!(" SET {variable} += row[{first}]") } else { String::new() })
}

impl Form {
    fn of(column: ColumnType) -> Self {
        let function = |of: Scalar| match of {
            Scalar::Date
            | Scalar::LocalTime
            | Scalar::Time
            | Scalar::LocalDateTime
            | Scalar::DateTime
            | Scalar::Duration
            | Scalar::Point => Some(of.name()),
            _ => None,
        };
        match column {
            ColumnType::Scalar(of) => function(of).map_or(Self::Literal, Self::Of),
            ColumnType::List(of) => function(of).map_or(Self::Literal, Self::ListOf),
            _ => Self::Literal,
        }
    }
}

impl Statement {
    fn new(shape: String, columns: Columns, numbered: bool) -> Self {
        let map = columns.len() > PLACES;
        let columns = columns.into_iter().map(|(name, of)| (name, Form::of(of))).collect();
        Self { shape, columns, numbered, map }
    }

    /// Adds rows of a part of the graph.
    fn render(&self, part: &Extract, rows: &[u32], (count, into): &mut Rows) {
        let columns: Vec<_> =
            self.columns.iter().map(|(name, form)| (name, part.column(name), *form)).collect();
        for row in rows.iter().map(|row| *row as usize) {
            into.push_str(if *count == 0 { "[" } else { ",\n[" });
            *count += 1;
            let mut items = Items { into, empty: true, nulls: 0 };
            match part.ends.get(row) {
                Some((start, end)) => {
                    items.push(&start.to_string());
                    items.push(&end.to_string());
                }
                None if self.numbered => {
                    items.push(&part.ids.get(row).copied().unwrap_or_default().to_string());
                }
                None => {}
            }
            let values = columns.iter().filter_map(|(name, column, form)| {
                let column = (*column)?;
                (!column.is_null(row)).then(|| (name, column.get(row), *form))
            });
            if self.map {
                let entry = |(name, value, _): (&&Arc<str>, Value, Form)| {
                    format!("{}: {}", quoted(name), literal(&value))
                };
                items.push(&format!("{{{}}}", values.map(entry).collect::<Vec<_>>().join(", ")));
            } else {
                for (_, column, form) in &columns {
                    match column.filter(|column| !column.is_null(row)) {
                        Some(column) => items.push(&form.text(&column.get(row))),
                        // Those at the end of a row can be left out.
                        None => items.nulls += 1,
                    }
                }
            }
            into.push(']');
        }
    }
}

/// The items of a row.
struct Items<'a> {
    into: &'a mut String,
    empty: bool,
    /// Nulls that come before the next item.
    nulls: usize,
}

impl Items<'_> {
    fn push(&mut self, text: &str) {
        for _ in 0..std::mem::take(&mut self.nulls) {
            self.append("null");
        }
        self.append(text);
    }

    fn append(&mut self, text: &str) {
        if !std::mem::replace(&mut self.empty, false) {
            self.into.push(',');
        }
        self.into.push_str(text);
    }
}

impl Form {
    fn text(self, value: &Value) -> String {
        match (self, value) {
            (Self::Literal, value) => literal(value),
            (Self::ListOf(_), Value::List(items)) => {
                let items: Vec<String> = items.iter().map(constant).collect();
                format!("[{}]", items.join(","))
            }
            (Self::Of(_) | Self::ListOf(_), value) => constant(value),
        }
    }
}

/// What a function of its type makes the value of: the map of a point, the text of anything else.
fn constant(value: &Value) -> String {
    match value {
        Value::Point(_) => written(value),
        value => Value::string(&*written(value)).to_string(),
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A literal that gives exactly this value.
fn literal(value: &Value) -> String {
    let call = |function: &str| {
        let text = value::to_text(value).unwrap_or_default();
        format!("{function}({})", Value::string(text.as_ref()))
    };
    match value {
        Value::Date(_) => call("date"),
        Value::LocalTime(_) => call("localtime"),
        Value::Time(_) => call("time"),
        Value::LocalDateTime(_) => call("localdatetime"),
        Value::DateTime(_) => call("datetime"),
        Value::Duration(_) => call("duration"),
        Value::Float(number) if number.is_nan() => "(0.0 / 0.0)".into(),
        Value::Float(number) if number.is_infinite() => {
            if *number > 0.0 {
                "(1.0 / 0.0)".into()
            } else {
                "(-1.0 / 0.0)".into()
            }
        }
        Value::List(items) => {
            format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    }
}
