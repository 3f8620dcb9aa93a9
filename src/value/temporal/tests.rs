//! Temporal functions on examples: what goes in, what comes out.

use super::{Kind, between, create, create_duration, from_epoch, in_days, in_seconds, truncate};
use crate::error::Detail;
use crate::value::Map;
use crate::value::Value;
use crate::value::arithmetic::{add, divide, subtract};

const KINDS: [Kind; 5] =
    [Kind::Date, Kind::LocalTime, Kind::Time, Kind::LocalDateTime, Kind::DateTime];

/// The value of the first kind that reads the text.
fn temporal(text: &str) -> Value {
    if text.starts_with('P') {
        return create_duration(&Value::from(text)).unwrap();
    }
    KINDS.iter().find_map(|kind| create(*kind, &Value::from(text), 0).ok()).unwrap()
}

fn map(entries: &[(&str, Value)]) -> Value {
    let entries: Map = entries.iter().map(|(k, v)| ((*k).into(), v.clone())).collect();
    Value::map(entries)
}

fn int(x: i64) -> Value {
    Value::Integer(x)
}

#[test]
fn components_make_points_in_time() {
    let leap_day = temporal("2024-02-29");
    let noon = temporal("12:00+02:00");
    let cases = [
        (Kind::Date, map(&[("year", int(2024)), ("ordinalDay", int(60))]), "'2024-02-29'"),
        (
            Kind::Date,
            map(&[("year", int(-44)), ("month", int(3)), ("day", int(15))]),
            "'-0044-03-15'",
        ),
        (Kind::Date, map(&[("date", leap_day.clone()), ("quarter", int(3))]), "'2024-08-29'"),
        (Kind::Date, map(&[("date", leap_day.clone()), ("dayOfWeek", int(1))]), "'2024-02-26'"),
        (Kind::LocalTime, map(&[("time", noon.clone()), ("minute", int(5))]), "'12:05'"),
        (Kind::Time, map(&[("time", noon.clone()), ("timezone", "Z".into())]), "'10:00Z'"),
        (
            Kind::DateTime,
            map(&[("date", leap_day), ("time", noon), ("timezone", "Asia/Tokyo".into())]),
            "'2024-02-29T19:00+09:00[Asia/Tokyo]'",
        ),
        (Kind::DateTime, map(&[("epochMillis", int(-1))]), "'1969-12-31T23:59:59.999Z'"),
        (Kind::Date, map(&[("timezone", "+14:00".into())]), "'1970-01-01'"),
    ];
    for (kind, components, expected) in cases {
        assert_eq!(create(kind, &components, 0).unwrap().to_string(), expected, "{components}");
    }
}

#[test]
fn what_is_no_point_in_time_is_refused() {
    let cases = [
        (Kind::Date, map(&[("year", int(2023)), ("month", int(2)), ("day", int(29))])),
        (Kind::Date, map(&[("month", int(2))])),
        (Kind::Date, map(&[("year", int(2023)), ("day", int(2))])),
        (Kind::Date, map(&[("year", int(2023)), ("week", int(53))])),
        (Kind::Date, map(&[("year", int(2023)), ("week", int(2)), ("month", int(2))])),
        (Kind::Date, map(&[("year", int(2023)), ("hour", int(2))])),
        (Kind::Date, map(&[("year", int(1_000_000_000))])),
        (Kind::LocalTime, map(&[("hour", int(1)), ("minute", int(1)), ("second", int(60))])),
        (Kind::Time, map(&[("hour", int(1)), ("timezone", "Europe/Nowhere".into())])),
        (Kind::Time, map(&[("hour", int(1)), ("timezone", "+19:00".into())])),
        (Kind::DateTime, "2024-03-31T12:00+01:00[Europe/Stockholm]".into()),
        (Kind::Date, "2015-13".into()),
        (Kind::Date, "2015-7-1".into()),
        (Kind::LocalTime, "24:00".into()),
    ];
    for (kind, value) in cases {
        let error = create(kind, &value, 0).unwrap_err();
        assert_eq!(error.kind(), Detail::InvalidArgumentValue, "{value}");
    }
    let error = create(Kind::Date, &int(1), 0).unwrap_err();
    assert_eq!(error.kind(), Detail::InvalidArgumentType);
}

#[test]
fn clocks_that_change_are_read_as_their_zone_does() {
    let stockholm = |text: &str| temporal(&format!("{text}[Europe/Stockholm]")).to_string();
    // Set back at 03:00 on 2024-10-27: 02:30 comes twice, and the offset tells which is meant.
    assert_eq!(stockholm("2024-10-27T02:30"), "'2024-10-27T02:30+02:00[Europe/Stockholm]'");
    assert_eq!(stockholm("2024-10-27T02:30+01:00"), "'2024-10-27T02:30+01:00[Europe/Stockholm]'");
    // Set forward at 02:00 on 2024-03-31: there is no 02:30.
    assert_eq!(stockholm("2024-03-31T02:30"), "'2024-03-31T03:30+02:00[Europe/Stockholm]'");
    // Far outside of the years that the zone database covers its rules go on.
    assert_eq!(stockholm("+500000-07-01T00:00"), "'+500000-07-01T00:00+02:00[Europe/Stockholm]'");
    let day = temporal("P1D");
    let hours = temporal("PT24H");
    let eve = temporal("2024-10-26T12:00[Europe/Stockholm]");
    let next = |by: &Value| add(&eve, by).unwrap().to_string();
    assert_eq!(next(&day), "'2024-10-27T12:00+01:00[Europe/Stockholm]'");
    assert_eq!(next(&hours), "'2024-10-27T11:00+01:00[Europe/Stockholm]'");
}

#[test]
fn durations_keep_their_units_apart() {
    let cases = [
        (add(&temporal("2024-01-31"), &temporal("P1M")), "'2024-02-29'"),
        (subtract(&temporal("2024-03-31"), &temporal("P1M1D")), "'2024-02-28'"),
        (add(&temporal("23:30"), &temporal("PT45M")), "'00:15'"),
        (subtract(&temporal("P1M"), &temporal("P30D")), "'P1M-30D'"),
        (divide(&temporal("P1M"), &int(2)), "'P15DT5H14M33S'"),
        (divide(&temporal("PT1S"), &int(3)), "'PT0.333333333S'"),
        (between(&temporal("2024-01-31"), &temporal("2024-03-01")), "'P1M1D'"),
        (in_days(&temporal("2024-03-01T12:00"), &temporal("2024-02-28T13:00")), "'P-1D'"),
        (in_seconds(&temporal("12:00Z"), &temporal("12:00+01:00")), "'PT-1H'"),
        (from_epoch(&int(0), &int(-1)), "'1969-12-31T23:59:59.999999999Z'"),
    ];
    for (result, expected) in cases {
        assert_eq!(result.unwrap().to_string(), expected);
    }
    let error = divide(&temporal("P1M"), &int(0)).unwrap_err();
    assert_eq!(error.kind(), Detail::DivisionByZero);
}

#[test]
fn truncation_takes_units_that_the_kind_has() {
    let moment = temporal("-0001-08-15T12:34:56.789");
    let cases = [
        (Kind::Date, "millennium", "'-1000-01-01'"),
        (Kind::Date, "Week", "'-0001-08-09'"),
        (Kind::LocalTime, "minute", "'12:34'"),
        (Kind::Time, "day", "'00:00Z'"),
        (Kind::LocalDateTime, "second", "'-0001-08-15T12:34:56'"),
    ];
    for (kind, unit, expected) in cases {
        assert_eq!(truncate(kind, unit, &moment, None).unwrap().to_string(), expected, "{unit}");
    }
    for (kind, unit) in [(Kind::Date, "hour"), (Kind::LocalTime, "month"), (Kind::Date, "moon")] {
        let error = truncate(kind, unit, &moment, None).unwrap_err();
        assert_eq!(error.kind(), Detail::InvalidArgumentValue, "{unit}");
    }
}
