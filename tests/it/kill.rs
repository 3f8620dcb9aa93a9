//! A process that works step by step, is killed, and is held to what it acknowledged.
//!
//! The process is this test binary once more, with one test that finds what to do in its environment. It prints
//! `<committed 7>` when step 7 is done, and other lines in angle brackets at moments worth a kill.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use redstring::{Database, Detail};

use crate::power_cut::Disk;

/// The store that the process works on.
pub const FOLDER: &str = "REDSTRING_TEST_CRASH_FOLDER";
/// The step it begins with.
pub const FIRST: &str = "REDSTRING_TEST_CRASH_FIRST";

/// How often something is done: as often as the environment says, for long runs, or as is quick enough.
pub fn times(variable: &str, quick: u64) -> u64 {
    std::env::var(variable).map_or(quick, |number| number.parse().unwrap())
}

/// The next of a fixed row of numbers that look random.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// What is killed, and when.
pub struct Victim<'a> {
    /// The test that works.
    pub test: &'a str,
    /// What it finds in its environment, beside the store and the step.
    pub environment: Vec<(&'static str, OsString)>,
    /// How the line begins after which it may die.
    pub mark: &'a str,
    /// How many of these lines it says at most.
    pub marks: u64,
    /// It lives for less than two to the power of this many microseconds after the mark. Short times and long ones are
    /// as likely: a commit takes a millisecond, a checkpoint many.
    pub longest: u64,
    /// Where its store lies, if the power of that is to be cut in the same moment.
    pub disk: Option<&'a Disk>,
}

impl Victim<'_> {
    /// Lets it work and kills it a moment after it has said the mark a few times. Says which steps may be the last one that
    /// is there: none before one that it has acknowledged (`acknowledged` if there was none), and one more at most.
    pub fn kill(&self, folder: &Path, random: &mut u64, acknowledged: u64) -> RangeInclusive<u64> {
        let cutter = self.disk.map(|disk| disk.cutter().unwrap());
        // It does not clear away what it has made elsewhere.
        let temporary = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", self.test, "--nocapture"])
            .env(FOLDER, folder)
            .env(FIRST, (acknowledged + 1).to_string())
            .env("TMPDIR", temporary.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let last = AtomicU64::new(acknowledged);
        let (marked, marks) = channel();
        let before = thread::scope(|scope| {
            scope.spawn(|| {
                let marked = marked;
                for line in lines.map_while(|line| line.ok()) {
                    if let Some(rest) = line.strip_prefix("<committed ") {
                        let number = rest.strip_suffix('>').and_then(|number| number.parse().ok());
                        number.into_iter().for_each(|number| last.store(number, Ordering::SeqCst));
                    }
                    if line.starts_with(self.mark) {
                        let _ = marked.send(());
                    }
                }
            });
            for _ in 0..1 + next(random) % self.marks {
                marks.recv().expect("the process ended by itself");
            }
            let longest = 1 << (4 + next(random) % (self.longest - 3));
            thread::sleep(Duration::from_micros(next(random) % longest));
            // A sync that is under way when the power goes may say that all is well: Linux forgets, for a moment, that the
            // journal came to nothing. Nobody lives to hear that of a machine without power.
            let before = cutter.map(|cutter| {
                let before = last.load(Ordering::SeqCst);
                cutter.cut().unwrap();
                before
            });
            child.kill().unwrap();
            child.wait().unwrap();
            before
        });
        if let Some(disk) = self.disk {
            disk.restore().unwrap();
        }
        let last = last.into_inner();
        before.unwrap_or(last)..=last + 1
    }

    /// Kills it again and again, going on with the store of the round before a few times. `begin` makes a store,
    /// `check` looks at what is left of one, and which steps may be the last one there, and says which is.
    pub fn rounds(
        &self,
        rounds: u64,
        random: &mut u64,
        begin: impl Fn(&Path),
        check: impl Fn(&Path, RangeInclusive<u64>) -> u64,
    ) {
        let mut round = 0;
        while round < rounds {
            let folder = match self.disk {
                None => tempfile::tempdir().unwrap(),
                Some(disk) => {
                    let folder = tempfile::tempdir_in(disk.folder()).unwrap();
                    File::open(disk.folder()).unwrap().sync_all().unwrap();
                    folder
                }
            };
            let store = folder.path().join("store");
            begin(&store);
            let mut last = 0;
            for _ in 0..5.min(rounds - round) {
                round += 1;
                let expected = self.kill(&store, random, last);
                last = check(&store, expected.clone());
                let what = format!("round {round}: {expected:?} may be there, {last} are");
                assert!(expected.contains(&last), "{what}");
            }
        }
    }
}

/// What the working process is told: the store, opened, and its first step. Nothing where this is no such process.
pub fn told<T>(open: impl Fn(&Path) -> redstring::Result<T>) -> Option<(T, u64)> {
    let folder = std::env::var_os(FOLDER)?;
    let first = std::env::var(FIRST).unwrap().parse().unwrap();
    say("opens");
    // The process that checks has closed the store, but a child that it starts at that moment may hold it open.
    let opened = (0..100).find_map(|_| match open(Path::new(&folder)) {
        Err(error) if error.kind() == Detail::StoreLocked => None,
        other => Some(other.unwrap()),
    });
    Some((opened.unwrap(), first))
}

/// A line that the killer reads.
pub fn say(line: &str) {
    println!("\n<{line}>");
}

/// A value of a row of one.
pub fn one<T: redstring::FromValue>(db: &Database, query: &str) -> T {
    db.query(query, ()).unwrap().single().unwrap().get(0).unwrap()
}
