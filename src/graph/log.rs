//! The log: each commit as one record under the next number, in pieces where it is large.
//!
//! Owns the format of commit records. A record carries its number, its time and a checksum; numbers have no
//! gaps, so that a lost record is noticed. What is damaged is named and never read as data.

use std::io;
use std::io::Read;

use serde::de::DeserializeOwned;

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

/// Reads all commits after `covered` in order, and gives the changes of each one by one: those of a large commit are never
/// in memory all at once. Says the last number and the bytes that the commits take.
pub(super) fn replay(
    bytes: &dyn OrderedBytes,
    covered: u64,
    mut take: impl FnMut(u64, &mut Changes<'_>) -> Result<()>,
) -> Result<(u64, u64)> {
    let mut size = 0;
    let last = each_record(bytes, covered, |sequence, record| {
        let mut changes = Changes::of(bytes, sequence, record)?;
        take(sequence, &mut changes)?;
        size += HEADER as u64 + changes.length;
        changes.end()
    })?;
    Ok((last, size))
}

/// Holds all commits after `covered` against their checksums, and says the last number.
pub(super) fn last(bytes: &dyn OrderedBytes, covered: u64) -> Result<u64> {
    each_record(bytes, covered, |sequence, record| Changes::of(bytes, sequence, record).map(drop))
}

/// Gives the records of all commits after `covered` in order, and says the last number.
fn each_record(
    bytes: &dyn OrderedBytes,
    covered: u64,
    mut take: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<u64> {
    let mut last = covered;
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
            take(sequence, &record)?;
            last = sequence;
        }
        if found < RECORDS_PER_SCAN {
            return Ok(last);
        }
    }
}

/// The payload of a commit, read from its record or piece by piece.
struct Payload<'a> {
    bytes: &'a dyn OrderedBytes,
    sequence: u64,
    pieces: std::ops::Range<u32>,
    /// The piece that is read now, and how much of it was read.
    piece: Vec<u8>,
    at: usize,
    /// What went wrong in the engine: a reader can only say that something did.
    error: Option<Error>,
}

impl Payload<'_> {
    /// What was not read yet of the piece that is read now, which is the next one where there is one.
    fn rest(&mut self) -> Result<&[u8]> {
        while self.at == self.piece.len()
            && let Some(number) = self.pieces.next()
        {
            let piece = self.bytes.get(&keys::piece(self.sequence, number))?;
            self.piece = piece
                .ok_or_else(|| damaged(self.sequence, &format!("its piece {number} is missing")))?;
            self.at = 0;
        }
        Ok(self.piece.get(self.at..).unwrap_or(&[]))
    }
}

impl Read for Payload<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.rest() {
            Ok(rest) => {
                let length = rest.len().min(buffer.len());
                buffer.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                self.at += length;
                Ok(length)
            }
            Err(error) => {
                self.error = Some(error);
                Err(io::ErrorKind::Other.into())
            }
        }
    }
}

/// The changes of a commit, whose checksum was right, one after the other.
pub(super) struct Changes<'a> {
    payload: Payload<'a>,
    left: u64,
    /// Bytes of all of them.
    length: u64,
}

impl<'a> Changes<'a> {
    /// Those that a record holds, or its pieces.
    fn of(bytes: &'a dyn OrderedBytes, sequence: u64, record: &[u8]) -> Result<Self> {
        let (header, rest) = Header::decode(sequence, record)?;
        let payload = || Payload {
            bytes,
            sequence,
            pieces: 0..header.pieces,
            piece: rest.to_vec(),
            at: 0,
            error: None,
        };
        // Before any of it is read as data.
        let (mut all, mut checksum, mut length) = (payload(), crc32fast::Hasher::new(), 0);
        loop {
            let piece = all.rest()?;
            if piece.is_empty() {
                break;
            }
            checksum.update(piece);
            let read = piece.len();
            length += read as u64;
            all.at += read;
        }
        if length != header.length || checksum.finalize() != header.checksum {
            return Err(damaged(sequence, "its checksum is wrong"));
        }
        let mut changes = Self { payload: payload(), left: 0, length };
        changes.left = changes.read()?;
        Ok(changes)
    }

    fn read<T: DeserializeOwned>(&mut self) -> Result<T> {
        let Self { payload, length, .. } = self;
        encoding::read(payload, *length).ok_or_else(|| {
            let error = payload.error.take();
            error.unwrap_or_else(|| damaged(payload.sequence, "it makes no sense"))
        })
    }

    /// Refuses what follows the last change, or changes that were not taken.
    fn end(&mut self) -> Result<()> {
        if self.left == 0 && self.payload.rest()?.is_empty() {
            return Ok(());
        }
        Err(damaged(self.payload.sequence, "it makes no sense"))
    }
}

impl Iterator for Changes<'_> {
    type Item = Result<Change>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(self.read())
    }
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
