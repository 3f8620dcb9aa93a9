//! Power cuts of a real file system: it lies in a file, is shut down at some moment without writing what it has not
//! written yet, and is mounted once more.
//!
//! All of it happens in a process of its own, in a name space of its own: whatever becomes of that, its mounts and loop
//! devices go with it. Where the machine lets nobody mount a file, the tests say so and do nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use redstring::storage::ENGINES;
use redstring::{Database, Options};

use crate::kill::{Victim, times};
use crate::{crash, crash_bulk};

/// A file system: the program that makes one in a file, what that is told, and how it is mounted.
struct FileSystem {
    name: &'static str,
    make: &'static [&'static str],
    mount: &'static str,
}

const FILE_SYSTEMS: &[FileSystem] = &[
    FileSystem { name: "ext4", make: &["mkfs.ext4", "-q", "-F"], mount: "loop" },
    // Without what it does for programs that forget to sync.
    FileSystem {
        name: "ext4, strictly",
        make: &["mkfs.ext4", "-q", "-F"],
        mount: "loop,noauto_da_alloc,data=writeback",
    },
    FileSystem { name: "xfs", make: &["mkfs.xfs", "-q", "-f"], mount: "loop" },
];

/// Bytes of the file, which holds only what is written to it.
const SIZE: u64 = 512 << 20;

/// Programs that shut a file system down, given its folder: each does so once it reads a line, and has said before that it
/// is ready. The request is `_IOR('X', 125, u32)`, and 2 is to write no log.
const CUTTERS: &[&[&str]] = &[
    &[
        "perl",
        "-e",
        "open(F, '<', $ARGV[0]) or die $!; $| = 1; print \"ready\\n\"; <STDIN>; \
         my $how = pack('L', 2); ioctl(F, 0x8004587d, $how) or die $!",
    ],
    &[
        "python3",
        "-c",
        "import fcntl, os, struct, sys\nf = os.open(sys.argv[1], os.O_RDONLY)\nprint('ready', flush=True)\n\
         sys.stdin.readline()\nfcntl.ioctl(f, 0x8004587d, struct.pack('I', 2))",
    ],
];

/// A mounted file system that can lose its power.
pub struct Disk {
    image: PathBuf,
    folder: PathBuf,
    system: &'static FileSystem,
    cutter: &'static [&'static str],
}

/// Runs a program. Says what it had to say if it failed.
fn run(program: &str, words: &[&str], last: &[&Path]) -> Result<(), String> {
    let output = Command::new(program).args(words).args(last).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

impl Disk {
    /// Makes and mounts one in a folder.
    fn new(place: &Path, system: &'static FileSystem) -> Result<Self, String> {
        let (image, folder) = (place.join("image"), place.join("mounted"));
        File::create(&image).unwrap().set_len(SIZE).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        if let [program, words @ ..] = system.make {
            run(program, words, &[&image])?;
        }
        let mut disk = Self { image, folder, system, cutter: &[] };
        disk.mount()?;
        // Whoever can cut it off once, and mount it then, can do so again.
        let tried = CUTTERS.iter().map(|cutter| {
            disk.cutter = cutter;
            disk.cutter()?.cut()?;
            disk.restore()
        });
        let failed: Vec<_> = tried.map_while(Result::err).collect();
        if failed.len() == CUTTERS.len() { Err(failed.join("; ")) } else { Ok(disk) }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn mount(&self) -> Result<(), String> {
        run(
            "mount",
            &[
                "-t",
                self.system.name.split(',').next().unwrap_or_default(),
                "-o",
                self.system.mount,
            ],
            &[&self.image, &self.folder],
        )
    }

    /// Gets ready to cut the power.
    pub fn cutter(&self) -> Result<Cutter, String> {
        let (program, words) = self.cutter.split_first().unwrap();
        let mut command = Command::new(program);
        command.args(words).arg(&self.folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.stderr(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{program}: {error}"))?;
        let _ = child.stdout.take().unwrap().read(&mut [0; 6]);
        Ok(Cutter(child))
    }

    /// Gives it its power back. Nobody may have anything open there.
    pub fn restore(&self) -> Result<(), String> {
        let mut tries = 0;
        // A thread of an engine that was closed here may end a moment later.
        while let Err(error) = run("umount", &[], &[&self.folder]) {
            tries += 1;
            if tries == 100 {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.mount()
    }
}

/// What cuts the power at once.
pub struct Cutter(Child);

impl Cutter {
    pub fn cut(mut self) -> Result<(), String> {
        let _ = self.0.stdin.take().unwrap().write_all(b"now\n");
        let output = self.0.wait_with_output().map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What is done when the power goes: the victim, how its store begins, and how it is looked at.
struct Work {
    name: &'static str,
    victim: fn() -> Victim<'static>,
    begin: fn(&Path),
    check: fn(&Path, RangeInclusive<u64>) -> u64,
}

const WORKS: &[Work] = &[
    Work {
        name: "making",
        victim: || Victim { mark: "<opens", marks: 1, ..crash::writer(3, "") },
        begin: |_| {},
        check: crash::last_of,
    },
    Work {
        name: "commits",
        victim: || crash::writer(7, "<committed"),
        begin: |_| {},
        check: crash::last_of,
    },
    Work {
        name: "checkpoints",
        victim: || crash::writer(2, "<checkpoint"),
        begin: |_| {},
        check: crash::last_of,
    },
    Work { name: "copies", victim: crash::copier, begin: |_| {}, check: crash::last_of_copied },
    Work {
        name: "imports",
        victim: || crash_bulk::importer("<import begins"),
        begin: crash_bulk::begin_imports,
        check: crash_bulk::imported,
    },
    Work {
        name: "writing of imports",
        victim: || crash_bulk::importer("<import writes"),
        begin: |_| {},
        check: crash_bulk::imported,
    },
    Work {
        name: "index builds",
        victim: crash_bulk::indexer,
        begin: crash_bulk::begin_indexes,
        check: crash_bulk::indexed,
    },
];

const PLACE: &str = "REDSTRING_TEST_POWER_PLACE";
const SYSTEM: &str = "REDSTRING_TEST_POWER_SYSTEM";
const WORK: &str = "REDSTRING_TEST_POWER_WORK";

/// The process that cuts the power; as a test of its own it has nothing to do.
#[test]
fn judge_in_another_process() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let name = std::env::var(SYSTEM).unwrap();
    let system = FILE_SYSTEMS.iter().find(|system| system.name == name).unwrap();
    let disk = match Disk::new(Path::new(&place), system) {
        Ok(disk) => disk,
        Err(error) => return println!("\n<impossible: {}>", error.replace('\n', " ")),
    };
    if let Ok(name) = std::env::var(WORK) {
        let work = WORKS.iter().find(|work| work.name == name).unwrap();
        for (number, engine) in (1..).zip(ENGINES.iter().filter(|engine| engine.durable)) {
            let victim = Victim { disk: Some(&disk), ..(work.victim)() };
            let begin = |store: &Path| {
                // A store keeps the engine that it was made with. One that is being made has none yet.
                if work.name != "making" {
                    let options = Options::default().engine(engine.name);
                    drop(Database::open_with(store, options).unwrap());
                }
                (work.begin)(store);
            };
            println!("{} on {}", engine.name, system.name);
            let rounds = times("REDSTRING_TEST_ROUNDS", 2);
            victim.rounds(rounds, &mut { number }, begin, work.check);
        }
    }
    println!("\n<done>");
}

/// Lets the judge run where its mounts are its own. Says why that cannot be, if so.
fn judged(system: &FileSystem, work: Option<&str>) -> Result<(), String> {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child"]);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "power_cut::judge_in_another_process", "--nocapture"]);
    command.env(PLACE, place.path()).env(SYSTEM, system.name).env_remove(WORK);
    command.envs(work.map(|work| (WORK, work)));
    let output = command.output().map_err(|error| format!("unshare: {error}"))?;
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() && said.contains("<done>") {
        return Ok(());
    }
    let reason = said.split_once("<impossible: ").and_then(|(_, rest)| rest.split_once(">\n"));
    match (work, reason) {
        (None, Some((reason, _))) => Err(reason.to_owned()),
        (None, None) => Err(errors.trim().to_owned()),
        _ => panic!("{}: {said}\n{errors}", system.name),
    }
}

/// Why a file system cannot be cut off here, if so.
fn possible(system: &FileSystem) -> Result<(), String> {
    static KNOWN: Mutex<BTreeMap<&str, Result<(), String>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(system.name).or_insert_with(|| judged(system, None)).clone()
}

/// Cuts the power during work of that name, on every file system that there is.
fn survives(work: &str) {
    let mut cut = 0;
    let mut reasons = Vec::new();
    for system in FILE_SYSTEMS {
        match possible(system) {
            Ok(()) => {
                judged(system, Some(work)).unwrap();
                cut += 1;
            }
            Err(reason) => reasons.push(format!("{}: {reason}", system.name)),
        }
    }
    if cut == 0 {
        // Past the test harness, which would keep it to itself.
        let reasons = reasons.join("; ");
        let _ = writeln!(
            std::io::stderr(),
            "skipped: no file system can be shut down here ({reasons})"
        );
    }
}

#[test]
fn power_cut_while_a_store_is_made() {
    survives("making");
}

#[test]
fn power_cut_during_commits() {
    survives("commits");
}

#[test]
fn power_cut_during_checkpoints() {
    survives("checkpoints");
}

#[test]
fn power_cut_during_backups_and_migrations() {
    survives("copies");
}

#[test]
fn power_cut_during_imports() {
    survives("imports");
    survives("writing of imports");
}

#[test]
fn power_cut_during_index_builds() {
    survives("index builds");
}
