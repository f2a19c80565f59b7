//! The quality of data is what the reports of loads say.

use zhike_domain::import::entity::Entity;
use zhike_engine::{Clock, quality};

use crate::support::{Home, NOW, load};

fn orders(from: u64, n: u64, bad: u64) -> String {
    let mut text = String::from("order_id,member_id,ordered_at,amount,status\n");
    for one in from..from + n {
        let amount = if one - from < bad { "many" } else { "10" };
        text.push_str(&format!("T{one},M{one},2026-11-20 10:00:00,{amount},completed\n"));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_load_is_judged_by_the_loads_before() {
    const DAY: i64 = 86_400_000_000;
    let home = Home::sqlite();
    let none = home.open().await;
    assert!(quality::files(&none).await.unwrap().total.is_none());
    none.close().await;
    // Six daily loads of a hundred rows, then one of two with a row that cannot be read.
    for day in 0..7_u64 {
        let at = Clock::fixed(NOW - (9 - day as i64) * DAY);
        let ctx = home.open_as(|options| zhike_engine::Options { clock: at, ..options }).await;
        let (n, bad) = if day == 6 { (2, 1) } else { (100, 0) };
        let report =
            load(&ctx, &home.file(&format!("{day}.csv"), orders(1_000 * day, n, bad)), Entity::Orders).await.unwrap();
        assert_eq!((report.rows_read, report.rows_quarantined), (n, bad));
        ctx.close().await;
    }
    let ctx = home.open().await;
    let found = quality::files(&ctx).await.unwrap();
    let [one] = found.items.as_slice() else { panic!("{:?}", found.items) };
    assert_eq!((one.entity.as_str(), one.n_loads, one.last.rows_read, one.n_open), ("orders", 7, 2, 1));
    let usual = one.usual.unwrap();
    assert!(usual.usual == 100 && usual.is_left_by(2) && !usual.is_left_by(100), "{usual:?}");
    // Three days without a load where one came every day.
    assert_eq!((one.usual_gap, one.is_late), (Some(DAY), true));
    assert_eq!(one.open_in.map(|id| id.get()), Some(one.last.batch_id));
    assert_eq!(one.reasons.values().sum::<u64>(), 1);
    let part = one.quality.unwrap();
    assert!((part.validity - 50.0).abs() < 1e-9, "{part:?}");
    assert_eq!(found.total.unwrap().validity, part.validity);
    assert_eq!(one.scores.len(), 7);
}
