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

/// Whether somebody else holds it, so that it is copied before it changes.
#[inline]
pub(super) fn is_shared<T: ?Sized>(shared: &Arc<T>) -> bool {
    Arc::strong_count(shared) > 1
}

/// Bytes that a collection has allocated, counted up and never down.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Growth {
    /// For what was not there before.
    pub(super) new: u64,
    /// For copies of what others share, to change them.
    pub(super) copied: u64,
}

impl Growth {
    /// Counts what is about to be changed: new where it is not there, copied where it is shared.
    fn add(&mut self, is_shared: Option<bool>, bytes: u64) {
        match is_shared {
            None => self.new += bytes,
            Some(true) => self.copied += bytes,
            Some(false) => {}
        }
    }

    /// What has come since an earlier state.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            new: self.new.saturating_sub(earlier.new),
            copied: self.copied.saturating_sub(earlier.copied),
        }
    }
}

impl std::iter::Sum for Growth {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        let add = |a: Self, b: Self| Self { new: a.new + b.new, copied: a.copied + b.copied };
        all.fold(Self::default(), add)
    }
}

/// A set of ids.
#[derive(Debug, Clone, Default)]
pub(super) struct IdSet {
    blocks: Arc<Vec<Option<Words>>>,
    len: u64,
    /// What its blocks have taken since it was empty.
    growth: Growth,
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
    /// What it has allocated since it was empty.
    pub(super) fn growth(&self) -> Growth {
        self.growth
    }

    /// The block at a place, to be changed.
    fn block_mut(&mut self, at: usize) -> &mut [u64; BLOCK_WORDS] {
        if is_shared(&self.blocks) {
            self.growth.copied += 8 * self.blocks.len() as u64;
        }
        let blocks = Arc::make_mut(&mut self.blocks);
        if blocks.len() <= at {
            self.growth.new += 8 * (at + 1 - blocks.len()) as u64;
            blocks.resize(at + 1, None);
        }
        self.growth.add(blocks[at].as_ref().map(is_shared), size_of::<[u64; BLOCK_WORDS]>() as u64);
        Arc::make_mut(blocks[at].get_or_insert_with(|| Arc::new([0; BLOCK_WORDS])))
    }

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
        self.block_mut(block(id))[word(id)] |= 1 << (id & 63);
        self.len += 1;
        true
    }

    /// Adds all ids of a range.
    pub(super) fn insert_range(&mut self, ids: Range<u64>) {
        let mut next = ids.start;
        while next < ids.end {
            let end = ids.end.min(((next >> BLOCK_SHIFT) + 1) << BLOCK_SHIFT);
            let words = self.block_mut(block(next));
            let mut new = 0;
            for id in next..end {
                let (word, bit) = (&mut words[word(id)], 1 << (id & 63));
                new += u64::from(*word & bit == 0);
                *word |= bit;
            }
            self.len += new;
            next = end;
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        if self.contains(id) {
            self.block_mut(block(id))[word(id)] &= !(1 << (id & 63));
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
    /// What its leaves and entries have taken since it was empty.
    growth: Growth,
}

/// What an entry takes by itself.
pub(super) trait Allocated {
    /// The bytes that are copied with it.
    fn allocated(&self) -> u64;
}

impl<T> Clone for IdMap<T> {
    fn clone(&self) -> Self {
        Self { leaves: self.leaves.clone(), growth: self.growth }
    }
}

impl<T> Default for IdMap<T> {
    fn default() -> Self {
        Self { leaves: Arc::default(), growth: Growth::default() }
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

impl<T: Clone + Allocated> IdMap<T> {
    /// What it has allocated since it was empty.
    pub(super) fn growth(&self) -> Growth {
        self.growth
    }

    #[inline]
    pub(super) fn get(&self, id: u64) -> Option<&T> {
        self.leaves.get(leaf(id))?.as_ref()?[within(id)].as_deref()
    }

    /// What is under an id, to be changed.
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        self.get(id)?;
        let (entry, growth) = self.entry(id);
        let entry = entry.as_mut()?;
        if is_shared(entry) {
            growth.copied += entry.allocated();
        }
        Some(Arc::make_mut(entry))
    }

    /// What is under an id, to be changed, made where nothing was.
    pub(super) fn get_or_insert_with(&mut self, id: u64, make: impl FnOnce() -> T) -> &mut T {
        let (entry, growth) = self.entry(id);
        let entry = entry.get_or_insert_with(|| {
            let new = make();
            growth.new += new.allocated();
            Arc::new(new)
        });
        if is_shared(entry) {
            growth.copied += entry.allocated();
        }
        Arc::make_mut(entry)
    }

    /// The place of an id, to be changed, and what is allocated.
    fn entry(&mut self, id: u64) -> (&mut Option<Arc<T>>, &mut Growth) {
        if is_shared(&self.leaves) {
            self.growth.copied += 8 * self.leaves.len() as u64;
        }
        let leaves = Arc::make_mut(&mut self.leaves);
        let at = leaf(id);
        if leaves.len() <= at {
            self.growth.new += 8 * (at + 1 - leaves.len()) as u64;
            leaves.resize_with(at + 1, || None);
        }
        let size = size_of::<[Option<Arc<T>>; LEAF]>() as u64;
        self.growth.add(leaves[at].as_ref().map(is_shared), size);
        let leaf = leaves[at].get_or_insert_with(|| Arc::new([const { None }; LEAF]));
        (&mut Arc::make_mut(leaf)[within(id)], &mut self.growth)
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
