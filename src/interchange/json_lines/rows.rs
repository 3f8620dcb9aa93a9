//! Reads files: lines into columns on all cores, then, in order, what the lines share.
//!
//! A line that is as exports have them goes into columns without a tree in between. Any other one is read by way of
//! a tree, which finds what is wrong with it.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::RwLock;

use rustc_hash::FxHashMap;

use crate::database::Types;
use crate::error::Result;
use crate::interchange::Import;
use crate::interchange::graph::{Gathering, Link, Place};
use crate::interchange::identity::{Name, Names};
use crate::interchange::input::longest_record;
use crate::interchange::pipeline;
use crate::interchange::places::{Fault, Places};
use crate::interchange::rejects::{Reason, Tolerance};
use crate::interchange::table::RowLabels;
use crate::interchange::text_blocks::{TextBlock, TextBlocks};
use crate::value::Array;
use crate::value::Map;
use crate::value::Value;
use crate::value::number;

use super::line::{Known, Line};
use super::{Entity, entity};

/// The most values, those that are absent counted, that go to the load together.
const CELLS: usize = 1 << 22;

/// No node: the end of a relationship whose node has not come yet.
const NONE: u32 = u32::MAX;

/// Reads a file.
pub(in crate::interchange) fn read(import: &mut Import<'_, '_, '_>, file: &Path) -> Result<()> {
    let longest = longest_record(import.options.memory_bytes);
    let mut blocks = TextBlocks::open(file, &import.read, longest)?;
    let tolerance = Tolerance::new(import.options);
    let names = RwLock::new(Names::default());
    let mut waiting = Vec::new();
    pipeline::in_order(
        import.options.threads,
        || blocks.next(),
        |block| Ok(Parsed::of(block, &names, &tolerance)),
        |parsed| parsed.take(import, file, &names, &mut waiting),
    )?;
    let names = names.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut graph = Gathering::with_names(names);
    for Waiting { line, text, link } in waiting {
        graph.link(import, Place { file, line, text: &text }, link)?;
    }
    graph.finish(import, file)
}

/// A relationship whose nodes have not come yet.
struct Waiting {
    line: u64,
    text: String,
    link: Link,
}

/// Columns that grow as properties are met.
#[derive(Debug, Default)]
struct Columns {
    rows: usize,
    names: Vec<String>,
    arrays: Vec<Array>,
    numbers: FxHashMap<String, usize>,
}

impl Columns {
    /// The column of this name; `guess` is the number that it has in most rows.
    fn number(&mut self, name: &str, guess: usize) -> usize {
        if self.names.get(guess).is_some_and(|own| own == name) {
            return guess;
        }
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len();
        self.names.push(name.to_owned());
        self.arrays.push(Array::default());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Gives the row that is being read a property; whether it had none of that name.
    fn push(&mut self, name: &str, guess: usize, value: Known<'_>) -> bool {
        let number = self.number(name, guess);
        let rows = self.rows;
        let Some(array) = self.arrays.get_mut(number) else { return false };
        if array.len() > rows {
            return false;
        }
        pad(array, rows);
        match value {
            Known::Text(text) => array.push_str(&text),
            Known::Value(value) => array.push(value),
        }
        true
    }

    /// Takes back what there is of a row.
    fn take_back(&mut self) {
        self.arrays.iter_mut().for_each(|array| array.truncate(self.rows));
    }

    /// The properties of a row.
    fn row(&self, row: usize) -> Map {
        let named = self.names.iter().zip(&self.arrays);
        let present = named.filter(|(_, array)| array.has(row));
        present.map(|(name, array)| (name.as_str().into(), array.get(row))).collect()
    }

    fn cells(&self) -> usize {
        self.rows.saturating_mul(self.arrays.len())
    }

    /// As the load takes them: those rows alone that are kept, where some are not.
    fn finish(
        mut self,
        import: &mut Import<'_, '_, '_>,
        kept: Option<&[u32]>,
    ) -> Vec<(u32, Array)> {
        self.arrays.iter_mut().for_each(|array| pad(array, self.rows));
        let some = |array: &Array| (0..array.len()).any(|row| array.has(row));
        let arrays = self.arrays.into_iter().map(|array| match kept {
            Some(kept) => array.gather(kept),
            None => array,
        });
        let named = self.names.iter().zip(arrays).filter(|(_, array)| some(array));
        named.map(|(name, array)| (import.load.key(name), array)).collect()
    }
}

fn pad(array: &mut Array, rows: usize) {
    (array.len()..rows).for_each(|_| array.push_absent());
}

/// A relationship whose nodes are not known yet.
struct Open {
    row: u32,
    line: u64,
    /// The bytes of its line.
    range: Range<usize>,
    start: Name,
    end: Name,
}

/// Nodes and relationships of some lines.
#[derive(Default)]
struct Batch {
    nodes: Columns,
    /// The identifier of each node, if it has one, and where its line begins.
    ids: Vec<Option<Name>>,
    begins: Vec<u32>,
    labels: RowLabels,
    links: Columns,
    /// The types, and for each relationship the number of its type.
    types: Vec<String>,
    type_of: Vec<u32>,
    type_numbers: FxHashMap<String, u32>,
    /// The nodes; [`NONE`] where they are not known.
    starts: Vec<u32>,
    ends: Vec<u32>,
    open: Vec<Open>,
}

impl Batch {
    /// Takes a line. What is wrong with it, and in which column, is an error.
    fn line(
        &mut self,
        bytes: &[u8],
        line: u64,
        range: Range<usize>,
    ) -> Result<(), (usize, String)> {
        // Valid text is told much faster than what is wrong with other text is found.
        let text = std::str::from_utf8(bytes)
            .map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
        if let Ok(parsed) = serde_json::from_str::<Line<'_>>(&text)
            && (!parsed.may_be_rounded() || number::check_json(&text).is_ok())
            && self.add_line(&parsed, line, range.clone()).is_some()
        {
            return Ok(());
        }
        self.nodes.take_back();
        self.links.take_back();
        let values = |columns: &mut Columns, properties: Map| {
            for (guess, (name, value)) in properties.into_iter().enumerate() {
                columns.push(&name, guess, Known::Value(value));
            }
        };
        match entity(&text)? {
            Entity::Node { id, labels, properties } => {
                values(&mut self.nodes, properties);
                self.add_node(
                    id.map(|id| Name::of(&id)),
                    labels.iter().map(String::as_str),
                    range.start,
                );
            }
            Entity::Relationship(Link { type_name, start, end, properties }) => {
                values(&mut self.links, properties);
                let (start, end) = (Name::of(&start), Name::of(&end));
                self.add_link(&type_name, start, end, line, range);
            }
        }
        Ok(())
    }

    /// Takes a line that is as exports have them; nothing where it is not quite so.
    fn add_line(&mut self, parsed: &Line<'_>, line: u64, range: Range<usize>) -> Option<()> {
        let is_node = parsed.is_node()?;
        let columns = if is_node { &mut self.nodes } else { &mut self.links };
        for (guess, (name, value)) in parsed.properties().enumerate() {
            match value? {
                Known::Value(Value::Null) => {}
                value => columns.push(name, guess, value).then_some(())?,
            }
        }
        if is_node {
            self.add_node(parsed.id(), parsed.labels(), range.start);
        } else {
            let (start, end) = parsed.ends()?;
            self.add_link(parsed.label()?, start, end, line, range);
        }
        Some(())
    }

    fn add_node<'t>(
        &mut self,
        id: Option<Name>,
        labels: impl Iterator<Item = &'t str>,
        begin: usize,
    ) {
        labels.for_each(|label| self.labels.add(label, self.nodes.rows));
        self.ids.push(id);
        self.begins.push(begin as u32);
        self.nodes.rows += 1;
    }

    fn add_link(&mut self, of: &str, start: Name, end: Name, line: u64, range: Range<usize>) {
        let number = match self.type_numbers.get(of) {
            Some(number) => *number,
            None => {
                let number = self.types.len() as u32;
                self.types.push(of.to_owned());
                self.type_numbers.insert(of.to_owned(), number);
                number
            }
        };
        self.type_of.push(number);
        self.open.push(Open { row: self.links.rows as u32, line, range, start, end });
        self.links.rows += 1;
        self.starts.push(NONE);
        self.ends.push(NONE);
    }

    /// Finds the nodes of relationships, as far as they are known by now.
    fn resolve(&mut self, names: &Names) {
        let Self { open, starts, ends, .. } = self;
        open.retain(|link| {
            let (Some(start), Some(end)) = (names.get(&link.start), names.get(&link.end)) else {
                return true;
            };
            let row = link.row as usize;
            if let (Some(from), Some(to)) = (starts.get_mut(row), ends.get_mut(row)) {
                (*from, *to) = (start, end);
            }
            false
        });
    }

    /// Numbers the nodes from `next` on, and says which have an identifier that was there already.
    fn number(&self, names: &mut Names, next: &mut u64) -> Vec<u32> {
        let mut doubles = Vec::new();
        for (row, id) in (0..).zip(&self.ids) {
            match id {
                Some(id) if !names.insert(id, *next as u32) => doubles.push(row),
                _ => *next += 1,
            }
        }
        doubles
    }

    /// Gives the nodes to the load, but for these.
    fn give_nodes(&mut self, import: &mut Import<'_, '_, '_>, doubles: &[u32]) -> Result<()> {
        let nodes = std::mem::take(&mut self.nodes);
        let kept = kept(nodes.rows, doubles);
        let count = kept.as_ref().map_or(nodes.rows, Vec::len);
        let mut labels = Vec::new();
        for (name, having) in std::mem::take(&mut self.labels).into_rows() {
            let having = match &kept {
                Some(kept) => {
                    let place = |row: u32| kept.binary_search(&row).ok().map(|row| row as u32);
                    having.into_iter().filter_map(place).collect()
                }
                None => having,
            };
            if !having.is_empty() {
                labels.push((import.load.label(&name), Some(having)));
            }
        }
        let columns = nodes.finish(import, kept.as_deref());
        import.load.add_nodes(count, labels, columns)?;
        import.summary.nodes += count as u64;
        Ok(())
    }

    /// Gives the relationships to the load whose nodes are known; the others wait.
    fn give_links(
        self,
        import: &mut Import<'_, '_, '_>,
        text: &[u8],
        waiting: &mut Vec<Waiting>,
    ) -> Result<()> {
        let Self { links, types, type_of, starts, ends, open, .. } = self;
        for Open { row, line, range, start, end } in &open {
            let of = type_of.get(*row as usize).and_then(|number| types.get(*number as usize));
            let text = String::from_utf8_lossy(text.get(range.clone()).unwrap_or_default());
            let properties = links.row(*row as usize);
            let (start, end) = (start.to_string(), end.to_string());
            let link = Link { type_name: of.cloned().unwrap_or_default(), start, end, properties };
            waiting.push(Waiting { line: *line, text: text.into_owned(), link });
        }
        let lost: Vec<u32> = open.iter().map(|link| link.row).collect();
        let kept = kept(links.rows, &lost);
        let pick = |of: Vec<u32>| match &kept {
            Some(kept) => {
                kept.iter().filter_map(|row| of.get(*row as usize).copied()).collect::<Vec<u32>>()
            }
            None => of,
        };
        let (type_of, starts, ends) = (pick(type_of), pick(starts), pick(ends));
        let mut numbers = vec![None; types.len()];
        let mut each = Vec::with_capacity(type_of.len());
        for number in type_of {
            // Types are made as relationships of them are.
            if let (Some(known), Some(name)) =
                (numbers.get_mut(number as usize), types.get(number as usize))
            {
                let made = known.get_or_insert_with(|| import.load.relationship_type(name));
                each.push(*made);
            }
        }
        let count = starts.len() as u64;
        let columns = links.finish(import, kept.as_deref());
        import.load.add_relationships(Types::Each(each), starts, ends, columns)?;
        import.summary.relationships += count;
        Ok(())
    }
}

/// All rows but these, which ascend; nothing where that is all of them.
fn kept(rows: usize, but: &[u32]) -> Option<Vec<u32>> {
    if but.is_empty() {
        return None;
    }
    Some((0..rows as u32).filter(|row| but.binary_search(row).is_err()).collect())
}

/// What comes of a block.
struct Parsed {
    batches: Vec<Batch>,
    places: Places,
    faults: Vec<Fault>,
}

impl Parsed {
    fn of(block: TextBlock, names: &RwLock<Names>, tolerance: &Tolerance) -> Self {
        let TextBlock { text, line: first } = block;
        let mut batch = Batch::default();
        let mut batches = Vec::new();
        let mut faults = Vec::new();
        let mut from = 0;
        for line in first.. {
            if from >= text.len() {
                break;
            }
            let rest = text.get(from..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest).map_or(text.len(), |at| from + at + 1);
            let range = from..end;
            from = end;
            let bytes = text.get(range.clone()).unwrap_or_default();
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            if let Err((column, message)) = batch.line(bytes, line, range.clone()) {
                let text = String::from_utf8_lossy(bytes);
                let at = text.char_indices().nth(column.saturating_sub(1)).map(|(at, _)| at);
                let place = at.map_or(range.end, |at| (range.start + at).min(range.end));
                faults.push(Fault::new(Reason::Malformed, range, place, message));
                if faults.len() as u64 > tolerance.rows {
                    break;
                }
            }
            if batch.nodes.cells() + batch.links.cells() > CELLS {
                batches.push(std::mem::take(&mut batch));
            }
        }
        batches.push(batch);
        if batches.iter().any(|batch| !batch.open.is_empty()) {
            let names = names.read().unwrap_or_else(PoisonError::into_inner);
            batches.iter_mut().for_each(|batch| batch.resolve(&names));
        }
        let places = Places { first, text: Some(text), begins: Vec::new() };
        Self { batches, places, faults }
    }

    fn take(
        self,
        import: &mut Import<'_, '_, '_>,
        file: &Path,
        names: &RwLock<Names>,
        waiting: &mut Vec<Waiting>,
    ) -> Result<()> {
        let Self { mut batches, mut places, mut faults } = self;
        let mut doubles = Vec::with_capacity(batches.len());
        let mut known = names.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = import.load.next_node();
        for batch in &mut batches {
            let found = batch.number(&mut known, &mut next);
            let late = found.iter().map(|row| {
                let id = batch.ids.get(*row as usize).and_then(Option::as_ref);
                let id = id.map(Name::to_string).unwrap_or_default();
                (*row, format!("there is a node `{id}` already"))
            });
            let late: Vec<(u32, String)> = late.collect();
            places.begins = std::mem::take(&mut batch.begins);
            places.add_late(&mut faults, Reason::DuplicateNode, late.into_iter());
            faults.sort_by_key(Fault::begin);
            doubles.push(found);
        }
        batches.iter_mut().for_each(|batch| batch.resolve(&known));
        drop(known);
        places.bad_rows(faults).try_for_each(|row| import.note(file, &row))?;
        let text = places.text.as_deref().unwrap_or_default();
        for (batch, doubles) in batches.iter_mut().zip(&doubles) {
            batch.give_nodes(import, doubles)?;
        }
        for batch in batches {
            batch.give_links(import, text, waiting)?;
        }
        import.progress();
        Ok(())
    }
}
