//! Generated queries over small random graphs: whatever they mean, they mean the same under every treatment, on
//! segments alone and with changes on top of them.
//!
//! The seeds are fixed, so that a run repeats. `REDSTRING_TEST_SEEDS=FROM..TO` tries others.

use std::ops::Range;
use std::time::Duration;

use redstring::{Database, Options, Transaction, Value};

use crate::treatment::{TREATMENTS, Treated};

mod query;
mod random;

use query::Writer;
use random::Random;

/// Graphs in an ordinary run, and queries on each: half on segments, half on changes above them.
const GRAPHS: Range<u64> = 0..12;
const QUERIES: usize = 40;

/// A query that takes longer is passed over: it says nothing about right and wrong.
const LIMIT: Duration = Duration::from_secs(5);
const TIMED_OUT: &str = "error LimitError.TimedOut";

#[test]
fn generated_queries_mean_the_same_under_every_treatment() {
    let (mut errors, mut empty, mut all) = (0, 0, 0);
    for seed in seeds() {
        let mut random = Random::new(seed);
        let (graph, changes) = (query::graph(&mut random), query::changes(&mut random));
        let mut stores: Vec<Treated> = TREATMENTS
            .iter()
            .map(|treatment| {
                let store = Treated::new(treatment, Options::default().timeout(LIMIT)).unwrap();
                store.database().unwrap().execute(&graph, ()).unwrap();
                store
            })
            .collect();
        for store in &mut stores {
            store.settle().unwrap();
        }
        for number in 0..QUERIES {
            if number == QUERIES / 2 {
                for store in &stores {
                    for change in &changes {
                        store.database().unwrap().execute(change, ()).unwrap();
                    }
                }
            }
            let text = Writer::new(&mut random).query();
            let mut usual: Option<Vec<String>> = None;
            for (store, treatment) in stores.iter().zip(TREATMENTS) {
                let found = ask(store.database().unwrap(), &text);
                let usual = usual.get_or_insert_with(|| found.clone());
                if found.iter().chain(&*usual).any(|line| line == TIMED_OUT) {
                    break;
                }
                assert_eq!(
                    &found, usual,
                    "seed {seed}, query {number}, {}:\n{graph}\n{changes:#?}\n{text}",
                    treatment.name
                );
            }
            let usual = usual.unwrap_or_default();
            all += 1;
            errors += usize::from(usual.first().is_some_and(|line| line.starts_with("error ")));
            empty += usize::from(usual.is_empty());
        }
    }
    println!("{all} queries, {errors} with errors, {empty} without rows");
    assert!(errors * 10 < all, "too few queries are meaningful");
    assert!(empty * 2 < all, "too few queries find anything");
}

fn seeds() -> Range<u64> {
    let given = std::env::var("REDSTRING_TEST_SEEDS").unwrap_or_default();
    match given.split_once("..") {
        Some((from, to)) => from.parse().unwrap()..to.parse().unwrap(),
        None => GRAPHS,
    }
}

/// The rows in any order, the graph afterwards and what was counted; or the error. Nothing stays.
fn ask(db: &Database, text: &str) -> Vec<String> {
    let mut transaction = db.begin().unwrap();
    let mut found = rows(&mut transaction, text);
    let is_error = found.first().is_some_and(|line| line.starts_with("error "));
    if !is_error && query::writes(text) {
        for all in ["MATCH (n) RETURN n", "MATCH (a)-[r]->(b) RETURN a, r, b"] {
            found.push("--".to_string());
            found.extend(rows(&mut transaction, all));
        }
    }
    transaction.rollback().unwrap();
    found
}

fn rows(transaction: &mut Transaction, text: &str) -> Vec<String> {
    let outcome = transaction.query(text, ()).and_then(|mut rows| {
        let mut lines = Vec::new();
        for row in &mut rows {
            lines.push(row?.values().iter().map(in_any_order).collect::<Vec<_>>().join(" | "));
        }
        lines.sort();
        if rows.summary().counters().contains_updates() {
            lines.push(rows.summary().counters().to_string());
        }
        Ok(lines)
    });
    outcome.unwrap_or_else(|error| {
        let internal = error.class() == redstring::ErrorClass::InternalError;
        assert!(!internal, "{error:?}: {text}");
        vec![format!("error {}", error.code())]
    })
}

/// The value as text; the order within lists is free where they were collected.
fn in_any_order(value: &Value) -> String {
    match value {
        Value::List(items) => {
            let mut items: Vec<String> = items.iter().map(in_any_order).collect();
            items.sort();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}
