//! Whether two large collections hold the same, whatever their order: by the sums of their elements' hashes.
//!
//! Damage is no adversary: sums of 64 bits that are well mixed agree by accident once in 2^64 times. Where they do not agree,
//! whoever compares looks at the elements one by one.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;

use crate::value::Value;

/// The elements that were added, in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    count: u64,
    hashes: u64,
}

impl Sum {
    /// Adds a relationship, or a link that stands for one.
    pub(super) fn add_link(&mut self, relationship: u64, of: u32, start: u64, end: u64) {
        let ends = mixed(start ^ 0x9e37_79b9_7f4a_7c15, end ^ 0xd1b5_4a32_d192_ed03);
        let whole = mixed(relationship ^ 0x2545_f491_4f6c_dd1d, ends ^ u64::from(of));
        self.add(mixed(whole ^ ends, 0xff51_afd7_ed55_8ccd));
    }

    /// Adds an entry of an index. Equal values have equal hashes.
    pub(super) fn add_entry(&mut self, value: &Value, id: u64) {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        hasher.write_u64(id);
        self.add(hasher.finish());
    }

    fn add(&mut self, hash: u64) {
        self.count += 1;
        self.hashes = self.hashes.wrapping_add(hash);
    }
}

/// Both halves of the product: each bit depends on all bits of both.
fn mixed(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_tells_any_single_change() {
        let links = |changed: Option<(usize, usize)>| {
            let mut sum = Sum::default();
            // In another order where nothing is changed.
            let order: Vec<u64> =
                if changed.is_none() { (0..1000).rev().collect() } else { (0..1000).collect() };
            for at in order {
                let mut parts = [at, at % 3, at / 7, at * 5 % 1000];
                if let Some((which, part)) = changed
                    && which as u64 == at
                    && let Some(part) = parts.get_mut(part)
                {
                    *part += 1;
                }
                sum.add_link(parts[0], parts[1] as u32, parts[2], parts[3]);
            }
            sum
        };
        let whole = links(Some((2000, 0)));
        assert_eq!(links(None), whole);
        for which in 0..1000 {
            for part in 0..4 {
                assert_ne!(links(Some((which, part))), whole, "{which} {part}");
            }
        }
    }

    #[test]
    fn start_and_end_are_told_apart() {
        let (mut one, mut other) = (Sum::default(), Sum::default());
        one.add_link(1, 2, 3, 4);
        other.add_link(1, 2, 4, 3);
        assert_ne!(one, other);
        let (mut one, mut other) = (Sum::default(), Sum::default());
        one.add_entry(&Value::Integer(1), 2);
        other.add_entry(&Value::Integer(2), 1);
        assert_ne!(one, other);
    }
}
