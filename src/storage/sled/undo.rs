//! What sled destroys where it cannot read its log while it opens, and how that is undone.
//!
//! sled 0.34 takes a read that fails for the end of its log. It opens without what follows, and writes over it. So the log is
//! kept in memory until sled has opened and is seen to have found all that is there; else it is put back as it was.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use crate::error::Result;
use crate::storage::refused::failed;

use super::FILE;
use super::derived;
use super::log;

/// The longest log that is kept in memory, in bytes. A longer one is read to its end before, which finds what can never
/// be read, but not what fails once.
const LONGEST: u64 = 16 << 20;

/// A log as it was before sled opened it.
pub(super) struct Undo {
    log: PathBuf,
    content: Vec<u8>,
    /// The snapshot that sled finds.
    snapshot: Option<(PathBuf, Vec<u8>)>,
    found: log::Found,
}

impl Undo {
    /// Keeps the log of a folder; nothing where there is none, or where it is too long.
    pub(super) fn keep(folder: &Path) -> Result<Option<Self>> {
        let log = folder.join(FILE);
        let unreadable = |error| failed("read", &log, error);
        let mut file = match File::open(&log) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let length = file.metadata().map_err(unreadable)?.len();
        if length > LONGEST {
            // For what can never be read.
            let mut block = vec![0; log::SEGMENT as usize];
            while read(&mut file, &mut block).map_err(unreadable)? > 0 {}
            return Ok(None);
        }
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(unreadable)?;
        let snapshot = derived::newest(folder)?;
        let from = snapshot.as_ref().map_or(0, |(position, _)| *position);
        let snapshot = match snapshot {
            Some((_, path)) => {
                Some((path.clone(), fs::read(&path).map_err(|e| failed("read", &path, e))?))
            }
            None => None,
        };
        let found = log::find(&content, from);
        Ok(Some(Self { log, content, snapshot, found }))
    }

    /// Whether sled, which has opened, has found less than there was.
    pub(super) fn is_needed(&self, folder: &Path) -> Result<bool> {
        let Some(end) = self.found.end else { return Ok(false) };
        if derived::newest(folder)?.is_none_or(|(position, _)| position < end) {
            return Ok(true);
        }
        let mut file = File::open(&self.log).map_err(|error| failed("open", &self.log, error))?;
        let begins = log::segments(&mut file).map_err(|error| failed("read", &self.log, error))?;
        let begin_at = |at: usize| begins.get(at / log::SEGMENT as usize).copied().flatten();
        Ok(self.found.live.iter().any(|(at, begin)| begin_at(*at) != Some(*begin)))
    }

    /// Puts the log back as it was, durably. sled must not have it open.
    pub(super) fn put_back(&self, folder: &Path) -> Result<()> {
        let file = File::options().read(true).write(true).open(&self.log);
        let put_back = file.and_then(|mut file| {
            // A thread of sled may be at work for a moment.
            for _ in 0..super::LOCK_TRIES {
                if file.try_lock().is_ok() {
                    break;
                }
                thread::sleep(Duration::from_millis(10));
            }
            self.put_back_in(&mut file)
        });
        put_back.map_err(|error| failed("write", &self.log, error))?;
        derived::forget(folder)?;
        if let Some((path, content)) = &self.snapshot {
            fs::write(path, content).map_err(|error| failed("write", path, error))?;
        }
        Ok(())
    }

    /// Writes only what is another, which needs no room.
    fn put_back_in(&self, file: &mut File) -> io::Result<()> {
        let mut found = vec![0; log::SEGMENT as usize];
        for (number, block) in self.content.chunks(log::SEGMENT as usize).enumerate() {
            let at = SeekFrom::Start(number as u64 * log::SEGMENT);
            file.seek(at)?;
            let length = read(file, &mut found)?;
            if found.get(..length) != Some(block) {
                file.seek(at)?;
                file.write_all(block)?;
            }
        }
        file.set_len(self.content.len() as u64)?;
        file.sync_all()
    }
}

/// Fills as much of a buffer as there is.
fn read(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
