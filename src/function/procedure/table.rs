//! Procedures that the library's user makes: from a table of rows, or from a closure.

use std::fmt;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::Context;
use crate::function::Procedure;
use crate::function::Signature;
use crate::value::Value;
use crate::value::ordering::equivalent;

/// A procedure that looks its rows up in a table: each row holds a value for each parameter, then a
/// value for each column of the result, and a call gives the rows whose first values are its arguments.
///
/// ```
/// use redstring::function::{Procedure, TableProcedure};
/// use redstring::value::Value;
/// let capitals = TableProcedure::new(
///     "geo.capital(country :: STRING) :: (city :: STRING)",
///     vec![vec![Value::string("France"), Value::string("Paris")]],
/// )?;
/// assert_eq!(capitals.signature().columns.len(), 1);
/// # Ok::<(), redstring::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct TableProcedure {
    signature: Signature,
    doc: String,
    rows: Vec<Vec<Value>>,
}

impl TableProcedure {
    /// A procedure with this signature and these rows.
    ///
    /// # Errors
    /// `UsageError.UnexpectedSyntax` if the signature is malformed, `UsageError.InvalidArgumentValue`
    /// if a row has not one value for each parameter and column.
    pub fn new(signature: &str, rows: Vec<Vec<Value>>) -> Result<Self> {
        let signature = procedure_signature(signature)?;
        let width = signature.parameters.len() + signature.columns.len();
        if let Some(row) = rows.iter().find(|row| row.len() != width) {
            let message = format!("a row of `{signature}` has {width} values, found {}", row.len());
            return Err(Error::usage(Detail::InvalidArgumentValue, message)
                .help("Give a value for each parameter, then one for each column."));
        }
        Ok(Self { signature, doc: String::new(), rows })
    }

    /// The procedure with a description for `dbms.procedures()`.
    #[must_use]
    pub fn with_doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = doc.into();
        self
    }
}

impl Procedure for TableProcedure {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn doc(&self) -> &str {
        &self.doc
    }

    fn call(&self, _: &Context<'_>, arguments: &[Value]) -> Result<Vec<Vec<Value>>> {
        let inputs = self.signature.parameters.len();
        let selected = self.rows.iter().filter(|row| {
            // An argument that was left out selects the rows where it is null.
            row.iter()
                .take(inputs)
                .enumerate()
                .all(|(i, cell)| equivalent(cell, arguments.get(i).unwrap_or(&Value::Null)))
        });
        Ok(selected.map(|row| row.get(inputs..).unwrap_or(&[]).to_vec()).collect())
    }
}

/// What a call of a [`FunctionProcedure`] runs.
type Body = dyn Fn(&Context<'_>, &[Value]) -> Result<Vec<Vec<Value>>> + Send + Sync;

/// A procedure that runs a closure.
pub struct FunctionProcedure {
    signature: Signature,
    doc: String,
    body: Box<Body>,
}

impl FunctionProcedure {
    /// A procedure with this signature. The closure is given the arguments and returns rows, each with
    /// a value for each column.
    ///
    /// # Errors
    /// `UsageError.UnexpectedSyntax` if the signature is malformed.
    pub fn new(
        signature: &str,
        body: impl Fn(&Context<'_>, &[Value]) -> Result<Vec<Vec<Value>>> + Send + Sync + 'static,
    ) -> Result<Self> {
        let signature = procedure_signature(signature)?;
        Ok(Self { signature, doc: String::new(), body: Box::new(body) })
    }

    /// The procedure with a description for `dbms.procedures()`.
    #[must_use]
    pub fn with_doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = doc.into();
        self
    }
}

impl fmt::Debug for FunctionProcedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.signature)
    }
}

impl Procedure for FunctionProcedure {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn doc(&self) -> &str {
        &self.doc
    }

    fn call(&self, context: &Context<'_>, arguments: &[Value]) -> Result<Vec<Vec<Value>>> {
        let rows = (self.body)(context, arguments)?;
        let width = self.signature.columns.len();
        match rows.iter().find(|row| row.len() != width) {
            None => Ok(rows),
            Some(row) => {
                let message = format!("`{}` gave a row of {} values", self.signature, row.len());
                Err(Error::usage(Detail::InvalidArgumentValue, message)
                    .help(format!("Each row needs {width} values, one for each column.")))
            }
        }
    }
}

/// A signature whose result is columns.
fn procedure_signature(text: &str) -> Result<Signature> {
    let signature = Signature::parse(text)?;
    if signature.columns.is_empty() && signature.result != crate::value::Type::Null {
        let message = format!("the procedure `{}` has a result without columns", signature.name);
        return Err(Error::usage(Detail::UnexpectedSyntax, message)
            .help("Name its columns, as in `my.procedure() :: (city :: STRING)`."));
    }
    Ok(signature)
}
