//! Numbering of groups: equal keys get the same number, in the order of first appearance.

use std::hash::Hasher;

use rustc_hash::FxHashMap;
use rustc_hash::FxHasher;

use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Value;
use crate::value::ordering;

/// Rows grouped by any number of key columns.
#[derive(Debug, Default)]
pub(super) struct Groups {
    keys: Keys,
    count: usize,
}

#[derive(Debug, Default)]
enum Keys {
    /// No row seen yet.
    #[default]
    Empty,
    /// A single key that has been an integer (or an id) in every row so far.
    Numbers(Kind, FxHashMap<u64, u32>, Vec<u64>),
    /// Anything.
    General(General),
}

/// What a number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Node,
    Relationship,
}

#[derive(Debug, Default)]
struct General {
    /// From the hash of the keys to the latest group with it.
    heads: FxHashMap<u64, u32>,
    /// For each group the one before it with the same hash.
    before: Vec<Option<u32>>,
    /// The keys of each group, one after the other.
    values: Vec<Value>,
}

impl General {
    fn find_or_add(&mut self, row: &mut Vec<Value>) -> u32 {
        let mut hasher = FxHasher::default();
        row.iter().for_each(|value| ordering::hash_equivalent(value, &mut hasher));
        let hash = hasher.finish();
        let head = self.heads.get(&hash).copied();
        let mut candidate = head;
        while let Some(group) = candidate {
            let at = group as usize * row.len();
            let same = self.values[at..at + row.len()]
                .iter()
                .zip(row.iter())
                .all(|(a, b)| ordering::equivalent(a, b));
            if same {
                return group;
            }
            candidate = self.before[group as usize];
        }
        let group = self.before.len() as u32;
        self.before.push(head);
        self.heads.insert(hash, group);
        self.values.append(row);
        group
    }
}

/// The numbers of a column without nulls.
fn numbers(column: &Column) -> Option<(Kind, Vec<u64>)> {
    if column.validity().is_some() {
        return None;
    }
    match column.data() {
        ColumnData::Integer(v) => Some((Kind::Integer, v.iter().map(|x| *x as u64).collect())),
        ColumnData::Node(v) => Some((Kind::Node, v.iter().map(|x| x.0).collect())),
        ColumnData::Relationship(v) => Some((Kind::Relationship, v.iter().map(|x| x.0).collect())),
        _ => None,
    }
}

fn value_of(kind: Kind, number: u64) -> Value {
    match kind {
        Kind::Integer => Value::Integer(number as i64),
        Kind::Node => Value::Node(crate::value::Node::new(crate::value::NodeId(number))),
        Kind::Relationship => Value::Relationship(crate::value::Relationship::new(
            crate::value::RelationshipId(number),
        )),
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

    /// The group of each row; `len` rows.
    pub(super) fn assign(&mut self, columns: &[Column], len: usize) -> Vec<u32> {
        if columns.is_empty() {
            self.count = self.count.max(usize::from(len > 0));
            return vec![0; len];
        }
        if let [column] = columns
            && let Some((kind, numbers)) = numbers(column)
        {
            if matches!(self.keys, Keys::Empty) {
                self.keys = Keys::Numbers(kind, FxHashMap::default(), Vec::new());
            }
            if let Keys::Numbers(known, map, order) = &mut self.keys
                && *known == kind
            {
                let groups = numbers
                    .into_iter()
                    .map(|number| {
                        *map.entry(number).or_insert_with(|| {
                            order.push(number);
                            order.len() as u32 - 1
                        })
                    })
                    .collect();
                self.count = order.len();
                return groups;
            }
        }
        let general = self.general();
        let groups = match columns {
            // One look-up per word of the dictionary rather than per row.
            [column] if column.validity().is_none() => match column.data() {
                ColumnData::Dictionary(codes, words) => {
                    let mut known: Vec<Option<u32>> = vec![None; words.len()];
                    codes
                        .iter()
                        .map(|code| {
                            let place = &mut known[*code as usize];
                            *place.get_or_insert_with(|| {
                                let word = Value::String(words[*code as usize].clone());
                                general.find_or_add(&mut vec![word])
                            })
                        })
                        .collect()
                }
                _ => by_row(general, columns, len),
            },
            _ => by_row(general, columns, len),
        };
        self.count = general.before.len();
        groups
    }

    /// The general table, made of what was known so far.
    fn general(&mut self) -> &mut General {
        if !matches!(self.keys, Keys::General(_)) {
            let mut general = General::default();
            if let Keys::Numbers(kind, _, order) = &self.keys {
                for number in order {
                    general.find_or_add(&mut vec![value_of(*kind, *number)]);
                }
            }
            self.keys = Keys::General(general);
        }
        match &mut self.keys {
            Keys::General(general) => general,
            Keys::Empty | Keys::Numbers(..) => unreachable!("the keys were made general above"),
        }
    }

    /// The keys of all groups, a column per key.
    pub(super) fn keys(&self, width: usize) -> Vec<Column> {
        match &self.keys {
            Keys::Empty => vec![Column::nulls(0); width],
            Keys::Numbers(kind, _, order) => {
                vec![Column::from_values(order.iter().map(|n| value_of(*kind, *n)))]
            }
            Keys::General(general) => (0..width)
                .map(|key| {
                    Column::from_values(general.values.iter().skip(key).step_by(width).cloned())
                })
                .collect(),
        }
    }
}

fn by_row(general: &mut General, columns: &[Column], len: usize) -> Vec<u32> {
    let mut row_values = Vec::with_capacity(columns.len());
    (0..len)
        .map(|row| {
            row_values.clear();
            row_values.extend(columns.iter().map(|c| c.get(row)));
            general.find_or_add(&mut row_values)
        })
        .collect()
}
