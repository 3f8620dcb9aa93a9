//! Functions of the rows of LOAD CSV and LOAD JSON. The binder puts a variable of the row into their place; what is here
//! answers everywhere else.

use crate::function::ScalarFunction;
use crate::function::Volatility;
use crate::value::Value;

use super::SCALAR;

const LOAD: ScalarFunction = ScalarFunction { volatility: Volatility::Stable, ..SCALAR };

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "linenumber",
        signatures: &["linenumber() :: INTEGER"],
        doc: "The number of the line at which the row of LOAD CSV or LOAD JSON begins; null elsewhere.",
        example: ("linenumber()", "null"),
        eval: |_, _| Ok(Value::Null),
        ..LOAD
    },
    ScalarFunction {
        name: "file",
        signatures: &["file() :: STRING"],
        doc: "The file that LOAD CSV or LOAD JSON is reading; null elsewhere.",
        example: ("file()", "null"),
        eval: |_, _| Ok(Value::Null),
        ..LOAD
    },
];
