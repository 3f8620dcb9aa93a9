//! Expressions and literals.

use crate::error::Span;
use crate::syntax::ast::LabelExpression;
use crate::syntax::ast::Name;
use crate::syntax::ast::PathPattern;
use crate::syntax::ast::QualifiedName;
use crate::syntax::ast::Query;

node! {
    /// An expression. Parentheses leave no trace but the shape of the tree.
    pub struct Expression {
        /// What it is.
        pub kind: ExpressionKind,
    }
}

impl Expression {
    /// An integer literal.
    pub fn integer(value: i64, span: Span) -> Self {
        Self { kind: ExpressionKind::Literal(Literal::Integer(value)), span }
    }

    /// The variable's name, if this is nothing but a variable.
    pub fn as_variable(&self) -> Option<&str> {
        match &self.kind {
            ExpressionKind::Variable(name) => Some(name),
            _ => None,
        }
    }
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpressionKind {
    /// `1`, `'text'`, `true`, `null`
    Literal(Literal),
    /// `$name`, without the dollar sign
    Parameter(String),
    /// A variable.
    Variable(String),
    /// `[a, b]`
    List(Vec<Expression>),
    /// `{key: value}`
    Map(Vec<MapEntry>),
    /// `base.key`
    Property {
        /// What has the property.
        base: Box<Expression>,
        /// The property key.
        key: Name,
    },
    /// `base[index]`
    Index {
        /// A list, map, node or relationship.
        base: Box<Expression>,
        /// A position or a key.
        index: Box<Expression>,
    },
    /// `base[from..to]`
    Slice {
        /// The list.
        base: Box<Expression>,
        /// The first position.
        from: Option<Box<Expression>>,
        /// The position after the last.
        to: Option<Box<Expression>>,
    },
    /// `NOT a`, `+a`, `-a`
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// What it applies to.
        operand: Box<Expression>,
    },
    /// `a AND b AND …`: a run of one operator is one node, since queries hold thousands of them.
    Logical {
        /// The operator between all operands.
        operator: LogicalOperator,
        /// Two or more, in order.
        operands: Vec<Expression>,
    },
    /// `a + b` and all operators on two values that are neither logical nor comparisons.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// The left operand.
        left: Box<Expression>,
        /// The right operand.
        right: Box<Expression>,
    },
    /// `a < b <= c`: means `a < b AND b <= c`
    Comparison {
        /// The leftmost operand.
        first: Box<Expression>,
        /// Each operator with the operand on its right; never empty.
        rest: Vec<ComparisonStep>,
    },
    /// `a IS NULL`, `a IS NOT NULL`
    IsNull {
        /// What is tested.
        operand: Box<Expression>,
        /// Whether it is `IS NOT NULL`.
        negated: bool,
    },
    /// `a IS :: TYPE`, `a IS NOT :: TYPE`
    IsTyped {
        /// What is tested.
        operand: Box<Expression>,
        /// Whether it is `IS NOT`.
        negated: bool,
        /// The type.
        of: ValueType,
    },
    /// What a branch of CASE tests, where the branch is the rest of a predicate: `WHEN > 5`.
    CaseSubject,
    /// `n:Label`
    HasLabels {
        /// A node or relationship.
        operand: Box<Expression>,
        /// What its labels or type must be.
        labels: LabelExpression,
    },
    /// `count(*)`
    CountStar,
    /// `name(DISTINCT a, b)`
    FunctionCall {
        /// The function.
        name: QualifiedName,
        /// Whether `DISTINCT` was written.
        distinct: bool,
        /// The arguments.
        arguments: Vec<Expression>,
    },
    /// `CASE … END`
    Case {
        /// What the branches are compared with or tested; none for the searched form.
        subject: Option<Box<Expression>>,
        /// The branches; never empty.
        branches: Vec<CaseBranch>,
        /// The value after `ELSE`.
        otherwise: Option<Box<Expression>>,
    },
    /// `[variable IN list WHERE filter | result]`
    ListComprehension {
        /// The variable that gets each element.
        variable: Name,
        /// The list.
        list: Box<Expression>,
        /// The predicate.
        filter: Option<Box<Expression>>,
        /// What each element becomes; none: itself.
        result: Option<Box<Expression>>,
    },
    /// `[pattern WHERE filter | result]`
    PatternComprehension {
        /// The pattern, with its path variable if it has one.
        pattern: Box<PathPattern>,
        /// The predicate.
        filter: Option<Box<Expression>>,
        /// What each match becomes.
        result: Box<Expression>,
    },
    /// `all(variable IN list WHERE predicate)` and its kin
    Quantified {
        /// How many elements must satisfy the predicate.
        quantifier: Quantifier,
        /// The variable that gets each element.
        variable: Name,
        /// The list.
        list: Box<Expression>,
        /// The predicate.
        predicate: Box<Expression>,
    },
    /// `reduce(accumulator = initial, variable IN list | result)`
    Reduce {
        /// The variable that holds the value so far.
        accumulator: Name,
        /// Its first value.
        initial: Box<Expression>,
        /// The variable that gets each element.
        variable: Name,
        /// The list.
        list: Box<Expression>,
        /// The next value of the accumulator.
        result: Box<Expression>,
    },
    /// `allReduce(accumulator = initial, variable IN list | result, predicate)`
    AllReduce {
        /// The variable that holds the value so far.
        accumulator: Name,
        /// Its first value.
        initial: Box<Expression>,
        /// The variable that gets each element.
        variable: Name,
        /// The list.
        list: Box<Expression>,
        /// The next value of the accumulator.
        result: Box<Expression>,
        /// What must be true of each value.
        predicate: Box<Expression>,
    },
    /// A pattern as an expression, `(a)-->(b)` or `shortestPath((a)-[*]->(b))`; never a lone node.
    Pattern(Box<PathPattern>),
    /// `EXISTS { … }`, `COUNT { … }`, `COLLECT { … }`. A bare pattern within the braces stands here as its
    /// MATCH clause.
    Subquery {
        /// What is asked of the rows.
        kind: SubqueryKind,
        /// The query; it need not end in RETURN unless it is `COLLECT`.
        query: Box<Query>,
    },
    /// `variable {.key, .*, other, key: value}`
    MapProjection {
        /// What the properties are taken from.
        variable: Name,
        /// The entries, in order.
        items: Vec<MapProjectionItem>,
    },
}

/// A literal value.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// `1`, `0x1F`, `0o17`; a minus sign directly before the digits belongs to the literal.
    Integer(i64),
    /// `1.5`, `1e9`
    Float(f64),
    /// `'text'`, escapes resolved
    String(String),
    /// A long list of literals. A short one is an expression of its own.
    List(Vec<Literal>),
    /// `{key: value}` within such a list.
    Map(Vec<(String, Literal)>),
}

node! {
    /// `key: value` in a map.
    pub struct MapEntry {
        /// The key.
        pub key: Name,
        /// The value.
        pub value: Expression,
    }

    /// `WHEN condition, … THEN result`
    pub struct CaseBranch {
        /// A predicate; or in the simple form values to compare with and predicates on
        /// [`ExpressionKind::CaseSubject`], of which one must hold.
        pub when: Vec<Expression>,
        /// The value.
        pub then: Expression,
    }

    /// `< b`: one step of a comparison chain.
    pub struct ComparisonStep {
        /// The operator.
        pub operator: ComparisonOperator,
        /// The operand on its right.
        pub operand: Expression,
    }
}

/// An entry of a map projection.
#[derive(Debug, Clone, PartialEq)]
pub enum MapProjectionItem {
    /// `.key`
    Property(Name),
    /// `.*`
    AllProperties,
    /// `other`: the variable under its own name
    Variable(Name),
    /// `key: value`
    Entry(MapEntry),
}

/// Operators on one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `NOT`
    Not,
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// Operators on truth values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogicalOperator {
    /// `OR`
    Or,
    /// `XOR`
    Xor,
    /// `AND`
    And,
}

/// Operators on two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `||`
    Concatenate,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `^`
    Power,
    /// `IN`
    In,
    /// `STARTS WITH`
    StartsWith,
    /// `ENDS WITH`
    EndsWith,
    /// `CONTAINS`
    Contains,
    /// `=~`
    Matches,
}

/// Operators of a comparison chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComparisonOperator {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// How many elements must satisfy a predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// Every one.
    All,
    /// At least one.
    Any,
    /// Not one.
    None,
    /// Exactly one.
    Single,
}

/// What a subquery expression asks of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubqueryKind {
    /// `EXISTS`: whether there is one.
    Exists,
    /// `COUNT`: how many there are.
    Count,
    /// `COLLECT`: the list of their only column.
    Collect,
}

node! {
    /// A type as written: one of several.
    pub struct ValueType {
        /// The types between the bars; never empty.
        pub parts: Vec<TypePart>,
    }

    /// `TYPE [NOT NULL]`
    pub struct TypePart {
        /// Which.
        pub kind: TypeKind,
        /// Whether null is no value of it.
        pub not_null: bool,
    }
}

/// What a type is.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// `INTEGER`, `LOCAL TIME`: in capitals, with single spaces.
    Name(String),
    /// `LIST<type>`
    List(Box<ValueType>),
    /// `ANY<type | …>`
    OneOf(Box<ValueType>),
}
