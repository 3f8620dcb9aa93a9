//! What can be typed after `redstring` on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::CommandFactory;
use clap::FromArgMatches;
use clap::Parser;
use clap::builder::PossibleValue;
use clap::builder::PossibleValuesParser;

use crate::output::FORMATS;

use super::subcommand::SUBCOMMANDS;
use super::subcommand::Subcommand;

/// The arguments, as typed.
#[derive(Debug, Parser)]
#[command(
    name = "redstring",
    version,
    about = "An embedded property-graph database that speaks openCypher",
    after_help = "Without -f and -c, statements are read from standard input; where that is a \
                  terminal, there is a prompt.\n\nExit codes: 0 every statement succeeded; 1 a \
                  statement failed, or the store could not be opened or is damaged; 2 wrong usage."
)]
pub(super) struct Args {
    /// The folder of the store, made if there is none. Without it the graph lives in memory.
    #[arg(value_name = "DB")]
    pub(super) database: Option<PathBuf>,

    /// Opens the store only to read it: nothing in its folder is written, so that it may be another user's, or lie on a
    /// read-only or full disk.
    #[arg(long, visible_alias = "read-only", requires = "database")]
    pub(super) readonly: bool,

    /// Runs the statements and commands of a file; `-` is standard input. May be repeated.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Runs these statements. May be repeated, and mixed with -f in any order.
    #[arg(short = 'c', long = "command", value_name = "QUERY")]
    commands: Vec<String>,

    /// How results are written [default: table on a terminal, else csv]
    #[arg(long, visible_alias = "mode", value_name = "FORMAT", value_parser = format_names())]
    pub(super) format: Option<String>,

    /// The folder of the files that LOAD CSV and LOAD JSON may read.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) import_folder: PathBuf,

    /// How much one statement may hold in memory at once: bytes, or with a unit as in 512MiB, 4GiB or 2GB; `none` sets
    /// no limit [default: 4GiB]
    #[arg(long, value_name = "SIZE", value_parser = memory_limit)]
    pub(super) memory_limit: Option<MemoryLimit>,

    /// What to run, in the order of the command line.
    #[arg(skip)]
    pub(super) inputs: Vec<Input>,

    /// A task of its own instead, with its arguments.
    #[arg(skip)]
    pub(super) subcommand: Option<(String, ArgMatches)>,
}

/// How much something may hold in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MemoryLimit {
    /// So many bytes.
    Bytes(u64),
    /// As much as there is.
    Unlimited,
}

/// The units of sizes, in lower case.
const UNITS: &[(&str, u64)] = &[
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("b", 1),
    ("", 1),
];

pub(super) fn memory_limit(text: &str) -> Result<MemoryLimit, String> {
    let text = text.trim().to_ascii_lowercase();
    if text == "none" {
        return Ok(MemoryLimit::Unlimited);
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, bytes)| *bytes);
    let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(n, unit)| n.checked_mul(unit));
    match bytes {
        Some(bytes) if bytes > 0 => Ok(MemoryLimit::Bytes(bytes)),
        _ => Err("write a whole number and a unit, as in 512MiB, 4GiB or 2GB, or `none`".into()),
    }
}

/// One thing to run.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// A file of statements and commands.
    File(PathBuf),
    /// Statements from the command line.
    Text(String),
}

impl Args {
    /// Reads the arguments; the error holds the text to print, which may be the help that was asked for.
    pub(super) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        let subcommands = SUBCOMMANDS.iter().map(Subcommand::command);
        let command =
            Self::command().subcommands(subcommands).args_conflicts_with_subcommands(true);
        let matches = command.disable_help_subcommand(true).try_get_matches_from(arguments)?;
        let mut args = Self::from_arg_matches(&matches)?;
        let subcommand = matches.subcommand();
        args.subcommand = subcommand.map(|(name, given)| (name.to_string(), given.clone()));
        let positions =
            |id: &str| matches.indices_of(id).map(|at| at.collect::<Vec<_>>()).unwrap_or_default();
        let files = args.files.drain(..).map(Input::File);
        let commands = args.commands.drain(..).map(Input::Text);
        let mut inputs: Vec<(usize, Input)> = positions("files")
            .into_iter()
            .zip(files)
            .chain(positions("commands").into_iter().zip(commands))
            .collect();
        inputs.sort_by_key(|(at, _)| *at);
        args.inputs = inputs.into_iter().map(|(_, input)| input).collect();
        Ok(args)
    }
}

fn format_names() -> PossibleValuesParser {
    PossibleValuesParser::new(FORMATS.iter().map(|format| {
        PossibleValue::new(format.name).aliases(format.aliases.iter().copied()).help(format.doc)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("1GiB", 1 << 30),
            ("512 mib", 512 << 20),
            ("2GB", 2_000_000_000),
            ("77", 77),
            ("5b", 5),
        ] {
            assert_eq!(memory_limit(text), Ok(MemoryLimit::Bytes(bytes)), "{text}");
        }
        assert_eq!(memory_limit("None"), Ok(MemoryLimit::Unlimited));
        for text in ["", "0", "-1", "1.5GiB", "GiB", "1 parsec", "99999999999TiB"] {
            assert!(memory_limit(text).is_err(), "{text}");
        }
    }
}
