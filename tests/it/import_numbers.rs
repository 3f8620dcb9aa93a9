//! Import: text is a number where the number says the same, else it stays text or is an error.

use proptest::prelude::*;
use redstring::interchange::{ImportOptions, NodeFiles, RelationshipFiles};
use redstring::{Database, Error};

use crate::import::{Files, place, rows};

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The values of a column `x` under an inferred type, in the order of their rows.
fn inferred(texts: &[&str]) -> Result<Vec<String>, Error> {
    let lines: String = texts
        .iter()
        .enumerate()
        .map(|(at, text)| format!("n{at},{at},{}\n", quoted(text)))
        .collect();
    load(&format!("id,at,x\n{lines}"), Some("id"))
}

/// The values of a column `x` of this type.
fn stated(of: &str, text: &str) -> Result<Vec<String>, Error> {
    load(&format!("at:int,x:{of}\n1,{}\n", quoted(text)), None)
}

fn load(table: &str, id: Option<&str>) -> Result<Vec<String>, Error> {
    let files = Files::new();
    let nodes = NodeFiles::new([files.add("n.csv", table)]).label("N");
    let nodes = id.into_iter().fold(nodes, |nodes, id| nodes.id(id));
    let db = Database::in_memory();
    db.import(&ImportOptions::default().nodes(nodes))?;
    Ok(rows(&db, "MATCH (n:N) RETURN n.x ORDER BY n.at"))
}

#[test]
fn a_column_becomes_numbers_where_all_of_its_texts_survive() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["12345678901234567891", "12345678901234567892"], &[]),
        (&["9007199254740993", "1.5"], &[]),
        (&["9007199254740992", "1.5"], &["9.007199254740992E15", "1.5"]),
        (&["9007199254740993", "1"], &["9007199254740993", "1"]),
        (
            &["9223372036854775807", "-9223372036854775808"],
            &["9223372036854775807", "-9223372036854775808"],
        ),
        (&["9223372036854775808"], &[]),
        (&["-9223372036854775809", "1"], &[]),
        (&["1e400"], &[]),
        (&["-1e400", "1.5"], &[]),
        (&["1e-400"], &[]),
        (&["12.50", "1e3", "+5"], &["12.5", "1000.0", "5.0"]),
        (&["1E+3", "1e-3", "5e-324"], &["1000.0", "0.001", "5.0E-324"]),
        (&[".5", "5.", "-.5"], &["0.5", "5.0", "-0.5"]),
        (&["-0"], &["-0.0"]),
        (&["0", "-1"], &["0", "-1"]),
        (&["0.1234567890123456789"], &[]),
        (&["0.30000000000000004"], &["0.30000000000000004"]),
        (&["100000000000000000000"], &["1.0E20"]),
        (&["00"], &[]),
        (&["007", "8"], &[]),
        (&["-007"], &[]),
        (&["+007"], &[]),
        (&["00.5"], &[]),
        (&["0x10"], &[]),
        (&["1_000"], &[]),
        (&["1,5"], &[]),
        (&["1.000.000"], &[]),
        (&["NaN"], &[]),
        (&["Infinity", "1.5"], &[]),
        (&["-inf"], &[]),
        (&[" 5"], &[]),
        (&["5 ", "6"], &[]),
        (&["٣"], &[]),
        (&["１"], &[]),
        (&["1;2.5"], &[]),
        (&["1e"], &[]),
        (&["1", "true"], &[]),
        (&["true", "FALSE"], &["true", "false"]),
        (&["20240102"], &["20240102"]),
        (&["2024-01-02", "2024-12-31"], &["'2024-01-02'", "'2024-12-31'"]),
    ];
    for (texts, expected) in cases {
        let expected: Vec<String> = match expected {
            // Each is the text that it was.
            [] => texts.iter().map(|text| format!("'{text}'")).collect(),
            expected => expected.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(inferred(texts).unwrap(), expected, "{texts:?}");
    }
}

#[test]
fn a_later_row_is_of_the_type_of_the_first_ones_or_an_error() {
    let cases = [
        ("1", "007"),
        ("1", "+5"),
        ("1", "-0"),
        ("1", " 5"),
        ("1", "1.5"),
        ("1", "9223372036854775808"),
        ("1.5", "9007199254740993"),
        ("1.5", "1e400"),
        ("1.5", "1e-400"),
        ("1.5", "007"),
        ("1.5", "NaN"),
        ("1.5", "0.1234567890123456789"),
        ("true", "yes"),
        ("2024-01-02", "20240102"),
    ];
    for (first, later) in cases {
        let mut texts = vec![first; 10_000];
        texts.push(later);
        let error = inferred(&texts).unwrap_err();
        assert_eq!(error.code(), "UsageError.InvalidRow");
        assert!(
            place(&error).starts_with(&format!("n.csv:10002:15: `{later}` is not a")),
            "{error}"
        );
        assert!(error.message().contains("`NAME:string`"), "{error}");
    }
}

#[test]
fn a_stated_type_takes_a_text_or_refuses_it() {
    let cases = [
        ("int", "2147483648", None),
        ("int", "007", Some("7")),
        ("int", "+5", Some("5")),
        ("int", " 5 ", Some("5")),
        ("int", "-0", Some("0")),
        ("int", "5.0", None),
        ("int", "1e3", None),
        ("int", "1_000", None),
        ("int", "0x10", None),
        ("int", "٣", None),
        ("byte", "128", None),
        ("short", "-32769", None),
        ("long", "9223372036854775808", None),
        ("long", "12345678901234567891", None),
        ("long[]", "1;9223372036854775808", None),
        ("long[]", "1;2.5", None),
        ("double[]", "1;2.5", Some("[1.0, 2.5]")),
        ("double[]", "1;1e400", None),
        ("string[]", "1;2.5", Some("['1', '2.5']")),
        ("double", "1e400", None),
        ("double", "1e-400", None),
        ("float", "9007199254740993", None),
        ("double", "0.1234567890123456789", None),
        ("double", "0.10000000000000001", Some("0.1")),
        ("double", "12.50", Some("12.5")),
        ("double", "007.5", Some("7.5")),
        ("double", "NaN", Some("NaN")),
        ("double", "-Infinity", Some("-Infinity")),
        ("double", "1,5", None),
        ("json", "9007199254740993", Some("9007199254740993")),
        ("json", "12345678901234567891", None),
        ("json", "[0.5, 1e-400]", None),
        ("json", "1e400", None),
        ("json", "0.5", Some("0.5")),
        ("point", "{x: 1, y: 12345678901234567891}", None),
        ("point", "{x: 1, y: 2, srid: 7203.5}", None),
        ("string", "007", Some("'007'")),
    ];
    for (of, text, expected) in cases {
        match (stated(of, text), expected) {
            (Ok(found), Some(expected)) => assert_eq!(found, [expected], "{of} {text}"),
            (Err(error), None) => {
                assert_eq!(error.code(), "UsageError.InvalidRow");
                assert!(place(&error).starts_with("n.csv:2:4: "), "{error}");
            }
            (found, expected) => panic!("{of} `{text}` is {found:?}, and not {expected:?}"),
        }
    }
}

#[test]
fn identifiers_are_their_own_text_unless_stated_to_be_integers() {
    let files = Files::new();
    let nodes = files.add("n.csv", "id\n7\n8\n");
    let codes = files.add("c.csv", "id\n007\n7\n");
    let links = files.add("r.csv", "from,to\n007,8\n");
    let of = |nodes| NodeFiles::new([nodes]).label("N").id("id");
    let linked = RelationshipFiles::new([links]).relationship_type("R").from("from").to("to");
    let db = Database::in_memory();
    assert_eq!(db.import(&ImportOptions::default().nodes(of(codes))).unwrap().nodes, 2);
    let options = ImportOptions::default().nodes(of(nodes)).relationships(linked);
    let error = Database::in_memory().import(&options).unwrap_err();
    assert_eq!(place(&error), "r.csv:2:1: the start, node `007` of `N.id`, is not there");
    let options = options.id_type(redstring::interchange::IdType::Integer);
    assert_eq!(Database::in_memory().import(&options).unwrap().relationships, 1);
}

#[test]
fn whole_graphs_keep_numbers_or_refuse_them() {
    let json = |number: &str| {
        format!("{{\"type\":\"node\",\"id\":\"0\",\"properties\":{{\"x\":{number}}}}}\n")
    };
    let xml = |of: &str, number: &str| {
        format!(
            "<graphml><key id=\"x\" for=\"node\" attr.name=\"x\" {of}/><graph>\n\
             <node id=\"0\"><data key=\"x\">{number}</data></node></graph></graphml>"
        )
    };
    let cases = [
        ("g.jsonl", json("9007199254740993"), Some("9007199254740993")),
        ("g.jsonl", json("5.0"), Some("5.0")),
        ("g.jsonl", json("\"5\""), Some("'5'")),
        ("g.jsonl", json("[1.0, 2.5]"), Some("[1.0, 2.5]")),
        ("g.jsonl", json("1e400"), None),
        ("g.jsonl", json("1e-400"), None),
        ("g.jsonl", json("12345678901234567891"), None),
        ("g.jsonl", json("123456789012345678901234567890"), None),
        ("g.jsonl", json("0.1234567890123456789"), None),
        ("g.jsonl", json("0.1").replace("\"0\"", "123456789012345678901234567890"), None),
        ("g.graphml", xml("attr.type=\"long\"", "9007199254740993"), Some("9007199254740993")),
        ("g.graphml", xml("attr.type=\"long\"", "12345678901234567891"), None),
        ("g.graphml", xml("attr.type=\"int\"", "2147483648"), None),
        ("g.graphml", xml("attr.type=\"double\"", "5"), Some("5.0")),
        ("g.graphml", xml("attr.type=\"double\"", "9007199254740993"), None),
        ("g.graphml", xml("attr.type=\"double\"", "1e400"), None),
        ("g.graphml", xml("attr.type=\"float\"", "NaN"), Some("NaN")),
        ("g.graphml", xml("attr.type=\"string\"", "007"), Some("'007'")),
        (
            "g.graphml",
            xml("attr.type=\"string\" attr.list=\"double\"", "[1, 2.5]"),
            Some("[1.0, 2.5]"),
        ),
        ("g.graphml", xml("attr.type=\"string\" attr.list=\"double\"", "[9007199254740993]"), None),
        (
            "g.graphml",
            xml("attr.type=\"string\" attr.list=\"long\"", "[12345678901234567891]"),
            None,
        ),
    ];
    for (name, text, expected) in cases {
        let files = Files::new();
        let db = Database::in_memory();
        let options = ImportOptions::default().graph(files.add(name, &text));
        match (db.import(&options), expected) {
            (Ok(_), Some(expected)) => assert_eq!(rows(&db, "MATCH (n) RETURN n.x"), [expected]),
            (Err(error), None) => assert_eq!(error.code(), "UsageError.InvalidRow", "{error}"),
            (found, expected) => panic!("{text} gives {found:?}, and not {expected:?}"),
        }
    }
}

/// A decimal number: its sign, its digits without zeros at both ends, and the power of ten of the first.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], text[at + 1..].parse::<i64>().ok()?),
        None => (text, 0),
    };
    let point = mantissa.find('.').unwrap_or(mantissa.len());
    let digits = mantissa.replacen('.', "", 1);
    let begin = digits.find(|c| c != '0').unwrap_or(digits.len());
    let kept = digits.trim_matches('0').to_owned();
    let power = if kept.is_empty() { 0 } else { exponent + point as i64 - begin as i64 };
    (!digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit()))
        .then_some((negative, kept, power))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_is_kept_as_a_number_or_as_itself(
        texts in prop::collection::vec(
            prop_oneof![
                3 => "[+-]?[0-9]{1,20}",
                3 => "[+-]?[0-9]{0,18}\\.[0-9]{0,20}",
                3 => "-?[0-9]{1,3}(\\.[0-9]{1,17})?[eE][+-]?[0-9]{1,3}",
                1 => "[0-9eE+., x_-]{1,6}",
                1 => any::<f64>().prop_map(|float| float.to_string()),
                1 => any::<i64>().prop_map(|integer| integer.to_string()),
            ],
            1..4,
        )
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let values = inferred(&texts).unwrap();
        prop_assert_eq!(values.len(), texts.len());
        for (text, value) in texts.iter().zip(values) {
            let same = value == format!("'{text}'");
            prop_assert!(same || decimal(text).is_some() && decimal(text) == decimal(&value), "{} became {}", text, value);
        }
    }
}
