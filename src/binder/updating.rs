//! Clauses that change the graph.

use crate::bound;
use crate::bound::Clause;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::UpdateItem;
use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::syntax::ast;
use crate::value::Type;
use crate::value::Value;

use super::pattern::{CreatedPath, named_paths};
use super::{Aggregation, Binder, error};

impl Binder<'_> {
    pub(super) fn updating_clause(
        &mut self,
        clause: &ast::Clause,
        to: &mut Vec<Clause>,
    ) -> Result<()> {
        match clause {
            ast::Clause::Create(clause) => {
                let (pattern, paths) = self.create_pattern(&clause.patterns, false)?;
                to.push(Clause::Create(pattern));
                push_paths(paths, to);
            }
            ast::Clause::Merge(clause) => self.merge(clause, to)?,
            ast::Clause::Set(clause) => {
                let items = self.set_items(&clause.items)?;
                to.push(Clause::Update(items));
            }
            ast::Clause::Remove(clause) => {
                let items =
                    clause.items.iter().map(|i| self.remove_item(i)).collect::<Result<Vec<_>>>()?;
                to.push(Clause::Update(items));
            }
            ast::Clause::Delete(clause) => {
                let targets = clause
                    .expressions
                    .iter()
                    .map(|e| self.delete_target(e))
                    .collect::<Result<Vec<_>>>()?;
                to.push(Clause::Delete(bound::Delete { targets, detach: clause.detach }));
            }
            ast::Clause::Foreach(clause) => {
                let foreach = self.foreach(clause)?;
                to.push(Clause::Foreach(foreach));
            }
            other => {
                let message = format!("{} does not change the graph", other.keyword());
                return Err(error::composition(message, other.span()));
            }
        }
        Ok(())
    }

    fn merge(&mut self, clause: &ast::Merge, to: &mut Vec<Clause>) -> Result<()> {
        for properties in clause
            .pattern
            .nodes()
            .filter_map(|node| node.properties.as_ref())
            .chain(clause.pattern.relationships().filter_map(|r| r.properties.as_ref()))
        {
            if !matches!(properties.kind, ast::ExpressionKind::Map(_)) {
                return Err(error::parameter_as_properties(properties.span));
            }
        }
        let (create, paths) = self.create_pattern(std::slice::from_ref(&clause.pattern), true)?;
        let elements = paths.first().map(|path| path.elements.clone()).unwrap_or_default();
        let (graph, not_null) = self.merge_graph(&clause.pattern, &create, &elements);
        let mut on_create = Vec::new();
        let mut on_match = Vec::new();
        for action in &clause.actions {
            let items = self.set_items(&action.items)?;
            match action.event {
                ast::MergeEvent::Create => on_create.extend(items),
                ast::MergeEvent::Match => on_match.extend(items),
            }
        }
        to.push(Clause::Merge(bound::Merge { graph, not_null, create, on_create, on_match }));
        push_paths(paths, to);
        Ok(())
    }

    fn set_items(&mut self, items: &[ast::SetItem]) -> Result<Vec<UpdateItem>> {
        items.iter().map(|item| self.set_item(item)).collect()
    }

    fn set_item(&mut self, item: &ast::SetItem) -> Result<UpdateItem> {
        Ok(match &item.kind {
            ast::SetItemKind::Property { target, key, value } => {
                let target = self.expression(target)?;
                expect_entity(&target)?;
                let value = self.expression(value)?;
                UpdateItem::Property { target, key: key_literal(key), value }
            }
            ast::SetItemKind::Index { target, key, value } => {
                let target = self.expression(target)?;
                expect_entity(&target)?;
                let key = self.computed_key(key)?;
                let value = self.expression(value)?;
                UpdateItem::Property { target, key, value }
            }
            ast::SetItemKind::Replace { variable, value } => {
                let target = self.entity(variable)?;
                let value = self.properties_value(value)?;
                UpdateItem::Replace { target, value }
            }
            ast::SetItemKind::Add { variable, value } => {
                let target = self.entity(variable)?;
                let value = self.properties_value(value)?;
                UpdateItem::Extend { target, value }
            }
            ast::SetItemKind::Labels { variable, labels } => {
                let target = self.node(variable)?;
                UpdateItem::AddLabels { target, labels: self.new_labels(labels)? }
            }
        })
    }

    fn remove_item(&mut self, item: &ast::RemoveItem) -> Result<UpdateItem> {
        Ok(match &item.kind {
            ast::RemoveItemKind::Property { target, key } => {
                let target = self.expression(target)?;
                expect_entity(&target)?;
                UpdateItem::RemoveProperty { target, key: key_literal(key) }
            }
            ast::RemoveItemKind::Index { target, key } => {
                let target = self.expression(target)?;
                expect_entity(&target)?;
                UpdateItem::RemoveProperty { target, key: self.computed_key(key)? }
            }
            ast::RemoveItemKind::Labels { variable, labels } => {
                let target = self.node(variable)?;
                UpdateItem::RemoveLabels { target, labels: self.new_labels(labels)? }
            }
        })
    }

    /// A variable whose properties or labels change.
    fn entity(&mut self, name: &ast::Name) -> Result<Expression> {
        let slot = self.resolve(&name.text, name.span)?;
        let target = self.variable(slot, name.span);
        expect_entity(&target)?;
        Ok(target)
    }

    fn node(&mut self, name: &ast::Name) -> Result<Expression> {
        let slot = self.resolve(&name.text, name.span)?;
        let target = self.variable(slot, name.span);
        if !Type::Node.accepts(&target.ty) {
            return Err(error::invalid_type("a node", &target.ty, name.span));
        }
        Ok(target)
    }

    /// The key within `n[key]`.
    fn computed_key(&mut self, key: &ast::Expression) -> Result<Expression> {
        let key = self.expression(key)?;
        if Type::String.accepts(&key.ty) {
            return Ok(key);
        }
        Err(error::invalid_type("a string", &key.ty, key.span))
    }

    /// What properties are replaced or extended by.
    fn properties_value(&mut self, value: &ast::Expression) -> Result<Expression> {
        let value = self.expression(value)?;
        let fits = [Type::Map, Type::Node, Type::Relationship].iter().any(|t| t.accepts(&value.ty));
        if fits {
            return Ok(value);
        }
        Err(error::invalid_type("a map, node or relationship", &value.ty, value.span))
    }

    fn delete_target(&mut self, target: &ast::Expression) -> Result<Expression> {
        if let ast::ExpressionKind::HasLabels { .. } = target.kind {
            return Err(Error::syntax(
                Detail::InvalidDelete,
                "labels cannot be deleted with DELETE",
            )
            .at(target.span)
            .help("Use REMOVE to take a label away."));
        }
        let bound = self.expression(target)?;
        let fits = [Type::Node, Type::Relationship, Type::Path, Type::list(Type::Any)]
            .iter()
            .any(|t| t.accepts(&bound.ty));
        if fits {
            return Ok(bound);
        }
        Err(error::invalid_type("a node, relationship or path", &bound.ty, bound.span))
    }

    fn foreach(&mut self, clause: &ast::Foreach) -> Result<bound::Foreach> {
        let list = self.expression(&clause.list)?;
        let of = match &list.ty {
            Type::List(of) => (**of).clone(),
            _ => Type::Any,
        };
        let scope = self.scope.clone();
        self.nested(scope, Aggregation::Forbidden, |b| {
            let slot = b.declare(&clause.variable.text, of);
            let mut clauses = Vec::new();
            for inner in &clause.clauses {
                if !inner.is_updating() {
                    let message = format!("{} cannot stand in FOREACH", inner.keyword());
                    return Err(error::composition(message, inner.span())
                        .help("FOREACH takes updating clauses only; UNWIND the list instead."));
                }
                b.updating_clause(inner, &mut clauses)?;
            }
            Ok(bound::Foreach { slot, list, clauses })
        })
    }
}

fn push_paths(paths: Vec<CreatedPath>, to: &mut Vec<Clause>) {
    let paths = named_paths(paths);
    if !paths.is_empty() {
        to.push(Clause::Paths(paths));
    }
}

fn expect_entity(target: &Expression) -> Result<()> {
    if Type::Node.accepts(&target.ty) || Type::Relationship.accepts(&target.ty) {
        return Ok(());
    }
    Err(error::invalid_type("a node or relationship", &target.ty, target.span))
}

fn key_literal(key: &ast::Name) -> Expression {
    Expression {
        kind: ExpressionKind::Literal(Value::String(key.text.as_str().into())),
        span: key.span,
        ty: Type::String,
    }
}
