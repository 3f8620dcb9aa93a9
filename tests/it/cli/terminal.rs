//! Nothing in data, file names or messages commands the terminal.

use std::fs;
use std::process::Command;

use super::{redstring, run, run_with_input};

/// What a terminal must not get: an escape of each kind, and a mark that turns the order of text.
const HARMFUL: &[&str] =
    &["\u{1b}[31m", "\u{9b}31m", "\u{1b}]0;title\u{7}", "\u{202e}", "\u{7f}", "a\rb"];

fn is_harmless(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control() && c != '\u{202e}')
}

#[test]
fn results_for_people_are_harmless_wherever_they_go() {
    for harmful in HARMFUL {
        // Within JSON every such character is one of a string.
        for format in ["table", "line", "plain", "markdown", "json", "jsonl"] {
            let query = format!("RETURN '{harmful}' AS `{harmful}`, {{k: ['{harmful}']}} AS m");
            let ran = run(&["--format", format, "-c", &query]);
            assert_eq!(ran.code, Some(0), "{}", ran.err);
            let shown = ran.out.replace("\\u001b", "").len() < ran.out.len()
                || ran.out.contains("\\u")
                || ran.out.contains("\\r");
            assert!(shown && is_harmless(&ran.out), "{format}: {:?}", ran.out);
        }
        // For programs text is left as it is.
        let ran = run(&["--format", "csv", "-c", &format!("RETURN '{harmful}x' AS t")]);
        assert!(ran.out.contains(harmful), "{:?}", ran.out);
    }
}

#[test]
fn messages_are_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for harmful in HARMFUL {
        let mut ran = Vec::new();
        for query in [
            // In the line of the error, before, at and after its place.
            format!("RETURN '{harmful}', nobody, '{harmful}'"),
            format!("RETURN `{harmful}`"),
            format!("RETURN date('{harmful}')"),
            format!("RETURN datetime('2020-01-01T{harmful}')"),
            format!("RETURN duration('{harmful}')"),
            format!("RETURN time({{timezone: '{harmful}'}})"),
            format!("RETURN toInteger({{`{harmful}`: 1}})"),
            format!("CALL `{harmful}`()"),
            format!("LOAD CSV FROM '{harmful}' AS row RETURN row"),
            format!(
                "CREATE CONSTRAINT `{harmful}` FOR (n:L) REQUIRE n.p IS UNIQUE; CREATE (:L {{p: '{harmful}'}}); CREATE (:L {{p: '{harmful}'}})"
            ),
            format!(":source {harmful}"),
            format!(":{harmful}"),
            format!(":mode {harmful}"),
            format!(":param {harmful} x => 1"),
        ] {
            ran.push(run(&["-c", &query]));
            ran.push(run_with_input(&[], &query));
        }
        // A warning about a label that is not there, and a name in a file's name.
        ran.push(run(&["-c", &format!("MATCH (n:`{harmful}`) RETURN n; RETURN nobody")]));
        let script = path(&format!("{harmful}.cypher"));
        fs::write(&script, "RETURN nobody").unwrap();
        ran.push(run(&["-f", &script]));
        ran.push(run(&[&path(&format!("{harmful}-store")), "-c", "RETURN nobody"]));
        ran.push(run(&[&script, "-c", "RETURN nobody"]));
        ran.push(run(&["-f", &format!("{script}-missing")]));
        ran.push(run(&[&format!("--{harmful}")]));
        ran.push(run(&["--format", harmful]));
        // Imports and exports.
        let table = path(&format!("{harmful}.csv"));
        fs::write(&table, format!("id:ID,n:int\n1,\"{harmful}\"\n")).unwrap();
        ran.push(run(&["import", &path("new"), "--nodes", &format!("L={table}")]));
        fs::write(&table, format!("id:ID,\"{harmful}:int\"\n1,2\n1,2\n")).unwrap();
        ran.push(run(&["import", &path("new"), "--nodes", &format!("L={table}")]));
        fs::write(path("graph.jsonl"), format!("{{\"type\":\"node\",\"{harmful}\": }}\n")).unwrap();
        ran.push(run(&["import", &path("new"), &path("graph.jsonl")]));
        ran.push(run(&["import", &path("new"), &path(&format!("{harmful}.jsonl"))]));
        ran.push(run(&["export", &path("new"), &path(&format!("{harmful}.xyz"))]));
        ran.push(run(&["check", &path(harmful)]));
        ran.push(run(&["backup", &path(harmful), &path("copy")]));
        for ran in ran {
            assert_ne!(ran.code, Some(0), "{}", ran.err);
            assert!(!ran.err.is_empty() && is_harmless(&ran.err), "{:?}", ran.err);
        }
    }
}

#[test]
fn the_place_of_an_error_is_under_its_word() {
    let ran = run(&["-c", "RETURN '\u{1b}[31m', nobody"]);
    let lines: Vec<&str> = ran.err.lines().collect();
    let line =
        lines.iter().position(|line| line.contains("nobody") && line.contains(" | ")).unwrap();
    let (text, caret) = (lines[line], lines[line + 1]);
    assert_eq!(text.find("nobody"), caret.find("^^^^^^"), "{}", ran.err);
}

/// `script` runs a command with a terminal of its own as its standard output.
#[test]
fn a_terminal_gets_harmless_text_in_every_format() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("NOT RUN: `script` (util-linux) is not found, which gives a command a terminal");
        return;
    }
    let binary = env!("CARGO_BIN_EXE_redstring");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.cypher");
    for harmful in HARMFUL {
        let text = format!(
            ":echo on\n:param p => '{harmful}'\n:param\nRETURN '{harmful}x' AS `{harmful}`;\n"
        );
        fs::write(&file, text).unwrap();
        for format in ["csv", "table", "jsonl", "json", "line", "plain", "markdown"] {
            let command = format!("{binary} --format {format} -f {}", file.display());
            let mut script = Command::new("script");
            let output = script.args(["-qec", &command, "/dev/null"]).output().unwrap();
            // The terminal itself ends lines with both.
            let out = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
            assert!(output.status.success() && out.contains('x'), "{format}: {out:?}");
            assert!(is_harmless(&out), "{format}: {out:?}");
        }
    }
    let piped = redstring(&["-c", "RETURN '\u{1b}[31m' AS t"]).output().unwrap();
    assert!(piped.stdout.contains(&0x1b));
}
