//! The schema: indexes and constraints, as data.
//!
//! Owns their definitions, their names and which of them say the same. It may not know what an index holds;
//! that is the delta's and the segments' affair.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use serde::Deserialize;
use serde::Serialize;

use crate::value::PropertyType;
use crate::value::Value;

use super::delta::Properties;
use super::delta::property;
use super::{KeyId, LabelId, TypeId};

/// An index, as a number that is never given twice in one graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IndexId(pub u32);

/// What an index or a constraint is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SchemaTarget {
    /// The nodes with a label.
    Label(LabelId),
    /// The relationships of a type.
    Type(TypeId),
}

/// Which values an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IndexKind {
    /// All of them.
    Range,
    /// Strings.
    Text,
}

/// An index. It holds the nodes or relationships that have all of its properties, in the order of their
/// values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its number.
    pub id: IndexId,
    /// Its name, unique among indexes and constraints.
    pub name: Arc<str>,
    /// Which values it holds.
    pub kind: IndexKind,
    /// What it is on.
    pub on: SchemaTarget,
    /// The properties, most significant first; never empty.
    pub keys: Vec<KeyId>,
    /// Whether a constraint owns it and sees to it that no two entries have the same values.
    pub unique: bool,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConstraintKind {
    /// No two have the same values; who lacks one of the properties is free.
    Unique,
    /// No two have the same values, and all have all of the properties.
    Key,
    /// All have the property.
    Exists,
    /// The property, where it is there, has this type.
    Type(PropertyType),
}

/// A constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraint {
    /// Its number: indexes and constraints share them.
    pub id: u32,
    /// Its name, unique among indexes and constraints.
    pub name: Arc<str>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Of what.
    pub on: SchemaTarget,
    /// Of which properties; never empty.
    pub keys: Vec<KeyId>,
    /// The index that it owns, which has its name.
    pub index: Option<IndexId>,
}

impl Constraint {
    /// Whether it demands that no two have the same values.
    pub fn is_unique(&self) -> bool {
        matches!(self.kind, ConstraintKind::Unique | ConstraintKind::Key)
    }
}

impl Index {
    /// Where an entity with these properties stands in the index: its value, or the list of its values
    /// where the index has several properties. Nothing where it has no place there.
    pub(super) fn key(&self, property: impl Fn(KeyId) -> Option<Value>) -> Option<Value> {
        if let [only] = self.keys.as_slice() {
            return property(*only).filter(|value| self.holds(value));
        }
        let values = self.keys.iter().map(|key| property(*key));
        Some(Value::list(values.collect::<Option<Vec<_>>>()?))
    }

    /// The same for properties in a list.
    pub(super) fn key_of(&self, properties: &Properties) -> Option<Value> {
        self.key(|key| property(properties, key).cloned())
    }

    /// Whether a value of its only property has a place in it.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match self.kind {
            IndexKind::Range => !matches!(value, Value::Null),
            IndexKind::Text => matches!(value, Value::String(_)),
        }
    }
}

/// All indexes and constraints, in the order of their creation.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    version: u64,
    next_id: u32,
    indexes: Vec<Arc<Index>>,
    constraints: Vec<Arc<Constraint>>,
}

/// What the catalog keeps of a schema.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct SchemaRecord {
    next_id: u32,
    indexes: Vec<Arc<Index>>,
    constraints: Vec<Arc<Constraint>>,
}

impl SchemaRecord {
    /// Lets the next index or constraint have at least this number.
    pub(super) fn with_next_id(self, next_id: u32) -> Self {
        Self { next_id: self.next_id.max(next_id), ..self }
    }
}

/// No two schemas that differ have the same version, whichever graph they are of: a plan made for one must not
/// run on another.
static VERSIONS: AtomicU64 = AtomicU64::new(1);

impl Schema {
    /// A number that is another one for every other schema; 0 where there is no index and no constraint yet.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All indexes, those of constraints included.
    pub fn indexes(&self) -> &[Arc<Index>] {
        &self.indexes
    }

    /// Those with this property.
    pub(super) fn on_key(&self, key: KeyId) -> Vec<&Index> {
        self.indexes.iter().map(|index| &**index).filter(|i| i.keys.contains(&key)).collect()
    }

    /// All constraints.
    pub fn constraints(&self) -> &[Arc<Constraint>] {
        &self.constraints
    }

    /// The index with this number.
    pub fn index(&self, id: IndexId) -> Option<&Arc<Index>> {
        self.indexes.iter().find(|index| index.id == id)
    }

    /// The index of this name.
    pub fn index_named(&self, name: &str) -> Option<&Arc<Index>> {
        self.indexes.iter().find(|index| *index.name == *name)
    }

    /// The constraint of this name.
    pub fn constraint_named(&self, name: &str) -> Option<&Arc<Constraint>> {
        self.constraints.iter().find(|constraint| *constraint.name == *name)
    }

    /// The constraint that owns an index.
    pub fn owner(&self, index: IndexId) -> Option<&Arc<Constraint>> {
        self.constraints.iter().find(|constraint| constraint.index == Some(index))
    }

    /// The number for the next index or constraint.
    pub(super) fn next_id(&self) -> u32 {
        self.next_id
    }

    fn change(&mut self) {
        self.version = VERSIONS.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_index(&mut self, index: Index) {
        self.next_id = self.next_id.max(index.id.0 + 1);
        self.indexes.push(Arc::new(index));
        self.change();
    }

    pub(super) fn add_constraint(&mut self, constraint: Constraint) {
        self.next_id = self.next_id.max(constraint.id + 1);
        self.constraints.push(Arc::new(constraint));
        self.change();
    }

    pub(super) fn drop_index(&mut self, id: IndexId) {
        self.indexes.retain(|index| index.id != id);
        self.change();
    }

    pub(super) fn drop_constraint(&mut self, id: u32) {
        self.constraints.retain(|constraint| constraint.id != id);
        self.change();
    }

    pub(super) fn record(&self) -> SchemaRecord {
        SchemaRecord {
            next_id: self.next_id,
            indexes: self.indexes.clone(),
            constraints: self.constraints.clone(),
        }
    }

    pub(super) fn of(record: &SchemaRecord) -> Self {
        let mut schema = Self {
            version: 0,
            next_id: record.next_id,
            indexes: record.indexes.clone(),
            constraints: record.constraints.clone(),
        };
        if !schema.indexes.is_empty() || !schema.constraints.is_empty() {
            schema.change();
        }
        schema
    }
}
