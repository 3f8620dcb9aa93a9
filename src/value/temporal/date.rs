//! Dates.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::calendar;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// A day of the proleptic Gregorian calendar, years -999,999,999 to 999,999,999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Days since 1970-01-01.
    days: i64,
}

impl Date {
    /// 1970-01-01.
    pub const EPOCH: Date = Date { days: 0 };

    /// The date of a year, month (1 to 12) and day, if there is one.
    ///
    /// ```
    /// use redstring::value::Date;
    /// assert_eq!(Date::new(1984, 10, 11).map(|d| d.to_string()).as_deref(), Some("1984-10-11"));
    /// assert_eq!(Date::new(1983, 2, 29), None);
    /// ```
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let valid = (calendar::MIN_YEAR..=calendar::MAX_YEAR).contains(&year)
            && (1..=12).contains(&month)
            && (1..=calendar::month_length(year, month)).contains(&day);
        valid.then(|| Self { days: calendar::days_of(year, month, day) })
    }

    /// The date so many days after 1970-01-01, if it is in range.
    pub fn from_epoch_days(days: i64) -> Option<Self> {
        let first = calendar::days_of(calendar::MIN_YEAR, 1, 1);
        let last = calendar::days_of(calendar::MAX_YEAR, 12, 31);
        (first..=last).contains(&days).then_some(Self { days })
    }

    /// Days since 1970-01-01.
    pub fn epoch_days(self) -> i64 {
        self.days
    }

    /// The year.
    pub fn year(self) -> i64 {
        self.civil().0
    }

    /// The month, 1 to 12.
    pub fn month(self) -> i64 {
        self.civil().1
    }

    /// The day of the month.
    pub fn day(self) -> i64 {
        self.civil().2
    }

    /// The day of the week: Monday is 1, Sunday 7.
    pub fn day_of_week(self) -> i64 {
        calendar::weekday_of(self.days)
    }

    /// The day of the year, from 1.
    pub fn ordinal_day(self) -> i64 {
        self.days - calendar::days_of(self.year(), 1, 1) + 1
    }

    /// The quarter, 1 to 4.
    pub fn quarter(self) -> i64 {
        (self.month() + 2) / 3
    }

    /// The day of the quarter, from 1.
    pub fn day_of_quarter(self) -> i64 {
        self.days - calendar::days_of(self.year(), self.quarter() * 3 - 2, 1) + 1
    }

    /// The ISO week, 1 to 53.
    pub fn week(self) -> i64 {
        calendar::week_of(self.days).1
    }

    /// The year that the ISO week belongs to.
    pub fn week_year(self) -> i64 {
        calendar::week_of(self.days).0
    }

    pub(crate) fn civil(self) -> (i64, i64, i64) {
        calendar::civil_of(self.days)
    }

    /// The date so many days later.
    pub(crate) fn plus_days(self, days: i64) -> Result<Self> {
        self.days.checked_add(days).and_then(Self::from_epoch_days).ok_or_else(out_of_range)
    }

    /// The date so many months later; the last day of the month where the day does not exist.
    pub(crate) fn plus_months(self, months: i64) -> Result<Self> {
        if months == 0 {
            return Ok(self);
        }
        let (year, month, day) = self.civil();
        let month = (year * 12 + month - 1).checked_add(months).ok_or_else(out_of_range)?;
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
        if !(calendar::MIN_YEAR..=calendar::MAX_YEAR).contains(&year) {
            return Err(out_of_range());
        }
        Self::new(year, month, day.min(calendar::month_length(year, month)))
            .ok_or_else(out_of_range)
    }

    /// Whole months from this date to another, rounded towards zero.
    pub(crate) fn months_until(self, other: Date) -> i64 {
        fn packed(date: Date) -> i64 {
            let (year, month, day) = date.civil();
            (year * 12 + month) * 32 + day
        }
        (packed(other) - packed(self)) / 32
    }
}

/// The error of a date or time outside of the years -999,999,999 to 999,999,999.
pub(crate) fn out_of_range() -> Error {
    Error::argument(Detail::NumberOutOfRange, "the date is out of range")
        .help("Years go from -999999999 to 999999999.")
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        match year {
            0..=9999 => write!(f, "{year:04}-{month:02}-{day:02}"),
            10_000.. => write!(f, "+{year}-{month:02}-{day:02}"),
            _ => write!(f, "-{:04}-{month:02}-{day:02}", -year),
        }
    }
}

super::text::serde_as_text!(Date, "Date", i64, |d| d.days, |days| Date::from_epoch_days(days));
