//! What the leaves of a Parquet schema hold, and how it becomes values.

use ::parquet::basic::ConvertedType;
use ::parquet::basic::LogicalType;
use ::parquet::basic::Repetition;
use ::parquet::basic::TimeUnit;
use ::parquet::basic::Type as Physical;
use ::parquet::column::reader::ColumnReader;
use ::parquet::data_type::ByteArray;
use ::parquet::data_type::FixedLenByteArray;
use ::parquet::data_type::Int96;
use ::parquet::errors::ParquetError;
use ::parquet::schema::types::ColumnDescriptor;
use ::parquet::schema::types::Type;
use ::parquet::schema::types::TypePtr;

use crate::interchange::field::{FieldType, Scalar};
use crate::value::Date;
use crate::value::DateTime;
use crate::value::Duration;
use crate::value::LocalDateTime;
use crate::value::LocalTime;
use crate::value::Time;
use crate::value::Value;
use crate::value::number;
use crate::value::temporal::Zone;

/// What the values of a leaf mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Boolean,
    /// An integer; whether it is one without a sign.
    Integer {
        unsigned: bool,
    },
    Float,
    /// A float of 16 bits.
    Half,
    Text,
    Uuid,
    Date,
    /// Units in a second, and whether it is of UTC.
    Time(i64, bool),
    Timestamp(i64, bool),
    Decimal(i32),
    /// The same, as text with all its digits.
    DecimalText(i32),
    /// Months, days and milliseconds.
    Interval,
}

/// A column of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    meaning: Meaning,
    list: bool,
    /// The definition level of values that are there.
    present: i16,
    /// The definition level from which on a list has an item.
    item: i16,
}

impl Shape {
    /// What a leaf is, if it is a plain value or the items of a list of those; the error is a sentence.
    pub(super) fn of(column: &ColumnDescriptor, list: bool) -> Result<Self, String> {
        Ok(Self {
            meaning: meaning(column)?,
            list,
            present: column.max_def_level(),
            item: column.repeated_ancestor_def_level(),
        })
    }

    /// Gives decimals as text, which keeps more digits than a float.
    pub(super) fn as_text(&mut self) {
        if let Meaning::Decimal(scale) = self.meaning {
            self.meaning = Meaning::DecimalText(scale);
        }
    }

    /// The type of a property of such values.
    pub(super) fn field_type(&self) -> FieldType {
        let scalar = match self.meaning {
            Meaning::Boolean => Scalar::Boolean,
            Meaning::Integer { .. } | Meaning::Decimal(0) => Scalar::Long,
            Meaning::Float | Meaning::Half | Meaning::Decimal(_) => Scalar::Float,
            Meaning::Text | Meaning::Uuid | Meaning::DecimalText(_) => Scalar::String,
            Meaning::Date => Scalar::Date,
            Meaning::Time(_, false) => Scalar::LocalTime,
            Meaning::Time(_, true) => Scalar::Time,
            Meaning::Timestamp(_, false) => Scalar::LocalDateTime,
            Meaning::Timestamp(_, true) => Scalar::DateTime,
            Meaning::Interval => Scalar::Duration,
        };
        FieldType { list: self.list, ..scalar.into() }
    }
}

/// What becomes of a field of the schema.
pub(super) enum Form<'a> {
    /// A plain value: a property.
    Value,
    /// A list of plain values: a property too.
    List,
    /// A structure: what it holds are columns of their own.
    Fields(&'a [TypePtr]),
    /// What no property can be.
    Other(&'static str),
}

fn is_repeated(of: &Type) -> bool {
    let info = of.get_basic_info();
    info.has_repetition() && info.repetition() == Repetition::REPEATED
}

impl<'a> Form<'a> {
    pub(super) fn of(field: &'a Type) -> Self {
        if is_list(field) {
            return Self::List;
        }
        if field.is_primitive() {
            return Self::Value;
        }
        let info = field.get_basic_info();
        let is = |logical: LogicalType, converted: ConvertedType| {
            info.logical_type_ref() == Some(&logical) || info.converted_type() == converted
        };
        let is_map = is(LogicalType::Map, ConvertedType::MAP)
            || info.converted_type() == ConvertedType::MAP_KEY_VALUE;
        if is_map {
            Self::Other("it is a map, and no property can be")
        } else if is(LogicalType::List, ConvertedType::LIST) || is_repeated(field) {
            Self::Other("it is a list of lists or of structures, and no property can be")
        } else {
            Self::Fields(field.get_fields())
        }
    }
}

/// Whether a field is a list of plain values: the three levels of the specification, or what writers made before it.
fn is_list(field: &Type) -> bool {
    if field.is_primitive() {
        return is_repeated(field);
    }
    let info = field.get_basic_info();
    let annotated = info.logical_type_ref() == Some(&LogicalType::List)
        || info.converted_type() == ConvertedType::LIST;
    let [middle] = field.get_fields() else { return false };
    let plain = |of: &Type| of.is_primitive() && !is_repeated(of);
    let holds = |of: &Type| of.is_primitive() || matches!(of.get_fields(), [item] if plain(item));
    annotated && !is_repeated(field) && is_repeated(middle) && holds(middle)
}

fn per_second(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    }
}

fn meaning(column: &ColumnDescriptor) -> Result<Meaning, String> {
    let physical = column.physical_type();
    if let Some(logical) = column.logical_type_ref() {
        let known = match logical {
            LogicalType::String | LogicalType::Enum | LogicalType::Json => Some(Meaning::Text),
            LogicalType::Uuid => Some(Meaning::Uuid),
            LogicalType::Date => Some(Meaning::Date),
            LogicalType::Time(of) => {
                Some(Meaning::Time(per_second(&of.unit), of.is_adjusted_to_u_t_c))
            }
            LogicalType::Timestamp(of) => {
                Some(Meaning::Timestamp(per_second(&of.unit), of.is_adjusted_to_u_t_c))
            }
            LogicalType::Decimal(of) => Some(Meaning::Decimal(of.scale)),
            LogicalType::Integer(of) => Some(Meaning::Integer { unsigned: !of.is_signed }),
            LogicalType::Float16 => Some(Meaning::Half),
            // A column of nothing but nulls.
            LogicalType::Unknown => None,
            other => return Err(format!("no property can be {other:?}")),
        };
        if let Some(known) = known {
            return Ok(known);
        }
    }
    Ok(match (column.converted_type(), physical) {
        (ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON, _) => Meaning::Text,
        (ConvertedType::DATE, _) => Meaning::Date,
        (ConvertedType::TIME_MILLIS, _) => Meaning::Time(1_000, true),
        (ConvertedType::TIME_MICROS, _) => Meaning::Time(1_000_000, true),
        (ConvertedType::TIMESTAMP_MILLIS, _) => Meaning::Timestamp(1_000, true),
        (ConvertedType::TIMESTAMP_MICROS, _) => Meaning::Timestamp(1_000_000, true),
        (ConvertedType::DECIMAL, _) => Meaning::Decimal(column.type_scale()),
        (ConvertedType::INTERVAL, _) => Meaning::Interval,
        (
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64,
            _,
        ) => Meaning::Integer { unsigned: true },
        (_, Physical::BOOLEAN) => Meaning::Boolean,
        (_, Physical::INT32 | Physical::INT64) => Meaning::Integer { unsigned: false },
        (_, Physical::INT96) => Meaning::Timestamp(1_000_000_000, false),
        (_, Physical::FLOAT | Physical::DOUBLE) => Meaning::Float,
        // Some writers say nothing of their texts.
        (_, Physical::BYTE_ARRAY) => Meaning::Text,
        (_, Physical::FIXED_LEN_BYTE_ARRAY) => {
            return Err("it holds bytes, and no property can".into());
        }
    })
}

/// Values as the file has them, without those that are absent.
#[derive(Debug)]
enum Raw {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

/// Some rows of a column.
#[derive(Debug)]
pub(super) struct Cells {
    raw: Raw,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    rows: usize,
}

/// Reads up to so many rows.
pub(super) fn read(reader: &mut ColumnReader, rows: usize) -> Result<Cells, ParquetError> {
    let (mut definitions, mut repetitions) = (Vec::new(), Vec::new());
    macro_rules! read {
        ($reader:expr, $variant:ident) => {{
            let mut values = Vec::new();
            let read = $reader.read_records(
                rows,
                Some(&mut definitions),
                Some(&mut repetitions),
                &mut values,
            )?;
            (read.0, Raw::$variant(values))
        }};
    }
    let (rows, raw) = match reader {
        ColumnReader::BoolColumnReader(reader) => read!(reader, Boolean),
        ColumnReader::Int32ColumnReader(reader) => read!(reader, Int32),
        ColumnReader::Int64ColumnReader(reader) => read!(reader, Int64),
        ColumnReader::Int96ColumnReader(reader) => read!(reader, Int96),
        ColumnReader::FloatColumnReader(reader) => read!(reader, Float),
        ColumnReader::DoubleColumnReader(reader) => read!(reader, Double),
        ColumnReader::ByteArrayColumnReader(reader) => read!(reader, Bytes),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => read!(reader, Fixed),
    };
    Ok(Cells { raw, definitions, repetitions, rows })
}

/// What a cell says; the error is a sentence.
pub(super) type Cell = Result<Value, String>;

impl Cells {
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The value of each row; null where it is absent.
    pub(super) fn values(&self, shape: &Shape) -> Vec<Cell> {
        let mut next = 0;
        let mut value = |present: bool| {
            if !present {
                return Ok(Value::Null);
            }
            next += 1;
            self.value(shape.meaning, next - 1)
        };
        let level = |at: usize| self.definitions.get(at).copied().unwrap_or(shape.present);
        if !shape.list {
            return (0..self.rows).map(|row| value(level(row) == shape.present)).collect();
        }
        let mut rows: Vec<Result<Option<Vec<Value>>, String>> = Vec::with_capacity(self.rows);
        for (at, repetition) in self.repetitions.iter().enumerate() {
            let level = level(at);
            if *repetition == 0 {
                rows.push(Ok((level >= shape.item - 1).then(Vec::new)));
            }
            if level < shape.item {
                continue;
            }
            let item = value(level == shape.present);
            let Some(row) = rows.last_mut() else { continue };
            match (&mut *row, item) {
                (Ok(Some(_)), Ok(Value::Null)) => *row = Err("a list holds null".into()),
                (Ok(Some(items)), Ok(item)) => items.push(item),
                (Ok(_), Err(what)) => *row = Err(what),
                _ => {}
            }
        }
        let cell = |row: Result<Option<Vec<Value>>, String>| {
            row.map(|items| items.map_or(Value::Null, Value::list))
        };
        rows.into_iter().map(cell).collect()
    }

    fn value(&self, meaning: Meaning, at: usize) -> Cell {
        let lost = || "the file has no such value".to_string();
        match &self.raw {
            Raw::Boolean(values) => values.get(at).copied().map(Value::Boolean).ok_or_else(lost),
            Raw::Int32(values) => {
                let number = *values.get(at).ok_or_else(lost)?;
                let unsigned = meaning == (Meaning::Integer { unsigned: true });
                let number = if unsigned { i64::from(number as u32) } else { number.into() };
                of_integer(number, meaning)
            }
            Raw::Int64(values) => of_integer(*values.get(at).ok_or_else(lost)?, meaning),
            Raw::Int96(values) => {
                let [low, high, day] = *values.get(at).ok_or_else(lost)?.data() else {
                    return Err(lost());
                };
                of_int96(low, high, day)
            }
            Raw::Float(values) => Ok(Value::Float((*values.get(at).ok_or_else(lost)?).into())),
            Raw::Double(values) => Ok(Value::Float(*values.get(at).ok_or_else(lost)?)),
            Raw::Bytes(values) => of_bytes(values.get(at).ok_or_else(lost)?.data(), meaning),
            Raw::Fixed(values) => of_bytes(values.get(at).ok_or_else(lost)?.data(), meaning),
        }
    }
}

fn of_integer(number: i64, meaning: Meaning) -> Cell {
    let beyond = |what: &str| format!("{number} is no {what}");
    Ok(match meaning {
        Meaning::Integer { unsigned } => {
            if unsigned && number < 0 {
                return Err(format!("{} is beyond 64-bit integers", number as u64));
            }
            Value::Integer(number)
        }
        Meaning::Date => {
            Value::Date(Date::from_epoch_days(number).ok_or_else(|| beyond("day of a date"))?)
        }
        Meaning::Time(per_second, utc) => {
            let nanos = number.checked_mul(1_000_000_000 / per_second);
            let time = nanos.and_then(LocalTime::from_nanos).ok_or_else(|| beyond("time"))?;
            match utc {
                false => Value::LocalTime(time),
                true => Value::Time(Time::new(time, 0).ok_or_else(|| beyond("time"))?),
            }
        }
        Meaning::Timestamp(per_second, utc) => {
            let seconds = number.div_euclid(per_second);
            let nanos = number.rem_euclid(per_second) * (1_000_000_000 / per_second);
            let beyond = || beyond("time of a timestamp");
            if utc {
                let time = DateTime::from_epoch(seconds, nanos as u32, &Zone::UTC);
                Value::DateTime(time.map_err(|_| beyond())?.into())
            } else {
                let time = LocalDateTime::from_epoch(seconds, nanos as u32);
                Value::LocalDateTime(time.ok_or_else(beyond)?)
            }
        }
        Meaning::Decimal(scale) => decimal(number.into(), scale)?,
        Meaning::DecimalText(scale) => Value::string(plain(number.into(), scale)),
        _ => return Err("the file says two things of the column's type".into()),
    })
}

/// A timestamp as Impala and older Sparks write it: nanoseconds within a Julian day.
fn of_int96(low: u32, high: u32, day: u32) -> Cell {
    const UNIX_EPOCH: i64 = 2_440_588;
    let nanos = (u64::from(high) << 32 | u64::from(low)) as i64;
    let seconds = (i64::from(day) - UNIX_EPOCH) * 86_400 + nanos.div_euclid(1_000_000_000);
    let nanos = nanos.rem_euclid(1_000_000_000) as u32;
    let time = LocalDateTime::from_epoch(seconds, nanos);
    time.map(Value::LocalDateTime).ok_or_else(|| "it is no time of a timestamp".into())
}

/// An integer where there are no digits behind the point, else a float: Cypher has no decimals.
fn decimal(number: i128, scale: i32) -> Cell {
    if scale == 0 {
        let number = i64::try_from(number);
        return number.map(Value::Integer).map_err(|_| "it is beyond 64-bit integers".into());
    }
    // By way of its text, which is rounded once.
    let text = format!("{number}e{}", -i64::from(scale));
    number::float(&text).map(Value::Float).ok_or_else(|| number::no_float(&plain(number, scale)))
}

/// A decimal with all its digits.
fn plain(number: i128, scale: i32) -> String {
    let places = usize::try_from(scale).unwrap_or_default();
    let digits = format!("{:0>1$}", number.unsigned_abs(), places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let sign = if number < 0 { "-" } else { "" };
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn of_bytes(bytes: &[u8], meaning: Meaning) -> Cell {
    match meaning {
        Meaning::Decimal(scale) | Meaning::DecimalText(scale) => {
            if bytes.len() > 16 {
                return Err("it is a decimal of more than 38 digits".into());
            }
            let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
            let begin = if negative { -1 } else { 0 };
            let number = bytes.iter().fold(begin, |number, byte| number << 8 | i128::from(*byte));
            match meaning {
                Meaning::DecimalText(_) => Ok(Value::string(plain(number, scale))),
                _ => decimal(number, scale),
            }
        }
        Meaning::Half => match bytes {
            [a, b] => Ok(Value::Float(half(u16::from_le_bytes([*a, *b])))),
            _ => Err("it is no float of 16 bits".into()),
        },
        Meaning::Uuid => {
            let mut text = String::new();
            for (at, byte) in bytes.iter().enumerate() {
                if matches!(at, 4 | 6 | 8 | 10) {
                    text.push('-');
                }
                text.push_str(&format!("{byte:02x}"));
            }
            Ok(Value::string(text))
        }
        Meaning::Interval => {
            let part = |at: usize| {
                let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
                four.map(u32::from_le_bytes).map(i64::from)
            };
            let (Some(months), Some(days), Some(millis)) = (part(0), part(4), part(8)) else {
                return Err("it is no interval".into());
            };
            let duration = Duration::new(months, days, millis / 1000, millis % 1000 * 1_000_000);
            duration.map(|duration| Value::Duration(duration.into())).map_err(|e| e.to_string())
        }
        Meaning::Text => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::string(text)),
            Err(_) => Err("it is no text: it is not UTF-8".into()),
        },
        _ => Err("the file says two things of the column's type".into()),
    }
}

/// A float of 16 bits.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_numbers_become_values() {
        let text = |cell: Cell| cell.map(|value| value.to_string());
        assert_eq!(text(decimal(-12345, 2)), Ok("-123.45".into()));
        assert_eq!(text(decimal(7, 0)), Ok("7".into()));
        assert!(decimal(i128::MAX, 0).is_err());
        assert_eq!(text(decimal(1234567890123456, 2)), Ok("1.234567890123456E13".into()));
        assert!(decimal(12345678901234567891, 2).unwrap_err().contains("`123456789012345678.91`"));
        assert_eq!(plain(-5, 3), "-0.005");
        assert_eq!(plain(1234, 2), "12.34");
        assert_eq!(text(of_bytes(&[0xff, 0x85], Meaning::Decimal(1))), Ok("-12.3".into()));
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0xc500), -5.0);
        assert_eq!(half(0x0001), 2f64.powi(-24));
        assert_eq!(half(0x7c00), f64::INFINITY);
        assert!(of_integer(-1, Meaning::Integer { unsigned: true }).is_err());
        let time = of_integer(-1, Meaning::Timestamp(1_000, false)).unwrap();
        assert_eq!(crate::value::to_text(&time).unwrap(), "1969-12-31T23:59:59.999");
        let time = of_int96(0, 0, 2_440_589).unwrap();
        assert_eq!(crate::value::to_text(&time).unwrap(), "1970-01-02T00:00");
        let interval = [1, 0, 0, 0, 2, 0, 0, 0, 0xdc, 5, 0, 0];
        let interval = of_bytes(&interval, Meaning::Interval).unwrap();
        assert_eq!(crate::value::to_text(&interval).unwrap(), "P1M2DT1.5S");
        assert!(of_bytes(&[1], Meaning::Interval).is_err());
        let uuid = of_bytes(&[0x12; 16], Meaning::Uuid);
        assert_eq!(text(uuid), Ok("'12121212-1212-1212-1212-121212121212'".into()));
    }
}
