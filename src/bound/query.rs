//! Bound queries: clauses in order, patterns as query graphs.

use std::sync::Arc;

use crate::error::Span;
use crate::function::Aggregate;
use crate::function::ProcedureHandle;

use super::{Expression, Repetition, Restriction, SchemaCommand, SelectedPath, Slot};

/// A whole statement.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it asks.
    pub query: Query,
    /// Every variable's name, by slot.
    pub slots: SlotNames,
    /// The parameters it mentions, each once, in the order of their first mention.
    pub parameters: Vec<Arc<str>>,
    /// Where each of them is mentioned first.
    pub parameter_spans: Vec<Span>,
    /// Whether it changes the graph.
    pub updates: bool,
    /// Whether it commits on its way, so that it must be a transaction of its own.
    pub commits: bool,
}

/// The names of all variables of a statement, by slot. Names of hidden variables begin with a space, so
/// that no variable of a query is called so.
#[derive(Debug, Clone, Default)]
pub struct SlotNames {
    names: Vec<Arc<str>>,
}

impl SlotNames {
    /// A new slot for a variable of the query.
    pub fn add(&mut self, name: &str) -> Slot {
        let slot = Slot(self.names.len() as u32);
        self.names.push(name.into());
        slot
    }

    /// A new slot for a variable the query does not name.
    pub fn add_hidden(&mut self, purpose: &str) -> Slot {
        let number = self.names.len();
        self.add(&format!(" {purpose}{number}"))
    }

    /// Gives a variable another name.
    pub fn rename(&mut self, slot: Slot, name: &str) {
        if let Some(known) = self.names.get_mut(slot.0 as usize) {
            *known = name.into();
        }
    }

    /// How many slots there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The variable's name, without the space of a hidden one.
    pub fn name(&self, slot: Slot) -> &str {
        self.names.get(slot.0 as usize).map_or("?", |name| name.trim_start())
    }

    /// Whether the query does not name it.
    pub fn is_hidden(&self, slot: Slot) -> bool {
        self.names.get(slot.0 as usize).is_none_or(|name| name.starts_with(' '))
    }
}

/// One or more single queries, joined by UNION.
#[derive(Debug, Clone)]
pub struct Query {
    /// The single queries; never empty.
    pub parts: Vec<SingleQuery>,
    /// Whether UNION removes duplicates (there is no ALL).
    pub distinct: bool,
    /// The columns of the result; empty where the query returns nothing. With a single part these are
    /// that part's own slots.
    pub columns: Vec<Column>,
}

/// A column of a result.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: Arc<str>,
    /// The variable it shows.
    pub slot: Slot,
}

/// Clauses in order.
#[derive(Debug, Clone)]
pub struct SingleQuery {
    /// The clauses.
    pub clauses: Vec<Clause>,
    /// Whether it ends in RETURN (or in a procedure call whose columns are the result).
    pub returns: bool,
    /// The variable of each column of the query, in the order of [`Query::columns`].
    pub columns: Vec<Slot>,
}

/// A clause.
#[derive(Debug, Clone)]
pub enum Clause {
    /// MATCH and OPTIONAL MATCH.
    Match(Match),
    /// UNWIND.
    Unwind(Unwind),
    /// WITH and RETURN.
    Projection(Projection),
    /// CREATE.
    Create(CreatePattern),
    /// MERGE.
    Merge(Merge),
    /// SET and REMOVE.
    Update(Vec<UpdateItem>),
    /// DELETE.
    Delete(Delete),
    /// CALL of a procedure.
    ProcedureCall(ProcedureCall),
    /// CALL of a subquery.
    SubqueryCall(SubqueryCall),
    /// FOREACH.
    Foreach(Foreach),
    /// LOAD CSV and LOAD JSON.
    Load(Load),
    /// A condition on the rows so far: YIELD … WHERE.
    Filter(Expression),
    /// The named paths of a CREATE or MERGE before it.
    Paths(Vec<NamedPath>),
    /// CREATE INDEX and the like: the only clause.
    Schema(SchemaCommand),
}

/// MATCH and OPTIONAL MATCH.
#[derive(Debug, Clone)]
pub struct Match {
    /// Whether a row without a match is kept.
    pub optional: bool,
    /// What is looked for.
    pub graph: QueryGraph,
}

/// Direction of a relationship as seen from the node before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Away from the node.
    Outgoing,
    /// Towards the node.
    Incoming,
    /// Either way.
    Both,
}

impl Direction {
    /// The same relationship as seen from its other end.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Direction::Outgoing => Direction::Incoming,
            Direction::Incoming => Direction::Outgoing,
            Direction::Both => Direction::Both,
        }
    }
}

/// The patterns of one MATCH: what must be found together.
#[derive(Debug, Clone, Default)]
pub struct QueryGraph {
    /// The nodes, in the order of their first mention.
    pub nodes: Vec<PatternNode>,
    /// The relationships, in written order.
    pub relationships: Vec<PatternRelationship>,
    /// The paths that are selected among all that match.
    pub selected: Vec<SelectedPath>,
    /// The named paths.
    pub paths: Vec<NamedPath>,
    /// What must be true: labels, property maps and WHERE, a conjunct each.
    pub predicates: Vec<Expression>,
}

/// A node of a query graph.
#[derive(Debug, Clone)]
pub struct PatternNode {
    /// Its variable.
    pub slot: Slot,
    /// Whether an earlier clause has bound it.
    pub bound: bool,
}

/// A relationship (or several, one after the other) of a query graph.
#[derive(Debug, Clone)]
pub struct PatternRelationship {
    /// Its variable. One that an earlier clause has bound gets a new slot here and a predicate that
    /// says both are equal.
    pub slot: Slot,
    /// The node before it.
    pub left: Slot,
    /// The node after it.
    pub right: Slot,
    /// Which way it points, seen from `left`.
    pub direction: Direction,
    /// The types; empty for all.
    pub types: Vec<Arc<str>>,
    /// How many relationships: least and greatest number; `None` for exactly one, which is no list.
    pub length: Option<(u64, Option<u64>)>,
    /// For each relationship of a list or a shortest path: a variable for it and what is asked of it.
    pub filter: Option<(Slot, Expression)>,
    /// Whether only shortest paths are wanted.
    pub shortest: Option<Shortest>,
    /// What is repeated, where that is more than one relationship; `slot` takes the list of all
    /// relationships then, and `types` are those of any of them.
    pub repeated: Option<Box<Repetition>>,
    /// What may not repeat.
    pub restriction: Restriction,
}

impl PatternRelationship {
    /// The variables it gives, beside the nodes at its ends.
    pub fn variables(&self) -> impl Iterator<Item = Slot> + '_ {
        let groups = self.repeated.iter().flat_map(|repeated| &repeated.groups);
        std::iter::once(self.slot).chain(groups.map(|(_, list)| *list))
    }
}

impl QueryGraph {
    /// Every variable it gives, those of earlier clauses among its nodes included.
    pub fn variables(&self) -> Vec<Slot> {
        let mut slots: Vec<Slot> = self.nodes.iter().map(|node| node.slot).collect();
        slots.extend(self.relationships.iter().flat_map(PatternRelationship::variables));
        slots.extend(self.selected.iter().flat_map(SelectedPath::variables));
        slots.extend(self.paths.iter().map(|path| path.slot));
        slots
    }
}

/// How many of the shortest paths are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortest {
    /// One.
    One,
    /// All of the same length.
    All,
}

/// A path with a variable.
#[derive(Debug, Clone)]
pub struct NamedPath {
    /// Its variable.
    pub slot: Slot,
    /// Nodes and relationships in turn.
    pub elements: Vec<Slot>,
}

/// UNWIND.
#[derive(Debug, Clone)]
pub struct Unwind {
    /// The list.
    pub list: Expression,
    /// Takes the element.
    pub slot: Slot,
}

/// WITH and RETURN.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Whether it is RETURN.
    pub is_return: bool,
    /// DISTINCT.
    pub distinct: bool,
    /// Present where a column is an aggregate.
    pub grouping: Option<Grouping>,
    /// New variables, computed after the grouping, if there is one. A variable that is only passed on
    /// keeps its slot and is not here.
    pub items: Vec<(Slot, Expression)>,
    /// All variables that go on, in the order of the columns.
    pub columns: Vec<Column>,
    /// ORDER BY. Without grouping and DISTINCT it may also use what came before the projection.
    pub order_by: Vec<SortKey>,
    /// SKIP; uses no variable.
    pub skip: Option<Expression>,
    /// LIMIT; uses no variable.
    pub limit: Option<Expression>,
    /// WHERE after WITH, a conjunct each; sees what ORDER BY sees.
    pub predicates: Vec<Expression>,
}

/// How a projection groups its rows.
#[derive(Debug, Clone)]
pub struct Grouping {
    /// The keys.
    pub keys: Vec<(Slot, Expression)>,
    /// The aggregates.
    pub aggregates: Vec<(Slot, AggregateCall)>,
}

/// A call of an aggregate.
#[derive(Debug, Clone)]
pub struct AggregateCall {
    /// The aggregate.
    pub function: Aggregate,
    /// Its arguments; none for `count(*)`.
    pub arguments: Vec<Expression>,
    /// Whether each distinct value counts once.
    pub distinct: bool,
    /// Where it stands.
    pub span: Span,
}

/// One criterion of an order.
#[derive(Debug, Clone)]
pub struct SortKey {
    /// What is compared.
    pub expression: Expression,
    /// Greatest first.
    pub descending: bool,
}

/// What CREATE makes, in order: a relationship's ends are bound before it.
#[derive(Debug, Clone, Default)]
pub struct CreatePattern {
    /// New nodes.
    pub nodes: Vec<CreateNode>,
    /// New relationships.
    pub relationships: Vec<CreateRelationship>,
}

/// Labels that a clause gives or takes away.
#[derive(Debug, Clone, Default)]
pub struct NewLabels {
    /// Those in the text.
    pub names: Vec<Arc<str>>,
    /// Those that expressions name: a string or a list of strings each.
    pub computed: Vec<Expression>,
}

/// The type of a relationship to create.
#[derive(Debug, Clone)]
pub enum NewType {
    /// The one in the text.
    Name(Arc<str>),
    /// What an expression names.
    Computed(Expression),
}

/// A node to create.
#[derive(Debug, Clone)]
pub struct CreateNode {
    /// Takes the node.
    pub slot: Slot,
    /// Its labels.
    pub labels: NewLabels,
    /// A map of its properties.
    pub properties: Option<Expression>,
}

/// A relationship to create.
#[derive(Debug, Clone)]
pub struct CreateRelationship {
    /// Takes the relationship.
    pub slot: Slot,
    /// Its type.
    pub type_name: NewType,
    /// Where it starts.
    pub start: Slot,
    /// Where it ends.
    pub end: Slot,
    /// A map of its properties.
    pub properties: Option<Expression>,
    /// Where it stands.
    pub span: Span,
}

/// MERGE.
#[derive(Debug, Clone)]
pub struct Merge {
    /// What is looked for.
    pub graph: QueryGraph,
    /// Values of the pattern's property maps, each with its key: none may be null.
    pub not_null: Vec<(Arc<str>, Expression)>,
    /// What is created where nothing was found.
    pub create: CreatePattern,
    /// ON CREATE SET.
    pub on_create: Vec<UpdateItem>,
    /// ON MATCH SET.
    pub on_match: Vec<UpdateItem>,
}

/// A single change of SET or REMOVE. A null target is skipped.
#[derive(Debug, Clone)]
pub enum UpdateItem {
    /// `target.key = value`; a null value removes.
    Property {
        /// Node or relationship.
        target: Expression,
        /// The key: usually a string literal.
        key: Expression,
        /// The value.
        value: Expression,
    },
    /// `target = map`: all properties replaced. The map may be a node or relationship.
    Replace {
        /// Node or relationship.
        target: Expression,
        /// The map.
        value: Expression,
    },
    /// `target += map`: the map's keys set, a null removes.
    Extend {
        /// Node or relationship.
        target: Expression,
        /// The map.
        value: Expression,
    },
    /// `target:A:B`.
    AddLabels {
        /// The node.
        target: Expression,
        /// The labels.
        labels: NewLabels,
    },
    /// REMOVE `target.key`.
    RemoveProperty {
        /// Node or relationship.
        target: Expression,
        /// The key: usually a string literal.
        key: Expression,
    },
    /// REMOVE `target:A:B`.
    RemoveLabels {
        /// The node.
        target: Expression,
        /// The labels.
        labels: NewLabels,
    },
}

/// DELETE and DETACH DELETE.
#[derive(Debug, Clone)]
pub struct Delete {
    /// What is deleted.
    pub targets: Vec<Expression>,
    /// Whether a node's relationships go with it.
    pub detach: bool,
}

/// CALL of a procedure.
#[derive(Debug, Clone)]
pub struct ProcedureCall {
    /// The procedure.
    pub procedure: ProcedureHandle,
    /// Its arguments.
    pub arguments: Vec<Expression>,
    /// For each column that is used: its number in the signature and the slot it fills.
    pub yields: Vec<(usize, Slot)>,
    /// Whether the procedure has no columns, so that the row itself is given.
    pub void: bool,
}

/// CALL of a subquery.
#[derive(Debug, Clone)]
pub struct SubqueryCall {
    /// Whether a row without results is kept.
    pub optional: bool,
    /// The query; it may use the variables around it.
    pub query: Query,
    /// How its writes are committed; none: with the statement.
    pub transactions: Option<Transactions>,
}

/// How the writes of a subquery are committed.
#[derive(Debug, Clone)]
pub struct Transactions {
    /// How many rows a transaction takes; uses no variable.
    pub rows: Expression,
    /// For how many seconds one is tried again whose failure may pass; uses no variable.
    pub retry: Option<Expression>,
    /// What happens when one fails.
    pub on_error: OnError,
    /// Takes a map that says what became of the row's transaction.
    pub status: Option<Slot>,
}

impl Transactions {
    /// The expressions in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        std::iter::once(&self.rows).chain(&self.retry)
    }

    /// The expressions in it, to be changed.
    pub fn expressions_mut(&mut self) -> impl Iterator<Item = &mut Expression> {
        std::iter::once(&mut self.rows).chain(&mut self.retry)
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

/// What the file of a [`Load`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadFormat {
    /// Lines of text in fields.
    Csv {
        /// Whether the first line names the fields, so that a row is a map and no list.
        headers: bool,
        /// What stands between fields.
        terminator: char,
    },
    /// Values of JSON.
    Json,
}

/// LOAD CSV and LOAD JSON.
#[derive(Debug, Clone)]
pub struct Load {
    /// Where the file is.
    pub from: Expression,
    /// What it holds.
    pub format: LoadFormat,
    /// Takes the row.
    pub slot: Slot,
    /// Takes the name of the file, as it was given.
    pub file: Slot,
    /// Takes the number of the line where the row begins.
    pub line: Slot,
}

/// FOREACH.
#[derive(Debug, Clone)]
pub struct Foreach {
    /// Takes the element.
    pub slot: Slot,
    /// The list.
    pub list: Expression,
    /// Updating clauses.
    pub clauses: Vec<Clause>,
}

impl Clause {
    /// Whether it changes the graph, itself or in a subquery.
    pub fn updates(&self) -> bool {
        match self {
            Clause::Create(_)
            | Clause::Merge(_)
            | Clause::Update(_)
            | Clause::Delete(_)
            | Clause::Foreach(_)
            | Clause::Schema(_) => true,
            Clause::SubqueryCall(call) => call.query.updates(),
            Clause::Match(_)
            | Clause::Unwind(_)
            | Clause::Projection(_)
            | Clause::ProcedureCall(_)
            | Clause::Load(_)
            | Clause::Filter(_)
            | Clause::Paths(_) => false,
        }
    }
}

impl Query {
    /// Whether it changes the graph.
    pub fn updates(&self) -> bool {
        self.parts.iter().any(|part| part.clauses.iter().any(Clause::updates))
    }
}
