//! Sums and differences of temporals and durations.

use std::sync::Arc;

use super::calendar::{DAY_SECONDS, NANOS};
use super::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time};
use crate::error::Result;
use crate::value::Value;

/// `a + b`, if one is a duration and the other a temporal.
pub(crate) fn sum(a: &Value, b: &Value) -> Option<Result<Value>> {
    match (a, b) {
        (Value::Duration(a), Value::Duration(b)) => Some(a.plus(b).map(Value::from)),
        (a, Value::Duration(b)) => shifted(a, b),
        (Value::Duration(a), b) => shifted(b, a),
        _ => None,
    }
}

/// `a - b`, if `b` is a duration and `a` a temporal.
pub(crate) fn difference(a: &Value, b: &Value) -> Option<Result<Value>> {
    let Value::Duration(b) = b else { return None };
    match b.negated() {
        Ok(negative) => sum(a, &Value::from(negative)),
        Err(error) => Some(Err(error)),
    }
}

fn shifted(value: &Value, by: &Duration) -> Option<Result<Value>> {
    Some(match value {
        Value::Date(x) => x.plus(by).map(Value::Date),
        Value::LocalTime(x) => Ok(Value::LocalTime(x.plus(by))),
        Value::Time(x) => Ok(Value::Time(x.plus(by))),
        Value::LocalDateTime(x) => x.plus(by).map(Value::LocalDateTime),
        Value::DateTime(x) => x.plus(by).map(|x| Value::DateTime(Arc::new(x))),
        _ => return None,
    })
}

impl Date {
    /// The date so much later; of the seconds only whole days count.
    ///
    /// # Errors
    /// Where the date is out of range.
    pub fn plus(self, by: &Duration) -> Result<Self> {
        let seconds = (by.total_nanos() / i128::from(NANOS)) as i64;
        self.plus_months(by.months())?.plus_days(by.days())?.plus_days(seconds / DAY_SECONDS)
    }
}

impl LocalTime {
    /// The time so much later, past midnight if need be; months and days do not count.
    #[must_use]
    pub fn plus(self, by: &Duration) -> Self {
        Self::wrapped(i128::from(self.nanos()) + by.total_nanos())
    }
}

impl Time {
    /// The time so much later, past midnight if need be; months and days do not count.
    #[must_use]
    pub fn plus(self, by: &Duration) -> Self {
        Self::new(self.local().plus(by), self.offset()).unwrap_or(self)
    }
}

impl LocalDateTime {
    /// The reading so much later: months first, then days, then seconds.
    ///
    /// # Errors
    /// Where the date is out of range.
    pub fn plus(self, by: &Duration) -> Result<Self> {
        let date = self.date().plus_months(by.months())?.plus_days(by.days())?;
        Self::new(date, self.time()).plus_nanos(by.total_nanos())
    }
}

impl DateTime {
    /// The instant so much later: months and days on the clock of its zone, then seconds of real time.
    ///
    /// # Errors
    /// Where the date is out of range.
    pub fn plus(&self, by: &Duration) -> Result<Self> {
        let zone = self.zone();
        let moved = if by.months() == 0 && by.days() == 0 {
            self.total_nanos()
        } else {
            let local = self.local();
            let date = local.date().plus_months(by.months())?.plus_days(by.days())?;
            Self::new(LocalDateTime::new(date, local.time()), &zone)?.total_nanos()
        };
        Self::from_total_nanos(moved + by.total_nanos(), &zone)
    }
}
