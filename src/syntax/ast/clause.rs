//! Clauses and their parts.

use crate::error::Span;
use crate::syntax::ast::Expression;
use crate::syntax::ast::LabelExpression;
use crate::syntax::ast::MatchMode;
use crate::syntax::ast::Name;
use crate::syntax::ast::PathPattern;
use crate::syntax::ast::QualifiedName;
use crate::syntax::ast::Query;
use crate::syntax::ast::SchemaCommand;
use crate::syntax::ast::Show;

/// One clause of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// `[OPTIONAL] MATCH`
    Match(Match),
    /// `UNWIND list AS variable`
    Unwind(Unwind),
    /// `WITH`
    With(With),
    /// `RETURN`
    Return(Return),
    /// `CREATE`
    Create(Create),
    /// `MERGE`
    Merge(Merge),
    /// `SET`
    Set(Set),
    /// `REMOVE`
    Remove(Remove),
    /// `[DETACH] DELETE`
    Delete(Delete),
    /// `CALL procedure`, within a query or alone
    Call(Call),
    /// `CALL { … }`
    CallSubquery(CallSubquery),
    /// `FOREACH`
    Foreach(Foreach),
    /// `LET`
    Let(Let),
    /// `FILTER`
    Filter(Filter),
    /// `ORDER BY`, `OFFSET` and `LIMIT` that belong to no projection
    Page(Page),
    /// `LOAD CSV` and `LOAD JSON`
    Load(Load),
    /// `FINISH`
    Finish(Finish),
    /// `WHEN … THEN … ELSE …`: the only clause of its query.
    Conditional(Conditional),
    /// `CREATE INDEX` and the like, which stands alone
    Schema(SchemaCommand),
    /// `SHOW INDEXES` and the like
    Show(Show),
}

impl Clause {
    /// Where it stands in the text.
    pub fn span(&self) -> Span {
        match self {
            Clause::Match(clause) => clause.span,
            Clause::Unwind(clause) => clause.span,
            Clause::With(clause) => clause.span,
            Clause::Return(clause) => clause.span,
            Clause::Create(clause) => clause.span,
            Clause::Merge(clause) => clause.span,
            Clause::Set(clause) => clause.span,
            Clause::Remove(clause) => clause.span,
            Clause::Delete(clause) => clause.span,
            Clause::Call(clause) => clause.span,
            Clause::CallSubquery(clause) => clause.span,
            Clause::Foreach(clause) => clause.span,
            Clause::Let(clause) => clause.span,
            Clause::Filter(clause) => clause.span,
            Clause::Page(clause) => clause.span,
            Clause::Load(clause) => clause.span,
            Clause::Finish(clause) => clause.span,
            Clause::Conditional(clause) => clause.span,
            Clause::Schema(clause) => clause.span,
            Clause::Show(clause) => clause.span,
        }
    }

    /// Whether the clause itself changes the graph. A subquery that does is not looked into.
    pub fn is_updating(&self) -> bool {
        matches!(
            self,
            Clause::Create(_)
                | Clause::Merge(_)
                | Clause::Set(_)
                | Clause::Remove(_)
                | Clause::Delete(_)
                | Clause::Foreach(_)
                | Clause::Schema(_)
        )
    }

    /// The keyword it is known by, in capitals.
    pub fn keyword(&self) -> &'static str {
        match self {
            Clause::Match(clause) if clause.optional => "OPTIONAL MATCH",
            Clause::Match(_) => "MATCH",
            Clause::Unwind(_) => "UNWIND",
            Clause::With(_) => "WITH",
            Clause::Return(_) => "RETURN",
            Clause::Create(_) => "CREATE",
            Clause::Merge(_) => "MERGE",
            Clause::Set(_) => "SET",
            Clause::Remove(_) => "REMOVE",
            Clause::Delete(clause) if clause.detach => "DETACH DELETE",
            Clause::Delete(_) => "DELETE",
            Clause::Call(_) | Clause::CallSubquery(_) => "CALL",
            Clause::Foreach(_) => "FOREACH",
            Clause::Let(_) => "LET",
            Clause::Filter(_) => "FILTER",
            Clause::Page(clause) if !clause.order_by.is_empty() => "ORDER BY",
            Clause::Page(clause) if clause.skip.is_some() => "OFFSET",
            Clause::Page(_) => "LIMIT",
            Clause::Load(clause) => clause.format.keyword(),
            Clause::Finish(_) => "FINISH",
            Clause::Conditional(_) => "WHEN",
            Clause::Schema(clause) => clause.kind.keyword(),
            Clause::Show(_) => "SHOW",
        }
    }
}

node! {
    /// `[OPTIONAL] MATCH pattern, … [WHERE predicate]`
    pub struct Match {
        /// Whether a row without a match is kept.
        pub optional: bool,
        /// What may repeat; none: DIFFERENT RELATIONSHIPS.
        pub mode: Option<MatchMode>,
        /// The path patterns between the commas; never empty.
        pub patterns: Vec<PathPattern>,
        /// The predicate.
        pub where_: Option<Expression>,
    }

    /// `UNWIND list AS variable`
    pub struct Unwind {
        /// What is unwound.
        pub list: Expression,
        /// The variable that gets each element.
        pub variable: Name,
    }

    /// `WITH projection [WHERE predicate]`
    pub struct With {
        /// What goes on to the next clause.
        pub projection: Projection,
        /// The predicate, over what is projected.
        pub where_: Option<Expression>,
    }

    /// `RETURN projection`
    pub struct Return {
        /// The columns of the result.
        pub projection: Projection,
    }

    /// What stands after `WITH` or `RETURN`.
    pub struct Projection {
        /// Whether `DISTINCT` was written.
        pub distinct: bool,
        /// Whether the items begin with `*`.
        pub star: bool,
        /// The items, without the `*`.
        pub items: Vec<ProjectionItem>,
        /// What is grouped by; none without `GROUP BY`, empty for `GROUP BY ()`.
        pub group_by: Option<Vec<Expression>>,
        /// The sort keys; empty without `ORDER BY`.
        pub order_by: Vec<SortItem>,
        /// `SKIP`, also written `OFFSET`
        pub skip: Option<Expression>,
        /// `LIMIT`
        pub limit: Option<Expression>,
    }

    /// One key of `ORDER BY`.
    pub struct SortItem {
        /// What is sorted by.
        pub expression: Expression,
        /// Whether `DESC` was written.
        pub descending: bool,
    }
}

/// One item of a projection: `expression [AS alias]`.
#[derive(Debug, Clone)]
pub struct ProjectionItem {
    /// What is projected.
    pub expression: Expression,
    /// The name after `AS`.
    pub alias: Option<Name>,
    /// The expression exactly as it was written: the column's name when there is no alias. Takes no part
    /// in `==`.
    pub text: String,
    /// Where it stands in the text.
    pub span: Span,
}

impl PartialEq for ProjectionItem {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression && self.alias == other.alias
    }
}

impl ProjectionItem {
    /// The column's name: the alias, else the text as written, a lone variable without its backticks.
    pub fn column(&self) -> &str {
        match (&self.alias, self.expression.as_variable()) {
            (Some(alias), _) => &alias.text,
            (None, Some(variable)) => variable,
            (None, None) => &self.text,
        }
    }
}

node! {
    /// `CREATE pattern, …`
    pub struct Create {
        /// The path patterns between the commas; never empty.
        pub patterns: Vec<PathPattern>,
    }

    /// `MERGE pattern [ON CREATE SET …] [ON MATCH SET …]`
    pub struct Merge {
        /// The one path pattern.
        pub pattern: PathPattern,
        /// The actions, in order.
        pub actions: Vec<MergeAction>,
    }

    /// `ON CREATE SET …` or `ON MATCH SET …`
    pub struct MergeAction {
        /// When it applies.
        pub event: MergeEvent,
        /// What it sets.
        pub items: Vec<SetItem>,
    }
}

/// When a [`MergeAction`] applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeEvent {
    /// The pattern was not there and has been created.
    Create,
    /// The pattern was there.
    Match,
}

node! {
    /// `SET item, …`
    pub struct Set {
        /// The items; never empty.
        pub items: Vec<SetItem>,
    }

    /// One item of `SET`.
    pub struct SetItem {
        /// What it does.
        pub kind: SetItemKind,
    }
}

/// What an item of `SET` does.
#[derive(Debug, Clone, PartialEq)]
pub enum SetItemKind {
    /// `target.key = value`
    Property {
        /// The node, relationship (or map, which is an error) that has the property.
        target: Expression,
        /// The property key.
        key: Name,
        /// The new value.
        value: Expression,
    },
    /// `target[key] = value`
    Index {
        /// The node or relationship that has the property.
        target: Expression,
        /// The property key.
        key: Expression,
        /// The new value.
        value: Expression,
    },
    /// `variable = value`: the properties become exactly those of the map or entity.
    Replace {
        /// The node or relationship.
        variable: Name,
        /// A map, node or relationship.
        value: Expression,
    },
    /// `variable += value`: the properties of the map or entity are added.
    Add {
        /// The node or relationship.
        variable: Name,
        /// A map, node or relationship.
        value: Expression,
    },
    /// `variable:Label:…`
    Labels {
        /// The node.
        variable: Name,
        /// The labels, written or computed; never empty.
        labels: Vec<LabelExpression>,
    },
}

node! {
    /// `REMOVE item, …`
    pub struct Remove {
        /// The items; never empty.
        pub items: Vec<RemoveItem>,
    }

    /// One item of `REMOVE`.
    pub struct RemoveItem {
        /// What it does.
        pub kind: RemoveItemKind,
    }
}

/// What an item of `REMOVE` does.
#[derive(Debug, Clone, PartialEq)]
pub enum RemoveItemKind {
    /// `target.key`
    Property {
        /// The node or relationship that has the property.
        target: Expression,
        /// The property key.
        key: Name,
    },
    /// `target[key]`
    Index {
        /// The node or relationship that has the property.
        target: Expression,
        /// The property key.
        key: Expression,
    },
    /// `variable:Label:…`
    Labels {
        /// The node.
        variable: Name,
        /// The labels, written or computed; never empty.
        labels: Vec<LabelExpression>,
    },
}

node! {
    /// `[DETACH] DELETE expression, …`
    pub struct Delete {
        /// Whether relationships of deleted nodes are deleted with them.
        pub detach: bool,
        /// What is deleted; never empty.
        pub expressions: Vec<Expression>,
    }

    /// `CALL procedure [(argument, …)] [YIELD …]`
    pub struct Call {
        /// The procedure.
        pub procedure: QualifiedName,
        /// The arguments; none when there are no parentheses, so that they come from parameters.
        pub arguments: Option<Vec<Expression>>,
        /// What is taken from the procedure's results; none without `YIELD`.
        pub yield_: Option<Yield>,
    }

    /// `YIELD * | field [AS variable], … [WHERE predicate]`
    pub struct Yield {
        /// Whether `*` was written; then there are no items.
        pub star: bool,
        /// The fields taken. Empty without `*` for `YIELD -`.
        pub items: Vec<YieldItem>,
        /// The predicate.
        pub where_: Option<Expression>,
    }

    /// `field [AS variable]`
    pub struct YieldItem {
        /// The procedure's name for the field.
        pub field: Name,
        /// The variable it becomes; none: a variable of the field's name.
        pub alias: Option<Name>,
    }

    /// `[OPTIONAL] CALL [(variable, …)] { query }`
    pub struct CallSubquery {
        /// Whether a row without results is kept.
        pub optional: bool,
        /// What the query sees of the outer one.
        pub scope: SubqueryScope,
        /// The query within the braces.
        pub query: Query,
        /// How its writes are committed; none: with the statement.
        pub transactions: Option<Transactions>,
    }

    /// `IN [n CONCURRENT] TRANSACTIONS [OF n ROWS] [ON ERROR …] [REPORT STATUS AS variable]`, where ON ERROR takes
    /// `[RETRY [FOR n SECONDS] THEN] CONTINUE|BREAK|FAIL`
    pub struct Transactions {
        /// Whether `CONCURRENT` was written.
        pub concurrent: bool,
        /// How many at a time.
        pub concurrency: Option<Expression>,
        /// How many rows a transaction takes.
        pub rows: Option<Expression>,
        /// Whether one that fails is tried again.
        pub retry: Option<Retry>,
        /// What happens when one fails, or has failed for too long.
        pub on_error: Option<OnError>,
        /// The variable that gets what became of the transaction.
        pub status: Option<Name>,
    }

    /// `RETRY [FOR n SECONDS]`
    pub struct Retry {
        /// For how long.
        pub seconds: Option<Expression>,
    }
}

/// What the file of a [`Load`] holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadFormat {
    /// `LOAD CSV`
    Csv {
        /// `WITH HEADERS`: whether the first line names the fields.
        headers: bool,
        /// What stands between fields; none: a comma.
        field_terminator: Option<String>,
    },
    /// `LOAD JSON`
    Json,
}

impl LoadFormat {
    /// The words that the clause begins with.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Csv { .. } => "LOAD CSV",
            Self::Json => "LOAD JSON",
        }
    }
}

/// What happens when one of several transactions fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// The others go on.
    Continue,
    /// No other begins.
    Break,
    /// The statement fails.
    Fail,
}

/// What the query of a [`CallSubquery`] sees of the outer one.
#[derive(Debug, Clone, PartialEq)]
pub enum SubqueryScope {
    /// `CALL { … }`: nothing but what a leading `WITH` of variables imports.
    ImportingWith,
    /// `CALL (*) { … }`: everything.
    All,
    /// `CALL (x, y) { … }`: these variables.
    Variables(Vec<Name>),
}

node! {
    /// `FOREACH (variable IN list | clause …)`
    pub struct Foreach {
        /// The variable that gets each element.
        pub variable: Name,
        /// The list.
        pub list: Expression,
        /// The updating clauses; never empty.
        pub clauses: Vec<Clause>,
    }
}

node! {
    /// `LET variable = value, …`
    pub struct Let {
        /// The new variables, in order; never empty.
        pub items: Vec<LetItem>,
    }

    /// `variable = value`
    pub struct LetItem {
        /// The new variable.
        pub variable: Name,
        /// Its value.
        pub value: Expression,
    }

    /// `FILTER [WHERE] predicate`
    pub struct Filter {
        /// The predicate.
        pub predicate: Expression,
    }

    /// `[ORDER BY …] [OFFSET …] [LIMIT …]`, at least one of them
    pub struct Page {
        /// The sort keys; empty without `ORDER BY`.
        pub order_by: Vec<SortItem>,
        /// `OFFSET`, also written `SKIP`
        pub skip: Option<Expression>,
        /// `LIMIT`
        pub limit: Option<Expression>,
    }

    /// `LOAD CSV [WITH HEADERS] FROM file AS variable [FIELDTERMINATOR 'c']` and `LOAD JSON FROM file AS variable`
    pub struct Load {
        /// What the file holds.
        pub format: LoadFormat,
        /// Where the file is.
        pub from: Expression,
        /// The variable that gets each row.
        pub variable: Name,
    }

    /// `FINISH`: the end of a query without a result
    pub struct Finish {}

    /// `WHEN predicate THEN query … [ELSE query]`
    pub struct Conditional {
        /// The branches; never empty.
        pub branches: Vec<ConditionalBranch>,
        /// The query after `ELSE`.
        pub otherwise: Option<Query>,
    }

    /// `WHEN predicate THEN query`
    pub struct ConditionalBranch {
        /// The predicate.
        pub predicate: Expression,
        /// The query.
        pub query: Query,
    }
}

impl Conditional {
    /// The queries of all branches, that of `ELSE` last.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        self.branches.iter().map(|branch| &branch.query).chain(&self.otherwise)
    }
}
