//! The whole graph, some thousand nodes or relationships at a time, as formats of files write it: names instead of the
//! graph's numbers.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::graph::KeyId;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;

use super::ReadTransaction;

/// Ids of what is read together.
#[derive(Debug)]
pub(crate) enum Ids {
    Nodes(Vec<NodeId>),
    Relationships(Vec<RelationshipId>),
}

/// Nodes or relationships, with all that they hold.
#[derive(Debug, Default)]
pub(crate) struct Extract {
    pub(crate) ids: Vec<u64>,
    /// The start and the end of each relationship; none of nodes.
    pub(crate) ends: Vec<(u64, u64)>,
    /// The sets of labels, each sorted, or the types that there are.
    pub(crate) kinds: Vec<Vec<Arc<str>>>,
    /// For each row, the number of its set of labels or of its type.
    pub(crate) kind_of: Vec<u32>,
    /// The properties, sorted by their names. Every column holds some value.
    pub(crate) columns: Vec<(Arc<str>, Column)>,
}

/// The most values, those that are absent counted, that columns are made for at a time.
const CELLS: usize = 1 << 22;

impl Ids {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Nodes(ids) => ids.len(),
            Self::Relationships(ids) => ids.len(),
        }
    }

    /// The last of them.
    pub(crate) fn last(&self) -> Option<u64> {
        match self {
            Self::Nodes(ids) => ids.last().map(|id| id.0),
            Self::Relationships(ids) => ids.last().map(|id| id.0),
        }
    }

    /// The first half, and the other.
    fn halves(&self) -> [Self; 2] {
        let at = self.len() / 2;
        match self {
            Self::Nodes(ids) => {
                let (first, second) = ids.split_at(at);
                [Self::Nodes(first.into()), Self::Nodes(second.into())]
            }
            Self::Relationships(ids) => {
                let (first, second) = ids.split_at(at);
                [Self::Relationships(first.into()), Self::Relationships(second.into())]
            }
        }
    }
}

impl Extract {
    /// The property of this name, if some row has it.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        let at = self.columns.binary_search_by(|(own, _)| (**own).cmp(name)).ok()?;
        self.columns.get(at).map(|(_, column)| column)
    }
}

impl ReadTransaction {
    /// How many nodes there are, and how many relationships.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.snapshot.node_count(), self.snapshot.relationship_count())
    }

    /// What fails once the user cancels what runs.
    pub(crate) fn cancelled(&self) -> impl Fn() -> Result<()> + Send + Sync + use<> {
        let meter = self.engine.cancel_only();
        move || meter.check()
    }

    /// Up to so many ids of nodes, from one on, ascending; none at the end.
    pub(crate) fn nodes_from(&self, from: u64, limit: usize) -> Result<Vec<NodeId>> {
        let mut ids = Vec::with_capacity(limit);
        self.snapshot.scan_nodes(NodeId(from), limit, &mut ids)?;
        Ok(ids)
    }

    /// Up to so many ids of relationships, from one on, ascending; none at the end.
    pub(crate) fn relationships_from(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<RelationshipId>> {
        let mut ids = Vec::with_capacity(limit);
        self.snapshot.scan_relationships(&[], RelationshipId(from), limit, &mut ids)?;
        Ok(ids)
    }

    /// Gives `take` all that these nodes or relationships hold, in their order: at once, or in parts where they have
    /// many different properties.
    pub(crate) fn extract(
        &self,
        ids: &Ids,
        take: &mut dyn FnMut(&Extract) -> Result<()>,
    ) -> Result<()> {
        let keys = match ids {
            Ids::Nodes(ids) => self.snapshot.node_keys(ids)?,
            Ids::Relationships(ids) => self.snapshot.relationship_keys(ids)?,
        };
        if keys.saturating_mul(ids.len()) > CELLS && ids.len() > 1 {
            return ids.halves().iter().try_for_each(|half| self.extract(half, take));
        }
        take(&match ids {
            Ids::Nodes(ids) => self.nodes(ids),
            Ids::Relationships(ids) => self.relationships(ids),
        }?)
    }

    fn nodes(&self, ids: &[NodeId]) -> Result<Extract> {
        let graph = &self.snapshot;
        let (kinds, kind_of) = numbered(graph.labels_of(ids)?, |labels| {
            let mut names: Vec<Arc<str>> =
                labels.iter().map(|label| graph.label_name(*label)).collect();
            names.sort();
            names
        });
        let columns = self.named(graph.node_columns(ids)?);
        let ids = ids.iter().map(|id| id.0).collect();
        Ok(Extract { ids, ends: Vec::new(), kinds, kind_of, columns })
    }

    fn relationships(&self, ids: &[RelationshipId]) -> Result<Extract> {
        let graph = &self.snapshot;
        let mut ends = Vec::with_capacity(ids.len());
        let mut types = Vec::with_capacity(ids.len());
        for found in graph.relationship_ends(ids)? {
            let lost = || Error::internal("a relationship of a scan is not there");
            let (of, start, end) = found.ok_or_else(lost)?;
            types.push(of);
            ends.push((start.0, end.0));
        }
        let (kinds, kind_of) = numbered(types, |of| vec![graph.type_name(*of)]);
        let columns = self.named(graph.relationship_columns(ids)?);
        let ids = ids.iter().map(|id| id.0).collect();
        Ok(Extract { ids, ends, kinds, kind_of, columns })
    }

    fn named(&self, columns: Vec<(KeyId, Column)>) -> Vec<(Arc<str>, Column)> {
        let named = columns.into_iter().map(|(key, column)| (self.snapshot.key_name(key), column));
        let mut named: Vec<_> = named.collect();
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        named
    }
}

/// Numbers for what the rows have, in the order in which it is met, and what it is called.
fn numbered<K: std::hash::Hash + Eq>(
    rows: Vec<K>,
    name: impl Fn(&K) -> Vec<Arc<str>>,
) -> (Vec<Vec<Arc<str>>>, Vec<u32>) {
    let mut names = Vec::new();
    let mut numbers: HashMap<K, u32> = HashMap::new();
    let number = |row: K| match numbers.get(&row) {
        Some(number) => *number,
        None => {
            let number = names.len() as u32;
            names.push(name(&row));
            numbers.insert(row, number);
            number
        }
    };
    let kind_of = rows.into_iter().map(number).collect();
    (names, kind_of)
}
