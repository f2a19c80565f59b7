//! Segments over HTTP and by command: the same rule, the same count.

use serde_json::json;

use crate::support::{Home, Server};

const ORDERS: &str = "订单编号,会员号,手机号,下单时间,实付金额,订单状态\n\
                      T1,M1,13800138001,2026-01-02 10:00:00,100.00,交易成功\n\
                      T2,M2,13800138002,2026-01-03 10:00:00,50.5,交易成功\n\
                      T3,M2,13800138002,2026-01-04 10:00:00,50.5,交易成功\n";

#[test]
fn a_segment_is_counted_stored_refreshed_and_explained() {
    let home = Home::new();
    let orders = home.file("orders.csv", ORDERS);
    home.json(&["import", orders.to_str().unwrap()]);
    let rule = json!({"all": [
        {"identity": "phone", "op": "exists"},
        {"measure": {"of": "orders", "window": {"last": 30, "unit": "day"}}, "op": "ge", "value": 2},
    ]});
    let file = home.file("rule.json", rule.to_string());
    let counted = home.json(&["segment", "count", file.to_str().unwrap()]);
    assert_eq!((&counted["count"], &counted["total"], &counted["as_of"]), (&json!(1), &json!(2), &json!("2026-01-04")));
    let list = home.file("list.csv", "phone\n13800138001\n13800138009\n");
    let said = home.run(&["segment", "import", "vip", list.to_str().unwrap(), "--kind", "phone"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("1 customers found, 1 joined; 1 unknown"), "{said}");

    let server = Server::start(&home);
    let wrong = json!({"rule": {"all": [{"trait": "citty", "op": "exists"}, {"any": []}]}});
    let (status, body) = server.post("/api/v1/segments/preview", &wrong);
    assert_eq!((status, &body["error"]["code"]), (422, &json!("invalid_segment")), "{body}");
    let places: Vec<&str> =
        body["error"]["problems"].as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/all/0/trait", "/all/1/any"]);
    let (status, preview) = server.post("/api/v1/segments/preview", &json!({"rule": rule}));
    assert_eq!(status, 200, "{preview}");
    assert_eq!(preview["count"]["count"], 1);
    assert_eq!(preview["funnel"][0]["left"], 2);
    assert_eq!(preview["sample"][0]["phone"], "138****8002");
    assert!(preview["sentence_zh"].as_str().unwrap().contains("近 30 天下单至少 2 次"), "{preview}");

    let (status, made) = server.post("/api/v1/segments", &json!({"name": "twice", "rule": rule}));
    assert_eq!(status, 200, "{made}");
    let id = made["segment_id"].as_str().unwrap();
    assert_eq!(server.post("/api/v1/segments", &json!({"name": "twice", "rule": rule})).0, 409);
    let (_, done) = server.post(&format!("/api/v1/segments/{id}/refresh"), &json!({}));
    assert_eq!((&done["n_members"], &done["is_computed"]), (&json!(1), &json!(true)), "{done}");
    let (_, members) = server.get(&format!("/api/v1/segments/{id}/members"));
    let profile = members["items"][0]["customer"]["profile_id"].as_str().unwrap();
    let (_, why) = server.get(&format!("/api/v1/segments/{id}/why/{profile}"));
    assert_eq!((&why["holds"], &why["conditions"][1]["value"]), (&json!(true), &json!("2")), "{why}");
    let (_, sizes) = server.get(&format!("/api/v1/segments/{id}/sizes"));
    assert_eq!(sizes["items"][0]["n_members"], 1);
    let (_, overlap) = server.post("/api/v1/segments/overlap", &json!({"segment_ids": ["vip", "twice"]}));
    assert_eq!(overlap["combinations"].as_array().unwrap().len(), 2, "{overlap}");
    assert_eq!(server.get(&format!("/api/v1/segments/{id}/compare?with=vip")).1["n_both"], 0);
    let (_, list) = server.get("/api/v1/segments");
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/api/v1/segments/none").0, 404);
    drop(server);

    let out = home.path().join("members.csv");
    let export = ["export", "members", "twice", "--out", out.to_str().unwrap(), "--purpose", "service"];
    assert!(home.run(&export).status.success());
    let text = std::fs::read_to_string(out).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("138****8002") && !text.contains("13800138002"), "{text}");
    let named = home.complaint(&["segment", "show", "nobody"]);
    assert!(named.contains("no such segment"), "{named}");
}
