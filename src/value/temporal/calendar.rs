//! The proleptic Gregorian calendar: days since 1970-01-01 from and to years, months, weeks and quarters.
//!
//! Everything here counts in 64 bits, so that years up to ±999,999,999 are safe.

/// The first year a date can have.
pub(crate) const MIN_YEAR: i64 = -999_999_999;
/// The last year a date can have.
pub(crate) const MAX_YEAR: i64 = 999_999_999;

/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 86_400;
/// Nanoseconds of a second.
pub(crate) const NANOS: i64 = 1_000_000_000;
/// Nanoseconds of a day.
pub(crate) const DAY_NANOS: i64 = DAY_SECONDS * NANOS;

/// Whether the year has a 29th of February.
pub(crate) fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days the year has.
pub(crate) fn year_length(year: i64) -> i64 {
    if is_leap_year(year) { 366 } else { 365 }
}

/// How many days the month (1 to 12) has.
pub(crate) fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// How many days the quarter (1 to 4) has.
pub(crate) fn quarter_length(year: i64, quarter: i64) -> i64 {
    let first = quarter * 3 - 2;
    (first..first + 3).map(|month| month_length(year, month)).sum()
}

/// Days since 1970-01-01 of a day of the calendar.
///
/// A year is counted from March, so that the leap day is its last, and 400 years are always 146,097 days.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a count of days since 1970-01-01.
pub(crate) fn civil_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The day of the week, Monday being 1 and Sunday 7.
pub(crate) fn weekday_of(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// The Monday of the first ISO week of a week-based year.
pub(crate) fn first_week_of(week_year: i64) -> i64 {
    let fourth = days_of(week_year, 1, 4);
    fourth - (weekday_of(fourth) - 1)
}

/// How many ISO weeks a week-based year has.
pub(crate) fn weeks_in(week_year: i64) -> i64 {
    (first_week_of(week_year + 1) - first_week_of(week_year)) / 7
}

/// Week-based year and ISO week of a day.
pub(crate) fn week_of(days: i64) -> (i64, i64) {
    let thursday = days - (weekday_of(days) - 1) + 3;
    let (week_year, ..) = civil_of(thursday);
    (week_year, (thursday - days_of(week_year, 1, 1)) / 7 + 1)
}
