//! Queries within expressions: pattern predicates, comprehensions, `EXISTS`, `COUNT`, `COLLECT`; and
//! map projections.

use std::sync::Arc;

use crate::bound;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Slot;
use crate::bound::Subquery;
use crate::bound::SubqueryKind;
use crate::bound::UnaryOperator;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;
use crate::value::Value;

use super::pattern::{NewVariables, PatternUse};
use super::query::Place;
use super::{Aggregation, Binder, error};

impl Binder<'_> {
    /// `(a)-->(b)` as a predicate; all its variables must be known.
    pub(super) fn pattern_predicate(
        &mut self,
        pattern: &ast::PathPattern,
        span: Span,
    ) -> Result<Expression> {
        let scope = self.scope.clone();
        let graph = self.nested(scope, Aggregation::Forbidden, |b| {
            b.query_graph(
                std::slice::from_ref(pattern),
                None,
                PatternUse { new_variables: NewVariables::Rejected, mode: None },
            )
        })?;
        Ok(subquery(SubqueryKind::Exists, match_query(graph, None), span, Type::Boolean))
    }

    /// `shortestPath(…)` as a value: the path, or null; all of them are a list.
    pub(super) fn shortest_path_value(
        &mut self,
        pattern: &ast::PathPattern,
        span: Span,
    ) -> Result<Expression> {
        let scope = self.scope.clone();
        let (graph, path) = self.nested(scope, Aggregation::Forbidden, |b| {
            let mut graph =
                b.query_graph(std::slice::from_ref(pattern), None, PatternUse::DECLARING)?;
            let path = b.path_of(&mut graph);
            Ok((graph, path))
        })?;
        let list =
            subquery(SubqueryKind::Collect, match_query(graph, path), span, Type::list(Type::Path));
        if pattern.selector == ast::PathSelector::AllShortestPaths {
            return Ok(list);
        }
        let first = Expression {
            kind: ExpressionKind::Literal(Value::Integer(0)),
            span,
            ty: Type::Integer,
        };
        let kind = ExpressionKind::Index { target: Box::new(list), index: Box::new(first) };
        Ok(Expression { kind, span, ty: Type::Path })
    }

    /// The variable of the only path of a graph; a hidden one where it has no name.
    fn path_of(&mut self, graph: &mut bound::QueryGraph) -> Option<Slot> {
        if let Some(path) = graph.paths.first() {
            return Some(path.slot);
        }
        let relationship = graph.relationships.first()?;
        let elements = vec![relationship.left, relationship.slot, relationship.right];
        let slot = self.hidden("path", Type::Path);
        graph.paths.push(bound::NamedPath { slot, elements });
        Some(slot)
    }

    pub(super) fn pattern_comprehension(
        &mut self,
        pattern: &ast::PathPattern,
        filter: Option<&ast::Expression>,
        result: &ast::Expression,
        span: Span,
    ) -> Result<Expression> {
        let scope = self.scope.clone();
        let (graph, item) = self.nested(scope, Aggregation::Forbidden, |b| {
            let graph =
                b.query_graph(std::slice::from_ref(pattern), filter, PatternUse::DECLARING)?;
            Ok((graph, b.expression(result)?))
        })?;
        let ty = item.ty.clone();
        let slot = self.hidden("item", ty.clone());
        let mut query = match_query(graph, Some(slot));
        if let Some(part) = query.parts.first_mut() {
            part.clauses.push(bound::Clause::Projection(bound::Projection {
                is_return: true,
                distinct: false,
                grouping: None,
                items: vec![(slot, item)],
                columns: query.columns.clone(),
                order_by: Vec::new(),
                skip: None,
                limit: None,
                predicates: Vec::new(),
            }));
        }
        Ok(subquery(SubqueryKind::Collect, query, span, Type::list(ty)))
    }

    /// `EXISTS { }`, `COUNT { }`, `COLLECT { }`.
    pub(super) fn subquery(
        &mut self,
        kind: ast::SubqueryKind,
        query: &ast::Query,
        span: Span,
    ) -> Result<Expression> {
        let (kind, place) = match kind {
            ast::SubqueryKind::Exists => (SubqueryKind::Exists, Place::Condition),
            ast::SubqueryKind::Count => (SubqueryKind::Count, Place::Condition),
            ast::SubqueryKind::Collect => (SubqueryKind::Collect, Place::Collect),
        };
        let around = self.scope.clone();
        let query = self.enclosed(around, |b| b.query(query, place))?;
        if query.updates() {
            return Err(error::composition("a subquery expression cannot write", span)
                .help("EXISTS, COUNT and COLLECT only read; `CALL { … }` may write."));
        }
        let ty = match (kind, query.columns.as_slice()) {
            (SubqueryKind::Exists, _) => Type::Boolean,
            (SubqueryKind::Count, _) => Type::Integer,
            (SubqueryKind::Collect, [column]) => Type::list(self.type_of(column.slot)),
            (SubqueryKind::Collect, _) => {
                return Err(error::composition(
                    "the query of COLLECT must return one column",
                    span,
                ));
            }
        };
        Ok(subquery(kind, query, span, ty))
    }

    /// `n {.a, .*, b, c: 1}`: null where the variable is null.
    pub(super) fn map_projection(
        &mut self,
        variable: &ast::Name,
        items: &[ast::MapProjectionItem],
        span: Span,
    ) -> Result<Expression> {
        let slot = self.resolve(&variable.text, variable.span)?;
        let source = self.variable(slot, variable.span);
        let has_keys = matches!(source.ty, Type::Any | Type::Null | Type::Map)
            || matches!(source.ty, Type::Node | Type::Relationship);
        if !has_keys {
            return Err(error::invalid_type(
                "a map, node or relationship",
                &source.ty,
                variable.span,
            ));
        }
        let mut entries: Vec<(Arc<str>, Expression)> = Vec::new();
        let mut all = false;
        for item in items {
            match item {
                ast::MapProjectionItem::AllProperties => all = true,
                ast::MapProjectionItem::Property(key) => {
                    let name: Arc<str> = key.text.as_str().into();
                    let kind = ExpressionKind::Property {
                        target: Box::new(source.clone()),
                        key: name.clone(),
                    };
                    entries.push((name, Expression { kind, span: key.span, ty: Type::Any }));
                }
                ast::MapProjectionItem::Variable(name) => {
                    let slot = self.resolve(&name.text, name.span)?;
                    entries.push((name.text.as_str().into(), self.variable(slot, name.span)));
                }
                ast::MapProjectionItem::Entry(entry) => {
                    let value = self.expression(&entry.value)?;
                    entries.push((entry.key.text.as_str().into(), value));
                }
            }
        }
        let mut map = Expression { kind: ExpressionKind::Map(entries), span, ty: Type::Map };
        if all {
            map = self.with_all_properties(&source, map)?;
        }
        let is_null =
            ExpressionKind::Unary { operator: UnaryOperator::IsNull, operand: Box::new(source) };
        let null = Expression { kind: ExpressionKind::Literal(Value::Null), span, ty: Type::Null };
        let kind = ExpressionKind::Case {
            operand: None,
            alternatives: vec![(Expression { kind: is_null, span, ty: Type::Boolean }, null)],
            otherwise: Some(Box::new(map)),
        };
        Ok(Expression { kind, span, ty: Type::Map })
    }
}

/// A query that is one MATCH, with one column or none.
fn match_query(graph: bound::QueryGraph, column: Option<Slot>) -> bound::Query {
    let clause = bound::Clause::Match(bound::Match { optional: false, graph });
    let columns: Vec<bound::Column> =
        column.iter().map(|slot| bound::Column { name: "value".into(), slot: *slot }).collect();
    let part = bound::SingleQuery {
        clauses: vec![clause],
        returns: column.is_some(),
        columns: column.into_iter().collect(),
    };
    bound::Query { parts: vec![part], distinct: false, columns }
}

fn subquery(kind: SubqueryKind, query: bound::Query, span: Span, ty: Type) -> Expression {
    let subquery = Subquery { kind, query };
    Expression { kind: ExpressionKind::Subquery(Box::new(subquery)), span, ty }
}
