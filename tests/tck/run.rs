//! One scenario under one treatment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use redstring::{
    Context, Detail, Error, ErrorClass, Node, Options, Params, Phase, Procedure, Relationship,
    Signature, Value,
};

use super::notation::Cell;
use super::scenario::{Scenario, Step, Table};
use super::treatment::{Treated, Treatment};

/// The query under test must end within this time.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a query gave: columns and rows, or an error.
type Outcome = Result<(Vec<String>, Vec<Vec<Cell>>), Error>;

/// Runs the scenario; the error says what was expected and what was found. What the queries gave is returned to be
/// compared with what they give under another treatment.
pub fn run(scenario: &Scenario, treatment: &'static Treatment) -> Result<Vec<String>, String> {
    let mut runner = Runner::new(treatment)?;
    for step in &scenario.steps {
        runner.step(step)?;
    }
    runner.expect_checked()?;
    Ok(runner.seen)
}

/// The state of the graph that side effects are read from.
#[derive(Default)]
struct Observed {
    nodes: BTreeSet<u64>,
    relationships: BTreeSet<u64>,
    labels: BTreeSet<String>,
    /// Kind and id of the entity, key, value.
    properties: BTreeSet<(bool, u64, String, String)>,
}

struct Runner {
    store: Treated,
    procedures: Vec<TableProcedure>,
    parameters: BTreeMap<String, Value>,
    outcome: Option<Outcome>,
    /// Whether a step has looked at the outcome.
    checked: bool,
    before: Observed,
    after: Observed,
    /// What each query gave, and did.
    seen: Vec<String>,
}

impl Runner {
    fn new(treatment: &'static Treatment) -> Result<Self, String> {
        Ok(Self {
            store: Treated::new(treatment, Options::default().timeout(TIMEOUT))?,
            procedures: Vec::new(),
            parameters: BTreeMap::new(),
            outcome: None,
            checked: true,
            before: Observed::default(),
            after: Observed::default(),
            seen: Vec::new(),
        })
    }

    fn register(&self, procedure: TableProcedure) -> Result<(), String> {
        let registered = self.store.database()?.register_procedure(procedure);
        registered.map_err(|e| format!("the procedure was refused: {e:?}"))
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::EmptyGraph => Ok(()),
            Step::NamedGraph(query) | Step::Setup(query) => match self.query(query) {
                Ok(_) => Ok(()),
                Err(error) => Err(format!("setup failed: {error:?}\n{query}")),
            },
            Step::Parameters(table) => self.read_parameters(table),
            Step::Procedure { signature, table } => {
                let procedure = TableProcedure::new(signature, table)?;
                self.procedures.push(procedure.clone());
                self.register(procedure)
            }
            Step::Query(query) => {
                if self.store.settle()? {
                    self.procedures.iter().try_for_each(|p| self.register(p.clone()))?;
                }
                self.before = self.observe()?;
                let outcome = self.query(query);
                self.after = self.observe()?;
                self.seen.push(format!("{}{:?}", described(&outcome), self.side_effects()));
                self.found(outcome)
            }
            Step::Control(query) => {
                let outcome = self.query(query);
                self.seen.push(described(&outcome));
                self.found(outcome)
            }
            Step::Rows { table, in_order, ignore_list_order } => {
                self.checked = true;
                self.expect_rows(table, *in_order, *ignore_list_order)
            }
            Step::Empty => {
                self.checked = true;
                self.expect_empty()
            }
            Step::Error { class, phase, detail } => {
                self.checked = true;
                self.expect_error(class, phase, detail)
            }
            Step::SideEffects(table) => self.expect_side_effects(table),
            Step::Unknown(text) => Err(format!("unknown step: {text}")),
        }
    }

    fn found(&mut self, outcome: Outcome) -> Result<(), String> {
        self.expect_checked()?;
        self.checked = false;
        let timed_out = |error: &Error| error.kind() == Detail::TimedOut;
        if outcome.as_ref().is_err_and(timed_out) {
            return Err(format!("HANG: no end after {TIMEOUT:?}"));
        }
        self.outcome = Some(outcome);
        Ok(())
    }

    /// An outcome that no step looks at passes only if it is no error.
    fn expect_checked(&self) -> Result<(), String> {
        match &self.outcome {
            Some(Err(error)) if !self.checked => {
                Err(format!("no step expects an error, found {error:?}"))
            }
            _ => Ok(()),
        }
    }

    fn query(&self, query: &str) -> Outcome {
        let database = self.store.database().map_err(Error::internal)?;
        let parameters = self.parameters.iter().map(|(name, value)| (name.as_str(), value.clone()));
        let rows = database.query(query, parameters.collect::<Params>())?;
        let columns: Vec<String> = rows.columns().iter().map(ToString::to_string).collect();
        let mut cells = Vec::new();
        for row in rows {
            cells.push(row?.values().iter().map(Cell::from_value).collect());
        }
        Ok((columns, cells))
    }

    fn read_parameters(&mut self, table: &Table) -> Result<(), String> {
        for row in table {
            let [name, cell] = &row[..] else {
                return Err(format!("a parameter row has {} cells", row.len()));
            };
            self.parameters.insert(name.clone(), Cell::parse(cell)?.to_value()?);
        }
        Ok(())
    }

    fn observe(&self) -> Result<Observed, String> {
        let mut observed = Observed::default();
        let failed = |e: Error| format!("the graph cannot be observed: {e:?}");
        let database = self.store.database()?;
        for row in database.query("MATCH (n) RETURN n", ()).map_err(failed)? {
            let node: Node = row.and_then(|r| r.get(0)).map_err(failed)?;
            observed.nodes.insert(node.id().0);
            observed.labels.extend(node.labels().iter().map(ToString::to_string));
            observed.add_properties(false, node.id().0, node.properties());
        }
        for row in database.query("MATCH ()-[r]->() RETURN r", ()).map_err(failed)? {
            let relationship: Relationship = row.and_then(|r| r.get(0)).map_err(failed)?;
            observed.relationships.insert(relationship.id().0);
            observed.add_properties(true, relationship.id().0, relationship.properties());
        }
        Ok(observed)
    }

    fn outcome(&self) -> Result<&(Vec<String>, Vec<Vec<Cell>>), String> {
        match &self.outcome {
            None => Err("no query was run".to_string()),
            Some(Ok(rows)) => Ok(rows),
            Some(Err(error)) => Err(format!("expected a result, found an error: {error:?}")),
        }
    }

    fn expect_rows(&self, table: &Table, in_order: bool, ignore: bool) -> Result<(), String> {
        let (columns, rows) = self.outcome()?;
        let (header, expected) = table.split_first().ok_or("the table has no header")?;
        let mut expected = expected
            .iter()
            .map(|row| row.iter().map(|cell| Ok(Cell::parse(cell)?.text(ignore))).collect())
            .collect::<Result<Vec<Vec<String>>, String>>()?;
        let mut found: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| cell.text(ignore)).collect()).collect();
        if !in_order {
            expected.sort();
            found.sort();
        }
        if header == columns && expected == found {
            return Ok(());
        }
        let order = if in_order { " in order" } else { "" };
        Err(format!(
            "expected{order}:\n{}found:\n{}",
            show(header, &expected),
            show(columns, &found)
        ))
    }

    fn expect_empty(&self) -> Result<(), String> {
        let (columns, rows) = self.outcome()?;
        if columns.is_empty() && rows.is_empty() {
            return Ok(());
        }
        Err(format!("expected an empty result, found columns {columns:?} and {} rows", rows.len()))
    }

    fn expect_error(&self, class: &str, phase: &str, detail: &str) -> Result<(), String> {
        let expected = format!("expected {class} at {phase}: {detail}");
        let error = match &self.outcome {
            Some(Err(error)) => error,
            Some(Ok((columns, rows))) => {
                return Err(format!("{expected}\nfound {} rows of {columns:?}", rows.len()));
            }
            None => return Err("no query was run".to_string()),
        };
        let found_phase = match error.phase() {
            Phase::CompileTime => "compile time",
            Phase::Runtime => "runtime",
            _ => "another phase",
        };
        let right = error.class().as_str() == class
            && (phase == "any time" || phase == found_phase)
            && (detail == "*" || error.kind().as_str() == detail);
        if !right || error.class() == ErrorClass::InternalError {
            return Err(format!("{expected}\nfound    {error:?} at {found_phase}"));
        }
        let effects = self.side_effects();
        if effects.is_empty() {
            return Ok(());
        }
        Err(format!("the query failed as it should, but left side effects: {effects:?}"))
    }

    fn expect_side_effects(&self, table: &Table) -> Result<(), String> {
        let mut expected = BTreeMap::new();
        for row in table {
            let [name, count] = &row[..] else { return Err(format!("a row of {row:?}")) };
            let count: usize = count.parse().map_err(|_| format!("a count of `{count}`"))?;
            if count > 0 {
                expected.insert(name.clone(), count);
            }
        }
        if let Some(Err(error)) = &self.outcome
            && !expected.is_empty()
        {
            return Err(format!("expected side effects, found an error: {error:?}"));
        }
        let found = self.side_effects();
        if expected == found {
            return Ok(());
        }
        Err(format!("expected side effects {expected:?}\nfound {found:?}"))
    }

    fn side_effects(&self) -> BTreeMap<String, usize> {
        let (before, after) = (&self.before, &self.after);
        let mut effects = BTreeMap::new();
        compare(&mut effects, "nodes", &before.nodes, &after.nodes);
        compare(&mut effects, "relationships", &before.relationships, &after.relationships);
        compare(&mut effects, "labels", &before.labels, &after.labels);
        compare(&mut effects, "properties", &before.properties, &after.properties);
        effects
    }
}

impl Observed {
    fn add_properties(&mut self, relationship: bool, id: u64, map: &redstring::Map) {
        for (key, value) in map {
            let value = Cell::from_value(value).text(false);
            self.properties.insert((relationship, id, key.to_string(), value));
        }
    }
}

fn compare<T: Ord>(
    effects: &mut BTreeMap<String, usize>,
    name: &str,
    before: &BTreeSet<T>,
    after: &BTreeSet<T>,
) {
    for (sign, count) in
        [('+', after.difference(before).count()), ('-', before.difference(after).count())]
    {
        if count > 0 {
            effects.insert(format!("{sign}{name}"), count);
        }
    }
}

/// What a query gave, whatever the order of rows and of collected lists.
fn described(outcome: &Outcome) -> String {
    match outcome {
        Err(error) => format!("{} at {:?}\n", error.code(), error.phase()),
        Ok((columns, rows)) => {
            let row = |row: &Vec<Cell>| row.iter().map(|cell| cell.text(true)).collect();
            let mut rows: Vec<Vec<String>> = rows.iter().map(row).collect();
            rows.sort();
            show(columns, &rows)
        }
    }
}

fn show(header: &[String], rows: &[Vec<String>]) -> String {
    let mut out = format!("  | {} |\n", header.join(" | "));
    for row in rows.iter().take(20) {
        writeln!(out, "  | {} |", row.join(" | ")).unwrap_or_default();
    }
    if rows.len() > 20 {
        writeln!(out, "  and {} more rows", rows.len() - 20).unwrap_or_default();
    }
    out
}

/// A procedure whose whole behaviour is a table: the inputs select rows, the rest is the output.
#[derive(Debug, Clone)]
struct TableProcedure {
    signature: Signature,
    rows: Vec<(Vec<Value>, Vec<Value>)>,
}

impl TableProcedure {
    fn new(text: &str, table: &Table) -> Result<Self, String> {
        let signature =
            Signature::parse(text).map_err(|e| format!("the signature was refused: {e:?}"))?;
        let (header, body) = match table.split_first() {
            Some((header, body)) => (&header[..], body),
            None => (&[][..], &[][..]),
        };
        let inputs: Vec<usize> = signature
            .parameters
            .iter()
            .map(|p| header.iter().position(|h| *h == *p.name).ok_or(p.name.to_string()))
            .collect::<Result<_, _>>()?;
        let outputs: Vec<usize> = signature
            .columns
            .iter()
            .map(|(name, _)| header.iter().position(|h| **h == **name).ok_or(name.to_string()))
            .collect::<Result<_, _>>()?;
        let mut rows = Vec::new();
        for row in body {
            let cells = row
                .iter()
                .map(|cell| Cell::parse(cell)?.to_value())
                .collect::<Result<Vec<Value>, String>>()?;
            let pick = |columns: &[usize]| columns.iter().map(|c| cells[*c].clone()).collect();
            rows.push((pick(&inputs), pick(&outputs)));
        }
        Ok(Self { signature, rows })
    }
}

/// Whether an argument selects a row; null selects null, and an integer the float of the same value.
fn selects(argument: &Value, cell: &Value) -> bool {
    match (argument, cell) {
        (Value::Integer(a), Value::Float(b)) | (Value::Float(b), Value::Integer(a)) => {
            *a as f64 == *b
        }
        _ => Cell::from_value(argument).text(false) == Cell::from_value(cell).text(false),
    }
}

impl Procedure for TableProcedure {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn doc(&self) -> &str {
        "A table of the test kit."
    }

    fn call(&self, _: &Context<'_>, arguments: &[Value]) -> redstring::Result<Vec<Vec<Value>>> {
        let selected = |inputs: &[Value]| arguments.iter().zip(inputs).all(|(a, b)| selects(a, b));
        let rows = self.rows.iter().filter(|(inputs, _)| selected(inputs));
        Ok(rows.map(|(_, outputs)| outputs.clone()).collect())
    }
}
