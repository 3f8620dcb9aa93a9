//! The log: each commit as one record under the next number, in pieces where it is large.
//!
//! Owns the format of commit records. A record carries its number, its time and a checksum; numbers have no
//! gaps, so that a lost record is noticed. What is damaged is named and never read as data.

use crate::error::Error;
use crate::error::Result;
use crate::storage::Batch;
use crate::storage::MAX_VALUE;
use crate::storage::OrderedBytes;

use super::change::Change;
use super::encoding;
use super::keys;

/// The version of the format of commit records. Changes of many entities at once came with 2.
const VERSION: u8 = 2;
/// The oldest version that is read.
const OLDEST: u8 = 1;
/// Version, number, time, pieces, length and checksum of the payload, checksum of the header.
const HEADER: usize = 1 + 8 + 8 + 4 + 8 + 4 + 4;
/// Pieces per batch while a large commit is written.
const PIECES_PER_BATCH: usize = 256;
/// How many ways to put together pieces are tried, where there are several of one.
const CHOICES: usize = 256;
/// Records read from the log at a time.
const RECORDS_PER_SCAN: usize = 1024;

/// The header of a commit record. The payload follows it, or lies in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    sequence: u64,
    /// Microseconds since 1970 UTC.
    time: i64,
    pieces: u32,
    length: u64,
    checksum: u32,
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.sequence.to_le_bytes());
        bytes.extend_from_slice(&self.time.to_le_bytes());
        bytes.extend_from_slice(&self.pieces.to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&self.checksum.to_le_bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The whole payload from what follows the header, or from pieces, of each of which there may be several; nothing where the
    /// checksum is wrong.
    pub(super) fn payload<'a>(
        &self,
        inline: &'a [u8],
        pieces: impl Fn(u32) -> &'a [Vec<u8>],
    ) -> Option<Vec<u8>> {
        let whole = |payload: &[u8]| {
            payload.len() as u64 == self.length && crc32fast::hash(payload) == self.checksum
        };
        if self.pieces == 0 {
            return whole(inline).then(|| inline.to_vec());
        }
        // Which of several is taken, counted from the last piece on.
        for mut choice in 0..CHOICES {
            let mut payload = inline.to_vec();
            for number in 0..self.pieces {
                let found = pieces(number);
                let taken = found.get(choice.checked_rem(found.len())?)?;
                choice /= found.len();
                payload.extend_from_slice(taken);
            }
            if whole(&payload) {
                return Some(payload);
            }
            if choice > 0 {
                break;
            }
        }
        None
    }

    /// The header and what follows it.
    pub(super) fn decode(sequence: u64, record: &[u8]) -> Result<(Self, &[u8])> {
        let damaged = |what| damaged(sequence, what);
        let (header, rest) =
            record.split_at_checked(HEADER).ok_or_else(|| damaged("it is cut short"))?;
        let mut at = header;
        let fields = (|| {
            let (covered, checksum) = header.split_last_chunk()?;
            if crc32fast::hash(covered) != u32::from_le_bytes(*checksum) {
                return None;
            }
            let version = take::<1>(&mut at)?[0];
            let header = Self {
                sequence: u64::from_le_bytes(take(&mut at)?),
                time: i64::from_le_bytes(take(&mut at)?),
                pieces: u32::from_le_bytes(take(&mut at)?),
                length: u64::from_le_bytes(take(&mut at)?),
                checksum: u32::from_le_bytes(take(&mut at)?),
            };
            Some((version, header))
        })();
        let (version, header) = fields.ok_or_else(|| damaged("its checksum is wrong"))?;
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(super::unknown_version("the log"));
        }
        if header.sequence != sequence {
            return Err(damaged("it carries another number"));
        }
        Ok((header, rest))
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

fn damaged(sequence: u64, what: &str) -> Error {
    Error::corruption(format!("the record of commit {sequence} is damaged: {what}"))
        .help("Restore the store from a copy.")
}

/// Writes a commit; visible when it returns, durable after the next sync. Says how many bytes it took.
pub(super) fn append(
    bytes: &dyn OrderedBytes,
    sequence: u64,
    time: i64,
    changes: &[Change],
) -> Result<u64> {
    let payload = encoding::encode(changes, "a commit")?;
    let mut header = Header {
        sequence,
        time,
        pieces: 0,
        length: payload.len() as u64,
        checksum: crc32fast::hash(&payload),
    };
    let mut inline = &payload[..];
    if HEADER + payload.len() > MAX_VALUE {
        let pieces: Vec<&[u8]> = payload.chunks(MAX_VALUE).collect();
        header.pieces = u32::try_from(pieces.len())
            .map_err(|_| Error::internal("a transaction is too large for one commit"))?;
        let mut number = 0;
        for group in pieces.chunks(PIECES_PER_BATCH) {
            let mut batch = Batch::new();
            for piece in group {
                batch.put(keys::piece(sequence, number), *piece);
                number += 1;
            }
            bytes.apply(batch)?;
        }
        // The record that makes them exist must never be there without them.
        bytes.sync()?;
        inline = &[];
    }
    let mut record = header.encode();
    record.extend_from_slice(inline);
    let mut batch = Batch::new();
    batch.put(keys::commit(sequence), record);
    bytes.apply(batch)?;
    Ok((HEADER + payload.len()) as u64)
}

/// Reads all commits after `covered` in order. Says the last number and the bytes they take.
pub(super) fn replay(
    bytes: &dyn OrderedBytes,
    covered: u64,
    mut take: impl FnMut(u64, &[Change]) -> Result<()>,
) -> Result<(u64, u64)> {
    let mut last = covered;
    let mut size = 0;
    loop {
        let mut records: Vec<(u64, Vec<u8>)> = Vec::new();
        let from = keys::commit(last.saturating_add(1));
        bytes.scan(&from, Some(&keys::after(keys::COMMITS)), &mut |key, record| {
            let number = keys::number(keys::COMMITS, key).filter(|_| key.len() == 9);
            let number = number.ok_or_else(|| {
                Error::corruption("the log holds a record under a key of no commit")
            })?;
            records.push((number, record.to_vec()));
            Ok(records.len() < RECORDS_PER_SCAN)
        })?;
        let found = records.len();
        for (sequence, record) in records {
            if last.checked_add(1) != Some(sequence) {
                return Err(Error::corruption(format!(
                    "the record of commit {} is missing from the log, while commit {sequence} is there",
                    last.saturating_add(1)
                ))
                .help("Restore the store from a copy."));
            }
            let payload = payload(bytes, sequence, &record)?;
            let changes = decode(&payload).ok_or_else(|| damaged(sequence, "it makes no sense"))?;
            take(sequence, &changes)?;
            size += (HEADER + payload.len()) as u64;
            last = sequence;
        }
        if found < RECORDS_PER_SCAN {
            return Ok((last, size));
        }
    }
}

fn payload(bytes: &dyn OrderedBytes, sequence: u64, record: &[u8]) -> Result<Vec<u8>> {
    let (header, rest) = Header::decode(sequence, record)?;
    let mut payload = rest.to_vec();
    for number in 0..header.pieces {
        let piece = bytes.get(&keys::piece(sequence, number))?;
        let piece =
            piece.ok_or_else(|| damaged(sequence, &format!("its piece {number} is missing")))?;
        payload.extend_from_slice(&piece);
    }
    if payload.len() as u64 != header.length || crc32fast::hash(&payload) != header.checksum {
        return Err(damaged(sequence, "its checksum is wrong"));
    }
    Ok(payload)
}

/// The changes that a payload holds.
pub(super) fn decode(payload: &[u8]) -> Option<Vec<Change>> {
    encoding::decode(payload)
}

/// Deletes the records of the commits up to and including `covered`.
pub(super) fn trim(bytes: &dyn OrderedBytes, covered: u64) -> Result<()> {
    for letter in [keys::COMMITS, keys::PIECES] {
        delete_range(bytes, vec![letter], &keys::numbered(letter, covered.saturating_add(1)))?;
    }
    Ok(())
}

/// Deletes the pieces of commits that never came to be, which are those after `last`.
pub(super) fn trim_unfinished(bytes: &dyn OrderedBytes, last: u64) -> Result<()> {
    let from = keys::numbered(keys::PIECES, last.saturating_add(1));
    delete_range(bytes, from, &keys::after(keys::PIECES))
}

/// Deletes what lies at `from` or after it, and before `until`.
pub(super) fn delete_range(
    bytes: &dyn OrderedBytes,
    mut from: Vec<u8>,
    until: &[u8],
) -> Result<()> {
    loop {
        let mut batch = Batch::new();
        let mut last = None;
        let mut left = RECORDS_PER_SCAN;
        bytes.scan(&from, Some(until), &mut |key, _| {
            batch.delete(key);
            last = Some(key.to_vec());
            left -= 1;
            Ok(left > 0)
        })?;
        match last {
            None => return Ok(()),
            Some(key) => from = key,
        }
        bytes.apply(batch)?;
        if left > 0 {
            return Ok(());
        }
    }
}
