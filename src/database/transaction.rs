//! Statements that are run many times, and transactions of several statements.

use std::sync::Arc;

use crate::error::Result;
use crate::graph;
use crate::graph::Snapshot;
use crate::result::Rows;
use crate::result::Summary;
use crate::session;
use crate::session::Engine;
use crate::session::Prepared;
use crate::session::Scope;
use crate::session::StatementOptions;

use super::IntoParams;

/// A statement that has been parsed, bound and planned.
#[derive(Debug, Clone)]
pub struct Statement {
    engine: Arc<Engine>,
    prepared: Arc<Prepared>,
}

impl Statement {
    pub(super) fn new(engine: Arc<Engine>, prepared: Arc<Prepared>) -> Self {
        Self { engine, prepared }
    }

    /// Runs the statement as [`Database::query`](crate::Database::query) does.
    pub fn query(&self, params: impl IntoParams) -> Result<Rows> {
        self.query_with(params, &StatementOptions::default())
    }

    /// Runs the statement as [`Database::query_with`](crate::Database::query_with) does.
    ///
    /// ```
    /// use redstring::{CancelHandle, Database, StatementOptions, params};
    ///
    /// let db = Database::in_memory();
    /// let statement = db.prepare("UNWIND range(1, $n) AS i RETURN sum(i)")?;
    /// let cancel = CancelHandle::new();
    /// let options = StatementOptions::default().cancel(&cancel);
    /// assert_eq!(statement.query_with(params! {"n" => 4}, &options)?.single()?.get::<i64>(0)?, 10);
    /// cancel.cancel();
    /// assert!(statement.query_with(params! {"n" => 4}, &options).is_err());
    /// assert!(statement.query(params! {"n" => 4}).is_ok());
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn query_with(&self, params: impl IntoParams, options: &StatementOptions) -> Result<Rows> {
        let meter = self.engine.meter(options);
        self.engine.run(&self.prepared, params.into_params()?.0, Scope::Auto, &meter)
    }

    /// Runs the statement as [`Database::execute`](crate::Database::execute) does.
    pub fn execute(&self, params: impl IntoParams) -> Result<Summary> {
        self.query(params)?.drained()
    }

    /// Runs the statement as [`Database::execute_with`](crate::Database::execute_with) does.
    pub fn execute_with(
        &self,
        params: impl IntoParams,
        options: &StatementOptions,
    ) -> Result<Summary> {
        self.query_with(params, options)?.drained()
    }

    /// The names of the columns of its result.
    pub fn columns(&self) -> &[Arc<str>] {
        self.prepared.columns()
    }

    /// The names of the parameters it needs, without `$`.
    pub fn parameters(&self) -> &[Arc<str>] {
        &self.prepared.statement.parameters
    }

    /// Whether it only reads.
    pub fn is_read_only(&self) -> bool {
        !self.prepared.statement.updates
    }
}

/// A transaction: what its statements write is there for others at the commit, all or nothing.
///
/// Dropping it rolls it back. A statement that fails leaves no trace, and the transaction goes on; so it does where the
/// statement was cancelled, ran out of time or memory, or panicked.
///
/// ```
/// use redstring::Database;
///
/// let db = Database::in_memory();
/// let mut transaction = db.begin()?;
/// transaction.execute("CREATE (:Draft)", ())?;
/// assert!(transaction.execute("CREATE (:Draft) RETURN 1 / 0", ()).is_err());
/// let row = transaction.query("MATCH (d:Draft) RETURN count(*)", ())?.single()?;
/// assert_eq!(row.get::<i64>(0)?, 1);
/// drop(transaction);
/// assert!(db.query("MATCH (d:Draft) RETURN d", ())?.next().is_none());
///
/// let mut transaction = db.begin()?;
/// transaction.execute("CREATE (:Final)", ())?;
/// transaction.commit()?;
/// assert!(db.query("MATCH (f:Final) RETURN f", ())?.next().is_some());
/// # Ok::<(), redstring::Error>(())
/// ```
#[derive(Debug)]
pub struct Transaction {
    engine: Arc<Engine>,
    inner: Option<graph::Transaction>,
}

impl Transaction {
    pub(super) fn new(engine: Arc<Engine>, inner: graph::Transaction) -> Self {
        Self { engine, inner: Some(inner) }
    }

    /// Runs a statement and gives its rows.
    pub fn query(&mut self, text: &str, params: impl IntoParams) -> Result<Rows> {
        self.query_with(text, params, &StatementOptions::default())
    }

    /// Runs a statement and gives its rows, with limits of its own. One that they end leaves no trace, and the
    /// transaction goes on.
    ///
    /// ```
    /// use redstring::{Database, Detail, StatementOptions};
    ///
    /// let db = Database::in_memory();
    /// let mut transaction = db.begin()?;
    /// transaction.execute("CREATE (:City {name: 'Bonn'})", ())?;
    /// let small = StatementOptions::default().memory_limit(Some(1 << 20));
    /// let text = "UNWIND range(1, 1000000) AS i CREATE (:City {name: toString(i)})";
    /// let error = transaction.execute_with(text, (), &small).unwrap_err();
    /// assert_eq!(error.kind(), Detail::OutOfMemoryBudget);
    /// transaction.commit()?;
    /// let row = db.query("MATCH (c:City) RETURN count(*)", ())?.single()?;
    /// assert_eq!(row.get::<i64>(0)?, 1);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn query_with(
        &mut self,
        text: &str,
        params: impl IntoParams,
        options: &StatementOptions,
    ) -> Result<Rows> {
        let meter = self.engine.meter(options);
        let prepared = self.engine.prepare(text, &meter)?;
        let params = params.into_params()?.0;
        self.engine.run(&prepared, params, Scope::Transaction(&mut self.inner), &meter)
    }

    /// Runs a statement for what it does.
    pub fn execute(&mut self, text: &str, params: impl IntoParams) -> Result<Summary> {
        self.query(text, params)?.drained()
    }

    /// Runs a statement for what it does, with limits of its own.
    pub fn execute_with(
        &mut self,
        text: &str,
        params: impl IntoParams,
        options: &StatementOptions,
    ) -> Result<Summary> {
        self.query_with(text, params, options)?.drained()
    }

    /// Makes everything durable and visible to others. If it fails, nothing is there.
    ///
    /// The database's [cancel handle](crate::Database::cancel_handle) ends it while the constraints are verified; once it
    /// has begun to write it comes to its end.
    pub fn commit(mut self) -> Result<()> {
        let inner = self.inner.take().ok_or_else(session::lost)?;
        self.engine.cancel_only().run(|| inner.commit())
    }

    /// Forgets everything.
    pub fn rollback(mut self) -> Result<()> {
        self.inner.take().ok_or_else(session::lost)?.rollback();
        Ok(())
    }
}

/// A transaction that reads the graph as it was when it was opened. It never waits and blocks nobody.
#[derive(Debug, Clone)]
pub struct ReadTransaction {
    pub(super) engine: Arc<Engine>,
    pub(super) snapshot: Snapshot,
}

impl ReadTransaction {
    pub(super) fn new(engine: Arc<Engine>, snapshot: Snapshot) -> Self {
        Self { engine, snapshot }
    }

    /// Runs a statement that reads, and gives its rows.
    pub fn query(&self, text: &str, params: impl IntoParams) -> Result<Rows> {
        self.query_with(text, params, &StatementOptions::default())
    }

    /// Runs a statement that reads, and gives its rows, with limits of its own.
    ///
    /// ```
    /// use redstring::{Database, StatementOptions};
    /// use std::time::Duration;
    ///
    /// let reading = Database::in_memory().begin_read();
    /// let options = StatementOptions::default().timeout(Some(Duration::from_secs(10)));
    /// assert!(reading.query_with("MATCH (n) RETURN n", (), &options)?.next().is_none());
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
        let scope = Scope::Snapshot(&self.snapshot);
        self.engine.run(&prepared, params.into_params()?.0, scope, &meter)
    }
}
