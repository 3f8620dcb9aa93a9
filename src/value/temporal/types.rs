//! Dates, times and date-times: points in time as numbers.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Detail, Error, Result};

use super::Duration;
use super::calendar::{self, MAX_YEAR};
use super::zone;

pub(super) const NANOS_PER_SECOND: i64 = 1_000_000_000;
pub(super) const NANOS_PER_DAY: i64 = 86_400 * NANOS_PER_SECOND;

/// A date of the proleptic Gregorian calendar, years -999,999,999 to 999,999,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Date {
    days: i64,
}

/// A time of day without an offset, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalTime {
    nanos: i64,
}

/// A time of day with an offset from UTC. Ordered by the instant, then by the offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Time {
    local: LocalTime,
    offset: i32,
}

/// A date with a time of day, without an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalDateTime {
    seconds: i64,
    nanos: u32,
}

/// A date with a time of day and an offset, perhaps with the name of the zone that gave it. Ordered by
/// the instant, then by the offset and zone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DateTime {
    local: LocalDateTime,
    offset: i32,
    zone: Option<Arc<str>>,
}

pub(super) fn out_of_range(what: &str) -> Error {
    Error::argument(Detail::NumberOutOfRange, format!("{what} is out of range"))
}

impl Date {
    /// The date of a day number counted from 1970-01-01.
    pub fn from_days(days: i64) -> Result<Self> {
        let limit = 366 * (MAX_YEAR + 1);
        if !(-limit..=limit).contains(&days) {
            return Err(out_of_range("the date"));
        }
        let (year, _, _) = calendar::civil_from_days(days);
        if year.abs() > MAX_YEAR {
            return Err(out_of_range("the year"));
        }
        Ok(Self { days })
    }

    /// The date of a year, month (1 to 12) and day (1 to 31).
    pub fn new(year: i64, month: i64, day: i64) -> Result<Self> {
        check("year", year, -MAX_YEAR, MAX_YEAR)?;
        check("month", month, 1, 12)?;
        check("day", day, 1, calendar::days_in_month(year, month))?;
        Ok(Self { days: calendar::days_from_civil(year, month, day) })
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> i64 {
        self.days
    }

    /// Year, month and day.
    pub fn ymd(self) -> (i64, i64, i64) {
        calendar::civil_from_days(self.days)
    }

    /// The date moved by the duration's months, then its days, then the whole days of its seconds.
    pub fn plus(self, duration: &Duration) -> Result<Self> {
        let days = duration.days() + duration.seconds() / 86_400;
        let moved = self.plus_months(duration.months())?;
        Self::from_days(moved.days.checked_add(days).ok_or_else(|| out_of_range("the date"))?)
    }

    /// The date moved by months; the day is cut to the length of the month it lands in.
    pub(super) fn plus_months(self, months: i64) -> Result<Self> {
        let (year, month, day) = self.ymd();
        let total = (year * 12 + month - 1)
            .checked_add(months)
            .filter(|t| t.div_euclid(12).abs() <= MAX_YEAR)
            .ok_or_else(|| out_of_range("the date"))?;
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        Self::new(year, month, day.min(calendar::days_in_month(year, month)))
    }
}

pub(super) fn check(what: &str, value: i64, least: i64, greatest: i64) -> Result<()> {
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    Err(Error::argument(
        Detail::NumberOutOfRange,
        format!("{what} {value} is out of range, expected {least} to {greatest}"),
    ))
}

impl LocalTime {
    /// The time this many nanoseconds after midnight; wraps around the day.
    pub fn from_nanos(nanos: i128) -> Self {
        Self { nanos: nanos.rem_euclid(i128::from(NANOS_PER_DAY)) as i64 }
    }

    /// A time by its parts.
    pub fn new(hour: i64, minute: i64, second: i64, nanos: i64) -> Result<Self> {
        check("hour", hour, 0, 23)?;
        check("minute", minute, 0, 59)?;
        check("second", second, 0, 59)?;
        check("nanosecond", nanos, 0, NANOS_PER_SECOND - 1)?;
        Ok(Self { nanos: ((hour * 60 + minute) * 60 + second) * NANOS_PER_SECOND + nanos })
    }

    /// Nanoseconds since midnight.
    pub fn nanos(self) -> i64 {
        self.nanos
    }

    /// Hour, minute, second and nanosecond.
    pub fn hmsn(self) -> (i64, i64, i64, i64) {
        let seconds = self.nanos / NANOS_PER_SECOND;
        (seconds / 3600, seconds / 60 % 60, seconds % 60, self.nanos % NANOS_PER_SECOND)
    }

    /// The time moved by the duration's seconds and nanoseconds, around the clock.
    #[must_use]
    pub fn plus(self, duration: &Duration) -> Self {
        Self::from_nanos(i128::from(self.nanos) + duration.nanos_of_clock())
    }
}

impl Time {
    /// A time of day at an offset in seconds.
    pub fn new(local: LocalTime, offset: i32) -> Self {
        Self { local, offset }
    }

    /// The time of day at its offset.
    pub fn local(self) -> LocalTime {
        self.local
    }

    /// Seconds east of UTC.
    pub fn offset(self) -> i32 {
        self.offset
    }

    /// The same instant at another offset.
    #[must_use]
    pub fn at_offset(self, offset: i32) -> Self {
        let moved = i64::from(offset - self.offset) * NANOS_PER_SECOND;
        Self { local: LocalTime::from_nanos(i128::from(self.local.nanos + moved)), offset }
    }

    /// The time moved by the duration's seconds and nanoseconds, around the clock.
    #[must_use]
    pub fn plus(self, duration: &Duration) -> Self {
        Self { local: self.local.plus(duration), offset: self.offset }
    }

    pub(super) fn instant(self) -> i64 {
        self.local.nanos - i64::from(self.offset) * NANOS_PER_SECOND
    }
}

impl LocalDateTime {
    /// A date with a time.
    pub fn new(date: Date, time: LocalTime) -> Self {
        Self {
            seconds: date.days * 86_400 + time.nanos / NANOS_PER_SECOND,
            nanos: (time.nanos % NANOS_PER_SECOND) as u32,
        }
    }

    /// The point this many nanoseconds after 1970-01-01T00:00.
    pub fn from_epoch_nanos(nanos: i128) -> Result<Self> {
        let seconds = i64::try_from(nanos.div_euclid(i128::from(NANOS_PER_SECOND)))
            .map_err(|_| out_of_range("the date"))?;
        Date::from_days(seconds.div_euclid(86_400))?;
        Ok(Self { seconds, nanos: nanos.rem_euclid(i128::from(NANOS_PER_SECOND)) as u32 })
    }

    /// Nanoseconds since 1970-01-01T00:00.
    pub fn epoch_nanos(self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS_PER_SECOND) + i128::from(self.nanos)
    }

    /// Whole seconds since 1970-01-01T00:00.
    pub fn epoch_seconds(self) -> i64 {
        self.seconds
    }

    /// The date.
    pub fn date(self) -> Date {
        Date { days: self.seconds.div_euclid(86_400) }
    }

    /// The time of day.
    pub fn time(self) -> LocalTime {
        let nanos = self.seconds.rem_euclid(86_400) * NANOS_PER_SECOND + i64::from(self.nanos);
        LocalTime { nanos }
    }

    /// The point moved by the duration's months, days, then seconds and nanoseconds.
    pub fn plus(self, duration: &Duration) -> Result<Self> {
        let moved = self.date().plus_months(duration.months())?;
        let days = moved.days.checked_add(duration.days()).ok_or_else(|| out_of_range("the date"))?;
        let midnight = Self::new(Date::from_days(days)?, self.time());
        Self::from_epoch_nanos(midnight.epoch_nanos() + duration.nanos_of_clock())
    }
}

impl DateTime {
    /// A date-time at a fixed offset in seconds.
    pub fn at_offset(local: LocalDateTime, offset: i32) -> Self {
        Self { local, offset, zone: None }
    }

    /// A date-time in a named zone; where the clock skips or repeats, the earlier offset counts.
    pub fn in_zone(local: LocalDateTime, name: &str) -> Result<Self> {
        let (name, offset, local) = zone::offset_of_local(name, local)?;
        Ok(Self { local, offset, zone: Some(name) })
    }

    /// The instant `utc`, seen in a named zone.
    pub fn instant_in_zone(utc: LocalDateTime, name: &str) -> Result<Self> {
        let (name, offset) = zone::offset_of_instant(name, utc)?;
        let local = LocalDateTime::from_epoch_nanos(utc.epoch_nanos() + offset_nanos(offset))?;
        Ok(Self { local, offset, zone: Some(name) })
    }

    /// The instant `utc`, seen at an offset.
    pub fn instant_at_offset(utc: LocalDateTime, offset: i32) -> Result<Self> {
        let local = LocalDateTime::from_epoch_nanos(utc.epoch_nanos() + offset_nanos(offset))?;
        Ok(Self { local, offset, zone: None })
    }

    /// Date and time where it is.
    pub fn local(&self) -> LocalDateTime {
        self.local
    }

    /// Seconds east of UTC.
    pub fn offset(&self) -> i32 {
        self.offset
    }

    /// The name of its zone, if it has one.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Nanoseconds since 1970-01-01T00:00Z.
    pub fn instant(&self) -> i128 {
        self.local.epoch_nanos() - offset_nanos(self.offset)
    }

    /// The date-time moved by a duration: months and days on the local calendar, seconds on the
    /// clock.
    pub fn plus(&self, duration: &Duration) -> Result<Self> {
        let calendar = Duration::new(duration.months(), duration.days(), 0, 0)?;
        let moved = self.with_local(self.local.plus(&calendar)?)?;
        let utc = LocalDateTime::from_epoch_nanos(moved.instant() + duration.nanos_of_clock())?;
        match &self.zone {
            Some(zone) => Self::instant_in_zone(utc, zone),
            None => Self::instant_at_offset(utc, self.offset),
        }
    }

    fn with_local(&self, local: LocalDateTime) -> Result<Self> {
        match &self.zone {
            Some(zone) => Self::in_zone(local, zone),
            None => Ok(Self::at_offset(local, self.offset)),
        }
    }
}

pub(super) fn offset_nanos(offset: i32) -> i128 {
    i128::from(offset) * i128::from(NANOS_PER_SECOND)
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant().cmp(&other.instant()).then_with(|| self.offset.cmp(&other.offset))
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant()
            .cmp(&other.instant())
            .then_with(|| self.offset.cmp(&other.offset))
            .then_with(|| self.zone.cmp(&other.zone))
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
