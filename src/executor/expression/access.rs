//! Reaching into values: properties, elements, labels, paths.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::bound::LabelExpression;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;
use crate::graph::TypeId;
use crate::meter;
use crate::value::Bitmap;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::ColumnData;
use crate::value::Node;
use crate::value::NodeId;
use crate::value::Path;
use crate::value::Relationship;
use crate::value::RelationshipId;
use crate::value::Value;
use crate::value::ordering::Equivalence;
use crate::value::temporal;

use super::Batch;
use super::Context;
use super::logic::{self, Truth};

/// Whether a value is neither null nor built of others, so that equality needs no third answer.
pub(super) fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::List(_) | Value::Map(_))
        && !matches!(value, Value::Float(x) if x.is_nan())
}

/// `column IN set`.
pub(super) fn in_set(column: &Column, set: &FxHashSet<Equivalence>) -> Column {
    let one = |value: Value| match value {
        Value::Null if set.is_empty() => Truth::False,
        Value::Null => Truth::Null,
        // NaN is equivalent to itself but equals nothing.
        Value::Float(x) if x.is_nan() => Truth::False,
        value => Truth::from_option(Some(set.contains(&Equivalence(value)))),
    };
    if let Some(value) = column.as_constant() {
        return constant_truth(one(value.clone()), column.len());
    }
    logic::column_of(column.iter().map(one).collect())
}

fn constant_truth(truth: Truth, len: usize) -> Column {
    let value = match truth {
        Truth::True => Value::Boolean(true),
        Truth::False => Value::Boolean(false),
        Truth::Null => Value::Null,
    };
    Column::constant(value, len)
}

/// The ids of a column of nodes with what is present, if it is one.
pub(super) fn node_ids(column: &Column) -> Option<(&[NodeId], Option<&Bitmap>)> {
    column.as_nodes().map(|ids| (ids, column.validity()))
}

/// Puts nulls where the source has them.
fn mask(column: Column, validity: Option<&Bitmap>) -> Column {
    let Some(present) = validity else { return column };
    match column.data() {
        ColumnData::Constant(..) | ColumnData::Value(_) => Column::from_values(
            column
                .iter()
                .zip(present.iter())
                .map(|(value, present)| if present { value } else { Value::Null }),
        ),
        _ => {
            let both: Bitmap =
                present.iter().enumerate().map(|(i, p)| p && !column.is_null(i)).collect();
            column.with_validity(both)
        }
    }
}

fn present<T: Copy>(ids: &[T], validity: Option<&Bitmap>) -> impl Iterator<Item = T> {
    ids.iter()
        .enumerate()
        .filter(move |(i, _)| validity.is_none_or(|v| v.get(*i)))
        .map(|(_, id)| *id)
}

/// `column.key`.
pub(super) fn property(column: &Column, key: &Arc<str>, ctx: &Context) -> Result<Column> {
    let graph = ctx.graph();
    if let Some((ids, validity)) = node_ids(column) {
        ctx.check_nodes(present(ids, validity))?;
        let Some(key) = graph.key_id(key) else { return Ok(Column::nulls(ids.len())) };
        return Ok(mask(graph.node_property(ids, key)?, validity));
    }
    if let Some(ids) = column.as_relationships() {
        ctx.check_relationships(present(ids, column.validity()))?;
        let Some(key) = graph.key_id(key) else { return Ok(Column::nulls(ids.len())) };
        return Ok(mask(graph.relationship_property(ids, key)?, column.validity()));
    }
    if let Some(value) = column.as_constant() {
        let value = property_of(value, key, ctx)?;
        return Ok(Column::constant(value, column.len()));
    }
    let mut builder = ColumnBuilder::default();
    for value in column.iter() {
        builder.push(property_of(&value, key, ctx)?);
    }
    Ok(builder.finish())
}

/// One property of one value.
pub(super) fn property_of(value: &Value, key: &str, ctx: &Context) -> Result<Value> {
    let graph = ctx.graph();
    match value {
        Value::Null => Ok(Value::Null),
        Value::Map(map) => Ok(map.get(key).cloned().unwrap_or_default()),
        Value::Node(node) => {
            ctx.check_nodes(std::iter::once(node.id()))?;
            match graph.key_id(key) {
                Some(key) => Ok(graph.node_property(&[node.id()], key)?.get(0)),
                None => Ok(Value::Null),
            }
        }
        Value::Relationship(relationship) => {
            ctx.check_relationships(std::iter::once(relationship.id()))?;
            match graph.key_id(key) {
                Some(key) => Ok(graph.relationship_property(&[relationship.id()], key)?.get(0)),
                None => Ok(Value::Null),
            }
        }
        Value::Point(point) => point.component(key),
        other => match temporal::component(other, key) {
            Some(value) => value,
            None => {
                let message = format!("{} `{other}` has no property `{key}`", other.type_name());
                let error = Error::type_error(Detail::InvalidArgumentType, message);
                Err(match nearest(key, temporal::components(other)) {
                    Some(near) => error.help(format!("Did you mean `{near}`?")),
                    None => error,
                })
            }
        },
    }
}

/// `target[index]`.
pub(super) fn index(target: &Column, index: &Column, ctx: &Context) -> Result<Column> {
    let mut builder = ColumnBuilder::default();
    if let (Some(t), Some(i)) = (target.as_constant(), index.as_constant()) {
        return Ok(Column::constant(element(t, i, ctx)?, target.len()));
    }
    if let Some(Value::List(items)) = target.as_constant() {
        // The list is the same in every row: reach into it without touching its count each time.
        for i in index.iter() {
            builder.push(match i {
                Value::Integer(i) => list_element(items, i),
                other => element(&Value::List(items.clone()), &other, ctx)?,
            });
        }
        return Ok(builder.finish());
    }
    for (t, i) in target.iter().zip(index.iter()) {
        builder.push(element(&t, &i, ctx)?);
    }
    Ok(builder.finish())
}

fn list_element(items: &[Value], index: i64) -> Value {
    let at = if index < 0 { index + items.len() as i64 } else { index };
    usize::try_from(at).ok().and_then(|at| items.get(at)).cloned().unwrap_or_default()
}

fn element(target: &Value, index: &Value, ctx: &Context) -> Result<Value> {
    match (target, index) {
        (Value::List(items), Value::Integer(i)) => Ok(list_element(items, *i)),
        (Value::Null, _) => Ok(Value::Null),
        (Value::List(_) | Value::Map(_) | Value::Node(_) | Value::Relationship(_), Value::Null) => {
            Ok(Value::Null)
        }
        (Value::Map(_) | Value::Node(_) | Value::Relationship(_), Value::String(key)) => {
            property_of(target, key, ctx)
        }
        (Value::Map(_) | Value::Node(_) | Value::Relationship(_), other) => Err(Error::type_error(
            Detail::MapElementAccessByNonString,
            format!("a {} is indexed by a String, found {other}", target.type_name()),
        )),
        (Value::List(_), other) => Err(Error::type_error(
            Detail::InvalidArgumentType,
            format!("a List is indexed by an Integer, found {} `{other}`", other.type_name()),
        )),
        (other, _) => Err(Error::type_error(
            Detail::InvalidArgumentType,
            format!("expected a List or a Map, found {} `{other}`", other.type_name()),
        )),
    }
}

/// `target[from..to]`.
pub(super) fn slice(target: &Column, from: Option<&Column>, to: Option<&Column>) -> Result<Column> {
    let mut builder = ColumnBuilder::default();
    for row in 0..target.len() {
        let bound = |column: Option<&Column>, default: i64| match column.map(|c| c.get(row)) {
            None => Ok(Some(default)),
            Some(Value::Null) => Ok(None),
            Some(Value::Integer(i)) => Ok(Some(i)),
            Some(other) => Err(Error::type_error(
                Detail::InvalidArgumentType,
                format!("a List is cut by Integers, found {} `{other}`", other.type_name()),
            )),
        };
        let items = match target.get(row) {
            Value::Null => {
                builder.push_null();
                continue;
            }
            Value::List(items) => items,
            other => {
                return Err(Error::type_error(
                    Detail::InvalidArgumentType,
                    format!("expected a List, found {} `{other}`", other.type_name()),
                ));
            }
        };
        let len = items.len() as i64;
        let (Some(from), Some(to)) = (bound(from, 0)?, bound(to, len)?) else {
            builder.push_null();
            continue;
        };
        let clamp = |i: i64| if i < 0 { (i + len).max(0) } else { i.min(len) } as usize;
        let part = items.get(clamp(from)..clamp(to)).unwrap_or_default();
        meter::ask(size_of_val(part) as u64)?;
        let mut items = Vec::with_capacity(part.len());
        meter::pieces(part).for_each(|piece| items.extend_from_slice(piece));
        builder.push(Value::list(items));
    }
    Ok(builder.finish())
}

/// Whether the labels of nodes, or the types of relationships, satisfy the expression.
pub(super) fn has_labels(
    column: &Column,
    labels: &LabelExpression,
    ctx: &Context,
) -> Result<Column> {
    if let Some((ids, validity)) = node_ids(column) {
        ctx.check_nodes(present(ids, validity))?;
        let bits = node_labels(ids, labels, ctx)?;
        return Ok(mask(Column::booleans(bits), validity));
    }
    if let Some(ids) = column.as_relationships() {
        let graph = ctx.graph();
        // Few types and many relationships: ask about each type once.
        let mut answers: Vec<(TypeId, bool)> = Vec::new();
        let ends = graph.relationship_ends(ids)?;
        let bits = ends.into_iter().map(|end| {
            let Some((type_id, _, _)) = end else { return false };
            if let Some((_, answer)) = answers.iter().find(|(known, _)| *known == type_id) {
                return *answer;
            }
            let answer = type_satisfies(&graph.type_name(type_id), labels);
            answers.push((type_id, answer));
            answer
        });
        return Ok(mask(Column::booleans(bits.collect()), column.validity()));
    }
    let mut truths = Vec::with_capacity(column.len());
    for value in column.iter() {
        truths.push(match value {
            Value::Null => Truth::Null,
            Value::Node(node) => {
                let bits = node_labels(&[node.id()], labels, ctx)?;
                Truth::from_option(bits.first().copied())
            }
            Value::Relationship(relationship) => {
                let graph = ctx.graph();
                let name =
                    graph.relationship(relationship.id())?.map(|(t, _, _)| graph.type_name(t));
                Truth::from_option(name.map(|name| type_satisfies(&name, labels)))
            }
            other => {
                return Err(Error::type_error(
                    Detail::InvalidArgumentType,
                    format!("expected a Node, found {} `{other}`", other.type_name()),
                ));
            }
        });
    }
    Ok(logic::column_of(truths))
}

/// As [`has_labels`], for labels that a column of names or lists of names asks for; null of null.
pub(super) fn has_computed_labels(
    column: &Column,
    names: &Column,
    any: bool,
    ctx: &Context,
) -> Result<Column> {
    let asked = |names: &Value| -> Result<Option<LabelExpression>> {
        let Some(names) = label_names(names)? else { return Ok(None) };
        let parts = names.into_iter().map(LabelExpression::Label).collect();
        Ok(Some(if any { LabelExpression::Or(parts) } else { LabelExpression::And(parts) }))
    };
    if let Some(names) = names.as_constant() {
        return match asked(names)? {
            Some(labels) => has_labels(column, &labels, ctx),
            None => Ok(Column::nulls(column.len())),
        };
    }
    let mut builder = ColumnBuilder::default();
    for (row, names) in names.iter().enumerate() {
        builder.push(match asked(&names)? {
            Some(labels) => has_labels(&column.gather(&[row as u32]), &labels, ctx)?.get(0),
            None => Value::Null,
        });
    }
    Ok(builder.finish())
}

/// The labels or types that a value names: a string, or a list of strings; none for null.
pub(in crate::executor) fn label_names(value: &Value) -> Result<Option<Vec<Arc<str>>>> {
    let misfit = |value: &Value| {
        Error::type_error(
            Detail::InvalidArgumentType,
            format!(
                "expected a String that names a label or type, found {} `{value}`",
                value.type_name()
            ),
        )
    };
    match value {
        Value::Null => Ok(None),
        Value::String(name) => Ok(Some(vec![name.clone()])),
        Value::List(names) => {
            let each = names.iter().map(|name| match name {
                Value::String(name) => Ok(name.clone()),
                other => Err(misfit(other)),
            });
            each.collect::<Result<_>>().map(Some)
        }
        other => Err(misfit(other)),
    }
}

fn node_labels(ids: &[NodeId], labels: &LabelExpression, ctx: &Context) -> Result<Vec<bool>> {
    let graph = ctx.graph();
    let combine = |parts: &[LabelExpression], and: bool| -> Result<Vec<bool>> {
        let mut bits = vec![and; ids.len()];
        for part in parts {
            for (bit, other) in bits.iter_mut().zip(node_labels(ids, part, ctx)?) {
                *bit = if and { *bit && other } else { *bit || other };
            }
        }
        Ok(bits)
    };
    match labels {
        LabelExpression::Label(name) => match graph.label_id(name) {
            Some(label) => Ok(graph.has_label(ids, label)?.iter().collect()),
            None => Ok(vec![false; ids.len()]),
        },
        LabelExpression::Any => {
            ids.iter().map(|id| Ok(!graph.node_labels(*id)?.is_empty())).collect()
        }
        LabelExpression::And(parts) => combine(parts, true),
        LabelExpression::Or(parts) => combine(parts, false),
        LabelExpression::Not(part) => {
            Ok(node_labels(ids, part, ctx)?.into_iter().map(|bit| !bit).collect())
        }
    }
}

fn type_satisfies(name: &str, labels: &LabelExpression) -> bool {
    match labels {
        LabelExpression::Label(label) => **label == *name,
        LabelExpression::Any => true,
        LabelExpression::And(parts) => parts.iter().all(|p| type_satisfies(name, p)),
        LabelExpression::Or(parts) => parts.iter().any(|p| type_satisfies(name, p)),
        LabelExpression::Not(part) => !type_satisfies(name, part),
    }
}

/// Fails where a function would read something deleted. A relationship's type and an id outlive it.
pub(super) fn check_deleted(function: &str, column: &Column, ctx: &Context) -> Result<()> {
    if !matches!(function, "labels" | "properties" | "keys") {
        return Ok(());
    }
    if let Some((ids, validity)) = node_ids(column) {
        return ctx.check_nodes(present(ids, validity));
    }
    if let Some(ids) = column.as_relationships() {
        return ctx.check_relationships(present(ids, column.validity()));
    }
    for value in column.iter() {
        match value {
            Value::Node(node) => ctx.check_nodes(std::iter::once(node.id()))?,
            Value::Relationship(r) => ctx.check_relationships(std::iter::once(r.id()))?,
            _ => {}
        }
    }
    Ok(())
}

/// Builds paths from nodes and relationships (or lists of them) in turn.
pub(super) fn path(slots: &[Slot], batch: &Batch, ctx: &Context) -> Result<Column> {
    let columns = slots.iter().map(|slot| batch.column(*slot)).collect::<Result<Vec<_>>>()?;
    let mut builder = ColumnBuilder::default();
    for row in 0..batch.len() {
        let elements: Vec<Value> = columns.iter().map(|c| c.get(row)).collect();
        builder.push(one_path(&elements, ctx)?);
    }
    Ok(builder.finish())
}

fn one_path(elements: &[Value], ctx: &Context) -> Result<Value> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut relationships: Vec<Relationship> = Vec::new();
    for (at, element) in elements.iter().enumerate() {
        match element {
            Value::Null => return Ok(Value::Null),
            // A node that ends a list of relationships is there already.
            Value::Node(node) if nodes.len() == relationships.len() => nodes.push(node.clone()),
            Value::Node(_) => {}
            Value::Relationship(relationship) => relationships.push(relationship.clone()),
            Value::List(items) => {
                for item in items.iter() {
                    let Value::Relationship(relationship) = item else {
                        return Err(not_a_path(item));
                    };
                    let from = nodes.last().map_or(NodeId(0), Node::id);
                    let to = other_end(relationship.id(), from, ctx)?;
                    relationships.push(relationship.clone());
                    nodes.push(Node::new(to));
                }
                // Without relationships both ends are one node.
                debug_assert!(at > 0);
            }
            other => return Err(not_a_path(other)),
        }
    }
    Path::new(nodes, relationships)
        .map(|path| Value::Path(Arc::new(path)))
        .ok_or_else(|| Error::internal("a path whose nodes and relationships do not take turns"))
}

fn not_a_path(value: &Value) -> Error {
    Error::internal(format!("a path of {} `{value}`", value.type_name()))
}

fn other_end(relationship: RelationshipId, from: NodeId, ctx: &Context) -> Result<NodeId> {
    match ctx.graph().relationship(relationship)? {
        Some((_, start, end)) => Ok(if start == from { end } else { start }),
        None => Err(Error::internal(format!("relationship {relationship} of a path is gone"))),
    }
}
