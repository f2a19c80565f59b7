//! Alerts, and notices of them.

use super::{Place, conformance};
use crate::{AlertRow, AuditEntry, NoticeRow};

conformance!(
    an_alert_is_raised_once_and_acknowledged_once,
    all_open_alerts_are_acknowledged_by_one_short_entry,
    notices_of_topics_are_apart,
    a_notice_is_claimed_by_one_and_again_when_that_is_over,
);

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

fn link(_: &[u8; 32], _: &[u8]) -> [u8; 32] {
    [0; 32]
}

/// Of so many alerts.
fn entry(n: u64) -> AuditEntry {
    AuditEntry {
        at: 300,
        actor: "ann".to_owned(),
        action: "alert.acknowledge".to_owned(),
        subject: String::new(),
        detail_json: n.to_string(),
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

    assert_eq!(store.acknowledge_alerts(Some(&[1, 4, 9]), ("ann", 300), entry, link).await.unwrap(), 2);
    assert_eq!(store.acknowledge_alerts(Some(&[1]), ("bob", 400), entry, link).await.unwrap(), 0);
    assert_eq!(store.acknowledge_alerts(Some(&[]), ("bob", 400), entry, link).await.unwrap(), 0, "none is not all");
    let all = store.alerts(false, 10).await.unwrap();
    assert_eq!(all[2].acknowledged_by.as_deref(), Some("ann"));
    assert_eq!(ids(store.alerts(true, 10).await.unwrap()), [2]);
    assert_eq!(store.count_open_alerts().await.unwrap(), 1);
    // Acknowledged stays so, however often it is found again.
    assert_eq!(store.raise_alerts(&[alert(5, "sales", 10, 500)]).await.unwrap(), 0);
    assert_eq!(store.count_open_alerts().await.unwrap(), 1);
}

async fn all_open_alerts_are_acknowledged_by_one_short_entry(place: &Place) {
    let store = place.open().await;
    let rows: Vec<AlertRow> = (1..=600).map(|id| alert(id, "sales", id, 100)).collect();
    store.raise_alerts(&rows).await.unwrap();
    store.acknowledge_alerts(Some(&[7]), ("ann", 200), entry, link).await.unwrap();
    assert_eq!(store.acknowledge_alerts(None, ("bob", 300), entry, link).await.unwrap(), 599);
    assert_eq!(store.audit_head().await.unwrap().unwrap().detail_json, "599");
    assert_eq!(store.alert(7).await.unwrap().unwrap().acknowledged_by.as_deref(), Some("ann"), "as it was");
    assert_eq!(store.acknowledge_alerts(None, ("bob", 400), entry, link).await.unwrap(), 0);
    assert_eq!(store.audit_head().await.unwrap().unwrap().seq, 2, "what changed nothing has no entry");
}

fn notice(topic: &str, about: i64, n_tries: i64, tried_at: i64) -> NoticeRow {
    NoticeRow {
        topic: topic.to_owned(),
        about,
        hook: "h".to_owned(),
        n_tries,
        tried_at,
        next_at: None,
        outcome: "delivered".to_owned(),
    }
}

async fn a_notice_is_claimed_by_one_and_again_when_that_is_over(place: &Place) {
    let store = place.open().await;
    let claim = |about: i64, n_tries: i64, now: i64| NoticeRow {
        next_at: Some(now + 100),
        outcome: "sending".to_owned(),
        ..notice("alert", about, n_tries, now)
    };
    // Two that read the same: one has it, and whoever died with it has it no longer than it said.
    assert!(store.claim_notices(&[claim(1, 0, 10)]).await.unwrap());
    assert!(!store.claim_notices(&[claim(1, 0, 11)]).await.unwrap());
    assert!(store.claim_notices(&[claim(1, 0, 110)]).await.unwrap());
    // What came of it counts from then on: a second try for whoever knows of the first, none once it arrived.
    let later = NoticeRow { next_at: Some(200), outcome: "refused".to_owned(), ..notice("alert", 1, 1, 120) };
    store.put_notices(std::slice::from_ref(&later)).await.unwrap();
    assert!(!store.claim_notices(&[claim(1, 0, 250)]).await.unwrap(), "it was tried since");
    assert!(store.claim_notices(&[claim(1, 1, 250)]).await.unwrap());
    assert_eq!(
        store.notices("alert", 0).await.unwrap(),
        [NoticeRow { next_at: Some(350), ..later }],
        "what came of it before is still to be seen"
    );
    store.put_notices(&[notice("alert", 1, 2, 260)]).await.unwrap();
    assert!(!store.claim_notices(&[claim(1, 2, 1_000)]).await.unwrap());
    // Several are claimed whole or not at all.
    assert!(!store.claim_notices(&[claim(2, 0, 1_000), claim(1, 2, 1_000)]).await.unwrap());
    assert!(store.claim_notices(&[claim(2, 0, 1_000), claim(3, 0, 1_000)]).await.unwrap());
    // Many at once: one of them.
    let of_many = |_| {
        let (store, row) = (store.clone(), claim(4, 0, 2_000));
        tokio::spawn(async move { store.claim_notices(&[row]).await.unwrap() })
    };
    let all: Vec<_> = (0..20).map(of_many).collect();
    let mut n = 0;
    for one in all {
        n += u64::from(one.await.unwrap());
    }
    assert_eq!(n, 1);
}

async fn notices_of_topics_are_apart(place: &Place) {
    let store = place.open().await;
    store
        .put_notices(&[notice("alert", 1, 1, 5), notice("alert", 2, 1, 6), notice("incident", 1, 1, 5)])
        .await
        .unwrap();
    store.put_notices(&[notice("alert", 1, 2, 7)]).await.unwrap();
    assert_eq!(store.notices("alert", 0).await.unwrap(), [notice("alert", 1, 2, 7), notice("alert", 2, 1, 6)]);
    assert_eq!(store.notices("alert", 7).await.unwrap(), [notice("alert", 1, 2, 7)]);
    assert_eq!(store.notices("incident", 0).await.unwrap(), [notice("incident", 1, 1, 5)]);
}
