//! Writes a table, a group of rows at a time.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use ::parquet::basic::Compression as Codec;
use ::parquet::basic::GzipLevel;
use ::parquet::basic::LogicalType;
use ::parquet::basic::Repetition;
use ::parquet::basic::TimeUnit;
use ::parquet::basic::Type as Physical;
use ::parquet::basic::ZstdLevel;
use ::parquet::data_type::BoolType;
use ::parquet::data_type::ByteArray;
use ::parquet::data_type::ByteArrayType;
use ::parquet::data_type::DoubleType;
use ::parquet::data_type::Int32Type;
use ::parquet::data_type::Int64Type;
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::Type;

use crate::database::Extract;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::export::{ColumnType, Compression, Entities, Output, Table, TableFormat};
use crate::interchange::field::{Scalar, written};
use crate::interchange::header;
use crate::interchange::header::Role;
use crate::interchange::input;
use crate::interchange::json;
use crate::value::Value;

/// The most rows of a group, and the most bytes it gathers.
const ROWS: usize = 1 << 16;
const BYTES: usize = 32 << 20;

/// Microseconds since 1970, where they say it all.
fn micros(seconds: i64, nanos: u32) -> Option<i64> {
    let micros = seconds.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1000))?;
    nanos.is_multiple_of(1000).then_some(micros)
}

/// How often a column has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Required,
    Optional,
    List,
}

/// Values that wait for their group.
#[derive(Debug)]
enum Values {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
}

#[derive(Debug)]
struct Column {
    presence: Presence,
    of: ColumnType,
    values: Values,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    bytes: usize,
}

impl Column {
    fn new(presence: Presence, of: ColumnType) -> Self {
        let values = match of {
            ColumnType::Scalar(Scalar::Boolean) | ColumnType::List(Scalar::Boolean) => {
                Values::Boolean(Vec::new())
            }
            ColumnType::Scalar(Scalar::Date) => Values::Int32(Vec::new()),
            ColumnType::Scalar(
                Scalar::Long | Scalar::LocalTime | Scalar::LocalDateTime | Scalar::DateTime,
            )
            | ColumnType::List(Scalar::Long) => Values::Int64(Vec::new()),
            ColumnType::Scalar(Scalar::Float) | ColumnType::List(Scalar::Float) => {
                Values::Double(Vec::new())
            }
            _ => Values::Bytes(Vec::new()),
        };
        let (definitions, repetitions) = (Vec::new(), Vec::new());
        Self { presence, of, values, definitions, repetitions, bytes: 0 }
    }

    /// Its part of the schema.
    fn schema(&self, name: &str) -> Result<Type, ParquetError> {
        let physical = match self.values {
            Values::Boolean(_) => Physical::BOOLEAN,
            Values::Int32(_) => Physical::INT32,
            Values::Int64(_) => Physical::INT64,
            Values::Double(_) => Physical::DOUBLE,
            Values::Bytes(_) => Physical::BYTE_ARRAY,
        };
        let logical = match (&self.values, self.of) {
            (_, ColumnType::Scalar(Scalar::Date)) => Some(LogicalType::Date),
            (_, ColumnType::Scalar(Scalar::LocalTime)) => {
                Some(LogicalType::time(false, TimeUnit::NANOS))
            }
            (_, ColumnType::Scalar(Scalar::LocalDateTime)) => {
                Some(LogicalType::timestamp(false, TimeUnit::MICROS))
            }
            (_, ColumnType::Scalar(Scalar::DateTime)) => {
                Some(LogicalType::timestamp(true, TimeUnit::MICROS))
            }
            (Values::Bytes(_), ColumnType::Mixed) => Some(LogicalType::Json),
            (Values::Bytes(_), _) => Some(LogicalType::String),
            _ => None,
        };
        let leaf = |name: &str, repetition| {
            Type::primitive_type_builder(name, physical)
                .with_repetition(repetition)
                .with_logical_type(logical.clone())
                .build()
        };
        match self.presence {
            Presence::Required => leaf(name, Repetition::REQUIRED),
            Presence::Optional => leaf(name, Repetition::OPTIONAL),
            Presence::List => {
                let element = leaf("element", Repetition::REQUIRED)?;
                let list = Type::group_type_builder("list")
                    .with_repetition(Repetition::REPEATED)
                    .with_fields(vec![Arc::new(element)])
                    .build()?;
                Type::group_type_builder(name)
                    .with_repetition(Repetition::OPTIONAL)
                    .with_logical_type(Some(LogicalType::List))
                    .with_fields(vec![Arc::new(list)])
                    .build()
            }
        }
    }

    /// Appends the value of a row; null where it has none.
    fn push(&mut self, value: &Value) {
        match (self.presence, value) {
            (Presence::Required, value) => self.push_value(value),
            (Presence::Optional, value) => {
                let present = !matches!(value, Value::Null);
                self.definitions.push(present.into());
                if present {
                    self.push_value(value);
                }
            }
            // Null, without an item, or with one: as in `Column::schema`.
            (Presence::List, Value::List(items)) if items.is_empty() => self.level(1, 0),
            (Presence::List, Value::List(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.level(2, (at > 0).into());
                    self.push_value(item);
                }
            }
            (Presence::List, _) => self.level(0, 0),
        }
        self.bytes += 4;
    }

    /// Appends all values of a column of the same type.
    fn append(&mut self, other: Self) {
        match (&mut self.values, other.values) {
            (Values::Boolean(into), Values::Boolean(values)) => into.extend(values),
            (Values::Int32(into), Values::Int32(values)) => into.extend(values),
            (Values::Int64(into), Values::Int64(values)) => into.extend(values),
            (Values::Double(into), Values::Double(values)) => into.extend(values),
            (Values::Bytes(into), Values::Bytes(values)) => into.extend(values),
            // Both are of the type that the survey has found.
            _ => {}
        }
        self.definitions.extend(other.definitions);
        self.repetitions.extend(other.repetitions);
        self.bytes += other.bytes;
    }

    fn level(&mut self, definition: i16, repetition: i16) {
        self.definitions.push(definition);
        self.repetitions.push(repetition);
        self.bytes += 4;
    }

    fn push_value(&mut self, value: &Value) {
        // The first pass has seen every value, and chosen a type that holds it.
        let micros = |seconds, nanos| micros(seconds, nanos).unwrap_or_default();
        self.bytes += 8;
        match (&mut self.values, value) {
            (Values::Boolean(into), Value::Boolean(truth)) => into.push(*truth),
            (Values::Int32(into), Value::Date(date)) => into.push(date.epoch_days() as i32),
            (Values::Int64(into), Value::Integer(number)) => into.push(*number),
            (Values::Int64(into), Value::LocalTime(time)) => into.push(time.nanos()),
            (Values::Int64(into), Value::LocalDateTime(time)) => {
                into.push(micros(time.epoch_seconds(), time.nanosecond()));
            }
            (Values::Int64(into), Value::DateTime(time)) => {
                into.push(micros(time.epoch_seconds(), time.nanosecond()));
            }
            (Values::Double(into), Value::Float(number)) => into.push(*number),
            (Values::Bytes(into), value) => {
                let text = match self.of {
                    ColumnType::Mixed => json::of_value(value).to_string(),
                    _ => written(value),
                };
                self.bytes += 32 + text.len();
                into.push(text.into_bytes().into());
            }
            (Values::Boolean(into), _) => into.push(false),
            (Values::Int32(into), _) => into.push(0),
            (Values::Int64(into), _) => into.push(0),
            (Values::Double(into), _) => into.push(f64::NAN),
        }
    }
}

/// The name of a column: that of the property, with its type where the file's own does not say it or the name would be
/// taken for more than one.
fn field(name: &str, of: ColumnType) -> String {
    // A header may take it for more than the name of a property.
    let plain = matches!(Role::of(name), Ok(Role::Property(own, None)) if own == name);
    let list = |of: Scalar| header::field(name, &format!("{}[]", of.name()));
    match of {
        ColumnType::Scalar(_) | ColumnType::List(_) | ColumnType::EmptyLists if plain => {
            name.to_owned()
        }
        ColumnType::Scalar(of) | ColumnType::Text(of) => header::field(name, of.name()),
        ColumnType::List(of) | ColumnType::Texts(of) => list(of),
        ColumnType::EmptyLists => list(Scalar::String),
        ColumnType::Mixed => header::field(name, Scalar::Json.name()),
    }
}

/// See the module.
#[derive(Debug)]
pub(in crate::interchange) struct Parquet;

/// What the rows of a table have.
pub(in crate::interchange) struct Layout {
    /// The properties, and every column in its order: identifiers, properties, the labels or the type.
    names: Vec<Arc<str>>,
    columns: Vec<(Presence, ColumnType)>,
    /// The labels, or the type, of every row.
    kind: Value,
}

/// Rows by column.
#[derive(Default)]
pub(in crate::interchange) struct Piece {
    rows: usize,
    columns: Vec<Column>,
}

/// A table that is being written.
pub(in crate::interchange) struct File {
    file: SerializedFileWriter<Output>,
    /// What errors call the file.
    shown: PathBuf,
    columns: Vec<Column>,
    rows: usize,
    /// How much is gathered before a group is written, in bytes.
    room: usize,
}

fn failed(shown: &Path, error: ParquetError) -> Error {
    input::failed("write", shown, io::Error::other(error))
}

/// Begins a table.
fn begin(
    table: Table,
    compression: Option<Compression>,
    room: usize,
    out: Output,
) -> Result<(Layout, File)> {
    let shown = out.shown().to_owned();
    let codec = match compression {
        Some(Compression::Gzip) => Codec::GZIP(GzipLevel::default()),
        Some(Compression::Zstandard) | None => Codec::ZSTD(ZstdLevel::default()),
    };
    let text = ColumnType::Scalar(Scalar::String);
    let (ids, kind_name, kind, kind_column): (&[&str], _, _, _) = match table.entities {
        Entities::Nodes(labels) => {
            let labels = labels.into_iter().map(Value::String).collect();
            let column = Column::new(Presence::List, ColumnType::List(Scalar::String));
            (&[":ID(node)"], ":LABEL", Value::list(labels), column)
        }
        Entities::Relationships(of) => {
            let column = Column::new(Presence::Required, text);
            let (name, field) = header::type_column(&of);
            (&[":START_ID(node)", ":END_ID(node)"], name, Value::string(&*field), column)
        }
    };
    let id = |name: &&str| {
        let column = Column::new(Presence::Required, ColumnType::Scalar(Scalar::Long));
        (name.to_string(), column)
    };
    let mut columns: Vec<(String, Column)> = ids.iter().map(id).collect();
    let mut names = Vec::new();
    for (name, of) in table.columns {
        let lists =
            matches!(of, ColumnType::List(_) | ColumnType::Texts(_) | ColumnType::EmptyLists);
        let presence = if lists { Presence::List } else { Presence::Optional };
        columns.push((field(&name, of), Column::new(presence, of)));
        names.push(name);
    }
    columns.push((kind_name.to_owned(), kind_column));
    let fields = columns.iter().map(|(name, column)| column.schema(name).map(Arc::new));
    let schema = fields
        .collect::<Result<Vec<_>, _>>()
        .and_then(|fields| Type::group_type_builder("schema").with_fields(fields).build());
    let schema = schema.map_err(|error| failed(&shown, error))?;
    let properties = WriterProperties::builder()
        .set_compression(codec)
        .set_created_by(concat!("redstring ", env!("CARGO_PKG_VERSION")).into())
        .build();
    let begun = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
    let file = begun.map_err(|error| failed(&shown, error))?;
    let columns: Vec<Column> = columns.into_iter().map(|(_, column)| column).collect();
    let shapes = columns.iter().map(|column| (column.presence, column.of)).collect();
    let layout = Layout { names, columns: shapes, kind };
    Ok((layout, File { file, shown, columns, rows: 0, room: room.min(BYTES) }))
}

impl File {
    fn write_group(&mut self) -> Result<()> {
        let Self { file, columns, .. } = self;
        let mut write = || {
            let mut group = file.next_row_group()?;
            for column in columns.iter_mut() {
                let Some(mut writer) = group.next_column()? else { break };
                let definitions =
                    (column.presence != Presence::Required).then_some(&*column.definitions);
                let repetitions =
                    (column.presence == Presence::List).then_some(&*column.repetitions);
                macro_rules! write {
                    ($of:ty, $values:expr) => {{
                        writer.typed::<$of>().write_batch($values, definitions, repetitions)?;
                        $values.clear();
                    }};
                }
                match &mut column.values {
                    Values::Boolean(values) => write!(BoolType, values),
                    Values::Int32(values) => write!(Int32Type, values),
                    Values::Int64(values) => write!(Int64Type, values),
                    Values::Double(values) => write!(DoubleType, values),
                    Values::Bytes(values) => write!(ByteArrayType, values),
                }
                writer.close()?;
                column.definitions.clear();
                column.repetitions.clear();
                column.bytes = 0;
            }
            group.close().map(|_| ())
        };
        write().map_err(|error| failed(&self.shown, error))?;
        self.rows = 0;
        Ok(())
    }
}

impl TableFormat for Parquet {
    const COMPRESSES: bool = true;
    type Layout = Layout;
    type Piece = Piece;
    type Ready = Piece;
    type File = File;

    /// The type that a column needs to hold a value: timestamps count microseconds, and times with an offset, durations and
    /// points are text.
    fn column(value: &Value) -> ColumnType {
        let exact = |seconds, nanos| micros(seconds, nanos).is_some();
        match (value, ColumnType::of(value)) {
            (Value::Date(date), found) if i32::try_from(date.epoch_days()).is_ok() => found,
            (Value::LocalDateTime(time), found)
                if exact(time.epoch_seconds(), time.nanosecond()) =>
            {
                found
            }
            (Value::DateTime(time), found)
                if exact(time.epoch_seconds(), time.nanosecond())
                    && time.offset() == 0
                    && time.zone_name().is_none() =>
            {
                found
            }
            (
                _,
                ColumnType::Scalar(
                    of @ (Scalar::Date
                    | Scalar::LocalDateTime
                    | Scalar::DateTime
                    | Scalar::Time
                    | Scalar::Duration
                    | Scalar::Point),
                ),
            ) => ColumnType::Text(of),
            (
                _,
                found @ ColumnType::List(
                    Scalar::Boolean | Scalar::Long | Scalar::Float | Scalar::String,
                ),
            ) => found,
            (_, ColumnType::List(of)) => ColumnType::Texts(of),
            (_, found) => found,
        }
    }

    fn begin(
        table: Table,
        compression: Option<Compression>,
        room: usize,
        out: Output,
    ) -> Result<(Layout, File)> {
        begin(table, compression, room, out)
    }

    fn render(layout: &Layout, part: &Extract, rows: &[u32], piece: &mut Piece) -> Result<()> {
        if piece.columns.is_empty() {
            let columns = layout.columns.iter();
            piece.columns = columns.map(|(presence, of)| Column::new(*presence, *of)).collect();
        }
        let rows = || rows.iter().map(|row| *row as usize);
        let mut columns = piece.columns.iter_mut();
        let mut fill = |value: &dyn Fn(usize) -> Value| {
            if let Some(column) = columns.next() {
                rows().for_each(|row| column.push(&value(row)));
            }
        };
        let integer = |id: Option<u64>| Value::Integer(id.unwrap_or_default() as i64);
        if part.ends.is_empty() {
            fill(&|row| integer(part.ids.get(row).copied()));
        } else {
            fill(&|row| integer(part.ends.get(row).map(|(start, _)| *start)));
            fill(&|row| integer(part.ends.get(row).map(|(_, end)| *end)));
        }
        for name in &layout.names {
            match part.column(name) {
                Some(column) => fill(&|row| column.get(row)),
                None => fill(&|_| Value::Null),
            }
        }
        fill(&|_| layout.kind.clone());
        piece.rows += rows().len();
        Ok(())
    }

    fn ready(_: &Layout, piece: Piece) -> Result<Piece> {
        Ok(piece)
    }

    fn write(file: &mut File, piece: Piece) -> Result<()> {
        for (column, piece) in file.columns.iter_mut().zip(piece.columns) {
            column.append(piece);
        }
        file.rows += piece.rows;
        let bytes: usize = file.columns.iter().map(|column| column.bytes).sum();
        if file.rows < ROWS && bytes < file.room { Ok(()) } else { file.write_group() }
    }

    fn end(mut file: File) -> Result<()> {
        if file.rows > 0 {
            file.write_group()?;
        }
        let File { file, shown, .. } = file;
        file.into_inner().map_err(|error| failed(&shown, error))?.end()
    }
}
