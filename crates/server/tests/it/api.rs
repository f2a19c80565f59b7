//! The API as its guide shows it, and what holds of all its addresses.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::{ADMIN, Home, Server};

const GUIDE: &str = include_str!("../../../../docs/guides/api.md");
const GUIDE_ZH: &str = include_str!("../../../../docs/guides/api.zh-CN.md");

/// Language and text of every example.
fn examples(guide: &str) -> Vec<(&str, &str)> {
    guide.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect()
}

/// All examples as one program in Python, in which those for the shell are started.
fn program(examples: &[(&str, &str)]) -> String {
    let mut all = String::from("import subprocess\n");
    for (language, text) in examples {
        match *language {
            "python" => all.push_str(&format!("{text}\n")),
            "sh" => {
                let script = json!(format!("set -euo pipefail\n{text}"));
                all.push_str(&format!("subprocess.run([\"bash\", \"-c\", {script}], check=True)\n"));
            }
            other => panic!("nothing runs {other:?}"),
        }
    }
    all
}

#[test]
fn the_examples_of_the_guide_run_as_they_stand() {
    let all = examples(GUIDE);
    assert_eq!(all, examples(GUIDE_ZH), "both languages show the same");
    assert!(all.len() >= 8, "{all:?}");
    let home = Home::new();
    let server = Server::start(&home);
    let program = program(&all).replace("127.0.0.1:7700", &server.address);
    let permissions = [
        "imports.run",
        "imports.read",
        "profiles.list",
        "profiles.read",
        "profiles.tag",
        "segments.read",
        "segments.write",
        "tags.read",
        "tags.write",
        "exports.make",
        "figures.read",
        "data.refresh",
        "views.use",
    ];
    let mut add = vec!["api-key", "add", "guide", "--owner", ADMIN];
    permissions.iter().for_each(|one| add.extend(["--permission", one]));
    let key = home.run(&add);
    assert!(key.status.success(), "{}", String::from_utf8_lossy(&key.stderr));
    let mut python = Command::new("python3");
    python.env("ZHIKE_API_KEY", String::from_utf8(key.stdout).unwrap().trim());
    python.arg("-").current_dir(home.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = python.spawn().unwrap();
    running.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_read_is_answered_by_304_until_it_changes() {
    let home = Home::new();
    let server = Server::start(&home);
    let tag_of = |head: &str| {
        let line = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("etag: ").map(str::to_owned));
        line.unwrap_or_default()
    };
    let (status, head, body) = server.request("GET", "/api/v1/segments", &[], b"");
    let tag = tag_of(&head);
    assert!(status == 200 && !body.is_empty() && !tag.is_empty(), "{head}");
    assert!(head.to_ascii_lowercase().contains("cache-control: no-store"), "browsers keep nothing: {head}");
    let again = |tag: &str| server.request("GET", "/api/v1/segments", &[("If-None-Match", tag)], b"");
    let (status, head, body) = again(&tag);
    assert_eq!((status, body.len(), tag_of(&head)), (304, 0, tag.clone()));
    assert_eq!(again("\"other\"").0, 200);
    let rule = json!({"all": [{"measure": {"of": "orders"}, "op": "ge", "value": 1}]});
    assert_eq!(server.post("/api/v1/segments", &json!({"name": "a", "rule": rule})).0, 200);
    assert_eq!(again(&tag).0, 200);
}

#[test]
fn a_write_with_a_key_is_done_once() {
    let home = Home::new();
    let server = Server::start(&home);
    let rule = json!({"all": [{"measure": {"of": "orders"}, "op": "ge", "value": 1}]});
    let write = |key: &str, body: &serde_json::Value| {
        let headers = [("X-Zhike-Request", "1"), ("Content-Type", "application/json"), ("Idempotency-Key", key)];
        let (status, head, body) = server.request("POST", "/api/v1/segments", &headers, body.to_string().as_bytes());
        (status, head.to_ascii_lowercase().contains("idempotency-replayed: true"), body)
    };
    let new = json!({"name": "a", "rule": rule});
    // At the same time too.
    let answers: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| write("k1", &new))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| !answer.1).count(), 1);
    assert!(answers.iter().all(|answer| answer.0 == 200 && answer.2 == answers[0].2));
    assert_eq!(server.get("/api/v1/segments").1["items"].as_array().map(Vec::len), Some(1));
    // Another request under the key; a refusal is an answer as well; a key of no use.
    let other = json!({"name": "b", "rule": rule});
    assert_eq!(write("k1", &other).0, 409);
    let wrong = json!({"name": "c", "rule": {"all": [{"trait": "none", "op": "eq", "value": 1}]}});
    assert_eq!((write("k2", &wrong).0, write("k2", &wrong).1), (422, true));
    assert_eq!((write("", &other).0, write(&"x".repeat(300), &other).0), (400, 400));
    assert_eq!(server.get("/api/v1/segments").1["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn too_many_identities_and_unknown_kinds_are_refused() {
    let home = Home::new();
    let server = Server::start(&home);
    let many = vec![json!({"value": "1"}); 1_001];
    let (status, answer) = server.post("/api/v1/profiles/lookup", &json!({"identities": many}));
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("bad_request")), "{answer}");
    let wrong = json!({"identities": [{"value": "1"}, {"kind": "telepathy", "value": "1"}]});
    let (status, answer) = server.post("/api/v1/profiles/lookup", &wrong);
    assert!(
        status == 400 && answer["error"]["message"].as_str().unwrap().starts_with("/identities/1/kind"),
        "{answer}"
    );
}
