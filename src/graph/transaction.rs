//! The write transaction: a snapshot that changes, and the list of its changes.
//!
//! It may not know how a commit reaches the disk; that is the log's.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::error::caught_panic;
use crate::meter;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;
use crate::value::allocation::{vec_bytes, vec_growth};

use super::build::Build;
use super::change::Change;
use super::constraint::Touched;
use super::delta::{Allocated, Delta, Properties};
use super::property;
use super::schema::IndexId;
use super::snapshot::Snapshot;
use super::snapshot::State;
use super::values::Values;
use super::{Direction, KeyId, LabelId, Shared, TypeId};

/// How much a transaction has changed so far, as Cypher's counters see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeCounts {
    /// Nodes created.
    pub nodes_created: u64,
    /// Nodes deleted.
    pub nodes_deleted: u64,
    /// Relationships created.
    pub relationships_created: u64,
    /// Relationships deleted.
    pub relationships_deleted: u64,
    /// Labels added to nodes, at creation too.
    pub labels_added: u64,
    /// Labels removed from nodes.
    pub labels_removed: u64,
    /// Properties set, replaced or removed, at creation too.
    pub properties_set: u64,
    /// Indexes created, but for those of constraints.
    pub indexes_added: u64,
    /// Indexes dropped, but for those of constraints.
    pub indexes_removed: u64,
    /// Constraints created.
    pub constraints_added: u64,
    /// Constraints dropped.
    pub constraints_removed: u64,
}

impl ChangeCounts {
    /// Whether nodes or relationships, rather than the schema alone, were changed.
    pub fn change_data(&self) -> bool {
        let of_schema = Self {
            indexes_added: self.indexes_added,
            indexes_removed: self.indexes_removed,
            constraints_added: self.constraints_added,
            constraints_removed: self.constraints_removed,
            ..Self::default()
        };
        *self != of_schema
    }
}

/// A point within a transaction to return to.
#[derive(Debug, Clone)]
pub struct Savepoint {
    snapshot: Snapshot,
    changes: usize,
    counts: ChangeCounts,
    touched: Box<Touched>,
    written: Box<Written>,
}

/// What a transaction takes beside its snapshot.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    /// What the changes in its list hold.
    changes: u64,
    /// What the delta had allocated when the transaction began, and when its last statement did.
    begun: Allocated,
    statement: Allocated,
    /// What statements before have copied of the delta, as far as it can still be there.
    copied: u64,
    /// How much of it there was to copy.
    shared: u64,
}

/// The one open write transaction of a graph. Dropping it rolls it back.
pub struct Transaction {
    pub(super) shared: Arc<Shared>,
    /// Whether it has the writer's place: always, but while an index is populated.
    is_writer: bool,
    /// Whether it is of one statement, and ends with it.
    is_alone: bool,
    snapshot: Snapshot,
    changes: Vec<Change>,
    written: Box<Written>,
    pub(super) counts: ChangeCounts,
    pub(super) touched: Box<Touched>,
    /// What few transactions have.
    building: Option<Box<Building>>,
}

/// What a transaction knows that creates indexes.
#[derive(Default)]
struct Building {
    builds: Vec<Arc<Build>>,
    /// Asked now and then.
    interrupt: Option<Box<dyn Fn() -> Result<()> + Send + Sync>>,
}

impl Written {
    fn new(snapshot: &Snapshot) -> Self {
        let delta = &snapshot.state.delta;
        let begun = delta.allocated();
        let shared = delta.allocated_since(Allocated::default()).new;
        Self { begun, statement: begun, shared, ..Self::default() }
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction")
            .field("snapshot", &self.snapshot)
            .field("changes", &self.changes.len())
            .finish()
    }
}

impl Transaction {
    pub(super) fn new(shared: Arc<Shared>, snapshot: Snapshot) -> Self {
        let written = Box::new(Written::new(&snapshot));
        Self {
            shared,
            is_writer: true,
            is_alone: false,
            snapshot,
            changes: Vec::new(),
            written,
            counts: ChangeCounts::default(),
            touched: Box::default(),
            building: None,
        }
    }

    /// Says that the transaction is of one statement and ends with it: nothing it has read has to hold up to its end, so that
    /// others may write while an index is populated.
    #[must_use]
    pub fn of_one_statement(mut self) -> Self {
        self.is_alone = true;
        self
    }

    /// Whether others may write before it does.
    pub(super) fn may_give_way(&self) -> bool {
        self.is_alone && self.changes.is_empty()
    }

    /// Lets others write.
    pub(super) fn give_way(&mut self) {
        if std::mem::take(&mut self.is_writer) {
            self.shared.release();
        }
    }

    /// Goes on, from what others have written.
    pub(super) fn go_on(&mut self) -> Result<()> {
        self.snapshot = self.shared.take_place()?;
        *self.written = Written::new(&self.snapshot);
        self.is_writer = true;
        Ok(())
    }

    /// The graph with this transaction's own changes. Clone it to keep reading the state of now while the
    /// transaction goes on.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Asks `interrupt` now and then while an index is built: its error ends that, and leaves no index.
    pub fn interrupted_by(&mut self, interrupt: impl Fn() -> Result<()> + Send + Sync + 'static) {
        self.building.get_or_insert_default().interrupt = Some(Box::new(interrupt));
    }

    pub(super) fn interrupt(&self) -> Result<()> {
        let interrupt = self.building.as_ref().and_then(|building| building.interrupt.as_ref());
        interrupt.map_or(Ok(()), |interrupt| interrupt())
    }

    /// Lets others see that an index is built, up to the end of the transaction.
    pub(super) fn hold(&mut self, build: Arc<Build>) {
        self.building.get_or_insert_default().builds.push(build);
    }

    /// Fills an index that was created, while others can ask how far it is.
    pub(super) fn build(&mut self, id: IndexId) -> Result<()> {
        let build = self.shared.builds.begin(&self.snapshot, &*self.snapshot.index(id)?);
        self.hold(build.clone());
        self.snapshot.build(id, &|more| {
            build.advance(more);
            self.interrupt()
        })
    }

    /// The label of this name, created if need be.
    pub fn label(&mut self, name: &str) -> Result<LabelId> {
        match self.snapshot.label_id(name) {
            Some(id) => Ok(id),
            None => {
                self.apply(Change::AddLabelToken(name.into()))?;
                Ok(LabelId(self.state().tokens.labels.len() - 1))
            }
        }
    }

    /// The relationship type of this name, created if need be.
    pub fn relationship_type(&mut self, name: &str) -> Result<TypeId> {
        match self.snapshot.type_id(name) {
            Some(id) => Ok(id),
            None => {
                self.apply(Change::AddTypeToken(name.into()))?;
                Ok(TypeId(self.state().tokens.types.len() - 1))
            }
        }
    }

    /// The property key of this name, created if need be.
    pub fn key(&mut self, name: &str) -> Result<KeyId> {
        match self.snapshot.key_id(name) {
            Some(id) => Ok(id),
            None => {
                self.apply(Change::AddKeyToken(name.into()))?;
                Ok(KeyId(self.state().tokens.keys.len() - 1))
            }
        }
    }

    /// Creates a node. Labels may repeat; null properties are left out, and of a key given twice the last
    /// value counts.
    pub fn create_node(
        &mut self,
        labels: &[LabelId],
        properties: Vec<(KeyId, Value)>,
    ) -> Result<NodeId> {
        let properties = self.normalise(properties)?;
        let labels = self.labels(labels)?;
        let id = self.state().next_node;
        let counts = ChangeCounts {
            nodes_created: self.counts.nodes_created + 1,
            labels_added: self.counts.labels_added + labels.len() as u64,
            properties_set: self.counts.properties_set + properties.len() as u64,
            ..self.counts
        };
        self.apply(Change::CreateNode { id, labels, properties })?;
        self.counts = counts;
        Ok(NodeId(id))
    }

    /// Creates a relationship between two nodes that exist. Properties as for
    /// [`Transaction::create_node`].
    pub fn create_relationship(
        &mut self,
        type_id: TypeId,
        start: NodeId,
        end: NodeId,
        properties: Vec<(KeyId, Value)>,
    ) -> Result<RelationshipId> {
        let properties = self.normalise(properties)?;
        self.check_type(type_id)?;
        self.check_ends(start, end)?;
        let id = self.state().next_relationship;
        let set = properties.len() as u64;
        let (start, end) = (start.0, end.0);
        self.apply(Change::CreateRelationship { id, type_id, start, end, properties })?;
        self.counts.relationships_created += 1;
        self.counts.properties_set += set;
        Ok(RelationshipId(id))
    }

    /// Creates nodes with the same labels. A column has a value for each of them, null for none; of a key given
    /// twice the last column counts. They have consecutive ids; the first of them is given.
    pub fn create_nodes(
        &mut self,
        labels: &[LabelId],
        count: usize,
        columns: Vec<(KeyId, Column)>,
    ) -> Result<NodeId> {
        let first = self.state().next_node;
        let columns = self.columns(columns)?;
        if columns.is_empty() || count == 1 {
            for row in 0..count {
                let own = columns.iter().map(|(key, values)| (*key, values.get(row)));
                self.create_node(labels, own.collect())?;
            }
            return Ok(NodeId(first));
        }
        let labels = self.labels(labels)?;
        let set = columns.iter().map(|(_, values)| values.present()).sum::<u64>();
        let added = (labels.len() * count) as u64;
        self.apply(Change::CreateNodes { first, labels, columns })?;
        self.counts.nodes_created += count as u64;
        self.counts.labels_added += added;
        self.counts.properties_set += set;
        Ok(NodeId(first))
    }

    /// Creates relationships of one type between nodes that exist. Columns as for [`Transaction::create_nodes`].
    pub fn create_relationships(
        &mut self,
        type_id: TypeId,
        ends: &[(NodeId, NodeId)],
        columns: Vec<(KeyId, Column)>,
    ) -> Result<RelationshipId> {
        self.check_type(type_id)?;
        let columns = self.columns(columns)?;
        for (start, end) in ends {
            self.check_ends(*start, *end)?;
        }
        let first = self.state().next_relationship;
        let set = columns.iter().map(|(_, values)| values.present()).sum::<u64>();
        let ends = ends.iter().map(|(start, end)| (start.0, end.0)).collect();
        let change = Change::CreateRelationships { first, type_id, ends, columns };
        self.counts.relationships_created += self.apply(change)?;
        self.counts.properties_set += set;
        Ok(RelationshipId(first))
    }

    /// Sets a property of nodes, one after the other; null removes it.
    pub fn set_node_properties(
        &mut self,
        nodes: &[NodeId],
        key: KeyId,
        values: &Column,
    ) -> Result<()> {
        let values = self.column(key, values)?;
        let ids = nodes.iter().map(|node| node.0).collect();
        let set = self.apply(Change::SetNodeProperties { ids, key, values })?;
        self.counts.properties_set += set;
        Ok(())
    }

    /// Sets a property of relationships, one after the other; null removes it.
    pub fn set_relationship_properties(
        &mut self,
        relationships: &[RelationshipId],
        key: KeyId,
        values: &Column,
    ) -> Result<()> {
        let values = self.column(key, values)?;
        let ids = relationships.iter().map(|relationship| relationship.0).collect();
        let set = self.apply(Change::SetRelationshipProperties { ids, key, values })?;
        self.counts.properties_set += set;
        Ok(())
    }

    /// Sets a property of a node; null removes it.
    pub fn set_node_property(&mut self, node: NodeId, key: KeyId, value: &Value) -> Result<()> {
        let value = self.stored(key, value)?.into_owned();
        let change = Change::SetNodeProperty { id: node.0, key, value };
        self.counts.properties_set += self.apply(change)?;
        Ok(())
    }

    /// Sets a property of a relationship; null removes it.
    pub fn set_relationship_property(
        &mut self,
        relationship: RelationshipId,
        key: KeyId,
        value: &Value,
    ) -> Result<()> {
        let value = self.stored(key, value)?.into_owned();
        let id = relationship.0;
        let change = Change::SetRelationshipProperty { id, key, value };
        self.counts.properties_set += self.apply(change)?;
        Ok(())
    }

    /// Adds a label to a node; whether it is new there.
    pub fn add_label(&mut self, node: NodeId, label: LabelId) -> Result<bool> {
        if label.0 >= self.state().tokens.labels.len() {
            return Err(Error::internal(format!("no label has the id {}", label.0)));
        }
        let added = self.apply(Change::AddLabel { id: node.0, label })?;
        self.counts.labels_added += added;
        Ok(added > 0)
    }

    /// Removes a label from a node; whether it was there.
    pub fn remove_label(&mut self, node: NodeId, label: LabelId) -> Result<bool> {
        let removed = self.apply(Change::RemoveLabel { id: node.0, label })?;
        self.counts.labels_removed += removed;
        Ok(removed > 0)
    }

    /// Deletes a node; whether it was there. It does not check for relationships: until the commit whoever
    /// deletes must have seen to it that [`Transaction::has_relationships`] is false.
    pub fn delete_node(&mut self, node: NodeId) -> Result<bool> {
        if !self.snapshot.node_exists(node)? {
            return Ok(false);
        }
        self.apply(Change::DeleteNode { id: node.0 })?;
        self.counts.nodes_deleted += 1;
        Ok(true)
    }

    /// Deletes a relationship; whether it was there.
    pub fn delete_relationship(&mut self, relationship: RelationshipId) -> Result<bool> {
        if !self.snapshot.relationship_exists(relationship)? {
            return Ok(false);
        }
        self.apply(Change::DeleteRelationship { id: relationship.0 })?;
        self.counts.relationships_deleted += 1;
        Ok(true)
    }

    /// Whether the node was deleted in this transaction or shortly before it.
    pub fn is_deleted_node(&self, node: NodeId) -> bool {
        self.state().delta.node(node.0).is_some_and(|own| own.head().deleted)
    }

    /// Whether the relationship was deleted in this transaction or shortly before it.
    pub fn is_deleted_relationship(&self, relationship: RelationshipId) -> bool {
        self.state().delta.relationship(relationship.0).is_some_and(|own| own.head().deleted)
    }

    /// Whether any relationship starts or ends at the node.
    pub fn has_relationships(&self, node: NodeId) -> Result<bool> {
        let mut degrees = Vec::new();
        self.snapshot.degrees(&[node], Direction::Both, &[], &mut degrees)?;
        Ok(degrees.iter().any(|degree| *degree > 0))
    }

    /// What the transaction has done so far.
    pub fn counts(&self) -> ChangeCounts {
        self.counts
    }

    /// Says that a statement begins. What it changes of the snapshot it copies, since the one before stays as long as it
    /// may have to be returned to.
    pub fn begin_statement(&mut self) {
        let delta = &self.snapshot.state.delta;
        let copied = delta.allocated_since(self.written.statement).copied;
        self.written.copied = self.written.copied.saturating_add(copied).min(self.written.shared);
        self.written.statement = delta.allocated();
    }

    /// About how many bytes it takes until it is committed, and while it is: its changes, their record in the log, and what
    /// the snapshot has of its own. It counts room for `more` changes.
    pub fn held_bytes(&self, more: usize) -> u64 {
        let Written { changes, begun, statement, copied, .. } = *self.written;
        let delta = &self.snapshot.state.delta;
        let own = delta.allocated_since(begun).new + delta.allocated_since(statement).copied;
        let list = vec_bytes(&self.changes) + vec_growth(&self.changes, more);
        // A change is encoded in about as many bytes as it takes, but for its own size.
        let log = changes + 16 * self.changes.len() as u64;
        [own, copied, changes, log, list, self.touched.bytes()]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// A point to return to.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint {
            snapshot: self.snapshot.clone(),
            changes: self.changes.len(),
            counts: self.counts,
            touched: self.touched.clone(),
            written: self.written.clone(),
        }
    }

    /// Undoes everything since the savepoint, which must be one of this transaction.
    pub fn rollback_to(&mut self, savepoint: Savepoint) {
        self.changes.truncate(savepoint.changes);
        self.snapshot = savepoint.snapshot;
        self.counts = savepoint.counts;
        self.touched = savepoint.touched;
        self.written = savepoint.written;
    }

    /// Makes the changes durable, then visible to others. If it fails they are not visible, and the graph
    /// refuses further writes where it cannot know what is on disk.
    ///
    /// # Errors
    /// `ConstraintVerificationFailed` where the changes break a constraint.
    pub fn commit(mut self) -> Result<()> {
        self.verify(true)?;
        let changes = std::mem::take(&mut self.changes);
        if changes.is_empty() {
            return Ok(());
        }
        if !self.is_writer {
            return Err(Error::internal("a transaction was committed without the writer's place"));
        }
        let after = Arc::unwrap_or_clone(std::mem::take(&mut self.snapshot.state));
        let shared = self.shared.clone();
        // They are written after the commit.
        let _building = self.building.take();
        meter::check()?;
        // From here on nothing ends it half-way. Dropping the transaction lets the next writer go on.
        let graph = shared.clone();
        let commit = || shared.commit(changes, after, move || drop(self));
        meter::unlimited(|| caught_panic(commit)).unwrap_or_else(|panic| {
            Err(graph.poison(Error::internal(format!("a commit panicked: {panic}"))))
        })
    }

    /// Commits, and gives another transaction, which goes on counting. What became of the commit and
    /// whether there is another are two answers: a commit that was refused is no reason to stop.
    pub fn commit_and_begin(self) -> (Result<()>, Result<Transaction>) {
        let shared = self.shared.clone();
        let counts = self.counts;
        let committed = self.commit();
        let next = Shared::begin(&shared).map(|mut next| {
            next.counts = counts;
            next
        });
        (committed, next)
    }

    /// Forgets the changes.
    pub fn rollback(self) {}

    pub(super) fn state(&self) -> &State {
        &self.snapshot.state
    }

    pub(super) fn delta_mut(&mut self) -> &mut Delta {
        &mut Arc::make_mut(&mut self.snapshot.state).delta
    }

    pub(super) fn apply(&mut self, change: Change) -> Result<u64> {
        let changed = Arc::make_mut(&mut self.snapshot.state).apply(&change)?;
        if changed > 0 {
            let schema = &self.snapshot.state.schema;
            if !schema.constraints().is_empty() {
                self.touched.note(&change, schema);
            }
            self.written.changes += change.held_bytes();
            self.changes.push(change);
        }
        Ok(changed)
    }

    /// Labels in order, each once.
    fn labels(&self, labels: &[LabelId]) -> Result<Vec<LabelId>> {
        let mut labels = labels.to_vec();
        labels.sort_unstable();
        labels.dedup();
        match labels.iter().find(|label| label.0 >= self.state().tokens.labels.len()) {
            Some(unknown) => Err(Error::internal(format!("no label has the id {}", unknown.0))),
            None => Ok(labels),
        }
    }

    fn check_type(&self, type_id: TypeId) -> Result<()> {
        if type_id.0 < self.state().tokens.types.len() {
            return Ok(());
        }
        Err(Error::internal(format!("no relationship type has the id {}", type_id.0)))
    }

    fn check_ends(&self, start: NodeId, end: NodeId) -> Result<()> {
        for node in [start, end] {
            if !self.snapshot.node_exists(node)? {
                return Err(super::snapshot::deleted("node", node.0));
            }
        }
        Ok(())
    }

    /// The value of a property as it is stored; null stands for its removal.
    fn stored<'v>(&self, key: KeyId, value: &'v Value) -> Result<Cow<'v, Value>> {
        let Some(name) = self.state().tokens.keys.name(key.0) else {
            return Err(Error::internal(format!("no property key has the id {}", key.0)));
        };
        match value {
            Value::Null => Ok(Cow::Borrowed(value)),
            value => property::stored(name, value),
        }
    }

    /// The values of a property as they are stored.
    fn column(&self, key: KeyId, column: &Column) -> Result<Values> {
        if column.has_no_nulls() {
            match column.data() {
                ColumnData::Integer(values) => return Ok(Values::Integers(values.to_vec())),
                ColumnData::Float(values) => return Ok(Values::Floats(values.to_vec())),
                _ => {}
            }
        }
        column.iter().map(|value| Ok(self.stored(key, &value)?.into_owned())).collect()
    }

    /// The columns of properties as they are stored, in the order of their keys. Those without a value are left out.
    fn columns(&self, columns: Vec<(KeyId, Column)>) -> Result<Vec<(KeyId, Values)>> {
        let mut stored: Vec<(KeyId, Values)> = Vec::with_capacity(columns.len());
        for (key, column) in columns {
            let values = self.column(key, &column)?;
            match stored.binary_search_by_key(&key, |(own, _)| *own) {
                Ok(at) => stored[at].1 = values,
                Err(at) => stored.insert(at, (key, values)),
            }
        }
        stored.retain(|(_, values)| values.present() > 0);
        Ok(stored)
    }

    fn normalise(&self, properties: Vec<(KeyId, Value)>) -> Result<Properties> {
        let mut sorted = Properties::with_capacity(properties.len());
        for (key, value) in properties {
            super::delta::set_property(&mut sorted, key, &*self.stored(key, &value)?);
        }
        Ok(sorted)
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.give_way();
    }
}
