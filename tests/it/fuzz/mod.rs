//! The fuzzers' targets, run on mutations of their seeds that are the same each time.
//!
//! The fuzzers themselves go on from here: see `fuzz/README.md`.

mod corpus;
#[path = "../../../fuzz/src/mod.rs"]
mod targets;

use std::path::Path;

use targets::TARGETS;

/// Numbers that look like chance and are the same each time (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below.max(1) as u64) as usize
    }
}

/// The bytes with a few changes: some flipped, some cut out, some repeated, some from another seed.
fn mutated(seed: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..1 + numbers.next(4) {
        let at = numbers.next(bytes.len());
        let end = (at + 1 + numbers.next(8)).min(bytes.len());
        match numbers.next(5) {
            0 => bytes[at..end].iter_mut().for_each(|b| *b ^= 1 << numbers.next(8)),
            1 => drop(bytes.drain(at.min(end)..end)),
            2 => bytes.extend_from_within(at.min(end)..end),
            3 => bytes.truncate(at),
            _ => {
                let from = numbers.next(other.len());
                let piece = &other[from..(from + 24).min(other.len())];
                bytes.splice(at.min(end)..end, piece.iter().copied());
            }
        }
    }
    bytes
}

fn run(name: &str, seeds: &[Vec<u8>], rounds: usize) {
    let (_, target) = TARGETS.iter().find(|(n, _)| *n == name).unwrap();
    seeds.iter().for_each(|seed| target(seed));
    let mut numbers = Numbers(seeds.len() as u64);
    for _ in 0..rounds {
        let seed = &seeds[numbers.next(seeds.len())];
        let other = &seeds[numbers.next(seeds.len())];
        let bytes = mutated(seed, other, &mut numbers);
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        let ended = std::panic::catch_unwind(|| target(&bytes));
        assert!(ended.is_ok(), "{name} {bytes:?}\n{shown}");
    }
}

/// The committed queries.
fn queries() -> Vec<Vec<u8>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/queries.cypher");
    let script = std::fs::read_to_string(file).unwrap();
    let places = redstring::syntax::split(&script);
    assert!(places.len() > 20);
    places.iter().map(|at| script.as_bytes()[at.start..at.end].to_vec()).collect()
}

#[test]
fn parser() {
    run("parse", &queries(), 500);
}

#[test]
fn binder() {
    run("bind", &queries(), 300);
}

#[test]
fn evaluator() {
    run("evaluate", &queries(), 200);
}

#[test]
fn evaluator_of_valid_statements() {
    run("generate", &(0..64).map(corpus::choices).collect::<Vec<_>>(), 100);
}

#[test]
fn stored_bytes() {
    run("stored", &corpus::stored().unwrap(), 3000);
}

#[test]
fn shell() {
    run("shell", &queries(), 100);
}
