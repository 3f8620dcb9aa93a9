//! Broken queries: every error that is known before anything runs has its place in the text, and a name that
//! is not known suggests the nearest one.

use redstring::{Database, Error, Phase};

/// One query per line.
const BROKEN: &str = r#"
RETURN
RETURN 1 +
RETURN (1
RETURN [1, 2
RETURN {a: 1
RETURN {a 1}
RETURN 'open
RETURN `open
RETURN "a
RETURN 1 2
RETURN 1 AS
RETURN 1 AS 1
RETURN 12ab
RETURN 0xZZ
RETURN 0o9
RETURN 1.5.2
RETURN 99999999999999999999
RETURN 1e999
RETURN '\u12'
RETURN '\uD83D'
RETURN '\q'
RETURN $
RETURN x
RETURN x.y
RETURN [x IN xs | x]
RETURN [x IN [1] | y]
RETURN all(x IN [1] WHERE z)
RETURN reduce(a = 0, x IN [1] | b)
RETURN nothing()
RETURN size()
RETURN size(1, 2)
RETURN size(1)
RETURN toUpper(1)
RETURN count(count(1))
RETURN count(rand())
RETURN size(*)
RETURN size(DISTINCT [1])
RETURN 1 + count(*) + x
RETURN NOT 1
RETURN 1 AND true
RETURN true XOR 'a'
RETURN -'a'
RETURN 1 - 'a'
RETURN true * 2
RETURN 1 IN 2
RETURN [1][true]
RETURN 'a'[0]
RETURN 1.x
RETURN {a: 1}:Label
RETURN CASE END
RETURN CASE WHEN true THEN 1
RETURN CASE WHEN 1 THEN 2 END
RETURN *
RETURN 1 AS a, 2 AS a
RETURN 1 LIMIT -1
RETURN 1 LIMIT 1.5
RETURN 1 LIMIT 'a'
RETURN 1 SKIP x
RETURN 1 ORDER BY
RETURN 1 UNION RETURN 2
RETURN 1 AS a UNION RETURN 2 AS b
RETURN 1 AS a UNION RETURN 2 AS a UNION ALL RETURN 3 AS a
MATCH
MATCH (n)
MATCH (n RETURN n
MATCH (n) RETURN m
MATCH (n:) RETURN n
MATCH (n {a}) RETURN n
MATCH (n {a: b}) RETURN n
MATCH (n $p) RETURN n
MATCH (n)-(m) RETURN n
MATCH (n)-[r]-> RETURN n
MATCH (n)-[r]->(r) RETURN n
MATCH (n)-[n]->() RETURN n
MATCH ()-[r]->()-[r]->() RETURN r
MATCH (n)-[r*2..x]->() RETURN n
MATCH (n) WHERE RETURN n
MATCH (n) WHERE 1 RETURN n
MATCH (n) WHERE count(n) > 1 RETURN n
MATCH (n) WHERE n RETURN n
MATCH (n) WHERE (n)-->(m) RETURN n
MATCH (n) WITH n.a RETURN 1
MATCH (n) WITH count(*) RETURN 1
MATCH (n) WITH n AS m RETURN n
MATCH (n) RETURN n.a + count(*)
MATCH (n) RETURN DISTINCT n.a ORDER BY n.b
MATCH (n) RETURN count(*) ORDER BY n.a
MATCH (n) RETURN n GROUP
MATCH p = (n) RETURN p.x
MATCH p = (n), p = (m) RETURN p
MATCH (n) SET n.x
MATCH (n) SET n = 1 +
MATCH (n) SET m.x = 1
MATCH (n) SET n:
MATCH (n) REMOVE n
MATCH (n) REMOVE m.x
MATCH (n) DELETE
MATCH (n) DELETE m
MATCH (n) DELETE 1
MATCH (n) DELETE n:Label
CREATE
CREATE (n)-[]->(m)
CREATE (n)-[:A|B]->(m)
CREATE (n)-[:A]-(m)
CREATE (n)-[:A*2]->(m)
CREATE (n), (n)
CREATE (n {a: m.b})
CREATE (n:A|B)
MATCH (n) CREATE (n:A)
MATCH (n) CREATE (n {a: 1})
MATCH ()-[r]->() CREATE ()-[r:T]->()
MERGE
MERGE (n)-[:A|B]->(m)
MERGE (n)-[:A*2]->(m)
MERGE (n $p)
MERGE (n) ON CREATE n.x = 1
MERGE (n) ON CREATE SET m.x = 1
MERGE (n) ON DELETE SET n.x = 1
UNWIND [1] RETURN 1
UNWIND AS x RETURN x
UNWIND [1] AS x UNWIND [2] AS x RETURN x
UNWIND 1 AS x WITH x RETURN y
WITH 1 RETURN 1
WITH 1 AS a WITH 2 AS b RETURN a
WITH 1 AS a
FOREACH (x IN [1] | RETURN x)
FOREACH (x IN [1] CREATE (n))
CALL
CALL nothing()
CALL db.label()
CALL db.labels(1)
CALL db.labels() YIELD lable RETURN lable
CALL db.labels() YIELD label, label RETURN label
CALL db.labels YIELD label RETURN label
MATCH (n) CALL db.labels RETURN n
MATCH (n) WHERE EXISTS { RETURN n
MATCH (n) WHERE EXISTS { (m) WHERE o.x } RETURN n
RETURN COUNT { }
MATCH p = shortestPath((a)-->(b)-->(c)) RETURN p
MATCH p = shortestPath((a)) RETURN p
MATHC (n) RETURN n
FOO
RETURN 1;;RETURN
EXPLAIN
EXPLAIN PROFILE RETURN 1
RETURN point(1)
RETURN point.distance(1, 2)
RETURN date(1).year.x
RETURN trim(LEADING FROM)
RETURN normalize('a', NFX)
RETURN 'a' IS NORMALISED
RETURN format(1)
RETURN coll.sort(1)
RETURN percentileCont(1)
RETURN stDev('a')
"#;

#[test]
fn every_compile_time_error_has_its_place() {
    let db = Database::in_memory();
    let mut failures = Vec::new();
    for query in BROKEN.lines().filter(|line| !line.is_empty()) {
        let Err(error) = run(&db, query) else {
            failures.push(format!("{query}: is no error"));
            continue;
        };
        let span = error.span().filter(|s| s.start <= s.end && s.end <= query.len());
        let text = span.and_then(|span| query.get(span.start..span.end));
        // At the end of the query there is nothing to point at but the end.
        let placed = text.is_some_and(|text| !text.is_empty())
            || span.is_some_and(|s| s.start == query.trim_end().len());
        if !placed || error.message().is_empty() {
            failures.push(format!("{query}: {error:?} at {text:?}"));
        }
        if error.code().starts_with("InternalError") {
            failures.push(format!("{query}: {error:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn most_broken_queries_are_found_before_anything_runs() {
    let db = Database::in_memory();
    let errors = BROKEN.lines().filter(|line| !line.is_empty()).filter_map(|q| run(&db, q).err());
    let (early, late): (Vec<_>, Vec<_>) = errors.partition(|e| e.phase() == Phase::CompileTime);
    assert!(late.len() * 10 < early.len(), "{late:?}");
}

fn run(db: &Database, query: &str) -> Result<(), Error> {
    db.query(query, redstring::params! {p: 1})?.try_for_each(|row| row.map(|_| ()))
}

#[test]
fn unknown_names_suggest_the_nearest_known_one() {
    let db = Database::in_memory();
    for (query, name, help) in [
        ("MATCH (person) RETURN preson", "preson", "`person`"),
        ("RETURN toUper('a')", "toUper", "`toUpper`"),
        ("RETURN precentileCont(1, 1)", "precentileCont", "`percentileCont`"),
        ("RETURN stddev_sam(1)", "stddev_sam", "`stddev_samp`"),
        ("CALL db.lables()", "db.lables", "`db.labels`"),
        ("CALL db.labels() YIELD lable RETURN lable", "lable", "`label`"),
        ("RETURN $paramter", "$paramter", "`$parameter`"),
        ("RETURN date('2020-01-01').yaer", "date('2020-01-01').yaer", "`year`"),
        ("RETURN duration('P1D').day", "duration('P1D').day", "`days`"),
        ("RETURN date({year: 2020, mnoth: 1})", "date({year: 2020, mnoth: 1})", "`month`"),
        (
            "RETURN datetime({year: 2020, timezone: 'Europe/Stokholm'})",
            "datetime({year: 2020, timezone: 'Europe/Stokholm'})",
            "`Europe/Stockholm`",
        ),
        ("RETURN point({x: 1, y: 2}).sird", "point({x: 1, y: 2}).sird", "`srid`"),
        (
            "RETURN point({x: 1, y: 2, crs: 'cartesain'})",
            "point({x: 1, y: 2, crs: 'cartesain'})",
            "`cartesian`",
        ),
        ("RETURN date.truncate('mnth', date())", "date.truncate('mnth', date())", "`month`"),
        ("MATHC (n) RETURN n", "MATHC", "`MATCH`"),
    ] {
        let error = db.query(query, redstring::params! {parameter: 1}).err();
        let error = error.unwrap_or_else(|| panic!("{query} is no error"));
        let place = error.span().map(|span| &query[span.start..span.end]);
        assert_eq!(place, Some(name), "{query}: {error:?}");
        assert!(
            error.help_text().is_some_and(|text| text.contains(help)),
            "{query}: {:?}",
            error.help_text()
        );
    }
}
