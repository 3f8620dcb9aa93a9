//! Statements and queries.

use crate::syntax::ast::Clause;
use crate::syntax::ast::ProjectionItem;

node! {
    /// One statement: a query, and whether to run it.
    pub struct Statement {
        /// Whether the query is run, explained or profiled.
        pub mode: Mode,
        /// The query itself.
        pub query: Query,
    }
}

/// What is done with a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It is run.
    #[default]
    Run,
    /// `EXPLAIN`: its plan is shown, and it is not run.
    Explain,
    /// `PROFILE`: it is run, and its plan is shown with rows per operator.
    Profile,
}

node! {
    /// One or more single queries, joined by `UNION`, and the queries that go on with their rows.
    pub struct Query {
        /// The first single query.
        pub first: SingleQuery,
        /// The others, in order.
        pub unions: Vec<Union>,
        /// The queries after each `NEXT`, in order; these have no `NEXT` of their own.
        pub next: Vec<Query>,
    }

    /// `UNION [DISTINCT|ALL]` and the single query after it. The span covers both.
    pub struct Union {
        /// Whether duplicates are kept.
        pub all: bool,
        /// The query after the keyword.
        pub query: SingleQuery,
    }

    /// Clauses in their order. The parser accepts any order; which orders make sense is the binder's to say.
    pub struct SingleQuery {
        /// The clauses; never empty.
        pub clauses: Vec<Clause>,
    }
}

impl Query {
    /// All single queries, in order.
    pub fn parts(&self) -> impl Iterator<Item = &SingleQuery> {
        std::iter::once(&self.first).chain(self.unions.iter().map(|union| &union.query))
    }

    /// It, and the queries after each `NEXT`.
    pub fn segments(&self) -> impl Iterator<Item = &Query> {
        std::iter::once(self).chain(&self.next)
    }

    /// The first of its columns that has no name: an expression in the last RETURN, whichever way it takes.
    pub fn unnamed_column(&self) -> Option<&ProjectionItem> {
        let last = self.next.last().unwrap_or(self);
        last.parts().find_map(|part| match part.clauses.last() {
            Some(Clause::Return(clause)) => clause
                .projection
                .items
                .iter()
                .find(|item| item.alias.is_none() && item.expression.as_variable().is_none()),
            Some(Clause::Conditional(clause)) => clause.queries().find_map(Query::unnamed_column),
            _ => None,
        })
    }

    /// Whether it ends in RETURN, whichever way it takes.
    pub fn ends_in_return(&self) -> bool {
        let last = self.next.last().unwrap_or(self);
        last.parts().all(|part| match part.clauses.last() {
            Some(Clause::Return(_)) => true,
            Some(Clause::Conditional(clause)) => clause.queries().all(Query::ends_in_return),
            _ => false,
        })
    }
}
