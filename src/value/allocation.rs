//! How many bytes the allocations behind collections take, and how many more they are about to.
//!
//! A collection that is full moves into one of twice the size, and for a moment both are there: who counts memory has to
//! know of the larger one before it is made.

use std::collections::BTreeMap;
use std::collections::HashMap;

/// What a vector takes beside itself.
pub(crate) fn vec_bytes<T>(vec: &Vec<T>) -> u64 {
    (vec.capacity() * size_of::<T>()) as u64
}

/// What a vector allocates when so many elements are pushed: nothing while they fit.
pub(crate) fn vec_growth<T>(vec: &Vec<T>, more: usize) -> u64 {
    let needed = vec.len().saturating_add(more);
    if needed <= vec.capacity() {
        return 0;
    }
    (needed.max(vec.capacity().saturating_mul(2)) as u64).saturating_mul(size_of::<T>() as u64)
}

/// What a hash table takes beside itself.
pub(crate) fn table_bytes<K, V, S>(table: &HashMap<K, V, S>) -> u64 {
    table_of::<K, V>(table.capacity())
}

/// What a hash table allocates when so many keys are inserted: nothing while they fit.
pub(crate) fn table_growth<K, V, S>(table: &HashMap<K, V, S>, more: usize) -> u64 {
    let needed = table.len().saturating_add(more);
    if needed <= table.capacity() { 0 } else { table_of::<K, V>(needed.max(table.capacity() + 1)) }
}

/// A table for so many keys: a power of two of places, of which an eighth stays free, each with a byte of control.
fn table_of<K, V>(keys: usize) -> u64 {
    if keys == 0 {
        return 0;
    }
    let places = match keys {
        1..=3 => 4,
        4..=7 => 8,
        _ => (keys.saturating_mul(8) / 7).checked_next_power_of_two().unwrap_or(usize::MAX),
    };
    (places as u64).saturating_mul(size_of::<(K, V)>() as u64 + 1)
}

/// How many of the eleven places of a tree's leaf are taken on average.
const TAKEN: usize = 8;

/// What a tree takes beside itself.
pub(crate) fn tree_bytes<K, V>(tree: &BTreeMap<K, V>) -> u64 {
    tree.len().div_ceil(TAKEN) as u64 * leaf::<K, V>()
}

/// What a tree allocates when a key is inserted: the first one needs a whole leaf.
pub(crate) fn tree_growth<K, V>(tree: &BTreeMap<K, V>) -> u64 {
    if tree.len().is_multiple_of(TAKEN) { leaf::<K, V>() } else { 0 }
}

fn leaf<K, V>() -> u64 {
    11 * size_of::<(K, V)>() as u64 + 24
}

/// What a text takes that is shared by counting references.
pub(crate) fn text_bytes(text: &str) -> u64 {
    (text.len() as u64 + 16).next_multiple_of(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_grows_by_what_was_foretold() {
        let mut vec: Vec<u64> = Vec::new();
        for more in [1, 3, 5, 100, 1, 1000, 7] {
            let (before, growth) = (vec_bytes(&vec), vec_growth(&vec, more));
            vec.extend(std::iter::repeat_n(0, more));
            let after = vec_bytes(&vec);
            if growth == 0 {
                assert_eq!(after, before);
            } else {
                assert!(after <= growth.max(32), "{after} {growth}");
            }
        }
    }

    #[test]
    fn a_tree_grows_by_what_was_foretold() {
        let (mut tree, mut foretold) = (BTreeMap::new(), 0);
        for key in 0..100u64 {
            foretold += tree_growth(&tree);
            tree.insert(key, key);
            assert_eq!(tree_bytes(&tree), foretold, "{key}");
        }
    }

    #[test]
    fn a_table_grows_by_what_was_foretold() {
        let mut table: HashMap<u64, u32> = HashMap::new();
        for key in 0..10_000 {
            let (before, growth) = (table_bytes(&table), table_growth(&table, 1));
            table.insert(key, 0);
            let after = table_bytes(&table);
            assert_eq!(after, if growth == 0 { before } else { growth }, "{key}");
        }
    }
}
