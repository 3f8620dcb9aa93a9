//! Redstring under the comparison kit in `../shared/bench`: its README has the protocol.
//!
//! `cargo bench --no-run --bench adapter` builds the program; `run.sh --peers "" --adapter PROGRAM` runs it.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints and may stop")]

mod checksum;
mod queries;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use redstring::interchange::{ImportOptions, NodeFiles, RelationshipFiles};
use redstring::{Database, Params, Value, params};
use serde_json::{Value as Json, json};

use checksum::{cell, checksum};
use queries::{Query, bound, value};

/// As the `redstring` binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seconds after which a series of look-ups or writes stops and gives a rate.
const SERIES: f64 = 60.0;

const SOCIAL_NODES: &[(&str, &str)] = &[
    ("Person", "persons"),
    ("City", "cities"),
    ("State", "states"),
    ("Country", "countries"),
    ("Interest", "interests"),
];
const SOCIAL_RELATIONSHIPS: &[(&str, &str, &str, &str)] = &[
    ("Follows", "follows", "Person", "Person"),
    ("LivesIn", "lives_in", "Person", "City"),
    ("HasInterest", "interested_in", "Person", "Interest"),
    ("CityIn", "city_in", "City", "State"),
    ("StateIn", "state_in", "State", "Country"),
];

/// The arguments: `--name value`, in any order.
struct Arguments(BTreeMap<String, String>);

impl Arguments {
    fn read() -> Self {
        let mut given = BTreeMap::new();
        let mut words = env::args().skip(1);
        while let Some(word) = words.next() {
            // `cargo bench` adds `--bench`, which has no value.
            if let Some(name) = word.strip_prefix("--")
                && name != "bench"
            {
                given.insert(name.to_string(), words.next().unwrap_or_default());
            }
        }
        Self(given)
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    fn number(&self, name: &str) -> i64 {
        self.get(name).parse().unwrap()
    }
}

fn say(event: &Json) {
    println!("{event}");
    std::io::stdout().flush().unwrap();
}

fn start(query: &str) {
    say(&json!({"event": "start", "query": query}));
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// The most memory the process has had, in MB.
fn rss() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}

fn size_of(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return path.metadata().map_or(0, |m| m.len()) };
    entries.map(|entry| size_of(&entry.unwrap().path())).sum()
}

fn main() {
    let given = Arguments::read();
    match given.get("mode") {
        "load" => load(&given),
        "query" => query(&given),
        "point" if given.get("variant") == "lookup" => look_up(&given),
        "point" if given.get("variant") == "merge" => merge(&given),
        "point" => insert(&given),
        "open" => open(&given),
        // What `cargo bench` without a kit runs.
        _ => {}
    }
}

fn options(dataset: &str, folder: &Path) -> ImportOptions {
    let mut options = ImportOptions::default();
    let ends = |of: RelationshipFiles, from: (&str, &str), to: (&str, &str)| {
        of.from(&format!("{}:{}.id", from.0, from.1)).to(&format!("{}:{}.id", to.0, to.1))
    };
    if dataset == "rmat" {
        let edges = RelationshipFiles::new([folder.join("edges.csv")]).relationship_type("Edge");
        return options
            .nodes(NodeFiles::new([folder.join("nodes.csv")]).label("Node").id("id"))
            .relationships(ends(edges, ("src", "Node"), ("dst", "Node")));
    }
    for (label, file) in SOCIAL_NODES {
        let file = folder.join(format!("nodes/{file}.csv"));
        options = options.nodes(NodeFiles::new([file]).label(*label).id("id"));
    }
    for (of, file, from, to) in SOCIAL_RELATIONSHIPS {
        let file = folder.join(format!("edges/{file}.csv"));
        let files = RelationshipFiles::new([file]).relationship_type(*of);
        options = options.relationships(ends(files, ("from", from), ("to", to)));
    }
    options
}

fn index(db: &Database, label: &str) {
    db.execute(&format!("CREATE INDEX IF NOT EXISTS FOR (n:{label}) ON (n.id)"), ()).unwrap();
}

fn load(given: &Arguments) {
    let (path, dataset) = (Path::new(given.get("db")), given.get("dataset"));
    let _ = fs::remove_dir_all(path);
    start("load");
    let begun = Instant::now();
    let db = Database::open(path).unwrap();
    let labels: Vec<&str> = match dataset {
        "rmat" => vec!["Node"],
        _ => SOCIAL_NODES.iter().map(|(label, _)| *label).collect(),
    };
    if env::var("ADAPTER_INDEX").as_deref() != Ok("no") {
        labels.iter().for_each(|label| index(&db, label));
    }
    db.import(&options(dataset, &Path::new(given.get("data")).join(dataset))).unwrap();
    drop(db);
    say(&json!({
        "event": "load", "dataset": dataset, "format": given.get("format"),
        "ms": ms(begun), "disk": size_of(path), "rss_mb": rss(),
    }));
}

fn lists(given: &Arguments) -> Json {
    let file = Path::new(given.get("data")).join("rmat/params.json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// Rows of cells.
fn run(db: &Database, text: &str, params: Params) -> redstring::Result<Vec<Vec<String>>> {
    let rows = db.query(text, params)?;
    rows.map(|row| Ok(row?.values().iter().map(cell).collect())).collect()
}

fn answer(db: &Database, query: &Query, lists: &Json) -> redstring::Result<Vec<String>> {
    let given = bound(&query.params, lists);
    let Some((list, names)) = &query.foreach else {
        let rows = run(db, &query.text, Params::from_iter(given))?;
        let mut lines: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
        if !query.ordered {
            lines.sort();
        }
        return Ok(lines);
    };
    let mut lines = Vec::new();
    for element in lists[list].as_array().unwrap() {
        let mut given = given.clone();
        for (name, element) in names.iter().zip(element.as_array().unwrap()) {
            given.push((name.clone(), value(element)));
        }
        let rows = run(db, &query.text, Params::from_iter(given))?;
        let first = rows.first().and_then(|row| row.first());
        lines.push(first.filter(|cell| *cell != "null").map_or("-1", String::as_str).to_string());
    }
    Ok(lines)
}

fn query(given: &Arguments) {
    let lock = env::var("BENCH_LOCK").ok().map(|path| {
        let file = fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.lock().unwrap();
        file
    });
    let runs = given.number("runs");
    let lists = lists(given);
    start("open");
    let begun = Instant::now();
    let db = Database::open(given.get("db")).unwrap();
    say(&json!({"event": "opened", "ms": ms(begun), "rss_mb": rss()}));
    let only: Vec<&str> = given.get("only").split(',').filter(|name| !name.is_empty()).collect();
    for query in queries::read(given.get("workload")) {
        if !only.is_empty() && !only.contains(&query.name.as_str()) {
            continue;
        }
        let (mut at, mut wanted) = (0, runs);
        while at <= wanted {
            start(&query.name);
            let begun = Instant::now();
            let lines = match answer(&db, &query, &lists) {
                Ok(lines) => lines,
                Err(error) => {
                    let message = format!("{}: {error}", error.code());
                    say(&json!({"event": "error", "query": query.name, "message": message}));
                    break;
                }
            };
            let took = ms(begun);
            let shown = if lines.len() <= 12 { json!(lines) } else { Json::Null };
            say(&json!({
                "event": "run", "query": query.name, "attempt": 0, "i": at, "ms": took,
                "rows": lines.len(), "checksum": checksum(&lines), "value": shown,
            }));
            if at == 0 && runs > 0 {
                wanted = match took {
                    30e3.. => 1,
                    10e3.. => 3,
                    200.0.. => runs,
                    _ => runs.max(11),
                };
            }
            at += 1;
        }
    }
    say(&json!({"event": "end", "rss_mb": rss()}));
    drop(lock);
}

fn look_up(given: &Arguments) {
    let lists = lists(given);
    let db = Database::open(given.get("db")).unwrap();
    let by_id = db.prepare("MATCH (n:Node {id: $id}) RETURN n.name AS name").unwrap();
    for at in 0..=given.number("runs") {
        start("lookup10k");
        let begun = Instant::now();
        let (mut length, mut done) = (0, 0);
        for id in lists["lookup10k"].as_array().unwrap() {
            if begun.elapsed().as_secs_f64() > SERIES {
                break;
            }
            let row = by_id.query(params! {"id" => value(id)}).unwrap().single().unwrap();
            length += row.get::<String>(0).unwrap().len();
            done += 1;
        }
        say(&json!({
            "event": "run", "query": "lookup10k", "attempt": 0, "i": at, "ms": ms(begun),
            "rows": done, "checksum": length.to_string(),
        }));
    }
}

fn fresh(given: &Arguments) -> Database {
    let path = given.get("db");
    let _ = fs::remove_dir_all(path);
    Database::open(path).unwrap()
}

/// Reports a series of writes, right where the database holds what it should.
fn series(variant: &str, begun: Instant, done: i64, right: impl FnOnce() -> bool) {
    let took = ms(begun);
    say(&json!({
        "event": "run", "query": variant, "attempt": 0, "i": 1, "ms": took, "rows": done,
        "ops_s": done as f64 / took * 1e3, "checksum": if right() { "True" } else { "False" },
        "rss_mb": rss(),
    }));
}

fn insert(given: &Arguments) {
    let (variant, count) = (given.get("variant"), given.number("n"));
    let db = fresh(given);
    index(&db, "Item");
    let one = "CREATE (:Item {id: $id, v: $v})";
    let many = "UNWIND $rows AS r CREATE (:Item {id: r.id, v: r.v})";
    let of = |id: i64| params! {"id" => id, "v" => id * 7 % 1000};
    let single = db.prepare(one).unwrap();
    start(variant);
    let begun = Instant::now();
    let mut done = 0;
    while done < count && begun.elapsed().as_secs_f64() < SERIES {
        match variant {
            "commit" => {
                single.execute(of(done)).unwrap();
                done += 1;
                continue;
            }
            "batch" => {
                let mut transaction = db.begin().unwrap();
                (done..done + 1000).for_each(|id| drop(transaction.execute(one, of(id)).unwrap()));
                transaction.commit().unwrap();
            }
            _ => {
                let rows: Vec<Value> =
                    (done..done + 1000).map(|id| row(id, (&V, id * 7 % 1000))).collect();
                db.execute(many, params! {"rows" => Value::list(rows)}).unwrap();
            }
        }
        done += 1000;
    }
    series(variant, begun, done, || {
        let rows = run(&db, "MATCH (n:Item) RETURN count(*)", Params::default()).unwrap();
        rows == [[done.to_string()]]
    });
}

/// A row with an id and a number, whose keys are shared as in a program that makes many.
fn row(id: i64, number: (&Key, i64)) -> Value {
    static ID: Key = LazyLock::new(|| "id".into());
    Value::map([((*ID).clone(), id.into()), ((*number.0).clone(), number.1.into())].into())
}

type Key = LazyLock<Arc<str>>;

static V: Key = LazyLock::new(|| "v".into());
static X: Key = LazyLock::new(|| "x".into());

fn merge(given: &Arguments) {
    let count = given.number("n");
    let size = 10_000.min(count / 10);
    let db = fresh(given);
    index(&db, "Node");
    let existing: Vec<i64> = (0..count).step_by(2).collect();
    for ids in existing.chunks(10_000) {
        let rows: Vec<Value> = ids.iter().map(|id| row(*id, (&X, 0))).collect();
        let create = "UNWIND $rows AS r CREATE (:Node {id: r.id, x: r.x})";
        db.execute(create, params! {"rows" => Value::list(rows)}).unwrap();
    }
    let text = "UNWIND $rows AS row MERGE (n:Node {id: row.id}) SET n.x = row.x";
    start("merge");
    let begun = Instant::now();
    let (mut done, mut nodes, mut sum) = (0, count / 2, 0);
    while done < count && begun.elapsed().as_secs_f64() < SERIES {
        let ids: Vec<i64> = (done..done + size).map(|i| i * 7919 % count).collect();
        let rows: Vec<Value> = ids.iter().map(|id| row(*id, (&X, id + 1))).collect();
        db.execute(text, params! {"rows" => Value::list(rows)}).unwrap();
        nodes += ids.iter().filter(|id| *id % 2 == 1).count() as i64;
        sum += ids.iter().map(|id| id + 1).sum::<i64>();
        done += size;
    }
    series("merge", begun, done, || {
        let rows = run(&db, "MATCH (n:Node) RETURN count(*), sum(n.x)", Params::default()).unwrap();
        rows == [[nodes.to_string(), sum.to_string()]]
    });
}

fn open(given: &Arguments) {
    let lists = lists(given);
    let query = queries::read("w3").into_iter().find(|query| query.name == "point").unwrap();
    start("open");
    let begun = Instant::now();
    let db = Database::open(given.get("db")).unwrap();
    let opened = ms(begun);
    let rows = run(&db, &query.text, Params::from_iter(bound(&query.params, &lists))).unwrap();
    say(&json!({
        "event": "open", "open_ms": opened, "first_query_ms": ms(begun) - opened,
        "value": rows.first(), "rss_mb": rss(),
    }));
}
