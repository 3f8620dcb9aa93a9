//! Durable commits of one row each, beside a bare append and `fdatasync` of as many bytes to a file.
//!
//! `cargo bench --bench commits`. Only the ratios of one run mean anything: the disk sets the pace of both.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints and may stop")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use redstring::{Database, Options, params};

/// Commits of one round.
const COMMITS: u64 = 1000;
/// Rounds; the median is told.
const ROUNDS: usize = 5;
/// Bytes of the record of such a commit.
const RECORD: usize = 64;
const THREADS: u64 = 8;

fn main() {
    let folder = std::env::var_os("REDSTRING_BENCH_FOLDER").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("commits"),
        std::path::PathBuf::from,
    );
    std::fs::create_dir_all(&folder).unwrap();
    let mut rates: Vec<[f64; 4]> = Vec::new();
    for round in 0..ROUNDS {
        let bare = rate(COMMITS, || bare(&folder.join(format!("bare-{round}"))));
        let mut row = [bare, 0.0, 0.0, 0.0];
        for (at, engine) in ["sled", "redb"].into_iter().enumerate() {
            let store = folder.join(format!("{engine}-{round}"));
            let db = Database::open_with(&store, Options::default().engine(engine)).unwrap();
            db.execute("CREATE (:Item {id: -1, v: 0})", ()).unwrap();
            row[1 + at] = rate(COMMITS, || commits(&db, COMMITS));
            if engine == "sled" {
                row[3] = rate(THREADS * COMMITS, || in_threads(&db));
            }
        }
        rates.push(row);
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let median = |at: usize| {
        let mut column: Vec<f64> = rates.iter().map(|row| row[at]).collect();
        column.sort_by(f64::total_cmp);
        column[ROUNDS / 2]
    };
    let bare = median(0);
    println!("{:<28} {:>10} {:>8}", "", "commits/s", "of bare");
    for (at, name) in
        ["bare append and fdatasync", "sled, one thread", "redb, one thread"].iter().enumerate()
    {
        println!("{name:<28} {:>10.0} {:>8.2}", median(at), median(at) / bare);
    }
    println!("{:<28} {:>10.0} {:>8.2}", "sled, eight threads", median(3), median(3) / bare);
    println!("eight threads over one: {:.2}", median(3) / median(1));
}

fn rate(count: u64, work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    count as f64 / begun.elapsed().as_secs_f64()
}

fn bare(path: &Path) {
    let mut file = File::create(path).unwrap();
    for number in 0..COMMITS {
        file.write_all(&[number as u8; RECORD]).unwrap();
        file.sync_data().unwrap();
    }
}

fn commits(db: &Database, count: u64) {
    let create = db.prepare("CREATE (:Item {id: $id, v: $v})").unwrap();
    for id in 0..count {
        create.execute(params! {"id" => id as i64, "v" => (id * 7 % 1000) as i64}).unwrap();
    }
}

fn in_threads(db: &Database) {
    let next = Arc::new(AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let (db, next) = (db.clone(), next.clone());
            scope.spawn(move || {
                let create = db.prepare("CREATE (:Item {id: $id, v: $v})").unwrap();
                loop {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    if id >= THREADS * COMMITS {
                        return;
                    }
                    create.execute(params! {"id" => id as i64, "v" => 1}).unwrap();
                }
            });
        }
    });
}
