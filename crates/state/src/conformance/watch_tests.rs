//! The audit trail read back, its roots, budgets, approvals and incidents.

use super::{Place, conformance};
use crate::{ApprovalRow, AuditEntry, AuditFilter, AuditRootRow, IncidentRow};

conformance!(
    the_trail_is_filtered_and_paged,
    roots_are_numbered_once_and_noted_outside,
    a_budget_is_taken_whole_or_not_at_all,
    an_approval_moves_on_once,
    an_incident_changes_from_what_was_read,
);

fn link(_: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[0] = bytes.len() as u8;
    hash
}

fn entry(at: i64, actor: &str, action: &str, subject: &str) -> AuditEntry {
    let text = |text: &str| text.to_owned();
    AuditEntry { at, actor: text(actor), action: text(action), subject: text(subject), detail_json: text("{}") }
}

async fn the_trail_is_filtered_and_paged(place: &Place) {
    let store = place.open().await;
    for (at, actor, action, subject) in [
        (10, "ann", "profile.open", "prf_1"),
        (20, "ann/key", "profile.unmask", "prf_2"),
        (30, "anna", "profile.open", "prf_1"),
        (40, "ben", "export.create", "customers"),
    ] {
        store.append_audit(&entry(at, actor, action, subject), link).await.unwrap();
    }
    let seqs = async |filter: AuditFilter, before: Option<i64>, limit: usize| {
        let rows = store.audit_list(&filter, before, limit).await.unwrap();
        rows.iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    let all = AuditFilter::default();
    assert_eq!(seqs(all.clone(), None, 10).await, [4, 3, 2, 1]);
    assert_eq!(seqs(all.clone(), None, 2).await, [4, 3]);
    assert_eq!(seqs(all.clone(), Some(3), 2).await, [2, 1]);
    assert_eq!(seqs(AuditFilter { actor: text("ann"), ..all.clone() }, None, 10).await, [2, 1], "keys too, others not");
    assert_eq!(seqs(AuditFilter { action: text("profile"), ..all.clone() }, None, 10).await, [3, 2, 1]);
    assert_eq!(seqs(AuditFilter { subject: text("prf_1"), ..all.clone() }, None, 10).await, [3, 1]);
    assert_eq!(seqs(AuditFilter { since: Some(20), until: Some(40), ..all.clone() }, None, 10).await, [3, 2]);
    store.append_audit(&entry(50, "sys", "backup.take", "all"), link).await.unwrap();
    store.append_audit(&entry(60, "ann", "access.denied", "GET"), link).await.unwrap();
    for action in ["user.create", "user.reset", "user.sso_link", "user.sso_unlink"] {
        store.append_audit(&entry(70, "sys", action, "usr_1"), link).await.unwrap();
    }
    let security = seqs(AuditFilter { is_security: true, ..all }, None, 10).await;
    assert_eq!(security, [10, 9, 8, 6], "access and the ways in, not work nor the system");
    assert_eq!(store.audit_head().await.unwrap().map(|row| row.seq), Some(10));
}

async fn roots_are_numbered_once_and_noted_outside(place: &Place) {
    let store = place.open().await;
    let root = |n| AuditRootRow { n, seq: 10 * n, at: n, head: [1; 32], mac: [2; 32], is_anchored: 0 };
    assert_eq!(store.audit_root().await.unwrap(), None);
    assert!(store.add_audit_root(root(1)).await.unwrap() && store.add_audit_root(root(2)).await.unwrap());
    assert!(!store.add_audit_root(AuditRootRow { seq: 99, ..root(2) }).await.unwrap(), "another process was first");
    assert_eq!(store.audit_root().await.unwrap(), Some(root(2)));
    assert_eq!(store.audit_roots(1, 10).await.unwrap(), [root(2)]);
    store.note_anchored(1).await.unwrap();
    assert_eq!(store.audit_roots_to_anchor(10).await.unwrap(), [root(2)]);
}

async fn a_budget_is_taken_whole_or_not_at_all(place: &Place) {
    let store = place.open().await;
    assert!(store.take_budget(7, "ann", "rows", 60, 100).await.unwrap());
    assert!(!store.take_budget(7, "ann", "rows", 41, 100).await.unwrap());
    assert!(store.take_budget(7, "ann", "rows", 40, 100).await.unwrap());
    assert!(!store.take_budget(7, "ann", "rows", 1, 100).await.unwrap());
    assert!(
        store.take_budget(7, "ben", "rows", 1, 100).await.unwrap()
            && store.take_budget(8, "ann", "rows", 1, 100).await.unwrap()
    );
    let used = store.budget_uses(7).await.unwrap();
    assert_eq!(used, [("ann".to_owned(), "rows".to_owned(), 100), ("ben".to_owned(), "rows".to_owned(), 1)]);
    assert!(store.take_budget(100, "ann", "rows", 1, 100).await.unwrap());
    assert_eq!(store.budget_uses(7).await.unwrap(), [], "long over");
    // Many at once: never more than there is.
    let take = |_| {
        let store = store.clone();
        tokio::spawn(async move { store.take_budget(101, "eve", "rows", 7, 50).await.unwrap() })
    };
    let all: Vec<_> = (0..20).map(take).collect();
    let mut n = 0;
    for one in all {
        n += i64::from(one.await.unwrap());
    }
    assert_eq!((n, store.budget_uses(101).await.unwrap()[0].2), (7, 49));
}

async fn an_approval_moves_on_once(place: &Place) {
    let store = place.open().await;
    let row = ApprovalRow {
        approval_id: 5,
        kind: "export".into(),
        title: "all".into(),
        purpose: "service".into(),
        reason: "care".into(),
        spec_json: "{}".into(),
        n_rows: 9,
        status: "pending".into(),
        asked_by: "ann".into(),
        asked_at: 1,
        expires_at: 9,
        decided_by: None,
        decided_at: None,
        note: String::new(),
        used_at: None,
    };
    store.add_approval(row.clone(), &entry(1, "ann", "approval.ask", "apr"), link).await.unwrap();
    let approved =
        ApprovalRow { status: "approved".into(), decided_by: Some("ben".into()), decided_at: Some(2), ..row };
    let approve = entry(2, "ben", "approval.approve", "apr");
    assert!(store.change_approval(&approved, "pending", &approve, link).await.unwrap());
    assert!(!store.change_approval(&approved, "pending", &approve, link).await.unwrap());
    assert_eq!(store.approval(5).await.unwrap(), Some(approved.clone()));
    assert_eq!(store.approvals(10).await.unwrap(), [approved]);
    assert_eq!(store.audit_head().await.unwrap().map(|row| row.seq), Some(2), "what did not happen has no entry");
}

async fn an_incident_changes_from_what_was_read(place: &Place) {
    let store = place.open().await;
    let row = IncidentRow {
        incident_id: 3,
        kind: "canary".into(),
        severity: "high".into(),
        status: "open".into(),
        actor: "ann".into(),
        roles_json: "[]".into(),
        opened_at: 1,
        n_alerts: 1,
        acknowledged_by: None,
        acknowledged_at: None,
        escalated_at: None,
        decided_by: None,
        decided_at: None,
        locked_at: None,
        closed_by: None,
        closed_at: None,
        steps_json: "[1]".into(),
    };
    store.add_incident(row.clone(), &entry(1, "watch", "incident.opened", "inc"), link).await.unwrap();
    let next = IncidentRow { status: "contained".into(), steps_json: "[1,2]".into(), ..row };
    assert!(store.change_incident(&next, "[1]", None, link).await.unwrap());
    assert!(!store.change_incident(&next, "[1]", None, link).await.unwrap(), "somebody else was first");
    assert_eq!(store.incident(3).await.unwrap(), Some(next.clone()));
    assert!(store.undecided_incidents().await.unwrap().is_empty());
    assert_eq!(store.incidents(1).await.unwrap(), [next]);
    for marked in [true, true, false, true] {
        store.mark_canary(4, marked, &entry(2, "boss", "canary.mark", "canaries"), link).await.unwrap();
    }
    assert_eq!(store.canaries().await.unwrap(), [4]);
}
