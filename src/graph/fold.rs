//! Folding the log into segments beside readers and writers: when it is done, and how the graph moves onto a new base.
//!
//! A thread does it when the log has grown, so that whoever has committed goes on. What it writes is the business of the
//! checkpoint, and a commit's waiting for its sync that of the heads.

use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;

use crate::error::Result;

use super::Shared;
use super::checkpoint;
use super::checkpoint::{Checkpoint, Place};
use super::head::Rebased;
use super::lock;
use super::log;
use super::now;
use super::schema::Index;
use super::segment::SegmentFile;
use super::snapshot::{Snapshot, State};

/// How many times as large as it may be the log becomes while it is folded, before writers wait for that.
const BEHIND: u64 = 2;

/// The thread that folds the log.
#[derive(Debug, Default)]
pub(super) struct Folder {
    state: Mutex<Folding>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Folding {
    thread: Option<JoinHandle<()>>,
    /// Whether the thread has yet to fold what is committed by now.
    wanted: bool,
    /// Whether the thread will look again before it ends.
    looks: bool,
    /// Whether it is at work, and does not wait for a backup to end.
    working: bool,
}

impl Folding {
    fn is_under_way(&self) -> bool {
        self.looks && self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Folder {
    fn set(&self, working: bool) {
        lock(&self.state).working = working;
        self.ended.notify_all();
    }
}

/// Held by the handles of a graph: when the last of them is gone nothing goes on behind them, and the store is closed.
pub(super) struct Closing(pub(super) Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        let thread = lock(&self.0.folder.state).thread.take();
        if let Some(thread) = thread {
            // What it could not do is tried again by whoever opens the store.
            let _ = thread.join();
        }
        self.0.fold_at_close();
    }
}

/// Says that the thread is at work, up to its end, however that comes.
struct AtWork<'a>(&'a Folder);

impl<'a> AtWork<'a> {
    fn new(folder: &'a Folder) -> Self {
        folder.set(true);
        Self(folder)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Shared {
    /// Lets the log be folded where it has grown too large for the segments beside it. It returns at once, unless the
    /// log grows faster than it can be folded.
    pub(super) fn fold_grown(self: &Arc<Self>, log_bytes: u64, base_bytes: u64) {
        let worth = (base_bytes / 2).min(self.options.checkpoint_bytes.saturating_mul(8));
        let limit = self.checkpoint_at.load(Ordering::Relaxed).max(worth);
        if log_bytes <= limit {
            return;
        }
        let mut state = lock(&self.folder.state);
        if state.working {
            let behind = log_bytes > limit.saturating_mul(BEHIND);
            while behind && state.working {
                state = self.folder.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            return;
        }
        if !state.is_under_way() {
            self.begin_fold(state);
        }
    }

    /// Lets the log be folded as soon as that can be, and returns at once.
    pub(super) fn fold_soon(self: &Arc<Self>) {
        let mut state = lock(&self.folder.state);
        if state.is_under_way() {
            // What is under way may have begun before what is to be folded was there.
            state.wanted = true;
        } else {
            self.begin_fold(state);
        }
    }

    /// Folds a log that the next opening would have to read for longer than it takes to fold it now. What fails is tried again
    /// by whoever opens the store.
    fn fold_at_close(&self) {
        if self.volatile || self.check().is_err() {
            return;
        }
        let (log_bytes, base_bytes) = {
            let heads = lock(&self.heads);
            (heads.log_bytes, heads.durable().state.base.size())
        };
        let allowed = self.options.checkpoint_bytes;
        if log_bytes > (base_bytes / 16).clamp(allowed / 16, allowed / 2) {
            self.fold();
        }
    }

    fn begin_fold(self: &Arc<Self>, mut state: MutexGuard<'_, Folding>) {
        let shared = self.clone();
        let thread = thread::Builder::new().name("redstring-checkpoint".into());
        (state.wanted, state.looks) = (true, true);
        match thread.spawn(move || shared.fold_wanted()) {
            Ok(thread) => state.thread = Some(thread),
            Err(_) => {
                (state.wanted, state.looks) = (false, false);
                drop(state);
                self.fold();
            }
        }
    }

    fn fold_wanted(&self) {
        loop {
            let mut state = lock(&self.folder.state);
            state.looks = state.wanted;
            if !std::mem::take(&mut state.wanted) {
                return;
            }
            drop(state);
            self.fold();
        }
    }

    /// Folds the log, and says when that is worth doing again.
    fn fold(&self) {
        let _one_at_a_time = lock(&self.checkpointing);
        let _at_work = AtWork::new(&self.folder);
        let again = match self.checkpoint() {
            Ok(()) => 0,
            // The commits themselves are durable: it is tried again when the log has grown once more.
            Err(_) => lock(&self.heads).log_bytes,
        };
        let next = again.saturating_add(self.options.checkpoint_bytes);
        self.checkpoint_at.store(next, Ordering::Relaxed);
    }

    /// Makes a checkpoint; the caller sees to it that there is one at a time.
    pub(super) fn checkpoint(&self) -> Result<()> {
        self.checkpoint_with(None)
    }

    /// Makes a checkpoint that holds an index as well which is not created yet. Every later one keeps it, as long as its
    /// build is known.
    pub(super) fn checkpoint_with(&self, new: Option<&Arc<Index>>) -> Result<()> {
        self.check()?;
        let (snapshot, ahead) = {
            let mut heads = lock(&self.heads);
            // Under this lock: a build ends when the commit that creates its index is durable, and not before.
            (heads.begin_checkpoint(), self.builds.ahead())
        };
        let base = &snapshot.state.base;
        if snapshot.state.sequence == base.sequence && (new.is_none() || base.is_empty()) {
            lock(&self.heads).abandon_checkpoint();
            return Ok(());
        }
        let written = with_ahead(&snapshot, ahead, new).and_then(|with| {
            let place = Place {
                files: &self.files,
                cache: &self.cache,
                builds: &self.builds,
                sorted: u64::MAX,
            };
            checkpoint::write(&with, snapshot.schema(), base.generation + 1, now(), &place)
        });
        drop(snapshot);
        let result = written.and_then(|checkpoint| self.publish(checkpoint));
        if result.is_err() {
            lock(&self.heads).abandon_checkpoint();
        }
        result
    }

    pub(super) fn publish(&self, checkpoint: Checkpoint) -> Result<()> {
        let Checkpoint { catalog, base } = checkpoint;
        base.files().iter().for_each(|file| file.keep());
        // From here to the end of the switch a failure leaves memory and disk on different bases.
        catalog.write(&*self.bytes).map_err(|error| self.poison(error))?;
        let before = Snapshot { state: Arc::new(State::new(&catalog, base)) };
        let mut rebased = Rebased { before, after: Vec::new() };
        loop {
            // Outside the lock as long as there is much to do, so that readers need not wait.
            let commits = lock(&self.heads).since(rebased.after.len());
            rebased.extend(&commits).map_err(|error| self.poison(error))?;
            if commits.len() < 8 {
                break;
            }
        }
        let (old, reached) = {
            let mut heads = lock(&self.heads);
            let old = heads.finish_checkpoint(rebased).map_err(|error| self.poison(error))?;
            (old, heads.reached())
        };
        self.bytes.attest(reached, true);
        let live = |file: &Arc<SegmentFile>| catalog.files.iter().any(|(n, _)| *n == file.number());
        old.files().iter().filter(|file| !live(file)).for_each(|file| file.retire());
        drop(old);
        log::trim(&*self.bytes, catalog.sequence).map_err(|error| self.poison(error))?;
        catalog.trim(&*self.bytes).map_err(|error| self.poison(error))?;
        catalog.write_copy(&*self.files)?;
        self.bytes.compact().map_err(|error| self.poison(error))
    }
}

/// The snapshot with those indexes that are not created yet and that its base holds, and with a new one.
fn with_ahead(
    snapshot: &Snapshot,
    ahead: Vec<Arc<Index>>,
    new: Option<&Arc<Index>>,
) -> Result<Snapshot> {
    let mut with = snapshot.clone();
    for index in ahead {
        let is_new = new.is_some_and(|new| new.id == index.id);
        if is_new || snapshot.state.base.has_index(index.id)? {
            with = with.with_index(&index)?;
        }
    }
    Ok(with)
}
