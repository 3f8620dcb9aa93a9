//! The rules of aggregation: implicit grouping keys, and what may stand beside an aggregate.

use std::collections::BTreeSet;

use crate::bound::AggregateCall;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Grouping;
use crate::bound::Slot;
use crate::bound::SlotNames;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;

use super::error;

/// Aggregates, each with the variable that takes its place.
pub(super) type Aggregates = Vec<(Slot, AggregateCall)>;

/// An item of a projection.
pub(super) struct Item {
    pub(super) expression: Expression,
    /// Whether there is an aggregate in it.
    pub(super) aggregated: bool,
}

/// Whether one of the aggregates' variables is in the expression.
pub(super) fn mentions(expression: &Expression, aggregates: &[(Slot, AggregateCall)]) -> bool {
    expression.any(&mut |e| match e.kind {
        ExpressionKind::Variable(slot) => aggregates.iter().any(|(known, _)| *known == slot),
        _ => false,
    })
}

/// What a projection projects, so that ORDER BY and WHERE can refer to it.
pub(super) struct Projected {
    items: Vec<(Slot, Item)>,
    /// Variables passed on by `*`.
    star: Vec<Slot>,
    /// Grouping keys that are no items.
    keys: Vec<(Slot, Expression)>,
    aggregates: Aggregates,
    grouped: bool,
    distinct: bool,
    /// Variables from around a subquery, which have one value within it.
    constants: Vec<Slot>,
}

impl Projected {
    pub(super) fn new(
        items: Vec<(Slot, Item)>,
        star: &[Slot],
        aggregates: Aggregates,
        grouped: bool,
        distinct: bool,
        constants: Vec<Slot>,
    ) -> Self {
        let keys = Vec::new();
        Self { items, star: star.to_vec(), keys, aggregates, grouped, distinct, constants }
    }

    /// Groups by more than the items.
    pub(super) fn group_by(&mut self, keys: Vec<(Slot, Expression)>) {
        self.keys = keys;
    }

    /// The aggregates so far, where the projection aggregates.
    pub(super) fn aggregates(&self) -> Option<Aggregates> {
        self.grouped.then(|| self.aggregates.clone())
    }

    /// The keys and aggregates, where the projection aggregates.
    pub(super) fn grouping(self) -> Option<Grouping> {
        if !self.grouped {
            return None;
        }
        let span = Span::default();
        let variable = |slot: Slot| {
            let kind = ExpressionKind::Variable(slot);
            (slot, Expression { kind, span, ty: crate::value::Type::Any })
        };
        let mut keys: Vec<(Slot, Expression)> = self.star.iter().copied().map(variable).collect();
        keys.extend(self.keys);
        let own = self.items.into_iter().filter(|(_, item)| !item.aggregated);
        keys.extend(own.map(|(slot, item)| (slot, item.expression)));
        Some(Grouping { keys, aggregates: self.aggregates })
    }

    /// The new variables to compute: all of them, or after a grouping those around aggregates.
    pub(super) fn grouped_items(&self) -> Result<Vec<(Slot, Expression)>> {
        let mut computed = Vec::new();
        for (slot, item) in &self.items {
            let mut expression = item.expression.clone();
            if self.grouped && !item.aggregated {
                continue;
            }
            if item.aggregated {
                self.refer_to_keys(&mut expression)?;
            }
            if !matches!(expression.kind, ExpressionKind::Variable(same) if same == *slot) {
                computed.push((*slot, expression));
            }
        }
        Ok(computed)
    }

    /// Within an item that aggregates: replaces grouping keys by their variables. What is neither key
    /// nor constant is ambiguous, as it may differ within a group.
    fn refer_to_keys(&self, expression: &mut Expression) -> Result<()> {
        let is_key = |slot: Slot| {
            self.star.contains(&slot)
                || self.constants.contains(&slot)
                || self.keys.iter().any(|(known, _)| *known == slot)
                || self.items.iter().any(|(known, item)| !item.aggregated && *known == slot)
        };
        if let Some((slot, _)) = self.keys.iter().find(|(_, key)| key.same(expression)) {
            expression.kind = ExpressionKind::Variable(*slot);
            return Ok(());
        }
        match expression.kind {
            ExpressionKind::Variable(_) | ExpressionKind::Property { .. } => {
                let key = self
                    .items
                    .iter()
                    .find(|(_, item)| !item.aggregated && item.expression.same(expression));
                if let Some((slot, _)) = key {
                    expression.kind = ExpressionKind::Variable(*slot);
                    return Ok(());
                }
            }
            ExpressionKind::Path(_) | ExpressionKind::Subquery(_) => {
                return Err(error::ambiguous_aggregation(expression.span));
            }
            _ => {}
        }
        if let ExpressionKind::Variable(slot) = expression.kind {
            let aggregate = self.aggregates.iter().any(|(known, _)| *known == slot);
            if aggregate || is_key(slot) || is_local(slot, &self.items) {
                return Ok(());
            }
            return Err(error::ambiguous_aggregation(expression.span));
        }
        for child in expression.children_mut() {
            self.refer_to_keys(child)?;
        }
        Ok(())
    }

    /// Makes an expression of ORDER BY or WHERE refer to what is projected. `first_new` is the first slot
    /// made for the expression itself, `visible` are the columns.
    pub(super) fn settle(
        &mut self,
        expression: &mut Expression,
        aggregates: Aggregates,
        visible: &[Slot],
        first_new: Slot,
        names: &SlotNames,
    ) -> Result<()> {
        let mut allowed: BTreeSet<Slot> = visible.iter().copied().collect();
        for (slot, call) in aggregates.into_iter().skip(self.aggregates.len()) {
            // An aggregate that is not projected is computed beside the others.
            for argument in &call.arguments {
                check_visible(argument, &allowed, first_new, names)?;
                let of_result = argument.any(&mut |e| match e.kind {
                    ExpressionKind::Variable(s) => self.items.iter().any(|(k, item)| {
                        *k == s && !matches!(item.expression.kind, ExpressionKind::Variable(same) if same == s)
                    }),
                    _ => false,
                });
                if of_result {
                    return Err(error::invalid_aggregation(call.function.name(), call.span));
                }
            }
            self.aggregates.push((slot, call));
        }
        let aggregated = mentions(expression, &self.aggregates);
        let mut complex = None;
        let whole = self.replace(expression, &mut complex);
        if let (true, false, Some(span)) = (aggregated, whole, complex) {
            return Err(error::ambiguous_aggregation(span));
        }
        if !self.grouped && !self.distinct {
            return Ok(());
        }
        if !self.distinct {
            allowed.extend(self.aggregates.iter().map(|(slot, _)| *slot));
        }
        check_visible(expression, &allowed, first_new, names)
    }

    /// Replaces projected expressions by their variables. Says whether the whole was one, and where a
    /// part that is neither variable nor property nor aggregate was.
    fn replace(&self, expression: &mut Expression, complex: &mut Option<Span>) -> bool {
        let found = self.items.iter().find(|(_, item)| item.expression.same(expression));
        if let Some((slot, item)) = found {
            let simple = matches!(
                expression.kind,
                ExpressionKind::Variable(_)
                    | ExpressionKind::Property { .. }
                    | ExpressionKind::Literal(_)
                    | ExpressionKind::Parameter(_)
            );
            if !simple && !item.aggregated {
                *complex = Some(expression.span);
            }
            if !matches!(expression.kind, ExpressionKind::Literal(_)) {
                expression.kind = ExpressionKind::Variable(*slot);
            }
            return true;
        }
        for child in expression.children_mut() {
            self.replace(child, complex);
        }
        false
    }
}

/// Whether a variable belongs to a comprehension within one of the items.
fn is_local(slot: Slot, items: &[(Slot, Item)]) -> bool {
    items.iter().any(|(_, item)| {
        item.expression.any(&mut |e| match &e.kind {
            ExpressionKind::ListComprehension { slot: own, .. }
            | ExpressionKind::Quantifier { slot: own, .. } => *own == slot,
            ExpressionKind::Reduce { slot: own, accumulator, .. } => {
                *own == slot || *accumulator == slot
            }
            _ => false,
        })
    })
}

/// An error where the expression mentions an older variable that is not among those allowed.
fn check_visible(
    expression: &Expression,
    allowed: &BTreeSet<Slot>,
    first_new: Slot,
    names: &SlotNames,
) -> Result<()> {
    let hidden = |slot: Slot| slot < first_new && !allowed.contains(&slot);
    if let ExpressionKind::Variable(slot) = expression.kind
        && hidden(slot)
    {
        return Err(error::hidden_variable(names.name(slot), expression.span));
    }
    for child in expression.children() {
        check_visible(child, allowed, first_new, names)?;
    }
    let own = expression.slots().into_iter().find(|slot| hidden(*slot));
    own.map_or(Ok(()), |slot| {
        Err::<(), Error>(error::hidden_variable(names.name(slot), expression.span))
    })
}
