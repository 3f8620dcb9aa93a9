//! Sets of ids: which nodes and relationships exist, which have a label or a type.

use crate::error::Result;

use super::bytes::{CHUNK_WORDS, Decoder, Encoder, positions};
use super::{Base, Chunk, Content, Reader, SectionKey};

/// A set of consecutive ids. Compressed on disk, flat in memory.
#[derive(Debug)]
pub(crate) struct BitmapChunk {
    words: Box<[u64; CHUNK_WORDS]>,
}

impl BitmapChunk {
    /// The set of these ids, all of one chunk.
    pub(crate) fn encode(ids: impl Iterator<Item = u64>) -> Vec<u8> {
        let mut words = [0u64; CHUNK_WORDS];
        for id in ids {
            let at = id as usize & ((1 << Self::SHIFT) - 1);
            words[at / 64] |= 1 << (at % 64);
        }
        let mut encoder = Encoder::default();
        encoder.bitmap(&words);
        encoder.0
    }
}

impl BitmapChunk {
    pub(super) fn words(&self) -> &[u64] {
        &self.words[..]
    }
}

impl Chunk for BitmapChunk {
    const SHIFT: u32 = 16;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes);
        let words = decoder.bitmap()?;
        decoder.end()?;
        Some(Self { words })
    }

    fn size(&self) -> usize {
        CHUNK_WORDS * 8
    }

    fn content(&self) -> Content {
        let count = self.words.iter().map(|word| u64::from(word.count_ones())).sum();
        Content { count, ..Content::default() }
    }
}

impl Reader<'_, BitmapChunk> {
    #[inline]
    pub(crate) fn contains(&mut self, id: u64) -> Result<bool> {
        let Some(chunk) = self.chunk(id)? else { return Ok(false) };
        let at = id as usize & ((1 << BitmapChunk::SHIFT) - 1);
        Ok(chunk.words[at / 64] >> (at % 64) & 1 == 1)
    }
}

impl Base {
    /// The ids of a set in its chunk of this number, ascending.
    pub(crate) fn ids_of(&self, section: SectionKey, number: u64) -> Result<Vec<u64>> {
        let first = number << BitmapChunk::SHIFT;
        let Some(mut reader) = self.bits(section)? else { return Ok(Vec::new()) };
        let Some(chunk) = reader.chunk(first)? else { return Ok(Vec::new()) };
        Ok(positions(&chunk.words[..]).map(|at| first + u64::from(at)).collect())
    }

    /// Appends up to `limit` ids that are in any of these sets, from `from` on, ascending. Says whether
    /// there are no more.
    pub(crate) fn scan(
        &self,
        sections: &[SectionKey],
        from: u64,
        limit: usize,
        out: &mut Vec<u64>,
    ) -> Result<bool> {
        let mut readers = Vec::with_capacity(sections.len());
        for section in sections {
            readers.extend(self.bits(*section)?);
        }
        let chunks = readers.iter().map(Reader::chunk_count).max().unwrap_or(0);
        let end = out.len() + limit;
        let mut skip = from & ((1 << BitmapChunk::SHIFT) - 1);
        for number in from >> BitmapChunk::SHIFT..chunks {
            let first = number << BitmapChunk::SHIFT;
            let mut sets = Vec::with_capacity(readers.len());
            for reader in &mut readers {
                sets.extend(reader.chunk(first)?);
            }
            if sets.is_empty() {
                skip = 0;
                continue;
            }
            for at in skip as usize / 64..CHUNK_WORDS {
                let mut word = sets.iter().fold(0, |word, set| word | set.words[at]);
                if at == skip as usize / 64 {
                    word &= u64::MAX << (skip % 64);
                }
                if word == u64::MAX && end - out.len() >= 64 {
                    let id = first + at as u64 * 64;
                    out.extend(id..id + 64);
                    continue;
                }
                while word != 0 {
                    if out.len() == end {
                        return Ok(false);
                    }
                    out.push(first + at as u64 * 64 + u64::from(word.trailing_zeros()));
                    word &= word - 1;
                }
            }
            skip = 0;
        }
        Ok(true)
    }
}
