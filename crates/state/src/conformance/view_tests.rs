//! Views.

use super::{Place, conformance};
use crate::ViewRow;

conformance!(a_view_is_kept_changed_and_forgotten);

fn view(view_id: i64, page: &str, at: i64) -> ViewRow {
    ViewRow {
        view_id,
        page: page.to_owned(),
        name: format!("view {at}"),
        state_json: format!(r#"{{"at":{at}}}"#),
        author: format!("author {at}"),
        created_at: at,
        updated_at: at,
    }
}

async fn a_view_is_kept_changed_and_forgotten(place: &Place) {
    let store = place.open().await;
    for row in [view(2, "customers", 5), view(1, "customers", 6), view(3, "segments", 7)] {
        store.put_view(row).await.unwrap();
    }
    let listed = store.list_views("customers").await.unwrap();
    assert_eq!(listed, [view(1, "customers", 6), view(2, "customers", 5)]);

    store.put_view(view(2, "customers", 9)).await.unwrap();
    let changed = ViewRow { author: "author 5".to_owned(), created_at: 5, ..view(2, "customers", 9) };
    assert_eq!(store.view(2).await.unwrap(), Some(changed));

    assert!(store.delete_view(2).await.unwrap());
    assert!(!store.delete_view(2).await.unwrap());
    assert_eq!(store.view(2).await.unwrap(), None);
    assert_eq!(store.list_views("customers").await.unwrap().len(), 1);
}
