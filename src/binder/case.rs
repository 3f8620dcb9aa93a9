//! CASE, and the types of `IS :: TYPE`.

use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;
use crate::value::Value;

use super::Binder;
use super::operator::joined;

impl Binder<'_> {
    pub(super) fn case(
        &mut self,
        subject: Option<&ast::Expression>,
        branches: &[ast::CaseBranch],
        otherwise: Option<&ast::Expression>,
        span: Span,
    ) -> Result<Expression> {
        let Some(subject) = subject else {
            return self.branches(None, branches, otherwise, span);
        };
        let subject = self.expression(subject)?;
        let plain = branches.iter().all(|branch| match branch.when.as_slice() {
            [only] => !begins_with_subject(only),
            _ => false,
        });
        if plain {
            return self.branches(Some(subject), branches, otherwise, span);
        }
        let cheap = matches!(
            subject.kind,
            ExpressionKind::Variable(_) | ExpressionKind::Literal(_) | ExpressionKind::Parameter(_)
        );
        if cheap {
            return self.tested_branches(subject, branches, otherwise, span);
        }
        // The subject is computed once: a list of one element, which each branch tests.
        let slot = self.hidden("subject", subject.ty.clone());
        let element = self.variable(slot, subject.span);
        let case = self.tested_branches(element, branches, otherwise, span)?;
        let ty = case.ty.clone();
        let list = ExpressionKind::List(vec![subject]);
        let list = Box::new(Expression { kind: list, span, ty: Type::list(Type::Any) });
        let map = Some(Box::new(case));
        let kind = ExpressionKind::ListComprehension { slot, list, filter: None, map };
        let target = Box::new(Expression { kind, span, ty: Type::list(ty.clone()) });
        let first = ExpressionKind::Literal(Value::Integer(0));
        let index = Box::new(Expression { kind: first, span, ty: Type::Integer });
        Ok(Expression { kind: ExpressionKind::Index { target, index }, span, ty })
    }

    /// Branches that test the subject.
    fn tested_branches(
        &mut self,
        subject: Expression,
        branches: &[ast::CaseBranch],
        otherwise: Option<&ast::Expression>,
        span: Span,
    ) -> Result<Expression> {
        let (alternatives, ty) = self.alternatives(branches, |b, branch| {
            let mut tests = Vec::with_capacity(branch.when.len());
            for when in &branch.when {
                tests.push(b.test_of(&subject, when)?);
            }
            Ok(match tests.len() {
                1 => tests.swap_remove(0),
                _ => Expression {
                    kind: ExpressionKind::Or(tests),
                    span: branch.span,
                    ty: Type::Boolean,
                },
            })
        })?;
        self.case_of(None, alternatives, otherwise, ty, span)
    }

    /// Whether the subject equals a value or satisfies the rest of a predicate.
    fn test_of(&mut self, subject: &Expression, when: &ast::Expression) -> Result<Expression> {
        if !begins_with_subject(when) {
            let value = self.expression(when)?;
            let (subject, span) = (subject.clone(), when.span);
            return Ok(joined(BinaryOperator::Equal, subject, value, span, Type::Boolean));
        }
        let around = self.case_subject.replace(subject.clone());
        let test = self.expression(when);
        self.case_subject = around;
        test
    }

    /// Branches that are predicates, or values that are compared with the operand.
    fn branches(
        &mut self,
        operand: Option<Expression>,
        branches: &[ast::CaseBranch],
        otherwise: Option<&ast::Expression>,
        span: Span,
    ) -> Result<Expression> {
        let (alternatives, ty) = self.alternatives(branches, |b, branch| {
            let [when] = branch.when.as_slice() else {
                return Err(Error::internal("a branch of CASE with several tests").at(branch.span));
            };
            match operand {
                Some(_) => b.expression(when),
                None => b.predicate(when),
            }
        })?;
        self.case_of(operand.map(Box::new), alternatives, otherwise, ty, span)
    }

    /// The branches, each with what it tests, and the type of what they give.
    fn alternatives(
        &mut self,
        branches: &[ast::CaseBranch],
        test: impl Fn(&mut Self, &ast::CaseBranch) -> Result<Expression>,
    ) -> Result<(Vec<(Expression, Expression)>, Type)> {
        let mut alternatives = Vec::with_capacity(branches.len());
        let mut ty = Type::Null;
        for branch in branches {
            let when = test(self, branch)?;
            let then = self.expression(&branch.then)?;
            ty = ty.union(&then.ty);
            alternatives.push((when, then));
        }
        Ok((alternatives, ty))
    }

    fn case_of(
        &mut self,
        operand: Option<Box<Expression>>,
        alternatives: Vec<(Expression, Expression)>,
        otherwise: Option<&ast::Expression>,
        mut ty: Type,
        span: Span,
    ) -> Result<Expression> {
        let otherwise = self.optional(otherwise)?;
        if let Some(otherwise) = &otherwise {
            ty = ty.union(&otherwise.ty);
        }
        if ty == Type::Null {
            ty = Type::Any;
        }
        Ok(Expression { kind: ExpressionKind::Case { operand, alternatives, otherwise }, span, ty })
    }
}

/// Whether a test of CASE is the rest of a predicate.
fn begins_with_subject(when: &ast::Expression) -> bool {
    use ast::ExpressionKind as K;
    match &when.kind {
        K::CaseSubject => true,
        K::Comparison { first, .. } => begins_with_subject(first),
        K::Binary { left, .. } => begins_with_subject(left),
        K::IsNull { operand, .. } | K::IsTyped { operand, .. } | K::Unary { operand, .. } => {
            begins_with_subject(operand)
        }
        K::FunctionCall { arguments, .. } => arguments.first().is_some_and(begins_with_subject),
        _ => false,
    }
}
