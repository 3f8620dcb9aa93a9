//! The witness of a store: a file beside the engine's own that says how far the store has come.
//!
//! An engine that has lost the end of its records does not know it. The witness does: it is written after the sync that it
//! attests, never before, and is compared at the next opening before the engine touches its files. Owns the format of the
//! file: two slots in blocks of their own, written in turn, each with a checksum, so that a torn write leaves the other. What
//! the numbers of [`Progress`] count is the caller's affair.

use std::fs;
use std::fs::File;
use std::io;
use std::io::ErrorKind;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Error;
use crate::error::Result;
use crate::storage::folder::sync_folder;
use crate::storage::refused::failed;

/// The name of the file in the store's folder.
pub(crate) const FILE: &str = "witness";

/// The bytes of a slot: one block of any disk.
const SLOT: usize = 4096;
/// The slots of a file.
const SLOTS: u64 = 2;
/// What a slot begins with, and the version of its format.
const MAGIC: [u8; 8] = *b"rswitn01";
/// Bytes read at a time while a file is summed up.
const BUFFER: usize = 1 << 18;

/// How far a store has come, in two numbers that only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Counts what replaces the whole.
    pub generation: u64,
    /// Counts what is added to it.
    pub sequence: u64,
}

impl Progress {
    /// Whether it is at least as far in both.
    pub fn covers(self, other: Self) -> bool {
        self.generation >= other.generation && self.sequence >= other.sequence
    }

    /// The greater of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            generation: self.generation.max(other.generation),
            sequence: self.sequence.max(other.sequence),
        }
    }
}

/// One file of an engine as it was left: its path within the store, length in bytes and checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileSum {
    path: String,
    length: u64,
    checksum: u32,
}

/// Sums up every file below a folder of the store, in the order of their paths.
pub(crate) fn sum_files(store: &Path, folder: &str) -> Result<Vec<FileSum>> {
    let mut found = Vec::new();
    let mut folders = vec![store.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| failed("read", &folder, error))? {
            let path = entry.map_err(|error| failed("read", &folder, error))?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let (length, checksum) = sum(&path).map_err(|error| failed("read", &path, error))?;
            let within = path.strip_prefix(store).unwrap_or(&path);
            found.push(FileSum { path: within.to_string_lossy().into_owned(), length, checksum });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The length and checksum of a file.
fn sum(path: &Path) -> io::Result<(u64, u32)> {
    let mut file = File::open(path)?;
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((length, hasher.finalize())),
            Ok(read) => {
                hasher.update(buffer.get(..read).unwrap_or_default());
                length += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What a slot says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// Counts the writes: of two slots the later one counts.
    number: u64,
    /// The store that it is of.
    store: [u8; 16],
    pub(crate) progress: Progress,
    /// The engine's files as they were when the store was closed; nothing while it is open.
    pub(crate) closed: Option<Vec<FileSum>>,
}

impl Statement {
    /// The slot, if it all has room there.
    fn encode(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(SLOT);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.extend_from_slice(&self.store);
        bytes.extend_from_slice(&self.progress.generation.to_le_bytes());
        bytes.extend_from_slice(&self.progress.sequence.to_le_bytes());
        bytes.push(u8::from(self.closed.is_some()));
        let files = self.closed.as_deref().unwrap_or_default();
        bytes.extend_from_slice(&u16::try_from(files.len()).ok()?.to_le_bytes());
        for file in files {
            bytes.extend_from_slice(&u16::try_from(file.path.len()).ok()?.to_le_bytes());
            bytes.extend_from_slice(file.path.as_bytes());
            bytes.extend_from_slice(&file.length.to_le_bytes());
            bytes.extend_from_slice(&file.checksum.to_le_bytes());
        }
        if bytes.len() > SLOT - 4 {
            return None;
        }
        bytes.resize(SLOT - 4, 0);
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        Some(bytes)
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        let (covered, checksum) = slot.split_last_chunk()?;
        if slot.len() != SLOT || crc32fast::hash(covered) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let mut rest = covered;
        if take(&mut rest)? != MAGIC {
            return None;
        }
        let number = u64::from_le_bytes(take(&mut rest)?);
        let store = take(&mut rest)?;
        let generation = u64::from_le_bytes(take(&mut rest)?);
        let sequence = u64::from_le_bytes(take(&mut rest)?);
        let [closed] = take(&mut rest)?;
        let mut files = Vec::new();
        for _ in 0..u16::from_le_bytes(take(&mut rest)?) {
            let length = u16::from_le_bytes(take(&mut rest)?);
            let (path, after) = rest.split_at_checked(usize::from(length))?;
            rest = after;
            files.push(FileSum {
                path: String::from_utf8(path.to_vec()).ok()?,
                length: u64::from_le_bytes(take(&mut rest)?),
                checksum: u32::from_le_bytes(take(&mut rest)?),
            });
        }
        let closed = (closed == 1).then_some(files);
        Some(Self { number, store, progress: Progress { generation, sequence }, closed })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

/// The witness of one store, which its only opener reads and writes.
#[derive(Debug)]
pub(crate) struct Witness {
    path: PathBuf,
    store: [u8; 16],
    /// Opened by the first write.
    file: Option<File>,
    /// What counts.
    latest: Option<Statement>,
    /// Whether both slots say the same.
    doubled: bool,
}

impl Witness {
    /// A witness that says nothing yet. What lies in its place is deleted.
    pub(crate) fn none(folder: &Path, store: [u8; 16]) -> Result<Self> {
        let path = folder.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed("delete", &path, error))
            }
            _ => Ok(Self { path, store, file: None, latest: None, doubled: false }),
        }
    }

    /// Reads the witness of a store, which must have one.
    ///
    /// # Errors
    /// `CorruptionError` where it is missing or unreadable, or is that of another store.
    pub(crate) fn read(folder: &Path, store: [u8; 16]) -> Result<Self> {
        let path = folder.join(FILE);
        let mut witness = Self { path, store, file: None, latest: None, doubled: false };
        let bytes = match bounded(&witness.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(witness.damaged("is missing").caused_by(error));
            }
            Err(error) => return Err(failed("read", &witness.path, error)),
        };
        let slots: Vec<_> =
            bytes.chunks(SLOT).take(SLOTS as usize).map(Statement::decode).collect();
        let readable = slots.iter().flatten();
        if readable.clone().any(|slot| slot.store != store) {
            return Err(witness.damaged("is that of another store"));
        }
        let newest = readable.clone().max_by_key(|slot| slot.number).cloned();
        if newest.is_none() {
            return Err(witness.damaged("is damaged in both of its halves"));
        }
        witness.doubled = slots.len() == SLOTS as usize
            && slots.iter().all(|slot| {
                let said = |slot: &Statement| (slot.progress, slot.closed.clone());
                slot.as_ref().map(said) == newest.as_ref().map(said)
            });
        witness.latest = newest;
        Ok(witness)
    }

    /// What the witness in a folder says, whoever's it is; nothing where it cannot be read.
    pub(crate) fn attested_in(folder: &Path) -> Option<Progress> {
        let bytes = bounded(&folder.join(FILE)).ok()?;
        let readable = bytes.chunks(SLOT).filter_map(Statement::decode);
        readable.max_by_key(|slot| slot.number).map(|slot| slot.progress)
    }

    /// What counts; nothing where there is no witness yet.
    pub(crate) fn latest(&self) -> Option<&Statement> {
        self.latest.as_ref()
    }

    /// Whether it says this already, in as many slots as it ever will.
    pub(crate) fn says(&self, progress: Progress, closed: Option<&[FileSum]>) -> bool {
        self.doubled
            && self.latest.as_ref().is_some_and(|latest| {
                latest.progress == progress && latest.closed.as_deref() == closed
            })
    }

    /// Writes a slot, durably. The other one stays as it is.
    pub(crate) fn write(&mut self, progress: Progress, closed: Option<&[FileSum]>) -> Result<()> {
        let number = self.latest.as_ref().map_or(0, |latest| latest.number) + 1;
        let closed = closed.map(<[FileSum]>::to_vec);
        let mut statement = Statement { number, store: self.store, progress, closed };
        let slot = statement.encode().or_else(|| {
            // Too many files for a slot: the next opening takes the store for one that was not closed.
            statement.closed = None;
            statement.encode()
        });
        let slot = slot.ok_or_else(|| Error::internal("a slot of the witness is too long"))?;
        let made = self.file.is_none() && !self.path.exists();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(
                File::options()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(&self.path)
                    .map_err(|error| failed("open", &self.path, error))?,
            ),
        };
        write_at(file, &slot, number % SLOTS * SLOT as u64)
            .and_then(|()| file.sync_data())
            .map_err(|error| failed("write", &self.path, error))?;
        if made && let Some(folder) = self.path.parent() {
            sync_folder(folder)?;
        }
        let same = |latest: &Statement| {
            (latest.progress, &latest.closed) == (statement.progress, &statement.closed)
        };
        self.doubled = self.latest.as_ref().is_some_and(same);
        self.latest = Some(statement);
        Ok(())
    }

    fn damaged(&self, what: &str) -> Error {
        Error::corruption(format!("the witness `{}` {what}", self.path.display())).help(
            "Without it nobody knows whether the store lacks commits. Restore the store from a backup, or open it \
             only to be read and look at what is there.",
        )
    }
}

/// The bytes of a file, as far as a witness goes.
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(SLOTS * SLOT as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(unix)]
fn write_at(file: &mut File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(not(unix))]
fn write_at(file: &mut File, bytes: &[u8], offset: u64) -> io::Result<()> {
    use std::io::Seek;
    use std::io::Write;
    file.seek(io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sequence: u64) -> Progress {
        Progress { generation: 3, sequence }
    }

    fn read(folder: &Path) -> Result<Witness> {
        Witness::read(folder, [7; 16])
    }

    fn files() -> Vec<FileSum> {
        vec![FileSum { path: "engine/db".into(), length: 12, checksum: 7 }]
    }

    #[test]
    fn the_last_write_counts_and_survives_the_loss_of_either_slot() {
        let folder = tempfile::tempdir().unwrap();
        let mut witness = Witness::none(folder.path(), [7; 16]).unwrap();
        assert_eq!(witness.latest(), None);
        for sequence in 1..6 {
            witness.write(at(sequence), None).unwrap();
            let found = read(folder.path()).unwrap();
            assert_eq!(found.latest().unwrap().progress, at(sequence));
        }
        witness.write(at(6), Some(&files())).unwrap();
        assert!(!witness.says(at(6), Some(&files())), "one slot is a write behind");
        witness.write(at(6), Some(&files())).unwrap();
        let path = folder.path().join(FILE);
        let whole = fs::read(&path).unwrap();
        assert_eq!(whole.len(), 2 * SLOT);
        for bad in (0..whole.len()).step_by(37) {
            let mut changed = whole.clone();
            changed[bad] ^= 0x10;
            fs::write(&path, &changed).unwrap();
            let found = read(folder.path()).unwrap();
            let found = found.latest().unwrap();
            assert_eq!((found.progress, found.closed.clone()), (at(6), Some(files())), "{bad}");
        }
        fs::write(&path, &whole[..SLOT]).unwrap();
        assert_eq!(read(folder.path()).unwrap().latest().unwrap().progress, at(6));
    }

    #[test]
    fn a_witness_that_is_no_witness_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let refused = |what: &str| {
            let error = read(folder.path()).unwrap_err();
            assert!(error.is_corruption() && error.message().contains(what), "{error}");
        };
        refused("is missing");
        let mut witness = Witness::none(folder.path(), [7; 16]).unwrap();
        witness.write(at(1), None).unwrap();
        witness.write(at(2), None).unwrap();
        let whole = fs::read(&path).unwrap();
        let swapped = [&whole[SLOT / 2..], &whole[..SLOT / 2]].concat();
        for bytes in [Vec::new(), vec![0; 2 * SLOT], whole[..SLOT - 1].to_vec(), swapped] {
            fs::write(&path, bytes).unwrap();
            refused("is damaged in both of its halves");
        }
        fs::write(&path, &whole).unwrap();
        let error = Witness::read(folder.path(), [8; 16]).unwrap_err();
        assert!(error.message().contains("another store"), "{error}");
    }

    #[test]
    fn more_files_than_a_slot_holds_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut witness = Witness::none(folder.path(), [7; 16]).unwrap();
        let many: Vec<FileSum> = (0..200)
            .map(|i| FileSum { path: format!("engine/file-{i}"), length: i, checksum: 1 })
            .collect();
        witness.write(at(1), Some(&many)).unwrap();
        let found = read(folder.path()).unwrap();
        assert_eq!(
            (found.latest().unwrap().progress, &found.latest().unwrap().closed),
            (at(1), &None)
        );
    }
}
