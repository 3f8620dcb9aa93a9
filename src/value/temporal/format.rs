//! `format(temporal, pattern)`: temporal values as text, after the letters of Java's `DateTimeFormatter`,
//! which are those of the Cypher manual. Names are English.

use std::fmt::Write;

use super::construct::{Parts, parts};
use super::{Date, DateTime, Duration, LocalTime, Zone};
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Value;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];

/// The longest run of one letter.
const MAX_RUN: usize = 19;

/// A temporal value as text after a pattern; `None` for any other value.
///
/// # Errors
/// `ArgumentError.InvalidArgumentValue` for a letter that means nothing, or nothing for this value, with
/// its place in the pattern.
pub fn format(value: &Value, pattern: &str) -> Option<Result<String>> {
    let source: Box<dyn Source> = match value {
        Value::Duration(duration) => Box::new(Spans::new(duration, pattern)),
        value => {
            let instant = match value {
                Value::DateTime(instant) => Some(&**instant),
                _ => None,
            };
            Box::new(Reading { kind: value.type_name(), parts: parts(value)?, instant })
        }
    };
    Some(fill(pattern, &*source))
}

/// Where the text of a run of letters comes from.
trait Source {
    /// Writes the run; `Ok(false)` where the value has no such component.
    fn write(&self, out: &mut String, letter: char, count: usize) -> Result<bool, Misfit>;

    /// What the value is, for errors.
    fn kind(&self) -> &str;
}

/// A run of letters that means nothing.
struct Misfit;

fn fill(pattern: &str, source: &dyn Source) -> Result<String> {
    let mut out = String::new();
    // Where each optional section that is open began, and whether something was missing in it.
    let mut sections: Vec<(usize, bool)> = Vec::new();
    let letters: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        match letter {
            '\'' => {
                at = quoted(&letters, at, &mut out)
                    .ok_or_else(|| wrong(pattern, at, "a quote that is not closed"))?
            }
            '[' => {
                sections.push((out.len(), false));
                at += 1;
            }
            ']' => {
                let Some((start, missing)) = sections.pop() else {
                    return Err(wrong(pattern, at, "`]` without `[`"));
                };
                if missing {
                    out.truncate(start);
                }
                at += 1;
            }
            letter if letter.is_ascii_alphabetic() => {
                let count = letters.iter().skip(at).take_while(|c| **c == letter).count();
                let written = if count > MAX_RUN {
                    Err(Misfit)
                } else {
                    source.write(&mut out, letter, count)
                };
                match (written, sections.last_mut()) {
                    (Ok(true), _) => {}
                    (Ok(false), Some((_, missing))) => *missing = true,
                    (Ok(false), None) => {
                        let what = format!("`{letter}`, which a {} has not", source.kind());
                        return Err(wrong(pattern, at, &what));
                    }
                    (Err(Misfit), _) => {
                        let run: String = letters.iter().skip(at).take(count).collect();
                        return Err(wrong(
                            pattern,
                            at,
                            &format!("`{run}`, which stands for nothing"),
                        ));
                    }
                }
                at += count;
            }
            '{' | '}' | '#' => {
                return Err(wrong(pattern, at, &format!("`{letter}` outside of quotes")));
            }
            other => {
                out.push(other);
                at += 1;
            }
        }
    }
    // Java closes what is open at the end.
    while let Some((start, missing)) = sections.pop() {
        if missing {
            out.truncate(start);
        }
    }
    Ok(out)
}

/// Copies quoted text and says where it ends; two quotes are one.
fn quoted(letters: &[char], start: usize, out: &mut String) -> Option<usize> {
    let mut at = start + 1;
    if letters.get(at) == Some(&'\'') {
        out.push('\'');
        return Some(at + 1);
    }
    loop {
        match (letters.get(at)?, letters.get(at + 1)) {
            ('\'', Some('\'')) => {
                out.push('\'');
                at += 2;
            }
            ('\'', _) => return Some(at + 1),
            (other, _) => {
                out.push(*other);
                at += 1;
            }
        }
    }
}

fn wrong(pattern: &str, at: usize, what: &str) -> Error {
    let message = format!("the pattern `{pattern}` has {what}, at character {}", at + 1);
    Error::argument(Detail::InvalidArgumentValue, message)
        .help("Letters stand for components, as in `yyyy-MM-dd HH:mm`; put words into quotes.")
}

/// A number with at least so many digits.
fn number(out: &mut String, amount: i64, digits: usize) {
    let sign = if amount < 0 { "-" } else { "" };
    // Writing to a string cannot fail.
    let _ = write!(out, "{sign}{:0digits$}", amount.unsigned_abs());
}

/// A name by the number of letters: number, short, long, or its first letter.
fn name(
    out: &mut String,
    names: &[&str],
    index: i64,
    count: usize,
    short: usize,
) -> Result<(), Misfit> {
    let name = usize::try_from(index - 1).ok().and_then(|i| names.get(i)).ok_or(Misfit)?;
    out.push_str(match count {
        3 => name.get(..short).unwrap_or(name),
        4 => name,
        5 => name.get(..1).unwrap_or(name),
        _ => return Err(Misfit),
    });
    Ok(())
}

/// What a clock and a calendar show.
struct Reading<'a> {
    kind: &'static str,
    parts: Parts,
    instant: Option<&'a DateTime>,
}

impl Source for Reading<'_> {
    fn kind(&self) -> &str {
        self.kind
    }

    fn write(&self, out: &mut String, letter: char, count: usize) -> Result<bool, Misfit> {
        match letter {
            'G' | 'u' | 'y' | 'D' | 'M' | 'L' | 'd' | 'Q' | 'q' | 'Y' | 'w' | 'W' | 'E' | 'e'
            | 'c' | 'F' => match self.parts.date {
                Some(date) => of_date(out, date, letter, count).map(|()| true),
                None => Ok(false),
            },
            'a' | 'h' | 'K' | 'k' | 'H' | 'm' | 's' | 'S' | 'A' | 'n' | 'N' => {
                match self.parts.time {
                    Some(time) => of_time(out, time, letter, count).map(|()| true),
                    None => Ok(false),
                }
            }
            'V' | 'z' | 'O' | 'X' | 'x' | 'Z' => match &self.parts.zone {
                Some(zone) => self.of_zone(out, zone, letter, count).map(|()| true),
                None => Ok(false),
            },
            _ => Err(Misfit),
        }
    }
}

fn of_date(out: &mut String, date: Date, letter: char, count: usize) -> Result<(), Misfit> {
    let at_most = |most: usize| if count > most { Err(Misfit) } else { Ok(()) };
    match letter {
        'G' => out.push_str(match (count, date.year() > 0) {
            (1..=3, true) => "AD",
            (1..=3, false) => "BC",
            (4, true) => "Anno Domini",
            (4, false) => "Before Christ",
            (5, true) => "A",
            (5, false) => "B",
            _ => return Err(Misfit),
        }),
        'u' => year(out, date.year(), count),
        // The year before 1 AD is 1 BC.
        'y' => year(out, if date.year() > 0 { date.year() } else { 1 - date.year() }, count),
        'Y' => year(out, date.week_year(), count),
        'D' => {
            at_most(3)?;
            number(out, date.ordinal_day(), count);
        }
        'M' | 'L' if count > 2 => name(out, &MONTHS, date.month(), count, 3)?,
        'M' | 'L' => number(out, date.month(), count),
        'd' => {
            at_most(2)?;
            number(out, date.day(), count);
        }
        'Q' | 'q' => match count {
            1 | 2 => number(out, date.quarter(), count),
            3 => {
                out.push('Q');
                number(out, date.quarter(), 1);
            }
            _ => name(out, &QUARTERS, date.quarter(), count, 1)?,
        },
        'w' => {
            at_most(2)?;
            number(out, date.week(), count);
        }
        'W' => {
            at_most(1)?;
            // The week with the first Thursday of the month is its first.
            number(out, (date.day() + 10 - date.day_of_week()) / 7, 1);
        }
        'E' => name(out, &DAYS, date.day_of_week(), count.max(3), 3)?,
        'e' | 'c' if count > 2 => name(out, &DAYS, date.day_of_week(), count, 3)?,
        'e' | 'c' => number(out, date.day_of_week(), count),
        _ => {
            at_most(1)?;
            number(out, (date.day() - 1) / 7 + 1, 1);
        }
    }
    Ok(())
}

/// Two letters are the last two digits; longer years than there are letters have a sign from four on.
fn year(out: &mut String, year: i64, count: usize) {
    if count == 2 {
        return number(out, year.rem_euclid(100), 2);
    }
    if count >= 4 && year >= 10_i64.pow(count.min(18) as u32) {
        out.push('+');
    }
    number(out, year, count);
}

fn of_time(out: &mut String, time: LocalTime, letter: char, count: usize) -> Result<(), Misfit> {
    let hour = time.hour();
    let small = match letter {
        'a' => {
            out.push_str(match (count, hour < 12) {
                (1, true) => "AM",
                (1, false) => "PM",
                _ => return Err(Misfit),
            });
            return Ok(());
        }
        'S' => {
            fraction(out, time.nanosecond(), count);
            return Ok(());
        }
        'A' | 'n' | 'N' => {
            let amount = match letter {
                'A' => time.nanos() / 1_000_000,
                'n' => time.nanosecond(),
                _ => time.nanos(),
            };
            number(out, amount, count);
            return Ok(());
        }
        'h' => (hour + 11) % 12 + 1,
        'K' => hour % 12,
        'k' => (hour + 23) % 24 + 1,
        'H' => hour,
        'm' => time.minute(),
        _ => time.second(),
    };
    if count > 2 {
        return Err(Misfit);
    }
    number(out, small, count);
    Ok(())
}

/// The first digits of the fraction of a second; beyond nanoseconds they are zeros.
fn fraction(out: &mut String, nanos: i64, count: usize) {
    let digits = format!("{nanos:09}");
    out.extend(digits.chars().chain(std::iter::repeat('0')).take(count));
}

impl Reading<'_> {
    fn of_zone(
        &self,
        out: &mut String,
        zone: &Zone,
        letter: char,
        count: usize,
    ) -> Result<(), Misfit> {
        let seconds = match (self.instant, zone) {
            (Some(instant), _) => instant.offset(),
            (None, zone) => zone.offset_at(0),
        };
        match (letter, count) {
            ('V', 2) => match zone.name() {
                Some(name) => out.push_str(&name),
                None => offset(out, seconds, ":", Seconds::WhereAny, Some("Z")),
            },
            ('z', 1..=3) => {
                let named = self.instant.and_then(|i| zone.abbreviation(i.epoch_seconds()));
                match named {
                    Some(short) => out.push_str(&short),
                    None => offset(out, seconds, ":", Seconds::WhereAny, Some("Z")),
                }
            }
            ('O', 1) => {
                out.push_str("GMT");
                if seconds != 0 {
                    let hours = i64::from(seconds / 3600);
                    let _ = write!(out, "{}{}", if seconds < 0 { '-' } else { '+' }, hours.abs());
                    if seconds % 3600 != 0 {
                        let _ = write!(out, ":{:02}", seconds.abs() / 60 % 60);
                    }
                }
            }
            ('O' | 'Z', 4) => {
                out.push_str("GMT");
                if seconds != 0 {
                    offset(out, seconds, ":", Seconds::WhereAny, None);
                }
            }
            ('X' | 'x', 1..=5) => {
                let zero = (letter == 'X').then_some("Z");
                match count {
                    1 if seconds % 3600 == 0 && (seconds != 0 || zero.is_none()) => {
                        let hours = i64::from(seconds / 3600);
                        let _ = write!(
                            out,
                            "{}{:02}",
                            if seconds < 0 { '-' } else { '+' },
                            hours.abs()
                        );
                    }
                    1 | 2 => offset(out, seconds, "", Seconds::Never, zero),
                    3 => offset(out, seconds, ":", Seconds::Never, zero),
                    4 => offset(out, seconds, "", Seconds::WhereAny, zero),
                    _ => offset(out, seconds, ":", Seconds::WhereAny, zero),
                }
            }
            ('Z', 1..=3) => offset(out, seconds, "", Seconds::Never, None),
            ('Z', 5) => offset(out, seconds, ":", Seconds::WhereAny, Some("Z")),
            _ => return Err(Misfit),
        }
        Ok(())
    }
}

#[derive(PartialEq)]
enum Seconds {
    Never,
    WhereAny,
}

fn offset(out: &mut String, offset: i32, between: &str, seconds: Seconds, zero: Option<&str>) {
    if let (0, Some(zero)) = (offset, zero) {
        out.push_str(zero);
        return;
    }
    let sign = if offset < 0 { '-' } else { '+' };
    let east = offset.unsigned_abs();
    let _ = write!(out, "{sign}{:02}{between}{:02}", east / 3600, east / 60 % 60);
    if seconds == Seconds::WhereAny && !east.is_multiple_of(60) {
        let _ = write!(out, "{between}{:02}", east % 60);
    }
}

/// A duration shared out among the units that the pattern names: the largest takes what it can, the next
/// what is left. Months, days and seconds never turn into each other.
struct Spans {
    amounts: Vec<(&'static str, i128)>,
    fraction: i64,
}

/// The letters of each unit with how many of the smallest unit of its group it has.
const SPANS: [&[(&str, i128)]; 3] = [
    &[("yYu", 12), ("qQ", 3), ("ML", 1)],
    &[("wW", 7), ("dD", 1)],
    &[
        ("HhKk", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("A", 1_000_000),
        ("nN", 1),
    ],
];

impl Spans {
    fn new(duration: &Duration, pattern: &str) -> Self {
        let wholes =
            [i128::from(duration.months()), i128::from(duration.days()), duration.total_nanos()];
        let named = unquoted(pattern);
        let mut amounts = Vec::new();
        let mut fraction = 0;
        for (units, mut left) in SPANS.into_iter().zip(wholes) {
            for (letters, size) in
                units.iter().filter(|(letters, _)| named.contains(|c| letters.contains(c)))
            {
                amounts.push((*letters, left / size));
                left %= size;
            }
            fraction = (left % 1_000_000_000).unsigned_abs() as i64;
        }
        Self { amounts, fraction }
    }
}

/// The pattern without what stands in quotes.
fn unquoted(pattern: &str) -> String {
    pattern.split('\'').step_by(2).collect()
}

impl Source for Spans {
    fn kind(&self) -> &str {
        "Duration"
    }

    fn write(&self, out: &mut String, letter: char, count: usize) -> Result<bool, Misfit> {
        if letter == 'S' {
            fraction(out, self.fraction, count);
            return Ok(true);
        }
        let amount = self.amounts.iter().find(|(letters, _)| letters.contains(letter));
        let (_, amount) = amount.ok_or(Misfit)?;
        let sign = if *amount < 0 { "-" } else { "" };
        let _ = write!(out, "{sign}{:0count$}", amount.unsigned_abs());
        Ok(true)
    }
}
