//! The shell's own commands, one entry of [`COMMANDS`] each.

use std::io::Write;
use std::path::Path;

use crate::error::Detail;
use crate::error::Error;
use crate::output::FORMATS;
use crate::output::Format;
use crate::value::Value;

use super::runner::{Failure, Runner, Stop};

/// A command.
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    arguments: &'static str,
    doc: &'static str,
    run: fn(&mut Runner, &str) -> Result<(), Failure>,
}

/// Every command. They are written with a colon before them; a dot will do as well.
pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "help",
        aliases: &["h", "?"],
        arguments: "[COMMAND]",
        doc: "lists the commands, or describes one",
        run: help,
    },
    Command {
        name: "quit",
        aliases: &["exit", "q"],
        arguments: "",
        doc: "leaves; an open transaction is rolled back",
        run: |_, _| Err(Failure::Stop(Stop::Quit)),
    },
    Command {
        name: "begin",
        aliases: &[],
        arguments: "",
        doc: "opens a transaction",
        run: |runner, _| runner.begin(),
    },
    Command {
        name: "commit",
        aliases: &[],
        arguments: "",
        doc: "makes the open transaction durable",
        run: |runner, _| runner.commit(),
    },
    Command {
        name: "rollback",
        aliases: &[],
        arguments: "",
        doc: "forgets the open transaction",
        run: |runner, _| runner.rollback(),
    },
    Command {
        name: "mode",
        aliases: &["format"],
        arguments: "[FORMAT]",
        doc: "chooses how results are written, or lists the ways",
        run: mode,
    },
    Command {
        name: "param",
        aliases: &["params"],
        arguments: "[NAME => EXPRESSION]",
        doc: "gives a parameter a value, or lists those that have one",
        run: parameter,
    },
    Command {
        name: "echo",
        aliases: &[],
        arguments: "on|off",
        doc: "writes each statement of a script before its result, or no longer",
        run: echo,
    },
    Command {
        name: "schema",
        aliases: &[],
        arguments: "",
        doc: "counts nodes by label and relationships by type",
        run: schema,
    },
    Command {
        name: "source",
        aliases: &["read"],
        arguments: "FILE",
        doc: "runs the statements and commands of a file",
        run: source,
    },
    Command {
        name: "checkpoint",
        aliases: &[],
        arguments: "",
        doc: "folds the log into segments",
        run: |runner, _| runner.checkpoint(),
    },
    Command {
        name: "backup",
        aliases: &[],
        arguments: "FOLDER",
        doc: "copies the store as it is now into a new folder",
        run: backup,
    },
];

/// Runs a command line, its prefix included.
pub(super) fn run(runner: &mut Runner, line: &str) -> Result<(), Failure> {
    let line = line.trim_start_matches([':', '.', '\\']);
    let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let command = find(name)?;
    let arguments = arguments.trim();
    if command.arguments.is_empty() && !arguments.is_empty() {
        let message = format!("`:{}` takes no argument, found `{arguments}`", command.name);
        return Err(Error::usage(Detail::InvalidCommand, message).into());
    }
    (command.run)(runner, arguments)
}

/// The command of this name, alias or unambiguous beginning.
fn find(name: &str) -> Result<&'static Command, Error> {
    let exact = COMMANDS.iter().find(|c| c.name == name || c.aliases.contains(&name));
    let mut beginning = COMMANDS.iter().filter(|c| !name.is_empty() && c.name.starts_with(name));
    match (exact, beginning.next(), beginning.next()) {
        (Some(command), ..) | (None, Some(command), None) => Ok(command),
        _ => Err(Error::usage(Detail::InvalidCommand, format!("there is no command `:{name}`"))
            .help("`:help` lists the commands.")),
    }
}

fn help(runner: &mut Runner, arguments: &str) -> Result<(), Failure> {
    let name = arguments.trim_start_matches([':', '.']);
    let chosen = if name.is_empty() { None } else { Some(find(name)?) };
    let listed = |c: &&Command| chosen.is_none_or(|chosen| chosen.name == c.name);
    for command in COMMANDS.iter().filter(listed) {
        let usage = format!(":{} {}", command.name, command.arguments);
        writeln!(runner.out, "{usage:<18} {}", command.doc)?;
    }
    if let Some(command) = chosen
        && !command.aliases.is_empty()
    {
        writeln!(runner.out, "{:<18} also {}", "", command.aliases.join(", "))?;
    }
    if chosen.is_none() {
        writeln!(runner.out, "Anything else is Cypher, and ends with a semicolon.")?;
    }
    Ok(runner.out.flush()?)
}

fn mode(runner: &mut Runner, arguments: &str) -> Result<(), Failure> {
    if arguments.is_empty() {
        for format in FORMATS {
            let mark = if format.name == runner.format.name { "*" } else { " " };
            writeln!(runner.out, "{mark} {:<10} {}", format.name, format.doc)?;
        }
        return Ok(runner.out.flush()?);
    }
    runner.format = Format::by_name(arguments).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        Error::usage(Detail::InvalidCommand, format!("there is no format `{arguments}`"))
            .help(format!("The formats are {}.", names.join(", ")))
    })?;
    Ok(())
}

fn parameter(runner: &mut Runner, arguments: &str) -> Result<(), Failure> {
    if arguments.is_empty() {
        for (name, value) in &runner.parameters {
            writeln!(runner.out, ":param {} => {value}", quoted(name))?;
        }
        return Ok(runner.out.flush()?);
    }
    let arguments = arguments.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    // A map gives several at once, as in Neo4j's shell.
    if arguments.starts_with('{') {
        return match runner.value(arguments)? {
            Value::Map(map) => {
                runner
                    .parameters
                    .extend(map.iter().map(|(name, value)| (name.clone(), value.clone())));
                Ok(())
            }
            other => Err(usage(&format!("`{other}` is no map of parameters")).into()),
        };
    }
    let Some((name, expression)) = arguments.split_once("=>") else {
        return Err(usage("`:param` needs a name, `=>` and an expression").into());
    };
    let name = name.trim();
    let plain = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
    let name = plain.map_or_else(|| name.to_owned(), |name| name.replace("``", "`"));
    let name = name.strip_prefix('$').unwrap_or(&name);
    if name.is_empty() || plain.is_none() && name.contains(char::is_whitespace) {
        return Err(usage(&format!("`{name}` is no name of a parameter")).into());
    }
    let value = runner.value(expression.trim())?;
    runner.parameters.insert(name.into(), value);
    Ok(())
}

fn usage(message: &str) -> Error {
    Error::usage(Detail::InvalidCommand, message).help("Write `:param name => expression`.")
}

/// A name as it is written.
fn quoted(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c == '_' || c.is_alphanumeric());
    if plain { name.to_owned() } else { format!("`{}`", name.replace('`', "``")) }
}

fn echo(runner: &mut Runner, arguments: &str) -> Result<(), Failure> {
    runner.echo = match arguments {
        "on" => true,
        "off" => false,
        other => {
            let message = format!("`:echo` is `on` or `off`, found `{other}`");
            return Err(Error::usage(Detail::InvalidCommand, message).into());
        }
    };
    Ok(())
}

fn schema(runner: &mut Runner, _: &str) -> Result<(), Failure> {
    runner.statement(
        "MATCH (n) UNWIND labels(n) AS label \
         RETURN 'label' AS kind, label AS name, count(*) AS count ORDER BY name \
         UNION ALL MATCH ()-[r]->() \
         RETURN 'relationship type' AS kind, type(r) AS name, count(*) AS count ORDER BY name",
    )
}

fn source(runner: &mut Runner, arguments: &str) -> Result<(), Failure> {
    if arguments.is_empty() {
        let error = Error::usage(Detail::InvalidCommand, "`:source` needs the name of a file");
        return Err(error.into());
    }
    runner.run_file(Path::new(arguments))
}

fn backup(runner: &mut Runner, arguments: &str) -> Result<(), Failure> {
    if arguments.is_empty() {
        let message = "`:backup` needs the name of a new folder";
        return Err(Error::usage(Detail::InvalidCommand, message).into());
    }
    runner.backup(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_distinct() {
        let mut names: Vec<&str> =
            COMMANDS.iter().flat_map(|c| c.aliases.iter().copied().chain([c.name])).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_unique_beginning_is_enough() {
        assert_eq!(find("roll").unwrap().name, "rollback");
        assert_eq!(find("exit").unwrap().name, "quit");
        assert!(find("c").is_err(), "commit or checkpoint");
        assert!(find("").is_err());
    }
}
