//! What `redstring` does besides running statements, one entry of [`SUBCOMMANDS`] each: `redstring check DB`.

use std::path::Path;
use std::path::PathBuf;

use clap::Arg;
use clap::ArgMatches;
use clap::Command;
use clap::value_parser;

use crate::database::BackupOptions;
use crate::database::Database;
use crate::database::Options;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::Compression;
use crate::interchange::ExportOptions;
use crate::interchange::counted;

use super::bar::Bar;
use super::bar::Unit;
use super::import;
use super::opening;
use super::terminal;

/// A task with arguments of its own.
pub(super) struct Subcommand {
    pub(super) name: &'static str,
    about: &'static str,
    /// Adds its arguments.
    arguments: fn(Command) -> Command,
    run: fn(&ArgMatches) -> Result<()>,
}

/// Every subcommand. A store of such a name is written with its path, as in `./check`.
pub(super) static SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "backup",
        about: "Copies a store into a new folder; whole or not at all",
        arguments: |command| command.arg(store()).arg(target()),
        run: |given| backup(given, BackupOptions::default()),
    },
    Subcommand {
        name: "check",
        about: "Verifies every checksum and every reference of a store, and says what is damaged",
        arguments: |command| {
            let repair = Arg::new("TARGET").long("repair").value_name("TARGET");
            let repair = repair.value_parser(value_parser!(PathBuf));
            command.arg(store()).arg(repair.help(
                "Writes a new store with all that a scan of a damaged one finds; that one is only read",
            ))
        },
        run: check,
    },
    Subcommand {
        name: "export",
        about: "Writes the whole graph into a file or a folder",
        arguments: |command| {
            let to = Arg::new("TARGET").required(true).value_parser(value_parser!(PathBuf));
            let format = Arg::new("FORMAT").long("format").value_name("FORMAT");
            let compression = Arg::new("EXTENSION").long("compression").value_name("EXTENSION");
            command
                .arg(store())
                .arg(format.help("The format, where the name of the file does not tell"))
                .arg(compression.help("Compresses every file: gz or zst"))
                .arg(to.help("The file, which is replaced if it is there, or a new folder"))
        },
        run: export,
    },
    Subcommand {
        name: "import",
        about: "Fills a store from files; all of it or nothing",
        arguments: |command| import::arguments(command.arg(store())),
        run: |given| import::run(path(given, "DB"), given),
    },
    Subcommand {
        name: "migrate",
        about: "Copies a store into a new folder with another storage engine",
        arguments: |command| {
            let engine = Arg::new("ENGINE").long("engine").default_value("redb");
            command.arg(store()).arg(target()).arg(engine.help("sled or redb"))
        },
        run: |given| {
            let engine = given.get_one::<String>("ENGINE").map_or("redb", String::as_str);
            backup(given, BackupOptions::default().engine(engine))
        },
    },
];

impl Subcommand {
    /// It as the argument parser wants it.
    pub(super) fn command(&self) -> Command {
        (self.arguments)(Command::new(self.name).about(self.about))
    }
}

/// Runs the subcommand of that name.
pub(super) fn run(name: &str, given: &ArgMatches) -> Result<()> {
    match SUBCOMMANDS.iter().find(|subcommand| subcommand.name == name) {
        Some(subcommand) => (subcommand.run)(given),
        None => Err(Error::usage(Detail::InvalidCommand, format!("there is no command `{name}`"))),
    }
}

fn store() -> Arg {
    Arg::new("DB")
        .required(true)
        .value_parser(value_parser!(PathBuf))
        .help("The folder of the store")
}

fn target() -> Arg {
    let target = Arg::new("TARGET").required(true).value_parser(value_parser!(PathBuf));
    target.help("The new folder, which must not be there yet")
}

fn path<'a>(given: &'a ArgMatches, name: &str) -> &'a Path {
    given.get_one::<PathBuf>(name).map_or(Path::new(""), PathBuf::as_path)
}

/// The store, which must be there and is only read.
fn open(given: &ArgMatches) -> Result<Database> {
    Database::open_with(path(given, "DB"), Options::default().read_only(true))
}

fn entities(nodes: u64, relationships: u64) -> String {
    let relationships = counted(relationships, "relationship", "relationships");
    format!("{}, {relationships}", counted(nodes, "node", "nodes"))
}

fn schema(count: u64) -> String {
    counted(count, "index or constraint", "indexes and constraints")
}

fn backup(given: &ArgMatches, mut options: BackupOptions) -> Result<()> {
    if let Some(bar) = Bar::new(Unit::Bytes) {
        options = options.on_progress(move |progress| {
            bar.show(progress.bytes, progress.total_bytes, String::new());
        });
    }
    let database = open(given)?;
    database.backup_with(path(given, "TARGET"), &options)?;
    opening::verify(&database)
}

fn export(given: &ArgMatches) -> Result<()> {
    let format =
        given.get_one::<String>("FORMAT").map(|name| import::format_of(name)).transpose()?;
    let mut options = format.into_iter().fold(ExportOptions::default(), ExportOptions::format);
    if let Some(extension) = given.get_one::<String>("EXTENSION") {
        let compression = Compression::by_extension(extension).ok_or_else(|| {
            let known = Compression::ALL.map(Compression::extension).join(" and ");
            let message = format!("nothing is compressed as `{extension}`");
            Error::usage(Detail::InvalidCommand, message).help(format!("There are {known}."))
        })?;
        options = options.compression(compression);
    }
    if let Some(bar) = Bar::new(Unit::Entities) {
        options = options.on_progress(move |progress| {
            let doing = if progress.writing { "writing" } else { "looking at what there is" };
            bar.show(progress.read, progress.total, doing.to_owned());
        });
    }
    let database = open(given)?;
    let summary = database.export(path(given, "TARGET"), &options);
    // The bar goes with it.
    drop(options);
    let summary = summary?;
    let mut told = entities(summary.nodes, summary.relationships);
    if summary.indexes_and_constraints > 0 {
        told += &format!(", {}", schema(summary.indexes_and_constraints));
    }
    terminal::say(&format!("exported {told}"));
    if summary.left_out > 0 {
        terminal::say(&format!(
            "left out {}: a file of this format holds none, a folder does",
            schema(summary.left_out)
        ));
    }
    opening::verify(&database)
}

fn repair(damaged: &Path, target: &Path) -> Result<()> {
    let report = Database::repair(damaged, target)?;
    report.lost.iter().for_each(|lost| terminal::say(&format!("- {lost}")));
    let told = report.lost.len() as u64;
    if report.lost_count > told {
        terminal::say(&format!(
            "- and {} more",
            counted(report.lost_count - told, "loss", "losses")
        ));
    }
    let commits = counted(report.commits, "commit", "commits");
    let saved = entities(report.nodes, report.relationships);
    terminal::say(&format!("saved {saved}, with {commits} of the log, in `{}`", target.display()));
    if report.lost_count == 0 {
        terminal::say("nothing that the files tell of is lost");
    }
    Ok(())
}

fn check(given: &ArgMatches) -> Result<()> {
    if let Some(target) = given.get_one::<PathBuf>("TARGET") {
        return repair(path(given, "DB"), target);
    }
    let bar = Bar::new(Unit::Entities);
    let found = open(given)?.check_watched(|done, total| {
        if let Some(bar) = &bar {
            bar.show(done, total, "checking".to_owned());
        }
    });
    drop(bar);
    let whole = if found.is_sound() { ": all of it is whole" } else { "" };
    terminal::say(&format!(
        "checked {} and {} of {}{whole}",
        entities(found.nodes, found.relationships),
        counted(found.chunks, "chunk", "chunks"),
        counted(found.bytes, "byte", "bytes")
    ));
    if found.is_sound() {
        return Ok(());
    }
    found.problems.iter().for_each(|problem| terminal::say(&format!("- {problem}")));
    let problems = counted(found.problem_count, "problem", "problems");
    Err(Error::corruption(format!("the store has {problems}")).help(
        "What is damaged gives errors. Restore the store from a backup, or save what is left of it into a new one with `redstring check DB --repair NEW`.",
    ))
}
