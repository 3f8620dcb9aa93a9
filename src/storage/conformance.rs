//! What every engine must do, as cases over a way to open one.
//!
//! Owns the meaning of the storage traits as far as it can be run. A case gets a place of its own; opening the
//! place again, after everything of the first opening was dropped, is a restart. A case that fails says why
//! in its error.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::Barrier;
use std::thread;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::storage::Batch;
use crate::storage::MAX_KEY;
use crate::storage::MAX_VALUE;
use crate::storage::Opened;
use crate::storage::OrderedBytes;
use crate::storage::SegmentFiles;
use crate::storage::SegmentReader;

/// Opens a case's place, or opens it again.
pub type Open<'a> = &'a dyn Fn() -> Result<Opened>;

/// One behaviour.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What must hold, in a few words.
    pub name: &'static str,
    /// Checks it in an empty place.
    pub run: fn(Open<'_>) -> Result<()>,
}

/// What every [`OrderedBytes`] must do.
pub const ORDERED_BYTES: &[Case] = &[
    Case { name: "a new store is empty", run: new_is_empty },
    Case { name: "what is put is got", run: put_get },
    Case { name: "a batch replaces, deletes and keeps its order", run: batch_order },
    Case { name: "an empty batch and an empty key are allowed", run: empties },
    Case { name: "a scan is ascending and bounded", run: scan_bounds },
    Case { name: "a scan stops when told to, and on an error", run: scan_stops },
    Case { name: "a scan sees every key of a large store", run: scan_large },
    Case { name: "what is too large is refused and leaves the store as it was", run: too_large },
    Case { name: "the largest keys and values come back", run: largest },
    Case { name: "it agrees with a sorted map", run: agrees_with_model },
    Case { name: "what was synced is there after a restart", run: synced_survives },
    Case { name: "threads write and sync at the same time", run: concurrent_syncs },
    Case { name: "no reader sees half a batch in one get", run: batch_is_whole },
    Case { name: "the size grows with the content", run: size_grows },
];

/// What every [`SegmentFiles`] must do.
pub const SEGMENT_FILES: &[Case] = &[
    Case { name: "a finished file is read at any position", run: file_round_trip },
    Case { name: "a file exists from its finish on", run: file_exists_when_finished },
    Case { name: "a dropped writer leaves nothing", run: dropped_writer },
    Case { name: "a second file of the name replaces the first", run: file_replaced },
    Case { name: "a range beyond the end is damage", run: range_beyond_end },
    Case { name: "a missing file is damage", run: missing_file },
    Case { name: "a deleted file is gone, and deleting twice is no error", run: file_deleted },
    Case { name: "an open reader outlives the deletion", run: reader_outlives },
    Case { name: "names that could leave the folder are refused", run: bad_names },
    Case { name: "files are there after a restart", run: files_survive },
    Case { name: "many threads read one file", run: parallel_reads },
    Case { name: "a scratch file is no file of the store", run: scratch_files },
];

fn check(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::internal(format!("does not hold: {what}"))) }
}

fn expect<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T, what: &str) -> Result<()> {
    check(found == wanted, &format!("{what}: found {found:?}, wanted {wanted:?}"))
}

fn expect_error<T>(found: Result<T>, detail: Detail, what: &str) -> Result<()> {
    match found {
        Ok(_) => check(false, &format!("{what} gives an error")),
        Err(error) => expect(&error.kind(), &detail, what),
    }
}

/// A batch of changes.
fn batch(changes: &[(&[u8], Option<&[u8]>)]) -> Batch {
    let mut batch = Batch::new();
    for (key, value) in changes {
        match value {
            Some(value) => batch.put(*key, *value),
            None => batch.delete(*key),
        }
    }
    batch
}

type Entries = Vec<(Vec<u8>, Vec<u8>)>;

fn entries(bytes: &dyn OrderedBytes, from: &[u8], until: Option<&[u8]>) -> Result<Entries> {
    let mut found = Vec::new();
    bytes.scan(from, until, &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        Ok(true)
    })?;
    Ok(found)
}

fn keys(bytes: &dyn OrderedBytes, from: &[u8], until: Option<&[u8]>) -> Result<Vec<Vec<u8>>> {
    Ok(entries(bytes, from, until)?.into_iter().map(|(key, _)| key).collect())
}

fn new_is_empty(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    expect(&store.get(b"a")?, &None, "a get")?;
    expect(&entries(&*store, b"", None)?, &Vec::new(), "a scan")
}

fn put_get(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    store.apply(batch(&[(b"a", Some(b"1")), (b"b", Some(b""))]))?;
    expect(&store.get(b"a")?, &Some(b"1".to_vec()), "a value")?;
    expect(&store.get(b"b")?, &Some(Vec::new()), "an empty value")?;
    expect(&store.get(b"aa")?, &None, "an unknown key")
}

fn batch_order(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    store.apply(batch(&[(b"a", Some(b"1")), (b"b", Some(b"1")), (b"c", Some(b"1"))]))?;
    store.apply(batch(&[
        (b"a", Some(b"2")),
        (b"b", None),
        (b"c", None),
        (b"c", Some(b"3")),
        (b"d", Some(b"4")),
        (b"d", None),
        (b"never there", None),
    ]))?;
    let wanted = vec![(b"a".to_vec(), b"2".to_vec()), (b"c".to_vec(), b"3".to_vec())];
    expect(&entries(&*store, b"", None)?, &wanted, "the content")
}

fn empties(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    store.apply(Batch::new())?;
    store.sync()?;
    store.apply(batch(&[(b"", Some(b"nothing"))]))?;
    expect(&store.get(b"")?, &Some(b"nothing".to_vec()), "the empty key")?;
    expect(&keys(&*store, b"", None)?, &vec![Vec::new()], "a scan from the empty key")
}

fn scan_bounds(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    let all: [&[u8]; 6] = [b"a", b"a\x00", b"ab", b"b", b"b\xff", b"c"];
    for key in all.iter().rev() {
        store.apply(batch(&[(key, Some(key))]))?;
    }
    type Range = (&'static [u8], Option<&'static [u8]>, std::ops::Range<usize>);
    let cases: [Range; 9] = [
        (b"", None, 0..6),
        (b"a", Some(b"b"), 0..3),
        (b"a\x00", Some(b"b\x00"), 1..4),
        (b"ab", None, 2..6),
        (b"b", Some(b"c"), 3..5),
        (b"b", Some(b"b"), 0..0),
        (b"c", Some(b"a"), 0..0),
        (b"\xff", None, 0..0),
        (b"", Some(b""), 0..0),
    ];
    for (from, until, wanted) in cases {
        let wanted: Vec<Vec<u8>> =
            all.get(wanted).unwrap_or_default().iter().map(|key| key.to_vec()).collect();
        expect(&keys(&*store, from, until)?, &wanted, &format!("{from:?} until {until:?}"))?;
    }
    Ok(())
}

fn scan_stops(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    store.apply(batch(&[(b"a", Some(b"")), (b"b", Some(b"")), (b"c", Some(b""))]))?;
    let mut seen = 0;
    store.scan(b"", None, &mut |key, _| {
        seen += 1;
        Ok(key != b"b")
    })?;
    expect(&seen, &2, "keys visited")?;
    let stopped = store.scan(b"", None, &mut |_, _| Err(Error::corruption("enough")));
    expect_error(stopped, Detail::DamagedStore, "an error of the visitor")
}

/// Keys whose order of insertion is not their order.
fn scattered(number: u32) -> Vec<u8> {
    number.wrapping_mul(2_654_435_761).to_be_bytes().to_vec()
}

fn scan_large(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    for part in 0..20_u32 {
        let mut batch = Batch::new();
        for number in part * 250..(part + 1) * 250 {
            batch.put(scattered(number), number.to_be_bytes());
        }
        store.apply(batch)?;
    }
    let found = keys(&*store, b"", None)?;
    let mut wanted: Vec<Vec<u8>> = (0..5_000).map(scattered).collect();
    wanted.sort();
    check(found == wanted, "every key is visited once, ascending")
}

fn too_large(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    let mut large = batch(&[(b"a", Some(b"1"))]);
    large.put(*b"b", vec![0; MAX_VALUE + 1]);
    expect_error(store.apply(large), Detail::Defect, "a value that is too large")?;
    let mut long = batch(&[(b"a", Some(b"1"))]);
    long.put(vec![0; MAX_KEY + 1], *b"1");
    expect_error(store.apply(long), Detail::Defect, "a key that is too long")?;
    expect(&entries(&*store, b"", None)?, &Vec::new(), "the content")?;
    store.apply(batch(&[(b"a", Some(b"2"))]))?;
    store.sync()
}

fn largest(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    let make = |number: u8| (vec![number; MAX_KEY], vec![number; MAX_VALUE]);
    for number in 0..100 {
        let (key, value) = make(number);
        let mut batch = Batch::new();
        batch.put(key, value);
        store.apply(batch)?;
    }
    store.sync()?;
    check(entries(&*store, b"", None)? == (0..100).map(make).collect::<Entries>(), "all come back")
}

/// The next of a fixed row of numbers that look random.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn agrees_with_model(open: Open<'_>) -> Result<()> {
    let mut model = std::collections::BTreeMap::new();
    let mut state = 7;
    for _ in 0..3 {
        let store = open()?.bytes;
        for round in 0..60_u64 {
            let mut batch = Batch::new();
            for _ in 0..next(&mut state) % 40 {
                let key = (next(&mut state) % 300).to_be_bytes();
                if next(&mut state).is_multiple_of(3) {
                    batch.delete(key);
                    model.remove(key.as_slice());
                } else {
                    let length = usize::try_from(next(&mut state) % 300).unwrap_or(0);
                    let value = vec![u8::try_from(round).unwrap_or(0); length];
                    batch.put(key, value.clone());
                    model.insert(key.to_vec(), value);
                }
            }
            store.apply(batch)?;
            let from = (next(&mut state) % 300).to_be_bytes();
            let until = (next(&mut state) % 300).to_be_bytes();
            let wanted: Entries = if from < until {
                let range = model.range(from.to_vec()..until.to_vec());
                range.map(|(key, value)| (key.clone(), value.clone())).collect()
            } else {
                Vec::new()
            };
            check(entries(&*store, &from, Some(&until))? == wanted, "a scan agrees")?;
            check(store.get(&from)?.as_ref() == model.get(from.as_slice()), "a get agrees")?;
        }
        store.sync()?;
    }
    let wanted: Entries = model.into_iter().collect();
    check(entries(&*open()?.bytes, b"", None)? == wanted, "the content after restarts agrees")
}

fn synced_survives(open: Open<'_>) -> Result<()> {
    for round in 0..5_u8 {
        let store = open()?.bytes;
        for earlier in 0..round {
            expect(&store.get(&[earlier])?, &Some(vec![earlier; 100]), "what was synced")?;
        }
        let mut batch = Batch::new();
        batch.put(vec![round], vec![round; 100]);
        store.apply(batch)?;
        store.sync()?;
    }
    Ok(())
}

fn concurrent_syncs(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    let start = Barrier::new(8);
    let results: Vec<Result<()>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u8)
            .map(|number| {
                let (store, start) = (&store, &start);
                scope.spawn(move || {
                    start.wait();
                    for round in 0..10_u8 {
                        store.apply(batch(&[(&[number, round], Some(b"x"))]))?;
                        store.sync()?;
                    }
                    Ok(())
                })
            })
            .collect();
        let died = |_| Err(Error::internal("a thread panicked"));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(died)).collect()
    });
    results.into_iter().collect::<Result<()>>()?;
    drop(store);
    expect(&keys(&*open()?.bytes, b"", None)?.len(), &80, "keys after a restart")
}

fn batch_is_whole(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    store.apply(batch(&[(b"a", Some(&[0])), (b"z", Some(&[0]))]))?;
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..200_u8 {
                store.apply(batch(&[(b"a", Some(&[round])), (b"z", Some(&[round]))]))?;
            }
            Ok(())
        });
        let mut whole = true;
        while !writer.is_finished() {
            // What is read later is never older.
            let first = store.get(b"a")?;
            let second = store.get(b"z")?;
            whole &= second >= first;
        }
        check(whole, "a later read is never older than an earlier one")?;
        writer.join().unwrap_or_else(|_| Err(Error::internal("the writer panicked")))
    })
}

fn size_grows(open: Open<'_>) -> Result<()> {
    let store = open()?.bytes;
    let before = store.size_on_disk()?;
    for number in 0..600_u32 {
        let mut batch = Batch::new();
        batch.put(scattered(number), vec![1; 4000]);
        store.apply(batch)?;
    }
    store.sync()?;
    check(store.size_on_disk()? >= before + 1_200_000, "2.4 MB of content show in the size")
}

fn write(files: &dyn SegmentFiles, name: &str, parts: &[&[u8]]) -> Result<u64> {
    let mut writer = files.create(name)?;
    for part in parts {
        writer.write(part)?;
    }
    writer.finish()
}

fn file_round_trip(open: Open<'_>) -> Result<()> {
    let files = open()?.segments;
    expect(&write(&*files, "s-1.seg", &[b"abc", b"", b"defgh"])?, &8, "the length written")?;
    let reader = files.open("s-1.seg")?;
    expect(&reader.len(), &8, "the length found")?;
    let cases: [(u64, usize, &[u8]); 5] =
        [(0, 8, b"abcdefgh"), (2, 3, b"cde"), (7, 1, b"h"), (0, 0, b""), (8, 0, b"")];
    for (offset, length, wanted) in cases {
        expect(&reader.read_at(offset, length)?, &wanted.to_vec(), "what is read")?;
        let mut buffer = vec![0; length];
        reader.read_into(offset, &mut buffer)?;
        expect(&buffer, &wanted.to_vec(), "what is read into a buffer")?;
    }
    expect(&write(&*files, "empty", &[])?, &0, "the length of an empty file")?;
    expect(&files.open("empty")?.len(), &0, "the length found of an empty file")?;
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    write(&*files, "large", &[&large])?;
    check(files.open("large")?.read_at(0, large.len())? == large, "a large file comes back")
}

fn file_exists_when_finished(open: Open<'_>) -> Result<()> {
    let files = open()?.segments;
    let mut writer = files.create("a")?;
    writer.write(b"x")?;
    expect(&files.list()?, &Vec::new(), "files before the finish")?;
    expect_error(files.open("a"), Detail::DamagedStore, "opening an unfinished file")?;
    writer.finish()?;
    write(&*files, "0", &[b"y"])?;
    expect(&files.list()?, &vec!["0".to_owned(), "a".to_owned()], "files after it")
}

fn dropped_writer(open: Open<'_>) -> Result<()> {
    let opened = open()?;
    let mut writer = opened.segments.create("a")?;
    writer.write(&[1; 1_000_000])?;
    drop(writer);
    expect(&opened.segments.list()?, &Vec::new(), "files")?;
    drop(opened);
    expect(&open()?.segments.list()?, &Vec::new(), "files after a restart")
}

fn file_replaced(open: Open<'_>) -> Result<()> {
    let files = open()?.segments;
    write(&*files, "a", &[b"old and long"])?;
    let old = files.open("a")?;
    let (mut one, mut two) = (files.create("a")?, files.create("a")?);
    one.write(b"one")?;
    two.write(b"two")?;
    two.finish()?;
    one.finish()?;
    expect(&files.open("a")?.read_at(0, 3)?, &b"one".to_vec(), "the last that was finished")?;
    expect(&old.read_at(0, 3)?, &b"old".to_vec(), "what was open before")?;
    expect(&files.list()?, &vec!["a".to_owned()], "files")
}

fn range_beyond_end(open: Open<'_>) -> Result<()> {
    let files = open()?.segments;
    write(&*files, "a", &[b"abc"])?;
    let reader = files.open("a")?;
    for (offset, length) in [(0, 4), (3, 1), (4, 0), (u64::MAX, 1), (1, usize::MAX)] {
        let what = format!("{length} bytes at {offset}");
        expect_error(reader.read_at(offset, length), Detail::DamagedStore, &what)?;
    }
    let mut buffer = [0; 4];
    expect_error(reader.read_into(0, &mut buffer), Detail::DamagedStore, "a buffer too long")
}

fn missing_file(open: Open<'_>) -> Result<()> {
    match open()?.segments.open("gone") {
        Ok(_) => check(false, "opening a missing file is an error"),
        Err(error) => {
            check(error.is_corruption() && error.message().contains("gone"), "it is named")
        }
    }
}

fn file_deleted(open: Open<'_>) -> Result<()> {
    let files = open()?.segments;
    write(&*files, "a", &[b"abc"])?;
    files.delete("a")?;
    files.delete("a")?;
    expect(&files.list()?, &Vec::new(), "files")?;
    expect_error(files.open("a"), Detail::DamagedStore, "opening a deleted file")?;
    write(&*files, "a", &[b"def"])?;
    expect(&files.open("a")?.read_at(0, 3)?, &b"def".to_vec(), "a new file of the name")
}

fn reader_outlives(open: Open<'_>) -> Result<()> {
    let opened = open()?;
    write(&*opened.segments, "a", &[b"abc"])?;
    let reader = opened.segments.open("a")?;
    opened.segments.delete("a")?;
    drop(opened);
    expect(&reader.read_at(1, 2)?, &b"bc".to_vec(), "what is read")
}

fn bad_names(open: Open<'_>) -> Result<()> {
    let files = open()?.segments;
    let long = "a".repeat(129);
    for name in ["", ".", "..", ".hidden", "../a", "a/b", "a\\b", "A", "a b", "é", "a\0", &long] {
        expect_error(files.create(name).map(drop), Detail::DamagedStore, name)?;
        expect_error(files.open(name).map(drop), Detail::DamagedStore, name)?;
        expect_error(files.delete(name), Detail::DamagedStore, name)?;
    }
    write(&*files, &"a".repeat(128), &[b"x"]).map(drop)
}

fn files_survive(open: Open<'_>) -> Result<()> {
    let opened = open()?;
    write(&*opened.segments, "a", &[b"abc"])?;
    write(&*opened.segments, "b", &[b"def"])?;
    opened.segments.delete("a")?;
    drop(opened);
    let files = open()?.segments;
    expect(&files.list()?, &vec!["b".to_owned()], "files")?;
    expect(&files.open("b")?.read_at(0, 3)?, &b"def".to_vec(), "the content")
}

fn parallel_reads(open: Open<'_>) -> Result<()> {
    let files = open()?.segments;
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    write(&*files, "a", &[&bytes])?;
    let reader = files.open("a")?;
    let read_all = |reader: &Arc<dyn SegmentReader>, first: u64| {
        let mut offset = first;
        let each = (0..1_000).try_for_each(|_| {
            offset = (offset + 7_919 * 4) % 400_000;
            let wanted = u32::try_from(offset / 4).unwrap_or(0).to_le_bytes();
            match reader.read_at(offset, 4) {
                Ok(found) if found == wanted => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        });
        each.is_continue()
    };
    let right = thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u64)
            .map(|number| {
                let reader = &reader;
                scope.spawn(move || read_all(reader, number * 4))
            })
            .collect();
        threads.into_iter().all(|thread| thread.join().unwrap_or(false))
    });
    check(right, "every read gives what lies there")
}

fn scratch_files(open: Open<'_>) -> Result<()> {
    let files = open()?.segments;
    let (Some(mut first), Some(mut second)) = (files.scratch()?, files.scratch()?) else {
        // Only memory.
        return Ok(());
    };
    expect(&first.append(b"one")?, &0, "the place of the first bytes")?;
    expect(&second.append(b"other")?, &0, "the place of the first bytes of another")?;
    expect(&first.append(b"two")?, &3, "the place of what was appended")?;
    let mut found = [0; 6];
    first.read_into(0, &mut found)?;
    expect(&found, b"onetwo", "what was appended")?;
    second.read_into(1, &mut found[..4])?;
    expect(&&found[..4], &&b"ther"[..], "what was appended to another")?;
    check(first.read_into(1, &mut found).is_err(), "what was not appended cannot be read")?;
    expect(&files.list()?, &Vec::new(), "the files of the store")
}
