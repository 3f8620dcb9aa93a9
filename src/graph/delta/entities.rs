//! What the delta holds of nodes or of relationships: blocks of neighbouring ids, each with a column for a property.
//!
//! A block is copied when it changes while another snapshot has it too, and of its columns only the one that changes:
//! to set a number in one of a thousand scattered nodes moves a thousand small arrays, and no other property.
//! It may not know what a head means.

use std::ops::Range;
use std::sync::Arc;

use crate::graph::KeyId;
use crate::graph::ids::{Allocated, Growth, IdMap, is_shared};
use crate::graph::values::Values;
use crate::value::Value;
use crate::value::allocation::vec_bytes;

use super::Properties;

/// Ids per block, as a shift: one bit of a word for each.
const SHIFT: u32 = 6;

/// Touched entities, each with a head of this type and properties.
#[derive(Debug)]
pub(in crate::graph) struct Entities<H> {
    blocks: IdMap<Block<H>>,
    /// What was allocated within blocks since it was empty.
    growth: Growth,
}

impl<H> Clone for Entities<H> {
    fn clone(&self) -> Self {
        Self { blocks: self.blocks.clone(), growth: self.growth }
    }
}

impl<H> Default for Entities<H> {
    fn default() -> Self {
        Self { blocks: IdMap::default(), growth: Growth::default() }
    }
}

#[derive(Debug, Clone)]
struct Block<H> {
    present: u64,
    /// Of those that are present, ascending.
    heads: Arc<Vec<H>>,
    /// Ascending by key; none is empty.
    columns: Vec<(KeyId, Arc<Cells>)>,
}

impl<H> Allocated for Block<H> {
    fn allocated(&self) -> u64 {
        // With the vector of heads, which is empty at first.
        size_of::<Self>() as u64 + ARC + vec_bytes(&self.columns) + size_of::<Vec<H>>() as u64 + ARC
    }
}

/// The two counts of references before what is shared.
const ARC: u64 = 16;

/// The values of one property in a block.
#[derive(Debug, Clone, Default)]
struct Cells {
    has: u64,
    /// Of those that have one, ascending.
    values: Values,
}

#[inline]
fn bit(id: u64) -> u64 {
    1 << (id & 63)
}

/// How many of a set come before a bit.
#[inline]
fn rank(set: u64, bit: u64) -> usize {
    (set & (bit - 1)).count_ones() as usize
}

/// One of them.
#[derive(Debug)]
pub(in crate::graph) struct Entity<'a, H> {
    block: &'a Block<H>,
    bit: u64,
}

impl<'a, H> Entity<'a, H> {
    #[inline]
    pub(in crate::graph) fn head(&self) -> &'a H {
        &self.block.heads[rank(self.block.present, self.bit)]
    }

    #[inline]
    pub(in crate::graph) fn property(&self, key: KeyId) -> Option<Value> {
        // Few properties per entity: a walk beats a binary search.
        let (_, cells) = self.block.columns.iter().find(|(own, _)| *own == key)?;
        (cells.has & self.bit != 0).then(|| cells.values.get(rank(cells.has, self.bit)))
    }

    pub(in crate::graph) fn properties(&self) -> Properties {
        let own = self.block.columns.iter().filter(|(_, cells)| cells.has & self.bit != 0);
        own.map(|(key, cells)| (*key, cells.values.get(rank(cells.has, self.bit)))).collect()
    }
}

impl<H: Clone> Entities<H> {
    /// What was allocated since it was empty, without what texts and lists hold.
    pub(in crate::graph) fn growth(&self) -> Growth {
        [self.blocks.growth(), self.growth].into_iter().sum()
    }

    #[inline]
    pub(in crate::graph) fn get(&self, id: u64) -> Option<Entity<'_, H>> {
        let (block, bit) = (self.blocks.get(id >> SHIFT)?, bit(id));
        (block.present & bit != 0).then_some(Entity { block, bit })
    }

    /// Puts an entity in, or in the place of what was there.
    pub(in crate::graph) fn put(&mut self, id: u64, head: H, properties: &[(KeyId, Value)]) {
        let bit = bit(id);
        let (block, growth) = self.block(id);
        let at = rank(block.present, bit);
        let heads = own(&mut block.heads, growth);
        let before = vec_bytes(heads);
        if block.present & bit == 0 {
            heads.insert(at, head);
            growth.new += vec_bytes(heads) - before;
            block.present |= bit;
        } else {
            heads[at] = head;
            let gone = |(key, cells): &(KeyId, Arc<Cells>)| {
                let stays = properties.iter().any(|(own, _)| own == key);
                (!stays && cells.has & bit != 0).then_some(*key)
            };
            let gone: Vec<KeyId> = block.columns.iter().filter_map(gone).collect();
            for key in gone {
                block.set(bit, key, &Value::Null, growth);
            }
        }
        for (key, value) in properties {
            block.set(bit, *key, value, growth);
        }
    }

    /// Sets or, with null, removes a property of one that is there; whether it had a value before or has one now.
    pub(in crate::graph) fn set(&mut self, id: u64, key: KeyId, value: &Value) -> bool {
        let Self { blocks, growth } = self;
        blocks.get_mut(id >> SHIFT).is_some_and(|block| block.set(bit(id), key, value, growth))
    }

    /// Puts in entities with consecutive ids above all others, with a value of each column for each of them.
    pub(in crate::graph) fn append(
        &mut self,
        ids: Range<u64>,
        head: impl Fn(usize) -> H,
        columns: &[(KeyId, Values)],
    ) {
        let mut next = ids.start;
        while next < ids.end {
            let end = ids.end.min(((next >> SHIFT) + 1) << SHIFT);
            let places = (next - ids.start) as usize..(end - ids.start) as usize;
            let (block, growth) = self.block(next);
            let bits = (u64::MAX >> (63 - ((end - 1) & 63))) & (u64::MAX << (next & 63));
            block.present |= bits;
            let heads = own(&mut block.heads, growth);
            let before = vec_bytes(heads);
            heads.extend(places.clone().map(&head));
            growth.new += vec_bytes(heads) - before;
            for (key, values) in columns {
                block.append(*key, next, values, places.clone(), growth);
            }
            next = end;
        }
    }

    /// Those of a range of ids, ascending.
    pub(in crate::graph) fn range(
        &self,
        ids: Range<u64>,
    ) -> impl Iterator<Item = (u64, Entity<'_, H>)> + '_ {
        let blocks = self.blocks.range(ids.start >> SHIFT..ids.end.div_ceil(1 << SHIFT));
        blocks
            .flat_map(|(number, block)| {
                bits(block.present).map(move |at| ((number << SHIFT) + at, block))
            })
            .filter(move |(id, _)| ids.contains(id))
            .map(|(id, block)| (id, Entity { block, bit: bit(id) }))
    }

    /// Gives each value of each property of those in a range of ids that begins and ends with a block.
    pub(in crate::graph) fn each_value(
        &self,
        ids: Range<u64>,
        mut each: impl FnMut(KeyId, u64, Value),
    ) {
        for (number, block) in self.blocks.range(ids.start >> SHIFT..ids.end.div_ceil(1 << SHIFT)) {
            for (key, cells) in &block.columns {
                for (place, at) in bits(cells.has).enumerate() {
                    each(*key, (number << SHIFT) + at, cells.values.get(place));
                }
            }
        }
    }

    /// The block of an id, and what is allocated within.
    fn block(&mut self, id: u64) -> (&mut Block<H>, &mut Growth) {
        let empty = || Block { present: 0, heads: Arc::default(), columns: Vec::new() };
        (self.blocks.get_or_insert_with(id >> SHIFT, empty), &mut self.growth)
    }
}

/// What is shared, to be changed, which copies it where somebody else holds it.
fn own<'a, T: Clone + Allocated>(shared: &'a mut Arc<T>, growth: &mut Growth) -> &'a mut T {
    if is_shared(shared) {
        growth.copied += shared.allocated();
    }
    Arc::make_mut(shared)
}

impl<H> Allocated for Vec<H> {
    fn allocated(&self) -> u64 {
        size_of::<Self>() as u64 + ARC + (self.len() * size_of::<H>()) as u64
    }
}

impl Allocated for Cells {
    fn allocated(&self) -> u64 {
        size_of::<Self>() as u64 + ARC + self.values.allocated()
    }
}

/// The places of the bits of a word, ascending.
fn bits(mut word: u64) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(u64::from(bit))
    })
}

impl<H> Block<H> {
    fn cells(&mut self, key: KeyId, growth: &mut Growth) -> &mut Cells {
        let at = match self.columns.binary_search_by_key(&key, |(own, _)| *own) {
            Ok(at) => at,
            Err(at) => {
                let before = vec_bytes(&self.columns);
                let new = Arc::<Cells>::default();
                growth.new += new.allocated();
                self.columns.insert(at, (key, new));
                growth.new += vec_bytes(&self.columns) - before;
                at
            }
        };
        own(&mut self.columns[at].1, growth)
    }

    /// See [`Entities::set`].
    fn set(&mut self, bit: u64, key: KeyId, value: &Value, growth: &mut Growth) -> bool {
        let known = self.columns.iter().position(|(own, _)| *own == key);
        let had = known.is_some_and(|at| self.columns[at].1.has & bit != 0);
        if matches!(value, Value::Null) {
            if let Some(known) = known.filter(|_| had) {
                let cells = own(&mut self.columns[known].1, growth);
                cells.values.remove(rank(cells.has, bit));
                cells.has &= !bit;
                if cells.has == 0 {
                    self.columns.remove(known);
                }
            }
            return had;
        }
        let cells = self.cells(key, growth);
        let before = cells.values.allocated();
        let at = rank(cells.has, bit);
        if had {
            cells.values.set(at, value.clone());
        } else {
            cells.values.insert(at, value.clone());
            cells.has |= bit;
        }
        growth.new += cells.values.allocated().saturating_sub(before);
        true
    }

    /// Appends the values at these places, for the ids from `first` on; nulls are left out.
    fn append(
        &mut self,
        key: KeyId,
        first: u64,
        values: &Values,
        places: Range<usize>,
        growth: &mut Growth,
    ) {
        match values {
            Values::Any(some) => {
                let some = places.filter_map(|at| some.get(at)).zip(first..);
                for (value, id) in some.filter(|(value, _)| !matches!(value, Value::Null)) {
                    let cells = self.cells(key, growth);
                    let before = cells.values.allocated();
                    cells.values.push(value.clone());
                    cells.has |= bit(id);
                    growth.new += cells.values.allocated().saturating_sub(before);
                }
            }
            packed => {
                let count = places.len() as u64;
                let cells = self.cells(key, growth);
                let before = cells.values.allocated();
                cells.values.extend(packed, places);
                growth.new += cells.values.allocated().saturating_sub(before);
                cells.has |= (u64::MAX >> (64 - count)) << (first & 63);
            }
        }
    }
}
