//! A graph as a Cypher script that makes it again: `redstring DB -f FILE`, or any other openCypher database.
//!
//! Nodes get a label and a property of their own, with a constraint that finds them, until the relationships are
//! made, as in APOC's scripts. Indexes and constraints come last, when all they are on is there.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::error::Result;
use crate::value;
use crate::value::Map;
use crate::value::Node;
use crate::value::Relationship;
use crate::value::Value;

use super::export::{GraphWriter, Output};

/// Entities that one statement makes.
const BATCH: usize = 1000;
const LABEL: &str = "`UNIQUE IMPORT LABEL`";
const KEY: &str = "`UNIQUE IMPORT ID`";
const CONSTRAINT: &str = "UNIQUE_IMPORT_NAME";

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// What comes before and after the rows of the statement that is being gathered.
    shape: String,
    rows: Vec<String>,
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

fn map(properties: &Map) -> String {
    let mut text = String::from("{");
    for (at, (key, value)) in properties.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{}: {}", quoted(key), literal(value));
    }
    text + "}"
}

impl Script {
    fn add(&mut self, shape: String, row: String, out: &mut Output) -> Result<()> {
        if self.shape != shape || self.rows.len() == BATCH {
            self.flush(out)?;
            self.shape = shape;
        }
        self.rows.push(row);
        Ok(())
    }

    fn flush(&mut self, out: &mut Output) -> Result<()> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let shape = &self.shape;
        out.write(|to| writeln!(to, "UNWIND [\n  {}\n] AS row {shape};", rows.join(",\n  ")))
    }
}

impl GraphWriter for Script {
    fn begin(&mut self, out: &mut Output) -> Result<()> {
        out.write(|to| {
            writeln!(
                to,
                "CREATE CONSTRAINT {CONSTRAINT} FOR (n:{LABEL}) REQUIRE (n.{KEY}) IS UNIQUE;"
            )
        })
    }

    fn node(&mut self, node: &Node, out: &mut Output) -> Result<()> {
        let labels: String =
            node.labels().iter().map(|label| format!(":{}", quoted(label))).collect();
        let shape = format!("CREATE (n{labels}:{LABEL} {{{KEY}: row.id}}) SET n += row.properties");
        let row = format!("{{id: {}, properties: {}}}", node.id(), map(node.properties()));
        self.add(shape, row, out)
    }

    fn relationship(&mut self, relationship: &Relationship, out: &mut Output) -> Result<()> {
        let Some(record) = relationship.record() else { return Ok(()) };
        let shape = format!(
            "MATCH (a:{LABEL} {{{KEY}: row.start}}), (b:{LABEL} {{{KEY}: row.end}}) \
             CREATE (a)-[r:{}]->(b) SET r += row.properties",
            quoted(&record.type_name)
        );
        let properties = map(&record.properties);
        let row =
            format!("{{start: {}, end: {}, properties: {properties}}}", record.start, record.end);
        self.add(shape, row, out)
    }

    fn end(&mut self, out: &mut Output) -> Result<()> {
        self.flush(out)?;
        out.write(|to| {
            writeln!(to, "MATCH (n:{LABEL}) REMOVE n:{LABEL}, n.{KEY};")?;
            writeln!(to, "DROP CONSTRAINT {CONSTRAINT};")
        })
    }

    fn schema(&mut self, statements: &[String], out: &mut Output) -> Result<bool> {
        out.write(|to| statements.iter().try_for_each(|statement| writeln!(to, "{statement};")))?;
        Ok(true)
    }
}
