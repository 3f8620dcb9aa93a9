//! What can be saved of a damaged store.

use std::path::Path;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::graph;
use crate::graph::RepairReport;
use crate::storage;

use super::Database;

impl Database {
    /// Writes a new store with all that a scan of a damaged store's files finds, and says what it could not save. The damaged
    /// store is only read.
    ///
    /// Nodes and relationships keep their ids. A node of which only a relationship is known is there without labels and
    /// properties; a label, type or key whose name is lost is called `lost_label_3`, by its kind and number.
    ///
    /// ```
    /// use redstring::Database;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (damaged, target) = (folder.path().join("damaged"), folder.path().join("repaired"));
    /// Database::open(&damaged)?.execute("CREATE (:Site)", ())?;
    /// let report = Database::repair(&damaged, &target)?;
    /// assert_eq!((report.nodes, report.lost.len()), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `StorageError.InvalidFile` where there are no files of a store, or where something lies at the target already.
    pub fn repair(damaged: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<RepairReport> {
        let damaged = damaged.as_ref();
        let (salvaged, engine) = storage::salvage::salvage(damaged)?;
        let Some(engine) = engine else {
            return Err(Error::storage(
                Detail::InvalidFile,
                format!("there are no files of a store in `{}`", damaged.display()),
            )
            .help("Name the folder of the damaged store."));
        };
        let mut report = RepairReport::default();
        storage::make_whole(target.as_ref(), engine, |opened| {
            report = graph::repair(&salvaged, opened)?;
            Ok(())
        })?;
        Ok(report)
    }
}
