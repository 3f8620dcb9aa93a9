//! Populating an index, and verifying a constraint, while others write.
//!
//! A statement that does nothing else gives up the writer's place. A checkpoint of its own writes the index from what is
//! durable; every later checkpoint keeps it in step, as if it were created already. What writers change meanwhile is taken
//! in from a journal, again and again until little is left. Then it takes the place, takes in the rest and commits. Nobody sees the
//! index before that commit: whatever ends the work leaves at most a section of no index, which the next checkpoint drops.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::TryLockError;
use std::thread;
use std::time::Duration;

use crate::error::Result;

use super::Shared;
use super::build::{Build, Watch};
use super::change::Change;
use super::ids::IdSet;
use super::journal::Journal;
use super::lock;
use super::recovery;
use super::schema::{Constraint, Index, SchemaTarget};
use super::snapshot::Snapshot;
use super::transaction::Transaction;

/// How many nodes or relationships are taken in while others wait to write.
const FEW: usize = 1 << 12;
/// How often what was changed meanwhile is taken in, before it is taken in however much it is.
const ROUNDS: usize = 8;
/// How often the writer's place is given up once more, because the base has changed too much.
const ATTEMPTS: usize = 4;
/// How long it is slept between two looks at whether others have done their work.
pub(super) const PAUSE: Duration = Duration::from_millis(2);

/// An index or a constraint that is to be created; a constraint may come with its index.
pub(super) struct New {
    pub(super) index: Option<Index>,
    pub(super) constraint: Option<Constraint>,
}

/// What was made ahead of the commit that creates something.
pub(super) struct Ahead {
    pub(super) build: Option<Arc<Build>>,
    /// A state with the index, in which the constraint holds; nothing where it is not known any more.
    before: Option<Snapshot>,
    /// Who was touched since.
    touched: IdSet,
}

impl New {
    fn on(&self) -> Option<SchemaTarget> {
        let index = self.index.as_ref().map(|index| index.on);
        index.or(self.constraint.as_ref().map(|constraint| constraint.on))
    }

    /// How many it is on.
    fn size(&self, snapshot: &Snapshot) -> u64 {
        match self.on() {
            Some(SchemaTarget::Label(label)) => snapshot.label_count(label),
            Some(SchemaTarget::Type(of)) => snapshot.type_count(of),
            None => 0,
        }
    }

    /// What it is on, as names.
    fn target(&self, snapshot: &Snapshot) -> Option<String> {
        let index = self.index.as_ref().map(|index| snapshot.target(index.on, &index.keys));
        index.or_else(|| self.constraint.as_ref().map(|c| snapshot.target(c.on, &c.keys)))
    }

    /// Whether it would have the same index as another, or one of the same name.
    fn is_like(&self, other: &Index) -> bool {
        self.index.as_ref().is_some_and(|own| {
            let same = own.kind == other.kind && own.on == other.on && own.keys == other.keys;
            same || own.name == other.name
        })
    }

    /// The same with the number of an index that was built.
    pub(super) fn numbered_as(mut self, built: &Self) -> Self {
        if let (Some(index), Some(built)) = (&mut self.index, &built.index) {
            index.id = built.id;
            if let Some(constraint) = &mut self.constraint {
                constraint.index = Some(built.id);
            }
        }
        self
    }
}

impl Transaction {
    /// Waits where another statement builds the same index beside writers. Says whether it did, and there is another state
    /// now.
    pub(super) fn waits_for_same(&mut self, new: &New) -> Result<bool> {
        if !self.may_give_way() {
            return Ok(false);
        }
        let same = |shared: &Shared| shared.builds.ahead().iter().any(|index| new.is_like(index));
        if !same(&self.shared) {
            return Ok(false);
        }
        self.give_way();
        while same(&self.shared) {
            self.interrupt()?;
            thread::sleep(PAUSE);
        }
        self.go_on()?;
        Ok(true)
    }

    /// Does the work that others need not wait for. Nothing, where there is little of it or this transaction cannot give
    /// way; else there is another state now.
    pub(super) fn ahead(&mut self, new: &New) -> Result<Option<Ahead>> {
        if !self.may_give_way() || new.size(self.snapshot()) <= FEW as u64 {
            return Ok(None);
        }
        let (shared, target) = (self.shared.clone(), new.target(self.snapshot()));
        let mut population = Population::new(&shared, new, self.snapshot());
        for attempt in 1.. {
            self.give_way();
            population.catch_up(&|| self.interrupt())?;
            self.go_on()?;
            if new.target(self.snapshot()) != target {
                return Err(recovery::lost(self.snapshot().sequence()));
            }
            if attempt == ATTEMPTS || population.is_near(self.snapshot())? {
                break;
            }
        }
        Ok(Some(population.ahead()))
    }

    /// Makes the changes that create it, and does what is left of the work.
    pub(super) fn create_new(&mut self, new: &New, ahead: Option<&Ahead>) -> Result<()> {
        if let Some(index) = &new.index {
            let before = ahead.and_then(|ahead| ahead.on_base_of(self.snapshot()));
            if let (Some(before), Some(ahead)) = (before, ahead) {
                self.delta_mut().add_index_after(index, &before.state.delta, &ahead.touched);
            }
            self.apply(Change::CreateIndex(index.clone()))?;
            if ahead.is_none() || !self.state().base.has_index(index.id)? {
                self.build(index.id)?;
            }
        }
        let Some(constraint) = &new.constraint else { return Ok(()) };
        self.apply(Change::CreateConstraint(constraint.clone()))?;
        match ahead {
            Some(Ahead { before: Some(_), touched, .. }) => {
                self.snapshot().verify_some(constraint, touched)
            }
            _ => self.snapshot().verify_all(constraint, &|_| self.interrupt()),
        }
    }
}

impl Ahead {
    /// The state that it was made of, if it is on the same base as this one.
    fn on_base_of(&self, snapshot: &Snapshot) -> Option<&Snapshot> {
        self.before.as_ref().filter(|before| same_base(before, snapshot))
    }
}

fn same_base(one: &Snapshot, other: &Snapshot) -> bool {
    one.state.base.generation == other.state.base.generation
}

fn is_few(touched: &IdSet) -> bool {
    touched.iter_from(0).nth(FEW).is_none()
}

/// An index that is being populated, or a constraint that is being verified, while others write.
struct Population<'a> {
    shared: &'a Shared,
    new: &'a New,
    build: Option<Arc<Build>>,
    journal: Arc<Mutex<Journal>>,
    /// The last state that was gone through, with the index.
    seen: Option<Snapshot>,
}

impl<'a> Population<'a> {
    fn new(shared: &'a Shared, new: &'a New, snapshot: &Snapshot) -> Self {
        let index = new.index.as_ref();
        let build = index.map(|index| shared.builds.begin_ahead(snapshot, index));
        Self { shared, new, build, journal: Arc::default(), seen: None }
    }

    /// Takes in what there is, until little is left that was changed meanwhile.
    fn catch_up(&mut self, interrupt: &dyn Fn() -> Result<()>) -> Result<()> {
        if let Some(index) = &self.new.index {
            self.write(&Arc::new(index.clone()), interrupt)?;
        }
        for _ in 0..ROUNDS {
            interrupt()?;
            let (now, journal) = lock(&self.shared.heads).watch(&self.journal);
            let before = self.seen.take().filter(|_| !journal.void);
            let Some(touched) = self.new.on().map(|on| journal.of(on)) else { return Ok(()) };
            let now = match &self.new.index {
                Some(index) => now.with_index_after(index, before.as_ref(), touched)?,
                None => now,
            };
            match (&self.new.constraint, before) {
                (Some(constraint), Some(_)) => now.verify_some(constraint, touched)?,
                (Some(constraint), None) => now.verify_all(constraint, &|_| interrupt())?,
                (None, _) => {}
            }
            self.seen = Some(now);
            let since = lock(&self.journal);
            if since.void || self.new.on().is_none_or(|on| is_few(since.of(on))) {
                break;
            }
        }
        interrupt()
    }

    /// Writes the index into segments, unless it is there.
    fn write(&self, index: &Arc<Index>, interrupt: &dyn Fn() -> Result<()>) -> Result<()> {
        let _one_at_a_time = self.no_checkpoint(interrupt)?;
        let durable = lock(&self.shared.heads).durable().clone();
        if durable.state.base.has_index(index.id)? {
            return Ok(());
        }
        let watch: &Watch<'_> = &|more| {
            self.build.iter().for_each(|build| build.advance(more));
            interrupt()?;
            // A writer that finds a failed write waits for this to end before it opens the store anew.
            self.shared.check()
        };
        durable.sort(index, watch)?;
        drop(durable);
        self.shared.checkpoint_with(Some(index))
    }

    /// Waits until no checkpoint is made, and lets none begin.
    fn no_checkpoint(&self, interrupt: &dyn Fn() -> Result<()>) -> Result<MutexGuard<'a, ()>> {
        loop {
            match self.shared.checkpointing.try_lock() {
                Ok(guard) => return Ok(guard),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {
                    interrupt()?;
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Whether little is left to do up to this state, after which nobody writes. It holds the writer's place.
    fn is_near(&self, last: &Snapshot) -> Result<bool> {
        let journal = lock(&self.journal);
        let Some(on) = self.new.on() else { return Ok(true) };
        if journal.void || !is_few(journal.of(on)) {
            return Ok(false);
        }
        let Some(index) = &self.new.index else { return Ok(true) };
        let state = &last.state;
        if !state.base.is_empty() && !state.base.has_index(index.id)? {
            return Ok(false);
        }
        // On another base the entries of all that was touched since are made anew.
        let delta = match on {
            SchemaTarget::Label(label) => state.delta.labels.get(&label.0),
            SchemaTarget::Type(of) => state.delta.types.get(&of.0).map(|sets| &sets.relationships),
        };
        let on_same_base = self.seen.as_ref().is_some_and(|seen| same_base(seen, last));
        Ok(on_same_base || delta.is_none_or(is_few))
    }

    /// What is known. It holds the writer's place.
    fn ahead(self) -> Ahead {
        let (_, journal) = lock(&self.shared.heads).watch(&self.journal);
        let before = self.seen.filter(|_| !journal.void);
        let touched = self.new.on().map(|on| journal.of(on).clone()).unwrap_or_default();
        Ahead { build: self.build, before, touched }
    }
}

impl Snapshot {
    /// The same with an index that is not created yet.
    pub(super) fn with_index(&self, index: &Index) -> Result<Self> {
        self.with_index_after(index, None, &IdSet::default())
    }

    /// The same with an index, whose entries an earlier state may have as far as nobody has touched them since.
    fn with_index_after(
        &self,
        index: &Index,
        before: Option<&Self>,
        touched: &IdSet,
    ) -> Result<Self> {
        if self.schema().index(index.id).is_some() {
            return Ok(self.clone());
        }
        let mut state = (*self.state).clone();
        if let Some(before) = before.filter(|before| same_base(before, self)) {
            state.delta.add_index_after(index, &before.state.delta, touched);
        }
        state.apply(&Change::CreateIndex(index.clone()))?;
        Ok(Self { state: Arc::new(state) })
    }
}
