//! Tests of paths that no query can call: what the path modes ask.

use rustc_hash::FxHashSet;

use crate::error::Result;
use crate::function::Context;
use crate::function::ScalarFunction;
use crate::meter;
use crate::value::Node;
use crate::value::Value;

use super::SCALAR;

/// ACYCLIC: no node stands twice in the path.
pub static IS_ACYCLIC: ScalarFunction =
    ScalarFunction { name: "isAcyclic", eval: |context, args| is(context, args, false), ..SCALAR };

/// SIMPLE: no node stands twice in the path, but the first may be the last.
pub static IS_SIMPLE: ScalarFunction =
    ScalarFunction { name: "isSimple", eval: |context, args| is(context, args, true), ..SCALAR };

fn is(_: &Context<'_>, arguments: &[Value], may_close: bool) -> Result<Value> {
    let [Value::Path(path)] = arguments else { return Ok(Value::Null) };
    let mut nodes: &[Node] = path.nodes();
    if may_close
        && let [first, .., last] = nodes
        && first.id() == last.id()
    {
        nodes = nodes.get(1..).unwrap_or_default();
    }
    let mut seen = FxHashSet::default();
    Ok(Value::Boolean(meter::walked(nodes).all(|node| seen.insert(node.id()))))
}
