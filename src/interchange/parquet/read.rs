//! Reads tables, some thousand rows at a time.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use ::parquet::column::reader::ColumnReader;
use ::parquet::errors::ParquetError;
use ::parquet::file::reader::FileReader;
use ::parquet::file::serialized_reader::SerializedFileReader;
use ::parquet::schema::types::TypePtr;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::Import;
use crate::interchange::field::{FieldType, Scalar, Separator};
use crate::interchange::header::Role;
use crate::interchange::identity::Ids;
use crate::interchange::input;
use crate::interchange::options::{NodeFiles, RelationshipFiles};
use crate::interchange::pipeline;
use crate::interchange::places::Fault;
use crate::interchange::rejects::{Reason, Tolerance};
use crate::interchange::table::{Column, Header, NodeTable, RelationshipTable, Rows, missing_end};
use crate::value::Value;
use crate::value::number;
use crate::value::to_text;

use super::column;
use super::column::{Cell, Cells, Form, Shape};
use super::guarded;

/// Rows that are read together.
const ROWS: usize = 1 << 14;
/// How deep structures within structures go.
const DEEPEST: usize = 32;

/// Some rows of one file.
struct Batch {
    file: Arc<Path>,
    /// The number of the first row.
    first: u64,
    cells: Vec<Cells>,
}

/// The names and shapes of the columns, and their numbers among the leaves.
#[derive(Clone, PartialEq)]
struct Schema {
    names: Vec<String>,
    shapes: Vec<Shape>,
    leaves: Vec<usize>,
}

struct Open {
    file: Arc<Path>,
    reader: SerializedFileReader<File>,
    /// Of the file, in bytes.
    length: u64,
    /// The group that comes next.
    group: usize,
    columns: Vec<ColumnReader>,
    /// The number of the next row.
    row: u64,
}

/// Reads files, one after the other, as batches.
struct Batches {
    files: VecDeque<PathBuf>,
    open: Option<Open>,
    /// That of the first file, and of all.
    schema: Option<Arc<Schema>>,
    read: Arc<AtomicU64>,
}

fn damaged(file: &Path, what: &str) -> Error {
    let message = format!("cannot read `{}`: {what}", file.display());
    Error::usage(Detail::InvalidFile, message).help("Nothing was imported.")
}

impl Schema {
    fn of(file: &Path, reader: &SerializedFileReader<File>) -> Result<Self> {
        let descriptor = reader.metadata().file_metadata().schema_descr();
        let mut schema = Self { names: Vec::new(), shapes: Vec::new(), leaves: Vec::new() };
        // Fields in their order, with the names and depths that they have; the next one last.
        let mut open: Vec<(String, usize, &TypePtr)> = Vec::new();
        let roots = descriptor.root_schema().get_fields();
        open.extend(roots.iter().rev().map(|field| (field.name().to_owned(), 1, field)));
        // Leaves are numbered in the same order.
        while let Some((name, depth, field)) = open.pop() {
            let refused = |what: &str| {
                damaged(file, &format!("of the column `{name}`, {what}"))
                    .help("Write the file without that column, with its content as text, or as rows or columns of their own.")
            };
            let list = match Form::of(field) {
                Form::Value => false,
                Form::List => true,
                Form::Fields(_) if depth == DEEPEST => {
                    return Err(refused("it is nested too deep"));
                }
                Form::Fields(fields) => {
                    let within = |field: &TypePtr| format!("{name}.{}", field.name());
                    let fields = fields.iter().rev();
                    open.extend(fields.map(|field| (within(field), depth + 1, field)));
                    continue;
                }
                Form::Other(what) => return Err(refused(what)),
            };
            let leaf = schema.leaves.len();
            let shape = Shape::of(&descriptor.column(leaf), list).map_err(|what| refused(&what))?;
            schema.names.push(name);
            schema.shapes.push(shape);
            schema.leaves.push(leaf);
        }
        Ok(schema)
    }
}

impl Batches {
    fn new(files: &[PathBuf], read: Arc<AtomicU64>) -> Self {
        Self { files: files.iter().cloned().collect(), open: None, schema: None, read }
    }

    /// Opens the next file; whether there is one.
    fn open(&mut self) -> Result<bool> {
        let Some(path) = self.files.pop_front() else { return Ok(false) };
        let opened = File::open(&path).map_err(|error| input::failed("read", &path, error))?;
        let reader = guarded(|| SerializedFileReader::new(opened));
        let reader = reader.map_err(|what| damaged(&path, &what))?;
        let length = input::length(&path);
        let file: Arc<Path> = path.into();
        let schema = Schema::of(&file, &reader)?;
        match &self.schema {
            None => self.schema = Some(Arc::new(schema)),
            Some(first) if **first == schema => {}
            Some(_) => {
                let what = "its columns are not those of the first file of the list";
                return Err(damaged(&file, what).help("Import it as a list of its own."));
            }
        }
        self.open = Some(Open { file, reader, length, group: 0, columns: Vec::new(), row: 1 });
        Ok(true)
    }

    /// The file that is first, and what its columns are; nothing where there are no files.
    fn header(&mut self) -> Result<Option<(Header, Schema)>> {
        if !self.open()? {
            return Ok(None);
        }
        let (Some(open), Some(schema)) = (&self.open, &self.schema) else { return Ok(None) };
        let header = Header::of(open.file.clone(), schema.names.clone())?;
        Ok(Some((header, Schema::clone(schema))))
    }

    fn next(&mut self) -> Result<Option<Batch>> {
        loop {
            let (Some(open), Some(schema)) = (&mut self.open, &self.schema) else {
                if self.open()? {
                    continue;
                }
                return Ok(None);
            };
            let batch = guarded(|| open.batch(schema, &self.read));
            match batch.map_err(|what| damaged(&open.file, &what))? {
                Some(batch) => return Ok(Some(batch)),
                None => self.open = None,
            }
        }
    }
}

impl Open {
    fn batch(&mut self, schema: &Schema, read: &AtomicU64) -> Result<Option<Batch>, ParquetError> {
        loop {
            let cells = self.columns.iter_mut().map(|column| column::read(column, ROWS));
            let cells = cells.collect::<Result<Vec<_>, _>>()?;
            let rows = cells.first().map_or(0, Cells::rows);
            if cells.iter().any(|cells| cells.rows() != rows) {
                let what = "the columns have different numbers of rows";
                return Err(ParquetError::General(what.into()));
            }
            if rows > 0 {
                let first = self.row;
                self.row += rows as u64;
                return Ok(Some(Batch { file: self.file.clone(), first, cells }));
            }
            if self.group == self.reader.num_row_groups() {
                return Ok(None);
            }
            let group = self.reader.get_row_group(self.group)?;
            self.group += 1;
            let mut bytes = 0;
            for leaf in &schema.leaves {
                // The library would make room for whatever the footer says.
                let (begin, length) = group.metadata().column(*leaf).byte_range();
                if begin.checked_add(length).is_none_or(|end| end > self.length) {
                    let what = "a column ends behind the end of the file";
                    return Err(ParquetError::General(what.into()));
                }
                bytes += length;
            }
            read.fetch_add(bytes, Ordering::Relaxed);
            let columns = schema.leaves.iter().map(|leaf| group.get_column_reader(*leaf));
            self.columns = columns.collect::<Result<_, _>>()?;
        }
    }
}

/// Fills in the types that the names of columns leave open.
fn fill(header: &mut Header, schema: &mut Schema) {
    for (role, shape) in header.roles.iter_mut().zip(&mut schema.shapes) {
        if let Role::Property(_, Some(stated)) = role
            && stated.scalar == Scalar::String
        {
            shape.as_text();
        }
        let of = shape.field_type();
        match role {
            Role::Id { integer: integer @ None, .. } => *integer = Some(of.scalar == Scalar::Long),
            Role::Property(_, own @ None) => *own = Some(of),
            _ => {}
        }
    }
}

pub(super) fn nodes(import: &mut Import<'_, '_, '_>, files: &NodeFiles) -> Result<()> {
    let mut batches = Batches::new(&files.files, import.read.clone());
    let Some((mut header, mut schema)) = batches.header()? else { return Ok(()) };
    header.map_node(files, import.options.id_type)?;
    fill(&mut header, &mut schema);
    let table = NodeTable::of(import, files, &header)?;
    let separator = header.separator(import.options);
    let tolerance = Tolerance::new(import.options);
    let columns = &table.columns;
    let parser = Parser { schema: &schema, columns, separator, has_type: false, tolerance };
    table.with_ids(import, &header.file, |import, ids| {
        pipeline::in_order(
            import.options.threads,
            || batches.next(),
            |batch| Ok(parser.parse(batch, &[])),
            |rows| table.take(import, ids.as_mut(), rows),
        )
    })
}

pub(super) fn relationships(
    import: &mut Import<'_, '_, '_>,
    files: &RelationshipFiles,
) -> Result<()> {
    let mut batches = Batches::new(&files.files, import.read.clone());
    let Some((mut header, mut schema)) = batches.header()? else { return Ok(()) };
    header.map_ends(files, import)?;
    fill(&mut header, &mut schema);
    let table = RelationshipTable::of(import, files, &header)?;
    let (separator, has_type) = (header.separator(import.options), table.default_type.is_some());
    let tolerance = Tolerance::new(import.options);
    let columns = &table.columns;
    let parser = Parser { schema: &schema, columns, separator, has_type, tolerance };
    let spaces = std::mem::take(&mut import.spaces);
    let taken = pipeline::in_order(
        import.options.threads,
        || batches.next(),
        |batch| Ok(parser.parse(batch, &spaces)),
        |rows| table.take(import, rows),
    );
    import.spaces = spaces;
    taken
}

/// Turns batches into rows of a table.
struct Parser<'a> {
    schema: &'a Schema,
    columns: &'a [Column],
    separator: Separator,
    /// Whether relationships that name no type have one.
    has_type: bool,
    tolerance: Tolerance,
}

impl Parser<'_> {
    fn parse(&self, batch: Batch, spaces: &[(String, Ids)]) -> Rows {
        let Batch { file, first, cells } = batch;
        let mut rows = Rows::new(file, self.columns);
        rows.places.first = first;
        let count = cells.first().map_or(0, Cells::rows);
        let columns = cells.iter().zip(&self.schema.shapes);
        let mut columns: Vec<_> =
            columns.map(|(cells, shape)| cells.values(shape).into_iter()).collect();
        for number in 0..count {
            let cells = columns.iter_mut().map(|column| column.next().unwrap_or(Ok(Value::Null)));
            let cells: Vec<Cell> = cells.collect();
            match self.row(cells, spaces, &mut rows) {
                Ok(()) => {
                    rows.count += 1;
                    rows.places.begins.push(number as u32);
                }
                Err((reason, column, message)) => {
                    let fault = Fault::new(reason, number..number + 1, column, message);
                    if !rows.reject(fault, &self.tolerance) {
                        break;
                    }
                }
            }
        }
        rows
    }

    fn row(
        &self,
        cells: Vec<Cell>,
        spaces: &[(String, Ids)],
        rows: &mut Rows,
    ) -> Result<(), (Reason, usize, String)> {
        let mut properties = rows.columns.iter_mut();
        for ((at, column), cell) in (1..).zip(self.columns).zip(cells) {
            let name = self.schema.names.get(at - 1).map_or("", String::as_str);
            let malformed = |what: String| (Reason::Malformed, at, format!("`{name}`: {what}"));
            let value = match column {
                Column::Ignored => continue,
                _ => cell.map_err(malformed)?,
            };
            match column {
                Column::Property(of) => {
                    let Some(array) = properties.next() else { continue };
                    array.push(fitted(value, of, self.separator).map_err(malformed)?);
                }
                Column::Labels { json } => match value {
                    Value::Null => {}
                    Value::List(names) => {
                        let names = names.iter().filter_map(Value::as_str);
                        names.for_each(|name| rows.labels.add(name, rows.count));
                    }
                    Value::String(text) => {
                        let added = rows.labels.add_all(&text, *json, self.separator, rows.count);
                        added.map_err(malformed)?;
                    }
                    _ => return Err(malformed("labels are text, or lists of it".into())),
                },
                Column::Start(space) => rows.starts.push(end(spaces, *space, &value, at, "start")?),
                Column::End(space) => rows.ends.push(end(spaces, *space, &value, at, "end")?),
                Column::Type { json } => {
                    let text = to_text(&value).unwrap_or_default();
                    if let Some(types) = &mut rows.types {
                        let added = types.add(&text, *json, self.has_type);
                        added.map_err(|message| (Reason::Malformed, at, message))?;
                    }
                }
                Column::Ignored => {}
            }
        }
        Ok(())
    }
}

/// The node that an identifier means.
fn end(
    spaces: &[(String, Ids)],
    space: usize,
    id: &Value,
    column: usize,
    which: &str,
) -> Result<u32, (Reason, usize, String)> {
    let text = || to_text(id).unwrap_or_default();
    let found = match (spaces.get(space), id) {
        (Some((_, Ids::Integers(ids))), Value::Integer(id)) => ids.get(*id),
        (Some((_, Ids::Integers(ids))), _) => ids.named(text().as_bytes()),
        (Some((_, Ids::Strings(ids))), _) => ids.get(text().as_bytes()),
        (None, _) => None,
    };
    found.ok_or_else(|| (Reason::MissingNode, column, missing_end(spaces, space, &text(), which)))
}

/// The value in the type that the name of its column states, if it does.
fn fitted(value: Value, of: &FieldType, separator: Separator) -> Cell {
    let one = |value: &Value| -> Cell {
        match value {
            value if Scalar::of_value(value) == Some(of.scalar) => Ok(value.clone()),
            Value::Integer(integer) if of.scalar == Scalar::Float => {
                let float = number::float_of(*integer).map(Value::Float);
                float.ok_or_else(|| number::no_float(&integer.to_string()))
            }
            Value::List(_) => Err(format!("a list is not a {}", of.scalar.name())),
            value => of.value(&to_text(value).unwrap_or_default()),
        }
    };
    match (&value, of.list) {
        (Value::Null, _) => Ok(value),
        (Value::List(items), true) => {
            Ok(Value::list(items.iter().map(one).collect::<Result<_, _>>()?))
        }
        (Value::String(text), true) if text.is_empty() => Ok(Value::list(Vec::new())),
        (Value::String(text), true) => {
            let items = separator.split(text).map(|item| of.value(&item));
            Ok(Value::list(items.collect::<Result<_, _>>()?))
        }
        (_, true) => one(&value).map(|item| Value::list(vec![item])),
        (Value::List(_), false) if of.scalar == Scalar::Json => Ok(value),
        (_, false) => one(&value),
    }
}
