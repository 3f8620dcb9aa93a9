//! LOAD CSV and LOAD JSON, and what commits on its way.

use crate::bound;
use crate::bound::Clause;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::LoadFormat;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast;
use crate::value::Type;
use crate::value::Value;

use super::{Binder, error};

/// How many rows a transaction takes where the query does not say.
const ROWS_PER_TRANSACTION: i64 = 1000;

/// For how long a transaction is tried again where the query does not say: as in Neo4j.
const SECONDS_OF_RETRIES: f64 = 30.0;

impl Binder<'_> {
    pub(super) fn load(&mut self, clause: &ast::Load, to: &mut Vec<Clause>) -> Result<()> {
        let from = self.expression(&clause.from)?;
        if !Type::String.accepts(&from.ty) {
            return Err(error::invalid_type("a string", &from.ty, from.span));
        }
        let (format, ty) = match &clause.format {
            ast::LoadFormat::Json => (LoadFormat::Json, Type::Any),
            ast::LoadFormat::Csv { headers, field_terminator } => {
                let terminator = terminator(field_terminator.as_deref(), clause.span)?;
                let ty = if *headers { Type::Map } else { Type::list(Type::String) };
                (LoadFormat::Csv { headers: *headers, terminator }, ty)
            }
        };
        let slot = self.new_name(&clause.variable, ty)?;
        let file = self.hidden("file", Type::String);
        let line = self.hidden("line", Type::Integer);
        self.loading = Some((file, line));
        to.push(Clause::Load(bound::Load { from, format, slot, file, line }));
        Ok(())
    }

    /// `file()` and `linenumber()`: a variable of the rows of LOAD CSV and LOAD JSON, null elsewhere.
    pub(super) fn loading_place(&self, function: &str, span: Span) -> Option<Expression> {
        let (file, line) = self.loading?;
        match function {
            "file" => Some(self.variable(file, span)),
            "linenumber" => Some(self.variable(line, span)),
            _ => None,
        }
    }

    /// What follows a subquery that commits on its way.
    pub(super) fn transactions(
        &mut self,
        transactions: &ast::Transactions,
    ) -> Result<bound::Transactions> {
        let span = transactions.span;
        if !self.whole {
            return Err(error::composition(
                "`CALL { … } IN TRANSACTIONS` cannot stand within another query",
                span,
            )
            .help("Let it stand in the statement itself, without UNION, NEXT or WHEN."));
        }
        let scope = self.scope.clone();
        let concurrency = transactions.concurrency.as_ref();
        self.row_count(concurrency, "CONCURRENT TRANSACTIONS", &scope)?;
        let rows = self.row_count(transactions.rows.as_ref(), "OF … ROWS", &scope)?;
        let rows = rows.unwrap_or(Expression {
            kind: ExpressionKind::Literal(Value::Integer(ROWS_PER_TRANSACTION)),
            span,
            ty: Type::Integer,
        });
        if let ExpressionKind::Literal(Value::Integer(0)) = rows.kind {
            return Err(Error::syntax(
                Detail::NumberOutOfRange,
                "a transaction takes at least one row",
            )
            .at(rows.span));
        }
        let on_error = match transactions.on_error {
            Some(ast::OnError::Continue) => bound::OnError::Continue,
            Some(ast::OnError::Break) => bound::OnError::Break,
            Some(ast::OnError::Fail) | None => bound::OnError::Fail,
        };
        if let (Some(status), bound::OnError::Fail) = (&transactions.status, on_error) {
            return Err(error::composition(
                "REPORT STATUS needs ON ERROR CONTINUE or ON ERROR BREAK",
                status.span,
            )
            .help("Where an error ends the statement there is no failure to report."));
        }
        let retry = match &transactions.retry {
            Some(retry) => Some(self.retry(retry)?),
            None => None,
        };
        self.commits = true;
        Ok(bound::Transactions { rows, retry, on_error, status: None })
    }

    /// For how many seconds a transaction is tried again.
    fn retry(&mut self, retry: &ast::Retry) -> Result<Expression> {
        let Some(seconds) = &retry.seconds else {
            let kind = ExpressionKind::Literal(Value::Float(SECONDS_OF_RETRIES));
            return Ok(Expression { kind, span: retry.span, ty: Type::Float });
        };
        let scope = std::mem::take(&mut self.scope);
        let bound = self.expression(seconds);
        self.scope = scope;
        let bound = bound?;
        if !bound.is_fixed() {
            return Err(error::composition("RETRY FOR must not depend on a row", bound.span)
                .help("Give a number or a parameter."));
        }
        Ok(bound)
    }
}

/// What stands between the fields of a file.
fn terminator(text: Option<&str>, span: Span) -> Result<char> {
    let Some(text) = text else { return Ok(',') };
    let mut all = text.chars();
    match (all.next(), all.next()) {
        (Some(only), None) if !matches!(only, '"' | '\n' | '\r') => Ok(only),
        _ => Err(Error::syntax(
            Detail::InvalidArgumentValue,
            format!("`{text}` cannot stand between fields"),
        )
        .at(span)
        .help("FIELDTERMINATOR takes one character, as in `';'` or `'\\t'`.")),
    }
}
