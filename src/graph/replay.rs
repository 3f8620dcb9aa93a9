//! The log at an opening: its changes are made once more, and folded whenever they have outgrown their share of memory.
//!
//! What is folded on the way lies in segment files that no catalog names. A crash before the end leaves the store as it was, and
//! the next opening clears these files away. At the end one catalog names them, as after a checkpoint.
//! It may not know how a record is read.

use std::sync::Arc;

use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Result;
use crate::storage::OrderedBytes;

use super::catalog::Catalog;
use super::change::Change;
use super::checkpoint;
use super::checkpoint::{Checkpoint, Place};
use super::delta::Allocated;
use super::log;
use super::now;
use super::segment::SegmentFile;
use super::snapshot::{Snapshot, State};

/// What part of the cache's budget the changes may take before they are folded. The rest is for the chunks that a fold reads
/// and writes.
const SHARE: u64 = 4;
/// What they may take however small that budget is: to fold costs something too.
const LEAST: u64 = 1 << 16;

/// How an opening has gone through the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replay {
    /// Bytes of the log that were read.
    pub log_bytes: u64,
    /// How often the changes were folded on the way.
    pub folds: u64,
    /// About how many bytes the changes took at most.
    pub peak_bytes: u64,
}

/// How a log is folded while it is read.
pub(super) struct Folding<'a> {
    pub(super) place: Place<'a>,
    /// Says that the log was found whole up to this commit, before the first file is written.
    pub(super) settle: &'a dyn Fn(u64) -> Result<()>,
    /// The budget of the cache, in bytes.
    pub(super) cache_bytes: u64,
}

/// Goes through the log on top of a state, which is that of the last checkpoint, and folds it if that is to be. Says the last
/// commit, and what was done.
pub(super) fn run(
    bytes: &dyn OrderedBytes,
    state: &mut State,
    folding: Option<&Folding<'_>>,
) -> Result<(u64, Replay)> {
    let mut replay = Replay::default();
    let (before, mut folded) = (state.base.clone(), false);
    let share = folding.map_or(0, |folding| (folding.cache_bytes / SHARE).max(LEAST));
    // What the texts and lists of the changes hold, which the delta does not count.
    let mut held = 0;
    let (last, log_bytes) = log::replay(bytes, state.sequence, |sequence, changes| {
        for change in changes {
            let change = change?;
            apply(state, sequence, &change)?;
            held += change.held_bytes();
            let taken = held + state.delta.allocated_since(Allocated::default()).new;
            replay.peak_bytes = replay.peak_bytes.max(taken);
            if let Some(folding) = folding
                && taken > share
            {
                if !folded {
                    (folding.settle)(log::last(bytes, before.sequence)?)?;
                }
                fold(state, &folding.place)?;
                (held, folded) = (0, true);
                replay.folds += 1;
            }
        }
        state.sequence = sequence;
        Ok(())
    })?;
    replay.log_bytes = log_bytes;
    if let Some(Folding { place, .. }) = folding.filter(|_| folded) {
        // The last one on the way may lie within a commit, which no catalog may name.
        let catalog = fold(state, place)?;
        replay.folds += 1;
        state.base.files().iter().for_each(|file| file.keep());
        catalog.write(bytes)?;
        let live = |file: &Arc<SegmentFile>| catalog.files.iter().any(|(n, _)| *n == file.number());
        before.files().iter().filter(|file| !live(file)).for_each(|file| file.retire());
        catalog.trim(bytes)?;
        catalog.write_copy(&**place.files)?;
    }
    Ok((last, replay))
}

/// Makes a change of a commit once more.
fn apply(state: &mut State, sequence: u64, change: &Change) -> Result<()> {
    state.apply(change).map(drop).map_err(|error| {
        if error.is_corruption() || error.class() == ErrorClass::StorageError {
            return error;
        }
        Error::corruption(format!(
            "the record of commit {sequence} does not fit the graph: {error}"
        ))
    })
}

/// Puts the state onto a new base that holds all of it, and gives the catalog that would name this.
fn fold(state: &mut State, place: &Place<'_>) -> Result<Catalog> {
    let snapshot = Snapshot { state: Arc::new(std::mem::take(state)) };
    let generation = snapshot.state.base.generation + 1;
    let written = checkpoint::write(&snapshot, snapshot.schema(), generation, now(), place)?;
    let Checkpoint { catalog, base } = written;
    *state = State::new(&catalog, base);
    Ok(catalog)
}
