//! Writing indexes at a checkpoint: only the chunks in which an entry came or went, and the directory over all of them.
//!
//! Chunks lie in the order of their entries and are full, or nearly so, when an index is written whole. One that grows too large is
//! split, one that has become small is joined with the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;
use crate::error::Result;
use crate::value::Value;

use super::Entry;
use super::Keys;
use crate::graph::build::Builds;
use crate::graph::schema::Index;
use crate::graph::segment::{ChunkRef, INDEX_CHUNK, IndexReader, SectionKey, SegmentBuilder};
use crate::graph::snapshot::Snapshot;

/// Entries below which a chunk that is written anew is joined with the next one.
const SMALL: usize = INDEX_CHUNK / 4;

/// Writes what has changed of the indexes of a snapshot since its base, and the indexes that the base lacks, unless more
/// than `sorted` of its nodes or relationships would have to be sorted for one.
pub(in crate::graph) fn write(
    snapshot: &Snapshot,
    builder: &mut SegmentBuilder,
    builds: &Builds,
    sorted: u64,
) -> Result<()> {
    builder.keep_indexes(|id| snapshot.state.schema.index(id).is_some());
    for index in snapshot.state.schema.indexes() {
        let reader = snapshot.state.base.index_entries(index.id)?;
        let changes = reader.as_ref().map(|reader| changes(snapshot, index, reader)).transpose()?;
        match (reader, changes.flatten()) {
            (Some(_), Some(changes)) if changes.is_empty() => {}
            (Some(reader), Some(changes)) => write_changes(index, reader, changes, builder)?,
            (None, _) if snapshot.state.base.count(super::of(index.on))? > sorted => {}
            _ => write_whole(snapshot, index, builder, builds)?,
        }
    }
    Ok(())
}

/// The entries that came (`true`) or went since the base; nothing where these are so many that to write the index whole
/// costs no more.
fn changes(
    snapshot: &Snapshot,
    index: &Index,
    reader: &IndexReader<'_>,
) -> Result<Option<BTreeMap<Entry, bool>>> {
    let (base, touched) = (&snapshot.state.base, snapshot.touched(index));
    let few = (reader.len() / 2).max(INDEX_CHUNK as u64) as usize;
    if touched.iter_from(0).nth(few).is_some() {
        return Ok(None);
    }
    let mut changes = BTreeMap::new();
    if let Some(mut has) = base.bits(super::of(index.on))? {
        let mut keys = Keys::new(base, index)?;
        for id in touched.iter_from(0) {
            if has.contains(id)?
                && let Some(key) = keys.key(id)?
            {
                changes.insert((key, id), false);
            }
        }
    }
    // An entry that went and came again has not changed: most of what is touched is touched elsewhere.
    let delta = snapshot.state.delta.indexes.get(&index.id.0).into_iter();
    for entry in delta.flat_map(|entries| entries.iter()) {
        if changes.remove(&entry).is_none() {
            changes.insert(entry, true);
        }
    }
    Ok(Some(changes))
}

fn write_whole(
    snapshot: &Snapshot,
    index: &Arc<Index>,
    builder: &mut SegmentBuilder,
    builds: &Builds,
) -> Result<()> {
    let build = builds.write(index.id);
    let mut writer = Writer::new(index, builder);
    let mut chunk: Vec<Entry> = Vec::with_capacity(INDEX_CHUNK);
    snapshot.entries(index, Value::map(Default::default()), None, |key, id| {
        chunk.push((key.clone(), id));
        if chunk.len() == INDEX_CHUNK {
            writer.write(&chunk)?;
            build.iter().for_each(|build| build.advance(chunk.len() as u64));
            chunk.clear();
        }
        Ok(true)
    })?;
    writer.write(&chunk)?;
    writer.finish()
}

fn write_changes(
    index: &Index,
    mut reader: IndexReader<'_>,
    changes: BTreeMap<Entry, bool>,
    builder: &mut SegmentBuilder,
) -> Result<()> {
    let mut changes = changes.into_iter().peekable();
    let mut writer = Writer::new(index, builder);
    let before = std::mem::take(&mut writer.before);
    // What is to be written next: the rest of chunks that were read.
    let mut entries: Vec<Entry> = Vec::new();
    for (at, chunk) in before.iter().enumerate() {
        let next = reader.first(at + 1).filter(|_| at + 1 < before.len());
        let mut own = BTreeMap::new();
        while let Some((entry, there)) =
            changes.next_if(|(entry, _)| next.as_ref().is_none_or(|next| entry < next))
        {
            own.insert(entry, there);
        }
        if own.is_empty() && entries.is_empty() {
            writer.keep(&reader, at, *chunk)?;
            continue;
        }
        writer.follows(&mut reader, at)?;
        entries.extend(reader.entries(at)?.into_iter().filter(|entry| !own.contains_key(entry)));
        entries.extend(own.into_iter().filter(|(_, there)| *there).map(|(entry, _)| entry));
        entries.sort_unstable();
        if entries.len() >= SMALL || next.is_none() {
            writer.split(&entries, next.is_none())?;
            entries.clear();
        }
    }
    // An index without chunks.
    entries.extend(changes.filter(|(_, there)| *there).map(|(entry, _)| entry));
    writer.split(&entries, true)?;
    writer.finish()
}

/// What stands before the next chunk.
enum Last {
    Nothing,
    /// The chunk of this number, as it was.
    Kept(usize),
    /// A chunk that was written, with this last value.
    Written(Value),
}

/// An index that is being written, chunk by chunk.
struct Writer<'a> {
    builder: &'a mut SegmentBuilder,
    section: SectionKey,
    width: usize,
    /// The chunks that it had.
    before: Vec<ChunkRef>,
    /// The first entry of each chunk so far.
    firsts: Vec<Entry>,
    distinct: u64,
    last: Last,
}

impl<'a> Writer<'a> {
    fn new(index: &Index, builder: &'a mut SegmentBuilder) -> Self {
        let section = SectionKey::Index(index.id.0);
        let before = builder.section(section);
        let width = index.keys.len();
        Self {
            builder,
            section,
            width,
            before,
            firsts: Vec::new(),
            distinct: 0,
            last: Last::Nothing,
        }
    }

    /// Makes known what the chunk before has last, when the next one is written.
    fn follows(&mut self, reader: &mut IndexReader<'_>, at: usize) -> Result<()> {
        if let Last::Kept(before) = self.last
            && before + 1 == at
        {
            let last = reader.entries(before)?.pop();
            self.last = last.map_or(Last::Nothing, |(value, _)| Last::Written(value));
        }
        Ok(())
    }

    /// Leaves a chunk where it lies.
    fn keep(&mut self, reader: &IndexReader<'_>, at: usize, mut chunk: ChunkRef) -> Result<()> {
        let Some(first) = reader.first(at) else {
            return Err(Error::corruption("an index has more chunks than its directory")
                .help("Drop the index and create it anew."));
        };
        match &self.last {
            Last::Nothing => chunk.kind = 0,
            Last::Written(value) => chunk.kind = u8::from(*value == first.0),
            Last::Kept(_) => {}
        }
        self.distinct += chunk.nodes - u64::from(chunk.kind).min(chunk.nodes);
        self.builder.keep_chunk(self.section, chunk);
        self.firsts.push(first);
        self.last = Last::Kept(at);
        Ok(())
    }

    /// Writes entries in chunks: full ones at the end of the index, where more is likely to be appended, else of one size.
    fn split(&mut self, entries: &[Entry], end: bool) -> Result<()> {
        let chunks = entries.len().div_ceil(INDEX_CHUNK).max(1);
        let size = if end { INDEX_CHUNK } else { entries.len().div_ceil(chunks).max(1) };
        entries.chunks(size).try_for_each(|chunk| self.write(chunk))
    }

    fn write(&mut self, entries: &[Entry]) -> Result<()> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
        let follows = matches!(&self.last, Last::Written(value) if *value == first.0);
        let distinct = 1 + entries.windows(2).filter(|pair| pair[0].0 != pair[1].0).count() as u64;
        self.builder.index_chunk(self.section, entries, self.width, (distinct, follows))?;
        self.distinct += distinct - u64::from(follows);
        self.firsts.push(first.clone());
        self.last = Last::Written(last.0.clone());
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.builder.directory(self.section, &self.firsts, self.width, self.distinct)
    }
}
