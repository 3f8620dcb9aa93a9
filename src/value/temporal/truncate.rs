//! Truncation: `date.truncate('month', d, {day: 5})`.

use super::calendar;
use super::construct::{Fields, Kind, parts, wrong_type};
use super::date::out_of_range;
use super::{Date, DateTime, LocalDateTime, LocalTime, Time, Zone};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;
use crate::value::Map;
use crate::value::Value;

type CutDate = fn(Date) -> Option<Date>;

/// The units from a day up, and the date each cuts a date down to.
const DATE_UNITS: &[(&str, CutDate)] = &[
    ("millennium", |d| Date::new(d.year() - d.year().rem_euclid(1000), 1, 1)),
    ("century", |d| Date::new(d.year() - d.year().rem_euclid(100), 1, 1)),
    ("decade", |d| Date::new(d.year() - d.year().rem_euclid(10), 1, 1)),
    ("year", |d| Date::new(d.year(), 1, 1)),
    ("weekYear", |d| Date::from_epoch_days(calendar::first_week_of(d.week_year()))),
    ("quarter", |d| Date::new(d.year(), d.quarter() * 3 - 2, 1)),
    ("month", |d| Date::new(d.year(), d.month(), 1)),
    ("week", |d| Date::from_epoch_days(d.epoch_days() - d.day_of_week() + 1)),
    ("day", Some),
];

/// The units below a day, in nanoseconds.
const TIME_UNITS: &[(&str, i64)] = &[
    ("hour", 3_600_000_000_000),
    ("minute", 60_000_000_000),
    ("second", 1_000_000_000),
    ("millisecond", 1_000_000),
    ("microsecond", 1_000),
];

/// A value of `kind` with everything below `unit` cut off `value`, then changed by `fields`. A time
/// zone among these replaces the value's own; the clock's reading stays. Null gives null.
pub fn truncate(kind: Kind, unit: &str, value: &Value, fields: Option<&Map>) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let wrong = || wrong_type(kind.name(), value);
    let parts = parts(value).ok_or_else(wrong)?;
    if kind.has_date() && parts.date.is_none() || !kind.has_date() && parts.time.is_none() {
        return Err(wrong());
    }
    let time = parts.time.unwrap_or(LocalTime::MIDNIGHT);
    let named = |name: &str| name.eq_ignore_ascii_case(unit);
    let (date, time) = match (
        DATE_UNITS.iter().find(|(name, _)| named(name)),
        TIME_UNITS.iter().find(|(name, _)| named(name)),
    ) {
        (Some((name, cut)), _) if kind.has_date() || *name == "day" => {
            (parts.date.map(|d| cut(d).ok_or_else(out_of_range)).transpose()?, LocalTime::MIDNIGHT)
        }
        (_, Some((_, nanos))) if kind.has_time() => {
            (parts.date, LocalTime::wrapped(i128::from(time.nanos() - time.nanos() % nanos)))
        }
        _ => return Err(unknown_unit(kind, unit)),
    };
    let none = Map::new();
    let fields = Fields::new(kind, fields.unwrap_or(&none), false)?;
    let date = || fields.date(date)?.ok_or_else(wrong);
    let time = || -> Result<LocalTime> {
        Ok(fields.time(Some(time), true)?.unwrap_or(LocalTime::MIDNIGHT))
    };
    let zone = match fields.zone()? {
        Some(zone) => zone,
        None => parts.zone.unwrap_or(Zone::UTC),
    };
    Ok(match kind {
        Kind::Date => Value::Date(date()?),
        Kind::LocalTime => Value::LocalTime(time()?),
        Kind::LocalDateTime => Value::LocalDateTime(LocalDateTime::new(date()?, time()?)),
        Kind::Time => {
            let offset = match (value, &zone) {
                (_, Zone::Offset(offset)) => *offset,
                (Value::DateTime(x), _) => zone.offset_at(x.epoch_seconds()),
                _ => zone.offset_at(0),
            };
            Value::Time(Time::new(time()?, offset).ok_or_else(out_of_range)?)
        }
        Kind::DateTime => Value::from(DateTime::new(LocalDateTime::new(date()?, time()?), &zone)?),
    })
}

fn unknown_unit(kind: Kind, unit: &str) -> Error {
    let dates = DATE_UNITS.iter().map(|(name, _)| *name);
    let times = TIME_UNITS.iter().map(|(name, _)| *name);
    let known: Vec<&str> = match (kind.has_date(), kind.has_time()) {
        (true, false) => dates.collect(),
        (false, _) => std::iter::once("day").chain(times).collect(),
        (true, true) => dates.chain(times).collect(),
    };
    let message = format!("a {} cannot be truncated to `{unit}`", kind.name());
    let error = Error::argument(Detail::InvalidArgumentValue, message);
    match nearest(unit, known.iter().copied()) {
        Some(near) => error.help(format!("Did you mean `{near}`?")),
        None => error.help(format!("Units are {}.", known.join(", "))),
    }
}
