//! Where rows stand in their file, and what is wrong with those of no use.
//!
//! A block may hold nothing but bad rows, so a fault keeps positions alone. Line, column and text are looked up when it
//! is told, in one pass over the text.

use std::ops::Range;

use super::lines;
use super::rejects::{BadRow, Reason};

/// A row of no use.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    /// The bytes of the row in the text of its block; its number among the rows of the block, where there is no text.
    row: Range<u32>,
    /// The byte in that text, or the number of the column, where the fault is.
    place: u32,
    message: Box<str>,
}

impl Fault {
    pub(super) fn new(reason: Reason, row: Range<usize>, place: usize, message: String) -> Self {
        let row = row.start as u32..row.end as u32;
        Self { reason, row, place: place as u32, message: message.into() }
    }

    /// Where its row begins, for an order by file.
    pub(super) fn begin(&self) -> u32 {
        self.row.start
    }
}

/// Where the rows of one block stand.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The number of the first line or row.
    pub(super) first: u64,
    /// The text, where the rows are text.
    pub(super) text: Option<Vec<u8>>,
    /// Where each row that is of use begins: its byte in the text, or its number in the block.
    pub(super) begins: Vec<u32>,
}

impl Places {
    /// Adds faults of rows that looked right at first, by their numbers among these, behind the others.
    pub(super) fn add_late(
        &self,
        faults: &mut Vec<Fault>,
        reason: Reason,
        late: impl Iterator<Item = (u32, String)>,
    ) {
        let early = faults.len();
        for (row, message) in late {
            let begin = |row: u32| self.begins.get(row as usize).copied();
            let Some(from) = begin(row) else { continue };
            // The next row may be one of no use.
            let known = faults.get(..early).unwrap_or_default();
            let after = known.get(known.partition_point(|fault| fault.row.start <= from));
            let ends = [after.map(|fault| fault.row.start), begin(row + 1), self.end()];
            let end = ends.into_iter().flatten().min().unwrap_or(from);
            let place = if self.text.is_some() { from } else { 1 };
            faults.push(Fault { reason, row: from..end, place, message: message.into() });
        }
    }

    /// Where the text ends.
    fn end(&self) -> Option<u32> {
        self.text.as_ref().map(|text| text.len() as u32)
    }

    /// The faults as rows. Where they come in the order of the file, its text is looked through once.
    pub(super) fn bad_rows(&self, faults: Vec<Fault>) -> impl Iterator<Item = BadRow> {
        let mut lines = Lines { at: 0, line: self.first, begin: 0 };
        faults.into_iter().map(move |Fault { reason, row, place, message }| {
            let (line, column, text) = match &self.text {
                None => (self.first + u64::from(row.start), place as usize, String::new()),
                Some(text) => {
                    let row = row.start as usize..row.end as usize;
                    if row.start < lines.at {
                        lines = Lines { at: 0, line: self.first, begin: 0 };
                    }
                    lines.advance(text, row.start);
                    let mut within = lines;
                    within.advance(text, place as usize);
                    let before = text.get(within.begin..within.at).unwrap_or_default();
                    let column = String::from_utf8_lossy(before).chars().count() + 1;
                    let row = String::from_utf8_lossy(text.get(row).unwrap_or_default());
                    (within.line, column, row.into_owned())
                }
            };
            BadRow { reason, line, column, message: message.into(), text }
        })
    }
}

/// Counts the lines of a text up to a position that only grows.
#[derive(Debug, Clone, Copy)]
struct Lines {
    at: usize,
    /// The number of the line there.
    line: u64,
    /// Where that line begins.
    begin: usize,
}

impl Lines {
    fn advance(&mut self, text: &[u8], to: usize) {
        self.line += lines::count(text, self.at..to) as u64;
        if let Some(begin) = lines::last_begin(text, self.at..to) {
            self.begin = begin;
        }
        self.at = self.at.max(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_were_counted_are_not_looked_at_again() {
        let text = b"a,1\n\"x\ny\",2\nb\n".repeat(1000);
        let mut lines = Lines { at: 0, line: 1, begin: 0 };
        let mut passed = text.clone();
        for at in 0..text.len() {
            lines.advance(&passed, at);
            let before = &text[..at];
            let expected = 1 + memchr::memchr_iter(b'\n', before).count() as u64;
            assert_eq!(lines.line, expected, "{at}");
            assert_eq!(lines.begin, memchr::memrchr(b'\n', before).map_or(0, |at| at + 1), "{at}");
            // Whoever counted this byte once more would find a line end here.
            at.checked_sub(1).into_iter().for_each(|counted| passed[counted] = b'\n');
        }
    }

    #[test]
    fn late_faults_take_their_place_among_the_others() {
        let text = b"1,x\nbad\n1,y\nworse\n2,z\n1,u".to_vec();
        let places = Places { first: 5, text: Some(text), begins: vec![0, 8, 18, 22] };
        let early = |row: Range<usize>| Fault::new(Reason::Malformed, row, 0, "early".into());
        let mut faults = vec![early(4..8), early(12..18)];
        let late = [(1, "late".into()), (3, "last".into())];
        places.add_late(&mut faults, Reason::DuplicateNode, late.into_iter());
        faults.sort_by_key(Fault::begin);
        let rows = places.bad_rows(faults).map(|row| (row.line, row.message, row.text));
        let expected = [
            (6, "early", "bad\n"),
            (7, "late", "1,y\n"),
            (8, "early", "worse\n"),
            (10, "last", "1,u"),
        ];
        let expected = expected.map(|(line, what, text)| (line, what.to_owned(), text.to_owned()));
        assert_eq!(rows.collect::<Vec<_>>(), expected);
    }
}
