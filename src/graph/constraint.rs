//! What constraints demand of nodes and relationships, and the errors of those that do not comply.
//!
//! Uniqueness is verified at the end of each statement, existence and types at the commit, as in Neo4j: in between
//! a transaction may put right what it has begun.

use std::fmt::Write;

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;
use crate::value::allocation::vec_bytes;
use crate::value::ordering;

use super::KeyId;
use super::build::Watch;
use super::change;
use super::change::Change;
use super::delta::{Properties, property};
use super::ids::IdSet;
use super::schema::{Constraint, ConstraintKind, Schema, SchemaTarget};
use super::snapshot::Snapshot;
use super::transaction::Transaction;

/// The nodes and relationships that a transaction has changed while there were constraints.
#[derive(Debug, Clone, Default)]
pub(super) struct Touched {
    nodes: Vec<u64>,
    relationships: Vec<u64>,
    /// How many of each are known to be unique.
    unique: (usize, usize),
}

impl Touched {
    /// How many bytes they take.
    pub(super) fn bytes(&self) -> u64 {
        vec_bytes(&self.nodes) + vec_bytes(&self.relationships)
    }

    /// Notes a change that a constraint may not allow.
    pub(super) fn note(&mut self, change: &Change, schema: &Schema) {
        let constrains = |key: &KeyId| schema.constraints().iter().any(|c| c.keys.contains(key));
        match change {
            Change::SetNodeProperty { key, .. }
            | Change::SetNodeProperties { key, .. }
            | Change::SetRelationshipProperty { key, .. }
            | Change::SetRelationshipProperties { key, .. }
                if !constrains(key) => {}
            Change::CreateNode { id, .. }
            | Change::SetNodeProperty { id, .. }
            | Change::AddLabel { id, .. } => {
                if self.nodes.last() != Some(id) {
                    self.nodes.push(*id);
                } else {
                    // It has changed once more.
                    self.unique.0 = self.unique.0.min(self.nodes.len() - 1);
                }
            }
            Change::CreateRelationship { id, .. } | Change::SetRelationshipProperty { id, .. } => {
                if self.relationships.last() != Some(id) {
                    self.relationships.push(*id);
                } else {
                    self.unique.1 = self.unique.1.min(self.relationships.len() - 1);
                }
            }
            Change::CreateNodes { first, columns, .. } => {
                self.nodes.extend((*first..).take(change::rows(columns)));
            }
            Change::SetNodeProperties { ids, .. } => self.nodes.extend(ids),
            Change::CreateRelationships { first, ends, .. } => {
                self.relationships.extend((*first..).take(ends.len()));
            }
            Change::SetRelationshipProperties { ids, .. } => self.relationships.extend(ids),
            Change::AddLabelToken(_)
            | Change::AddTypeToken(_)
            | Change::AddKeyToken(_)
            | Change::RemoveLabel { .. }
            | Change::DeleteNode { .. }
            | Change::DeleteRelationship { .. }
            | Change::CreateIndex(_)
            | Change::DropIndex(_)
            | Change::CreateConstraint(_)
            | Change::DropConstraint(_) => {}
        }
    }
}

impl Transaction {
    /// Verifies the constraints for what this transaction has changed: at the end of a statement those that
    /// must hold at once, at the commit all of them.
    ///
    /// # Errors
    /// `ConstraintVerificationFailed`, which names the constraint and who breaks it.
    pub fn verify(&mut self, at_commit: bool) -> Result<()> {
        let touched = &self.touched;
        let (nodes, relationships) = touched.unique;
        if touched.nodes.is_empty() && touched.relationships.is_empty() {
            return Ok(());
        }
        let snapshot = self.snapshot();
        for constraint in snapshot.schema().constraints() {
            let (all, unique) = match constraint.on {
                SchemaTarget::Label(_) => (&touched.nodes, nodes),
                SchemaTarget::Type(_) => (&touched.relationships, relationships),
            };
            if constraint.is_unique() {
                let new = all.get(unique..).unwrap_or_default();
                new.chunks(STEP).try_for_each(|new| snapshot.verify_unique(constraint, new))?;
            }
            if at_commit {
                for id in all {
                    snapshot.verify_properties(constraint, *id)?;
                }
            }
        }
        self.touched.unique = (self.touched.nodes.len(), self.touched.relationships.len());
        Ok(())
    }
}

/// How many are verified at a time.
const STEP: usize = 4096;

impl Snapshot {
    /// Verifies a new constraint for all that there is.
    pub(super) fn verify_all(&self, constraint: &Constraint, watch: &Watch<'_>) -> Result<()> {
        if let Some(index) = constraint.index {
            let index = self.index(index)?;
            let mut last: Option<(Value, u64)> = None;
            let everything = Value::map(Default::default());
            let mut seen = 0;
            self.entries(&index, everything, None, |key, id| {
                seen += 1;
                if seen % STEP == 0 {
                    watch(0)?;
                }
                if let Some((before, other)) = &last
                    && ordering::equals(before, key) == Some(true)
                {
                    return Err(self.not_unique(constraint, (*other, id), key));
                }
                last = Some((key.clone(), id));
                Ok(true)
            })?;
        }
        if constraint.kind == ConstraintKind::Unique {
            return Ok(());
        }
        let mut next = 0;
        loop {
            let found: Vec<u64> = match constraint.on {
                SchemaTarget::Label(label) => {
                    let mut ids = Vec::with_capacity(STEP);
                    self.scan_label(label, NodeId(next), STEP, &mut ids)?;
                    ids.into_iter().map(|id| id.0).collect()
                }
                SchemaTarget::Type(of) => {
                    let mut ids = Vec::with_capacity(STEP);
                    self.scan_relationships(&[of], RelationshipId(next), STEP, &mut ids)?;
                    ids.into_iter().map(|id| id.0).collect()
                }
            };
            watch(found.len() as u64)?;
            for id in &found {
                self.verify_properties(constraint, *id)?;
                next = id + 1;
            }
            if found.len() < STEP {
                return Ok(());
            }
        }
    }

    /// Verifies a new constraint for those who may have come to break it.
    pub(super) fn verify_some(&self, constraint: &Constraint, ids: &IdSet) -> Result<()> {
        if constraint.is_unique() {
            let ids: Vec<u64> = ids.iter_from(0).collect();
            ids.chunks(STEP).try_for_each(|ids| self.verify_unique(constraint, ids))?;
        }
        ids.iter_from(0).try_for_each(|id| self.verify_properties(constraint, id))
    }

    /// What `read` makes of the properties of an entity that a constraint is on; nothing where it is gone or
    /// another kind.
    fn constrained<T>(
        &self,
        constraint: &Constraint,
        id: u64,
        read: impl FnOnce(&Properties) -> T,
    ) -> Result<Option<T>> {
        match constraint.on {
            SchemaTarget::Label(label) => {
                if let Some(own) = self.state.delta.node(id) {
                    let is_on = own.head().labels.contains(&label);
                    return Ok(is_on.then(|| read(&own.properties())));
                }
                if !self.node_labels(NodeId(id))?.contains(&label) {
                    return Ok(None);
                }
                Ok(Some(read(&self.node_properties(NodeId(id))?)))
            }
            SchemaTarget::Type(of) => {
                if let Some(own) = self.state.delta.relationship(id) {
                    let is_on = !own.head().deleted && own.head().type_id == of;
                    return Ok(is_on.then(|| read(&own.properties())));
                }
                let is_on =
                    self.relationship(RelationshipId(id))?.is_some_and(|(own, ..)| own == of);
                if !is_on {
                    return Ok(None);
                }
                Ok(Some(read(&self.relationship_properties(RelationshipId(id))?)))
            }
        }
    }

    fn verify_unique(&self, constraint: &Constraint, ids: &[u64]) -> Result<()> {
        let Some(index_id) = constraint.index else { return Ok(()) };
        let index = self.index(index_id)?;
        let mut keys = Vec::with_capacity(ids.len());
        let mut owners = Vec::with_capacity(ids.len());
        for id in ids {
            let key = self.constrained(constraint, *id, |own| index.key_of(own))?;
            if let Some(key) = key.flatten() {
                keys.push(key);
                owners.push(*id);
            }
        }
        let (mut rows, mut found) = (Vec::new(), Vec::new());
        self.index_seek(index_id, &keys, &mut rows, &mut found)?;
        for (row, id) in rows.iter().zip(found) {
            if let (Some(owner), Some(key)) = (owners.get(*row as usize), keys.get(*row as usize))
                && *owner != id
            {
                return Err(self.not_unique(constraint, (id.min(*owner), id.max(*owner)), key));
            }
        }
        Ok(())
    }

    /// That an entity has the properties, or the types of them, that a constraint demands.
    fn verify_properties(&self, constraint: &Constraint, id: u64) -> Result<()> {
        if constraint.kind == ConstraintKind::Unique {
            return Ok(());
        }
        let broken = |own: &Properties| {
            constraint.keys.iter().find_map(|key| match (&constraint.kind, property(own, *key)) {
                (ConstraintKind::Key | ConstraintKind::Exists, None) => Some((*key, None)),
                (ConstraintKind::Type(ty), Some(value)) if !ty.accepts(value) => {
                    Some((*key, Some(value.clone())))
                }
                _ => None,
            })
        };
        let Some((key, value)) = self.constrained(constraint, id, broken)?.flatten() else {
            return Ok(());
        };
        let (name, who) = (self.key_name(key), self.describe(constraint, id));
        match (value, &constraint.kind) {
            (Some(value), ConstraintKind::Type(ty)) => {
                let message = format!("{who} has `{name}` = {value}, which is no {ty}");
                Err(violation(constraint, Detail::PropertyTypeViolation, &message)
                    .help(format!("Give `{name}` a value of type {ty}, or remove it.")))
            }
            _ => {
                let message = format!("{who} has no property `{name}`");
                Err(violation(constraint, Detail::MissingProperty, &message)
                    .help(format!("Set `{name}` before the transaction ends.")))
            }
        }
    }

    fn not_unique(&self, constraint: &Constraint, both: (u64, u64), key: &Value) -> Error {
        let values = match key {
            Value::List(values) if constraint.keys.len() > 1 => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let mut pairs = String::new();
        for (key, value) in constraint.keys.iter().zip(values) {
            let between = if pairs.is_empty() { "" } else { ", " };
            let _ = write!(pairs, "{between}`{}` = {value}", self.key_name(*key));
        }
        let (one, other) = (self.describe(constraint, both.0), self.describe(constraint, both.1));
        let message = format!("{one} and {other} both have {pairs}");
        violation(constraint, Detail::UniquenessViolation, &message)
    }

    /// `node 3 (:Person)`
    fn describe(&self, constraint: &Constraint, id: u64) -> String {
        match constraint.on {
            SchemaTarget::Label(_) => {
                let labels = self.node_labels(NodeId(id)).unwrap_or_default();
                let labels: String =
                    labels.iter().map(|label| format!(":{}", self.label_name(*label))).collect();
                format!("node {id} ({labels})")
            }
            SchemaTarget::Type(of) => format!("relationship {id} [:{}]", self.type_name(of)),
        }
    }
}

fn violation(constraint: &Constraint, detail: Detail, message: &str) -> Error {
    Error::new(
        ErrorClass::ConstraintVerificationFailed,
        Phase::Runtime,
        detail,
        format!("constraint `{}` is violated: {message}", constraint.name),
    )
}
