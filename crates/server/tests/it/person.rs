//! One customer tab by tab, the grid of scores, the quality of data: over HTTP.

use serde_json::{Value, json};

use crate::support::{Home, Server};

const ORDERS: &str = "订单编号,会员号,手机号,下单时间,实付金额,订单状态\n\
                      T1,M1,13800138001,2026-01-02 10:00:00,900.00,交易成功\n\
                      T2,M2,13800138002,2026-01-03 10:00:00,50.5,交易成功\n\
                      T3,M2,13800138002,2026-01-13 10:00:00,50.5,交易成功\n\
                      T4,M2,13800138002,2026-01-14 10:00:00,many,交易成功\n";
const FEEDBACK: &str = "feedback_id,member_id,at,kind,score\nf1,M2,2026-01-04 09:00:00,nps,9\n";

fn start(home: &Home) -> Server {
    home.json(&["import", home.file("orders.csv", ORDERS).to_str().unwrap()]);
    home.json(&["import", home.file("feedback.csv", FEEDBACK).to_str().unwrap(), "--as", "feedback"]);
    home.json(&["refresh"]);
    Server::start(home)
}

fn buyer(server: &Server) -> String {
    let (_, found) = server.get("/api/v1/profiles");
    let of_twice = |item: &&Value| item["phone"] == "138****8002";
    let found = found["items"].as_array().unwrap().iter().find(of_twice).unwrap()["profile_id"].clone();
    format!("/api/v1/profiles/{}", found.as_str().unwrap())
}

#[test]
fn the_timeline_is_paged_and_filtered() {
    let home = Home::new();
    let server = start(&home);
    let place = buyer(&server);
    let kinds = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    };
    let (status, all) = server.get(&format!("{place}/timeline"));
    assert_eq!((status, kinds(&all)), (200, vec!["T3".into(), "f1".into(), "T2".into()]), "{all}");
    assert_eq!(all["kinds"], json!([{"kind": "order", "n": 2}, {"kind": "feedback", "n": 1}]));
    assert_eq!((&all["items"][1]["score"], &all["items"][0]["amount"]), (&json!(9.0), &json!("50.50")));
    let (_, first) = server.get(&format!("{place}/timeline?limit=2"));
    let next = first["next"].as_str().unwrap().replace(':', "%3A");
    let (_, second) = server.get(&format!("{place}/timeline?limit=2&before={next}"));
    assert_eq!((kinds(&second), &second["next"]), (vec!["T2".to_owned()], &Value::Null));
    let (_, some) = server.get(&format!("{place}/timeline?kinds=feedback"));
    assert_eq!(kinds(&some), ["f1"]);
    let (_, until) = server.get(&format!("{place}/timeline?day=2026-01-04"));
    assert_eq!(kinds(&until), ["f1", "T2"]);
    for wrong in ["before=x", "kinds=order,dance", "day=tomorrow"] {
        assert_eq!(server.get(&format!("{place}/timeline?{wrong}")).0, 400, "{wrong}");
    }
    assert_eq!(server.get("/api/v1/profiles/prf_0000000000001/timeline").0, 404);
}

#[test]
fn who_saw_a_customer_in_the_clear_is_told() {
    let home = Home::new();
    let server = start(&home);
    let place = buyer(&server);
    let seen = |acts: &Value| -> Vec<Value> {
        acts["items"].as_array().unwrap().iter().filter(|act| act["action"] == "profile.unmask").cloned().collect()
    };
    let (_, before) = server.get(&format!("{place}/acts"));
    assert!(seen(&before).is_empty() && before["items"][0]["action"] == "profile.open", "{before}");
    assert_eq!(server.post(&format!("{place}/reveal"), &json!({"reason": " "})).0, 400);
    let (status, sheet) = server.post(&format!("{place}/reveal"), &json!({"reason": "核对地址"}));
    assert_eq!((status, &sheet["profile"]["phone"]), (200, &json!("13800138002")), "{sheet}");
    let (_, acts) = server.get(&format!("{place}/acts"));
    let seen = seen(&acts);
    let [act] = seen.as_slice() else { panic!("{acts}") };
    assert_eq!((&act["reason"], &act["actor"]), (&json!("核对地址"), &json!("boss")));
}

#[test]
fn segments_scores_and_quality_are_told() {
    let home = Home::new();
    let server = start(&home);
    let place = buyer(&server);
    let rule = json!({"measure": {"of": "orders"}, "op": "ge", "value": 2});
    let (_, segment) = server.post("/api/v1/segments", &json!({"name": "twice", "rule": rule}));
    let id = segment["segment_id"].as_str().unwrap();
    assert_eq!(server.post(&format!("/api/v1/segments/{id}/refresh"), &json!({})).0, 200);
    let (_, segments) = server.get(&format!("{place}/segments"));
    assert_eq!(
        (&segments["items"][0]["segment"]["name"], &segments["items"][0]["until"]),
        (&json!("twice"), &Value::Null)
    );

    let (status, grid) = server.get("/api/v1/rfm");
    assert_eq!((status, &grid["as_of"], &grid["days"]), (200, &json!("2026-01-13"), &json!(["2026-01-13"])), "{grid}");
    assert_eq!((&grid["total"]["n_customers"], &grid["total"]["monetary"]), (&json!(2), &json!("1001.00")));
    let cells = grid["cells"].as_array().unwrap();
    assert_eq!(cells.iter().map(|cell| cell["sums"]["n_customers"].as_i64().unwrap()).sum::<i64>(), 2);
    for cell in cells {
        let score = |name: &str| json!({"score": format!("rfm.{name}"), "op": "eq", "value": cell[name]});
        let rule = json!({"all": [score("r_score"), score("f_score"), score("m_score")]});
        let (_, people) = server.post("/api/v1/profiles/query", &json!({"rule": rule, "as_of": grid["as_of"]}));
        assert_eq!(people["total"], cell["sums"]["n_customers"], "{people}");
    }
    // Ten days between the only two orders of the only customer who has two.
    let intervals: Vec<&Value> = grid["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| &group["avg_interval_days"])
        .filter(|days| !days.is_null())
        .collect();
    assert_eq!(intervals, [&json!(10.0)]);
    assert_eq!(grid["groups"].as_array().map(Vec::len), Some(8));
    assert_eq!(server.get("/api/v1/rfm?as_of=2020-01-01").0, 404);

    let (status, quality) = server.get("/api/v1/quality");
    assert_eq!(status, 200);
    let orders = quality["items"].as_array().unwrap().iter().find(|item| item["entity"] == "orders").unwrap();
    assert_eq!(
        (&orders["rows_read"], &orders["n_open"], &orders["quality"]["validity"]),
        (&json!(4), &json!(1), &json!(75.0))
    );
    // One load says nothing about what is usual.
    assert_eq!(
        (&orders["usual_rows"], &orders["usual_gap_days"], &orders["is_late"]),
        (&Value::Null, &Value::Null, &json!(false))
    );
    assert_eq!(orders["open_batch_id"], orders["batch_id"]);
}
