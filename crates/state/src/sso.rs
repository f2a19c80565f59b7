//! Which account somebody has whom an identity provider vouches for. Who that is, is known here by a keyed hash alone.

use crate::UserRow;
use crate::audit::{self, AuditEntry};
use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// An identity of a provider and the account that it opens.
    SsoLinkRow {
        /// Keyed hash of issuer and subject.
        link_hash: [u8; 16],
        /// Whose account.
        user_id: i64,
        /// 1 when the first sign-in made the account.
        is_made: i64,
        /// Since when, in microseconds.
        linked_at: i64,
    }
}

impl Store {
    /// Links an identity to an account, in place of the one that it had, with an entry in the audit trail. Says whether it
    /// was done: not when the identity opens another account.
    pub async fn link_sso(
        &self,
        row: SsoLinkRow,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("link_sso", format!("user {}", row.user_id)).await?;
        // First, so that those who link at the same time wait for each other here.
        audit::append(&mut tx, entry, link).await?;
        let other: Option<(i64,)> = tx
            .optional(
                "SELECT user_id FROM sso_links WHERE link_hash = $1 AND user_id <> $2",
                &[row.link_hash.arg(), row.user_id.arg()],
            )
            .await?;
        if other.is_some() {
            return Ok(false);
        }
        tx.run("DELETE FROM sso_links WHERE user_id = $1", &[row.user_id.arg()]).await?;
        tx.bulk("INSERT INTO sso_links ({columns}) {rows}", &[row]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes the link of an account away, and ends its sessions, with an entry in the audit trail; says whether there was one.
    pub async fn unlink_sso(
        &self,
        user_id: i64,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("unlink_sso", format!("user {user_id}")).await?;
        audit::append(&mut tx, entry, link).await?;
        let n = tx.run("DELETE FROM sso_links WHERE user_id = $1", &[user_id.arg()]).await?;
        if n > 0 {
            tx.run("DELETE FROM user_sessions WHERE user_id = $1", &[user_id.arg()]).await?;
            tx.commit().await?;
        }
        Ok(n > 0)
    }

    /// Makes an account and its link in one, with an entry in the audit trail. Says whether it was done: not when the name is
    /// taken, or the identity has an account.
    pub async fn insert_linked_user(
        &self,
        user: UserRow,
        row: SsoLinkRow,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("insert_linked_user", format!("user {}", user.user_id)).await?;
        audit::append(&mut tx, entry, link).await?;
        let taken: Option<(i64,)> = tx
            .optional(
                "SELECT (SELECT count(*) FROM users WHERE name = $1) + (SELECT count(*) FROM sso_links WHERE link_hash = $2)",
                &[user.name.arg(), row.link_hash.arg()],
            )
            .await?;
        if taken != Some((0,)) {
            return Ok(false);
        }
        tx.bulk("INSERT INTO users ({columns}) {rows}", &[user]).await?;
        tx.bulk("INSERT INTO sso_links ({columns}) {rows}", &[row]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The link of an identity.
    #[boxed]
    pub async fn sso_link(&self, link_hash: &[u8; 16]) -> Result<Option<SsoLinkRow>> {
        self.data
            .read("sso_link", "a link")
            .optional("SELECT {columns} FROM sso_links WHERE link_hash = $1", &[link_hash.arg()])
            .await
    }

    /// The link of an account.
    #[boxed]
    pub async fn sso_link_of(&self, user_id: i64) -> Result<Option<SsoLinkRow>> {
        self.data
            .read("sso_link_of", format!("user {user_id}"))
            .optional("SELECT {columns} FROM sso_links WHERE user_id = $1", &[user_id.arg()])
            .await
    }
}
