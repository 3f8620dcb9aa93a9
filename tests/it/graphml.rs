//! GraphML as other programs write it, and what is wrong with some.

use std::fs;

use redstring::Database;
use redstring::interchange::{ExportOptions, ImportOptions};

use crate::import::{Files, everything, rows};

fn document(content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n{content}\n</graphml>\n"
    )
}

fn import(content: &str) -> Database {
    let files = Files::new();
    let db = Database::in_memory();
    let file = files.add("g.graphml", document(content));
    db.import(&ImportOptions::default().graph(file)).unwrap();
    db
}

const EDGES: &str = "MATCH (a)-[r]->(b) RETURN coalesce(a.name, a.id), type(r), properties(r), coalesce(b.name, b.id)";

#[test]
fn the_form_of_apoc_is_read() {
    let db = import(
        r#"<key id="labels" for="node" attr.name="labels"/>
        <key id="name" for="node" attr.name="name" attr.type="string"/>
        <key id="kids" for="node" attr.name="kids" attr.type="string" attr.list="string"/>
        <key id="sizes" for="node" attr.name="sizes" attr.type="string" attr.list="double"/>
        <key id="age" for="node" attr.name="age" attr.type="int"/>
        <key id="label" for="edge" attr.name="label"/>
        <key id="name" for="edge" attr.name="name" attr.type="long"/>
        <graph id="G" edgedefault="directed">
        <node id="n0" labels=":User:Actor"><data key="labels">:User:Actor</data><data key="name">Ad&lt;am&#13;&#x1f980;</data>
        <data key="age"> 42 </data><data key="kids">["Sam","An\"na"]</data><data key="sizes">[1, 2.5]</data></node>
        <node id="n1" labels=":User"><data key="labels">:User</data><data key="name"><![CDATA[<J&im>]]></data></node>
        <edge id="e0" source="n0" target="n1" label="KNOWS"><data key="label">KNOWS</data><data key="name">7</data></edge>
        </graph>"#,
    );
    let query = "MATCH (u:User) RETURN labels(u), u.name, u.age, u.kids, u.sizes ORDER BY u.name";
    assert_eq!(
        rows(&db, query),
        [
            "['User'] | '<J&im>' | null | null | null",
            "['User', 'Actor'] | 'Ad<am\\r\u{1f980}' | 42 | ['Sam', 'An\"na'] | [1.0, 2.5]",
        ]
    );
    assert_eq!(rows(&db, EDGES), ["'Ad<am\\r\u{1f980}' | 'KNOWS' | {name: 7} | '<J&im>'"]);
}

#[test]
fn plain_graphs_are_read() {
    // As NetworkX writes it: all that a node is may stand in its id. Keys may have defaults.
    let db = import(
        r#"<key id="d0" for="node" attr.name="color" attr.type="string"><default>yellow</default></key>
        <key id="d1" for="edge" attr.name="weight" attr.type="double"/>
        <key id="d2" for="edge" attr.name="label" attr.type="string"/>
        <key id="d3" for="node" attr.name="seen" attr.type="boolean"/>
        <graph edgedefault="undirected"><data key="d9">about the graph</data>
          <node id="Ada"/><node id="Bob"><data key="d0"/><data key="d3">TRUE</data></node>
          <edge source="Ada" target="Bob"><data key="d1">1.5</data></edge>
          <edge source="Bob" target="Ada"><data key="d2">likes</data><data key="d1"/></edge>
        </graph>"#,
    );
    assert_eq!(
        rows(&db, "MATCH (n) RETURN n.id, labels(n), n.color, n.seen ORDER BY n.id"),
        ["'Ada' | [] | 'yellow' | null", "'Bob' | [] | '' | true"]
    );
    assert_eq!(
        rows(&db, &format!("{EDGES} ORDER BY type(r)")),
        ["'Ada' | 'RELATED' | {weight: 1.5} | 'Bob'", "'Bob' | 'likes' | {} | 'Ada'"]
    );
}

#[test]
fn groups_ports_and_drawings_are_read_as_far_as_they_mean_a_graph() {
    // As yEd writes it: an edge before its nodes, nodes within nodes, data that are drawings.
    let db = import(
        r#"<key id="d0" for="node" yfiles.type="nodegraphics"/><key id="d1" for="edge" yfiles.type="edgegraphics"/>
        <key id="d2" for="port" yfiles.type="portgraphics"/><key id="d3" attr.name="size" attr.type="int"/>
        <graph id="G" edgedefault="directed">
          <edge id="e0" source="n0::n0" target="n1"><data key="d1"><y:Line><y:EdgeLabel>to<y:Model>x</y:Model></y:EdgeLabel>
            <y:EdgeLabel>again</y:EdgeLabel></y:Line></data></edge>
          <node id="n0"><data key="d0"><y:Box><y:Fill color="red"/><y:NodeLabel> Group </y:NodeLabel></y:Box></data>
            <graph id="n0:"><node id="n0::n0"><port name="p"><data key="d3">9</data></port><data key="d3">3</data></node></graph>
            <data key="d3">5</data></node>
          <node id="n1"/>
        </graph>"#,
    );
    assert_eq!(
        rows(&db, "MATCH (n) RETURN n.id, n.label, n.size ORDER BY n.id"),
        ["'n0' | 'Group' | 5", "'n0::n0' | null | 3", "'n1' | null | null"]
    );
    assert_eq!(rows(&db, EDGES), ["'n0::n0' | 'RELATED' | {label: 'to'} | 'n1'"]);
}

#[test]
fn what_is_wrong_has_a_place() {
    let node = "<node id=\"a\"/>";
    let cases = [
        ("<graph><node id=\"a\"></graph>", "3:21: no XML: "),
        ("<graph><node/></graph>", "3:8: a node has no `id`"),
        (
            "<key id=\"d\" attr.name=\"n\" attr.type=\"int\"/>\n<graph><node id=\"a\">\n<data key=\"d\">x</data></node></graph>",
            "4:8: data `n`: `x` is not an int",
        ),
        ("<graph><node id=\"a\"><data key=\"d\"/></node></graph>", "3:8: no key `d` of nodes is"),
        ("<key id=\"d\" attr.type=\"flaot\"/>", "3:1: `flaot` is no type of a key; did you mean"),
        (&format!("<graph>{node}{node}</graph>"), "there is a node `a` already"),
        (&format!("<graph>{node}<edge source=\"a\"/></graph>"), "no `source` or no `target`"),
        (
            &format!("<graph>{node}<edge source=\"a\" target=\"b\"/></graph>"),
            "the end, node `b`, is not there",
        ),
        ("<graph><hyperedge/></graph>", "two ends, a hyperedge more"),
        ("<graph>&nothing;</graph>", "3:8: `&nothing;` stands for nothing"),
    ];
    let files = Files::new();
    for (content, expected) in cases {
        let file = files.add("g.graphml", document(content));
        let db = Database::in_memory();
        let error = db.import(&ImportOptions::default().graph(&file)).unwrap_err();
        assert_eq!(error.code(), "UsageError.InvalidRow", "{content}");
        assert!(error.message().contains(expected), "{content}: {error}");
        assert_eq!(rows(&db, "MATCH (n) RETURN count(*)"), ["0"], "{content}");
    }
    let whole = document("<graph><node id=\"a\"/></graph>");
    let others = [
        ("", "it has no element"),
        ("<html/>", "it begins with `html`"),
        (whole.trim_end().strip_suffix("</graphml>").unwrap(), "it ends within an element"),
        ("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><graphml/>", "in `ISO-8859-1`"),
    ];
    for (text, expected) in others {
        let file = files.add("g.graphml", text);
        let error = Database::in_memory().import(&ImportOptions::default().graph(&file));
        let error = error.unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
    // Bad nodes and edges can be passed over, as bad rows can.
    let file = files.add("g.graphml", document(&format!("<graph>{node}{node}<node/></graph>")));
    let options = ImportOptions::default().graph(&file).bad_tolerance(2);
    let summary = Database::in_memory().import(&options).unwrap();
    assert_eq!((summary.nodes, summary.bad_rows), (1, 2));
}

#[test]
fn what_xml_cannot_hold_is_json() {
    let files = Files::new();
    let db = Database::in_memory();
    db.execute(
        "CREATE ({text: '\\u0001', other: '\\uFFFE', `a\tb`: [0.0 / 0.0], `k\u{1}`: 1})-[:`x:\n`]->(:`:`:`a:b`), \
         ({texts: ['\\uFFFF']})-[:`r\u{ffff}` {``: 1}]->(:``:`l\u{fffe}`)-[:``]->()",
        (),
    )
    .unwrap();
    let file = files.path("g.graphml");
    db.export(&file, &ExportOptions::default()).unwrap();
    let copy = Database::in_memory();
    copy.import(&ImportOptions::default().graph(&file)).unwrap();
    assert_eq!(everything(&copy), everything(&db));
    let text = fs::read_to_string(&file).unwrap();
    let unlike_xml =
        |c: char| (c < ' ' && !"\t\n\r".contains(c)) || matches!(c, '\u{fffe}' | '\u{ffff}');
    assert_eq!(text.find(unlike_xml), None);
    for part in [
        r#"attr.name="&quot;k\u0001&quot;" redstring:name="&quot;k\u0001&quot;""#,
        r#"label="&quot;r\uffff&quot;" redstring:label="&quot;r\uffff&quot;""#,
        r#"labels="::&quot;l\ufffe&quot;" redstring:labels="[&quot;&quot;,&quot;l\ufffe&quot;]""#,
        r#"label="" redstring:label="&quot;&quot;""#,
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Of the two, ours must be JSON.
    for own in ["name", "label"] {
        let broken =
            text.replace(&format!("redstring:{own}=\"&quot;"), &format!("redstring:{own}=\""));
        let file = files.add("broken.graphml", broken);
        let error = Database::in_memory().import(&ImportOptions::default().graph(&file));
        assert!(error.unwrap_err().to_string().contains("is no name in JSON"), "{own}");
    }
}
