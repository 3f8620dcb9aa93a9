//! A filter by label over a scan of all nodes is a scan by label.

use crate::bound::ExpressionKind;
use crate::bound::LabelExpression;
use crate::graph::Snapshot;
use crate::optimizer::Rule;
use crate::optimizer::conjuncts;
use crate::optimizer::filtered;
use crate::plan::Operator;
use crate::plan::Plan;

pub(in crate::optimizer) const SCAN_BY_LABEL: Rule = Rule {
    name: "scan_by_label",
    doc: "Where a predicate on a label has moved onto a scan of all nodes, the nodes with that label \
          are scanned instead.",
    apply: rewrite,
};

fn rewrite(plan: &mut Plan, _: &Snapshot) {
    let Operator::Filter { input, predicate } = &plan.operator else { return };
    let Operator::AllNodesScan { node } = input.operator else { return };
    let mut predicates = conjuncts(predicate.clone());
    let found = predicates.iter().enumerate().find_map(|(at, predicate)| {
        let ExpressionKind::HasLabels { target, labels: LabelExpression::Label(label) } =
            &predicate.kind
        else {
            return None;
        };
        let same = matches!(target.kind, ExpressionKind::Variable(slot) if slot == node);
        same.then(|| (at, label.clone()))
    });
    if let Some((at, label)) = found {
        predicates.remove(at);
        *plan = filtered(Plan::new(Operator::NodeByLabelScan { node, label }), predicates);
    }
}
