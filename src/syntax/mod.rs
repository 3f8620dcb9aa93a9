//! Text to syntax tree and back.
//!
//! Owns the grammar, the AST with its spans, the lexer for tools, and the words of syntax errors. Pure:
//! it knows no catalog, no function and no value, and what a name means is the binder's business.

pub mod ast;
mod build;
mod grammar;
mod limits;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::Expression;
use crate::syntax::ast::Statement;
use crate::syntax::build::Builder;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;

/// Parses one statement; a `;` may end it.
///
/// ```
/// let statement = redstring::syntax::parse("MATCH (n:Person) RETURN n.name;").unwrap();
/// assert_eq!(statement.query.first.clauses.len(), 2);
/// ```
pub fn parse(text: &str) -> Result<Statement> {
    let whole = matched(Rule::whole_statement, text, 0)?;
    Builder::new(text, 0).statement(inner(whole, Rule::statement)?)
}

/// Parses one expression.
pub fn parse_expression(text: &str) -> Result<Expression> {
    let whole = matched(Rule::whole_expression, text, 0)?;
    Builder::new(text, 0).value(inner(whole, Rule::expression)?)
}

fn matched(rule: Rule, text: &str, base: usize) -> Result<Pair<'_>> {
    let pairs = grammar::parse(rule, text).map_err(|failure| {
        Error::syntax(Detail::UnexpectedSyntax, format!("expected {:?}", failure.expected))
            .at(Span::new(base + failure.at, base + failure.at + 1))
    })?;
    pairs.into_iter().next().ok_or_else(|| Error::internal("the grammar matched nothing"))
}

fn inner(whole: Pair<'_>, rule: Rule) -> Result<Pair<'_>> {
    whole
        .into_inner()
        .find(|pair| pair.as_rule() == rule)
        .ok_or_else(|| Error::internal("the grammar matched nothing"))
}
