//! The executor at its edges: batch borders, typed columns against single values, order, limits.
//!
//! What clauses mean is tested by the conformance suite; its graphs fit in one batch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use redstring::executor::{Access, Context, Execution};
use redstring::function::Registry;
use redstring::graph::Graph;
use redstring::meter::{Limits, Meter};
use redstring::value::Column;
use redstring::{
    Database, Detail, ErrorClass, Options, Value, binder, optimizer, params, planner, syntax,
};

/// Three batches of nodes and some relationships between them; node `i` points at `i * 7 + 1` and, if
/// even, at `i / 2`.
const NODES: i64 = 5000;

fn database(optimize: bool) -> Database {
    let db = Database::in_memory_with(Options::default().optimize(optimize));
    db.execute(
        "UNWIND range(0, $n - 1) AS i CREATE (:N {i: i, next: i + 1, city: 'c' + toString(i % 7)})",
        params! {"n" => NODES},
    )
    .unwrap();
    db.execute(
        "MATCH (n:N) WITH n ORDER BY n.i WITH collect(n) AS ns
         UNWIND range(0, size(ns) - 1) AS i
         WITH ns[i] AS a, ns[(i * 7 + 1) % size(ns)] AS b, i
         CREATE (a)-[:R {w: i % 50}]->(b)",
        (),
    )
    .unwrap();
    db.execute(
        "MATCH (n:N) WITH n ORDER BY n.i WITH collect(n) AS ns
         UNWIND range(0, size(ns) - 1, 2) AS i
         WITH ns[i] AS a, ns[i / 2] AS b
         CREATE (a)-[:S]->(b)",
        (),
    )
    .unwrap();
    db
}

fn links() -> Vec<(i64, i64)> {
    let first = (0..NODES).map(|i| (i, (i * 7 + 1) % NODES));
    first.chain((0..NODES).step_by(2).map(|i| (i, i / 2))).collect()
}

fn one(db: &Database, text: &str) -> Value {
    let rows = db.query(text, ()).unwrap_or_else(|e| panic!("{text}: {e}"));
    rows.single().unwrap_or_else(|e| panic!("{text}: {e}")).get(0).unwrap()
}

fn values(db: &Database, text: &str) -> Vec<Value> {
    let rows = db.query(text, ()).unwrap_or_else(|e| panic!("{text}: {e}"));
    rows.map(|row| row.unwrap().get(0).unwrap()).collect()
}

#[test]
fn results_do_not_depend_on_where_batches_end() {
    let links = links();
    // Every pair of links that follow each other; a link never follows itself.
    let mut leaving: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (at, (from, _)) in links.iter().enumerate() {
        leaving.entry(*from).or_default().push(at);
    }
    let mut two_hops = 0;
    let mut ends = BTreeSet::new();
    for (at, (from, middle)) in links.iter().enumerate() {
        for next in leaving[middle].iter().filter(|next| **next != at) {
            two_hops += 1;
            if *from < 100 {
                ends.insert(links[*next].1);
            }
        }
    }
    let pairs = |together: fn(&(i64, i64), &(i64, i64)) -> bool| {
        let mut pairs = Vec::new();
        let mut near: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (at, (from, to)) in links.iter().enumerate() {
            near.entry(*from).or_default().push(at);
            near.entry(*to).or_default().push(at);
        }
        for (at, (from, to)) in links.iter().enumerate() {
            let around: BTreeSet<usize> = near[from].iter().chain(&near[to]).copied().collect();
            let other = around.into_iter().filter(|next| *next != at);
            pairs.extend(other.filter(|next| together(&links[at], &links[*next])).map(|n| (at, n)));
        }
        pairs
    };
    let meeting = |together| pairs(together).len() as i64;
    let loops = links.iter().filter(|(a, b)| a == b).count() as i64;
    let weights: i64 = (0..NODES).filter(|i| i % 7 == 3).map(|i| i % 50).sum();
    let cases = [
        ("MATCH (n) RETURN count(*)", NODES),
        ("MATCH ()-[r]->() RETURN count(r)", links.len() as i64),
        ("MATCH ()-[r]-() RETURN count(r)", 2 * links.len() as i64 - loops),
        ("MATCH (a)-->(b)-->(c) RETURN count(*)", two_hops),
        (
            "MATCH (a)-->(b)-->(c) WHERE a.i < 100 AND c.i >= 0 RETURN count(DISTINCT c)",
            ends.len() as i64,
        ),
        (
            "MATCH (n:N) WHERE n.city = 'c3' RETURN count(*)",
            (0..NODES).filter(|i| i % 7 == 3).count() as i64,
        ),
        (
            "MATCH (a)-[r:R]->() WITH a.city AS city, sum(r.w) AS w WHERE city = 'c3' RETURN w",
            weights,
        ),
        ("MATCH (a)-[r]->(b)<-[s]-(c) RETURN count(*)", meeting(|a, b| a.1 == b.1)),
        ("MATCH (a)<-[r]-(b)-[s]->(c) RETURN count(*)", meeting(|a, b| a.0 == b.0)),
        ("MATCH (a)<-[r]-(b)-[s:S]->(c) RETURN count(*)", {
            let s = |at: usize| at >= NODES as usize;
            let pairs = pairs(|a, b| a.0 == b.0);
            pairs.into_iter().filter(|(_, next)| s(*next)).count() as i64
        }),
        ("MATCH (a)<-[r:R]-(b)-[s:S]->(c) RETURN count(*)", NODES / 2),
        ("MATCH (n) WHERE (n)-[:S]->() RETURN count(n)", NODES / 2),
        ("MATCH (n) WHERE NOT (n)-[:S]->() RETURN count(n)", NODES / 2),
        ("MATCH (n) RETURN sum(COUNT { (n)-->() })", links.len() as i64),
        ("MATCH (n) OPTIONAL MATCH (n)-[s:S]->() RETURN count(*) - count(s)", NODES / 2),
        (
            "MATCH (n) CALL { WITH n MATCH (n)-->(m) RETURN count(m) AS c } RETURN sum(c)",
            links.len() as i64,
        ),
        ("UNWIND range(1, 10000) AS x WITH x % 3000 AS y RETURN count(DISTINCT y)", 3000),
        ("UNWIND range(1, 3000) AS x UNWIND range(1, 3) AS y RETURN count(*)", 9000),
        (
            "UNWIND range(1, 5000) AS x WITH x SKIP 2100 LIMIT 2100 RETURN sum(x)",
            (2101..=4200).sum(),
        ),
        ("MATCH (a), (b) WHERE a.i = b.next RETURN count(*)", NODES - 1),
        ("MATCH (a:N)-[:R*2..2]->(b) RETURN count(*)", {
            let r = |i: i64| (i * 7 + 1) % NODES;
            (0..NODES).filter(|i| r(*i) != *i).count() as i64
        }),
        (
            "UNWIND range(1, 100) AS x RETURN size([y IN range(1, 3000) WHERE y % x = 0]) AS s ORDER BY s LIMIT 1",
            30,
        ),
        (
            "UNWIND range(1, 100) AS x WITH x WHERE all(y IN range(1, 3000) WHERE y <> 50 * x) RETURN count(*)",
            40,
        ),
        ("MATCH (n) UNWIND [1, 2] AS x WITH DISTINCT n, x RETURN count(*)", 2 * NODES),
    ];
    for optimize in [true, false] {
        let db = database(optimize);
        for (text, expected) in cases {
            // A product of all pairs is only quick where it becomes a join.
            if !optimize && text.contains("(a), (b)") {
                continue;
            }
            assert_eq!(one(&db, text), Value::Integer(expected), "{text} (optimize: {optimize})");
        }
    }
}

#[test]
fn rows_stay_in_order_beside_optional_matches() {
    let db = database(true);
    let expected: Vec<Value> = (0..NODES).rev().map(Value::Integer).collect();
    for text in [
        "MATCH (n:N) WITH n ORDER BY n.i DESC OPTIONAL MATCH (n)-[:S]->(m) RETURN n.i",
        "MATCH (n:N) WITH n ORDER BY n.i DESC OPTIONAL MATCH (n)-[:S]->(m) WHERE m.i > 100 RETURN n.i",
        "MATCH (n:N) WITH n ORDER BY n.i DESC OPTIONAL MATCH (n)-[:S]->(m)
         WITH n, m ORDER BY n.i DESC RETURN collect(n.i)[0] AS i ORDER BY i DESC",
    ] {
        if text.contains("collect") {
            assert_eq!(one(&db, text), Value::Integer(NODES - 1));
        } else {
            assert_eq!(values(&db, text), expected, "{text}");
        }
    }
    // Where nothing is found the variables are null, also between rows where something is.
    let nulls = "MATCH (n:N) OPTIONAL MATCH (n)-[s:S]->(m) WITH n, s, m
                 WHERE (n.i % 2 = 0) <> (s IS NOT NULL AND m.i = n.i / 2) RETURN count(*)";
    assert_eq!(one(&db, nulls), Value::Integer(0));
}

#[test]
fn sorting_is_stable_and_cuts_like_a_limit() {
    let db = database(true);
    let sorted = values(&db, "MATCH (n:N) WITH n ORDER BY n.i WITH n ORDER BY n.city RETURN n.i");
    let mut expected: Vec<i64> = (0..NODES).collect();
    expected.sort_by_key(|i| (i % 7).to_string());
    let expected: Vec<Value> = expected.into_iter().map(Value::Integer).collect();
    assert_eq!(sorted, expected);
    for (skip, limit) in [(0, 0), (0, 1), (10, 3000), (4990, 100), (6000, 5)] {
        let text = format!(
            "MATCH (n:N) WITH n ORDER BY n.i WITH n ORDER BY n.city SKIP {skip} LIMIT {limit} RETURN n.i"
        );
        let cut = expected.iter().skip(skip).take(limit).cloned().collect::<Vec<_>>();
        assert_eq!(values(&db, &text), cut, "{text}");
    }
    assert!(
        values(&db, "MATCH (n:Nobody) RETURN n.i ORDER BY n.i DESC, n.city LIMIT 3").is_empty()
    );
}

/// Values of which each pair is put through each operator.
fn operands() -> Vec<Value> {
    let mut operands: Vec<Value> =
        [0, 1, -1, 7, i64::MAX, i64::MIN, (1 << 53) + 1].map(Value::Integer).into();
    operands.extend(
        [0.0, -0.0, 1.0, -2.5, 9007199254740992.0, f64::NAN, f64::INFINITY].map(Value::Float),
    );
    operands.extend(["", "a", "ab", "b"].map(Value::string));
    operands.extend([Value::Boolean(true), Value::Boolean(false)]);
    operands
}

/// What must be equal for two results to be the same: NaN is NaN, and the zeros differ.
fn shown(result: Result<Value, Detail>) -> String {
    result.map_or_else(|detail| format!("error {detail}"), |value| format!("{value:?}"))
}

#[test]
fn whole_columns_compute_what_single_values_do() {
    let db = Database::in_memory();
    let operators = [
        "=",
        "<>",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "STARTS WITH",
        "ENDS WITH",
        "CONTAINS",
    ];
    let operands = operands();
    for operator in operators {
        // The same type down the column, with and without nulls, beside a constant on either side.
        let column = db.prepare(&format!("UNWIND $xs AS x RETURN x {operator} $y")).unwrap();
        let flipped = db.prepare(&format!("UNWIND $xs AS x RETURN $y {operator} x")).unwrap();
        let pairs = db.prepare(&format!("UNWIND $xs AS x RETURN x {operator} x")).unwrap();
        let single = db.prepare(&format!("RETURN $x {operator} $y")).unwrap();
        let run = |statement: &redstring::Statement, x: &[Value], y: &Value| {
            let rows = statement
                .query(params! {"xs" => x.to_vec(), "x" => x[0].clone(), "y" => y.clone()})
                .map_err(|e| e.kind())?;
            rows.map(|row| row.map_err(|e| e.kind())?.get(0).map_err(|e| e.kind()))
                .collect::<Result<Vec<Value>, Detail>>()
        };
        let first = |statement, x: &Value, y| {
            run(statement, std::slice::from_ref(x), y).map(|values| values[0].clone())
        };
        for x in &operands {
            for y in &operands {
                let column_of_x = [x.clone(), x.clone()];
                let nullable = [x.clone(), Value::Null, x.clone()];
                let expected = shown(first(&single, x, y));
                let mirrored = shown(first(&single, y, x));
                for xs in [&column_of_x[..], &nullable] {
                    let last = |found: Result<Vec<Value>, Detail>| {
                        shown(found.map(|values| values[values.len() - 1].clone()))
                    };
                    assert_eq!(last(run(&column, xs, y)), expected, "{x} {operator} {y}");
                    assert_eq!(last(run(&flipped, xs, y)), mirrored, "{y} {operator} {x}");
                }
                let middle = run(&column, &nullable, y);
                assert!(middle.is_err() || middle.unwrap()[1].is_null(), "null {operator} {y}");
            }
            let own = shown(first(&single, x, x));
            let pair = run(&pairs, &[x.clone(), x.clone()], x).map(|values| values[1].clone());
            assert_eq!(shown(pair), own, "{x} {operator} {x}");
        }
    }
}

#[test]
fn later_operands_see_only_undecided_rows() {
    let db = Database::in_memory();
    for (expression, expected) in [
        ("x <> 0 AND 10 / x > 2", [false, true, true]),
        ("x = 0 OR 10 / x > 2", [true, true, true]),
        ("CASE x WHEN 0 THEN false ELSE 10 / x > 2 END", [false, true, true]),
        (
            "CASE WHEN x = 0 THEN false WHEN 10 / x > 9 THEN true ELSE false END",
            [false, true, false],
        ),
        ("coalesce(CASE x WHEN 0 THEN true END, 10 / x > 9)", [true, true, false]),
        ("coalesce(null, x = 0, 1 / 0 = 1)", [true, false, false]),
    ] {
        let text = format!("UNWIND [0, 1, 2] AS x RETURN {expression}");
        assert_eq!(values(&db, &text), expected.map(Value::Boolean), "{text}");
    }
    let error = db.query("UNWIND [1, 0] AS x RETURN coalesce(null, 1 / x)", ()).unwrap_err();
    assert_eq!(error.kind(), Detail::DivisionByZero);
    assert_eq!(error.span().map(|s| (s.start, s.end)), Some((41, 46)));
}

#[test]
fn joins_pair_what_is_equal_and_nothing_else() {
    let db = Database::in_memory();
    db.execute(
        "UNWIND [1, 1.0, 2, 'a', null, 0.0 / 0.0, [1], [null]] AS x CREATE (:L {x: x}), (:M {x: x})",
        (),
    )
    .unwrap_err();
    db.execute(
        "UNWIND [1, 1.0, 2, 'a', null, 0.0 / 0.0, true] AS x CREATE (:L {x: x}), (:M {x: x})",
        (),
    )
    .unwrap();
    // 1 and 1.0 make four pairs; null and NaN make none.
    let pairs = "MATCH (l:L), (m:M) WHERE l.x = m.x RETURN count(*)";
    assert_eq!(one(&db, pairs), Value::Integer(7));
    let plain = Database::in_memory_with(Options::default().optimize(false));
    plain
        .execute(
            "UNWIND [1, 1.0, 2, 'a', null, 0.0 / 0.0, true] AS x CREATE (:L {x: x}), (:M {x: x})",
            (),
        )
        .unwrap();
    assert_eq!(one(&plain, pairs), Value::Integer(7));
}

#[test]
fn shortest_paths_home_use_no_relationship_twice() {
    let db = Database::in_memory();
    db.execute(
        "CREATE (a:A)-[:T]->(b)-[:T]->(c)-[:T]->(a), (a)-[:T]->(d)-[:T]->(c), (a)-[:U]->(x), (:B)-[:T]->(:B)",
        (),
    )
    .unwrap();
    let length = |pattern: &str, label: &str| {
        let text = format!(
            "MATCH (a:{label}) WITH a LIMIT 1 MATCH (z) WHERE z = a MATCH p = {pattern} RETURN length(p)"
        );
        let lengths: Vec<i64> = values(&db, &text).iter().filter_map(Value::as_integer).collect();
        lengths
    };
    assert_eq!(length("shortestPath((a)-[:T*]->(z))", "A"), [3]);
    assert_eq!(length("allShortestPaths((a)-[:T*]->(z))", "A"), [3, 3]);
    assert_eq!(length("shortestPath((a)-[:T*]-(z))", "A"), [3]);
    assert_eq!(length("shortestPath((a)-[:T*..2]->(z))", "A"), [0; 0]);
    // There and back again would be the same relationship.
    assert_eq!(length("shortestPath((a)-[:T*]-(z))", "B"), [0; 0]);
    assert_eq!(length("shortestPath((a)-[:T*0..]-(z))", "B"), [0]);
}

#[test]
fn paths_are_made_as_they_are_taken() {
    let db = Database::in_memory_with(Options::default().timeout(Duration::from_secs(60)));
    // More paths than could ever be held.
    db.execute("UNWIND range(1, 12) AS i CREATE (:K {i: i})", ()).unwrap();
    db.execute("MATCH (a:K), (b:K) WHERE a.i <> b.i CREATE (a)-[:E]->(b)", ()).unwrap();
    let text = "MATCH p = (:K)-[:E*]->(:K) RETURN length(p) LIMIT 5000";
    assert_eq!(values(&db, text).len(), 5000);
}

#[test]
fn depth_of_data_is_no_depth_of_the_stack() {
    let chain = || {
        let db = Database::in_memory();
        db.execute("UNWIND range(0, 6000) AS i CREATE (:C {i: i})", ()).unwrap();
        db.execute(
            "MATCH (c:C) WITH c ORDER BY c.i WITH collect(c) AS cs
             UNWIND range(1, size(cs) - 1) AS i WITH cs[i - 1] AS a, cs[i] AS b
             CREATE (a)-[:NEXT]->(b)",
            (),
        )
        .unwrap();
        let text = "MATCH (:C {i: 0})-[n:NEXT*]->(:C {i: 6000}) RETURN size(n)";
        assert_eq!(one(&db, text), Value::Integer(6000));
        let text = "RETURN reduce(a = [], x IN range(1, 100000) | [a])";
        let error = db.query(text, ()).unwrap_err();
        assert_eq!((error.class(), error.kind()), (ErrorClass::LimitError, Detail::NestingTooDeep));
    };
    thread::Builder::new().stack_size(1 << 20).spawn(chain).unwrap().join().unwrap();
}

#[test]
fn writes_happen_whether_or_not_their_rows_are_wanted() {
    let db = Database::in_memory();
    db.execute("UNWIND range(1, 5000) AS i CREATE (n:N {i: i}) RETURN n LIMIT 1", ()).unwrap();
    db.execute("UNWIND range(1, 5000) AS i CREATE (n:M {i: i}) RETURN n LIMIT 0", ()).unwrap();
    assert_eq!(one(&db, "MATCH (n) RETURN count(*)"), Value::Integer(10000));
    // What a clause creates is not found by the clause itself.
    db.execute("MATCH (n:N) CREATE (:N)", ()).unwrap();
    assert_eq!(one(&db, "MATCH (n:N) RETURN count(*)"), Value::Integer(10000));
    // A later row finds what an earlier row has created.
    db.execute("UNWIND range(1, 5000) AS i MERGE (:K {k: i % 10})", ()).unwrap();
    assert_eq!(one(&db, "MATCH (n:K) RETURN count(*)"), Value::Integer(10));
}

/// Runs a statement within so many bytes, to its end.
fn run_within(bytes: u64, text: &str) -> Result<usize, redstring::Error> {
    let graph = Graph::in_memory();
    let statement = binder::bind(&syntax::parse(text)?, &Registry::default(), None)?;
    let plan = optimizer::optimize(planner::plan(&statement, None)?, &graph.snapshot());
    let mut execution = Execution::new(&plan.root, false)?;
    let meter = Meter::new(Limits { memory: Some(bytes), ..Limits::default() });
    let access = Access::Read(graph.snapshot());
    let mut context = Context::new(access, Arc::default(), 0, meter);
    let mut rows = 0;
    while let Some(columns) = execution.next(&mut context)? {
        rows += columns.first().map_or(0, Column::len);
    }
    Ok(rows)
}

#[test]
fn what_holds_rows_keeps_to_its_memory() {
    let many = "UNWIND range(0, 99) AS a UNWIND range(1, 1000) AS b WITH a * 1000 + b AS x";
    for (rest, rows) in [
        ("RETURN x ORDER BY x DESC", 100_000),
        ("RETURN DISTINCT x", 100_000),
        ("RETURN x, count(*)", 100_000),
        (
            "WITH collect(x) AS xs UNWIND [1] AS y UNWIND xs AS x WITH x ORDER BY x RETURN x",
            100_000,
        ),
    ] {
        let text = format!("{many} {rest}");
        assert_eq!(run_within(1 << 30, &text).unwrap(), rows, "{text}");
        let error = run_within(1 << 18, &text).unwrap_err();
        assert_eq!(error.kind(), Detail::OutOfMemoryBudget, "{text}");
    }
    // What streams holds nothing, and what is cut holds little.
    assert_eq!(run_within(1 << 18, &format!("{many} RETURN x + 1")).unwrap(), 100_000);
    assert_eq!(run_within(1 << 20, &format!("{many} RETURN x ORDER BY x LIMIT 5")).unwrap(), 5);
    // What an operator held is given back when it starts anew.
    let anew = "UNWIND range(1, 300) AS x
                CALL { WITH x UNWIND range(1, 1000) AS y WITH y ORDER BY y DESC RETURN sum(y) AS s }
                RETURN s";
    assert_eq!(run_within(1 << 18, anew).unwrap(), 300);
}
