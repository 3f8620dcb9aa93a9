//! Scalar functions by data, and what holds for all of them.

use std::sync::Arc;

use crate::function::Arity;
use crate::function::Context;
use crate::function::Nulls;
use crate::function::Registry;
use crate::function::Scalar;
use crate::function::Volatility;
use crate::graph::Graph;
use crate::graph::Snapshot;
use crate::value::Column;
use crate::value::Map;
use crate::value::Node;
use crate::value::NodeId;
use crate::value::Path;
use crate::value::Relationship;
use crate::value::Value;
use crate::value::ordering::equivalent;

const NOW: i128 = 1_437_514_832_142_000_000;

fn call_in(graph: &Snapshot, name: &str, arguments: &[Value]) -> Result<Value, String> {
    let function = Registry::new().scalar(name).expect(name);
    evaluate(graph, &function, arguments)
}

fn evaluate(graph: &Snapshot, function: &Scalar, arguments: &[Value]) -> Result<Value, String> {
    if function.nulls() == Nulls::Propagate && arguments.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    let context = Context { graph, now: NOW, memory: 1 << 30, store: None };
    function.eval(&context, arguments).map_err(|e| e.code())
}

fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    call_in(&Snapshot::default(), name, arguments)
}

fn same(found: &Value, expected: &Value) -> bool {
    found.type_name() == expected.type_name() && equivalent(found, expected)
}

fn int(x: i64) -> Value {
    Value::Integer(x)
}

fn float(x: f64) -> Value {
    Value::Float(x)
}

fn text(x: &str) -> Value {
    Value::string(x)
}

fn list(x: &[i64]) -> Value {
    Value::list(x.iter().copied().map(Value::Integer).collect())
}

fn texts(x: &[&str]) -> Value {
    Value::list(x.iter().copied().map(text).collect())
}

const NULL: Value = Value::Null;
const YES: Value = Value::Boolean(true);
const NO: Value = Value::Boolean(false);

#[test]
fn functions_compute() {
    let map = || Value::map(Map::from([(Arc::from("b"), int(1)), (Arc::from("a"), NULL)]));
    for (name, arguments, expected) in [
        ("substring", vec![text("0123456789"), int(1)], text("123456789")),
        ("substring", vec![text("héllo"), int(1), int(2)], text("él")),
        ("substring", vec![text("abc"), int(7), int(2)], text("")),
        ("substring", vec![text("abc"), int(1), int(i64::MAX)], text("bc")),
        ("left", vec![text("äöü"), int(2)], text("äö")),
        ("right", vec![text("äöü"), int(2)], text("öü")),
        ("right", vec![text("ab"), int(5)], text("ab")),
        ("replace", vec![text("aaa"), text(""), text("x")], text("xaxaxax")),
        ("split", vec![text("one1two"), text("1")], texts(&["one", "two"])),
        ("split", vec![text("ab"), text("")], texts(&["a", "b"])),
        ("split", vec![text(""), text(",")], texts(&[""])),
        ("split", vec![text(""), text("")], texts(&[""])),
        ("split", vec![text("a,b; c"), texts(&[",", "; ", ";"])], texts(&["a", "b", "c"])),
        ("btrim", vec![text("xyaxy"), text("yx")], text("a")),
        ("reverse", vec![text("añb")], text("bña")),
        ("reverse", vec![list(&[1, 2])], list(&[2, 1])),
        ("size", vec![text("añb")], int(3)),
        ("size", vec![NULL], NULL),
        ("head", vec![list(&[])], NULL),
        ("last", vec![list(&[1, 2])], int(2)),
        ("tail", vec![list(&[])], list(&[])),
        ("coalesce", vec![NULL, NULL], NULL),
        ("exists", vec![NULL], NO),
        ("isEmpty", vec![map()], NO),
        ("keys", vec![map()], texts(&["a", "b"])),
        ("properties", vec![map()], map()),
        ("map.merge", vec![map(), map()], map()),
        ("range", vec![int(-1), int(1)], list(&[-1, 0, 1])),
        ("range", vec![int(0), int(-123)], list(&[])),
        ("range", vec![int(1381), int(-3412), int(-1298)], list(&[1381, 83, -1215, -2513])),
        ("range", vec![int(i64::MAX - 1), int(i64::MAX)], list(&[i64::MAX - 1, i64::MAX])),
        (
            "range",
            vec![int(i64::MIN), int(i64::MAX), int(i64::MAX)],
            list(&[i64::MIN, -1, i64::MAX - 1]),
        ),
        ("range", vec![int(5), int(5), int(i64::MIN)], list(&[5])),
        ("toInteger", vec![float(-2.9)], int(-2)),
        ("toInteger", vec![text(" 1.7 ")], int(1)),
        ("toInteger", vec![text("foo")], NULL),
        ("toInteger", vec![text("")], NULL),
        ("toFloat", vec![text("inf")], NULL),
        ("toFloat", vec![text("-1e3")], float(-1000.0)),
        ("toBoolean", vec![text("False")], NO),
        ("toBoolean", vec![text("")], NULL),
        ("toBooleanOrNull", vec![int(1)], NULL),
        ("toString", vec![float(2.3)], text("2.3")),
        (
            "toStringList",
            vec![Value::list(vec![int(1), NULL, YES])],
            Value::list(vec![text("1"), NULL, text("true")]),
        ),
        ("sign", vec![float(-0.5)], int(-1)),
        ("sign", vec![float(f64::NAN)], int(0)),
        ("abs", vec![float(-0.5)], float(0.5)),
        ("ceil", vec![int(2)], float(2.0)),
        ("round", vec![float(-1.5)], float(-1.0)),
        ("round", vec![float(1.25), int(1), text("HALF_EVEN")], float(1.2)),
        ("isNaN", vec![int(1)], NO),
        ("timestamp", vec![], int(1_437_514_832_142)),
        ("time.transaction", vec![NULL], NULL),
    ] {
        let found = call(name, &arguments);
        let matches = found.as_ref().is_ok_and(|found| same(found, &expected));
        assert!(matches, "{name} of {arguments:?}: {found:?}, not {expected:?}");
    }
}

#[test]
fn wrong_arguments_are_errors() {
    let node = || Value::Node(Node::new(NodeId(0)));
    for (name, arguments, code) in [
        ("toInteger", vec![list(&[])], "TypeError.InvalidArgumentValue"),
        ("toInteger", vec![YES], "TypeError.InvalidArgumentValue"),
        ("toInteger", vec![float(1e20)], "ArithmeticError.IntegerOverflow"),
        ("toInteger", vec![text("9223372036854775808")], "ArithmeticError.IntegerOverflow"),
        ("toFloat", vec![YES], "TypeError.InvalidArgumentValue"),
        ("toBoolean", vec![float(1.0)], "TypeError.InvalidArgumentValue"),
        ("toString", vec![node()], "TypeError.InvalidArgumentValue"),
        ("labels", vec![int(1)], "TypeError.InvalidArgumentValue"),
        ("type", vec![int(0)], "TypeError.InvalidArgumentValue"),
        ("range", vec![int(2), int(8), int(0)], "ArgumentError.NumberOutOfRange"),
        ("range", vec![float(0.0), int(1)], "ArgumentError.InvalidArgumentType"),
        ("range", vec![int(0), int(i64::MAX)], "LimitError.OutOfMemoryBudget"),
        ("substring", vec![text("a"), int(-1)], "ArgumentError.NumberOutOfRange"),
        ("left", vec![text("a"), int(-1)], "ArgumentError.NumberOutOfRange"),
        ("abs", vec![int(i64::MIN)], "ArithmeticError.IntegerOverflow"),
        ("round", vec![float(1.0), int(1), text("ODD")], "ArgumentError.InvalidArgumentValue"),
        ("date", vec![text("tomorrow")], "ArgumentError.InvalidArgumentValue"),
    ] {
        assert_eq!(call(name, &arguments).err().as_deref(), Some(code), "{name} of {arguments:?}");
    }
}

#[test]
fn temporal_functions_have_their_names() {
    let shown = |name: &str, arguments: &[Value]| {
        let value = call(name, arguments).expect(name);
        call("toString", &[value]).expect(name)
    };
    let then = call("datetime", &[text("1984-10-11T12:31:14+01:00")]).expect("valid");
    for (name, arguments, expected) in [
        ("date", vec![], "2015-07-21"),
        ("localtime.statement", vec![], "21:40:32.142"),
        ("time", vec![then.clone()], "12:31:14+01:00"),
        ("datetime.truncate", vec![text("week"), then.clone()], "1984-10-08T00:00+01:00"),
        ("date.truncate", vec![text("month")], "2015-07-01"),
        (
            "datetime.fromepoch",
            vec![int(416_779), int(999_999_999)],
            "1970-01-05T19:46:19.999999999Z",
        ),
        ("datetime.fromEpochMillis", vec![int(237_821_673_987)], "1977-07-15T13:34:33.987Z"),
        ("duration", vec![text("P14DT16H12M")], "P14DT16H12M"),
        ("duration.between", vec![then.clone(), then], "PT0S"),
    ] {
        assert!(
            same(&shown(name, &arguments), &text(expected)),
            "{name}: {:?}",
            shown(name, &arguments)
        );
    }
}

#[test]
fn entities_are_asked_of_the_graph() {
    let graph = Graph::in_memory();
    let mut transaction = graph.begin().expect("begin");
    let [a, b] = ["A", "B"].map(|name| transaction.label(name).expect("label"));
    let knows = transaction.relationship_type("KNOWS").expect("type");
    let key = transaction.key("since").expect("key");
    let start = transaction.create_node(&[a, b], vec![]).expect("node");
    let end = transaction.create_node(&[], vec![(key, int(1))]).expect("node");
    let between = transaction
        .create_relationship(knows, start, end, vec![(key, int(2))])
        .expect("relationship");
    let node = |id| Value::Node(Node::new(id));
    let (first, last) = (node(start), node(end));
    let relationship = Value::Relationship(Relationship::new(between));
    let path = Path::new(vec![Node::new(start), Node::new(end)], vec![Relationship::new(between)]);
    let path = Value::Path(Arc::new(path.expect("a path")));
    let since = |x| Value::map(Map::from([(Arc::from("since"), int(x))]));
    for (name, argument, expected) in [
        ("labels", &first, texts(&["A", "B"])),
        ("labels", &last, texts(&[])),
        ("properties", &last, since(1)),
        ("properties", &relationship, since(2)),
        ("keys", &first, texts(&[])),
        ("keys", &relationship, texts(&["since"])),
        ("type", &relationship, text("KNOWS")),
        ("startNode", &relationship, first.clone()),
        ("endNode", &relationship, last.clone()),
        ("id", &last, int(end.0 as i64)),
        ("elementId", &relationship, text(&between.0.to_string())),
        ("length", &path, int(1)),
        ("nodes", &path, Value::list(vec![first.clone(), last.clone()])),
        ("relationships", &path, Value::list(vec![relationship.clone()])),
    ] {
        let found = call_in(transaction.snapshot(), name, std::slice::from_ref(argument));
        assert!(found.as_ref().is_ok_and(|v| same(v, &expected)), "{name}: {found:?}");
    }
    let context = Context { graph: transaction.snapshot(), now: NOW, memory: 1 << 30, store: None };
    let types = Registry::new().scalar("type").and_then(|f| f.eval_columns()).expect("fast form");
    for column in [
        Column::relationships(vec![between, between]),
        Column::from_values([relationship.clone(), NULL]),
    ] {
        let names = types(&context, &[column], 2).expect("types");
        assert!(same(&names.get(0), &text("KNOWS")));
    }

    // What was deleted is not read any more, but for its identity and its type.
    transaction.delete_relationship(between).expect("delete");
    transaction.delete_node(start).expect("delete");
    for (name, argument, code) in [
        ("labels", &first, Some("EntityNotFound.DeletedEntityAccess")),
        ("properties", &first, Some("EntityNotFound.DeletedEntityAccess")),
        ("keys", &relationship, Some("EntityNotFound.DeletedEntityAccess")),
        ("id", &first, None),
        ("type", &relationship, None),
    ] {
        let found = call_in(transaction.snapshot(), name, std::slice::from_ref(argument));
        assert_eq!(found.err().as_deref(), code, "{name}");
    }
}

/// Some values of every type, odd ones among them.
fn samples() -> Vec<Value> {
    let mut samples = vec![
        NULL,
        YES,
        int(0),
        int(-1),
        int(i64::MIN),
        int(i64::MAX),
        float(0.5),
        float(f64::NAN),
        float(f64::NEG_INFINITY),
        float(1e300),
        text(""),
        text("é1"),
        text("year"),
        text("P1Y"),
        text("2015-07-21"),
        list(&[]),
        texts(&["", "a"]),
        Value::map(Map::new()),
        Value::map(Map::from([(Arc::from("year"), int(i64::MAX))])),
        Value::map(Map::from([(Arc::from("hours"), float(1e300))])),
        Value::Node(Node::new(NodeId(u64::MAX))),
        Value::Path(Arc::new(Path::new(vec![Node::new(NodeId(7))], vec![]).expect("a path"))),
    ];
    for (function, argument) in [
        ("date", "-999999999-01-01"),
        ("datetime", "+999999999-12-31T23:59:59[Europe/Stockholm]"),
        ("localtime", "23:59"),
        ("time", "00:00+18:00"),
        ("duration", "P-1M2DT-9223372036854775807S"),
    ] {
        samples.push(call(function, &[text(argument)]).expect(argument));
    }
    samples
}

/// Whatever the arguments, a function gives a value or an error, and its fast form gives the same.
#[test]
fn no_argument_makes_a_function_panic() {
    let samples = samples();
    let graph = Snapshot::default();
    let context = Context { graph: &graph, now: NOW, memory: 1 << 30, store: None };
    for function in Registry::new().scalars() {
        let arity = Arity::of(function.forms());
        for count in arity.least..=arity.most.unwrap_or(2).min(2) {
            for i in 0..samples.len().pow(count as u32) {
                let arguments: Vec<Value> = (0..count as u32)
                    .map(|at| samples[i / samples.len().pow(at) % samples.len()].clone())
                    .collect();
                let found = evaluate(&graph, &Scalar::BuiltIn(function), &arguments);
                let Some(eval_columns) = function.eval_columns else { continue };
                for columns in [
                    arguments.iter().map(|v| Column::from_values([v.clone()])).collect::<Vec<_>>(),
                    arguments.iter().map(|v| Column::constant(v.clone(), 1)).collect(),
                ] {
                    let fast = eval_columns(&context, &columns, 1).map_err(|e| e.code());
                    let fast = fast.map(|column| column.get(0));
                    match (&found, &fast) {
                        (Ok(a), Ok(b)) => assert!(same(a, b), "{function:?} {arguments:?}"),
                        (a, b) => assert_eq!(a.as_ref().err(), b.as_ref().err(), "{function:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn only_what_never_changes_is_immutable() {
    for (name, volatility) in [
        ("size", Volatility::Immutable),
        ("labels", Volatility::Stable),
        ("date", Volatility::Stable),
        ("rand", Volatility::Volatile),
        ("datetime.realtime", Volatility::Volatile),
    ] {
        let found = Registry::new().scalar(name).map(|f| f.volatility());
        assert_eq!(found, Some(volatility), "{name}");
    }
}
