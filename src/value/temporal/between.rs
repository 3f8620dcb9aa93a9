//! The duration from one point in time to another.

use super::construct::{parts, wrong_type};
use super::{Date, DateTime, Duration, LocalDateTime, LocalTime, Zone};
use crate::error::Result;
use crate::value::Value;

/// Two points in time made comparable.
struct Span {
    from: DateTime,
    to: DateTime,
    /// Whether both have a date; if not, only their times count.
    dated: bool,
}

/// What one lacks is taken from the other: its date, its zone. Without a time it is midnight.
fn span(from: &Value, to: &Value) -> Result<Option<Span>> {
    if from.is_null() || to.is_null() {
        return Ok(None);
    }
    let a = parts(from).ok_or_else(|| wrong_type("duration", from))?;
    let b = parts(to).ok_or_else(|| wrong_type("duration", to))?;
    let place = |value: &Value, date: Option<Date>, time: Option<LocalTime>, zone: &Zone| {
        if let Value::DateTime(x) = value {
            return Ok((**x).clone());
        }
        let date = date.unwrap_or(Date::EPOCH);
        DateTime::new(LocalDateTime::new(date, time.unwrap_or(LocalTime::MIDNIGHT)), zone)
    };
    let zone_a = a.zone.as_ref().or(b.zone.as_ref()).unwrap_or(&Zone::UTC);
    let zone_b = b.zone.as_ref().unwrap_or(zone_a);
    let from = place(from, a.date.or(b.date), a.time, zone_a)?;
    let to = place(to, b.date.or(a.date), b.time, zone_b)?.in_zone(zone_a)?;
    Ok(Some(Span { from, to, dated: a.date.is_some() && b.date.is_some() }))
}

impl Span {
    /// Nanoseconds of real time.
    fn nanos(&self) -> i128 {
        self.to.total_nanos() - self.from.total_nanos()
    }

    fn months(&self) -> i64 {
        if self.dated { self.from.local().months_until(self.to.local()) } else { 0 }
    }

    fn days(&self) -> i64 {
        if self.dated { self.from.local().days_until(self.to.local()) } else { 0 }
    }
}

/// `duration.between(from, to)`: months, then days of the rest, then seconds of the rest.
pub fn between(from: &Value, to: &Value) -> Result<Value> {
    let Some(span) = span(from, to)? else { return Ok(Value::Null) };
    let months = span.months();
    let moved = span.from.plus(&Duration::new(months, 0, 0, 0)?)?;
    let rest = Span { from: moved, ..span };
    let days = rest.days();
    let moved = rest.from.plus(&Duration::new(0, days, 0, 0)?)?;
    let rest = Span { from: moved, ..rest };
    Duration::from_wide(months.into(), days.into(), rest.nanos()).map(Value::from)
}

/// `duration.inMonths(from, to)`: whole months.
pub fn in_months(from: &Value, to: &Value) -> Result<Value> {
    let Some(span) = span(from, to)? else { return Ok(Value::Null) };
    Duration::new(span.months(), 0, 0, 0).map(Value::from)
}

/// `duration.inDays(from, to)`: whole days.
pub fn in_days(from: &Value, to: &Value) -> Result<Value> {
    let Some(span) = span(from, to)? else { return Ok(Value::Null) };
    Duration::new(0, span.days(), 0, 0).map(Value::from)
}

/// `duration.inSeconds(from, to)`: seconds and their fraction.
pub fn in_seconds(from: &Value, to: &Value) -> Result<Value> {
    let Some(span) = span(from, to)? else { return Ok(Value::Null) };
    Duration::from_wide(0, 0, span.nanos()).map(Value::from)
}
