//! A full disk, a folder that may not be written, a folder that is gone: an error that says so, nothing lost, and work
//! goes on once the cause is gone.

use std::fs;
use std::path::Path;
use std::process::Command;

use redstring::storage::ENGINES;
use redstring::storage::fault::{FailsAt, Kept, Lasting, LosesUnsynced, Operation, failing};
use redstring::{Database, Error, Options, params};

use crate::crash::{DISK, check, commit, open};
use crate::kill::one;

const FULL: &str = "StorageError.DiskFull";

/// An error names what was tried, and says the way out.
fn is_refusal(error: &Error, code: &str) {
    assert_eq!(error.code(), code, "{error:?}");
    assert!(error.help_text().is_some_and(|help| help.ends_with('.')), "{error:?}");
}

/// Commits and checkpoints on one handle, each tried until it succeeds. Says how many tries failed.
fn work(graph: &redstring::graph::Graph, room: impl Fn()) -> usize {
    let mut failed = 0;
    let mut again = |run: &dyn Fn() -> redstring::Result<()>| {
        let mut tries = 0;
        while let Err(error) = run() {
            // A write that others do not know to be refused finds the store closed to writes.
            let code = error.code();
            assert!(code == FULL || code == "StorageError.StorePoisoned", "{error:?}");
            failed += 1;
            tries += 1;
            assert!(tries < 6, "it never goes on: {error:?}");
            if tries == 3 {
                room();
            }
        }
    };
    for number in 1..=8 {
        again(&|| commit(graph, number));
        if number == 3 || number == 6 {
            // A checkpoint by itself does not open the store anew; a writer does.
            again(&|| graph.checkpoint().or_else(|_| graph.begin().map(drop)));
        }
    }
    failed
}

#[test]
fn writing_goes_on_after_a_full_disk_at_any_operation() {
    let counting = FailsAt::new(0, DISK, Lasting::Once);
    let graph = open(failing(LosesUnsynced::new().opened(), &counting)).unwrap();
    assert_eq!(work(&graph, || {}), 0);
    drop(graph);
    let opening = FailsAt::new(0, DISK, Lasting::Once);
    drop(open(failing(LosesUnsynced::new().opened(), &opening)).unwrap());
    let mut failed = 0;
    for at in opening.counted() + 1..=counting.counted() {
        for lasting in [Lasting::Once, Lasting::Forever] {
            for carried_out in [false, true] {
                let store = LosesUnsynced::new();
                let fails = FailsAt::new(at, DISK, lasting);
                fails.full_disk();
                if carried_out {
                    fails.once_done();
                }
                let graph = open(failing(store.opened(), &fails)).unwrap();
                failed += work(&graph, || fails.end());
                let what = format!("full at {at}, {lasting:?}, carried out: {carried_out}");
                // Who was refused is not there, and its number was taken again.
                assert_eq!(check(&graph).unwrap(), 8, "{what}");
                assert!(graph.check().is_sound(), "{what}");
                drop(graph);
                let cut = store.power_cut(Kept { batches: 0, deletions: true });
                assert_eq!(check(&open(cut.opened()).unwrap()).unwrap(), 8, "{what}");
            }
        }
    }
    assert!(failed > 100, "{failed} operations failed");
}

#[test]
fn any_other_failure_is_no_full_disk() {
    let store = LosesUnsynced::new();
    let fails = FailsAt::new(2, &[Operation::Sync], Lasting::Once);
    let graph = open(failing(store.opened(), &fails)).unwrap();
    assert_eq!(commit(&graph, 1).unwrap_err().code(), "StorageError.InputOutput");
    is_refusal(&commit(&graph, 1).unwrap_err(), "StorageError.StorePoisoned");
    is_refusal(&graph.checkpoint().unwrap_err(), "StorageError.StorePoisoned");
}

// Disks that are full in earnest, in a process of its own.

const PLACE: &str = "REDSTRING_TEST_DISK";
const ENGINE: &str = "REDSTRING_TEST_DISK_ENGINE";
/// The program that mounts a disk of its own, or limits the size of files, and then runs what it is given.
const SMALL_DISK: &str = "mount -t tmpfs -o size=12m tmpfs \"$0\" && exec \"$@\"";
const SMALL_FILES: &str = "trap '' XFSZ; ulimit -f 8192; exec \"$@\"";

fn in_a_shell(program: &str, script: &str, place: &Path, test: &str, engine: &str) -> Command {
    let mut words = program.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["sh", "-c", script]).arg(place);
    command.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    command.env(PLACE, place).env(ENGINE, engine);
    command
}

fn succeeds(mut command: Command) {
    let output = command.output().unwrap();
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("<done>"), "{said}\n{errors}");
}

fn durable() -> impl Iterator<Item = &'static str> {
    ENGINES.iter().filter(|engine| engine.durable).map(|engine| engine.name)
}

/// Stores texts that cannot be made smaller until the disk is full. Says how many were acknowledged.
fn fill(db: &Database, from: i64) -> (i64, Error) {
    let mut random = 1;
    for i in from..100_000 {
        let words = (0..300).map(|_| format!("{:08x}", crate::kill::next(&mut random)));
        let text: String = words.collect();
        if let Err(error) =
            db.execute("CREATE (:Text {i: $i, text: $text})", params! {"i" => i, "text" => text})
        {
            return (i, error);
        }
    }
    panic!("the disk is never full");
}

/// All that was acknowledged is there, and nothing else.
fn holds(db: &Database, acknowledged: i64) {
    let row = db.query("MATCH (t:Text) RETURN count(*), coalesce(max(t.i), -1)", ()).unwrap();
    let found = row.single().unwrap().into_tuple::<(i64, i64)>().unwrap();
    assert_eq!(found, (acknowledged, acknowledged - 1));
}

/// The process that works on a small disk; as a test of its own it has nothing to do.
#[test]
fn worker_on_a_small_disk() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let engine = std::env::var(ENGINE).unwrap();
    let (store, filler) = (Path::new(&place).join("store"), Path::new(&place).join("filler"));
    let options = || Options::default().engine(&engine).checkpoint_bytes(1 << 40);
    let db = Database::open_with(&store, options()).unwrap();
    let (mut acknowledged, mut error) = fill(&db, 0);
    // Making room on the same handle.
    for round in 0..2 {
        is_refusal(&error, FULL);
        holds(&db, acknowledged);
        // What is small may find room; what is large does not.
        (acknowledged, error) = fill(&db, acknowledged);
        is_refusal(&error, FULL);
        holds(&db, acknowledged);
        // The graph as it is must fit twice.
        succeeds_in(&format!(
            "mount -o remount,size={}m {}",
            24 + round * 12,
            Path::new(&place).display()
        ));
        (acknowledged, error) = fill(&db, acknowledged);
    }
    drop(db);
    // And after opening it again, which needs room too.
    is_refusal(&error, FULL);
    if let Err(error) = Database::open_with(&store, options()) {
        is_refusal(&error, FULL);
    }
    succeeds_in(&format!("mount -o remount,size=400m {}", Path::new(&place).display()));
    let db = Database::open_with(&store, options()).unwrap();
    holds(&db, acknowledged);
    // A checkpoint that finds no room changes nothing, and the next one does.
    fs::write(&filler, vec![1; 4 << 20]).unwrap();
    let used = crate::soak::size_of(Path::new(&place)) >> 20;
    succeeds_in(&format!("mount -o remount,size={}m {}", used + 2, Path::new(&place).display()));
    is_refusal(&db.checkpoint().unwrap_err(), FULL);
    db.execute("CREATE (:Small)", ()).unwrap();
    let copy = db.backup(Path::new(&place).join("copy")).unwrap_err();
    is_refusal(&copy, FULL);
    assert!(!Path::new(&place).join("copy").exists());
    holds(&db, acknowledged);
    succeeds_in(&format!("mount -o remount,size=400m {}", Path::new(&place).display()));
    db.checkpoint().unwrap();
    holds(&db, acknowledged);
    assert!(db.check().is_sound());
    drop(db);
    let db = Database::open_with(&store, options()).unwrap();
    holds(&db, acknowledged);
    assert_eq!(one::<i64>(&db, "MATCH (s:Small) RETURN count(*)"), 1);
    println!("\n<done>");
}

fn succeeds_in(command: &str) {
    let status = Command::new("sh").args(["-c", command]).status().unwrap();
    assert!(status.success(), "{command}");
}

#[test]
fn a_full_disk_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let alone = "unshare --user --map-root-user --mount";
    let works = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.args(["mount -t tmpfs -o size=1m tmpfs \"$0\""]).arg(folder.path());
        command.output().is_ok_and(|output| output.status.success())
    };
    if !works() {
        println!("skipped: this system lets nobody mount a small disk in a name space of its own");
        return;
    }
    for engine in durable() {
        succeeds(in_a_shell(
            alone,
            SMALL_DISK,
            folder.path(),
            "disk::worker_on_a_small_disk",
            engine,
        ));
    }
}

/// The process whose files may not grow; as a test of its own it has nothing to do.
#[test]
fn worker_with_small_files() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let options = Options::default().engine(&std::env::var(ENGINE).unwrap());
    let db = Database::open_with(place, options.checkpoint_bytes(1 << 40)).unwrap();
    let (acknowledged, error) = fill(&db, 0);
    is_refusal(&error, FULL);
    holds(&db, acknowledged);
    let (acknowledged, error) = fill(&db, acknowledged);
    is_refusal(&error, FULL);
    holds(&db, acknowledged);
    println!("\n<acknowledged {acknowledged}>\n<done>");
}

#[test]
#[cfg(unix)]
fn files_that_may_not_grow_are_survived() {
    for engine in durable() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let test = "disk::worker_with_small_files";
        let output = in_a_shell("env", SMALL_FILES, &store, test, engine).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("<done>"), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        let number = said.split("<acknowledged ").nth(1).and_then(|rest| rest.split('>').next());
        let acknowledged: i64 = number.unwrap().parse().unwrap();
        assert!(acknowledged > 100, "{acknowledged}");
        let db = Database::open(&store).unwrap();
        // The text that was refused may have reached the disk all the same, but not in part.
        let found = one::<i64>(&db, "MATCH (t:Text) RETURN count(*)");
        assert!(found == acknowledged || found == acknowledged + 1, "{engine}: {found}");
        db.execute("CREATE (:More)", ()).unwrap();
        db.checkpoint().unwrap();
        assert!(db.check().is_sound());
    }
}

#[test]
#[cfg(unix)]
fn a_folder_that_vanishes_is_noticed() {
    for engine in durable() {
        let folder = tempfile::tempdir().unwrap();
        let (store, away) = (folder.path().join("store"), folder.path().join("away"));
        let db = Database::open_with(&store, Options::default().engine(engine)).unwrap();
        db.execute("UNWIND range(0, 99) AS i CREATE (:Text {i: i})", ()).unwrap();
        fs::rename(&store, &away).unwrap();
        // A checkpoint finds no folder for its file and changes nothing.
        is_refusal(&db.checkpoint().unwrap_err(), "StorageError.StoreGone");
        let error = db.execute("CREATE (:Text {i: 100})", ()).unwrap_err();
        is_refusal(&error, "StorageError.StoreGone");
        assert!(error.message().contains("store"), "{error}");
        holds(&db, 100);
        // Another store in its place is not taken for it.
        drop(Database::open_with(&store, Options::default().engine(engine)).unwrap());
        assert!(db.execute("CREATE (:Text {i: 100})", ()).is_err());
        drop(db);
        fs::remove_dir_all(&store).unwrap();
        fs::rename(&away, &store).unwrap();
        let db = Database::open(&store).unwrap();
        let found = one::<i64>(&db, "MATCH (t:Text) RETURN count(*)");
        assert!(found == 100 || found == 101, "{found}");
        db.execute("CREATE (:More)", ()).unwrap();
    }
}

/// Lets the test run once more as somebody who may not do everything, if it runs as somebody who may.
#[cfg(unix)]
fn as_nobody(test: &str, folder: &Path) -> bool {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    if fs::metadata(folder).unwrap().uid() != 0 {
        return false;
    }
    chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(PLACE, folder);
    match command.uid(NOBODY).gid(NOBODY).output() {
        Err(error) => println!("skipped: nobody may run the tests here ({error})"),
        Ok(output) => {
            let (said, errors) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success() && said.contains("<done>"), "{said}\n{errors}");
        }
    }
    true
}

#[test]
#[cfg(unix)]
fn folders_that_may_not_be_written_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let given = std::env::var_os(PLACE);
    let own = given.is_none().then(|| tempfile::tempdir().unwrap());
    let folder = own.as_ref().map_or_else(|| given.unwrap().into(), |own| own.path().to_owned());
    if own.is_some() && as_nobody("disk::folders_that_may_not_be_written_are_named", &folder) {
        return;
    }
    let allow = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    const DENIED: &str = "StorageError.AccessDenied";
    for engine in durable() {
        let store = folder.join(engine);
        let options = || Options::default().engine(engine);
        // No store can be made.
        allow(&folder, 0o500);
        let error = Database::open_with(&store, options()).unwrap_err();
        is_refusal(&error, DENIED);
        assert!(error.message().contains(engine), "{error}");
        allow(&folder, 0o700);
        let db = Database::open_with(&store, options()).unwrap();
        db.execute("UNWIND range(0, 99) AS i CREATE (:Text {i: i})", ()).unwrap();
        // No segments can be made, but commits go on.
        allow(&store.join("segments"), 0o500);
        is_refusal(&db.checkpoint().unwrap_err(), DENIED);
        db.execute("CREATE (:Text {i: 100})", ()).unwrap();
        holds(&db, 101);
        allow(&store.join("segments"), 0o700);
        db.checkpoint().unwrap();
        drop(db);
        // A store that may not be written at all cannot be opened, and is as it was.
        for (path, mode) in [
            (store.join(engine).join("db"), 0o400),
            (store.join("lock"), 0o400),
            (store.clone(), 0),
        ] {
            allow(&path, mode);
            is_refusal(&Database::open(&store).unwrap_err(), DENIED);
            allow(&path, 0o700);
        }
        let db = Database::open(&store).unwrap();
        holds(&db, 101);
        db.execute("CREATE (:More)", ()).unwrap();
        assert!(db.check().is_sound());
    }
    println!("\n<done>");
}
