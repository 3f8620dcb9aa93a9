//! What the fuzzers run: each target takes any bytes, and panics where a promise is broken.
//!
//! The tests of the project include this folder and run every target on mutations of the seeds.

mod evaluate;
mod generate;
mod text;

pub use evaluate::{bind, evaluate, generate};
pub use text::{parse, shell};

/// A target: its name and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("parse", parse),
    ("bind", bind),
    ("evaluate", evaluate),
    ("generate", generate),
    ("stored", stored),
    ("shell", shell),
];

/// Stored bytes of any format: a value or none, and what a value holds can be read.
pub fn stored(data: &[u8]) {
    let Some((first, bytes)) = data.split_first() else { return };
    let formats = redstring::graph::STORED;
    let format = &formats[*first as usize % formats.len()];
    (format.read)(bytes);
}
