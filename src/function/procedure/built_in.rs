//! The procedures that every database has: what is in the graph, and what can be called.

use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::function::Context;
use crate::function::Procedure;
use crate::function::Registry;
use crate::function::Signature;
use crate::function::procedure::await_index;
use crate::function::procedure::show;
use crate::function::procedure::survey;
use crate::value::Value;

/// A built-in procedure.
pub(super) struct Entry {
    pub(super) signature: &'static str,
    pub(super) doc: &'static str,
    call: Call,
}

/// What a procedure's rows are made of.
enum Call {
    Graph(fn(&Context<'_>) -> Result<Vec<Vec<Value>>>),
    /// They take arguments and give no row.
    Void(fn(&Context<'_>, &[Value]) -> Result<()>),
    Registry(fn(&Registry) -> Vec<Vec<Value>>),
}

pub(super) const PROCEDURES: &[Entry] = &[
    Entry {
        signature: "db.labels() :: (label :: STRING)",
        doc: "The labels that nodes of the graph have, in alphabetical order.",
        call: Call::Graph(|context| {
            let graph = context.graph;
            let labels = graph.labels().into_iter();
            Ok(names(labels.filter(|(id, _)| graph.label_count(*id) > 0).map(|(_, name)| name)))
        }),
    },
    Entry {
        signature: "db.relationshipTypes() :: (relationshipType :: STRING)",
        doc: "The types that relationships of the graph have, in alphabetical order.",
        call: Call::Graph(|context| {
            let graph = context.graph;
            let types = graph.types().into_iter();
            Ok(names(types.filter(|(id, _)| graph.type_count(*id) > 0).map(|(_, name)| name)))
        }),
    },
    Entry {
        signature: "db.propertyKeys() :: (propertyKey :: STRING)",
        doc: "The property keys that were ever used in the graph, in alphabetical order.",
        call: Call::Graph(|context| {
            Ok(names(context.graph.keys().into_iter().map(|(_, name)| name)))
        }),
    },
    Entry {
        signature: "db.indexes() :: (name :: STRING, type :: STRING, entityType :: STRING, \
                    labelsOrTypes :: LIST<STRING>, properties :: LIST<STRING>, \
                    owningConstraint :: STRING)",
        doc: "Every index, those of constraints included. SHOW INDEXES says more.",
        call: Call::Graph(|context| {
            let rows = show::indexes(context.graph).into_iter();
            Ok(rows.map(|row| columns(row, &[1, 4, 5, 6, 7, 9])).collect())
        }),
    },
    Entry {
        signature: "db.constraints() :: (name :: STRING, type :: STRING, entityType :: STRING, \
                    labelsOrTypes :: LIST<STRING>, properties :: LIST<STRING>, \
                    ownedIndex :: STRING, propertyType :: STRING)",
        doc: "Every constraint. SHOW CONSTRAINTS says more.",
        call: Call::Graph(|context| {
            let rows = show::constraints(context.graph).into_iter();
            Ok(rows.map(|row| columns(row, &[1, 2, 3, 4, 5, 6, 7])).collect())
        }),
    },
    Entry {
        signature: "db.schema() :: (start :: LIST<STRING>, relationshipType :: STRING, \
                    end :: LIST<STRING>, count :: INTEGER)",
        doc: "Which labels relationships of which type connect, and how many of them there are. Labels \
              of nodes without relationships have a row without a type.",
        call: Call::Graph(|context| survey::schema(context.graph)),
    },
    Entry {
        signature: "db.schema.nodeTypeProperties() :: (nodeType :: STRING, \
                    nodeLabels :: LIST<STRING>, propertyName :: STRING, \
                    propertyTypes :: LIST<STRING>, mandatory :: BOOLEAN)",
        doc: "The properties that nodes with the same labels have, the types of their values, and \
              whether all of these nodes have them.",
        call: Call::Graph(|context| survey::node_properties(context.graph)),
    },
    Entry {
        signature: "db.schema.relTypeProperties() :: (relType :: STRING, propertyName :: STRING, \
                    propertyTypes :: LIST<STRING>, mandatory :: BOOLEAN)",
        doc: "The properties that relationships of the same type have, the types of their values, and \
              whether all of these relationships have them.",
        call: Call::Graph(|context| survey::relationship_properties(context.graph)),
    },
    Entry {
        signature: "db.checkpoint() :: (success :: BOOLEAN, message :: STRING)",
        doc: "Makes a checkpoint of what is committed, or waits for the one that is being made. Reading \
              and writing go on meanwhile.",
        call: Call::Graph(|context| {
            let store = context.store.ok_or_else(|| Error::internal("a call without a store"))?;
            store.checkpoint()?;
            let message = Value::String("Checkpoint completed.".into());
            Ok(vec![vec![Value::Boolean(true), message]])
        }),
    },
    Entry {
        signature: "db.awaitIndexes(timeOutSeconds? :: INTEGER) :: ()",
        doc: "Waits until the indexes that others are building are online: for at most 300 seconds, or as \
              many as are given.",
        call: Call::Void(await_index::all),
    },
    Entry {
        signature: "db.awaitIndex(indexName :: STRING, timeOutSeconds? :: INTEGER) :: ()",
        doc: "Waits until the index of this name is online: for at most 300 seconds, or as many as are \
              given.",
        call: Call::Void(await_index::one),
    },
    Entry {
        signature: "dbms.functions() :: (name :: STRING, signature :: STRING, description :: STRING, \
                    aggregating :: BOOLEAN)",
        doc: "Every function there is: a row for each form of its arguments.",
        call: Call::Registry(|registry| {
            show::functions(registry).into_iter().map(|row| columns(row, &[0, 3, 2, 7])).collect()
        }),
    },
    Entry {
        signature: "dbms.procedures() :: (name :: STRING, signature :: STRING, description :: STRING)",
        doc: "Every procedure there is.",
        call: Call::Registry(|registry| {
            show::procedures(registry).into_iter().map(|row| columns(row, &[0, 4, 1])).collect()
        }),
    },
];

/// These columns of a row.
fn columns(row: Vec<Value>, which: &[usize]) -> Vec<Value> {
    which.iter().map(|at| row.get(*at).cloned().unwrap_or_default()).collect()
}

/// A row for each name, in alphabetical order.
fn names(names: impl Iterator<Item = Arc<str>>) -> Vec<Vec<Value>> {
    let mut names: Vec<Arc<str>> = names.collect();
    names.sort_unstable();
    names.into_iter().map(|name| vec![Value::String(name)]).collect()
}

/// An entry of the table as a procedure.
pub(super) struct BuiltIn {
    signature: Signature,
    entry: &'static Entry,
    /// What can be called, where that is not only what is built in.
    registry: Option<Registry>,
}

impl BuiltIn {
    pub(super) fn new(entry: &'static Entry) -> Result<Self> {
        Ok(Self { signature: Signature::parse(entry.signature)?, entry, registry: None })
    }

    /// The procedure of this name in lower case that lists what a registry holds, if there is one.
    pub(super) fn of_registry(name: &str, registry: &Registry) -> Option<Self> {
        let listing = |entry: &&Entry| matches!(entry.call, Call::Registry(_));
        let mut listings = PROCEDURES.iter().filter(listing).filter_map(|e| Self::new(e).ok());
        let found = listings.find(|procedure| procedure.signature.name.to_lowercase() == name)?;
        Some(Self { registry: Some(registry.clone()), ..found })
    }
}

impl Procedure for BuiltIn {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn doc(&self) -> &str {
        self.entry.doc
    }

    fn call(&self, context: &Context<'_>, arguments: &[Value]) -> Result<Vec<Vec<Value>>> {
        match self.entry.call {
            Call::Graph(call) => call(context),
            Call::Void(call) => call(context, arguments).map(|()| Vec::new()),
            Call::Registry(call) => Ok(match &self.registry {
                Some(registry) => call(registry),
                None => call(&Registry::new()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_valid() {
        for entry in PROCEDURES {
            let signature = Signature::parse(entry.signature).expect(entry.signature);
            let is_void = matches!(entry.call, Call::Void(_));
            assert_eq!(signature.columns.is_empty(), is_void, "{}", entry.signature);
            assert!(!entry.doc.is_empty(), "{}", entry.signature);
        }
    }
}
