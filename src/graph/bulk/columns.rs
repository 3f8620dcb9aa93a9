//! Columns of a bulk load: values on their way into chunks, and the dictionaries of strings.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::Result;
use crate::graph::segment::{
    Base, ColumnChunk, Dictionary, EncodedColumn, Family, SectionKey, SegmentBuilder,
};
use crate::value::Array;
use crate::value::ArrayData;

/// The values of one chunk while they come.
#[derive(Debug, Default)]
pub(super) struct Pending {
    positions: Vec<u32>,
    values: Array,
}

impl Pending {
    /// Takes the values of these rows; the first row has this position in the chunk.
    pub(super) fn take(&mut self, position: u32, values: &Array, rows: Range<usize>) {
        for (position, row) in (position..).zip(rows) {
            if values.has(row) {
                self.positions.push(position);
                self.values.push_from(values, row);
            }
        }
    }

    pub(super) fn finish(self) -> (Vec<u32>, Array) {
        (self.positions, self.values)
    }
}

/// The dictionaries of the columns of nodes or of relationships.
#[derive(Debug)]
pub(super) struct Dictionaries {
    by_key: BTreeMap<u32, Dictionary>,
    /// How many words each had in the base.
    given: BTreeMap<u32, usize>,
}

impl Dictionaries {
    /// Those of a base, to go on from: the codes of its chunks keep their meaning.
    pub(super) fn of(base: &Base, family: Family) -> Result<Self> {
        let (mut by_key, mut given) = (BTreeMap::new(), BTreeMap::new());
        for key in base.numbers(family, usize::MAX)? {
            let words = base.words(family.section(key))?;
            given.insert(key, words.len());
            by_key.insert(key, Dictionary::new(&words));
        }
        Ok(Self { by_key, given })
    }

    /// Encodes the values of one chunk.
    pub(super) fn encode(
        &mut self,
        key: u32,
        ids: usize,
        positions: &[u32],
        values: &Array,
    ) -> Result<EncodedColumn> {
        let codes = match values.data() {
            ArrayData::String(strings) => self.by_key.entry(key).or_default().encode(strings),
            _ => None,
        };
        ColumnChunk::encode(ids, positions, values, codes.as_deref())
    }

    pub(super) fn finish(
        self,
        builder: &mut SegmentBuilder,
        section: fn(u32) -> SectionKey,
    ) -> Result<()> {
        for (key, dictionary) in self.by_key {
            if dictionary.words().len() > self.given.get(&key).copied().unwrap_or(0) {
                builder.dictionary(section(key), dictionary.words())?;
            }
        }
        Ok(())
    }
}

/// A property of relationships: values by row, in pieces as they came.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// The first row and the values of each piece, by row.
    pieces: Vec<(u32, Array)>,
}

impl Pieces {
    pub(super) fn add(&mut self, first: u32, values: Array) {
        if let Some((begin, last)) = self.pieces.last_mut()
            && *begin as usize + last.len() == first as usize
            && std::mem::discriminant(last.data()) == std::mem::discriminant(values.data())
        {
            last.append(&values);
        } else {
            self.pieces.push((first, values));
        }
    }

    /// The positions among these rows that have a value, and the values.
    pub(super) fn gather(&self, rows: &[u32]) -> (Vec<u32>, Array) {
        if let [(first, values)] = self.pieces.as_slice()
            && values.is_full()
            && rows
                .iter()
                .all(|row| row.checked_sub(*first).is_some_and(|w| (w as usize) < values.len()))
        {
            let all = (0..rows.len() as u32).collect();
            let within: Vec<u32> = rows.iter().map(|row| row - first).collect();
            return (all, values.gather(&within));
        }
        let mut found = Pending::default();
        let mut at = 0;
        for (position, row) in (0..).zip(rows) {
            let covers = |(first, values): &(u32, Array)| {
                row.checked_sub(*first).is_some_and(|within| (within as usize) < values.len())
            };
            if !self.pieces.get(at).is_some_and(covers) {
                at = self.pieces.partition_point(|(first, _)| first <= row).saturating_sub(1);
            }
            if let Some((first, values)) = self.pieces.get(at).filter(|piece| covers(piece)) {
                let within = (row - first) as usize;
                found.take(position, values, within..within + 1);
            }
        }
        found.finish()
    }
}
