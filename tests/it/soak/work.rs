//! What is done: statements whose outcome the reference knows, in transactions that end either way.

use redstring::{Database, Options, Result, Rows, Summary, Transaction, params};

use super::model::{Model, Node, Relationship};
use crate::kill::next;

/// About how many nodes there are.
const NODES: usize = 20_000;

/// The store, the reference, and what has been done.
pub struct Work {
    pub db: Option<Database>,
    pub model: Model,
    pub random: u64,
    /// Statements, checkpoints and openings so far.
    pub done: u64,
    next_key: i64,
    /// Which of [`SCHEMA`] are there.
    schema: [bool; SCHEMA.len()],
}

/// What comes and goes: how it is created and how it is dropped.
const SCHEMA: [(&str, &str); 4] = [
    ("CREATE INDEX by_value FOR (n:N) ON (n.value)", "DROP INDEX by_value"),
    ("CREATE TEXT INDEX by_text FOR (n:N) ON (n.text)", "DROP INDEX by_text"),
    ("CREATE INDEX by_weight FOR ()-[r:R]-() ON (r.weight)", "DROP INDEX by_weight"),
    ("CREATE CONSTRAINT valued FOR (n:N) REQUIRE n.value IS :: INTEGER", "DROP CONSTRAINT valued"),
];

/// Statements that fail, with the code they fail with.
const FAILING: [(&str, &str); 5] = [
    (
        "MATCH (n:N {key: $key}) SET n.value = -1 CREATE (:N {key: $key, value: 0})",
        "ConstraintVerificationFailed.UniquenessViolation",
    ),
    (
        "MATCH (n:N {key: $key}) SET n.value = n.value + 1 REMOVE n.text RETURN n.value / 0",
        "ArithmeticError.DivisionByZero",
    ),
    (
        "MATCH (n:N {key: $key}) CREATE (n)-[:R {key: -1}]->(:N {key: -1}) WITH n SET n.value = [{}]",
        "TypeError.InvalidPropertyType",
    ),
    ("MATCH (n:N {key: $key}) RETURN nobody", "SyntaxError.UndefinedVariable"),
    (
        "MATCH (n:N {key: $key}) CREATE (:X) WITH n RETURN date('2020-13-' + n.key)",
        "ArgumentError.InvalidArgumentValue",
    ),
];

pub fn options() -> Options {
    Options::default().cache_bytes(16 << 20).checkpoint_bytes(1 << 20)
}

fn rows<T: redstring::FromRow>(rows: Rows) -> Vec<T> {
    rows.tuples().collect::<Result<_>>().unwrap()
}

impl Work {
    pub fn new(db: Database, seed: u64) -> Self {
        db.execute("CREATE CONSTRAINT one_key FOR (n:N) REQUIRE n.key IS UNIQUE", ()).unwrap();
        db.execute("CREATE (:Counter {nodes: 0, relationships: 0, sum: 0})", ()).unwrap();
        let model = Model::default();
        let schema = [false; SCHEMA.len()];
        Self { db: Some(db), model, random: seed, done: 0, next_key: 0, schema }
    }

    pub fn db(&self) -> &Database {
        self.db.as_ref().unwrap()
    }

    fn below(&mut self, bound: u64) -> u64 {
        next(&mut self.random) % bound
    }

    fn value(&mut self) -> i64 {
        i64::try_from(self.below(1_000)).unwrap()
    }

    fn text(&mut self) -> Option<String> {
        let words: Vec<String> = (0..self.below(50))
            .map(|_| self.below(1 << 40))
            .map(|word| format!("{word:x}"))
            .collect();
        (words.len() > 4).then(|| words.join(" "))
    }

    /// A transaction of some statements, or one statement by itself. Some fail in between, some are rolled back.
    pub fn transaction(&mut self) {
        if self.below(3) == 0 {
            return self.read_alone();
        }
        let mut transaction = self.db().begin().unwrap();
        let statements = 1 + self.below(40);
        for _ in 0..statements {
            self.statement(&mut transaction);
        }
        self.done += statements + 1;
        if self.below(8) == 0 {
            transaction.rollback().unwrap();
            self.model.rollback();
            return;
        }
        let counted = params! {
            "nodes" => self.model.nodes.len() as i64,
            "relationships" => self.model.relationships.len() as i64,
            "sum" => self.model.sum,
        };
        let set = "MATCH (c:Counter) \
                   SET c.nodes = $nodes, c.relationships = $relationships, c.sum = $sum";
        transaction.execute(set, counted).unwrap();
        transaction.commit().unwrap();
        self.model.commit();
    }

    fn statement(&mut self, transaction: &mut Transaction) {
        let full = self.model.nodes.len() > NODES;
        match self.below(100) {
            0..18 if !full => self.create(transaction),
            0..18 => self.delete(transaction),
            18..36 => self.connect(transaction),
            36..52 => self.set(transaction),
            52..58 => self.set_weight(transaction),
            58..63 => self.disconnect(transaction),
            63..66 => self.delete(transaction),
            66..74 => self.merge(transaction),
            74..77 => self.merge_many(transaction),
            77..80 => self.fail(transaction),
            80..90 => {
                let key = self.model.nodes.choose(&mut self.random).unwrap_or(-1);
                self.compare_node(key, |text, params| transaction.query(text, params));
            }
            _ => {
                let key = self.model.nodes.choose(&mut self.random).unwrap_or(-1);
                self.compare_links(key, |text, params| transaction.query(text, params));
            }
        }
    }

    fn create(&mut self, transaction: &mut Transaction) {
        let key = self.next_key;
        self.next_key += 1;
        let node = Node { value: self.value(), text: self.text(), tagged: self.below(4) == 0 };
        let text = if node.tagged {
            "CREATE (:N:Tag {key: $key, value: $value, text: $text})"
        } else {
            "CREATE (:N {key: $key, value: $value, text: $text})"
        };
        let params = params! {"key" => key, "value" => node.value, "text" => node.text.clone()};
        let summary = transaction.execute(text, params).unwrap();
        assert_eq!(summary.counters().nodes_created, 1);
        self.model.set_node(key, Some(node));
    }

    fn connect(&mut self, transaction: &mut Transaction) {
        let (start, end) =
            (self.model.nodes.choose(&mut self.random), self.model.nodes.choose(&mut self.random));
        let (Some(start), Some(end)) = (start, end) else { return };
        let key = self.next_key;
        self.next_key += 1;
        let weight = self.value();
        let text = "MATCH (a:N {key: $start}), (b:N {key: $end}) \
                    CREATE (a)-[:R {key: $key, weight: $weight}]->(b)";
        let params = params! {"start" => start, "end" => end, "key" => key, "weight" => weight};
        let summary = transaction.execute(text, params).unwrap();
        assert_eq!(summary.counters().relationships_created, 1);
        self.model.set_relationship(key, Some(Relationship { start, end, weight }));
    }

    fn set(&mut self, transaction: &mut Transaction) {
        let Some(key) = self.model.nodes.choose(&mut self.random) else { return };
        let mut node = self.model.nodes.get(key).unwrap().clone();
        let text = match self.below(4) {
            0 => {
                node.text = self.text();
                "MATCH (n:N {key: $key}) SET n.text = $text"
            }
            1 if node.tagged => {
                node.tagged = false;
                "MATCH (n:N {key: $key}) REMOVE n:Tag"
            }
            1 => {
                node.tagged = true;
                "MATCH (n:N {key: $key}) SET n:Tag"
            }
            _ => {
                node.value = self.value();
                "MATCH (n:N {key: $key}) SET n.value = $value"
            }
        };
        let params = params! {"key" => key, "value" => node.value, "text" => node.text.clone()};
        transaction.execute(text, params).unwrap();
        self.model.set_node(key, Some(node));
    }

    fn set_weight(&mut self, transaction: &mut Transaction) {
        let Some(key) = self.model.relationships.choose(&mut self.random) else { return };
        let mut found = self.model.relationships.get(key).unwrap().clone();
        found.weight = self.value();
        let text = "MATCH (:N {key: $start})-[r:R {key: $key}]->() SET r.weight = $weight";
        let params = params! {"start" => found.start, "key" => key, "weight" => found.weight};
        transaction.execute(text, params).unwrap();
        self.model.set_relationship(key, Some(found));
    }

    fn disconnect(&mut self, transaction: &mut Transaction) {
        let Some(key) = self.model.relationships.choose(&mut self.random) else { return };
        let end = self.model.relationships.get(key).unwrap().end;
        let text = "MATCH (:N {key: $end})<-[r:R {key: $key}]-() DELETE r";
        let summary = transaction.execute(text, params! {"end" => end, "key" => key}).unwrap();
        assert_eq!(summary.counters().relationships_deleted, 1);
        self.model.set_relationship(key, None);
    }

    fn delete(&mut self, transaction: &mut Transaction) {
        let Some(key) = self.model.nodes.choose(&mut self.random) else { return };
        let text = "MATCH (n:N {key: $key}) DETACH DELETE n";
        let summary = transaction.execute(text, params! {"key" => key}).unwrap();
        let attached = self.model.delete_node(key);
        let counters = summary.counters();
        assert_eq!((counters.nodes_deleted, counters.relationships_deleted), (1, attached));
    }

    /// A key that is there, or was once, or comes next.
    fn some_key(&mut self) -> i64 {
        if self.below(2) == 0
            && let Some(key) = self.model.nodes.choose(&mut self.random)
        {
            return key;
        }
        self.next_key += 1;
        self.next_key - 1
    }

    fn merged(&mut self, key: i64, value: i64) {
        let node = match self.model.nodes.get(key) {
            Some(node) => Node { value: node.value + 1, ..node.clone() },
            None => Node { value, text: None, tagged: false },
        };
        self.model.set_node(key, Some(node));
    }

    fn merge(&mut self, transaction: &mut Transaction) {
        let (key, value) = (self.some_key(), self.value());
        let text = "MERGE (n:N {key: $key}) \
                    ON CREATE SET n.value = $value ON MATCH SET n.value = n.value + 1";
        transaction.execute(text, params! {"key" => key, "value" => value}).unwrap();
        self.merged(key, value);
    }

    fn merge_many(&mut self, transaction: &mut Transaction) {
        let keys: Vec<i64> = (0..8).map(|_| self.some_key()).collect();
        let value = self.value();
        let text = "UNWIND $keys AS key MERGE (n:N {key: key}) \
                    ON CREATE SET n.value = $value ON MATCH SET n.value = n.value + 1";
        transaction.execute(text, params! {"keys" => keys.clone(), "value" => value}).unwrap();
        keys.into_iter().for_each(|key| self.merged(key, value));
    }

    fn fail(&mut self, transaction: &mut Transaction) {
        let Some(key) = self.model.nodes.choose(&mut self.random) else { return };
        let at = usize::try_from(self.below(FAILING.len() as u64)).unwrap();
        let (text, code) = FAILING[at];
        let failed: Result<Summary> = transaction.execute(text, params! {"key" => key});
        assert_eq!(failed.unwrap_err().code(), code, "{text}");
    }

    fn compare_node(&self, key: i64, query: impl FnOnce(&str, redstring::Params) -> Result<Rows>) {
        let text = "MATCH (n:N {key: $key}) \
                    RETURN n.value, n.text, n:Tag, count{(n)--()}";
        let found: Vec<(i64, Option<String>, bool, u64)> =
            rows(query(text, params! {"key" => key}).unwrap());
        let expected = self.model.nodes.get(key).map(|node| {
            let links = self.model.at.get(&key).map_or(0, |links| links.len() as u64);
            (node.value, node.text.clone(), node.tagged, links)
        });
        assert_eq!(found, Vec::from_iter(expected), "node {key}");
    }

    fn compare_links(&self, key: i64, query: impl FnOnce(&str, redstring::Params) -> Result<Rows>) {
        let text =
            "MATCH (:N {key: $key})-[r:R]->(m) RETURN r.key AS r, r.weight, m.key ORDER BY r";
        let found: Vec<(i64, i64, i64)> = rows(query(text, params! {"key" => key}).unwrap());
        assert_eq!(found, self.model.outgoing(key), "relationships of node {key}");
    }

    /// Reads outside of a transaction, of parts and seldom of the whole.
    fn read_alone(&mut self) {
        self.done += 20;
        for _ in 0..20 {
            let key = self.model.nodes.choose(&mut self.random).unwrap_or(-1);
            if self.below(2) == 0 {
                self.compare_node(key, |text, params| self.db().query(text, params));
            } else {
                self.compare_links(key, |text, params| self.db().query(text, params));
            }
        }
        if self.below(200) == 0 {
            let least = self.value();
            let text =
                "MATCH (n:N) WHERE n.value >= $least AND n.value < $least + 10 RETURN count(*)";
            let row = self.db().query(text, params! {"least" => least}).unwrap().single().unwrap();
            let within = |value: i64| value >= least && value < least + 10;
            let expected = self.model.nodes.iter().filter(|(_, node)| within(node.value)).count();
            assert_eq!(row.get::<u64>(0).unwrap(), expected as u64, "values from {least}");
        }
    }

    /// Creates or drops an index or a constraint.
    pub fn change_schema(&mut self) {
        let at = usize::try_from(self.below(SCHEMA.len() as u64)).unwrap();
        let there = self.schema[at];
        self.schema[at] = !there;
        let (create, drop) = SCHEMA[at];
        self.db().execute(if there { drop } else { create }, ()).unwrap();
        self.done += 1;
    }
}
