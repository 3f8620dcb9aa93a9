//! The heads of the graph: what is written and what is durable, and how a commit moves them.
//!
//! A commit is written under the writer's lock and becomes visible when it is durable. Commits that wait for their
//! sync stand in a queue, so that the next writer goes on from them and all of them share a sync; a
//! checkpoint that finishes meanwhile moves the whole queue onto its new base.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::Weak;

use crate::error::Result;
use crate::storage::Progress;

use super::change::Change;
use super::journal::Journal;
use super::lock;
use super::segment::Base;
use super::snapshot::Snapshot;
use super::snapshot::State;

/// A commit as its changes: number, bytes in the log, changes.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub(super) sequence: u64,
    pub(super) size: u64,
    pub(super) changes: Arc<Vec<Change>>,
}

#[derive(Debug, Default)]
pub(super) struct Heads {
    /// What readers see.
    durable: Snapshot,
    /// Commits written and not yet durable, oldest first, each with the state after it.
    waiting: VecDeque<(Commit, Snapshot)>,
    /// While a checkpoint is made: all commits since the snapshot that it writes.
    since: Option<Vec<Commit>>,
    /// Bytes in the log since the last checkpoint.
    pub(super) log_bytes: u64,
    /// How often the store was opened anew after a full disk: what was written before such a time and was not durable is
    /// gone, whatever a later sync says.
    epoch: u64,
    /// Who watches what is committed.
    journals: Vec<Weak<Mutex<Journal>>>,
}

impl Heads {
    pub(super) fn new(durable: Snapshot, log_bytes: u64) -> Self {
        Self { durable, log_bytes, ..Self::default() }
    }

    /// What readers see.
    pub(super) fn durable(&self) -> &Snapshot {
        &self.durable
    }

    /// How far the durable state is.
    pub(super) fn reached(&self) -> Progress {
        let state = &self.durable.state;
        Progress { generation: state.base.generation, sequence: state.sequence }
    }

    /// What the next writer goes on from.
    pub(super) fn written(&self) -> &Snapshot {
        self.waiting.back().map_or(&self.durable, |(_, snapshot)| snapshot)
    }

    /// Takes in a commit that was written. `after` is the state with it, on the base of its transaction; where
    /// a checkpoint has replaced the base since, the changes are made once more on the new one.
    pub(super) fn push(&mut self, commit: Commit, after: State) -> Result<()> {
        let head = self.written();
        let mut state = after;
        if head.state.base.generation != state.base.generation {
            state = (*head.state).clone();
            state.advance(commit.sequence, &commit.changes)?;
        }
        state.sequence = commit.sequence;
        self.log_bytes += commit.size;
        self.each_journal(|journal| journal.note(&commit.changes));
        if let Some(since) = &mut self.since {
            since.push(commit.clone());
        }
        self.waiting.push_back((commit, Snapshot { state: Arc::new(state) }));
        Ok(())
    }

    /// What a commit that begins now has to be settled in.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Everything up to this commit is durable. Says whether the commit is among it: one of another epoch is gone.
    pub(super) fn settle(&mut self, epoch: u64, sequence: u64) -> bool {
        if epoch != self.epoch {
            return false;
        }
        while let Some((_, snapshot)) =
            self.waiting.pop_front_if(|(commit, _)| commit.sequence <= sequence)
        {
            self.durable = snapshot;
        }
        true
    }

    /// Forgets what is not durable, and begins another epoch on this state.
    pub(super) fn restart(&mut self, durable: Snapshot, log_bytes: u64) {
        let epoch = self.epoch + 1;
        self.void_journals();
        let journals = std::mem::take(&mut self.journals);
        *self = Self { durable, log_bytes, epoch, journals, ..Self::default() };
    }

    /// What was written up to now, and whom commits have touched since the last call. A journal is known as long as
    /// somebody holds it.
    pub(super) fn watch(&mut self, journal: &Arc<Mutex<Journal>>) -> (Snapshot, Journal) {
        let this = Arc::downgrade(journal);
        if !self.journals.iter().any(|known| known.ptr_eq(&this)) {
            self.journals.push(this);
        }
        (self.written().clone(), std::mem::take(&mut *lock(journal)))
    }

    /// What no commit says has changed.
    pub(super) fn void_journals(&mut self) {
        self.each_journal(|journal| journal.void = true);
    }

    fn each_journal(&mut self, each: impl Fn(&mut Journal)) {
        self.journals.retain(|journal| {
            let journal = journal.upgrade();
            journal.iter().for_each(|journal| each(&mut lock(journal)));
            journal.is_some()
        });
    }

    /// Begins a checkpoint of the durable state.
    pub(super) fn begin_checkpoint(&mut self) -> Snapshot {
        self.since = Some(self.waiting.iter().map(|(commit, _)| commit.clone()).collect());
        self.durable.clone()
    }

    /// The checkpoint came to nothing.
    pub(super) fn abandon_checkpoint(&mut self) {
        self.since = None;
    }

    /// The commits since the checkpoint's snapshot, from position `from` on.
    pub(super) fn since(&self, from: usize) -> Vec<Commit> {
        self.since.as_deref().and_then(|since| since.get(from..)).unwrap_or(&[]).to_vec()
    }

    /// Puts everything onto the new base. `states` are the states after each commit since, as far as
    /// they were made already; the rest is made here. Says which base is out of use.
    pub(super) fn finish_checkpoint(&mut self, mut states: Rebased) -> Result<Arc<Base>> {
        let missing = self.since(states.after.len());
        states.extend(&missing)?;
        let old = self.durable.state.base.clone();
        let find = |sequence: u64| {
            let later = states.after.iter().rev().find(|s| s.state.sequence <= sequence);
            later.unwrap_or(&states.before).clone()
        };
        self.durable = find(self.durable.state.sequence);
        for (commit, snapshot) in &mut self.waiting {
            *snapshot = find(commit.sequence);
        }
        self.log_bytes = self.since(0).iter().map(|commit| commit.size).sum();
        self.since = None;
        Ok(old)
    }
}

/// The commits since a checkpoint, made once more on its base.
#[derive(Debug)]
pub(super) struct Rebased {
    /// The state of the checkpoint itself.
    pub(super) before: Snapshot,
    /// The state after each commit since.
    pub(super) after: Vec<Snapshot>,
}

impl Rebased {
    pub(super) fn extend(&mut self, commits: &[Commit]) -> Result<()> {
        for commit in commits {
            let last = self.after.last().unwrap_or(&self.before);
            let mut state = (*last.state).clone();
            state.advance(commit.sequence, &commit.changes)?;
            self.after.push(Snapshot { state: Arc::new(state) });
        }
        Ok(())
    }
}
