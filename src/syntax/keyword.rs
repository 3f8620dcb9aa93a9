//! The words with a meaning of their own.
//!
//! Owns one table, read by highlighting, completion and error messages. Any of them may name a label, a
//! type or a property key; the reserved ones name a variable only in backticks.

/// A word with a meaning of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyword {
    /// The word in capitals.
    pub word: &'static str,
    /// Whether a variable of that name needs backticks.
    pub reserved: bool,
    /// Whether a clause begins with it.
    pub clause: bool,
}

const fn reserved(word: &'static str) -> Keyword {
    Keyword { word, reserved: true, clause: false }
}

const fn free(word: &'static str) -> Keyword {
    Keyword { word, reserved: false, clause: false }
}

const fn clause(word: &'static str, reserved: bool) -> Keyword {
    Keyword { word, reserved, clause: true }
}

/// Every keyword, in alphabetical order.
pub const KEYWORDS: &[Keyword] = &[
    free("ACYCLIC"),
    free("ALL"),
    free("ALLREDUCE"),
    free("ALLSHORTESTPATHS"),
    reserved("AND"),
    free("ANY"),
    free("ARRAY"),
    reserved("AS"),
    free("ASC"),
    free("ASCENDING"),
    free("BINDINGS"),
    free("BOTH"),
    free("BREAK"),
    free("BY"),
    clause("CALL", false),
    reserved("CASE"),
    free("COLLECT"),
    free("CONCURRENT"),
    free("CONSTRAINT"),
    free("CONSTRAINTS"),
    reserved("CONTAINS"),
    free("CONTINUE"),
    free("COUNT"),
    clause("CREATE", true),
    free("CSV"),
    free("CURRENT"),
    free("CYPHER"),
    clause("DELETE", true),
    free("DESC"),
    free("DESCENDING"),
    clause("DETACH", true),
    free("DIFFERENT"),
    reserved("DISTINCT"),
    clause("DROP", false),
    free("EACH"),
    free("ELEMENT"),
    free("ELEMENTS"),
    reserved("ELSE"),
    free("END"),
    reserved("ENDS"),
    free("ERROR"),
    free("EXECUTABLE"),
    free("EXISTS"),
    free("EXPLAIN"),
    free("FAIL"),
    reserved("FALSE"),
    free("FIELDTERMINATOR"),
    clause("FILTER", false),
    clause("FINISH", false),
    free("FOR"),
    clause("FOREACH", false),
    free("FROM"),
    free("FULLTEXT"),
    free("FUNCTIONS"),
    free("GROUP"),
    free("GROUPS"),
    free("HEADERS"),
    free("IF"),
    reserved("IN"),
    free("INDEX"),
    free("INDEXES"),
    clause("INSERT", false),
    reserved("IS"),
    free("JSON"),
    free("KEY"),
    free("LEADING"),
    clause("LET", false),
    reserved("LIMIT"),
    free("LIST"),
    clause("LOAD", false),
    free("LOOKUP"),
    clause("MATCH", true),
    clause("MERGE", true),
    free("NEXT"),
    free("NFC"),
    free("NFD"),
    free("NFKC"),
    free("NFKD"),
    free("NODE"),
    clause("NODETACH", false),
    free("NONE"),
    free("NORMALIZED"),
    reserved("NOT"),
    reserved("NULL"),
    free("OF"),
    free("OFFSET"),
    free("ON"),
    clause("OPTIONAL", true),
    free("OPTIONS"),
    reserved("OR"),
    free("ORDER"),
    free("PATH"),
    free("PATHS"),
    free("POINT"),
    free("PROCEDURES"),
    free("PROFILE"),
    free("RANGE"),
    free("REDUCE"),
    free("RELATIONSHIP"),
    free("RELATIONSHIPS"),
    clause("REMOVE", true),
    free("REPEATABLE"),
    free("REPORT"),
    free("REQUIRE"),
    free("RETRY"),
    clause("RETURN", true),
    free("ROW"),
    free("ROWS"),
    clause("SET", true),
    free("SHORTEST"),
    free("SHORTESTPATH"),
    clause("SHOW", false),
    free("SIMPLE"),
    free("SINGLE"),
    reserved("SKIP"),
    reserved("STARTS"),
    free("STATUS"),
    free("TEXT"),
    reserved("THEN"),
    free("TRAIL"),
    free("TRAILING"),
    free("TRANSACTIONS"),
    reserved("TRUE"),
    free("TYPED"),
    reserved("UNION"),
    free("UNIQUE"),
    clause("UNWIND", true),
    clause("USE", false),
    free("VALUE"),
    free("VECTOR"),
    free("WALK"),
    reserved("WHEN"),
    reserved("WHERE"),
    clause("WITH", true),
    reserved("XOR"),
    free("YIELD"),
];

/// The longest word of the table, in bytes.
const LONGEST: usize = 16;

/// The keyword that a word is, in any case.
pub fn keyword(word: &str) -> Option<&'static Keyword> {
    if word.len() > LONGEST || !word.is_ascii() {
        return None;
    }
    let upper = word.to_ascii_uppercase();
    let at = KEYWORDS.binary_search_by(|keyword| keyword.word.cmp(&upper)).ok()?;
    KEYWORDS.get(at)
}

/// Whether a variable of that name needs backticks.
pub fn is_reserved(word: &str) -> bool {
    keyword(word).is_some_and(|keyword| keyword.reserved)
}
