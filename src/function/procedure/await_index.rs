//! Waiting for indexes that other statements build.

use std::time::Duration;
use std::time::Instant;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::error::nearest;
use crate::function::Context;
use crate::graph::IndexBuild;
use crate::meter;
use crate::value::Value;

/// How many seconds are waited where the call does not say it, as in Neo4j.
const SECONDS: i64 = 300;
/// How long it is slept between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits for all of them.
pub(super) fn all(context: &Context<'_>, arguments: &[Value]) -> Result<()> {
    wait(context, arguments.first(), |_| true)
}

/// Waits for one, which must be there in the end.
pub(super) fn one(context: &Context<'_>, arguments: &[Value]) -> Result<()> {
    let Some(Value::String(name)) = arguments.first() else {
        let message = "db.awaitIndex() takes the name of an index as a String";
        return Err(Error::type_error(Detail::InvalidArgumentType, message));
    };
    if context.graph.schema().index_named(name).is_some() {
        return Ok(());
    }
    wait(context, arguments.get(1), |build| build.name == *name)?;
    let store = context.store.ok_or_else(without_store)?;
    let schema = store.snapshot().schema().clone();
    if schema.index_named(name).is_some() {
        return Ok(());
    }
    let error = Error::new(
        ErrorClass::SchemaError,
        Phase::Runtime,
        Detail::IndexNotFound,
        format!("there is no index `{name}`"),
    );
    Err(match nearest(name, schema.indexes().iter().map(|index| &*index.name)) {
        Some(known) => error.help(format!("Did you mean `{known}`?")),
        None => error.help("SHOW INDEXES lists them all."),
    })
}

/// Waits until none of these is built any more. Those of the own transaction can be used, though others do not see them yet.
fn wait(
    context: &Context<'_>,
    seconds: Option<&Value>,
    which: impl Fn(&IndexBuild) -> bool,
) -> Result<()> {
    let seconds = match seconds {
        None => SECONDS,
        Some(Value::Integer(seconds)) => *seconds,
        Some(other) => {
            let found = other.type_name();
            let message = format!("expected the seconds to wait as an Integer, found {found}");
            return Err(Error::type_error(Detail::InvalidArgumentType, message));
        }
    };
    let patience = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    // Who waits for longer than the clock can tell waits for ever.
    let deadline = Instant::now().checked_add(patience);
    let store = context.store.ok_or_else(without_store)?;
    loop {
        let mut builds = store.index_builds().into_iter();
        let mine = |build: &IndexBuild| context.graph.schema().index_named(&build.name).is_some();
        let Some(build) = builds.find(|build| which(build) && !mine(build)) else {
            return Ok(());
        };
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            let percent = build.percent();
            return Err(Error::new(
                ErrorClass::ProcedureError,
                Phase::Runtime,
                Detail::TimedOut,
                format!(
                    "index `{}` is {percent:.0} % populated and not online after {seconds} seconds",
                    build.name
                ),
            )
            .help("Wait for longer: the argument says for how many seconds."));
        }
        meter::sleep(PAUSE)?;
    }
}

fn without_store() -> Error {
    Error::internal("a call without a store")
}
