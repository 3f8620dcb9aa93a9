//! Tables of nodes and of relationships, whatever the format: what their columns are for, and how their rows, as typed
//! arrays, go to the load.
//!
//! Columns are called as in the headers of Neo4j's import, or named by the options. What has an order (numbering nodes,
//! counting bad rows) happens here, on one thread, in the order of the files.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::database::Types;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;
use crate::value::Array;
use crate::value::ArrayData;

use super::Import;
use super::field::{FieldType, Scalar, Separator};
use super::header::Role;
use super::identity::Ids;
use super::json;
use super::options::{End, IdType, ImportOptions, NodeFiles, RelationshipFiles};
use super::places::{Fault, Places};
use super::rejects::{Reason, Tolerance};

/// A header with its place, for errors.
pub(super) struct Header {
    pub(super) file: Arc<Path>,
    pub(super) fields: Vec<String>,
    pub(super) roles: Vec<Role>,
    /// Whether it is one as Neptune has it: its dates may be datetimes, what states no type is text, and a backslash stands before
    /// what separates else.
    pub(super) neptune: bool,
}

impl Header {
    pub(super) fn of(file: Arc<Path>, fields: Vec<String>) -> Result<Self> {
        let neptune = fields.iter().any(|field| Role::is_neptune(field));
        let role = if neptune { Role::of_escaped } else { Role::of };
        let roles = fields.iter().map(|field| role(field)).collect::<Result<Vec<_>, _>>();
        let mut roles = roles.map_err(|what| header_error(&file, &what))?;
        let linked = roles.iter().any(|role| matches!(role, Role::Start { .. }));
        for (role, field) in roles.iter_mut().zip(&fields).filter(|_| neptune) {
            if linked {
                *role = role.clone().of_relationship(field);
            }
            if let Role::Property(_, of) = role {
                *of = match of.take() {
                    Some(FieldType {
                        scalar: Scalar::Date | Scalar::DateTime,
                        list: false,
                        ..
                    }) => None,
                    of => of.or(Some(Scalar::String.into())),
                };
            }
        }
        let mut names: Vec<&str> = roles.iter().filter_map(Role::property_name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(header_error(&file, &format!("two columns are called `{}`", twice[0])));
        }
        Ok(Self { file, fields, roles, neptune })
    }

    /// What separates the items of a list, and the labels of a node, in the table's fields.
    pub(super) fn separator(&self, options: &ImportOptions) -> Separator {
        Separator { between: options.array_delimiter, escaped: self.neptune }
    }

    /// The position of a column that is called so.
    fn column(&self, name: &str) -> Result<usize> {
        let own = |role: &Role| role.property_name() == Some(name);
        self.roles.iter().position(own).ok_or_else(|| {
            let error = header_error(&self.file, &format!("no column is called `{name}`"));
            match nearest(name, self.fields.iter().map(String::as_str)) {
                Some(near) => error.help(format!("Did you mean `{near}`?")),
                None => error.help(format!("The columns are {}.", self.fields.join(", "))),
            }
        })
    }

    /// Makes identifiers of the column that the options name, and says their space. Its type, where it is stated, says
    /// whether they are integers.
    pub(super) fn map_node(&mut self, files: &NodeFiles, id_type: Option<IdType>) -> Result<()> {
        let Some(column) = &files.id else { return Ok(()) };
        let at = self.column(column)?;
        let stated = match self.roles.get(at) {
            Some(Role::Property(_, Some(of))) => Some(of.scalar != Scalar::String),
            _ => None,
        };
        let integer = id_type.map(|of| of == IdType::Integer).or(stated);
        let label = files.labels.first().map_or("", String::as_str);
        let space = Some(format!("{label}.{column}"));
        if let Some(role) = self.roles.get_mut(at) {
            *role = Role::Id { space, property: Some(column.clone()), integer, inferred: false };
        }
        Ok(())
    }

    /// Makes ends of the columns that the options name.
    pub(super) fn map_ends(
        &mut self,
        files: &RelationshipFiles,
        import: &Import<'_, '_, '_>,
    ) -> Result<()> {
        for (end, start) in [(&files.from, true), (&files.to, false)] {
            let Some(End { column, space }) = end else { continue };
            let at = self.column(column)?;
            let space = match space {
                Some(space) => Some(space.clone()),
                None => Some(import.only_space(&self.file)?),
            };
            if let Some(role) = self.roles.get_mut(at) {
                *role = if start { Role::Start { space } } else { Role::End { space } };
            }
        }
        Ok(())
    }
}

pub(super) fn header_error(file: &Path, what: &str) -> Error {
    Error::usage(Detail::InvalidRow, format!("{}:1: in the header, {what}", file.display()))
}

/// What becomes of a column.
#[derive(Debug)]
pub(super) enum Column {
    Property(FieldType),
    Labels {
        json: bool,
    },
    /// The start, in the space of this number.
    Start(usize),
    End(usize),
    Type {
        json: bool,
    },
    Ignored,
}

/// What is the same for all rows of one table of nodes.
pub(super) struct NodeTable {
    pub(super) columns: Vec<Column>,
    /// The key of each property column; nothing for identifiers that are not kept.
    keys: Vec<Option<u32>>,
    labels: Vec<u32>,
    /// The property column that is the identifier, and its type.
    id: Option<(usize, FieldType)>,
    space: String,
}

impl NodeTable {
    pub(super) fn of(
        import: &mut Import<'_, '_, '_>,
        files: &NodeFiles,
        header: &Header,
    ) -> Result<Self> {
        let mut columns = Vec::new();
        let mut keys = Vec::new();
        let mut id = None;
        let mut space = String::new();
        for role in &header.roles {
            let column = match role {
                Role::Property(_, of) => {
                    Column::Property(of.clone().unwrap_or(Scalar::String.into()))
                }
                Role::Id { space: own, integer, inferred, .. } => {
                    space = own.clone().unwrap_or_default();
                    let default = import.options.id_type == Some(IdType::Integer);
                    let integer = integer.unwrap_or(default);
                    let of = if integer { Scalar::Long } else { Scalar::String };
                    let of = FieldType { inferred: *inferred, ..of.into() };
                    if id.replace((keys.len(), of.clone())).is_some() {
                        return Err(header_error(&header.file, "two columns are identifiers"));
                    }
                    Column::Property(of)
                }
                Role::Labels { json } => Column::Labels { json: *json },
                Role::Ignored => Column::Ignored,
                Role::Start { .. } | Role::End { .. } | Role::Type { .. } => {
                    let error = header_error(&header.file, "a column is one of relationships");
                    return Err(error.help("Name the file with `--relationships`."));
                }
            };
            if matches!(column, Column::Property(_)) {
                keys.push(role.property_name().map(|name| import.load.key(name)));
            }
            columns.push(column);
        }
        let labels = files.labels.iter().map(|label| import.load.label(label)).collect();
        Ok(Self { columns, keys, labels, id, space })
    }

    /// Takes the identifiers out to be filled, while `read` reads the rows.
    pub(super) fn with_ids(
        &self,
        import: &mut Import<'_, '_, '_>,
        file: &Path,
        read: impl FnOnce(&mut Import<'_, '_, '_>, &mut Option<Ids>) -> Result<()>,
    ) -> Result<()> {
        let of = self.id.as_ref().map(|(_, of)| of);
        let mut ids = import.take_space(&self.space, of, file)?;
        let taken = read(import, &mut ids);
        import.give_space(self.space.clone(), ids);
        taken
    }

    pub(super) fn take(
        &self,
        import: &mut Import<'_, '_, '_>,
        ids: Option<&mut Ids>,
        mut rows: Rows,
    ) -> Result<()> {
        if let (Some((at, _)), Some(ids)) = (&self.id, ids)
            && let Some(column) = rows.columns.get(*at)
        {
            let doubles = number(ids, column, import.load.next_node());
            if !doubles.is_empty() {
                let late = doubles.iter().map(|(row, id)| {
                    let message = format!("there is a node `{id}` already");
                    (*row, message)
                });
                rows.places.add_late(&mut rows.faults, Reason::DuplicateNode, late);
                let doubles: Vec<u32> = doubles.into_iter().map(|(row, _)| row).collect();
                rows.keep(|row| doubles.binary_search(&row).is_err());
            }
        }
        rows.note_faults(import)?;
        let mut labels: Vec<(u32, Option<Vec<u32>>)> =
            self.labels.iter().map(|label| (*label, None)).collect();
        for (name, having) in rows.labels.rows {
            // That of a row of no use.
            if having.is_empty() {
                continue;
            }
            let label = import.load.label(&name);
            if !self.labels.contains(&label) {
                labels.push((label, Some(having)));
            }
        }
        let columns = self.keys.iter().zip(rows.columns);
        let columns = columns.filter_map(|(key, column)| Some(((*key)?, column))).collect();
        import.load.add_nodes(rows.count, labels, columns)?;
        import.summary.nodes += rows.count as u64;
        import.progress();
        Ok(())
    }
}

/// Adds the identifiers of a column, and says which rows have one that was there already. The others are
/// numbered without them.
fn number(ids: &mut Ids, column: &Array, first: u64) -> Vec<(u32, String)> {
    let mut doubles: Vec<(u32, String)> = Vec::new();
    let rows = (0..column.len()).filter(|row| column.has(*row));
    match (ids, column.data()) {
        (Ids::Integers(ids), ArrayData::Integer(values)) => {
            for row in rows {
                let id = values.get(row).copied().unwrap_or_default();
                if !ids.insert(id, (first as usize + row - doubles.len()) as u32) {
                    doubles.push((row as u32, id.to_string()));
                }
            }
        }
        (Ids::Strings(ids), ArrayData::String(values)) => {
            for row in rows {
                if !ids.insert(values.get(row), (first as usize + row - doubles.len()) as u32) {
                    doubles.push((row as u32, values.get(row).to_string()));
                }
            }
        }
        // A column of nothing but absent identifiers.
        _ => {}
    }
    doubles
}

/// What is the same for all rows of one table of relationships.
pub(super) struct RelationshipTable {
    pub(super) columns: Vec<Column>,
    keys: Vec<u32>,
    /// The type of relationships that name none.
    pub(super) default_type: Option<u32>,
}

impl RelationshipTable {
    pub(super) fn of(
        import: &mut Import<'_, '_, '_>,
        files: &RelationshipFiles,
        header: &Header,
    ) -> Result<Self> {
        let mut columns = Vec::new();
        let mut keys = Vec::new();
        let (mut starts, mut ends, mut types) = (0, 0, 0);
        for role in &header.roles {
            columns.push(match role {
                Role::Property(name, of) => {
                    keys.push(import.load.key(name));
                    Column::Property(of.clone().unwrap_or(Scalar::String.into()))
                }
                Role::Start { space } => {
                    starts += 1;
                    Column::Start(import.space(space.as_deref().unwrap_or(""), &header.file)?)
                }
                Role::End { space } => {
                    ends += 1;
                    Column::End(import.space(space.as_deref().unwrap_or(""), &header.file)?)
                }
                Role::Type { json } => {
                    types += 1;
                    Column::Type { json: *json }
                }
                Role::Ignored => Column::Ignored,
                Role::Id { .. } | Role::Labels { .. } => {
                    let error = header_error(&header.file, "a column is one of nodes");
                    return Err(error.help("Name the file with `--nodes`."));
                }
            });
        }
        let help = "A header needs one `:START_ID` and one `:END_ID`, or name the columns with `--from` and `--to`.";
        if (starts, ends) != (1, 1) {
            let what = "not exactly one column says the start, and one the end, of a relationship";
            return Err(header_error(&header.file, what).help(help));
        }
        if types > 1 || (types == 0 && files.relationship_type.is_none()) {
            let error =
                header_error(&header.file, "no single column says the type of a relationship");
            return Err(
                error.help("Add a column `:TYPE`, or state it: `--relationships TYPE=FILE`.")
            );
        }
        let default_type =
            files.relationship_type.as_deref().map(|name| import.load.relationship_type(name));
        Ok(Self { columns, keys, default_type })
    }

    pub(super) fn take(&self, import: &mut Import<'_, '_, '_>, mut rows: Rows) -> Result<()> {
        rows.note_faults(import)?;
        let of = self.default_type;
        let types = match rows.types {
            None => Types::One(of.unwrap_or_default()),
            Some(types) => {
                let named: Vec<u32> =
                    types.names.iter().map(|name| import.load.relationship_type(name)).collect();
                let number = |at: &u32| named.get(*at as usize).copied().or(of).unwrap_or_default();
                Types::Each(types.rows.iter().map(number).collect())
            }
        };
        let columns = self.keys.iter().copied().zip(rows.columns).collect();
        import.summary.relationships += rows.count as u64;
        import.load.add_relationships(types, rows.starts, rows.ends, columns)?;
        import.progress();
        Ok(())
    }
}

/// Labels, in the order in which they were met, each with the rows that have it.
#[derive(Debug, Default)]
pub(super) struct RowLabels {
    rows: Vec<(String, Vec<u32>)>,
    numbers: FxHashMap<String, usize>,
    /// The numbers of the labels that the last row has.
    last: Vec<usize>,
    last_row: usize,
}

impl RowLabels {
    /// Gives the last row a label.
    pub(super) fn add(&mut self, name: &str, row: usize) {
        let number = match self.numbers.get(name) {
            Some(number) => *number,
            None => {
                self.numbers.insert(name.into(), self.rows.len());
                self.rows.push((name.into(), Vec::new()));
                self.rows.len() - 1
            }
        };
        if let Some((_, rows)) = self.rows.get_mut(number)
            && rows.last() != Some(&(row as u32))
        {
            rows.push(row as u32);
            if std::mem::replace(&mut self.last_row, row) != row {
                self.last.clear();
            }
            self.last.push(number);
        }
    }

    /// Gives the last row the labels that a field names: an array of JSON, or names between separators.
    pub(super) fn add_all(
        &mut self,
        text: &str,
        json: bool,
        separator: Separator,
        row: usize,
    ) -> Result<(), String> {
        if json {
            json::names(text)?.iter().for_each(|name| self.add(name, row));
            return Ok(());
        }
        for name in separator.split(text) {
            let name = name.trim();
            if !name.is_empty() {
                self.add(name, row);
            }
        }
        Ok(())
    }

    /// The labels, each with the rows that have it.
    pub(super) fn into_rows(self) -> impl Iterator<Item = (String, Vec<u32>)> {
        self.rows.into_iter()
    }

    /// Takes the labels of a row back, which is the last one.
    fn take_back(&mut self, row: usize) {
        for number in self.last.drain(..) {
            if let Some((_, rows)) = self.rows.get_mut(number) {
                rows.pop_if(|last| *last as usize == row);
            }
        }
    }
}

/// The types of relationships: names, and for each row the position of its name; past the names where it says none.
#[derive(Debug, Default)]
pub(super) struct RowTypes {
    names: Vec<String>,
    rows: Vec<u32>,
    numbers: FxHashMap<String, u32>,
    /// Whether the last row is the first of its type.
    new: bool,
}

impl RowTypes {
    /// Adds the type that a field of the next row says, which may be none where there is a `default`.
    pub(super) fn add(&mut self, text: &str, json: bool, default: bool) -> Result<(), String> {
        match text {
            "" if default => self.push(None),
            "" => return Err("the relationship has no type".into()),
            text if json => self.push(Some(&json::name(text)?)),
            text => self.push(Some(text)),
        }
        Ok(())
    }

    fn push(&mut self, name: Option<&str>) {
        self.new = false;
        let number = match name.map(|name| (name, self.numbers.get(name))) {
            None => u32::MAX,
            Some((_, Some(number))) => *number,
            Some((name, None)) => {
                let number = self.names.len() as u32;
                self.names.push(name.into());
                self.numbers.insert(name.into(), number);
                self.new = true;
                number
            }
        };
        self.rows.push(number);
    }

    /// Takes back the type of a row behind the first `count`, and its name where no other row has it.
    fn take_back(&mut self, count: usize) {
        let taken = self.rows.len() > count;
        self.rows.truncate(count);
        if taken
            && std::mem::take(&mut self.new)
            && let Some(name) = self.names.pop()
        {
            self.numbers.remove(&name);
        }
    }
}

/// Rows as arrays.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) file: Arc<Path>,
    pub(super) count: usize,
    /// The property columns, in the order of the header.
    pub(super) columns: Vec<Array>,
    pub(super) labels: RowLabels,
    pub(super) starts: Vec<u32>,
    pub(super) ends: Vec<u32>,
    pub(super) types: Option<RowTypes>,
    faults: Vec<Fault>,
    /// How many of the faults no option passes over.
    fatal: u64,
    pub(super) places: Places,
}

impl Rows {
    /// None yet, of columns such as these.
    pub(super) fn new(file: Arc<Path>, columns: &[Column]) -> Self {
        let typed = columns.iter().any(|column| matches!(column, Column::Type { .. }));
        let properties =
            columns.iter().filter(|column| matches!(column, Column::Property(_))).count();
        Self {
            file,
            count: 0,
            columns: vec![Array::default(); properties],
            labels: RowLabels::default(),
            starts: Vec::new(),
            ends: Vec::new(),
            types: typed.then(RowTypes::default),
            faults: Vec::new(),
            fatal: 0,
            places: Places::default(),
        }
    }

    /// Takes back what there is of a row that failed half-way.
    fn take_back(&mut self) {
        self.columns.iter_mut().for_each(|column| column.truncate(self.count));
        self.starts.truncate(self.count);
        self.ends.truncate(self.count);
        if let Some(types) = &mut self.types {
            types.take_back(self.count);
        }
        self.labels.take_back(self.count);
    }

    /// Adds a row of no use. Says whether there is sense in reading on.
    pub(super) fn reject(&mut self, fault: Fault, tolerance: &Tolerance) -> bool {
        self.take_back();
        self.fatal += u64::from(!tolerance.passes_over(fault.reason));
        self.faults.push(fault);
        self.fatal <= tolerance.rows
    }

    /// Takes note of the rows of no use.
    fn note_faults(&mut self, import: &mut Import<'_, '_, '_>) -> Result<()> {
        let faults = std::mem::take(&mut self.faults);
        let mut rows = self.places.bad_rows(faults);
        rows.try_for_each(|row| import.note(&self.file, &row))
    }

    /// Keeps these rows of nodes alone.
    fn keep(&mut self, keep: impl Fn(u32) -> bool) {
        let kept: Vec<u32> = (0..self.count as u32).filter(|row| keep(*row)).collect();
        self.columns.iter_mut().for_each(|column| *column = column.gather(&kept));
        for (_, rows) in &mut self.labels.rows {
            *rows = rows
                .iter()
                .filter_map(|row| kept.binary_search(row).ok())
                .map(|row| row as u32)
                .collect();
        }
        self.count = kept.len();
    }
}

/// What is wrong with an end that means no node; `id` is what the row says.
pub(super) fn missing_end(spaces: &[(String, Ids)], space: usize, id: &str, which: &str) -> String {
    let found = spaces.get(space);
    match found {
        _ if id.is_empty() => format!("the relationship has no {which}"),
        Some((name, ids)) if let Some((one, other)) = ids.doubled(id) => format!(
            "the {which}, node `{id}` of `{name}`, is not clear: the nodes {one} and {other} of the store both have that \
             identifier"
        ),
        Some((name, _)) if !name.is_empty() => {
            format!("the {which}, node `{id}` of `{name}`, is not there")
        }
        _ => format!("the {which}, node `{id}`, is not there"),
    }
}
