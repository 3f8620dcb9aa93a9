//! Decoded chunks in memory, up to a budget of bytes.
//!
//! A chunk is read, checked and decoded once for all who ask at the same time; what was asked for lately
//! stays. It may not know what a chunk holds.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::error::Result;

/// File number and offset.
pub(super) type ChunkKey = (u64, u64);

type Shared = Arc<dyn Any + Send + Sync>;

/// See the module.
pub(crate) struct ChunkCache {
    budget: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    entries: FxHashMap<ChunkKey, Entry>,
    /// Ready chunks in the order in which they are looked at for eviction.
    queue: VecDeque<ChunkKey>,
    bytes: u64,
    /// How many [`Narrowed`] there are.
    narrowed: u32,
}

/// While there is one, the cache holds at most half of its budget.
pub(crate) struct Narrowed<'a>(&'a ChunkCache);

impl Drop for Narrowed<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).narrowed -= 1;
    }
}

enum Entry {
    /// Somebody is reading it and holds this lock.
    Loading(Arc<Mutex<()>>),
    Ready {
        chunk: Shared,
        size: u64,
        used: bool,
    },
}

impl fmt::Debug for ChunkCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkCache").field("budget", &self.budget).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ChunkCache {
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, state: Mutex::default() }
    }

    /// Limits the cache to half of its budget until the value is dropped. A reader that goes through the whole store asks for
    /// this: the reader itself holds much, and it reads few chunks twice.
    pub(crate) fn narrowed(&self) -> Narrowed<'_> {
        let mut state = lock(&self.state);
        state.narrowed += 1;
        state.evict(self.budget);
        Narrowed(self)
    }

    /// The chunk, loaded if need be; `load` says its size in bytes too.
    pub(super) fn get<T: Any + Send + Sync>(
        &self,
        key: ChunkKey,
        load: impl FnOnce() -> Result<(T, u64)>,
    ) -> Result<Arc<T>> {
        loop {
            let mut state = lock(&self.state);
            let loading = match state.entries.get_mut(&key) {
                Some(Entry::Ready { chunk, used, .. }) => {
                    *used = true;
                    let chunk = chunk.clone();
                    return chunk.downcast().map_err(|_| {
                        Error::internal("a segment chunk was read as two different things")
                    });
                }
                Some(Entry::Loading(slot)) => slot.clone(),
                None => {
                    // Locked before others can see it, so that they wait for the whole loading.
                    let slot = Arc::new(Mutex::new(()));
                    let loading = lock(&slot);
                    state.entries.insert(key, Entry::Loading(slot.clone()));
                    drop(state);
                    let result = self.keep(key, load());
                    drop(loading);
                    return result;
                }
            };
            drop(state);
            drop(lock(&loading));
        }
    }

    fn keep<T: Any + Send + Sync>(
        &self,
        key: ChunkKey,
        loaded: Result<(T, u64)>,
    ) -> Result<Arc<T>> {
        let mut state = lock(&self.state);
        match loaded {
            Ok((chunk, size)) => {
                let chunk = Arc::new(chunk);
                let entry = Entry::Ready { chunk: chunk.clone(), size, used: true };
                state.entries.insert(key, entry);
                state.queue.push_back(key);
                state.bytes += size;
                state.evict(self.budget);
                Ok(chunk)
            }
            Err(error) => {
                state.entries.remove(&key);
                Err(error)
            }
        }
    }

    /// Forgets all chunks of a file that is gone.
    pub(super) fn forget(&self, file: u64) {
        let mut state = lock(&self.state);
        let state = &mut *state;
        let mut freed = 0;
        state.entries.retain(|key, entry| match entry {
            Entry::Ready { size, .. } if key.0 == file => {
                freed += *size;
                false
            }
            _ => true,
        });
        state.queue.retain(|key| key.0 != file);
        state.bytes -= freed;
    }
}

impl State {
    /// A second chance for what was used since it was last looked at, then out.
    fn evict(&mut self, budget: u64) {
        let allowed = if self.narrowed > 0 { budget / 2 } else { budget };
        let mut looks = self.queue.len() * 2;
        while self.bytes > allowed && looks > 0 {
            looks -= 1;
            let Some(key) = self.queue.pop_front() else { break };
            match self.entries.get_mut(&key) {
                Some(Entry::Ready { used, .. }) if *used => {
                    *used = false;
                    self.queue.push_back(key);
                }
                Some(Entry::Ready { size, .. }) => {
                    self.bytes -= *size;
                    self.entries.remove(&key);
                }
                _ => {}
            }
        }
    }
}
