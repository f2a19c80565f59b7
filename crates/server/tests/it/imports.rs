//! Loading over HTTP: the sheets of a workbook one after the other, a preview of cleaning, cancelling.

use serde_json::{Value, json};

use crate::support::{Home, Server};

const BOOK: &[u8] = include_bytes!("../../../../fixtures/import/orders.xlsx");

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer}"))
}

#[test]
fn sheets_of_a_workbook_are_loaded_one_after_the_other() {
    let home = Home::new();
    let server = Server::start(&home);
    let (_, upload) = server.upload("orders.xlsx", BOOK);
    assert_eq!((&upload["sheet"], &upload["other_sheets"]), (&json!("订单"), &json!(["三月"])), "{upload}");
    let path = format!("/api/v1/uploads/{}", text(&upload, "upload_id"));
    let (_, second) = server.post(&format!("{path}/guess"), &json!({"sheet": "三月"}));
    assert_eq!((&second["sheet"], &second["other_sheets"]), (&json!("三月"), &json!(["订单"])), "{second}");

    let load = |found: &Value, dry_run: bool| {
        let mut start = json!({"upload_id": upload["upload_id"], "dry_run": dry_run});
        for name in ["entity", "mapping", "sheet"] {
            start[name] = found[name].clone();
        }
        let job = server.job(text(&server.post("/api/v1/imports", &start).1, "job_id"));
        (job["report"]["rows_read"].clone(), job["sheets_left"].clone())
    };
    assert_eq!(load(&second, true), (json!(1), json!([])));
    assert_eq!(load(&second, false), (json!(1), json!(["订单"])));
    assert_eq!(load(&upload, false), (json!(5), json!([])));
    assert_eq!(server.post(&format!("{path}/guess"), &json!({})).0, 404, "it goes with its last sheet");
}

#[test]
fn a_preview_is_masked_and_stores_nothing() {
    let home = Home::new();
    let server = Server::start(&home);
    let orders =
        "订单编号,会员号,手机号,下单时间,实付金额\nT1,M1,13800138001,2026-01-02 10:00:00,￥10元\n,M2,,2026-01-02,1\n";
    let (_, upload) = server.upload("orders.csv", orders.as_bytes());
    let path = format!("/api/v1/uploads/{}/preview", text(&upload, "upload_id"));
    let (status, seen) = server.post(&path, &json!({"entity": "orders", "mapping": upload["mapping"]}));
    assert_eq!(status, 200, "{seen}");
    assert_eq!(seen["rows"][0]["cells"], json!(["T1", "M1", "138****8001", "2026-01-02 10:00:00", "￥10元"]));
    let amount = seen["rows"][0]["changes"].as_array().unwrap().iter().find(|change| change["column"] == "amount");
    assert_eq!((&amount.unwrap()["before"], &amount.unwrap()["after"]), (&json!("￥10元"), &json!("10.00")), "{seen}");
    assert_eq!(seen["rows"][1]["set_aside"]["reason_code"], "missing_required");
    assert_eq!(server.get("/api/v1/imports").1["items"], json!([]));
}

#[test]
fn a_job_that_has_ended_is_not_cancelled_any_more() {
    let home = Home::new();
    let server = Server::start(&home);
    assert_eq!(server.send("DELETE", "/api/v1/jobs/job_none", &json!({})).0, 404);
    let orders = "订单编号,会员号,下单时间,实付金额\nT1,M1,2026-01-02 10:00:00,10\n";
    let (_, upload) = server.upload("orders.csv", orders.as_bytes());
    let start = json!({"upload_id": upload["upload_id"], "entity": "orders", "mapping": upload["mapping"]});
    let (_, started) = server.post("/api/v1/imports", &start);
    let id = text(&started, "job_id");
    assert_eq!(server.job(id)["state"], "done");
    assert_eq!(server.send("DELETE", &format!("/api/v1/jobs/{id}"), &json!({})).0, 204);
    assert_eq!(server.job(id)["state"], "done");
}
