//! What sled's one file of data says of itself, read without sled.
//!
//! Owns the layout of sled 0.34's log. The file is a row of segments of equal length. Each begins with a header that has its
//! place in the order of writing, the position of its first byte; messages follow, each with a checksum, until a cap, zeros or
//! the end. A segment whose pages were all written anew elsewhere is used again with a later position.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

/// The length of a segment, in bytes.
pub(super) const SEGMENT: u64 = 512 * 1024;
/// The length of a segment's header, in bytes.
const HEADER: usize = 20;
/// How positions in headers are hidden.
const MASK: u64 = 0x7FFF_FFFF_FFFF_FFFF;

/// The kind of a message that ends its segment.
const CAP: u8 = 2;
/// The kind of no message: what sled writes over what it drops.
const NOTHING: u8 = 0;
const LAST_KIND: u8 = 11;

/// Where a log reaches that was asked for a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the position, and a message ends there.
    Through,
    /// Not so far: from some earlier position on there is nothing.
    Short,
    /// Something that is no message lies before the position, at this byte of the file.
    Damaged(u64),
}

/// The positions that the segments of a file begin with, by their place in it; nothing where no header is whole.
pub(super) fn segments(file: &mut File) -> io::Result<Vec<Option<u64>>> {
    let length = file.metadata()?.len();
    let mut found = Vec::new();
    for at in (0..length).step_by(SEGMENT as usize) {
        let mut bytes = [0; HEADER];
        let read = read_at(file, at, &mut bytes)?;
        found.push((read == HEADER).then(|| decode_header(&bytes)).flatten());
    }
    Ok(found)
}

fn decode_header(bytes: &[u8; HEADER]) -> Option<u64> {
    let (checksum, rest) = bytes.split_first_chunk::<4>()?;
    let (position, _) = rest.split_first_chunk::<8>()?;
    (crc32fast::hash(rest) ^ u32::MAX == u32::from_le_bytes(*checksum))
        .then(|| u64::from_le_bytes(*position) ^ MASK)
}

/// Whether the log reaches a position, `active` being where in the file the segment begins that holds it, if one was begun.
pub(super) fn reach(file: &mut File, position: u64, active: Option<u64>) -> io::Result<Reach> {
    let begins = segments(file)?;
    // A segment that begins there or later was begun after all that lies before.
    if position == 0 || begins.iter().flatten().any(|begin| *begin > position) {
        return Ok(Reach::Through);
    }
    let Some(active) = active else {
        let before = begins.iter().flatten().any(|begin| begin + SEGMENT == position);
        let through = before || begins.contains(&Some(position));
        return Ok(if through { Reach::Through } else { Reach::Short });
    };
    let mut bytes = vec![0; SEGMENT as usize];
    let read = read_at(file, active, &mut bytes)?;
    bytes.truncate(read);
    let first = position / SEGMENT * SEGMENT;
    let header = bytes.first_chunk::<HEADER>().and_then(decode_header);
    if header != Some(first) {
        let earlier = header.is_some() || bytes.iter().all(|byte| *byte == 0);
        return Ok(if earlier { Reach::Short } else { Reach::Damaged(active) });
    }
    let mut at = HEADER;
    let wanted = (position - first) as usize;
    while at < wanted {
        match message(&bytes, at, position / SEGMENT) {
            Some(length) => at += length,
            None => {
                let until = wanted.min(bytes.len());
                let nothing = bytes.get(at..until).is_none_or(|rest| rest.iter().all(|b| *b == 0));
                return Ok(if nothing { Reach::Short } else { Reach::Damaged(active + at as u64) });
            }
        }
    }
    Ok(if at == wanted { Reach::Through } else { Reach::Damaged(active + at as u64) })
}

/// The length of the message that begins at a byte of a segment, header and all, if it is whole.
fn message(segment: &[u8], at: usize, number: u64) -> Option<usize> {
    let bytes = segment.get(at..)?;
    let (checksum, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, mut rest) = rest.split_first()?;
    if *kind == NOTHING || *kind == CAP || *kind > LAST_KIND {
        return None;
    }
    let body = varint(&mut rest)?;
    let of_segment = varint(&mut rest)?;
    let _page = varint(&mut rest)?;
    let header = bytes.get(4..bytes.len() - rest.len())?;
    let body = rest.get(..usize::try_from(body).ok()?)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(header);
    let whole = hasher.finalize() ^ u32::MAX == u32::from_le_bytes(*checksum);
    (whole && of_segment == number).then_some(4 + header.len() + body.len())
}

/// Takes one of sled's numbers of one to nine bytes.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let (first, rest) = bytes.split_first()?;
    let taken = match *first {
        0..=240 => 0,
        241..=248 => 1,
        249 => 2,
        more => usize::from(more) - 247,
    };
    let (taken, rest) = rest.split_at_checked(taken)?;
    *bytes = rest;
    Some(match (*first, taken) {
        (0..=240, _) => u64::from(*first),
        (241..=248, [low]) => 240 + 256 * (u64::from(*first) - 241) + u64::from(*low),
        (249, [high, low]) => 2288 + 256 * u64::from(*high) + u64::from(*low),
        _ => taken.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    })
}

/// Fills as much of a buffer as the file has from a byte on.
fn read_at(file: &mut File, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(at))?;
    let mut read = 0;
    while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}
