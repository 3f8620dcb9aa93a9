//! What was expected, what was found, and which slip it probably was.
//!
//! Owns the words of syntax errors. Sees the rules that could have matched and the tokens of the text;
//! knows nothing of the tree.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Span;
use crate::syntax::grammar::Failure;
use crate::syntax::grammar::Rule;
use crate::syntax::keyword::KEYWORDS;
use crate::syntax::keyword::is_reserved;
use crate::syntax::limits;
use crate::syntax::token::Token;
use crate::syntax::token::TokenKind;
use crate::syntax::token::begins_word;
use crate::syntax::token::tokens;

/// How many things an error says that it expected.
const MOST_EXPECTED: usize = 7;

/// The place of a failure among the tokens of the text.
struct Scene<'t> {
    text: &'t str,
    base: usize,
    tokens: Vec<Token>,
    /// The number of tokens before the failure.
    at: usize,
}

impl<'t> Scene<'t> {
    fn new(text: &'t str, at: usize, base: usize) -> Self {
        let tokens: Vec<Token> =
            tokens(text).filter(|token| token.kind != TokenKind::Comment).collect();
        let at = tokens.partition_point(|token| token.span.end <= at);
        Self { text, base, tokens, at }
    }

    /// The token at the failure; none at the end of the text.
    fn found(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    fn word(&self, at: Option<usize>) -> &'t str {
        at.and_then(|at| self.tokens.get(at)).map_or("", |token| token.text(self.text))
    }

    fn found_word(&self) -> &'t str {
        self.word(Some(self.at))
    }

    /// The text of the token so many before the failure.
    fn before(&self, steps: usize) -> &'t str {
        self.word(self.at.checked_sub(steps))
    }

    fn span(&self, token: Token) -> Span {
        Span::new(token.span.start + self.base, token.span.end + self.base)
    }

    /// The place of the failure; behind the last token at the end of the text.
    fn place(&self) -> Span {
        match (self.found(), self.tokens.last()) {
            (Some(token), _) => self.span(token),
            (None, Some(last)) => Span::new(last.span.end + self.base, last.span.end + self.base),
            (None, None) => Span::new(self.base, self.base),
        }
    }

    /// The innermost bracket that is open at the failure.
    fn open_bracket(&self) -> Option<Token> {
        let mut open = Vec::new();
        for token in self.tokens.iter().take(self.at) {
            match token.text(self.text) {
                "(" | "[" | "{" => open.push(*token),
                ")" | "]" | "}" => {
                    open.pop();
                }
                _ => {}
            }
        }
        open.pop()
    }
}

/// The error for a text that does not follow the grammar.
pub fn explain(failure: &Failure, text: &str, base: usize) -> Error {
    let scene = Scene::new(text, failure.at, base);
    if failure.exhausted {
        return limits::too_deep(scene.place());
    }
    if let Some(error) = unreadable(&scene) {
        return error;
    }
    let expected = expected(&failure.expected);
    let error = |message: String| Error::syntax(Detail::UnexpectedSyntax, message);
    if let Some((message, help)) = foreign_operator(&scene) {
        return error(message).at(scene.place()).help(help);
    }
    if scene.found().is_none_or(|token| token.text(text) == ";")
        && let Some(open) = scene.open_bracket()
    {
        let sign = open.text(text);
        let close = closing(sign);
        return error(format!("`{sign}` is not closed"))
            .at(scene.span(open))
            .help(format!("Add the `{close}` that belongs to it."));
    }
    let takes_variable = failure.expected.contains(&Rule::variable);
    if takes_variable
        && let Some(token) = scene.found().filter(|token| names_nothing(&scene, token))
    {
        let word = token.text(text);
        return error(format!("`{word}` is a reserved word and cannot be a variable"))
            .at(scene.place())
            .help(format!("Choose another name, or write it in backticks: `` `{word}` ``."));
    }
    let message = format!("expected {}, found {}", listed(&expected), describe(&scene));
    let error = error(message).at(scene.place());
    match advice(&scene, &failure.expected) {
        Some(help) => error.help(help),
        None => error,
    }
}

/// What cannot be read at all: an unclosed string or comment, a character of no meaning.
fn unreadable(scene: &Scene<'_>) -> Option<Error> {
    let token = scene.found()?;
    let word = token.text(scene.text);
    let first = word.chars().next()?;
    match token.kind {
        TokenKind::Unclosed => {
            let (what, close) = match first {
                '/' => ("comment", "*/".to_owned()),
                '`' | '$' => ("name in backticks", "`".to_owned()),
                quote => ("string", quote.to_string()),
            };
            let start = scene.span(token).start;
            let opening = if first == '/' { 2 } else { 1 };
            Some(
                Error::syntax(Detail::UnexpectedSyntax, format!("the {what} is not closed"))
                    .at(Span::new(start, start + opening))
                    .help(format!("Close it with {close}.")),
            )
        }
        TokenKind::Unknown if !first.is_ascii() => {
            let error = Error::syntax(
                Detail::InvalidUnicodeCharacter,
                format!("the character `{first}` (U+{:04X}) has no meaning here", first as u32),
            )
            .at(scene.span(token));
            Some(match lookalike(first) {
                Some(plain) => error.help(format!("Did you mean `{plain}`?")),
                None => error.help(
                    "Other characters than Cypher's own stand in strings, names and comments.",
                ),
            })
        }
        _ => None,
    }
}

/// The plain character that a typographic one was meant for.
fn lookalike(c: char) -> Option<char> {
    Some(match c {
        '\u{AD}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' => {
            '-'
        }
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{2032}' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{2033}' => '"',
        '\u{D7}' => '*',
        '\u{F7}' => '/',
        '\u{FF08}' => '(',
        '\u{FF09}' => ')',
        '\u{FF0C}' => ',',
        '\u{FF1A}' => ':',
        '\u{FF1B}' => ';',
        '\u{FF1D}' => '=',
        _ => return None,
    })
}

/// An operator of another language.
fn foreign_operator(scene: &Scene<'_>) -> Option<(String, &'static str)> {
    let found = scene.found()?;
    let follows = |token: Token, text: &str| {
        scene.text.get(token.span.end..).is_some_and(|rest| rest.starts_with(text))
    };
    let touches_previous = scene
        .at
        .checked_sub(1)
        .and_then(|at| scene.tokens.get(at))
        .is_some_and(|previous| previous.span.end == found.span.start);
    let (operator, help) = match (scene.before(1), scene.found_word()) {
        ("=", "=") if touches_previous => ("==", "Equality is written `=`."),
        (_, "!") if follows(found, "=") => ("!=", "Inequality is written `<>`."),
        (_, "!") => ("!", "Negation is written NOT."),
        (_, "&") if follows(found, "&") => ("&&", "Conjunction is written AND."),
        (_, "||") => ("||", "`||` joins two strings or lists; disjunction is written OR."),
        _ => return None,
    };
    Some((format!("`{operator}` is not an operator here"), help))
}

fn closing(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

/// Whether the token is a reserved word that stands like a name: not the beginning of what comes next.
fn names_nothing(scene: &Scene<'_>, token: &Token) -> bool {
    if !is_reserved(token.text(scene.text)) {
        return false;
    }
    let after_as = scene.before(1).eq_ignore_ascii_case("as");
    let next = scene.word(Some(scene.at + 1));
    after_as
        || matches!(scene.before(1), "(" | "[")
        || next.eq_ignore_ascii_case("in")
        || next == "="
}

/// What was found, in words.
fn describe(scene: &Scene<'_>) -> String {
    let Some(token) = scene.found() else { return "the end of the query".to_owned() };
    let mut word: String = token.text(scene.text).chars().take(40).collect();
    if word.len() < token.text(scene.text).len() {
        word.push('…');
    }
    match token.kind {
        TokenKind::Keyword => format!("the keyword `{word}`"),
        TokenKind::Number => format!("the number `{word}`"),
        TokenKind::String => format!("the string {word}"),
        TokenKind::Parameter => format!("the parameter `{word}`"),
        _ => format!("`{word}`"),
    }
}

/// A sentence on the slip it probably was.
fn advice(scene: &Scene<'_>, expected: &[Rule]) -> Option<String> {
    let found = scene.found()?;
    let word = scene.found_word();
    if matches!(found.kind, TokenKind::Name)
        && let Some(keyword) = nearest_keyword(word, expected)
    {
        return Some(format!("Did you mean `{keyword}`?"));
    }
    let clause_before = scene.before(1);
    if matches!(found.kind, TokenKind::Name)
        && scene.at > 0
        && clause_before.chars().all(char::is_alphabetic)
        && expected.contains(&Rule::comma)
        && let Some(keyword) = nearest_clause(clause_before)
    {
        return Some(format!("Did you mean `{keyword}` before it?"));
    }
    if let Some(open) = scene.open_bracket().filter(|_| found.kind == TokenKind::Keyword) {
        let close = closing(open.text(scene.text));
        if expected.iter().any(|rule| words(*rule) == close) {
            return Some(format!("A `{close}` may be missing before `{word}`."));
        }
    }
    if expected == [Rule::equals]
        && matches!(scene.before(1).chars().next(), Some(c) if begins_word(c))
    {
        return Some(format!("A node is written in parentheses: `({})`.", scene.before(1)));
    }
    if word == "}" && expected == [Rule::colon] && scene.before(2) == "{" {
        return Some(format!("A parameter is written `${}`.", scene.before(1)));
    }
    let begins_operand = matches!(
        found.kind,
        TokenKind::Name
            | TokenKind::QuotedName
            | TokenKind::Number
            | TokenKind::String
            | TokenKind::Parameter
    ) || matches!(word, "(" | "{" | "[");
    if begins_operand && expected.contains(&Rule::comma) {
        return Some(format!("A comma may be missing before {}.", describe(scene)));
    }
    if matches!(word, ")" | "]" | "}") && scene.open_bracket().is_none() {
        return Some(format!("No bracket is open that this `{word}` could close."));
    }
    if matches!(word, ")" | "]" | "}")
        && let Some(open) = scene.open_bracket()
        && closing(open.text(scene.text)) != word
    {
        let sign = open.text(scene.text);
        return Some(format!(
            "The bracket that is open is `{sign}`; it closes with `{}`.",
            closing(sign)
        ));
    }
    None
}

/// The keyword that could stand here and looks most like the word.
fn nearest_keyword(word: &str, expected: &[Rule]) -> Option<&'static str> {
    let takes_clause = expected.iter().filter(|rule| is_clause(**rule)).count() > 2
        || expected.iter().any(|rule| words(*rule) == "a clause");
    let upper = word.to_ascii_uppercase();
    KEYWORDS
        .iter()
        .filter(|keyword| {
            (takes_clause && keyword.clause)
                || expected.iter().any(|rule| words(*rule).split(' ').next() == Some(keyword.word))
        })
        .map(|keyword| (distance(&upper, keyword.word), keyword.word))
        .filter(|(distance, keyword)| *distance <= 2 && *distance * 3 <= keyword.len())
        .min()
        .map(|(_, keyword)| keyword)
}

/// The clause keyword that a word which was read as a name looks like.
fn nearest_clause(word: &str) -> Option<&'static str> {
    let upper = word.to_ascii_uppercase();
    KEYWORDS
        .iter()
        .filter(|keyword| keyword.clause && keyword.word != upper)
        .map(|keyword| (distance(&upper, keyword.word), keyword.word))
        .filter(|(distance, keyword)| *distance <= 1 && keyword.len() > 3)
        .min()
        .map(|(_, keyword)| keyword)
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(32).collect();
    let b: Vec<char> = b.chars().take(32).collect();
    let width = b.len() + 1;
    let mut table = vec![0; (a.len() + 1) * width];
    let cell = |table: &[usize], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let best = if i == 0 || j == 0 {
                i + j
            } else {
                let same = a.get(i - 1) == b.get(j - 1);
                let mut best = (cell(&table, i - 1, j) + 1)
                    .min(cell(&table, i, j - 1) + 1)
                    .min(cell(&table, i - 1, j - 1) + usize::from(!same));
                if i > 1 && j > 1 && a.get(i - 1) == b.get(j - 2) && a.get(i - 2) == b.get(j - 1) {
                    best = best.min(cell(&table, i - 2, j - 2) + 1);
                }
                best
            };
            if let Some(slot) = table.get_mut(i * width + j) {
                *slot = best;
            }
        }
    }
    cell(&table, a.len(), b.len())
}

fn is_clause(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::match_clause
            | Rule::delete_clause
            | Rule::call_clause
            | Rule::kw_match
            | Rule::kw_optional
            | Rule::kw_create
            | Rule::kw_merge
            | Rule::kw_set
            | Rule::kw_remove
            | Rule::kw_delete
            | Rule::kw_detach
            | Rule::kw_unwind
            | Rule::kw_with
            | Rule::kw_return
            | Rule::kw_call
            | Rule::kw_foreach
            | Rule::kw_let
            | Rule::kw_load
            | Rule::kw_filter
            | Rule::kw_finish
            | Rule::kw_insert
            | Rule::kw_use
            | Rule::kw_nodetach
            | Rule::page_clause
            | Rule::conditional
            | Rule::when_branch
            | Rule::kw_show
            | Rule::kw_drop
            | Rule::show_clause
    )
}

/// Whether the rule only goes on with an expression that could as well end here.
fn is_operator(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::or
            | Rule::xor
            | Rule::and
            | Rule::equal
            | Rule::not_equal
            | Rule::less
            | Rule::less_or_equal
            | Rule::greater
            | Rule::greater_or_equal
            | Rule::add
            | Rule::subtract
            | Rule::multiply
            | Rule::divide
            | Rule::modulo
            | Rule::concatenate
            | Rule::type_test
            | Rule::double_colon
            | Rule::power
            | Rule::in_list
            | Rule::starts_with
            | Rule::ends_with
            | Rule::contains
            | Rule::matches
            | Rule::kw_starts
            | Rule::kw_ends
            | Rule::kw_is
            | Rule::null_test
            | Rule::label_test
            | Rule::property_lookup
            | Rule::subscript
            | Rule::label_predicate
            | Rule::infix
            | Rule::postfix
    )
}

/// The expected rules as words, each once: the exact ones first, whole families after them.
fn expected(rules: &[Rule]) -> Vec<String> {
    let after_operand = rules.contains(&Rule::or);
    let before_operand = rules.contains(&Rule::string);
    let many_clauses = rules.iter().filter(|rule| is_clause(**rule)).count() > 2;
    let (mut exact, mut families, mut end) = (Vec::new(), Vec::new(), false);
    let push = |list: &mut Vec<String>, word: String| {
        if !list.contains(&word) {
            list.push(word);
        }
    };
    for rule in rules {
        match rule {
            // What these stand for is expected under another name.
            Rule::reserved | Rule::special | Rule::kind_word => {}
            // GQL's word for a colon.
            Rule::kw_is if rules.contains(&Rule::colon) => {}
            // Rare ones would hide what was more likely meant.
            Rule::kw_next
            | Rule::in_transactions
            | Rule::kw_group
            | Rule::group_part
            | Rule::kw_cypher
            | Rule::version => {}
            // A node beside a node is hardly what was meant.
            Rule::open_paren if rules.contains(&Rule::relationship_pattern) => {}
            Rule::parenthesized_path if rules.contains(&Rule::node_pattern) => {}
            Rule::parameter | Rule::map | Rule::open_paren | Rule::open_brace if before_operand => {
            }
            Rule::EOI | Rule::end_of_text | Rule::semicolon => end = true,
            rule if is_operator(*rule) && after_operand => {
                push(&mut families, "an operator".to_owned());
            }
            // After an operand these begin a label test, a call or a projection.
            Rule::colon | Rule::open_paren | Rule::open_brace if after_operand => {}
            rule if is_clause(*rule) && many_clauses => push(&mut families, "a clause".to_owned()),
            rule => push(&mut exact, words(*rule)),
        }
    }
    exact.append(&mut families);
    exact.truncate(MOST_EXPECTED);
    if end {
        exact.push("the end of the query".to_owned());
    }
    exact
}

/// `a, b or c`, keywords and signs in backticks.
fn listed(expected: &[String]) -> String {
    let shown = |word: &String| {
        if word.contains(char::is_lowercase) { word.clone() } else { format!("`{word}`") }
    };
    match expected.split_last() {
        None => "something else".to_owned(),
        Some((only, [])) => shown(only),
        Some((last, others)) => {
            let others: Vec<String> = others.iter().map(shown).collect();
            format!("{} or {}", others.join(", "), shown(last))
        }
    }
}

/// A rule in words that users know: a keyword or sign itself, or what kind of thing it is.
fn words(rule: Rule) -> String {
    let sign = match rule {
        Rule::open_paren => "(",
        Rule::close_paren => ")",
        Rule::open_bracket => "[",
        Rule::close_bracket => "]",
        Rule::open_brace => "{",
        Rule::close_brace => "}",
        Rule::comma => ",",
        Rule::colon | Rule::label_part | Rule::set_labels => ":",
        Rule::computed_label => "$",
        Rule::type_test | Rule::double_colon => "::",
        Rule::unknown_type
        | Rule::value_type
        | Rule::type_part
        | Rule::type_name
        | Rule::type_of_parts => "a type",
        Rule::case_test => "an expression",
        Rule::list_suffix => "LIST",
        Rule::nullability => "NOT NULL",
        Rule::bar | Rule::comprehension_rest => "|",
        Rule::equals | Rule::equal | Rule::set_replace => "=",
        Rule::set_add => "+=",
        Rule::star | Rule::length => "*",
        Rule::range => "..",
        Rule::dash => "-",
        Rule::left_head => "<",
        Rule::right_head | Rule::close_angle => ">",
        Rule::property_lookup | Rule::all_properties => ".",
        Rule::nothing | Rule::minus | Rule::subtract => "-",
        Rule::relationship_body | Rule::subscript => "[",
        Rule::where_part | Rule::inline_where => "WHERE",
        Rule::yield_part => "YIELD",
        Rule::order_part | Rule::kw_order => "ORDER BY",
        Rule::skip_part => "SKIP",
        Rule::limit_part => "LIMIT",
        Rule::merge_action => "ON",
        Rule::case_branch => "WHEN",
        Rule::case_else => "ELSE",
        Rule::union_part => "UNION",
        Rule::group_part => "GROUP BY",
        Rule::conditional | Rule::when_branch => "WHEN",
        Rule::else_branch => "ELSE",
        Rule::version => "CYPHER",
        Rule::match_clause => "MATCH",
        Rule::delete_clause => "DELETE",
        Rule::call_clause => "CALL",
        Rule::whole_statement
        | Rule::statement
        | Rule::query
        | Rule::segment
        | Rule::single_query
        | Rule::page_clause
        | Rule::mode => "a clause",
        Rule::whole_expression | Rule::expression | Rule::number | Rule::negative_number => {
            "an expression"
        }
        Rule::not
        | Rule::string
        | Rule::list
        | Rule::node_or_parenthesis
        | Rule::parenthesis
        | Rule::true_literal
        | Rule::false_literal
        | Rule::null_literal
        | Rule::case
        | Rule::quantified
        | Rule::reduce
        | Rule::all_reduce
        | Rule::subquery
        | Rule::function_call
        | Rule::trim_call
        | Rule::variable_or_projection => "an expression",
        Rule::projection | Rule::projection_item | Rule::sort_item => "an expression",
        Rule::call_arguments => "(",
        Rule::variable | Rule::let_item | Rule::set_item | Rule::set_target | Rule::remove_item => {
            "a variable"
        }
        Rule::name | Rule::map_entry | Rule::qualified_name | Rule::yield_item => "a name",
        Rule::call_procedure => "a procedure",
        Rule::call_subquery => "a subquery",
        Rule::projection_entry => "a property",
        Rule::label_expression | Rule::label_conjunction => "a label",
        Rule::label_not => "!",
        Rule::label_any => "%",
        Rule::properties | Rule::map => "{",
        Rule::parameter => "a parameter",
        Rule::integer | Rule::length_range | Rule::bare_range => "a number",
        Rule::path_pattern | Rule::node_pattern => "a node pattern",
        Rule::relationship_pattern => "a relationship",
        Rule::shortest_path => "a path",
        Rule::path_quantifier => "a quantifier",
        Rule::parenthesized_path => "a node pattern",
        // Said only where nothing of it has been read: it always may be left out.
        Rule::path_prefix | Rule::path_selector | Rule::path_mode => "a path selector",
        Rule::inner_path_name => "a variable",
        Rule::path_count | Rule::quantifier_range => "a number",
        Rule::match_mode => "a match mode",
        Rule::path_word => "PATHS",
        Rule::group_word => "GROUPS",
        _ => return keyword_of(rule),
    };
    sign.to_owned()
}

/// The keyword of a rule that is named after it.
fn keyword_of(rule: Rule) -> String {
    let name = format!("{rule:?}");
    match name.strip_prefix("kw_") {
        Some(keyword) => keyword.replace('_', "").to_ascii_uppercase(),
        None => name.replace('_', " "),
    }
}
