//! A file as blocks of whole lines, which several threads can read.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::error::Result;

use super::input;
use super::input::Input;

/// How much is read at a time, in bytes.
const BLOCK: usize = 1 << 19;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whole lines.
pub(super) struct TextBlock {
    pub(super) text: Vec<u8>,
    /// The number of the first line.
    pub(super) line: u64,
}

/// See the module.
pub(super) struct TextBlocks<'a> {
    file: &'a Path,
    input: Input,
    line: u64,
    begun: bool,
    /// What was read behind the last whole line.
    rest: Vec<u8>,
    /// How long a line may be, in bytes.
    longest: usize,
}

impl<'a> TextBlocks<'a> {
    /// Opens a file whose lines are no longer than this. What is read of it is added to `count`.
    pub(super) fn open(file: &'a Path, count: &Arc<AtomicU64>, longest: usize) -> Result<Self> {
        let input = Input::open(file, count)?;
        Ok(Self { file, input, line: 1, begun: false, rest: Vec::new(), longest })
    }

    /// The next block; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<TextBlock>> {
        // Room for all of it at once: growing would copy it several times.
        let mut text = Vec::with_capacity(self.rest.len() + BLOCK + 1);
        text.append(&mut self.rest);
        let mut wanted = BLOCK;
        let end = loop {
            let from = text.len();
            let read = self.input.read_some(wanted, &mut text);
            let read = read.map_err(|error| input::failed("read", self.file, error))?;
            let new = text.get(from..).unwrap_or_default();
            match memchr::memrchr(b'\n', new) {
                _ if read < wanted => break text.len(),
                Some(at) => break from + at + 1,
                None if text.len() > self.longest => {
                    return Err(input::too_long(self.file, self.line, self.longest));
                }
                // Twice as much each time, so that a long line is not copied too often.
                None => wanted = text.len(),
            }
        };
        self.rest.extend_from_slice(text.get(end..).unwrap_or_default());
        text.truncate(end);
        if !std::mem::replace(&mut self.begun, true) && text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        if text.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        self.line += memchr::memchr_iter(b'\n', &text).count() as u64;
        Ok(Some(TextBlock { text, line }))
    }
}
