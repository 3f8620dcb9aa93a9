//! The lexer for tools.

use proptest::prelude::*;
use redstring::syntax::keyword::KEYWORDS;
use redstring::syntax::parse;
use redstring::syntax::parse_script;
use redstring::syntax::token::TokenKind;
use redstring::syntax::token::is_complete;
use redstring::syntax::token::split;
use redstring::syntax::token::tokens;

fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
    tokens(text).map(|token| (token.kind, token.text(text))).collect()
}

#[test]
fn every_kind_of_token_is_told_apart() {
    use TokenKind::*;
    let text =
        "match (n:`A b` {x: 1.5e3, y: 'it\\'s'}) // c\nRETURN $p <> n[1..2] /* d */ ; # 'open";
    let expected = [
        (Keyword, "match"),
        (Sign, "("),
        (Name, "n"),
        (Sign, ":"),
        (QuotedName, "`A b`"),
        (Sign, "{"),
        (Name, "x"),
        (Sign, ":"),
        (Number, "1.5e3"),
        (Sign, ","),
        (Name, "y"),
        (Sign, ":"),
        (String, "'it\\'s'"),
        (Sign, "}"),
        (Sign, ")"),
        (Comment, "// c"),
        (Keyword, "RETURN"),
        (Parameter, "$p"),
        (Sign, "<>"),
        (Name, "n"),
        (Sign, "["),
        (Number, "1"),
        (Sign, ".."),
        (Number, "2"),
        (Sign, "]"),
        (Comment, "/* d */"),
        (Sign, ";"),
        (Unknown, "#"),
        (Unclosed, "'open"),
    ];
    assert_eq!(kinds(text), expected);
}

#[test]
fn a_statement_is_complete_when_a_semicolon_ends_it() {
    for text in [
        "RETURN 1;",
        "RETURN 1 ; ",
        "RETURN 1; // done",
        "RETURN 1; /* done */",
        ";",
        "RETURN 'a;';",
    ] {
        assert!(is_complete(text), "{text}");
    }
    for text in [
        "",
        "RETURN 1",
        "RETURN ';",
        "RETURN ';'",
        "// RETURN 1;",
        "RETURN 1 /* ;",
        "RETURN `;",
        "RETURN 1; RETURN 2",
    ] {
        assert!(!is_complete(text), "{text}");
    }
}

#[test]
fn a_script_is_split_at_its_semicolons_alone() {
    let script = "// first\nRETURN ';' AS a; ; /* b; */ RETURN 2 // c;\n;\nRETURN `;`";
    let parts: Vec<&str> =
        split(script).iter().map(|place| &script[place.start..place.end]).collect();
    assert_eq!(parts, ["RETURN ';' AS a", "RETURN 2", "RETURN `;`"]);
    let statements = parse_script(script).unwrap();
    assert_eq!(&script[statements[1].span.start..statements[1].span.end], "RETURN 2");
    let error = parse_script("RETURN 1;\nRETURN 'x' 2;").unwrap_err();
    assert_eq!(error.span().unwrap().line_column("RETURN 1;\nRETURN 'x' 2;"), (2, 12));
}

#[test]
fn the_table_and_the_grammar_reserve_the_same_words() {
    assert!(
        KEYWORDS.windows(2).all(|pair| pair[0].word < pair[1].word),
        "binary search needs the order"
    );
    for keyword in KEYWORDS {
        let word = keyword.word;
        let variable = parse(&format!("UNWIND [1] AS {word} RETURN 1"));
        assert_eq!(variable.is_err(), keyword.reserved, "{word}");
        parse(&format!("MATCH (n:{word} {{{word}: 1}})-[:{word}]->() RETURN n.{word}")).unwrap();
        parse(&format!("MATCH (`{word}`) RETURN `{word}`")).unwrap();
    }
}

#[test]
fn spans_point_at_what_was_written() {
    let text = "MATCH (n:Person )  WHERE n.age > 3   RETURN  n.name , 1 +  2  ";
    let statement = parse(text).unwrap();
    let clauses = &statement.query.first.clauses;
    let shown: Vec<&str> =
        clauses.iter().map(|clause| &text[clause.span().start..clause.span().end]).collect();
    assert_eq!(shown, ["MATCH (n:Person )  WHERE n.age > 3", "RETURN  n.name , 1 +  2"]);
}

#[test]
fn columns_are_named_as_they_were_written() {
    let statement = parse("RETURN  n.name , cOuNt( * ) AS c, `a b`, 1 +  /* x */ 2 // y").unwrap();
    let redstring::syntax::ast::Clause::Return(clause) = &statement.query.first.clauses[0] else {
        panic!("no RETURN")
    };
    let columns: Vec<&str> = clause.projection.items.iter().map(|item| item.column()).collect();
    assert_eq!(columns, ["n.name", "c", "a b", "1 +  /* x */ 2"]);
}

proptest! {
    #[test]
    fn tokens_cover_any_text_in_order(text in any::<String>()) {
        let mut end = 0;
        for token in tokens(&text) {
            prop_assert!(token.span.start >= end && token.span.end > token.span.start);
            prop_assert!(text.get(token.span.start..token.span.end).is_some());
            end = token.span.end;
        }
    }
}
