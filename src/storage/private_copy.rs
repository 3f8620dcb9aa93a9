//! A private copy of an engine's files, for whoever must not touch the store's own.
//!
//! Owns where the copy lies and how it goes. It may not know what the files hold.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::error::Result;
use crate::storage::Engine;
use crate::storage::folder::remove_folder;
use crate::storage::recognise::records_of;
use crate::storage::refused::failed;

/// The folder within the store that holds a copy: on the same disk, where some file systems copy without writing.
const FOLDER: &str = "copy";

/// Tells apart the copies of one process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder like a store's, with the files of its engine alone. It goes when it is dropped.
#[derive(Debug)]
pub(crate) struct PrivateCopy(PathBuf);

impl PrivateCopy {
    /// Deletes what a crash has left of a copy. The caller holds the store's lock.
    pub(crate) fn clear(store: &Path) -> Result<()> {
        remove_folder(&store.join(FOLDER))
    }

    /// Copies what the engine has of its own in a store.
    pub(crate) fn new(store: &Path, engine: &Engine) -> Result<Self> {
        let within = Self(store.join(FOLDER));
        let first = match within.fill(store, engine) {
            Ok(()) => return Ok(within),
            Err(error) => error,
        };
        // Dropped before it is tried elsewhere: the store's disk may be full.
        drop(within);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("redstring-{}-{number}", process::id());
        let elsewhere = Self(std::env::temp_dir().join(name));
        elsewhere.fill(store, engine).map_err(|_| first)?;
        Ok(elsewhere)
    }

    fn fill(&self, store: &Path, engine: &Engine) -> Result<()> {
        make_private(&self.0)?;
        match records_of(store, engine) {
            Some(from) => copy_folder(&from, &self.0.join(engine.folder)),
            None => Ok(()),
        }
    }

    /// The folder that stands for the store's.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        // The next opening of the store tries again.
        let _ = remove_folder(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    make_private(to)?;
    for entry in fs::read_dir(from).map_err(|error| failed("read", from, error))? {
        let from = entry.map_err(|error| failed("read", from, error))?.path();
        let to = to.join(from.file_name().unwrap_or_default());
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to).map_err(|error| failed("copy", &from, error))?;
        }
    }
    Ok(())
}

/// Makes a folder that nobody else can look into.
fn make_private(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| failed("create the folder", folder, error))
}
