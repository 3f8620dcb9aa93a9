//! The cost model: how many rows an operator is expected to give.

use std::sync::Arc;

use crate::bound;
use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::LabelExpression;
use crate::bound::UnaryOperator;
use crate::graph;
use crate::graph::IndexKind;
use crate::graph::IndexStatistics;
use crate::graph::SchemaTarget;
use crate::graph::Snapshot;
use crate::graph::TypeId;
use crate::meter;
use crate::plan::ApplyKind;
use crate::plan::Estimator;
use crate::plan::IndexDescription;
use crate::plan::IndexSeek;
use crate::plan::Operator;
use crate::plan::Plan;
use crate::plan::SeekBound;
use crate::plan::SeekEntity;
use crate::plan::SeekKey;
use crate::value::Value;

/// Of how many rows an equality is expected to hold, where nothing better is known.
const EQUAL: f64 = 0.05;
/// The same for a comparison.
const RANGE: f64 = 0.3;
/// The same for anything else.
const OTHER: f64 = 0.5;
/// How long a list is expected to be.
const LIST_LENGTH: f64 = 10.0;
/// How many rows a file is expected to have.
const FILE_LENGTH: f64 = 1000.0;
/// Longer paths are not taken into account: they would dwarf everything else.
const COUNTED_LENGTH: u64 = 4;

/// Expected rows and costs, from the statistics of a graph.
#[derive(Debug)]
pub struct CostModel<'a> {
    graph: &'a Snapshot,
}

impl<'a> CostModel<'a> {
    /// A model over the statistics of this graph.
    pub fn new(graph: &'a Snapshot) -> Self {
        Self { graph }
    }

    fn nodes(&self) -> f64 {
        (self.graph.node_count() as f64).max(1.0)
    }

    fn label_share(&self, label: &str) -> f64 {
        let count = self.graph.label_id(label).map_or(0, |id| self.graph.label_count(id));
        count as f64 / self.nodes()
    }

    fn types(&self, names: &[Arc<str>]) -> Vec<TypeId> {
        names.iter().filter_map(|name| self.graph.type_id(name)).collect()
    }

    fn degree(&self, types: &[Arc<str>], direction: bound::Direction) -> f64 {
        let ids = self.types(types);
        if ids.is_empty() && !types.is_empty() {
            return 0.0;
        }
        let direction = match direction {
            bound::Direction::Outgoing => graph::Direction::Outgoing,
            bound::Direction::Incoming => graph::Direction::Incoming,
            bound::Direction::Both => graph::Direction::Both,
        };
        self.graph.average_degree(&ids, direction)
    }

    /// The share of rows for which a predicate is expected to be true.
    fn selectivity(&self, predicate: &Expression) -> f64 {
        match &predicate.kind {
            ExpressionKind::And(all) => all.iter().map(|e| self.selectivity(e)).product(),
            ExpressionKind::Or(all) => {
                all.iter().map(|e| self.selectivity(e)).sum::<f64>().min(1.0)
            }
            ExpressionKind::Attempt(operand) => self.selectivity(operand),
            ExpressionKind::HasLabels { labels, .. } => self.label_selectivity(labels),
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => {
                (1.0 - self.selectivity(operand)).max(0.0)
            }
            ExpressionKind::Unary { operator: UnaryOperator::IsNotNull, .. } => 0.9,
            ExpressionKind::Unary { operator: UnaryOperator::IsNull, .. } => 0.1,
            ExpressionKind::Binary { operator, right, .. } => match operator {
                BinaryOperator::Equal => EQUAL,
                BinaryOperator::NotEqual => 1.0 - EQUAL,
                BinaryOperator::Less
                | BinaryOperator::LessOrEqual
                | BinaryOperator::Greater
                | BinaryOperator::GreaterOrEqual => RANGE,
                BinaryOperator::In => (EQUAL * list_length(right)).min(OTHER),
                BinaryOperator::StartsWith | BinaryOperator::RegexMatch => EQUAL,
                _ => OTHER,
            },
            ExpressionKind::Literal(Value::Boolean(true)) => 1.0,
            ExpressionKind::Literal(_) => 0.0,
            _ => OTHER,
        }
    }

    /// How many entries of an index one row is expected to find.
    fn seek(&self, seek: &IndexSeek) -> f64 {
        let known = self.graph.schema().index_named(&seek.index.name);
        let known = known.and_then(|index| self.graph.index_statistics(index).ok());
        let IndexStatistics { entries, distinct } = known.unwrap_or_default();
        let mut found = entries as f64;
        if seek.is_exact() {
            let alike = if seek.index.unique { 1.0 } else { found / (distinct as f64).max(1.0) };
            found = found.min(alike);
        } else {
            found *= EQUAL.powi(seek.equal.len() as i32);
        }
        for key in &seek.equal {
            if let SeekKey::In(list) = key {
                found *= list_length(list);
            }
        }
        found *= match &seek.then {
            None => 1.0,
            Some(SeekBound::Range { lower: Some(_), upper: Some(_) }) => RANGE * RANGE,
            Some(SeekBound::Range { .. }) => RANGE,
            Some(SeekBound::StartsWith(_)) => EQUAL,
            Some(SeekBound::EndsWith(_) | SeekBound::Contains(_)) => OTHER,
        };
        let both = matches!(
            seek.entity,
            SeekEntity::Relationship { direction: bound::Direction::Both, .. }
        );
        if both { found * 2.0 } else { found }
    }

    fn label_selectivity(&self, labels: &LabelExpression) -> f64 {
        match labels {
            LabelExpression::Label(label) => self.label_share(label),
            LabelExpression::Any => 0.9,
            LabelExpression::And(all) => all.iter().map(|l| self.label_selectivity(l)).product(),
            LabelExpression::Or(all) => {
                all.iter().map(|l| self.label_selectivity(l)).sum::<f64>().min(1.0)
            }
            LabelExpression::Not(label) => (1.0 - self.label_selectivity(label)).max(0.0),
        }
    }
}

fn list_length(list: &Expression) -> f64 {
    match &list.kind {
        ExpressionKind::List(items) => items.len() as f64,
        ExpressionKind::Literal(Value::List(items)) => items.len() as f64,
        _ => LIST_LENGTH,
    }
}

fn at_most(rows: f64, count: &Expression) -> f64 {
    match &count.kind {
        ExpressionKind::Literal(Value::Integer(n)) => rows.min(*n as f64),
        _ => rows,
    }
}

impl Estimator for CostModel<'_> {
    fn rows(&self, plan: &Plan) -> f64 {
        meter::walk(1);
        if let Some(rows) = plan.estimated_rows {
            return rows;
        }
        match &plan.operator {
            Operator::Unit | Operator::Argument => 1.0,
            Operator::AllNodesScan { .. } => self.graph.node_count() as f64,
            Operator::NodeByLabelScan { label, .. } => self.label_share(label) * self.nodes(),
            Operator::NodeByIdSeek { ids, .. } => list_length(ids).min(self.nodes()),
            Operator::IndexSeek(seek) => {
                let rows = seek.input.as_deref().map_or(1.0, |input| self.rows(input));
                rows * self.seek(seek)
            }
            Operator::RelationshipTypeScan { types, direction, .. } => {
                let ids = self.types(types);
                let found = match types.is_empty() {
                    true => self.graph.relationship_count(),
                    false => ids.iter().map(|id| self.graph.type_count(*id)).sum(),
                };
                let ways = if *direction == bound::Direction::Both { 2.0 } else { 1.0 };
                found as f64 * ways
            }
            Operator::Expand(expand) => {
                let found = self.rows(&expand.input) * self.degree(&expand.types, expand.direction);
                if expand.into { found / self.nodes() } else { found }
            }
            Operator::ExpandCount { input, .. } => self.rows(input),
            Operator::VarLengthExpand(expand) => {
                let degree = self.degree(&expand.types, expand.direction);
                let longest = expand.max.unwrap_or(COUNTED_LENGTH).min(COUNTED_LENGTH);
                let paths: f64 =
                    (expand.min.min(longest)..=longest).map(|n| degree.powi(n as i32)).sum();
                let found = self.rows(&expand.input) * paths;
                if expand.into { found / self.nodes() } else { found }
            }
            Operator::Repeat(repeat) => {
                let each = self.rows(&repeat.inner);
                let longest = repeat.max.unwrap_or(COUNTED_LENGTH).min(COUNTED_LENGTH);
                let paths: f64 =
                    (repeat.min.min(longest)..=longest).map(|n| each.powi(n as i32)).sum();
                let found = self.rows(&repeat.input) * paths;
                if repeat.into { found / self.nodes() } else { found }
            }
            Operator::ShortestPath(path) => self.rows(&path.input),
            Operator::StatefulShortestPath(path) if path.into => self.rows(&path.input),
            Operator::StatefulShortestPath(path) => self.rows(&path.input) * self.nodes() * OTHER,
            Operator::Filter { input, predicate } => self.rows(input) * self.selectivity(predicate),
            Operator::Unwind { input, list, .. } => self.rows(input) * list_length(list),
            Operator::Aggregate { input, keys, .. } => match keys.is_empty() {
                true => 1.0,
                false => self.rows(input).sqrt().max(1.0),
            },
            Operator::Distinct { input, .. } => self.rows(input) * OTHER,
            Operator::Top { input, skip: None, limit, .. } => at_most(self.rows(input), limit),
            Operator::Limit { input, count, .. } => at_most(self.rows(input), count),
            Operator::Skip { input, .. }
            | Operator::Project { input, .. }
            | Operator::Sort { input, .. }
            | Operator::Top { input, .. }
            | Operator::Eager { input }
            | Operator::Create { input, .. }
            | Operator::Update { input, .. }
            | Operator::Delete { input, .. }
            | Operator::Foreach { input, .. }
            | Operator::ProduceResults { input, .. } => self.rows(input),
            Operator::ProcedureCall { input, .. } => self.rows(input) * LIST_LENGTH,
            Operator::Load { input, .. } => self.rows(input) * FILE_LENGTH,
            Operator::TransactionApply(apply) => self.rows(&apply.input),
            Operator::EmptyResult { .. } | Operator::Schema(_) => 0.0,
            Operator::Union { inputs, .. } => inputs.iter().map(|(plan, _)| self.rows(plan)).sum(),
            Operator::CartesianProduct { left, right } => self.rows(left) * self.rows(right),
            Operator::HashJoin { left, right, .. } => {
                let (left, right) = (self.rows(left), self.rows(right));
                left * right / left.max(right).max(1.0)
            }
            Operator::Apply(apply) => {
                let outer = self.rows(&apply.input);
                match &apply.kind {
                    ApplyKind::Inner => outer * self.rows(&apply.inner),
                    ApplyKind::Optional(_) => outer * self.rows(&apply.inner).max(1.0),
                    ApplyKind::Semi | ApplyKind::AntiSemi => outer * OTHER,
                    ApplyKind::Exists(_)
                    | ApplyKind::Count(_)
                    | ApplyKind::Collect { .. }
                    | ApplyKind::ForEffect => outer,
                }
            }
            Operator::Merge(merge) => self.rows(&merge.input),
        }
    }

    fn indexes(&self, on: &str, relationship: bool) -> Vec<IndexDescription> {
        let schema = self.graph.schema();
        if schema.indexes().is_empty() {
            return Vec::new();
        }
        let target = match relationship {
            true => self.graph.type_id(on).map(SchemaTarget::Type),
            false => self.graph.label_id(on).map(SchemaTarget::Label),
        };
        let found = schema.indexes().iter().filter(|index| Some(index.on) == target);
        found
            .map(|index| IndexDescription {
                name: index.name.clone(),
                on: on.into(),
                properties: index.keys.iter().map(|key| self.graph.key_name(*key)).collect(),
                unique: index.unique,
                text: index.kind == IndexKind::Text,
            })
            .collect()
    }

    fn cost(&self, plan: &Plan) -> f64 {
        let below: f64 = plan.children().into_iter().map(|child| self.cost(child)).sum();
        below + self.rows(plan)
    }
}
