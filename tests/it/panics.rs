//! What a function, an aggregate or a procedure of the library's user does wrong ends its statement, and nothing else: the
//! transaction goes on, the writer's place is free, other handles work.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use redstring::function::{FunctionProcedure, GroupState};
use redstring::{
    CancelHandle, Context, Database, Detail, Error, Options, Result, StatementOptions,
    UserAggregate, UserFunction, Value,
};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    Nothing,
    Panics,
    Fails,
    IsCancelled,
    RunsOutOfTime,
}

const ALL_WRONG: [Wrong; 4] =
    [Wrong::Panics, Wrong::Fails, Wrong::IsCancelled, Wrong::RunsOutOfTime];

impl Wrong {
    fn kind(self) -> Detail {
        match self {
            Self::Nothing => Detail::Defect,
            Self::Panics => Detail::FunctionPanicked,
            Self::Fails => Detail::InvalidArgumentValue,
            Self::IsCancelled => Detail::CancelledByCaller,
            Self::RunsOutOfTime => Detail::TimedOut,
        }
    }
}

/// What the functions do, which changes from test to test.
#[derive(Clone)]
struct Will(Arc<Mutex<(Wrong, CancelHandle)>>);

impl Will {
    fn set(&self, wrong: Wrong) -> StatementOptions {
        let cancel = CancelHandle::new();
        *self.0.lock().unwrap() = (wrong, cancel.clone());
        let time = (wrong == Wrong::RunsOutOfTime).then_some(Duration::from_millis(1));
        StatementOptions::new().cancel(&cancel).timeout(time)
    }

    /// Does it. With a context the function itself sees that it must end; else the statement sees it afterwards.
    fn done(&self, context: Option<&Context<'_>>) -> Result<()> {
        let (wrong, cancel) = self.0.lock().unwrap().clone();
        match wrong {
            Wrong::Nothing => return Ok(()),
            Wrong::Panics => panic!("as {} as can be", "wrong"),
            Wrong::Fails => {
                return Err(Error::argument(Detail::InvalidArgumentValue, "it does not work"));
            }
            Wrong::IsCancelled => cancel.cancel(),
            Wrong::RunsOutOfTime => std::thread::sleep(Duration::from_millis(3)),
        }
        context.map_or(Ok(()), Context::check_interrupt)
    }
}

/// The parts of an aggregate that may do wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Start,
    Add,
    Result,
    Drop,
}

struct State(Will, Part);

impl GroupState for State {
    fn add(&mut self, _: &[Value]) -> Result<()> {
        if self.1 == Part::Add { self.0.done(None) } else { Ok(()) }
    }

    fn result(&mut self) -> Result<Value> {
        if self.1 == Part::Result {
            self.0.done(None)?;
        }
        Ok(Value::from(1))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if self.1 == Part::Drop {
            let _ = self.0.done(None);
        }
    }
}

/// A graph of three nodes, whose functions do what they are told to.
fn database() -> (Database, Will) {
    let will = Will(Arc::new(Mutex::new((Wrong::Nothing, CancelHandle::new()))));
    // Nobody waits for a place that is not given back.
    let db = Database::in_memory_with(Options::default().lock_timeout(Duration::ZERO));
    db.execute("UNWIND range(1, 3) AS i CREATE (:Old {i: i})", ()).unwrap();
    let own = will.clone();
    let function = UserFunction::new("my.function(i :: INTEGER) :: INTEGER", move |context, a| {
        if a[0].as_integer() == Some(2) {
            own.done(Some(context))?;
        }
        Ok(a[0].clone())
    });
    db.register_function(function.unwrap().volatile()).unwrap();
    let own = will.clone();
    let procedure = FunctionProcedure::new(
        "my.procedure(i :: INTEGER) :: (j :: INTEGER)",
        move |context, a| {
            if a[0].as_integer() == Some(2) {
                own.done(Some(context))?;
            }
            Ok(vec![vec![a[0].clone()]])
        },
    );
    db.register_procedure(procedure.unwrap()).unwrap();
    for (name, part) in
        [("start", Part::Start), ("add", Part::Add), ("result", Part::Result), ("drop", Part::Drop)]
    {
        let own = will.clone();
        let start = move || {
            if part == Part::Start {
                // It has no way to fail but this one.
                own.done(None).map_err(|error| panic!("{error}")).ok();
            }
            State(own.clone(), part)
        };
        let signature = format!("my.{name}(i :: INTEGER) :: INTEGER");
        db.register_aggregate(UserAggregate::new(&signature, start).unwrap()).unwrap();
    }
    (db, will)
}

/// Clauses that call something, and give it as `x`.
const CALLS: &[&str] = &[
    "UNWIND range(1, 3) AS i WITH my.function(i) AS x",
    "UNWIND range(1, 3) AS i WITH i AS x WHERE my.function(i) > 0",
    "UNWIND range(1, 3) AS i WITH i AS x ORDER BY my.function(i)",
    "UNWIND [1] AS i WITH [y IN range(1, 3) | my.function(y)][0] AS x",
    "UNWIND [1] AS i WITH reduce(s = 0, y IN range(1, 3) | s + my.function(y)) AS x",
    "UNWIND range(1, 3) AS i CALL my.procedure(i) YIELD j AS x",
    "UNWIND range(1, 3) AS i CALL (i) { RETURN my.function(i) AS x }",
    "UNWIND range(1, 3) AS i WITH my.start(i) AS x",
    "UNWIND range(1, 3) AS i WITH my.add(i) AS x",
    "UNWIND range(1, 3) AS i WITH my.result(i) AS x",
    "UNWIND range(1, 3) AS i WITH i % 2 AS odd, my.add(i) AS x",
];

/// What is done with it.
const USES: &[(&str, bool)] = &[
    ("RETURN x", false),
    ("MATCH (o:Old) RETURN x, o", false),
    ("CREATE (:New {x: x})", true),
    ("CREATE (n:New {x: x}) RETURN n", true),
    ("MATCH (o:Old) SET o.i = x REMOVE o:Old", true),
    ("MATCH (o:Old) DETACH DELETE o", true),
    ("MERGE (n:New {x: x}) RETURN n", true),
];

fn all(rows: Result<redstring::Rows>) -> Result<usize> {
    rows?.try_fold(0, |count, row| row.map(|_| count + 1))
}

/// The graph is as it was, and can be written.
fn check_unharmed(db: &Database, will: &Will, what: &str) {
    will.set(Wrong::Nothing);
    let count = |text: &str| db.query(text, ()).unwrap().single().unwrap().get::<i64>(0).unwrap();
    assert_eq!(count("MATCH (n:New) RETURN count(*)"), 0, "{what}");
    assert_eq!(count("MATCH (n:Old) WHERE n.i > 0 RETURN sum(n.i)"), 6, "{what}");
    db.execute("CREATE (:Test)", ()).unwrap_or_else(|error| panic!("{what}: {error}"));
    db.execute("MATCH (n:Test) DELETE n", ()).unwrap();
}

#[test]
fn what_goes_wrong_in_a_call_ends_its_statement_alone() {
    let (db, will) = database();
    for wrong in ALL_WRONG {
        for call in CALLS {
            // What makes a state can fail in no other way.
            let panics = wrong == Wrong::Panics;
            if call.contains("my.start") && !panics {
                continue;
            }
            for (rest, writes) in USES {
                let text = format!("{call} {rest}");
                let what = format!("{wrong:?}: {text}");
                let check = |ended: Result<usize>, way: &str| {
                    let error = ended.expect_err(&what);
                    assert_eq!(error.kind(), wrong.kind(), "{what}, {way}: {error}");
                    if panics {
                        assert!(error.message().contains("as wrong as can be"), "{error}");
                        assert!(error.message().contains("`my."), "{error}");
                    }
                };
                check(all(db.query_with(&text, (), &will.set(wrong))), "by itself");
                check_unharmed(&db, &will, &what);

                let prepared = db.prepare(&text).unwrap();
                check(all(prepared.query_with((), &will.set(wrong))), "prepared");
                check_unharmed(&db, &will, &what);

                if !writes {
                    let reading = db.begin_read();
                    check(all(reading.query_with(&text, (), &will.set(wrong))), "reading");
                    will.set(Wrong::Nothing);
                    all(reading.query(&text, ())).unwrap();
                }

                // The transaction goes on without the statement.
                let mut transaction = db.begin().unwrap();
                transaction.execute("CREATE (:Kept)", ()).unwrap();
                check(all(transaction.query_with(&text, (), &will.set(wrong))), "transaction");
                will.set(Wrong::Nothing);
                transaction.execute("CREATE (:Kept)", ()).unwrap();
                transaction.commit().unwrap();
                let kept = db.execute("MATCH (k:Kept) DELETE k", ()).unwrap();
                assert_eq!(kept.counters().nodes_deleted, 2, "{what}");
                check_unharmed(&db, &will, &what);
            }
        }
    }
}

#[test]
fn transactions_before_the_one_that_goes_wrong_stay() {
    let (db, will) = database();
    let text = "UNWIND range(1, 3) AS i \
                CALL (i) { CREATE (:New {x: my.function(i)}) } IN TRANSACTIONS OF 1 ROW";
    for wrong in ALL_WRONG {
        let error = db.execute_with(text, (), &will.set(wrong)).unwrap_err();
        assert_eq!(error.kind(), wrong.kind());
        let gone = db.execute("MATCH (n:New) DELETE n", ()).unwrap();
        assert_eq!(gone.counters().nodes_deleted, 1, "{wrong:?}");
        check_unharmed(&db, &will, text);

        // Where errors of the rows are passed over, the end of the statement is not.
        let text = format!("{text} ON ERROR CONTINUE");
        let ended = db.execute_with(&text, (), &will.set(wrong));
        let passed_over = matches!(wrong, Wrong::Panics | Wrong::Fails);
        assert_eq!(ended.is_ok(), passed_over, "{wrong:?}");
        let gone = db.execute("MATCH (n:New) DELETE n", ()).unwrap();
        assert_eq!(gone.counters().nodes_deleted, if passed_over { 2 } else { 1 }, "{wrong:?}");
        check_unharmed(&db, &will, &text);
    }
}

#[test]
fn rows_that_are_dropped_half_way_give_everything_back() {
    let (db, will) = database();
    for call in CALLS {
        let mut rows = db
            .query_with(&format!("{call} MATCH (o:Old) RETURN x, o"), (), &will.set(Wrong::Nothing))
            .unwrap();
        rows.next().unwrap().unwrap();
        will.set(Wrong::Panics);
        drop(rows);
        check_unharmed(&db, &will, call);
    }
}

#[test]
fn a_state_that_panics_when_it_is_dropped_harms_nothing() {
    let (db, will) = database();
    for rest in ["RETURN x", "CREATE (:Other {x: x})"] {
        let text = format!("UNWIND range(1, 3) AS i WITH my.drop(i) AS x {rest}");
        all(db.query_with(&text, (), &will.set(Wrong::Panics))).unwrap();
        check_unharmed(&db, &will, &text);
    }
}

#[test]
fn other_handles_go_on_while_a_function_panics() {
    let (db, will) = database();
    let options = will.set(Wrong::Panics);
    let others: Vec<_> = (0..3)
        .map(|_| {
            let (db, options) = (db.clone(), options.clone());
            std::thread::spawn(move || {
                for _ in 0..20 {
                    let text = "UNWIND range(1, 3) AS i RETURN my.function(i)";
                    let error = all(db.query_with(text, (), &options)).unwrap_err();
                    assert_eq!(error.kind(), Detail::FunctionPanicked);
                    assert_eq!(all(db.query("MATCH (o:Old) RETURN o", ())).unwrap(), 3);
                }
            })
        })
        .collect();
    others.into_iter().for_each(|other| other.join().unwrap());
    check_unharmed(&db, &will, "threads");
}

#[test]
fn a_function_that_asks_the_same_database_has_limits_of_its_own() {
    let db = Database::in_memory();
    let inner = db.clone();
    let function = UserFunction::new("my.count(n :: INTEGER) :: INTEGER", move |context, a| {
        let text = "UNWIND range(1, $n) AS i RETURN count(i)";
        let params = redstring::params! {"n" => a[0].clone()};
        let count = inner.query(text, params)?.single()?.get::<i64>(0)?;
        context.check_interrupt()?;
        Ok(Value::from(count))
    });
    db.register_function(function.unwrap()).unwrap();
    let text = "UNWIND range(1, 3) AS n RETURN sum(my.count(n * 10))";
    let row = db.query(text, ()).unwrap().single().unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), 60);
    let ended = all(db.query_with(text, (), &StatementOptions::new().last_look(4)));
    assert_eq!(ended.unwrap_err().kind(), Detail::CancelledByCaller);
}
