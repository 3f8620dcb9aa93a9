//! `=~`: regular expressions that must match the whole text.

use std::sync::Arc;
use std::sync::OnceLock;

use regex::Regex;
use regex_automata::Anchored;
use regex_automata::Input;
use regex_automata::hybrid::dfa::DFA;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::meter;

/// A text longer than this is gone through step by step, so that the statement can end meanwhile.
const LONG: usize = 1 << 16;

/// After so many bytes of a long text steps are counted.
const PIECE: usize = 1 << 10;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// The same for long texts, once there was one; none where there is no such form of it.
    stepwise: OnceLock<Option<DFA>>,
}

impl Pattern {
    /// Compiles a pattern.
    pub(super) fn new(pattern: &Arc<str>) -> Result<Self> {
        let invalid = |what: String| {
            let message = format!("`{pattern}` is no regular expression: {what}");
            Error::argument(Detail::InvalidArgumentValue, message)
        };
        // By itself first: what is put around it must not make a whole of unbalanced parts.
        if let Err(error) = regex_syntax::parse(pattern) {
            use regex_syntax::ast::ErrorKind::{UnsupportedBackreference, UnsupportedLookAround};
            let (what, span) = match &error {
                regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span()),
                regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span()),
                other => return Err(invalid(other.to_string())),
            };
            let before = pattern.get(..span.start.offset).unwrap_or_default();
            let at = before.chars().count() + 1;
            let linear = matches!(&error, regex_syntax::Error::Parse(error)
                if matches!(error.kind(), UnsupportedBackreference | UnsupportedLookAround));
            let error = invalid(format!("{what}, at character {at}"));
            return Err(if linear {
                error.help(
                    "It is matched in linear time, and so it knows no look-around and no references.",
                )
            } else {
                error
            });
        }
        // A comment of a verbose pattern would swallow what follows it, and so it gets a line of its own.
        let whole = Regex::new(&format!(r"\A(?:{pattern})\z"))
            .or_else(|_| Regex::new(&format!("\\A(?:{pattern}\n)\\z")));
        let regex = whole.map_err(|error| invalid(error.to_string()))?;
        Ok(Self { regex, stepwise: OnceLock::new() })
    }

    /// Whether it matches the whole text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        let found = (text.len() > LONG).then(|| self.stepwise().and_then(|dfa| walked(dfa, text)));
        found.flatten().unwrap_or_else(|| self.regex.is_match(text))
    }

    fn stepwise(&self) -> Option<&DFA> {
        let make = || {
            let config = DFA::config().unicode_word_boundary(true);
            DFA::builder().configure(config).build(self.regex.as_str()).ok()
        };
        self.stepwise.get_or_init(make).as_ref()
    }
}

/// Goes through a text. None where the automaton cannot say: some know no Unicode.
fn walked(dfa: &DFA, text: &str) -> Option<bool> {
    let mut cache = dfa.create_cache();
    let input = Input::new(text).anchored(Anchored::Yes);
    let mut state = dfa.start_state_forward(&mut cache, &input).ok()?;
    for piece in text.as_bytes().chunks(PIECE) {
        meter::walk(piece.len());
        for byte in piece {
            state = dfa.next_state(&mut cache, state, *byte).ok()?;
            if state.is_dead() {
                return Some(false);
            }
            if state.is_quit() {
                return None;
            }
        }
    }
    let end = dfa.next_eoi_state(&mut cache, state).ok()?;
    if end.is_quit() { None } else { Some(end.is_match()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_match_as_short_ones_do() {
        let cases = [
            ("a*", "a", true),
            ("a*b", "a", false),
            ("(ab|a)*", "ab", true),
            ("(?i)A+", "a", true),
            ("(?s).*", "\u{e9}\n", true),
            (".*", "\u{e9}\n", false),
            (r"(\w+\s)*", "word ", true),
            (r"(\bword\b ?)*", "word ", true),
            (r"(\b\w+\b ?)*", "w\u{f6}rter ", true),
            ("(?m)(^x$\n)*", "x\n", true),
            ("(?x) a* # all of it", "a", true),
            ("[a-y]*", "xyz", false),
            ("", "a", false),
        ];
        for (pattern, part, expected) in cases {
            let pattern = Pattern::new(&pattern.into()).unwrap();
            let text = part.repeat(2 * LONG / part.len());
            assert_eq!(pattern.is_match(&text), expected, "{pattern:?}");
            assert_eq!(pattern.regex.is_match(&text), expected, "{pattern:?}");
        }
    }
}
