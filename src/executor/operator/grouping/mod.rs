//! Numbering of groups: equal keys get the same number, in the order of first appearance.
//!
//! Keys of known types become machine words and are compared as such; anything else goes through the
//! general table of values. A table begins with words and turns general when a column changes its type. Before it
//! grows, it asks for the memory.

use std::hash::Hasher;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use rustc_hash::FxHasher;

use crate::error::Result;
use crate::value::Bitmap;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Node;
use crate::value::NodeId;
use crate::value::Relationship;
use crate::value::RelationshipId;
use crate::value::Value;
use crate::value::allocation::{table_bytes, table_growth, text_bytes, vec_bytes, vec_growth};
use crate::value::ordering;

mod single;

use single::Single;

/// The number of no group: what [`Groups::find`] gives for keys that are not there.
pub(super) const NO_GROUP: u32 = u32::MAX;

/// The word of a text that was looked for but is not known.
const UNKNOWN: u64 = u64::MAX;

/// Fails where a table must not allocate so many bytes more.
pub(super) type Ask<'a> = &'a dyn Fn(u64) -> Result<()>;

/// Rows grouped by any number of key columns.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Where the groups are until something does not fit into words.
    words: Words,
    /// Where they are from then on.
    general: Option<General>,
    count: usize,
}

/// What the words of a key column stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    Integer,
    Float,
    String,
    Node,
    Relationship,
}

/// Groups whose keys are words.
#[derive(Debug, Default)]
struct Words {
    /// One per key column.
    columns: Vec<KeyColumn>,
    /// Which keys of the row at hand are null, a bit per key column.
    nulls: Vec<u64>,
    /// Whether any key of the rows at hand is null.
    any_null: bool,
    /// With a single key column: its groups.
    single: Single,
    null_group: Option<u32>,
    /// With several: from the hash of the words to the latest group with it.
    heads: FxHashMap<u64, u32>,
    /// For each group the one before it with the same hash, or [`NO_GROUP`].
    before: Vec<u32>,
    /// The words of each group, one after the other, and with several key columns the bits of its nulls.
    order: Vec<u64>,
}

#[derive(Debug, Default)]
struct KeyColumn {
    /// Unknown while all were null.
    kind: Option<Kind>,
    /// The words of the rows at hand.
    words: Vec<u64>,
    /// Texts by their number, where the column has texts.
    texts: Vec<Arc<str>>,
    numbers: FxHashMap<Arc<str>, u32>,
    /// What the texts take.
    text_bytes: u64,
    dictionary: Option<Known>,
}

/// The dictionary of a column met last, and the number of each of its words once it was needed.
#[derive(Debug)]
struct Known {
    texts: Arc<Vec<Arc<str>>>,
    numbers: Vec<u32>,
}

impl KeyColumn {
    /// Fills `words` with those of the column, and marks its nulls with `bit`. False where the column
    /// cannot be words of the kind known so far. Texts are added where `add` is set.
    fn read(&mut self, column: &Column, bit: u64, nulls: &mut [u64], add: bool) -> bool {
        self.words.clear();
        let kind = match column.data() {
            ColumnData::Constant(value, len) => {
                return self.read_constant(value, *len, bit, nulls, add);
            }
            ColumnData::Boolean(_) => Kind::Boolean,
            ColumnData::Integer(_) => Kind::Integer,
            ColumnData::Float(_) => Kind::Float,
            ColumnData::String(_) | ColumnData::Dictionary(..) => Kind::String,
            ColumnData::Node(_) => Kind::Node,
            ColumnData::Relationship(_) => Kind::Relationship,
            ColumnData::Value(_) => return false,
        };
        if *self.kind.get_or_insert(kind) != kind {
            return false;
        }
        match column.data() {
            ColumnData::Boolean(v) => self.words.extend(v.iter().map(|x| u64::from(*x))),
            ColumnData::Integer(v) => self.words.extend(v.iter().map(|x| *x as u64)),
            ColumnData::Float(v) => {
                if !v.iter().all(|x| is_plain(*x)) {
                    return false;
                }
                self.words.extend(v.iter().map(|x| x.to_bits()));
            }
            ColumnData::Node(v) => self.words.extend(v.iter().map(|x| x.0)),
            ColumnData::Relationship(v) => self.words.extend(v.iter().map(|x| x.0)),
            ColumnData::String(texts) => {
                for (row, text) in texts.iter().enumerate() {
                    let word = if column.is_null(row) { 0 } else { self.number(text, add) };
                    self.words.push(word);
                }
            }
            ColumnData::Dictionary(codes, texts) => {
                self.read_dictionary(codes, texts, column.validity(), add);
            }
            ColumnData::Constant(..) | ColumnData::Value(_) => return false,
        }
        if let Some(validity) = column.validity() {
            for ((word, null), valid) in self.words.iter_mut().zip(nulls).zip(validity.iter()) {
                if !valid {
                    // The placeholder must not tell two nulls apart.
                    *word = 0;
                    *null |= bit;
                }
            }
        }
        true
    }

    fn read_constant(
        &mut self,
        value: &Value,
        len: usize,
        bit: u64,
        nulls: &mut [u64],
        add: bool,
    ) -> bool {
        let (kind, word) = match value {
            Value::Null => {
                nulls.iter_mut().for_each(|null| *null |= bit);
                self.words.resize(len, 0);
                return true;
            }
            Value::Boolean(x) => (Kind::Boolean, u64::from(*x)),
            Value::Integer(x) => (Kind::Integer, *x as u64),
            Value::Float(x) if is_plain(*x) => (Kind::Float, x.to_bits()),
            Value::String(text) => (Kind::String, self.number(text, add)),
            Value::Node(node) => (Kind::Node, node.id().0),
            Value::Relationship(relationship) => (Kind::Relationship, relationship.id().0),
            _ => return false,
        };
        self.words.resize(len, word);
        *self.kind.get_or_insert(kind) == kind
    }

    /// Looks each word of the dictionary up once, not once per row, nor once per batch.
    fn read_dictionary(
        &mut self,
        codes: &[u32],
        texts: &Arc<Vec<Arc<str>>>,
        validity: Option<&Bitmap>,
        add: bool,
    ) {
        let mut known = match self.dictionary.take() {
            Some(last) if Arc::ptr_eq(&last.texts, texts) => last.numbers,
            _ => vec![NO_GROUP; texts.len()],
        };
        for (row, code) in codes.iter().enumerate() {
            let word = match known.get_mut(*code as usize) {
                Some(number) if *number != NO_GROUP => u64::from(*number),
                Some(number) if validity.is_none_or(|v| v.get(row)) => {
                    let word = texts.get(*code as usize).map_or(0, |t| self.number(t, add));
                    if word != UNKNOWN {
                        *number = word as u32;
                    }
                    word
                }
                _ => 0,
            };
            self.words.push(word);
        }
        self.dictionary = Some(Known { texts: texts.clone(), numbers: known });
    }

    fn number(&mut self, text: &Arc<str>, add: bool) -> u64 {
        match self.numbers.get(text) {
            Some(number) => u64::from(*number),
            None if add => {
                let number = self.texts.len() as u32;
                self.text_bytes += text_bytes(text);
                self.texts.push(text.clone());
                self.numbers.insert(text.clone(), number);
                u64::from(number)
            }
            None => UNKNOWN,
        }
    }

    /// What the words and texts of so many rows may allocate.
    fn growth(&self, column: &Column, rows: usize) -> u64 {
        let texts = match column.data() {
            ColumnData::String(_) => rows,
            ColumnData::Dictionary(_, words) => rows.min(words.len()),
            ColumnData::Constant(Value::String(_), _) => 1,
            _ => 0,
        };
        let words = rows.saturating_sub(self.words.capacity()) as u64 * 8;
        words + vec_growth(&self.texts, texts) + table_growth(&self.numbers, texts)
    }

    fn bytes(&self) -> u64 {
        let dictionary = self.dictionary.as_ref().map_or(0, |known| vec_bytes(&known.numbers));
        let texts = vec_bytes(&self.texts) + table_bytes(&self.numbers) + self.text_bytes;
        vec_bytes(&self.words) + dictionary + texts
    }

    fn value(&self, word: u64) -> Value {
        match self.kind {
            None => Value::Null,
            Some(Kind::Boolean) => Value::Boolean(word != 0),
            Some(Kind::Integer) => Value::Integer(word as i64),
            Some(Kind::Float) => Value::Float(f64::from_bits(word)),
            Some(Kind::String) => {
                self.texts.get(word as usize).map_or(Value::Null, |t| Value::String(t.clone()))
            }
            Some(Kind::Node) => Value::Node(Node::new(NodeId(word))),
            Some(Kind::Relationship) => {
                Value::Relationship(Relationship::new(RelationshipId(word)))
            }
        }
    }
}

/// Whether the bits of a float tell whether it is equivalent to another: not so for the two zeros and
/// the many NaN.
fn is_plain(x: f64) -> bool {
    !x.is_nan() && (x != 0.0 || x.is_sign_positive())
}

impl Words {
    /// How many words of `order` a group has. A single key needs none for its nulls: one group has them all.
    fn stride(&self) -> usize {
        match self.columns.len() {
            1 => 1,
            columns => columns + 1,
        }
    }

    /// Reads the words of all columns. False where they do not fit, and nothing is changed by it but
    /// buffers and texts.
    fn read(&mut self, columns: &[Column], len: usize, add: bool, ask: Ask<'_>) -> Result<bool> {
        if columns.len() > 64 {
            return Ok(false);
        }
        if self.columns.is_empty() {
            self.columns.resize_with(columns.len(), KeyColumn::default);
        }
        if add {
            let pairs = self.columns.iter().zip(columns);
            ask(pairs.map(|(key, column)| key.growth(column, len)).sum())?;
        }
        self.nulls.clear();
        self.nulls.resize(len, 0);
        let Self { columns: keys, nulls, .. } = self;
        let pairs = keys.iter_mut().zip(columns).enumerate();
        let fits = pairs
            .fold(true, |fits, (at, (key, column))| fits && key.read(column, 1 << at, nulls, add));
        self.any_null = self.nulls.iter().any(|nulls| *nulls != 0);
        Ok(fits)
    }

    /// About how many bytes they take.
    fn bytes(&self) -> u64 {
        let columns: u64 = self.columns.iter().map(KeyColumn::bytes).sum();
        let groups = self.single.bytes() + table_bytes(&self.heads);
        columns + groups + vec_bytes(&self.nulls) + vec_bytes(&self.before) + vec_bytes(&self.order)
    }

    fn push_group(&mut self, row: usize) {
        self.order.extend(self.columns.iter().map(|c| c.words.get(row).copied().unwrap_or(0)));
        self.order.push(self.nulls.get(row).copied().unwrap_or(0));
    }

    /// As [`Words::assign`], with one key column.
    fn assign_single(&mut self, len: usize, count: &mut usize, ask: Ask<'_>) -> Result<Vec<u32>> {
        let mut groups = Vec::with_capacity(len);
        let Some(key) = self.columns.first() else { return Ok(groups) };
        let max = key.words.iter().copied().max().unwrap_or(0);
        ask(self.single.growth(max, *count, len) + vec_growth(&self.order, len))?;
        self.single.prepare(max, *count + len);
        let mut next = *count as u32;
        if !self.any_null {
            self.single.assign(&key.words, &mut next, (&mut groups, &mut self.order));
            *count = next as usize;
            return Ok(groups);
        }
        for (word, null) in key.words.iter().zip(&self.nulls) {
            let group = match null {
                0 => self.single.get_or_insert(*word, next),
                _ => *self.null_group.get_or_insert(next),
            };
            if group == next {
                next += 1;
                self.order.push(*word);
            }
            groups.push(group);
        }
        *count = next as usize;
        Ok(groups)
    }

    fn assign(&mut self, len: usize, count: &mut usize, ask: Ask<'_>) -> Result<Vec<u32>> {
        if self.columns.len() == 1 {
            return self.assign_single(len, count, ask);
        }
        let chains = table_growth(&self.heads, len) + vec_growth(&self.before, len);
        ask(chains + vec_growth(&self.order, len * self.stride()))?;
        let mut groups = Vec::with_capacity(len);
        for row in 0..len {
            let hash = self.hash(row);
            let head = self.heads.get(&hash).copied().unwrap_or(NO_GROUP);
            let mut group = self.in_chain(head, row);
            if group == NO_GROUP {
                group = *count as u32;
                *count += 1;
                self.before.push(head);
                self.heads.insert(hash, group);
                self.push_group(row);
            }
            groups.push(group);
        }
        Ok(groups)
    }

    fn find(&self, len: usize) -> Vec<u32> {
        let one = |row: usize| {
            if self.columns.len() == 1 {
                if self.nulls[row] != 0 {
                    return self.null_group.unwrap_or(NO_GROUP);
                }
                return self.single.get(self.columns[0].words[row]).unwrap_or(NO_GROUP);
            }
            let head = self.heads.get(&self.hash(row)).copied().unwrap_or(NO_GROUP);
            self.in_chain(head, row)
        };
        (0..len).map(one).collect()
    }

    #[inline]
    fn hash(&self, row: usize) -> u64 {
        let mut hasher = FxHasher::default();
        self.columns.iter().for_each(|c| hasher.write_u64(c.words[row]));
        hasher.write_u64(self.nulls[row]);
        hasher.finish()
    }

    /// The group of the chain that has the words of the row.
    #[inline]
    fn in_chain(&self, mut group: u32, row: usize) -> u32 {
        while group != NO_GROUP {
            let at = group as usize * self.stride();
            let words = &self.order[at..at + self.stride()];
            let same = self.columns.iter().zip(words).all(|(c, word)| c.words[row] == *word);
            if same && words.last() == Some(&self.nulls[row]) {
                return group;
            }
            group = self.before[group as usize];
        }
        NO_GROUP
    }

    /// The keys of all groups in one column.
    fn values(&self, column: usize) -> impl Iterator<Item = Value> {
        self.order.chunks_exact(self.stride()).enumerate().map(move |(group, words)| {
            let null = match self.columns.len() {
                1 => self.null_group.is_some_and(|null| null as usize == group),
                _ => words.last().is_some_and(|nulls| nulls >> column & 1 == 1),
            };
            match (self.columns.get(column), words.get(column)) {
                (Some(key), Some(word)) if !null => key.value(*word),
                _ => Value::Null,
            }
        })
    }
}

#[derive(Debug, Default)]
struct General {
    /// From the hash of the keys to the latest group with it.
    heads: FxHashMap<u64, u32>,
    /// For each group the one before it with the same hash, or [`NO_GROUP`].
    before: Vec<u32>,
    /// The keys of each group, one after the other.
    values: Vec<Value>,
    /// What they hold beside themselves.
    held: u64,
}

impl General {
    fn hash(row: &[Value]) -> u64 {
        let mut hasher = FxHasher::default();
        row.iter().for_each(|value| ordering::hash_equivalent(value, &mut hasher));
        hasher.finish()
    }

    fn in_chain(&self, mut group: u32, row: &[Value]) -> u32 {
        while group != NO_GROUP {
            let at = group as usize * row.len();
            let known = &self.values[at..at + row.len()];
            if known.iter().zip(row).all(|(a, b)| ordering::equivalent(a, b)) {
                return group;
            }
            group = self.before[group as usize];
        }
        NO_GROUP
    }

    fn find_or_add(&mut self, row: &mut Vec<Value>) -> u32 {
        let hash = Self::hash(row);
        let head = self.heads.get(&hash).copied().unwrap_or(NO_GROUP);
        let found = self.in_chain(head, row);
        if found != NO_GROUP {
            return found;
        }
        let group = self.before.len() as u32;
        self.before.push(head);
        self.heads.insert(hash, group);
        self.held += row.iter().map(Value::held_bytes).fold(0, u64::saturating_add);
        self.values.append(row);
        group
    }

    /// What so many groups more may allocate.
    fn growth(&self, more: usize, width: usize) -> u64 {
        let chains = table_growth(&self.heads, more) + vec_growth(&self.before, more);
        chains + vec_growth(&self.values, more * width)
    }

    fn bytes(&self) -> u64 {
        let chains = table_bytes(&self.heads) + vec_bytes(&self.before);
        (chains + vec_bytes(&self.values)).saturating_add(self.held)
    }

    fn find(&self, row: &[Value]) -> u32 {
        let head = self.heads.get(&Self::hash(row)).copied().unwrap_or(NO_GROUP);
        self.in_chain(head, row)
    }
}

impl Groups {
    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Makes one group for everything, as an aggregation without keys has.
    pub(super) fn make_single(&mut self) {
        self.count = 1;
    }

    /// The group of each row; `len` rows. Keys are equal when they are equivalent: null to null, 1 to 1.0.
    pub(super) fn assign(
        &mut self,
        columns: &[Column],
        len: usize,
        ask: Ask<'_>,
    ) -> Result<Vec<u32>> {
        if columns.is_empty() {
            self.count = self.count.max(usize::from(len > 0));
            return Ok(vec![0; len]);
        }
        if self.general.is_none() && self.words.read(columns, len, true, ask)? {
            return self.words.assign(len, &mut self.count, ask);
        }
        let mut groups = Vec::with_capacity(len);
        let general = self.general(columns.len(), ask)?;
        ask(general.growth(len, columns.len()))?;
        let mut values = Vec::with_capacity(columns.len());
        for row in 0..len {
            values.clear();
            values.extend(columns.iter().map(|c| c.get(row)));
            groups.push(general.find_or_add(&mut values));
        }
        self.count = general.before.len();
        Ok(groups)
    }

    /// The group of each row, or [`NO_GROUP`] where its keys were never assigned one.
    pub(super) fn find(
        &mut self,
        columns: &[Column],
        len: usize,
        ask: Ask<'_>,
    ) -> Result<Vec<u32>> {
        if self.count == 0 {
            return Ok(vec![NO_GROUP; len]);
        }
        if self.general.is_none() && self.words.read(columns, len, false, ask)? {
            return Ok(self.words.find(len));
        }
        let general = self.general(columns.len(), ask)?;
        let mut values = Vec::with_capacity(columns.len());
        let one = |row: usize| {
            values.clear();
            values.extend(columns.iter().map(|c| c.get(row)));
            general.find(&values)
        };
        Ok((0..len).map(one).collect())
    }

    /// The general table, made of what was known so far.
    fn general(&mut self, width: usize, ask: Ask<'_>) -> Result<&mut General> {
        if self.general.is_none() {
            ask(General::default().growth(self.count, width).saturating_mul(2))?;
        }
        Ok(self.general.get_or_insert_with(|| {
            let words = std::mem::take(&mut self.words);
            let mut general = General::default();
            let mut columns: Vec<_> = (0..words.columns.len()).map(|c| words.values(c)).collect();
            for _ in 0..self.count {
                let mut row = columns.iter_mut().filter_map(Iterator::next).collect();
                general.find_or_add(&mut row);
            }
            general
        }))
    }

    /// The keys of all groups, a column per key.
    pub(super) fn keys(&self, width: usize) -> Vec<Column> {
        let column = |key: usize| match &self.general {
            None => Column::from_values(self.words.values(key)),
            Some(general) => {
                Column::from_values(general.values.iter().skip(key).step_by(width).cloned())
            }
        };
        (0..width).map(column).collect()
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> u64 {
        self.words.bytes() + self.general.as_ref().map_or(0, General::bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(_: u64) -> Result<()> {
        Ok(())
    }

    fn columns(columns: &[&[Value]]) -> Vec<Column> {
        columns.iter().map(|values| Column::from_values(values.iter().cloned())).collect()
    }

    fn text(text: &str) -> Value {
        Value::string(text)
    }

    #[test]
    fn groups_are_numbered_by_first_appearance() {
        let cases: &[(&[&[Value]], &[u32])] = &[
            (&[&[Value::Integer(7), Value::Integer(-1), Value::Integer(7)]], &[0, 1, 0]),
            (&[&[Value::Null, text("a"), Value::Null, text(""), text("a")]], &[0, 1, 0, 2, 1]),
            (&[&[Value::Float(0.0), Value::Float(-0.0), Value::Float(f64::NAN)]], &[0, 0, 1]),
            (&[&[Value::Integer(1), Value::Float(1.0), text("1")]], &[0, 0, 1]),
            (
                &[
                    &[Value::Integer(1), Value::Null, Value::Integer(0), Value::Integer(1)],
                    &[text("a"), text("a"), text("a"), text("a")],
                ],
                &[0, 1, 2, 0],
            ),
        ];
        for (values, expected) in cases {
            let columns = columns(values);
            let mut groups = Groups::default();
            let len = values[0].len();
            assert_eq!(groups.assign(&columns, len, &any).unwrap(), *expected, "{values:?}");
            assert_eq!(groups.find(&columns, len, &any).unwrap(), *expected, "{values:?}");
            // Again after the table has become general.
            groups.general(values.len(), &any).unwrap();
            assert_eq!(groups.assign(&columns, len, &any).unwrap(), *expected, "{values:?}");
        }
    }

    #[test]
    fn a_change_of_type_keeps_the_numbers() {
        let mut groups = Groups::default();
        assert_eq!(
            groups.assign(&columns(&[&[Value::Null, Value::Null]]), 2, &any).unwrap(),
            [0, 0]
        );
        assert_eq!(
            groups.assign(&columns(&[&[Value::Integer(3), Value::Null]]), 2, &any).unwrap(),
            [1, 0]
        );
        assert_eq!(
            groups.assign(&columns(&[&[text("x"), Value::Float(3.0)]]), 2, &any).unwrap(),
            [2, 1]
        );
        assert_eq!(
            groups.find(&columns(&[&[text("y"), Value::Integer(3)]]), 2, &any).unwrap(),
            [NO_GROUP, 1]
        );
        let keys: Vec<Value> = groups.keys(1)[0].iter().collect();
        assert_eq!(keys, [Value::Null, Value::Integer(3), text("x")]);
    }

    #[test]
    fn dense_and_sparse_words_agree() {
        let mut groups = Groups::default();
        let dense: Vec<i64> = (0..5000).rev().collect();
        let numbers = groups.assign(&[Column::integers(dense.clone())], 5000, &any).unwrap();
        assert!(numbers.iter().enumerate().all(|(row, group)| row == *group as usize));
        let sparse = vec![4999, i64::MIN, 100_000, i64::MAX, 0];
        let expected = [0, 5000, 5001, 5002, 4999];
        assert_eq!(groups.assign(&[Column::integers(sparse.clone())], 5, &any).unwrap(), expected);
        assert_eq!(groups.find(&[Column::integers(sparse)], 5, &any).unwrap(), expected);
        assert_eq!(groups.len(), 5003);
    }

    #[test]
    fn words_of_dictionaries_are_texts() {
        let words: Arc<Vec<Arc<str>>> = Arc::new(vec!["a".into(), "b".into()]);
        let mut validity = Bitmap::filled(3, true);
        validity.set(1, false);
        let column = Column::dictionary(vec![1, 0, 1], words.clone()).with_validity(validity);
        let mut groups = Groups::default();
        assert_eq!(groups.assign(&[column], 3, &any).unwrap(), [0, 1, 0]);
        assert_eq!(
            groups.assign(&[Column::dictionary(vec![0, 1], words)], 2, &any).unwrap(),
            [2, 0]
        );
        assert_eq!(
            groups.assign(&columns(&[&[text("a"), text("b"), Value::Null]]), 3, &any).unwrap(),
            [2, 0, 1]
        );
    }
}
