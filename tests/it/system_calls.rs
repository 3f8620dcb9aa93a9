//! A kill, a full disk and a failing disk at the system calls of a store's life: it is opened, commits, makes a checkpoint
//! that renews the engine's file, commits again and is closed, by this test binary once more, while strace lets one call
//! fail or kills at it. Afterwards the store opens, and has what was acknowledged and no part of anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use redstring::storage::ENGINES;
use redstring::{Database, Options, params};

use crate::kill::{FIRST, FOLDER, next, one, times};
use crate::openings::copy;

const ENGINE: &str = "REDSTRING_TEST_SYSTEM_CALLS_ENGINE";
/// How many cases are tried of each life and engine; as many as there are where it is larger.
const ROUNDS: &str = "REDSTRING_TEST_ROUNDS";
/// Words that the names of all cases tried must have, for a closer look: `sled, old store, error=EIO at fsync 3`.
const ONLY: &str = "REDSTRING_TEST_SYSTEM_CALLS";

/// Calls that change what is on the disk.
const WRITING: &[&str] = &[
    "copy_file_range",
    "fallocate",
    "fdatasync",
    "flock",
    "fsync",
    "ftruncate",
    "linkat",
    "mkdir",
    "mkdirat",
    "open",
    "openat",
    "pwrite64",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendfile",
    "sync_file_range",
    "unlink",
    "unlinkat",
    "write",
    "writev",
];
/// Calls that read from it.
const READING: &[&str] =
    &["fstat", "getdents64", "lseek", "newfstatat", "pread64", "read", "stat", "statx"];

/// What happens at a call, in strace's words, and at which calls.
const FAULTS: &[(&str, &[&[&str]])] = &[
    ("signal=KILL", &[WRITING]),
    ("error=ENOSPC", &[WRITING]),
    ("error=EIO", &[WRITING, READING]),
];

/// The step whose text is so long that the checkpoint after it finds the engine's file worth renewing.
const LONG: i64 = 2;

fn length(number: i64) -> usize {
    if number == LONG { 2_200_000 } else { 100 + number as usize }
}

fn options(engine: &str) -> Options {
    Options::default().engine(engine).checkpoint_bytes(1 << 40)
}

fn commit(db: &Database, number: i64) -> redstring::Result<()> {
    let query = "CREATE (:Part {number: $number, text: $text})-[:NEXT]->(:Part {number: $number, text: $text})
                 MERGE (c:Counter) SET c.number = $number";
    let text = "x".repeat(length(number));
    db.execute(query, params! {"number" => number, "text" => text}).map(drop)
}

/// The number of the last step that is there, after a check that all of them are whole.
fn last(db: &Database) -> i64 {
    let last = one::<i64>(db, "OPTIONAL MATCH (c:Counter) RETURN coalesce(max(c.number), 0)");
    let parts =
        "MATCH (p:Part) RETURN [count(*), count(DISTINCT p.number), coalesce(max(p.number), 0)]";
    assert_eq!(one::<Vec<i64>>(db, parts), [2 * last, last, last]);
    assert_eq!(one::<i64>(db, "MATCH (:Part)-[n:NEXT]->(:Part) RETURN count(n)"), last);
    for number in 1..=last {
        let query =
            format!("MATCH (p:Part {{number: {number}}}) RETURN collect(DISTINCT size(p.text))");
        assert_eq!(one::<Vec<i64>>(db, &query), [length(number) as i64], "step {number}");
    }
    assert!(db.check().is_sound());
    last
}

/// Says something that may fail to be said.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(format!("\n<{line}>\n").as_bytes());
    let _ = out.flush();
}

/// The process that lives under strace; as a test of its own it has nothing to do.
#[test]
#[expect(clippy::exit, reason = "what the test harness does in the end could fail as well")]
fn a_life_in_another_process() {
    let Some(store) = std::env::var_os(FOLDER) else { return };
    let engine = std::env::var(ENGINE).unwrap();
    let first: i64 = std::env::var(FIRST).unwrap().parse().unwrap();
    // Whoever waits for ever is ended, and found out.
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(120));
        std::process::abort();
    });
    say("opens");
    match Database::open_with(&store, options(&engine)) {
        Ok(db) => live(&db, first),
        Err(error) => say(&format!("refused {}", error.code())),
    }
    say("closed");
    std::process::exit(0);
}

fn live(db: &Database, first: i64) {
    for number in first..first + 3 {
        let mut tries = 0;
        while let Err(error) = commit(db, number) {
            tries += 1;
            if error.code() != "StorageError.DiskFull" || tries == 3 {
                say(&format!("stopped {}", error.code()));
                return;
            }
        }
        say(&format!("committed {number}"));
        if number == first
            && let Err(error) = db.checkpoint()
        {
            say(&format!("no checkpoint {}", error.code()));
        }
    }
}

/// What becomes of a store: how it begins.
struct Life {
    name: &'static str,
    /// The steps that it has when the process begins.
    steps: i64,
}

const LIVES: &[Life] = &[Life { name: "old", steps: 3 }, Life { name: "new", steps: 0 }];

fn under_strace(
    arguments: &[String],
    store: &Path,
    engine: &str,
    first: i64,
) -> std::process::Output {
    // What a killed process has made elsewhere goes with the folder.
    let temporary = tempfile::tempdir().unwrap();
    Command::new("strace")
        .args(["-f", "-qq"])
        .args(arguments)
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "system_calls::a_life_in_another_process",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FOLDER, store)
        .env(ENGINE, engine)
        .env(FIRST, first.to_string())
        .env("TMPDIR", temporary.path())
        .output()
        .unwrap()
}

/// The calls of a life, each with its number within its thread.
fn calls(store: &Path, engine: &str, first: i64, log: &Path) -> BTreeSet<(String, u64)> {
    let all: Vec<String> = WRITING.iter().chain(READING).map(|call| format!("?{call}")).collect();
    let arguments =
        ["-o".to_owned(), log.display().to_string(), format!("-etrace={}", all.join(","))];
    let output = under_strace(&arguments, store, engine, first);
    let said = String::from_utf8_lossy(&output.stdout);
    let wanted = format!("<committed {}>", first + 2);
    assert!(
        said.contains(&wanted) && said.contains("<closed>"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!said.contains("<no checkpoint"), "{said}");
    let mut counted: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut before: BTreeMap<String, u64> = BTreeMap::new();
    let mut found = BTreeSet::new();
    let mut opened = false;
    for line in fs::read_to_string(log).unwrap().lines() {
        opened |= line.contains("<opens>");
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let Some((call, _)) = call.trim_start().split_once('(') else { continue };
        if !WRITING.contains(&call) && !READING.contains(&call) {
            continue;
        }
        let number = counted.entry((thread.to_owned(), call.to_owned())).or_default();
        *number += 1;
        if opened {
            found.insert((call.to_owned(), *number));
        } else {
            before.insert(call.to_owned(), *number);
        }
    }
    // The call of that number in every thread is met, and these are of the program's own beginning.
    found.retain(|(call, number)| before.get(call).is_none_or(|before| before < number));
    found
}

#[test]
fn a_fault_at_any_system_call_loses_nothing() {
    let usable = Command::new("strace")
        .args(["-f", "-qq", "-einject=write:error=EIO:when=1", "true"])
        .output();
    if !usable.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED: no faults at system calls, because strace is missing or may not trace here"
        );
        return;
    }
    let rounds = times(ROUNDS, 6);
    let only = std::env::var(ONLY).ok();
    let mut failures = Vec::new();
    for engine in ENGINES.iter().filter(|engine| engine.durable).map(|engine| engine.name) {
        for life in LIVES {
            let folder = tempfile::tempdir().unwrap();
            let (whole, store) = (folder.path().join("whole"), folder.path().join("store"));
            if life.steps > 0 {
                let db = Database::open_with(&whole, options(engine)).unwrap();
                (1..=life.steps).for_each(|number| commit(&db, number).unwrap());
            }
            let begin = || {
                if store.exists() {
                    fs::remove_dir_all(&store).unwrap();
                }
                if life.steps > 0 {
                    copy(&whole, &store);
                }
            };
            begin();
            let calls = calls(&store, engine, life.steps + 1, &folder.path().join("calls"));
            let mut cases = Vec::new();
            for (fault, sets) in FAULTS {
                let of_fault = calls
                    .iter()
                    .filter(|(call, _)| sets.iter().any(|set| set.contains(&call.as_str())));
                cases.extend(of_fault.map(|(call, number)| (*fault, call.as_str(), *number)));
            }
            let name = |(fault, call, number): &(&str, &str, u64)| {
                format!("{engine}, {} store, {fault} at {call} {number}", life.name)
            };
            cases.retain(|case| only.as_ref().is_none_or(|only| name(case).contains(only)));
            // The same sample each time, of all faults and calls.
            let mut random = 1;
            cases.sort_by_cached_key(|_| next(&mut random));
            let tried = cases.len().min(usize::try_from(rounds).unwrap_or(usize::MAX));
            eprintln!("{engine}, {} store: {tried} of {} cases", life.name, cases.len());
            for case in &cases[..tried] {
                begin();
                let (what, (fault, call, number)) = (name(case), case);
                let result = std::panic::catch_unwind(|| {
                    one_fault(
                        &store,
                        engine,
                        life.steps,
                        &format!("-einject={call}:{fault}:when={number}"),
                    );
                });
                if let Err(reason) = result {
                    let reason = reason.downcast_ref::<String>().cloned().unwrap_or_default();
                    eprintln!("{what}: {reason}");
                    failures.push(what);
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

fn one_fault(store: &Path, engine: &str, steps: i64, injection: &str) {
    let arguments = ["-o", "/dev/null", injection].map(str::to_owned);
    let output = under_strace(&arguments, store, engine, steps + 1);
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let told = format!("{said}\n{errors}");
    let killed = injection.contains("KILL");
    assert!(killed || output.status.success(), "it ends by itself: {:?}: {told}", output.status);
    assert!(!errors.contains("panicked"), "{told}");
    let mut committed =
        said.lines().filter_map(|line| line.strip_prefix("<committed ")?.strip_suffix('>'));
    let acknowledged = committed.next_back().map_or(steps, |number| number.parse().unwrap());
    let db = match Database::open_with(store, options(engine)) {
        Ok(db) => db,
        Err(error) => panic!("it does not open: {error:?}: {told}"),
    };
    let found = last(&db);
    // The line of an acknowledgement may be what could not be written.
    let lost = i64::from(injection.contains("inject=write:"));
    assert!((acknowledged..=acknowledged + 1 + lost).contains(&found), "{found} are there: {told}");
    commit(&db, found + 1).unwrap();
    drop(db);
    assert_eq!(last(&Database::open_with(store, options(engine)).unwrap()), found + 1);
}
