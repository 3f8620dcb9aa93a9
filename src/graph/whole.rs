//! Many nodes or relationships at once, each with all that it holds, by column.
//!
//! It costs what the entities hold: a key that none of them can have is passed over. It may not know what the columns
//! are for.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::ids::IdSet;
use super::segment::Family;
use super::snapshot::{Raw, Snapshot};
use super::{KeyId, LabelId};

/// The properties of many entities: a column for each key that some of them have, ascending by key.
pub type PropertyColumns = Vec<(KeyId, Column)>;

impl Snapshot {
    /// The labels of each node, ascending by id.
    pub fn labels_of(&self, nodes: &[NodeId]) -> Result<Vec<Vec<LabelId>>> {
        let state = &self.state;
        let own = |node: &NodeId| state.delta.node(node.0);
        let clean: Vec<NodeId> = nodes.iter().copied().filter(|node| own(node).is_none()).collect();
        let mut of_base = state.base_labels(&clean)?.into_iter();
        let labels = nodes.iter().map(|node| match own(node) {
            Some(own) => own.head().labels.to_vec(),
            None => of_base.next().unwrap_or_default(),
        });
        Ok(labels.collect())
    }

    /// At least as many property keys as these nodes have.
    pub fn node_keys(&self, nodes: &[NodeId]) -> Result<usize> {
        self.keys_of(nodes, Family::NodeColumns, &self.state.delta.touched_nodes)
    }

    /// At least as many property keys as these relationships have.
    pub fn relationship_keys(&self, relationships: &[RelationshipId]) -> Result<usize> {
        let touched = &self.state.delta.touched_relationships;
        self.keys_of(relationships, Family::RelationshipColumns, touched)
    }

    fn keys_of<T: Raw>(&self, ids: &[T], family: Family, touched: &IdSet) -> Result<usize> {
        let state = &self.state;
        if !touched.is_empty() && ids.iter().any(|id| touched.contains(id.raw())) {
            return Ok(state.tokens.keys.len() as usize);
        }
        Ok(state.base.sections_of(family, ids)?.len())
    }

    /// All properties of these nodes.
    pub fn node_columns(&self, nodes: &[NodeId]) -> Result<PropertyColumns> {
        let delta = &self.state.delta;
        self.columns_of(nodes, Family::NodeColumns, &delta.touched_nodes, |id| {
            delta.nodes.get(id).map(|own| own.properties()).unwrap_or_default()
        })
    }

    /// All properties of these relationships.
    pub fn relationship_columns(
        &self,
        relationships: &[RelationshipId],
    ) -> Result<PropertyColumns> {
        let delta = &self.state.delta;
        let touched = &delta.touched_relationships;
        self.columns_of(relationships, Family::RelationshipColumns, touched, |id| {
            delta.relationships.get(id).map(|own| own.properties()).unwrap_or_default()
        })
    }

    fn columns_of<T: Raw>(
        &self,
        ids: &[T],
        family: Family,
        touched: &IdSet,
        changed: impl Fn(u64) -> Vec<(KeyId, Value)>,
    ) -> Result<PropertyColumns> {
        let base = &self.state.base;
        let is_touched: Vec<bool> = ids.iter().map(|id| touched.contains(id.raw())).collect();
        let clean: Vec<T> =
            ids.iter().zip(&is_touched).filter(|(_, t)| !**t).map(|x| *x.0).collect();
        let mut of_base = BTreeMap::new();
        for key in base.sections_of(family, &clean)? {
            let Some(mut reader) = base.column(family.section(key))? else { continue };
            let column = reader.gather(&clean)?;
            if column.has_no_nulls() || (0..column.len()).any(|row| !column.is_null(row)) {
                of_base.insert(KeyId(key), column);
            }
        }
        if clean.len() == ids.len() {
            return Ok(of_base.into_iter().collect());
        }
        let mut own: BTreeMap<KeyId, Vec<(usize, Value)>> = BTreeMap::new();
        for (row, id) in
            ids.iter().enumerate().filter(|(row, _)| is_touched.get(*row) == Some(&true))
        {
            for (key, value) in changed(id.raw()) {
                own.entry(key).or_default().push((row, value));
            }
        }
        for key in of_base.keys() {
            own.entry(*key).or_default();
        }
        let merged = own.into_iter().map(|(key, values)| {
            let column = of_base.get(&key);
            let mut builder = ColumnBuilder::default();
            let (mut values, mut clean) = (values.into_iter().peekable(), 0);
            for (row, touched) in is_touched.iter().enumerate() {
                if *touched {
                    match values.next_if(|(at, _)| *at == row) {
                        Some((_, value)) => builder.push(value),
                        None => builder.push_null(),
                    }
                    continue;
                }
                match column {
                    Some(column) => builder.push(column.get(clean)),
                    None => builder.push_null(),
                }
                clean += 1;
            }
            (key, builder.finish())
        });
        Ok(merged.collect())
    }
}
