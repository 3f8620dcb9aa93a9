//! Patterns and label expressions.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::Direction;
use crate::syntax::ast::Expression;
use crate::syntax::ast::ExpressionKind;
use crate::syntax::ast::LabelExpression;
use crate::syntax::ast::LabelExpressionKind;
use crate::syntax::ast::Length;
use crate::syntax::ast::Literal;
use crate::syntax::ast::MapProjectionItem;
use crate::syntax::ast::Name;
use crate::syntax::ast::NodePattern;
use crate::syntax::ast::PathPattern;
use crate::syntax::ast::PatternElement;
use crate::syntax::ast::RelationshipPattern;
use crate::syntax::build::Builder;
use crate::syntax::build::literal;
use crate::syntax::build::misplaced;
use crate::syntax::build::parts;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;

/// What may be an expression in parentheses or the first node of a pattern, before it is known which.
#[derive(Default)]
pub(super) struct Parenthesis {
    pub expression: Option<Expression>,
    pub labels: Option<LabelExpression>,
    pub properties: Option<Expression>,
    pub where_: Option<Expression>,
}

impl Builder<'_> {
    pub(super) fn pattern_element(&self, pair: Pair<'_>) -> Result<PatternElement> {
        match pair.as_rule() {
            Rule::node_pattern => self.node_pattern(pair).map(PatternElement::Node),
            Rule::relationship_pattern => {
                self.relationship_pattern(pair).map(PatternElement::Relationship)
            }
            Rule::parenthesized_path => {
                self.parenthesized_path(pair).map(PatternElement::Parenthesized)
            }
            _ => Err(misplaced(&pair, self.span(&pair))),
        }
    }

    fn node_pattern(&self, pair: Pair<'_>) -> Result<NodePattern> {
        let span = self.span(&pair);
        let mut node =
            NodePattern { variable: None, labels: None, properties: None, where_: None, span };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::variable => node.variable = Some(self.name(&part)?),
                Rule::label_part => node.labels = Some(self.label_part(part)?),
                Rule::properties => node.properties = Some(self.properties(part)?),
                Rule::inline_where => node.where_ = Some(self.where_part(part)?),
                _ => return Err(misplaced(&part, span)),
            }
        }
        Ok(node)
    }

    /// The node that a parenthesis turns out to be, since a relationship follows it.
    pub(super) fn node_of(&self, parenthesis: Parenthesis, span: Span) -> Result<NodePattern> {
        let Parenthesis { expression, labels, properties, where_ } = parenthesis;
        let mut node = NodePattern { variable: None, labels, properties, where_, span };
        let Some(expression) = expression else { return Ok(node) };
        let place = expression.span;
        let misfit = || {
            Error::syntax(Detail::UnexpectedSyntax, "expected a node before the relationship")
                .at(place)
                .help("A node looks like `(n:Label {key: value})`.")
        };
        match expression.kind {
            ExpressionKind::Variable(text) => node.variable = Some(Name { text, span: place }),
            ExpressionKind::HasLabels { operand, labels } => {
                let variable = operand.as_variable().ok_or_else(misfit)?.to_owned();
                node.variable = Some(Name { text: variable, span: operand.span });
                node.labels = Some(labels);
            }
            // `(a {key: 1})` reads as a map projection until here.
            ExpressionKind::MapProjection { variable, items } if node.properties.is_none() => {
                let entries = items
                    .into_iter()
                    .map(|item| match item {
                        MapProjectionItem::Entry(entry) => Ok(entry),
                        _ => Err(misfit()),
                    })
                    .collect::<Result<_>>()?;
                let braces = Span::new(variable.span.end, place.end);
                node.variable = Some(variable);
                node.properties =
                    Some(Expression { kind: ExpressionKind::Map(entries), span: braces });
            }
            ExpressionKind::Map(_) if node.properties.is_none() => {
                node.properties = Some(expression);
            }
            _ => return Err(misfit()),
        }
        Ok(node)
    }

    pub(super) fn properties(&self, pair: Pair<'_>) -> Result<Expression> {
        let span = self.span(&pair);
        match pair.into_inner().next() {
            Some(inner) => self.atom(inner),
            None => Err(Error::internal("properties are empty").at(span)),
        }
    }

    fn relationship_pattern(&self, pair: Pair<'_>) -> Result<RelationshipPattern> {
        let span = self.span(&pair);
        let mut relationship = RelationshipPattern {
            variable: None,
            types: None,
            length: None,
            quantifier: None,
            properties: None,
            where_: None,
            direction: Direction::Either,
            span,
        };
        let (mut left, mut right) = (false, false);
        for part in parts(pair) {
            match part.as_rule() {
                Rule::left_head => left = true,
                Rule::right_head => right = true,
                Rule::dash => {}
                Rule::relationship_body => self.relationship_body(part, &mut relationship)?,
                _ => return Err(misplaced(&part, span)),
            }
        }
        relationship.direction = match (left, right) {
            (true, false) => Direction::Incoming,
            (false, true) => Direction::Outgoing,
            _ => Direction::Either,
        };
        Ok(relationship)
    }

    fn relationship_body(&self, pair: Pair<'_>, into: &mut RelationshipPattern) -> Result<()> {
        for part in parts(pair) {
            match part.as_rule() {
                Rule::variable => into.variable = Some(self.name(&part)?),
                Rule::label_part => into.types = Some(self.label_part(part)?),
                Rule::length => into.length = Some(self.length(part)?),
                Rule::properties => into.properties = Some(self.properties(part)?),
                Rule::inline_where => into.where_ = Some(self.where_part(part)?),
                _ => return Err(misplaced(&part, into.span)),
            }
        }
        Ok(())
    }

    fn length(&self, pair: Pair<'_>) -> Result<Length> {
        let span = self.span(&pair);
        let mut length = Length { min: None, max: None, span };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::star => {}
                Rule::integer => {
                    length.min = Some(self.bound(&part)?);
                    length.max = length.min;
                }
                Rule::length_range => {
                    let mut after = false;
                    for bound in part.into_inner() {
                        match (bound.as_rule(), after) {
                            (Rule::range, _) => after = true,
                            (_, false) => length.min = Some(self.bound(&bound)?),
                            (_, true) => length.max = Some(self.bound(&bound)?),
                        }
                    }
                }
                Rule::bare_range => {
                    return Err(Error::syntax(
                        Detail::InvalidRelationshipPattern,
                        "a variable length begins with `*`",
                    )
                    .at(span)
                    .help("Write `*..` instead of `..`."));
                }
                _ => {
                    return Err(Error::syntax(
                        Detail::InvalidRelationshipPattern,
                        format!("`{}` is not a length", part.as_str()),
                    )
                    .at(self.span(&part))
                    .help("The number of relationships is zero or more, as in `*0..3`."));
                }
            }
        }
        Ok(length)
    }

    pub(super) fn bound(&self, pair: &Pair<'_>) -> Result<u64> {
        let span = self.span(pair);
        match literal::number(pair.as_str(), false, span)? {
            Literal::Integer(value) => Ok(value.unsigned_abs()),
            _ => Err(Error::syntax(
                Detail::InvalidRelationshipPattern,
                format!("`{}` is not a number of relationships", pair.as_str()),
            )
            .at(span)),
        }
    }

    pub(super) fn label_part(&self, pair: Pair<'_>) -> Result<LabelExpression> {
        let span = self.span(&pair);
        match parts(pair).find(|part| part.as_rule() != Rule::kw_is) {
            Some(inner) => self.label_expression(inner),
            None => Err(Error::internal("a label expression is empty").at(span)),
        }
    }

    /// A choice of conjunctions: a label expression, or a label predicate after its colon.
    pub(super) fn label_expression(&self, pair: Pair<'_>) -> Result<LabelExpression> {
        let whole = self.span(&pair);
        let operands = parts(pair)
            .filter(|part| part.as_rule() != Rule::kw_is)
            .map(|part| self.label_conjunction(part))
            .collect::<Result<Vec<_>>>()?;
        joined(operands, LabelExpressionKind::Or, whole)
    }

    fn label_conjunction(&self, pair: Pair<'_>) -> Result<LabelExpression> {
        let whole = self.span(&pair);
        let operands =
            parts(pair).map(|part| self.label_factor(part)).collect::<Result<Vec<_>>>()?;
        joined(operands, LabelExpressionKind::And, whole)
    }

    /// `$(expression)` and its kin.
    fn computed_label(&self, pair: Pair<'_>) -> Result<LabelExpressionKind> {
        let span = self.span(&pair);
        let any = pair.clone().into_inner().any(|part| part.as_rule() == Rule::kw_any);
        match pair.into_inner().find(|part| part.as_rule() == Rule::expression) {
            Some(names) => {
                Ok(LabelExpressionKind::Computed { any, names: Box::new(self.value(names)?) })
            }
            None => Err(Error::internal("a computed label has no expression").at(span)),
        }
    }

    pub(super) fn label_factor(&self, pair: Pair<'_>) -> Result<LabelExpression> {
        let span = self.span(&pair);
        self.nested(span, || {
            let kind = match pair.as_rule() {
                Rule::name => LabelExpressionKind::Name(self.name(&pair)?.text),
                Rule::label_any => LabelExpressionKind::Any,
                Rule::computed_label => self.computed_label(pair)?,
                Rule::label_not => match parts(pair).next() {
                    Some(inner) => LabelExpressionKind::Not(Box::new(self.label_factor(inner)?)),
                    None => return Err(Error::internal("`!` negates nothing").at(span)),
                },
                Rule::label_group => return self.label_part(pair),
                _ => return Err(misplaced(&pair, span)),
            };
            Ok(LabelExpression { kind, span })
        })
    }
}

/// The operands joined into one; a single one stays itself.
fn joined(
    mut operands: Vec<LabelExpression>,
    join: fn(Vec<LabelExpression>) -> LabelExpressionKind,
    whole: Span,
) -> Result<LabelExpression> {
    match (operands.pop(), operands.first()) {
        (Some(single), None) => Ok(single),
        (Some(last), Some(first)) => {
            let span = first.span.to(last.span);
            operands.push(last);
            Ok(LabelExpression { kind: join(operands), span })
        }
        (None, _) => Err(Error::internal("a label expression is empty").at(whole)),
    }
}

/// A pattern that is matched takes no parameter for its properties: the planner must know their keys.
pub(super) fn reject_parameters(pattern: &PathPattern) -> Result<()> {
    match pattern.elements.iter().find_map(parameter_of) {
        Some(parameter) => Err(Error::syntax(
            Detail::InvalidParameterUse,
            "a parameter cannot stand for all properties of a pattern that is matched",
        )
        .at(parameter.span)
        .help("Name the keys, `{key: $map.key}`, or use the parameter in CREATE or SET.")),
        None => Ok(()),
    }
}

fn parameter_of(element: &PatternElement) -> Option<&Expression> {
    let properties = match element {
        PatternElement::Node(node) => node.properties.as_ref(),
        PatternElement::Relationship(relationship) => relationship.properties.as_ref(),
        PatternElement::Parenthesized(path) => return path.elements.iter().find_map(parameter_of),
    };
    properties.filter(|properties| is_parameter(properties))
}

fn is_parameter(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Parameter(_))
}
