//! Indexes that are being built: how far each is, for whoever asks meanwhile, and when to give up.
//!
//! The transaction that creates an index holds its [`Build`]; the graph knows it as long as somebody does. Others do not see
//! the index before its commit, so that it carries names and not their numbers.
//! It may not know how an index is populated.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::error::Result;

use super::lock;
use super::schema::{Index, IndexId, IndexKind, Schema, SchemaTarget};
use super::snapshot::Snapshot;

/// An index that is being built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexBuild {
    /// Its number.
    pub id: IndexId,
    /// Its name.
    pub name: Arc<str>,
    /// Which values it holds.
    pub kind: IndexKind,
    /// Whether it is on relationships, and not on nodes.
    pub on_relationships: bool,
    /// The label or relationship type.
    pub label_or_type: Arc<str>,
    /// The properties.
    pub properties: Vec<Arc<str>>,
    /// Whether it belongs to a constraint of the same name.
    pub unique: bool,
    /// How many nodes or relationships were taken in, or written.
    pub done: u64,
    /// How many there are.
    pub total: u64,
    /// Whether all were taken in, and what is left is to write them.
    pub writing: bool,
}

impl IndexBuild {
    /// How much of it was taken in, in percent.
    pub fn percent(&self) -> f64 {
        if self.writing || self.total == 0 {
            return 100.0;
        }
        (self.done as f64 * 100.0 / self.total as f64).min(100.0)
    }
}

/// What is called with how many more were taken in; its error ends the work.
pub(super) type Watch<'a> = dyn Fn(u64) -> Result<()> + 'a;

/// An index that is being built, with how far it is.
#[derive(Debug)]
pub(super) struct Build {
    of: IndexBuild,
    /// The index, where checkpoints keep it before it is created.
    ahead: Option<Arc<Index>>,
    done: AtomicU64,
    writing: AtomicBool,
}

impl Build {
    pub(super) fn advance(&self, more: u64) {
        self.done.fetch_add(more, Ordering::Relaxed);
    }

    fn now(&self) -> IndexBuild {
        let writing = self.writing.load(Ordering::Relaxed);
        IndexBuild { done: self.done.load(Ordering::Relaxed), writing, ..self.of.clone() }
    }
}

/// All that are being built.
#[derive(Debug, Default)]
pub(super) struct Builds {
    known: Mutex<Vec<Weak<Build>>>,
    /// The least number that no index had which was built ahead: segments may hold what is left of it.
    next_id: AtomicU32,
}

impl Builds {
    /// The number of the next index or constraint of a schema.
    pub(super) fn next_id(&self, schema: &Schema) -> u32 {
        schema.next_id().max(self.next_id.load(Ordering::Relaxed))
    }

    /// Begins one, which is known until it is dropped.
    pub(super) fn begin(&self, snapshot: &Snapshot, index: &Index) -> Arc<Build> {
        self.add(snapshot, index, None)
    }

    /// Begins one of an index that checkpoints keep from the first that holds it on, as if it were created already.
    pub(super) fn begin_ahead(&self, snapshot: &Snapshot, index: &Index) -> Arc<Build> {
        self.next_id.fetch_max(index.id.0 + 1, Ordering::Relaxed);
        self.add(snapshot, index, Some(Arc::new(index.clone())))
    }

    fn add(&self, snapshot: &Snapshot, index: &Index, ahead: Option<Arc<Index>>) -> Arc<Build> {
        let (on_relationships, label_or_type, total) = match index.on {
            SchemaTarget::Label(label) => {
                (false, snapshot.label_name(label), snapshot.label_count(label))
            }
            SchemaTarget::Type(of) => (true, snapshot.type_name(of), snapshot.type_count(of)),
        };
        let of = IndexBuild {
            id: index.id,
            name: index.name.clone(),
            kind: index.kind,
            on_relationships,
            label_or_type,
            properties: index.keys.iter().map(|key| snapshot.key_name(*key)).collect(),
            unique: index.unique,
            done: 0,
            total,
            writing: false,
        };
        let (done, writing) = (AtomicU64::new(0), AtomicBool::new(false));
        let build = Arc::new(Build { of, ahead, done, writing });
        let mut builds = lock(&self.known);
        builds.retain(|build| build.strong_count() > 0);
        builds.push(Arc::downgrade(&build));
        build
    }

    /// How far each is.
    pub(super) fn now(&self) -> Vec<IndexBuild> {
        self.all().iter().map(|build| build.now()).collect()
    }

    /// The indexes that are built ahead.
    pub(super) fn ahead(&self) -> Vec<Arc<Index>> {
        self.all().iter().filter_map(|build| build.ahead.clone()).collect()
    }

    /// The index is written now: its build, if there is one.
    pub(super) fn write(&self, index: IndexId) -> Option<Arc<Build>> {
        let build = self.all().into_iter().find(|build| build.of.id == index)?;
        build.done.store(0, Ordering::Relaxed);
        build.writing.store(true, Ordering::Relaxed);
        Some(build)
    }

    fn all(&self) -> Vec<Arc<Build>> {
        lock(&self.known).iter().filter_map(Weak::upgrade).collect()
    }
}
