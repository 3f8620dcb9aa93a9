//! The runner of the compatibility kit is strict: it fails the scenarios that it must.

use std::path::Path;

use crate::treatment;
use crate::treatment::TREATMENTS;

#[path = "../tck/notation.rs"]
mod notation;
#[path = "../tck/run.rs"]
mod run;
#[path = "../tck/scenario.rs"]
#[expect(dead_code, reason = "only the runner itself reads all of a scenario")]
mod scenario;

#[test]
fn what_is_wrong_fails() {
    let features = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tck");
    let scenarios = scenario::load(&features).unwrap();
    assert!(scenarios.len() > 15);
    for scenario in scenarios {
        for treatment in TREATMENTS {
            let outcome = run::run(&scenario, treatment);
            let right = scenario.name.starts_with("strictness right");
            assert_eq!(outcome.is_ok(), right, "{}: {outcome:?}", scenario.name);
        }
    }
}
