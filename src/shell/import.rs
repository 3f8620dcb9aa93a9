//! `redstring import`: the arguments, and how far it is.

use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use clap::Arg;
use clap::ArgAction;
use clap::ArgMatches;
use clap::Command;
use clap::value_parser;

use crate::database::Database;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::FORMATS;
use crate::interchange::Format;
use crate::interchange::IdType;
use crate::interchange::ImportOptions;
use crate::interchange::ImportProgress;
use crate::interchange::NodeFiles;
use crate::interchange::RelationshipFiles;
use crate::interchange::counted;

use super::args::MemoryLimit;
use super::args::memory_limit;
use super::bar::Bar;
use super::bar::Unit;
use super::terminal;

const AFTER: &str = "\
Files of whole graphs, and folders that `redstring export` made, are named alone:
  redstring import graph graph.jsonl.gz
A header names the columns, in the first line of the first file of a list, as Neo4j's import has it:
  personId:ID(Person),name,born:int,aliases:string[],:LABEL
  :START_ID(Person),:END_ID(Person),:TYPE,since:date
Any other header will do with --id, --from and --to, each behind the files it is for; types are inferred then:
  redstring import graph --nodes Person=persons.csv --id id \\
    --relationships FOLLOWS=follows.csv --from from:Person.id --to to:Person.id";

/// Adds the arguments.
pub(super) fn arguments(command: Command) -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let many = |arg: Arg| arg.action(ArgAction::Append);
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .help(help)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(value_parser!(bool))
    };
    let graphs =
        Arg::new("FILES").value_name("FILE").num_args(0..).value_parser(value_parser!(PathBuf));
    command
        .after_help(AFTER)
        .arg(graphs.help("Files that hold whole graphs, or folders that an export made"))
        .args([
            many(text(
                "nodes",
                "[LABEL[:LABEL]=]FILE[,FILE]",
                "Files of nodes, read as one. May be repeated",
            )),
            many(text("id", "COLUMN", "The column that relationships call the nodes before it by")),
            many(text(
                "relationships",
                "[TYPE=]FILE[,FILE]",
                "Files of relationships, read as one. May be repeated",
            )),
            many(text(
                "from",
                "COLUMN[:LABEL.ID]",
                "The column of their start, and which nodes it means",
            )),
            many(text(
                "to",
                "COLUMN[:LABEL.ID]",
                "The column of their end, and which nodes it means",
            )),
            text("id-type", "TYPE", "What identifiers are: string or integer"),
            text("delimiter", "CHAR", "What stands between columns [default: ,]"),
            text("array-delimiter", "CHAR", "What stands between the items of a list [default: ;]"),
            text("quote", "CHAR", "What stands around text [default: \"]"),
            text("comment", "CHAR", "Passes over lines that begin with it, as in --comment '#'"),
            flag("ctrl-z", "Passes over a Ctrl-Z at the end of a file"),
            text("format", "FORMAT", "The format, where the names of the files do not tell"),
            text("bad-tolerance", "N", "Passes over up to N rows that cannot be used [default: 0]")
                .value_parser(value_parser!(u64)),
            text("reject-file", "FILE", "Writes the rows that were passed over to a file")
                .value_parser(value_parser!(PathBuf)),
            flag("skip-bad-relationships", "Passes over relationships whose nodes are not there"),
            flag("skip-duplicate-nodes", "Passes over nodes whose identifier was there already"),
            text("threads", "N", "How many threads read and sort [default: one for each core]")
                .value_parser(value_parser!(usize)),
            text(
                "memory-limit",
                "SIZE",
                "How much relationships may take in memory, as in 512MiB; what is beyond that is sorted on disk \
                 [default: 1GiB, or a quarter of what the machine has]",
            )
            .value_parser(memory_limit),
        ])
}

/// Imports what the arguments say.
pub(super) fn run(store: &Path, given: &ArgMatches) -> Result<()> {
    let begun = Instant::now();
    let mut options = options(given)?;
    if let Some(bar) = Bar::new(Unit::Bytes) {
        options = options.on_progress(move |progress| show(&bar, progress));
    }
    let summary = Database::open(store)?.import(&options);
    // The bar goes with it.
    drop(options);
    let summary = summary.map_err(|error| match error.help_text() {
        // The library does not know what the store is called here.
        Some(help) => {
            let help = help.replace("redstring DB ", &format!("redstring {} ", store.display()));
            error.help(help)
        }
        None => error,
    })?;
    terminal::say(&format!("Imported {summary}, {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(())
}

fn show(bar: &Bar, progress: ImportProgress) {
    let ImportProgress { nodes, relationships, .. } = progress;
    let doing = match progress.writing {
        true => "sorting and writing".to_owned(),
        false => format!(
            "{}, {}",
            counted(nodes, "node", "nodes"),
            counted(relationships, "relationship", "relationships")
        ),
    };
    bar.show(progress.bytes, progress.total_bytes, doing);
}

/// The values of an argument, each with its place on the command line.
fn placed<'a>(given: &'a ArgMatches, name: &str) -> Vec<(usize, &'a str)> {
    let places = given.indices_of(name).into_iter().flatten();
    let values = given.get_many::<String>(name).into_iter().flatten();
    places.zip(values.map(String::as_str)).collect()
}

/// What stands behind the files at `at`, and before the next ones of either kind.
fn behind<'a>(
    given: &'a ArgMatches,
    name: &'a str,
    starts: &[usize],
    at: usize,
) -> impl Iterator<Item = &'a str> {
    let next = starts.iter().copied().filter(|start| *start > at).min().unwrap_or(usize::MAX);
    let own = move |place: usize| place > at && place < next;
    placed(given, name).into_iter().filter(move |(place, _)| own(*place)).map(|(_, value)| value)
}

fn options(given: &ArgMatches) -> Result<ImportOptions> {
    let mut options = ImportOptions::default();
    let (nodes, relationships) = (placed(given, "nodes"), placed(given, "relationships"));
    let graphs: Vec<&PathBuf> = given.get_many("FILES").into_iter().flatten().collect();
    if nodes.is_empty() && relationships.is_empty() && graphs.is_empty() {
        let error = Error::usage(Detail::InvalidCommand, "there is nothing to import");
        return Err(error.help("Name files: `redstring import DB --nodes Person=persons.csv`."));
    }
    let starts: Vec<usize> = nodes.iter().chain(&relationships).map(|(at, _)| *at).collect();
    let format = given.get_one::<String>("format").map(|name| format_of(name)).transpose()?;
    for file in graphs {
        options = match format {
            Some(format) => options.graph_as(file, format),
            None => options.graph(file),
        };
    }
    let mut used = 0;
    for (at, value) in nodes {
        let (labels, files) = split_files(value);
        let mut table = NodeFiles::new(files);
        for label in labels.unwrap_or("").split(':').filter(|label| !label.is_empty()) {
            table = table.label(label);
        }
        for id in behind(given, "id", &starts, at) {
            table = table.id(id);
            used += 1;
        }
        options = options.nodes(format.iter().fold(table, |table, format| table.format(format)));
    }
    for (at, value) in relationships {
        let (of, files) = split_files(value);
        let mut table = RelationshipFiles::new(files);
        if let Some(of) = of {
            table = table.relationship_type(of);
        }
        for column in behind(given, "from", &starts, at) {
            table = table.from(column);
            used += 1;
        }
        for column in behind(given, "to", &starts, at) {
            table = table.to(column);
            used += 1;
        }
        let table = format.iter().fold(table, |table, format| table.format(format));
        options = options.relationships(table);
    }
    let columns = ["id", "from", "to"].iter().map(|name| placed(given, name).len()).sum::<usize>();
    if used < columns {
        let message =
            "`--id` belongs behind `--nodes`, `--from` and `--to` behind `--relationships`";
        return Err(Error::usage(Detail::InvalidCommand, message));
    }
    settings(options, given)
}

/// What is the same for all files.
fn settings(mut options: ImportOptions, given: &ArgMatches) -> Result<ImportOptions> {
    let text = |name: &str| given.get_one::<String>(name).map(String::as_str);
    match text("id-type").map(str::to_lowercase).as_deref() {
        None => {}
        Some("string") => options = options.id_type(IdType::String),
        Some("integer") => options = options.id_type(IdType::Integer),
        Some(other) => {
            let message = format!("`{other}` is no type of identifiers");
            let error = Error::usage(Detail::InvalidCommand, message);
            return Err(error.help("Identifiers are `string` or `integer`."));
        }
    }
    if let Some(delimiter) = text("delimiter") {
        options = options.delimiter(byte("delimiter", delimiter)?);
    }
    if let Some(quote) = text("quote") {
        options = options.quote(byte("quote", quote)?);
    }
    if let Some(begin) = text("comment") {
        options = options.comment(byte("comment", begin)?);
    }
    if let Some(delimiter) = text("array-delimiter") {
        options = options.array_delimiter(char::from(byte("array-delimiter", delimiter)?));
    }
    if let Some(rows) = given.get_one::<u64>("bad-tolerance") {
        options = options.bad_tolerance(*rows);
    }
    if let Some(file) = given.get_one::<PathBuf>("reject-file") {
        options = options.reject_file(file);
    }
    if let Some(threads) = given.get_one::<usize>("threads") {
        options = options.threads(*threads);
    }
    match given.get_one::<MemoryLimit>("memory-limit") {
        Some(MemoryLimit::Bytes(bytes)) => options = options.memory_bytes(*bytes),
        Some(MemoryLimit::Unlimited) => options = options.memory_bytes(u64::MAX),
        None => {}
    }
    let flag = |name: &str| given.get_one::<bool>(name).copied().unwrap_or(false);
    Ok(options
        .skip_bad_relationships(flag("skip-bad-relationships"))
        .skip_duplicate_nodes(flag("skip-duplicate-nodes"))
        .ctrl_z(flag("ctrl-z")))
}

/// `[NAMES=]FILE[,FILE]`.
fn split_files(value: &str) -> (Option<&str>, Vec<&str>) {
    let (names, files) = match value.split_once('=') {
        Some((names, files)) => (Some(names), files),
        None => (None, value),
    };
    (names, files.split(',').filter(|file| !file.is_empty()).collect())
}

pub(super) fn format_of(name: &str) -> Result<&'static Format> {
    Format::by_name(name).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        Error::usage(Detail::InvalidCommand, format!("there is no format `{name}`"))
            .help(format!("The formats are {}.", names.join(", ")))
    })
}

/// A character by itself or by name: `TAB`, `\t`.
fn byte(option: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [one] if one.is_ascii() => Ok(*one),
        _ if matches!(text, "TAB" | "tab" | "\\t") => Ok(b'\t'),
        _ => {
            let message = format!("`--{option}` is one ASCII character or `TAB`, found `{text}`");
            Err(Error::usage(Detail::InvalidCommand, message))
        }
    }
}
