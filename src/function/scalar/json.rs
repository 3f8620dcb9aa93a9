//! Functions of JSON text.

use crate::error::Detail;
use crate::error::Error;
use crate::function::ScalarFunction;
use crate::function::Volatility;
use crate::graph::hydrate::Hydrator;
use crate::meter;
use crate::value::Value;
use crate::value::json;
use crate::value::json::Fault;

use super::SCALAR;
use super::argument::Arguments;

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "json.parse",
        aliases: &["apoc.convert.fromJsonMap", "apoc.convert.fromJsonList"],
        signatures: &["json.parse(text :: STRING) :: ANY"],
        doc: "The value that a text of JSON holds: a map, a list, a string, a number, a boolean or null. A number that neither \
              an integer of 64 bits nor a float keeps is an error.",
        example: ("json.parse('{\"names\": [\"Ada\", null], \"born\": 1815}').names[0]", "'Ada'"),
        eval: |_, args| {
            let args = Arguments::of("json.parse", args);
            json::parse(args.string(0)?).map_err(|fault| match fault {
                Fault::Limit(error) => error,
                Fault::Malformed { place: (line, column), what } => Error::argument(
                    Detail::InvalidArgumentValue,
                    format!(
                        "`json.parse` cannot take the text: line {line}, column {column}: {what}"
                    ),
                )
                .help("JSON has double quotes, and neither comments nor trailing commas."),
            })
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "json.parseOrNull",
        signatures: &["json.parseOrNull(text :: STRING) :: ANY"],
        doc: "As `json.parse`, but null where that is an error.",
        example: ("json.parseOrNull('{\"names\": [')", "null"),
        eval: |_, args| {
            let args = Arguments::of("json.parseOrNull", args);
            match json::parse(args.string(0)?) {
                Ok(value) => Ok(value),
                Err(Fault::Malformed { .. }) => Ok(Value::Null),
                Err(Fault::Limit(error)) => Err(error),
            }
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "json.format",
        aliases: &["apoc.convert.toJson"],
        signatures: &["json.format(value :: ANY) :: STRING"],
        doc: "The value as a text of JSON, on one line. Temporal values, points, NaN and the infinities become strings; nodes, \
              relationships and paths become objects.",
        example: (
            "json.format({born: date('1815-12-10'), names: ['Ada', null]})",
            "'{\"born\":\"1815-12-10\",\"names\":[\"Ada\",null]}'",
        ),
        eval: |context, args| {
            let value = Arguments::of("json.format", args).value(0);
            let mut hydrator = Hydrator::new(context.graph);
            let whole = hydrator.value(value.clone())?;
            // The text grows by doubling, and is copied to where it stays.
            meter::ask(hydrator.made() + whole.held_bytes().saturating_mul(3))?;
            let mut text = String::new();
            json::write(&whole, &mut text);
            Ok(Value::from(text))
        },
        volatility: Volatility::Stable,
        ..SCALAR
    },
];
