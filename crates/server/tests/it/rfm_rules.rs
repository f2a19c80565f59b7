//! RFM rules over HTTP: tried, put in force once, and the same as by command.

use serde_json::json;

use crate::support::{Home, Server};

#[test]
fn rules_are_tried_put_in_force_and_in_the_trail() {
    let home = Home::new();
    let mut orders = String::from("订单编号,会员号,下单时间,实付金额,订单状态\n");
    for order in 1..=20 {
        orders.push_str(&format!("T{order},M{order},2026-01-{order:02} 10:00:00,{}.00,交易成功\n", order * 100));
    }
    home.json(&["import", home.file("orders.csv", orders).to_str().unwrap()]);
    let server = Server::start(&home);
    let (status, known) = server.get("/api/v1/rfm/rules");
    assert_eq!((status, &known["version"], &known["rules"]), (200, &json!(0), &known["usual"]), "{known}");
    // Before the first refresh there is nobody to move.
    let (status, nobody) = server.post("/api/v1/rfm/preview", &json!({"rules": known["rules"]}));
    assert_eq!((status, &nobody["as_of"], &nobody["tiers"]), (200, &json!(null), &json!([])), "{nobody}");
    home.run(&["refresh"]);

    let mut rules = known["rules"].clone();
    rules["tiers"][0]["when"] = json!({"r": [5, 5]});
    let (status, preview) = server.post("/api/v1/rfm/preview", &json!({"rules": rules}));
    assert_eq!((status, &preview["n_customers"]), (200, &json!(20)), "{preview}");
    assert_eq!(preview["group_moves"], json!([]), "the groups are as they were");
    let sum = |name: &str| -> u64 {
        preview["tiers"].as_array().unwrap().iter().map(|tier| tier[name].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("n_now"), sum("n_then")), (20, 20));
    assert!(!preview["tier_moves"].as_array().unwrap().is_empty(), "{preview}");
    assert_eq!(server.get("/api/v1/rfm/rules").1["version"], 0);

    let (status, body) = server.send("PUT", "/api/v1/rfm/rules", &json!({"version": 0, "rules": rules}));
    assert_eq!((status, &body["version"], &body["rules"]), (200, &json!(1), &rules), "{body}");
    let (status, body) = server.send("PUT", "/api/v1/rfm/rules", &json!({"version": 0, "rules": rules}));
    assert_eq!((status, &body["error"]["code"]), (409, &json!("conflict")), "{body}");
    rules["tiers"].as_array_mut().unwrap().pop();
    let (status, body) = server.send("PUT", "/api/v1/rfm/rules", &json!({"version": 1, "rules": rules}));
    assert_eq!((status, &body["error"]["code"]), (400, &json!("bad_request")), "{body}");
    let (status, _) = server.post("/api/v1/rfm/preview", &json!({"rules": {"mode": "dice"}}));
    assert_eq!(status, 400);
    let shown = home.json(&["rules", "show"]);
    assert_eq!(shown["tiers"][0]["when"], json!({"r": [5, 5]}));
    let (_, trail) = server.get("/api/v1/audit?limit=50");
    assert!(trail.to_string().contains("rules.write"), "{trail}");
}
