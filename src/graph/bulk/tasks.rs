//! Work in numbered pieces on several threads, its results taken in order on the caller's.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;

use crate::error::Result;

/// Does `work` for every number below `count`, and gives each result to `take`, in order. The first error ends it.
pub(super) fn in_order<T: Send>(
    threads: usize,
    count: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
    mut take: impl FnMut(usize, T) -> Result<()>,
) -> Result<()> {
    if threads < 2 || count < 2 {
        return (0..count).try_for_each(|number| take(number, work(number)?));
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (send, results) = mpsc::sync_channel(threads);
        for _ in 0..threads.min(count) {
            let (send, next, work) = (send.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody takes results any more once one of them was an error.
                    if number >= count || send.send((number, work(number))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (number, result) in results {
            early.insert(number, result);
            while let Some(result) = early.remove(&due) {
                take(due, result?)?;
                due += 1;
            }
        }
        Ok(())
    })
}

/// Splits numbered pieces of these sizes into at most `parts` runs of about the same total.
pub(super) fn shares(sizes: &[usize], parts: usize) -> Vec<std::ops::Range<usize>> {
    let total: usize = sizes.iter().sum();
    let share = total.div_ceil(parts.max(1)).max(1);
    let mut runs = Vec::new();
    let (mut from, mut sum) = (0, 0);
    for (at, size) in sizes.iter().enumerate() {
        sum += size;
        if sum >= share || at + 1 == sizes.len() {
            runs.push(from..at + 1);
            (from, sum) = (at + 1, 0);
        }
    }
    runs
}
