//! Functions of strings. Positions and lengths count characters (Unicode scalar values).

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::Context;
use crate::function::ScalarFunction;
use crate::function::Volatility;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Value;

use super::SCALAR;
use super::argument::Arguments;
use super::math::random_bits;

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "toUpper",
        aliases: &["upper"],
        signatures: &["toUpper(text :: STRING) :: STRING"],
        doc: "The text in upper case.",
        example: ("toUpper('straße')", "'STRASSE'"),
        eval: |_, args| Ok(text(Arguments::of("toUpper", args).string(0)?.to_uppercase())),
        eval_columns: Some(|context, columns, len| {
            map_strings(context, columns, len, "toUpper", str::to_uppercase)
        }),
        ..SCALAR
    },
    ScalarFunction {
        name: "toLower",
        aliases: &["lower"],
        signatures: &["toLower(text :: STRING) :: STRING"],
        doc: "The text in lower case.",
        example: ("toLower('ÄB')", "'äb'"),
        eval: |_, args| Ok(text(Arguments::of("toLower", args).string(0)?.to_lowercase())),
        eval_columns: Some(|context, columns, len| {
            map_strings(context, columns, len, "toLower", str::to_lowercase)
        }),
        ..SCALAR
    },
    ScalarFunction {
        name: "trim",
        signatures: &["trim(text :: STRING) :: STRING"],
        doc: "The text without white space at its ends.",
        example: ("trim('  a b ')", "'a b'"),
        eval: |_, args| Ok(text(Arguments::of("trim", args).string(0)?.trim())),
        ..SCALAR
    },
    ScalarFunction {
        name: "btrim",
        signatures: &["btrim(text :: STRING, characters? :: STRING) :: STRING"],
        doc: "The text without white space, or any of the given characters, at its ends.",
        example: ("btrim('xxhixx', 'x')", "'hi'"),
        eval: |_, args| trimmed("btrim", args, true, true),
        ..SCALAR
    },
    ScalarFunction {
        name: "ltrim",
        signatures: &["ltrim(text :: STRING, characters? :: STRING) :: STRING"],
        doc: "The text without white space, or any of the given characters, at its start.",
        example: ("ltrim('  a ')", "'a '"),
        eval: |_, args| trimmed("ltrim", args, true, false),
        ..SCALAR
    },
    ScalarFunction {
        name: "rtrim",
        signatures: &["rtrim(text :: STRING, characters? :: STRING) :: STRING"],
        doc: "The text without white space, or any of the given characters, at its end.",
        example: ("rtrim(' a  ')", "' a'"),
        eval: |_, args| trimmed("rtrim", args, false, true),
        ..SCALAR
    },
    ScalarFunction {
        name: "replace",
        signatures: &[
            "replace(text :: STRING, search :: STRING, with :: STRING, limit? :: INTEGER) :: STRING",
        ],
        doc: "The text with every occurrence of `search` replaced, or at most the first `limit`. An \
              empty search stands before each character and at the end.",
        example: ("replace('hello', 'l', 'w')", "'hewwo'"),
        eval: |context, args| {
            let args = Arguments::of("replace", args);
            let (original, search, with) = (args.string(0)?, args.string(1)?, args.string(2)?);
            let limit = if args.has(3) { args.count(3)? } else { usize::MAX };
            let found = original.matches(&**search).take(limit).count() as u64;
            let bytes = found.saturating_mul(with.len() as u64);
            context.check_memory("replace", bytes.saturating_add(original.len() as u64))?;
            Ok(text(original.replacen(&**search, with, limit)))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "split",
        signatures: &[
            "split(text :: STRING, delimiter :: STRING) :: LIST<STRING>",
            "split(text :: STRING, delimiters :: LIST<STRING>) :: LIST<STRING>",
        ],
        doc: "The pieces of the text between the delimiters. An empty delimiter splits it into \
              characters.",
        example: ("split('one,two', ',')", "['one', 'two']"),
        eval: split,
        ..SCALAR
    },
    ScalarFunction {
        name: "substring",
        signatures: &["substring(text :: STRING, start :: INTEGER, length? :: INTEGER) :: STRING"],
        doc: "The characters from `start` on, counted from 0; all of them, or at most `length`.",
        example: ("substring('hello', 1, 3)", "'ell'"),
        eval: |_, args| {
            let args = Arguments::of("substring", args);
            let original = args.string(0)?;
            let start = args.count(1)?;
            let length = if args.has(2) { args.count(2)? } else { usize::MAX };
            let rest = original.get(byte_of(original, start)..).unwrap_or("");
            Ok(text(rest.get(..byte_of(rest, length)).unwrap_or("")))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "left",
        signatures: &["left(text :: STRING, length :: INTEGER) :: STRING"],
        doc: "The first characters of the text.",
        example: ("left('hello', 2)", "'he'"),
        eval: |_, args| {
            let args = Arguments::of("left", args);
            let original = args.string(0)?;
            Ok(text(original.get(..byte_of(original, args.count(1)?)).unwrap_or("")))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "right",
        signatures: &["right(text :: STRING, length :: INTEGER) :: STRING"],
        doc: "The last characters of the text.",
        example: ("right('hello', 2)", "'lo'"),
        eval: |_, args| {
            let args = Arguments::of("right", args);
            let original = args.string(0)?;
            let skipped = original.chars().count().saturating_sub(args.count(1)?);
            Ok(text(original.get(byte_of(original, skipped)..).unwrap_or("")))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "char_length",
        aliases: &["character_length"],
        signatures: &["char_length(text :: STRING) :: INTEGER"],
        doc: "How many characters the text has.",
        example: ("char_length('äöü')", "3"),
        eval: |_, args| {
            let text = Arguments::of("char_length", args).string(0)?;
            Ok(Value::Integer(text.chars().count() as i64))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "normalize",
        signatures: &["normalize(text :: STRING, form? :: STRING) :: STRING"],
        doc: "The text in a Unicode normal form, NFC (if left out), NFD, NFKC or NFKD, so that \
              characters written in different ways are the same.",
        example: ("size(normalize('\\u212B', NFD))", "2"),
        eval: |_, args| {
            let args = Arguments::of("normalize", args);
            Ok(text(normalized(args.string(0)?, form(args)?)))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "isNormalized",
        signatures: &["isNormalized(value :: ANY, form? :: STRING) :: BOOLEAN"],
        doc: "Whether a text is in a Unicode normal form; null of what is no text. The same as \
              `value IS NFC NORMALIZED`.",
        example: ("isNormalized('\\u212B')", "false"),
        eval: |_, args| {
            let args = Arguments::of("isNormalized", args);
            let form = form(args)?;
            Ok(match args.value(0) {
                Value::String(text) => Value::Boolean(*normalized(text, form) == **text),
                _ => Value::Null,
            })
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "randomUUID",
        signatures: &["randomUUID() :: STRING"],
        volatility: Volatility::Volatile,
        doc: "A random universally unique identifier (version 4); another one at each call.",
        example: ("size(randomUUID())", "36"),
        eval: |_, _| Ok(text(uuid(random_bits(), random_bits()))),
        ..SCALAR
    },
];

/// A Unicode normal form.
#[derive(Clone, Copy)]
enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

const FORMS: [(&str, Form); 4] =
    [("NFC", Form::Nfc), ("NFD", Form::Nfd), ("NFKC", Form::Nfkc), ("NFKD", Form::Nfkd)];

/// The form that the second argument names.
fn form(args: Arguments<'_>) -> Result<Form> {
    if !args.has(1) {
        return Ok(Form::Nfc);
    }
    let name = args.string(1)?;
    let known = FORMS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, form)| *form).ok_or_else(|| {
        let message = format!("there is no normal form `{name}`");
        Error::argument(Detail::InvalidArgumentValue, message)
            .help("The forms are NFC, NFD, NFKC and NFKD.")
    })
}

fn normalized(text: &str, form: Form) -> String {
    match form {
        Form::Nfc => text.nfc().collect(),
        Form::Nfd => text.nfd().collect(),
        Form::Nfkc => text.nfkc().collect(),
        Form::Nfkd => text.nfkd().collect(),
    }
}

/// Random bits in the form of RFC 9562, version 4.
fn uuid(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

fn text(text: impl Into<Arc<str>>) -> Value {
    Value::String(text.into())
}

/// Where the character at `index` starts; the end if there is none.
fn byte_of(text: &str, index: usize) -> usize {
    text.char_indices().nth(index).map_or(text.len(), |(at, _)| at)
}

fn trimmed(function: &'static str, args: &[Value], start: bool, end: bool) -> Result<Value> {
    let args = Arguments::of(function, args);
    let mut rest: &str = args.string(0)?;
    let given: Option<&str> = if args.has(1) { Some(args.string(1)?) } else { None };
    let drop = |c: char| given.map_or(c.is_whitespace(), |given| given.contains(c));
    if start {
        rest = rest.trim_start_matches(drop);
    }
    if end {
        rest = rest.trim_end_matches(drop);
    }
    Ok(text(rest))
}

fn split(_: &Context<'_>, args: &[Value]) -> Result<Value> {
    let args = Arguments::of("split", args);
    let original: &str = args.string(0)?;
    let mut delimiters: Vec<&str> = Vec::new();
    match args.value(1) {
        Value::String(one) => delimiters.push(one),
        Value::List(many) => {
            for delimiter in many.iter() {
                match delimiter {
                    Value::String(one) => delimiters.push(one),
                    Value::Null => return Ok(Value::Null),
                    _ => return Err(args.wrong_type(1, "a string or a list of strings")),
                }
            }
        }
        _ => return Err(args.wrong_type(1, "a string or a list of strings")),
    }
    let pieces: Vec<Value> = if original.is_empty() {
        vec![text("")]
    } else if delimiters.contains(&"") {
        let others: Vec<&str> = delimiters.into_iter().filter(|d| !d.is_empty()).collect();
        let parts = pieces(original, &others);
        parts.iter().flat_map(|part| part.chars()).map(|c| text(c.to_string())).collect()
    } else {
        pieces(original, &delimiters).into_iter().map(text).collect()
    };
    Ok(Value::List(Arc::new(pieces)))
}

/// The text between the delimiters; where several match, the longest counts.
fn pieces<'a>(original: &'a str, delimiters: &[&str]) -> Vec<&'a str> {
    if let [one] = delimiters {
        return original.split(one).collect();
    }
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < original.len() {
        let rest = original.get(at..).unwrap_or("");
        let found = delimiters.iter().filter(|d| rest.starts_with(**d)).map(|d| d.len()).max();
        match found {
            Some(length) => {
                pieces.push(original.get(start..at).unwrap_or(""));
                at += length;
                start = at;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    pieces.push(original.get(start..).unwrap_or(""));
    pieces
}

/// Changes every string of a column; with a dictionary, each word of it once.
fn map_strings(
    _: &Context<'_>,
    columns: &[Column],
    len: usize,
    function: &'static str,
    change: fn(&str) -> String,
) -> Result<Column> {
    let Some(column) = columns.first() else { return Ok(Column::nulls(len)) };
    let changed = |words: &[Arc<str>]| words.iter().map(|w| change(w).into()).collect::<Vec<_>>();
    let result = match column.data() {
        ColumnData::String(strings) => Column::strings(changed(strings)),
        ColumnData::Dictionary(codes, words) => {
            Column::dictionary(codes.to_vec(), Arc::new(changed(words)))
        }
        _ => {
            let one = |value: &Value| match value {
                Value::Null => Ok(Value::Null),
                _ => {
                    let args = std::slice::from_ref(value);
                    Ok(text(change(Arguments::of(function, args).string(0)?)))
                }
            };
            if let Some(value) = column.as_constant() {
                return Ok(Column::constant(one(value)?, len));
            }
            let values: Result<Vec<Value>> = column.iter().map(|value| one(&value)).collect();
            return values.map(Column::from_values);
        }
    };
    Ok(match column.validity() {
        Some(validity) => result.with_validity(validity.clone()),
        None => result,
    })
}
