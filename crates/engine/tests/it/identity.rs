//! Who is who across files.

use zhike_domain::import::entity::{Entity, IdentityKind};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::profiles::{self, Show};

use crate::support::{Home, load, rows};

const ORDERS: &str = "\
订单编号,会员号,下单时间,实付金额,订单状态
T001,M1,2026-01-02 10:00:00,100.00,交易成功
T002,M2,2026-01-03 10:00:00,50.00,交易成功
T003,M3,2026-01-04 10:00:00,25.00,交易成功
";

const MEMBERS: &str = "\
会员号,姓名,手机号,性别,省份,城市
M1,张伟,13800138001,男,浙江省,杭州
M2,王芳,13800138002,女,江苏,南京市
M3,张伟,138 0013 8001,男,浙江,杭州市
";

#[tokio::test(flavor = "multi_thread")]
async fn members_with_one_phone_become_one_customer_and_their_orders_follow() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("orders.csv", ORDERS), Entity::Orders).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM profiles").await, ["3"]);
    load(&ctx, &home.file("members.csv", MEMBERS), Entity::Profiles).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM profiles").await, ["2"]);
    // Rows written before the merge belong to the surviving customer now.
    let spent = rows(
        &ctx,
        "SELECT p.name, p.phone, sum(o.net_amount), count(*) FROM orders o JOIN profiles p USING (profile_id) \
         GROUP BY p.profile_id, p.name, p.phone ORDER BY 3",
    )
    .await;
    assert_eq!(spent, ["王*|138****8002|50.00|1", "张*|138****8001|125.00|2"]);
    let phone = Sensitive::new("+86 138-0013-8001".to_owned());
    let found = profiles::find(&ctx, Some(IdentityKind::Phone), &phone).await.unwrap();
    assert_eq!(found.len(), 1);
    let view = profiles::view(&ctx, found[0], &Show::Masked).await.unwrap();
    assert_eq!(view.months.iter().map(|month| month.net_amount).sum::<i64>(), 12_500);
    assert_eq!(view.identities.len(), 3);
    assert!(!view.edges.is_empty());
    assert_eq!(view.personal.get("phone").map(String::as_str), Some("138****8001"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_of_many_members_identifies_nobody() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let mut text = String::from("会员号,姓名,手机号\n");
    for member in 0..9 {
        text.push_str(&format!("S{member},顾客{member},13900139000\n"));
    }
    load(&ctx, &home.file("shop.csv", text), Entity::Profiles).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(DISTINCT profile_id) FROM identities WHERE kind = 'member_id'").await, ["9"]);
    assert_eq!(rows(&ctx, "SELECT status FROM identities WHERE kind = 'phone'").await, ["set_aside"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_in_the_clear_need_a_reason_and_leave_a_trace() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("members.csv", MEMBERS), Entity::Profiles).await.unwrap();
    let member = Sensitive::new("M2".to_owned());
    let found = profiles::find(&ctx, None, &member).await.unwrap();
    let clear =
        |reason: &str| Show::Clear { actor: "owner".into(), reason: reason.into(), up_to_grade: 4, approval: None };
    assert!(profiles::view(&ctx, found[0], &clear(" ")).await.is_err());
    let view = profiles::view(&ctx, found[0], &clear("complaint 12")).await.unwrap();
    assert_eq!(view.personal.get("name").map(String::as_str), Some("王芳"));
    assert_eq!(view.personal.get("phone").map(String::as_str), Some("13800138002"));
}
