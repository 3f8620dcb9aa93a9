//! Opening stores and making them.
//!
//! Owns the order in which the parts of a store come to be: the lock, the identity, the folders, and last the word that the
//! store is whole. A store whose making was cut off is made anew; what is no store is left alone.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage::ENGINES;
use crate::storage::Engine;
use crate::storage::Opened;
use crate::storage::OrderedBytes;
use crate::storage::engine;
use crate::storage::folder;
use crate::storage::folder::FolderFiles;
use crate::storage::identity;
use crate::storage::identity::State;
use crate::storage::identity::StoreIdentity;
use crate::storage::place;
use crate::storage::reader::ReaderBytes;
use crate::storage::recognise::Found;
use crate::storage::recognise::FoundStore;
use crate::storage::recognise::recognise;
use crate::storage::refused::failed;
use crate::storage::sled;
use crate::storage::witness::Witness;
use crate::storage::witnessed::WitnessedBytes;

/// The engine that the store in a folder was made with; none where there is room for a new store.
///
/// # Errors
/// What lies in the folder is neither a whole store nor room for one.
pub fn engine_of(store: &Path) -> Result<Option<&'static Engine>> {
    Ok(match recognise(store)? {
        Found::Store(found) => Some(found.engine),
        Found::Nothing | Found::Begun(_) => None,
    })
}

/// Opens the store in a folder with its own engine, or makes one with the engine that is wanted, else the first.
pub fn open(store: &Path, wanted: Option<&str>) -> Result<Opened> {
    let wanted = wanted.map(durable_engine).transpose()?;
    // Before anything is touched.
    fits(store, &recognise(store)?, wanted)?;
    folder::make_folder(store)?;
    let lock = place::lock(store).map_err(can_be_read)?;
    // Another process may have made a store meanwhile.
    let found = recognise(store)?;
    fits(store, &found, wanted)?;
    match found {
        Found::Store(found) => open_found(store, found, lock).map_err(can_be_read),
        Found::Begun(begun) => {
            let engine =
                wanted.or(engine(&begun.engine)).map_or_else(|| durable_engine(sled::NAME), Ok)?;
            // No commit was told to be durable in it.
            for engine in ENGINES.iter().filter(|engine| engine.durable) {
                folder::remove_folder(&store.join(engine.folder))?;
            }
            make(store, engine, lock, State::Making)
        }
        Found::Nothing => {
            make(store, wanted.map_or_else(|| durable_engine(sled::NAME), Ok)?, lock, State::Making)
        }
    }
}

/// Opens the store in a folder for whoever only reads, whatever its witness says: nothing in the folder is written, created or
/// touched. Says what is wrong with the witness.
pub fn open_to_read(store: &Path, wanted: Option<&str>) -> Result<(Opened, Option<Error>)> {
    let wanted = wanted.map(durable_engine).transpose()?;
    recognised_to_read(store, wanted)?;
    let lock = place::lock_to_read(store)?;
    // A writer may have been at work until now.
    let found = recognised_to_read(store, wanted)?;
    let (mut witness, mut problem) = (None, None);
    let id = found.identity.as_ref().map(|identity| identity.id);
    if let Some(identity) = found.identity.filter(|own| own.has(identity::WITNESS)) {
        match Witness::read(store, identity.id.to_bytes()) {
            Ok(read) => witness = Some(read),
            Err(error) => problem = Some(error),
        }
    }
    let bytes = ReaderBytes::open(found.engine, store, witness.as_ref(), lock)?;
    let segments = FolderFiles::for_reading(&store.join(place::SEGMENTS));
    Ok((Opened { bytes: Arc::new(bytes), segments: Arc::new(segments), id }, problem))
}

fn recognised_to_read(store: &Path, wanted: Option<&'static Engine>) -> Result<FoundStore> {
    let found = recognise(store)?;
    fits(store, &found, wanted)?;
    match found {
        Found::Store(found) => Ok(found),
        Found::Nothing | Found::Begun(_) => Err(Error::storage(
            Detail::InvalidFile,
            format!("there is no store in `{}`", store.display()),
        )
        .help("A store is made when it is opened for writing.")),
    }
}

/// Refuses another engine than the store's own.
fn fits(store: &Path, found: &Found, wanted: Option<&'static Engine>) -> Result<()> {
    match (found, wanted) {
        (Found::Store(found), Some(wanted)) if found.engine.name != wanted.name => Err(Error::usage(
            Detail::EngineMismatch,
            format!(
                "the store `{}` was made with the engine `{}`, not `{}`",
                store.display(),
                found.engine.name,
                wanted.name
            ),
        )
        .help("Open it without naming an engine, or copy it into another one with `redstring migrate`.")),
        _ => Ok(()),
    }
}

/// Names the way out where a store cannot be written and perhaps be read.
fn can_be_read(error: Error) -> Error {
    match error.kind() {
        Detail::AccessDenied => error.help(
            "Let this user read and write the folder of the store and all in it, or open it only to read: with \
             `redstring --readonly`, in a program with `Options::read_only`.",
        ),
        Detail::DiskFull => error.help(
            "Make room and try again, or open the store only to read: with `redstring --readonly`, in a program with \
             `Options::read_only`.",
        ),
        _ => error,
    }
}

/// Opens a store that is there.
fn open_found(store: &Path, found: FoundStore, lock: File) -> Result<Opened> {
    let segments = FolderFiles::open(&store.join(place::SEGMENTS))?;
    let known = found.identity.as_ref().is_some_and(|identity| identity.state == State::Whole);
    let identity = found
        .identity
        .unwrap_or_else(|| StoreIdentity::new(found.engine.name, State::Whole))
        .in_state(State::Whole);
    let witnessed = identity.has(identity::WITNESS);
    let id = identity.id.to_bytes();
    let witness = if witnessed { Witness::read(store, id)? } else { Witness::none(store, id)? };
    let bytes = WitnessedBytes::open(found.engine, store, witness, lock)?;
    if !witnessed {
        bytes.begin_witness()?;
    }
    // What engines have of their own may have got another name while it was opened.
    let renamed = store.join(found.engine.folder);
    let identity = identity.with(identity::WITNESS);
    for (part, name) in found.without_copy {
        let part = if name == identity::FILE { &renamed } else { &part };
        identity.write(part, name)?;
    }
    let id = Some(identity.id);
    if !known || !witnessed {
        identity.write(store, identity::FILE)?;
    }
    Ok(Opened { bytes: Arc::new(bytes), segments: Arc::new(segments), id })
}

/// Makes a store in a folder that holds none.
fn make(store: &Path, engine: &'static Engine, lock: File, state: State) -> Result<Opened> {
    let identity = StoreIdentity::new(engine.name, state);
    identity.write(store, identity::FILE)?;
    let whole = identity.clone().in_state(State::Whole).with(identity::WITNESS);
    let [records, files] = [engine.folder, place::SEGMENTS].map(|part| store.join(part));
    for (part, name) in [(&records, identity::FILE), (&files, identity::FILE_OF_SEGMENTS)] {
        folder::make_folder(part)?;
        whole.write(part, name)?;
    }
    let segments = FolderFiles::open(&files)?;
    let witness = Witness::none(store, identity.id.to_bytes())?;
    let bytes = WitnessedBytes::open(engine, store, witness, lock)?;
    bytes.begin_witness()?;
    bytes.sync()?;
    let id = Some(identity.id);
    if state == State::Making {
        whole.write(store, identity::FILE)?;
    }
    Ok(Opened { bytes: Arc::new(bytes), segments: Arc::new(segments), id })
}

/// The engine of that name, if it keeps stores on disk.
fn durable_engine(name: &str) -> Result<&'static Engine> {
    engine(name).filter(|engine| engine.durable).ok_or_else(|| {
        let names: Vec<&str> = ENGINES.iter().filter(|e| e.durable).map(|e| e.name).collect();
        Error::usage(Detail::EngineMismatch, format!("there is no storage engine `{name}`"))
            .help(format!("The engines are {}.", names.join(", ")))
    })
}

/// Makes a store in a folder that is not there yet, whole or not at all: `fill` writes into a folder beside it,
/// which gets its name when everything in it is durable.
pub fn make_whole(
    store: &Path,
    engine: &str,
    fill: impl FnOnce(&Opened) -> Result<()>,
) -> Result<()> {
    let engine = durable_engine(engine)?;
    let found = recognise(store)?;
    let taken = store.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if taken || !matches!(found, Found::Nothing) {
        return Err(Error::storage(
            Detail::InvalidFile,
            format!("`{}` is there already", store.display()),
        )
        .help("Name a folder that is not there yet; nothing is overwritten."));
    }
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = store.with_file_name(name);
    remove_unfinished(&unfinished)?;
    folder::make_folder(&unfinished)?;
    let lock = place::lock(&unfinished)?;
    if let Err(error) = make_and_fill(&unfinished, engine, lock, fill) {
        // It would be removed the next time as well.
        let _ = remove_copy(&unfinished);
        return Err(error);
    }
    folder::rename_folder(&unfinished, store)
}

fn make_and_fill(
    unfinished: &Path,
    engine: &'static Engine,
    lock: File,
    fill: impl FnOnce(&Opened) -> Result<()>,
) -> Result<()> {
    let opened = make(unfinished, engine, lock, State::Copying)?;
    fill(&opened)?;
    opened.bytes.sync()?;
    if let Some(identity) = identity::read(&unfinished.join(identity::FILE))? {
        identity
            .in_state(State::Copied)
            .with(identity::WITNESS)
            .write(unfinished, identity::FILE)?;
    }
    Ok(())
}

/// Removes what is left of a copy that was cut off, and nothing else.
fn remove_unfinished(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let left = match identity::read(&folder.join(identity::FILE)) {
        Ok(Some(identity)) => matches!(identity.state, State::Copying | State::Copied),
        Ok(None) => matches!(recognise(folder), Ok(Found::Nothing)),
        Err(_) => false,
    };
    if !left {
        return Err(Error::storage(
            Detail::InvalidFile,
            format!(
                "`{}`, where the copy is made at first, is there already and no such copy",
                folder.display()
            ),
        )
        .help("Remove it or give it another name, and make the copy again."));
    }
    // Another process may be at work on it.
    drop(place::lock(folder)?);
    remove_copy(folder)
}

/// Removes a copy; its identity goes last, so that whoever finds a part of it knows what it was.
fn remove_copy(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(|error| failed("read", folder, error))? {
        let entry = entry.map_err(|error| failed("read", folder, error))?;
        if entry.file_name() == identity::FILE {
            continue;
        }
        let path = entry.path();
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|error| failed("delete", &path, error))?;
    }
    folder::remove_folder(folder)
}
