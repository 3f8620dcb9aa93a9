//! How deeply a text may nest.
//!
//! Everything after the parser walks the tree by recursion, and a thread's stack is small. So the limit is
//! ours and is checked twice: on the text, before the grammar's own recursion, and on the tree.

use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Span;

/// How many brackets, CASEs or prefix operators may stand one within the other.
pub const MAX_NESTING: usize = 200;

/// How many expressions may stand one within the other. More than [`MAX_NESTING`], since one level of
/// brackets can hold several: `(-a.b + (…))`.
pub const MAX_HEIGHT: usize = 500;

/// The error for a text that nests too deeply.
pub fn too_deep(span: Span) -> Error {
    Error::new(
        ErrorClass::LimitError,
        Phase::CompileTime,
        Detail::NestingTooDeep,
        format!("the query nests deeper than {MAX_NESTING} levels"),
    )
    .at(span)
    .help("Split the expression with WITH, or pass the nested value as a parameter.")
}
