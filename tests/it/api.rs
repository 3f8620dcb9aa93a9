//! The library as its users meet it: transactions, prepared statements, limits, conversions.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use redstring::{
    Database, Detail, ErrorClass, FromRow, Node, Options, Path, Phase, Relationship, Row, Value,
    params,
};

fn count(db: &Database, label: &str) -> i64 {
    let rows = db.query(&format!("MATCH (n:{label}) RETURN count(*)"), ()).unwrap();
    rows.single().unwrap().get(0).unwrap()
}

#[test]
fn handles_can_be_shared() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn sent<T: Send + 'static>(_: &T) {}
    let db = Database::in_memory();
    shared(&db);
    shared(&db.prepare("RETURN 1").unwrap());
    shared(&db.begin_read());
    sent(&db.begin().unwrap());
    sent(&db.query("RETURN 1", ()).unwrap());
}

#[test]
fn readers_see_their_snapshot_while_a_writer_writes() {
    let db = Database::in_memory();
    db.execute("UNWIND range(1, 5000) AS i CREATE (:N {i: i})", ()).unwrap();
    let mut rows = db.query("MATCH (n:N) RETURN n.i", ()).unwrap();
    assert!(rows.next().unwrap().is_ok());
    db.execute("MATCH (n:N) DELETE n", ()).unwrap();
    assert_eq!(rows.collect::<Result<Vec<_>, _>>().unwrap().len(), 4999);
    assert_eq!(count(&db, "N"), 0);
}

#[test]
fn a_failed_statement_leaves_no_trace() {
    let db = Database::in_memory();
    let text = "UNWIND [1, 0] AS i CREATE (:N {i: 1 / i})";
    let error = db.execute(text, ()).unwrap_err();
    assert_eq!(error.kind(), Detail::DivisionByZero);
    assert_eq!(count(&db, "N"), 0);

    let mut transaction = db.begin().unwrap();
    transaction.execute("CREATE (:N)", ()).unwrap();
    transaction.execute(text, ()).unwrap_err();
    transaction.execute("RETURN nobody", ()).unwrap_err();
    transaction.execute("CREATE (:N)", ()).unwrap();
    transaction.commit().unwrap();
    assert_eq!(count(&db, "N"), 2);
}

#[test]
fn what_a_transaction_writes_is_its_own_until_the_commit() {
    let db = Database::in_memory();
    let mut transaction = db.begin().unwrap();
    transaction.execute("CREATE (:N)", ()).unwrap();
    let rows = transaction.query("MATCH (n:N) RETURN count(*)", ()).unwrap();
    assert_eq!(rows.single().unwrap().get::<i64>(0).unwrap(), 1);
    assert_eq!(count(&db, "N"), 0);
    transaction.rollback().unwrap();
    assert_eq!(count(&db, "N"), 0);
}

#[test]
fn a_second_writer_waits_and_then_gives_up() {
    let db = Database::in_memory_with(Options::default().lock_timeout(Duration::from_millis(20)));
    let transaction = db.begin().unwrap();
    let error = db.execute("CREATE ()", ()).unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    drop(transaction);
    db.execute("CREATE ()", ()).unwrap();
}

#[test]
fn a_read_transaction_refuses_to_write() {
    let db = Database::in_memory();
    let error = db.begin_read().query("CREATE ()", ()).unwrap_err();
    assert_eq!(error.code(), "TransactionError.ReadOnly");
}

#[test]
fn a_prepared_statement_follows_the_graph() {
    let db = Database::in_memory();
    let ask = db.prepare("MATCH (n:N {i: $i}) RETURN n.i AS i").unwrap();
    assert!(ask.is_read_only());
    assert_eq!(ask.parameters().iter().map(|p| &**p).collect::<Vec<_>>(), ["i"]);
    assert!(ask.query(params! {i: 1}).unwrap().next().is_none());
    db.execute("UNWIND range(1, 100) AS i CREATE (:N {i: i})", ()).unwrap();
    let row = ask.query(params! {i: 7}).unwrap().single().unwrap();
    assert_eq!(row.get::<i64>("i").unwrap(), 7);
}

#[test]
fn a_missing_parameter_is_named_before_anything_runs() {
    let db = Database::in_memory();
    let error = db.execute("CREATE (:N {i: $there})", params! {"other" => 1}).unwrap_err();
    assert_eq!(error.class(), ErrorClass::ParameterMissing);
    assert_eq!(error.phase(), Phase::CompileTime);
    assert!(error.message().contains("`$there`"), "{error}");
    let error = db.query("RETURN 1", 1).unwrap_err();
    assert_eq!(error.kind(), Detail::InvalidParameterUse);
}

#[test]
fn rows_become_rust_types() {
    let db = Database::in_memory();
    let text = "CREATE p = (a:Person {name: 'Ada'})-[r:KNOWS {since: 1833}]->(b) \
                RETURN a, r, p, [1, null] AS list, {k: 1.5} AS map";
    let row = db.query(text, ()).unwrap().single().unwrap();
    let a: Node = row.get("a").unwrap();
    assert_eq!(a.labels().iter().map(|l| &**l).collect::<Vec<_>>(), ["Person"]);
    assert!(matches!(a.get("name"), Value::String(name) if &**name == "Ada"));
    let r: Relationship = row.get("r").unwrap();
    assert_eq!((r.type_name(), r.start()), ("KNOWS", Some(a.id())));
    let p: Path = row.get(2).unwrap();
    assert_eq!((p.len(), p.nodes()[0].labels().len()), (1, 1));
    assert_eq!(row.get::<Vec<Option<u8>>>("list").unwrap(), [Some(1), None]);
    let map = row.get::<std::collections::HashMap<String, f64>>("map").unwrap();
    assert_eq!(map["k"], 1.5);

    let error = row.get::<i64>("a").unwrap_err();
    assert_eq!(error.kind(), Detail::ConversionFailed);
    assert!(error.message().starts_with("column `a`: "), "{error}");
    assert_eq!(row.get::<i64>("b").unwrap_err().kind(), Detail::UnknownColumn);
    assert_eq!(row.get::<i64>(9).unwrap_err().kind(), Detail::UnknownColumn);
    assert!(<(i64, i64)>::from_row(row).is_err());
}

#[test]
fn rows_become_structs() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Person {
        name: String,
        born: Option<i64>,
        tags: Vec<String>,
    }
    let db = Database::in_memory();
    let text = "UNWIND [{n: 'Ada', b: 1815}, {n: 'Bo'}] AS x \
                RETURN x.n AS name, x.b AS born, ['t'] AS tags";
    let people: Vec<Person> =
        db.query(text, ()).unwrap().deserialize().collect::<Result<_, _>>().unwrap();
    let tags = || vec!["t".to_string()];
    let expected = [
        Person { name: "Ada".to_string(), born: Some(1815), tags: tags() },
        Person { name: "Bo".to_string(), born: None, tags: tags() },
    ];
    assert_eq!(people, expected);
}

#[test]
fn explain_shows_the_plan_and_runs_nothing() {
    let db = Database::in_memory();
    let rows = db.query("EXPLAIN CREATE (:N) RETURN 1", ()).unwrap();
    assert_eq!(rows.columns().len(), 1);
    assert!(rows.summary().plan().unwrap().contains("Create"));
    assert_eq!(count(&db, "N"), 0);
}

#[test]
fn profile_runs_and_counts_rows() {
    let db = Database::in_memory();
    let text = "PROFILE UNWIND range(1, 30) AS i CREATE (n:N) RETURN n";
    let rows = db.query(text, ()).unwrap();
    assert_eq!(rows.summary().counters().nodes_created, 30);
    let plan: Vec<String> =
        rows.map(|row| row.and_then(Row::into_tuple::<(String,)>).unwrap().0).collect();
    assert!(plan.iter().any(|line| line.contains("Unwind") && line.contains("30")), "{plan:#?}");
    assert_eq!(count(&db, "N"), 30);
}

const ENDLESS: &str = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b \
                       WITH a, b WHERE a + b < 0 CREATE (:N)";

#[test]
fn a_statement_out_of_time_ends_and_leaves_nothing() {
    let db = Database::in_memory_with(Options::default().timeout(Duration::from_millis(50)));
    let begun = Instant::now();
    let error = db.execute(ENDLESS, ()).unwrap_err();
    assert_eq!(error.code(), "LimitError.TimedOut");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_statement_can_be_cancelled() {
    let db = Database::in_memory();
    let cancel = db.cancel_handle();
    let (sender, receiver) = mpsc::channel();
    let running = thread::spawn(move || sender.send(db.execute(ENDLESS, ()).unwrap_err()));
    // The statement may not have begun yet: what begins later is not cancelled, so ask again.
    let error = loop {
        cancel.cancel();
        match receiver.recv_timeout(Duration::from_millis(20)) {
            Ok(error) => break error,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => panic!("the statement ended by itself"),
        }
    };
    running.join().unwrap().unwrap();
    assert_eq!(error.code(), "Cancelled.CancelledByCaller");
}
