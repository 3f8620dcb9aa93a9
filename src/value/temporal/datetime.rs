//! Dates with times, with and without a zone.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::calendar::{DAY_NANOS, DAY_SECONDS, NANOS};
use super::date::out_of_range;
use super::zone::{Zone, write_offset};
use super::{Date, LocalTime};
use crate::error::Result;

/// A date with a time of the day, without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDateTime {
    /// Seconds since 1970-01-01T00:00, on a clock without a zone.
    seconds: i64,
    /// The fraction of the second, 0 to 999,999,999.
    nanos: u32,
}

impl LocalDateTime {
    /// A date and a time of that day.
    pub fn new(date: Date, time: LocalTime) -> Self {
        Self {
            seconds: date.epoch_days() * DAY_SECONDS + time.nanos() / NANOS,
            nanos: (time.nanos() % NANOS) as u32,
        }
    }

    /// From seconds since 1970-01-01T00:00 and nanoseconds, if they are in range.
    pub fn from_epoch(seconds: i64, nanos: u32) -> Option<Self> {
        let valid = i64::from(nanos) < NANOS
            && Date::from_epoch_days(seconds.div_euclid(DAY_SECONDS)).is_some();
        valid.then_some(Self { seconds, nanos })
    }

    /// Seconds since 1970-01-01T00:00 of the same clock.
    pub fn epoch_seconds(self) -> i64 {
        self.seconds
    }

    /// The fraction of the second in nanoseconds.
    pub fn nanosecond(self) -> u32 {
        self.nanos
    }

    /// The date.
    pub fn date(self) -> Date {
        Date::from_epoch_days(self.seconds.div_euclid(DAY_SECONDS)).unwrap_or(Date::EPOCH)
    }

    /// The time of the day.
    pub fn time(self) -> LocalTime {
        let nanos = self.seconds.rem_euclid(DAY_SECONDS) * NANOS + i64::from(self.nanos);
        LocalTime::from_nanos(nanos).unwrap_or(LocalTime::MIDNIGHT)
    }

    /// Nanoseconds since 1970-01-01T00:00 of the same clock.
    pub(crate) fn total_nanos(self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS) + i128::from(self.nanos)
    }

    pub(crate) fn from_total_nanos(nanos: i128) -> Result<Self> {
        let seconds = i64::try_from(nanos.div_euclid(i128::from(NANOS))).ok();
        let nanos = nanos.rem_euclid(i128::from(NANOS)) as u32;
        seconds.and_then(|s| Self::from_epoch(s, nanos)).ok_or_else(out_of_range)
    }

    /// The clock's reading so many nanoseconds later.
    pub(crate) fn plus_nanos(self, nanos: i128) -> Result<Self> {
        Self::from_total_nanos(self.total_nanos() + nanos)
    }

    /// Whole days (of 24 hours of this clock) until another reading, rounded towards zero.
    pub(crate) fn days_until(self, other: Self) -> i64 {
        ((other.total_nanos() - self.total_nanos()) / i128::from(DAY_NANOS)) as i64
    }

    /// Whole months until another reading, rounded towards zero.
    pub(crate) fn months_until(self, other: Self) -> i64 {
        let (from, mut to) = (self.date(), other.date());
        // An incomplete last day does not count, in either direction.
        if to > from && other.time() < self.time() {
            to = to.plus_days(-1).unwrap_or(to);
        } else if to < from && other.time() > self.time() {
            to = to.plus_days(1).unwrap_or(to);
        }
        from.months_until(to)
    }
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date(), self.time())
    }
}

super::text::serde_as_text!(
    LocalDateTime,
    "LocalDateTime",
    (i64, u32),
    |d| (d.seconds, d.nanos),
    |(s, n)| LocalDateTime::from_epoch(s, n)
);

/// An instant with the zone it is looked at from: an offset from UTC, or a named zone.
///
/// Instants are ordered by time, then by offset and zone; two are equal when all are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime {
    /// Seconds since 1970-01-01T00:00Z.
    seconds: i64,
    nanos: u32,
    /// Seconds east of UTC at this instant.
    offset: i32,
    /// The zone's name, if it has one.
    zone: Option<Arc<str>>,
}

impl DateTime {
    /// The instant at which clocks in `zone` show `local`.
    ///
    /// Where clocks are set back and show a time twice, the first of the two is meant; where they skip
    /// it, the time as far past the gap.
    pub fn new(local: LocalDateTime, zone: &Zone) -> Result<Self> {
        let offset = zone.offset_of_local(local.seconds);
        let instant = local.seconds - i64::from(offset);
        Self::from_epoch(instant, local.nanos, zone)
    }

    /// The instant so many seconds and nanoseconds after 1970-01-01T00:00Z.
    pub fn from_epoch(seconds: i64, nanos: u32, zone: &Zone) -> Result<Self> {
        let offset = zone.offset_at(seconds);
        let made = Self { seconds, nanos, offset, zone: zone.name() };
        made.checked().ok_or_else(out_of_range)
    }

    /// From nanoseconds since 1970-01-01T00:00Z.
    pub(crate) fn from_total_nanos(nanos: i128, zone: &Zone) -> Result<Self> {
        let seconds =
            i64::try_from(nanos.div_euclid(i128::from(NANOS))).map_err(|_| out_of_range())?;
        Self::from_epoch(seconds, nanos.rem_euclid(i128::from(NANOS)) as u32, zone)
    }

    /// Checks that the clock's reading is within range.
    fn checked(self) -> Option<Self> {
        let local = self.seconds.checked_add(i64::from(self.offset))?;
        let valid = super::zone::is_offset(i64::from(self.offset));
        LocalDateTime::from_epoch(local, self.nanos).filter(|_| valid).map(|_| self)
    }

    /// Seconds since 1970-01-01T00:00Z.
    pub fn epoch_seconds(&self) -> i64 {
        self.seconds
    }

    /// The fraction of the second in nanoseconds.
    pub fn nanosecond(&self) -> u32 {
        self.nanos
    }

    /// What a clock in its zone shows.
    pub fn local(&self) -> LocalDateTime {
        LocalDateTime { seconds: self.seconds + i64::from(self.offset), nanos: self.nanos }
    }

    /// Seconds east of UTC at this instant.
    pub fn offset(&self) -> i32 {
        self.offset
    }

    /// The zone's name, if it is a named one.
    pub fn zone_name(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Its zone. A name that is no longer known is taken as the offset.
    pub fn zone(&self) -> Zone {
        match &self.zone {
            Some(name) => Zone::named(name).unwrap_or(Zone::Offset(self.offset)),
            None => Zone::Offset(self.offset),
        }
    }

    /// Nanoseconds since 1970-01-01T00:00Z.
    pub(crate) fn total_nanos(&self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS) + i128::from(self.nanos)
    }

    /// The same instant looked at from another zone.
    pub(crate) fn in_zone(&self, zone: &Zone) -> Result<Self> {
        Self::from_epoch(self.seconds, self.nanos, zone)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.local().fmt(f)?;
        write_offset(f, self.offset)?;
        match &self.zone {
            Some(name) => write!(f, "[{name}]"),
            None => Ok(()),
        }
    }
}

super::text::serde_as_text!(
    DateTime,
    "DateTime",
    (i64, u32, i32, Option<Arc<str>>),
    |d| (d.seconds, d.nanos, d.offset, d.zone.clone()),
    |(seconds, nanos, offset, zone)| DateTime { seconds, nanos, offset, zone }.checked()
);
