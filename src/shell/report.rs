//! Errors as people read them, on standard error: place, code, message, the line with a caret, help.

use std::io;
use std::ops::Range;

use annotate_snippets::AnnotationKind;
use annotate_snippets::Group;
use annotate_snippets::Level;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Span;
use crate::output::harmless;

use super::script::Source;
use super::terminal;

/// Prints an error, with its place where the statement it is about is known.
pub(super) fn print(error: &Error, place: Option<(&Source<'_>, Range<usize>)>) {
    terminal::say_styled(&describe(error, place));
}

/// The error of a file that cannot be read.
pub(super) fn unreadable(name: &str, error: io::Error) -> Error {
    Error::usage(Detail::InvalidFile, format!("`{name}` cannot be read: {error}")).caused_by(error)
}

/// The whole message: `file:line:column: error[CODE]: message`, the source line with a caret, help.
fn describe(error: &Error, place: Option<(&Source<'_>, Range<usize>)>) -> String {
    let mut out = format!("error[{}]: {}", error.code(), harmless::lines(error.message()));
    if let Some((source, statement)) = place {
        let span = absolute(error.span(), &statement, source.text);
        let (line, column) = Span::new(span.start, span.end).line_column(source.text);
        let line = source.first_line - 1 + line;
        out = format!("{}:{line}:{column}: {out}\n", harmless::one_line(source.name));
        out.push_str(&snippet(source, &statement, span));
    }
    if let Some(help) = error.help_text() {
        out.push_str("\nhelp: ");
        out.push_str(&harmless::lines(help));
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
fn snippet(source: &Source<'_>, statement: &Range<usize>, span: Range<usize>) -> String {
    let text = source.text;
    let from = text.get(..statement.start).and_then(|t| t.rfind('\n')).map_or(0, |at| at + 1);
    let end = statement.end.max(span.end);
    let to = text.get(end..).and_then(|t| t.find('\n')).map_or(text.len(), |at| end + at);
    let (first_line, _) = Span::new(from, from).line_column(text);
    // Escapes make the text longer, so the place is measured in what is shown.
    let shown = |range: Range<usize>| harmless::lines(text.get(range).unwrap_or(""));
    let (before, at) = (shown(from..span.start), shown(span.clone()));
    let lines = [before.as_ref(), at.as_ref(), shown(span.end..to).as_ref()].concat();
    let place = before.len()..before.len() + at.len();
    let group = Group::with_level(Level::ERROR).element(
        Snippet::source(lines)
            .line_start(source.first_line - 1 + first_line)
            .fold(true)
            .annotation(AnnotationKind::Primary.span(place)),
    );
    Renderer::styled().render(&[group])
}
