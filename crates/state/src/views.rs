//! Views of pages: what a page shows, kept under a name.

use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// A view.
    ViewRow {
        /// Id.
        view_id: i64,
        /// Page.
        page: String,
        /// Name; empty for one that only an address names.
        name: String,
        /// What the page shows, as JSON.
        state_json: String,
        /// Who kept it.
        author: String,
        /// When it was made, in microseconds.
        created_at: i64,
        /// Last change, in microseconds.
        updated_at: i64,
    }
}

impl Store {
    /// Keeps a view, in place of what its id held before; when it was made and by whom stays.
    #[boxed]
    pub async fn put_view(&self, row: ViewRow) -> Result<()> {
        let mut tx = self.data.begin("put_view", format!("view {}", row.view_id)).await?;
        tx.bulk(
            "INSERT INTO views ({columns}) {rows} ON CONFLICT (view_id) DO UPDATE SET \
             page = excluded.page, name = excluded.name, state_json = excluded.state_json, \
             updated_at = excluded.updated_at",
            &[row],
        )
        .await?;
        tx.commit().await
    }

    /// The view of an id.
    #[boxed]
    pub async fn view(&self, view_id: i64) -> Result<Option<ViewRow>> {
        self.data
            .read("view", format!("view {view_id}"))
            .optional("SELECT {columns} FROM views WHERE view_id = $1", &[view_id.arg()])
            .await
    }

    /// The views of a page, by id.
    #[boxed]
    pub async fn list_views(&self, page: &str) -> Result<Vec<ViewRow>> {
        self.data
            .read("list_views", page)
            .all("SELECT {columns} FROM views WHERE page = $1 ORDER BY view_id", &[page.arg()])
            .await
    }

    /// Forgets a view; says whether it was there.
    #[boxed]
    pub async fn delete_view(&self, view_id: i64) -> Result<bool> {
        let mut tx = self.data.begin("delete_view", format!("view {view_id}")).await?;
        let n = tx.run("DELETE FROM views WHERE view_id = $1", &[view_id.arg()]).await?;
        tx.commit().await?;
        Ok(n > 0)
    }
}
