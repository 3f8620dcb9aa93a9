//! Parquet: tables of nodes and of relationships by column.
//!
//! Columns are called as in the headers of Neo4j's import; their types are those of the file, where it has them. What
//! Parquet has no type for is text, and the name of the column says its type: `at:point`.

mod column;
mod read;
mod write;

use ::parquet::errors::ParquetError;

use crate::error;

use super::Tables;

pub(super) use write::Parquet;

pub(super) const TABLES: Tables = Tables { nodes: read::nodes, relationships: read::relationships };

/// Calls into the library, which gives up over some damage. What is wrong, as a text.
fn guarded<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    match error::caught_panic(call) {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(error.to_string()),
        Err(reason) => Err(reason),
    }
}
