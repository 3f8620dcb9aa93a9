//! Indexes, constraints and SHOW.

use crate::syntax::ast::Expression;
use crate::syntax::ast::Name;
use crate::syntax::ast::SortItem;
use crate::syntax::ast::ValueType;
use crate::syntax::ast::YieldItem;

node! {
    /// A command that creates or drops an index or a constraint.
    pub struct SchemaCommand {
        /// Which.
        pub kind: SchemaCommandKind,
    }
}

/// What a [`SchemaCommand`] does.
#[derive(Debug, Clone, PartialEq)]
pub enum SchemaCommandKind {
    /// `CREATE INDEX`
    CreateIndex(CreateIndex),
    /// `CREATE CONSTRAINT`
    CreateConstraint(CreateConstraint),
    /// `DROP INDEX`
    DropIndex(DropSchema),
    /// `DROP CONSTRAINT`
    DropConstraint(DropSchema),
}

impl SchemaCommandKind {
    /// The words it begins with, in capitals.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::CreateIndex(_) => "CREATE INDEX",
            Self::CreateConstraint(_) => "CREATE CONSTRAINT",
            Self::DropIndex(_) => "DROP INDEX",
            Self::DropConstraint(_) => "DROP CONSTRAINT",
        }
    }
}

node! {
    /// `CREATE [kind] INDEX [name] [IF NOT EXISTS] FOR entity ON properties [OPTIONS map]`
    pub struct CreateIndex {
        /// The word before INDEX, in capitals, where there is one.
        pub kind: Option<Name>,
        /// Its name.
        pub name: Option<SchemaName>,
        /// Whether one that is there already will do.
        pub if_not_exists: bool,
        /// What it is on.
        pub entity: SchemaEntity,
        /// Of which properties.
        pub on: IndexOn,
        /// How it is made.
        pub options: Option<Expression>,
    }

    /// `CREATE CONSTRAINT [name] [IF NOT EXISTS] FOR entity REQUIRE properties IS demand [OPTIONS map]`
    pub struct CreateConstraint {
        /// Its name.
        pub name: Option<SchemaName>,
        /// Whether one that is there already will do.
        pub if_not_exists: bool,
        /// What it is on.
        pub entity: SchemaEntity,
        /// Of which properties; never empty.
        pub properties: Vec<SchemaProperty>,
        /// What it demands.
        pub demand: Demand,
        /// How its index is made.
        pub options: Option<Expression>,
    }

    /// `DROP INDEX name [IF EXISTS]`, and the same of a constraint
    pub struct DropSchema {
        /// Its name.
        pub name: SchemaName,
        /// Whether it need not be there.
        pub if_exists: bool,
    }

    /// `(n:Label)` or `()-[r:TYPE]-()`
    pub struct SchemaEntity {
        /// The variable.
        pub variable: Name,
        /// Whether it is a relationship.
        pub relationship: bool,
        /// The labels or types. Only some kinds of indexes take none or several.
        pub names: Vec<Name>,
    }

    /// `n.name`
    pub struct SchemaProperty {
        /// The variable, which is that of the entity.
        pub variable: Name,
        /// The property.
        pub key: Name,
    }
}

/// The name of an index or a constraint.
#[derive(Debug, Clone, PartialEq)]
pub enum SchemaName {
    /// Itself.
    Name(Name),
    /// The parameter that holds it.
    Parameter(Name),
}

/// What an index is on.
#[derive(Debug, Clone, PartialEq)]
pub enum IndexOn {
    /// `(n.a, n.b)`
    Properties(Vec<SchemaProperty>),
    /// `EACH [n.a, n.b]`
    EachProperty(Vec<SchemaProperty>),
    /// `EACH labels(n)` or `EACH type(r)`
    EachToken {
        /// `labels` or `type`, as written.
        function: Name,
        /// Its argument.
        variable: Name,
    },
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand {
    /// `IS UNIQUE`
    Unique,
    /// `IS KEY`
    Key,
    /// `IS NOT NULL`
    Exists,
    /// `IS :: type | type`
    Type(ValueType),
}

node! {
    /// `SHOW [words] what [EXECUTABLE] [YIELD … | WHERE …]`
    pub struct Show {
        /// The words before what is shown, in capitals.
        pub filter: Vec<Name>,
        /// What is shown.
        pub what: Shown,
        /// Whether EXECUTABLE follows.
        pub executable: bool,
        /// What is taken of it.
        pub yield_: Option<ShowYield>,
        /// The predicate, where there is no YIELD.
        pub where_: Option<Expression>,
    }

    /// `YIELD * | column [AS variable], … [ORDER BY …] [SKIP …] [LIMIT …] [WHERE …]`
    pub struct ShowYield {
        /// Whether `*` was written; then there are no items.
        pub star: bool,
        /// The columns taken.
        pub items: Vec<YieldItem>,
        /// `ORDER BY`
        pub order_by: Vec<SortItem>,
        /// `SKIP`
        pub skip: Option<Expression>,
        /// `LIMIT`
        pub limit: Option<Expression>,
        /// `WHERE`
        pub where_: Option<Expression>,
    }
}

/// What SHOW shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// `INDEXES`
    Indexes,
    /// `CONSTRAINTS`
    Constraints,
    /// `FUNCTIONS`
    Functions,
    /// `PROCEDURES`
    Procedures,
}

impl Shown {
    /// The word, in capitals.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Indexes => "INDEXES",
            Self::Constraints => "CONSTRAINTS",
            Self::Functions => "FUNCTIONS",
            Self::Procedures => "PROCEDURES",
        }
    }
}
