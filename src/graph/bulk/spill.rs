//! A file of rows that the memory does not hold, in buckets.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::error::Result;
use crate::graph::segment::Piece;
use crate::storage::ScratchFile;

/// A relationship type, and a partition of nodes.
pub(super) type Bucket = (u32, u32);

/// Where a piece lies, how to know it again, and how many rows it has.
#[derive(Debug)]
struct Place {
    offset: u64,
    length: usize,
    checksum: u32,
    rows: usize,
}

/// Pieces by their bucket, each bucket in the order in which they came.
#[derive(Debug)]
pub(super) struct Spill {
    file: Box<dyn ScratchFile>,
    buckets: BTreeMap<Bucket, Vec<Place>>,
}

impl Spill {
    pub(super) fn new(file: Box<dyn ScratchFile>) -> Self {
        Self { file, buckets: BTreeMap::new() }
    }

    pub(super) fn append(&mut self, bucket: Bucket, rows: usize, bytes: &[u8]) -> Result<()> {
        let offset = self.file.append(bytes)?;
        let place = Place { offset, length: bytes.len(), checksum: crc32fast::hash(bytes), rows };
        self.buckets.entry(bucket).or_default().push(place);
        Ok(())
    }

    /// The buckets, ascending, each with its rows.
    pub(super) fn buckets(&self) -> Vec<(Bucket, usize)> {
        let rows = |places: &Vec<Place>| places.iter().map(|place| place.rows).sum();
        self.buckets.iter().map(|(bucket, places)| (*bucket, rows(places))).collect()
    }

    /// Gives the pieces of a bucket, one at a time.
    pub(super) fn each(
        &self,
        bucket: Bucket,
        mut take: impl FnMut(Piece) -> Result<()>,
    ) -> Result<()> {
        for place in self.buckets.get(&bucket).into_iter().flatten() {
            let mut bytes = vec![0; place.length];
            self.file.read_into(place.offset, &mut bytes)?;
            let piece = Some(&bytes).filter(|bytes| crc32fast::hash(bytes) == place.checksum);
            let piece = piece.and_then(|bytes| Piece::decode(bytes)).ok_or_else(|| {
                Error::corruption("a temporary file of the import was changed while it was in use")
                    .help("Import once more: nothing of it was stored.")
            })?;
            take(piece)?;
        }
        Ok(())
    }
}
