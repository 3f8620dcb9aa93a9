//! Crashes: a killed process, a power cut at every operation, failing disks, damaged files.
//!
//! One workload serves all: numbered transactions, each of which creates nodes and relationships that carry its
//! number and raises a counter. Whatever happens, the store holds the transactions 1 to some number, whole, and
//! the counter says that number.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::path::PathBuf;

use redstring::Error;
use redstring::Result;
use redstring::graph::Graph;
use redstring::graph::GraphOptions;
use redstring::storage;
use redstring::storage::Opened;
use redstring::storage::fault::FailsAt;
use redstring::storage::fault::Kept;
use redstring::storage::fault::Lasting;
use redstring::storage::fault::LosesUnsynced;
use redstring::storage::fault::Operation;
use redstring::storage::fault::failing;
use redstring::storage::sled;
use redstring::value::NodeId;
use redstring::value::RelationshipId;
use redstring::value::Value;

use crate::kill;
use crate::kill::Victim;
use crate::kill::next;
use crate::kill::say;
use crate::kill::times;

/// Nodes per transaction; each but the first follows the one before.
const NODES: usize = 3;

pub fn open(opened: Opened) -> Result<Graph> {
    Graph::open(opened.bytes, opened.segments, GraphOptions::default())
}

/// What the node or relationship at a position of a transaction says: sometimes more than one value of the
/// storage holds.
fn text(number: u64, at: usize) -> String {
    let length = match (number % 5, at) {
        (0, 0) => 20_000,
        (2, 1) => 5_000,
        _ => 10,
    };
    let word = format!("{number}:{at} ");
    let mut text = word.repeat(length / word.len() + 1);
    text.truncate(length);
    text
}

/// The transaction of that number.
pub fn commit(graph: &Graph, number: u64) -> Result<()> {
    let mut transaction = graph.begin()?;
    let (part, counter) = (transaction.label("Part")?, transaction.label("Counter")?);
    let follows = transaction.relationship_type("FOLLOWS")?;
    let (key, text_key) = (transaction.key("number")?, transaction.key("text")?);
    let number_value = Value::Integer(number.cast_signed());
    let properties =
        |at| vec![(key, number_value.clone()), (text_key, Value::String(text(number, at).into()))];
    let mut before = None;
    for at in 0..NODES {
        let node = transaction.create_node(&[part], properties(at))?;
        if let Some(before) = before.replace(node) {
            transaction.create_relationship(follows, node, before, properties(at))?;
        }
    }
    let mut counters = Vec::new();
    transaction.snapshot().scan_label(counter, NodeId(0), 2, &mut counters)?;
    match counters.first() {
        Some(node) => transaction.set_node_property(*node, key, &number_value)?,
        None => drop(transaction.create_node(&[counter], vec![(key, number_value)])?),
    }
    transaction.commit()
}

/// The number and text of a node or relationship.
fn said(graph: &Graph, properties: &[(redstring::graph::KeyId, Value)]) -> (u64, String) {
    let snapshot = graph.snapshot();
    let mut said = (0, String::new());
    for (key, value) in properties {
        match (&*snapshot.key_name(*key), value) {
            ("number", Value::Integer(number)) => said.0 = number.cast_unsigned(),
            ("text", Value::String(text)) => said.1 = text.to_string(),
            (name, value) => panic!("nobody wrote {name}: {value:?}"),
        }
    }
    said
}

/// The number of the last transaction, after a check that all of them are whole. Errors are what the store
/// gives; anything that is there but wrong panics.
pub fn check(graph: &Graph) -> Result<u64> {
    let snapshot = graph.snapshot();
    let Some(counter) = snapshot.label_id("Counter") else {
        assert_eq!((snapshot.node_count(), snapshot.relationship_count()), (0, 0));
        return Ok(0);
    };
    let mut counters = Vec::new();
    snapshot.scan_label(counter, NodeId(0), 10, &mut counters)?;
    assert_eq!(counters.len(), 1, "there is one counter");
    let (last, _) = said(graph, &snapshot.node_properties(counters[0])?);

    let mut nodes = Vec::new();
    let part = snapshot.label_id("Part").expect("created with the counter");
    snapshot.scan_label(part, NodeId(0), usize::MAX, &mut nodes)?;
    let mut found: BTreeMap<(u64, usize), NodeId> = BTreeMap::new();
    let mut at_of = BTreeMap::new();
    for node in nodes {
        let (number, said) = said(graph, &snapshot.node_properties(node)?);
        let at = (0..NODES).find(|at| said.starts_with(&format!("{number}:{at} ")));
        let at = at.expect("the text of a node begins with its place");
        assert!(said == text(number, at), "the text of {number}:{at} is whole");
        assert!(found.insert((number, at), node).is_none(), "{number}:{at} is there once");
        at_of.insert(node, (number, at));
    }
    let wanted: Vec<_> = (1..=last).flat_map(|n| (0..NODES).map(move |at| (n, at))).collect();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), wanted, "nodes up to {last}");

    let mut relationships = Vec::new();
    snapshot.scan_relationships(&[], RelationshipId(0), usize::MAX, &mut relationships)?;
    let mut followed = Vec::new();
    for relationship in relationships {
        let (number, said) = said(graph, &snapshot.relationship_properties(relationship)?);
        let ends = snapshot.relationship(relationship)?;
        let (_, start, end) = ends.expect("a relationship that was scanned is there");
        let (start, end) = (at_of[&start], at_of[&end]);
        assert_eq!((start.0, end), (number, (number, start.1 - 1)), "it joins its own nodes");
        assert!(said == text(number, start.1), "the text of a relationship is whole");
        followed.push(start);
    }
    followed.sort_unstable();
    assert_eq!(followed, wanted.into_iter().filter(|(_, at)| *at > 0).collect::<Vec<_>>());
    Ok(last)
}

// A killed process.

const COMMITS_PER_CHECKPOINT: &str = "REDSTRING_TEST_CRASH_COMMITS_PER_CHECKPOINT";
const COPIES: &str = "REDSTRING_TEST_CRASH_COPIES";

/// The process that is killed; as a test of its own it has nothing to do.
#[test]
fn writer_in_another_process() {
    let Some((opened, first)) = kill::told(|store| storage::open(store, None)) else { return };
    let per_checkpoint: u64 = std::env::var(COMMITS_PER_CHECKPOINT).unwrap().parse().unwrap();
    let store = PathBuf::from(std::env::var_os(kill::FOLDER).unwrap());
    let graph = open(opened).unwrap();
    // It ends by itself when nobody kills it.
    for number in first..first + 1_000 {
        if std::env::var_os(COPIES).is_some() {
            copy_before(number, &graph, &store);
        }
        commit(&graph, number).unwrap();
        say(&format!("committed {number}"));
        if number % per_checkpoint == 0 {
            say("checkpoint begins");
            graph.checkpoint().unwrap();
        }
    }
}

/// Copies a graph before the commit of that number, unless that was done already.
fn copy_before(number: u64, graph: &Graph, store: &Path) {
    let target = copies(store).join((number - 1).to_string());
    if !target.exists() {
        say("copy begins");
        let engine = if number.is_multiple_of(2) { "sled" } else { "redb" };
        storage::make_whole(&target, engine, |opened| graph.copy_to(opened)).unwrap();
    }
}

/// The folder of the copies of a store.
fn copies(store: &Path) -> PathBuf {
    store.with_file_name("copies")
}

/// Who commits, and dies a moment after it has said `mark`.
pub fn writer(per_checkpoint: u64, mark: &str) -> Victim<'_> {
    Victim {
        test: "crash::writer_in_another_process",
        environment: vec![(COMMITS_PER_CHECKPOINT, per_checkpoint.to_string().into())],
        mark,
        marks: 3,
        longest: 14,
        disk: None,
    }
}

/// Who copies its store before each commit.
pub fn copier() -> Victim<'static> {
    let mut writer = writer(5, "<copy");
    writer.environment.push((COPIES, "yes".into()));
    writer
}

/// The last commit of a store that is whole.
pub fn last_of(store: &Path, _: RangeInclusive<u64>) -> u64 {
    let last = check(&open(storage::open(store, None).unwrap()).unwrap()).unwrap();
    let blobs = store.join("sled/blobs");
    assert!(!blobs.exists() || fs::read_dir(blobs).unwrap().count() == 0);
    last
}

/// As [`last_of`]. A copy is whole or has not got its name, and there is one from before each acknowledged commit.
pub fn last_of_copied(store: &Path, expected: RangeInclusive<u64>) -> u64 {
    for entry in fs::read_dir(copies(store)).into_iter().flatten().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        if let Ok(number) = name.parse::<u64>() {
            let copy = open(storage::open(&entry.path(), None).unwrap()).unwrap();
            assert_eq!(check(&copy).unwrap(), number);
            assert!(copy.check().is_sound());
        } else {
            assert!(name.ends_with(".unfinished"), "{name}");
        }
    }
    for number in 0..*expected.start() {
        assert!(copies(store).join(number.to_string()).exists(), "{expected:?}: {number}");
    }
    last_of(store, expected)
}

/// Kills a process again and again and checks after each time. `REDSTRING_TEST_ROUNDS` asks for more rounds.
fn kill_rounds(per_checkpoint: u64, mark: &str) {
    let rounds = times("REDSTRING_TEST_ROUNDS", 50);
    writer(per_checkpoint, mark).rounds(rounds, &mut per_checkpoint.clone(), |_| {}, last_of);
}

#[test]
fn killed_during_commits() {
    kill_rounds(7, "<committed");
}

#[test]
fn killed_during_checkpoints() {
    kill_rounds(2, "<checkpoint");
}

#[test]
fn killed_during_backups_and_migrations() {
    copier().rounds(times("REDSTRING_TEST_ROUNDS", 12), &mut 3, |_| {}, last_of_copied);
}

// A power cut, and a disk that fails.

/// Commits and checkpoints, as far as the store lets it. Says how many commits were acknowledged.
fn run(opened: Opened, errors: &mut Vec<Error>) -> u64 {
    let mut acknowledged = 0;
    let graph = match open(opened) {
        Ok(graph) => graph,
        Err(error) => {
            errors.push(error);
            return 0;
        }
    };
    for step in 1..=8 {
        // A commit that failed is not there, or no other will succeed: its number can be taken again.
        match commit(&graph, acknowledged + 1) {
            Ok(()) => acknowledged += 1,
            Err(error) => errors.push(error),
        }
        if step == 3 || step == 6 {
            errors.extend(graph.checkpoint().err());
        }
    }
    acknowledged
}

pub const DISK: &[Operation] = &[Operation::Write, Operation::Sync];

/// Opens what a power cut has left, checks it and goes on with it.
fn recovers(store: &LosesUnsynced, acknowledged: u64, what: &str) {
    let graph = open(store.opened()).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let last = check(&graph).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert!(
        last == acknowledged || last == acknowledged + 1,
        "{what}: {acknowledged} were acknowledged, {last} are there"
    );
    commit(&graph, last + 1).unwrap();
    graph.checkpoint().unwrap();
    commit(&graph, last + 2).unwrap();
    drop(graph);
    let cut = store.power_cut(Kept { batches: 0, deletions: true });
    assert_eq!(check(&open(cut.opened()).unwrap()).unwrap(), last + 2, "{what}, gone on");
}

#[test]
fn a_power_cut_at_every_operation() {
    let counting = FailsAt::new(0, DISK, Lasting::Once);
    let mut errors = Vec::new();
    assert_eq!(run(failing(LosesUnsynced::new().opened(), &counting), &mut errors), 8);
    assert_eq!(errors.len(), 0, "{errors:?}");
    assert!(counting.counted() > 30, "the workload is long enough to be cut");
    for at in 1..=counting.counted() {
        for carried_out in [false, true] {
            let store = LosesUnsynced::new();
            let fails = FailsAt::new(at, DISK, Lasting::Forever);
            if carried_out {
                fails.once_done();
            }
            let acknowledged = run(failing(store.opened(), &fails), &mut Vec::new());
            for batches in 0..=store.unsynced() {
                for deletions in [false, true] {
                    let cut = store.power_cut(Kept { batches, deletions });
                    let what = format!(
                        "cut at {at} (carried out: {carried_out}), {batches} unsynced batches and \
                         deletions ({deletions}) kept"
                    );
                    recovers(&cut, acknowledged, &what);
                }
            }
        }
    }
}

#[test]
fn a_second_power_cut_while_the_store_is_opened() {
    let counting = FailsAt::new(0, DISK, Lasting::Once);
    run(failing(LosesUnsynced::new().opened(), &counting), &mut Vec::new());
    for at in 1..=counting.counted() {
        let store = LosesUnsynced::new();
        let fails = FailsAt::new(at, DISK, Lasting::Forever);
        let acknowledged = run(failing(store.opened(), &fails), &mut Vec::new());
        for second in 1.. {
            let kept = Kept { batches: store.unsynced(), deletions: false };
            let first_cut = store.power_cut(kept);
            let fails = FailsAt::new(second, DISK, Lasting::Forever);
            let opened = open(failing(first_cut.opened(), &fails));
            for batches in 0..=first_cut.unsynced() {
                let cut = first_cut.power_cut(Kept { batches, deletions: true });
                let what = format!("cut at {at}, then at {second} of opening, {batches} kept");
                recovers(&cut, acknowledged, &what);
            }
            if fails.counted() < second {
                assert!(opened.is_ok(), "it opens when nothing fails");
                break;
            }
        }
    }
}

#[test]
fn one_failing_operation_loses_nothing_that_was_acknowledged() {
    for kinds in [DISK, &[Operation::Read]] {
        let counting = FailsAt::new(0, kinds, Lasting::Once);
        run(failing(LosesUnsynced::new().opened(), &counting), &mut Vec::new());
        assert!(counting.counted() > 0, "there is something to fail");
        for at in 1..=counting.counted() {
            let store = LosesUnsynced::new();
            let fails = FailsAt::new(at, kinds, Lasting::Once);
            let mut errors = Vec::new();
            let acknowledged = run(failing(store.opened(), &fails), &mut errors);
            for error in &errors {
                assert!(
                    error.code().starts_with("StorageError."),
                    "operation {at} of {kinds:?} failed, and then: {error:?}"
                );
            }
            let graph = open(store.opened()).unwrap();
            let last = check(&graph).unwrap();
            assert!(
                last == acknowledged || last == acknowledged + 1,
                "operation {at} of {kinds:?}: {acknowledged} were acknowledged, {last} are there"
            );
        }
    }
}

// Large values and damaged files.

#[test]
fn nothing_spills_into_blobs() {
    let folder = tempfile::tempdir().unwrap();
    let graph = open(sled::open(folder.path()).unwrap()).unwrap();
    for round in 0..4_usize {
        let mut transaction = graph.begin().unwrap();
        let key = transaction.key("text").unwrap();
        for at in 0..300 {
            let length = [30, 4_096, 70_000][at % 3];
            let value = Value::String("x".repeat(length + at).into());
            transaction.create_node(&[], vec![(key, value)]).unwrap();
        }
        transaction.commit().unwrap();
        for number in 1..40 {
            let mut transaction = graph.begin().unwrap();
            let value = Value::String("y".repeat(number * 100).into());
            transaction.create_node(&[], vec![(key, value)]).unwrap();
            transaction.commit().unwrap();
        }
        if round % 2 == 1 {
            graph.checkpoint().unwrap();
        }
    }
    drop(graph);
    let graph = open(sled::open(folder.path()).unwrap()).unwrap();
    assert_eq!(graph.snapshot().node_count(), 4 * 339);
    drop(graph);
    assert_eq!(fs::read_dir(folder.path().join("sled/blobs")).unwrap().count(), 0);
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
    found.sort();
}

/// Copies a store.
fn copy(files: &[PathBuf], from: &Path, to: &Path) {
    for folder in ["sled/blobs", "segments"] {
        fs::create_dir_all(to.join(folder)).unwrap();
    }
    for file in files {
        fs::copy(file, to.join(file.strip_prefix(from).unwrap())).unwrap();
    }
}

/// A way to damage the bytes of a file at a place.
type Damage = (&'static str, fn(&mut Vec<u8>, usize));

const DAMAGE: &[Damage] = &[
    ("a flipped bit", |bytes, at| bytes[at] ^= 1 << (at % 8)),
    ("a zeroed block", |bytes, at| {
        let end = bytes.len().min(at + 512);
        bytes[at..end].fill(0);
    }),
    ("a cut", |bytes, at| bytes.truncate(at)),
];

#[test]
fn damaged_files_give_errors_or_right_data() {
    let folder = tempfile::tempdir().unwrap();
    let graph = open(sled::open(folder.path()).unwrap()).unwrap();
    for number in 1..=12 {
        commit(&graph, number).unwrap();
        if number == 7 {
            graph.checkpoint().unwrap();
        }
    }
    drop(graph);
    let mut files = Vec::new();
    files_below(folder.path(), &mut files);
    let mut random = 1;
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for file in &files {
        let whole = fs::read(file).unwrap();
        let name = file.strip_prefix(folder.path()).unwrap();
        // Where there is something: a flipped bit in free space says nothing.
        let places: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
        let samples = if places.is_empty() { 0 } else { times("REDSTRING_TEST_SAMPLES", 12) };
        for (what, damage) in DAMAGE {
            for _ in 0..samples {
                let place = places[usize::try_from(next(&mut random)).unwrap() % places.len()];
                let damaged = tempfile::tempdir().unwrap();
                copy(&files, folder.path(), damaged.path());
                let mut bytes = whole.clone();
                damage(&mut bytes, place);
                fs::write(damaged.path().join(name), bytes).unwrap();
                let found =
                    sled::open(damaged.path()).and_then(open).and_then(|graph| check(&graph));
                let what = format!("{} with {what} at {place}", name.display());
                match &found {
                    // The end of sled's log may be gone without a trace; the segments may not.
                    Ok(last) if name.starts_with("sled") => assert!(*last <= 12, "{what}"),
                    Ok(last) => assert_eq!(*last, 12, "{what}"),
                    Err(error) => {
                        let class = error.code();
                        assert!(
                            class.starts_with("CorruptionError.")
                                || class.starts_with("StorageError."),
                            "{what}: {error:?}"
                        );
                    }
                }
                let outcome = found.map_or_else(|error| error.code(), |last| last.to_string());
                *outcomes.entry(format!("{}: {outcome}", name.display())).or_default() += 1;
            }
        }
    }
    println!("{outcomes:#?}");
    assert!(outcomes.keys().any(|outcome| outcome.contains("CorruptionError")), "{outcomes:?}");
}
