//! A process that works step by step, is killed, and is held to what it acknowledged.
//!
//! The process is this test binary once more, with one test that finds what to do in its environment. It prints
//! `<committed 7>` when step 7 is done, and other lines in angle brackets at moments worth a kill.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use redstring::{Database, Detail};

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
    /// It lives for less than two to the power of this many microseconds after the mark. Short times and long ones are
    /// as likely: a commit takes a millisecond, a checkpoint many.
    pub longest: u64,
}

impl Victim<'_> {
    /// Lets it work and kills it a moment after it has said the mark a few times. Says the last step that it has
    /// acknowledged, or `acknowledged` if there was none.
    pub fn kill(&self, folder: &Path, random: &mut u64, acknowledged: u64) -> u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", self.test, "--nocapture"])
            .env(FOLDER, folder)
            .env(FIRST, (acknowledged + 1).to_string())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut last = acknowledged;
        let mut note = |line: &str| {
            if let Some(rest) = line.strip_prefix("<committed ") {
                last = rest.strip_suffix('>').map_or(last, |number| number.parse().unwrap());
            }
        };
        let mut marks = 1 + next(random) % 3;
        for line in lines.by_ref() {
            let line = line.unwrap();
            note(&line);
            marks -= u64::from(line.starts_with(self.mark));
            if marks == 0 {
                break;
            }
        }
        assert_eq!(marks, 0, "the process ended by itself");
        let longest = 1 << (4 + next(random) % (self.longest - 3));
        thread::sleep(Duration::from_micros(next(random) % longest));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.map_while(|line| line.ok()).for_each(|line| note(&line));
        last
    }

    /// Kills it again and again, going on with the store of the round before a few times. `begin` makes a store,
    /// `check` looks at what is left of one and says the last step that is there.
    pub fn rounds(
        &self,
        rounds: u64,
        random: &mut u64,
        begin: impl Fn(&Path),
        check: impl Fn(&Path, u64) -> u64,
    ) {
        let mut round = 0;
        while round < rounds {
            let folder = tempfile::tempdir().unwrap();
            let store = folder.path().join("store");
            begin(&store);
            let mut last = 0;
            for _ in 0..5.min(rounds - round) {
                round += 1;
                let acknowledged = self.kill(&store, random, last);
                last = check(&store, acknowledged);
                assert!(
                    last == acknowledged || last == acknowledged + 1,
                    "round {round}: {acknowledged} were acknowledged, {last} are there"
                );
            }
        }
    }
}

/// What the working process is told: the store, opened, and its first step. Nothing where this is no such process.
pub fn told<T>(open: impl Fn(&Path) -> redstring::Result<T>) -> Option<(T, u64)> {
    let folder = std::env::var_os(FOLDER)?;
    let first = std::env::var(FIRST).unwrap().parse().unwrap();
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
