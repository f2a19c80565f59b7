//! Goals of figures.

use super::{Place, conformance};
use crate::KpiGoalRow;

conformance!(a_goal_is_set_changed_and_removed,);

async fn a_goal_is_set_changed_and_removed(place: &Place) {
    let store = place.open().await;
    let goal = |kpi: &str, from_on, to_on, value_micro| KpiGoalRow {
        kpi: kpi.to_owned(),
        from_on,
        to_on,
        value_micro,
        author: "owner".to_owned(),
        set_at: 5,
    };
    store.set_kpi_goal(goal("orders", 10, 19, 7_000_000)).await.unwrap();
    store.set_kpi_goal(goal("net_sales", 10, 19, 1)).await.unwrap();
    store.set_kpi_goal(goal("net_sales", 10, 12, -3)).await.unwrap();
    store.set_kpi_goal(goal("net_sales", 10, 19, i64::MAX)).await.unwrap();
    let all = [goal("net_sales", 10, 12, -3), goal("net_sales", 10, 19, i64::MAX), goal("orders", 10, 19, 7_000_000)];
    assert_eq!(store.kpi_goals().await.unwrap(), all);
    assert!(store.remove_kpi_goal("net_sales", 10, 12).await.unwrap());
    assert!(!store.remove_kpi_goal("net_sales", 10, 12).await.unwrap());
    assert_eq!(store.kpi_goals().await.unwrap(), all[1..]);
}
