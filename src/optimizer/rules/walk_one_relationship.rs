//! A quantified path of one relationship is a variable length.

use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::graph::Snapshot;
use crate::optimizer::Rule;
use crate::plan::Expand;
use crate::plan::Operator;
use crate::plan::Plan;
use crate::plan::Repeat;
use crate::plan::VarLengthExpand;
use crate::value::Type;

pub(in crate::optimizer) const WALK_ONE_RELATIONSHIP: Rule = Rule {
    name: "walk_one_relationship",
    doc: "Turns a Repeat of a single Expand into a VarLengthExpand, where nothing asks for the nodes \
          within: it finds the same paths without running a plan for each step.",
    apply: rewrite,
};

fn rewrite(plan: &mut Plan, _: &Snapshot) {
    let Operator::Repeat(repeat) = &plan.operator else { return };
    let Some((walk, lists)) = single(repeat) else { return };
    plan.operator = Operator::VarLengthExpand(walk);
    if !lists.is_empty() {
        let estimated_rows = plan.estimated_rows;
        let input = Box::new(std::mem::replace(plan, Plan::new(Operator::Unit)));
        plan.operator = Operator::Project { input, items: lists, keep_input: true };
        plan.estimated_rows = estimated_rows;
    }
}

type Lists = Vec<(crate::bound::Slot, Expression)>;

/// The walk, and the variables that take its list of relationships too.
fn single(repeat: &Repeat) -> Option<(VarLengthExpand, Lists)> {
    let (expand, filter) = match &repeat.inner.operator {
        Operator::Expand(expand) => (expand, None),
        Operator::Filter { input, predicate } => match &input.operator {
            Operator::Expand(expand) => (expand, Some(predicate)),
            _ => return None,
        },
        _ => return None,
    };
    let Expand { from, to, relationship, into: false, distinct_from, .. } = expand else {
        return None;
    };
    let is_argument = matches!(expand.input.operator, Operator::Argument);
    if !is_argument || !distinct_from.is_empty() || repeat.nodes != [*from, *to] {
        return None;
    }
    if filter.is_some_and(|filter| {
        let slots = filter.slots();
        slots.contains(from) || slots.contains(to)
    }) {
        return None;
    }
    let mut lists = Vec::new();
    for (each, list) in &repeat.groups {
        if each != relationship {
            return None;
        }
        let kind = ExpressionKind::Variable(repeat.relationships);
        let ty = Type::list(Type::Relationship);
        lists.push((*list, Expression { kind, span: crate::error::Span::default(), ty }));
    }
    let walk = VarLengthExpand {
        input: repeat.input.clone(),
        from: repeat.from,
        relationships: repeat.relationships,
        to: repeat.to,
        direction: expand.direction,
        types: expand.types.clone(),
        min: repeat.min,
        max: repeat.max,
        into: repeat.into,
        reversed: repeat.reversed,
        filter: filter.map(|filter| (*relationship, filter.clone())),
        restriction: repeat.restriction,
        distinct_from: repeat.distinct_from.clone(),
    };
    Some((walk, lists))
}
