//! Expressions: flat runs of operators folded by precedence, and atoms.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::BinaryOperator;
use crate::syntax::ast::ComparisonOperator;
use crate::syntax::ast::ComparisonStep;
use crate::syntax::ast::Expression;
use crate::syntax::ast::ExpressionKind;
use crate::syntax::ast::Literal;
use crate::syntax::ast::LogicalOperator;
use crate::syntax::ast::Name;
use crate::syntax::ast::PathPattern;
use crate::syntax::ast::PathSelector;
use crate::syntax::ast::PatternElement;
use crate::syntax::ast::QualifiedName;
use crate::syntax::ast::UnaryOperator;
use crate::syntax::build::Builder;
use crate::syntax::build::literal;
use crate::syntax::build::misplaced;
use crate::syntax::build::parts;
use crate::syntax::build::pattern::Parenthesis;
use crate::syntax::build::pattern::reject_parameters;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;
use crate::syntax::grammar::fold;
use crate::syntax::limits;

/// An expression while its run of operators is folded.
struct Operand {
    expression: Expression,
    /// How many expressions stand one within the other.
    height: usize,
    /// Made by an operator of this run, and so not closed by parentheses: a chain goes on with it.
    open: bool,
}

/// What an infix operator makes.
enum Infix {
    Logical(LogicalOperator),
    Comparison(ComparisonOperator),
    Binary(BinaryOperator),
}

fn infix_of(rule: Rule) -> Option<Infix> {
    Some(match rule {
        Rule::or => Infix::Logical(LogicalOperator::Or),
        Rule::xor => Infix::Logical(LogicalOperator::Xor),
        Rule::and => Infix::Logical(LogicalOperator::And),
        Rule::equal => Infix::Comparison(ComparisonOperator::Equal),
        Rule::not_equal => Infix::Comparison(ComparisonOperator::NotEqual),
        Rule::less => Infix::Comparison(ComparisonOperator::Less),
        Rule::less_or_equal => Infix::Comparison(ComparisonOperator::LessOrEqual),
        Rule::greater => Infix::Comparison(ComparisonOperator::Greater),
        Rule::greater_or_equal => Infix::Comparison(ComparisonOperator::GreaterOrEqual),
        Rule::add => Infix::Binary(BinaryOperator::Add),
        Rule::concatenate => Infix::Binary(BinaryOperator::Concatenate),
        Rule::subtract => Infix::Binary(BinaryOperator::Subtract),
        Rule::multiply => Infix::Binary(BinaryOperator::Multiply),
        Rule::divide => Infix::Binary(BinaryOperator::Divide),
        Rule::modulo => Infix::Binary(BinaryOperator::Modulo),
        Rule::power => Infix::Binary(BinaryOperator::Power),
        Rule::in_list => Infix::Binary(BinaryOperator::In),
        Rule::starts_with => Infix::Binary(BinaryOperator::StartsWith),
        Rule::ends_with => Infix::Binary(BinaryOperator::EndsWith),
        Rule::contains => Infix::Binary(BinaryOperator::Contains),
        Rule::matches => Infix::Binary(BinaryOperator::Matches),
        _ => return None,
    })
}

impl Builder<'_> {
    /// An expression whose value is used: anything but a bare pattern.
    pub fn value(&self, pair: Pair<'_>) -> Result<Expression> {
        let expression = self.predicate(pair)?;
        reject_pattern(&expression)?;
        Ok(expression)
    }

    /// An expression of which only the truth is used: a pattern may stand here.
    pub(super) fn predicate(&self, pair: Pair<'_>) -> Result<Expression> {
        let span = self.span(&pair);
        let outer = self.height.replace(0);
        let operand = self.nested(span, || {
            let mut pairs = pair.into_inner();
            if pairs.len() == 1
                && let Some(only) = pairs.next()
            {
                return self.operand(only);
            }
            fold(
                pairs,
                |atom| self.operand(atom),
                |operator, operand| self.prefix(&operator, operand?),
                |left, operator, right| self.infix(left?, &operator, right?),
                |operand, operator| self.postfix(operand?, operator),
            )
        })?;
        self.height.set(outer.max(operand.height));
        Ok(operand.expression)
    }

    /// Checks the height before the operand is made higher still.
    fn raised(&self, kind: ExpressionKind, span: Span, height: usize) -> Result<Operand> {
        let expression = Expression { kind, span };
        if height >= limits::MAX_HEIGHT {
            return Err(limits::too_deep(span));
        }
        Ok(Operand { expression, height: height + 1, open: true })
    }

    fn operand(&self, pair: Pair<'_>) -> Result<Operand> {
        let outer = self.height.replace(0);
        let expression = self.atom(pair)?;
        let height = self.height.replace(outer) + 1;
        if height > limits::MAX_HEIGHT {
            return Err(limits::too_deep(expression.span));
        }
        Ok(Operand { expression, height, open: false })
    }

    fn prefix(&self, pair: &Pair<'_>, operand: Operand) -> Result<Operand> {
        let operator = match pair.as_rule() {
            Rule::not => UnaryOperator::Not,
            Rule::minus => UnaryOperator::Minus,
            _ => UnaryOperator::Plus,
        };
        if operator != UnaryOperator::Not {
            reject_pattern(&operand.expression)?;
        }
        let span = self.span(pair).to(operand.expression.span);
        let kind = ExpressionKind::Unary { operator, operand: Box::new(operand.expression) };
        self.raised(kind, span, operand.height)
    }

    fn infix(&self, left: Operand, pair: &Pair<'_>, right: Operand) -> Result<Operand> {
        let span = left.expression.span.to(right.expression.span);
        let height = left.height.max(right.height);
        let operator = infix_of(pair.as_rule()).ok_or_else(|| misplaced(pair, self.span(pair)))?;
        let operator = match operator {
            Infix::Logical(operator) => return self.logical(left, operator, right),
            Infix::Comparison(operator) => return self.comparison(left, operator, right),
            Infix::Binary(operator) => operator,
        };
        reject_pattern(&left.expression)?;
        reject_pattern(&right.expression)?;
        let kind = ExpressionKind::Binary {
            operator,
            left: Box::new(left.expression),
            right: Box::new(right.expression),
        };
        self.raised(kind, span, height)
    }

    /// `a AND b AND c` is one node, however long.
    fn logical(
        &self,
        mut left: Operand,
        operator: LogicalOperator,
        right: Operand,
    ) -> Result<Operand> {
        let span = left.expression.span.to(right.expression.span);
        if left.open
            && let ExpressionKind::Logical { operator: same, operands } = &mut left.expression.kind
            && *same == operator
        {
            operands.push(right.expression);
            left.expression.span = span;
            left.height = left.height.max(right.height + 1);
            return Ok(left);
        }
        let height = left.height.max(right.height);
        let operands = vec![left.expression, right.expression];
        self.raised(ExpressionKind::Logical { operator, operands }, span, height)
    }

    /// `a < b < c` is one chain; `(a < b) < c` is not.
    fn comparison(
        &self,
        mut left: Operand,
        operator: ComparisonOperator,
        right: Operand,
    ) -> Result<Operand> {
        let span = left.expression.span.to(right.expression.span);
        reject_pattern(&left.expression)?;
        // `[p = (a)-->(b) | …]` reads as a comparison until the list is built.
        let names_a_path = operator == ComparisonOperator::Equal
            && !left.open
            && left.expression.as_variable().is_some();
        if !names_a_path {
            reject_pattern(&right.expression)?;
        }
        let step = ComparisonStep { operator, operand: right.expression, span };
        if left.open
            && let ExpressionKind::Comparison { rest, .. } = &mut left.expression.kind
        {
            rest.push(step);
            left.expression.span = span;
            left.height = left.height.max(right.height + 1);
            return Ok(left);
        }
        let height = left.height.max(right.height);
        let kind =
            ExpressionKind::Comparison { first: Box::new(left.expression), rest: vec![step] };
        self.raised(kind, span, height)
    }

    fn postfix(&self, operand: Operand, pair: Pair<'_>) -> Result<Operand> {
        let span = operand.expression.span.to(self.span(&pair));
        let height = operand.height;
        let base = operand.expression;
        reject_pattern(&base)?;
        let kind = match pair.as_rule() {
            Rule::property_lookup => self.property(base, pair)?.kind,
            Rule::label_predicate | Rule::label_test => ExpressionKind::HasLabels {
                operand: Box::new(base),
                labels: self.label_expression(pair)?,
            },
            Rule::type_test => {
                let negated = pair.clone().into_inner().any(|part| part.as_rule() == Rule::kw_not);
                let of = pair.into_inner().find(|part| part.as_rule() == Rule::value_type);
                let of = of.ok_or_else(|| Error::internal("a test names no type").at(span))?;
                let of = self.value_type(of)?;
                ExpressionKind::IsTyped { operand: Box::new(base), negated, of }
            }
            Rule::null_test => {
                let rules: Vec<_> = pair.clone().into_inner().map(|part| part.as_rule()).collect();
                let negated = rules.contains(&Rule::kw_not);
                if rules.contains(&Rule::kw_normalized) {
                    let test = self.raised(self.is_normalized(base, pair), span, height)?;
                    return if negated { self.negated(test, span) } else { Ok(test) };
                }
                ExpressionKind::IsNull { operand: Box::new(base), negated }
            }
            Rule::subscript => {
                let outer = self.height.replace(0);
                let kind = self.subscript(base, pair)?;
                let inner = self.height.replace(outer);
                return self.raised(kind, span, height.max(inner));
            }
            _ => return Err(misplaced(&pair, span)),
        };
        self.raised(kind, span, height)
    }

    pub(super) fn property(&self, base: Expression, pair: Pair<'_>) -> Result<Expression> {
        let span = base.span.to(self.span(&pair));
        match pair.into_inner().next() {
            Some(key) => {
                let key = self.name(&key)?;
                let kind = ExpressionKind::Property { base: Box::new(base), key };
                Ok(Expression { kind, span })
            }
            None => Err(Error::internal("a property has no key").at(span)),
        }
    }

    pub(super) fn subscript(&self, base: Expression, pair: Pair<'_>) -> Result<ExpressionKind> {
        let base = Box::new(base);
        let (mut before, mut after, mut is_slice) = (None, None, false);
        for part in parts(pair) {
            match (part.as_rule(), is_slice) {
                (Rule::range, _) => is_slice = true,
                (_, false) => before = Some(Box::new(self.value(part)?)),
                (_, true) => after = Some(Box::new(self.value(part)?)),
            }
        }
        Ok(match (before, is_slice) {
            (Some(index), false) => ExpressionKind::Index { base, index },
            (from, _) => ExpressionKind::Slice { base, from, to: after },
        })
    }

    /// A predicate on the subject of CASE, of which only the rest is written; or a value.
    pub(super) fn case_test(&self, pair: Pair<'_>) -> Result<Expression> {
        let span = self.span(&pair);
        let subject = |at: usize| Operand {
            expression: Expression { kind: ExpressionKind::CaseSubject, span: Span::new(at, at) },
            height: 1,
            open: false,
        };
        let mut operator = None;
        for part in pair.into_inner() {
            match (part.as_rule(), operator.take()) {
                (Rule::expression, None) => return self.value(part),
                (Rule::expression, Some(operator)) => {
                    let place = self.span(&part);
                    let expression = self.value(part)?;
                    let loose = matches!(
                        expression.kind,
                        ExpressionKind::Logical { .. }
                            | ExpressionKind::Comparison { .. }
                            | ExpressionKind::Unary { operator: UnaryOperator::Not, .. }
                    );
                    if loose && !self.text_of(place).starts_with('(') {
                        return Err(Error::syntax(
                            Detail::UnexpectedSyntax,
                            "a branch of CASE takes one comparison",
                        )
                        .at(place)
                        .help("Write the whole predicates after a CASE without a subject."));
                    }
                    let height = self.height.get();
                    let right = Operand { expression, height, open: false };
                    return Ok(self.infix(subject(span.start), &operator, right)?.expression);
                }
                (Rule::type_test | Rule::null_test, _) => {
                    return Ok(self.postfix(subject(span.start), part)?.expression);
                }
                (_, _) => operator = Some(part),
            }
        }
        Err(Error::internal("a branch of CASE tests nothing").at(span))
    }

    /// What has no operator at its top.
    pub(super) fn atom(&self, pair: Pair<'_>) -> Result<Expression> {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::string => {
                let text = literal::string(pair.as_str(), span.start)?;
                ExpressionKind::Literal(Literal::String(text))
            }
            Rule::number => ExpressionKind::Literal(literal::number(pair.as_str(), false, span)?),
            Rule::negative_number => match pair.into_inner().next() {
                Some(digits) => {
                    ExpressionKind::Literal(literal::number(digits.as_str(), true, span)?)
                }
                None => return Err(Error::internal("a number has no digits").at(span)),
            },
            Rule::parameter => {
                let name = pair.as_str().trim_start_matches('$');
                ExpressionKind::Parameter(literal::unquote(name))
            }
            Rule::true_literal => ExpressionKind::Literal(Literal::Boolean(true)),
            Rule::false_literal => ExpressionKind::Literal(Literal::Boolean(false)),
            Rule::null_literal => ExpressionKind::Literal(Literal::Null),
            Rule::list => match self.constant(&pair) {
                Some(list) => ExpressionKind::Literal(list),
                None => self.list(pair)?,
            },
            Rule::map => ExpressionKind::Map(
                parts(pair).map(|entry| self.map_entry(entry)).collect::<Result<_>>()?,
            ),
            Rule::parenthesis => match parts(pair).next() {
                Some(inner) => return Ok(Expression { span, ..self.predicate(inner)? }),
                None => return Err(Error::internal("a parenthesis is empty").at(span)),
            },
            Rule::node_or_parenthesis => return self.node_or_parenthesis(pair, span),
            Rule::case => self.case(pair)?,
            Rule::quantified => self.quantified(pair)?,
            Rule::reduce => self.reduce(pair)?,
            Rule::all_reduce => self.all_reduce(pair)?,
            Rule::shortest_path => {
                let pattern = self.shortest_path(pair)?;
                reject_parameters(&pattern)?;
                ExpressionKind::Pattern(Box::new(pattern))
            }
            Rule::subquery => self.subquery(pair)?,
            Rule::function_call | Rule::trim_call => self.function_call(pair)?,
            Rule::variable_or_projection => self.variable_or_projection(pair)?,
            _ => return Err(misplaced(&pair, span)),
        };
        Ok(Expression { kind, span })
    }

    /// A pattern if relationships follow the parenthesis, else the expression within it.
    fn node_or_parenthesis(&self, pair: Pair<'_>, span: Span) -> Result<Expression> {
        let mut pairs = pair.into_inner().peekable();
        let start = span.start;
        let mut end = start;
        let mut within = Parenthesis::default();
        for part in pairs.by_ref() {
            end = self.span(&part).end;
            match part.as_rule() {
                Rule::close_paren => break,
                Rule::node_or_expression => {
                    for inner in part.into_inner() {
                        match inner.as_rule() {
                            Rule::expression => within.expression = Some(self.predicate(inner)?),
                            Rule::label_part => within.labels = Some(self.label_part(inner)?),
                            Rule::properties => {
                                within.properties = Some(self.properties(inner)?);
                            }
                            _ => within.where_ = Some(self.where_part(inner)?),
                        }
                    }
                }
                _ => {}
            }
        }
        if pairs.peek().is_none() {
            return match within {
                Parenthesis {
                    expression: Some(expression),
                    labels: None,
                    properties: None,
                    where_: None,
                } => Ok(Expression { span, ..expression }),
                _ => Err(Error::syntax(
                    Detail::UnexpectedSyntax,
                    "a node pattern alone is not an expression",
                )
                .at(span)
                .help("Add a relationship, `(a)-->(b)`, or test labels by `n:Label`.")),
            };
        }
        let first = self.node_of(within, Span::new(start, end))?;
        let mut elements = vec![PatternElement::Node(first)];
        for part in pairs {
            elements.push(self.pattern_element(part)?);
        }
        let selector = PathSelector::All;
        let pattern = PathPattern { variable: None, selector, mode: None, elements, span };
        reject_parameters(&pattern)?;
        Ok(Expression { kind: ExpressionKind::Pattern(Box::new(pattern)), span })
    }

    fn function_call(&self, pair: Pair<'_>) -> Result<ExpressionKind> {
        let span = self.span(&pair);
        let mut name = None;
        let mut distinct = false;
        let mut star = None;
        let mut side = None;
        let mut from = false;
        let mut arguments = Vec::new();
        for part in parts(pair) {
            match part.as_rule() {
                Rule::qualified_name => name = Some(self.qualified_name(part)?),
                Rule::kw_distinct => distinct = true,
                Rule::star => star = Some(self.span(&part)),
                Rule::trim_side => side = Some(part.as_str().to_ascii_lowercase()),
                Rule::kw_from => from = true,
                _ => arguments.push(self.predicate(part)?),
            }
        }
        let name = name.ok_or_else(|| Error::internal("a call has no name").at(span))?;
        let is = |word: &str| matches!(name.parts.as_slice(), [only] if only.text.eq_ignore_ascii_case(word));
        if let Some(star) = star {
            return if is("count") {
                Ok(ExpressionKind::CountStar)
            } else {
                Err(Error::syntax(
                    Detail::UnexpectedSyntax,
                    format!("`*` is an argument of count alone, not of `{name}`"),
                )
                .at(star))
            };
        }
        if !is("exists") {
            arguments.iter().try_for_each(reject_pattern)?;
        }
        if is("normalize") {
            name_normal_form(&mut arguments);
        }
        let name = if from { trim_from(&name, side.as_deref(), &mut arguments) } else { name };
        Ok(ExpressionKind::FunctionCall { name, distinct, arguments })
    }

    /// `base IS NORMALIZED` is a function of text and the name of a form.
    fn is_normalized(&self, base: Expression, test: Pair<'_>) -> ExpressionKind {
        let span = self.span(&test);
        let form = test.into_inner().find(|part| part.as_rule() == Rule::normal_form);
        let form = form.map_or("NFC".to_owned(), |form| form.as_str().to_ascii_uppercase());
        let form = ExpressionKind::Literal(Literal::String(form));
        let name = Name { text: "isNormalized".into(), span };
        ExpressionKind::FunctionCall {
            name: QualifiedName { parts: vec![name], span },
            distinct: false,
            arguments: vec![base, Expression { kind: form, span }],
        }
    }

    fn negated(&self, operand: Operand, span: Span) -> Result<Operand> {
        let operator = UnaryOperator::Not;
        let kind = ExpressionKind::Unary { operator, operand: Box::new(operand.expression) };
        self.raised(kind, span, operand.height)
    }

    fn variable_or_projection(&self, pair: Pair<'_>) -> Result<ExpressionKind> {
        let Name { text, span } = self.variable_within(&pair)?;
        let body = pair.into_inner().find(|part| part.as_rule() == Rule::projection_body);
        match body {
            None => Ok(ExpressionKind::Variable(text)),
            Some(body) => {
                let items =
                    parts(body).map(|entry| self.projection_entry(entry)).collect::<Result<_>>()?;
                Ok(ExpressionKind::MapProjection { variable: Name { text, span }, items })
            }
        }
    }
}

/// A bare pattern is true or false; it has no value of its own.
pub(super) fn reject_pattern(expression: &Expression) -> Result<()> {
    match &expression.kind {
        // A shortest path is a value: the path, or the list of paths.
        ExpressionKind::Pattern(pattern) if pattern.selector == PathSelector::All => {
            Err(Error::syntax(
                Detail::UnexpectedSyntax,
                "a pattern can only be tested, not used as a value",
            )
            .at(expression.span)
            .help("Use `EXISTS { … }`, `COUNT { … }` or a comprehension, `[(a)-->(b) | b]`."))
        }
        _ => Ok(()),
    }
}

/// The second argument of `normalize` is the bare word of a form, never a variable.
fn name_normal_form(arguments: &mut [Expression]) {
    const FORMS: [&str; 4] = ["NFC", "NFD", "NFKC", "NFKD"];
    let Some(second) = arguments.get_mut(1) else { return };
    let Some(word) = second.as_variable() else { return };
    if let Some(form) = FORMS.into_iter().find(|form| form.eq_ignore_ascii_case(word)) {
        second.kind = ExpressionKind::Literal(Literal::String(form.into()));
    }
}

/// `trim(LEADING characters FROM text)` as `ltrim(text, characters)`, and so for both sides and the other.
fn trim_from(
    name: &QualifiedName,
    side: Option<&str>,
    arguments: &mut [Expression],
) -> QualifiedName {
    arguments.reverse();
    let text = match side {
        Some("leading") => "ltrim",
        Some("trailing") => "rtrim",
        _ => "btrim",
    };
    QualifiedName { parts: vec![Name { text: text.into(), span: name.span }], span: name.span }
}
