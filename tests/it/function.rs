//! The examples in the documentation of every function, run as a user would.

use redstring::Database;
use redstring::Value;
use redstring::function::Registry;
use redstring::value::ordering::equivalent;

fn value_of(db: &Database, query: &str) -> Value {
    let rows = db.query(query, ()).unwrap_or_else(|e| panic!("{query}: {e:?}"));
    let row = rows.single().unwrap_or_else(|e| panic!("{query}: {e:?}"));
    row.get(0).unwrap_or_else(|e| panic!("{query}: {e:?}"))
}

fn check(db: &Database, query: &str, literal: &str) {
    let found = value_of(db, query);
    let expected = value_of(db, &format!("RETURN {literal} AS x"));
    let same = found.type_name() == expected.type_name() && equivalent(&found, &expected);
    assert!(same, "{query} gives {found:?}, not {literal}");
}

#[test]
fn the_example_of_every_scalar_function_is_true() {
    let db = Database::in_memory();
    for function in Registry::new().scalars() {
        let (call, result) = function.example;
        check(&db, &format!("RETURN {call} AS x"), result);
    }
}

#[test]
fn the_example_of_every_aggregate_is_true() {
    let db = Database::in_memory();
    for function in Registry::new().aggregates() {
        let (query, result) = function.example;
        check(&db, query, result);
    }
}

#[test]
fn what_can_be_called_is_listed() {
    let db = Database::in_memory();
    for (query, names) in [
        ("CALL dbms.functions() YIELD name RETURN collect(DISTINCT name)", ["size", "count"]),
        ("CALL dbms.procedures() YIELD name RETURN collect(name)", ["db.labels", "dbms.functions"]),
    ] {
        let Value::List(listed) = value_of(&db, query) else { panic!("{query} gives no list") };
        for name in names {
            assert!(listed.iter().any(|v| v.as_str() == Some(name)), "{query} has no {name}");
        }
    }
}

#[test]
fn the_graph_lists_its_names() {
    let db = Database::in_memory();
    db.execute("CREATE (:B {k: 1})-[:R {l: 2}]->(:A), (:Gone)", ()).unwrap();
    db.execute("MATCH (n:Gone) DELETE n", ()).unwrap();
    for (query, names) in [
        ("CALL db.labels() YIELD label RETURN collect(label)", "['A', 'B']"),
        (
            "CALL db.relationshipTypes() YIELD relationshipType RETURN collect(relationshipType)",
            "['R']",
        ),
        ("CALL db.propertyKeys() YIELD propertyKey RETURN collect(propertyKey)", "['k', 'l']"),
    ] {
        check(&db, query, names);
    }
}
