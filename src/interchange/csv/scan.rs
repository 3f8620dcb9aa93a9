//! Records and fields of comma-separated text, as byte ranges: nothing is copied before its type is known.
//!
//! A field that begins with a quote ends with one and may hold delimiters, line ends and doubled quotes; a quote
//! anywhere else is a character like any other. A record ends at a line feed, a carriage return, or one and then the
//! other; a line that begins as the dialect's comments do is none.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;
use memchr::memchr2;
use memchr::memchr3;
use memchr::memrchr2;

/// How many fields a record may have: what has more is no table, and fields that are empty take more memory than text.
pub(super) const MOST_FIELDS: usize = 1 << 18;

/// The characters with a meaning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
    /// What a line begins with that is a comment.
    pub(super) comment: Option<u8>,
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

/// Whether these are the fields of a line with nothing in it, or of a comment.
#[inline]
pub(super) fn is_blank(fields: &[Field]) -> bool {
    match fields {
        [] => true,
        [only] => only.range.is_empty() && !only.quoted,
        _ => false,
    }
}

/// Why a record cannot be split: the position, and what is wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) at: usize,
    pub(super) what: &'static str,
    /// Whether the end of the record is lost with it.
    pub(super) unclosed: bool,
}

impl Dialect {
    /// Where the record that begins at `from` ends, behind its line end; nothing if the text ends first, or with a
    /// carriage return, behind which a line feed may come.
    pub(super) fn record_end(self, text: &[u8], mut from: usize) -> Option<usize> {
        if self.is_comment(text, from) {
            let at = from + memchr2(b'\n', b'\r', text.get(from..)?)?;
            return line_end(text, at);
        }
        loop {
            if text.get(from) == Some(&self.quote) {
                from = self.quoted_end(text, from + 1)?.0 + 1;
            }
            let at = from + memchr3(self.delimiter, b'\n', b'\r', text.get(from..)?)?;
            if text.get(at) != Some(&self.delimiter) {
                return line_end(text, at);
            }
            from = at + 1;
        }
    }

    /// Whether the line that begins here is a comment.
    #[inline]
    fn is_comment(self, text: &[u8], from: usize) -> bool {
        self.comment.is_some() && text.get(from) == self.comment.as_ref()
    }

    /// The end of the last whole record; 0 if there is none.
    pub(super) fn last_record_end(self, text: &[u8]) -> usize {
        if memchr(self.quote, text).is_none() {
            let sure = text.strip_suffix(b"\r").unwrap_or(text);
            return memrchr2(b'\n', b'\r', sure).map_or(0, |at| at + 1);
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

    /// Whether an unquoted field ends at the byte.
    #[inline]
    fn ends_field(self, byte: u8) -> bool {
        // Most bytes are beyond all three.
        byte <= self.delimiter.max(b'\r')
            && (byte == self.delimiter || byte == b'\n' || byte == b'\r')
    }

    /// Splits the record at `from` into `fields`, which a comment has none of. Gives the position behind it.
    #[inline]
    pub(super) fn record(
        self,
        text: &[u8],
        from: usize,
        fields: &mut Vec<Field>,
    ) -> Result<usize, Malformed> {
        fields.clear();
        let mut at = from;
        if self.is_comment(text, from) {
            return Ok(self.record_end(text, from).unwrap_or(text.len()));
        }
        loop {
            if fields.len() == MOST_FIELDS {
                let what = "the record has more than 262,144 fields";
                return Err(Malformed { at, what, unclosed: false });
            }
            if text.get(at) == Some(&self.quote) {
                let Some((end, doubled)) = self.quoted_end(text, at + 1) else {
                    return Err(Malformed { at, what: "a quote is never closed", unclosed: true });
                };
                fields.push(Field { range: at + 1..end, quoted: true, doubled });
                at = end + 1;
                match text.get(at..) {
                    Some([b, ..]) if *b == self.delimiter => at += 1,
                    Some([b'\n' | b'\r', ..]) => {
                        return Ok(line_end(text, at).unwrap_or(text.len()));
                    }
                    Some([]) | None => return Ok(text.len()),
                    Some(_) => {
                        let what = "there is text behind a closing quote";
                        return Err(Malformed { at, what, unclosed: false });
                    }
                }
                continue;
            }
            let rest = text.get(at..).unwrap_or(&[]);
            let stop = rest.iter().position(|byte| self.ends_field(*byte));
            let end = at + stop.unwrap_or(rest.len());
            fields.push(Field { range: at..end, quoted: false, doubled: false });
            if text.get(end) != Some(&self.delimiter) {
                return Ok(line_end(text, end).unwrap_or(text.len()));
            }
            at = end + 1;
        }
    }
}

/// The position behind the line end that begins at `at`; nothing where the text ends before that is sure.
#[inline]
fn line_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at..)? {
        [b'\n', ..] => Some(at + 1),
        [b'\r', b'\n', ..] => Some(at + 2),
        [b'\r', _, ..] => Some(at + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: Dialect = Dialect { delimiter: b',', quote: b'"', comment: None };

    fn records(text: &str) -> Vec<Vec<String>> {
        let mut fields = Vec::new();
        let mut all = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let next = COMMA.record(text.as_bytes(), at, &mut fields).unwrap();
            if next < text.len() || text.ends_with('\n') {
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
        assert_eq!(records("a\rb\r\r\n\nc\r"), [["a"], ["b"], [""], [""], ["c"]]);
        assert_eq!(records("\"a\rb\",c\r1,2\r"), [["qa\rb", "c"], ["1", "2"]]);
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
        // What follows a last carriage return may belong to it.
        assert_eq!(COMMA.last_record_end(b"a\rb\r"), 2);
        assert_eq!(COMMA.last_record_end(b"a\r\"b\"\r"), 2);
        assert_eq!(COMMA.last_record_end(b"a\r\nb\r\n"), 6);
        assert_eq!(COMMA.last_record_end(b"\"a\r"), 0);
    }

    #[test]
    fn comments_are_lines_without_fields() {
        let dialect = Dialect { comment: Some(b'#'), ..COMMA };
        let text = b"# a,\"b\r\n\"# c\",#\r#";
        let mut fields = Vec::new();
        assert_eq!(dialect.record(text, 0, &mut fields), Ok(8));
        assert!(fields.is_empty());
        assert_eq!(dialect.last_record_end(text), 16);
        assert_eq!(dialect.record(text, 8, &mut fields), Ok(16));
        assert_eq!(fields.len(), 2);
        assert_eq!(dialect.record(text, 16, &mut fields), Ok(17));
        assert!(fields.is_empty());
    }
}
