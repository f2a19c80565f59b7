//! Erasures: the ledger beside the keys, how far each has come, and the one transaction that forgets a person.

use crate::boxed;
use std::time::Duration;

use crate::db::{Put, Tx, record};
use crate::definitions::bump;
use crate::error::Result;
use crate::identities::IdentityRow;
use crate::ingest::{OverrideSpanRow, RegisterRow, SaidFieldRow, TraitsRow};
use crate::open::Store;
use crate::profiles::ids;
use crate::sessions::StretchRow;
use crate::stated::{self, StatedRow};

/// How long files are waited for that readers keep from being cut.
const PATIENCE: Duration = Duration::from_secs(10);

record! {
    /// An entry of the ledger of erasures.
    LedgerRow {
        /// Place in the ledger, from 1.
        seq: i64,
        /// Erasure.
        erasure_id: i64,
        /// Profile of the person.
        profile_id: i64,
        /// Request that asked for it.
        request_id: Option<i64>,
        /// Who approved it.
        approved_by: String,
        /// When, in microseconds.
        at: i64,
        /// Who the person was, by opaque ids, as JSON.
        subject_json: String,
        /// Hash of the entry before, zeros for the first.
        prev_hash: [u8; 32],
        /// Hash of this entry and the one before.
        hash: [u8; 32],
    }
}

impl LedgerRow {
    /// The bytes that the hash covers besides the hash before: every field, texts with their length before them.
    pub fn linked_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64 + self.subject_json.len());
        for number in [self.seq, self.erasure_id, self.profile_id, self.request_id.unwrap_or(0), self.at] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for text in [&self.approved_by, &self.subject_json] {
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }
}

record! {
    /// How far an erasure has come in this copy of the data.
    ErasureRow {
        /// Erasure.
        erasure_id: i64,
        /// Profile of the person.
        profile_id: i64,
        /// Request that asked for it.
        request_id: Option<i64>,
        /// Who approved it.
        approved_by: String,
        /// When it was begun, in microseconds.
        begun_at: i64,
        /// How many rows were removed where, as JSON.
        removed_json: String,
        /// When it was finished and checked, in microseconds.
        ended_at: Option<i64>,
        /// The sealed receipt, as JSON.
        receipt_json: Option<String>,
    }
}

/// What state forgets of one person. Ids that are not there change nothing.
#[derive(Clone, Debug, Default)]
pub struct Forgotten {
    /// Erasure.
    pub erasure_id: i64,
    /// Profiles.
    pub profiles: Vec<i64>,
    /// Identities.
    pub identities: Vec<i64>,
    /// Rows set aside: load and row.
    pub quarantine: Vec<(i64, i64)>,
    /// Identities that were somebody else's at other times: (identity, from, until) of what goes.
    pub stretches: Vec<(i64, i64, i64)>,
    /// When, in microseconds.
    pub at: i64,
    /// Identities that stay: identity, profile that is theirs now, profile under which their first rows stand.
    pub owners: Vec<(i64, i64, i64)>,
    /// Identities whose first rows stand under another profile from now on: (identity, profile).
    pub homes: Vec<(i64, i64)>,
    /// Spans of those with several owners.
    pub spans: Vec<OverrideSpanRow>,
    /// Registers of identities that stay, without what was stated for the person.
    pub traits: Vec<TraitsRow>,
    /// Sessions whose rows have moved.
    pub sessions: Vec<String>,
    /// Registers that go: source, kind, key.
    pub registers: Vec<(i64, String, String)>,
    /// Registers that name nobody any more.
    pub nameless: Vec<RegisterRow>,
}

impl Store {
    /// Adds an entry to the ledger, durably; its place and hash are given here. An erasure that is there already changes
    /// nothing and is returned as it stands.
    pub async fn append_ledger(
        &self,
        mut row: LedgerRow,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<LedgerRow> {
        let mut tx = self.keys.begin("append_ledger", "ledger of erasures").await?;
        let there: Option<LedgerRow> =
            tx.optional("SELECT {columns} FROM erasure_ledger WHERE erasure_id = $1", &[row.erasure_id.arg()]).await?;
        if let Some(there) = there {
            return Ok(there);
        }
        let last: Option<(i64, [u8; 32])> =
            tx.optional("SELECT seq, hash FROM erasure_ledger ORDER BY seq DESC LIMIT 1", &[]).await?;
        let (seq, prev_hash) = last.unwrap_or((0, [0; 32]));
        (row.seq, row.prev_hash) = (seq + 1, prev_hash);
        row.hash = link(&prev_hash, &row.linked_bytes());
        tx.bulk("INSERT INTO erasure_ledger ({columns}) {rows}", std::slice::from_ref(&row)).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// The ledger, in order.
    #[boxed]
    pub async fn ledger(&self) -> Result<Vec<LedgerRow>> {
        let sql = "SELECT {columns} FROM erasure_ledger ORDER BY seq";
        self.keys.read("ledger", "ledger of erasures").all(sql, &[]).await
    }

    /// Entries of the ledger that this copy of the data has not carried out to the end.
    #[boxed]
    pub async fn unfinished_erasures(&self) -> Result<Vec<LedgerRow>> {
        let listed: Vec<(i64,)> =
            self.keys.read("ledger", "ledger of erasures").all("SELECT erasure_id FROM erasure_ledger", &[]).await?;
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let sql = "SELECT erasure_id FROM erasures WHERE ended_at IS NOT NULL";
        let ended: Vec<(i64,)> = self.data.read("erasures", "erasures").all(sql, &[]).await?;
        let ended: foldhash::HashSet<i64> = ended.into_iter().map(|(id,)| id).collect();
        if listed.iter().all(|(id,)| ended.contains(id)) {
            return Ok(Vec::new());
        }
        let mut rows = self.ledger().await?;
        rows.retain(|row| !ended.contains(&row.erasure_id));
        Ok(rows)
    }

    /// An erasure.
    #[boxed]
    pub async fn erasure(&self, erasure_id: i64) -> Result<Option<ErasureRow>> {
        let sql = "SELECT {columns} FROM erasures WHERE erasure_id = $1";
        self.data.read("erasure", "erasures").optional(sql, &[erasure_id.arg()]).await
    }

    /// All erasures, the newest first.
    #[boxed]
    pub async fn erasures(&self) -> Result<Vec<ErasureRow>> {
        let sql = "SELECT {columns} FROM erasures ORDER BY begun_at DESC, erasure_id";
        self.data.read("erasures", "erasures").all(sql, &[]).await
    }

    /// Notes that an erasure has begun here; again it changes nothing.
    #[boxed]
    pub async fn begin_erasure(&self, row: &ErasureRow) -> Result<()> {
        let mut tx = self.data.begin("begin_erasure", "erasures").await?;
        tx.bulk("INSERT INTO erasures ({columns}) {rows} ON CONFLICT (erasure_id) DO NOTHING", &[row]).await?;
        tx.commit().await
    }

    /// Notes how many rows of each person a step removes: (erasure, JSON).
    #[boxed]
    pub async fn note_removed(&self, counts: &[(i64, String)]) -> Result<()> {
        let mut tx = self.data.begin("note_removed", "erasures").await?;
        tx.bulk(
            "WITH v(v_id, v_json) AS ({rows}) UPDATE erasures SET removed_json = v_json FROM v WHERE erasure_id = v_id",
            counts,
        )
        .await?;
        tx.commit().await
    }

    /// Ends an erasure with its receipt.
    #[boxed]
    pub async fn end_erasure(&self, erasure_id: i64, ended_at: i64, receipt_json: &str) -> Result<()> {
        let mut tx = self.data.begin("end_erasure", "erasures").await?;
        tx.run_one(
            "UPDATE erasures SET ended_at = $2, receipt_json = $3 WHERE erasure_id = $1",
            &[erasure_id.arg(), ended_at.arg(), receipt_json.arg()],
        )
        .await?;
        tx.commit().await
    }

    /// Every merge: (from, into).
    #[boxed]
    pub async fn merged_profiles(&self) -> Result<Vec<(i64, i64)>> {
        let sql = "SELECT profile_id, merged_into FROM profiles WHERE merged_into IS NOT NULL";
        self.data.read("merged_profiles", "profiles").all(sql, &[]).await
    }

    /// Identities of others that are sealed under the key of one of these profiles, or whose rows were written for one.
    ///
    /// **Cost**: reads all identities.
    #[boxed]
    pub async fn identities_touching(&self, profiles: &[i64]) -> Result<Vec<IdentityRow>> {
        let read = self.data.read("identities_touching", "identities");
        let wanted = ids(profiles);
        let mut found: Vec<IdentityRow> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM identities \
                 WHERE key_profile_id IN (SELECT wanted FROM v) OR home_profile_id IN (SELECT wanted FROM v)",
                &wanted,
            )
            .await?;
        let elsewhere: Vec<(i64,)> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT DISTINCT identity_id FROM identity_homes \
                 WHERE profile_id IN (SELECT wanted FROM v)",
                &wanted,
            )
            .await?;
        let known: foldhash::HashSet<i64> = found.iter().map(|row| row.identity_id).collect();
        let more: Vec<i64> = elsewhere.into_iter().map(|(id,)| id).filter(|id| !known.contains(id)).collect();
        found.extend(self.identities_by_ids(&more).await?);
        found.retain({
            let mut seen = foldhash::HashSet::default();
            move |row| seen.insert(row.identity_id)
        });
        Ok(found)
    }

    /// Personal fields stated of identities that are sealed under the key of one of these profiles.
    ///
    /// **Cost**: reads all of them.
    #[boxed]
    pub async fn said_fields_under(&self, profiles: &[i64]) -> Result<Vec<SaidFieldRow>> {
        self.data
            .read("said_fields_under", "identity fields")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM identity_fields \
                 WHERE key_profile_id IN (SELECT wanted FROM v)",
                &ids(profiles),
            )
            .await
    }

    /// Replaces sealed values by the same ones under other keys: identities, and what was stated of them.
    #[boxed]
    pub async fn reseal(
        &self,
        identities: &[(i64, Vec<u8>, i64)],
        fields: &[SaidFieldRow],
        stated: &[StatedRow],
    ) -> Result<()> {
        let mut tx = self.data.begin("reseal", "identities").await?;
        tx.bulk(
            "WITH v(v_id, v_sealed, v_key) AS ({rows}) UPDATE identities SET sealed = v_sealed, key_profile_id = v_key \
             FROM v WHERE identity_id = v_id",
            identities,
        )
        .await?;
        tx.bulk(
            "INSERT INTO identity_fields ({columns}) {rows} ON CONFLICT (identity_id, field, said_at, said_by) \
             DO UPDATE SET sealed = excluded.sealed, key_profile_id = excluded.key_profile_id",
            fields,
        )
        .await?;
        stated::put(&mut tx, stated).await?;
        tx.commit().await
    }

    /// The stretches of time of these identities.
    #[boxed]
    pub async fn stretches_of(&self, identity_ids: &[i64]) -> Result<Vec<StretchRow>> {
        self.data
            .read("stretches_of", "session stretches")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN session_stretches \
                 WHERE identity_id = wanted",
                &ids(identity_ids),
            )
            .await
    }

    /// A page of the registers of a kind, by source and key, after one.
    #[boxed]
    pub async fn registers_page(&self, kind: &str, after: (i64, &str), limit: usize) -> Result<Vec<RegisterRow>> {
        self.data
            .read("registers_page", "live registers")
            .all(
                "SELECT {columns} FROM live_registers WHERE kind = $1 AND (source_id, kind, key) > ($2, $1, $3) \
                 ORDER BY source_id, kind, key LIMIT $4",
                &[kind.arg(), after.0.arg(), after.1.arg(), (limit as i64).arg()],
            )
            .await
    }

    /// Forgets a person in one transaction, which also notes what `removed` makes of how many rows went where. Again it
    /// changes nothing.
    pub async fn forget_person(
        &self,
        gone: &Forgotten,
        removed: impl FnOnce(&[(&'static str, u64)]) -> String + Send,
    ) -> Result<()> {
        let mut tx = self.data.begin("forget_person", "erasures").await?;
        let mut counts = of_identities(&mut tx, &ids(&gone.identities)).await?;
        counts.extend(of_profiles(&mut tx, &ids(&gone.profiles)).await?);
        let set_aside = tx
            .bulk(
                "WITH v(v_batch, v_row) AS ({rows}) DELETE FROM quarantine WHERE (batch_id, row_no) IN \
                 (SELECT v_batch, v_row FROM v)",
                &gone.quarantine,
            )
            .await?;
        counts.push(("quarantine", set_aside));
        let sessions: Vec<(&str,)> = gone.sessions.iter().map(|session| (session.as_str(),)).collect();
        let moves = tx
            .bulk(
                "WITH v(wanted) AS ({rows}) DELETE FROM session_moves WHERE session_id IN (SELECT wanted FROM v)",
                &sessions,
            )
            .await?;
        counts.push(("session_moves", moves));
        let registers = tx
            .bulk(
                "WITH v(v_source, v_kind, v_key) AS ({rows}) DELETE FROM live_registers \
                 WHERE (source_id, kind, key) IN (SELECT v_source, v_kind, v_key FROM v)",
                &gone.registers,
            )
            .await?;
        counts.push(("live_registers", registers));
        tx.bulk(
            "INSERT INTO live_registers ({columns}) {rows} ON CONFLICT (source_id, kind, key) \
             DO UPDATE SET register_json = excluded.register_json, shown_at = excluded.shown_at",
            &gone.nameless,
        )
        .await?;
        shared(&mut tx, gone).await?;
        for counter in ["state_version", "overrides_version", "consents_version"] {
            bump(&mut tx, counter).await?;
        }
        counts.retain(|(_, n)| *n > 0);
        tx.run(
            "UPDATE erasures SET removed_json = $2 WHERE erasure_id = $1",
            &[gone.erasure_id.arg(), removed(&counts).arg()],
        )
        .await?;
        tx.commit().await
    }

    /// Makes the files forget what was deleted.
    ///
    /// **Errors**: `Unavailable` when readers keep old pages alive for too long; call again.
    #[boxed]
    pub async fn forget_deleted(&self) -> Result<()> {
        for table in TABLES {
            self.data.forget("forget_deleted", table, PATIENCE).await?;
            if self.data.is_one_file() {
                break;
            }
        }
        self.keys.forget("forget_deleted", "person_keys", PATIENCE).await
    }
}

/// Tables of which rows go.
const TABLES: [&str; 26] = [
    "canaries",
    "holds",
    "identities",
    "identity_bonds",
    "identity_claims",
    "identity_decisions",
    "identity_edges",
    "identity_fields",
    "identity_homes",
    "identity_matches",
    "identity_stated",
    "identity_traits",
    "profile_overrides",
    "profile_override_spans",
    "profiles",
    "profile_fields",
    "manual_tags",
    "consents",
    "corrections",
    "session_stretches",
    "session_moves",
    "live_registers",
    "bindings",
    "binding_uses",
    "quarantine",
    "requests",
];

async fn of_identities(tx: &mut Tx, gone: &[(i64,)]) -> Result<Vec<(&'static str, u64)>> {
    let mut counts = Vec::new();
    macro_rules! delete {
        ($table:literal, $($column:literal),+) => {
            let mut n = 0;
            $(n += tx.bulk(
                concat!("WITH v(wanted) AS ({rows}) DELETE FROM ", $table, " WHERE ", $column, " IN (SELECT wanted FROM v)"),
                gone,
            ).await?;)+
            counts.push(($table, n));
        };
    }
    tx.bulk(
        "WITH v(wanted) AS ({rows}) DELETE FROM binding_uses WHERE binding_id IN \
         (SELECT binding_id FROM bindings WHERE identity_id IN (SELECT wanted FROM v))",
        gone,
    )
    .await?;
    delete!("bindings", "identity_id");
    delete!("identity_bonds", "left_identity_id", "right_identity_id");
    delete!("identity_claims", "identity_id", "owner_identity_id");
    delete!("identity_decisions", "left_identity_id", "right_identity_id");
    delete!("identity_edges", "left_identity_id", "right_identity_id");
    delete!("identity_fields", "identity_id");
    delete!("identity_homes", "identity_id");
    delete!("identity_matches", "left_identity_id", "right_identity_id");
    delete!("identity_stated", "identity_id");
    delete!("identity_traits", "identity_id");
    delete!("profile_overrides", "identity_id");
    delete!("profile_override_spans", "identity_id");
    delete!("consents", "identity_id");
    delete!("session_stretches", "identity_id");
    delete!("identities", "identity_id");
    // The register says that and when somebody asked, not what they said.
    tx.bulk(
        "WITH v(wanted) AS ({rows}) UPDATE requests SET note = '', outcome = '', check_method = \
         CASE WHEN check_method IS NULL THEN NULL ELSE '-' END WHERE identity_id IN (SELECT wanted FROM v)",
        gone,
    )
    .await?;
    Ok(counts)
}

async fn of_profiles(tx: &mut Tx, gone: &[(i64,)]) -> Result<Vec<(&'static str, u64)>> {
    let mut counts = Vec::new();
    macro_rules! delete {
        ($table:literal) => {
            let sql = concat!(
                "WITH v(wanted) AS ({rows}) DELETE FROM ",
                $table,
                " WHERE profile_id IN (SELECT wanted FROM v)"
            );
            counts.push(($table, tx.bulk(sql, gone).await?));
        };
    }
    tx.bulk(
        "WITH v(wanted) AS ({rows}) DELETE FROM binding_uses WHERE binding_id IN \
         (SELECT binding_id FROM bindings WHERE profile_id IN (SELECT wanted FROM v))",
        gone,
    )
    .await?;
    delete!("bindings");
    delete!("canaries");
    // Those in force keep anybody from being erased.
    delete!("holds");
    delete!("identity_homes");
    delete!("profile_fields");
    delete!("manual_tags");
    delete!("corrections");
    delete!("profiles");
    Ok(counts)
}

/// Of identities that stay, what was the person's.
async fn shared(tx: &mut Tx, gone: &Forgotten) -> Result<()> {
    macro_rules! cut {
        ($table:literal, $at:literal) => {
            let sql = concat!(
                "WITH v(v_identity, v_from, v_until) AS ({rows}) DELETE FROM ",
                $table,
                " WHERE identity_id IN (SELECT v_identity FROM v) AND EXISTS (SELECT 1 FROM v WHERE v_identity = ",
                $table,
                ".identity_id AND ",
                $table,
                ".",
                $at,
                " >= v_from AND ",
                $table,
                ".",
                $at,
                " < v_until)"
            );
            tx.bulk(sql, &gone.stretches).await?;
        };
    }
    cut!("identity_fields", "said_at");
    cut!("consents", "at");
    cut!("session_stretches", "started_at");
    tx.bulk(
        "INSERT INTO identity_traits ({columns}) {rows} ON CONFLICT (identity_id) \
         DO UPDATE SET traits_json = excluded.traits_json",
        &gone.traits,
    )
    .await?;
    tx.bulk(
        "WITH v(v_identity, v_profile, v_home) AS ({rows}) UPDATE identities SET profile_id = v_profile, \
         home_profile_id = v_home FROM v WHERE identity_id = v_identity",
        &gone.owners,
    )
    .await?;
    tx.bulk(
        "WITH v(v_identity, v_home) AS ({rows}) UPDATE identities SET home_profile_id = v_home FROM v \
         WHERE identity_id = v_identity",
        &gone.homes,
    )
    .await?;
    let respanned: Vec<i64> = gone.owners.iter().map(|owner| owner.0).collect();
    tx.bulk(
        "WITH v(wanted) AS ({rows}) DELETE FROM profile_override_spans WHERE identity_id IN (SELECT wanted FROM v)",
        &ids(&respanned),
    )
    .await?;
    tx.bulk("INSERT INTO profile_override_spans ({columns}) {rows}", &gone.spans).await?;
    let overrides: Vec<(i64, i64, i64)> = gone.owners.iter().map(|owner| (owner.0, owner.1, gone.at)).collect();
    tx.bulk(
        "INSERT INTO profile_overrides (identity_id, profile_id, created_at) {rows} ON CONFLICT (identity_id) \
         DO UPDATE SET profile_id = excluded.profile_id, created_at = excluded.created_at",
        &overrides,
    )
    .await
    .map(drop)
}
