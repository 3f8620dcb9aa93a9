//! The keys of the graph's records in the ordered bytes.
//!
//! One letter says what a record is; numbers are big-endian, so that the order of keys is theirs.

/// The root record: names the catalog that counts.
pub(super) const ROOT: &[u8] = b"R";

/// The first letter of the keys of commit records.
pub(super) const COMMITS: u8 = b'L';
/// The first letter of the keys of pieces of large commits.
pub(super) const PIECES: u8 = b'P';
/// The first letter of the keys of pieces of catalogs.
pub(super) const CATALOGS: u8 = b'C';

/// The record of a commit.
pub(super) fn commit(sequence: u64) -> Vec<u8> {
    numbered(COMMITS, sequence)
}

/// A piece of a commit that is too large for one record.
pub(super) fn piece(sequence: u64, piece: u32) -> Vec<u8> {
    let mut key = numbered(PIECES, sequence);
    key.extend_from_slice(&piece.to_be_bytes());
    key
}

/// A piece of the catalog of a checkpoint.
pub(super) fn catalog(generation: u64, piece: u32) -> Vec<u8> {
    let mut key = numbered(CATALOGS, generation);
    key.extend_from_slice(&piece.to_be_bytes());
    key
}

/// The first key of a letter and number; also a bound for scans.
pub(super) fn numbered(letter: u8, number: u64) -> Vec<u8> {
    let mut key = vec![letter];
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// The number in a key of this letter.
pub(super) fn number(letter: u8, key: &[u8]) -> Option<u64> {
    let (first, rest) = key.split_first()?;
    let (number, _) = rest.split_first_chunk()?;
    (*first == letter).then(|| u64::from_be_bytes(*number))
}

/// The key after all keys of a letter.
pub(super) fn after(letter: u8) -> [u8; 1] {
    [letter + 1]
}
