//! The binder: from AST to bound query.
//!
//! Owns scopes, types, the rules of aggregation and every error that is known before anything runs. It
//! may not know of plans or of what a graph contains.

mod aggregation;
mod call;
mod case;
mod clause;
mod composition;
mod error;
mod expression;
mod function;
mod label;
mod load;
mod operator;
mod path;
mod pattern;
mod projection;
mod query;
mod schema;
mod scope;
mod subquery;
mod updating;
mod value_type;

use std::sync::Arc;

use crate::bound;
use crate::bound::AggregateCall;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Slot;
use crate::bound::SlotNames;
use crate::error::Result;
use crate::error::Span;
use crate::function::Registry;
use crate::syntax::ast;
use crate::value::Type;

use scope::Scope;

/// Resolves a statement.
///
/// `given` holds the names of the parameters, where they are known: a procedure that is called without
/// arguments takes them from there, and one that is missing is an error.
///
/// # Errors
/// Every error that does not depend on data: see the compile-time words of
/// [`Detail`](crate::error::Detail).
pub fn bind(
    statement: &ast::Statement,
    registry: &Registry,
    given: Option<&[&str]>,
) -> Result<bound::Statement> {
    let mut binder = Binder::new(registry, given);
    let query = binder.query(&statement.query, query::Place::Statement)?;
    let updates = query.updates();
    Ok(bound::Statement {
        query,
        slots: binder.slots,
        parameters: binder.parameters,
        parameter_spans: binder.parameter_spans,
        updates,
        commits: binder.commits,
    })
}

/// The state of binding one statement.
struct Binder<'a> {
    registry: &'a Registry,
    given: Option<&'a [&'a str]>,
    /// The names of all variables so far.
    slots: SlotNames,
    /// What is known of their types, by slot.
    types: Vec<Type>,
    /// The parameters mentioned so far.
    parameters: Vec<Arc<str>>,
    /// Where each is mentioned first.
    parameter_spans: Vec<Span>,
    /// What is visible at this point of the text.
    scope: Scope,
    /// What of it comes from around the subquery at hand: no projection within hides it, and none may
    /// give its name to something else.
    outer: Scope,
    /// What an aggregate means at this point of the text.
    aggregation: Aggregation,
    /// What CASE tests, at this point of the text.
    case_subject: Option<Expression>,
    /// The file and line of the LOAD CSV or LOAD JSON whose rows these are.
    loading: Option<(Slot, Slot)>,
    /// Whether the query at hand is the whole statement, with nothing around it or beside it.
    whole: bool,
    /// Whether the statement commits on its way.
    commits: bool,
}

/// What an aggregate means at some point of the text.
#[derive(Debug, Clone, Default)]
enum Aggregation {
    /// None may stand here.
    #[default]
    Forbidden,
    /// They are collected, and a variable takes their place.
    Collected(Vec<(Slot, AggregateCall)>),
    /// This is the inside of one.
    Inside,
}

impl<'a> Binder<'a> {
    fn new(registry: &'a Registry, given: Option<&'a [&'a str]>) -> Self {
        Self {
            registry,
            given,
            slots: SlotNames::default(),
            types: Vec::new(),
            parameters: Vec::new(),
            parameter_spans: Vec::new(),
            scope: Scope::default(),
            outer: Scope::default(),
            aggregation: Aggregation::Forbidden,
            case_subject: None,
            loading: None,
            whole: false,
            commits: false,
        }
    }

    /// A new variable of the query, visible from here on.
    fn declare(&mut self, name: &str, ty: Type) -> Slot {
        let slot = self.slots.add(name);
        self.types.push(ty);
        self.scope.declare(name, slot);
        slot
    }

    /// A new variable without a name in the query.
    fn hidden(&mut self, purpose: &str, ty: Type) -> Slot {
        let slot = self.slots.add_hidden(purpose);
        self.types.push(ty);
        slot
    }

    fn type_of(&self, slot: Slot) -> Type {
        self.types.get(slot.0 as usize).cloned().unwrap_or_default()
    }

    fn set_type(&mut self, slot: Slot, ty: Type) {
        if let Some(known) = self.types.get_mut(slot.0 as usize) {
            *known = ty;
        }
    }

    /// The variable as an expression.
    fn variable(&self, slot: Slot, span: Span) -> Expression {
        Expression { kind: ExpressionKind::Variable(slot), span, ty: self.type_of(slot) }
    }

    /// The variable of this name, or the error that there is none.
    fn resolve(&self, name: &str, span: Span) -> Result<Slot> {
        self.scope.get(name).ok_or_else(|| error::undefined_variable(name, &self.scope, span))
    }

    /// Notes that a parameter is used.
    fn parameter(&mut self, name: &str, span: Span) -> Arc<str> {
        if let Some(known) = self.parameters.iter().find(|known| &***known == name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.parameters.push(name.clone());
        self.parameter_spans.push(span);
        name
    }

    /// Runs something in a scope of its own, with its own rule for aggregates, and restores both.
    fn nested<T>(
        &mut self,
        scope: Scope,
        aggregation: Aggregation,
        run: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let outer_scope = std::mem::replace(&mut self.scope, scope);
        let outer_aggregation = std::mem::replace(&mut self.aggregation, aggregation);
        let loading = self.loading;
        let result = run(self);
        self.loading = loading;
        self.scope = outer_scope;
        self.aggregation = outer_aggregation;
        result
    }

    /// Runs something within a subquery that sees these variables throughout.
    fn enclosed<T>(&mut self, outer: Scope, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let around = std::mem::replace(&mut self.outer, outer);
        let result = run(self);
        self.outer = around;
        result
    }

    /// A new slot for which the query has a name that is not visible by itself.
    fn named(&mut self, name: &str, ty: Type) -> Slot {
        let slot = self.slots.add(name);
        self.types.push(ty);
        slot
    }
}
