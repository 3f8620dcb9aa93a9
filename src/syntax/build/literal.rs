//! Names, numbers and strings: from their spelling to what they mean.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::Literal;

/// A name without its backticks.
pub fn unquote(written: &str) -> String {
    match written.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        Some(inner) => inner.replace("``", "`"),
        None => written.to_owned(),
    }
}

/// The value of a number as written, with the minus sign directly before it if there is one.
pub fn number(written: &str, negative: bool, span: Span) -> Result<Literal> {
    let prefix = written.get(..2).map(str::to_ascii_lowercase);
    match prefix.as_deref() {
        Some("0x") => radix(written, 16, negative, span),
        Some("0o") => radix(written, 8, negative, span),
        _ => decimal(written, negative, span),
    }
}

fn radix(written: &str, radix: u32, negative: bool, span: Span) -> Result<Literal> {
    let digits = written.get(2..).unwrap_or_default();
    let all_digits = digits.chars().all(|c| c == '_' || c.is_digit(radix));
    if digits.is_empty() || !all_digits || !separates_digits(digits, radix) {
        return Err(malformed(written, span));
    }
    let mut magnitude: u64 = 0;
    for digit in digits.chars().filter_map(|c| c.to_digit(radix)) {
        magnitude = magnitude
            .checked_mul(u64::from(radix))
            .and_then(|shifted| shifted.checked_add(u64::from(digit)))
            .ok_or_else(|| overflow(written, negative, span))?;
    }
    integer(magnitude, written, negative, span)
}

/// Whether each underscore stands alone between two digits.
fn separates_digits(text: &str, radix: u32) -> bool {
    let mut parts = text.split('_').peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        let begins = first || part.starts_with(|c: char| c.is_digit(radix));
        let ends = parts.peek().is_none() || part.ends_with(|c: char| c.is_digit(radix));
        if !begins || !ends {
            return false;
        }
        first = false;
    }
    true
}

fn decimal(written: &str, negative: bool, span: Span) -> Result<Literal> {
    let digits: String = written.chars().filter(|c| *c != '_').collect();
    if !separates_digits(written, 10) {
        return Err(malformed(written, span));
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let magnitude = digits.parse::<u64>().map_err(|_| overflow(written, negative, span))?;
        return integer(magnitude, written, negative, span);
    }
    // The grammar lets any letters follow the digits; what is no number then is not one of Rust's either,
    // since "inf" and "nan" cannot come after a digit.
    let value = digits.parse::<f64>().map_err(|_| malformed(written, span))?;
    if value.is_infinite() {
        return Err(Error::syntax(
            Detail::FloatingPointOverflow,
            format!("`{written}` is too large for a float"),
        )
        .at(span)
        .help("A float is at most about 1.8e308."));
    }
    Ok(Literal::Float(if negative { -value } else { value }))
}

fn integer(magnitude: u64, written: &str, negative: bool, span: Span) -> Result<Literal> {
    let value = if negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    };
    value.map(Literal::Integer).ok_or_else(|| overflow(written, negative, span))
}

fn overflow(written: &str, negative: bool, span: Span) -> Error {
    let sign = if negative { "-" } else { "" };
    Error::syntax(
        Detail::IntegerOverflow,
        format!("`{sign}{written}` does not fit a 64-bit integer"),
    )
    .at(span)
    .help("Integers go from -9223372036854775808 to 9223372036854775807; with a fraction, `1.0`, it is a float.")
}

fn malformed(written: &str, span: Span) -> Error {
    Error::syntax(Detail::InvalidNumberLiteral, format!("`{written}` is not a number"))
        .at(span)
        .help("Numbers look like 42, 0x2A, 0o52, 4.2 or 4.2e1; a name cannot begin with a digit.")
}

/// The text of a string as written, quotes included. `start` is where it stands.
pub fn string(written: &str, start: usize) -> Result<String> {
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Ok(inner.to_owned());
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.push_str(rest.get(..at).unwrap_or_default());
        let escape = rest.get(at..).unwrap_or_default();
        let place = start + 1 + (inner.len() - escape.len());
        let (c, length) = unescape(escape, place)?;
        text.push(c);
        rest = escape.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    Ok(text)
}

/// The character of the escape that `rest` begins with, and the escape's length in bytes.
fn unescape(rest: &str, place: usize) -> Result<(char, usize)> {
    let Some(letter) = rest.chars().nth(1) else {
        return Err(Error::syntax(Detail::UnexpectedSyntax, "the string ends within an escape")
            .at(Span::new(place, place + 1)));
    };
    let c = match letter {
        'b' => '\u{8}',
        'f' => '\u{C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        // JSON lets a slash be escaped, and what is pasted from it does so.
        '\\' | '\'' | '"' | '`' | '/' => letter,
        'u' => return unicode(rest, 4, place),
        'U' => return unicode(rest, 8, place),
        _ => {
            return Err(Error::syntax(
                Detail::UnexpectedSyntax,
                format!("`\\{letter}` is not an escape"),
            )
            .at(Span::new(place, place + 1 + letter.len_utf8()))
            .help("A backslash itself is written `\\\\`."));
        }
    };
    Ok((c, 2))
}

/// `\uXXXX`, `\UXXXXXXXX`, and a surrogate pair in two of the first.
fn unicode(rest: &str, digits: usize, place: usize) -> Result<(char, usize)> {
    let bad = |length: usize| {
        let shown: String = rest.chars().take(length).collect();
        Error::syntax(Detail::InvalidUnicodeLiteral, format!("`{shown}` is not a Unicode escape"))
            .at(Span::new(place, place + shown.len()))
            .help("Write `\\u` and four hexadecimal digits, or `\\U` and eight.")
    };
    let code = |at: usize| -> Option<u32> {
        let hex = rest.get(at..at + digits)?;
        hex.bytes()
            .all(|byte| byte.is_ascii_hexdigit())
            .then(|| u32::from_str_radix(hex, 16).ok())?
    };
    let length = 2 + digits;
    let first = code(2).ok_or_else(|| bad(length))?;
    if digits == 4 && (0xD800..0xDC00).contains(&first) {
        let second = rest
            .get(6..8)
            .filter(|prefix| *prefix == "\\u")
            .and_then(|_| code(8))
            .filter(|second| (0xDC00..0xE000).contains(second))
            .ok_or_else(|| bad(length))?;
        let combined = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return char::from_u32(combined).map(|c| (c, 12)).ok_or_else(|| bad(12));
    }
    char::from_u32(first).map(|c| (c, length)).ok_or_else(|| bad(length))
}
