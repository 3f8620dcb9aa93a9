//! Whatever a statement does, it ends: with an error where it would hold too much, take too long, or nest too deep.

use std::time::Duration;

use redstring::{Database, Detail, Options, params};

/// A small graph in which every node leads to every other.
fn database(options: Options) -> Database {
    let db = Database::in_memory_with(options);
    db.execute("UNWIND range(1, 40) AS i CREATE (:K {i: i})", ()).unwrap();
    db.execute("MATCH (a:K), (b:K) WHERE a.i <> b.i CREATE (a)-[:E]->(b)", ()).unwrap();
    db
}

/// Runs a statement to its end, and says how it ended.
fn end(db: &Database, text: &str) -> Result<usize, Detail> {
    let rows = db.query(text, params! {"x" => 1}).map_err(|error| error.kind())?;
    let mut count = 0;
    for row in rows {
        row.map_err(|error| error.kind())?;
        count += 1;
    }
    Ok(count)
}

#[test]
fn what_would_hold_too_much_ends_with_an_error() {
    let statements = [
        "RETURN range(1, 1000000000000)",
        "WITH range(1, 1000000000000) AS xs UNWIND xs AS x RETURN x",
        "UNWIND range(1, 1000000000000) AS x RETURN collect(x)",
        "RETURN size(range(1, 100000000))",
        "RETURN range(-9223372036854775808, 9223372036854775807)",
        "UNWIND range(1, 2000) AS x RETURN range(x, x + 200000)",
        "UNWIND range(1, 2000) AS x RETURN size(range(x, x + 200000)) AS s",
        "RETURN [x IN range(1, 2000) | range(x, x + 200000)]",
        "RETURN [x IN range(1, 2000) | [y IN range(x, x + 200000) | y]]",
        "RETURN all(x IN range(1, 2000) WHERE size(range(x, x + 200000)) > 0)",
        "RETURN reduce(s = 'x', i IN range(1, 100) | s + s)",
        "RETURN reduce(s = [1], i IN range(1, 100) | s + s)",
        "RETURN reduce(s = $x, i IN range(1, 100) | [s, s] + [s])",
        "UNWIND ['x', 'y'] AS c RETURN reduce(s = c, i IN range(1, 100) | s + s)",
        "RETURN reduce(s = 'xx', i IN range(1, 100) | replace(s, 'x', s))",
        "WITH reduce(s = 'x', i IN range(1, 22) | s + s) AS s RETURN [s + 'a', s + 'b', s + 'c', s + 'd', s + 'e', s + 'f']",
        "WITH reduce(s = 'x', i IN range(1, 22) | s + s) AS s RETURN s + 'a', s + 'b', s + 'c', s + 'd', s + 'e', s + 'f'",
        "WITH reduce(s = 'x', i IN range(1, 16) | s + s) AS s UNWIND range(1, 10000) AS i RETURN s + toString(i) AS t ORDER BY t",
        "WITH reduce(s = 'x', i IN range(1, 16) | s + s) AS s UNWIND range(1, 10000) AS i RETURN DISTINCT s + toString(i)",
        "WITH reduce(s = 'x', i IN range(1, 16) | s + s) AS s UNWIND range(1, 10000) AS i RETURN s + toString(i), count(*)",
        "WITH reduce(s = 'x', i IN range(1, 16) | s + s) AS s UNWIND range(1, 10000) AS i RETURN collect(s + toString(i))",
        "UNWIND range(1, 10000) AS i RETURN collect(range(i, i + 1000))",
        "UNWIND range(1, 10000) AS i UNWIND range(1, 10000) AS j RETURN collect(i + j)",
        "UNWIND range(1, 10000) AS i UNWIND range(1, 10000) AS j RETURN percentileCont(i + j, 0.5)",
        "UNWIND range(1, 10000) AS i UNWIND range(1, 10000) AS j RETURN count(DISTINCT i * 10000 + j)",
        "UNWIND range(1, 10000) AS i UNWIND range(1, 10000) AS j RETURN i, j ORDER BY j",
        "UNWIND range(1, 10000) AS i UNWIND range(1, 10000) AS j RETURN DISTINCT i, j",
        "UNWIND range(1, 10000) AS i UNWIND range(1, 10000) AS j CREATE (:N)",
        "UNWIND range(1, 10000) AS i UNWIND range(1, 10000) AS j CREATE (n:N) RETURN n",
        "UNWIND range(1, 10000) AS i FOREACH (j IN range(1, 10000) | CREATE (:N))",
        "FOREACH (i IN range(1, 10000) | FOREACH (j IN range(1, 10000) | CREATE (:N {i: i})))",
        "UNWIND range(1, 10000) AS i CALL (i) { UNWIND range(1, 10000) AS j CREATE (:N) } RETURN count(*)",
        "UNWIND range(1, 10000) AS i UNWIND range(1, 10000) AS j MERGE (n:N {i: i, j: j})",
        "MATCH (a), (b), (c), (d), (e), (f) RETURN a, b, c, d, e, f ORDER BY a.i + f.i",
        "MATCH p = (:K)-[:E*]->(:K) RETURN collect(p)",
        "MATCH p = (:K)-[:E*5]->(:K) RETURN p ORDER BY length(p)",
        "MATCH (a:K) RETURN [p = (a)-[:E*]->(:K) | p]",
        "MATCH (a:K) RETURN COLLECT { MATCH p = (a)-[:E*]->(:K) RETURN p }",
        "MATCH (a:K)-->()-->()-->()-->()-->()-->()-->()-->() RETURN collect(a)",
        "MATCH (a:K)-->()-->()-->()-->()-->()-->()-->()-->() RETURN a ORDER BY a.i",
    ];
    let limited = || {
        // The time is no part of the test but ends it, should it fail.
        let options = Options::default().memory_limit(Some(24 << 20));
        database(options.timeout(Duration::from_secs(100)))
    };
    let db = limited();
    for text in statements {
        assert_eq!(end(&db, text), Err(Detail::OutOfMemoryBudget), "{text}");
    }
    // And nothing they did stays.
    assert_eq!(end(&db, "MATCH (n:N) RETURN n"), Ok(0));
    assert_eq!(end(&db, "MATCH (n:K) RETURN n"), Ok(40));
}

#[test]
fn a_budget_leaves_room_for_what_streams() {
    let db = database(Options::default().memory_limit(Some(24 << 20)));
    for (text, rows) in [
        ("UNWIND range(1, 400000) AS x RETURN x", 400_000),
        ("UNWIND range(1, 1000000000) AS x RETURN x LIMIT 10", 10),
        ("UNWIND range(-9223372036854775808, 9223372036854775807) AS x RETURN x LIMIT 10", 10),
        ("UNWIND range(1, 2000000) AS x RETURN count(*)", 1),
        ("UNWIND range(1, 4) AS x UNWIND range(x, x * 500000, x) AS y RETURN max(y)", 1),
        ("UNWIND range(1, 400000) AS x RETURN 'text ' + toString(x)", 400_000),
        ("UNWIND range(1, 400000) AS x RETURN x, [x, x]", 400_000),
        ("UNWIND range(1, 400000) AS x WITH x ORDER BY x DESC LIMIT 10 RETURN x", 10),
        (
            "WITH range(1, 100000) AS xs UNWIND range(1, 100000) AS x RETURN size(xs) AS s ORDER BY x",
            100_000,
        ),
        ("UNWIND range(1, 3000) AS x RETURN reduce(s = 0, y IN range(1, 300) | s + y)", 3_000),
        (
            "UNWIND range(1, 300) AS x CALL (x) { UNWIND range(1, 3000) AS y RETURN collect(y) AS ys } RETURN size(ys)",
            300,
        ),
        ("MATCH (a:K)-->()-->()-->()-->()-->()-->()-->()-->() RETURN a LIMIT 5000", 5_000),
    ] {
        assert_eq!(end(&db, text), Ok(rows), "{text}");
    }
}

#[test]
fn what_would_take_too_long_ends_with_an_error() {
    let statements = [
        "MATCH (a), (b), (c), (d), (e), (f) RETURN count(*) + sum(a.i * f.i)",
        "MATCH (a), (b), (c), (d), (e), (f) WHERE a.i + b.i + c.i + d.i + e.i + f.i < 0 RETURN a",
        "MATCH (:K)-[:E*]->(:K) RETURN count(*)",
        "MATCH (a:K {i: 1})-[:E*]->(a) RETURN a",
        "MATCH p = (a:K)-[:E*]->(b:K) WHERE length(p) < 0 RETURN p",
        "MATCH (a:K) WHERE NOT EXISTS { MATCH (a)-[:E*]->(:Nobody) } RETURN a",
        "MATCH (a:K) RETURN COUNT { MATCH (a)-[:E*]->() }",
        "MATCH (a:K)-->()-->()-->()-->()-->()-->()-->()-->()-->() RETURN a",
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a + b < 0 RETURN a",
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN sum(a * b)",
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a SKIP 1000000000000 RETURN a",
        "UNWIND range(1, 100000) AS a CALL (a) { UNWIND range(1, 100000) AS b WITH a, b WHERE a + b < 0 RETURN count(*) AS c } RETURN sum(c)",
        "RETURN reduce(s = 0, a IN range(1, 1000000) | s + reduce(t = 0, b IN range(1, 1000000) | t + b % 7) % 7)",
        "RETURN size([a IN range(1, 1000000) WHERE any(b IN range(1, 1000000) WHERE a + b < 0)])",
        "RETURN all(a IN range(1, 1000000) WHERE none(b IN range(1, 1000000) WHERE a + b < 0))",
        "UNWIND range(1, 1000000) AS x RETURN max(toString(x) =~ '(a|b|' + toString(x) + '){1,900}')",
        "UNWIND range(1, 100000) AS a MATCH (n:K {i: a % 41}) UNWIND range(1, 100000) AS b SET n.j = b",
        "UNWIND range(1, 100000) AS a MATCH (n:K) UNWIND range(1, 100000) AS b WITH n, a, b WHERE a + b < 0 DETACH DELETE n",
        "UNWIND range(1, 100000) AS a FOREACH (b IN range(1, 100000) | MERGE (:K {i: b % 40}))",
        "UNWIND range(1, 100000) AS a UNWIND range(1, 1000) AS b RETURN 1 AS x UNION UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b RETURN 1 AS x",
        "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b CALL db.labels() YIELD label WHERE a + b < 0 RETURN label",
    ];
    let limited =
        Options::default().timeout(Duration::from_millis(100)).memory_limit(Some(4 << 30));
    let db = database(Options::default());
    let rows = db.query("MATCH (n:K) RETURN count(*)", ()).unwrap();
    assert_eq!(rows.single().unwrap().get::<i64>(0).unwrap(), 40);
    let db = database_with(limited);
    for text in statements {
        let ended = end(&db, text);
        let limits = [Err(Detail::TimedOut), Err(Detail::OutOfMemoryBudget)];
        assert!(limits.contains(&ended), "{text}: {ended:?}");
    }
    assert_eq!(end(&db, "MATCH (n:K) WHERE n.j IS NULL RETURN n"), Ok(40));
}

/// As [`database`], where even that has little time: tried until it is made.
fn database_with(options: Options) -> Database {
    let db = Database::in_memory_with(options);
    for i in 1..=40 {
        while db.execute("CREATE (:K {i: $i})", params! {"i" => i}).is_err() {}
    }
    for i in 1..=40 {
        let text = "MATCH (a:K {i: $i}), (b:K) WHERE a.i <> b.i CREATE (a)-[:E]->(b)";
        while db.execute(text, params! {"i" => i}).is_err() {}
    }
    db
}

/// What opens and closes one level, and what stands innermost, in a statement that can run.
const NESTS: &[(&str, &str, &str)] = &[
    ("(", "1", ")"),
    ("(1 + ", "1", ")"),
    ("[", "1", "]"),
    ("{a: ", "1", "}"),
    ("abs(", "1", ")"),
    ("coalesce(null, ", "1", ")"),
    ("CASE WHEN true THEN ", "1", " END"),
    ("CASE 1 WHEN ", "1", " THEN 1 ELSE 2 END"),
    ("NOT ", "true", ""),
    ("- ", "1", ""),
    ("[x IN [1] | ", "1", "]"),
    ("[x IN [1] WHERE ", "true", "] = [1]"),
    ("any(x IN [1] WHERE ", "true", ")"),
    ("reduce(a = 0, x IN [1] | ", "1", ")"),
    ("[[1]][", "0", "][0]"),
    ("EXISTS { MATCH (n) WHERE ", "true", " }"),
    ("COUNT { MATCH (n) WHERE 1 = ", "1", " }"),
    ("COLLECT { MATCH (n) RETURN ", "1", " }"),
    ("[(n)-->(m) | ", "1", "]"),
    ("size([(n)-->(m) WHERE 1 = ", "1", " | m])"),
];

#[test]
fn depth_works_up_to_the_limit_and_is_an_error_beyond() {
    let all = || {
        for optimize in [true, false] {
            let db = Database::in_memory_with(Options::default().optimize(optimize));
            db.execute("CREATE (:K)-[:E]->(:K)", ()).unwrap();
            for (open, inner, close) in NESTS {
                let nested = |levels: usize| {
                    let text = format!("{}{inner}{}", open.repeat(levels), close.repeat(levels));
                    format!("MATCH (n:K) RETURN {text} AS x")
                };
                let brackets = |t: &str| t.matches(['(', '[', '{']).count();
                let each = (brackets(open) - open.matches([')', ']', '}']).count()).max(1);
                for levels in [1, 20, 190 / each] {
                    if let Err(kind) = end(&db, &nested(levels)) {
                        // A subquery is a plan within a plan, of which there may be fewer.
                        let plans = open.contains('{') || open.contains("-->");
                        assert!(plans && levels > 20, "{open} {levels}: {kind}");
                        assert_eq!(kind, Detail::NestingTooDeep, "{open} {levels}");
                    }
                }
                for levels in [210, 5_000] {
                    let error = db.query(&nested(levels), ()).unwrap_err();
                    assert_eq!(error.kind(), Detail::NestingTooDeep, "{open} {levels}");
                    assert!(error.span().is_some(), "{open} {levels}");
                }
            }
        }
    };
    // The stack that a thread has unless it asks for more.
    std::thread::Builder::new().stack_size(2 << 20).spawn(all).unwrap().join().unwrap();
}
