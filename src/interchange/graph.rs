//! Nodes and relationships that come one by one, gathered into the arrays of a bulk load.
//!
//! A relationship may come before its nodes; it waits for them.

use std::collections::BTreeMap;
use std::path::Path;

use crate::database::Types;
use crate::error::Result;
use crate::value::Array;
use crate::value::Map;

use super::Import;
use super::identity::{Name, Names};
use super::rejects::{BadRow, Reason};

/// Entities that go to the load together.
const BATCH: usize = 1 << 16;

/// Where something stands in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) file: &'a Path,
    /// Counted from 1.
    pub(super) line: u64,
    /// The text it was read from.
    pub(super) text: &'a str,
}

impl Place<'_> {
    /// A fault at this place.
    pub(super) fn fault(self, reason: Reason, column: usize, message: impl Into<String>) -> BadRow {
        BadRow { reason, line: self.line, column, message: message.into(), text: self.text.into() }
    }
}

/// A relationship as a file has it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) type_name: String,
    pub(super) start: String,
    pub(super) end: String,
    pub(super) properties: Map,
}

/// Columns that grow as properties are met.
#[derive(Debug, Default)]
struct Columns {
    rows: usize,
    by_key: BTreeMap<u32, Array>,
}

impl Columns {
    fn push(&mut self, import: &mut Import<'_, '_, '_>, properties: Map) {
        for (name, value) in properties {
            let column = self.by_key.entry(import.load.key(&name)).or_default();
            pad(column, self.rows);
            column.push(value);
        }
        self.rows += 1;
    }

    /// Whether it is time to give them to the load.
    fn is_full(&self) -> bool {
        self.rows >= BATCH || self.rows.saturating_mul(self.by_key.len()) > CELLS
    }

    fn take(&mut self) -> (usize, Vec<(u32, Array)>) {
        let Self { rows, mut by_key } = std::mem::take(self);
        by_key.values_mut().for_each(|column| pad(column, rows));
        (rows, by_key.into_iter().collect())
    }
}

fn pad(column: &mut Array, rows: usize) {
    (column.len()..rows).for_each(|_| column.push_absent());
}

/// A graph that is being read.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    names: Names,
    nodes: Columns,
    labels: BTreeMap<u32, Vec<u32>>,
    links: Columns,
    types: Vec<u32>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    /// Relationships whose nodes have not come yet: line, text, and what they are.
    waiting: Vec<(u64, String, Link)>,
}

/// The most values, those that are absent counted, that go to the load together.
const CELLS: usize = 1 << 22;

impl Gathering {
    /// One that knows nodes already.
    pub(super) fn with_names(names: Names) -> Self {
        Self { names, ..Self::default() }
    }

    pub(super) fn node(
        &mut self,
        import: &mut Import<'_, '_, '_>,
        place: Place<'_>,
        id: Option<&str>,
        labels: &[String],
        properties: Map,
    ) -> Result<()> {
        let node = import.load.next_node() + self.nodes.rows as u64;
        if let Some(id) = id
            && !self.names.insert(&Name::of(id), node as u32)
        {
            let message = format!("there is a node `{id}` already");
            return import.note(place.file, &place.fault(Reason::DuplicateNode, 1, message));
        }
        for label in labels {
            let rows = self.labels.entry(import.load.label(label)).or_default();
            if rows.last() != Some(&(self.nodes.rows as u32)) {
                rows.push(self.nodes.rows as u32);
            }
        }
        self.nodes.push(import, properties);
        import.summary.nodes += 1;
        if self.nodes.is_full() { self.flush_nodes(import) } else { Ok(()) }
    }

    pub(super) fn link(
        &mut self,
        import: &mut Import<'_, '_, '_>,
        place: Place<'_>,
        link: Link,
    ) -> Result<()> {
        match self.known(link) {
            Ok(known) => self.add(import, known),
            Err(link) => {
                self.waiting.push((place.line, place.text.into(), link));
                Ok(())
            }
        }
    }

    fn known(&self, link: Link) -> Result<(u32, u32, Link), Link> {
        let node = |name: &str| self.names.get(&Name::of(name));
        match (node(&link.start), node(&link.end)) {
            (Some(start), Some(end)) => Ok((start, end, link)),
            _ => Err(link),
        }
    }

    fn add(
        &mut self,
        import: &mut Import<'_, '_, '_>,
        (start, end, link): (u32, u32, Link),
    ) -> Result<()> {
        self.types.push(import.load.relationship_type(&link.type_name));
        self.starts.push(start);
        self.ends.push(end);
        self.links.push(import, link.properties);
        import.summary.relationships += 1;
        if !self.links.is_full() {
            return Ok(());
        }
        // Its nodes are among those that are not given yet, perhaps.
        self.flush_nodes(import)?;
        self.flush_links(import)
    }

    fn flush_nodes(&mut self, import: &mut Import<'_, '_, '_>) -> Result<()> {
        let (rows, columns) = self.nodes.take();
        let labels = std::mem::take(&mut self.labels);
        let labels = labels.into_iter().map(|(label, rows)| (label, Some(rows))).collect();
        import.load.add_nodes(rows, labels, columns)?;
        import.progress();
        Ok(())
    }

    fn flush_links(&mut self, import: &mut Import<'_, '_, '_>) -> Result<()> {
        let (_, columns) = self.links.take();
        let types = Types::Each(std::mem::take(&mut self.types));
        let (starts, ends) = (std::mem::take(&mut self.starts), std::mem::take(&mut self.ends));
        import.load.add_relationships(types, starts, ends, columns)?;
        import.progress();
        Ok(())
    }

    /// Adds what was waiting, and gives everything to the load.
    pub(super) fn finish(mut self, import: &mut Import<'_, '_, '_>, file: &Path) -> Result<()> {
        for (line, text, link) in std::mem::take(&mut self.waiting) {
            match self.known(link) {
                Ok(known) => self.add(import, known)?,
                Err(link) => {
                    let lost = |id: &str| self.names.get(&Name::of(id)).is_none();
                    let (which, id) =
                        if lost(&link.start) { ("start", &link.start) } else { ("end", &link.end) };
                    let message = format!("the {which}, node `{id}`, is not there");
                    let place = Place { file, line, text: &text };
                    import.note(file, &place.fault(Reason::MissingNode, 1, message))?;
                }
            }
        }
        self.flush_nodes(import)?;
        self.flush_links(import)
    }
}
