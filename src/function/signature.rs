//! Signatures as text: `name(a :: STRING, b? :: INTEGER) :: STRING`, and for procedures
//! `name(a :: STRING) :: (x :: STRING, y :: INTEGER)`.
//!
//! A `?` after a parameter's name makes it optional, `...` lets it repeat, and a `?` after a type says
//! that it may be null, which every type may.

use std::fmt;
use std::sync::Arc;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::value::Type;

/// A parsed signature.
///
/// ```
/// use redstring::function::Signature;
/// let signature = Signature::parse("my.proc(name :: STRING?) :: (city :: STRING, code :: INTEGER)")?;
/// assert_eq!(&*signature.name, "my.proc");
/// assert_eq!(signature.columns.len(), 2);
/// # Ok::<(), redstring::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name, dots included.
    pub name: Arc<str>,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The type of a function's result, or `Type::Any`.
    pub result: Type,
    /// The columns of a procedure's result.
    pub columns: Vec<(Arc<str>, Type)>,
}

/// A parameter of a [`Signature`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: Arc<str>,
    /// What it accepts.
    pub ty: Type,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it may repeat (the last one only).
    pub repeats: bool,
}

/// How many arguments a call may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arity {
    /// The fewest.
    pub least: usize,
    /// The most; `None` where there is no limit.
    pub most: Option<usize>,
}

/// The types that have one word or two, in Cypher's spelling; the first of equals is what is printed.
const TYPES: &[(&str, Type)] = &[
    ("ANY", Type::Any),
    ("NULL", Type::Null),
    ("BOOLEAN", Type::Boolean),
    ("INTEGER", Type::Integer),
    ("FLOAT", Type::Float),
    ("NUMBER", Type::Number),
    ("STRING", Type::String),
    ("MAP", Type::Map),
    ("NODE", Type::Node),
    ("RELATIONSHIP", Type::Relationship),
    ("PATH", Type::Path),
    ("DATE", Type::Date),
    ("LOCAL TIME", Type::LocalTime),
    ("LOCALTIME", Type::LocalTime),
    ("ZONED TIME", Type::Time),
    ("TIME", Type::Time),
    ("LOCAL DATETIME", Type::LocalDateTime),
    ("LOCALDATETIME", Type::LocalDateTime),
    ("ZONED DATETIME", Type::DateTime),
    ("DATETIME", Type::DateTime),
    ("DURATION", Type::Duration),
    ("POINT", Type::Point),
    ("BOOL", Type::Boolean),
    ("INT", Type::Integer),
];

impl Signature {
    /// Reads a signature.
    ///
    /// # Errors
    /// `UsageError.UnexpectedSyntax` that says what was expected, with the place in `text`.
    pub fn parse(text: &str) -> Result<Self> {
        Reader { text, at: 0 }.signature()
    }

    /// How many arguments a call of this form may have.
    pub fn arity(&self) -> Arity {
        let least = self.parameters.iter().filter(|p| !p.optional && !p.repeats).count();
        let repeats = self.parameters.iter().any(|p| p.repeats);
        // What repeats must be there once, or the call would have no meaning.
        let least = least + usize::from(repeats && self.parameters.iter().all(|p| !p.optional));
        Arity { least, most: (!repeats).then_some(self.parameters.len()) }
    }

    /// The parameter that takes the argument at `index`.
    pub fn parameter(&self, index: usize) -> Option<&Parameter> {
        self.parameters.get(index).or_else(|| self.parameters.last().filter(|p| p.repeats))
    }

    /// Whether a call with arguments of these types can succeed.
    pub fn accepts(&self, arguments: &[Type]) -> bool {
        self.arity().accepts(arguments.len()) && self.first_mismatch(arguments).is_none()
    }

    fn first_mismatch(&self, arguments: &[Type]) -> Option<usize> {
        arguments
            .iter()
            .enumerate()
            .position(|(i, ty)| !self.parameter(i).is_some_and(|p| p.ty.accepts(ty)))
    }
}

/// What is known of a call with arguments of these types, from all forms of a function: its result's
/// type; or the index of the first argument that no form takes, and what would have been taken there.
///
/// The number of arguments must have been checked with [`Arity::of`].
pub fn check_types(forms: &[Signature], arguments: &[Type]) -> Result<Type, (usize, Vec<Type>)> {
    let mut result: Option<Type> = None;
    let mut mismatch: Option<(usize, Vec<Type>)> = None;
    for form in forms.iter().filter(|form| form.arity().accepts(arguments.len())) {
        match form.first_mismatch(arguments) {
            None => {
                result = Some(match result {
                    Some(known) => known.union(&form.result),
                    None => form.result.clone(),
                });
            }
            Some(index) => {
                let wanted = form.parameter(index).map(|p| p.ty.clone()).unwrap_or_default();
                match &mut mismatch {
                    Some((known, types)) if *known == index => {
                        if !types.contains(&wanted) {
                            types.push(wanted);
                        }
                    }
                    // The form that fits furthest is the one that was meant.
                    Some((known, _)) if *known > index => {}
                    _ => mismatch = Some((index, vec![wanted])),
                }
            }
        }
    }
    match (result, mismatch) {
        (Some(ty), _) => Ok(ty),
        (None, Some(mismatch)) => Err(mismatch),
        (None, None) => Ok(Type::Any),
    }
}

impl Arity {
    /// What all forms of a function allow together.
    pub fn of(forms: &[Signature]) -> Self {
        let mut arity = Self { least: usize::MAX, most: Some(0) };
        for form in forms.iter().map(Signature::arity) {
            arity.least = arity.least.min(form.least);
            arity.most = arity.most.zip(form.most).map(|(a, b)| a.max(b));
        }
        if forms.is_empty() { Self { least: 0, most: Some(0) } } else { arity }
    }

    /// Whether a call may have this many arguments.
    pub fn accepts(self, count: usize) -> bool {
        count >= self.least && self.most.is_none_or(|most| count <= most)
    }
}

impl fmt::Display for Arity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |n: usize| if n == 1 { "argument" } else { "arguments" };
        match self.most {
            None => write!(f, "at least {} {}", self.least, plural(self.least)),
            Some(0) => f.write_str("no arguments"),
            Some(most) if most == self.least => write!(f, "{most} {}", plural(most)),
            Some(most) if most == self.least + 1 => {
                write!(f, "{} or {most} arguments", self.least)
            }
            Some(most) => write!(f, "{} to {most} arguments", self.least),
        }
    }
}

/// A type in Cypher's spelling, as signatures have it.
struct InWords<'a>(&'a Type);

impl fmt::Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Type::List(of) => write!(f, "LIST<{}>", InWords(of)),
            ty => f.write_str(TYPES.iter().find(|(_, t)| t == ty).map_or("ANY", |(word, _)| word)),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (i, parameter) in self.parameters.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            let optional = if parameter.optional { "?" } else { "" };
            let repeats = if parameter.repeats { "..." } else { "" };
            let ty = InWords(&parameter.ty);
            write!(f, "{comma}{}{optional}{repeats} :: {ty}", parameter.name)?;
        }
        f.write_str(") :: ")?;
        if self.columns.is_empty() && self.result != Type::Null {
            return write!(f, "{}", InWords(&self.result));
        }
        f.write_str("(")?;
        for (i, (name, ty)) in self.columns.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name} :: {}", InWords(ty))?;
        }
        f.write_str(")")
    }
}

/// Reads a signature from left to right.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected(&format!("`{token}`"))) }
    }

    fn unexpected(&self, expected: &str) -> Error {
        let found = match self.rest().chars().next() {
            Some(c) => format!("`{c}`"),
            None => "the end".to_owned(),
        };
        let message = format!(
            "expected {expected}, found {found} at character {} of the signature `{}`",
            self.text.get(..self.at).unwrap_or("").chars().count() + 1,
            self.text
        );
        Error::usage(Detail::UnexpectedSyntax, message)
            .help("A signature looks like `my.procedure(name :: STRING) :: (city :: STRING)`.")
    }

    /// Letters, digits and underscores; also dots where `dotted`.
    fn word(&mut self, what: &str, dotted: bool) -> Result<&'a str> {
        self.skip_space();
        let rest = self.rest();
        let belongs = |c: char| c.is_alphanumeric() || c == '_' || (dotted && c == '.');
        let word = rest.split(|c| !belongs(c)).next().unwrap_or("");
        // Three dots after a parameter's name are not a part of it.
        if word.is_empty() || word.starts_with('.') || word.ends_with('.') {
            return Err(self.unexpected(what));
        }
        self.at += word.len();
        Ok(word)
    }

    fn signature(mut self) -> Result<Signature> {
        let name = self.word("a name", true)?.into();
        let mut parameters: Vec<Parameter> = Vec::new();
        self.expect("(")?;
        while !self.take(")") {
            if !parameters.is_empty() {
                self.expect(",")?;
            }
            if parameters.last().is_some_and(|p| p.repeats) {
                return Err(self.unexpected("`)` after a parameter that repeats"));
            }
            let name = self.word("the name of a parameter", false)?.into();
            let optional = self.take("?");
            let repeats = self.take("...");
            self.expect("::")?;
            let ty = self.ty()?;
            if !optional && !repeats && parameters.last().is_some_and(|p| p.optional) {
                return Err(self.unexpected("an optional parameter after an optional parameter"));
            }
            parameters.push(Parameter { name, ty, optional, repeats });
        }
        self.expect("::")?;
        let mut columns: Vec<(Arc<str>, Type)> = Vec::new();
        let mut result = Type::Any;
        if self.take("(") {
            while !self.take(")") {
                if !columns.is_empty() {
                    self.expect(",")?;
                }
                let name: Arc<str> = self.word("the name of a column", false)?.into();
                if columns.iter().any(|(known, _)| *known == name) {
                    return Err(self.unexpected("each column once"));
                }
                self.expect("::")?;
                columns.push((name, self.ty()?));
            }
            if columns.is_empty() {
                result = Type::Null;
            }
        } else {
            result = self.ty()?;
        }
        self.skip_space();
        if !self.rest().is_empty() {
            return Err(self.unexpected("the end"));
        }
        Ok(Signature { name, parameters, result, columns })
    }

    fn ty(&mut self) -> Result<Type> {
        // A signature from outside must not be able to use up the stack.
        let mut lists = 0;
        let mut open = 0;
        let mut ty = loop {
            let start = self.at;
            let word = self.word("a type", false)?.to_ascii_uppercase();
            if word == "LIST" {
                lists += 1;
                if self.take("<") {
                    open += 1;
                    if open > 16 {
                        return Err(self.unexpected("lists nested at most 16 deep"));
                    }
                    continue;
                }
                break Type::Any;
            }
            let two = match word.as_str() {
                "LOCAL" | "ZONED" => {
                    Some(format!("{word} {}", self.word("a type", false)?.to_ascii_uppercase()))
                }
                _ => None,
            };
            let word = two.as_deref().unwrap_or(&word);
            match TYPES.iter().find(|(known, _)| *known == word) {
                Some((_, ty)) => break ty.clone(),
                None => {
                    self.at = start;
                    self.skip_space();
                    return Err(self.unexpected("a type such as INTEGER or LIST<STRING>"));
                }
            }
        };
        self.take("?");
        for _ in 0..lists {
            ty = Type::list(ty);
            if open > 0 && self.take(">") {
                open -= 1;
            }
            self.take("?");
        }
        if open > 0 {
            return Err(self.unexpected("`>`"));
        }
        Ok(ty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_prints_as_it_reads() {
        for (text, printed) in [
            ("f() :: INTEGER", "f() :: INTEGER"),
            ("f(a::any):: list", "f(a :: ANY) :: LIST<ANY>"),
            ("f(a? :: LIST<LIST<STRING?>?>?) :: MAP", "f(a? :: LIST<LIST<STRING>>) :: MAP"),
            ("f(a... :: DATETIME) :: LOCAL time", "f(a... :: ZONED DATETIME) :: LOCAL TIME"),
            ("f(a :: LIST<LIST>) :: ANY", "f(a :: LIST<LIST<ANY>>) :: ANY"),
            ("test.do() ::()", "test.do() :: ()"),
            ("p(in :: INTEGER?) :: (out :: STRING?)", "p(in :: INTEGER) :: (out :: STRING)"),
        ] {
            let signature = Signature::parse(text).expect(text);
            assert_eq!(signature.to_string(), printed);
            assert_eq!(Signature::parse(printed).expect(printed), signature);
        }
    }

    #[test]
    fn a_broken_signature_says_what_was_expected() {
        for (text, message) in [
            ("", "expected a name, found the end at character 1"),
            ("f", "expected `(`, found the end at character 2"),
            ("f(a)", "expected `::`, found `)` at character 4"),
            ("f(a :: TEXT) :: ANY", "expected a type such as INTEGER"),
            ("f(a :: LIST<ANY) :: ANY", "expected `>`"),
            ("f() :: ANY x", "expected the end, found `x`"),
            ("f(a? :: ANY, b :: ANY) :: ANY", "expected an optional parameter"),
            ("f(a... :: ANY, b :: ANY) :: ANY", "expected `)`"),
            ("f() :: (a :: ANY, a :: ANY)", "expected each column once"),
        ] {
            let error = Signature::parse(text).expect_err(text);
            assert!(error.message().starts_with(message), "{text}: {error}");
            assert_eq!(error.code(), "UsageError.UnexpectedSyntax");
        }
        assert!(Signature::parse(&format!("f() :: {}", "LIST<".repeat(100_000))).is_err());
    }

    #[test]
    fn forms_give_arity_and_types() {
        let forms: Vec<_> = ["f(a :: STRING) :: INTEGER", "f(a :: LIST, b? :: STRING) :: FLOAT"]
            .map(|text| Signature::parse(text).expect(text))
            .into();
        assert_eq!(Arity::of(&forms).to_string(), "1 or 2 arguments");
        for (arguments, expected) in [
            (vec![Type::String], Ok(Type::Integer)),
            (vec![Type::Any], Ok(Type::Number)),
            (vec![Type::list(Type::Map), Type::Null], Ok(Type::Float)),
            (vec![Type::Map], Err((0, vec![Type::String, Type::list(Type::Any)]))),
            (vec![Type::Any, Type::Map], Err((1, vec![Type::String]))),
        ] {
            assert_eq!(check_types(&forms, &arguments), expected, "{arguments:?}");
        }
        let repeats = [Signature::parse("f(a... :: ANY) :: ANY").expect("valid")];
        assert_eq!(Arity::of(&repeats), Arity { least: 1, most: None });
        assert!(Arity::of(&repeats).accepts(9) && !Arity::of(&repeats).accepts(0));
    }
}
