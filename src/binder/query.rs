//! Queries: which clauses may follow which, and the columns of UNION.

use std::collections::BTreeMap;

use crate::bound;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;

use super::{Aggregation, Binder, Scope, error};

/// Where a query stands, which decides what it may do and how it may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the statement.
    Statement,
    /// Within `CALL (…) { }`.
    Call,
    /// Within `CALL { }`, which sees only what its leading WITH imports.
    ImportingCall,
    /// Within `EXISTS { }` or `COUNT { }`: no writing, and RETURN may be left out.
    Condition,
    /// Within `COLLECT { }`: no writing, one column.
    Collect,
}

/// A part of a UNION, with its columns and its place.
pub(super) type Part = ((bound::SingleQuery, Vec<bound::Column>), Span);

impl Binder<'_> {
    /// A query; each part begins with the scope as it is now.
    pub(super) fn query(&mut self, query: &ast::Query, place: Place) -> Result<bound::Query> {
        let whole = place == Place::Statement && query.unions.is_empty() && query.next.is_empty();
        let around = std::mem::replace(&mut self.whole, whole);
        let bound = self.query_within(query, place);
        self.whole = around;
        bound
    }

    fn query_within(&mut self, query: &ast::Query, place: Place) -> Result<bound::Query> {
        if !query.next.is_empty() {
            return self.sequence(query, place);
        }
        let scope = self.scope.clone();
        let parts = self.parts(query, &scope, place)?;
        self.unite(query, parts)
    }

    /// The parts of a UNION, each beginning with the same scope.
    pub(super) fn parts(
        &mut self,
        query: &ast::Query,
        scope: &Scope,
        place: Place,
    ) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        for part in query.parts() {
            let start = self.start_scope(scope, part, place);
            let bound =
                self.nested(start, Aggregation::Forbidden, |b| b.single_query(part, place))?;
            parts.push((bound, part.span));
        }
        Ok(parts)
    }

    /// Joins the parts of a UNION; a single part stays as it is.
    pub(super) fn unite(&mut self, query: &ast::Query, parts: Vec<Part>) -> Result<bound::Query> {
        if let Some(pair) = query.unions.windows(2).find(|p| p[0].all != p[1].all) {
            return Err(error::composition("UNION and UNION ALL cannot be mixed", pair[1].span)
                .help("Use only one of them, or put one union into a subquery."));
        }
        let distinct = query.unions.first().is_some_and(|union| !union.all);
        self.joined_parts("parts of a UNION", parts, distinct)
    }

    /// Several queries as one, with the columns of the first; `what` they are is for the error.
    pub(super) fn joined_parts(
        &mut self,
        what: &str,
        parts: Vec<Part>,
        distinct: bool,
    ) -> Result<bound::Query> {
        let mut columns: Vec<bound::Column> = Vec::new();
        let mut bound_parts = Vec::new();
        for (at, ((mut part, own), span)) in parts.into_iter().enumerate() {
            if at == 0 {
                columns = own.clone();
            }
            let by_name: BTreeMap<&str, Slot> = own.iter().map(|o| (&*o.name, o.slot)).collect();
            let same_names = own.len() == columns.len()
                && columns.iter().all(|c| by_name.contains_key(&*c.name));
            if !same_names {
                return Err(Error::syntax(
                    Detail::DifferentColumnsInUnion,
                    format!("the {what} have different columns"),
                )
                .at(span)
                .help("Give the columns the same names with AS."));
            }
            part.columns = columns.iter().filter_map(|c| by_name.get(&*c.name).copied()).collect();
            bound_parts.push(part);
        }
        if bound_parts.len() > 1 {
            for (at, column) in columns.iter_mut().enumerate() {
                let ty = bound_parts
                    .iter()
                    .filter_map(|part| part.columns.get(at))
                    .map(|slot| self.type_of(*slot))
                    .reduce(|a, b| a.union(&b))
                    .unwrap_or(Type::Any);
                column.slot = self.named(&column.name, ty);
            }
        }
        Ok(bound::Query { parts: bound_parts, distinct, columns })
    }

    pub(super) fn single_query(
        &mut self,
        query: &ast::SingleQuery,
        place: Place,
    ) -> Result<(bound::SingleQuery, Vec<bound::Column>)> {
        self.check_order(query, place)?;
        let mut clauses = Vec::new();
        let mut columns = Vec::new();
        let mut returns = false;
        let alone = place == Place::Statement && query.clauses.len() == 1;
        for clause in &query.clauses {
            match clause {
                ast::Clause::Call(call) if alone => {
                    columns = self.standalone_call(call, &mut clauses)?;
                    returns = !columns.is_empty();
                }
                ast::Clause::Conditional(clause) => {
                    (columns, returns) = self.conditional(clause, place, &mut clauses)?;
                }
                ast::Clause::Show(show) if alone => {
                    columns = self.show(show, true, &mut clauses)?;
                    returns = true;
                }
                _ => self.clause(clause, &mut clauses)?,
            }
            if let (ast::Clause::Return(_), Some(bound::Clause::Projection(projection))) =
                (clause, clauses.last())
            {
                columns = projection.columns.clone();
                returns = true;
            }
        }
        let slots = columns.iter().map(|column| column.slot).collect();
        Ok((bound::SingleQuery { clauses, returns, columns: slots }, columns))
    }

    /// Which clauses may follow which.
    fn check_order(&self, query: &ast::SingleQuery, place: Place) -> Result<()> {
        let (mut updated, mut wrote) = (false, false);
        let alone = place == Place::Statement && query.clauses.len() == 1;
        for (at, clause) in query.clauses.iter().enumerate() {
            let last = at + 1 == query.clauses.len();
            let keyword = clause.keyword();
            if matches!(clause, ast::Clause::Schema(_)) && !alone {
                return Err(error::composition(format!("{keyword} stands alone"), clause.span())
                    .help("Make it a statement of its own."));
            }
            let read_only = matches!(place, Place::Condition | Place::Collect);
            if clause.is_updating() && read_only {
                return Err(error::composition(
                    format!("{keyword} cannot stand in a subquery expression"),
                    clause.span(),
                )
                .help("EXISTS, COUNT and COLLECT only read."));
            }
            let ends = matches!(clause, ast::Clause::Return(_) | ast::Clause::Finish(_));
            if read_only && matches!(clause, ast::Clause::Finish(_)) {
                return Err(error::composition(
                    "FINISH cannot stand in a subquery expression",
                    clause.span(),
                )
                .help("EXISTS and COUNT look at rows, and FINISH gives none."));
            }
            if ends && !last {
                let next = query.clauses.get(at + 1).map_or("", ast::Clause::keyword);
                return Err(error::composition(
                    format!("{next} cannot follow {keyword}"),
                    query.clauses.get(at + 1).map_or(clause.span(), ast::Clause::span),
                )
                .help(format!("{keyword} ends a query; use WITH or NEXT to go on.")));
            }
            if let ast::Clause::CallSubquery(call) = clause
                && let (Some(transactions), true) = (&call.transactions, wrote)
            {
                return Err(error::composition(
                    "`CALL { … } IN TRANSACTIONS` cannot follow a clause that writes",
                    transactions.span,
                )
                .help("Let it come first: what it commits would commit the writes before it."));
            }
            wrote |= clause.is_updating();
            let reads = matches!(
                clause,
                ast::Clause::Match(_) | ast::Clause::Unwind(_) | ast::Clause::Load(_)
            );
            if reads && updated {
                return Err(error::composition(
                    format!("WITH is required before {keyword}, which follows an updating clause"),
                    clause.span(),
                )
                .help("Put `WITH *` between them."));
            }
            if let ast::Clause::With(_) = clause {
                updated = false;
            }
            updated |= clause.is_updating();
            let may_end = place == Place::Condition
                || !matches!(
                    clause,
                    ast::Clause::Match(_)
                        | ast::Clause::Unwind(_)
                        | ast::Clause::With(_)
                        | ast::Clause::Let(_)
                        | ast::Clause::Load(_)
                        | ast::Clause::Filter(_)
                        | ast::Clause::Page(_)
                ) && (alone || !matches!(clause, ast::Clause::Show(_)));
            if last && !may_end {
                return Err(error::composition(
                    format!("a query cannot end with {keyword}"),
                    clause.span(),
                )
                .help("End it with RETURN or with an updating clause."));
            }
            let conditional = matches!(clause, ast::Clause::Conditional(_));
            if last && place == Place::Collect && !ends && !conditional {
                return Err(error::composition(
                    "the query of COLLECT must end with RETURN",
                    clause.span(),
                ));
            }
        }
        Ok(())
    }
}
