//! What all writing operators share: creating patterns, and single changes of SET and REMOVE.

use std::sync::Arc;

use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
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

/// About how many bytes a created node or relationship takes until it is committed.
const CREATED: u64 = 256;

/// A pattern to create, compiled.
pub(super) struct Creation {
    nodes: Vec<NewNode>,
    relationships: Vec<NewRelationship>,
}

struct NewNode {
    slot: Slot,
    labels: Labels,
    properties: Option<Compiled>,
}

struct NewRelationship {
    slot: Slot,
    type_name: TypeName,
    start: Slot,
    end: Slot,
    properties: Option<Compiled>,
    span: Span,
}

/// Labels to give or take away, compiled.
pub(super) struct Labels {
    names: Vec<Arc<str>>,
    computed: Vec<Compiled>,
}

/// The type of a new relationship, compiled.
enum TypeName {
    Name(Arc<str>),
    Computed(Compiled),
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

/// The one type that a value names.
fn written_type(value: &Value) -> Result<Arc<str>> {
    match written_names(value)?.as_slice() {
        [name] => Ok(name.clone()),
        names => Err(Error::argument(
            Detail::InvalidArgumentValue,
            format!("a relationship has one type, found {}", names.len()),
        )),
    }
}

impl Creation {
    pub(super) fn new(pattern: &plan::CreatePattern) -> Result<Self> {
        let nodes = pattern
            .nodes
            .iter()
            .map(|node| {
                Ok(NewNode {
                    slot: node.slot,
                    labels: Labels::new(&node.labels)?,
                    properties: node.properties.as_ref().map(Compiled::new).transpose()?,
                })
            })
            .collect::<Result<_>>()?;
        let relationships = pattern
            .relationships
            .iter()
            .map(|relationship| {
                Ok(NewRelationship {
                    slot: relationship.slot,
                    type_name: match &relationship.type_name {
                        plan::NewType::Name(name) => TypeName::Name(name.clone()),
                        plan::NewType::Computed(name) => TypeName::Computed(Compiled::new(name)?),
                    },
                    start: relationship.start,
                    end: relationship.end,
                    span: relationship.span,
                    properties: relationship.properties.as_ref().map(Compiled::new).transpose()?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { nodes, relationships })
    }

    /// Creates the pattern once for each row and adds the new variables. Property maps see the batch
    /// as it was and, for relationships, the new nodes.
    pub(super) fn create(&self, mut batch: Batch, ctx: &mut Context) -> Result<Batch> {
        let created = batch.len() * (self.nodes.len() + self.relationships.len());
        ctx.hold_written(CREATED * created as u64)?;
        for node in &self.nodes {
            let maps = properties(node.properties.as_ref(), &batch, ctx)?;
            let computed = node.labels.evaluate(&batch, ctx)?;
            let mut labels = Vec::new();
            let mut created = Vec::with_capacity(batch.len());
            for row in 0..batch.len() {
                if row == 0 || !computed.is_empty() {
                    labels = node.labels.ids(&computed, row, ctx)?;
                }
                let made = stored(&maps, row, ctx)
                    .and_then(|properties| ctx.transaction()?.create_node(&labels, properties));
                created.push(made.map_err(at(node.properties.as_ref()))?);
            }
            batch.set(node.slot, Column::nodes(created));
        }
        for relationship in &self.relationships {
            let maps = properties(relationship.properties.as_ref(), &batch, ctx)?;
            let types = match &relationship.type_name {
                TypeName::Name(_) => None,
                TypeName::Computed(name) => Some(name.evaluate(&batch, ctx)?),
            };
            let starts = batch.column(relationship.start)?;
            let ends = batch.column(relationship.end)?;
            let mut created = Vec::with_capacity(batch.len());
            for row in 0..batch.len() {
                let end_of = |column: &Column| end_node(&column.get(row));
                let ends = end_of(&starts).and_then(|start| {
                    let end = end_of(&ends)?;
                    ctx.check_nodes([start, end].into_iter())?;
                    Ok((start, end))
                });
                let (start, end) = ends.map_err(|error| error.at(relationship.span))?;
                let properties = stored(&maps, row, ctx);
                let properties = properties.map_err(at(relationship.properties.as_ref()))?;
                let name = match (&relationship.type_name, &types) {
                    (TypeName::Computed(name), Some(types)) => {
                        written_type(&types.get(row)).map_err(|e| e.at(name.span()))?
                    }
                    (TypeName::Name(name), _) => name.clone(),
                    (TypeName::Computed(_), None) => {
                        return Err(Error::internal("a type was not computed"));
                    }
                };
                let transaction = ctx.transaction()?;
                let type_id = transaction.relationship_type(&name)?;
                let made = transaction.create_relationship(type_id, start, end, properties);
                created.push(made.map_err(at(relationship.properties.as_ref()))?);
            }
            batch.set(relationship.slot, Column::relationships(created));
        }
        Ok(batch)
    }
}

/// Gives an error the place of an expression, where there is one.
fn at(place: Option<&Compiled>) -> impl Fn(Error) -> Error {
    let span = place.map(Compiled::span);
    move |error| match span {
        Some(span) => error.at(span),
        None => error,
    }
}

fn end_node(value: &Value) -> Result<NodeId> {
    match value {
        Value::Node(node) => Ok(node.id()),
        Value::Null => Err(Error::type_error(
            Detail::InvalidArgumentValue,
            "a relationship cannot be created to or from null",
        )
        .help("Leave out the rows without a node, with WHERE … IS NOT NULL.")),
        other => Err(Error::type_error(
            Detail::InvalidArgumentType,
            format!("expected a Node at the end of a relationship, found {}", other.type_name()),
        )),
    }
}

fn properties(
    expression: Option<&Compiled>,
    batch: &Batch,
    ctx: &Context,
) -> Result<Option<Column>> {
    expression.map(|e| e.evaluate(batch, ctx)).transpose()
}

/// The properties of one row; nulls are left out.
fn stored(maps: &Option<Column>, row: usize, ctx: &mut Context) -> Result<Vec<(KeyId, Value)>> {
    let Some(maps) = maps else { return Ok(Vec::new()) };
    let map = map_of(&maps.get(row), ctx)?;
    let transaction = ctx.transaction()?;
    let mut properties = Vec::with_capacity(map.len());
    for (key, value) in map.iter() {
        if !matches!(value, Value::Null) {
            properties.push((transaction.key(key)?, value.clone()));
        }
    }
    Ok(properties)
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

/// A single change of SET or REMOVE, compiled.
pub(super) enum Change {
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
    pub(super) fn all(items: &[plan::UpdateItem]) -> Result<Vec<Self>> {
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
    pub(super) fn apply(&self, batch: &Batch, ctx: &mut Context) -> Result<()> {
        match self {
            Self::Property { target, key, value } => {
                let targets = target.evaluate(batch, ctx)?;
                let keys = key.evaluate(batch, ctx)?;
                let values = value.as_ref().map(|v| v.evaluate(batch, ctx)).transpose()?;
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

/// Collects what DELETE is to delete.
pub(super) fn collect_targets(
    value: &Value,
    nodes: &mut Vec<Node>,
    relationships: &mut Vec<Relationship>,
) -> Result<()> {
    match value {
        Value::Null => {}
        Value::Node(node) => nodes.push(node.clone()),
        Value::Relationship(relationship) => relationships.push(relationship.clone()),
        Value::Path(path) => {
            nodes.extend_from_slice(path.nodes());
            relationships.extend_from_slice(path.relationships());
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
