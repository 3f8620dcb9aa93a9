//! What a statement holds counts against its memory limit, whatever holds it.

use std::process::Command;

use redstring::{Database, Options};

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
