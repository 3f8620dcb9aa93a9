//! Ordered bytes and segment files: every engine does the same, and failures do what they should.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use redstring::Detail;
use redstring::Result;
use redstring::storage;
use redstring::storage::Batch;
use redstring::storage::ENGINES;
use redstring::storage::Engine;
use redstring::storage::MAX_KEY;
use redstring::storage::MAX_VALUE;
use redstring::storage::Opened;
use redstring::storage::OrderedBytes;
use redstring::storage::conformance;
use redstring::storage::conformance::Case;
use redstring::storage::engine;
use redstring::storage::fault::FailsAt;
use redstring::storage::fault::Kept;
use redstring::storage::fault::Lasting;
use redstring::storage::fault::LosesUnsynced;
use redstring::storage::fault::Operation;
use redstring::storage::fault::failing;
use redstring::storage::sled;

/// Runs every case in a fresh place that `with_place` makes.
fn conforms(name: &str, cases: &[Case], with_place: &dyn Fn(&Case) -> Result<()>) {
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| with_place(case).err().map(|error| format!("{}: {error:?}", case.name)))
        .collect();
    assert!(failed.is_empty(), "{name} does not conform:\n{}", failed.join("\n"));
}

fn every_case() -> Vec<Case> {
    [conformance::ORDERED_BYTES, conformance::SEGMENT_FILES].concat()
}

#[test]
fn every_engine_conforms() {
    for engine in ENGINES {
        conforms(engine.name, &every_case(), &|case| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("store");
            if engine.durable {
                return (case.run)(&|| (engine.open)(&path));
            }
            let store = (engine.open)(&path)?;
            (case.run)(&|| Ok(store.clone()))
        });
    }
}

#[test]
fn fault_wrappers_without_faults_conform() {
    conforms("loses-unsynced", &every_case(), &|case| {
        let store = LosesUnsynced::new();
        (case.run)(&|| Ok(store.opened()))
    });
    conforms("failing", &every_case(), &|case| {
        let store = LosesUnsynced::new();
        let fails = FailsAt::never();
        (case.run)(&|| Ok(failing(store.opened(), &fails)))
    });
}

#[test]
fn a_restart_may_be_a_power_cut() {
    // A case that syncs whatever it wants to find again passes when each opening follows a power cut.
    let cases: Vec<Case> = every_case()
        .into_iter()
        .filter(|case| case.name.contains("restart") || case.name.contains("at the same time"))
        .collect();
    assert!(cases.len() >= 3, "the cases about restarts are found by their names");
    conforms("loses-unsynced", &cases, &|case| {
        let store = std::cell::RefCell::new(LosesUnsynced::new());
        (case.run)(&|| {
            let cut = store.borrow().power_cut(Kept { batches: 0, deletions: true });
            *store.borrow_mut() = cut;
            Ok(store.borrow().opened())
        })
    });
}

#[test]
fn engines_are_found_by_name() {
    for one in ENGINES {
        assert_eq!(engine(one.name).unwrap().name, one.name);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!((one.open)(folder.path()).unwrap().bytes.name(), one.name);
        assert!(one.documentation.ends_with('.'), "{} is documented by a sentence", one.name);
    }
    assert!(engine("nosuch").is_none());
}

fn put(bytes: &dyn OrderedBytes, key: &[u8], value: &[u8]) -> Result<()> {
    let mut batch = Batch::new();
    batch.put(key, value);
    bytes.apply(batch)
}

fn keys(bytes: &dyn OrderedBytes) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let visit = &mut |key: &[u8], _: &[u8]| {
        found.push(key.to_vec());
        Ok(true)
    };
    bytes.scan(b"", None, visit).unwrap();
    found
}

#[test]
fn a_power_cut_loses_what_was_not_synced_and_nothing_else() {
    let store = LosesUnsynced::new();
    let opened = store.opened();
    put(&*opened.bytes, b"a", b"1").unwrap();
    opened.bytes.sync().unwrap();
    put(&*opened.bytes, b"b", b"1").unwrap();
    put(&*opened.bytes, b"c", b"1").unwrap();
    assert_eq!(store.unsynced(), 2);
    for (batches, wanted) in [(0, vec!["a"]), (1, vec!["a", "b"]), (2, vec!["a", "b", "c"])] {
        let found = store.power_cut(Kept { batches, deletions: false });
        assert_eq!(keys(&found), wanted.iter().map(|key| key.as_bytes()).collect::<Vec<_>>());
        assert_eq!(found.unsynced(), 0);
    }
    let mut unfinished = opened.segments.create("unfinished").unwrap();
    unfinished.write(b"x").unwrap();
    let mut writer = opened.segments.create("s").unwrap();
    writer.write(b"x").unwrap();
    writer.finish().unwrap();
    opened.segments.delete("s").unwrap();
    for (deletions, wanted) in [(false, vec!["s"]), (true, vec![])] {
        let found = store.power_cut(Kept { batches: 0, deletions });
        assert_eq!(found.opened().segments.list().unwrap(), wanted);
    }
}

#[test]
fn a_failed_write_or_sync_poisons() {
    for (kind, number) in [(Operation::Write, 2), (Operation::Sync, 1)] {
        let store = LosesUnsynced::new();
        let fails = FailsAt::new(number, &[kind], Lasting::Once);
        let opened = failing(store.opened(), &fails);
        put(&*opened.bytes, b"a", b"1").unwrap();
        let failed = match kind {
            Operation::Write => put(&*opened.bytes, b"b", b"1"),
            _ => opened.bytes.sync(),
        };
        assert_eq!(failed.unwrap_err().code(), "StorageError.InputOutput");
        for later in [put(&*opened.bytes, b"c", b"1"), opened.bytes.sync()] {
            assert_eq!(later.unwrap_err().code(), "StorageError.StorePoisoned");
        }
        assert_eq!(opened.bytes.get(b"a").unwrap(), Some(b"1".to_vec()), "reads go on");
    }
}

#[test]
fn operations_fail_by_number_kind_and_duration() {
    let run = |fails: &Arc<FailsAt>| -> Vec<bool> {
        let opened = failing(LosesUnsynced::new().opened(), fails);
        let mut outcome = Vec::new();
        for _ in 0..3 {
            outcome.push(opened.bytes.get(b"a").is_ok());
            outcome.push(opened.segments.delete("s").is_ok());
        }
        outcome
    };
    let (t, f) = (true, false);
    let cases = [
        (0, [Operation::Read].as_slice(), Lasting::Once, [t, t, t, t, t, t]),
        (2, &[Operation::Read], Lasting::Once, [t, t, f, t, t, t]),
        (2, &[Operation::Read], Lasting::Forever, [t, t, f, t, f, t]),
        (2, &[Operation::Read, Operation::Write], Lasting::Once, [t, f, t, t, t, t]),
        (3, &[Operation::Write, Operation::Read], Lasting::Forever, [t, t, f, f, f, f]),
    ];
    for (number, kinds, lasting, wanted) in cases {
        let fails = FailsAt::new(number, kinds, lasting);
        assert_eq!(run(&fails), wanted, "{number} {kinds:?} {lasting:?}");
        assert_eq!(fails.counted(), 3 * kinds.len() as u64);
    }
    let store = LosesUnsynced::new();
    let fails = FailsAt::new(1, &[Operation::Write], Lasting::Once);
    fails.once_done();
    put(&*failing(store.opened(), &fails).bytes, b"a", b"1").unwrap_err();
    assert_eq!(keys(&store), [b"a".to_vec()], "it failed after it was carried out");
}

#[test]
fn a_second_opener_is_told_that_the_store_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let first = sled::open(folder.path()).unwrap();
    let error = sled::open(folder.path()).unwrap_err();
    assert_eq!(error.code(), "StorageError.StoreLocked");
    assert!(error.is_retryable());
    assert!(error.help_text().unwrap().ends_with('.'));
    assert_eq!(in_another_process(folder.path()), "StorageError.StoreLocked");
    put(&*first.bytes, b"a", b"1").unwrap();
    first.bytes.sync().unwrap();
    drop(first);
    assert_eq!(in_another_process(folder.path()), "opened");
    assert_eq!(keys(&*sled::open(folder.path()).unwrap().bytes), [b"a".to_vec()]);
}

const FOLDER_TO_OPEN: &str = "REDSTRING_TEST_FOLDER_TO_OPEN";

/// What another process finds that opens the store.
fn in_another_process(folder: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "storage::opener_in_another_process", "--nocapture"])
        .env(FOLDER_TO_OPEN, folder)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split("found <").nth(1).and_then(|rest| rest.split('>').next()).unwrap().to_owned()
}

/// The other process; as a test of its own it has nothing to do.
#[test]
fn opener_in_another_process() {
    if let Some(folder) = std::env::var_os(FOLDER_TO_OPEN) {
        let found = sled::open(Path::new(&folder)).map_or_else(|e| e.code(), |_| "opened".into());
        println!("found <{found}>");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a file");
    fs::write(&file, "x").unwrap();
    let error = sled::open(&file.join("store")).unwrap_err();
    assert_eq!(error.code(), "StorageError.InputOutput");
    assert!(error.message().contains("a file"), "{error}");
}

fn files_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Entries of the largest size, ascending or scattered, in batches of a size, some of them deleted again.
fn fill(opened: &Opened, scattered: bool, per_batch: u32, key_length: usize) {
    let key = |number: u32| {
        let number = if scattered { number.wrapping_mul(2_654_435_761) } else { number };
        let mut key = number.to_be_bytes().to_vec();
        key.resize(key_length, 7);
        key
    };
    for first in (0..1_200).step_by(per_batch as usize) {
        let mut batch = Batch::new();
        for number in first..first + per_batch {
            batch.put(key(number), vec![(number % 251) as u8; MAX_VALUE]);
            if number > 100 && number % 3 != 0 {
                batch.delete(key(number - 100));
            }
        }
        opened.bytes.apply(batch).unwrap();
        opened.bytes.sync().unwrap();
    }
    for number in (0..1_200).step_by(2) {
        let mut batch = Batch::new();
        batch.delete(key(number));
        batch.put(key(number + 1), vec![1; MAX_VALUE]);
        opened.bytes.apply(batch).unwrap();
    }
    opened.bytes.sync().unwrap();
}

#[test]
fn no_page_spills_into_a_blob() {
    for (scattered, per_batch, key_length) in
        [(false, 1, 9), (false, 400, MAX_KEY), (true, 1, MAX_KEY), (true, 400, 9)]
    {
        let folder = tempfile::tempdir().unwrap();
        let opened = sled::open(folder.path()).unwrap();
        fill(&opened, scattered, per_batch, key_length);
        drop(opened);
        drop(sled::open(folder.path()).unwrap());
        assert_eq!(files_in(&folder.path().join("sled/blobs")), [""; 0]);
    }
}

#[test]
fn what_a_crash_left_unfinished_goes_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let opened = sled::open(folder.path()).unwrap();
    let mut writer = opened.segments.create("a").unwrap();
    writer.write(b"x").unwrap();
    // As a killed process does, it never drops the writer.
    std::mem::forget(writer);
    drop(opened);
    assert_eq!(files_in(&folder.path().join("segments")).len(), 2);
    let opened = sled::open(folder.path()).unwrap();
    assert_eq!(files_in(&folder.path().join("segments")), [".identity"]);
    assert_eq!(opened.segments.list().unwrap(), [""; 0]);
}

#[test]
fn a_segment_file_that_was_cut_off_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let opened = sled::open(folder.path()).unwrap();
    let mut writer = opened.segments.create("a").unwrap();
    writer.write(&[1; 1000]).unwrap();
    writer.finish().unwrap();
    let reader = opened.segments.open("a").unwrap();
    fs::File::options()
        .write(true)
        .open(folder.path().join("segments/a"))
        .unwrap()
        .set_len(500)
        .unwrap();
    let error = reader.read_at(400, 200).unwrap_err();
    assert_eq!((error.kind(), error.is_corruption()), (Detail::DamagedStore, true));
    assert_eq!(reader.read_at(0, 500).unwrap(), vec![1; 500]);
}

/// A store whose log was large and is empty again, but for one record.
fn swollen(folder: &Path, engine: &Engine) -> Opened {
    let opened = (engine.open)(folder).unwrap();
    for round in 0..3 {
        for number in 0..1000_u32 {
            let mut batch = Batch::new();
            batch.put(number.to_be_bytes(), vec![round; MAX_VALUE]);
            opened.bytes.apply(batch).unwrap();
        }
        opened.bytes.sync().unwrap();
    }
    let mut batch = Batch::new();
    (0..1000_u32).for_each(|number| batch.delete(number.to_be_bytes()));
    batch.put(*b"kept", *b"value");
    opened.bytes.apply(batch).unwrap();
    opened.bytes.sync().unwrap();
    opened
}

fn kept(folder: &Path) -> Option<Vec<u8>> {
    sled::open(folder).unwrap().bytes.get(b"kept").unwrap()
}

#[test]
fn space_of_deleted_records_is_given_back() {
    for engine in ENGINES.iter().filter(|engine| engine.durable) {
        let folder = tempfile::tempdir().unwrap();
        let opened = swollen(folder.path(), engine);
        let before = opened.bytes.size_on_disk().unwrap();
        opened.bytes.compact().unwrap();
        let after = opened.bytes.size_on_disk().unwrap();
        assert!(after * 4 < before, "{}: {before} bytes became {after}", engine.name);
        // It goes on, and what it does is durable in its own folder.
        let mut batch = Batch::new();
        batch.put(*b"later", *b"value");
        opened.bytes.apply(batch).unwrap();
        opened.bytes.sync().unwrap();
        drop(opened);
        let left = ["sled.old", "sled.new"].map(|name| folder.path().join(name).exists());
        assert_eq!(left, [false, false]);
        let opened = (engine.open)(folder.path()).unwrap();
        for key in [&b"kept"[..], b"later"] {
            assert_eq!(opened.bytes.get(key).unwrap().as_deref(), Some(&b"value"[..]));
        }
    }
}

#[test]
fn a_cut_while_space_is_given_back_loses_nothing() {
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_file() {
                fs::copy(&entry, to.join(entry.file_name().unwrap())).unwrap();
            }
        }
    };
    // Which folders there are, after each step: the old one, the new one (whole or begun), the replaced one.
    let states: [&[&str]; 4] =
        [&["sled", "sled.new"], &["sled.old", "sled.new"], &["sled", "sled.old"], &["sled.old"]];
    for state in states {
        let folder = tempfile::tempdir().unwrap();
        drop(swollen(folder.path(), engine("sled").unwrap()));
        let original = folder.path().join("original");
        fs::rename(folder.path().join("sled"), &original).unwrap();
        for name in state {
            copy(&original, &folder.path().join(name));
        }
        if state.contains(&"sled") && state.contains(&"sled.new") {
            fs::write(folder.path().join("sled.new/db"), "not whole").unwrap();
        }
        assert_eq!(storage::engine_of(folder.path()).unwrap().unwrap().name, "sled");
        assert_eq!(kept(folder.path()).as_deref(), Some(&b"value"[..]), "{state:?}");
        let left = ["sled.old", "sled.new"].map(|name| folder.path().join(name).exists());
        assert_eq!(left, [false, false], "{state:?}");
    }
}
