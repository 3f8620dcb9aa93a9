//! Queries and clauses.

use crate::bound;
use crate::bound::Clause;
use crate::bound::Slot;
use crate::error::Result;
use crate::plan::ApplyKind;
use crate::plan::Operator;
use crate::plan::Plan;

use super::{Planner, Rows};

impl Planner<'_> {
    /// A query on top of rows: those of a `Unit` for the statement itself, else an `Argument`.
    pub(super) fn query(&mut self, input: Rows, query: &bound::Query) -> Result<Rows> {
        if let [part] = query.parts.as_slice() {
            return self.clauses(input, &part.clauses);
        }
        let carried = self.frame.carried.clone();
        let mut slots: Vec<Slot> = query.columns.iter().map(|column| column.slot).collect();
        slots.extend(&carried);
        let mut inputs = Vec::with_capacity(query.parts.len());
        for part in &query.parts {
            let rows = self.clauses(input.clone(), &part.clauses)?;
            let mut own = part.columns.clone();
            own.extend(&carried);
            inputs.push((rows.plan, own));
        }
        let known = slots.iter().copied().collect();
        let plan = Plan::new(Operator::Union { inputs, slots: slots.clone() });
        let rows = Rows { plan, slots: known, depth: input.depth + 1 };
        if query.distinct {
            return Ok(rows.under(|input| Operator::Distinct { input, slots }));
        }
        Ok(rows)
    }

    pub(super) fn clauses(&mut self, mut rows: Rows, clauses: &[Clause]) -> Result<Rows> {
        for (at, clause) in clauses.iter().enumerate() {
            let last = at + 1 == clauses.len();
            rows = match clause {
                Clause::SubqueryCall(call) if call.transactions.is_some() => {
                    self.transaction_call(rows, call, last)?
                }
                _ => self.clause(rows, clause)?,
            };
            rows = rows.within_limit()?;
        }
        Ok(rows)
    }

    fn clause(&mut self, rows: Rows, clause: &Clause) -> Result<Rows> {
        Ok(match clause {
            Clause::Match(clause) if clause.optional => self.optional_match(rows, &clause.graph)?,
            Clause::Match(clause) => self.graph(rows, &clause.graph)?,
            Clause::Unwind(clause) => {
                let mut list = clause.list.clone();
                let slot = clause.slot;
                let rows = self.extract(rows, &mut list)?;
                rows.under(|input| Operator::Unwind { input, list, slot }).with([slot])
            }
            Clause::Projection(clause) => self.projection(rows, clause)?,
            Clause::Create(pattern) => self.create(rows, pattern)?,
            Clause::Merge(clause) => self.merge(rows, clause)?,
            Clause::Update(items) => self.update(rows, items)?,
            Clause::Delete(clause) => self.delete(rows, clause)?,
            Clause::ProcedureCall(clause) => {
                let mut rows = rows;
                let mut arguments = clause.arguments.clone();
                for argument in &mut arguments {
                    rows = self.extract(rows, argument)?;
                }
                let new: Vec<Slot> = clause.yields.iter().map(|(_, slot)| *slot).collect();
                rows.under(|input| Operator::ProcedureCall {
                    input,
                    procedure: clause.procedure.clone(),
                    arguments,
                    yields: clause.yields.clone(),
                    void: clause.void,
                })
                .with(new)
            }
            Clause::SubqueryCall(clause) => self.subquery_call(rows, clause)?,
            Clause::Load(clause) => {
                let mut clause = clause.clone();
                let rows = self.extract(rows, &mut clause.from)?;
                let new = [clause.slot, clause.file, clause.line];
                rows.under(|input| Operator::Load { input, clause }).with(new)
            }
            Clause::Foreach(clause) => self.foreach(rows, clause)?,
            Clause::Filter(predicate) => self.filter(rows, vec![predicate.clone()])?,
            Clause::Paths(paths) => self.paths(rows, paths),
            Clause::Schema(command) => {
                Rows { plan: Plan::new(Operator::Schema(command.clone())), ..rows }
            }
        })
    }

    fn optional_match(&mut self, rows: Rows, graph: &bound::QueryGraph) -> Result<Rows> {
        let argument = rows.argument();
        let inner = self.within(Vec::new(), |p| p.graph(argument, graph))?;
        let mut new = graph.variables();
        new.retain(|slot| !rows.slots.contains(slot));
        let row = self.hidden("row");
        Ok(self.apply(rows, inner.plan, ApplyKind::Optional(new), Some(row)))
    }
}
