//! Functions, aggregates and procedures that a program registers, as its queries see them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use redstring::function::{FunctionProcedure, GroupState};
use redstring::{
    Database, Detail, Error, ErrorClass, Phase, Result, UserAggregate, UserFunction, Value,
};

/// `math.double`, `text.join` and `text.orElse`.
fn database() -> Database {
    let db = Database::in_memory();
    let double = UserFunction::new("math.double(number :: FLOAT) :: FLOAT", |_, arguments| {
        let number = arguments[0].as_float().expect("an integer comes as a float");
        Ok(Value::from(2.0 * number))
    });
    let or_else =
        UserFunction::new("text.orElse(text :: STRING, other? :: STRING) :: STRING", |_, a| {
            let other = a.get(1).cloned().unwrap_or_else(|| Value::from("?"));
            Ok(if a[0].is_null() { other } else { a[0].clone() })
        });
    db.register_function(double.unwrap()).unwrap();
    db.register_function(or_else.unwrap().sees_nulls()).unwrap();
    db.register_aggregate(
        UserAggregate::new("text.join(text :: STRING, by :: STRING) :: STRING", Join::default)
            .unwrap(),
    )
    .unwrap();
    db
}

#[derive(Default)]
struct Join(Vec<String>);

impl GroupState for Join {
    fn add(&mut self, arguments: &[Value]) -> Result<()> {
        let [text, by] = [0, 1].map(|at| arguments[at].as_str().unwrap_or_default());
        if !self.0.is_empty() {
            self.0.push(by.to_owned());
        }
        self.0.push(text.to_owned());
        Ok(())
    }

    fn result(&mut self) -> Result<Value> {
        Ok(Value::from(self.0.concat()))
    }
}

fn rows(db: &Database, query: &str) -> Result<Vec<String>> {
    let rows = db.query(query, ())?.collect::<Result<Vec<_>>>()?;
    let line = |row: &redstring::Row| {
        row.values().iter().map(Value::to_string).collect::<Vec<_>>().join(" | ")
    };
    Ok(rows.iter().map(line).collect())
}

fn error(db: &Database, query: &str) -> Error {
    rows(db, query).expect_err(query)
}

#[test]
fn a_function_is_called_like_any_other() {
    let db = database();
    let query = "UNWIND [1, 2.5, null] AS x RETURN x, MATH.double(x), 1 + math.double(x) AS more";
    assert_eq!(
        rows(&db, query).unwrap(),
        ["1 | 2.0 | 3.0", "2.5 | 5.0 | 6.0", "null | null | null"]
    );
    let query = "UNWIND ['a', null] AS x RETURN text.orElse(x), text.orElse(x, 'b')";
    assert_eq!(rows(&db, query).unwrap(), ["'a' | 'a'", "'?' | 'b'"]);
    db.execute("UNWIND range(1, 5000) AS i CREATE (:N {i: i})", ()).unwrap();
    let query = "MATCH (n:N) WHERE math.double(n.i) > 9990 RETURN n.i ORDER BY math.double(n.i) DESC LIMIT 2";
    assert_eq!(rows(&db, query).unwrap(), ["5000", "4999"]);
}

#[test]
fn an_aggregate_has_a_state_for_each_group() {
    let db = database();
    let query = "UNWIND ['a', 'b', null, 'ab', 'bb', 'b'] AS x \
                 RETURN left(x, 1) AS first, text.join(x, '-') AS all, text.join(DISTINCT x, '-') AS each";
    assert_eq!(
        rows(&db, query).unwrap(),
        ["'a' | 'a-ab' | 'a-ab'", "'b' | 'b-bb-b' | 'b-bb'", "null | '' | ''"]
    );
    assert_eq!(rows(&db, "UNWIND [] AS x RETURN text.join(x, '-')").unwrap(), ["''"]);
    // Rows that stand for several, as the count of paths makes them, count that often.
    db.execute("CREATE (a:A)-[:R]->(:B), (a)-[:R]->(:B)", ()).unwrap();
    let query = "MATCH (a:A)-[:R]->() RETURN text.join('x', '') AS xs";
    assert_eq!(rows(&db, query).unwrap(), ["'xx'"]);
}

#[test]
fn wrong_calls_are_found_before_anything_runs_where_that_can_be() {
    let db = database();
    for (query, code, message) in [
        ("RETURN math.double()", "SyntaxError.InvalidNumberOfArguments", "does not take 0"),
        ("RETURN math.double('a')", "SyntaxError.InvalidArgumentType", "expected Float"),
        ("WITH math.double(1) AS x RETURN x + date()", "SyntaxError.InvalidArgumentType", "Float"),
        (
            "UNWIND ['a'] AS x RETURN math.double(x)",
            "SyntaxError.InvalidArgumentType",
            "found String",
        ),
        (
            "UNWIND [1, 'a'] AS x RETURN math.double(x)",
            "TypeError.InvalidArgumentValue",
            "`number`",
        ),
        (
            "UNWIND [1, 'a'] AS x RETURN text.join(x, '')",
            "TypeError.InvalidArgumentValue",
            "`text`",
        ),
        (
            "RETURN text.join(text.join('a', 'b'), 'c')",
            "SyntaxError.NestedAggregation",
            "text.join",
        ),
        ("RETURN math.duble(1)", "SyntaxError.UnknownFunction", "math.duble"),
    ] {
        let error = error(&db, query);
        assert_eq!(error.code(), code, "{query}: {error}");
        assert!(error.message().contains(message), "{query}: {error}");
        assert!(error.span().is_some(), "{query} has no place");
    }
    let near = error(&db, "RETURN math.duble(1)");
    assert_eq!(near.help_text(), Some("Did you mean `math.double`?"));
}

#[test]
fn what_a_function_promises_it_keeps() {
    let db = Database::in_memory();
    let wrong = UserFunction::new("my.number() :: INTEGER", |_, _| Ok(Value::from("one"))).unwrap();
    db.register_function(wrong).unwrap();
    let error = error(&db, "RETURN my.number()");
    assert_eq!(error.code(), "UsageError.InvalidArgumentValue");
    assert!(error.message().contains("`my.number` gave String"), "{error}");
}

#[test]
fn a_volatile_function_is_called_for_each_row_and_another_once() {
    let db = Database::in_memory();
    let calls = Arc::new(AtomicUsize::new(0));
    let counting = |name: &str| {
        let calls = calls.clone();
        UserFunction::new(&format!("{name}() :: INTEGER"), move |_, _| {
            Ok(Value::from(calls.fetch_add(1, Ordering::Relaxed) as i64))
        })
        .unwrap()
    };
    db.register_function(counting("my.stable")).unwrap();
    db.register_function(counting("my.volatile").volatile()).unwrap();
    assert_eq!(
        rows(&db, "UNWIND range(1, 5) AS i RETURN count(DISTINCT i + my.stable()) AS n").unwrap(),
        ["5"]
    );
    assert!(calls.load(Ordering::Relaxed) < 5);
    calls.store(0, Ordering::Relaxed);
    let each = rows(&db, "UNWIND range(1, 5) AS i WITH my.volatile() AS x RETURN x").unwrap();
    assert_eq!(each, ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_name_is_taken_once() {
    let db = database();
    for signature in ["math.double() :: ANY", "SIZE() :: ANY", "Sum() :: ANY", "text.JOIN() :: ANY"]
    {
        let again = UserFunction::new(signature, |_, _| Ok(Value::Null)).unwrap();
        let error = db.register_function(again).expect_err(signature);
        assert_eq!(error.code(), "UsageError.VariableAlreadyBound", "{signature}");
    }
    let count = UserAggregate::new("count(x :: ANY) :: ANY", Join::default).unwrap();
    assert!(db.register_aggregate(count).is_err());
    assert!(UserAggregate::new("my.nothing() :: ANY", Join::default).is_err());
    assert!(UserFunction::new("my.columns() :: (a :: ANY)", |_, _| Ok(Value::Null)).is_err());
    let labels =
        FunctionProcedure::new("db.labels() :: (a :: ANY)", |_, _| Ok(Vec::new())).unwrap();
    assert!(db.register_procedure(labels).is_err());
}

#[test]
fn a_query_planned_before_a_function_was_there_finds_it() {
    let db = Database::in_memory();
    assert_eq!(error(&db, "RETURN my.one()").code(), "SyntaxError.UnknownFunction");
    let one = UserFunction::new("my.one() :: INTEGER", |_, _| Ok(Value::from(1_i64))).unwrap();
    db.register_function(one).unwrap();
    assert_eq!(rows(&db, "RETURN my.one()").unwrap(), ["1"]);
    assert!(Database::in_memory().query("RETURN my.one()", ()).is_err());
}

#[test]
fn what_is_registered_is_listed() {
    let db = database();
    let nothing = redstring::function::TableProcedure::new("my.proc(a :: STRING?) :: ()", vec![]);
    db.register_procedure(nothing.unwrap()).unwrap();
    for (query, expected) in [
        (
            "CALL dbms.functions() YIELD name, signature, aggregating WHERE name STARTS WITH 'text' \
             RETURN name, signature, aggregating",
            vec![
                "'text.join' | 'text.join(text :: STRING, by :: STRING) :: STRING' | true",
                "'text.orElse' | 'text.orElse(text :: STRING, other? :: STRING) :: STRING' | false",
            ],
        ),
        (
            "SHOW USER DEFINED FUNCTIONS YIELD name, isBuiltIn, category",
            vec![
                "'math.double' | false | 'User defined'",
                "'text.join' | false | 'User defined'",
                "'text.orElse' | false | 'User defined'",
            ],
        ),
        ("SHOW BUILT IN FUNCTIONS YIELD name WHERE name = 'text.join'", vec![]),
        ("SHOW PROCEDURES YIELD name WHERE name STARTS WITH 'my'", vec!["'my.proc'"]),
        (
            "CALL dbms.procedures() YIELD name WHERE name STARTS WITH 'my' RETURN name",
            vec!["'my.proc'"],
        ),
    ] {
        assert_eq!(rows(&db, query).unwrap(), expected, "{query}");
    }
    // Another database knows nothing of it.
    let count = "CALL dbms.functions() YIELD name WHERE name STARTS WITH 'text' RETURN count(*)";
    assert_eq!(rows(&Database::in_memory(), count).unwrap(), ["0"]);
}

#[test]
fn a_transaction_whose_failure_may_pass_is_tried_again() {
    let db = Database::in_memory();
    let failures = Arc::new(AtomicUsize::new(0));
    let calls = Arc::new(AtomicUsize::new(0));
    let (left, counted) = (failures.clone(), calls.clone());
    let busy = UserFunction::new("my.busy(x :: INTEGER) :: INTEGER", move |_, arguments| {
        counted.fetch_add(1, Ordering::SeqCst);
        match left.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => Err(Error::new(
                ErrorClass::ProcedureError,
                Phase::Runtime,
                Detail::StoreLocked,
                "somebody else has it",
            )),
            Err(_) => Ok(arguments[0].clone()),
        }
    });
    db.register_function(busy.unwrap().volatile()).unwrap();
    let text = |on_error: &str| {
        format!(
            "UNWIND [1, 2] AS i CALL (i) {{ CREATE (n:N {{i: i}}) RETURN my.busy(i) AS x }} \
             IN TRANSACTIONS OF 1 ROW ON ERROR {on_error} RETURN x"
        )
    };
    let made = || rows(&db, "MATCH (n:N) RETURN count(n)").unwrap();

    // It fails three times, and the fourth time it does not.
    failures.store(3, Ordering::SeqCst);
    assert_eq!(rows(&db, &text("RETRY FOR 1000 SECONDS")).unwrap(), ["1", "2"]);
    assert_eq!(calls.swap(0, Ordering::SeqCst), 5);
    assert_eq!(made(), ["2"]);

    // Without RETRY, and without time for it, once is enough.
    for on_error in ["CONTINUE", "RETRY FOR 0 SECONDS THEN CONTINUE"] {
        failures.store(1, Ordering::SeqCst);
        assert_eq!(rows(&db, &text(on_error)).unwrap(), ["null", "2"], "{on_error}");
        assert_eq!(calls.swap(0, Ordering::SeqCst), 2, "{on_error}");
    }
    failures.store(1, Ordering::SeqCst);
    let failed = error(&db, &text("RETRY FOR 0 SECONDS"));
    assert_eq!(failed.message(), "somebody else has it");
    assert_eq!(made(), ["4"]);
}
