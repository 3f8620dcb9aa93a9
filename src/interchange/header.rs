//! What the columns of a table are, by their names: as `neo4j-admin database import` reads headers, as Neptune's loader
//! does, or by name.

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::nearest;

use super::field::{FieldType, Scalar};
use super::json;

/// What a column is for.
#[derive(Debug, Clone)]
pub(super) enum Role {
    /// A property. Without a type it is to be inferred.
    Property(String, Option<FieldType>),
    /// The identifier of a node, kept as a property where it has a name.
    /// Whether it is an integer may be open; `inferred` where nothing but its texts says so.
    Id { space: Option<String>, property: Option<String>, integer: Option<bool>, inferred: bool },
    /// More labels of a node; `json` where they are an array of it.
    Labels { json: bool },
    /// The identifier of the node where a relationship starts.
    Start { space: Option<String> },
    /// The identifier of the node where a relationship ends.
    End { space: Option<String> },
    /// The type of a relationship; `json` where it is a string of it.
    Type { json: bool },
    /// Of no interest.
    Ignored,
}

/// The parts of `name:type(space){option:value}`.
struct Parts<'a> {
    name: Cow<'a, str>,
    kind: Option<&'a str>,
    space: Option<&'a str>,
    options: Vec<(&'a str, &'a str)>,
}

impl<'a> Parts<'a> {
    fn of(field: &'a str, escaped: bool) -> Result<Self, String> {
        let mut rest = field;
        let mut options = Vec::new();
        if let Some(within) = rest.strip_suffix('}')
            && let Some((before, within)) = within.rsplit_once('{')
        {
            for option in within.split(',').filter(|option| !option.trim().is_empty()) {
                let (key, value) = option
                    .split_once(':')
                    .ok_or_else(|| format!("`{option}` in `{field}` is no option and value"))?;
                let value = value.trim().trim_matches(['\'', '"']);
                options.push((key.trim(), value));
            }
            rest = before;
        }
        let mut space = None;
        if let Some(within) = rest.strip_suffix(')')
            && let Some((before, within)) = within.rsplit_once('(')
            && before.contains(':')
        {
            space = Some(within).filter(|space| !space.is_empty());
            rest = before;
        }
        let of_name =
            |at: usize| escaped && rest.get(..at).is_some_and(|text| text.ends_with('\\'));
        let colon = rest.rmatch_indices(':').map(|(at, _)| at).find(|at| !of_name(*at));
        let (name, kind) = match colon.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?))) {
            Some((name, kind)) => (name, Some(kind)),
            None => (rest, None),
        };
        let name = if escaped { name.replace("\\:", ":").into() } else { name.into() };
        Ok(Self { name, kind, space, options })
    }

    /// Nothing where it has no other options than these.
    fn only(&self, field: &str, known: &[&str]) -> Result<(), String> {
        let is_known = |key: &str| known.iter().any(|own| own.eq_ignore_ascii_case(key));
        let Some((other, _)) = self.options.iter().find(|(key, _)| !is_known(key)) else {
            return Ok(());
        };
        let what = format!("`{other}` in `{field}` is no option of such a column");
        Err(match (nearest(&other.to_lowercase(), known.iter().copied()), known) {
            (Some(near), _) => format!("{what}; did you mean `{near}`?"),
            (None, []) => format!("{what}, which has none"),
            (None, known) => format!("{what}; `{}` is", known.join("`, `")),
        })
    }

    /// Whether what this option is about is written as JSON.
    fn is_json(&self, key: &str) -> Result<bool, String> {
        match self.option(key) {
            None => Ok(false),
            Some("json") => Ok(true),
            Some(other) => Err(format!("`{other}` is no format; `json` is")),
        }
    }

    fn option(&self, key: &str) -> Option<&'a str> {
        self.options.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)).map(|(_, value)| *value)
    }
}

/// The options that a column may have by its type, which is in upper case.
fn options_of(kind: Option<&str>) -> &'static [&'static str] {
    match kind {
        Some("ID") => &["id-type"],
        Some("LABEL" | "TYPE") => &["format"],
        Some("TIME" | "TIME[]" | "DATETIME" | "DATETIME[]") => &["timezone", NAME],
        Some("START_ID" | "END_ID") | None => &[],
        Some(_) => &[NAME],
    }
}

/// The option that says how the name of a property is written.
const NAME: &str = "name";

/// The field of a header that gives a column a property's name and the name of a type, for [`Role::of`] to read.
pub(super) fn field(name: &str, of: &str) -> String {
    match name {
        // Without a name a field would mean something else, or nothing.
        "" => format!("\"\":{of}{{{NAME}:json}}"),
        name => format!("{name}:{of}"),
    }
}

/// The name of the column that says the types of relationships, and what it says of those that have this type.
pub(super) fn type_column(of: &str) -> (&'static str, Cow<'_, str>) {
    match of {
        // An empty field says nothing.
        "" => (":TYPE{format:json}", Cow::Borrowed("\"\"")),
        of => (":TYPE", Cow::Borrowed(of)),
    }
}

/// Neptune's name of identifiers, which is the name of the property as well.
const NEPTUNE_ID: &str = "~id";
/// What may stand behind a type in Neptune's headers.
const CARDINALITIES: [&str; 2] = ["single", "set"];

impl Role {
    /// What a field of a header says. The error is a sentence.
    pub(super) fn of(field: &str) -> Result<Self, String> {
        Self::read(field, false)
    }

    /// As [`Role::of`], where a colon that is part of a name has a backslash before it, as in Neptune's headers.
    pub(super) fn of_escaped(field: &str) -> Result<Self, String> {
        Self::read(field, true)
    }

    fn read(field: &str, escaped: bool) -> Result<Self, String> {
        if let Some(role) = Self::of_neptune(field) {
            return Ok(role);
        }
        let parts = Parts::of(field, escaped)?;
        let space = parts.space.map(String::from);
        let named = |name: &str| Some(name.to_string()).filter(|name| !name.is_empty());
        let kind = parts.kind.map(str::to_uppercase);
        if kind.as_deref() != Some("IGNORE") {
            parts.only(field, options_of(kind.as_deref()))?;
        }
        Ok(match kind.as_deref() {
            Some("ID") => {
                let integer = match parts.option("id-type").map(str::to_lowercase).as_deref() {
                    None => None,
                    Some("string") => Some(false),
                    Some("int" | "integer" | "long") => Some(true),
                    Some(other) => {
                        return Err(format!(
                            "`{other}` is no type of identifiers; `string` and `long` are"
                        ));
                    }
                };
                Self::Id { space, property: named(&parts.name), integer, inferred: false }
            }
            Some("LABEL") => Self::Labels { json: parts.is_json("format")? },
            Some("START_ID") => Self::Start { space },
            Some("END_ID") => Self::End { space },
            Some("TYPE") => Self::Type { json: parts.is_json("format")? },
            Some("IGNORE") => Self::Ignored,
            Some(_) => {
                let kind = parts.kind.unwrap_or("");
                // Whether a property is one value or a set of them, in Neptune's headers; here each cell says that.
                if let Some(other) =
                    parts.space.filter(|space| !CARDINALITIES.contains(&&*space.to_lowercase()))
                {
                    return Err(format!(
                        "`({other})` in `{field}` means nothing; `(single)` and `(set)` do"
                    ));
                }
                let (name, list) = match kind.strip_suffix("[]") {
                    Some(item) => (item, true),
                    None => (kind, false),
                };
                let scalar = Scalar::of(name).map_err(|near| match near {
                    Some(near) => {
                        format!("`{name}` in `{field}` is no type; did you mean `{near}`?")
                    }
                    None => format!("`{name}` in `{field}` is no type"),
                })?;
                let zone = parts.option("timezone").map(Arc::from);
                let of = FieldType { scalar, list, zone, inferred: false };
                match parts.is_json(NAME)? {
                    true => {
                        let name = json::name(&parts.name).map_err(|_| {
                            format!("`{}` in `{field}` is no name in JSON", parts.name)
                        })?;
                        Self::Property(name, Some(of))
                    }
                    false => Self::property(&parts.name, Some(of))?,
                }
            }
            None => Self::property(&parts.name, None)?,
        })
    }

    /// The role of a column that Neptune has a name for. In a file of relationships some of them mean something else, see
    /// [`Role::of_relationship`].
    fn of_neptune(field: &str) -> Option<Self> {
        let is = |name: &str| field.eq_ignore_ascii_case(name);
        Some(if is(NEPTUNE_ID) {
            let property = Some(NEPTUNE_ID.to_owned());
            Self::Id { space: None, property, integer: None, inferred: false }
        } else if is("~label") {
            Self::Labels { json: false }
        } else if is("~from") {
            Self::Start { space: None }
        } else if is("~to") {
            Self::End { space: None }
        } else {
            return None;
        })
    }

    /// What a column is in the file of relationships that it turned out to be in.
    pub(super) fn of_relationship(self, field: &str) -> Self {
        match Self::of_neptune(field) {
            Some(Self::Id { .. }) => Self::Property(NEPTUNE_ID.into(), Some(Scalar::String.into())),
            Some(Self::Labels { .. }) => Self::Type { json: false },
            _ => self,
        }
    }

    /// Whether a header is one of Neptune's, by a field of it.
    pub(super) fn is_neptune(field: &str) -> bool {
        Self::of_neptune(field).is_some()
    }

    fn property(name: &str, of: Option<FieldType>) -> Result<Self, String> {
        if name.is_empty() {
            return Err("a column of the header has no name".into());
        }
        Ok(Self::Property(name.into(), of))
    }

    /// The name of the property that the column becomes.
    pub(super) fn property_name(&self) -> Option<&str> {
        match self {
            Self::Property(name, _) => Some(name),
            Self::Id { property, .. } => property.as_deref(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_headers_are_read() {
        let role = |field| format!("{:?}", Role::of(field).unwrap());
        assert_eq!(
            role("personId:ID(Person){id-type: long}"),
            "Id { space: Some(\"Person\"), property: Some(\"personId\"), integer: Some(true), inferred: false }"
        );
        assert_eq!(role(":START_ID(Person)"), "Start { space: Some(\"Person\") }");
        assert_eq!(role(":end_id"), "End { space: None }");
        assert_eq!(role("name"), "Property(\"name\", None)");
        assert_eq!(role(":LABEL"), "Labels { json: false }");
        assert_eq!(role(":LABEL{format:json}"), "Labels { json: true }");
        assert_eq!(role(":TYPE{format:json}"), "Type { json: true }");
        let Role::Property(name, Some(_)) = Role::of("\"a:\\n\":int{name:json}").unwrap() else {
            panic!()
        };
        assert_eq!(name, "a:\n");
        let Role::Property(name, Some(of)) = Role::of("a:b:string[]").unwrap() else { panic!() };
        assert_eq!((name.as_str(), of.scalar, of.list), ("a:b", Scalar::String, true));
        let Role::Property(_, Some(of)) = Role::of("t:datetime{timezone:Europe/Vienna}").unwrap()
        else {
            panic!()
        };
        assert_eq!((of.scalar, of.zone.as_deref()), (Scalar::DateTime, Some("Europe/Vienna")));
    }

    #[test]
    fn what_is_no_header_says_why() {
        let why = |field| Role::of(field).unwrap_err();
        assert_eq!(
            why("id:ID(A){label:Person}"),
            "`label` in `id:ID(A){label:Person}` is no option of such a column; `id-type` is"
        );
        assert!(why("t:time{timezon:Z}").ends_with("column; did you mean `timezone`?"));
        assert!(why("n:string{timezone:Z}").ends_with("no option of such a column; `name` is"));
        assert!(why(":END_ID{a:b}").ends_with("is no option of such a column, which has none"));
        assert!(why(":TYPE{id-type:long}").contains("no option"));
        assert!(why(":TYPE{format:xml}").contains("`xml` is no format; `json` is"));
        assert!(why("a:int{name:json}").contains("`a` in `a:int{name:json}` is no name in JSON"));
        assert!(Role::of(":IGNORE{anything:x}").is_ok());
        assert!(Role::of("t:DateTime[]{Timezone:Z}").is_ok());
        assert!(Role::of("age:intt").unwrap_err().contains("did you mean `int`?"));
        assert!(Role::of(":string").unwrap_err().contains("no name"));
        assert!(Role::of("").unwrap_err().contains("no name"));
    }
}
