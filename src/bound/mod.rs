//! The resolved query: slots instead of names, function handles instead of function names.
//!
//! Data, and the few ways to walk it. The binder makes it, the planner takes it apart; expressions live
//! on in plans. It may not know of syntax, plans or the graph's contents.

mod expression;
mod failure;
mod independence;
mod mention;
mod path;
mod query;
mod schema;
mod visit;

pub use expression::{
    BinaryOperator, Expression, ExpressionKind, LabelExpression, Quantifier, Slot, Subquery,
    SubqueryKind, UnaryOperator,
};
pub use failure::is_of_values;
pub use independence::{Independence, values_of, written_keys};
pub use mention::{Mention, NameKind};
pub use path::{DistinctNodes, Repetition, Restriction, SelectedPath, Selection};
pub use query::{
    AggregateCall, Clause, Column, CreateNode, CreatePattern, CreateRelationship, Delete,
    Direction, Foreach, Grouping, Load, LoadFormat, Match, Merge, NamedPath, NewLabels, NewType,
    OnError, PatternNode, PatternRelationship, ProcedureCall, Projection, Query, QueryGraph,
    Shortest, SingleQuery, SlotNames, SortKey, Statement, SubqueryCall, Transactions, Unwind,
    UpdateItem,
};
pub use schema::{
    CreateConstraint, CreateIndex, Demand, DropSchema, IndexKind, SchemaCommand, SchemaEntity,
};
