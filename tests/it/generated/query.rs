//! Random queries that are well formed: what they name is in scope and has the type they use it as.

use super::random::Random;

const LABELS: [&str; 3] = ["A", "B", "C"];
const TYPES: [&str; 2] = ["R", "S"];

/// A statement that makes a small graph, with loops and parallel relationships.
pub fn graph(random: &mut Random) -> String {
    let nodes = 3 + random.below(7);
    let mut parts = Vec::new();
    for node in 0..nodes {
        let labels: String =
            LABELS.iter().filter(|_| random.percent(40)).map(|label| format!(":{label}")).collect();
        parts.push(format!("(n{node}{labels} {})", properties(random)));
    }
    for _ in 0..nodes + random.below(2 * nodes) {
        let (from, to) = (random.below(nodes), random.below(nodes));
        let kind = random.of(&TYPES);
        parts.push(format!("(n{from})-[:{kind} {}]->(n{to})", properties(random)));
    }
    format!("CREATE {}", parts.join(", "))
}

fn properties(random: &mut Random) -> String {
    let mut parts = Vec::new();
    if random.percent(80) {
        parts.push(format!("k: {}", random.below(4)));
    }
    if random.percent(50) {
        parts.push(format!("s: '{}'", random.of(&["a", "b", "ab"])));
    }
    format!("{{{}}}", parts.join(", "))
}

/// Changes of every kind, whose outcome no order of rows decides.
pub fn changes(random: &mut Random) -> Vec<String> {
    let (label, kind) = (random.of(&LABELS), random.of(&TYPES));
    let (k, other) = (random.below(4), random.below(4));
    vec![
        format!("MATCH (n:{label} {{k: {k}}}) DETACH DELETE n"),
        format!("MATCH (n {{k: {other}}}) SET n:{label}, n.s = 'c'"),
        format!("MATCH (a)-[r:{kind} {{k: {k}}}]->() DELETE r"),
        format!("MATCH (n:{label}) REMOVE n.k"),
        format!("CREATE (x:{label} {{k: {k}, s: 'new'}})-[:{kind} {{k: {other}}}]->(x)"),
        format!("MATCH (a {{k: {other}}}) CREATE (a)-[:{kind}]->(:B {{k: a.k}})"),
    ]
}

pub fn writes(text: &str) -> bool {
    ["CREATE ", "SET ", "DELETE ", "REMOVE ", "MERGE "].iter().any(|word| text.contains(word))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Node,
    Relationship,
    Relationships,
    Path,
    Integer,
    Text,
    Boolean,
    Integers,
}

/// Writes one query, clause by clause.
pub struct Writer<'a> {
    random: &'a mut Random,
    scope: Vec<(String, Kind)>,
    names: usize,
    /// How deep subqueries are nested.
    nested: usize,
    /// Relationships that patterns may still have, so that rows stay few.
    hops: usize,
}

impl<'a> Writer<'a> {
    pub fn new(random: &'a mut Random) -> Self {
        Self { random, scope: Vec::new(), names: 0, nested: 0, hops: 6 }
    }

    pub fn query(mut self) -> String {
        if self.random.percent(8) {
            let columns = 1 + self.random.below(2);
            let (left, right) = (self.part(columns), self.part(columns));
            let all = self.random.of(&["", " ALL"]);
            return format!("{left} UNION{all} {right}");
        }
        let mut text = self.reading();
        if self.random.percent(20) {
            text.push_str(&self.writing());
            if !text.ends_with("gone ") && self.random.percent(50) {
                return text;
            }
        }
        text + &self.result()
    }

    /// A reading part with columns that any other part can be united with.
    fn part(&mut self, columns: usize) -> String {
        self.scope.clear();
        let text = self.reading();
        let items: Vec<String> =
            (0..columns).map(|at| format!("{} AS c{at}", self.integer(2))).collect();
        format!("{text}RETURN {}", items.join(", "))
    }

    fn reading(&mut self) -> String {
        let mut text = String::new();
        for at in 0..1 + self.random.below(3) {
            let clause = match self.random.below(12) {
                0..5 => self.matching(at > 0),
                5 => self.unwind(),
                6..8 if at > 0 => self.with(),
                8 if at > 0 => self.aggregate("WITH"),
                9 if self.nested < 2 => self.call(),
                _ => self.matching(false),
            };
            text.push_str(&clause);
        }
        text
    }

    fn fresh(&mut self, kind: Kind) -> String {
        self.names += 1;
        let name = format!("v{}", self.names);
        self.scope.push((name.clone(), kind));
        name
    }

    fn any_of(&mut self, kind: Kind) -> Option<String> {
        let found: Vec<String> =
            self.scope.iter().filter(|(_, k)| *k == kind).map(|(name, _)| name.clone()).collect();
        if found.is_empty() { None } else { Some(found[self.random.below(found.len())].clone()) }
    }

    // Clauses.

    fn matching(&mut self, may_be_optional: bool) -> String {
        let optional = may_be_optional && self.random.percent(40);
        let mut text = if optional { "OPTIONAL MATCH " } else { "MATCH " }.to_string();
        let before = self.scope.len();
        let mut patterns = Vec::new();
        for _ in 0..1 + usize::from(self.random.percent(25)) {
            patterns.push(self.named_pattern(before));
        }
        text.push_str(&patterns.join(", "));
        if self.random.percent(35) {
            text.push_str(&format!(" WHERE {}", self.boolean(3)));
        }
        text + " "
    }

    fn named_pattern(&mut self, before: usize) -> String {
        if self.random.percent(6) && before > 1 {
            let ends: Vec<String> = self.scope[..before]
                .iter()
                .filter(|v| v.1 == Kind::Node)
                .map(|v| v.0.clone())
                .collect();
            if ends.len() > 1 {
                let (from, to) = (&ends[0], &ends[ends.len() - 1]);
                let relationship = self.random.of(&["-[*]-", "-[:R*]->", "<-[*..3]-"]);
                if from != to {
                    let path = format!("shortestPath(({from}){relationship}({to}))");
                    return format!("{} = {path}", self.fresh(Kind::Path));
                }
            }
        }
        let hops = [0, 0, 1, 1, 1, 2, 3][self.random.below(7)].min(self.hops);
        self.hops -= hops;
        let pattern = self.pattern(hops, true);
        if hops > 0 && self.random.percent(12) {
            return format!("{} = {pattern}", self.fresh(Kind::Path));
        }
        pattern
    }

    /// A chain of nodes and relationships. Where it may bind, some of them get names.
    fn pattern(&mut self, hops: usize, binds: bool) -> String {
        let mut text = self.node(binds);
        for _ in 0..hops {
            let relationship = self.relationship(binds);
            text.push_str(&relationship);
            text.push_str(&self.node(binds));
        }
        text
    }

    fn node(&mut self, binds: bool) -> String {
        if self.random.percent(if binds { 15 } else { 50 })
            && let Some(known) = self.any_of(Kind::Node)
        {
            return format!("({known})");
        }
        let mut text = String::from("(");
        let label = match self.random.below(10) {
            0..2 => format!(":{}", self.random.of(&LABELS)),
            2 => self.random.of(&[":A|B", ":!A", ":A|!B", ":%"]).to_string(),
            _ => String::new(),
        };
        let properties = match self.random.below(20) {
            0 => format!(" {{k: {}}}", self.random.below(4)),
            1 if binds => format!(" {{k: {}}}", self.integer(1)),
            _ => String::new(),
        };
        if binds && self.random.percent(75) {
            text.push_str(&self.fresh(Kind::Node));
        }
        text + &label + &properties + ")"
    }

    fn relationship(&mut self, binds: bool) -> String {
        let kind = match self.random.below(20) {
            0..5 => format!(":{}", self.random.of(&TYPES)),
            5..8 => ":R|S".to_string(),
            8 => ":NONE".to_string(),
            _ => String::new(),
        };
        let length = match self.random.below(12) {
            0 => self.random.of(&["*0..1", "*1..2", "*2", "*..2", "*0..2"]),
            _ => "",
        };
        let properties = match self.random.below(12) {
            0 => format!(" {{k: {}}}", self.random.below(4)),
            _ => String::new(),
        };
        let name = if binds && self.random.percent(50) {
            self.fresh(if length.is_empty() { Kind::Relationship } else { Kind::Relationships })
        } else {
            String::new()
        };
        let (left, right) =
            [("<-", "-"), ("-", "->"), ("-", "->"), ("-", "-")][self.random.below(4)];
        format!("{left}[{name}{kind}{length}{properties}]{right}")
    }

    fn unwind(&mut self) -> String {
        let list = self.integers(2);
        format!("UNWIND {list} AS {} ", self.fresh(Kind::Integer))
    }

    fn with(&mut self) -> String {
        let distinct = if self.random.percent(25) { "DISTINCT " } else { "" };
        let (items, kept) = self.items();
        let mut text = format!("WITH {distinct}{items}");
        self.scope = kept;
        if self.random.percent(15) {
            text.push_str(&self.order());
        }
        if self.random.percent(30) {
            text.push_str(&format!(" WHERE {}", self.boolean(2)));
        }
        text + " "
    }

    /// Some of what is in scope, and something new.
    fn items(&mut self) -> (String, Vec<(String, Kind)>) {
        let mut items = Vec::new();
        let mut kept = Vec::new();
        for (name, kind) in self.scope.clone() {
            if self.random.percent(60) {
                items.push(name.clone());
                kept.push((name, kind));
            }
        }
        if items.is_empty() || self.random.percent(40) {
            let (value, kind) = self.value();
            self.names += 1;
            let name = format!("v{}", self.names);
            items.push(format!("{value} AS {name}"));
            kept.push((name, kind));
        }
        (items.join(", "), kept)
    }

    /// An order that leaves nothing open, so that the rows after the limit are the same ones.
    fn order(&mut self) -> String {
        let all: Vec<String> = self.scope.iter().map(|(name, _)| name.clone()).collect();
        let mut text = format!(" ORDER BY {}", all.join(", "));
        if self.random.percent(40) {
            text.push_str(" DESC");
        }
        if self.random.percent(40) {
            text.push_str(&format!(" SKIP {}", self.random.below(3)));
        }
        if self.random.percent(70) {
            text.push_str(&format!(" LIMIT {}", self.random.below(5)));
        }
        text
    }

    fn aggregate(&mut self, word: &str) -> String {
        let mut items = Vec::new();
        let mut kept = Vec::new();
        for (name, kind) in self.scope.clone() {
            if self.random.percent(25) {
                items.push(name.clone());
                kept.push((name, kind));
            }
        }
        for _ in 0..1 + self.random.below(2) {
            let (value, _) = self.value();
            let call = match self.random.below(7) {
                0..2 => "count(*)".to_string(),
                2 => format!("count({value})"),
                3 => format!("count(DISTINCT {value})"),
                4 => format!("sum({})", self.integer(2)),
                5 => format!("{}({})", self.random.of(&["min", "max"]), self.integer(2)),
                _ => format!("size(collect({}{value}))", self.random.of(&["", "DISTINCT "])),
            };
            self.names += 1;
            let name = format!("v{}", self.names);
            items.push(format!("{call} AS {name}"));
            kept.push((name, Kind::Integer));
        }
        self.scope = kept;
        format!("{word} {} ", items.join(", "))
    }

    /// A subquery that sees some of what is in scope and adds to it.
    fn call(&mut self) -> String {
        let outer = self.scope.clone();
        let seen: Vec<(String, Kind)> =
            outer.iter().filter(|_| self.random.percent(50)).cloned().collect();
        let list: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
        let list = list.join(", ");
        self.scope = seen;
        self.nested += 1;
        let body = self.reading();
        let mut added = Vec::new();
        let returned = if self.random.percent(40) {
            self.names += 1;
            let name = format!("v{}", self.names);
            added.push((name.clone(), Kind::Integer));
            let count = self.random.of(&["count(*)", "sum(1)", "max(2)"]);
            format!("RETURN {count} AS {name}")
        } else {
            let (value, kind) = self.value();
            self.names += 1;
            let name = format!("v{}", self.names);
            added.push((name.clone(), kind));
            format!("RETURN {value} AS {name}")
        };
        self.nested -= 1;
        self.scope = outer;
        self.scope.extend(added);
        let optional = self.random.of(&["", "", "OPTIONAL "]);
        format!("{optional}CALL ({list}) {{ {body}{returned} }} ")
    }

    fn writing(&mut self) -> String {
        let node = self.any_of(Kind::Node);
        let mut text = match (self.random.below(6), node) {
            (0, Some(node)) => format!("SET {node}.t = coalesce({node}.k, 0) + 1 "),
            (1, Some(node)) => format!("SET {node}:D REMOVE {node}.s "),
            (2, Some(node)) => format!("CREATE ({node})-[:N {{k: {node}.k}}]->(:D {{s: 'x'}}) "),
            (3, Some(node)) => format!("MERGE (:M {{k: coalesce({node}.k, -1)}}) "),
            (4, Some(node)) => format!("DETACH DELETE {node} "),
            _ => format!("CREATE (:D {{k: {}}}) ", self.integer(2)),
        };
        if text.starts_with("DETACH") {
            // What is gone can be counted and nothing else.
            self.scope.clear();
            text.push_str("WITH count(*) AS gone ");
            self.scope.push(("gone".to_string(), Kind::Integer));
        }
        text
    }

    fn result(&mut self) -> String {
        if self.random.percent(35) {
            return self.aggregate("RETURN");
        }
        let distinct = if self.random.percent(20) { "DISTINCT " } else { "" };
        let (items, kept) = self.items();
        self.scope = kept;
        let order = if self.random.percent(20) { self.order() } else { String::new() };
        format!("RETURN {distinct}{items}{order}")
    }

    // Expressions.

    fn value(&mut self) -> (String, Kind) {
        match self.random.below(6) {
            0 if self.any_of(Kind::Node).is_some() => {
                (self.any_of(Kind::Node).unwrap_or_default(), Kind::Node)
            }
            1 => (self.text(2), Kind::Text),
            2 => (self.boolean(2), Kind::Boolean),
            3 => (self.integers(2), Kind::Integers),
            _ => (self.integer(3), Kind::Integer),
        }
    }

    fn entity(&mut self) -> Option<String> {
        let kind = if self.random.percent(70) { Kind::Node } else { Kind::Relationship };
        self.any_of(kind)
    }

    fn integer(&mut self, depth: usize) -> String {
        let simple = depth == 0;
        match self.random.below(if simple { 4 } else { 12 }) {
            0 => self.random.of(&["-1", "0", "1", "2", "3", "null"]).to_string(),
            1..3 => match self.entity() {
                Some(entity) => format!("{entity}.k"),
                None => self.random.below(4).to_string(),
            },
            3 => self.any_of(Kind::Integer).unwrap_or_else(|| "2".to_string()),
            4 | 5 => {
                let (left, right) = (self.integer(depth - 1), self.integer(depth - 1));
                format!("({left} {} {right})", self.random.of(&["+", "-", "*"]))
            }
            6 => format!("size({})", self.integers(depth - 1)),
            7 => format!("coalesce({}, {})", self.integer(depth - 1), self.integer(depth - 1)),
            8 => {
                let condition = self.boolean(depth - 1);
                let (yes, no) = (self.integer(depth - 1), self.integer(depth - 1));
                format!("CASE WHEN {condition} THEN {yes} ELSE {no} END")
            }
            9 => format!("COUNT {{ {} }}", self.inner_pattern(depth - 1)),
            10 => match self.any_of(Kind::Path) {
                Some(path) => format!("length({path})"),
                None => format!("size({})", self.text(depth - 1)),
            },
            _ => match self.any_of(Kind::Relationships) {
                Some(list) => format!("size({list})"),
                None => format!("size({})", self.integers(depth - 1)),
            },
        }
    }

    /// A pattern with a condition of its own, whose variables end with it.
    fn inner_pattern(&mut self, depth: usize) -> String {
        let scope = self.scope.clone();
        let hops = self.random.below(3);
        let mut text = self.pattern(hops, true);
        if self.random.percent(40) && self.nested < 2 {
            self.nested += 1;
            text.push_str(&format!(" WHERE {}", self.boolean(depth.min(2))));
            self.nested -= 1;
        }
        self.scope = scope;
        text
    }

    fn text(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 3 } else { 6 }) {
            0 => self.random.of(&["'a'", "'b'", "'ab'", "null"]).to_string(),
            1 => match self.entity() {
                Some(entity) => format!("{entity}.s"),
                None => "'a'".to_string(),
            },
            2 => self.any_of(Kind::Text).unwrap_or_else(|| "'b'".to_string()),
            3 => format!("({} + {})", self.text(depth - 1), self.text(depth - 1)),
            4 => format!("toString({})", self.integer(depth - 1)),
            _ => match self.any_of(Kind::Relationship) {
                Some(relationship) => format!("type({relationship})"),
                None => format!("toUpper({})", self.text(depth - 1)),
            },
        }
    }

    fn integers(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 3 } else { 6 }) {
            0 => self.random.of(&["[]", "[1, 2]", "[0, null, 1]", "range(0, 3)"]).to_string(),
            1 => format!("[{}, {}]", self.integer(0), self.integer(0)),
            2 => self.any_of(Kind::Integers).unwrap_or_else(|| "[1]".to_string()),
            3 => {
                let list = self.integers(depth - 1);
                let before = self.scope.len();
                let name = self.fresh(Kind::Integer);
                let (condition, mapped) = (self.boolean(depth - 1), self.integer(depth - 1));
                self.scope.truncate(before);
                format!("[{name} IN {list} WHERE {condition} | {mapped}]")
            }
            4 if self.nested < 2 => {
                let scope = self.scope.clone();
                let pattern = self.pattern(1, true);
                let mapped = self.integer(depth - 1);
                self.scope = scope;
                format!("[{pattern} | {mapped}]")
            }
            _ => format!("({} + {})", self.integers(depth - 1), self.integer(depth - 1)),
        }
    }

    fn boolean(&mut self, depth: usize) -> String {
        let simple = depth == 0;
        match self.random.below(if simple { 5 } else { 14 }) {
            0 => {
                let (left, right) = (self.integer(0), self.integer(0));
                format!("{left} {} {right}", self.random.of(&["<", "<=", "=", "<>", ">"]))
            }
            1 => match self.any_of(Kind::Node) {
                Some(node) => {
                    format!("{node}{}", self.random.of(&[":A", ":B", ":!C", ":A&C", ":%"]))
                }
                None => "true".to_string(),
            },
            2 => match self.entity() {
                Some(entity) => format!("{entity}.k IS {}NULL", self.random.of(&["", "NOT "])),
                None => self.random.of(&["true", "null"]).to_string(),
            },
            3 => match (self.any_of(Kind::Node), self.any_of(Kind::Node)) {
                (Some(a), Some(b)) => format!("{a} {} {b}", self.random.of(&["=", "<>"])),
                _ => "false".to_string(),
            },
            4 => self.any_of(Kind::Boolean).unwrap_or_else(|| "true".to_string()),
            5..8 => {
                let (left, right) = (self.boolean(depth - 1), self.boolean(depth - 1));
                format!("({left} {} {right})", self.random.of(&["AND", "AND", "OR", "XOR"]))
            }
            8 => format!("NOT ({})", self.boolean(depth - 1)),
            9 => format!("{} IN {}", self.integer(depth - 1), self.integers(depth - 1)),
            10 => {
                let list = self.integers(depth - 1);
                let before = self.scope.len();
                let name = self.fresh(Kind::Integer);
                let condition = self.boolean(depth - 1);
                self.scope.truncate(before);
                let quantifier = self.random.of(&["all", "any", "none", "single"]);
                format!("{quantifier}({name} IN {list} WHERE {condition})")
            }
            11 => format!("EXISTS {{ {} }}", self.inner_pattern(depth - 1)),
            12 => match self.any_of(Kind::Node) {
                Some(node) => {
                    let relationship = self.relationship(false);
                    format!("({node}){relationship}({})", self.random.of(&["", ":A", ":B {k: 1}"]))
                }
                None => self.boolean(depth - 1),
            },
            _ => {
                let (left, right) = (self.text(depth - 1), self.text(depth - 1));
                format!("{left} {} {right}", self.random.of(&["=", "STARTS WITH", "CONTAINS", "<"]))
            }
        }
    }
}
