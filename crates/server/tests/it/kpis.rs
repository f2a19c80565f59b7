//! Figures over HTTP and by command: listed, taken apart, opened, compared with goals.

use serde_json::{Value, json};

use crate::support::{Home, Server};

const ORDERS: &str = "order_id,member_id,ordered_at,amount,status,channel\n\
                      T1,M1,2026-01-02 10:00:00,900.00,completed,web\n\
                      T2,M2,2026-01-31 23:30:00,50.5,completed,web\n\
                      T3,M2,2026-02-03 10:00:00,50.5,completed,app\n\
                      T4,,2026-02-04 10:00:00,9.99,completed,\n";

#[test]
fn figures_are_listed_taken_apart_and_opened() {
    let home = Home::new();
    let orders = home.file("orders.csv", ORDERS);
    home.json(&["import", orders.to_str().unwrap(), "--as", "orders"]);
    let goals = home.run(&["kpi", "goal", "set", "net_sales", "2026-02", "121"]);
    assert!(goals.status.success(), "{}", String::from_utf8_lossy(&goals.stderr));

    let server = Server::start(&home);
    let (status, list) = server.get("/api/v1/kpis");
    assert_eq!((status, &list["through"], &list["by"]), (200, &json!("2026-02-04"), &json!("month")), "{list}");
    let of = |key: &str| {
        let items = list["items"].as_array().unwrap();
        items.iter().find(|item| item["kpi"]["key"] == key).unwrap()["newest"].clone()
    };
    let sales = of("net_sales");
    // February is four days old: it is compared with four days of January.
    assert_eq!((&sales["value"], &sales["is_unfinished"]), (&json!(60.49), &json!(true)), "{sales}");
    assert_eq!(sales["previous"], Value::Null, "January begins before the data");
    assert_eq!((&sales["goal"]["is_on_pace"], &sales["goal"]["value"]), (&json!(true), &json!(121.0)), "{sales}");
    assert_eq!(of("retention")["value"], json!(0.5));
    assert_eq!(of("visitors")["value"], Value::Null);
    assert_eq!(of("items_per_order")["value"], json!(0.0));

    let (_, series) = server.get("/api/v1/kpis/orders?by=month&from=2026-01-15&to=2026-02-28&dimension=channel&top=1");
    let values: Vec<&Value> = series["points"].as_array().unwrap().iter().map(|point| &point["value"]).collect();
    assert_eq!(values, [&json!(2.0), &json!(2.0)], "{series}");
    let parts: Vec<(&Value, &Value, &Value)> = series["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (&part["value"], &part["is_other"], &part["numbers"]))
        .collect();
    let null = Value::Null;
    assert_eq!(
        parts,
        [
            (&json!("web"), &json!(false), &json!([2.0, 0.0])),
            (&null, &json!(true), &json!([0.0, 1.0])),
            (&null, &json!(false), &json!([0.0, 1.0])),
        ]
    );
    let behind = |query: &str| {
        let (status, page) = server.get(&format!("/api/v1/kpis/{query}"));
        assert_eq!(status, 200, "{page}");
        let ids = page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect::<Vec<_>>();
        (page, ids)
    };
    let (page, ids) =
        behind("orders/behind?period=2026-02&dimension=channel&part=other&top=1&from=2026-01-15&to=2026-02-28");
    assert_eq!((ids, &page["total"], &page["is_sum"]), (vec![json!("T3")], &json!(1.0), &json!(false)));
    let (page, ids) = behind("net_sales/behind?period=2026-01-31..2026-02-04&limit=2");
    assert_eq!((ids, &page["total"]), (vec![json!("T4"), json!("T3")], &json!(110.99)), "{page}");
    let next = page["next"].as_str().unwrap();
    let (page, ids) = behind(&format!("net_sales/behind?period=2026-01-31..2026-02-04&limit=2&after={next}"));
    assert_eq!((ids, &page["next"]), (vec![json!("T2")], &Value::Null));
    let (page, _) = behind("retention/behind?period=2026-02&whole=true");
    assert_eq!((&page["kind"], &page["total"], &page["from"]), (&json!("people"), &json!(2.0), &json!("2026-01-01")));
    assert!(page["items"][0]["customer"]["profile_id"].is_string(), "{page}");

    let headers = [("X-Zhike-Request", "1"), ("Content-Type", "application/json")];
    let goal = json!({"period": "2026-Q1", "value": 0.25}).to_string();
    let (status, _, _) = server.request("PUT", "/api/v1/kpis/retention/goals", &headers, goal.as_bytes());
    assert_eq!(status, 200);
    let (_, series) = server.get("/api/v1/kpis/retention?by=quarter");
    assert_eq!(series["goals"].as_array().map(Vec::len), Some(1), "{series}");
    for (path, code) in [
        ("retention/goals?period=2026-Q1", 200),
        ("retention/goals?period=2026-Q1", 404),
        ("retention/goals?period=x", 400),
    ] {
        assert_eq!(server.request("DELETE", &format!("/api/v1/kpis/{path}"), &headers, b"").0, code, "{path}");
    }
    for (path, code) in [
        ("nothing", 404),
        ("orders?by=year", 400),
        ("orders?dimension=colour", 400),
        ("retention?dimension=channel", 400),
        ("orders?from=2027-01-01", 400),
        ("orders/behind?period=2026", 400),
        ("orders/behind", 400),
        ("orders/behind?period=2026-01&value=web", 400),
        ("orders/behind?period=2026-01&value=web&part=other&dimension=channel", 400),
        ("orders/behind?period=2026-01&part=all&dimension=channel", 400),
        ("orders/behind?period=2026-01&after=x", 400),
        ("orders/behind?period=2026-01&whole=true", 400),
    ] {
        let (status, answer) = server.get(&format!("/api/v1/kpis/{path}"));
        assert_eq!(status, code, "{path}: {answer}");
        assert!(answer["error"]["message_zh"].as_str().is_some_and(|text| !text.is_ascii()), "{path}: {answer}");
    }
}

#[test]
fn figures_are_printed_as_a_table_and_as_csv() {
    let home = Home::new();
    let orders = home.file("orders.csv", ORDERS);
    home.json(&["import", orders.to_str().unwrap(), "--as", "orders"]);
    let text = |arguments: &[&str]| {
        let output = home.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let csv = text(&["--format", "csv", "kpi", "show", "net_sales", "--from", "2026-01-01", "--dimension", "channel"]);
    insta::assert_snapshot!(csv, @r"
    period,value,previous,year_before,holidays,web,app,(none)
    2026-01,950.5,,,New Year,950.5,0,0
    2026-02 (unfinished),60.49,,,Spring Festival,0,50.5,9.99
    ");
    let list = home.json(&["kpi", "list", "--by", "week"]);
    assert!(list["items"].as_array().is_some_and(|items| items.len() >= 24), "{list}");
    let behind = text(&[
        "--format",
        "csv",
        "kpi",
        "behind",
        "orders",
        "--period",
        "2026-02",
        "--dimension",
        "channel",
        "--missing",
    ]);
    assert_eq!(behind.lines().count(), 2, "{behind}");
    assert!(behind.contains(",T4,"), "{behind}");
    text(&["kpi", "goal", "set", "orders", "2026-W05", "7"]);
    assert!(text(&["kpi", "goal", "list"]).contains("2026-01-26"));
    text(&["kpi", "goal", "remove", "orders", "2026-01-26..2026-02-01"]);
    assert!(home.complaint(&["kpi", "goal", "remove", "orders", "2026-W05"]).contains("no such goal"));
    assert!(home.complaint(&["kpi", "show", "sales"]).contains("no such KPI"));
    assert!(home.complaint(&["kpi", "show", "orders", "--dimension", "colour"]).contains("rfm_tier"));
}
