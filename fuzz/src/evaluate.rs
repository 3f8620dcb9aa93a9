//! Targets that run statements.

use std::cell::RefCell;
use std::time::Duration;

use redstring::{Database, Error, ErrorClass, Options, Phase, Value, params};

use super::generate::{GRAPH, statement};

/// How many rows are looked at.
const ROWS: usize = 5_000;

/// What a statement gave.
enum Outcome {
    Rows(Vec<Vec<Value>>),
    /// More than are worth comparing, or an end by a limit.
    Unknown,
    Failed(Error),
}

/// Any text binds and plans, or is refused in words: EXPLAIN runs nothing.
pub fn bind(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let explained = format!("EXPLAIN {text}");
    let [optimized, plain] = on_both(|db| run(db, &explained));
    if let (Outcome::Failed(a), Outcome::Failed(b)) = (&optimized, &plain) {
        assert_eq!(a.code(), b.code(), "{text}");
    }
}

/// Any statement ends with rows or an error, the same optimised and not.
pub fn evaluate(data: &[u8]) {
    compare(&String::from_utf8_lossy(data));
}

/// As [`evaluate`], for a statement made of the bytes, which is always a valid one.
pub fn generate(data: &[u8]) {
    compare(&statement(data));
}

fn compare(text: &str) {
    let [optimized, plain] = on_both(|db| run(db, text));
    let compile_time = |error: &Error| error.phase() == Phase::CompileTime;
    match (optimized, plain) {
        (Outcome::Rows(mut a), Outcome::Rows(mut b)) if is_determined(text) => {
            // By equivalence, as `==` and the order of values go: 1 is 1.0.
            a.sort();
            b.sort();
            assert!(a == b, "{text}\noptimised: {a:?}\nas written: {b:?}");
        }
        (Outcome::Failed(a), Outcome::Failed(b)) if compile_time(&a) || compile_time(&b) => {
            assert_eq!(a.code(), b.code(), "{text}\n{a}\n{b}");
        }
        (Outcome::Failed(error), Outcome::Rows(_)) | (Outcome::Rows(_), Outcome::Failed(error)) => {
            assert!(!compile_time(&error), "{text}\n{error}");
        }
        _ => {}
    }
}

/// Whether the language says what the rows of a statement are. Which rows are cut off, the order within a list, and
/// which of 1 and 1.0 stands for both it leaves open.
fn is_determined(text: &str) -> bool {
    const OPEN: &[&str] = &[
        "LIMIT",
        "SKIP",
        "OFFSET",
        "COLLECT",
        "RAND",
        "RANDOMUUID",
        "TIMESTAMP",
        "DATE",
        "TIME",
        "DATETIME",
        "LOCALTIME",
        "LOCALDATETIME",
        "SHORTESTPATH",
        "SHORTEST",
        "ANY",
        "SUM",
        "AVG",
        "STDEV",
        "STDEVP",
        "DISTINCT",
        "MIN",
        "MAX",
        "CREATE",
        "MERGE",
        "SET",
        "DELETE",
        "REMOVE",
        "FOREACH",
        "PERCENTILEDISC",
        "PERCENTILECONT",
        "PROFILE",
        "EXPLAIN",
        "ELEMENTID",
        "ID",
        "UNION",
        "TRANSACTIONS",
        "COUNT",
        "TOSTRING",
        "TOSTRINGORNULL",
    ];
    let word = |c: char| !(c.is_alphanumeric() || c == '_');
    !text.split(word).any(|w| OPEN.contains(&w.to_uppercase().as_str()))
}

fn run(db: &Database, text: &str) -> Outcome {
    let parameters = params! {
        "i" => 3, "s" => "text", "n" => Value::Null, "l" => vec![1, 2, 3], "f" => 0.5,
    };
    let ended = (|| {
        // What it writes is rolled back.
        let mut transaction = db.begin()?;
        let rows = transaction.query(text, parameters)?;
        let columns = rows.columns().len();
        let mut found = Vec::new();
        for row in rows {
            let row = row?.into_values();
            assert_eq!(row.len(), columns, "{text}");
            found.push(row);
            if found.len() > ROWS {
                return Ok(None);
            }
        }
        Ok(Some(found))
    })();
    match ended {
        Ok(Some(rows)) => Outcome::Rows(rows),
        Ok(None) => Outcome::Unknown,
        Err(error) => {
            let error: Error = error;
            assert_ne!(error.class(), ErrorClass::InternalError, "{text}\n{error:?}");
            assert!(!error.is_corruption(), "{text}\n{error:?}");
            if let Some(place) = error.span() {
                assert!(text.get(place.start..place.end).is_some(), "{text}\n{place:?} {error}");
            }
            match error.class() {
                ErrorClass::LimitError if error.phase() == Phase::Runtime => Outcome::Unknown,
                _ => Outcome::Failed(error),
            }
        }
    }
}

/// Runs on two databases of one small graph: with the optimizer and without.
fn on_both<T>(run: impl Fn(&Database) -> T) -> [T; 2] {
    thread_local! {
        static DATABASES: RefCell<Option<[Database; 2]>> = const { RefCell::new(None) };
    }
    DATABASES.with_borrow_mut(|databases| {
        let [a, b] = databases.get_or_insert_with(|| [database(true), database(false)]);
        [run(a), run(b)]
    })
}

fn database(optimize: bool) -> Database {
    let options = Options::default()
        .optimize(optimize)
        .cached_plans(1)
        .timeout(Duration::from_millis(300))
        .memory_limit(Some(64 << 20));
    let db = Database::in_memory_with(options);
    db.execute(GRAPH, ()).unwrap();
    db
}
