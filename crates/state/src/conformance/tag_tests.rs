//! Tags that people put on customers.

use super::{Place, conformance};
use crate::ManualTagRow;

conformance!(a_tag_is_put_changed_and_taken_off,);

async fn a_tag_is_put_changed_and_taken_off(place: &Place) {
    let store = place.open().await;
    let tag = |profile_id, value: &str, expires_at| ManualTagRow {
        profile_id,
        tag: "重点".to_owned(),
        value: value.to_owned(),
        author: "owner".to_owned(),
        set_at: 5,
        expires_at,
    };
    store.set_manual_tag(tag(1, "是", None)).await.unwrap();
    store.set_manual_tag(tag(2, "是", Some(9))).await.unwrap();
    store.set_manual_tag(tag(1, "否", Some(7))).await.unwrap();
    assert_eq!(store.manual_tags().await.unwrap(), [tag(1, "否", Some(7)), tag(2, "是", Some(9))]);
    assert_eq!(store.manual_tags_of(&[2, 3]).await.unwrap(), [tag(2, "是", Some(9))]);
    assert!(store.manual_tags_of(&[]).await.unwrap().is_empty());
    assert!(store.remove_manual_tag(1, "重点").await.unwrap());
    assert!(!store.remove_manual_tag(1, "重点").await.unwrap());
    assert_eq!(store.manual_tags().await.unwrap().len(), 1);
    store.set_manual_tag(tag(1, "是", None)).await.unwrap();
    assert_eq!(store.remove_manual_tag_of_all("重点").await.unwrap(), 2);
    assert_eq!(store.remove_manual_tag_of_all("重点").await.unwrap(), 0);
    assert!(store.manual_tags().await.unwrap().is_empty());
}
