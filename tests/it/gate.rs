//! A storage of segment files that stands still in the middle of some work until it is told to go on.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use redstring::Result;
use redstring::graph::{Graph, GraphOptions};
use redstring::storage::{Opened, SegmentFiles, SegmentReader, SegmentWriter, memory};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Read,
    Write,
}

/// Holds one operation until it is let go.
#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// The operation that many operations from now on is held.
    Armed(At, u64),
    Holding,
}

impl Gate {
    pub fn arm(&self, at: At, operations: u64) {
        *self.state.lock().unwrap() = State::Armed(at, operations);
    }

    fn pass(&self, at: At) {
        let mut state = self.state.lock().unwrap();
        match &mut *state {
            State::Armed(armed, left) if *armed == at && *left > 0 => *left -= 1,
            State::Armed(armed, _) if *armed == at => {
                *state = State::Holding;
                self.changed.notify_all();
                drop(self.changed.wait_while(state, |state| *state == State::Holding).unwrap());
            }
            _ => {}
        }
    }

    /// Waits for an operation to be held.
    pub fn wait(&self) {
        let state = self.state.lock().unwrap();
        let minute = Duration::from_secs(60);
        let waits = |state: &mut State| *state != State::Holding;
        let (_state, waited) = self.changed.wait_timeout_while(state, minute, waits).unwrap();
        assert!(!waited.timed_out(), "nothing came by");
    }

    pub fn open(&self) {
        *self.state.lock().unwrap() = State::Open;
        self.changed.notify_all();
    }
}

#[derive(Debug)]
struct Gated<T: ?Sized>(Arc<Gate>, T);

impl SegmentFiles for Gated<Arc<dyn SegmentFiles>> {
    fn create(&self, name: &str) -> Result<Box<dyn SegmentWriter>> {
        Ok(Box::new(Gated(self.0.clone(), self.1.create(name)?)))
    }

    fn open(&self, name: &str) -> Result<Arc<dyn SegmentReader>> {
        Ok(Arc::new(Gated(self.0.clone(), self.1.open(name)?)))
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.1.delete(name)
    }

    fn list(&self) -> Result<Vec<String>> {
        self.1.list()
    }
}

impl SegmentWriter for Gated<Box<dyn SegmentWriter>> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.pass(At::Write);
        self.1.write(bytes)
    }

    fn finish(self: Box<Self>) -> Result<u64> {
        self.1.finish()
    }
}

impl SegmentReader for Gated<Arc<dyn SegmentReader>> {
    fn len(&self) -> u64 {
        self.1.len()
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.0.pass(At::Read);
        self.1.read_into(offset, buffer)
    }
}

/// Opens the gate when the test ends, however it does: a graph waits for what goes on behind it.
pub struct Keeper(Arc<Gate>);

impl std::ops::Deref for Keeper {
    type Target = Gate;

    fn deref(&self) -> &Gate {
        &self.0
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// The keeper comes last, so that it goes first.
pub fn gated(options: GraphOptions) -> (Graph, Keeper) {
    gated_on(memory::open(), options)
}

/// The same on a storage that others can open later.
pub fn gated_on(opened: Opened, options: GraphOptions) -> (Graph, Keeper) {
    let Opened { bytes, segments, .. } = opened;
    let gate = Arc::new(Gate::default());
    let files: Arc<dyn SegmentFiles> = Arc::new(Gated(gate.clone(), segments));
    (Graph::open(bytes, files, options).unwrap(), Keeper(gate))
}
