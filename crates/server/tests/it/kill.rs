//! `kill -9` while a file is being loaded: whole or not at all, and the next start puts it right.

use std::process::Stdio;
use std::time::Duration;

use crate::support::Home;

#[test]
fn a_killed_load_leaves_nothing_half_visible() {
    let home = Home::new();
    let mut text = String::from("订单编号,商品编码,商品名称,数量,下单时间,单价,会员号\n");
    for order in 0..60_000 {
        text.push_str(&format!("K{order},P{},物品,1,2026-01-02 10:00:00,3.50,M{}\n", order % 50, order % 5000));
    }
    let path = home.file("lines.csv", text);
    assert!(home.run(&["init"]).status.success());
    let mut seen = Vec::new();
    for round in 0..6 {
        let mut child = home
            .command()
            .args(["import", path.to_str().unwrap(), "--as", "order_lines", "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(60 + 170 * round));
        let _ = child.kill();
        child.wait().unwrap();
        let rows = home.json(&[
            "sql",
            "SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM order_items) AS items, \
             (SELECT count(*) FROM profiles) AS profiles",
        ]);
        let counts = [&rows[0]["orders"], &rows[0]["items"], &rows[0]["profiles"]].map(|count| count.as_i64().unwrap());
        assert!(counts == [0, 0, 0] || counts == [60_000, 60_000, 5000], "round {round}: {counts:?}");
        seen.push(counts[0]);
    }
    // The kills struck loads at work, not only before or after them.
    let struck = home.json(&["sql", "SELECT count(*) AS n FROM batches WHERE status = 'failed'"]);
    assert!(struck[0]["n"].as_i64() > Some(0), "no kill struck a load that had begun: {seen:?}");
    let report = home.json(&["import", path.to_str().unwrap(), "--as", "order_lines"]);
    assert_eq!(report["files"][0]["rows_read"], 60_000);
    let rows =
        home.json(&["sql", "SELECT count(*) AS n, count(DISTINCT order_id) AS d, sum(net_amount) AS s FROM orders"]);
    assert_eq!((&rows[0]["n"], &rows[0]["d"]), (&60_000.into(), &60_000.into()), "{seen:?}");
    assert_eq!(rows[0]["s"].to_string(), "210000.0");
}
