//! Queries out of queries: NEXT, and WHEN … THEN … ELSE.

use std::sync::Arc;

use crate::bound;
use crate::bound::AggregateCall;
use crate::bound::BinaryOperator;
use crate::bound::Clause;
use crate::bound::Column;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Grouping;
use crate::bound::Slot;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;
use crate::value::Value;

use super::operator::joined;
use super::query::Place;
use super::{Aggregation, Binder, Scope, error};

/// Variables by their names.
type Variables = Vec<(Arc<str>, Slot)>;

impl Binder<'_> {
    /// `query NEXT query …`: each goes on with the rows of the one before it, all of them together.
    pub(super) fn sequence(&mut self, query: &ast::Query, place: Place) -> Result<bound::Query> {
        let imports = query.unions.is_empty();
        let start = if imports {
            self.start_scope(&self.scope, &query.first, place)
        } else {
            self.scope.clone()
        };
        self.nested(start, Aggregation::Forbidden, |b| {
            let mut clauses = Vec::new();
            let mut columns = Vec::new();
            let mut returns = false;
            let last = query.next.len();
            for (at, segment) in query.segments().enumerate() {
                let place = match place {
                    Place::Statement => Place::Call,
                    Place::ImportingCall if at > 0 || imports => Place::Call,
                    other => other,
                };
                (columns, returns) = b.segment(segment, place, at > 0, &mut clauses)?;
                if at < last && !returns {
                    return Err(error::composition(
                        "a query before NEXT must end with RETURN",
                        segment.span,
                    )
                    .help("NEXT goes on with what RETURN gives."));
                }
                b.scope = b.scope_of(&columns);
            }
            let slots = columns.iter().map(|column| column.slot).collect();
            let part = bound::SingleQuery { clauses, returns, columns: slots };
            Ok(bound::Query { parts: vec![part], distinct: false, columns })
        })
    }

    /// A query between two NEXT; `follows` says that there are rows from another before it.
    fn segment(
        &mut self,
        segment: &ast::Query,
        place: Place,
        follows: bool,
        to: &mut Vec<Clause>,
    ) -> Result<(Vec<Column>, bool)> {
        if segment.unions.is_empty() {
            let (part, columns) = self.single_query(&segment.first, place)?;
            to.extend(part.clauses);
            return Ok((columns, part.returns));
        }
        let query = if follows {
            let (rows, variables) = self.collected(to, segment.span)?;
            let mut parts = Vec::new();
            for part in segment.parts() {
                let scope = self.outer.clone();
                let bound = self.nested(scope, Aggregation::Forbidden, |b| {
                    let mut clauses = b.unpacked(rows, &variables, segment.span);
                    let (mut bound, columns) = b.single_query(part, place)?;
                    clauses.append(&mut bound.clauses);
                    bound.clauses = clauses;
                    Ok((bound, columns))
                })?;
                parts.push((bound, part.span));
            }
            self.unite(segment, parts)?
        } else {
            let scope = self.scope.clone();
            let parts = self.parts(segment, &scope, place)?;
            self.unite(segment, parts)?
        };
        let returns = query.parts.iter().any(|part| part.returns);
        let columns = query.columns.clone();
        to.push(Clause::SubqueryCall(bound::SubqueryCall {
            optional: false,
            query,
            transactions: None,
        }));
        Ok((columns, returns))
    }

    /// The rows so far as one list of maps: every part of a UNION begins with all of them.
    fn collected(&mut self, to: &mut Vec<Clause>, span: Span) -> Result<(Slot, Variables)> {
        let Some(function) = self.registry.aggregate("collect") else {
            return Err(Error::internal("there is no aggregate `collect`").at(span));
        };
        let mut variables = self.scope.sorted();
        variables.retain(|(_, slot)| !self.outer.sees(*slot));
        let entry = |(name, slot): &(Arc<str>, Slot)| (name.clone(), self.variable(*slot, span));
        let map = ExpressionKind::Map(variables.iter().map(entry).collect());
        let arguments = vec![Expression { kind: map, span, ty: Type::Map }];
        let call = AggregateCall { function, arguments, distinct: false, span };
        let rows = self.hidden("rows", Type::list(Type::Map));
        let grouping = Grouping { keys: Vec::new(), aggregates: vec![(rows, call)] };
        let columns = vec![Column { name: "rows".into(), slot: rows }];
        to.push(Clause::Projection(bound::Projection {
            grouping: Some(grouping),
            ..passing_on(columns, Vec::new())
        }));
        Ok((rows, variables))
    }

    /// The rows of such a list again, with new variables of the same names.
    fn unpacked(&mut self, rows: Slot, variables: &Variables, span: Span) -> Vec<Clause> {
        let list = self.variable(rows, span);
        let row = self.hidden("row", Type::Map);
        let mut items = Vec::with_capacity(variables.len());
        let mut columns = Vec::with_capacity(variables.len());
        for (name, known) in variables {
            let ty = self.type_of(*known);
            let slot = self.declare(name, ty.clone());
            let target = Box::new(self.variable(row, span));
            let kind = ExpressionKind::Property { target, key: name.clone() };
            items.push((slot, Expression { kind, span, ty }));
            columns.push(Column { name: name.clone(), slot });
        }
        let unwind = bound::Unwind { list, slot: row };
        vec![Clause::Unwind(unwind), Clause::Projection(passing_on(columns, items))]
    }

    /// `WHEN predicate THEN query … ELSE query`: for each row the first branch whose predicate is true.
    pub(super) fn conditional(
        &mut self,
        clause: &ast::Conditional,
        place: Place,
        to: &mut Vec<Clause>,
    ) -> Result<(Vec<Column>, bool)> {
        let span = clause.span;
        let number = |at: usize| Expression {
            kind: ExpressionKind::Literal(Value::Integer(at as i64)),
            span,
            ty: Type::Integer,
        };
        let mut alternatives = Vec::with_capacity(clause.branches.len());
        for (at, branch) in clause.branches.iter().enumerate() {
            alternatives.push((self.predicate(&branch.predicate)?, number(at)));
        }
        let otherwise = Some(Box::new(number(clause.branches.len())));
        let kind = ExpressionKind::Case { operand: None, alternatives, otherwise };
        let taken = self.hidden("branch", Type::Integer);
        to.push(self.beside(vec![(taken, Expression { kind, span, ty: Type::Integer })]));
        let place = match place {
            Place::Statement | Place::ImportingCall => Place::Call,
            other => other,
        };
        let mut parts = Vec::new();
        for (at, branch) in clause.queries().enumerate() {
            let scope = self.scope.clone();
            let query = self.nested(scope, Aggregation::Forbidden, |b| b.query(branch, place))?;
            let columns = query.columns.clone();
            let returns = query.parts.iter().any(|part| part.returns);
            let taken = self.variable(taken, span);
            let guard = joined(BinaryOperator::Equal, taken, number(at), span, Type::Boolean);
            let call = bound::SubqueryCall { optional: false, query, transactions: None };
            let part = bound::SingleQuery {
                clauses: vec![Clause::Filter(guard), Clause::SubqueryCall(call)],
                returns,
                columns: columns.iter().map(|column| column.slot).collect(),
            };
            parts.push(((part, columns), branch.span));
        }
        let query = self.joined_parts("branches of WHEN", parts, false)?;
        let returns = query.parts.iter().any(|part| part.returns);
        let columns = query.columns.clone();
        to.push(Clause::SubqueryCall(bound::SubqueryCall {
            optional: false,
            query,
            transactions: None,
        }));
        Ok((columns, returns))
    }

    /// New variables beside all there are.
    pub(super) fn beside(&self, items: Vec<(Slot, Expression)>) -> Clause {
        let known = self.scope.sorted().into_iter().map(|(name, slot)| Column { name, slot });
        let new = items
            .iter()
            .map(|(slot, _)| Column { name: self.slots.name(*slot).into(), slot: *slot });
        let mut columns: Vec<Column> = known.collect();
        columns.extend(new.filter(|new| !self.scope.sees(new.slot)));
        Clause::Projection(passing_on(columns, items))
    }

    /// What is visible after a projection.
    pub(super) fn scope_of(&self, columns: &[Column]) -> Scope {
        let mut scope = self.outer.clone();
        for column in columns {
            scope.declare(&column.name, column.slot);
        }
        scope
    }
}

/// A projection that does nothing but compute.
fn passing_on(columns: Vec<Column>, items: Vec<(Slot, Expression)>) -> bound::Projection {
    bound::Projection {
        is_return: false,
        distinct: false,
        grouping: None,
        items,
        columns,
        order_by: Vec::new(),
        skip: None,
        limit: None,
        predicates: Vec::new(),
    }
}
