//! Statements of very many clauses or parts: they run, or end with an error that says why.

use redstring::{Database, Error};

/// The number of clauses; a generated import script may well have as many.
const MANY: usize = 3000;

fn run(text: &str) -> Result<usize, Error> {
    let db = Database::in_memory();
    db.query(text, ())?.collect::<Result<Vec<_>, _>>().map(|rows| rows.len())
}

fn repeated(first: &str, times: usize, clause: impl Fn(usize) -> String, last: &str) -> String {
    let clauses: Vec<String> = (0..times).map(clause).collect();
    format!("{first} {} {last}", clauses.join(" "))
}

/// As data sets of some megabytes are shipped: what takes the square of its length does not end here.
#[test]
fn one_create_makes_a_data_set() {
    let node = |i: usize| format!("(n{i}:Node {{id: {i}, name: 'node {i}'}}),");
    let text = repeated("CREATE", 50_000, node, "(n1)-[:NEXT]->(n2) RETURN n7.id");
    assert_eq!(run(&text).unwrap(), 1);
}

#[test]
fn many_creates_are_one_operator() {
    let text = repeated("", MANY, |i| format!("CREATE (a{i}:A {{n: {i}}})"), "RETURN a7.n");
    assert_eq!(run(&text).unwrap(), 1);
}

#[test]
fn many_clauses_end_well() {
    let clauses: [fn(usize) -> String; 6] = [
        |i| format!("MERGE (a{i}:A {{n: {i}}})"),
        |i| format!("SET n.k{i} = {i}"),
        |i| format!("WITH *, {i} AS x{i}"),
        |i| format!("UNWIND [1] AS u{i}"),
        |i| format!("OPTIONAL MATCH (n)-->(o{i})"),
        |i| format!("CALL {{ RETURN {i} AS c{i} }}"),
    ];
    for clause in clauses {
        let error = run(&repeated("CREATE (n:N) WITH n", 1000, clause, "RETURN 1")).unwrap_err();
        assert_eq!(error.code(), "LimitError.NestingTooDeep", "for {}", clause(0));
        let rows = run(&repeated("CREATE (n:N) WITH n", 100, clause, "RETURN 1"));
        assert_eq!(rows.unwrap(), 1, "for {}", clause(0));
    }
}

#[test]
fn many_unions_end_well() {
    let text = repeated("RETURN 0 AS x", MANY, |i| format!("UNION ALL RETURN {i} AS x"), "");
    assert_eq!(run(&text).unwrap(), MANY + 1);
}

#[test]
fn long_patterns_end_well() {
    let steps = |n: usize| (0..n).map(|i| format!("-->(n{i})")).collect::<String>();
    assert_eq!(run(&format!("MATCH (a){} RETURN a", steps(20))).unwrap(), 0);
    let error = run(&format!("MATCH (a){} RETURN a", steps(1000))).unwrap_err();
    assert_eq!(error.code(), "LimitError.NestingTooDeep");
}
