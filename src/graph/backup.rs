//! A copy of a graph in another store, while readers and the writer go on.
//!
//! The copy holds the graph as of one durable commit: the segment files of the base, the log since, and the catalog
//! last, so that a copy that was cut off is no store. It may not know which engine either store has.

use std::sync::Arc;

use crate::error::Result;
use crate::storage::Batch;
use crate::storage::Opened;
use crate::storage::OrderedBytes;
use crate::storage::Progress;
use crate::storage::SegmentFiles;

use super::catalog::Catalog;
use super::keys;
use super::log;
use super::segment::{Base, SegmentFile};

/// Bytes of a segment file that are copied at a time.
const PIECE: u64 = 1 << 20;
/// The size beyond which records are copied in another batch.
const BATCH_BYTES: usize = 1 << 18;

/// Writes the graph as of commit `last` into an empty store. The caller sees to it that no checkpoint runs
/// meanwhile, so that log and segments stay. `watch` is told how many bytes were copied since it was told so last.
pub(super) fn write(
    bytes: &dyn OrderedBytes,
    files: &Arc<dyn SegmentFiles>,
    base: &Base,
    last: u64,
    target: &Opened,
    watch: &dyn Fn(u64),
) -> Result<()> {
    // A graph in memory that is empty has none.
    let catalog = Catalog::read(bytes)?.unwrap_or_default();
    for file in base.files() {
        copy_file(&**files, &*target.segments, &SegmentFile::name_of(file.number()), watch)?;
    }
    let commits = keys::commit(catalog.sequence + 1)..keys::commit(last + 1);
    let pieces = keys::piece(catalog.sequence + 1, 0)..keys::piece(last + 1, 0);
    // Pieces first: a record makes its pieces exist.
    for range in [pieces, commits] {
        copy_records(bytes, &*target.bytes, range.start, &range.end, watch)?;
        target.bytes.sync()?;
    }
    catalog.write(&*target.bytes)?;
    if catalog.generation > 0 {
        catalog.write_copy(&*target.segments)?;
    }
    log::trim_unfinished(&*target.bytes, last)?;
    target.bytes.attest(Progress { generation: catalog.generation, sequence: last }, false);
    Ok(())
}

pub(super) fn copy_file(
    from: &dyn SegmentFiles,
    to: &dyn SegmentFiles,
    name: &str,
    watch: &dyn Fn(u64),
) -> Result<()> {
    let reader = from.open(name)?;
    let mut writer = to.create(name)?;
    let mut offset = 0;
    while offset < reader.len() {
        let length = PIECE.min(reader.len() - offset);
        writer.write(&reader.read_at(offset, length as usize)?)?;
        offset += length;
        watch(length);
    }
    writer.finish()?;
    Ok(())
}

fn copy_records(
    from: &dyn OrderedBytes,
    to: &dyn OrderedBytes,
    mut start: Vec<u8>,
    end: &[u8],
    watch: &dyn Fn(u64),
) -> Result<()> {
    loop {
        let mut batch = Batch::new();
        let mut size = 0;
        let mut last = None;
        from.scan(&start, Some(end), &mut |key, value| {
            batch.put(key, value);
            size += key.len() + value.len();
            last = Some(key.to_vec());
            Ok(size < BATCH_BYTES)
        })?;
        let Some(mut next) = last else { return Ok(()) };
        to.apply(batch)?;
        watch(size as u64);
        // The first key after it.
        next.push(0);
        start = next;
    }
}
