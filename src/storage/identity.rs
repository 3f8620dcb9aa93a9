//! What a store says of itself: the file `identity` in its folder, and a copy of it in each folder below.
//!
//! Owns the format of that file. It is text that anybody can read, and its last line is a checksum:
//!
//! ```text
//! redstring store
//! format 1
//! engine sled
//! id 5f0c1d6a9b3e47c28d10e4f7a6b95c32
//! state whole
//! checksum 1c291ca3
//! ```
//!
//! The copies tell folders of two stores apart that somebody has mixed up. What a folder holds beside these files is the
//! business of `recognise`.

use std::fmt;
use std::fs;
use std::fs::File;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage::folder::sync_folder;
use crate::storage::refused::failed;

/// The name of the file, in the store's folder and in those of its engine and its segments.
pub(crate) const FILE: &str = "identity";
/// Its name in the folder of the segments, where names that begin with a dot are no segments.
pub(crate) const FILE_OF_SEGMENTS: &str = ".identity";
/// What the file is called until it is whole.
pub(crate) const UNFINISHED: &str = ".identity.new";

/// The first line.
const TITLE: &str = "redstring store";
/// The version of the format of the whole store: this version writes it, and reads those up to it.
const FORMAT: u32 = 1;
/// No identity is longer, in bytes; what is longer is not read.
const LONGEST: u64 = 4096;

/// What a store may promise beside its format. A version that does not know one of them must not open the store.
pub const FEATURES: &[&str] = &[WITNESS];
/// The store has a witness of what was durable: where it is missing, the store is damaged.
pub const WITNESS: &str = "witness";

/// The number of a store, which no other has. A copy gets a number of its own: it goes on by itself, and its files must not
/// pass for those of the store that it was copied from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(u128);

impl StoreId {
    /// A new one, of 128 random bits.
    pub fn new() -> Self {
        // Each hasher has random keys from the operating system; the time counts where those are weak.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let half = || u128::from(RandomState::new().hash_one(now));
        Self(half() << 64 | half())
    }

    /// The bytes of the number.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The number that is written so.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl Default for StoreId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreId({self})")
    }
}

/// How far a store is in its making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is being made, and holds nothing yet: whoever finds it may begin anew.
    Making,
    /// A copy that lacks a part: whoever finds it must not open it.
    Copying,
    /// A copy with all its parts, which has perhaps not got its name yet.
    Copied,
    /// It has all its parts.
    Whole,
}

const STATES: &[(State, &str)] = &[
    (State::Making, "making"),
    (State::Copying, "copying"),
    (State::Copied, "copied"),
    (State::Whole, "whole"),
];

/// What a store says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreIdentity {
    /// The name of its engine.
    pub engine: String,
    /// Its number.
    pub id: StoreId,
    /// How far its making is.
    pub state: State,
    features: Vec<&'static str>,
}

impl StoreIdentity {
    /// The identity of a new store.
    pub fn new(engine: &str, state: State) -> Self {
        Self { engine: engine.to_owned(), id: StoreId::new(), state, features: Vec::new() }
    }

    /// Whether the store promises one of [`FEATURES`].
    pub fn has(&self, feature: &str) -> bool {
        self.features.contains(&feature)
    }

    /// The identity of the same store with one more promise.
    #[must_use]
    pub fn with(mut self, feature: &'static str) -> Self {
        if !self.has(feature) {
            self.features.push(feature);
            self.features.sort_unstable();
        }
        self
    }

    /// The same store in another state.
    #[must_use]
    pub fn in_state(mut self, state: State) -> Self {
        self.state = state;
        self
    }

    fn encode(&self) -> String {
        let state = STATES.iter().find(|(state, _)| *state == self.state).map_or("", |(_, s)| *s);
        let mut text = format!(
            "{TITLE}\nformat {FORMAT}\nengine {}\nid {}\nstate {state}\n",
            self.engine, self.id
        );
        if !self.features.is_empty() {
            text += &format!("features {}\n", self.features.join(" "));
        }
        let checksum = crc32fast::hash(text.as_bytes());
        text + &format!("checksum {checksum:08x}\n")
    }

    /// The identity that a file holds; `path` is for the errors.
    fn decode(bytes: &[u8], path: &Path) -> Result<Self> {
        let covered = checked(bytes).ok_or_else(|| damaged(path))?;
        let mut lines =
            covered.lines().skip(1).map(|line| line.split_once(' ').unwrap_or_default());
        let mut next = |wanted: &str| match lines.next() {
            Some((key, value)) if key == wanted => Some(value),
            _ => None,
        };
        let format: Option<u32> = next("format").and_then(|format| format.parse().ok());
        match format {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => {
                return Err(newer_version(path, &format!("format {newer}")));
            }
            _ => return Err(damaged(path)),
        }
        let fields = (|| {
            let engine = next("engine")?.to_owned();
            let id = StoreId::parse(next("id")?)?;
            let state = next("state")?;
            let state = STATES.iter().find(|(_, word)| *word == state)?.0;
            Some(Self { engine, id, state, features: Vec::new() })
        })();
        let mut identity = fields.ok_or_else(|| damaged(path))?;
        for name in next("features").into_iter().flat_map(|names| names.split(' ')) {
            match FEATURES.iter().find(|known| **known == name) {
                Some(known) => identity = identity.with(known),
                None => return Err(newer_version(path, &format!("the feature `{name}`"))),
            }
        }
        if identity.encode().as_bytes() != bytes {
            return Err(damaged(path));
        }
        Ok(identity)
    }

    /// Writes it into a file, whole or not at all, and durably.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> Result<()> {
        let (unfinished, path) = (folder.join(UNFINISHED), folder.join(name));
        File::create(&unfinished)
            .and_then(|mut file| {
                file.write_all(self.encode().as_bytes())?;
                file.sync_all()
            })
            .map_err(|error| failed("write", &unfinished, error))?;
        fs::rename(&unfinished, &path).map_err(|error| failed("rename", &unfinished, error))?;
        sync_folder(folder)
    }
}

/// The text before the last line, if that holds its checksum and the first line is the title.
fn checked(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (covered, checksum) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let covered = &text[..=covered.len()];
    let wanted = format!("checksum {:08x}", crc32fast::hash(covered.as_bytes()));
    (checksum == wanted && covered.starts_with(&format!("{TITLE}\n"))).then_some(covered)
}

/// The identity in a file; nothing where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<StoreIdentity>> {
    let bytes = match fs::metadata(path) {
        Ok(found) if !found.is_file() || found.len() > LONGEST => return Err(damaged(path)),
        Ok(_) => fs::read(path).map_err(|error| failed("read", path, error))?,
        // A link to nowhere is no file that is missing.
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => return Ok(None),
        Err(error) => return Err(failed("read", path, error)),
    };
    StoreIdentity::decode(&bytes, path).map(Some)
}

fn damaged(path: &Path) -> Error {
    Error::corruption(format!("the file `{}`, which says what the store is, is damaged", path.display())).help(format!(
        "The folders `sled` or `redb` and `segments` of the store hold copies of it, `{FILE}` and `{FILE_OF_SEGMENTS}`: \
         replace the damaged one by another. Otherwise restore the store from a backup."
    ))
}

fn newer_version(path: &Path, what: &str) -> Error {
    Error::storage(
        Detail::UnknownFormatVersion,
        format!(
            "the store has {what}, which this version does not know; so says `{}`",
            path.display()
        ),
    )
    .help("Open the store with the version of Redstring that wrote it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<StoreIdentity> {
        StoreIdentity::decode(bytes, Path::new("store/identity"))
    }

    /// The text with another line in the place of the second, and its checksum.
    fn with(line: usize, text: &str) -> Vec<u8> {
        let whole = StoreIdentity::new("sled", State::Whole).with(WITNESS).encode();
        let mut lines: Vec<&str> = whole.lines().collect();
        lines.pop();
        lines[line] = text;
        let covered = lines.join("\n") + "\n";
        let checksum = crc32fast::hash(covered.as_bytes());
        format!("{covered}checksum {checksum:08x}\n").into_bytes()
    }

    #[test]
    fn what_is_written_is_read() {
        for (state, _) in STATES {
            for identity in [
                StoreIdentity::new("redb", *state),
                StoreIdentity::new("sled", *state).with(WITNESS),
            ] {
                assert_eq!(decoded(identity.encode().as_bytes()).unwrap(), identity);
            }
        }
        assert_ne!(StoreId::new(), StoreId::new());
    }

    #[test]
    fn every_changed_lost_or_added_byte_is_damage() {
        let whole = StoreIdentity::new("sled", State::Whole).with(WITNESS).encode().into_bytes();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                assert!(decoded(&changed).unwrap_err().is_corruption(), "bit {bit} of byte {at}");
            }
            let mut without = whole.clone();
            without.remove(at);
            for changed in [&whole[..at], &without, &[&whole[..at], b"\n", &whole[at..]].concat()] {
                assert!(decoded(changed).unwrap_err().is_corruption(), "at {at}");
            }
        }
        assert!(decoded(&[&whole[..], b"\n"].concat()).unwrap_err().is_corruption());
    }

    #[test]
    fn what_this_version_does_not_know_is_named() {
        for (line, text, code) in [
            (1, "format 2", "StorageError.UnknownFormatVersion"),
            (1, "format 4000000000", "StorageError.UnknownFormatVersion"),
            (5, "features time-travel witness", "StorageError.UnknownFormatVersion"),
            (1, "format 0", "CorruptionError.DamagedStore"),
            (1, "format 01", "CorruptionError.DamagedStore"),
            (1, "formal 2", "CorruptionError.DamagedStore"),
            (3, "id 00", "CorruptionError.DamagedStore"),
            (4, "state asleep", "CorruptionError.DamagedStore"),
            (5, "features witness witness", "CorruptionError.DamagedStore"),
            (0, "redstring graph", "CorruptionError.DamagedStore"),
        ] {
            let error = decoded(&with(line, text)).unwrap_err();
            assert_eq!(error.code(), code, "{text}: {error}");
            assert!(error.message().contains("store/identity"), "{error}");
        }
    }
}
