//! Entities of the base that are about to change: all that the base says of them, copied into the delta.
//!
//! What the delta holds of an entity replaces what lies in the segments. It is read for many at once, a section of the base after
//! another. It may not know what the change is.

use crate::error::Result;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::delta::{Labels, NodeHead, Properties, RelationshipHead};
use super::segment::{Family, Holding, SectionKey};
use super::snapshot::{Raw, State, deleted};
use super::{KeyId, LabelId};

impl State {
    /// Sees to it that the delta holds these nodes.
    ///
    /// # Errors
    /// `EntityNotFound` where one is not there; nothing has changed then.
    pub(super) fn touch_nodes(&mut self, ids: &[u64]) -> Result<()> {
        let is_deleted = |id| self.delta.node(id).map(|own| own.head().deleted);
        let clean = untouched("node", ids, is_deleted, NodeId)?;
        if clean.is_empty() {
            return Ok(());
        }
        let mut nodes = self.base.bits(SectionKey::Nodes)?;
        for id in &clean {
            if !nodes.as_mut().map_or(Ok(false), |nodes| nodes.contains(id.0))? {
                return Err(deleted("node", id.0));
            }
        }
        let labels = self.base_labels(&clean)?;
        let properties = self.base_properties(&clean, Family::NodeColumns)?;
        let touched: Vec<_> = clean
            .iter()
            .zip(labels)
            .zip(properties)
            .map(|((id, labels), properties)| {
                (id.0, NodeHead { labels: Labels::new(&labels), deleted: false }, properties)
            })
            .collect();
        self.delta.hold_values(held_by(touched.iter().map(|(.., properties)| properties)));
        self.delta.put_nodes(&self.schema, &touched);
        Ok(())
    }

    /// Sees to it that the delta holds these relationships.
    ///
    /// # Errors
    /// `EntityNotFound` where one is not there; nothing has changed then.
    pub(super) fn touch_relationships(&mut self, ids: &[u64]) -> Result<()> {
        let is_deleted = |id| self.delta.relationship(id).map(|own| own.head().deleted);
        let clean = untouched("relationship", ids, is_deleted, RelationshipId)?;
        if clean.is_empty() {
            return Ok(());
        }
        let mut records = self.base.records()?;
        let mut heads = Vec::with_capacity(clean.len());
        for id in &clean {
            let record = match &mut records {
                Some(records) => records.record(id.0)?,
                None => None,
            };
            let Some((type_id, start, end)) = record else {
                return Err(deleted("relationship", id.0));
            };
            let (start, end) = (start.0, end.0);
            heads.push(RelationshipHead { type_id, start, end, deleted: false });
        }
        let properties = self.base_properties(&clean, Family::RelationshipColumns)?;
        let touched: Vec<_> = clean
            .iter()
            .zip(heads)
            .zip(properties)
            .map(|((id, head), properties)| (id.0, head, properties))
            .collect();
        self.delta.hold_values(held_by(touched.iter().map(|(.., properties)| properties)));
        self.delta.put_relationships(&self.schema, &touched);
        Ok(())
    }

    /// The labels that the base says each node has, ascending.
    pub(super) fn base_labels(&self, ids: &[NodeId]) -> Result<Vec<Vec<LabelId>>> {
        let mut labels = vec![Vec::new(); ids.len()];
        for (chunk, rows) in by_chunk(ids, Family::Labels) {
            match self.base.holding(Family::Labels, chunk)? {
                Holding::Any(numbers) => {
                    for label in numbers {
                        let having = self.base.bits(SectionKey::Label(*label))?;
                        let Some(mut having) = having else { continue };
                        for row in &rows {
                            if having.contains(ids[*row].0)? {
                                labels[*row].push(LabelId(*label));
                            }
                        }
                    }
                }
                Holding::Each(table) => {
                    for row in &rows {
                        let own = table.get(position(ids[*row], Family::Labels));
                        labels[*row].extend(own.iter().copied().map(LabelId));
                    }
                }
            }
        }
        Ok(labels)
    }

    /// The properties that the base says each entity has: of nodes, or of relationships.
    pub(super) fn base_properties<T: Raw>(
        &self,
        ids: &[T],
        family: Family,
    ) -> Result<Vec<Properties>> {
        let mut properties = vec![Properties::new(); ids.len()];
        for (chunk, rows) in by_chunk(ids, family) {
            match self.base.holding(family, chunk)? {
                Holding::Any(numbers) => {
                    let own: Vec<T> = rows.iter().map(|row| ids[*row]).collect();
                    for key in numbers {
                        let reader = self.base.column(family.section(*key))?;
                        let Some(mut reader) = reader else { continue };
                        let mut add = |row: usize, value| {
                            if !matches!(value, Value::Null) {
                                properties[row].push((KeyId(*key), value));
                            }
                        };
                        if let ([only], [row]) = (own.as_slice(), rows.as_slice()) {
                            add(*row, reader.get(only.raw())?);
                            continue;
                        }
                        let values = reader.gather(&own)?;
                        rows.iter().zip(values.iter()).for_each(|(row, value)| add(*row, value));
                    }
                }
                Holding::Each(table) => {
                    let keys = |row: &usize| table.get(position(ids[*row], family));
                    let each = rows.iter().flat_map(|row| keys(row).iter().map(|key| (*key, *row)));
                    let mut held: Vec<(u32, usize)> = each.collect();
                    held.sort_unstable();
                    for run in held.chunk_by(|one, other| one.0 == other.0) {
                        let Some((key, _)) = run.first() else { continue };
                        let reader = self.base.column(family.section(*key))?;
                        let Some(mut reader) = reader else { continue };
                        for (_, row) in run {
                            let value = reader.get(ids[*row].raw())?;
                            properties[*row].push((KeyId(*key), value));
                        }
                    }
                }
            }
        }
        Ok(properties)
    }
}

/// What the values of properties hold beside themselves.
fn held_by<'a>(all: impl Iterator<Item = &'a Properties>) -> u64 {
    all.flatten().map(|(_, value)| value.held_bytes()).fold(0, u64::saturating_add)
}

/// The chunks of a family that hold these ids, each with the places of its own among them.
fn by_chunk<T: Raw>(ids: &[T], family: Family) -> Vec<(u64, Vec<usize>)> {
    let chunk = |row: &usize| ids[*row].raw() >> family.shift();
    let mut rows: Vec<usize> = (0..ids.len()).collect();
    if !rows.is_sorted_by_key(chunk) {
        rows.sort_by_key(chunk);
    }
    let runs = rows.chunk_by(|one, other| chunk(one) == chunk(other));
    runs.filter_map(|run| Some((chunk(run.first()?), run.to_vec()))).collect()
}

/// Where an id stands in its chunk.
fn position<T: Raw>(id: T, family: Family) -> usize {
    id.raw() as usize & ((1 << family.shift()) - 1)
}

/// Those that the delta does not hold, ascending, each once.
fn untouched<T: Ord>(
    kind: &str,
    ids: &[u64],
    is_deleted: impl Fn(u64) -> Option<bool>,
    of: impl Fn(u64) -> T,
) -> Result<Vec<T>> {
    let mut clean = Vec::new();
    for id in ids {
        match is_deleted(*id) {
            Some(true) => return Err(deleted(kind, *id)),
            Some(false) => {}
            None => clean.push(of(*id)),
        }
    }
    clean.sort_unstable();
    clean.dedup();
    Ok(clean)
}
