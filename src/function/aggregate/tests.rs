//! Every aggregate by data: rows in, one value for each group out.

use crate::function::Registry;
use crate::value::Column;
use crate::value::Duration;
use crate::value::Value;
use crate::value::ordering::equivalent;

/// The groups of its rows, its arguments, and how many rows each stands for.
type Batch<'a> = (&'a [u32], Vec<Column>, Option<&'a [u64]>);

fn aggregate(name: &str, batches: &[Batch<'_>], groups: usize) -> Result<Vec<Value>, String> {
    let function = Registry::new().aggregate(name).expect(name);
    let mut accumulator = function.accumulator();
    for (of, arguments, counts) in batches {
        accumulator.update(of, groups, arguments, *counts).map_err(|e| e.code())?;
    }
    let column = accumulator.finish(groups).map_err(|e| e.code())?;
    assert_eq!(column.len(), groups, "{name}");
    Ok(column.iter().collect())
}

fn one(name: &str, values: &[Value], rest: &[Value]) -> Result<Value, String> {
    let groups = vec![0; values.len()];
    let mut arguments = vec![Column::from_values(values.to_vec())];
    arguments.extend(rest.iter().map(|value| Column::constant(value.clone(), values.len())));
    Ok(aggregate(name, &[(&groups, arguments, None)], 1)?.remove(0))
}

fn same(found: &Value, expected: &Value) -> bool {
    found.type_name() == expected.type_name() && equivalent(found, expected)
}

#[test]
fn aggregates_of_one_group() {
    let int = Value::Integer;
    let float = Value::Float;
    let text = |s: &str| Value::String(s.into());
    let null = || Value::Null;
    let mixed = vec![int(1), text("a"), null(), Value::list(vec![int(1), int(2)]), float(0.2)];
    for (name, values, rest, expected) in [
        ("count", vec![int(1), null(), int(3)], vec![], int(2)),
        ("count", vec![], vec![], int(0)),
        ("sum", vec![], vec![], int(0)),
        ("sum", vec![null()], vec![], int(0)),
        ("sum", vec![int(i64::MAX), int(1), int(-2)], vec![], int(i64::MAX - 1)),
        ("sum", vec![int(1), float(0.5), null()], vec![], float(1.5)),
        ("sum", vec![float(1e100), float(1.0), float(-1e100)], vec![], float(1.0)),
        ("sum", vec![float(f64::INFINITY), float(1.0)], vec![], float(f64::INFINITY)),
        ("avg", vec![int(i64::MAX), int(i64::MAX)], vec![], float(i64::MAX as f64)),
        ("avg", vec![], vec![], null()),
        ("min", mixed.clone(), vec![], Value::list(vec![int(1), int(2)])),
        ("max", mixed, vec![], int(1)),
        ("max", vec![text("a"), text("b"), text("B"), null()], vec![], text("b")),
        ("min", vec![null()], vec![], null()),
        ("collect", vec![int(1), null()], vec![], Value::list(vec![int(1)])),
        ("collect", vec![], vec![], Value::list(vec![])),
        (
            "percentileDisc",
            vec![float(30.0), float(10.0), float(20.0)],
            vec![float(0.5)],
            float(20.0),
        ),
        ("percentileDisc", vec![int(30), int(10)], vec![int(0)], int(10)),
        ("percentileDisc", vec![int(30), int(10)], vec![int(1)], int(30)),
        ("percentileCont", vec![int(30), int(10)], vec![float(0.25)], float(15.0)),
        ("percentileCont", vec![null()], vec![float(0.25)], null()),
        ("stDev", vec![int(2), int(4), int(4), int(4), int(6)], vec![], float(2f64.sqrt())),
        ("stDevP", vec![int(1), float(3.0)], vec![], float(1.0)),
        ("stDev", vec![int(1)], vec![], float(0.0)),
        ("stDevP", vec![], vec![], float(0.0)),
    ] {
        let found = one(name, &values, &rest).expect(name);
        assert!(same(&found, &expected), "{name} of {values:?}: {found:?}, not {expected:?}");
    }
}

#[test]
fn durations_add_up_and_divide() {
    let duration = |months, days, seconds| {
        Value::from(Duration::new(months, days, seconds, 0).expect("in range"))
    };
    let values = [duration(1, 2, 3), duration(3, 5, 9), Value::Null];
    let sum = one("sum", &values, &[]).expect("sum");
    assert!(same(&sum, &duration(4, 7, 12)), "{sum:?}");
    let mean = one("avg", &values, &[]).expect("avg");
    assert!(same(&mean, &duration(2, 3, 43_206)), "{mean:?}");
    let mixed = [duration(1, 0, 0), Value::Integer(1)];
    assert_eq!(one("sum", &mixed, &[]), Err("TypeError.InvalidArgumentValue".to_owned()));
}

#[test]
fn wrong_values_are_errors() {
    let int = Value::Integer;
    for (name, values, rest, code) in [
        ("sum", vec![int(i64::MAX), int(1)], vec![], "ArithmeticError.IntegerOverflow"),
        ("sum", vec![Value::Boolean(true)], vec![], "TypeError.InvalidArgumentValue"),
        ("avg", vec![Value::string("1")], vec![], "TypeError.InvalidArgumentValue"),
        ("stDev", vec![Value::string("1")], vec![], "TypeError.InvalidArgumentValue"),
        ("percentileCont", vec![int(1)], vec![int(1000)], "ArgumentError.NumberOutOfRange"),
        ("percentileDisc", vec![int(1)], vec![int(-1)], "ArgumentError.NumberOutOfRange"),
        ("percentileDisc", vec![int(1)], vec![Value::Float(1.1)], "ArgumentError.NumberOutOfRange"),
        ("percentileDisc", vec![int(1)], vec![Value::Null], "TypeError.InvalidArgumentValue"),
    ] {
        assert_eq!(one(name, &values, &rest).expect_err(name), code, "{name} of {values:?}");
    }
}

/// An entry that stands for several rows gives what as many rows give, and groups keep apart.
#[test]
fn counts_stand_for_rows() {
    let weights = [2, 1, 3, 0];
    let groups = [0, 2, 0, 2];
    let once = [Value::Integer(4), Value::Float(7.5), Value::Integer(1), Value::Integer(9)];
    let (mut repeated, mut repeated_groups) = (Vec::new(), Vec::new());
    for ((value, group), weight) in once.iter().zip(groups).zip(weights) {
        repeated.extend(std::iter::repeat_n(value.clone(), weight as usize));
        repeated_groups.extend(std::iter::repeat_n(group, weight as usize));
    }
    for function in Registry::new().aggregates() {
        let arguments = |values: &[Value]| {
            let percentile = Column::constant(Value::Float(0.5), values.len());
            vec![Column::from_values(values.to_vec()), percentile]
        };
        let weighted = [(&groups[..], arguments(&once), Some(&weights[..]))];
        let weighted = aggregate(function.name, &weighted, 3).expect(function.name);
        let plain = [(&repeated_groups[..], arguments(&repeated), None)];
        let plain = aggregate(function.name, &plain, 3).expect(function.name);
        let pairs = weighted.iter().zip(&plain);
        let close = |(a, b): (&Value, &Value)| match (a, b) {
            (Value::Float(x), Value::Float(y)) => (x - y).abs() < 1e-12,
            _ => same(a, b),
        };
        assert!(pairs.clone().all(close), "{}: {weighted:?}, not {plain:?}", function.name);
    }
}

/// Typed columns, general columns and columns with nulls take different ways to the same result.
#[test]
fn typed_columns_agree_with_general_ones() {
    let groups = [0, 1, 1, 0];
    let of_integers = [3, -1, 4, 1].map(Value::Integer);
    let of_floats = [0.5, -1.0, 0.25, 2.0].map(Value::Float);
    for function in Registry::new().aggregates() {
        for values in [&of_integers, &of_floats] {
            let run = |column: Column| {
                let arguments = vec![column, Column::constant(Value::Float(0.5), 4)];
                aggregate(function.name, &[(&groups, arguments, None)], 2).expect(function.name)
            };
            let typed = run(Column::from_values(values.clone()));
            let general = run(Column::values(values.to_vec()));
            let pairs = typed.iter().zip(&general);
            assert!(
                pairs.clone().all(|(a, b)| same(a, b)),
                "{}: {typed:?} {general:?}",
                function.name
            );
        }
    }
}

#[test]
fn count_of_rows_takes_no_argument() {
    let groups = [0, 1, 0];
    let counted =
        aggregate("count", &[(&groups, vec![], None), (&groups, vec![], Some(&[5, 5, 5]))], 3);
    let expected = [12, 6, 0].map(Value::Integer);
    assert!(counted.expect("count").iter().zip(&expected).all(|(a, b)| same(a, b)));
}
