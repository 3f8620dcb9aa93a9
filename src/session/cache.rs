//! Plans by the text of their statement; the least recently used one makes room.

use std::collections::HashMap;
use std::sync::Arc;

use super::Prepared;

/// The longest text, in bytes, whose plan is kept: what is longer holds data, and does not come again.
const LONGEST: usize = 1 << 16;

/// At most a fixed number of plans.
pub(super) struct PlanCache {
    capacity: usize,
    clock: u64,
    plans: HashMap<Arc<str>, (u64, Arc<Prepared>)>,
}

impl PlanCache {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, clock: 0, plans: HashMap::new() }
    }

    /// The plan of this text, which is the youngest now.
    pub(super) fn get(&mut self, text: &str) -> Option<Arc<Prepared>> {
        self.clock += 1;
        let (used, prepared) = self.plans.get_mut(text)?;
        *used = self.clock;
        Some(prepared.clone())
    }

    pub(super) fn insert(&mut self, text: &str, prepared: Arc<Prepared>) {
        if self.capacity == 0 || text.len() > LONGEST {
            return;
        }
        if self.plans.len() >= self.capacity {
            self.drop_oldest_quarter();
        }
        self.clock += 1;
        self.plans.insert(text.into(), (self.clock, prepared));
    }

    pub(super) fn clear(&mut self) {
        self.plans.clear();
    }

    /// Dropping many at once makes the search for the oldest rare.
    fn drop_oldest_quarter(&mut self) {
        let mut ages: Vec<u64> = self.plans.values().map(|(used, _)| *used).collect();
        let at = ages.len() / 4;
        if at < ages.len() {
            let (_, limit, _) = ages.select_nth_unstable(at);
            let limit = *limit;
            self.plans.retain(|_, (used, _)| *used > limit);
        }
    }
}
