//! Clauses that change the graph, and calls of subqueries that may.

use std::collections::BTreeSet;

use crate::bound;
use crate::bound::Slot;
use crate::bound::UpdateItem;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::plan::ApplyKind;
use crate::plan::CreatePattern;
use crate::plan::Merge;
use crate::plan::Operator;
use crate::plan::Plan;
use crate::plan::TransactionApply;

use super::{Planner, Rows};

impl Planner<'_> {
    /// CREATE. What reads a node or relationship of the same clause is made by an operator after it;
    /// what does not is made together, even over several clauses.
    pub(super) fn create(&mut self, rows: Rows, pattern: &CreatePattern) -> Result<Rows> {
        let mut rows = rows;
        for node in &pattern.nodes {
            let part = CreatePattern { nodes: vec![node.clone()], ..CreatePattern::default() };
            rows = self.create_part(rows, part)?;
        }
        for relationship in &pattern.relationships {
            let relationships = vec![relationship.clone()];
            let part = CreatePattern { relationships, ..CreatePattern::default() };
            rows = self.create_part(rows, part)?;
        }
        Ok(rows)
    }

    fn create_part(&mut self, rows: Rows, mut part: CreatePattern) -> Result<Rows> {
        let mut rows = rows;
        for expression in part.expressions_mut() {
            rows = self.extract(rows, expression)?;
        }
        let new: Vec<Slot> = created(&part).collect();
        if let Operator::Create { pattern: before, .. } = &mut rows.plan.operator {
            let mut read = BTreeSet::new();
            for expression in part.expressions() {
                expression.collect_slots(&mut read);
            }
            if read.is_empty() || !created(before).any(|slot| read.contains(&slot)) {
                before.nodes.append(&mut part.nodes);
                before.relationships.append(&mut part.relationships);
                return Ok(rows.with(new));
            }
        }
        Ok(rows.under(|input| Operator::Create { input, pattern: part }).with(new))
    }

    pub(super) fn merge(&mut self, rows: Rows, clause: &bound::Merge) -> Result<Rows> {
        let mut rows = rows;
        let mut create = clause.create.clone();
        let mut not_null = clause.not_null.clone();
        for expression in create.expressions_mut() {
            rows = self.extract(rows, expression)?;
        }
        for (_, expression) in &mut not_null {
            rows = self.extract(rows, expression)?;
        }
        let batch = self.merge_batch(clause);
        let argument = rows.argument().with(batch.as_ref().map(|batch| batch.row));
        let matching = self.within(Vec::new(), |p| p.graph(argument, &clause.graph))?.plan;
        let mut on_create = clause.on_create.clone();
        let mut on_match = clause.on_match.clone();
        let new: Vec<Slot> = created(&create).collect();
        for expression in
            on_create.iter_mut().chain(&mut on_match).flat_map(UpdateItem::expressions_mut)
        {
            // A subquery runs before the merge, so it cannot know what is merged.
            let slots = expression.slots();
            if expression.has_subquery() && new.iter().any(|slot| slots.contains(slot)) {
                return Err(Error::syntax(
                    Detail::UnexpectedSyntax,
                    "a subquery in ON CREATE or ON MATCH cannot use what is merged",
                )
                .at(expression.span)
                .help("Set the property in a SET clause after the MERGE."));
            }
            rows = self.extract(rows, expression)?;
        }
        let merge = |input| {
            let merge = Merge { input, matching, not_null, create, on_create, on_match, batch };
            Operator::Merge(Box::new(merge))
        };
        Ok(rows.under(merge).with(new))
    }

    pub(super) fn update(&mut self, rows: Rows, items: &[UpdateItem]) -> Result<Rows> {
        let mut rows = rows;
        let mut items = items.to_vec();
        for expression in items.iter_mut().flat_map(UpdateItem::expressions_mut) {
            rows = self.extract(rows, expression)?;
        }
        Ok(rows.under(|input| Operator::Update { input, items }))
    }

    pub(super) fn delete(&mut self, rows: Rows, clause: &bound::Delete) -> Result<Rows> {
        let mut rows = rows;
        let mut targets = clause.targets.clone();
        for target in &mut targets {
            rows = self.extract(rows, target)?;
        }
        let detach = clause.detach;
        Ok(rows.under(|input| Operator::Delete { input, targets, detach }))
    }

    pub(super) fn foreach(&mut self, rows: Rows, clause: &bound::Foreach) -> Result<Rows> {
        let mut list = clause.list.clone();
        let rows = self.extract(rows, &mut list)?;
        let argument = rows.argument().with([clause.slot]);
        let body = self.within(Vec::new(), |p| p.clauses(argument, &clause.clauses))?.plan;
        let (slot, body) = (clause.slot, Box::new(body));
        Ok(rows.under(|input| Operator::Foreach { input, slot, list, body }))
    }

    pub(super) fn subquery_call(
        &mut self,
        rows: Rows,
        clause: &bound::SubqueryCall,
    ) -> Result<Rows> {
        let updates = clause.query.updates();
        let returns = clause.query.parts.iter().any(|part| part.returns);
        let mut rows = rows;
        if updates {
            // What is read before must not see what the subquery writes for earlier rows.
            rows = rows.under(|input| Operator::Eager { input });
        }
        let columns: Vec<Slot> = clause.query.columns.iter().map(|column| column.slot).collect();
        let keep: Vec<Slot> = rows.slots.iter().copied().collect();
        let (inner, row) = self.inner_query(&rows, &clause.query, keep)?;
        let kind = match (returns, clause.optional) {
            (false, _) => ApplyKind::ForEffect,
            (true, false) => ApplyKind::Inner,
            (true, true) => ApplyKind::Optional(columns.clone()),
        };
        rows = self.apply(rows, inner, kind, row).with(columns);
        if updates {
            rows = rows.under(|input| Operator::Eager { input });
        }
        Ok(rows)
    }
}

impl Planner<'_> {
    /// A subquery that commits on its way. Where it is the `last` clause nothing reads after it.
    pub(super) fn transaction_call(
        &mut self,
        rows: Rows,
        clause: &bound::SubqueryCall,
        last: bool,
    ) -> Result<Rows> {
        let Some(transactions) = clause.transactions.clone() else {
            return self.subquery_call(rows, clause);
        };
        let returns = clause.query.parts.iter().any(|part| part.returns);
        let mut rows = rows;
        if !is_apart(&rows.plan) {
            rows = rows.under(|input| Operator::Eager { input });
        }
        let columns: Vec<Slot> = clause.query.columns.iter().map(|column| column.slot).collect();
        let keep: Vec<Slot> = rows.slots.iter().copied().collect();
        let (inner, row) = self.inner_query(&rows, &clause.query, keep)?;
        let new = columns.clone();
        let status = transactions.status;
        let optional = clause.optional;
        rows = rows
            .under(|input| {
                Operator::TransactionApply(Box::new(TransactionApply {
                    input,
                    inner,
                    row,
                    columns: returns.then_some(columns),
                    optional,
                    transactions,
                }))
            })
            .with(new)
            .with(status);
        if !last {
            rows = rows.under(|input| Operator::Eager { input });
        }
        Ok(rows)
    }
}

/// Whether nothing in the plan looks at the graph, so that it may go on after a commit.
fn is_apart(plan: &Plan) -> bool {
    matches!(
        plan.operator,
        Operator::Unit
            | Operator::Load { .. }
            | Operator::Unwind { .. }
            | Operator::Project { .. }
            | Operator::Filter { .. }
            | Operator::Skip { .. }
            | Operator::Limit { .. }
    ) && plan.children().into_iter().all(is_apart)
}

/// The variables a pattern fills.
fn created(pattern: &CreatePattern) -> impl Iterator<Item = Slot> + '_ {
    let nodes = pattern.nodes.iter().map(|node| node.slot);
    nodes.chain(pattern.relationships.iter().map(|relationship| relationship.slot))
}
