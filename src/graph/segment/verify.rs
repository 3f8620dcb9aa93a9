//! Reads every chunk of a base, so that damage is found before a query meets it.

use crate::error::Result;
use crate::graph::CheckReport;

use super::{AdjacencyChunk, Base, BitmapChunk, Chunk, ColumnChunk, DictionaryChunk, RecordChunk};
use super::{ChunkRef, Reader, Section, SectionKey};
use super::{IndexChunk, IndexDirectory, IndexReader};

impl Base {
    /// Holds every chunk against its checksum and decodes it, past the cache.
    pub(crate) fn verify(&self, report: &mut CheckReport) {
        let Some(Some(index)) = report.note(self.index()) else { return };
        for (key, section) in &index.sections {
            for chunk in section.chunks.iter().filter(|chunk| chunk.length > 0) {
                let result = match key {
                    SectionKey::Nodes
                    | SectionKey::Relationships
                    | SectionKey::Label(_)
                    | SectionKey::OfType(_) => self.verify_chunk::<BitmapChunk>(chunk),
                    SectionKey::Outgoing(_) | SectionKey::Incoming(_) => {
                        self.verify_chunk::<AdjacencyChunk>(chunk)
                    }
                    SectionKey::Records => self.verify_chunk::<RecordChunk>(chunk),
                    SectionKey::NodeColumn(_) | SectionKey::RelationshipColumn(_) => {
                        self.verify_chunk::<ColumnChunk>(chunk)
                    }
                    SectionKey::Index(_) => self.verify_chunk::<IndexChunk>(chunk),
                };
                report.note(result);
                report.chunks += 1;
                report.bytes += chunk.length;
            }
            if let SectionKey::Index(_) = key {
                self.verify_directory(section, report);
            }
            if let Some(dictionary) = &section.dictionary {
                report.note(match key {
                    SectionKey::Index(_) => self.verify_chunk::<IndexDirectory>(dictionary),
                    _ => self.verify_chunk::<DictionaryChunk>(dictionary),
                });
                report.chunks += 1;
                report.bytes += dictionary.length;
            }
        }
    }

    /// The directory of an index must say where each of its chunks begins, or look-ups pass entries by.
    fn verify_directory(&self, section: &Section, report: &mut CheckReport) {
        let Ok(mut reader) = IndexReader::new(Reader::new(self, section)) else { return };
        for chunk in 0..=section.chunks.len() {
            // What cannot be read is told elsewhere.
            let Ok(entries) = reader.entries(chunk) else { continue };
            if entries.into_iter().next() != reader.first(chunk) {
                report
                    .problem(format!("the directory of an index is wrong about its chunk {chunk}"));
            }
        }
    }

    fn verify_chunk<T: Chunk>(&self, at: &ChunkRef) -> Result<()> {
        let (file, bytes) = self.read(at)?;
        match T::decode(&bytes) {
            Some(_) => Ok(()),
            None => Err(file.damaged(at.offset, "it cannot be decoded")),
        }
    }
}
