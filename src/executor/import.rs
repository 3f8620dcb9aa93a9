//! The files that a statement may read: those of one folder, if it may read any.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::input;

/// How much of a file is read at once.
const BUFFER: usize = 128 << 10;

/// Opens a file of the folder: a path, relative to the folder or within it, or a `file:` URL, whose path
/// counts from the folder as in Neo4j. What is packed is unpacked on the way.
pub(super) fn open(folder: Option<&Path>, place: &str) -> Result<Box<dyn BufRead + Send>> {
    let Some(folder) = folder else {
        return Err(refused("this database reads no files").help(
            "Name the folder of files to import: `Options::import_folder`, or `--import-folder`.",
        ));
    };
    let path = resolve(folder, place)?;
    let file = File::open(&path).map_err(|error| unreadable(place, error))?;
    let text = input::text(file).map_err(|error| unreadable(place, error))?;
    Ok(Box::new(BufReader::with_capacity(BUFFER, text)))
}

/// Where the file is, symbolic links followed; an error where that is outside of the folder.
fn resolve(folder: &Path, place: &str) -> Result<PathBuf> {
    let within = relative(place)?;
    if within.components().any(|part| matches!(part, Component::ParentDir)) {
        return Err(outside(place));
    }
    let folder =
        folder.canonicalize().map_err(|error| unreadable(&folder.to_string_lossy(), error))?;
    // A path that begins with a slash counts from the folder, or is one into it.
    let mut inside = PathBuf::new();
    inside.extend(within.components().filter(|part| matches!(part, Component::Normal(_))));
    let candidates = [folder.join(inside), within];
    let absolute = candidates.get(1).is_some_and(|path| path.is_absolute());
    let tried = if absolute { &candidates[..] } else { &candidates[..1] };
    let found = tried.iter().find_map(|path| path.canonicalize().ok());
    match found {
        Some(path) if !path.starts_with(&folder) => Err(outside(place)),
        Some(path) if !path.is_file() => Err(missing(place, "it is no file")),
        Some(path) => Ok(path),
        None => Err(missing(place, "there is none of this name")),
    }
}

/// The path that a text means.
fn relative(place: &str) -> Result<PathBuf> {
    let Some((scheme, rest)) = place.split_once(':') else { return Ok(PathBuf::from(place)) };
    if scheme.len() < 2 || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        // A drive, or a name with a colon.
        return Ok(PathBuf::from(place));
    }
    if !scheme.eq_ignore_ascii_case("file") {
        return Err(refused(format!("`{place}` is not a local file"))
            .help("Statements read files of the import folder: a path, or `file:///name.csv`."));
    }
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) => match rest.find('/') {
            Some(0) => rest,
            Some(at) if rest.starts_with("localhost/") => rest.get(at..).unwrap_or_default(),
            _ => {
                return Err(refused(format!("`{place}` is a file of another machine"))
                    .help("A local file has three slashes: `file:///name.csv`."));
            }
        },
    };
    Ok(PathBuf::from(decoded(path)))
}

/// A URL's path with `%20` and its kin resolved; what is malformed stands for itself.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorClass::UsageError, Phase::Runtime, Detail::ImportRefused, message)
}

fn outside(place: &str) -> Error {
    refused(format!("`{place}` is outside of the import folder"))
        .help("Statements read the files of one folder only; put the file there.")
}

fn missing(place: &str, why: &str) -> Error {
    Error::argument(Detail::InvalidFile, format!("the file `{place}` cannot be read: {why}"))
        .help("Paths count from the import folder.")
}

fn unreadable(place: &str, error: std::io::Error) -> Error {
    Error::argument(Detail::InvalidFile, format!("`{place}` cannot be read: {error}"))
        .caused_by(error)
}
