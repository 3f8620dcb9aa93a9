//! Blocks of records into typed arrays.

use rustc_hash::FxHashMap;

use crate::interchange::identity::Ids;
use crate::interchange::options::ImportOptions;
use crate::interchange::rejects::{BadRow, Reason};
use crate::value::Array;

use super::blocks::Block;
use super::scan::{Dialect, Field};
use crate::interchange::field::{FieldType, integer};

/// What becomes of a column.
#[derive(Debug)]
pub(super) enum Column {
    Property(FieldType),
    Labels {
        json: bool,
    },
    /// The start, in the space of this number.
    Start(usize),
    End(usize),
    Type,
    Ignored,
}

/// The types of the relationships of a block: names, and for each row the position of its name; past the names
/// where it says none.
#[derive(Debug, Default)]
pub(super) struct BlockTypes {
    pub(super) names: Vec<String>,
    pub(super) rows: Vec<u32>,
    numbers: FxHashMap<String, u32>,
}

/// A block as arrays.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) block: Block,
    pub(super) rows: usize,
    /// The property columns, in the order of the header.
    pub(super) columns: Vec<Array>,
    /// Labels, in the order in which they were met, each with the rows that have it.
    pub(super) labels: Vec<(String, Vec<u32>)>,
    label_numbers: FxHashMap<String, usize>,
    pub(super) starts: Vec<u32>,
    pub(super) ends: Vec<u32>,
    pub(super) types: Option<BlockTypes>,
    pub(super) bad: Vec<BadRow>,
    /// Where each row of nodes begins in the text.
    begins: Vec<u32>,
}

/// Parses the blocks of one table.
#[derive(Debug)]
pub(super) struct Parser {
    dialect: Dialect,
    array_delimiter: char,
    columns: Vec<Column>,
    /// Whether relationships that name no type have one.
    has_type: bool,
}

/// A fault in a record: the position in the text, and what is wrong there.
type Fault = (Reason, usize, String);

impl Parser {
    pub(super) fn new(dialect: Dialect, options: &ImportOptions, columns: Vec<Column>) -> Self {
        Self { dialect, array_delimiter: options.array_delimiter, columns, has_type: false }
    }

    pub(super) fn with_type(mut self, has_type: bool) -> Self {
        self.has_type = has_type;
        self
    }

    /// Parses a block of nodes.
    pub(super) fn parse(&self, block: Block) -> Parsed {
        self.parse_with(block, &[])
    }

    /// Parses a block, with the spaces of identifiers by number.
    pub(super) fn parse_with(&self, block: Block, spaces: &[(String, Ids)]) -> Parsed {
        let typed = self.columns.iter().any(|column| matches!(column, Column::Type));
        let properties =
            self.columns.iter().filter(|column| matches!(column, Column::Property(_))).count();
        let mut parsed = Parsed {
            rows: 0,
            columns: vec![Array::default(); properties],
            labels: Vec::new(),
            label_numbers: FxHashMap::default(),
            starts: Vec::new(),
            ends: Vec::new(),
            types: typed.then(BlockTypes::default),
            bad: Vec::new(),
            begins: Vec::new(),
            block: Block { text: Vec::new(), file: block.file.clone(), ..block },
        };
        let text = block.text;
        let of_nodes = spaces.is_empty();
        let mut fields: Vec<Field> = Vec::with_capacity(self.columns.len());
        let mut at = parsed.block.from;
        while at < text.len() {
            let begin = at;
            let result = match self.dialect.record(&text, at, &mut fields) {
                Ok(next) => {
                    at = next;
                    if matches!(fields.as_slice(), [only] if only.range.is_empty() && !only.quoted)
                    {
                        continue;
                    }
                    self.row(&text, begin, &fields, spaces, &mut parsed)
                }
                Err(malformed) => {
                    at = self.dialect.record_end(&text, begin).unwrap_or(text.len());
                    Err((Reason::Malformed, malformed.at, malformed.what.into()))
                }
            };
            match result {
                Ok(()) => {
                    parsed.rows += 1;
                    if of_nodes {
                        parsed.begins.push(begin as u32);
                    }
                }
                Err((reason, place, message)) => {
                    parsed.take_back();
                    let row = begin..at;
                    parsed.bad.push(bad_row(&text, parsed.block.line, row, place, reason, message));
                }
            }
        }
        if of_nodes {
            parsed.block.text = text;
        }
        parsed
    }

    #[inline]
    fn row(
        &self,
        text: &[u8],
        begin: usize,
        fields: &[Field],
        spaces: &[(String, Ids)],
        parsed: &mut Parsed,
    ) -> Result<(), Fault> {
        if fields.len() != self.columns.len() {
            let message =
                format!("the row has {} fields, its header {}", fields.len(), self.columns.len());
            return Err((Reason::Malformed, begin, message));
        }
        let mut properties = parsed.columns.iter_mut();
        for (column, field) in self.columns.iter().zip(fields) {
            let malformed = |what: String| (Reason::Malformed, field.range.start, what);
            let bytes = field.bytes(text, self.dialect);
            match column {
                Column::Property(of) => {
                    let Some(array) = properties.next() else { continue };
                    of.push(&bytes, field.quoted, self.array_delimiter, array)
                        .map_err(malformed)?;
                }
                Column::Start(space) => {
                    parsed.starts.push(end_of(spaces, *space, &bytes, field, "start")?);
                }
                Column::End(space) => {
                    parsed.ends.push(end_of(spaces, *space, &bytes, field, "end")?);
                }
                Column::Labels { json } => {
                    let text = std::str::from_utf8(&bytes)
                        .map_err(|_| malformed("the text is not UTF-8".into()))?;
                    let (labels, numbers) = (&mut parsed.labels, &mut parsed.label_numbers);
                    let mut add = |name: &str| add_label(labels, numbers, name, parsed.rows);
                    if *json && !text.is_empty() {
                        let names = serde_json::from_str::<Vec<String>>(text);
                        let names = names.map_err(|_| {
                            malformed(format!("`{text}` is no array of names in JSON"))
                        })?;
                        names.iter().for_each(|name| add(name));
                    } else {
                        let names = text.split(self.array_delimiter).map(str::trim);
                        names.filter(|name| !name.is_empty()).for_each(add);
                    }
                }
                Column::Type => {
                    let name = std::str::from_utf8(&bytes)
                        .map_err(|_| malformed("the text is not UTF-8".into()))?;
                    if name.is_empty() && !self.has_type {
                        return Err(malformed("the relationship has no type".into()));
                    }
                    if let Some(types) = &mut parsed.types {
                        types.push(name);
                    }
                }
                Column::Ignored => {}
            }
        }
        Ok(())
    }
}

fn add_label(
    labels: &mut Vec<(String, Vec<u32>)>,
    numbers: &mut FxHashMap<String, usize>,
    name: &str,
    row: usize,
) {
    let number = match numbers.get(name) {
        Some(number) => *number,
        None => {
            numbers.insert(name.into(), labels.len());
            labels.push((name.into(), Vec::new()));
            labels.len() - 1
        }
    };
    if let Some((_, rows)) = labels.get_mut(number)
        && rows.last() != Some(&(row as u32))
    {
        rows.push(row as u32);
    }
}

#[inline]
fn end_of(
    spaces: &[(String, Ids)],
    space: usize,
    bytes: &[u8],
    field: &Field,
    which: &str,
) -> Result<u32, Fault> {
    let found = match spaces.get(space) {
        Some((_, Ids::Integers(ids))) => match integer(bytes) {
            Some(id) => ids.get(id),
            None => None,
        },
        Some((_, Ids::Strings(ids))) => ids.get(bytes),
        None => None,
    };
    found.ok_or_else(|| {
        let id = String::from_utf8_lossy(bytes);
        let message = match spaces.get(space) {
            _ if bytes.is_empty() => format!("the relationship has no {which}"),
            Some((name, _)) if !name.is_empty() => {
                format!("the {which}, node `{id}` of `{name}`, is not there")
            }
            _ => format!("the {which}, node `{id}`, is not there"),
        };
        (Reason::MissingNode, field.range.start, message)
    })
}

fn bad_row(
    text: &[u8],
    first_line: u64,
    row: std::ops::Range<usize>,
    place: usize,
    reason: Reason,
    message: String,
) -> BadRow {
    let before = text.get(..place).unwrap_or(text);
    let lines = memchr::memchr_iter(b'\n', before).count() as u64;
    let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(before.get(line..).unwrap_or(&[])).chars().count() + 1;
    let text = String::from_utf8_lossy(text.get(row).unwrap_or(&[])).into_owned();
    BadRow { reason, line: first_line + lines, column, message, text }
}

impl BlockTypes {
    fn push(&mut self, name: &str) {
        let number = match (name, self.numbers.get(name)) {
            ("", _) => u32::MAX,
            (_, Some(number)) => *number,
            (_, None) => {
                let number = self.names.len() as u32;
                self.names.push(name.into());
                self.numbers.insert(name.into(), number);
                number
            }
        };
        self.rows.push(number);
    }
}

impl Parsed {
    /// Takes back what there is of a row that failed half-way.
    fn take_back(&mut self) {
        self.columns.iter_mut().for_each(|column| column.truncate(self.rows));
        self.starts.truncate(self.rows);
        self.ends.truncate(self.rows);
        if let Some(types) = &mut self.types {
            types.rows.truncate(self.rows);
        }
        for (_, rows) in &mut self.labels {
            rows.pop_if(|row| *row as usize == self.rows);
        }
    }

    /// A row of nodes that turned out to be of no use; `column` is that of a property.
    pub(super) fn bad_row(&self, row: u32, reason: Reason, message: String) -> BadRow {
        let begin = self.begins.get(row as usize).map_or(0, |begin| *begin as usize);
        let next = self.begins.get(row as usize + 1).map_or(self.block.text.len(), |b| *b as usize);
        bad_row(&self.block.text, self.block.line, begin..next, begin, reason, message)
    }

    /// Keeps these rows of nodes alone.
    pub(super) fn keep(&mut self, keep: impl Fn(u32) -> bool) {
        let kept: Vec<u32> = (0..self.rows as u32).filter(|row| keep(*row)).collect();
        self.columns.iter_mut().for_each(|column| *column = column.gather(&kept));
        for (_, rows) in &mut self.labels {
            *rows = rows
                .iter()
                .filter_map(|row| kept.binary_search(row).ok())
                .map(|r| r as u32)
                .collect();
        }
        self.rows = kept.len();
    }
}
