//! Bound expressions: what the executor compiles and evaluates a column at a time.

use std::fmt;
use std::sync::Arc;

use crate::error::Span;
use crate::function::Scalar;
use crate::value::Type;
use crate::value::Value;
use crate::value::ValueType;

use super::Query;

/// A variable of the statement. Slots are numbered through the whole statement, subqueries included, so
/// that no two variables share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.0)
    }
}

/// An expression with its place in the text and its type as far as it is known.
#[derive(Debug, Clone)]
pub struct Expression {
    /// What it computes.
    pub kind: ExpressionKind,
    /// Where it stands.
    pub span: Span,
    /// Its type; `Type::Any` where nothing is known.
    pub ty: Type,
}

/// What an [`Expression`] computes.
#[derive(Debug, Clone)]
pub enum ExpressionKind {
    /// A value known at compile time.
    Literal(Value),
    /// A parameter, by its name without `$`.
    Parameter(Arc<str>),
    /// A variable.
    Variable(Slot),
    /// `target.key`: of a node, relationship, map or temporal; null of null.
    Property {
        /// What holds the property.
        target: Box<Expression>,
        /// Its key.
        key: Arc<str>,
    },
    /// `target[index]`: of a list, map, node or relationship.
    Index {
        /// What is indexed.
        target: Box<Expression>,
        /// Which element.
        index: Box<Expression>,
    },
    /// `target[from..to]` of a list.
    Slice {
        /// The list.
        target: Box<Expression>,
        /// The first element, where given.
        from: Option<Box<Expression>>,
        /// The element after the last, where given.
        to: Option<Box<Expression>>,
    },
    /// `target:Label`: whether a node's labels, or a relationship's type, satisfy the expression.
    HasLabels {
        /// The node or relationship.
        target: Box<Expression>,
        /// What is asked of its labels or type.
        labels: LabelExpression,
    },
    /// `target:$(names)`: whether a node has all the labels (or, with `any`, one of them) that a string
    /// or list of strings names; whether a relationship's type is named.
    HasComputedLabels {
        /// The node or relationship.
        target: Box<Expression>,
        /// The name or names.
        names: Box<Expression>,
        /// Whether one of several is enough.
        any: bool,
    },
    /// `operand IS :: type`.
    IsTyped {
        /// What is tested.
        operand: Box<Expression>,
        /// The type.
        of: Arc<ValueType>,
    },
    /// An operator with one operand.
    Unary {
        /// Which.
        operator: UnaryOperator,
        /// Its operand.
        operand: Box<Expression>,
    },
    /// An operator with two operands, other than AND and OR.
    Binary {
        /// Which.
        operator: BinaryOperator,
        /// Left operand.
        left: Box<Expression>,
        /// Right operand.
        right: Box<Expression>,
    },
    /// Conjunction of two or more, in three-valued logic.
    And(Vec<Expression>),
    /// Disjunction of two or more, in three-valued logic.
    Or(Vec<Expression>),
    /// A call of a scalar function.
    Function {
        /// The function.
        function: Scalar,
        /// Its arguments, their number checked.
        arguments: Vec<Expression>,
    },
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `{k: a}`.
    Map(Vec<(Arc<str>, Expression)>),
    /// CASE, simple when it has an operand.
    Case {
        /// What the alternatives are compared with.
        operand: Option<Box<Expression>>,
        /// WHEN and THEN.
        alternatives: Vec<(Expression, Expression)>,
        /// ELSE; null where it is left out.
        otherwise: Option<Box<Expression>>,
    },
    /// `[slot IN list WHERE filter | map]`.
    ListComprehension {
        /// The variable for each element.
        slot: Slot,
        /// The list.
        list: Box<Expression>,
        /// Which elements stay.
        filter: Option<Box<Expression>>,
        /// What is made of them.
        map: Option<Box<Expression>>,
    },
    /// `all(slot IN list WHERE predicate)` and its kin.
    Quantifier {
        /// Which of them.
        quantifier: Quantifier,
        /// The variable for each element.
        slot: Slot,
        /// The list.
        list: Box<Expression>,
        /// What is asked of each.
        predicate: Box<Expression>,
    },
    /// `reduce(accumulator = initial, slot IN list | body)`.
    Reduce {
        /// The variable that carries the result so far.
        accumulator: Slot,
        /// Its first value.
        initial: Box<Expression>,
        /// The variable for each element.
        slot: Slot,
        /// The list.
        list: Box<Expression>,
        /// The next value of the accumulator.
        body: Box<Expression>,
        /// What each value of the accumulator is asked: then the result is whether it is true of all, as
        /// with `allReduce`.
        all: Option<Box<Expression>>,
    },
    /// A path from variables in pattern order: node, relationship (or list of them), node, …; null if
    /// any of them is.
    Path(Vec<Slot>),
    /// The operand, or true where computing it fails. The planner makes it of a predicate that may fail, to ask
    /// it early of rows that may not go on; those that do are asked the predicate itself.
    Attempt(Box<Expression>),
    /// A subquery. The planner replaces it by a variable that an `Apply` operator fills, so none
    /// remains in a plan.
    Subquery(Box<Subquery>),
}

/// A query within an expression: pattern predicates, pattern comprehensions, `EXISTS { }`, `COUNT { }`,
/// `COLLECT { }`.
#[derive(Debug, Clone)]
pub struct Subquery {
    /// What is made of its rows.
    pub kind: SubqueryKind,
    /// The query; it may use the variables around it.
    pub query: Query,
}

/// What a subquery expression makes of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubqueryKind {
    /// Whether there is any.
    Exists,
    /// How many there are.
    Count,
    /// The list of the values of its only column.
    Collect,
}

/// A condition on labels (of a node) or on the type (of a relationship).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelExpression {
    /// This label.
    Label(Arc<str>),
    /// Any label at all: `%`.
    Any,
    /// All of these.
    And(Vec<LabelExpression>),
    /// One of these.
    Or(Vec<LabelExpression>),
    /// Not this.
    Not(Box<LabelExpression>),
}

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `NOT`.
    Not,
    /// `-`.
    Negate,
    /// `+`.
    Plus,
    /// `IS NULL`.
    IsNull,
    /// `IS NOT NULL`.
    IsNotNull,
}

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `XOR`.
    Xor,
    /// `=`.
    Equal,
    /// `<>`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `+`.
    Add,
    /// `||`.
    Concatenate,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`.
    Modulo,
    /// `^`.
    Power,
    /// `IN`.
    In,
    /// `STARTS WITH`.
    StartsWith,
    /// `ENDS WITH`.
    EndsWith,
    /// `CONTAINS`.
    Contains,
    /// `=~`.
    RegexMatch,
}

/// The list predicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// Every element.
    All,
    /// At least one.
    Any,
    /// None.
    None,
    /// Exactly one.
    Single,
}
