//! Open a database, ask with parameters, read typed rows, use a transaction, prepare a statement, and
//! look at an error: `cargo run --example quickstart`.
#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use redstring::{Database, ErrorClass, params};

#[derive(Debug, serde::Deserialize)]
struct Penalty {
    company: String,
    yuan: Option<i64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?; // goes when the example ends
    let db = Database::open(folder.path().join("graph"))?;

    // Parameters are never part of the text, so that a plan serves them all.
    let summary = db.execute(
        "CREATE (:Agency {name: $agency})-[:FINED {yuan: $yuan}]->(:Company {name: $company})",
        params! {"agency" => "CAC", "yuan" => 500_000, "company" => "Weibo"},
    )?;
    println!("{}", summary.counters());

    // Rows by column name or position, ...
    for row in db.query("MATCH (a:Agency)-[f:FINED]->(c) RETURN a.name AS agency, f.yuan", ())? {
        let row = row?;
        println!("{} {}", row.get::<String>("agency")?, row.get::<i64>(1)?);
    }
    // ... as tuples, ...
    let rows = db.query("MATCH (n) RETURN labels(n)[0] AS label, count(*) ORDER BY label", ())?;
    for pair in rows.tuples::<(String, i64)>() {
        println!("{:?}", pair?);
    }

    // A transaction is there for others at its commit. Dropping it rolls it back.
    let mut transaction = db.begin()?;
    let insert = "MATCH (a:Agency) CREATE (a)-[:FINED]->(:Company {name: $name})";
    for name in ["Douban", "Zhihu"] {
        transaction.execute(insert, params! {name: name})?;
    }
    transaction.commit()?;

    // A prepared statement is parsed and planned once. Here, rows as structs.
    let fines = db.prepare(
        "MATCH (:Agency {name: $agency})-[f:FINED]->(c)
         RETURN c.name AS company, f.yuan AS yuan ORDER BY company",
    )?;
    for penalty in fines.query(params! {agency: "CAC"})?.deserialize() {
        let Penalty { company, yuan } = penalty?;
        println!("{company}: {yuan:?}");
    }

    // An error has a stable code, a class, and a place in the text.
    if let Err(error) = db.query("MATCH (c:Company) RETURN d", ()) {
        assert_eq!(error.class(), ErrorClass::SyntaxError);
        println!("{} at {:?}: {error}", error.code(), error.span());
    }
    Ok(())
}
