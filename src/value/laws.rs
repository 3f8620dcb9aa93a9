//! Laws that hold for all values: checked on random ones.

use std::cmp::Ordering;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use proptest::prelude::*;

use super::ordering::{compare, equals, equivalent, less, order};
use super::temporal::{self, Kind, Zone};
use super::{
    Crs, Date, DateTime, Duration, LocalDateTime, LocalTime, Map, Node, NodeId, Point, Property,
    Relationship, RelationshipId, Time, Value, arithmetic,
};

fn date() -> impl Strategy<Value = Date> {
    let near = (-800_000_i64..800_000).prop_map(|d| Date::from_epoch_days(d).unwrap());
    let any = (-999_999_999_i64..=999_999_999, 1_i64..=12, 1_i64..=28)
        .prop_map(|(y, m, d)| Date::new(y, m, d).unwrap());
    prop_oneof![near, any]
}

fn local_time() -> impl Strategy<Value = LocalTime> {
    let coarse = (0_i64..24 * 60).prop_map(|m| LocalTime::new(m / 60, m % 60, 0, 0).unwrap());
    let fine = (0_i64..86_400_000_000_000).prop_map(|n| LocalTime::from_nanos(n).unwrap());
    prop_oneof![coarse, fine]
}

fn zone() -> impl Strategy<Value = Zone> {
    let names = ["Europe/Stockholm", "America/New_York", "Australia/Eucla", "Asia/Kathmandu"];
    prop_oneof![
        (-64_800_i32..=64_800).prop_map(Zone::Offset),
        Just(Zone::UTC),
        prop::sample::select(names.to_vec()).prop_map(|name| Zone::named(name).unwrap()),
    ]
}

fn datetime() -> impl Strategy<Value = DateTime> {
    let in_range = date().prop_filter("room for the offset", |d| d.year().abs() < 999_999_999);
    (in_range, local_time(), zone())
        .prop_map(|(d, t, z)| DateTime::new(LocalDateTime::new(d, t), &z).unwrap())
}

fn duration() -> impl Strategy<Value = Duration> {
    let small = (-30_i64..30, -40_i64..40, -100_000_i64..100_000, 0_i64..1_000_000_000)
        .prop_map(|(m, d, s, n)| Duration::new(m, d, s, n).unwrap());
    let any = (any::<i64>(), any::<i64>(), any::<i64>(), 0_i64..1_000_000_000)
        .prop_map(|(m, d, s, n)| Duration::new(m, d, s, n).unwrap());
    prop_oneof![small, any]
}

fn temporal() -> impl Strategy<Value = Value> {
    prop_oneof![
        date().prop_map(Value::Date),
        local_time().prop_map(Value::LocalTime),
        (local_time(), -64_800_i32..=64_800)
            .prop_map(|(t, o)| Value::Time(Time::new(t, o).unwrap())),
        (date(), local_time()).prop_map(|(d, t)| Value::LocalDateTime(LocalDateTime::new(d, t))),
        datetime().prop_map(Value::from),
        duration().prop_map(Value::from),
    ]
}

fn number() -> impl Strategy<Value = Value> {
    let edges = [
        0.0,
        -0.0,
        1.0,
        0.5,
        f64::NAN,
        f64::INFINITY,
        9_007_199_254_740_992.0,
        9_223_372_036_854_775_808.0,
        -9_223_372_036_854_775_808.0,
    ];
    let integers = [0, 1, -1, i64::MAX, i64::MIN, 9_007_199_254_740_993, i64::MAX - 1];
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Float),
        (-3_i64..4).prop_map(|x| Value::Float(x as f64)),
        prop::sample::select(edges.to_vec()).prop_map(Value::Float),
        prop::sample::select(integers.to_vec()).prop_map(Value::Integer),
    ]
}

fn point() -> impl Strategy<Value = Value> {
    let crs = prop::sample::select(Crs::ALL.to_vec());
    (crs, prop::collection::vec(-2_i8..3, 3)).prop_map(|(crs, numbers)| {
        let coordinates: Vec<f64> = numbers.into_iter().map(f64::from).collect();
        Value::from(Point::new(crs, &coordinates[..crs.dimension()]).unwrap())
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Boolean),
        4 => number(),
        2 => "[ab']{0,3}".prop_map(Value::from),
        4 => temporal(),
        1 => point(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let entity = prop_oneof![
        (0_u64..3).prop_map(|id| Value::Node(Node::new(NodeId(id)))),
        (0_u64..3).prop_map(|id| Value::Relationship(Relationship::new(RelationshipId(id)))),
    ];
    prop_oneof![6 => scalar(), 1 => entity].prop_recursive(3, 16, 4, |inner| {
        let entries = prop::collection::btree_map("[ab]{1,2}", inner.clone(), 0..3);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::list),
            entries.prop_map(|m| {
                let map: Map = m.into_iter().map(|(k, v)| (Arc::from(k), v)).collect();
                Value::map(map)
            }),
        ]
    })
}

fn hash(value: &Value) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// What a temporal value reads as from its own text.
fn reread(value: &Value) -> Value {
    let text = super::to_text(value).unwrap().into_owned();
    let kind = match value {
        Value::Date(_) => Kind::Date,
        Value::LocalTime(_) => Kind::LocalTime,
        Value::Time(_) => Kind::Time,
        Value::LocalDateTime(_) => Kind::LocalDateTime,
        Value::DateTime(_) => Kind::DateTime,
        _ => return temporal::create_duration(&Value::from(text)).unwrap(),
    };
    temporal::create(kind, &Value::from(text), 0).unwrap()
}

proptest! {
    #[test]
    fn the_order_is_total(a in value(), b in value(), c in value()) {
        prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
        prop_assert_eq!(order(&a, &a), Ordering::Equal);
        if order(&a, &b).is_le() && order(&b, &c).is_le() {
            prop_assert!(order(&a, &c).is_le());
        }
        prop_assert_eq!(order(&a, &b).is_eq(), equivalent(&a, &b));
    }

    #[test]
    fn numbers_are_in_one_order(a in number(), b in number(), c in number()) {
        prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
        if order(&a, &b).is_le() && order(&b, &c).is_le() {
            prop_assert!(order(&a, &c).is_le());
        }
        if let Some(ordering) = compare(&a, &b) {
            prop_assert_eq!(ordering, order(&a, &b));
        }
        if equivalent(&a, &b) {
            prop_assert_eq!(hash(&a), hash(&b));
        }
    }

    #[test]
    fn the_relations_agree(a in value(), b in value()) {
        if equals(&a, &b) == Some(true) {
            prop_assert!(equivalent(&a, &b));
        }
        if equivalent(&a, &b) {
            prop_assert_eq!(hash(&a), hash(&b));
            prop_assert_ne!(less(&a, &b, false), Some(true));
        }
        prop_assert_eq!(equals(&a, &b), equals(&b, &a));
        prop_assert_eq!(compare(&a, &b), compare(&b, &a).map(Ordering::reverse));
    }

    #[test]
    fn a_temporal_reads_back_from_its_text(a in temporal()) {
        prop_assert_eq!(reread(&a), a);
    }

    #[test]
    fn a_property_survives_the_store(a in scalar(), more in prop::collection::vec(scalar(), 0..3)) {
        for value in [a, Value::list(more)] {
            let Ok(property) = Property::try_from(&value) else { continue };
            let config = bincode::config::standard();
            let bytes = bincode::serde::encode_to_vec(&property, config).unwrap();
            let (read, _): (Property, usize) =
                bincode::serde::decode_from_slice(&bytes, config).unwrap();
            let read = Value::from(read);
            prop_assert_eq!(read.type_of(), value.type_of());
            prop_assert_eq!(read, value);
        }
    }

    #[test]
    fn operators_never_panic(a in value(), b in value()) {
        for operator in [
            arithmetic::add,
            arithmetic::subtract,
            arithmetic::multiply,
            arithmetic::divide,
            arithmetic::modulo,
            arithmetic::power,
        ] {
            let null = a.is_null() || b.is_null();
            if let Ok(result) = operator(&a, &b) {
                prop_assert!(!null || result.is_null());
            } else {
                prop_assert!(!null);
            }
        }
        if let Ok(negated) = arithmetic::negate(&a) {
            prop_assert_eq!(arithmetic::negate(&negated).unwrap(), a);
        }
    }

    #[test]
    fn temporal_functions_never_panic(a in temporal(), b in temporal(), text in "[-+:.0-9TPWZDMYSH]{0,16}") {
        let _ = (temporal::between(&a, &b), temporal::in_months(&a, &b), temporal::in_days(&a, &b));
        if let (Ok(there), Ok(back)) = (temporal::in_seconds(&a, &b), temporal::in_seconds(&b, &a)) {
            prop_assert_eq!(arithmetic::negate(&there).unwrap(), back);
        }
        let text = Value::from(text);
        for kind in [Kind::Date, Kind::LocalTime, Kind::Time, Kind::LocalDateTime, Kind::DateTime] {
            let _ = (temporal::create(kind, &a, 0), temporal::create(kind, &text, 0));
            for unit in ["millennium", "weekYear", "quarter", "week", "day", "hour", "microsecond"] {
                if let Ok(cut) = temporal::truncate(kind, unit, &a, None) {
                    prop_assert_eq!(temporal::truncate(kind, unit, &cut, None).unwrap(), cut);
                }
            }
        }
        let _ = temporal::create_duration(&text);
    }

    #[test]
    fn a_duration_between_leads_there(a in datetime(), b in datetime()) {
        let (from, to) = (Value::from(a), Value::from(b));
        if let Ok(between) = temporal::between(&from, &to) {
            let there = arithmetic::add(&from, &between).unwrap();
            let seconds = |value: &Value| temporal::component(value, "epochSeconds").and_then(Result::ok);
            prop_assert_eq!(seconds(&there), seconds(&to));
        }
    }
}
