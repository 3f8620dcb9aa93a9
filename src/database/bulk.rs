//! The bulk load of the graph, as formats of files use it: names and numbers instead of the graph's types.

use std::path::Path;
use std::path::PathBuf;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::graph::BatchTypes;
use crate::graph::Bulk;
use crate::graph::KeyId;
use crate::graph::LabelId;
use crate::graph::NodeBatch;
use crate::graph::RelationshipBatch;
use crate::graph::Transaction;
use crate::graph::TypeId;
use crate::session;
use crate::session::Scope;
use crate::session::StatementOptions;
use crate::syntax::token;
use crate::value::Array;

use super::{Database, IntoParams};

/// A bulk load that is under way. Labels, types and keys are the numbers that it gives to their names.
#[derive(Debug)]
pub(crate) struct Loading<'a, 'b>(&'a mut Bulk<'b>);

/// A label with the rows that have it, ascending; `None` for all rows.
pub(crate) type LabelRows = (u32, Option<Vec<u32>>);

/// The types of relationships: one for all, or one for each.
#[derive(Debug)]
pub(crate) enum Types {
    One(u32),
    Each(Vec<u32>),
}

impl Database {
    /// Fills the graph with what `fill` adds, and with the indexes and constraints of scripts, each with its file: all of it, durable when
    /// this returns, or nothing where it fails.
    pub(crate) fn load<T>(
        &self,
        (threads, memory): (usize, u64),
        schema: &[(PathBuf, String)],
        fill: impl FnOnce(&mut Loading<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let begin = |transaction| {
            let mut open = Some(transaction);
            for (file, script) in schema {
                self.run_schema(file, script, &mut open)?;
            }
            open.ok_or_else(session::lost)
        };
        self.engine.graph.load(threads, memory, begin, |bulk| fill(&mut Loading(bulk)))
    }

    /// Runs the commands of a script, which may change the schema alone.
    fn run_schema(&self, file: &Path, script: &str, open: &mut Option<Transaction>) -> Result<()> {
        for span in token::split(script) {
            let text = script.get(span.start..span.end).unwrap_or_default();
            let (line, column) = span.line_column(script);
            let place = format!("{}:{line}:{column}", file.display());
            let meter = self.engine.meter(&StatementOptions::default());
            let prepared = self.engine.prepare(text, &meter).map_err(|error| {
                let message = format!("{place}: {}", error.message());
                Error::usage(Detail::InvalidFile, message).caused_by(error)
            })?;
            let params = ().into_params()?.0;
            let scope = Scope::Transaction(open);
            self.engine.run(&prepared, params, scope, &meter)?.drained()?;
            if open.as_ref().is_some_and(|open| open.counts().change_data()) {
                let message = format!("{place}: a statement changes more than the schema");
                return Err(Error::usage(Detail::InvalidFile, message)
                    .help("Run it as a script of its own, after the import."));
            }
        }
        Ok(())
    }
}

impl Loading<'_, '_> {
    pub(crate) fn label(&mut self, name: &str) -> u32 {
        self.0.label(name).0
    }

    pub(crate) fn relationship_type(&mut self, name: &str) -> u32 {
        self.0.relationship_type(name).0
    }

    pub(crate) fn key(&mut self, name: &str) -> u32 {
        self.0.key(name).0
    }

    /// The number that the next node gets.
    pub(crate) fn next_node(&self) -> u64 {
        self.0.next_node()
    }

    /// Adds nodes. They are numbered from [`Loading::next_node`] on.
    pub(crate) fn add_nodes(
        &mut self,
        count: usize,
        labels: Vec<LabelRows>,
        columns: Vec<(u32, Array)>,
    ) -> Result<()> {
        let labels = labels.into_iter().map(|(label, rows)| (LabelId(label), rows)).collect();
        self.0.add_nodes(&NodeBatch { count, labels, columns: keyed(columns) })
    }

    /// Adds relationships between nodes that were added.
    pub(crate) fn add_relationships(
        &mut self,
        types: Types,
        starts: Vec<u32>,
        ends: Vec<u32>,
        columns: Vec<(u32, Array)>,
    ) -> Result<()> {
        let types = match types {
            Types::One(of) => BatchTypes::One(TypeId(of)),
            Types::Each(types) => BatchTypes::Each(types.into_iter().map(TypeId).collect()),
        };
        self.0.add_relationships(RelationshipBatch { types, starts, ends, columns: keyed(columns) })
    }
}

fn keyed(columns: Vec<(u32, Array)>) -> Vec<(KeyId, Array)> {
    columns.into_iter().map(|(key, values)| (KeyId(key), values)).collect()
}
