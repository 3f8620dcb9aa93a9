//! A line as exports have it, without a tree.
//!
//! Whatever is not so is an error without a message: then the line is read by way of a tree, which says what is wrong.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;
use serde::de::value::SeqAccessDeserializer;
use serde_json::Value as Json;

use crate::interchange::identity::Name;
use crate::interchange::json::stored;
use crate::value::Value;

/// See the module.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    #[serde(default, borrow, deserialize_with = "some")]
    id: Option<Id<'a>>,
    #[serde(default, borrow)]
    labels: Option<Vec<Text<'a>>>,
    #[serde(default, borrow)]
    label: Option<Text<'a>>,
    #[serde(default, borrow)]
    start: Option<End<'a>>,
    #[serde(default, borrow)]
    end: Option<End<'a>>,
    #[serde(default, borrow)]
    properties: Option<Entries<'a, Cell<'a>>>,
    #[serde(default, borrow)]
    types: Option<Entries<'a, Json>>,
}

#[derive(Deserialize)]
struct End<'a> {
    #[serde(borrow)]
    id: Id<'a>,
}

/// Null is nothing that an identifier can be.
fn some<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Id<'de>>, D::Error> {
    Id::deserialize(from).map(Some)
}

/// A property as it goes into its column.
pub(super) enum Known<'a> {
    Text(Cow<'a, str>),
    Value(Value),
}

impl Line<'_> {
    /// Whether it is a node, and not a relationship.
    pub(super) fn is_node(&self) -> Option<bool> {
        match &*self.kind.0 {
            "node" => Some(true),
            "relationship" => Some(false),
            _ => None,
        }
    }

    pub(super) fn id(&self) -> Option<Name> {
        self.id.as_ref().map(|id| Name::of(&id.0))
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().flatten().map(|label| &*label.0)
    }

    pub(super) fn label(&self) -> Option<&str> {
        self.label.as_ref().map(|label| &*label.0)
    }

    /// What it calls its start and its end.
    pub(super) fn ends(&self) -> Option<(Name, Name)> {
        let name = |end: &Option<End<'_>>| end.as_ref().map(|end| Name::of(&end.id.0));
        Some((name(&self.start)?, name(&self.end)?))
    }

    /// Whether it has numbers that the parser may have rounded: floats, and whatever is in lists.
    pub(super) fn may_be_rounded(&self) -> bool {
        let mut cells = self.properties.iter().flat_map(|entries| &entries.0);
        cells.any(|(_, cell)| matches!(cell, Cell::Value(Value::Float(_)) | Cell::Tree(_)))
    }

    /// Its properties in their order; nothing for the value of one that is not as it should be.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&str, Option<Known<'_>>)> {
        let entries = self.properties.iter().flat_map(|entries| &entries.0);
        entries.map(|(name, cell)| (&*name.0, self.known(&name.0, cell)))
    }

    fn known<'a>(&'a self, name: &str, cell: &'a Cell<'_>) -> Option<Known<'a>> {
        let types = self.types.iter().flat_map(|types| &types.0);
        let of = types.rev().find(|(own, _)| own.0 == name).map_or(&Json::Null, |(_, of)| of);
        let value = match (cell, of) {
            (Cell::Text(text), Json::Null) => return Some(Known::Text(Cow::Borrowed(text))),
            (Cell::Text(text), of) => stored(&Json::String(text.to_string()), of).ok()?,
            (Cell::Value(value), _) => value.clone(),
            (Cell::Tree(tree), of) => stored(tree, of).ok()?,
        };
        Some(Known::Value(value))
    }
}

/// A string, copied only where it holds escapes.
struct Text<'a>(Cow<'a, str>);

/// A string, or an integer as one.
struct Id<'a>(Cow<'a, str>);

/// An object, in its order.
struct Entries<'a, T>(Vec<(Text<'a>, T)>);

/// The value of a property, before its type is known.
enum Cell<'a> {
    Text(Cow<'a, str>),
    Value(Value),
    Tree(Json),
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Of)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Id<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Id<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a number")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Id<'de>, E> {
                Ok(Id(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Id<'de>, E> {
                Ok(Id(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, id: u64) -> Result<Id<'de>, E> {
                Ok(Id(Cow::Owned(id.to_string())))
            }

            fn visit_i64<E>(self, id: i64) -> Result<Id<'de>, E> {
                Ok(Id(Cow::Owned(id.to_string())))
            }
        }
        from.deserialize_any(Of)
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Entries<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Of<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Of<T> {
            type Value = Entries<'de, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(4);
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        from.deserialize_map(Of(std::marker::PhantomData))
    }
}

/// Whether a number, as the parser gives it, is the one that is written, beyond doubt: it has rounded others.
fn is_exact(number: f64) -> bool {
    (1e-300..1e15).contains(&number.abs())
}

fn all_exact(tree: &Json) -> bool {
    match tree {
        Json::Number(number) => number.is_i64() || number.as_f64().is_some_and(is_exact),
        Json::Array(items) => items.iter().all(all_exact),
        Json::Object(entries) => entries.values().all(all_exact),
        Json::Null | Json::Bool(_) | Json::String(_) => true,
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Of;

        fn tree<'de, E: serde::de::Error>(tree: Json) -> Result<Cell<'de>, E> {
            if all_exact(&tree) { Ok(Cell::Tree(tree)) } else { Err(E::custom("a number")) }
        }

        impl<'de> Visitor<'de> for Of {
            type Value = Cell<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a property")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Cell<'de>, E> {
                Ok(Cell::Value(Value::Boolean(truth)))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Cell<'de>, E> {
                Ok(Cell::Value(Value::Integer(number)))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Cell<'de>, E> {
                let number = i64::try_from(number).map_err(E::custom)?;
                Ok(Cell::Value(Value::Integer(number)))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Cell<'de>, E> {
                if is_exact(number) {
                    Ok(Cell::Value(Value::Float(number)))
                } else {
                    Err(E::custom("a number"))
                }
            }

            fn visit_unit<E>(self) -> Result<Cell<'de>, E> {
                Ok(Cell::Value(Value::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Cell<'de>, A::Error> {
                tree(Json::deserialize(SeqAccessDeserializer::new(items))?)
            }

            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Cell<'de>, A::Error> {
                tree(Json::deserialize(MapAccessDeserializer::new(entries))?)
            }
        }
        from.deserialize_any(Of)
    }
}
