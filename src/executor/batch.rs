//! Batches: up to [`BATCH_SIZE`] rows, stored by column.

use std::sync::Arc;
use std::sync::OnceLock;

use crate::bound::Slot;
use crate::error::Error;
use crate::error::Result;
use crate::value::Column;
use crate::value::ColumnData;

/// How many rows an operator gives at most at a time.
pub const BATCH_SIZE: usize = 2048;

/// What a column takes that has no rows.
const COLUMN: u64 = 64;

/// At how many rows of a column one looks to see how much memory it takes.
const LOOKS: usize = 512;

/// Rows, each of which assigns a value to some slots.
///
/// A column is kept as it was made, with a selection vector in front of it where later operators have
/// multiplied, dropped or reordered rows. It is gathered when something first reads it, and most never
/// are.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    len: usize,
    columns: Vec<Option<Lazy>>,
    /// Each row stands for this many rows; `None` where each stands for itself.
    counts: Option<Arc<Vec<u64>>>,
}

#[derive(Debug, Clone)]
struct Lazy {
    base: Column,
    selection: Option<Arc<Vec<u32>>>,
    gathered: OnceLock<Column>,
}

/// The rows of a batch, each as often as it counts: see [`Batch::repeated`].
#[derive(Debug, Default)]
pub(crate) struct Repeated {
    batch: Option<Batch>,
    most: usize,
    /// The row at hand, and how often it was given.
    row: usize,
    given: u64,
}

impl Iterator for Repeated {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let batch = self.batch.as_ref()?;
        let Some(counts) = batch.counts.clone() else { return self.batch.take() };
        let mut rows = Vec::new();
        while let Some(count) = counts.get(self.row)
            && rows.len() < self.most
        {
            let some = (count - self.given).min((self.most - rows.len()) as u64);
            rows.extend(std::iter::repeat_n(self.row as u32, some as usize));
            self.given += some;
            if self.given == *count {
                self.row += 1;
                self.given = 0;
            }
        }
        if rows.is_empty() {
            self.batch = None;
            return None;
        }
        Some(batch.select(rows).without_counts())
    }
}

impl Lazy {
    fn new(base: Column) -> Self {
        Self { base, selection: None, gathered: OnceLock::new() }
    }

    /// What the values hold beside themselves, about: of many values of no one type some speak for the others.
    fn held_bytes(&self, last: &mut usize) -> u64 {
        let len = self.selection.as_ref().map_or(self.base.len(), |rows| rows.len());
        let step = match self.base.data() {
            ColumnData::Constant(..) => return self.base.held_by_row(0, last),
            ColumnData::String(_) => 1,
            ColumnData::Value(_) => len.div_ceil(LOOKS) | 1,
            _ => return 0,
        };
        let row = |at: usize| match &self.selection {
            Some(rows) => rows.get(at).map_or(0, |row| *row as usize),
            None => at,
        };
        if len == 0 {
            return 0;
        }
        // The first speaks for itself: all others may share what it holds.
        let first = self.base.held_by_row(row(0), last);
        let mut bytes = 0u64;
        let mut looks = 0;
        for at in (step..len).step_by(step) {
            looks += 1;
            if step > 1 {
                *last = self.base.row_address(row(at - 1));
            }
            bytes = bytes.saturating_add(self.base.held_by_row(row(at), last));
        }
        // Exact where all were looked at.
        let others = (u128::from(bytes) * (len - 1) as u128).checked_div(looks);
        first.saturating_add(others.map_or(0, |all| u64::try_from(all).unwrap_or(u64::MAX)))
    }

    fn column(&self) -> Column {
        match &self.selection {
            None => self.base.clone(),
            Some(rows) => self.gathered.get_or_init(|| self.base.gather(rows)).clone(),
        }
    }
}

impl Batch {
    /// One row without variables.
    pub(crate) fn unit() -> Self {
        Self::empty(1)
    }

    /// `len` rows without variables.
    pub(crate) fn empty(len: usize) -> Self {
        Self { len, columns: Vec::new(), counts: None }
    }

    /// How many rows it holds (each counted once, whatever its count).
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many rows its rows stand for.
    pub(crate) fn row_count(&self) -> u64 {
        self.counts.as_ref().map_or(self.len as u64, |counts| counts.iter().sum())
    }

    /// How many rows each row stands for, where that is not always one.
    pub(crate) fn counts(&self) -> Option<&[u64]> {
        self.counts.as_ref().map(|counts| counts.as_slice())
    }

    /// The same rows, each standing for itself.
    pub(crate) fn without_counts(mut self) -> Self {
        self.counts = None;
        self
    }

    /// About how many bytes it takes. `met` remembers from batch to batch, by slot, where the last row holds
    /// what it holds: what rows share with the row before them counts once.
    pub(crate) fn held_bytes(&self, met: &mut Vec<usize>) -> u64 {
        let mut bytes = self.width_bytes() + (self.columns.len() * size_of::<Lazy>()) as u64;
        met.resize(met.len().max(self.columns.len()), 0);
        for (lazy, last) in self.columns.iter().zip(met) {
            let held = lazy.as_ref().map_or(0, |lazy| lazy.held_bytes(last));
            bytes = bytes.saturating_add(held);
        }
        bytes
    }

    /// What its columns take, beside what their values hold.
    fn width_bytes(&self) -> u64 {
        let counts = if self.counts.is_some() { 8 } else { 0 };
        let widths = self.columns.iter().flatten().map(|lazy| {
            // What is selected is there beside what it was selected from once something has read it.
            let width = lazy.base.row_width();
            let rows = lazy.selection.as_ref().map_or(0, |rows| rows.len() as u64 * (4 + width));
            rows + width * lazy.base.len() as u64 + COLUMN
        });
        widths.sum::<u64>() + counts * self.len as u64
    }

    /// The same rows, with columns that hold little more than these: a few rows that were selected of many must not
    /// hold on to all of them.
    pub(crate) fn compact(mut self) -> Self {
        for lazy in self.columns.iter_mut().flatten() {
            if let Some(rows) = &lazy.selection
                && lazy.base.as_constant().is_none()
                && lazy.base.len() > 2 * rows.len()
            {
                *lazy = Lazy::new(lazy.column());
            }
        }
        self
    }

    /// Changes how many rows each row stands for.
    pub(crate) fn set_counts(&mut self, counts: Vec<u64>) {
        debug_assert_eq!(counts.len(), self.len);
        self.counts = Some(Arc::new(counts));
    }

    /// The rows, each as often as it counts and for itself, in batches of at most `most` of them.
    pub(crate) fn repeated(self, most: usize) -> Repeated {
        Repeated { batch: Some(self), most, row: 0, given: 0 }
    }

    /// The values of a variable.
    pub(crate) fn column(&self, slot: Slot) -> Result<Column> {
        match self.columns.get(slot.0 as usize) {
            Some(Some(lazy)) => Ok(lazy.column()),
            _ => Err(Error::internal(format!("slot {slot} has no column"))),
        }
    }

    /// Whether a variable has values.
    pub(crate) fn has(&self, slot: Slot) -> bool {
        matches!(self.columns.get(slot.0 as usize), Some(Some(_)))
    }

    /// Gives a variable its values, one per row.
    pub(crate) fn set(&mut self, slot: Slot, column: Column) {
        debug_assert_eq!(column.len(), self.len);
        let index = slot.0 as usize;
        if self.columns.len() <= index {
            self.columns.resize_with(index + 1, || None);
        }
        if let Some(place) = self.columns.get_mut(index) {
            *place = Some(Lazy::new(column));
        }
    }

    /// Gives `to` the values of `from`, which need not be gathered for it.
    pub(crate) fn alias(&mut self, source: &Batch, from: Slot, to: Slot) -> Result<()> {
        debug_assert_eq!(source.len, self.len);
        let Some(Some(lazy)) = source.columns.get(from.0 as usize) else {
            return Err(Error::internal(format!("slot {from} has no column")));
        };
        let lazy = lazy.clone();
        let index = to.0 as usize;
        if self.columns.len() <= index {
            self.columns.resize_with(index + 1, || None);
        }
        if let Some(place) = self.columns.get_mut(index) {
            *place = Some(lazy);
        }
        Ok(())
    }

    /// The same rows without any variable; counts stay.
    pub(crate) fn bare(&self) -> Self {
        Self { len: self.len, columns: Vec::new(), counts: self.counts.clone() }
    }

    /// The slots that have a column, ascending.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let present = self.columns.iter().enumerate().filter(|(_, c)| c.is_some());
        present.map(|(i, _)| Slot(i as u32)).collect()
    }

    /// The same rows with these variables only.
    pub(crate) fn keep(&self, slots: &[Slot]) -> Self {
        let mut columns: Vec<Option<Lazy>> = Vec::new();
        for slot in slots {
            let index = slot.0 as usize;
            if columns.len() <= index {
                columns.resize_with(index + 1, || None);
            }
            if let (Some(place), Some(from)) = (columns.get_mut(index), self.columns.get(index)) {
                place.clone_from(from);
            }
        }
        Self { len: self.len, columns, counts: self.counts.clone() }
    }

    /// A batch whose row `i` is this batch's row `rows[i]`. Nothing is copied but the selection.
    pub(crate) fn select(&self, rows: Vec<u32>) -> Self {
        let rows = Arc::new(rows);
        let mut composed: Vec<(*const Vec<u32>, Arc<Vec<u32>>)> = Vec::new();
        let columns = self
            .columns
            .iter()
            .map(|column| {
                let lazy = column.as_ref()?;
                if let Some(value) = lazy.base.as_constant() {
                    return Some(Lazy::new(Column::constant(value.clone(), rows.len())));
                }
                if let Some(done) = lazy.gathered.get() {
                    return Some(Lazy {
                        base: done.clone(),
                        selection: Some(rows.clone()),
                        gathered: OnceLock::new(),
                    });
                }
                let selection = match &lazy.selection {
                    None => rows.clone(),
                    // Columns of one origin share their selection, so it is composed only once.
                    Some(old) => {
                        let key = Arc::as_ptr(old);
                        match composed.iter().find(|(k, _)| *k == key) {
                            Some((_, new)) => new.clone(),
                            None => {
                                let new: Arc<Vec<u32>> =
                                    Arc::new(rows.iter().map(|r| old[*r as usize]).collect());
                                composed.push((key, new.clone()));
                                new
                            }
                        }
                    }
                };
                Some(Lazy {
                    base: lazy.base.clone(),
                    selection: Some(selection),
                    gathered: OnceLock::new(),
                })
            })
            .collect();
        let counts = self
            .counts
            .as_ref()
            .map(|counts| Arc::new(rows.iter().map(|r| counts[*r as usize]).collect()));
        Self { len: rows.len(), columns, counts }
    }

    /// The rows from `start` up to `end`.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        if start == 0 && end >= self.len {
            return self.clone();
        }
        self.select((start as u32..end.min(self.len) as u32).collect())
    }

    /// About how many bytes [`Batch::concat`] allocates.
    pub(crate) fn joined_bytes(batches: &[Batch]) -> u64 {
        if batches.len() == 1 {
            return 0;
        }
        let width = |lazy: &Lazy| lazy.base.row_width().max(8);
        let bytes = |batch: &Batch| {
            let width: u64 = batch.columns.iter().flatten().map(width).sum();
            // What has a selection is gathered first.
            batch.len as u64 * (2 * width + 8)
        };
        batches.iter().map(bytes).sum()
    }

    /// All rows of all batches in one, however many. It has the variables that all of them have: what
    /// only some rows hold (as after an `Apply` that found nothing for others) nothing above reads.
    pub(crate) fn concat(batches: Vec<Batch>) -> Self {
        let mut batches = batches;
        if batches.len() == 1
            && let Some(only) = batches.pop()
        {
            return only;
        }
        let len = batches.iter().map(|b| b.len).sum();
        let mut whole = Self::empty(len);
        let Some(first) = batches.first() else { return whole };
        for slot in first.slots() {
            let columns: Vec<Column> = batches.iter().map_while(|b| b.column(slot).ok()).collect();
            if columns.len() == batches.len() {
                whole.set(slot, Column::concat(&columns));
            }
        }
        if batches.iter().any(|b| b.counts.is_some()) {
            let mut counts = Vec::with_capacity(len);
            for batch in &batches {
                match &batch.counts {
                    Some(c) => counts.extend_from_slice(c),
                    None => counts.extend(std::iter::repeat_n(1, batch.len)),
                }
            }
            whole.counts = Some(Arc::new(counts));
        }
        whole
    }

    /// Row `left[i]` of `self` beside row `right[i]` of `other`.
    pub(crate) fn zip(&self, left: Vec<u32>, other: &Batch, right: Vec<u32>) -> Self {
        let mut joined = self.select(left);
        let right = other.select(right);
        if joined.columns.len() < right.columns.len() {
            joined.columns.resize_with(right.columns.len(), || None);
        }
        for (place, column) in joined.columns.iter_mut().zip(right.columns) {
            if column.is_some() {
                *place = column;
            }
        }
        joined.counts = match (joined.counts, right.counts) {
            (Some(a), Some(b)) => {
                Some(Arc::new(a.iter().zip(b.iter()).map(|(x, y)| x.saturating_mul(*y)).collect()))
            }
            (a, b) => a.or(b),
        };
        joined
    }
}
