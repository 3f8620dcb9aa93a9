//! The groups of a single key whose values are words.

use rustc_hash::FxHashMap;

use crate::value::allocation::{table_bytes, table_growth, vec_bytes};

use super::NO_GROUP;

/// From one word to its group: an array where words are small and dense, as ids are, else a hash table.
#[derive(Debug)]
pub(super) enum Single {
    Hashed { map: FxHashMap<u64, u32>, max: u64, stays: bool },
    Direct(Vec<u32>),
}

impl Default for Single {
    fn default() -> Self {
        Self::Hashed { map: FxHashMap::default(), max: 0, stays: false }
    }
}

/// From this many groups on, as there may be with the rows at hand, an array is considered.
const DIRECT_FROM: usize = 1024;

/// The largest array for so many groups.
fn direct_limit(groups: usize) -> u64 {
    groups as u64 * 32 + 65_536
}

impl Single {
    pub(super) fn get(&self, word: u64) -> Option<u32> {
        match self {
            Self::Hashed { map, .. } => map.get(&word).copied(),
            Self::Direct(groups) => {
                let group = groups.get(usize::try_from(word).ok()?).copied()?;
                (group != NO_GROUP).then_some(group)
            }
        }
    }

    /// The group of the word, which is `next` where it has none yet.
    pub(super) fn get_or_insert(&mut self, word: u64, next: u32) -> u32 {
        match self {
            Self::Hashed { map, max, .. } => *map.entry(word).or_insert_with(|| {
                *max = word.max(*max);
                next
            }),
            Self::Direct(groups) => match groups.get_mut(word as usize) {
                Some(place) if *place != NO_GROUP => *place,
                Some(place) => {
                    *place = next;
                    next
                }
                None => next,
            },
        }
    }

    /// Appends the group of each word to `groups`, and the words that had none yet to `order`. `next` is the group of
    /// the next such word.
    pub(super) fn assign(
        &mut self,
        words: &[u64],
        next: &mut u32,
        (groups, order): (&mut Vec<u32>, &mut Vec<u64>),
    ) {
        // The array is large enough, and a loop by itself is twice as quick as one that asks each time.
        if let Self::Direct(places) = self {
            groups.extend(words.iter().map(|word| {
                let Some(place) = places.get_mut(*word as usize) else { return NO_GROUP };
                if *place == NO_GROUP {
                    *place = *next;
                    *next += 1;
                    order.push(*word);
                }
                *place
            }));
            return;
        }
        for word in words {
            let group = self.get_or_insert(*word, *next);
            if group == *next {
                *next += 1;
                order.push(*word);
            }
            groups.push(group);
        }
    }

    /// Makes room for words up to `max`, as an array or as a table, whichever pays for so many groups.
    pub(super) fn prepare(&mut self, max: u64, groups: usize) {
        let limit = direct_limit(groups);
        match self {
            Self::Hashed { stays: true, .. } => {}
            Self::Hashed { map, max: known, .. } => {
                let max = max.max(*known);
                if groups < DIRECT_FROM || max >= limit {
                    return;
                }
                let mut direct = vec![NO_GROUP; max as usize + 1];
                #[expect(clippy::iter_over_hash_type, reason = "each entry has a place of its own")]
                for (word, group) in map.iter() {
                    if let Some(place) = direct.get_mut(*word as usize) {
                        *place = *group;
                    }
                }
                *self = Self::Direct(direct);
            }
            Self::Direct(places) if max < places.len() as u64 => {}
            Self::Direct(places) if max < limit => {
                let len = (max as usize + 1).max(places.len() * 2);
                places.resize(len, NO_GROUP);
            }
            Self::Direct(places) => {
                let known = places.iter().enumerate().filter(|(_, group)| **group != NO_GROUP);
                let map = known.map(|(word, group)| (word as u64, *group)).collect();
                *self = Self::Hashed { map, max, stays: true };
            }
        }
    }

    /// What it may allocate for words up to `max` in so many rows, beside so many groups.
    pub(super) fn growth(&self, max: u64, groups: usize, rows: usize) -> u64 {
        let limit = direct_limit(groups + rows);
        match self {
            Self::Hashed { stays: true, map, .. } => table_growth(map, rows),
            Self::Hashed { map, max: known, .. } => {
                let max = max.max(*known);
                if groups + rows < DIRECT_FROM || max >= limit {
                    table_growth(map, rows)
                } else {
                    (max + 1) * 4
                }
            }
            Self::Direct(places) if max < places.len() as u64 => 0,
            Self::Direct(places) if max < limit => (max + 1).max(places.len() as u64 * 2) * 4,
            Self::Direct(_) => table_growth(&FxHashMap::<u64, u32>::default(), groups + rows) * 2,
        }
    }

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Hashed { map, .. } => table_bytes(map),
            Self::Direct(groups) => vec_bytes(groups),
        }
    }
}
