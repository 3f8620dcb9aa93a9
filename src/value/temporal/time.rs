//! Times of the day, with and without an offset from UTC.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::calendar::{DAY_NANOS, NANOS};
use super::zone::write_offset;

/// A time of the day to the nanosecond, without an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    /// Nanoseconds since midnight.
    nanos: i64,
}

impl LocalTime {
    /// 00:00.
    pub const MIDNIGHT: LocalTime = LocalTime { nanos: 0 };

    /// The time of an hour, minute, second and nanosecond, if there is one.
    pub fn new(hour: i64, minute: i64, second: i64, nanosecond: i64) -> Option<Self> {
        let valid = (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
            && (0..NANOS).contains(&nanosecond);
        valid.then(|| Self { nanos: (hour * 3600 + minute * 60 + second) * NANOS + nanosecond })
    }

    /// The time so many nanoseconds after midnight, if that is the same day.
    pub fn from_nanos(nanos: i64) -> Option<Self> {
        (0..DAY_NANOS).contains(&nanos).then_some(Self { nanos })
    }

    /// The time so many nanoseconds after midnight, on whatever day.
    pub(crate) fn wrapped(nanos: i128) -> Self {
        Self { nanos: nanos.rem_euclid(DAY_NANOS as i128) as i64 }
    }

    /// Nanoseconds since midnight.
    pub fn nanos(self) -> i64 {
        self.nanos
    }

    /// The hour, 0 to 23.
    pub fn hour(self) -> i64 {
        self.nanos / NANOS / 3600
    }

    /// The minute, 0 to 59.
    pub fn minute(self) -> i64 {
        self.nanos / NANOS / 60 % 60
    }

    /// The second, 0 to 59.
    pub fn second(self) -> i64 {
        self.nanos / NANOS % 60
    }

    /// The fraction of the second in nanoseconds.
    pub fn nanosecond(self) -> i64 {
        self.nanos % NANOS
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())?;
        if self.nanos % (60 * NANOS) != 0 {
            write!(f, ":{:02}", self.second())?;
            write_fraction(f, self.nanosecond())?;
        }
        Ok(())
    }
}

/// Writes nanoseconds as a decimal fraction without trailing zeros, and nothing for zero.
pub(crate) fn write_fraction(f: &mut fmt::Formatter<'_>, nanosecond: i64) -> fmt::Result {
    if nanosecond == 0 {
        return Ok(());
    }
    let digits = format!("{nanosecond:09}");
    write!(f, ".{}", digits.trim_end_matches('0'))
}

super::text::serde_as_text!(LocalTime, "LocalTime", i64, |t| t.nanos, |n| LocalTime::from_nanos(n));

/// A time of the day with its offset from UTC.
///
/// Times are ordered by the instant they mean on the same day, then by offset; two are equal when
/// both are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    time: LocalTime,
    /// Seconds east of UTC.
    offset: i32,
}

impl Time {
    /// A local time at an offset in seconds east of UTC, at most 18 hours.
    pub fn new(time: LocalTime, offset: i32) -> Option<Self> {
        super::zone::is_offset(i64::from(offset)).then_some(Self { time, offset })
    }

    /// The time as it reads on the clock.
    pub fn local(self) -> LocalTime {
        self.time
    }

    /// Seconds east of UTC.
    pub fn offset(self) -> i32 {
        self.offset
    }

    /// Nanoseconds since midnight UTC; below zero or above a day where the offset crosses midnight.
    pub(crate) fn utc_nanos(self) -> i64 {
        self.time.nanos - i64::from(self.offset) * NANOS
    }

    /// The same instant at another offset.
    pub(crate) fn at_offset(self, offset: i32) -> Self {
        let nanos = i128::from(self.utc_nanos()) + i128::from(offset) * i128::from(NANOS);
        Self { time: LocalTime::wrapped(nanos), offset }
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.utc_nanos(), self.offset).cmp(&(other.utc_nanos(), other.offset))
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.time.fmt(f)?;
        write_offset(f, self.offset)
    }
}

super::text::serde_as_text!(Time, "Time", (i64, i32), |t| (t.time.nanos, t.offset), |(n, o)| {
    LocalTime::from_nanos(n).and_then(|time| Time::new(time, o))
});
