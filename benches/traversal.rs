//! Traversal at memory speed: four queries on a checkpointed and reopened store of 100,000 nodes and
//! 1,000,000 relationships, each beside a plain loop over arrays that does the same work.
//!
//! `cargo bench --bench traversal` prints, for each, the median of warm runs, the loop's, and their
//! ratio. Only the ratio within one run means anything. With `-- profile` the plans are printed too.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints and may stop")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use redstring::{Database, Value, params};

const NODES: usize = 100_000;
const RELATIONSHIPS: usize = 1_000_000;
const CITIES: usize = 100;
const RUNS: usize = 15;

/// The same graph as arrays: what the plain loops work on.
struct Arrays {
    city: Vec<u32>,
    age: Vec<i64>,
    offsets: Vec<u32>,
    ends: Vec<u32>,
    weight: Vec<i64>,
    /// Ends of each relationship, by the order of creation.
    edges: Vec<(u32, u32, i64)>,
}

/// A small deterministic generator (xorshift64*), so that every run measures the same graph.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }
}

fn generate() -> Arrays {
    let mut random = Random(42);
    let city = (0..NODES).map(|_| random.below(CITIES) as u32).collect();
    let age = (0..NODES).map(|_| random.below(100) as i64).collect();
    let mut edges: Vec<(u32, u32, i64)> = (0..RELATIONSHIPS)
        .map(|_| {
            let (from, to) = (random.below(NODES) as u32, random.below(NODES) as u32);
            (from, to, random.below(1000) as i64)
        })
        .collect();
    edges.sort_unstable();
    let mut offsets = vec![0u32; NODES + 1];
    for (from, _, _) in &edges {
        offsets[*from as usize + 1] += 1;
    }
    for i in 0..NODES {
        offsets[i + 1] += offsets[i];
    }
    let ends = edges.iter().map(|e| e.1).collect();
    let weight = edges.iter().map(|e| e.2).collect();
    Arrays { city, age, offsets, ends, weight, edges }
}

fn load(path: &std::path::Path, arrays: &Arrays) {
    let db = Database::open(path).unwrap();
    let nodes: Vec<Value> = (0..NODES)
        .map(|i| {
            Value::from(vec![
                Value::from(format!("city {}", arrays.city[i])),
                Value::from(arrays.age[i]),
            ])
        })
        .collect();
    for rows in nodes.chunks(20_000) {
        db.execute(
            "UNWIND $rows AS row CREATE (:Person {city: row[0], age: row[1]})",
            params! { "rows" => rows.to_vec() },
        )
        .unwrap();
    }
    let edges: Vec<Value> = arrays
        .edges
        .iter()
        .map(|(from, to, weight)| {
            Value::from(vec![
                Value::from(i64::from(*from)),
                Value::from(i64::from(*to)),
                Value::from(*weight),
            ])
        })
        .collect();
    for rows in edges.chunks(100_000) {
        db.execute(
            "MATCH (n:Person) WITH n ORDER BY id(n) WITH collect(n) AS people
             UNWIND $rows AS row
             WITH people[row[0]] AS a, people[row[1]] AS b, row[2] AS weight
             CREATE (a)-[:KNOWS {weight: weight}]->(b)",
            params! { "rows" => rows.to_vec() },
        )
        .unwrap();
    }
    db.checkpoint().unwrap();
}

fn median(mut run: impl FnMut() -> i64) -> (Duration, i64) {
    let answer = run();
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(black_box(run()), answer);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    (times[RUNS / 2], answer)
}

fn two_hop_paths(a: &Arrays) -> i64 {
    let mut count = 0;
    for from in 0..NODES {
        for i in a.offsets[from]..a.offsets[from + 1] {
            let middle = a.ends[i as usize] as usize;
            count += i64::from(a.offsets[middle + 1] - a.offsets[middle]);
            // A relationship is not used twice: a self-loop does not follow itself.
            count -= i64::from(middle == from);
        }
    }
    count
}

fn heavy_relationships(a: &Arrays) -> i64 {
    a.weight.iter().filter(|w| **w > 500).count() as i64
}

fn old_people(a: &Arrays) -> i64 {
    a.age.iter().filter(|age| **age > 50).count() as i64
}

fn weight_by_city(a: &Arrays) -> i64 {
    let mut sums = vec![0i64; CITIES];
    for from in 0..NODES {
        for i in a.offsets[from]..a.offsets[from + 1] {
            sums[a.city[from] as usize] += a.weight[i as usize];
        }
    }
    sums.iter().copied().max().unwrap_or_default()
}

fn two_hop_ends(a: &Arrays) -> i64 {
    let mut seen = vec![false; NODES];
    let mut count = 0;
    for from in 0..100 {
        for i in a.offsets[from]..a.offsets[from + 1] {
            let middle = a.ends[i as usize] as usize;
            for j in a.offsets[middle]..a.offsets[middle + 1] {
                let end = a.ends[j as usize] as usize;
                if i != j && !seen[end] {
                    seen[end] = true;
                    count += 1;
                }
            }
        }
    }
    count
}

/// A query that returns one integer, and the loop that computes the same.
type Case = (&'static str, &'static str, fn(&Arrays) -> i64);

const CASES: &[Case] = &[
    ("two-hop paths, counted", "MATCH ()-[:KNOWS]->()-[:KNOWS]->() RETURN count(*)", two_hop_paths),
    (
        "filter on a relationship property",
        "MATCH ()-[k:KNOWS]->() WHERE k.weight > 500 RETURN count(*)",
        heavy_relationships,
    ),
    ("filter on a node property", "MATCH (p:Person) WHERE p.age > 50 RETURN count(*)", old_people),
    (
        "relationship property by node property",
        "MATCH (p:Person)-[k:KNOWS]->() WITH p.city AS city, sum(k.weight) AS weight RETURN max(weight)",
        weight_by_city,
    ),
    (
        "distinct two-hop ends of 100 nodes",
        "MATCH (p)-[:KNOWS]->()-[:KNOWS]->(end) WHERE id(p) IN range(0, 99) RETURN count(DISTINCT end)",
        two_hop_ends,
    ),
];

fn main() {
    let arrays = generate();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.redstring");
    let start = Instant::now();
    load(&path, &arrays);
    println!("loaded and checkpointed in {:.1} s", start.elapsed().as_secs_f64());

    let start = Instant::now();
    let db = Database::open(&path).unwrap();
    println!("opened in {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    println!("{:<40} {:>11} {:>11} {:>7}", "", "redstring", "plain loop", "ratio");
    for (name, query, plain) in CASES {
        let statement = db.prepare(query).unwrap();
        let (engine, found) = median(|| {
            let row = statement.query(()).unwrap().next().unwrap().unwrap();
            row.get(0).unwrap()
        });
        let (baseline, expected) = median(|| plain(black_box(&arrays)));
        assert_eq!(found, expected, "{name}");
        if std::env::args().any(|argument| argument == "profile") {
            for row in db.query(&format!("PROFILE {query}"), ()).unwrap() {
                println!("{}", row.unwrap().get::<String>(0).unwrap());
            }
        }
        println!(
            "{name:<40} {:>8.3} ms {:>8.3} ms {:>7.1}",
            engine.as_secs_f64() * 1e3,
            baseline.as_secs_f64() * 1e3,
            engine.as_secs_f64() / baseline.as_secs_f64()
        );
    }
}
