//! The files of an import: their text, how much of it was read, and what their names say.

use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::input::text;

/// The error of a file that cannot be used.
pub(super) fn failed(verb: &str, path: &Path, error: io::Error) -> Error {
    Error::usage(Detail::InvalidFile, format!("cannot {verb} `{}`: {error}", path.display()))
        .caused_by(error)
}

/// The longest record there may be, in bytes, whatever the memory: what is longer has lost a quote or a line end.
const LONGEST: u64 = 256 << 20;

/// The longest record that is read with so many bytes of memory: a quarter of them, and a few blocks at least.
pub(super) fn longest_record(memory: u64) -> usize {
    (memory / 4).clamp(8 << 20, LONGEST) as usize
}

/// The error of a record that is longer than that.
pub(super) fn too_long(path: &Path, line: u64, longest: usize) -> Error {
    let message =
        format!("{}:{line}: a record is longer than {} MiB", path.display(), longest >> 20);
    if (longest as u64) < LONGEST {
        let (class, phase) = (ErrorClass::LimitError, Phase::Runtime);
        return Error::new(class, phase, Detail::OutOfMemoryBudget, message)
            .help("Raise the memory limit, unless some quote before there is not closed.");
    }
    Error::usage(Detail::InvalidRow, message).help("Some quote before there is not closed.")
}

/// Bytes of a file, counted as they are read.
struct Counted {
    file: File,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// A file's text, unpacked where it is compressed, whatever its name.
pub(super) struct Input {
    reader: Box<dyn Read + Send>,
}

impl Input {
    /// Opens a file. What is read of it is added to `count`.
    pub(super) fn open(path: &Path, count: &Arc<AtomicU64>) -> Result<Self> {
        let file = File::open(path).map_err(|error| failed("read", path, error))?;
        let reader = text(Counted { file, count: count.clone() });
        let reader = reader.map_err(|error| failed("read", path, error))?;
        Ok(Self { reader })
    }

    /// Appends up to `limit` bytes; fewer mean the end.
    pub(super) fn read_some(&mut self, limit: usize, into: &mut Vec<u8>) -> io::Result<usize> {
        (&mut self.reader).take(limit as u64).read_to_end(into)
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

/// The length of a file in bytes, as it lies on disk; 0 where it cannot be told.
pub(super) fn length(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

/// The extension that says what a file is: that before `.gz` or `.zst`, in lower case.
pub(super) fn extension(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    let name = name.unwrap_or_default();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_string())
}
