//! Seeks and scans of indexes: for the rows of a batch at once where every property must be equal to something.

use crate::bound::Direction;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::executor::BATCH_SIZE;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::graph::IndexBound;
use crate::graph::IndexId;
use crate::graph::IndexRange;
use crate::plan;
use crate::plan::SeekBound;
use crate::plan::SeekEntity;
use crate::plan::SeekKey;
use crate::value::Column;
use crate::value::NodeId;
use crate::value::RelationshipId;
use crate::value::Value;
use crate::value::ordering;

use super::{Input, Operator};

/// See the module.
pub(crate) struct IndexSeek {
    /// None for a leaf, which has one row of no variables.
    input: Option<Input>,
    given: bool,
    entity: SeekEntity,
    name: std::sync::Arc<str>,
    keys: Vec<Key>,
    bound: Option<Bound>,
    exact: bool,
    current: Option<Current>,
}

struct Key {
    value: Compiled,
    /// Whether it is a list, of which each value is looked for.
    list: bool,
}

enum Bound {
    Range { lower: Option<(Compiled, bool)>, upper: Option<(Compiled, bool)> },
    StartsWith(Compiled),
    EndsWith(Compiled),
    Contains(Compiled),
}

/// The rows at hand, and what is left to be looked for.
struct Current {
    batch: Batch,
    /// What is looked for, each with the row it is for: the whole key where all properties are equal to something.
    keys: Vec<(u32, Vec<Value>)>,
    next: usize,
    /// The bounds of each row.
    bounds: Vec<Option<IndexBound>>,
    /// Where the scan of the key before `next` has come to.
    after: Option<(Value, u64)>,
    /// Found and not given yet: rows and ids.
    found: (Vec<u32>, Vec<u64>),
    at: usize,
}

impl IndexSeek {
    pub(crate) fn new(plan: &plan::IndexSeek, input: Option<Input>) -> Result<Self> {
        let keys = plan.equal.iter().map(|key| {
            let (value, list) = match key {
                SeekKey::Equal(value) => (value, false),
                SeekKey::In(value) => (value, true),
            };
            Ok(Key { value: Compiled::new(value)?, list })
        });
        let side = |side: &Option<(crate::bound::Expression, bool)>| {
            let compiled = |(e, inclusive): &_| Compiled::new(e).map(|e| (e, *inclusive));
            side.as_ref().map(compiled).transpose()
        };
        let bound = match &plan.then {
            None => None,
            Some(SeekBound::Range { lower, upper }) => {
                Some(Bound::Range { lower: side(lower)?, upper: side(upper)? })
            }
            Some(SeekBound::StartsWith(text)) => Some(Bound::StartsWith(Compiled::new(text)?)),
            Some(SeekBound::EndsWith(text)) => Some(Bound::EndsWith(Compiled::new(text)?)),
            Some(SeekBound::Contains(text)) => Some(Bound::Contains(Compiled::new(text)?)),
        };
        Ok(Self {
            input,
            given: false,
            entity: plan.entity.clone(),
            name: plan.index.name.clone(),
            keys: keys.collect::<Result<_>>()?,
            bound,
            exact: plan.is_exact(),
            current: None,
        })
    }

    fn next_input(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        match &mut self.input {
            Some(input) => input.next(ctx),
            None => Ok((!std::mem::replace(&mut self.given, true)).then(Batch::unit)),
        }
    }

    fn start(&self, batch: Batch, ctx: &Context) -> Result<Current> {
        let mut columns = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            columns.push(key.value.evaluate(&batch, ctx)?);
        }
        let bounds = match &self.bound {
            Some(bound) => bound.evaluate(&batch, ctx)?,
            None => Vec::new(),
        };
        let mut keys = Vec::with_capacity(batch.len());
        for row in 0..batch.len() {
            let mut of_row: Vec<Vec<Value>> = vec![Vec::with_capacity(columns.len())];
            for (key, column) in self.keys.iter().zip(&columns) {
                let value = column.get(row);
                if !key.list {
                    of_row.iter_mut().for_each(|values| values.push(value.clone()));
                    continue;
                }
                let items = list_of(value).map_err(|error| error.at(key.value.span()))?;
                let mut longer = Vec::with_capacity(of_row.len() * items.len());
                for values in of_row {
                    longer.extend(items.iter().map(|item| {
                        let mut values = values.clone();
                        values.push(item.clone());
                        values
                    }));
                }
                of_row = longer;
            }
            keys.extend(of_row.into_iter().map(|values| (row as u32, values)));
        }
        let found = (Vec::new(), Vec::new());
        Ok(Current { batch, keys, next: 0, bounds, after: None, found, at: 0 })
    }

    /// Looks for more, until there is something to give or nothing is left.
    fn advance(&mut self, index: IndexId, ctx: &Context) -> Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        current.found.0.clear();
        current.found.1.clear();
        current.at = 0;
        if self.exact {
            return current.seek(index, ctx);
        }
        while let Some((row, equal)) = current.keys.get(current.next)
            && current.found.1.len() < BATCH_SIZE
        {
            ctx.check_limits()?;
            let then = match current.bounds.get(*row as usize) {
                Some(Some(bound)) => bound.clone(),
                // Something that nothing compares with.
                Some(None) => {
                    current.next += 1;
                    continue;
                }
                None => IndexBound::Any,
            };
            // What is not equal to itself is equal to nothing.
            if equal.iter().any(|value| ordering::equals(value, value) != Some(true)) {
                current.next += 1;
                continue;
            }
            let range = IndexRange { equal: equal.clone(), then };
            let before = current.found.1.len();
            let limit = BATCH_SIZE - before;
            let (after, ids) = (&mut current.after, &mut current.found.1);
            ctx.graph().index_scan(index, &range, after, limit, ids)?;
            let found = ids.len() - before;
            current.found.0.resize(ids.len(), *row);
            if found < limit {
                current.next += 1;
                current.after = None;
            }
        }
        Ok(())
    }

    /// The next rows of what was found.
    fn give(&mut self, ctx: &Context) -> Result<Option<Batch>> {
        let Some(current) = &mut self.current else { return Ok(None) };
        let all = current.found.1.len();
        let (start, end) = (current.at, all.min(current.at + BATCH_SIZE));
        current.at = end;
        let rows = current.found.0.get(start..end).unwrap_or_default();
        let ids = current.found.1.get(start..end).unwrap_or_default();
        match &self.entity {
            SeekEntity::Node(node) => {
                let mut batch = current.batch.select(rows.to_vec());
                batch.set(*node, Column::nodes(ids.iter().copied().map(NodeId).collect()));
                Ok(Some(batch))
            }
            SeekEntity::Relationship { relationship, from, to, direction } => {
                let ids: Vec<_> = ids.iter().copied().map(RelationshipId).collect();
                let ends = ctx.graph().relationship_ends(&ids)?;
                let mut taken = Vec::with_capacity(ids.len());
                let (mut relationships, mut froms, mut tos) = (Vec::new(), Vec::new(), Vec::new());
                for ((row, id), end) in rows.iter().zip(ids).zip(ends) {
                    let Some((_, start, end)) = end else {
                        return Err(Error::corruption(format!("relationship {id} has no record")));
                    };
                    let mut add = |from: NodeId, to: NodeId| {
                        taken.push(*row);
                        relationships.push(id);
                        froms.push(from);
                        tos.push(to);
                    };
                    if *direction != Direction::Incoming {
                        add(start, end);
                    }
                    if *direction == Direction::Incoming
                        || (*direction == Direction::Both && start != end)
                    {
                        add(end, start);
                    }
                }
                let mut batch = current.batch.select(taken);
                batch.set(*relationship, Column::relationships(relationships));
                batch.set(*from, Column::nodes(froms));
                batch.set(*to, Column::nodes(tos));
                Ok(Some(batch))
            }
        }
    }
}

impl Current {
    /// Looks for whole keys: those of all rows at once.
    fn seek(&mut self, index: IndexId, ctx: &Context) -> Result<()> {
        let from = self.next;
        self.next = self.keys.len().min(from + BATCH_SIZE);
        let keys = self.keys.get(from..self.next).unwrap_or_default();
        let single = |values: &Vec<Value>| match values.as_slice() {
            [only] => only.clone(),
            several => Value::list(several.to_vec()),
        };
        let wanted: Vec<Value> = keys.iter().map(|(_, values)| single(values)).collect();
        let (rows, ids) = &mut self.found;
        ctx.graph().index_seek(index, &wanted, rows, ids)?;
        for row in rows {
            *row = keys.get(*row as usize).map_or(0, |(row, _)| *row);
        }
        Ok(())
    }
}

impl Bound {
    /// The bounds for each row; none where nothing can be within.
    fn evaluate(&self, batch: &Batch, ctx: &Context) -> Result<Vec<Option<IndexBound>>> {
        let rows = 0..batch.len();
        let text = |text: &Compiled, make: fn(std::sync::Arc<str>) -> IndexBound| {
            let column = text.evaluate(batch, ctx)?;
            let bound = |row| match column.get(row) {
                Value::String(text) => Some(make(text)),
                _ => None,
            };
            Ok(rows.clone().map(bound).collect())
        };
        match self {
            Self::StartsWith(prefix) => text(prefix, IndexBound::StartsWith),
            Self::EndsWith(end) => text(end, IndexBound::EndsWith),
            Self::Contains(part) => text(part, IndexBound::Contains),
            Self::Range { lower, upper } => {
                let side = |side: &Option<(Compiled, bool)>| {
                    let side = side.as_ref();
                    let evaluated = |(e, inclusive): &(Compiled, bool)| {
                        e.evaluate(batch, ctx).map(|column| (column, *inclusive))
                    };
                    side.map(evaluated).transpose()
                };
                let (lower, upper): (Option<Side>, Option<Side>) = (side(lower)?, side(upper)?);
                let at = |side: &Option<(Column, bool)>, row| {
                    side.as_ref().map(|(column, inclusive)| (column.get(row), *inclusive))
                };
                let bound = |row| {
                    let (lower, upper) = (at(&lower, row), at(&upper, row));
                    let nothing = lower.iter().chain(&upper).any(|(value, _)| value.is_null());
                    (!nothing).then_some(IndexBound::Between { lower, upper })
                };
                Ok(rows.map(bound).collect())
            }
        }
    }
}

/// The values of one side of a range, and whether they are in it themselves.
type Side = (Column, bool);

/// The different values of a list.
fn list_of(value: Value) -> Result<Vec<Value>> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::List(items) => {
            let mut items = items.to_vec();
            items.sort_unstable();
            items.dedup();
            Ok(items)
        }
        other => {
            let found = other.type_name();
            let message = format!("IN expects a List, found {found} `{other}`");
            Err(Error::type_error(Detail::InvalidArgumentType, message))
        }
    }
}

impl Operator for IndexSeek {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if let Some(current) = &self.current {
                if current.at < current.found.1.len() {
                    return self.give(ctx);
                }
                if current.next < current.keys.len() {
                    ctx.check_limits()?;
                    let known = ctx.graph().schema().index_named(&self.name).map(|index| index.id);
                    let index = known.ok_or_else(|| {
                        Error::internal(format!("a plan uses index `{}` that is gone", self.name))
                    })?;
                    self.advance(index, ctx)?;
                    continue;
                }
                self.current = None;
            }
            match self.next_input(ctx)? {
                Some(batch) => self.current = Some(self.start(batch, ctx)?),
                None => return Ok(None),
            }
        }
    }

    fn reset(&mut self) {
        self.given = false;
        self.current = None;
        if let Some(input) = &mut self.input {
            input.reset();
        }
    }
}
