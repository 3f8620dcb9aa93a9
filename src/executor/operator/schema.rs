//! Commands that create and drop indexes and constraints.

use std::sync::Arc;

use crate::bound;
use crate::bound::Demand;
use crate::bound::SchemaCommand;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::graph::ConstraintKind;
use crate::graph::IndexKind;
use crate::graph::KeyId;
use crate::graph::SchemaTarget;
use crate::meter;
use crate::value::Value;

use super::Operator;

/// Runs a command once, and gives no row.
pub(crate) struct Schema {
    command: SchemaCommand,
    name: Option<Compiled>,
    done: bool,
}

impl Schema {
    pub(crate) fn new(command: &SchemaCommand) -> Result<Self> {
        let name = command.name().map(Compiled::new).transpose()?;
        Ok(Self { command: command.clone(), name, done: false })
    }

    fn run(&self, ctx: &mut Context) -> Result<()> {
        let name = match &self.name {
            None => None,
            Some(name) => match name.evaluate_single(ctx)? {
                Value::String(text) => Some(text),
                other => {
                    let found = other.type_name();
                    let message = format!("expected the name as a String, found {found} `{other}`");
                    let error = Error::type_error(Detail::InvalidArgumentType, message);
                    return Err(error.at(name.span()));
                }
            },
        };
        let name = name.as_deref();
        let place = |error: Error| match &self.name {
            Some(name) => error.at(name.span()),
            None => error,
        };
        match &self.command {
            SchemaCommand::CreateIndex(command) => {
                let (Some(on), Some(kind)) = (&command.on, command.kind) else {
                    return if command.if_not_exists { Ok(()) } else { Err(looked_up()) };
                };
                let (on, keys) = target(on, &command.properties, ctx)?;
                let kind = match kind {
                    bound::IndexKind::Range => IndexKind::Range,
                    bound::IndexKind::Text => IndexKind::Text,
                };
                let transaction = ctx.transaction()?;
                transaction.interrupted_by(meter::check);
                transaction
                    .create_index(name, kind, on, keys, command.if_not_exists)
                    .map_err(place)?;
            }
            SchemaCommand::CreateConstraint(command) => {
                let (on, keys) = target(&command.on, &command.properties, ctx)?;
                let kind = match &command.demand {
                    Demand::Unique => ConstraintKind::Unique,
                    Demand::Key => ConstraintKind::Key,
                    Demand::Exists => ConstraintKind::Exists,
                    Demand::Type(ty) => ConstraintKind::Type(ty.clone()),
                };
                let transaction = ctx.transaction()?;
                transaction.interrupted_by(meter::check);
                transaction
                    .create_constraint(name, kind, on, keys, command.if_not_exists)
                    .map_err(place)?;
            }
            SchemaCommand::DropIndex(command) => {
                let name = name.unwrap_or_default();
                ctx.transaction()?.drop_index(name, command.if_exists).map_err(place)?;
            }
            SchemaCommand::DropConstraint(command) => {
                let name = name.unwrap_or_default();
                ctx.transaction()?.drop_constraint(name, command.if_exists).map_err(place)?;
            }
        }
        Ok(())
    }
}

/// What a command is on; names that the graph has not met become known.
fn target(
    on: &bound::SchemaEntity,
    properties: &[Arc<str>],
    ctx: &mut Context,
) -> Result<(SchemaTarget, Vec<KeyId>)> {
    let transaction = ctx.transaction()?;
    let target = match on.relationship {
        true => SchemaTarget::Type(transaction.relationship_type(&on.name)?),
        false => SchemaTarget::Label(transaction.label(&on.name)?),
    };
    let keys = properties.iter().map(|key| transaction.key(key)).collect::<Result<_>>()?;
    Ok((target, keys))
}

fn looked_up() -> Error {
    Error::new(
        ErrorClass::SchemaError,
        Phase::Runtime,
        Detail::IndexAlreadyExists,
        "nodes are looked up by label and relationships by type without an index",
    )
    .help("Add IF NOT EXISTS to let it be.")
}

impl Operator for Schema {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if !std::mem::replace(&mut self.done, true) {
            self.run(ctx)?;
        }
        Ok(None)
    }

    fn reset(&mut self) {
        self.done = false;
    }
}
