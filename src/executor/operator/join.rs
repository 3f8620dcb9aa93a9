//! CartesianProduct and HashJoin.

use rustc_hash::FxHashMap;

use crate::error::Result;
use crate::executor::BATCH_SIZE;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::executor::expression::evaluate_all;
use crate::value::Column;
use crate::value::Value;
use crate::value::ordering::Equivalence;

use super::{Input, Operator, drain};

/// Every row of one with every row of the other.
pub(crate) struct CartesianProduct {
    left: Input,
    right: Input,
    /// All rows of the right, once it was run.
    rows: Option<Batch>,
    /// The left batch at hand, and which of its rows meets which of the right's next.
    current: Option<(Batch, usize, usize)>,
}

impl CartesianProduct {
    pub(crate) fn new(left: Input, right: Input) -> Self {
        Self { left, right, rows: None, current: None }
    }
}

impl Operator for CartesianProduct {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if self.current.is_none() {
                let Some(batch) = self.left.next(ctx)? else { return Ok(None) };
                self.current = Some((batch, 0, 0));
            }
            if self.rows.is_none() {
                self.rows = Some(Batch::concat(drain(&mut self.right, ctx)?));
            }
            let (Some((batch, row, at)), Some(right)) = (&mut self.current, &self.rows) else {
                continue;
            };
            if right.is_empty() || *row >= batch.len() {
                self.current = None;
                continue;
            }
            let (mut lefts, mut rights) = (Vec::new(), Vec::new());
            while *row < batch.len() && lefts.len() < BATCH_SIZE {
                let end = right.len().min(*at + BATCH_SIZE - lefts.len());
                lefts.extend(std::iter::repeat_n(*row as u32, end - *at));
                rights.extend(*at as u32..end as u32);
                *at = end;
                if end == right.len() {
                    *row += 1;
                    *at = 0;
                }
            }
            ctx.check_limits()?;
            return Ok(Some(batch.zip(lefts, right, rights)));
        }
    }

    fn reset(&mut self) {
        self.rows = None;
        self.current = None;
        self.left.reset();
        self.right.reset();
    }
}

/// The pairs of rows that agree in every key.
pub(crate) struct HashJoin {
    left: Input,
    right: Input,
    left_keys: Vec<Compiled>,
    right_keys: Vec<Compiled>,
    table: Option<Table>,
    current: Option<Pairs>,
}

struct Table {
    rows: Batch,
    by_key: FxHashMap<Vec<Equivalence>, Vec<u32>>,
}

struct Pairs {
    batch: Batch,
    lefts: Vec<u32>,
    rights: Vec<u32>,
    given: usize,
}

impl HashJoin {
    pub(crate) fn new(
        (left, right): (Input, Input),
        left_keys: Vec<Compiled>,
        right_keys: Vec<Compiled>,
    ) -> Self {
        Self { left, right, left_keys, right_keys, table: None, current: None }
    }

    fn build(&mut self, ctx: &mut Context) -> Result<Table> {
        let rows = Batch::concat(drain(&mut self.right, ctx)?);
        let mut by_key: FxHashMap<Vec<Equivalence>, Vec<u32>> = FxHashMap::default();
        if !rows.is_empty() {
            let columns = evaluate_all(&self.right_keys, &rows, ctx)?;
            for row in 0..rows.len() {
                if let Some(key) = key_of(&columns, row) {
                    by_key.entry(key).or_default().push(row as u32);
                }
            }
        }
        Ok(Table { rows, by_key })
    }
}

/// The key of a row; none where a part of it equals nothing, not even itself.
fn key_of(columns: &[Column], row: usize) -> Option<Vec<Equivalence>> {
    columns
        .iter()
        .map(|column| match column.get(row) {
            Value::Null => None,
            Value::Float(x) if x.is_nan() => None,
            value => (crate::value::ordering::equals(&value, &value) == Some(true))
                .then(|| Equivalence(value)),
        })
        .collect()
}

impl Operator for HashJoin {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if let (Some(pairs), Some(table)) = (&mut self.current, &self.table) {
                if pairs.given < pairs.lefts.len() {
                    let end = (pairs.given + BATCH_SIZE).min(pairs.lefts.len());
                    let lefts = pairs.lefts[pairs.given..end].to_vec();
                    let rights = pairs.rights[pairs.given..end].to_vec();
                    pairs.given = end;
                    return Ok(Some(pairs.batch.zip(lefts, &table.rows, rights)));
                }
                self.current = None;
            }
            let Some(batch) = self.left.next(ctx)? else { return Ok(None) };
            if self.table.is_none() {
                self.table = Some(self.build(ctx)?);
            }
            let Some(table) = &self.table else { continue };
            let columns = evaluate_all(&self.left_keys, &batch, ctx)?;
            let (mut lefts, mut rights) = (Vec::new(), Vec::new());
            for row in 0..batch.len() {
                let found = key_of(&columns, row).and_then(|key| table.by_key.get(&key));
                for other in found.into_iter().flatten() {
                    lefts.push(row as u32);
                    rights.push(*other);
                }
            }
            ctx.check_limits()?;
            self.current = Some(Pairs { batch, lefts, rights, given: 0 });
        }
    }

    fn reset(&mut self) {
        self.table = None;
        self.current = None;
        self.left.reset();
        self.right.reset();
    }
}
