//! What a store holds against what its witness attests, before anything in the store is changed.
//!
//! It may not know where the witness lies, or how the engine reads its files.

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::storage::OrderedBytes;
use crate::storage::Progress;

use super::catalog;
use super::catalog::Catalog;
use super::keys;
use super::segment::SegmentFile;

/// The catalog that counts; nothing in a store that was never written.
pub(super) fn find_catalog(bytes: &dyn OrderedBytes) -> Result<Option<Catalog>> {
    let found = Catalog::read(bytes)?;
    if found.is_none() {
        // The witness may be all that tells of a graph whose records are gone.
        compare(bytes, Progress::default())?;
    }
    Ok(found)
}

/// The catalog to begin with, after a look at the names of the files that lie beside it.
pub(super) fn checked(
    found: Option<&Catalog>,
    bytes: &dyn OrderedBytes,
    beside: &[String],
) -> Result<Catalog> {
    let newest = catalog::newest_copy(beside);
    let generation = found.map(|catalog| catalog.generation);
    if newest > generation {
        let newest = newest.unwrap_or_default();
        return Err(Error::corruption(format!(
            "the store's records are {} than the catalog of checkpoint {newest} beside its segments",
            if generation.is_some() { "older" } else { "empty, other" },
        ))
        .help("The store's database was lost or replaced by an older one; restore it from a copy."));
    }
    if let Some(catalog) = found {
        return Ok(catalog.clone());
    }
    let mut records = false;
    bytes.scan(&[], None, &mut |key, _| {
        // The very first catalog lacks its root when making the store was cut off.
        records = keys::number(keys::CATALOGS, key) != Some(0);
        Ok(!records)
    })?;
    if records || beside.iter().any(|name| SegmentFile::number_of(name).is_some()) {
        return Err(Error::corruption("the store has data but its root record is missing")
            .help("Restore the store from a copy."));
    }
    Ok(Catalog::default())
}

/// Refuses a store that has not come as far as was attested.
pub(super) fn compare(bytes: &dyn OrderedBytes, reached: Progress) -> Result<()> {
    match bytes.attested().filter(|attested| !reached.covers(*attested)) {
        Some(attested) => Err(missing(reached, attested)),
        None => Ok(()),
    }
}

/// The error of a store that lacks what was attested.
fn missing(reached: Progress, attested: Progress) -> Error {
    let (what, first, last) = if reached.sequence < attested.sequence {
        ("commit", reached.sequence + 1, attested.sequence)
    } else {
        ("checkpoint", reached.generation + 1, attested.generation)
    };
    let (lacks, durable) = if first == last {
        (format!("{what} {last} is"), "it was durable")
    } else {
        (format!("{what}s {first} to {last} are"), "they were durable")
    };
    Error::new(
        ErrorClass::CorruptionError,
        Phase::Runtime,
        Detail::CommitsMissing,
        format!("{lacks} missing from the store, though the store's witness says that {durable}"),
    )
    .help(
        "The files of the store are damaged; nothing in them was touched. Restore the store from a backup. Or save what \
         a scan of its files finds: `redstring check STORE --repair NEW_STORE`. Or open it with `read_only(true)`, which \
         shows what is left.",
    )
}
