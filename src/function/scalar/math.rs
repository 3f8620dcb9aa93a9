//! Functions of numbers.

use std::cell::Cell;
use std::hash::BuildHasher;
use std::hash::RandomState;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::ScalarFunction;
use crate::function::Volatility;
use crate::value::Value;

use super::SCALAR;
use super::argument::Arguments;
use super::argument::Number;

/// Functions of floats that are one call each.
macro_rules! of_floats {
    ($($name:literal $(= $alias:literal)?, $doc:literal, ($call:literal, $result:literal), $compute:expr;)*) => {
        pub(super) const OF_FLOATS: &[ScalarFunction] = &[$(
            ScalarFunction {
                name: $name,
                aliases: &[$($alias)?],
                signatures: &[concat!($name, "(number :: NUMBER) :: FLOAT")],
                doc: $doc,
                example: ($call, $result),
                eval: |_, args| {
                    let compute: fn(f64) -> f64 = $compute;
                    Ok(Value::Float(compute(Arguments::of($name, args).float(0)?)))
                },
                ..SCALAR
            },
        )*];
    };
}

of_floats! {
    "ceil" = "ceiling", "The least whole number that is not less.", ("ceil(0.1)", "1.0"), f64::ceil;
    "floor", "The greatest whole number that is not greater.", ("floor(0.9)", "0.0"), f64::floor;
    "sqrt", "The square root; NaN of a negative number.", ("sqrt(256)", "16.0"), f64::sqrt;
    "exp", "e to the power of the number.", ("exp(0)", "1.0"), f64::exp;
    "log" = "ln", "The natural logarithm.", ("log(1)", "0.0"), f64::ln;
    "log10", "The logarithm to base 10.", ("log10(100)", "2.0"), f64::log10;
    "sin", "The sine of an angle in radians.", ("sin(0)", "0.0"), f64::sin;
    "cos", "The cosine of an angle in radians.", ("cos(0)", "1.0"), f64::cos;
    "tan", "The tangent of an angle in radians.", ("tan(0)", "0.0"), f64::tan;
    "cot", "The cotangent of an angle in radians.", ("round(cot(0.5), 3)", "1.83"),
        |x| x.tan().recip();
    "sinh", "The hyperbolic sine.", ("sinh(0)", "0.0"), f64::sinh;
    "cosh", "The hyperbolic cosine.", ("cosh(0)", "1.0"), f64::cosh;
    "tanh", "The hyperbolic tangent.", ("tanh(0)", "0.0"), f64::tanh;
    "coth", "The hyperbolic cotangent; NaN of 0.", ("round(coth(1), 3)", "1.313"),
        |x| if x == 0.0 { f64::NAN } else { x.tanh().recip() };
    "asin", "The arcsine, in radians.", ("asin(0)", "0.0"), f64::asin;
    "acos", "The arccosine, in radians.", ("acos(1)", "0.0"), f64::acos;
    "atan", "The arctangent, in radians.", ("atan(0)", "0.0"), f64::atan;
    "degrees", "An angle in radians as degrees.", ("degrees(pi())", "180.0"), f64::to_degrees;
    "radians", "An angle in degrees as radians.", ("radians(180) = pi()", "true"), f64::to_radians;
    "haversin", "Half the versine of an angle in radians.", ("haversin(0)", "0.0"),
        |x| (1.0 - x.cos()) / 2.0;
}

pub(super) const OF_NUMBERS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "abs",
        signatures: &["abs(number :: INTEGER) :: INTEGER", "abs(number :: FLOAT) :: FLOAT"],
        doc: "The number without its sign.",
        example: ("abs(-1)", "1"),
        eval: |_, args| match Arguments::of("abs", args).number(0)? {
            Number::Float(x) => Ok(Value::Float(x.abs())),
            Number::Integer(x) => x.checked_abs().map(Value::Integer).ok_or_else(|| {
                let message = format!("abs({x}) does not fit an integer");
                Error::arithmetic(Detail::IntegerOverflow, message)
            }),
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "sign",
        signatures: &["sign(number :: NUMBER) :: INTEGER"],
        doc: "-1 of a negative number, 0 of zero, 1 of a positive number.",
        example: ("sign(-2.5)", "-1"),
        eval: |_, args| {
            let sign = match Arguments::of("sign", args).number(0)? {
                Number::Integer(x) => x.signum(),
                Number::Float(x) => i64::from(x > 0.0) - i64::from(x < 0.0),
            };
            Ok(Value::Integer(sign))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "round",
        signatures: &["round(number :: NUMBER, precision? :: INTEGER, mode? :: STRING) :: FLOAT"],
        doc: "The nearest number with `precision` digits after the point (0 if left out). The mode \
              says what becomes of the rest: UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN, \
              HALF_EVEN. Without precision a half goes towards positive infinity; with precision \
              the mode is HALF_UP unless given.",
        example: ("round(3.14159, 2)", "3.14"),
        eval: |_, args| round(Arguments::of("round", args)),
        ..SCALAR
    },
    ScalarFunction {
        name: "atan2",
        signatures: &["atan2(y :: NUMBER, x :: NUMBER) :: FLOAT"],
        doc: "The angle of the point (x, y), in radians.",
        example: ("atan2(0, 1)", "0.0"),
        eval: |_, args| {
            let args = Arguments::of("atan2", args);
            Ok(Value::Float(args.float(0)?.atan2(args.float(1)?)))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "isNaN",
        signatures: &["isNaN(number :: NUMBER) :: BOOLEAN"],
        doc: "Whether the number is NaN, such as `0.0 / 0.0`.",
        example: ("isNaN(0.0 / 0.0)", "true"),
        eval: |_, args| Ok(Value::Boolean(Arguments::of("isNaN", args).float(0)?.is_nan())),
        ..SCALAR
    },
];

pub(super) const CONSTANTS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "pi",
        signatures: &["pi() :: FLOAT"],
        doc: "The circumference of a circle by its diameter.",
        example: ("round(pi(), 4)", "3.1416"),
        eval: |_, _| Ok(Value::Float(std::f64::consts::PI)),
        ..SCALAR
    },
    ScalarFunction {
        name: "e",
        signatures: &["e() :: FLOAT"],
        doc: "The base of the natural logarithm.",
        example: ("round(e(), 4)", "2.7183"),
        eval: |_, _| Ok(Value::Float(std::f64::consts::E)),
        ..SCALAR
    },
    ScalarFunction {
        name: "rand",
        signatures: &["rand() :: FLOAT"],
        volatility: Volatility::Volatile,
        doc: "A random number from 0 up to, not including, 1; another one at each call.",
        example: ("0 <= rand() < 1", "true"),
        eval: |_, _| Ok(Value::Float(random())),
        ..SCALAR
    },
];

/// A float from [0, 1).
fn random() -> f64 {
    (random_bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// splitmix64, seeded for each thread by the hasher's random keys.
pub(super) fn random_bits() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0_u8));
    }
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mut bits = state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// How to round to a whole number.
type Rounding = fn(f64) -> f64;

/// The modes of rounding by name.
const MODES: &[(&str, Rounding)] = &[
    ("UP", |x| if x < 0.0 { x.floor() } else { x.ceil() }),
    ("DOWN", f64::trunc),
    ("CEILING", f64::ceil),
    ("FLOOR", f64::floor),
    ("HALF_UP", f64::round),
    ("HALF_DOWN", |x| if x.fract().abs() == 0.5 { x.trunc() } else { x.round() }),
    ("HALF_EVEN", f64::round_ties_even),
];

fn round(args: Arguments<'_>) -> Result<Value> {
    let number = args.float(0)?;
    if !args.has(1) {
        // A half goes towards positive infinity; adding 0.5 would round 0.49999999999999994 up.
        let floor = number.floor();
        return Ok(Value::Float(if number - floor >= 0.5 { floor + 1.0 } else { floor }));
    }
    let precision = args.integer(1)?;
    if precision < 0 {
        let message = format!("round() takes no negative precision, found {precision}");
        return Err(Error::argument(Detail::NumberOutOfRange, message));
    }
    let mode: &str = if args.has(2) { args.string(2)? } else { "HALF_UP" };
    let Some((_, rounded)) = MODES.iter().find(|(name, _)| name.eq_ignore_ascii_case(mode)) else {
        let modes: Vec<&str> = MODES.iter().map(|(name, _)| *name).collect();
        return Err(Error::argument(
            Detail::InvalidArgumentValue,
            format!("round() knows no mode `{mode}`"),
        )
        .help(format!("The modes are {}.", modes.join(", "))));
    };
    // A float has no more than 17 significant digits; beyond them there is nothing to round.
    let scale = 10f64.powi(i32::try_from(precision).unwrap_or(i32::MAX));
    let scaled = number * scale;
    if !scaled.is_finite() || scaled.abs() >= 2f64.powi(53) {
        return Ok(Value::Float(number));
    }
    // The product may miss a half by one unit in the last place, as in 1.005 * 100.
    let nearest_half = (scaled * 2.0).round() / 2.0;
    let exact = (nearest_half - scaled).abs() <= scaled.abs() * f64::EPSILON;
    Ok(Value::Float(rounded(if exact { nearest_half } else { scaled }) / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_follows_its_mode() {
        let case = |number: f64, rest: &[Value]| {
            let mut values = vec![Value::Float(number)];
            values.extend_from_slice(rest);
            match round(Arguments::of("round", &values)) {
                Ok(Value::Float(x)) => x,
                other => panic!("{other:?}"),
            }
        };
        for (number, expected) in
            [(2.5, 3.0), (-2.5, -2.0), (-1.5, -1.0), (0.49999999999999994, 0.0), (1e300, 1e300)]
        {
            assert_eq!(case(number, &[]), expected, "{number}");
        }
        for (mode, positive, negative) in [
            ("UP", 1.3, -1.3),
            ("DOWN", 1.2, -1.2),
            ("CEILING", 1.3, -1.2),
            ("FLOOR", 1.2, -1.3),
            ("HALF_UP", 1.3, -1.3),
            ("HALF_DOWN", 1.2, -1.2),
            ("half_even", 1.2, -1.2),
        ] {
            let rest = [Value::Integer(1), Value::String(mode.into())];
            assert_eq!((case(1.25, &rest), case(-1.25, &rest)), (positive, negative), "{mode}");
        }
        assert_eq!(case(1.005, &[Value::Integer(2)]), 1.01);
    }

    #[test]
    fn random_numbers_differ_and_stay_in_range() {
        let numbers: Vec<f64> = (0..1000).map(|_| random()).collect();
        assert!(numbers.iter().all(|x| (0.0..1.0).contains(x)));
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]));
        let mean = numbers.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }
}
