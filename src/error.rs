//! The error type of the whole engine: class, phase, detail, text and place.
//!
//! Owns [`Error`] and the vocabulary of what can go wrong. It is the bottom of the module DAG: it holds
//! text, words and spans, and may not know a type of any layer. Rendering (carets, colour) lives in the
//! shell.

use std::fmt;

mod caught;
mod suggest;

pub(crate) use caught::one_line;
pub(crate) use caught::{Unwound, caught, caught_panic, interrupt};
pub use suggest::nearest;

/// The result of anything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A byte range in a query text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The range from `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn to(self, other: Span) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Line and column of the start within `text`, both counted from 1, the column in characters.
    ///
    /// ```
    /// use redstring::Span;
    /// assert_eq!(Span::new(3, 5).line_column("ab\nçd"), (2, 1));
    /// assert_eq!(Span::new(5, 6).line_column("ab\nçd"), (2, 2));
    /// ```
    pub fn line_column(self, text: &str) -> (usize, usize) {
        let mut line = 1;
        let mut column = 1;
        for (at, c) in text.char_indices() {
            if at >= self.start {
                break;
            }
            if c == '\n' {
                line += 1;
                column = 1;
            } else {
                column += 1;
            }
        }
        (line, column)
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $word:ident),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $word),* }

        impl $name {
            /// Every word, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$word),*];

            /// The word itself, as it stands in an error code.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$word => stringify!($word)),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

words! {
    /// What kind of error it is. But for `SchemaError` the first nine are the words of the openCypher TCK.
    ErrorClass {
        /// The text cannot be a valid query, whatever the data.
        SyntaxError,
        /// The query contradicts itself at run time.
        SemanticError,
        /// A parameter of the query was not given.
        ParameterMissing,
        /// The graph would break a rule, such as a relationship without its node.
        ConstraintVerificationFailed,
        /// An index or a constraint cannot be created or dropped.
        SchemaError,
        /// A node or relationship is gone.
        EntityNotFound,
        /// A value has the wrong type.
        TypeError,
        /// A value has the right type but is out of bounds.
        ArgumentError,
        /// A procedure is unknown or was called wrongly.
        ProcedureError,
        /// Arithmetic left the range of its type, or divided by zero.
        ArithmeticError,
        /// A transaction cannot go on.
        TransactionError,
        /// The disk or the operating system refused.
        StorageError,
        /// The store is damaged.
        CorruptionError,
        /// A limit of depth, size, memory or time was passed.
        LimitError,
        /// The library or the command was used wrongly.
        UsageError,
        /// The caller cancelled the query.
        Cancelled,
        /// A defect of Redstring itself.
        InternalError,
    }
}

words! {
    /// When it was found.
    Phase {
        /// Before anything ran.
        CompileTime,
        /// While the query ran.
        Runtime,
    }
}

words! {
    /// What exactly went wrong. Up to `VariableTypeConflict` these are the words of the openCypher TCK.
    Detail {
        /// A projection mixes an aggregate with an expression that is no grouping key.
        AmbiguousAggregationExpression,
        /// Two columns have the same name.
        ColumnNameConflict,
        /// CREATE and MERGE take no variable-length relationship.
        CreatingVarLength,
        /// A node that still has relationships was deleted.
        DeleteConnectedNode,
        /// Something deleted in this query was read.
        DeletedEntityAccess,
        /// The parts of a UNION differ in their columns.
        DifferentColumnsInUnion,
        /// A float literal is too large.
        FloatingPointOverflow,
        /// An integer does not fit 64 bits.
        IntegerOverflow,
        /// An aggregate stands where none may.
        InvalidAggregation,
        /// A procedure inside a query was called without its arguments.
        InvalidArgumentPassingMode,
        /// A value of a type that is not accepted here.
        InvalidArgumentType,
        /// A value that is not accepted here.
        InvalidArgumentValue,
        /// Clauses that cannot be combined this way.
        InvalidClauseComposition,
        /// DELETE of something that is no node, relationship or path.
        InvalidDelete,
        /// A malformed number.
        InvalidNumberLiteral,
        /// Too few or too many arguments.
        InvalidNumberOfArguments,
        /// A parameter where none may stand.
        InvalidParameterUse,
        /// A value that cannot be stored as a property.
        InvalidPropertyType,
        /// A relationship pattern that is not allowed here.
        InvalidRelationshipPattern,
        /// A character that is not allowed here.
        InvalidUnicodeCharacter,
        /// A malformed `\u` escape.
        InvalidUnicodeLiteral,
        /// A map was indexed by something that is no string.
        MapElementAccessByNonString,
        /// MERGE met a null property.
        MergeReadOwnWrites,
        /// A parameter was not given.
        MissingParameter,
        /// A negative number where only others are allowed.
        NegativeIntegerArgument,
        /// An aggregate within an aggregate.
        NestedAggregation,
        /// An expression in WITH needs AS.
        NoExpressionAlias,
        /// CREATE and MERGE need exactly one relationship type.
        NoSingleRelationshipType,
        /// `*` with nothing in scope.
        NoVariablesInScope,
        /// The expression may not depend on a variable.
        NonConstantExpression,
        /// A number outside the accepted range.
        NumberOutOfRange,
        /// No such procedure.
        ProcedureNotFound,
        /// One relationship variable twice in a pattern.
        RelationshipUniquenessViolation,
        /// CREATE needs a direction.
        RequiresDirectedRelationship,
        /// No such variable in scope.
        UndefinedVariable,
        /// The text does not follow the grammar.
        UnexpectedSyntax,
        /// No such function.
        UnknownFunction,
        /// Another graph than the one of the store.
        UnknownGraph,
        /// The variable is taken.
        VariableAlreadyBound,
        /// The variable is of another type.
        VariableTypeConflict,
        /// Division by zero.
        DivisionByZero,
        /// Two nodes or relationships have the same values where none may.
        UniquenessViolation,
        /// A node or relationship lacks a property that it must have.
        MissingProperty,
        /// A property has another type than it must have.
        PropertyTypeViolation,
        /// There is such an index already.
        IndexAlreadyExists,
        /// There is such a constraint already.
        ConstraintAlreadyExists,
        /// No index of this name.
        IndexNotFound,
        /// No constraint of this name.
        ConstraintNotFound,
        /// An index of a kind that there is not.
        UnknownIndexKind,
        /// The index belongs to a constraint or to the graph itself.
        IndexInUse,
        /// Nested too deeply.
        NestingTooDeep,
        /// The text is too long.
        QueryTooLong,
        /// The memory budget is used up.
        OutOfMemoryBudget,
        /// The time is used up.
        TimedOut,
        /// The caller asked to stop.
        CancelledByCaller,
        /// A read or write failed.
        InputOutput,
        /// There is no room left on the disk.
        DiskFull,
        /// The operating system does not let a file or folder be read or written.
        AccessDenied,
        /// The folder of the store, or a part of it, is not where it was.
        StoreGone,
        /// Another process has the store open.
        StoreLocked,
        /// No such storage engine, or the store was made with another one.
        EngineMismatch,
        /// The store was written by another version.
        UnknownFormatVersion,
        /// A checksum or reference is wrong.
        DamagedStore,
        /// Commits that were durable are not in the store any more.
        CommitsMissing,
        /// A write failed earlier; the store takes no more of them.
        StorePoisoned,
        /// The transaction was ended, or there is none.
        TransactionClosed,
        /// A transaction is open already.
        TransactionOpen,
        /// A write in a read-only transaction or store.
        ReadOnly,
        /// No such column in the result.
        UnknownColumn,
        /// A result value cannot become the requested Rust type.
        ConversionFailed,
        /// More or fewer rows than asked for.
        UnexpectedRowCount,
        /// A function, an aggregate or a procedure of the library's user panicked.
        FunctionPanicked,
        /// A file outside of the folder that statements may read.
        ImportRefused,
        /// A file could not be used.
        InvalidFile,
        /// A row of a file that is imported could not be used.
        InvalidRow,
        /// A shell command that is not known or not complete.
        InvalidCommand,
        /// A defect of Redstring itself.
        Defect,
    }
}

/// Anything that went wrong, one word wide.
///
/// ```
/// use redstring::{Database, ErrorClass, Phase};
/// let error = Database::in_memory().execute("RETURN nobody", ()).unwrap_err();
/// assert_eq!(error.code(), "SyntaxError.UndefinedVariable");
/// assert_eq!(error.class(), ErrorClass::SyntaxError);
/// assert_eq!(error.phase(), Phase::CompileTime);
/// assert_eq!(error.span().map(|s| (s.start, s.end)), Some((7, 13)));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    class: ErrorClass,
    phase: Phase,
    detail: Detail,
    message: String,
    span: Option<Span>,
    help: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of any class. Prefer the constructors named after a class.
    pub fn new(
        class: ErrorClass,
        phase: Phase,
        detail: Detail,
        message: impl Into<String>,
    ) -> Self {
        let message = message.into();
        Self(Box::new(Inner {
            class,
            phase,
            detail,
            message,
            span: None,
            help: None,
            source: None,
        }))
    }

    /// A `SyntaxError` found at compile time.
    pub fn syntax(detail: Detail, message: impl Into<String>) -> Self {
        Self::new(ErrorClass::SyntaxError, Phase::CompileTime, detail, message)
    }

    /// A `TypeError` found at run time.
    pub fn type_error(detail: Detail, message: impl Into<String>) -> Self {
        Self::new(ErrorClass::TypeError, Phase::Runtime, detail, message)
    }

    /// An `ArgumentError` found at run time.
    pub fn argument(detail: Detail, message: impl Into<String>) -> Self {
        Self::new(ErrorClass::ArgumentError, Phase::Runtime, detail, message)
    }

    /// An `ArithmeticError` found at run time.
    pub fn arithmetic(detail: Detail, message: impl Into<String>) -> Self {
        Self::new(ErrorClass::ArithmeticError, Phase::Runtime, detail, message)
    }

    /// A `StorageError`: the disk or the operating system refused.
    pub fn storage(detail: Detail, message: impl Into<String>) -> Self {
        Self::new(ErrorClass::StorageError, Phase::Runtime, detail, message)
    }

    /// A `CorruptionError`: the store is damaged.
    pub fn corruption(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::CorruptionError, Phase::Runtime, Detail::DamagedStore, message)
    }

    /// A `UsageError`: the library or the command was used wrongly.
    pub fn usage(detail: Detail, message: impl Into<String>) -> Self {
        Self::new(ErrorClass::UsageError, Phase::Runtime, detail, message)
    }

    /// A defect of Redstring itself, instead of a panic.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorClass::InternalError, Phase::Runtime, Detail::Defect, message)
            .help("This is a defect of Redstring; please report it with the query.")
    }

    /// Adds the place, unless one is known already: the innermost place is the most exact.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    /// Adds a sentence that says the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds the error below this one.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same error, found in another phase.
    #[must_use]
    pub fn in_phase(mut self, phase: Phase) -> Self {
        self.0.phase = phase;
        self
    }

    /// What kind of error it is.
    pub fn class(&self) -> ErrorClass {
        self.0.class
    }

    /// When it was found.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// What exactly went wrong.
    pub fn kind(&self) -> Detail {
        self.0.detail
    }

    /// The stable code: class and detail, as in `SyntaxError.UndefinedVariable`.
    pub fn code(&self) -> String {
        format!("{}.{}", self.0.class, self.0.detail)
    }

    /// The message alone, without place and help.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where in the query text it happened.
    pub fn span(&self) -> Option<Span> {
        self.0.span
    }

    /// A sentence that says the way out.
    pub fn help_text(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Whether the same call may succeed when it is made again.
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.detail, Detail::StoreLocked | Detail::TimedOut)
    }

    /// Whether the store is damaged.
    pub fn is_corruption(&self) -> bool {
        self.0.class == ErrorClass::CorruptionError
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}", self.code(), self.0.message)?;
        if let Some(span) = self.0.span {
            write!(f, " at {}..{}", span.start, span.end)?;
        }
        if let Some(source) = &self.0.source {
            write!(f, ", caused by {source}")?;
        }
        f.write_str(")")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|s| s.as_ref() as &(dyn std::error::Error + 'static))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::storage(Detail::InputOutput, error.to_string()).caused_by(error)
    }
}
