//! Text to syntax tree and back.
//!
//! Owns the grammar, the AST with its spans, the lexer for tools, and the words of syntax errors. Pure:
//! it knows no catalog, no function and no value, and what a name means is the binder's business.

pub mod ast;
