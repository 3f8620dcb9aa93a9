//! Files as blocks of whole records.

use std::collections::VecDeque;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::ImportOptions;
use crate::interchange::input;
use crate::interchange::input::Input;
use crate::interchange::lines;

use super::later::{Expected, First};
use super::scan::{Dialect, Field, is_blank};

/// How much is read at a time, in bytes.
const BLOCK: usize = 4 << 20;
/// What old systems put at the end of a text.
const CTRL_Z: u8 = 0x1a;

/// Whole records of one file.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) file: Arc<Path>,
    pub(super) text: Vec<u8>,
    /// Where the records begin in the text: what is before is the header.
    pub(super) from: usize,
    /// The number of the text's first line.
    pub(super) line: u64,
    /// Where the columns of the first file are, if the header of this one has them in another order.
    pub(super) order: Option<Arc<[usize]>>,
}

/// Reads files, one after the other, as blocks.
pub(super) struct Blocks {
    dialect: Dialect,
    /// Whether a last Ctrl-Z is no text.
    ctrl_z: bool,
    /// How long a record may be, in bytes.
    longest: usize,
    files: VecDeque<PathBuf>,
    open: Option<Open>,
    /// The header of the first file, until it is asked for.
    header: Option<Vec<String>>,
    expected: Option<Expected>,
    /// A block that was looked at, and given back.
    peeked: Option<Block>,
    read: Arc<AtomicU64>,
}

struct Open {
    file: Arc<Path>,
    input: Input,
    line: u64,
    /// Whether its first record was looked at.
    begun: bool,
    order: Option<Arc<[usize]>>,
    /// What was read behind the last whole record.
    rest: Vec<u8>,
}

impl Blocks {
    /// What is read of the files is added to `read`.
    pub(super) fn new(
        dialect: Dialect,
        options: &ImportOptions,
        files: &[PathBuf],
        read: Arc<AtomicU64>,
    ) -> Self {
        let files = files.iter().cloned().collect();
        Self {
            dialect,
            ctrl_z: options.ctrl_z,
            longest: input::longest_record(options.memory_bytes),
            files,
            open: None,
            header: None,
            expected: None,
            peeked: None,
            read,
        }
    }

    /// The fields of the header, which is the first record of the first file; nothing where all files are empty.
    pub(super) fn header(&mut self) -> Result<Option<(Arc<Path>, Vec<String>)>> {
        let Some(block) = self.next()? else { return Ok(None) };
        let file = block.file.clone();
        self.peeked = Some(block);
        Ok(self.header.take().map(|fields| (file, fields)))
    }

    /// Says what the first records of the other files are compared with.
    pub(super) fn expect(&mut self, expected: Expected) {
        self.expected = Some(expected);
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
                    self.open.insert(Open {
                        file,
                        input,
                        line: 1,
                        begun: false,
                        order: None,
                        rest: Vec::new(),
                    })
                }
            };
            let Some(mut block) = open.block(self.dialect, self.ctrl_z, self.longest)? else {
                self.open = None;
                continue;
            };
            if !open.begun {
                let Some(from) = self.first_record(&block) else { continue };
                block.from = from;
                let (order, behind) = self.begin(&block)?;
                block.from = behind;
                block.order.clone_from(&order);
                if let Some(open) = &mut self.open {
                    (open.begun, open.order) = (true, order);
                }
            }
            return Ok(Some(block));
        }
    }

    /// Where the first record of a block begins, behind empty lines and comments.
    fn first_record(&self, block: &Block) -> Option<usize> {
        let mut fields = Vec::new();
        let mut at = 0;
        while at < block.text.len() {
            match self.dialect.record(&block.text, at, &mut fields) {
                Ok(next) if is_blank(&fields) => at = next,
                _ => return Some(at),
            }
        }
        None
    }

    /// Looks at the first record of a file: where its columns are, and where the data begin.
    fn begin(&mut self, block: &Block) -> Result<(Option<Arc<[usize]>>, usize)> {
        let Block { file, text, from, .. } = block;
        let line = block.line + lines::count(text, 0..*from) as u64;
        let mut fields: Vec<Field> = Vec::new();
        let split = self.dialect.record(text, *from, &mut fields);
        let later = self.header.is_some() || self.expected.is_some();
        let malformed = |at: usize, what: &str| {
            let line = block.line + lines::count(text, 0..at) as u64;
            let message = format!("{}:{line}: in the header, {what}", file.display());
            Error::usage(Detail::InvalidRow, message)
        };
        let behind = match split {
            Ok(behind) => behind,
            // Its turn comes as a row.
            Err(_) if later => return Ok((None, *from)),
            Err(error) => return Err(malformed(error.at, error.what)),
        };
        let field = |field: &Field| {
            let bytes = field.bytes(text, self.dialect).into_owned();
            let text = String::from_utf8(bytes)
                .map_err(|_| malformed(field.range.start, "the text is not UTF-8"))?;
            // People put blanks behind commas; what is in quotes is meant.
            Ok(if field.quoted { text } else { text.trim().to_owned() })
        };
        let record = fields.iter().map(field).collect::<Result<Vec<_>>>();
        match &self.expected {
            Some(expected) => {
                let Ok(record) = record else { return Ok((None, *from)) };
                match expected.judge(file, line, &record)? {
                    First::Data => Ok((None, *from)),
                    First::Header(order) => Ok((order, behind)),
                }
            }
            None => {
                self.header = Some(record?);
                Ok((None, behind))
            }
        }
    }
}

impl Open {
    /// Reads until there is a whole record; nothing at the end of the file.
    fn block(&mut self, dialect: Dialect, ctrl_z: bool, longest: usize) -> Result<Option<Block>> {
        let mut text = std::mem::take(&mut self.rest);
        text.reserve(BLOCK + 1);
        let mut wanted = BLOCK.saturating_sub(text.len()).max(BLOCK / 2);
        let end = loop {
            let read = self.input.read_some(wanted, &mut text);
            let read = read.map_err(|error| input::failed("read", &self.file, error))?;
            if read < wanted {
                if ctrl_z {
                    strip_ctrl_z(&mut text);
                }
                break text.len();
            }
            let end = dialect.last_record_end(&text);
            if end > 0 {
                break end;
            }
            if text.len() > longest {
                return Err(input::too_long(&self.file, self.line, longest));
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
        self.line += lines::count(&text, 0..text.len()) as u64;
        let (file, order) = (self.file.clone(), self.order.clone());
        Ok(Some(Block { file, text, from: 0, line, order }))
    }
}

/// Takes a last Ctrl-Z away, and line ends behind it.
fn strip_ctrl_z(text: &mut Vec<u8>) {
    let end = text.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r'));
    if let Some(end) = end.filter(|end| text.get(*end) == Some(&CTRL_Z)) {
        text.truncate(end);
    }
}
