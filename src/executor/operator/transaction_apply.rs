//! TransactionApply: a plan for the rows of another, with a commit after so many of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::meter;
use crate::plan;
use crate::plan::OnError;
use crate::value::Column;
use crate::value::Map;
use crate::value::Value;

use super::{Held, Input, Operator, Uncounted};

/// Runs an inner plan for outer rows and commits after each so many of them.
pub(crate) struct TransactionApply {
    input: Input,
    inner: Input,
    row: Option<Slot>,
    columns: Option<Vec<Slot>>,
    optional: bool,
    rows: Compiled,
    /// For how many seconds a transaction is tried again.
    retry: Option<Compiled>,
    on_error: OnError,
    status: Option<Slot>,
    /// How many rows a transaction takes, once that is known.
    size: Option<usize>,
    /// Outer rows that belong to the next transaction.
    waiting: Vec<Batch>,
    given: VecDeque<Batch>,
    /// Whether a failure has ended it.
    stopped: bool,
    transactions: u64,
}

/// The pause before a transaction is tried for the second time; each later one is twice as long, up to
/// [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long a transaction that fails is tried again.
struct Patience {
    end: Option<Instant>,
    pause: Duration,
}

impl Patience {
    /// Whether it may be tried again, after a pause.
    fn wait(&mut self) -> Result<bool> {
        let left = self.end.map(|end| end.saturating_duration_since(Instant::now()));
        let Some(left) = left.filter(|left| !left.is_zero()) else { return Ok(false) };
        meter::sleep(self.pause.min(left))?;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(true)
    }
}

/// What became of a transaction.
enum Outcome {
    Committed,
    Failed(Error),
    NotBegun,
}

impl TransactionApply {
    pub(crate) fn new(plan: &plan::TransactionApply, input: Input, inner: Input) -> Result<Self> {
        Ok(Self {
            input: Box::new(Uncounted::new(input)),
            inner: Box::new(Uncounted::new(inner)),
            row: plan.row,
            columns: plan.columns.clone(),
            optional: plan.optional,
            rows: Compiled::new(&plan.transactions.rows)?,
            retry: plan.transactions.retry.as_ref().map(Compiled::new).transpose()?,
            on_error: plan.transactions.on_error,
            status: plan.transactions.status,
            size: None,
            waiting: Vec::new(),
            given: VecDeque::new(),
            stopped: false,
            transactions: 0,
        })
    }

    fn size(&mut self, ctx: &Context) -> Result<usize> {
        if let Some(size) = self.size {
            return Ok(size);
        }
        let value = self.rows.evaluate_single(ctx)?;
        let size = match &value {
            Value::Integer(size) if *size > 0 => usize::try_from(*size).unwrap_or(usize::MAX),
            other => {
                return Err(Error::argument(
                    Detail::NumberOutOfRange,
                    format!("a transaction takes at least one row, found {other}"),
                )
                .at(self.rows.span()));
            }
        };
        self.size = Some(size);
        Ok(size)
    }

    /// The outer rows of the next transaction; none after the last.
    fn take(&mut self, size: usize, ctx: &mut Context) -> Result<Option<Vec<Batch>>> {
        let mut taken = Vec::new();
        let mut len = 0;
        loop {
            let batch = match self.waiting.pop() {
                Some(batch) => batch,
                None => match self.input.next(ctx)? {
                    Some(batch) => batch,
                    None => break,
                },
            };
            let part = batch.len().min(size - len);
            if part < batch.len() {
                self.waiting.push(batch.slice(part, batch.len()));
            }
            if part > 0 {
                taken.push(batch.slice(0, part));
            }
            len += part;
            if len == size {
                break;
            }
        }
        Ok((!taken.is_empty()).then_some(taken))
    }

    /// Runs the inner plan for the rows of a transaction. Gives what comes out.
    fn run(&mut self, outer: &[Batch], ctx: &mut Context) -> Result<Vec<Batch>> {
        let mut out = Vec::new();
        let mut held = Held::default();
        for batch in outer {
            let step = if self.row.is_some() { ctx.batch_rows() } else { 1 };
            for start in (0..batch.len()).step_by(step) {
                ctx.check_limits()?;
                let part = batch.slice(start, (start + step).min(batch.len()));
                self.run_part(&part, &mut out, &mut held, ctx)?;
            }
            if self.columns.is_none() {
                out.push(batch.clone());
            }
        }
        Ok(out)
    }

    fn run_part(
        &mut self,
        part: &Batch,
        out: &mut Vec<Batch>,
        held: &mut Held,
        ctx: &mut Context,
    ) -> Result<()> {
        let mut argument = part.clone();
        if let Some(slot) = self.row {
            argument.set(slot, Column::integers((0..part.len() as i64).collect()));
        }
        let mut seen = vec![false; part.len()];
        self.inner.reset();
        let (inner, row, columns) = (&mut self.inner, self.row, &self.columns);
        ctx.with_argument(argument, |ctx| {
            while let Some(found) = inner.next(ctx)? {
                ctx.check_limits()?;
                if columns.is_none() || found.is_empty() {
                    continue;
                }
                let rows: Vec<u32> = match row {
                    Some(slot) => super::numbers(&found.column(slot)?),
                    None => vec![0; found.len()],
                };
                for row in &rows {
                    if let Some(seen) = seen.get_mut(*row as usize) {
                        *seen = true;
                    }
                }
                let all = (0..found.len() as u32).collect();
                let joined = part.zip(rows, &found, all).compact();
                held.add_batch(ctx, &joined)?;
                out.push(joined);
            }
            Ok(())
        })?;
        if self.optional && self.columns.is_some() {
            let unseen = seen.iter().enumerate().filter(|(_, seen)| !**seen);
            let unseen = part.select(unseen.map(|(row, _)| row as u32).collect());
            if !unseen.is_empty() {
                out.push(self.without_results(unseen));
            }
        }
        Ok(())
    }

    /// Outer rows beside nulls for all that the inner plan would have given.
    fn without_results(&self, mut outer: Batch) -> Batch {
        for slot in self.columns.iter().flatten() {
            outer.set(*slot, Column::nulls(outer.len()));
        }
        outer
    }

    /// One transaction: runs it, commits it, and gives its rows.
    fn transaction(&mut self, outer: Vec<Batch>, ctx: &mut Context) -> Result<()> {
        if self.stopped {
            self.give(self.all_without_results(outer), &Outcome::NotBegun);
            return Ok(());
        }
        self.transactions += 1;
        let mut patience = self.patience(ctx)?;
        let failure = loop {
            match self.attempt(&outer, ctx)? {
                Ok(out) => {
                    self.give(out, &Outcome::Committed);
                    return Ok(());
                }
                Err(error) if error.is_retryable() && patience.wait()? => {}
                Err(error) => break error,
            }
        };
        if self.on_error == OnError::Fail || ends_all(&failure) {
            return Err(failure);
        }
        self.stopped = self.on_error == OnError::Break;
        self.give(self.all_without_results(outer), &Outcome::Failed(failure));
        Ok(())
    }

    /// Tries a transaction. Gives its rows, or why it failed; then it has left nothing.
    fn attempt(&mut self, outer: &[Batch], ctx: &mut Context) -> Result<Result<Vec<Batch>>> {
        let savepoint = ctx.savepoint();
        let run = self.run(outer, ctx);
        match run.and_then(|out| ctx.check_connected().map(|()| out)) {
            Ok(out) => Ok(ctx.commit_and_begin()?.map(|()| out)),
            Err(error) => {
                if let Some(savepoint) = savepoint {
                    ctx.rollback_to(savepoint)?;
                }
                Ok(Err(error))
            }
        }
    }

    /// How long a transaction may be tried.
    fn patience(&self, ctx: &Context) -> Result<Patience> {
        let Some(seconds) = &self.retry else { return Ok(Patience { end: None, pause: PAUSE }) };
        let length = match seconds.evaluate_single(ctx)? {
            Value::Integer(number) if number >= 0 => {
                Duration::try_from_secs_f64(number as f64).ok()
            }
            Value::Float(number) => Duration::try_from_secs_f64(number).ok(),
            _ => None,
        };
        let end = length.and_then(|length| Instant::now().checked_add(length));
        let Some(end) = end else {
            return Err(Error::argument(
                Detail::NumberOutOfRange,
                "RETRY FOR takes a number of seconds that is not negative",
            )
            .at(seconds.span()));
        };
        Ok(Patience { end: Some(end), pause: PAUSE })
    }

    fn all_without_results(&self, outer: Vec<Batch>) -> Vec<Batch> {
        outer.into_iter().map(|batch| self.without_results(batch)).collect()
    }

    fn give(&mut self, out: Vec<Batch>, outcome: &Outcome) {
        let status = self.status.map(|slot| (slot, self.report(outcome)));
        for mut batch in out {
            if let Some((slot, status)) = &status {
                batch.set(*slot, Column::constant(status.clone(), batch.len()));
            }
            self.given.push_back(batch);
        }
    }

    /// What became of a transaction, in Neo4j's words.
    fn report(&self, outcome: &Outcome) -> Value {
        let begun = !matches!(outcome, Outcome::NotBegun);
        let message = match outcome {
            Outcome::Failed(error) => Value::String(error.message().into()),
            Outcome::Committed | Outcome::NotBegun => Value::Null,
        };
        let id = match begun {
            true => Value::String(format!("transaction-{}", self.transactions).into()),
            false => Value::Null,
        };
        let committed = matches!(outcome, Outcome::Committed);
        let entries: [(&str, Value); 4] = [
            ("started", Value::Boolean(begun)),
            ("committed", Value::Boolean(committed)),
            ("transactionId", id),
            ("errorMessage", message),
        ];
        let map: Map = entries.into_iter().map(|(key, value)| (Arc::from(key), value)).collect();
        Value::Map(Arc::new(map))
    }
}

/// Whether an error is no matter of the rows at hand, so that no other transaction may begin.
fn ends_all(error: &Error) -> bool {
    matches!(
        error.class(),
        ErrorClass::Cancelled
            | ErrorClass::LimitError
            | ErrorClass::StorageError
            | ErrorClass::CorruptionError
            | ErrorClass::InternalError
    )
}

impl Operator for TransactionApply {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        let size = self.size(ctx)?;
        loop {
            if let Some(batch) = self.given.pop_front() {
                return Ok(Some(batch));
            }
            let Some(outer) = self.take(size, ctx)? else { return Ok(None) };
            self.transaction(outer, ctx)?;
        }
    }

    fn reset(&mut self) {
        self.waiting.clear();
        self.given.clear();
        self.stopped = false;
        self.input.reset();
    }
}
