//! Targets.

use super::{Place, conformance};
use crate::TargetRow;

conformance!(a_target_is_kept_changed_once_a_version_and_removed,);

async fn a_target_is_kept_changed_once_a_version_and_removed(place: &Place) {
    let store = place.open().await;
    let target = |target_id, name: &str, version, set_at| TargetRow {
        target_id,
        name: name.to_owned(),
        version,
        plan_json: format!("{{\"v\":{version}}}"),
        author: "owner".to_owned(),
        set_at,
    };
    store.add_target(target(1, "spring", 1, 5)).await.unwrap();
    store.add_target(target(2, "summer", 1, 6)).await.unwrap();
    assert!(store.add_target(target(3, "spring", 1, 7)).await.is_err());
    assert!(store.set_target(target(1, "spring", 2, 8)).await.unwrap());
    // Who still looks at the first version changes nothing.
    assert!(!store.set_target(target(1, "late", 2, 9)).await.unwrap());
    assert!(!store.set_target(target(9, "nowhere", 2, 9)).await.unwrap());
    assert_eq!(store.targets().await.unwrap(), [target(1, "spring", 2, 8), target(2, "summer", 1, 6)]);
    assert!(store.remove_target(1).await.unwrap());
    assert!(!store.remove_target(1).await.unwrap());
    assert_eq!(store.targets().await.unwrap(), [target(2, "summer", 1, 6)]);
}
