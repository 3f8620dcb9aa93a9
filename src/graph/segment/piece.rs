//! Relationships on their way into segments, as they lie in a file for themselves while the memory does not hold them.

use crate::error::Result;
use crate::value::Array;

use super::bytes::{Decoder, Encoder};
use super::{Chunk, ColumnChunk};

/// The most relationships of a piece: a column of it is one chunk.
pub(crate) const PIECE: usize = 1 << ColumnChunk::SHIFT;

/// Relationships of one type that came one after the other and have one of their ends in the same chunk of adjacency.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    pub(crate) nodes: Vec<u32>,
    pub(crate) neighbours: Vec<u32>,
    /// Their numbers, where they have some already.
    pub(crate) rows: Vec<u32>,
    /// Properties by key: a value, or its absence, for each.
    pub(crate) columns: Vec<(u32, Array)>,
}

/// A property: its key, the positions in the piece that have a value, and the values.
pub(crate) type PieceColumn = (u32, Vec<u32>, Array);

impl Piece {
    /// What [`Piece::decode`] makes a piece of, given the properties as they are at the positions of the piece.
    pub(crate) fn encode(&self, columns: &[PieceColumn]) -> Result<Vec<u8>> {
        let mut encoder = Encoder::default();
        for numbers in [&self.nodes, &self.neighbours, &self.rows] {
            encoder.packed(numbers.iter().map(|number| u64::from(*number)));
        }
        encoder.u32(columns.len() as u32);
        for (key, positions, values) in columns {
            encoder.u32(*key);
            let chunk = ColumnChunk::encode(self.nodes.len(), positions, values, None)?;
            encoder.block(&chunk.bytes);
        }
        Ok(encoder.0)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder(bytes);
        let mut numbers = || decoder.packed(|number| number as u32);
        let (nodes, neighbours, rows) = (numbers()?, numbers()?, numbers()?);
        let mut columns = Vec::new();
        for _ in 0..decoder.u32()? {
            let key = decoder.u32()?;
            let chunk = ColumnChunk::decode(decoder.block()?)?;
            let values = (0..nodes.len()).map(|at| chunk.value(at, &[])).collect::<Array>();
            columns.push((key, values));
        }
        decoder.end()?;
        let whole = nodes.len() == neighbours.len() && nodes.len() <= PIECE;
        whole.then_some(Self { nodes, neighbours, rows, columns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn a_piece_is_read_as_it_was_written() {
        let values: Vec<Value> = vec![Value::Integer(7), Value::string("x"), Value::Float(0.5)];
        let columns = vec![
            (3, vec![0, 1, 3], values.iter().cloned().collect::<Array>()),
            (9, vec![0, 1, 2, 3], (0..4).map(Value::Integer).collect()),
        ];
        let piece = Piece {
            nodes: vec![5, 1, 1, 5],
            neighbours: vec![9, 8, u32::MAX - 1, 0],
            rows: vec![4, 6, 7, 8],
            columns: Vec::new(),
        };
        let bytes = piece.encode(&columns).unwrap();
        let read = Piece::decode(&bytes).unwrap();
        assert_eq!((&read.nodes, &read.neighbours), (&piece.nodes, &piece.neighbours));
        assert_eq!(read.rows, piece.rows);
        let keys: Vec<u32> = read.columns.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, [3, 9]);
        let mixed: Vec<Value> = (0..4).map(|at| read.columns[0].1.get(at)).collect();
        let [first, second, third] = values.try_into().unwrap();
        assert_eq!(mixed, [first, second, Value::Null, third]);
        assert!((0..bytes.len()).all(|end| Piece::decode(&bytes[..end]).is_none()));
    }
}
