//! The catalog against what it describes: its copy beside the segments, and whatever it counts of them.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::error::Result;
use crate::graph::Shared;
use crate::graph::TypeStatistics;
use crate::graph::catalog::Catalog;
use crate::graph::checkpoint;
use crate::graph::segment::{Base, Index, SectionKey};

use super::CheckReport;

/// Checks the catalog that counts, which is the one of this base.
pub(super) fn check(base: &Base, shared: &Shared, report: &mut CheckReport) {
    let Some(Some(catalog)) = report.note(Catalog::read(&*shared.bytes)) else { return };
    if (catalog.generation, catalog.sequence) != (base.generation, base.sequence) {
        report.problem(format!(
            "the catalog on disk is of checkpoint {}, but the store was opened with {}",
            catalog.generation, base.generation
        ));
        return;
    }
    if catalog.generation > 0 {
        report.note(check_copy(&catalog, shared));
    }
    let Some(found) = report.note(base.index()) else { return };
    check_counts(&catalog, found.unwrap_or(&Index::default()), report);
}

/// The copy is what tells of a database that was lost or replaced.
fn check_copy(catalog: &Catalog, shared: &Shared) -> Result<()> {
    if !catalog.is_copied_wrong(&*shared.files)? {
        return Ok(());
    }
    let generation = catalog.generation;
    Err(Error::corruption(format!(
        "the copy of the catalog of checkpoint {generation} beside the segments is damaged"
    )))
}

/// Whatever the catalog counts as the chunks do.
fn check_counts(catalog: &Catalog, found: &Index, report: &mut CheckReport) {
    let held = |key: SectionKey| -> u64 {
        let section = found.sections.get(&key);
        section.map_or(0, |section| section.chunks.iter().map(|chunk| chunk.count).sum())
    };
    let mut expect = |what: &str, said: u64, held: u64| {
        if said != held {
            report
                .problem(format!("the catalog counts {said} {what}, but the segments hold {held}"));
        }
    };
    expect("nodes", catalog.node_count, held(SectionKey::Nodes));
    let relationships = catalog.relationship_count;
    expect("relationships", relationships, held(SectionKey::Relationships));
    expect("relationships", relationships, held(SectionKey::Records));
    let labels: BTreeMap<u32, u64> = catalog.label_counts.iter().copied().collect();
    for (number, name) in (0..).zip(&catalog.labels) {
        let said = labels.get(&number).copied().unwrap_or(0);
        expect(&format!("nodes with the label `{name}`"), said, held(SectionKey::Label(number)));
    }
    let said: BTreeMap<u32, TypeStatistics> = catalog.type_counts.iter().copied().collect();
    let counted = checkpoint::type_statistics(found);
    for (number, name) in (0..).zip(&catalog.types) {
        let of = |counts: &BTreeMap<u32, TypeStatistics>| {
            counts.get(&number).copied().unwrap_or_default()
        };
        let (said, counted) = (of(&said), of(&counted));
        let what = format!("relationships of type `{name}`");
        expect(&what, said.count, held(SectionKey::OfType(number)));
        for (what, said, counted) in [
            (what.clone(), said.count, counted.count),
            (format!("starts of {what}"), said.distinct_starts, counted.distinct_starts),
            (format!("ends of {what}"), said.distinct_ends, counted.distinct_ends),
        ] {
            expect(&what, said, counted);
        }
    }
    for (what, numbers, names) in [
        ("label", labels.keys().collect::<Vec<_>>(), catalog.labels.len()),
        ("relationship type", said.keys().collect(), catalog.types.len()),
    ] {
        for number in numbers.into_iter().filter(|number| **number as usize >= names) {
            report.problem(format!("the catalog counts {what} number {number}, which has no name"));
        }
    }
}
