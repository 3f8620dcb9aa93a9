//! Clauses as text.

use crate::syntax::ast::Call;
use crate::syntax::ast::CallSubquery;
use crate::syntax::ast::Clause;
use crate::syntax::ast::Conditional;
use crate::syntax::ast::Expression;
use crate::syntax::ast::ExpressionKind;
use crate::syntax::ast::Foreach;
use crate::syntax::ast::LabelExpression;
use crate::syntax::ast::LoadFormat;
use crate::syntax::ast::Match;
use crate::syntax::ast::MatchMode;
use crate::syntax::ast::Merge;
use crate::syntax::ast::MergeEvent;
use crate::syntax::ast::Name;
use crate::syntax::ast::OnError;
use crate::syntax::ast::Projection;
use crate::syntax::ast::ProjectionItem;
use crate::syntax::ast::RemoveItem;
use crate::syntax::ast::RemoveItemKind;
use crate::syntax::ast::SetItem;
use crate::syntax::ast::SetItemKind;
use crate::syntax::ast::SortItem;
use crate::syntax::ast::SubqueryScope;
use crate::syntax::ast::Transactions;
use crate::syntax::ast::Yield;
use crate::syntax::ast::YieldItem;
use crate::syntax::print::Printer;

impl Printer {
    pub(super) fn clause(&mut self, clause: &Clause) {
        match clause {
            Clause::Match(clause) => self.match_(clause),
            Clause::Unwind(clause) => {
                self.word("UNWIND ");
                self.expression(&clause.list);
                self.word(" AS ");
                self.variable(&clause.variable.text);
            }
            Clause::With(clause) => {
                self.word("WITH ");
                self.projection(&clause.projection);
                self.where_(clause.where_.as_ref());
            }
            Clause::Return(clause) => {
                self.word("RETURN ");
                self.projection(&clause.projection);
            }
            Clause::Create(clause) => {
                self.word("CREATE ");
                self.separated(&clause.patterns, ", ", Self::path_pattern);
            }
            Clause::Merge(clause) => self.merge(clause),
            Clause::Set(clause) => {
                self.word("SET ");
                self.separated(&clause.items, ", ", Self::set_item);
            }
            Clause::Remove(clause) => {
                self.word("REMOVE ");
                self.separated(&clause.items, ", ", Self::remove_item);
            }
            Clause::Delete(clause) => {
                self.word(if clause.detach { "DETACH DELETE " } else { "DELETE " });
                self.separated(&clause.expressions, ", ", Self::expression);
            }
            Clause::Call(clause) => self.call(clause),
            Clause::CallSubquery(clause) => self.call_subquery(clause),
            Clause::Foreach(clause) => self.foreach(clause),
            Clause::Let(clause) => {
                self.word("LET ");
                self.separated(&clause.items, ", ", |printer, item| {
                    printer.variable(&item.variable.text);
                    printer.word(" = ");
                    printer.expression(&item.value);
                });
            }
            Clause::Filter(clause) => {
                self.word("FILTER ");
                self.expression(&clause.predicate);
            }
            Clause::Page(clause) => {
                // A part before it brings a space of its own.
                let start = self.out.len();
                self.page(&clause.order_by, clause.skip.as_ref(), clause.limit.as_ref());
                if self.out.get(start..).is_some_and(|printed| printed.starts_with(' ')) {
                    self.out.remove(start);
                }
            }
            Clause::Load(clause) => {
                self.word(clause.format.keyword());
                if let LoadFormat::Csv { headers: true, .. } = clause.format {
                    self.word(" WITH HEADERS");
                }
                self.word(" FROM ");
                self.expression(&clause.from);
                self.word(" AS ");
                self.variable(&clause.variable.text);
                if let LoadFormat::Csv { field_terminator: Some(terminator), .. } = &clause.format {
                    self.word(" FIELDTERMINATOR ");
                    self.string(terminator);
                }
            }
            Clause::Finish(_) => self.word("FINISH"),
            Clause::Conditional(clause) => self.conditional(clause),
            Clause::Schema(clause) => self.schema(&clause.kind),
            Clause::Show(clause) => self.show(clause),
        }
    }

    fn match_(&mut self, clause: &Match) {
        self.word(if clause.optional { "OPTIONAL MATCH " } else { "MATCH " });
        self.word(match clause.mode {
            None => "",
            Some(MatchMode::RepeatableElements) => "REPEATABLE ELEMENTS ",
            Some(MatchMode::DifferentRelationships) => "DIFFERENT RELATIONSHIPS ",
        });
        self.separated(&clause.patterns, ", ", Self::path_pattern);
        self.where_(clause.where_.as_ref());
    }

    pub(super) fn where_(&mut self, predicate: Option<&Expression>) {
        if let Some(predicate) = predicate {
            self.word(" WHERE ");
            self.expression(predicate);
        }
    }

    fn projection(&mut self, projection: &Projection) {
        if projection.distinct {
            self.word("DISTINCT ");
        }
        if projection.star {
            self.word(if projection.items.is_empty() { "*" } else { "*, " });
        }
        self.separated(&projection.items, ", ", Self::projection_item);
        if let Some(keys) = &projection.group_by {
            self.word(if keys.is_empty() { " GROUP BY ()" } else { " GROUP BY " });
            self.separated(keys, ", ", Self::expression);
        }
        self.page(&projection.order_by, projection.skip.as_ref(), projection.limit.as_ref());
    }

    fn page(
        &mut self,
        order_by: &[SortItem],
        skip: Option<&Expression>,
        limit: Option<&Expression>,
    ) {
        if !order_by.is_empty() {
            self.word(" ORDER BY ");
            self.separated(order_by, ", ", Self::sort_item);
        }
        if let Some(skip) = skip {
            self.word(" SKIP ");
            self.expression(skip);
        }
        if let Some(limit) = limit {
            self.word(" LIMIT ");
            self.expression(limit);
        }
    }

    fn conditional(&mut self, clause: &Conditional) {
        for (at, branch) in clause.branches.iter().enumerate() {
            self.word(if at == 0 { "WHEN " } else { " WHEN " });
            self.expression(&branch.predicate);
            self.word(" THEN { ");
            self.query(&branch.query);
            self.word(" }");
        }
        if let Some(query) = &clause.otherwise {
            self.word(" ELSE { ");
            self.query(query);
            self.word(" }");
        }
    }

    fn projection_item(&mut self, item: &ProjectionItem) {
        match &item.alias {
            None if self.keeps_text && !item.text.is_empty() => self.word(&item.text),
            None => self.expression(&item.expression),
            Some(alias) => {
                self.expression(&item.expression);
                self.word(" AS ");
                self.variable(&alias.text);
            }
        }
    }

    pub(super) fn sort_item(&mut self, item: &SortItem) {
        self.expression(&item.expression);
        if item.descending {
            self.word(" DESC");
        }
    }

    fn merge(&mut self, clause: &Merge) {
        self.word("MERGE ");
        self.path_pattern(&clause.pattern);
        for action in &clause.actions {
            self.word(match action.event {
                MergeEvent::Create => " ON CREATE SET ",
                MergeEvent::Match => " ON MATCH SET ",
            });
            self.separated(&action.items, ", ", Self::set_item);
        }
    }

    fn set_item(&mut self, item: &SetItem) {
        match &item.kind {
            SetItemKind::Property { target, key, value } => {
                self.set_target(target);
                self.word(".");
                self.name(&key.text);
                self.word(" = ");
                self.expression(value);
            }
            SetItemKind::Index { target, key, value } => {
                self.set_target(target);
                self.word("[");
                self.expression(key);
                self.word("] = ");
                self.expression(value);
            }
            SetItemKind::Replace { variable, value } => {
                self.variable(&variable.text);
                self.word(" = ");
                self.expression(value);
            }
            SetItemKind::Add { variable, value } => {
                self.variable(&variable.text);
                self.word(" += ");
                self.expression(value);
            }
            SetItemKind::Labels { variable, labels } => self.labelled(variable, labels),
        }
    }

    fn remove_item(&mut self, item: &RemoveItem) {
        match &item.kind {
            RemoveItemKind::Property { target, key } => {
                self.set_target(target);
                self.word(".");
                self.name(&key.text);
            }
            RemoveItemKind::Index { target, key } => {
                self.set_target(target);
                self.word("[");
                self.expression(key);
                self.word("]");
            }
            RemoveItemKind::Labels { variable, labels } => self.labelled(variable, labels),
        }
    }

    fn labelled(&mut self, variable: &Name, labels: &[LabelExpression]) {
        self.variable(&variable.text);
        for label in labels {
            self.word(":");
            self.labels(label, 2);
        }
    }

    /// What has the property that is set: only variables and their properties go without parentheses.
    fn set_target(&mut self, target: &Expression) {
        match &target.kind {
            ExpressionKind::Variable(name) => self.variable(name),
            ExpressionKind::Property { base, key } => {
                self.set_target(base);
                self.word(".");
                self.name(&key.text);
            }
            ExpressionKind::Index { base, index } => {
                self.set_target(base);
                self.word("[");
                self.expression(index);
                self.word("]");
            }
            _ => {
                self.word("(");
                self.expression(target);
                self.word(")");
            }
        }
    }

    fn call(&mut self, clause: &Call) {
        self.word("CALL ");
        self.separated(&clause.procedure.parts, ".", |printer, part| printer.name(&part.text));
        if let Some(arguments) = &clause.arguments {
            self.word("(");
            self.separated(arguments, ", ", Self::expression);
            self.word(")");
        }
        if let Some(yield_) = &clause.yield_ {
            self.yield_(yield_);
        }
    }

    fn yield_(&mut self, yield_: &Yield) {
        self.word(" YIELD ");
        if yield_.star {
            self.word("*");
        } else if yield_.items.is_empty() {
            self.word("-");
        }
        self.separated(&yield_.items, ", ", Self::yield_item);
        self.where_(yield_.where_.as_ref());
    }

    pub(super) fn yield_item(&mut self, item: &YieldItem) {
        self.name(&item.field.text);
        if let Some(alias) = &item.alias {
            self.word(" AS ");
            self.variable(&alias.text);
        }
    }

    fn call_subquery(&mut self, clause: &CallSubquery) {
        self.word(if clause.optional { "OPTIONAL CALL " } else { "CALL " });
        match &clause.scope {
            SubqueryScope::ImportingWith => {}
            SubqueryScope::All => self.word("(*) "),
            SubqueryScope::Variables(variables) => {
                self.word("(");
                self.separated(variables, ", ", |printer, variable| {
                    printer.variable(&variable.text);
                });
                self.word(") ");
            }
        }
        self.word("{ ");
        self.query(&clause.query);
        self.word(" }");
        if let Some(transactions) = &clause.transactions {
            self.transactions(transactions);
        }
    }

    fn transactions(&mut self, transactions: &Transactions) {
        self.word(" IN ");
        if let Some(concurrency) = &transactions.concurrency {
            self.expression(concurrency);
            self.word(" ");
        }
        self.word(if transactions.concurrent { "CONCURRENT TRANSACTIONS" } else { "TRANSACTIONS" });
        if let Some(rows) = &transactions.rows {
            self.word(" OF ");
            self.expression(rows);
            self.word(" ROWS");
        }
        if let Some(retry) = &transactions.retry {
            self.word(" ON ERROR RETRY");
            if let Some(seconds) = &retry.seconds {
                self.word(" FOR ");
                self.expression(seconds);
                self.word(" SECONDS");
            }
        }
        if let Some(on_error) = transactions.on_error {
            self.word(if transactions.retry.is_some() { " THEN " } else { " ON ERROR " });
            self.word(match on_error {
                OnError::Continue => "CONTINUE",
                OnError::Break => "BREAK",
                OnError::Fail => "FAIL",
            });
        }
        if let Some(status) = &transactions.status {
            self.word(" REPORT STATUS AS ");
            self.variable(&status.text);
        }
    }

    fn foreach(&mut self, clause: &Foreach) {
        self.word("FOREACH (");
        self.variable(&clause.variable.text);
        self.word(" IN ");
        self.expression(&clause.list);
        self.word(" | ");
        self.separated(&clause.clauses, " ", Self::clause);
        self.word(")");
    }
}
