//! The `coll` functions: lists changed, searched and put into order.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::Nulls;
use crate::function::ScalarFunction;
use crate::value::Value;
use crate::value::ordering;

use super::SCALAR;
use super::argument::Arguments;

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "coll.distinct",
        signatures: &["coll.distinct(list :: LIST<ANY>) :: LIST<ANY>"],
        doc: "The list without repeated elements, each at the place where it came first; nulls are \
              alike.",
        example: ("coll.distinct([1, 3, 2, 1.0, null, null])", "[1, 3, 2, null]"),
        eval: |_, args| {
            let list = Arguments::of("coll.distinct", args).list(0)?;
            let mut seen = FxHashSet::default();
            Ok(Value::list(list.iter().filter(|v| seen.insert(*v)).cloned().collect()))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "coll.flatten",
        signatures: &["coll.flatten(list :: LIST<ANY>, depth? :: INTEGER) :: LIST<ANY>"],
        doc: "The list with the elements of the lists within it in their place, `depth` levels deep \
              (1 if left out).",
        example: ("coll.flatten([1, [2, [3]]])", "[1, 2, [3]]"),
        eval: |_, args| {
            let args = Arguments::of("coll.flatten", args);
            let depth = if args.has(1) { args.count(1)? } else { 1 };
            Ok(Value::list(flattened(args.list(0)?, depth)))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "coll.indexOf",
        signatures: &["coll.indexOf(list :: LIST<ANY>, value :: ANY) :: INTEGER"],
        doc: "The place of the first element that equals the value, counted from 0; -1 where there is \
              none.",
        example: ("coll.indexOf(['a', 'b', 'c', 'b'], 'b')", "1"),
        eval: |_, args| {
            let args = Arguments::of("coll.indexOf", args);
            let wanted = args.value(1);
            let at = args.list(0)?.iter().position(|v| ordering::equals(v, wanted) == Some(true));
            Ok(Value::Integer(at.map_or(-1, |at| at as i64)))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "coll.insert",
        signatures: &[
            "coll.insert(list :: LIST<ANY>, index :: INTEGER, value :: ANY) :: LIST<ANY>",
        ],
        nulls: Nulls::Pass,
        doc: "The list with the value put before the element at `index`, or at the end where `index` \
              is the size of the list.",
        example: ("coll.insert([1, 2, 4], 2, 3)", "[1, 2, 3, 4]"),
        eval: |_, args| {
            let args = Arguments::of("coll.insert", args);
            if args.value(0).is_null() || args.value(1).is_null() {
                return Ok(Value::Null);
            }
            let list = args.list(0)?;
            let at = place(args, list.len())?;
            let mut changed = Vec::with_capacity(list.len() + 1);
            changed.extend(list.iter().take(at).cloned());
            changed.push(args.value(2).clone());
            changed.extend(list.iter().skip(at).cloned());
            Ok(Value::list(changed))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "coll.max",
        signatures: &["coll.max(list :: LIST<ANY>) :: ANY"],
        doc: "The greatest element in the order of ORDER BY, nulls left out; null where there is none.",
        example: ("coll.max([1, 3, null, 2])", "3"),
        eval: |_, args| extreme(Arguments::of("coll.max", args), Ordering::Greater),
        ..SCALAR
    },
    ScalarFunction {
        name: "coll.min",
        signatures: &["coll.min(list :: LIST<ANY>) :: ANY"],
        doc: "The least element in the order of ORDER BY, nulls left out; null where there is none.",
        example: ("coll.min([2, null, 1, 3])", "1"),
        eval: |_, args| extreme(Arguments::of("coll.min", args), Ordering::Less),
        ..SCALAR
    },
    ScalarFunction {
        name: "coll.remove",
        signatures: &["coll.remove(list :: LIST<ANY>, index :: INTEGER) :: LIST<ANY>"],
        doc: "The list without the element at `index`.",
        example: ("coll.remove(['a', 'b', 'c'], 1)", "['a', 'c']"),
        eval: |_, args| {
            let args = Arguments::of("coll.remove", args);
            let list = args.list(0)?;
            let Some(last) = list.len().checked_sub(1) else {
                return Err(out_of_list(args.integer(1)?, "an empty list"));
            };
            let at = place(args, last)?;
            let kept = list.iter().enumerate().filter(|(i, _)| *i != at);
            Ok(Value::list(kept.map(|(_, value)| value.clone()).collect()))
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "coll.sort",
        signatures: &["coll.sort(list :: LIST<ANY>) :: LIST<ANY>"],
        doc: "The elements in the order of ORDER BY, nulls last.",
        example: ("coll.sort([2, 'a', null, 1])", "['a', 1, 2, null]"),
        eval: |_, args| {
            let mut sorted = Arguments::of("coll.sort", args).list(0)?.to_vec();
            sorted.sort();
            Ok(Value::list(sorted))
        },
        ..SCALAR
    },
];

/// The second argument as a place in a list, up to `most`.
fn place(args: Arguments<'_>, most: usize) -> Result<usize> {
    let index = args.integer(1)?;
    let at = usize::try_from(index).ok().filter(|at| *at <= most);
    at.ok_or_else(|| out_of_list(index, &format!("places from 0 to {most}")))
}

fn out_of_list(index: i64, of: &str) -> Error {
    let message = format!("the index {index} lies outside of {of}");
    Error::argument(Detail::NumberOutOfRange, message)
}

fn extreme(args: Arguments<'_>, wanted: Ordering) -> Result<Value> {
    let values = args.list(0)?.iter().filter(|v| !v.is_null());
    let best = values.reduce(|best, v| if v.cmp(best) == wanted { v } else { best });
    Ok(best.cloned().unwrap_or_default())
}

/// Walks the lists with a stack of its own, so that no depth of nesting can exhaust ours.
fn flattened(list: &Arc<Vec<Value>>, depth: usize) -> Vec<Value> {
    let mut flat = Vec::with_capacity(list.len());
    let mut open = vec![list.iter()];
    while let Some(items) = open.last_mut() {
        match items.next() {
            Some(Value::List(inner)) if open.len() <= depth => open.push(inner.iter()),
            Some(value) => flat.push(value.clone()),
            None => {
                open.pop();
            }
        }
    }
    flat
}
