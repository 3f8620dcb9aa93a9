//! The command line and the prompt.
//!
//! Owns the arguments, the commands, the script runner and the rendering of errors. It uses only the
//! public API and the tokens of the language. Results go to standard output, everything else to
//! standard error.

use std::ffi::OsString;
use std::io;
use std::io::IsTerminal;
use std::ops::Range;
use std::process::ExitCode;

use crate::database::Database;
use crate::database::Options;
use crate::error::Result;
use crate::output::FORMATS;
use crate::output::Format;

mod args;
mod bar;
mod build;
mod command;
mod import;
mod interactive;
mod opening;
mod report;
mod runner;
mod script;
mod split;
mod subcommand;
mod terminal;

use args::{Args, Input, MemoryLimit};
use runner::{Runner, Stop};

/// Runs the `redstring` command with these arguments, the program's name first.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let args = match Args::read(arguments) {
        Ok(args) => args,
        Err(error) => {
            terminal::say_usage(&error);
            return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    if let Some((name, given)) = &args.subcommand {
        return match subcommand::run(name, given) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report::print(&error, None);
                ExitCode::FAILURE
            }
        };
    }
    let mut options =
        Options::default().import_folder(&args.import_folder).read_only(args.readonly);
    match args.memory_limit {
        Some(MemoryLimit::Bytes(bytes)) => options = options.memory_limit(Some(bytes)),
        Some(MemoryLimit::Unlimited) => options = options.memory_limit(None),
        None => {}
    }
    let opened = match args.database.as_deref() {
        Some(path) => opening::open(path, options),
        None => Ok(Database::in_memory_with(options)),
    };
    let database = match opened {
        Ok(database) => database,
        Err(error) => {
            report::print(&error, None);
            return ExitCode::FAILURE;
        }
    };
    let whole = opening::verify(&database);
    if let Err(error) = &whole {
        report::print(error, None);
        terminal::say(
            "THE STORE IS DAMAGED: it is open only to be read, and shows what is left of it.",
        );
    }
    let on_terminal = io::stdout().is_terminal();
    let default = if on_terminal { "table" } else { "csv" };
    let name = args.format.as_deref().unwrap_or(default);
    let Some(format) = Format::by_name(name).or(FORMATS.first()) else {
        return ExitCode::FAILURE;
    };
    let mut runner = Runner::new(database, format, terminal::results());
    let ended = if !args.inputs.is_empty() {
        args.inputs.iter().try_for_each(|input| run_input(&mut runner, input))
    } else if on_terminal && io::stdin().is_terminal() {
        interactive::run(&mut runner, args.database.as_deref())
    } else {
        run_input(&mut runner, &Input::File("-".into()))
    };
    let ended = match ended {
        Ok(()) | Err(Stop::Quit) => runner.finish(),
        failed => failed,
    };
    if ended.is_ok() && whole.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Where the statements and commands of a script lie, as the shell runs them one after the other.
#[doc(hidden)]
pub fn pieces(script: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(piece) = split::next_piece(script, from) {
        pieces.push(piece.range);
        from = piece.next;
    }
    pieces
}

/// Runs one input to its end, or to its first error.
fn run_input(runner: &mut Runner, input: &Input) -> Result<(), Stop> {
    match input {
        Input::Text(text) => runner.run("<command>", text),
        Input::File(path) => runner.run_file(path).map_err(|failure| failure.report(None)),
    }
}
