//! Cancelling, running out of time, and the options of a statement. Whatever runs long looks now and then whether it must
//! end: the statements here are ended at a look of a certain number, which they reach by their work and not by the clock.

use std::thread;
use std::time::Duration;

use redstring::{
    CancelHandle, Database, Detail, Error, Options, Params, Result, Rows, StatementOptions, Value,
    params,
};

/// A look that no small statement comes to.
const LOOK: u64 = 15;

fn at_look(look: u64) -> StatementOptions {
    StatementOptions::default().last_look(look)
}

fn drained(rows: Result<Rows>) -> Result<usize> {
    let mut count = 0;
    for row in rows? {
        row?;
        count += 1;
    }
    Ok(count)
}

/// Values of which each takes more than [`LOOK`] looks to go through once.
fn large() -> Params {
    let mut list: Vec<Value> = (0..250_000).map(Value::from).collect();
    let numbers = Value::list(list.clone());
    list.push(Value::from(0));
    let words = (0..250_000).map(|i| Value::from(format!("{}", i % 100)));
    let words = Value::list(words.collect());
    let nested = (0..250_000).map(|i| Value::list(vec![Value::from(i)]));
    let map = (0..250_000).map(|i| (format!("k{i}").into(), Value::from(i)));
    params! {
        "text" => "a b,c;d\u{e4}E\u{301}".repeat(40_000),
        "other" => format!("{}!", "a b,c;d\u{e4}E\u{301}".repeat(40_000)),
        "digits" => "7".repeat(400_000),
        "blank" => " ".repeat(400_000),
        "long" => "nowher ".repeat(1_000_000),
        "list" => numbers,
        "longer" => Value::list(list),
        "words" => words,
        "nested" => Value::list(nested.collect()),
        "map" => Value::map(map.collect()),
    }
}

/// Expressions, a family a line, each of which works on one large value at least.
const EXPRESSIONS: &[&str] = &[
    // Text.
    "size(toUpper($text))",
    "size(toLower($text))",
    "size(trim($digits + '  '))",
    "btrim($digits, '7')",
    "ltrim($digits, '7')",
    "rtrim($digits, '7')",
    "replace($text, 'a', 'bb')",
    "replace($text, '', '-')",
    "replace($text, 'a', 'bb', 30000)",
    "split($text, ',')",
    "split($text, '')",
    "split($text, [',', ';'])",
    "split($text, [',', ''])",
    "substring($text, 350000)",
    "substring($text, 0, 350000)",
    "left($text, 350000)",
    "right($text, 5)",
    "char_length($text)",
    "size($text)",
    "reverse($text)",
    "normalize($text)",
    "normalize($text, NFD)",
    "normalize($text, NFKC)",
    "normalize($text, NFKD)",
    "isNormalized($text)",
    "$text IS NORMALIZED",
    "toInteger($digits)",
    "toFloat($digits)",
    "toBoolean($blank)",
    "toInteger($blank)",
    "trim($blank)",
    "toString($list[0]) + reduce(s = '', x IN $list | 'a')",
    "$long CONTAINS 'nowhere'",
    "size(split($long, 'nowhere'))",
    "replace($long, 'nowhere', '')",
    "$text =~ '(a b,c;d.*)*x'",
    "$text =~ ('(a b,c;d.*)*x' + toString($list[0]))",
    // Lists.
    "range(1, 250000)",
    "size(range(1, 250000))",
    "range(1, 250000)[0]",
    "reverse($list)",
    "tail($list)",
    "$list[1..]",
    "$list[..-1]",
    "$list + $list",
    "$list + 1",
    "1 + $list",
    "$list || $list",
    "coll.distinct($list)",
    "coll.sort($list)",
    "coll.max($list)",
    "coll.min($list)",
    "coll.flatten($nested)",
    "coll.indexOf($list, -1)",
    "coll.insert($list, 5, 5)",
    "coll.remove($list, 5)",
    "toIntegerList($words)",
    "toFloatList($words)",
    "toBooleanList($words)",
    "toStringList($list)",
    "isEmpty([x IN $list WHERE x < 0])",
    "[x IN $list | x + 1]",
    "[x IN $list WHERE x > 5]",
    "[x IN [1] | [y IN $list | y]]",
    "all(x IN $list WHERE x >= 0)",
    "any(x IN $list WHERE x < 0)",
    "none(x IN $list WHERE x < 0)",
    "single(x IN $list WHERE x = 7)",
    "reduce(s = 0, x IN $list | s + x)",
    "reduce(s = 0, x IN $list | CASE WHEN x % 2 = 0 THEN s ELSE s + 1 END)",
    "reduce(s = 'x', i IN range(1, 17) | s + s)",
    "$text + $text",
    "$text || $text",
    "reduce(s = [1], i IN range(1, 18) | s + s)",
    "-1 IN $list",
    "[-1] IN $nested",
    "$list = $longer[..-1]",
    "$list <> $longer[..-1]",
    "$list < $longer",
    "$nested = [x IN $nested | x]",
    "$map = $map",
    "keys($map)",
    "size(keys($map))",
    "$list IS :: LIST<INTEGER>",
    "valueType($list)",
    "map.merge($map, $map)",
    "CASE $list WHEN $longer THEN 1 WHEN $longer[..-1] THEN 2 END",
    "coalesce(null, $list[1..])",
];

#[test]
fn every_function_and_operator_looks_whether_it_must_end() {
    let db = Database::in_memory();
    let values = large();
    let mut late = Vec::new();
    for text in EXPRESSIONS {
        let text = format!("RETURN {text} AS x");
        let ended = drained(db.query_with(&text, &values, &at_look(LOOK)));
        match ended.map_err(|error| error.kind()) {
            Err(Detail::CancelledByCaller) => {}
            other => late.push(format!("{text}: {other:?}")),
        }
    }
    assert!(late.is_empty(), "{}", late.join("\n"));
}

/// Statements, a way to run long a line.
const STATEMENTS: &[&str] = &[
    "UNWIND range(1, 200000) AS i RETURN i ORDER BY -i",
    "UNWIND $words AS w RETURN w ORDER BY w",
    "UNWIND $nested AS n RETURN n ORDER BY n",
    "UNWIND [$list, $longer, $list] AS l RETURN size(l) ORDER BY l",
    "UNWIND [$list, $longer, $list] AS l RETURN DISTINCT size(l), l",
    "UNWIND [$list, $longer, $list] AS l RETURN l, count(*)",
    "UNWIND [$list, $longer, $list] AS l RETURN max(l)",
    "UNWIND [$list, $longer, $list] AS l RETURN count(DISTINCT l)",
    "UNWIND [$list] AS a UNWIND [$list] AS b WITH a, b WHERE a = b RETURN 1",
    "UNWIND $list AS i RETURN percentileCont(i, 0.5)",
    "UNWIND $list AS i WITH collect(i) AS l RETURN coll.sort(l)",
    "UNWIND range(1, 1000) AS i UNWIND range(1, 1000) AS j RETURN count(*)",
    "UNWIND range(1, 1000) AS i CALL db.labels() YIELD label RETURN label",
    "UNWIND range(1, 200000) AS i CALL (i) { RETURN i + 1 AS j } RETURN sum(j)",
    "UNWIND range(1, 200000) AS i CREATE (:New {i: i})",
    "UNWIND range(1, 200000) AS i MERGE (:New {i: i})",
    "FOREACH (i IN range(1, 200000) | CREATE (:New {i: i}))",
    "MATCH (k:K) UNWIND range(1, 2000) AS i SET k.i = i",
    "MATCH (a:K), (b:K), (c:K), (d:K) RETURN count(a.i + b.i + c.i + d.i)",
    "MATCH (a:K)-[:E*]->(b) RETURN count(*)",
    "MATCH p = (a:K)-[:E*1..5]->(b:K) RETURN count(p)",
    "MATCH p = ALL SHORTEST (a:K {i: 1})-[:E]-{1,4}(b:K) RETURN count(p)",
    "MATCH (a:K) RETURN COUNT { (a)-->()-->()-->()-->() }",
    "MATCH (a:K)-->(b)-->(c)-->(d) WHERE a.i = d.i RETURN count(*)",
    "UNWIND [-1, -2] AS i RETURN i IN $list",
    "EXPLAIN RETURN all(x IN $list WHERE x >= 0)",
];

/// A small graph in which every node leads to every other.
fn graph() -> Database {
    let db = Database::in_memory();
    db.execute("UNWIND range(1, 30) AS i CREATE (:K {i: i})", ()).unwrap();
    db.execute("MATCH (a:K), (b:K) WHERE a.i <> b.i CREATE (a)-[:E]->(b)", ()).unwrap();
    db
}

#[test]
fn every_operator_looks_whether_it_must_end() {
    let db = graph();
    let values = large();
    let mut late = Vec::new();
    for text in STATEMENTS.iter().filter(|text| !text.starts_with("EXPLAIN")) {
        let ended = drained(db.query_with(text, &values, &at_look(LOOK)));
        match ended.map_err(|error| error.kind()) {
            Err(Detail::CancelledByCaller) => {}
            other => late.push(format!("{text}: {other:?}")),
        }
    }
    assert!(late.is_empty(), "{}", late.join("\n"));
    let left = "MATCH (n) WHERE n:New OR n.i > 30 RETURN n";
    assert_eq!(drained(db.query(left, ())).unwrap(), 0, "nothing that ended has left a trace");
}

#[test]
fn an_index_is_built_under_looks_from_its_first_entry_to_its_last() {
    let statements = [
        "CREATE INDEX FOR (n:New) ON (n.i)",
        "CREATE INDEX FOR (n:New) ON (n.t, n.i)",
        "CREATE CONSTRAINT FOR (n:New) REQUIRE n.t IS UNIQUE",
        "CREATE INDEX FOR ()-[r:T]-() ON (r.t)",
    ];
    // To sort so many takes hundreds of looks, and to go through them once tens.
    let nodes = "UNWIND range(1, 100000) AS i WITH i * 7919 % 100003 AS i \
                 CREATE (n:New {i: i, t: toString(i)})-[:T {t: toString(i)}]->(n)";
    let mut late = Vec::new();
    for folded in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let db = Database::open(folder.path().join("store")).unwrap();
        db.execute(nodes, ()).unwrap();
        if folded {
            db.checkpoint().unwrap();
        }
        for text in statements {
            let ended = kind(drained(db.query_with(text, (), &at_look(200))));
            if ended != Some(Detail::CancelledByCaller) {
                late.push(format!("{text} (folded: {folded}): {ended:?}"));
            }
        }
        assert_eq!(drained(db.query("SHOW INDEXES", ())).unwrap(), 0);
        assert_eq!(drained(db.query("SHOW CONSTRAINTS", ())).unwrap(), 0);
        db.execute(statements[0], ()).unwrap();
        let found = "MATCH (n:New {i: 77}) RETURN n";
        assert_eq!(drained(db.query(found, ())).unwrap(), 1, "folded: {folded}");
    }
    assert!(late.is_empty(), "{}", late.join("\n"));
}

#[test]
fn reading_and_planning_a_long_text_ends_as_well() {
    let db = graph();
    let patterns = |n: usize| (0..n).map(|i| format!("(a{i}:K)-->(b{i})")).collect::<Vec<_>>();
    let texts = [
        format!("RETURN [{}]", "1 + 2, ".repeat(20_000) + "1"),
        format!("RETURN {}", "1 + ".repeat(20_000) + "1"),
        format!("RETURN {}", "$x OR ".repeat(20_000) + "$x"),
        format!("MATCH {} RETURN 1", patterns(300).join(", ")),
        format!("EXPLAIN MATCH {} RETURN 1", patterns(300).join(", ")),
        format!("MATCH (a){} RETURN 1", "-->()".repeat(300)),
        format!("CREATE {}", vec!["(:New {a: 1, b: 'two'})"; 5_000].join(", ")),
        format!("RETURN CASE {} END", "WHEN $x = 1 THEN 2 ".repeat(5_000)),
    ];
    let mut late = Vec::new();
    for text in texts {
        let ended = drained(db.query_with(&text, params! {"x" => true}, &at_look(LOOK / 3)));
        if kind(ended) != Some(Detail::CancelledByCaller) {
            late.push(text.chars().take(60).collect::<String>());
        }
    }
    assert!(late.is_empty(), "{}", late.join("\n"));
}

#[test]
fn one_row_of_a_file_ends_as_well() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("wide.csv"), "a,".repeat(1_000_000)).unwrap();
    std::fs::write(folder.path().join("long.csv"), "a".repeat(2_000_000)).unwrap();
    std::fs::write(folder.path().join("empty.csv"), "\n".repeat(2_000_000)).unwrap();
    let db = Database::in_memory_with(Options::default().import_folder(folder.path()));
    for file in ["wide.csv", "long.csv", "empty.csv"] {
        let text = format!("LOAD CSV FROM '{file}' AS row RETURN size(row)");
        let ended = drained(db.query_with(&text, (), &at_look(LOOK)));
        assert_eq!(ended.unwrap_err().kind(), Detail::CancelledByCaller, "{file}");
    }
}

#[test]
fn printing_ends_as_well() {
    use redstring::output::{FORMATS, WriteError};
    let db = Database::in_memory();
    let values = large();
    let columns = ["$long", "$list", "$words", "$nested", "$map", "[$map, [$text]]"];
    let mut late = Vec::new();
    for format in FORMATS {
        for column in columns {
            let text = format!("RETURN {column} AS x");
            let mut rows = db.query_with(&text, &values, &at_look(LOOK)).unwrap();
            let ended = format.write(&mut rows, &mut std::io::sink());
            match ended {
                Err(WriteError::Query(e)) if e.kind() == Detail::CancelledByCaller => {}
                other => late.push(format!("{column} as {}: {other:?}", format.name)),
            }
        }
    }
    assert!(late.is_empty(), "{}", late.join("\n"));
}

fn kind<T>(ended: Result<T>) -> Option<Detail> {
    ended.err().map(|error: Error| error.kind())
}

#[test]
fn a_handle_that_was_used_before_ends_what_is_given_it_and_nothing_else() {
    let db = graph();
    let cancel = CancelHandle::new();
    cancel.cancel();
    let options = StatementOptions::new().cancel(&cancel);
    let prepared = db.prepare("MATCH (k:K) RETURN k").unwrap();
    let mut transaction = db.begin().unwrap();
    let reading = db.begin_read();
    for text in ["MATCH (k:K) RETURN k", "EXPLAIN RETURN 1", "PROFILE RETURN 1"] {
        let ends = [
            kind(db.query_with(text, (), &options)),
            kind(prepared.query_with((), &options)),
            kind(transaction.query_with(text, (), &options)),
            kind(reading.query_with(text, (), &options)),
        ];
        assert_eq!(ends, [Some(Detail::CancelledByCaller); 4], "{text}");
        let ends = [
            kind(db.query(text, ())),
            kind(prepared.query(())),
            kind(transaction.query(text, ())),
            kind(reading.query(text, ())),
        ];
        assert_eq!(ends, [None; 4], "{text}");
    }
    let write = "CREATE (:New)";
    assert_eq!(
        kind(transaction.execute_with(write, (), &options)),
        Some(Detail::CancelledByCaller)
    );
    transaction.execute(write, ()).unwrap();
    transaction.commit().unwrap();
    assert_eq!(kind(db.execute_with(write, (), &options)), Some(Detail::CancelledByCaller));
    assert_eq!(kind(db.begin_with(&options)), Some(Detail::CancelledByCaller));
    assert_eq!(drained(db.query("MATCH (n:New) RETURN n", ())).unwrap(), 1);
}

#[test]
fn the_handle_of_a_database_ends_what_runs_and_not_what_comes_later() {
    let db = graph();
    let cancel = db.cancel_handle();
    // Nothing runs.
    cancel.cancel();
    assert_eq!(drained(db.query("MATCH (k:K) RETURN k", ())).unwrap(), 30);

    // Rows that are still to be made are of a statement that runs.
    let text = "UNWIND range(1, 100000) AS i RETURN i";
    let (mut one, mut two) = (db.query(text, ()).unwrap(), db.query(text, ()).unwrap());
    one.next().unwrap().unwrap();
    cancel.cancel();
    let later = db.query(text, ()).unwrap();
    for rows in [&mut one, &mut two] {
        let error = rows.find_map(Result::err).expect("the rows end with an error");
        assert_eq!(error.kind(), Detail::CancelledByCaller);
        assert!(rows.next().is_none());
    }
    assert_eq!(drained(Ok(later)).unwrap(), 100_000);

    // What has been written is committed, and its rows are there.
    let written = db.query("UNWIND range(1, 5000) AS i CREATE (n:New {i: i}) RETURN n", ());
    cancel.cancel();
    assert_eq!(drained(written).unwrap(), 5_000);
}

#[test]
fn one_of_several_handles_ends_a_statement_and_spares_others() {
    let db = graph();
    let (mine, other) = (CancelHandle::new(), CancelHandle::new());
    let text = "UNWIND range(1, 100000) AS i RETURN i";
    let both = StatementOptions::new().cancel(&mine).cancel(&other);
    let mut rows = db.query_with(text, (), &both).unwrap();
    let spared = db.query_with(text, (), &StatementOptions::new().cancel(&mine)).unwrap();
    other.cancel();
    assert!(rows.any(|row| row.is_err_and(|e| e.kind() == Detail::CancelledByCaller)));
    assert_eq!(drained(Ok(spared)).unwrap(), 100_000);
}

#[test]
fn a_statement_has_other_limits_than_its_database() {
    let options = Options::default().timeout(Duration::ZERO).memory_limit(Some(1 << 20));
    let db = Database::in_memory_with(options);
    let text = "RETURN size(range(1, 1000000))";
    assert_eq!(kind(db.query(text, ())), Some(Detail::TimedOut));
    let patient = StatementOptions::new().timeout(None);
    assert_eq!(kind(db.query_with(text, (), &patient)), Some(Detail::OutOfMemoryBudget));
    let large = patient.clone().memory_limit(None);
    assert_eq!(kind(db.query_with(text, (), &large)), None);
    let hasty = large.timeout(Some(Duration::ZERO));
    assert_eq!(kind(db.query_with(text, (), &hasty)), Some(Detail::TimedOut));
    // A time that no clock can tell is never over.
    let long = patient.timeout(Some(Duration::MAX));
    assert_eq!(kind(db.query_with("RETURN 1", (), &long)), None);
    // What is no statement has no such limit.
    db.begin().unwrap().commit().unwrap();
}

#[test]
fn time_runs_while_rows_are_taken() {
    let db = graph();
    let options = StatementOptions::new().timeout(Some(Duration::from_millis(200)));
    let rows = db.query_with("UNWIND range(1, 100000) AS i RETURN i", (), &options);
    thread::sleep(Duration::from_millis(250));
    assert_eq!(kind(drained(rows)), Some(Detail::TimedOut));
}

/// Ways to want the writer's place.
const WRITERS: &[fn(&Database, &StatementOptions) -> Result<()>] = &[
    |db, options| db.begin_with(options).map(drop),
    |db, options| db.execute_with("CREATE (:New)", (), options).map(drop),
    |db, options| db.prepare("CREATE (:New)")?.execute_with((), options).map(drop),
    |db, options| {
        let text = "UNWIND [1] AS i CALL (i) { CREATE (:New) } IN TRANSACTIONS";
        db.execute_with(text, (), options).map(drop)
    },
    |db, options| db.execute_with("CREATE INDEX FOR (n:New) ON (n.i)", (), options).map(drop),
];

#[test]
fn a_writer_that_waits_for_its_place_is_woken() {
    let hour = Duration::from_secs(3600);
    let db = Database::in_memory_with(Options::default().lock_timeout(hour));
    for writer in WRITERS {
        let place = db.begin().unwrap();
        let waits = |options: StatementOptions| {
            let db = db.clone();
            thread::spawn(move || kind(writer(&db, &options)))
        };
        // Time that is up.
        let late = waits(StatementOptions::new().timeout(Some(Duration::from_millis(5))));
        assert_eq!(late.join().unwrap(), Some(Detail::TimedOut));
        // A handle of its own, which another waiter does not hear.
        let cancel = CancelHandle::new();
        let other = waits(StatementOptions::new());
        let own = waits(StatementOptions::new().cancel(&cancel));
        cancel.cancel();
        assert_eq!(own.join().unwrap(), Some(Detail::CancelledByCaller));
        // That of the database. The other may not have begun to wait yet, so it is asked again.
        while !other.is_finished() {
            db.cancel_handle().cancel();
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(other.join().unwrap(), Some(Detail::CancelledByCaller));
        drop(place);
        db.begin().unwrap().rollback().unwrap();
    }
    assert_eq!(drained(db.query("MATCH (n) RETURN n", ())).unwrap(), 0);
}

#[test]
fn a_commit_that_is_cancelled_leaves_nothing() {
    let db = graph();
    db.execute("CREATE CONSTRAINT FOR (k:K) REQUIRE k.i IS UNIQUE", ()).unwrap();
    let text = "MATCH (k:K) WITH k, k.i AS i SET k.i = 1000 - i";
    let mut committed = false;
    for look in 1..200 {
        let ended = kind(db.execute_with(text, (), &at_look(look)));
        let changed = drained(db.query("MATCH (k:K) WHERE k.i > 500 RETURN k", ())).unwrap();
        match ended {
            Some(kind) => assert_eq!((kind, changed), (Detail::CancelledByCaller, 0), "{look}"),
            None => {
                assert_eq!(changed, 30, "{look}");
                committed = true;
                break;
            }
        }
    }
    assert!(committed);
}
