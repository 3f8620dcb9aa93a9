//! The records of a store for whoever only reads: nothing in the store's folder is written, created or touched.
//!
//! An engine that can read its files as they are does so; for any other, and where its files are as a crash has left them,
//! a private copy is opened. Several processes may read at once.

use std::fs::File;
use std::path::Path;

use crate::error::Result;
use crate::storage::Batch;
use crate::storage::Engine;
use crate::storage::OrderedBytes;
use crate::storage::Visit;
use crate::storage::private_copy::PrivateCopy;
use crate::storage::refused::read_only;
use crate::storage::witness::Progress;
use crate::storage::witness::Witness;
use crate::storage::witnessed::is_as_left;

/// Ordered bytes that take no writes.
#[derive(Debug)]
pub(crate) struct ReaderBytes {
    // In the order in which they are to be dropped.
    bytes: Box<dyn OrderedBytes>,
    attested: Option<Progress>,
    _copy: Option<PrivateCopy>,
    _lock: Option<File>,
}

impl ReaderBytes {
    /// Opens the records of a store, under the lock of a reader where there is one.
    pub(crate) fn open(
        engine: &Engine,
        store: &Path,
        witness: Option<&Witness>,
        lock: Option<File>,
    ) -> Result<Self> {
        let attested = witness.and_then(Witness::latest).map(|latest| latest.progress);
        // What may be damaged is mended in a copy, as far as it can be.
        let as_left = witness.is_some_and(|witness| is_as_left(engine, store, witness));
        if as_left && let Some(bytes) = (engine.open_in_place)(store)? {
            return Ok(Self { bytes, attested, _copy: None, _lock: lock });
        }
        let copy = PrivateCopy::elsewhere(store, engine)?;
        let bytes = (engine.open_bytes)(copy.path(), !as_left)?;
        Ok(Self { bytes, attested, _copy: Some(copy), _lock: lock })
    }
}

impl OrderedBytes for ReaderBytes {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.bytes.get(key)
    }

    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        self.bytes.scan(from, until, visit)
    }

    fn apply(&self, _batch: Batch) -> Result<()> {
        Err(read_only())
    }

    fn sync(&self) -> Result<()> {
        Err(read_only())
    }

    fn reopen(&self) -> Result<()> {
        Err(read_only())
    }

    fn attested(&self) -> Option<Progress> {
        self.attested
    }

    fn name(&self) -> &'static str {
        self.bytes.name()
    }

    fn size_on_disk(&self) -> Result<u64> {
        self.bytes.size_on_disk()
    }
}
