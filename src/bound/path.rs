//! What makes more of a pattern than single relationships: repetition, restriction, selection.

use super::{Expression, PatternRelationship, Slot};

/// A pattern that stands several times, one after the other: the last node of one time is the first of
/// the next.
#[derive(Debug, Clone)]
pub struct Repetition {
    /// The nodes within, in pattern order; one more than there are relationships.
    pub nodes: Vec<Slot>,
    /// The relationships within, each a single one.
    pub relationships: Vec<PatternRelationship>,
    /// What must be true each time; uses variables within and of earlier clauses.
    pub predicates: Vec<Expression>,
    /// Variables within, each with the one that takes the list of all its values.
    pub groups: Vec<(Slot, Slot)>,
}

/// What may not repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restriction {
    /// Relationship patterns of the same number meet no relationship twice, each alone and all of them
    /// together; `None` where they may.
    pub relationships: Option<u32>,
    /// Which nodes of a path differ.
    pub nodes: DistinctNodes,
}

impl Restriction {
    /// Every relationship once per MATCH, which is Cypher's rule.
    pub const TRAIL: Self = Self { relationships: Some(0), nodes: DistinctNodes::None };
}

/// Which nodes of one path differ from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DistinctNodes {
    /// They may all be the same.
    None,
    /// All but the first and the last, which may be the same.
    Simple,
    /// All.
    Acyclic,
}

/// A path of which only some matches are wanted, for each pair of ends.
#[derive(Debug, Clone)]
pub struct SelectedPath {
    /// The nodes between the steps, and both ends. Those between are new variables.
    pub nodes: Vec<Slot>,
    /// What leads from each node to the next: a single relationship, or a repetition.
    pub steps: Vec<PatternRelationship>,
    /// What must be true of a path before it can be selected, beside what is asked of its ends alone.
    pub predicates: Vec<Expression>,
    /// Which ones.
    pub selection: Selection,
    /// What may not repeat within a path.
    pub restriction: Restriction,
}

impl SelectedPath {
    /// Where it begins and ends.
    pub fn ends(&self) -> Option<(Slot, Slot)> {
        Some((*self.nodes.first()?, *self.nodes.last()?))
    }

    /// The variables it gives, beside its ends.
    pub fn variables(&self) -> Vec<Slot> {
        let between = self.nodes.len().saturating_sub(2);
        let mut slots: Vec<Slot> = self.nodes.iter().skip(1).take(between).copied().collect();
        slots.extend(self.steps.iter().flat_map(PatternRelationship::variables));
        slots
    }
}

/// How many of the paths between two nodes are wanted; shorter ones first.
#[derive(Debug, Clone)]
pub struct Selection {
    /// How many paths, or how many lengths; uses no variable.
    pub count: Expression,
    /// Whether all paths of so many lengths are wanted.
    pub groups: bool,
}
