//! Reads every chunk of a base, so that damage is found before a query meets it.

use std::fmt;

use crate::error::Result;
use crate::graph::CheckReport;
use crate::value::Value;

use super::{AdjacencyChunk, Base, BitmapChunk, Chunk, ColumnChunk, DictionaryChunk, RecordChunk};
use super::{ChunkRef, Content, Reader, Section, SectionKey};
use super::{IndexChunk, IndexDirectory, IndexReader};

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, kind, nodes, bounds } = self;
        write!(f, "count {count}, kind {kind}, nodes {nodes}")?;
        match bounds {
            Some((least, greatest)) => write!(f, ", bounds {least:#x} to {greatest:#x}"),
            None => Ok(()),
        }
    }
}

impl Base {
    /// Holds every chunk against its checksum, and what it has against what is said of it, past the cache.
    pub(crate) fn verify(&self, report: &mut CheckReport) {
        let Some(Some(index)) = report.note(self.index()) else { return };
        for (key, section) in &index.sections {
            for (at, chunk) in section.chunks.iter().enumerate() {
                self.verify_chunk(*key, at, chunk, report);
            }
            if let SectionKey::Index(_) = key {
                self.verify_order(section, report);
            }
            if let Some(dictionary) = &section.dictionary {
                let content = match key {
                    // What it counts is not in itself.
                    SectionKey::Index(_) => {
                        self.content_of::<IndexDirectory>(dictionary).map(|_| dictionary.content())
                    }
                    _ => self.content_of::<DictionaryChunk>(dictionary),
                };
                if report.note(content).is_some_and(|content| content != dictionary.content()) {
                    report.problem(format!("the words of {key:?} are not as many as is said"));
                }
                report.chunks += 1;
                report.bytes += dictionary.length;
            }
        }
    }

    fn verify_chunk(&self, key: SectionKey, at: usize, chunk: &ChunkRef, report: &mut CheckReport) {
        let mut said = chunk.content();
        if chunk.length == 0 {
            if said != Content::default() {
                report.problem(format!("chunk {at} of {key:?} is said to hold what is nowhere"));
            }
            return;
        }
        let content = match key {
            SectionKey::Nodes
            | SectionKey::Relationships
            | SectionKey::Label(_)
            | SectionKey::OfType(_) => self.content_of::<BitmapChunk>(chunk),
            SectionKey::Outgoing(_) | SectionKey::Incoming(_) => {
                self.content_of::<AdjacencyChunk>(chunk)
            }
            SectionKey::Records => self.content_of::<RecordChunk>(chunk),
            SectionKey::NodeColumn(_) | SectionKey::RelationshipColumn(_) => {
                self.content_of::<ColumnChunk>(chunk)
            }
            SectionKey::Index(_) => {
                // It is of the chunk before as well.
                said.kind = 0;
                self.content_of::<IndexChunk>(chunk)
            }
        };
        if let Some(content) = report.note(content)
            && content != said
        {
            report.problem(format!(
                "chunk {at} of {key:?} has {content}, but is said to have {said}"
            ));
        }
        report.chunks += 1;
        report.bytes += chunk.length;
    }

    /// The directory of an index must say where each of its chunks begins, or look-ups pass entries by; and how many
    /// values there are, some of which lie in more than one chunk.
    fn verify_order(&self, section: &Section, report: &mut CheckReport) {
        let Ok(mut reader) = IndexReader::new(Reader::new(self, section)) else { return };
        let mut last: Option<Value> = None;
        let mut values = 0;
        for chunk in 0..=section.chunks.len() {
            // What cannot be read is told elsewhere.
            let Ok(entries) = reader.entries(chunk) else { return };
            if entries.first() != reader.first(chunk).as_ref() {
                report
                    .problem(format!("the directory of an index is wrong about its chunk {chunk}"));
            }
            let Some(said) = section.chunks.get(chunk) else { continue };
            let follows = entries.first().map(|(value, _)| value) == last.as_ref();
            if follows != (said.kind != 0) {
                report.problem(format!("chunk {chunk} of an index is wrong about the one before"));
            }
            values += said.nodes.saturating_sub(u64::from(follows));
            last = entries.into_iter().next_back().map(|(value, _)| value);
        }
        if let Some(directory) = section.dictionary
            && directory.count != values
        {
            let count = directory.count;
            report.problem(format!(
                "an index is said to have {count} values, but {values} are there"
            ));
        }
    }

    fn content_of<T: Chunk>(&self, at: &ChunkRef) -> Result<Content> {
        let (file, bytes) = self.read(at)?;
        match T::decode(&bytes) {
            Some(chunk) => Ok(chunk.content()),
            None => Err(file.damaged(at.offset, "it cannot be decoded")),
        }
    }
}
