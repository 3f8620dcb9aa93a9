//! Tokens: the names of labels, relationship types and property keys, and their numbers.
//!
//! Owns the dictionaries and what the catalog record says of a checkpointed graph. It may not know how
//! records reach the disk.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Names in the order of their numbers. Cloning costs one count; adding a name copies, which is rare.
#[derive(Debug, Clone, Default)]
pub(super) struct TokenTable(Arc<Names>);

#[derive(Debug, Clone, Default)]
struct Names {
    names: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u32>,
}

impl TokenTable {
    pub(super) fn get(&self, name: &str) -> Option<u32> {
        self.0.numbers.get(name).copied()
    }

    pub(super) fn name(&self, number: u32) -> Option<&Arc<str>> {
        self.0.names.get(number as usize)
    }

    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.0.names
    }

    pub(super) fn len(&self) -> u32 {
        self.0.names.len() as u32
    }

    /// Adds a name that is not there yet and says its number.
    pub(super) fn add(&mut self, name: &str) -> u32 {
        let number = self.len();
        let name: Arc<str> = name.into();
        let names = Arc::make_mut(&mut self.0);
        names.names.push(name.clone());
        names.numbers.insert(name, number);
        number
    }
}

impl<'a> FromIterator<&'a str> for TokenTable {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut table = Self::default();
        for name in names {
            if table.get(name).is_none() {
                table.add(name);
            }
        }
        table
    }
}

/// The three dictionaries.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    pub(super) labels: TokenTable,
    pub(super) types: TokenTable,
    pub(super) keys: TokenTable,
}
