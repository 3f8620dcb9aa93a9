//! The records of a CSV text, as Neo4j reads them.
//!
//! By hand, since the usual reader tells neither an empty field from an empty string (null and `''` to LOAD
//! CSV) nor a backslash that escapes a quote or itself from one that stands for itself.

use std::io::BufRead;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::meter;
use crate::value::allocation::{vec_bytes, vec_growth};

/// A quote that is never closed must not read a whole file into one field.
const LONGEST_FIELD: usize = 64 << 20;

/// A line of a file, or several where a quoted field goes on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The fields; none where there is nothing between two separators.
    pub(super) fields: Vec<Option<String>>,
    /// Where it begins, counted from 1.
    pub(super) line: i64,
}

/// Reads records one after the other. Lines without anything in them are left out.
pub(super) struct Records<R> {
    input: R,
    /// What stands between two fields.
    terminator: Vec<u8>,
    /// The line of the byte at hand.
    line: i64,
    /// Whether the byte before was a carriage return, so that a line feed belongs to it.
    after_return: bool,
}

/// Where in a field the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a backslash within quotes.
    Escaped,
    /// Behind a quote that closes the field, unless another follows.
    Closed,
}

/// A record in the making.
struct Building {
    fields: Vec<Option<String>>,
    field: Vec<u8>,
    /// What follows a closing quote: part of the separator.
    after: Vec<u8>,
    quoted: bool,
    state: State,
    line: i64,
    /// The line of the quote that was opened last.
    quote: i64,
}

impl<R: BufRead> Records<R> {
    /// Begins with a text.
    pub(super) fn new(input: R, terminator: char) -> Self {
        let terminator = terminator.to_string().into_bytes();
        Self { input, terminator, line: 1, after_return: false }
    }

    /// The next record; none at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Record>> {
        let mut building = Building::new();
        loop {
            let line = self.line;
            let buffer = self.input.fill_buf();
            let buffer = buffer.map_err(|error| malformed(line, &error.to_string()))?;
            if buffer.is_empty() {
                return building.finish();
            }
            meter::step(buffer.len())?;
            let mut used = 0;
            let mut complete = false;
            for &byte in buffer {
                used += 1;
                // A carriage return ends a line, and so does a line feed, but one after the other once.
                let second_half = std::mem::replace(&mut self.after_return, byte == b'\r');
                if second_half && byte == b'\n' && building.is_untouched() {
                    continue;
                }
                if building.push(byte, &self.terminator, self.line)? {
                    self.line += 1;
                    complete = building.has_anything();
                    if complete {
                        break;
                    }
                    building = Building::new();
                } else if byte == b'\n' && !second_half || byte == b'\r' {
                    self.line += 1;
                }
            }
            self.input.consume(used);
            if complete {
                return building.finish();
            }
        }
    }
}

impl Building {
    fn new() -> Self {
        Self {
            fields: Vec::new(),
            field: Vec::new(),
            after: Vec::new(),
            quoted: false,
            state: State::Start,
            line: 0,
            quote: 0,
        }
    }

    fn is_untouched(&self) -> bool {
        self.line == 0
    }

    fn has_anything(&self) -> bool {
        self.quoted || !self.field.is_empty() || !self.fields.is_empty()
    }

    /// Takes the next byte; says whether it ends the record.
    fn push(&mut self, byte: u8, terminator: &[u8], line: i64) -> Result<bool> {
        if self.line == 0 {
            self.line = line;
        }
        match (self.state, byte) {
            (State::Start, b'"') => {
                self.quoted = true;
                self.quote = line;
                self.state = State::Quoted;
            }
            (State::Quoted, b'"') => self.state = State::Closed,
            (State::Quoted, b'\\') => self.state = State::Escaped,
            (State::Quoted, _) => self.field.push(byte),
            (State::Escaped, _) => {
                if byte != b'"' && byte != b'\\' {
                    self.field.push(b'\\');
                }
                self.field.push(byte);
                self.state = State::Quoted;
            }
            (State::Closed, b'"') if self.after.is_empty() => {
                self.field.push(b'"');
                self.state = State::Quoted;
            }
            (_, b'\n' | b'\r') => return Ok(true),
            (State::Closed, _) => {
                self.after.push(byte);
                if self.after == terminator {
                    self.end_field()?;
                } else if !terminator.starts_with(&self.after) {
                    return Err(malformed(line, "text follows the quote that closes a field")
                        .help("Within quotes, a quote is written twice."));
                }
            }
            (State::Start | State::Plain, _) => {
                self.state = State::Plain;
                self.field.push(byte);
                if self.field.ends_with(terminator) {
                    self.field.truncate(self.field.len() - terminator.len());
                    self.end_field()?;
                }
            }
        }
        if self.field.len() == self.field.capacity() {
            meter::ask(2 * vec_bytes(&self.field))?;
        }
        if self.field.len() > LONGEST_FIELD {
            return Err(malformed(self.line, "a field is longer than 64 MiB")
                .help("A quote may not be closed."));
        }
        Ok(false)
    }

    /// Asks for the memory of one field more, where it is about to be allocated: a record may have very many.
    fn ask(&self) -> Result<()> {
        match vec_growth(&self.fields, 1) {
            0 => Ok(()),
            // And for the values that they become.
            growth => meter::ask(growth + vec_bytes(&self.fields)),
        }
    }

    fn end_field(&mut self) -> Result<()> {
        self.ask()?;
        let bytes = std::mem::take(&mut self.field);
        let quoted = std::mem::take(&mut self.quoted);
        let text = String::from_utf8(bytes).map_err(|_| {
            malformed(self.line, "the text is not UTF-8").help("Convert the file to UTF-8.")
        })?;
        self.fields.push((quoted || !text.is_empty()).then_some(text));
        self.after.clear();
        self.state = State::Start;
        Ok(())
    }

    /// The record, at the end of its line or of the text.
    fn finish(mut self) -> Result<Option<Record>> {
        if matches!(self.state, State::Quoted | State::Escaped) {
            return Err(malformed(self.quote, "a quote is never closed"));
        }
        if !self.has_anything() {
            return Ok(None);
        }
        self.end_field()?;
        Ok(Some(Record { fields: self.fields, line: self.line }))
    }
}

fn malformed(line: i64, what: &str) -> Error {
    Error::argument(Detail::InvalidFile, format!("line {line} of the file: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, terminator: char) -> Result<Vec<(i64, Vec<Option<String>>)>> {
        // One byte at a time, so that nothing depends on where a buffer ends.
        let input = std::io::BufReader::with_capacity(1, text.as_bytes());
        let mut records = Records::new(input, terminator);
        let mut all = Vec::new();
        while let Some(record) = records.next()? {
            all.push((record.line, record.fields));
        }
        Ok(all)
    }

    fn fields(text: &str) -> Vec<Option<String>> {
        let mut all = read(text, ',').unwrap();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0).1
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_empty_field_is_none_and_an_empty_string_is_one() {
        assert_eq!(fields("a,,\"\",b\n"), [some("a"), None, some(""), some("b")]);
        assert_eq!(fields(",\n"), [None, None]);
        assert_eq!(fields("\"\""), [some("")]);
    }

    #[test]
    fn quotes_are_doubled_or_escaped() {
        assert_eq!(fields(r#""a ""b"" c","d,e""#), [some("a \"b\" c"), some("d,e")]);
        assert_eq!(fields(r#""a \"b\" \\","C:\temp""#), [some("a \"b\" \\"), some("C:\\temp")]);
        assert_eq!(fields(r#"a"b,c\d"#), [some("a\"b"), some("c\\d")]);
    }

    #[test]
    fn lines_end_in_three_ways_and_are_counted() {
        let found = read("a\nb\r\nc\rd\n\n\r\n\"e\nf\"\ng", ',').unwrap();
        let lines: Vec<i64> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 7, 9]);
        assert_eq!(found[4].1, [some("e\nf")]);
    }

    #[test]
    fn any_character_may_stand_between_fields() {
        assert_eq!(read("a\tb", '\t').unwrap()[0].1, [some("a"), some("b")]);
        assert_eq!(read("a€\"b\"€c", '€').unwrap()[0].1, [some("a"), some("b"), some("c")]);
    }

    #[test]
    fn what_is_malformed_names_its_line() {
        for (text, message) in [
            ("a\n\"b", "line 2 of the file: a quote is never closed"),
            ("a\n\"b\"c", "line 2 of the file: text follows the quote that closes a field"),
        ] {
            assert_eq!(read(text, ',').unwrap_err().message(), message);
        }
        let mut records = Records::new(&b"a,\xFF\n"[..], ',');
        assert!(records.next().unwrap_err().message().contains("UTF-8"));
    }
}
