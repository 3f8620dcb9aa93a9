//! Chains: paths that share their beginnings.

use std::sync::Arc;

/// What a path is made of, the latest first. A copy costs nothing, and a longer path shares all of a shorter one.
pub(super) struct Chain<T>(Option<Arc<Link<T>>>);

struct Link<T> {
    value: T,
    before: Chain<T>,
}

impl<T> Chain<T> {
    /// One of nothing.
    pub(super) const EMPTY: Self = Self(None);

    /// This one and a value behind it.
    pub(super) fn with(&self, value: T) -> Self {
        Self(Some(Arc::new(Link { value, before: self.clone() })))
    }

    /// The values, the latest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::successors(self.0.as_deref(), |link| link.before.0.as_deref())
            .map(|link| &link.value)
    }
}

impl<T> Clone for Chain<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Drop for Chain<T> {
    /// One link after the other: left to itself, dropping would call itself once per link.
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut link) = next.and_then(Arc::into_inner) {
            next = link.before.0.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Chain;

    #[test]
    fn a_long_chain_is_dropped_on_a_short_stack() {
        let long = (0..1_000_000).fold(Chain::EMPTY, |chain, value| chain.with(value));
        let branch = long.with(-1);
        assert_eq!(branch.iter().take(2).copied().collect::<Vec<_>>(), [-1, 999_999]);
        drop(long);
        assert_eq!(branch.iter().count(), 1_000_001);
    }
}
