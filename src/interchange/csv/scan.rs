//! Records and fields of comma-separated text, as byte ranges: nothing is copied before its type is known.
//!
//! A field that begins with a quote ends with one and may hold delimiters, line ends and doubled quotes; a quote
//! anywhere else is a character like any other. A record ends at a line feed, with or without a carriage
//! return before it.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;
use memchr::memchr2;

/// The characters with a meaning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
}

/// A field within the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Without its quotes.
    pub(super) range: Range<usize>,
    pub(super) quoted: bool,
    /// Whether it holds doubled quotes.
    doubled: bool,
}

impl Field {
    /// What it says.
    #[inline]
    pub(super) fn bytes<'a>(&self, text: &'a [u8], dialect: Dialect) -> Cow<'a, [u8]> {
        let bytes = text.get(self.range.clone()).unwrap_or(&[]);
        if !self.doubled {
            return Cow::Borrowed(bytes);
        }
        let mut undoubled = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some(at) = memchr(dialect.quote, rest) {
            undoubled.extend_from_slice(rest.get(..=at).unwrap_or(rest));
            rest = rest.get(at + 2..).unwrap_or(&[]);
        }
        undoubled.extend_from_slice(rest);
        Cow::Owned(undoubled)
    }
}

/// Why a record cannot be split: the position, and what is wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) at: usize,
    pub(super) what: &'static str,
}

impl Dialect {
    /// Where the record that begins at `from` ends, behind its line end; nothing if the text ends first.
    pub(super) fn record_end(self, text: &[u8], mut from: usize) -> Option<usize> {
        loop {
            if text.get(from) == Some(&self.quote) {
                from = self.quoted_end(text, from + 1)?.0 + 1;
            }
            let at = from + memchr2(self.delimiter, b'\n', text.get(from..)?)?;
            from = at + 1;
            if text.get(at) == Some(&b'\n') {
                return Some(from);
            }
        }
    }

    /// The end of the last whole record; 0 if there is none.
    pub(super) fn last_record_end(self, text: &[u8]) -> usize {
        if memchr(self.quote, text).is_none() {
            return memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
        }
        let mut end = 0;
        while let Some(next) = self.record_end(text, end) {
            end = next;
        }
        end
    }

    /// Where the closing quote of a quoted field is, and whether there are doubled ones before it.
    fn quoted_end(self, text: &[u8], mut from: usize) -> Option<(usize, bool)> {
        let mut doubled = false;
        loop {
            let at = from + memchr(self.quote, text.get(from..)?)?;
            if text.get(at + 1) != Some(&self.quote) {
                return Some((at, doubled));
            }
            doubled = true;
            from = at + 2;
        }
    }

    /// Splits the record at `from` into `fields`. Gives the position behind it.
    #[inline]
    pub(super) fn record(
        self,
        text: &[u8],
        from: usize,
        fields: &mut Vec<Field>,
    ) -> Result<usize, Malformed> {
        fields.clear();
        let mut at = from;
        loop {
            if text.get(at) == Some(&self.quote) {
                let Some((end, doubled)) = self.quoted_end(text, at + 1) else {
                    return Err(Malformed { at, what: "a quote is never closed" });
                };
                fields.push(Field { range: at + 1..end, quoted: true, doubled });
                at = end + 1;
                match text.get(at..) {
                    Some([b, ..]) if *b == self.delimiter => at += 1,
                    Some([b'\n', ..]) => return Ok(at + 1),
                    Some([b'\r', b'\n', ..]) => return Ok(at + 2),
                    Some([] | [b'\r']) | None => return Ok(text.len()),
                    Some(_) => {
                        return Err(Malformed { at, what: "there is text behind a closing quote" });
                    }
                }
                continue;
            }
            let rest = text.get(at..).unwrap_or(&[]);
            let stop = rest.iter().position(|b| *b == self.delimiter || *b == b'\n');
            let end = at + stop.unwrap_or(rest.len());
            let mut range = at..end;
            let last = text.get(end) != Some(&self.delimiter);
            if last && range.end > range.start && text.get(range.end - 1) == Some(&b'\r') {
                range.end -= 1;
            }
            fields.push(Field { range, quoted: false, doubled: false });
            if last {
                return Ok((end + 1).min(text.len()));
            }
            at = end + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: Dialect = Dialect { delimiter: b',', quote: b'"' };

    fn records(text: &str) -> Vec<Vec<String>> {
        let mut fields = Vec::new();
        let mut all = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let next = COMMA.record(text.as_bytes(), at, &mut fields).unwrap();
            if text.as_bytes()[next - 1] == b'\n' {
                assert_eq!(COMMA.record_end(text.as_bytes(), at), Some(next), "{text:?}");
            }
            at = next;
            let field = |f: &Field| {
                let bytes = f.bytes(text.as_bytes(), COMMA);
                format!("{}{}", if f.quoted { "q" } else { "" }, String::from_utf8_lossy(&bytes))
            };
            all.push(fields.iter().map(field).collect());
        }
        all
    }

    #[test]
    fn records_are_split() {
        assert_eq!(records("a,b\n1,2\n"), [["a", "b"], ["1", "2"]]);
        assert_eq!(records("a,\r\n,b"), [["a", ""], ["", "b"]]);
        assert_eq!(
            records("\"a,\n\"\"b\"\"\",\"\"\r\nx\"y,z"),
            [["qa,\n\"b\"", "q"], ["x\"y", "z"]]
        );
        assert_eq!(records("\"\"\"\"\n"), [["q\""]]);
        assert_eq!(records("\"a\"\r"), [["qa"]]);
        assert_eq!(records("\n\n"), [[""], [""]]);
    }

    #[test]
    fn what_cannot_be_split_has_a_place() {
        let mut fields = Vec::new();
        let open = COMMA.record(b"a,\"b\nc", 0, &mut fields).unwrap_err();
        assert_eq!(open.at, 2);
        let behind = COMMA.record(b"\"a\"b,c", 0, &mut fields).unwrap_err();
        assert_eq!(behind.at, 3);
    }

    #[test]
    fn blocks_are_cut_between_records() {
        assert_eq!(COMMA.last_record_end(b"a\nb\nc"), 4);
        assert_eq!(COMMA.last_record_end(b"a\n\"b\nc"), 2);
        assert_eq!(COMMA.last_record_end(b"a\n\"b\nc\"\nd"), 8);
        assert_eq!(COMMA.last_record_end(b"abc"), 0);
        assert_eq!(COMMA.last_record_end(b"a\"b\nc\"\n"), 7);
    }
}
