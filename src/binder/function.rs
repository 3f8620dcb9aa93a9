//! Calls of functions and aggregates: names, numbers and types of arguments.

use crate::bound::AggregateCall;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::Slot;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::function::Aggregate;
use crate::function::Parameter;
use crate::function::Signature;
use crate::function::Volatility;
use crate::syntax::ast;
use crate::value::Type;

use super::{Aggregation, Binder, error};

impl Binder<'_> {
    pub(super) fn count_star(&mut self, span: Span) -> Result<Expression> {
        let Some(function) = self.registry.aggregate("count") else {
            return Err(Error::internal("there is no aggregate `count`").at(span));
        };
        self.check_aggregation(&function, span)?;
        let call = AggregateCall { function, arguments: Vec::new(), distinct: false, span };
        Ok(self.collect(call, Type::Integer))
    }

    pub(super) fn function_call(
        &mut self,
        name: &ast::QualifiedName,
        distinct: bool,
        arguments: &[ast::Expression],
        span: Span,
    ) -> Result<Expression> {
        let text = name.to_string();
        if let Some(function) = self.registry.aggregate(&text) {
            return self.aggregate_call(function, distinct, arguments, span);
        }
        let Some(function) = self.registry.scalar(&text) else {
            let error =
                Error::syntax(Detail::UnknownFunction, format!("there is no function `{text}`"))
                    .at(name.span);
            return Err(match self.registry.nearest(&text) {
                Some(near) => error.help(format!("Did you mean `{near}`?")),
                None => error,
            });
        };
        if distinct {
            return Err(Error::syntax(
                Detail::InvalidAggregation,
                format!("`{text}` is no aggregate and takes no DISTINCT"),
            )
            .at(span));
        }
        // `exists((a)-->(b))` asks the pattern, not for a value.
        if let ("exists", [ast::Expression { kind: ast::ExpressionKind::Pattern(pattern), .. }]) =
            (text.to_ascii_lowercase().as_str(), arguments)
        {
            return self.pattern_predicate(pattern, span);
        }
        if let Some(place) =
            self.loading_place(function.name(), span).filter(|_| arguments.is_empty())
        {
            return Ok(place);
        }
        let arguments = self.expressions(arguments)?;
        let ty = check_arguments(function.name(), function.forms(), &arguments, span)?;
        Ok(Expression { kind: ExpressionKind::Function { function, arguments }, span, ty })
    }

    fn aggregate_call(
        &mut self,
        function: Aggregate,
        distinct: bool,
        arguments: &[ast::Expression],
        span: Span,
    ) -> Result<Expression> {
        self.check_aggregation(&function, span)?;
        let outer = std::mem::replace(&mut self.aggregation, Aggregation::Inside);
        let bound = self.expressions(arguments);
        self.aggregation = outer;
        let arguments = bound?;
        let volatile = |e: &Expression| match &e.kind {
            ExpressionKind::Function { function, .. } => {
                function.volatility() == Volatility::Volatile
            }
            _ => false,
        };
        if arguments.iter().any(|argument| argument.any(&mut |e| volatile(e))) {
            return Err(Error::syntax(
                Detail::NonConstantExpression,
                format!("`{}` cannot aggregate what changes at each call", function.name()),
            )
            .at(span)
            .help("Compute it first, in a WITH."));
        }
        let ty = check_arguments(function.name(), function.forms(), &arguments, span)?;
        Ok(self.collect(AggregateCall { function, arguments, distinct, span }, ty))
    }

    /// Whether an aggregate may stand here.
    fn check_aggregation(&self, function: &Aggregate, span: Span) -> Result<()> {
        match self.aggregation {
            Aggregation::Collected(_) => Ok(()),
            Aggregation::Forbidden => Err(error::invalid_aggregation(function.name(), span)),
            Aggregation::Inside => Err(Error::syntax(
                Detail::NestedAggregation,
                format!("`{}` stands within another aggregate", function.name()),
            )
            .at(span)
            .help("Compute the inner one first, in a WITH.")),
        }
    }

    /// Puts a variable into the place of an aggregate; the same aggregate gets the same variable.
    fn collect(&mut self, call: AggregateCall, ty: Type) -> Expression {
        let span = call.span;
        let known = match &self.aggregation {
            Aggregation::Collected(all) => {
                all.iter().find(|(_, other)| other.same(&call)).map(|(slot, _)| *slot)
            }
            _ => None,
        };
        let slot = known.unwrap_or_else(|| self.new_aggregate(call, ty));
        self.variable(slot, span)
    }

    fn new_aggregate(&mut self, call: AggregateCall, ty: Type) -> Slot {
        let slot = self.hidden(call.function.name(), ty);
        if let Aggregation::Collected(all) = &mut self.aggregation {
            all.push((slot, call));
        }
        slot
    }

    /// All properties of `source` with the entries of `map` over them.
    pub(super) fn with_all_properties(
        &mut self,
        source: &Expression,
        map: Expression,
    ) -> Result<Expression> {
        let span = map.span;
        let Some(function) = self.registry.scalar("properties") else {
            return Err(Error::internal("there is no function `properties`").at(span));
        };
        let kind = ExpressionKind::Function { function, arguments: vec![source.clone()] };
        let all = Expression { kind, span, ty: Type::Map };
        if matches!(&map.kind, ExpressionKind::Map(entries) if entries.is_empty()) {
            return Ok(all);
        }
        let Some(function) = self.registry.scalar("map.merge") else {
            return Err(error::unsupported("`.*` cannot stand beside other entries", span));
        };
        let kind = ExpressionKind::Function { function, arguments: vec![all, map] };
        Ok(Expression { kind, span, ty: Type::Map })
    }
}

/// Functions whose arguments are checked at run time only, because the error the language asks for is a
/// run-time one.
const CHECKED_LATER: &[&str] = &["range", "toBoolean", "toInteger", "toFloat", "toString"];

/// Checks number and types of the arguments against a function's forms, and says the result's type.
pub(super) fn check_arguments(
    name: &str,
    signatures: &[Signature],
    arguments: &[Expression],
    span: Span,
) -> Result<Type> {
    let fitting: Vec<&Signature> =
        signatures.iter().filter(|s| accepts_count(s, arguments.len())).collect();
    if fitting.is_empty() {
        return Err(Error::syntax(
            Detail::InvalidNumberOfArguments,
            format!("`{name}` does not take {} {}", arguments.len(), plural(arguments.len())),
        )
        .at(span)
        .help(forms(signatures)));
    }
    let mut result: Option<Type> = None;
    for signature in &fitting {
        if first_misfit(signature, arguments).is_none() {
            let ty = signature.result.clone();
            result =
                Some(result.map_or(ty.clone(), |known| if known == ty { ty } else { Type::Any }));
        }
    }
    if let Some(ty) = result {
        return Ok(ty);
    }
    if CHECKED_LATER.contains(&name) {
        return Ok(Type::Any);
    }
    let misfit = fitting.iter().filter_map(|s| first_misfit(s, arguments)).max_by_key(|m| m.0);
    let Some((at, found)) = misfit else { return Ok(Type::Any) };
    // What the forms take in this place, of those that the arguments before it fit.
    let mut wanted: Vec<String> = Vec::new();
    for signature in fitting.iter().filter(|s| first_misfit(s, arguments).map(|m| m.0) == Some(at))
    {
        let ty = parameter(signature, at).map(|p| p.ty.to_string()).unwrap_or_default();
        if !wanted.contains(&ty) {
            wanted.push(ty);
        }
    }
    let last = wanted.pop().unwrap_or_default();
    let wanted = if wanted.is_empty() { last } else { format!("{} or {last}", wanted.join(", ")) };
    let error = error::invalid_type(&wanted, &found.ty, found.span);
    Err(if signatures.len() <= MOST_FORMS { error.help(forms(signatures)) } else { error })
}

fn accepts_count(signature: &Signature, count: usize) -> bool {
    let required = signature.parameters.iter().filter(|p| !p.optional && !p.repeats).count();
    let repeats = signature.parameters.last().is_some_and(|p| p.repeats);
    count >= required && (repeats || count <= signature.parameters.len())
}

/// More forms than this help nobody.
const MOST_FORMS: usize = 4;

fn parameter(signature: &Signature, at: usize) -> Option<&Parameter> {
    signature.parameters.get(at).or(signature.parameters.last())
}

/// The first argument that can never be right, with its place.
fn first_misfit<'a>(
    signature: &Signature,
    arguments: &'a [Expression],
) -> Option<(usize, &'a Expression)> {
    let misfits = |at, argument: &Expression| {
        parameter(signature, at).is_some_and(|p| !p.ty.accepts(&argument.ty))
    };
    arguments.iter().enumerate().find(|(at, argument)| misfits(*at, argument))
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "argument" } else { "arguments" }
}

fn forms(signatures: &[Signature]) -> String {
    let forms: Vec<String> = signatures.iter().map(|s| format!("`{s}`")).collect();
    format!("Call it as {}.", forms.join(" or "))
}
