//! Durations.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::calendar::{DAY_SECONDS, NANOS};
use super::time::write_fraction;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// Seconds of an average month, the twelfth of 365.2425 days.
pub(crate) const MONTH_SECONDS: i64 = 2_629_746;

/// A span of time: months, days and seconds, kept apart because a month and a day have no fixed length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Duration {
    months: i64,
    days: i64,
    seconds: i64,
    /// Added to the seconds: 0 to 999,999,999 also where these are negative.
    nanos: u32,
}

impl Duration {
    /// A duration of months, days, seconds and nanoseconds, any of which may be negative.
    ///
    /// ```
    /// use redstring::value::Duration;
    /// assert_eq!(Duration::new(14, 3, 60, 0).unwrap().to_string(), "P1Y2M3DT1M");
    /// assert_eq!(Duration::new(0, 0, -2, 1_000_000).unwrap().to_string(), "PT-1.999S");
    /// ```
    ///
    /// # Errors
    /// Where the seconds, nanoseconds included, leave 64 bits.
    pub fn new(months: i64, days: i64, seconds: i64, nanos: i64) -> Result<Self> {
        let seconds = seconds.checked_add(nanos.div_euclid(NANOS)).ok_or_else(overflow)?;
        Ok(Self { months, days, seconds, nanos: nanos.rem_euclid(NANOS) as u32 })
    }

    /// Whole months, years included.
    pub fn months(&self) -> i64 {
        self.months
    }

    /// Whole days, weeks included.
    pub fn days(&self) -> i64 {
        self.days
    }

    /// Whole seconds, hours and minutes included, rounded down.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds on top of the seconds, 0 to 999,999,999.
    pub fn nanos(&self) -> u32 {
        self.nanos
    }

    /// The seconds and the fraction of the second, as nanoseconds.
    pub(crate) fn total_nanos(&self) -> i128 {
        i128::from(self.seconds) * i128::from(NANOS) + i128::from(self.nanos)
    }

    /// From wide counts, such as sums and products.
    pub(crate) fn from_wide(months: i128, days: i128, nanos: i128) -> Result<Self> {
        let narrow = |wide: i128| i64::try_from(wide).map_err(|_| overflow());
        Ok(Self {
            months: narrow(months)?,
            days: narrow(days)?,
            seconds: narrow(nanos.div_euclid(i128::from(NANOS)))?,
            nanos: nanos.rem_euclid(i128::from(NANOS)) as u32,
        })
    }

    pub(crate) fn plus(&self, other: &Self) -> Result<Self> {
        Self::from_wide(
            i128::from(self.months) + i128::from(other.months),
            i128::from(self.days) + i128::from(other.days),
            self.total_nanos() + other.total_nanos(),
        )
    }

    pub(crate) fn negated(&self) -> Result<Self> {
        Self::from_wide(-i128::from(self.months), -i128::from(self.days), -self.total_nanos())
    }

    /// This duration times `numerator` over `denominator`; a fraction of a month becomes days, one of a
    /// day seconds, and one of a nanosecond is dropped.
    pub(crate) fn scaled(&self, numerator: i64, denominator: i64) -> Result<Self> {
        if denominator == 0 {
            return Err(Error::arithmetic(Detail::DivisionByZero, "a duration divided by zero"));
        }
        let (by, over) = (i128::from(numerator), i128::from(denominator));
        let months = i128::from(self.months) * by;
        let days = i128::from(self.days) * by;
        let nanos = self.total_nanos().checked_mul(by).ok_or_else(overflow)?;
        let month_seconds = (months % over) * i128::from(MONTH_SECONDS);
        let day = i128::from(DAY_SECONDS);
        // All parts are sums of fractions over the same denominator until the very end.
        let month_days = month_seconds / (over * day);
        let rest = (month_seconds % (over * day) + (days % over) * day)
            .checked_mul(i128::from(NANOS))
            .and_then(|rest| rest.checked_add(nanos))
            .ok_or_else(overflow)?;
        Self::from_wide(months / over, days / over + month_days, rest / over)
    }

    /// This duration times a number.
    pub(crate) fn times(&self, factor: f64) -> Result<Self> {
        if factor.fract() == 0.0 && factor.abs() < 9e15 {
            return self.scaled(factor as i64, 1);
        }
        Self::from_parts(
            Part::float(self.months as f64 * factor)?,
            Part::float(self.days as f64 * factor)?,
            Part::float(self.seconds as f64 * factor)?,
            (f64::from(self.nanos) * factor).round_ties_even() as i128,
        )
    }

    /// From parts with fractions: that of a month becomes days and seconds, that of a day seconds.
    pub(crate) fn from_parts(months: Part, days: Part, seconds: Part, nanos: i128) -> Result<Self> {
        let day = DAY_SECONDS as f64;
        let month = months.fraction * MONTH_SECONDS as f64;
        let month_days = (month / day).trunc();
        let rest = [month - month_days * day, days.fraction * day, seconds.fraction];
        let rest: i128 =
            rest.iter().map(|seconds| (seconds * NANOS as f64).round_ties_even() as i128).sum();
        let seconds = seconds.whole.checked_mul(i128::from(NANOS)).ok_or_else(overflow)?;
        let nanos =
            seconds.checked_add(rest).and_then(|n| n.checked_add(nanos)).ok_or_else(overflow)?;
        Self::from_wide(months.whole, days.whole + month_days as i128, nanos)
    }

    /// Nanoseconds of average length, for ordering durations.
    fn average_nanos(&self) -> i128 {
        let seconds = i128::from(self.months) * i128::from(MONTH_SECONDS)
            + i128::from(self.days) * i128::from(DAY_SECONDS);
        seconds * i128::from(NANOS) + self.total_nanos()
    }
}

/// A number of units as a whole part and a fraction of the same sign.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    pub(crate) whole: i128,
    pub(crate) fraction: f64,
}

impl Part {
    pub(crate) fn float(number: f64) -> Result<Self> {
        if !number.is_finite() || number.abs() > 1e30 {
            return Err(overflow());
        }
        Ok(Self { whole: number.trunc() as i128, fraction: number.fract() })
    }

    /// This many units of `per` smaller ones each, such as years as months.
    pub(crate) fn times(self, per: i64) -> Result<Self> {
        let fraction = self.fraction * per as f64;
        let whole = self.whole.checked_mul(i128::from(per)).ok_or_else(overflow)?;
        Ok(Self { whole: whole + fraction.trunc() as i128, fraction: fraction.fract() })
    }

    pub(crate) fn plus(self, other: Self) -> Result<Self> {
        let fraction = self.fraction + other.fraction;
        let whole = self.whole.checked_add(other.whole).ok_or_else(overflow)?;
        Ok(Self { whole: whole + fraction.trunc() as i128, fraction: fraction.fract() })
    }
}

/// The error of a duration too long for its fields.
pub(crate) fn overflow() -> Error {
    Error::arithmetic(Detail::IntegerOverflow, "the duration is too long")
        .help("Months, days and seconds each have to fit 64 bits.")
}

/// Durations are ordered by average length, then by months, days and seconds.
impl Ord for Duration {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |d: &Self| (d.average_nanos(), d.months, d.days, d.seconds, d.nanos);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Duration {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("PT0S");
        }
        f.write_str("P")?;
        for (amount, unit) in [(self.months / 12, 'Y'), (self.months % 12, 'M'), (self.days, 'D')] {
            if amount != 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        if self.seconds == 0 && self.nanos == 0 {
            return Ok(());
        }
        f.write_str("T")?;
        // Seconds are rounded down, but are written with one sign for whole and fraction.
        let total = self.total_nanos();
        let (seconds, nanos) = (total / i128::from(NANOS), (total % i128::from(NANOS)) as i64);
        for (amount, unit) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M')] {
            if amount != 0 {
                write!(f, "{amount}{unit}")?;
            }
        }
        let seconds = seconds % 60;
        if seconds != 0 || nanos != 0 {
            if total < 0 && seconds == 0 {
                f.write_str("-")?;
            }
            write!(f, "{seconds}")?;
            write_fraction(f, nanos.abs())?;
            f.write_str("S")?;
        }
        Ok(())
    }
}

super::text::serde_as_text!(
    Duration,
    "Duration",
    (i64, i64, i64, u32),
    |d| (d.months, d.days, d.seconds, d.nanos),
    |(months, days, seconds, nanos)| Duration::new(months, days, seconds, i64::from(nanos)).ok()
);
