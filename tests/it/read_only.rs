//! Reading a store that cannot be written: nothing in its folder is touched, and no private copy is left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use redstring::storage::ENGINES;
use redstring::{Database, Options};

use crate::identity::{tree, without_identity};
use crate::kill::one;

fn durable() -> impl Iterator<Item = &'static str> {
    ENGINES.iter().filter(|engine| engine.durable).map(|engine| engine.name)
}

fn read_only() -> Options {
    Options::default().read_only(true)
}

fn count(db: &Database) -> i64 {
    one(db, "MATCH (n) RETURN count(*)")
}

/// How a store was left: the name of the case, and what was done before.
const LEFT: &[&str] = &["log", "segments", "segments and log", "killed", "killed early", "older"];

/// Makes a store of 300 nodes that was left in this way.
fn leave(store: &Path, engine: &str, how: &str) {
    let options = Options::default().engine(engine).checkpoint_bytes(1 << 40);
    let db = Database::open_with(store, options).unwrap();
    if how == "killed early" {
        db.execute("UNWIND range(1, 300) AS i CREATE (:A {i: i})", ()).unwrap();
    } else {
        db.execute("UNWIND range(1, 200) AS i CREATE (:A {i: i})-[:R]->(:B)", ()).unwrap();
        db.execute("MATCH (b:B) WHERE id(b) % 2 = 0 DETACH DELETE b", ()).unwrap();
        db.execute("MATCH (b:B) DETACH DELETE b", ()).unwrap();
        if how != "log" {
            db.checkpoint().unwrap();
        }
        let text = "UNWIND range(1, 100) AS i CREATE (:C {i: i, text: 'as long as it takes'})";
        db.execute(text, ()).unwrap();
        if how == "segments" || how == "older" {
            db.checkpoint().unwrap();
        }
    }
    if how.starts_with("killed") {
        // What lies on the disk while the store is open is what a killed process leaves.
        let killed = store.with_extension("killed");
        copy(store, &killed);
        fs::write(killed.join("segments/.segment-0000000009.0.new"), "unfinished").unwrap();
        drop(db);
        fs::remove_dir_all(store).unwrap();
        fs::rename(&killed, store).unwrap();
    } else {
        drop(db);
    }
    if how == "older" {
        without_identity(store, engine);
        fs::remove_file(store.join("lock")).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for path in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// Every store of a folder is read in every way, from the library and from the command; what is made of it goes `elsewhere`.
fn reads_all(stores: &Path, elsewhere: &Path, writing_fails: bool) {
    for engine in durable() {
        for how in LEFT {
            let what = format!("{engine}, {how}");
            let store = stores.join(engine).join(how);
            let before = tree(&store);
            if writing_fails {
                let error = Database::open(&store).expect_err(&what);
                let help = error.help_text().unwrap_or_default();
                assert!(help.contains("--readonly"), "{what}: {error:?}");
            }
            let place = elsewhere.join(engine).join(how);
            fs::create_dir_all(&place).unwrap();
            {
                let db = Database::open_with(&store, read_only()).expect(&what);
                let second = Database::open_with(&store, read_only()).expect(&what);
                assert_eq!((count(&db), count(&second)), (300, 300), "{what}");
                assert!(db.check().is_sound(), "{what}: {:?}", db.check().problems);
                db.export(
                    place.join("graph.jsonl"),
                    &redstring::interchange::ExportOptions::default(),
                )
                .unwrap();
                db.backup(place.join("copy")).unwrap();
                assert!(db.execute("CREATE ()", ()).is_err());
            }
            assert_eq!(count(&Database::open(place.join("copy")).unwrap()), 300, "{what}");
            let text = fs::read_to_string(place.join("graph.jsonl")).unwrap();
            assert_eq!(text.lines().count(), 300, "{what}");
            let (store_path, place) = (store.to_str().unwrap(), place.to_str().unwrap());
            let query = "MATCH (n) RETURN count(*) AS nodes";
            for (arguments, said) in [
                (vec!["--readonly", store_path, "-c", query], "300"),
                (vec!["check", store_path], "checked 300 nodes"),
                (
                    vec!["export", store_path, &format!("{place}/second.jsonl")],
                    "exported 300 nodes",
                ),
                (vec!["backup", store_path, &format!("{place}/second")], ""),
                (vec!["migrate", store_path, &format!("{place}/third")], ""),
            ] {
                let output = redstring(&arguments);
                let told = told(&output);
                assert!(output.status.success() && told.contains(said), "{what}: {told}");
            }
            assert!(tree(&store) == before, "{what}: something in the store was changed");
        }
    }
    let left = fs::read_dir(std::env::temp_dir()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> =
        left.filter(|name| name.to_string_lossy().starts_with("redstring-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn redstring(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_redstring")).args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const STORES: &str = "REDSTRING_TEST_READ_ONLY_STORES";
const ELSEWHERE: &str = "REDSTRING_TEST_READ_ONLY_ELSEWHERE";
const WRITABLE: &str = "REDSTRING_TEST_READ_ONLY_WRITABLE";

/// The process that reads what it cannot write; as a test of its own it has nothing to do.
#[test]
fn reader_in_another_process() {
    let Some(stores) = std::env::var_os(STORES) else { return };
    let elsewhere = PathBuf::from(std::env::var_os(ELSEWHERE).unwrap());
    let writing_fails = std::env::var_os(WRITABLE).is_none();
    reads_all(Path::new(&stores), &elsewhere, writing_fails);
    println!("\n<done>");
}

/// Stores of all kinds, and a place for what is made of them.
struct Stores {
    _folder: tempfile::TempDir,
    stores: PathBuf,
    elsewhere: PathBuf,
}

impl Stores {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [stores, elsewhere] = ["stores", "elsewhere"].map(|name| folder.path().join(name));
        fs::create_dir_all(elsewhere.join("temporary")).unwrap();
        for engine in durable() {
            fs::create_dir_all(stores.join(engine)).unwrap();
            LEFT.iter().for_each(|how| leave(&stores.join(engine).join(how), engine, how));
        }
        Self { _folder: folder, stores, elsewhere }
    }

    /// The reader, run by a program with these arguments.
    fn reader(&self, program: &str, arguments: &[&str], stores: &Path) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).arg(std::env::current_exe().unwrap());
        command.args(["--exact", "read_only::reader_in_another_process", "--nocapture"]);
        command.env(STORES, stores).env(ELSEWHERE, &self.elsewhere);
        command.env("TMPDIR", self.elsewhere.join("temporary"));
        command
    }
}

fn reads(mut command: Command) {
    let output = command.output().unwrap();
    assert!(output.status.success() && told(&output).contains("<done>"), "{}", told(&output));
}

/// Whether a script runs that mounts something in a name space of its own. Says loudly where not.
fn can_mount(what: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=1m tmpfs \"$0\" && mount -o remount,ro \"$0\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(folder.path());
    let can = command.output().is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("SKIPPED: reading {what}: nobody may mount in a name space of his own here");
    }
    can
}

const ALONE: &[&str] = &["--user", "--map-root-user", "--mount", "sh", "-c"];

#[test]
fn a_store_that_could_be_written_is_not_touched_either() {
    let stores = Stores::new();
    let mut command = stores.reader("env", &[], &stores.stores);
    reads({
        command.env(WRITABLE, "yes");
        command
    });
}

#[test]
fn a_store_on_a_read_only_mount_is_read() {
    if !can_mount("a read-only mount") {
        return;
    }
    let stores = Stores::new();
    let path = stores.stores.to_str().unwrap().to_owned();
    let script = format!(
        "mount --bind '{path}' '{path}' && mount -o remount,ro,bind '{path}' && exec \"$0\" \"$@\""
    );
    reads(stores.reader("unshare", &[ALONE, &[&script]].concat(), &stores.stores));
}

#[test]
fn a_store_on_a_full_disk_is_read() {
    if !can_mount("a full disk") {
        return;
    }
    let stores = Stores::new();
    let (path, disk) = (stores.stores.to_str().unwrap(), stores.elsewhere.join("disk"));
    fs::create_dir(&disk).unwrap();
    let disk_path = disk.to_str().unwrap();
    let script = format!(
        "mount -t tmpfs -o size=400m tmpfs '{disk_path}' && cp -a '{path}/.' '{disk_path}' && \
         {{ cat /dev/zero > '{disk_path}/filler' 2>/dev/null; true; }} && exec \"$0\" \"$@\""
    );
    let mut command = stores.reader("unshare", &[ALONE, &[&script]].concat(), &disk);
    // What is small may be written in a page that is there already.
    command.env(WRITABLE, "perhaps");
    reads(command);
}

#[test]
#[cfg(unix)]
fn a_store_of_another_user_is_read() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    let stores = Stores::new();
    let above = stores.stores.parent().unwrap();
    fs::set_permissions(above, fs::Permissions::from_mode(0o755)).unwrap();
    let mut folders = vec![stores.stores.clone()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
            }
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    }
    let mut command = stores.reader("env", &[], &stores.stores);
    if fs::metadata(above).unwrap().uid() == 0 {
        for folder in [stores.elsewhere.clone(), stores.elsewhere.join("temporary")] {
            chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        command.uid(NOBODY).gid(NOBODY);
        let mut tried = Command::new(env!("CARGO_BIN_EXE_redstring"));
        let runs = tried.arg("--version").uid(NOBODY).gid(NOBODY).output();
        if !runs.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: reading the store of another user: nobody may run the tests here");
            return;
        }
    }
    reads(command);
    // So that the folder can be removed.
    let mut folders = vec![stores.stores.clone()];
    while let Some(folder) = folders.pop() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let paths = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(paths.filter(|path| path.is_dir()));
    }
}

#[test]
fn readers_share_a_store_and_keep_writers_out() {
    for engine in durable() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        leave(&store, engine, "segments and log");
        let readers = [(); 3].map(|()| Database::open_with(&store, read_only()).unwrap());
        assert_eq!(readers.each_ref().map(count), [300; 3]);
        let error = Database::open(&store).unwrap_err();
        assert_eq!(error.code(), "StorageError.StoreLocked");
        drop(readers);
        let writer = Database::open(&store).unwrap();
        let error = Database::open_with(&store, read_only()).unwrap_err();
        assert_eq!(error.code(), "StorageError.StoreLocked");
        assert!(error.is_retryable());
        writer.execute("CREATE ()", ()).unwrap();
        drop(writer);
        assert_eq!(count(&Database::open_with(&store, read_only()).unwrap()), 301);
    }
}

const PRIVATE: &str = "REDSTRING_TEST_PRIVATE_COPY_OF";

/// The process that is killed while it reads a store; as a test of its own it has nothing to do.
#[test]
fn reader_that_is_killed() {
    let Some(store) = std::env::var_os(PRIVATE) else { return };
    let panicked = std::panic::catch_unwind(|| {
        let _db = Database::open_with(&store, read_only()).unwrap();
        assert_eq!(copies(&std::env::temp_dir()).len(), 1);
        panic!("while a store is open to be read");
    });
    assert!(panicked.is_err() && copies(&std::env::temp_dir()).is_empty());
    let db = Database::open_with(&store, read_only()).unwrap();
    println!("\n<reads {}>", count(&db));
    thread::sleep(Duration::from_secs(600));
}

/// The private copies in a folder.
fn copies(folder: &Path) -> Vec<PathBuf> {
    let is_copy = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.strip_prefix("redstring-copy-").is_some_and(|number| number.len() == 32)
    };
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(is_copy).collect()
}

#[test]
fn a_private_copy_goes_with_its_reader_however_that_ends() {
    use std::io::{BufRead, BufReader};
    for (engine, how) in [("sled", "segments and log"), ("redb", "killed")] {
        let folder = tempfile::tempdir().unwrap();
        let (store, temporary) = (folder.path().join("store"), folder.path().join("temporary"));
        fs::create_dir(&temporary).unwrap();
        leave(&store, engine, how);
        let before = tree(&store);
        let reader = || {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "read_only::reader_that_is_killed", "--nocapture"])
                .env(PRIVATE, &store)
                .env("TMPDIR", &temporary)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert!(lines.any(|line| line.unwrap().contains("<reads 300>")), "{engine}");
            child
        };
        let mut first = reader();
        let own = copies(&temporary);
        assert_eq!(own.len(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&own[0]).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        first.kill().unwrap();
        first.wait().unwrap();
        assert_eq!(copies(&temporary), own, "{engine}: a killed process removes nothing");
        // Somebody else's folder of such a name stays, as does the copy of a reader that lives.
        let other = temporary.join("redstring-copy-of-my-letters");
        fs::create_dir(&other).unwrap();
        let mut second = reader();
        let found = copies(&temporary);
        assert!(other.is_dir() && found.len() == 1 && found != own, "{engine}: {found:?}");
        let query = ["--readonly", store.to_str().unwrap(), "-c", "MATCH (n) RETURN count(*)"];
        let output = Command::new(env!("CARGO_BIN_EXE_redstring"))
            .args(query)
            .env("TMPDIR", &temporary)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", told(&output));
        assert!(found[0].is_dir(), "{engine}");
        second.kill().unwrap();
        second.wait().unwrap();
        assert!(tree(&store) == before, "{engine}");
        // Where there is no room for a copy, the error says where that was wanted.
        let output = Command::new(env!("CARGO_BIN_EXE_redstring"))
            .args(query)
            .env("TMPDIR", temporary.join("nowhere"))
            .output()
            .unwrap();
        assert!(!output.status.success());
        assert!(
            told(&output).contains("nowhere") && told(&output).contains("TMPDIR"),
            "{}",
            told(&output)
        );
    }
}

#[test]
fn the_command_says_how_a_store_is_read_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    leave(&store, "sled", "log");
    let path = store.to_str().unwrap();
    let output = redstring(&["--read-only", path, "-c", "CREATE ()"]);
    assert!(
        !output.status.success() && told(&output).contains("only to be read"),
        "{}",
        told(&output)
    );
    assert_eq!(redstring(&["--readonly", "-c", "RETURN 1"]).status.code(), Some(2));
    let missing = folder.path().join("nothing");
    let output = redstring(&["--readonly", missing.to_str().unwrap(), "-c", "RETURN 1"]);
    assert!(!output.status.success() && !missing.exists());
}
