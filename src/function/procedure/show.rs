//! What SHOW shows: procedures without a name, a table of them. The columns are Neo4j's, in its order; those before
//! YIELD asks for more come first.

use std::sync::Arc;

use crate::error::Result;
use crate::function::Context;
use crate::function::Procedure;
use crate::function::ProcedureHandle;
use crate::function::Registry;
use crate::function::Signature;
use crate::function::scalar;
use crate::graph::Constraint;
use crate::graph::ConstraintKind;
use crate::graph::Graph;
use crate::graph::Index;
use crate::graph::IndexBuild;
use crate::graph::IndexKind;
use crate::graph::KeyId;
use crate::graph::SchemaTarget;
use crate::graph::Snapshot;
use crate::value::Map;
use crate::value::Value;

/// Something that can be shown.
struct Entry {
    /// The word after SHOW.
    word: &'static str,
    /// Given the entity and the kind that are asked for, both empty for all.
    signature: &'static str,
    /// How many columns are shown without YIELD.
    shown: usize,
    rows: fn(&Context<'_>, &Registry) -> Result<Vec<Vec<Value>>>,
    /// Which column holds what the entity and the kind are compared with.
    filtered: usize,
}

const SHOWN: &[Entry] = &[
    Entry {
        word: "INDEXES",
        signature: "show.indexes(entity :: STRING, kind :: STRING) :: (id :: INTEGER, name :: STRING, \
                    state :: STRING, populationPercent :: FLOAT, type :: STRING, \
                    entityType :: STRING, labelsOrTypes :: LIST<STRING>, properties :: LIST<STRING>, \
                    indexProvider :: STRING, owningConstraint :: STRING, lastRead :: DATETIME, \
                    readCount :: INTEGER, trackedSince :: DATETIME, options :: MAP, \
                    failureMessage :: STRING, createStatement :: STRING)",
        shown: 12,
        rows: |context, _| Ok([indexes(context.graph), built(context)].concat()),
        filtered: 4,
    },
    Entry {
        word: "CONSTRAINTS",
        signature: "show.constraints(entity :: STRING, kind :: STRING) :: (id :: INTEGER, \
                    name :: STRING, type :: STRING, entityType :: STRING, \
                    labelsOrTypes :: LIST<STRING>, properties :: LIST<STRING>, \
                    ownedIndex :: STRING, propertyType :: STRING, options :: MAP, \
                    createStatement :: STRING)",
        shown: 8,
        rows: |context, _| Ok(constraints(context.graph)),
        filtered: 2,
    },
    Entry {
        word: "FUNCTIONS",
        signature: "show.functions(entity :: STRING, kind :: STRING) :: (name :: STRING, \
                    category :: STRING, description :: STRING, signature :: STRING, \
                    isBuiltIn :: BOOLEAN, argumentDescription :: LIST<MAP>, \
                    returnDescription :: STRING, aggregating :: BOOLEAN, \
                    rolesExecution :: LIST<STRING>, rolesBoostedExecution :: LIST<STRING>, \
                    isDeprecated :: BOOLEAN, deprecatedBy :: STRING)",
        shown: 3,
        rows: |_, registry| Ok(functions(registry)),
        filtered: 4,
    },
    Entry {
        word: "PROCEDURES",
        signature: "show.procedures(entity :: STRING, kind :: STRING) :: (name :: STRING, \
                    description :: STRING, mode :: STRING, worksOnSystem :: BOOLEAN, \
                    signature :: STRING, argumentDescription :: LIST<MAP>, \
                    returnDescription :: LIST<MAP>, admin :: BOOLEAN, \
                    rolesExecution :: LIST<STRING>, rolesBoostedExecution :: LIST<STRING>, \
                    isDeprecated :: BOOLEAN, deprecatedBy :: STRING, option :: MAP)",
        shown: 4,
        rows: |_, registry| Ok(procedures(registry)),
        filtered: 0,
    },
];

struct Show {
    entry: &'static Entry,
    signature: Signature,
    registry: Registry,
}

/// The procedure behind SHOW and a word, and how many of its columns are shown without YIELD.
pub(in crate::function) fn show(
    word: &str,
    registry: &Registry,
) -> Option<(ProcedureHandle, usize)> {
    let entry = SHOWN.iter().find(|entry| entry.word == word)?;
    let signature = Signature::parse(entry.signature).ok()?;
    let show = Show { entry, signature, registry: registry.clone() };
    Some((ProcedureHandle(Arc::new(show)), entry.shown))
}

impl Procedure for Show {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn doc(&self) -> &str {
        ""
    }

    fn call(&self, context: &Context<'_>, arguments: &[Value]) -> Result<Vec<Vec<Value>>> {
        let mut rows = (self.entry.rows)(context, &self.registry)?;
        let wanted = |at: usize| arguments.get(at).and_then(Value::as_str).unwrap_or_default();
        let (entity, kind) = (wanted(0), wanted(1));
        rows.retain(|row| match row.get(self.entry.filtered) {
            Some(Value::String(found)) => found.starts_with(entity) && found.ends_with(kind),
            Some(Value::Boolean(built_in)) => match kind {
                "BUILT IN" => *built_in,
                "USER DEFINED" => !*built_in,
                _ => true,
            },
            _ => true,
        });
        Ok(rows)
    }
}

fn text(text: impl Into<Arc<str>>) -> Value {
    Value::String(text.into())
}

fn texts(texts: impl IntoIterator<Item = Arc<str>>) -> Value {
    Value::list(texts.into_iter().map(Value::String).collect())
}

/// A name as it is written in a statement.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// What an index or a constraint is on, in the columns of both.
fn on(graph: &Snapshot, on: SchemaTarget, keys: &[KeyId]) -> [Value; 3] {
    let (entity, name) = match on {
        SchemaTarget::Label(label) => ("NODE", graph.label_name(label)),
        SchemaTarget::Type(of) => ("RELATIONSHIP", graph.type_name(of)),
    };
    [text(entity), texts([name]), texts(keys.iter().map(|key| graph.key_name(*key)))]
}

/// `(n:Person)`, and the properties in parentheses.
fn pattern(graph: &Snapshot, on: SchemaTarget, keys: &[KeyId]) -> (String, String) {
    let entity = match on {
        SchemaTarget::Label(label) => format!("(n:{})", quoted(&graph.label_name(label))),
        SchemaTarget::Type(of) => format!("()-[n:{}]-()", quoted(&graph.type_name(of))),
    };
    let keys = keys.iter().map(|key| format!("n.{}", quoted(&graph.key_name(*key))));
    (entity, format!("({})", keys.collect::<Vec<_>>().join(", ")))
}

fn options(provider: &str) -> Value {
    let entries = [
        (Arc::from("indexProvider"), text(provider)),
        (Arc::from("indexConfig"), Value::map(Map::new())),
    ];
    Value::map(entries.into_iter().collect())
}

fn kind(kind: IndexKind) -> &'static str {
    match kind {
        IndexKind::Range => "RANGE",
        IndexKind::Text => "TEXT",
    }
}

fn provider(kind: IndexKind) -> &'static str {
    match kind {
        IndexKind::Range => "range-1.0",
        IndexKind::Text => "text-2.0",
    }
}

pub(super) fn indexes(graph: &Snapshot) -> Vec<Vec<Value>> {
    let schema = graph.schema();
    let row = |index: &Arc<Index>| {
        let kind = kind(index.kind);
        let owner = schema.owner(index.id);
        let statement = match owner {
            Some(owner) => create_constraint(graph, owner),
            None => {
                let (entity, keys) = pattern(graph, index.on, &index.keys);
                format!("CREATE {kind} INDEX {} FOR {entity} ON {keys}", quoted(&index.name))
            }
        };
        let mut row = vec![
            Value::Integer(index.id.0.into()),
            Value::String(index.name.clone()),
            text("ONLINE"),
            Value::Float(100.0),
            text(kind),
        ];
        row.extend(on(graph, index.on, &index.keys));
        row.extend([
            text(provider(index.kind)),
            owner.map_or(Value::Null, |owner| Value::String(owner.name.clone())),
            // Reads of an index are not counted.
            Value::Null,
            Value::Null,
            Value::Null,
            options(provider(index.kind)),
            text(""),
            text(statement),
        ]);
        row
    };
    schema.indexes().iter().map(row).collect()
}

/// The indexes that another transaction is building, which nobody else sees before its commit.
fn built(context: &Context<'_>) -> Vec<Vec<Value>> {
    let builds = context.store.map(Graph::index_builds).unwrap_or_default();
    let mine = |build: &IndexBuild| context.graph.schema().index_named(&build.name).is_some();
    let row = |build: IndexBuild| {
        let entity = if build.on_relationships { "RELATIONSHIP" } else { "NODE" };
        let owner = if build.unique { Value::String(build.name.clone()) } else { Value::Null };
        vec![
            Value::Integer(build.id.0.into()),
            Value::String(build.name.clone()),
            text("POPULATING"),
            Value::Float(build.percent()),
            text(kind(build.kind)),
            text(entity),
            texts([build.label_or_type.clone()]),
            texts(build.properties.iter().cloned()),
            text(provider(build.kind)),
            owner,
            Value::Null,
            Value::Null,
            Value::Null,
            options(provider(build.kind)),
            text(""),
            Value::Null,
        ]
    };
    builds.into_iter().filter(|build| !mine(build)).map(row).collect()
}

fn create_constraint(graph: &Snapshot, constraint: &Constraint) -> String {
    let (entity, keys) = pattern(graph, constraint.on, &constraint.keys);
    let demand = match &constraint.kind {
        ConstraintKind::Unique => "UNIQUE".to_owned(),
        ConstraintKind::Key => "KEY".to_owned(),
        ConstraintKind::Exists => "NOT NULL".to_owned(),
        ConstraintKind::Type(ty) => format!(":: {ty}"),
    };
    let name = quoted(&constraint.name);
    format!("CREATE CONSTRAINT {name} FOR {entity} REQUIRE {keys} IS {demand}")
}

pub(super) fn constraints(graph: &Snapshot) -> Vec<Vec<Value>> {
    let row = |constraint: &Arc<Constraint>| {
        let entity = match constraint.on {
            SchemaTarget::Label(_) => "NODE",
            SchemaTarget::Type(_) => "RELATIONSHIP",
        };
        let (kind, ty) = match &constraint.kind {
            ConstraintKind::Unique => ("PROPERTY_UNIQUENESS", Value::Null),
            ConstraintKind::Key => ("KEY", Value::Null),
            ConstraintKind::Exists => ("PROPERTY_EXISTENCE", Value::Null),
            ConstraintKind::Type(ty) => ("PROPERTY_TYPE", text(ty.to_string())),
        };
        let mut row = vec![
            Value::Integer(constraint.id.into()),
            Value::String(constraint.name.clone()),
            text(format!("{entity}_{kind}")),
        ];
        row.extend(on(graph, constraint.on, &constraint.keys));
        row.extend([
            constraint.index.map_or(Value::Null, |_| Value::String(constraint.name.clone())),
            ty,
            constraint.index.map_or(Value::Null, |_| options(provider(IndexKind::Range))),
            text(create_constraint(graph, constraint)),
        ]);
        row
    };
    graph.schema().constraints().iter().map(row).collect()
}

/// What is known of each parameter.
fn parameters(signature: &Signature) -> Value {
    let parameters = signature.parameters.iter().map(|parameter| {
        let entries = [
            (Arc::from("name"), Value::String(parameter.name.clone())),
            (Arc::from("type"), text(parameter.ty.to_string())),
            (Arc::from("isDeprecated"), Value::Boolean(false)),
        ];
        Value::map(entries.into_iter().collect())
    });
    Value::list(parameters.collect())
}

/// Every function, a row for each form of its arguments: in the columns of SHOW FUNCTIONS.
pub(super) fn functions(registry: &Registry) -> Vec<Vec<Value>> {
    let row = |signature: &Signature, category: &str, doc: &str, built_in: bool, groups: bool| {
        vec![
            Value::String(signature.name.clone()),
            text(category),
            text(doc),
            text(signature.to_string()),
            Value::Boolean(built_in),
            parameters(signature),
            text(signature.result.to_string()),
            Value::Boolean(groups),
            Value::Null,
            Value::Null,
            Value::Boolean(false),
            Value::Null,
        ]
    };
    let mut rows = Vec::new();
    for function in registry.scalars() {
        let category = scalar::category(function);
        let forms = function.forms().iter();
        rows.extend(forms.map(|form| row(form, category, function.doc, true, false)));
    }
    for function in registry.aggregates() {
        let forms = function.forms().iter();
        rows.extend(forms.map(|form| row(form, "Aggregating", function.doc, true, true)));
    }
    for function in registry.user_functions() {
        rows.push(row(function.signature(), "User defined", function.doc(), false, false));
    }
    for function in registry.user_aggregates() {
        rows.push(row(function.signature(), "User defined", function.doc(), false, true));
    }
    rows.sort();
    rows
}

/// Every procedure, in the columns of SHOW PROCEDURES.
pub(super) fn procedures(registry: &Registry) -> Vec<Vec<Value>> {
    let row = |procedure: &ProcedureHandle| {
        let signature = procedure.0.signature();
        let columns = signature.columns.iter().map(|(name, ty)| {
            let entries = [
                (Arc::from("name"), Value::String(name.clone())),
                (Arc::from("type"), text(ty.to_string())),
                (Arc::from("isDeprecated"), Value::Boolean(false)),
            ];
            Value::map(entries.into_iter().collect())
        });
        vec![
            Value::String(signature.name.clone()),
            text(procedure.0.doc()),
            // A procedure sees a snapshot of the graph.
            text("READ"),
            Value::Boolean(false),
            text(signature.to_string()),
            parameters(signature),
            Value::list(columns.collect()),
            Value::Boolean(false),
            Value::Null,
            Value::Null,
            Value::Boolean(false),
            Value::Null,
            Value::map(Map::new()),
        ]
    };
    registry.procedures().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_valid() {
        for entry in SHOWN {
            let signature = Signature::parse(entry.signature).expect(entry.signature);
            assert!(entry.shown <= signature.columns.len(), "{}", entry.word);
            assert!(entry.filtered < signature.columns.len(), "{}", entry.word);
        }
    }
}
