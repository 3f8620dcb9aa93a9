//! What lies in a folder: a store, room for one, or something that must be left alone.
//!
//! Owns the rules by which a store is known. It reads names and the few bytes of identities, and changes nothing: whoever
//! opens a store asks here first.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage::ENGINES;
use crate::storage::Engine;
use crate::storage::engine;
use crate::storage::identity;
use crate::storage::identity::State;
use crate::storage::identity::StoreIdentity;
use crate::storage::place;
use crate::storage::refused::failed;
use crate::storage::sled;

/// What lies in a folder.
#[derive(Debug)]
pub(crate) enum Found {
    /// There is no folder, or nothing in it.
    Nothing,
    /// The making of a store was cut off before it held anything.
    Begun(StoreIdentity),
    /// A store.
    Store(FoundStore),
}

/// A store that was found.
#[derive(Debug)]
pub(crate) struct FoundStore {
    pub(crate) engine: &'static Engine,
    /// Nothing for a store of a version that wrote none.
    pub(crate) identity: Option<StoreIdentity>,
    /// The folders of the store that lack their copy of the identity, and the name it has there.
    pub(crate) without_copy: Vec<(PathBuf, &'static str)>,
}

/// What may lie in a folder that counts as empty: what systems put into every folder or at the root of every disk.
const NO_CONTENT: &[&str] = &[
    ".DS_Store",
    ".Spotlight-V100",
    ".TemporaryItems",
    ".Trashes",
    ".fseventsd",
    ".snapshot",
    "$RECYCLE.BIN",
    "System Volume Information",
    "Thumbs.db",
    "desktop.ini",
    "lost+found",
];

/// Looks what lies in a folder. Whatever is neither a store nor room for a new one is an error that names it.
pub(crate) fn recognise(folder: &Path) -> Result<Found> {
    if folder.as_os_str().is_empty() {
        return Err(not_a_store("the path of the store is empty", "Name the folder of the store."));
    }
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => {
            return Err(not_a_store(
                format!("`{}` is no folder", folder.display()),
                "A store is a folder: name that, or one that is not there yet.",
            ));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if folder.is_symlink() {
                return Err(not_a_store(
                    format!("`{}` is a link to something that is not there", folder.display()),
                    "Bring back what it leads to, such as a disk that is not mounted, or remove the link.",
                ));
            }
            outside_of_stores(folder)?;
            return Ok(Found::Nothing);
        }
        Err(error) => return Err(failed("open", folder, error)),
    }
    let own = match identity::read(&folder.join(identity::FILE)) {
        // Other programs, too, keep files of this name.
        Err(error) if error.is_corruption() && !has_parts(folder) => {
            return Err(foreign(
                folder,
                &format!("a file `{}` that is no store's", identity::FILE),
            ));
        }
        own => own?,
    };
    let Some(own) = own else { return without_identity(folder) };
    match own.state {
        State::Making => {
            outside_of_stores(folder)?;
            Ok(Found::Begun(own))
        }
        State::Copying => Err(not_a_store(
            format!("`{}` is a copy of a store that was cut off", folder.display()),
            "Remove it, and make the copy again.",
        )),
        State::Copied | State::Whole => with_identity(folder, own).map(Found::Store),
    }
}

/// Looks at the parts of a store that says what it is.
fn with_identity(folder: &Path, own: StoreIdentity) -> Result<FoundStore> {
    let Some(engine) = engine(&own.engine).filter(|engine| engine.durable) else {
        return Err(Error::storage(
            Detail::EngineMismatch,
            format!(
                "the store `{}` was made with the engine `{}`, which this version does not have",
                folder.display(),
                own.engine
            ),
        )
        .help("Open the store with the version of Redstring that wrote it."));
    };
    let records = records_of(folder, engine);
    let segments = folder.join(place::SEGMENTS);
    for (part, there) in [
        (folder.join(engine.folder), records.is_some()),
        (
            folder.join(engine.folder).join(engine.file),
            records.as_ref().is_some_and(|r| has_records(r, engine)),
        ),
        (segments.clone(), segments.is_dir()),
    ] {
        if !there {
            // The folders of a store hold its identity as well.
            outside_of_stores(folder)?;
            return Err(Error::corruption(format!(
                "the store `{}` lacks `{}`",
                folder.display(),
                part.display()
            ))
            .help("Bring it back to where it was, or restore the store from a backup."));
        }
    }
    let mut without_copy = Vec::new();
    for (part, name) in
        [(records.unwrap_or_default(), identity::FILE), (segments, identity::FILE_OF_SEGMENTS)]
    {
        match identity::read(&part.join(name))? {
            None => without_copy.push((part, name)),
            Some(copy) if copy.id == own.id => {}
            Some(copy) => {
                return Err(Error::corruption(format!(
                    "`{}` is of another store: its number is {}, that of the store `{}` is {}",
                    part.display(),
                    copy.id,
                    folder.display(),
                    own.id
                ))
                .help("The folders of two stores were mixed up: put each back to where it was, or restore the store from a backup."));
            }
        }
    }
    Ok(FoundStore { engine, identity: Some(own), without_copy })
}

/// Looks at a folder that does not say what it is: a store of an older version, an empty folder, or none of ours.
fn without_identity(folder: &Path) -> Result<Found> {
    let engines: Vec<_> = ENGINES.iter().filter(|engine| engine.durable).collect();
    let mut with_records =
        engines.iter().filter_map(|engine| Some((*engine, records_of(folder, engine)?)));
    let first = with_records.find(|(engine, records)| has_records(records, engine));
    let lock =
        fs::metadata(folder.join(place::LOCK)).is_ok_and(|lock| lock.is_file() && lock.len() == 0);
    let segments = folder.join(place::SEGMENTS);
    if let Some((engine, records)) = first {
        let copies = [(&records, identity::FILE), (&segments, identity::FILE_OF_SEGMENTS)];
        for (part, name) in copies {
            if identity::read(&part.join(name))?.is_some() {
                return Err(Error::corruption(format!(
                    "the store `{}` lacks its file `{}`",
                    folder.display(),
                    identity::FILE
                ))
                .help(format!("Copy `{}` to its place.", part.join(name).display())));
            }
        }
        if !lock && !segments.is_dir() {
            return Err(foreign(
                folder,
                &format!("`{}`, and neither a lock nor segments", engine.folder),
            ));
        }
        if let Some((other, _)) =
            with_records.find(|(engine, records)| has_records(records, engine))
        {
            return Err(foreign(
                folder,
                &format!("both `{}` and `{}`", engine.folder, other.folder),
            ));
        }
        let without_copy = copies.map(|(part, name)| (part.clone(), name)).to_vec();
        return Ok(Found::Store(FoundStore { engine, identity: None, without_copy }));
    }
    drop(with_records);
    if segments.is_dir() && folder.join(place::LOCK).is_file() {
        let names: Vec<_> = engines.iter().map(|engine| format!("`{}`", engine.folder)).collect();
        return Err(Error::corruption(format!(
            "`{}` holds the segments of a store and no records: {} is missing",
            folder.display(),
            names.join(" or ")
        ))
        .help("Bring the folder of the records back to where it was, or restore the store from a backup."));
    }
    outside_of_stores(folder)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| failed("read", folder, error))? {
        let name = entry.map_err(|error| failed("read", folder, error))?.file_name();
        // What the very beginning of a store leaves behind.
        let begun = name == identity::UNFINISHED || (name == place::LOCK && lock);
        if !begun && !NO_CONTENT.iter().any(|no_content| name == *no_content) {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    match names.first() {
        None => Ok(Found::Nothing),
        Some(first) => Err(foreign(folder, &format!("`{}`", first.escape_debug()))),
    }
}

/// The folder of an engine's records within a store.
pub(crate) fn records_of(store: &Path, engine: &Engine) -> Option<PathBuf> {
    let own = store.join(engine.folder);
    // A power cut may have left sled's folder under its other name.
    let renamed = store.join(sled::OLD);
    if engine.name == sled::NAME && !has_records(&own, engine) && has_records(&renamed, engine) {
        return Some(renamed);
    }
    own.is_dir().then_some(own)
}

/// Whether the file is there without which an engine would begin anew.
fn has_records(records: &Path, engine: &Engine) -> bool {
    records.join(engine.file).is_file()
}

/// Refuses a place for a new store that lies within another one.
fn outside_of_stores(folder: &Path) -> Result<()> {
    // What is not there yet comes to lie in what is.
    let absolute = std::path::absolute(folder).map_err(|error| failed("find", folder, error))?;
    let there = absolute.ancestors().find_map(|above| above.canonicalize().ok());
    for above in there.iter().flat_map(|there| there.ancestors()) {
        if above != absolute && is_store(above) && !is_same(above, folder) {
            return Err(not_a_store(
                format!("`{}` lies within the store `{}`", folder.display(), above.display()),
                "Name a folder outside of it: in the folder of a store nothing else has a place.",
            ));
        }
    }
    Ok(())
}

fn is_same(one: &Path, other: &Path) -> bool {
    other.canonicalize().is_ok_and(|other| other == one)
}

/// Whether a folder is a store, whole or not.
fn is_store(folder: &Path) -> bool {
    match identity::read(&folder.join(identity::FILE)) {
        Ok(Some(_)) => true,
        Err(error) if error.kind() == Detail::UnknownFormatVersion => true,
        _ => {
            let engines = ENGINES.iter().filter(|engine| engine.durable);
            let mut records =
                engines.filter_map(|engine| Some((engine, records_of(folder, engine)?)));
            folder.join(place::SEGMENTS).is_dir()
                && records.any(|(engine, records)| has_records(&records, engine))
        }
    }
}

/// Whether a folder holds any part of a store.
fn has_parts(folder: &Path) -> bool {
    let mut engines = ENGINES.iter().filter(|engine| engine.durable);
    folder.join(place::SEGMENTS).is_dir()
        || engines.any(|engine| records_of(folder, engine).is_some())
}

/// The error for a folder that holds something else.
fn foreign(folder: &Path, what: &str) -> Error {
    not_a_store(
        format!("`{}` is no store and not empty: it holds {what}", folder.display()),
        "Name the folder of a store, or one that is empty or not there yet; nothing was changed.",
    )
}

fn not_a_store(message: impl Into<String>, help: &str) -> Error {
    Error::storage(Detail::InvalidFile, message).help(help)
}
