//! A database: opening it, asking it, changing it.
//!
//! Owns [`Database`], [`Transaction`], [`ReadTransaction`], [`Statement`], options and parameters.
//! How a statement runs is the session's business.

mod backup;
mod bulk;
mod extract;
mod repair;
mod transaction;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::Procedure;
use crate::function::UserAggregate;
use crate::function::UserFunction;
use crate::graph::CheckReport;
use crate::graph::Graph;
use crate::graph::GraphOptions;
use crate::graph::IndexBuild;
use crate::meter::CancelHandle;
use crate::result::Rows;
use crate::result::Summary;
use crate::session::Engine;
use crate::session::Scope;
use crate::session::Settings;
use crate::session::StatementOptions;
use crate::storage;
use crate::value::Map;
use crate::value::Value;
use crate::value::to_value;

pub use backup::{BackupOptions, BackupProgress};
pub(crate) use bulk::{Loading, Types};
pub(crate) use extract::{Extract, Ids};
pub use transaction::{ReadTransaction, Statement, Transaction};

/// How a database is opened.
///
/// ```
/// use redstring::{Database, Options};
/// use std::time::Duration;
///
/// let options = Options::default().timeout(Duration::from_secs(5));
/// let db = Database::in_memory_with(options);
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    graph: GraphOptions,
    settings: Settings,
    engine: Option<String>,
    read_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        let settings = Settings {
            timeout: None,
            memory: Some(4 << 30),
            optimize: true,
            batch_rows: None,
            cached_plans: 256,
            import_folder: None,
        };
        Self { graph: GraphOptions::default(), settings, engine: None, read_only: false }
    }
}

impl Options {
    /// Ends a statement with an error after this time, unless its [`StatementOptions`] say otherwise. By default there is no
    /// limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// How many bytes one statement may hold at once: rows that are sorted, grouped, joined or collected, paths on their
    /// way, long texts and lists, and what its transaction has written, with all statements before it. What needs more
    /// ends with `LimitError.OutOfMemoryBudget`, and leaves no trace. It is an estimate: the process may grow to one
    /// and a half times as much. What aggregates of the program's own hold is not known and does not count.
    /// 4 GiB by default; `None` sets no limit. [`StatementOptions`] may give a statement more or less.
    ///
    /// ```
    /// use redstring::{Database, Detail, Options};
    /// let db = Database::in_memory_with(Options::default().memory_limit(Some(1 << 20)));
    /// let error = db.query("RETURN size(range(1, 1000000000000))", ()).unwrap_err();
    /// assert_eq!(error.kind(), Detail::OutOfMemoryBudget);
    /// ```
    #[must_use]
    pub fn memory_limit(mut self, bytes: Option<u64>) -> Self {
        self.settings.memory = bytes;
        self
    }

    /// How long a writing transaction waits for another one to end. 5 seconds by default.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.graph.lock_timeout = timeout;
        self
    }

    /// The storage engine of a store that is made: `sled` (the default) or `redb`. A store that is there already
    /// keeps its own; naming another one is an error.
    #[must_use]
    pub fn engine(mut self, name: &str) -> Self {
        self.engine = Some(name.to_string());
        self
    }

    /// Opens a store only to read it: it must be there, and whatever writes is refused.
    ///
    /// Nothing in the store's folder is written, created or touched, so that it may lie on a read-only or a full disk, or be
    /// another user's. Several processes may read a store at once, but not beside one that writes. Where the engine must
    /// write to open its files (sled always, redb after a crash), a private copy of them is opened, in the folder for
    /// temporary files (`TMPDIR`), and removed in the end.
    ///
    /// ```
    /// use redstring::{Database, Options};
    ///
    /// let folder = tempfile::tempdir()?;
    /// Database::open(folder.path())?.execute("CREATE (:Site)", ())?;
    /// let read = || Database::open_with(folder.path(), Options::default().read_only(true));
    /// let (one, other) = (read()?, read()?);
    /// assert!(one.execute("CREATE (:Site)", ()).is_err());
    /// assert!(other.query("MATCH (s:Site) RETURN s", ())?.next().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// How much data read from segments is kept in memory, in bytes. 512 MiB by default.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.graph.cache_bytes = bytes;
        self
    }

    /// The size of the log, in bytes, after which a commit makes a checkpoint. 16 MiB by default; beside large segments
    /// the log grows to half of their size first, and to eight times this at most.
    #[must_use]
    pub fn checkpoint_bytes(mut self, bytes: u64) -> Self {
        self.graph.checkpoint_bytes = bytes;
        self
    }

    /// How many plans are kept, by the text of their statement. 256 by default.
    #[must_use]
    pub fn cached_plans(mut self, plans: usize) -> Self {
        self.settings.cached_plans = plans;
        self
    }

    /// Lets statements read the files of this folder with LOAD CSV and LOAD JSON. By default they read none.
    ///
    /// ```
    /// use redstring::{Database, Options};
    ///
    /// let folder = tempfile::tempdir()?;
    /// std::fs::write(folder.path().join("cities.csv"), "name,size\nBonn,3\nKiel,\n")?;
    /// let db = Database::in_memory_with(Options::default().import_folder(folder.path()));
    /// let query = "LOAD CSV WITH HEADERS FROM 'cities.csv' AS city RETURN city.name, city.size";
    /// let rows = db.query(query, ())?.tuples::<(String, Option<String>)>();
    /// let cities = rows.collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(cities, [("Bonn".to_owned(), Some("3".to_owned())), ("Kiel".to_owned(), None)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn import_folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.settings.import_folder = Some(folder.as_ref().into());
        self
    }

    /// Whether plans are optimised. Tests compare both ways.
    #[doc(hidden)]
    #[must_use]
    pub fn optimize(mut self, optimize: bool) -> Self {
        self.settings.optimize = optimize;
        self
    }

    /// How many rows a batch may have. Tests make it small, so that little data has many batches.
    #[doc(hidden)]
    #[must_use]
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.settings.batch_rows = Some(rows);
        self
    }
}

/// A graph database, in a folder or in memory.
///
/// Cloning gives another handle to the same database; handles can be sent to and shared between
/// threads. Any number of statements read at a time, each from the graph as it was when it began; one
/// transaction writes at a time. The store is closed when the last handle is dropped.
///
/// ```
/// use redstring::{Database, params};
///
/// let db = Database::in_memory();
/// db.execute("CREATE (:Agency {name: $name})", params! {"name" => "Rosetta"})?;
/// for row in db.query("MATCH (a:Agency) RETURN a.name AS name", ())? {
///     assert_eq!(row?.get::<String>("name")?, "Rosetta");
/// }
/// # Ok::<(), redstring::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Database {
    engine: Arc<Engine>,
}

impl Database {
    /// Opens the store in this folder, and makes it if there is none.
    ///
    /// A store is open in one process at a time: otherwise the error is `StorageError.StoreLocked`.
    ///
    /// ```
    /// use redstring::Database;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("mygraph");
    /// Database::open(&path)?.execute("CREATE (:Site)", ())?;
    /// let row = Database::open(&path)?.query("MATCH (n) RETURN count(*)", ())?.single()?;
    /// assert_eq!(row.get::<i64>(0)?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, Options::default())
    }

    /// Opens the store in this folder with options.
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let (path, engine) = (path.as_ref(), options.engine.as_deref());
        let graph = if options.read_only {
            let (opened, problem) = storage::open_to_read(path, engine)?;
            Graph::open_to_read(opened.bytes, opened.segments, options.graph)?
                .lacking(problem.map(|problem| problem.message().to_owned()))
        } else {
            let opened = storage::open(path, engine)?;
            Graph::open(opened.bytes, opened.segments, options.graph)?
        };
        Ok(Self { engine: Arc::new(Engine::new(graph, options.settings)) })
    }

    /// What is missing of a damaged store that was opened only to be read, a sentence each. Nothing of any other.
    ///
    /// ```
    /// use redstring::Database;
    /// assert!(Database::in_memory().missing().is_empty());
    /// ```
    pub fn missing(&self) -> &[String] {
        self.engine.graph.missing()
    }

    /// A new, empty database that lives as long as its last handle.
    pub fn in_memory() -> Self {
        Self::in_memory_with(Options::default())
    }

    /// A new, empty database in memory, with options.
    pub fn in_memory_with(options: Options) -> Self {
        let graph = Graph::in_memory_with(options.graph);
        Self { engine: Arc::new(Engine::new(graph, options.settings)) }
    }

    /// Runs a statement and gives its rows.
    ///
    /// What the statement writes is durable when this returns. Parameters are `()`, [`params!`], a
    /// map, or a struct that is `Serialize`: see [`IntoParams`].
    ///
    /// ```
    /// use redstring::{Database, params};
    ///
    /// let db = Database::in_memory();
    /// let rows = db.query("UNWIND $ids AS id RETURN id * $factor AS n", params! {
    ///     "ids" => vec![1, 2, 3],
    ///     "factor" => 10,
    /// })?;
    /// let numbers = rows.tuples::<(i64,)>().collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(numbers, [(10,), (20,), (30,)]);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    ///
    /// [`params!`]: crate::params
    pub fn query(&self, text: &str, params: impl IntoParams) -> Result<Rows> {
        self.query_with(text, params, &StatementOptions::default())
    }

    /// Runs a statement as [`query`](Self::query) does, with limits of its own.
    ///
    /// ```
    /// use redstring::{Database, StatementOptions};
    /// use std::time::Duration;
    ///
    /// let db = Database::in_memory();
    /// let options = StatementOptions::default().timeout(Some(Duration::from_secs(10)));
    /// let rows = db.query_with("MATCH (n) RETURN count(n)", (), &options)?;
    /// assert_eq!(rows.single()?.get::<i64>(0)?, 0);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn query_with(
        &self,
        text: &str,
        params: impl IntoParams,
        options: &StatementOptions,
    ) -> Result<Rows> {
        let meter = self.engine.meter(options);
        let prepared = self.engine.prepare(text, &meter)?;
        self.engine.run(&prepared, params.into_params()?.0, Scope::Auto, &meter)
    }

    /// Runs a statement for what it does, and says how much that was. Rows are passed over.
    ///
    /// ```
    /// use redstring::Database;
    /// let db = Database::in_memory();
    /// let summary = db.execute("UNWIND range(1, 3) AS i CREATE (:Number {value: i})", ())?;
    /// assert_eq!(summary.counters().nodes_created, 3);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn execute(&self, text: &str, params: impl IntoParams) -> Result<Summary> {
        self.query(text, params)?.drained()
    }

    /// Runs a statement as [`execute`](Self::execute) does, with limits of its own.
    pub fn execute_with(
        &self,
        text: &str,
        params: impl IntoParams,
        options: &StatementOptions,
    ) -> Result<Summary> {
        self.query_with(text, params, options)?.drained()
    }

    /// Parses, binds and plans a statement, to run it many times.
    ///
    /// ```
    /// use redstring::{Database, params};
    ///
    /// let db = Database::in_memory();
    /// let insert = db.prepare("CREATE (:Person {name: $name})")?;
    /// for name in ["Ada", "Grace"] {
    ///     insert.execute(params! {"name" => name})?;
    /// }
    /// let count = db.prepare("MATCH (p:Person) RETURN count(*)")?;
    /// assert_eq!(count.query(())?.single()?.get::<i64>(0)?, 2);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn prepare(&self, text: &str) -> Result<Statement> {
        let meter = self.engine.meter(&StatementOptions::default());
        Ok(Statement::new(self.engine.clone(), self.engine.prepare(text, &meter)?))
    }

    /// Opens a transaction that can write. There is one at a time: others wait for it, up to the lock
    /// timeout, and then fail with an error that [is retryable](crate::Error::is_retryable).
    ///
    /// The database's [cancel handle](Self::cancel_handle) ends the waiting.
    pub fn begin(&self) -> Result<Transaction> {
        self.begin_with(&StatementOptions::default().timeout(None))
    }

    /// Opens a transaction as [`begin`](Self::begin) does. The time and the cancel handle of the options are those of the
    /// waiting alone: its statements are given their own.
    ///
    /// ```
    /// use redstring::{CancelHandle, Database, Detail, StatementOptions};
    ///
    /// let db = Database::in_memory();
    /// let _first = db.begin()?;
    /// let cancel = CancelHandle::new();
    /// cancel.cancel();
    /// let error = db.begin_with(&StatementOptions::default().cancel(&cancel)).unwrap_err();
    /// assert_eq!(error.kind(), Detail::CancelledByCaller);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn begin_with(&self, options: &StatementOptions) -> Result<Transaction> {
        let begun = self.engine.meter(options).run(|| self.engine.graph.begin())?;
        Ok(Transaction::new(self.engine.clone(), begun))
    }

    /// Opens a transaction that reads: all its statements see the graph as it is now.
    ///
    /// ```
    /// use redstring::Database;
    /// let db = Database::in_memory();
    /// let before = db.begin_read();
    /// db.execute("CREATE ()", ())?;
    /// let count = |rows: redstring::Rows| rows.single()?.get::<i64>(0);
    /// assert_eq!(count(before.query("MATCH (n) RETURN count(*)", ())?)?, 0);
    /// assert_eq!(count(db.query("MATCH (n) RETURN count(*)", ())?)?, 1);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn begin_read(&self) -> ReadTransaction {
        ReadTransaction::new(self.engine.clone(), self.engine.graph.snapshot())
    }

    /// Folds the log into segments, which are faster to read. Large stores do so by themselves. Reading and writing go on
    /// meanwhile. `CALL db.checkpoint()` does the same.
    pub fn checkpoint(&self) -> Result<()> {
        self.engine.graph.checkpoint()
    }

    /// The indexes that a statement of another handle or thread is building, and how far each is.
    ///
    /// The statement that creates an index returns when it can be used. Others read and write meanwhile, and see it once the
    /// statement is committed; SHOW INDEXES has it as `POPULATING` until then. Within a transaction of several statements
    /// others read and do not write.
    ///
    /// ```
    /// use redstring::Database;
    /// assert!(Database::in_memory().index_builds().is_empty());
    /// ```
    pub fn index_builds(&self) -> Vec<IndexBuild> {
        self.engine.graph.index_builds()
    }

    /// Checks every checksum and every reference of the store, and says what is damaged.
    ///
    /// ```
    /// use redstring::Database;
    /// let report = Database::in_memory().check();
    /// assert!(report.is_sound(), "{:?}", report.problems);
    /// ```
    pub fn check(&self) -> CheckReport {
        self.engine.graph.check()
    }

    /// As [`Database::check`], and tells how far it is: `watch` is called now and then with how many looks at nodes and
    /// relationships are done, and about how many there are in all.
    ///
    /// ```
    /// use redstring::Database;
    /// let db = Database::in_memory();
    /// db.execute("CREATE (:Site)", ())?;
    /// let report = db.check_watched(|done, total| assert!(done <= total));
    /// assert!(report.is_sound(), "{:?}", report.problems);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn check_watched(&self, watch: impl Fn(u64, u64)) -> CheckReport {
        self.engine.graph.check_watched(&watch)
    }

    /// Adds a procedure, to be used with CALL.
    ///
    /// ```
    /// use redstring::function::FunctionProcedure;
    /// use redstring::{Database, Value};
    ///
    /// let db = Database::in_memory();
    /// db.register_procedure(
    ///     FunctionProcedure::new("text.words(text :: STRING) :: (word :: STRING)", |_, arguments| {
    ///         let text = arguments[0].as_str().unwrap_or_default();
    ///         Ok(text.split_whitespace().map(|word| vec![Value::from(word)]).collect())
    ///     })?
    ///     .with_doc("The words of a text."),
    /// )?;
    /// let row = db.query("CALL text.words('a b c') YIELD word RETURN count(word)", ())?.single()?;
    /// assert_eq!(row.get::<i64>(0)?, 3);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    ///
    /// # Errors
    /// `UsageError.VariableAlreadyBound` if there is a procedure of this name already.
    pub fn register_procedure(&self, procedure: impl Procedure + 'static) -> Result<()> {
        self.engine.change_registry(|registry| registry.register(procedure))
    }

    /// Adds a scalar function, to be used in any expression: see [`UserFunction`].
    ///
    /// # Errors
    /// `UsageError.VariableAlreadyBound` if there is a function of this name already.
    pub fn register_function(&self, function: UserFunction) -> Result<()> {
        self.engine.change_registry(|registry| registry.register_function(function))
    }

    /// Adds an aggregate: see [`UserAggregate`].
    ///
    /// # Errors
    /// `UsageError.VariableAlreadyBound` if there is a function of this name already.
    pub fn register_aggregate(&self, aggregate: UserAggregate) -> Result<()> {
        self.engine.change_registry(|registry| registry.register_aggregate(aggregate))
    }

    /// A handle with which another thread ends every statement of this database that runs at that moment, and whoever waits
    /// to write. What begins later is not concerned. For a single statement see [`StatementOptions::cancel`].
    ///
    /// ```
    /// use redstring::Database;
    /// let db = Database::in_memory();
    /// let cancel = db.cancel_handle();
    /// std::thread::spawn(move || cancel.cancel()).join().unwrap();
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn cancel_handle(&self) -> CancelHandle {
        self.engine.cancel_handle()
    }
}

/// The parameters of a statement: names (without `$`) and values.
#[derive(Debug, Clone, Default)]
pub struct Params(Arc<Map>);

impl Params {
    /// The parameters as a map.
    pub fn as_map(&self) -> &Map {
        &self.0
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> FromIterator<(K, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(Arc::new(pairs.collect()))
    }
}

/// What can be given as the parameters of a statement.
///
/// ```
/// use redstring::{Database, params};
/// use std::collections::HashMap;
///
/// #[derive(serde::Serialize)]
/// struct Penalty<'a> {
///     company: &'a str,
///     amount: f64,
/// }
///
/// let db = Database::in_memory();
/// db.query("RETURN 1", ())?;
/// db.query("RETURN $company", params! {"company" => "Acme"})?;
/// db.query("RETURN $company", HashMap::from([("company", "Acme")]))?;
/// db.query("RETURN $company, $amount", Penalty { company: "Acme", amount: 12.5 })?;
/// # Ok::<(), redstring::Error>(())
/// ```
pub trait IntoParams {
    /// Converts it; an error where it is neither a map nor a struct.
    fn into_params(self) -> Result<Params>;
}

impl IntoParams for Params {
    fn into_params(self) -> Result<Params> {
        Ok(self)
    }
}

impl IntoParams for &Params {
    fn into_params(self) -> Result<Params> {
        Ok(self.clone())
    }
}

impl<T: Serialize> IntoParams for T {
    fn into_params(self) -> Result<Params> {
        match to_value(&self)? {
            Value::Null => Ok(Params::default()),
            Value::Map(map) => Ok(Params(map)),
            other => Err(Error::usage(
                Detail::InvalidParameterUse,
                format!("parameters must be a map or a struct, found {}", other.type_name()),
            )
            .help("Use `params! {\"name\" => value}`.")),
        }
    }
}

/// The parameters of a statement, as names and anything that becomes a [`Value`].
///
/// ```
/// use redstring::params;
/// let by_text = params! {"name" => "Ada", "age" => 36};
/// let by_name = params! {name: "Ada", age: 36};
/// assert_eq!(by_text.as_map().len(), by_name.as_map().len());
/// ```
#[macro_export]
macro_rules! params {
    () => { $crate::Params::default() };
    ($($name:ident : $value:expr),+ $(,)?) => {
        $crate::params! { $(stringify!($name) => $value),+ }
    };
    ($($name:expr => $value:expr),+ $(,)?) => {
        [$(($name, $crate::Value::from($value))),+].into_iter().collect::<$crate::Params>()
    };
}
