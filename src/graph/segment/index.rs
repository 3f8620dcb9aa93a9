//! The entries of an index in order: chunks of values and ids, and a directory of where each chunk begins.

use std::sync::Arc;

use crate::error::Result;
use crate::value::Array;
use crate::value::Value;
use crate::value::ordering;

use super::bytes::{Decoder, Encoder};
use super::column::ColumnChunk;
use super::{Chunk, Content, Reader};

/// The most entries of a chunk.
pub(crate) const INDEX_CHUNK: usize = 1 << IndexChunk::SHIFT;
/// Values of a directory that are encoded together.
const DIRECTORY_PIECE: usize = 1 << 15;

/// A value and the id of who has it.
type Entry = (Value, u64);

/// Entries of an index, next to each other in its order.
#[derive(Debug)]
pub(crate) struct IndexChunk {
    /// A column for each property. The value of an entry is a list where there are several.
    columns: Vec<ColumnChunk>,
    ids: Vec<u64>,
}

fn encode(encoder: &mut Encoder, entries: &[Entry], width: usize) -> Result<()> {
    encoder.u32(width as u32);
    for at in 0..width {
        let part = |value: &Value| match value {
            Value::List(parts) if width > 1 => parts.get(at).cloned().unwrap_or_default(),
            value => value.clone(),
        };
        let values: Array = entries.iter().map(|(value, _)| part(value)).collect();
        encoder.block(&ColumnChunk::encode(entries.len(), &[], &values, None)?.bytes);
    }
    encoder.packed(entries.iter().map(|(_, id)| *id));
    Ok(())
}

fn decode(decoder: &mut Decoder<'_>) -> Option<IndexChunk> {
    let mut columns = Vec::new();
    for _ in 0..decoder.u32()? {
        columns.push(ColumnChunk::decode(decoder.block()?)?);
    }
    let ids = decoder.packed(|id| id)?;
    let full = !columns.is_empty() && columns.iter().all(|column| column.is_full(ids.len()));
    full.then_some(IndexChunk { columns, ids })
}

impl IndexChunk {
    pub(crate) fn encode(entries: &[Entry], width: usize) -> Result<Vec<u8>> {
        let mut encoder = Encoder::default();
        encode(&mut encoder, entries, width)?;
        Ok(encoder.0)
    }

    fn value(&self, at: usize) -> Value {
        match self.columns.as_slice() {
            [only] => only.value(at, &[]),
            several => Value::list(several.iter().map(|column| column.value(at, &[])).collect()),
        }
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        Some((self.value(at), *self.ids.get(at)?))
    }

    /// The position of the first entry that is not before this one.
    fn seek(&self, key: &Value, id: u64) -> usize {
        let (mut low, mut high) = (0, self.ids.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let own = self.ids.get(middle).copied().unwrap_or(u64::MAX);
            if ordering::order(&self.value(middle), key).then(own.cmp(&id)).is_lt() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl Chunk for IndexChunk {
    // Of entries, not of ids.
    const SHIFT: u32 = 11;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes);
        let chunk = decode(&mut decoder)?;
        decoder.end()?;
        (chunk.ids.len() <= INDEX_CHUNK).then_some(chunk)
    }

    fn size(&self) -> usize {
        self.columns.iter().map(Chunk::size).sum::<usize>() + self.ids.len() * 8
    }

    /// Its `nodes` are its values. What stands before it, it does not know.
    fn content(&self) -> Content {
        let values = (1..self.ids.len()).filter(|at| self.value(at - 1) != self.value(*at));
        let values = values.count() as u64 + u64::from(!self.ids.is_empty());
        Content { count: self.ids.len() as u64, nodes: values, ..Content::default() }
    }
}

/// The first entry of every chunk.
#[derive(Debug)]
pub(crate) struct IndexDirectory {
    pieces: Vec<IndexChunk>,
}

impl IndexDirectory {
    pub(crate) fn encode(firsts: &[Entry], width: usize) -> Result<Vec<u8>> {
        let mut encoder = Encoder::default();
        let pieces = firsts.chunks(DIRECTORY_PIECE);
        encoder.u64(pieces.len() as u64);
        for piece in pieces {
            encode(&mut encoder, piece, width)?;
        }
        Ok(encoder.0)
    }

    /// The number of the last chunk that begins before this entry, or the first of all.
    fn chunk_of(&self, key: &Value, id: u64) -> u64 {
        let begins_before = |piece: &IndexChunk| {
            piece
                .entry(0)
                .is_some_and(|(value, own)| ordering::order(&value, key).then(own.cmp(&id)).is_lt())
        };
        let piece = self.pieces.partition_point(begins_before).saturating_sub(1);
        let within = self.pieces.get(piece).map_or(0, |chunk| chunk.seek(key, id));
        (piece * DIRECTORY_PIECE + within.saturating_sub(1)) as u64
    }
}

impl Chunk for IndexDirectory {
    // One for the whole section.
    const SHIFT: u32 = 63;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes);
        let count = decoder.u64()?;
        let mut pieces = Vec::new();
        for _ in 0..count {
            pieces.push(decode(&mut decoder)?);
        }
        decoder.end()?;
        Some(Self { pieces })
    }

    fn size(&self) -> usize {
        self.pieces.iter().map(Chunk::size).sum()
    }

    /// How many values there are in its chunks, it does not know.
    fn content(&self) -> Content {
        Content::default()
    }
}

/// Reads one index for the time of one call. A position is the number of a chunk and the place within it; chunks need not
/// be full, so that what follows an entry is found and not counted.
pub(crate) struct IndexReader<'a> {
    chunks: Reader<'a, IndexChunk>,
    directory: Option<Arc<IndexDirectory>>,
}

impl<'a> IndexReader<'a> {
    pub(super) fn new(chunks: Reader<'a, IndexChunk>) -> Result<Self> {
        let at = &chunks.section.dictionary;
        let directory = at.as_ref().map(|at| chunks.base.load::<IndexDirectory>(at)).transpose()?;
        Ok(Self { chunks, directory })
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> u64 {
        self.chunks.section.chunks.iter().map(|chunk| chunk.count).sum()
    }

    /// The position of the first entry that is not before this one.
    pub(crate) fn seek(&mut self, key: &Value, id: u64) -> Result<u64> {
        let Some(directory) = &self.directory else { return Ok(0) };
        let first = directory.chunk_of(key, id) << IndexChunk::SHIFT;
        let within = self.chunks.chunk(first)?.map_or(0, |chunk| chunk.seek(key, id));
        Ok(first + within as u64)
    }

    /// The chunk with the next entry at a position or after it, which becomes that entry's own.
    #[inline]
    fn at(&mut self, at: &mut u64) -> Result<Option<&IndexChunk>> {
        let count = self.chunks.chunk_count();
        loop {
            let length = self.chunks.chunk(*at)?.map_or(0, |chunk| chunk.ids.len());
            if within(*at) < length {
                return self.chunks.chunk(*at);
            }
            let next = (*at >> IndexChunk::SHIFT) + 1;
            if next >= count {
                return Ok(None);
            }
            *at = next << IndexChunk::SHIFT;
        }
    }

    /// The next entry at a position or after it; the position moves behind it.
    pub(crate) fn next(&mut self, at: &mut u64) -> Result<Option<Entry>> {
        let mut found = *at;
        let entry = self.at(&mut found)?.and_then(|chunk| chunk.entry(within(found)));
        *at = found + 1;
        Ok(entry)
    }

    /// The id of the next entry, if its value is equivalent to this one.
    pub(crate) fn next_of(&mut self, at: &mut u64, key: &Value) -> Result<Option<u64>> {
        let mut found = *at;
        let id = self.at(&mut found)?.and_then(|chunk| {
            let id = chunk.ids.get(within(found)).copied()?;
            ordering::equivalent(&chunk.value(within(found)), key).then_some(id)
        });
        *at = found + 1;
        Ok(id)
    }

    /// The first entry of a chunk, by the directory alone.
    pub(crate) fn first(&self, chunk: usize) -> Option<Entry> {
        let piece = self.directory.as_ref()?.pieces.get(chunk / DIRECTORY_PIECE)?;
        piece.entry(chunk % DIRECTORY_PIECE)
    }

    /// All entries of a chunk.
    pub(crate) fn entries(&mut self, chunk: usize) -> Result<Vec<Entry>> {
        let found = self.chunks.chunk((chunk as u64) << IndexChunk::SHIFT)?;
        Ok(found.map_or_else(Vec::new, |found| {
            (0..found.ids.len()).filter_map(|at| found.entry(at)).collect()
        }))
    }
}

#[inline]
fn within(at: u64) -> usize {
    at as usize & (INDEX_CHUNK - 1)
}
