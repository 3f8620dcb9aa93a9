//! Comma-separated values: tables of nodes and of relationships.
//!
//! Files are cut into blocks of whole records, which several threads turn into typed arrays; ends of relationships
//! are looked up there, too.

mod blocks;
mod later;
mod parse;
mod scan;
mod write;

use std::path::Path;
use std::path::PathBuf;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

use super::field::{FieldType, Sample, Scalar};
use super::header::Role;
use super::options::{ImportOptions, NodeFiles, RelationshipFiles};
use super::pipeline;
use super::table::{Header, NodeTable, RelationshipTable};
use super::{Import, Tables};

use blocks::Blocks;
use later::Expected;
use parse::Parser;
use scan::{Dialect, Field};

pub(super) use write::Csv;

/// Rows looked at to infer the types of columns.
const SAMPLE_ROWS: usize = 10_000;

pub(super) const TABLES: Tables = Tables { nodes, relationships };

fn dialect(options: &ImportOptions) -> Result<Dialect> {
    let ImportOptions { delimiter, quote, comment, .. } = *options;
    let plain = |byte: u8| byte.is_ascii() && byte != b'\n' && byte != b'\r';
    if delimiter == quote || !plain(delimiter) || !plain(quote) {
        let message = "delimiter and quote must be two different ASCII characters";
        return Err(Error::usage(Detail::InvalidArgumentValue, message));
    }
    if comment.is_some_and(|comment| !plain(comment) || [delimiter, quote].contains(&comment)) {
        let message =
            "comments must begin with an ASCII character that is neither delimiter nor quote";
        return Err(Error::usage(Detail::InvalidArgumentValue, message));
    }
    Ok(Dialect { delimiter, quote, comment })
}

/// Infers the types that the header leaves open from the first rows.
fn infer(blocks: &mut Blocks, dialect: Dialect, header: &mut Header) -> Result<()> {
    let mut samples = vec![Sample::default(); header.roles.len()];
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
    let neptune = header.neptune;
    for (role, sample) in header.roles.iter_mut().zip(samples) {
        match role {
            Role::Property(_, of @ None) if neptune => *of = Some(sample.temporal().into()),
            // Neptune's identifiers are text.
            Role::Id { .. } if neptune => {}
            Role::Property(_, of @ None) => *of = Some(FieldType::inferred(sample.scalar())),
            Role::Id { integer: integer @ None, inferred, .. } => {
                *inferred = sample.scalar() == Scalar::Long;
                *integer = Some(*inferred);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The error of files that are empty.
fn no_header(files: &[PathBuf]) -> Error {
    let file = files.first().map_or(Path::new(""), PathBuf::as_path);
    let message = format!("{}:1: the file is empty: it has no header", file.display());
    Error::usage(Detail::InvalidRow, message).help("Its first line names the columns.")
}

fn nodes(import: &mut Import<'_, '_, '_>, files: &NodeFiles) -> Result<()> {
    let dialect = dialect(import.options)?;
    let mut blocks = Blocks::new(dialect, import.options, &files.files, import.read.clone());
    let (file, fields) = blocks.header()?.ok_or_else(|| no_header(&files.files))?;
    let mut header = Header::of(file, fields)?;
    header.map_node(files, import.options.id_type)?;
    if files.id.is_some() || header.neptune {
        infer(&mut blocks, dialect, &mut header)?;
    }
    blocks.expect(Expected::of(&header));
    let table = NodeTable::of(import, files, &header)?;
    let parser = Parser::new(dialect, import.options, &table.columns, &header);
    table.with_ids(import, &header.file, |import, ids| {
        pipeline::in_order(
            import.options.threads,
            || blocks.next(),
            |block| Ok(parser.parse(block)),
            |rows| table.take(import, ids.as_mut(), rows),
        )
    })
}

fn relationships(import: &mut Import<'_, '_, '_>, files: &RelationshipFiles) -> Result<()> {
    let dialect = dialect(import.options)?;
    let mut blocks = Blocks::new(dialect, import.options, &files.files, import.read.clone());
    let (file, fields) = blocks.header()?.ok_or_else(|| no_header(&files.files))?;
    let mut header = Header::of(file, fields)?;
    header.map_ends(files, import)?;
    if files.from.is_some() || files.to.is_some() || header.neptune {
        infer(&mut blocks, dialect, &mut header)?;
    }
    blocks.expect(Expected::of(&header));
    let table = RelationshipTable::of(import, files, &header)?;
    let has_type = table.default_type.is_some();
    let parser = Parser::new(dialect, import.options, &table.columns, &header).with_type(has_type);
    let spaces = std::mem::take(&mut import.spaces);
    let taken = pipeline::in_order(
        import.options.threads,
        || blocks.next(),
        |block| Ok(parser.parse_with(block, &spaces)),
        |rows| table.take(import, rows),
    );
    import.spaces = spaces;
    taken
}
