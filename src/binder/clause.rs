//! Clauses, one after the other: reading ones here, the others in modules of their own.

use crate::bound;
use crate::bound::Clause;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::syntax::ast;
use crate::value::Type;

use super::pattern::PatternUse;
use super::query::Place;
use super::{Aggregation, Binder, error};

impl Binder<'_> {
    /// Resolves a clause and adds what it becomes.
    pub(super) fn clause(&mut self, clause: &ast::Clause, to: &mut Vec<Clause>) -> Result<()> {
        match clause {
            ast::Clause::Match(clause) => {
                let usage = PatternUse { mode: clause.mode, ..PatternUse::DECLARING };
                let graph = self.query_graph(&clause.patterns, clause.where_.as_ref(), usage)?;
                to.push(Clause::Match(bound::Match { optional: clause.optional, graph }));
            }
            ast::Clause::Unwind(clause) => {
                let list = self.expression(&clause.list)?;
                let of = match &list.ty {
                    Type::List(of) => (**of).clone(),
                    _ => Type::Any,
                };
                let slot = self.new_name(&clause.variable, of)?;
                to.push(Clause::Unwind(bound::Unwind { list, slot }));
            }
            ast::Clause::With(clause) => {
                let where_ = clause.where_.as_ref();
                let projection = self.projection(&clause.projection, where_, false, clause.span)?;
                to.push(Clause::Projection(projection));
            }
            ast::Clause::Return(clause) => {
                let projection = self.projection(&clause.projection, None, true, clause.span)?;
                to.push(Clause::Projection(projection));
            }
            ast::Clause::Call(clause) => self.call(clause, to)?,
            ast::Clause::CallSubquery(clause) => {
                let call = self.call_subquery(clause)?;
                to.push(Clause::SubqueryCall(call));
            }
            ast::Clause::Create(_)
            | ast::Clause::Merge(_)
            | ast::Clause::Set(_)
            | ast::Clause::Remove(_)
            | ast::Clause::Delete(_)
            | ast::Clause::Foreach(_) => self.updating_clause(clause, to)?,
            ast::Clause::Let(clause) => {
                for item in &clause.items {
                    let value = self.expression(&item.value)?;
                    let slot = self.new_name(&item.variable, value.ty.clone())?;
                    to.push(self.beside(vec![(slot, value)]));
                }
            }
            ast::Clause::Filter(clause) => {
                to.extend(self.conjuncts(&clause.predicate)?.into_iter().map(Clause::Filter));
            }
            ast::Clause::Page(clause) => {
                let projection = ast::Projection {
                    distinct: false,
                    star: true,
                    items: Vec::new(),
                    group_by: None,
                    order_by: clause.order_by.clone(),
                    skip: clause.skip.clone(),
                    limit: clause.limit.clone(),
                    span: clause.span,
                };
                let projection = self.projection(&projection, None, false, clause.span)?;
                to.push(Clause::Projection(projection));
            }
            ast::Clause::Load(clause) => self.load(clause, to)?,
            ast::Clause::Finish(_) => {}
            ast::Clause::Conditional(clause) => {
                self.conditional(clause, Place::Call, to)?;
            }
            ast::Clause::Schema(command) => {
                to.push(Clause::Schema(self.schema_command(command)?));
            }
            ast::Clause::Show(show) => {
                self.show(show, false, to)?;
            }
        }
        Ok(())
    }

    /// A variable that must not exist yet.
    pub(super) fn new_name(&mut self, name: &ast::Name, ty: Type) -> Result<bound::Slot> {
        if self.scope.get(&name.text).is_some() {
            return Err(error::already_bound(&name.text, name.span));
        }
        Ok(self.declare(&name.text, ty))
    }

    fn call_subquery(&mut self, call: &ast::CallSubquery) -> Result<bound::SubqueryCall> {
        let scope = match &call.scope {
            // The parts look at the outer scope themselves, through `start_scope`.
            ast::SubqueryScope::ImportingWith | ast::SubqueryScope::All => self.scope.clone(),
            ast::SubqueryScope::Variables(names) => {
                let mut scope = super::Scope::default();
                for name in names {
                    scope.declare(&name.text, self.resolve(&name.text, name.span)?);
                }
                scope
            }
        };
        let mut transactions =
            call.transactions.as_ref().map(|t| self.transactions(t)).transpose()?;
        let imports = call.scope == ast::SubqueryScope::ImportingWith;
        let place = if imports { Place::ImportingCall } else { Place::Call };
        let outer = if imports { super::Scope::default() } else { scope.clone() };
        let query = self.nested(scope, Aggregation::Forbidden, |b| {
            b.enclosed(outer, |b| b.query(&call.query, place))
        })?;
        if let Some(item) = call.query.unnamed_column() {
            return Err(Error::syntax(
                Detail::NoExpressionAlias,
                format!("`{}` has no name", item.text),
            )
            .at(item.span)
            .help("An expression that CALL { … } returns needs a name: add `AS name`."));
        }
        for column in &query.columns {
            if self.scope.get(&column.name).is_some() {
                return Err(error::already_bound(&column.name, call.span));
            }
        }
        for column in &query.columns {
            self.scope.declare(&column.name, column.slot);
        }
        let status = call.transactions.as_ref().and_then(|t| t.status.as_ref());
        if let (Some(name), Some(transactions)) = (status, &mut transactions) {
            transactions.status = Some(self.new_name(name, Type::Map)?);
        }
        Ok(bound::SubqueryCall { optional: call.optional, query, transactions })
    }

    /// What a part of a query sees at its beginning: everything around it, but for the old form of CALL,
    /// which sees only what its leading WITH imports.
    pub(super) fn start_scope(
        &self,
        outer: &super::Scope,
        part: &ast::SingleQuery,
        place: Place,
    ) -> super::Scope {
        let imports = match part.clauses.first() {
            Some(ast::Clause::With(with)) => {
                let projection = &with.projection;
                projection
                    .items
                    .iter()
                    .all(|item| item.alias.is_none() && item.expression.as_variable().is_some())
                    && !projection.distinct
                    && projection.order_by.is_empty()
                    && with.where_.is_none()
            }
            _ => false,
        };
        if place == Place::ImportingCall && !imports {
            return super::Scope::default();
        }
        outer.clone()
    }
}
