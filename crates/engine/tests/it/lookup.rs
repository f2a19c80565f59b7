//! One customer's page read by page index gives what a query over the whole tables gives.

use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::Entity;
use zhike_engine::Ctx;
use zhike_engine::profiles::{self, Show};

use crate::support::{Home, load, rows};

/// Orders of some customers, who give their member number, their phone, or (`knows_both`) both.
fn orders(from: u64, n: u64, knows_both: bool) -> String {
    let mut text = String::from("订单编号,会员号,手机号,下单时间,实付金额,订单状态\n");
    for order in from..from + n {
        let customer = order * 7919 % 23;
        let member = if knows_both || order % 2 == 0 { format!("M{customer}") } else { String::new() };
        let phone = if knows_both || order % 2 == 1 { format!("1371234{customer:04}") } else { String::new() };
        let (month, day) = (order % 9 + 1, order % 28 + 1);
        text.push_str(&format!("T{order},{member},{phone},2026-0{month}-{day:02} 10:00:00,{order}.25,交易成功\n"));
    }
    text
}

async fn check(ctx: &Ctx) -> usize {
    let profiles = rows(ctx, "SELECT profile_id FROM profiles ORDER BY 1").await;
    for profile in &profiles {
        let id = ProfileId::new(profile.parse().unwrap());
        let page = profiles::orders(ctx, id, 0, 10_000).await.unwrap();
        let found: Vec<String> = page
            .orders
            .text("order_id")
            .map(|ids| ids.iter().flatten().map(str::to_owned).collect())
            .unwrap_or_default();
        let sql =
            format!("SELECT order_id FROM orders WHERE profile_id = {profile} ORDER BY ordered_at DESC, order_id DESC");
        assert_eq!(found, rows(ctx, &sql).await, "orders of {profile}");
        let second = profiles::orders(ctx, id, 1, 2).await.unwrap();
        let ids: Vec<&str> =
            second.orders.text("order_id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
        assert_eq!(ids, found.iter().skip(1).take(2).map(String::as_str).collect::<Vec<_>>());
        assert_eq!(second.has_more, found.len() > 3);
        let months = profiles::view(ctx, id, &Show::Masked).await.unwrap().months;
        let found: Vec<String> =
            months.iter().map(|month| format!("{}|{}|{}", month.month, month.net_amount, month.n_orders)).collect();
        let sql = format!(
            "SELECT to_char(ordered_at AT TIME ZONE 'Asia/Shanghai', '%Y-%m') AS month, \
             CAST(sum(net_amount) * 100 AS BIGINT), count(*) FROM orders WHERE profile_id = {profile} GROUP BY 1 ORDER BY 1"
        );
        assert_eq!(found, rows(ctx, &sql).await, "months of {profile}");
    }
    profiles.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_looked_up_is_the_customer_queried_before_and_after_merges() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("first.csv", orders(0, 400, false)), Entity::Orders).await.unwrap();
    let n_before = check(&ctx).await;
    // The same people, now known to be the same: what was written under two profiles belongs to one.
    load(&ctx, &home.file("second.csv", orders(1000, 400, true)), Entity::Orders).await.unwrap();
    let n_after = check(&ctx).await;
    assert_eq!((n_before, n_after), (46, 23));
}
