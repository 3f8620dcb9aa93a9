//! Segment files as the files of a folder.
//!
//! Owns file names, positional reads and the syncing of folders. A file is written under a temporary name,
//! synced, renamed and its folder synced: under its own name it is whole or not there. Temporary names begin
//! with a dot, which no segment's name does; what a crash left of them goes when the folder is opened.

use std::fs;
use std::fs::File;
use std::io;
use std::io::BufWriter;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::error::Error;
use crate::error::Result;
use crate::storage::ScratchFile;
use crate::storage::SegmentFiles;
use crate::storage::SegmentReader;
use crate::storage::SegmentWriter;
use crate::storage::check_name;
use crate::storage::check_range;
use crate::storage::refused::failed;
use crate::storage::refused::read_only;

/// How much is collected before it goes to the operating system, in bytes.
const BUFFER: usize = 256 * 1024;

/// Segment files in one folder.
#[derive(Debug)]
pub struct FolderFiles {
    folder: PathBuf,
    read_only: bool,
    /// Tells apart the temporary names of files that are written at the same time.
    next: AtomicU64,
}

impl FolderFiles {
    /// Opens a folder, makes it where it is missing and deletes what was never finished.
    ///
    /// One process may have it open; whoever opens the store sees to that.
    pub fn open(folder: &Path) -> Result<Self> {
        make_folder(folder)?;
        for entry in fs::read_dir(folder).map_err(|error| failed("read", folder, error))? {
            let entry = entry.map_err(|error| failed("read", folder, error))?;
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(".new")) {
                fs::remove_file(entry.path())
                    .map_err(|error| failed("delete", &entry.path(), error))?;
            }
        }
        Ok(Self { folder: folder.to_owned(), read_only: false, next: AtomicU64::new(0) })
    }

    /// The finished files of a folder, for whoever only reads: nothing is made or deleted.
    pub(crate) fn for_reading(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), read_only: true, next: AtomicU64::new(0) }
    }

    fn check_writable(&self) -> Result<()> {
        if self.read_only { Err(read_only()) } else { Ok(()) }
    }
}

impl SegmentFiles for FolderFiles {
    fn create(&self, name: &str) -> Result<Box<dyn SegmentWriter>> {
        self.check_writable()?;
        check_name(name)?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let temporary = self.folder.join(format!(".{name}.{number}.new"));
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .map_err(|error| failed("create", &temporary, error))?;
        Ok(Box::new(FolderWriter {
            file: BufWriter::with_capacity(BUFFER, file),
            folder: self.folder.clone(),
            target: self.folder.join(name),
            temporary,
            length: 0,
            finished: false,
        }))
    }

    fn open(&self, name: &str) -> Result<Arc<dyn SegmentReader>> {
        check_name(name)?;
        let path = self.folder.join(name);
        let file = File::open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                Error::corruption(format!("the segment file `{}` is missing", path.display()))
                    .help("Restore the file from a backup of the store.")
                    .caused_by(error)
            }
            _ => failed("open", &path, error),
        })?;
        let length = file.metadata().map_err(|error| failed("read", &path, error))?.len();
        Ok(Arc::new(FolderReader { file: Positional::new(file), path, length }))
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.check_writable()?;
        check_name(name)?;
        let path = self.folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed("delete", &path, error))
            }
            _ => Ok(()),
        }
    }

    fn list(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in
            fs::read_dir(&self.folder).map_err(|error| failed("read", &self.folder, error))?
        {
            let entry = entry.map_err(|error| failed("read", &self.folder, error))?;
            // What is none of ours is neither named nor touched.
            if let Some(name) = entry.file_name().to_str()
                && check_name(name).is_ok()
            {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn scratch(&self) -> Result<Option<Box<dyn ScratchFile>>> {
        self.check_writable()?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // The name of an unfinished file, so that the next opening deletes it.
        let path = self.folder.join(format!(".scratch.{number}.new"));
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(|error| failed("create", &path, error))?;
        Ok(Some(Box::new(FolderScratch { file: Positional::new(file), path, length: 0 })))
    }
}

#[derive(Debug)]
struct FolderScratch {
    file: Positional,
    path: PathBuf,
    length: u64,
}

impl ScratchFile for FolderScratch {
    fn append(&mut self, bytes: &[u8]) -> Result<u64> {
        let offset = self.length;
        self.file
            .write_all_at(bytes, offset)
            .map_err(|error| failed("write", &self.path, error))?;
        self.length += bytes.len() as u64;
        Ok(offset)
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        check_range(self.length, offset, buffer.len())?;
        self.file.read_exact_at(buffer, offset).map_err(|error| failed("read", &self.path, error))
    }
}

impl Drop for FolderScratch {
    fn drop(&mut self) {
        // The next opening of the folder tries again.
        let _ = fs::remove_file(&self.path);
    }
}

#[derive(Debug)]
struct FolderWriter {
    file: BufWriter<File>,
    folder: PathBuf,
    temporary: PathBuf,
    target: PathBuf,
    length: u64,
    finished: bool,
}

impl SegmentWriter for FolderWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| failed("write", &self.temporary, error))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64> {
        self.file.flush().map_err(|error| failed("write", &self.temporary, error))?;
        self.file.get_ref().sync_all().map_err(|error| failed("sync", &self.temporary, error))?;
        fs::rename(&self.temporary, &self.target)
            .map_err(|error| failed("rename", &self.temporary, error))?;
        self.finished = true;
        sync_folder(&self.folder)?;
        Ok(self.length)
    }
}

impl Drop for FolderWriter {
    fn drop(&mut self) {
        if !self.finished {
            // The next opening of the folder tries again.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

#[derive(Debug)]
struct FolderReader {
    file: Positional,
    path: PathBuf,
    length: u64,
}

impl SegmentReader for FolderReader {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        check_range(self.length, offset, buffer.len())?;
        self.file.read_exact_at(buffer, offset).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => {
                Error::corruption(format!("the segment file `{}` was cut off", self.path.display()))
                    .caused_by(error)
            }
            _ => failed("read", &self.path, error),
        })
    }
}

/// A file that is used by position, by several threads at once.
#[cfg(unix)]
#[derive(Debug)]
struct Positional(File);

#[cfg(unix)]
impl Positional {
    fn new(file: File) -> Self {
        Self(file)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.0, bytes, offset)
    }
}

/// A file that is used by position, by one thread after the other.
#[cfg(not(unix))]
#[derive(Debug)]
struct Positional(std::sync::Mutex<File>);

#[cfg(not(unix))]
impl Positional {
    fn new(file: File) -> Self {
        Self(std::sync::Mutex::new(file))
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        use std::io::Read;
        use std::io::Seek;
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(io::SeekFrom::Start(offset))?;
        file.read_exact(buffer)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        use std::io::Seek;
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(io::SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }
}

/// Makes a folder and those above it where they are missing, and makes their names durable.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let missing = folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty());
    let missing: Vec<&Path> = missing.take_while(|folder| !folder.is_dir()).collect();
    fs::create_dir_all(folder).map_err(|error| failed("create the folder", folder, error))?;
    sync_folder(folder)?;
    missing.into_iter().try_for_each(sync_parent)
}

/// Makes durable which files a folder holds.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|file| file.sync_all())
        .map_err(|error| failed("sync", folder, error))
}

/// Elsewhere a folder cannot be opened as a file; the file system keeps its own order there.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Path) -> Result<()> {
    Ok(())
}

/// Makes durable that a folder is there.
pub(crate) fn sync_parent(folder: &Path) -> Result<()> {
    match folder.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}

/// Deletes a folder with everything in it, if it is there.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(failed("delete the folder", folder, error))
        }
        _ => Ok(()),
    }
}

/// Gives a folder another name, durably. An empty folder of that name is replaced.
pub(crate) fn rename_folder(from: &Path, to: &Path) -> Result<()> {
    // A rename onto an empty folder is refused on some systems.
    let _ = fs::remove_dir(to);
    fs::rename(from, to).map_err(|error| failed("rename", from, error))?;
    sync_parent(to)
}
