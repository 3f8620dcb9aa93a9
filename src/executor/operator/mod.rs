//! The operators: each takes batches from below and gives batches.

mod aggregate;
mod apply;
mod chain;
mod distinct;
mod expand;
mod expand_count;
mod grouping;
mod index_seek;
mod join;
mod limit;
mod load;
mod merge;
mod procedure_call;
mod project;
mod repeat;
mod scan;
mod schema;
mod shortest_path;
mod sort;
mod stateful_shortest_path;
mod transaction_apply;
mod uncounted;
mod union;
mod unwind;
mod update;
mod var_length;
mod write;

pub(super) use aggregate::Aggregate;
pub(super) use apply::Apply;
pub(super) use distinct::Distinct;
pub(super) use expand::Expand;
pub(super) use expand_count::{Ends, ExpandCount};
pub(super) use index_seek::IndexSeek;
pub(super) use join::{CartesianProduct, HashJoin};
pub(super) use limit::{Limit, Skip};
pub(super) use load::Load;
pub(super) use merge::Merge;
pub(super) use procedure_call::ProcedureCall;
pub(super) use project::{Filter, Project};
pub(super) use repeat::Repeat;
pub(super) use scan::{Argument, NodeByIdSeek, NodeScan, RelationshipTypeScan, Unit};
pub(super) use schema::Schema;
pub(super) use shortest_path::ShortestPath;
pub(super) use sort::Sort;
pub(super) use stateful_shortest_path::StatefulShortestPath;
pub(super) use transaction_apply::TransactionApply;
pub(super) use uncounted::Uncounted;
pub(super) use union::{Eager, EmptyResult, ProduceResults, Union};
pub(super) use unwind::Unwind;
pub(super) use update::{Create, Delete, Foreach, Update};
pub(super) use var_length::VarLengthExpand;

use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::graph::Snapshot;
use crate::graph::TypeId;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::Batch;
use super::Context;
use super::Held;

/// A running operator.
pub(crate) trait Operator: Send {
    /// The next rows; none after the last. A batch may be empty without being the last.
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>>;

    /// Back to the beginning, to run again with another argument.
    fn reset(&mut self);
}

/// An operator below another.
pub(crate) type Input = Box<dyn Operator>;

/// All rows of an operator, for which `held` answers.
pub(super) fn drain(input: &mut Input, ctx: &mut Context, held: &mut Held) -> Result<Vec<Batch>> {
    let mut batches = Vec::new();
    while let Some(batch) = input.next(ctx)? {
        ctx.check_limits()?;
        for batch in batch.repeated(ctx.batch_rows()).filter(|batch| !batch.is_empty()) {
            let batch = batch.compact();
            held.add_batch(ctx, &batch)?;
            batches.push(batch);
        }
    }
    Ok(batches)
}

/// All rows of an operator in one batch, for which `held` answers.
pub(super) fn drain_joined(input: &mut Input, ctx: &mut Context, held: &mut Held) -> Result<Batch> {
    let batches = drain(input, ctx, held)?;
    joined(batches, ctx, held)
}

/// The rows of batches in one, for which `held` answers. For a moment both are there.
pub(super) fn joined(batches: Vec<Batch>, ctx: &Context, held: &mut Held) -> Result<Batch> {
    ctx.check_memory(Batch::joined_bytes(&batches))?;
    let whole = Batch::concat(batches);
    *held = Held::default();
    held.add_batch(ctx, &whole)?;
    Ok(whole)
}

/// The rows of a column that hold a node, and the nodes.
pub(super) fn nodes_of(column: &Column) -> Result<(Vec<u32>, Vec<NodeId>)> {
    if let Some(nodes) = column.as_nodes() {
        return Ok(match column.validity() {
            None => ((0..nodes.len() as u32).collect(), nodes.to_vec()),
            Some(validity) => validity
                .iter()
                .zip(nodes)
                .enumerate()
                .filter(|(_, (valid, _))| *valid)
                .map(|(row, (_, node))| (row as u32, *node))
                .unzip(),
        });
    }
    let mut rows = Vec::new();
    let mut nodes = Vec::new();
    for (row, value) in column.iter().enumerate() {
        match value {
            Value::Null => {}
            Value::Node(node) => {
                rows.push(row as u32);
                nodes.push(node.id());
            }
            other => {
                return Err(Error::type_error(
                    crate::error::Detail::InvalidArgumentType,
                    format!("expected a Node, found {} `{other}`", other.type_name()),
                ));
            }
        }
    }
    Ok((rows, nodes))
}

/// The relationships of a column in which every row holds one.
pub(super) fn relationships_of(column: &Column) -> Result<Vec<RelationshipId>> {
    if let (Some(relationships), None) = (column.as_relationships(), column.validity()) {
        return Ok(relationships.to_vec());
    }
    let one = |value: Value| match value {
        Value::Relationship(relationship) => Ok(relationship.id()),
        other => Err(Error::type_error(
            crate::error::Detail::InvalidArgumentType,
            format!("expected a Relationship, found {} `{other}`", other.type_name()),
        )),
    };
    column.iter().map(one).collect()
}

/// The numbers of outer rows in a column of them.
pub(super) fn numbers(column: &Column) -> Vec<u32> {
    match column.as_integers() {
        Some(numbers) => numbers.iter().map(|number| *number as u32).collect(),
        None => column.iter().map(|v| v.as_integer().unwrap_or(0) as u32).collect(),
    }
}

/// The ids of relationship types. `None` where types were asked for and the graph has none of them, so
/// that nothing can be found.
pub(super) fn type_ids(graph: &Snapshot, types: &[Arc<str>]) -> Option<Vec<TypeId>> {
    let ids: Vec<TypeId> = types.iter().filter_map(|name| graph.type_id(name)).collect();
    (types.is_empty() || !ids.is_empty()).then_some(ids)
}

/// The graph's word for a direction.
pub(super) fn direction(direction: crate::bound::Direction) -> crate::graph::Direction {
    match direction {
        crate::bound::Direction::Outgoing => crate::graph::Direction::Outgoing,
        crate::bound::Direction::Incoming => crate::graph::Direction::Incoming,
        crate::bound::Direction::Both => crate::graph::Direction::Both,
    }
}

/// Gives out a list of batches in pieces no larger than a batch may be.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    batches: std::collections::VecDeque<Batch>,
    at: usize,
}

impl Pieces {
    pub(super) fn new(batches: Vec<Batch>) -> Self {
        Self { batches: batches.into(), at: 0 }
    }

    pub(super) fn next(&mut self, ctx: &Context) -> Option<Batch> {
        let batch = self.batches.front()?;
        let end = (self.at + ctx.batch_rows()).min(batch.len());
        let piece = batch.slice(self.at, end);
        self.at = end;
        if end == batch.len() {
            self.batches.pop_front();
            self.at = 0;
        }
        Some(piece)
    }
}
