//! The grammar of `grammar/*.pest`, and the only place that names the parser generator.
//!
//! Owns the generated parser, the operator table and the shape of a failure. Rules stay within `syntax`.

use std::sync::LazyLock;

use pest::Parser as _;
use pest::error::ErrorVariant;
use pest::error::InputLocation;
use pest::pratt_parser::Assoc;
use pest::pratt_parser::Op;
use pest::pratt_parser::PrattParser;

#[derive(pest_derive::Parser)]
#[grammar = "grammar/cypher.pest"]
#[grammar = "grammar/clause.pest"]
#[grammar = "grammar/pattern.pest"]
#[grammar = "grammar/schema.pest"]
#[grammar = "grammar/expression.pest"]
#[grammar = "grammar/lexical.pest"]
struct Grammar;

/// A piece of text that a rule matched, with the pieces within it.
pub type Pair<'t> = pest::iterators::Pair<'t, Rule>;

/// The pieces within a piece, in order.
pub type Pairs<'t> = pest::iterators::Pairs<'t, Rule>;

/// How far the text follows the grammar, and what could have come next.
#[derive(Debug)]
pub struct Failure {
    /// The offset of the first byte that fits nothing.
    pub at: usize,
    /// The rules that could have begun there.
    pub expected: Vec<Rule>,
    /// The parser gave up because of depth or work, and not because of the text.
    pub exhausted: bool,
}

/// Parses the whole text by a rule.
pub fn parse(rule: Rule, text: &str) -> Result<Pairs<'_>, Failure> {
    Grammar::parse(rule, text).map_err(|error| {
        let at = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
        };
        match error.variant {
            ErrorVariant::ParsingError { positives, .. } => {
                Failure { at, expected: positives, exhausted: false }
            }
            ErrorVariant::CustomError { .. } => {
                Failure { at, expected: Vec::new(), exhausted: true }
            }
        }
    })
}

/// The operators, loosest first. One line is one level; operators of a level group to the left.
static OPERATORS: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let infix = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(infix(Rule::or))
        .op(infix(Rule::xor))
        .op(infix(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(infix(Rule::equal)
            | infix(Rule::not_equal)
            | infix(Rule::less)
            | infix(Rule::less_or_equal)
            | infix(Rule::greater)
            | infix(Rule::greater_or_equal))
        .op(infix(Rule::in_list)
            | infix(Rule::starts_with)
            | infix(Rule::ends_with)
            | infix(Rule::contains)
            | infix(Rule::matches)
            | Op::postfix(Rule::null_test)
            | Op::postfix(Rule::type_test)
            | Op::postfix(Rule::label_test))
        .op(infix(Rule::concatenate) | infix(Rule::add) | infix(Rule::subtract))
        .op(infix(Rule::multiply) | infix(Rule::divide) | infix(Rule::modulo))
        .op(infix(Rule::power))
        .op(Op::prefix(Rule::minus) | Op::prefix(Rule::plus))
        .op(Op::postfix(Rule::property_lookup)
            | Op::postfix(Rule::subscript)
            | Op::postfix(Rule::label_predicate))
});

/// Folds a flat run of operands and operators by precedence.
pub fn fold<'t, T>(
    pairs: Pairs<'t>,
    operand: impl FnMut(Pair<'t>) -> T,
    prefix: impl FnMut(Pair<'t>, T) -> T,
    infix: impl FnMut(T, Pair<'t>, T) -> T,
    postfix: impl FnMut(T, Pair<'t>) -> T,
) -> T {
    OPERATORS
        .map_primary(operand)
        .map_prefix(prefix)
        .map_infix(infix)
        .map_postfix(postfix)
        .parse(pairs)
}
