//! What an import is told, and what it tells in the end.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use super::Format;

/// What the identifiers of nodes are in files that do not say so themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IdType {
    /// Any text. `1` and `01` are two nodes.
    #[default]
    String,
    /// Integers.
    Integer,
}

/// Files of nodes. The first line of the first file is the header; a later file may repeat it.
///
/// A header as Neo4j's `neo4j-admin database import` takes it (`:ID`, `:LABEL`, `name:string[]` ...) says what the
/// columns are. Without an `:ID` in it, name the column with [`NodeFiles::id`]; the types of columns that say none
/// are inferred from the first rows then.
#[derive(Debug, Clone, Default)]
pub struct NodeFiles {
    pub(super) files: Vec<PathBuf>,
    pub(super) labels: Vec<String>,
    pub(super) id: Option<String>,
    pub(super) format: Option<&'static Format>,
}

impl NodeFiles {
    /// These files, read as one.
    pub fn new<P: Into<PathBuf>>(files: impl IntoIterator<Item = P>) -> Self {
        Self { files: files.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// A label for every node, beside those of a `:LABEL` column.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.labels.push(label.into());
        self
    }

    /// The column that relationships call the nodes by. It becomes a property, and its identifiers a space of the
    /// name `Label.column`, with the first label.
    #[must_use]
    pub fn id(mut self, column: impl Into<String>) -> Self {
        self.id = Some(column.into());
        self
    }

    /// The format, where the names of the files do not tell.
    #[must_use]
    pub fn format(mut self, format: &'static Format) -> Self {
        self.format = Some(format);
        self
    }
}

/// An end of the relationships of a file: a column, and the space of its identifiers.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) column: String,
    pub(super) space: Option<String>,
}

/// Files of relationships. The first line of the first file is the header; a later file may repeat it.
///
/// A header as Neo4j's `neo4j-admin database import` takes it (`:START_ID`, `:END_ID`, `:TYPE` ...) says what the
/// columns are. Without them, name the columns with [`RelationshipFiles::from`] and [`RelationshipFiles::to`].
#[derive(Debug, Clone, Default)]
pub struct RelationshipFiles {
    pub(super) files: Vec<PathBuf>,
    pub(super) relationship_type: Option<String>,
    pub(super) from: Option<End>,
    pub(super) to: Option<End>,
    pub(super) format: Option<&'static Format>,
}

impl RelationshipFiles {
    /// These files, read as one.
    pub fn new<P: Into<PathBuf>>(files: impl IntoIterator<Item = P>) -> Self {
        Self { files: files.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The type of every relationship for which a `:TYPE` column says none.
    #[must_use]
    pub fn relationship_type(mut self, name: impl Into<String>) -> Self {
        self.relationship_type = Some(name.into());
        self
    }

    /// The column that says where a relationship starts: `column`, or `column:Label.id` where there are nodes
    /// of several spaces.
    #[must_use]
    pub fn from(mut self, column: &str) -> Self {
        self.from = Some(end(column));
        self
    }

    /// The column that says where a relationship ends, as [`RelationshipFiles::from`].
    #[must_use]
    pub fn to(mut self, column: &str) -> Self {
        self.to = Some(end(column));
        self
    }

    /// The format, where the names of the files do not tell.
    #[must_use]
    pub fn format(mut self, format: &'static Format) -> Self {
        self.format = Some(format);
        self
    }
}

fn end(text: &str) -> End {
    match text.split_once(':') {
        Some((column, space)) => End { column: column.into(), space: Some(space.into()) },
        None => End { column: text.into(), space: None },
    }
}

/// How far an import is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportProgress {
    /// Bytes of the files that were read.
    pub bytes: u64,
    /// Bytes of all files.
    pub total_bytes: u64,
    /// Nodes taken.
    pub nodes: u64,
    /// Relationships taken.
    pub relationships: u64,
    /// Whether all files were read and what is left is sorting and writing.
    pub writing: bool,
}

type Watch = Arc<dyn Fn(ImportProgress) + Send + Sync>;

/// What to import, and how.
///
/// ```
/// use redstring::interchange::{ImportOptions, NodeFiles, RelationshipFiles};
///
/// let options = ImportOptions::default()
///     .nodes(NodeFiles::new(["persons.csv"]).label("Person").id("id"))
///     .relationships(
///         RelationshipFiles::new(["follows.csv"])
///             .relationship_type("FOLLOWS")
///             .from("from:Person.id")
///             .to("to:Person.id"),
///     )
///     .bad_tolerance(10)
///     .reject_file("rejected.csv");
/// ```
#[derive(Clone)]
pub struct ImportOptions {
    pub(super) graphs: Vec<(PathBuf, Option<&'static Format>)>,
    pub(super) nodes: Vec<NodeFiles>,
    pub(super) relationships: Vec<RelationshipFiles>,
    pub(super) id_type: Option<IdType>,
    pub(super) delimiter: u8,
    pub(super) array_delimiter: char,
    pub(super) quote: u8,
    pub(super) comment: Option<u8>,
    pub(super) ctrl_z: bool,
    pub(super) bad_tolerance: u64,
    pub(super) reject_file: Option<PathBuf>,
    pub(super) skip_bad_relationships: bool,
    pub(super) skip_duplicate_nodes: bool,
    pub(super) threads: usize,
    pub(super) memory_bytes: u64,
    pub(super) watch: Option<Watch>,
}

impl fmt::Debug for ImportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportOptions")
            .field("graphs", &self.graphs)
            .field("nodes", &self.nodes)
            .field("relationships", &self.relationships)
            .field("id_type", &self.id_type)
            .field("bad_tolerance", &self.bad_tolerance)
            .field("reject_file", &self.reject_file)
            .field("threads", &self.threads)
            .field("memory_bytes", &self.memory_bytes)
            .finish_non_exhaustive()
    }
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            graphs: Vec::new(),
            nodes: Vec::new(),
            relationships: Vec::new(),
            id_type: None,
            delimiter: b',',
            array_delimiter: ';',
            quote: b'"',
            comment: None,
            ctrl_z: false,
            bad_tolerance: 0,
            reject_file: None,
            skip_bad_relationships: false,
            skip_duplicate_nodes: false,
            threads: thread::available_parallelism().map_or(1, |threads| threads.get().min(16)),
            memory_bytes: memory_bytes(),
            watch: None,
        }
    }
}

/// A quarter of the machine's memory where the system says how much that is, up to 1 GiB.
fn memory_bytes() -> u64 {
    const MOST: u64 = 1 << 30;
    let said = fs::read_to_string("/proc/meminfo").ok();
    let line =
        said.as_deref().and_then(|said| said.lines().find_map(|l| l.strip_prefix("MemTotal:")));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map_or(MOST, |kib| MOST.min(kib * 256))
}

impl ImportOptions {
    /// Adds a file that holds a whole graph, in the format that its name tells, or a folder that an export made.
    #[must_use]
    pub fn graph(mut self, file: impl Into<PathBuf>) -> Self {
        self.graphs.push((file.into(), None));
        self
    }

    /// Adds a file that holds a whole graph, in this format.
    #[must_use]
    pub fn graph_as(mut self, file: impl Into<PathBuf>, format: &'static Format) -> Self {
        self.graphs.push((file.into(), Some(format)));
        self
    }

    /// Adds files of nodes.
    #[must_use]
    pub fn nodes(mut self, files: NodeFiles) -> Self {
        self.nodes.push(files);
        self
    }

    /// Adds files of relationships.
    #[must_use]
    pub fn relationships(mut self, files: RelationshipFiles) -> Self {
        self.relationships.push(files);
        self
    }

    /// What identifiers are. By default strings under a Neo4j header, and inferred otherwise.
    #[must_use]
    pub fn id_type(mut self, id_type: IdType) -> Self {
        self.id_type = Some(id_type);
        self
    }

    /// What stands between columns; an ASCII character, a comma by default.
    #[must_use]
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// What stands between the items of a list and between labels; a semicolon by default.
    #[must_use]
    pub fn array_delimiter(mut self, delimiter: char) -> Self {
        self.array_delimiter = delimiter;
        self
    }

    /// What stands around text that holds delimiters; an ASCII character, `"` by default.
    #[must_use]
    pub fn quote(mut self, quote: u8) -> Self {
        self.quote = quote;
        self
    }

    /// Passes over lines of CSV files that begin with this ASCII character, such as `#`. By default no line is a comment.
    #[must_use]
    pub fn comment(mut self, begin: u8) -> Self {
        self.comment = Some(begin);
        self
    }

    /// Takes a Ctrl-Z (U+001A) at the end of a CSV file, as old systems write it, for no part of the text.
    #[must_use]
    pub fn ctrl_z(mut self, ends_text: bool) -> Self {
        self.ctrl_z = ends_text;
        self
    }

    /// How many rows that cannot be used are passed over before the import fails. 0 by default.
    #[must_use]
    pub fn bad_tolerance(mut self, rows: u64) -> Self {
        self.bad_tolerance = rows;
        self
    }

    /// A file for the rows that were passed over: made when there is one, with its place and the reason.
    #[must_use]
    pub fn reject_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.reject_file = Some(file.into());
        self
    }

    /// Passes over relationships whose start or end is not there, however many.
    #[must_use]
    pub fn skip_bad_relationships(mut self, skip: bool) -> Self {
        self.skip_bad_relationships = skip;
        self
    }

    /// Passes over nodes whose identifier was there already, however many: the first one stays.
    #[must_use]
    pub fn skip_duplicate_nodes(mut self, skip: bool) -> Self {
        self.skip_duplicate_nodes = skip;
        self
    }

    /// How many threads read and sort. All cores, up to 16, by default.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// How many bytes the relationships of an import may take in memory: what is beyond that is sorted in files within
    /// the store's folder, which are gone in the end. An import into a graph in memory knows no such bound. 1 GiB by default, or a
    /// quarter of the machine's memory where that is less.
    #[must_use]
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Calls this now and then with how far the import is.
    #[must_use]
    pub fn on_progress(mut self, watch: impl Fn(ImportProgress) + Send + Sync + 'static) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }
}

/// What an import has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportSummary {
    /// Nodes created.
    pub nodes: u64,
    /// Relationships created.
    pub relationships: u64,
    /// Rows that could not be used, up to the tolerance.
    pub bad_rows: u64,
    /// Nodes passed over because their identifier was there already.
    pub duplicate_nodes: u64,
    /// Relationships passed over because an end was not there.
    pub bad_relationships: u64,
}

/// How many of something there are, for people.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

impl fmt::Display for ImportSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.nodes, "node", "nodes"))?;
        write!(f, ", {}", counted(self.relationships, "relationship", "relationships"))?;
        let passed_over = [
            (self.bad_rows, "bad row", "bad rows"),
            (self.duplicate_nodes, "duplicate node", "duplicate nodes"),
            (
                self.bad_relationships,
                "relationship without its nodes",
                "relationships without their nodes",
            ),
        ];
        for (count, one, many) in passed_over.into_iter().filter(|(count, ..)| *count > 0) {
            write!(f, ", passed over {}", counted(count, one, many))?;
        }
        Ok(())
    }
}
