//! The list of customers over HTTP: figures open their lists, files are made, fetched once and read back.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};

use crate::support::{Home, Server};

#[test]
fn on_the_demo_every_figure_opens_a_list_of_so_many() {
    let home = Home::new();
    assert!(home.run(&["demo", "--load-only"]).status.success());
    let server = Server::start(&home);
    let total = |query: &str| {
        let (status, list) = server.get(&format!("/api/v1/profiles?limit=1&{query}"));
        assert_eq!(status, 200, "{query}: {list}");
        list["total"].as_f64().unwrap()
    };
    for (from, to) in [("2011-08-01", "2011-08-31"), ("2010-12-01", "2011-08-31"), ("2011-08-26", "2011-08-26")] {
        let (_, overview) = server.get(&format!("/api/v1/overview?from={from}&to={to}"));
        let kpi = |key: &str| {
            let kpis = overview["kpis"].as_array().unwrap();
            let value = &kpis.iter().find(|kpi| kpi["key"] == key).unwrap()["value"];
            value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap()
        };
        let ordered = format!("ordered_from={from}&ordered_to={to}");
        let active = total(&ordered);
        assert!(active > 10.0);
        assert_eq!(active, kpi("active_customers"), "{from}");
        assert_eq!(total(&format!("first_ordered_from={from}&first_ordered_to={to}")), kpi("new_customers"), "{from}");
        let repeat = total(&format!("{ordered}&min_orders=2"));
        assert!((repeat / active - kpi("repurchase_rate")).abs() < 1e-4, "{from}: {repeat} of {active}");
        assert!(total(&format!("refunded_from={from}&refunded_to={to}")) <= active + 50.0);
    }
    // Tiers of the overview, too.
    let (_, overview) = server.get("/api/v1/overview");
    for tier in overview["tiers"].as_array().unwrap() {
        assert_eq!(Some(total(&format!("tier={}", tier["tier"].as_str().unwrap()))), tier["n_customers"].as_f64());
    }
    // The rule that comes with a list holds for the same people.
    let (_, list) = server.get("/api/v1/profiles?tier=core&ordered_from=2011-08-01&sort=last_ordered_at");
    let query = json!({"rule": list["rule"], "columns": ["tags.price_band", "n_identities"], "limit": 3});
    let (status, same) = server.post("/api/v1/profiles/query", &query);
    assert_eq!((status, &same["total"]), (200, &list["total"]), "{same}");
    assert!(same["items"][0]["more"]["n_identities"].as_i64() >= Some(1), "{same}");
}

const ORDERS: &str = "订单编号,会员号,手机号,下单时间,实付金额,订单状态,渠道\n\
    T1,M1,13800138001,2026-01-02 10:00:00,100.00,交易成功,=HYPERLINK(\"http://evil.example\")\n\
    T2,M1,13800138001,2026-01-03 10:00:00,50.50,交易成功,+1+1\n\
    T3,M1,13800138001,2026-01-04 10:00:00,7.00,交易成功,-2+3\n\
    T4,M1,13800138001,2026-01-05 10:00:00,8.00,交易成功,@SUM(A1)\n\
    T5,M2,13800138002,2026-01-05 10:00:00,8.00,交易成功,web\n\
    T6,M2,13800138002,某天,8.00,交易成功,web\n";

/// Waits for an export and fetches its file; it is there once.
fn fetch(server: &Server, request: &Value) -> (Vec<u8>, String) {
    let (status, started) = server.post("/api/v1/exports", request);
    assert_eq!(status, 202, "{started}");
    let at = format!("/api/v1/exports/{}", started["export_id"].as_str().unwrap());
    let done = (0..600)
        .find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            let (status, export) = server.get(&at);
            assert_eq!(status, 200);
            (!matches!(export["state"].as_str(), Some("waiting" | "writing"))).then_some(export)
        })
        .expect("the export ends");
    assert_eq!(done["state"], "done", "{done}");
    let (status, head, body) = server.request("GET", &format!("{at}/file"), &[], b"");
    assert_eq!(status, 200, "{head}");
    assert_eq!(body.len() as u64, done["n_bytes"].as_u64().unwrap());
    assert_eq!(server.get(&format!("{at}/file")).0, 404);
    (body, head)
}

#[test]
fn a_file_is_made_fetched_once_and_no_text_in_it_is_a_formula() {
    let home = Home::new();
    let orders = home.file("orders.csv", ORDERS);
    home.json(&["import", orders.to_str().unwrap()]);
    let left = home.path().join("data/exports");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("exp_old.csv"), "left by a crash").unwrap();
    let server = Server::start(&home);
    assert!(!left.join("exp_old.csv").exists());

    let (_, found) = server.post("/api/v1/profiles/search", &json!({"value": "M1"}));
    let id = found["items"][0]["profile_id"].as_str().unwrap();
    let request = |format: &str, purpose: &str| json!({"what": "orders", "profile_id": id, "format": format, "language": "en", "purpose": purpose});
    let (status, refused) = server.post("/api/v1/exports", &request("csv", " "));
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("bad_request")), "{refused}");
    let (csv, head) = fetch(&server, &request("csv", "service"));
    assert!(head.to_lowercase().contains("content-disposition: attachment; filename=\"zhike-orders-"), "{head}");
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.starts_with("\u{feff}order number,"), "{csv}");
    for cell in ["\"'=HYPERLINK(\"\"http://evil.example\"\")\"", ",'+1+1,", ",'-2+3,", ",'@SUM(A1),"] {
        assert!(csv.contains(cell), "{cell}: {csv}");
    }
    assert!(csv.contains(",2026-01-02T10:00:00+08:00,") && csv.contains(",50.50,"), "{csv}");

    let (xlsx, _) = fetch(&server, &request("xlsx", "service"));
    let mut book = Xlsx::new(Cursor::new(xlsx)).unwrap();
    assert_eq!(book.sheet_names(), ["Data", "Notes"]);
    let sheet = book.worksheet_range("Data").unwrap();
    let column =
        |name: &str| (0..sheet.width()).find(|at| sheet.get((0, *at)).is_some_and(|cell| *cell == *name)).unwrap();
    let channels: Vec<String> =
        (1..sheet.height()).map(|row| sheet.get((row, column("channel"))).unwrap().to_string()).collect();
    assert_eq!(channels, ["@SUM(A1)", "-2+3", "+1+1", "=HYPERLINK(\"http://evil.example\")"]);
    assert!((1..5).all(|row| matches!(sheet.get((row, column("channel"))), Some(Data::String(_)))));
    assert!(matches!(sheet.get((4, column("net amount"))), Some(Data::Float(amount)) if *amount == 100.0));
    let at = sheet.get((4, column("order time"))).and_then(|cell| match cell {
        Data::DateTime(at) => Some(at.as_f64()),
        _ => None,
    });
    // 2026-01-02 10:00 on the wall of the workspace.
    assert!(at.is_some_and(|at| (at - 46_024.416_666).abs() < 1e-4), "{at:?}");
    let formulas = book.worksheet_formula("Data").unwrap();
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()));
    let notes = book.worksheet_range("Notes").unwrap();
    let note = |name: &str| {
        let row = (0..notes.height()).find(|row| notes.get((*row, 0)).is_some_and(|cell| *cell == *name));
        row.map(|row| notes.get((row, 1)).unwrap().to_string())
    };
    assert_eq!((note("Purpose").as_deref(), note("Rows").as_deref()), (Some("service"), Some("4")));

    let customers = json!({"what": "customers", "format": "csv", "purpose": "service", "filter": {"min_orders": 2}});
    let (csv, _) = fetch(&server, &customers);
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains("138****8001") && !csv.contains("13800138001"), "{csv}");
    // A file goes when its last byte has.
    let is_empty = || std::fs::read_dir(&left).unwrap().count() == 0;
    for _ in 0..100 {
        if !is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    assert!(is_empty());
    drop(server);

    let out = home.path().join("aside.csv");
    let (_, imports) = (0, home.json(&["sql", "SELECT batch_id FROM batches"]));
    let batch = zhike_domain::id::BatchId::new(imports[0]["batch_id"].as_i64().unwrap()).to_string();
    let said = home.run(&["export", "quarantine", &batch, "--out", out.to_str().unwrap(), "--purpose", "service"]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.lines().count() == 2 && !text.contains("13800138002"), "{text}");
    let rule = home.file("rule.json", json!({"measure": {"of": "orders"}, "op": "ge", "value": 1}).to_string());
    let xlsx = home.path().join("people.xlsx");
    let arguments = ["export", "customers", "--rule", rule.to_str().unwrap(), "--columns", "profile_id,phone"];
    let said = home.run(&[&arguments[..], &["--out", xlsx.to_str().unwrap(), "--purpose", "service"]].concat());
    assert!(String::from_utf8_lossy(&said.stdout).starts_with("2 → "), "{said:?}");
    let audit = home.json(&["sql", "SELECT action, subject, detail_json FROM audit WHERE action = 'export.create'"]);
    assert_eq!(audit.as_array().unwrap().len(), 5, "{audit}");
    let complaint = home.complaint(&["export", "customers", "--out", "people.pdf", "--purpose", "service"]);
    assert!(complaint.contains(".csv or .xlsx"), "{complaint}");
}

#[test]
fn views_over_http() {
    let home = Home::new();
    let server = Server::start(&home);
    let view = json!({"page": "customers", "name": "core", "state": {"tier": "core"}});
    let (status, kept) = server.post("/api/v1/views", &view);
    assert_eq!(status, 200, "{kept}");
    let at = format!("/api/v1/views/{}", kept["view_id"].as_str().unwrap());
    assert_eq!(server.get("/api/v1/views?page=customers").1["items"][0]["state"], json!({"tier": "core"}));
    let headers = [("X-Zhike-Request", "1"), ("Content-Type", "application/json")];
    let changed = json!({"page": "customers", "name": "risk", "state": {"tier": "at_risk"}});
    assert_eq!(server.request("PUT", &at, &headers, changed.to_string().as_bytes()).0, 200);
    assert_eq!(server.get(&at).1["name"], "risk");
    assert_eq!(server.request("DELETE", &at, &headers, b"").0, 204);
    assert_eq!(server.get(&at).0, 404);
    let personal = json!({"page": "customers", "name": "张三 13800138000", "state": {}});
    assert_eq!(server.post("/api/v1/views", &personal).0, 400);
}
