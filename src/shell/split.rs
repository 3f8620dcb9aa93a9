//! A script cut into its pieces: statements, each up to its semicolon, and commands, each a line.

use std::ops::Range;

use crate::syntax::token;
use crate::syntax::token::TokenKind;

/// A piece of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: PieceKind,
    /// Its text within the script: without blanks around it, comments before it and its semicolon.
    pub(super) range: Range<usize>,
    /// Whether it has come to its end: a statement by a semicolon, a command always.
    pub(super) complete: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    Statement,
    Command,
}

/// The next piece at or after `from`, and where to go on; none where only blanks, comments and empty
/// statements are left.
pub(super) fn next_piece(text: &str, mut from: usize) -> Option<(Piece, usize)> {
    loop {
        let rest = text.get(from..)?;
        let mut tokens = token::tokens(rest)
            .filter(|token| token.kind != TokenKind::Comment)
            .map(|token| from + token.span.start..from + token.span.end);
        let is_end = |range: &Range<usize>| text.get(range.clone()) == Some(";");
        let first = tokens.next()?;
        if is_end(&first) {
            from = first.end;
            continue;
        }
        // No statement begins with a colon, a dot or a backslash.
        if text.get(first.clone()).is_some_and(|t| t.starts_with([':', '.', '\\'])) {
            let line = text.get(first.start..).and_then(|r| r.lines().next()).unwrap_or("");
            let command = line.trim_end().trim_end_matches(';').trim_end();
            let range = first.start..first.start + command.len();
            let piece = Piece { kind: PieceKind::Command, range, complete: true };
            return Some((piece, first.start + line.len()));
        }
        let statement =
            |end, complete| Piece { kind: PieceKind::Statement, range: first.start..end, complete };
        let mut end = first.end;
        for range in tokens {
            if is_end(&range) {
                return Some((statement(end, true), range.end));
            }
            end = range.end;
        }
        return Some((statement(end, false), text.len()));
    }
}
