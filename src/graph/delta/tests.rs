//! What the delta's collections answer, held against plain ones that get the same changes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-20i64..20).prop_map(Value::Integer),
        1 => (-20i64..20).prop_map(|x| Value::Float(x as f64 / 2.0)),
        1 => "[a-c]{0,2}".prop_map(|text| Value::string(text.as_str())),
    ]
}

/// What is done to the entries of an index.
#[derive(Debug, Clone)]
enum Step {
    Change(Vec<(Entry, bool)>),
    Integers(BTreeSet<(i64, u64)>),
}

fn step() -> impl Strategy<Value = Step> {
    let entry = (value(), 0u64..40);
    prop_oneof![
        prop::collection::vec((entry, any::<bool>()), 0..30).prop_map(Step::Change),
        prop::collection::btree_set((-20i64..20, 0u64..40), 0..300).prop_map(Step::Integers),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn entries_are_a_set_in_order(
        steps in prop::collection::vec(step(), 0..24),
        keys in prop::collection::vec(value(), 1..8),
    ) {
        let mut entries = Entries::default();
        let mut known: BTreeSet<Entry> = BTreeSet::new();
        for step in steps {
            match step {
                Step::Change(changes) => {
                    for (entry, there) in &changes {
                        if *there {
                            known.replace(entry.clone());
                        } else {
                            known.remove(entry);
                        }
                    }
                    entries.change(changes);
                }
                Step::Integers(new) => {
                    known.extend(new.iter().map(|(key, id)| (Value::Integer(*key), *id)));
                    entries.add_integers(new.into_iter().collect());
                }
            }
        }
        prop_assert_eq!(entries.iter().collect::<Vec<_>>(), known.iter().cloned().collect::<Vec<_>>());
        prop_assert!(entries.len() >= known.len());
        let mut keys = keys;
        keys.sort();
        for key in &keys {
            let from: Vec<Entry> = entries.from(key, 7).collect();
            let expected: Vec<Entry> = known.range((key.clone(), 7)..).cloned().collect();
            prop_assert_eq!(from, expected);
        }
        let mut found = Vec::new();
        entries.seek((0..).zip(&keys), &mut found);
        let expected: Vec<(u32, u64)> = (0..)
            .zip(&keys)
            .flat_map(|(number, key)| {
                let of_key = known.range((key.clone(), 0)..=(key.clone(), u64::MAX));
                of_key.map(move |(_, id)| (number, *id))
            })
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn entities_hold_what_was_put_in(
        first in 0u64..200,
        columns in prop::collection::vec(prop::collection::vec(
            prop_oneof![Just(Value::Null), value()], 150,
        ), 0..3),
        integers in any::<bool>(),
        changes in prop::collection::vec(
            (0u64..400, 0u32..4, prop_oneof![Just(Value::Null), value()]), 0..60,
        ),
        removed in prop::collection::vec(0u64..400, 0..20),
    ) {
        let mut entities: Entities<u64> = Entities::default();
        let mut known: BTreeMap<u64, BTreeMap<u32, Value>> = BTreeMap::new();
        let mut all: Vec<(KeyId, Values)> = (0..).map(KeyId)
            .zip(columns.into_iter().map(|column| column.into_iter().collect()))
            .collect();
        if integers {
            all.push((KeyId(3), (0..150).map(Value::Integer).collect()));
        }
        entities.append(first..first + 150, |at| at as u64, &all);
        for at in 0..150 {
            let own = all.iter().map(|(key, values)| (key.0, values.get(at as usize)));
            known.insert(first + at, own.filter(|(_, value)| !value.is_null()).collect());
        }
        let before = entities.clone();
        let earlier = known.clone();
        for (id, key, value) in changes {
            let Some(own) = known.get_mut(&id) else {
                let own: Properties = vec![(KeyId(key), Value::Integer(1))];
                entities.put(id, id, &own);
                known.insert(id, [(key, Value::Integer(1))].into());
                continue;
            };
            let had = own.contains_key(&key);
            prop_assert_eq!(entities.set(id, KeyId(key), &value), had || !value.is_null());
            if value.is_null() {
                own.remove(&key);
            } else {
                own.insert(key, value);
            }
        }
        for id in removed {
            entities.put(id, 0, &[]);
            known.insert(id, BTreeMap::new());
        }
        // What shares blocks with it has not changed.
        for (entities, known) in [(&entities, &known), (&before, &earlier)] {
            let found: Vec<(u64, Properties)> =
                entities.range(0..u64::MAX).map(|(id, one)| (id, one.properties())).collect();
            let expected: Vec<(u64, Properties)> = known
                .iter()
                .map(|(id, own)| {
                    (*id, own.iter().map(|(key, value)| (KeyId(*key), value.clone())).collect())
                })
                .collect();
            prop_assert_eq!(found, expected);
        }
        let within = entities.range(70..130).map(|(id, _)| id).collect::<Vec<_>>();
        prop_assert_eq!(within, known.range(70..130).map(|(id, _)| *id).collect::<Vec<_>>());
    }
}
