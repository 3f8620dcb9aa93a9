//! Blocks that are read one after the other, parsed by several threads, and taken in order.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::thread;

use crate::error::Result;

/// Gives every block of `next` to `parse`, on one of `threads`, and what comes of it to `take`, in order. The first
/// error ends it. At most twice as many blocks as there are threads are under way at a time, however long one takes.
pub(super) fn in_order<B, T: Send>(
    threads: usize,
    next: impl FnMut() -> Result<Option<B>> + Send,
    parse: impl Fn(B) -> Result<T> + Sync,
    mut take: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let (permit, permits) = mpsc::channel();
    for _ in 0..threads * 2 {
        let _ = permit.send(());
    }
    let source = Mutex::new((0, next, permits));
    let step = || {
        let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, next, permits) = &mut *source;
        // Nobody gives permits any more once a result was an error.
        permits.recv().ok()?;
        let block = next().transpose()?;
        let number = std::mem::replace(number, *number + 1);
        drop(source);
        Some((number, block.and_then(&parse)))
    };
    thread::scope(|scope| {
        // Dropped at an error, so that nobody waits for the next.
        let permit = permit;
        let (send, results) = mpsc::channel();
        for _ in 0..threads {
            let (send, step) = (send.clone(), &step);
            scope.spawn(move || {
                while let Some(result) = step() {
                    let failed = result.1.is_err();
                    // Nobody takes results any more once one of them was an error.
                    if send.send(result).is_err() || failed {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early = BTreeMap::new();
        let mut due = 0u64;
        for (number, result) in results {
            early.insert(number, result);
            while let Some(result) = early.remove(&due) {
                take(result?)?;
                due += 1;
                // Nobody takes it any more after the last block.
                let _ = permit.send(());
            }
        }
        Ok(())
    })
}
