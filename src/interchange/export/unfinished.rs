//! What an export writes until it is whole: `NAME.part`, with a note beside it that says so.
//!
//! The note is there before the part is, and its lock is held as long as the export runs: a part whose note nobody
//! holds is left of an export that was killed, and makes place for the next one. Without a note it is somebody
//! else's.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::input;

const NOTE: &str =
    "The file or folder beside this one is what an export by Redstring has written so far.\n";

/// See the module. What was written goes when this does, unless it was given its name.
#[derive(Debug)]
pub(super) struct Unfinished {
    path: PathBuf,
    part: PathBuf,
    note_path: PathBuf,
    /// Whose lock is held.
    _note: File,
}

impl Unfinished {
    /// The place for what is to be `path`, with nothing in it.
    pub(super) fn begin(path: &Path) -> Result<Self> {
        let (part, note_path) = (beside(path, ".part")?, beside(path, ".part.lock")?);
        let failed = |error| input::failed("write", path, error);
        let mut open = OpenOptions::new();
        open.read(true).write(true).create(true).truncate(false);
        let mut note = open.open(&note_path).map_err(failed)?;
        let under_way = || {
            let help = "Wait for it, or name another target.";
            refused(path, "another export into it is under way").help(help)
        };
        let locked = match note.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => return Err(under_way()),
            // Some file systems have no locks. What is left there stays for people to delete.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => false,
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        };
        let mut text = Vec::new();
        (&mut note).take(1 << 10).read_to_end(&mut text).map_err(failed)?;
        let left = text == NOTE.as_bytes();
        if left && !locked {
            let (part, note) = (part.display(), note_path.display());
            let help = format!("If none is, delete `{part}` and `{note}`, and try again.");
            return Err(under_way().help(help));
        }
        if !left && !text.is_empty() {
            return Err(taken(path, &note_path));
        }
        if !left && fs::symlink_metadata(&part).is_ok() {
            // The note was made here, and what it would say is not so.
            let _ = fs::remove_file(&note_path);
            return Err(taken(path, &part));
        }
        let begun = Self { path: path.into(), part, note_path, _note: note };
        remove(&begun.part).map_err(failed)?;
        if !left {
            (&begun._note).write_all(NOTE.as_bytes()).map_err(failed)?;
        }
        Ok(begun)
    }

    /// Where it is written.
    pub(super) fn part(&self) -> &Path {
        &self.part
    }

    /// Gives it its name.
    pub(super) fn finish(self) -> Result<()> {
        let renamed = fs::rename(&self.part, &self.path);
        renamed.map_err(|error| input::failed("write", &self.path, error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After `finish` there is no part. Otherwise it serves nobody, and the error that led here counts.
        if remove(&self.part).is_ok() {
            let _ = fs::remove_file(&self.note_path);
        }
    }
}

fn remove(part: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(part) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(part),
        Ok(_) => fs::remove_file(part),
        Err(error) => Err(error),
    };
    removed
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn beside(path: &Path, suffix: &str) -> Result<PathBuf> {
    let Some(name) = path.file_name() else {
        let message = format!("`{}` is no name of a file or a folder", path.display());
        return Err(Error::usage(Detail::InvalidFile, message));
    };
    let mut name = name.to_owned();
    name.push(suffix);
    Ok(path.with_file_name(name))
}

pub(super) fn refused(path: &Path, why: &str) -> Error {
    Error::usage(Detail::InvalidFile, format!("cannot export into `{}`: {why}", path.display()))
}

/// The error of a file that is in the way and not ours.
fn taken(path: &Path, other: &Path) -> Error {
    let why = format!("`{}` is there, and is not known to be of an export", other.display());
    refused(path, &why).help("Move it away, or name another target.")
}
