//! Comma-separated values: tables of nodes and of relationships.
//!
//! Files are cut into blocks of whole records, which several threads turn into typed arrays; ends of relationships
//! are looked up there, too. What has an order (numbering nodes, counting bad rows) happens on one thread,
//! in the order of the files.

mod blocks;
mod header;
mod parse;
mod scan;
mod write;

use std::path::Path;
use std::sync::Arc;

use crate::database::Types;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::nearest;
use crate::value::Array;
use crate::value::ArrayData;

use super::export::TableFormat;
use super::field::{Sample, Scalar};
use super::identity::Ids;
use super::options::{End, IdType, ImportOptions, NodeFiles, RelationshipFiles};
use super::pipeline;
use super::rejects::Reason;
use super::{Import, Tables};

use blocks::Blocks;
use header::Role;
use parse::{Column, Parsed, Parser};
use scan::{Dialect, Field};

/// Rows looked at to infer the types of columns.
const SAMPLE_ROWS: usize = 10_000;

pub(super) const TABLES: Tables = Tables { nodes, relationships };
pub(super) const WRITER: TableFormat =
    TableFormat { column: write::column, compresses: false, make: write::make };

/// A header with its place, for errors.
struct Header {
    file: Arc<Path>,
    fields: Vec<String>,
    roles: Vec<Role>,
}

impl Header {
    fn read(blocks: &mut Blocks) -> Result<Option<Self>> {
        let Some((file, fields)) = blocks.header()? else { return Ok(None) };
        let roles = fields.iter().map(|field| Role::of(field)).collect::<Result<Vec<_>, _>>();
        let roles = roles.map_err(|what| header_error(&file, &what))?;
        let mut names: Vec<&str> = roles.iter().filter_map(Role::property_name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(header_error(&file, &format!("two columns are called `{}`", twice[0])));
        }
        Ok(Some(Self { file, fields, roles }))
    }

    /// The position of a column that is called so.
    fn column(&self, name: &str) -> Result<usize> {
        let own = |role: &Role| role.property_name() == Some(name);
        self.roles.iter().position(own).ok_or_else(|| {
            let error = header_error(&self.file, &format!("no column is called `{name}`"));
            match nearest(name, self.fields.iter().map(String::as_str)) {
                Some(near) => error.help(format!("Did you mean `{near}`?")),
                None => error.help(format!("The columns are {}.", self.fields.join(", "))),
            }
        })
    }
}

fn header_error(file: &Path, what: &str) -> Error {
    Error::usage(Detail::InvalidRow, format!("{}:1: in the header, {what}", file.display()))
}

fn dialect(options: &ImportOptions) -> Result<Dialect> {
    let Dialect { delimiter, quote } =
        Dialect { delimiter: options.delimiter, quote: options.quote };
    let plain = |byte: u8| byte.is_ascii() && byte != b'\n' && byte != b'\r';
    if delimiter == quote || !plain(delimiter) || !plain(quote) {
        let message = "delimiter and quote must be two different ASCII characters";
        return Err(Error::usage(Detail::InvalidArgumentValue, message));
    }
    Ok(Dialect { delimiter, quote })
}

/// Infers the types that the header leaves open from the first rows.
fn infer(blocks: &mut Blocks, dialect: Dialect, roles: &mut [Role]) -> Result<()> {
    let mut samples = vec![Sample::default(); roles.len()];
    if let Some(block) = blocks.peek()? {
        let mut fields: Vec<Field> = Vec::new();
        let mut at = block.from;
        for _ in 0..SAMPLE_ROWS {
            if at >= block.text.len() {
                break;
            }
            // What cannot be split is reported when its turn comes.
            let Ok(next) = dialect.record(&block.text, at, &mut fields) else { break };
            at = next;
            for (sample, field) in samples.iter_mut().zip(&fields) {
                sample.take(&field.bytes(&block.text, dialect), field.quoted);
            }
        }
    }
    for (role, sample) in roles.iter_mut().zip(samples) {
        match role {
            Role::Property(_, of @ None) => *of = Some(sample.scalar().into()),
            Role::Id { integer: integer @ None, .. } => {
                *integer = Some(sample.scalar() == Scalar::Long);
            }
            _ => {}
        }
    }
    Ok(())
}

fn nodes(import: &mut Import<'_, '_, '_>, files: &NodeFiles) -> Result<()> {
    let dialect = dialect(import.options)?;
    let mut blocks = Blocks::new(dialect, &files.files, import.read.clone());
    let Some(mut header) = Header::read(&mut blocks)? else { return Ok(()) };
    let mut space = String::new();
    if let Some(column) = &files.id {
        let at = header.column(column)?;
        let stated = match header.roles.get(at) {
            Some(Role::Property(_, Some(of))) => Some(of.scalar != Scalar::String),
            _ => None,
        };
        let integer = import.options.id_type.map(|of| of == IdType::Integer).or(stated);
        let label = files.labels.first().map_or("", String::as_str);
        space = format!("{label}.{column}");
        if let Some(role) = header.roles.get_mut(at) {
            *role =
                Role::Id { space: Some(space.clone()), property: Some(column.clone()), integer };
        }
        infer(&mut blocks, dialect, &mut header.roles)?;
    }
    let mut columns = Vec::new();
    let mut keys = Vec::new();
    let mut id = None;
    for role in &header.roles {
        let column = match role {
            Role::Property(_, of) => Column::Property(of.clone().unwrap_or(Scalar::String.into())),
            Role::Id { space: own, integer, .. } => {
                space = own.clone().unwrap_or_default();
                let default = import.options.id_type == Some(IdType::Integer);
                let integer = integer.unwrap_or(default);
                if id.replace((keys.len(), integer)).is_some() {
                    return Err(header_error(&header.file, "two columns are identifiers"));
                }
                Column::Property(if integer { Scalar::Long } else { Scalar::String }.into())
            }
            Role::Labels { json } => Column::Labels { json: *json },
            Role::Ignored => Column::Ignored,
            Role::Start { .. } | Role::End { .. } | Role::Type => {
                let error = header_error(&header.file, "a column is one of relationships");
                return Err(error.help("Name the file with `--relationships`."));
            }
        };
        if matches!(column, Column::Property(_)) {
            keys.push(role.property_name().map(|name| import.load.key(name)));
        }
        columns.push(column);
    }
    let labels: Vec<u32> = files.labels.iter().map(|label| import.load.label(label)).collect();
    let integer = id.map(|(_, integer)| integer);
    let mut ids = import.take_space(&space, integer, &header.file)?;
    let nodes = NodeTable { keys, labels, id: id.map(|(at, _)| at) };
    let parser = Parser::new(dialect, import.options, columns);
    let threads = import.options.threads;
    let taken = pipeline::in_order(
        threads,
        || blocks.next(),
        |block| Ok(parser.parse(block)),
        |parsed| nodes.take(import, ids.as_mut(), parsed),
    );
    import.give_space(space, ids);
    taken
}

/// What is the same for all blocks of one table of nodes.
struct NodeTable {
    /// The key of each property column; nothing for identifiers that are not kept.
    keys: Vec<Option<u32>>,
    labels: Vec<u32>,
    /// The column of the identifier.
    id: Option<usize>,
}

impl NodeTable {
    fn take(
        &self,
        import: &mut Import<'_, '_, '_>,
        ids: Option<&mut Ids>,
        mut parsed: Parsed,
    ) -> Result<()> {
        for row in &parsed.bad {
            import.note(&parsed.block.file, row)?;
        }
        if let (Some(at), Some(ids)) = (self.id, ids)
            && let Some(column) = parsed.columns.get(at)
        {
            let doubles = number(ids, column, import.load.next_node());
            if !doubles.is_empty() {
                for (row, id) in &doubles {
                    let message = format!("there is a node `{id}` already");
                    let row = parsed.bad_row(*row, Reason::DuplicateNode, message);
                    import.note(&parsed.block.file, &row)?;
                }
                let doubles: Vec<u32> = doubles.into_iter().map(|(row, _)| row).collect();
                parsed.keep(|row| doubles.binary_search(&row).is_err());
            }
        }
        let mut labels: Vec<(u32, Option<Vec<u32>>)> =
            self.labels.iter().map(|label| (*label, None)).collect();
        for (name, rows) in parsed.labels {
            let label = import.load.label(&name);
            if !self.labels.contains(&label) {
                labels.push((label, Some(rows)));
            }
        }
        let columns = self.keys.iter().zip(parsed.columns);
        let columns = columns.filter_map(|(key, column)| Some(((*key)?, column))).collect();
        import.load.add_nodes(parsed.rows, labels, columns)?;
        import.summary.nodes += parsed.rows as u64;
        import.progress();
        Ok(())
    }
}

/// Adds the identifiers of a column, and says which rows have one that was there already. The others are
/// numbered without them.
fn number(ids: &mut Ids, column: &Array, first: u64) -> Vec<(u32, String)> {
    let mut doubles: Vec<(u32, String)> = Vec::new();
    let rows = (0..column.len()).filter(|row| column.has(*row));
    match (ids, column.data()) {
        (Ids::Integers(ids), ArrayData::Integer(values)) => {
            for row in rows {
                let id = values.get(row).copied().unwrap_or_default();
                if !ids.insert(id, (first as usize + row - doubles.len()) as u32) {
                    doubles.push((row as u32, id.to_string()));
                }
            }
        }
        (Ids::Strings(ids), ArrayData::String(values)) => {
            for row in rows {
                if !ids.insert(values.get(row), (first as usize + row - doubles.len()) as u32) {
                    doubles.push((row as u32, values.get(row).to_string()));
                }
            }
        }
        // A column of nothing but absent identifiers.
        _ => {}
    }
    doubles
}

fn relationships(import: &mut Import<'_, '_, '_>, files: &RelationshipFiles) -> Result<()> {
    let dialect = dialect(import.options)?;
    let mut blocks = Blocks::new(dialect, &files.files, import.read.clone());
    let Some(mut header) = Header::read(&mut blocks)? else { return Ok(()) };
    let mapped = files.from.is_some() || files.to.is_some();
    for (end, start) in [(&files.from, true), (&files.to, false)] {
        let Some(End { column, space }) = end else { continue };
        let at = header.column(column)?;
        let space = match space {
            Some(space) => Some(space.clone()),
            None => Some(import.only_space(&header.file)?),
        };
        if let Some(role) = header.roles.get_mut(at) {
            *role = if start { Role::Start { space } } else { Role::End { space } };
        }
    }
    if mapped {
        infer(&mut blocks, dialect, &mut header.roles)?;
    }
    let mut columns = Vec::new();
    let mut keys = Vec::new();
    let (mut starts, mut ends, mut types) = (0, 0, 0);
    for role in &header.roles {
        columns.push(match role {
            Role::Property(name, of) => {
                keys.push(import.load.key(name));
                Column::Property(of.clone().unwrap_or(Scalar::String.into()))
            }
            Role::Start { space } => {
                starts += 1;
                Column::Start(import.space(space.as_deref().unwrap_or(""), &header.file)?)
            }
            Role::End { space } => {
                ends += 1;
                Column::End(import.space(space.as_deref().unwrap_or(""), &header.file)?)
            }
            Role::Type => {
                types += 1;
                Column::Type
            }
            Role::Ignored => Column::Ignored,
            Role::Id { .. } | Role::Labels { .. } => {
                let error = header_error(&header.file, "a column is one of nodes");
                return Err(error.help("Name the file with `--nodes`."));
            }
        });
    }
    let help = "A header needs one `:START_ID` and one `:END_ID`, or name the columns with `--from` and `--to`.";
    if (starts, ends) != (1, 1) {
        let what = "not exactly one column says the start, and one the end, of a relationship";
        return Err(header_error(&header.file, what).help(help));
    }
    if types > 1 || (types == 0 && files.relationship_type.is_none()) {
        let error = header_error(&header.file, "no single column says the type of a relationship");
        return Err(error.help("Add a column `:TYPE`, or state it: `--relationships TYPE=FILE`."));
    }
    let of = files.relationship_type.as_deref().map(|name| import.load.relationship_type(name));
    let parser = Parser::new(dialect, import.options, columns).with_type(of.is_some());
    let spaces = std::mem::take(&mut import.spaces);
    let taken = pipeline::in_order(
        import.options.threads,
        || blocks.next(),
        |block| Ok(parser.parse_with(block, &spaces)),
        |parsed| take_relationships(import, &keys, of, parsed),
    );
    import.spaces = spaces;
    taken
}

fn take_relationships(
    import: &mut Import<'_, '_, '_>,
    keys: &[u32],
    of: Option<u32>,
    parsed: Parsed,
) -> Result<()> {
    for row in &parsed.bad {
        import.note(&parsed.block.file, row)?;
    }
    let types = match parsed.types {
        None => Types::One(of.unwrap_or_default()),
        Some(types) => {
            let named: Vec<u32> =
                types.names.iter().map(|name| import.load.relationship_type(name)).collect();
            let number = |at: &u32| named.get(*at as usize).copied().or(of).unwrap_or_default();
            Types::Each(types.rows.iter().map(number).collect())
        }
    };
    let columns = keys.iter().copied().zip(parsed.columns).collect();
    import.summary.relationships += parsed.rows as u64;
    import.load.add_relationships(types, parsed.starts, parsed.ends, columns)?;
    import.progress();
    Ok(())
}
