//! Export: a graph, as it is when the export begins, into one file or a folder of them.

mod output;
mod source;
mod survey;
mod tables;
mod unfinished;

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::database::Database;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

use super::folder;
use super::{FORMATS, Format, input};

use unfinished::Unfinished;

pub use output::Compression;
pub(super) use output::{Output, Packed, Packer};
pub(super) use source::{Kind, Source};
pub(super) use survey::{Columns, Kinds, rows_by_kind, survey};
pub(super) use tables::{ColumnType, Entities, Table, TableFormat, write as write_tables};

/// How a format writes a graph.
#[derive(Debug)]
pub(super) enum Writer {
    /// All of it into one file.
    Graph(WriteGraph),
    /// A file for each set of labels and for each relationship type.
    Tables(fn(&Source, &Files<'_>) -> Result<()>),
}

/// Writes a graph into a file; `true` where it has written the indexes and constraints as well.
pub(super) type WriteGraph = fn(&Source, &mut Output) -> Result<bool>;

/// What an export is told.
///
/// ```
/// use redstring::interchange::{Compression, ExportOptions, Format};
///
/// let options = ExportOptions::default()
///     .format(Format::by_name("csv").expect("a format"))
///     .compression(Compression::Zstandard);
/// ```
#[derive(Clone, Default)]
pub struct ExportOptions {
    format: Option<&'static Format>,
    compression: Option<Compression>,
    watch: Option<Watch>,
}

type Watch = Arc<dyn Fn(ExportProgress) + Send + Sync>;

impl fmt::Debug for ExportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportOptions")
            .field("format", &self.format)
            .field("compression", &self.compression)
            .finish_non_exhaustive()
    }
}

/// How far an export is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportProgress {
    /// Nodes and relationships that were read. Some formats read all of them twice.
    pub read: u64,
    /// How many are to be read.
    pub total: u64,
    /// Whether they are being written, and not looked at before that.
    pub writing: bool,
}

impl ExportOptions {
    /// The format, where the name of the target does not tell.
    #[must_use]
    pub fn format(mut self, format: &'static Format) -> Self {
        self.format = Some(format);
        self
    }

    /// Compresses every file. That of an export into one file may be told by its name.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// Calls this now and then with how far the export is.
    #[must_use]
    pub fn on_progress(mut self, watch: impl Fn(ExportProgress) + Send + Sync + 'static) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }
}

/// What an export has written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportSummary {
    /// Nodes written.
    pub nodes: u64,
    /// Relationships written.
    pub relationships: u64,
    /// Indexes and constraints written.
    pub indexes_and_constraints: u64,
    /// Indexes and constraints for which the format has no room in one file.
    pub left_out: u64,
}

/// Where an export goes.
enum Target {
    File(WriteGraph),
    Folder(&'static Format),
}

impl Target {
    fn of(path: &Path, options: &ExportOptions) -> Result<Self> {
        let extension = input::extension(path);
        let told = FORMATS.iter().find(|format| format.extensions.contains(&extension.as_str()));
        let format = options.format.or(told).ok_or_else(|| {
            let message =
                format!("no format of exports is told by the name of `{}`", path.display());
            Error::usage(Detail::InvalidFile, message).help(name_one())
        })?;
        let is_folder = extension.is_empty() || path.is_dir();
        match &format.writer {
            // No import would take it back.
            Some(Writer::Graph(_)) if is_folder && format.is_script() => {
                let name = path.display();
                let what = if path.is_dir() { "a folder" } else { "the name of a folder" };
                let message = format!("a script is one file, and `{name}` is {what}");
                let extension = format.extensions.first().unwrap_or(&format.name);
                let help = format!("Name a file: `{name}.{extension}`.");
                Err(Error::usage(Detail::InvalidFile, message).help(help))
            }
            Some(Writer::Graph(_)) if is_folder => Ok(Self::Folder(format)),
            Some(Writer::Graph(write)) => Ok(Self::File(*write)),
            Some(Writer::Tables(_)) if is_folder || options.format.is_some() => {
                Ok(Self::Folder(format))
            }
            Some(Writer::Tables(_)) => {
                let message = format!("one file `{}` has no room for a graph", path.display());
                let help = format!("Name a folder: `--format {} FOLDER`.", format.name);
                Err(Error::usage(Detail::InvalidFile, message).help(help))
            }
            None => {
                let message = format!("there are no exports as {}", format.name);
                Err(Error::usage(Detail::InvalidFile, message).help(name_one()))
            }
        }
    }
}

fn name_one() -> String {
    let names = FORMATS.iter().filter(|format| format.writer.is_some()).map(|format| format.name);
    format!("Name one: {}.", names.collect::<Vec<_>>().join(", "))
}

impl Database {
    /// Writes the whole graph, as of now, into a file, or into a folder with its indexes and constraints. The format
    /// is told by the name of the file, or chosen. A name without an extension is that of a folder, which must not be
    /// there yet or be empty; formats of tables always make one. What is written appears under its name when it is
    /// whole and on disk, and a file replaces one of the same name. Until then it is `NAME.part`, with `NAME.part.lock`
    /// beside it; what is left of an export that was killed makes place for the next one.
    ///
    /// [`Database::import`] of the file or the folder gives the same graph.
    ///
    /// # Errors
    ///
    /// `UsageError.InvalidFile` where something cannot be written, its format is not told, or another export into the
    /// same target is under way.
    ///
    /// ```
    /// use redstring::Database;
    /// use redstring::interchange::{ExportOptions, Format, ImportOptions};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let db = Database::in_memory();
    /// db.execute("CREATE (:Person {born: date('1815-12-10')})-[:KNOWS]->(:Person)", ())?;
    /// let file = folder.path().join("graph.jsonl.gz");
    /// assert_eq!(db.export(&file, &ExportOptions::default())?.nodes, 2);
    /// let tables = folder.path().join("graph");
    /// db.export(&tables, &ExportOptions::default().format(Format::by_name("csv").expect("a format")))?;
    ///
    /// let copy = Database::in_memory();
    /// copy.import(&ImportOptions::default().graph(&tables))?;
    /// let row = copy.query("MATCH (p)-[:KNOWS]->() RETURN p.born.year", ())?.single()?;
    /// assert_eq!(row.get::<i64>(0)?, 1815);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn export(
        &self,
        target: impl AsRef<Path>,
        options: &ExportOptions,
    ) -> Result<ExportSummary> {
        let path = target.as_ref();
        let target = Target::of(path, options)?;
        if matches!(target, Target::Folder(_)) {
            free(path)?;
        }
        let graph = Source::new(self.begin_read(), options.watch.clone());
        let unfinished = Unfinished::begin(path)?;
        let part = unfinished.part();
        let summary = match target {
            Target::File(write) => {
                let compression = options.compression.or(Compression::of(path));
                let out = Output::create(part.into(), path, compression, output::BLOCK)?;
                write_graph(&graph, write, out)
            }
            Target::Folder(format) => {
                fs::create_dir(part).map_err(|error| input::failed("write", path, error))?;
                let compression = options.compression;
                write_folder(&graph, &Files { folder: part, shown: path, format, compression })
            }
        }?;
        unfinished.finish()?;
        Ok(summary)
    }
}

/// Whether a folder may be made here.
fn free(path: &Path) -> Result<()> {
    let empty = |path: &Path| path.read_dir().is_ok_and(|mut entries| entries.next().is_none());
    if path.exists() && !empty(path) {
        let error = unfinished::refused(path, "it is there and not empty");
        return Err(error.help("Name a folder that is not there yet."));
    }
    Ok(())
}

/// The folder that is written, before it has its name.
pub(super) struct Files<'a> {
    folder: &'a Path,
    /// What errors call it.
    shown: &'a Path,
    format: &'static Format,
    compression: Option<Compression>,
}

impl Files<'_> {
    /// A file of the format; `name` is without extensions.
    fn create(&self, name: &str, compression: Option<Compression>, block: usize) -> Result<Output> {
        let mut name = name.to_owned();
        let extensions = self.format.extensions.first().copied().into_iter();
        for extension in extensions.chain(compression.map(Compression::extension)) {
            name.push('.');
            name.push_str(extension);
        }
        Output::create(self.folder.join(&name), &self.shown.join(&name), compression, block)
    }
}

/// Writes one file that holds all.
fn write_graph(source: &Source, write: WriteGraph, mut out: Output) -> Result<ExportSummary> {
    let written = write(source, &mut out)?;
    out.end()?;
    let schema = source.schema()?.len() as u64;
    let (indexes_and_constraints, left_out) = if written { (schema, 0) } else { (0, schema) };
    Ok(ExportSummary { indexes_and_constraints, left_out, ..summary(source) })
}

fn write_folder(source: &Source, files: &Files<'_>) -> Result<ExportSummary> {
    let mut summary = match &files.format.writer {
        Some(Writer::Tables(write)) => {
            write(source, files)?;
            summary(source)
        }
        Some(Writer::Graph(write)) => {
            let out = files.create(folder::GRAPH, files.compression, output::BLOCK)?;
            write_graph(source, *write, out)?
        }
        None => ExportSummary::default(),
    };
    let schema = source.schema()?;
    if !schema.is_empty() && summary.indexes_and_constraints == 0 {
        let (path, shown) = (files.folder.join(folder::SCHEMA), files.shown.join(folder::SCHEMA));
        let mut out = Output::create(path, &shown, None, output::BLOCK)?;
        out.write(|to| schema.iter().try_for_each(|line| writeln!(to, "{line};")))?;
        out.end()?;
        summary.indexes_and_constraints = schema.len() as u64;
        summary.left_out = 0;
    }
    Ok(summary)
}

fn summary(source: &Source) -> ExportSummary {
    let (nodes, relationships) = source.counts();
    ExportSummary { nodes, relationships, ..ExportSummary::default() }
}
