//! The bar on a terminal that shows how far a long task is.

use std::io;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

/// What takes less time than this shows no bar.
const QUIET: Duration = Duration::from_secs(1);

/// What a bar counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    Bytes,
    /// Nodes and relationships.
    Entities,
}

/// A bar that counts something.
#[derive(Debug)]
pub(super) struct Bar {
    begun: Instant,
    unit: Unit,
    bar: ProgressBar,
}

impl Bar {
    /// A bar; nothing where errors go to no terminal.
    pub(super) fn new(unit: Unit) -> Option<Arc<Self>> {
        let bar = || Self { begun: Instant::now(), unit, bar: ProgressBar::hidden() };
        io::stderr().is_terminal().then(|| Arc::new(bar()))
    }

    pub(super) fn show(&self, done: u64, total: u64, doing: String) {
        if self.begun.elapsed() < QUIET {
            return;
        }
        if self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            let style = match self.unit {
                Unit::Bytes => "{bar:30} {percent}% {bytes}/{total_bytes} {msg}",
                Unit::Entities => "{bar:30} {percent}% {human_pos}/{human_len} {msg}",
            };
            if let Ok(style) = ProgressStyle::with_template(style) {
                self.bar.set_style(style);
            }
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(doing);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
