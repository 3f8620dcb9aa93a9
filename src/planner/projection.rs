//! WITH and RETURN.

use crate::bound;
use crate::bound::Slot;
use crate::error::Result;
use crate::plan::Operator;
use crate::plan::Plan;

use super::{Planner, Rows, variable};

impl Planner<'_> {
    pub(super) fn projection(
        &mut self,
        mut rows: Rows,
        clause: &bound::Projection,
    ) -> Result<Rows> {
        if let Some(grouping) = &clause.grouping {
            rows = self.grouping(rows, grouping)?;
        }
        let mut items = clause.items.clone();
        for (_, expression) in &mut items {
            rows = self.extract(rows, expression)?;
        }
        rows = self.project(rows, items);
        if clause.distinct {
            let mut slots: Vec<Slot> = clause.columns.iter().map(|column| column.slot).collect();
            let carried = self.frame.carried.iter().copied();
            slots.extend(carried.filter(|slot| !clause.columns.iter().any(|c| c.slot == *slot)));
            let known = slots.iter().copied().collect();
            rows = rows.under(|input| Operator::Distinct { input, slots });
            rows.slots = known;
        }
        if !clause.order_by.is_empty() {
            let mut by = clause.order_by.clone();
            for key in &mut by {
                rows = self.extract(rows, &mut key.expression)?;
            }
            rows = rows.under(|input| Operator::Sort { input, by });
        }
        if let Some(count) = &clause.skip {
            rows = rows.under(|input| Operator::Skip { input, count: count.clone() });
        }
        if let Some(count) = &clause.limit {
            rows = rows.under(|input| {
                let exhaust = input.updates();
                Operator::Limit { input, count: count.clone(), exhaust }
            });
        }
        self.filter(rows, clause.predicates.clone())
    }

    fn grouping(&mut self, mut rows: Rows, grouping: &bound::Grouping) -> Result<Rows> {
        let argument = rows.slots.clone();
        let mut keys = grouping.keys.clone();
        let mut aggregates = grouping.aggregates.clone();
        for (_, key) in &mut keys {
            rows = self.extract(rows, key)?;
        }
        for (_, call) in &mut aggregates {
            for argument in &mut call.arguments {
                rows = self.extract(rows, argument)?;
            }
        }
        // Without keys there is one group even where there are no rows. Within an inner plan (which then
        // runs for one row at a time) the outer variables are joined to it again.
        let single = keys.is_empty() && self.frame.inner;
        if !single {
            for slot in &self.frame.carried {
                if !keys.iter().any(|(known, _)| known == slot) {
                    keys.push((*slot, variable(*slot)));
                }
            }
        }
        let new = keys.iter().map(|(slot, _)| *slot);
        let new: Vec<Slot> = new.chain(aggregates.iter().map(|(slot, _)| *slot)).collect();
        let mut rows = rows.under(|input| Operator::Aggregate { input, keys, aggregates });
        rows.slots = new.into_iter().collect();
        if single {
            let left = Box::new(Plan::new(Operator::Argument));
            let outer: Vec<Slot> =
                self.frame.carried.iter().copied().filter(|s| argument.contains(s)).collect();
            rows = rows.under(|right| Operator::CartesianProduct { left, right }).with(outer);
        }
        Ok(rows)
    }
}
