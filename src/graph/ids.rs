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

    /// Adds all ids of a range.
    pub(super) fn insert_range(&mut self, ids: Range<u64>) {
        let mut next = ids.start;
        while next < ids.end {
            let end = ids.end.min(((next >> BLOCK_SHIFT) + 1) << BLOCK_SHIFT);
            let blocks = Arc::make_mut(&mut self.blocks);
            if blocks.len() <= block(next) {
                blocks.resize(block(next) + 1, None);
            }
            let words = blocks[block(next)].get_or_insert_with(|| Arc::new([0; BLOCK_WORDS]));
            let words = Arc::make_mut(words);
            for id in next..end {
                let (word, bit) = (&mut words[word(id)], 1 << (id & 63));
                self.len += u64::from(*word & bit == 0);
                *word |= bit;
            }
            next = end;
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        if self.contains(id)
            && let Some(Some(words)) = Arc::make_mut(&mut self.blocks).get_mut(block(id))
        {
            Arc::make_mut(words)[word(id)] &= !(1 << (id & 63));
            self.len -= 1;
        }
    }

    /// The ids that an earlier state of the set did not have, ascending. What both share is not looked at.
    pub(super) fn since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = u64> + 'a {
        let known = before.blocks.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let changed = self.blocks.iter().enumerate().zip(known).filter(|((_, own), known)| {
            let shared =
                own.as_ref().zip(*known).is_some_and(|(own, known)| Arc::ptr_eq(own, known));
            own.is_some() && !shared
        });
        changed.flat_map(move |((at, _), _)| {
            let first = (at as u64) << BLOCK_SHIFT;
            let own = self.iter_from(first).take_while(move |id| block(*id) == at);
            own.filter(|id| !before.contains(*id))
        })
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

/// Entries per leaf of an [`IdMap`], as a shift.
const LEAF_SHIFT: u32 = 9;
const LEAF: usize = 1 << LEAF_SHIFT;

type Leaf<T> = Arc<[Option<Arc<T>>; LEAF]>;

/// A map from ids.
#[derive(Debug)]
pub(super) struct IdMap<T> {
    leaves: Arc<Vec<Option<Leaf<T>>>>,
}

impl<T> Clone for IdMap<T> {
    fn clone(&self) -> Self {
        Self { leaves: self.leaves.clone() }
    }
}

impl<T> Default for IdMap<T> {
    fn default() -> Self {
        Self { leaves: Arc::default() }
    }
}

#[inline]
fn leaf(id: u64) -> usize {
    (id >> LEAF_SHIFT) as usize
}

#[inline]
fn within(id: u64) -> usize {
    id as usize & (LEAF - 1)
}

impl<T: Clone> IdMap<T> {
    #[inline]
    pub(super) fn get(&self, id: u64) -> Option<&T> {
        self.leaves.get(leaf(id))?.as_ref()?[within(id)].as_deref()
    }

    /// What is under an id, to be changed.
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        let leaf = Arc::make_mut(&mut self.leaves).get_mut(leaf(id))?.as_mut()?;
        Arc::make_mut(leaf)[within(id)].as_mut().map(Arc::make_mut)
    }

    /// What is under an id, to be changed, made where nothing was.
    pub(super) fn get_or_insert_with(&mut self, id: u64, make: impl FnOnce() -> T) -> &mut T {
        let leaves = Arc::make_mut(&mut self.leaves);
        let at = leaf(id);
        if leaves.len() <= at {
            leaves.resize_with(at + 1, || None);
        }
        let leaf = leaves[at].get_or_insert_with(|| Arc::new([const { None }; LEAF]));
        Arc::make_mut(Arc::make_mut(leaf)[within(id)].get_or_insert_with(|| Arc::new(make())))
    }

    /// The entries of a range of ids, ascending.
    pub(super) fn range(&self, ids: Range<u64>) -> impl Iterator<Item = (u64, &T)> + '_ {
        let last = ids.end.div_ceil(LEAF as u64) as usize;
        let leaves = self.leaves.iter().enumerate().take(last).skip(leaf(ids.start));
        leaves
            .filter_map(|(at, leaf)| Some(((at << LEAF_SHIFT) as u64, leaf.as_ref()?)))
            .flat_map(|(first, leaf)| (first..).zip(leaf.iter()))
            .filter_map(|(id, entry)| Some((id, entry.as_deref()?)))
            .filter(move |(id, _)| ids.contains(id))
    }
}
