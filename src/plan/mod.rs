//! Plans: operators as data.
//!
//! A plan is a tree of [`Operator`]s over slots. The planner makes it, the optimizer rewrites it, the
//! executor runs it, `EXPLAIN` prints it. It may not know how any of them works.

mod describe;
mod explain;
mod index;
mod visit;

use std::sync::Arc;

use crate::bound::Expression;
use crate::bound::Slot;
use crate::bound::SlotNames;
use crate::function::ProcedureHandle;

pub use explain::{OperatorProfile, explain};
pub use index::{IndexDescription, IndexSeek, SeekBound, SeekEntity, SeekKey};

pub use crate::bound::{
    AggregateCall, CreateNode, CreatePattern, CreateRelationship, Direction, DistinctNodes, Load,
    LoadFormat, NewLabels, NewType, OnError, Restriction, SchemaCommand, SortKey, Transactions,
    UpdateItem,
};

/// An operator with its inputs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it does.
    pub operator: Operator,
    /// How many rows the optimizer expects of it, where it has estimated that.
    pub estimated_rows: Option<f64>,
}

/// A plan for a whole statement.
#[derive(Debug, Clone)]
pub struct QueryPlan {
    /// What is run.
    pub root: Plan,
    /// The names of all variables, hidden ones included.
    pub slots: SlotNames,
    /// The names of the result's columns; none where the query returns nothing.
    pub columns: Vec<Arc<str>>,
    /// Whether it changes the graph.
    pub updates: bool,
}

/// What the planner asks of a cost model.
pub trait Estimator {
    /// How many rows a plan gives. An estimate that the plan holds already is believed.
    fn rows(&self, plan: &Plan) -> f64;

    /// How much work a plan is: the rows of all its operators.
    fn cost(&self, plan: &Plan) -> f64;

    /// The indexes on a label, or on a type of relationships.
    fn indexes(&self, on: &str, relationship: bool) -> Vec<IndexDescription>;
}

impl Plan {
    /// A plan without an estimate.
    pub fn new(operator: Operator) -> Self {
        Self { operator, estimated_rows: None }
    }
}

/// What a plan does. Every operator takes and gives batches of rows; a row assigns values to slots.
#[derive(Debug, Clone)]
pub enum Operator {
    // ---- leaves ----
    /// One row without variables.
    Unit,
    /// The rows of the enclosing `Apply` or `Merge`, with all their variables.
    Argument,
    /// Every node.
    AllNodesScan {
        /// Takes the node.
        node: Slot,
    },
    /// The nodes with one label.
    NodeByLabelScan {
        /// Takes the node.
        node: Slot,
        /// The label.
        label: Arc<str>,
    },
    /// The nodes with these ids, where they exist; each once, ascending.
    NodeByIdSeek {
        /// Takes the node.
        node: Slot,
        /// A list of integers; may use no variable.
        ids: Expression,
    },
    /// The nodes or relationships that an index finds, in the order of their values; for each row of the input, where
    /// there is one.
    IndexSeek(IndexSeek),
    /// Every relationship of the given types with its ends. `Both` gives each one twice, once either
    /// way, but a self-loop once.
    RelationshipTypeScan {
        /// Takes the relationship.
        relationship: Slot,
        /// Takes the node on the left.
        from: Slot,
        /// Takes the node on the right.
        to: Slot,
        /// Outgoing: `from` is the start.
        direction: Direction,
        /// The types; empty for all.
        types: Vec<Arc<str>>,
    },
    // ---- patterns ----
    /// The relationships of a node and the nodes at their other ends.
    Expand(Expand),
    /// As `Expand`, but only how many: multiplies the count of each row and gives no variable.
    ExpandCount {
        /// Rows that hold the node.
        input: Box<Plan>,
        /// The node.
        from: Slot,
        /// Which way.
        direction: Direction,
        /// The types; empty for all.
        types: Vec<Arc<str>>,
        /// Labels that the node at the other end must have.
        labels: Vec<Arc<str>>,
        /// Relationships already used by the same MATCH that may be met again: each that is incident
        /// in this way is subtracted.
        distinct_from: Vec<Slot>,
    },
    /// All paths of several relationships from a node.
    VarLengthExpand(VarLengthExpand),
    /// All paths of a pattern that stands several times, from a node.
    Repeat(Repeat),
    /// One or all shortest paths between two nodes.
    ShortestPath(ShortestPath),
    /// The shortest paths of a pattern of several steps, so many for each pair of ends.
    StatefulShortestPath(Box<StatefulShortestPath>),
    // ---- rows ----
    /// The rows for which the predicate is true.
    Filter {
        /// Rows to filter.
        input: Box<Plan>,
        /// What is asked.
        predicate: Expression,
    },
    /// New variables.
    Project {
        /// Rows to compute from.
        input: Box<Plan>,
        /// Each new variable; all expressions see the input's variables only.
        items: Vec<(Slot, Expression)>,
        /// Whether the input's variables stay beside the new ones.
        keep_input: bool,
    },
    /// The rows of a file, for each input row.
    Load {
        /// Rows that say which file.
        input: Box<Plan>,
        /// The file, and what it fills.
        clause: Load,
    },
    /// One row per element of a list; none for null; one for anything that is no list.
    Unwind {
        /// Rows to multiply.
        input: Box<Plan>,
        /// The list.
        list: Expression,
        /// Takes the element.
        slot: Slot,
    },
    /// Groups of rows. Without keys there is always exactly one group (or one per `partition` row).
    Aggregate {
        /// Rows to group.
        input: Box<Plan>,
        /// Grouping keys.
        keys: Vec<(Slot, Expression)>,
        /// What is computed over each group.
        aggregates: Vec<(Slot, AggregateCall)>,
    },
    /// One row per distinct combination of these variables, which are all that stays.
    Distinct {
        /// Rows to compare.
        input: Box<Plan>,
        /// The variables.
        slots: Vec<Slot>,
    },
    /// All rows in order.
    Sort {
        /// Rows to sort.
        input: Box<Plan>,
        /// By what, most significant first.
        by: Vec<SortKey>,
    },
    /// The first rows in order: Sort and Limit in one.
    Top {
        /// Rows to sort.
        input: Box<Plan>,
        /// By what, most significant first.
        by: Vec<SortKey>,
        /// How many are left out above it, and so come on top of the limit; may use no variable.
        skip: Option<Expression>,
        /// How many; may use no variable.
        limit: Expression,
    },
    /// Leaves out the first rows.
    Skip {
        /// The rows.
        input: Box<Plan>,
        /// How many; may use no variable.
        count: Expression,
    },
    /// The first rows only. Where `exhaust` is set the input is run to its end all the same, because it
    /// writes.
    Limit {
        /// The rows.
        input: Box<Plan>,
        /// How many; may use no variable.
        count: Expression,
        /// Whether the input must be run to its end.
        exhaust: bool,
    },
    /// Drains its input before it gives the first row, so that reads and writes do not mix.
    Eager {
        /// The rows.
        input: Box<Plan>,
    },
    // ---- combination ----
    /// The rows of all inputs, one after the other. (UNION without ALL is a Distinct above it.)
    Union {
        /// Each input with the slots that become `slots`, in the same order.
        inputs: Vec<(Plan, Vec<Slot>)>,
        /// The output variables.
        slots: Vec<Slot>,
    },
    /// Every row of one with every row of the other. The right one runs only when the left one has given
    /// its first rows, so that it sees what the left one wrote.
    CartesianProduct {
        /// Runs once for each batch; its order is kept.
        left: Box<Plan>,
        /// Independent of the left; drained once.
        right: Box<Plan>,
    },
    /// The pairs of rows that agree (are equal and not null) in every key.
    HashJoin {
        /// Streams through.
        left: Box<Plan>,
        /// Drained into a hash table.
        right: Box<Plan>,
        /// Expression over the left, expression over the right.
        keys: Vec<(Expression, Expression)>,
    },
    /// Runs a plan for the rows of another, which it sees as its `Argument`.
    Apply(Apply),
    /// As `Apply`, with a commit after so many rows.
    TransactionApply(Box<TransactionApply>),
    // ---- writing: each drains its input first, then writes, then gives its rows ----
    /// Creates nodes and relationships for each row.
    Create {
        /// The rows.
        input: Box<Plan>,
        /// What is created.
        pattern: CreatePattern,
    },
    /// Finds the pattern or creates it, row by row: a row sees what the rows before it created.
    Merge(Box<Merge>),
    /// SET and REMOVE.
    Update {
        /// The rows.
        input: Box<Plan>,
        /// What is changed, in order.
        items: Vec<UpdateItem>,
    },
    /// DELETE and DETACH DELETE: nodes, relationships and paths; null is skipped.
    Delete {
        /// The rows.
        input: Box<Plan>,
        /// What is deleted.
        targets: Vec<Expression>,
        /// Whether a node's relationships go with it.
        detach: bool,
    },
    /// FOREACH: runs a writing plan for each element of a list, then gives the row itself.
    Foreach {
        /// The rows.
        input: Box<Plan>,
        /// Takes the element.
        slot: Slot,
        /// The list.
        list: Expression,
        /// What is done; its leaf is `Argument`.
        body: Box<Plan>,
    },
    /// CALL of a procedure, for each row.
    ProcedureCall {
        /// The rows.
        input: Box<Plan>,
        /// The procedure.
        procedure: ProcedureHandle,
        /// Its arguments.
        arguments: Vec<Expression>,
        /// For each column that is used: its number in the signature and the slot it fills.
        yields: Vec<(usize, Slot)>,
        /// Whether the row itself is given (for procedures without columns).
        void: bool,
    },
    /// CREATE INDEX and the like. Gives no row.
    Schema(SchemaCommand),
    // ---- the top ----
    /// The columns of the result, in order.
    ProduceResults {
        /// The rows.
        input: Box<Plan>,
        /// Name and slot.
        columns: Vec<(Arc<str>, Slot)>,
    },
    /// Runs its input for its effects and gives no row.
    EmptyResult {
        /// The plan.
        input: Box<Plan>,
    },
}

/// See [`Operator::Expand`].
#[derive(Debug, Clone)]
pub struct Expand {
    /// Rows that hold the node.
    pub input: Box<Plan>,
    /// The node that is expanded; a null gives no row.
    pub from: Slot,
    /// Takes the relationship.
    pub relationship: Slot,
    /// Takes the other node, or holds it already (`into`).
    pub to: Slot,
    /// Which way.
    pub direction: Direction,
    /// The types; empty for all.
    pub types: Vec<Arc<str>>,
    /// Whether `to` is bound already: only relationships between the two are given.
    pub into: bool,
    /// Relationships (or lists of them) used by the same MATCH: none is used twice.
    pub distinct_from: Vec<Slot>,
}

/// See [`Operator::VarLengthExpand`].
#[derive(Debug, Clone)]
pub struct VarLengthExpand {
    /// Rows that hold the node.
    pub input: Box<Plan>,
    /// The node where paths begin; a null gives no row.
    pub from: Slot,
    /// Takes the list of relationships, in the order from `from` (or reversed, see `reversed`).
    pub relationships: Slot,
    /// Takes the node where a path ends, or holds it already (`into`).
    pub to: Slot,
    /// Which way.
    pub direction: Direction,
    /// The types; empty for all.
    pub types: Vec<Arc<str>>,
    /// Least number of relationships; may be 0.
    pub min: u64,
    /// Greatest number of relationships; `None` for no bound.
    pub max: Option<u64>,
    /// Whether `to` is bound already.
    pub into: bool,
    /// Whether the list is given in the order from `to` to `from`, because the planner walks the
    /// pattern from its right end.
    pub reversed: bool,
    /// A variable for the relationship at hand and what is asked of it; checked while walking.
    pub filter: Option<(Slot, Expression)>,
    /// What may not repeat within a path.
    pub restriction: Restriction,
    /// Relationships (or lists of them) used by the same MATCH: none is used twice.
    pub distinct_from: Vec<Slot>,
}

/// See [`Operator::Repeat`].
#[derive(Debug, Clone)]
pub struct Repeat {
    /// Rows that hold the node.
    pub input: Box<Plan>,
    /// Finds the pattern once; its leaf is `Argument`, with a row for each path on its way.
    pub inner: Box<Plan>,
    /// The node where paths begin; a null gives no row.
    pub from: Slot,
    /// Takes the node where a path ends, or holds it already (`into`).
    pub to: Slot,
    /// Whether `to` is bound already.
    pub into: bool,
    /// Numbers the rows of the inner plan's `Argument`.
    pub row: Slot,
    /// The nodes of the pattern in the order of the walk: the inner plan sees the first, and the last
    /// is the first of the next time.
    pub nodes: Vec<Slot>,
    /// The relationships of the pattern in the order of the walk.
    pub inner_relationships: Vec<Slot>,
    /// Takes the list of all relationships.
    pub relationships: Slot,
    /// Variables of the inner plan, and the list that takes the values of each.
    pub groups: Vec<(Slot, Slot)>,
    /// Least number of times; may be 0.
    pub min: u64,
    /// Greatest number of times; `None` for no bound.
    pub max: Option<u64>,
    /// Whether lists are given backwards, because the planner walks the pattern from its right end.
    pub reversed: bool,
    /// What may not repeat within a path.
    pub restriction: Restriction,
    /// Relationships (or lists of them) used by the same MATCH: none is used twice.
    pub distinct_from: Vec<Slot>,
}

impl Repeat {
    /// The nodes within whose values are kept along a path: for lists, or to be compared.
    pub fn kept(&self) -> Vec<Slot> {
        if self.restriction.nodes != DistinctNodes::None {
            return self.nodes.clone();
        }
        let nodes = self.groups.iter().map(|(each, _)| *each);
        nodes.filter(|slot| self.nodes.contains(slot)).collect()
    }
}

/// See [`Operator::ShortestPath`].
#[derive(Debug, Clone)]
pub struct ShortestPath {
    /// Rows that hold both nodes.
    pub input: Box<Plan>,
    /// Where paths begin.
    pub from: Slot,
    /// Where they end.
    pub to: Slot,
    /// Takes the list of relationships (for a single relationship pattern without `*`, the
    /// relationship itself, when `single` is set).
    pub relationships: Slot,
    /// Which way, seen from `from`.
    pub direction: Direction,
    /// The types; empty for all.
    pub types: Vec<Arc<str>>,
    /// Least number of relationships: 0 or 1.
    pub min: u64,
    /// Greatest number of relationships.
    pub max: Option<u64>,
    /// All of the shortest length, rather than one.
    pub all: bool,
    /// Whether the pattern has a single relationship rather than a list.
    pub single: bool,
    /// A variable for the relationship at hand and what is asked of it.
    pub filter: Option<(Slot, Expression)>,
}

/// See [`Operator::StatefulShortestPath`].
#[derive(Debug, Clone)]
pub struct StatefulShortestPath {
    /// Rows that hold the node.
    pub input: Plan,
    /// Where paths begin; a null gives no row.
    pub from: Slot,
    /// Takes the node where a path ends, or holds it already (`into`).
    pub to: Slot,
    /// Whether `to` is bound already: then the search goes from both ends.
    pub into: bool,
    /// The steps of the pattern, in the order from `from`.
    pub steps: Vec<SelectedStep>,
    /// How many paths, or lengths, for each pair of ends; may use no variable.
    pub count: Expression,
    /// Whether all paths of so many lengths are wanted.
    pub groups: bool,
    /// What may not repeat within a path.
    pub restriction: Restriction,
    /// Whether lists are given backwards, because the planner searches from the right end.
    pub reversed: bool,
    /// Whether what the steps find depends on the nodes alone, and not on the row.
    pub independent: bool,
    /// What is asked of a whole path before it counts.
    pub accept: Option<Plan>,
}

/// A step of a [`StatefulShortestPath`]: the pattern within it once, or so many times.
#[derive(Debug, Clone)]
pub struct SelectedStep {
    /// The nodes of the pattern in the order of the search, and the relationships between them.
    pub nodes: Vec<Slot>,
    /// The relationships of the pattern in the order of the search.
    pub inner_relationships: Vec<Slot>,
    /// How often it stands; `None` for once, without a list.
    pub times: Option<(u64, Option<u64>)>,
    /// Takes the relationship, or the list of them.
    pub relationships: Slot,
    /// Variables of the pattern, and the list that takes the values of each.
    pub groups: Vec<(Slot, Slot)>,
    /// Takes the node after it, unless that is the end of the path.
    pub node: Slot,
    /// Finds the pattern once from its first node.
    pub forward: Numbered,
    /// Finds the pattern once from its last node.
    pub backward: Option<Numbered>,
    /// What is asked of the node after it.
    pub check: Option<Numbered>,
}

/// An inner plan whose leaf is `Argument`, of which a hidden variable numbers the rows.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// The plan.
    pub plan: Plan,
    /// The number.
    pub row: Slot,
}

impl StatefulShortestPath {
    /// The variables it gives, beside those of its input.
    pub fn variables(&self) -> Vec<Slot> {
        let mut slots = vec![self.to];
        for (at, step) in self.steps.iter().enumerate() {
            slots.push(step.relationships);
            slots.extend(step.groups.iter().map(|(_, list)| *list));
            if at + 1 < self.steps.len() {
                slots.push(step.node);
            }
        }
        slots
    }
}

impl SelectedStep {
    /// Its inner plans, in order.
    pub fn plans(&self) -> impl Iterator<Item = &Numbered> {
        [Some(&self.forward), self.backward.as_ref(), self.check.as_ref()].into_iter().flatten()
    }

    /// Its inner plans, in order, to be changed.
    pub fn plans_mut(&mut self) -> impl Iterator<Item = &mut Numbered> {
        [Some(&mut self.forward), self.backward.as_mut(), self.check.as_mut()].into_iter().flatten()
    }
}

/// See [`Operator::Apply`].
#[derive(Debug, Clone)]
pub struct Apply {
    /// The outer rows.
    pub input: Box<Plan>,
    /// Runs with the outer rows as its `Argument`.
    pub inner: Box<Plan>,
    /// What is made of the inner rows.
    pub kind: ApplyKind,
    /// A hidden variable that numbers the outer rows of a batch: the inner plan sees the whole batch at
    /// once and keeps this variable in all its rows. `None` where the inner plan cannot (it aggregates,
    /// sorts or limits for each outer row by itself): then it runs once per outer row.
    pub row: Option<Slot>,
}

/// What an [`Apply`] gives.
#[derive(Debug, Clone)]
pub enum ApplyKind {
    /// The inner rows, which hold the outer variables too.
    Inner,
    /// The inner rows; the outer row with these variables null where there are none.
    Optional(Vec<Slot>),
    /// The outer rows that have an inner row.
    Semi,
    /// The outer rows that have none.
    AntiSemi,
    /// The outer rows, and whether there is an inner row.
    Exists(Slot),
    /// The outer rows, and how many inner rows there are.
    Count(Slot),
    /// The outer rows, and the list of an inner variable's values.
    Collect {
        /// Takes the list.
        slot: Slot,
        /// The inner variable.
        of: Slot,
    },
    /// The outer rows once each, whatever the inner rows: the inner plan is run for its writes.
    ForEffect,
}

/// See [`Operator::TransactionApply`].
#[derive(Debug, Clone)]
pub struct TransactionApply {
    /// The outer rows.
    pub input: Box<Plan>,
    /// Runs with the outer rows as its `Argument`.
    pub inner: Plan,
    /// As [`Apply::row`].
    pub row: Option<Slot>,
    /// The variables that the inner plan adds; `None` where it is run for its effects, and the outer rows
    /// are given as they are.
    pub columns: Option<Vec<Slot>>,
    /// Whether an outer row without inner rows is kept.
    pub optional: bool,
    /// How many rows a transaction takes, and what becomes of one that fails.
    pub transactions: Transactions,
}

/// See [`Operator::Merge`].
#[derive(Debug, Clone)]
pub struct Merge {
    /// The rows.
    pub input: Box<Plan>,
    /// Finds the pattern; its leaf is `Argument`, with one row at a time or a batch of them.
    pub matching: Plan,
    /// Expressions that must not be null (the property maps' values), each with its key for the error
    /// `SemanticError.MergeReadOwnWrites`.
    pub not_null: Vec<(Arc<str>, Expression)>,
    /// What is created where nothing was found.
    pub create: CreatePattern,
    /// ON CREATE SET.
    pub on_create: Vec<UpdateItem>,
    /// ON MATCH SET.
    pub on_match: Vec<UpdateItem>,
    /// How it goes for many rows at once; nothing where a row may find what another one makes of the graph.
    pub batch: Option<MergeBatch>,
}

/// How a [`Merge`] goes for many rows at once.
#[derive(Debug, Clone)]
pub struct MergeBatch {
    /// A hidden variable that numbers the rows of a batch; `matching` keeps it.
    pub row: Slot,
    /// Rows that agree in all of these look for the same: nodes that are there already, then the values of `not_null`.
    pub keys: Vec<Expression>,
    /// Whether the first two keys may change places: the ends of a relationship without a direction.
    pub symmetric: bool,
}
