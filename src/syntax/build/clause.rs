//! Clauses.

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::error::Span;
use crate::syntax::ast::Call;
use crate::syntax::ast::CallSubquery;
use crate::syntax::ast::Clause;
use crate::syntax::ast::Create;
use crate::syntax::ast::Delete;
use crate::syntax::ast::Expression;
use crate::syntax::ast::ExpressionKind;
use crate::syntax::ast::Filter;
use crate::syntax::ast::Finish;
use crate::syntax::ast::Foreach;
use crate::syntax::ast::LabelExpression;
use crate::syntax::ast::Let;
use crate::syntax::ast::LetItem;
use crate::syntax::ast::Load;
use crate::syntax::ast::LoadFormat;
use crate::syntax::ast::Match;
use crate::syntax::ast::Merge;
use crate::syntax::ast::MergeAction;
use crate::syntax::ast::MergeEvent;
use crate::syntax::ast::Name;
use crate::syntax::ast::OnError;
use crate::syntax::ast::Page;
use crate::syntax::ast::PathPattern;
use crate::syntax::ast::Projection;
use crate::syntax::ast::ProjectionItem;
use crate::syntax::ast::QualifiedName;
use crate::syntax::ast::Remove;
use crate::syntax::ast::RemoveItem;
use crate::syntax::ast::RemoveItemKind;
use crate::syntax::ast::Retry;
use crate::syntax::ast::Return;
use crate::syntax::ast::Set;
use crate::syntax::ast::SetItem;
use crate::syntax::ast::SetItemKind;
use crate::syntax::ast::SortItem;
use crate::syntax::ast::SubqueryScope;
use crate::syntax::ast::Transactions;
use crate::syntax::ast::Unwind;
use crate::syntax::ast::With;
use crate::syntax::ast::Yield;
use crate::syntax::ast::YieldItem;
use crate::syntax::build::Builder;
use crate::syntax::build::misplaced;
use crate::syntax::build::parts;
use crate::syntax::build::pattern::reject_parameters;
use crate::syntax::grammar::Pair;
use crate::syntax::grammar::Rule;

/// The error for a clause without one of its parts, which the grammar rules out.
fn missing(what: &str, span: Span) -> Error {
    Error::internal(format!("a clause has no {what}")).at(span)
}

impl Builder<'_> {
    pub(super) fn clause(&self, pair: Pair<'_>) -> Result<Clause> {
        let span = self.span(&pair);
        match pair.as_rule() {
            Rule::match_clause => self.match_(pair).map(Clause::Match),
            Rule::with_clause => self.with(pair).map(Clause::With),
            Rule::return_clause => {
                let With { projection, .. } = self.with(pair)?;
                Ok(Clause::Return(Return { projection, span }))
            }
            Rule::unwind_clause => self.unwind(pair).map(Clause::Unwind),
            Rule::create_clause | Rule::insert_clause => {
                let patterns = parts(pair)
                    .filter(|part| part.as_rule() == Rule::path_pattern)
                    .map(|part| self.path_pattern(part))
                    .collect::<Result<_>>()?;
                Ok(Clause::Create(Create { patterns, span }))
            }
            Rule::merge_clause => self.merge(pair).map(Clause::Merge),
            Rule::set_clause => Ok(Clause::Set(Set { items: self.set_items(pair)?, span })),
            Rule::remove_clause => {
                let items = parts(pair)
                    .filter(|part| part.as_rule() == Rule::remove_item)
                    .map(|part| self.remove_item(part))
                    .collect::<Result<_>>()?;
                Ok(Clause::Remove(Remove { items, span }))
            }
            Rule::delete_clause => self.delete(pair).map(Clause::Delete),
            Rule::call_clause => self.call(pair),
            Rule::foreach_clause => self.foreach(pair).map(Clause::Foreach),
            Rule::let_clause => {
                let items = parts(pair)
                    .filter(|part| part.as_rule() == Rule::let_item)
                    .map(|part| self.let_item(part))
                    .collect::<Result<_>>()?;
                Ok(Clause::Let(Let { items, span }))
            }
            Rule::filter_clause => {
                Ok(Clause::Filter(Filter { predicate: self.where_part(pair)?, span }))
            }
            Rule::page_clause => self.page(pair).map(Clause::Page),
            Rule::load_clause => self.load(pair).map(Clause::Load),
            Rule::finish_clause => Ok(Clause::Finish(Finish { span })),
            Rule::use_clause => Err(Error::syntax(
                Detail::UnknownGraph,
                "USE names another graph, and a store holds one only",
            )
            .at(span)
            .help("Leave the clause out; open another store to ask another graph.")),
            Rule::create_index
            | Rule::create_constraint
            | Rule::drop_index
            | Rule::drop_constraint => self.schema(pair).map(Clause::Schema),
            Rule::show_clause => self.show(pair).map(Clause::Show),
            _ => Err(misplaced(&pair, span)),
        }
    }

    fn match_(&self, pair: Pair<'_>) -> Result<Match> {
        let span = self.span(&pair);
        let mut clause =
            Match { optional: false, mode: None, patterns: Vec::new(), where_: None, span };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::kw_optional => clause.optional = true,
                Rule::match_mode => clause.mode = Some(self.match_mode(part)),
                Rule::path_pattern => clause.patterns.push(self.matched_pattern(part)?),
                Rule::where_part => clause.where_ = Some(self.where_part(part)?),
                _ => {}
            }
        }
        Ok(clause)
    }

    pub(super) fn matched_pattern(&self, pair: Pair<'_>) -> Result<PathPattern> {
        let pattern = self.path_pattern(pair)?;
        reject_parameters(&pattern)?;
        Ok(pattern)
    }

    /// The predicate of `WHERE`.
    pub(super) fn where_part(&self, pair: Pair<'_>) -> Result<Expression> {
        let span = self.span(&pair);
        match pair.into_inner().find(|part| part.as_rule() == Rule::expression) {
            Some(expression) => self.predicate(expression),
            None => Err(missing("predicate", span)),
        }
    }

    /// The one value of a clause such as `SKIP`.
    pub(super) fn only_value(&self, pair: Pair<'_>) -> Result<Expression> {
        let span = self.span(&pair);
        match pair.into_inner().find(|part| part.as_rule() == Rule::expression) {
            Some(expression) => self.value(expression),
            None => Err(missing("value", span)),
        }
    }

    fn with(&self, pair: Pair<'_>) -> Result<With> {
        let span = self.span(&pair);
        let mut projection = None;
        let mut where_ = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::projection => projection = Some(self.projection(part)?),
                Rule::where_part => where_ = Some(self.where_part(part)?),
                _ => {}
            }
        }
        let projection = projection.ok_or_else(|| missing("projection", span))?;
        Ok(With { projection, where_, span })
    }

    fn let_item(&self, pair: Pair<'_>) -> Result<LetItem> {
        let span = self.span(&pair);
        let variable = self.variable_within(&pair)?;
        Ok(LetItem { variable, value: self.only_value(pair)?, span })
    }

    fn page(&self, pair: Pair<'_>) -> Result<Page> {
        let span = self.span(&pair);
        let mut page = Page { order_by: Vec::new(), skip: None, limit: None, span };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::order_part => page.order_by = self.sort_items(part)?,
                Rule::skip_part => page.skip = Some(self.only_value(part)?),
                Rule::limit_part => page.limit = Some(self.only_value(part)?),
                _ => return Err(misplaced(&part, span)),
            }
        }
        Ok(page)
    }

    fn sort_items(&self, pair: Pair<'_>) -> Result<Vec<SortItem>> {
        parts(pair)
            .filter(|item| item.as_rule() == Rule::sort_item)
            .map(|item| self.sort_item(item))
            .collect()
    }

    fn projection(&self, pair: Pair<'_>) -> Result<Projection> {
        let span = self.span(&pair);
        let mut projection = Projection {
            distinct: false,
            star: false,
            items: Vec::new(),
            group_by: None,
            order_by: Vec::new(),
            skip: None,
            limit: None,
            span,
        };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::kw_distinct => projection.distinct = true,
                Rule::star => projection.star = true,
                Rule::projection_item => projection.items.push(self.projection_item(part)?),
                Rule::group_part => {
                    let keys = parts(part).filter(|key| key.as_rule() == Rule::expression);
                    let keys = keys.map(|key| self.value(key)).collect::<Result<_>>()?;
                    projection.group_by = Some(keys);
                }
                Rule::order_part => projection.order_by = self.sort_items(part)?,
                Rule::skip_part => projection.skip = Some(self.only_value(part)?),
                Rule::limit_part => projection.limit = Some(self.only_value(part)?),
                _ => return Err(misplaced(&part, span)),
            }
        }
        Ok(projection)
    }

    fn projection_item(&self, pair: Pair<'_>) -> Result<ProjectionItem> {
        let span = self.span(&pair);
        let mut alias = None;
        let mut expression = None;
        let mut text = String::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::variable => alias = Some(self.name(&part)?),
                Rule::expression => {
                    self.text_of(self.span(&part)).clone_into(&mut text);
                    expression = Some(self.value(part)?);
                }
                _ => {}
            }
        }
        let expression = expression.ok_or_else(|| missing("expression", span))?;
        Ok(ProjectionItem { expression, alias, text, span })
    }

    pub(super) fn sort_item(&self, pair: Pair<'_>) -> Result<SortItem> {
        let span = self.span(&pair);
        let descending =
            pair.clone().into_inner().any(|part| part.as_rule() == Rule::kw_descending);
        Ok(SortItem { expression: self.only_value(pair)?, descending, span })
    }

    fn unwind(&self, pair: Pair<'_>) -> Result<Unwind> {
        let span = self.span(&pair);
        let variable = self.variable_within(&pair)?;
        Ok(Unwind { list: self.only_value(pair)?, variable, span })
    }

    /// The first variable directly within a piece.
    pub(super) fn variable_within(&self, pair: &Pair<'_>) -> Result<Name> {
        let variable = pair.clone().into_inner().find(|part| part.as_rule() == Rule::variable);
        match variable {
            Some(variable) => self.name(&variable),
            None => Err(missing("variable", self.span(pair))),
        }
    }

    fn merge(&self, pair: Pair<'_>) -> Result<Merge> {
        let span = self.span(&pair);
        let mut pattern = None;
        let mut actions = Vec::new();
        for part in parts(pair) {
            match part.as_rule() {
                Rule::path_pattern => pattern = Some(self.matched_pattern(part)?),
                Rule::merge_action => {
                    let span = self.span(&part);
                    let create = part.clone().into_inner().any(|p| p.as_rule() == Rule::kw_create);
                    let event = if create { MergeEvent::Create } else { MergeEvent::Match };
                    actions.push(MergeAction { event, items: self.set_items(part)?, span });
                }
                _ => {}
            }
        }
        let pattern = pattern.ok_or_else(|| missing("pattern", span))?;
        Ok(Merge { pattern, actions, span })
    }

    fn set_items(&self, pair: Pair<'_>) -> Result<Vec<SetItem>> {
        parts(pair)
            .filter(|part| part.as_rule() == Rule::set_item)
            .map(|part| self.set_item(part))
            .collect()
    }

    fn set_item(&self, pair: Pair<'_>) -> Result<SetItem> {
        let span = self.span(&pair);
        let mut target = None;
        for part in parts(pair) {
            if part.as_rule() == Rule::set_target {
                target = Some(self.set_target(part)?);
                continue;
            }
            let target = target.take().ok_or_else(|| missing("target", span))?;
            let kind = match (part.as_rule(), target.kind) {
                (Rule::set_replace, ExpressionKind::Property { base, key }) => {
                    SetItemKind::Property { target: *base, key, value: self.only_value(part)? }
                }
                (Rule::set_replace, ExpressionKind::Index { base, index }) => {
                    SetItemKind::Index { target: *base, key: *index, value: self.only_value(part)? }
                }
                (rule, ExpressionKind::Variable(text)) => {
                    let variable = Name { text, span: target.span };
                    match rule {
                        Rule::set_replace => {
                            SetItemKind::Replace { variable, value: self.only_value(part)? }
                        }
                        Rule::set_add => {
                            SetItemKind::Add { variable, value: self.only_value(part)? }
                        }
                        _ => SetItemKind::Labels { variable, labels: self.labels(part)? },
                    }
                }
                _ => return Err(not_settable(target.span)),
            };
            return Ok(SetItem { kind, span });
        }
        Err(missing("value", span))
    }

    fn labels(&self, pair: Pair<'_>) -> Result<Vec<LabelExpression>> {
        parts(pair)
            .filter(|part| part.as_rule() != Rule::kw_is)
            .map(|part| self.label_factor(part))
            .collect()
    }

    /// A variable, an expression in parentheses, or a property of either.
    fn set_target(&self, pair: Pair<'_>) -> Result<Expression> {
        let whole = self.span(&pair);
        let mut target: Option<Expression> = None;
        for part in parts(pair) {
            let span = self.span(&part);
            target = Some(match (part.as_rule(), target.take()) {
                (Rule::variable, _) => {
                    let Name { text, span } = self.name(&part)?;
                    Expression { kind: ExpressionKind::Variable(text), span }
                }
                (Rule::expression, _) => self.value(part)?,
                (Rule::property_lookup, Some(base)) => self.property(base, part)?,
                (Rule::subscript, Some(base)) => {
                    let span = base.span.to(span);
                    Expression { kind: self.subscript(base, part)?, span }
                }
                _ => return Err(misplaced(&part, span)),
            });
        }
        target.ok_or_else(|| missing("target", whole))
    }

    fn remove_item(&self, pair: Pair<'_>) -> Result<RemoveItem> {
        let span = self.span(&pair);
        let mut target = None;
        let mut labels = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::set_target => target = Some(self.set_target(part)?),
                _ => labels = Some(self.labels(part)?),
            }
        }
        let target = target.ok_or_else(|| missing("target", span))?;
        let kind = match (target.kind, labels) {
            (ExpressionKind::Property { base, key }, None) => {
                RemoveItemKind::Property { target: *base, key }
            }
            (ExpressionKind::Index { base, index }, None) => {
                RemoveItemKind::Index { target: *base, key: *index }
            }
            (ExpressionKind::Variable(text), Some(labels)) => {
                RemoveItemKind::Labels { variable: Name { text, span: target.span }, labels }
            }
            _ => {
                return Err(Error::syntax(
                    Detail::UnexpectedSyntax,
                    "REMOVE takes a property or labels",
                )
                .at(span)
                .help(
                    "Write `REMOVE n.key` or `REMOVE n:Label`; DELETE removes the node itself.",
                ));
            }
        };
        Ok(RemoveItem { kind, span })
    }

    fn delete(&self, pair: Pair<'_>) -> Result<Delete> {
        let span = self.span(&pair);
        let mut clause = Delete { detach: false, expressions: Vec::new(), span };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::kw_detach => clause.detach = true,
                Rule::expression => clause.expressions.push(self.value(part)?),
                _ => {}
            }
        }
        Ok(clause)
    }

    fn call(&self, pair: Pair<'_>) -> Result<Clause> {
        let span = self.span(&pair);
        let mut optional = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::kw_optional => optional = Some(self.span(&part)),
                Rule::call_subquery => {
                    let clause = self.call_subquery(part, optional.is_some(), span)?;
                    return Ok(Clause::CallSubquery(clause));
                }
                Rule::call_procedure => {
                    if let Some(span) = optional {
                        return Err(Error::syntax(
                            Detail::UnexpectedSyntax,
                            "OPTIONAL CALL takes a subquery, not a procedure",
                        )
                        .at(span)
                        .help("Write `OPTIONAL CALL { … }`."));
                    }
                    return self.call_procedure(part, span).map(Clause::Call);
                }
                _ => {}
            }
        }
        Err(missing("procedure", span))
    }

    fn call_procedure(&self, pair: Pair<'_>, span: Span) -> Result<Call> {
        let mut procedure: Option<QualifiedName> = None;
        let mut arguments = None;
        let mut yield_ = None;
        for part in parts(pair) {
            match part.as_rule() {
                Rule::qualified_name => procedure = Some(self.qualified_name(part)?),
                Rule::call_arguments => {
                    let list = parts(part).map(|argument| self.value(argument));
                    arguments = Some(list.collect::<Result<_>>()?);
                }
                Rule::yield_part => yield_ = Some(self.yield_(part)?),
                _ => return Err(misplaced(&part, span)),
            }
        }
        let procedure = procedure.ok_or_else(|| missing("procedure", span))?;
        Ok(Call { procedure, arguments, yield_, span })
    }

    fn yield_(&self, pair: Pair<'_>) -> Result<Yield> {
        let span = self.span(&pair);
        let mut yield_ = Yield { star: false, items: Vec::new(), where_: None, span };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::star => yield_.star = true,
                Rule::where_part => yield_.where_ = Some(self.where_part(part)?),
                Rule::yield_item => yield_.items.push(self.yield_item(part)?),
                _ => {}
            }
        }
        Ok(yield_)
    }

    pub(super) fn yield_item(&self, pair: Pair<'_>) -> Result<YieldItem> {
        let span = self.span(&pair);
        let mut names = pair.into_inner().filter(|part| part.as_rule() != Rule::kw_as);
        let field = names.next().ok_or_else(|| missing("field", span))?;
        let field = self.name(&field)?;
        let alias = names.next().map(|alias| self.name(&alias)).transpose()?;
        Ok(YieldItem { field, alias, span })
    }

    fn call_subquery(&self, pair: Pair<'_>, optional: bool, span: Span) -> Result<CallSubquery> {
        let mut scope = SubqueryScope::ImportingWith;
        let mut query = None;
        let mut within = Vec::new();
        let mut transactions = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::close_paren if scope == SubqueryScope::ImportingWith => {
                    scope = SubqueryScope::Variables(std::mem::take(&mut within));
                }
                Rule::star => scope = SubqueryScope::All,
                Rule::variable => within.push(self.name(&part)?),
                Rule::query => query = Some(self.nested(span, || self.query(part))?),
                Rule::in_transactions => transactions = Some(self.transactions(part)?),
                _ => {}
            }
        }
        let query = query.ok_or_else(|| missing("query", span))?;
        Ok(CallSubquery { optional, scope, query, transactions, span })
    }

    fn transactions(&self, pair: Pair<'_>) -> Result<Transactions> {
        let span = self.span(&pair);
        let mut into = Transactions {
            concurrent: false,
            concurrency: None,
            rows: None,
            retry: None,
            on_error: None,
            status: None,
            span,
        };
        for part in pair.into_inner() {
            let place = self.span(&part);
            let repeated = match part.as_rule() {
                Rule::transaction_rows => into.rows.replace(self.only_value(part)?).is_some(),
                Rule::report_status => into.status.replace(self.variable_within(&part)?).is_some(),
                Rule::on_error => {
                    let repeated = into.on_error.is_some() || into.retry.is_some();
                    self.on_error(part, &mut into)?;
                    repeated
                }
                Rule::kw_concurrent => {
                    into.concurrent = true;
                    false
                }
                Rule::expression => into.concurrency.replace(self.value(part)?).is_some(),
                _ => false,
            };
            if repeated {
                return Err(Error::syntax(Detail::UnexpectedSyntax, "this stands here twice")
                    .at(place)
                    .help("Keep one of them."));
            }
        }
        Ok(into)
    }

    fn on_error(&self, pair: Pair<'_>, into: &mut Transactions) -> Result<()> {
        for part in pair.into_inner() {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::retry => {
                    let seconds = part.into_inner().find(|part| part.as_rule() == Rule::expression);
                    let seconds = seconds.map(|seconds| self.value(seconds)).transpose()?;
                    into.retry = Some(Retry { seconds, span });
                }
                Rule::failure => {
                    into.on_error = match part.into_inner().next().map(|word| word.as_rule()) {
                        Some(Rule::kw_continue) => Some(OnError::Continue),
                        Some(Rule::kw_break) => Some(OnError::Break),
                        _ => Some(OnError::Fail),
                    };
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn load(&self, pair: Pair<'_>) -> Result<Load> {
        let span = self.span(&pair);
        let variable = self.variable_within(&pair)?;
        let has = |rule| pair.clone().into_inner().any(|part| part.as_rule() == rule);
        let terminator = pair.clone().into_inner().find(|part| part.as_rule() == Rule::string);
        let field_terminator = terminator
            .map(|text| super::literal::string(text.as_str(), self.span(&text).start))
            .transpose()?;
        let format = match has(Rule::kw_json) {
            true => LoadFormat::Json,
            false => LoadFormat::Csv { headers: has(Rule::kw_headers), field_terminator },
        };
        let from = self.only_value(pair)?;
        Ok(Load { format, from, variable, span })
    }

    fn foreach(&self, pair: Pair<'_>) -> Result<Foreach> {
        let span = self.span(&pair);
        let variable = self.variable_within(&pair)?;
        let mut list = None;
        let mut clauses = Vec::new();
        self.nested(span, || {
            for part in parts(pair) {
                match part.as_rule() {
                    Rule::expression => list = Some(self.value(part)?),
                    Rule::variable | Rule::kw_foreach | Rule::kw_in => {}
                    _ => clauses.push(self.clause(part)?),
                }
            }
            Ok(())
        })?;
        if let Some(clause) = clauses.iter().find(|clause| !clause.is_updating()) {
            return Err(Error::syntax(
                Detail::InvalidClauseComposition,
                format!("{} cannot stand in FOREACH", clause.keyword()),
            )
            .at(clause.span())
            .help("FOREACH takes CREATE, MERGE, SET, REMOVE, DELETE and FOREACH; UNWIND goes with the others."));
        }
        let list = list.ok_or_else(|| missing("list", span))?;
        Ok(Foreach { variable, list, clauses, span })
    }
}

fn not_settable(span: Span) -> Error {
    Error::syntax(Detail::UnexpectedSyntax, "this cannot be set")
        .at(span)
        .help("SET takes `n.key = value`, `n = map`, `n += map` and `n:Label`.")
}
