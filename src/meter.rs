//! What one statement may use: time, memory, and the patience of its caller.
//!
//! Owns [`Meter`], which everything that runs long or holds much asks. A thread that works for a statement is within
//! [`Meter::run`], so that even what compares two values finds the statement's meter; elsewhere all questions are
//! answered with yes. It may not know what a statement is.

use std::cell::Cell;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::error::Unwound;
use crate::error::caught;
use crate::error::interrupt;

mod cancel;

pub use cancel::CancelHandle;
use cancel::Watched;

/// After so many steps it is looked whether the statement must end. A step is a moment: an element compared, a character
/// written.
const STEPS: usize = 1 << 12;

/// How long may be waited for something without a look.
const WAIT: Duration = Duration::from_millis(10);

/// The limits of one statement, and what it holds. Cloning gives another handle to the same meter.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    cancels: Vec<Watched>,
    deadline: Option<Instant>,
    memory: Option<u64>,
    /// Bytes held.
    held: AtomicU64,
    /// How often it was looked whether the statement must end.
    looks: AtomicU64,
    /// The look that ends the statement, where a test has chosen one.
    last_look: Option<u64>,
}

/// What a meter is made of.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Those who may cancel the statement.
    pub cancel: Vec<CancelHandle>,
    /// How much time there is from now on.
    pub timeout: Option<Duration>,
    /// How many bytes may be held at once; `None` for no bound.
    pub memory: Option<u64>,
    /// Cancels the statement at this look, counted from 1: for tests of work, which must not depend on time.
    pub last_look: Option<u64>,
}

thread_local! {
    /// The meter of the statement that this thread works for.
    static CURRENT: RefCell<Option<Meter>> = const { RefCell::new(None) };
    /// Steps since the last look.
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

impl Meter {
    /// A meter whose time begins now.
    pub fn new(limits: Limits) -> Self {
        let state = State {
            cancels: limits.cancel.iter().map(CancelHandle::watched).collect(),
            // What is beyond the clock is never reached.
            deadline: limits.timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            memory: limits.memory,
            last_look: limits.last_look,
            ..State::default()
        };
        Self { state: Arc::new(state) }
    }

    /// Fails when the statement was cancelled or its time is up.
    pub fn check(&self) -> Result<()> {
        let state = &*self.state;
        let look = state.looks.fetch_add(1, Relaxed) + 1;
        if state.cancels.iter().any(Watched::is_cancelled)
            || state.last_look.is_some_and(|last| look >= last)
        {
            return Err(cancelled());
        }
        if state.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(timed_out());
        }
        Ok(())
    }

    /// How many bytes the statement may hold at once.
    pub fn limit(&self) -> Option<u64> {
        self.state.memory
    }

    /// How many bytes more the statement may hold.
    pub fn left(&self) -> u64 {
        let held = self.state.held.load(Relaxed);
        self.state.memory.unwrap_or(u64::MAX).saturating_sub(held)
    }

    /// Fails where the statement would hold more than it may with so many bytes more, which it gives back at once.
    pub fn ask(&self, bytes: u64) -> Result<()> {
        match self.state.memory {
            Some(limit) if bytes > self.left() => Err(over_budget(limit)),
            _ => Ok(()),
        }
    }

    /// Holds so many bytes more, in any case. Fails where the statement then holds more than it may.
    pub fn hold(&self, bytes: u64) -> Result<()> {
        let held = self.state.held.fetch_add(bytes, Relaxed).saturating_add(bytes);
        match self.state.memory {
            Some(limit) if held > limit => Err(over_budget(limit)),
            _ => Ok(()),
        }
    }

    /// Gives back what was held.
    pub fn release(&self, bytes: u64) {
        self.state.held.fetch_sub(bytes, Relaxed);
    }

    /// Runs what works for the statement: all that it calls in this thread finds this meter. A panic becomes an error.
    ///
    /// # Errors
    /// Those of the call, that of a limit, and `InternalError` for a panic.
    pub fn run<T>(&self, call: impl FnOnce() -> Result<T>) -> Result<T> {
        let _within = Within::new(Some(self.clone()));
        caught(call).map_err(Unwound::into_error)?
    }
}

/// Restores the meter that was there before.
struct Within(Option<Meter>);

impl Within {
    fn new(meter: Option<Meter>) -> Self {
        Self(CURRENT.with(|current| current.replace(meter)))
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        let outer = self.0.take();
        CURRENT.with(|current| current.replace(outer));
    }
}

/// The meter of the statement that this thread works for; one without limits elsewhere.
pub(crate) fn current() -> Meter {
    CURRENT.with_borrow(Clone::clone).unwrap_or_default()
}

/// Runs what must not be ended half-way.
pub(crate) fn unlimited<T>(call: impl FnOnce() -> T) -> T {
    let _within = Within::new(None);
    call()
}

/// Fails when the statement that this thread works for must end.
pub(crate) fn check() -> Result<()> {
    TAKEN.set(0);
    CURRENT.with_borrow(|current| current.as_ref().map_or(Ok(()), Meter::check))
}

/// Fails where the statement would hold more than it may with so many bytes more.
pub(crate) fn ask(bytes: u64) -> Result<()> {
    CURRENT.with_borrow(|current| current.as_ref().map_or(Ok(()), |meter| meter.ask(bytes)))
}

/// Counts steps, and fails when the statement must end. For inner loops: it looks only now and then.
#[inline]
pub(crate) fn step(steps: usize) -> Result<()> {
    let taken = TAKEN.get().saturating_add(steps);
    TAKEN.set(taken);
    if taken < STEPS { Ok(()) } else { check() }
}

/// As [`step`], for what has no error to give, such as the order of two values: when the statement must end, the
/// stack is unwound up to [`Meter::run`]. Whoever changes shared state beneath must leave it whole, or be
/// [`unlimited`].
#[inline]
pub(crate) fn walk(steps: usize) {
    if let Err(error) = step(steps) {
        unwind(error);
    }
}

#[cold]
fn unwind(error: Error) {
    // A second unwinding would end the process.
    if !std::thread::panicking() {
        interrupt(error);
    }
}

/// The elements one by one, a step each.
pub(crate) fn walked<I: IntoIterator>(items: I) -> impl Iterator<Item = I::Item> {
    items.into_iter().inspect(|_| walk(1))
}

/// The elements in pieces, with a look between them where they are many.
pub(crate) fn pieces<T>(items: &[T]) -> impl Iterator<Item = &[T]> {
    items.chunks(STEPS).inspect(|piece| walk(piece.len()))
}

/// The order of two values, a step for each comparison: for sorting.
pub(crate) fn stepped<T: ?Sized>(
    mut order: impl FnMut(&T, &T) -> Ordering,
) -> impl FnMut(&T, &T) -> Ordering {
    move |a, b| {
        walk(1);
        order(a, b)
    }
}

/// Waits for the time, or until the statement must end.
pub(crate) fn sleep(time: Duration) -> Result<()> {
    let end = Instant::now().checked_add(time);
    loop {
        check()?;
        let left = end.map_or(WAIT, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(WAIT));
    }
}

/// How long may be waited before the next look, when so much is left.
pub(crate) fn patience(left: Duration) -> Duration {
    left.min(WAIT)
}

#[cold]
fn cancelled() -> Error {
    Error::new(
        ErrorClass::Cancelled,
        Phase::Runtime,
        Detail::CancelledByCaller,
        "the statement was cancelled",
    )
}

#[cold]
fn timed_out() -> Error {
    Error::new(
        ErrorClass::LimitError,
        Phase::Runtime,
        Detail::TimedOut,
        "the statement ran out of time",
    )
}

#[cold]
fn over_budget(limit: u64) -> Error {
    Error::new(
        ErrorClass::LimitError,
        Phase::Runtime,
        Detail::OutOfMemoryBudget,
        format!("the statement needs more than its {limit} bytes of memory"),
    )
    .help("Raise the limit, or let the statement hold fewer rows at a time.")
}
