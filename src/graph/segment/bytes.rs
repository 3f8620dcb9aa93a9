//! Numbers to bytes and back, in the one way all chunks use: little-endian, packed to the bits they need.
//!
//! Reading never trusts a length: what does not fit gives `None`.

use roaring::RoaringBitmap;

use super::packed;

/// Words of a bitmap over the ids of one chunk.
pub(super) const CHUNK_WORDS: usize = 1024;

/// Bytes being written.
#[derive(Debug, Default)]
pub(super) struct Encoder(pub(super) Vec<u8>);

impl Encoder {
    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Bytes behind their length.
    pub(super) fn block(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// Numbers, behind their count, in the [packed](super::packed) form that needs the fewest bits.
    pub(super) fn packed(&mut self, values: impl ExactSizeIterator<Item = u64> + Clone) {
        packed::encode(&mut self.0, values);
    }

    /// A bitmap of positions within a chunk.
    pub(super) fn bitmap(&mut self, words: &[u64]) {
        let positions = positions(words);
        let mut bitmap: RoaringBitmap = positions.collect();
        bitmap.optimize();
        let mut bytes = Vec::with_capacity(bitmap.serialized_size());
        // Writing to a vector cannot fail; were it to, the checksum covers what the reader refuses.
        if bitmap.serialize_into(&mut bytes).is_ok() {
            self.block(&bytes);
        }
    }
}

/// The set bits, ascending.
pub(super) fn positions(words: &[u64]) -> impl Iterator<Item = u32> + '_ {
    words.iter().zip(0u32..).flat_map(|(word, at)| {
        let mut rest = *word;
        std::iter::from_fn(move || {
            let bit = (rest != 0).then(|| rest.trailing_zeros())?;
            rest &= rest - 1;
            Some(at * 64 + bit)
        })
    })
}

/// Bytes being read.
#[derive(Debug)]
pub(super) struct Decoder<'a>(pub(super) &'a [u8]);

impl<'a> Decoder<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1).and_then(|b| b.first().copied())
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take(4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take(8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes)
    }

    pub(super) fn block(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u64()?).ok()?;
        self.take(length)
    }

    pub(super) fn packed<T>(&mut self, make: impl Fn(u64) -> T) -> Option<Vec<T>> {
        packed::decode(self, make)
    }

    pub(super) fn bitmap(&mut self) -> Option<Box<[u64; CHUNK_WORDS]>> {
        let bitmap = RoaringBitmap::deserialize_from(self.block()?).ok()?;
        let mut words = Box::new([0; CHUNK_WORDS]);
        for position in bitmap {
            *words.get_mut(position as usize / 64)? |= 1 << (position % 64);
        }
        Some(words)
    }

    /// Nothing may be left over.
    pub(super) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
