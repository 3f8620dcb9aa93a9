//! Depth and length: what nests 200 levels works, what nests deeper is an error and never a crash, and
//! work grows with the text, not with its depth.

use std::num::NonZeroUsize;
use std::process::Command;

use redstring::syntax::parse;

use crate::syntax::round_trip::assert_round_trip;

/// What opens and closes one level, and what stands innermost.
const NESTS: &[(&str, &str, &str)] = &[
    ("(", "1", ")"),
    ("(1 + ", "1", ")"),
    ("[", "1", "]"),
    ("[x IN ", "xs", " | x]"),
    ("[x IN xs WHERE ", "x", "]"),
    ("[x IN xs | ", "x", "]"),
    ("[(a)-->(b) WHERE ", "b", " | b]"),
    ("[(a)-->(b) | ", "b", "]"),
    ("{a: ", "1", "}"),
    ("n {a: ", "1", "}"),
    ("f(", "1", ")"),
    ("f(1 + ", "1", ")"),
    ("a[", "1", "]"),
    ("a[", "1", "..2]"),
    ("any(x IN xs WHERE ", "x", ")"),
    ("any(x IN ", "xs", " WHERE x)"),
    ("reduce(a = 0, x IN xs | ", "1", ")"),
    ("CASE WHEN ", "a", " THEN 1 END"),
    ("CASE ", "a", " WHEN 1 THEN 2 ELSE 3 END"),
    ("CASE WHEN a THEN 1 ELSE ", "a", " END"),
    ("NOT ", "a", ""),
    ("- ", "a", ""),
    ("EXISTS { MATCH (n) WHERE ", "a", " }"),
    ("EXISTS { (a)-->(b) WHERE ", "a", " }"),
    ("COUNT { MATCH (n) WHERE ", "a", " RETURN n }"),
    ("EXISTS { (a)-->(b {x: ", "1", "}) }"),
];

fn nested((open, inner, close): &(&str, &str, &str), levels: usize) -> String {
    format!("RETURN {}{inner}{} AS x", open.repeat(levels), close.repeat(levels))
}

/// What opens one level, and ends in an error when two numbers follow.
const BROKEN: &[&str] = &[
    "(a)-[r {x: ",
    "(a)--(b {x: ",
    "(a)-->(b {x: ",
    "(a)<--(b {x: ",
    "(a)-->(b)-[r {x: ",
    "(a {x: ",
    "(a:A {x: ",
    "[(a)-[r {x: ",
    "[x IN ",
    "[x IN xs | ",
    "{a: ",
    "n {a: ",
    "(",
    "f(",
    "any(x IN ",
    "single(x IN xs WHERE ",
    "reduce(a = ",
    "EXISTS { (a)-->({x: ",
    "CASE WHEN ",
    "a[",
    "(a WHERE ",
    "(a)-[r WHERE ",
    "NOT (a)-[r {x: ",
    "1 - [r {x: ",
    "<-[",
    "(:A {x: ",
    "({x: ",
    "(a)-[:R*1..2 {x: ",
    "shortestPath((a)-[r {x: ",
    "allShortestPaths((a {x: ",
];

/// Patterns to create, as a generated script holds them.
fn creating(patterns: usize) -> String {
    let mut text = "CREATE (n0:Person {name: 'zero'})".to_owned();
    for at in 1..patterns {
        text.push_str(&format!(
            ", (n{at}:Person {{name: 'it is {at}', born: {at}}})-[:KNOWS {{since: {at}}}]->(n0)"
        ));
    }
    text
}

/// Steps that the parser may take for each byte.
const STEPS: usize = 300;

const COUNTED: &str = "REDSTRING_TEST_COUNTED";

#[test]
fn the_steps_of_the_parser_are_in_proportion_to_the_text() {
    // The limit on steps holds for a whole process.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "syntax::nesting::counted_in_another_process", "--nocapture"])
        .env(COUNTED, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("<all counted>"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

/// The other process; as a test of its own it has nothing to do.
#[test]
fn counted_in_another_process() {
    if std::env::var_os(COUNTED).is_none() {
        return;
    }
    // A step is a rule or a part of one that is tried. Thirty levels that each double the work take a
    // thousand million, and patterns of which each reads all before it take the square.
    let within = |steps: usize, text: &str| {
        pest::set_call_limit(NonZeroUsize::new(steps * text.len()));
        parse(text)
    };
    let exhausted = within(1, "RETURN [1, 2, 3] AS list").unwrap_err();
    assert_eq!(exhausted.code(), "LimitError.NestingTooDeep", "the limit is in force");
    for nest in NESTS {
        within(STEPS, &nested(nest, 30)).unwrap_or_else(|e| panic!("{nest:?}: {e}"));
    }
    for open in BROKEN {
        let error = within(STEPS, &format!("RETURN {}1 2", open.repeat(30))).unwrap_err();
        assert_eq!(error.class(), redstring::ErrorClass::SyntaxError, "{open:?}: {error}");
        assert!(error.span().is_some(), "{open:?}");
    }
    for patterns in [50, 4_000] {
        within(STEPS, &creating(patterns)).unwrap();
    }
    println!("<all counted>");
}

#[test]
fn thirty_levels_read_back() {
    for nest in NESTS {
        assert_round_trip(&nested(nest, 30));
    }
}

#[test]
fn the_limit_works_and_one_more_level_is_an_error() {
    for nest in NESTS {
        let brackets =
            nest.0.matches(['(', '[', '{']).count() - nest.0.matches([')', ']', '}']).count();
        let each = brackets.max(1);
        // A bracket within the innermost level counts as well.
        let within = usize::from(nest.0.contains([')', ']', '}']));
        assert_round_trip(&nested(nest, (200 - within) / each));
        for levels in [200 / each + 1, 1_000, 20_000] {
            let error = parse(&nested(nest, levels)).unwrap_err();
            assert_eq!(error.code(), "LimitError.NestingTooDeep", "{nest:?}");
        }
    }
}

#[test]
fn unclosed_depth_is_an_error_too() {
    for open in
        ["(", "[", "{a: ", "CASE WHEN ", "NOT ", "-", "f(", "a[", "EXISTS {", "(a)-[{x: ", "n:("]
    {
        let error = parse(&format!("RETURN {}", open.repeat(50_000))).unwrap_err();
        assert_eq!(error.code(), "LimitError.NestingTooDeep", "{open}");
    }
    let error = parse(&format!("RETURN n:{}A", "!".repeat(50_000))).unwrap_err();
    assert_eq!(error.code(), "LimitError.NestingTooDeep");
}

#[test]
fn chains_of_operators_end_in_an_error_and_not_in_a_crash() {
    for (first, link) in [
        ("a", " + a"),
        ("a", ".b"),
        ("a", "[0]"),
        ("a", " IN a"),
        ("a", " IS NULL"),
        ("a", ":A IS NULL"),
    ] {
        parse(&format!("RETURN {first}{}", link.repeat(200))).unwrap();
        let error = parse(&format!("RETURN {first}{}", link.repeat(5_000))).unwrap_err();
        assert_eq!(error.code(), "LimitError.NestingTooDeep", "{link}");
    }
}

#[test]
fn runs_of_logic_comparisons_and_lists_have_no_limit() {
    for link in [" OR a = 1", " AND a = 1", " XOR a", " < a", ", a"] {
        parse(&format!("RETURN [a{}]", link.repeat(5_000))).unwrap();
    }
    parse(&format!("MATCH (a){} RETURN a", "-[:R]->()".repeat(5_000))).unwrap();
    parse(&format!("MATCH (a:A{}) RETURN a", "|B".repeat(5_000))).unwrap();
}
