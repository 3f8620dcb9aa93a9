//! Export: a graph, as it is when the export begins, into one file or a folder of them.

mod output;
mod tables;
mod unfinished;

use std::cell::Cell;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use crate::database::Database;
use crate::database::ReadTransaction;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Node;
use crate::value::Relationship;
use crate::value::Value;

use super::folder;
use super::{FORMATS, Format, input};

use unfinished::Unfinished;

pub use output::Compression;
pub(super) use output::Output;
pub(super) use tables::{ColumnType, Entities, Table, TableFormat, TableWriter};

/// How a format writes a graph.
#[derive(Debug)]
pub(super) enum Writer {
    /// All of it into one file.
    Graph(fn() -> Box<dyn GraphWriter>),
    /// A file for each set of labels and for each relationship type.
    Tables(TableFormat),
}

/// Writes one graph: first all nodes, then all relationships.
pub(super) trait GraphWriter {
    /// Whether the graph is shown to it once before anything is written.
    fn surveys(&self) -> bool {
        false
    }
    fn survey_node(&mut self, _node: &Node) {}
    fn survey_relationship(&mut self, _relationship: &Relationship) {}
    /// Goes before everything else.
    fn begin(&mut self, _out: &mut Output) -> Result<()> {
        Ok(())
    }
    fn node(&mut self, node: &Node, out: &mut Output) -> Result<()>;
    fn relationship(&mut self, relationship: &Relationship, out: &mut Output) -> Result<()>;
    fn end(&mut self, _out: &mut Output) -> Result<()> {
        Ok(())
    }
    /// Writes the statements that make indexes and constraints behind all that; whether the format has room for them.
    fn schema(&mut self, _statements: &[String], _out: &mut Output) -> Result<bool> {
        Ok(false)
    }
}

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
    File(fn() -> Box<dyn GraphWriter>),
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
            Some(Writer::Graph(make)) => Ok(Self::File(*make)),
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
        let graph = Source::new(self.begin_read(), options.watch.clone())?;
        let unfinished = Unfinished::begin(path)?;
        let part = unfinished.part();
        let summary = match target {
            Target::File(make) => {
                let compression = options.compression.or(Compression::of(path));
                let out = Output::create(part.into(), path, compression, output::BLOCK)?;
                graph.write_graph(&mut *make(), out)
            }
            Target::Folder(format) => {
                fs::create_dir(part).map_err(|error| input::failed("write", path, error))?;
                let compression = options.compression;
                graph.write_folder(&Files { folder: part, shown: path, format, compression })
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
struct Files<'a> {
    folder: &'a Path,
    /// What errors call it.
    shown: &'a Path,
    format: &'static Format,
    compression: Option<Compression>,
}

impl Files<'_> {
    /// A file of the format; `name` is without extensions.
    fn create(&self, name: &str, block: usize) -> Result<Output> {
        let mut name = name.to_owned();
        let within =
            matches!(&self.format.writer, Some(Writer::Tables(format)) if format.compresses);
        let compression = self.compression.filter(|_| !within);
        let extensions = self.format.extensions.first().copied().into_iter();
        for extension in extensions.chain(compression.map(Compression::extension)) {
            name.push('.');
            name.push_str(extension);
        }
        Output::create(self.folder.join(&name), &self.shown.join(&name), compression, block)
    }
}

/// The graph that is exported.
struct Source {
    graph: ReadTransaction,
    watch: Option<Watch>,
    /// How many nodes and relationships there are.
    size: u64,
    /// How many were read, and how many of them before the pass that writes.
    read: Cell<u64>,
    surveyed: Cell<u64>,
    surveys: Cell<bool>,
}

/// Nodes and relationships between two words of how far an export is.
const STEP: u64 = 1 << 10;

impl Source {
    fn new(graph: ReadTransaction, watch: Option<Watch>) -> Result<Self> {
        let mut size = 0;
        if watch.is_some() {
            for query in ["MATCH (n) RETURN count(*)", "MATCH ()-[r]->() RETURN count(*)"] {
                size += graph.query(query, ())?.single()?.get::<u64>(0)?;
            }
        }
        let (read, surveyed) = (Cell::new(0), Cell::new(0));
        Ok(Self { graph, watch, size, read, surveyed, surveys: Cell::new(false) })
    }

    /// Reads everything for a first time, before it is written.
    fn survey<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        self.surveys.set(true);
        let found = read();
        self.surveyed.set(self.read.get());
        found
    }

    fn advance(&self) {
        let Some(watch) = &self.watch else { return };
        let read = self.read.get() + 1;
        self.read.set(read);
        if read.is_multiple_of(STEP) {
            let passes = if self.surveys.get() { 2 } else { 1 };
            let writing = !self.surveys.get() || self.surveyed.get() > 0;
            watch(ExportProgress { read, total: self.size * passes, writing });
        }
    }

    fn each_node(&self, mut take: impl FnMut(&Node) -> Result<()>) -> Result<u64> {
        let mut count = 0;
        for row in self.graph.query("MATCH (n) RETURN n", ())? {
            if let Some(Value::Node(node)) = row?.values().first() {
                take(node)?;
                self.advance();
                count += 1;
            }
        }
        Ok(count)
    }

    fn each_relationship(&self, mut take: impl FnMut(&Relationship) -> Result<()>) -> Result<u64> {
        let mut count = 0;
        for row in self.graph.query("MATCH ()-[r]->() RETURN r", ())? {
            if let Some(Value::Relationship(relationship)) = row?.values().first() {
                take(relationship)?;
                self.advance();
                count += 1;
            }
        }
        Ok(count)
    }

    /// The statements that make its constraints and indexes, where they are not there.
    fn schema(&self) -> Result<Vec<String>> {
        let queries = [
            "SHOW CONSTRAINTS YIELD name, createStatement",
            "SHOW INDEXES YIELD name, createStatement, owningConstraint \
             WHERE owningConstraint IS NULL RETURN name, createStatement",
        ];
        let mut statements = Vec::new();
        for query in queries {
            for row in self.graph.query(query, ())?.tuples::<(String, String)>() {
                let (name, statement) = row?;
                let name = format!("`{}` ", name.replace('`', "``"));
                statements.push(statement.replacen(&name, &format!("{name}IF NOT EXISTS "), 1));
            }
        }
        Ok(statements)
    }

    fn write_graph(&self, writer: &mut dyn GraphWriter, mut out: Output) -> Result<ExportSummary> {
        if writer.surveys() {
            self.survey(|| {
                self.each_node(|node| {
                    writer.survey_node(node);
                    Ok(())
                })?;
                self.each_relationship(|relationship| {
                    writer.survey_relationship(relationship);
                    Ok(())
                })
            })?;
        }
        writer.begin(&mut out)?;
        let nodes = self.each_node(|node| writer.node(node, &mut out))?;
        let relationships =
            self.each_relationship(|relationship| writer.relationship(relationship, &mut out))?;
        writer.end(&mut out)?;
        let schema = self.schema()?;
        let written = writer.schema(&schema, &mut out)?;
        out.end()?;
        let (indexes_and_constraints, left_out) =
            if written { (schema.len() as u64, 0) } else { (0, schema.len() as u64) };
        Ok(ExportSummary { nodes, relationships, indexes_and_constraints, left_out })
    }

    fn write_folder(&self, files: &Files<'_>) -> Result<ExportSummary> {
        let schema = self.schema()?;
        let mut summary = match &files.format.writer {
            Some(Writer::Tables(format)) => tables::write(self, format, files)?,
            Some(Writer::Graph(make)) => {
                self.write_graph(&mut *make(), files.create(folder::GRAPH, output::BLOCK)?)?
            }
            None => ExportSummary::default(),
        };
        if !schema.is_empty() && summary.indexes_and_constraints == 0 {
            let (path, shown) =
                (files.folder.join(folder::SCHEMA), files.shown.join(folder::SCHEMA));
            let mut out = Output::create(path, &shown, None, output::BLOCK)?;
            out.write(|to| schema.iter().try_for_each(|line| writeln!(to, "{line};")))?;
            out.end()?;
            summary.indexes_and_constraints = schema.len() as u64;
            summary.left_out = 0;
        }
        Ok(summary)
    }
}
