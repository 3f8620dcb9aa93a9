//! Going on after the disk was full.
//!
//! A write that was refused leaves the engine with nothing to say, while the graph's durable state is whole: the engine is
//! opened anew, what the log has beyond that state is deleted (whoever wrote it was told that it failed), and the writer
//! goes on from there. Where anything else has failed the store takes no more writes until it is opened again.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

use super::Shared;
use super::catalog::Catalog;
use super::keys;
use super::lock;
use super::log;
use super::replay;
use super::segment::{Base, SegmentFile};
use super::snapshot::{Snapshot, State};

/// The error of a commit that was not durable when the store was opened anew.
pub(super) fn lost(sequence: u64) -> Error {
    Error::storage(
        Detail::DiskFull,
        format!("commit {sequence} was not on the disk yet when another write found it full"),
    )
    .help("Nothing of it is there: make it once more.")
}

impl Shared {
    /// Opens the store anew if a write has failed before and it can be known what is on disk. Only the writer calls it.
    pub(super) fn recover(&self) -> Result<()> {
        if !self.poisoned.load(Ordering::Acquire) {
            return Ok(());
        }
        let _no_checkpoint = lock(&self.checkpointing);
        self.bytes.reopen()?;
        let durable = lock(&self.heads).durable().clone();
        let (durable, log_bytes) = self.read_again(&durable)?;
        lock(&self.heads).restart(durable, log_bytes);
        self.poisoned.store(false, Ordering::Release);
        Ok(())
    }

    /// The durable state on what is on disk now, and the bytes of its log: a checkpoint may have got as far as its catalog.
    fn read_again(&self, durable: &Snapshot) -> Result<(Snapshot, u64)> {
        let last = durable.sequence();
        let gone = || {
            Error::corruption("commits that were acknowledged are not in the store any more")
                .help("Restore the store from a copy.")
        };
        for letter in [keys::COMMITS, keys::PIECES] {
            let after = keys::numbered(letter, last.saturating_add(1));
            log::delete_range(&*self.bytes, after, &keys::after(letter))?;
        }
        self.bytes.sync()?;
        let catalog = Catalog::read(&*self.bytes)?.filter(|catalog| catalog.sequence <= last);
        let catalog = catalog.ok_or_else(gone)?;
        let known = &durable.state.base;
        let base = if catalog.generation == known.generation {
            known.clone()
        } else {
            catalog.write_copy(&*self.files)?;
            self.base_of(&catalog, known)
        };
        let mut state = State::new(&catalog, base);
        let (found, replay) = replay::run(&*self.bytes, &mut state, None)?;
        if found != last {
            return Err(gone());
        }
        Ok((Snapshot { state: Arc::new(state) }, replay.log_bytes))
    }

    /// The base that a catalog names. Files that the known one has are shared with it.
    fn base_of(&self, catalog: &Catalog, known: &Base) -> Arc<Base> {
        let files = catalog.files.iter().map(|(number, length)| {
            let shared = known.files().iter().find(|file| file.number() == *number);
            shared.cloned().unwrap_or_else(|| {
                let (files, cache) = (self.files.clone(), self.cache.clone());
                Arc::new(SegmentFile::new(*number, *length, files, cache))
            })
        });
        let (generation, sequence) = (catalog.generation, catalog.sequence);
        let cache = self.cache.clone();
        Arc::new(Base::new(generation, sequence, files.collect(), catalog.index, cache))
    }
}
