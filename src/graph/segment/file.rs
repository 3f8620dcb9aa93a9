//! Segment files: reading one by position, and writing one from front to back.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage::SegmentFiles;
use crate::storage::SegmentReader;
use crate::storage::SegmentWriter;

use super::cache::ChunkCache;
use super::{ChunkRef, DictionaryChunk, EncodedColumn, Index, Section, SectionKey};

/// What a segment file begins with, before its format version.
const MAGIC: [u8; 8] = *b"redstrng";
/// The version of the format of segment files.
const VERSION: u32 = 2;
const HEADER: u64 = 12;

/// A finished file. It is opened at its first use, and deleted after its last once it is obsolete.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    number: u64,
    length: u64,
    files: Arc<dyn SegmentFiles>,
    cache: Arc<ChunkCache>,
    reader: OnceLock<Arc<dyn SegmentReader>>,
    obsolete: AtomicBool,
}

impl SegmentFile {
    pub(crate) fn new(
        number: u64,
        length: u64,
        files: Arc<dyn SegmentFiles>,
        cache: Arc<ChunkCache>,
    ) -> Self {
        let obsolete = AtomicBool::new(false);
        Self { number, length, files, cache, reader: OnceLock::new(), obsolete }
    }

    /// The name of the file with this number.
    pub(crate) fn name_of(number: u64) -> String {
        format!("segment-{number:010}")
    }

    /// The number in the name of a file.
    pub(crate) fn number_of(name: &str) -> Option<u64> {
        name.strip_prefix("segment-")?.parse().ok()
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// No catalog names it any more: its last user deletes it.
    pub(crate) fn retire(&self) {
        self.obsolete.store(true, Ordering::Relaxed);
    }

    pub(super) fn damaged(&self, offset: u64, what: &str) -> Error {
        Error::corruption(format!(
            "segment file `{}` is damaged at byte {offset}: {what}",
            Self::name_of(self.number)
        ))
        .help("Restore the store from a copy.")
    }

    pub(super) fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        let reader = match self.reader.get() {
            Some(reader) => reader,
            None => {
                let reader = self.open()?;
                self.reader.get_or_init(|| reader)
            }
        };
        let length = usize::try_from(length)
            .map_err(|_| self.damaged(offset, "a chunk is larger than the address space"))?;
        reader.read_at(offset, length)
    }

    fn open(&self) -> Result<Arc<dyn SegmentReader>> {
        let name = Self::name_of(self.number);
        let reader = self.files.open(&name)?;
        if reader.len() != self.length {
            return Err(self
                .damaged(0, &format!("it has {} bytes instead of {}", reader.len(), self.length)));
        }
        let header = reader.read_at(0, HEADER as usize)?;
        let (magic, version) = header.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(self.damaged(0, "it does not begin as a segment file does"));
        }
        if version != VERSION.to_le_bytes() {
            return Err(Error::storage(
                Detail::UnknownFormatVersion,
                format!("segment file `{name}` has another format version than {VERSION}"),
            )
            .help("Open the store with the version of Redstring that wrote it."));
        }
        Ok(reader)
    }
}

impl Drop for SegmentFile {
    fn drop(&mut self) {
        if self.obsolete.load(Ordering::Relaxed) {
            self.cache.forget(self.number);
            // What stays is deleted at the next open: no catalog names it.
            let _ = self.files.delete(&Self::name_of(self.number));
        }
    }
}

/// A segment file being written: chunks in any order, then the index.
#[derive(Debug)]
pub(crate) struct SegmentBuilder {
    number: u64,
    writer: Box<dyn SegmentWriter>,
    offset: u64,
    index: Index,
}

impl SegmentBuilder {
    pub(crate) fn new(files: &dyn SegmentFiles, number: u64) -> Result<Self> {
        let mut writer = files.create(&SegmentFile::name_of(number))?;
        writer.write(&MAGIC)?;
        writer.write(&VERSION.to_le_bytes())?;
        Ok(Self { number, writer, offset: HEADER, index: Index::default() })
    }

    /// Writes the chunk at position `at` of a section.
    pub(crate) fn chunk(
        &mut self,
        section: SectionKey,
        at: u64,
        bytes: &[u8],
        count: u64,
    ) -> Result<()> {
        let chunk = ChunkRef { count, ..self.write(bytes)? };
        self.place(section, at, chunk);
        Ok(())
    }

    /// Writes the chunk at position `at` of a column.
    pub(crate) fn column(
        &mut self,
        section: SectionKey,
        at: u64,
        column: &EncodedColumn,
    ) -> Result<()> {
        let chunk = ChunkRef {
            count: column.count,
            kind: column.kind as u8,
            bounds: column.bounds,
            ..self.write(&column.bytes)?
        };
        self.place(section, at, chunk);
        Ok(())
    }

    fn place(&mut self, section: SectionKey, at: u64, chunk: ChunkRef) {
        let Section { chunks, .. } = self.index.sections.entry(section).or_default();
        let at = at as usize;
        if chunks.len() <= at {
            chunks.resize(at + 1, ChunkRef::default());
        }
        if let Some(slot) = chunks.get_mut(at) {
            *slot = chunk;
        }
    }

    /// Writes the dictionary of a column.
    pub(crate) fn dictionary(&mut self, section: SectionKey, words: &[Arc<str>]) -> Result<()> {
        let bytes = DictionaryChunk::encode(words);
        let chunk = ChunkRef { count: words.len() as u64, ..self.write(&bytes)? };
        self.index.sections.entry(section).or_default().dictionary = Some(chunk);
        Ok(())
    }

    /// Writes the index and makes the file durable. Says its length and where the index lies.
    pub(crate) fn finish(mut self) -> Result<(u64, ChunkRef)> {
        let config = bincode::config::standard();
        let bytes = bincode::serde::encode_to_vec(&self.index, config).map_err(|error| {
            Error::internal(format!("the index of segment {} cannot be encoded", self.number))
                .caused_by(error)
        })?;
        let at = self.write(&bytes)?;
        Ok((self.writer.finish()?, at))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<ChunkRef> {
        self.writer.write(bytes)?;
        let chunk = ChunkRef {
            offset: self.offset,
            length: bytes.len() as u64,
            checksum: crc32fast::hash(bytes),
            ..ChunkRef::default()
        };
        self.offset += chunk.length;
        Ok(chunk)
    }
}
