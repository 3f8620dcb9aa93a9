//! Numbers as text: which text is a number, and which of them a float or an integer keeps.
//!
//! A float keeps a text where the shortest text of the float has the same decimal value: `12.50` and `1e3`, but neither
//! `9007199254740993` nor `1e400`. Where a type is stated, a float also keeps the digits that other programs write of it
//! beyond the shortest ones: `0.10000000000000001` is what C writes of 0.1 with 17 digits.

use crate::meter;

/// Decimal numbers of so many digits are told apart by floats.
const SAFE_DIGITS: usize = 15;
/// No float has more digits than these in its exact decimal value.
const MOST_DIGITS: usize = 767;

/// A decimal number without its sign: `0.DIGITS` times a power of ten.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    /// Without zeros at the begin and the end; none of them is the number zero.
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// The number that the text writes: digits with one point or none, and perhaps a sign and an exponent.
    fn of(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, power(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..zeros);
        digits.truncate(digits.iter().rposition(|digit| *digit != b'0').map_or(0, |at| at + 1));
        if digits.is_empty() {
            return Some(Self { digits, exponent: 0 });
        }
        let exponent = exponent.saturating_add(whole.len() as i64).saturating_sub(zeros as i64);
        Some(Self { digits, exponent })
    }

    /// Whether the shortest text of the float has this value.
    fn is(&self, float: f64) -> bool {
        let normal = (1e-290..1e290).contains(&float.abs());
        if self.digits.len() <= SAFE_DIGITS && (normal || self.digits.is_empty()) {
            return true;
        }
        float.is_finite() && Self::of(&format!("{float:e}")).as_ref() == Some(self)
    }

    /// Whether the float, written with as many digits, has this value.
    fn rounds(&self, float: f64) -> bool {
        let digits = self.digits.len();
        (1..=MOST_DIGITS).contains(&digits)
            && float.is_finite()
            && Self::of(&format!("{float:.*e}", digits - 1)).as_ref() == Some(self)
    }
}

/// An exponent; what is beyond 64 bits is as far away as it can be.
fn power(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let far = if text.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
    Some(text.parse::<i64>().unwrap_or(far).clamp(i64::MIN / 2, i64::MAX / 2))
}

/// Whether the text writes a decimal number, whatever its size.
pub(crate) fn is_decimal(text: &str) -> bool {
    Decimal::of(text).is_some()
}

/// The float that a text writes where a float is expected; nothing where no float keeps what it says. Infinity and NaN
/// are written by their names.
pub(crate) fn float(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    match Decimal::of(text) {
        Some(decimal) => (decimal.is(number) || decimal.rounds(number)).then_some(number),
        None => Some(number),
    }
}

/// Whether the text alone says that it is a number which a float keeps: nothing is around it, it is no name, and no code
/// with leading zeros.
pub(crate) fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    if matches!(unsigned, [b'0', b'0'..=b'9', ..]) {
        return false;
    }
    let (Some(decimal), Ok(number)) = (Decimal::of(text), text.parse()) else { return false };
    decimal.is(number)
}

/// The float of the same value as an integer.
pub(crate) fn float_of(integer: i64) -> Option<f64> {
    float(&integer.to_string())
}

/// The integer that the bytes write, with nothing but spaces around it.
#[inline]
pub(crate) fn integer(bytes: &[u8]) -> Option<i64> {
    // Up to 18 digits cannot overflow.
    if (1..=18).contains(&bytes.len()) {
        let mut number = 0i64;
        let mut digits = true;
        for byte in bytes {
            let digit = byte.wrapping_sub(b'0');
            digits &= digit <= 9;
            number = number.wrapping_mul(10).wrapping_add(i64::from(digit));
        }
        if digits {
            return Some(number);
        }
    }
    std::str::from_utf8(bytes.trim_ascii()).ok()?.parse().ok()
}

/// The integer that the bytes are as it is written: without a plus, leading zeros, or anything around it.
#[inline]
pub(crate) fn canonical_integer(bytes: &[u8]) -> Option<i64> {
    let canonical = match bytes {
        b"0" | [b'1'..=b'9', ..] => true,
        [b'-', digits @ ..] => matches!(digits, [b'1'..=b'9', ..]),
        _ => false,
    };
    if canonical && bytes.last().is_some_and(u8::is_ascii_digit) { integer(bytes) } else { None }
}

/// Checks the numbers of a text in JSON, whose parser rounds them. The error has the position of the number.
pub(crate) fn check_json(text: &str) -> Result<(), (usize, String)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                meter::walk(1);
                at = string_end(bytes, at + 1);
            }
            b'-' | b'0'..=b'9' => {
                meter::walk(1);
                let rest = text.get(at..).unwrap_or_default();
                let end = rest.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)));
                let number = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                let whole = !number.contains(['.', 'e', 'E']);
                match number.parse::<i64>() {
                    Err(_) if whole && is_decimal(number) => {
                        return Err((at, format!("{number} is no 64-bit integer")));
                    }
                    Err(_) if is_decimal(number) && float(number).is_none() => {
                        return Err((at, no_float(number)));
                    }
                    _ => at += number.len(),
                }
            }
            _ => at += 1,
        }
    }
    Ok(())
}

/// What is said of a number that no float keeps.
pub(crate) fn no_float(number: &str) -> String {
    format!("no float has the value `{number}`; as text it would be kept")
}

/// The position behind the quote that closes a string of JSON.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found + 1;
        if bytes.get(at - 1) == Some(&b'"') {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_keeps_a_text_or_there_is_none() {
        // The text, what it is where a float is stated, and whether it says itself that it is one.
        let cases = [
            ("12.50", Some(12.5), true),
            ("1e3", Some(1000.0), true),
            ("1E+03", Some(1000.0), true),
            ("+5", Some(5.0), true),
            (".5", Some(0.5), true),
            ("5.", Some(5.0), true),
            ("-0", Some(-0.0), true),
            ("0.000", Some(0.0), true),
            ("0e999", Some(0.0), true),
            ("0.30000000000000004", Some(0.1 + 0.2), true),
            ("1.7976931348623157e308", Some(f64::MAX), true),
            ("5e-324", Some(5e-324), true),
            ("9007199254740992", Some(9007199254740992.0), true),
            // Digits beyond the shortest ones, as other programs write them.
            ("0.10000000000000001", Some(0.1), false),
            ("1.000000000000000056e-01", Some(0.1), false),
            ("4.9e-324", Some(5e-324), false),
            ("18446744073709551616", Some(18446744073709551616.0), false),
            ("9007199254740993", None, false),
            ("12345678901234567891", None, false),
            ("0.1234567890123456789", None, false),
            ("3.14159265358979323846", None, false),
            ("1e400", None, false),
            ("-1e309", None, false),
            ("1e-400", None, false),
            ("1e99999999999999999999", None, false),
            ("1e-99999999999999999999", None, false),
            ("007", Some(7.0), false),
            ("-007.5", Some(-7.5), false),
            ("00", Some(0.0), false),
            ("NaN", Some(f64::NAN), false),
            ("Infinity", Some(f64::INFINITY), false),
            ("-inf", Some(f64::NEG_INFINITY), false),
            ("", None, false),
            (".", None, false),
            ("e5", None, false),
            ("1e", None, false),
            ("1e5.5", None, false),
            ("1.2.3", None, false),
            ("--5", None, false),
            ("0x10", None, false),
            ("1_000", None, false),
            ("1,5", None, false),
            (" 5", None, false),
            ("٣", None, false),
        ];
        for (text, stated, alone) in cases {
            let found = float(text);
            assert_eq!(found.map(f64::to_bits), stated.map(f64::to_bits), "{text}");
            assert_eq!(is_float(text), alone, "{text}");
        }
        let exact = format!("{:.*}", 1074, 5e-324);
        assert_eq!(float(&exact), Some(5e-324));
        assert_eq!(float(&format!("{exact}1")), None);
    }

    #[test]
    fn canonical_integers_are_their_own_text() {
        for text in ["0", "7", "-7", "9223372036854775807", "-9223372036854775808"] {
            assert!(canonical_integer(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "",
            "-",
            "-0",
            "00",
            "07",
            "+7",
            " 7",
            "7 ",
            "7.0",
            "1_0",
            "0x1",
            "1e3",
            "٣",
            "9223372036854775808",
            "-9223372036854775809",
            "12345678901234567891",
        ] {
            assert_eq!(canonical_integer(text.as_bytes()), None, "{text}");
        }
        assert_eq!(float_of(1 << 53), Some(9007199254740992.0));
        assert_eq!(float_of((1 << 53) + 1), None);
    }

    #[test]
    fn numbers_in_json_are_checked_where_they_stand() {
        for text in [
            "{\"a\": 1.5, \"1e400\": \"1e400 \\\" 1e400\", \"b\": [1e3, -9223372036854775808]}",
            "[0.10000000000000001,\"\\\\\",5e-324]",
            "\"9007199254740993.5",
        ] {
            assert_eq!(check_json(text), Ok(()), "{text}");
        }
        for (text, at) in [
            ("1e400", 0),
            ("{\"a\":12345678901234567891}", 5),
            ("[1, 0.1234567890123456789]", 4),
            ("[\"\\\"\", 1e-400]", 7),
        ] {
            assert_eq!(check_json(text).map_err(|fault| fault.0), Err(at), "{text}");
        }
    }
}
