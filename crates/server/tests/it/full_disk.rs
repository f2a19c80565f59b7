//! A disk that is full: one clear line, nothing half-visible, and the same command works once there is space.

use crate::support::{Disk, Home};

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let home = Home::new();
    let data = home.path().join("data");
    let Some(disk) = Disk::mount(&data, "size=6m") else {
        println!("skipped: a small disk cannot be mounted here (needs root)");
        return;
    };
    let mut text = String::from("订单编号,会员号,下单时间,实付金额\n");
    for order in 0..120_000 {
        text.push_str(&format!("F{order},M{},2026-01-02 10:00:00,{}.50\n", order % 40_000, order % 900));
    }
    let path = home.file("orders.csv", text);
    assert!(home.run(&["init"]).status.success());
    let said = home.complaint(&["import", path.to_str().unwrap(), "--quiet"]);
    assert!(said.contains("no space left") && said.lines().count() == 1, "{said}");
    disk.grow("size=300m");
    let rows =
        home.json(&["sql", "SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM profiles) AS p"]);
    assert_eq!((&rows[0]["orders"], &rows[0]["p"]), (&0.into(), &0.into()), "{said}");
    let report = home.json(&["import", path.to_str().unwrap()]);
    assert_eq!(report["files"][0]["rows_loaded"], 120_000);
    let rows = home.json(&["sql", "SELECT count(*) AS n, count(DISTINCT profile_id) AS p FROM orders"]);
    assert_eq!((&rows[0]["n"], &rows[0]["p"]), (&120_000.into(), &40_000.into()));
}
