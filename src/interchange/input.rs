//! Files as streams of bytes, compressed or not.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

/// The error of a file that cannot be used.
pub(super) fn failed(verb: &str, path: &Path, error: io::Error) -> Error {
    Error::usage(Detail::InvalidFile, format!("cannot {verb} `{}`: {error}", path.display()))
        .caused_by(error)
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

/// A file's content, decompressed where it begins as gzip or Zstandard does, whatever its name.
pub(super) struct Input {
    reader: Box<dyn Read + Send>,
}

/// Zstandard, whose files may be of several frames.
struct Frames<R: Read> {
    /// What is behind the frame, while none is being read.
    source: Option<BufReader<R>>,
    frame: Option<StreamingDecoder<BufReader<R>, FrameDecoder>>,
}

impl<R: Read> Frames<R> {
    /// Begins the next frame that holds data; nothing at the end.
    fn begin(&mut self) -> io::Result<Option<&mut StreamingDecoder<BufReader<R>, FrameDecoder>>> {
        let Some(mut source) = self.source.take() else { return Ok(self.frame.as_mut()) };
        loop {
            let begin = source.fill_buf()?;
            let [first, ..] = begin else { return Ok(None) };
            if first & 0xf0 != 0x50 {
                break;
            }
            let mut header = [0; 8];
            source.read_exact(&mut header)?;
            let [a, b, c, d, length @ ..] = header;
            if !is_skippable(&[a, b, c, d]) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "no Zstandard frame"));
            }
            let length = u64::from(u32::from_le_bytes(length));
            if io::copy(&mut (&mut source).take(length), &mut io::sink())? != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let frame = StreamingDecoder::new(source).map_err(io::Error::other)?;
        Ok(Some(self.frame.insert(frame)))
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frame) = self.begin()? else { return Ok(0) };
            let count = frame.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.source = self.frame.take().map(StreamingDecoder::into_inner);
        }
    }
}

/// Whether a frame begins so that holds no data.
fn is_skippable(begin: &[u8]) -> bool {
    matches!(begin, [a, rest @ ..] if a & 0xf0 == 0x50 && rest.starts_with(&[0x2a, 0x4d, 0x18]))
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTANDARD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

impl Input {
    /// Opens a file. What is read of it is added to `count`.
    pub(super) fn open(path: &Path, count: &Arc<AtomicU64>) -> Result<Self> {
        let mut file = File::open(path).map_err(|error| failed("read", path, error))?;
        let mut begin = Vec::new();
        (&mut file).take(4).read_to_end(&mut begin).map_err(|error| failed("read", path, error))?;
        count.fetch_add(begin.len() as u64, Ordering::Relaxed);
        let whole = io::Cursor::new(begin.clone()).chain(Counted { file, count: count.clone() });
        let reader: Box<dyn Read + Send> = if begin.starts_with(&GZIP) {
            Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(1 << 18, whole)))
        } else if begin.starts_with(&ZSTANDARD) || is_skippable(&begin) {
            Box::new(Frames { source: Some(BufReader::with_capacity(1 << 18, whole)), frame: None })
        } else {
            Box::new(whole)
        };
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
