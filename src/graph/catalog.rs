//! The catalog: the names of labels, relationship types and property keys, the live segments, the position
//! of the log that they cover, indexes, constraints and statistics.
//!
//! Owns the token dictionaries and the format of the root record, whose replacement is a checkpoint. It may not
//! know what segments hold.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use crate::error::Error;
use crate::error::Result;
use crate::storage::Batch;
use crate::storage::MAX_VALUE;
use crate::storage::OrderedBytes;
use crate::storage::SegmentFiles;

use super::TypeStatistics;
use super::encoding;
use super::keys;
use super::log;
use super::schema::SchemaRecord;
use super::segment::ChunkRef;

/// Names in the order of their numbers. Cloning costs some counts, and adding a name copies the way to it: a store may have
/// very many, and each commit add one.
#[derive(Debug, Clone, Default)]
pub(super) struct TokenTable {
    names: imbl::Vector<Arc<str>>,
    numbers: imbl::HashMap<Arc<str>, u32>,
}

impl TokenTable {
    pub(super) fn get(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub(super) fn name(&self, number: u32) -> Option<&Arc<str>> {
        self.names.get(number as usize)
    }

    pub(super) fn names(&self) -> Vec<Arc<str>> {
        self.names.iter().cloned().collect()
    }

    pub(super) fn len(&self) -> u32 {
        self.names.len() as u32
    }

    /// Adds a name that is not there yet and says its number.
    pub(super) fn add(&mut self, name: &str) -> u32 {
        let number = self.len();
        let name: Arc<str> = name.into();
        self.names.push_back(name.clone());
        self.numbers.insert(name, number);
        number
    }
}

impl<'a> FromIterator<&'a str> for TokenTable {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut table = Self::default();
        for name in names {
            if table.get(name).is_none() {
                table.add(name);
            }
        }
        table
    }
}

/// The three dictionaries.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    pub(super) labels: TokenTable,
    pub(super) types: TokenTable,
    pub(super) keys: TokenTable,
}

/// What a checkpoint says of the graph: everything but the data, which its segments hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Catalog {
    /// The number of the checkpoint; 0 for the empty graph of a new store.
    pub(super) generation: u64,
    /// The last commit that it covers.
    pub(super) sequence: u64,
    /// When it was made, in microseconds since 1970 UTC.
    pub(super) time: i64,
    /// Numbers and lengths of the segment files.
    pub(super) files: Vec<(u64, u64)>,
    /// Where their index lies.
    pub(super) index: Option<ChunkRef>,
    pub(super) labels: Vec<Arc<str>>,
    pub(super) types: Vec<Arc<str>>,
    pub(super) keys: Vec<Arc<str>>,
    pub(super) next_node: u64,
    pub(super) next_relationship: u64,
    pub(super) node_count: u64,
    pub(super) relationship_count: u64,
    pub(super) label_counts: Vec<(u32, u64)>,
    pub(super) type_counts: Vec<(u32, TypeStatistics)>,
    pub(super) schema: SchemaRecord,
}

/// What the root record begins with, before the version of the store's format.
const MAGIC: [u8; 9] = *b"redstring";
const VERSION: u32 = 2;
/// The size beyond which a catalog is written in more than one batch.
const BATCH_BYTES: usize = 1 << 20;
const ROOT_LENGTH: usize = 9 + 4 + 8 + 4 + 8 + 4 + 4;

/// The root record: which catalog counts, and how to know it again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root {
    generation: u64,
    pieces: u32,
    length: u64,
    checksum: u32,
}

impl Root {
    /// The generation of its catalog.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(ROOT_LENGTH);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.generation.to_le_bytes());
        bytes.extend_from_slice(&self.pieces.to_le_bytes());
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&self.checksum.to_le_bytes());
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(super) fn decode(record: &[u8]) -> Result<Self> {
        let damaged = || damaged("its root record is wrong");
        let mut rest = record.strip_prefix(&MAGIC).ok_or_else(damaged)?;
        let version = u32::from_le_bytes(take(&mut rest).ok_or_else(damaged)?);
        if version != VERSION {
            return Err(super::unknown_version("the store"));
        }
        let (covered, checksum) = record.split_last_chunk().ok_or_else(damaged)?;
        if record.len() != ROOT_LENGTH || crc32fast::hash(covered) != u32::from_le_bytes(*checksum)
        {
            return Err(damaged());
        }
        Ok(Self {
            generation: u64::from_le_bytes(take(&mut rest).ok_or_else(damaged)?),
            pieces: u32::from_le_bytes(take(&mut rest).ok_or_else(damaged)?),
            length: u64::from_le_bytes(take(&mut rest).ok_or_else(damaged)?),
            checksum: u32::from_le_bytes(take(&mut rest).ok_or_else(damaged)?),
        })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

fn damaged(what: &str) -> Error {
    Error::corruption(format!("the catalog of the store is damaged: {what}"))
        .help("Restore the store from a copy.")
}

/// The name of the copy of a catalog that lies beside the segments.
pub(super) fn copy_name(generation: u64) -> String {
    format!("catalog-{generation:010}")
}

/// The generation in the name of a copy.
pub(super) fn copy_generation(name: &str) -> Option<u64> {
    name.strip_prefix("catalog-")?.parse().ok()
}

/// The generation of the newest copy among the names of segment files.
pub(super) fn newest_copy(names: &[String]) -> Option<u64> {
    names.iter().filter_map(|name| copy_generation(name)).max()
}

impl Catalog {
    fn encode(&self) -> Result<(Root, Vec<u8>)> {
        let body = encoding::encode(self, "the catalog")?;
        let root = Root {
            generation: self.generation,
            pieces: body.chunks(MAX_VALUE).len() as u32,
            length: body.len() as u64,
            checksum: crc32fast::hash(&body),
        };
        Ok((root, body))
    }

    /// Makes this the catalog that counts: it does so at once and as a whole, and durably on return.
    pub(super) fn write(&self, bytes: &dyn OrderedBytes) -> Result<()> {
        let (root, body) = self.encode()?;
        let mut batch = Batch::new();
        let mut written = false;
        for (number, piece) in (0..).zip(body.chunks(MAX_VALUE)) {
            batch.put(keys::catalog(self.generation, number), piece);
            if batch.size() > BATCH_BYTES {
                bytes.apply(std::mem::take(&mut batch))?;
                written = true;
            }
        }
        if written {
            // The root must never be there without what it names.
            bytes.sync()?;
        }
        batch.put(keys::ROOT, root.encode());
        bytes.apply(batch)?;
        bytes.sync()
    }

    /// Writes the copy that lies beside the segments, and deletes older ones.
    pub(super) fn write_copy(&self, files: &dyn SegmentFiles) -> Result<()> {
        let (root, body) = self.encode()?;
        let mut writer = files.create(&copy_name(self.generation))?;
        writer.write(&root.encode())?;
        writer.write(&body)?;
        writer.finish()?;
        for name in files.list()? {
            if copy_generation(&name).is_some_and(|generation| generation < self.generation) {
                files.delete(&name)?;
            }
        }
        Ok(())
    }

    /// Whether the copy beside the segments says something else. One that is missing is written at the next opening.
    pub(super) fn is_copied_wrong(&self, files: &dyn SegmentFiles) -> Result<bool> {
        let name = copy_name(self.generation);
        if !files.list()?.contains(&name) {
            return Ok(false);
        }
        let (root, body) = self.encode()?;
        let copy = files.open(&name)?;
        let bytes = copy.read_at(0, copy.len() as usize)?;
        Ok(bytes != [root.encode(), body].concat())
    }

    /// The catalog of a root record, from its pieces, if all of it is whole.
    pub(super) fn assemble(root: &Root, piece: impl Fn(u32) -> Option<Vec<u8>>) -> Option<Self> {
        let mut body = Vec::new();
        for number in 0..root.pieces {
            body.extend(piece(number)?);
        }
        let whole = body.len() as u64 == root.length && crc32fast::hash(&body) == root.checksum;
        let catalog = whole.then(|| Self::decode(&body)).flatten();
        catalog.filter(|catalog| catalog.generation == root.generation)
    }

    /// The catalog in a copy beside the segments.
    pub(super) fn read_copy(files: &dyn SegmentFiles, name: &str) -> Result<Self> {
        let copy = files.open(name)?;
        let bytes = copy.read_at(0, copy.len() as usize)?;
        let (record, body) =
            bytes.split_at_checked(ROOT_LENGTH).ok_or_else(|| damaged("its copy is cut short"))?;
        let root = Root::decode(record)?;
        let pieces = body.chunks(MAX_VALUE);
        let assembled =
            Self::assemble(&root, |number| pieces.clone().nth(number as usize).map(<[u8]>::to_vec));
        assembled.ok_or_else(|| damaged("the checksum of its copy is wrong"))
    }

    /// The catalog that counts; nothing in a store that was never written.
    pub(super) fn read(bytes: &dyn OrderedBytes) -> Result<Option<Self>> {
        let Some(record) = bytes.get(keys::ROOT)? else { return Ok(None) };
        let root = Root::decode(&record)?;
        let mut body = Vec::new();
        for number in 0..root.pieces {
            match bytes.get(&keys::catalog(root.generation, number))? {
                Some(piece) => body.extend_from_slice(&piece),
                None => return Err(damaged("a piece of it is missing")),
            }
        }
        if body.len() as u64 != root.length || crc32fast::hash(&body) != root.checksum {
            return Err(damaged("its checksum is wrong"));
        }
        let catalog = Self::decode(&body).filter(|c| c.generation == root.generation);
        catalog.map(Some).ok_or_else(|| damaged("it makes no sense"))
    }

    /// The catalog that the bytes hold.
    pub(super) fn decode(body: &[u8]) -> Option<Self> {
        encoding::decode(body)
    }

    /// Deletes the pieces of all catalogs but this one.
    pub(super) fn trim(&self, bytes: &dyn OrderedBytes) -> Result<()> {
        let own = keys::numbered(keys::CATALOGS, self.generation);
        let after = keys::numbered(keys::CATALOGS, self.generation.saturating_add(1));
        log::delete_range(bytes, keys::numbered(keys::CATALOGS, 0), &own)?;
        log::delete_range(bytes, after, &keys::after(keys::CATALOGS))
    }
}
