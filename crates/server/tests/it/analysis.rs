//! Behaviour over HTTP and by command: numbers, the people behind them, and the segment made of them.

use serde_json::{Value, json};

use crate::support::{Home, Server};

const EVENTS: &str = "event_id,event,occurred_at,member_id,channel,session_id\n\
                      e1,view,2026-01-02 10:00:00,M1,web,s1\n\
                      e2,cart,2026-01-02 10:05:00,M1,web,s1\n\
                      e3,view,2026-01-03 10:00:00,M2,app,s2\n\
                      e4,help,2026-01-03 10:02:00,M2,app,s2\n\
                      e5,view,2026-01-04 10:00:00,M3,app,s3\n\
                      e6,view,2026-02-09 10:00:00,M3,app,s4\n";
const ORDERS: &str = "order_id,member_id,ordered_at,amount,status,channel\n\
                      T1,M1,2026-01-02 11:00:00,900.00,completed,web\n\
                      T2,M1,2026-02-03 10:00:00,50.5,completed,app\n\
                      T3,M2,2026-02-04 10:00:00,9.99,completed,app\n\
                      T4,M3,2026-02-10 10:00:00,9.99,completed,web\n";

fn shop(home: &Home) {
    for (name, text, entity) in [("events.csv", EVENTS, "events"), ("orders.csv", ORDERS, "orders")] {
        home.json(&["import", home.file(name, text).to_str().unwrap(), "--as", entity]);
    }
}

#[test]
fn behaviour_is_asked_over_http() {
    let home = Home::new();
    shop(&home);
    let server = Server::start(&home);
    let view = json!({ "of": "events", "where": [{ "field": "event", "op": "eq", "value": "view" }] });
    let funnel = json!({ "steps": [view, { "of": "orders" }], "window": { "n": 2, "unit": "day" },
        "from": "2026-01-01", "to": "2026-02-10", "breakdown": { "field": "channel" } });
    let (status, answer) = server.post("/api/v1/analysis/funnel", &funnel);
    assert_eq!(status, 200, "{answer}");
    // M3 began too late once, and in time before.
    assert_eq!((&answer["steps"][0]["n"], &answer["steps"][1]["n"]), (&json!(3), &json!(1)), "{answer}");
    assert_eq!((&answer["steps"][1]["lost"], &answer["worst_step"]), (&json!(2), &json!(2)));
    assert_eq!(
        answer["groups"][0],
        json!({ "part": { "kind": "value", "value": "app" }, "steps": [2, 0] }),
        "{answer}"
    );
    assert!(answer["head"]["meaning_zh"].as_str().unwrap().contains("少了 2 人"), "{}", answer["head"]);
    let instead: Vec<(&Value, &Value)> =
        answer["instead"].as_array().unwrap().iter().map(|one| (&one["kind"], &one["n"])).collect();
    assert_eq!(instead, [(&json!("event"), &json!(1)), (&json!("nothing"), &json!(1))], "{answer}");
    let behind = |part: Value| {
        let body = json!({ "analysis": "funnel", "spec": funnel, "part": part });
        server.post("/api/v1/analysis/people", &body)
    };
    let (status, page) = behind(json!({ "step": 2, "lost": true }));
    assert_eq!((status, &page["total"], page["items"].as_array().map(Vec::len)), (200, &json!(2), Some(2)), "{page}");
    let (_, page) = behind(json!({ "step": 1, "group": { "value": "app" } }));
    assert_eq!(page["total"], json!(2), "{page}");
    assert_eq!(behind(json!({ "step": 3 })).0, 400);
    assert_eq!(behind(json!({ "stage": 1 })).0, 400);
    let body = json!({ "analysis": "funnel", "spec": funnel, "part": { "step": 2, "lost": true }, "name": "看了没买" });
    let (status, segment) = server.post("/api/v1/analysis/segment", &body);
    assert_eq!((status, &segment["name"], &segment["kind"]), (200, &json!("看了没买"), &json!("list")), "{segment}");
    assert_eq!(server.post("/api/v1/analysis/segment", &body).0, 409);
    let (status, wrong) = server.post("/api/v1/analysis/funnel", &json!({ "steps": [view] }));
    assert_eq!((status, &wrong["error"]["code"]), (422, &json!("invalid_analysis")), "{wrong}");
    assert_eq!(wrong["error"]["problems"][0]["pointer"], json!("/steps"), "{wrong}");

    let retention = json!({ "start": { "of": "orders" }, "by": "month", "first_time": true, "periods": 2, "from": "2026-01-01", "to": "2026-02-10" });
    let (status, answer) = server.post("/api/v1/analysis/retention", &retention);
    assert_eq!(status, 200, "{answer}");
    let cohorts = &answer["groups"][0]["cohorts"];
    assert_eq!((&cohorts[0]["period"], &cohorts[0]["n"]), (&json!("2026-01"), &json!(1)), "{answer}");
    // February is not over: blank, not 0.
    assert_eq!((&cohorts[0]["cells"][1], &cohorts[1]["n"]), (&Value::Null, &json!(2)), "{answer}");

    let life = json!({ "activity": { "of": "orders" }, "by": "month", "from": "2026-01-01", "to": "2026-02-10" });
    let (_, answer) = server.post("/api/v1/analysis/lifecycle", &life);
    let row = &answer["rows"][1];
    assert_eq!(
        (&row["new"], &row["returning"], &row["is_unfinished"]),
        (&json!(2), &json!(1), &json!(true)),
        "{answer}"
    );
    let (_, answer) = server.post("/api/v1/analysis/stickiness", &life);
    assert_eq!((&answer["n_people"], &answer["by_periods"]), (&json!(3), &json!([2, 1])), "{answer}");
    let (_, answer) =
        server.post("/api/v1/analysis/paths", &json!({ "anchor": "view", "depth": 1, "from": "2026-01-01" }));
    assert_eq!((&answer["n_sessions"], answer["flows"].as_array().map(Vec::len)), (&json!(4), Some(3)), "{answer}");
}

#[test]
fn behaviour_is_asked_by_command() {
    let home = Home::new();
    shop(&home);
    let funnel =
        ["analyze", "funnel", "--step", "event:view", "--step", "order", "--window", "2d", "--from", "2026-01-01"];
    let answer = home.json(&funnel);
    assert_eq!((&answer["steps"][0]["n"], &answer["steps"][1]["n"]), (&json!(3), &json!(1)), "{answer}");
    let lost = [&funnel[..], &["--people", r#"{"step":2,"lost":true}"#]].concat();
    assert_eq!(home.json(&lost)["total"], json!(2));
    let kept = home.json(&[&lost[..], &["--save", "Looked only"]].concat());
    assert_eq!((&kept["n"], &kept["name"]), (&json!(2), &json!("Looked only")), "{kept}");
    let text = |args: &[&str]| {
        let out = home.run(args);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let csv = text(&[&["--format", "csv"], &funnel[..]].concat());
    assert!(csv.starts_with("step,name,n,of_previous"), "{csv}");
    let table = text(&["analyze", "retention", "--start", "order", "--by", "month", "--from", "2026-01-01"]);
    assert!(table.contains("2026-01") && table.contains("2026-02"), "{table}");
    assert!(text(&["analyze", "lifecycle", "--activity", "order", "--from", "2026-01-01"]).contains("2026-02"));
    assert!(
        text(&["analyze", "stickiness", "--activity", "event", "--from", "2026-01-01", "--by", "month"])
            .contains("times")
    );
    assert!(text(&["analyze", "paths", "--anchor", "view", "--from", "2026-01-01"]).contains("cart"));
    assert!(home.complaint(&["analyze", "funnel", "--step", "visit"]).contains("event:view"));
    assert!(home.complaint(&["analyze", "funnel", "--step", "order"]).contains("2 to 10 steps"));
}
