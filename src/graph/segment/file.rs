//! Segment files: reading one by position, and writing one from front to back.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::meter;
use crate::storage::SegmentFiles;
use crate::storage::SegmentReader;
use crate::storage::SegmentWriter;
use crate::value::Value;

use crate::graph::encoding;

use super::cache::ChunkCache;
use super::index::{IndexChunk, IndexDirectory};
use super::{Base, ChunkRef, DictionaryChunk, EncodedColumn, Index, Section, SectionKey};
use crate::graph::IndexId;

/// What a segment file begins with, before its format version.
const MAGIC: [u8; 8] = *b"redstrng";
/// The version of the format of segment files, and the oldest that is read: before 3 every chunk of an index but the
/// last was full, and readers counted on it.
const VERSION: u32 = 3;
const OLDEST_VERSION: u32 = 2;
const HEADER: u64 = 12;
/// How many files a base has at most; from there on the smaller half is joined into the new one.
const FILES: usize = 16;

/// A finished file. It is opened at its first use, and deleted after its last where no catalog names it: one that is
/// new and came to nothing, or one that is obsolete.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    number: u64,
    length: u64,
    files: Arc<dyn SegmentFiles>,
    cache: Arc<ChunkCache>,
    reader: OnceLock<Arc<dyn SegmentReader>>,
    named: AtomicBool,
}

impl SegmentFile {
    /// A file that a catalog names.
    pub(crate) fn new(
        number: u64,
        length: u64,
        files: Arc<dyn SegmentFiles>,
        cache: Arc<ChunkCache>,
    ) -> Self {
        let named = AtomicBool::new(true);
        Self { number, length, files, cache, reader: OnceLock::new(), named }
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

    /// A catalog is about to name it, so that it must be there whatever becomes of that.
    pub(crate) fn keep(&self) {
        self.named.store(true, Ordering::Relaxed);
    }

    /// No catalog names it any more, or none does yet: its last user deletes it.
    pub(crate) fn retire(&self) {
        self.named.store(false, Ordering::Relaxed);
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

    /// A chunk's bytes, with the checksum checked.
    pub(super) fn chunk(&self, at: &ChunkRef) -> Result<Vec<u8>> {
        let bytes = self.read(at.offset, at.length)?;
        if crc32fast::hash(&bytes) != at.checksum {
            return Err(self.damaged(at.offset, "its checksum is wrong"));
        }
        Ok(bytes)
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
        let readable = |known: u32| version == known.to_le_bytes();
        if !(OLDEST_VERSION..=VERSION).any(readable) {
            return Err(Error::storage(
                Detail::UnknownFormatVersion,
                format!(
                    "segment file `{name}` has a format version that is none of {OLDEST_VERSION} to {VERSION}"
                ),
            )
            .help("Open the store with the version of Redstring that wrote it."));
        }
        Ok(reader)
    }
}

impl Drop for SegmentFile {
    fn drop(&mut self) {
        // Another file may come to have its number.
        self.cache.forget(self.number);
        if !self.named.load(Ordering::Relaxed) {
            // What stays is deleted at the next open: no catalog names it.
            let _ = self.files.delete(&Self::name_of(self.number));
        }
    }
}

/// A segment file being written over a base: chunks in any order, then the index. Chunks that are not written again
/// stay where they are.
#[derive(Debug)]
pub(crate) struct SegmentBuilder {
    number: u64,
    writer: Box<dyn SegmentWriter>,
    offset: u64,
    /// The files of the base; the new one comes after them.
    kept: Vec<Arc<SegmentFile>>,
    index: Index,
}

/// A segment file that was written, and what its index needs.
#[derive(Debug)]
pub(crate) struct Written {
    /// All files that the index names, the new one last.
    pub(crate) files: Vec<Arc<SegmentFile>>,
    /// Where the index lies.
    pub(crate) index: ChunkRef,
    pub(crate) sections: Index,
}

impl SegmentBuilder {
    pub(crate) fn new(files: &dyn SegmentFiles, number: u64, base: &Base) -> Result<Self> {
        let mut writer = files.create(&SegmentFile::name_of(number))?;
        writer.write(&MAGIC)?;
        writer.write(&VERSION.to_le_bytes())?;
        let index = base.index()?.cloned().unwrap_or_default();
        Ok(Self { number, writer, offset: HEADER, kept: base.files().to_vec(), index })
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

    /// Writes the chunk at position `at` of an adjacency, in which so many nodes have so many links.
    pub(crate) fn adjacency(
        &mut self,
        section: SectionKey,
        at: u64,
        bytes: &[u8],
        (nodes, links): (u64, u64),
    ) -> Result<()> {
        let chunk = ChunkRef { count: links, nodes, ..self.write(bytes)? };
        self.place(section, at, chunk);
        Ok(())
    }

    /// Empties the chunk at position `at` of a section, if there is one.
    pub(crate) fn clear(&mut self, section: SectionKey, at: u64) {
        let section = self.index.sections.get_mut(&section);
        if let Some(chunk) = section.and_then(|section| section.chunks.get_mut(at as usize)) {
            *chunk = ChunkRef::default();
        }
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

    /// Begins a section anew and gives the chunks that it had, which are gone unless they are kept. It is there even
    /// if no chunk is written.
    pub(crate) fn section(&mut self, section: SectionKey) -> Vec<ChunkRef> {
        let before = self.index.sections.insert(section, Section::default());
        before.map_or_else(Vec::new, |before| before.chunks)
    }

    /// Appends a chunk that lies in a file of the base to a section.
    pub(crate) fn keep_chunk(&mut self, section: SectionKey, chunk: ChunkRef) {
        self.index.sections.entry(section).or_default().chunks.push(chunk);
    }

    /// Writes a chunk of an index and appends it, with how many values it has and whether its first is also the last of
    /// the chunk before.
    pub(crate) fn index_chunk(
        &mut self,
        section: SectionKey,
        entries: &[(Value, u64)],
        width: usize,
        (distinct, follows): (u64, bool),
    ) -> Result<()> {
        let bytes = IndexChunk::encode(entries, width)?;
        let count = entries.len() as u64;
        let kind = u8::from(follows);
        let chunk = ChunkRef { count, kind, nodes: distinct, ..self.write(&bytes)? };
        self.keep_chunk(section, chunk);
        Ok(())
    }

    /// Forgets the sections of all indexes but these.
    pub(crate) fn keep_indexes(&mut self, keep: impl Fn(IndexId) -> bool) {
        self.index.sections.retain(|section, _| match section {
            SectionKey::Index(id) => keep(IndexId(*id)),
            _ => true,
        });
    }

    /// Writes the directory of an index: the first entry of each of its chunks.
    pub(crate) fn directory(
        &mut self,
        section: SectionKey,
        firsts: &[(Value, u64)],
        width: usize,
        distinct: u64,
    ) -> Result<()> {
        let bytes = IndexDirectory::encode(firsts, width)?;
        let chunk = ChunkRef { count: distinct, ..self.write(&bytes)? };
        self.index.sections.entry(section).or_default().dictionary = Some(chunk);
        Ok(())
    }

    /// Writes the index and makes the file durable. Files that hold little else than what was written again are
    /// emptied into the new one, so that the files are at most twice as large as what they hold.
    pub(crate) fn finish(
        mut self,
        files: &Arc<dyn SegmentFiles>,
        cache: &Arc<ChunkCache>,
    ) -> Result<Written> {
        self.empty_sparse_files()?;
        self.forget_empty_files();
        let bytes = encoding::encode(&self.index, "the index of a segment")?;
        let index = self.write(&bytes)?;
        let length = self.writer.finish()?;
        let new = SegmentFile::new(self.number, length, files.clone(), cache.clone());
        new.retire();
        self.kept.push(Arc::new(new));
        Ok(Written { files: self.kept, index, sections: self.index })
    }

    /// Moves the chunks of files of which less than half is still in use, and of the smallest where there are many.
    fn empty_sparse_files(&mut self) -> Result<()> {
        let mut live = vec![0; self.kept.len()];
        for chunk in self.index.chunks_mut() {
            if let Some(live) = live.get_mut(chunk.file as usize) {
                *live += chunk.length;
            }
        }
        let mut by_size: Vec<usize> = (0..live.len()).collect();
        by_size.sort_by_key(|file| live.get(*file));
        let excess = if live.len() < FILES { 0 } else { FILES / 2 };
        let mut moved = vec![false; live.len()];
        for (rank, file) in by_size.into_iter().enumerate() {
            let length = self.kept.get(file).map_or(0, |file| file.length());
            let sparse = live.get(file).is_some_and(|live| live.saturating_mul(2) < length);
            if let Some(moved) = moved.get_mut(file) {
                *moved = sparse || rank < excess;
            }
        }
        let mut index = std::mem::take(&mut self.index);
        for chunk in index.chunks_mut() {
            if moved.get(chunk.file as usize) == Some(&true)
                && let Some(file) = self.kept.get(chunk.file as usize).cloned()
            {
                let bytes = file.chunk(chunk)?;
                let place = self.write(&bytes)?;
                (chunk.file, chunk.offset) = (place.file, place.offset);
            }
        }
        self.index = index;
        Ok(())
    }

    /// Drops the files that hold nothing, and numbers the rest anew.
    fn forget_empty_files(&mut self) {
        let new = self.kept.len();
        let mut used = vec![false; new + 1];
        for chunk in self.index.chunks_mut() {
            if let Some(used) = used.get_mut(chunk.file as usize) {
                *used = true;
            }
        }
        let mut places = vec![0; new + 1];
        let mut kept = Vec::new();
        for (at, file) in self.kept.iter().enumerate() {
            places[at] = kept.len() as u32;
            if used[at] {
                kept.push(file.clone());
            }
        }
        places[new] = kept.len() as u32;
        for chunk in self.index.chunks_mut() {
            chunk.file = places.get(chunk.file as usize).copied().unwrap_or_default();
        }
        self.kept = kept;
    }

    /// Every chunk goes through here, so that a statement that writes segments can be ended between two.
    fn write(&mut self, bytes: &[u8]) -> Result<ChunkRef> {
        meter::check()?;
        self.writer.write(bytes)?;
        let chunk = ChunkRef {
            file: self.kept.len() as u32,
            offset: self.offset,
            length: bytes.len() as u64,
            checksum: crc32fast::hash(bytes),
            ..ChunkRef::default()
        };
        self.offset += chunk.length;
        Ok(chunk)
    }
}
