//! The API of a running server.

use serde_json::{Value, json};

use crate::support::{Home, Server};

const ORDERS: &str = "订单编号,会员号,手机号,下单时间,实付金额,订单状态\n\
                      T1,M1,13800138001,2026-01-02 10:00:00,100.00,交易成功\n\
                      T2,M2,13800138002,2026-01-03 10:00:00,50.5,交易成功\n\
                      T3,M2,13800138002,某天,50.5,交易成功\n";

#[test]
fn a_file_goes_from_upload_to_profile() {
    let home = Home::new();
    let server = Server::start(&home);
    let gbk = encoding_rs::GBK.encode(ORDERS).0.into_owned();
    let (status, upload) = server.upload("订单.csv", &gbk);
    assert_eq!(status, 200, "{upload}");
    assert_eq!(upload["entity"], "orders");
    assert!(!upload["sample"].to_string().contains("13800138001"), "{}", upload["sample"]);
    let start =
        json!({"upload_id": upload["upload_id"], "entity": "orders", "mapping": upload["mapping"], "dry_run": true});
    let (status, started) = server.post("/api/v1/imports", &start);
    assert_eq!(status, 202, "{started}");
    let tried = server.job(started["job_id"].as_str().unwrap());
    assert_eq!(tried["state"], "done", "{tried}");
    assert_eq!(server.get("/api/v1/imports").1["items"], json!([]));

    let start = json!({"upload_id": upload["upload_id"], "entity": "orders", "mapping": upload["mapping"]});
    let (_, started) = server.post("/api/v1/imports", &start);
    let done = server.job(started["job_id"].as_str().unwrap());
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(done["report"]["rows_loaded"], 2);
    assert_eq!(done["report"]["rows_quarantined"], 1);

    let batch = done["batch_id"].as_str().unwrap();
    let (_, set_aside) = server.get(&format!("/api/v1/imports/{batch}/quarantine"));
    assert_eq!(set_aside["items"][0]["row_no"], 4, "{set_aside}");
    let reveal = format!("/api/v1/imports/{batch}/quarantine/4/reveal");
    assert_eq!(server.post(&reveal, &json!({"reason": ""})).0, 400);
    let (status, row) = server.post(&reveal, &json!({"reason": "repair"}));
    assert_eq!((status, &row["cells"][3]), (200, &json!("某天")));

    let (_, found) = server.post("/api/v1/profiles/search", &json!({"value": "138 0013 8001"}));
    assert_eq!(found["total"], 1, "{found}");
    let id = found["items"][0]["profile_id"].as_str().unwrap();
    let (status, profile) = server.get(&format!("/api/v1/profiles/{id}"));
    assert_eq!(status, 200);
    assert_eq!(profile["profile"]["phone"], "138****8001");
    assert_eq!(profile["totals"]["net_amount"], "100.00");
    let (_, orders) = server.get(&format!("/api/v1/profiles/{id}/orders"));
    assert_eq!(orders["items"][0]["order_id"], "T1");
    let (status, overview) = server.get("/api/v1/overview?from=2026-01-01&to=2026-01-31");
    assert_eq!(status, 200, "{overview}");
    assert_eq!(overview["kpis"][0]["value"], "150.50");
    assert_eq!(overview["trend"].as_array().unwrap().len(), 31);
}

/// What follows from a file is there without anybody asking for it.
#[test]
fn what_follows_from_a_load_is_computed() {
    let home = Home::new();
    let server = Server::start_with(&home, &["--refresh-every", "60"]);
    assert_eq!(server.get("/api/v1/workspace").1["refreshed_at"], Value::Null);
    let (_, upload) = server.upload("orders.csv", ORDERS.as_bytes());
    let start = json!({"upload_id": upload["upload_id"], "entity": "orders", "mapping": upload["mapping"]});
    let (_, started) = server.post("/api/v1/imports", &start);
    assert_eq!(server.job(started["job_id"].as_str().unwrap())["state"], "done");
    let is_there = (0..1_200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        server.get("/api/v1/workspace").1["refreshed_at"].is_string()
    });
    assert!(is_there);
}

#[test]
fn foreign_pages_and_names_are_refused() {
    let home = Home::new();
    let server = Server::start(&home);
    let (status, _, _) = server.request("GET", "/api/v1/workspace", &[("Host", "evil.example")], b"");
    assert_eq!(status, 403);
    let (status, _, _) =
        server.request("POST", "/api/v1/profiles/search", &[("Content-Type", "application/json")], b"{}");
    assert_eq!(status, 403);
    let headers = [("X-Zhike-Request", "1"), ("Origin", "http://evil.example"), ("Content-Type", "application/json")];
    assert_eq!(server.request("POST", "/api/v1/profiles/search", &headers, b"{\"value\":\"1\"}").0, 403);
}

#[test]
fn errors_have_one_form() {
    let home = Home::new();
    let server = Server::start(&home);
    for (path, code, status) in [
        ("/api/v1/nothing", "not_found", 404),
        ("/api/v1/profiles/prf_0000000000001", "not_found", 404),
        ("/api/v1/profiles/xyz", "bad_request", 400),
        ("/api/v1/overview?from=yesterday", "bad_request", 400),
        ("/api/v1/overview?from=2026-02-01&to=2026-01-01", "bad_request", 400),
        ("/api/v1/profiles?after=nonsense", "bad_request", 400),
    ] {
        let (got, body) = server.get(path);
        assert_eq!((got, body["error"]["code"].as_str()), (status, Some(code)), "{path}: {body}");
        assert!(body["error"]["request_id"].is_string(), "{path}: {body}");
    }
    assert_eq!(server.get("/healthz").0, 200);
    assert_eq!(server.get("/readyz").0, 200);
    assert_eq!(server.get("/api/openapi.json").1["info"]["title"], "Zhike API");
}

#[test]
fn the_page_carries_its_policy_and_the_api_may_not_be_framed() {
    let home = Home::new();
    let server = Server::start(&home);
    let (_, head, _) = server.request("GET", "/api/v1/workspace", &[], b"");
    let head = head.to_ascii_lowercase();
    for wanted in [
        "content-security-policy: default-src 'none'",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "x-request-id: ",
    ] {
        assert!(head.contains(wanted), "{wanted} in {head}");
    }
    let (status, head, body) = server.request("GET", "/", &[], b"");
    if status == 404 {
        println!("skipped: built without the console");
        return;
    }
    let policy =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-security-policy")).unwrap().to_owned();
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    let page = String::from_utf8(body).unwrap();
    assert!(page.contains(nonce) && !page.contains("__CSP_NONCE__"));
    assert!(!policy.contains("unsafe"), "{policy}");
}
