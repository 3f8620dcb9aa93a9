//! The dictionary of a column of strings while it is written.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use rustc_hash::FxHashSet;

use crate::value::Strings;

/// Words at most: beyond that a column is better off without.
const WORDS: usize = 1 << 16;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    codes: FxHashMap<Arc<str>, u32>,
    words: Vec<Arc<str>>,
}

impl Dictionary {
    /// One that goes on from these words, whose codes stay.
    pub(crate) fn new(words: &[Arc<str>]) -> Self {
        let codes = words.iter().cloned().zip(0..).collect();
        Self { codes, words: words.to_vec() }
    }

    /// The codes of a chunk's strings, if the dictionary pays for it: if each word stands for two values or more.
    pub(crate) fn encode(&mut self, strings: &Strings) -> Option<Vec<u32>> {
        let mut distinct = FxHashSet::default();
        for word in strings.iter() {
            if distinct.insert(word) && distinct.len() * 2 > strings.len() {
                return None;
            }
        }
        let new = distinct.iter().filter(|word| !self.codes.contains_key(**word)).count();
        if self.words.len() + new > WORDS {
            return None;
        }
        let codes = strings.iter().map(|word| match self.codes.get(word) {
            Some(code) => *code,
            None => {
                let code = self.words.len() as u32;
                let word: Arc<str> = word.into();
                self.words.push(word.clone());
                self.codes.insert(word, code);
                code
            }
        });
        Some(codes.collect())
    }

    /// The words, in the order of their codes.
    pub(crate) fn words(&self) -> &[Arc<str>] {
        &self.words
    }
}
