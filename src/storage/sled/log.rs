//! What sled's one file of data says of itself, read without sled.
//!
//! Owns the layout of sled 0.34's log. The file is a row of segments of equal length. Each begins with a header that has its
//! place in the order of writing, the position of its first byte; messages follow, each with a checksum, until a cap, zeros or
//! the end. A segment whose pages were all written anew elsewhere is used again with a later position.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;

/// The length of a segment, in bytes.
pub(super) const SEGMENT: u64 = 512 * 1024;
/// The length of a segment's header, in bytes.
const HEADER: usize = 20;
/// What is left at the end of a segment holds no message if it is not longer than this.
const SHORTEST: u64 = 32;
/// How positions in headers are hidden.
const MASK: u64 = 0x7FFF_FFFF_FFFF_FFFF;

/// The kind of a message that was given up.
const CANCELED: u8 = 1;
/// The kind of a message that ends its segment.
const CAP: u8 = 2;
/// The kind of a message that says where the batch ends which begins with it.
const BATCH: u8 = 3;
/// The kinds of messages that add to a page; all others replace it.
const LINKS: [u8; 2] = [10, 11];
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
        let header = if read == HEADER { decode_header(&bytes) } else { None };
        found.push(header.map(|header| header.begin));
    }
    Ok(found)
}

/// What a segment begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Header {
    /// The position of its first byte.
    begin: u64,
    /// A position up to which all was durable when it was begun.
    stable: u64,
}

fn decode_header(bytes: &[u8; HEADER]) -> Option<Header> {
    let (checksum, rest) = bytes.split_first_chunk::<4>()?;
    let (begin, stable) = rest.split_first_chunk::<8>()?;
    let unmask = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes) ^ MASK;
    let whole = crc32fast::hash(rest) ^ u32::MAX == u32::from_le_bytes(*checksum);
    // Before the first byte is written all is durable that comes before: none.
    let stable = i64::try_from(unmask(stable.first_chunk()?)).map_or(0, i64::cast_unsigned);
    whole.then(|| Header { begin: unmask(begin), stable })
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
    if header.map(|header| header.begin) != Some(first) {
        let earlier = header.is_some() || bytes.iter().all(|byte| *byte == 0);
        return Ok(if earlier { Reach::Short } else { Reach::Damaged(active) });
    }
    let mut at = HEADER;
    let wanted = (position - first) as usize;
    while at < wanted {
        match message(&bytes, at, position / SEGMENT) {
            Some(message) if message.kind != CAP => at += message.length,
            _ => {
                let until = wanted.min(bytes.len());
                let nothing = bytes.get(at..until).is_none_or(|rest| rest.iter().all(|b| *b == 0));
                return Ok(if nothing { Reach::Short } else { Reach::Damaged(active + at as u64) });
            }
        }
    }
    Ok(if at == wanted { Reach::Through } else { Reach::Damaged(active + at as u64) })
}

/// A message of the log.
struct Message<'a> {
    kind: u8,
    page: u64,
    body: &'a [u8],
    /// Header and all.
    length: usize,
}

/// The message that begins at a byte of a segment, if it is whole.
fn message(segment: &[u8], at: usize, number: u64) -> Option<Message<'_>> {
    let bytes = segment.get(at..)?;
    let (checksum, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, mut rest) = rest.split_first()?;
    if *kind == NOTHING || *kind > LAST_KIND {
        return None;
    }
    let body = varint(&mut rest)?;
    let within = varint(&mut rest)?;
    let page = varint(&mut rest)?;
    let header = bytes.get(4..bytes.len() - rest.len())?;
    let body = rest.get(..usize::try_from(body).ok()?)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(header);
    let whole = hasher.finalize() ^ u32::MAX == u32::from_le_bytes(*checksum);
    let length = 4 + header.len() + body.len();
    (whole && within == number).then_some(Message { kind: *kind, page, body, length })
}

/// What sled finds in a log that it can read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The position at which it goes on; nothing where it finds nothing after the position from which on it reads.
    pub(super) end: Option<u64>,
    /// The segments that hold what is not written anew elsewhere: where each lies in the file, and the position it begins with.
    pub(super) live: BTreeMap<usize, u64>,
}

/// Reads a log as sled does from a position on, which is that of its snapshot.
pub(super) fn find(log: &[u8], from: u64) -> Found {
    let first = from / SEGMENT * SEGMENT;
    let mut begins = BTreeMap::new();
    let mut stable = first;
    for at in (0..log.len()).step_by(SEGMENT as usize) {
        let header = log.get(at..).and_then(<[u8]>::first_chunk::<HEADER>).and_then(decode_header);
        if let Some(header) = header.filter(|header| header.begin >= first) {
            begins.insert(header.begin, at);
            stable = stable.max(header.stable);
        }
    }
    // Segments that may not have been durable count as far as they join up.
    let mut expected = stable / SEGMENT * SEGMENT;
    let mut limit = None;
    let mut tail = BTreeMap::new();
    for (begin, at) in begins.range(expected..) {
        if *begin != expected {
            limit = Some(expected);
            break;
        }
        tail.insert(*begin, *at);
        expected += SEGMENT;
    }
    let Some(last) =
        walk(log, &tail, limit, false, |_, _, _| {}).and_then(|end| end.checked_sub(1))
    else {
        return Found { end: None, live: BTreeMap::new() };
    };
    let mut pages: HashMap<u64, Vec<(usize, u64)>> = HashMap::new();
    let end = walk(log, &begins, Some(last), true, |position, at, message| {
        if position >= from {
            let places = pages.entry(message.page).or_default();
            if !LINKS.contains(&message.kind) {
                places.clear();
            }
            places.push((at, position / SEGMENT * SEGMENT));
        }
    });
    let end = end.map(|end| {
        let next = (end / SEGMENT + 1) * SEGMENT;
        if next - end <= SHORTEST { next } else { end }
    });
    Found { end, live: pages.into_values().flatten().collect() }
}

/// Visits the messages of segments in their order, with the position and the segment of each, and says where it ended.
/// Nothing after `limit` counts, and no batch whose end is after it. What is no message ends a segment, or all.
fn walk(
    log: &[u8],
    segments: &BTreeMap<u64, usize>,
    limit: Option<u64>,
    goes_on: bool,
    mut visit: impl FnMut(u64, usize, &Message<'_>),
) -> Option<u64> {
    let beyond = |position: u64| limit.is_some_and(|limit| position > limit);
    let mut end = None;
    for (begin, at) in segments {
        if beyond(*begin) {
            break;
        }
        let until = log.len().min(at + SEGMENT as usize);
        let segment = log.get(*at..until).unwrap_or_default();
        let mut within = HEADER;
        loop {
            let position = begin + within as u64;
            end = Some(position);
            if within as u64 + SHORTEST > SEGMENT {
                break;
            }
            if beyond(position) {
                return end;
            }
            match message(segment, within, begin / SEGMENT) {
                Some(message) if message.kind == CAP => break,
                Some(message) => {
                    if message.kind == BATCH {
                        let last = message.body.first_chunk().map(|last| u64::from_le_bytes(*last));
                        if last.is_none_or(beyond) {
                            return end;
                        }
                    } else if message.kind != CANCELED {
                        visit(position, *at, &message);
                    }
                    within += message.length;
                }
                None if goes_on => break,
                None => return end,
            }
        }
    }
    end
}

/// Takes one of sled's numbers of one to nine bytes.
pub(crate) fn varint(bytes: &mut &[u8]) -> Option<u64> {
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
