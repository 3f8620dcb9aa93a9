//! Whether changes can be made for many rows together: whether what one row writes is read by another.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::value::Type;
use crate::value::Value;

use super::{Expression, ExpressionKind, Slot, UpdateItem};

/// The property keys that changes write; nothing where they write something else, or what is not known before.
pub fn written_keys<'i>(
    items: impl IntoIterator<Item = &'i UpdateItem>,
) -> Option<BTreeSet<Arc<str>>> {
    let mut keys = BTreeSet::new();
    for item in items {
        let (UpdateItem::Property { target, key, .. } | UpdateItem::RemoveProperty { target, key }) =
            item
        else {
            return None;
        };
        let (ExpressionKind::Variable(_), ExpressionKind::Literal(Value::String(key))) =
            (&target.kind, &key.kind)
        else {
            return None;
        };
        keys.insert(key.clone());
    }
    Some(keys)
}

/// The values that changes compute.
pub fn values_of<'i>(
    items: impl IntoIterator<Item = &'i UpdateItem>,
) -> impl Iterator<Item = &'i Expression> {
    items.into_iter().filter_map(|item| match item {
        UpdateItem::Property { value, .. }
        | UpdateItem::Replace { value, .. }
        | UpdateItem::Extend { value, .. } => Some(value),
        UpdateItem::AddLabels { .. }
        | UpdateItem::RemoveProperty { .. }
        | UpdateItem::RemoveLabels { .. } => None,
    })
}

impl Expression {
    /// Whether it may read one of these properties of a node or relationship: by its key, or as part of all there
    /// is to know of one.
    pub fn may_read(&self, keys: &BTreeSet<Arc<str>>) -> bool {
        let may_be_entity = |e: &Expression| {
            matches!(e.ty, Type::Node | Type::Relationship | Type::Path | Type::Any)
                && matches!(e.kind, ExpressionKind::Variable(_) | ExpressionKind::Path(_))
        };
        !keys.is_empty()
            && self.any(&mut |e| match &e.kind {
                ExpressionKind::Property { target, key } => {
                    keys.contains(key)
                        && matches!(target.ty, Type::Node | Type::Relationship | Type::Any)
                }
                ExpressionKind::Index { target, .. } => may_be_entity(target),
                ExpressionKind::Function { arguments, .. } => arguments.iter().any(may_be_entity),
                ExpressionKind::Subquery(_)
                | ExpressionKind::ListComprehension { .. }
                | ExpressionKind::Quantifier { .. }
                | ExpressionKind::Reduce { .. } => true,
                _ => false,
            })
    }
}

/// Whether making changes one after the other, each for all rows, leaves what making all of them row by row does: no
/// two write the same property, and none reads what another writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Independence {
    /// It does.
    Given,
    /// It does as long as no node, relationship or path is in one of these variables: most often each holds a row of
    /// data, whose type nobody knows before.
    Without(BTreeSet<Slot>),
    /// It may not.
    Unknown,
}

impl Independence {
    /// That of these changes.
    pub fn of(items: &[UpdateItem]) -> Self {
        let Some(keys) = written_keys(items) else { return Self::Unknown };
        if keys.len() < items.len() {
            return Self::Unknown;
        }
        let mut slots = BTreeSet::new();
        for value in values_of(items).filter(|value| value.may_read(&keys)) {
            // Where no variable has an entity, nothing that is computed from variables alone has one.
            let from_variables_alone = !value.any(&mut |e| {
                matches!(
                    e.kind,
                    ExpressionKind::Parameter(_)
                        | ExpressionKind::Subquery(_)
                        | ExpressionKind::ListComprehension { .. }
                        | ExpressionKind::Quantifier { .. }
                        | ExpressionKind::Reduce { .. }
                )
            });
            if !from_variables_alone {
                return Self::Unknown;
            }
            value.collect_slots(&mut slots);
        }
        if slots.is_empty() { Self::Given } else { Self::Without(slots) }
    }
}
