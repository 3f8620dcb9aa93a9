//! Expressions: names resolved, types inferred as far as they can be known.

use std::sync::Arc;

use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Quantifier;
use crate::bound::UnaryOperator;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::meter;
use crate::syntax::ast;
use crate::value::Type;
use crate::value::Value;

use super::{Binder, error};

/// Where less of the stack is left, more is added: see `syntax::limits` for how deep a text may be.
const STACK_LEFT: usize = 128 << 10;
const STACK_MORE: usize = 2 << 20;

impl Binder<'_> {
    /// An expression that gives a value. A pattern cannot stand here.
    pub(super) fn expression(&mut self, expression: &ast::Expression) -> Result<Expression> {
        meter::step(1)?;
        // Several calls stand between one level and the next, and the caller's stack may be small.
        stacker::maybe_grow(STACK_LEFT, STACK_MORE, || self.expression_here(expression))
    }

    fn expression_here(&mut self, expression: &ast::Expression) -> Result<Expression> {
        use ast::ExpressionKind as K;
        let span = expression.span;
        let made = |kind, ty| Ok(Expression { kind, span, ty });
        match &expression.kind {
            K::Literal(literal) => {
                let (value, ty) = literal_value(literal);
                made(ExpressionKind::Literal(value), ty)
            }
            K::Parameter(name) => made(ExpressionKind::Parameter(self.parameter(name, span)), Type::Any),
            K::Variable(name) => {
                let slot = self.resolve(name, span)?;
                Ok(self.variable(slot, span))
            }
            K::List(elements) => {
                let elements = self.expressions(elements)?;
                let of = elements.iter().map(|e| e.ty.clone()).reduce(|a, b| a.union(&b));
                // An empty list may become a list of anything.
                made(ExpressionKind::List(elements), Type::list(of.unwrap_or(Type::Any)))
            }
            K::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|entry| {
                        Ok((entry.key.text.as_str().into(), self.expression(&entry.value)?))
                    })
                    .collect::<Result<Vec<_>>>()?;
                made(ExpressionKind::Map(entries), Type::Map)
            }
            K::Property { base, key } => self.property(base, key, span),
            K::Index { base, index } => {
                let target = Box::new(self.expression(base)?);
                let index = Box::new(self.expression(index)?);
                let ty = match &target.ty {
                    Type::List(of) => (**of).clone(),
                    _ => Type::Any,
                };
                made(ExpressionKind::Index { target, index }, ty)
            }
            K::Slice { base, from, to } => {
                let target = Box::new(self.expression(base)?);
                let from = self.optional(from.as_deref())?;
                let to = self.optional(to.as_deref())?;
                let ty = target.ty.clone();
                made(ExpressionKind::Slice { target, from, to }, ty)
            }
            K::Unary { operator, operand } => self.unary(*operator, operand, span, false),
            K::Logical { operator, operands } => self.logical(*operator, operands, span, false),
            K::Binary { operator, left, right } => self.binary(*operator, left, right, span),
            K::Comparison { first, rest } => self.comparison(first, rest, span),
            K::IsNull { operand, negated } => {
                let operand = Box::new(self.expression(operand)?);
                let operator =
                    if *negated { UnaryOperator::IsNotNull } else { UnaryOperator::IsNull };
                made(ExpressionKind::Unary { operator, operand }, Type::Boolean)
            }
            K::HasLabels { operand, labels } => {
                let target = self.expression(operand)?;
                if !Type::Node.accepts(&target.ty) && !Type::Relationship.accepts(&target.ty) {
                    return Err(error::invalid_type(
                        "a node or relationship",
                        &target.ty,
                        target.span,
                    ));
                }
                self.label_test(&target, labels, span)
            }
            K::IsTyped { operand, negated, of } => {
                let operand = Box::new(self.expression(operand)?);
                let of = Arc::new(super::value_type::value_type(of)?);
                let test = made(ExpressionKind::IsTyped { operand, of }, Type::Boolean)?;
                if !negated {
                    return Ok(test);
                }
                let operator = UnaryOperator::Not;
                let operand = Box::new(test);
                made(ExpressionKind::Unary { operator, operand }, Type::Boolean)
            }
            K::CaseSubject => match &self.case_subject {
                Some(subject) => Ok(subject.clone()),
                None => Err(Error::internal("a branch of CASE has no subject").at(span)),
            },
            K::CountStar => self.count_star(span),
            K::FunctionCall { name, distinct, arguments } => {
                self.function_call(name, *distinct, arguments, span)
            }
            K::Case { subject, branches, otherwise } => {
                self.case(subject.as_deref(), branches, otherwise.as_deref(), span)
            }
            K::ListComprehension { variable, list, filter, result } => {
                self.list_comprehension(variable, list, filter.as_deref(), result.as_deref(), span)
            }
            K::PatternComprehension { pattern, filter, result } => {
                self.pattern_comprehension(pattern, filter.as_deref(), result, span)
            }
            K::Quantified { quantifier, variable, list, predicate } => {
                self.quantified(*quantifier, variable, list, predicate, span)
            }
            K::Reduce { accumulator, initial, variable, list, result } => {
                self.reduce((accumulator, initial), (variable, list), result, None, span)
            }
            K::AllReduce { accumulator, initial, variable, list, result, predicate } => {
                let all = Some(&**predicate);
                self.reduce((accumulator, initial), (variable, list), result, all, span)
            }
            K::Pattern(pattern) if pattern.selector == ast::PathSelector::All => {
                Err(Error::syntax(
                    Detail::UnexpectedSyntax,
                    "a pattern cannot stand for a value here",
                )
                .at(span)
                .help("Ask whether it exists with `EXISTS { }`, or list what it matches with a pattern comprehension."))
            }
            K::Pattern(pattern) => self.shortest_path_value(pattern, span),
            K::Subquery { kind, query } => self.subquery(*kind, query, span),
            K::MapProjection { variable, items } => self.map_projection(variable, items, span),
        }
    }

    /// An expression that is true or false, where a pattern asks whether it exists.
    pub(super) fn predicate(&mut self, expression: &ast::Expression) -> Result<Expression> {
        use ast::ExpressionKind as K;
        let span = expression.span;
        let bound = match &expression.kind {
            K::Pattern(pattern) => self.pattern_predicate(pattern, span)?,
            K::Unary { operator: operator @ ast::UnaryOperator::Not, operand } => {
                self.unary(*operator, operand, span, true)?
            }
            K::Logical { operator, operands } => self.logical(*operator, operands, span, true)?,
            _ => self.expression(expression)?,
        };
        expect_boolean(&bound)?;
        Ok(bound)
    }

    /// A predicate, as the conjuncts it consists of.
    pub(super) fn conjuncts(&mut self, expression: &ast::Expression) -> Result<Vec<Expression>> {
        let bound = self.predicate(expression)?;
        Ok(split(bound))
    }

    pub(super) fn expressions(&mut self, all: &[ast::Expression]) -> Result<Vec<Expression>> {
        all.iter().map(|e| self.expression(e)).collect()
    }

    pub(super) fn optional(
        &mut self,
        expression: Option<&ast::Expression>,
    ) -> Result<Option<Box<Expression>>> {
        expression.map(|e| self.expression(e).map(Box::new)).transpose()
    }

    fn property(
        &mut self,
        base: &ast::Expression,
        key: &ast::Name,
        span: Span,
    ) -> Result<Expression> {
        let target = Box::new(self.expression(base)?);
        match &target.ty {
            Type::Boolean
            | Type::Integer
            | Type::Float
            | Type::Number
            | Type::String
            | Type::List(_)
            | Type::Path => Err(error::no_properties(&key.text, &target.ty, span)),
            _ => Ok(Expression {
                kind: ExpressionKind::Property { target, key: key.text.as_str().into() },
                span,
                ty: Type::Any,
            }),
        }
    }

    fn unary(
        &mut self,
        operator: ast::UnaryOperator,
        operand: &ast::Expression,
        span: Span,
        as_predicate: bool,
    ) -> Result<Expression> {
        let (operator, operand) = match operator {
            ast::UnaryOperator::Not if as_predicate => {
                (UnaryOperator::Not, self.predicate(operand)?)
            }
            ast::UnaryOperator::Not => (UnaryOperator::Not, self.expression(operand)?),
            ast::UnaryOperator::Plus => (UnaryOperator::Plus, self.expression(operand)?),
            ast::UnaryOperator::Minus => (UnaryOperator::Negate, self.expression(operand)?),
        };
        let ty = match operator {
            UnaryOperator::Not => {
                expect_boolean(&operand)?;
                Type::Boolean
            }
            _ if Type::Number.accepts(&operand.ty) || operand.ty == Type::Duration => {
                operand.ty.clone()
            }
            _ => return Err(error::invalid_type("a number", &operand.ty, operand.span)),
        };
        Ok(Expression {
            kind: ExpressionKind::Unary { operator, operand: Box::new(operand) },
            span,
            ty,
        })
    }

    fn logical(
        &mut self,
        operator: ast::LogicalOperator,
        operands: &[ast::Expression],
        span: Span,
        as_predicate: bool,
    ) -> Result<Expression> {
        let mut bound = Vec::with_capacity(operands.len());
        for operand in operands {
            let operand =
                if as_predicate { self.predicate(operand)? } else { self.expression(operand)? };
            expect_boolean(&operand)?;
            bound.push(operand);
        }
        let ty = Type::Boolean;
        let made = match operator {
            ast::LogicalOperator::And => {
                Some(Expression { kind: ExpressionKind::And(bound), span, ty })
            }
            ast::LogicalOperator::Or => {
                Some(Expression { kind: ExpressionKind::Or(bound), span, ty })
            }
            ast::LogicalOperator::Xor => bound.into_iter().reduce(|left, right| Expression {
                span: left.span.to(right.span),
                kind: ExpressionKind::Binary {
                    operator: BinaryOperator::Xor,
                    left: Box::new(left),
                    right: Box::new(right),
                },
                ty: Type::Boolean,
            }),
        };
        made.ok_or_else(|| Error::internal("a logical operator without operands").at(span))
    }

    /// A list to iterate over, and the type of its elements.
    fn list(&mut self, list: &ast::Expression) -> Result<(Box<Expression>, Type)> {
        let list = self.expression(list)?;
        match &list.ty {
            Type::List(of) => {
                let of = (**of).clone();
                Ok((Box::new(list), of))
            }
            Type::Any | Type::Null => Ok((Box::new(list), Type::Any)),
            other => Err(error::invalid_type("a list", other, list.span)),
        }
    }

    fn list_comprehension(
        &mut self,
        variable: &ast::Name,
        list: &ast::Expression,
        filter: Option<&ast::Expression>,
        result: Option<&ast::Expression>,
        span: Span,
    ) -> Result<Expression> {
        let (list, of) = self.list(list)?;
        let scope = self.scope.clone();
        self.nested(scope, super::Aggregation::Forbidden, |b| {
            let slot = b.declare(&variable.text, of.clone());
            let filter = filter.map(|f| b.predicate(f).map(Box::new)).transpose()?;
            let map = b.optional(result)?;
            let ty = Type::list(map.as_ref().map_or(of, |map| map.ty.clone()));
            Ok(Expression {
                kind: ExpressionKind::ListComprehension { slot, list, filter, map },
                span,
                ty,
            })
        })
    }

    fn quantified(
        &mut self,
        quantifier: ast::Quantifier,
        variable: &ast::Name,
        list: &ast::Expression,
        predicate: &ast::Expression,
        span: Span,
    ) -> Result<Expression> {
        let (list, of) = self.list(list)?;
        let quantifier = match quantifier {
            ast::Quantifier::All => Quantifier::All,
            ast::Quantifier::Any => Quantifier::Any,
            ast::Quantifier::None => Quantifier::None,
            ast::Quantifier::Single => Quantifier::Single,
        };
        let scope = self.scope.clone();
        self.nested(scope, super::Aggregation::Forbidden, |b| {
            let slot = b.declare(&variable.text, of);
            let predicate = Box::new(b.predicate(predicate)?);
            Ok(Expression {
                kind: ExpressionKind::Quantifier { quantifier, slot, list, predicate },
                span,
                ty: Type::Boolean,
            })
        })
    }

    fn reduce(
        &mut self,
        (accumulator, initial): (&ast::Name, &ast::Expression),
        (variable, list): (&ast::Name, &ast::Expression),
        result: &ast::Expression,
        all: Option<&ast::Expression>,
        span: Span,
    ) -> Result<Expression> {
        let initial = Box::new(self.expression(initial)?);
        let (list, of) = self.list(list)?;
        let scope = self.scope.clone();
        self.nested(scope, super::Aggregation::Forbidden, |b| {
            // Its type may change from step to step.
            let accumulator = b.declare(&accumulator.text, Type::Any);
            let slot = b.declare(&variable.text, of);
            let body = Box::new(b.expression(result)?);
            let all = all.map(|all| b.predicate(all).map(Box::new)).transpose()?;
            let ty = initial.ty.union(&body.ty);
            let ty = match ty {
                _ if all.is_some() => Type::Boolean,
                Type::Null => Type::Any,
                ty => ty,
            };
            let kind = ExpressionKind::Reduce { accumulator, initial, slot, list, body, all };
            Ok(Expression { kind, span, ty })
        })
    }
}

/// The conjuncts of a predicate.
pub(super) fn split(predicate: Expression) -> Vec<Expression> {
    match predicate.kind {
        ExpressionKind::And(all) => all.into_iter().flat_map(split).collect(),
        kind => vec![Expression { kind, span: predicate.span, ty: predicate.ty }],
    }
}

pub(super) fn expect_boolean(expression: &Expression) -> Result<()> {
    if Type::Boolean.accepts(&expression.ty) {
        return Ok(());
    }
    Err(error::invalid_type("a boolean", &expression.ty, expression.span))
}

fn literal_value(literal: &ast::Literal) -> (Value, Type) {
    match literal {
        ast::Literal::Null => (Value::Null, Type::Null),
        ast::Literal::Boolean(value) => (Value::Boolean(*value), Type::Boolean),
        ast::Literal::Integer(value) => (Value::Integer(*value), Type::Integer),
        ast::Literal::Float(value) => (Value::Float(*value), Type::Float),
        ast::Literal::String(value) => (Value::String(Arc::from(value.as_str())), Type::String),
        ast::Literal::List(items) => {
            let items: Vec<Value> = items.iter().map(|item| literal_value(item).0).collect();
            (Value::list(items), Type::list(Type::Any))
        }
        ast::Literal::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (Arc::from(key.as_str()), literal_value(value).0));
            (Value::Map(Arc::new(entries.collect())), Type::Map)
        }
    }
}
