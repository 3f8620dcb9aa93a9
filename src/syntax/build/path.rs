//! Path patterns: selectors, modes, quantifiers, and which elements may follow which.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::Expression;
use crate::syntax::ast::MatchMode;
use crate::syntax::ast::ParenthesizedPath;
use crate::syntax::ast::PathMode;
use crate::syntax::ast::PathPattern;
use crate::syntax::ast::PathQuantifier;
use crate::syntax::ast::PathSelector;
use crate::syntax::ast::PatternElement;
use crate::syntax::build::Builder;
use crate::syntax::build::misplaced;
use crate::syntax::build::parts;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;

/// What stands before the elements of a path.
type Prefix = (PathSelector, Option<PathMode>);

fn invalid(message: impl Into<String>, span: Span) -> Error {
    Error::syntax(Detail::InvalidRelationshipPattern, message).at(span)
}

impl Builder<'_> {
    pub(super) fn path_pattern(&self, pair: Pair<'_>) -> Result<PathPattern> {
        let span = self.span(&pair);
        let mut path = PathPattern {
            variable: None,
            selector: PathSelector::All,
            mode: None,
            elements: Vec::new(),
            span,
        };
        let mut prefix = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::variable => path.variable = Some(self.name(&part)?),
                Rule::path_prefix => {
                    prefix = Some(self.span(&part));
                    (path.selector, path.mode) = self.path_prefix(part)?;
                }
                Rule::shortest_path => {
                    if let Some(prefix) = prefix {
                        let message = "a selector or path mode cannot stand before `shortestPath`";
                        return Err(invalid(message, prefix)
                            .help("Write `SHORTEST 1 (a)-->+(b)` instead of the function."));
                    }
                    let inner = self.shortest_path(part)?;
                    path.selector = inner.selector;
                    path.elements = inner.elements;
                }
                _ => self.push_element(part, &mut path.elements)?,
            }
        }
        check_juxtaposition(&path.elements)?;
        Ok(path)
    }

    /// Adds an element; a quantifier belongs to the relationship before it.
    fn push_element(&self, part: Pair<'_>, elements: &mut Vec<PatternElement>) -> Result<()> {
        if part.as_rule() != Rule::path_quantifier {
            elements.push(self.pattern_element(part)?);
            return Ok(());
        }
        let quantifier = self.path_quantifier(part)?;
        match elements.last_mut() {
            Some(PatternElement::Relationship(relationship)) => {
                if relationship.length.is_some() {
                    let message = "a variable length and a quantifier cannot be combined";
                    return Err(invalid(message, relationship.span.to(quantifier.span))
                        .help("Write `-[r]->{1,3}` instead of `-[r*1..3]->`."));
                }
                relationship.quantifier = Some(quantifier);
                Ok(())
            }
            _ => Err(Error::internal("a quantifier without a relationship").at(quantifier.span)),
        }
    }

    /// `shortestPath(…)` or `allShortestPaths(…)`
    pub(super) fn shortest_path(&self, pair: Pair<'_>) -> Result<PathPattern> {
        let span = self.span(&pair);
        let mut selector = PathSelector::ShortestPath;
        let mut elements = Vec::new();
        for part in parts(pair) {
            match part.as_rule() {
                Rule::kw_shortest_path => {}
                Rule::kw_all_shortest_paths => selector = PathSelector::AllShortestPaths,
                _ => self.push_element(part, &mut elements)?,
            }
        }
        let quantified = elements.iter().find_map(|element| match element {
            PatternElement::Relationship(relationship) => {
                relationship.quantifier.as_ref().map(|quantifier| quantifier.span)
            }
            PatternElement::Parenthesized(path) => Some(path.span),
            PatternElement::Node(_) => None,
        });
        if let Some(quantified) = quantified {
            let message = "a quantified pattern cannot stand in `shortestPath`";
            return Err(invalid(message, quantified)
                .help("Write `SHORTEST 1 (a)-->+(b)` instead of the function."));
        }
        if elements.len() != 3 {
            return Err(Error::syntax(
                Detail::UnexpectedSyntax,
                "a shortest path goes from one node to another by one relationship pattern",
            )
            .at(span)
            .help("Write `shortestPath((a)-[*]-(b))`."));
        }
        Ok(PathPattern { variable: None, selector, mode: None, elements, span })
    }

    pub(super) fn parenthesized_path(&self, pair: Pair<'_>) -> Result<ParenthesizedPath> {
        let span = self.span(&pair);
        self.nested(span, || {
            let mut path =
                ParenthesizedPath { elements: Vec::new(), where_: None, quantifier: None, span };
            for part in parts(pair) {
                let place = self.span(&part);
                match part.as_rule() {
                    Rule::inner_path_name => {
                        let message = "a part of a path has no variable of its own";
                        return Err(invalid(message, place)
                            .help("Name the whole path: `p = (a) ((b)-->(c))+ (d)`."));
                    }
                    Rule::path_prefix => {
                        let message = "a selector or path mode stands before a whole path only";
                        return Err(invalid(message, place)
                            .help("Put it before the first element, `ANY SHORTEST (a)-->+(b)`."));
                    }
                    Rule::inline_where => path.where_ = Some(self.where_part(part)?),
                    Rule::path_quantifier if path.elements.last().is_none_or(is_closed) => {
                        path.quantifier = Some(self.path_quantifier(part)?);
                    }
                    _ => self.push_element(part, &mut path.elements)?,
                }
            }
            check_juxtaposition(&path.elements)?;
            if path.quantifier.is_some() {
                check_quantified(&path)?;
            }
            Ok(path)
        })
    }

    fn path_quantifier(&self, pair: Pair<'_>) -> Result<PathQuantifier> {
        let span = self.span(&pair);
        let mut quantifier = PathQuantifier { min: 0, max: None, span };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::star => {}
                Rule::plus => quantifier.min = 1,
                Rule::quantifier_range => {
                    let mut after = false;
                    for bound in part.into_inner() {
                        match (bound.as_rule(), after) {
                            (Rule::comma, _) => {
                                after = true;
                                quantifier.max = None;
                            }
                            (_, false) => {
                                quantifier.min = self.bound(&bound)?;
                                quantifier.max = Some(quantifier.min);
                            }
                            (_, true) => quantifier.max = Some(self.bound(&bound)?),
                        }
                    }
                }
                _ => return Err(misplaced(&part, span)),
            }
        }
        let PathQuantifier { min, max, .. } = quantifier;
        if max == Some(0) {
            let message = "a quantifier's greatest number must be at least 1";
            return Err(invalid(message, span));
        }
        if let Some(max) = max.filter(|max| *max < min) {
            let message = format!("a quantifier cannot go from {min} down to {max}");
            return Err(invalid(message, span).help(format!("Write `{{{max},{min}}}`.")));
        }
        Ok(quantifier)
    }

    fn path_prefix(&self, pair: Pair<'_>) -> Result<Prefix> {
        let span = self.span(&pair);
        let (mut selector, mut mode) = (PathSelector::All, None);
        let mut groups = None;
        let mut counted = true;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::path_selector => (selector, counted) = self.path_selector(part)?,
                Rule::path_mode => {
                    mode = part.into_inner().next().map(|word| match word.as_rule() {
                        Rule::kw_walk => PathMode::Walk,
                        Rule::kw_trail => PathMode::Trail,
                        Rule::kw_simple => PathMode::Simple,
                        _ => PathMode::Acyclic,
                    });
                }
                Rule::group_word => groups = Some(self.span(&part)),
                _ => {}
            }
        }
        let selector = match (selector, groups) {
            (PathSelector::Shortest(count), Some(_)) => {
                PathSelector::ShortestGroups(counted.then_some(count))
            }
            (_, Some(groups)) => {
                let message = "GROUPS belongs to `SHORTEST k` alone";
                return Err(invalid(message, groups).help("Write `SHORTEST 1 GROUP`."));
            }
            (PathSelector::Shortest(_), None) if !counted => {
                let message = "SHORTEST needs a number of paths";
                return Err(invalid(message, span)
                    .help("Write `SHORTEST 1`, `ANY SHORTEST` or `ALL SHORTEST`."));
            }
            (selector, None) => selector,
        };
        Ok((selector, mode))
    }

    /// The selector, and whether it has a number (which a lone SHORTEST has not).
    fn path_selector(&self, pair: Pair<'_>) -> Result<(PathSelector, bool)> {
        let span = self.span(&pair);
        let (mut first, mut shortest, mut count) = (None, false, None);
        for part in parts(pair) {
            match part.as_rule() {
                Rule::path_count => count = Some(self.path_count(part)?),
                Rule::kw_shortest if first.is_some() => shortest = true,
                rule => first = Some(rule),
            }
        }
        let counted = count.is_some();
        let selector = match (first, shortest) {
            (Some(Rule::kw_any), true) => PathSelector::AnyShortest,
            (Some(Rule::kw_all), true) => PathSelector::AllShortest,
            (Some(Rule::kw_any), false) => PathSelector::Any(count.map(Box::new)),
            (Some(Rule::kw_shortest), _) => {
                PathSelector::Shortest(Box::new(count.unwrap_or(Expression::integer(1, span))))
            }
            _ => PathSelector::All,
        };
        Ok((selector, counted))
    }

    fn path_count(&self, pair: Pair<'_>) -> Result<Expression> {
        let span = self.span(&pair);
        let Some(part) = pair.into_inner().next() else {
            return Err(Error::internal("a number of paths is empty").at(span));
        };
        let positive = || {
            let message = "the number of paths must be at least 1";
            Error::syntax(Detail::NumberOutOfRange, message).at(span)
        };
        match part.as_rule() {
            Rule::parameter => self.atom(part),
            Rule::integer => match self.bound(&part)? {
                0 => Err(positive()),
                count => Ok(Expression::integer(i64::try_from(count).unwrap_or(i64::MAX), span)),
            },
            _ => Err(positive()),
        }
    }

    pub(super) fn match_mode(&self, pair: Pair<'_>) -> MatchMode {
        match pair.into_inner().next().map(|word| word.as_rule()) {
            Some(Rule::kw_repeatable) => MatchMode::RepeatableElements,
            _ => MatchMode::DifferentRelationships,
        }
    }
}

/// Whether nothing can be quantified right behind the element.
fn is_closed(element: &PatternElement) -> bool {
    !matches!(element, PatternElement::Relationship(_))
}

/// Nodes stand beside quantified paths or relationships, never beside each other.
fn check_juxtaposition(elements: &[PatternElement]) -> Result<()> {
    use PatternElement::{Node, Parenthesized};
    for pair in elements.windows(2) {
        if let [Node(left), Node(right)] = pair {
            let message = "two nodes stand next to each other";
            return Err(invalid(message, left.span.to(right.span))
                .help("Put a relationship between them, or a comma."));
        }
    }
    let once = elements.iter().find_map(|element| match element {
        Parenthesized(path) if path.quantifier.is_none() => Some(path.span),
        _ => None,
    });
    match once {
        Some(span) if elements.len() > 1 => {
            let message = "a parenthesized path without a quantifier is a whole path";
            Err(invalid(message, span).help("Remove its parentheses, or quantify it: `(…){1}`."))
        }
        _ => Ok(()),
    }
}

/// What may not be repeated.
fn check_quantified(path: &ParenthesizedPath) -> Result<()> {
    let mut has_relationship = false;
    for element in &path.elements {
        match element {
            PatternElement::Node(_) => {}
            PatternElement::Parenthesized(inner) => {
                let message = "quantified paths cannot be nested";
                return Err(invalid(message, inner.span));
            }
            PatternElement::Relationship(relationship) => {
                has_relationship = true;
                if let Some(quantifier) = &relationship.quantifier {
                    let message = "quantified paths cannot be nested";
                    return Err(invalid(message, quantifier.span));
                }
                if let Some(length) = &relationship.length {
                    let message = "a variable length cannot stand in a quantified path";
                    return Err(invalid(message, length.span)
                        .help("Quantify the parentheses alone: `((a)-->(b)){1,3}`."));
                }
            }
        }
    }
    if has_relationship {
        return Ok(());
    }
    let message = "a quantified path needs at least one relationship";
    Err(invalid(message, path.span).help("Write `((a)-->(b)){1,3}`."))
}
