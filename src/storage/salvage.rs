//! Whatever records a scan of an engine's files finds, without the engine and without a change.
//!
//! Owns what must be known of the files of sled 0.34 and redb 4 to find records beyond a damaged place. A key may be found
//! several times, with values that were replaced or deleted since: the caller knows its records by their own checksums.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Result;
use crate::storage::MAX_KEY;
use crate::storage::MAX_VALUE;
use crate::storage::Progress;
use crate::storage::SegmentFiles;
use crate::storage::folder::FolderFiles;
use crate::storage::place;
use crate::storage::redb;
use crate::storage::refused::failed;
use crate::storage::sled;
use crate::storage::sled::varint;
use crate::storage::witness::Witness;

/// Every value that was found under a key, the likeliest first.
pub type Records = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

/// What a scan of a store's files has found.
#[derive(Debug)]
pub struct Salvaged {
    /// Records of the engine.
    pub records: Records,
    /// The segment files beside it.
    pub segments: Arc<dyn SegmentFiles>,
    /// How far the store had come, as its witness says; nothing where that cannot be read.
    pub attested: Option<Progress>,
    /// Held as long as the segment files may be read.
    _lock: Option<File>,
}

/// Scans the files of a store. Nothing is changed. Says which engine's they are; none where there are no files of a store.
pub fn salvage(store: &Path) -> Result<(Salvaged, Option<&'static str>)> {
    let mut records = Records::new();
    let mut engine = store.join(place::SEGMENTS).is_dir().then_some(sled::NAME);
    // The lock keeps a store still that is in use. One that cannot be locked may be on a disk that cannot be written.
    let lock = match place::lock_to_read(store) {
        Err(error) if error.kind() == Detail::StoreLocked => return Err(error),
        other => other.ok().flatten(),
    };
    for folder in [sled::FOLDER, sled::OLD] {
        let path = store.join(folder).join(sled::FILE);
        if read(&path, |file| scan_sled(file, &mut records))? {
            engine = Some(sled::NAME);
        }
    }
    let path = store.join(redb::FOLDER).join(redb::FILE);
    if read(&path, |file| scan_redb(file, &mut records))? {
        engine = Some(redb::NAME);
    }
    let segments = Arc::new(FolderFiles::for_reading(&store.join(place::SEGMENTS)));
    let attested = Witness::attested_in(store);
    Ok((Salvaged { records, segments, attested, _lock: lock }, engine))
}

/// Reads a file whole, if it is there. Says whether it is.
fn read(path: &Path, scan: impl FnOnce(&[u8])) -> Result<bool> {
    if !path.is_file() {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|error| failed("read", path, error))?;
    scan(&bytes);
    Ok(true)
}

fn add(records: &mut Records, key: Vec<u8>, value: &[u8]) {
    if key.len() > MAX_KEY || value.len() > MAX_VALUE {
        return;
    }
    let known = records.entry(key).or_default();
    if !known.iter().any(|known| known == value) {
        known.push(value.to_vec());
    }
}

/// The length of a segment of sled's log, and of its header.
const SEGMENT: usize = 512 * 1024;
const SEGMENT_HEADER: usize = 20;
/// How the position in a segment's header is hidden.
const MASK: u64 = 0x7FFF_FFFF_FFFF_FFFF;
/// The kinds of messages that hold records: a page, and a change of a page.
const PAGE: u8 = 8;
const LINK: u8 = 10;
const LAST_KIND: u8 = 11;
/// The longest body that is believed where the number of the segment is not known.
const SHORT: usize = 1 << 14;

/// A message of sled's log.
struct Message<'a> {
    kind: u8,
    page: u64,
    segment: u64,
    body: &'a [u8],
    length: usize,
}

/// A change of a page, with where in the log it was made.
type Link<'a> = (u64, u64, &'a [u8], &'a [u8]);

/// Finds the records in sled's log: all messages that are whole, also those after a damaged one, newest first.
fn scan_sled(file: &[u8], records: &mut Records) {
    // The prefix that a page's keys lack, by page and position.
    let mut prefixes: HashMap<u64, BTreeMap<u64, Vec<u8>>> = HashMap::new();
    let mut links: Vec<Link<'_>> = Vec::new();
    let mut pages: Vec<(u64, Vec<u8>, &[u8])> = Vec::new();
    for segment in file.chunks(SEGMENT) {
        let mut number = segment_number(segment);
        let mut at = SEGMENT_HEADER;
        while at < segment.len() {
            let Some(message) = message(segment, at, number) else {
                // Damaged, or the end: the next message may begin at any byte.
                at += 1;
                continue;
            };
            number = Some(message.segment);
            let position = message.segment.saturating_mul(SEGMENT as u64) + at as u64;
            match message.kind {
                PAGE => {
                    if let Some((prefix, leaf)) = page(message.body) {
                        let known = prefixes.entry(message.page).or_default();
                        known.insert(position, prefix.clone());
                        pages.push((position, prefix, leaf));
                    }
                }
                LINK => {
                    if let Some((key, value)) = link(message.body) {
                        links.push((message.page, position, key, value));
                    }
                }
                _ => {}
            }
            at += message.length;
        }
    }
    links.sort_unstable_by_key(|(_, position, ..)| std::cmp::Reverse(*position));
    pages.sort_unstable_by_key(|(position, ..)| std::cmp::Reverse(*position));
    for (page, position, key, value) in &links {
        let known = prefixes.get(page);
        let before = known.and_then(|known| known.range(..position).next_back());
        let with = |prefix: &[u8]| [prefix, key].concat();
        add(records, with(before.map_or(&[], |(_, prefix)| prefix)), value);
    }
    for (_, prefix, leaf) in &pages {
        leaf_entries(leaf, |key, value| add(records, [prefix, key].concat(), value));
    }
    // The page that tells a prefix may be lost: any that it ever had may be meant.
    for (page, _, key, value) in &links {
        let others: BTreeSet<&Vec<u8>> =
            prefixes.get(page).into_iter().flat_map(BTreeMap::values).collect();
        for prefix in others {
            add(records, [prefix, *key].concat(), value);
        }
    }
}

fn segment_number(segment: &[u8]) -> Option<u64> {
    let header = segment.get(..SEGMENT_HEADER)?;
    let (checksum, rest) = header.split_first_chunk::<4>()?;
    let position = u64::from_le_bytes(*rest.first_chunk::<8>()?) ^ MASK;
    (crc32fast::hash(rest) ^ u32::MAX == u32::from_le_bytes(*checksum))
        .then_some(position / SEGMENT as u64)
}

/// The message at a byte of a segment, if it is whole.
fn message(segment: &[u8], at: usize, number: Option<u64>) -> Option<Message<'_>> {
    let bytes = segment.get(at..)?;
    let (checksum, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, mut rest) = rest.split_first()?;
    if *kind == 0 || *kind > LAST_KIND {
        return None;
    }
    let length = usize::try_from(varint(&mut rest)?).ok()?;
    let of_segment = varint(&mut rest)?;
    let page = varint(&mut rest)?;
    if number.map_or(length > SHORT, |number| number != of_segment) {
        return None;
    }
    let header = bytes.get(4..bytes.len() - rest.len())?;
    let body = rest.get(..length)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(header);
    (hasher.finalize() ^ u32::MAX == u32::from_le_bytes(*checksum)).then_some(Message {
        kind: *kind,
        page,
        segment: of_segment,
        body,
        length: 4 + header.len() + length,
    })
}

/// The prefix of a page's keys and its leaf; nothing for a page of another kind.
fn page(body: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = body;
    varint(&mut rest)?;
    varint(&mut rest)?;
    let ([_merging, prefix], after) = rest.split_first_chunk::<2>()?;
    rest = after;
    let least = text(&mut rest)?;
    text(&mut rest)?;
    let (kind, rest) = rest.split_first()?;
    let prefix = least.get(..usize::from(*prefix))?;
    (*kind == 0).then(|| (prefix.to_vec(), rest))
}

/// Calls `take` with each key and value of a leaf.
fn leaf_entries(leaf: &[u8], mut take: impl FnMut(&[u8], &[u8])) {
    let mut rest = leaf;
    let Some(count) = varint(&mut rest) else { return };
    let keys: Vec<&[u8]> = (0..count).map_while(|_| text(&mut rest)).collect();
    for key in keys {
        let Some(value) = text(&mut rest) else { return };
        take(key, value);
    }
}

/// What a change of a page sets; nothing where it does anything else.
fn link(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (kind, mut rest) = body.split_first()?;
    let key = (*kind == 0).then(|| text(&mut rest)).flatten()?;
    Some((key, text(&mut rest)?))
}

/// Takes bytes after their length.
fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(bytes)?).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

/// Where pages of redb begin, in bytes.
const REDB_PAGE: usize = 4096;
/// The first byte of a leaf.
const REDB_LEAF: u8 = 1;

/// Finds the records in redb's file: every page that looks like a leaf of keys and values of any length.
fn scan_redb(file: &[u8], records: &mut Records) {
    for at in (0..file.len()).step_by(REDB_PAGE).rev() {
        let page = file.get(at..).unwrap_or_default();
        for (key, value) in redb_leaf(page) {
            add(records, key.to_vec(), value);
        }
    }
}

/// The entries of a leaf: its number of pairs, where each key ends, where each value ends, keys, values.
fn redb_leaf(page: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut found = Vec::new();
    let Some([REDB_LEAF, _, low, high]) = page.first_chunk::<4>() else { return found };
    let pairs = usize::from(u16::from_le_bytes([*low, *high]));
    let end = |number: usize| {
        let bytes = page.get(4 + 4 * number..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let keys = 4 + 8 * pairs;
    for pair in 0..pairs {
        let key = if pair == 0 { Some(keys) } else { end(pair - 1) };
        let value = if pair == 0 { end(pairs - 1) } else { end(pairs + pair - 1) };
        let key = key.zip(end(pair)).and_then(|(from, to)| page.get(from..to));
        let value = value.zip(end(pairs + pair)).and_then(|(from, to)| page.get(from..to));
        found.extend(key.zip(value).filter(|(key, _)| !key.is_empty()));
    }
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::storage::Batch;
    use crate::storage::ENGINES;

    use super::*;

    #[test]
    fn a_scan_finds_every_record_and_most_of_them_beyond_any_damage() {
        for engine in ENGINES.iter().filter(|engine| engine.durable) {
            let folder = tempfile::tempdir().unwrap();
            let opened = (engine.open)(folder.path()).unwrap();
            for number in 0..300_u64 {
                let mut batch = Batch::new();
                batch.put(number.to_be_bytes(), vec![number as u8; 100]);
                opened.bytes.apply(batch).unwrap();
            }
            opened.bytes.sync().unwrap();
            drop(opened);
            let found = |from: u64| {
                let records = salvage(folder.path()).unwrap().0.records;
                let whole = |number: &u64| {
                    let found = records.get(&number.to_be_bytes()[..]);
                    found.is_some_and(|found| found.contains(&vec![*number as u8; 100]))
                };
                (from..300).filter(whole).count()
            };
            assert_eq!(found(0), 300, "{}", engine.name);
            let path = folder.path().join(engine.folder).join("db");
            let whole = fs::read(&path).unwrap();
            let written = whole.iter().rposition(|byte| *byte != 0).unwrap();
            for part in 1..10 {
                let mut damaged = whole.clone();
                damaged[written * part / 10] ^= 4;
                fs::write(&path, damaged).unwrap();
                let left = found(0);
                assert!(left >= 250, "{}: {left} after damage at {part}", engine.name);
            }
        }
    }
}
