//! Three-valued logic and CASE: what decides which rows later operands see at all.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Bitmap;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Value;
use crate::value::ordering;

use super::Batch;
use super::Compiled;
use super::Context;

/// A truth value: false, true or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    False,
    True,
    Null,
}

impl Truth {
    pub(super) fn from_option(value: Option<bool>) -> Self {
        match value {
            Some(true) => Truth::True,
            Some(false) => Truth::False,
            None => Truth::Null,
        }
    }
}

/// The truth value of each row; an error for anything but booleans and nulls.
pub(super) fn truths(column: &Column) -> Result<Vec<Truth>> {
    let one = |value: &Value| match value {
        Value::Boolean(true) => Ok(Truth::True),
        Value::Boolean(false) => Ok(Truth::False),
        Value::Null => Ok(Truth::Null),
        other => Err(not_a_boolean(other)),
    };
    match column.data() {
        ColumnData::Constant(value, len) => Ok(vec![one(value)?; *len]),
        ColumnData::Boolean(bits) => {
            let mut truths: Vec<Truth> =
                bits.iter().map(|b| if *b { Truth::True } else { Truth::False }).collect();
            if let Some(validity) = column.validity() {
                for (truth, valid) in truths.iter_mut().zip(validity.iter()) {
                    if !valid {
                        *truth = Truth::Null;
                    }
                }
            }
            Ok(truths)
        }
        ColumnData::Value(values) => values.iter().map(one).collect(),
        _ => column.iter().map(|value| one(&value)).collect(),
    }
}

fn not_a_boolean(value: &Value) -> Error {
    Error::type_error(
        Detail::InvalidArgumentType,
        format!("expected a Boolean, found {} `{value}`", value.type_name()),
    )
}

/// The column of these truth values.
pub(super) fn column_of(truths: Vec<Truth>) -> Column {
    let column = Column::booleans(truths.iter().map(|t| *t == Truth::True).collect());
    if truths.contains(&Truth::Null) {
        let validity: Bitmap = truths.iter().map(|t| *t != Truth::Null).collect();
        return column.with_validity(validity);
    }
    column
}

/// The rows that are true.
pub(super) fn true_rows(column: &Column) -> Result<Vec<u32>> {
    if let (Some(bits), None) = (column.as_booleans(), column.validity()) {
        // Without a branch: which rows are true cannot be predicted.
        let mut rows = vec![0; bits.len()];
        let mut len = 0;
        for (row, bit) in bits.iter().enumerate() {
            rows[len] = row as u32;
            len += usize::from(*bit);
        }
        rows.truncate(len);
        return Ok(rows);
    }
    let truths = truths(column)?;
    let rows = truths.iter().enumerate().filter(|(_, t)| **t == Truth::True);
    Ok(rows.map(|(row, _)| row as u32).collect())
}

/// AND or OR. An operand sees only the rows that no operand before it has decided, so that a guard
/// keeps errors away: `x <> 0 AND 1 / x > 2`.
pub(super) fn junction(
    and: bool,
    operands: &[Compiled],
    batch: &Batch,
    ctx: &Context,
) -> Result<Column> {
    let decisive = if and { Truth::False } else { Truth::True };
    let neutral = if and { Truth::True } else { Truth::False };
    let mut result = vec![neutral; batch.len()];
    let mut open: Option<Vec<u32>> = None;
    for operand in operands {
        let column = match &open {
            None => operand.evaluate(batch, ctx)?,
            Some(rows) if rows.is_empty() => break,
            Some(rows) => operand.evaluate(&batch.select(rows.clone()), ctx)?,
        };
        let found = truths(&column).map_err(|e| e.at(operand.span()))?;
        let mut undecided = Vec::with_capacity(found.len());
        for (at, truth) in found.iter().enumerate() {
            let row = open.as_ref().map_or(at as u32, |rows| rows[at]);
            if *truth == decisive {
                result[row as usize] = decisive;
            } else {
                if *truth == Truth::Null {
                    result[row as usize] = Truth::Null;
                }
                undecided.push(row);
            }
        }
        if open.is_some() || undecided.len() < batch.len() {
            open = Some(undecided);
        }
    }
    Ok(column_of(result))
}

/// One column of pieces: each has rows of the result, and their values. Rows in no piece are null.
fn scatter(len: usize, mut pieces: Vec<(Vec<u32>, Column)>) -> Column {
    pieces.retain(|(rows, _)| !rows.is_empty());
    if let [(rows, column)] = &pieces[..]
        && rows.len() == len
    {
        return column.clone();
    }
    // All values one after the other, with a null at the end for the rows in no piece.
    let total: usize = pieces.iter().map(|(rows, _)| rows.len()).sum();
    let mut places = vec![total as u32; len];
    let mut at = 0;
    let mut columns = Vec::with_capacity(pieces.len() + 1);
    for (rows, column) in pieces {
        for row in rows {
            if let Some(place) = places.get_mut(row as usize) {
                *place = at;
            }
            at += 1;
        }
        columns.push(column);
    }
    columns.push(Column::nulls(1));
    Column::concat(&columns).gather(&places)
}

/// CASE: each alternative sees only the rows that none before it has taken.
pub(super) fn case(
    operand: Option<&Compiled>,
    alternatives: &[(Compiled, Compiled)],
    otherwise: Option<&Compiled>,
    batch: &Batch,
    ctx: &Context,
) -> Result<Column> {
    let operand = operand.map(|e| e.evaluate(batch, ctx)).transpose()?;
    let mut open: Vec<u32> = (0..batch.len() as u32).collect();
    let mut pieces = Vec::new();
    let mut fill = |rows: Vec<u32>, then: &Compiled| -> Result<()> {
        if !rows.is_empty() {
            let column = then.evaluate(&batch.select(rows.clone()), ctx)?;
            pieces.push((rows, column));
        }
        Ok(())
    };
    for (when, then) in alternatives {
        if open.is_empty() {
            break;
        }
        let column = when.evaluate(&batch.select(open.clone()), ctx)?;
        let taken: Vec<bool> = match &operand {
            Some(operand) => open
                .iter()
                .zip(column.iter())
                .map(|(row, value)| {
                    ordering::equals(&operand.get(*row as usize), &value) == Some(true)
                })
                .collect(),
            None => truths(&column)
                .map_err(|e| e.at(when.span()))?
                .iter()
                .map(|t| *t == Truth::True)
                .collect(),
        };
        let pick = |wanted: bool| -> Vec<u32> {
            open.iter().zip(&taken).filter(|(_, t)| **t == wanted).map(|(row, _)| *row).collect()
        };
        let (matched, rest) = (pick(true), pick(false));
        fill(matched, then)?;
        open = rest;
    }
    if let Some(otherwise) = otherwise {
        fill(open, otherwise)?;
    }
    Ok(scatter(batch.len(), pieces))
}

/// The first argument that is not null; each sees only the rows where all before it are.
pub(super) fn coalesce(arguments: &[Compiled], batch: &Batch, ctx: &Context) -> Result<Column> {
    let mut open: Vec<u32> = (0..batch.len() as u32).collect();
    let mut pieces = Vec::new();
    for argument in arguments {
        if open.is_empty() {
            break;
        }
        let whole = open.len() == batch.len();
        let column = if whole {
            argument.evaluate(batch, ctx)?
        } else {
            argument.evaluate(&batch.select(open.clone()), ctx)?
        };
        if column.has_no_nulls() {
            pieces.push((std::mem::take(&mut open), column));
            break;
        }
        let (mut rows, mut picked, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for (at, row) in open.iter().enumerate() {
            if column.is_null(at) {
                rest.push(*row);
            } else {
                rows.push(*row);
                picked.push(at as u32);
            }
        }
        pieces.push((rows, column.gather(&picked)));
        open = rest;
    }
    Ok(scatter(batch.len(), pieces))
}
