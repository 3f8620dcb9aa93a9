//! Calls of procedures.

use crate::bound;
use crate::bound::Clause;
use crate::bound::Column;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::error::Detail;
use crate::error::Error;
use crate::error::ErrorClass;
use crate::error::Phase;
use crate::error::Result;
use crate::error::nearest;
use crate::function::ProcedureHandle;
use crate::syntax::ast;
use crate::value::Type;

use super::Binder;

impl Binder<'_> {
    /// A call that is the whole statement: without YIELD its columns are the procedure's, without
    /// parentheses its arguments come from the parameters of the same names.
    pub(super) fn standalone_call(
        &mut self,
        call: &ast::Call,
        to: &mut Vec<Clause>,
    ) -> Result<Vec<Column>> {
        let procedure = self.procedure(call)?;
        let arguments = match &call.arguments {
            Some(arguments) => self.procedure_arguments(call, &procedure, arguments)?,
            None => self.arguments_from_parameters(call, &procedure)?,
        };
        let everything = call.yield_.as_ref().is_none_or(|yields| yields.star);
        let signature = procedure.0.signature();
        let void = signature.columns.is_empty();
        let mut yields = Vec::new();
        let mut columns = Vec::new();
        if everything {
            for (at, (name, ty)) in signature.columns.iter().enumerate() {
                let slot = self.declare(name, ty.clone());
                yields.push((at, slot));
                columns.push(Column { name: name.clone(), slot });
            }
        } else {
            yields = self.yields(call, &procedure)?;
            columns = self.yielded_columns(call, &yields);
        }
        to.push(Clause::ProcedureCall(bound::ProcedureCall { procedure, arguments, yields, void }));
        self.yield_where(call, to)?;
        Ok(columns)
    }

    /// A call within a query.
    pub(super) fn call(&mut self, call: &ast::Call, to: &mut Vec<Clause>) -> Result<()> {
        let procedure = self.procedure(call)?;
        let Some(arguments) = &call.arguments else {
            return Err(Error::syntax(
                Detail::InvalidArgumentPassingMode,
                format!("`{}` is called without its arguments", call.procedure),
            )
            .at(call.procedure.span)
            .help("Within a query a procedure takes its arguments in parentheses."));
        };
        if let Some(yields) = call.yield_.as_ref().filter(|yields| yields.star) {
            return Err(Error::syntax(
                Detail::UnexpectedSyntax,
                "`YIELD *` cannot stand within a query",
            )
            .at(yields.span)
            .help("Name the columns to yield."));
        }
        let arguments = self.procedure_arguments(call, &procedure, arguments)?;
        let yields = self.yields(call, &procedure)?;
        let void = procedure.0.signature().columns.is_empty();
        to.push(Clause::ProcedureCall(bound::ProcedureCall { procedure, arguments, yields, void }));
        self.yield_where(call, to)
    }

    fn procedure(&self, call: &ast::Call) -> Result<ProcedureHandle> {
        let name = call.procedure.to_string();
        self.registry.procedure(&name).ok_or_else(|| {
            let error = Error::new(
                ErrorClass::ProcedureError,
                Phase::CompileTime,
                Detail::ProcedureNotFound,
                format!("there is no procedure `{name}`"),
            )
            .at(call.procedure.span);
            match self.registry.nearest_procedure(&name) {
                Some(near) => error.help(format!("Did you mean `{near}`?")),
                None => error.help("`CALL dbms.procedures()` lists those there are."),
            }
        })
    }

    fn procedure_arguments(
        &mut self,
        call: &ast::Call,
        procedure: &ProcedureHandle,
        arguments: &[ast::Expression],
    ) -> Result<Vec<Expression>> {
        let arguments = self.expressions(arguments)?;
        let signature = std::slice::from_ref(procedure.0.signature());
        let name = call.procedure.to_string();
        super::function::check_arguments(&name, signature, &arguments, call.span)?;
        Ok(arguments)
    }

    fn arguments_from_parameters(
        &mut self,
        call: &ast::Call,
        procedure: &ProcedureHandle,
    ) -> Result<Vec<Expression>> {
        let mut arguments = Vec::new();
        for parameter in &procedure.0.signature().parameters {
            let missing = self.given.is_some_and(|given| !given.contains(&&*parameter.name));
            // A plan is kept for all parameters that may be given: what may be left out is.
            if parameter.optional && (missing || self.given.is_none()) {
                break;
            }
            if missing {
                return Err(Error::new(
                    ErrorClass::ParameterMissing,
                    Phase::CompileTime,
                    Detail::MissingParameter,
                    format!("parameter `{}` of `{}` is not given", parameter.name, call.procedure),
                )
                .at(call.procedure.span));
            }
            let name = self.parameter(&parameter.name, call.procedure.span);
            arguments.push(Expression {
                kind: ExpressionKind::Parameter(name),
                span: call.procedure.span,
                ty: Type::Any,
            });
        }
        Ok(arguments)
    }

    /// The columns named after YIELD, as new variables.
    fn yields(
        &mut self,
        call: &ast::Call,
        procedure: &ProcedureHandle,
    ) -> Result<Vec<(usize, bound::Slot)>> {
        let mut yields = Vec::new();
        for item in call.yield_.iter().flat_map(|yields| &yields.items) {
            let columns = &procedure.0.signature().columns;
            let found = columns.iter().position(|(name, _)| **name == *item.field.text);
            let Some((at, (_, ty))) = found.and_then(|at| columns.get(at).map(|c| (at, c))) else {
                let error = Error::syntax(
                    Detail::UndefinedVariable,
                    format!("`{}` yields no column `{}`", call.procedure, item.field),
                )
                .at(item.field.span);
                let known = columns.iter().map(|(name, _)| &**name);
                return Err(error.help(match nearest(&item.field.text, known) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => format!("Its signature is `{}`.", procedure.0.signature()),
                }));
            };
            let ty = ty.clone();
            let slot = self.new_name(item.alias.as_ref().unwrap_or(&item.field), ty)?;
            yields.push((at, slot));
        }
        Ok(yields)
    }

    fn yielded_columns(&self, call: &ast::Call, yields: &[(usize, bound::Slot)]) -> Vec<Column> {
        let items = call.yield_.iter().flat_map(|yields| &yields.items);
        items
            .zip(yields)
            .map(|(item, (_, slot))| {
                let name = item.alias.as_ref().unwrap_or(&item.field);
                Column { name: name.text.as_str().into(), slot: *slot }
            })
            .collect()
    }

    fn yield_where(&mut self, call: &ast::Call, to: &mut Vec<Clause>) -> Result<()> {
        let where_ = call.yield_.as_ref().and_then(|yields| yields.where_.as_ref());
        if let Some(where_) = where_ {
            let predicate = self.predicate(where_)?;
            super::expression::expect_boolean(&predicate).map_err(|e| e.at(where_.span))?;
            to.push(Clause::Filter(predicate));
        }
        Ok(())
    }
}
