//! The types that a column can have, and how a field becomes a value of one.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::nearest;
use crate::value::Array;
use crate::value::DateTime;
use crate::value::LocalDateTime;
use crate::value::LocalTime;
use crate::value::Map;
use crate::value::Point;
use crate::value::Time;
use crate::value::Value;
use crate::value::temporal::Zone;
use crate::value::to_text;

use super::json;
use crate::value::number;
use crate::value::number::integer;

/// The type of a field, or of the items of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scalar {
    Byte,
    Short,
    Int,
    Long,
    Float,
    Boolean,
    String,
    Char,
    Date,
    LocalTime,
    Time,
    LocalDateTime,
    DateTime,
    Duration,
    Point,
    /// Whatever JSON can say.
    Json,
}

/// The names that headers call the types by; the first is the one for people.
const NAMES: &[(Scalar, &[&str])] = &[
    (Scalar::Long, &["long", "integer"]),
    (Scalar::Int, &["int"]),
    (Scalar::Short, &["short"]),
    (Scalar::Byte, &["byte"]),
    (Scalar::Float, &["float", "double"]),
    (Scalar::Boolean, &["boolean", "bool"]),
    (Scalar::String, &["string"]),
    (Scalar::Char, &["char"]),
    (Scalar::Date, &["date"]),
    (Scalar::LocalTime, &["localtime"]),
    (Scalar::Time, &["time"]),
    (Scalar::LocalDateTime, &["localdatetime"]),
    (Scalar::DateTime, &["datetime"]),
    (Scalar::Duration, &["duration"]),
    (Scalar::Point, &["point"]),
    (Scalar::Json, &["json"]),
];

impl Scalar {
    /// The type of this name; else, perhaps, the name that was meant.
    pub(super) fn of(name: &str) -> Result<Self, Option<&'static str>> {
        let lower = name.to_lowercase();
        let found = NAMES.iter().find(|(_, names)| names.contains(&lower.as_str()));
        let all = NAMES.iter().flat_map(|(_, names)| names.iter().copied());
        found.map(|(scalar, _)| *scalar).ok_or_else(|| nearest(&lower, all))
    }

    pub(super) fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(scalar, _)| *scalar == self);
        found.and_then(|(_, names)| names.first()).copied().unwrap_or("value")
    }

    /// The type of a value, if it is one of these.
    pub(super) fn of_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Boolean(_) => Self::Boolean,
            Value::Integer(_) => Self::Long,
            Value::Float(_) => Self::Float,
            Value::String(_) => Self::String,
            Value::Date(_) => Self::Date,
            Value::LocalTime(_) => Self::LocalTime,
            Value::Time(_) => Self::Time,
            Value::LocalDateTime(_) => Self::LocalDateTime,
            Value::DateTime(_) => Self::DateTime,
            Value::Duration(_) => Self::Duration,
            Value::Point(_) => Self::Point,
            Value::Null
            | Value::List(_)
            | Value::Map(_)
            | Value::Node(_)
            | Value::Relationship(_)
            | Value::Path(_) => return None,
        })
    }

    /// The numbers that an integer type holds.
    fn range(self) -> std::ops::RangeInclusive<i64> {
        match self {
            Self::Byte => i8::MIN.into()..=i8::MAX.into(),
            Self::Short => i16::MIN.into()..=i16::MAX.into(),
            Self::Int => i32::MIN.into()..=i32::MAX.into(),
            _ => i64::MIN..=i64::MAX,
        }
    }
}

/// The character that separates the items of a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Separator {
    pub(super) between: char,
    /// Whether a backslash before the character makes it a part of the item.
    pub(super) escaped: bool,
}

impl Separator {
    pub(super) fn split(self, text: &str) -> impl Iterator<Item = Cow<'_, str>> {
        let Self { between, escaped } = self;
        let mut behind_backslash = false;
        let ends = move |c| {
            let behind = std::mem::replace(&mut behind_backslash, escaped && c == '\\');
            c == between && !behind
        };
        text.split(ends).map(move |item| match escaped && item.contains('\\') {
            true => item.replace(&format!("\\{between}"), between.encode_utf8(&mut [0; 4])).into(),
            false => item.into(),
        })
    }
}

/// The type of a column.
#[derive(Debug, Clone)]
pub(super) struct FieldType {
    pub(super) scalar: Scalar,
    pub(super) list: bool,
    /// The zone of times that name none.
    pub(super) zone: Option<Arc<str>>,
    /// Whether it was inferred from the first fields: then the others must say, too, that they are of it.
    pub(super) inferred: bool,
}

impl From<Scalar> for FieldType {
    fn from(scalar: Scalar) -> Self {
        Self { scalar, list: false, zone: None, inferred: false }
    }
}

impl FieldType {
    /// A type that was inferred.
    pub(super) fn inferred(scalar: Scalar) -> Self {
        Self { inferred: true, ..scalar.into() }
    }

    /// Appends a field to a column. An empty one is absent, but for text and lists in quotes.
    #[inline]
    pub(super) fn push(
        &self,
        bytes: &[u8],
        quoted: bool,
        separator: Separator,
        into: &mut Array,
    ) -> Result<(), String> {
        if bytes.is_empty() && !(quoted && (self.scalar == Scalar::String || self.list)) {
            into.push_absent();
            return Ok(());
        }
        if !self.list && self.scalar == Scalar::Long {
            let number = match self.inferred {
                true => number::canonical_integer(bytes),
                false => integer(bytes),
            };
            if let Some(number) = number {
                into.push(Value::Integer(number));
                return Ok(());
            }
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "the text is not UTF-8".to_string())?;
        if self.list && text.is_empty() {
            into.push(Value::list(Vec::new()));
        } else if self.list {
            let items = separator.split(text).map(|item| self.value(&item));
            into.push(Value::list(items.collect::<Result<_, _>>()?));
        } else if self.scalar == Scalar::String {
            into.push_str(text);
        } else if self.inferred && !Sample::fits(self.scalar, text) {
            return Err(format!(
                "`{text}` is not {}, as the first rows of the column are; its header may state another type, as in \
                 `NAME:string`",
                self.described()
            ));
        } else if text.trim().is_empty() {
            into.push_absent();
        } else {
            into.push(self.value(text)?);
        }
        Ok(())
    }

    /// The value that a text writes.
    pub(super) fn value(&self, text: &str) -> Result<Value, String> {
        let trimmed = text.trim();
        let value = match self.scalar {
            Scalar::String => Some(Value::string(text)),
            Scalar::Char => {
                (text.chars().nth(1).is_none() && !text.is_empty()).then(|| Value::string(text))
            }
            Scalar::Byte | Scalar::Short | Scalar::Int | Scalar::Long => {
                let number = integer(trimmed.as_bytes());
                number.filter(|n| self.scalar.range().contains(n)).map(Value::Integer)
            }
            Scalar::Float => match number::float(trimmed) {
                None if number::is_decimal(trimmed) => return Err(number::no_float(trimmed)),
                float => float.map(Value::Float),
            },
            Scalar::Boolean if trimmed.eq_ignore_ascii_case("true") => Some(Value::Boolean(true)),
            Scalar::Boolean if trimmed.eq_ignore_ascii_case("false") => Some(Value::Boolean(false)),
            Scalar::Boolean => None,
            Scalar::Date => trimmed.parse().ok().map(Value::Date),
            Scalar::LocalTime => trimmed.parse().ok().map(Value::LocalTime),
            Scalar::LocalDateTime => trimmed.parse().ok().map(Value::LocalDateTime),
            Scalar::Time => self.time(trimmed).map(Value::Time),
            Scalar::DateTime => self.datetime(trimmed).map(|x| Value::DateTime(Arc::new(x))),
            Scalar::Duration => trimmed.parse().ok().map(|x| Value::Duration(Arc::new(x))),
            Scalar::Point => point(trimmed),
            Scalar::Json => return json::value(text),
        };
        value.ok_or_else(|| format!("`{text}` is not {}", self.described()))
    }

    /// Its name with an article.
    fn described(&self) -> String {
        let article = if matches!(self.scalar, Scalar::Int) { "an" } else { "a" };
        format!("{article} {}", self.scalar.name())
    }

    fn time(&self, text: &str) -> Option<Time> {
        if let Some(zone) = &self.zone
            && let Ok(local) = text.parse::<LocalTime>()
        {
            return format!("{local}{zone}").parse().ok();
        }
        text.parse().ok()
    }

    fn datetime(&self, text: &str) -> Option<DateTime> {
        if let Some(zone) = &self.zone
            && let Ok(local) = text.parse::<LocalDateTime>()
        {
            return DateTime::new(local, &Zone::parse(zone).ok()?).ok();
        }
        text.parse().ok()
    }
}

/// The text of a scalar from which [`FieldType::value`] makes it again.
pub(super) fn written(value: &Value) -> String {
    let text = to_text(value).unwrap_or_default();
    let map = text.strip_prefix("point(").and_then(|text| text.strip_suffix(')'));
    match (value, map) {
        (Value::Point(_), Some(map)) => map.to_owned(),
        _ => text.into_owned(),
    }
}

/// A point, written as a map: `{x: 1.5, y: 2}`, `{latitude: 1.5, longitude: 2}`.
fn point(text: &str) -> Option<Value> {
    let text = text.strip_prefix("point(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    let mut map = Map::new();
    for entry in text.strip_prefix('{')?.strip_suffix('}')?.split(',') {
        let (key, value) = entry.split_once(':')?;
        let value = value.trim();
        // APOC writes what a point does not have as null.
        if value.eq_ignore_ascii_case("null") {
            continue;
        }
        let value = match number::float(value) {
            Some(number) => Value::Float(number),
            None if number::is_decimal(value) => return None,
            None => Value::string(value.trim_matches(['\'', '"'])),
        };
        let key = key.trim().trim_matches(['\'', '"']);
        map.insert(key.into(), value);
    }
    if let Some(Value::Float(srid)) = map.get("srid") {
        let srid = Value::Integer(integer(srid.to_string().as_bytes())?);
        map.insert("srid".into(), srid);
    }
    Some(Value::Point(Point::from_map(&map).ok()??.into()))
}

/// The narrowest type that all the sampled fields of a column have.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    seen: bool,
    ruled_out: [bool; CANDIDATES.len()],
}

/// What an untyped column may be, the narrowest first. A string is what everything else is.
const CANDIDATES: [Scalar; 6] = [
    Scalar::Long,
    Scalar::Float,
    Scalar::Boolean,
    Scalar::Date,
    Scalar::LocalDateTime,
    Scalar::DateTime,
];

impl Sample {
    pub(super) fn take(&mut self, bytes: &[u8], quoted: bool) {
        if bytes.is_empty() && !quoted {
            return;
        }
        self.seen = true;
        let text = std::str::from_utf8(bytes).unwrap_or("");
        for (scalar, out) in CANDIDATES.into_iter().zip(&mut self.ruled_out) {
            *out = *out || !Self::fits(scalar, text);
        }
    }

    /// Whether the type keeps all that the text says: `007` as a number would not.
    pub(super) fn fits(scalar: Scalar, text: &str) -> bool {
        match scalar {
            Scalar::Long => return number::canonical_integer(text.as_bytes()).is_some(),
            Scalar::Float => return number::is_float(text),
            _ if text != text.trim() || text.starts_with('+') => return false,
            _ => {}
        }
        let Ok(value) = FieldType::from(scalar).value(text) else { return false };
        match scalar {
            Scalar::Boolean => matches!(value, Value::Boolean(_)),
            // Years and basic forms such as `20240102` are numbers to most people.
            _ => text.len() >= 10 && text.contains('-'),
        }
    }

    /// The type of a column of dates, or of datetimes.
    pub(super) fn temporal(&self) -> Scalar {
        let candidates = CANDIDATES.into_iter().zip(self.ruled_out).filter(|(scalar, _)| {
            matches!(scalar, Scalar::Date | Scalar::LocalDateTime | Scalar::DateTime)
        });
        candidates.filter(|(_, out)| !out).map(|(scalar, _)| scalar).next().unwrap_or(Scalar::Date)
    }

    pub(super) fn scalar(&self) -> Scalar {
        let first = CANDIDATES.into_iter().zip(self.ruled_out).find(|(_, out)| !out);
        first.filter(|_| self.seen).map_or(Scalar::String, |(scalar, _)| scalar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scalar: Scalar, text: &str) -> Option<String> {
        FieldType::from(scalar).value(text).ok().map(|value| value.to_string())
    }

    #[test]
    fn fields_become_values() {
        assert_eq!(read(Scalar::Long, " 42 ").as_deref(), Some("42"));
        assert_eq!(
            read(Scalar::Long, "-9223372036854775808").as_deref(),
            Some("-9223372036854775808")
        );
        assert_eq!(read(Scalar::Long, "9223372036854775808"), None);
        assert_eq!(read(Scalar::Byte, "128"), None);
        assert_eq!(read(Scalar::Byte, "-128").as_deref(), Some("-128"));
        assert_eq!(read(Scalar::Float, "1e3").as_deref(), Some("1000.0"));
        assert_eq!(read(Scalar::Boolean, "TRUE").as_deref(), Some("true"));
        assert_eq!(read(Scalar::Boolean, "yes"), None);
        assert_eq!(read(Scalar::Char, "ä").as_deref(), Some("'ä'"));
        assert_eq!(read(Scalar::Char, "ab"), None);
        assert!(read(Scalar::Date, "2024-02-29").is_some());
        assert_eq!(read(Scalar::Date, "2023-02-29"), None);
        assert!(read(Scalar::Duration, "P1DT2H").is_some());
        assert!(read(Scalar::Point, "{latitude: 48.2, longitude: 16.4}").is_some());
        assert_eq!(
            read(Scalar::Point, "{x: 1, y: 2, crs: 'cartesian'}"),
            read(Scalar::Point, "{y:2.0,x:1.0}")
        );
        assert_eq!(
            read(Scalar::Point, r#"{"crs":"wgs-84","latitude":1,"longitude":2,"height":null}"#),
            read(Scalar::Point, "{latitude: 1, longitude: 2}")
        );
        assert_eq!(read(Scalar::Point, "{x: 1, y: null}"), None);
        assert_eq!(read(Scalar::Point, "1 2"), None);
        let zoned = FieldType { zone: Some("+02:00".into()), ..Scalar::DateTime.into() };
        let at = |text| zoned.value(text).unwrap().to_string();
        assert_eq!(at("2024-01-01T10:00"), at("2024-01-01T10:00+02:00"));
        assert_ne!(at("2024-01-01T10:00"), at("2024-01-01T10:00Z"));
    }

    #[test]
    fn types_are_inferred_where_nothing_is_lost() {
        let inferred = |fields: &[&str]| {
            let mut sample = Sample::default();
            fields.iter().for_each(|field| sample.take(field.as_bytes(), false));
            sample.scalar()
        };
        assert_eq!(inferred(&["1", "", "-20"]), Scalar::Long);
        assert_eq!(inferred(&["1", "2.5"]), Scalar::Float);
        assert_eq!(inferred(&["0.5", "1e9"]), Scalar::Float);
        assert_eq!(inferred(&["007"]), Scalar::String);
        assert_eq!(inferred(&["NaN"]), Scalar::String);
        assert_eq!(inferred(&["true", "false"]), Scalar::Boolean);
        assert_eq!(inferred(&["2024-01-02"]), Scalar::Date);
        assert_eq!(inferred(&["2024-01-02T10:00"]), Scalar::LocalDateTime);
        assert_eq!(inferred(&["2024-01-02T10:00Z"]), Scalar::DateTime);
        assert_eq!(inferred(&["2024"]), Scalar::Long);
        assert_eq!(inferred(&["a", "1"]), Scalar::String);
        assert_eq!(inferred(&[""]), Scalar::String);
    }
}
