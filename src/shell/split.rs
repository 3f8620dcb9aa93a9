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
    /// Where the next piece may begin.
    pub(super) next: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    Statement,
    Command,
}

/// The next piece at or after `from`; none where only blanks, comments and empty statements are left.
pub(super) fn next_piece(text: &str, from: usize) -> Option<Piece> {
    Scan::new(from).next(text, true)
}

/// The search for the next piece of a text that grows. What it has seen it does not read again.
#[derive(Debug, Clone, Default)]
pub(super) struct Scan {
    /// The tokens before this place are known, and stay what they are when the text grows.
    at: usize,
    /// The first word of the piece and the end of the last one known, once there is any.
    found: Option<(Range<usize>, usize)>,
}

impl Scan {
    pub(super) fn new(from: usize) -> Self {
        Self { at: from, found: None }
    }

    /// The piece, as soon as nothing that follows can change it; at the end of the text (`ended`) whatever there is.
    pub(super) fn next(&mut self, text: &str, ended: bool) -> Option<Piece> {
        let base = self.at;
        let mut found = self.found.clone();
        for token in token::tokens(text.get(base..)?) {
            let range = base + token.span.start..base + token.span.end;
            // A token does not depend on what stands before a blank, so the search can go on from here.
            let before = text.get(..range.start).and_then(|before| before.chars().next_back());
            if before.is_some_and(token::is_space) {
                (self.at, self.found) = (range.start, found.clone());
            }
            if token.kind == TokenKind::Comment {
                continue;
            }
            match &mut found {
                _ if text.get(range.clone()) == Some(";") => match found.take() {
                    None => (self.at, self.found) = (range.end, None),
                    Some((first, end)) => {
                        return Some(statement(first.start..end, range.end, true));
                    }
                },
                Some((_, end)) => *end = range.end,
                // No statement begins with a colon, a dot or a backslash.
                None if text
                    .get(range.clone())
                    .is_some_and(|t| t.starts_with([':', '.', '\\'])) =>
                {
                    return command(text, range.start, ended);
                }
                None => found = Some((range.clone(), range.end)),
            }
        }
        let (first, end) = found.filter(|_| ended)?;
        Some(statement(first.start..end, text.len(), false))
    }

    /// The text before `bytes` has been cut away.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.at -= bytes;
    }
}

fn statement(range: Range<usize>, next: usize, complete: bool) -> Piece {
    Piece { kind: PieceKind::Statement, range, complete, next }
}

/// The command of which the line begins at `start`, once the line is whole.
fn command(text: &str, start: usize, ended: bool) -> Option<Piece> {
    let rest = text.get(start..)?;
    if !ended && !rest.contains('\n') {
        return None;
    }
    let line = rest.lines().next().unwrap_or("");
    let command = line.trim_end().trim_end_matches(';').trim_end();
    let range = start..start + command.len();
    Some(Piece { kind: PieceKind::Command, range, complete: true, next: start + line.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces of a text that comes in steps of so many characters.
    fn pieces(script: &str, step: usize) -> Vec<String> {
        let characters: Vec<char> = script.chars().collect();
        let mut text = String::new();
        let mut scan = Scan::default();
        let mut pieces = Vec::new();
        let mut steps = characters.chunks(step).peekable();
        while let Some(more) = steps.next() {
            text.extend(more);
            while let Some(piece) = scan.next(&text, steps.peek().is_none()) {
                pieces.push(text[piece.range].to_owned());
                scan = Scan::new(piece.next);
            }
        }
        pieces
    }

    #[test]
    fn pieces_do_not_depend_on_how_the_text_comes() {
        let script = "// a; comment\nRETURN 1; ; RETURN ';' /* ; */ AS `a``;b` ;\n:param x => 1;\n\
                      RETURN \"\\\";\" // ;\n, 1.5e3 ;\n.mode csv\n  \\q\n;;MATCH (a)-[:R*1..2]->(b)\nRETURN a.`;`";
        let whole = [
            "RETURN 1",
            "RETURN ';' /* ; */ AS `a``;b`",
            ":param x => 1",
            "RETURN \"\\\";\" // ;\n, 1.5e3",
            ".mode csv",
            "\\q",
            "MATCH (a)-[:R*1..2]->(b)\nRETURN a.`;`",
        ];
        for step in [1, 2, 3, 5, 8, 13, 1000] {
            assert_eq!(pieces(script, step), whole, "{step}");
        }
    }

    #[test]
    fn a_statement_is_there_at_its_semicolon_and_a_command_at_its_line_end() {
        for (text, there) in [
            ("RETURN 1;", true),
            ("RETURN 1; RETURN", true),
            ("RETURN 1", false),
            ("RETURN ';", false),
            ("RETURN 1 /* ;", false),
            ("RETURN 1 // ;\n", false),
            ("RETURN `;`", false),
            (":begin", false),
            (":begin\n", true),
            (";;", false),
        ] {
            assert_eq!(Scan::default().next(text, false).is_some(), there, "{text}");
        }
    }
}
