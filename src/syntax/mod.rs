//! Text to syntax tree and back.
//!
//! Owns the grammar, the AST with its spans, the lexer for tools, and the words of syntax errors. Pure:
//! it knows no catalog, no function and no value, and what a name means is the binder's business.

pub mod ast;
mod build;
mod constant;
mod error;
mod grammar;
pub mod keyword;
mod limits;
pub mod print;
pub mod token;

use std::borrow::Cow;

use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::Expression;
use crate::syntax::ast::Literal;
use crate::syntax::ast::Statement;
use crate::syntax::build::Builder;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;

pub use crate::syntax::limits::MAX_NESTING;
pub use crate::syntax::print::print;
pub use crate::syntax::token::is_complete;
pub use crate::syntax::token::split;

/// Parses one statement; a `;` may end it.
///
/// ```
/// let statement = redstring::syntax::parse("MATCH (n:Person) RETURN n.name;").unwrap();
/// assert_eq!(statement.query.first.clauses.len(), 2);
/// ```
pub fn parse(text: &str) -> Result<Statement> {
    parse_within(text, Span::new(0, text.len()))
}

/// Parses the one statement at a place of a script, as [`split`] gives it. Spans count from the start of
/// the whole text.
pub fn parse_within(text: &str, place: Span) -> Result<Statement> {
    let part = text.get(place.start..place.end).unwrap_or_default();
    let (part, constants) = match constant::lift(part) {
        Some((part, constants)) => (Cow::Owned(part), constants),
        None => (Cow::Borrowed(part), Vec::new()),
    };
    let depth = limits::check(&part, place.start)?;
    if part.len() > limits::LONG {
        let part = part.into_owned();
        return limits::apart(move || statement(&part, place.start, &constants));
    }
    limits::with_stack(depth, || statement(&part, place.start, &constants))
}

/// The one statement that a text is, which begins at `base` of the whole.
fn statement(text: &str, base: usize, constants: &[(usize, Literal)]) -> Result<Statement> {
    let whole = matched(Rule::whole_statement, text, base)?;
    let builder = Builder::new(text, base).with_constants(constants);
    builder.statement(inner(whole, Rule::statement)?)
}

/// Parses the statements of a script, which `;` holds apart. Ends at the first error.
///
/// ```
/// let script = "CREATE (:City {name: ';'}); // one\nMATCH (n) RETURN n";
/// assert_eq!(redstring::syntax::parse_script(script).unwrap().len(), 2);
/// ```
pub fn parse_script(text: &str) -> Result<Vec<Statement>> {
    split(text).into_iter().map(|place| parse_within(text, place)).collect()
}

/// Parses one expression.
pub fn parse_expression(text: &str) -> Result<Expression> {
    let depth = limits::check(text, 0)?;
    limits::with_stack(depth, || {
        let whole = matched(Rule::whole_expression, text, 0)?;
        Builder::new(text, 0).value(inner(whole, Rule::expression)?)
    })
}

fn matched(rule: Rule, text: &str, base: usize) -> Result<Pair<'_>> {
    let pairs =
        grammar::parse(rule, text).map_err(|failure| error::explain(&failure, text, base))?;
    pairs.into_iter().next().ok_or_else(|| Error::internal("the grammar matched nothing"))
}

fn inner(whole: Pair<'_>, rule: Rule) -> Result<Pair<'_>> {
    whole
        .into_inner()
        .find(|pair| pair.as_rule() == rule)
        .ok_or_else(|| Error::internal("the grammar matched nothing"))
}
