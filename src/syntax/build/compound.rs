//! Expressions with clauses or branches of their own: comprehensions, quantifiers, CASE, subqueries, maps.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::BinaryOperator;
use crate::syntax::ast::CaseBranch;
use crate::syntax::ast::Clause;
use crate::syntax::ast::ComparisonOperator;
use crate::syntax::ast::Expression;
use crate::syntax::ast::ExpressionKind;
use crate::syntax::ast::MapEntry;
use crate::syntax::ast::MapProjectionItem;
use crate::syntax::ast::Match;
use crate::syntax::ast::Name;
use crate::syntax::ast::PathPattern;
use crate::syntax::ast::Quantifier;
use crate::syntax::ast::Query;
use crate::syntax::ast::SubqueryKind;
use crate::syntax::build::Builder;
use crate::syntax::build::expression::reject_pattern;
use crate::syntax::build::misplaced;
use crate::syntax::build::parts;
use crate::syntax::build::statement::query_of;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;

/// What follows the first expression in the brackets of a comprehension.
struct Rest {
    filter: Option<Box<Expression>>,
    result: Option<Box<Expression>>,
}

impl Builder<'_> {
    /// A list, or a list or pattern comprehension: the first expression and what follows it tell which.
    pub(super) fn list(&self, pair: Pair<'_>) -> Result<ExpressionKind> {
        let span = self.span(&pair);
        let mut elements = Vec::new();
        let mut rest = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::comprehension_rest => rest = Some(self.comprehension_rest(part)?),
                _ => elements.push(self.predicate(part)?),
            }
        }
        match (elements.pop(), rest) {
            (Some(first), Some(rest)) => self.comprehension(first, rest),
            (Some(only), None) if elements.is_empty() && self.is_element_of(&only) => {
                self.comprehension(only, Rest { filter: None, result: None })
            }
            (Some(last), None) => {
                elements.push(last);
                for element in &elements {
                    reject_pattern(element)?;
                }
                Ok(ExpressionKind::List(elements))
            }
            (None, None) => Ok(ExpressionKind::List(Vec::new())),
            (None, Some(_)) => Err(Error::internal("a comprehension has no list").at(span)),
        }
    }

    fn comprehension_rest(&self, pair: Pair<'_>) -> Result<Rest> {
        let mut rest = Rest { filter: None, result: None };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::where_part => rest.filter = Some(Box::new(self.where_part(part)?)),
                _ => rest.result = Some(Box::new(self.value(part)?)),
            }
        }
        Ok(rest)
    }

    fn comprehension(&self, first: Expression, rest: Rest) -> Result<ExpressionKind> {
        let span = first.span;
        let Rest { filter, result } = rest;
        if self.is_element_of(&first) {
            let (variable, list) = element_of(first)?;
            return Ok(ExpressionKind::ListComprehension {
                variable,
                list: Box::new(list),
                filter,
                result,
            });
        }
        let pattern = path_of(first)?;
        let result = result.ok_or_else(|| {
            Error::syntax(Detail::UnexpectedSyntax, "expected `|` and what each match becomes")
                .at(span)
                .help("A pattern comprehension looks like `[(a)-->(b) WHERE … | b.name]`.")
        })?;
        Ok(ExpressionKind::PatternComprehension { pattern: Box::new(pattern), filter, result })
    }

    /// Whether this is `variable IN list` without parentheses around the variable.
    fn is_element_of(&self, expression: &Expression) -> bool {
        match &expression.kind {
            ExpressionKind::Binary { operator: BinaryOperator::In, left, .. } => {
                left.as_variable().is_some()
                    && left.span.start == expression.span.start
                    && !self.text_of(expression.span).starts_with('(')
            }
            _ => false,
        }
    }

    pub(super) fn map_entry(&self, pair: Pair<'_>) -> Result<MapEntry> {
        let span = self.span(&pair);
        let mut inner = parts(pair);
        match (inner.next(), inner.next()) {
            (Some(key), Some(value)) => {
                let key = match key.as_rule() {
                    Rule::string => {
                        let span = self.span(&key);
                        Name { text: super::literal::string(key.as_str(), span.start)?, span }
                    }
                    _ => self.name(&key)?,
                };
                Ok(MapEntry { key, value: self.value(value)?, span })
            }
            _ => Err(Error::internal("a map entry has no value").at(span)),
        }
    }

    pub(super) fn projection_entry(&self, pair: Pair<'_>) -> Result<MapProjectionItem> {
        let span = self.span(&pair);
        match pair.into_inner().next() {
            Some(part) => match part.as_rule() {
                Rule::all_properties => Ok(MapProjectionItem::AllProperties),
                Rule::map_entry => self.map_entry(part).map(MapProjectionItem::Entry),
                Rule::variable => self.name(&part).map(MapProjectionItem::Variable),
                Rule::property_lookup => match part.into_inner().next() {
                    Some(key) => self.name(&key).map(MapProjectionItem::Property),
                    None => Err(Error::internal("a property has no key").at(span)),
                },
                _ => Err(misplaced(&part, span)),
            },
            None => Err(Error::internal("a map projection has an empty entry").at(span)),
        }
    }

    pub(super) fn case(&self, pair: Pair<'_>) -> Result<ExpressionKind> {
        let mut subject = None;
        let mut branches = Vec::new();
        let mut otherwise = None;
        for part in parts(pair) {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::expression => subject = Some(Box::new(self.value(part)?)),
                Rule::case_branch => {
                    branches.push(self.case_branch(part, subject.is_some(), span)?);
                }
                Rule::case_else => {
                    let value = part.into_inner().find(|part| part.as_rule() == Rule::expression);
                    otherwise = value.map(|value| self.value(value)).transpose()?.map(Box::new);
                }
                _ => {}
            }
        }
        Ok(ExpressionKind::Case { subject, branches, otherwise })
    }

    fn case_branch(&self, pair: Pair<'_>, simple: bool, span: Span) -> Result<CaseBranch> {
        let mut when = Vec::new();
        let mut then = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::case_test if simple => when.push(self.case_test(part)?),
                Rule::case_test => {
                    let place = self.span(&part);
                    let only = part.into_inner().next().filter(|p| p.as_rule() == Rule::expression);
                    match (only, when.is_empty()) {
                        (Some(predicate), true) => when.push(self.predicate(predicate)?),
                        _ => {
                            return Err(Error::syntax(
                                Detail::UnexpectedSyntax,
                                "a CASE without a subject takes one whole predicate per branch",
                            )
                            .at(place)
                            .help("Write the subject after CASE: `CASE x WHEN > 5 THEN …`."));
                        }
                    }
                }
                Rule::expression => then = Some(self.value(part)?),
                _ => {}
            }
        }
        let then = then.ok_or_else(|| Error::internal("a branch has no value").at(span))?;
        Ok(CaseBranch { when, then, span })
    }

    pub(super) fn all_reduce(&self, pair: Pair<'_>) -> Result<ExpressionKind> {
        let span = self.span(&pair);
        let predicate = pair
            .clone()
            .into_inner()
            .filter(|part| part.as_rule() == Rule::expression)
            .last()
            .ok_or_else(|| Error::internal("allReduce lacks a part").at(span))?;
        match self.reduce(pair)? {
            ExpressionKind::Reduce { accumulator, initial, variable, list, result } => {
                let predicate = Box::new(self.predicate(predicate)?);
                Ok(ExpressionKind::AllReduce {
                    accumulator,
                    initial,
                    variable,
                    list,
                    result,
                    predicate,
                })
            }
            _ => Err(Error::internal("allReduce lacks a part").at(span)),
        }
    }

    pub(super) fn quantified(&self, pair: Pair<'_>) -> Result<ExpressionKind> {
        let span = self.span(&pair);
        let variable = self.variable_within(&pair)?;
        let mut quantifier = Quantifier::All;
        let mut list = None;
        let mut predicate = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::quantifier => {
                    quantifier = match part.into_inner().next().map(|word| word.as_rule()) {
                        Some(Rule::kw_any) => Quantifier::Any,
                        Some(Rule::kw_none) => Quantifier::None,
                        Some(Rule::kw_single) => Quantifier::Single,
                        _ => Quantifier::All,
                    }
                }
                Rule::expression => list = Some(self.value(part)?),
                Rule::where_part => predicate = Some(self.where_part(part)?),
                _ => {}
            }
        }
        match (list, predicate) {
            (Some(list), Some(predicate)) => Ok(ExpressionKind::Quantified {
                quantifier,
                variable,
                list: Box::new(list),
                predicate: Box::new(predicate),
            }),
            _ => Err(Error::internal("a quantifier has no list or no predicate").at(span)),
        }
    }

    pub(super) fn reduce(&self, pair: Pair<'_>) -> Result<ExpressionKind> {
        let span = self.span(&pair);
        let mut names = Vec::new();
        let mut values = Vec::new();
        for part in parts(pair) {
            match part.as_rule() {
                Rule::variable => names.push(self.name(&part)?),
                Rule::expression if values.len() < 3 => {
                    values.push(Box::new(self.value(part)?));
                }
                _ => {}
            }
        }
        let mut names = names.into_iter();
        let mut values = values.into_iter();
        match (names.next(), names.next(), values.next(), values.next(), values.next()) {
            (Some(accumulator), Some(variable), Some(initial), Some(list), Some(result)) => {
                Ok(ExpressionKind::Reduce { accumulator, initial, variable, list, result })
            }
            _ => Err(Error::internal("reduce lacks a part").at(span)),
        }
    }

    pub(super) fn subquery(&self, pair: Pair<'_>) -> Result<ExpressionKind> {
        let span = self.span(&pair);
        let mut kind = SubqueryKind::Exists;
        let mut query = None;
        let mut mode = None;
        let mut patterns = Vec::new();
        let mut where_ = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::match_mode => mode = Some(self.match_mode(part)),
                Rule::subquery_kind => {
                    kind = match part.into_inner().next().map(|word| word.as_rule()) {
                        Some(Rule::kw_count) => SubqueryKind::Count,
                        Some(Rule::kw_collect) => SubqueryKind::Collect,
                        _ => SubqueryKind::Exists,
                    }
                }
                Rule::query => query = Some(self.query(part)?),
                Rule::path_pattern => patterns.push(self.matched_pattern(part)?),
                Rule::where_part => where_ = Some(self.where_part(part)?),
                _ => return Err(misplaced(&part, span)),
            }
        }
        let query = match query {
            Some(query) => query,
            None => {
                let within = pattern_span(&patterns, where_.as_ref(), span);
                let clause = Match { optional: false, mode, patterns, where_, span: within };
                query_of(Clause::Match(clause), within)
            }
        };
        reject_updates(&query)?;
        if kind == SubqueryKind::Collect && !query.ends_in_return() {
            return Err(Error::syntax(
                Detail::InvalidClauseComposition,
                "the query in `COLLECT { … }` must end in RETURN",
            )
            .at(query.span));
        }
        Ok(ExpressionKind::Subquery { kind, query: Box::new(query) })
    }
}

fn pattern_span(patterns: &[PathPattern], where_: Option<&Expression>, outer: Span) -> Span {
    let spans = patterns.iter().map(|pattern| pattern.span).chain(where_.map(|e| e.span));
    spans.reduce(Span::to).unwrap_or(outer)
}

/// An expression changes nothing, so neither does the query within it.
fn reject_updates(query: &Query) -> Result<()> {
    let parts = query.segments().flat_map(Query::parts);
    let update = parts.flat_map(|part| &part.clauses).find(|clause| clause.is_updating());
    match update {
        Some(clause) => Err(Error::syntax(
            Detail::InvalidClauseComposition,
            format!("{} cannot stand in a subquery expression", clause.keyword()),
        )
        .at(clause.span())
        .help("A subquery that changes the graph is written `CALL { … }`.")),
        None => Ok(()),
    }
}

/// The parts of `variable IN list`.
fn element_of(expression: Expression) -> Result<(Name, Expression)> {
    if let ExpressionKind::Binary { operator: BinaryOperator::In, left, right } = expression.kind
        && let ExpressionKind::Variable(text) = left.kind
    {
        return Ok((Name { text, span: left.span }, *right));
    }
    Err(Error::internal("a comprehension has no list").at(expression.span))
}

/// The pattern of a pattern comprehension: `(a)-->(b)` or `p = (a)-->(b)`.
fn path_of(expression: Expression) -> Result<PathPattern> {
    let span = expression.span;
    let pattern = match expression.kind {
        ExpressionKind::Pattern(pattern) => Some(*pattern),
        ExpressionKind::Comparison { first, mut rest } => match (first.kind, rest.pop()) {
            (ExpressionKind::Variable(text), Some(step))
                if rest.is_empty() && step.operator == ComparisonOperator::Equal =>
            {
                match step.operand.kind {
                    ExpressionKind::Pattern(pattern) => {
                        let variable = Some(Name { text, span: first.span });
                        Some(PathPattern { variable, span, ..*pattern })
                    }
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    };
    pattern.ok_or_else(|| {
        Error::syntax(
            Detail::UnexpectedSyntax,
            "expected `variable IN list` or a pattern at the start of the comprehension",
        )
        .at(span)
        .help("Write `[x IN list WHERE … | …]` or `[(a)-->(b) | …]`.")
    })
}
