//! Comprehensions, quantifiers and reduce: the lists of a whole batch become the rows of one inner batch.

use std::sync::Arc;

use crate::bound::Quantifier;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::Value;

use super::Batch;
use super::Compiled;
use super::Context;
use super::logic::{self, Truth};

/// All elements of the lists of a column, and which row each belongs to.
struct Flattened {
    elements: Column,
    parents: Vec<u32>,
    /// For each row the number of elements; `None` where there is no list but null.
    lengths: Vec<Option<u32>>,
}

fn flatten(column: &Column) -> Result<Flattened> {
    let mut elements = ColumnBuilder::default();
    let mut parents = Vec::new();
    let mut lengths = Vec::with_capacity(column.len());
    for (row, value) in column.iter().enumerate() {
        match value {
            Value::Null => lengths.push(None),
            Value::List(items) => {
                for item in items.iter() {
                    elements.push(item.clone());
                    parents.push(row as u32);
                }
                lengths.push(Some(items.len() as u32));
            }
            other => return Err(not_a_list(&other)),
        }
    }
    Ok(Flattened { elements: elements.finish(), parents, lengths })
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

pub(super) fn comprehension(
    slot: Slot,
    list: &Compiled,
    filter: Option<&Compiled>,
    map: Option<&Compiled>,
    batch: &Batch,
    ctx: &Context,
) -> Result<Column> {
    let flat = flatten(&list.evaluate(batch, ctx)?).map_err(|e| e.at(list.span()))?;
    let mut rows = inner(batch, &flat, slot);
    let mut parents = flat.parents.clone();
    if let Some(filter) = filter {
        let kept = filter.true_rows(&rows, ctx)?;
        parents = kept.iter().map(|row| parents[*row as usize]).collect();
        rows = rows.select(kept);
    }
    let values = match map {
        Some(map) => map.evaluate(&rows, ctx)?,
        None => rows.column(slot)?,
    };
    let mut lists: Vec<Option<Vec<Value>>> =
        flat.lengths.iter().map(|len| len.map(|_| Vec::new())).collect();
    for (parent, value) in parents.iter().zip(values.iter()) {
        if let Some(Some(list)) = lists.get_mut(*parent as usize) {
            list.push(value);
        }
    }
    Ok(Column::from_values(
        lists.into_iter().map(|list| list.map_or(Value::Null, |l| Value::List(Arc::new(l)))),
    ))
}

pub(super) fn quantifier(
    quantifier: Quantifier,
    slot: Slot,
    list: &Compiled,
    predicate: &Compiled,
    batch: &Batch,
    ctx: &Context,
) -> Result<Column> {
    let flat = flatten(&list.evaluate(batch, ctx)?).map_err(|e| e.at(list.span()))?;
    let column = predicate.evaluate(&inner(batch, &flat, slot), ctx)?;
    let truths = logic::truths(&column).map_err(|e| e.at(predicate.span()))?;
    // How many elements of each row are true and how many are unknown.
    let mut counts = vec![(0u32, 0u32); batch.len()];
    for (parent, truth) in flat.parents.iter().zip(truths) {
        let (yes, unknown) = &mut counts[*parent as usize];
        match truth {
            Truth::True => *yes += 1,
            Truth::Null => *unknown += 1,
            Truth::False => {}
        }
    }
    let results = flat.lengths.iter().zip(counts).map(|(len, (yes, unknown))| {
        let Some(len) = *len else { return Truth::Null };
        let answer = match quantifier {
            Quantifier::All if yes + unknown < len => Some(false),
            Quantifier::Any if yes > 0 => Some(true),
            Quantifier::None if yes > 0 => Some(false),
            Quantifier::Single if yes > 1 => Some(false),
            _ if unknown > 0 => None,
            Quantifier::All => Some(true),
            Quantifier::Any => Some(false),
            Quantifier::None => Some(true),
            Quantifier::Single => Some(yes == 1),
        };
        Truth::from_option(answer)
    });
    Ok(logic::column_of(results.collect()))
}

/// Goes through the positions of the lists, with all rows at once.
pub(super) fn reduce(
    (accumulator, initial): (Slot, &Compiled),
    (slot, list): (Slot, &Compiled),
    body: &Compiled,
    batch: &Batch,
    ctx: &Context,
) -> Result<Column> {
    let lists = list.evaluate(batch, ctx)?;
    let mut results: Vec<Value> = initial.evaluate(batch, ctx)?.iter().collect();
    let mut open: Vec<(u32, Arc<Vec<Value>>)> = Vec::new();
    for (row, value) in lists.iter().enumerate() {
        match value {
            Value::Null => results[row] = Value::Null,
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
        position += 1;
        ctx.check_limits()?;
    }
    Ok(Column::from_values(results))
}
