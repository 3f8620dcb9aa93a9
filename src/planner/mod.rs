//! The planner: from bound query to plan.
//!
//! Owns the translation of clauses and patterns into operators. Without an estimator it begins at the
//! first node and follows the written order; with one it asks for the cheapest order. It may not know
//! of syntax, of the graph's contents or of how operators run.

mod index;
mod merge;
mod pattern;
mod projection;
mod query;
mod select;
mod subquery;
mod updating;
mod walk;

use std::collections::BTreeSet;

use crate::bound;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Slot;
use crate::bound::SlotNames;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::error::Span;
use crate::plan::Apply;
use crate::plan::ApplyKind;
use crate::plan::Estimator;
use crate::plan::Operator;
use crate::plan::Plan;
use crate::plan::QueryPlan;
use crate::value::Type;

/// How many operators may stand on each other: walking them takes stack, of which a thread may have no
/// more than 2 MiB.
const DEEPEST_PLAN: usize = 500;

/// Plans a statement. With an estimator, patterns are walked in the order it finds cheapest.
///
/// # Errors
/// A construct that has no plan: a subquery in the body of `reduce`. A plan that is too deep.
pub fn plan(statement: &bound::Statement, estimator: Option<&dyn Estimator>) -> Result<QueryPlan> {
    let mut planner = Planner {
        slots: statement.slots.clone(),
        estimator,
        frame: Frame::default(),
        pairs: Vec::new(),
    };
    let unit = Rows { plan: Plan::new(Operator::Unit), slots: BTreeSet::new(), depth: 0 };
    let rows = planner.query(unit, &statement.query)?;
    let returns = statement.query.parts.iter().any(|part| part.returns);
    let columns: Vec<_> =
        statement.query.columns.iter().map(|c| (c.name.clone(), c.slot)).collect();
    let names = columns.iter().map(|(name, _)| name.clone()).collect();
    let input = Box::new(rows.plan);
    let root = if returns {
        Operator::ProduceResults { input, columns }
    } else {
        Operator::EmptyResult { input }
    };
    Ok(QueryPlan {
        root: Plan::new(root),
        slots: planner.slots,
        columns: names,
        updates: statement.updates,
    })
}

/// The state of planning one statement.
struct Planner<'a> {
    slots: SlotNames,
    estimator: Option<&'a dyn Estimator>,
    frame: Frame,
    /// Relationships of parts of a pattern that are about to be joined and must differ.
    pairs: Vec<RelationshipPair>,
}

/// Two relationships, each with whether it is a list of them.
type RelationshipPair = ((Slot, bool), (Slot, bool));

/// What the plan at hand is nested in.
#[derive(Debug, Clone, Default)]
struct Frame {
    /// Whether it is the inner plan of an `Apply`.
    inner: bool,
    /// Variables from outside that every row must keep.
    carried: Vec<Slot>,
}

/// A plan so far, and the variables its rows hold.
#[derive(Debug, Clone)]
struct Rows {
    plan: Plan,
    slots: BTreeSet<Slot>,
    /// How many operators stand on each other.
    depth: usize,
}

impl Rows {
    /// The same rows, under another operator.
    fn under(self, operator: impl FnOnce(Box<Plan>) -> Operator) -> Self {
        let plan = Plan::new(operator(Box::new(self.plan)));
        Self { plan, slots: self.slots, depth: self.depth + 1 }
    }

    /// The same rows with more variables.
    fn with(mut self, slots: impl IntoIterator<Item = Slot>) -> Self {
        self.slots.extend(slots);
        self
    }

    /// What an inner plan begins with.
    fn argument(&self) -> Self {
        let plan = Plan::new(Operator::Argument);
        Self { plan, slots: self.slots.clone(), depth: self.depth + 1 }
    }

    /// The rows, or an error where their plan is too deep to be walked.
    fn within_limit(self) -> Result<Self> {
        if self.depth <= DEEPEST_PLAN {
            return Ok(self);
        }
        Err(Error::new(
            ErrorClass::LimitError,
            Phase::CompileTime,
            Detail::NestingTooDeep,
            format!("the statement needs more than {DEEPEST_PLAN} operators on each other"),
        )
        .help("Split it into several statements."))
    }
}

impl Planner<'_> {
    fn hidden(&mut self, purpose: &str) -> Slot {
        self.slots.add_hidden(purpose)
    }

    /// Rows after an `Apply`.
    fn apply(&self, rows: Rows, inner: Plan, kind: ApplyKind, row: Option<Slot>) -> Rows {
        let new: Vec<Slot> = match &kind {
            ApplyKind::Optional(slots) => slots.clone(),
            ApplyKind::Exists(slot) | ApplyKind::Count(slot) => vec![*slot],
            ApplyKind::Collect { slot, .. } => vec![*slot],
            ApplyKind::Inner | ApplyKind::Semi | ApplyKind::AntiSemi | ApplyKind::ForEffect => {
                Vec::new()
            }
        };
        rows.under(|input| Operator::Apply(Apply { input, inner: Box::new(inner), kind, row }))
            .with(new)
    }

    /// Rows with new variables beside those they have.
    fn project(&self, rows: Rows, items: Vec<(Slot, Expression)>) -> Rows {
        if items.is_empty() {
            return rows;
        }
        let new: Vec<Slot> = items.iter().map(|(slot, _)| *slot).collect();
        rows.under(|input| Operator::Project { input, items, keep_input: true }).with(new)
    }

    /// Rows with the named paths whose elements they hold.
    fn paths(&self, rows: Rows, paths: &[bound::NamedPath]) -> Rows {
        let items = paths
            .iter()
            .map(|path| {
                let kind = ExpressionKind::Path(path.elements.clone());
                (path.slot, Expression { kind, span: Span::default(), ty: Type::Path })
            })
            .collect();
        self.project(rows, items)
    }

    /// Runs something within an inner plan, with variables that every row must keep.
    fn within<T>(
        &mut self,
        carried: Vec<Slot>,
        run: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let outer = std::mem::replace(&mut self.frame, Frame { inner: true, carried });
        let result = run(self);
        self.frame = outer;
        result
    }
}

/// The variable as an expression.
fn variable(slot: Slot) -> Expression {
    Expression { kind: ExpressionKind::Variable(slot), span: Span::default(), ty: Type::Any }
}
