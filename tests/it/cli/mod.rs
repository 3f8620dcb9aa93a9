//! The `redstring` command as its users meet it: exit codes, streams, scripts.

mod script;
mod terminal;

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

fn redstring(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_redstring"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a run gave: exit code, standard output, standard error.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn run(arguments: &[&str]) -> Ran {
    redstring(arguments).output().unwrap().into()
}

fn run_with_input(arguments: &[&str], input: &str) -> Ran {
    let mut child = redstring(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // A script that fails is not read to its end, and results are read meanwhile.
        scope.spawn(move || drop(pipe.write_all(input.as_bytes())));
        child.wait_with_output().unwrap().into()
    })
}

#[test]
fn results_go_to_standard_output() {
    let ran = run(&["-c", "RETURN 1 AS one, 'a,b' AS text; RETURN null AS nothing"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "one,text\n1,\"a,b\"\nnothing\n\n"));
    assert_eq!(ran.err, "");
}

#[test]
fn every_format_can_be_asked_for() {
    let cases = [
        ("json", "[\n {\"n\":1}\n]\n"),
        ("jsonl", "{\"n\":1}\n"),
        ("csv", "n\n1\n"),
        ("line", "n = 1\n"),
        ("plain", "n\n1\n"),
        ("markdown", "| n |\n| --- |\n| 1 |\n"),
        ("table", "┌───┐\n│ n │\n╞═══╡\n│ 1 │\n└───┘\n"),
    ];
    for (format, expected) in cases {
        let ran = run(&["--format", format, "-c", "RETURN 1 AS n"]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), expected), "{format}: {}", ran.err);
    }
}

#[test]
fn statements_come_from_standard_input() {
    let ran = run_with_input(
        &[],
        "CREATE (:A);\n// a comment; with a semicolon\nMATCH (n:A)\nRETURN count(*) AS n",
    );
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "n\n1\n", ""));
}

#[test]
fn an_error_says_where_it_is_and_ends_the_script() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.cypher");
    fs::write(&file, "RETURN 1 AS n;\n\nMATCH (n)\nRETURN nobody;\nRETURN 2 AS n;\n").unwrap();
    let ran = run(&["-f", file.to_str().unwrap()]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "n\n1\n"));
    let first = ran.err.lines().next().unwrap();
    let place = format!("{}:4:8: error[SyntaxError.UndefinedVariable]: ", file.display());
    assert!(first.starts_with(&place), "{first}");
    assert!(ran.err.contains("4 | RETURN nobody;\n  |        ^^^^^^"), "{}", ran.err);
}

#[test]
fn inputs_run_in_the_order_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("two.cypher");
    fs::write(&file, "RETURN 2 AS n").unwrap();
    let file = file.to_str().unwrap();
    let ran = run(&["-c", "RETURN 1 AS n", "-f", file, "-c", "RETURN 3 AS n"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "n\n1\nn\n2\nn\n3\n"));
}

#[test]
fn a_store_keeps_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let store = store.to_str().unwrap();
    assert_eq!(run(&[store, "-c", "CREATE (:A {x: 1})"]).code, Some(0));
    let ran = run(&[store, "-c", "MATCH (a:A) RETURN a.x AS x"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "x\n1\n"));
}

#[test]
fn transactions_commit_and_roll_back() {
    let script = ":begin\nCREATE (:A);\n:rollback\nBEGIN;\nCREATE (:B);\nCOMMIT;\n\
                  MATCH (n) RETURN labels(n) AS labels;";
    let ran = run_with_input(&["--format", "plain"], script);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "labels\n['B']\n"), "{}", ran.err);
}

#[test]
fn a_transaction_left_open_is_a_failure() {
    let ran = run_with_input(&[], ":begin\nCREATE (:A);");
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("rolled back"), "{}", ran.err);
}

#[test]
fn commands_work_in_scripts_with_either_prefix() {
    let ran = run_with_input(
        &[],
        ".mode json\nRETURN 1 AS n;\n:mode csv\nRETURN 1 AS n;\n:quit\nRETURN 2;",
    );
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "[\n {\"n\":1}\n]\nn\n1\n"));
    let ran = run(&["-c", ":nothing"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.starts_with("<command>:1:1: error[UsageError.InvalidCommand]: "),
        "{}",
        ran.err
    );
}

#[test]
fn wrong_usage_is_told_from_failure() {
    assert_eq!(run(&["--no-such-flag"]).code, Some(2));
    assert_eq!(run(&["--format", "xml", "-c", "RETURN 1"]).code, Some(2));
    assert_eq!(run(&["-c", "RETURN"]).code, Some(1));
    assert_eq!(run(&["-f", "/no/such/file"]).code, Some(1));
    assert_eq!(run(&["/dev/null/store", "-c", "RETURN 1"]).code, Some(1));
    let help = run(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    assert!(help.out.contains("jsonl"));
}

#[test]
fn files_are_imported() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("persons.csv"), "id;name\n1;Ada\n2;Grace\n").unwrap();
    fs::write(path("follows.csv"), "from;to\n1;2\n1;9\n").unwrap();
    let nodes = format!("--nodes=Person={}", path("persons.csv"));
    let links = format!("FOLLOWS={}", path("follows.csv"));
    let store = path("store");
    let arguments = [
        "import",
        &store,
        &nodes,
        "--id",
        "id",
        "--relationships",
        &links,
        "--from",
        "from:Person.id",
        "--to",
        "to:Person.id",
        "--delimiter",
        ";",
    ];
    let ran = run(&arguments);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("follows.csv:3:3: the end, node `9` of `Person.id`, is not there"),
        "{}",
        ran.err
    );
    let ran = run(&[&arguments[..], &["--skip-bad-relationships"]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.err.contains("2 nodes, 1 relationship, passed over 1 relationship without its nodes"),
        "{}",
        ran.err
    );
    let ran = run(&[&store, "-c", "MATCH (a)-[:FOLLOWS]->(b) RETURN a.name, b.name"]);
    assert_eq!(ran.out, "a.name,b.name\nAda,Grace\n");
    let ran = run(&["import", &store, "--id", "id", &nodes]);
    assert!(ran.err.contains("`--id` belongs behind `--nodes`"), "{}", ran.err);
    let ran = run(&["import", &store]);
    assert!(ran.err.contains("there is nothing to import"), "{}", ran.err);
}

#[test]
fn a_store_goes_into_a_folder_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (store, dump, copy) = (path("store"), path("dump"), path("copy"));
    let create = "CREATE INDEX FOR (p:P) ON (p.n); CREATE (:P {n: 1})-[:R]->(:Q);";
    assert_eq!(run(&[&store, "-c", create]).code, Some(0));
    let ran = run(&["export", &store, &dump, "--format", "csv", "--compression", "gz"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let told = "exported 2 nodes, 1 relationship, 1 index or constraint";
    assert!(ran.err.contains(told), "{}", ran.err);
    let ran = run(&["import", &copy, &dump]);
    assert!(ran.err.contains("Imported 2 nodes, 1 relationship,"), "{}", ran.err);
    let query = "MATCH (p:P)-[:R]->(q) RETURN p.n, labels(q); SHOW INDEXES YIELD properties;";
    let ran = run(&[&copy, "--format", "json", "-c", query]);
    assert!(ran.out.contains("[\"Q\"]") && ran.out.contains("[\"n\"]"), "{}", ran.out);
    let ran = run(&["export", &store, &path("graph.jsonl")]);
    assert!(ran.err.contains("left out 1 index or constraint:"), "{}", ran.err);
    let ran = run(&["export", &store, &path("x"), "--format", "csv", "--compression", "rar"]);
    assert!(ran.err.contains("nothing is compressed as `rar`"), "{}", ran.err);
    assert!(ran.err.contains("gz and zst"), "{}", ran.err);
    let ran = run(&["check", &store]);
    assert!(ran.err.contains("checked 2 nodes, 1 relationship and "), "{}", ran.err);
    assert!(ran.err.ends_with(" bytes: all of it is whole\n"), "{}", ran.err);
}

#[test]
fn a_script_is_a_file_that_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (store, copy, script) = (path("store"), path("copy"), path("graph.cypher"));
    assert_eq!(run(&[&store, "-c", "CREATE (:P {n: 1})"]).code, Some(0));
    let ran = run(&["export", &store, &path("graph"), "--format", "cypher"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains(&format!("Name a file: `{script}`.")), "{}", ran.err);
    assert!(!folder.path().join("graph").exists());
    let ran = run(&["export", &store, &script]);
    assert!(ran.err.contains("exported 1 node, 0 relationships"), "{}", ran.err);
    let ran = run(&["import", &copy, &script]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains(&format!("`redstring {copy} -f {script}`")), "{}", ran.err);
    assert_eq!(run(&[&copy, "-f", &script]).code, Some(0));
    assert_eq!(run(&[&copy, "-c", "MATCH (p:P) RETURN p.n"]).out, "p.n\n1\n");
}

#[test]
fn a_statement_holds_no_more_than_it_may() {
    let query = "UNWIND range(1, 200000) AS x RETURN size(collect(x)) AS size";
    let ran = run(&["--memory-limit", "1MiB", "-c", query]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("LimitError.OutOfMemoryBudget"), "{}", ran.err);
    for limit in ["1GiB", "none"] {
        let ran = run(&["--memory-limit", limit, "-c", query]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), "size\n200000\n"), "{}", ran.err);
    }
    let ran = run(&["--memory-limit", "much", "-c", query]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--memory-limit") && ran.err.contains("512MiB"), "{}", ran.err);
    assert!(run(&["--help"]).out.contains("--memory-limit <SIZE>"));
}

#[test]
fn parameters_are_given_by_a_command() {
    let script = "CREATE (:P {n: 1})-[:R]->(:P {n: 2})-[:R]->(:P {n: 3});\n\
                  :param k => 1 + 1\n:param $ks => [$k, 'a']\n:param {text: 'it', `odd one`: null}\n:param\n\
                  MATCH p = SHORTEST $k (:P {n: 1})-[:R]-+(:P {n: 3}) RETURN length(p) AS l;\n\
                  RETURN $ks[0] AS a, $text AS b, $`odd one` AS c;\n";
    let ran = run_with_input(&["--format", "jsonl"], script);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let listed =
        ":param k => 2\n:param ks => [2, 'a']\n:param `odd one` => null\n:param text => 'it'\n";
    assert_eq!(ran.out, format!("{listed}{{\"l\":2}}\n{{\"a\":2,\"b\":\"it\",\"c\":null}}\n"));
    for (command, told) in [
        (":param k", "`:param` needs a name"),
        (":param k => 1 +", "`1 +` has no value"),
        (":param a b => 1", "`a b` is no name of a parameter"),
    ] {
        let ran = run(&["-c", command]);
        assert_eq!(ran.code, Some(1), "{command}");
        assert!(ran.err.contains(told), "{command}: {}", ran.err);
    }
    let ran = run(&["-c", "RETURN $x"]);
    assert!(ran.err.contains("`:param x => 1`"), "{}", ran.err);
}
