//! Tags that people put on customers, with who did it and until when.

use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// A tag put on a customer.
    ManualTagRow {
        /// Customer, as it was then.
        profile_id: i64,
        /// Tag.
        tag: String,
        /// Value.
        value: String,
        /// Who put it.
        author: String,
        /// When, in microseconds.
        set_at: i64,
        /// When it ends, in microseconds; it does not when missing.
        expires_at: Option<i64>,
    }
}

impl Store {
    /// Puts a tag on a customer, in place of its value before.
    #[boxed]
    pub async fn set_manual_tag(&self, row: ManualTagRow) -> Result<()> {
        let mut tx = self.data.begin("set_manual_tag", format!("profile {}", row.profile_id)).await?;
        tx.bulk(
            "INSERT INTO manual_tags ({columns}) {rows} ON CONFLICT (profile_id, tag) DO UPDATE SET \
             value = excluded.value, author = excluded.author, set_at = excluded.set_at, \
             expires_at = excluded.expires_at",
            &[row],
        )
        .await?;
        tx.commit().await
    }

    /// Takes a tag off a customer; says whether it was there.
    #[boxed]
    pub async fn remove_manual_tag(&self, profile_id: i64, tag: &str) -> Result<bool> {
        let mut tx = self.data.begin("remove_manual_tag", format!("profile {profile_id}")).await?;
        let n = tx
            .run("DELETE FROM manual_tags WHERE profile_id = $1 AND tag = $2", &[profile_id.arg(), tag.arg()])
            .await?;
        tx.commit().await?;
        Ok(n > 0)
    }

    /// Takes a tag off everybody; says how many had it.
    #[boxed]
    pub async fn remove_manual_tag_of_all(&self, tag: &str) -> Result<u64> {
        let mut tx = self.data.begin("remove_manual_tag_of_all", "manual tags").await?;
        let n = tx.run("DELETE FROM manual_tags WHERE tag = $1", &[tag.arg()]).await?;
        tx.commit().await?;
        Ok(n)
    }

    /// All of them, ended ones too, by customer and tag.
    #[boxed]
    pub async fn manual_tags(&self) -> Result<Vec<ManualTagRow>> {
        self.data
            .read("manual_tags", "manual tags")
            .all("SELECT {columns} FROM manual_tags ORDER BY profile_id, tag", &[])
            .await
    }

    /// Those of some customers.
    #[boxed]
    pub async fn manual_tags_of(&self, profiles: &[i64]) -> Result<Vec<ManualTagRow>> {
        let ids: Vec<(i64,)> = profiles.iter().map(|id| (*id,)).collect();
        self.data
            .read("manual_tags_of", "manual tags")
            .all_of(
                "WITH v(v_profile) AS ({rows}) SELECT {columns} FROM v CROSS JOIN manual_tags \
                 WHERE profile_id = v_profile ORDER BY profile_id, tag",
                &ids,
            )
            .await
    }
}
