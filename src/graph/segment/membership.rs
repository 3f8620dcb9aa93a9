//! Which sections of a family hold something of a chunk, and which of them hold each id of it.
//!
//! Every label, key and type has sections of its own. A question about one node must not cost as much as the store has of
//! them: only those with something in the node's chunk are looked at, and where these are many, a table that says for each id
//! who holds it. The table is made once per chunk and is kept in the cache.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::error::Error;
use crate::error::Result;
use crate::graph::snapshot::Raw;

use super::bytes::positions;
use super::{AdjacencyChunk, Base, BitmapChunk, Chunk, ChunkRef, ColumnChunk, Index, SectionKey};

/// Sections of one kind, of which each has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Labels,
    NodeColumns,
    RelationshipColumns,
    Outgoing,
    Incoming,
}

const FAMILIES: usize = 5;

impl Family {
    /// The section with this number.
    pub(crate) fn section(self, number: u32) -> SectionKey {
        match self {
            Self::Labels => SectionKey::Label(number),
            Self::NodeColumns => SectionKey::NodeColumn(number),
            Self::RelationshipColumns => SectionKey::RelationshipColumn(number),
            Self::Outgoing => SectionKey::Outgoing(number),
            Self::Incoming => SectionKey::Incoming(number),
        }
    }

    fn find(section: SectionKey) -> Option<(Self, u32)> {
        match section {
            SectionKey::Label(number) => Some((Self::Labels, number)),
            SectionKey::NodeColumn(number) => Some((Self::NodeColumns, number)),
            SectionKey::RelationshipColumn(number) => Some((Self::RelationshipColumns, number)),
            SectionKey::Outgoing(number) => Some((Self::Outgoing, number)),
            SectionKey::Incoming(number) => Some((Self::Incoming, number)),
            SectionKey::Nodes
            | SectionKey::Relationships
            | SectionKey::OfType(_)
            | SectionKey::Records
            | SectionKey::Index(_) => None,
        }
    }

    /// The number of a section of any family.
    pub(super) fn number(section: SectionKey) -> Option<u32> {
        Self::find(section).map(|(_, number)| number)
    }

    /// Ids per chunk, as a shift.
    pub(crate) fn shift(self) -> u32 {
        match self {
            Self::Labels => BitmapChunk::SHIFT,
            Self::NodeColumns | Self::RelationshipColumns => ColumnChunk::SHIFT,
            Self::Outgoing | Self::Incoming => AdjacencyChunk::SHIFT,
        }
    }
}

/// So many sections are asked one after the other before a table pays.
const FEW: usize = 8;
/// A table pays where an id is held by less than this part of the sections.
const SPARSE: u64 = 8;

/// The sections of a family that hold something of a chunk.
#[derive(Debug, Default)]
struct Present {
    /// Their numbers, ascending.
    numbers: Vec<u32>,
    /// How many ids they hold in all, each as often as it is held. Links count for their nodes.
    members: u64,
}

/// What is present in each chunk, by family and chunk.
#[derive(Debug, Default)]
pub(super) struct Directory([Vec<Present>; FAMILIES]);

impl Directory {
    fn new(index: &Index) -> Self {
        let mut directory = Self::default();
        for (key, section) in &index.sections {
            let Some((family, number)) = Family::find(*key) else { continue };
            let chunks = &mut directory.0[family as usize];
            for (at, chunk) in section.chunks.iter().enumerate().filter(|(_, c)| c.length > 0) {
                if chunks.len() <= at {
                    chunks.resize_with(at + 1, Present::default);
                }
                chunks[at].numbers.push(number);
                let is_adjacency = matches!(family, Family::Outgoing | Family::Incoming);
                chunks[at].members += if is_adjacency { chunk.nodes } else { chunk.count };
            }
        }
        directory
    }
}

/// For each id of a chunk the sections of a family that hold it.
#[derive(Debug)]
pub(super) struct Holders {
    /// Where those of each id begin, and after the last where they end.
    starts: Vec<u32>,
    numbers: Vec<u32>,
}

impl Holders {
    /// From the positions that each section holds, section after section.
    fn new(ids: usize, held: &[(u32, u32)]) -> Self {
        let mut starts = vec![0u32; ids + 1];
        for (at, _) in held {
            starts[*at as usize + 1] += 1;
        }
        for at in 0..ids {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut numbers = vec![0; held.len()];
        for (at, number) in held {
            let place = &mut next[*at as usize];
            numbers[*place as usize] = *number;
            *place += 1;
        }
        Self { starts, numbers }
    }

    fn get(&self, at: usize) -> &[u32] {
        match self.starts.get(at..at + 2) {
            Some(&[start, end]) => self.numbers.get(start as usize..end as usize).unwrap_or(&[]),
            _ => &[],
        }
    }

    fn size(&self) -> u64 {
        (self.starts.len() + self.numbers.len()) as u64 * 4
    }
}

/// What holds the ids of a chunk.
pub(crate) enum Holding<'a> {
    /// Any of these sections; each has to be asked.
    Any(&'a [u32]),
    /// It is known of each id.
    Each(Table),
}

/// See [`Holding`].
pub(crate) struct Table(Arc<Holders>);

impl Table {
    /// The numbers of the sections that hold the id at this position of the chunk, ascending.
    pub(crate) fn get(&self, at: usize) -> &[u32] {
        self.0.get(at)
    }
}

/// A number that no file has, for what is kept in the cache and lies in no file.
pub(super) fn unused_file() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    u64::MAX - 1 - NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Base {
    fn present(&self, family: Family, chunk: u64) -> Result<Option<&Present>> {
        let Some(index) = self.index()? else { return Ok(None) };
        let directory = self.directory.get_or_init(|| Directory::new(index));
        Ok(directory.0[family as usize].get(chunk as usize))
    }

    /// The numbers of the sections that hold something of a chunk, ascending.
    pub(crate) fn sections_in(&self, family: Family, chunk: u64) -> Result<&[u32]> {
        Ok(self.present(family, chunk)?.map_or(&[], |present| &present.numbers))
    }

    /// What holds the ids of a chunk: in the way that costs least to ask for several.
    pub(crate) fn holding(&self, family: Family, chunk: u64) -> Result<Holding<'_>> {
        let Some(present) = self.present(family, chunk)? else { return Ok(Holding::Any(&[])) };
        let sections = present.numbers.len();
        let is_sparse = present.members < (sections as u64) << family.shift() >> SPARSE.ilog2();
        if sections <= FEW || !is_sparse {
            return Ok(Holding::Any(&present.numbers));
        }
        let key = (family, chunk);
        let last = || self.tables[family as usize].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, table)) = &*last()
            && *known == chunk
        {
            return Ok(Holding::Each(Table(table.clone())));
        }
        let at = chunk * FAMILIES as u64 + family as u64;
        let table = self.cache.get((self.derived, at), || {
            let table = self.holders(key, &present.numbers)?;
            let size = table.size();
            Ok((table, size))
        })?;
        // A cache without room would have it made for each node.
        *last() = Some((chunk, table.clone()));
        Ok(Holding::Each(Table(table)))
    }

    /// The numbers of the sections that may hold some of these ids, which ascend.
    pub(crate) fn sections_of<T: Raw>(&self, family: Family, ids: &[T]) -> Result<Vec<u32>> {
        let chunk = |id: &T| id.raw() >> family.shift();
        let mut numbers = BTreeSet::new();
        for run in ids.chunk_by(|one, other| chunk(one) == chunk(other)) {
            let Some(number) = run.first().map(chunk) else { continue };
            match self.holding(family, number)? {
                Holding::Any(own) => numbers.extend(own),
                Holding::Each(table) => {
                    for id in run {
                        let at = id.raw() as usize & ((1 << family.shift()) - 1);
                        numbers.extend(table.get(at));
                    }
                }
            }
        }
        Ok(numbers.into_iter().collect())
    }

    /// How many chunks were read to make tables.
    pub(crate) fn chunks_tabulated(&self) -> u64 {
        self.decoded.load(Ordering::Relaxed)
    }

    fn holders(&self, (family, chunk): (Family, u64), numbers: &[u32]) -> Result<Holders> {
        let Some(index) = self.index()? else { return Ok(Holders::new(0, &[])) };
        let ids = 1 << family.shift();
        let mut held: Vec<(u32, u32)> = Vec::new();
        for number in numbers {
            let section = index.sections.get(&family.section(*number));
            let Some(at) = section.and_then(|section| section.chunks.get(chunk as usize)) else {
                continue;
            };
            let mut hold = |at: u32| {
                if at < ids {
                    held.push((at, *number));
                }
            };
            // They do not go through the cache, where they would take the place of what is asked for.
            match family {
                Family::Labels => {
                    let chunk = self.decode::<BitmapChunk>(at)?;
                    positions(chunk.words()).for_each(&mut hold);
                }
                Family::NodeColumns | Family::RelationshipColumns => {
                    self.decode::<ColumnChunk>(at)?.each_position(&mut hold);
                }
                Family::Outgoing | Family::Incoming => {
                    self.decode::<AdjacencyChunk>(at)?.each_node(&mut hold);
                }
            }
        }
        if held.len() > u32::MAX as usize {
            return Err(Error::internal("a chunk of the segments holds too much"));
        }
        Ok(Holders::new(ids as usize, &held))
    }

    fn decode<T: Chunk>(&self, at: &ChunkRef) -> Result<T> {
        self.decoded.fetch_add(1, Ordering::Relaxed);
        let (file, bytes) = self.read(at)?;
        T::decode(&bytes).ok_or_else(|| file.damaged(at.offset, "it cannot be decoded"))
    }
}

/// The last table of each family.
pub(super) type Tables = [Mutex<Option<(u64, Arc<Holders>)>>; FAMILIES];
