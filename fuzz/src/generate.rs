//! Statements made of bytes: each byte is a choice, so that the mutations of a fuzzer are mutations of the
//! statement. Functions and procedures come from their tables.

use redstring::function::{Registry, Signature};
use redstring::value::Type;

/// The graph that statements run on.
pub(crate) const GRAPH: &str = "
CREATE (a:A:B {i: 1, f: 1.5, s: 'one', l: [1, 2], b: true}),
       (b:A {i: 2, s: 'two', d: date('2024-02-29')}), (c:B {i: 2, f: -0.0, s: ''}), (d:C {l: []}), (e),
       (a)-[:R {i: 1}]->(b), (b)-[:R {i: 2}]->(c), (c)-[:R {i: 3}]->(a), (a)-[:S {s: 'x'}]->(a),
       (a)-[:R]->(b), (c)-[:S]->(d), (d)-[:T {i: 9}]->(b)";

/// A valid statement for any bytes; mostly one without errors.
pub(crate) fn statement(bytes: &[u8]) -> String {
    let mut writer = Writer { bytes: bytes.iter(), scope: Vec::new(), depth: 0, names: 0 };
    let text = writer.query();
    // A part of another statement, with the columns that it gives.
    if writer.chance(5) { format!("{text} UNION ALL {text}") } else { text }
}

/// What a variable holds, as far as it is known.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Node,
    Relationship,
    Path,
    Other,
}

struct Writer<'a> {
    bytes: std::slice::Iter<'a, u8>,
    scope: Vec<(String, Kind)>,
    depth: usize,
    names: usize,
}

const LABELS: &[&str] = &["A", "B", "C", "Nobody"];
const TYPES: &[&str] = &["R", "S", "T", "NONE"];
const KEYS: &[&str] = &["i", "s", "f", "l", "b", "d", "none"];
const LITERALS: &[&str] = &[
    "1",
    "0",
    "-1",
    "2",
    "9223372036854775807",
    "-9223372036854775808",
    "1.5",
    "-0.0",
    "1e308",
    "(0.0 / 0.0)",
    "(1.0 / 0.0)",
    "true",
    "false",
    "null",
    "''",
    "'a'",
    "'é\\u0301😀'",
    "'2024-02-29'",
    "'P1Y2M3DT4H'",
    "'12:30+01:00'",
    "[]",
    "[1, null, 2.0]",
    "['a', 'b']",
    "[[1], [2]]",
    "{}",
    "{a: 1, b: null}",
    "date('2024-02-29')",
    "duration({months: 1, days: -1})",
    "datetime('2024-03-31T02:30[Europe/Berlin]')",
    "localtime('23:59:59.999999999')",
    "date({year: -999999999})",
    "point({x: 1, y: 2})",
    "$i",
    "$s",
    "$n",
    "$l",
    "$f",
];
const BINARY: &[&str] = &[
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "AND",
    "OR",
    "XOR",
    "IN",
    "STARTS WITH",
    "ENDS WITH",
    "CONTAINS",
    "=~",
];

impl Writer<'_> {
    fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    fn pick<'t, T: ?Sized>(&mut self, of: &'t [&'t T]) -> &'t T {
        of[self.byte() as usize % of.len()]
    }

    /// Whether so many of a hundred times; never once the bytes have run out.
    fn chance(&mut self, percent: u8) -> bool {
        let byte = self.byte();
        byte != 0 && byte % 100 < percent
    }

    fn fresh(&mut self, kind: Kind) -> String {
        self.names += 1;
        let name = format!("v{}", self.names);
        self.scope.push((name.clone(), kind));
        name
    }

    fn variable(&mut self, kind: Option<Kind>) -> Option<String> {
        let fitting: Vec<&(String, Kind)> =
            self.scope.iter().filter(|(_, k)| kind.is_none_or(|kind| *k == kind)).collect();
        let count = fitting.len();
        let names: Vec<String> = fitting.into_iter().map(|(name, _)| name.clone()).collect();
        (count > 0).then(|| names[self.byte() as usize % count].clone())
    }

    fn query(&mut self) -> String {
        let mut text = String::new();
        let clauses = self.byte() % 5;
        for _ in 0..clauses {
            text.push_str(&self.clause());
            text.push(' ');
        }
        if self.chance(20) {
            text.push_str(&self.update());
            text.push(' ');
        }
        text.push_str("RETURN ");
        text.push_str(&self.projection(false));
        text
    }

    fn clause(&mut self) -> String {
        match self.byte() % 8 {
            0..=2 => {
                let optional = if self.chance(25) { "OPTIONAL " } else { "" };
                let mut text = format!("{optional}MATCH {}", self.patterns());
                if self.chance(50) {
                    text.push_str(&format!(" WHERE {}", self.predicate()));
                }
                text
            }
            3 => {
                let list = self.list();
                format!("UNWIND {list} AS {}", self.fresh(Kind::Other))
            }
            4 | 5 => format!("WITH {}", self.projection(true)),
            6 => self.call(),
            _ if self.chance(30) => self.update() + " WITH *",
            _ => format!("MATCH {}", self.patterns()),
        }
    }

    /// The items after WITH or RETURN; after WITH the scope is what they name.
    fn projection(&mut self, with: bool) -> String {
        let distinct = if self.chance(10) { "DISTINCT " } else { "" };
        let mut items = Vec::new();
        let mut after = Vec::new();
        if with && self.chance(30) && !self.scope.is_empty() {
            items.push("*".to_owned());
            after = self.scope.clone();
        }
        for _ in 0..1 + self.byte() % 3 {
            let kept = if self.chance(50) { self.variable(None) } else { None };
            let (item, kind) = match kept {
                Some(name) if after.iter().any(|(n, _)| *n == name) => continue,
                Some(name) => {
                    let kind = self.scope.iter().find(|(n, _)| *n == name).map(|(_, k)| *k);
                    after.push((name.clone(), kind.unwrap_or(Kind::Other)));
                    items.push(name);
                    continue;
                }
                None if self.chance(25) => (self.aggregate(), Kind::Other),
                None => (self.expression(), Kind::Other),
            };
            self.names += 1;
            let name = format!("v{}", self.names);
            items.push(format!("{item} AS {name}"));
            after.push((name, kind));
        }
        if items.is_empty() {
            items.push("1 AS one".to_owned());
            after.push(("one".to_owned(), Kind::Other));
        }
        let mut text = format!("{distinct}{}", items.join(", "));
        let before = std::mem::replace(&mut self.scope, after);
        if self.chance(20) {
            text.push_str(&format!(" ORDER BY {}", self.expression()));
            if self.chance(50) {
                text.push_str(" DESC");
            }
        }
        if self.chance(10) {
            text.push_str(&format!(" SKIP {}", self.byte() % 4));
        }
        if self.chance(10) {
            text.push_str(&format!(" LIMIT {}", self.byte() % 4));
        }
        if with && self.chance(20) {
            text.push_str(&format!(" WHERE {}", self.predicate()));
        }
        if !with {
            self.scope = before;
        }
        text
    }

    fn call(&mut self) -> String {
        if self.chance(30) {
            let registry = Registry::default();
            let procedures: Vec<_> = registry.procedures().collect();
            let procedure = procedures[self.byte() as usize % procedures.len()];
            let signature = procedure.0.signature().clone();
            let arguments: Vec<_> =
                signature.parameters.iter().map(|p| self.typed(&p.ty)).collect();
            let Some((column, _)) = signature.columns.first() else {
                return format!("CALL {}({})", signature.name, arguments.join(", "));
            };
            let name = self.fresh(Kind::Other);
            return format!(
                "CALL {}({}) YIELD {column} AS {name}",
                signature.name,
                arguments.join(", ")
            );
        }
        let outer = self.scope.clone();
        let imported: Vec<String> =
            outer.iter().filter(|_| self.chance(50)).map(|(name, _)| name.clone()).collect();
        self.scope.retain(|(name, _)| imported.contains(name));
        let inner = self.deeper(|w| {
            let clause = if w.depth > 3 { String::new() } else { w.clause() };
            let value = if w.chance(30) { w.aggregate() } else { w.expression() };
            (clause, value)
        });
        self.scope = outer;
        let name = self.fresh(Kind::Other);
        let (clause, value) = inner;
        format!("CALL ({}) {{ {clause} RETURN {value} AS {name} }}", imported.join(", "))
    }

    fn update(&mut self) -> String {
        match self.byte() % 6 {
            0 => format!("CREATE (:{} {})", self.pick(LABELS), self.properties()),
            1 => match (self.variable(Some(Kind::Node)), self.variable(Some(Kind::Node))) {
                (Some(a), Some(b)) => format!("CREATE ({a})-[:{}]->({b})", self.pick(TYPES)),
                _ => "CREATE ()-[:R]->()".to_owned(),
            },
            2 => {
                let name = self.fresh(Kind::Node);
                let key = self.pick(KEYS);
                let value = self.byte() % 4;
                format!("MERGE ({name}:{} {{{key}: {value}}})", self.pick(LABELS))
            }
            3 => match self.variable(Some(Kind::Node)) {
                Some(node) => match self.byte() % 4 {
                    0 => format!("SET {node}.{} = {}", self.pick(KEYS), self.expression()),
                    1 => format!("SET {node} += {}", self.properties()),
                    2 => format!("SET {node}:{}", self.pick(LABELS)),
                    _ => format!("REMOVE {node}.{}", self.pick(KEYS)),
                },
                None => "MATCH (x) SET x.i = 1".to_owned(),
            },
            4 => match self.variable(Some(Kind::Node)) {
                Some(node) => format!("DETACH DELETE {node}"),
                None => "MATCH ()-[x:R]->() DELETE x".to_owned(),
            },
            _ => format!("FOREACH (x IN {} | CREATE (:A {{i: x}}))", self.list()),
        }
    }

    fn properties(&mut self) -> String {
        let (key, value) = (self.pick(KEYS), self.expression());
        format!("{{{key}: {value}}}")
    }

    fn patterns(&mut self) -> String {
        let count = 1 + usize::from(self.chance(20));
        let patterns: Vec<String> = (0..count).map(|_| self.path()).collect();
        patterns.join(", ")
    }

    fn path(&mut self) -> String {
        let known = self.scope.len();
        let mut text = self.node();
        for _ in 0..self.byte() % 3 {
            text.push_str(&self.relationship());
            text.push_str(&self.node());
        }
        match self.byte() % 12 {
            1 => format!("{} = {text}", self.fresh(Kind::Path)),
            2 if self.scope.len() > known => text,
            3 => {
                let (a, b) = (self.node(), self.node());
                let form = self.pick(&["shortestPath", "allShortestPaths"]);
                format!("{} = {form}({a}-[:{}*]->{b})", self.fresh(Kind::Path), self.pick(TYPES))
            }
            _ => text,
        }
    }

    fn node(&mut self) -> String {
        let name = match self.byte() % 6 {
            0 => String::new(),
            1 | 2 => self.variable(Some(Kind::Node)).unwrap_or_default(),
            _ => self.fresh(Kind::Node),
        };
        let label = match self.byte() % 8 {
            1 | 2 => format!(":{}", self.pick(LABELS)),
            3 => format!(":!{}", self.pick(LABELS)),
            4 => format!(":{}&{}", self.pick(LABELS), self.pick(LABELS)),
            5 => format!(":{}|{}", self.pick(LABELS), self.pick(LABELS)),
            _ => String::new(),
        };
        let rest = match self.byte() % 10 {
            1 => format!(" {{{}: {}}}", self.pick(KEYS), self.pick(LITERALS)),
            2 if !name.is_empty() => {
                format!(" WHERE {name}.{} = {}", self.pick(KEYS), self.byte() % 4)
            }
            _ => String::new(),
        };
        format!("({name}{label}{rest})")
    }

    fn relationship(&mut self) -> String {
        let many = self.chance(20);
        let name = match self.byte() % 3 {
            0 => String::new(),
            _ => self.fresh(if many { Kind::Other } else { Kind::Relationship }),
        };
        let types = match self.byte() % 4 {
            0 => String::new(),
            1 => format!(":{}|{}", self.pick(TYPES), self.pick(TYPES)),
            _ => format!(":{}", self.pick(TYPES)),
        };
        let length = match (many, self.byte() % 5) {
            (false, _) => "",
            (_, 0) => "*",
            (_, 1) => "*0..2",
            (_, 2) => "*2",
            (_, 3) => "*..3",
            _ => "*1..2",
        };
        let key =
            if self.chance(10) { format!(" {{i: {}}}", self.byte() % 4) } else { String::new() };
        let (left, right) = match self.byte() % 3 {
            0 => ("-", "->"),
            1 => ("<-", "-"),
            _ => ("-", "-"),
        };
        format!("{left}[{name}{types}{length}{key}]{right}")
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let made = inner(self);
        self.depth -= 1;
        made
    }

    fn list(&mut self) -> String {
        match self.byte() % 5 {
            0 => "[1, 2, 3]".to_owned(),
            1 => format!("range({}, {})", self.byte() % 4, self.byte()),
            2 => "$l".to_owned(),
            3 => {
                let value = self.expression();
                format!("[{value}, {}]", self.expression())
            }
            _ => "[null, 1, 'a', 2.5]".to_owned(),
        }
    }

    fn predicate(&mut self) -> String {
        if self.depth > 3 {
            return "true".to_owned();
        }
        self.deeper(|w| match w.byte() % 10 {
            0 | 1 => {
                let left = w.expression();
                format!("{left} = {}", w.expression())
            }
            2 => format!("{} IS NOT NULL", w.expression()),
            3 => format!("NOT ({})", w.predicate()),
            4 => {
                let left = w.predicate();
                format!("({left}) AND ({})", w.predicate())
            }
            5 => {
                let left = w.predicate();
                format!("({left}) OR ({})", w.predicate())
            }
            6 => {
                let known = w.scope.clone();
                let pattern = w.patterns();
                let filter =
                    if w.chance(50) { format!(" WHERE {}", w.predicate()) } else { String::new() };
                w.scope = known;
                format!("EXISTS {{ MATCH {pattern}{filter} }}")
            }
            7 => match w.variable(Some(Kind::Node)) {
                Some(node) => format!("{node}:{}", w.pick(LABELS)),
                None => "true".to_owned(),
            },
            8 => {
                let form = w.pick(&["all", "any", "none", "single"]);
                let list = w.list();
                format!("{form}(x IN {list} WHERE x = {})", w.byte() % 4)
            }
            _ => {
                let left = w.expression();
                format!("{left} < {}", w.expression())
            }
        })
    }

    fn expression(&mut self) -> String {
        if self.depth > 3 {
            return self.pick(LITERALS).to_owned();
        }
        self.deeper(|w| match w.byte() % 16 {
            0 | 1 => w.pick(LITERALS).to_owned(),
            2 | 3 => w.variable(None).unwrap_or_else(|| "2".to_owned()),
            4 | 5 => match w.variable(Some(Kind::Node)) {
                Some(node) => format!("{node}.{}", w.pick(KEYS)),
                None => w.pick(LITERALS).to_owned(),
            },
            6 => {
                let left = w.expression();
                let operator = w.pick(BINARY);
                format!("({left} {operator} {})", w.expression())
            }
            7..=9 => w.function(),
            10 => format!("[x IN {} | {}]", w.list(), w.expression()),
            11 => format!(
                "CASE WHEN {} THEN {} ELSE {} END",
                w.predicate(),
                w.expression(),
                w.expression()
            ),
            12 => format!("reduce(a = {}, x IN {} | a + x)", w.expression(), w.list()),
            13 => {
                let list = w.list();
                match w.byte() % 3 {
                    0 => format!("{list}[{}]", w.expression()),
                    1 => format!("{list}[{}..]", w.byte() % 4),
                    _ => format!("{list}[..-{}]", w.byte() % 4),
                }
            }
            14 => {
                let known = w.scope.clone();
                let pattern = w.patterns();
                w.scope = known;
                format!("COUNT {{ MATCH {pattern} }}")
            }
            _ => format!("({})", w.predicate()),
        })
    }

    fn function(&mut self) -> String {
        let registry = Registry::default();
        let functions: Vec<_> = registry.scalars().collect();
        let function = functions
            [(usize::from(self.byte()) * 256 + usize::from(self.byte())) % functions.len()];
        let forms = function.forms();
        let form = &forms[self.byte() as usize % forms.len()];
        format!("{}({})", function.name, self.arguments(form))
    }

    fn aggregate(&mut self) -> String {
        let registry = Registry::default();
        let aggregates: Vec<_> = registry.aggregates().collect();
        let aggregate = aggregates[self.byte() as usize % aggregates.len()];
        let forms = aggregate.forms();
        let form = &forms[self.byte() as usize % forms.len()];
        if aggregate.name == "count" && self.chance(50) {
            return "count(*)".to_owned();
        }
        let distinct = if self.chance(20) { "DISTINCT " } else { "" };
        format!("{}({distinct}{})", aggregate.name, self.arguments(form))
    }

    fn arguments(&mut self, form: &Signature) -> String {
        let least = form.arity().least;
        let mut arguments = Vec::new();
        for (at, parameter) in form.parameters.iter().enumerate() {
            if at >= least && !self.chance(50) {
                break;
            }
            arguments.push(self.typed(&parameter.ty));
        }
        arguments.join(", ")
    }

    /// An expression that is mostly of a type.
    fn typed(&mut self, ty: &Type) -> String {
        if self.chance(15) {
            return self.expression();
        }
        let text: &[&str] = match ty {
            Type::Integer | Type::Number => {
                &["1", "0", "-1", "3", "9223372036854775807", "-9223372036854775808", "$i", "20"]
            }
            Type::Float => &["1.5", "-0.0", "1e308", "(0.0 / 0.0)", "$f"],
            Type::String => &[
                "'a'",
                "''",
                "'é\\u0301😀'",
                "'2024-02-29'",
                "'day'",
                "'P1D'",
                "'12:00'",
                "'a,b'",
                "'1e5'",
                "'NFC'",
                "$s",
                "'2015-W30-2T10'",
                "'Europe/Berlin'",
            ],
            Type::List(_) => &["[1, 2]", "[]", "[null]", "['a', 1]", "$l", "[[1]]"],
            Type::Map => &[
                "{a: 1}",
                "{}",
                "{year: 2024, month: 2}",
                "{days: 1}",
                "{hour: 12, timezone: '+01:00'}",
                "{x: 1.0, y: 2}",
                "{longitude: 200, latitude: 1}",
                "{year: 1984, week: 1}",
                "{epochSeconds: 9223372036854775807}",
            ],
            Type::Node => {
                return self.variable(Some(Kind::Node)).unwrap_or_else(|| "null".to_owned());
            }
            Type::Relationship => {
                return self
                    .variable(Some(Kind::Relationship))
                    .unwrap_or_else(|| "null".to_owned());
            }
            Type::Path => {
                return self.variable(Some(Kind::Path)).unwrap_or_else(|| "null".to_owned());
            }
            _ => return self.expression(),
        };
        self.pick(text).to_owned()
    }
}
