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
        Value::Duration(_) => &[OF_DURATION],
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
const OF_DURATION: &[&str] = &[
    "years",
    "quarters",
    "months",
    "weeks",
    "days",
    "hours",
    "minutes",
    "seconds",
    "milliseconds",
    "microseconds",
    "nanoseconds",
    "quartersOfYear",
    "monthsOfQuarter",
    "monthsOfYear",
    "daysOfWeek",
    "minutesOfHour",
    "secondsOfMinute",
    "millisecondsOfSecond",
    "microsecondsOfSecond",
    "nanosecondsOfSecond",
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
    let (months, days, seconds) = (duration.months(), duration.days(), duration.seconds());
    let nanos = i64::from(duration.nanos());
    let fraction = |per_second: i64| {
        let below = i128::from(nanos / (1_000_000_000 / per_second));
        i128::from(seconds) * i128::from(per_second) + below
    };
    Some(match name {
        "milliseconds" => fraction(1_000),
        "microseconds" => fraction(1_000_000),
        "nanoseconds" => fraction(1_000_000_000),
        _ => of_units(months, days, seconds, nanos, name)?.into(),
    })
}

fn of_units(months: i64, days: i64, seconds: i64, nanos: i64, name: &str) -> Option<i64> {
    Some(match name {
        "years" => months / 12,
        "quarters" => months / 3,
        "months" => months,
        "weeks" => days / 7,
        "days" => days,
        "hours" => seconds / 3600,
        "minutes" => seconds / 60,
        "seconds" => seconds,
        "quartersOfYear" => months / 3 % 4,
        "monthsOfQuarter" => months % 3,
        "monthsOfYear" => months % 12,
        "daysOfWeek" => days % 7,
        "minutesOfHour" => seconds / 60 % 60,
        "secondsOfMinute" => seconds % 60,
        "millisecondsOfSecond" => nanos / 1_000_000,
        "microsecondsOfSecond" => nanos / 1_000,
        "nanosecondsOfSecond" => nanos,
        _ => return None,
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
