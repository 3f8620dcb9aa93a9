//! Unwinding that becomes an error: panics of libraries and of users' functions, and a statement that must end where
//! no error can be returned.

use std::any::Any;
use std::cell::Cell;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::sync::Once;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;

use super::Error;

thread_local! {
    /// Whether this thread is in a guarded call.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Guarded calls that run at this moment, in all threads.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// An error on its way up the stack.
struct Interrupt(Error);

/// Why a call has not come to its end.
pub(crate) enum Unwound {
    /// It panicked; this is what it said.
    Panic(String),
    /// It was ended by [`interrupt`].
    Interrupt(Error),
}

impl Unwound {
    /// The error of the whole statement.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Interrupt(error) => error,
            Self::Panic(text) => Error::internal(format!("the statement panicked: {text}")),
        }
    }
}

/// Unwinds the stack to the next call of [`caught`] with an error. It is no panic: no hook is called.
pub(crate) fn interrupt(error: Error) -> ! {
    panic::resume_unwind(Box::new(Interrupt(error)))
}

/// What the call gives, or the reason why it came to no end, without a word on standard error.
pub(crate) fn caught<T>(call: impl FnOnce() -> T) -> Result<T, Unwound> {
    silence_guarded_panics();
    CALLS.fetch_add(1, Ordering::AcqRel);
    let outer = GUARDED.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(outer);
    CALLS.fetch_sub(1, Ordering::AcqRel);
    result.map_err(|payload| match payload.downcast::<Interrupt>() {
        Ok(interrupt) => Unwound::Interrupt(interrupt.0),
        Err(payload) => {
            let text = panic_text(payload.as_ref());
            // What somebody panics with may panic when it is dropped.
            std::mem::forget(payload);
            Unwound::Panic(text)
        }
    })
}

/// What the call gives, or what it said when it panicked. A statement that must end goes on doing so.
pub(crate) fn caught_panic<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    caught(call).map_err(|unwound| match unwound {
        Unwound::Panic(text) => text,
        Unwound::Interrupt(error) => interrupt(error),
    })
}

/// Puts a hook before the program's own, once, which keeps silent about panics that become errors.
fn silence_guarded_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            // sled works in threads of its own too, on behalf of a call that waits for them.
            let on_behalf = || {
                CALLS.load(Ordering::Acquire) > 0
                    && thread::current().name().is_some_and(|name| name.starts_with("sled-io-"))
            };
            if !GUARDED.get() && !on_behalf() {
                previous(panic);
            }
        }));
    });
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    one_line(text)
}

/// The beginning of a text of unknown length, on one line.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}
