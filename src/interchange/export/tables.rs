//! A graph as tables: one for each set of labels, and one for each relationship type.
//!
//! The graph is read twice: a table says before its first row which columns it has, and of which type they are.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::field::Scalar;
use crate::interchange::folder;
use crate::value::Map;
use crate::value::Value;

use super::output;
use super::output::Output;
use super::{Compression, ExportSummary, Files, Source};

/// How a format writes tables.
#[derive(Debug)]
pub(in crate::interchange) struct TableFormat {
    /// The type that a column needs to hold a value.
    pub(in crate::interchange) column: fn(&Value) -> ColumnType,
    /// Whether files are compressed from within, rather than as a whole.
    pub(in crate::interchange) compresses: bool,
    /// Makes what writes one table.
    pub(in crate::interchange) make: MakeWriter,
}

/// Given how the export compresses, and how much the table may gather before it writes, in bytes.
type MakeWriter = fn(Table, Option<Compression>, usize, Output) -> Result<Box<dyn TableWriter>>;

/// Writes one table.
pub(in crate::interchange) trait TableWriter {
    /// A row: the node's id, or those of the start and the end of the relationship, and the properties.
    fn row(&mut self, ids: &[u64], properties: &Map) -> Result<()>;
    fn end(self: Box<Self>) -> Result<()>;
}

/// What the rows of a table are.
#[derive(Debug, Clone)]
pub(in crate::interchange) enum Entities {
    /// Nodes with these labels.
    Nodes(Vec<Arc<str>>),
    /// Relationships of this type.
    Relationships(Arc<str>),
}

/// A table: what its rows are, and its columns.
#[derive(Debug)]
pub(in crate::interchange) struct Table {
    pub(in crate::interchange) entities: Entities,
    pub(in crate::interchange) columns: Vec<(Arc<str>, ColumnType)>,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::interchange) enum ColumnType {
    Scalar(Scalar),
    List(Scalar),
    /// Lists without any item.
    EmptyLists,
    /// Scalars that the format has only text for.
    Text(Scalar),
    /// Lists of such.
    Texts(Scalar),
    /// Values of several types, or lists of them.
    Mixed,
}

impl ColumnType {
    /// The type of a value.
    pub(in crate::interchange) fn of(value: &Value) -> Self {
        let Value::List(items) = value else {
            return Scalar::of_value(value).map_or(Self::Mixed, Self::Scalar);
        };
        let item = |value: &Value| Scalar::of_value(value).map_or(Self::Mixed, Self::List);
        items.iter().map(item).reduce(Self::with).unwrap_or(Self::EmptyLists)
    }

    /// The type of a column that holds both.
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::EmptyLists, list @ (Self::List(_) | Self::Texts(_)))
            | (list @ (Self::List(_) | Self::Texts(_)), Self::EmptyLists) => list,
            (Self::Scalar(one), Self::Text(other)) | (Self::Text(one), Self::Scalar(other))
                if one == other =>
            {
                Self::Text(one)
            }
            (Self::List(one), Self::Texts(other)) | (Self::Texts(one), Self::List(other))
                if one == other =>
            {
                Self::Texts(one)
            }
            _ => Self::Mixed,
        }
    }
}

/// Something for each table.
#[derive(Debug)]
struct Each<T> {
    nodes: BTreeMap<Vec<Arc<str>>, T>,
    relationships: BTreeMap<Arc<str>, T>,
}

type Columns = BTreeMap<Arc<str>, ColumnType>;

/// What the tables of all of them gather before it is written, in bytes.
const GATHERED: usize = 64 << 20;

/// What has the empty name has no place in a header.
fn nameless(what: &str) -> Error {
    Error::usage(Detail::InvalidFile, format!("tables cannot hold a {what} with an empty name"))
        .help("Rename it, or choose another format.")
}

fn survey(source: &Source, format: &TableFormat) -> Result<Each<Columns>> {
    let note = |columns: &mut Columns, properties: &Map| {
        for (key, value) in properties {
            if key.is_empty() {
                return Err(nameless("property"));
            }
            let found = (format.column)(value);
            match columns.get_mut(key) {
                Some(known) => *known = known.with(found),
                None => drop(columns.insert(key.clone(), found)),
            }
        }
        Ok(())
    };
    let mut all = Each { nodes: BTreeMap::new(), relationships: BTreeMap::<_, Columns>::new() };
    source.each_node(|node| {
        if !all.nodes.contains_key(node.labels()) {
            all.nodes.insert(node.labels().to_vec(), Columns::new());
        }
        if let Some(columns) = all.nodes.get_mut(node.labels()) {
            note(columns, node.properties())?;
        }
        Ok(())
    })?;
    source.each_relationship(|relationship| {
        let Some(record) = relationship.record() else { return Ok(()) };
        if record.type_name.is_empty() {
            return Err(nameless("relationship type"));
        }
        note(all.relationships.entry(record.type_name.clone()).or_default(), &record.properties)
    })?;
    Ok(all)
}

/// Writes all tables.
pub(super) fn write(
    source: &Source,
    format: &TableFormat,
    files: &Files<'_>,
) -> Result<ExportSummary> {
    let Each { nodes, relationships } = source.survey(|| survey(source, format))?;
    let room = GATHERED / (nodes.len() + relationships.len()).max(1);
    let block = room.clamp(1 << 12, output::BLOCK);
    let mut names = BTreeSet::new();
    let mut make = |entities: Entities, columns: Columns| {
        let out = files.create(&name(&entities, &mut names), block)?;
        let table = Table { entities, columns: columns.into_iter().collect() };
        (format.make)(table, files.compression, room, out)
    };
    let mut all = Each { nodes: BTreeMap::new(), relationships: BTreeMap::new() };
    for (labels, columns) in nodes {
        all.nodes.insert(labels.clone(), make(Entities::Nodes(labels), columns)?);
    }
    for (of, columns) in relationships {
        all.relationships.insert(of.clone(), make(Entities::Relationships(of), columns)?);
    }
    let lost = || Error::internal("a table was not there in the first pass of an export");
    let nodes = source.each_node(|node| {
        let table = all.nodes.get_mut(node.labels()).ok_or_else(lost)?;
        table.row(&[node.id().0], node.properties())
    })?;
    let relationships = source.each_relationship(|relationship| {
        let record = relationship.record().ok_or_else(lost)?;
        let table = all.relationships.get_mut(&record.type_name).ok_or_else(lost)?;
        table.row(&[record.start.0, record.end.0], &record.properties)
    })?;
    all.nodes
        .into_values()
        .chain(all.relationships.into_values())
        .try_for_each(TableWriter::end)?;
    Ok(ExportSummary { nodes, relationships, ..ExportSummary::default() })
}

/// The name of a table's file, without extensions, which no other has even where case makes no difference. It is for
/// people: what the rows are stands in the file.
fn name(entities: &Entities, taken: &mut BTreeSet<String>) -> String {
    let (kind, names) = match entities {
        Entities::Nodes(labels) => (folder::NODES, labels.as_slice()),
        Entities::Relationships(of) => (folder::RELATIONSHIPS, std::slice::from_ref(of)),
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    let mut name = kind.to_owned();
    for part in names {
        name.push('-');
        name.extend(part.chars().map(plain));
    }
    name.truncate(100);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| taken.insert(name.to_lowercase())).unwrap_or(name)
}
