//! The bar that shows how far indexes are that a statement builds.

use std::io;
use std::io::IsTerminal;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use crate::database::Database;
use crate::output::harmless;

/// What takes less time than this shows no bar.
const QUIET: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(100);

/// Looks how far indexes are, as long as it lives.
pub(super) struct Watcher {
    ended: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Watches while a statement runs which builds an index, where somebody is there to see it.
    pub(super) fn of(text: &str, database: &Database) -> Option<Self> {
        let mut words = text.split_whitespace().map(str::to_ascii_uppercase);
        let creates = words.next().is_some_and(|word| word == "CREATE")
            && words.take(2).any(|word| word == "INDEX" || word == "CONSTRAINT");
        (creates && io::stderr().is_terminal()).then(|| Self::new(database.clone()))
    }

    fn new(database: Database) -> Self {
        let (ended, end) = mpsc::channel();
        let thread = thread::spawn(move || watch(&database, &end));
        Self { ended: Some(ended), thread: Some(thread) }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.ended = None;
        if let Some(thread) = self.thread.take() {
            // A bar that failed has nothing to say to the statement.
            let _ = thread.join();
        }
    }
}

fn watch(database: &Database, end: &mpsc::Receiver<()>) {
    let begun = Instant::now();
    let bar = ProgressBar::hidden();
    while end.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
        if begun.elapsed() < QUIET {
            continue;
        }
        let Some(build) = database.index_builds().pop() else { continue };
        if bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent}% {msg}") {
                bar.set_style(style);
            }
        }
        bar.set_length(build.total);
        bar.set_position(build.done);
        let doing = if build.writing { "writing" } else { "reading for" };
        bar.set_message(format!("{doing} index `{}`", harmless::one_line(&build.name)));
    }
    bar.finish_and_clear();
}
