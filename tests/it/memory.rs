//! What a statement holds counts against its memory limit, whatever holds it.

use std::process::Command;

use redstring::interchange::{ImportOptions, NodeFiles};
use redstring::{Database, Detail, Options};

/// What makes the graph, and a statement that needs more than 8 MiB and less than 1 GiB.
const SHAPES: &[(&str, &str)] = &[
    (
        "",
        "UNWIND range(1, 200000) AS x WITH DISTINCT 'some text ' + toString(x) AS t RETURN count(t)",
    ),
    ("", "UNWIND range(1, 200000) AS x RETURN count(DISTINCT 'some text ' + toString(x))"),
    (
        "",
        "UNWIND range(1, 200000) AS x WITH 'some text ' + toString(x) AS t, count(*) AS c RETURN sum(c)",
    ),
    ("", "UNWIND range(1, 200000) AS x WITH toString(x) AS t, x AS y, count(*) AS c RETURN sum(c)"),
    ("", "UNWIND range(1, 100000) AS x WITH [x, toString(x)] AS t, count(*) AS c RETURN sum(c)"),
    (
        "",
        "CALL () { UNWIND range(1, 100000) AS x RETURN 'a' + toString(x) AS t UNION UNWIND range(1, 100000) AS x RETURN 'b' + toString(x) AS t } RETURN count(*)",
    ),
    (
        "",
        "UNWIND range(1, 200000) AS x WITH x AS k, min('a text for a group ' + toString(x)) AS m RETURN count(m)",
    ),
    (
        "",
        "UNWIND range(1, 200000) AS x WITH x AS k, max('a text for a group ' + toString(x)) AS m RETURN count(m)",
    ),
    (
        "",
        "UNWIND range(1, 100000) AS x WITH x AS k, sum(x) AS a, avg(x) AS b, stDev(x) AS c RETURN count(*)",
    ),
    ("", "UNWIND range(1, 100000) AS x WITH x AS k, collect(x) AS a RETURN count(*)"),
    ("", "UNWIND range(1, 100000) AS x WITH x AS k, percentileCont(x, 0.5) AS a RETURN count(*)"),
    (
        "",
        "UNWIND range(1, 200000) AS x WITH 'text ' + toString(x) AS t ORDER BY t DESC RETURN count(t)",
    ),
    (
        "",
        "UNWIND range(1, 200000) AS x WITH 'text ' + toString(x) AS t ORDER BY t LIMIT 150000 RETURN count(t)",
    ),
    ("", "UNWIND range(1, 100000) AS x CREATE (:A {a: x, t: 'text ' + toString(x)})"),
    ("", "UNWIND range(1, 50000) AS x CREATE (:A {a: x})-[:R {x: x}]->(:B)"),
    ("", "UNWIND range(1, 100000) AS x MERGE (:A {a: x})"),
    ("", "FOREACH (x IN range(1, 100000) | CREATE (:A {a: x}))"),
    ("", "UNWIND range(1, 50000) AS x CREATE (n:A {a: x}) RETURN n"),
    ("UNWIND range(1, 300000) AS x CREATE (:A {a: x})", "MATCH (n:A) SET n.a = n.a + 1"),
    (
        "UNWIND range(1, 100000) AS x CREATE (:A {a: x})",
        "MATCH (n:A) SET n.t = 'a text for each node ' + toString(n.a)",
    ),
    (
        "UNWIND range(1, 60000) AS x CREATE (:A {a: x})",
        "MATCH (n:A) SET n += {b: n.a, c: toString(n.a)}",
    ),
    (
        "",
        "WITH '[' + reduce(s = '1', i IN range(1, 19) | s + ',' + s) + ']' AS t RETURN size(json.parse(t))",
    ),
    (
        "",
        "WITH '[' + reduce(s = '{\"a\":[1,\"x\"]}', i IN range(1, 18) | s + ',' + s) + ']' AS t RETURN size(json.parse(t))",
    ),
    (
        "",
        "WITH '[' + reduce(s = '[]', i IN range(1, 19) | s + ',' + s) + ']' AS t RETURN size(json.parse(t))",
    ),
    ("UNWIND range(1, 60000) AS x CREATE (:A {a: x})", "MATCH (n:A) SET n:B"),
    ("UNWIND range(1, 300000) AS x CREATE (:A {a: x})", "MATCH (n:A) REMOVE n.a"),
    ("UNWIND range(1, 90000) AS x CREATE (:A {a: x})", "MATCH (n:A) DELETE n"),
    ("UNWIND range(1, 30000) AS x CREATE (:A {a: x})-[:R]->(:B)", "MATCH (n:A) DETACH DELETE n"),
    ("UNWIND range(1, 60000) AS x CREATE (:A {a: x})-[:R]->(:B)", "MATCH ()-[r:R]->() DELETE r"),
];

fn ends(db: &Database, text: &str) -> Result<(), Detail> {
    let rows = db.query(text, ()).map_err(|error| error.kind())?;
    rows.into_iter().try_for_each(|row| row.map(drop).map_err(|error| error.kind()))
}

/// How many nodes, relationships, labels and values there are.
fn whole(db: &Database) -> Vec<i64> {
    let count = |text: &str| db.query(text, ()).unwrap().single().unwrap().get(0).unwrap();
    vec![
        count("MATCH (n) RETURN count(*)"),
        count("MATCH ()-[r]->() RETURN count(*)"),
        count("MATCH (n:B) RETURN count(*)"),
        count("MATCH (n) RETURN coalesce(sum(n.a), 0) + count(n.b) + count(n.t)"),
    ]
}

#[test]
fn what_needs_more_than_the_limit_leaves_no_trace_and_what_needs_less_runs() {
    for (setup, text) in SHAPES {
        let folder = tempfile::tempdir().unwrap();
        let open = |bytes| {
            let options = Options::default().memory_limit(Some(bytes));
            Database::open_with(folder.path().join("store"), options).unwrap()
        };
        let db = open(1 << 30);
        if !setup.is_empty() {
            db.execute(setup, ()).unwrap();
        }
        let before = whole(&db);
        drop(db);
        let db = open(8 << 20);
        assert_eq!(ends(&db, text), Err(Detail::OutOfMemoryBudget), "{text}");
        assert_eq!(whole(&db), before, "{text}");
        // A transaction goes on after it, as it was.
        let mut transaction = db.begin().unwrap();
        transaction.execute("CREATE (:Other)", ()).unwrap();
        let ended = transaction.execute(text, ()).map_err(|error| error.kind());
        if !text.contains("RETURN") {
            assert_eq!(ended.unwrap_err(), Detail::OutOfMemoryBudget, "{text}");
        }
        transaction.execute("CREATE (:Other)", ()).unwrap();
        transaction.rollback().unwrap();
        assert_eq!(whole(&db), before, "{text}");
        drop(db);
        assert_eq!(ends(&open(1 << 30), text), Ok(()), "{text}");
    }
}

/// What a transaction has written counts for each of its statements, and is given back when it ends.
#[test]
fn a_transaction_holds_what_its_statements_have_written() {
    let db = Database::in_memory_with(Options::default().memory_limit(Some(8 << 20)));
    let step = "UNWIND range(1, 5000) AS x CREATE (:A {a: x})";
    let mut transaction = db.begin().unwrap();
    let done = (0..100).take_while(|_| transaction.execute(step, ()).is_ok()).count();
    assert!((2..50).contains(&done), "{done}");
    let count = transaction.query("MATCH (n) RETURN count(*)", ());
    let count: i64 = count.unwrap().single().unwrap().get(0).unwrap();
    assert_eq!(count, 5000 * done as i64);
    transaction.commit().unwrap();
    db.execute(step, ()).unwrap();
    // Many small statements on one node hold little.
    let mut transaction = db.begin().unwrap();
    transaction.execute("CREATE (:One)", ()).unwrap();
    for i in 0..2000 {
        transaction.execute(&format!("MATCH (n:One) SET n.a = {i}"), ()).unwrap();
    }
    transaction.commit().unwrap();
}

/// The most memory this process had, in bytes; none where the system does not say.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Asks for [`in_a_process_of_its_own`] to run.
const OWN_PROCESS: &str = "REDSTRING_TEST_MEMORY";

#[test]
fn the_process_grows_by_little_more_than_the_limit() {
    if peak().is_none() {
        eprintln!("NOT RUN: the memory of a process is measured where there is /proc");
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::in_a_process_of_its_own", "--nocapture"])
        .env(OWN_PROCESS, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("MEASURED"), "{output:?}");
}

/// Other tests would use memory meanwhile.
#[test]
fn in_a_process_of_its_own() {
    const LIMIT: u64 = 16 << 20;
    if std::env::var_os(OWN_PROCESS).is_none() {
        return;
    }
    let db = Database::in_memory_with(Options::default().memory_limit(Some(LIMIT)));
    db.execute("UNWIND range(1, 20000) AS x CREATE (:Warm {a: x})-[:R]->(:Up)", ()).unwrap();
    let warm = peak().unwrap();
    for (_, text) in SHAPES.iter().filter(|(setup, _)| setup.is_empty()) {
        // Ten times as much of it, so that it would be far above the limit.
        let text = text.replace("000)", "0000)");
        assert_eq!(ends(&db, &text), Err(Detail::OutOfMemoryBudget), "{text}");
        let grown = peak().unwrap() - warm;
        assert!(grown <= LIMIT * 3 / 2 + 50_000_000, "{text}: {grown}");
    }
    println!("MEASURED");
}

#[test]
fn a_long_table_is_written_in_pieces() {
    let table = |text: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_redstring"))
            .args(["--format", "table", "-c", text])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    for rows in [8191, 8192, 8193, 20_000] {
        let lines = table(&format!("UNWIND range(1, {rows}) AS x RETURN x % 100 AS x"));
        assert_eq!(lines.len(), rows + 4, "{rows}");
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width), "{rows}");
        assert!(lines[0].starts_with('┌') && lines[rows + 3].starts_with('└'), "{rows}");
    }
    // Rows that need more room than those before have it.
    let lines = table("UNWIND range(1, 20000) AS x RETURN x, 'text' AS t");
    assert!(lines.iter().any(|line| line.contains(" 20000 ") && line.contains(" text ")));
}

/// Small files that become much: each is refused, by the statement and by the import.
#[test]
fn files_that_unpack_to_more_than_the_limit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pack = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        let file = std::fs::File::create(&path).unwrap();
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, content).unwrap();
        packed.finish().unwrap();
        path
    };
    let options = Options::default().memory_limit(Some(16 << 20)).import_folder(folder.path());
    let db = Database::in_memory_with(options);
    let repeated = |begin: &str, what: &str, times: usize, end: &str| {
        format!("{begin}{}{end}", what.repeat(times)).into_bytes()
    };
    for (name, content) in [
        ("fields.csv.gz", repeated("", ",", 2_000_000, "\n")),
        ("texts.csv.gz", repeated("", "a,", 1_000_000, "\n")),
        ("row.csv.gz", repeated("a,b\n1,2\n", ",", 2_000_000, "\n")),
        ("quote.csv.gz", repeated("a,b\n1,\"", "x", 40_000_000, "\n")),
        ("field.csv.gz", repeated("a,b\n1,\"", "x", 40_000_000, "\"\n")),
    ] {
        let path = pack(name, &content);
        let query = format!("LOAD CSV FROM '{name}' AS row RETURN size(row)");
        assert_eq!(ends(&db, &query), Err(Detail::OutOfMemoryBudget), "{name}");
        let nodes = NodeFiles::new([path]).label("A");
        let options = ImportOptions::default().nodes(nodes).memory_bytes(16 << 20);
        let kind = db.import(&options).map(drop).map_err(|error| error.kind());
        let refused = [Detail::OutOfMemoryBudget, Detail::InvalidRow];
        assert!(kind.is_err_and(|kind| refused.contains(&kind)), "{name}: {kind:?}");
        assert_eq!(whole(&db), [0, 0, 0, 0], "{name}");
    }
    let line =
        repeated("{\"type\":\"node\",\"id\":\"1\",\"labels\":[\"", "x", 40_000_000, "\"]}\n");
    let options = ImportOptions::default().graph(pack("line.jsonl.gz", &line));
    let error = db.import(&options.memory_bytes(16 << 20)).unwrap_err();
    assert_eq!(error.kind(), Detail::OutOfMemoryBudget, "{error}");
    assert_eq!(whole(&db), [0, 0, 0, 0]);
}
