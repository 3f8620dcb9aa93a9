//! The search: breadth first through pairs of a node and a place in the pattern, from one end or both.
//!
//! It keeps every way into each such pair, so that paths can be traced back from their end; how far it
//! has to go is asked for by length.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::Held;
use crate::value::NodeId;

use super::steps::{Steps, TimeId, Way};

/// Where quantifiers leave more room than this, the search goes from one end only: from the other it
/// would have to try every number of times.
const ROOM: u64 = 8;

/// A place in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// At the node before the step of this number; at the end of the path where there is none.
    Node(usize),
    /// Within a step that repeats, after so many times.
    Times(usize, u64),
}

/// A node at a place, and the ways into it.
pub(super) struct Vertex {
    pub(super) place: Place,
    pub(super) node: NodeId,
    /// The length of the shortest way from the start; `u64::MAX` where none is known.
    distance: u64,
    /// The same along all ways that are known, for a search from both ends.
    measured: u64,
    /// The length of the shortest way to the end.
    rest: u64,
    expanded: bool,
    expanded_back: bool,
    pub(super) ways: Vec<(u32, Option<TimeId>)>,
}

/// The search for one row.
pub(super) struct Exploration {
    pub(super) vertices: Vec<Vertex>,
    index: FxHashMap<(Place, NodeId), u32>,
    forward: Frontier,
    /// What a shorter way has been through already with no more times: it leads to no shortest path.
    dormant: Frontier,
    backward: Option<Frontier>,
    /// For each repeating step and node: the fewest times it was reached with, and the distance.
    fewest: FxHashMap<(usize, NodeId), (u64, u64)>,
    pub(super) start: NodeId,
    pub(super) end: Option<NodeId>,
    /// The length of the shortest connection of both searches.
    met: u64,
    /// The vertices at the end of the pattern, in the order of their discovery.
    pub(super) targets: Vec<u32>,
    shapes: Vec<Shape>,
    held: Held,
    accounted: usize,
}

/// How many relationships a step has, and how often it stands.
type Shape = (u64, Option<(u64, Option<u64>)>);

type Frontier = BTreeMap<u64, Vec<u32>>;

fn level(frontier: &Frontier) -> u64 {
    frontier.first_key_value().map_or(u64::MAX, |(level, _)| *level)
}

impl Exploration {
    pub(super) fn new(start: NodeId, end: Option<NodeId>, steps: &Steps) -> Self {
        let mut new = Self {
            vertices: Vec::new(),
            index: FxHashMap::default(),
            forward: Frontier::new(),
            dormant: Frontier::new(),
            backward: None,
            fewest: FxHashMap::default(),
            start,
            end,
            met: u64::MAX,
            targets: Vec::new(),
            shapes: steps.steps.iter().map(|step| (step.hops(), step.plan.times)).collect(),
            held: Held::default(),
            accounted: 0,
        };
        let first = new.vertex(Place::Node(0), start);
        new.reach(first, 0, true);
        let narrow = steps.steps.iter().all(|step| match step.plan.times {
            Some((min, Some(max))) => max - min <= ROOM,
            _ => true,
        });
        if let (Some(end), true) = (end, narrow) {
            new.backward = Some(Frontier::new());
            let last = new.vertex(Place::Node(steps.len()), end);
            new.reach_back(last, 0);
        }
        new
    }

    /// The vertex at a place, made if it is new.
    fn vertex(&mut self, place: Place, node: NodeId) -> u32 {
        let next = self.vertices.len() as u32;
        let id = *self.index.entry((place, node)).or_insert(next);
        if id == next {
            self.vertices.push(Vertex {
                place,
                node,
                distance: u64::MAX,
                measured: u64::MAX,
                rest: u64::MAX,
                expanded: false,
                expanded_back: false,
                ways: Vec::new(),
            });
        }
        id
    }

    pub(super) fn find(&self, place: Place, node: NodeId) -> Option<u32> {
        self.index.get(&(place, node)).copied()
    }

    /// Whether every path of this length is known; of paths that are not the shortest, those through
    /// what is dormant are not.
    pub(super) fn covers(&self, length: u64, shortest: bool) -> bool {
        length < self.coverage(shortest)
    }

    /// Every shorter path is known.
    pub(super) fn coverage(&self, shortest: bool) -> u64 {
        let mut forward = level(&self.forward);
        if !shortest {
            forward = forward.min(level(&self.dormant));
        }
        let backward = self.backward.as_ref().map_or(0, level);
        forward.saturating_add(backward)
    }

    /// Whether all there is was found.
    pub(super) fn is_exhausted(&self, shortest: bool) -> bool {
        self.covers(u64::MAX - 1, shortest)
    }

    /// The least length a path to the end may have, as far as is known; for a search from both ends.
    pub(super) fn shortest_connection(&self) -> u64 {
        self.met
    }

    /// Goes on by one level on the side that has less to expand.
    pub(super) fn advance(
        &mut self,
        steps: &mut Steps,
        shortest: bool,
        outer: &Batch,
        ctx: &mut Context,
    ) -> Result<()> {
        ctx.check_limits()?;
        let size = |frontier: &Frontier| frontier.first_key_value().map_or(0, |(_, v)| v.len());
        if let Some(backward) = &mut self.backward
            && size(backward) <= size(&self.forward)
            && let Some((level, vertices)) = backward.pop_first()
        {
            self.expand_back(level, vertices, steps, outer, ctx)?;
        } else {
            let wakes = !shortest && level(&self.dormant) < level(&self.forward);
            let frontier = if wakes { &mut self.dormant } else { &mut self.forward };
            if let Some((level, vertices)) = frontier.pop_first() {
                self.expand(level, vertices, steps, outer, ctx)?;
            }
        }
        let ways: usize = self.vertices.len();
        let new = ways.saturating_sub(self.accounted);
        self.accounted = ways;
        self.held.add(ctx, new as u64 * 128)
    }

    /// What lies behind vertices at a distance from the start.
    fn expand(
        &mut self,
        distance: u64,
        vertices: Vec<u32>,
        steps: &mut Steps,
        outer: &Batch,
        ctx: &mut Context,
    ) -> Result<()> {
        // Vertex, step, place behind it.
        let mut walks: Vec<(u32, usize, Place)> = Vec::new();
        let mut leaves: Vec<(u32, usize)> = Vec::new();
        for id in vertices {
            let vertex = &mut self.vertices[id as usize];
            if vertex.expanded || vertex.distance != distance {
                continue;
            }
            vertex.expanded = true;
            let (place, node) = (vertex.place, vertex.node);
            match place {
                Place::Node(at) => match steps.steps.get(at).map(|step| step.plan.times) {
                    Some(Some(_)) => self.enter(id, Place::Times(at, 0), node, distance, None),
                    Some(None) => walks.push((id, at, Place::Node(at + 1))),
                    None => {}
                },
                Place::Times(at, times) => {
                    let bounds = steps.steps.get(at).and_then(|step| step.plan.times);
                    let Some((min, max)) = bounds else { continue };
                    if times >= min {
                        leaves.push((id, at));
                    }
                    if max.is_none_or(|max| times < max) {
                        let next = if max.is_some() { times + 1 } else { (times + 1).min(min) };
                        walks.push((id, at, Place::Times(at, next)));
                    }
                }
            }
        }
        for at in 0..steps.len() {
            let nodes = |list: &[u32]| -> Vec<NodeId> {
                list.iter().map(|id| self.vertices[*id as usize].node).collect()
            };
            let of = |list: &[(u32, usize)]| -> Vec<u32> {
                list.iter().filter(|(_, step)| *step == at).map(|(id, _)| *id).collect()
            };
            let leaving = of(&leaves);
            steps.check(at, &nodes(&leaving), outer, ctx)?;
            let walking: Vec<u32> =
                walks.iter().filter(|(_, step, _)| *step == at).map(|(id, ..)| *id).collect();
            steps.find(at, &nodes(&walking), Way::Forward, outer, ctx)?;
            for id in leaving {
                let node = self.vertices[id as usize].node;
                if steps.passes(at, node) {
                    self.enter(id, Place::Node(at + 1), node, distance, None);
                }
            }
        }
        for (id, at, place) in walks {
            let node = self.vertices[id as usize].node;
            let hops = steps.steps.get(at).map_or(1, super::steps::Step::hops);
            for time in &*steps.known(at, node, Way::Forward) {
                let end = steps.time(*time).last();
                self.enter(id, place, end, distance + hops, Some(*time));
            }
        }
        Ok(())
    }

    /// Notes a way from a vertex to another.
    fn enter(
        &mut self,
        from: u32,
        place: Place,
        node: NodeId,
        distance: u64,
        time: Option<TimeId>,
    ) {
        let ends = place == Place::Node(self.shapes.len());
        if ends && self.end.is_some_and(|end| end != node) {
            return;
        }
        let id = self.vertex(place, node);
        let vertex = &mut self.vertices[id as usize];
        if ends && vertex.distance == u64::MAX {
            self.targets.push(id);
        }
        // Otherwise the search from the end has noted it.
        if !vertex.expanded_back {
            vertex.ways.push((from, time));
        }
        if distance < vertex.distance {
            let active = self.is_active(place, node, distance);
            self.reach(id, distance, active);
        }
    }

    fn reach(&mut self, id: u32, distance: u64, active: bool) {
        let vertex = &mut self.vertices[id as usize];
        vertex.distance = distance;
        self.met = self.met.min(distance.saturating_add(vertex.rest));
        if vertex.place == Place::Node(self.shapes.len()) {
            self.met = self.met.min(distance);
        }
        let frontier = if active { &mut self.forward } else { &mut self.dormant };
        frontier.entry(distance).or_default().push(id);
    }

    /// Whether a shortest path may lead through here: not where a shorter way was here with no more
    /// times.
    fn is_active(&mut self, place: Place, node: NodeId, distance: u64) -> bool {
        let Place::Times(step, times) = place else { return true };
        let least = self.shapes.get(step).and_then(|(_, times)| *times).map_or(0, |(min, _)| min);
        // With fewer than the least number of times it cannot do all that others can.
        if self.backward.is_some() || times < least {
            return true;
        }
        match self.fewest.get(&(step, node)) {
            Some((fewest, before)) if *fewest <= times => *before >= distance,
            _ => {
                self.fewest.insert((step, node), (times, distance));
                true
            }
        }
    }

    /// What lies before vertices at a distance from the end.
    fn expand_back(
        &mut self,
        rest: u64,
        vertices: Vec<u32>,
        steps: &mut Steps,
        outer: &Batch,
        ctx: &mut Context,
    ) -> Result<()> {
        // Vertex, step, places before it.
        let mut walks: Vec<(u32, usize, Vec<Place>)> = Vec::new();
        let mut returns: Vec<(u32, usize)> = Vec::new();
        for id in vertices {
            let vertex = &mut self.vertices[id as usize];
            if vertex.expanded_back || vertex.rest != rest {
                continue;
            }
            vertex.expanded_back = true;
            let (place, node) = (vertex.place, vertex.node);
            match place {
                Place::Node(0) => {}
                Place::Node(at) => match steps.steps.get(at - 1).map(|step| step.plan.times) {
                    Some(Some(_)) => returns.push((id, at - 1)),
                    _ => walks.push((id, at - 1, vec![Place::Node(at - 1)])),
                },
                Place::Times(at, times) => {
                    if times == 0 {
                        self.enter_back(id, Place::Node(at), node, rest, None);
                    }
                    let bounds = steps.steps.get(at).and_then(|step| step.plan.times);
                    let Some((min, max)) = bounds else { continue };
                    let mut before = Vec::new();
                    before.extend(times.checked_sub(1).map(|times| Place::Times(at, times)));
                    if max.is_none() && times == min {
                        before.push(Place::Times(at, min));
                    }
                    walks.push((id, at, before));
                }
            }
        }
        for at in 0..steps.len() {
            let returning: Vec<u32> =
                returns.iter().filter(|(_, step)| *step == at).map(|(id, _)| *id).collect();
            let nodes: Vec<NodeId> =
                returning.iter().map(|id| self.vertices[*id as usize].node).collect();
            steps.check(at, &nodes, outer, ctx)?;
            let nodes: Vec<NodeId> = walks
                .iter()
                .filter(|(_, step, _)| *step == at)
                .map(|(id, ..)| self.vertices[*id as usize].node)
                .collect();
            steps.find(at, &nodes, Way::Backward, outer, ctx)?;
            let bounds = steps.steps.get(at).and_then(|step| step.plan.times);
            let Some((min, max)) = bounds else { continue };
            for id in returning {
                let node = self.vertices[id as usize].node;
                if steps.passes(at, node) {
                    for times in min..=max.unwrap_or(min) {
                        self.enter_back(id, Place::Times(at, times), node, rest, None);
                    }
                }
            }
        }
        for (id, at, places) in walks {
            let node = self.vertices[id as usize].node;
            let hops = steps.steps.get(at).map_or(1, super::steps::Step::hops);
            for time in &*steps.known(at, node, Way::Backward) {
                let first = steps.time(*time).first();
                for place in &places {
                    self.enter_back(id, *place, first, rest + hops, Some(*time));
                }
            }
        }
        Ok(())
    }

    /// Notes a way to a vertex from another.
    fn enter_back(&mut self, to: u32, place: Place, node: NodeId, rest: u64, time: Option<TimeId>) {
        // Paths begin at the start alone.
        if place == Place::Node(0) && node != self.start {
            return;
        }
        let id = self.vertex(place, node);
        // Otherwise the search from the start has noted it.
        if !self.vertices[id as usize].expanded {
            self.vertices[to as usize].ways.push((id, time));
        }
        if rest < self.vertices[id as usize].rest {
            self.reach_back(id, rest);
        }
    }

    fn reach_back(&mut self, id: u32, rest: u64) {
        let vertex = &mut self.vertices[id as usize];
        vertex.rest = rest;
        self.met = self.met.min(rest.saturating_add(vertex.distance));
        if let Some(backward) = &mut self.backward {
            backward.entry(rest).or_default().push(id);
        }
    }

    /// How long a way from a vertex is.
    pub(super) fn length(&self, from: u32, time: Option<TimeId>) -> u64 {
        let (Place::Node(step) | Place::Times(step, _)) = self.vertices[from as usize].place;
        match time {
            Some(_) => self.shapes.get(step).map_or(1, |(hops, _)| *hops),
            None => 0,
        }
    }

    /// The least length of a path from the start to the vertex, where what is covered has one.
    pub(super) fn distance(&self, vertex: u32) -> u64 {
        let vertex = &self.vertices[vertex as usize];
        if self.backward.is_some() { vertex.measured } else { vertex.distance }
    }

    /// Computes the distances from the start along all ways that are known: after a search from both
    /// ends those that the one from the start has found are not enough.
    pub(super) fn measure(&mut self) {
        if self.backward.is_none() {
            return;
        }
        let mut behind: Vec<Vec<(u32, u64)>> = vec![Vec::new(); self.vertices.len()];
        for (at, vertex) in self.vertices.iter().enumerate() {
            for (from, time) in &vertex.ways {
                behind[*from as usize].push((at as u32, self.length(*from, *time)));
            }
        }
        self.vertices.iter_mut().for_each(|vertex| vertex.measured = u64::MAX);
        let mut frontier = Frontier::new();
        if let Some(first) = self.find(Place::Node(0), self.start) {
            self.vertices[first as usize].measured = 0;
            frontier.insert(0, vec![first]);
        }
        while let Some((distance, vertices)) = frontier.pop_first() {
            for id in vertices {
                if self.vertices[id as usize].measured != distance {
                    continue;
                }
                for (next, length) in std::mem::take(&mut behind[id as usize]) {
                    let vertex = &mut self.vertices[next as usize];
                    if distance + length < vertex.measured {
                        vertex.measured = distance + length;
                        frontier.entry(distance + length).or_default().push(next);
                    }
                }
            }
        }
    }
}
