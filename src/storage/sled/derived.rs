//! What sled keeps beside its log and could do without.
//!
//! sled 0.34 refuses a store for a file that it could make again: its newest snapshot, even where that was never finished, and
//! its own settings. A kill, a full disk or a failed write while it opens leaves such files behind. [`prepare`] sees to
//! them before sled does; it must not run while sled has the folder open, and it changes nothing in the log.
//!
//! - **Snapshots** (`snap.` and a position in the log) say which page lies where, and spare sled to read the log before that
//!   position. All but the newest that can be trusted are deleted, because the log has all that they hold, and because
//!   deleting needs no room on a full disk. One that can be trusted stays: with it sled notices damage of the log
//!   that it takes for a torn end without it.
//! - **Settings** (`conf`) are the same in every store. Any others are written anew.
//! - **Large values** (`blobs`) are none here, but sled lists the folder and stumbles over what it did not make.
//! - What sled did not make gets a name that sled does not look at.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::io;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Error;
use crate::error::Result;
use crate::storage::folder::sync_folder;
use crate::storage::refused::failed;

use super::FILE;
use super::log;
use super::log::Reach;

/// sled's settings: those of this project, in sled's words and with its checksum.
const CONF: &str = "conf";
const SETTINGS: &[u8] = b"segment_size: 524288\nuse_compression: false\nversion: 0.34\n";
/// What the settings are called until they are durable.
const CONF_NEW: &str = "conf.new";

/// What the name of each snapshot begins with, for sled as well.
const SNAPSHOT: &str = "snap.";
/// What the name of a snapshot ends with until it is whole.
const UNFINISHED: &str = ".generating";
/// The length of its content and a checksum, at the end of a snapshot.
const TRAILER: usize = 12;

/// The folder of values that sled keeps in files of their own.
const BLOBS: &str = "blobs";

/// What the name of a stranger begins with.
const STRANGER: &str = "not-of-sled.";

/// Makes the folder one that sled opens, if its log is whole.
pub(super) fn prepare(folder: &Path) -> Result<()> {
    let mut snapshots = Vec::new();
    for name in names(folder)? {
        if name.to_string_lossy().starts_with(SNAPSHOT) {
            snapshots.push(name);
        }
    }
    // A new folder gets its settings from sled, which writes them before its log, and they become durable with the first
    // commit.
    if exists(&folder.join(FILE))? || exists(&folder.join(CONF))? {
        settings(folder)?;
    }
    let mut changed = blobs(folder)?;
    changed |= keep_newest(folder, snapshots)?;
    if changed { sync_folder(folder) } else { Ok(()) }
}

/// The names in a folder.
fn names(folder: &Path) -> Result<Vec<OsString>> {
    let unreadable = |error| failed("read", folder, error);
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    entries.map(|entry| Ok(entry.map_err(unreadable)?.file_name())).collect()
}

/// Writes the settings where they are missing or others.
fn settings(folder: &Path) -> Result<()> {
    let path = folder.join(CONF);
    let mut wanted = SETTINGS.to_vec();
    wanted.extend_from_slice(&crc32fast::hash(SETTINGS).to_le_bytes());
    let new = folder.join(CONF_NEW);
    // One that cannot be read may be written all the same.
    if is_file(&path)? && fs::read(&path).is_ok_and(|found| found == wanted) {
        return if is_file(&new)? { remove(&new) } else { Ok(()) };
    }
    for name in [CONF, CONF_NEW] {
        if exists(&folder.join(name))? && !is_file(&folder.join(name))? {
            set_aside(folder, OsStr::new(name))?;
        }
    }
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(&wanted)?;
        file.sync_all()
    });
    written.map_err(|error| failed("write", &new, error))?;
    fs::rename(&new, &path).map_err(|error| failed("rename", &new, error))?;
    sync_folder(folder)
}

/// Takes what sled did not make out of its folder of values. Says whether there was any.
fn blobs(folder: &Path) -> Result<bool> {
    let path = folder.join(BLOBS);
    if !exists(&path)? {
        return Ok(false);
    }
    if !path.is_dir() {
        set_aside(folder, OsStr::new(BLOBS))?;
        return Ok(true);
    }
    let mut found = false;
    for name in names(&path)? {
        let own = name.to_str().is_some_and(|name| name.parse::<i64>().is_ok());
        if !own || !is_file(&path.join(&name))? {
            set_aside_as(&path.join(&name), folder, &name)?;
            found = true;
        }
    }
    Ok(found)
}

/// Deletes all snapshots but the newest that can be trusted. Says whether there was another.
fn keep_newest(folder: &Path, names: Vec<OsString>) -> Result<bool> {
    let mut newest: Option<(Snapshot, PathBuf)> = None;
    let mut changed = false;
    for name in names {
        let path = folder.join(&name);
        let word = name.to_string_lossy();
        let number = word.strip_prefix(SNAPSHOT).unwrap_or_default();
        let hex = number.strip_suffix(UNFINISHED).unwrap_or(number);
        let is_own = hex.len() == 16 && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
        if !is_own || !is_file(&path)? {
            set_aside(folder, &name)?;
            changed = true;
            continue;
        }
        let snapshot = Snapshot::read(&path)?
            .filter(|snapshot| number == format!("{:016X}", snapshot.position));
        let later = snapshot.filter(|snapshot| {
            newest.as_ref().is_none_or(|(other, _)| other.position < snapshot.position)
        });
        let obsolete = match later {
            Some(snapshot) => newest.replace((snapshot, path)).map(|(_, path)| path),
            None => Some(path),
        };
        if let Some(path) = obsolete {
            remove(&path)?;
            changed = true;
        }
    }
    if let Some((snapshot, path)) = newest
        && !snapshot.fits(folder)?
    {
        remove(&path)?;
        changed = true;
    }
    Ok(changed)
}

/// The position and the path of the newest snapshot that sled has finished.
pub(super) fn newest(folder: &Path) -> Result<Option<(u64, PathBuf)>> {
    let position = |name: &OsString| {
        let position = name.to_str()?.strip_prefix(SNAPSHOT)?;
        u64::from_str_radix(position, 16).ok()
    };
    let found = names(folder)?.into_iter().filter_map(|name| Some((position(&name)?, name)));
    Ok(found.max().map(|(position, name)| (position, folder.join(name))))
}

/// Deletes all snapshots.
pub(super) fn forget(folder: &Path) -> Result<()> {
    let names = names(folder)?.into_iter();
    names
        .filter(|name| name.to_string_lossy().starts_with(SNAPSHOT))
        .try_for_each(|name| remove(&folder.join(name)))
}

/// What must be known of a snapshot to trust it.
#[derive(Debug, Clone, Copy)]
struct Snapshot {
    /// The position in the log up to which it holds all there is.
    position: u64,
    /// Where in the file the segment begins that holds the position, if it was begun.
    active: Option<u64>,
}

impl Snapshot {
    /// The snapshot in a file; nothing where it is not whole, or lies on a bad block.
    fn read(path: &Path) -> Result<Option<Self>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Self::decode(&bytes)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                Err(failed("read", path, error))
            }
            Err(_) => Ok(None),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, trailer) = bytes.split_at_checked(bytes.len().checked_sub(TRAILER)?)?;
        let (length, checksum) = trailer.split_first_chunk::<8>()?;
        let whole = u64::from_le_bytes(*length) == content.len() as u64
            && crc32fast::hash(content).to_le_bytes() == checksum;
        // Both are one more than they are, so that zero is nothing.
        let (position, mut rest) = content.split_first_chunk::<8>()?;
        let position = u64::from_le_bytes(*position).checked_sub(1)?;
        let active = log::varint(&mut rest)?.checked_sub(1);
        (whole && i64::try_from(position).is_ok()).then_some(Self { position, active })
    }

    /// Whether the log reaches as far as the snapshot, which else is of another log or of one that a power cut has shortened.
    fn fits(&self, folder: &Path) -> Result<bool> {
        let path = folder.join(FILE);
        // There is a snapshot of no log but one that was begun.
        if !super::has_log(folder)? {
            return Err(damaged(format!("its log `{}` is missing or empty", path.display())));
        }
        let mut log = File::open(&path).map_err(|error| failed("open", &path, error))?;
        let reach = log::reach(&mut log, self.position, self.active);
        match reach.map_err(|error| failed("read", &path, error))? {
            Reach::Through => Ok(true),
            Reach::Short => Ok(false),
            Reach::Damaged(at) => {
                Err(damaged(format!("what lies in `{}` at byte {at} is no record", path.display())))
            }
        }
    }
}

fn damaged(what: String) -> Error {
    Error::corruption(format!("the store is damaged: {what}"))
        .help("Restore the store from a backup.")
}

/// Gives what sled did not make a name that sled does not look at.
fn set_aside(folder: &Path, name: &OsStr) -> Result<()> {
    set_aside_as(&folder.join(name), folder, name)
}

fn set_aside_as(path: &Path, folder: &Path, name: &OsStr) -> Result<()> {
    let mut free = OsString::from(STRANGER);
    free.push(name);
    while exists(&folder.join(&free))? {
        free.push("~");
    }
    fs::rename(path, folder.join(free)).map_err(|error| failed("rename", path, error))
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).map_err(|error| failed("delete", path, error))
}

/// Whether there is something at a path, even a link to nowhere.
fn exists(path: &Path) -> Result<bool> {
    Ok(kind(path)?.is_some())
}

fn is_file(path: &Path) -> Result<bool> {
    Ok(kind(path)?.is_some_and(|kind| kind.is_file()))
}

fn kind(path: &Path) -> Result<Option<fs::FileType>> {
    let absent = |error: &io::Error| error.kind() == ErrorKind::NotFound;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found.file_type())),
        Err(error) if absent(&error) => Ok(None),
        Err(error) => Err(failed("find", path, error)),
    }
}
