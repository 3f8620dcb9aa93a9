//! What a folder is taken for: a store, room for one, or something that is left as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use redstring::storage::{self, ENGINES};
use redstring::{Database, Options, Result};

use crate::kill::one;

/// Everything below a folder: names, what they are, when they were written, and their bytes.
pub fn tree(folder: &Path) -> Vec<(PathBuf, SystemTime, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let there = fs::symlink_metadata(&path).unwrap();
            let bytes = if there.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            if there.is_dir() {
                folders.push(path.clone());
            }
            found.push((path, there.modified().unwrap(), bytes));
        }
    }
    found.sort();
    found
}

fn durable() -> impl Iterator<Item = &'static str> {
    ENGINES.iter().filter(|engine| engine.durable).map(|engine| engine.name)
}

fn make(store: &Path, engine: &str) {
    let db = Database::open_with(store, Options::default().engine(engine)).unwrap();
    db.execute("UNWIND range(1, 100) AS i CREATE (:A {i: i})-[:R]->(:B)", ()).unwrap();
}

fn count(db: &Database) -> i64 {
    one(db, "MATCH (n) RETURN count(*)")
}

type Open = fn(&Path) -> Result<()>;

/// Every way to open a store or to make one.
const WAYS: &[(&str, Open)] = &[
    ("open", |store| Database::open(store).map(drop)),
    ("read", |store| Database::open_with(store, Options::default().read_only(true)).map(drop)),
    ("back up into", |store| {
        let db = Database::in_memory();
        db.execute("CREATE (:A)", ())?;
        db.backup(store)
    }),
    ("migrate into", |store| Database::in_memory().migrate(store, "redb")),
];

/// Something happens to a store, or to a folder that is none; then every way to open `place` within the folder is an error
/// of one of these kinds that says this, and nothing is changed.
fn is_refused(place: &str, codes: &[&str], says: &str, happens: impl Fn(&Path, &str)) {
    for engine in durable() {
        let folder = tempfile::tempdir().unwrap();
        make(&folder.path().join("store"), engine);
        happens(folder.path(), engine);
        let before = tree(folder.path());
        for (way, open) in WAYS {
            let what = format!("{way} `{place}`, {engine}, {says}");
            let error = open(&folder.path().join(place)).expect_err(&what);
            let made = way.ends_with("into") && error.message().contains("is there already");
            let told = codes.contains(&error.code().as_str()) && error.message().contains(says);
            assert!(made || told, "{what}: {error:?}");
            assert!(error.help_text().is_some_and(|help| help.ends_with('.')), "{what}: {error:?}");
            assert!(tree(folder.path()) == before, "{what}: something was changed");
        }
    }
}

const NO_STORE: &[&str] = &["StorageError.InvalidFile"];
const DAMAGED: &[&str] = &["CorruptionError.DamagedStore"];

#[test]
fn a_store_that_lacks_a_part_is_refused() {
    type Happens = fn(&Path, &str);
    let cases: &[(&str, Happens)] = &[
        ("lacks", |f, engine| fs::rename(f.join("store").join(engine), f.join("store/x")).unwrap()),
        ("lacks", |f, engine| fs::rename(f.join("store").join(engine), f.join("away")).unwrap()),
        ("lacks", |f, engine| fs::remove_dir_all(f.join("store").join(engine)).unwrap()),
        ("lacks", |f, engine| {
            fs::remove_dir_all(f.join("store").join(engine)).unwrap();
            fs::create_dir(f.join("store").join(engine)).unwrap();
        }),
        ("lacks", |f, engine| {
            let own = f.join("store").join(engine);
            fs::remove_dir_all(&own).unwrap();
            fs::write(own, "no folder").unwrap();
        }),
        ("lacks", |f, engine| {
            let other = if engine == "sled" { "redb" } else { "sled" };
            fs::rename(f.join("store").join(engine), f.join("store").join(other)).unwrap();
        }),
        ("lacks", |f, engine| fs::remove_file(f.join("store").join(engine).join("db")).unwrap()),
        ("lacks", |f, _| fs::remove_dir_all(f.join("store/segments")).unwrap()),
        ("lacks its file `identity`", |f, _| fs::remove_file(f.join("store/identity")).unwrap()),
        // As a version that wrote no identities has left it.
        ("no records", |f, engine| {
            without_identity(&f.join("store"), engine);
            fs::rename(f.join("store").join(engine), f.join("away")).unwrap();
        }),
    ];
    for (says, happens) in cases {
        is_refused("store", DAMAGED, says, happens);
    }
}

#[test]
fn what_is_no_store_is_refused() {
    type Happens = fn(&Path, &str);
    let cases: &[(&str, &str, Happens)] = &[
        ("home", "it holds `.profile`", |f, _| {
            fs::create_dir_all(f.join("home/Documents")).unwrap();
            fs::write(f.join("home/.profile"), "x").unwrap();
        }),
        ("data", "it holds `people.csv`", |f, _| {
            fs::create_dir(f.join("data")).unwrap();
            fs::write(f.join("data/people.csv"), "name\nAda\n").unwrap();
            fs::write(f.join("data/.DS_Store"), "x").unwrap();
        }),
        ("empty", "it holds `below`", |f, _| fs::create_dir_all(f.join("empty/below")).unwrap()),
        ("locked", "it holds `lock`", |f, _| {
            fs::create_dir(f.join("locked")).unwrap();
            fs::write(f.join("locked/lock"), "pid 7").unwrap();
        }),
        ("foreign", "neither a lock nor segments", |f, engine| {
            fs::create_dir_all(f.join("foreign")).unwrap();
            fs::rename(f.join("store").join(engine), f.join("foreign").join(engine)).unwrap();
            fs::remove_file(f.join("foreign").join(engine).join("identity")).unwrap();
            fs::write(f.join("foreign/settings.toml"), "x").unwrap();
        }),
        ("named", "a file `identity`", |f, _| {
            fs::create_dir_all(f.join("named")).unwrap();
            fs::write(f.join("named/identity"), "a key").unwrap();
        }),
        ("both", "both `sled` and `redb`", |f, engine| {
            let other = if engine == "sled" { "redb" } else { "sled" };
            fs::rename(f.join("store"), f.join("both")).unwrap();
            without_identity(&f.join("both"), engine);
            make(&f.join("store"), other);
            fs::rename(f.join("store").join(other), f.join("both").join(other)).unwrap();
            fs::remove_file(f.join("both").join(other).join("identity")).unwrap();
        }),
        ("file", "is no folder", |f, _| fs::write(f.join("file"), "x").unwrap()),
        ("store/lock", "is no folder", |_, _| {}),
        ("store/segments", "within the store", |f, _| {
            fs::remove_file(f.join("store/segments/.identity")).unwrap();
        }),
        ("store/segments/new", "within the store", |_, _| {}),
        ("store/new", "within the store", |_, _| {}),
        ("store/new/er", "within the store", |_, _| {}),
        ("store/../store/new", "within the store", |_, _| {}),
        ("old/new", "within the store", |f, engine| {
            fs::rename(f.join("store"), f.join("old")).unwrap();
            without_identity(&f.join("old"), engine);
        }),
    ];
    for (place, says, happens) in cases {
        is_refused(place, NO_STORE, says, happens);
    }
    // The folders of a store hold their copies of its identity, which name no folder of their own.
    is_refused("store/sled", NO_STORE, "store", |f, engine| {
        if engine != "sled" {
            fs::create_dir(f.join("store/sled")).unwrap();
        }
    });
}

#[test]
#[cfg(unix)]
fn links_are_followed_and_those_to_nowhere_named() {
    use std::os::unix::fs::symlink;
    is_refused("link", NO_STORE, "not there", |f, _| symlink("nowhere", f.join("link")).unwrap());
    is_refused("link/new", NO_STORE, "within the store", |f, _| {
        symlink("store", f.join("link")).unwrap();
    });
    for engine in durable() {
        let folder = tempfile::tempdir().unwrap();
        let [store, link] = ["store", "link"].map(|name| folder.path().join(name));
        make(&store, engine);
        symlink(&store, &link).unwrap();
        assert_eq!(count(&Database::open(&link).unwrap()), 200);
        // A part of a store may lie on another disk.
        fs::rename(store.join(engine), folder.path().join("part")).unwrap();
        symlink("../part", store.join(engine)).unwrap();
        assert_eq!(count(&Database::open(&store).unwrap()), 200);
    }
}

#[test]
fn a_damaged_or_strange_identity_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(&store, "redb");
    let other = folder.path().join("other");
    make(&other, "redb");
    let parts = ["identity", "redb/identity", "segments/.identity"];
    for part in parts {
        let path = store.join(part);
        let whole = fs::read(&path).unwrap();
        let refused = |bytes: &[u8], codes: &[&str], says: &str| {
            fs::write(&path, bytes).unwrap();
            let before = tree(&store);
            for read_only in [false, true] {
                let options = Options::default().read_only(read_only);
                let error = Database::open_with(&store, options).unwrap_err();
                assert!(codes.contains(&error.code().as_str()), "{part}: {error:?}");
                assert!(error.message().contains(says), "{part}: {error:?}");
            }
            assert!(tree(&store) == before, "{part}");
        };
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 4;
            refused(&changed, DAMAGED, "damaged");
            refused(&whole[..at], DAMAGED, "damaged");
        }
        refused(&[], DAMAGED, "damaged");
        refused(&[b'x'; 10_000], DAMAGED, "damaged");
        let text = String::from_utf8(whole.clone()).unwrap();
        let with = |from: &str, to: &str| {
            let text = text.replace(from, to);
            let covered = text.split_at(text.rfind("checksum").unwrap()).0;
            format!("{covered}checksum {:08x}\n", crc32fast::hash(covered.as_bytes())).into_bytes()
        };
        refused(&with("format 1", "format 2"), &["StorageError.UnknownFormatVersion"], "format 2");
        refused(
            &with("state whole\n", "state whole\nfeatures telepathy\n"),
            &["StorageError.UnknownFormatVersion"],
            "telepathy",
        );
        refused(&fs::read(other.join(part)).unwrap(), DAMAGED, "of another store");
        if part == "identity" {
            refused(
                &with("engine redb", "engine vinyl"),
                &["StorageError.EngineMismatch"],
                "vinyl",
            );
            refused(&with("state whole", "state copying"), NO_STORE, "cut off");
            refused(&with("engine redb", "engine sled"), DAMAGED, "lacks");
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(count(&Database::open(&store).unwrap()), 200);
    // The copies are there to be copied, and come back when they are missing.
    for (from, to) in [(1, 0), (2, 0), (0, 1)] {
        fs::remove_file(store.join(parts[to])).unwrap();
        if to == 0 {
            fs::copy(store.join(parts[from]), store.join(parts[to])).unwrap();
        }
        assert_eq!(count(&Database::open(&store).unwrap()), 200);
        assert!(store.join(parts[to]).is_file());
    }
}

#[test]
fn folders_of_two_stores_are_told_apart() {
    for engine in durable() {
        let folder = tempfile::tempdir().unwrap();
        let [store, other, copy] = ["store", "other", "copy"].map(|name| folder.path().join(name));
        make(&store, engine);
        make(&other, engine);
        Database::open(&store).unwrap().migrate(&copy, engine).unwrap();
        for from in [&other, &copy] {
            for part in [engine, "segments"] {
                let [own, theirs] = [&store, from].map(|store| store.join(part));
                let away = folder.path().join("away");
                let swap = || {
                    fs::rename(&own, &away).unwrap();
                    fs::rename(&theirs, &own).unwrap();
                    fs::rename(&away, &theirs).unwrap();
                };
                swap();
                let before = tree(folder.path());
                for store in [&store, from] {
                    let error = Database::open(store).unwrap_err();
                    assert!(error.message().contains("of another store"), "{part}: {error:?}");
                }
                assert!(tree(folder.path()) == before, "{part}");
                swap();
            }
        }
        for store in [&store, &other, &copy] {
            assert_eq!(count(&Database::open(store).unwrap()), 200);
        }
    }
}

/// A store as a version left it that wrote no identities.
pub fn without_identity(store: &Path, engine: &str) {
    for part in ["identity", &format!("{engine}/identity"), "segments/.identity"] {
        fs::remove_file(store.join(part)).unwrap();
    }
}

#[test]
fn a_store_of_an_older_version_is_known_by_its_shape() {
    for engine in durable() {
        for lost in [None, Some("lock")] {
            let folder = tempfile::tempdir().unwrap();
            let store = folder.path().join("store");
            make(&store, engine);
            without_identity(&store, engine);
            if let Some(lost) = lost {
                fs::remove_file(store.join(lost)).unwrap();
            }
            let other = if engine == "sled" { "redb" } else { "sled" };
            let error = Database::open_with(&store, Options::default().engine(other)).unwrap_err();
            assert_eq!(error.code(), "UsageError.EngineMismatch");
            assert_eq!(storage::engine_of(&store).unwrap().unwrap().name, engine);
            assert_eq!(count(&Database::open(&store).unwrap()), 200);
            let identity = fs::read_to_string(store.join("identity")).unwrap();
            assert!(identity.contains(&format!("engine {engine}\n")), "{identity}");
            assert_eq!(identity, fs::read_to_string(store.join("segments/.identity")).unwrap());
            // It keeps its number from then on.
            assert_eq!(count(&Database::open(&store).unwrap()), 200);
            assert_eq!(identity, fs::read_to_string(store.join("identity")).unwrap());
        }
    }
}

#[test]
fn what_counts_as_empty_becomes_a_store() {
    let cases: &[&[(&str, Option<&str>)]] = &[
        &[],
        &[(".DS_Store", Some("x"))],
        &[("lost+found", None), ("System Volume Information", None)],
        &[("lock", Some(""))],
        &[("lock", Some("")), (".identity.new", Some("redstr"))],
    ];
    for engine in durable() {
        for case in cases {
            let folder = tempfile::tempdir().unwrap();
            for (name, content) in *case {
                let path = folder.path().join(name);
                match content {
                    Some(text) => fs::write(path, text).unwrap(),
                    None => fs::create_dir(path).unwrap(),
                }
            }
            assert!(storage::engine_of(folder.path()).unwrap().is_none());
            let read = Options::default().read_only(true);
            assert!(Database::open_with(folder.path(), read).is_err());
            make(folder.path(), engine);
            assert_eq!(count(&Database::open(folder.path()).unwrap()), 200);
        }
    }
}

/// Whatever a crash leaves of a store that is being made, the next opening makes it anew.
#[test]
fn a_store_whose_making_was_cut_off_is_made_anew() {
    for engine in durable() {
        let folder = tempfile::tempdir().unwrap();
        let whole = folder.path().join("whole");
        drop(Database::open_with(&whole, Options::default().engine(engine)).unwrap());
        let text = fs::read_to_string(whole.join("identity")).unwrap().replace("whole", "making");
        let covered = text.split_at(text.rfind("checksum").unwrap()).0;
        let making = format!("{covered}checksum {:08x}\n", crc32fast::hash(covered.as_bytes()));
        let own_file = format!("{engine}/db");
        // The names that are there, in the order in which they come to be, and what the last of them holds.
        let steps: &[(&str, Option<&[u8]>)] = &[
            ("lock", Some(b"")),
            ("identity", Some(making.as_bytes())),
            (engine, None),
            (&format!("{engine}/.identity.new"), Some(b"red")),
            ("segments", None),
            ("segments/.identity.new", Some(b"")),
            (&own_file, Some(b"")),
            (&own_file, Some(b"half of it")),
            (".identity.new", Some(b"redstring")),
        ];
        for wanted in durable() {
            for last in 0..=steps.len() {
                let store = folder.path().join(format!("{wanted}-{last}"));
                fs::create_dir(&store).unwrap();
                for (name, content) in &steps[..last] {
                    match content {
                        Some(bytes) => fs::write(store.join(name), bytes).unwrap(),
                        None => fs::create_dir(store.join(name)).unwrap(),
                    }
                }
                let read = Options::default().read_only(true);
                let error = Database::open_with(&store, read).unwrap_err();
                assert_eq!(error.code(), "StorageError.InvalidFile", "{last}: {error:?}");
                make(&store, wanted);
                assert_eq!(count(&Database::open(&store).unwrap()), 200, "{last}");
            }
        }
    }
}

#[test]
fn a_copy_replaces_what_a_cut_off_copy_left_and_nothing_else() {
    let db = Database::in_memory();
    db.execute("CREATE (:A)", ()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [copy, unfinished] = ["copy", "copy.unfinished"].map(|name| folder.path().join(name));
    // Somebody's own folder or store of that name.
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("thesis.txt"), "years of work").unwrap();
    for _ in 0..2 {
        let before = tree(folder.path());
        let error = db.backup(&copy).unwrap_err();
        assert!(error.message().contains("copy.unfinished"), "{error:?}");
        assert!(tree(folder.path()) == before);
        fs::remove_dir_all(&unfinished).unwrap();
        make(&unfinished, "sled");
    }
    fs::remove_dir_all(&unfinished).unwrap();
    // What a crash leaves: nothing yet, the lock, or a part under an identity that says so.
    let text = |store: &Path, state: &str| {
        let text = fs::read_to_string(store.join("identity")).unwrap();
        let text = text.replace("state whole", state).replace("state copied", state);
        let covered = text.split_at(text.rfind("checksum").unwrap()).0;
        format!("{covered}checksum {:08x}\n", crc32fast::hash(covered.as_bytes()))
    };
    db.backup(folder.path().join("model")).unwrap();
    let copying = text(&folder.path().join("model"), "state copying");
    let copied = text(&folder.path().join("model"), "state copied");
    for names in [
        &[][..],
        &[("lock", "")],
        &[("lock", ""), ("identity", &copying)],
        &[("identity", &copying), ("half", "x")],
        &[("identity", &copied), ("lock", "")],
    ] {
        fs::create_dir(&unfinished).unwrap();
        for (name, text) in names {
            fs::write(unfinished.join(name), text).unwrap();
        }
        db.backup(&copy).unwrap();
        assert!(!unfinished.exists());
        assert_eq!(count(&Database::open(&copy).unwrap()), 1);
        fs::remove_dir_all(&copy).unwrap();
    }
}
