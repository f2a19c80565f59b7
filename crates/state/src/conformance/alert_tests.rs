//! Alerts, and notices of them.

use super::{Place, conformance};
use crate::{AlertRow, AuditEntry, NoticeRow};

conformance!(an_alert_is_raised_once_and_acknowledged_once, notices_of_topics_are_apart,);

fn alert(alert_id: i64, subject: &str, day: i64, raised_at: i64) -> AlertRow {
    AlertRow {
        alert_id,
        kind: "figure".to_owned(),
        subject: subject.to_owned(),
        day,
        direction: "low".to_owned(),
        severity: "medium".to_owned(),
        words_zh: "少".to_owned(),
        words_en: "less".to_owned(),
        link: "/kpis".to_owned(),
        raised_at,
        acknowledged_by: None,
        acknowledged_at: None,
    }
}

async fn an_alert_is_raised_once_and_acknowledged_once(place: &Place) {
    let store = place.open().await;
    let first = [alert(1, "sales", 10, 100), alert(2, "people", 10, 100)];
    assert_eq!(store.raise_alerts(&first).await.unwrap(), 2);
    // The same finding again, with another day beside it.
    assert_eq!(store.raise_alerts(&[alert(3, "sales", 10, 200), alert(4, "sales", 11, 200)]).await.unwrap(), 1);
    assert_eq!(store.raise_alerts(&[]).await.unwrap(), 0);
    let ids = |rows: Vec<AlertRow>| rows.iter().map(|row| row.alert_id).collect::<Vec<_>>();
    assert_eq!(ids(store.alerts(false, 10).await.unwrap()), [4, 2, 1]);
    assert_eq!(ids(store.alerts(false, 1).await.unwrap()), [4]);
    assert_eq!(store.alert(2).await.unwrap().map(|row| row.subject).as_deref(), Some("people"));
    assert!(store.alert(9).await.unwrap().is_none());
    assert_eq!(ids(store.alerts_since(200).await.unwrap()), [4]);
    assert_eq!(store.count_open_alerts().await.unwrap(), 3);

    let entry = AuditEntry {
        at: 300,
        actor: "ann".to_owned(),
        action: "alert.acknowledge".to_owned(),
        subject: String::new(),
        detail_json: "{}".to_owned(),
    };
    let link = |_: &[u8; 32], _: &[u8]| [0; 32];
    assert_eq!(store.acknowledge_alerts(&[1, 4, 9], ("ann", 300), &entry, link).await.unwrap(), 2);
    assert_eq!(store.acknowledge_alerts(&[1], ("bob", 400), &entry, link).await.unwrap(), 0);
    let all = store.alerts(false, 10).await.unwrap();
    assert_eq!(all[2].acknowledged_by.as_deref(), Some("ann"));
    assert_eq!(ids(store.alerts(true, 10).await.unwrap()), [2]);
    assert_eq!(store.count_open_alerts().await.unwrap(), 1);
    // Acknowledged stays so, however often it is found again.
    assert_eq!(store.raise_alerts(&[alert(5, "sales", 10, 500)]).await.unwrap(), 0);
    assert_eq!(store.count_open_alerts().await.unwrap(), 1);
}

async fn notices_of_topics_are_apart(place: &Place) {
    let store = place.open().await;
    let notice = |topic: &str, about, n_tries, tried_at| NoticeRow {
        topic: topic.to_owned(),
        about,
        hook: "h".to_owned(),
        n_tries,
        tried_at,
        next_at: None,
        outcome: "delivered".to_owned(),
    };
    store
        .put_notices(&[notice("alert", 1, 1, 5), notice("alert", 2, 1, 6), notice("incident", 1, 1, 5)])
        .await
        .unwrap();
    store.put_notices(&[notice("alert", 1, 2, 7)]).await.unwrap();
    assert_eq!(store.notices("alert", 0).await.unwrap(), [notice("alert", 1, 2, 7), notice("alert", 2, 1, 6)]);
    assert_eq!(store.notices("alert", 7).await.unwrap(), [notice("alert", 1, 2, 7)]);
    assert_eq!(store.notices("incident", 0).await.unwrap(), [notice("incident", 1, 1, 5)]);
}
