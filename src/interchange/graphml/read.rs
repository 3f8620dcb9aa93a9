//! Reads a document, an element at a time.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::BytesRef;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;
use crate::interchange::Import;
use crate::interchange::graph::{Gathering, Link, Place};
use crate::interchange::input::Input;
use crate::interchange::json;
use crate::interchange::rejects::Reason;
use crate::value::Map;
use crate::value::Value;

use super::keys::Keys;
use super::{OWN_LABEL, OWN_LABELS, RELATED, TINKERPOP_BETWEEN, TINKERPOP_LABEL, TINKERPOP_TYPE};

/// A source that counts lines as they are taken.
struct Lines {
    input: BufReader<Input>,
    /// Of what comes next, counted from 1.
    line: u64,
    column: usize,
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Lines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        let taken = self.input.buffer().get(..count).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', taken).count() as u64;
        match memchr::memrchr(b'\n', taken) {
            Some(at) => self.column = taken.len() - at,
            None => self.column += taken.len(),
        }
        self.input.consume(count);
    }
}

/// Where an element begins.
#[derive(Debug, Clone, Copy)]
struct Begin {
    line: u64,
    column: usize,
}

/// An element that holds data.
#[derive(Debug)]
struct Open {
    kind: Kind,
    begin: Begin,
    /// Its tag, for the file of rejected rows.
    tag: String,
    /// Its attributes `id`, `source` and `target`.
    id: Option<String>,
    source: Option<String>,
    target: Option<String>,
    /// The labels or the type that its attributes say.
    names: Option<Vec<String>>,
    properties: Map,
    /// What is wrong with it, first of all.
    fault: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Node,
    Edge,
    /// An edge between more than two nodes.
    HyperEdge,
    /// Something whose data is of no interest: a graph, a port.
    Other,
}

/// The text of some data that is being read.
#[derive(Debug)]
struct Text {
    /// The id of its key; none for a default.
    key: Option<String>,
    text: String,
    /// How many elements are open within it.
    depth: usize,
    /// The depth of the label of a drawing (yEd), while one is open.
    label: Option<usize>,
}

/// Reads a file.
pub(in crate::interchange) fn read(import: &mut Import<'_, '_, '_>, file: &Path) -> Result<()> {
    let input = BufReader::with_capacity(1 << 18, Input::open(file, &import.read)?);
    let mut xml = Reader::from_reader(Lines { input, line: 1, column: 1 });
    xml.config_mut().expand_empty_elements = true;
    let mut document = Document::default();
    let mut graph = Gathering::default();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let Lines { line, column, .. } = *xml.get_ref();
        let begin = Begin { line, column };
        let malformed = |what: String| {
            let message = format!("{}:{line}:{column}: {what}", file.display());
            Error::usage(Detail::InvalidRow, message).help("Nothing was imported.")
        };
        let event = xml.read_event_into(&mut buffer);
        let event = event.map_err(|error| malformed(format!("no XML: {error}")))?;
        match event {
            Event::Eof => break,
            // Empty elements come as a start and an end.
            Event::Start(tag) | Event::Empty(tag) => {
                document.start(&tag, begin).map_err(malformed)?;
            }
            Event::End(tag) => {
                let ended = document.end(tag.local_name().as_ref()).map_err(malformed)?;
                if let Some(open) = ended {
                    take(import, &mut graph, file, open, &document.keys)?;
                }
            }
            Event::Text(text) => document.text(&text.xml10_content()),
            Event::CData(text) => document.text(&text.xml10_content()),
            Event::GeneralRef(entity) => {
                let text = resolve(&entity).map_err(malformed)?;
                document.text(text.encode_utf8(&mut [0; 4]));
            }
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(name))
                    if !["utf-8", "us-ascii", "ascii"].contains(&&*name.to_lowercase()) =>
                {
                    let what = format!("the text is in `{name}`");
                    return Err(malformed(what).help("Convert it to UTF-8."));
                }
                _ => {}
            },
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if document.depth > 0 || !document.begun {
        let Lines { line, column, .. } = *xml.get_ref();
        let what = if document.begun { "it ends within an element" } else { "it has no element" };
        let message = format!("{}:{line}:{column}: no GraphML: {what}", file.display());
        return Err(Error::usage(Detail::InvalidRow, message).help("Nothing was imported."));
    }
    graph.finish(import, file)
}

fn resolve(entity: &BytesRef<'_>) -> Result<char, String> {
    let name: &str = entity;
    let unknown = || format!("`&{name};` stands for nothing");
    match name {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => entity.resolve_char_ref().ok().flatten().ok_or_else(unknown),
    }
}

/// The attribute of an element, by its whole name.
fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let found = tag.try_get_attribute(name).map_err(|error| error.to_string())?;
    let value = found.map(|found| found.normalized_value(XmlVersion::Implicit1_0)).transpose();
    Ok(value.map_err(|error| error.to_string())?.map(|value| value.into_owned()))
}

/// What was read, and what is open.
#[derive(Debug, Default)]
struct Document {
    keys: Keys,
    open: Vec<Open>,
    data: Option<Text>,
    depth: usize,
    begun: bool,
}

impl Document {
    fn start(&mut self, tag: &BytesStart<'_>, begin: Begin) -> Result<(), String> {
        let name = tag.local_name();
        let name: &str = name.as_ref();
        self.depth += 1;
        if !std::mem::replace(&mut self.begun, true) && name != "graphml" {
            return Err(format!("no GraphML: it begins with `{name}`"));
        }
        if let Some(data) = &mut self.data {
            data.depth += 1;
            // A drawing has the text that people read in it.
            if matches!(name, "NodeLabel" | "EdgeLabel") && data.text.is_empty() {
                data.label = Some(data.depth);
            }
            return Ok(());
        }
        let text = |key| Some(Text { key, text: String::new(), depth: 0, label: None });
        match name {
            "key" => {
                // What cannot be read is an error, whichever attribute is looked for.
                attribute(tag, "id")?;
                self.keys.declare(|name| attribute(tag, name).unwrap_or_default())?;
            }
            "default" => self.data = text(None),
            "data" => {
                let key = attribute(tag, "key")?.ok_or("`data` has no `key`")?;
                self.data = text(Some(key));
            }
            "node" => self.open.push(Open::new(Kind::Node, tag, begin)?),
            "edge" => self.open.push(Open::new(Kind::Edge, tag, begin)?),
            "hyperedge" => self.open.push(Open::new(Kind::HyperEdge, tag, begin)?),
            "graph" | "port" => self.open.push(Open::new(Kind::Other, tag, begin)?),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(data) = &mut self.data
            && (data.depth == 0 || data.label == Some(data.depth))
        {
            data.text.push_str(text);
        }
    }

    /// Takes the end of an element, and gives it where it is one with data.
    fn end(&mut self, name: &str) -> Result<Option<Open>, String> {
        self.depth = self.depth.saturating_sub(1);
        match &mut self.data {
            Some(data) if data.depth > 0 => {
                if data.label == Some(data.depth) {
                    data.label = None;
                }
                data.depth -= 1;
                return Ok(None);
            }
            Some(_) => {
                if let Some(data) = self.data.take() {
                    self.take_data(data)?;
                }
                return Ok(None);
            }
            None => {}
        }
        Ok(match name {
            "node" | "edge" | "hyperedge" | "graph" | "port" => self.open.pop(),
            _ => None,
        })
    }

    fn take_data(&mut self, data: Text) -> Result<(), String> {
        let Some(id) = data.key else {
            return self.keys.take_default(&data.text);
        };
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        let of_edges = match open.kind {
            Kind::Node => false,
            Kind::Edge => true,
            Kind::HyperEdge | Kind::Other => return Ok(()),
        };
        let known = self.keys.find(of_edges, &id);
        let name = known.and_then(|key| key.name.as_deref());
        // The names that APOC writes twice, and that other programs keep as data.
        let own = if of_edges { "label" } else { "labels" };
        if open.names.is_some() && id == own {
            return Ok(());
        }
        let says_names = of_edges || data.text.starts_with(':');
        if open.names.is_none() && says_names && (id == own || name == Some(own)) {
            open.names = Some(names(of_edges, &data.text));
            return Ok(());
        }
        let tinkerpop = if of_edges { TINKERPOP_TYPE } else { TINKERPOP_LABEL };
        if open.names.is_none() && (id == tinkerpop || name == Some(tinkerpop)) {
            let names = match of_edges {
                true => vec![data.text],
                false => data.text.split(TINKERPOP_BETWEEN).map(String::from).collect(),
            };
            open.names = Some(names.into_iter().filter(|name| !name.is_empty()).collect());
            if let (Kind::Node, Some(id)) = (open.kind, &open.id) {
                open.properties.entry("id".into()).or_insert_with(|| Value::string(&**id));
            }
            return Ok(());
        }
        let Some(key) = known else {
            let what = if of_edges { "edges" } else { "nodes" };
            open.fault.get_or_insert(format!("no key `{id}` of {what} is declared"));
            return Ok(());
        };
        let Some(name) = &key.name else {
            // A drawing: its label, if it has one.
            let label = data.text.trim();
            if !label.is_empty() {
                open.properties.entry("label".into()).or_insert_with(|| Value::string(label));
            }
            return Ok(());
        };
        match key.value(&data.text) {
            Ok(Value::Null) => {}
            Ok(value) => drop(open.properties.insert(name.clone(), value)),
            Err(what) => drop(open.fault.get_or_insert(format!("data `{name}`: {what}"))),
        }
        Ok(())
    }
}

/// `:Person:Actor`, or one type.
fn names(of_edges: bool, text: &str) -> Vec<String> {
    let names = if of_edges { vec![text] } else { text.split(':').collect() };
    names.into_iter().filter(|name| !name.is_empty()).map(String::from).collect()
}

impl Open {
    fn new(kind: Kind, tag: &BytesStart<'_>, begin: Begin) -> Result<Self, String> {
        let get = |name: &str| attribute(tag, name);
        let names = match kind {
            Kind::Node => match (get(OWN_LABELS)?, get("labels")?) {
                (Some(array), _) => Some(json::names(&array)?),
                (None, labels) => labels.map(|labels| names(false, &labels)),
            },
            Kind::Edge => match (get(OWN_LABEL)?, get("label")?) {
                (Some(own), _) => Some(vec![json::name(&own)?]),
                (None, label) => label.map(|name| names(true, &name)),
            },
            Kind::HyperEdge | Kind::Other => None,
        };
        Ok(Self {
            kind,
            begin,
            tag: if kind == Kind::Other { String::new() } else { format!("<{}>", &**tag) },
            id: get("id")?,
            source: get("source")?,
            target: get("target")?,
            names,
            properties: Map::new(),
            fault: None,
        })
    }
}

/// Gives an entity to the graph.
fn take(
    import: &mut Import<'_, '_, '_>,
    graph: &mut Gathering,
    file: &Path,
    mut open: Open,
    keys: &Keys,
) -> Result<()> {
    let place = Place { file, line: open.begin.line, text: &open.tag };
    let fault = |message: String| place.fault(Reason::Malformed, open.begin.column, message);
    if let Some(what) = open.fault {
        return import.note(file, &fault(what));
    }
    for (name, value) in keys.defaults(open.kind == Kind::Edge) {
        if open.kind != Kind::Other && !open.properties.contains_key(name) && !value.is_null() {
            open.properties.insert(name.clone(), value.clone());
        }
    }
    match (open.kind, open.id, open.source, open.target) {
        (Kind::Node, Some(id), ..) => {
            let labels = open.names.unwrap_or_else(|| {
                // Nothing else may say what the node is.
                open.properties.entry(Arc::from("id")).or_insert_with(|| Value::string(&*id));
                Vec::new()
            });
            graph.node(import, place, Some(&id), &labels, open.properties)
        }
        (Kind::Edge, _, Some(start), Some(end)) => {
            let of = open.names.and_then(|names| names.into_iter().next());
            let type_name = of.unwrap_or_else(|| RELATED.to_owned());
            let link = Link { type_name, start, end, properties: open.properties };
            graph.link(import, place, link)
        }
        (Kind::Node, None, ..) => import.note(file, &fault("a node has no `id`".into())),
        (Kind::Edge, ..) => {
            import.note(file, &fault("an edge has no `source` or no `target`".into()))
        }
        (Kind::HyperEdge, ..) => {
            import.note(file, &fault("a relationship has two ends, a hyperedge more".into()))
        }
        (Kind::Other, ..) => Ok(()),
    }
}
