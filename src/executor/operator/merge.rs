//! MERGE: finds a pattern or creates it; for a whole batch at once where rows can be told apart by keys.

use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::bound::Independence;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::executor::expression::evaluate_all;
use crate::plan;
use crate::value::Column;
use crate::value::Value;
use crate::value::ordering;

use super::update::Drained;
use super::write::{Change, Creation, change_all, row_by_row};
use super::{Input, Operator, drain};

/// See the module.
pub(crate) struct Merge {
    input: Input,
    matching: Input,
    not_null: Vec<(Arc<str>, Compiled)>,
    creation: Creation,
    on_create: Vec<Change>,
    on_match: Vec<Change>,
    batched: Option<Batched>,
    rows: Drained,
}

/// How many rows are merged together.
struct Batched {
    row: Slot,
    keys: Vec<Compiled>,
    symmetric: bool,
    /// What is found or created.
    slots: Vec<Slot>,
    /// Whether ON MATCH can be done for all rows together.
    independence: Independence,
}

/// Where the variables of a row come from.
#[derive(Clone, Copy)]
enum Source {
    Found(u32),
    /// Created for the row itself.
    Created(u32),
    /// Created for a row before it.
    Shared(u32),
}

/// For each row of the result the row it is of and where the rest comes from; and the rows that create.
type Sources = (Vec<(u32, Source)>, Vec<u32>);

impl Merge {
    pub(crate) fn new(merge: &plan::Merge, input: Input, matching: Input) -> Result<Self> {
        let slots = || {
            let nodes = merge.create.nodes.iter().map(|node| node.slot);
            nodes.chain(merge.create.relationships.iter().map(|r| r.slot)).collect()
        };
        let batched = |batch: &plan::MergeBatch| -> Result<Batched> {
            Ok(Batched {
                row: batch.row,
                keys: Compiled::all(&batch.keys)?,
                symmetric: batch.symmetric,
                slots: slots(),
                independence: Independence::of(&merge.on_match),
            })
        };
        Ok(Self {
            input,
            matching,
            not_null: merge
                .not_null
                .iter()
                .map(|(key, value)| Ok((key.clone(), Compiled::new(value)?)))
                .collect::<Result<_>>()?,
            creation: Creation::new(&merge.create)?,
            on_create: Change::all(&merge.on_create)?,
            on_match: Change::all(&merge.on_match)?,
            batched: merge.batch.as_ref().map(batched).transpose()?,
            rows: Drained::default(),
        })
    }

    /// Refuses nulls among the values of properties, which are given in their order.
    fn check(&self, values: &[Column]) -> Result<()> {
        for ((key, value), column) in self.not_null.iter().zip(values) {
            if (0..column.len()).any(|row| column.is_null(row)) {
                return Err(Error::new(
                    ErrorClass::SemanticError,
                    Phase::Runtime,
                    Detail::MergeReadOwnWrites,
                    format!("MERGE cannot look for a null in property `{key}`"),
                )
                .at(value.span())
                .help(
                    "A null equals nothing; leave out such rows, or merge without the property.",
                ));
            }
        }
        Ok(())
    }

    /// Finds or creates the pattern for one row.
    fn merge_row(&mut self, row: Batch, ctx: &mut Context) -> Result<Vec<Batch>> {
        let values = self.not_null.iter().map(|(_, value)| value.evaluate(&row, ctx));
        self.check(&values.collect::<Result<Vec<_>>>()?)?;
        self.matching.reset();
        let matching = &mut self.matching;
        let held = &mut self.rows.1;
        let found = ctx.with_argument(row.clone(), |ctx| drain(matching, ctx, held))?;
        let (batches, changes) = if found.is_empty() {
            (vec![self.creation.create(row, ctx)?], &self.on_create)
        } else {
            (found, &self.on_match)
        };
        for batch in &batches {
            row_by_row(changes, batch, ctx)?;
        }
        Ok(batches)
    }

    fn merge_rows(&mut self, batch: &Batch, ctx: &mut Context) -> Result<Vec<Batch>> {
        let mut merged = Vec::new();
        // Single rows are gathered into batches again before they go on.
        let mut waiting: Vec<Batch> = Vec::new();
        for row in 0..batch.len() {
            ctx.check_limits()?;
            waiting.extend(self.merge_row(batch.slice(row, row + 1), ctx)?);
            if waiting.len() >= crate::executor::BATCH_SIZE {
                merged.push(Batch::concat(std::mem::take(&mut waiting)));
            }
        }
        if !waiting.is_empty() {
            merged.push(Batch::concat(waiting));
        }
        Ok(merged)
    }

    /// Finds or creates the pattern for the rows of a batch together.
    fn merge_batch(&mut self, batch: &Batch, ctx: &mut Context) -> Result<Batch> {
        let Some(batched) = &self.batched else {
            return Err(Error::internal("MERGE of a batch has no keys"));
        };
        let keys = evaluate_all(&batched.keys, batch, ctx)?;
        // The values of properties come after the nodes that are there already.
        self.check(keys.get(keys.len().saturating_sub(self.not_null.len())..).unwrap_or(&[]))?;
        let mut argument = batch.clone();
        argument.set(batched.row, Column::integers((0..batch.len() as i64).collect()));
        self.matching.reset();
        let matching = &mut self.matching;
        let held = &mut self.rows.1;
        let found = ctx.with_argument(argument, |ctx| drain(matching, ctx, held))?;
        let found = Batch::concat(found);
        let (sources, new) = batched.sources(batch, &found, &keys)?;
        let mut created = batch.select(new);
        if !created.is_empty() {
            created = self.creation.create(created, ctx)?;
            // Each of them is new, so that no row can see another's.
            for change in &self.on_create {
                change.apply(&created, ctx)?;
            }
        }
        let merged = batched.joined(batch, &sources, &found, &created)?;
        if !self.on_match.is_empty() {
            let is_match = |source: &Source| !matches!(source, Source::Created(_));
            let matches = sources.iter().enumerate().filter(|(_, (_, source))| is_match(source));
            let matches = merged.select(matches.map(|(at, _)| at as u32).collect());
            change_all(&self.on_match, &batched.independence, &matches, ctx)?;
        }
        Ok(merged)
    }
}

/// What rows before have created, by their keys.
enum Earlier<'a> {
    Integers(&'a [i64], FxHashMap<i64, u32>),
    Values { keys: &'a [Column], symmetric: bool, known: FxHashMap<Vec<Value>, u32> },
}

impl<'a> Earlier<'a> {
    fn new(keys: &'a [Column], symmetric: bool) -> Self {
        if let [only] = keys
            && let Some(numbers) = only.as_integers()
            && only.has_no_nulls()
        {
            return Self::Integers(numbers, FxHashMap::default());
        }
        Self::Values { keys, symmetric, known: FxHashMap::default() }
    }

    /// What an earlier row has created that this one finds; else the row creates it, under this number.
    fn find_or_note(&mut self, row: usize, number: u32) -> Option<u32> {
        match self {
            Self::Integers(numbers, known) => match known.entry(*numbers.get(row)?) {
                Entry::Occupied(earlier) => Some(*earlier.get()),
                Entry::Vacant(free) => {
                    free.insert(number);
                    None
                }
            },
            Self::Values { keys, symmetric, known } => {
                let mut key: Vec<Value> = keys.iter().map(|column| column.get(row)).collect();
                if *symmetric
                    && let [one, other, ..] = key.as_mut_slice()
                    && one > other
                {
                    std::mem::swap(one, other);
                }
                // What is not equal to itself is not found by another either.
                let findable = key.iter().all(|value| ordering::equals(value, value) == Some(true));
                match known.entry(key) {
                    Entry::Occupied(earlier) if findable => Some(*earlier.get()),
                    Entry::Occupied(_) => None,
                    Entry::Vacant(free) => {
                        free.insert(number);
                        None
                    }
                }
            }
        }
    }
}

impl Batched {
    /// For each row of the result the row it is of and where the rest comes from; and the rows that create.
    fn sources(&self, batch: &Batch, found: &Batch, keys: &[Column]) -> Result<Sources> {
        let mut matches: Vec<(u32, u32)> = Vec::with_capacity(found.len());
        if !found.is_empty() {
            let numbers = found.column(self.row)?;
            for at in 0..found.len() {
                let number = numbers.get(at).as_integer().unwrap_or(0);
                matches.push((number as u32, at as u32));
            }
            // They may come in any order.
            matches.sort_unstable();
        }
        let mut earlier = Earlier::new(keys, self.symmetric);
        let mut sources = Vec::with_capacity(batch.len());
        let mut new = Vec::new();
        let mut matches = matches.into_iter().peekable();
        for row in 0..batch.len() as u32 {
            let before = sources.len();
            while let Some((_, at)) = matches.next_if(|(of, _)| *of == row) {
                sources.push((row, Source::Found(at)));
            }
            if sources.len() > before {
                continue;
            }
            match earlier.find_or_note(row as usize, new.len() as u32) {
                Some(earlier) => sources.push((row, Source::Shared(earlier))),
                None => {
                    sources.push((row, Source::Created(new.len() as u32)));
                    new.push(row);
                }
            }
        }
        Ok((sources, new))
    }

    /// The rows with what was found or created for each.
    fn joined(
        &self,
        batch: &Batch,
        sources: &[(u32, Source)],
        found: &Batch,
        created: &Batch,
    ) -> Result<Batch> {
        let mut merged = batch.select(sources.iter().map(|(row, _)| *row).collect());
        let first_created = found.len() as u32;
        let places: Vec<u32> = sources
            .iter()
            .map(|(_, source)| match source {
                Source::Found(at) => *at,
                Source::Created(at) | Source::Shared(at) => first_created + at,
            })
            .collect();
        for slot in &self.slots {
            let mut columns = Vec::with_capacity(2);
            if !found.is_empty() {
                columns.push(found.column(*slot)?);
            }
            if !created.is_empty() {
                columns.push(created.column(*slot)?);
            }
            merged.set(*slot, Column::concat(&columns).gather(&places));
        }
        Ok(merged)
    }
}

impl Operator for Merge {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        if let Some(batches) = self.rows.fill(&mut self.input, ctx)? {
            let mut merged: VecDeque<Batch> = VecDeque::new();
            for batch in batches {
                ctx.check_limits()?;
                if self.batched.is_some() {
                    merged.push_back(self.merge_batch(&batch, ctx)?);
                } else {
                    merged.extend(self.merge_rows(&batch, ctx)?);
                }
            }
            self.rows.0 = Some(merged);
        }
        Ok(self.rows.next())
    }

    fn reset(&mut self) {
        self.rows = Drained::default();
        self.input.reset();
    }
}
