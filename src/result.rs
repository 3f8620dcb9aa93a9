//! What a statement gives back: rows, typed access to them, and a summary of what was done.
//!
//! Owns [`Rows`], [`Row`], [`Summary`] and the conversions from rows to Rust types. It may not know
//! how rows are made: it is handed them in batches.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::meter::Meter;
pub use crate::value::FromValue;
use crate::value::Value;
use crate::value::from_value;

/// The names of the columns, shared by all rows of a result.
pub(crate) type Columns = Arc<[Arc<str>]>;

/// Makes the next rows; none at the end.
pub(crate) type Batches = Box<dyn FnMut() -> Result<Option<Vec<Vec<Value>>>> + Send>;

/// The rows of a result, in order: an iterator.
///
/// A reading statement makes its rows while they are taken, from the graph as it was when the
/// statement began, whatever is written meanwhile. A writing statement has been run to its end and
/// committed before there are rows.
///
/// ```
/// use redstring::Database;
///
/// let db = Database::in_memory();
/// let rows = db.query("UNWIND range(1, 3) AS n RETURN n, n * n AS square", ())?;
/// assert_eq!(rows.columns().iter().map(|c| &**c).collect::<Vec<_>>(), ["n", "square"]);
/// let mut sum = 0;
/// for row in rows {
///     sum += row?.get::<i64>("square")?;
/// }
/// assert_eq!(sum, 14);
/// # Ok::<(), redstring::Error>(())
/// ```
pub struct Rows {
    columns: Columns,
    ready: VecDeque<Vec<Value>>,
    batches: Option<Batches>,
    summary: Summary,
    meter: Meter,
}

impl Rows {
    /// Rows that are made as they are taken, but for the first ones (if there are any).
    pub(crate) fn streaming(
        columns: Columns,
        first: Option<Vec<Vec<Value>>>,
        batches: Batches,
        summary: Summary,
        meter: Meter,
    ) -> Self {
        let batches = first.is_some().then_some(batches);
        Self { columns, ready: first.unwrap_or_default().into(), batches, summary, meter }
    }

    /// Rows that are there already.
    pub(crate) fn ready(
        columns: Columns,
        rows: Vec<Vec<Value>>,
        summary: Summary,
        meter: Meter,
    ) -> Self {
        Self { columns, ready: rows.into(), batches: None, summary, meter }
    }

    /// What the statement did, once its rows are passed over.
    pub(crate) fn drained(mut self) -> Result<Summary> {
        for row in &mut self {
            row?;
        }
        Ok(self.summary)
    }

    /// The limits of the statement, for those who work on its rows.
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "only what writes results out works on rows for the statement")
    )]
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The names of the columns, in order. None for a statement without RETURN.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    /// What the statement did.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The only row of the result; an error if there are none or more.
    ///
    /// ```
    /// use redstring::Database;
    /// let db = Database::in_memory();
    /// let row = db.query("MATCH (n) RETURN count(*) AS nodes", ())?.single()?;
    /// assert_eq!(row.get::<i64>("nodes")?, 0);
    /// assert!(db.query("MATCH (n) RETURN n", ())?.single().is_err());
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn single(mut self) -> Result<Row> {
        let wrong = |found: &str| {
            Error::usage(Detail::UnexpectedRowCount, format!("expected one row, found {found}"))
        };
        let row = self.next().ok_or_else(|| wrong("none"))??;
        match self.next() {
            None => Ok(row),
            Some(Err(error)) => Err(error),
            Some(Ok(_)) => Err(wrong("more").help("Add `LIMIT 1`, or iterate over the rows.")),
        }
    }

    /// The rows as tuples, or anything else that is made [`FromRow`].
    ///
    /// ```
    /// use redstring::Database;
    /// let db = Database::in_memory();
    /// let rows = db.query("UNWIND ['a', 'b'] AS s RETURN s, size(s) AS n", ())?;
    /// let pairs = rows.tuples::<(String, i64)>().collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(pairs, [("a".to_string(), 1), ("b".to_string(), 1)]);
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn tuples<T: FromRow>(self) -> impl Iterator<Item = Result<T>> {
        self.map(|row| row?.into_tuple())
    }

    /// The rows as structs, whose fields are the columns.
    ///
    /// ```
    /// use redstring::Database;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Penalty {
    ///     company: String,
    ///     amount: Option<f64>,
    /// }
    ///
    /// let db = Database::in_memory();
    /// let rows = db.query("RETURN 'Acme' AS company, 12.5 AS amount", ())?;
    /// let penalties = rows.deserialize::<Penalty>().collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(penalties[0].company, "Acme");
    /// assert_eq!(penalties[0].amount, Some(12.5));
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn deserialize<T: DeserializeOwned>(self) -> impl Iterator<Item = Result<T>> {
        self.map(|row| row?.deserialize())
    }
}

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(values) = self.ready.pop_front() {
                return Some(Ok(Row { columns: self.columns.clone(), values }));
            }
            match self.batches.as_mut()?() {
                Ok(Some(rows)) => self.ready = rows.into(),
                Ok(None) => self.batches = None,
                Err(error) => {
                    self.batches = None;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("columns", &self.columns)
            .field("ready", &self.ready.len())
            .field("ended", &self.batches.is_none())
            .field("summary", &self.summary)
            .finish()
    }
}

/// One row of a result.
#[derive(Debug, Clone)]
pub struct Row {
    columns: Columns,
    values: Vec<Value>,
}

impl Row {
    /// The names of the columns, in order.
    pub fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    /// The values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The values, taken out of the row.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// The value of a column, by its name or its position from 0.
    pub fn value(&self, column: impl ColumnIndex) -> Result<&Value> {
        let at = column.position(&self.columns)?;
        self.values.get(at).ok_or_else(|| Error::internal("a row is shorter than its columns"))
    }

    /// The value of a column, by its name or its position from 0, as a Rust type.
    ///
    /// A null becomes `None` of an `Option`; for any other type it is an error, as is a value of
    /// another type or out of the range of a smaller integer.
    ///
    /// ```
    /// use redstring::Database;
    /// let db = Database::in_memory();
    /// let row = db.query("RETURN 1 AS one, null AS nothing", ())?.single()?;
    /// assert_eq!(row.get::<u8>("one")?, 1);
    /// assert_eq!(row.get::<Option<String>>(1)?, None);
    /// assert!(row.get::<String>("one").is_err());
    /// # Ok::<(), redstring::Error>(())
    /// ```
    pub fn get<T: FromValue>(&self, column: impl ColumnIndex) -> Result<T> {
        let at = column.position(&self.columns)?;
        convert(&self.columns, at, self.values.get(at).cloned().unwrap_or_default())
    }

    /// The row as a tuple, or as anything else that is made [`FromRow`].
    pub fn into_tuple<T: FromRow>(self) -> Result<T> {
        T::from_row(self)
    }

    /// The row as a struct (or a map) whose fields are the columns.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T> {
        let fields = self.columns.iter().cloned().zip(self.values.iter().cloned());
        from_value(Value::Map(Arc::new(fields.collect())))
    }
}

fn convert<T: FromValue>(columns: &Columns, at: usize, value: Value) -> Result<T> {
    T::from_value(value).map_err(|error| {
        let name = columns.get(at).map_or("", |name| name);
        Error::usage(Detail::ConversionFailed, format!("column `{name}`: {}", error.message()))
    })
}

/// What names a column: its name, or its position from 0.
pub trait ColumnIndex {
    /// The position among these columns.
    fn position(&self, columns: &[Arc<str>]) -> Result<usize>;
}

impl ColumnIndex for usize {
    fn position(&self, columns: &[Arc<str>]) -> Result<usize> {
        if *self < columns.len() {
            return Ok(*self);
        }
        let message = format!("there is no column {self}: the result has {}", columns.len());
        Err(Error::usage(Detail::UnknownColumn, message).help("Columns are numbered from 0."))
    }
}

impl ColumnIndex for &str {
    fn position(&self, columns: &[Arc<str>]) -> Result<usize> {
        columns.iter().position(|name| &**name == *self).ok_or_else(|| {
            let names: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
            Error::usage(Detail::UnknownColumn, format!("there is no column `{self}`"))
                .help(format!("The columns are {}.", names.join(", ")))
        })
    }
}

impl ColumnIndex for &String {
    fn position(&self, columns: &[Arc<str>]) -> Result<usize> {
        self.as_str().position(columns)
    }
}

/// A Rust type that a whole row can become: tuples of up to twelve, in the order of the columns.
pub trait FromRow: Sized {
    /// Converts the row; an error where it has another number of columns or a value does not fit.
    fn from_row(row: Row) -> Result<Self>;
}

impl FromRow for Row {
    fn from_row(row: Row) -> Result<Self> {
        Ok(row)
    }
}

macro_rules! tuples_from_row {
    ($($count:literal: $($type:ident)*;)*) => {
        $(
            impl<$($type: FromValue),*> FromRow for ($($type,)*) {
                fn from_row(row: Row) -> Result<Self> {
                    let found = row.columns.len();
                    if found != $count {
                        let message = format!("a tuple of {} cannot hold {found} columns", $count);
                        return Err(Error::usage(Detail::ConversionFailed, message));
                    }
                    let columns = row.columns;
                    let mut values = row.values.into_iter().enumerate();
                    let mut next = || values.next().unwrap_or((found, Value::Null));
                    Ok(($({
                        let (at, value) = next();
                        convert::<$type>(&columns, at, value)?
                    },)*))
                }
            }
        )*
    };
}

tuples_from_row! {
    1: A;
    2: A B;
    3: A B C;
    4: A B C D;
    5: A B C D E;
    6: A B C D E F;
    7: A B C D E F G;
    8: A B C D E F G H;
    9: A B C D E F G H I;
    10: A B C D E F G H I J;
    11: A B C D E F G H I J K;
    12: A B C D E F G H I J K L;
}

/// How much a statement changed.
///
/// ```
/// use redstring::Database;
/// let db = Database::in_memory();
/// let summary = db.execute("CREATE (:Person {name: 'Ada'})-[:KNOWS]->(:Person)", ())?;
/// assert_eq!(summary.counters().nodes_created, 2);
/// assert_eq!(
///     summary.counters().to_string(),
///     "created 2 nodes, created 1 relationship, set 1 property, added 2 labels"
/// );
/// # Ok::<(), redstring::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Nodes created.
    pub nodes_created: u64,
    /// Nodes deleted.
    pub nodes_deleted: u64,
    /// Relationships created.
    pub relationships_created: u64,
    /// Relationships deleted.
    pub relationships_deleted: u64,
    /// Properties set or removed, those of new nodes and relationships included.
    pub properties_set: u64,
    /// Labels added to nodes, those of new nodes included.
    pub labels_added: u64,
    /// Labels removed from nodes.
    pub labels_removed: u64,
    /// Indexes created, but for those that constraints own.
    pub indexes_added: u64,
    /// Indexes dropped, but for those that constraints own.
    pub indexes_removed: u64,
    /// Constraints created.
    pub constraints_added: u64,
    /// Constraints dropped.
    pub constraints_removed: u64,
}

impl Counters {
    /// Whether anything was changed.
    pub fn contains_updates(&self) -> bool {
        *self != Self::default()
    }
}

impl fmt::Display for Counters {
    /// A sentence without a full stop, such as `created 1 node`; `no changes` if there are none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("created", self.nodes_created, "node", "nodes"),
            ("created", self.relationships_created, "relationship", "relationships"),
            ("deleted", self.nodes_deleted, "node", "nodes"),
            ("deleted", self.relationships_deleted, "relationship", "relationships"),
            ("set", self.properties_set, "property", "properties"),
            ("added", self.labels_added, "label", "labels"),
            ("removed", self.labels_removed, "label", "labels"),
            ("created", self.indexes_added, "index", "indexes"),
            ("dropped", self.indexes_removed, "index", "indexes"),
            ("created", self.constraints_added, "constraint", "constraints"),
            ("dropped", self.constraints_removed, "constraint", "constraints"),
        ];
        let said: Vec<String> = parts
            .iter()
            .filter(|(_, count, ..)| *count > 0)
            .map(|(verb, count, one, many)| {
                format!("{verb} {count} {}", if *count == 1 { one } else { many })
            })
            .collect();
        if said.is_empty() { f.write_str("no changes") } else { f.write_str(&said.join(", ")) }
    }
}

/// Something about a statement that is no error, but may be a slip: it asks for a label, a relationship type
/// or a property key that nothing in the graph has, and so finds nothing by it.
///
/// ```
/// use redstring::Database;
///
/// let db = Database::in_memory();
/// db.execute("CREATE (:Company)", ())?;
/// let summary = db.execute("MATCH (c:Compnay) RETURN c", ())?;
/// assert_eq!(
///     summary.notifications()[0].message(),
///     "no label `Compnay` in this graph; did you mean `Company`?"
/// );
/// # Ok::<(), redstring::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    pub(crate) message: String,
    pub(crate) span: Option<Span>,
}

impl Notification {
    /// What is to be said.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where in the statement the name stands, where that is known.
    pub fn span(&self) -> Option<Span> {
        self.span
    }
}

impl fmt::Display for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What a statement did and how long it took.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    pub(crate) notifications: Arc<[Notification]>,
    pub(crate) counters: Counters,
    pub(crate) plan: Option<Arc<str>>,
    pub(crate) planning: Duration,
    pub(crate) execution: Duration,
}

impl Summary {
    /// How much was changed.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The plan as text, for EXPLAIN and PROFILE.
    pub fn plan(&self) -> Option<&str> {
        self.plan.as_deref()
    }

    /// What may be a slip in it. Names that a writing statement makes itself are none.
    pub fn notifications(&self) -> &[Notification] {
        &self.notifications
    }

    /// The time it took to parse, bind, plan and optimise; next to none where the plan was cached.
    pub fn planning_time(&self) -> Duration {
        self.planning
    }

    /// The time it took to run: to the end for a writing statement, to the first rows otherwise.
    pub fn execution_time(&self) -> Duration {
        self.execution
    }
}
