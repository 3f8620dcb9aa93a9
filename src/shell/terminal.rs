//! The gate before the terminal: nothing in data, file names or messages commands it.
//!
//! Owns what is written to a terminal. Results pass through [`Gate`], where standard output is one; messages go
//! through [`say`] or [`say_styled`], wherever standard error goes.

use std::io;
use std::io::IsTerminal;
use std::io::Write;

use crate::output::harmless;

/// A writer to a terminal that gets everything but line feeds and tabs escaped that could command it.
pub(super) struct Gate<W> {
    terminal: W,
    /// The beginning of a character whose end is yet to be written.
    unfinished: Vec<u8>,
}

impl<W: Write> Gate<W> {
    pub(super) fn new(terminal: W) -> Self {
        Self { terminal, unfinished: Vec::new() }
    }
}

impl<W: Write> Write for Gate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = std::mem::take(&mut self.unfinished);
        all.extend_from_slice(bytes);
        for chunk in all.utf8_chunks() {
            self.terminal.write_all(harmless::lines(chunk.valid()).as_bytes())?;
            let invalid = chunk.invalid();
            let cut_off = std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none());
            if cut_off && all.ends_with(invalid) {
                self.unfinished = invalid.to_vec();
            } else if !invalid.is_empty() {
                write!(self.terminal, "{}", char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.terminal.flush()
    }
}

/// Standard output: with the gate before it where it is a terminal, and byte for byte elsewhere.
pub(super) fn results() -> Box<dyn Write> {
    let out = io::BufWriter::new(io::stdout());
    if io::stdout().is_terminal() { Box::new(Gate::new(out)) } else { Box::new(out) }
}

/// Prints a line of text to standard error.
pub(super) fn say(text: &str) {
    say_styled(&harmless::lines(text));
}

/// Prints a text with colours of our own to standard error. Whatever else is in it is harmless already.
pub(super) fn say_styled(text: &str) {
    // Where nobody reads the errors there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Prints what is wrong with the arguments, or the help that was asked for.
pub(super) fn say_usage(error: &clap::Error) {
    let text = error.render().to_string();
    if harmless::lines(&text) == text {
        // In colours. Where nobody reads it there is nobody to tell.
        let _ = error.print();
    } else {
        // A file's name on the command line may be anything.
        say(text.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_may_be_written_in_pieces() {
        let text = "é\u{9b}31m网\u{1b}]0;x\u{7}\n🎉\t.";
        for step in 1..5 {
            let mut gate = Gate::new(Vec::new());
            text.as_bytes().chunks(step).for_each(|piece| gate.write_all(piece).unwrap());
            let written = String::from_utf8(gate.terminal).unwrap();
            assert_eq!(written, "é\\u009b31m网\\u001b]0;x\\u0007\n🎉\t.", "{step}");
        }
        let mut gate = Gate::new(Vec::new());
        gate.write_all(b"a\x9b31m\xc3").unwrap();
        gate.write_all(b"b").unwrap();
        assert_eq!(String::from_utf8(gate.terminal).unwrap(), "a\u{fffd}31m\u{fffd}b");
    }
}
