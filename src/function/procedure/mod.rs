//! The built-in procedures, and procedures made from a table or a closure.

mod built_in;
mod show;
mod survey;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ProcedureHandle;

pub(super) use show::show;
pub use table::{FunctionProcedure, TableProcedure};

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
