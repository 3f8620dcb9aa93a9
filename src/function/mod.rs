//! Everything callable: scalar functions, aggregates, procedures; one table entry each.
//!
//! Owns the tables, the look-up by name and the text form of signatures. A function sees values,
//! columns and the graph's read API; it may not know of queries, plans or storage.
//!
//! To add a scalar function, add an entry and its body to one file under `scalar/`. The entry's
//! example runs as a test, and help, completion and the manual are made from it.

use std::fmt;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::graph::Graph;
use crate::graph::Snapshot;
use crate::meter;
use crate::value::Column;
use crate::value::Value;

mod aggregate;
mod callable;
mod procedure;
mod registry;
mod scalar;
mod signature;
mod user;

pub use callable::{Aggregate, Scalar};
pub use procedure::{FunctionProcedure, TableProcedure};
pub use registry::Registry;
pub use scalar::{IS_ACYCLIC, IS_SIMPLE, Range};
pub use signature::{Arity, Parameter, Signature, check_types};
pub(crate) use user::guarded;
pub use user::{GroupState, UserAggregate, UserFunction};

/// What a function may look at beside its arguments.
#[derive(Debug)]
pub struct Context<'a> {
    /// The graph as the statement sees it.
    pub graph: &'a Snapshot,
    /// The statement's clock: every call within a statement sees the same instant. Nanoseconds since
    /// 1970-01-01T00:00:00Z.
    pub now: i128,
    /// How many bytes the statement may still hold: a function that makes much of little asks
    /// [`check_memory`](Self::check_memory) before.
    pub memory: u64,
    /// The graph beyond what the statement sees of it, where there is one to look after.
    pub(crate) store: Option<&'a Graph>,
}

impl Context<'_> {
    /// Fails when the statement must end, because it was cancelled or its time is up. A function or procedure that
    /// takes long calls this now and then, at least ten times a second.
    ///
    /// ```
    /// use redstring::{Database, UserFunction, Value};
    ///
    /// let db = Database::in_memory();
    /// db.register_function(UserFunction::new("math.steps(n :: INTEGER) :: INTEGER", |context, arguments| {
    ///     let mut n = arguments[0].as_integer().unwrap_or(1).max(1);
    ///     let mut steps = 0;
    ///     while n != 1 {
    ///         context.check_interrupt()?;
    ///         n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
    ///         steps += 1;
    ///     }
    ///     Ok(Value::Integer(steps))
    /// })?)?;
    /// assert_eq!(db.query("RETURN math.steps(27)", ())?.single()?.get::<i64>(0)?, 111);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Cancelled.CancelledByCaller` and `LimitError.TimedOut`, for the function to pass on.
    pub fn check_interrupt(&self) -> Result<()> {
        meter::check()
    }

    /// Fails where a value of so many bytes would be more than the statement may hold.
    pub fn check_memory(&self, function: &str, bytes: u64) -> Result<()> {
        if bytes <= self.memory {
            return Ok(());
        }
        let message = format!("{function}() would make more than the statement has memory for");
        Err(Error::new(ErrorClass::LimitError, Phase::Runtime, Detail::OutOfMemoryBudget, message)
            .help("Raise the memory limit, or work on smaller pieces, one after the other."))
    }
}

/// What a null argument does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// The result is null, and the function is not called.
    Propagate,
    /// The function is called and decides.
    Pass,
}

/// When a call may give another result with the same arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volatility {
    /// Never: the optimizer may compute it once.
    Immutable,
    /// From one statement to the next: it looks at the graph or the clock.
    Stable,
    /// At each call.
    Volatile,
}

/// Computes a function from the arguments of one row.
pub type Eval = fn(&Context<'_>, &[Value]) -> Result<Value>;

/// Computes a function from columns of arguments; the last parameter is how many rows there are.
pub type EvalColumns = fn(&Context<'_>, &[Column], usize) -> Result<Column>;

/// A scalar function: one value from the arguments of one row.
pub struct ScalarFunction {
    /// Its name as documented; names are compared without regard to case.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Its forms, as text: `substring(text :: STRING, start :: INTEGER, length? :: INTEGER) ::
    /// STRING`. A `?` after a parameter's name makes it optional, `...` makes the last one repeat.
    pub signatures: &'static [&'static str],
    /// What a null argument does.
    pub nulls: Nulls,
    /// Whether its result may change.
    pub volatility: Volatility,
    /// One or two sentences.
    pub doc: &'static str,
    /// An expression and its result as a literal; run as a test.
    pub example: (&'static str, &'static str),
    /// Computes it for one row.
    pub eval: Eval,
    /// Computes it for all rows at once, where that is faster. Nulls are for this function to handle.
    pub eval_columns: Option<EvalColumns>,
}

impl fmt::Debug for ScalarFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}()", self.name)
    }
}

/// An aggregate: one value from the rows of a group.
pub struct AggregateFunction {
    /// Its name as documented; names are compared without regard to case.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Its forms, as text.
    pub signatures: &'static [&'static str],
    /// One or two sentences.
    pub doc: &'static str,
    /// A query that returns one value, and that value as a literal; run as a test.
    pub example: (&'static str, &'static str),
    /// Makes an accumulator for any number of groups.
    pub accumulator: fn() -> Box<dyn Accumulator>,
}

impl fmt::Debug for AggregateFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}()", self.name)
    }
}

/// The running state of one aggregate over all groups, fed a column at a time.
pub trait Accumulator: Send {
    /// Adds rows: row `i` of every argument belongs to group `groups[i]`, and stands for `counts[i]`
    /// rows (for one where there are no counts). `group_count` is how many groups there are by now.
    fn update(
        &mut self,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()>;

    /// How many bytes an update with these rows may allocate, at most.
    fn growth(&self, groups: &[u32], group_count: usize, counts: Option<&[u64]>) -> u64;

    /// About how many bytes it holds.
    fn held_bytes(&self) -> u64;

    /// The result of each group; `group_count` groups, some of which may have seen no row.
    fn finish(&mut self, group_count: usize) -> Result<Column>;
}

/// A procedure: rows from arguments.
pub trait Procedure: Send + Sync {
    /// Its signature: `db.labels() :: (label :: STRING)`.
    fn signature(&self) -> &Signature;

    /// One or two sentences.
    fn doc(&self) -> &str;

    /// The rows of one call, each with a value per column of the signature.
    fn call(&self, context: &Context<'_>, arguments: &[Value]) -> Result<Vec<Vec<Value>>>;
}

/// A shared procedure.
#[derive(Clone)]
pub struct ProcedureHandle(pub Arc<dyn Procedure>);

impl fmt::Debug for ProcedureHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.signature())
    }
}
