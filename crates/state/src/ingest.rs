//! How far the event log was taken in, and what has to be known to take the next event in: who said what about whom when,
//! and the registers of orders and products.

use crate::batches::{BatchRow, BatchStatus};
use crate::bindings;
use crate::boxed;
use crate::db::{Put, Tx, record};
use crate::decisions::{self, DecisionRow};
use crate::definitions::bump;
use crate::error::Result;
use crate::live::{SourceHourRow, SourceRejectRow, count};
use crate::load::{self, LoadCommit};
use crate::matches::{self, MatchRow};
use crate::open::Store;
use crate::profiles::ids;
use crate::sessions::{self, SessionMoveRow, StretchRow};

record! {
    /// How far a log was taken in.
    IngestRow {
        /// Log.
        log: String,
        /// The first position that was not taken in yet.
        position: i64,
        /// Files staged for publication; absent once they are shown.
        plan_json: Option<String>,
        /// What of the files of seen messages counts.
        seen_json: String,
        /// Last change, in microseconds.
        committed_at: i64,
    }
}

record! {
    /// What was said last about two identities being one person; the smaller id stands left.
    BondRow {
        /// One end.
        left_identity_id: i64,
        /// Other end.
        right_identity_id: i64,
        /// When it was said, in microseconds.
        said_at: i64,
        /// By which message.
        said_by: String,
        /// 1 when they are, 0 when they no longer are.
        holds: i64,
    }
}

record! {
    /// When a visitor or a device was seen with a known identity.
    ClaimRow {
        /// Visitor or device.
        identity_id: i64,
        /// Known identity.
        owner_identity_id: i64,
        /// Instants and messages, as JSON.
        claims_json: String,
    }
}

record! {
    /// What was stated about whoever an identity names.
    TraitsRow {
        /// Identity.
        identity_id: i64,
        /// Registers, as JSON.
        traits_json: String,
    }
}

record! {
    /// A personal field stated about whoever an identity names.
    SaidFieldRow {
        /// Identity.
        identity_id: i64,
        /// Name of the field.
        field: String,
        /// When it was stated, in microseconds.
        said_at: i64,
        /// By which message.
        said_by: String,
        /// Value, sealed under the key of `key_profile_id`; absent when it was taken away.
        sealed: Option<Vec<u8>>,
        /// Profile whose key seals the value.
        key_profile_id: i64,
        /// Source that stated it.
        source: String,
        /// 1 when the source proved who people are.
        is_proven: i64,
    }
}

record! {
    /// Since when rows of an identity belong to a profile, where it has had several owners.
    OverrideSpanRow {
        /// Visitor or device.
        identity_id: i64,
        /// Since when, in microseconds.
        since_at: i64,
        /// Profile.
        profile_id: i64,
    }
}

record! {
    /// What the facts of an order or a product add up to.
    RegisterRow {
        /// Source.
        source_id: i64,
        /// order or product.
        kind: String,
        /// Number of the order, code of the product.
        key: String,
        /// Register, as JSON.
        register_json: String,
        /// `loaded_at` of its rows in the lake; absent when it has none.
        shown_at: Option<i64>,
    }
}

record! {
    /// What a day's collection from one source adds to its row in `batches`.
    DayCounts {
        /// Batch of the day.
        batch_id: i64,
        /// Records read.
        rows_read: i64,
        /// Messages taken.
        rows_loaded: i64,
        /// Messages that had arrived before.
        rows_duplicate: i64,
        /// Records set aside.
        rows_quarantined: i64,
    }
}

/// All that a batch of the log changes in state. A row appears at most once in each list.
#[derive(Clone, Debug, Default)]
pub struct IngestCommit {
    /// Log.
    pub log: String,
    /// Where the log stood before.
    pub from: i64,
    /// Where it stands now.
    pub to: i64,
    /// What of the files of seen messages counts.
    pub seen_json: String,
    /// People, identities, links, fields, rows set aside; its `batch_id` is not looked at. `plan_json` names the staged
    /// files; empty when there are none.
    pub load: LoadCommit,
    /// Links that no longer hold.
    pub undone_edges: Vec<i64>,
    /// Identities that identify somebody again.
    pub active_again: Vec<i64>,
    /// Decisions about who is who, new or changed.
    pub decisions: Vec<DecisionRow>,
    /// Likely pairs, new or changed.
    pub matches: Vec<MatchRow>,
    /// Pairs that are likely no more.
    pub gone_matches: Vec<(i64, i64)>,
    /// Statements about known identities.
    pub bonds: Vec<BondRow>,
    /// Statements about visitors.
    pub claims: Vec<ClaimRow>,
    /// What was stated about people.
    pub traits: Vec<TraitsRow>,
    /// Personal fields stated about people.
    pub said_fields: Vec<SaidFieldRow>,
    /// Earlier statements of fields that no longer matter: (identity, field), all but the rows in `said_fields` go.
    pub replaced_fields: Vec<(i64, String)>,
    /// Profiles under which rows of an identity may stand: (identity, profile).
    pub homes: Vec<(i64, i64)>,
    /// Identities whose spans are those in `spans` now.
    pub respanned: Vec<i64>,
    /// Spans of identities with several owners.
    pub spans: Vec<OverrideSpanRow>,
    /// Orders and products.
    pub registers: Vec<RegisterRow>,
    /// Stretches of visitors' time that became part of others: (visitor, start).
    pub gone_stretches: Vec<(i64, i64)>,
    /// Stretches of visitors' time.
    pub stretches: Vec<StretchRow>,
    /// Sessions whose rows have moved.
    pub session_moves: Vec<SessionMoveRow>,
    /// Scans of codes that are taken in: (code, use).
    pub bound: Vec<(i64, String)>,
    /// Batches of days that begin.
    pub new_days: Vec<BatchRow>,
    /// What is added to batches of days.
    pub days: Vec<DayCounts>,
    /// What arrived.
    pub hours: Vec<SourceHourRow>,
    /// What was set aside.
    pub rejects: Vec<SourceRejectRow>,
    /// Hours before this one are forgotten.
    pub keep_from_hour: i64,
}

impl Store {
    /// How far a log was taken in.
    #[boxed]
    pub async fn ingest(&self, log: &str) -> Result<Option<IngestRow>> {
        self.data.read("ingest", log).optional("SELECT {columns} FROM ingests WHERE log = $1", &[log.arg()]).await
    }

    /// Commits what a batch of the log changes, and how far the log is taken in now, in one transaction.
    ///
    /// **Errors**: `Conflict` when the log stands elsewhere than at `from`, or files of the batch before are not shown yet.
    #[boxed]
    pub async fn commit_ingest(&self, ingest: &IngestCommit) -> Result<()> {
        let mut tx = self.data.begin("commit_ingest", format!("log {}", ingest.log)).await?;
        let version = bump(&mut tx, "state_version").await?;
        debug_assert!(version > 0);
        let found: Option<(i64, Option<String>)> =
            tx.optional("SELECT position, plan_json FROM ingests WHERE log = $1", &[ingest.log.arg()]).await?;
        let (position, plan) = found.unwrap_or((0, None));
        if position != ingest.from || plan.is_some() {
            return Err(tx.at.conflict("the log stands elsewhere"));
        }
        apply(&mut tx, ingest).await?;
        let plan_json = Some(ingest.load.plan_json.clone()).filter(|plan| !plan.is_empty());
        let row = IngestRow {
            log: ingest.log.clone(),
            position: ingest.to,
            plan_json,
            seen_json: ingest.seen_json.clone(),
            committed_at: ingest.load.committed_at,
        };
        tx.bulk(
            "INSERT INTO ingests ({columns}) {rows} ON CONFLICT (log) DO UPDATE SET position = excluded.position, \
             plan_json = excluded.plan_json, seen_json = excluded.seen_json, committed_at = excluded.committed_at",
            &[row],
        )
        .await?;
        tx.commit().await
    }

    /// Records that the files of the batch that ended at a position are shown; again it changes nothing.
    #[boxed]
    pub async fn ingest_shown(&self, log: &str, position: i64) -> Result<()> {
        let mut tx = self.data.begin("ingest_shown", format!("log {log}")).await?;
        tx.run("UPDATE ingests SET plan_json = NULL WHERE log = $1 AND position = $2", &[log.arg(), position.arg()])
            .await?;
        tx.commit().await
    }

    /// The statements that name any of these identities, each once.
    #[boxed]
    pub async fn bonds_of(&self, identity_ids: &[i64]) -> Result<Vec<BondRow>> {
        let wanted = ids(identity_ids);
        let read = self.data.read("bonds_of", "identity bonds");
        let mut found: Vec<BondRow> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_bonds \
                 WHERE left_identity_id = wanted",
                &wanted,
            )
            .await?;
        let right: Vec<BondRow> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_bonds \
                 WHERE right_identity_id = wanted",
                &wanted,
            )
            .await?;
        found.extend(right);
        found.sort_by_key(|bond| (bond.left_identity_id, bond.right_identity_id));
        found.dedup_by_key(|bond| (bond.left_identity_id, bond.right_identity_id));
        Ok(found)
    }

    /// All claims of these visitors.
    #[boxed]
    pub async fn claims_of(&self, identity_ids: &[i64]) -> Result<Vec<ClaimRow>> {
        self.data
            .read("claims_of", "identity claims")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_claims \
                 WHERE identity_id = wanted",
                &ids(identity_ids),
            )
            .await
    }

    /// The visitors that these known identities claim or claimed: (visitor, known identity).
    #[boxed]
    pub async fn claimed_by(&self, identity_ids: &[i64]) -> Result<Vec<(i64, i64)>> {
        self.data
            .read("claimed_by", "identity claims")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT identity_id, owner_identity_id FROM v CROSS JOIN identity_claims \
                 WHERE owner_identity_id = wanted",
                &ids(identity_ids),
            )
            .await
    }

    /// The registers of these identities that exist.
    #[boxed]
    pub async fn traits_of(&self, identity_ids: &[i64]) -> Result<Vec<TraitsRow>> {
        self.data
            .read("traits_of", "identity traits")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_traits \
                 WHERE identity_id = wanted",
                &ids(identity_ids),
            )
            .await
    }

    /// The personal fields stated of these identities.
    #[boxed]
    pub async fn said_fields_of(&self, identity_ids: &[i64]) -> Result<Vec<SaidFieldRow>> {
        self.data
            .read("said_fields_of", "identity fields")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_fields \
                 WHERE identity_id = wanted",
                &ids(identity_ids),
            )
            .await
    }

    /// Profiles beside the first one under which rows of these identities may stand: (identity, profile).
    #[boxed]
    pub async fn homes_of(&self, identity_ids: &[i64]) -> Result<Vec<(i64, i64)>> {
        self.data
            .read("homes_of", "identity homes")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT identity_id, profile_id FROM v CROSS JOIN identity_homes \
                 WHERE identity_id = wanted",
                &ids(identity_ids),
            )
            .await
    }

    /// Identities of which some span of time belongs to a profile.
    #[boxed]
    pub async fn spanned_by(&self, profile_id: i64) -> Result<Vec<i64>> {
        let found: Vec<(i64,)> = self
            .data
            .read("spanned_by", "profile override spans")
            .all("SELECT DISTINCT identity_id FROM profile_override_spans WHERE profile_id = $1", &[profile_id.arg()])
            .await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// The identities of these ids that exist, in no order.
    #[boxed]
    pub async fn identities_by_ids(&self, identity_ids: &[i64]) -> Result<Vec<crate::IdentityRow>> {
        self.data
            .read("identities_by_ids", "identities")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identities WHERE identity_id = wanted",
                &ids(identity_ids),
            )
            .await
    }

    /// Spans of identities with several owners, by identity and time.
    #[boxed]
    pub async fn override_spans(&self) -> Result<Vec<OverrideSpanRow>> {
        self.data
            .read("override_spans", "profile override spans")
            .all("SELECT {columns} FROM profile_override_spans ORDER BY identity_id, since_at", &[])
            .await
    }

    /// The registers of these keys that exist: (source, kind, key).
    #[boxed]
    pub async fn registers(&self, keys: &[(i64, &str, &str)]) -> Result<Vec<RegisterRow>> {
        let mut rows = keys.to_vec();
        rows.sort_unstable();
        rows.dedup();
        self.data
            .read("registers", "live registers")
            .all_of(
                "WITH v(v_source, v_kind, v_key) AS ({rows}) SELECT {columns} FROM v CROSS JOIN live_registers \
                 WHERE source_id = v_source AND kind = v_kind AND key = v_key",
                &rows,
            )
            .await
    }
}

pub(crate) async fn apply(tx: &mut Tx, ingest: &IngestCommit) -> Result<()> {
    debug_assert!(ingest.new_days.iter().all(|day| day.status == BatchStatus::Loaded));
    tx.bulk("INSERT INTO batches ({columns}) {rows}", &ingest.new_days).await?;
    load::apply(tx, &ingest.load).await?;
    tx.bulk(
        "WITH v(v_batch, v_read, v_loaded, v_duplicate, v_aside) AS ({rows}) UPDATE batches SET \
         rows_read = rows_read + v_read, rows_loaded = rows_loaded + v_loaded, \
         rows_duplicate = rows_duplicate + v_duplicate, rows_quarantined = rows_quarantined + v_aside \
         FROM v WHERE batch_id = v_batch",
        &ingest.days,
    )
    .await?;
    let undone: Vec<(i64, i64)> = ingest.undone_edges.iter().map(|&edge| (edge, ingest.load.committed_at)).collect();
    tx.bulk(
        "WITH v(v_edge, v_at) AS ({rows}) UPDATE identity_edges SET undone_at = v_at FROM v \
         WHERE edge_id = v_edge AND undone_at IS NULL",
        &undone,
    )
    .await?;
    tx.bulk(
        "WITH v(v_identity) AS ({rows}) UPDATE identities SET status = 'active' FROM v WHERE identity_id = v_identity",
        &ids(&ingest.active_again),
    )
    .await?;
    decisions::put(tx, &ingest.decisions).await?;
    matches::put(tx, &ingest.matches, &ingest.gone_matches).await?;
    tx.bulk(
        "INSERT INTO identity_bonds ({columns}) {rows} ON CONFLICT (left_identity_id, right_identity_id) \
         DO UPDATE SET said_at = excluded.said_at, said_by = excluded.said_by, holds = excluded.holds",
        &ingest.bonds,
    )
    .await?;
    tx.bulk(
        "INSERT INTO identity_claims ({columns}) {rows} ON CONFLICT (identity_id, owner_identity_id) \
         DO UPDATE SET claims_json = excluded.claims_json",
        &ingest.claims,
    )
    .await?;
    tx.bulk(
        "INSERT INTO identity_traits ({columns}) {rows} ON CONFLICT (identity_id) \
         DO UPDATE SET traits_json = excluded.traits_json",
        &ingest.traits,
    )
    .await?;
    // Pairs that are not there cost nothing; each of the two columns is looked up by the primary key.
    tx.bulk(
        "WITH v(v_identity, v_field) AS ({rows}) DELETE FROM identity_fields WHERE (identity_id, field) IN \
         (SELECT v_identity, v_field FROM v)",
        &ingest.replaced_fields,
    )
    .await?;
    tx.bulk(
        "INSERT INTO identity_fields ({columns}) {rows} ON CONFLICT (identity_id, field, said_at, said_by) \
         DO UPDATE SET sealed = excluded.sealed, key_profile_id = excluded.key_profile_id, source = excluded.source, \
         is_proven = excluded.is_proven",
        &ingest.said_fields,
    )
    .await?;
    tx.bulk(
        "INSERT INTO identity_homes (identity_id, profile_id) {rows} ON CONFLICT (identity_id, profile_id) DO NOTHING",
        &ingest.homes,
    )
    .await?;
    if !ingest.respanned.is_empty() {
        tx.bulk(
            "WITH v(wanted) AS ({rows}) DELETE FROM profile_override_spans WHERE identity_id IN (SELECT wanted FROM v)",
            &ids(&ingest.respanned),
        )
        .await?;
        tx.bulk("INSERT INTO profile_override_spans ({columns}) {rows}", &ingest.spans).await?;
        bump(tx, "overrides_version").await?;
    }
    tx.bulk(
        "INSERT INTO live_registers ({columns}) {rows} ON CONFLICT (source_id, kind, key) \
         DO UPDATE SET register_json = excluded.register_json, shown_at = excluded.shown_at",
        &ingest.registers,
    )
    .await?;
    sessions::apply(tx, &ingest.gone_stretches, &ingest.stretches, &ingest.session_moves).await?;
    bindings::bound(tx, &ingest.bound, ingest.load.committed_at).await?;
    count(tx, &ingest.hours, &ingest.rejects, ingest.keep_from_hour).await
}
