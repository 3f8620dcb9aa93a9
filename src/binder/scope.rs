//! Which names mean which variables, at one place of the text.

use std::sync::Arc;

use crate::bound::Slot;

/// The variables in scope, in the order of their introduction. A later one hides an earlier one of the
/// same name.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    variables: Vec<(Arc<str>, Slot)>,
}

impl Scope {
    /// The variable of this name.
    pub(super) fn get(&self, name: &str) -> Option<Slot> {
        self.variables.iter().rev().find(|(known, _)| &**known == name).map(|(_, slot)| *slot)
    }

    /// Adds a variable, which hides one of the same name.
    pub(super) fn declare(&mut self, name: &str, slot: Slot) {
        self.variables.retain(|(known, _)| &**known != name);
        self.variables.push((name.into(), slot));
    }

    /// All of them, by name.
    pub(super) fn sorted(&self) -> Vec<(Arc<str>, Slot)> {
        let mut all = self.variables.clone();
        all.sort();
        all
    }

    /// Whether this slot is visible under some name.
    pub(super) fn sees(&self, slot: Slot) -> bool {
        self.variables.iter().any(|(_, known)| *known == slot)
    }

    /// The known name that is most like this one, if any is like it at all.
    pub(super) fn nearest(&self, name: &str) -> Option<Arc<str>> {
        let limit = 1 + name.chars().count() / 3;
        self.variables
            .iter()
            .map(|(known, _)| (distance(known, name), known))
            .filter(|(distance, _)| *distance <= limit)
            .min()
            .map(|(_, known)| known.clone())
    }
}

/// How many letters must be added, taken away or replaced to make one of the other; letters that differ
/// in case only count as equal.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().flat_map(char::to_lowercase).enumerate() {
        let mut diagonal = i;
        let mut left_of = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left_of;
        }
        for (b, cell) in right.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = *cell;
            *cell = replaced.min(*cell + 1).min(left_of + 1);
            left_of = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_variable_hides_an_earlier_one() {
        let mut scope = Scope::default();
        scope.declare("a", Slot(1));
        scope.declare("a", Slot(2));
        assert_eq!(scope.get("a"), Some(Slot(2)));
        assert!(!scope.sees(Slot(1)));
        assert_eq!(scope.sorted().len(), 1);
    }

    #[test]
    fn the_nearest_name_is_near() {
        let mut scope = Scope::default();
        scope.declare("person", Slot(1));
        scope.declare("n", Slot(2));
        assert_eq!(scope.nearest("preson").as_deref(), Some("person"));
        assert_eq!(scope.nearest("Person").as_deref(), Some("person"));
        assert_eq!(scope.nearest("company"), None);
    }

    #[test]
    fn distances_count_letters() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance("ab", ""), 2);
    }
}
