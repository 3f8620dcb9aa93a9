//! Path, node and relationship patterns, and label expressions.

use crate::syntax::ast::Expression;
use crate::syntax::ast::Name;
use crate::syntax::ast::ParenthesizedPath;
use crate::syntax::ast::PathMode;
use crate::syntax::ast::PathQuantifier;
use crate::syntax::ast::PathSelector;

node! {
    /// `[variable =] element …`: one path.
    pub struct PathPattern {
        /// The variable that gets the path.
        pub variable: Option<Name>,
        /// Which of the matching paths are wanted.
        pub selector: PathSelector,
        /// What may repeat within one path; none: what the match mode says.
        pub mode: Option<PathMode>,
        /// Nodes and relationships in turn; a parenthesized path stands for a relationship, or is alone.
        pub elements: Vec<PatternElement>,
    }
}

impl PathPattern {
    /// The node patterns, in order.
    pub fn nodes(&self) -> impl Iterator<Item = &NodePattern> {
        self.elements.iter().filter_map(|element| match element {
            PatternElement::Node(node) => Some(node),
            PatternElement::Relationship(_) | PatternElement::Parenthesized(_) => None,
        })
    }

    /// The relationship patterns, in order; the n-th stands between the n-th node and the one after it.
    pub fn relationships(&self) -> impl Iterator<Item = &RelationshipPattern> {
        self.elements.iter().filter_map(|element| match element {
            PatternElement::Relationship(relationship) => Some(relationship),
            PatternElement::Node(_) | PatternElement::Parenthesized(_) => None,
        })
    }
}

/// One element of a path pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum PatternElement {
    /// `(…)`
    Node(NodePattern),
    /// `-[…]->`
    Relationship(RelationshipPattern),
    /// `((…)-[…]->(…) WHERE …){1,3}`
    Parenthesized(ParenthesizedPath),
}

node! {
    /// `(variable:Label {properties} WHERE predicate)`, every part optional
    pub struct NodePattern {
        /// The variable that gets the node.
        pub variable: Option<Name>,
        /// What its labels must be.
        pub labels: Option<LabelExpression>,
        /// A map literal or a parameter.
        pub properties: Option<Expression>,
        /// The predicate within the parentheses.
        pub where_: Option<Expression>,
    }

    /// `-[variable:TYPE*1..3 {properties} WHERE predicate]->`, every part optional
    pub struct RelationshipPattern {
        /// The variable that gets the relationship, or the list of them.
        pub variable: Option<Name>,
        /// What its type must be.
        pub types: Option<LabelExpression>,
        /// How many relationships; none: exactly one, and the variable is no list.
        pub length: Option<Length>,
        /// `-[…]->+`: how often the relationship stands, one after the other.
        pub quantifier: Option<PathQuantifier>,
        /// A map literal or a parameter.
        pub properties: Option<Expression>,
        /// The predicate within the brackets.
        pub where_: Option<Expression>,
        /// Which way it points.
        pub direction: Direction,
    }

    /// `*`, `*2`, `*1..3`, `*..3`, `*1..`
    pub struct Length {
        /// The fewest relationships; none: one.
        pub min: Option<u64>,
        /// The most relationships; none: no bound. Equal to `min` for `*2`.
        pub max: Option<u64>,
    }
}

/// Which way a relationship pattern points, in reading order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `-->`
    Outgoing,
    /// `<--`
    Incoming,
    /// `--` or `<-->`
    Either,
}

node! {
    /// `A&!B|C` after the colon; `A:B` is `A&B`, and `A|:B` is `A|B`.
    pub struct LabelExpression {
        /// What it is.
        pub kind: LabelExpressionKind,
    }
}

/// What a label expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum LabelExpressionKind {
    /// A label or relationship type.
    Name(String),
    /// `$(expression)`, `$all(expression)`, `$any(expression)`: what a string or list of strings names.
    Computed {
        /// Whether one of several is enough.
        any: bool,
        /// The name or names.
        names: Box<Expression>,
    },
    /// `%`: at least one.
    Any,
    /// `!a`
    Not(Box<LabelExpression>),
    /// `a&b&…`: two or more.
    And(Vec<LabelExpression>),
    /// `a|b|…`: two or more.
    Or(Vec<LabelExpression>),
}

impl LabelExpression {
    /// The names, written or computed, if this is a plain conjunction `:A:B`, the only form that CREATE
    /// and SET take.
    pub fn conjunction(&self) -> Option<&[LabelExpression]> {
        let operands = match &self.kind {
            LabelExpressionKind::And(operands) => operands.as_slice(),
            _ => std::slice::from_ref(self),
        };
        operands.iter().all(Self::names_all).then_some(operands)
    }

    fn names_all(&self) -> bool {
        matches!(
            self.kind,
            LabelExpressionKind::Name(_) | LabelExpressionKind::Computed { any: false, .. }
        )
    }

    /// The names, if this is a plain choice `:A|B`, the only form openCypher 9 has for types.
    pub fn alternatives(&self) -> Option<Vec<Name>> {
        match &self.kind {
            LabelExpressionKind::Or(operands) => operands.iter().map(Self::as_name).collect(),
            _ => Some(vec![self.as_name()?]),
        }
    }

    /// The name, if this is a single one.
    pub fn as_name(&self) -> Option<Name> {
        match &self.kind {
            LabelExpressionKind::Name(text) => Some(Name { text: text.clone(), span: self.span }),
            _ => None,
        }
    }
}
