//! Seeks and scans of indexes.

use std::sync::Arc;

use crate::bound::Direction;
use crate::bound::Expression;
use crate::bound::Slot;

use super::Plan;

/// See [`Operator::IndexSeek`](super::Operator::IndexSeek).
#[derive(Debug, Clone)]
pub struct IndexSeek {
    /// Rows whose variables the values may use; none for a leaf.
    pub input: Option<Box<Plan>>,
    /// What is found.
    pub entity: SeekEntity,
    /// The index.
    pub index: IndexDescription,
    /// What its first properties must be equal to.
    pub equal: Vec<SeekKey>,
    /// What is asked of the property after them; nothing where all are equal to something, or where the rest need
    /// only be there.
    pub then: Option<SeekBound>,
}

/// What is found by an index, and the variables it fills.
#[derive(Debug, Clone)]
pub enum SeekEntity {
    /// A node.
    Node(Slot),
    /// A relationship with its ends. `Both` gives each one twice, once either way, but a self-loop once.
    Relationship {
        /// Takes the relationship.
        relationship: Slot,
        /// Takes the node on the left.
        from: Slot,
        /// Takes the node on the right.
        to: Slot,
        /// Outgoing: `from` is the start.
        direction: Direction,
    },
}

impl SeekEntity {
    /// The variable of what is found.
    pub fn slot(&self) -> Slot {
        match self {
            Self::Node(slot) | Self::Relationship { relationship: slot, .. } => *slot,
        }
    }

    /// All variables that are filled.
    pub fn slots(&self) -> Vec<Slot> {
        match self {
            Self::Node(slot) => vec![*slot],
            Self::Relationship { relationship, from, to, .. } => vec![*relationship, *from, *to],
        }
    }
}

/// An index as plans know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexDescription {
    /// Its name.
    pub name: Arc<str>,
    /// The label or the type that it is on.
    pub on: Arc<str>,
    /// Its properties, most significant first.
    pub properties: Vec<Arc<str>>,
    /// Whether no two have the same values.
    pub unique: bool,
    /// Whether it holds strings only.
    pub text: bool,
}

/// What a property must be equal to.
#[derive(Debug, Clone)]
pub enum SeekKey {
    /// This value.
    Equal(Expression),
    /// One of the values of this list.
    In(Expression),
}

/// What is asked of a property, other than equality.
#[derive(Debug, Clone)]
pub enum SeekBound {
    /// A range; each bound with whether it is in the range itself.
    Range {
        /// The least value.
        lower: Option<(Expression, bool)>,
        /// The greatest value.
        upper: Option<(Expression, bool)>,
    },
    /// `STARTS WITH`.
    StartsWith(Expression),
    /// `ENDS WITH`.
    EndsWith(Expression),
    /// `CONTAINS`.
    Contains(Expression),
}

impl SeekKey {
    fn expression(&self) -> &Expression {
        match self {
            Self::Equal(expression) | Self::In(expression) => expression,
        }
    }

    fn expression_mut(&mut self) -> &mut Expression {
        match self {
            Self::Equal(expression) | Self::In(expression) => expression,
        }
    }
}

impl IndexSeek {
    /// Whether every property must be equal to something.
    pub fn is_exact(&self) -> bool {
        self.equal.len() == self.index.properties.len()
    }

    /// The values it looks for.
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut all: Vec<&Expression> = self.equal.iter().map(SeekKey::expression).collect();
        match &self.then {
            None => {}
            Some(SeekBound::Range { lower, upper }) => {
                all.extend(lower.iter().chain(upper).map(|(bound, _)| bound));
            }
            Some(
                SeekBound::StartsWith(text) | SeekBound::EndsWith(text) | SeekBound::Contains(text),
            ) => all.push(text),
        }
        all
    }

    /// As [`IndexSeek::expressions`], to be changed.
    pub fn expressions_mut(&mut self) -> Vec<&mut Expression> {
        let mut all: Vec<&mut Expression> =
            self.equal.iter_mut().map(SeekKey::expression_mut).collect();
        match &mut self.then {
            None => {}
            Some(SeekBound::Range { lower, upper }) => {
                all.extend(lower.iter_mut().chain(upper).map(|(bound, _)| bound));
            }
            Some(
                SeekBound::StartsWith(text) | SeekBound::EndsWith(text) | SeekBound::Contains(text),
            ) => all.push(text),
        }
        all
    }

    /// The name that Neo4j has for it.
    pub(super) fn name(&self) -> String {
        let what = match &self.entity {
            SeekEntity::Node(_) => "Node",
            SeekEntity::Relationship { direction: Direction::Both, .. } => "UndirectedRelationship",
            SeekEntity::Relationship { .. } => "DirectedRelationship",
        };
        let unique = if self.index.unique && self.is_exact() { "Unique" } else { "" };
        let how = match &self.then {
            None if self.equal.is_empty() => "Scan",
            None => "Seek",
            Some(SeekBound::Range { .. } | SeekBound::StartsWith(_)) => "SeekByRange",
            Some(SeekBound::EndsWith(_)) => "EndsWithScan",
            Some(SeekBound::Contains(_)) => "ContainsScan",
        };
        format!("{what}{unique}Index{how}")
    }
}
