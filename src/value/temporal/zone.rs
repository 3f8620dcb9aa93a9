//! Offsets from UTC and named time zones.
//!
//! Names are looked up in the database that is compiled in, never in the machine's own: a query gives
//! the same answer everywhere.

use std::fmt;
use std::sync::Arc;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use super::calendar::{self, DAY_SECONDS};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The largest offset from UTC, in seconds.
const MAX_OFFSET: i64 = 18 * 3600;

/// Whether so many seconds east of UTC can be an offset.
pub(crate) fn is_offset(seconds: i64) -> bool {
    (-MAX_OFFSET..=MAX_OFFSET).contains(&seconds)
}

/// A fixed offset from UTC, or a named zone with its rules.
#[derive(Debug, Clone, PartialEq)]
pub enum Zone {
    /// Seconds east of UTC, at most 18 hours.
    Offset(i32),
    /// A zone of the IANA database.
    Named(Arc<str>, TimeZone),
}

impl Zone {
    /// UTC, written `Z`.
    pub const UTC: Zone = Zone::Offset(0);

    /// A zone of the IANA database, such as `Europe/Stockholm`.
    pub fn named(name: &str) -> Result<Self> {
        let unknown = || {
            let names: Vec<String> = DATABASE.available().map(|n| n.as_str().to_owned()).collect();
            let error = Error::argument(
                Detail::InvalidArgumentValue,
                format!("unknown time zone `{name}`"),
            );
            match nearest(name, names.iter().map(String::as_str)) {
                Some(near) => error.help(format!("Did you mean `{near}`?")),
                None => error
                    .help("Use an offset such as `+01:00` or a name such as `Europe/Stockholm`."),
            }
        };
        let zone = DATABASE.get(name).map_err(|_| unknown())?;
        let name: Arc<str> = zone.iana_name().ok_or_else(unknown)?.into();
        Ok(Self::Named(name, zone))
    }

    /// An offset (`Z`, `+01:00`, `-0130`) or the name of a zone.
    pub fn parse(text: &str) -> Result<Self> {
        match super::parse::offset(text) {
            Some(offset) => Ok(Self::Offset(offset)),
            None => Self::named(text),
        }
    }

    /// The name, if it is a named zone.
    pub(crate) fn name(&self) -> Option<Arc<str>> {
        match self {
            Self::Offset(_) => None,
            Self::Named(name, _) => Some(name.clone()),
        }
    }

    /// Seconds east of UTC at an instant, given in seconds since 1970-01-01T00:00Z.
    pub(crate) fn offset_at(&self, instant: i64) -> i32 {
        match self {
            Self::Offset(offset) => *offset,
            Self::Named(_, zone) => Timestamp::from_second(near(instant))
                .map_or(0, |timestamp| zone.to_offset(timestamp).seconds()),
        }
    }

    /// The short name that a named zone goes by at an instant, such as `CET`.
    pub(crate) fn abbreviation(&self, instant: i64) -> Option<String> {
        let Self::Named(_, zone) = self else { return None };
        let timestamp = Timestamp::from_second(near(instant)).ok()?;
        Some(zone.to_offset_info(timestamp).abbreviation().to_owned())
    }

    /// Seconds east of UTC to read a clock with: the first one where it is ambiguous, the one before
    /// the gap where clocks skip the reading.
    pub(crate) fn offset_of_local(&self, local: i64) -> i32 {
        match self {
            Self::Offset(offset) => *offset,
            Self::Named(..) => self.offsets_of_local(local).0,
        }
    }

    /// The one or two offsets a clock's reading can have; in a gap, those before and after it.
    pub(crate) fn offsets_of_local(&self, local: i64) -> (i32, i32) {
        let zone = match self {
            Self::Offset(offset) => return (*offset, *offset),
            Self::Named(_, zone) => zone,
        };
        let Ok(timestamp) = Timestamp::from_second(near(local)) else { return (0, 0) };
        let civil = jiff::tz::Offset::UTC.to_datetime(timestamp);
        match zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => (offset.seconds(), offset.seconds()),
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
                (before.seconds(), after.seconds())
            }
        }
    }
}

/// An instant for which the zone database has rules and the same calendar: dates and weekdays repeat
/// every 400 years, and so do the rules outside of its range.
fn near(seconds: i64) -> i64 {
    const CYCLE: i64 = 146_097 * DAY_SECONDS;
    let first = calendar::days_of(-9000, 1, 1) * DAY_SECONDS;
    let last = calendar::days_of(9000, 1, 1) * DAY_SECONDS;
    if seconds < first {
        seconds + (first - seconds).div_euclid(CYCLE) * CYCLE + CYCLE
    } else if seconds > last {
        seconds - ((seconds - last).div_euclid(CYCLE) + 1) * CYCLE
    } else {
        seconds
    }
}

/// Writes an offset as `Z`, `+01:00` or, where it has seconds, `+00:53:28`.
pub(crate) fn write_offset(f: &mut fmt::Formatter<'_>, offset: i32) -> fmt::Result {
    if offset == 0 {
        return f.write_str("Z");
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let seconds = offset.unsigned_abs();
    write!(f, "{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60)?;
    if !seconds.is_multiple_of(60) {
        write!(f, ":{:02}", seconds % 60)?;
    }
    Ok(())
}
