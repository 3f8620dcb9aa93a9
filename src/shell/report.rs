//! Errors as people read them, on standard error: place, code, message, the line with a caret, help.

use std::io;
use std::io::Write;
use std::ops::Range;

use annotate_snippets::AnnotationKind;
use annotate_snippets::Group;
use annotate_snippets::Level;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Span;

use super::runner::{Source, Stop};

/// Prints an error, with its place where the statement it is about is known.
pub(super) fn print(error: &Error, place: Option<(&Source<'_>, Range<usize>)>) {
    say(&describe(error, place));
}

/// Prints a line of text to standard error.
pub(super) fn say(text: &str) {
    // Where nobody reads the errors there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// The error of a file that cannot be read.
pub(super) fn unreadable(name: &str, error: io::Error) -> Error {
    Error::usage(Detail::InvalidFile, format!("`{name}` cannot be read: {error}")).caused_by(error)
}

/// What follows from a failed output: a closed pipe is no failure.
pub(super) fn output_failed(error: io::Error) -> Stop {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Stop::ClosedPipe;
    }
    print(&error.into(), None);
    Stop::Failed
}

/// The whole message: `file:line:column: error[CODE]: message`, the source line with a caret, help.
fn describe(error: &Error, place: Option<(&Source<'_>, Range<usize>)>) -> String {
    let mut out = format!("error[{}]: {}", error.code(), error.message());
    if let Some((source, statement)) = place {
        let span = absolute(error.span(), &statement, source.text);
        let (line, column) = Span::new(span.start, span.end).line_column(source.text);
        out = format!("{}:{line}:{column}: {out}\n", source.name);
        out.push_str(&snippet(source.text, &statement, span));
    }
    if let Some(help) = error.help_text() {
        out.push_str("\nhelp: ");
        out.push_str(help);
    }
    out
}

/// Where in the source the error is: its span within the statement, else the statement's first word.
fn absolute(span: Option<Span>, statement: &Range<usize>, text: &str) -> Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    match span {
        Some(span) => {
            let start = floor(statement.start + span.start);
            start..floor(statement.start + span.end).max(start)
        }
        None => {
            let text = text.get(statement.clone()).unwrap_or("");
            let word = text.find(char::is_whitespace).unwrap_or(text.len());
            statement.start..statement.start + word
        }
    }
}

/// The lines around the place, from the statement alone: a script may be long.
fn snippet(text: &str, statement: &Range<usize>, span: Range<usize>) -> String {
    let from = text.get(..statement.start).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
    let end = statement.end.max(span.end);
    let to = text.get(end..).and_then(|t| t.find('\n')).map_or(text.len(), |at| end + at);
    let (first_line, _) = Span::new(from, from).line_column(text);
    let lines = text.get(from..to).unwrap_or("");
    let place = span.start.saturating_sub(from)..span.end.saturating_sub(from);
    let group = Group::with_level(Level::ERROR).element(
        Snippet::source(lines)
            .line_start(first_line)
            .fold(true)
            .annotation(AnnotationKind::Primary.span(place)),
    );
    Renderer::styled().render(&[group])
}
