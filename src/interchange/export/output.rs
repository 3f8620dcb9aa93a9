//! Files that are being written: in blocks, compressed or not, each file open only while a block goes out. So there
//! may be more of them at a time than a process may have open.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Result;
use crate::interchange::input;

/// How files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip, as `.gz`.
    Gzip,
    /// Zstandard, as `.zst`.
    Zstandard,
}

impl Compression {
    /// Every one there is.
    pub const ALL: [Self; 2] = [Self::Gzip, Self::Zstandard];

    /// The one that files of this extension, `gz` or `zst`, are compressed by.
    pub fn by_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.extension().eq_ignore_ascii_case(extension))
    }

    /// The extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Gzip => "gz",
            Self::Zstandard => "zst",
        }
    }

    /// What the name of a file tells.
    pub(super) fn of(path: &Path) -> Option<Self> {
        path.extension().and_then(|extension| Self::by_extension(extension.to_str()?))
    }

    /// The bytes by themselves: what is compressed block by block is one file all the same, in both formats.
    fn compress(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let level = flate2::Compression::default();
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes)?;
                encoder.finish()
            }
            Self::Zstandard => {
                let level = ruzstd::encoding::CompressionLevel::Fastest;
                Ok(ruzstd::encoding::compress_to_vec(bytes, level))
            }
        }
    }
}

/// Bytes as they go into a file, compressed where it is.
#[derive(Debug)]
pub(in crate::interchange) struct Packed {
    bytes: Vec<u8>,
    /// Whether they still have to be compressed, or stand in the file as they are.
    loose: bool,
}

/// Makes bytes ready for a file, on any thread.
#[derive(Debug, Clone)]
pub(in crate::interchange) struct Packer {
    compression: Option<Compression>,
    shown: Arc<Path>,
}

/// From how many bytes on they are worth a piece of compressed data of their own.
const WORTH: usize = 1 << 16;

impl Packer {
    pub(in crate::interchange) fn pack(&self, bytes: Vec<u8>) -> Result<Packed> {
        match self.compression {
            Some(compression) if !bytes.is_empty() => {
                let packed = compression.compress(&bytes);
                let bytes = packed.map_err(|error| input::failed("write", &self.shown, error))?;
                Ok(Packed { bytes, loose: false })
            }
            _ => Ok(Packed { bytes, loose: true }),
        }
    }

    /// Leaves a few bytes to be compressed with others.
    pub(in crate::interchange) fn pack_if_large(&self, bytes: Vec<u8>) -> Result<Packed> {
        if bytes.len() >= WORTH { self.pack(bytes) } else { Ok(Packed { bytes, loose: true }) }
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(in crate::interchange) struct Output {
    path: PathBuf,
    /// The name that errors call it by.
    shown: Arc<Path>,
    compression: Option<Compression>,
    /// How much is gathered before it is written, in bytes.
    block: usize,
    pending: Vec<u8>,
    begun: bool,
}

/// How much one file gathers, in bytes.
pub(super) const BLOCK: usize = 1 << 18;

impl Output {
    /// Makes the file, which is not there yet.
    pub(super) fn create(
        path: PathBuf,
        shown: &Path,
        compression: Option<Compression>,
        block: usize,
    ) -> Result<Self> {
        File::create_new(&path).map_err(|error| input::failed("write", shown, error))?;
        let shown = shown.into();
        Ok(Self { path, shown, compression, block, pending: Vec::new(), begun: false })
    }

    /// Gives what `write` writes to the file.
    pub(in crate::interchange) fn write(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> Result<()> {
        let written = write(&mut self.pending).and_then(|()| self.spill());
        written.map_err(|error| self.failed(error))
    }

    /// What makes bytes ready for this file.
    pub(in crate::interchange) fn packer(&self) -> Packer {
        Packer { compression: self.compression, shown: self.shown.clone() }
    }

    /// Appends what its packer has made.
    pub(in crate::interchange) fn write_packed(&mut self, packed: &Packed) -> Result<()> {
        if packed.loose {
            return self.write(|to| to.write_all(&packed.bytes));
        }
        let write = |out: &mut Self| {
            let mut file = if out.pending.is_empty() { out.open()? } else { out.write_block()? };
            out.begun = true;
            file.write_all(&packed.bytes)
        };
        write(self).map_err(|error| self.failed(error))
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().append(true).open(&self.path)
    }

    /// The name that errors call it by.
    pub(in crate::interchange) fn shown(&self) -> &Path {
        &self.shown
    }

    pub(in crate::interchange) fn failed(&self, error: io::Error) -> crate::error::Error {
        input::failed("write", self.shown(), error)
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.pending.len() < self.block {
            return Ok(());
        }
        self.write_block().map(|_| ())
    }

    fn write_block(&mut self) -> io::Result<File> {
        let mut file = self.open()?;
        match self.compression {
            // Without a block, even of nothing, it would be no file of its format.
            Some(compression) if !self.begun || !self.pending.is_empty() => {
                file.write_all(&compression.compress(&self.pending)?)?;
            }
            _ => file.write_all(&self.pending)?,
        }
        self.begun = true;
        self.pending.clear();
        Ok(file)
    }

    /// Writes what is left; then all of it is on disk.
    pub(in crate::interchange) fn end(mut self) -> Result<()> {
        let written = self.write_block().and_then(|file| file.sync_all());
        written.map_err(|error| self.failed(error))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        self.spill()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
