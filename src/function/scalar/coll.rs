//! The `coll` functions: lists changed, searched and put into order.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::function::Nulls;
use crate::function::ScalarFunction;
use crate::meter;
use crate::value::Value;
use crate::value::ordering;

use super::SCALAR;
use super::argument::Arguments;
use super::making::Making;

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction {
        name: "coll.distinct",
        signatures: &["coll.distinct(list :: LIST<ANY>) :: LIST<ANY>"],
        doc: "The list without repeated elements, each at the place where it came first; nulls are \
              alike.",
        example: ("coll.distinct([1, 3, 2, 1.0, null, null])", "[1, 3, 2, null]"),
        eval: |context, args| {
            let list = Arguments::of("coll.distinct", args).list(0)?;
            let mut seen = FxHashSet::default();
            let first = meter::walked(list.iter()).filter(|v| seen.insert(*v)).cloned();
            Making::new(context, "coll.distinct").list(first)
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "coll.flatten",
        signatures: &["coll.flatten(list :: LIST<ANY>, depth? :: INTEGER) :: LIST<ANY>"],
        doc: "The list with the elements of the lists within it in their place, `depth` levels deep \
              (1 if left out).",
        example: ("coll.flatten([1, [2, [3]]])", "[1, 2, [3]]"),
        eval: |context, args| {
            let args = Arguments::of("coll.flatten", args);
            let depth = if args.has(1) { args.count(1)? } else { 1 };
            Making::new(context, "coll.flatten").list(flattened(args.list(0)?, depth))
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
            let mut items = meter::walked(args.list(0)?.iter());
            let at = items.position(|v| ordering::equals(v, wanted) == Some(true));
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
        eval: |context, args| {
            let args = Arguments::of("coll.insert", args);
            if args.value(0).is_null() || args.value(1).is_null() {
                return Ok(Value::Null);
            }
            let list = args.list(0)?;
            let at = place(args, list.len())?;
            let before = list.iter().take(at).chain([args.value(2)]);
            let changed = before.chain(list.iter().skip(at)).cloned();
            Making::new(context, "coll.insert").list(changed)
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
        eval: |context, args| {
            let args = Arguments::of("coll.remove", args);
            let list = args.list(0)?;
            let Some(last) = list.len().checked_sub(1) else {
                return Err(out_of_list(args.integer(1)?, "an empty list"));
            };
            let at = place(args, last)?;
            let kept = list.iter().enumerate().filter(|(i, _)| *i != at);
            let kept = kept.map(|(_, value)| value.clone());
            Making::new(context, "coll.remove").list(kept)
        },
        ..SCALAR
    },
    ScalarFunction {
        name: "coll.sort",
        signatures: &["coll.sort(list :: LIST<ANY>) :: LIST<ANY>"],
        doc: "The elements in the order of ORDER BY, nulls last.",
        example: ("coll.sort([2, 'a', null, 1])", "['a', 1, 2, null]"),
        eval: |context, args| {
            let list = Arguments::of("coll.sort", args).list(0)?;
            // Sorting needs half of it once more.
            context.check_memory("coll.sort", (2 * size_of_val(&list[..])) as u64)?;
            let mut sorted: Vec<Value> = meter::walked(list.iter()).cloned().collect();
            sorted.sort_by(meter::stepped(Value::cmp));
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
    let values = meter::walked(args.list(0)?.iter()).filter(|v| !v.is_null());
    let best = values.reduce(|best, v| if v.cmp(best) == wanted { v } else { best });
    Ok(best.cloned().unwrap_or_default())
}

/// Walks the lists with a stack of its own, so that no depth of nesting can exhaust ours.
fn flattened(list: &Arc<Vec<Value>>, depth: usize) -> impl Iterator<Item = Value> {
    let mut open = vec![list.iter()];
    std::iter::from_fn(move || {
        loop {
            meter::walk(1);
            match open.last_mut()?.next() {
                Some(Value::List(inner)) if open.len() <= depth => open.push(inner.iter()),
                Some(value) => return Some(value.clone()),
                None => {
                    open.pop();
                }
            }
        }
    })
}
