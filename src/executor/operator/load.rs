//! LoadCSV and LoadJSON: the rows of a file.

use std::io::BufRead;
use std::sync::Arc;

use crate::bound::LoadFormat;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::executor::Batch;
use crate::executor::Context;
use crate::executor::csv::Record;
use crate::executor::csv::Records;
use crate::executor::expression::Compiled;
use crate::executor::import;
use crate::executor::json::Values;
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
pub(crate) struct Load {
    input: Input,
    from: Compiled,
    clause: plan::Load,
    /// The input rows at hand, their files, and the next of them.
    rows: Option<(Batch, Column, usize)>,
    open: Option<OpenFile>,
}

struct OpenFile {
    rows: Rows,
    name: Value,
    /// The input row it is read for.
    row: u32,
}

/// What reads the rows of a file.
enum Rows {
    Csv {
        records: Records<Box<dyn BufRead + Send>>,
        /// The names of the fields, where the first line has them.
        header: Option<Vec<Option<Arc<str>>>>,
    },
    Json(Values<Box<dyn BufRead + Send>>),
}

impl Load {
    pub(crate) fn new(input: Input, clause: &plan::Load) -> Result<Self> {
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
                        format!("LOAD expects a String, found {} `{other}`", other.type_name()),
                    )
                    .at(self.from.span()));
                }
            }
        }
    }

    fn open_file(&self, place: &Arc<str>, row: u32, ctx: &Context) -> Result<OpenFile> {
        let file = import::open(ctx.import_folder(), place)?;
        let rows = match self.clause.format {
            LoadFormat::Json => Rows::Json(Values::new(file, has_lines(place))),
            LoadFormat::Csv { headers, terminator } => {
                let mut records = Records::new(file, terminator);
                let names =
                    |first: Record| first.fields.into_iter().map(|name| name.map(Arc::from));
                let header = match headers {
                    false => None,
                    true => Some(
                        records.next()?.map(|first| names(first).collect()).unwrap_or_default(),
                    ),
                };
                Rows::Csv { records, header }
            }
        };
        Ok(OpenFile { rows, name: Value::String(place.clone()), row })
    }
}

/// Whether the name says that a file has a value in each line, even where the first is a list.
fn has_lines(place: &str) -> bool {
    let name = place.to_ascii_lowercase();
    let name = [".gz", ".zst"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    [".jsonl", ".ndjson", ".ijson"].iter().any(|extension| name.ends_with(extension))
}

impl Rows {
    /// The next row, and the line where it begins.
    fn next(&mut self, ctx: &Context) -> Result<Option<(Value, i64)>> {
        match self {
            Rows::Json(values) => values.next(),
            Rows::Csv { records, header } => {
                let Some(record) = records.next()? else { return Ok(None) };
                // Names and values lie side by side before they become a map.
                ctx.check_memory((record.fields.len() as u64).saturating_mul(NAMED))?;
                let line = record.line;
                Ok(Some((row_of(record, header.as_deref()), line)))
            }
        }
    }
}

/// A record as a value: a list, or a map where the fields have names.
fn row_of(record: Record, header: Option<&[Option<Arc<str>>]>) -> Value {
    let text =
        |field: Option<String>| field.map_or(Value::Null, |text| Value::String(Arc::from(text)));
    let fields = record.fields.into_iter().map(text);
    let Some(header) = header else { return Value::List(Arc::new(fields.collect())) };
    // A line may be shorter than the first, or longer.
    let named = header.iter().zip(fields.chain(std::iter::repeat(Value::Null)));
    let map: Map = named.filter_map(|(name, value)| Some((name.clone()?, value))).collect();
    Value::Map(Arc::new(map))
}

impl Operator for Load {
    fn next(&mut self, ctx: &mut Context) -> Result<Option<Batch>> {
        loop {
            ctx.check_limits()?;
            if self.open.is_none() && !self.open_next(ctx)? {
                return Ok(None);
            }
            let (Some(file), Some((batch, ..))) = (&mut self.open, &self.rows) else { continue };
            let mut values = ColumnBuilder::default();
            let mut lines = Vec::new();
            let mut bytes = 0;
            let mut ended = false;
            while lines.len() < ctx.batch_rows() && bytes < MOST_BYTES {
                let read = file.rows.next(ctx).map_err(|error| error.at(self.from.span()))?;
                let Some((value, line)) = read else {
                    ended = true;
                    break;
                };
                bytes += value.held_bytes();
                ctx.check_memory(bytes)?;
                lines.push(line);
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
