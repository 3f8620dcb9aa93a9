//! Functions that the library's user makes from closures: scalar ones and aggregates.

use std::fmt;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::caught_panic;
use crate::meter;
use crate::value::Column;
use crate::value::Type;
use crate::value::Value;
use crate::value::allocation::{vec_bytes, vec_growth};

use super::{Accumulator, Context, Nulls, Signature, Volatility};

/// What a call of a [`UserFunction`] runs.
type Body = dyn Fn(&Context<'_>, &[Value]) -> Result<Value> + Send + Sync;

/// A scalar function made from a closure.
///
/// A null argument makes the result null without a call, and a call with the same arguments is taken to
/// give the same result; [`sees_nulls`](Self::sees_nulls) and [`volatile`](Self::volatile) change that.
///
/// ```
/// use redstring::{Database, UserFunction, Value};
///
/// let db = Database::in_memory();
/// db.register_function(
///     UserFunction::new("text.initials(name :: STRING) :: STRING", |_, arguments| {
///         let name = arguments[0].as_str().unwrap_or_default();
///         Ok(name.split_whitespace().filter_map(|word| word.chars().next()).collect::<String>().into())
///     })?
///     .with_doc("The first letters of a name."),
/// )?;
/// let row = db.query("RETURN text.initials('Ada King Lovelace')", ())?.single()?;
/// assert_eq!(row.get::<String>(0)?, "AKL");
/// # Ok::<(), redstring::Error>(())
/// ```
pub struct UserFunction {
    forms: [Signature; 1],
    doc: String,
    nulls: Nulls,
    volatility: Volatility,
    body: Box<Body>,
}

impl UserFunction {
    /// A function with this signature. The closure is given as many arguments as the call has; they have
    /// the types of the signature, integers being floats where it says FLOAT.
    ///
    /// # Errors
    /// `UsageError.UnexpectedSyntax` if the signature is malformed.
    pub fn new(
        signature: &str,
        body: impl Fn(&Context<'_>, &[Value]) -> Result<Value> + Send + Sync + 'static,
    ) -> Result<Self> {
        Ok(Self {
            forms: [function_signature(signature)?],
            doc: String::new(),
            nulls: Nulls::Propagate,
            volatility: Volatility::Stable,
            body: Box::new(body),
        })
    }

    /// The function with a description for `SHOW FUNCTIONS`.
    #[must_use]
    pub fn with_doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = doc.into();
        self
    }

    /// Calls the closure also where an argument is null.
    #[must_use]
    pub fn sees_nulls(mut self) -> Self {
        self.nulls = Nulls::Pass;
        self
    }

    /// Calls the closure for each row, because it may give something else each time.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.volatility = Volatility::Volatile;
        self
    }

    /// Its signature.
    pub fn signature(&self) -> &Signature {
        &self.forms[0]
    }

    /// Its description; empty where there is none.
    pub fn doc(&self) -> &str {
        &self.doc
    }

    pub(super) fn forms(&self) -> &[Signature] {
        &self.forms
    }

    pub(super) fn nulls(&self) -> Nulls {
        self.nulls
    }

    pub(super) fn volatility(&self) -> Volatility {
        self.volatility
    }

    pub(super) fn call(&self, context: &Context<'_>, arguments: &[Value]) -> Result<Value> {
        let arguments = checked(self.signature(), arguments)?;
        meter::step(1)?;
        let value = guarded("function", self.signature(), || (self.body)(context, &arguments))?;
        check_result(self.signature(), value)
    }
}

impl fmt::Debug for UserFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.signature())
    }
}

/// The state of a user's aggregate for one group of rows.
pub trait GroupState: Send {
    /// Adds one row's arguments.
    ///
    /// # Errors
    /// Whatever the aggregate does not take; it ends the statement.
    fn add(&mut self, arguments: &[Value]) -> Result<()>;

    /// The result, once all rows are there.
    ///
    /// # Errors
    /// Where there is no result; it ends the statement.
    fn result(&mut self) -> Result<Value>;
}

/// What makes the state of a new group.
type Start = dyn Fn() -> Box<dyn GroupState> + Send + Sync;

/// An aggregate made from a state per group. Rows with a null argument are left out.
///
/// ```
/// use redstring::function::GroupState;
/// use redstring::{Database, Result, UserAggregate, Value};
///
/// struct Product(f64);
///
/// impl GroupState for Product {
///     fn add(&mut self, arguments: &[Value]) -> Result<()> {
///         self.0 *= arguments[0].as_number().unwrap_or(1.0);
///         Ok(())
///     }
///
///     fn result(&mut self) -> Result<Value> {
///         Ok(Value::from(self.0))
///     }
/// }
///
/// let db = Database::in_memory();
/// let product = UserAggregate::new("math.product(number :: NUMBER) :: FLOAT", || Product(1.0))?;
/// db.register_aggregate(product)?;
/// let row = db.query("UNWIND [2, 3, null, 7] AS x RETURN math.product(x)", ())?.single()?;
/// assert_eq!(row.get::<f64>(0)?, 42.0);
/// # Ok::<(), redstring::Error>(())
/// ```
pub struct UserAggregate {
    forms: [Signature; 1],
    doc: String,
    start: Box<Start>,
}

impl UserAggregate {
    /// An aggregate with this signature; the closure makes the state of each group.
    ///
    /// # Errors
    /// `UsageError.UnexpectedSyntax` if the signature is malformed or takes no argument.
    pub fn new<S: GroupState + 'static>(
        signature: &str,
        start: impl Fn() -> S + Send + Sync + 'static,
    ) -> Result<Self> {
        let signature = function_signature(signature)?;
        if signature.parameters.is_empty() {
            let message = format!("the aggregate `{}` takes nothing to aggregate", signature.name);
            return Err(Error::usage(Detail::UnexpectedSyntax, message)
                .help("Give it a parameter, as in `my.aggregate(value :: ANY) :: ANY`."));
        }
        let start = Box::new(move || -> Box<dyn GroupState> { Box::new(start()) });
        Ok(Self { forms: [signature], doc: String::new(), start })
    }

    /// The aggregate with a description for `SHOW FUNCTIONS`.
    #[must_use]
    pub fn with_doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = doc.into();
        self
    }

    /// Its signature.
    pub fn signature(&self) -> &Signature {
        &self.forms[0]
    }

    /// Its description; empty where there is none.
    pub fn doc(&self) -> &str {
        &self.doc
    }

    pub(super) fn forms(&self) -> &[Signature] {
        &self.forms
    }
}

impl fmt::Debug for UserAggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.signature())
    }
}

/// The states of a user's aggregate, one per group.
pub(super) struct States {
    aggregate: std::sync::Arc<UserAggregate>,
    groups: Vec<Box<dyn GroupState>>,
    /// What the states take, as far as that is known.
    held: u64,
}

impl States {
    pub(super) fn new(aggregate: std::sync::Arc<UserAggregate>) -> Self {
        Self { aggregate, groups: Vec::new(), held: 0 }
    }

    fn make(&mut self, group_count: usize) -> Result<()> {
        let Self { aggregate, groups, held } = self;
        while groups.len() < group_count {
            let state = guarded("aggregate", aggregate.signature(), || Ok((aggregate.start)()))?;
            *held += (size_of_val(&*state) as u64).next_multiple_of(16);
            groups.push(state);
        }
        Ok(())
    }
}

impl Accumulator for States {
    fn update(
        &mut self,
        groups: &[u32],
        group_count: usize,
        arguments: &[Column],
        counts: Option<&[u64]>,
    ) -> Result<()> {
        self.make(group_count)?;
        for (row, group) in groups.iter().enumerate() {
            let values: Vec<Value> = arguments.iter().map(|column| column.get(row)).collect();
            if values.iter().any(Value::is_null) {
                continue;
            }
            let values = checked(self.aggregate.signature(), &values)?;
            let Some(state) = self.groups.get_mut(*group as usize) else { continue };
            let times = counts.map_or(1, |counts| counts.get(row).copied().unwrap_or(0));
            guarded("aggregate", self.aggregate.signature(), || {
                for _ in 0..times {
                    meter::step(1)?;
                    state.add(&values)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn growth(&self, _groups: &[u32], group_count: usize, _counts: Option<&[u64]>) -> u64 {
        vec_growth(&self.groups, group_count.saturating_sub(self.groups.len()))
    }

    /// What a user's state holds is not known, but there is one for each group.
    fn held_bytes(&self) -> u64 {
        vec_bytes(&self.groups) + self.held
    }

    fn finish(&mut self, group_count: usize) -> Result<Column> {
        self.make(group_count)?;
        let signature = self.aggregate.signature();
        let results = self.groups.iter_mut().map(|state| {
            meter::step(1)?;
            check_result(signature, guarded("aggregate", signature, || state.result())?)
        });
        Ok(Column::from_values(results.collect::<Result<Vec<_>>>()?))
    }
}

impl Drop for States {
    fn drop(&mut self) {
        // A state that panics when it is dropped ends neither the statement nor the program.
        let groups = std::mem::take(&mut self.groups);
        let _ = caught_panic(|| drop(groups));
    }
}

/// Calls what the library's user has written. A panic becomes an error that names it.
pub(crate) fn guarded<T>(
    kind: &str,
    signature: &Signature,
    call: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let given = caught_panic(call).unwrap_or_else(|panic| {
        let message = format!("the {kind} `{}` panicked: {panic}", signature.name);
        Err(Error::usage(Detail::FunctionPanicked, message)
            .help("What it does must not panic; the database and its data are unharmed."))
    })?;
    // It may have taken long.
    meter::check()?;
    Ok(given)
}

/// A signature whose result is one value.
fn function_signature(text: &str) -> Result<Signature> {
    let signature = Signature::parse(text)?;
    if !signature.columns.is_empty() || signature.result == Type::Null {
        let message = format!("the function `{}` has no single result", signature.name);
        return Err(Error::usage(Detail::UnexpectedSyntax, message)
            .help("Name the type of its result, as in `my.function(name :: STRING) :: INTEGER`."));
    }
    Ok(signature)
}

/// The arguments as the signature has them, or the error that names the one that does not fit.
fn checked(signature: &Signature, arguments: &[Value]) -> Result<Vec<Value>> {
    let fitted = arguments.iter().enumerate().map(|(at, value)| {
        let Some(parameter) = signature.parameter(at) else { return Ok(value.clone()) };
        if !parameter.ty.accepts(&value.type_of()) {
            let message = format!(
                "{}() expects {} as `{}`, found {} `{value}`",
                signature.name,
                parameter.ty,
                parameter.name,
                value.type_name()
            );
            return Err(Error::type_error(Detail::InvalidArgumentValue, message));
        }
        Ok(as_declared(&parameter.ty, value.clone()))
    });
    fitted.collect()
}

fn as_declared(ty: &Type, value: Value) -> Value {
    match (ty, &value) {
        (Type::Float, Value::Integer(number)) => Value::Float(*number as f64),
        _ => value,
    }
}

/// What the signature promises is what the binder has told the rest of the query.
fn check_result(signature: &Signature, value: Value) -> Result<Value> {
    if signature.result.accepts(&value.type_of()) {
        return Ok(as_declared(&signature.result, value));
    }
    let message = format!(
        "the function `{}` gave {} `{value}`, and its signature says {}",
        signature.name,
        value.type_name(),
        signature.result
    );
    Err(Error::usage(Detail::InvalidArgumentValue, message)
        .help("Change its signature or what it returns."))
}
