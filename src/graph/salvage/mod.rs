//! A new store with whatever of a damaged one can be known for right.
//!
//! The records come from a scan of the engine's files, the data from those chunks of segments that agree with their
//! checksums. What is lost is told, a sentence each. The damaged store is only read. It may not know any engine's files.

mod base;
mod mend;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::Result;
use crate::storage::Opened;
use crate::storage::Progress;
use crate::storage::SegmentFiles;
use crate::storage::salvage::Records;
use crate::storage::salvage::Salvaged;

use super::backup;
use super::catalog;
use super::catalog::{Catalog, Root};
use super::change::Change;
use super::check::CheckReport;
use super::keys;
use super::log;
use super::log::Header;
use super::segment::{Base, ChunkCache, SegmentFile};
use super::snapshot::{Snapshot, State};
use super::{Graph, GraphOptions, now};

use mend::Mender;

/// Losses that are told; what comes after them is only counted.
const TOLD: usize = 1000;
/// Memory for decoded chunks of the damaged store, in bytes.
const CACHE: u64 = 64 << 20;

/// What a repair has saved and what it could not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Nodes of the new store.
    pub nodes: u64,
    /// Relationships of the new store.
    pub relationships: u64,
    /// Commits of the log that are in the new store.
    pub commits: u64,
    /// What could not be saved, a sentence each; at most 1,000 of them.
    pub lost: Vec<String>,
    /// How much that is in all.
    pub lost_count: u64,
}

/// What is lost, each told once.
#[derive(Debug, Default)]
struct Losses {
    told: BTreeSet<String>,
    lost: Vec<String>,
    count: u64,
}

impl Losses {
    fn tell(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.told.contains(&text) {
            return;
        }
        self.count += 1;
        if self.lost.len() < TOLD {
            self.told.insert(text.clone());
            self.lost.push(text);
        }
    }

    /// The value, or the reason why there is none among what is lost.
    fn note<T>(&mut self, what: &str, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.tell(format!("{what}: {}", error.message()))).ok()
    }
}

/// Where the new store's graph grows: every change is made to a state, and logged if it fits that.
struct Sink<'a> {
    state: State,
    target: &'a Opened,
}

impl Sink<'_> {
    /// Makes all of the changes or none.
    fn commit(&mut self, changes: &[Change]) -> Result<()> {
        let sequence = self.state.sequence + 1;
        let mut state = self.state.clone();
        state.advance(sequence, changes)?;
        log::append(&*self.target.bytes, sequence, now(), changes)?;
        self.state = state;
        Ok(())
    }
}

/// Fills an empty store with what was salvaged of a damaged one.
pub fn repair(salvaged: &Salvaged, target: &Opened) -> Result<RepairReport> {
    let mut losses = Losses::default();
    let catalog = find_catalog(salvaged, &mut losses);
    let files = &salvaged.segments;
    let old = old_state(&catalog, files);
    let mut check = CheckReport::default();
    old.state.base.verify(&mut check);
    let mut sink;
    if check.is_sound() {
        for file in old.state.base.files() {
            backup::copy_file(
                &**files,
                &*target.segments,
                &SegmentFile::name_of(file.number()),
                &|_| {},
            )?;
        }
        catalog.write(&*target.bytes)?;
        sink = Sink { state: (*old.state).clone(), target };
    } else {
        check.problems.iter().for_each(|problem| losses.tell(problem.as_str()));
        let empty = Catalog::default();
        empty.write(&*target.bytes)?;
        let state = State::new(&empty, Arc::new(Base::default()));
        sink = Sink { state, target };
        base::rebuild(&old, &mut sink, &mut losses)?;
    }
    let commits = replay(salvaged, &catalog, &mut sink, &mut losses)?;
    target.bytes.sync()?;
    let state = &sink.state;
    target
        .bytes
        .attest(Progress { generation: state.base.generation, sequence: state.sequence }, true);
    let (nodes, relationships) = (state.node_count, state.relationship_count);
    drop(sink);
    let graph =
        Graph::open(target.bytes.clone(), target.segments.clone(), GraphOptions::default())?;
    graph.checkpoint()?;
    Ok(RepairReport { nodes, relationships, commits, lost: losses.lost, lost_count: losses.count })
}

/// The state of the last checkpoint as the catalog says it is.
fn old_state(catalog: &Catalog, files: &Arc<dyn SegmentFiles>) -> Snapshot {
    let cache = Arc::new(ChunkCache::new(CACHE));
    let live = catalog.files.iter().map(|(number, length)| {
        Arc::new(SegmentFile::new(*number, *length, files.clone(), cache.clone()))
    });
    let (generation, sequence) = (catalog.generation, catalog.sequence);
    let base = Base::new(generation, sequence, live.collect(), catalog.index, cache);
    Snapshot { state: Arc::new(State::new(catalog, Arc::new(base))) }
}

/// The newest catalog of which every byte is known: from the records, or from its copy beside the segments.
fn find_catalog(salvaged: &Salvaged, losses: &mut Losses) -> Catalog {
    let records = &salvaged.records;
    let roots = records.get(keys::ROOT).into_iter().flatten();
    let roots = roots.filter_map(|record| Root::decode(record).ok());
    let mut found: Vec<Catalog> = roots
        .filter_map(|root| {
            Catalog::assemble(&root, |number| {
                // Pieces of one catalog are written once.
                records.get(&keys::catalog(root.generation(), number))?.first().cloned()
            })
        })
        .collect();
    let names = salvaged.segments.list().unwrap_or_default();
    for name in names.iter().filter(|name| catalog::copy_generation(name).is_some()) {
        match Catalog::read_copy(&*salvaged.segments, name) {
            Ok(catalog) => found.push(catalog),
            Err(error) => losses.tell(format!("`{name}`: {}", error.message())),
        }
    }
    let newest = found.into_iter().max_by_key(|catalog| catalog.generation);
    let said = catalog::newest_copy(&names).max(salvaged.attested.map(|said| said.generation));
    let generation = newest.as_ref().map_or(0, |catalog| catalog.generation);
    if said.is_some_and(|said| said > generation) {
        losses.tell(format!(
            "the catalog of checkpoint {} is lost; what is saved is that of checkpoint {generation}",
            said.unwrap_or_default()
        ));
    }
    newest.unwrap_or_default()
}

/// Makes the commits after the catalog, in order. Says how many there were.
fn replay(
    salvaged: &Salvaged,
    catalog: &Catalog,
    sink: &mut Sink<'_>,
    losses: &mut Losses,
) -> Result<u64> {
    let records = &salvaged.records;
    let from = keys::commit(catalog.sequence.saturating_add(1));
    let found = records.range(from..keys::after(keys::COMMITS).to_vec());
    let found = found.filter(|(key, _)| key.len() == 9);
    let last = found.clone().filter_map(|(key, _)| keys::number(keys::COMMITS, key)).max();
    let last = last.max(salvaged.attested.map(|said| said.sequence)).unwrap_or(0);
    let mut mender = Mender::default();
    let mut commits = 0;
    let mut gap: Option<(u64, u64)> = None;
    let tell = |gap: Option<(u64, u64)>, losses: &mut Losses| match gap {
        Some((first, last)) if first == last => losses.tell(format!("commit {first} is lost")),
        Some((first, last)) => losses.tell(format!("commits {first} to {last} are lost")),
        None => {}
    };
    // What the witness attests beyond the last record is one gap, however long.
    let known = found.clone().filter_map(|(key, _)| keys::number(keys::COMMITS, key)).max();
    let mut sequence = catalog.sequence;
    while sequence < last {
        sequence += 1;
        let changes = changes(records, sequence);
        let Some(changes) = changes else {
            mender.after_gap();
            let until = if known.is_none_or(|known| known < sequence) { last } else { sequence };
            gap = Some((gap.map_or(sequence, |(first, _)| first), until));
            sequence = until;
            continue;
        };
        tell(gap.take(), losses);
        match mender.mend(&sink.state, changes).and_then(|changes| sink.commit(&changes)) {
            Ok(()) => commits += 1,
            Err(error) => {
                mender.after_gap();
                losses.tell(format!(
                    "commit {sequence} builds on what is lost and was left out: {}",
                    error.message()
                ));
            }
        }
    }
    tell(gap, losses);
    mender.finish(sink, losses)?;
    Ok(commits)
}

/// The changes of a commit, if a record of it and all its pieces are whole.
fn changes(records: &Records, sequence: u64) -> Option<Vec<Change>> {
    let found = records.get(&keys::commit(sequence))?;
    found.iter().find_map(|record| {
        let (header, inline) = Header::decode(sequence, record).ok()?;
        let payload = header.payload(inline, |number| {
            records.get(&keys::piece(sequence, number)).map_or(&[], Vec::as_slice)
        })?;
        log::decode(&payload)
    })
}
