//! The components of temporal values: `d.year`, `t.hour`, `duration.minutesOfHour` and the like.

use super::{Date, DateTime, Duration, LocalTime};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Value;

/// The component `name` of a temporal value; `None` if it has no such component, or is no temporal.
///
/// # Errors
/// `ArithmeticError.IntegerOverflow` where the component counts more than 64 bits can.
pub fn component(value: &Value, name: &str) -> Option<Result<Value>> {
    let wide = match value {
        Value::DateTime(x) => of_instant(x, name),
        Value::Duration(x) => of_duration(x, name),
        other => return narrow(other, name).map(Ok),
    };
    match wide {
        Some(number) => Some(i64::try_from(number).map(Value::Integer).map_err(|_| {
            let message =
                format!("`{name}` of `{value}` is {number}, which does not fit an integer");
            Error::arithmetic(Detail::IntegerOverflow, message)
        })),
        None => narrow(value, name).map(Ok),
    }
}

/// The components that every value of the type has.
fn narrow(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Date(x) => of_date(*x, name).map(Value::Integer),
        Value::LocalTime(x) => of_time(*x, name).map(Value::Integer),
        Value::Time(x) => of_time(x.local(), name)
            .map(Value::Integer)
            .or_else(|| of_offset(x.offset(), None, name)),
        Value::LocalDateTime(x) => {
            of_date(x.date(), name).or_else(|| of_time(x.time(), name)).map(Value::Integer)
        }
        Value::DateTime(x) => of_date(x.local().date(), name)
            .or_else(|| of_time(x.local().time(), name))
            .map(Value::Integer)
            .or_else(|| of_offset(x.offset(), x.zone_name(), name)),
        _ => None,
    }
}

/// The names of the components that a temporal value has.
pub fn components(value: &Value) -> Vec<&'static str> {
    let groups: &[&[&str]] = match value {
        Value::Date(_) => &[OF_DATE],
        Value::LocalTime(_) => &[OF_TIME],
        Value::Time(_) => &[OF_TIME, OF_OFFSET],
        Value::LocalDateTime(_) => &[OF_DATE, OF_TIME],
        Value::DateTime(_) => &[OF_DATE, OF_TIME, OF_INSTANT, OF_OFFSET],
        Value::Duration(_) => {
            let units = UNITS.iter().map(|(name, _)| *name);
            return units.chain(REMAINDERS.iter().map(|(name, _)| *name)).collect();
        }
        _ => &[],
    };
    groups.concat()
}

const OF_DATE: &[&str] = &[
    "year",
    "quarter",
    "month",
    "week",
    "weekYear",
    "dayOfQuarter",
    "quarterDay",
    "day",
    "ordinalDay",
    "weekDay",
    "dayOfWeek",
];
const OF_TIME: &[&str] = &["hour", "minute", "second", "millisecond", "microsecond", "nanosecond"];
const OF_INSTANT: &[&str] = &["epochSeconds", "epochMillis"];
const OF_OFFSET: &[&str] = &["timezone", "offset", "offsetMinutes", "offsetSeconds"];

/// What a unit of durations is made of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    /// Months, so many.
    Months(i64),
    /// Days, so many.
    Days(i64),
    /// Seconds, so many.
    Seconds(i64),
    /// Nanoseconds, so many; they divide a second.
    Nanos(i64),
}

/// The units of durations, which can be set and asked for.
pub(super) const UNITS: &[(&str, Unit)] = &[
    ("years", Unit::Months(12)),
    ("quarters", Unit::Months(3)),
    ("months", Unit::Months(1)),
    ("weeks", Unit::Days(7)),
    ("days", Unit::Days(1)),
    ("hours", Unit::Seconds(3600)),
    ("minutes", Unit::Seconds(60)),
    ("seconds", Unit::Seconds(1)),
    ("milliseconds", Unit::Nanos(1_000_000)),
    ("microseconds", Unit::Nanos(1_000)),
    ("nanoseconds", Unit::Nanos(1)),
];

/// A number that a duration has.
type Of = fn(&Duration) -> i64;

/// What remains of a duration beside a larger unit, which can only be asked for.
const REMAINDERS: &[(&str, Of)] = &[
    ("quartersOfYear", |d| d.months() / 3 % 4),
    ("monthsOfQuarter", |d| d.months() % 3),
    ("monthsOfYear", |d| d.months() % 12),
    ("daysOfWeek", |d| d.days() % 7),
    ("minutesOfHour", |d| d.seconds() / 60 % 60),
    ("secondsOfMinute", |d| d.seconds() % 60),
    ("millisecondsOfSecond", |d| i64::from(d.nanos()) / 1_000_000),
    ("microsecondsOfSecond", |d| i64::from(d.nanos()) / 1_000),
    ("nanosecondsOfSecond", |d| i64::from(d.nanos())),
];

fn of_date(date: Date, name: &str) -> Option<i64> {
    Some(match name {
        "year" => date.year(),
        "quarter" => date.quarter(),
        "month" => date.month(),
        "week" => date.week(),
        "weekYear" => date.week_year(),
        "dayOfQuarter" => date.day_of_quarter(),
        "quarterDay" => date.day_of_quarter(),
        "day" => date.day(),
        "ordinalDay" => date.ordinal_day(),
        "weekDay" | "dayOfWeek" => date.day_of_week(),
        _ => return None,
    })
}

fn of_time(time: LocalTime, name: &str) -> Option<i64> {
    Some(match name {
        "hour" => time.hour(),
        "minute" => time.minute(),
        "second" => time.second(),
        "millisecond" => time.nanosecond() / 1_000_000,
        "microsecond" => time.nanosecond() / 1_000,
        "nanosecond" => time.nanosecond(),
        _ => return None,
    })
}

fn of_instant(instant: &DateTime, name: &str) -> Option<i128> {
    Some(match name {
        "epochSeconds" => instant.epoch_seconds().into(),
        "epochMillis" => instant.total_nanos().div_euclid(1_000_000),
        _ => return None,
    })
}

fn of_offset(offset: i32, zone: Option<&str>, name: &str) -> Option<Value> {
    Some(match name {
        "timezone" => match zone {
            Some(zone) => Value::string(zone),
            None => Value::string(OffsetText(offset).to_string()),
        },
        "offset" => Value::string(OffsetText(offset).to_string()),
        "offsetMinutes" => Value::Integer(i64::from(offset / 60)),
        "offsetSeconds" => Value::Integer(i64::from(offset)),
        _ => return None,
    })
}

struct OffsetText(i32);

impl std::fmt::Display for OffsetText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        super::zone::write_offset(f, self.0)
    }
}

fn of_duration(duration: &Duration, name: &str) -> Option<i128> {
    if let Some((_, remainder)) = REMAINDERS.iter().find(|(known, _)| *known == name) {
        return Some(remainder(duration).into());
    }
    let (_, unit) = UNITS.iter().find(|(known, _)| *known == name)?;
    Some(match *unit {
        Unit::Months(months) => (duration.months() / months).into(),
        Unit::Days(days) => (duration.days() / days).into(),
        Unit::Seconds(seconds) => (duration.seconds() / seconds).into(),
        Unit::Nanos(nanos) => {
            let per_second = i128::from(1_000_000_000 / nanos);
            let below = i64::from(duration.nanos()) / nanos;
            i128::from(duration.seconds()) * per_second + i128::from(below)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_that_is_named_is_there() {
        let instant: DateTime = "2015-07-21T21:40:32.142+02:00[Europe/Stockholm]".parse().unwrap();
        let values = [
            Value::Date(instant.local().date()),
            Value::LocalTime(instant.local().time()),
            Value::LocalDateTime(instant.local()),
            Value::from(instant),
            Value::from("P1Y2M3DT4.5S".parse::<Duration>().unwrap()),
        ];
        for value in values {
            let names = components(&value);
            assert!(!names.is_empty());
            for name in names {
                assert!(component(&value, name).is_some(), "{value} has no {name}");
            }
        }
        assert!(components(&Value::Null).is_empty());
    }
}
