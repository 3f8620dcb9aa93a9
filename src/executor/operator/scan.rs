//! Leaves: where rows come from.

use std::sync::Arc;

use crate::bound::Direction;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::Operator;
use super::type_ids;

/// One row without variables.
pub(crate) struct Unit {
    given: bool,
}

impl Unit {
    pub(crate) fn new() -> Self {
        Self { given: false }
    }
}

impl Operator for Unit {
    fn next(&mut self, _: &mut Context) -> Result<Option<Batch>> {
        Ok((!std::mem::replace(&mut self.given, true)).then(Batch::unit))
    }

    fn reset(&mut self) {
        self.given = false;
    }
}

/// The rows of the enclosing `Apply`.
pub(crate) struct Argument {
    given: bool,
}

impl Argument {
    pub(crate) fn new() -> Self {
        Self { given: false }
    }
}

impl Operator for Argument {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if std::mem::replace(&mut self.given, true) {
            return Ok(None);
        }
        ctx.argument().map(Some)
    }

    fn reset(&mut self) {
        self.given = false;
    }
}

/// Every node, or those with a label, in the order of their ids.
pub(crate) struct NodeScan {
    slot: Slot,
    label: Option<Arc<str>>,
    /// The least id not given yet; `None` at the end.
    from: Option<NodeId>,
}

impl NodeScan {
    pub(crate) fn new(slot: Slot, label: Option<Arc<str>>) -> Self {
        Self { slot, label, from: Some(NodeId(0)) }
    }
}

impl Operator for NodeScan {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        let Some(from) = self.from else { return Ok(None) };
        ctx.check_limits()?;
        let graph = ctx.graph();
        let mut nodes = Vec::with_capacity(ctx.batch_rows());
        match &self.label {
            None => graph.scan_nodes(from, ctx.batch_rows(), &mut nodes)?,
            Some(label) => {
                if let Some(label) = graph.label_id(label) {
                    graph.scan_label(label, from, ctx.batch_rows(), &mut nodes)?;
                }
            }
        }
        self.from =
            nodes.last().filter(|_| nodes.len() == ctx.batch_rows()).map(|n| NodeId(n.0 + 1));
        if nodes.is_empty() {
            return Ok(None);
        }
        let mut batch = Batch::empty(nodes.len());
        batch.set(self.slot, Column::nodes(nodes));
        Ok(Some(batch))
    }

    fn reset(&mut self) {
        self.from = Some(NodeId(0));
    }
}

/// The nodes with given ids, where they exist.
pub(crate) struct NodeByIdSeek {
    slot: Slot,
    ids: Compiled,
    /// What is left to give.
    found: Option<Vec<NodeId>>,
}

impl NodeByIdSeek {
    pub(crate) fn new(slot: Slot, ids: Compiled) -> Self {
        Self { slot, ids, found: None }
    }
}

impl Operator for NodeByIdSeek {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if self.found.is_none() {
            let mut nodes = Vec::new();
            let mut seek = |value: &Value| -> Result<()> {
                // An id is an integer; nothing else is equal to one, but an integral float is.
                let id = match value {
                    Value::Integer(id) => u64::try_from(*id).ok(),
                    Value::Float(x) if x.fract() == 0.0 && *x >= 0.0 => Some(*x as u64),
                    _ => None,
                };
                if let Some(id) = id.map(NodeId)
                    && ctx.graph().node_exists(id)?
                {
                    nodes.push(id);
                }
                Ok(())
            };
            match self.ids.evaluate_single(ctx)? {
                Value::Null => {}
                Value::List(items) => items.iter().try_for_each(&mut seek)?,
                other => {
                    let found = other.type_name();
                    let message = format!("IN expects a List, found {found} `{other}`");
                    let error = Error::type_error(Detail::InvalidArgumentType, message);
                    return Err(error.at(self.ids.span()));
                }
            }
            // In descending order, so that taking from the end is ascending.
            nodes.sort_unstable();
            nodes.dedup();
            nodes.reverse();
            self.found = Some(nodes);
        }
        let Some(left) = &mut self.found else { return Ok(None) };
        if left.is_empty() {
            return Ok(None);
        }
        let mut nodes = left.split_off(left.len().saturating_sub(ctx.batch_rows()));
        nodes.reverse();
        let mut batch = Batch::empty(nodes.len());
        batch.set(self.slot, Column::nodes(nodes));
        Ok(Some(batch))
    }

    fn reset(&mut self) {
        self.found = None;
    }
}

/// Every relationship of some types, with its ends.
pub(crate) struct RelationshipTypeScan {
    relationship: Slot,
    from: Slot,
    to: Slot,
    direction: Direction,
    types: Vec<Arc<str>>,
    /// Whether anything reads the ends.
    ends: bool,
    next: Option<RelationshipId>,
}

impl RelationshipTypeScan {
    pub(crate) fn new(
        relationship: Slot,
        (from, to): (Slot, Slot),
        direction: Direction,
        types: Vec<Arc<str>>,
        ends: bool,
    ) -> Self {
        // Either way, only the ends tell a self-loop, which is given once.
        let ends = ends || direction == Direction::Both;
        Self { relationship, from, to, direction, types, ends, next: Some(RelationshipId(0)) }
    }
}

impl Operator for RelationshipTypeScan {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        let Some(next) = self.next else { return Ok(None) };
        ctx.check_limits()?;
        let graph = ctx.graph();
        let Some(types) = type_ids(graph, &self.types) else { return Ok(None) };
        // Either way, a relationship makes up to two rows.
        let limit = if self.direction == Direction::Both {
            (ctx.batch_rows() / 2).max(1)
        } else {
            ctx.batch_rows()
        };
        let mut ids = Vec::with_capacity(limit);
        graph.scan_relationships(&types, next, limit, &mut ids)?;
        self.next = ids.last().filter(|_| ids.len() == limit).map(|r| RelationshipId(r.0 + 1));
        if ids.is_empty() {
            return Ok(None);
        }
        if !self.ends {
            let mut batch = Batch::empty(ids.len());
            batch.set(self.relationship, Column::relationships(ids));
            return Ok(Some(batch));
        }
        let ends = graph.relationship_ends(&ids)?;
        let mut relationships = Vec::with_capacity(ids.len());
        let mut from = Vec::with_capacity(ids.len());
        let mut to = Vec::with_capacity(ids.len());
        for (id, end) in ids.iter().zip(ends) {
            let Some((_, start, end)) = end else {
                return Err(Error::corruption(format!("relationship {id} has no record")));
            };
            if self.direction != Direction::Incoming {
                relationships.push(*id);
                from.push(start);
                to.push(end);
            }
            if self.direction == Direction::Incoming
                || (self.direction == Direction::Both && start != end)
            {
                relationships.push(*id);
                from.push(end);
                to.push(start);
            }
        }
        let mut batch = Batch::empty(relationships.len());
        batch.set(self.relationship, Column::relationships(relationships));
        batch.set(self.from, Column::nodes(from));
        batch.set(self.to, Column::nodes(to));
        Ok(Some(batch))
    }

    fn reset(&mut self) {
        self.next = Some(RelationshipId(0));
    }
}

/// A count that LIMIT, SKIP or Top was given.
pub(super) fn row_count(count: &Compiled, what: &str, ctx: &Context) -> Result<u64> {
    let syntax = |detail, message: String| {
        Error::syntax(detail, message).in_phase(crate::error::Phase::Runtime).at(count.span())
    };
    match count.evaluate_single(ctx)? {
        Value::Integer(n) if n >= 0 => Ok(n as u64),
        Value::Float(x) if x.fract() == 0.0 && x >= 0.0 => Ok(x as u64),
        Value::Integer(n) => Err(syntax(
            Detail::NegativeIntegerArgument,
            format!("{what} expects a number that is not negative, found {n}"),
        )),
        other => Err(syntax(
            Detail::InvalidArgumentType,
            format!("{what} expects an Integer, found {} `{other}`", other.type_name()),
        )),
    }
}
