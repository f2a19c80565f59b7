//! Versions of models.

use super::{Place, conformance};
use crate::{ModelRow, ModelStatus};

conformance!(a_version_in_use_takes_the_place_of_the_one_that_was,);

async fn a_version_in_use_takes_the_place_of_the_one_that_was(place: &Place) {
    let store = place.open().await;
    let row = |model: &str, version, status| ModelRow {
        model: model.to_owned(),
        version,
        trained_at: version * 10,
        status,
        card_json: format!("{{\"v\":{version}}}"),
    };
    store.add_model(row("churn", 1, ModelStatus::Live), Some("a".into())).await.unwrap();
    store.add_model(row("clv", 1, ModelStatus::Live), Some("b".into())).await.unwrap();
    store.add_model(row("churn", 2, ModelStatus::Withheld), None).await.unwrap();
    let told = async || -> Vec<(String, i64, ModelStatus)> {
        store.models().await.unwrap().into_iter().map(|row| (row.model, row.version, row.status)).collect()
    };
    let of = |model: &str, version, status| (model.to_owned(), version, status);
    use ModelStatus::{Live, Retired, Withheld};
    assert_eq!(told().await, [of("churn", 1, Live), of("churn", 2, Withheld), of("clv", 1, Live)]);
    store.add_model(row("churn", 3, Live), Some("c".into())).await.unwrap();
    assert_eq!(
        told().await,
        [of("churn", 1, Retired), of("churn", 2, Withheld), of("churn", 3, Live), of("clv", 1, Live)]
    );
    store.set_model("churn", 3, Withheld, "{}").await.unwrap();
    assert_eq!(told().await[2], of("churn", 3, Withheld));
    assert_eq!(store.models().await.unwrap()[2].card_json, "{}");
    assert_eq!(store.model_artifact("churn", 1).await.unwrap().as_deref(), Some("a"));
    assert_eq!(store.model_artifact("churn", 2).await.unwrap(), None);
}
