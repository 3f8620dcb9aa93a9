//! What a statement asks for and nothing has is told, and is no error.

use redstring::Database;

fn told(db: &Database, query: &str) -> Vec<String> {
    let summary = db.execute(query, ()).unwrap_or_else(|error| panic!("{query}: {error}"));
    summary.notifications().iter().map(ToString::to_string).collect()
}

#[test]
fn names_that_nothing_has_are_told_with_the_nearest_that_something_has() {
    let db = Database::in_memory();
    db.execute("CREATE (:Company {name: 'a', size: 1})-[:OWNS {since: 1}]->(:Site {url: 'b'})", ())
        .unwrap();
    for (query, expected) in [
        (
            "MATCH (c:Compnay) RETURN c",
            &["no label `Compnay` in this graph; did you mean `Company`?"][..],
        ),
        ("MATCH (c:Planet) RETURN c", &["no label `Planet` in this graph"]),
        (
            "MATCH (c:Company|Sitee) RETURN c",
            &["no label `Sitee` in this graph; did you mean `Site`?"],
        ),
        (
            "MATCH (c) WHERE c:Company AND NOT c:Planet RETURN c",
            &["no label `Planet` in this graph"],
        ),
        ("MATCH (c:!Planet) RETURN c", &[]),
        (
            "MATCH ()-[:OWN]->() RETURN 1",
            &["no relationship type `OWN` in this graph; did you mean `OWNS`?"],
        ),
        (
            "MATCH ()-[:OWN*1..2]->() RETURN 1",
            &["no relationship type `OWN` in this graph; did you mean `OWNS`?"],
        ),
        (
            "MATCH (c {nmae: 'a'}) RETURN c",
            &["no property key `nmae` in this graph; did you mean `name`?"],
        ),
        (
            "MATCH (c)-[r]->() WHERE r.sinse = 1 RETURN c.nam AS x ORDER BY c.ulr",
            &[
                "no property key `sinse` in this graph; did you mean `since`?",
                "no property key `nam` in this graph; did you mean `name`?",
                "no property key `ulr` in this graph; did you mean `url`?",
            ],
        ),
        (
            "MATCH (c) WHERE EXISTS { (c)-[:OWNZ]->() } RETURN c",
            &["no relationship type `OWNZ` in this graph; did you mean `OWNS`?"],
        ),
        (
            "MATCH (c:Compnay) RETURN c.x UNION MATCH (c:Compnay) RETURN c.x",
            &[
                "no label `Compnay` in this graph; did you mean `Company`?",
                "no property key `x` in this graph",
            ],
        ),
        ("WITH {nmae: 1} AS map RETURN map.nmae, date().year", &[]),
        ("MATCH (c:Company)-[:OWNS]->(s:Site) RETURN c.name, s.url", &[]),
        (
            "EXPLAIN MATCH (c:Compnay) RETURN c",
            &["no label `Compnay` in this graph; did you mean `Company`?"],
        ),
        (
            "MATCH (c:Compnay) SET c.name = 'x'",
            &["no label `Compnay` in this graph; did you mean `Company`?"],
        ),
    ] {
        assert_eq!(told(&db, query), expected, "{query}");
    }
}

#[test]
fn names_are_found_wherever_they_stand() {
    let db = Database::in_memory();
    db.execute("CREATE (:Company {name: 'a', size: 1})-[:OWNS {since: 1}]->(:Site {url: 'b'})", ())
        .unwrap();
    for query in [
        "MATCH ((a)-[:OWNS]->(b:Sitee)){1,2} RETURN 1",
        "MATCH ((a)-[:OWNS]->(b) WHERE b:Sitee){1,2} RETURN 1",
        "MATCH (a)-[:OWNS]->+(b:Sitee) RETURN 1",
        "MATCH p = ANY SHORTEST (a)-[:OWNS]->+(b:Sitee) RETURN 1",
        "MATCH p = shortestPath((:Company)-[:OWNS*]->(b:Sitee)) RETURN 1",
        "MATCH (c:Company) CALL (c) { MATCH (c)-->(s:Sitee) RETURN s } RETURN 1",
        "MATCH (c:Company) CALL { MATCH (s:Sitee) RETURN s } IN TRANSACTIONS OF 1 ROWS RETURN 1",
        "RETURN COLLECT { MATCH (s:Sitee) RETURN s }",
        "RETURN [(c:Company)-->(:Sitee) | 1]",
        "UNWIND COLLECT { MATCH (s:Sitee) RETURN s } AS x RETURN x",
        "CALL db.labels() YIELD label WHERE EXISTS { (:Sitee {url: label}) } RETURN 1",
        "MATCH (c:Company) FILTER EXISTS { (:Sitee) } RETURN 1",
        "MATCH (c:Company) LET n = COUNT { (:Sitee) } RETURN n",
        "MATCH (c:Company) RETURN c NEXT MATCH (c)-->(s:Sitee) RETURN s",
        "WHEN EXISTS { (:Sitee) } THEN RETURN 1 AS x ELSE RETURN 2 AS x",
        "MATCH (c:Company) CREATE (:Site {url: COUNT { (:Sitee) }})",
        "MERGE (c:Company) ON MATCH SET c.size = COUNT { (:Sitee) }",
        "MATCH (c:Company) SET c += {size: COUNT { (:Sitee) }}",
        "MATCH (c:Company) FOREACH (x IN [1] | SET c.size = COUNT { (:Sitee) })",
        "MATCH (c:Company) LOAD CSV FROM 'file:///' + COUNT { (:Sitee) } + '.csv' AS line RETURN line",
    ] {
        let summary =
            db.execute(&format!("EXPLAIN {query}"), ()).unwrap_or_else(|e| panic!("{query}: {e}"));
        let told: Vec<String> = summary.notifications().iter().map(ToString::to_string).collect();
        assert_eq!(told, ["no label `Sitee` in this graph; did you mean `Site`?"], "{query}");
    }
}

#[test]
fn what_a_statement_makes_is_there() {
    let db = Database::in_memory();
    assert!(
        told(&db, "MATCH (n:Nowhere {x: 1}) RETURN n").is_empty(),
        "an empty graph has no names"
    );
    assert!(told(&db, "MERGE (n:New {x: 1}) ON MATCH SET n.y = 2").is_empty());
    assert!(
        told(&db, "CREATE (:Other {z: 1}) WITH 1 AS one MATCH (n:Other) RETURN n.z").is_empty()
    );
    db.execute("MATCH (n:Other) DELETE n", ()).unwrap();
    assert_eq!(told(&db, "MATCH (n:Other) RETURN n"), ["no label `Other` in this graph"]);
    // A plan that was made before knows what has come since.
    db.execute("CREATE (:Other)", ()).unwrap();
    assert!(told(&db, "MATCH (n:Other) RETURN n").is_empty());
}

#[test]
fn a_notification_has_its_place() {
    let db = Database::in_memory();
    db.execute("CREATE (:Company {name: 'a'})", ()).unwrap();
    let query = "MATCH (c:Company) RETURN c.nmae";
    let summary = db.execute(query, ()).unwrap();
    let span = summary.notifications()[0].span().unwrap();
    assert_eq!(&query[span.start..span.end], "c.nmae");
}
