//! Which indexes answer which predicates.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::bound::BinaryOperator;
use crate::bound::Expression;
use crate::bound::ExpressionKind;
use crate::bound::PatternRelationship;
use crate::bound::Slot;
use crate::bound::UnaryOperator;
use crate::plan::Estimator;
use crate::plan::IndexDescription;
use crate::plan::IndexSeek;
use crate::plan::SeekBound;
use crate::plan::SeekEntity;
use crate::plan::SeekKey;
use crate::value::Type;

use super::pattern::label_of;

/// A seek or scan of an index, and the predicates that all it finds satisfies.
pub(super) struct IndexUse<'g> {
    pub(super) seek: IndexSeek,
    pub(super) answers: Vec<&'g Expression>,
}

/// What a predicate asks of a property.
enum Asked<'g> {
    Equal(&'g Expression),
    In(&'g Expression),
    /// Whether it is a lower bound, the bound, whether that is in the range.
    Bound(bool, &'g Expression, bool),
    StartsWith(&'g Expression),
    EndsWith(&'g Expression),
    Contains(&'g Expression),
    Exists,
}

/// A predicate on one property of one variable.
struct Condition<'g> {
    key: Arc<str>,
    asked: Asked<'g>,
    predicate: &'g Expression,
}

/// Every way to find nodes and relationships of a part of a pattern by an index, with values that depend on
/// nothing but these variables.
pub(super) fn uses<'g>(
    estimator: &dyn Estimator,
    part: &[Slot],
    predicates: &[&'g Expression],
    relationships: &[&'g PatternRelationship],
    known: &BTreeSet<Slot>,
) -> Vec<IndexUse<'g>> {
    let mut uses = Vec::new();
    for &node in part {
        let mut conditions = None;
        for predicate in predicates {
            let Some(label) = label_of(predicate, node) else { continue };
            for index in estimator.indexes(&label, false) {
                let conditions = conditions.get_or_insert_with(|| of(node, predicates, known));
                let entity = SeekEntity::Node(node);
                if let Some(mut found) = fitting(index, entity, conditions) {
                    found.answers.push(predicate);
                    uses.push(found);
                }
            }
        }
    }
    for relationship in relationships {
        let (from, to) = (relationship.left, relationship.right);
        let within = part.contains(&from) && part.contains(&to) && from != to;
        let ([of_type], true, None) = (relationship.types.as_slice(), within, relationship.length)
        else {
            continue;
        };
        for index in estimator.indexes(of_type, true) {
            let conditions = of(relationship.slot, predicates, known);
            let entity = SeekEntity::Relationship {
                relationship: relationship.slot,
                from,
                to,
                direction: relationship.direction,
            };
            uses.extend(fitting(index, entity, &conditions));
        }
    }
    uses
}

/// How an index answers the conditions, if it can.
fn fitting<'g>(
    index: IndexDescription,
    entity: SeekEntity,
    conditions: &[Condition<'g>],
) -> Option<IndexUse<'g>> {
    let mut answers = Vec::new();
    let mut equal = Vec::new();
    let on = |key: &Arc<str>| {
        let key = key.clone();
        conditions.iter().filter(move |condition| condition.key == key)
    };
    // A value that may be no string is not among those of a text index.
    let is_text = |e: &Expression| !index.text || e.ty == Type::String;
    for key in &index.properties {
        let found = on(key).find_map(|condition| match condition.asked {
            Asked::Equal(value) if is_text(value) => {
                Some((SeekKey::Equal(value.clone()), condition.predicate))
            }
            Asked::In(list) if !index.text || list.ty == Type::list(Type::String) => {
                Some((SeekKey::In(list.clone()), condition.predicate))
            }
            _ => None,
        });
        let Some((key, predicate)) = found else { break };
        equal.push(key);
        answers.push(predicate);
    }
    let mut then = None;
    if let Some(key) = index.properties.get(equal.len()) {
        let (bound, own) = bound(on(key), index.text);
        then = bound;
        answers.extend(own);
        if then.is_none() && index.text {
            return None;
        }
    }
    // Who lacks any of the properties is not in the index.
    let all_there = index.properties.iter().skip(equal.len()).all(|key| on(key).next().is_some());
    if !all_there {
        return None;
    }
    if equal.is_empty() && then.is_none() {
        let first = index.properties.first()?;
        answers.extend(on(first).find(|c| matches!(c.asked, Asked::Exists)).map(|c| c.predicate));
    }
    let seek = IndexSeek { input: None, entity, index, equal, then };
    Some(IndexUse { seek, answers })
}

/// What is asked of one property, other than equality, and by which predicates.
fn bound<'a, 'g: 'a>(
    conditions: impl Iterator<Item = &'a Condition<'g>> + Clone,
    text: bool,
) -> (Option<SeekBound>, Vec<&'g Expression>) {
    for condition in conditions.clone() {
        let bound = match condition.asked {
            Asked::StartsWith(prefix) => SeekBound::StartsWith(prefix.clone()),
            _ => continue,
        };
        return (Some(bound), vec![condition.predicate]);
    }
    if !text {
        let mut answers = Vec::new();
        let (mut lower, mut upper) = (None, None);
        for condition in conditions.clone() {
            let Asked::Bound(is_lower, value, inclusive) = condition.asked else { continue };
            let place = if is_lower { &mut lower } else { &mut upper };
            if place.is_none() {
                *place = Some((value.clone(), inclusive));
                answers.push(condition.predicate);
            }
        }
        if !answers.is_empty() {
            return (Some(SeekBound::Range { lower, upper }), answers);
        }
    }
    for condition in conditions {
        let bound = match condition.asked {
            Asked::EndsWith(end) => SeekBound::EndsWith(end.clone()),
            Asked::Contains(part) => SeekBound::Contains(part.clone()),
            _ => continue,
        };
        return (Some(bound), vec![condition.predicate]);
    }
    (None, Vec::new())
}

/// What the predicates ask of the properties of a variable.
fn of<'g>(
    variable: Slot,
    predicates: &[&'g Expression],
    known: &BTreeSet<Slot>,
) -> Vec<Condition<'g>> {
    predicates.iter().filter_map(|predicate| condition(predicate, variable, known)).collect()
}

fn condition<'g>(
    predicate: &'g Expression,
    variable: Slot,
    known: &BTreeSet<Slot>,
) -> Option<Condition<'g>> {
    let found = |key: &Arc<str>, asked| Some(Condition { key: key.clone(), asked, predicate });
    match &predicate.kind {
        ExpressionKind::Unary { operator: UnaryOperator::IsNotNull, operand } => {
            found(property_of(operand, variable)?, Asked::Exists)
        }
        ExpressionKind::Binary { operator, left, right } => {
            let (key, value, mirrored) = match property_of(left, variable) {
                Some(key) => (key, &**right, false),
                None => (property_of(right, variable)?, &**left, true),
            };
            if !value.is_fixed_by(known) {
                return None;
            }
            let asked = match (operator, mirrored) {
                (BinaryOperator::Equal, _) => Asked::Equal(value),
                (BinaryOperator::In, false) => Asked::In(value),
                (BinaryOperator::StartsWith, false) => Asked::StartsWith(value),
                (BinaryOperator::EndsWith, false) => Asked::EndsWith(value),
                (BinaryOperator::Contains, false) => Asked::Contains(value),
                (BinaryOperator::Greater, mirrored) => Asked::Bound(!mirrored, value, false),
                (BinaryOperator::GreaterOrEqual, mirrored) => Asked::Bound(!mirrored, value, true),
                (BinaryOperator::Less, mirrored) => Asked::Bound(mirrored, value, false),
                (BinaryOperator::LessOrEqual, mirrored) => Asked::Bound(mirrored, value, true),
                _ => return None,
            };
            found(key, asked)
        }
        _ => None,
    }
}

/// The key, if the expression is a property of this variable.
fn property_of(expression: &Expression, variable: Slot) -> Option<&Arc<str>> {
    match &expression.kind {
        ExpressionKind::Property { target, key } => {
            matches!(target.kind, ExpressionKind::Variable(slot) if slot == variable).then_some(key)
        }
        _ => None,
    }
}
