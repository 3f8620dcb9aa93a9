//! The engine that keeps everything in memory: a sorted map and whole files as byte vectors.
//!
//! Owns nothing on disk. Clones share the same store, so that a test can "reopen" it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage::Batch;
use crate::storage::Opened;
use crate::storage::OrderedBytes;
use crate::storage::SegmentFiles;
use crate::storage::SegmentReader;
use crate::storage::SegmentWriter;
use crate::storage::Visit;
use crate::storage::check_name;
use crate::storage::check_range;

/// The engine's name.
pub const NAME: &str = "memory";

/// A new, empty store.
pub fn open() -> Opened {
    let (bytes, segments) = (Arc::new(MemoryBytes::default()), Arc::new(MemoryFiles::default()));
    Opened { bytes, segments, id: None }
}

/// Keys and values in memory.
#[derive(Clone, Default)]
pub struct MemoryBytes {
    map: Arc<RwLock<BTreeMap<Vec<u8>, Vec<u8>>>>,
}

impl fmt::Debug for MemoryBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBytes").finish_non_exhaustive()
    }
}

impl MemoryBytes {
    /// A store with that content.
    pub fn with(content: BTreeMap<Vec<u8>, Vec<u8>>) -> Self {
        Self { map: Arc::new(RwLock::new(content)) }
    }

    /// A copy of all there is.
    pub fn content(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.map.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Carries out the changes of `batch` on `map`.
pub(crate) fn apply_to(map: &mut BTreeMap<Vec<u8>, Vec<u8>>, batch: &Batch) {
    for (key, value) in batch.changes() {
        match value {
            Some(value) => map.insert(key.clone(), value.clone()),
            None => map.remove(key),
        };
    }
}

impl OrderedBytes for MemoryBytes {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.map.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        // An empty range, which the map would take for a defect of its caller.
        if until.is_some_and(|until| until <= from) {
            return Ok(());
        }
        let end = until.map_or(Bound::Unbounded, Bound::Excluded);
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in map.range::<[u8], _>((Bound::Included(from), end)) {
            if !visit(key, value)? {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, batch: Batch) -> Result<()> {
        batch.check()?;
        apply_to(&mut self.map.write().unwrap_or_else(PoisonError::into_inner), &batch);
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }

    fn reopen(&self) -> Result<()> {
        Ok(())
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn size_on_disk(&self) -> Result<u64> {
        let map = self.map.read().unwrap_or_else(PoisonError::into_inner);
        Ok(map.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum())
    }
}

type Files = Arc<RwLock<BTreeMap<String, Arc<[u8]>>>>;

/// Segment files in memory.
#[derive(Clone, Default)]
pub struct MemoryFiles {
    files: Files,
}

impl fmt::Debug for MemoryFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryFiles").finish_non_exhaustive()
    }
}

impl MemoryFiles {
    /// Files with those names and contents.
    pub fn with(files: BTreeMap<String, Arc<[u8]>>) -> Self {
        Self { files: Arc::new(RwLock::new(files)) }
    }

    /// A copy of all there is; the contents are shared.
    pub fn content(&self) -> BTreeMap<String, Arc<[u8]>> {
        self.files.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl SegmentFiles for MemoryFiles {
    fn create(&self, name: &str) -> Result<Box<dyn SegmentWriter>> {
        check_name(name)?;
        Ok(Box::new(MemoryWriter {
            files: self.files.clone(),
            name: name.to_owned(),
            bytes: Vec::new(),
        }))
    }

    fn open(&self, name: &str) -> Result<Arc<dyn SegmentReader>> {
        check_name(name)?;
        match self.files.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            Some(bytes) => Ok(Arc::new(MemoryReader { bytes: bytes.clone() })),
            None => Err(Error::corruption(format!("the segment file `{name}` is missing"))),
        }
    }

    fn delete(&self, name: &str) -> Result<()> {
        check_name(name)?;
        self.files.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }

    fn list(&self) -> Result<Vec<String>> {
        Ok(self.files.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect())
    }
}

struct MemoryWriter {
    files: Files,
    name: String,
    bytes: Vec<u8>,
}

impl fmt::Debug for MemoryWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryWriter").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SegmentWriter for MemoryWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes.try_reserve(bytes.len()).map_err(|error| {
            Error::storage(
                Detail::InputOutput,
                format!("no memory left for the segment file `{}`", self.name),
            )
            .caused_by(error)
        })?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<u64> {
        let length = self.bytes.len() as u64;
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        files.insert(self.name, self.bytes.into());
        Ok(length)
    }
}

struct MemoryReader {
    bytes: Arc<[u8]>,
}

impl fmt::Debug for MemoryReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReader").field("len", &self.bytes.len()).finish()
    }
}

impl SegmentReader for MemoryReader {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        check_range(self.len(), offset, buffer.len())?;
        let found = usize::try_from(offset)
            .ok()
            .and_then(|start| self.bytes.get(start..))
            .and_then(|rest| rest.get(..buffer.len()))
            .ok_or_else(|| Error::internal("a checked range is not within its segment file"))?;
        buffer.copy_from_slice(found);
        Ok(())
    }
}
