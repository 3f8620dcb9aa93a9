//! LOAD CSV and what commits on its way: files, folders, failures.

use std::fs;
use std::io::Write;
use std::path::Path;

use redstring::{Database, Options, params};

fn count(db: &Database, label: &str) -> i64 {
    let rows = db.query(&format!("MATCH (n:{label}) RETURN count(*)"), ()).unwrap();
    rows.single().unwrap().get(0).unwrap()
}

/// A folder with a file of lines `i,i * 10` within and another file beside it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let import = folder.path().join("import");
    fs::create_dir_all(import.join("sub dir")).unwrap();
    let lines: String = (0..5000).map(|i| format!("{i},{}\n", i * 10)).collect();
    fs::write(import.join("numbers.csv"), &lines).unwrap();
    fs::write(import.join("sub dir/one.csv"), "a\n").unwrap();
    fs::write(folder.path().join("secret.csv"), "secret\n").unwrap();
    folder
}

fn database(folder: &Path) -> Database {
    Database::in_memory_with(Options::default().import_folder(folder.join("import")))
}

fn load(db: &Database, place: &str) -> Result<i64, String> {
    let query = "LOAD CSV FROM $place AS row RETURN count(row)";
    let rows = db.query(query, params! {"place" => place});
    let row = rows.and_then(|rows| rows.single()).map_err(|error| error.code())?;
    Ok(row.get(0).unwrap())
}

#[test]
fn paths_and_urls_count_from_the_folder() {
    let folder = folder();
    let db = database(folder.path());
    for place in
        ["numbers.csv", "file:///numbers.csv", "/numbers.csv", "file:/numbers.csv", "./numbers.csv"]
    {
        assert_eq!(load(&db, place), Ok(5000), "{place}");
    }
    let absolute = folder.path().join("import/numbers.csv");
    assert_eq!(load(&db, absolute.to_str().unwrap()), Ok(5000));
    for place in
        ["sub dir/one.csv", "file:///sub%20dir/one.csv", "file://localhost/sub%20dir/one.csv"]
    {
        assert_eq!(load(&db, place), Ok(1), "{place}");
    }
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let folder = folder();
    let db = database(folder.path());
    let refused = Err("UsageError.ImportRefused".to_owned());
    let secret = folder.path().join("secret.csv");
    for place in [
        "../secret.csv",
        "sub dir/../../secret.csv",
        "sub dir/../numbers.csv",
        "file:///../secret.csv",
        "file:///%2E%2E/secret.csv",
        secret.to_str().unwrap(),
        "http://localhost/secret.csv",
        "file://elsewhere/numbers.csv",
    ] {
        assert_eq!(load(&db, place), refused, "{place}");
    }
    #[cfg(unix)]
    {
        let import = folder.path().join("import");
        std::os::unix::fs::symlink(&secret, import.join("link.csv")).unwrap();
        std::os::unix::fs::symlink(folder.path(), import.join("up")).unwrap();
        std::os::unix::fs::symlink(import.join("numbers.csv"), import.join("same.csv")).unwrap();
        assert_eq!(load(&db, "link.csv"), refused);
        assert_eq!(load(&db, "up/secret.csv"), refused);
        assert_eq!(load(&db, "same.csv"), Ok(5000));
    }
    for place in ["none.csv", "sub dir", ""] {
        assert_eq!(load(&db, place), Err("ArgumentError.InvalidFile".to_owned()), "{place}");
    }
    assert_eq!(load(&Database::in_memory(), "numbers.csv"), refused);
}

#[test]
fn packed_files_are_unpacked() {
    let folder = folder();
    let file = fs::File::create(folder.path().join("import/numbers.csv.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packed.write_all(b"a\nb\nc\n").unwrap();
    packed.finish().unwrap();
    let db = database(folder.path());
    assert_eq!(load(&db, "numbers.csv.gz"), Ok(3));
    let packed = fs::read(folder.path().join("import/numbers.csv.gz")).unwrap();
    let add = |name: &str, content: &[u8]| {
        fs::write(folder.path().join("import").join(name), content).unwrap();
    };
    add("bad.csv.gz", &packed[..packed.len() - 9]);
    assert!(load(&db, "bad.csv.gz").is_err());
    // What a file is stands in it, not in its name.
    add("plain.csv.gz", b"no gzip");
    add("packed.csv", &packed);
    add("members.csv", &packed.repeat(2));
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let frame = ruzstd::encoding::compress_to_vec(&b"a\nb\n"[..], level);
    add("frames.csv", &frame.repeat(2));
    for (name, rows) in
        [("plain.csv.gz", 1), ("packed.csv", 3), ("members.csv", 6), ("frames.csv", 4)]
    {
        assert_eq!(load(&db, name), Ok(rows), "{name}");
    }
    add("archive.csv", b"PK\x03\x04\n");
    let query = "LOAD CSV FROM 'archive.csv' AS row RETURN row";
    let error = db.query(query, ()).and_then(|rows| rows.single()).unwrap_err();
    assert!(error.message().contains("zip"), "{error}");
}

#[test]
fn a_file_is_committed_in_parts() {
    let folder = folder();
    let db = database(folder.path());
    let query = "LOAD CSV FROM 'numbers.csv' AS row
                 CALL (row) { CREATE (:N {i: toInteger(row[0]), x: toInteger(row[1])}) }
                 IN TRANSACTIONS OF 700 ROWS";
    let summary = db.execute(query, ()).unwrap();
    assert_eq!(summary.counters().nodes_created, 5000);
    assert_eq!(count(&db, "N"), 5000);
    let sum = db.query("MATCH (n:N) RETURN sum(n.x) - 10 * sum(n.i)", ()).unwrap();
    assert_eq!(sum.single().unwrap().get::<i64>(0).unwrap(), 0);
}

#[test]
fn what_was_committed_before_a_failure_stays() {
    let db = Database::in_memory();
    let query = "UNWIND range(1, 10) AS i
                 CALL (i) { CREATE (:N {i: 10 / (7 - i)}) } IN TRANSACTIONS OF 2 ROWS";
    let error = db.execute(query, ()).unwrap_err();
    assert_eq!(error.code(), "ArithmeticError.DivisionByZero");
    assert_eq!(count(&db, "N"), 6);
    // The same without transactions leaves nothing.
    let whole = Database::in_memory();
    whole.execute(&query.replace("IN TRANSACTIONS OF 2 ROWS", ""), ()).unwrap_err();
    assert_eq!(count(&whole, "N"), 0);
}

#[test]
fn commits_are_on_disk_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    {
        let db = Database::open(&path).unwrap();
        let query = "UNWIND range(1, 10) AS i
                     CALL (i) { CREATE (:N {i: 10 / (7 - i)}) } IN TRANSACTIONS OF 3 ROWS";
        db.execute(query, ()).unwrap_err();
    }
    assert_eq!(count(&Database::open(&path).unwrap(), "N"), 6);
}

#[test]
fn an_open_transaction_cannot_be_committed_in_parts() {
    let db = Database::in_memory();
    let query = "UNWIND [1, 2] AS i CALL (i) { CREATE (:N) } IN TRANSACTIONS";
    let mut transaction = db.begin().unwrap();
    transaction.execute("CREATE (:Before)", ()).unwrap();
    let error = transaction.execute(query, ()).unwrap_err();
    assert_eq!(error.code(), "TransactionError.TransactionOpen");
    // The transaction goes on.
    transaction.commit().unwrap();
    assert_eq!((count(&db, "Before"), count(&db, "N")), (1, 0));
    let reading = "UNWIND [1, 2] AS i CALL (i) { RETURN i AS j } IN TRANSACTIONS RETURN j";
    let error = db.begin_read().query(reading, ()).unwrap_err();
    assert_eq!(error.code(), "TransactionError.TransactionOpen");
    assert_eq!(db.query(reading, ()).unwrap().count(), 2);
    assert!(db.query(&format!("EXPLAIN {query}"), ()).unwrap().next().is_some());
}

#[test]
fn a_statement_out_of_time_begins_no_other_transaction() {
    let db = Database::in_memory_with(Options::default().timeout(std::time::Duration::ZERO));
    let query = "UNWIND range(1, 100) AS i
                 CALL (i) { CREATE (:N) } IN TRANSACTIONS OF 10 ROWS ON ERROR CONTINUE";
    let error = db.execute(query, ()).unwrap_err();
    assert_eq!(error.code(), "LimitError.TimedOut");
}
