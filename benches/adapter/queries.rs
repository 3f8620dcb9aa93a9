//! The kit's queries and their parameters.

use std::env;
use std::fs;

use redstring::Value;
use serde_json::Value as Json;

/// A query of the kit.
pub(crate) struct Query {
    pub(crate) name: String,
    pub(crate) ordered: bool,
    pub(crate) params: Json,
    /// The list whose elements it runs for, and the names of their parts.
    pub(crate) foreach: Option<(String, Vec<String>)>,
    pub(crate) text: String,
}

/// The queries of a workload.
pub(crate) fn read(workload: &str) -> Vec<Query> {
    let folder = env::var("BENCH_DIR").unwrap_or_default();
    let text = fs::read_to_string(format!("{folder}/queries/cypher/{workload}.q")).unwrap();
    let mut queries: Vec<Query> = Vec::new();
    for line in text.lines() {
        let comment = line.trim_start().strip_prefix("//");
        let Some(comment) = comment else {
            if let Some(query) = queries.last_mut() {
                query.text.push_str(line);
                query.text.push('\n');
            }
            continue;
        };
        let (word, rest) = comment.trim().split_once(' ').unwrap_or((comment.trim(), ""));
        match (word, queries.last_mut()) {
            ("@query", _) => {
                let mut words = rest.split_whitespace();
                queries.push(Query {
                    name: words.next().unwrap_or_default().into(),
                    ordered: words.next() == Some("ordered"),
                    params: Json::Null,
                    foreach: None,
                    text: String::new(),
                });
            }
            ("@params", Some(query)) => query.params = serde_json::from_str(rest).unwrap(),
            ("@foreach", Some(query)) => {
                let (list, names) = rest.split_once(" as ").unwrap();
                let names = names.split(',').map(|name| name.trim().to_string());
                query.foreach = Some((list.trim().into(), names.collect()));
            }
            _ => {}
        }
    }
    queries
}

/// A parameter's value.
pub(crate) fn value(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::string(text.as_str()),
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Array(items) => Value::list(items.iter().map(value).collect()),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        _ => Value::Null,
    }
}

/// The parameters of a query; `@name` is that entry of `lists`.
pub(crate) fn bound(params: &Json, lists: &Json) -> Vec<(String, Value)> {
    let entries = params.as_object().into_iter().flatten();
    let entries = entries.map(|(name, given)| {
        let list = given.as_str().and_then(|text| text.strip_prefix('@'));
        (name.clone(), value(list.map_or(given, |list| &lists[list])))
    });
    entries.collect()
}
