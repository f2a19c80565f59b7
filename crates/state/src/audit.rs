//! Who did what, when and on whom, each entry linked to the one before (INV-STATE-5).

use crate::boxed;
use crate::db::{Put, Tx, record};
use crate::definitions::bump;
use crate::error::Result;
use crate::open::Store;
use zhike_domain::access::SECURITY_AREAS;

/// Something to be recorded; the subject is a pseudonym, the detail holds no personal values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When, in microseconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// On whom or on what.
    pub subject: String,
    /// More, as JSON.
    pub detail_json: String,
}

record! {
    /// An entry as it stands in the chain.
    AuditRow {
        /// Place in the chain, from 1.
        seq: i64,
        /// When, in microseconds.
        at: i64,
        /// Who.
        actor: String,
        /// What.
        action: String,
        /// On whom or on what.
        subject: String,
        /// More, as JSON.
        detail_json: String,
        /// Hash of the entry before, zeros for the first.
        prev_hash: [u8; 32],
        /// Hash of this entry and the one before.
        hash: [u8; 32],
    }
}

record! {
    /// A signed root: up to which entry the chain was known to be whole, and its hash there.
    AuditRootRow {
        /// Counts the roots, from 1.
        n: i64,
        /// The last entry that it covers.
        seq: i64,
        /// When it was signed, in microseconds.
        at: i64,
        /// Hash of that entry: it commits to all entries before.
        head: [u8; 32],
        /// Code over all of it, under a key of the vault.
        mac: [u8; 32],
        /// 1 once it stands outside.
        is_anchored: i64,
    }
}

impl AuditRootRow {
    /// The bytes that the code covers.
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(56);
        for number in [self.n, self.seq, self.at] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.head);
        bytes
    }
}

/// Which entries.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// By whom: a name; the keys of that name too.
    pub actor: Option<String>,
    /// What: an action, or how it begins.
    pub action: Option<String>,
    /// On whom or on what.
    pub subject: Option<String>,
    /// From this instant, in microseconds.
    pub since: Option<i64>,
    /// Before this one.
    pub until: Option<i64>,
    /// Whether it is about access alone ([`SECURITY_AREAS`]).
    pub is_security: bool,
}

impl AuditRow {
    /// The bytes that the hash covers besides the hash before: every field, texts with their length before them.
    pub fn linked_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.detail_json.len());
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        bytes.extend_from_slice(&self.at.to_le_bytes());
        for text in [&self.actor, &self.action, &self.subject, &self.detail_json] {
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    /// Whether this entry follows `previous` (`None`: is the first) and has the hash that `link` gives it.
    pub fn follows(&self, previous: Option<&Self>, link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32]) -> bool {
        let (seq, hash) = previous.map_or((0, [0; 32]), |row| (row.seq, row.hash));
        self.seq == seq + 1 && self.prev_hash == hash && self.hash == link(&hash, &self.linked_bytes())
    }
}

impl Store {
    /// Appends an entry. `link` makes its hash from the hash before and [`AuditRow::linked_bytes`].
    pub async fn append_audit(
        &self,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<AuditRow> {
        let mut tx = self.data.begin("append_audit", &entry.action).await?;
        let row = append(&mut tx, entry, link).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The last entry.
    #[boxed]
    pub async fn audit_head(&self) -> Result<Option<AuditRow>> {
        self.data
            .read("audit_head", "audit")
            .optional("SELECT {columns} FROM audit ORDER BY seq DESC LIMIT 1", &[])
            .await
    }

    /// Entries after a place in the chain, in order.
    #[boxed]
    pub async fn audit_page(&self, after: Option<i64>, limit: usize) -> Result<Vec<AuditRow>> {
        self.data
            .read("audit_page", "audit")
            .all(
                "SELECT {columns} FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
                &[after.unwrap_or(0).arg(), (limit as i64).arg()],
            )
            .await
    }

    /// Entries that a filter names, the newest first, before a place in the chain.
    #[boxed]
    pub async fn audit_list(&self, filter: &AuditFilter, before: Option<i64>, limit: usize) -> Result<Vec<AuditRow>> {
        let action_chars = filter.action.as_ref().map_or(0, |action| action.chars().count() as i64);
        let keys = filter.actor.as_ref().map(|actor| format!("{actor}/"));
        let key_chars = keys.as_ref().map_or(0, |keys| keys.chars().count() as i64);
        let (before, limit) = (before.unwrap_or(i64::MAX), limit as i64);
        let areas = SECURITY_AREAS.map(|area| filter.is_security.then(|| format!("{area}%")));
        let mut args = vec![
            before.arg(),
            filter.actor.arg(),
            keys.arg(),
            key_chars.arg(),
            filter.action.arg(),
            action_chars.arg(),
            filter.subject.arg(),
            filter.since.arg(),
            filter.until.arg(),
            limit.arg(),
        ];
        args.extend(areas.iter().map(|area| area.arg()));
        self.data
            .read("audit_list", "audit")
            .all(
                "SELECT {columns} FROM audit WHERE seq < $1 AND ($2 IS NULL OR actor = $2 OR substr(actor, 1, CAST($4 AS INTEGER)) = $3) \
                 AND ($5 IS NULL OR substr(action, 1, CAST($6 AS INTEGER)) = $5) AND ($7 IS NULL OR subject = $7) \
                 AND ($8 IS NULL OR at >= $8) AND ($9 IS NULL OR at < $9) \
                 AND ($11 IS NULL OR action LIKE $11 OR action LIKE $12 OR action LIKE $13 OR action LIKE $14 OR action LIKE $15 \
                 OR action LIKE $16 OR action LIKE $17 OR action LIKE $18 OR action LIKE $19 OR action LIKE $20 \
                 OR action LIKE $21 OR action LIKE $22 OR action LIKE $23 OR action LIKE $24 OR action LIKE $25) \
                 ORDER BY seq DESC LIMIT $10",
                &args,
            )
            .await
    }

    /// Adds a root; `false` when another process was first.
    #[boxed]
    pub async fn add_audit_root(&self, root: AuditRootRow) -> Result<bool> {
        let mut tx = self.data.begin("add_audit_root", "audit").await?;
        let n = tx.bulk("INSERT INTO audit_roots ({columns}) {rows} ON CONFLICT (n) DO NOTHING", &[root]).await?;
        tx.commit().await?;
        Ok(n > 0)
    }

    /// The newest root.
    #[boxed]
    pub async fn audit_root(&self) -> Result<Option<AuditRootRow>> {
        self.data
            .read("audit_root", "audit roots")
            .optional("SELECT {columns} FROM audit_roots ORDER BY n DESC LIMIT 1", &[])
            .await
    }

    /// Roots after one, in order.
    #[boxed]
    pub async fn audit_roots(&self, after: i64, limit: usize) -> Result<Vec<AuditRootRow>> {
        self.data
            .read("audit_roots", "audit roots")
            .all(
                "SELECT {columns} FROM audit_roots WHERE n > $1 ORDER BY n LIMIT $2",
                &[after.arg(), (limit as i64).arg()],
            )
            .await
    }

    /// Roots that do not stand outside yet, in order.
    #[boxed]
    pub async fn audit_roots_to_anchor(&self, limit: usize) -> Result<Vec<AuditRootRow>> {
        self.data
            .read("audit_roots_to_anchor", "audit roots")
            .all("SELECT {columns} FROM audit_roots WHERE is_anchored = 0 ORDER BY n LIMIT $1", &[(limit as i64).arg()])
            .await
    }

    /// Notes that the roots up to one stand outside.
    #[boxed]
    pub async fn note_anchored(&self, n: i64) -> Result<()> {
        let mut tx = self.data.begin("note_anchored", "audit roots").await?;
        tx.run("UPDATE audit_roots SET is_anchored = 1 WHERE n <= $1 AND is_anchored = 0", &[n.arg()]).await?;
        tx.commit().await
    }

    /// Entries on some subjects, the newest first, before a place in the chain.
    #[boxed]
    pub async fn audit_of(&self, subjects: &[String], before: Option<i64>, limit: usize) -> Result<Vec<AuditRow>> {
        let before = before.unwrap_or(i64::MAX);
        let mut found: Vec<AuditRow> = Vec::new();
        // One look into the index per subject, of which there are few.
        for subject in subjects {
            let rows: Vec<AuditRow> = self
                .data
                .read("audit_of", "audit")
                .all(
                    "SELECT {columns} FROM audit WHERE subject = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
                    &[subject.arg(), before.arg(), (limit as i64).arg()],
                )
                .await?;
            found.extend(rows);
        }
        found.sort_unstable_by_key(|row| std::cmp::Reverse(row.seq));
        found.truncate(limit);
        Ok(found)
    }
}

/// Appends an entry within a transaction. Whoever counts up first appends first; the others wait here and then see its
/// entry.
pub(crate) async fn append(
    tx: &mut Tx,
    entry: &AuditEntry,
    link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
) -> Result<AuditRow> {
    let seq = bump(tx, "audit_seq").await?;
    let last: Option<(i64, [u8; 32])> =
        tx.optional("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", &[]).await?;
    let (last_seq, prev_hash) = last.unwrap_or((0, [0; 32]));
    if last_seq + 1 != seq {
        return Err(tx.at.corrupt(format!("entry {seq} was to follow, the last one is {last_seq}")));
    }
    let mut row = AuditRow {
        seq,
        at: entry.at,
        actor: entry.actor.clone(),
        action: entry.action.clone(),
        subject: entry.subject.clone(),
        detail_json: entry.detail_json.clone(),
        prev_hash,
        hash: [0; 32],
    };
    row.hash = link(&prev_hash, &row.linked_bytes());
    tx.bulk("INSERT INTO audit ({columns}) {rows}", std::slice::from_ref(&row)).await?;
    Ok(row)
}
