//! Temporal values at the ends of their range: every function of them gives a value or an error, never a
//! panic or a wrapped number, and what can be undone is undone.

use proptest::prelude::*;
use redstring::value::temporal::Zone;
use redstring::value::{Date, DateTime, Duration, LocalDateTime, LocalTime, Time};
use redstring::{Database, ErrorClass, Statement, Value, params};

/// Days since 1970-01-01 of -999999999-01-01 and 999999999-12-31.
const FIRST: i64 = -365_243_219_162;
const LAST: i64 = 365_241_780_471;

fn date() -> impl Strategy<Value = Date> {
    let days = prop_oneof![FIRST..FIRST + 800, LAST - 800..=LAST, -800_i64..800, FIRST..=LAST];
    days.prop_map(|days| Date::from_epoch_days(days).unwrap())
}

fn local_time() -> impl Strategy<Value = LocalTime> {
    const DAY: i64 = 86_400_000_000_000;
    prop_oneof![0..10_i64, DAY - 10..DAY, 0..DAY].prop_map(|n| LocalTime::from_nanos(n).unwrap())
}

fn zone() -> impl Strategy<Value = Zone> {
    let named = ["Europe/Stockholm", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"];
    prop_oneof![
        Just(Zone::UTC),
        (-64_800..=64_800_i32).prop_map(Zone::Offset),
        prop::sample::select(named.to_vec()).prop_map(|name| Zone::named(name).unwrap()),
    ]
}

fn point() -> impl Strategy<Value = Value> {
    prop_oneof![
        date().prop_map(Value::from),
        local_time().prop_map(Value::from),
        (local_time(), -64_800..=64_800_i32)
            .prop_map(|(time, offset)| Value::from(Time::new(time, offset).unwrap())),
        (date(), local_time()).prop_map(|(d, t)| Value::from(LocalDateTime::new(d, t))),
        (date(), local_time(), zone()).prop_map(|(d, t, zone)| {
            // At the very ends an offset may lead out of the range.
            DateTime::new(LocalDateTime::new(d, t), &zone).map_or(Value::Null, Value::from)
        }),
    ]
}

fn amount() -> impl Strategy<Value = i64> {
    let edges = [0, 1, -1, 11, 12, -12, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1];
    prop_oneof![prop::sample::select(edges.to_vec()), any::<i64>(), -40_i64..40]
}

fn duration() -> impl Strategy<Value = Value> {
    (amount(), amount(), amount(), -1_000_000_000..=1_000_000_000_i64).prop_map(
        |(months, days, seconds, nanos)| {
            Duration::new(months, days, seconds, nanos).map_or(Value::Null, Value::from)
        },
    )
}

/// Expressions of two points in time, a duration, a whole number and a float.
const EXPRESSIONS: &[&str] = &[
    "$a + $d",
    "$a - $d",
    "$d + $d",
    "$d - $d",
    "$d * $n",
    "$d / $n",
    "$d * $x",
    "$d / $x",
    "-$d",
    "$a + ($d + $d)",
    "$a < $b",
    "$a = $b",
    "$d = $d",
    "[$a, $b, $d]",
    "coll.sort([$a, $b, $d])",
    "duration.between($a, $b)",
    "duration.inMonths($a, $b)",
    "duration.inDays($a, $b)",
    "duration.inSeconds($a, $b)",
    "toString($a)",
    "toString($d)",
    "date($a)",
    "localtime($a)",
    "time($a)",
    "localdatetime($a)",
    "datetime($a)",
    "date({date: $a, year: $n})",
    "date({date: $a, week: 53})",
    "date({date: $a, dayOfWeek: 7})",
    "date({date: $a, quarter: 1})",
    "date({date: $a, ordinalDay: 366})",
    "date({year: $n, month: 2, day: 29})",
    "date({year: $n, week: $n})",
    "localdatetime({date: $a, time: $b})",
    "datetime({date: $a, time: $b, timezone: '+18:00'})",
    "datetime({datetime: $a, timezone: 'Pacific/Kiritimati'})",
    "datetime({datetime: $a, timezone: '-18:00'})",
    "time({time: $a, timezone: 'America/St_Johns'})",
    "localtime({time: $a, nanosecond: $n})",
    "duration({years: $n, weeks: $n, hours: $n})",
    "duration({months: $x, days: $x, seconds: $x})",
    "duration({years: $x, nanoseconds: $n, milliseconds: $x})",
    "datetime.fromEpoch($n, $n)",
    "datetime.fromEpochMillis($n)",
    "datetime.fromEpoch($n, 0)",
    "date.truncate('millennium', $a)",
    "date.truncate('weekYear', $a)",
    "date.truncate('week', $a, {dayOfWeek: 7})",
    "localdatetime.truncate('quarter', $a, {day: $n})",
    "datetime.truncate('decade', $a, {timezone: '+18:00'})",
    "datetime.truncate('day', $a, {hour: 23})",
    "datetime.truncate('hour', $a, {timezone: 'Asia/Kathmandu'})",
    "time.truncate('millisecond', $a)",
    "localtime.truncate('minute', $a, {nanosecond: $n})",
    "[$a.year, $a.quarter, $a.month, $a.week, $a.weekYear, $a.dayOfQuarter, $a.ordinalDay, $a.dayOfWeek]",
    "[$a.hour, $a.minute, $a.second, $a.millisecond, $a.nanosecond]",
    "[$a.timezone, $a.offset, $a.offsetSeconds]",
    "[$a.epochSeconds, $a.epochMillis]",
    "[$d.years, $d.quarters, $d.months, $d.weeks, $d.days, $d.hours, $d.minutes, $d.seconds]",
    "[$d.milliseconds, $d.microseconds, $d.nanoseconds, $d.monthsOfYear, $d.minutesOfHour, $d.nanosecondsOfSecond]",
    "format($a, 'u uu uuuu y G Y w W D Q E e F M d')",
    "format($a, 'H h k K m s S n A N a')",
    "format($a, 'VV z O X XXXX x Z ZZZZ')",
    "format($d, 'y q M w d H m s S A n')",
    "format($d, 'N')",
    "format($a)",
    "sum($d)",
    "avg($d)",
];

fn statements(db: &Database) -> Vec<(&'static str, Statement)> {
    let prepare =
        |text: &&'static str| (*text, db.prepare(&format!("RETURN {text} AS r")).unwrap());
    EXPRESSIONS.iter().map(prepare).collect()
}

fn value_of(db: &Database, expression: &str, of: &Value) -> Value {
    let rows = db.query(&format!("RETURN {expression} AS r"), params! {v: of}).unwrap();
    rows.single().unwrap().get(0).unwrap()
}

#[test]
fn no_operation_at_the_ends_of_time_panics() {
    let db = Database::in_memory();
    let statements = statements(&db);
    let numbers = prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(1e300),
        Just(-1e-300),
        any::<f64>(),
        -9.0..9.0
    ];
    let config =
        ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let drawn =
        runner.run(&(point(), point(), duration(), amount(), numbers), |(a, b, d, n, x)| {
            for (text, statement) in &statements {
                let given = params! {a: &a, b: &b, d: &d, n: n, x: x};
                let result = statement.query(given).and_then(|mut rows| rows.next().transpose());
                match result {
                    Ok(row) => {
                        let value: Value = row.unwrap().get(0).unwrap();
                        prop_assert!(
                            survives_text(&db, &value),
                            "{text} of {a} {b} {d} {n} {x} is {value}"
                        );
                    }
                    Err(error) => {
                        prop_assert_ne!(
                            error.class(),
                            ErrorClass::InternalError,
                            "{}: {}",
                            text,
                            error
                        );
                    }
                }
            }
            Ok(())
        });
    drawn.unwrap_or_else(|error| panic!("{error}"));
}

/// Whether a temporal value is what its text reads as.
fn survives_text(db: &Database, value: &Value) -> bool {
    let expression = match value {
        Value::Date(_) => "date(toString($v)) = $v",
        Value::LocalTime(_) => "localtime(toString($v)) = $v",
        Value::Time(_) => "time(toString($v)) = $v",
        Value::LocalDateTime(_) => "localdatetime(toString($v)) = $v",
        // A reading that a zone has twice is read as the first of the two.
        Value::DateTime(x) if x.zone_name().is_none() => "datetime(toString($v)) = $v",
        Value::Duration(_) => "duration(toString($v)) = $v",
        _ => return true,
    };
    value_of(db, expression, value) == Value::Boolean(true)
}

#[test]
fn the_ends_of_the_range_are_where_they_are() {
    let db = Database::in_memory();
    for (expression, text) in [
        ("date('-999999999-01-01')", "-999999999-01-01"),
        ("date('+999999999-12-31')", "+999999999-12-31"),
        (
            "localdatetime('+999999999-12-31T23:59:59.999999999')",
            "+999999999-12-31T23:59:59.999999999",
        ),
        ("datetime('-999999999-01-01T00:00Z')", "-999999999-01-01T00:00Z"),
        ("date.truncate('year', date('-999999999-07-01'))", "-999999999-01-01"),
        ("date({year: 999999999, week: 52, dayOfWeek: 5})", "+999999999-12-31"),
        (
            "duration.between(date('-999999999-01-01'), date('+999999999-12-31'))",
            "P1999999998Y11M30D",
        ),
    ] {
        let row =
            db.query(&format!("RETURN toString({expression})"), ()).unwrap().single().unwrap();
        assert_eq!(row.get::<String>(0).unwrap(), text, "{expression}");
    }
    for expression in [
        "date('+1000000000-01-01')",
        "date('-1000000000-12-31')",
        "date('+999999999-12-31') + duration('P1D')",
        "date('-999999999-01-01') - duration('P1D')",
        "date('-999999999-01-01') - duration('P1M')",
        "localdatetime('+999999999-12-31T23:59:59.999999999') + duration({nanoseconds: 1})",
        "date({year: 1000000000})",
        "datetime.fromEpoch(9223372036854775807, 0)",
        "date('2020-01-01') + duration({months: 9223372036854775807})",
        "duration({days: 9223372036854775807}) + duration('P1D')",
        "duration({years: 9223372036854775807})",
        "duration({days: 9223372036854775807}) * 2",
        "-duration({days: -9223372036854775808})",
        "duration('P99999999999999999999Y')",
    ] {
        let error = db
            .query(&format!("RETURN {expression}"), ())
            .and_then(|mut rows| rows.next().transpose());
        let error = error.expect_err(expression);
        assert_ne!(error.class(), ErrorClass::InternalError, "{expression}: {error}");
    }
}
