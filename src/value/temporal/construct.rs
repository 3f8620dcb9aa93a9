//! Temporal values from maps of components and from other temporal values.

use std::sync::Arc;

use super::calendar::NANOS;
use super::component::{UNITS, Unit};
use super::duration::Part;
use super::parse::{ordinal_date, quarter_date, week_date};
use super::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time, Zone};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;
use crate::value::Map;
use crate::value::Value;

/// The types of points in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Dates.
    Date,
    /// Times without an offset.
    LocalTime,
    /// Times with an offset.
    Time,
    /// Dates with times, without a zone.
    LocalDateTime,
    /// Dates with times and a zone.
    DateTime,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::LocalTime => "localtime",
            Self::Time => "time",
            Self::LocalDateTime => "localdatetime",
            Self::DateTime => "datetime",
        }
    }

    pub(super) fn has_date(self) -> bool {
        matches!(self, Self::Date | Self::LocalDateTime | Self::DateTime)
    }

    pub(super) fn has_time(self) -> bool {
        self != Self::Date
    }

    pub(super) fn has_zone(self) -> bool {
        matches!(self, Self::Time | Self::DateTime)
    }
}

/// What `date(value)`, `time(value)` and so on give: text is parsed, maps are put together from their
/// components, other temporals are converted, null stays null. `now` is the present, in nanoseconds
/// since 1970-01-01T00:00Z; only maps that name nothing but a time zone ask for it, and times in a named
/// zone.
pub fn create(kind: Kind, value: &Value, now: i128) -> Result<Value> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::String(text) => Ok(match kind {
            Kind::Date => Value::Date(text.parse()?),
            Kind::LocalTime => Value::LocalTime(text.parse()?),
            Kind::Time => Value::Time(text.parse()?),
            Kind::LocalDateTime => Value::LocalDateTime(text.parse()?),
            Kind::DateTime => Value::from(text.parse::<DateTime>()?),
        }),
        Value::Map(map) => from_map(kind, map, now),
        other => convert(kind, other),
    }
}

/// The present, as `date()`, `time()` and so on give it, in a time zone (UTC if there is none). A null
/// zone gives null.
pub fn current(kind: Kind, now: i128, zone: Option<&Value>) -> Result<Value> {
    let zone = match zone {
        None => Zone::UTC,
        Some(Value::Null) => return Ok(Value::Null),
        Some(value) => zone_of(value)?,
    };
    let instant = DateTime::from_total_nanos(now, &zone)?;
    convert(kind, &Value::from(instant))
}

/// `datetime.fromEpoch(seconds, nanoseconds)`.
pub fn from_epoch(seconds: &Value, nanoseconds: &Value) -> Result<Value> {
    if seconds.is_null() || nanoseconds.is_null() {
        return Ok(Value::Null);
    }
    let seconds = i128::from(integer("seconds", seconds)?);
    let nanos = i128::from(integer("nanoseconds", nanoseconds)?);
    DateTime::from_total_nanos(seconds * i128::from(NANOS) + nanos, &Zone::UTC).map(Value::from)
}

/// `datetime.fromEpochMillis(milliseconds)`.
pub fn from_epoch_millis(milliseconds: &Value) -> Result<Value> {
    if milliseconds.is_null() {
        return Ok(Value::Null);
    }
    let nanos = i128::from(integer("milliseconds", milliseconds)?) * 1_000_000;
    DateTime::from_total_nanos(nanos, &Zone::UTC).map(Value::from)
}

/// What `duration(value)` gives.
pub fn create_duration(value: &Value) -> Result<Value> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::String(text) => text.parse::<Duration>().map(Value::from),
        Value::Map(map) => duration_from_map(map).map(Value::from),
        Value::Duration(_) => Ok(value.clone()),
        other => Err(wrong_type("duration", other)),
    }
}

fn duration_from_map(map: &Map) -> Result<Duration> {
    let (mut months, mut days, mut seconds) = (Part::default(), Part::default(), Part::default());
    let mut nanos = 0;
    for (name, value) in map {
        let amount = match value {
            Value::Integer(x) => Part { whole: i128::from(*x), fraction: 0.0 },
            Value::Float(x) => Part::float(*x)?,
            other => return Err(not_a("number", name, other)),
        };
        let unit = UNITS.iter().find(|(known, _)| **known == **name);
        let (_, unit) = unit.ok_or_else(|| unknown_field("duration", name))?;
        match *unit {
            Unit::Months(count) => months = months.plus(amount.times(count)?)?,
            Unit::Days(count) => days = days.plus(amount.times(count)?)?,
            Unit::Seconds(count) => seconds = seconds.plus(amount.times(count)?)?,
            Unit::Nanos(count) => nanos += amount.times(count)?.whole,
        }
    }
    Duration::from_parts(months, days, seconds, nanos)
}

/// A temporal value taken apart.
pub(super) struct Parts {
    pub(super) date: Option<Date>,
    pub(super) time: Option<LocalTime>,
    pub(super) zone: Option<Zone>,
}

/// Takes a point in time apart; `None` for any other value.
pub(super) fn parts(value: &Value) -> Option<Parts> {
    Some(match value {
        Value::Date(x) => Parts { date: Some(*x), time: None, zone: None },
        Value::LocalTime(x) => Parts { date: None, time: Some(*x), zone: None },
        Value::Time(x) => {
            let zone = Some(Zone::Offset(x.offset()));
            Parts { date: None, time: Some(x.local()), zone }
        }
        Value::LocalDateTime(x) => Parts { date: Some(x.date()), time: Some(x.time()), zone: None },
        Value::DateTime(x) => {
            let local = x.local();
            Parts { date: Some(local.date()), time: Some(local.time()), zone: Some(x.zone()) }
        }
        _ => return None,
    })
}

/// One temporal value as another kind; what it lacks is midnight and UTC.
fn convert(kind: Kind, value: &Value) -> Result<Value> {
    let wrong = || wrong_type(kind.name(), value);
    let parts = parts(value).ok_or_else(wrong)?;
    let date = || parts.date.ok_or_else(wrong);
    let local = || -> Result<LocalDateTime> {
        Ok(LocalDateTime::new(date()?, parts.time.unwrap_or(LocalTime::MIDNIGHT)))
    };
    Ok(match (kind, value) {
        (Kind::Date, _) => Value::Date(date()?),
        (Kind::LocalTime, _) => Value::LocalTime(parts.time.ok_or_else(wrong)?),
        (Kind::Time, Value::DateTime(x)) => Value::Time(time_at(x.local().time(), x.offset())?),
        (Kind::Time, _) => {
            let offset = parts.zone.map_or(0, |zone| zone.offset_at(0));
            Value::Time(time_at(parts.time.ok_or_else(wrong)?, offset)?)
        }
        (Kind::LocalDateTime, _) => Value::LocalDateTime(local()?),
        (Kind::DateTime, Value::DateTime(_)) => value.clone(),
        (Kind::DateTime, _) => Value::from(DateTime::new(local()?, &Zone::UTC)?),
    })
}

fn time_at(time: LocalTime, offset: i32) -> Result<Time> {
    Time::new(time, offset).ok_or_else(super::date::out_of_range)
}

/// A map of components, with the values that it selects from.
pub(super) struct Fields<'a> {
    kind: Kind,
    map: &'a Map,
}

const DATE_FIELDS: &[&str] =
    &["year", "quarter", "month", "week", "dayOfQuarter", "ordinalDay", "dayOfWeek", "day"];
const TIME_FIELDS: &[&str] =
    &["hour", "minute", "second", "millisecond", "microsecond", "nanosecond"];

impl<'a> Fields<'a> {
    /// Checks that the names fit the kind; `selecting` allows `date`, `time` and `datetime`.
    pub(super) fn new(kind: Kind, map: &'a Map, selecting: bool) -> Result<Self> {
        for name in map.keys() {
            let name: &str = name;
            let known = match name {
                "timezone" => selecting || kind.has_zone(),
                "date" => selecting && kind.has_date(),
                "time" => selecting && kind.has_time(),
                "datetime" => selecting,
                "epochSeconds" | "epochMillis" => selecting && kind == Kind::DateTime,
                _ => {
                    kind.has_date() && DATE_FIELDS.contains(&name)
                        || kind.has_time() && TIME_FIELDS.contains(&name)
                }
            };
            if !known {
                return Err(unknown_field(kind.name(), name));
            }
        }
        Ok(Self { kind, map })
    }

    fn integer(&self, name: &str) -> Result<Option<i64>> {
        self.map.get(name).map(|value| integer(name, value)).transpose()
    }

    fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.map.contains_key(*name))
    }

    /// The zone that the map names.
    pub(super) fn zone(&self) -> Result<Option<Zone>> {
        self.map.get("timezone").map(zone_of).transpose()
    }

    /// The value selected from, under the first of these names that is there.
    fn selected(&self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.map.get(*name))
    }

    /// The date of the components, those that are missing taken from `base`; `None` without either.
    pub(super) fn date(&self, base: Option<Date>) -> Result<Option<Date>> {
        if !self.has(DATE_FIELDS) {
            return Ok(base);
        }
        let families: [&[&str]; 4] = [
            &["week", "dayOfWeek"],
            &["ordinalDay"],
            &["quarter", "dayOfQuarter"],
            &["month", "day"],
        ];
        if families.iter().filter(|family| self.has(family)).count() > 1 {
            return Err(invalid(format!(
                "a {} cannot be made of components of different calendars",
                self.kind.name()
            ))
            .help("Combine `year` with month and day, week, quarter or ordinal day."));
        }
        let year = |of: fn(Date) -> i64| -> Result<i64> {
            let given = self.integer("year")?.or(base.map(of));
            given.ok_or_else(|| self.missing("year"))
        };
        let part = |name: &str, of: fn(Date) -> i64| -> Result<i64> {
            Ok(self.integer(name)?.or(base.map(of)).unwrap_or(1))
        };
        let found = if self.has(&["week", "dayOfWeek"]) {
            self.needs(base.is_some(), "dayOfWeek", "week")?;
            let week = part("week", Date::week)?;
            week_date(year(Date::week_year)?, week, part("dayOfWeek", Date::day_of_week)?)
        } else if self.has(&["ordinalDay"]) {
            ordinal_date(year(Date::year)?, part("ordinalDay", Date::ordinal_day)?)
        } else if self.has(&["quarter", "dayOfQuarter"]) {
            self.needs(base.is_some(), "dayOfQuarter", "quarter")?;
            let quarter = part("quarter", Date::quarter)?;
            quarter_date(year(Date::year)?, quarter, part("dayOfQuarter", Date::day_of_quarter)?)
        } else {
            self.needs(base.is_some(), "day", "month")?;
            Date::new(year(Date::year)?, part("month", Date::month)?, part("day", Date::day)?)
        };
        found.map(Some).ok_or_else(|| self.no_such("date"))
    }

    /// The time of the components, those that are missing taken from `base`. Where `adding`, components
    /// below a second are added to what `base` has, else they replace it.
    pub(super) fn time(&self, base: Option<LocalTime>, adding: bool) -> Result<Option<LocalTime>> {
        if !self.has(TIME_FIELDS) {
            return Ok(base);
        }
        self.needs(base.is_some(), "minute", "hour")?;
        self.needs(base.is_some(), "second", "minute")?;
        for name in ["millisecond", "microsecond", "nanosecond"] {
            self.needs(base.is_some(), name, "second")?;
        }
        let part = |name: &str, of: fn(LocalTime) -> i64| -> Result<i64> {
            Ok(self.integer(name)?.or(base.map(of)).unwrap_or(0))
        };
        let below = base.map_or(0, LocalTime::nanosecond);
        let nanos = match self.nanos()? {
            Some(nanos) if adding => below + nanos,
            Some(nanos) => nanos,
            None => below,
        };
        let (hour, minute) = (part("hour", LocalTime::hour)?, part("minute", LocalTime::minute)?);
        LocalTime::new(hour, minute, part("second", LocalTime::second)?, nanos)
            .map(Some)
            .ok_or_else(|| self.no_such("time"))
    }

    /// Milliseconds, microseconds and nanoseconds together; each is limited by the next larger one.
    fn nanos(&self) -> Result<Option<i64>> {
        let (mut sum, mut limit, mut any) = (0, NANOS, false);
        for (name, unit) in [("millisecond", 1_000_000), ("microsecond", 1_000), ("nanosecond", 1)]
        {
            if let Some(amount) = self.integer(name)? {
                if !(0..limit / unit).contains(&amount) {
                    return Err(self.no_such("time"));
                }
                (sum, limit, any) = (sum + amount * unit, unit, true);
            }
        }
        Ok(any.then_some(sum))
    }

    fn needs(&self, has_base: bool, name: &str, above: &str) -> Result<()> {
        if !has_base && self.has(&[name]) && !self.has(&[above]) {
            return Err(self.missing(above));
        }
        Ok(())
    }

    fn missing(&self, name: &str) -> Error {
        invalid(format!("a {} cannot be made without `{name}`", self.kind.name()))
    }

    fn no_such(&self, what: &str) -> Error {
        let map = Value::map(self.map.clone());
        invalid(format!("there is no such {what}: `{map}`"))
    }
}

fn from_map(kind: Kind, map: &Map, now: i128) -> Result<Value> {
    let fields = Fields::new(kind, map, true)?;
    let wanted = fields.zone()?;
    if map.len() == 1 && wanted.is_some() {
        return current(kind, now, map.get("timezone"));
    }
    if fields.has(&["epochSeconds", "epochMillis"]) {
        return from_epoch_fields(&fields, &wanted.unwrap_or(Zone::UTC));
    }
    let parts_of = |names: &[&str]| -> Result<Option<Parts>> {
        let value = fields.selected(names);
        value.map(|v| parts(v).ok_or_else(|| wrong_type(kind.name(), v))).transpose()
    };
    let date_from = parts_of(&["date", "datetime"])?;
    let time_from = parts_of(&["time", "datetime"])?;
    let lacking = |name: &str| invalid(format!("the selected value has no {name}"));
    let base_date = match &date_from {
        Some(parts) if kind.has_date() => Some(parts.date.ok_or_else(|| lacking("date"))?),
        _ => None,
    };
    let base_time = match &time_from {
        Some(parts) if kind.has_time() => Some(parts.time.ok_or_else(|| lacking("time"))?),
        _ => None,
    };
    let base_zone = time_from.and_then(|parts| parts.zone);
    let date = || -> Result<Date> { fields.date(base_date)?.ok_or_else(|| fields.missing("year")) };
    let time = || -> Result<LocalTime> {
        Ok(fields.time(base_time, false)?.unwrap_or(LocalTime::MIDNIGHT))
    };
    Ok(match kind {
        Kind::Date => Value::Date(date()?),
        Kind::LocalTime => Value::LocalTime(time()?),
        Kind::LocalDateTime => Value::LocalDateTime(LocalDateTime::new(date()?, time()?)),
        Kind::Time => {
            let now = now.div_euclid(i128::from(NANOS)) as i64;
            // A date and time knows its offset then; the rules of its zone now do not matter.
            let from = match fields.selected(&["time", "datetime"]) {
                Some(Value::DateTime(x)) => Some(x.offset()),
                _ => base_zone.map(|zone| zone.offset_at(now)),
            };
            let wanted = wanted.map(|zone| zone.offset_at(now));
            let made = time_at(time()?, from.or(wanted).unwrap_or(0))?;
            Value::Time(made.at_offset(wanted.unwrap_or(made.offset())))
        }
        Kind::DateTime => {
            let local = LocalDateTime::new(date()?, time()?);
            let whole = match fields.selected(&["datetime"]) {
                // Without other components the instant is kept also where clocks show it twice.
                Some(Value::DateTime(x)) if x.local() == local => Some((**x).clone()),
                _ => None,
            };
            let from = base_zone.as_ref().or(wanted.as_ref()).unwrap_or(&Zone::UTC);
            let made = whole.map_or_else(|| DateTime::new(local, from), Ok)?;
            let made = match &wanted {
                Some(zone) if base_zone.is_some() => made.in_zone(zone)?,
                _ => made,
            };
            Value::DateTime(Arc::new(made))
        }
    })
}

fn from_epoch_fields(fields: &Fields<'_>, zone: &Zone) -> Result<Value> {
    let scaled = |name: &str, nanos: i128| -> Result<i128> {
        Ok(i128::from(fields.integer(name)?.unwrap_or(0)) * nanos)
    };
    let nanos = scaled("epochSeconds", i128::from(NANOS))?
        + scaled("epochMillis", 1_000_000)?
        + i128::from(fields.nanos()?.unwrap_or(0));
    DateTime::from_total_nanos(nanos, zone).map(Value::from)
}

fn zone_of(value: &Value) -> Result<Zone> {
    match value {
        Value::String(name) => Zone::parse(name),
        other => Err(not_a("string", "timezone", other)),
    }
}

fn integer(name: &str, value: &Value) -> Result<i64> {
    value.as_integer().ok_or_else(|| not_a("integer", name, value))
}

fn invalid(message: String) -> Error {
    Error::argument(Detail::InvalidArgumentValue, message)
}

fn not_a(wanted: &str, name: &str, value: &Value) -> Error {
    let message =
        format!("`{name}` has to be a {wanted}, not a value of type {}", value.type_name());
    Error::type_error(Detail::InvalidArgumentType, message)
}

/// The error of a value that no temporal of this kind can be made of.
pub(super) fn wrong_type(kind: &str, value: &Value) -> Error {
    let message = format!("no {kind} can be made of a value of type {}", value.type_name());
    Error::type_error(Detail::InvalidArgumentType, message)
}

fn unknown_field(kind: &str, name: &str) -> Error {
    const MORE: &[&str] = &["timezone", "date", "time", "datetime", "epochSeconds", "epochMillis"];
    let known = if kind == "duration" {
        UNITS.iter().map(|(unit, _)| *unit).collect()
    } else {
        [DATE_FIELDS, TIME_FIELDS, MORE].concat()
    };
    let error = invalid(format!("a {kind} has no component `{name}` that could be set"));
    match nearest(name, known) {
        Some(near) if near != name => error.help(format!("Did you mean `{near}`?")),
        _ => error,
    }
}
