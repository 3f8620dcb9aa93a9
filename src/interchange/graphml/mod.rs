//! GraphML: as APOC writes it, with `labels` of nodes and the `label` of an edge as attributes, and as other programs do.
//!
//! What GraphML has no type for is text, and its key says the type in an attribute of this program's own namespace, which others
//! pass over.

mod keys;
mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;

/// The prefix of this program's own attributes, and what it stands for.
const PREFIX: &str = "redstring";
const NAMESPACE: &str = "urn:redstring:graphml";
/// The attribute of a key that says the type of its data.
const OWN_TYPE: &str = "redstring:type";
/// The attribute of a node with its labels as an array of JSON, where one of them is empty, has a colon, or a character
/// that XML cannot hold.
const OWN_LABELS: &str = "redstring:labels";
/// The attributes of an edge with its type, and of a key with the name of its property, as a string of JSON: where it is empty or has
/// such a character.
const OWN_LABEL: &str = "redstring:label";
const OWN_NAME: &str = "redstring:name";
/// The keys that TinkerPop keeps labels and types under.
const TINKERPOP_LABEL: &str = "labelV";
const TINKERPOP_TYPE: &str = "labelE";
/// What stands between the labels of such a node.
const TINKERPOP_BETWEEN: &str = "::";
/// The type of relationships where nothing says one, as in APOC.
const RELATED: &str = "RELATED";
