//! The openCypher Technology Compatibility Kit, each concrete scenario a named test, which passes if it does under
//! every treatment.
//!
//! `REDSTRING_TCK` names a folder of features; otherwise `../shared/tck/features` is used, together
//! with the list of scenarios that are expected to fail, which fails in both directions.
//! `REDSTRING_TCK_BLESS=1` writes that list anew, `REDSTRING_TCK_VERBOSE=1` prints every failing
//! scenario. Failures with their queries are always written to `target/tck-failures.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use std::{env, fs, io, thread};

use libtest_mimic::{Arguments, Completion, Failed, FormatSetting, Trial};

mod notation;
mod run;
mod scenario;
#[path = "../treatment.rs"]
mod treatment;

use scenario::{Scenario, Step};
use treatment::TREATMENTS;

const EXPECTED_FAILURES: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tck_expected_failures.txt");

/// How many scenarios passed at the last run of all, for the documentation.
const FIGURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tck_figure.txt");

/// A scenario that does not come back within this time has hung.
const DEADLINE: Duration = Duration::from_secs(40);

/// What became of each scenario that was run: nothing, or the reason it failed.
type Outcomes = Arc<Mutex<BTreeMap<String, Option<String>>>>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let flag = |name| env::var_os(name).is_some_and(|v| !v.is_empty() && v != "0");
    let verbose = flag("REDSTRING_TCK_VERBOSE");
    let bless = flag("REDSTRING_TCK_BLESS");
    let given = env::var_os("REDSTRING_TCK").map(PathBuf::from);
    let features = given.clone().unwrap_or_else(default_features);
    if !features.is_dir() {
        say(&format!("tck: no features at {}; nothing is run", features.display()));
        return ExitCode::SUCCESS;
    }
    let scenarios = match scenario::load(&features) {
        Ok(scenarios) => scenarios,
        Err(error) => {
            say(&format!("tck: {error}"));
            return ExitCode::FAILURE;
        }
    };
    if !verbose && !arguments.list && arguments.format.is_none() {
        arguments.format = Some(FormatSetting::Terse);
    }
    let listed = if given.is_none() && !bless { expected_failures() } else { BTreeSet::new() };
    let lenient = bless || verbose;
    let outcomes = Outcomes::default();
    let trials = scenarios
        .iter()
        .map(|scenario| trial(scenario.clone(), &outcomes, &listed, lenient))
        .collect();
    std::panic::set_hook(Box::new(remember_panic));
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.list {
        return ExitCode::SUCCESS;
    }

    let outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
    let report = describe_failures(&scenarios, &outcomes);
    if verbose {
        say(&report);
    }
    write_file(&failures_file(), &report);
    if bless {
        let failed = outcomes.iter().filter(|(_, o)| o.is_some());
        let list: String = failed.map(|(name, _)| format!("{name}\n")).collect();
        write_file(Path::new(EXPECTED_FAILURES), &list);
    }
    say(&summarize(&scenarios, &outcomes));
    let passed = outcomes.values().filter(|o| o.is_none()).count();
    say(&format!("tck: {passed} of {} scenarios pass", outcomes.len()));
    // A part of the kit, or another one, says nothing on the whole.
    let whole = given.is_none() && conclusion.num_filtered_out == 0;
    if whole && !keeps_figure(&format!("{passed} of {}\n", outcomes.len()), bless) {
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// Whether the figure that the documentation names is that of this run; `bless` writes it anew.
fn keeps_figure(found: &str, bless: bool) -> bool {
    let update = bless || env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1");
    let known = fs::read_to_string(FIGURE).unwrap_or_default();
    if known != found && update {
        write_file(Path::new(FIGURE), found);
    } else if known != found {
        say(&format!("tck: {FIGURE} says {}; UPDATE_GOLDEN=1 writes it anew", known.trim()));
        return false;
    }
    true
}

fn default_features() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/tck/features")
}

fn failures_file() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    target.parent().unwrap_or(target).join("tck-failures.txt")
}

fn write_file(path: &Path, text: &str) {
    if let Err(error) = fs::write(path, text) {
        say(&format!("tck: {}: {error}", path.display()));
    }
}

fn say(text: &str) {
    // A reader that has gone away is no failure of the test.
    let _ = writeln!(io::stdout(), "{text}");
}

fn expected_failures() -> BTreeSet<String> {
    let text = fs::read_to_string(EXPECTED_FAILURES).unwrap_or_default();
    let lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.map(str::to_string).collect()
}

/// A named test. It fails where the outcome is not the one that the list foretells.
fn trial(
    scenario: Scenario,
    outcomes: &Outcomes,
    listed: &BTreeSet<String>,
    lenient: bool,
) -> Trial {
    let name = scenario.name.clone();
    if scenario.ignored {
        let skip = || Ok(Completion::ignored_with("tagged @ignore"));
        return Trial::ignorable_test(name, skip);
    }
    let is_listed = listed.contains(&name);
    let outcomes = outcomes.clone();
    Trial::test(name, move || {
        let name = scenario.name.clone();
        let outcome = run_bounded(scenario);
        let failed = outcome.clone().err();
        outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(name, failed);
        match outcome {
            _ if lenient => Ok(()),
            Err(reason) if !is_listed => Err(Failed::from(reason)),
            Ok(()) if is_listed => {
                Err(Failed::from("passes, but is listed in tests/tck_expected_failures.txt"))
            }
            _ => Ok(()),
        }
    })
}

/// Runs the scenario on a thread of its own, so that a hang or a panic ends neither the run nor its
/// other scenarios.
fn run_bounded(scenario: Scenario) -> Result<(), String> {
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let outcome = run_treated(&scenario);
        // The receiver is gone where the deadline has passed.
        let _ = sender.send(outcome);
    };
    let spawned = thread::Builder::new().name("scenario".to_string()).spawn(work);
    if let Err(error) = spawned {
        return Err(format!("no thread: {error}"));
    }
    receiver.recv_timeout(DEADLINE).unwrap_or_else(|e| match e {
        mpsc::RecvTimeoutError::Timeout => Err(format!("HANG: no end after {DEADLINE:?}")),
        mpsc::RecvTimeoutError::Disconnected => Err("PANIC: the thread is gone".to_string()),
    })
}

/// Runs the scenario under every treatment. It must pass under each, and give the same as under the first.
fn run_treated(scenario: &Scenario) -> Result<(), String> {
    let mut first: Option<Vec<String>> = None;
    for treatment in TREATMENTS {
        let run = AssertUnwindSafe(|| run::run(scenario, treatment));
        let outcome = catch_unwind(run).unwrap_or_else(|_| Err(last_panic()));
        let seen = outcome.map_err(|reason| format!("{}: {reason}", treatment.name))?;
        let usual = first.get_or_insert_with(|| seen.clone());
        if *usual != seen {
            return Err(format!(
                "{}:\n{}\n{}:\n{}",
                TREATMENTS[0].name,
                usual.join("\n"),
                treatment.name,
                seen.join("\n")
            ));
        }
    }
    Ok(())
}

thread_local! {
    static LAST_PANIC: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

fn remember_panic(info: &std::panic::PanicHookInfo<'_>) {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    LAST_PANIC.with(|last| *last.borrow_mut() = format!("PANIC at {place}: {message}"));
}

fn last_panic() -> String {
    LAST_PANIC.with(|last| last.borrow().clone())
}

/// Every failed scenario with its steps and the reason.
fn describe_failures(
    scenarios: &[Scenario],
    outcomes: &BTreeMap<String, Option<String>>,
) -> String {
    let mut out = String::new();
    for scenario in scenarios {
        let Some(Some(reason)) = outcomes.get(&scenario.name) else { continue };
        writeln!(out, "=== {}", scenario.name).unwrap_or_default();
        for step in &scenario.steps {
            match step {
                Step::NamedGraph(_) => out.push_str("given: a named graph\n"),
                Step::Setup(text) => writeln!(out, "given:\n{text}").unwrap_or_default(),
                Step::Query(text) => writeln!(out, "query:\n{text}").unwrap_or_default(),
                Step::Control(text) => writeln!(out, "control:\n{text}").unwrap_or_default(),
                Step::Parameters(table) => {
                    writeln!(out, "parameters: {table:?}").unwrap_or_default();
                }
                Step::Procedure { signature, .. } => {
                    writeln!(out, "procedure: {signature}").unwrap_or_default();
                }
                _ => {}
            }
        }
        writeln!(out, "--- {reason}\n").unwrap_or_default();
    }
    out
}

/// How many pass in each category, and the most frequent reasons of failure.
fn summarize(scenarios: &[Scenario], outcomes: &BTreeMap<String, Option<String>>) -> String {
    let mut categories: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut panics, mut hangs) = (0, 0);
    for scenario in scenarios {
        let Some(outcome) = outcomes.get(&scenario.name) else { continue };
        let (passed, all) = categories.entry(&scenario.category).or_default();
        *all += 1;
        *passed += usize::from(outcome.is_none());
        let reason = outcome.as_deref().unwrap_or("");
        panics += usize::from(reason.contains("PANIC"));
        hangs += usize::from(reason.contains("HANG"));
    }
    let mut out = String::new();
    for (category, (passed, all)) in categories.iter().filter(|(_, (p, a))| p < a) {
        writeln!(out, "  {category}: {passed} of {all}").unwrap_or_default();
    }
    write!(out, "  panics: {panics}, hangs: {hangs}").unwrap_or_default();
    out
}
