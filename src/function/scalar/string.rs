//! Functions of strings. Positions and lengths count characters (Unicode scalar values).

use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::Context;
use crate::function::ScalarFunction;
use crate::function::Volatility;
use crate::meter;
use crate::value::Column;
use crate::value::ColumnData;
use crate::value::Value;
use crate::value::text;

use super::SCALAR;
use super::argument::Arguments;
use super::making::Making;
use super::math::random_bits;

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "toUpper",
        aliases: &["upper"],
        signatures: &["toUpper(text :: STRING) :: STRING"],
        doc: "The text in upper case.",
        example: ("toUpper('straße')", "'STRASSE'"),
        eval: |context, args| changed(context, Arguments::of("toUpper", args), text::upper),
        eval_columns: Some(|context, columns, len| {
            map_strings(context, columns, len, "toUpper", text::upper)
        }),
        ..SCALAR
    },
    ScalarFunction {
        name: "toLower",
        aliases: &["lower"],
        signatures: &["toLower(text :: STRING) :: STRING"],
        doc: "The text in lower case.",
        example: ("toLower('ÄB')", "'äb'"),
        eval: |context, args| changed(context, Arguments::of("toLower", args), text::lower),
        eval_columns: Some(|context, columns, len| {
            map_strings(context, columns, len, "toLower", text::lower)
        }),
        ..SCALAR
    },
    ScalarFunction {
        name: "trim",
        signatures: &["trim(text :: STRING) :: STRING"],
        doc: "The text without white space at its ends.",
        example: ("trim('  a b ')", "'a b'"),
        eval: |context, args| {
            part(context, "trim", text::trim(Arguments::of("trim", args).string(0)?))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "btrim",
        signatures: &["btrim(text :: STRING, characters? :: STRING) :: STRING"],
        doc: "The text without white space, or any of the given characters, at its ends.",
        example: ("btrim('xxhixx', 'x')", "'hi'"),
        eval: |context, args| trimmed(context, "btrim", args, true, true),
        ..SCALAR
    },
    ScalarFunction {
        name: "ltrim",
        signatures: &["ltrim(text :: STRING, characters? :: STRING) :: STRING"],
        doc: "The text without white space, or any of the given characters, at its start.",
        example: ("ltrim('  a ')", "'a '"),
        eval: |context, args| trimmed(context, "ltrim", args, true, false),
        ..SCALAR
    },
    ScalarFunction {
        name: "rtrim",
        signatures: &["rtrim(text :: STRING, characters? :: STRING) :: STRING"],
        doc: "The text without white space, or any of the given characters, at its end.",
        example: ("rtrim(' a  ')", "' a'"),
        eval: |context, args| trimmed(context, "rtrim", args, false, true),
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
        eval: replace,
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
        eval: |context, args| {
            let args = Arguments::of("substring", args);
            let original = args.string(0)?;
            let start = args.count(1)?;
            let length = if args.has(2) { args.count(2)? } else { usize::MAX };
            let rest = original.get(text::byte_of(original, start)..).unwrap_or("");
            let end = text::byte_of(rest, length);
            part(context, "substring", rest.get(..end).unwrap_or(""))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "left",
        signatures: &["left(text :: STRING, length :: INTEGER) :: STRING"],
        doc: "The first characters of the text.",
        example: ("left('hello', 2)", "'he'"),
        eval: |context, args| {
            let args = Arguments::of("left", args);
            let original = args.string(0)?;
            let end = text::byte_of(original, args.count(1)?);
            part(context, "left", original.get(..end).unwrap_or(""))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "right",
        signatures: &["right(text :: STRING, length :: INTEGER) :: STRING"],
        doc: "The last characters of the text.",
        example: ("right('hello', 2)", "'lo'"),
        eval: |context, args| {
            let args = Arguments::of("right", args);
            let original = args.string(0)?;
            let skipped = text::count(original).saturating_sub(args.count(1)?);
            let start = text::byte_of(original, skipped);
            part(context, "right", original.get(start..).unwrap_or(""))
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
            let original = Arguments::of("char_length", args).string(0)?;
            Ok(Value::Integer(text::count(original) as i64))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "normalize",
        signatures: &["normalize(text :: STRING, form? :: STRING) :: STRING"],
        doc: "The text in a Unicode normal form, NFC (if left out), NFD, NFKC or NFKD, so that \
              characters written in different ways are the same.",
        example: ("size(normalize('\\u212B', NFD))", "2"),
        eval: |context, args| {
            let args = Arguments::of("normalize", args);
            let characters = normalized(args.string(0)?, form(args)?)?;
            Making::new(context, "normalize").text(characters)
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
                Value::String(text) => {
                    Value::Boolean(normalized(text, form)?.eq(text::chars(text)))
                }
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
        eval: |_, _| Ok(Value::string(uuid(random_bits(), random_bits()))),
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

/// Marks are put into order all at once, up to the next letter.
const MOST_MARKS: usize = 1 << 20;

/// The characters of a text in a normal form.
fn normalized(original: &str, form: Form) -> Result<Box<dyn Iterator<Item = char> + '_>> {
    let mut marks = 0;
    for character in text::chars(original) {
        marks = if canonical_combining_class(character) == 0 { 0 } else { marks + 1 };
        if marks > MOST_MARKS {
            let message = format!("the text has more than {MOST_MARKS} combining marks in a row");
            return Err(Error::argument(Detail::InvalidArgumentValue, message)
                .help("Text of a language has no more than a few; look at where it comes from."));
        }
    }
    let characters = text::chars(original);
    Ok(match form {
        Form::Nfc => Box::new(characters.nfc()),
        Form::Nfd => Box::new(characters.nfd()),
        Form::Nfkc => Box::new(characters.nfkc()),
        Form::Nfkd => Box::new(characters.nfkd()),
    })
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

/// A part of a text.
fn part(context: &Context<'_>, function: &str, part: &str) -> Result<Value> {
    context.check_memory(function, part.len() as u64)?;
    Ok(Value::string(part))
}

/// The argument in another form, which takes about as much as it does.
fn changed(
    context: &Context<'_>,
    args: Arguments<'_>,
    change: fn(&str) -> String,
) -> Result<Value> {
    let original = args.string(0)?;
    context.check_memory(args.function(), 2 * original.len() as u64)?;
    Ok(Value::string(change(original)))
}

fn trimmed(
    context: &Context<'_>,
    function: &'static str,
    args: &[Value],
    start: bool,
    end: bool,
) -> Result<Value> {
    let args = Arguments::of(function, args);
    let mut rest: &str = args.string(0)?;
    let given: Option<&str> = if args.has(1) { Some(args.string(1)?) } else { None };
    let drop = |c: char| {
        meter::walk(1 + given.map_or(0, str::len) / 16);
        given.map_or(c.is_whitespace(), |given| given.contains(c))
    };
    if start {
        rest = rest.trim_start_matches(drop);
    }
    if end {
        rest = rest.trim_end_matches(drop);
    }
    part(context, function, rest)
}

fn split(context: &Context<'_>, args: &[Value]) -> Result<Value> {
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
    let making = Making::new(context, "split");
    let value = |piece: &str| Value::string(piece);
    if original.is_empty() {
        making.texts([value("")].into_iter())
    } else if delimiters.contains(&"") {
        delimiters.retain(|delimiter| !delimiter.is_empty());
        let parts = pieces(original, &delimiters);
        let mut letter = [0; 4];
        making.texts(parts.flat_map(text::chars).map(|c| value(c.encode_utf8(&mut letter))))
    } else {
        making.texts(pieces(original, &delimiters).map(value))
    }
}

/// The text between the delimiters; where several match, the longest counts.
fn pieces<'a>(
    original: &'a str,
    delimiters: &'a [&'a str],
) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    let mut start = 0;
    let mut ends = ends(original, delimiters).chain([(original.len(), 0)]);
    Box::new(std::iter::from_fn(move || {
        let (at, length) = ends.next()?;
        let piece = original.get(start..at);
        start = at + length;
        piece
    }))
}

/// Where a delimiter stands, and how long it is.
fn ends<'a>(
    original: &'a str,
    delimiters: &'a [&'a str],
) -> Box<dyn Iterator<Item = (usize, usize)> + 'a> {
    if let [one] = delimiters {
        return Box::new(text::places(original, one).map(|at| (at, one.len())));
    }
    let mut at = 0;
    Box::new(std::iter::from_fn(move || {
        while let Some(rest) = original.get(at..).filter(|rest| !rest.is_empty()) {
            meter::walk(1 + delimiters.len());
            let found = delimiters.iter().filter(|d| rest.starts_with(**d)).map(|d| d.len()).max();
            let begin = at;
            at += found.unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
            if let Some(length) = found {
                return Some((begin, length));
            }
        }
        None
    }))
}

fn replace(context: &Context<'_>, args: &[Value]) -> Result<Value> {
    let args = Arguments::of("replace", args);
    let (original, search, with) = (args.string(0)?, args.string(1)?, args.string(2)?);
    let limit = if args.has(3) { args.count(3)? } else { usize::MAX };
    let places: &dyn Fn() -> Box<dyn Iterator<Item = usize>> = &|| {
        if search.is_empty() {
            let each = meter::walked(original.char_indices()).map(|(at, _)| at);
            return Box::new(each.chain([original.len()]).take(limit));
        }
        Box::new(text::places(original, search).take(limit))
    };
    let found = places().count() as u64;
    let bytes = found.saturating_mul(with.len() as u64).saturating_add(original.len() as u64);
    context.check_memory("replace", bytes.saturating_mul(2))?;
    let mut replaced = String::with_capacity(original.len());
    let mut from = 0;
    for at in places() {
        meter::walk(with.len() / 64);
        replaced.push_str(original.get(from..at).unwrap_or(""));
        replaced.push_str(with);
        from = at + search.len();
    }
    replaced.push_str(original.get(from..).unwrap_or(""));
    Ok(Value::string(replaced))
}

/// Changes every string of a column; with a dictionary, each word of it once.
fn map_strings(
    context: &Context<'_>,
    columns: &[Column],
    len: usize,
    function: &'static str,
    change: fn(&str) -> String,
) -> Result<Column> {
    let Some(column) = columns.first() else { return Ok(Column::nulls(len)) };
    let all = |words: &[Arc<str>]| -> Result<Vec<Arc<str>>> {
        let mut bytes = 0_u64;
        let each = meter::walked(words).map(|word| {
            bytes = bytes.saturating_add(2 * word.len() as u64);
            context.check_memory(function, bytes)?;
            Ok(change(word).into())
        });
        each.collect()
    };
    let result = match column.data() {
        ColumnData::String(strings) => Column::strings(all(strings)?),
        ColumnData::Dictionary(codes, words) => {
            Column::dictionary(codes.to_vec(), Arc::new(all(words)?))
        }
        _ => {
            let one = |value: &Value| match value {
                Value::Null => Ok(Value::Null),
                _ => {
                    let args = std::slice::from_ref(value);
                    changed(context, Arguments::of(function, args), change)
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
