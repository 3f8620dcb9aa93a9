//! Long lists of literals, as programs write them into statements: `UNWIND [[1, 'a'], …] AS row`.
//!
//! The grammar takes some hundred bytes of memory and as many steps for each sign of a text. A list behind UNWIND that holds
//! nothing but literals, and lists and maps of such, is read here instead, and the grammar gets blanks in its place, so that
//! every other place stays. Whatever is not surely such a list is left to the grammar.

use crate::meter;
use crate::syntax::ast::Literal;
use crate::syntax::token;
use crate::syntax::token::TokenKind;

/// The least length, in bytes, from which on it is worth it.
const LONG: usize = 4096;
/// How deep lists and maps lie within each other.
const DEEPEST: usize = 16;

/// Lists with the positions in the text where they begin.
pub type Constants = Vec<(usize, Literal)>;

/// The text with blanks in the place of long lists of literals, and these; nothing where it has none.
pub fn lift(text: &str) -> Option<(String, Constants)> {
    if text.len() < LONG {
        return None;
    }
    let mut found: Vec<(usize, usize, Literal)> = Vec::new();
    let mut from = 0;
    while let Some(next) = next_list(text, from) {
        let mut reader = Reader { text, at: next };
        match reader.literal(0).filter(|_| reader.at - next >= LONG) {
            Some(list) => {
                found.push((next, reader.at, list));
                from = reader.at;
            }
            None => from = next + 1,
        }
    }
    if found.is_empty() {
        return None;
    }
    let mut blank = String::with_capacity(text.len());
    let mut constants = Vec::with_capacity(found.len());
    for (begin, end, list) in found {
        blank.push_str(text.get(blank.len()..begin)?);
        blank.push('[');
        blank.extend(std::iter::repeat_n(' ', end - begin - 2));
        blank.push(']');
        constants.push((begin, list));
    }
    blank.push_str(text.get(blank.len()..)?);
    Some((blank, constants))
}

/// Where the list of the next UNWIND at or after a position begins.
fn next_list(text: &str, from: usize) -> Option<usize> {
    let mut unwind = false;
    for token in token::tokens(text.get(from..)?) {
        meter::walk(1);
        let word = token.text(text.get(from..)?);
        match token.kind {
            TokenKind::Comment => {}
            TokenKind::Sign if unwind && word == "[" => return Some(from + token.span.start),
            TokenKind::Keyword => unwind = word.eq_ignore_ascii_case("unwind"),
            _ => unwind = false,
        }
    }
    None
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Whether the sign is next, which is passed over then.
    fn take(&mut self, sign: u8) -> bool {
        self.skip_blanks();
        let found = self.byte() == Some(sign);
        self.at += usize::from(found);
        found
    }

    fn literal(&mut self, depth: usize) -> Option<Literal> {
        self.skip_blanks();
        match self.byte()? {
            b'[' if depth < DEEPEST => self.list(depth + 1),
            b'{' if depth < DEEPEST => self.map(depth + 1),
            quote @ (b'\'' | b'"') => self.string(quote).map(Literal::String),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Literal::Boolean(true)),
            b'f' => self.word("false", Literal::Boolean(false)),
            b'n' => self.word("null", Literal::Null),
            _ => None,
        }
    }

    /// A word that nothing but a separator follows.
    fn word(&mut self, word: &str, literal: Literal) -> Option<Literal> {
        let rest = self.text.get(self.at..)?.strip_prefix(word)?;
        self.at += word.len();
        rest.starts_with([',', ']', '}', ' ', '\n', '\r', '\t']).then_some(literal)
    }

    fn list(&mut self, depth: usize) -> Option<Literal> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Some(Literal::List(items));
        }
        loop {
            meter::walk(1);
            items.push(self.literal(depth)?);
            if self.take(b']') {
                return Some(Literal::List(items));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn map(&mut self, depth: usize) -> Option<Literal> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.take(b'}') {
            return Some(Literal::Map(entries));
        }
        loop {
            let key = self.key()?;
            if !self.take(b':') {
                return None;
            }
            entries.push((key, self.literal(depth)?));
            if self.take(b'}') {
                return Some(Literal::Map(entries));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn key(&mut self) -> Option<String> {
        self.skip_blanks();
        let rest = self.text.get(self.at..)?;
        if let Some(quoted) = rest.strip_prefix('`') {
            let end = quoted.find('`')?;
            // A doubled backtick is one within the name.
            if end == 0 || quoted.get(end + 1..)?.starts_with('`') {
                return None;
            }
            self.at += end + 2;
            return quoted.get(..end).map(String::from);
        }
        let plain = |c: char| c == '_' || c.is_ascii_alphanumeric();
        let end = rest.find(|c| !plain(c))?;
        let key = rest.get(..end)?;
        if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += end;
        Some(key.to_owned())
    }

    fn number(&mut self) -> Option<Literal> {
        let rest = self.text.get(self.at..)?;
        let end = rest.find([',', ']', '}', ' ', '\n', '\r', '\t'])?;
        let written = rest.get(..end)?;
        let digits = written.strip_prefix('-').unwrap_or(written);
        let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        // Any other form, such as `012`, `0x1F`, `1_000`, `.5` or `1.`, is the grammar's business.
        if digits.is_empty() || digits.starts_with('0') && whole && digits.len() > 1 {
            return None;
        }
        self.at += end;
        if whole {
            return written.parse().ok().map(Literal::Integer);
        }
        let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (digits, None),
        };
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let mantissa_fits = match mantissa.split_once('.') {
            Some((whole, fraction)) => all_digits(whole) && all_digits(fraction),
            None => all_digits(mantissa),
        };
        let exponent_fits =
            exponent.is_none_or(|text| all_digits(text.strip_prefix(['-', '+']).unwrap_or(text)));
        let value: f64 = written.parse().ok()?;
        (mantissa_fits && exponent_fits && value.is_finite()).then_some(Literal::Float(value))
    }

    fn string(&mut self, quote: u8) -> Option<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..)?;
            let end = memchr::memchr2(quote, b'\\', rest.as_bytes())?;
            text.push_str(rest.get(..end)?);
            self.at += end + 1;
            if rest.as_bytes().get(end) == Some(&quote) {
                return Some(text);
            }
            let escaped = self.text.get(self.at..)?.chars().next()?;
            self.at += escaped.len_utf8();
            text.push(match escaped {
                '\\' | '\'' | '"' => escaped,
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits = self.text.get(self.at..self.at + 4)?;
                    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                        return None;
                    }
                    self.at += 4;
                    char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                }
                _ => return None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::{parse, print};

    /// The same statement as the grammar reads it: a comment keeps it from being read here.
    fn by_grammar(text: &str) -> String {
        let text = text.replacen('[', "[/**/", 1);
        assert_eq!(lift(&text), None);
        print(&parse(&text).unwrap())
    }

    #[test]
    fn long_lists_mean_what_the_grammar_says() {
        let items = [
            "1",
            "-1",
            "0",
            "9223372036854775807",
            "-9223372036854775808",
            "1.5",
            "-0.0",
            "1.0E10",
            "2e-3",
            "1E+5",
            "true",
            "false",
            "null",
            "'a'",
            "\"b'\"",
            "'\\'\\\\\\n\\r\\t\\\"'",
            "'\\u00e4\\u0001'",
            "'äöü €'",
            "[]",
            "[ 1 , 'x' ]",
            "{}",
            "{a: 1, `b c`: [null], _d: {e: ''}}",
            "'--'",
            "'// no comment'",
            "'[',']'",
        ];
        for item in items {
            let many = vec![item; 2 + LONG / item.len()].join(",\n ");
            let text = format!("UNWIND [{many}] AS row MATCH (n) WHERE n.x = row[0] RETURN n, row");
            assert!(lift(&text).is_some(), "{item}");
            assert_eq!(print(&parse(&text).unwrap()), by_grammar(&text), "{item}");
        }
    }

    #[test]
    fn what_is_no_list_of_literals_is_left_to_the_grammar() {
        let items = [
            "x",
            "1 + 1",
            "date('2024-01-01')",
            "012",
            "0x1F",
            "1_000",
            ".5",
            "1.",
            "$p",
            "-x",
            "NULL",
            "'a' + 'b'",
            "'\\b'",
            "{`a``b`: 1}",
            "nullx",
            "1/*c*/",
            "[x IN [1] | x]",
            "1e999",
            "''''",
        ];
        for item in items {
            let many = vec![item; 2 + LONG / item.len()].join(", ");
            assert_eq!(lift(&format!("UNWIND [{many}] AS row RETURN row")), None, "{item}");
        }
        let many = vec!["1"; LONG].join(",");
        for text in [
            format!("RETURN [{many}]"),
            format!("UNWIND [{many}"),
            format!("UNWIND [{many},"),
            format!("UNWIND [x IN [{many}] | x] AS y RETURN y"),
            format!("// UNWIND [{many}]"),
            format!("RETURN 'UNWIND [{many}]'"),
            "UNWIND [1, 2] AS x RETURN x".into(),
        ] {
            assert_eq!(lift(&text), None, "{text:.40}");
        }
    }

    #[test]
    fn places_stay() {
        let many = vec!["1"; LONG].join(",");
        let text = format!("UNWIND [{many}] AS x UNWIND [{many}] AS y RETURN x +* y");
        let error = parse(&text).unwrap_err();
        let place = error.span().unwrap();
        assert!(text[place.start..].starts_with("* y"), "{place:?}");
        assert_eq!(lift(&text).unwrap().1.len(), 2);
    }
}
