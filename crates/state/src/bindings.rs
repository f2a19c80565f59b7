//! Codes to be scanned, and who used them: how often, never by whom in the clear.

use crate::audit::{self, AuditEntry};
use crate::boxed;
use crate::db::{Put, Tx, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// A code.
    BindingRow {
        /// Id.
        binding_id: i64,
        /// member or store.
        kind: String,
        /// Source whose visitors its page binds.
        source_id: i64,
        /// The member's identity.
        identity_id: Option<i64>,
        /// The member's profile when the code was made.
        profile_id: Option<i64>,
        /// Store.
        store_id: Option<String>,
        /// Campaign.
        campaign_id: Option<String>,
        /// Table, counter, shelf.
        place: Option<String>,
        /// Where to go after the scan.
        redirect_url: Option<String>,
        /// How often it may be used.
        max_uses: i64,
        /// How often it was used.
        n_uses: i64,
        /// Of these, uses that are in the tables.
        n_bound: i64,
        /// When it was made, in microseconds.
        created_at: i64,
        /// Who made it.
        created_by: String,
        /// When it ends, in microseconds.
        expires_at: i64,
        /// When it was withdrawn, in microseconds.
        revoked_at: Option<i64>,
        /// When it was used last, in microseconds.
        used_at: Option<i64>,
        /// When a use was taken into the tables last, in microseconds.
        bound_at: Option<i64>,
    }
}

/// What became of a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingUse {
    /// Counted; or counted before, at this instant in microseconds: the same use comes again.
    At(i64),
    /// Used as often as it may be.
    UsedUp,
    /// Withdrawn.
    Revoked,
    /// There is no such code.
    Unknown,
}

impl Store {
    /// Records a new code and that it was made, and forgets codes that ended before an instant.
    pub async fn insert_binding(
        &self,
        binding: BindingRow,
        forget_before: i64,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<()> {
        let mut tx = self.data.begin("insert_binding", format!("binding {}", binding.binding_id)).await?;
        audit::append(&mut tx, entry, link).await?;
        tx.run(
            "DELETE FROM binding_uses WHERE binding_id IN (SELECT binding_id FROM bindings WHERE expires_at < $1)",
            &[forget_before.arg()],
        )
        .await?;
        tx.run("DELETE FROM bindings WHERE expires_at < $1", &[forget_before.arg()]).await?;
        tx.bulk("INSERT INTO bindings ({columns}) {rows}", &[binding]).await?;
        tx.commit().await
    }

    /// The newest codes first.
    #[boxed]
    pub async fn list_bindings(&self, limit: i64) -> Result<Vec<BindingRow>> {
        self.data
            .read("list_bindings", "bindings")
            .all("SELECT {columns} FROM bindings ORDER BY created_at DESC, binding_id LIMIT $1", &[limit.arg()])
            .await
    }

    /// The code of an id.
    #[boxed]
    pub async fn binding(&self, binding_id: i64) -> Result<Option<BindingRow>> {
        self.data
            .read("binding", format!("binding {binding_id}"))
            .optional("SELECT {columns} FROM bindings WHERE binding_id = $1", &[binding_id.arg()])
            .await
    }

    /// Withdraws a code, once, and records it; says whether it was in force.
    pub async fn revoke_binding(
        &self,
        binding_id: i64,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("revoke_binding", format!("binding {binding_id}")).await?;
        // Codes and audit are always locked in one order.
        audit::append(&mut tx, entry, link).await?;
        let n = tx
            .run(
                "UPDATE bindings SET revoked_at = $2 WHERE binding_id = $1 AND revoked_at IS NULL",
                &[binding_id.arg(), entry.at.arg()],
            )
            .await?;
        if n > 0 {
            tx.commit().await?;
        }
        Ok(n > 0)
    }

    /// Counts a use of a code and records it, in one transaction; a use that was counted before is not counted again.
    pub async fn use_binding(
        &self,
        binding_id: i64,
        use_key: &str,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<BindingUse> {
        let mut tx = self.data.begin("use_binding", format!("binding {binding_id}")).await?;
        // First, so that uses of one code wait for each other here.
        audit::append(&mut tx, entry, link).await?;
        let found: Option<(Option<i64>,)> =
            tx.optional("SELECT revoked_at FROM bindings WHERE binding_id = $1", &[binding_id.arg()]).await?;
        match found {
            None => return Ok(BindingUse::Unknown),
            Some((Some(_),)) => return Ok(BindingUse::Revoked),
            Some((None,)) => {}
        }
        let before: Option<(i64,)> = tx
            .optional(
                "SELECT used_at FROM binding_uses WHERE binding_id = $1 AND use_key = $2",
                &[binding_id.arg(), use_key.arg()],
            )
            .await?;
        if let Some((used_at,)) = before {
            return Ok(BindingUse::At(used_at));
        }
        let n = tx
            .run(
                "UPDATE bindings SET n_uses = n_uses + 1, used_at = $2 WHERE binding_id = $1 AND n_uses < max_uses",
                &[binding_id.arg(), entry.at.arg()],
            )
            .await?;
        if n == 0 {
            return Ok(BindingUse::UsedUp);
        }
        tx.run(
            "INSERT INTO binding_uses (binding_id, use_key, used_at) VALUES ($1, $2, $3)",
            &[binding_id.arg(), use_key.arg(), entry.at.arg()],
        )
        .await?;
        tx.commit().await?;
        Ok(BindingUse::At(entry.at))
    }
}

/// Notes uses whose messages are in the tables now: (code, use).
pub(crate) async fn bound(tx: &mut Tx, uses: &[(i64, String)], at: i64) -> Result<()> {
    if uses.is_empty() {
        return Ok(());
    }
    let rows: Vec<(i64, &str, i64)> = uses.iter().map(|(binding, key)| (*binding, key.as_str(), at)).collect();
    tx.bulk(
        "WITH v(v_binding, v_key, v_at) AS ({rows}) UPDATE binding_uses SET bound_at = v_at FROM v \
         WHERE binding_id = v_binding AND use_key = v_key AND bound_at IS NULL",
        &rows,
    )
    .await?;
    let mut codes: Vec<(i64, i64)> = uses.iter().map(|(binding, _)| (*binding, at)).collect();
    codes.sort_unstable();
    codes.dedup();
    tx.bulk(
        "WITH v(v_binding, v_at) AS ({rows}) UPDATE bindings SET bound_at = v_at, n_bound = \
         (SELECT count(*) FROM binding_uses u WHERE u.binding_id = bindings.binding_id AND u.bound_at IS NOT NULL) \
         FROM v WHERE binding_id = v_binding",
        &codes,
    )
    .await?;
    Ok(())
}
