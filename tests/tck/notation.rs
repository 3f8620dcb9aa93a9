//! The TCK's notation of values: parsed from table cells, and written from what a query returned.
//!
//! Both sides become a [`Cell`], and cells are compared by their canonical text.

use std::collections::BTreeMap;
use std::fmt::Write;

use redstring::{Node, Path, Relationship, Value};

/// A value as the TCK sees it: entities without ids, temporal values as strings.
#[derive(Debug, Clone)]
pub enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    String(String),
    List(Vec<Cell>),
    Map(BTreeMap<String, Cell>),
    Node(Vec<String>, BTreeMap<String, Cell>),
    Relationship(String, BTreeMap<String, Cell>),
    /// Nodes and relationships in turn; a relationship with whether it is walked forwards.
    Path(Vec<Cell>, Vec<(Cell, bool)>),
}

impl Cell {
    /// Reads the notation.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text.trim() };
        let cell = reader.cell()?;
        if reader.rest.is_empty() { Ok(cell) } else { reader.wrong("the end") }
    }

    /// What a query returned.
    pub fn from_value(value: &Value) -> Self {
        match value {
            Value::Null => Cell::Null,
            Value::Boolean(b) => Cell::Boolean(*b),
            Value::Integer(i) => Cell::Integer(*i),
            Value::Float(f) => Cell::Float(*f),
            Value::String(s) => Cell::String(s.to_string()),
            Value::List(items) => Cell::List(items.iter().map(Cell::from_value).collect()),
            Value::Map(map) => Cell::Map(properties(map)),
            Value::Node(node) => Cell::from_node(node),
            Value::Relationship(relationship) => Cell::from_relationship(relationship),
            Value::Path(path) => Cell::from_path(path),
            // Its literal is its text in quotes, which the notation has already.
            temporal => Cell::String(temporal.to_string().trim_matches('\'').to_owned()),
        }
    }

    fn from_node(node: &Node) -> Self {
        let mut labels: Vec<String> = node.labels().iter().map(ToString::to_string).collect();
        labels.sort();
        Cell::Node(labels, properties(node.properties()))
    }

    fn from_relationship(relationship: &Relationship) -> Self {
        let type_name = relationship.type_name().to_string();
        Cell::Relationship(type_name, properties(relationship.properties()))
    }

    fn from_path(path: &Path) -> Self {
        let steps = path.relationships().iter().zip(path.nodes());
        Cell::Path(
            path.nodes().iter().map(Cell::from_node).collect(),
            steps
                .map(|(r, from)| (Cell::from_relationship(r), r.start() == Some(from.id())))
                .collect(),
        )
    }

    /// As a parameter of a query. Entities cannot be parameters.
    pub fn to_value(&self) -> Result<Value, String> {
        Ok(match self {
            Cell::Null => Value::Null,
            Cell::Boolean(b) => Value::Boolean(*b),
            Cell::Integer(i) => Value::Integer(*i),
            Cell::Float(f) => Value::Float(*f),
            Cell::String(s) => Value::String(s.as_str().into()),
            Cell::List(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(Cell::to_value).collect();
                Value::List(items?.into())
            }
            Cell::Map(map) => {
                let pairs: Result<_, String> =
                    map.iter().map(|(k, v)| Ok((k.as_str().into(), v.to_value()?))).collect();
                Value::Map(std::sync::Arc::new(pairs?))
            }
            entity => return Err(format!("{} is no value of a parameter", entity.text(false))),
        })
    }

    /// The canonical text, by which cells compare: label order is free, and with `ignore_order` so is
    /// the order within lists, at any depth.
    pub fn text(&self, ignore_order: bool) -> String {
        let mut out = String::new();
        self.write(&mut out, ignore_order);
        out
    }

    fn write(&self, out: &mut String, ignore_order: bool) {
        match self {
            Cell::Null => out.push_str("null"),
            Cell::Boolean(b) => write!(out, "{b}").unwrap_or_default(),
            Cell::Integer(i) => write!(out, "{i}").unwrap_or_default(),
            // Adding zero makes -0.0 to 0.0, which Cypher does not tell apart.
            Cell::Float(f) => write!(out, "{:?}", f + 0.0).unwrap_or_default(),
            Cell::String(s) => {
                out.push('\'');
                for c in s.chars() {
                    match c {
                        '\'' | '\\' => out.extend(['\\', c]),
                        '\n' => out.push_str("\\n"),
                        c => out.push(c),
                    }
                }
                out.push('\'');
            }
            Cell::List(items) => {
                let mut texts: Vec<String> = items.iter().map(|i| i.text(ignore_order)).collect();
                if ignore_order {
                    texts.sort();
                }
                write!(out, "[{}]", texts.join(", ")).unwrap_or_default();
            }
            Cell::Map(map) => write_map(out, map, ignore_order),
            Cell::Node(labels, map) => {
                let mut labels = labels.clone();
                labels.sort();
                out.push('(');
                for label in &labels {
                    write!(out, ":{label}").unwrap_or_default();
                }
                write_properties(out, !labels.is_empty(), map, ignore_order);
                out.push(')');
            }
            Cell::Relationship(type_name, map) => {
                write!(out, "[:{type_name}").unwrap_or_default();
                write_properties(out, true, map, ignore_order);
                out.push(']');
            }
            Cell::Path(nodes, steps) => {
                out.push('<');
                for (at, node) in nodes.iter().enumerate() {
                    node.write(out, ignore_order);
                    if let Some((relationship, forwards)) = steps.get(at) {
                        out.push_str(if *forwards { "-" } else { "<-" });
                        relationship.write(out, ignore_order);
                        out.push_str(if *forwards { "->" } else { "-" });
                    }
                }
                out.push('>');
            }
        }
    }
}

fn properties(map: &redstring::Map) -> BTreeMap<String, Cell> {
    map.iter().map(|(k, v)| (k.to_string(), Cell::from_value(v))).collect()
}

fn write_map(out: &mut String, map: &BTreeMap<String, Cell>, ignore_order: bool) {
    out.push('{');
    for (at, (key, value)) in map.iter().enumerate() {
        write!(out, "{}{key}: ", if at == 0 { "" } else { ", " }).unwrap_or_default();
        value.write(out, ignore_order);
    }
    out.push('}');
}

fn write_properties(
    out: &mut String,
    after: bool,
    map: &BTreeMap<String, Cell>,
    ignore_order: bool,
) {
    if !map.is_empty() {
        if after {
            out.push(' ');
        }
        write_map(out, map, ignore_order);
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn wrong<T>(&self, expected: &str) -> Result<T, String> {
        Err(format!("expected {expected} at `{}`", self.rest))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Whether the text went on with this token; it is passed then.
    fn eat(&mut self, token: &str) -> bool {
        self.space();
        let eaten = self.rest.strip_prefix(token);
        self.rest = eaten.unwrap_or(self.rest);
        eaten.is_some()
    }

    fn need(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) { Ok(()) } else { self.wrong(&format!("`{token}`")) }
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn name(&mut self) -> Result<String, String> {
        self.space();
        if self.eat("`") {
            let name = self.take_while(|c| c != '`').to_string();
            self.need("`")?;
            return Ok(name);
        }
        let name = self.take_while(|c| c.is_alphanumeric() || c == '_');
        if name.is_empty() { self.wrong("a name") } else { Ok(name.to_string()) }
    }

    fn cell(&mut self) -> Result<Cell, String> {
        self.space();
        match self.rest.chars().next() {
            Some('\'') => self.string().map(Cell::String),
            Some('{') => self.map().map(Cell::Map),
            Some('(') => self.node(),
            Some('<') => self.path(),
            Some('[') => {
                if self.rest.get(1..).is_some_and(|r| r.trim_start().starts_with(':')) {
                    self.relationship()
                } else {
                    self.list()
                }
            }
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Cell, String> {
        let word = self.take_while(|c| c.is_alphanumeric() || "+-._".contains(c));
        match word {
            "null" => Ok(Cell::Null),
            "true" => Ok(Cell::Boolean(true)),
            "false" => Ok(Cell::Boolean(false)),
            "NaN" => Ok(Cell::Float(f64::NAN)),
            "Inf" => Ok(Cell::Float(f64::INFINITY)),
            "-Inf" => Ok(Cell::Float(f64::NEG_INFINITY)),
            _ => word
                .parse()
                .map(Cell::Integer)
                .or_else(|_| word.parse().map(Cell::Float))
                .map_err(|_| format!("expected a value at `{word}{}`", self.rest)),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.need("'")?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or("");
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('\'' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                c => text.push(c),
            }
        }
        self.wrong("the end of the string")
    }

    fn list(&mut self) -> Result<Cell, String> {
        self.need("[")?;
        let mut items = Vec::new();
        if self.eat("]") {
            return Ok(Cell::List(items));
        }
        loop {
            items.push(self.cell()?);
            if !self.eat(",") {
                self.need("]")?;
                return Ok(Cell::List(items));
            }
        }
    }

    fn map(&mut self) -> Result<BTreeMap<String, Cell>, String> {
        self.need("{")?;
        let mut map = BTreeMap::new();
        if self.eat("}") {
            return Ok(map);
        }
        loop {
            let key = self.name()?;
            self.need(":")?;
            map.insert(key, self.cell()?);
            if !self.eat(",") {
                self.need("}")?;
                return Ok(map);
            }
        }
    }

    fn optional_map(&mut self) -> Result<BTreeMap<String, Cell>, String> {
        self.space();
        if self.rest.starts_with('{') { self.map() } else { Ok(BTreeMap::new()) }
    }

    fn node(&mut self) -> Result<Cell, String> {
        self.need("(")?;
        let mut labels = Vec::new();
        while self.eat(":") {
            labels.push(self.name()?);
        }
        let map = self.optional_map()?;
        self.need(")")?;
        Ok(Cell::Node(labels, map))
    }

    fn relationship(&mut self) -> Result<Cell, String> {
        self.need("[")?;
        self.need(":")?;
        let type_name = self.name()?;
        let map = self.optional_map()?;
        self.need("]")?;
        Ok(Cell::Relationship(type_name, map))
    }

    fn path(&mut self) -> Result<Cell, String> {
        self.need("<")?;
        let mut nodes = vec![self.node()?];
        let mut steps = Vec::new();
        while !self.eat(">") {
            let backwards = self.eat("<-");
            if !backwards {
                self.need("-")?;
            }
            let relationship = self.relationship()?;
            self.need(if backwards { "-" } else { "->" })?;
            steps.push((relationship, !backwards));
            nodes.push(self.node()?);
        }
        Ok(Cell::Path(nodes, steps))
    }
}
