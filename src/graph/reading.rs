//! What can be read of a graph that is perhaps not whole, up to the first thing that cannot be read.
//!
//! Nothing is mended or written, and whatever is missing is told. It may not know where the records come from.

use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::storage::OrderedBytes;
use crate::storage::Progress;
use crate::storage::SegmentFiles;

use super::catalog;
use super::catalog::Catalog;
use super::log;
use super::segment::{Base, ChunkCache, SegmentFile};
use super::snapshot::State;
use super::witness;

/// What was read.
pub(super) struct Found {
    pub(super) state: State,
    /// Bytes of its log.
    pub(super) log_bytes: u64,
    /// What is missing, a sentence each.
    pub(super) missing: Vec<String>,
}

/// Reads the newest catalog and the log after it.
pub(super) fn read(
    bytes: &dyn OrderedBytes,
    files: &Arc<dyn SegmentFiles>,
    cache: &Arc<ChunkCache>,
) -> Result<Found> {
    let mut missing = Vec::new();
    let catalog = newest_catalog(bytes, &**files, &mut missing)?;
    let live = catalog.files.iter().map(|(number, length)| {
        Arc::new(SegmentFile::new(*number, *length, files.clone(), cache.clone()))
    });
    let (generation, sequence) = (catalog.generation, catalog.sequence);
    let base = Base::new(generation, sequence, live.collect(), catalog.index, cache.clone());
    let mut state = State::new(&catalog, Arc::new(base));
    let mut log_bytes = 0;
    let replayed = log::replay(bytes, catalog.sequence, |sequence, changes| {
        // Of a commit that does not fit nothing may stay.
        let mut next = state.clone();
        for change in changes {
            next.apply(&change?)?;
        }
        next.sequence = sequence;
        state = next;
        Ok(())
    });
    match replayed {
        Ok((_, size)) => log_bytes = size,
        Err(error) => missing.push(error.message().to_owned()),
    }
    let reached = Progress { generation, sequence: state.sequence };
    missing.extend(witness::compare(bytes, reached).err().map(|error| error.message().to_owned()));
    Ok(Found { state, log_bytes, missing })
}

/// The newest catalog that can be read, be it a copy.
fn newest_catalog(
    bytes: &dyn OrderedBytes,
    files: &dyn SegmentFiles,
    missing: &mut Vec<String>,
) -> Result<Catalog> {
    let mut note = |error: &Error| missing.push(error.message().to_owned());
    let own = Catalog::read(bytes).unwrap_or_else(|error| {
        note(&error);
        None
    });
    let names = files.list()?;
    let mut newest = own.unwrap_or_default();
    for name in names.iter().filter(|name| catalog::copy_generation(name).is_some()) {
        match Catalog::read_copy(files, name) {
            Ok(copy) if copy.generation > newest.generation => newest = copy,
            Ok(_) => {}
            Err(error) => note(&error),
        }
    }
    Ok(newest)
}
