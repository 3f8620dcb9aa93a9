//! The identifiers that files call nodes by, and the nodes they stand for.
//!
//! An identifier belongs to a space; within one it is unique. Integers that lie close together take four bytes
//! each, others some sixteen, strings their length and some twelve.

use std::fmt;
use std::hash::Hasher;

use rustc_hash::FxHashMap;
use rustc_hash::FxHasher;

use crate::value::Strings;

use crate::value::number;

/// No node.
const NONE: u32 = u32::MAX;

/// The identifiers of one space.
#[derive(Debug)]
pub(super) enum Ids {
    Integers(Integers),
    Strings(StringIds),
}

impl Ids {
    /// Two nodes of the store that have both this identifier, where there are.
    pub(super) fn doubled(&self, id: &str) -> Option<(u32, u32)> {
        match self {
            Self::Integers(ids) => ids.doubled.get(&id.trim().parse().ok()?).copied(),
            Self::Strings(ids) => ids.doubled.get(id).copied(),
        }
    }
}

/// Identifiers that are integers: a run where each is one more than the one before it, as nodes mostly come; a table
/// where they lie close together; else a map.
#[derive(Debug, Default)]
pub(super) struct Integers {
    /// How many there are in the run from `base` on, while there is nothing else.
    run: u32,
    /// The node of the first in the run.
    first: u32,
    base: i64,
    table: Vec<u32>,
    map: FxHashMap<i64, u32>,
    count: usize,
    mapped: bool,
    /// Whether nobody stated that identifiers are integers: `007` is another text than `7` then.
    inferred: bool,
    /// Identifiers of several nodes, which stand for none, and the first two of those.
    doubled: FxHashMap<i64, (u32, u32)>,
}

impl Integers {
    /// None yet; `inferred` where nobody stated that they are integers.
    pub(super) fn new(inferred: bool) -> Self {
        Self { inferred, ..Self::default() }
    }

    /// The only node with the identifier that a text writes.
    #[inline]
    pub(super) fn named(&self, text: &[u8]) -> Option<u32> {
        self.get(match self.inferred {
            true => number::canonical_integer(text.trim_ascii()),
            false => number::integer(text),
        }?)
    }

    /// The only node with this identifier.
    #[inline]
    pub(super) fn get(&self, id: i64) -> Option<u32> {
        self.first_of(id).filter(|_| self.doubled.is_empty() || !self.doubled.contains_key(&id))
    }

    /// The first node with this identifier.
    #[inline]
    fn first_of(&self, id: i64) -> Option<u32> {
        if self.run > 0 {
            // A distance that does not fit is far beyond the run, whatever its sign.
            let at = id.wrapping_sub(self.base) as u64;
            return (at < u64::from(self.run)).then(|| self.first + at as u32);
        }
        if self.mapped {
            return self.map.get(&id).copied();
        }
        let at = usize::try_from(id.checked_sub(self.base)?).ok()?;
        self.table.get(at).copied().filter(|node| *node != NONE)
    }

    /// Adds an identifier that others may have.
    pub(super) fn insert_stored(&mut self, id: i64, node: u32) {
        if !self.insert(id, node)
            && let Some(first) = self.first_of(id)
        {
            self.doubled.entry(id).or_insert((first, node));
        }
    }

    /// Adds an identifier; whether it is new.
    pub(super) fn insert(&mut self, id: i64, node: u32) -> bool {
        if self.run > 0 || self.count == 0 {
            if self.count == 0 {
                (self.base, self.first, self.run, self.count) = (id, node, 1, 1);
                return true;
            }
            if self.first_of(id).is_some() {
                return false;
            }
            let next = i64::from(self.run);
            if self.base.checked_add(next) == Some(id)
                && self.first.checked_add(self.run) == Some(node)
            {
                self.run += 1;
                self.count += 1;
                return true;
            }
            self.end_run();
        }
        self.add(id, node)
    }

    /// Puts the run into a table, for what comes is beside it.
    #[cold]
    fn end_run(&mut self) {
        let (base, first, run) = (self.base, self.first, std::mem::take(&mut self.run));
        self.count = 0;
        for at in 0..run {
            self.add(base.wrapping_add(i64::from(at)), first + at);
        }
    }

    fn add(&mut self, id: i64, node: u32) -> bool {
        if !self.mapped {
            if self.count == 0 {
                // Identifiers mostly begin near the least of them.
                self.base = id.saturating_sub(1024).max(if id >= 0 { 0 } else { i64::MIN });
            }
            let at = id.checked_sub(self.base).and_then(|at| usize::try_from(at).ok());
            // A map would take at least as much for each identifier as four places of the table.
            match at.filter(|at| *at <= self.count.saturating_mul(4) + 65_536) {
                Some(at) => {
                    if self.table.len() <= at {
                        self.table.resize(at + 1, NONE);
                    }
                    let Some(slot) = self.table.get_mut(at) else { return false };
                    let new = *slot == NONE;
                    if new {
                        *slot = node;
                        self.count += 1;
                    }
                    return new;
                }
                None => self.use_map(),
            }
        }
        let new = !self.map.contains_key(&id);
        if new {
            self.map.insert(id, node);
            self.count += 1;
        }
        new
    }

    #[cold]
    fn use_map(&mut self) {
        self.mapped = true;
        let table = std::mem::take(&mut self.table);
        let taken = (0i64..).zip(table).filter(|(_, node)| *node != NONE);
        self.map = taken.map(|(at, node)| (self.base.wrapping_add(at), node)).collect();
    }
}

/// Identifiers that are strings: an open hash table of positions in one text.
#[derive(Debug, Default)]
pub(super) struct StringIds {
    ids: Strings,
    nodes: Vec<u32>,
    /// Positions in `ids`; a power of two of them, at most half of them taken.
    slots: Vec<u32>,
    /// Identifiers of several nodes, which stand for none, and the first two of those.
    doubled: FxHashMap<String, (u32, u32)>,
}

fn hash(id: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(id);
    hasher.finish()
}

impl StringIds {
    /// The slot with this identifier, or the free one where it belongs.
    #[inline]
    fn slot(&self, id: &[u8]) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash(id) as usize & mask;
        while let Some(position) = self.slots.get(at).filter(|position| **position != NONE) {
            if self.ids.get(*position as usize).as_bytes() == id {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    /// The only node with this identifier.
    #[inline]
    pub(super) fn get(&self, id: &[u8]) -> Option<u32> {
        self.first_of(id).filter(|_| self.doubled.is_empty() || !self.is_doubled(id))
    }

    fn is_doubled(&self, id: &[u8]) -> bool {
        std::str::from_utf8(id).is_ok_and(|id| self.doubled.contains_key(id))
    }

    /// The first node with this identifier.
    #[inline]
    fn first_of(&self, id: &[u8]) -> Option<u32> {
        let position = *self.slots.get(self.slot(id))?;
        self.nodes.get(position as usize).copied()
    }

    /// Adds an identifier that others may have.
    pub(super) fn insert_stored(&mut self, id: &str, node: u32) {
        if !self.insert(id, node)
            && let Some(first) = self.first_of(id.as_bytes())
        {
            self.doubled.entry(id.into()).or_insert((first, node));
        }
    }

    /// Adds an identifier; whether it is new.
    pub(super) fn insert(&mut self, id: &str, node: u32) -> bool {
        if (self.nodes.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let slot = self.slot(id.as_bytes());
        match self.slots.get_mut(slot) {
            Some(free) if *free == NONE => *free = self.nodes.len() as u32,
            _ => return false,
        }
        self.ids.push(id);
        self.nodes.push(node);
        true
    }

    #[cold]
    fn grow(&mut self) {
        self.slots = vec![NONE; (self.slots.len() * 2).max(1024)];
        for position in 0..self.nodes.len() {
            let slot = self.slot(self.ids.get(position).as_bytes());
            if let Some(free) = self.slots.get_mut(slot) {
                *free = position as u32;
            }
        }
    }
}

/// What a file calls a node by where nothing says of which type that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// The text that the integer is written as.
    Integer(i64),
    Text(Box<str>),
}

impl Name {
    pub(super) fn of(text: &str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text);
        // `007`, `-0` and `+7` are other texts than `7`.
        let plain = !digits.starts_with(['0', '+']) || text == "0";
        match text.parse() {
            Ok(number) if plain => Self::Integer(number),
            _ => Self::Text(text.into()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// The nodes by their names.
#[derive(Debug, Default)]
pub(super) struct Names {
    integers: Integers,
    texts: StringIds,
}

impl Names {
    pub(super) fn get(&self, name: &Name) -> Option<u32> {
        match name {
            Name::Integer(number) => self.integers.get(*number),
            Name::Text(text) => self.texts.get(text.as_bytes()),
        }
    }

    /// Adds a name; whether it is new.
    pub(super) fn insert(&mut self, name: &Name, node: u32) -> bool {
        match name {
            Name::Integer(number) => self.integers.insert(*number, node),
            Name::Text(text) => self.texts.insert(text, node),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_found_whether_close_or_far() {
        let close: Vec<i64> = (0..100_000).map(|i| i * 7919 % 100_000).collect();
        let far: Vec<i64> = (0..1000).map(|i| i64::MIN + i * (i64::MAX / 1000)).collect();
        let growing: Vec<i64> = (0..1000).map(|i| i * i * i * i).collect();
        let negative: Vec<i64> = (-5000..5000).collect();
        for ids in [close, far, growing, negative, vec![i64::MAX, i64::MIN, 0]] {
            let mut space = Integers::default();
            for (node, id) in (0..).zip(&ids) {
                assert!(space.insert(*id, node), "{id}");
                assert!(!space.insert(*id, NONE - 1), "{id}");
            }
            for (node, id) in (0..).zip(&ids) {
                assert_eq!(space.get(*id), Some(node), "{id}");
            }
            assert_eq!(space.get(i64::MAX - 1), None);
            assert_eq!(space.get(-1_000_000), None);
        }
        assert_eq!(Integers::default().get(0), None);
    }

    #[test]
    fn what_several_have_stands_for_none() {
        let mut integers = Integers::default();
        let mut strings = StringIds::default();
        for (node, id) in (0..).zip([5, 6, 7, 6, 8, 6]) {
            integers.insert_stored(id, node);
            strings.insert_stored(&id.to_string(), node);
        }
        assert_eq!([5, 6, 7, 8].map(|id| integers.get(id)), [Some(0), None, Some(2), Some(4)]);
        assert_eq!([b"5", b"6", b"8"].map(|id| strings.get(id)), [Some(0), None, Some(4)]);
        assert!(!integers.insert(6, 9) && !strings.insert("6", 9));
        for ids in [Ids::Integers(integers), Ids::Strings(strings)] {
            assert_eq!((ids.doubled("6"), ids.doubled("5")), (Some((1, 3)), None));
        }
    }

    #[test]
    fn names_are_told_apart_by_their_text() {
        let texts = [
            "0",
            "-0",
            "+0",
            "00",
            "7",
            "07",
            "+7",
            "-7",
            "-07",
            "7 ",
            "",
            "a",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "1.0",
        ];
        let mut names = Names::default();
        for (node, text) in (0..).zip(texts) {
            let name = Name::of(text);
            assert_eq!(name.to_string(), text);
            assert!(names.insert(&name, node), "{text}");
        }
        for (node, text) in (0..).zip(texts) {
            assert_eq!(names.get(&Name::of(text)), Some(node), "{text}");
        }
    }

    #[test]
    fn strings_are_found() {
        let mut space = StringIds::default();
        assert_eq!(space.get(b""), None);
        for node in 0..5000 {
            assert!(space.insert(&format!("id{node}"), node));
        }
        assert!(!space.insert("id77", 1));
        assert!(space.insert("", 5000));
        for node in 0..5000 {
            assert_eq!(space.get(format!("id{node}").as_bytes()), Some(node));
        }
        assert_eq!(space.get(b""), Some(5000));
        assert_eq!(space.get(b"id5000"), None);
    }
}
