//! Comprehensions, quantifiers and reduce: the lists of a whole batch become the rows of one inner batch.

use std::sync::Arc;

use crate::bound::Quantifier;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::meter;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::Value;

use super::Batch;
use super::Compiled;
use super::Context;
use super::growing::Growing;
use super::logic::{self, Truth};

/// How many elements are worked on at once.
const CHUNK: usize = 64 * 1024;

/// Elements of the lists of some rows, and which row each belongs to.
struct Flattened {
    elements: Column,
    parents: Vec<u32>,
    /// Up to here, the lists of all rows have been given to their end.
    done: usize,
}

/// The lists of a column, flattened: so many elements at a time, of many rows or of a part of one.
struct Chunks<'a> {
    column: &'a Column,
    row: usize,
    /// The list of the row, and how much of it was given.
    open: Option<(Arc<Vec<Value>>, usize)>,
}

impl<'a> Chunks<'a> {
    fn new(column: &'a Column) -> Self {
        Self { column, row: 0, open: None }
    }

    /// The next elements; nothing once all rows were given.
    fn next(&mut self) -> Result<Option<Flattened>> {
        if self.row >= self.column.len() {
            return Ok(None);
        }
        let mut elements = ColumnBuilder::default();
        let mut parents: Vec<u32> = Vec::new();
        while self.row < self.column.len() && parents.len() < CHUNK {
            let (items, from) = match self.open.take() {
                Some(open) => open,
                None => match self.column.get(self.row) {
                    Value::Null => Default::default(),
                    Value::List(items) => (items, 0),
                    other => return Err(not_a_list(&other)),
                },
            };
            let part = items.get(from..).unwrap_or_default();
            let part = part.get(..CHUNK - parents.len()).unwrap_or(part);
            for item in part {
                elements.push(item.clone());
            }
            parents.resize(parents.len() + part.len(), self.row as u32);
            let to = from + part.len();
            if to < items.len() {
                self.open = Some((items, to));
            } else {
                meter::step(1)?;
                self.row += 1;
            }
        }
        Ok(Some(Flattened { elements: elements.finish(), parents, done: self.row }))
    }
}

fn not_a_list(value: &Value) -> Error {
    Error::type_error(
        Detail::InvalidArgumentType,
        format!("expected a List, found {} `{value}`", value.type_name()),
    )
}

/// The inner batch: outer variables repeated per element, and the element itself.
fn inner(batch: &Batch, flat: &Flattened, slot: Slot) -> Batch {
    let mut inner = batch.select(flat.parents.clone());
    inner.set(slot, flat.elements.clone());
    inner
}

/// The lists of the rows of a batch, one after the other.
struct Lists<'a> {
    given: &'a Column,
    result: Growing<'a>,
    /// How many rows have their list.
    rows: usize,
    items: Vec<Value>,
    bytes: u64,
}

impl Lists<'_> {
    /// Adds an element to the list of a row.
    fn push(&mut self, row: usize, item: Value) -> Result<()> {
        self.close(row)?;
        let bytes = item.held_bytes().saturating_add(2 * size_of::<Value>() as u64);
        self.bytes = self.bytes.saturating_add(bytes);
        self.result.hold(bytes)?;
        self.items.push(item);
        Ok(())
    }

    /// Ends the lists of all rows before this one.
    fn close(&mut self, row: usize) -> Result<()> {
        while self.rows < row {
            let list = match self.given.is_null(self.rows) {
                true => Value::Null,
                false => Value::list(std::mem::take(&mut self.items)),
            };
            self.result.release(std::mem::take(&mut self.bytes));
            self.result.push(list)?;
            self.rows += 1;
        }
        Ok(())
    }
}

pub(super) fn comprehension(
    slot: Slot,
    list: &Compiled,
    filter: Option<&Compiled>,
    map: Option<&Compiled>,
    batch: &Batch,
    ctx: &Context,
) -> Result<Column> {
    let given = list.evaluate(batch, ctx)?;
    let (items, result) = (Vec::new(), Growing::new(ctx));
    let mut lists = Lists { given: &given, result, rows: 0, items, bytes: 0 };
    let mut chunks = Chunks::new(&given);
    while let Some(flat) = chunks.next().map_err(|e| e.at(list.span()))? {
        ctx.check_limits()?;
        let mut rows = inner(batch, &flat, slot);
        let mut parents = flat.parents;
        if let Some(filter) = filter {
            let kept = filter.true_rows(&rows, ctx)?;
            parents = kept.iter().map(|row| parents[*row as usize]).collect();
            rows = rows.select(kept);
        }
        let values = match map {
            Some(map) => map.evaluate(&rows, ctx)?,
            None => rows.column(slot)?,
        };
        for (parent, value) in parents.into_iter().zip(values.iter()) {
            lists.push(parent as usize, value)?;
        }
        lists.close(flat.done)?;
    }
    Ok(lists.result.finish())
}

pub(super) fn quantifier(
    quantifier: Quantifier,
    slot: Slot,
    list: &Compiled,
    predicate: &Compiled,
    batch: &Batch,
    ctx: &Context,
) -> Result<Column> {
    let given = list.evaluate(batch, ctx)?;
    // How many elements of each row there are, are true, and are unknown.
    let mut counts = vec![(0u32, 0u32, 0u32); batch.len()];
    let mut chunks = Chunks::new(&given);
    while let Some(flat) = chunks.next().map_err(|e| e.at(list.span()))? {
        ctx.check_limits()?;
        let answers = predicate.evaluate(&inner(batch, &flat, slot), ctx)?;
        let truths = logic::truths(&answers).map_err(|e| e.at(predicate.span()))?;
        for (parent, truth) in flat.parents.iter().zip(truths) {
            let (len, yes, unknown) = &mut counts[*parent as usize];
            *len += 1;
            match truth {
                Truth::True => *yes += 1,
                Truth::Null => *unknown += 1,
                Truth::False => {}
            }
        }
    }
    let answers = counts.into_iter().enumerate().map(|(row, (len, yes, unknown))| {
        let answer = quantified(quantifier, len, yes, unknown);
        Truth::from_option(answer.filter(|_| !given.is_null(row)))
    });
    Ok(logic::column_of(answers.collect()))
}

/// The answer for a list of so many elements, of which some are true and some unknown.
fn quantified(quantifier: Quantifier, len: u32, yes: u32, unknown: u32) -> Option<bool> {
    match quantifier {
        Quantifier::All if yes + unknown < len => Some(false),
        Quantifier::Any if yes > 0 => Some(true),
        Quantifier::None if yes > 0 => Some(false),
        Quantifier::Single if yes > 1 => Some(false),
        _ if unknown > 0 => None,
        Quantifier::All => Some(true),
        Quantifier::Any => Some(false),
        Quantifier::None => Some(true),
        Quantifier::Single => Some(yes == 1),
    }
}

/// How deep a value may be nested. Whatever walks a value calls itself once per level.
const MAX_DEPTH: usize = 1000;

/// After so many steps of a reduction the depth of its value is looked at.
const STEPS: usize = 16;

/// Whether lists and maps stand within each other no deeper than this; `None` where that would take looking at more
/// values than are left to look at. Values may share much, and then are larger than what they hold.
fn is_within_depth(value: &Value, depth: usize, left: &mut u64) -> Option<bool> {
    let mut all = |values: &mut dyn Iterator<Item = &Value>, len: usize| {
        *left = left.checked_sub(len as u64)?;
        for value in values {
            if depth == 0 || !is_within_depth(value, depth - 1, left)? {
                return Some(false);
            }
        }
        Some(true)
    };
    match value {
        Value::List(items) => all(&mut items.iter(), items.len()),
        Value::Map(map) => all(&mut map.values(), map.len()),
        _ => Some(true),
    }
}

/// Refuses values that are too deep or too large for what walks over them later.
fn check_values<'a>(values: impl Iterator<Item = &'a Value>, ctx: &Context) -> Result<()> {
    let mut left = ctx.memory_left() / size_of::<Value>() as u64;
    for value in values {
        match is_within_depth(value, MAX_DEPTH, &mut left) {
            Some(true) => {}
            None => return ctx.check_memory(u64::MAX),
            Some(false) => {
                return Err(Error::new(
                    ErrorClass::LimitError,
                    Phase::Runtime,
                    Detail::NestingTooDeep,
                    format!("lists and maps are nested more than {MAX_DEPTH} levels deep"),
                ));
            }
        }
    }
    Ok(())
}

/// Goes through the positions of the lists, with all rows at once.
pub(super) fn reduce(
    (accumulator, initial): (Slot, &Compiled),
    (slot, list): (Slot, &Compiled),
    body: &Compiled,
    all: Option<&Compiled>,
    batch: &Batch,
    ctx: &Context,
) -> Result<Column> {
    let lists = list.evaluate(batch, ctx)?;
    let mut results: Vec<Value> = initial.evaluate(batch, ctx)?.iter().collect();
    let mut open: Vec<(u32, Arc<Vec<Value>>)> = Vec::new();
    // Whether all values so far satisfy the predicate, where there is one.
    let mut answers = vec![Truth::True; batch.len()];
    for (row, value) in lists.iter().enumerate() {
        match value {
            Value::Null => {
                results[row] = Value::Null;
                answers[row] = Truth::Null;
            }
            Value::List(items) => open.push((row as u32, items)),
            other => return Err(not_a_list(&other).at(list.span())),
        }
    }
    let mut position = 0;
    loop {
        open.retain(|(_, items)| items.len() > position);
        if open.is_empty() {
            break;
        }
        let mut step = batch.select(open.iter().map(|(row, _)| *row).collect());
        let so_far = open.iter().map(|(row, _)| results[*row as usize].clone());
        step.set(accumulator, Column::from_values(so_far));
        step.set(slot, Column::from_values(open.iter().map(|(_, items)| items[position].clone())));
        let next = body.evaluate(&step, ctx)?;
        for ((row, _), value) in open.iter().zip(next.iter()) {
            results[*row as usize] = value;
        }
        if let Some(all) = all {
            step.set(accumulator, next);
            let truths = all.evaluate(&step, ctx)?;
            let truths = logic::truths(&truths).map_err(|e| e.at(all.span()))?;
            for ((row, _), truth) in open.iter().zip(truths) {
                let answer = &mut answers[*row as usize];
                match truth {
                    Truth::False => *answer = Truth::False,
                    Truth::Null if *answer == Truth::True => *answer = Truth::Null,
                    Truth::Null | Truth::True => {}
                }
            }
            // What is false stays so.
            open.retain(|(row, _)| answers[*row as usize] != Truth::False);
        }
        position += 1;
        ctx.check_limits()?;
        // Only here can a value grow a level deeper per element of the data.
        if position.is_multiple_of(STEPS) {
            check_values(results.iter(), ctx).map_err(|error| error.at(body.span()))?;
        }
    }
    check_values(results.iter(), ctx).map_err(|error| error.at(body.span()))?;
    if all.is_some() {
        return Ok(logic::column_of(answers));
    }
    Ok(Column::from_values(results))
}
