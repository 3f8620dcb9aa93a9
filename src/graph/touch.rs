//! Entities of the base that are about to change: all that the base says of them, copied into the delta.
//!
//! What the delta holds of an entity replaces what lies in the segments. It is read for many at once, a section of the base after
//! another. It may not know what the change is.

use crate::error::Result;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;

use super::delta::{Labels, NodeHead, Properties, RelationshipHead};
use super::segment::SectionKey;
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
        let properties = self.base_properties(&clean, SectionKey::NodeColumn)?;
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
        let properties = self.base_properties(&clean, SectionKey::RelationshipColumn)?;
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
        if self.base.is_empty() {
            return Ok(labels);
        }
        for label in 0..self.tokens.labels.len() {
            let Some(mut having) = self.base.bits(SectionKey::Label(label))? else { continue };
            for (id, own) in ids.iter().zip(&mut labels) {
                if having.contains(id.0)? {
                    own.push(LabelId(label));
                }
            }
        }
        Ok(labels)
    }

    /// The properties that the base says each entity has.
    pub(super) fn base_properties<T: Raw>(
        &self,
        ids: &[T],
        section: fn(u32) -> SectionKey,
    ) -> Result<Vec<Properties>> {
        let mut properties = vec![Properties::new(); ids.len()];
        if self.base.is_empty() {
            return Ok(properties);
        }
        for key in 0..self.tokens.keys.len() {
            let Some(mut reader) = self.base.column(section(key))? else { continue };
            let add = |own: &mut Properties, value| {
                if !matches!(value, Value::Null) {
                    own.push((KeyId(key), value));
                }
            };
            match (ids, properties.as_mut_slice()) {
                ([only], [own]) => add(own, reader.get(only.raw())?),
                (ids, all) => {
                    let values = reader.gather(ids)?;
                    all.iter_mut().zip(values.iter()).for_each(|(own, value)| add(own, value));
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
