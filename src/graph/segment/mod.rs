//! Immutable, read-optimised segments: the base below the delta.

use std::marker::PhantomData;

use crate::error::Result;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::TypeId;
use super::snapshot::Raw;

/// What a section of a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum SectionKey {
    Nodes,
    Relationships,
    Label(u32),
    OfType(u32),
    NodeColumn(u32),
    RelationshipColumn(u32),
}

#[derive(Debug, Default)]
pub(super) struct Base {}

#[derive(Debug)]
pub(super) struct AdjacencyChunk {}
#[derive(Debug)]
pub(super) struct Anything {}

pub(super) struct Reader<'a, T> {
    of: PhantomData<&'a T>,
}

impl Base {
    pub(super) fn is_empty(&self) -> bool {
        true
    }
    pub(super) fn contains(&self, _: SectionKey, _: u64) -> Result<bool> {
        Ok(false)
    }
    pub(super) fn record(&self, _: u64) -> Result<Option<(TypeId, NodeId, NodeId)>> {
        Ok(None)
    }
    pub(super) fn column(&self, _: SectionKey) -> Result<Option<Reader<'_, Anything>>> {
        Ok(None)
    }
    pub(super) fn bits(&self, _: SectionKey) -> Result<Option<Reader<'_, Anything>>> {
        Ok(None)
    }
    pub(super) fn records(&self) -> Result<Option<Reader<'_, Anything>>> {
        Ok(None)
    }
    pub(super) fn adjacency(
        &self,
        _: bool,
        _: &[u32],
    ) -> Result<Vec<(u32, Reader<'_, AdjacencyChunk>)>> {
        Ok(Vec::new())
    }
    pub(super) fn scan(
        &self,
        _: &[SectionKey],
        _: u64,
        _: usize,
        _: &mut Vec<u64>,
    ) -> Result<bool> {
        Ok(true)
    }
}

impl Reader<'_, Anything> {
    pub(super) fn get(&mut self, _: u64) -> Result<Value> {
        Ok(Value::Null)
    }
    pub(super) fn gather<T: Raw>(&mut self, ids: &[T]) -> Result<Column> {
        Ok(Column::nulls(ids.len()))
    }
    pub(super) fn contains(&mut self, _: u64) -> Result<bool> {
        Ok(false)
    }
    pub(super) fn record(&mut self, _: u64) -> Result<Option<(TypeId, NodeId, NodeId)>> {
        Ok(None)
    }
}

impl Reader<'_, AdjacencyChunk> {
    pub(super) fn links(&mut self, _: u64) -> Result<(&[NodeId], &[RelationshipId])> {
        Ok((&[], &[]))
    }
}
