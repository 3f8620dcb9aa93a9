//! Single changes of SET and REMOVE: a property of many at once where the targets are all nodes or all relationships.

use std::sync::Arc;

use crate::bound::Independence;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::plan;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::{Labels, at, map_of};

/// A single change of SET or REMOVE, compiled.
pub(in crate::executor::operator) enum Change {
    Property { target: Compiled, key: Compiled, value: Option<Compiled> },
    Map { target: Compiled, value: Compiled, replace: bool },
    Labels { target: Compiled, labels: Labels, add: bool },
}

/// What a change is made to.
enum Target {
    Node(NodeId),
    Relationship(RelationshipId),
}

impl Change {
    pub(in crate::executor::operator) fn all(items: &[plan::UpdateItem]) -> Result<Vec<Self>> {
        items.iter().map(Self::new).collect()
    }

    fn new(item: &plan::UpdateItem) -> Result<Self> {
        use plan::UpdateItem as Item;
        Ok(match item {
            Item::Property { target, key, value } => Self::Property {
                target: Compiled::new(target)?,
                key: Compiled::new(key)?,
                value: Some(Compiled::new(value)?),
            },
            Item::RemoveProperty { target, key } => Self::Property {
                target: Compiled::new(target)?,
                key: Compiled::new(key)?,
                value: None,
            },
            Item::Replace { target, value } => Self::Map {
                target: Compiled::new(target)?,
                value: Compiled::new(value)?,
                replace: true,
            },
            Item::Extend { target, value } => Self::Map {
                target: Compiled::new(target)?,
                value: Compiled::new(value)?,
                replace: false,
            },
            Item::AddLabels { target, labels } => {
                let (target, labels) = (Compiled::new(target)?, Labels::new(labels)?);
                Self::Labels { target, labels, add: true }
            }
            Item::RemoveLabels { target, labels } => {
                let (target, labels) = (Compiled::new(target)?, Labels::new(labels)?);
                Self::Labels { target, labels, add: false }
            }
        })
    }

    /// Makes the change for every row of the batch, in order. The values of all rows are computed
    /// before the first is changed.
    pub(in crate::executor::operator) fn apply(
        &self,
        batch: &Batch,
        ctx: &mut Context,
    ) -> Result<()> {
        self.change(batch, ctx)?;
        ctx.hold_written()
    }

    fn change(&self, batch: &Batch, ctx: &mut Context) -> Result<()> {
        match self {
            Self::Property { target, key, value } => {
                let targets = target.evaluate(batch, ctx)?;
                let keys = key.evaluate(batch, ctx)?;
                let values = value.as_ref().map(|v| v.evaluate(batch, ctx)).transpose()?;
                if let Some(Value::String(name)) = keys.as_constant()
                    && let Some(all) = Targets::of(&targets)
                {
                    all.check(ctx).map_err(at(Some(target)))?;
                    let values = values.unwrap_or_else(|| Column::nulls(batch.len()));
                    return all.set(name, &values, ctx).map_err(at(value.as_ref()));
                }
                for row in 0..batch.len() {
                    let found = target_of(&targets.get(row), ctx).map_err(at(Some(target)))?;
                    let Some(found) = found else { continue };
                    let Value::String(name) = keys.get(row) else {
                        return Err(Error::type_error(
                            Detail::MapElementAccessByNonString,
                            format!("a property key is a String, found {}", keys.get(row)),
                        )
                        .at(key.span()));
                    };
                    let new = values.as_ref().map_or(Value::Null, |v| v.get(row));
                    set_property(&found, &name, &new, ctx).map_err(at(value.as_ref()))?;
                }
                Ok(())
            }
            Self::Map { target, value, replace } => {
                let targets = target.evaluate(batch, ctx)?;
                let values = value.evaluate(batch, ctx)?;
                for row in 0..batch.len() {
                    let found = target_of(&targets.get(row), ctx).map_err(at(Some(target)))?;
                    let Some(found) = found else { continue };
                    set_all(&found, &values.get(row), *replace, ctx).map_err(at(Some(value)))?;
                    // A map may have many entries.
                    ctx.hold_written()?;
                }
                Ok(())
            }
            Self::Labels { target, labels, add } => {
                let targets = target.evaluate(batch, ctx)?;
                let computed = labels.evaluate(batch, ctx)?;
                for (row, value) in targets.iter().enumerate() {
                    let node = match target_of(&value, ctx).map_err(at(Some(target)))? {
                        None => continue,
                        Some(Target::Node(node)) => node,
                        Some(Target::Relationship(_)) => {
                            return Err(Error::type_error(
                                Detail::InvalidArgumentType,
                                "a relationship has no labels",
                            )
                            .at(target.span()));
                        }
                    };
                    let ids = labels.ids(&computed, row, ctx)?;
                    let transaction = ctx.transaction()?;
                    for label in ids {
                        if *add {
                            transaction.add_label(node, label)?;
                        } else {
                            transaction.remove_label(node, label)?;
                        }
                    }
                }
                Ok(())
            }
        }
    }
}

/// Sets the properties of a map; with `replace`, removes all others.
fn set_all(target: &Target, map: &Value, replace: bool, ctx: &mut Context) -> Result<()> {
    let map = map_of(map, ctx)?;
    if replace {
        for key in keys_of(target, ctx)? {
            if !map.contains_key(&key) {
                set_property(target, &key, &Value::Null, ctx)?;
            }
        }
    }
    for (key, value) in map.iter() {
        set_property(target, key, value, ctx)?;
    }
    Ok(())
}

fn target_of(value: &Value, ctx: &Context) -> Result<Option<Target>> {
    match value {
        Value::Null => Ok(None),
        Value::Node(node) => {
            ctx.check_nodes(std::iter::once(node.id()))?;
            Ok(Some(Target::Node(node.id())))
        }
        Value::Relationship(r) => {
            ctx.check_relationships(std::iter::once(r.id()))?;
            Ok(Some(Target::Relationship(r.id())))
        }
        other => Err(Error::type_error(
            Detail::InvalidArgumentType,
            format!("expected a Node or Relationship to change, found {}", other.type_name()),
        )),
    }
}

fn keys_of(target: &Target, ctx: &Context) -> Result<Vec<Arc<str>>> {
    let graph = ctx.graph();
    let properties = match target {
        Target::Node(node) => graph.node_properties(*node)?,
        Target::Relationship(relationship) => graph.relationship_properties(*relationship)?,
    };
    Ok(properties.into_iter().map(|(key, _)| graph.key_name(key)).collect())
}

fn set_property(target: &Target, key: &str, value: &Value, ctx: &mut Context) -> Result<()> {
    // Removing a key that the graph has never seen must not make it known.
    if matches!(value, Value::Null) && ctx.graph().key_id(key).is_none() {
        return Ok(());
    }
    let transaction = ctx.transaction()?;
    let key = transaction.key(key)?;
    match target {
        Target::Node(node) => transaction.set_node_property(*node, key, value),
        Target::Relationship(relationship) => {
            transaction.set_relationship_property(*relationship, key, value)
        }
    }
}

/// Several targets of one kind.
enum Targets<'a> {
    Nodes(&'a [NodeId]),
    Relationships(&'a [RelationshipId]),
}

impl<'a> Targets<'a> {
    /// Those in a column, if they are all of one kind, and more than one.
    fn of(column: &'a Column) -> Option<Self> {
        if column.len() < 2 || !column.has_no_nulls() {
            return None;
        }
        let nodes = column.as_nodes().map(Self::Nodes);
        nodes.or_else(|| column.as_relationships().map(Self::Relationships))
    }

    fn check(&self, ctx: &Context) -> Result<()> {
        match self {
            Self::Nodes(nodes) => ctx.check_nodes(nodes.iter().copied()),
            Self::Relationships(all) => ctx.check_relationships(all.iter().copied()),
        }
    }

    fn set(&self, name: &str, values: &Column, ctx: &mut Context) -> Result<()> {
        // Removing a key that the graph has never seen must not make it known.
        let removes = (0..values.len()).all(|row| values.is_null(row));
        if removes && ctx.graph().key_id(name).is_none() {
            return Ok(());
        }
        let transaction = ctx.transaction()?;
        let key = transaction.key(name)?;
        match self {
            Self::Nodes(nodes) => transaction.set_node_properties(nodes, key, values),
            Self::Relationships(all) => transaction.set_relationship_properties(all, key, values),
        }
    }
}

/// Makes changes for all rows: each for all of them together where that leaves the same.
pub(in crate::executor::operator) fn change_all(
    changes: &[Change],
    independence: &Independence,
    batch: &Batch,
    ctx: &mut Context,
) -> Result<()> {
    let together = match independence {
        Independence::Given => true,
        Independence::Unknown => false,
        Independence::Without(slots) => {
            let mut holds = false;
            for slot in slots {
                holds |= batch.column(*slot)?.holds_entities();
            }
            !holds
        }
    };
    if !together {
        return row_by_row(changes, batch, ctx);
    }
    changes.iter().try_for_each(|change| change.apply(batch, ctx))
}

/// Makes changes so that a row sees what the rows before it have changed.
pub(in crate::executor::operator) fn row_by_row(
    changes: &[Change],
    batch: &Batch,
    ctx: &mut Context,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    for row in 0..batch.len() {
        let one = batch.slice(row, row + 1);
        changes.iter().try_for_each(|change| change.apply(&one, ctx))?;
    }
    Ok(())
}
