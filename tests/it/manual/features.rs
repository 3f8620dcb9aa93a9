//! Clauses, patterns and expressions of openCypher 9, Cypher 25 and ISO GQL, each with a query that shows it.
//! Whether a feature is there is found by running its query, so a line is never edited when it arrives.

/// Where a feature is from.
pub const OPEN_CYPHER: &str = "openCypher 9";
pub const CYPHER_25: &str = "Cypher 25";
pub const GQL: &str = "GQL, Cypher 25";
pub const REDSTRING: &str = "Redstring";

/// A feature: its spelling, where it is from, and a query that uses it.
pub type Feature = (&'static str, &'static str, &'static str);

/// The features in groups.
pub const FEATURES: &[(&str, &[Feature])] = &[
    ("Reading", READING),
    ("Writing", WRITING),
    ("Patterns", PATTERNS),
    ("Subqueries", SUBQUERIES),
    ("Expressions", EXPRESSIONS),
    ("Schema and tools", TOOLS),
];

const READING: &[Feature] = &[
    ("MATCH", OPEN_CYPHER, "MATCH (p:Person {name: 'Ada'}) RETURN p.name"),
    ("OPTIONAL MATCH", OPEN_CYPHER, "MATCH (p:Person) OPTIONAL MATCH (p)-[:OWNS]->(x) RETURN p, x"),
    ("WHERE", OPEN_CYPHER, "MATCH (p:Person) WHERE p.age > 40 RETURN p"),
    ("WITH", OPEN_CYPHER, "MATCH (p:Person) WITH p.age AS age WHERE age > 40 RETURN age"),
    ("RETURN DISTINCT", OPEN_CYPHER, "MATCH (p:Person) RETURN DISTINCT p.age"),
    (
        "ORDER BY, SKIP, LIMIT",
        OPEN_CYPHER,
        "MATCH (p:Person) RETURN p.name ORDER BY p.age DESC SKIP 1 LIMIT 1",
    ),
    ("OFFSET", GQL, "MATCH (p:Person) RETURN p.name ORDER BY p.name OFFSET 1"),
    ("UNWIND", OPEN_CYPHER, "UNWIND [1, 2] AS x RETURN x"),
    ("UNION, UNION ALL", OPEN_CYPHER, "RETURN 1 AS x UNION ALL RETURN 2 AS x"),
    ("UNION DISTINCT", GQL, "RETURN 1 AS x UNION DISTINCT RETURN 1 AS x"),
    ("CALL … YIELD", OPEN_CYPHER, "CALL db.labels() YIELD label RETURN label"),
    ("LOAD CSV", CYPHER_25, "LOAD CSV FROM 'file:///none.csv' AS row RETURN row"),
    ("LOAD JSON", REDSTRING, "LOAD JSON FROM 'file:///none.json' AS row RETURN row"),
    ("FILTER", GQL, "MATCH (p:Person) FILTER p.age > 40 RETURN p"),
    ("LET", GQL, "LET x = 1 RETURN x"),
    ("FINISH", GQL, "MATCH (p:Person) FINISH"),
    ("NEXT", GQL, "RETURN 1 AS x NEXT RETURN x + 1 AS y"),
    ("WHEN … THEN … ELSE", GQL, "WHEN 1 > 2 THEN RETURN 1 AS x ELSE RETURN 2 AS x"),
    ("ORDER BY, LIMIT as clauses", GQL, "MATCH (p:Person) ORDER BY p.name LIMIT 1 RETURN p.name"),
    ("USE", CYPHER_25, "USE neo4j MATCH (n) RETURN n"),
];

const WRITING: &[Feature] = &[
    ("CREATE", OPEN_CYPHER, "CREATE (:A)-[:R {x: 1}]->(:B)"),
    ("INSERT", GQL, "INSERT (:A)-[:R]->(:B)"),
    (
        "MERGE, ON CREATE, ON MATCH",
        OPEN_CYPHER,
        "MERGE (n:A {x: 1}) ON CREATE SET n.y = 1 ON MATCH SET n.y = 2",
    ),
    ("SET a property", OPEN_CYPHER, "MATCH (p:Person) SET p.age = 1"),
    (
        "SET n = map, SET n += map",
        OPEN_CYPHER,
        "MATCH (p:Person) SET p = {name: 'x'} SET p += {age: 1}",
    ),
    ("SET a label", OPEN_CYPHER, "MATCH (p:Person) SET p:Known"),
    ("SET n IS Label", GQL, "MATCH (p:Person) SET p IS Known"),
    ("SET n[key]", CYPHER_25, "MATCH (p:Person) SET p['a' + 'ge'] = 1"),
    ("SET n:$(label)", CYPHER_25, "MATCH (p:Person) SET p:$('Kno' + 'wn')"),
    ("REMOVE", OPEN_CYPHER, "MATCH (p:Person) REMOVE p.age, p:Person"),
    ("DELETE, DETACH DELETE", OPEN_CYPHER, "MATCH (p:Person) DETACH DELETE p"),
    ("NODETACH DELETE", GQL, "MATCH ()-[r]->() NODETACH DELETE r"),
    ("FOREACH", OPEN_CYPHER, "FOREACH (x IN [1, 2] | CREATE (:N {x: x}))"),
];

const PATTERNS: &[Feature] = &[
    ("Named path", OPEN_CYPHER, "MATCH p = (:Person)-->() RETURN length(p)"),
    ("Variable length", OPEN_CYPHER, "MATCH (a)-[:KNOWS*1..3]->(b) RETURN b"),
    (
        "shortestPath, allShortestPaths",
        OPEN_CYPHER,
        "MATCH p = shortestPath((:Person {name: 'Ada'})-[*]->(:Person {name: 'Alan'})) RETURN p",
    ),
    ("Type alternatives :A|B", OPEN_CYPHER, "MATCH ()-[:KNOWS|OWNS]->(x) RETURN x"),
    ("Label expressions :A&!B|C, :%", GQL, "MATCH (n:Person&!Known|Site) RETURN n"),
    ("Label expressions of relationships", GQL, "MATCH ()-[r:!OWNS&%]->() RETURN r"),
    ("IS in place of the colon", GQL, "MATCH (n IS Person) RETURN n"),
    ("Inline WHERE in nodes", GQL, "MATCH (p:Person WHERE p.age > 40) RETURN p"),
    ("Inline WHERE in relationships", GQL, "MATCH ()-[r:KNOWS WHERE r.since > 2000]->() RETURN r"),
    ("Dynamic labels :$(expr)", CYPHER_25, "MATCH (n:$('Per' + 'son')) RETURN n"),
    ("Dynamic types :$(expr)", CYPHER_25, "MATCH ()-[r:$('KNOWS')]->() RETURN r"),
    ("Quantified path pattern", GQL, "MATCH ((a)-[:KNOWS]->(b)){1,3} RETURN a, b"),
    (
        "WHERE in a quantified path pattern",
        GQL,
        "MATCH ((a)-[r:KNOWS]->(b) WHERE r.since > 2000)+ RETURN b",
    ),
    ("Quantified relationship", GQL, "MATCH (a:Person)-[:KNOWS]->+(b) RETURN b"),
    ("WALK, TRAIL, ACYCLIC, SIMPLE", GQL, "MATCH p = ACYCLIC (:Person)-[:KNOWS]->+() RETURN p"),
    (
        "DIFFERENT RELATIONSHIPS, REPEATABLE ELEMENTS",
        GQL,
        "MATCH REPEATABLE ELEMENTS (a)-[:KNOWS]->{1,3}(b) RETURN b",
    ),
    ("SHORTEST k", GQL, "MATCH p = SHORTEST 1 (:Person)-[:KNOWS]->+(:Person) RETURN p"),
    (
        "SHORTEST k GROUPS",
        GQL,
        "MATCH p = SHORTEST 2 GROUPS (:Person)-[:KNOWS]->+(:Person) RETURN p",
    ),
    (
        "ALL SHORTEST, ANY SHORTEST",
        GQL,
        "MATCH p = ANY SHORTEST (:Person)-[:KNOWS]->+(:Person) RETURN p",
    ),
    ("ANY k", GQL, "MATCH p = ANY (:Person)-[:KNOWS]->+(:Person) RETURN p"),
];

const SUBQUERIES: &[Feature] = &[
    ("Pattern predicate", OPEN_CYPHER, "MATCH (p:Person) WHERE (p)-[:KNOWS]->() RETURN p"),
    ("Pattern comprehension", OPEN_CYPHER, "MATCH (p:Person) RETURN [(p)-[:KNOWS]->(q) | q.name]"),
    ("EXISTS { }", OPEN_CYPHER, "MATCH (p:Person) WHERE EXISTS { (p)-[:KNOWS]->() } RETURN p"),
    (
        "EXISTS { } with a full query",
        CYPHER_25,
        "MATCH (p:Person) WHERE EXISTS { MATCH (p)-->(q) WITH q WHERE q.age > 1 RETURN q } RETURN p",
    ),
    ("COUNT { }", CYPHER_25, "MATCH (p:Person) RETURN COUNT { (p)-[:KNOWS]->() } AS n"),
    (
        "COLLECT { }",
        CYPHER_25,
        "MATCH (p:Person) RETURN COLLECT { MATCH (p)-->(q) RETURN q.name } AS names",
    ),
    ("CALL { }", CYPHER_25, "CALL { RETURN 1 AS x } RETURN x"),
    (
        "CALL (x) { }",
        GQL,
        "MATCH (p:Person) CALL (p) { MATCH (p)-->(q) RETURN count(q) AS n } RETURN n",
    ),
    (
        "OPTIONAL CALL",
        GQL,
        "MATCH (p:Person) OPTIONAL CALL (p) { MATCH (p)-[:OWNS]->(q) RETURN q } RETURN p, q",
    ),
    (
        "CALL { } IN TRANSACTIONS",
        CYPHER_25,
        "UNWIND [1, 2] AS x CALL (x) { CREATE (:N {x: x}) } IN TRANSACTIONS OF 1 ROW",
    ),
];

const EXPRESSIONS: &[Feature] = &[
    ("CASE", OPEN_CYPHER, "RETURN CASE 1 WHEN 1 THEN 'a' ELSE 'b' END AS x"),
    ("CASE with predicates", GQL, "RETURN CASE 5 WHEN > 3 THEN 'many' ELSE 'few' END AS x"),
    ("CASE with several values", GQL, "RETURN CASE 2 WHEN 1, 2 THEN 'few' ELSE 'many' END AS x"),
    ("List comprehension", OPEN_CYPHER, "RETURN [x IN [1, 2, 3] WHERE x > 1 | x * 2] AS xs"),
    ("all, any, none, single", OPEN_CYPHER, "RETURN all(x IN [1, 2] WHERE x > 0) AS x"),
    ("reduce", OPEN_CYPHER, "RETURN reduce(sum = 0, x IN [1, 2] | sum + x) AS x"),
    ("allReduce", CYPHER_25, "RETURN allReduce(sum = 0, x IN [1, 2] | sum + x, sum < 9) AS x"),
    ("Maps with keys in quotes", REDSTRING, "RETURN {\"odd key\": 1} AS map"),
    ("Map projection", CYPHER_25, "MATCH (p:Person) RETURN p {.name, older: p.age + 1} AS map"),
    (
        "Slices and negative indexes",
        OPEN_CYPHER,
        "RETURN [1, 2, 3][-1] AS last, [1, 2, 3][1..] AS rest",
    ),
    ("n[key]", OPEN_CYPHER, "MATCH (p:Person) RETURN p['na' + 'me'] AS name"),
    (
        "STARTS WITH, ENDS WITH, CONTAINS, =~",
        OPEN_CYPHER,
        "RETURN 'abc' STARTS WITH 'a' AND 'abc' =~ 'a.*' AS x",
    ),
    ("|| for strings and lists", GQL, "RETURN 'a' || 'b' AS text, [1] || [2] AS list"),
    ("IS :: type", GQL, "RETURN 1 IS :: INTEGER AS x"),
    ("IS TYPED, IS NOT ::", GQL, "RETURN 1 IS NOT TYPED STRING AS x"),
    ("IS NORMALIZED", GQL, "RETURN 'a' IS NFC NORMALIZED AS x"),
    ("trim(LEADING x FROM y)", GQL, "RETURN trim(LEADING 'x' FROM 'xxa') AS x"),
    ("n:Label, n IS Label", OPEN_CYPHER, "MATCH (n) RETURN n:Person AS x"),
    ("!= for <>", CYPHER_25, "RETURN 1 != 2 AS x"),
    ("0x1F, 0o17, 1_000", CYPHER_25, "RETURN 0x1F + 0o17 + 1_000 AS x"),
    (
        "Temporal values and durations",
        OPEN_CYPHER,
        "RETURN date('2015-07-21') + duration('P1M') AS x",
    ),
    ("Points", CYPHER_25, "RETURN point.distance(point({x: 0, y: 0}), point({x: 3, y: 4})) AS x"),
    ("Vectors", CYPHER_25, "RETURN vector([1, 2, 3], 3, INTEGER) AS x"),
];

const TOOLS: &[Feature] = &[
    ("EXPLAIN", CYPHER_25, "EXPLAIN MATCH (n) RETURN n"),
    ("PROFILE", CYPHER_25, "PROFILE MATCH (n) RETURN n"),
    (
        "CREATE INDEX, DROP INDEX",
        CYPHER_25,
        "CREATE INDEX name IF NOT EXISTS FOR (p:Person) ON (p.name)",
    ),
    (
        "CREATE CONSTRAINT … IS UNIQUE",
        CYPHER_25,
        "CREATE CONSTRAINT c IF NOT EXISTS FOR (p:Person) REQUIRE p.name IS UNIQUE",
    ),
    (
        "CREATE CONSTRAINT … IS NOT NULL",
        CYPHER_25,
        "CREATE CONSTRAINT c FOR (p:Person) REQUIRE p.name IS NOT NULL",
    ),
    (
        "CREATE CONSTRAINT … IS NODE KEY",
        CYPHER_25,
        "CREATE CONSTRAINT c FOR (p:Person) REQUIRE p.name IS NODE KEY",
    ),
    (
        "CREATE CONSTRAINT … IS :: type",
        CYPHER_25,
        "CREATE CONSTRAINT c FOR (p:Person) REQUIRE p.name IS :: STRING",
    ),
    ("CREATE TEXT INDEX", CYPHER_25, "CREATE TEXT INDEX t FOR (p:Person) ON (p.name)"),
    ("CREATE POINT INDEX", CYPHER_25, "CREATE POINT INDEX t FOR (p:Person) ON (p.at)"),
    ("CREATE FULLTEXT INDEX", CYPHER_25, "CREATE FULLTEXT INDEX t FOR (p:Person) ON EACH [p.name]"),
    ("CREATE VECTOR INDEX", CYPHER_25, "CREATE VECTOR INDEX t FOR (p:Person) ON (p.embedding)"),
    ("SHOW INDEXES, SHOW CONSTRAINTS", CYPHER_25, "SHOW INDEXES"),
    ("SHOW FUNCTIONS, SHOW PROCEDURES", CYPHER_25, "SHOW FUNCTIONS"),
    ("SHOW TRANSACTIONS", CYPHER_25, "SHOW TRANSACTIONS"),
    ("CREATE DATABASE, CREATE USER and the like", CYPHER_25, "CREATE DATABASE other"),
    ("CYPHER 25 before a query", CYPHER_25, "CYPHER 25 RETURN 1 AS x"),
];

/// Functions that the Cypher manual has beside those of the tables here.
pub const OTHER_FUNCTIONS: &[(&str, &str)] = &[
    ("db.nameFromElementId", "There is one graph in a store."),
    ("file", "Of LOAD CSV."),
    ("graph.byElementId", "There is one graph in a store."),
    ("graph.byName", "There is one graph in a store."),
    ("graph.names", "There is one graph in a store."),
    ("graph.propertiesByName", "There is one graph in a store."),
    ("linenumber", "Of LOAD CSV."),
    ("vector", "There is no vector type."),
    ("vector.similarity.cosine", "There is no vector type."),
    ("vector.similarity.euclidean", "There is no vector type."),
    ("vector_dimension_count", "There is no vector type."),
    ("vector_distance", "There is no vector type."),
    ("vector_norm", "There is no vector type."),
];
