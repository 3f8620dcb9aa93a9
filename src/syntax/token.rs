//! The words and signs of a text, for tools that look at text which need not be right: highlighting,
//! completion, splitting a script, asking whether a statement is complete.
//!
//! A hand lexer that takes any text and never fails. The grammar does not use it.

use crate::error::Span;
use crate::syntax::keyword::keyword;

pub use crate::syntax::keyword::KEYWORDS;
pub use crate::syntax::keyword::Keyword;

/// A word or sign, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

impl Token {
    /// Its text, out of the text it was found in.
    pub fn text<'t>(&self, of: &'t str) -> &'t str {
        of.get(self.span.start..self.span.end).unwrap_or_default()
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A word of [`KEYWORDS`]. It may still be used as a name.
    Keyword,
    /// Any other word.
    Name,
    /// A name in backticks.
    QuotedName,
    /// A number, well-formed or not.
    Number,
    /// A string with both quotes.
    String,
    /// `$name`
    Parameter,
    /// An operator, bracket or separator.
    Sign,
    /// A comment, to the end of the line or of the text.
    Comment,
    /// A string, a name in backticks or a `/*` comment that the text ends in.
    Unclosed,
    /// A character that means nothing in Cypher.
    Unknown,
}

/// The tokens of a text, in order; spaces are left out.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

/// Whether the text ends in a `;` that ends a statement, comments aside: not one within a string.
pub fn is_complete(text: &str) -> bool {
    let last = tokens(text).filter(|token| token.kind != TokenKind::Comment).last();
    last.is_some_and(|token| token.text(text) == ";")
}

/// The statements of a script, each from its first token to its last, without the `;` between them.
/// Comments before and after a statement are left out, and so are empty statements.
pub fn split(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut current: Option<Span> = None;
    for token in tokens(text) {
        if token.kind == TokenKind::Sign && token.text(text) == ";" {
            found.extend(current.take());
        } else if token.kind != TokenKind::Comment {
            current = Some(current.map_or(token.span, |span| span.to(token.span)));
        }
    }
    found.extend(current);
    found
}

/// The iterator over the tokens of a text.
#[derive(Debug, Clone)]
pub struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

/// Signs of two characters; all others are one.
const LONG_SIGNS: &[&str] = &["<>", "<=", ">=", "=~", "+=", "..", "::", "||"];

/// Whether a name may begin with the character.
pub fn begins_word(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Whether a name may go on with the character.
pub fn continues_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric() || (!c.is_ascii() && !c.is_whitespace() && is_mark(c))
}

/// Combining marks and connectors, which go on a name but do not begin one. The blocks that hold them,
/// rather than the exact set: the grammar decides.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{203F}' | '\u{2040}' | '\u{20D0}'..='\u{20F0}' | '\u{FE00}'..='\u{FE0F}')
}

/// Whether the character is a space to Cypher.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1C}'..='\u{1F}' | '\u{180E}' | '\u{FEFF}')
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + (rest.len() - rest.trim_start_matches(is_space).len());
        let rest = self.text.get(start..)?;
        let first = rest.chars().next()?;
        let (kind, length) = scan(rest, first);
        self.at = start + length.max(first.len_utf8());
        Some(Token { kind, span: Span::new(start, self.at) })
    }
}

/// The kind and length of the token that `rest` begins with.
fn scan(rest: &str, first: char) -> (TokenKind, usize) {
    match first {
        '\'' | '"' => closed(quoted(rest, first), TokenKind::String, rest),
        '`' => closed(backticked(rest), TokenKind::QuotedName, rest),
        '/' if rest.starts_with("//") => {
            (TokenKind::Comment, rest.find(['\n', '\r']).unwrap_or(rest.len()))
        }
        '/' if rest.starts_with("/*") => {
            let end = rest.get(2..).and_then(|inner| inner.find("*/")).map(|at| at + 4);
            closed(end, TokenKind::Comment, rest)
        }
        '$' => {
            let name = rest.get(1..).unwrap_or_default();
            if name.starts_with('`') {
                let end = backticked(name).map(|length| length + 1);
                return closed(end, TokenKind::Parameter, rest);
            }
            let length = word(name);
            (if length > 0 { TokenKind::Parameter } else { TokenKind::Unknown }, 1 + length)
        }
        '0'..='9' => (TokenKind::Number, number(rest)),
        '.' if rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) => {
            (TokenKind::Number, number(rest))
        }
        _ if begins_word(first) => {
            let length = word(rest);
            let is_keyword = rest.get(..length).and_then(keyword).is_some();
            (if is_keyword { TokenKind::Keyword } else { TokenKind::Name }, length)
        }
        _ => {
            if let Some(sign) = LONG_SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                return (TokenKind::Sign, sign.len());
            }
            let known = "()[]{},;:.|&!%+-*/^=<>".contains(first) || is_arrow(first);
            (if known { TokenKind::Sign } else { TokenKind::Unknown }, first.len_utf8())
        }
    }
}

/// The dashes and arrow heads that openCypher takes in patterns beside the plain ones. Most of them are
/// no sign elsewhere, so they count as unknown; these are the arrow heads alone.
fn is_arrow(c: char) -> bool {
    matches!(
        c,
        '\u{27E8}'
            | '\u{3008}'
            | '\u{FE64}'
            | '\u{FF1C}'
            | '\u{27E9}'
            | '\u{3009}'
            | '\u{FE65}'
            | '\u{FF1E}'
    )
}

fn closed(end: Option<usize>, kind: TokenKind, rest: &str) -> (TokenKind, usize) {
    end.map_or((TokenKind::Unclosed, rest.len()), |length| (kind, length))
}

/// The length of a string with its quotes, if it is closed.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

/// The length of a name in backticks, if it is closed; two backticks stand for one.
fn backticked(rest: &str) -> Option<usize> {
    let mut from = 1;
    loop {
        let at = from + rest.get(from..)?.find('`')?;
        if rest.get(at + 1..)?.starts_with('`') {
            from = at + 2;
        } else {
            return Some(at + 1);
        }
    }
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| !continues_word(c)).unwrap_or(rest.len())
}

/// The length of a number: digits, a fraction, an exponent, and the letters that follow.
fn number(rest: &str) -> usize {
    let digits = |from: usize| {
        let rest = rest.get(from..).unwrap_or_default();
        rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len())
    };
    let byte = |at: usize| rest.as_bytes().get(at).copied().unwrap_or_default();
    let mut length = digits(0);
    if byte(length) == b'.' && byte(length + 1).is_ascii_digit() {
        length += 1 + digits(length + 1);
    }
    if matches!(byte(length), b'e' | b'E') {
        let sign = usize::from(matches!(byte(length + 1), b'+' | b'-'));
        if byte(length + 1 + sign).is_ascii_digit() {
            length += 1 + sign + digits(length + 1 + sign);
        }
    }
    length + word(rest.get(length..).unwrap_or_default())
}
