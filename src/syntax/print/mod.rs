//! The syntax tree as canonical Cypher: one line, keywords in capitals, as few parentheses as possible.
//!
//! Parsing the printed text gives an equal tree. Knows nothing of how a text is parsed.

mod clause;
mod expression;
mod pattern;
mod schema;

use std::fmt::Write;

use crate::syntax::ast::Expression;
use crate::syntax::ast::Mode;
use crate::syntax::ast::Query;
use crate::syntax::ast::SingleQuery;
use crate::syntax::ast::Statement;
use crate::syntax::keyword::is_reserved;
use crate::syntax::token::begins_word;

/// The statement as text. Projection items without an alias stay as written, since their text is the name
/// of their column.
///
/// ```
/// use redstring::syntax::{parse, print};
/// let statement = parse("match (n:Person)where n.age>30 return  n.name As name").unwrap();
/// assert_eq!(print(&statement), "MATCH (n:Person) WHERE n.age > 30 RETURN n.name AS name");
/// ```
pub fn print(statement: &Statement) -> String {
    Printer { out: String::new(), keeps_text: true }.whole(statement)
}

/// The statement as text, projection items too: the same spelling for all spellings of one tree. Columns
/// without an alias may change their name.
pub fn print_canonical(statement: &Statement) -> String {
    Printer { out: String::new(), keeps_text: false }.whole(statement)
}

/// The expression as text.
pub fn print_expression(expression: &Expression) -> String {
    let mut printer = Printer { out: String::new(), keeps_text: true };
    printer.expression(expression);
    printer.out
}

/// The text so far.
struct Printer {
    out: String,
    /// Whether items without an alias are printed as they were written.
    keeps_text: bool,
}

impl Printer {
    fn whole(mut self, statement: &Statement) -> String {
        match statement.mode {
            Mode::Run => {}
            Mode::Explain => self.word("EXPLAIN "),
            Mode::Profile => self.word("PROFILE "),
        }
        self.query(&statement.query);
        self.out
    }

    fn query(&mut self, query: &Query) {
        for (at, segment) in query.segments().enumerate() {
            if at > 0 {
                self.word(" NEXT ");
            }
            self.single_query(&segment.first);
            for union in &segment.unions {
                self.word(if union.all { " UNION ALL " } else { " UNION " });
                self.single_query(&union.query);
            }
        }
    }

    fn single_query(&mut self, query: &SingleQuery) {
        self.separated(&query.clauses, " ", Self::clause);
    }

    fn word(&mut self, word: &str) {
        self.out.push_str(word);
    }

    /// Prints each item, with a text between each two.
    fn separated<T>(&mut self, items: &[T], between: &str, print: impl Fn(&mut Self, &T)) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.word(between);
            }
            print(self, item);
        }
    }

    /// A variable, in backticks where it needs them.
    fn variable(&mut self, name: &str) {
        self.name_unless(name, is_reserved);
    }

    /// A variable before `{`, which must not read as a subquery.
    fn variable_before_brace(&mut self, name: &str) {
        self.name_unless(name, |name| {
            is_reserved(name)
                || ["exists", "count", "collect"].iter().any(|word| name.eq_ignore_ascii_case(word))
        });
    }

    /// A label, type or property key, in backticks where it needs them.
    fn name(&mut self, name: &str) {
        self.name_unless(name, |_| false);
    }

    fn name_unless(&mut self, name: &str, needs_quotes: impl Fn(&str) -> bool) {
        let plain = name.is_ascii()
            && name.starts_with(begins_word)
            && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if plain && !needs_quotes(name) {
            self.word(name);
        } else {
            self.quoted(name);
        }
    }

    fn quoted(&mut self, name: &str) {
        self.out.push('`');
        self.out.push_str(&name.replace('`', "``"));
        self.out.push('`');
    }

    fn string(&mut self, text: &str) {
        self.out.push('\'');
        for c in text.chars() {
            match c {
                '\'' => self.word("\\'"),
                '\\' => self.word("\\\\"),
                '\n' => self.word("\\n"),
                '\r' => self.word("\\r"),
                '\t' => self.word("\\t"),
                '\u{8}' => self.word("\\b"),
                '\u{C}' => self.word("\\f"),
                c if c.is_control() => {
                    // Writing into a String cannot fail.
                    let _ = write!(self.out, "\\u{:04X}", c as u32);
                }
                c => self.out.push(c),
            }
        }
        self.out.push('\'');
    }
}
