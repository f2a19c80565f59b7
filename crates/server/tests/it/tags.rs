//! Tags over HTTP and by command: computed, listed, explained, put.

use serde_json::{Value, json};

use crate::support::{Home, Server};

const ORDERS: &str = "订单编号,会员号,手机号,下单时间,实付金额,订单状态\n\
                      T1,M1,13800138001,2026-01-02 10:00:00,900.00,交易成功\n\
                      T2,M2,13800138002,2026-01-03 10:00:00,50.5,交易成功\n\
                      T3,M2,13800138002,2026-01-04 10:00:00,50.5,交易成功\n";

#[test]
fn tags_are_computed_listed_explained_and_put() {
    let home = Home::new();
    let orders = home.file("orders.csv", ORDERS);
    home.json(&["import", orders.to_str().unwrap()]);
    let done = home.json(&["refresh", "--only", "tags"]);
    assert_eq!((&done["is_computed"], &done["as_of"]), (&json!(true), &json!("2026-01-04")), "{done}");
    assert_eq!(home.json(&["refresh", "--only", "tags"])["is_computed"], false);

    // Scores are inputs too, and customers are listed by them.
    home.json(&["refresh"]);
    let server = Server::start(&home);
    let (_, list) = server.get("/api/v1/tags");
    let items = list["items"].as_array().unwrap();
    assert!(items.len() >= 40, "{}", items.len());
    let of = |key: &str| items.iter().find(|item| item["key"] == key).unwrap().clone();
    let contribution = of("contribution");
    let spread = &contribution["spread"];
    assert_eq!((&spread["coverage_ratio"], &spread["as_of"]), (&json!(1.0), &json!("2026-01-04")), "{spread}");
    assert_eq!(contribution["depends_on"], json!(["orders"]));
    assert_eq!(of("order_count")["spread"]["quartiles"], json!([1.0, 1.0, 1.0, 1.0, 2.0]));

    let profiles =
        home.json(&["sql", "SELECT profile_id FROM tags WHERE tag = 'returning_customer' AND value = 'true'"]);
    assert_eq!(profiles.as_array().map(Vec::len), Some(1), "{profiles}");
    let (_, found) = server.get("/api/v1/profiles");
    let of_twice = |item: &&Value| item["phone"] == "138****8002";
    let profile = found["items"].as_array().unwrap().iter().find(of_twice).unwrap()["profile_id"].as_str().unwrap();
    let (_, why) = server.get(&format!("/api/v1/tags/purchase_rhythm/why/{profile}"));
    assert_eq!((&why["value"], &why["as_of"]), (&json!("1"), &json!("2026-01-04")), "{why}");
    assert_eq!(why["inputs"].as_array().map(Vec::len), Some(3), "{why}");
    assert_eq!(server.get(&format!("/api/v1/tags/none/why/{profile}")).0, 404);

    let place = format!("/api/v1/profiles/{profile}/tags");
    let (status, tags) = server.post(&place, &json!({"key": "重点", "value": "是", "until": "2099-01-01"}));
    let put = tags["items"].as_array().unwrap().iter().find(|tag| tag["key"] == "重点").unwrap().clone();
    assert_eq!((status, &put["author"]), (200, &json!("boss")), "{put}");
    assert!(put["expires_at"].as_str().unwrap().starts_with("2099-01-01T16:00:00"), "{put}");
    assert!(tags["items"].as_array().unwrap().len() > 5);
    assert_eq!(server.post(&place, &json!({"key": "price_band", "value": "x"})).0, 409);
    assert_eq!(server.post(&place, &json!({"key": "重点"})).0, 200);
    assert_eq!(server.post(&place, &json!({"key": "重点"})).0, 404);

    let (status, wrong) = server.post("/api/v1/tags", &json!({"definition": {"key": "x", "level": "value"}}));
    assert_eq!((status, &wrong["error"]["code"]), (422, &json!("invalid_tag")), "{wrong}");
    let own = json!({"key": "own", "name": {"zh": "自建", "en": "own"}, "level": "value", "expression": {"number": 1}});
    let (status, made) = server.post("/api/v1/tags", &json!({"definition": own}));
    assert_eq!((status, &made["version"]), (200, &json!(1)), "{made}");
    assert_eq!(server.get("/api/v1/tags/own").1["name_zh"], "自建");
    assert_eq!(server.get("/api/v1/tags/none").0, 404);
}

#[test]
fn a_value_leads_to_its_people_packs_are_chosen_and_tags_retired() {
    let home = Home::new();
    home.json(&["import", home.file("orders.csv", ORDERS).to_str().unwrap()]);
    home.json(&["refresh"]);
    let server = Server::start(&home);
    let (_, tag) = server.get("/api/v1/tags/order_count");
    let bins = tag["spread"]["bins"].as_array().unwrap();
    assert_eq!(bins.len(), 2, "{bins:?}");
    for bin in bins {
        let mut limits = Vec::new();
        for (op, limit) in [("ge", &bin["from"]), ("lt", &bin["below"])] {
            if !limit.is_null() {
                limits.push(json!({"tag": "order_count", "op": op, "value": limit}));
            }
        }
        let (status, people) = server.post("/api/v1/profiles/query", &json!({"rule": {"all": limits}}));
        assert_eq!((status, &people["total"]), (200, &bin["n_customers"]), "{people}");
    }
    let everybody = json!({"rule": {"tag": "order_count", "op": "exists"}, "limit": 1});
    let (_, first) = server.post("/api/v1/profiles/query", &everybody);
    assert_eq!((&first["total"], first["items"].as_array().map(Vec::len)), (&json!(2), Some(1)), "{first}");
    let next = json!({"rule": {"tag": "order_count", "op": "exists"}, "limit": 1, "after": first["next"]});
    let (_, second) = server.post("/api/v1/profiles/query", &next);
    assert_eq!(second["next"], Value::Null);
    assert_ne!(first["items"][0]["profile_id"], second["items"][0]["profile_id"]);
    assert_eq!(server.post("/api/v1/profiles/query", &json!({"rule": {"tag": "none", "op": "exists"}})).0, 422);

    let name = json!({"zh": "自建", "en": "own"});
    let spent = json!({"measure": {"of": "orders", "agg": "sum", "column": "net_amount"}});
    let own = json!({"key": "own", "name": name, "level": "value", "unit": "money", "expression": spent});
    let (status, preview) = server.post("/api/v1/tag-preview", &json!({"definition": own}));
    assert_eq!((status, &preview["spread"]["n_customers"]), (200, &json!(2)), "{preview}");
    assert_eq!(server.get("/api/v1/tags/own").0, 404, "a preview stores nothing");
    assert_eq!(server.post("/api/v1/tags", &json!({"definition": own})).0, 200);
    assert_eq!(server.post("/api/v1/tags/own/refresh", &json!({})).1["is_computed"], true);
    assert_eq!(server.get("/api/v1/tags/own").1["spread"]["quartiles"], json!([101.0, 101.0, 101.0, 101.0, 900.0]));
    assert_eq!(server.post("/api/v1/tags/none/refresh", &json!({})).0, 404);
    let rule = json!({"tag": "own", "op": "ge", "value": 500});
    let (_, segment) = server.post("/api/v1/segments", &json!({"name": "big", "rule": rule}));
    let users = json!([{"segment_id": segment["segment_id"], "name": "big"}]);
    assert_eq!(server.send("DELETE", "/api/v1/tags/own", &json!({})).1["used_by"], users);
    assert_eq!(server.get("/api/v1/tags/own").0, 404);
    let (_, count) = server.get(&format!("/api/v1/segments/{}/count", segment["segment_id"].as_str().unwrap()));
    assert_eq!(count["count"], 1, "the last values stay: {count}");

    let (_, packs) = server.get("/api/v1/tag-packs");
    assert_eq!(packs["items"].as_array().map(Vec::len), Some(3), "{packs}");
    let (status, packs) = server.send("PUT", "/api/v1/tag-packs", &json!({"packs": ["finance"]}));
    let chosen = packs["items"].as_array().unwrap().iter().filter(|pack| pack["is_chosen"] == true).count();
    assert_eq!((status, chosen), (200, 1));
    assert_eq!(server.get("/api/v1/tags/order_count").0, 404);
    assert_eq!(server.send("PUT", "/api/v1/tag-packs", &json!({"packs": ["farming"]})).0, 400);
}

#[test]
fn a_tag_that_people_put_is_declared_with_its_values() {
    let home = Home::new();
    home.json(&["import", home.file("orders.csv", ORDERS).to_str().unwrap()]);
    home.json(&["refresh"]);
    let server = Server::start(&home);
    let declare =
        |key: &str, values: &[&str]| server.post("/api/v1/manual-tags", &json!({"key": key, "values": values}));
    let (status, tag) = declare(" 重点 ", &["是", "观察", "是"]);
    assert_eq!((status, &tag["choices"], &tag["kind"]), (200, &json!(["是", "观察"]), &json!("put")), "{tag}");
    assert_eq!(declare("price_band", &[]).0, 409);
    assert_eq!(declare("call 13800138000", &[]).0, 400);
    assert_eq!(declare("", &["x"]).0, 400);
    let own = json!({"key": "重点", "name": {"zh": "a", "en": "b"}, "level": "value", "expression": {"number": 1}});
    assert_ne!(server.post("/api/v1/tags", &json!({"definition": own})).0, 200);
    let (_, found) = server.get("/api/v1/profiles");
    let place = format!("/api/v1/profiles/{}/tags", found["items"][0]["profile_id"].as_str().unwrap());
    assert_eq!(server.post(&place, &json!({"key": "重点", "value": "否"})).0, 400);
    assert_eq!(server.post(&place, &json!({"key": "重点", "value": "观察"})).0, 200);
    // Retired, nobody has it any more.
    let retired = server.send("DELETE", "/api/v1/tags/%E9%87%8D%E7%82%B9", &json!({}));
    assert_eq!((retired.0, &retired.1["key"]), (200, &json!("重点")));
    let (_, tags) = server.get(&place);
    assert!(tags["items"].as_array().unwrap().iter().all(|tag| tag["key"] != "重点"), "{tags}");
}
