//! Values as JSON, which has no temporal values, points, NaN or infinities: those are text, with their type beside it.

use serde_json::Value as Json;
use serde_json::json;

use crate::value;
use crate::value::Property;
use crate::value::Value;

use super::field::{FieldType, Scalar};
use crate::value::number;

/// The value as one piece of JSON: by itself, or in an object with its type.
pub(super) fn of_value(value: &Value) -> Json {
    match written(value) {
        (json, Json::Null) => json,
        (json, types) => json!({"value": json, "types": types}),
    }
}

/// The value that [`of_value`] wrote.
pub(super) fn value(text: &str) -> Result<Value, String> {
    let tree: Json = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        format!("`{text}` is no JSON: {}", message.split(" at line").next().unwrap_or(""))
    })?;
    number::check_json(text).map_err(|(_, what)| what)?;
    match (tree.get("value"), tree.get("types")) {
        (Some(value), Some(types)) => stored(value, types),
        _ => stored(&tree, &Json::Null),
    }
}

/// A name that is written as a string of JSON.
pub(super) fn name(text: &str) -> Result<String, String> {
    serde_json::from_str(text).map_err(|_| format!("`{text}` is no name in JSON"))
}

/// Names that are written as an array of JSON.
pub(super) fn names(text: &str) -> Result<Vec<String>, String> {
    serde_json::from_str(text).map_err(|_| format!("`{text}` is no array of names in JSON"))
}

/// The value of a property, with its type where JSON has none for it.
pub(super) fn stored(tree: &Json, of: &Json) -> Result<Value, String> {
    match (tree, of) {
        (Json::Null, _) => Ok(Value::Null),
        (Json::Array(items), of) => {
            let of = |at: usize| match of {
                Json::Array(types) => types.get(at).unwrap_or(&Json::Null),
                of => of,
            };
            let items = items.iter().enumerate().map(|(at, item)| match item {
                Json::Array(_) | Json::Object(_) | Json::Null => {
                    Err("a list holds what no property can".to_string())
                }
                item => stored(item, of(at)),
            });
            let list = Value::list(items.collect::<Result<_, _>>()?);
            match Property::obstacle(&list) {
                Some(what) => Err(format!("no property holds {what}")),
                None => Ok(Property::as_stored(&list).into_owned()),
            }
        }
        (Json::String(text), Json::String(name)) => {
            let scalar = Scalar::of(name).map_err(|_| format!("`{name}` is no type"))?;
            FieldType::from(scalar).value(text)
        }
        (Json::String(text), _) => Ok(Value::string(text.as_str())),
        (Json::Bool(truth), _) => Ok(Value::Boolean(*truth)),
        (Json::Number(number), _) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) if !number.is_f64() => Ok(Value::Integer(integer)),
            (_, Some(float)) if number.is_f64() => Ok(Value::Float(float)),
            _ => Err(format!("{number} is no 64-bit integer")),
        },
        // A point as APOC writes it.
        (Json::Object(_), _) => FieldType::from(Scalar::Point).value(&tree.to_string()),
    }
}

/// The value as JSON, and the name of its type where that does not tell.
pub(super) fn written(value: &Value) -> (Json, Json) {
    if let Value::List(items) = value {
        let (texts, types): (Vec<Json>, Vec<Json>) = items.iter().map(written).unzip();
        let plain = types.iter().all(Json::is_null);
        return (Json::Array(texts), if plain { Json::Null } else { Json::Array(types) });
    }
    let json = match value {
        Value::Boolean(truth) => Some(json!(truth)),
        Value::Integer(number) => Some(json!(number)),
        Value::Float(number) if number.is_finite() => Some(json!(number)),
        Value::String(text) => Some(json!(&**text)),
        _ => None,
    };
    match (json, Scalar::of_value(value), value::to_text(value)) {
        (Some(json), ..) => (json, Json::Null),
        (None, Some(of), Some(text)) => (json!(text), json!(of.name())),
        // What no property can be.
        _ => (Json::Null, Json::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        let text = |name: &str, text: &str| {
            FieldType::from(Scalar::of(name).unwrap()).value(text).unwrap()
        };
        let values = [
            Value::Float(f64::INFINITY),
            Value::Float(-0.0),
            Value::Float(1e300),
            Value::Integer(i64::MIN),
            Value::string("\u{0}\"\n"),
            text("datetime", "2024-01-01T10:00+01:00[Europe/Vienna]"),
            text("duration", "P1M2DT3.5S"),
            text("time", "10:00:00.5-02:00"),
            text("point", "{x: 1, y: 2, z: 3}"),
            Value::list(vec![]),
            Value::list(vec![text("date", "2024-01-01"), text("date", "2024-01-02")]),
            Value::list(vec![Value::Float(1.0), Value::Float(f64::NAN)]),
        ];
        for value in values {
            let (json, of) = written(&value);
            let json: Json = serde_json::from_str(&json.to_string()).unwrap();
            assert_eq!(stored(&json, &of).unwrap().to_string(), value.to_string());
            let text = of_value(&value).to_string();
            assert_eq!(super::value(&text).unwrap().to_string(), value.to_string());
        }
    }
}
