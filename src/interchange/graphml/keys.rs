//! Keys: what the data of nodes and edges are called, and how their text becomes a value.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value as Json;

use crate::interchange::export::ColumnType;
use crate::interchange::field::{FieldType, Scalar};
use crate::interchange::json;
use crate::value::Value;
use crate::value::number;

use super::{OWN_NAME, OWN_TYPE};

/// What a key declares.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// The name of the property; none where the data are a drawing of the entity (yEd).
    pub(super) name: Option<Arc<str>>,
    pub(super) of: ColumnType,
    /// The value of entities without such data.
    default: Option<Value>,
    of_nodes: bool,
    of_edges: bool,
}

/// All keys, by what they are for and their ids.
#[derive(Debug, Default)]
pub(super) struct Keys {
    keys: Vec<Key>,
    of_nodes: FxHashMap<String, usize>,
    of_edges: FxHashMap<String, usize>,
    /// The numbers of the keys that have a default. Each entity looks at these alone, however many keys there are.
    with_default: Vec<usize>,
}

impl Keys {
    /// Takes a declaration; `get` gives the attributes of its element.
    pub(super) fn declare(&mut self, get: impl Fn(&str) -> Option<String>) -> Result<(), String> {
        let id = get("id").ok_or("a key has no `id`")?;
        let drawn = get("yfiles.type").is_some();
        let name = match get(OWN_NAME) {
            Some(own) => Some(json::name(&own)?),
            None => get("attr.name").or_else(|| Some(id.clone()).filter(|_| !drawn)),
        };
        let kind = get("for");
        let of_nodes = matches!(kind.as_deref(), None | Some("all" | "node"));
        let of_edges = matches!(kind.as_deref(), None | Some("all" | "edge"));
        let (name, of) = (name.map(Into::into), declared(&get)?);
        let key = Key { name, of, default: None, of_nodes, of_edges };
        let number = self.keys.len();
        if of_nodes {
            self.of_nodes.insert(id.clone(), number);
        }
        if of_edges {
            self.of_edges.insert(id, number);
        }
        self.keys.push(key);
        Ok(())
    }

    pub(super) fn find(&self, of_edges: bool, id: &str) -> Option<&Key> {
        let by_id = if of_edges { &self.of_edges } else { &self.of_nodes };
        self.keys.get(*by_id.get(id)?)
    }

    /// What an entity has of its keys' defaults.
    pub(super) fn defaults(&self, of_edges: bool) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        let keys = self.with_default.iter().filter_map(|number| self.keys.get(*number));
        let own = keys.filter(move |key| if of_edges { key.of_edges } else { key.of_nodes });
        own.filter_map(|key| Some((key.name.as_ref()?, key.default.as_ref()?)))
    }

    /// Takes the default of the key that was declared last.
    pub(super) fn take_default(&mut self, text: &str) -> Result<(), String> {
        if let Some(key) = self.keys.last_mut() {
            key.default = Some(key.value(text)?);
            self.with_default.push(self.keys.len() - 1);
        }
        Ok(())
    }
}

/// The type that a key declares.
fn declared(get: impl Fn(&str) -> Option<String>) -> Result<ColumnType, String> {
    let scalar = |name: &str| {
        Scalar::of(name).map_err(|near| match near {
            Some(near) => format!("`{name}` is no type of a key; did you mean `{near}`?"),
            None => format!("`{name}` is no type of a key"),
        })
    };
    if let Some(own) = get(OWN_TYPE) {
        return Ok(match own.strip_suffix("[]") {
            Some(item) => ColumnType::List(scalar(item)?),
            None if own == Scalar::Json.name() => ColumnType::Mixed,
            None => ColumnType::Scalar(scalar(&own)?),
        });
    }
    match (get("attr.list"), get("attr.type")) {
        (Some(item), _) => Ok(ColumnType::List(scalar(&item)?)),
        (None, Some(of)) => Ok(ColumnType::Scalar(scalar(&of)?)),
        (None, None) => Ok(ColumnType::Scalar(Scalar::String)),
    }
}

impl Key {
    /// The value that the text of some data writes.
    pub(super) fn value(&self, text: &str) -> Result<Value, String> {
        match self.of {
            ColumnType::Scalar(Scalar::String) => Ok(Value::string(text)),
            // Gephi writes data of every key, with nothing in those that are not there.
            _ if text.trim().is_empty() => Ok(Value::Null),
            ColumnType::Scalar(of) | ColumnType::Text(of) => FieldType::from(of).value(text),
            ColumnType::List(of) | ColumnType::Texts(of) => list(text, of),
            ColumnType::EmptyLists => list(text, Scalar::String),
            ColumnType::Mixed => json::value(text),
        }
    }
}

/// An array of JSON, whose items are of one type.
fn list(text: &str, of: Scalar) -> Result<Value, String> {
    number::check_json(text).map_err(|(_, what)| what)?;
    let tree: Json = serde_json::from_str(text)
        .ok()
        .filter(Json::is_array)
        .ok_or_else(|| format!("`{text}` is no array of JSON"))?;
    let types = if of == Scalar::String { Json::Null } else { of.name().into() };
    let Value::List(items) = json::stored(&tree, &types)? else { return Ok(Value::Null) };
    if of != Scalar::Float {
        return Ok(Value::List(items));
    }
    // `[1, 2.5]` is an array of floats.
    let float = |item: &Value| match item {
        Value::Integer(integer) => number::float_of(*integer)
            .map(Value::Float)
            .ok_or_else(|| number::no_float(&integer.to_string())),
        item => Ok(item.clone()),
    };
    Ok(Value::list(items.iter().map(float).collect::<Result<_, _>>()?))
}
