//! The way of a query, on one screen: parse, bind, plan, optimise, execute.
//!
//! Owns the engine behind every database handle: the graph, the procedures, the plans cached by text,
//! and the limits of each statement. Every stage is called here and nowhere else.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
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
use crate::executor;
use crate::executor::Access;
use crate::executor::Context;
use crate::executor::Limits;
use crate::function::Registry;
use crate::graph::ChangeCounts;
use crate::graph::Graph;
use crate::graph::Snapshot;
use crate::graph::Transaction;
use crate::optimizer;
use crate::plan::Plan;
use crate::planner;
use crate::result::Columns;
use crate::result::Counters;
use crate::result::Rows;
use crate::result::Summary;
use crate::syntax;
use crate::syntax::ast::Mode;
use crate::value::Map;
use crate::value::Value;

mod cache;
mod hydrate;

use cache::PlanCache;

/// What the statements of one database share.
pub(crate) struct Engine {
    pub(crate) graph: Graph,
    registry: RwLock<Registry>,
    plans: Mutex<PlanCache>,
    running: Mutex<Vec<Weak<AtomicBool>>>,
    settings: Settings,
}

/// What holds for every statement.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The time after which a statement is ended.
    pub(crate) timeout: Option<Duration>,
    /// Whether plans are optimised.
    pub(crate) optimize: bool,
    /// How many plans are kept.
    pub(crate) cached_plans: usize,
}

/// A statement that has been parsed, bound and planned.
#[derive(Debug)]
pub(crate) struct Prepared {
    mode: Mode,
    columns: Columns,
    pub(crate) statement: bound::Statement,
    plan: Plan,
    /// The plan as optimised last, with the statistics it was optimised for.
    optimized: Mutex<Option<(Statistics, Arc<Plan>)>>,
    planning: Duration,
}

/// What a plan's quality depends on: it is made anew when these have changed much.
#[derive(Debug, Clone, Copy)]
struct Statistics {
    nodes: u64,
    relationships: u64,
    tokens: usize,
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

impl Engine {
    pub(crate) fn new(graph: Graph, settings: Settings) -> Self {
        Self {
            graph,
            registry: RwLock::new(Registry::default()),
            plans: Mutex::new(PlanCache::new(settings.cached_plans)),
            running: Mutex::new(Vec::new()),
            settings,
        }
    }

    /// From text to plan, or the plan that is there already.
    pub(crate) fn prepare(&self, text: &str) -> Result<Arc<Prepared>> {
        if let Some(prepared) = lock(&self.plans).get(text) {
            return Ok(prepared);
        }
        let begun = Instant::now();
        let ast = syntax::parse(text)?;
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        let mut statement = binder::bind(&ast, &registry, None)?;
        let plan = planner::plan(&mut statement)?;
        let columns = match ast.mode {
            Mode::Run => statement.query.columns.iter().map(|c| c.name.clone()).collect(),
            Mode::Explain | Mode::Profile => Arc::from([Arc::from("plan")]),
        };
        let prepared = Arc::new(Prepared {
            mode: ast.mode,
            columns,
            statement,
            plan,
            optimized: Mutex::new(None),
            planning: begun.elapsed(),
        });
        lock(&self.plans).insert(text, prepared.clone());
        Ok(prepared)
    }

    /// Runs a prepared statement.
    pub(crate) fn run(
        &self,
        prepared: &Prepared,
        parameters: Arc<Map>,
        scope: Scope<'_>,
    ) -> Result<Rows> {
        check_parameters(&prepared.statement, &parameters)?;
        let writes = prepared.statement.updates && prepared.mode != Mode::Explain;
        match scope {
            Scope::Auto if writes => {
                let mut transaction = Some(self.graph.begin()?);
                let rows = self.run_eagerly(prepared, parameters, &mut transaction)?;
                transaction.ok_or_else(lost)?.commit()?;
                Ok(rows)
            }
            Scope::Auto => self.read(prepared, parameters, self.graph.snapshot()),
            Scope::Snapshot(_) if writes => Err(Error::new(
                ErrorClass::TransactionError,
                Phase::CompileTime,
                Detail::ReadOnly,
                "the statement writes, but the transaction is for reading only",
            )
            .help("Open a transaction that writes with `begin`.")),
            Scope::Snapshot(snapshot) => self.read(prepared, parameters, snapshot.clone()),
            Scope::Transaction(transaction) => {
                let open = transaction.as_ref().ok_or_else(lost)?;
                if !writes {
                    let snapshot = open.snapshot().clone();
                    return self.read(prepared, parameters, snapshot);
                }
                let savepoint = open.savepoint();
                let ended = self.run_eagerly(prepared, parameters, transaction);
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
    fn read(&self, prepared: &Prepared, parameters: Arc<Map>, snapshot: Snapshot) -> Result<Rows> {
        let plan = self.optimized(prepared, &snapshot);
        let begun = Instant::now();
        let mut summary = Summary { planning: prepared.planning, ..Summary::default() };
        if prepared.mode == Mode::Explain {
            return Ok(explained(prepared, plan.explain(&prepared.statement.slots), summary));
        }
        let context = self.context(Access::Read(snapshot.clone()), parameters);
        let mut execution = executor::execute(plan, context)?;
        if prepared.mode == Mode::Profile {
            while execution.next_batch()?.is_some() {}
            summary.execution = begun.elapsed();
            let text = execution.profile(&prepared.statement.slots);
            return Ok(explained(prepared, text, summary));
        }
        let mut next = move || match execution.next_batch()? {
            Some((columns, len)) => hydrate::rows(&columns, len, &snapshot).map(Some),
            None => Ok(None),
        };
        // The first rows are made at once, so that most errors come with the call itself.
        let first = next()?;
        summary.execution = begun.elapsed();
        Ok(Rows::streaming(prepared.columns.clone(), first, Box::new(next), summary))
    }

    /// Runs a writing statement to its end within a transaction, which is given back in any case.
    fn run_eagerly(
        &self,
        prepared: &Prepared,
        parameters: Arc<Map>,
        transaction: &mut Option<Transaction>,
    ) -> Result<Rows> {
        let open = transaction.take().ok_or_else(lost)?;
        let before = open.counts();
        let plan = self.optimized(prepared, open.snapshot());
        let begun = Instant::now();
        let mut summary = Summary { planning: prepared.planning, ..Summary::default() };
        let context = self.context(Access::Write(open), parameters);
        let mut execution = executor::execute(plan, context)?;
        let mut rows = Vec::new();
        let ended = loop {
            match execution.next_batch() {
                Ok(Some((columns, len))) => {
                    match hydrate::rows(&columns, len, execution.context().graph()) {
                        Ok(more) => rows.extend(more),
                        Err(error) => break Err(error),
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let profile =
            (prepared.mode == Mode::Profile).then(|| execution.profile(&prepared.statement.slots));
        if let Access::Write(open) = execution.into_context().into_access() {
            summary.counters = counters(before, open.counts());
            *transaction = Some(open);
        }
        ended?;
        summary.execution = begun.elapsed();
        match profile {
            Some(text) => Ok(explained(prepared, text, summary)),
            None => Ok(Rows::ready(prepared.columns.clone(), rows, summary)),
        }
    }

    /// The plan, optimised for the graph as it is by now.
    fn optimized(&self, prepared: &Prepared, snapshot: &Snapshot) -> Arc<Plan> {
        let now = Statistics::of(snapshot);
        let mut cached = lock(&prepared.optimized);
        match &*cached {
            Some((then, plan)) if then.is_like(&now) => plan.clone(),
            _ => {
                let plan = prepared.plan.clone();
                let plan = Arc::new(if self.settings.optimize {
                    optimizer::optimize(plan, snapshot)
                } else {
                    plan
                });
                *cached = Some((now, plan.clone()));
                plan
            }
        }
    }

    fn context(&self, access: Access, parameters: Arc<Map>) -> Context {
        let cancel = Arc::new(AtomicBool::new(false));
        let mut running = lock(&self.running);
        running.retain(|flag| flag.strong_count() > 0);
        running.push(Arc::downgrade(&cancel));
        let deadline = self.settings.timeout.map(|timeout| Instant::now() + timeout);
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| i128::try_from(since.as_nanos()).unwrap_or(0));
        Context::new(access, parameters, now, Limits { cancel: Some(cancel), deadline })
    }

    /// Ends every statement that is running now.
    pub(crate) fn cancel(&self) {
        for flag in lock(&self.running).iter().filter_map(Weak::upgrade) {
            flag.store(true, Ordering::Relaxed);
        }
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
            tokens: snapshot.labels().len() + snapshot.types().len() + snapshot.keys().len(),
        }
    }

    /// Whether the counts are the same within an eighth.
    fn is_like(&self, other: &Self) -> bool {
        let near = |a: u64, b: u64| a.abs_diff(b) <= a / 8;
        self.tokens == other.tokens
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
    match statement.parameters.iter().find(|name| !given.contains_key(&***name)) {
        None => Ok(()),
        Some(name) => Err(Error::new(
            ErrorClass::ParameterMissing,
            Phase::CompileTime,
            Detail::MissingParameter,
            format!("parameter `${name}` was not given"),
        )
        .help(format!("Give it a value, as in `params! {{\"{name}\" => 1}}`."))),
    }
}

/// A plan as rows of one column, a row for each line.
fn explained(prepared: &Prepared, text: String, mut summary: Summary) -> Rows {
    let lines = text.lines().map(|line| vec![Value::String(line.into())]).collect();
    summary.plan = Some(text.into());
    Rows::ready(prepared.columns.clone(), lines, summary)
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
    }
}
