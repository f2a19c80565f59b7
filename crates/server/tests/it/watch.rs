//! Budgets, approvals and the audit trail over HTTP.

use std::collections::BTreeSet;
use std::sync::Barrier;

use serde_json::{Value, json};

use crate::access::hire;
use crate::support::{ADMIN, Home, Server};

fn load(home: &Home, n: usize) {
    let mut text = String::from("订单编号,会员号,手机号,下单时间,实付金额,订单状态\n");
    for at in 0..n {
        text.push_str(&format!("T{at},M{at},138{:08},2026-01-02 10:00:00,100.00,交易成功\n", 10_000_000 + at));
    }
    let file = home.file("orders.csv", text);
    assert!(home.run(&["import", file.to_str().unwrap(), "--as", "orders"]).status.success());
}

fn set_budget(server: &Server, change: impl FnOnce(&mut Value)) {
    let mut budgets = server.get("/api/v1/budgets").1;
    change(&mut budgets);
    let (status, answer) = server.send("PUT", "/api/v1/budgets", &budgets);
    assert_eq!(status, 200, "{answer}");
}

/// 64 pages asked for at once, by each of these in turn: of a budget of a hundred no row too many is given.
fn pages_at_once(server: &Server, by: &[(&str, &str)]) {
    let barrier = Barrier::new(64);
    let rows: Vec<(u16, usize)> = std::thread::scope(|scope| {
        let one = |at: usize| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                let path = format!("/api/v1/profiles?limit={}", 7 + at % 5);
                let (status, _, body) = server.request("GET", &path, &[by[at % by.len()]], b"");
                let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                (status, body["items"].as_array().map_or(0, Vec::len))
            })
        };
        let all: Vec<_> = (0..64).map(one).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let given: usize = rows.iter().map(|(_, n)| n).sum();
    assert!((80..=100).contains(&given), "{given} rows of 100");
    assert!(rows.iter().any(|(status, _)| *status == 429), "{rows:?}");
    assert!(rows.iter().all(|(status, n)| *n == 0 || *status == 200), "a refusal holds no rows");
}

/// INV-GUARD-1 and 4: 64 requests at once, by several ways, get together not a row more than the budget holds; the session
/// has ended and the incident is open when the first refusal has been read.
#[test]
fn parallel_requests_take_no_row_too_many() {
    let home = Home::new();
    load(&home, 60);
    let server = Server::start(&home);
    let ann = hire(&server, "ann", &["analyst"]);
    set_budget(&server, |budgets| budgets["roles"]["analyst"]["rows"] = json!({"per_minute": null, "per_day": 100}));
    let key = server.request_as(
        &ann,
        "POST",
        "/api/v1/api-keys",
        &json!({"name": "k", "permissions": ["profiles.list"], "days": 1}),
    );
    let bearer = format!("Bearer {}", key.2["key"].as_str().unwrap());
    let by = [("Cookie", ann.as_str()), ("Authorization", bearer.as_str())];
    pages_at_once(&server, &by);
    // Session and key are gone.
    assert_eq!(server.request_as(&ann, "GET", "/api/v1/session", &json!({})).0, 401);
    assert_eq!(server.request("GET", "/api/v1/profiles?limit=1", &[("Authorization", &bearer)], b"").0, 401);
    let incidents = server.get("/api/v1/incidents").1;
    // Whoever set the budgets may have done so outside working hours, which is another incident.
    let over: Vec<&Value> =
        incidents["items"].as_array().unwrap().iter().filter(|one| one["kind"] == "over_budget").collect();
    assert_eq!((over.len(), over[0]["actor"].as_str()), (1, Some("ann")), "{incidents}");
    let refused = server.get("/api/v1/audit?action=guard.over_budget&who=ann").1;
    assert!(!refused["items"].as_array().unwrap().is_empty());
}

/// INV-GUARD-5: the same of a class of data, by pages, queries and look-ups at once; who shows none of it goes on.
#[test]
fn parallel_requests_take_no_class_too_many() {
    let home = Home::new();
    load(&home, 60);
    let server = Server::start(&home);
    let (ann, ben) = (hire(&server, "ann", &["analyst"]), hire(&server, "ben", &["analyst"]));
    set_budget(&server, |budgets| {
        budgets["roles"]["analyst"]["class.identity"] = json!({"per_minute": null, "per_day": 100});
    });
    pages_at_once(&server, &[("Cookie", ann.as_str())]);
    assert_eq!(server.request_as(&ann, "GET", "/api/v1/session", &json!({})).0, 401);
    // What is used of a class is told, and a budget of no class is refused.
    let uses = server.get("/api/v1/budgets/uses").1;
    let used =
        uses["items"].as_array().unwrap().iter().find(|one| one["user"] == "ann" && one["meter"] == "class.identity");
    assert_eq!(used.unwrap()["per_day"], 100, "{uses}");
    assert_eq!(server.request_as(&ben, "GET", "/api/v1/profiles?limit=50", &json!({})).0, 200, "another's budget");
    let mut budgets = server.get("/api/v1/budgets").1;
    budgets["roles"]["analyst"]["class.secrets"] = json!({"per_minute": null, "per_day": 1});
    assert_eq!(server.send("PUT", "/api/v1/budgets", &budgets).0, 400);
}

/// A file of many people: asked for, approved by another, made once, in an archive.
#[test]
fn a_large_export_waits_for_a_second_person() {
    let home = Home::new();
    load(&home, 30);
    let server = Server::start(&home);
    let ann = hire(&server, "ann", &["analyst"]);
    let sec = hire(&server, "sec", &["security_admin"]);
    set_budget(&server, |budgets| budgets["export_rows"] = json!(10));
    let empty = json!({});
    let export = json!({"what": "customers", "format": "csv", "purpose": "service", "rule": {"all": []}});
    let (status, _, answer) = server.request_as(&ann, "POST", "/api/v1/exports", &export);
    assert_eq!(status, 400, "a reason is needed: {answer}");
    let mut export = export;
    export["reason"] = json!("quarterly care");
    let (status, _, asked) = server.request_as(&ann, "POST", "/api/v1/exports", &export);
    assert_eq!((status, &asked["export_id"]), (202, &Value::Null), "{asked}");
    let id = asked["approval_id"].as_str().unwrap();
    let decide = format!("/api/v1/approvals/{id}/decide");
    let make = format!("/api/v1/approvals/{id}/export");
    assert_eq!(server.request_as(&ann, "POST", &decide, &json!({"approve": true})).0, 403);
    assert_eq!(server.request_as(&ann, "POST", &make, &empty).0, 403, "not yet");
    assert_eq!(server.request_as(&sec, "GET", "/api/v1/approvals", &empty).2["n_mine"], 1);
    let (status, _, decided) = server.request_as(&sec, "POST", &decide, &json!({"approve": true}));
    assert_eq!((status, &decided["status"], &decided["n_rows"]), (200, &json!("approved"), &json!(30)), "{decided}");
    let (status, _, made) = server.request_as(&ann, "POST", &make, &empty);
    assert_eq!(status, 202, "{made}");
    assert_eq!(made["password"].as_str().unwrap().len(), 20);
    let path = format!("/api/v1/exports/{}", made["export_id"].as_str().unwrap());
    let job = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let job = server.request_as(&ann, "GET", &path, &empty).2;
        (job["state"] != "waiting" && job["state"] != "writing").then_some(job)
    });
    let job = job.unwrap();
    assert_eq!((&job["state"], &job["rows_done"]), (&json!("done"), &json!(30)), "{job}");
    assert!(job["file_name"].as_str().unwrap().ends_with(".csv.zip"));
    let by_ann = [("Cookie", ann.as_str())];
    assert_eq!(server.request("HEAD", &format!("{path}/file"), &by_ann, b"").0, 400, "that would use it up");
    let (status, head, file) = server.request("GET", &format!("{path}/file"), &by_ann, b"");
    assert!(status == 200 && head.contains("application/zip"), "{head}");
    assert!(file.starts_with(b"PK\x03\x04") && !file.windows(4).any(|part| part == b"138*"), "sealed");
    assert_eq!(server.request_as(&ann, "GET", &format!("{path}/file"), &empty).0, 404, "once");
    assert_eq!(server.request_as(&ann, "POST", &make, &empty).0, 409, "once");
    for action in ["approval.ask", "approval.approve", "approval.use", "export.create"] {
        let found = server.get(&format!("/api/v1/audit?action={action}")).1;
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{action}");
    }
}

/// INV-APPROVAL-2: a rule that was changed since is another export; and what waits names nobody.
#[test]
fn what_was_approved_is_what_is_exported() {
    let home = Home::new();
    load(&home, 30);
    let server = Server::start(&home);
    let ann = hire(&server, "ann", &["analyst"]);
    let sec = hire(&server, "sec", &["security_admin"]);
    set_budget(&server, |budgets| budgets["export_rows"] = json!(10));
    let empty = json!({});
    let bought = |n: u32| json!({"all": [{"measure": {"of": "orders"}, "op": "ge", "value": n}]});
    let new = json!({"name": "buyers", "rule": bought(0)});
    let (status, _, segment) = server.request_as(&ann, "POST", "/api/v1/segments", &new);
    assert_eq!(status, 200, "{segment}");
    let segment = segment["segment_id"].as_str().unwrap();
    let rule = json!({"all": [{"segment": segment, "op": "in"}]});
    let export = |rule: &Value| {
        let reason = "complaint of 13812345678";
        json!({"what": "customers", "format": "csv", "purpose": "service", "rule": rule, "reason": reason})
    };
    let approved = || {
        let (status, _, asked) = server.request_as(&ann, "POST", "/api/v1/exports", &export(&rule));
        assert_eq!(status, 202, "{asked}");
        let id = asked["approval_id"].as_str().unwrap().to_owned();
        let decide = format!("/api/v1/approvals/{id}/decide");
        let (status, _, one) = server.request_as(&sec, "POST", &decide, &json!({"approve": true}));
        assert_eq!((status, &one["format"]), (200, &json!("csv")), "{one}");
        assert!(!one["columns"].as_array().unwrap().is_empty() && !one["reason"].to_string().contains("13812345678"));
        format!("/api/v1/approvals/{id}/export")
    };
    let first = approved();
    assert_eq!(server.request_as(&ann, "POST", &first, &empty).0, 202);
    let second = approved();
    let path = format!("/api/v1/segments/{segment}");
    let (status, _, changed) = server.request_as(&ann, "PATCH", &path, &json!({"version": 1, "rule": bought(1)}));
    assert_eq!(status, 200, "{changed}");
    let (status, _, refused) = server.request_as(&ann, "POST", &second, &empty);
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("conflict")), "{refused}");
    // It was not used up by that: whoever asks again for what it is now has it approved again.
    let all = server.request_as(&ann, "GET", "/api/v1/approvals", &empty).2;
    assert_eq!(all["items"].as_array().unwrap().iter().filter(|one| one["status"] == "approved").count(), 1, "{all}");
    let by_name = json!({"all": [{"trait": "city", "op": "eq", "value": "13812345678"}]});
    let named = export(&json!({"any": [by_name, rule]}));
    let (status, _, refused) = server.request_as(&ann, "POST", "/api/v1/exports", &named);
    assert_eq!(status, 400, "{refused}");
    let stored = std::fs::read_dir(home.path().join("data")).unwrap().flatten().filter(|entry| entry.path().is_file());
    for entry in stored {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(11).any(|part| part == b"13812345678"), "{:?}", entry.path());
    }
}

/// The driver keeps a list of its own of what it did, and finds each of it in the trail, by whom and on what.
#[test]
fn whatever_was_done_stands_in_the_trail() {
    let home = Home::new();
    load(&home, 3);
    let server = Server::start(&home);
    let mut done: Vec<(&str, &str, String)> = Vec::new();
    let ann = hire(&server, "ann", &["analyst"]);
    let svc = hire(&server, "svc", &["service"]);
    let empty = json!({});
    let people = server.get("/api/v1/profiles?limit=1").1;
    let person = people["items"][0]["profile_id"].as_str().unwrap().to_owned();
    let user =
        server.request_as(&ann, "GET", "/api/v1/session", &empty).2["user"]["user_id"].as_str().unwrap().to_owned();
    for who in ["ann", "svc"] {
        done.push((ADMIN, "user.create", String::new()));
        done.push((who, "account.sign_in", String::new()));
        done.push((who, "account.password", String::new()));
    }
    // By whom, method, path, body, status, action, subject.
    let profile = format!("/api/v1/profiles/{person}");
    let acts: Vec<(&str, &str, String, Value, u16, &str, String)> = vec![
        ("svc", "POST", format!("{profile}/reveal"), json!({"reason": "call"}), 200, "profile.unmask", person.clone()),
        ("svc", "GET", profile.clone(), empty.clone(), 200, "profile.open", person.clone()),
        (
            "svc",
            "POST",
            "/api/v1/profiles/search".into(),
            json!({"value": "13810000001"}),
            200,
            "profile.find",
            "profiles".into(),
        ),
        ("svc", "GET", "/api/v1/segments".into(), empty.clone(), 403, "access.denied", "GET /api/v1/segments".into()),
        (
            "ann",
            "POST",
            format!("{profile}/reveal"),
            json!({"reason": "x"}),
            403,
            "access.denied",
            "POST /api/v1/profiles/{profile_id}/reveal".into(),
        ),
        ("ann", "GET", "/api/v1/audit".into(), empty.clone(), 403, "access.denied", "GET /api/v1/audit".into()),
        (
            "ann",
            "POST",
            "/api/v1/views".into(),
            json!({"page": "customers", "name": "v", "state": {}}),
            0,
            "views.use",
            "POST /api/v1/views".into(),
        ),
        (
            "ann",
            "POST",
            "/api/v1/segments".into(),
            json!({"spec": {}}),
            0,
            "segments.write",
            "POST /api/v1/segments".into(),
        ),
        (
            "ann",
            "POST",
            "/api/v1/segments".into(),
            json!({"spec": {}}),
            0,
            "access.failed",
            "POST /api/v1/segments".into(),
        ),
        ("ann", "POST", "/api/v1/tags/packs".into(), empty.clone(), 0, "", String::new()),
        (ADMIN, "PATCH", format!("/api/v1/users/{user}"), json!({"roles": ["operator"]}), 0, "", String::new()),
        (ADMIN, "POST", format!("/api/v1/users/{user}/unlock"), empty.clone(), 0, "user.unlock", user.clone()),
        (ADMIN, "POST", format!("/api/v1/users/{user}/reset"), empty.clone(), 0, "user.reset", user.clone()),
    ];
    for (who, method, path, body, wanted, action, subject) in acts {
        let cookie = match who {
            "ann" => ann.as_str(),
            "svc" => svc.as_str(),
            _ => server.cookie.as_str(),
        };
        let (status, _, answer) = server.request_as(cookie, method, &path, &body);
        assert!(wanted == 0 || status == wanted, "{method} {path}: {status} {answer}");
        if !action.is_empty() {
            done.push((who, action, subject));
        }
    }
    let wrong = json!({"name": ADMIN, "password": "Wrong-horse-8-x"});
    assert_eq!(server.anonymous("POST", "/api/v1/session", &wrong).0, 401);
    done.push(("anonymous", "account.refused", String::new()));
    assert_eq!(server.request_as(&svc, "DELETE", "/api/v1/session", &empty).0, 204);
    done.push(("svc", "account.sign_out", String::new()));

    let trail = server.get("/api/v1/audit?limit=500").1;
    let found: BTreeSet<(String, String, String)> = (trail["items"].as_array().unwrap().iter())
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            (text("actor"), text("action"), text("subject"))
        })
        .collect();
    for (who, action, subject) in done {
        let stands =
            found.iter().any(|(by, what, on)| by == who && what == action && (subject.is_empty() || *on == subject));
        assert!(stands, "{who} {action} {subject} is not in {found:#?}");
    }
    // No value in the clear, of a person or a secret, stands in it.
    let text = trail.to_string();
    assert!(!text.contains("13810000001") && !text.contains("Wrong-horse"));
    let state = server.get("/api/v1/audit/verify").1;
    assert_eq!((&state["whole"], &state["flaws"]), (&json!(true), &json!([])), "{state}");
}

/// A trail that was changed is told by the command, and its exit code.
#[test]
fn the_command_verifies_and_lists() {
    let home = Home::new();
    load(&home, 2);
    let anchor = home.path().join("roots.log");
    let anchor = anchor.to_str().unwrap();
    assert!(home.run(&["--audit-anchor", anchor, "sql", "SELECT 1"]).status.success());
    let listed = home.json(&["audit", "list", "--action", "sql"]);
    assert_eq!(listed[0]["detail"]["text"], "SELECT 1");
    let found = home.json(&["audit", "verify", "--anchor", anchor]);
    assert_eq!((&found["whole"], found["n_anchored"].as_i64() >= Some(1)), (&json!(true), true), "{found}");
    let script = "import sqlite3,sys\ndb=sqlite3.connect(sys.argv[1])\ndb.execute(\"UPDATE audit SET actor='x' WHERE seq=1\")\ndb.commit()";
    let changed =
        std::process::Command::new("python3").args(["-c", script]).arg(home.path().join("data/state.db")).status();
    assert!(changed.unwrap().success());
    let output = home.run(&["audit", "verify"]);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("changed ✗") && said.contains("#1 link"), "{said}");
}
