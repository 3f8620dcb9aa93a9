//! The reference: what the graph must hold, kept in maps, with a way back for what is rolled back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::kill::next;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub value: i64,
    pub text: Option<String>,
    pub tagged: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relationship {
    pub start: i64,
    pub end: i64,
    pub weight: i64,
}

/// Things by key, of which one can be chosen at random.
#[derive(Debug)]
pub struct Things<T> {
    all: HashMap<i64, (T, usize)>,
    keys: Vec<i64>,
}

impl<T> Default for Things<T> {
    fn default() -> Self {
        Self { all: HashMap::new(), keys: Vec::new() }
    }
}

impl<T> Things<T> {
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn get(&self, key: i64) -> Option<&T> {
        self.all.get(&key).map(|(thing, _)| thing)
    }

    pub fn iter(&self) -> impl Iterator<Item = (i64, &T)> {
        self.keys.iter().map(|key| (*key, &self.all[key].0))
    }

    pub fn choose(&self, random: &mut u64) -> Option<i64> {
        let at = next(random) % (self.keys.len() as u64).max(1);
        self.keys.get(usize::try_from(at).unwrap()).copied()
    }

    /// Puts something in the place of what was there, which it gives back.
    fn put(&mut self, key: i64, thing: Option<T>) -> Option<T> {
        match (thing, self.all.get_mut(&key)) {
            (Some(thing), Some((known, _))) => Some(std::mem::replace(known, thing)),
            (Some(thing), None) => {
                self.all.insert(key, (thing, self.keys.len()));
                self.keys.push(key);
                None
            }
            (None, _) => {
                let (before, at) = self.all.remove(&key)?;
                self.keys.swap_remove(at);
                if let Some(moved) = self.keys.get(at) {
                    self.all.get_mut(moved).unwrap().1 = at;
                }
                Some(before)
            }
        }
    }
}

/// What stood where something was changed.
enum Before {
    Node(i64, Option<Node>),
    Relationship(i64, Option<Relationship>),
}

#[derive(Default)]
pub struct Model {
    pub nodes: Things<Node>,
    pub relationships: Things<Relationship>,
    /// The relationships at each node, in either direction.
    pub at: HashMap<i64, BTreeSet<i64>>,
    /// The sum of the values of all nodes.
    pub sum: i64,
    undo: Vec<Before>,
}

impl Model {
    pub fn set_node(&mut self, key: i64, node: Option<Node>) {
        let before = self.put_node(key, node);
        self.undo.push(Before::Node(key, before));
    }

    pub fn set_relationship(&mut self, key: i64, relationship: Option<Relationship>) {
        let before = self.put_relationship(key, relationship);
        self.undo.push(Before::Relationship(key, before));
    }

    /// Deletes a node with its relationships, and says how many these were.
    pub fn delete_node(&mut self, key: i64) -> u64 {
        let attached: Vec<i64> = self.at.get(&key).into_iter().flatten().copied().collect();
        attached.iter().for_each(|relationship| self.set_relationship(*relationship, None));
        self.set_node(key, None);
        attached.len() as u64
    }

    fn put_node(&mut self, key: i64, node: Option<Node>) -> Option<Node> {
        self.sum += node.as_ref().map_or(0, |node| node.value);
        let before = self.nodes.put(key, node);
        self.sum -= before.as_ref().map_or(0, |node| node.value);
        before
    }

    fn put_relationship(&mut self, key: i64, new: Option<Relationship>) -> Option<Relationship> {
        let ends = new.as_ref().map(|new| (new.start, new.end));
        let before = self.relationships.put(key, new);
        if let Some(before) = &before {
            for end in [before.start, before.end] {
                if let Some(at) = self.at.get_mut(&end) {
                    at.remove(&key);
                    if at.is_empty() {
                        self.at.remove(&end);
                    }
                }
            }
        }
        if let Some((start, end)) = ends {
            for end in [start, end] {
                self.at.entry(end).or_default().insert(key);
            }
        }
        before
    }

    pub fn commit(&mut self) {
        self.undo.clear();
    }

    pub fn rollback(&mut self) {
        while let Some(before) = self.undo.pop() {
            match before {
                Before::Node(key, node) => drop(self.put_node(key, node)),
                Before::Relationship(key, known) => drop(self.put_relationship(key, known)),
            }
        }
    }

    /// The relationships that start at a node: their keys, weights and ends.
    pub fn outgoing(&self, node: i64) -> Vec<(i64, i64, i64)> {
        let at = self.at.get(&node).into_iter().flatten();
        at.filter_map(|key| {
            let found = self.relationships.get(*key)?;
            (found.start == node).then_some((*key, found.weight, found.end))
        })
        .collect()
    }

    pub fn sorted_nodes(&self) -> BTreeMap<i64, Node> {
        self.nodes.iter().map(|(key, node)| (key, node.clone())).collect()
    }

    pub fn sorted_relationships(&self) -> BTreeMap<i64, Relationship> {
        self.relationships.iter().map(|(key, found)| (key, found.clone())).collect()
    }
}
