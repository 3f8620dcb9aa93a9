//! Reading indexes: what lies in the base below what the delta has changed, as one ordered whole.
//!
//! Owns the order of entries (by value, then by id), the runs of indexes that the base's segments lack, and how an
//! index is written at a checkpoint. It may not know how a delta keeps its entries in step.

use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::meter;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;
use crate::value::ordering;

use super::build::Watch;
use super::ids::IdSet;
use super::schema::{Index, IndexId, SchemaTarget};
use super::segment::{Base, ColumnReader, IndexReader, SectionKey};
use super::snapshot::Snapshot;

mod write;

pub(super) use write::write;

/// An entry of an index: a value (a list of them, where the index has several properties) and who has it.
pub(super) type Entry = (Value, u64);

/// Which part of an index is read.
#[derive(Debug, Clone)]
pub struct IndexRange {
    /// The values of the first properties.
    pub equal: Vec<Value>,
    /// What is asked of the property after them.
    pub then: IndexBound,
}

/// What is asked of one property.
#[derive(Debug, Clone)]
pub enum IndexBound {
    /// That it is there.
    Any,
    /// That it compares so: each bound with whether it is in the range itself.
    Between {
        /// The least value.
        lower: Option<(Value, bool)>,
        /// The greatest value.
        upper: Option<(Value, bool)>,
    },
    /// That it is a string that begins so.
    StartsWith(Arc<str>),
    /// That it is a string that ends so.
    EndsWith(Arc<str>),
    /// That it is a string that holds this one.
    Contains(Arc<str>),
}

/// Whether an entry is in a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Within,
    Beside,
    /// No entry after it is.
    Past,
}

impl IndexRange {
    /// Where the first entry of the range may be.
    fn start(&self, composite: bool) -> Value {
        let first = match &self.then {
            IndexBound::Any => None,
            IndexBound::Between { lower: Some((value, _)), .. } => Some(value.clone()),
            IndexBound::Between { lower: None, upper: Some((value, _)) } => match value {
                Value::Integer(_) | Value::Float(_) => Some(Value::Float(f64::NEG_INFINITY)),
                Value::Boolean(_) => Some(Value::Boolean(false)),
                Value::String(_) => Some(Value::string("")),
                _ => None,
            },
            IndexBound::Between { lower: None, upper: None } => None,
            IndexBound::StartsWith(prefix) => Some(Value::String(prefix.clone())),
            IndexBound::EndsWith(_) | IndexBound::Contains(_) => Some(Value::string("")),
        };
        if composite {
            Value::list(self.equal.iter().cloned().chain(first).collect())
        } else {
            // Before everything that can be stored.
            first
                .or_else(|| self.equal.first().cloned())
                .unwrap_or_else(|| Value::map(Default::default()))
        }
    }

    fn fit(&self, key: &Value, composite: bool) -> Fit {
        let parts = match key {
            Value::List(items) if composite => items.as_slice(),
            key => std::slice::from_ref(key),
        };
        for (wanted, found) in self.equal.iter().zip(parts) {
            match ordering::order(found, wanted) {
                std::cmp::Ordering::Less => return Fit::Beside,
                std::cmp::Ordering::Greater => return Fit::Past,
                std::cmp::Ordering::Equal => {}
            }
        }
        match parts.get(self.equal.len()) {
            Some(value) => self.then.fit(value),
            None => Fit::Within,
        }
    }
}

impl IndexBound {
    fn fit(&self, value: &Value) -> Fit {
        let text = |test: &dyn Fn(&str) -> bool| match value {
            Value::String(text) if test(text) => Fit::Within,
            Value::String(_) => Fit::Beside,
            other if ordering::order(other, &Value::string("")).is_lt() => Fit::Beside,
            _ => Fit::Past,
        };
        match self {
            Self::Any => Fit::Within,
            Self::Between { lower, upper } => {
                for (bound, is_lower) in [(lower, true), (upper, false)] {
                    let Some((bound, inclusive)) = bound else { continue };
                    let within = if is_lower {
                        ordering::less(bound, value, *inclusive)
                    } else {
                        ordering::less(value, bound, *inclusive)
                    };
                    if within == Some(true) {
                        continue;
                    }
                    let past = ordering::order(value, bound).is_gt()
                        && (!is_lower || !ordering::same_kind(value, bound));
                    return if past { Fit::Past } else { Fit::Beside };
                }
                Fit::Within
            }
            Self::StartsWith(prefix) => match text(&|text| text.starts_with(&**prefix)) {
                // Who begins so stands together.
                Fit::Beside if ordering::order(value, &Value::String(prefix.clone())).is_gt() => {
                    Fit::Past
                }
                fit => fit,
            },
            Self::EndsWith(end) => text(&|text| text.ends_with(&**end)),
            Self::Contains(part) => text(&|text| text.contains(&**part)),
        }
    }
}

/// What the optimizer wants to know of an index: an estimate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexStatistics {
    /// How many entries it has.
    pub entries: u64,
    /// How many different values they have.
    pub distinct: u64,
}

/// The sorted entries of an index that the segments lack, because it was created after them.
#[derive(Debug)]
pub(super) struct Run {
    entries: Vec<Entry>,
    distinct: u64,
}

/// The entries of an index in the base, touched ones included.
enum Below<'a> {
    Nothing,
    Stored(Box<IndexReader<'a>>),
    Run(Arc<Run>),
}

impl Below<'_> {
    /// The position of the first entry at or after this one.
    fn seek(&mut self, key: &Value, id: u64) -> Result<u64> {
        match self {
            Self::Nothing => Ok(0),
            Self::Stored(reader) => reader.seek(key, id),
            Self::Run(run) => {
                let before =
                    |entry: &Entry| ordering::order(&entry.0, key).then(entry.1.cmp(&id)).is_lt();
                Ok(run.entries.partition_point(before) as u64)
            }
        }
    }

    /// The next entry; the position moves behind it.
    fn next(&mut self, at: &mut u64) -> Result<Option<Entry>> {
        match self {
            Self::Nothing => Ok(None),
            Self::Stored(reader) => reader.next(at),
            Self::Run(run) => {
                let entry = run.entries.get(*at as usize).cloned();
                *at += 1;
                Ok(entry)
            }
        }
    }

    /// The id of the next entry, if its value is equivalent to this one.
    fn next_of(&mut self, at: &mut u64, key: &Value) -> Result<Option<u64>> {
        match self {
            Self::Nothing => Ok(None),
            Self::Stored(reader) => reader.next_of(at, key),
            Self::Run(run) => {
                let entry = run.entries.get(*at as usize);
                *at += 1;
                let same = entry.filter(|(value, _)| ordering::equivalent(value, key));
                Ok(same.map(|(_, id)| *id))
            }
        }
    }
}

impl Snapshot {
    /// Appends, for each key that something has, the number of the key and who has it: ascending by both.
    ///
    /// A key is a value, or the list of values where the index has several properties. Equality is that of `=`: null
    /// and NaN are equal to nothing.
    pub fn index_seek(
        &self,
        index: IndexId,
        keys: &[Value],
        rows: &mut Vec<u32>,
        ids: &mut Vec<u64>,
    ) -> Result<()> {
        let index = self.index(index)?;
        let touched = self.touched(&index);
        let delta = self.state.delta.indexes.get(&index.id.0);
        let mut below = self.below(&index)?;
        // In the order of the keys neighbours are looked for one after the other.
        let sorted = in_order(keys);
        let mut found = Vec::with_capacity(keys.len());
        for (row, key) in &sorted {
            let mut at = below.seek(key, 0)?;
            while let Some(id) = below.next_of(&mut at, key)? {
                if !touched.contains(id) {
                    found.push((*row, id));
                }
            }
        }
        if let Some(entries) = delta {
            entries.seek(sorted.iter().copied(), &mut found);
        }
        found.sort_unstable();
        rows.extend(found.iter().map(|(row, _)| *row));
        ids.extend(found.iter().map(|(_, id)| *id));
        Ok(())
    }

    /// Appends the next entities of a range of an index, up to `limit`, in the order of their values. `after` is where
    /// the last call ended: nothing at first. Fewer than `limit` means the end.
    pub fn index_scan(
        &self,
        index: IndexId,
        range: &IndexRange,
        after: &mut Option<(Value, u64)>,
        limit: usize,
        ids: &mut Vec<u64>,
    ) -> Result<()> {
        let index = self.index(index)?;
        let composite = index.keys.len() > 1;
        let mut left = limit;
        let mut last = None;
        self.entries(&index, range.start(composite), after.as_ref(), |key, id| {
            match range.fit(key, composite) {
                Fit::Past => return Ok(false),
                Fit::Beside => return Ok(true),
                Fit::Within => {}
            }
            ids.push(id);
            left -= 1;
            if left == 0 {
                last = Some((key.clone(), id));
            }
            Ok(left > 0)
        })?;
        if last.is_some() {
            *after = last;
        }
        Ok(())
    }

    /// Gives the entries from a value on (after one that was given before), as long as `each` wants more.
    pub(super) fn entries(
        &self,
        index: &Arc<Index>,
        from: Value,
        after: Option<&Entry>,
        mut each: impl FnMut(&Value, u64) -> Result<bool>,
    ) -> Result<()> {
        let (from, first) = match after {
            Some((key, id)) => (key.clone(), id.saturating_add(1)),
            None => (from, 0),
        };
        let touched = self.touched(index);
        let mut below = self.below(index)?;
        let mut at = below.seek(&from, first)?;
        let mut next_below = || loop {
            let entry = below.next(&mut at)?;
            if entry.as_ref().is_none_or(|(_, id)| !touched.contains(*id)) {
                return Ok::<_, Error>(entry);
            }
        };
        let delta = self.state.delta.indexes.get(&index.id.0);
        let mut above = delta.into_iter().flat_map(|set| set.from(&from, first)).peekable();
        let mut waiting = next_below()?;
        loop {
            let go_on = match (&waiting, above.peek()) {
                (None, None) => return Ok(()),
                (Some(entry), other) if other.is_none_or(|other| entry < other) => {
                    let go_on = each(&entry.0, entry.1)?;
                    waiting = next_below()?;
                    go_on
                }
                _ => match above.next() {
                    Some((key, id)) => each(&key, id)?,
                    None => return Ok(()),
                },
            };
            if !go_on {
                return Ok(());
            }
        }
    }

    /// How large an index is about.
    pub fn index_statistics(&self, index: &Index) -> Result<IndexStatistics> {
        let above = self.state.delta.indexes.get(&index.id.0).map_or(0, |set| set.len() as u64);
        let mut known = match self.state.base.index_statistics(index.id)? {
            Some(stored) => stored,
            None => {
                match self.state.base.run_if_made(&(index.on, index.keys.clone(), index.kind)) {
                    Some(run) => IndexStatistics {
                        entries: run.entries.len() as u64,
                        distinct: run.distinct,
                    },
                    None => IndexStatistics::default(),
                }
            }
        };
        known.entries += above;
        known.distinct += above;
        let all = match index.on {
            SchemaTarget::Label(label) => self.label_count(label),
            SchemaTarget::Type(type_id) => self.type_count(type_id),
        };
        Ok(IndexStatistics { entries: known.entries.min(all), distinct: known.distinct.min(all) })
    }

    /// Sorts what the base holds of an index that was created after it, so that no reader has to.
    pub(super) fn build(&self, index: IndexId, watch: &Watch<'_>) -> Result<()> {
        self.sort(&self.index(index)?, watch)
    }

    /// As [`Snapshot::build`], for an index that is not created yet.
    pub(super) fn sort(&self, index: &Arc<Index>, watch: &Watch<'_>) -> Result<()> {
        self.below_watched(index, watch).map(|_| ())
    }

    pub(super) fn index(&self, id: IndexId) -> Result<Arc<Index>> {
        let index = self.state.schema.index(id).cloned();
        index.ok_or_else(|| Error::internal(format!("the graph has no index {}", id.0)))
    }

    /// The value that an entity has to have in an index, if it has a place there.
    pub(super) fn index_key(&self, index: &Index, id: u64) -> Result<Option<Value>> {
        let properties = match index.on {
            SchemaTarget::Label(label) => {
                let node = NodeId(id);
                if !self.node_exists(node)? || !self.node_labels(node)?.contains(&label) {
                    return Ok(None);
                }
                self.node_properties(node)?
            }
            SchemaTarget::Type(of) => {
                let relationship = RelationshipId(id);
                let is_on = self.relationship(relationship)?.is_some_and(|(own, ..)| own == of);
                if !is_on || !self.relationship_exists(relationship)? {
                    return Ok(None);
                }
                self.relationship_properties(relationship)?
            }
        };
        Ok(index.key_of(&properties))
    }

    fn touched(&self, index: &Index) -> &IdSet {
        match index.on {
            SchemaTarget::Label(_) => &self.state.delta.touched_nodes,
            SchemaTarget::Type(_) => &self.state.delta.touched_relationships,
        }
    }

    fn below(&self, index: &Arc<Index>) -> Result<Below<'_>> {
        self.below_watched(index, &|_| Ok(()))
    }

    fn below_watched(&self, index: &Arc<Index>, watch: &Watch<'_>) -> Result<Below<'_>> {
        let base = &self.state.base;
        if base.is_empty() {
            return Ok(Below::Nothing);
        }
        if let Some(reader) = base.index_entries(index.id)? {
            return Ok(Below::Stored(Box::new(reader)));
        }
        // The base never changes, so that what was sorted once holds for all who read it.
        let run =
            base.run((index.on, index.keys.clone(), index.kind), || sorted(base, index, watch))?;
        Ok(Below::Run(run))
    }
}

/// Keys in their order, each with its number. What is not equal to itself is equal to nothing, and left out.
fn in_order(keys: &[Value]) -> Vec<(u32, &Value)> {
    let is_equal = |key: &Value| ordering::equals(key, key) == Some(true);
    let integers: Option<Vec<(i64, u32)>> =
        keys.iter().zip(0..).map(|(key, row)| Some((key.as_integer()?, row))).collect();
    if let Some(mut integers) = integers {
        integers.sort_unstable();
        return integers
            .iter()
            .filter_map(|(_, row)| Some((*row, keys.get(*row as usize)?)))
            .collect();
    }
    let mut sorted: Vec<(u32, &Value)> = (0..).zip(keys).filter(|(_, key)| is_equal(key)).collect();
    sorted.sort_by(|one, other| ordering::order(one.1, other.1));
    sorted
}

/// The set of those that an index is on.
fn of(on: SchemaTarget) -> SectionKey {
    match on {
        SchemaTarget::Label(label) => SectionKey::Label(label.0),
        SchemaTarget::Type(of) => SectionKey::OfType(of.0),
    }
}

/// Reads from the columns of a base where those that an index is on stand in it.
struct Keys<'a> {
    index: &'a Index,
    /// A column for each property; none where nobody has one of them.
    columns: Option<Vec<ColumnReader<'a>>>,
}

impl<'a> Keys<'a> {
    fn new(base: &'a Base, index: &'a Index) -> Result<Self> {
        let column = match index.on {
            SchemaTarget::Label(_) => SectionKey::NodeColumn,
            SchemaTarget::Type(_) => SectionKey::RelationshipColumn,
        };
        let columns = index.keys.iter().map(|key| base.column(column(key.0)).transpose());
        let columns = columns.collect::<Option<Result<Vec<_>>>>().transpose()?;
        Ok(Self { index, columns })
    }

    /// The place of somebody who has the label or type, if there is one.
    fn key(&mut self, id: u64) -> Result<Option<Value>> {
        let Some(columns) = &mut self.columns else { return Ok(None) };
        let mut values = Vec::with_capacity(columns.len());
        for column in columns {
            match column.get(id)? {
                Value::Null => return Ok(None),
                value => values.push(value),
            }
        }
        let key = match values.pop() {
            Some(only) if values.is_empty() => Some(only).filter(|only| self.index.holds(only)),
            last => {
                values.extend(last);
                Some(Value::list(values))
            }
        };
        Ok(key)
    }
}

/// The entries of an index in a base that does not hold it.
fn sorted(base: &Base, index: &Index, watch: &Watch<'_>) -> Result<Run> {
    let mut entries = Vec::new();
    let mut keys = Keys::new(base, index)?;
    let mut ids = Vec::new();
    let mut next = 0;
    // Where nobody has the property there is nothing to read.
    while keys.columns.is_some() {
        ids.clear();
        let end = base.scan(&[of(index.on)], next, 1 << 13, &mut ids)?;
        watch(ids.len() as u64)?;
        for id in &ids {
            next = id + 1;
            entries.extend(keys.key(*id)?.map(|key| (key, *id)));
        }
        if end {
            break;
        }
    }
    entries.sort_unstable_by(meter::stepped(Ord::cmp));
    let changes = entries.windows(2).filter(|pair| pair[0].0 != pair[1].0).count() as u64;
    let distinct = if entries.is_empty() { 0 } else { changes + 1 };
    Ok(Run { entries, distinct })
}
