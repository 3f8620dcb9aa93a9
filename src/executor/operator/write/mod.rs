//! What all writing operators share: creating patterns, and single changes of SET and REMOVE.

mod change;
mod creation;

use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::executor::expression::label_names;
use crate::graph::KeyId;
use crate::graph::LabelId;
use crate::plan;
use crate::value::Column;
use crate::value::Map;
use crate::value::Node;
use crate::value::NodeId;
use crate::value::Relationship;
use crate::value::RelationshipId;
use crate::value::Value;

pub(super) use change::{Change, change_all, row_by_row};
pub(super) use creation::Creation;

/// Labels to give or take away, compiled.
pub(super) struct Labels {
    names: Vec<Arc<str>>,
    computed: Vec<Compiled>,
}

impl Labels {
    fn new(labels: &plan::NewLabels) -> Result<Self> {
        let names = labels.names.clone();
        Ok(Self { names, computed: Compiled::all(&labels.computed)? })
    }

    /// The names each row computes.
    fn evaluate(&self, batch: &Batch, ctx: &Context) -> Result<Vec<Column>> {
        self.computed.iter().map(|names| names.evaluate(batch, ctx)).collect()
    }

    /// The ids of all labels of one row.
    fn ids(&self, columns: &[Column], row: usize, ctx: &mut Context) -> Result<Vec<LabelId>> {
        let mut ids = Vec::with_capacity(self.names.len());
        for name in &self.names {
            ids.push(ctx.transaction()?.label(name)?);
        }
        for (column, names) in columns.iter().zip(&self.computed) {
            for name in written_names(&column.get(row)).map_err(|e| e.at(names.span()))? {
                ids.push(ctx.transaction()?.label(&name)?);
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}

/// The names of labels or types to write. Null names none, which a writer must hear of.
fn written_names(value: &Value) -> Result<Vec<Arc<str>>> {
    label_names(value)?.filter(|names| names.iter().all(|name| !name.is_empty())).ok_or_else(|| {
        Error::argument(
            Detail::InvalidArgumentValue,
            format!("{value} does not name a label or type to write"),
        )
        .help("Give a string that is not empty.")
    })
}

/// Gives an error the place of an expression, where there is one.
fn at(place: Option<&Compiled>) -> impl Fn(Error) -> Error {
    let span = place.map(Compiled::span);
    move |error| match span {
        Some(span) => error.at(span),
        None => error,
    }
}

/// The properties that a map, node or relationship stands for.
fn map_of(value: &Value, ctx: &Context) -> Result<Arc<Map>> {
    let graph = ctx.graph();
    let named = |properties: Vec<(KeyId, Value)>| {
        Arc::new(properties.into_iter().map(|(key, v)| (graph.key_name(key), v)).collect())
    };
    match value {
        Value::Map(map) => Ok(map.clone()),
        Value::Null => Ok(Arc::default()),
        Value::Node(node) => {
            ctx.check_nodes(std::iter::once(node.id()))?;
            Ok(named(graph.node_properties(node.id())?))
        }
        Value::Relationship(r) => {
            ctx.check_relationships(std::iter::once(r.id()))?;
            Ok(named(graph.relationship_properties(r.id())?))
        }
        other => Err(Error::type_error(
            Detail::InvalidArgumentType,
            format!("expected a Map of properties, found {} `{other}`", other.type_name()),
        )),
    }
}

/// Collects what DELETE is to delete.
pub(super) fn collect_targets(
    value: &Value,
    nodes: &mut Vec<NodeId>,
    relationships: &mut Vec<RelationshipId>,
) -> Result<()> {
    match value {
        Value::Null => {}
        Value::Node(node) => nodes.push(node.id()),
        Value::Relationship(relationship) => relationships.push(relationship.id()),
        Value::Path(path) => {
            nodes.extend(path.nodes().iter().map(Node::id));
            relationships.extend(path.relationships().iter().map(Relationship::id));
        }
        other => {
            return Err(Error::type_error(
                Detail::InvalidArgumentType,
                format!(
                    "expected a Node, Relationship or Path to delete, found {} `{other}`",
                    other.type_name()
                ),
            ));
        }
    }
    Ok(())
}
