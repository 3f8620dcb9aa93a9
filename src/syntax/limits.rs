//! How deeply a text may nest.
//!
//! Everything after the parser walks the tree by recursion, and a thread's stack is small. So the limit is
//! ours and is checked twice: on the text, before the grammar's own recursion, and on the tree.

use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::error::Span;
use crate::meter;
use crate::syntax::token::TokenKind;
use crate::syntax::token::tokens;

/// How many brackets, CASEs or prefix operators may stand one within the other.
pub const MAX_NESTING: usize = 200;

/// How many expressions may stand one within the other. More than [`MAX_NESTING`], since one level of
/// brackets can hold several: `(-a.b + (…))`.
pub const MAX_HEIGHT: usize = 500;

/// The error for a text that nests too deeply.
pub fn too_deep(span: Span) -> Error {
    Error::new(
        ErrorClass::LimitError,
        Phase::CompileTime,
        Detail::NestingTooDeep,
        format!("the query nests deeper than {MAX_NESTING} levels"),
    )
    .at(span)
    .help("Split the expression with WITH, or pass the nested value as a parameter.")
}

/// How much text a statement may have, in bytes. Memory for a parsed text is many times its length.
pub const MAX_LENGTH: usize = 256 << 20;

/// Checks the nesting of a text, before anything recurses over it. `base` is where it begins in the whole.
///
/// Brackets and CASE are counted exactly enough: a word `case` that is a name can only be counted where it
/// cannot be told apart, and the tree is counted again when it is built. Gives the greatest depth.
pub fn check(text: &str, base: usize) -> Result<usize> {
    if text.len() > MAX_LENGTH {
        return Err(Error::new(
            ErrorClass::LimitError,
            Phase::CompileTime,
            Detail::QueryTooLong,
            format!("the query has {} bytes, more than {MAX_LENGTH}", text.len()),
        )
        .help("Pass data as parameters, or import it from a file."));
    }
    // One entry per open bracket or CASE: whether it is a CASE, and the prefix operators before it.
    let mut open: Vec<(bool, usize)> = Vec::new();
    let mut prefixes = 0;
    let mut run = 0;
    let mut deepest = 0;
    let mut previous = "";
    let mut all = tokens(text).filter(|token| token.kind != TokenKind::Comment).peekable();
    while let Some(token) = all.next() {
        meter::step(1)?;
        let word = token.text(text);
        let is_name = matches!(previous, "." | ":" | "&" | "|" | "!")
            || all.peek().is_some_and(|next| next.text(text) == ":");
        let opens = match (token.kind, word) {
            (TokenKind::Sign, "(" | "[" | "{") => Some(false),
            (TokenKind::Keyword, _) if word.eq_ignore_ascii_case("case") && !is_name => Some(true),
            _ => None,
        };
        if let Some(is_case) = opens {
            open.push((is_case, run));
            prefixes += run;
            run = 0;
        } else if matches!(word, "-" | "+" | "!") || word.eq_ignore_ascii_case("not") {
            run += 1;
        } else {
            run = 0;
        }
        let closes_case = !is_name && word.eq_ignore_ascii_case("end");
        if closes_case && open.last().is_some_and(|(is_case, _)| *is_case) {
            prefixes -= open.pop().map_or(0, |(_, run)| run);
        }
        if token.kind == TokenKind::Sign && matches!(word, ")" | "]" | "}") {
            while let Some((is_case, run)) = open.pop() {
                prefixes -= run;
                if !is_case {
                    break;
                }
            }
        }
        deepest = deepest.max(open.len() + (prefixes + run) / PREFIXES_PER_LEVEL);
        if open.len() > MAX_NESTING || run > MAX_NESTING || open.len() + prefixes > MAX_HEIGHT {
            return Err(too_deep(Span::new(token.span.start + base, token.span.end + base)));
        }
        previous = word;
    }
    Ok(deepest)
}

/// How many prefix operators take as much stack as one level of brackets, at least.
const PREFIXES_PER_LEVEL: usize = 4;

/// How deep a text may be to be parsed on the stack of the caller.
const SHALLOW: usize = 24;

/// The stack for the others. The generated parser and the builder take up to 25 KiB per level when they
/// are not optimised, and a thread of Rust has 2 MiB.
const STACK: usize = 32 << 20;

/// A text longer than this is parsed in a thread of its own.
pub const LONG: usize = 1 << 16;

/// How long that thread is waited for without a look whether the statement must end.
const WAIT: Duration = Duration::from_millis(10);

/// Parses a long text in a thread of its own. The generated parser cannot be ended half-way: where the statement must end,
/// nobody waits for it any more.
pub fn apart<T: Send + 'static>(parse: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let meter = meter::current();
    let (sender, receiver) = mpsc::channel();
    // Who has stopped waiting wants no answer.
    let run = move || drop(sender.send(meter.run(parse)));
    std::thread::Builder::new().name("long query".to_owned()).stack_size(STACK).spawn(run)?;
    loop {
        match receiver.recv_timeout(WAIT) {
            Ok(parsed) => return parsed,
            Err(RecvTimeoutError::Timeout) => meter::check()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::internal("the parser ended unexpectedly"));
            }
        }
    }
}

/// Runs what recurses over a text of the given depth, where there is stack enough for it.
pub fn with_stack<T: Send>(depth: usize, parse: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if depth <= SHALLOW {
        return parse();
    }
    let meter = meter::current();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("deep query".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, move || meter.run(parse))?;
        thread.join().unwrap_or_else(|_| Err(Error::internal("the parser ended unexpectedly")))
    })
}
