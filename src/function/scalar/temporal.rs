//! Dates, times and durations: making, cutting and measuring them.
//!
//! What the functions compute is in `value::temporal`; here they have their names, and a clock.

use std::borrow::Cow;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::error::Result;
use crate::function::Context;
use crate::function::ScalarFunction;
use crate::function::Volatility;
use crate::value::Value;
use crate::value::temporal;
use crate::value::temporal::Kind;
use crate::value::to_text;

use super::SCALAR;
use super::argument::Arguments;

macro_rules! points {
    ($($table:ident: $name:literal $(= $alias:literal)?, $kind:expr, $type:literal, $what:literal,
       ($call:literal, $result:literal), ($unit:literal, $cut:literal);)*) => {$(
        pub(super) const $table: &[ScalarFunction] = &[
            ScalarFunction {
                name: $name,
                aliases: &[$($alias)?],
                signatures: &[concat!($name, "(value? :: ANY) :: ", $type)],
                volatility: Volatility::Stable,
                doc: concat!(
                    "Makes ", $what, " out of text, of a map of its components, or of another \
                     temporal value. Without an argument, the present as the statement sees it."
                ),
                example: ($call, $result),
                eval: |context, args| match args.first() {
                    None => temporal::current($kind, context.now, None),
                    Some(value) => temporal::create($kind, value, context.now),
                },
                ..SCALAR
            },
            ScalarFunction {
                name: concat!($name, ".transaction"),
                signatures: &[concat!($name, ".transaction(timezone? :: STRING) :: ", $type)],
                volatility: Volatility::Stable,
                doc: "The present as the transaction sees it, in a time zone (UTC if left out).",
                example: (concat!($name, ".transaction() = ", $name, "()"), "true"),
                eval: |context, args| temporal::current($kind, context.now, args.first()),
                ..SCALAR
            },
            ScalarFunction {
                name: concat!($name, ".statement"),
                signatures: &[concat!($name, ".statement(timezone? :: STRING) :: ", $type)],
                volatility: Volatility::Stable,
                doc: "The present as the statement sees it, in a time zone (UTC if left out).",
                example: (concat!($name, ".statement() = ", $name, "()"), "true"),
                eval: |context, args| temporal::current($kind, context.now, args.first()),
                ..SCALAR
            },
            ScalarFunction {
                name: concat!($name, ".realtime"),
                signatures: &[concat!($name, ".realtime(timezone? :: STRING) :: ", $type)],
                volatility: Volatility::Volatile,
                doc: "The present by the system's clock at each call, in a time zone (UTC if left \
                      out).",
                example: (concat!($name, ".realtime(null)"), "null"),
                eval: |_, args| temporal::current($kind, clock(), args.first()),
                ..SCALAR
            },
            ScalarFunction {
                name: concat!($name, ".truncate"),
                signatures: &[concat!(
                    $name, ".truncate(unit :: STRING, value? :: ANY, fields? :: MAP) :: ", $type
                )],
                volatility: Volatility::Stable,
                doc: "Cuts off everything below a unit, such as 'year', 'week', 'day' or 'hour', \
                      of a temporal value (the present if left out); the fields then replace \
                      components.",
                example: (concat!(
                    "toString(", $name, ".truncate('", $unit, "', ", $call, "))"
                ), $cut),
                eval: |context, args| {
                    truncate($kind, context, Arguments::of(concat!($name, ".truncate"), args))
                },
                ..SCALAR
            },
        ];
    )*};
}

points! {
    DATE: "date", Kind::Date, "DATE", "a date",
        ("date('2015-07-21')", "date({year: 2015, month: 7, day: 21})"), ("month", "'2015-07-01'");
    LOCAL_TIME: "localtime" = "local_time", Kind::LocalTime, "LOCAL TIME", "a time of the day",
        ("localtime('21:40:32')", "localtime({hour: 21, minute: 40, second: 32})"),
        ("hour", "'21:00'");
    TIME: "time" = "zoned_time", Kind::Time, "ZONED TIME", "a time of the day with an offset",
        ("time('21:40+01:00')", "time({hour: 21, minute: 40, timezone: '+01:00'})"),
        ("hour", "'21:00+01:00'");
    LOCAL_DATE_TIME: "localdatetime" = "local_datetime", Kind::LocalDateTime, "LOCAL DATETIME",
        "a date with a time of the day",
        ("localdatetime('2015-07-21T21:40')",
         "localdatetime({year: 2015, month: 7, day: 21, hour: 21, minute: 40})"),
        ("day", "'2015-07-21T00:00'");
    DATE_TIME: "datetime" = "zoned_datetime", Kind::DateTime, "ZONED DATETIME", "an instant with its time zone",
        ("datetime('2015-07-21T21:40Z')",
         "datetime({year: 2015, month: 7, day: 21, hour: 21, minute: 40})"),
        ("day", "'2015-07-21T00:00Z'");
}

/// A function of two points in time.
macro_rules! measures {
    ($($name:literal $(= $alias:literal)?, $doc:literal, $example:expr, $measure:path;)*) => {
        pub(super) const MEASURES: &[ScalarFunction] = &[$(
            ScalarFunction {
                name: $name,
                aliases: &[$($alias)?],
                signatures: &[concat!($name, "(from :: ANY, to :: ANY) :: DURATION")],
                doc: $doc,
                example: $example,
                eval: |_, args| {
                    let args = Arguments::of($name, args);
                    $measure(args.value(0), args.value(1))
                },
                ..SCALAR
            },
        )*];
    };
}

measures! {
    "duration.between" = "duration_between", "The time from one point to another in months, days and seconds.",
        ("duration.between(date('2020-01-31'), date('2021-03-01')).days", "1"),
        temporal::between;
    "duration.inMonths", "The whole months from one point in time to another.",
        ("duration.inMonths(date('2020-01-31'), date('2021-03-01')).months", "13"),
        temporal::in_months;
    "duration.inDays", "The whole days from one point in time to another.",
        ("duration.inDays(date('2020-01-31'), date('2020-03-01')).days", "30"),
        temporal::in_days;
    "duration.inSeconds", "The seconds from one point in time to another.",
        ("duration.inSeconds(localtime('10:00'), localtime('11:30')).seconds", "5400"),
        temporal::in_seconds;
}

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "datetime.fromEpoch",
        signatures: &[
            "datetime.fromEpoch(seconds :: NUMBER, nanoseconds? :: NUMBER) :: ZONED DATETIME",
        ],
        doc: "The instant so many seconds and nanoseconds after 1970-01-01T00:00Z.",
        example: ("toString(datetime.fromEpoch(60, 0))", "'1970-01-01T00:01Z'"),
        eval: |_, args| {
            let nanoseconds = args.get(1).unwrap_or(&Value::Integer(0));
            temporal::from_epoch(Arguments::of("datetime.fromEpoch", args).value(0), nanoseconds)
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "datetime.fromEpochMillis",
        signatures: &["datetime.fromEpochMillis(milliseconds :: NUMBER) :: ZONED DATETIME"],
        doc: "The instant so many milliseconds after 1970-01-01T00:00Z.",
        example: ("toString(datetime.fromEpochMillis(60000))", "'1970-01-01T00:01Z'"),
        eval: |_, args| {
            let args = Arguments::of("datetime.fromEpochMillis", args);
            temporal::from_epoch_millis(args.value(0))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "timestamp",
        signatures: &["timestamp() :: INTEGER"],
        volatility: Volatility::Stable,
        doc: "The present as the statement sees it, in milliseconds since 1970-01-01T00:00Z.",
        example: ("timestamp() = datetime().epochMillis", "true"),
        eval: |context, _| {
            let milliseconds = context.now.div_euclid(1_000_000);
            Ok(i64::try_from(milliseconds).map_or(Value::Null, Value::Integer))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "duration",
        signatures: &["duration(value :: ANY) :: DURATION"],
        doc: "Makes a duration out of text, or of a map of its components.",
        example: ("duration('P1DT2H')", "duration({days: 1, hours: 2})"),
        eval: |_, args| temporal::create_duration(Arguments::of("duration", args).value(0)),
        ..SCALAR
    },
    ScalarFunction {
        name: "format",
        signatures: &[
            "format(value :: DATE, pattern? :: STRING) :: STRING",
            "format(value :: LOCAL TIME, pattern? :: STRING) :: STRING",
            "format(value :: ZONED TIME, pattern? :: STRING) :: STRING",
            "format(value :: LOCAL DATETIME, pattern? :: STRING) :: STRING",
            "format(value :: ZONED DATETIME, pattern? :: STRING) :: STRING",
            "format(value :: DURATION, pattern? :: STRING) :: STRING",
        ],
        doc: "The temporal value as text after a pattern: `yyyy` is the year, `MM` the month, `dd` the \
              day, `HH`, `mm`, `ss` and `SSS` the time, `EEEE` the day of the week, `XXX` the offset; \
              words stand in quotes. In ISO form without a pattern.",
        example: ("format(date('2015-07-21'), 'EEEE, d MMMM yyyy')", "'Tuesday, 21 July 2015'"),
        eval: |_, args| {
            let args = Arguments::of("format", args);
            let value = args.value(0);
            let text = if args.has(1) {
                temporal::format(value, args.string(1)?).transpose()?
            } else {
                to_text(value).filter(|_| value.type_of().is_temporal()).map(Cow::into_owned)
            };
            text.map(Value::from).ok_or_else(|| args.wrong_type(0, "a temporal value"))
        },
        ..SCALAR
    },
];

fn truncate(kind: Kind, context: &Context<'_>, args: Arguments<'_>) -> Result<Value> {
    let unit = args.string(0)?;
    let fields = match args.value(2) {
        Value::Map(fields) => Some(&**fields),
        Value::Null => None,
        _ => return Err(args.wrong_type(2, "a map")),
    };
    if args.has(1) {
        return temporal::truncate(kind, unit, args.value(1), fields);
    }
    temporal::truncate(kind, unit, &temporal::current(kind, context.now, None)?, fields)
}

/// The system's clock: nanoseconds since 1970-01-01T00:00Z.
fn clock() -> i128 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}
