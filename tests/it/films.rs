//! A graph of films and those who made them, in one CREATE as introductions to graph databases ship it: it loads, and any
//! two of its nodes are connected at once. The names are made up.

use std::collections::{BTreeMap, VecDeque};

use redstring::Database;

const FILMS: usize = 38;
const PEOPLE: usize = 133;
const RELATIONSHIPS: usize = 253;

/// The statement, and the ends of its relationships by the place of the node in it: films first.
fn statement() -> (String, Vec<(usize, usize)>) {
    let mut text = String::from("CREATE ");
    for film in 0..FILMS {
        let year = 1960 + film * 3 % 55;
        text += &format!(
            "(film{film}:Film {{title: 'The {film}. Voyage', released: {year}, tagline: \"It's film no. {film}\"}}),\n"
        );
    }
    for person in 0..PEOPLE {
        let born = 1920 + person * 7 % 70;
        text +=
            &format!("(p{person}:Person {{name: 'Person O\\'Number {person}', born: {born}}}),\n");
    }
    let mut links = Vec::new();
    let mut patterns = Vec::new();
    for number in 0..RELATIONSHIPS {
        // Each person made a film, each film was made with others, so that all hang together.
        let (person, film) = match number {
            0..PEOPLE => (number, number % FILMS),
            _ => (number * 13 % PEOPLE, (number * 5 + number / FILMS) % FILMS),
        };
        let kind = ["ACTED_IN", "DIRECTED", "PRODUCED", "WROTE"][number % 4];
        let properties = match kind {
            "ACTED_IN" => format!(" {{roles: ['Role {number}', 'Other']}}"),
            _ => String::new(),
        };
        patterns.push(format!("(p{person})-[:{kind}{properties}]->(film{film})"));
        links.push((FILMS + person, film));
    }
    text += &patterns.join(",\n");
    (text, links)
}

/// The distance of every node from one of them, by a search of its own.
fn distances(from: usize, links: &[(usize, usize)]) -> Vec<Option<i64>> {
    let mut near: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (a, b) in links {
        near.entry(*a).or_default().push(*b);
        near.entry(*b).or_default().push(*a);
    }
    let mut found = vec![None; FILMS + PEOPLE];
    found[from] = Some(0);
    let mut open = VecDeque::from([from]);
    while let Some(at) = open.pop_front() {
        for next in near.get(&at).into_iter().flatten() {
            if found[*next].is_none() {
                found[*next] = found[at].map(|distance| distance + 1);
                open.push_back(*next);
            }
        }
    }
    found
}

#[test]
fn it_loads_and_any_two_nodes_are_connected_at_once() {
    let db = Database::in_memory();
    let (text, links) = statement();
    let created = db.execute(&text, ()).unwrap().counters();
    assert_eq!(created.nodes_created, 171);
    assert_eq!(created.relationships_created, 253);
    // All pairs: 14,535 of them.
    let pairs = "MATCH (a), (b) WHERE id(a) < id(b)
                 OPTIONAL MATCH path = shortestPath((a)-[*]-(b))
                 RETURN id(a), id(b), length(path)";
    let mut count = 0;
    let mut expected = (usize::MAX, Vec::new());
    for row in db.query(pairs, ()).unwrap().tuples::<(i64, i64, Option<i64>)>() {
        let (a, b, length) = row.unwrap();
        if expected.0 != a as usize {
            expected = (a as usize, distances(a as usize, &links));
        }
        assert_eq!(length, expected.1[b as usize], "{a} to {b}");
        count += 1;
    }
    assert_eq!(count, 171 * 170 / 2);
    // The one between two people, as people ask it.
    let asked = "MATCH path = shortestPath((a:Person {name: $a})-[*]-(b:Person {name: $b})) RETURN length(path)";
    let parameters = redstring::params! {"a" => "Person O'Number 3", "b" => "Person O'Number 99"};
    let length: i64 = db.query(asked, parameters).unwrap().single().unwrap().get(0).unwrap();
    assert_eq!(Some(length), distances(FILMS + 3, &links)[FILMS + 99]);
}
