//! Commands as a user types them.

use crate::support::Home;

const ORDERS: &str = "订单编号,会员号,下单时间,实付金额,订单状态\n\
                      T1,M1,2026-01-02 10:00:00,100.00,交易成功\n\
                      T2,M2,2026-01-03 10:00:00,50.5,交易成功\n";

#[test]
fn import_refresh_query_and_profile() {
    let home = Home::new();
    let path = home.file("orders.csv", ORDERS);
    let report = home.json(&["import", path.to_str().unwrap()]);
    let file = &report["files"][0];
    assert_eq!(file["entity"], "orders");
    assert_eq!(file["rows_read"], 2);
    for key in ["file", "batch_id", "rows_loaded", "rows_duplicate", "rows_quarantined", "rules"] {
        assert!(!file[key].is_null(), "{key}");
    }
    let done = home.json(&["refresh", "--as-of", "2026-01-31"]);
    assert_eq!(done["n_customers"], 2);
    let rows = home.json(&["sql", "SELECT order_id, net_amount, ordered_at FROM orders ORDER BY order_id"]);
    insta::assert_snapshot!(rows.to_string(), @r#"[{"net_amount":100.0,"order_id":"T1","ordered_at":"2026-01-02T02:00:00Z"},{"net_amount":50.5,"order_id":"T2","ordered_at":"2026-01-03T02:00:00Z"}]"#);
    let profile = home.json(&["profile", "show", "--identity", "member_id:M1"]);
    assert_eq!(profile["totals"]["net_amount"], "100.00");
    assert_eq!(profile["rfm"]["recency_days"], 29);
    let csv = home.run(&["--format", "csv", "sql", "SELECT '=1+1' AS a, 'x,y' AS b, -5 AS c"]);
    assert_eq!(String::from_utf8_lossy(&csv.stdout), "a,b,c\n'=1+1,\"x,y\",-5\n");
}

#[test]
fn a_mapping_can_be_shown_edited_and_used() {
    let home = Home::new();
    let path = home.file("odd.csv", "nr,wer,wann,wieviel\nA1,K1,2026-01-02,12.5\n");
    let shown = home.run(&["mapping", path.to_str().unwrap(), "--as", "orders"]);
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let mapping = "version: 1\nentity: orders\ncolumns:\n- {header: nr, target: order_id}\n- {header: wer, target: member_id}\n\
                   - {header: wann, target: ordered_at}\n- {header: wieviel, target: amount}\n";
    let file = home.file("mapping.yaml", mapping);
    let report = home.json(&["import", path.to_str().unwrap(), "--mapping", file.to_str().unwrap()]);
    assert_eq!(report["files"][0]["rows_loaded"], 1, "{report}");
    let broken = home.file("broken.yaml", mapping.replace("target: amount", "target: amonut"));
    let said = home.complaint(&["import", path.to_str().unwrap(), "--mapping", broken.to_str().unwrap()]);
    assert!(said.contains("amonut"), "{said}");
}

#[test]
fn a_server_that_others_could_reach_is_not_started() {
    let home = Home::new();
    let said = home.complaint(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(said.contains("127.0.0.1"), "{said}");
}

#[test]
fn keys_that_others_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    assert!(home.run(&["init"]).status.success());
    let key = home.path().join("data/keys/root.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = home.complaint(&["sql", "SELECT 1"]);
    assert!(said.contains("root.key"), "{said}");
}

/// At rest by national algorithms or by AES: what was sealed with one is read while the other seals.
#[test]
fn values_are_read_whatever_seals_new_ones() {
    let home = Home::new();
    let one = home.file("one.csv", "会员号,手机号,姓名,注册时间\nM1,13957264831,王小明,2026-01-02 10:00:00\n");
    let two = home.file("two.csv", "会员号,手机号,姓名,注册时间\nM2,13957264839,李雷,2026-01-03 10:00:00\n");
    home.json(&["--value-cipher", "aes128-gcm", "import", one.to_str().unwrap()]);
    home.json(&["import", two.to_str().unwrap()]);
    for cipher in ["sm4-gcm", "aes128-gcm"] {
        let rows = home.json(&["--value-cipher", cipher, "sql", "SELECT phone FROM profiles ORDER BY phone"]);
        assert_eq!(rows, serde_json::json!([{"phone": "139****4831"}, {"phone": "139****4839"}]), "{cipher}");
    }
}
