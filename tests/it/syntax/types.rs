//! The names of types: one table, of which the grammar knows every word.

use redstring::Database;
use redstring::value::{ScalarType, ValueType};

#[test]
fn every_name_of_a_type_works_where_a_value_is_asked_about() {
    let db = Database::in_memory();
    let mut names = 0;
    for name in ValueType::names().flatten() {
        for written in [(*name).to_owned(), name.to_lowercase().replace(' ', " /* of */ ")] {
            let text = format!("RETURN [x IN [1] WHERE x IS :: {written} | date(x)] IS NULL AS x");
            db.prepare(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        names += 1;
    }
    assert!(names > 40, "{names}");
}

#[test]
fn every_name_of_a_type_that_can_be_stored_works_in_a_constraint() {
    let db = Database::in_memory();
    for (at, name) in ScalarType::ALL.iter().flat_map(|(_, names)| names.iter()).enumerate() {
        let create = format!("CREATE CONSTRAINT FOR (n:L{at}) REQUIRE n.x IS ::");
        db.execute(&format!("{create} {name} | LIST<{name} NOT NULL> OPTIONS {{}}"), ())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}
