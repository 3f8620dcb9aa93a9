//! An import that fails leaves nothing: no data, no file, and nothing that a later checkpoint could mistake for its own.

use std::fs;
use std::path::Path;

use redstring::interchange::{ImportOptions, NodeFiles};
use redstring::{Database, Result};

/// A file of nodes whose text is theirs alone, the last with a code that is there already.
fn nodes(folder: &Path, name: &str) -> ImportOptions {
    let mut text = String::from("id,code,text\n");
    for id in 100..3000 {
        text.push_str(&format!("{id},{id},{name} {id}\n"));
    }
    text.push_str("9000,7,seven once more\n");
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    ImportOptions::default().nodes(NodeFiles::new([file]).label("A").id("id"))
}

fn texts(db: &Database) -> Vec<(i64, String)> {
    let rows = db.query("MATCH (a:A) RETURN a.id, a.text ORDER BY a.id", ()).unwrap();
    rows.tuples().collect::<Result<_>>().unwrap()
}

fn segments(store: &Path) -> usize {
    let files = fs::read_dir(store.join("segments")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("segment-")).count()
}

#[test]
fn what_breaks_a_constraint_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let db = Database::open(&store).unwrap();
    db.execute("CREATE CONSTRAINT one FOR (a:A) REQUIRE a.code IS UNIQUE", ()).unwrap();
    db.execute("UNWIND range(1, 20) AS id CREATE (:A {id: id, code: id, text: 'own ' + id})", ())
        .unwrap();
    db.checkpoint().unwrap();
    let (before, files) = (texts(&db), segments(&store));
    for round in 0..3 {
        let error = db.import(&nodes(folder.path(), &format!("foreign{round}.csv"))).unwrap_err();
        assert_eq!(error.code(), "ConstraintVerificationFailed.UniquenessViolation");
        assert_eq!(texts(&db), before);
        assert_eq!(segments(&store), files, "the file of the import is gone");
        // The next checkpoint has the number that the import had.
        db.execute(
            "UNWIND range(5000, 7900) AS id CREATE (:A {id: id, code: id, text: 'own ' + id})",
            (),
        )
        .unwrap();
        db.checkpoint().unwrap();
        let own = |(id, text): &(i64, String)| *text == format!("own {id}");
        let found = texts(&db);
        assert_eq!(found.len(), before.len() + 2901);
        assert!(found.iter().all(own), "round {round}: {:?}", found.iter().find(|row| !own(row)));
        assert!(db.check().is_sound());
        db.execute("MATCH (a:A) WHERE a.id >= 5000 DELETE a", ()).unwrap();
        db.checkpoint().unwrap();
    }
}
