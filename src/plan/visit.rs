//! Walking plans: inputs, expressions and variables of every operator.

use std::collections::BTreeSet;

use crate::bound::Expression;
use crate::bound::Slot;
use crate::bound::UpdateItem;
use crate::meter;

use super::{ApplyKind, Operator, Plan, SelectedStep};

impl Plan {
    /// The plans directly below it: inputs from left to right, then inner plans.
    pub fn children(&self) -> Vec<&Plan> {
        meter::walk(1);
        match &self.operator {
            Operator::Unit
            | Operator::Argument
            | Operator::Schema(_)
            | Operator::AllNodesScan { .. }
            | Operator::NodeByLabelScan { .. }
            | Operator::NodeByIdSeek { .. }
            | Operator::RelationshipTypeScan { .. } => Vec::new(),
            Operator::IndexSeek(seek) => seek.input.iter().map(|input| &**input).collect(),
            Operator::Expand(expand) => vec![&expand.input],
            Operator::VarLengthExpand(expand) => vec![&expand.input],
            Operator::Repeat(repeat) => vec![&repeat.input, &repeat.inner],
            Operator::ShortestPath(path) => vec![&path.input],
            Operator::StatefulShortestPath(path) => {
                let steps = path.steps.iter().flat_map(SelectedStep::plans).map(|n| &n.plan);
                std::iter::once(&path.input).chain(steps).chain(&path.accept).collect()
            }
            Operator::ExpandCount { input, .. }
            | Operator::Filter { input, .. }
            | Operator::Project { input, .. }
            | Operator::Unwind { input, .. }
            | Operator::Load { input, .. }
            | Operator::Aggregate { input, .. }
            | Operator::Distinct { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Skip { input, .. }
            | Operator::Limit { input, .. }
            | Operator::Eager { input }
            | Operator::Create { input, .. }
            | Operator::Update { input, .. }
            | Operator::Delete { input, .. }
            | Operator::ProcedureCall { input, .. }
            | Operator::ProduceResults { input, .. }
            | Operator::EmptyResult { input } => vec![input],
            Operator::Union { inputs, .. } => inputs.iter().map(|(plan, _)| plan).collect(),
            Operator::CartesianProduct { left, right } | Operator::HashJoin { left, right, .. } => {
                vec![left, right]
            }
            Operator::Apply(apply) => vec![&apply.input, &apply.inner],
            Operator::TransactionApply(apply) => vec![&apply.input, &apply.inner],
            Operator::Merge(merge) => vec![&merge.input, &merge.matching],
            Operator::Foreach { input, body, .. } => vec![input, body],
        }
    }

    /// As [`Plan::children`], to be changed.
    pub fn children_mut(&mut self) -> Vec<&mut Plan> {
        meter::walk(1);
        match &mut self.operator {
            Operator::Unit
            | Operator::Argument
            | Operator::Schema(_)
            | Operator::AllNodesScan { .. }
            | Operator::NodeByLabelScan { .. }
            | Operator::NodeByIdSeek { .. }
            | Operator::RelationshipTypeScan { .. } => Vec::new(),
            Operator::IndexSeek(seek) => seek.input.iter_mut().map(|input| &mut **input).collect(),
            Operator::Expand(expand) => vec![&mut expand.input],
            Operator::VarLengthExpand(expand) => vec![&mut expand.input],
            Operator::Repeat(repeat) => vec![&mut repeat.input, &mut repeat.inner],
            Operator::ShortestPath(path) => vec![&mut path.input],
            Operator::StatefulShortestPath(path) => {
                let steps = path.steps.iter_mut().flat_map(SelectedStep::plans_mut);
                let steps = steps.map(|numbered| &mut numbered.plan);
                std::iter::once(&mut path.input).chain(steps).chain(&mut path.accept).collect()
            }
            Operator::ExpandCount { input, .. }
            | Operator::Filter { input, .. }
            | Operator::Project { input, .. }
            | Operator::Unwind { input, .. }
            | Operator::Load { input, .. }
            | Operator::Aggregate { input, .. }
            | Operator::Distinct { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Skip { input, .. }
            | Operator::Limit { input, .. }
            | Operator::Eager { input }
            | Operator::Create { input, .. }
            | Operator::Update { input, .. }
            | Operator::Delete { input, .. }
            | Operator::ProcedureCall { input, .. }
            | Operator::ProduceResults { input, .. }
            | Operator::EmptyResult { input } => vec![input],
            Operator::Union { inputs, .. } => inputs.iter_mut().map(|(plan, _)| plan).collect(),
            Operator::CartesianProduct { left, right } | Operator::HashJoin { left, right, .. } => {
                vec![left, right]
            }
            Operator::Apply(apply) => vec![&mut apply.input, &mut apply.inner],
            Operator::TransactionApply(apply) => vec![&mut apply.input, &mut apply.inner],
            Operator::Merge(merge) => vec![&mut merge.input, &mut merge.matching],
            Operator::Foreach { input, body, .. } => vec![input, body],
        }
    }

    /// Whether it or a plan below it changes the graph.
    pub fn updates(&self) -> bool {
        matches!(
            self.operator,
            Operator::Create { .. }
                | Operator::Merge(_)
                | Operator::Update { .. }
                | Operator::Delete { .. }
                | Operator::Foreach { .. }
                | Operator::Schema(_)
        ) || self.children().into_iter().any(Plan::updates)
    }

    /// The expressions of the operator itself.
    pub fn expressions(&self) -> Vec<&Expression> {
        match &self.operator {
            Operator::NodeByIdSeek { ids, .. } => vec![ids],
            Operator::Schema(command) => command.name().into_iter().collect(),
            Operator::IndexSeek(seek) => seek.expressions(),
            Operator::VarLengthExpand(expand) => expand.filter.iter().map(|(_, e)| e).collect(),
            Operator::ShortestPath(path) => path.filter.iter().map(|(_, e)| e).collect(),
            Operator::StatefulShortestPath(path) => vec![&path.count],
            Operator::Filter { predicate, .. } => vec![predicate],
            Operator::Project { items, .. } => items.iter().map(|(_, e)| e).collect(),
            Operator::Unwind { list, .. } | Operator::Foreach { list, .. } => vec![list],
            Operator::Load { clause, .. } => vec![&clause.from],
            Operator::TransactionApply(apply) => apply.transactions.expressions().collect(),
            Operator::Aggregate { keys, aggregates, .. } => {
                let arguments = aggregates.iter().flat_map(|(_, call)| &call.arguments);
                keys.iter().map(|(_, e)| e).chain(arguments).collect()
            }
            Operator::Sort { by, .. } => by.iter().map(|key| &key.expression).collect(),
            Operator::Top { by, skip, limit, .. } => {
                by.iter().map(|key| &key.expression).chain(skip).chain([limit]).collect()
            }
            Operator::Skip { count, .. } | Operator::Limit { count, .. } => vec![count],
            Operator::HashJoin { keys, .. } => keys.iter().flat_map(|(l, r)| [l, r]).collect(),
            Operator::Create { pattern, .. } => pattern.expressions(),
            Operator::Merge(merge) => {
                let mut all: Vec<&Expression> = merge.not_null.iter().map(|(_, e)| e).collect();
                all.extend(merge.create.expressions());
                all.extend(merge.batch.iter().flat_map(|batch| &batch.keys));
                let items = merge.on_create.iter().chain(&merge.on_match);
                all.extend(items.flat_map(UpdateItem::expressions));
                all
            }
            Operator::Update { items, .. } => {
                items.iter().flat_map(UpdateItem::expressions).collect()
            }
            Operator::Delete { targets, .. } => targets.iter().collect(),
            Operator::ProcedureCall { arguments, .. } => arguments.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// As [`Plan::expressions`], to be changed.
    pub fn expressions_mut(&mut self) -> Vec<&mut Expression> {
        match &mut self.operator {
            Operator::NodeByIdSeek { ids, .. } => vec![ids],
            Operator::Schema(command) => command.name_mut().into_iter().collect(),
            Operator::IndexSeek(seek) => seek.expressions_mut(),
            Operator::VarLengthExpand(expand) => expand.filter.iter_mut().map(|(_, e)| e).collect(),
            Operator::ShortestPath(path) => path.filter.iter_mut().map(|(_, e)| e).collect(),
            Operator::StatefulShortestPath(path) => vec![&mut path.count],
            Operator::Filter { predicate, .. } => vec![predicate],
            Operator::Project { items, .. } => items.iter_mut().map(|(_, e)| e).collect(),
            Operator::Unwind { list, .. } | Operator::Foreach { list, .. } => vec![list],
            Operator::Load { clause, .. } => vec![&mut clause.from],
            Operator::TransactionApply(apply) => apply.transactions.expressions_mut().collect(),
            Operator::Aggregate { keys, aggregates, .. } => {
                let arguments = aggregates.iter_mut().flat_map(|(_, call)| &mut call.arguments);
                keys.iter_mut().map(|(_, e)| e).chain(arguments).collect()
            }
            Operator::Sort { by, .. } => by.iter_mut().map(|key| &mut key.expression).collect(),
            Operator::Top { by, skip, limit, .. } => {
                by.iter_mut().map(|key| &mut key.expression).chain(skip).chain([limit]).collect()
            }
            Operator::Skip { count, .. } | Operator::Limit { count, .. } => vec![count],
            Operator::HashJoin { keys, .. } => keys.iter_mut().flat_map(|(l, r)| [l, r]).collect(),
            Operator::Create { pattern, .. } => pattern.expressions_mut(),
            Operator::Merge(merge) => {
                let mut all: Vec<&mut Expression> =
                    merge.not_null.iter_mut().map(|(_, e)| e).collect();
                all.extend(merge.create.expressions_mut());
                all.extend(merge.batch.iter_mut().flat_map(|batch| &mut batch.keys));
                let items = merge.on_create.iter_mut().chain(&mut merge.on_match);
                all.extend(items.flat_map(UpdateItem::expressions_mut));
                all
            }
            Operator::Update { items, .. } => {
                items.iter_mut().flat_map(UpdateItem::expressions_mut).collect()
            }
            Operator::Delete { targets, .. } => targets.iter_mut().collect(),
            Operator::ProcedureCall { arguments, .. } => arguments.iter_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// The variables the operator itself reads, in expressions or otherwise.
    pub fn reads(&self) -> BTreeSet<Slot> {
        let mut slots = BTreeSet::new();
        for expression in self.expressions() {
            expression.collect_slots(&mut slots);
        }
        match &self.operator {
            Operator::Expand(expand) => {
                slots.insert(expand.from);
                slots.extend(&expand.distinct_from);
                slots.extend(expand.into.then_some(expand.to));
            }
            Operator::VarLengthExpand(expand) => {
                slots.insert(expand.from);
                slots.extend(&expand.distinct_from);
                slots.extend(expand.into.then_some(expand.to));
            }
            Operator::Repeat(repeat) => {
                slots.extend([repeat.from, repeat.row]);
                slots.extend(&repeat.distinct_from);
                slots.extend(&repeat.inner_relationships);
                slots.extend(repeat.nodes.last());
                slots.extend(repeat.kept());
                slots.extend(repeat.into.then_some(repeat.to));
            }
            Operator::ShortestPath(path) => slots.extend([path.from, path.to]),
            Operator::StatefulShortestPath(path) => {
                slots.insert(path.from);
                slots.extend(path.into.then_some(path.to));
                for step in &path.steps {
                    slots.extend(step.plans().map(|numbered| numbered.row));
                    slots.extend(&step.nodes);
                    slots.extend(&step.inner_relationships);
                }
            }
            Operator::ExpandCount { from, distinct_from, .. } => {
                slots.insert(*from);
                slots.extend(distinct_from);
            }
            Operator::Distinct { slots: own, .. } => slots.extend(own),
            Operator::Union { inputs, .. } => {
                slots.extend(inputs.iter().flat_map(|(_, own)| own));
            }
            Operator::Apply(apply) => {
                if let ApplyKind::Collect { of, .. } = &apply.kind {
                    slots.insert(*of);
                }
                slots.extend(apply.row);
            }
            Operator::TransactionApply(apply) => {
                slots.extend(apply.row);
                slots.extend(apply.columns.iter().flatten());
            }
            Operator::Create { pattern, .. } => pattern.collect_slots(&mut slots),
            Operator::Merge(merge) => {
                merge.create.collect_slots(&mut slots);
                slots.extend(merge.batch.iter().map(|batch| batch.row));
            }
            Operator::ProduceResults { columns, .. } => {
                slots.extend(columns.iter().map(|(_, slot)| *slot));
            }
            _ => {}
        }
        slots
    }

    /// The variables that its rows hold, where its leaves hold `argument`.
    pub fn output(&self, argument: &BTreeSet<Slot>) -> BTreeSet<Slot> {
        let of = |plan: &Plan| plan.output(argument);
        match &self.operator {
            Operator::Unit | Operator::Schema(_) => BTreeSet::new(),
            Operator::Argument => argument.clone(),
            Operator::AllNodesScan { node }
            | Operator::NodeByLabelScan { node, .. }
            | Operator::NodeByIdSeek { node, .. } => [*node].into(),
            Operator::RelationshipTypeScan { relationship, from, to, .. } => {
                [*relationship, *from, *to].into()
            }
            Operator::IndexSeek(seek) => {
                let before = seek.input.as_deref().map(of).unwrap_or_default();
                with(before, seek.entity.slots())
            }
            Operator::Expand(e) => with(of(&e.input), [e.relationship, e.to]),
            Operator::VarLengthExpand(e) => with(of(&e.input), [e.relationships, e.to]),
            Operator::Repeat(r) => {
                let lists = r.groups.iter().map(|(_, list)| *list);
                with(of(&r.input), lists.chain([r.relationships, r.to]))
            }
            Operator::ShortestPath(p) => with(of(&p.input), [p.relationships]),
            Operator::StatefulShortestPath(p) => with(of(&p.input), p.variables()),
            Operator::Project { input, items, keep_input } => {
                let before = if *keep_input { of(input) } else { BTreeSet::new() };
                with(before, items.iter().map(|(slot, _)| *slot))
            }
            Operator::Unwind { input, slot, .. } => with(of(input), [*slot]),
            Operator::Load { input, clause } => {
                with(of(input), [clause.slot, clause.file, clause.line])
            }
            Operator::TransactionApply(apply) => {
                let outer = with(of(&apply.input), apply.transactions.status);
                with(outer, apply.columns.iter().flatten().copied())
            }
            Operator::Aggregate { keys, aggregates, .. } => {
                let keys = keys.iter().map(|(slot, _)| *slot);
                keys.chain(aggregates.iter().map(|(slot, _)| *slot)).collect()
            }
            Operator::Distinct { slots, .. } | Operator::Union { slots, .. } => {
                slots.iter().copied().collect()
            }
            Operator::CartesianProduct { left, right } | Operator::HashJoin { left, right, .. } => {
                with(of(left), of(right))
            }
            Operator::Apply(apply) => {
                let outer = of(&apply.input);
                match &apply.kind {
                    ApplyKind::Inner | ApplyKind::Optional(_) => {
                        let inner = apply.inner.output(&with(outer.clone(), apply.row));
                        with(outer, inner)
                    }
                    ApplyKind::Exists(slot) | ApplyKind::Count(slot) => with(outer, [*slot]),
                    ApplyKind::Collect { slot, .. } => with(outer, [*slot]),
                    ApplyKind::Semi | ApplyKind::AntiSemi | ApplyKind::ForEffect => outer,
                }
            }
            Operator::Create { input, pattern } => {
                let mut slots = of(input);
                pattern.collect_slots(&mut slots);
                slots
            }
            Operator::Merge(merge) => {
                let mut slots = of(&merge.input);
                merge.create.collect_slots(&mut slots);
                slots
            }
            Operator::ProcedureCall { input, yields, .. } => {
                with(of(input), yields.iter().map(|(_, slot)| *slot))
            }
            Operator::ExpandCount { input, .. }
            | Operator::Filter { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Skip { input, .. }
            | Operator::Limit { input, .. }
            | Operator::Eager { input }
            | Operator::Update { input, .. }
            | Operator::Delete { input, .. }
            | Operator::Foreach { input, .. }
            | Operator::ProduceResults { input, .. }
            | Operator::EmptyResult { input } => of(input),
        }
    }
}

fn with(mut slots: BTreeSet<Slot>, more: impl IntoIterator<Item = Slot>) -> BTreeSet<Slot> {
    slots.extend(more);
    slots
}
