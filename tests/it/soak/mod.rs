//! A long life in fast motion: mixed work against a reference, with bounds on memory and disk.
//!
//! It runs in a process of its own, whose memory is nobody else's. Here it does a hundredth of the full length;
//! `REDSTRING_TEST_OPERATIONS=10000000` asks for all of it.

mod model;
mod work;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::thread::JoinHandle;

use redstring::interchange::{ExportOptions, ImportOptions};
use redstring::{Database, Result};

use crate::kill::{next, one, times};
use model::{Node, Relationship};
use work::{Work, options};

const OPERATIONS: &str = "REDSTRING_TEST_OPERATIONS";
const WORKER: &str = "REDSTRING_TEST_SOAK";

/// Bytes that a store may take beyond two and a half times its live data: the log lies beside the segments until the next
/// checkpoint, at 1 MiB, and the engine's file takes a multiple of it for as long.
const SLACK: u64 = 6 << 20;
/// Bytes by which the memory may move once the work has found its size.
const MEMORY_SLACK: u64 = 48 << 20;

/// A thread that reads whole snapshots, each time it is given a handle.
struct Reader {
    handles: SyncSender<Database>,
    thread: JoinHandle<u64>,
}

impl Reader {
    fn new() -> Self {
        let (handles, given) = sync_channel::<Database>(1);
        let thread = thread::spawn(move || {
            let mut reads = 0;
            for db in given {
                let snapshot = db.begin_read();
                let read = |text: &str| -> (u64, i64) {
                    snapshot.query(text, ()).unwrap().single().unwrap().into_tuple().unwrap()
                };
                let counted = read("MATCH (c:Counter) RETURN c.nodes, c.sum");
                assert_eq!(read("MATCH (n:N) RETURN count(*), coalesce(sum(n.value), 0)"), counted);
                let (relationships, _) = read("MATCH (c:Counter) RETURN c.relationships, 0");
                assert_eq!(read("MATCH ()-[r:R]->() RETURN count(r.weight), 0").0, relationships);
                reads += 5;
            }
            reads
        });
        Self { handles, thread }
    }

    /// Waits for its reads, and says how many they were.
    fn end(self) -> u64 {
        drop(self.handles);
        self.thread.join().unwrap()
    }
}

/// Bytes of the files in a folder and below it.
pub fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata().unwrap() {
            found if found.is_dir() => size_of(&entry.path()),
            found => found.len(),
        })
        .sum()
}

/// Bytes that this process has in memory, where the system tells.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// The graph must be the reference, whole.
fn compare(work: &Work) {
    let db = work.db();
    let text = "MATCH (n:N) RETURN n.key, n.value, n.text, n:Tag";
    let rows = db.query(text, ()).unwrap().tuples::<(i64, i64, Option<String>, bool)>();
    let nodes = rows.map(|row| {
        let (key, value, text, tagged) = row.unwrap();
        (key, Node { value, text, tagged })
    });
    let nodes: Vec<_> = nodes.collect();
    assert_eq!(nodes.len(), work.model.nodes.len());
    assert!(
        nodes.into_iter().collect::<std::collections::BTreeMap<_, _>>()
            == work.model.sorted_nodes()
    );
    let text = "MATCH (a)-[r:R]->(b) RETURN r.key, a.key, b.key, r.weight";
    let rows = db.query(text, ()).unwrap().tuples::<(i64, i64, i64, i64)>();
    let found = rows
        .map(|row| row.map(|(key, start, end, weight)| (key, Relationship { start, end, weight })));
    let found: Vec<_> = found.collect::<Result<_>>().unwrap();
    assert_eq!(found.len(), work.model.relationships.len());
    let found: std::collections::BTreeMap<_, _> = found.into_iter().collect();
    assert!(found == work.model.sorted_relationships());
    assert_eq!(
        one::<u64>(db, "MATCH (n:Tag) RETURN count(*)") as usize,
        work.model.nodes.iter().filter(|(_, node)| node.tagged).count()
    );
    let report = db.check();
    assert!(report.is_sound(), "{:?}", report.problems);
}

/// Bytes that the same graph takes in a store that holds nothing else.
fn live(work: &Work, folder: &Path) -> u64 {
    let (file, fresh) = (folder.join("live.jsonl"), folder.join("live"));
    work.db().export(&file, &ExportOptions::default()).unwrap();
    let db = Database::open(&fresh).unwrap();
    db.import(&ImportOptions::default().graph(&file)).unwrap();
    drop(db);
    let live = size_of(&fresh);
    fs::remove_dir_all(&fresh).unwrap();
    fs::remove_file(&file).unwrap();
    live
}

/// The process that works; as a test of its own it has nothing to do.
#[test]
fn worker_in_another_process() {
    let Ok(engine) = std::env::var(WORKER) else { return };
    let operations = times(OPERATIONS, 100_000);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let open = || Database::open_with(&store, options().engine(&engine)).unwrap();
    let mut work = Work::new(open(), 11);
    let mut reader = Reader::new();
    let (mut memory_bound, mut most_memory, mut most_disk, mut opened) = (0, 0, 0, 0);
    let mut live_bytes = u64::MAX;
    while work.done < operations {
        work.transaction();
        match next(&mut work.random) % 2_000 {
            0..40 => reader.handles.send(work.db().clone()).unwrap(),
            40..46 => work.change_schema(),
            46..52 => {
                work.db().checkpoint().unwrap();
                work.done += 1;
            }
            52..54 => {
                work.done += 1 + reader.end();
                work.db = None;
                work.db = Some(open());
                reader = Reader::new();
                opened += 1;
                compare(&work);
                // Now and then, because it takes long.
                if opened % 16 == 1 {
                    live_bytes = live(&work, folder.path());
                }
            }
            _ => continue,
        }
        let disk = size_of(&store);
        most_disk = most_disk.max(disk);
        assert!(
            live_bytes == u64::MAX || disk * 2 <= live_bytes * 5 + SLACK * 2,
            "{disk} bytes on disk for {live_bytes} of data after {} operations",
            work.done
        );
        let memory = memory().unwrap_or(0);
        most_memory = most_memory.max(memory);
        // The first part finds what the work needs.
        if work.done < operations / 4 {
            memory_bound = most_memory + MEMORY_SLACK;
        } else {
            assert!(
                memory <= memory_bound,
                "{memory} bytes in memory, {memory_bound} allowed, after {} operations",
                work.done
            );
        }
    }
    work.done += reader.end();
    compare(&work);
    work.db().checkpoint().unwrap();
    let (disk, live_bytes) = (size_of(&store), live(&work, folder.path()));
    assert!(
        disk * 2 <= live_bytes * 5 + SLACK * 2,
        "{disk} bytes on disk for {live_bytes} of data"
    );
    println!(
        "<{engine}: {} operations, {} nodes, {} relationships, {opened} openings; disk {disk} bytes at the end and \
         {most_disk} at most for {live_bytes} of data; memory {most_memory} bytes at most>",
        work.done,
        work.model.nodes.len(),
        work.model.relationships.len(),
    );
    assert!(opened > 0 || operations < 50_000);
}

#[test]
fn mixed_work_stays_within_its_bounds() {
    for engine in ["sled", "redb"] {
        let tenths = if engine == "sled" { 9 } else { 1 };
        let operations = times(OPERATIONS, 100_000) * tenths / 10;
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "soak::worker_in_another_process", "--nocapture"])
            .env(WORKER, engine)
            .env(OPERATIONS, operations.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}\n{errors}");
        println!("{}", said.lines().find(|line| line.starts_with('<')).unwrap_or_default());
    }
}
