//! Persistent sets and maps of dense ids.
//!
//! Ids are dense, so both are shallow tries of arrays: a look-up is two or three loads, a clone one reference
//! count, and a change copies the path to it where another clone shares it.

use std::ops::Range;
use std::sync::Arc;

/// Ids per block, as a shift.
const BLOCK_SHIFT: u32 = 15;
const BLOCK_WORDS: usize = 1 << (BLOCK_SHIFT - 6);

type Words = Arc<[u64; BLOCK_WORDS]>;

/// A set of ids.
#[derive(Debug, Clone, Default)]
pub(super) struct IdSet {
    blocks: Arc<Vec<Option<Words>>>,
    len: u64,
}

#[inline]
fn block(id: u64) -> usize {
    (id >> BLOCK_SHIFT) as usize
}

#[inline]
fn word(id: u64) -> usize {
    (id >> 6) as usize & (BLOCK_WORDS - 1)
}

impl IdSet {
    /// Whether nothing is in it: the test that keeps clean paths clean.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub(super) fn contains(&self, id: u64) -> bool {
        match self.blocks.get(block(id)) {
            Some(Some(words)) => words[word(id)] >> (id & 63) & 1 == 1,
            _ => false,
        }
    }

    /// Adds an id; whether it is new.
    pub(super) fn insert(&mut self, id: u64) -> bool {
        if self.contains(id) {
            return false;
        }
        let blocks = Arc::make_mut(&mut self.blocks);
        if blocks.len() <= block(id) {
            blocks.resize(block(id) + 1, None);
        }
        if let Some(slot) = blocks.get_mut(block(id)) {
            let words = slot.get_or_insert_with(|| Arc::new([0; BLOCK_WORDS]));
            Arc::make_mut(words)[word(id)] |= 1 << (id & 63);
            self.len += 1;
        }
        true
    }

    pub(super) fn remove(&mut self, id: u64) {
        if self.contains(id)
            && let Some(Some(words)) = Arc::make_mut(&mut self.blocks).get_mut(block(id))
        {
            Arc::make_mut(words)[word(id)] &= !(1 << (id & 63));
            self.len -= 1;
        }
    }

    /// The numbers of the runs of `1 << shift` ids that it has an id in, ascending.
    pub(super) fn chunks(&self, shift: u32) -> Vec<u64> {
        let mut chunks = Vec::new();
        let mut from = 0;
        while let Some(id) = self.iter_from(from).next() {
            chunks.push(id >> shift);
            from = ((id >> shift) + 1) << shift;
        }
        chunks
    }

    /// The ids from `from` on, ascending.
    pub(super) fn iter_from(&self, from: u64) -> impl Iterator<Item = u64> + '_ {
        let blocks = self.blocks.iter().enumerate().skip(block(from));
        blocks.filter_map(|(at, words)| Some((at, words.as_ref()?))).flat_map(move |(at, words)| {
            let first = (at as u64) << BLOCK_SHIFT;
            let skip = if block(from) == at { word(from) } else { 0 };
            words.iter().enumerate().skip(skip).flat_map(move |(at, bits)| {
                let first = first + at as u64 * 64;
                let mut rest = *bits;
                if first < from {
                    rest &= u64::MAX << (from - first);
                }
                std::iter::from_fn(move || {
                    let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                    rest &= rest - 1;
                    Some(first + u64::from(bit))
                })
            })
        })
    }
}

/// Entries per leaf of an [`IdMap`].
const LEAF: usize = 64;

type Leaf<T> = Arc<[Option<Arc<T>>; LEAF]>;
type Branch<T> = Arc<[Option<Leaf<T>>; BLOCK_WORDS]>;

/// A map from ids.
#[derive(Debug)]
pub(super) struct IdMap<T> {
    branches: Arc<Vec<Option<Branch<T>>>>,
}

impl<T> Clone for IdMap<T> {
    fn clone(&self) -> Self {
        Self { branches: self.branches.clone() }
    }
}

impl<T> Default for IdMap<T> {
    fn default() -> Self {
        Self { branches: Arc::default() }
    }
}

impl<T> IdMap<T> {
    #[inline]
    pub(super) fn get(&self, id: u64) -> Option<&Arc<T>> {
        let branch = self.branches.get(block(id))?.as_ref()?;
        let leaf = branch[word(id)].as_ref()?;
        leaf[id as usize & (LEAF - 1)].as_ref()
    }

    pub(super) fn insert(&mut self, id: u64, value: Arc<T>) {
        let branches = Arc::make_mut(&mut self.branches);
        if branches.len() <= block(id) {
            branches.resize_with(block(id) + 1, || None);
        }
        if let Some(slot) = branches.get_mut(block(id)) {
            let branch = slot.get_or_insert_with(|| Arc::new([const { None }; BLOCK_WORDS]));
            let slot = &mut Arc::make_mut(branch)[word(id)];
            let leaf = slot.get_or_insert_with(|| Arc::new([const { None }; LEAF]));
            Arc::make_mut(leaf)[id as usize & (LEAF - 1)] = Some(value);
        }
    }

    /// The entries of a range of ids, ascending.
    pub(super) fn range(&self, ids: Range<u64>) -> impl Iterator<Item = (u64, &Arc<T>)> + '_ {
        let branches = self.branches.iter().enumerate().skip(block(ids.start));
        let leaves = branches.filter_map(|(at, branch)| Some((at, branch.as_ref()?))).flat_map(
            move |(at, branch)| {
                let first = (at as u64) << BLOCK_SHIFT;
                let skip = if block(ids.start) == at { word(ids.start) } else { 0 };
                let leaves = branch.iter().enumerate().skip(skip);
                leaves.filter_map(move |(at, leaf)| {
                    Some((first + (at * LEAF) as u64, leaf.as_ref()?))
                })
            },
        );
        leaves
            .take_while(move |(first, _)| *first < ids.end)
            .flat_map(|(first, leaf)| (first..).zip(leaf.iter()))
            .filter_map(|(id, entry)| Some((id, entry.as_ref()?)))
            .skip_while(move |(id, _)| *id < ids.start)
            .take_while(move |(id, _)| *id < ids.end)
    }
}
