//! Typed columns of property values, with presence, and how a batch gathers from them.

use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::graph::PropertyStatistics;
use crate::graph::property;
use crate::graph::snapshot::Raw;
use crate::value::Array;
use crate::value::ArrayData;
use crate::value::Bitmap;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::Value;

use super::bytes::{CHUNK_WORDS, Decoder, Encoder, positions};
use super::{Chunk, Content, Reader, Section};

/// The type of the values of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    Boolean = 1,
    Integer = 2,
    Float = 3,
    String = 4,
    /// Strings as codes into the dictionary of the section.
    Dictionary = 5,
    /// Anything else.
    General = 6,
}

impl Kind {
    fn of(number: u8) -> Option<Self> {
        [Self::Boolean, Self::Integer, Self::Float, Self::String, Self::Dictionary, Self::General]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}

/// The values of consecutive ids.
#[derive(Debug)]
pub(crate) struct ColumnChunk {
    presence: Presence,
    data: Data,
}

#[derive(Debug)]
enum Presence {
    /// Every id has a value; the values are by position.
    All,
    /// Values are by position, with placeholders.
    Dense(Box<[u64; CHUNK_WORDS]>),
    /// Only values that are there are kept; the rank of a bit is the place of its value.
    Sparse { words: Box<[u64; CHUNK_WORDS]>, ranks: Box<[u32; CHUNK_WORDS]> },
}

impl Presence {
    #[inline]
    fn slot(&self, at: usize) -> Option<usize> {
        match self {
            Self::All => Some(at),
            Self::Dense(words) => {
                (words[(at / 64) & (CHUNK_WORDS - 1)] >> (at % 64) & 1 == 1).then_some(at)
            }
            Self::Sparse { words, ranks } => {
                let word = words[(at / 64) & (CHUNK_WORDS - 1)];
                let bit = 1 << (at % 64);
                (word & bit != 0).then(|| {
                    let before = (word & (bit - 1)).count_ones();
                    (ranks[(at / 64) & (CHUNK_WORDS - 1)] + before) as usize
                })
            }
        }
    }
}

#[derive(Debug)]
enum Data {
    Boolean(Vec<bool>),
    Integer(Vec<i64>),
    Float(Vec<f64>),
    String(Vec<Arc<str>>),
    Dictionary { codes: Vec<u32>, largest: u32 },
    General(Vec<Value>),
}

/// A chunk of a column as it is written.
#[derive(Debug)]
pub(crate) struct EncodedColumn {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) count: u64,
    /// The least and the greatest value, as bits, where the kind has an order of its own. NaN counts not.
    pub(crate) bounds: Option<(u64, u64)>,
}

fn bounds(of: &ArrayData) -> Option<(u64, u64)> {
    match of {
        ArrayData::Integer(values) => {
            Some((*values.iter().min()? as u64, *values.iter().max()? as u64))
        }
        ArrayData::Float(values) => {
            let floats = || values.iter().filter(|f| !f.is_nan());
            let least = floats().min_by(|a, b| a.total_cmp(b))?;
            Some((least.to_bits(), floats().max_by(|a, b| a.total_cmp(b))?.to_bits()))
        }
        _ => None,
    }
}

/// What the index says of a column.
pub(super) fn statistics(section: &Section) -> PropertyStatistics {
    let written: Vec<_> = section.chunks.iter().filter(|chunk| chunk.length > 0).collect();
    let all = |kind: Kind| written.iter().all(|chunk| chunk.kind == kind as u8);
    let mut bounds = None;
    if all(Kind::Integer) {
        let least = written.iter().filter_map(|c| c.bounds).map(|(least, _)| least as i64).min();
        let greatest = written.iter().filter_map(|c| c.bounds).map(|(_, g)| g as i64).max();
        bounds = least.map(Value::Integer).zip(greatest.map(Value::Integer));
    } else if all(Kind::Float) {
        let least = written.iter().filter_map(|c| c.bounds).map(|(least, _)| f64::from_bits(least));
        let greatest = written.iter().filter_map(|c| c.bounds).map(|(_, g)| f64::from_bits(g));
        let least = least.min_by(f64::total_cmp).map(Value::Float);
        bounds = least.zip(greatest.max_by(f64::total_cmp).map(Value::Float));
    }
    let dictionary = section.dictionary.filter(|_| all(Kind::Dictionary));
    PropertyStatistics {
        count: written.iter().map(|chunk| chunk.count).sum(),
        distinct: dictionary.map(|words| words.count),
        bounds,
    }
}

impl ColumnChunk {
    /// Encodes the values that the ids at these positions have; none of them is absent. The codes are those
    /// of strings that are to use the dictionary.
    pub(crate) fn encode(
        ids: usize,
        positions: &[u32],
        values: &Array,
        codes: Option<&[u32]>,
    ) -> Result<EncodedColumn> {
        let kind = match (codes, values.data()) {
            (Some(_), _) => Kind::Dictionary,
            (None, ArrayData::Boolean(_)) => Kind::Boolean,
            (None, ArrayData::Integer(_)) => Kind::Integer,
            (None, ArrayData::Float(_)) => Kind::Float,
            (None, ArrayData::String(_)) => Kind::String,
            (None, ArrayData::General(_)) => Kind::General,
        };
        let mut encoder = Encoder::default();
        encoder.u8(kind as u8);
        encoder.u32(ids as u32);
        encoder.u32(values.len() as u32);
        if values.len() < ids {
            let mut words = [0; CHUNK_WORDS];
            for at in positions {
                words[*at as usize / 64] |= 1 << (at % 64);
            }
            encoder.bitmap(&words);
        }
        let bounds = bounds(values.data());
        match (codes, values.data()) {
            (Some(codes), _) => encoder.packed(codes.iter().map(|c| u64::from(*c))),
            (None, ArrayData::Boolean(values)) => {
                encoder.packed(values.iter().map(|v| u64::from(*v)));
            }
            (None, ArrayData::Integer(values)) => {
                // As distances from the least, so that small negative numbers are near small positive ones.
                let least = bounds.map_or(0, |(least, _)| least);
                encoder.u64(least);
                encoder.packed(values.iter().map(|v| (*v as u64).wrapping_sub(least)));
            }
            (None, ArrayData::Float(values)) => {
                values.iter().for_each(|v| encoder.u64(v.to_bits()))
            }
            (None, ArrayData::String(values)) => encode_strings(&mut encoder, values.iter()),
            (None, ArrayData::General(values)) => encoder.block(&property::encode_all(values)?),
        }
        Ok(EncodedColumn { kind, bytes: encoder.0, count: values.len() as u64, bounds })
    }

    /// Whether it has a value for each of so many ids.
    pub(super) fn is_full(&self, ids: usize) -> bool {
        matches!(self.presence, Presence::All) && self.len() == ids
    }

    /// Values and placeholders.
    fn len(&self) -> usize {
        match &self.data {
            Data::Boolean(v) => v.len(),
            Data::Integer(v) => v.len(),
            Data::Float(v) => v.len(),
            Data::String(v) => v.len(),
            Data::Dictionary { codes, .. } => codes.len(),
            Data::General(v) => v.len(),
        }
    }

    #[inline]
    pub(super) fn value(&self, at: usize, words: &[Arc<str>]) -> Value {
        let Some(slot) = self.presence.slot(at) else { return Value::Null };
        let value = match &self.data {
            Data::Boolean(v) => v.get(slot).map(|v| Value::Boolean(*v)),
            Data::Integer(v) => v.get(slot).map(|v| Value::Integer(*v)),
            Data::Float(v) => v.get(slot).map(|v| Value::Float(*v)),
            Data::String(v) => v.get(slot).map(|v| Value::String(v.clone())),
            Data::Dictionary { codes, .. } => codes
                .get(slot)
                .and_then(|code| words.get(*code as usize))
                .map(|word| Value::String(word.clone())),
            Data::General(v) => v.get(slot).cloned(),
        };
        value.unwrap_or(Value::Null)
    }
}

impl ColumnChunk {
    /// Gives each position that has a value, ascending.
    pub(super) fn each_position(&self, each: impl FnMut(u32)) {
        match &self.presence {
            Presence::All => (0..self.len() as u32).for_each(each),
            Presence::Dense(words) | Presence::Sparse { words, .. } => {
                positions(&words[..]).for_each(each);
            }
        }
    }
}

fn encode_strings<'a>(
    encoder: &mut Encoder,
    strings: impl ExactSizeIterator<Item = &'a str> + Clone,
) {
    encoder.packed(strings.clone().map(|s| s.len() as u64));
    encoder.block(strings.collect::<String>().as_bytes());
}

fn decode_strings(decoder: &mut Decoder<'_>) -> Option<Vec<Arc<str>>> {
    let lengths: Vec<usize> = decoder.packed(|v| v as usize)?;
    let mut text = std::str::from_utf8(decoder.block()?).ok()?;
    let mut strings = Vec::with_capacity(lengths.len());
    for length in lengths {
        let (string, rest) = text.split_at_checked(length)?;
        strings.push(string.into());
        text = rest;
    }
    text.is_empty().then_some(strings)
}

impl Chunk for ColumnChunk {
    const SHIFT: u32 = 16;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes);
        let kind = Kind::of(decoder.u8()?)?;
        let ids = decoder.u32()? as usize;
        let count = decoder.u32()? as usize;
        if ids > 1 << Self::SHIFT || count > ids {
            return None;
        }
        let words = if count < ids { Some(decoder.bitmap()?) } else { None };
        if words.as_ref().is_some_and(|words| {
            words.iter().map(|w| w.count_ones() as usize).sum::<usize>() != count
                || positions(&words[..]).any(|at| at as usize >= ids)
        }) {
            return None;
        }
        // Placeholders are worth their memory where most values are there.
        let spread = words.is_some() && count * 2 > ids;
        let layout = Layout { ids, words: words.as_deref().filter(|_| spread) };
        let data = match kind {
            Kind::Boolean => {
                let values = decoder.packed(|v| v != 0)?;
                Data::Boolean(layout.place_all(values, count, false)?)
            }
            Kind::Integer => {
                let least = decoder.u64()? as i64;
                let values = decoder.packed(|v| least.wrapping_add(v as i64))?;
                Data::Integer(layout.place_all(values, count, 0)?)
            }
            Kind::Float => {
                let bytes = decoder.take(count.checked_mul(8)?)?;
                let floats = bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b));
                Data::Float(layout.place(floats, 0.0))
            }
            Kind::String => {
                let strings = decode_strings(&mut decoder)?;
                Data::String(layout.place_all(strings, count, "".into())?)
            }
            Kind::Dictionary => {
                let codes: Vec<u32> = decoder.packed(|v| v as u32)?;
                let largest = codes.iter().copied().max().unwrap_or(0);
                Data::Dictionary { codes: layout.place_all(codes, count, 0)?, largest }
            }
            Kind::General => {
                let values = property::decode_all(decoder.block()?)?;
                Data::General(layout.place_all(values, count, Value::Null)?)
            }
        };
        decoder.end()?;
        let presence = match words {
            None => Presence::All,
            Some(words) if spread => Presence::Dense(words),
            Some(words) => {
                let mut ranks = Box::new([0; CHUNK_WORDS]);
                let mut rank = 0;
                for (slot, word) in ranks.iter_mut().zip(words.iter()) {
                    *slot = rank;
                    rank += word.count_ones();
                }
                Presence::Sparse { words, ranks }
            }
        };
        Some(Self { presence, data })
    }

    fn read_all(&self) {
        (0..1 << Self::SHIFT).for_each(|at| drop(self.value(at, &[])));
    }

    fn content(&self) -> Content {
        let there: Vec<Value> = match &self.presence {
            Presence::All => (0..self.len()).map(|at| self.value(at, &[])).collect(),
            Presence::Dense(words) | Presence::Sparse { words, .. } => {
                positions(&words[..]).map(|at| self.value(at as usize, &[])).collect()
            }
        };
        let kind = match &self.data {
            Data::Boolean(_) => Kind::Boolean,
            Data::Integer(_) => Kind::Integer,
            Data::Float(_) => Kind::Float,
            Data::String(_) => Kind::String,
            Data::Dictionary { .. } => Kind::Dictionary,
            Data::General(_) => Kind::General,
        };
        let count = there.len() as u64;
        let bounds = match kind {
            Kind::Integer | Kind::Float => bounds(there.into_iter().collect::<Array>().data()),
            _ => None,
        };
        Content { count, kind: kind as u8, nodes: 0, bounds }
    }

    fn size(&self) -> usize {
        let presence = match &self.presence {
            Presence::All => 0,
            Presence::Dense(_) => CHUNK_WORDS * 8,
            Presence::Sparse { .. } => CHUNK_WORDS * 12,
        };
        presence
            + match &self.data {
                Data::Boolean(v) => v.len(),
                Data::Integer(v) => v.len() * 8,
                Data::Float(v) => v.len() * 8,
                Data::String(v) => v.iter().map(|s| s.len() + 32).sum(),
                Data::Dictionary { codes, .. } => codes.len() * 4,
                Data::General(v) => v.len() * 64,
            }
    }
}

/// Where decoded values go: one after the other, or each to its position.
struct Layout<'a> {
    ids: usize,
    words: Option<&'a [u64; CHUNK_WORDS]>,
}

impl Layout<'_> {
    fn place<T: Clone>(&self, values: impl Iterator<Item = T>, placeholder: T) -> Vec<T> {
        let Some(words) = self.words else { return values.collect() };
        let mut placed = vec![placeholder; self.ids];
        for (at, value) in positions(words).zip(values) {
            if let Some(slot) = placed.get_mut(at as usize) {
                *slot = value;
            }
        }
        placed
    }

    fn place_all<T: Clone>(&self, values: Vec<T>, count: usize, placeholder: T) -> Option<Vec<T>> {
        if values.len() != count {
            return None;
        }
        Some(match self.words {
            None => values,
            Some(_) => self.place(values.into_iter(), placeholder),
        })
    }
}

/// The words that the codes of a column stand for.
#[derive(Debug)]
pub(crate) struct DictionaryChunk {
    pub(crate) words: Arc<Vec<Arc<str>>>,
}

impl DictionaryChunk {
    pub(crate) fn encode(words: &[Arc<str>]) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encode_strings(&mut encoder, words.iter().map(|word| &**word));
        encoder.0
    }
}

impl Chunk for DictionaryChunk {
    // One for the whole section.
    const SHIFT: u32 = 63;

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes);
        let words = decode_strings(&mut decoder)?;
        decoder.end()?;
        Some(Self { words: Arc::new(words) })
    }

    fn size(&self) -> usize {
        self.words.iter().map(|word| word.len() + 32).sum()
    }

    fn content(&self) -> Content {
        Content { count: self.words.len() as u64, ..Content::default() }
    }
}

/// Reads one column for the time of one call.
pub(crate) struct ColumnReader<'a> {
    chunks: Reader<'a, ColumnChunk>,
    /// Empty where no chunk uses codes.
    words: Arc<Vec<Arc<str>>>,
    /// The kind of all chunks, if they have one and the same.
    kind: Option<Kind>,
}

impl<'a> ColumnReader<'a> {
    pub(super) fn new(chunks: Reader<'a, ColumnChunk>) -> Result<Self> {
        let words = match &chunks.section.dictionary {
            Some(at) => chunks.base.load::<DictionaryChunk>(at)?.words.clone(),
            None => Arc::default(),
        };
        let written = || chunks.section.chunks.iter().filter(|chunk| chunk.length > 0);
        let first = written().next().map_or(0, |chunk| chunk.kind);
        let kind = Kind::of(first).filter(|_| written().all(|chunk| chunk.kind == first));
        Ok(Self { chunks, words, kind })
    }

    /// The value of one id.
    pub(crate) fn get(&mut self, id: u64) -> Result<Value> {
        Ok(match self.chunks.chunk(id)? {
            Some(chunk) => chunk.value(position(id), &self.words),
            None => Value::Null,
        })
    }

    /// Gives each value of the chunk with this number, with its position.
    pub(crate) fn each(&mut self, number: u64, mut each: impl FnMut(u32, Value)) -> Result<()> {
        let words = &self.words;
        if let Some(chunk) = self.chunks.chunk(number << ColumnChunk::SHIFT)? {
            chunk.each_position(|at| each(at, chunk.value(at as usize, words)));
        }
        Ok(())
    }

    /// The values of these ids, typed where the column is.
    pub(crate) fn gather<T: Raw>(&mut self, ids: &[T]) -> Result<Column> {
        match self.kind {
            Some(Kind::Boolean) => self
                .typed(ids, false, |data| if let Data::Boolean(v) = data { Some(v) } else { None })
                .map(|(values, validity)| with(Column::booleans(values), validity)),
            Some(Kind::Integer) => self
                .typed(ids, 0, |data| if let Data::Integer(v) = data { Some(v) } else { None })
                .map(|(values, validity)| with(Column::integers(values), validity)),
            Some(Kind::Float) => self
                .typed(ids, 0.0, |data| if let Data::Float(v) = data { Some(v) } else { None })
                .map(|(values, validity)| with(Column::floats(values), validity)),
            Some(Kind::String) => self
                .typed(
                    ids,
                    "".into(),
                    |data| {
                        if let Data::String(v) = data { Some(v) } else { None }
                    },
                )
                .map(|(values, validity)| with(Column::strings(values), validity)),
            Some(Kind::Dictionary) => self.codes(ids),
            Some(Kind::General) | None => {
                let mut column = ColumnBuilder::default();
                for id in ids {
                    column.push(self.get(id.raw())?);
                }
                Ok(column.finish())
            }
        }
    }

    #[inline]
    fn typed<T: Raw, V: Clone>(
        &mut self,
        ids: &[T],
        placeholder: V,
        values: impl Fn(&Data) -> Option<&Vec<V>>,
    ) -> Result<(Vec<V>, Option<Bitmap>)> {
        let mut gathered = Vec::with_capacity(ids.len());
        let mut validity: Option<Bitmap> = None;
        let mut row = 0;
        while let Some(first) = ids.get(row).map(|id| id.raw()) {
            let number = first >> ColumnChunk::SHIFT;
            let rest = ids.get(row..).unwrap_or_default();
            let len = rest.iter().take_while(|id| id.raw() >> ColumnChunk::SHIFT == number).count();
            let run = rest.get(..len).unwrap_or_default();
            let chunk = self.chunks.chunk(first)?;
            let data = chunk.and_then(|chunk| Some((&chunk.presence, values(&chunk.data)?)));
            // A scan asks for neighbouring ids: their values are a piece of the vector.
            if let Some((Presence::All, values)) = data
                && run.windows(2).all(|pair| pair[0].raw() + 1 == pair[1].raw())
                && let Some(piece) = values.get(position(first)..position(first) + len)
            {
                gathered.extend_from_slice(piece);
                row += len;
                continue;
            }
            for id in run {
                let at = position(id.raw());
                match data.and_then(|(presence, values)| values.get(presence.slot(at)?)) {
                    Some(value) => gathered.push(value.clone()),
                    None => {
                        gathered.push(placeholder.clone());
                        let validity =
                            validity.get_or_insert_with(|| Bitmap::filled(ids.len(), true));
                        validity.set(row, false);
                    }
                }
                row += 1;
            }
        }
        Ok((gathered, validity))
    }

    fn codes<T: Raw>(&mut self, ids: &[T]) -> Result<Column> {
        let words = self.words.clone();
        // A code of no word would come from a damaged file whose checksum is right: still no panic.
        let last = match words.len().checked_sub(1) {
            Some(last) => last as u32,
            None => return Err(Error::corruption("a property column has lost its dictionary")),
        };
        let (codes, validity) = self.typed(ids, 0, |data| match data {
            Data::Dictionary { codes, largest } if *largest <= last => Some(codes),
            _ => None,
        })?;
        Ok(with(Column::dictionary(codes, words), validity))
    }
}

#[inline]
fn position(id: u64) -> usize {
    id as usize & ((1 << ColumnChunk::SHIFT) - 1)
}

fn with(column: Column, validity: Option<Bitmap>) -> Column {
    match validity {
        Some(validity) => column.with_validity(validity),
        None => column,
    }
}
