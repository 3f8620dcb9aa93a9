//! Indexes, constraints and SHOW.

use std::sync::Arc;

use crate::bound;
use crate::bound::Clause;
use crate::bound::Column;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::SchemaCommand;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::error::nearest;
use crate::syntax::ast;
use crate::value::Type;
use crate::value::Value;

use super::value_type::property_type;
use super::{Binder, error};

/// The words that may stand before what SHOW shows, for each with what the procedure is asked for.
const INDEX_FILTERS: &[(&str, &str)] = &[
    ("ALL", ""),
    ("RANGE", "RANGE"),
    ("TEXT", "TEXT"),
    ("LOOKUP", "LOOKUP"),
    ("POINT", "POINT"),
    ("FULLTEXT", "FULLTEXT"),
    ("VECTOR", "VECTOR"),
];
const CONSTRAINT_FILTERS: &[(&str, &str)] = &[
    ("ALL", ""),
    ("UNIQUE", "UNIQUENESS"),
    ("UNIQUENESS", "UNIQUENESS"),
    ("PROPERTY UNIQUE", "UNIQUENESS"),
    ("PROPERTY UNIQUENESS", "UNIQUENESS"),
    ("KEY", "KEY"),
    ("EXIST", "EXISTENCE"),
    ("EXISTENCE", "EXISTENCE"),
    ("PROPERTY EXIST", "EXISTENCE"),
    ("PROPERTY EXISTENCE", "EXISTENCE"),
    ("PROPERTY TYPE", "TYPE"),
];
const FUNCTION_FILTERS: &[(&str, &str)] =
    &[("ALL", ""), ("BUILT IN", "BUILT IN"), ("USER DEFINED", "USER DEFINED")];

impl Binder<'_> {
    pub(super) fn schema_command(&mut self, command: &ast::SchemaCommand) -> Result<SchemaCommand> {
        Ok(match &command.kind {
            ast::SchemaCommandKind::CreateIndex(command) => {
                SchemaCommand::CreateIndex(self.create_index(command)?)
            }
            ast::SchemaCommandKind::CreateConstraint(command) => {
                SchemaCommand::CreateConstraint(self.create_constraint(command)?)
            }
            ast::SchemaCommandKind::DropIndex(command) => {
                SchemaCommand::DropIndex(self.drop_schema(command))
            }
            ast::SchemaCommandKind::DropConstraint(command) => {
                SchemaCommand::DropConstraint(self.drop_schema(command))
            }
        })
    }

    fn create_index(&mut self, command: &ast::CreateIndex) -> Result<bound::CreateIndex> {
        let lookup = matches!(command.on, ast::IndexOn::EachToken { .. });
        let word = command
            .kind
            .as_ref()
            .map_or(if lookup { "LOOKUP" } else { "RANGE" }, |kind| kind.text.as_str());
        let kind = match word {
            "RANGE" => Some(bound::IndexKind::Range),
            "TEXT" => Some(bound::IndexKind::Text),
            "LOOKUP" => None,
            other => {
                let place = command.kind.as_ref().map_or(command.span, |kind| kind.span);
                return Err(Error::syntax(
                    Detail::UnknownIndexKind,
                    format!("there are no {other} indexes"),
                )
                .at(place)
                .help(
                    "The kinds are RANGE, which is meant where none is named, TEXT and LOOKUP.",
                ));
            }
        };
        check_options(command.options.as_ref(), word)?;
        let name = command.name.as_ref().map(|name| self.schema_name(name));
        let if_not_exists = command.if_not_exists;
        let (on, properties) = match (&command.on, kind) {
            (ast::IndexOn::EachToken { function, variable }, None) => {
                same_variable(&command.entity, variable)?;
                let wanted = if command.entity.relationship { "type" } else { "labels" };
                if !function.text.eq_ignore_ascii_case(wanted) {
                    return Err(misfit(format!("expected `{wanted}`"), function.span));
                }
                (None, Vec::new())
            }
            (ast::IndexOn::Properties(properties), Some(_)) => {
                (Some(entity(&command.entity)?), properties_of(&command.entity, properties)?)
            }
            (_, None) => {
                return Err(misfit(
                    "a LOOKUP index is on all labels or types".into(),
                    command.span,
                )
                .help("Write `FOR (n) ON EACH labels(n)`."));
            }
            (_, Some(_)) => {
                return Err(misfit(format!("a {word} index is on properties"), command.span)
                    .help("Write `FOR (n:Label) ON (n.property)`."));
            }
        };
        if kind == Some(bound::IndexKind::Text) && properties.len() > 1 {
            return Err(misfit("a TEXT index is on one property".into(), command.span)
                .help("Create one for each property, or a RANGE index."));
        }
        Ok(bound::CreateIndex { name, kind, on, properties, if_not_exists })
    }

    fn create_constraint(
        &mut self,
        command: &ast::CreateConstraint,
    ) -> Result<bound::CreateConstraint> {
        let demand = match &command.demand {
            ast::Demand::Unique => bound::Demand::Unique,
            ast::Demand::Key => bound::Demand::Key,
            ast::Demand::Exists => bound::Demand::Exists,
            ast::Demand::Type(of) => bound::Demand::Type(property_type(of)?),
        };
        check_options(command.options.as_ref(), "RANGE")?;
        let properties = properties_of(&command.entity, &command.properties)?;
        let single = matches!(demand, bound::Demand::Exists | bound::Demand::Type(_));
        if single && properties.len() > 1 {
            return Err(misfit("this constraint is on one property".into(), command.span)
                .help("Create one for each property."));
        }
        Ok(bound::CreateConstraint {
            name: command.name.as_ref().map(|name| self.schema_name(name)),
            on: entity(&command.entity)?,
            properties,
            demand,
            if_not_exists: command.if_not_exists,
        })
    }

    fn drop_schema(&mut self, command: &ast::DropSchema) -> bound::DropSchema {
        bound::DropSchema { name: self.schema_name(&command.name), if_exists: command.if_exists }
    }

    fn schema_name(&mut self, name: &ast::SchemaName) -> Expression {
        let (kind, span) = match name {
            ast::SchemaName::Name(name) => (string(&name.text), name.span),
            ast::SchemaName::Parameter(name) => {
                (ExpressionKind::Parameter(self.parameter(&name.text, name.span)), name.span)
            }
        };
        Expression { kind, span, ty: Type::String }
    }

    /// SHOW, which is a call of a procedure that has no name. Gives the columns that are its result where it is
    /// the whole query.
    pub(super) fn show(
        &mut self,
        show: &ast::Show,
        alone: bool,
        to: &mut Vec<Clause>,
    ) -> Result<Vec<Column>> {
        let what = show.what.keyword();
        let (entity, kind) = filter_of(show)?;
        if !alone && show.yield_.is_none() {
            return Err(error::composition(
                format!("SHOW {what} needs YIELD before another clause"),
                show.span,
            )
            .help("Write `YIELD *`, or name the columns."));
        }
        let Some((procedure, shown)) = self.registry.show(what) else {
            return Err(Error::internal(format!("nothing shows {what}")));
        };
        let argument =
            |text: &str| Expression { kind: string(text), span: show.span, ty: Type::String };
        let arguments = vec![argument(entity), argument(kind)];
        let signature = procedure.0.signature();
        let mut yields = Vec::new();
        let mut columns = Vec::new();
        let items = show.yield_.as_ref().map(|yield_| yield_.items.as_slice()).unwrap_or_default();
        let all = show.yield_.as_ref().is_some_and(|yield_| yield_.star);
        if items.is_empty() {
            let count = if all { signature.columns.len() } else { shown };
            for (at, (name, ty)) in signature.columns.iter().enumerate().take(count) {
                let slot = self.declare(name, ty.clone());
                yields.push((at, slot));
                columns.push(Column { name: name.clone(), slot });
            }
        }
        for item in items {
            let known = signature.columns.iter().position(|(name, _)| **name == *item.field.text);
            let Some((at, (_, ty))) = known.and_then(|at| Some((at, signature.columns.get(at)?)))
            else {
                let message = format!("SHOW {what} has no column `{}`", item.field);
                let error = Error::syntax(Detail::UndefinedVariable, message).at(item.field.span);
                let names = signature.columns.iter().map(|(name, _)| &**name);
                return Err(match nearest(&item.field.text, names) {
                    Some(near) => error.help(format!("Did you mean `{near}`?")),
                    None => error.help(format!("`SHOW {what} YIELD *` has them all.")),
                });
            };
            let name = item.alias.as_ref().unwrap_or(&item.field);
            let slot = self.new_name(name, ty.clone())?;
            yields.push((at, slot));
            columns.push(Column { name: name.text.as_str().into(), slot });
        }
        to.push(Clause::ProcedureCall(bound::ProcedureCall {
            procedure,
            arguments,
            yields,
            void: false,
        }));
        if let Some(where_) = &show.where_ {
            let predicate = self.predicate(where_)?;
            super::expression::expect_boolean(&predicate).map_err(|e| e.at(where_.span))?;
            to.push(Clause::Filter(predicate));
        }
        if let Some(yield_) = &show.yield_ {
            let projection = ast::Projection {
                distinct: false,
                star: true,
                items: Vec::new(),
                group_by: None,
                order_by: yield_.order_by.clone(),
                skip: yield_.skip.clone(),
                limit: yield_.limit.clone(),
                span: yield_.span,
            };
            let where_ = yield_.where_.as_ref();
            let projection = self.projection(&projection, where_, false, yield_.span)?;
            to.push(Clause::Projection(projection));
        }
        Ok(columns)
    }
}

fn string(text: &str) -> ExpressionKind {
    ExpressionKind::Literal(Value::String(text.into()))
}

fn misfit(message: String, span: Span) -> Error {
    Error::syntax(Detail::UnexpectedSyntax, message).at(span)
}

/// The entity and the kind that the words before what is shown ask for; empty for all.
fn filter_of(show: &ast::Show) -> Result<(&'static str, &'static str)> {
    let mut words: Vec<&str> = show.filter.iter().map(|word| word.text.as_str()).collect();
    let mut entity = "";
    let filters = match show.what {
        ast::Shown::Indexes => INDEX_FILTERS,
        ast::Shown::Constraints => {
            entity = match words.first() {
                Some(&"NODE") => "NODE",
                Some(&"REL" | &"RELATIONSHIP") => "RELATIONSHIP",
                _ => "",
            };
            if !entity.is_empty() {
                words.remove(0);
            }
            CONSTRAINT_FILTERS
        }
        ast::Shown::Functions => FUNCTION_FILTERS,
        ast::Shown::Procedures => &[],
    };
    let words = words.join(" ");
    if words.is_empty() && (show.filter.is_empty() || !entity.is_empty()) {
        return Ok((entity, ""));
    }
    if let Some((_, kind)) = filters.iter().find(|(known, _)| *known == words) {
        return Ok((entity, kind));
    }
    let span = show.filter.iter().map(|word| word.span).reduce(Span::to).unwrap_or(show.span);
    let error = misfit(format!("there are no {words} {}", show.what.keyword()), span);
    let known: Vec<&str> = filters.iter().map(|(known, _)| *known).collect();
    Err(match known.as_slice() {
        [] => error.help(format!("Write `SHOW {}`.", show.what.keyword())),
        _ => error.help(format!("These can be shown: {}.", known.join(", "))),
    })
}

fn same_variable(entity: &ast::SchemaEntity, variable: &ast::Name) -> Result<()> {
    if entity.variable.text == variable.text {
        return Ok(());
    }
    let message = format!("variable `{}` is not defined", variable.text);
    Err(Error::syntax(Detail::UndefinedVariable, message)
        .at(variable.span)
        .help(format!("The variable is `{}`.", entity.variable.text)))
}

fn entity(entity: &ast::SchemaEntity) -> Result<bound::SchemaEntity> {
    match entity.names.as_slice() {
        [name] => Ok(bound::SchemaEntity {
            relationship: entity.relationship,
            name: name.text.as_str().into(),
        }),
        _ => {
            let what = if entity.relationship { "one type" } else { "one label" };
            Err(misfit(format!("an index or a constraint is on {what}"), entity.span)
                .help(format!("Name {what} after the variable, as in `n:Name`.")))
        }
    }
}

fn properties_of(
    entity: &ast::SchemaEntity,
    properties: &[ast::SchemaProperty],
) -> Result<Vec<Arc<str>>> {
    let mut keys: Vec<Arc<str>> = Vec::new();
    for property in properties {
        same_variable(entity, &property.variable)?;
        let key: Arc<str> = property.key.text.as_str().into();
        if keys.contains(&key) {
            return Err(misfit(format!("property `{key}` is there twice"), property.span));
        }
        keys.push(key);
    }
    Ok(keys)
}

/// There is nothing to set: what Neo4j has as the only choice is accepted, and nothing else.
fn check_options(options: Option<&ast::Expression>, kind: &str) -> Result<()> {
    let Some(options) = options else { return Ok(()) };
    let refuse = |what: &str, span: Span| {
        Err(misfit(format!("an index has no option {what}"), span).help("Leave OPTIONS away."))
    };
    let ast::ExpressionKind::Map(entries) = &options.kind else {
        return refuse("by parameter", options.span);
    };
    for entry in entries {
        let allowed = match (entry.key.text.as_str(), &entry.value.kind) {
            ("indexProvider", ast::ExpressionKind::Literal(ast::Literal::String(provider))) => {
                provider.as_str() == format!("{}-1.0", kind.to_lowercase())
                    || (kind == "TEXT" && provider.as_str() == "text-2.0")
            }
            ("indexConfig", ast::ExpressionKind::Map(entries)) => entries.is_empty(),
            _ => false,
        };
        if !allowed {
            return refuse(&format!("`{}` of this value", entry.key.text), entry.key.span);
        }
    }
    Ok(())
}
