//! Which names mean which variables, at one place of the text.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bound::Slot;
use crate::error::nearest;

/// A moment in the life of a scope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(u64);

/// The variables in scope. A later one hides an earlier one of the same name.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// By name, each with its place in the order of introduction. Shared, as a statement may introduce tens of
    /// thousands and every property map is bound in a scope of its own.
    variables: Arc<BTreeMap<Arc<str>, (u64, Slot)>>,
    next: u64,
    /// Where only earlier ones are visible: the place of the first that is not.
    until: Option<u64>,
}

impl Scope {
    /// The variable of this name.
    pub(super) fn get(&self, name: &str) -> Option<Slot> {
        self.variables.get(name).filter(|(place, _)| self.shows(*place)).map(|(_, slot)| *slot)
    }

    fn shows(&self, place: u64) -> bool {
        self.until.is_none_or(|until| place < until)
    }

    fn visible(&self) -> impl Iterator<Item = (&Arc<str>, &(u64, Slot))> {
        self.variables.iter().filter(|(_, (place, _))| self.shows(*place))
    }

    /// The present moment.
    pub(super) fn now(&self) -> Moment {
        Moment(self.next)
    }

    /// The scope as it was at a moment after which no variable was hidden by a later one.
    pub(super) fn as_of(&self, moment: Moment) -> Self {
        Self { until: Some(moment.0), ..self.clone() }
    }

    /// Adds a variable, which hides one of the same name.
    pub(super) fn declare(&mut self, name: &str, slot: Slot) {
        let variables = Arc::make_mut(&mut self.variables);
        if let Some(until) = self.until.take() {
            variables.retain(|_, (place, _)| *place < until);
        }
        variables.insert(name.into(), (self.next, slot));
        self.next += 1;
    }

    /// The variables, in the order of their introduction.
    pub(super) fn slots(&self) -> Vec<Slot> {
        let mut introduced: Vec<(u64, Slot)> = self.visible().map(|(_, placed)| *placed).collect();
        introduced.sort_unstable();
        introduced.into_iter().map(|(_, slot)| slot).collect()
    }

    /// Whether nothing is visible.
    pub(super) fn is_empty(&self) -> bool {
        self.visible().next().is_none()
    }

    /// All of them, by name.
    pub(super) fn sorted(&self) -> Vec<(Arc<str>, Slot)> {
        self.visible().map(|(name, (_, slot))| (name.clone(), *slot)).collect()
    }

    /// Whether this slot is visible under some name.
    pub(super) fn sees(&self, slot: Slot) -> bool {
        self.visible().any(|(_, (_, known))| *known == slot)
    }

    /// The known name that is most like this one, if any is like it at all.
    pub(super) fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.visible().map(|(known, _)| &**known))
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
        scope.declare("b", Slot(3));
        scope.declare("a", Slot(4));
        assert_eq!(scope.slots(), [Slot(3), Slot(4)]);
    }

    #[test]
    fn a_scope_of_before_does_not_see_what_came_later() {
        let mut scope = Scope::default();
        scope.declare("a", Slot(1));
        let moment = scope.now();
        scope.declare("b", Slot(2));
        let mut before = scope.as_of(moment);
        assert_eq!((before.get("a"), before.get("b")), (Some(Slot(1)), None));
        assert_eq!(before.slots(), [Slot(1)]);
        before.declare("c", Slot(3));
        assert_eq!((before.get("b"), before.get("c")), (None, Some(Slot(3))));
        assert_eq!(scope.get("b"), Some(Slot(2)));
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
