//! Acts that the program writes into the audit trail have words for those who read it, and no others have.

use zhike_domain::access::{Permission, act_words, acts as worded};

use crate::sources::{files, root};

/// Names of acts between quotation marks: areas that others use too are told apart by what they are given to.
fn acts(text: &str) -> Vec<String> {
    let recorders = ["record(", "note(", "audit_with(", "entry("];
    let mut found = Vec::new();
    for recorder in recorders {
        for (at, _) in text.match_indices(recorder) {
            let arguments = text[at + recorder.len()..].split(';').next().unwrap_or_default();
            let names = arguments.split('"').skip(1).step_by(2);
            let is_act = |name: &&str| {
                name.split_once('.').is_some_and(|(area, act)| {
                    [area, act]
                        .iter()
                        .all(|word| !word.is_empty() && word.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()))
                })
            };
            found.extend(names.filter(is_act).map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_act_of_the_trail_has_words() {
    let written: Vec<String> = ["crates/engine/src", "crates/server/src"]
        .into_iter()
        .flat_map(|folder| files(&root().join(folder), &|name| name.ends_with(".rs")))
        .flat_map(|file| acts(&file.text))
        .collect();
    assert!(written.len() > 40, "{written:?}");
    let strange: Vec<&String> = written.iter().filter(|act| act_words(act).is_none()).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

/// Words of acts that were never written would be offered to whoever filters the trail. One that only earlier releases
/// wrote is to be named here.
#[test]
fn every_act_with_words_is_written() {
    let sources: Vec<String> = ["crates/engine/src", "crates/server/src"]
        .into_iter()
        .flat_map(|folder| files(&root().join(folder), &|name| name.ends_with(".rs")))
        .map(|file| file.text)
        .collect();
    let is_written = |act: &str| {
        let quoted = format!("\"{act}\"");
        // What became of an incident is put together where it is written.
        act.starts_with("incident.") || sources.iter().any(|text| text.contains(&quoted))
    };
    let named = worded().into_iter().map(|act| act.0).filter(|act| Permission::parse(act).is_none());
    let never: Vec<&str> = named.filter(|act| !is_written(act)).collect();
    assert!(never.is_empty(), "{never:?}");
}
