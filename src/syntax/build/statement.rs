//! Statements and queries.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::Clause;
use crate::syntax::ast::Conditional;
use crate::syntax::ast::ConditionalBranch;
use crate::syntax::ast::Mode;
use crate::syntax::ast::Query;
use crate::syntax::ast::SingleQuery;
use crate::syntax::ast::Statement;
use crate::syntax::ast::Union;
use crate::syntax::build::Builder;
use crate::syntax::build::misplaced;
use crate::syntax::build::parts;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;

impl Builder<'_> {
    /// Builds a statement.
    pub fn statement(&self, pair: Pair<'_>) -> Result<Statement> {
        let span = self.span(&pair);
        let mut mode = Mode::Run;
        let mut query = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::mode => {
                    mode = match part.into_inner().next().map(|keyword| keyword.as_rule()) {
                        Some(Rule::kw_explain) => Mode::Explain,
                        _ => Mode::Profile,
                    }
                }
                Rule::version => self.check_version(part)?,
                Rule::query => query = Some(self.query(part)?),
                _ => return Err(misplaced(&part, span)),
            }
        }
        let query = query.ok_or_else(|| Error::internal("a statement has no query").at(span))?;
        Ok(Statement { mode, query, span })
    }

    /// `CYPHER 25`: a word to Neo4j's planner that changes nothing here.
    fn check_version(&self, pair: Pair<'_>) -> Result<()> {
        let number = pair.into_inner().find(|part| part.as_rule() == Rule::integer);
        match number {
            Some(number) if !matches!(number.as_str(), "5" | "25") => Err(Error::syntax(
                Detail::UnexpectedSyntax,
                format!("there is no version {} of Cypher", number.as_str()),
            )
            .at(self.span(&number))
            .help("Write `CYPHER 25`, or leave it out.")),
            _ => Ok(()),
        }
    }

    /// A query with what follows after each NEXT.
    pub(super) fn query(&self, pair: Pair<'_>) -> Result<Query> {
        let span = self.span(&pair);
        let mut segments = pair
            .into_inner()
            .filter(|part| part.as_rule() == Rule::segment)
            .map(|part| self.segment(part));
        let first = segments.next().ok_or_else(|| Error::internal("a query is empty").at(span))?;
        let next = segments.collect::<Result<Vec<_>>>()?;
        Ok(Query { next, span, ..first? })
    }

    fn segment(&self, pair: Pair<'_>) -> Result<Query> {
        let span = self.span(&pair);
        let mut first = None;
        let mut unions: Vec<Union> = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::single_query => first = Some(self.single_query(part)?),
                Rule::union_part => {
                    let union = self.union(part)?;
                    if unions.first().is_some_and(|first| first.all != union.all) {
                        return Err(Error::syntax(
                            Detail::InvalidClauseComposition,
                            "UNION and UNION ALL cannot be mixed in one query",
                        )
                        .at(union.span)
                        .help("Put one of them into a subquery, `CALL { … }`."));
                    }
                    unions.push(union);
                }
                _ => return Err(misplaced(&part, span)),
            }
        }
        let first = first.ok_or_else(|| Error::internal("a query has no clauses").at(span))?;
        Ok(Query { first, unions, next: Vec::new(), span })
    }

    fn union(&self, pair: Pair<'_>) -> Result<Union> {
        let span = self.span(&pair);
        let mut all = false;
        let mut query = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_all => all = true,
                Rule::single_query => query = Some(self.single_query(part)?),
                _ => {}
            }
        }
        let query = query.ok_or_else(|| Error::internal("a union has no query").at(span))?;
        Ok(Union { all, query, span })
    }

    fn single_query(&self, pair: Pair<'_>) -> Result<SingleQuery> {
        let span = self.span(&pair);
        let clauses = parts(pair)
            .map(|part| match part.as_rule() {
                Rule::conditional => self.conditional(part).map(Clause::Conditional),
                _ => self.clause(part),
            })
            .collect::<Result<Vec<_>>>()?;
        if clauses.len() > 1 {
            reject_yield_star(&clauses)?;
        }
        Ok(SingleQuery { clauses, span })
    }

    /// `WHEN … THEN … ELSE …`
    fn conditional(&self, pair: Pair<'_>) -> Result<Conditional> {
        let span = self.span(&pair);
        let mut clause = Conditional { branches: Vec::new(), otherwise: None, span };
        for part in pair.into_inner() {
            let span = self.span(&part);
            let is_else = part.as_rule() == Rule::else_branch;
            let (mut predicate, mut query) = (None, None);
            for inner in part.into_inner() {
                match inner.as_rule() {
                    Rule::expression => predicate = Some(self.predicate(inner)?),
                    Rule::single_query => {
                        query = Some(lone(self.nested(span, || self.single_query(inner))?));
                    }
                    Rule::braced_query => {
                        for inner in inner.into_inner().filter(|p| p.as_rule() == Rule::query) {
                            query = Some(self.nested(span, || self.query(inner))?);
                        }
                    }
                    _ => {}
                }
            }
            let query = query.ok_or_else(|| Error::internal("a branch has no query").at(span))?;
            match predicate {
                Some(predicate) => {
                    clause.branches.push(ConditionalBranch { predicate, query, span });
                }
                None if is_else => clause.otherwise = Some(query),
                None => return Err(Error::internal("a branch has no predicate").at(span)),
            }
        }
        Ok(clause)
    }
}

/// The query of single clauses.
fn lone(first: SingleQuery) -> Query {
    let span = first.span;
    Query { first, unions: Vec::new(), next: Vec::new(), span }
}

/// Only a CALL that is the whole query takes `YIELD *`: elsewhere a reader could not tell the variables.
fn reject_yield_star(clauses: &[Clause]) -> Result<()> {
    let star = clauses.iter().find_map(|clause| match clause {
        Clause::Call(call) => call.yield_.as_ref().filter(|yield_| yield_.star),
        _ => None,
    });
    match star {
        Some(yield_) => Err(Error::syntax(
            Detail::UnexpectedSyntax,
            "`YIELD *` is only for a CALL that is the whole query",
        )
        .at(yield_.span)
        .help("Name the fields: `YIELD a, b`.")),
        None => Ok(()),
    }
}

/// The query of a bare pattern within the braces of a subquery expression.
pub(super) fn query_of(clause: Clause, span: Span) -> Query {
    lone(SingleQuery { clauses: vec![clause], span })
}
