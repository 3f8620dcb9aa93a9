//! Plans as text: EXPLAIN, and PROFILE with what was measured.

use std::fmt::Write;
use std::time::Duration;

use crate::bound::Slot;
use crate::bound::SlotNames;

use super::Plan;
use super::describe::{Text, operator_name};

/// What PROFILE measured of an operator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OperatorProfile {
    /// How many rows it gave.
    pub rows: u64,
    /// How long it took, without the operators below it.
    pub time: Duration,
}

/// A plan as a table: a line per operator, the topmost first, each under the one that takes its rows. An
/// operator's second input stands indented above its first.
///
/// `profile` holds what was measured, by the number of the operator in preorder: an operator, then the
/// plans below it from left to right.
pub fn explain(plan: &Plan, names: &SlotNames, profile: Option<&[OperatorProfile]>) -> String {
    let mut lines = Vec::new();
    collect(plan, 0, &mut 0, names, &mut lines);
    let mut header = vec!["Operator", "Details", "Estimated Rows"];
    if profile.is_some() {
        header.extend(["Rows", "Time (ms)"]);
    }
    let mut table: Vec<Vec<String>> = vec![header.into_iter().map(str::to_owned).collect()];
    for line in &lines {
        let estimate = line.estimated.map(|rows| format!("{rows:.0}")).unwrap_or_default();
        let mut row = vec![format!("{}+{}", "| ".repeat(line.depth), line.name)];
        row.extend([line.details.clone(), estimate]);
        if let Some(profile) = profile {
            let measured = profile.get(line.number).copied().unwrap_or_default();
            row.push(measured.rows.to_string());
            row.push(format!("{:.3}", measured.time.as_secs_f64() * 1000.0));
        }
        table.push(row);
    }
    render(&table)
}

struct Line {
    number: usize,
    depth: usize,
    name: String,
    details: String,
    estimated: Option<f64>,
}

/// Adds an operator and those below it; `next` is the number of the operator.
fn collect(plan: &Plan, depth: usize, next: &mut usize, names: &SlotNames, lines: &mut Vec<Line>) {
    let number = *next;
    *next += 1;
    lines.push(Line {
        number,
        depth,
        name: operator_name(&plan.operator),
        details: Text { names }.details(&plan.operator),
        estimated: plan.estimated_rows,
    });
    let children = plan.children();
    let Some((first, others)) = children.split_first() else { return };
    // Numbers run from left to right, lines from right to left.
    let mut below = Vec::new();
    collect(first, depth, next, names, &mut below);
    let mut beside: Vec<Vec<Line>> = Vec::new();
    for other in others {
        let mut own = Vec::new();
        collect(other, depth + 1, next, names, &mut own);
        beside.push(own);
    }
    lines.extend(beside.into_iter().rev().flatten());
    lines.append(&mut below);
}

/// Aligned columns, without trailing spaces.
fn render(table: &[Vec<String>]) -> String {
    let columns = table.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|at| table.iter().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for row in table {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
            // Numbers stand to the right, words to the left.
            let number = at >= 2;
            let (before, after) =
                if number { (padding, String::new()) } else { (String::new(), padding) };
            let _ = write!(line, "{before}{cell}{after}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The names of variables, separated by commas; hidden ones are left out.
pub(super) fn visible_names(slots: impl IntoIterator<Item = Slot>, names: &SlotNames) -> String {
    let visible = slots.into_iter().filter(|slot| !names.is_hidden(*slot));
    visible.map(|slot| names.name(slot)).collect::<Vec<_>>().join(", ")
}
