//! Subqueries in expressions: each becomes a variable that an `Apply` fills.

use crate::bound;
use crate::bound::Clause;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Slot;
use crate::bound::Subquery;
use crate::bound::SubqueryKind;
use crate::bound::UnaryOperator;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::plan::ApplyKind;
use crate::plan::Operator;
use crate::plan::Plan;
use crate::value::Type;
use crate::value::Value;

use super::{Planner, Rows, variable};

impl Planner<'_> {
    /// Rows that satisfy all predicates. Those without subqueries come first: they are cheaper.
    pub(super) fn filter(&mut self, rows: Rows, predicates: Vec<Expression>) -> Result<Rows> {
        let (mut nested, plain): (Vec<_>, Vec<_>) =
            predicates.into_iter().partition(Expression::has_subquery);
        let mut rows = filtered(rows, plain);
        for predicate in &mut nested {
            let kind = match &predicate.kind {
                ExpressionKind::Subquery(subquery) if subquery.kind == SubqueryKind::Exists => {
                    Some((subquery, ApplyKind::Semi))
                }
                ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => {
                    match &operand.kind {
                        ExpressionKind::Subquery(subquery)
                            if subquery.kind == SubqueryKind::Exists =>
                        {
                            Some((subquery, ApplyKind::AntiSemi))
                        }
                        _ => None,
                    }
                }
                _ => None,
            };
            if let Some((subquery, kind)) = kind {
                let (inner, row) = self.inner_query(&rows, &subquery.query, Vec::new())?;
                rows = self.apply(rows, inner, kind, row);
            } else {
                rows = self.extract(rows, predicate)?;
                rows = filtered(rows, vec![predicate.clone()]);
            }
        }
        Ok(rows)
    }

    /// The plan of a query that is run for each of the rows; `keep` are outer variables that its rows
    /// must hold. With it, the hidden variable that numbers the outer rows, where it can run for many of
    /// them at once.
    pub(super) fn inner_query(
        &mut self,
        rows: &Rows,
        query: &bound::Query,
        keep: Vec<Slot>,
    ) -> Result<(Plan, Option<Slot>)> {
        let row = batches(query).then(|| self.hidden("row"));
        let mut carried = keep;
        let mut mentioned = std::collections::BTreeSet::new();
        query.collect_slots(&mut mentioned);
        for slot in mentioned {
            if rows.slots.contains(&slot) && !carried.contains(&slot) {
                carried.push(slot);
            }
        }
        let argument = rows.argument().with(row);
        carried.extend(row);
        let inner = self.within(carried, |p| p.query(argument, query))?;
        Ok((inner.plan, row))
    }

    /// Takes the subqueries out of an expression: the rows get a variable for each, which takes its
    /// place.
    pub(super) fn extract(&mut self, rows: Rows, expression: &mut Expression) -> Result<Rows> {
        if !expression.has_subquery() {
            return Ok(rows);
        }
        let span = expression.span;
        let nested = |e: &Option<Box<Expression>>| e.as_ref().is_some_and(|e| e.has_subquery());
        let literal = ExpressionKind::Literal(Value::Null);
        match &expression.kind {
            ExpressionKind::Subquery(_) => {
                let ExpressionKind::Subquery(subquery) =
                    std::mem::replace(&mut expression.kind, literal)
                else {
                    return Ok(rows);
                };
                let (rows, slot) = self.subquery(rows, *subquery)?;
                expression.kind = ExpressionKind::Variable(slot);
                Ok(rows)
            }
            ExpressionKind::ListComprehension { filter, map, .. }
                if nested(filter) || nested(map) =>
            {
                let ExpressionKind::ListComprehension { slot, list, filter, map } =
                    std::mem::replace(&mut expression.kind, literal)
                else {
                    return Ok(rows);
                };
                let value = map.map_or_else(|| variable(slot), |map| *map);
                let filter = filter.map(|filter| *filter);
                let (rows, list) = self.collect(rows, slot, *list, filter, value, span)?;
                *expression = list;
                Ok(rows)
            }
            ExpressionKind::Quantifier { predicate, .. } if predicate.has_subquery() => {
                let ExpressionKind::Quantifier { quantifier, slot, list, predicate } =
                    std::mem::replace(&mut expression.kind, literal)
                else {
                    return Ok(rows);
                };
                let (rows, list) = self.collect(rows, slot, *list, None, *predicate, span)?;
                let slot = self.hidden("truth");
                expression.kind = ExpressionKind::Quantifier {
                    quantifier,
                    slot,
                    list: Box::new(list),
                    predicate: Box::new(Expression { ty: Type::Boolean, ..variable(slot) }),
                };
                Ok(rows)
            }
            ExpressionKind::Reduce { body, all, .. } if body.has_subquery() || nested(all) => {
                Err(Error::syntax(
                    Detail::UnexpectedSyntax,
                    "a subquery cannot stand in the body of reduce",
                )
                .at(body.span)
                .help("Compute it for each element first, in a list comprehension."))
            }
            _ => {
                let mut rows = rows;
                for child in expression.children_mut() {
                    rows = self.extract(rows, child)?;
                }
                Ok(rows)
            }
        }
    }

    /// Rows with the result of a subquery.
    fn subquery(&mut self, rows: Rows, subquery: Subquery) -> Result<(Rows, Slot)> {
        let (inner, row) = self.inner_query(&rows, &subquery.query, Vec::new())?;
        let slot = match subquery.kind {
            SubqueryKind::Exists => self.hidden("exists"),
            SubqueryKind::Count => self.hidden("count"),
            SubqueryKind::Collect => self.hidden("list"),
        };
        let kind = match (subquery.kind, subquery.query.columns.first()) {
            (SubqueryKind::Exists, _) => ApplyKind::Exists(slot),
            (SubqueryKind::Count, _) => ApplyKind::Count(slot),
            (SubqueryKind::Collect, Some(column)) => ApplyKind::Collect { slot, of: column.slot },
            (SubqueryKind::Collect, None) => {
                return Err(Error::internal("a list is collected of a query without columns"));
            }
        };
        Ok((self.apply(rows, inner, kind, row), slot))
    }

    /// A list comprehension whose parts have subqueries: the elements become rows, and the values a list
    /// again. Gives the expression for the list.
    fn collect(
        &mut self,
        rows: Rows,
        element: Slot,
        mut list: Expression,
        filter: Option<Expression>,
        mut value: Expression,
        span: Span,
    ) -> Result<(Rows, Expression)> {
        let rows = self.extract(rows, &mut list)?;
        let source = self.hidden("list");
        let rows = self.project(rows, vec![(source, list)]);
        let row = self.hidden("row");
        let of = self.hidden("value");
        let argument = rows.argument().with([row]);
        let inner = self.within(vec![row], |p| {
            let unwind = |input| Operator::Unwind { input, list: variable(source), slot: element };
            let inner = argument.under(unwind).with([element]);
            let inner = p.filter(inner, filter.into_iter().collect())?;
            let inner = p.extract(inner, &mut value)?;
            Ok(p.project(inner, vec![(of, value)]))
        })?;
        let slot = self.hidden("list");
        let rows = self.apply(rows, inner.plan, ApplyKind::Collect { slot, of }, Some(row));
        // The comprehension of null is null, not empty.
        let is_null = ExpressionKind::Unary {
            operator: UnaryOperator::IsNull,
            operand: Box::new(variable(source)),
        };
        let null = Expression { kind: ExpressionKind::Literal(Value::Null), span, ty: Type::Null };
        let kind = ExpressionKind::Case {
            operand: None,
            alternatives: vec![(Expression { kind: is_null, span, ty: Type::Boolean }, null)],
            otherwise: Some(Box::new(variable(slot))),
        };
        Ok((rows, Expression { kind, span, ty: Type::list(Type::Any) }))
    }
}

/// Rows under a filter of all predicates, if there are any.
pub(super) fn filtered(rows: Rows, mut predicates: Vec<Expression>) -> Rows {
    let predicate = match predicates.len() {
        0 => return rows,
        1 => predicates.swap_remove(0),
        _ => {
            let span = predicates.iter().map(|p| p.span).reduce(Span::to).unwrap_or_default();
            Expression { kind: ExpressionKind::And(predicates), span, ty: Type::Boolean }
        }
    };
    rows.under(|input| Operator::Filter { input, predicate })
}

/// Whether a query can run for many outer rows at once: no part of it counts, orders or limits the rows
/// of one of them, and it writes nothing.
fn batches(query: &bound::Query) -> bool {
    !query.updates()
        && query.parts.iter().flat_map(|part| &part.clauses).all(|clause| match clause {
            Clause::Projection(projection) => {
                projection.order_by.is_empty()
                    && projection.skip.is_none()
                    && projection.limit.is_none()
                    && projection.grouping.as_ref().is_none_or(|g| !g.keys.is_empty())
            }
            _ => true,
        })
}
