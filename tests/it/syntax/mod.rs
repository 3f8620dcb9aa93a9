//! Text to syntax tree and back.

mod errors;
mod nesting;
mod round_trip;
mod tck;
mod tokens;
mod types;
