//! A graph as tables: one for each set of labels, and one for each relationship type.
//!
//! The graph is read twice: a table says before its first row which columns it has, and of which type they are.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::database::Extract;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::field::Scalar;
use crate::interchange::folder;
use crate::value::Value;

use super::output;
use super::output::Output;
use super::source::{Kind, Source};
use super::survey::{Columns, rows_by_kind, survey};
use super::{Compression, Files};

/// How a format writes tables: rows become a piece on any thread, and the pieces of a table go into its file in order.
pub(in crate::interchange) trait TableFormat: fmt::Debug {
    /// Whether files are compressed from within, rather than as a whole.
    const COMPRESSES: bool;
    /// What the pieces of a table are made by.
    type Layout: Sync;
    type Piece: Default + Send;
    /// A piece that is ready to be written.
    type Ready: Send;
    /// A table that is being written.
    type File;

    /// The type that a column needs to hold a value.
    fn column(value: &Value) -> ColumnType;
    /// Begins a table, which may gather so many bytes before it writes.
    fn begin(
        table: Table,
        compression: Option<Compression>,
        room: usize,
        out: Output,
    ) -> Result<(Self::Layout, Self::File)>;
    /// Adds rows of a part of the graph to a piece.
    fn render(
        layout: &Self::Layout,
        part: &Extract,
        rows: &[u32],
        piece: &mut Self::Piece,
    ) -> Result<()>;
    /// Does what else is to be done with a piece before it is its turn.
    fn ready(layout: &Self::Layout, piece: Self::Piece) -> Result<Self::Ready>;
    fn write(file: &mut Self::File, piece: Self::Ready) -> Result<()>;
    fn end(file: Self::File) -> Result<()>;
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
    pub(super) fn with(self, other: Self) -> Self {
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

/// What the tables of all of them gather before it is written, in bytes.
const GATHERED: usize = 64 << 20;

/// Writes all tables.
pub(in crate::interchange) fn write<F: TableFormat>(
    source: &Source,
    files: &Files<'_>,
) -> Result<()> {
    // A folder without any table would be no graph.
    let found = source.survey(|| survey(source, F::column))?.or_nodes();
    let room = GATHERED / found.all.len().max(1);
    let block = room.clamp(1 << 12, output::BLOCK);
    let mut names = BTreeMap::new();
    let mut open = Vec::with_capacity(found.all.len());
    let tables = found.map(|kind, names_of, columns: Columns| {
        let entities = match kind {
            Kind::Nodes => Entities::Nodes(names_of),
            Kind::Relationships => {
                Entities::Relationships(names_of.into_iter().next().unwrap_or_default())
            }
        };
        let compression = files.compression.filter(|_| !F::COMPRESSES);
        let out = files.create(&name(&entities, &mut names), compression, block)?;
        let table = Table { entities, columns: columns.into_iter().collect() };
        let (layout, file) = F::begin(table, files.compression, room, out)?;
        open.push(file);
        Ok(layout)
    })?;
    let lost = || Error::internal("a table was not there in the first pass of an export");
    for kind in [Kind::Nodes, Kind::Relationships] {
        let layout = |number: usize| tables.all.get(number).ok_or_else(lost);
        let render = |part: &Extract, pieces: &mut BTreeMap<usize, F::Piece>| {
            for (names, rows) in part.kinds.iter().zip(rows_by_kind(part)) {
                let number = tables.number(kind, names).ok_or_else(lost)?;
                F::render(layout(number)?, part, &rows, pieces.entry(number).or_default())?;
            }
            Ok(())
        };
        let ready = |pieces: BTreeMap<usize, F::Piece>| {
            let pieces = pieces.into_iter();
            let pieces =
                pieces.map(|(number, piece)| Ok((number, F::ready(layout(number)?, piece)?)));
            pieces.collect::<Result<Vec<_>>>()
        };
        source.each(kind, render, ready, |pieces| {
            pieces.into_iter().try_for_each(|(number, piece)| {
                F::write(open.get_mut(number).ok_or_else(lost)?, piece)
            })
        })?;
    }
    open.into_iter().try_for_each(F::end)
}

/// The name of a table's file, without extensions, which no other has even where case makes no difference. It is for
/// people: what the rows are stands in the file. `taken` has the names of other tables in lower case, each with the number to
/// try first for the next table of that name.
fn name(entities: &Entities, taken: &mut BTreeMap<String, u64>) -> String {
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
    let lower = name.to_lowercase();
    let mut number = taken.get(&lower).copied().unwrap_or(2);
    let mut free = name.clone();
    while taken.contains_key(&free.to_lowercase()) {
        free = format!("{name}-{number}");
        number += 1;
    }
    taken.insert(free.to_lowercase(), 2);
    taken.insert(lower, number);
    free
}
