//! LoadCSV: the rows of a file.

use std::io::BufRead;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::csv::Record;
use crate::executor::csv::Records;
use crate::executor::expression::Compiled;
use crate::executor::import;
use crate::plan;
use crate::value::Column;
use crate::value::ColumnBuilder;
use crate::value::Map;
use crate::value::Value;

use super::{Input, Operator, Uncounted};

/// How much the rows of a batch may hold, but for the last: long rows come in small batches.
const MOST_BYTES: u64 = 4 << 20;

/// What a field takes while it becomes an entry of a map.
const NAMED: u64 = 64;

/// Reads a file for each input row, a batch of its rows at a time.
pub(crate) struct LoadCsv {
    input: Input,
    from: Compiled,
    clause: plan::LoadCsv,
    /// The input rows at hand, their files, and the next of them.
    rows: Option<(Batch, Column, usize)>,
    open: Option<OpenFile>,
}

struct OpenFile {
    records: Records<Box<dyn BufRead + Send>>,
    /// The names of the fields, where the first line has them.
    header: Option<Vec<Option<Arc<str>>>>,
    name: Value,
    /// The input row it is read for.
    row: u32,
}

impl LoadCsv {
    pub(crate) fn new(input: Input, clause: &plan::LoadCsv) -> Result<Self> {
        let from = Compiled::new(&clause.from)?;
        let input = Box::new(Uncounted::new(input));
        Ok(Self { input, from, clause: clause.clone(), rows: None, open: None })
    }

    /// Opens the file of the next input row; says whether there is one.
    fn open_next(&mut self, ctx: &mut Context) -> Result<bool> {
        loop {
            let Some((batch, places, next)) = &mut self.rows else {
                let Some(batch) = self.input.next(ctx)? else { return Ok(false) };
                let places = self.from.evaluate(&batch, ctx)?;
                self.rows = Some((batch, places, 0));
                continue;
            };
            if *next >= batch.len() {
                self.rows = None;
                continue;
            }
            let row = *next as u32;
            *next += 1;
            let place = places.get(row as usize);
            match &place {
                Value::Null => continue,
                Value::String(text) => {
                    let opened = self.open_file(text, row, ctx);
                    self.open = Some(opened.map_err(|error| error.at(self.from.span()))?);
                    return Ok(true);
                }
                other => {
                    return Err(Error::type_error(
                        Detail::InvalidArgumentType,
                        format!("LOAD CSV expects a String, found {} `{other}`", other.type_name()),
                    )
                    .at(self.from.span()));
                }
            }
        }
    }

    fn open_file(&self, place: &Arc<str>, row: u32, ctx: &Context) -> Result<OpenFile> {
        let file = import::open(ctx.import_folder(), place)?;
        let mut records = Records::new(file, self.clause.terminator);
        let header = match self.clause.headers {
            false => None,
            true => Some(match records.next()? {
                Some(first) => first.fields.into_iter().map(|name| name.map(Arc::from)).collect(),
                None => Vec::new(),
            }),
        };
        Ok(OpenFile { records, header, name: Value::String(place.clone()), row })
    }
}

impl OpenFile {
    /// The value of a record: a list, or a map where the fields have names.
    fn value(&self, record: Record) -> Value {
        let text = |field: Option<String>| {
            field.map_or(Value::Null, |text| Value::String(Arc::from(text)))
        };
        let Some(header) = &self.header else {
            return Value::List(Arc::new(record.fields.into_iter().map(text).collect()));
        };
        // A line may be shorter than the first, or longer.
        let fields = record.fields.into_iter().map(text);
        let fields = fields.chain(std::iter::repeat(Value::Null));
        let named = header.iter().zip(fields);
        let map: Map = named.filter_map(|(name, value)| Some((name.clone()?, value))).collect();
        Value::Map(Arc::new(map))
    }
}

impl Operator for LoadCsv {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            ctx.check_limits()?;
            if self.open.is_none() && !self.open_next(ctx)? {
                return Ok(None);
            }
            let (Some(file), Some((batch, ..))) = (&mut self.open, &self.rows) else { continue };
            let mut values = ColumnBuilder::default();
            let mut lines = Vec::new();
            let (mut bytes, mut ended) = (0, false);
            while lines.len() < ctx.batch_rows() && bytes < MOST_BYTES {
                let record = file.records.next().map_err(|error| error.at(self.from.span()))?;
                let Some(record) = record else {
                    ended = true;
                    break;
                };
                lines.push(record.line);
                let fields = record.fields.len() as u64;
                // Names and values lie side by side before they become a map.
                ctx.check_memory(fields.saturating_mul(NAMED))?;
                let value = file.value(record);
                bytes += value.held_bytes();
                ctx.check_memory(bytes)?;
                values.push(value);
            }
            let (row, name) = (file.row, file.name.clone());
            if ended {
                self.open = None;
            }
            if lines.is_empty() {
                continue;
            }
            let mut read = batch.select(vec![row; lines.len()]);
            read.set(self.clause.file, Column::constant(name, lines.len()));
            read.set(self.clause.line, Column::integers(lines));
            read.set(self.clause.slot, values.finish());
            return Ok(Some(read));
        }
    }

    fn reset(&mut self) {
        self.rows = None;
        self.open = None;
        self.input.reset();
    }
}
