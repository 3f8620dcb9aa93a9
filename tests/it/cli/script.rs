//! Scripts: how they come, what they run, and who reads what they print.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use super::{Ran, redstring, run, run_with_input};

/// What a store holds, as a list of the numbers in it.
fn numbers(store: &str) -> String {
    run(&[store, "-c", "MATCH (p:P) RETURN p.n AS n ORDER BY n"]).out.replace('\n', " ")
}

#[test]
fn a_closed_pipe_ends_one_statement_and_no_other() {
    let long = "UNWIND range(1, 20000) AS n RETURN n;";
    let create = "CREATE (:P {n: 1});";
    // What runs, the exit code, and what the store holds in the end.
    let cases = [
        (long.to_owned(), 0, "n "),
        (format!("{long} {create}"), 0, "n 1 "),
        (format!(":begin\n{create} {long}\n:commit"), 0, "n 1 "),
        (format!("BEGIN; {create} {long} COMMIT;"), 0, "n 1 "),
        (format!(":begin\n{create} {long}"), 1, "n "),
        (format!(":begin\n{create} {long}\n:quit"), 1, "n "),
        (format!("{long} {long} :help\n:mode\n:param\n{create}"), 0, "n 1 "),
        (format!("{long} RETURN 1/0; {create}"), 1, "n "),
        (format!("{long} UNWIND range(-9, 0) AS n RETURN 1/n; {create}"), 1, "n "),
        (format!("{long} :nonsense\n{create}"), 1, "n "),
        (format!(":echo on\n{long} {create}"), 0, "n 1 "),
        (
            "UNWIND range(1, 20000) AS n CREATE (p:P {n: n % 2}) RETURN n; MATCH (p:P {n: 0}) DELETE p; MATCH (p:P) WITH DISTINCT p.n AS n MATCH (q:P) WITH n, collect(q) AS all FOREACH (q IN tail(all) | DELETE q)".to_string(),
            0,
            "n 1 ",
        ),
    ];
    for (script, code, stored) in cases {
        for format in ["csv", "table", "jsonl"] {
            let folder = tempfile::tempdir().unwrap();
            let store = folder.path().join("store").display().to_string();
            let mut child =
                redstring(&[&store, "--format", format, "-c", &script]).spawn().unwrap();
            // A reader like `head -1`.
            let mut few = [0; 16];
            child.stdout.take().unwrap().read_exact(&mut few).unwrap();
            let ran: Ran = child.wait_with_output().unwrap().into();
            assert_eq!(ran.code, Some(code), "{format}: {script}: {}", ran.err);
            assert_eq!(ran.err.is_empty(), code == 0, "{format}: {script}: {}", ran.err);
            assert_eq!(numbers(&store), stored, "{format}: {script}");
        }
    }
}

#[test]
fn leaving_with_an_open_transaction_is_a_failure() {
    for end in ["", ":quit\n", ":exit\n", ".q\n", "\\q\n", ":quit\nRETURN 1;\n"] {
        let script = format!("BEGIN;\nCREATE (:P {{n: 1}});\n{end}");
        let ran = run_with_input(&[], &script);
        assert_eq!(ran.code, Some(1), "{end}");
        assert!(ran.err.contains("UsageError.TransactionOpen"), "{end}: {}", ran.err);
        let ended = run_with_input(&[], &script.replace("CREATE", "COMMIT; CREATE"));
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{end}");
    }
}

#[test]
fn a_program_can_drive_the_shell() {
    let mut child = redstring(&["--format", "jsonl"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    // Each is written when the answer to the one before it has come: with or without a line end, in pieces, after comments.
    let talk: [(&[&str], &str); 7] = [
        (&["RETURN 1 AS n;"], "{\"n\":1}\n"),
        (&["RETURN\n", "  ';' AS n", "\n;\n"], "{\"n\":\";\"}\n"),
        (&[":param x => 2\n", "RETURN $x AS n;"], "{\"n\":2}\n"),
        (&["// a comment;\n/* and\n", "another; */ RETURN 3 AS n; "], "{\"n\":3}\n"),
        (&["CREATE (:P {n: 4});\n", "MATCH (p:P) RETURN p.n AS n;"], "{\"n\":4}\n"),
        (&["RETURN 'Ä", "ä' AS n;\n"], "{\"n\":\"Ää\"}\n"),
        (&[":begin\nCREATE (:P {n: 5});\n:commit\nRETURN 6 AS n", ";"], "{\"n\":6}\n"),
    ];
    for (pieces, expected) in talk {
        for piece in pieces {
            // A character may be cut in two as well.
            let (one, other) = piece.as_bytes().split_at(piece.len() - 1);
            input.write_all(one).unwrap();
            input.flush().unwrap();
            input.write_all(other).unwrap();
            input.flush().unwrap();
        }
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, expected, "{pieces:?}");
    }
    input.write_all(b"RETURN nobody").unwrap();
    drop(input);
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.starts_with("<stdin>:12:22: error"), "{}", ran.err);
}

#[test]
fn places_are_counted_from_the_beginning_of_a_long_script() {
    let lines = 3_000;
    let mut script: String = (0..lines).map(|n| format!("RETURN {n} AS n; // line\n")).collect();
    script.push_str("RETURN 1 AS a,\n  nobody AS b;\n");
    let ran = run_with_input(&[], &script);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.starts_with(&format!("<stdin>:{}:3: error", lines + 2)), "{}", ran.err);
    assert!(ran.err.contains(&format!("{} |   nobody AS b;", lines + 2)), "{}", ran.err);
    assert_eq!(ran.out.matches('\n').count(), 2 * lines);
}

#[test]
fn what_is_no_text_is_refused_at_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.cypher");
    for (bytes, out, told) in [
        (&b"RETURN 1 AS n;\nRETURN '\xff' AS n;\n"[..], "n\n1\n", "line 2 is not UTF-8"),
        (b"RETURN 1 AS n;\n\nRETURN '\xc3", "n\n1\n", "line 3 is not UTF-8"),
        (b"\xff\xfeR\0", "", "line 1 is not UTF-8"),
    ] {
        fs::write(&file, bytes).unwrap();
        let ran = run(&["-f", file.to_str().unwrap()]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), out), "{told}");
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    fs::write(&file, b"\xef\xbb\xbfRETURN 'after a byte-order mark' AS n;").unwrap();
    assert_eq!(run(&["-f", file.to_str().unwrap()]).code, Some(0));
    let ran = run(&["-f", folder.path().to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "a folder");
}

#[test]
fn scripts_that_run_each_other_without_end_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("below")).unwrap();
    // The scripts by name, the one that is run, and the chain that the error tells.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);
    let cases: [Case<'_>; 4] = [
        (&[("self", ":source self")], "self", &["self", "self"]),
        (&[("a", ":source b"), ("b", ".read a")], "a", &["a", "b", "a"]),
        (
            &[("a", ":source b"), ("b", ":source ./below/../c"), ("c", "\\source b")],
            "a",
            &["a", "b", "./below/../c", "b"],
        ),
        (&[("a", ":source ./a")], "a", &["a", "./a"]),
    ];
    for (scripts, first, chain) in cases {
        for (name, text) in scripts {
            fs::write(path(name), format!("CREATE (:P {{n: 1}});\n{text}\nCREATE (:P);\n"))
                .unwrap();
        }
        let mut command = redstring(&["store", "-f", first]);
        let ran: Ran = command.current_dir(folder.path()).output().unwrap().into();
        assert_eq!(ran.code, Some(1), "{scripts:?}");
        assert!(ran.err.contains("LimitError.NestingTooDeep"), "{}", ran.err);
        let chain: Vec<String> = chain.iter().map(|name| format!("`{name}`")).collect();
        assert!(ran.err.contains(&chain.join(", ")), "{}", ran.err);
        // What was run before it is known is not undone, and nothing is run twice.
        let created = "n ".to_owned() + &"1 ".repeat(scripts.len());
        assert_eq!(numbers(path("store").to_str().unwrap()), created, "{scripts:?}");
        fs::remove_dir_all(path("store")).unwrap();
    }
}

#[test]
fn scripts_may_run_the_same_file_twice_and_others_not_too_deep() {
    let folder = tempfile::tempdir().unwrap();
    let source = |name: String| format!(":source {}\n", folder.path().join(name).display());
    fs::write(folder.path().join("leaf"), "CREATE (:P);\n").unwrap();
    for depth in 0..80 {
        let next = if depth == 0 { "leaf".into() } else { format!("{}", depth - 1) };
        fs::write(folder.path().join(depth.to_string()), source(next.clone())).unwrap();
    }
    let count = "MATCH (p:P) RETURN count(p) AS n;";
    let leaf = source("leaf".into());
    let ran = run_with_input(&[], &format!("{leaf}{leaf}{}{count}", source("50".into())));
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "n\n3\n"), "{}", ran.err);
    let ran = run_with_input(&[], &source("79".into()));
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("64 deep"), "{}", ran.err);
}
