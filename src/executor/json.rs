//! The values of a file of JSON, one after the other: the elements of an array, or values that follow each other as in JSON
//! Lines.
//!
//! It cuts the text where a value ends, which brackets and quotes tell, so that no more than one value is in memory; what the
//! value is, `value::json` says.

use std::io::BufRead;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::meter;
use crate::value::Value;
use crate::value::json;
use crate::value::json::Fault;

/// Reads values one after the other.
pub(super) struct Values<R> {
    input: R,
    /// The line of the byte at hand.
    line: i64,
    state: State,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// An array whose elements are the values, or the first of several values.
    Start,
    /// Values that follow each other, whatever they are.
    Sequence,
    /// The first element of an array, or its end.
    First,
    /// A comma and an element of an array, or its end.
    Element,
    /// Nothing.
    End,
}

/// A value while it is cut out.
#[derive(Default)]
struct Cut {
    text: Vec<u8>,
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl Cut {
    /// Takes the next byte; says whether the value ended before it, or with it.
    fn push(&mut self, byte: u8) -> End {
        if self.quoted {
            self.text.push(byte);
            match byte {
                _ if std::mem::take(&mut self.escaped) => {}
                b'\\' => self.escaped = true,
                b'"' => self.quoted = false,
                _ => {}
            }
            return if self.quoted || self.depth > 0 { End::Open } else { End::With };
        }
        match byte {
            b'"' => self.quoted = true,
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' if self.depth > 0 => {
                self.depth -= 1;
                self.text.push(byte);
                return if self.depth == 0 { End::With } else { End::Open };
            }
            b',' | b']' | b'}' if self.depth == 0 && !self.text.is_empty() => return End::Before,
            _ if self.depth == 0 && is_space(byte) => return End::Before,
            _ => {}
        }
        self.text.push(byte);
        End::Open
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Open,
    Before,
    With,
}

/// Whether the byte may stand between values: white space, or the mark that sequences of JSON begin a value with
/// (RFC 7464).
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x1E)
}

impl<R: BufRead> Values<R> {
    /// Begins with a text. An array holds the values, unless they are said to follow each other.
    pub(super) fn new(input: R, follow: bool) -> Self {
        Self { input, line: 1, state: if follow { State::Sequence } else { State::Start } }
    }

    /// The next value, and the line where it begins, counted from 1; none at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<(Value, i64)>> {
        loop {
            let Some(byte) = self.skip_spaces()? else {
                return match self.state {
                    State::First | State::Element => Err(self.malformed("the array is not closed")),
                    _ => Ok(None),
                };
            };
            match (self.state, byte) {
                (State::Start, b'[') => self.take(State::First),
                (State::First | State::Element, b']') => self.take(State::End),
                (State::Element, b',') => {
                    self.take(State::Element);
                    self.skip_spaces()?;
                    return self.value().map(Some);
                }
                (State::Element, _) => return Err(self.malformed("a comma is missing")),
                (State::End, _) => return Err(self.malformed("text follows the array")),
                (State::First, _) => {
                    self.state = State::Element;
                    return self.value().map(Some);
                }
                (State::Start | State::Sequence, _) => {
                    self.state = State::Sequence;
                    return self.value().map(Some);
                }
            }
        }
    }

    /// Passes over the byte at hand.
    fn take(&mut self, next: State) {
        self.input.consume(1);
        self.state = next;
    }

    fn fill(&mut self) -> Result<&[u8]> {
        let line = self.line;
        self.input.fill_buf().map_err(|error| fault(line, None, &error.to_string()))
    }

    /// The first byte that is no space; none at the end of the text.
    fn skip_spaces(&mut self) -> Result<Option<u8>> {
        loop {
            let buffer = self.fill()?;
            let spaces = buffer.iter().take_while(|byte| is_space(**byte)).count();
            let lines =
                memchr::memchr_iter(b'\n', buffer.get(..spaces).unwrap_or_default()).count();
            let (next, ended) = (buffer.get(spaces).copied(), buffer.is_empty());
            self.line += lines as i64;
            self.input.consume(spaces);
            if next.is_some() || ended {
                return Ok(next);
            }
        }
    }

    /// The value that begins at the byte at hand.
    fn value(&mut self) -> Result<(Value, i64)> {
        let line = self.line;
        let mut cut = Cut::default();
        let mut end = End::Open;
        while end == End::Open {
            // The value takes as much again as its text, at least.
            meter::ask(2 * cut.text.len() as u64)?;
            let buffer = self.fill()?;
            meter::step(buffer.len())?;
            if buffer.is_empty() {
                break;
            }
            let mut used = 0;
            let mut lines = 0;
            for &byte in buffer {
                end = cut.push(byte);
                if end == End::Before {
                    break;
                }
                used += 1;
                lines += i64::from(byte == b'\n');
                if end == End::With {
                    break;
                }
            }
            self.input.consume(used);
            self.line += lines;
        }
        let text = String::from_utf8(cut.text).map_err(|_| {
            fault(line, None, "the text is not UTF-8").help("Convert the file to UTF-8.")
        })?;
        let value = json::parse(&text).map_err(|found| match found {
            Fault::Limit(error) => error,
            Fault::Malformed { place: (within, column), what } => {
                let line = line + within as i64 - 1;
                // What stands before the value in its first line is not known any more.
                fault(line, (within > 1).then_some(column), &what)
            }
        })?;
        Ok((value, line))
    }

    fn malformed(&self, what: &str) -> Error {
        fault(self.line, None, what)
    }
}

fn fault(line: i64, column: Option<usize>, what: &str) -> Error {
    let column = column.map_or(String::new(), |column| format!(", column {column}"));
    Error::argument(Detail::InvalidFile, format!("line {line}{column} of the file: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, follow: bool) -> Result<Vec<(i64, String)>> {
        // One byte at a time, so that nothing depends on where a buffer ends.
        let input = std::io::BufReader::with_capacity(1, text.as_bytes());
        let mut values = Values::new(input, follow);
        let mut all = Vec::new();
        while let Some((value, line)) = values.next()? {
            all.push((line, value.to_string()));
        }
        Ok(all)
    }

    #[test]
    fn values_are_elements_or_follow_each_other() {
        let cases: [(&str, &[(i64, &str)]); 14] = [
            ("", &[]),
            (" \r\n", &[]),
            ("[]", &[]),
            ("[\n]\n", &[]),
            ("{\"a\": [1, 2]}", &[(1, "{a: [1, 2]}")]),
            ("\n{\n}\n", &[(2, "{}")]),
            (
                "[1, \"]\",\n [2],{\"a\":\"\\\"\"}\n]",
                &[(1, "1"), (1, "']'"), (2, "[2]"), (2, "{a: '\"'}")],
            ),
            ("{\"a\":1}\n{\"a\":2}\n", &[(1, "{a: 1}"), (2, "{a: 2}")]),
            ("{\"a\":1}\r\n\r\n{\"a\":2}", &[(1, "{a: 1}"), (3, "{a: 2}")]),
            ("{} {}{}", &[(1, "{}"), (1, "{}"), (1, "{}")]),
            ("\u{1e}{\"a\":1}\n\u{1e}2\n", &[(1, "{a: 1}"), (2, "2")]),
            (
                "1 true null \"x\" -2.5",
                &[(1, "1"), (1, "true"), (1, "null"), (1, "'x'"), (1, "-2.5")],
            ),
            ("[[1],[2]]", &[(1, "[1]"), (1, "[2]")]),
            ("[null,\n\nfalse]", &[(1, "null"), (3, "false")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> =
                expected.iter().map(|(line, value)| (*line, (*value).to_owned())).collect();
            assert_eq!(read(text, false).unwrap(), expected, "{text}");
        }
        let rows = read("[1,2]\n[3,4]\n", true).unwrap();
        assert_eq!(rows, [(1, "[1, 2]".to_owned()), (2, "[3, 4]".to_owned())]);
    }

    #[test]
    fn what_is_malformed_names_its_line() {
        for (text, message) in [
            ("[1,\n2", "line 2 of the file: the array is not closed"),
            ("[", "line 1 of the file: the array is not closed"),
            ("[1 2]", "line 1 of the file: a comma is missing"),
            ("[1]\n[2]", "line 2 of the file: text follows the array"),
            ("[1,\n]", "line 2 of the file: expected value"),
            ("[,1]", "line 1 of the file: expected value"),
            ("{\"a\":1}\n\n{\"a\":\n  nul}", "line 4, column 6 of the file: expected ident"),
            ("{\"a\":1}\n{\"b\":", "line 2 of the file: EOF while parsing a value"),
            ("{\"a\":1}}", "line 1 of the file: expected value"),
            ("{\"a\":1},{}", "line 1 of the file: expected value"),
            ("{\"a\":1e999}", "line 1 of the file: number out of range"),
            ("a,b\n1,2\n", "line 1 of the file: expected value"),
            ("\"x", "line 1 of the file: EOF while parsing a string"),
        ] {
            assert_eq!(read(text, false).unwrap_err().message(), message, "{text}");
        }
        let mut values = Values::new(&b"[\"\xFF\"]"[..], false);
        assert!(values.next().unwrap_err().message().contains("UTF-8"));
    }
}
