//! Versions of models: what is told of each, and what it learnt. Neither is about any one person.

use crate::boxed;
use crate::db::{Put, record, words};
use crate::error::Result;
use crate::open::Store;

words! {
    /// Whether a version is used.
    ModelStatus {
        /// It is.
        Live = "live",
        /// It is not, for the reason on its card.
        Withheld = "withheld",
        /// A later one took its place.
        Retired = "retired",
    }
}

record! {
    /// A version of a model.
    ModelRow {
        /// Model.
        model: String,
        /// From 1.
        version: i64,
        /// When it was trained, in microseconds.
        trained_at: i64,
        /// Whether it is used.
        status: ModelStatus,
        /// What is told of it.
        card_json: String,
    }
}

record! {
    /// What a version learnt.
    ModelArtifactRow {
        /// Model.
        model: String,
        /// Version.
        version: i64,
        /// What it learnt.
        learnt_json: String,
    }
}

impl Store {
    /// Stores a version with what it learnt; one in use takes the place of the one that was.
    #[boxed]
    pub async fn add_model(&self, row: ModelRow, learnt_json: Option<String>) -> Result<()> {
        let mut tx = self.data.begin("add_model", row.model.clone()).await?;
        if row.status == ModelStatus::Live {
            tx.run("UPDATE models SET status = 'retired' WHERE model = $1 AND status = 'live'", &[row.model.arg()])
                .await?;
        }
        if let Some(learnt_json) = learnt_json {
            let artifact = ModelArtifactRow { model: row.model.clone(), version: row.version, learnt_json };
            tx.bulk("INSERT INTO model_artifacts ({columns}) {rows}", &[artifact]).await?;
        }
        tx.bulk("INSERT INTO models ({columns}) {rows}", &[row]).await?;
        tx.commit().await
    }

    /// Changes what is told of a version and whether it is used.
    #[boxed]
    pub async fn set_model(&self, model: &str, version: i64, status: ModelStatus, card_json: &str) -> Result<()> {
        let mut tx = self.data.begin("set_model", model.to_owned()).await?;
        tx.run(
            "UPDATE models SET status = $3, card_json = $4 WHERE model = $1 AND version = $2",
            &[model.arg(), version.arg(), status.as_str().arg(), card_json.arg()],
        )
        .await?;
        tx.commit().await
    }

    /// All versions, by model and version.
    #[boxed]
    pub async fn models(&self) -> Result<Vec<ModelRow>> {
        self.data.read("models", "models").all("SELECT {columns} FROM models ORDER BY model, version", &[]).await
    }

    /// What a version learnt.
    #[boxed]
    pub async fn model_artifact(&self, model: &str, version: i64) -> Result<Option<String>> {
        let sql = "SELECT {columns} FROM model_artifacts WHERE model = $1 AND version = $2";
        let read = self.data.read("model_artifact", model);
        let row: Option<ModelArtifactRow> = read.optional(sql, &[model.arg(), version.arg()]).await?;
        Ok(row.map(|row| row.learnt_json))
    }
}
