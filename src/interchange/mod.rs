//! Import and export: whole graphs and tables between files and a database.
//!
//! Owns the formats, one entry of [`FORMATS`] each, the options of an import, and what becomes of bad rows. It may
//! not know how the graph stores anything: what it reads goes to the database as typed arrays.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::database::Database;
use crate::database::Loading;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Value;

mod csv;
mod cypher;
mod export;
mod field;
mod folder;
mod graph;
mod graphml;
mod header;
mod identity;
mod input;
mod json;
mod json_lines;
mod lines;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
mod pipeline;
mod places;
mod rejects;
mod table;
mod text_blocks;

use export::Writer;
use field::{FieldType, Scalar};
use folder::Contents;
use identity::{Ids, Integers, StringIds};
use rejects::{BadRow, Rejects};

pub use export::{Compression, ExportOptions, ExportProgress, ExportSummary};
#[cfg(feature = "cli")]
pub(crate) use options::counted;
pub use options::{
    IdType, ImportOptions, ImportProgress, ImportSummary, NodeFiles, RelationshipFiles,
};

/// A format of files.
#[derive(Debug)]
pub struct Format {
    /// The name it is chosen by.
    pub name: &'static str,
    /// How the names of its files end; `.gz` and `.zst` may follow.
    pub extensions: &'static [&'static str],
    /// What it is, in half a sentence.
    pub doc: &'static str,
    tables: Option<Tables>,
    /// Reads a file that holds a whole graph.
    graph: Option<ReadGraph>,
    /// How a graph is written.
    writer: Option<Writer>,
}

type ReadGraph = fn(&mut Import<'_, '_, '_>, &Path) -> Result<()>;

/// How a format of tables is read.
#[derive(Debug)]
struct Tables {
    nodes: fn(&mut Import<'_, '_, '_>, &NodeFiles) -> Result<()>,
    relationships: fn(&mut Import<'_, '_, '_>, &RelationshipFiles) -> Result<()>,
}

/// Every format. The first is that of files whose names do not tell.
pub static FORMATS: &[Format] = &[
    Format {
        name: "csv",
        extensions: &["csv", "tsv", "txt"],
        doc: "tables of comma-separated values, with a header as Neo4j's import takes it or any other",
        tables: Some(csv::TABLES),
        graph: None,
        writer: Some(Writer::Tables(export::write_tables::<csv::Csv>)),
    },
    #[cfg(feature = "parquet")]
    Format {
        name: "parquet",
        extensions: &["parquet", "pq"],
        doc: "tables by column, as other databases and data frames write them",
        tables: Some(parquet::TABLES),
        graph: None,
        writer: Some(Writer::Tables(export::write_tables::<parquet::Parquet>)),
    },
    Format {
        name: "jsonl",
        extensions: &["jsonl", "ndjson", "json"],
        doc: "a graph as APOC writes it in JSON, an object a line",
        tables: None,
        graph: Some(json_lines::read),
        writer: Some(Writer::Graph(json_lines::write)),
    },
    Format {
        name: "graphml",
        extensions: &["graphml", "xml"],
        doc: "a graph in XML, as APOC, NetworkX, Gephi and yEd write it",
        tables: None,
        graph: Some(graphml::read),
        writer: Some(Writer::Graph(graphml::write)),
    },
    Format {
        name: "cypher",
        extensions: &["cypher", "cql", "cyp"],
        doc: "a script that makes the graph; `redstring DB -f FILE` runs it",
        tables: None,
        graph: None,
        writer: Some(Writer::Graph(cypher::write)),
    },
];

impl Format {
    /// The format of this name.
    pub fn by_name(name: &str) -> Option<&'static Format> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// The format that is chosen, or told by the name of a file.
    fn of(chosen: Option<&'static Format>, file: &Path) -> Option<&'static Format> {
        let extension = input::extension(file);
        chosen.or_else(|| FORMATS.iter().find(|f| f.extensions.contains(&extension.as_str())))
    }

    /// How tables of these files are read; as those of the first format, where nothing else is told.
    fn of_tables(chosen: Option<&'static Format>, files: &[PathBuf]) -> Result<&'static Tables> {
        let first = files.first().ok_or_else(|| {
            Error::usage(Detail::InvalidArgumentValue, "a list of files to import is empty")
        })?;
        let format = Self::of(chosen, first).or(FORMATS.first());
        format.and_then(|format| format.tables.as_ref()).ok_or_else(|| {
            let message = format!("`{}` holds no table of nodes or relationships", first.display());
            Error::usage(Detail::InvalidFile, message)
                .help("Import a whole graph by the name of its file alone.")
        })
    }

    /// How the graph in a file is read.
    fn of_graph(chosen: Option<&'static Format>, file: &Path) -> Result<ReadGraph> {
        let format = Self::of(chosen, file);
        format.and_then(|format| format.graph).ok_or_else(|| {
            let name = file.display();
            let (message, help) = match format {
                Some(format) if format.tables.is_some() => (
                    format!("`{name}` is a table, and no whole graph"),
                    format!(
                        "Say of what: `--nodes LABEL={name}` or `--relationships TYPE={name}`."
                    ),
                ),
                Some(format) if format.is_script() => (
                    format!("`{name}` is a script, which is not imported"),
                    format!("Run it: `redstring DB -f {name}`."),
                ),
                _ => {
                    let names = FORMATS.iter().filter(|f| f.graph.is_some()).map(|f| f.name);
                    let names = names.collect::<Vec<_>>().join(", ");
                    (
                        format!("no format of graphs is told by the name of `{name}`"),
                        format!("Name one: {names}."),
                    )
                }
            };
            Error::usage(Detail::InvalidFile, message).help(help)
        })
    }

    /// Whether its files are run rather than imported.
    fn is_script(&self) -> bool {
        self.tables.is_none() && self.graph.is_none()
    }
}

/// An import that is under way.
struct Import<'a, 'b, 'c> {
    /// The database as it was before.
    database: &'a Database,
    load: &'a mut Loading<'b, 'c>,
    options: &'a ImportOptions,
    contents: &'a Contents,
    /// The spaces of identifiers, by name.
    spaces: Vec<(String, Ids)>,
    rejects: Rejects,
    summary: ImportSummary,
    /// Bytes of files that were read.
    read: Arc<AtomicU64>,
    total: u64,
}

impl Import<'_, '_, '_> {
    fn run(&mut self) -> Result<()> {
        let contents = self.contents;
        for (file, format) in &contents.graphs {
            Format::of_graph(*format, file)?(self, file)?;
        }
        for files in &contents.nodes {
            (Format::of_tables(files.format, &files.files)?.nodes)(self, files)?;
        }
        for files in &contents.relationships {
            (Format::of_tables(files.format, &files.files)?.relationships)(self, files)?;
        }
        Ok(())
    }

    /// Takes note of a row of no use, or fails with it.
    fn note(&mut self, file: &Path, row: &BadRow) -> Result<()> {
        self.rejects.note(file, row, &mut self.summary)
    }

    fn progress(&self) {
        self.tell(false);
    }

    fn tell(&self, writing: bool) {
        if let Some(watch) = &self.options.watch {
            watch(ImportProgress {
                bytes: self.read.load(Ordering::Relaxed),
                total_bytes: self.total,
                nodes: self.summary.nodes,
                relationships: self.summary.relationships,
                writing,
            });
        }
    }

    /// Takes a space out to be filled, a new one if there is none of that name; nothing where the table has no
    /// identifiers.
    fn take_space(
        &mut self,
        name: &str,
        of: Option<&FieldType>,
        file: &Path,
    ) -> Result<Option<Ids>> {
        let Some(of) = of else { return Ok(None) };
        let integer = of.scalar == Scalar::Long;
        let known = self.spaces.iter().position(|(own, _)| own == name);
        let ids = match known {
            Some(at) => Some(self.spaces.remove(at).1),
            None => self.stored_space(name)?,
        };
        let Some(ids) = ids else {
            return Ok(Some(match integer {
                true => Ids::Integers(Integers::new(of.inferred)),
                false => Ids::Strings(StringIds::default()),
            }));
        };
        if matches!(ids, Ids::Integers(_)) != integer {
            let message = format!(
                "{}:1: the identifiers of `{name}` are integers in one place and strings in another",
                file.display()
            );
            let error = Error::usage(Detail::InvalidRow, message);
            return Err(
                error.help("State what they are: `--id-type integer` or `--id-type string`.")
            );
        }
        Ok(Some(ids))
    }

    fn give_space(&mut self, name: String, ids: Option<Ids>) {
        self.spaces.extend(ids.map(|ids| (name, ids)));
    }

    /// The identifiers that nodes of the store have in a space of the name `Label.key`; nothing where there are none. Both
    /// may have dots in them.
    fn stored_space(&self, name: &str) -> Result<Option<Ids>> {
        let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
        let mut integers = Integers::new(self.options.id_type.is_none());
        let mut strings = StringIds::default();
        let mut some = None;
        for (at, dot) in name.match_indices('.').filter(|(at, _)| *at > 0) {
            let (label, key) = name.split_at(at);
            let (label, key) = (quoted(label), quoted(key.strip_prefix(dot).unwrap_or(key)));
            let query =
                format!("MATCH (n:{label}) WHERE n.{key} IS NOT NULL RETURN id(n), n.{key}");
            for row in self.database.query(&query, ())? {
                let row = row?;
                let node = row.get::<i64>(0)?;
                let node = u32::try_from(node).map_err(|_| {
                    Error::internal(format!("node {node} has too large a number for an import"))
                })?;
                let integer = match row.values().get(1) {
                    Some(Value::Integer(id)) => {
                        integers.insert_stored(*id, node);
                        true
                    }
                    Some(Value::String(id)) => {
                        strings.insert_stored(id, node);
                        false
                    }
                    _ => continue,
                };
                if *some.get_or_insert(integer) != integer {
                    let message = format!(
                        "the nodes of the store have both integers and strings in `{name}`"
                    );
                    let error = Error::usage(Detail::InvalidRow, message);
                    return Err(error.help(format!(
                        "Make them of one type first: MATCH (n:{label}) SET n.{key} = toString(n.{key})"
                    )));
                }
            }
        }
        Ok(some.map(
            |integer| {
                if integer { Ids::Integers(integers) } else { Ids::Strings(strings) }
            },
        ))
    }

    /// The number of a space: of one that was imported, or that the store has.
    fn space(&mut self, name: &str, file: &Path) -> Result<usize> {
        if let Some(at) = self.spaces.iter().position(|(own, _)| own == name) {
            return Ok(at);
        }
        if let Some(ids) = self.stored_space(name)? {
            self.spaces.push((name.into(), ids));
            return Ok(self.spaces.len() - 1);
        }
        let message = match name {
            "" => format!("{}:1: no nodes with identifiers were imported", file.display()),
            _ => format!("{}:1: no nodes have identifiers in `{name}`", file.display()),
        };
        let known: Vec<String> = self.spaces.iter().map(|(own, _)| format!("`{own}`")).collect();
        let error = Error::usage(Detail::InvalidRow, message);
        Err(if known.is_empty() {
            error
        } else {
            error.help(format!("There are {}.", known.join(", ")))
        })
    }

    /// The name of the only space there is.
    fn only_space(&self, file: &Path) -> Result<String> {
        match self.spaces.as_slice() {
            [(name, _)] => Ok(name.clone()),
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
                let message = format!(
                    "{}:1: which nodes a column means must be stated where there are several kinds",
                    file.display()
                );
                let help = format!(
                    "Add one of them: `--from column:{}`.",
                    names.join("`, `--from column:")
                );
                Err(Error::usage(Detail::InvalidRow, message).help(help))
            }
        }
    }
}

impl Database {
    /// Imports files of nodes and relationships: all of them, durable when this returns, or nothing where it fails.
    ///
    /// A folder among the graphs is one that [`Database::export`] made: its indexes and constraints become those of the
    /// store, and are there or not with the rest.
    ///
    /// Nodes and relationships are added to what there is. Relationships find their ends among the nodes of the same
    /// import, and in a space of the name `Label.key` among those of the store as well. Other writers wait meanwhile, up to their lock timeout; readers go on.
    ///
    /// Files are read in pieces of a few megabytes. What is kept in memory until the end is, per node, its identifier
    /// (4 bytes for integers that lie close together, some 16 for others, some 24 and its length for text), and per
    /// relationship 36 bytes and its properties, up to [`ImportOptions::memory_bytes`]; what is beyond that is sorted on disk.
    ///
    /// # Errors
    ///
    /// `UsageError.InvalidRow` with file, line and column for a row that cannot be used, unless
    /// [`ImportOptions::bad_tolerance`] lets it pass; `UsageError.InvalidFile` for a file that cannot be read.
    ///
    /// ```
    /// use redstring::Database;
    /// use redstring::interchange::{ImportOptions, NodeFiles, RelationshipFiles};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let file = |name: &str, text: &str| {
    ///     let path = folder.path().join(name);
    ///     std::fs::write(&path, text).map(|()| path)
    /// };
    /// let persons = file("persons.csv", "id,name\n1,Ada\n2,Grace\n")?;
    /// let follows = file("follows.csv", "from,to,since\n1,2,2020-01-01\n")?;
    /// let options = ImportOptions::default()
    ///     .nodes(NodeFiles::new([persons]).label("Person").id("id"))
    ///     .relationships(
    ///         RelationshipFiles::new([follows]).relationship_type("FOLLOWS").from("from").to("to"),
    ///     );
    /// let db = Database::in_memory();
    /// let summary = db.import(&options)?;
    /// assert_eq!((summary.nodes, summary.relationships), (2, 1));
    /// let row = db.query("MATCH (:Person {name: 'Ada'})-[f:FOLLOWS]->(b) RETURN b.name", ())?.single()?;
    /// assert_eq!(row.get::<String>(0)?, "Grace");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import(&self, options: &ImportOptions) -> Result<ImportSummary> {
        let contents = Contents::of(options)?;
        let total = contents.files().map(|file| input::length(file)).sum();
        self.load((options.threads, options.memory_bytes), &contents.schema, |load| {
            let mut import = Import {
                database: self,
                load,
                options,
                contents: &contents,
                spaces: Vec::new(),
                rejects: Rejects::new(options),
                summary: ImportSummary::default(),
                read: Arc::default(),
                total,
            };
            let run = import.run();
            import.tell(true);
            let Import { rejects, summary, .. } = import;
            rejects.finish()?;
            run.map(|()| summary)
        })
    }
}
