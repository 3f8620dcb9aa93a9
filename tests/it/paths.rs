//! Quantified paths, modes and selectors against an enumeration of all paths, on small random graphs; and
//! the work that searches of larger ones take.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;
use redstring::{Database, Options, Value};

/// Numbers from a seed: the whole case follows from one number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % sides
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.roll(one_in) == 0
    }
}

#[derive(Debug, Clone)]
struct Link {
    from: usize,
    to: usize,
    is_r: bool,
    weight: i64,
}

#[derive(Debug, Clone)]
struct Net {
    /// For each node its value, and whether it has the label.
    nodes: Vec<(i64, bool)>,
    links: Vec<Link>,
}

impl Net {
    fn random(dice: &mut Dice) -> Self {
        let count = 2 + dice.roll(3) as usize;
        let nodes = (0..count).map(|_| (dice.roll(3) as i64, dice.chance(2))).collect();
        let links = (0..2 + dice.roll(5))
            .map(|_| Link {
                from: dice.roll(count as u64) as usize,
                to: dice.roll(count as u64) as usize,
                is_r: !dice.chance(3),
                weight: dice.roll(3) as i64,
            })
            .collect();
        Self { nodes, links }
    }

    fn create(&self) -> String {
        let mut text = String::from("CREATE ");
        for (at, (value, labelled)) in self.nodes.iter().enumerate() {
            let label = if *labelled { ":L" } else { "" };
            let _ = write!(text, "(n{at}{label} {{i: {at}, v: {value}}}), ");
        }
        for (at, link) in self.links.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            let ty = if link.is_r { "R" } else { "S" };
            let Link { from, to, weight, .. } = link;
            let _ = write!(text, "{comma}(n{from})-[:{ty} {{i: {at}, w: {weight}}}]->(n{to})");
        }
        text
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Out,
    In,
    Both,
}

#[derive(Debug, Clone, Copy)]
struct Hop {
    way: Way,
    /// `:R`, `:!R` or any.
    is_r: Option<bool>,
}

impl Hop {
    fn random(dice: &mut Dice) -> Self {
        let way = [Way::Out, Way::In, Way::Both][dice.roll(3) as usize];
        let is_r = [None, Some(true), Some(false)][dice.roll(3) as usize];
        Self { way, is_r }
    }

    fn text(self, inner: &str) -> String {
        let ty = match self.is_r {
            None => "",
            Some(true) => ":R",
            Some(false) => ":!R",
        };
        let (left, right) = match self.way {
            Way::Out => ("-", "->"),
            Way::In => ("<-", "-"),
            Way::Both => ("-", "-"),
        };
        format!("{left}[{ty}{inner}]{right}")
    }

    /// The links this may be from a node, and where they lead.
    fn from(self, net: &Net, node: usize) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for (at, link) in net.links.iter().enumerate() {
            if self.is_r.is_some_and(|is_r| is_r != link.is_r) {
                continue;
            }
            if self.way != Way::In && link.from == node {
                found.push((at, link.to));
            }
            // A loop lies in both directions and counts once.
            if self.way != Way::Out
                && link.to == node
                && !(self.way == Way::Both && link.from == link.to)
            {
                found.push((at, link.from));
            }
        }
        found
    }
}

#[derive(Debug, Clone)]
enum Step {
    Single(Hop),
    /// A quantified relationship, with what its weight must be at least.
    Quantified(Hop, i64, u64, Option<u64>),
    /// A quantified path of one or two hops; whether values must not fall from first to last node.
    Repeated(Vec<Hop>, bool, u64, Option<u64>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Default,
    Walk,
    Trail,
    Simple,
    Acyclic,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Selector {
    All,
    Any(u64),
    AnyShortest,
    AllShortest,
    Shortest(u64),
    Groups(u64),
}

#[derive(Debug, Clone)]
struct Case {
    net: Net,
    steps: Vec<Step>,
    /// Which nodes between the steps need the label.
    labels: Vec<bool>,
    mode: Mode,
    selector: Selector,
    /// Whether the ends are bound by a MATCH before.
    bound: (bool, bool),
    /// A predicate on the length, before and after the selection.
    before: Option<usize>,
    after: Option<usize>,
}

fn quantifier(min: u64, max: Option<u64>) -> String {
    match (min, max) {
        (0, None) => "*".to_owned(),
        (1, None) => "+".to_owned(),
        (min, None) => format!("{{{min},}}"),
        (0, Some(max)) => format!("{{,{max}}}"),
        (min, Some(max)) if min == max => format!("{{{min}}}"),
        (min, Some(max)) => format!("{{{min},{max}}}"),
    }
}

impl Case {
    fn random(seed: u64) -> Self {
        let dice = &mut Dice(seed);
        let net = Net::random(dice);
        let selector = match dice.roll(9) {
            0 => Selector::Any(1 + dice.roll(3)),
            1 | 2 => Selector::AnyShortest,
            3 => Selector::AllShortest,
            4 | 5 => Selector::Shortest(1 + dice.roll(4)),
            6 => Selector::Groups(1 + dice.roll(2)),
            _ => Selector::All,
        };
        let modes =
            [Mode::Default, Mode::Default, Mode::Walk, Mode::Trail, Mode::Simple, Mode::Acyclic];
        let mode = modes[dice.roll(6) as usize];
        let bounds = |dice: &mut Dice| {
            let min = dice.roll(3);
            // The enumeration must end.
            let bounded = mode == Mode::Walk || dice.chance(2);
            (min, bounded.then(|| min.max(1) + dice.roll(2)))
        };
        let steps: Vec<Step> = (0..1 + dice.roll(3))
            .map(|_| match dice.roll(4) {
                0 => Step::Single(Hop::random(dice)),
                1 => {
                    let (min, max) = bounds(dice);
                    Step::Quantified(Hop::random(dice), dice.roll(2) as i64, min, max)
                }
                _ => {
                    let hops = (0..1 + dice.roll(2)).map(|_| Hop::random(dice)).collect();
                    let (min, max) = bounds(dice);
                    Step::Repeated(hops, dice.chance(2), min, max)
                }
            })
            .collect();
        let labels = (0..=steps.len()).map(|_| dice.chance(4)).collect();
        let selects = selector != Selector::All;
        let before = (selects && dice.chance(4)).then(|| dice.roll(3) as usize);
        let after = dice.chance(4).then(|| dice.roll(3) as usize);
        let bound = (dice.chance(3), dice.chance(3));
        Self { net, steps, labels, mode, selector, bound, before, after }
    }

    fn query(&self) -> String {
        let mut text = String::new();
        for (bound, end) in [(self.bound.0, 0), (self.bound.1, self.steps.len())] {
            if bound {
                let _ = write!(text, "MATCH (e{end}) ");
            }
        }
        let mode = match self.mode {
            Mode::Default => "",
            Mode::Walk => "WALK ",
            Mode::Trail => "TRAIL ",
            Mode::Simple => "SIMPLE ",
            Mode::Acyclic => "ACYCLIC ",
        };
        let selector = match self.selector {
            Selector::All => mode.to_owned(),
            Selector::Any(k) => format!("ANY {k} {mode}PATHS "),
            Selector::AnyShortest => format!("ANY SHORTEST {mode}"),
            Selector::AllShortest => format!("ALL SHORTEST {mode}PATHS "),
            Selector::Shortest(k) => format!("SHORTEST {k} {mode}"),
            Selector::Groups(k) => format!("SHORTEST {k} {mode}PATH GROUPS "),
        };
        let repeatable = if self.mode == Mode::Walk { "REPEATABLE ELEMENTS " } else { "" };
        let _ = write!(text, "MATCH {repeatable}p = {selector}");
        let mut lengths = Vec::new();
        let mut path = String::new();
        let mut items =
            vec!["[n IN nodes(p) | n.i]".to_owned(), "[r IN relationships(p) | r.i]".to_owned()];
        for at in 0..=self.steps.len() {
            let label = if self.labels[at] { ":L" } else { "" };
            let _ = write!(path, "(e{at}{label})");
            items.push(format!("[e{at}.i]"));
            let Some(step) = self.steps.get(at) else { break };
            match step {
                Step::Single(hop) => {
                    path.push_str(&hop.text(""));
                    lengths.push("1".to_owned());
                }
                Step::Quantified(hop, least, min, max) => {
                    let named = hop.text("").replacen('[', &format!("[r{at}"), 1);
                    let named = named.replacen(']', &format!(" WHERE r{at}.w >= {least}]"), 1);
                    path.push_str(&named);
                    path.push_str(&quantifier(*min, *max));
                    lengths.push(format!("size(r{at})"));
                }
                Step::Repeated(hops, rising, min, max) => {
                    let last = hops.len();
                    let _ = write!(path, "((x{at})");
                    for (number, hop) in hops.iter().enumerate() {
                        let name =
                            if number + 1 == last { format!("y{at}") } else { String::new() };
                        let _ = write!(path, "{}({name})", hop.text(""));
                    }
                    if *rising {
                        let _ = write!(path, " WHERE x{at}.v <= y{at}.v");
                    }
                    let _ = write!(path, "){}", quantifier(*min, *max));
                    items.push(format!("[n IN x{at} | n.i]"));
                    items.push(format!("[n IN y{at} | n.i]"));
                    lengths.push(format!("{last} * size(x{at})"));
                }
            }
        }
        let length = lengths.join(" + ");
        match self.before {
            Some(least) => {
                let _ = write!(text, "({path} WHERE {length} >= {least})");
            }
            None => text.push_str(&path),
        }
        if let Some(least) = self.after {
            let _ = write!(text, " WHERE {length} >= {least}");
        }
        let _ = write!(text, " RETURN e0.i AS s, e{}.i AS e, length(p) AS l, ", self.steps.len());
        let _ = write!(text, "{} AS k", items.join(" + [-1] + "));
        text
    }
}

/// A path on its way, and what it shows of itself.
#[derive(Clone)]
struct Track {
    nodes: Vec<usize>,
    links: Vec<usize>,
    /// The node after each step, and the first and last node of each repetition.
    joints: Vec<usize>,
    times: Vec<(Vec<usize>, Vec<usize>)>,
}

impl Case {
    /// All tracks that match, whatever is selected among them.
    fn tracks(&self) -> Vec<Track> {
        let mut found = Vec::new();
        for start in 0..self.net.nodes.len() {
            if self.labels[0] && !self.net.nodes[start].1 {
                continue;
            }
            let track =
                Track { nodes: vec![start], links: vec![], joints: vec![start], times: vec![] };
            self.extend(track, &mut found);
        }
        found
    }

    fn extend(&self, track: Track, found: &mut Vec<Track>) {
        let at = track.joints.len() - 1;
        let Some(step) = self.steps.get(at) else {
            found.push(track);
            return;
        };
        match step {
            Step::Single(hop) => {
                for track in self.walk(&track, std::slice::from_ref(hop)) {
                    self.arrive(track, (vec![], vec![]), found);
                }
            }
            Step::Quantified(hop, least, min, max) => {
                let allowed = |before: &Track, after: &Track| {
                    let new = &after.links[before.links.len()..];
                    new.iter().all(|link| self.net.links[*link].weight >= *least)
                };
                let hops = std::slice::from_ref(hop);
                self.repeat(track, hops, &allowed, (*min, *max), (vec![], vec![]), found);
            }
            Step::Repeated(hops, rising, min, max) => {
                let value = |track: &Track| self.net.nodes[*track.nodes.last().unwrap()].0;
                let allowed =
                    |before: &Track, after: &Track| !rising || value(before) <= value(after);
                self.repeat(track, hops, &allowed, (*min, *max), (vec![], vec![]), found);
            }
        }
    }

    fn repeat(
        &self,
        track: Track,
        hops: &[Hop],
        allowed: &dyn Fn(&Track, &Track) -> bool,
        (min, max): (u64, Option<u64>),
        times: (Vec<usize>, Vec<usize>),
        found: &mut Vec<Track>,
    ) {
        let count = times.0.len() as u64;
        if count >= min {
            self.arrive(track.clone(), times.clone(), found);
        }
        if max.is_some_and(|max| count >= max) {
            return;
        }
        for longer in self.walk(&track, hops).into_iter().filter(|longer| allowed(&track, longer)) {
            let mut times = times.clone();
            times.0.push(*track.nodes.last().unwrap());
            times.1.push(*longer.nodes.last().unwrap());
            self.repeat(longer, hops, allowed, (min, max), times, found);
        }
    }

    fn arrive(&self, mut track: Track, times: (Vec<usize>, Vec<usize>), found: &mut Vec<Track>) {
        let node = *track.nodes.last().unwrap();
        let at = track.joints.len();
        if self.labels[at] && !self.net.nodes[node].1 {
            return;
        }
        track.joints.push(node);
        track.times.push(times);
        self.extend(track, found);
    }

    fn walk(&self, track: &Track, hops: &[Hop]) -> Vec<Track> {
        let mut tracks = vec![track.clone()];
        for hop in hops {
            let mut longer = Vec::new();
            for track in tracks {
                for (link, node) in hop.from(&self.net, *track.nodes.last().unwrap()) {
                    let mut next = track.clone();
                    next.nodes.push(node);
                    next.links.push(link);
                    if self.may_be(&next) {
                        longer.push(next);
                    }
                }
            }
            tracks = longer;
        }
        tracks
    }

    /// Whether the newest link and node keep to the mode.
    fn may_be(&self, track: &Track) -> bool {
        let (last, before) = track.links.split_last().unwrap();
        let (node, nodes) = track.nodes.split_last().unwrap();
        let trail = self.mode == Mode::Walk || !before.contains(last);
        let distinct = |nodes: &[usize]| !nodes.contains(node);
        let nodes = match self.mode {
            Mode::Acyclic => distinct(nodes),
            // What has closed cannot go on.
            Mode::Simple => {
                let closed = nodes.len() > 1 && nodes.first() == nodes.last();
                !closed && distinct(&nodes[1..])
            }
            _ => true,
        };
        trail && nodes
    }

    /// What the query shows of a track.
    fn key(&self, track: &Track) -> String {
        let mut lists = vec![track.nodes.clone(), track.links.clone()];
        for (at, joint) in track.joints.iter().enumerate() {
            lists.push(vec![*joint]);
            if let Some(Step::Repeated(..)) = self.steps.get(at) {
                let (first, last) = track.times[at].clone();
                lists.extend([first, last]);
            }
        }
        let lists = lists.into_iter().map(|list| list.into_iter().map(|n| n as i64).collect());
        let lists: Vec<Vec<i64>> = lists.collect();
        format!("{:?}", lists.join(&-1))
    }

    /// Compares what the query gives with what the enumeration allows.
    fn check(&self, optimize: bool) -> Result<(), String> {
        let db = Database::in_memory_with(Options::default().optimize(optimize));
        db.execute(&self.net.create(), ()).map_err(|e| e.to_string())?;
        let query = self.query();
        let mut given: BTreeMap<(usize, usize), Vec<(usize, String)>> = BTreeMap::new();
        let rows = db.query(&query, ()).map_err(|e| format!("{query}: {e}"))?;
        for row in rows {
            let row = row.map_err(|e| format!("{query}: {e}"))?;
            let number = |at: usize| row.get::<i64>(at).unwrap() as usize;
            let key: Vec<i64> = row.get(3).unwrap();
            let pair = (number(0), number(1));
            given.entry(pair).or_default().push((number(2), format!("{key:?}")));
        }
        let mut all: BTreeMap<(usize, usize), Vec<(usize, String)>> = BTreeMap::new();
        for track in self.tracks() {
            let length = track.links.len();
            if self.before.is_none_or(|least| length >= least) {
                let pair = (track.joints[0], *track.joints.last().unwrap());
                all.entry(pair).or_default().push((length, self.key(&track)));
            }
        }
        let pairs: std::collections::BTreeSet<_> = all.keys().chain(given.keys()).collect();
        for pair in pairs {
            let mut all = all.get(pair).cloned().unwrap_or_default();
            let mut given = given.get(pair).cloned().unwrap_or_default();
            all.sort();
            given.sort();
            let wanted = self.wanted(&all);
            let kept = |list: &[(usize, String)]| -> Vec<(usize, String)> {
                let long = list.iter().filter(|(l, _)| self.after.is_none_or(|least| *l >= least));
                long.cloned().collect()
            };
            let same = match wanted {
                Ok(exact) => given == kept(&exact),
                // Any so many will do: their lengths are known, not which they are.
                Err(count) => {
                    let lengths = |list: &[(usize, String)]| -> Vec<usize> {
                        list.iter().map(|(length, _)| *length).collect()
                    };
                    let first: Vec<_> = all.iter().take(count).cloned().collect();
                    let mut rest = all.clone();
                    lengths(&given) == lengths(&kept(&first))
                        && given.iter().all(|path| {
                            let at = rest.iter().position(|other| other == path);
                            at.map(|at| rest.remove(at)).is_some()
                        })
                }
            };
            if !same {
                return Err(format!(
                    "{}\n{query}\noptimize {optimize}, {pair:?}\n given {given:?}\n   all {all:?}",
                    self.net.create()
                ));
            }
        }
        Ok(())
    }

    /// The paths that must be given of all between two nodes, or how many where it is free to choose.
    fn wanted(&self, all: &[(usize, String)]) -> Result<Vec<(usize, String)>, usize> {
        let of_lengths = |count: u64| {
            let mut lengths: Vec<usize> = all.iter().map(|(length, _)| *length).collect();
            lengths.dedup();
            lengths.truncate(count as usize);
            all.iter().filter(|(length, _)| lengths.contains(length)).cloned().collect()
        };
        match self.selector {
            Selector::All => Ok(all.to_vec()),
            Selector::AllShortest => Ok(of_lengths(1)),
            Selector::Groups(count) => Ok(of_lengths(count)),
            Selector::AnyShortest => Err(1),
            Selector::Any(count) | Selector::Shortest(count) => Err(count as usize),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn paths_are_those_of_an_enumeration(seed in any::<u64>()) {
        let case = Case::random(seed);
        for optimize in [true, false] {
            if let Err(difference) = case.check(optimize) {
                prop_assert!(false, "{}", difference);
            }
        }
    }
}

/// A net of nodes on a ring with chords: every node is a few steps from every other one.
fn ring(nodes: i64) -> Database {
    let db = Database::in_memory();
    db.execute(
        "UNWIND range(0, $n - 1) AS i CREATE (:N {i: i})",
        redstring::params! {"n" => nodes},
    )
    .unwrap();
    db.execute(
        "MATCH (n:N) WITH n ORDER BY n.i WITH collect(n) AS ns
         UNWIND range(0, size(ns) - 1) AS i UNWIND [1, 7, 301] AS by
         WITH ns[i] AS a, ns[(i + by) % size(ns)] AS b CREATE (a)-[:R]->(b)",
        (),
    )
    .unwrap();
    db
}

fn single(db: &Database, query: &str) -> Value {
    let rows = db.query(query, ()).unwrap_or_else(|e| panic!("{query}: {e}"));
    rows.single().unwrap_or_else(|e| panic!("{query}: {e}")).get(0).unwrap()
}

#[test]
fn the_number_of_paths_may_be_a_parameter() {
    let db = ring(50);
    let query = "MATCH p = SHORTEST $k (a:N {i: 0})-->+(b:N {i: 10}) RETURN count(p) AS c";
    let count = |k: i64| db.query(query, redstring::params! {"k" => k})?.single()?.get::<i64>(0);
    assert_eq!(count(3).unwrap(), 3);
    assert_eq!(count(0).unwrap_err().code(), "ArgumentError.NumberOutOfRange");
}

#[test]
fn shortest_paths_of_a_small_dense_net_are_found_between_any_two_nodes() {
    // As many nodes and relationships as the movies that Neo4j ships: the trails are too many to count.
    let (nodes, links) = (171_u64, 253);
    let dice = &mut Dice(5);
    let pairs: Vec<(u64, u64)> = (0..links)
        .map(|at| (dice.roll(38) + 133, if at < 133 { at } else { dice.roll(133) }))
        .collect();
    let db = Database::in_memory();
    let list: Vec<String> = pairs.iter().map(|(a, b)| format!("[{a}, {b}]")).collect();
    db.execute(&format!("UNWIND range(0, {}) AS i CREATE (:N {{i: i}})", nodes - 1), ()).unwrap();
    db.execute(
        &format!(
            "UNWIND [{}] AS pair MATCH (a:N {{i: pair[1]}}), (b:N {{i: pair[0]}}) CREATE (a)-[:R]->(b)",
            list.join(", ")
        ),
        (),
    )
    .unwrap();
    // Distances and numbers of shortest paths, by a breadth-first count.
    let mut near: Vec<Vec<u64>> = vec![Vec::new(); nodes as usize];
    for (a, b) in &pairs {
        near[*a as usize].push(*b);
        near[*b as usize].push(*a);
    }
    let mut expected: Vec<(i64, i64, i64, i64)> = Vec::new();
    for start in 0..4 {
        let mut known: BTreeMap<u64, (i64, i64)> = [(start, (0, 1))].into();
        let mut level = vec![start];
        for distance in 1.. {
            let mut next = Vec::new();
            for node in &level {
                let (_, ways) = known[node];
                for other in &near[*node as usize] {
                    let entry = known.entry(*other).or_insert_with(|| {
                        next.push(*other);
                        (distance, 0)
                    });
                    if entry.0 == distance {
                        entry.1 += ways;
                    }
                }
            }
            if next.is_empty() {
                break;
            }
            level = next;
        }
        let others = known.into_iter().filter(|(node, _)| *node != start);
        expected.extend(others.map(|(node, (d, ways))| (start as i64, node as i64, d, ways)));
    }
    for (all, one) in [
        ("allShortestPaths((a)-[*]-(b))", "shortestPath((a)-[*]-(b))"),
        ("ALL SHORTEST (a)-[:R]-+(b)", "ANY SHORTEST (a)--+(b)"),
    ] {
        let ask = |path: &str| {
            let query = format!(
                "MATCH (a:N), (b:N) WHERE a.i < 4 AND a.i <> b.i MATCH p = {path}
                 WITH a.i AS a, b.i AS b, length(p) AS l, count(p) AS c
                 RETURN a, b, l, c ORDER BY a, b"
            );
            let rows = db.query(&query, ()).unwrap();
            rows.map(|row| {
                let row = row.unwrap();
                let at = |column: usize| row.get::<i64>(column).unwrap();
                (at(0), at(1), at(2), at(3))
            })
            .collect::<Vec<_>>()
        };
        assert_eq!(ask(all), expected);
        let single: Vec<_> = expected.iter().map(|(a, b, d, _)| (*a, *b, *d, 1)).collect();
        assert_eq!(ask(one), single);
    }
}

#[test]
fn unbounded_searches_of_large_graphs_enumerate_no_paths() {
    // All of these would take longer than anyone waits, were paths enumerated.
    let db = ring(20_000);
    let ends = "MATCH (a:N {i: 0}), (b:N {i: 10}) ";
    for (query, answer) in [
        ("MATCH p = ANY SHORTEST (a)-[:R]->+(b) RETURN length(p)", 4),
        ("MATCH p = ALL SHORTEST (a)-[:R]->+(b) RETURN count(p)", 4),
        ("MATCH p = shortestPath((a)-[*]->(b)) RETURN length(p)", 4),
        ("MATCH p = allShortestPaths((a)-[*]->(b)) RETURN count(p)", 4),
        ("MATCH p = ALL SHORTEST (a)((x)-->(y) WHERE x.i < y.i)+(b) RETURN count(p)", 4),
        ("MATCH p = ANY SHORTEST (b)--+(a) RETURN length(p)", 4),
        ("MATCH p = SHORTEST 5 (a)-->+(b) RETURN count(p)", 5),
        ("MATCH p = ANY ACYCLIC PATHS (a)-->*(b) RETURN count(p)", 1),
        ("MATCH p = ANY SHORTEST (a)-->+(c)-->+(b) RETURN length(p)", 4),
    ] {
        assert_eq!(single(&db, &format!("{ends}{query}")), Value::Integer(answer), "{query}");
    }
    // Nodes may have to repeat.
    let query = format!("{ends}MATCH p = shortestPath((a)-[*5..]->(b)) RETURN length(p)");
    assert_eq!(single(&db, &query), Value::Integer(10));
    // From one node to all others.
    let query = "MATCH p = ANY SHORTEST (a:N {i: 0})-[:R]->+(b) RETURN count(p)";
    assert_eq!(single(&db, query), Value::Integer(20_000));
}
