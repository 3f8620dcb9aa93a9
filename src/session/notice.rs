//! What is no error but may be a slip: names that a statement asks for and the graph has not.

use std::sync::Arc;

use crate::bound::Mention;
use crate::bound::NameKind;
use crate::error::nearest;
use crate::graph::Snapshot;
use crate::result::Notification;

/// A notification for each name that nothing in the graph has. Of an empty graph there is nothing to say.
pub(super) fn of(mentions: &[Mention], graph: &Snapshot) -> Arc<[Notification]> {
    if mentions.is_empty() || graph.node_count() == 0 {
        return Arc::default();
    }
    mentions.iter().filter_map(|mention| unknown(mention, graph)).collect()
}

/// Those of the names that nothing in the graph has.
pub(super) fn missing(mentions: &[Mention], graph: &Snapshot) -> Vec<Mention> {
    mentions.iter().filter(|mention| !is_there(mention, graph).0).cloned().collect()
}

/// All names of a kind that something in the graph has.
type Names = fn(&Snapshot) -> Vec<Arc<str>>;

/// Whether something in the graph has the name, what it is, and what else there is of its kind.
fn is_there(mention: &Mention, graph: &Snapshot) -> (bool, &'static str, Names) {
    let name = &*mention.name;
    match mention.kind {
        NameKind::Label => {
            let there = graph.label_id(name).is_some_and(|id| graph.label_count(id) > 0);
            (there, "label", labels)
        }
        NameKind::RelationshipType => {
            let there = graph.type_id(name).is_some_and(|id| graph.type_count(id) > 0);
            (there, "relationship type", types)
        }
        NameKind::PropertyKey => (graph.key_id(name).is_some(), "property key", keys),
    }
}

fn unknown(mention: &Mention, graph: &Snapshot) -> Option<Notification> {
    let name = &*mention.name;
    let (there, what, names) = is_there(mention, graph);
    if there {
        return None;
    }
    let names = names(graph);
    let mut message = format!("no {what} `{name}` in this graph");
    if let Some(near) = nearest(name, names.iter().map(|name| &**name)) {
        message.push_str(&format!("; did you mean `{near}`?"));
    }
    Some(Notification { message, span: mention.span })
}

fn labels(graph: &Snapshot) -> Vec<Arc<str>> {
    let all = graph.labels().into_iter();
    all.filter(|(id, _)| graph.label_count(*id) > 0).map(|(_, name)| name).collect()
}

fn types(graph: &Snapshot) -> Vec<Arc<str>> {
    let all = graph.types().into_iter();
    all.filter(|(id, _)| graph.type_count(*id) > 0).map(|(_, name)| name).collect()
}

fn keys(graph: &Snapshot) -> Vec<Arc<str>> {
    graph.keys().into_iter().map(|(_, name)| name).collect()
}
