//! Targets that look at text alone.

use redstring::output::FORMATS;
use redstring::syntax::{parse as parsed, print, print::print_canonical, split, token};
use redstring::{Database, ErrorClass, Value, params};

/// Any text parses or is refused at a place within it; what parses reads back from its print.
pub fn parse(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut end = 0;
    for token in token::tokens(&text) {
        assert!(token.span.start >= end && token.span.end > token.span.start, "{token:?}");
        assert!(text.get(token.span.start..token.span.end).is_some(), "{token:?}");
        end = token.span.end;
    }
    let tree = match parsed(&text) {
        Ok(tree) => tree,
        Err(error) => {
            assert_ne!(error.class(), ErrorClass::InternalError, "{text}\n{error}");
            let place = error.span().unwrap_or_else(|| panic!("no place: {text}\n{error}"));
            assert!(text.get(place.start..place.end).is_some(), "{text}\n{place:?}");
            return;
        }
    };
    for printed in [print(&tree), print_canonical(&tree)] {
        // The print may need brackets that the text did without, and so one level too many.
        match parsed(&printed) {
            Ok(again) => assert_eq!(again, tree, "{text}\nprinted as\n{printed}"),
            Err(error) if error.class() == ErrorClass::LimitError => {}
            Err(error) => panic!("{text}\nprinted as\n{printed}\n{error}"),
        }
    }
}

/// A script falls into the same pieces in the shell and in the library, and any text can be written in every
/// format, to a terminal without a control character.
pub fn shell(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let pieces = redstring::shell::pieces(&text);
    let mut end = 0;
    for piece in &pieces {
        assert!(piece.start >= end && piece.end > piece.start, "{text}\n{pieces:?}");
        assert!(text.get(piece.clone()).is_some_and(|t| t.trim_start() == t), "{text}\n{pieces:?}");
        end = piece.end;
    }
    let is_command = |c: &str| c.starts_with([':', '.', '\\']);
    if !pieces.iter().any(|piece| is_command(&text[piece.clone()])) {
        let places: Vec<_> = split(&text).iter().map(|span| span.start..span.end).collect();
        assert_eq!(places, pieces, "{text}");
    }
    let db = Database::in_memory();
    let name = text.replace('`', "``");
    let name = if name.is_empty() { "x".to_owned() } else { name };
    let query = format!("RETURN $text AS `{name}`, [$text] AS a, {{k: $text}} AS b, $number AS c");
    for format in FORMATS {
        let parameters = params! {"text" => &*text, "number" => Value::Integer(data.len() as i64)};
        let Ok(mut rows) = db.query(&query, parameters) else { return };
        let mut out = Vec::new();
        let count = format.write(&mut rows, &mut out).unwrap();
        assert_eq!(count, 1);
        let out = String::from_utf8(out).unwrap();
        let is_data = matches!(format.name, "csv" | "json" | "jsonl");
        let commands = |c: char| c.is_control() && c != '\n';
        assert!(is_data || !out.contains(commands), "{}: {out:?}", format.name);
    }
}
