//! What a kill, a full disk or a failed write leaves beside sled's log, fabricated: each time the store opens, with the same
//! records, and goes on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use redstring::ErrorClass;
use redstring::storage;
use redstring::storage::Batch;

/// The name that sled gives to a snapshot which is later than any of these stores, before it is whole and after.
const LATER: &str = "snap.00000000000FFFFF";
const LATER_UNFINISHED: &str = "snap.00000000000FFFFF.generating";

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

fn records(store: &Path) -> redstring::Result<Records> {
    let opened = storage::open(store, None)?;
    let mut found = Records::new();
    opened.bytes.scan(&[], None, &mut |key, value| {
        found.insert(key.to_vec(), value.to_vec());
        Ok(true)
    })?;
    Ok(found)
}

fn put(store: &Path, from: u32, until: u32) {
    let opened = storage::open(store, Some("sled")).unwrap();
    for number in from..until {
        let mut batch = Batch::new();
        batch.put(number.to_be_bytes(), vec![number as u8; 100 + number as usize]);
        opened.bytes.apply(batch).unwrap();
        opened.bytes.sync().unwrap();
    }
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// The one snapshot of a store.
fn snapshot(sled: &Path) -> PathBuf {
    let entries = fs::read_dir(sled).unwrap().map(|entry| entry.unwrap().path());
    let mut found =
        entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("snap."));
    let snapshot = found.next().expect("there is a snapshot");
    assert!(found.next().is_none(), "there is one snapshot");
    snapshot
}

/// A store that was opened often enough to have a snapshot, and records after it.
fn begin(store: &Path) {
    put(store, 0, 10);
    put(store, 10, 20);
    put(store, 20, 25);
}

/// Something done to the folder of a store, and what it is called.
type Case = (String, Box<dyn Fn(&Path)>);

fn case(name: impl Into<String>, change: impl Fn(&Path) + 'static) -> Case {
    (name.into(), Box::new(change))
}

/// A case that changes the bytes of the file that `path` finds in sled's folder.
fn bytes(
    name: impl Into<String>,
    path: impl Fn(&Path) -> PathBuf + 'static,
    change: impl Fn(&mut Vec<u8>) + 'static,
) -> Case {
    case(name, move |store| {
        let path = path(&store.join("sled"));
        let mut content = fs::read(&path).unwrap();
        change(&mut content);
        fs::write(&path, content).unwrap();
    })
}

/// Makes each copy of the store, changes it, and holds it to the same records, now and after one more.
fn all_open(cases: Vec<Case>) {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    begin(&whole);
    let expected = records(&whole).unwrap();
    assert_eq!(expected.len(), 25);
    for (name, change) in cases {
        let store = folder.path().join("store");
        copy(&whole, &store);
        change(&store);
        let found = records(&store).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert!(found == expected, "{name}: {} records", found.len());
        put(&store, 25, 26);
        put(&store, 26, 27);
        let found = records(&store).unwrap();
        assert!(
            found.len() == 27 && expected.iter().all(|(key, value)| found.get(key) == Some(value)),
            "{name}"
        );
        for entry in fs::read_dir(store.join("sled")).unwrap() {
            let left = entry.unwrap().file_name();
            let left = left.to_string_lossy();
            let unfinished = left.starts_with("snap.") && left.ends_with(".generating");
            assert!(!unfinished && left != "conf.new", "{name}: {left}");
        }
        fs::remove_dir_all(&store).unwrap();
    }
}

#[test]
fn unfinished_and_unreadable_snapshots_are_passed_over() {
    fn file(name: &str, content: &'static [u8]) -> Case {
        let path = Path::new("sled").join(name);
        case(format!("{name} of {} bytes", content.len()), move |store| {
            fs::write(store.join(&path), content).unwrap();
        })
    }
    /// The snapshot once more, under a name and with a change.
    fn again(name: &'static str, what: &str, change: impl Fn(&mut Vec<u8>) + 'static) -> Case {
        case(format!("{name}: {what}"), move |store| {
            let mut content = fs::read(snapshot(&store.join("sled"))).unwrap();
            change(&mut content);
            fs::write(store.join("sled").join(name), content).unwrap();
        })
    }
    let mut cases = vec![
        file(LATER_UNFINISHED, b""),
        file(LATER_UNFINISHED, b"1"),
        file("snap.0000000000000001.generating", b""),
        file(LATER, b""),
        file(LATER, b"1"),
        file(LATER, &[0; 12]),
        file(LATER, &[0; 13]),
        file(LATER, &[0; 100_000]),
        file(LATER, &[0xff; 100_000]),
        file("snap.", b"nothing of sled"),
        file("snap.notes", b"nothing of sled"),
        file("snap.zzzzzzzzzzzzzzzz", b"nothing of sled"),
        file("snap.00000000000FFFFF.in___motion", b""),
        again(LATER_UNFINISHED, "whole", |_| {}),
        again(LATER_UNFINISHED, "half", |content| content.truncate(content.len() / 2)),
        again(LATER, "whole, of another position", |_| {}),
        again("snap.0000000000000001", "whole, of another position", |_| {}),
        again("snap.00000000000fffff", "whole, in small letters", |_| {}),
        case("no snapshot", |store| fs::remove_file(snapshot(&store.join("sled"))).unwrap()),
        case("only an unfinished snapshot", |store| {
            let path = snapshot(&store.join("sled"));
            let name = format!("{}.generating", path.file_name().unwrap().to_string_lossy());
            fs::rename(&path, path.with_file_name(name)).unwrap();
        }),
        case("a folder that is called like a snapshot", |store| {
            fs::create_dir_all(store.join("sled").join(LATER).join("more")).unwrap();
        }),
        case("a folder that is called like an unfinished snapshot", |store| {
            fs::create_dir(store.join("sled").join(LATER_UNFINISHED)).unwrap();
        }),
        case("two strangers of one name after the other", |store| {
            fs::write(store.join("sled/snap.x"), "first").unwrap();
            drop(records(store).unwrap());
            fs::write(store.join("sled/snap.x"), "second").unwrap();
            drop(records(store).unwrap());
            let kept = |name: &str| fs::read(store.join("sled").join(name)).unwrap();
            assert_eq!(kept("not-of-sled.snap.x"), b"first");
            assert_eq!(kept("not-of-sled.snap.x~"), b"second");
        }),
        case("the snapshot of a later state of the store", |store| {
            let later = store.with_file_name("later");
            copy(store, &later);
            put(&later, 25, 60);
            drop(records(&later).unwrap());
            let path = snapshot(&later.join("sled"));
            fs::copy(&path, store.join("sled").join(path.file_name().unwrap())).unwrap();
            fs::remove_dir_all(later).unwrap();
        }),
        case("the snapshot of another store", |store| {
            let other = store.with_file_name("other");
            put(&other, 300, 400);
            drop(records(&other).unwrap());
            let path = snapshot(&other.join("sled"));
            fs::copy(&path, store.join("sled").join(path.file_name().unwrap())).unwrap();
            fs::remove_dir_all(other).unwrap();
        }),
    ];
    for length in [0, 1, 8, 11, 12, 13, 20, 40] {
        cases.push(bytes(format!("a snapshot cut to {length} bytes"), snapshot, move |content| {
            content.truncate(length);
        }));
    }
    for more in [1, 12, 4096] {
        cases.push(bytes(format!("a snapshot with {more} bytes more"), snapshot, move |content| {
            content.resize(content.len() + more, 7);
        }));
    }
    for eighth in 0..24 {
        cases.push(bytes(
            format!("bit {eighth} of 24 flipped in a snapshot"),
            snapshot,
            move |content| {
                let at = content.len() * eighth / 24;
                content[at] ^= 1 << (eighth % 8);
            },
        ));
    }
    all_open(cases);
}

#[test]
#[cfg(unix)]
fn strangers_with_other_names_are_passed_over() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    let odd = OsStr::from_bytes(b"snap.\xff\xfe");
    all_open(vec![
        case("a name that is no text", move |store| {
            fs::write(store.join("sled").join(odd), "").unwrap()
        }),
        case("a value's name that is no text", |store| {
            fs::write(store.join("sled/blobs").join(OsStr::from_bytes(b"\xff")), "").unwrap();
        }),
        case("a link to nowhere", |store| {
            symlink("nowhere", store.join("sled").join(LATER)).unwrap()
        }),
        case("settings that are a link to nowhere", |store| {
            fs::remove_file(store.join("sled/conf")).unwrap();
            symlink("nowhere", store.join("sled/conf")).unwrap();
        }),
    ]);
}

#[test]
fn settings_are_written_anew() {
    let conf = |sled: &Path| sled.join("conf");
    let mut cases = vec![
        case("missing", |store| fs::remove_file(store.join("sled/conf")).unwrap()),
        case("a folder", |store| {
            fs::remove_file(store.join("sled/conf")).unwrap();
            fs::create_dir(store.join("sled/conf")).unwrap();
            fs::write(store.join("sled/conf/file"), "").unwrap();
        }),
        case("unfinished new ones", |store| {
            fs::write(store.join("sled/conf.new"), "segment_").unwrap()
        }),
        case("unfinished new ones alone", |store| {
            fs::rename(store.join("sled/conf"), store.join("sled/conf.new")).unwrap();
        }),
        bytes("doubled", conf, |content| content.extend_from_within(..)),
        bytes("zeros", conf, |content| content.fill(0)),
    ];
    for other in
        ["segment_size: 1024", "use_compression: true", "version: 0.33", "more: 1", "x", ""]
    {
        // With a checksum that agrees.
        cases.push(bytes(format!("of other content: {other}"), conf, move |content| {
            let text = std::str::from_utf8(&content[..content.len() - 4]).unwrap();
            let key = other.split(':').next().unwrap();
            let kept = text.lines().filter(|line| !line.starts_with(key));
            let text: String = kept.chain([other]).map(|line| format!("{line}\n")).collect();
            *content = text.into_bytes();
            content.extend_from_slice(&crc32(content).to_le_bytes());
        }));
    }
    for length in (0..62).step_by(3) {
        cases.push(bytes(format!("cut to {length} bytes"), conf, move |content| {
            content.truncate(length)
        }));
    }
    for at in (0..62).step_by(3) {
        cases.push(bytes(format!("another byte {at}"), conf, move |content| content[at] ^= 0x11));
    }
    all_open(cases);
}

/// The checksum that sled uses, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

#[test]
fn settings_are_those_that_sled_writes() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    put(&store, 0, 1);
    let written = fs::read(store.join("sled/conf")).unwrap();
    fs::remove_file(store.join("sled/conf")).unwrap();
    drop(records(&store).unwrap());
    assert_eq!(fs::read(store.join("sled/conf")).unwrap(), written);
}

#[test]
fn the_folder_of_large_values_may_be_anything() {
    all_open(vec![
        case("missing", |store| fs::remove_dir_all(store.join("sled/blobs")).unwrap()),
        case("a file", |store| {
            fs::remove_dir_all(store.join("sled/blobs")).unwrap();
            fs::write(store.join("sled/blobs"), "").unwrap();
        }),
        case("a stranger in it", |store| fs::write(store.join("sled/blobs/notes"), "").unwrap()),
        case("a value of nobody", |store| {
            fs::write(store.join("sled/blobs/99999999"), "").unwrap()
        }),
        case("a folder in it that is called like a value", |store| {
            fs::create_dir_all(store.join("sled/blobs/99999999/more")).unwrap();
        }),
    ]);
}

#[test]
fn every_state_of_the_exchange_of_folders_is_finished() {
    let folders = |store: &Path| ["sled", "sled.new", "sled.old"].map(|name| store.join(name));
    /// What a successor that is being written may look like.
    fn begun(sled: &Path, new: &Path, how: usize) {
        match how {
            0 => fs::create_dir(new).unwrap(),
            1 => {
                fs::create_dir_all(new.join("blobs")).unwrap();
                fs::write(new.join("conf"), "segment_si").unwrap();
            }
            _ => {
                copy(sled, new);
                let log = fs::read(new.join("db")).unwrap();
                fs::write(new.join("db"), &log[..log.len() / how]).unwrap();
            }
        }
    }
    let mut cases = vec![
        case("the successor is whole", move |store| {
            let [own, new, _] = folders(store);
            copy(&own, &new);
        }),
        case("the old one has stepped aside", move |store| {
            let [own, new, old] = folders(store);
            copy(&own, &new);
            fs::rename(&own, &old).unwrap();
        }),
        case("the old one has stepped aside, and the new one is no more", move |store| {
            let [own, _, old] = folders(store);
            fs::rename(&own, &old).unwrap();
        }),
        case("the new one is in its place", move |store| {
            let [own, _, old] = folders(store);
            copy(&own, &old);
        }),
        case("the old one is gone in part", move |store| {
            let [own, _, old] = folders(store);
            copy(&own, &old);
            fs::remove_file(old.join("db")).unwrap();
        }),
        case("the old one is empty", move |store| fs::create_dir(&folders(store)[2]).unwrap()),
        case("the old one has stepped aside for an empty folder", move |store| {
            let [own, new, old] = folders(store);
            fs::rename(&own, &old).unwrap();
            copy(&old, &new);
            fs::create_dir(&own).unwrap();
        }),
        case("the old one has stepped aside for one that was never opened", move |store| {
            let [own, _, old] = folders(store);
            fs::rename(&own, &old).unwrap();
            fs::create_dir_all(own.join("blobs")).unwrap();
            fs::write(own.join("db"), "").unwrap();
        }),
        case("the old one has stepped aside after an unfinished snapshot", move |store| {
            let [own, new, old] = folders(store);
            copy(&own, &new);
            fs::rename(&own, &old).unwrap();
            fs::write(old.join(LATER_UNFINISHED), "").unwrap();
            fs::write(new.join(LATER_UNFINISHED), "").unwrap();
        }),
    ];
    for how in [0, 1, 2, 9] {
        cases.push(case(format!("the successor is begun, {how}"), move |store| {
            let [own, new, _] = folders(store);
            begun(&own, &new, how);
        }));
        cases.push(case(
            format!("the old one has stepped aside for one that is begun, {how}"),
            move |store| {
                let [own, new, old] = folders(store);
                begun(&own, &new, how);
                fs::rename(&own, &old).unwrap();
            },
        ));
    }
    all_open(cases);
}

/// The log is no derived data: what is missing there is said, and nothing is made up for it.
#[test]
fn a_log_that_is_gone_is_no_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    begin(&whole);
    let cases: [Case; 4] = [
        case("missing", |store| fs::remove_file(store.join("sled/db")).unwrap()),
        case("empty", |store| fs::write(store.join("sled/db"), "").unwrap()),
        bytes("cleared in its middle", |sled| sled.join("db"), |log| log[1000..1100].fill(0x5a)),
        case("only a successor", |store| {
            fs::rename(store.join("sled"), store.join("sled.new")).unwrap()
        }),
    ];
    for (name, change) in cases {
        let store = folder.path().join("store");
        copy(&whole, &store);
        change(&store);
        let before = content(&store);
        for _ in 0..2 {
            let error = storage::open(&store, None).unwrap_err();
            assert_eq!(error.class(), ErrorClass::CorruptionError, "{name}: {error:?}");
            assert!(error.message().contains("sled"), "{name}: {error:?}");
            assert!(content(&store) == before, "{name}: nothing is written");
        }
        fs::remove_dir_all(&store).unwrap();
    }
}

/// All files of a store but for its lock, with what is in them.
fn content(store: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![store.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("lock") {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}
