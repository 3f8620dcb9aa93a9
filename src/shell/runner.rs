//! Runs the pieces of a script, one after the other, and keeps what lasts between them.

use std::fs;
use std::fs::File;
use std::io;
use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use crate::database::Database;
use crate::database::Params;
use crate::database::Transaction;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::meter::CancelHandle;
use crate::output::Format;
use crate::output::WriteError;
use crate::result::Counters;
use crate::value::Map;
use crate::value::Value;

use super::build::Watcher;
use super::command;
use super::report;
use super::script::{Script, Source};
use super::split::{Piece, PieceKind};
use super::terminal;

/// How deep scripts may run others.
const SCRIPT_DEPTH: usize = 64;

/// Why a run ended before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Something failed, and has been reported.
    Failed,
    /// The user asked to leave.
    Quit,
}

/// Why a single piece ended early.
pub(super) enum Failure {
    /// It failed.
    Error(Error),
    /// Its result could not be written.
    Output(io::Error),
    /// A source it ran ended early, and has told why.
    Stop(Stop),
}

impl Failure {
    /// Prints what failed, where that was not done yet: with its place, if it is about a piece of a script.
    pub(super) fn report(self, place: Option<(&Source<'_>, Range<usize>)>) -> Stop {
        match self {
            Self::Stop(stop) => return stop,
            Self::Error(error) => report::print(&error, place),
            Self::Output(error) => report::print(&error.into(), None),
        }
        Stop::Failed
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Query(error) => Self::Error(error),
            WriteError::Output(error) => Self::Output(error),
        }
    }
}

/// The state of the shell between statements.
pub(super) struct Runner {
    database: Database,
    transaction: Option<Transaction>,
    pub(super) format: &'static Format,
    pub(super) out: Box<dyn Write>,
    /// Whether nobody reads the results any more. Statements run all the same.
    unread: bool,
    /// The scripts that run, outermost first, each by its name and by the file it is.
    scripts: Vec<(String, Option<PathBuf>)>,
    /// Whether each statement is followed by a line on what it did.
    pub(super) chatty: bool,
    /// Whether each statement of a script, with the comments before it, is written before its result.
    pub(super) echo: bool,
    /// The parameters of all statements.
    pub(super) parameters: Map,
}

impl Runner {
    pub(super) fn new(database: Database, format: &'static Format, out: Box<dyn Write>) -> Self {
        let parameters = Map::default();
        Self {
            database,
            transaction: None,
            format,
            out,
            unread: false,
            scripts: Vec::new(),
            chatty: false,
            echo: false,
            parameters,
        }
    }

    /// Runs every piece of a text, up to the first that fails.
    pub(super) fn run(&mut self, name: &str, text: &str) -> Result<(), Stop> {
        self.run_script(name, &mut text.as_bytes())
    }

    /// Runs a script, each statement as soon as it has come, up to the first piece that fails.
    pub(super) fn run_script(&mut self, name: &str, input: &mut dyn Read) -> Result<(), Stop> {
        let mut script = Script::new(name, input);
        loop {
            let piece = match script.next() {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ok(()),
                Err(error) => {
                    report::print(&report::unreadable(name, error), None);
                    return Err(Stop::Failed);
                }
            };
            let outcome = self.piece(&script, &piece);
            self.settle(outcome).map_err(|failure| {
                // On a terminal, rows that were written before the error must appear before its message.
                let _ = self.out.flush();
                failure.report(Some((&script.source(), piece.range)))
            })?;
        }
    }

    fn piece(&mut self, script: &Script<'_>, piece: &Piece) -> Result<(), Failure> {
        let source = script.source();
        let text = source.text.get(piece.range.clone()).unwrap_or("");
        match piece.kind {
            PieceKind::Command => command::run(self, text),
            PieceKind::Statement if self.echo => self.echoed(script.commented(piece), text),
            PieceKind::Statement => self.statement(text),
        }
    }

    /// A closed pipe ends the statement or command whose output it was, and is no failure: those after it may write to
    /// the graph, so they run, and what they would print is dropped.
    fn settle(&mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        match outcome {
            Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
                self.unread = true;
                self.out = Box::new(io::sink());
                Ok(())
            }
            other => other,
        }
    }

    /// Runs a file of statements and commands; `-` is standard input.
    ///
    /// # Errors
    /// A script that would run itself without end: it is found by its file, and by the depth where that has no path.
    pub(super) fn run_file(&mut self, path: &Path) -> Result<(), Failure> {
        let name =
            if path.as_os_str() == "-" { "<stdin>".into() } else { path.display().to_string() };
        // Only a regular file is there to be read from its beginning once more.
        let own = fs::canonicalize(path).ok().filter(|path| path.is_file());
        let cycle = own.is_some() && self.scripts.iter().any(|(_, running)| *running == own);
        if cycle || self.scripts.len() >= SCRIPT_DEPTH {
            return Err(
                endless(self.scripts.iter().map(|(name, _)| name.as_str()), &name, cycle).into()
            );
        }
        let unreadable = |error| report::unreadable(&name, error);
        let mut input: Box<dyn Read> = match path.as_os_str() == "-" {
            true => Box::new(io::stdin().lock()),
            false => Box::new(File::open(path).map_err(unreadable)?),
        };
        self.scripts.push((name.clone(), own));
        let ended = self.run_script(&name, &mut input);
        self.scripts.pop();
        ended.map_err(Failure::Stop)
    }

    /// What ends a statement that runs.
    pub(super) fn cancel_handle(&self) -> CancelHandle {
        self.database.cancel_handle()
    }

    /// Whether a transaction is open.
    pub(super) fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// The end of a script: a transaction that is still open is lost, which must not look like success.
    pub(super) fn finish(&mut self) -> Result<(), Stop> {
        if self.transaction.take().is_none() {
            return Ok(());
        }
        let message = "the transaction was still open at the end, and has been rolled back";
        let error = Error::usage(Detail::TransactionOpen, message);
        report::print(&error.help("End it with `:commit` or `:rollback`."), None);
        Err(Stop::Failed)
    }

    /// Runs a statement between its own text and an empty line.
    fn echoed(&mut self, commented: &str, text: &str) -> Result<(), Failure> {
        writeln!(self.out, "{commented};")?;
        self.statement(text)?;
        Ok(writeln!(self.out)?)
    }

    /// Runs a statement and writes its result.
    pub(super) fn statement(&mut self, text: &str) -> Result<(), Failure> {
        let words: Vec<String> = text.split_whitespace().map(str::to_ascii_uppercase).collect();
        match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["BEGIN"] | ["BEGIN", "TRANSACTION"] => return self.begin(),
            ["COMMIT"] => return self.commit(),
            ["ROLLBACK"] => return self.rollback(),
            _ => {}
        }
        let parameters = self.parameters();
        let begun = Instant::now();
        let watcher = Watcher::of(text, &self.database);
        let mut rows = match &mut self.transaction {
            Some(transaction) => transaction.query(text, parameters)?,
            None => self.database.query(text, parameters)?,
        };
        drop(watcher);
        let columns = rows.columns().len();
        let count = if self.unread {
            // To the end all the same: an error in a later row is one of the statement.
            rows.by_ref().try_fold(0, |count, row| row.map(|_| count + 1))?
        } else {
            self.format.write(&mut rows, &mut self.out)?
        };
        self.out.flush()?;
        for notification in rows.summary().notifications() {
            terminal::say(&format!("warning: {notification}"));
        }
        if self.chatty {
            let counters = rows.summary().counters();
            terminal::say(&told(columns, count, counters, begun.elapsed()));
        }
        Ok(())
    }

    fn parameters(&self) -> Params {
        self.parameters.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The value of an expression.
    pub(super) fn value(&mut self, expression: &str) -> Result<Value> {
        let text = format!("RETURN {expression}\n AS value");
        let parameters = self.parameters();
        let row =
            self.database.query(&text, parameters).and_then(|mut rows| rows.next().transpose());
        match row {
            Ok(row) => Ok(row.and_then(|row| row.values().first().cloned()).unwrap_or_default()),
            // Its place is one of a text that nobody wrote.
            Err(error) => {
                let message = format!("`{expression}` has no value: {}", error.message());
                let help = error.help_text().unwrap_or("Write an expression of Cypher.").to_owned();
                Err(Error::usage(Detail::InvalidCommand, message).help(help))
            }
        }
    }

    /// Opens a transaction.
    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        if self.transaction.is_some() {
            let error = Error::usage(Detail::TransactionOpen, "a transaction is open already");
            return Err(error.help("End it with `:commit` or `:rollback`.").into());
        }
        self.transaction = Some(self.database.begin()?);
        Ok(())
    }

    /// Commits the open transaction.
    pub(super) fn commit(&mut self) -> Result<(), Failure> {
        Ok(self.open_transaction()?.commit()?)
    }

    /// Rolls the open transaction back.
    pub(super) fn rollback(&mut self) -> Result<(), Failure> {
        Ok(self.open_transaction()?.rollback()?)
    }

    fn open_transaction(&mut self) -> Result<Transaction> {
        self.transaction.take().ok_or_else(|| {
            Error::usage(Detail::TransactionClosed, "no transaction is open")
                .help("Open one with `:begin`.")
        })
    }

    /// Copies the store as of the last commit.
    pub(super) fn backup(&mut self, folder: &str) -> Result<(), Failure> {
        Ok(self.database.backup(folder)?)
    }

    /// Folds the log into segments.
    pub(super) fn checkpoint(&mut self) -> Result<(), Failure> {
        Ok(self.database.checkpoint()?)
    }
}

/// The error of a script that is run within itself, or too deep.
fn endless<'a>(running: impl Iterator<Item = &'a str>, name: &'a str, cycle: bool) -> Error {
    if !cycle {
        let message = format!("`{name}` is not run: scripts run each other {SCRIPT_DEPTH} deep");
        return Error::new(ErrorClass::LimitError, Phase::Runtime, Detail::NestingTooDeep, message)
            .help("A script must not run itself, neither directly nor through others.");
    }
    let chain: Vec<String> = running.chain([name]).map(|name| format!("`{name}`")).collect();
    let message = format!("`{name}` runs already and would run itself without end");
    Error::new(ErrorClass::LimitError, Phase::Runtime, Detail::NestingTooDeep, message)
        .help(format!("Each of these runs the next one: {}.", chain.join(", ")))
}

/// What a statement did, in a line.
fn told(columns: usize, rows: u64, counters: Counters, took: Duration) -> String {
    let mut parts = Vec::new();
    if columns > 0 {
        parts.push(format!("{rows} {}", if rows == 1 { "row" } else { "rows" }));
    }
    if counters.contains_updates() || columns == 0 {
        parts.push(counters.to_string());
    }
    let text = format!("{}, {:.1} ms", parts.join(", "), took.as_secs_f64() * 1000.0);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
