//! Histories of concurrent transactions, checked for what snapshot isolation with serial writers allows.
//!
//! The graph is a row of registers and a clock. A writing transaction reads all of them, raises the clock and writes
//! its number into some registers, so the clock orders all writers. Then every transaction, whatever ran beside
//! it, must have read exactly the state that the writers up to the clock it read have left: no dirty, torn, lost
//! or skewed read or write passes. Committed work must be visible to whoever begins later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use redstring::{Database, Options, Result, Rows, params};

const REGISTERS: i64 = 6;
const WRITERS: u64 = 4;
const READERS: u64 = 3;

/// What one transaction saw and did.
#[derive(Debug)]
struct Event {
    /// The highest clock whose commit had returned before this transaction began.
    acknowledged: i64,
    /// The clock it read, and what each register held.
    clock: i64,
    read: Vec<i64>,
    /// The registers into which a committed writer put the next clock.
    wrote: Option<Vec<i64>>,
}

/// A fixed row of numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

fn state(rows: Rows) -> Result<(i64, Vec<i64>)> {
    rows.single()?.into_tuple()
}

const READ: &str = "MATCH (c:Clock) MATCH (r:Register) WITH c, r ORDER BY r.number \
                    RETURN c.value AS clock, collect(r.value) AS registers";

/// A writing transaction; some fail in between, some are rolled back.
fn write(db: &Database, random: &mut Random, acknowledged: &AtomicI64) -> Option<Event> {
    let before = acknowledged.load(Ordering::SeqCst);
    let mut transaction = db.begin().unwrap();
    let (clock, read) = state(transaction.query(READ, ()).unwrap()).unwrap();
    let wrote: Vec<i64> = (0..REGISTERS).filter(|_| random.below(3) == 0).collect();
    let set = "MATCH (c:Clock) SET c.value = $next WITH c \
               MATCH (r:Register) WHERE r.number IN $wrote SET r.value = $next";
    if random.below(4) == 0 {
        // What a statement has written before its error must not stay.
        let failing = "MATCH (r:Register) SET r.value = -1 WITH r RETURN 1 / (r.number - r.number)";
        transaction.execute(failing, ()).unwrap_err();
    }
    transaction.execute(set, params! {"next" => clock + 1, "wrote" => wrote.clone()}).unwrap();
    let again = state(transaction.query(READ, ()).unwrap()).unwrap();
    assert_eq!(again.0, clock + 1, "a transaction sees what it wrote");
    match random.below(5) {
        0 => transaction.rollback().unwrap(),
        1 => drop(transaction),
        _ => {
            transaction.commit().unwrap();
            acknowledged.fetch_max(clock + 1, Ordering::SeqCst);
            return Some(Event { acknowledged: before, clock, read, wrote: Some(wrote) });
        }
    }
    None
}

/// A reading transaction: both of its reads see the same.
fn read(db: &Database, acknowledged: &AtomicI64) -> Event {
    let before = acknowledged.load(Ordering::SeqCst);
    let transaction = db.begin_read();
    let (clock, read) = state(transaction.query(READ, ()).unwrap()).unwrap();
    thread::yield_now();
    let again = state(transaction.query(READ, ()).unwrap()).unwrap();
    assert_eq!(again, (clock, read.clone()), "a snapshot does not move");
    Event { acknowledged: before, clock, read, wrote: None }
}

fn history(db: &Database, seed: u64, transactions: u64) -> Vec<Event> {
    db.execute(
        "CREATE (:Clock {value: 0}) WITH 1 AS one UNWIND range(0, $last) AS i \
         CREATE (:Register {number: i, value: 0})",
        params! {"last" => REGISTERS - 1},
    )
    .unwrap();
    let acknowledged = Arc::new(AtomicI64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let acknowledged = acknowledged.clone();
                scope.spawn(move || {
                    let mut random = Random(seed * 1000 + number);
                    (0..transactions)
                        .filter_map(|_| write(db, &mut random, &acknowledged))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let (acknowledged, done) = (acknowledged.clone(), done.clone());
                scope.spawn(move || {
                    let mut events = Vec::new();
                    while !done.load(Ordering::SeqCst) || events.is_empty() {
                        events.push(read(db, &acknowledged));
                    }
                    events
                })
            })
            .collect();
        let checkpoints = {
            let done = done.clone();
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    db.checkpoint().unwrap();
                    thread::yield_now();
                }
            })
        };
        let mut events: Vec<Event> =
            writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        done.store(true, Ordering::SeqCst);
        events.extend(readers.into_iter().flat_map(|reader| reader.join().unwrap()));
        checkpoints.join().unwrap();
        events
    })
}

/// What is wrong with a history; nothing if snapshot isolation allows it.
fn anomaly(events: &[Event]) -> Option<String> {
    let mut writers: Vec<&Event> = events.iter().filter(|event| event.wrote.is_some()).collect();
    writers.sort_by_key(|event| event.clock);
    // The state after each clock, from the writers alone.
    let mut states = vec![vec![0; usize::try_from(REGISTERS).unwrap()]];
    for (clock, writer) in (0..).zip(&writers) {
        if writer.clock != clock {
            return Some(format!("no writer, or two, followed clock {clock}: {writer:?}"));
        }
        let mut next = states.last().unwrap().clone();
        for register in writer.wrote.iter().flatten() {
            next[usize::try_from(*register).unwrap()] = clock + 1;
        }
        states.push(next);
    }
    for event in events {
        let Some(state) = usize::try_from(event.clock).ok().and_then(|clock| states.get(clock))
        else {
            return Some(format!("nobody committed the clock that was read: {event:?}"));
        };
        if &event.read != state {
            return Some(format!("{event:?} should have read {state:?}"));
        }
        if event.clock < event.acknowledged {
            return Some(format!("what was committed before it began is not there: {event:?}"));
        }
    }
    None
}

#[test]
fn concurrent_histories_have_no_anomaly() {
    for seed in 1..=4 {
        let db = Database::in_memory();
        assert_eq!(anomaly(&history(&db, seed, 60)), None, "seed {seed}, in memory");
    }
    let folder = tempfile::tempdir().unwrap();
    for engine in ["sled", "redb"] {
        let options = Options::default().engine(engine);
        let db = Database::open_with(folder.path().join(engine), options).unwrap();
        assert_eq!(anomaly(&history(&db, 9, 25)), None, "{engine}");
    }
}

#[test]
fn an_anomaly_is_seen() {
    let zeros = || vec![0; usize::try_from(REGISTERS).unwrap()];
    let writer = |clock, read| Event { acknowledged: 0, clock, read, wrote: Some(vec![0]) };
    let reader = |acknowledged, clock, read| Event { acknowledged, clock, read, wrote: None };
    let mut one = zeros();
    one[0] = 1;
    assert_eq!(anomaly(&[writer(0, zeros()), reader(0, 1, one.clone())]), None);
    let bad = [
        ("a lost update", vec![writer(0, zeros()), writer(0, zeros())]),
        ("a dirty read", vec![writer(0, zeros()), reader(0, 2, one.clone())]),
        ("a torn read", vec![writer(0, zeros()), reader(0, 1, zeros())]),
        ("a stale read", vec![writer(0, zeros()), reader(1, 0, zeros())]),
    ];
    for (what, events) in bad {
        assert!(anomaly(&events).is_some(), "{what}");
    }
}
