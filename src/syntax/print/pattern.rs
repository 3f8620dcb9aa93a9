//! Patterns and label expressions as text.

use std::fmt::Write;

use crate::syntax::ast::Direction;
use crate::syntax::ast::LabelExpression;
use crate::syntax::ast::LabelExpressionKind;
use crate::syntax::ast::Length;
use crate::syntax::ast::NodePattern;
use crate::syntax::ast::PathMode;
use crate::syntax::ast::PathPattern;
use crate::syntax::ast::PathQuantifier;
use crate::syntax::ast::PathSelector;
use crate::syntax::ast::PatternElement;
use crate::syntax::ast::RelationshipPattern;
use crate::syntax::print::Printer;

/// How tightly a label expression binds.
fn level(labels: &LabelExpression) -> u8 {
    match labels.kind {
        LabelExpressionKind::Or(_) => 0,
        LabelExpressionKind::And(_) => 1,
        LabelExpressionKind::Not(_) => 2,
        LabelExpressionKind::Name(_)
        | LabelExpressionKind::Computed { .. }
        | LabelExpressionKind::Any => 3,
    }
}

impl Printer {
    pub(super) fn path_pattern(&mut self, path: &PathPattern) {
        if let Some(variable) = &path.variable {
            self.variable(&variable.text);
            self.word(" = ");
        }
        let close = if path.selector.is_function() { ")" } else { "" };
        self.selector(&path.selector, path.mode);
        self.elements(&path.elements);
        self.word(close);
    }

    /// What stands before the elements; the words of a mode stand before GROUPS.
    fn selector(&mut self, selector: &PathSelector, mode: Option<PathMode>) {
        let (word, count, groups) = match selector {
            PathSelector::All => ("", None, false),
            PathSelector::ShortestPath => ("shortestPath(", None, false),
            PathSelector::AllShortestPaths => ("allShortestPaths(", None, false),
            PathSelector::Any(count) => ("ANY ", count.as_ref(), false),
            PathSelector::AnyShortest => ("ANY SHORTEST ", None, false),
            PathSelector::AllShortest => ("ALL SHORTEST ", None, false),
            PathSelector::Shortest(count) => ("SHORTEST ", Some(count), false),
            PathSelector::ShortestGroups(count) => ("SHORTEST ", count.as_ref(), true),
        };
        self.word(word);
        if let Some(count) = count {
            self.expression(count);
            self.word(" ");
        }
        self.word(match mode {
            None => "",
            Some(PathMode::Walk) => "WALK ",
            Some(PathMode::Trail) => "TRAIL ",
            Some(PathMode::Simple) => "SIMPLE ",
            Some(PathMode::Acyclic) => "ACYCLIC ",
        });
        if groups {
            self.word("GROUPS ");
        }
    }

    fn elements(&mut self, elements: &[PatternElement]) {
        self.separated(elements, "", |printer, element| match element {
            PatternElement::Node(node) => printer.node_pattern(node),
            PatternElement::Relationship(relationship) => {
                printer.relationship_pattern(relationship);
            }
            PatternElement::Parenthesized(path) => {
                printer.word("(");
                printer.elements(&path.elements);
                printer.where_(path.where_.as_ref());
                printer.word(")");
                printer.quantifier(path.quantifier.as_ref());
            }
        });
    }

    fn quantifier(&mut self, quantifier: Option<&PathQuantifier>) {
        let Some(PathQuantifier { min, max, .. }) = quantifier else { return };
        match (min, max) {
            (0, None) => self.word("*"),
            (1, None) => self.word("+"),
            (min, Some(max)) if min == max => {
                self.word("{");
                self.bound(Some(*min));
                self.word("}");
            }
            (min, max) => {
                self.word("{");
                self.bound(Some(*min));
                self.word(",");
                self.bound(*max);
                self.word("}");
            }
        }
    }

    fn node_pattern(&mut self, node: &NodePattern) {
        self.word("(");
        if let Some(variable) = &node.variable {
            self.variable_before_brace(&variable.text);
        }
        if let Some(labels) = &node.labels {
            self.word(":");
            self.labels(labels, 0);
        }
        if let Some(properties) = &node.properties {
            if node.variable.is_some() || node.labels.is_some() {
                self.word(" ");
            }
            self.expression(properties);
        }
        self.where_(node.where_.as_ref());
        self.word(")");
    }

    fn relationship_pattern(&mut self, relationship: &RelationshipPattern) {
        let RelationshipPattern { variable, types, length, properties, where_, direction, .. } =
            relationship;
        let quantifier = relationship.quantifier.as_ref();
        self.word(if *direction == Direction::Incoming { "<-" } else { "-" });
        let is_plain = variable.is_none()
            && types.is_none()
            && length.is_none()
            && properties.is_none()
            && where_.is_none();
        if !is_plain {
            self.word("[");
            if let Some(variable) = variable {
                self.variable(&variable.text);
            }
            if let Some(types) = types {
                self.word(":");
                self.labels(types, 0);
            }
            if let Some(length) = length {
                self.length(length);
            }
            if let Some(properties) = properties {
                if variable.is_some() || types.is_some() || length.is_some() {
                    self.word(" ");
                }
                self.expression(properties);
            }
            self.where_(where_.as_ref());
            self.word("]");
        }
        self.word(if *direction == Direction::Outgoing { "->" } else { "-" });
        self.quantifier(quantifier);
    }

    fn length(&mut self, length: &Length) {
        self.word("*");
        if length.min.is_some() && length.min == length.max {
            self.bound(length.min);
        } else if length.min.is_some() || length.max.is_some() {
            self.bound(length.min);
            self.word("..");
            self.bound(length.max);
        }
    }

    fn bound(&mut self, bound: Option<u64>) {
        if let Some(bound) = bound {
            // Writing into a String cannot fail.
            let _ = write!(self.out, "{bound}");
        }
    }

    /// A label expression, in parentheses if it binds less tightly than `least`.
    pub(super) fn labels(&mut self, labels: &LabelExpression, least: u8) {
        if level(labels) < least {
            self.word("(");
            self.labels(labels, 0);
            self.word(")");
            return;
        }
        match &labels.kind {
            LabelExpressionKind::Name(name) => self.name(name),
            LabelExpressionKind::Any => self.word("%"),
            LabelExpressionKind::Computed { any, names } => {
                self.word(if *any { "$any(" } else { "$(" });
                self.expression(names);
                self.word(")");
            }
            LabelExpressionKind::Not(operand) => {
                self.word("!");
                self.labels(operand, 2);
            }
            LabelExpressionKind::And(operands) => {
                let plain = operands.iter().all(|operand| level(operand) == 3);
                let between = if plain { ":" } else { "&" };
                self.separated(operands, between, |printer, operand| printer.labels(operand, 2));
            }
            LabelExpressionKind::Or(operands) => {
                self.separated(operands, "|", |printer, operand| printer.labels(operand, 1));
            }
        }
    }
}
