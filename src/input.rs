//! Files as streams of text, for imports and for LOAD CSV: unpacked where they begin as gzip or Zstandard do, whatever
//! their names, and without the mark that some programs put before UTF-8.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Cursor;
use std::io::Read;

use ruzstd::decoding::FrameDecoder;
use ruzstd::decoding::StreamingDecoder;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// How files begin that are no text, and what they are.
const UNREADABLE: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\xfd7zXZ\0", "packed by xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"\x04\x22\x4d\x18", "packed by lz4"),
    (b"\xff\x06\0\0sNaPpY", "packed by Snappy"),
    (b"\x1f\x9d", "packed by compress"),
    (b"PAR1", "a Parquet file"),
];
/// The begin of a bzip2 file is text, but for a digit in it and what follows.
const BZIP2: (&[u8], &[u8]) = (b"BZh", &[0x31, 0x41, 0x59, 0x26, 0x53, 0x59]);
/// As much as tells what a file is.
const BEGIN: u64 = 10;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How much is unpacked at once, in bytes.
const BUFFER: usize = 1 << 18;

type Reader = Box<dyn Read + Send>;

/// The text of a file: unpacked, and without a byte-order mark. The error says what else the file is.
pub(crate) fn text(file: impl Read + Send + 'static) -> io::Result<Reader> {
    let mut text = unpacked(file)?;
    let mut begin = Vec::new();
    (&mut text).take(4).read_to_end(&mut begin)?;
    if begin.starts_with(BYTE_ORDER_MARK) {
        begin.drain(..BYTE_ORDER_MARK.len());
    } else if is_utf_16(&begin) {
        return Err(unreadable("text in UTF-16", "Convert it to UTF-8"));
    }
    Ok(Box::new(Cursor::new(begin).chain(text)))
}

fn unpacked(mut file: impl Read + Send + 'static) -> io::Result<Reader> {
    let mut begin = Vec::new();
    (&mut file).take(BEGIN).read_to_end(&mut begin)?;
    let other = UNREADABLE.iter().find(|(magic, _)| begin.starts_with(magic));
    let is_bzip2 = begin.starts_with(BZIP2.0) && begin.get(4..) == Some(BZIP2.1);
    if let Some((_, what)) = other.or(is_bzip2.then_some(&(BZIP2.0, "packed by bzip2"))) {
        return Err(unreadable(what, "Unpack it, or pack it by gzip or Zstandard"));
    }
    let whole = Cursor::new(begin.clone()).chain(file);
    Ok(if begin.starts_with(GZIP) {
        Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(BUFFER, whole)))
    } else if begin.starts_with(ZSTANDARD) || is_skippable(&begin) {
        Box::new(Frames { source: Some(BufReader::with_capacity(BUFFER, whole)), frame: None })
    } else {
        Box::new(whole)
    })
}

fn unreadable(what: &str, way_out: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it is {what}. {way_out}"))
}

/// Whether text begins with the mark of UTF-16 or UTF-32, or with two characters of UTF-16 that ASCII has, too.
fn is_utf_16(begin: &[u8]) -> bool {
    match begin {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [a, b, c, d] => [*a == 0, *b == 0] == [*c == 0, *d == 0] && (*a == 0) != (*b == 0),
        _ => false,
    }
}

/// Zstandard, whose files may be of several frames.
struct Frames<R: Read> {
    /// What is behind the frame, while none is being read.
    source: Option<BufReader<R>>,
    frame: Option<StreamingDecoder<BufReader<R>, FrameDecoder>>,
}

impl<R: Read> Frames<R> {
    /// Begins the next frame that holds data; nothing at the end.
    fn begin(&mut self) -> io::Result<Option<&mut StreamingDecoder<BufReader<R>, FrameDecoder>>> {
        let Some(mut source) = self.source.take() else { return Ok(self.frame.as_mut()) };
        loop {
            let begin = source.fill_buf()?;
            let [first, ..] = begin else { return Ok(None) };
            if first & 0xf0 != 0x50 {
                break;
            }
            let mut header = [0; 8];
            source.read_exact(&mut header)?;
            let [a, b, c, d, length @ ..] = header;
            if !is_skippable(&[a, b, c, d]) {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "no Zstandard frame"));
            }
            let length = u64::from(u32::from_le_bytes(length));
            if io::copy(&mut (&mut source).take(length), &mut io::sink())? != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let frame = StreamingDecoder::new(source).map_err(io::Error::other)?;
        Ok(Some(self.frame.insert(frame)))
    }
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(frame) = self.begin()? else { return Ok(0) };
            let count = frame.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.source = self.frame.take().map(StreamingDecoder::into_inner);
        }
    }
}

/// Whether a frame begins so that holds no data.
fn is_skippable(begin: &[u8]) -> bool {
    matches!(begin, [a, rest @ ..] if a & 0xf0 == 0x50 && rest.starts_with(&[0x2a, 0x4d, 0x18]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_says_what_it_is() {
        let read = |bytes: &'static [u8]| {
            let mut found = String::new();
            text(bytes).and_then(|mut text| text.read_to_string(&mut found)).map(|_| found)
        };
        let cases: &[(&'static [u8], Result<&str, &str>)] = &[
            (b"", Ok("")),
            (b"\xef\xbb\xbf", Ok("")),
            (b"\xef\xbb\xbfid", Ok("id")),
            (b"a\0,b", Ok("a\0,b")),
            (b"BZh,id\n1,2,3", Ok("BZh,id\n1,2,3")),
            (b"PK,id", Ok("PK,id")),
            (b"\xff\xfei\0d\0", Err("UTF-16")),
            (b"\xfe\xff\0i\0d", Err("UTF-16")),
            (b"i\0d\0", Err("UTF-16")),
            (b"\0i\0d", Err("UTF-16")),
            (b"PK\x03\x04rest", Err("zip")),
            (b"\xfd7zXZ\0rest", Err("xz")),
            (b"BZh91AY&SYrest", Err("bzip2")),
            (b"\x04\x22\x4d\x18rest", Err("lz4")),
            (b"PAR1rest", Err("Parquet")),
            (b"\x1f\x8bno gzip", Err("")),
        ];
        for (bytes, expected) in cases {
            match (read(bytes), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, *expected),
                (Err(error), Err(what)) => assert!(error.to_string().contains(what), "{error}"),
                (found, expected) => panic!("{bytes:?}: {found:?}, and not {expected:?}"),
            }
        }
    }
}
