//! Bound schema commands.

use std::sync::Arc;

use crate::value::PropertyType;

use super::Expression;

/// What a command does to the schema. Names of indexes and constraints are literals or parameters.
#[derive(Debug, Clone)]
pub enum SchemaCommand {
    /// CREATE INDEX.
    CreateIndex(CreateIndex),
    /// CREATE CONSTRAINT.
    CreateConstraint(CreateConstraint),
    /// DROP INDEX.
    DropIndex(DropSchema),
    /// DROP CONSTRAINT.
    DropConstraint(DropSchema),
}

/// The label or the type that an index or a constraint is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaEntity {
    /// Whether it is a type of relationships, rather than a label.
    pub relationship: bool,
    /// Its name.
    pub name: Arc<str>,
}

/// The kinds of indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexKind {
    /// Of all values, in their order.
    Range,
    /// Of strings.
    Text,
}

/// CREATE INDEX.
#[derive(Debug, Clone)]
pub struct CreateIndex {
    /// Its name, where it is given.
    pub name: Option<Expression>,
    /// Its kind; none for a look-up by label or type, which there always is.
    pub kind: Option<IndexKind>,
    /// What it is on; none for a look-up.
    pub on: Option<SchemaEntity>,
    /// Of which properties.
    pub properties: Vec<Arc<str>>,
    /// Whether one that is there already will do.
    pub if_not_exists: bool,
}

/// CREATE CONSTRAINT.
#[derive(Debug, Clone)]
pub struct CreateConstraint {
    /// Its name, where it is given.
    pub name: Option<Expression>,
    /// What it is on.
    pub on: SchemaEntity,
    /// Of which properties; never empty.
    pub properties: Vec<Arc<str>>,
    /// What it demands.
    pub demand: Demand,
    /// Whether one that is there already will do.
    pub if_not_exists: bool,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// No two have the same values.
    Unique,
    /// No two have the same values, and all have all of them.
    Key,
    /// All have the property.
    Exists,
    /// The property has this type.
    Type(PropertyType),
}

/// DROP INDEX and DROP CONSTRAINT.
#[derive(Debug, Clone)]
pub struct DropSchema {
    /// Its name.
    pub name: Expression,
    /// Whether it need not be there.
    pub if_exists: bool,
}

impl SchemaCommand {
    /// The expression for the name, where there is one.
    pub fn name(&self) -> Option<&Expression> {
        match self {
            Self::CreateIndex(command) => command.name.as_ref(),
            Self::CreateConstraint(command) => command.name.as_ref(),
            Self::DropIndex(command) | Self::DropConstraint(command) => Some(&command.name),
        }
    }

    /// As [`SchemaCommand::name`], to be changed.
    pub fn name_mut(&mut self) -> Option<&mut Expression> {
        match self {
            Self::CreateIndex(command) => command.name.as_mut(),
            Self::CreateConstraint(command) => command.name.as_mut(),
            Self::DropIndex(command) | Self::DropConstraint(command) => Some(&mut command.name),
        }
    }
}
