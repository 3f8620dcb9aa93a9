//! The resolved query: slots instead of names, function handles instead of function names.
//!
//! Data only. The binder makes it, the planner takes it apart; expressions live on in plans. It may not
//! know of syntax, plans or the graph's contents.

mod expression;

pub use expression::{
    BinaryOperator, Expression, ExpressionKind, LabelExpression, Quantifier, Slot, Subquery,
    SubqueryKind, UnaryOperator,
};
