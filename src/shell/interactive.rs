//! The prompt: lines edited and remembered, statements of several lines, results as they come.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use rustyline::Completer;
use rustyline::Config;
use rustyline::Editor;
use rustyline::Helper;
use rustyline::Highlighter;
use rustyline::Hinter;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::validate::ValidationContext;
use rustyline::validate::ValidationResult;
use rustyline::validate::Validator;

use super::runner::{Runner, Stop};
use super::split::next_piece;
use super::terminal;

const HISTORY_LENGTH: usize = 5_000;

/// Reads and runs statements until the user leaves.
pub(super) fn run(runner: &mut Runner, database: Option<&Path>) -> Result<(), Stop> {
    let mut editor = match editor() {
        Ok(editor) => editor,
        Err(error) => {
            terminal::say(&format!("the prompt cannot be opened: {error}"));
            return Err(Stop::Failed);
        }
    };
    let history = history_file();
    if let Some(file) = &history {
        // A history that cannot be kept or read is an empty one.
        let _ = prepare(file);
        let _ = editor.load_history(file);
    }
    end_statements_on_interrupt(runner);
    runner.chatty = true;
    greet(database);
    loop {
        let prompt = if runner.in_transaction() { "redstring*> " } else { "redstring> " };
        match editor.readline(prompt) {
            Ok(text) => {
                let _ = editor.add_history_entry(text.trim_end());
                if let Some(file) = &history {
                    // At once, so that it outlives whatever the statement does.
                    let _ = editor.append_history(file);
                }
                match runner.run("<prompt>", spelled_out(&text)) {
                    Ok(()) | Err(Stop::Failed) => {}
                    Err(stop) => return Err(stop),
                }
            }
            Err(ReadlineError::Interrupted) => terminal::say("Ctrl-D or :quit leaves."),
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => {
                terminal::say(&format!("the prompt failed: {error}"));
                return Err(Stop::Failed);
            }
        }
    }
}

/// Ctrl-C ends the statement that runs, not the shell. While a line is edited it is a key like others.
fn end_statements_on_interrupt(runner: &Runner) {
    let cancel = runner.cancel_handle();
    // Where the signal cannot be caught it ends the program, as it does everywhere else.
    let _ = ctrlc::set_handler(move || cancel.cancel());
}

fn greet(database: Option<&Path>) {
    let place = match database {
        Some(path) => format!("`{}`", path.display()),
        None => "a graph in memory, which is gone when you leave".to_string(),
    };
    let version = env!("CARGO_PKG_VERSION");
    terminal::say(&format!("Redstring {version}, {place}. :help lists the commands."));
}

fn editor() -> rustyline::Result<Editor<Prompt, FileHistory>> {
    let config = Config::builder()
        .max_history_size(HISTORY_LENGTH)?
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Prompt));
    Ok(editor)
}

/// A word that people try first, as the command it is meant to be.
fn spelled_out(text: &str) -> &str {
    match text.trim().trim_end_matches(';') {
        "quit" | "exit" => ":quit",
        "help" => ":help",
        _ => text,
    }
}

/// Says when the text that is being typed is complete.
#[derive(Completer, Helper, Highlighter, Hinter)]
struct Prompt;

impl Validator for Prompt {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if is_complete(context.input()) {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

/// Whether every statement has its semicolon.
fn is_complete(text: &str) -> bool {
    let mut from = 0;
    while let Some(piece) = next_piece(text, from) {
        if !piece.complete {
            return spelled_out(text) != text;
        }
        from = piece.next;
    }
    true
}

/// Where the history lies: never in the current folder, nor in the store.
fn history_file() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("REDSTRING_HISTORY").or_else(|| {
        let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")));
        Some(state?.join("redstring").join("history"))
    })
}

/// Makes the folder and a file that only its owner can read: queries hold what nobody else should see.
fn prepare(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn a_statement_is_complete_at_its_semicolon() {
        for text in ["RETURN 1;", ":help", "exit", "", "  ", "RETURN ';' ; // x", ".mode csv"] {
            assert!(is_complete(text), "{text}");
        }
        for text in ["RETURN 1", "RETURN ';'", "RETURN 1; RETURN 2", "RETURN 1 // ;", "RETURN '"] {
            assert!(!is_complete(text), "{text}");
        }
    }
}
