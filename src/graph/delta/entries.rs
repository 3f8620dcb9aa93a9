//! The entries of an index that the delta has: sorted runs, of which the younger overrule the older.
//!
//! A log-structured merge tree (O'Neil et al. 1996) in memory: what comes together is sorted and becomes a run, and
//! runs of like size are merged, so that an entry is moved a few times in sequence instead of being put into a
//! tree at a random place. Runs are shared by snapshots and never change, but for the small one at the end.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use crate::graph::ids::is_shared;
use crate::graph::index::Entry;
use crate::graph::values::Values;
use crate::value::Value;
use crate::value::allocation::vec_bytes;
use crate::value::ordering;

/// Up to so many entries the last run is added to.
const OPEN: usize = 256;

/// A run is at least so many times as long as the one after it.
const GROWTH: usize = 4;

/// Entries, each of which has come or, below, gone.
#[derive(Debug, Clone, Default)]
pub(in crate::graph) struct Entries {
    /// Oldest first.
    runs: Vec<Arc<Run>>,
}

/// Entries in order, none twice.
#[derive(Debug, Clone, Default)]
struct Run {
    keys: Values,
    ids: Vec<u64>,
    /// Whether an entry of an older run is taken away by this one; empty where none is.
    gone: Vec<bool>,
}

impl Run {
    fn len(&self) -> usize {
        self.ids.len()
    }

    /// What it takes, without what the keys hold: they share it with the properties.
    fn bytes(&self) -> u64 {
        self.keys.allocated() + vec_bytes(&self.ids) + vec_bytes(&self.gone)
    }

    fn is_gone(&self, at: usize) -> bool {
        self.gone.get(at).is_some_and(|gone| *gone)
    }

    #[inline]
    fn compare(&self, at: usize, key: &Value, id: u64) -> Ordering {
        let by_key = match (&self.keys, key) {
            (Values::Integers(own), Value::Integer(key)) => own[at].cmp(key),
            (Values::Any(own), key) => ordering::order(&own[at], key),
            (own, key) => ordering::order(&own.get(at), key),
        };
        by_key.then_with(|| self.ids[at].cmp(&id))
    }

    fn compare_with(&self, at: usize, other: &Self, of_other: usize) -> Ordering {
        match (&self.keys, &other.keys) {
            (Values::Integers(own), Values::Integers(others)) => {
                own[at].cmp(&others[of_other]).then_with(|| self.ids[at].cmp(&other.ids[of_other]))
            }
            (_, Values::Any(others)) => self.compare(at, &others[of_other], other.ids[of_other]),
            (_, others) => self.compare(at, &others.get(of_other), other.ids[of_other]),
        }
    }

    /// The first place from `from` on that is not before this entry.
    fn seek(&self, from: usize, key: &Value, id: u64) -> usize {
        match (&self.keys, key) {
            (Values::Integers(own), Value::Integer(key)) => {
                // The ids lie elsewhere, and seldom decide.
                gallop(from, self.len(), |at| match own[at].cmp(key) {
                    Ordering::Equal => self.ids[at] < id,
                    other => other.is_lt(),
                })
            }
            _ => gallop(from, self.len(), |at| self.compare(at, key, id).is_lt()),
        }
    }

    /// The same for an entry of another run.
    fn seek_entry(&self, from: usize, other: &Self, at: usize) -> usize {
        match &other.keys {
            Values::Any(keys) => self.seek(from, &keys[at], other.ids[at]),
            keys => self.seek(from, &keys.get(at), other.ids[at]),
        }
    }

    fn has_key(&self, at: usize, key: &Value) -> bool {
        at < self.len()
            && match (&self.keys, key) {
                (Values::Integers(own), Value::Integer(key)) => own[at] == *key,
                (own, key) => ordering::equivalent(&own.get(at), key),
            }
    }

    /// Appends entries of another run, which come after its own.
    fn extend(&mut self, other: &Self, places: Range<usize>) {
        self.keys.extend(&other.keys, places.clone());
        self.ids.extend_from_slice(other.ids.get(places.clone()).unwrap_or(&[]));
        if !self.gone.is_empty() || !other.gone.is_empty() {
            self.gone.resize(self.ids.len() - places.len(), false);
            self.gone.extend(places.map(|at| other.is_gone(at)));
        }
    }

    /// Says of the last entry whether it is gone.
    fn mark(&mut self, gone: bool) {
        if gone || !self.gone.is_empty() {
            self.gone.resize(self.ids.len() - 1, false);
            self.gone.push(gone);
        }
    }

    /// Both as one, where the younger overrules the older. What is gone is left out at the `bottom`.
    fn merge(older: &Self, younger: &Self, bottom: bool) -> Self {
        if let (Values::Integers(old), Values::Integers(new)) = (&older.keys, &younger.keys)
            && older.gone.is_empty()
            && younger.gone.is_empty()
        {
            return merge_integers((old, &older.ids), (new, &younger.ids));
        }
        let mut merged = Self::default();
        let mut old = 0;
        // The younger is the shorter: what lies between two of its entries is copied as a whole.
        for new in 0..younger.len() {
            let next = older.seek_entry(old, younger, new);
            merged.extend(older, old..next);
            old = next;
            if old < older.len() && older.compare_with(old, younger, new).is_eq() {
                old += 1;
            }
            if !(bottom && younger.is_gone(new)) {
                merged.extend(younger, new..new + 1);
            }
        }
        merged.extend(older, old..older.len());
        merged
    }
}

/// See [`Run::merge`]: the most frequent case of it.
fn merge_integers(older: (&[i64], &[u64]), younger: (&[i64], &[u64])) -> Run {
    let len = older.0.len() + younger.0.len();
    let (mut keys, mut ids) = (Vec::with_capacity(len), Vec::with_capacity(len));
    let mut old = older.0.iter().copied().zip(older.1.iter().copied()).peekable();
    let new = younger.0.iter().copied().zip(younger.1.iter().copied());
    let mut push = |(key, id): (i64, u64)| {
        keys.push(key);
        ids.push(id);
    };
    for entry in new {
        while let Some(before) = old.next_if(|old| *old < entry) {
            push(before);
        }
        old.next_if_eq(&entry);
        push(entry);
    }
    old.for_each(push);
    Run { keys: Values::Integers(keys), ids, gone: Vec::new() }
}

/// The first place from `from` on of which `is_before` does not hold, which holds of none after it. It is looked for in
/// growing steps, because most often it is near.
#[inline]
fn gallop(from: usize, len: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high, mut step) = (from, from, 1);
    while high < len && is_before(high) {
        low = high + 1;
        high += step;
        step *= 2;
    }
    high = high.min(len);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

impl Entries {
    /// Takes in what has come (`true`) or gone, one after the other. Says how many bytes more it takes then.
    pub(in crate::graph) fn change(&mut self, mut changes: Vec<(Entry, bool)>) -> u64 {
        // What came last of an entry holds.
        changes.sort_by(|one, other| one.0.cmp(&other.0));
        let mut run = Run::default();
        for (at, ((key, id), there)) in changes.iter().enumerate() {
            if changes.get(at + 1).is_some_and(|next| next.0 == (key.clone(), *id)) {
                continue;
            }
            run.keys.push(key.clone());
            run.ids.push(*id);
            run.mark(!there);
        }
        self.add(run)
    }

    /// Takes in integers that have come, none of them twice with the same id. Says how many bytes more it takes then.
    pub(in crate::graph) fn add_integers(&mut self, mut entries: Vec<(i64, u64)>) -> u64 {
        entries.sort_unstable();
        let (keys, ids) = entries.into_iter().unzip();
        self.add(Run { keys: Values::Integers(keys), ids, gone: Vec::new() })
    }

    fn add(&mut self, mut run: Run) -> u64 {
        if run.len() == 0 {
            return 0;
        }
        let mut freed = 0;
        while let Some(last) = self.runs.last() {
            let joins = last.len() < OPEN || last.len() < run.len().saturating_mul(GROWTH);
            if !joins {
                break;
            }
            run = Run::merge(last, &run, self.runs.len() == 1);
            freed += self.runs.pop().filter(|last| !is_shared(last)).map_or(0, |last| last.bytes());
        }
        let more = run.bytes().saturating_sub(freed);
        self.runs.push(Arc::new(run));
        more
    }

    /// How many there are, as if none had gone.
    pub(in crate::graph) fn len(&self) -> usize {
        self.runs.iter().map(|run| run.len()).sum()
    }

    /// Gives, for each of some keys in their order, its number and the ids of its entries, ascending.
    pub(in crate::graph) fn seek<'k>(
        &self,
        keys: impl Iterator<Item = (u32, &'k Value)>,
        found: &mut Vec<(u32, u64)>,
    ) {
        let mut places = vec![0; self.runs.len()];
        let mut of_key: Vec<(u64, bool)> = Vec::new();
        for (number, key) in keys {
            of_key.clear();
            let mut runs = 0;
            // The youngest first: it is what holds.
            for (run, place) in self.runs.iter().zip(&mut places).rev() {
                *place = run.seek(*place, key, 0);
                let mut at = *place;
                runs += usize::from(run.has_key(at, key));
                while run.has_key(at, key) {
                    of_key.push((run.ids[at], run.is_gone(at)));
                    at += 1;
                }
            }
            if runs > 1 {
                of_key.sort_by_key(|(id, _)| *id);
                of_key.dedup_by_key(|(id, _)| *id);
            }
            found.extend(of_key.iter().filter(|(_, gone)| !gone).map(|(id, _)| (number, *id)));
        }
    }

    /// The entries from this one on, in order.
    pub(in crate::graph) fn from(&self, key: &Value, id: u64) -> impl Iterator<Item = Entry> + '_ {
        let heads: Vec<(&Run, usize)> =
            self.runs.iter().map(|run| (&**run, run.seek(0, key, id))).collect();
        merged(heads)
    }

    /// All entries in order.
    pub(in crate::graph) fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        merged(self.runs.iter().map(|run| (&**run, 0)).collect())
    }
}

/// What runs hold from these places on, as one.
fn merged(mut heads: Vec<(&Run, usize)>) -> impl Iterator<Item = Entry> + '_ {
    std::iter::from_fn(move || {
        loop {
            let mut least: Option<usize> = None;
            // Of equal entries the youngest, which is met first.
            for (number, (run, at)) in heads.iter().enumerate().rev() {
                let is_less = *at < run.len()
                    && least.and_then(|least| heads.get(least)).is_none_or(|(other, of_other)| {
                        run.compare_with(*at, other, *of_other).is_lt()
                    });
                if is_less {
                    least = Some(number);
                }
            }
            let (run, at) = *heads.get(least?)?;
            for (other, of_other) in &mut heads {
                if *of_other < other.len() && other.compare_with(*of_other, run, at).is_eq() {
                    *of_other += 1;
                }
            }
            if !run.is_gone(at) {
                return Some((run.keys.get(at), run.ids[at]));
            }
        }
    })
}
