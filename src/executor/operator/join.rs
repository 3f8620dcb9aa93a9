//! CartesianProduct and HashJoin.

use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::expression::Compiled;
use crate::executor::expression::evaluate_all;
use crate::value::Column;
use crate::value::allocation::vec_bytes;
use crate::value::ordering;

use super::grouping::Groups;
use super::{Held, Input, Operator, drain_joined};

/// Every row of one with every row of the other.
pub(crate) struct CartesianProduct {
    left: Input,
    right: Input,
    /// All rows of the right, once it was run.
    rows: Option<Batch>,
    /// The left batch at hand, and which of its rows meets which of the right's next.
    current: Option<(Batch, usize, usize)>,
    held: Held,
}

impl CartesianProduct {
    pub(crate) fn new(left: Input, right: Input) -> Self {
        Self { left, right, rows: None, current: None, held: Held::default() }
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
                self.rows = Some(drain_joined(&mut self.right, ctx, &mut self.held)?);
            }
            let (Some((batch, row, at)), Some(right)) = (&mut self.current, &self.rows) else {
                continue;
            };
            if right.is_empty() || *row >= batch.len() {
                self.current = None;
                continue;
            }
            let (mut lefts, mut rights) = (Vec::new(), Vec::new());
            while *row < batch.len() && lefts.len() < ctx.batch_rows() {
                let end = right.len().min(*at + ctx.batch_rows() - lefts.len());
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
        self.held = Held::default();
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
    current: Option<Probe>,
    held: Held,
}

/// The rows of the right, by the number of their key.
struct Table {
    rows: Batch,
    keys: Groups,
    /// The rows of key `k` are `members[starts[k]..starts[k + 1]]`.
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Table {
    fn members(&self, key: u32) -> &[u32] {
        let range = match (self.starts.get(key as usize), self.starts.get(key as usize + 1)) {
            (Some(start), Some(end)) => *start as usize..*end as usize,
            _ => return &[],
        };
        self.members.get(range).unwrap_or_default()
    }
}

/// A batch of the left, and how far it was joined.
struct Probe {
    batch: Batch,
    /// Rows whose keys can be equal to anything, and the number of their keys.
    rows: Vec<u32>,
    keys: Vec<u32>,
    next: usize,
    given: usize,
}

impl HashJoin {
    pub(crate) fn new(
        (left, right): (Input, Input),
        left_keys: Vec<Compiled>,
        right_keys: Vec<Compiled>,
    ) -> Self {
        let held = Held::default();
        Self { left, right, left_keys, right_keys, table: None, current: None, held }
    }

    fn build(&mut self, ctx: &mut Context) -> Result<Table> {
        let rows = drain_joined(&mut self.right, ctx, &mut self.held)?;
        let mut keys = Groups::default();
        let (mut starts, mut members) = (vec![0u32], Vec::new());
        if !rows.is_empty() {
            let columns = evaluate_all(&self.right_keys, &rows, ctx)?;
            let (joinable, columns) = joinable(columns, rows.len());
            // The numbers of the keys, the rows and where those of a key begin, twice while they are sorted.
            ctx.check_memory(20 * joinable.len() as u64)?;
            let numbers = keys.assign(&columns, joinable.len(), &|more| ctx.check_memory(more))?;
            starts.resize(keys.len() + 1, 0);
            for number in &numbers {
                starts[*number as usize + 1] += 1;
            }
            for key in 0..keys.len() {
                starts[key + 1] += starts[key];
            }
            // A counting sort, which keeps the order of the rows within each key.
            let mut next = starts.clone();
            members.resize(joinable.len(), 0);
            for (row, number) in joinable.iter().zip(&numbers) {
                let place = &mut next[*number as usize];
                members[*place as usize] = *row;
                *place += 1;
            }
            self.held.add(ctx, keys.bytes() + vec_bytes(&members) + vec_bytes(&starts))?;
        }
        Ok(Table { rows, keys, starts, members })
    }
}

/// The rows whose keys can equal anything, and their keys: null and NaN equal not even themselves.
fn joinable(columns: Vec<Column>, len: usize) -> (Vec<u32>, Vec<Column>) {
    let is_plain = |column: &Column| {
        column.has_no_nulls() && column.as_floats().is_none() && column.as_constant().is_none()
    };
    if columns.iter().all(is_plain) {
        return ((0..len as u32).collect(), columns);
    }
    let equals_itself = |column: &Column, row: usize| {
        let value = column.get(row);
        ordering::equals(&value, &value) == Some(true)
    };
    let rows: Vec<u32> = (0..len)
        .filter(|row| columns.iter().all(|c| is_plain(c) || equals_itself(c, *row)))
        .map(|row| row as u32)
        .collect();
    let columns = columns.iter().map(|c| c.gather(&rows)).collect();
    (rows, columns)
}

impl Operator for HashJoin {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            if let (Some(probe), Some(table)) = (&mut self.current, &self.table) {
                let (mut lefts, mut rights) = (Vec::new(), Vec::new());
                while probe.next < probe.rows.len() && lefts.len() < ctx.batch_rows() {
                    let members = table.members(probe.keys[probe.next]);
                    let end = members.len().min(probe.given + ctx.batch_rows() - lefts.len());
                    let row = probe.rows[probe.next];
                    lefts.extend(std::iter::repeat_n(row, end - probe.given));
                    rights.extend_from_slice(&members[probe.given..end]);
                    probe.given = end;
                    if end == members.len() {
                        probe.next += 1;
                        probe.given = 0;
                    }
                }
                if !lefts.is_empty() {
                    return Ok(Some(probe.batch.zip(lefts, &table.rows, rights)));
                }
                self.current = None;
            }
            ctx.check_limits()?;
            let Some(batch) = self.left.next(ctx)? else { return Ok(None) };
            if self.table.is_none() {
                self.table = Some(self.build(ctx)?);
            }
            let Some(table) = &mut self.table else { continue };
            let columns = evaluate_all(&self.left_keys, &batch, ctx)?;
            let (rows, columns) = joinable(columns, batch.len());
            let ask = |more: u64| ctx.check_memory(more);
            let keys = table.keys.find(&columns, rows.len(), &ask)?;
            self.current = Some(Probe { batch, rows, keys, next: 0, given: 0 });
        }
    }

    fn reset(&mut self) {
        self.table = None;
        self.current = None;
        self.held = Held::default();
        self.left.reset();
        self.right.reset();
    }
}
