//! Parsing the printed tree gives the same tree.

use std::fs;

use proptest::prelude::*;
use redstring::syntax::parse;
use redstring::syntax::parse_within;
use redstring::syntax::print;
use redstring::syntax::print::print_canonical;
use redstring::syntax::split;

/// Both spellings of a query read back as the same tree; the canonical one is its own canonical spelling.
pub fn assert_round_trip(query: &str) {
    let tree = parse(query).unwrap_or_else(|error| panic!("{query}\n{error:?}"));
    let again = |text: &str| {
        parse(text).unwrap_or_else(|error| panic!("{query}\nprinted as\n{text}\n{error:?}"))
    };
    let printed = print(&tree);
    assert_eq!(again(&printed), tree, "{query}\nprinted as\n{printed}");
    let canonical = print_canonical(&tree);
    assert_eq!(again(&canonical), tree, "{query}\nprinted as\n{canonical}");
    assert_eq!(print_canonical(&again(&canonical)), canonical);
}

#[test]
fn the_corpus_reads_back() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/syntax/round_trip.cypher");
    let script = fs::read_to_string(path).unwrap();
    let statements = split(&script);
    assert!(statements.len() > 100);
    for place in statements {
        parse_within(&script, place).unwrap();
        assert_round_trip(&script[place.start..place.end]);
    }
}

/// Words and signs that make up queries, and some that do not.
fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "MATCH", "(", ")", "[", "]", "{", "}", "-", "->", "<-", "n", "m", ":A", "|", "RETURN",
        "WHERE", "WITH", "AS", "1", "2.5", "'s'", "$p", "+", "*", "NOT", "AND", "IN", "CASE",
        "WHEN", "THEN", "END", "=", "<", ",", ".", "..", "x", "EXISTS", "count", "any", "reduce",
        "IS NULL", "`q`", "SET", "CREATE", "é", "—", "\\", "'", "/*", "//", "\n", ";", "0x",
        "1e999",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..40)
        .prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        let _ = parse(&text);
        let _ = split(&text);
    }

    #[test]
    fn words_in_any_order_are_parsed_or_refused(text in pieces()) {
        match parse(&text) {
            Ok(_) => assert_round_trip(&text),
            Err(error) => {
                let span = error.span().unwrap();
                prop_assert!(span.start <= span.end && span.end <= text.len());
            }
        }
    }
}
