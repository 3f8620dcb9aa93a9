//! An engine whose files are compared with the store's witness before the engine touches them.
//!
//! Where they are as they were left, the engine opens them. Otherwise it opens a private copy: an engine mends what it
//! takes for the trace of a crash, and so destroys what tells of damage. Whoever reads the copy compares what it finds with
//! [`attested`](OrderedBytes::attested), and [`accept`](OrderedBytes::accept)s the store's own files only then. A thread
//! writes the witness, so that no commit waits for it.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use crate::error::Result;
use crate::storage::Batch;
use crate::storage::Engine;
use crate::storage::OrderedBytes;
use crate::storage::Visit;
use crate::storage::poison::closed;
use crate::storage::private_copy::PrivateCopy;
use crate::storage::witness::Progress;
use crate::storage::witness::Witness;
use crate::storage::witness::sum_files;

/// How long a commit stays without its witness at most, but for the write itself.
const PERIOD: Duration = Duration::from_millis(750);

/// Ordered bytes with a witness.
pub(crate) struct WitnessedBytes {
    engine: &'static Engine,
    /// The folder of the store.
    store: PathBuf,
    open: RwLock<Open>,
    scribe: Arc<Scribe>,
    /// Whether a write has failed: how the files are left is not known then.
    failed: AtomicBool,
    /// Held until the last word of the witness.
    _lock: File,
}

/// What is open: nothing while it is exchanged.
struct Open {
    bytes: Option<Box<dyn OrderedBytes>>,
    /// Where the bytes lie, unless they are the store's own.
    copy: Option<PrivateCopy>,
}

impl fmt::Debug for WitnessedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WitnessedBytes").field("store", &self.store).finish_non_exhaustive()
    }
}

impl WitnessedBytes {
    /// Opens the engine's files in a store, or a private copy of them where they are not as they were left.
    pub(crate) fn open(
        engine: &'static Engine,
        store: &Path,
        witness: Witness,
        lock: File,
    ) -> Result<Self> {
        let direct = witness.latest().is_none_or(|latest| {
            latest.progress == Progress::default() || is_as_left(engine, store, &witness)
        });
        Self::opened(engine, store, witness, lock, direct)
    }

    fn opened(
        engine: &'static Engine,
        store: &Path,
        witness: Witness,
        lock: File,
        direct: bool,
    ) -> Result<Self> {
        PrivateCopy::clear(store)?;
        let open = if direct {
            Open { bytes: Some((engine.open_bytes)(store, false)?), copy: None }
        } else {
            let copy = PrivateCopy::within(store, engine)?;
            Open { bytes: Some((engine.open_bytes)(copy.path(), true)?), copy: Some(copy) }
        };
        Ok(Self {
            engine,
            store: store.to_owned(),
            open: RwLock::new(open),
            scribe: Arc::new(Scribe::new(witness)),
            failed: AtomicBool::new(false),
            _lock: lock,
        })
    }

    /// Makes the witness of a store that has none.
    pub(crate) fn begin_witness(&self) -> Result<()> {
        lock(&self.scribe.witness).write(Progress::default(), None)
    }

    fn with<T>(&self, call: impl FnOnce(&dyn OrderedBytes) -> Result<T>) -> Result<T> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        call(&**open.bytes.as_ref().ok_or_else(closed)?)
    }

    /// As [`Self::with`], for what writes: never to a copy.
    fn writing<T>(&self, call: impl FnOnce(&dyn OrderedBytes) -> Result<T>) -> Result<T> {
        self.accept()?;
        let result = self.with(call);
        if result.is_err() {
            self.failed.store(true, Ordering::Release);
        }
        result
    }
}

/// Whether the engine's files are what they were when the store was closed.
pub(crate) fn is_as_left(engine: &Engine, store: &Path, witness: &Witness) -> bool {
    let left = witness.latest().and_then(|latest| latest.closed.as_ref());
    left.is_some_and(|left| sum_files(store, engine.folder).is_ok_and(|files| files == *left))
}

impl OrderedBytes for WitnessedBytes {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.with(|bytes| bytes.get(key))
    }

    fn scan(&self, from: &[u8], until: Option<&[u8]>, visit: &mut Visit<'_>) -> Result<()> {
        self.with(|bytes| bytes.scan(from, until, visit))
    }

    fn apply(&self, batch: Batch) -> Result<()> {
        self.writing(|bytes| bytes.apply(batch))
    }

    fn sync(&self) -> Result<()> {
        self.writing(|bytes| bytes.sync())
    }

    fn compact(&self) -> Result<()> {
        self.writing(|bytes| bytes.compact())
    }

    fn reopen(&self) -> Result<()> {
        self.accept()?;
        self.with(|bytes| bytes.reopen())
    }

    fn attested(&self) -> Option<Progress> {
        self.scribe.attested()
    }

    fn accept(&self) -> Result<()> {
        if self.open.read().unwrap_or_else(PoisonError::into_inner).copy.is_none() {
            return Ok(());
        }
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.copy.is_some() {
            drop(open.bytes.take());
            open.bytes = Some((self.engine.open_bytes)(&self.store, true)?);
            open.copy = None;
        }
        Ok(())
    }

    fn attest(&self, progress: Progress, at_once: bool) {
        self.scribe.attest(progress, at_once);
    }

    fn name(&self) -> &'static str {
        self.engine.name
    }

    fn size_on_disk(&self) -> Result<u64> {
        self.with(|bytes| bytes.size_on_disk())
    }
}

impl Drop for WitnessedBytes {
    fn drop(&mut self) {
        self.scribe.stop();
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Closing writes to the engine's files.
        drop(open.bytes.take());
        if open.copy.take().is_some() || self.failed.load(Ordering::Acquire) {
            return;
        }
        // What cannot be written now is found out at the next opening, from a copy.
        let _ = self.scribe.close(&self.store, self.engine.folder);
    }
}

/// Who writes the witness, and what it has been told.
#[derive(Debug)]
struct Scribe {
    told: Mutex<Told>,
    changed: Condvar,
    witness: Mutex<Witness>,
}

#[derive(Debug, Default)]
struct Told {
    /// How far the store has come since it was opened.
    progress: Option<Progress>,
    /// Whether the witness is behind.
    behind: bool,
    stopping: bool,
    thread: Option<JoinHandle<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Scribe {
    fn new(witness: Witness) -> Self {
        Self {
            told: Mutex::new(Told::default()),
            changed: Condvar::new(),
            witness: Mutex::new(witness),
        }
    }

    fn attested(&self) -> Option<Progress> {
        lock(&self.witness).latest().map(|latest| latest.progress)
    }

    fn attest(self: &Arc<Self>, progress: Progress, at_once: bool) {
        let mut told = lock(&self.told);
        let before = told.progress.or_else(|| self.attested());
        let progress = before.map_or(progress, |before| before.max(progress));
        told.progress = Some(progress);
        if before == Some(progress) {
            return;
        }
        if at_once || before.is_none() {
            drop(told);
            if self.write(progress).is_ok() {
                return;
            }
            told = lock(&self.told);
        }
        if !told.behind {
            told.behind = true;
            self.begin(&mut told);
            self.changed.notify_one();
        }
    }

    fn begin(self: &Arc<Self>, told: &mut Told) {
        if told.thread.is_none() && !told.stopping {
            let scribe = self.clone();
            let thread = thread::Builder::new().name("redstring-witness".into());
            // Without a thread the witness is written at checkpoints and at the end.
            told.thread = thread.spawn(move || scribe.run()).ok();
        }
    }

    /// Writes what was told, as long as the store is open: at most once in a period, and a second time when nothing new comes,
    /// so that both slots say it.
    fn run(&self) {
        let mut told = lock(&self.told);
        loop {
            while !told.behind && !told.stopping {
                told = self.changed.wait(told).unwrap_or_else(PoisonError::into_inner);
            }
            let until = Instant::now() + PERIOD;
            while !told.stopping {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                told = match self.changed.wait_timeout(told, left) {
                    Ok((told, _)) => told,
                    Err(poisoned) => poisoned.into_inner().0,
                };
            }
            if told.stopping {
                return;
            }
            let Some(progress) = told.progress else {
                told.behind = false;
                continue;
            };
            told.behind = false;
            drop(told);
            let written = self.write(progress);
            let doubled = lock(&self.witness).says(progress, None);
            told = lock(&self.told);
            // Commits go on where the witness cannot be written; it is tried again.
            told.behind |= written.is_err() || !doubled;
        }
    }

    fn write(&self, progress: Progress) -> Result<()> {
        let mut witness = lock(&self.witness);
        // Another thread may have been faster, with more.
        let progress = witness.latest().map_or(progress, |latest| latest.progress.max(progress));
        witness.write(progress, None)
    }

    fn stop(&self) {
        let mut told = lock(&self.told);
        told.stopping = true;
        let thread = told.thread.take();
        drop(told);
        self.changed.notify_all();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    /// The last word, once the engine is closed.
    fn close(&self, store: &Path, folder: &str) -> Result<()> {
        let Some(progress) = lock(&self.told).progress else { return Ok(()) };
        let files = sum_files(store, folder)?;
        let mut witness = lock(&self.witness);
        while !witness.says(progress, Some(&files)) {
            witness.write(progress, Some(&files))?;
        }
        Ok(())
    }
}
