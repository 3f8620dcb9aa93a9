//! The abstract syntax tree: a query as written, names unresolved, every node with its place.
//!
//! Owns the data types between text and binder. Holds no logic beyond small accessors and knows
//! nothing of the parser that builds it or of what names mean.
//!
//! Two nodes are equal when they mean the same text: spans take no part in `==`.

/// Declares AST nodes: each gets a `span`, and an equality that looks at everything but the span.
macro_rules! node {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident { $( $(#[$doc:meta])* pub $field:ident : $type:ty ),* $(,)? }
    )*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $( $(#[$doc])* pub $field: $type, )*
            /// Where it stands in the text.
            pub span: $crate::error::Span,
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool { let _ = other; true $( && self.$field == other.$field )* }
        }
    )* };
}

mod clause;
mod expression;
mod path;
mod pattern;
mod schema;
mod statement;

pub use clause::*;
pub use expression::*;
pub use path::*;
pub use pattern::*;
pub use schema::*;
pub use statement::*;

node! {
    /// A name as meant: without backticks, escapes resolved. Which kind of name it is (variable, label,
    /// relationship type, property key) follows from where it stands.
    pub struct Name {
        /// The name itself.
        pub text: String,
    }
}

impl Name {
    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

node! {
    /// A name with namespaces, of a function or a procedure: `db.labels`.
    pub struct QualifiedName {
        /// The parts between the dots; the last is the name proper. Never empty.
        pub parts: Vec<Name>,
    }
}

impl std::fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            f.write_str(&part.text)?;
        }
        Ok(())
    }
}
