//! The built-in procedures, and procedures made from a table or a closure.

mod await_index;
mod built_in;
mod show;
mod survey;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ProcedureHandle;
use super::Registry;

pub(super) use show::show;
pub use table::{FunctionProcedure, TableProcedure};

/// The procedure of this name in lower case that lists what the registry holds, if there is one.
pub(super) fn of_registry(name: &str, registry: &Registry) -> Option<ProcedureHandle> {
    let found = built_in::BuiltIn::of_registry(name, registry)?;
    Some(ProcedureHandle(Arc::new(found)))
}

/// The built-in procedures by name in lower case.
pub(super) fn built_in() -> BTreeMap<String, ProcedureHandle> {
    let procedures =
        built_in::PROCEDURES.iter().filter_map(|entry| built_in::BuiltIn::new(entry).ok());
    procedures
        .map(|procedure| {
            let handle = ProcedureHandle(Arc::new(procedure));
            (handle.0.signature().name.to_lowercase(), handle)
        })
        .collect()
}
