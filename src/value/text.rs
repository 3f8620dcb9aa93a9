//! Going through long texts: in pieces, with a look between them whether the statement must end.

use memchr::memmem::Finder;

use crate::meter;

/// About how many bytes a piece has.
const PIECE: usize = 1 << 12;

/// How many bytes are searched at once: searching is fast.
const WINDOW: usize = 1 << 16;

/// How many steps it takes to search a window.
const STEPS: usize = 1 << 10;

/// The text in pieces.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(rest.ceil_char_boundary(PIECE));
        meter::walk(piece.len());
        rest = after;
        Some(piece)
    })
}

/// How many characters a text has.
pub(crate) fn count(text: &str) -> usize {
    pieces(text).map(|piece| piece.chars().count()).sum()
}

/// Where the character at `index` starts; the end if there is none.
pub(crate) fn byte_of(text: &str, index: usize) -> usize {
    let (mut left, mut at) = (index, 0);
    for piece in pieces(text) {
        let count = piece.chars().count();
        if left < count {
            let within = piece.char_indices().nth(left);
            return at + within.map_or(piece.len(), |(within, _)| within);
        }
        left -= count;
        at += piece.len();
    }
    at
}

/// The characters of a text, a step each.
pub(crate) fn chars(text: &str) -> impl DoubleEndedIterator<Item = char> {
    text.chars().inspect(|_| meter::walk(1))
}

/// A text without white space at its ends.
pub(crate) fn trim(text: &str) -> &str {
    let white = |c: char| {
        meter::walk(1);
        c.is_whitespace()
    };
    text.trim_matches(white)
}

/// Whether a text holds another.
pub(crate) fn contains(text: &str, wanted: &str) -> bool {
    find(text, &Finder::new(wanted), 0).is_some()
}

/// Where a text that is not empty stands in another, from the first place to the last; none overlaps another.
pub(crate) fn places<'a>(text: &'a str, wanted: &'a str) -> impl Iterator<Item = usize> + 'a {
    let finder = Finder::new(wanted);
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = find(text, &finder, from)?;
        meter::walk(1);
        from = at + wanted.len();
        Some(at)
    })
}

/// The first place at or after `from`.
fn find(text: &str, finder: &Finder<'_>, mut from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let wanted = finder.needle().len();
    loop {
        let end = from.saturating_add(WINDOW).saturating_add(wanted).min(bytes.len());
        if let Some(at) = finder.find(bytes.get(from..end)?) {
            return Some(from + at);
        }
        if end == bytes.len() {
            return None;
        }
        meter::walk(STEPS);
        from += WINDOW;
    }
}

/// The text in upper case.
pub(crate) fn upper(text: &str) -> String {
    cased(text, str::to_uppercase)
}

/// The text in lower case.
pub(crate) fn lower(text: &str) -> String {
    cased(text, str::to_lowercase)
}

fn cased(text: &str, change: fn(&str) -> String) -> String {
    // A sigma in lower case depends on the letters around it, and so a text that has one is cut only where words end.
    let may_cut_words = !contains(text, "\u{3a3}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = rest.ceil_char_boundary(PIECE);
        if !may_cut_words {
            let more = rest.get(end..).unwrap_or_default().find(char::is_whitespace);
            end = more.map_or(rest.len(), |more| end + more);
        }
        let (piece, after) = rest.split_at(end);
        meter::walk(piece.len());
        out.push_str(&change(piece));
        rest = after;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that is cut in pieces, of characters of one to four bytes.
    fn long() -> String {
        "Aß\u{3a3}x \u{1f600}\u{e9}\u{3a3} ".repeat(3 * PIECE / 7)
    }

    #[test]
    fn pieces_make_no_difference() {
        let text = long();
        assert_eq!(pieces(&text).collect::<String>(), text);
        assert_eq!(count(&text), text.chars().count());
        assert_eq!(upper(&text), text.to_uppercase());
        assert_eq!(lower(&text), text.to_lowercase());
        assert_eq!(lower(&text.replace(' ', "")), text.replace(' ', "").to_lowercase());
        let no_sigma = text.replace('\u{3a3}', "\u{130}");
        assert_eq!(lower(&no_sigma), no_sigma.to_lowercase());
        let padded = format!("{}{text}{}", " ".repeat(2 * PIECE), "\t".repeat(2 * PIECE));
        assert_eq!(trim(&padded), padded.trim());
        for index in [0, 1, 1000, PIECE, count(&text) - 1, count(&text), usize::MAX] {
            let expected = text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
            assert_eq!(byte_of(&text, index), expected, "{index}");
        }
    }

    #[test]
    fn windows_hide_no_place() {
        for wanted in ["ab", "x", "\u{1f600}"] {
            for before in [0, 1, WINDOW - 2, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW - 1] {
                let text = format!("{}{wanted}-{wanted}{wanted}", "-".repeat(before));
                let expected: Vec<usize> = text.match_indices(wanted).map(|(at, _)| at).collect();
                assert_eq!(places(&text, wanted).collect::<Vec<_>>(), expected, "{before}");
                assert!(contains(&text, wanted));
                assert!(!contains(&text, "nowhere"));
            }
        }
    }
}
