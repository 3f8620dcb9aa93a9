//! Every format of stored bytes by name, for tests that feed them anything.
//!
//! Checksums keep damage away from these readers; they must hold without. It may not know what a value means.

use super::catalog::{Catalog, Root};
use super::log;
use super::property;
use super::segment::{AdjacencyChunk, BitmapChunk, ColumnChunk, DictionaryChunk, RecordChunk};
use super::segment::{Chunk, Index};
use super::snapshot::State;

/// A format of stored bytes.
#[derive(Debug)]
pub struct Stored {
    /// What is stored so.
    pub name: &'static str,
    /// Reads it, and everything in it. Says whether the bytes made sense.
    pub read: fn(&[u8]) -> bool,
}

/// Every format.
pub const STORED: &[Stored] = &[
    Stored { name: "commit record", read: |bytes| log::Header::decode(1, bytes).is_ok() },
    Stored { name: "changes", read: changes },
    Stored { name: "property values", read: values },
    Stored { name: "root record", read: |bytes| Root::decode(bytes).is_ok() },
    Stored { name: "catalog", read: catalog },
    Stored { name: "segment index", read: |bytes| Index::decode(bytes).is_some() },
    Stored { name: "adjacency chunk", read: chunk::<AdjacencyChunk> },
    Stored { name: "bitmap chunk", read: chunk::<BitmapChunk> },
    Stored { name: "column chunk", read: chunk::<ColumnChunk> },
    Stored { name: "dictionary chunk", read: chunk::<DictionaryChunk> },
    Stored { name: "record chunk", read: chunk::<RecordChunk> },
];

/// The changes of a commit, made to an empty graph.
fn changes(bytes: &[u8]) -> bool {
    log::decode(bytes).is_some_and(|changes| State::default().advance(1, &changes).is_ok())
}

fn values(bytes: &[u8]) -> bool {
    let values = property::decode_all(bytes);
    values.map(|values| values.iter().for_each(|value| drop(value.to_string()))).is_some()
}

fn catalog(bytes: &[u8]) -> bool {
    let catalog = Catalog::decode(bytes);
    catalog.map(|catalog| State::new(&catalog, Default::default())).is_some()
}

fn chunk<T: Chunk>(bytes: &[u8]) -> bool {
    T::decode(bytes).map(|chunk| chunk.read_all()).is_some()
}
