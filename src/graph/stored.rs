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

#[cfg(test)]
mod tests {
    use crate::graph::KeyId;
    use crate::graph::TypeId;
    use crate::graph::change::Change;
    use crate::graph::encoding;
    use crate::graph::values::Values;
    use crate::value::Value;

    use super::*;

    fn makes_sense(of: &[Change]) -> bool {
        changes(&encoding::encode(of, "changes").unwrap())
    }

    #[test]
    fn changes_that_fit_no_graph_are_refused() {
        let node = |id| Change::CreateNode { id, labels: Vec::new(), properties: Vec::new() };
        let link = |id, end| Change::CreateRelationship {
            id,
            type_id: TypeId(0),
            start: 0,
            end,
            properties: Vec::new(),
        };
        let named = || Change::AddTypeToken("R".into());
        assert!(makes_sense(&[node(0), node(1), named(), link(0, 1)]));
        // A set of ids takes memory up to the largest of them.
        assert!(!makes_sense(&[node(1 << 50)]));
        assert!(!makes_sense(&[node(u64::MAX)]));
        assert!(!makes_sense(&[node(0), named(), link(1 << 50, 0)]));
        assert!(!makes_sense(&[node(0), named(), link(0, 1 << 50)]));
        assert!(!makes_sense(&[node(0), link(0, 0)]));
    }

    #[test]
    fn changes_of_many_that_fit_no_graph_are_refused() {
        let key = || Change::AddKeyToken("k".into());
        let named = || Change::AddTypeToken("R".into());
        let column = |rows: i64| (KeyId(0), (0..rows).map(Value::Integer).collect::<Values>());
        let nodes = |first, columns| Change::CreateNodes { first, labels: Vec::new(), columns };
        let links = |ends, columns| Change::CreateRelationships {
            first: 0,
            type_id: TypeId(0),
            ends,
            columns,
        };
        let set = |ids: &[u64], rows| {
            let (key, values) = column(rows);
            Change::SetNodeProperties { ids: ids.to_vec(), key, values }
        };
        assert!(makes_sense(&[key(), nodes(0, vec![column(70)]), set(&[0, 69, 0], 3)]));
        assert!(makes_sense(&[
            key(),
            named(),
            nodes(0, vec![column(2)]),
            links(vec![(0, 1), (1, 0)], vec![column(2)]),
        ]));
        // A key that never was, or is there twice; columns of other lengths; ids out of turn, or of nobody.
        assert!(!makes_sense(&[nodes(0, vec![column(2)])]));
        assert!(!makes_sense(&[key(), nodes(0, vec![column(2), column(2)])]));
        assert!(!makes_sense(&[key(), nodes(1, vec![column(2)])]));
        assert!(!makes_sense(&[key(), nodes(0, vec![column(2)]), set(&[0, 1, 1], 2)]));
        assert!(!makes_sense(&[key(), nodes(0, vec![column(2)]), set(&[0, 2], 2)]));
        let both = |ends, rows| [key(), named(), nodes(0, vec![column(2)]), links(ends, rows)];
        assert!(!makes_sense(&both(vec![(0, 1), (1, 0)], vec![column(1)])));
        assert!(!makes_sense(&both(vec![(0, 2)], Vec::new())));
    }

    #[test]
    fn lengths_and_depths_are_not_believed() {
        // A list of one text of very many bytes.
        let long = [&[1, 3, 0xfd][..], &[0xff; 7], &[0x0f]].concat();
        assert!(!values(&long));
        // Lists of one list each: deeper than any stack.
        let deep: Vec<u8> = std::iter::once(1).chain([10, 1].repeat(1_000_000)).collect();
        assert!(!values(&deep));
        assert!(values(&[1, 10, 1, 0, 1]));
    }
}
