//! Answers as the kit compares them.

use redstring::Value;
use sha2::{Digest, Sha256};

/// A cell: floats as C's `%.6g` writes them.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Float(number) => six_digits(*number),
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    }
}

fn six_digits(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    let scientific = format!("{number:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text.to_string(),
    };
    if (-4..6).contains(&exponent) {
        return trimmed(&format!("{number:.*}", usize::try_from(5 - exponent).unwrap()));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
}

/// The first 16 hexadecimal digits of the lines' SHA-256.
pub(crate) fn checksum(lines: &[String]) -> String {
    let digest = Sha256::digest(lines.join("\n"));
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
