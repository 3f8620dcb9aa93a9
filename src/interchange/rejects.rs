//! Rows that cannot be used: counted and written down, or the end of the import.

use std::fs::File;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

use super::input;
use super::options::{ImportOptions, ImportSummary};

/// Why a row is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is not what its header says.
    Malformed,
    /// A quote is not closed, so that nobody knows how many rows there are behind it.
    Unclosed,
    /// Its identifier was there already.
    DuplicateNode,
    /// An end of the relationship is not there.
    MissingNode,
}

/// A row of no use.
#[derive(Debug)]
pub(super) struct BadRow {
    pub(super) reason: Reason,
    /// Counted from 1.
    pub(super) line: u64,
    /// In characters, counted from 1.
    pub(super) column: usize,
    pub(super) message: String,
    /// The row as it stands in the file.
    pub(super) text: String,
}

/// Which rows of no use are passed over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tolerance {
    /// How many of those that nothing else passes over.
    pub(super) rows: u64,
    skip_duplicates: bool,
    skip_missing: bool,
}

impl Tolerance {
    pub(super) fn new(options: &ImportOptions) -> Self {
        Self {
            rows: options.bad_tolerance,
            skip_duplicates: options.skip_duplicate_nodes,
            skip_missing: options.skip_bad_relationships,
        }
    }

    /// Whether any number of such rows is passed over.
    pub(super) fn passes_over(&self, reason: Reason) -> bool {
        match reason {
            Reason::Malformed | Reason::Unclosed => false,
            Reason::DuplicateNode => self.skip_duplicates,
            Reason::MissingNode => self.skip_missing,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Rejects {
    tolerance: Tolerance,
    path: Option<PathBuf>,
    file: Option<BufWriter<File>>,
}

impl Rejects {
    pub(super) fn new(options: &ImportOptions) -> Self {
        Self { tolerance: Tolerance::new(options), path: options.reject_file.clone(), file: None }
    }

    /// Takes note of a row of no use, or fails with it.
    pub(super) fn note(
        &mut self,
        from: &Path,
        row: &BadRow,
        summary: &mut ImportSummary,
    ) -> Result<()> {
        match row.reason {
            reason if self.tolerance.passes_over(reason) => match reason {
                Reason::DuplicateNode => summary.duplicate_nodes += 1,
                Reason::Malformed | Reason::Unclosed | Reason::MissingNode => {
                    summary.bad_relationships += 1;
                }
            },
            Reason::Unclosed => return Err(self.failure(from, row, row.reason)),
            _ if summary.bad_rows < self.tolerance.rows => summary.bad_rows += 1,
            reason => return Err(self.failure(from, row, reason)),
        }
        self.write(from, row)
    }

    fn failure(&self, from: &Path, row: &BadRow, reason: Reason) -> Error {
        let BadRow { line, column, message, .. } = row;
        let message = format!("{}:{line}:{column}: {message}", from.display());
        let help = match (reason, self.tolerance.rows) {
            (Reason::DuplicateNode, _) => {
                "Nothing was imported. `--skip-duplicate-nodes` keeps the first of them."
            }
            (Reason::MissingNode, _) => {
                "Nothing was imported. `--skip-bad-relationships` passes over such rows."
            }
            (Reason::Unclosed, _) => {
                "Nothing was imported. No tolerance passes over what follows an open quote."
            }
            (_, 0) => "Nothing was imported. `--bad-tolerance N` passes over up to N such rows.",
            _ => "Nothing was imported: there are more such rows than `--bad-tolerance` allows.",
        };
        Error::usage(Detail::InvalidRow, message).help(help)
    }

    fn write(&mut self, from: &Path, row: &BadRow) -> Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed = |error| input::failed("write", path, error);
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let mut file = BufWriter::new(File::create(path).map_err(failed)?);
                writeln!(file, "file,line,column,reason,row").map_err(failed)?;
                self.file.insert(file)
            }
        };
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let (name, message) = (quoted(&from.to_string_lossy()), quoted(&row.message));
        let text = quoted(row.text.trim_end_matches(['\r', '\n']));
        writeln!(file, "{name},{},{},{message},{text}", row.line, row.column).map_err(failed)
    }

    /// Writes what is left.
    pub(super) fn finish(self) -> Result<()> {
        match (self.file, &self.path) {
            (Some(mut file), Some(path)) => {
                file.flush().map_err(|error| input::failed("write", path, error))
            }
            _ => Ok(()),
        }
    }
}
