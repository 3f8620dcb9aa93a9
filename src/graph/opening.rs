//! Opening a graph: what has to be read and compared before anything in the store is changed, and in which order.
//!
//! It may not know how a log is read or folded, or what the witness holds.

use std::cell::Cell;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Result;
use crate::storage::OrderedBytes;
use crate::storage::Progress;
use crate::storage::SegmentFiles;

use super::build::Builds;
use super::catalog;
use super::catalog::Catalog;
use super::checkpoint::Place;
use super::fold::Closing;
use super::head::Heads;
use super::log;
use super::reading;
use super::replay;
use super::replay::{Folding, Replay};
use super::segment::{Base, ChunkCache, SegmentFile};
use super::snapshot::{Snapshot, State};
use super::witness;
use super::{Graph, GraphOptions, Shared};

/// How many entries an opening sorts in memory for an index that the segments lack, where it folds.
const SORTED_AT_OPENING: u64 = 1 << 16;

impl Graph {
    /// Opens the graph that lies in these bytes and files, or begins one where both are empty.
    ///
    /// Reads the catalog and the log since the last checkpoint, and none of the data. A log whose changes do not fit a share of
    /// the cache's budget is folded into segments on the way. What a crash has left unfinished is cleared away; damage is an
    /// error that names what is damaged.
    pub fn open(
        bytes: Arc<dyn OrderedBytes>,
        files: Arc<dyn SegmentFiles>,
        options: GraphOptions,
    ) -> Result<Self> {
        match Self::replayed(&bytes, &files, &options, true) {
            // There is no room to fold the log: what is there can be read all the same.
            Err(error) if error.kind() == Detail::DiskFull => {
                if bytes.reopen().is_err() && Catalog::read(&*bytes).is_err() {
                    return Err(error);
                }
                Self::replayed(&bytes, &files, &options, false)
            }
            opened => opened,
        }
    }

    fn replayed(
        bytes: &Arc<dyn OrderedBytes>,
        files: &Arc<dyn SegmentFiles>,
        options: &GraphOptions,
        folds: bool,
    ) -> Result<Self> {
        let cache = Arc::new(ChunkCache::new(options.cache_bytes));
        let found = witness::find_catalog(&**bytes)?;
        // All that is read before the store's own files are accepted may come from a copy of them, so nothing is written.
        let beside = files.list()?;
        let catalog = witness::checked(found.as_ref(), &**bytes, &beside)?;
        let live = catalog.files.iter().map(|(number, length)| {
            Arc::new(SegmentFile::new(*number, *length, files.clone(), cache.clone()))
        });
        let base = Base::new(
            catalog.generation,
            catalog.sequence,
            live.collect(),
            catalog.index,
            cache.clone(),
        );
        let mut state = State::new(&catalog, Arc::new(base));
        let settled = Cell::new(false);
        let settle = |last: u64| {
            if settled.replace(true) {
                return Ok(());
            }
            let reached = Progress { generation: catalog.generation, sequence: last };
            witness::compare(&**bytes, reached)?;
            bytes.accept()?;
            if found.is_none() {
                catalog.write(&**bytes)?;
            }
            settle_catalog(&catalog, &**bytes, &**files, &beside)
        };
        let builds = Builds::default();
        let place = Place { files, cache: &cache, builds: &builds, sorted: SORTED_AT_OPENING };
        let folding = Folding { place, settle: &settle, cache_bytes: options.cache_bytes };
        let (last, replay) = replay::run(&**bytes, &mut state, folds.then_some(&folding))?;
        settle(last)?;
        let folded = state.base.generation != catalog.generation;
        log::trim(&**bytes, state.base.sequence)?;
        log::trim_unfinished(&**bytes, last)?;
        if folded {
            bytes.compact()?;
        }
        let reached = Progress { generation: state.base.generation, sequence: last };
        bytes.attest(reached, folded);
        let log_bytes = if folded { 0 } else { replay.log_bytes };
        let heads = Heads::new(Snapshot { state: Arc::new(state) }, log_bytes);
        let (bytes, files) = (bytes.clone(), files.clone());
        Ok(Self::new(Shared { replay, ..Shared::new(bytes, files, cache, options.clone(), heads) }))
    }

    /// How the opening has gone through the log.
    pub fn replay(&self) -> Replay {
        self.shared.replay
    }

    /// Opens what is there of a graph, damaged or not, for whoever only reads. Nothing is written, and the log is not folded: what
    /// it changes is in memory.
    ///
    /// It ends before the first thing that cannot be read. What is missing is among the problems of [`Graph::check`].
    pub fn open_to_read(
        bytes: Arc<dyn OrderedBytes>,
        files: Arc<dyn SegmentFiles>,
        options: GraphOptions,
    ) -> Result<Self> {
        let cache = Arc::new(ChunkCache::new(options.cache_bytes));
        let found = reading::read(&*bytes, &files, &cache)?;
        let heads = Heads::new(Snapshot { state: Arc::new(found.state) }, found.log_bytes);
        let shared = Shared::new(bytes, files, cache, options, heads);
        Ok(Self::new(Shared { read_only: true, missing: found.missing, ..shared }))
    }

    /// What is missing of a graph that was opened only to be read; nothing of a whole one.
    pub fn missing(&self) -> &[String] {
        &self.shared.missing
    }

    /// Adds to what is missing. Only for a handle that nobody shares yet.
    #[must_use]
    pub fn lacking(self, what: Option<String>) -> Self {
        let Self { shared, _closing: closing } = self;
        drop(closing);
        match Arc::try_unwrap(shared) {
            Ok(mut shared) => {
                shared.missing.extend(what);
                Self::new(shared)
            }
            Err(shared) => Self { _closing: Arc::new(Closing(shared.clone())), shared },
        }
    }
}

/// Clears away what the catalog does not name, and writes its copy where that is missing.
fn settle_catalog(
    catalog: &Catalog,
    bytes: &dyn OrderedBytes,
    files: &dyn SegmentFiles,
    beside: &[String],
) -> Result<()> {
    catalog.trim(bytes)?;
    for name in beside {
        let number = SegmentFile::number_of(name);
        if number.is_some_and(|number| catalog.files.iter().all(|(live, _)| *live != number)) {
            files.delete(name)?;
        }
    }
    if catalog.generation > 0 && catalog::newest_copy(beside) != Some(catalog.generation) {
        catalog.write_copy(files)?;
    }
    Ok(())
}
