//! The names of the graph that a query asks for: what it finds nothing by where no one has them.

use std::sync::Arc;

use crate::error::Span;
use crate::value::Type;

use super::{
    Clause, Expression, ExpressionKind, LabelExpression, PatternRelationship, Query, QueryGraph,
    Statement, Transactions, UpdateItem,
};

/// What a name is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A label of nodes.
    Label,
    /// A type of relationships.
    RelationshipType,
    /// A property key.
    PropertyKey,
}

/// A name that a query mentions where it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What it is.
    pub kind: NameKind,
    /// The name.
    pub name: Arc<str>,
    /// Where it stands, as far as that is known.
    pub span: Option<Span>,
}

impl Statement {
    /// The labels, types and keys that it asks for, each once, in the order of their first mention.
    pub fn mentions(&self) -> Vec<Mention> {
        let mut found = Vec::new();
        of_query(&self.query, &mut found);
        found
    }
}

fn add(found: &mut Vec<Mention>, kind: NameKind, name: &Arc<str>, span: Option<Span>) {
    if !found.iter().any(|known| known.kind == kind && known.name == *name) {
        found.push(Mention { kind, name: name.clone(), span });
    }
}

fn of_query(query: &Query, found: &mut Vec<Mention>) {
    for clause in query.parts.iter().flat_map(|part| &part.clauses) {
        of_clause(clause, found);
    }
}

fn of_clause(clause: &Clause, found: &mut Vec<Mention>) {
    let mut expressions: Vec<&Expression> = Vec::new();
    match clause {
        Clause::Match(clause) => of_graph(&clause.graph, found),
        Clause::Unwind(clause) => expressions.push(&clause.list),
        Clause::Projection(clause) => {
            if let Some(grouping) = &clause.grouping {
                expressions.extend(grouping.keys.iter().map(|(_, e)| e));
                expressions.extend(grouping.aggregates.iter().flat_map(|(_, c)| &c.arguments));
            }
            expressions.extend(clause.items.iter().map(|(_, e)| e));
            expressions.extend(clause.order_by.iter().map(|key| &key.expression));
            expressions.extend(&clause.predicates);
            expressions.extend(clause.skip.iter().chain(&clause.limit));
        }
        Clause::Create(pattern) => expressions.extend(pattern.expressions()),
        Clause::Merge(clause) => {
            of_graph(&clause.graph, found);
            let items = clause.on_create.iter().chain(&clause.on_match);
            expressions.extend(items.flat_map(UpdateItem::expressions));
        }
        Clause::Update(items) => {
            // The key that is set is no expression that reads it, and need not be there before.
            expressions.extend(items.iter().flat_map(UpdateItem::expressions));
        }
        Clause::Delete(clause) => expressions.extend(&clause.targets),
        Clause::ProcedureCall(clause) => expressions.extend(&clause.arguments),
        Clause::SubqueryCall(clause) => {
            of_query(&clause.query, found);
            expressions.extend(clause.transactions.iter().flat_map(Transactions::expressions));
        }
        Clause::Foreach(clause) => {
            expressions.push(&clause.list);
            clause.clauses.iter().for_each(|inner| of_clause(inner, found));
        }
        Clause::Load(clause) => expressions.push(&clause.from),
        Clause::Filter(predicate) => expressions.push(predicate),
        // What an index is on may come later.
        Clause::Schema(_) | Clause::Paths(_) => {}
    }
    expressions.into_iter().for_each(|e| of_expression(e, found));
}

fn of_graph(graph: &QueryGraph, found: &mut Vec<Mention>) {
    for predicate in &graph.predicates {
        of_expression(predicate, found);
    }
    graph.relationships.iter().for_each(|relationship| of_relationship(relationship, found));
    for path in &graph.selected {
        path.steps.iter().for_each(|step| of_relationship(step, found));
        path.predicates.iter().for_each(|predicate| of_expression(predicate, found));
    }
}

fn of_relationship(relationship: &PatternRelationship, found: &mut Vec<Mention>) {
    for name in &relationship.types {
        add(found, NameKind::RelationshipType, name, None);
    }
    if let Some((_, filter)) = &relationship.filter {
        of_expression(filter, found);
    }
    if let Some(repeated) = &relationship.repeated {
        repeated.relationships.iter().for_each(|inner| of_relationship(inner, found));
        repeated.predicates.iter().for_each(|predicate| of_expression(predicate, found));
    }
}

fn of_expression(expression: &Expression, found: &mut Vec<Mention>) {
    match &expression.kind {
        ExpressionKind::Property { target, key }
            if matches!(target.ty, Type::Node | Type::Relationship) =>
        {
            add(found, NameKind::PropertyKey, key, Some(expression.span));
        }
        ExpressionKind::HasLabels { target, labels } => {
            let kind = match target.ty {
                Type::Node => Some(NameKind::Label),
                Type::Relationship => Some(NameKind::RelationshipType),
                _ => None,
            };
            if let Some(kind) = kind {
                of_labels(labels, kind, expression.span, found);
            }
        }
        ExpressionKind::Subquery(subquery) => of_query(&subquery.query, found),
        _ => {}
    }
    for child in expression.children() {
        of_expression(child, found);
    }
}

fn of_labels(labels: &LabelExpression, kind: NameKind, span: Span, found: &mut Vec<Mention>) {
    match labels {
        LabelExpression::Label(name) => add(found, kind, name, Some(span)),
        LabelExpression::And(parts) | LabelExpression::Or(parts) => {
            parts.iter().for_each(|part| of_labels(part, kind, span, found));
        }
        // What must not be there may well be nowhere.
        LabelExpression::Not(_) | LabelExpression::Any => {}
    }
}
