//! From what the grammar matched to the syntax tree.
//!
//! Owns the checks that need nothing but the text: literals that fit, patterns where predicates stand,
//! depth. Knows no scopes.

mod clause;
mod compound;
mod expression;
mod literal;
mod path;
mod pattern;
mod schema;
mod statement;
mod value_type;

use std::cell::Cell;

use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::Literal;
use crate::syntax::ast::Name;
use crate::syntax::ast::QualifiedName;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;
use crate::syntax::limits;

/// Builds the tree of one text.
pub struct Builder<'t> {
    /// The text that was parsed.
    text: &'t str,
    /// Where that text begins in the whole of it, so that spans count from there.
    base: usize,
    /// Lists that stand in the place of blanks between brackets, by their positions in the text.
    constants: &'t [(usize, Literal)],
    /// How many expressions are being built, one within the other.
    depth: Cell<usize>,
    /// The height of the highest expression built since the register was last cleared.
    height: Cell<usize>,
}

impl<'t> Builder<'t> {
    /// A builder for a text that begins at `base` of the whole.
    pub fn new(text: &'t str, base: usize) -> Self {
        Self { text, base, constants: &[], depth: Cell::new(0), height: Cell::new(0) }
    }

    /// The same, with lists that were taken out of the text.
    pub fn with_constants(self, constants: &'t [(usize, Literal)]) -> Self {
        Self { constants, ..self }
    }

    /// The list that was taken out of the text at a place.
    fn constant(&self, pair: &Pair<'_>) -> Option<Literal> {
        let begin = pair.as_span().start();
        let at = self.constants.binary_search_by_key(&begin, |(at, _)| *at).ok()?;
        self.constants.get(at).map(|(_, list)| list.clone())
    }

    /// The place of a piece. What the grammar skips after the last token of a piece counts as part of it;
    /// here it does not.
    fn span(&self, pair: &Pair<'_>) -> Span {
        let mut last = pair.clone();
        while let Some(inner) = last.clone().into_inner().next_back() {
            last = inner;
        }
        Span::new(pair.as_span().start() + self.base, last.as_span().end() + self.base)
    }

    /// The text at a place.
    fn text_of(&self, span: Span) -> &'t str {
        self.text.get(span.start - self.base..span.end - self.base).unwrap_or_default()
    }

    fn name(&self, pair: &Pair<'_>) -> Result<Name> {
        let span = self.span(pair);
        let written = pair.as_str();
        Ok(Name { text: literal::unquote(written), span })
    }

    fn qualified_name(&self, pair: Pair<'_>) -> Result<QualifiedName> {
        let span = self.span(&pair);
        let parts = pair.into_inner().map(|part| self.name(&part)).collect::<Result<_>>()?;
        Ok(QualifiedName { parts, span })
    }

    /// Counts one more level while `build` runs.
    fn nested<T>(&self, span: Span, build: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.depth.get() > limits::MAX_NESTING {
            return Err(limits::too_deep(span));
        }
        self.depth.set(self.depth.get() + 1);
        let built = build();
        self.depth.set(self.depth.get() - 1);
        built
    }
}

/// The error for a piece that the grammar does not allow there.
fn misplaced(pair: &Pair<'_>, span: Span) -> Error {
    Error::internal(format!("rule {:?} is out of place", pair.as_rule())).at(span)
}

/// The pieces within, without keywords and signs that only hold the others apart.
fn parts(pair: Pair<'_>) -> impl Iterator<Item = Pair<'_>> {
    pair.into_inner().filter(|part| {
        !matches!(
            part.as_rule(),
            Rule::open_paren
                | Rule::close_paren
                | Rule::open_bracket
                | Rule::close_bracket
                | Rule::open_brace
                | Rule::close_brace
                | Rule::comma
                | Rule::colon
                | Rule::bar
                | Rule::equals
        )
    })
}
