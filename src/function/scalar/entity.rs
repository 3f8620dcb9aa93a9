//! Functions of nodes, relationships, paths and maps.
//!
//! A node or relationship that this transaction deleted has no labels, keys and properties any more:
//! asking for them is an error. Its id and the type and ends of a relationship are still known.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::function::Context;
use crate::function::ScalarFunction;
use crate::function::Volatility;
use crate::graph::TypeId;
use crate::meter;
use crate::value::Column;
use crate::value::Map;
use crate::value::Node;
use crate::value::NodeId;
use crate::value::Relationship;
use crate::value::RelationshipId;
use crate::value::Value;

use super::SCALAR;
use super::argument::Arguments;
use super::making::Making;

/// These look at the graph.
const ENTITY: ScalarFunction = ScalarFunction { volatility: Volatility::Stable, ..SCALAR };

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "id",
        signatures: &["id(node :: NODE) :: INTEGER", "id(relationship :: RELATIONSHIP) :: INTEGER"],
        doc: "The number of a node or relationship. It stays the same as long as the entity lives.",
        example: ("id(null)", "null"),
        eval: |_, args| id(args).map(|id| id.map_or(Value::Null, Value::Integer)),
        eval_columns: Some(|_, columns, len| id_columns(columns, len)),
        ..SCALAR
    },
    ScalarFunction {
        name: "elementId",
        signatures: &[
            "elementId(node :: NODE) :: STRING",
            "elementId(relationship :: RELATIONSHIP) :: STRING",
        ],
        doc: "The id of a node or relationship as a string.",
        example: ("elementId(null)", "null"),
        eval: |_, args| Ok(id(args)?.map_or(Value::Null, |id| Value::String(id.to_string().into()))),
        ..SCALAR
    },
    ScalarFunction {
        name: "labels",
        signatures: &["labels(node :: NODE) :: LIST<STRING>"],
        doc: "The labels of a node.",
        example: ("labels(null)", "null"),
        eval: labels,
        ..ENTITY
    },
    ScalarFunction {
        name: "type",
        signatures: &["type(relationship :: RELATIONSHIP) :: STRING"],
        doc: "The name of a relationship's type.",
        example: ("type(null)", "null"),
        eval: |context, args| {
            let (type_id, _, _) = ends(context, Arguments::of("type", args))?;
            Ok(Value::String(context.graph.type_name(type_id)))
        },
        eval_columns: Some(type_columns),
        ..ENTITY
    },
    ScalarFunction {
        name: "startNode",
        signatures: &["startNode(relationship :: RELATIONSHIP) :: NODE"],
        doc: "The node where a relationship starts.",
        example: ("startNode(null)", "null"),
        eval: |context, args| {
            let (_, start, _) = ends(context, Arguments::of("startNode", args))?;
            Ok(Value::Node(Node::new(start)))
        },
        ..ENTITY
    },
    ScalarFunction {
        name: "endNode",
        signatures: &["endNode(relationship :: RELATIONSHIP) :: NODE"],
        doc: "The node where a relationship ends.",
        example: ("endNode(null)", "null"),
        eval: |context, args| {
            let (_, _, end) = ends(context, Arguments::of("endNode", args))?;
            Ok(Value::Node(Node::new(end)))
        },
        ..ENTITY
    },
    ScalarFunction {
        name: "properties",
        signatures: &[
            "properties(node :: NODE) :: MAP",
            "properties(relationship :: RELATIONSHIP) :: MAP",
            "properties(map :: MAP) :: MAP",
        ],
        doc: "All properties of a node or relationship as a map. A map stays as it is.",
        example: ("properties({a: 1})", "{a: 1}"),
        eval: |context, args| {
            Ok(Value::Map(match Arguments::of("properties", args).value(0) {
                Value::Map(map) => map.clone(),
                _ => Arc::new(properties(context, Arguments::of("properties", args))?),
            }))
        },
        ..ENTITY
    },
    ScalarFunction {
        name: "keys",
        signatures: &[
            "keys(node :: NODE) :: LIST<STRING>",
            "keys(relationship :: RELATIONSHIP) :: LIST<STRING>",
            "keys(map :: MAP) :: LIST<STRING>",
        ],
        doc: "The property keys of a node or relationship, or the keys of a map, in alphabetical \
              order.",
        example: ("keys({b: 1, a: null})", "['a', 'b']"),
        eval: |context, args| {
            let making = Making::new(context, "keys");
            match Arguments::of("keys", args).value(0) {
                Value::Map(map) => making.list(map.keys().cloned().map(Value::String)),
                _ => {
                    let map = properties(context, Arguments::of("keys", args))?;
                    making.list(map.into_keys().map(Value::String))
                }
            }
        },
        ..ENTITY
    },
    ScalarFunction {
        name: "map.merge",
        signatures: &["map.merge(map :: MAP, over :: MAP) :: MAP"],
        doc: "The entries of both maps; where both have a key, the second one's.",
        example: ("map.merge({a: 1, b: 2}, {b: 3})", "{a: 1, b: 3}"),
        eval: |_, args| {
            let args = Arguments::of("map.merge", args);
            let (Value::Map(map), Value::Map(over)) = (args.value(0), args.value(1)) else {
                let at = usize::from(matches!(args.value(0), Value::Map(_)));
                return Err(args.wrong_type(at, "a map"));
            };
            let all = meter::walked(map.iter().chain(over.iter()));
            Ok(Value::map(all.map(|(key, value)| (key.clone(), value.clone())).collect()))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "length",
        aliases: &["path_length"],
        signatures: &["length(path :: PATH) :: INTEGER"],
        doc: "How many relationships a path has.",
        example: ("length(null)", "null"),
        eval: |_, args| {
            let args = Arguments::of("length", args);
            match args.value(0) {
                Value::Path(path) => Ok(Value::Integer(path.len() as i64)),
                _ => Err(args
                    .wrong_type(0, "a path")
                    .help("The length of a list or a string is its size().")),
            }
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "nodes",
        signatures: &["nodes(path :: PATH) :: LIST<NODE>"],
        doc: "The nodes of a path, from the first to the last.",
        example: ("nodes(null)", "null"),
        eval: |context, args| {
            let args = Arguments::of("nodes", args);
            let Value::Path(path) = args.value(0) else {
                return Err(args.wrong_type(0, "a path"));
            };
            Making::new(context, "nodes").list(path.nodes().iter().cloned().map(Value::Node))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "relationships",
        aliases: &["rels"],
        signatures: &["relationships(path :: PATH) :: LIST<RELATIONSHIP>"],
        doc: "The relationships of a path, from the first to the last.",
        example: ("relationships(null)", "null"),
        eval: |context, args| {
            let args = Arguments::of("relationships", args);
            let Value::Path(path) = args.value(0) else {
                return Err(args.wrong_type(0, "a path"));
            };
            let relationships = path.relationships().iter().cloned();
            Making::new(context, "relationships").list(relationships.map(Value::Relationship))
        },
        ..SCALAR
    },
];

fn id(args: &[Value]) -> Result<Option<i64>> {
    let args = Arguments::of("id", args);
    match args.value(0) {
        Value::Null => Ok(None),
        Value::Node(node) => Ok(Some(node.id().0 as i64)),
        Value::Relationship(relationship) => Ok(Some(relationship.id().0 as i64)),
        _ => Err(args.wrong_type(0, "a node or a relationship")),
    }
}

fn id_columns(columns: &[Column], len: usize) -> Result<Column> {
    let Some(column) = columns.first() else { return Ok(Column::nulls(len)) };
    let ids = if let Some(nodes) = column.as_nodes() {
        nodes.iter().map(|node| node.0 as i64).collect()
    } else if let Some(relationships) = column.as_relationships() {
        relationships.iter().map(|relationship| relationship.0 as i64).collect()
    } else {
        let ids: Result<Vec<Value>> =
            column.iter().map(|v| Ok(id(&[v])?.map_or(Value::Null, Value::Integer))).collect();
        return ids.map(Column::from_values);
    };
    Ok(with_validity_of(column, Column::integers(ids)))
}

fn with_validity_of(source: &Column, result: Column) -> Column {
    match source.validity() {
        Some(validity) => result.with_validity(validity.clone()),
        None => result,
    }
}

/// Type, start and end of the relationship that is the first argument.
fn ends(context: &Context<'_>, args: Arguments<'_>) -> Result<(TypeId, NodeId, NodeId)> {
    let Value::Relationship(relationship) = args.value(0) else {
        return Err(args.wrong_type(0, "a relationship"));
    };
    let found = context.graph.relationship(relationship.id())?;
    found.ok_or_else(|| deleted("relationship", relationship.id().0))
}

/// There are few types, so each is named once and rows hold a code.
fn type_columns(context: &Context<'_>, columns: &[Column], len: usize) -> Result<Column> {
    let Some(column) = columns.first() else { return Ok(Column::nulls(len)) };
    let Some(relationships) = column.as_relationships().filter(|_| column.has_no_nulls()) else {
        let name = |value: Value| match value {
            Value::Null => Ok(Value::Null),
            value => {
                let args = std::slice::from_ref(&value);
                let (type_id, _, _) = ends(context, Arguments::of("type", args))?;
                Ok(Value::String(context.graph.type_name(type_id)))
            }
        };
        return column.iter().map(name).collect::<Result<Vec<_>>>().map(Column::from_values);
    };
    // The names of those types that occur: a store may have many more.
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut known: FxHashMap<TypeId, u32> = FxHashMap::default();
    let mut codes = Vec::with_capacity(relationships.len());
    for (found, id) in context.graph.relationship_ends(relationships)?.iter().zip(relationships) {
        let (type_id, _, _) = found.ok_or_else(|| deleted("relationship", id.0))?;
        codes.push(*known.entry(type_id).or_insert_with(|| {
            names.push(context.graph.type_name(type_id));
            names.len() as u32 - 1
        }));
    }
    Ok(Column::dictionary(codes, Arc::new(names)))
}

fn labels(context: &Context<'_>, args: &[Value]) -> Result<Value> {
    let args = Arguments::of("labels", args);
    let Value::Node(node) = args.value(0) else { return Err(args.wrong_type(0, "a node")) };
    check_node(context, node.id())?;
    let labels = context.graph.node_labels(node.id())?;
    let names = labels.into_iter().map(|label| Value::String(context.graph.label_name(label)));
    Ok(Value::List(Arc::new(names.collect())))
}

/// The properties of the node or relationship that is the first argument.
fn properties(context: &Context<'_>, args: Arguments<'_>) -> Result<Map> {
    let properties = match args.value(0) {
        Value::Node(node) => {
            check_node(context, node.id())?;
            context.graph.node_properties(node.id())?
        }
        Value::Relationship(relationship) => {
            check_relationship(context, relationship)?;
            context.graph.relationship_properties(relationship.id())?
        }
        _ => return Err(args.wrong_type(0, "a node, a relationship or a map")),
    };
    Ok(properties.into_iter().map(|(key, value)| (context.graph.key_name(key), value)).collect())
}

fn check_node(context: &Context<'_>, node: NodeId) -> Result<()> {
    if context.graph.node_exists(node)? { Ok(()) } else { Err(deleted("node", node.0)) }
}

fn check_relationship(context: &Context<'_>, relationship: &Relationship) -> Result<()> {
    let RelationshipId(id) = relationship.id();
    if context.graph.relationship_exists(relationship.id())? {
        Ok(())
    } else {
        Err(deleted("relationship", id))
    }
}

fn deleted(what: &str, id: u64) -> Error {
    Error::new(
        ErrorClass::EntityNotFound,
        Phase::Runtime,
        Detail::DeletedEntityAccess,
        format!("the {what} with id {id} has been deleted"),
    )
    .help("Read what you need of it in a WITH before the DELETE.")
}
