//! Segments: immutable, read-optimised files below the delta.
//!
//! Owns the file format: chunks of consecutive ids, each with a checksum in the index; an index of sections at
//! the end of the newest file, which may name chunks of older ones. Nothing is read before it is asked for.
//! It may not know of deltas, tokens or the log.

mod adjacency;
mod bitmap;
mod bytes;
mod cache;
mod column;
mod dictionary;
mod file;
mod index;
mod membership;
mod packed;
mod piece;
mod record;
mod verify;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;

use serde::Deserialize;
use serde::Serialize;

use crate::error::Error;
use crate::error::Result;
use crate::value::NodeId;

use super::encoding;
use super::index::{IndexStatistics, Run};
use super::schema::{IndexId, IndexKind, SchemaTarget};
use super::{KeyId, PropertyStatistics, TypeId};

use membership::{Directory, Tables};

pub(super) use adjacency::AdjacencyChunk;
pub(super) use bitmap::BitmapChunk;
pub(super) use cache::ChunkCache;
pub(super) use column::{ColumnChunk, ColumnReader, DictionaryChunk, EncodedColumn};
pub(super) use dictionary::Dictionary;
pub(super) use file::{SegmentBuilder, SegmentFile};
pub(super) use index::{INDEX_CHUNK, IndexChunk, IndexDirectory, IndexReader};
pub(super) use membership::{Family, Holding};
pub(super) use piece::{PIECE, Piece, PieceColumn};
pub(super) use record::RecordChunk;

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum SectionKey {
    /// The nodes that exist.
    Nodes,
    /// The relationships that exist.
    Relationships,
    /// The nodes with a label.
    Label(u32),
    /// The relationships of a type.
    OfType(u32),
    /// The links of a type by their start.
    Outgoing(u32),
    /// The links of a type by their end.
    Incoming(u32),
    /// Type, start and end by relationship.
    Records,
    /// A property of nodes.
    NodeColumn(u32),
    /// A property of relationships.
    RelationshipColumn(u32),
    /// The entries of an index. Its chunks are pieces of the order, not of the ids.
    Index(u32),
}

/// Where a chunk lies and how to know it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct ChunkRef {
    /// Position in [`Index::files`].
    pub(super) file: u32,
    pub(super) offset: u64,
    /// In bytes; 0 for a chunk that holds nothing and was not written.
    pub(super) length: u64,
    pub(super) checksum: u32,
    /// How many ids, links or values it holds.
    pub(super) count: u64,
    /// The type of a column's values; in an index whether its first value is also the last of the chunk before.
    pub(super) kind: u8,
    /// How many nodes of a chunk of adjacency have links, how many values a chunk of an index has.
    pub(super) nodes: u64,
    /// The least and the greatest value of a chunk of integers or floats, as the bits of their type.
    pub(super) bounds: Option<(u64, u64)>,
}

/// What a [`ChunkRef`] says of the content of its chunk, or the content of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Content {
    pub(super) count: u64,
    pub(super) kind: u8,
    pub(super) nodes: u64,
    pub(super) bounds: Option<(u64, u64)>,
}

impl ChunkRef {
    fn content(&self) -> Content {
        let Self { count, kind, nodes, bounds, .. } = *self;
        Content { count, kind, nodes, bounds }
    }
}

/// The chunks of one section; chunk `i` covers the ids from `i << SHIFT` on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Section {
    pub(super) chunks: Vec<ChunkRef>,
    /// The words of a column with a dictionary, the directory of an index.
    pub(super) dictionary: Option<ChunkRef>,
}

/// All sections of a checkpoint.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Index {
    pub(super) sections: BTreeMap<SectionKey, Section>,
}

impl Index {
    /// Every chunk that was written, those of dictionaries included.
    fn chunks_mut(&mut self) -> impl Iterator<Item = &mut ChunkRef> {
        let sections = self.sections.values_mut();
        sections
            .flat_map(|section| section.chunks.iter_mut().chain(&mut section.dictionary))
            .filter(|chunk| chunk.length > 0)
    }

    /// The index that the bytes hold.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        encoding::decode(bytes)
    }
}

/// A piece of a section, decoded into what can be used directly.
pub(super) trait Chunk: Sized + Send + Sync + 'static {
    /// Ids per chunk, as a shift.
    const SHIFT: u32;

    /// The chunk, or nothing where the bytes make no sense.
    fn decode(bytes: &[u8]) -> Option<Self>;

    /// Bytes it takes in memory.
    fn size(&self) -> usize;

    /// What whoever names it has to say of it.
    fn content(&self) -> Content;

    /// Reads everything in it, as a test does; what is not read by position needs no such test.
    fn read_all(&self) {}
}

/// The segments of one checkpoint.
#[derive(Debug)]
pub(super) struct Base {
    /// Of the checkpoint; 0 for the empty base.
    pub(super) generation: u64,
    /// The last commit in it.
    pub(super) sequence: u64,
    files: Vec<Arc<SegmentFile>>,
    index_at: Option<ChunkRef>,
    index: OnceLock<Index>,
    cache: Arc<ChunkCache>,
    /// Indexes that were created after it, sorted when they were first asked for.
    runs: Mutex<BTreeMap<RunKey, RunSlot>>,
    /// Which sections hold something of which chunk, made when it is first asked for.
    directory: OnceLock<Directory>,
    /// The tables that were used last, and the number under which the cache keeps tables.
    tables: Tables,
    derived: u64,
    /// Chunks that were read to make tables.
    decoded: AtomicU64,
}

/// What an index is of: the same for all indexes that would hold the same of this base.
type RunKey = (SchemaTarget, Vec<KeyId>, IndexKind);

/// Locked while the run in it is made.
type RunSlot = Arc<Mutex<Option<Arc<Run>>>>;

impl Default for Base {
    fn default() -> Self {
        Self::new(0, 0, Vec::new(), None, Arc::new(ChunkCache::new(0)))
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        if self.directory.get().is_some() {
            self.cache.forget(self.derived);
        }
    }
}

impl Base {
    pub(super) fn new(
        generation: u64,
        sequence: u64,
        files: Vec<Arc<SegmentFile>>,
        index_at: Option<ChunkRef>,
        cache: Arc<ChunkCache>,
    ) -> Self {
        Self {
            generation,
            sequence,
            files,
            index_at,
            index: OnceLock::new(),
            cache,
            runs: Mutex::default(),
            directory: OnceLock::new(),
            tables: Tables::default(),
            derived: membership::unused_file(),
            decoded: AtomicU64::new(0),
        }
    }

    /// Whether there is nothing below the delta.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.index_at.is_none()
    }

    /// The files it reads.
    pub(super) fn files(&self) -> &[Arc<SegmentFile>] {
        &self.files
    }

    /// Bytes in its files.
    pub(super) fn size(&self) -> u64 {
        self.files.iter().map(|file| file.length()).sum()
    }

    /// How many ids are in a set.
    pub(super) fn count(&self, section: SectionKey) -> Result<u64> {
        let section = self.index()?.and_then(|index| index.sections.get(&section));
        Ok(section.map_or(0, |section| section.chunks.iter().map(|chunk| chunk.count).sum()))
    }

    /// Whether an id is in a set.
    pub(super) fn contains(&self, section: SectionKey, id: u64) -> Result<bool> {
        match self.bits(section)? {
            Some(mut reader) => reader.contains(id),
            None => Ok(false),
        }
    }

    /// Type, start and end of a relationship.
    pub(super) fn record(&self, id: u64) -> Result<Option<(TypeId, NodeId, NodeId)>> {
        match self.records()? {
            Some(mut reader) => reader.record(id),
            None => Ok(None),
        }
    }

    pub(super) fn records(&self) -> Result<Option<Reader<'_, RecordChunk>>> {
        self.reader(SectionKey::Records)
    }

    pub(super) fn bits(&self, section: SectionKey) -> Result<Option<Reader<'_, BitmapChunk>>> {
        self.reader(section)
    }

    pub(super) fn column(&self, section: SectionKey) -> Result<Option<ColumnReader<'_>>> {
        let Some(reader) = self.reader(section)? else { return Ok(None) };
        ColumnReader::new(reader).map(Some)
    }

    /// The adjacency of these types, as far as relationships have them.
    pub(super) fn adjacency(
        &self,
        family: Family,
        types: &[u32],
    ) -> Result<Vec<(u32, Reader<'_, AdjacencyChunk>)>> {
        let mut readers = Vec::new();
        for of_type in types {
            if let Some(reader) = self.reader(family.section(*of_type))? {
                readers.push((*of_type, reader));
            }
        }
        Ok(readers)
    }

    /// The numbers of the first sections of a family, ascending, up to so many.
    pub(super) fn numbers(&self, family: Family, most: usize) -> Result<Vec<u32>> {
        let Some(index) = self.index()? else { return Ok(Vec::new()) };
        let sections = index.sections.range(family.section(0)..=family.section(u32::MAX));
        Ok(sections.take(most).filter_map(|(section, _)| Family::number(*section)).collect())
    }

    /// What the index knows of a column; nothing where no entity had the property at the checkpoint.
    pub(super) fn column_statistics(
        &self,
        section: SectionKey,
    ) -> Result<Option<PropertyStatistics>> {
        let section = self.index()?.and_then(|index| index.sections.get(&section));
        Ok(section.map(column::statistics))
    }

    /// The words of a column, in the order of their codes.
    pub(super) fn words(&self, section: SectionKey) -> Result<Arc<Vec<Arc<str>>>> {
        let section = self.index()?.and_then(|index| index.sections.get(&section));
        match section.and_then(|section| section.dictionary.as_ref()) {
            Some(at) => Ok(self.load::<DictionaryChunk>(at)?.words.clone()),
            None => Ok(Arc::default()),
        }
    }

    /// The entries of an index; nothing where it was created after the checkpoint.
    pub(super) fn index_entries(&self, id: IndexId) -> Result<Option<IndexReader<'_>>> {
        let Some(reader) = self.reader(SectionKey::Index(id.0))? else { return Ok(None) };
        IndexReader::new(reader).map(Some)
    }

    /// Whether it holds an index.
    pub(super) fn has_index(&self, id: IndexId) -> Result<bool> {
        let index = self.index()?;
        Ok(index.is_some_and(|index| index.sections.contains_key(&SectionKey::Index(id.0))))
    }

    /// How large an index is; nothing where it was created after the checkpoint.
    pub(super) fn index_statistics(&self, id: IndexId) -> Result<Option<IndexStatistics>> {
        let index = self.index()?;
        let section = index.and_then(|index| index.sections.get(&SectionKey::Index(id.0)));
        Ok(section.map(|section| IndexStatistics {
            entries: section.chunks.iter().map(|chunk| chunk.count).sum(),
            distinct: section.dictionary.map_or(0, |directory| directory.count),
        }))
    }

    /// The sorted entries of an index that was created after the checkpoint, sorted now if need be.
    pub(super) fn run(&self, key: RunKey, sort: impl FnOnce() -> Result<Run>) -> Result<Arc<Run>> {
        // Who asks for another one need not wait.
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = runs.entry(key).or_default().clone();
        drop(runs);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(run) => Ok(run.clone()),
            None => Ok(slot.insert(Arc::new(sort()?)).clone()),
        }
    }

    /// As [`Base::run`], where it was sorted already.
    pub(super) fn run_if_made(&self, key: &RunKey) -> Option<Arc<Run>> {
        let slot = self.runs.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        slot?.try_lock().ok()?.clone()
    }

    fn reader<T: Chunk>(&self, section: SectionKey) -> Result<Option<Reader<'_, T>>> {
        let Some(index) = self.index()? else { return Ok(None) };
        Ok(index.sections.get(&section).map(|section| Reader::new(self, section)))
    }

    /// The index, read at its first use; nothing for the empty base.
    pub(super) fn index(&self) -> Result<Option<&Index>> {
        let Some(at) = &self.index_at else { return Ok(None) };
        if let Some(index) = self.index.get() {
            return Ok(Some(index));
        }
        let (file, bytes) = self.read(at)?;
        let index = Index::decode(&bytes)
            .ok_or_else(|| file.damaged(at.offset, "the index cannot be decoded"))?;
        Ok(Some(self.index.get_or_init(|| index)))
    }

    /// A chunk's bytes, with the checksum checked.
    fn read(&self, at: &ChunkRef) -> Result<(&SegmentFile, Vec<u8>)> {
        let file = self.files.get(at.file as usize).ok_or_else(|| {
            Error::corruption(format!("a segment chunk lies in file number {} of none", at.file))
        })?;
        Ok((file, file.chunk(at)?))
    }

    /// A chunk by way of the cache.
    fn load<T: Chunk>(&self, at: &ChunkRef) -> Result<Arc<T>> {
        let number = self.files.get(at.file as usize).map_or(u64::MAX, |file| file.number());
        self.cache.get((number, at.offset), || {
            let (file, bytes) = self.read(at)?;
            match T::decode(&bytes) {
                Some(chunk) => {
                    let size = chunk.size() as u64 + 64;
                    Ok((chunk, size))
                }
                None => Err(file.damaged(at.offset, "it cannot be decoded")),
            }
        })
    }
}

/// How many chunks a reader keeps at hand; a power of two.
const MEMO: usize = 64;

/// Reads one section for the time of one call. It keeps the chunks it has met, so that going from one to
/// another and back costs a comparison.
pub(super) struct Reader<'a, T> {
    base: &'a Base,
    section: &'a Section,
    memo: [Option<(u64, Arc<T>)>; MEMO],
}

impl<'a, T: Chunk> Reader<'a, T> {
    fn new(base: &'a Base, section: &'a Section) -> Self {
        Self { base, section, memo: [const { None }; MEMO] }
    }

    fn chunk_count(&self) -> u64 {
        self.section.chunks.len() as u64
    }

    /// The chunk that covers an id, if one was written.
    #[inline]
    fn chunk(&mut self, id: u64) -> Result<Option<&T>> {
        let number = id >> T::SHIFT;
        let slot = number as usize & (MEMO - 1);
        if !matches!(&self.memo[slot], Some((met, _)) if *met == number) {
            self.meet(number, slot)?;
        }
        Ok(match &self.memo[slot] {
            Some((met, chunk)) if *met == number => Some(chunk),
            _ => None,
        })
    }

    #[cold]
    fn meet(&mut self, number: u64, slot: usize) -> Result<()> {
        if let Some(at) = self.section.chunks.get(number as usize)
            && at.length > 0
        {
            self.memo[slot] = Some((number, self.base.load(at)?));
        }
        Ok(())
    }
}
