//! Lines of a text: each ends in a line feed, a carriage return, or one of these and then the other.

use std::ops::Range;

use memchr::{memchr_iter, memrchr2_iter};

/// How many lines end within a range of the text.
pub(super) fn count(text: &[u8], within: Range<usize>) -> usize {
    let part = text.get(within.clone()).unwrap_or_default();
    let feeds = memchr_iter(b'\n', part).count();
    feeds + memchr_iter(b'\r', part).filter(|at| is_end(text, within.start + at)).count()
}

/// Where the last line begins that begins within a range of the text, or right behind it.
pub(super) fn last_begin(text: &[u8], within: Range<usize>) -> Option<usize> {
    let part = text.get(within.clone()).unwrap_or_default();
    let mut ends = memrchr2_iter(b'\n', b'\r', part).map(|at| within.start + at);
    ends.find(|at| is_end(text, *at)).map(|at| at + 1)
}

/// Whether the line feed or the carriage return at a position is the last byte of its line.
fn is_end(text: &[u8], at: usize) -> bool {
    text.get(at..at + 2) != Some(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways() {
        let text = b"a\nb\r\nc\rd\r\r\n\n";
        assert_eq!(count(text, 0..text.len()), 6);
        // A carriage return ends no line before its line feed.
        assert_eq!((count(text, 0..4), count(text, 4..5)), (1, 1));
        let begins: Vec<_> = (0..text.len()).map(|at| last_begin(text, 0..at)).collect();
        let some = [2, 2, 2, 5, 5, 7, 7, 9, 9, 11].map(Some);
        assert_eq!(begins, [&[None, None][..], &some[..]].concat());
    }
}
