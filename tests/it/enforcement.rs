//! The example: it loads, loading it again changes nothing, and its questions have their answers.

use std::path::Path;
use std::process::Command;

fn example(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/enforcement");
    folder.join(file).to_string_lossy().into_owned()
}

fn redstring(store: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_redstring"))
        .arg(store)
        .args(arguments)
        .output()
        .expect("the command starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).expect("results are UTF-8")
}

#[test]
fn the_questions_have_their_answers() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("campaign.redstring");
    let (graph, questions) = (example("graph.cypher"), example("questions.cypher"));
    let answers = redstring(&store, &["-f", &graph, "-f", &questions]);
    let file = example("answers.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
        std::fs::write(&file, &answers).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap();
    assert_eq!(answers, expected, "set UPDATE_GOLDEN=1 to rewrite {file}, then review it");

    // Loaded once more, from segments this time, and asked again.
    let again = redstring(&store, &["-c", ":checkpoint", "-f", &graph, "-f", &questions]);
    assert_eq!(again, expected);
}

#[test]
fn there_are_at_least_25_questions() {
    let text = std::fs::read_to_string(example("questions.cypher")).unwrap();
    let numbered = text.lines().filter(|line| {
        line.strip_prefix("// ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    assert!(numbered.count() >= 25);
}

#[test]
fn no_sentence_of_the_article_is_copied() {
    // The article itself is not part of the repository; where it lies beside it, compare.
    let article = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seed/article.txt");
    let Ok(article) = std::fs::read_to_string(article) else { return };
    let graph = std::fs::read_to_string(example("graph.cypher")).unwrap().to_lowercase();
    let body = article.lines().skip(1).collect::<Vec<_>>().join(" ").to_lowercase();
    let words: Vec<&str> = body.split_whitespace().collect();
    for window in words.windows(9) {
        let passage = window.join(" ");
        assert!(!graph.contains(&passage), "copied: {passage}");
    }
}
