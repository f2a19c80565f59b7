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
    assert_eq!((status, &put["author"]), (200, &json!("owner")), "{put}");
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
