//! Temporal values from text: ISO 8601 in its basic and extended forms.

use std::str::FromStr;

use super::calendar::{self, NANOS};
use super::duration::Part;
use super::zone::is_offset;
use super::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time, Zone};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// What is left of a text.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn new(rest: &'a str) -> Self {
        Self { rest }
    }

    fn is_empty(self) -> bool {
        self.rest.is_empty()
    }

    fn peek(self) -> Option<char> {
        self.rest.chars().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// How many digits come next.
    fn digits(self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    /// Takes `count` digits as a number.
    fn number(&mut self, count: usize) -> Option<i64> {
        if count == 0 || self.digits() < count {
            return None;
        }
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits.parse().ok()
    }

    /// Takes a decimal fraction with its point or comma, as nanoseconds; digits past the ninth are
    /// dropped. Zero where there is none.
    fn nanos(&mut self) -> Option<i64> {
        if !self.eat('.') && !self.eat(',') {
            return Some(0);
        }
        let count = self.digits();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        let digits = &digits[..count.min(9)];
        let number: i64 = digits.parse().ok()?;
        Some(number * 10_i64.pow(9 - digits.len() as u32))
    }
}

fn year(cursor: &mut Cursor<'_>) -> Option<i64> {
    let negative = match cursor.peek() {
        Some('-') => true,
        Some('+') => false,
        // Without a sign a year has four digits: what follows them is month, week or day.
        _ => return cursor.number(4),
    };
    cursor.rest = &cursor.rest[1..];
    let count = cursor.digits();
    let year = if (4..=9).contains(&count) { cursor.number(count)? } else { cursor.number(4)? };
    Some(if negative { -year } else { year })
}

fn date(cursor: &mut Cursor<'_>) -> Option<Date> {
    let year = year(cursor)?;
    let dashed = cursor.rest.starts_with('-');
    let mut after = *cursor;
    after.eat('-');
    let found = match after.peek() {
        Some('W') => {
            after.eat('W');
            let week = after.number(2)?;
            let day = part_after(&mut after, dashed, 1)?.unwrap_or(1);
            week_date(year, week, day)?
        }
        Some('Q') => {
            after.eat('Q');
            let quarter = after.number(1)?;
            let day = part_after(&mut after, dashed, 2)?.unwrap_or(1);
            quarter_date(year, quarter, day)?
        }
        Some('0'..='9') => match after.digits() {
            5.. if dashed => return None,
            3 => ordinal_date(year, after.number(3)?)?,
            2 if dashed => {
                let month = after.number(2)?;
                let day = part_after(&mut after, true, 2)?.unwrap_or(1);
                Date::new(year, month, day)?
            }
            2 => Date::new(year, after.number(2)?, 1)?,
            4 if !dashed => {
                let month = after.number(2)?;
                Date::new(year, month, after.number(2)?)?
            }
            _ => return None,
        },
        _ if dashed => return None,
        _ => return Date::new(year, 1, 1),
    };
    *cursor = after;
    Some(found)
}

/// The next part of a date, behind a dash in the extended form; `Some(None)` where the date ends.
fn part_after(cursor: &mut Cursor<'_>, dashed: bool, count: usize) -> Option<Option<i64>> {
    if dashed && !cursor.eat('-') || !dashed && cursor.digits() == 0 {
        return Some(None);
    }
    cursor.number(count).map(Some)
}

/// The date of a week-based year, ISO week and day of the week.
pub(crate) fn week_date(week_year: i64, week: i64, day: i64) -> Option<Date> {
    let valid = (calendar::MIN_YEAR..=calendar::MAX_YEAR).contains(&week_year)
        && (1..=calendar::weeks_in(week_year)).contains(&week)
        && (1..=7).contains(&day);
    // Only a valid year, week and day are small enough to reckon with.
    let days = valid.then(|| calendar::first_week_of(week_year) + (week - 1) * 7 + day - 1);
    days.and_then(Date::from_epoch_days)
}

/// The date of a year, quarter and day of the quarter.
pub(crate) fn quarter_date(year: i64, quarter: i64, day: i64) -> Option<Date> {
    let valid =
        (1..=4).contains(&quarter) && (1..=calendar::quarter_length(year, quarter)).contains(&day);
    valid.then(|| Date::new(year, quarter * 3 - 2, 1)?.plus_days(day - 1).ok()).flatten()
}

/// The date of a year and day of the year.
pub(crate) fn ordinal_date(year: i64, day: i64) -> Option<Date> {
    let valid = (1..=calendar::year_length(year)).contains(&day);
    valid.then(|| Date::new(year, 1, 1)?.plus_days(day - 1).ok()).flatten()
}

fn time(cursor: &mut Cursor<'_>) -> Option<LocalTime> {
    let hour = cursor.number(2)?;
    let (mut minute, mut second, mut nanos) = (0, 0, 0);
    if cursor.eat(':') {
        minute = cursor.number(2)?;
        if cursor.eat(':') {
            second = cursor.number(2)?;
            nanos = cursor.nanos()?;
        }
    } else if cursor.digits() > 0 {
        minute = cursor.number(2)?;
        if cursor.digits() > 0 {
            second = cursor.number(2)?;
            nanos = cursor.nanos()?;
        }
    }
    LocalTime::new(hour, minute, second, nanos)
}

fn offset_part(cursor: &mut Cursor<'_>) -> Option<i32> {
    if cursor.eat('Z') || cursor.eat('z') {
        return Some(0);
    }
    let sign = if cursor.eat('-') {
        -1
    } else if cursor.eat('+') {
        1
    } else {
        return None;
    };
    let (mut minutes, mut seconds) = (0, 0);
    let hours = if cursor.digits() == 1 { cursor.number(1)? } else { cursor.number(2)? };
    if cursor.eat(':') {
        minutes = cursor.number(2)?;
        if cursor.eat(':') {
            seconds = cursor.number(2)?;
        }
    } else if cursor.digits() > 0 {
        minutes = cursor.number(2)?;
        if cursor.digits() > 0 {
            seconds = cursor.number(2)?;
        }
    }
    let total = sign * (hours * 3600 + minutes * 60 + seconds);
    (minutes < 60 && seconds < 60 && is_offset(total)).then_some(total as i32)
}

/// An offset alone, in seconds east of UTC.
pub(crate) fn offset(text: &str) -> Option<i32> {
    let mut cursor = Cursor::new(text);
    offset_part(&mut cursor).filter(|_| cursor.is_empty())
}

fn local_datetime(cursor: &mut Cursor<'_>) -> Option<LocalDateTime> {
    let date = date(cursor)?;
    let time = if cursor.eat('T') || cursor.eat('t') {
        time(cursor)?
    } else if cursor.is_empty() || cursor.peek() == Some('[') {
        LocalTime::MIDNIGHT
    } else {
        return None;
    };
    Some(LocalDateTime::new(date, time))
}

fn invalid(what: &str, text: &str, example: &str) -> Error {
    Error::argument(Detail::InvalidArgumentValue, format!("`{text}` is not a valid {what}"))
        .help(format!("Write it as in `{example}`."))
}

impl FromStr for Date {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut cursor = Cursor::new(text);
        date(&mut cursor)
            .filter(|_| cursor.is_empty())
            .ok_or_else(|| invalid("date", text, "2015-07-21"))
    }
}

impl FromStr for LocalTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut cursor = Cursor::new(text);
        time(&mut cursor)
            .filter(|_| cursor.is_empty())
            .ok_or_else(|| invalid("local time", text, "21:40:32.142"))
    }
}

impl FromStr for Time {
    type Err = Error;

    /// Without an offset it is UTC.
    fn from_str(text: &str) -> Result<Self> {
        let mut cursor = Cursor::new(text);
        let mut parse = || {
            let time = time(&mut cursor)?;
            let offset = if cursor.is_empty() { 0 } else { offset_part(&mut cursor)? };
            Time::new(time, offset).filter(|_| cursor.is_empty())
        };
        parse().ok_or_else(|| invalid("time", text, "21:40:32.142+01:00"))
    }
}

impl FromStr for LocalDateTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut cursor = Cursor::new(text);
        local_datetime(&mut cursor)
            .filter(|_| cursor.is_empty())
            .ok_or_else(|| invalid("local datetime", text, "2015-07-21T21:40:32.142"))
    }
}

impl FromStr for DateTime {
    type Err = Error;

    /// Without offset and zone it is UTC. With both, the offset chooses between the two readings of a
    /// clock that was set back, and must be one the zone has.
    fn from_str(text: &str) -> Result<Self> {
        let fail = || invalid("datetime", text, "2015-07-21T21:40:32.142+02:00[Europe/Stockholm]");
        let mut cursor = Cursor::new(text);
        let local = local_datetime(&mut cursor).ok_or_else(fail)?;
        let offset = match cursor.peek() {
            None | Some('[') => None,
            Some(_) => Some(offset_part(&mut cursor).ok_or_else(fail)?),
        };
        let zone = match cursor.rest.strip_prefix('[') {
            Some(rest) => Some(Zone::named(rest.strip_suffix(']').ok_or_else(fail)?)?),
            None if cursor.is_empty() => None,
            None => return Err(fail()),
        };
        match (offset, zone) {
            (None, None) => DateTime::new(local, &Zone::UTC),
            (Some(offset), None) => DateTime::new(local, &Zone::Offset(offset)),
            (None, Some(zone)) => DateTime::new(local, &zone),
            (Some(offset), Some(zone)) => {
                let instant = local.epoch_seconds() - i64::from(offset);
                let found = DateTime::from_epoch(instant, local.nanosecond(), &zone)?;
                if found.offset() != offset {
                    return Err(Error::argument(
                        Detail::InvalidArgumentValue,
                        format!("`{text}` has an offset that its time zone does not have then"),
                    )
                    .help("Leave out the offset, or the zone."));
                }
                Ok(found)
            }
        }
    }
}

impl FromStr for Duration {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fail = || invalid("duration", text, "P1Y2M10DT2H30M");
        let (negative, rest) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let rest = rest.strip_prefix('P').ok_or_else(fail)?;
        let found = match date_like(rest) {
            Some(found) => found?,
            None => duration_units(rest, fail)?,
        };
        if negative { found.negated() } else { Ok(found) }
    }
}

/// `P2012-02-02T14:37:21.545`: a duration that is written like a date.
fn date_like(text: &str) -> Option<Result<Duration>> {
    let mut cursor = Cursor::new(text);
    let (year, month, day) = match cursor.digits() {
        4 => {
            let year = cursor.number(4)?;
            let month = cursor.eat('-').then(|| cursor.number(2))??;
            (year, month, cursor.eat('-').then(|| cursor.number(2))??)
        }
        8 => (cursor.number(4)?, cursor.number(2)?, cursor.number(2)?),
        _ => return None,
    };
    let time = if cursor.is_empty() {
        LocalTime::MIDNIGHT
    } else {
        cursor.eat('T').then(|| time(&mut cursor))??
    };
    let valid = cursor.is_empty() && month <= 12 && day <= 31;
    valid.then(|| Duration::new(year * 12 + month, day, 0, time.nanos()))
}

fn duration_units(text: &str, fail: impl Fn() -> Error) -> Result<Duration> {
    let (mut months, mut days, mut seconds) = (Part::default(), Part::default(), Part::default());
    let mut nanos = 0;
    let mut rest = text;
    // Units come in this order, each at most once.
    let mut units: &[(char, bool)] = &[
        ('Y', false),
        ('M', false),
        ('W', false),
        ('D', false),
        ('T', true),
        ('H', true),
        ('M', true),
        ('S', true),
    ];
    let mut in_time = false;
    if rest.is_empty() {
        return Err(fail());
    }
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            if in_time || after.is_empty() {
                return Err(fail());
            }
            (in_time, rest) = (true, after);
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(&fail)?;
        let (number, after) = rest.split_at(end);
        let unit = after.chars().next().ok_or_else(&fail)?;
        rest = &after[unit.len_utf8()..];
        let at = units.iter().position(|u| *u == (unit, in_time)).ok_or_else(&fail)?;
        units = &units[at + 1..];
        if (unit, in_time) == ('S', true) {
            let (whole, fraction) = decimal_seconds(number).ok_or_else(&fail)?;
            seconds = seconds.plus(Part { whole, fraction: 0.0 })?;
            nanos = fraction;
            continue;
        }
        let amount = decimal(number).ok_or_else(&fail)?;
        match (unit, in_time) {
            ('Y', _) => months = months.plus(amount.times(12)?)?,
            ('M', false) => months = months.plus(amount)?,
            ('W', _) => days = days.plus(amount.times(7)?)?,
            ('D', _) => days = days.plus(amount)?,
            ('H', _) => seconds = seconds.plus(amount.times(3600)?)?,
            _ => seconds = seconds.plus(amount.times(60)?)?,
        }
    }
    Duration::from_parts(months, days, seconds, nanos)
}

/// A decimal number, exact in its whole part.
fn decimal(text: &str) -> Option<Part> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = match unsigned.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, fraction),
        None => (unsigned, ""),
    };
    let is_number = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || unsigned.len() > whole.len() && !is_number(fraction) {
        return None;
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let fraction: f64 =
        if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().ok()? };
    // Wider than a part may be, because the least one has no positive counterpart.
    let whole: i128 = whole.parse().ok()?;
    Some(Part { whole: whole * sign, fraction: fraction * sign as f64 })
}

/// Seconds as a whole number and nanoseconds, without going through floats.
fn decimal_seconds(text: &str) -> Option<(i128, i128)> {
    let part = decimal(text)?;
    let mut fraction = Cursor::new(text.find(['.', ',']).map_or("", |at| &text[at..]));
    let nanos = i128::from(fraction.nanos()?);
    let nanos = if text.starts_with('-') { -nanos } else { nanos };
    debug_assert!(nanos.abs() < i128::from(NANOS));
    Some((part.whole, nanos))
}
