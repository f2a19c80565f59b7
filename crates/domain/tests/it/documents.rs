//! Documents that say what a test proves name tests that are there.

use crate::sources::{files, root};

/// Documents whose tables end in a column of tests.
const WITH_TESTS: &[&str] = &["docs/security.md", "docs/compliance.md"];

/// Texts between backticks in the last cell of each row of a table that is headed "Tests".
fn named(document: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_table = false;
    for line in document.lines() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        let Some(last) = cells.last().filter(|_| line.starts_with('|')) else {
            is_table = false;
            continue;
        };
        if is_table {
            names.extend(last.split('`').skip(1).step_by(2).map(str::to_owned));
        }
        is_table |= *last == "Tests";
    }
    names
}

#[test]
fn every_test_that_a_document_names_is_there() {
    let mut tests: Vec<String> = files(&root().join("crates"), &|name| name.ends_with(".rs"))
        .into_iter()
        .flat_map(|file| {
            let functions = file.text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            functions.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    for file in files(&root().join("console"), &|name| name.ends_with(".spec.ts") || name.contains(".test.ts")) {
        tests.extend(file.text.split("test('").skip(1).filter_map(|rest| rest.split('\'').next()).map(str::to_owned));
    }
    let mut missing = Vec::new();
    for path in WITH_TESTS {
        let document = std::fs::read_to_string(root().join(path)).expect("the document is there");
        let names = named(&document);
        assert!(names.len() > 20, "{path} names {} tests", names.len());
        missing.extend(names.into_iter().filter(|name| !tests.contains(name)).map(|name| format!("{path}: {name}")));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
