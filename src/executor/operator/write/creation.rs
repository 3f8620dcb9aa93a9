//! Creating patterns, for all rows of a batch at once where labels and types are the same for all.

use std::sync::Arc;

use crate::bound;
use crate::bound::ExpressionKind;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::graph::KeyId;
use crate::plan;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::{Labels, map_of, written_names};

/// A pattern to create, compiled.
pub(in crate::executor::operator) struct Creation {
    nodes: Vec<NewNode>,
    relationships: Vec<NewRelationship>,
}

struct NewNode {
    slot: Slot,
    labels: Labels,
    properties: Properties,
}

struct NewRelationship {
    slot: Slot,
    type_name: TypeName,
    start: Slot,
    end: Slot,
    properties: Properties,
    span: Span,
}

/// The type of a new relationship, compiled.
enum TypeName {
    Name(Arc<str>),
    Computed(Compiled),
}

impl Creation {
    pub(in crate::executor::operator) fn new(pattern: &plan::CreatePattern) -> Result<Self> {
        let nodes = pattern
            .nodes
            .iter()
            .map(|node| {
                Ok(NewNode {
                    slot: node.slot,
                    labels: Labels::new(&node.labels)?,
                    properties: Properties::new(node.properties.as_ref())?,
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
                    properties: Properties::new(relationship.properties.as_ref())?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { nodes, relationships })
    }

    /// Creates the pattern once for each row and adds the new variables. Property maps see the batch
    /// as it was and, for relationships, the new nodes.
    pub(in crate::executor::operator) fn create(
        &self,
        mut batch: Batch,
        ctx: &mut Context,
    ) -> Result<Batch> {
        if batch.is_empty() {
            return Ok(batch);
        }
        for node in &self.nodes {
            let created = node.create(&batch, ctx)?;
            batch.set(node.slot, Column::nodes(created));
            ctx.hold_written()?;
        }
        for relationship in &self.relationships {
            let created = relationship.create(&batch, ctx)?;
            batch.set(relationship.slot, Column::relationships(created));
            ctx.hold_written()?;
        }
        Ok(batch)
    }
}

impl NewNode {
    fn create(&self, batch: &Batch, ctx: &mut Context) -> Result<Vec<NodeId>> {
        let properties = self.properties.evaluate(batch, ctx)?;
        let computed = self.labels.evaluate(batch, ctx)?;
        let mut labels = self.labels.ids(&computed, 0, ctx)?;
        if computed.is_empty()
            && let Evaluated::Columns(columns) = properties
        {
            let columns = known(columns, ctx)?;
            let first = ctx.transaction()?.create_nodes(&labels, batch.len(), columns);
            let NodeId(first) = first.map_err(self.properties.place())?;
            return Ok((first..).take(batch.len()).map(NodeId).collect());
        }
        let mut created = Vec::with_capacity(batch.len());
        for row in 0..batch.len() {
            if row > 0 && !computed.is_empty() {
                labels = self.labels.ids(&computed, row, ctx)?;
            }
            let made = properties
                .of_row(row, ctx)
                .and_then(|properties| ctx.transaction()?.create_node(&labels, properties));
            created.push(made.map_err(self.properties.place())?);
        }
        Ok(created)
    }
}

impl NewRelationship {
    fn create(&self, batch: &Batch, ctx: &mut Context) -> Result<Vec<RelationshipId>> {
        let properties = self.properties.evaluate(batch, ctx)?;
        let types = match &self.type_name {
            TypeName::Name(_) => None,
            TypeName::Computed(name) => Some(name.evaluate(batch, ctx)?),
        };
        let ends = self.ends(batch, ctx)?;
        if let TypeName::Name(name) = &self.type_name
            && let Evaluated::Columns(columns) = properties
        {
            let columns = known(columns, ctx)?;
            let transaction = ctx.transaction()?;
            let type_id = transaction.relationship_type(name)?;
            let first = transaction.create_relationships(type_id, &ends, columns);
            let RelationshipId(first) = first.map_err(self.properties.place())?;
            return Ok((first..).take(batch.len()).map(RelationshipId).collect());
        }
        let mut created = Vec::with_capacity(batch.len());
        for (row, (start, end)) in ends.into_iter().enumerate() {
            let properties = properties.of_row(row, ctx).map_err(self.properties.place())?;
            let name = match (&self.type_name, &types) {
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
            created.push(made.map_err(self.properties.place())?);
        }
        Ok(created)
    }

    /// Start and end for each row.
    fn ends(&self, batch: &Batch, ctx: &Context) -> Result<Vec<(NodeId, NodeId)>> {
        let (starts, ends) = (batch.column(self.start)?, batch.column(self.end)?);
        let of_row = |row| {
            let (start, end) = (end_node(&starts.get(row))?, end_node(&ends.get(row))?);
            ctx.check_nodes([start, end].into_iter())?;
            Ok((start, end))
        };
        let all: Result<Vec<_>> = (0..batch.len()).map(of_row).collect();
        all.map_err(|error| error.at(self.span))
    }
}

/// The properties of what is created, compiled.
enum Properties {
    None,
    /// A map that the query spells out: its entries in the order of their names.
    Entries(Vec<(Arc<str>, Compiled)>, Span),
    /// Any other map.
    Map(Compiled),
}

/// The properties of the rows of a batch.
enum Evaluated {
    Columns(Vec<(Arc<str>, Column)>),
    Maps(Column),
}

impl Properties {
    fn new(expression: Option<&bound::Expression>) -> Result<Self> {
        let Some(expression) = expression else { return Ok(Self::None) };
        let ExpressionKind::Map(entries) = &expression.kind else {
            return Ok(Self::Map(Compiled::new(expression)?));
        };
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        if entries.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Ok(Self::Map(Compiled::new(expression)?));
        }
        let compiled = |(name, value): &(Arc<str>, _)| Ok((name.clone(), Compiled::new(value)?));
        let entries = entries.into_iter().map(compiled).collect::<Result<_>>()?;
        Ok(Self::Entries(entries, expression.span))
    }

    fn evaluate(&self, batch: &Batch, ctx: &Context) -> Result<Evaluated> {
        let evaluated =
            |(name, value): &(Arc<str>, Compiled)| Ok((name.clone(), value.evaluate(batch, ctx)?));
        Ok(match self {
            Self::None => Evaluated::Columns(Vec::new()),
            Self::Entries(entries, _) => {
                Evaluated::Columns(entries.iter().map(evaluated).collect::<Result<_>>()?)
            }
            Self::Map(map) => Evaluated::Maps(map.evaluate(batch, ctx)?),
        })
    }

    /// Gives an error their place.
    fn place(&self) -> impl Fn(Error) -> Error {
        let span = match self {
            Self::None => None,
            Self::Entries(_, span) => Some(*span),
            Self::Map(map) => Some(map.span()),
        };
        move |error| match span {
            Some(span) => error.at(span),
            None => error,
        }
    }
}

impl Evaluated {
    /// The properties of one row; nulls are left out.
    fn of_row(&self, row: usize, ctx: &mut Context) -> Result<Vec<(KeyId, Value)>> {
        let mut properties = Vec::new();
        let mut add = |key: &str, value: Value, ctx: &mut Context| -> Result<()> {
            if !matches!(value, Value::Null) {
                properties.push((ctx.transaction()?.key(key)?, value));
            }
            Ok(())
        };
        match self {
            Self::Columns(columns) => {
                columns.iter().try_for_each(|(key, column)| add(key, column.get(row), ctx))?;
            }
            Self::Maps(maps) => {
                let map = map_of(&maps.get(row), ctx)?;
                map.iter().try_for_each(|(key, value)| add(key, value.clone(), ctx))?;
            }
        }
        Ok(properties)
    }
}

/// Columns by the ids of their keys. A key without any value is not made known.
fn known(columns: Vec<(Arc<str>, Column)>, ctx: &mut Context) -> Result<Vec<(KeyId, Column)>> {
    let has_values = |column: &Column| (0..column.len()).any(|row| !column.is_null(row));
    let columns = columns.into_iter().filter(|(_, column)| has_values(column));
    columns.map(|(name, column)| Ok((ctx.transaction()?.key(&name)?, column))).collect()
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
