//! Which names mean which variables, at one place of the text.

use std::sync::Arc;

use crate::bound::Slot;
use crate::error::nearest;

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

    /// The variables, in the order of their introduction.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.variables.iter().map(|(_, slot)| *slot)
    }

    /// Whether nothing is visible.
    pub(super) fn is_empty(&self) -> bool {
        self.variables.is_empty()
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
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.variables.iter().map(|(known, _)| &**known))
    }
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
        assert_eq!(scope.nearest("preson"), Some("person"));
        assert_eq!(scope.nearest("Person"), Some("person"));
        assert_eq!(scope.nearest("company"), None);
    }
}
