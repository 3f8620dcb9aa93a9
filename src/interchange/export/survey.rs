//! What there is to be written: the sets of labels and the relationship types, each with its properties and the type of
//! column that holds their values.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::database::Extract;
use crate::error::Result;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Value;

use super::source::{Kind, Source};
use super::tables::ColumnType;

/// Something for each set of labels and each relationship type, by number: those of nodes come first. Both are sorted.
#[derive(Debug, Default)]
pub(in crate::interchange) struct Kinds<T> {
    nodes: BTreeMap<Vec<Arc<str>>, usize>,
    relationships: BTreeMap<Vec<Arc<str>>, usize>,
    pub(in crate::interchange) all: Vec<T>,
}

/// The columns of one kind, sorted by name.
pub(in crate::interchange) type Columns = BTreeMap<Arc<str>, ColumnType>;

type Found = BTreeMap<Vec<Arc<str>>, Columns>;

impl<T> Kinds<T> {
    /// The number of a set of labels, or of a type.
    pub(in crate::interchange) fn number(&self, kind: Kind, names: &[Arc<str>]) -> Option<usize> {
        match kind {
            Kind::Nodes => self.nodes.get(names).copied(),
            Kind::Relationships => self.relationships.get(names).copied(),
        }
    }

    /// The sets of labels, or the types, each in a set of its own.
    pub(in crate::interchange) fn names(&self, kind: Kind) -> impl Iterator<Item = &Vec<Arc<str>>> {
        match kind {
            Kind::Nodes => self.nodes.keys(),
            Kind::Relationships => self.relationships.keys(),
        }
    }

    /// As many of something else.
    pub(in crate::interchange) fn map<U>(
        self,
        mut make: impl FnMut(Kind, Vec<Arc<str>>, T) -> Result<U>,
    ) -> Result<Kinds<U>> {
        let Self { nodes, relationships, all } = self;
        let mut all = all.into_iter();
        let mut made = Vec::with_capacity(all.len());
        for (kind, names) in [(Kind::Nodes, &nodes), (Kind::Relationships, &relationships)] {
            for (names, of) in names.keys().zip(&mut all) {
                made.push(make(kind, names.clone(), of)?);
            }
        }
        Ok(Kinds { nodes, relationships, all: made })
    }
}

impl Kinds<Columns> {
    /// These, or nodes without labels where the graph has nothing.
    pub(in crate::interchange) fn or_nodes(mut self) -> Self {
        if self.all.is_empty() {
            self.nodes.insert(Vec::new(), 0);
            self.all.push(Columns::new());
        }
        self
    }
}

/// The rows of each kind in a part of the graph.
pub(in crate::interchange) fn rows_by_kind(part: &Extract) -> Vec<Vec<u32>> {
    let mut rows = vec![Vec::new(); part.kinds.len()];
    for (row, kind) in (0..).zip(&part.kind_of) {
        if let Some(rows) = rows.get_mut(*kind as usize) {
            rows.push(row);
        }
    }
    rows
}

/// Looks at all of it. `column` says which type a column needs to hold a value.
pub(in crate::interchange) fn survey(
    source: &Source,
    column: fn(&Value) -> ColumnType,
) -> Result<Kinds<Columns>> {
    let mut kinds = Kinds::default();
    for kind in [Kind::Nodes, Kind::Relationships] {
        let mut all = Found::new();
        let find = |part: &Extract, found: &mut Found| {
            note(part, column, found);
            Ok(())
        };
        source.each(kind, find, Ok, |found| {
            for (names, columns) in found {
                let known = all.entry(names).or_default();
                columns.into_iter().for_each(|(name, of)| add(known, name, of));
            }
            Ok(())
        })?;
        let numbers = all.keys().cloned().zip(kinds.all.len()..).collect();
        match kind {
            Kind::Nodes => kinds.nodes = numbers,
            Kind::Relationships => kinds.relationships = numbers,
        }
        kinds.all.extend(all.into_values());
    }
    Ok(kinds)
}

fn add(columns: &mut Columns, name: Arc<str>, of: ColumnType) {
    columns.entry(name).and_modify(|known| *known = known.with(of)).or_insert(of);
}

fn note(part: &Extract, column: fn(&Value) -> ColumnType, found: &mut Found) {
    let mut all: Vec<Columns> = vec![Columns::new(); part.kinds.len()];
    for (name, values) in &part.columns {
        let mut types: Vec<Option<ColumnType>> = vec![None; part.kinds.len()];
        // Values of a typed vector are all alike.
        let alike = is_typed(values);
        for (row, kind) in part.kind_of.iter().enumerate() {
            let Some(of) = types.get_mut(*kind as usize) else { continue };
            if (alike && of.is_some()) || values.is_null(row) {
                continue;
            }
            let own = column(&values.get(row));
            *of = Some(of.map_or(own, |known| known.with(own)));
        }
        for (columns, of) in all.iter_mut().zip(types) {
            if let Some(of) = of {
                add(columns, name.clone(), of);
            }
        }
    }
    for (names, columns) in part.kinds.iter().zip(all) {
        let known = found.entry(names.clone()).or_default();
        columns.into_iter().for_each(|(name, of)| add(known, name, of));
    }
}

fn is_typed(column: &Column) -> bool {
    !matches!(column.data(), ColumnData::Value(_) | ColumnData::Constant(..))
}
