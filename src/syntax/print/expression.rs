//! Expressions as text, with parentheses where precedence asks for them.

use std::fmt::Write;

use crate::syntax::ast::BinaryOperator;
use crate::syntax::ast::ComparisonOperator;
use crate::syntax::ast::Expression;
use crate::syntax::ast::ExpressionKind;
use crate::syntax::ast::Literal;
use crate::syntax::ast::LogicalOperator;
use crate::syntax::ast::MapEntry;
use crate::syntax::ast::MapProjectionItem;
use crate::syntax::ast::Name;
use crate::syntax::ast::QualifiedName;
use crate::syntax::ast::Quantifier;
use crate::syntax::ast::SubqueryKind;
use crate::syntax::ast::TypeKind;
use crate::syntax::ast::UnaryOperator;
use crate::syntax::ast::ValueType;
use crate::syntax::keyword::is_reserved;
use crate::syntax::print::Printer;

/// How tightly an expression binds, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    Xor,
    And,
    Not,
    Comparison,
    Predicate,
    Sum,
    Product,
    Power,
    Sign,
    Postfix,
    Atom,
}

impl Level {
    /// The next tighter level.
    fn tighter(self) -> Self {
        match self {
            Level::Or => Level::Xor,
            Level::Xor => Level::And,
            Level::And => Level::Not,
            Level::Not => Level::Comparison,
            Level::Comparison => Level::Predicate,
            Level::Predicate => Level::Sum,
            Level::Sum => Level::Product,
            Level::Product => Level::Power,
            Level::Power => Level::Sign,
            Level::Sign => Level::Postfix,
            Level::Postfix | Level::Atom => Level::Atom,
        }
    }
}

fn level_of(kind: &ExpressionKind) -> Level {
    match kind {
        ExpressionKind::Logical { operator, .. } => logical(*operator).0,
        ExpressionKind::Comparison { .. } => Level::Comparison,
        ExpressionKind::IsNull { .. } | ExpressionKind::IsTyped { .. } => Level::Predicate,
        ExpressionKind::Binary { operator, .. } => binary(*operator).0,
        ExpressionKind::Unary { operator: UnaryOperator::Not, .. } => Level::Not,
        ExpressionKind::Unary { .. } => Level::Sign,
        ExpressionKind::Property { .. }
        | ExpressionKind::Index { .. }
        | ExpressionKind::Slice { .. }
        | ExpressionKind::HasLabels { .. } => Level::Postfix,
        ExpressionKind::Literal(_)
        | ExpressionKind::Parameter(_)
        | ExpressionKind::Variable(_)
        | ExpressionKind::List(_)
        | ExpressionKind::Map(_)
        | ExpressionKind::CountStar
        | ExpressionKind::FunctionCall { .. }
        | ExpressionKind::Case { .. }
        | ExpressionKind::ListComprehension { .. }
        | ExpressionKind::PatternComprehension { .. }
        | ExpressionKind::Quantified { .. }
        | ExpressionKind::Reduce { .. }
        | ExpressionKind::AllReduce { .. }
        | ExpressionKind::CaseSubject
        | ExpressionKind::Pattern(_)
        | ExpressionKind::Subquery { .. }
        | ExpressionKind::MapProjection { .. } => Level::Atom,
    }
}

fn logical(operator: LogicalOperator) -> (Level, &'static str) {
    match operator {
        LogicalOperator::Or => (Level::Or, " OR "),
        LogicalOperator::Xor => (Level::Xor, " XOR "),
        LogicalOperator::And => (Level::And, " AND "),
    }
}

fn binary(operator: BinaryOperator) -> (Level, &'static str) {
    match operator {
        BinaryOperator::Add => (Level::Sum, " + "),
        BinaryOperator::Concatenate => (Level::Sum, " || "),
        BinaryOperator::Subtract => (Level::Sum, " - "),
        BinaryOperator::Multiply => (Level::Product, " * "),
        BinaryOperator::Divide => (Level::Product, " / "),
        BinaryOperator::Modulo => (Level::Product, " % "),
        BinaryOperator::Power => (Level::Power, " ^ "),
        BinaryOperator::In => (Level::Predicate, " IN "),
        BinaryOperator::StartsWith => (Level::Predicate, " STARTS WITH "),
        BinaryOperator::EndsWith => (Level::Predicate, " ENDS WITH "),
        BinaryOperator::Contains => (Level::Predicate, " CONTAINS "),
        BinaryOperator::Matches => (Level::Predicate, " =~ "),
    }
}

fn comparison(operator: ComparisonOperator) -> &'static str {
    match operator {
        ComparisonOperator::Equal => " = ",
        ComparisonOperator::NotEqual => " <> ",
        ComparisonOperator::Less => " < ",
        ComparisonOperator::LessOrEqual => " <= ",
        ComparisonOperator::Greater => " > ",
        ComparisonOperator::GreaterOrEqual => " >= ",
    }
}

/// Functions whose name means something else before a parenthesis.
const SPECIAL_CALLS: &[&str] =
    &["all", "allReduce", "allShortestPaths", "any", "none", "reduce", "shortestPath", "single"];

impl Printer {
    pub(super) fn expression(&mut self, expression: &Expression) {
        self.bound_expression(expression, Level::Or);
    }

    fn optional(&mut self, before: &str, expression: Option<&Expression>) {
        if let Some(expression) = expression {
            self.word(before);
            self.expression(expression);
        }
    }

    /// An expression, in parentheses if it binds less tightly than `least`.
    fn bound_expression(&mut self, expression: &Expression, least: Level) {
        if level_of(&expression.kind) < least {
            self.word("(");
            self.bare(&expression.kind);
            self.word(")");
        } else {
            self.bare(&expression.kind);
        }
    }

    fn bare(&mut self, kind: &ExpressionKind) {
        match kind {
            ExpressionKind::Literal(literal) => self.literal(literal),
            ExpressionKind::Parameter(name) => self.parameter(name),
            ExpressionKind::Variable(name) => self.variable(name),
            ExpressionKind::List(elements) => self.list(elements),
            ExpressionKind::Map(entries) => {
                self.word("{");
                self.separated(entries, ", ", Self::map_entry);
                self.word("}");
            }
            ExpressionKind::Property { base, key } => {
                self.bound_expression(base, Level::Postfix);
                self.word(".");
                self.name(&key.text);
            }
            ExpressionKind::Index { base, index } => {
                self.bound_expression(base, Level::Postfix);
                self.word("[");
                self.expression(index);
                self.word("]");
            }
            ExpressionKind::Slice { base, from, to } => {
                self.bound_expression(base, Level::Postfix);
                self.word("[");
                self.optional("", from.as_deref());
                self.word("..");
                self.optional("", to.as_deref());
                self.word("]");
            }
            ExpressionKind::HasLabels { operand, labels } => {
                // `n:A:B` would be one test of two labels.
                let is_test = matches!(operand.kind, ExpressionKind::HasLabels { .. });
                let least = if is_test { Level::Atom } else { Level::Postfix };
                self.bound_expression(operand, least);
                self.word(":");
                // A bare `|` would end the predicate of a comprehension.
                self.labels(labels, 1);
            }
            ExpressionKind::CountStar => self.word("count(*)"),
            ExpressionKind::FunctionCall { name, distinct, arguments } => {
                self.function(name);
                self.word(if *distinct { "(DISTINCT " } else { "(" });
                self.separated(arguments, ", ", Self::expression);
                self.word(")");
            }
            ExpressionKind::Unary { .. }
            | ExpressionKind::Logical { .. }
            | ExpressionKind::Binary { .. }
            | ExpressionKind::Comparison { .. }
            | ExpressionKind::IsNull { .. }
            | ExpressionKind::IsTyped { .. } => self.operation(kind),
            // The subject stands after CASE already.
            ExpressionKind::CaseSubject => {}
            ExpressionKind::Pattern(pattern) => self.path_pattern(pattern),
            _ => self.compound(kind),
        }
    }

    /// What has an operator at its top.
    fn operation(&mut self, kind: &ExpressionKind) {
        match kind {
            ExpressionKind::Unary { operator, operand } => self.unary(*operator, operand),
            ExpressionKind::Logical { operator, operands } => {
                let (level, word) = logical(*operator);
                self.separated(operands, word, |printer, operand| {
                    printer.bound_expression(operand, level.tighter());
                });
            }
            ExpressionKind::Binary { operator, left, right } => {
                let (level, word) = binary(*operator);
                self.bound_expression(left, level);
                self.word(word);
                self.bound_expression(right, level.tighter());
            }
            ExpressionKind::Comparison { first, rest } => {
                self.bound_expression(first, Level::Predicate);
                for step in rest {
                    self.word(comparison(step.operator));
                    self.bound_expression(&step.operand, Level::Predicate);
                }
            }
            ExpressionKind::IsNull { operand, negated } => {
                self.bound_expression(operand, Level::Predicate);
                self.word(if *negated { " IS NOT NULL" } else { " IS NULL" });
            }
            ExpressionKind::IsTyped { operand, negated, of } => {
                self.bound_expression(operand, Level::Predicate);
                self.word(if *negated { " IS NOT :: " } else { " IS :: " });
                self.value_type(of);
            }
            _ => {}
        }
    }

    fn unary(&mut self, operator: UnaryOperator, operand: &Expression) {
        let (sign, level) = match operator {
            UnaryOperator::Not => ("NOT ", Level::Not),
            UnaryOperator::Plus => ("+", Level::Sign),
            UnaryOperator::Minus => ("-", Level::Sign),
        };
        self.word(sign);
        let start = self.out.len();
        self.bound_expression(operand, level);
        if operator == UnaryOperator::Not {
            return;
        }
        let printed = self.out.get(start..).unwrap_or_default();
        if printed.starts_with(['-', '+']) {
            self.out.insert(start, ' ');
        } else if operator == UnaryOperator::Minus
            && printed.starts_with(|c: char| c.is_ascii_digit())
        {
            // The sign would become part of the number.
            self.out.insert(start, '(');
            self.out.push(')');
        }
    }

    /// What has clauses or branches of its own.
    fn compound(&mut self, kind: &ExpressionKind) {
        match kind {
            ExpressionKind::Case { subject, branches, otherwise } => {
                self.word("CASE");
                self.optional(" ", subject.as_deref());
                for branch in branches {
                    self.word(" WHEN ");
                    self.separated(&branch.when, ", ", Self::case_test);
                    self.word(" THEN ");
                    self.expression(&branch.then);
                }
                self.optional(" ELSE ", otherwise.as_deref());
                self.word(" END");
            }
            ExpressionKind::ListComprehension { variable, list, filter, result } => {
                self.word("[");
                self.variable(&variable.text);
                self.word(" IN ");
                self.bound_expression(list, Level::Sum);
                self.where_(filter.as_deref());
                self.optional(" | ", result.as_deref());
                self.word("]");
            }
            ExpressionKind::PatternComprehension { pattern, filter, result } => {
                self.word("[");
                self.path_pattern(pattern);
                self.where_(filter.as_deref());
                self.word(" | ");
                self.expression(result);
                self.word("]");
            }
            ExpressionKind::Quantified { quantifier, variable, list, predicate } => {
                self.word(match quantifier {
                    Quantifier::All => "all(",
                    Quantifier::Any => "any(",
                    Quantifier::None => "none(",
                    Quantifier::Single => "single(",
                });
                self.variable(&variable.text);
                self.word(" IN ");
                self.expression(list);
                self.where_(Some(predicate));
                self.word(")");
            }
            ExpressionKind::Reduce { accumulator, initial, variable, list, result } => {
                self.word("reduce(");
                self.fold(accumulator, initial, variable, list, result);
                self.word(")");
            }
            ExpressionKind::AllReduce {
                accumulator,
                initial,
                variable,
                list,
                result,
                predicate,
            } => {
                self.word("allReduce(");
                self.fold(accumulator, initial, variable, list, result);
                self.word(", ");
                self.expression(predicate);
                self.word(")");
            }
            ExpressionKind::Subquery { kind, query } => {
                self.word(match kind {
                    SubqueryKind::Exists => "EXISTS { ",
                    SubqueryKind::Count => "COUNT { ",
                    SubqueryKind::Collect => "COLLECT { ",
                });
                self.query(query);
                self.word(" }");
            }
            ExpressionKind::MapProjection { variable, items } => {
                self.variable_before_brace(&variable.text);
                self.word(" {");
                self.separated(items, ", ", Self::map_projection_item);
                self.word("}");
            }
            _ => {}
        }
    }

    /// `accumulator = initial, variable IN list | result`
    fn fold(
        &mut self,
        accumulator: &Name,
        initial: &Expression,
        variable: &Name,
        list: &Expression,
        result: &Expression,
    ) {
        self.variable(&accumulator.text);
        self.word(" = ");
        self.expression(initial);
        self.word(", ");
        self.variable(&variable.text);
        self.word(" IN ");
        self.expression(list);
        self.word(" | ");
        self.expression(result);
    }

    /// A test of CASE. What follows the subject begins with a space, of which there is one already.
    fn case_test(&mut self, test: &Expression) {
        let start = self.out.len();
        self.expression(test);
        if self.out.get(start..).is_some_and(|printed| printed.starts_with(' ')) {
            self.out.remove(start);
        }
    }

    pub(super) fn value_type(&mut self, of: &ValueType) {
        self.separated(&of.parts, " | ", |printer, part| {
            match &part.kind {
                TypeKind::Name(name) => printer.word(name),
                TypeKind::List(of) | TypeKind::OneOf(of) => {
                    let is_list = matches!(part.kind, TypeKind::List(_));
                    printer.word(if is_list { "LIST<" } else { "ANY<" });
                    printer.value_type(of);
                    printer.word(">");
                }
            }
            if part.not_null {
                printer.word(" NOT NULL");
            }
        });
    }

    fn literal(&mut self, literal: &Literal) {
        // Writing into a String cannot fail.
        let _ = match literal {
            Literal::Null => self.out.write_str("null"),
            Literal::Boolean(value) => write!(self.out, "{value}"),
            Literal::Integer(value) => write!(self.out, "{value}"),
            // The debug form keeps the fraction of `1.0` and gives the shortest text that reads back.
            Literal::Float(value) => write!(self.out, "{value:?}"),
            Literal::String(text) => {
                self.string(text);
                Ok(())
            }
            Literal::List(items) => {
                self.word("[");
                self.separated(items, ", ", |printer, item| printer.literal(item));
                self.word("]");
                Ok(())
            }
            Literal::Map(entries) => {
                self.word("{");
                self.separated(entries, ", ", |printer, (key, value)| {
                    printer.name(key);
                    printer.word(": ");
                    printer.literal(value);
                });
                self.word("}");
                Ok(())
            }
        };
    }

    pub(super) fn parameter(&mut self, name: &str) {
        self.word("$");
        let plain = !name.is_empty()
            && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if plain {
            self.word(name);
        } else {
            self.quoted(name);
        }
    }

    fn list(&mut self, elements: &[Expression]) {
        self.word("[");
        if let [only] = elements
            && let ExpressionKind::Binary { operator: BinaryOperator::In, left, .. } = &only.kind
            && left.as_variable().is_some()
        {
            // Without parentheses this would be a comprehension.
            self.word("(");
            self.expression(only);
            self.word(")]");
            return;
        }
        self.separated(elements, ", ", Self::expression);
        self.word("]");
    }

    fn map_entry(&mut self, entry: &MapEntry) {
        self.name(&entry.key.text);
        self.word(": ");
        self.expression(&entry.value);
    }

    fn map_projection_item(&mut self, item: &MapProjectionItem) {
        match item {
            MapProjectionItem::Property(key) => {
                self.word(".");
                self.name(&key.text);
            }
            MapProjectionItem::AllProperties => self.word(".*"),
            MapProjectionItem::Variable(variable) => self.variable(&variable.text),
            MapProjectionItem::Entry(entry) => self.map_entry(entry),
        }
    }

    fn function(&mut self, name: &QualifiedName) {
        for (at, part) in name.parts.iter().enumerate() {
            if at > 0 {
                self.word(".");
                self.name(&part.text);
                continue;
            }
            self.name_unless(&part.text, |word| {
                is_reserved(word)
                    || SPECIAL_CALLS.iter().any(|special| word.eq_ignore_ascii_case(special))
            });
        }
    }
}
