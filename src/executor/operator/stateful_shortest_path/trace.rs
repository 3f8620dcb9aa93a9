//! Paths from the ways that a search has found, traced back from their end, the shortest first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::bound::DistinctNodes;
use crate::bound::Restriction;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::Held;
use crate::value::NodeId;

use super::explore::{Exploration, Place};
use super::steps::{Steps, TimeId};

/// The end of a path: from a vertex to the target.
struct Suffix {
    vertex: u32,
    length: u64,
    /// What the step from this vertex matched, and the rest behind it.
    time: Option<TimeId>,
    rest: Option<Arc<Suffix>>,
    /// Whether it begins at the node where it ends, which only a whole path may.
    closed: bool,
}

impl Drop for Suffix {
    /// One after the other: left to itself, dropping would call itself once per step.
    fn drop(&mut self) {
        let mut rest = self.rest.take();
        while let Some(suffix) = rest {
            match Arc::try_unwrap(suffix) {
                Ok(mut suffix) => rest = suffix.rest.take(),
                Err(_) => break,
            }
        }
    }
}

/// A suffix that waits, by the least length of a path it can become.
struct Waiting {
    length: u64,
    number: u64,
    suffix: Arc<Suffix>,
}

impl Waiting {
    /// The greatest comes first: the shortest path, then the longest suffix, then the oldest.
    fn key(&self) -> (std::cmp::Reverse<u64>, u64, std::cmp::Reverse<u64>) {
        let reverse = std::cmp::Reverse;
        (reverse(self.length), self.suffix.length, reverse(self.number))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// A whole path: the places it passes, each with its node and what led on from there.
pub(super) struct Run {
    pub(super) length: u64,
    pub(super) places: Vec<(Place, NodeId, Option<TimeId>)>,
}

/// The paths to one target, in order of their length.
pub(super) struct Trace {
    target: Option<u32>,
    restriction: Restriction,
    waiting: BinaryHeap<Waiting>,
    number: u64,
    /// Shorter ones were given before the search went on and the trace began again.
    from: u64,
    /// How many levels the search goes on at once.
    levels: u64,
    held: Held,
}

impl Trace {
    pub(super) fn new(target: Option<u32>, restriction: Restriction) -> Self {
        Self {
            target,
            restriction,
            waiting: BinaryHeap::new(),
            number: 0,
            from: 0,
            levels: 1,
            held: Held::default(),
        }
    }

    /// The next path. Where the search has not gone far enough for it, it goes on.
    pub(super) fn next(
        &mut self,
        explored: &mut Exploration,
        steps: &mut Steps,
        outer: &Batch,
        ctx: &mut Context,
    ) -> Result<Option<Run>> {
        if self.number == 0 {
            self.approach(explored, steps, outer, ctx)?;
            self.begin(explored, steps);
        }
        loop {
            let shortest = self.target.map(|target| explored.distance(target));
            let shortest = shortest.filter(|shortest| *shortest < u64::MAX);
            let length = self.waiting.peek().map(|next| next.length);
            let is_shortest = length.is_some() && length == shortest;
            let covered = match length {
                Some(length) => explored.covers(length, is_shortest),
                None => explored.is_exhausted(false),
            };
            if !covered {
                // What is shorter than what is known was given, and so were the shortest.
                let known = length.unwrap_or(u64::MAX).min(explored.coverage(is_shortest));
                let given = shortest.filter(|_| !is_shortest).map_or(0, |shortest| shortest + 1);
                self.from = self.from.max(known).max(given);
                for _ in 0..self.levels {
                    explored.advance(steps, is_shortest, outer, ctx)?;
                }
                self.levels = self.levels.saturating_mul(2).min(1 << 16);
                explored.measure();
                self.begin(explored, steps);
                continue;
            }
            let Some(Waiting { suffix, length, .. }) = self.waiting.pop() else { return Ok(None) };
            if self.number.is_multiple_of(1024) {
                ctx.check_limits()?;
            }
            if explored.vertices[suffix.vertex as usize].place == Place::Node(0) {
                if length >= self.from {
                    return Ok(Some(run(explored, &suffix)));
                }
                continue;
            }
            self.lengthen(&suffix, explored, steps, ctx)?;
        }
    }

    /// Lets the search go on until both sides have met for good.
    fn approach(
        &mut self,
        explored: &mut Exploration,
        steps: &mut Steps,
        outer: &Batch,
        ctx: &mut Context,
    ) -> Result<()> {
        if explored.end.is_none() {
            return Ok(());
        }
        while !explored.is_exhausted(true) && !explored.covers(explored.shortest_connection(), true)
        {
            explored.advance(steps, true, outer, ctx)?;
        }
        explored.measure();
        Ok(())
    }

    /// Begins at the target.
    fn begin(&mut self, explored: &Exploration, steps: &Steps) {
        self.waiting.clear();
        self.number += 1;
        if self.target.is_none()
            && let Some(end) = explored.end
        {
            self.target = explored.find(Place::Node(steps.len()), end);
        }
        let Some(target) = self.target else { return };
        let suffix = Suffix { vertex: target, length: 0, time: None, rest: None, closed: false };
        self.wait(suffix, explored);
    }

    fn wait(&mut self, suffix: Suffix, explored: &Exploration) {
        let distance = explored.distance(suffix.vertex);
        if distance == u64::MAX {
            return;
        }
        self.number += 1;
        self.waiting.push(Waiting {
            length: suffix.length + distance,
            number: self.number,
            suffix: Arc::new(suffix),
        });
    }

    fn lengthen(
        &mut self,
        suffix: &Arc<Suffix>,
        explored: &Exploration,
        steps: &Steps,
        ctx: &Context,
    ) -> Result<()> {
        let ways = &explored.vertices[suffix.vertex as usize].ways;
        for (from, time) in ways {
            let Some(closed) = self.may_precede(*time, suffix, explored, steps) else { continue };
            let longer = Suffix {
                vertex: *from,
                length: suffix.length + explored.length(*from, *time),
                time: *time,
                rest: Some(suffix.clone()),
                closed,
            };
            self.wait(longer, explored);
        }
        self.held.add(ctx, 96 * ways.len() as u64)
    }

    /// Whether the step may stand before the rest: nothing repeats that may not. Gives whether the path
    /// is closed then.
    fn may_precede(
        &self,
        time: Option<TimeId>,
        suffix: &Arc<Suffix>,
        explored: &Exploration,
        steps: &Steps,
    ) -> Option<bool> {
        let Some(time) = time else { return Some(suffix.closed) };
        let time = steps.time(time);
        let behind = || {
            std::iter::successors(Some(suffix), |suffix| suffix.rest.as_ref())
                .filter_map(|suffix| suffix.time)
                .map(|id| steps.time(id))
        };
        if self.restriction.relationships.is_some() {
            let mut own = time.relationships.iter();
            if own.any(|id| behind().any(|after| after.relationships.contains(id))) {
                return None;
            }
        }
        if self.restriction.nodes == DistinctNodes::None {
            return Some(false);
        }
        if suffix.closed {
            return None;
        }
        let last = self.target.map(|target| explored.vertices[target as usize].node)?;
        let (_, new) = time.nodes.split_last()?;
        let mut closed = false;
        for (at, node) in new.iter().enumerate() {
            let again = new.iter().skip(at + 1).any(|other| other == node)
                || time.last() == *node && *node != last
                || behind().any(|after| {
                    after.nodes.split_last().is_some_and(|(_, nodes)| nodes.contains(node))
                });
            if again {
                return None;
            }
            if *node == last {
                if at > 0 || self.restriction.nodes == DistinctNodes::Acyclic {
                    return None;
                }
                closed = true;
            }
        }
        Some(closed)
    }
}

fn run(explored: &Exploration, suffix: &Arc<Suffix>) -> Run {
    let mut places = Vec::new();
    let mut next = Some(suffix);
    while let Some(at) = next {
        let vertex = &explored.vertices[at.vertex as usize];
        places.push((vertex.place, vertex.node, at.time));
        next = at.rest.as_ref();
    }
    Run { length: suffix.length, places }
}
