//! The ways in which the same query must give the same: optimised and not, in large batches and in small ones, in
//! memory and on disk, from the log and from segments.

use std::path::Path;

use redstring::{Database, Options};
use tempfile::TempDir;

/// A way of running queries.
#[derive(Debug)]
pub struct Treatment {
    pub name: &'static str,
    options: fn(Options) -> Options,
    on_disk: bool,
}

/// Every treatment. The first is the usual one, with which the others are compared.
pub static TREATMENTS: &[Treatment] = &[
    Treatment { name: "in memory", options: |options| options, on_disk: false },
    Treatment { name: "unoptimised", options: |options| options.optimize(false), on_disk: false },
    Treatment { name: "batches of two", options: |options| options.batch_rows(2), on_disk: false },
    Treatment { name: "reopened", options: |options| options, on_disk: true },
];

/// A database under a treatment.
#[derive(Debug)]
pub struct Treated {
    treatment: &'static Treatment,
    options: Options,
    folder: Option<TempDir>,
    database: Option<Database>,
}

impl Treated {
    pub fn new(treatment: &'static Treatment, options: Options) -> Result<Self, String> {
        let folder = treatment.on_disk.then(folder).transpose()?;
        let options = (treatment.options)(options);
        let mut treated = Self { treatment, options, folder, database: None };
        treated.open()?;
        Ok(treated)
    }

    fn open(&mut self) -> Result<(), String> {
        let options = self.options.clone();
        let opened = match &self.folder {
            Some(folder) => Database::open_with(folder.path(), options),
            None => Ok(Database::in_memory_with(options)),
        };
        self.database = Some(opened.map_err(|error| format!("opening failed: {error:?}"))?);
        Ok(())
    }

    pub fn database(&self) -> Result<&Database, String> {
        self.database.as_ref().ok_or_else(|| "the database is closed".to_string())
    }

    /// To be called before a query under test: a database on disk is folded into segments, closed and opened again.
    /// Says whether it is another one now, to which procedures must be added anew.
    pub fn settle(&mut self) -> Result<bool, String> {
        if !self.treatment.on_disk {
            return Ok(false);
        }
        self.database()?.checkpoint().map_err(|error| format!("checkpoint failed: {error:?}"))?;
        self.database = None;
        self.open()?;
        Ok(true)
    }
}

/// A folder in memory where there is one: what is tested here is not whether the disk keeps it.
fn folder() -> Result<TempDir, String> {
    let in_memory = Path::new("/dev/shm");
    let made = tempfile::tempdir_in(in_memory).or_else(|_| tempfile::tempdir());
    made.map_err(|error| format!("no folder: {error}"))
}
