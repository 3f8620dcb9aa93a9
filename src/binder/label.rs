//! Labels and types: what is asked of them, and what is given; written in the text or computed.

use std::sync::Arc;

use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::LabelExpression;
use crate::bound::NewLabels;
use crate::bound::UnaryOperator;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;
use crate::value::Value;

use super::{Binder, error};

/// A part of a label expression: one that the text says in full, or a predicate.
enum Test {
    Written(LabelExpression),
    Computed(Expression),
}

impl Binder<'_> {
    /// A predicate on the labels of a node or the type of a relationship.
    pub(super) fn label_test(
        &mut self,
        target: &Expression,
        labels: &ast::LabelExpression,
        span: Span,
    ) -> Result<Expression> {
        Ok(predicate(self.test(target, labels)?, target, span))
    }

    /// Labels asked of a variable, a predicate for each part of a conjunction.
    pub(super) fn label_predicates(
        &mut self,
        variable: &Expression,
        labels: &ast::LabelExpression,
    ) -> Result<Vec<Expression>> {
        let mut predicates = Vec::new();
        match &labels.kind {
            ast::LabelExpressionKind::And(all) => {
                for part in all {
                    predicates.extend(self.label_predicates(variable, part)?);
                }
            }
            _ => predicates.push(self.label_test(variable, labels, labels.span)?),
        }
        Ok(predicates)
    }

    fn test(&mut self, target: &Expression, labels: &ast::LabelExpression) -> Result<Test> {
        Ok(match &labels.kind {
            ast::LabelExpressionKind::Name(name) => {
                Test::Written(LabelExpression::Label(name.as_str().into()))
            }
            ast::LabelExpressionKind::Any => Test::Written(LabelExpression::Any),
            ast::LabelExpressionKind::Computed { any, names } => {
                let names = self.label_names(names)?;
                match written(&names) {
                    // What is known needs no look at each row.
                    Some(known) => {
                        let mut parts: Vec<LabelExpression> =
                            known.into_iter().map(LabelExpression::Label).collect();
                        Test::Written(match parts.len() {
                            1 => parts.swap_remove(0),
                            _ if *any => LabelExpression::Or(parts),
                            _ => LabelExpression::And(parts),
                        })
                    }
                    None => {
                        let kind = ExpressionKind::HasComputedLabels {
                            target: Box::new(target.clone()),
                            names: Box::new(names),
                            any: *any,
                        };
                        Test::Computed(Expression { kind, span: labels.span, ty: Type::Boolean })
                    }
                }
            }
            ast::LabelExpressionKind::Not(inner) => match self.test(target, inner)? {
                Test::Written(inner) => Test::Written(LabelExpression::Not(Box::new(inner))),
                Test::Computed(operand) => {
                    let operator = UnaryOperator::Not;
                    let kind = ExpressionKind::Unary { operator, operand: Box::new(operand) };
                    Test::Computed(Expression { kind, span: labels.span, ty: Type::Boolean })
                }
            },
            ast::LabelExpressionKind::And(all) => {
                let parts = self.tests(target, all)?;
                joined(parts, target, labels.span, LabelExpression::And, ExpressionKind::And)
            }
            ast::LabelExpressionKind::Or(all) => {
                let parts = self.tests(target, all)?;
                joined(parts, target, labels.span, LabelExpression::Or, ExpressionKind::Or)
            }
        })
    }

    fn tests(&mut self, target: &Expression, labels: &[ast::LabelExpression]) -> Result<Vec<Test>> {
        labels.iter().map(|labels| self.test(target, labels)).collect()
    }

    /// The name or names within `$(…)`.
    fn label_names(&mut self, names: &ast::Expression) -> Result<Expression> {
        let names = self.expression(names)?;
        let fits = [Type::String, Type::list(Type::String)].iter().any(|t| t.accepts(&names.ty));
        if fits {
            return Ok(names);
        }
        Err(error::invalid_type("a string or a list of strings", &names.ty, names.span))
    }

    /// Labels to set or remove, or those of a new node.
    pub(super) fn new_labels(&mut self, labels: &[ast::LabelExpression]) -> Result<NewLabels> {
        let mut new = NewLabels::default();
        for label in labels {
            match &label.kind {
                ast::LabelExpressionKind::Name(name) => new.names.push(name.as_str().into()),
                ast::LabelExpressionKind::Computed { any: false, names } => {
                    let names = self.label_names(names)?;
                    match written(&names) {
                        Some(known) => new.names.extend(known),
                        None => new.computed.push(names),
                    }
                }
                _ => {
                    return Err(error::unsupported("this names no label to write", label.span)
                        .help("Write `:A:B`, or `:$(expression)` for a label that is computed."));
                }
            }
        }
        Ok(new)
    }

    /// What names the type of a new relationship.
    pub(super) fn type_name(&mut self, name: &ast::Expression) -> Result<Expression> {
        self.label_names(name)
    }
}

/// The names, where the text says them.
fn written(names: &Expression) -> Option<Vec<Arc<str>>> {
    match &names.kind {
        ExpressionKind::Literal(Value::String(name)) => Some(vec![name.clone()]),
        ExpressionKind::List(all) if !all.is_empty() => {
            let each = all.iter().map(|name| match &name.kind {
                ExpressionKind::Literal(Value::String(name)) => Some(name.clone()),
                _ => None,
            });
            each.collect()
        }
        _ => None,
    }
}

fn predicate(test: Test, target: &Expression, span: Span) -> Expression {
    match test {
        Test::Written(labels) => {
            let kind = ExpressionKind::HasLabels { target: Box::new(target.clone()), labels };
            Expression { kind, span, ty: Type::Boolean }
        }
        Test::Computed(predicate) => predicate,
    }
}

fn joined(
    parts: Vec<Test>,
    target: &Expression,
    span: Span,
    labels: fn(Vec<LabelExpression>) -> LabelExpression,
    predicates: fn(Vec<Expression>) -> ExpressionKind,
) -> Test {
    if parts.iter().any(|part| matches!(part, Test::Computed(_))) {
        let parts = parts.into_iter().map(|part| predicate(part, target, span)).collect();
        return Test::Computed(Expression { kind: predicates(parts), span, ty: Type::Boolean });
    }
    let written = parts.into_iter().filter_map(|part| match part {
        Test::Written(labels) => Some(labels),
        Test::Computed(_) => None,
    });
    Test::Written(labels(written.collect()))
}
