//! Walking bound expressions and queries: the one place that knows all their parts.

use std::collections::BTreeSet;

use crate::function::Volatility;
use crate::meter;
use crate::value::Value;

use super::{
    AggregateCall, Clause, CreatePattern, Expression, ExpressionKind, NewType, PatternRelationship,
    Query, QueryGraph, Slot, UpdateItem,
};

impl Expression {
    /// The expressions directly within this one, in the order of evaluation; a subquery's are not.
    pub fn children(&self) -> Vec<&Expression> {
        meter::walk(1);
        match &self.kind {
            ExpressionKind::Literal(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Variable(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Subquery(_) => Vec::new(),
            ExpressionKind::Property { target, .. } | ExpressionKind::HasLabels { target, .. } => {
                vec![target]
            }
            ExpressionKind::Index { target, index } => vec![target, index],
            ExpressionKind::HasComputedLabels { target, names, .. } => vec![target, names],
            ExpressionKind::Slice { target, from, to } => {
                [Some(target), from.as_ref(), to.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(|e| &**e)
                    .collect()
            }
            ExpressionKind::Unary { operand, .. }
            | ExpressionKind::IsTyped { operand, .. }
            | ExpressionKind::Attempt(operand) => vec![operand],
            ExpressionKind::Binary { left, right, .. } => vec![left, right],
            ExpressionKind::And(all) | ExpressionKind::Or(all) | ExpressionKind::List(all) => {
                all.iter().collect()
            }
            ExpressionKind::Function { arguments, .. } => arguments.iter().collect(),
            ExpressionKind::Map(entries) => entries.iter().map(|(_, e)| e).collect(),
            ExpressionKind::Case { operand, alternatives, otherwise } => {
                let mut all: Vec<&Expression> = operand.iter().map(|e| &**e).collect();
                all.extend(alternatives.iter().flat_map(|(when, then)| [when, then]));
                all.extend(otherwise.iter().map(|e| &**e));
                all
            }
            ExpressionKind::ListComprehension { list, filter, map, .. } => {
                [Some(list), filter.as_ref(), map.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(|e| &**e)
                    .collect()
            }
            ExpressionKind::Quantifier { list, predicate, .. } => vec![list, predicate],
            ExpressionKind::Reduce { initial, list, body, all, .. } => {
                let mut parts: Vec<&Expression> = vec![initial, list, body];
                parts.extend(all.iter().map(|e| &**e));
                parts
            }
        }
    }

    /// As [`Expression::children`], to be changed.
    pub fn children_mut(&mut self) -> Vec<&mut Expression> {
        match &mut self.kind {
            ExpressionKind::Literal(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Variable(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Subquery(_) => Vec::new(),
            ExpressionKind::Property { target, .. } | ExpressionKind::HasLabels { target, .. } => {
                vec![target]
            }
            ExpressionKind::Index { target, index } => vec![target, index],
            ExpressionKind::HasComputedLabels { target, names, .. } => vec![target, names],
            ExpressionKind::Slice { target, from, to } => {
                [Some(target), from.as_mut(), to.as_mut()]
                    .into_iter()
                    .flatten()
                    .map(|e| &mut **e)
                    .collect()
            }
            ExpressionKind::Unary { operand, .. }
            | ExpressionKind::IsTyped { operand, .. }
            | ExpressionKind::Attempt(operand) => vec![operand],
            ExpressionKind::Binary { left, right, .. } => vec![left, right],
            ExpressionKind::And(all) | ExpressionKind::Or(all) | ExpressionKind::List(all) => {
                all.iter_mut().collect()
            }
            ExpressionKind::Function { arguments, .. } => arguments.iter_mut().collect(),
            ExpressionKind::Map(entries) => entries.iter_mut().map(|(_, e)| e).collect(),
            ExpressionKind::Case { operand, alternatives, otherwise } => {
                let mut all: Vec<&mut Expression> = operand.iter_mut().map(|e| &mut **e).collect();
                all.extend(alternatives.iter_mut().flat_map(|(when, then)| [when, then]));
                all.extend(otherwise.iter_mut().map(|e| &mut **e));
                all
            }
            ExpressionKind::ListComprehension { list, filter, map, .. } => {
                [Some(list), filter.as_mut(), map.as_mut()]
                    .into_iter()
                    .flatten()
                    .map(|e| &mut **e)
                    .collect()
            }
            ExpressionKind::Quantifier { list, predicate, .. } => vec![list, predicate],
            ExpressionKind::Reduce { initial, list, body, all, .. } => {
                let mut parts: Vec<&mut Expression> = vec![initial, list, body];
                parts.extend(all.iter_mut().map(|e| &mut **e));
                parts
            }
        }
    }

    /// Adds every variable that is mentioned anywhere in it, those of subqueries and comprehensions
    /// included. Slots are unique, so an inner variable never looks like an outer one.
    pub fn collect_slots(&self, slots: &mut BTreeSet<Slot>) {
        match &self.kind {
            ExpressionKind::Variable(slot) => {
                slots.insert(*slot);
            }
            ExpressionKind::Path(elements) => slots.extend(elements),
            ExpressionKind::Subquery(subquery) => subquery.query.collect_slots(slots),
            _ => {}
        }
        for child in self.children() {
            child.collect_slots(slots);
        }
    }

    /// Every variable that is mentioned anywhere in it.
    pub fn slots(&self) -> BTreeSet<Slot> {
        let mut slots = BTreeSet::new();
        self.collect_slots(&mut slots);
        slots
    }

    /// Whether a part of it, or it itself, satisfies the predicate. Subqueries are not looked into.
    pub fn any(&self, predicate: &mut dyn FnMut(&Expression) -> bool) -> bool {
        predicate(self) || self.children().into_iter().any(|child| child.any(predicate))
    }

    /// Whether it has one value throughout the statement: it uses no variable, no subquery and nothing
    /// that changes from call to call.
    pub fn is_fixed(&self) -> bool {
        self.is_fixed_by(&BTreeSet::new())
    }

    /// Whether it has one value for each row that holds these variables.
    pub fn is_fixed_by(&self, known: &BTreeSet<Slot>) -> bool {
        self.slots().is_subset(known)
            && !self.any(&mut |e| match &e.kind {
                ExpressionKind::Function { function, .. } => {
                    function.volatility() == Volatility::Volatile
                }
                ExpressionKind::Subquery(_) => true,
                _ => false,
            })
    }

    /// Whether there is a subquery in it.
    pub fn has_subquery(&self) -> bool {
        self.any(&mut |e| matches!(e.kind, ExpressionKind::Subquery(_)))
    }

    /// Whether both compute the same, as far as their shape tells; places do not matter.
    pub fn same(&self, other: &Expression) -> bool {
        same_head(&self.kind, &other.kind) && {
            let (mine, theirs) = (self.children(), other.children());
            mine.len() == theirs.len() && mine.iter().zip(theirs).all(|(a, b)| a.same(b))
        }
    }
}

/// Whether two expressions agree in everything but the expressions within them.
fn same_head(left: &ExpressionKind, right: &ExpressionKind) -> bool {
    use ExpressionKind as K;
    match (left, right) {
        (K::Literal(a), K::Literal(b)) => same_value(a, b),
        (K::Parameter(a), K::Parameter(b)) => a == b,
        (K::Variable(a), K::Variable(b)) => a == b,
        (K::Property { key: a, .. }, K::Property { key: b, .. }) => a == b,
        (K::Index { .. }, K::Index { .. })
        | (K::Attempt(_), K::Attempt(_))
        | (K::And(_), K::And(_))
        | (K::Or(_), K::Or(_))
        | (K::List(_), K::List(_)) => true,
        (K::Slice { from: f1, to: t1, .. }, K::Slice { from: f2, to: t2, .. }) => {
            f1.is_some() == f2.is_some() && t1.is_some() == t2.is_some()
        }
        (K::HasLabels { labels: a, .. }, K::HasLabels { labels: b, .. }) => a == b,
        (K::HasComputedLabels { any: a, .. }, K::HasComputedLabels { any: b, .. }) => a == b,
        (K::IsTyped { of: a, .. }, K::IsTyped { of: b, .. }) => a == b,
        (K::Unary { operator: a, .. }, K::Unary { operator: b, .. }) => a == b,
        (K::Binary { operator: a, .. }, K::Binary { operator: b, .. }) => a == b,
        (K::Function { function: a, .. }, K::Function { function: b, .. }) => a == b,
        (K::Map(a), K::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k1, _), (k2, _))| k1 == k2)
        }
        (
            K::Case { operand: o1, alternatives: a1, otherwise: e1 },
            K::Case { operand: o2, alternatives: a2, otherwise: e2 },
        ) => o1.is_some() == o2.is_some() && a1.len() == a2.len() && e1.is_some() == e2.is_some(),
        (K::Path(a), K::Path(b)) => a == b,
        // Comprehensions bind variables of their own, so two of them never look alike.
        _ => false,
    }
}

fn same_value(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Boolean(a), Value::Boolean(b)) => a == b,
        (Value::Integer(a), Value::Integer(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::String(a), Value::String(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same_value(a, b))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter().zip(b.iter()).all(|((k1, a), (k2, b))| k1 == k2 && same_value(a, b))
        }
        _ => false,
    }
}

impl AggregateCall {
    /// Whether both compute the same.
    pub fn same(&self, other: &AggregateCall) -> bool {
        self.function == other.function
            && self.distinct == other.distinct
            && self.arguments.len() == other.arguments.len()
            && self.arguments.iter().zip(&other.arguments).all(|(a, b)| a.same(b))
    }
}

impl UpdateItem {
    /// The expressions in it.
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            UpdateItem::Property { target, key, value } => vec![target, key, value],
            UpdateItem::Replace { target, value } | UpdateItem::Extend { target, value } => {
                vec![target, value]
            }
            UpdateItem::RemoveProperty { target, key } => vec![target, key],
            UpdateItem::AddLabels { target, labels }
            | UpdateItem::RemoveLabels { target, labels } => {
                std::iter::once(target).chain(&labels.computed).collect()
            }
        }
    }

    /// The expressions in it, to be changed.
    pub fn expressions_mut(&mut self) -> Vec<&mut Expression> {
        match self {
            UpdateItem::Property { target, key, value } => vec![target, key, value],
            UpdateItem::Replace { target, value } | UpdateItem::Extend { target, value } => {
                vec![target, value]
            }
            UpdateItem::RemoveProperty { target, key } => vec![target, key],
            UpdateItem::AddLabels { target, labels }
            | UpdateItem::RemoveLabels { target, labels } => {
                std::iter::once(target).chain(&mut labels.computed).collect()
            }
        }
    }
}

impl CreatePattern {
    /// The property maps in it, and what names labels and types.
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut all = Vec::new();
        for node in &self.nodes {
            all.extend(&node.labels.computed);
            all.extend(&node.properties);
        }
        for relationship in &self.relationships {
            if let NewType::Computed(name) = &relationship.type_name {
                all.push(name);
            }
            all.extend(&relationship.properties);
        }
        all
    }

    /// As [`CreatePattern::expressions`], to be changed.
    pub fn expressions_mut(&mut self) -> Vec<&mut Expression> {
        let mut all = Vec::new();
        for node in &mut self.nodes {
            all.extend(&mut node.labels.computed);
            all.extend(&mut node.properties);
        }
        for relationship in &mut self.relationships {
            if let NewType::Computed(name) = &mut relationship.type_name {
                all.push(name);
            }
            all.extend(&mut relationship.properties);
        }
        all
    }

    /// Adds every variable it mentions.
    pub fn collect_slots(&self, slots: &mut BTreeSet<Slot>) {
        slots.extend(self.nodes.iter().map(|node| node.slot));
        slots.extend(self.relationships.iter().flat_map(|r| [r.slot, r.start, r.end]));
        for expression in self.expressions() {
            expression.collect_slots(slots);
        }
    }
}

impl PatternRelationship {
    /// Adds every variable it mentions.
    pub fn collect_slots(&self, slots: &mut BTreeSet<Slot>) {
        slots.extend([self.slot, self.left, self.right]);
        if let Some((slot, filter)) = &self.filter {
            slots.insert(*slot);
            filter.collect_slots(slots);
        }
        if let Some(repeated) = &self.repeated {
            slots.extend(&repeated.nodes);
            slots.extend(repeated.groups.iter().flat_map(|(each, list)| [each, list]));
            repeated.relationships.iter().for_each(|inner| inner.collect_slots(slots));
            repeated.predicates.iter().for_each(|predicate| predicate.collect_slots(slots));
        }
    }
}

impl QueryGraph {
    /// Adds every variable it mentions.
    pub fn collect_slots(&self, slots: &mut BTreeSet<Slot>) {
        slots.extend(self.nodes.iter().map(|node| node.slot));
        self.relationships.iter().for_each(|relationship| relationship.collect_slots(slots));
        for path in &self.selected {
            slots.extend(&path.nodes);
            path.steps.iter().for_each(|step| step.collect_slots(slots));
            path.predicates.iter().for_each(|predicate| predicate.collect_slots(slots));
        }
        for path in &self.paths {
            slots.insert(path.slot);
            slots.extend(&path.elements);
        }
        for predicate in &self.predicates {
            predicate.collect_slots(slots);
        }
    }
}

impl Query {
    /// Adds every variable it mentions.
    pub fn collect_slots(&self, slots: &mut BTreeSet<Slot>) {
        slots.extend(self.columns.iter().map(|column| column.slot));
        for part in &self.parts {
            for clause in &part.clauses {
                clause.collect_slots(slots);
            }
        }
    }
}

impl Clause {
    /// Adds every variable it mentions.
    pub fn collect_slots(&self, slots: &mut BTreeSet<Slot>) {
        let mut expressions: Vec<&Expression> = Vec::new();
        match self {
            Clause::Match(clause) => clause.graph.collect_slots(slots),
            Clause::Unwind(clause) => {
                slots.insert(clause.slot);
                expressions.push(&clause.list);
            }
            Clause::Projection(clause) => {
                slots.extend(clause.columns.iter().map(|column| column.slot));
                if let Some(grouping) = &clause.grouping {
                    expressions.extend(grouping.keys.iter().map(|(_, e)| e));
                    expressions
                        .extend(grouping.aggregates.iter().flat_map(|(_, call)| &call.arguments));
                }
                expressions.extend(clause.items.iter().map(|(_, e)| e));
                expressions.extend(clause.order_by.iter().map(|key| &key.expression));
                expressions.extend(&clause.predicates);
            }
            Clause::Create(pattern) => pattern.collect_slots(slots),
            Clause::Merge(clause) => {
                clause.graph.collect_slots(slots);
                clause.create.collect_slots(slots);
                let items = clause.on_create.iter().chain(&clause.on_match);
                expressions.extend(items.flat_map(UpdateItem::expressions));
            }
            Clause::Update(items) => {
                expressions.extend(items.iter().flat_map(UpdateItem::expressions));
            }
            Clause::Delete(clause) => expressions.extend(&clause.targets),
            Clause::ProcedureCall(clause) => {
                slots.extend(clause.yields.iter().map(|(_, slot)| *slot));
                expressions.extend(&clause.arguments);
            }
            Clause::SubqueryCall(clause) => {
                clause.query.collect_slots(slots);
                slots.extend(clause.transactions.as_ref().and_then(|t| t.status));
            }
            Clause::Foreach(clause) => {
                slots.insert(clause.slot);
                expressions.push(&clause.list);
                for inner in &clause.clauses {
                    inner.collect_slots(slots);
                }
            }
            Clause::Load(clause) => {
                slots.extend([clause.slot, clause.file, clause.line]);
                expressions.push(&clause.from);
            }
            Clause::Filter(predicate) => expressions.push(predicate),
            Clause::Schema(_) => {}
            Clause::Paths(paths) => {
                slots.extend(paths.iter().flat_map(|path| {
                    path.elements.iter().copied().chain(std::iter::once(path.slot))
                }));
            }
        }
        for expression in expressions {
            expression.collect_slots(slots);
        }
    }
}
