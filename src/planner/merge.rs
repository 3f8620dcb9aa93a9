//! When a MERGE can look for its pattern for many rows at once.

use crate::bound;
use crate::bound::Direction;
use crate::bound::Expression;
use crate::bound::written_keys;
use crate::plan::MergeBatch;

use super::{Planner, variable};

impl Planner<'_> {
    /// How a MERGE goes for many rows at once, if it can. Rows that agree in its keys look for the same: if there
    /// is none, the first of them creates it and the others find that. So nothing that a row creates or
    /// changes may be part of what another row finds, unless their keys agree.
    pub(super) fn merge_batch(&mut self, clause: &bound::Merge) -> Option<MergeBatch> {
        let graph = &clause.graph;
        if !graph.paths.is_empty() {
            return None;
        }
        // What labels and type a row asks for is then not the same for all.
        let computed_label = clause.create.nodes.iter().any(|n| !n.labels.computed.is_empty());
        let computed_type =
            |r: &bound::CreateRelationship| matches!(r.type_name, bound::NewType::Computed(_));
        if computed_label || clause.create.relationships.iter().any(computed_type) {
            return None;
        }
        let is_bound = |slot| graph.nodes.iter().any(|node| node.slot == slot && node.bound);
        let mut symmetric = false;
        match (graph.nodes.as_slice(), graph.relationships.as_slice()) {
            ([node], []) if !node.bound => {}
            (_, [only]) if only.length.is_none() && only.shortest.is_none() => {
                if only.direction == Direction::Both {
                    symmetric = is_bound(only.left) && is_bound(only.right);
                    if !symmetric {
                        return None;
                    }
                }
            }
            _ => return None,
        }
        let on = || clause.on_create.iter().chain(&clause.on_match);
        let written = written_keys(on())?;
        let values = || clause.not_null.iter();
        if values().any(|(key, value)| {
            value.has_subquery() || written.contains(key) || value.may_read(&written)
        }) {
            return None;
        }
        let mut keys: Vec<Expression> = Vec::new();
        for node in graph.nodes.iter().filter(|node| node.bound) {
            keys.push(variable(node.slot));
        }
        keys.extend(values().map(|(_, value)| value.clone()));
        Some(MergeBatch { row: self.hidden("row"), keys, symmetric })
    }
}
