//! Blocks of records into typed arrays.

use crate::interchange::field::Separator;
use crate::interchange::identity::Ids;
use crate::interchange::options::ImportOptions;
use crate::interchange::places::Fault;
use crate::interchange::rejects::{Reason, Tolerance};
use crate::interchange::table::{Column, Header, Rows, missing_end};

use super::blocks::Block;
use super::scan::{Dialect, Field, is_blank};

/// Parses the blocks of one table.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    dialect: Dialect,
    separator: Separator,
    columns: &'a [Column],
    /// Whether relationships that name no type have one.
    has_type: bool,
    tolerance: Tolerance,
}

/// The position of a fault in the text, and what is wrong there.
type Wrong = (Reason, usize, String);

impl<'a> Parser<'a> {
    pub(super) fn new(
        dialect: Dialect,
        options: &ImportOptions,
        columns: &'a [Column],
        header: &Header,
    ) -> Self {
        let separator = header.separator(options);
        let tolerance = Tolerance::new(options);
        Self { dialect, separator, columns, has_type: false, tolerance }
    }

    pub(super) fn with_type(mut self, has_type: bool) -> Self {
        self.has_type = has_type;
        self
    }

    /// Parses a block of nodes.
    pub(super) fn parse(&self, block: Block) -> Rows {
        self.parse_with(block, &[])
    }

    /// Parses a block, with the spaces of identifiers by number.
    pub(super) fn parse_with(&self, block: Block, spaces: &[(String, Ids)]) -> Rows {
        let Block { file, text, from, line, order } = block;
        let mut rows = Rows::new(file, self.columns);
        rows.places.first = line;
        let of_nodes = spaces.is_empty();
        let mut fields: Vec<Field> = Vec::with_capacity(self.columns.len());
        let mut ordered: Vec<Field> = Vec::new();
        let mut at = from;
        while at < text.len() {
            let begin = at;
            let result = match self.dialect.record(&text, at, &mut fields) {
                Ok(next) => {
                    at = next;
                    if is_blank(&fields) {
                        continue;
                    }
                    let fields = match &order {
                        Some(order) if order.len() == fields.len() => {
                            ordered.clear();
                            ordered.extend(order.iter().filter_map(|at| fields.get(*at).cloned()));
                            &ordered
                        }
                        _ => &fields,
                    };
                    self.row(&text, begin, fields, spaces, &mut rows)
                }
                Err(malformed) => {
                    let end = self.dialect.record_end(&text, begin);
                    at = end.unwrap_or(text.len());
                    let lost = end.is_none() && malformed.unclosed;
                    let reason = if lost { Reason::Unclosed } else { Reason::Malformed };
                    Err((reason, malformed.at, malformed.what.into()))
                }
            };
            match result {
                Ok(()) => {
                    rows.count += 1;
                    if of_nodes {
                        rows.places.begins.push(begin as u32);
                    }
                }
                Err((reason, place, message)) => {
                    let fault = Fault::new(reason, begin..at, place, message);
                    if !rows.reject(fault, &self.tolerance) {
                        break;
                    }
                }
            }
        }
        rows.places.text = Some(text);
        rows
    }

    #[inline]
    fn row(
        &self,
        text: &[u8],
        begin: usize,
        fields: &[Field],
        spaces: &[(String, Ids)],
        rows: &mut Rows,
    ) -> Result<(), Wrong> {
        if fields.len() != self.columns.len() {
            let message =
                format!("the row has {} fields, its header {}", fields.len(), self.columns.len());
            return Err((Reason::Malformed, begin, message));
        }
        let mut properties = rows.columns.iter_mut();
        for (column, field) in self.columns.iter().zip(fields) {
            let malformed = |what: String| (Reason::Malformed, field.range.start, what);
            let bytes = field.bytes(text, self.dialect);
            match column {
                Column::Property(of) => {
                    let Some(array) = properties.next() else { continue };
                    of.push(&bytes, field.quoted, self.separator, array).map_err(malformed)?;
                }
                Column::Start(space) => {
                    rows.starts.push(end_of(spaces, *space, &bytes, field, "start")?);
                }
                Column::End(space) => {
                    rows.ends.push(end_of(spaces, *space, &bytes, field, "end")?);
                }
                Column::Labels { json } => {
                    let text = std::str::from_utf8(&bytes)
                        .map_err(|_| malformed("the text is not UTF-8".into()))?;
                    let json = *json && !text.is_empty();
                    let added = rows.labels.add_all(text, json, self.separator, rows.count);
                    added.map_err(malformed)?;
                }
                Column::Type { json } => {
                    let text = std::str::from_utf8(&bytes)
                        .map_err(|_| malformed("the text is not UTF-8".into()))?;
                    if let Some(types) = &mut rows.types {
                        types.add(text, *json, self.has_type).map_err(malformed)?;
                    }
                }
                Column::Ignored => {}
            }
        }
        Ok(())
    }
}

#[inline]
fn end_of(
    spaces: &[(String, Ids)],
    space: usize,
    bytes: &[u8],
    field: &Field,
    which: &str,
) -> Result<u32, Wrong> {
    let found = match spaces.get(space) {
        Some((_, Ids::Integers(ids))) => ids.named(bytes),
        Some((_, Ids::Strings(ids))) => ids.get(bytes),
        None => None,
    };
    found.ok_or_else(|| {
        let message = missing_end(spaces, space, &String::from_utf8_lossy(bytes), which);
        (Reason::MissingNode, field.range.start, message)
    })
}
