//! A script as it comes: read in blocks, handed on piece by piece.
//!
//! Owns the reading of scripts. A statement is handed on as soon as its semicolon is there, so that a program can drive
//! the shell and a long script takes no more memory than its longest statement. It must not know what pieces do.

use std::io;
use std::io::ErrorKind;
use std::io::Read;

use super::split::{Piece, Scan};

/// Bytes that are read at a time, at most.
const BLOCK: usize = 1 << 16;

/// A text with the name that errors call it by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    /// The number of the first line of the text, counted from 1.
    pub(super) first_line: usize,
}

/// A script and how far it was read.
pub(super) struct Script<'a> {
    name: &'a str,
    input: &'a mut dyn Read,
    /// What was read and is not run yet, from the beginning of a line.
    text: String,
    /// The beginning of a character whose end is yet to be read.
    undecoded: Vec<u8>,
    first_line: usize,
    /// Where the piece before the current one ended.
    from: usize,
    scan: Scan,
    /// Where the current piece ends.
    next: usize,
    block: Vec<u8>,
    ended: bool,
    /// Why nothing can be read behind the text.
    broken: Option<io::Error>,
}

impl<'a> Script<'a> {
    pub(super) fn new(name: &'a str, input: &'a mut dyn Read) -> Self {
        Self {
            name,
            input,
            text: String::new(),
            undecoded: Vec::new(),
            first_line: 1,
            from: 0,
            scan: Scan::default(),
            next: 0,
            block: vec![0; BLOCK],
            ended: false,
            broken: None,
        }
    }

    /// The next piece; none at the end. It waits for no more of the input than it needs.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        self.from = self.next;
        self.forget_lines();
        loop {
            if let Some(piece) = self.scan.next(&self.text, self.ended) {
                self.next = piece.next;
                self.scan = Scan::new(piece.next);
                return Ok(Some(piece));
            }
            if let Some(error) = self.broken.take() {
                return Err(error);
            }
            if self.ended {
                return Ok(None);
            }
            if let Err(error) = self.read() {
                // The piece that it is in is not whole.
                (self.broken, self.ended) = (Some(error), false);
            }
        }
    }

    /// The text around the current piece.
    pub(super) fn source(&self) -> Source<'_> {
        Source { name: self.name, text: &self.text, first_line: self.first_line }
    }

    /// The piece with the comments before it.
    pub(super) fn commented(&self, piece: &Piece) -> &str {
        self.text.get(self.from..piece.range.end).unwrap_or_default().trim()
    }

    /// Drops the lines that lie before the current piece.
    fn forget_lines(&mut self) {
        let done = self.text.get(..self.from).and_then(|done| done.rfind('\n'));
        let Some(cut) = done.map(|at| at + 1) else { return };
        // A block may hold many short statements: text is moved once for many of them.
        if cut < BLOCK && cut < self.text.len() {
            return;
        }
        self.first_line += self.text.drain(..cut).filter(|c| *c == '\n').count();
        self.from -= cut;
        self.scan.moved(cut);
    }

    fn read(&mut self) -> io::Result<()> {
        let length = loop {
            match self.input.read(&mut self.block) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.ended = length == 0;
        let mut bytes = std::mem::take(&mut self.undecoded);
        bytes.extend_from_slice(self.block.get(..length).unwrap_or_default());
        match std::str::from_utf8(&bytes) {
            Ok(text) => self.text.push_str(text),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                self.text.push_str(&String::from_utf8_lossy(valid));
                if error.error_len().is_some() || self.ended {
                    let line = self.first_line + self.text.matches('\n').count();
                    let message = format!("line {line} is not UTF-8");
                    return Err(io::Error::new(ErrorKind::InvalidData, message));
                }
                self.undecoded = rest.to_vec();
            }
        }
        Ok(())
    }
}
