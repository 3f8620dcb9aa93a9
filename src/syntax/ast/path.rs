//! What makes more of a path pattern than nodes and relationships: selectors, modes, quantifiers.

use crate::syntax::ast::Expression;
use crate::syntax::ast::PatternElement;

/// Which of the paths that match a pattern are wanted, for each pair of ends.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum PathSelector {
    /// All of them; `ALL` says so.
    #[default]
    All,
    /// `shortestPath(…)`: one of the shortest.
    ShortestPath,
    /// `allShortestPaths(…)`: all of the shortest.
    AllShortestPaths,
    /// `ANY`, `ANY k`: any so many; one where no number is given.
    Any(Option<Box<Expression>>),
    /// `ANY SHORTEST`: one of the shortest.
    AnyShortest,
    /// `ALL SHORTEST`: all of the shortest.
    AllShortest,
    /// `SHORTEST k`: so many, shorter ones first.
    Shortest(Box<Expression>),
    /// `SHORTEST k GROUPS`: all of the so many least lengths; of one where no number is given.
    ShortestGroups(Option<Box<Expression>>),
}

impl PathSelector {
    /// Whether it is `shortestPath()` or `allShortestPaths()`.
    pub fn is_function(&self) -> bool {
        matches!(self, PathSelector::ShortestPath | PathSelector::AllShortestPaths)
    }
}

/// What may repeat within one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathMode {
    /// `WALK`: everything.
    Walk,
    /// `TRAIL`: nodes.
    Trail,
    /// `SIMPLE`: the first node, as the last one.
    Simple,
    /// `ACYCLIC`: nothing.
    Acyclic,
}

/// What may repeat within all paths of a MATCH together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchMode {
    /// `REPEATABLE ELEMENTS`: everything.
    RepeatableElements,
    /// `DIFFERENT RELATIONSHIPS`: nodes.
    DifferentRelationships,
}

node! {
    /// `(element … WHERE predicate){1,3}`: a part of a path, or a whole one with a predicate.
    pub struct ParenthesizedPath {
        /// What is within.
        pub elements: Vec<PatternElement>,
        /// The predicate within the parentheses.
        pub where_: Option<Expression>,
        /// How often it stands; none: once.
        pub quantifier: Option<PathQuantifier>,
    }

    /// `{1,3}`, `{2}`, `+`, `*`
    pub struct PathQuantifier {
        /// The fewest times.
        pub min: u64,
        /// The most times; none: no bound.
        pub max: Option<u64>,
    }
}
