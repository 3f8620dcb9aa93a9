//! WITH and RETURN: columns, their names, ORDER BY, SKIP, LIMIT and WHERE.

use std::collections::BTreeSet;

use crate::bound;
use crate::bound::Column;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;
use crate::value::Value;

use super::aggregation::{Aggregates, Item, Projected, mentions};
use super::{Aggregation, Binder, Scope, error};

impl Binder<'_> {
    /// A projection; what it projects is all that is visible from here on.
    pub(super) fn projection(
        &mut self,
        projection: &ast::Projection,
        where_: Option<&ast::Expression>,
        is_return: bool,
        span: Span,
    ) -> Result<bound::Projection> {
        let input = self.scope.clone();
        let mut columns: Vec<Column> = Vec::new();
        if projection.star {
            let all = input.sorted().into_iter().map(|(name, slot)| Column { name, slot });
            columns.extend(all.filter(|column| !self.outer.sees(column.slot)));
            if input.is_empty() && is_return {
                return Err(Error::syntax(
                    Detail::NoVariablesInScope,
                    "`*` stands for all variables, and there are none",
                )
                .at(span)
                .help("Return something by name."));
            }
        }
        let star: Vec<Slot> = columns.iter().map(|column| column.slot).collect();
        let (mut bound, aggregates) = self.items(projection)?;
        let keys = self.group_keys(projection, &mut bound)?;
        let grouped = keys.is_some() || bound.iter().any(|item| item.aggregated);
        let mut items = Vec::new();
        for (item, text) in bound.into_iter().zip(&projection.items) {
            let slot = self.item_slot(&item, text, &columns);
            columns.push(Column { name: text.column().into(), slot });
            items.push((slot, item));
        }
        check_names(&columns, projection)?;
        if !is_return {
            self.check_shadowing(&columns, projection)?;
        }
        let constants = self.outer.slots().into_iter().collect();
        let mut projected =
            Projected::new(items, &star, aggregates, grouped, projection.distinct, constants);
        projected.group_by(keys.unwrap_or_default());
        let post = projected.grouped_items()?;
        let (order_by, predicates) =
            self.after_projection(projection, where_, &input, &columns, &mut projected)?;
        let unnamed = projection.items.iter().find(|item| {
            !is_return && item.alias.is_none() && item.expression.as_variable().is_none()
        });
        if let Some(item) = unnamed {
            return Err(Error::syntax(
                Detail::NoExpressionAlias,
                format!("`{}` has no name", item.text),
            )
            .at(item.span)
            .help("An expression in WITH needs a name: add `AS name`."));
        }
        let skip = self.row_count(projection.skip.as_ref(), "SKIP", &input)?;
        let limit = self.row_count(projection.limit.as_ref(), "LIMIT", &input)?;
        self.scope = self.scope_of(&columns);
        if grouped || projection.distinct {
            // Several lines have become one row.
            self.loading = None;
        }
        Ok(bound::Projection {
            is_return,
            distinct: projection.distinct,
            grouping: projected.grouping(),
            items: post,
            columns,
            order_by,
            skip,
            limit,
            predicates,
        })
    }

    /// The items, and the aggregates within them.
    fn items(&mut self, projection: &ast::Projection) -> Result<(Vec<Item>, Aggregates)> {
        let mut items = Vec::with_capacity(projection.items.len());
        let collected = Aggregation::Collected(Vec::new());
        let outer = std::mem::replace(&mut self.aggregation, collected);
        let mut failure = None;
        for item in &projection.items {
            match self.expression(&item.expression) {
                Ok(expression) => items.push(Item { expression, aggregated: false }),
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        let collected = std::mem::replace(&mut self.aggregation, outer);
        if let Some(failure) = failure {
            return Err(failure);
        }
        let aggregates = match collected {
            Aggregation::Collected(aggregates) => aggregates,
            _ => Vec::new(),
        };
        for item in &mut items {
            item.aggregated = mentions(&item.expression, &aggregates);
        }
        Ok((items, aggregates))
    }

    /// What GROUP BY names beside the items. An item that it does not name is computed of the keys.
    fn group_keys(
        &mut self,
        projection: &ast::Projection,
        items: &mut [Item],
    ) -> Result<Option<Vec<(Slot, Expression)>>> {
        let Some(keys) = &projection.group_by else { return Ok(None) };
        let mut named = vec![false; items.len()];
        let mut others: Vec<(Slot, Expression)> = Vec::new();
        for key in keys {
            let column = key.as_variable();
            let by_name = projection.items.iter().position(|item| Some(item.column()) == column);
            let at = match by_name {
                Some(at) => Some(at),
                None => {
                    let expression = self.expression(key)?;
                    let found = items.iter().position(|item| item.expression.same(&expression));
                    if found.is_none() {
                        let slot = match expression.kind {
                            ExpressionKind::Variable(slot) => slot,
                            _ => self.hidden("key", expression.ty.clone()),
                        };
                        others.push((slot, expression));
                    }
                    found
                }
            };
            if let Some(at) = at
                && let (Some(item), Some(named)) = (items.get(at), named.get_mut(at))
            {
                if item.aggregated {
                    return Err(Error::syntax(
                        Detail::InvalidAggregation,
                        "an aggregate cannot be a grouping key",
                    )
                    .at(key.span)
                    .help("Group by what the aggregates are computed for."));
                }
                *named = true;
            }
        }
        for (item, named) in items.iter_mut().zip(named) {
            item.aggregated |= !named;
        }
        Ok(Some(others))
    }

    /// A variable from around a subquery keeps its meaning throughout.
    fn check_shadowing(&self, columns: &[Column], projection: &ast::Projection) -> Result<()> {
        let shadows =
            |name: &str, slot: Slot| self.outer.get(name).is_some_and(|known| known != slot);
        let hidden = columns.iter().find(|column| shadows(&column.name, column.slot));
        let Some(hidden) = hidden else { return Ok(()) };
        let item = projection.items.iter().find(|item| item.column() == &*hidden.name);
        Err(Error::syntax(
            Detail::VariableAlreadyBound,
            format!("variable `{}` is already bound outside of the subquery", hidden.name),
        )
        .at(item.map_or(projection.span, |item| item.span))
        .help("Choose another name for the new variable."))
    }

    /// The variable an item becomes. One that is only passed on, or is nothing but an aggregate, keeps
    /// the slot it has.
    fn item_slot(&mut self, item: &Item, text: &ast::ProjectionItem, columns: &[Column]) -> Slot {
        if let ExpressionKind::Variable(slot) = item.expression.kind {
            let keeps_name = text.expression.as_variable() == Some(text.column());
            let taken = columns.iter().any(|column| column.slot == slot);
            if !taken && (keeps_name || item.aggregated) {
                if item.aggregated {
                    self.slots.rename(slot, text.column());
                }
                return slot;
            }
        }
        self.named(text.column(), item.expression.ty.clone())
    }

    /// ORDER BY and WHERE, which see the projected variables and those before.
    fn after_projection(
        &mut self,
        projection: &ast::Projection,
        where_: Option<&ast::Expression>,
        input: &Scope,
        columns: &[Column],
        projected: &mut Projected,
    ) -> Result<(Vec<bound::SortKey>, Vec<Expression>)> {
        if projection.order_by.is_empty() && where_.is_none() {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut scope = input.clone();
        for column in columns {
            scope.declare(&column.name, column.slot);
        }
        let mut visible: Vec<Slot> = columns.iter().map(|column| column.slot).collect();
        visible.extend(self.outer.slots());
        let mut order_by = Vec::with_capacity(projection.order_by.len());
        for key in &projection.order_by {
            let first_new = Slot(self.slots.len() as u32);
            let aggregation = match projected.aggregates() {
                Some(aggregates) => Aggregation::Collected(aggregates),
                None => Aggregation::Forbidden,
            };
            let (mut expression, aggregates) = self.nested(scope.clone(), aggregation, |b| {
                let expression = b.expression(&key.expression)?;
                let aggregates = match std::mem::take(&mut b.aggregation) {
                    Aggregation::Collected(aggregates) => aggregates,
                    _ => Vec::new(),
                };
                Ok((expression, aggregates))
            })?;
            projected.settle(&mut expression, aggregates, &visible, first_new, &self.slots)?;
            order_by.push(bound::SortKey { expression, descending: key.descending });
        }
        let mut predicates = Vec::new();
        if let Some(where_) = where_ {
            let first_new = Slot(self.slots.len() as u32);
            predicates = self.nested(scope, Aggregation::Forbidden, |b| b.conjuncts(where_))?;
            for predicate in &mut predicates {
                projected.settle(predicate, Vec::new(), &visible, first_new, &self.slots)?;
            }
        }
        Ok((order_by, predicates))
    }

    /// The number after SKIP or LIMIT.
    pub(super) fn row_count(
        &mut self,
        count: Option<&ast::Expression>,
        keyword: &str,
        scope: &Scope,
    ) -> Result<Option<Expression>> {
        let Some(count) = count else { return Ok(None) };
        let bound = self.nested(scope.clone(), Aggregation::Forbidden, |b| b.expression(count))?;
        let varies = bound.any(&mut |e| {
            matches!(e.kind, ExpressionKind::Subquery(_))
                || matches!(e.kind, ExpressionKind::Variable(slot) if scope.sees(slot))
        });
        if varies {
            return Err(Error::syntax(
                Detail::NonConstantExpression,
                format!("{keyword} must not depend on a variable"),
            )
            .at(count.span)
            .help("Use a number, a parameter, or an expression of these."));
        }
        // A whole number is one however it is written, as in `LIMIT 1.0`.
        if let ExpressionKind::Literal(Value::Float(number)) = bound.kind
            && number.fract() == 0.0
            && number.abs() < 2f64.powi(53)
        {
            let kind = ExpressionKind::Literal(Value::Integer(number as i64));
            return self.checked_count(Expression { kind, ty: Type::Integer, ..bound }, keyword);
        }
        self.checked_count(bound, keyword)
    }

    fn checked_count(&self, bound: Expression, keyword: &str) -> Result<Option<Expression>> {
        let span = bound.span;
        if let ExpressionKind::Literal(Value::Integer(number)) = bound.kind
            && number < 0
        {
            return Err(Error::syntax(
                Detail::NegativeIntegerArgument,
                format!("{keyword} must not be negative, found {number}"),
            )
            .at(span));
        }
        if bound.ty == Type::Float || !Type::Integer.accepts(&bound.ty) {
            return Err(error::invalid_type("an integer", &bound.ty, span));
        }
        Ok(Some(bound))
    }
}

fn check_names(columns: &[Column], projection: &ast::Projection) -> Result<()> {
    let explicit = columns.len().saturating_sub(projection.items.len());
    let mut seen = BTreeSet::new();
    for (at, column) in columns.iter().enumerate() {
        if !seen.insert(&column.name) {
            let item = at.checked_sub(explicit).and_then(|at| projection.items.get(at));
            return Err(Error::syntax(
                Detail::ColumnNameConflict,
                format!("two columns are called `{}`", column.name),
            )
            .at(item.map_or(projection.span, |item| item.span))
            .help("Give one of them another name with AS."));
        }
    }
    Ok(())
}
