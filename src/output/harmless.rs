//! Text that cannot command a terminal.
//!
//! Data may hold escape sequences that move the cursor, change the title or type into the terminal, and characters that
//! show text in another order than it has. Both are written as escapes. This module owns which characters those are; it
//! must not know where the text goes.

use std::borrow::Cow;
use std::fmt::Write;

use crate::meter;

/// So many characters are read between two looks at whether the statement must end.
const PIECE: usize = 1024;

/// Whether a terminal may take the character for a command or for an order of text: control characters of both sets (C0
/// and C1, in which U+009B begins an escape sequence) and the marks of bidirectional text. Line feeds and tabs count too.
pub(crate) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The text on one line, with every harmful character as an escape.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmful)
}

/// The text with every harmful character as an escape, but for line feeds and tabs.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_harmful(c) && !matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, harmful: fn(char) -> bool) -> Cow<'_, str> {
    let mut out = String::new();
    let mut clean = 0;
    for (steps, (at, c)) in text.char_indices().enumerate() {
        if steps % PIECE == PIECE - 1 {
            meter::walk(PIECE);
        }
        if !harmful(c) {
            continue;
        }
        out.push_str(text.get(clean..at).unwrap_or_default());
        clean = at + c.len_utf8();
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // No harmful character lies beyond the first plane. Writing to a string cannot fail.
            c => drop(write!(out, "\\u{:04x}", u32::from(c))),
        }
    }
    if clean == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(clean..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_command_is_written_as_an_escape() {
        for (text, one, many) in [
            ("plain, é, 网, 🎉", "plain, é, 网, 🎉", "plain, é, 网, 🎉"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd", "a\nb\tc\\rd"),
            ("\u{1b}[31mred", "\\u001b[31mred", "\\u001b[31mred"),
            ("\u{9b}31mred", "\\u009b31mred", "\\u009b31mred"),
            ("\u{9d}0;title\u{7}", "\\u009d0;title\\u0007", "\\u009d0;title\\u0007"),
            ("\u{7f}\u{8}\u{0}", "\\u007f\\u0008\\u0000", "\\u007f\\u0008\\u0000"),
            ("\u{202e}txt\u{2066}", "\\u202etxt\\u2066", "\\u202etxt\\u2066"),
            ("\u{200f}\u{61c}\u{2028}", "\\u200f\\u061c\\u2028", "\\u200f\\u061c\\u2028"),
        ] {
            assert_eq!(one_line(text), one, "{text:?}");
            assert_eq!(lines(text), many, "{text:?}");
        }
    }
}
