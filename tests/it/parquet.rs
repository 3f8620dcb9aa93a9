//! Parquet as other programs write it, what is wrong with some, and damage.

use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{BrotliLevel, Compression as Codec, GzipLevel, ZstdLevel};
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{
    ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;
use redstring::Database;
use redstring::interchange::{
    Compression, ExportOptions, Format, ImportOptions, NodeFiles, RelationshipFiles,
};

use crate::import::{Files, assert_sound, everything, place, rows};

/// The values of a leaf, with definition and repetition levels where it has them.
enum Leaf {
    Int(Vec<i32>, Option<Vec<i16>>),
    Long(Vec<i64>, Option<Vec<i16>>),
    Double(Vec<f64>, Option<Vec<i16>>),
    Old(Vec<Int96>),
    IntList(Vec<i32>, Vec<i16>, Vec<i16>),
    /// Integers in lists that are empty.
    Nested,
    Text(Vec<&'static str>, Option<Vec<i16>>, Option<Vec<i16>>),
}

/// Writes a file of one group.
fn write(path: &Path, schema: &str, leaves: &[Leaf]) -> PathBuf {
    let schema = parse_message_type(&format!("message m {{ {schema}; }}").replace("};", "}"));
    write_as(path, schema.unwrap(), leaves)
}

/// As `write`; the language of schemas has no names such as headers do.
fn write_as(path: &Path, schema: Type, leaves: &[Leaf]) -> PathBuf {
    write_with(path, schema, WriterProperties::default(), leaves)
}

fn write_with(path: &Path, schema: Type, how: WriterProperties, leaves: &[Leaf]) -> PathBuf {
    let schema = Arc::new(schema);
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(how)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for leaf in leaves {
        let mut column = group.next_column().unwrap().unwrap();
        let written = match leaf {
            Leaf::Int(values, levels) => {
                column.typed::<Int32Type>().write_batch(values, levels.as_deref(), None)
            }
            Leaf::Long(values, levels) => {
                column.typed::<Int64Type>().write_batch(values, levels.as_deref(), None)
            }
            Leaf::Double(values, levels) => {
                column.typed::<DoubleType>().write_batch(values, levels.as_deref(), None)
            }
            Leaf::IntList(values, levels, repeated) => {
                column.typed::<Int32Type>().write_batch(values, Some(levels), Some(repeated))
            }
            Leaf::Nested => column.typed::<Int32Type>().write_batch(&[], Some(&[0]), Some(&[0])),
            Leaf::Old(values) => column.typed::<Int96Type>().write_batch(values, None, None),
            Leaf::Text(values, levels, repeated) => {
                let values: Vec<ByteArray> = values.iter().map(|text| (*text).into()).collect();
                let writer = column.typed::<ByteArrayType>();
                writer.write_batch(&values, levels.as_deref(), repeated.as_deref())
            }
        };
        written.unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    path.to_owned()
}

const PERSONS: &str = "required int32 id; optional binary name (UTF8); optional int32 born (DATE); \
    required int64 seen (TIMESTAMP(NANOS,false)); required int64 at (TIMESTAMP_MILLIS); \
    required int32 price (DECIMAL(9,2)); required int96 old; \
    optional group tags (LIST) { repeated group list { optional binary element (UTF8); } }";

fn persons() -> [Leaf; 8] {
    let mut old = Int96::new();
    old.set_data(0, 0, 2_440_589);
    [
        Leaf::Int(vec![1, 2, 3], None),
        Leaf::Text(vec!["Ada", ""], Some(vec![1, 0, 1]), None),
        Leaf::Int(vec![-1], Some(vec![1, 0, 0])),
        Leaf::Long(vec![1, -1, 0], None),
        Leaf::Long(vec![1500, 0, -1], None),
        Leaf::Int(vec![12_345, -5, 0], None),
        Leaf::Old(vec![old; 3]),
        Leaf::Text(vec!["x", "y"], Some(vec![3, 3, 1, 0]), Some(vec![0, 1, 0, 0])),
    ]
}

#[test]
fn plain_files_are_mapped() {
    let files = Files::new();
    let persons = write(&files.path("persons.parquet"), PERSONS, &persons());
    let follows = write(
        &files.path("follows.parquet"),
        "required int64 from; required binary to (UTF8); optional double weight",
        &[
            Leaf::Long(vec![1, 2], None),
            Leaf::Text(vec!["3", "1"], None, None),
            Leaf::Double(vec![f64::INFINITY], Some(vec![0, 1])),
        ],
    );
    let options = ImportOptions::default()
        .nodes(NodeFiles::new([&persons]).label("Person").id("id"))
        .relationships(
            RelationshipFiles::new([&follows])
                .relationship_type("FOLLOWS")
                .from("from:Person.id")
                .to("to:Person.id"),
        );
    let db = Database::in_memory();
    db.import(&options).unwrap();
    assert_sound(&db);
    assert_eq!(
        rows(
            &db,
            "MATCH (p:Person) RETURN p.id, p.name, toString(p.born), toString(p.seen), \
             toString(p.at), p.price, toString(p.old), p.tags ORDER BY p.id"
        ),
        [
            "1 | 'Ada' | '1969-12-31' | '1970-01-01T00:00:00.000000001' | '1970-01-01T00:00:01.5Z' | 123.45 | \
             '1970-01-02T00:00' | ['x', 'y']",
            "2 | null | null | '1969-12-31T23:59:59.999999999' | '1970-01-01T00:00Z' | -0.05 | \
             '1970-01-02T00:00' | []",
            "3 | '' | null | '1970-01-01T00:00' | '1969-12-31T23:59:59.999Z' | 0.0 | \
             '1970-01-02T00:00' | null",
        ]
    );
    assert_eq!(
        rows(&db, "MATCH (a)-[f:FOLLOWS]->(b) RETURN a.id, b.id, f.weight ORDER BY a.id"),
        ["1 | 3 | null", "2 | 1 | Infinity"]
    );
}

#[test]
fn names_of_columns_are_read_as_headers() {
    let files = Files::new();
    let field = |name: &str, physical, repetition| {
        let text = (physical == Physical::BYTE_ARRAY).then_some(LogicalType::String);
        let field = Type::primitive_type_builder(name, physical).with_repetition(repetition);
        Arc::new(field.with_logical_type(text).build().unwrap())
    };
    let fields = vec![
        field("key:ID(P)", Physical::BYTE_ARRAY, Repetition::REQUIRED),
        field(":LABEL", Physical::BYTE_ARRAY, Repetition::REQUIRED),
        field("at:point", Physical::BYTE_ARRAY, Repetition::OPTIONAL),
        field("size:double", Physical::INT32, Repetition::REQUIRED),
        field("tags:long[]", Physical::BYTE_ARRAY, Repetition::REQUIRED),
        field("x:IGNORE", Physical::INT32, Repetition::REQUIRED),
    ];
    let nodes = write_as(
        &files.path("n.parquet"),
        Type::group_type_builder("m").with_fields(fields).build().unwrap(),
        &[
            Leaf::Text(vec!["a", "b"], None, None),
            Leaf::Text(vec!["A;B", ""], None, None),
            Leaf::Text(vec!["{x: 1, y: 2}"], Some(vec![1, 0]), None),
            Leaf::Int(vec![1, 2], None),
            Leaf::Text(vec!["1;2", ""], None, None),
            Leaf::Int(vec![1, 2], None),
        ],
    );
    let db = Database::in_memory();
    db.import(&ImportOptions::default().nodes(NodeFiles::new([nodes]))).unwrap();
    assert_eq!(
        rows(
            &db,
            "MATCH (n) RETURN labels(n), n.key, n.at.x, n.size, n.tags, size(keys(n)) ORDER BY n.key"
        ),
        ["['A', 'B'] | 'a' | 1.0 | 1.0 | [1, 2] | 4", "[] | 'b' | null | 2.0 | [] | 3"]
    );
}

#[test]
fn what_is_wrong_has_a_place() {
    let files = Files::new();
    let nodes = |name: &str, schema: &str, leaves: &[Leaf]| {
        let file = write(&files.path(name), schema, leaves);
        ImportOptions::default().nodes(NodeFiles::new([file]).label("P").id("id"))
    };
    let ids = || Leaf::Int(vec![1, 2, 1], None);
    let db = Database::in_memory();
    let fails = |options: &ImportOptions| {
        let error = db.import(options).unwrap_err();
        assert_eq!(rows(&db, "MATCH (n) RETURN count(*)"), ["0"]);
        place(&error)
    };
    let twice = nodes("twice.parquet", "required int32 id", &[ids()]);
    assert_eq!(fails(&twice), "twice.parquet:3:1: there is a node `1` already");
    let list = "required int32 id; optional group l (LIST) { repeated group list { optional int32 element; } }";
    let null = nodes(
        "null.parquet",
        &list.replace("int32 element", "binary element (UTF8)"),
        &[Leaf::Int(vec![1, 2], None), Leaf::Text(vec!["x"], Some(vec![3, 2]), Some(vec![0, 0]))],
    );
    assert_eq!(fails(&null), "null.parquet:2:2: `l`: a list holds null");
    let large = nodes(
        "large.parquet",
        "required int32 id; required int64 n (UINT_64)",
        &[Leaf::Int(vec![1], None), Leaf::Long(vec![-1], None)],
    );
    assert_eq!(
        fails(&large),
        "large.parquet:1:2: `n`: 18446744073709551615 is beyond 64-bit integers"
    );
    let map = "required group m (MAP) { repeated group key_value { required int32 key; required int32 value; } }";
    let lists = "required group s { required group l (LIST) { repeated group list { required group element \
        { required int32 a; required int32 b; } } } }";
    let deep = format!("{} required int32 a; required int32 b;", "required group g {".repeat(40));
    let deep = format!("{deep} {}", "}".repeat(40));
    for (name, nested, expected) in [
        ("map", map, "of the column `m`, it is a map, and no property can be"),
        (
            "lists",
            lists,
            "of the column `s.l`, it is a list of lists or of structures, and no property can be",
        ),
        ("deep", &deep, "it is nested too deep"),
    ] {
        let ones = || Leaf::Int(vec![1], None);
        let levels = |name: &str| match name {
            "deep" => ones(),
            // An empty one.
            _ => Leaf::Nested,
        };
        let leaves = [ones(), levels(name), levels(name)];
        let schema = format!("required int32 id; {nested}");
        let nested = nodes(&format!("{name}.parquet"), &schema, &leaves);
        let error = db.import(&nested).unwrap_err();
        assert!(error.message().ends_with(expected), "{error}");
        assert!(error.help_text().is_some_and(|help| help.starts_with("Write the file without")));
    }
    let more =
        write(&files.path("more.parquet"), "required double id", &[Leaf::Double(vec![4.0], None)]);
    let both = NodeFiles::new([files.path("twice.parquet"), more]).label("P").id("id");
    let options = ImportOptions::default().nodes(both).skip_duplicate_nodes(true);
    assert!(fails(&options).contains("more.parquet`: its columns are not those of the first"));
    let text = files.add("text.parquet", "no such thing");
    let options = ImportOptions::default().nodes(NodeFiles::new([text]));
    assert!(fails(&options).contains("text.parquet`: "));
    let ends = write(
        &files.path("ends.parquet"),
        "required int32 a; required int32 b",
        &[Leaf::Int(vec![1, 2], None), Leaf::Int(vec![2, 9], None)],
    );
    let table = RelationshipFiles::new([ends]).relationship_type("R").from("a:P.id").to("b:P.id");
    let options = twice.skip_duplicate_nodes(true).relationships(table);
    assert_eq!(fails(&options), "ends.parquet:2:2: the end, node `9` of `P.id`, is not there");
    let summary = db.import(&options.bad_tolerance(1)).unwrap();
    assert_eq!((summary.nodes, summary.relationships, summary.bad_rows), (2, 1, 1));
}

fn parquet() -> ExportOptions {
    ExportOptions::default().format(Format::by_name("parquet").unwrap())
}

#[test]
fn structures_become_columns_of_their_parts() {
    let files = Files::new();
    let schema = "required int32 id; optional group at { required int32 x; optional group in { \
        optional binary name (UTF8); optional group tags (LIST) { repeated group list { required binary item (UTF8); } } } \
        repeated int32 old; }; required group key { required int32 n; }";
    let file = write(
        &files.path("structures.parquet"),
        &schema.replace("};", "}"),
        &[
            Leaf::Int(vec![1, 2, 3, 4], None),
            // The second has no structure, the third none within, the fourth no parts.
            Leaf::Int(vec![10, 30, 40], Some(vec![1, 0, 1, 1])),
            Leaf::Text(vec!["a"], Some(vec![3, 0, 1, 2]), None),
            Leaf::Text(vec!["x", "y"], Some(vec![4, 4, 0, 1, 3]), Some(vec![0, 1, 0, 0, 0])),
            Leaf::IntList(vec![7, 8], vec![2, 2, 0, 1, 1], vec![0, 1, 0, 0, 0]),
            Leaf::Int(vec![1, 2, 3, 4], None),
        ],
    );
    let db = Database::in_memory();
    let nodes = NodeFiles::new([file]).label("S").id("key.n");
    db.import(&ImportOptions::default().nodes(nodes)).unwrap();
    assert_sound(&db);
    assert_eq!(
        rows(
            &db,
            "MATCH (s:S) RETURN s.id, s.`at.x`, s.`at.in.name`, s.`at.in.tags`, s.`at.old`, s.`key.n` \
             ORDER BY s.id"
        ),
        [
            "1 | 10 | 'a' | ['x', 'y'] | [7, 8] | 1",
            "2 | null | null | null | null | 2",
            "3 | 30 | null | null | [] | 3",
            "4 | 40 | null | [] | [] | 4",
        ]
    );
}

#[test]
fn every_compression_is_read() {
    let files = Files::new();
    let expected = {
        let db = Database::in_memory();
        let plain = write(&files.path("plain.parquet"), PERSONS, &persons());
        db.import(&ImportOptions::default().nodes(NodeFiles::new([plain]).label("P"))).unwrap();
        everything(&db)
    };
    for codec in [
        Codec::SNAPPY,
        Codec::GZIP(GzipLevel::default()),
        Codec::BROTLI(BrotliLevel::default()),
        Codec::LZ4,
        Codec::LZ4_RAW,
        Codec::ZSTD(ZstdLevel::default()),
    ] {
        let properties = WriterProperties::builder().set_compression(codec).build();
        let schema = parse_message_type(&format!("message m {{ {PERSONS} }}")).unwrap();
        let path = files.path("compressed.parquet");
        write_with(&path, schema, properties, &persons());
        let db = Database::in_memory();
        db.import(&ImportOptions::default().nodes(NodeFiles::new([path]).label("P"))).unwrap();
        assert_eq!(everything(&db), expected, "{codec:?}");
    }
}

#[test]
fn groups_and_batches_are_joined() {
    let files = Files::new();
    let db = Database::in_memory();
    let create = "UNWIND range(1, 70000) AS i CREATE (a:A {i: i, s: 's' + i % 100})";
    db.execute(create, ()).unwrap();
    db.execute("MATCH (a:A) WHERE a.i % 3 = 0 CREATE (a)-[:R {w: a.i / 2.0}]->(a)", ()).unwrap();
    let sums = "MATCH (a:A) OPTIONAL MATCH (a)-[r:R]->(b) \
                RETURN count(*), sum(a.i), count(DISTINCT a.s), count(r), sum(r.w + b.i)";
    let expected = rows(&db, sums);
    for compression in [None, Some(Compression::Gzip), Some(Compression::Zstandard)] {
        let folder = files.path(&format!("{compression:?}"));
        let options = compression.into_iter().fold(parquet(), ExportOptions::compression);
        db.export(&folder, &options).unwrap();
        for threads in [1, 3] {
            let copy = Database::in_memory();
            copy.import(&ImportOptions::default().graph(&folder).threads(threads)).unwrap();
            assert_eq!(rows(&copy, sums), expected);
        }
    }
}

#[test]
fn damage_is_an_error_or_changes_nothing() {
    let files = Files::new();
    let db = Database::in_memory();
    db.execute("UNWIND range(1, 9) AS i CREATE (:A {i: i, s: 'text ' + i, l: [i, 2]})", ())
        .unwrap();
    let folder = files.path("graph");
    db.export(&folder, &parquet()).unwrap();
    let table = folder.join("nodes-A.parquet");
    let whole = fs::read(&table).unwrap();
    let import = || {
        let copy = Database::in_memory();
        let imported = copy.import(&ImportOptions::default().graph(&folder));
        imported.map(|_| copy)
    };
    assert_eq!(everything(&import().unwrap()), everything(&db));
    for length in (0..whole.len()).step_by(41) {
        fs::write(&table, &whole[..length]).unwrap();
        assert!(import().is_err(), "{length}");
    }
    // What is flipped in the data, which has no checksums, may be other data; it never is a panic.
    let mut errors = 0;
    for at in (0..whole.len()).step_by(17) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&table, bytes).unwrap();
        errors += usize::from(import().is_err());
    }
    assert!(errors > 10, "{errors}");
}
