//! Operators and expressions in words, as EXPLAIN shows them.

use std::sync::Arc;

use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::LabelExpression;
use crate::bound::LoadFormat;
use crate::bound::NewLabels;
use crate::bound::NewType;
use crate::bound::OnError;
use crate::bound::Quantifier;
use crate::bound::SchemaCommand;
use crate::bound::Slot;
use crate::bound::SlotNames;
use crate::bound::SortKey;
use crate::bound::UnaryOperator;
use crate::bound::UpdateItem;
use crate::value::Value;

use super::explain::visible_names;
use super::{
    AggregateCall, ApplyKind, CreatePattern, Direction, DistinctNodes, IndexSeek, Operator,
    Restriction, SeekBound, SeekEntity, SeekKey, StatefulShortestPath,
};

/// The name Neo4j has for an operator, where it has one.
pub(super) fn operator_name(operator: &Operator) -> String {
    let name = match operator {
        Operator::Unit => "Unit",
        Operator::Argument => "Argument",
        Operator::AllNodesScan { .. } => "AllNodesScan",
        Operator::NodeByLabelScan { .. } => "NodeByLabelScan",
        Operator::NodeByIdSeek { .. } => "NodeByIdSeek",
        Operator::IndexSeek(seek) => return seek.name(),
        Operator::RelationshipTypeScan { direction: Direction::Both, .. } => {
            "UndirectedRelationshipTypeScan"
        }
        Operator::RelationshipTypeScan { .. } => "DirectedRelationshipTypeScan",
        Operator::Expand(expand) if expand.into => "Expand(Into)",
        Operator::Expand(_) => "Expand(All)",
        Operator::ExpandCount { .. } => "ExpandCount",
        Operator::VarLengthExpand(expand) if expand.restriction != Restriction::TRAIL => {
            let ends = if expand.into { "Into" } else { "All" };
            return format!("VarLengthExpand({ends}, {})", mode(expand.restriction));
        }
        Operator::VarLengthExpand(expand) if expand.into => "VarLengthExpand(Into)",
        Operator::VarLengthExpand(_) => "VarLengthExpand(All)",
        Operator::Repeat(repeat) => return format!("Repeat({})", mode(repeat.restriction)),
        Operator::StatefulShortestPath(path) => {
            let ends = if path.into { "Into" } else { "All" };
            return format!("StatefulShortestPath({ends}, {})", mode(path.restriction));
        }
        Operator::ShortestPath(path) if path.all => "AllShortestPaths",
        Operator::ShortestPath(_) => "ShortestPath",
        Operator::Filter { .. } => "Filter",
        Operator::Project { .. } => "Projection",
        Operator::Unwind { .. } => "Unwind",
        Operator::Aggregate { .. } => "EagerAggregation",
        Operator::Distinct { .. } => "Distinct",
        Operator::Sort { .. } => "Sort",
        Operator::Top { .. } => "Top",
        Operator::Skip { .. } => "Skip",
        Operator::Limit { exhaust: true, .. } => "ExhaustiveLimit",
        Operator::Limit { .. } => "Limit",
        Operator::Eager { .. } => "Eager",
        Operator::Union { .. } => "Union",
        Operator::CartesianProduct { .. } => "CartesianProduct",
        Operator::HashJoin { .. } => "ValueHashJoin",
        Operator::Apply(apply) => match apply.kind {
            ApplyKind::Inner => "Apply",
            ApplyKind::Optional(_) => "OptionalApply",
            ApplyKind::Semi => "SemiApply",
            ApplyKind::AntiSemi => "AntiSemiApply",
            ApplyKind::Exists(_) => "LetSemiApply",
            ApplyKind::Count(_) => "CountApply",
            ApplyKind::Collect { .. } => "RollUpApply",
            ApplyKind::ForEffect => "SubqueryForeach",
        },
        Operator::Load { clause, .. } => match clause.format {
            LoadFormat::Csv { .. } => "LoadCSV",
            LoadFormat::Json => "LoadJSON",
        },
        Operator::TransactionApply(apply) if apply.columns.is_none() => "TransactionForeach",
        Operator::TransactionApply(_) => "TransactionApply",
        Operator::Create { .. } => "Create",
        Operator::Merge(_) => "Merge",
        Operator::Update { .. } => "SetProperty",
        Operator::Delete { detach: true, .. } => "DetachDelete",
        Operator::Delete { .. } => "Delete",
        Operator::Foreach { .. } => "Foreach",
        Operator::ProcedureCall { .. } => "ProcedureCall",
        Operator::Schema(SchemaCommand::CreateIndex(_)) => "CreateIndex",
        Operator::Schema(SchemaCommand::CreateConstraint(_)) => "CreateConstraint",
        Operator::Schema(SchemaCommand::DropIndex(_)) => "DropIndex",
        Operator::Schema(SchemaCommand::DropConstraint(_)) => "DropConstraint",
        Operator::ProduceResults { .. } => "ProduceResults",
        Operator::EmptyResult { .. } => "EmptyResult",
    };
    name.to_owned()
}

/// Writes with the names of a plan's variables.
#[derive(Clone, Copy)]
pub(super) struct Text<'n> {
    pub(super) names: &'n SlotNames,
}

impl Text<'_> {
    /// What distinguishes an operator from others of its name.
    pub(super) fn details(self, operator: &Operator) -> String {
        match operator {
            Operator::Unit | Operator::Argument | Operator::Eager { .. } => String::new(),
            Operator::Schema(command) => self.schema(command),
            Operator::AllNodesScan { node } => self.name(*node),
            Operator::NodeByLabelScan { node, label } => {
                format!("{}:{label}", self.name(*node))
            }
            Operator::NodeByIdSeek { node, ids } => {
                format!("{} WHERE id = {}", self.name(*node), self.expression(ids))
            }
            Operator::IndexSeek(seek) => self.index_seek(seek),
            Operator::RelationshipTypeScan { relationship, from, to, direction, types } => {
                self.step(*from, *relationship, types, "", *direction, *to)
            }
            Operator::Expand(e) => {
                self.step(e.from, e.relationship, &e.types, "", e.direction, e.to)
            }
            Operator::ExpandCount { from, direction, types, labels, .. } => {
                let (left, right) = arrows(*direction);
                let relationship = bracketed("", types, "");
                let labels: String = labels.iter().map(|label| format!(":{label}")).collect();
                format!("({}){left}{relationship}{right}({labels})", self.name(*from))
            }
            Operator::VarLengthExpand(e) => {
                let length = length(e.min, e.max);
                self.step(e.from, e.relationships, &e.types, &length, e.direction, e.to)
            }
            Operator::Repeat(r) => {
                let max = r.max.map_or("*".to_owned(), |max| max.to_string());
                let (from, to) = (self.visible(r.from), self.visible(r.to));
                format!("({from}) (...){{{}, {max}}} ({to})", r.min)
            }
            Operator::StatefulShortestPath(p) => self.selected(p),
            Operator::ShortestPath(p) => {
                let length = if p.single { String::new() } else { length(p.min, p.max) };
                self.step(p.from, p.relationships, &p.types, &length, p.direction, p.to)
            }
            Operator::Filter { predicate, .. } => self.expression(predicate),
            Operator::Project { items, .. } => self.items(items),
            Operator::Unwind { list, slot, .. } => {
                format!("{} AS {}", self.expression(list), self.name(*slot))
            }
            Operator::Aggregate { keys, aggregates, .. } => {
                let mut parts: Vec<String> = Vec::new();
                if !keys.is_empty() {
                    parts.push(self.items(keys));
                }
                parts.extend(aggregates.iter().map(|(slot, call)| self.aggregate(*slot, call)));
                parts.join(", ")
            }
            Operator::Distinct { slots, .. } => visible_names(slots.iter().copied(), self.names),
            Operator::Union { slots, .. } => visible_names(slots.iter().copied(), self.names),
            Operator::Sort { by, .. } => self.order(by),
            Operator::Top { by, skip, limit, .. } => {
                let skip = skip.iter().map(|skip| format!("{} + ", self.expression(skip)));
                let limit = self.expression(limit);
                format!("{} LIMIT {}{limit}", self.order(by), skip.collect::<String>())
            }
            Operator::Skip { count, .. } | Operator::Limit { count, .. } => self.expression(count),
            Operator::CartesianProduct { .. } => String::new(),
            Operator::HashJoin { keys, .. } => {
                let equal = |(left, right): &(Expression, Expression)| {
                    format!("{} = {}", self.expression(left), self.expression(right))
                };
                keys.iter().map(equal).collect::<Vec<_>>().join(" AND ")
            }
            Operator::Apply(apply) => match &apply.kind {
                ApplyKind::Exists(slot) | ApplyKind::Count(slot) => self.name(*slot),
                ApplyKind::Collect { slot, .. } => self.name(*slot),
                _ => String::new(),
            },
            Operator::Load { clause, .. } => {
                format!("{} AS {}", self.expression(&clause.from), self.name(clause.slot))
            }
            Operator::TransactionApply(apply) => {
                let on_error = match apply.transactions.on_error {
                    OnError::Continue => "CONTINUE",
                    OnError::Break => "BREAK",
                    OnError::Fail => "FAIL",
                };
                let rows = self.expression(&apply.transactions.rows);
                let retry = apply.transactions.retry.as_ref();
                let retry = retry.map_or(String::new(), |seconds| {
                    format!("RETRY FOR {} SECONDS THEN ", self.expression(seconds))
                });
                format!("IN TRANSACTIONS OF {rows} ROWS ON ERROR {retry}{on_error}")
            }
            Operator::Create { pattern, .. } => self.pattern(pattern),
            Operator::Merge(merge) => self.pattern(&merge.create),
            Operator::Update { items, .. } => {
                items.iter().map(|item| self.update(item)).collect::<Vec<_>>().join(", ")
            }
            Operator::Delete { targets, .. } => self.list(targets),
            Operator::Foreach { slot, list, .. } => {
                format!("{} IN {}", self.name(*slot), self.expression(list))
            }
            Operator::ProcedureCall { procedure, arguments, .. } => {
                format!("{}({})", procedure.0.signature().name, self.list(arguments))
            }
            Operator::ProduceResults { columns, .. } => {
                columns.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>().join(", ")
            }
            Operator::EmptyResult { .. } => String::new(),
        }
    }

    fn name(self, slot: Slot) -> String {
        self.names.name(slot).to_owned()
    }

    /// The name of a variable in a pattern: nothing for a hidden one.
    fn visible(self, slot: Slot) -> String {
        if self.names.is_hidden(slot) {
            return String::new();
        }
        self.name(slot)
    }

    fn step(
        self,
        from: Slot,
        relationship: Slot,
        types: &[Arc<str>],
        length: &str,
        direction: Direction,
        to: Slot,
    ) -> String {
        let (left, right) = arrows(direction);
        let between = bracketed(&self.visible(relationship), types, length);
        format!("({}){left}{between}{right}({})", self.visible(from), self.visible(to))
    }

    fn selected(self, path: &StatefulShortestPath) -> String {
        let count = self.expression(&path.count);
        let groups = if path.groups { " GROUPS" } else { "" };
        let mut text = format!("SHORTEST {count}{groups} ({})", self.visible(path.from));
        for (at, step) in path.steps.iter().enumerate() {
            let last = at + 1 == path.steps.len();
            let node = self.visible(if last { path.to } else { step.node });
            match step.times {
                None => text.push_str(&format!("-[{}]-", self.visible(step.relationships))),
                Some((min, max)) => {
                    let max = max.map_or("*".to_owned(), |max| max.to_string());
                    text.push_str(&format!(" (...){{{min}, {max}}} "));
                }
            }
            text.push_str(&format!("({node})"));
        }
        text
    }

    fn items(self, items: &[(Slot, Expression)]) -> String {
        let item = |(slot, expression): &(Slot, Expression)| {
            let text = self.expression(expression);
            let name = self.name(*slot);
            if text == name { text } else { format!("{text} AS {name}") }
        };
        items.iter().map(item).collect::<Vec<_>>().join(", ")
    }

    fn aggregate(self, slot: Slot, call: &AggregateCall) -> String {
        let distinct = if call.distinct { "DISTINCT " } else { "" };
        let arguments =
            if call.arguments.is_empty() { "*".to_owned() } else { self.list(&call.arguments) };
        let text = format!("{}({distinct}{arguments})", call.function.name());
        format!("{text} AS {}", self.name(slot))
    }

    fn order(self, by: &[SortKey]) -> String {
        let key = |key: &SortKey| {
            let direction = if key.descending { "DESC" } else { "ASC" };
            format!("{} {direction}", self.expression(&key.expression))
        };
        by.iter().map(key).collect::<Vec<_>>().join(", ")
    }

    fn pattern(self, pattern: &CreatePattern) -> String {
        let nodes = pattern
            .nodes
            .iter()
            .map(|node| format!("({}{})", self.visible(node.slot), self.new_labels(&node.labels)));
        let relationships = pattern.relationships.iter().map(|r| {
            let (from, to) = (self.visible(r.start), self.visible(r.end));
            let name = match &r.type_name {
                NewType::Name(name) => name.to_string(),
                NewType::Computed(name) => format!("$({})", self.expression(name)),
            };
            format!("({from})-[{}:{name}]->({to})", self.visible(r.slot))
        });
        nodes.chain(relationships).collect::<Vec<_>>().join(", ")
    }

    fn update(self, item: &UpdateItem) -> String {
        let text = |e: &Expression| self.expression(e);
        let key = |e: &Expression| match &e.kind {
            ExpressionKind::Literal(Value::String(key)) => format!(".{key}"),
            _ => format!("[{}]", text(e)),
        };
        let all = |labels: &NewLabels| self.new_labels(labels);
        match item {
            UpdateItem::Property { target, key: k, value } => {
                format!("{}{} = {}", text(target), key(k), text(value))
            }
            UpdateItem::Replace { target, value } => format!("{} = {}", text(target), text(value)),
            UpdateItem::Extend { target, value } => format!("{} += {}", text(target), text(value)),
            UpdateItem::AddLabels { target, labels } => format!("{}{}", text(target), all(labels)),
            UpdateItem::RemoveProperty { target, key: k } => {
                format!("REMOVE {}{}", text(target), key(k))
            }
            UpdateItem::RemoveLabels { target, labels } => {
                format!("REMOVE {}{}", text(target), all(labels))
            }
        }
    }

    fn new_labels(self, labels: &NewLabels) -> String {
        let names = labels.names.iter().map(|name| format!(":{name}"));
        let computed = labels.computed.iter().map(|e| format!(":$({})", self.expression(e)));
        names.chain(computed).collect()
    }

    fn index_seek(self, seek: &IndexSeek) -> String {
        let properties = seek.index.properties.join(", ");
        let on = &seek.index.on;
        let found = match &seek.entity {
            SeekEntity::Node(node) => format!("{}:{on}({properties})", self.name(*node)),
            SeekEntity::Relationship { relationship, from, to, direction } => {
                let (left, right) = arrows(*direction);
                let (from, to) = (self.name(*from), self.name(*to));
                let name = self.name(*relationship);
                format!("({from}){left}[{name}:{on}({properties})]{right}({to})")
            }
        };
        let mut asked = Vec::new();
        for (key, property) in seek.equal.iter().zip(&seek.index.properties) {
            asked.push(match key {
                SeekKey::Equal(value) => format!("{property} = {}", self.expression(value)),
                SeekKey::In(list) => format!("{property} IN {}", self.expression(list)),
            });
        }
        let next = seek.index.properties.get(seek.equal.len()).map_or("", |next| next);
        match &seek.then {
            None => {}
            Some(SeekBound::Range { lower, upper }) => {
                for (sign, bound) in [(">", lower), ("<", upper)] {
                    if let Some((value, inclusive)) = bound {
                        let or_equal = if *inclusive { "=" } else { "" };
                        asked.push(format!("{next} {sign}{or_equal} {}", self.expression(value)));
                    }
                }
            }
            Some(SeekBound::StartsWith(text)) => {
                asked.push(format!("{next} STARTS WITH {}", self.expression(text)));
            }
            Some(SeekBound::EndsWith(text)) => {
                asked.push(format!("{next} ENDS WITH {}", self.expression(text)));
            }
            Some(SeekBound::Contains(text)) => {
                asked.push(format!("{next} CONTAINS {}", self.expression(text)));
            }
        }
        if asked.is_empty() { found } else { format!("{found} WHERE {}", asked.join(" AND ")) }
    }

    fn schema(self, command: &SchemaCommand) -> String {
        let (on, properties) = match command {
            SchemaCommand::CreateIndex(command) => (command.on.as_ref(), &command.properties),
            SchemaCommand::CreateConstraint(command) => (Some(&command.on), &command.properties),
            SchemaCommand::DropIndex(command) | SchemaCommand::DropConstraint(command) => {
                return self.expression(&command.name);
            }
        };
        let of = on.map_or("", |on| &*on.name);
        let name = command.name().map(|name| format!("{} ", self.expression(name)));
        format!("{}:{of}({})", name.unwrap_or_default(), properties.join(", "))
    }

    fn list(self, all: &[Expression]) -> String {
        all.iter().map(|e| self.expression(e)).collect::<Vec<_>>().join(", ")
    }

    /// An expression as Cypher; operators within operators stand in parentheses.
    fn expression(self, expression: &Expression) -> String {
        use ExpressionKind as K;
        let text = |e: &Expression| self.expression(e);
        let name = |slot: &Slot| self.name(*slot);
        match &expression.kind {
            K::Literal(value) => literal(value),
            K::Parameter(name) => format!("${name}"),
            K::Variable(slot) => name(slot),
            K::Property { target, key } => format!("{}.{key}", self.operand(target)),
            K::Index { target, index } => format!("{}[{}]", self.operand(target), text(index)),
            K::Slice { target, from, to } => {
                let bound =
                    |e: &Option<Box<Expression>>| e.as_ref().map_or(String::new(), |e| text(e));
                format!("{}[{}..{}]", self.operand(target), bound(from), bound(to))
            }
            K::HasLabels { target, labels } => {
                format!("{}:{}", self.operand(target), label_text(labels))
            }
            K::HasComputedLabels { target, names, any } => {
                let word = if *any { "$any" } else { "$" };
                format!("{}:{word}({})", self.operand(target), text(names))
            }
            K::Unary { operator, operand } => {
                let inner = self.operand(operand);
                match operator {
                    UnaryOperator::Not => format!("NOT {inner}"),
                    UnaryOperator::Negate => format!("-{inner}"),
                    UnaryOperator::Plus => format!("+{inner}"),
                    UnaryOperator::IsNull => format!("{inner} IS NULL"),
                    UnaryOperator::IsNotNull => format!("{inner} IS NOT NULL"),
                }
            }
            K::Binary { operator, left, right } => {
                let word = operator_text(*operator);
                format!("{} {word} {}", self.operand(left), self.operand(right))
            }
            K::And(all) => self.joined(all, " AND "),
            K::Or(all) => self.joined(all, " OR "),
            K::Function { function, arguments } => {
                format!("{}({})", function.name(), self.list(arguments))
            }
            K::List(all) => format!("[{}]", self.list(all)),
            K::Map(entries) => {
                let entry = |(key, e): &(Arc<str>, Expression)| format!("{key}: {}", text(e));
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
            K::Case { operand, alternatives, otherwise } => {
                let mut parts = vec!["CASE".to_owned()];
                parts.extend(operand.iter().map(|e| text(e)));
                for (when, then) in alternatives {
                    parts.push(format!("WHEN {} THEN {}", text(when), text(then)));
                }
                parts.extend(otherwise.iter().map(|e| format!("ELSE {}", text(e))));
                parts.push("END".to_owned());
                parts.join(" ")
            }
            K::ListComprehension { slot, list, filter, map } => {
                let filter =
                    filter.as_ref().map_or(String::new(), |e| format!(" WHERE {}", text(e)));
                let map = map.as_ref().map_or(String::new(), |e| format!(" | {}", text(e)));
                format!("[{} IN {}{filter}{map}]", name(slot), text(list))
            }
            K::Quantifier { quantifier, slot, list, predicate } => {
                let word = match quantifier {
                    Quantifier::All => "all",
                    Quantifier::Any => "any",
                    Quantifier::None => "none",
                    Quantifier::Single => "single",
                };
                format!("{word}({} IN {} WHERE {})", name(slot), text(list), text(predicate))
            }
            K::Attempt(operand) => text(operand),
            K::IsTyped { operand, of } => format!("{} IS :: {of}", self.operand(operand)),
            K::Reduce { accumulator, initial, slot, list, body, all } => format!(
                "{}({} = {}, {} IN {} | {}{})",
                if all.is_some() { "allReduce" } else { "reduce" },
                name(accumulator),
                text(initial),
                name(slot),
                text(list),
                text(body),
                all.as_ref().map_or(String::new(), |e| format!(", {}", text(e)))
            ),
            K::Path(elements) => {
                let elements = elements.iter().map(|slot| self.name(*slot)).collect::<Vec<_>>();
                format!("path({})", elements.join(", "))
            }
            K::Subquery(_) => "{ … }".to_owned(),
        }
    }

    fn operand(self, expression: &Expression) -> String {
        let text = self.expression(expression);
        let compound = matches!(
            expression.kind,
            ExpressionKind::Unary { .. }
                | ExpressionKind::Binary { .. }
                | ExpressionKind::And(_)
                | ExpressionKind::Or(_)
        );
        if compound { format!("({text})") } else { text }
    }

    fn joined(self, all: &[Expression], between: &str) -> String {
        let each = |e: &Expression| match e.kind {
            ExpressionKind::And(_) | ExpressionKind::Or(_) => self.operand(e),
            _ => self.expression(e),
        };
        all.iter().map(each).collect::<Vec<_>>().join(between)
    }
}

/// What may repeat, by the name of the path mode.
fn mode(restriction: Restriction) -> &'static str {
    match (restriction.nodes, restriction.relationships) {
        (DistinctNodes::Acyclic, _) => "Acyclic",
        (DistinctNodes::Simple, _) => "Simple",
        (DistinctNodes::None, Some(_)) => "Trail",
        (DistinctNodes::None, None) => "Walk",
    }
}

fn arrows(direction: Direction) -> (&'static str, &'static str) {
    match direction {
        Direction::Outgoing => ("-", "->"),
        Direction::Incoming => ("<-", "-"),
        Direction::Both => ("-", "-"),
    }
}

fn bracketed(name: &str, types: &[Arc<str>], length: &str) -> String {
    let types = if types.is_empty() { String::new() } else { format!(":{}", types.join("|")) };
    format!("[{name}{types}{length}]")
}

fn length(min: u64, max: Option<u64>) -> String {
    match max {
        Some(max) if max == min => format!("*{min}"),
        Some(max) => format!("*{min}..{max}"),
        None => format!("*{min}.."),
    }
}

fn operator_text(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Xor => "XOR",
        BinaryOperator::Equal => "=",
        BinaryOperator::NotEqual => "<>",
        BinaryOperator::Less => "<",
        BinaryOperator::LessOrEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterOrEqual => ">=",
        BinaryOperator::Add => "+",
        BinaryOperator::Concatenate => "||",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::Power => "^",
        BinaryOperator::In => "IN",
        BinaryOperator::StartsWith => "STARTS WITH",
        BinaryOperator::EndsWith => "ENDS WITH",
        BinaryOperator::Contains => "CONTAINS",
        BinaryOperator::RegexMatch => "=~",
    }
}

fn label_text(labels: &LabelExpression) -> String {
    let all = |all: &[LabelExpression], between: &str| {
        let text = all.iter().map(label_text).collect::<Vec<_>>().join(between);
        format!("({text})")
    };
    match labels {
        LabelExpression::Label(name) => name.to_string(),
        LabelExpression::Any => "%".to_owned(),
        LabelExpression::And(parts) => all(parts, "&"),
        LabelExpression::Or(parts) => all(parts, "|"),
        LabelExpression::Not(inner) => format!("!{}", label_text(inner)),
    }
}

/// A literal, shortened where it is long.
fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::String(text) => format!("'{}'", text.replace('\'', "\\'")),
        Value::List(values) if values.len() <= 8 => {
            format!("[{}]", values.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        Value::List(values) => format!("[… {} elements]", values.len()),
        Value::Map(entries) => {
            let entry = |(key, value): (&Arc<str>, &Value)| format!("{key}: {}", literal(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        _ => "…".to_owned(),
    }
}
