//! Files as blocks of whole records.

use std::collections::VecDeque;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use memchr::memchr_iter;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::input;
use crate::interchange::input::Input;

use super::scan::{Dialect, Field};

/// How much is read at a time, in bytes.
const BLOCK: usize = 4 << 20;
/// The longest record there may be, in bytes: what is longer has lost a quote.
const RECORD: usize = 256 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whole records of one file.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) file: Arc<Path>,
    pub(super) text: Vec<u8>,
    /// Where the records begin in the text: what is before is the header.
    pub(super) from: usize,
    /// The number of the text's first line.
    pub(super) line: u64,
}

/// Reads files, one after the other, as blocks.
pub(super) struct Blocks {
    dialect: Dialect,
    files: VecDeque<PathBuf>,
    open: Option<Open>,
    /// The text of the header, with its line end, once it is known.
    header: Option<Vec<u8>>,
    /// A block that was looked at, and given back.
    peeked: Option<Block>,
    read: Arc<AtomicU64>,
}

struct Open {
    file: Arc<Path>,
    input: Input,
    line: u64,
    begun: bool,
    /// What was read behind the last whole record.
    rest: Vec<u8>,
}

impl Blocks {
    /// What is read of the files is added to `read`.
    pub(super) fn new(dialect: Dialect, files: &[PathBuf], read: Arc<AtomicU64>) -> Self {
        let files = files.iter().cloned().collect();
        Self { dialect, files, open: None, header: None, peeked: None, read }
    }

    /// The fields of the header, which is the first record of the first file; nothing where all files are empty.
    pub(super) fn header(&mut self) -> Result<Option<(Arc<Path>, Vec<String>)>> {
        let Some(block) = self.next()? else { return Ok(None) };
        let text = self.header.as_deref().unwrap_or_default();
        let mut fields: Vec<Field> = Vec::new();
        let malformed = |at: usize, what: &str| {
            let line = 1 + memchr_iter(b'\n', text.get(..at).unwrap_or(text)).count();
            let message = format!("{}:{line}: in the header, {what}", block.file.display());
            Error::usage(Detail::InvalidRow, message)
        };
        self.dialect
            .record(text, 0, &mut fields)
            .map_err(|error| malformed(error.at, error.what))?;
        let field = |field: &Field| {
            let bytes = field.bytes(text, self.dialect).into_owned();
            let text = String::from_utf8(bytes)
                .map_err(|_| malformed(field.range.start, "the text is not UTF-8"))?;
            // People put blanks behind commas; what is in quotes is meant.
            Ok(if field.quoted { text } else { text.trim().to_owned() })
        };
        let fields = fields.iter().map(field).collect::<Result<_>>()?;
        let file = block.file.clone();
        self.peeked = Some(block);
        Ok(Some((file, fields)))
    }

    /// The first block, which stays the next one.
    pub(super) fn peek(&mut self) -> Result<Option<&Block>> {
        if self.peeked.is_none() {
            self.peeked = self.next()?;
        }
        Ok(self.peeked.as_ref())
    }

    /// The next block. That of a file that holds only the header has no records.
    pub(super) fn next(&mut self) -> Result<Option<Block>> {
        if let Some(block) = self.peeked.take() {
            return Ok(Some(block));
        }
        loop {
            let open = match &mut self.open {
                Some(open) => open,
                None => {
                    let Some(path) = self.files.pop_front() else { return Ok(None) };
                    let input = Input::open(&path, &self.read)?;
                    let file = path.into();
                    self.open.insert(Open { file, input, line: 1, begun: false, rest: Vec::new() })
                }
            };
            let Some(mut block) = open.block(self.dialect)? else {
                self.open = None;
                continue;
            };
            if !std::mem::replace(&mut open.begun, true) {
                self.skip_header(&mut block);
            }
            return Ok(Some(block));
        }
    }

    /// Passes over the header, in the first file and wherever another one repeats it.
    fn skip_header(&mut self, block: &mut Block) {
        if block.text.starts_with(BYTE_ORDER_MARK) {
            block.from = BYTE_ORDER_MARK.len();
        }
        let text = block.text.get(block.from..).unwrap_or_default();
        let end = self.dialect.record_end(text, 0).unwrap_or(text.len());
        let first = text.get(..end).unwrap_or_default();
        let trimmed = |line: &'_ [u8]| line.trim_ascii_end().to_vec();
        match &self.header {
            Some(header) if trimmed(header) != trimmed(first) => {}
            Some(_) => block.from += end,
            None => {
                self.header = Some(first.to_vec());
                block.from += end;
            }
        }
    }
}

impl Open {
    /// Reads until there is a whole record; nothing at the end of the file.
    fn block(&mut self, dialect: Dialect) -> Result<Option<Block>> {
        let mut text = std::mem::take(&mut self.rest);
        text.reserve(BLOCK + 1);
        let mut wanted = BLOCK.saturating_sub(text.len()).max(BLOCK / 2);
        let end = loop {
            let read = self.input.read_some(wanted, &mut text);
            let read = read.map_err(|error| input::failed("read", &self.file, error))?;
            if read < wanted {
                break text.len();
            }
            let end = dialect.last_record_end(&text);
            if end > 0 {
                break end;
            }
            if text.len() > RECORD {
                let message = format!(
                    "{}:{}: a record is longer than {} MiB",
                    self.file.display(),
                    self.line,
                    RECORD >> 20
                );
                let error = Error::usage(Detail::InvalidRow, message);
                return Err(error.help("Some quote before there is not closed."));
            }
            // Twice as much each time, so that a long record is not looked through too often.
            wanted = text.len();
        };
        self.rest = text.get(end..).unwrap_or_default().to_vec();
        text.truncate(end);
        if text.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        self.line += memchr_iter(b'\n', &text).count() as u64;
        Ok(Some(Block { file: self.file.clone(), text, from: 0, line }))
    }
}
