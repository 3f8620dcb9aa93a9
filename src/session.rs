//! The way of a query, on one screen: parse, bind, plan, optimise, execute.
//!
//! Owns the engine behind every database handle: the graph, the procedures, the plans cached by text,
//! and the limits of each statement. Every stage is called here and nowhere else.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use crate::binder;
use crate::bound;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::error::nearest;
use crate::executor;
use crate::executor::Access;
use crate::executor::Context;
use crate::executor::Execution;
use crate::function::Registry;
use crate::graph::ChangeCounts;
use crate::graph::Graph;
use crate::graph::Snapshot;
use crate::graph::Transaction;
use crate::graph::hydrate;
use crate::meter;
use crate::meter::CancelHandle;
use crate::meter::Meter;
use crate::optimizer;
use crate::plan;
use crate::plan::Plan;
use crate::plan::QueryPlan;
use crate::planner;
use crate::result::Columns;
use crate::result::Counters;
use crate::result::Rows;
use crate::result::Summary;
use crate::syntax;
use crate::syntax::ast::Mode;
use crate::value::Column;
use crate::value::Map;
use crate::value::Value;
use crate::value::allocation::vec_growth;

mod cache;
mod notice;
mod options;

use cache::PlanCache;
pub use options::StatementOptions;

/// What the statements of one database share.
pub(crate) struct Engine {
    pub(crate) graph: Graph,
    registry: RwLock<Registry>,
    plans: Mutex<PlanCache>,
    /// Ends what runs at the moment.
    cancel: CancelHandle,
    settings: Settings,
}

/// What holds for every statement.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The time after which a statement is ended.
    pub(crate) timeout: Option<Duration>,
    /// How many bytes a statement may hold at once.
    pub(crate) memory: Option<u64>,
    /// Whether plans are optimised.
    pub(crate) optimize: bool,
    /// How many rows a batch may have, where that is fewer than usual.
    pub(crate) batch_rows: Option<usize>,
    /// How many plans are kept.
    pub(crate) cached_plans: usize,
    /// The folder of the files that statements may read.
    pub(crate) import_folder: Option<Arc<Path>>,
}

/// A statement that has been parsed, bound and planned.
#[derive(Debug)]
pub(crate) struct Prepared {
    mode: Mode,
    columns: Columns,
    pub(crate) statement: bound::Statement,
    /// The names of the graph that it asks for.
    mentions: Vec<bound::Mention>,
    /// The plan made last, with the statistics it was made for.
    plan: Mutex<Option<(Statistics, Arc<QueryPlan>)>>,
    planning: Duration,
}

/// What a plan's quality depends on: it is made anew when these have changed much.
#[derive(Debug, Clone, Copy)]
struct Statistics {
    nodes: u64,
    relationships: u64,
    tokens: usize,
    schema: u64,
}

/// Where a statement runs.
pub(crate) enum Scope<'a> {
    /// By itself: a write is committed before it returns.
    Auto,
    /// In an explicit transaction: a failure undoes the statement alone.
    Transaction(&'a mut Option<Transaction>),
    /// On a snapshot, without writing.
    Snapshot(&'a Snapshot),
}

/// Runs what recurses over a statement where there is stack enough for the deepest: subqueries within subqueries take
/// many calls per level, and the caller's thread may be small. Pages of it that nothing touches cost nothing.
fn with_room<T>(run: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(16 << 20, 32 << 20, run)
}

impl Engine {
    pub(crate) fn new(graph: Graph, settings: Settings) -> Self {
        Self {
            graph,
            registry: RwLock::new(Registry::default()),
            plans: Mutex::new(PlanCache::new(settings.cached_plans)),
            cancel: CancelHandle::of_the_moment(),
            settings,
        }
    }

    /// From text to a planned statement, or the one that is there already.
    pub(crate) fn prepare(&self, text: &str, meter: &Meter) -> Result<Arc<Prepared>> {
        if let Some(prepared) = lock(&self.plans).get(text) {
            return Ok(prepared);
        }
        meter.run(|| with_room(|| self.prepare_anew(text)))
    }

    fn prepare_anew(&self, text: &str) -> Result<Arc<Prepared>> {
        let begun = Instant::now();
        let ast = syntax::parse(text)?;
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        let statement = binder::bind(&ast, &registry, None)?;
        let columns = match ast.mode {
            Mode::Run => statement.query.columns.iter().map(|c| c.name.clone()).collect(),
            Mode::Explain | Mode::Profile => Arc::from([Arc::from("plan")]),
        };
        let mut prepared = Prepared {
            mode: ast.mode,
            columns,
            mentions: statement.mentions(),
            statement,
            plan: Mutex::new(None),
            planning: Duration::ZERO,
        };
        self.plan(&prepared, &self.graph.snapshot())?;
        prepared.planning = begun.elapsed();
        let prepared = Arc::new(prepared);
        lock(&self.plans).insert(text, prepared.clone());
        Ok(prepared)
    }

    /// Runs a prepared statement within its limits.
    pub(crate) fn run(
        &self,
        prepared: &Prepared,
        parameters: Arc<Map>,
        scope: Scope<'_>,
        meter: &Meter,
    ) -> Result<Rows> {
        meter.run(|| self.run_metered(prepared, parameters, scope, meter))
    }

    fn run_metered(
        &self,
        prepared: &Prepared,
        parameters: Arc<Map>,
        scope: Scope<'_>,
        meter: &Meter,
    ) -> Result<Rows> {
        meter.check()?;
        check_parameters(&prepared.statement, &parameters)?;
        let runs = prepared.mode != Mode::Explain;
        let writes = prepared.statement.updates && runs;
        if prepared.statement.commits && runs && !matches!(scope, Scope::Auto) {
            return Err(Error::new(
                ErrorClass::TransactionError,
                Phase::Runtime,
                Detail::TransactionOpen,
                "`CALL { … } IN TRANSACTIONS` commits by itself, and a transaction is open",
            )
            .help("Run the statement outside of the transaction."));
        }
        match scope {
            Scope::Auto if writes => {
                let mut transaction = Some(self.graph.begin()?.of_one_statement());
                let rows = self.run_eagerly(prepared, parameters, &mut transaction, meter)?;
                transaction.ok_or_else(lost)?.commit()?;
                Ok(rows)
            }
            Scope::Auto => self.read(prepared, parameters, self.graph.snapshot(), meter),
            Scope::Snapshot(_) if writes => Err(Error::new(
                ErrorClass::TransactionError,
                Phase::CompileTime,
                Detail::ReadOnly,
                "the statement writes, but the transaction is for reading only",
            )
            .help("Open a transaction that writes with `begin`.")),
            Scope::Snapshot(snapshot) => self.read(prepared, parameters, snapshot.clone(), meter),
            Scope::Transaction(transaction) => {
                let open = transaction.as_ref().ok_or_else(lost)?;
                if !writes {
                    let snapshot = open.snapshot().clone();
                    // What the transaction has written so far is there, too.
                    meter.hold(open.held_bytes(0))?;
                    return self.read(prepared, parameters, snapshot, meter);
                }
                let savepoint = open.savepoint();
                let ended = self.run_eagerly(prepared, parameters, transaction, meter);
                if ended.is_err()
                    && let Some(open) = transaction
                {
                    open.rollback_to(savepoint);
                }
                ended
            }
        }
    }

    /// Runs a reading statement: its rows are made as they are taken.
    fn read(
        &self,
        prepared: &Prepared,
        parameters: Arc<Map>,
        snapshot: Snapshot,
        meter: &Meter,
    ) -> Result<Rows> {
        let plan = self.plan(prepared, &snapshot)?;
        let begun = Instant::now();
        let mut summary = Summary { planning: prepared.planning, ..Summary::default() };
        summary.notifications = notice::of(&prepared.mentions, &snapshot);
        if prepared.mode == Mode::Explain {
            let text = plan::explain(&plan.root, &plan.slots, None);
            return Ok(explained(prepared, text, summary, meter));
        }
        let profiled = prepared.mode == Mode::Profile;
        let mut execution = Execution::new(&plan.root, profiled)?;
        let mut context = self.context(Access::Read(snapshot.clone()), parameters, meter);
        if profiled {
            while execution.next(&mut context)?.is_some() {}
            summary.execution = begun.elapsed();
            return Ok(explained(prepared, profile(&plan, &context), summary, meter));
        }
        let own = meter.clone();
        let mut next = move || {
            own.run(|| match execution.next(&mut context)? {
                Some(columns) => {
                    let ask = |bytes| context.check_memory(bytes);
                    hydrate::rows(&columns, &snapshot, ask).map(|(rows, _)| Some(rows))
                }
                None => Ok(None),
            })
        };
        // The first rows are made at once, so that most errors come with the call itself.
        let first = next()?;
        summary.execution = begun.elapsed();
        let columns = prepared.columns.clone();
        Ok(Rows::streaming(columns, first, Box::new(next), summary, meter.clone()))
    }

    /// Runs a writing statement to its end within a transaction, which is given back in any case.
    fn run_eagerly(
        &self,
        prepared: &Prepared,
        parameters: Arc<Map>,
        transaction: &mut Option<Transaction>,
        meter: &Meter,
    ) -> Result<Rows> {
        let mut open = transaction.take().ok_or_else(lost)?;
        open.begin_statement();
        let mut context = self.context(Access::Write(open), parameters, meter);
        // Within limits of its own, so that the transaction is still there after a panic.
        let ended = meter.run(|| self.write(prepared, &mut context, meter));
        if let Access::Write(open) = context.into_access() {
            *transaction = Some(open);
        }
        ended
    }

    /// Runs a writing statement to its end, up to its commit.
    fn write(&self, prepared: &Prepared, context: &mut Context, meter: &Meter) -> Result<Rows> {
        let before = context.transaction()?.counts();
        let missing = notice::missing(&prepared.mentions, context.graph());
        let plan = self.plan(prepared, context.graph())?;
        let mut execution = Execution::new(&plan.root, prepared.mode == Mode::Profile)?;
        let begun = Instant::now();
        let mut summary = Summary { planning: prepared.planning, ..Summary::default() };
        context.hold_written()?;
        let rows = drain(&mut execution, context)?;
        let open = context.transaction()?;
        open.verify(false)?;
        summary.counters = counters(before, open.counts());
        // What the statement has made itself is there, and what it has removed was.
        summary.notifications = notice::of(&missing, open.snapshot());
        summary.execution = begun.elapsed();
        if prepared.mode == Mode::Profile {
            return Ok(explained(prepared, profile(&plan, context), summary, meter));
        }
        Ok(Rows::ready(prepared.columns.clone(), rows, summary, meter.clone()))
    }

    /// From bound statement to plan, for the graph as it is by now.
    fn plan(&self, prepared: &Prepared, snapshot: &Snapshot) -> Result<Arc<QueryPlan>> {
        let now = Statistics::of(snapshot);
        let mut known = lock(&prepared.plan);
        match &*known {
            Some((then, plan)) if then.is_like(&now) => Ok(plan.clone()),
            _ => {
                let plan = Arc::new(with_room(|| {
                    if !self.settings.optimize {
                        return planner::plan(&prepared.statement, None);
                    }
                    let estimator = optimizer::CostModel::new(snapshot);
                    let plan = planner::plan(&prepared.statement, Some(&estimator))?;
                    Ok(optimizer::optimize(plan, snapshot))
                })?);
                *known = Some((now, plan.clone()));
                Ok(plan)
            }
        }
    }

    /// The meter of a statement that begins now.
    pub(crate) fn meter(&self, options: &StatementOptions) -> Meter {
        options.meter(&self.settings, &self.cancel)
    }

    /// The meter of what is no statement: the user may cancel it.
    pub(crate) fn cancel_only(&self) -> Meter {
        let cancel = vec![self.cancel.clone()];
        Meter::new(meter::Limits { cancel, ..meter::Limits::default() })
    }

    fn context(&self, access: Access, parameters: Arc<Map>, meter: &Meter) -> Context {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| i128::try_from(since.as_nanos()).unwrap_or(0));
        Context::new(access, parameters, now, meter.clone())
            .with_batch_rows(self.settings.batch_rows)
            .importing_from(self.settings.import_folder.clone())
            .in_store(self.graph.clone())
    }

    /// What ends every statement that runs at the moment.
    pub(crate) fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// Changes the procedures; what was planned before may mean something else now.
    pub(crate) fn change_registry<T>(&self, change: impl FnOnce(&mut Registry) -> T) -> T {
        let mut registry = self.registry.write().unwrap_or_else(PoisonError::into_inner);
        lock(&self.plans).clear();
        change(&mut registry)
    }
}

impl Prepared {
    pub(crate) fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("graph", &self.graph)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Statistics {
    fn of(snapshot: &Snapshot) -> Self {
        Self {
            nodes: snapshot.node_count(),
            relationships: snapshot.relationship_count(),
            tokens: snapshot.name_count(),
            schema: snapshot.schema().version(),
        }
    }

    /// Whether the counts are the same within an eighth.
    fn is_like(&self, other: &Self) -> bool {
        let near = |a: u64, b: u64| a.abs_diff(b) <= a / 8;
        self.tokens == other.tokens
            && self.schema == other.schema
            && near(self.nodes, other.nodes)
            && near(self.relationships, other.relationships)
    }
}

/// The guard of a mutex even if a thread died with it: what is guarded here is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error of a transaction that is not there any more.
pub(crate) fn lost() -> Error {
    Error::new(
        ErrorClass::TransactionError,
        Phase::Runtime,
        Detail::TransactionClosed,
        "the transaction has ended",
    )
    .help("Begin another one.")
}

fn check_parameters(statement: &bound::Statement, given: &Map) -> Result<()> {
    let mentions = statement.parameters.iter().zip(&statement.parameter_spans);
    for (name, span) in mentions {
        if given.contains_key(&**name) {
            continue;
        }
        let error = Error::new(
            ErrorClass::ParameterMissing,
            Phase::CompileTime,
            Detail::MissingParameter,
            format!("parameter `${name}` was not given"),
        )
        .at(*span);
        // One that the statement uses as well was not meant by this name.
        let others = given.keys().filter(|key| !statement.parameters.contains(key));
        return Err(match nearest(name, others.map(|key| &**key)) {
            Some(near) => error.help(format!("There is `${near}`; did you mean it?")),
            None => error.help(format!(
                    "Give it a value: `params! {{\"{name}\" => 1}}` in a program, `:param {name} => 1` in the shell."
                )),
        });
    }
    Ok(())
}

/// All rows of a running plan.
fn drain(execution: &mut Execution, context: &mut Context) -> Result<Vec<Vec<Value>>> {
    let mut rows = Vec::new();
    let mut held = executor::Held::default();
    while let Some(columns) = execution.next(context)? {
        let ask = |bytes| context.check_memory(bytes);
        let (more, bytes) = hydrate::rows(&columns, context.graph(), ask)?;
        let values = columns.iter().map(Column::held_bytes);
        held.add(context, values.fold(bytes, u64::saturating_add))?;
        context.check_memory(vec_growth(&rows, more.len()))?;
        rows.extend(more);
    }
    Ok(rows)
}

/// The text of a plan that has run, with what each operator did.
fn profile(plan: &QueryPlan, context: &Context) -> String {
    let mut measured = Vec::new();
    own_times(&plan.root, &context.profile, &mut measured);
    plan::explain(&plan.root, &plan.slots, Some(&measured))
}

/// Appends what the plan's operators did, in pre-order, and returns the time of the whole. Running
/// operators measure the time of all below them as well, which is taken off here.
fn own_times(
    plan: &Plan,
    totals: &[executor::OperatorProfile],
    measured: &mut Vec<plan::OperatorProfile>,
) -> u64 {
    let number = measured.len();
    let total = totals.get(number).copied().unwrap_or_default();
    measured.push(plan::OperatorProfile { rows: total.rows, ..Default::default() });
    let below: u64 = plan.children().iter().map(|child| own_times(child, totals, measured)).sum();
    if let Some(own) = measured.get_mut(number) {
        own.time = Duration::from_nanos(total.nanos.saturating_sub(below));
    }
    total.nanos
}

/// A plan as rows of one column, a row for each line.
fn explained(prepared: &Prepared, text: String, mut summary: Summary, meter: &Meter) -> Rows {
    let lines = text.lines().map(|line| vec![Value::String(line.into())]).collect();
    summary.plan = Some(text.into());
    Rows::ready(prepared.columns.clone(), lines, summary, meter.clone())
}

fn counters(before: ChangeCounts, after: ChangeCounts) -> Counters {
    let since = |count: fn(&ChangeCounts) -> u64| count(&after).saturating_sub(count(&before));
    Counters {
        nodes_created: since(|c| c.nodes_created),
        nodes_deleted: since(|c| c.nodes_deleted),
        relationships_created: since(|c| c.relationships_created),
        relationships_deleted: since(|c| c.relationships_deleted),
        properties_set: since(|c| c.properties_set),
        labels_added: since(|c| c.labels_added),
        labels_removed: since(|c| c.labels_removed),
        indexes_added: since(|c| c.indexes_added),
        indexes_removed: since(|c| c.indexes_removed),
        constraints_added: since(|c| c.constraints_added),
        constraints_removed: since(|c| c.constraints_removed),
    }
}
