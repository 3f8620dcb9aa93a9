//! Expressions: compiled once, evaluated a column at a time.
//!
//! Owns the step from [`bound::Expression`](crate::bound::Expression) to columns. Look-ups that depend on
//! the statement alone (regular expressions, sets for `IN`) are done when compiling; those that depend on
//! the graph (property keys) once per batch.

mod access;
mod growing;
mod kernel;
mod lists;
mod logic;
mod regex;

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::bound;
use crate::bound::BinaryOperator;
use crate::bound::ExpressionKind;
use crate::bound::LabelExpression;
use crate::bound::Quantifier;
use crate::bound::Slot;
use crate::bound::UnaryOperator;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::function::Nulls;
use crate::function::Scalar;
use crate::function::Volatility;
use crate::meter;
use crate::value::Column;
use crate::value::Value;
use crate::value::ValueType;
use crate::value::ordering::Equivalence;

use super::Batch;
use super::Context;

pub(super) use access::label_names;
use growing::Growing;
use regex::Pattern;

/// Where less of the stack is left, more is added: expressions may be deep, and the caller's stack small.
const STACK_LEFT: usize = 128 << 10;
const STACK_MORE: usize = 2 << 20;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Compiled {
    node: Node,
    span: Span,
}

/// The work of one expression.
#[derive(Debug)]
enum Node {
    Constant(Value),
    Parameter(Arc<str>),
    Variable(Slot),
    Property {
        target: Box<Compiled>,
        key: Arc<str>,
    },
    Index {
        target: Box<Compiled>,
        index: Box<Compiled>,
    },
    Slice {
        target: Box<Compiled>,
        from: Option<Box<Compiled>>,
        to: Option<Box<Compiled>>,
    },
    HasLabels {
        target: Box<Compiled>,
        labels: LabelExpression,
    },
    IsTyped {
        operand: Box<Compiled>,
        of: Arc<ValueType>,
    },
    HasComputedLabels {
        target: Box<Compiled>,
        names: Box<Compiled>,
        any: bool,
    },
    Unary {
        operator: UnaryOperator,
        operand: Box<Compiled>,
    },
    Binary {
        operator: BinaryOperator,
        left: Box<Compiled>,
        right: Box<Compiled>,
    },
    /// `x IN [constants]` where no constant is null, a list or a map.
    InSet {
        operand: Box<Compiled>,
        set: FxHashSet<Equivalence>,
    },
    /// `x =~ 'constant'`.
    Regex {
        operand: Box<Compiled>,
        pattern: Box<Pattern>,
    },
    /// AND (`true`) or OR (`false`).
    Junction {
        and: bool,
        operands: Vec<Compiled>,
    },
    Function {
        function: Scalar,
        arguments: Vec<Compiled>,
    },
    /// The operand, or true of all rows where it fails for one of them.
    Attempt(Box<Compiled>),
    /// `coalesce(…)`, whose later arguments see only the rows where all before are null.
    Coalesce(Vec<Compiled>),
    List(Vec<Compiled>),
    Map(Vec<(Arc<str>, Compiled)>),
    Case {
        operand: Option<Box<Compiled>>,
        alternatives: Vec<(Compiled, Compiled)>,
        otherwise: Option<Box<Compiled>>,
    },
    ListComprehension {
        slot: Slot,
        list: Box<Compiled>,
        filter: Option<Box<Compiled>>,
        map: Option<Box<Compiled>>,
    },
    Quantifier {
        quantifier: Quantifier,
        slot: Slot,
        list: Box<Compiled>,
        predicate: Box<Compiled>,
    },
    Reduce {
        accumulator: Slot,
        initial: Box<Compiled>,
        slot: Slot,
        list: Box<Compiled>,
        body: Box<Compiled>,
        all: Option<Box<Compiled>>,
    },
    Path(Vec<Slot>),
}

impl Compiled {
    /// Prepares an expression for evaluation.
    pub(crate) fn new(expression: &bound::Expression) -> Result<Self> {
        stacker::maybe_grow(STACK_LEFT, STACK_MORE, || Self::new_here(expression))
    }

    fn new_here(expression: &bound::Expression) -> Result<Self> {
        let one = |e: &bound::Expression| Self::new(e).map(Box::new);
        let optional = |e: &Option<Box<bound::Expression>>| e.as_deref().map(one).transpose();
        let many = |list: &[bound::Expression]| list.iter().map(Self::new).collect::<Result<_>>();
        let node = match &expression.kind {
            ExpressionKind::Literal(value) => Node::Constant(value.clone()),
            ExpressionKind::Parameter(name) => Node::Parameter(name.clone()),
            ExpressionKind::Variable(slot) => Node::Variable(*slot),
            ExpressionKind::Property { target, key } => {
                Node::Property { target: one(target)?, key: key.clone() }
            }
            ExpressionKind::Index { target, index } => {
                Node::Index { target: one(target)?, index: one(index)? }
            }
            ExpressionKind::Slice { target, from, to } => {
                Node::Slice { target: one(target)?, from: optional(from)?, to: optional(to)? }
            }
            ExpressionKind::HasLabels { target, labels } => {
                Node::HasLabels { target: one(target)?, labels: labels.clone() }
            }
            ExpressionKind::HasComputedLabels { target, names, any } => {
                Node::HasComputedLabels { target: one(target)?, names: one(names)?, any: *any }
            }
            ExpressionKind::Unary { operator, operand } => {
                Node::Unary { operator: *operator, operand: one(operand)? }
            }
            ExpressionKind::Binary { operator, left, right } => {
                Self::binary(*operator, one(left)?, one(right)?)?
            }
            ExpressionKind::And(operands) => {
                Node::Junction { and: true, operands: many(operands)? }
            }
            ExpressionKind::Or(operands) => {
                Node::Junction { and: false, operands: many(operands)? }
            }
            ExpressionKind::Function { function, arguments } if function.name() == "coalesce" => {
                Node::Coalesce(many(arguments)?)
            }
            ExpressionKind::Function { function, arguments } => {
                Node::Function { function: function.clone(), arguments: many(arguments)? }
            }
            ExpressionKind::List(items) => Node::List(many(items)?),
            ExpressionKind::Map(entries) => Node::Map(
                entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), Self::new(value)?)))
                    .collect::<Result<_>>()?,
            ),
            ExpressionKind::Case { operand, alternatives, otherwise } => Node::Case {
                operand: optional(operand)?,
                alternatives: alternatives
                    .iter()
                    .map(|(when, then)| Ok((Self::new(when)?, Self::new(then)?)))
                    .collect::<Result<_>>()?,
                otherwise: optional(otherwise)?,
            },
            ExpressionKind::ListComprehension { slot, list, filter, map } => {
                Node::ListComprehension {
                    slot: *slot,
                    list: one(list)?,
                    filter: optional(filter)?,
                    map: optional(map)?,
                }
            }
            ExpressionKind::Quantifier { quantifier, slot, list, predicate } => Node::Quantifier {
                quantifier: *quantifier,
                slot: *slot,
                list: one(list)?,
                predicate: one(predicate)?,
            },
            ExpressionKind::IsTyped { operand, of } => {
                Node::IsTyped { operand: one(operand)?, of: of.clone() }
            }
            ExpressionKind::Reduce { accumulator, initial, slot, list, body, all } => {
                Node::Reduce {
                    accumulator: *accumulator,
                    initial: one(initial)?,
                    slot: *slot,
                    list: one(list)?,
                    body: one(body)?,
                    all: optional(all)?,
                }
            }
            ExpressionKind::Attempt(operand) => Node::Attempt(one(operand)?),
            ExpressionKind::Path(slots) => Node::Path(slots.clone()),
            ExpressionKind::Subquery(_) => {
                return Err(Error::internal("a subquery expression reached the executor"));
            }
        };
        Ok(Self { node, span: expression.span })
    }

    /// Compiles a list of expressions.
    pub(crate) fn all(expressions: &[bound::Expression]) -> Result<Vec<Self>> {
        expressions.iter().map(Self::new).collect()
    }

    /// Compiles expressions that fill slots.
    pub(crate) fn items(items: &[(Slot, bound::Expression)]) -> Result<Vec<(Slot, Self)>> {
        items.iter().map(|(slot, expression)| Ok((*slot, Self::new(expression)?))).collect()
    }

    fn binary(operator: BinaryOperator, left: Box<Self>, right: Box<Self>) -> Result<Node> {
        match (operator, &right.node) {
            (BinaryOperator::In, Node::Constant(Value::List(items)))
                if items.iter().all(access::is_scalar) =>
            {
                let items = meter::walked(items.iter()).cloned();
                let set = items.map(Equivalence).collect();
                Ok(Node::InSet { operand: left, set })
            }
            (BinaryOperator::RegexMatch, Node::Constant(Value::String(pattern))) => {
                let pattern = Box::new(Pattern::new(pattern).map_err(|e| e.at(right.span))?);
                Ok(Node::Regex { operand: left, pattern })
            }
            _ => Ok(Node::Binary { operator, left, right }),
        }
    }

    /// The arguments, if the expression is a call of `range()`.
    pub(crate) fn as_range(&self) -> Option<&[Compiled]> {
        match &self.node {
            Node::Function { function, arguments } if function.name() == "range" => Some(arguments),
            _ => None,
        }
    }

    /// The slot, if the expression is nothing but a variable.
    pub(crate) fn as_variable(&self) -> Option<Slot> {
        match self.node {
            Node::Variable(slot) => Some(slot),
            _ => None,
        }
    }

    /// Whether its value was there before, so that it costs nothing to have it.
    fn is_given(&self) -> bool {
        matches!(
            self.node,
            Node::Variable(_) | Node::Constant(_) | Node::Parameter(_) | Node::Property { .. }
        )
    }

    /// Where the expression stands in the text.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// The value of each row of the batch.
    pub(crate) fn evaluate(&self, batch: &Batch, ctx: &Context) -> Result<Column> {
        stacker::maybe_grow(STACK_LEFT, STACK_MORE, || self.evaluate_node(batch, ctx))
            .map_err(|error| error.at(self.span))
    }

    /// The value over no variables, as LIMIT and its kin need it.
    pub(crate) fn evaluate_single(&self, ctx: &Context) -> Result<Value> {
        Ok(self.evaluate(&Batch::unit(), ctx)?.get(0))
    }

    /// The rows for which the expression is true.
    pub(crate) fn true_rows(&self, batch: &Batch, ctx: &Context) -> Result<Vec<u32>> {
        let column = self.evaluate(batch, ctx)?;
        logic::true_rows(&column).map_err(|error| error.at(self.span))
    }

    fn evaluate_node(&self, batch: &Batch, ctx: &Context) -> Result<Column> {
        let len = batch.len();
        match &self.node {
            Node::Constant(value) => Ok(Column::constant(value.clone(), len)),
            Node::Parameter(name) => Ok(Column::constant(ctx.parameter(name)?.clone(), len)),
            Node::Variable(slot) => batch.column(*slot),
            Node::Property { target, key } => {
                access::property(&target.evaluate(batch, ctx)?, key, ctx)
            }
            Node::Index { target, index } => {
                access::index(&target.evaluate(batch, ctx)?, &index.evaluate(batch, ctx)?, ctx)
            }
            Node::Slice { target, from, to } => {
                let target = target.evaluate(batch, ctx)?;
                let from = from.as_ref().map(|e| e.evaluate(batch, ctx)).transpose()?;
                let to = to.as_ref().map(|e| e.evaluate(batch, ctx)).transpose()?;
                access::slice(&target, from.as_ref(), to.as_ref())
            }
            Node::HasLabels { target, labels } => {
                access::has_labels(&target.evaluate(batch, ctx)?, labels, ctx)
            }
            Node::HasComputedLabels { target, names, any } => {
                let (target, names) = (target.evaluate(batch, ctx)?, names.evaluate(batch, ctx)?);
                access::has_computed_labels(&target, &names, *any, ctx)
            }
            Node::Unary { operator, operand } => {
                kernel::unary(*operator, &operand.evaluate(batch, ctx)?)
            }
            Node::Binary { operator, left, right } => {
                let (left, right) = (left.evaluate(batch, ctx)?, right.evaluate(batch, ctx)?);
                match (operator, right.as_constant()) {
                    // A parameter, most often.
                    (BinaryOperator::In, Some(Value::List(items)))
                        if left.as_constant().is_none() && items.iter().all(access::is_scalar) =>
                    {
                        let set = meter::walked(items.iter()).cloned().map(Equivalence).collect();
                        Ok(access::in_set(&left, &set))
                    }
                    (BinaryOperator::RegexMatch, Some(Value::String(pattern))) => {
                        kernel::regex_match(&left, &Pattern::new(pattern)?)
                    }
                    _ => kernel::binary(*operator, &left, &right, ctx),
                }
            }
            Node::InSet { operand, set } => {
                let operand = operand.evaluate(batch, ctx)?;
                Ok(access::in_set(&operand, set))
            }
            Node::Regex { operand, pattern } => {
                kernel::regex_match(&operand.evaluate(batch, ctx)?, pattern)
            }
            Node::Junction { and, operands } => logic::junction(*and, operands, batch, ctx),
            Node::Function { function, arguments } => call(function, arguments, batch, ctx),
            Node::Coalesce(arguments) => logic::coalesce(arguments, batch, ctx),
            Node::List(items) => {
                let columns = evaluate_all(items, batch, ctx)?;
                rowwise(&columns, len, ctx, |row| Value::List(Arc::new(row.collect())))
            }
            Node::Map(entries) => {
                let mut columns = Vec::with_capacity(entries.len());
                for (_, value) in entries {
                    columns.push(value.evaluate(batch, ctx)?);
                }
                rowwise(&columns, len, ctx, |row| {
                    let keys = entries.iter().map(|(key, _)| key.clone());
                    Value::Map(Arc::new(keys.zip(row).collect()))
                })
            }
            Node::Case { operand, alternatives, otherwise } => {
                logic::case(operand.as_deref(), alternatives, otherwise.as_deref(), batch, ctx)
            }
            Node::ListComprehension { slot, list, filter, map } => {
                lists::comprehension(*slot, list, filter.as_deref(), map.as_deref(), batch, ctx)
            }
            Node::Quantifier { quantifier, slot, list, predicate } => {
                lists::quantifier(*quantifier, *slot, list, predicate, batch, ctx)
            }
            Node::IsTyped { operand, of } => Ok(kernel::typed(&operand.evaluate(batch, ctx)?, of)),
            Node::Reduce { accumulator, initial, slot, list, body, all } => {
                let all = all.as_deref();
                lists::reduce((*accumulator, initial), (*slot, list), body, all, batch, ctx)
            }
            Node::Attempt(operand) => {
                let found = operand.evaluate(batch, ctx).and_then(|column| {
                    logic::true_rows(&column)?;
                    Ok(column)
                });
                match found {
                    Err(error) if bound::is_of_values(error.class()) => {
                        Ok(Column::constant(Value::Boolean(true), len))
                    }
                    found => found,
                }
            }
            Node::Path(slots) => access::path(slots, batch, ctx),
        }
    }
}

/// Evaluates every expression over the batch.
pub(crate) fn evaluate_all(
    expressions: &[Compiled],
    batch: &Batch,
    ctx: &Context,
) -> Result<Vec<Column>> {
    let mut columns = Vec::with_capacity(expressions.len());
    let mut bytes = 0;
    for expression in expressions {
        let column = expression.evaluate(batch, ctx)?;
        if expressions.len() > 1 && !expression.is_given() {
            bytes = column.held_bytes().saturating_add(bytes);
            ctx.check_memory(bytes)?;
        }
        columns.push(column);
    }
    Ok(columns)
}

/// One value per row from the values of that row; once only, where all columns are constant.
fn rowwise(
    columns: &[Column],
    len: usize,
    ctx: &Context,
    mut make: impl FnMut(&mut dyn Iterator<Item = Value>) -> Value,
) -> Result<Column> {
    if len > 0 && columns.iter().all(|c| c.as_constant().is_some()) {
        let value = make(&mut columns.iter().map(|c| c.get(0)));
        ctx.check_memory(value.held_bytes())?;
        return Ok(Column::constant(value, len));
    }
    let mut column = Growing::new(ctx);
    for row in 0..len {
        column.push(make(&mut columns.iter().map(|c| c.get(row))))?;
    }
    Ok(column.finish())
}

fn call(function: &Scalar, arguments: &[Compiled], batch: &Batch, ctx: &Context) -> Result<Column> {
    let len = batch.len();
    let columns = evaluate_all(arguments, batch, ctx)?;
    for column in &columns {
        access::check_deleted(function.name(), column, ctx)?;
    }
    // What the arguments take is not free for the result.
    let mut context = ctx.for_functions();
    let given = columns.iter().map(Column::held_bytes).fold(0, u64::saturating_add);
    context.memory = context.memory.saturating_sub(given);
    if let Some(eval_columns) = function.eval_columns() {
        return eval_columns(&context, &columns, len);
    }
    let mut values = Vec::with_capacity(columns.len());
    let mut one = |row: usize| -> Result<Value> {
        values.clear();
        values.extend(columns.iter().map(|c| c.get(row)));
        if function.nulls() == Nulls::Propagate && values.iter().any(|v| matches!(v, Value::Null)) {
            return Ok(Value::Null);
        }
        function.eval(&context, &values)
    };
    let constant = function.volatility() != Volatility::Volatile
        && columns.iter().all(|c| c.as_constant().is_some());
    if constant && len > 0 {
        return Ok(Column::constant(one(0)?, len));
    }
    let mut column = Growing::new(ctx);
    for row in 0..len {
        column.push(one(row)?)?;
    }
    Ok(column.finish())
}
