//! Stretches of visitors' time without a long pause, and sessions whose rows have moved to others.

use crate::boxed;
use crate::db::{Put, Tx, record};
use crate::definitions::bump;
use crate::error::Result;
use crate::open::Store;

record! {
    /// A stretch of a visitor's time without a long pause.
    StretchRow {
        /// Visitor.
        identity_id: i64,
        /// First event, in microseconds.
        started_at: i64,
        /// Last event, in microseconds.
        ended_at: i64,
        /// Instants that brought a campaign, as JSON.
        campaigns_json: String,
        /// Sessions that rows were written with, as JSON.
        written_json: String,
    }
}

record! {
    /// To which sessions the rows of another one have moved.
    SessionMoveRow {
        /// Session that the rows were written with.
        session_id: String,
        /// Since when they belong to which one, as JSON; an empty list when all of them are back.
        spans_json: String,
        /// Counts the batches that changed any; as it is written it is not looked at.
        version: i64,
    }
}

impl Store {
    /// The stretches of visitors that touch spans of time: (visitor, from, until), each visitor once.
    #[boxed]
    pub async fn stretches_near(&self, spans: &[(i64, i64, i64)]) -> Result<Vec<StretchRow>> {
        let mut spans = spans.to_vec();
        spans.sort_unstable();
        // Stretches do not overlap: of those that began before the span only the last can reach into it.
        self.data
            .read("stretches_near", "session stretches")
            .all_of(
                "WITH v(v_identity, v_from, v_until) AS ({rows}) SELECT {columns} FROM v CROSS JOIN session_stretches \
                 WHERE identity_id = v_identity AND started_at <= v_until AND ended_at >= v_from AND started_at >= \
                 COALESCE((SELECT max(o.started_at) FROM session_stretches o \
                 WHERE o.identity_id = v_identity AND o.started_at <= v_from), v_from)",
                &spans,
            )
            .await
    }

    /// Counts the changes of [`Store::session_moves`].
    #[boxed]
    pub async fn session_moves_version(&self) -> Result<i64> {
        self.counter("session_moves_version").await
    }

    /// Moves that changed after a version, by session.
    #[boxed]
    pub async fn session_moves(&self, after_version: i64) -> Result<Vec<SessionMoveRow>> {
        self.data
            .read("session_moves", "session moves")
            .all("SELECT {columns} FROM session_moves WHERE version > $1 ORDER BY session_id", &[after_version.arg()])
            .await
    }
}

/// Replaces stretches: those that begin at `gone` go, (visitor, start).
pub(crate) async fn apply(
    tx: &mut Tx,
    gone: &[(i64, i64)],
    stretches: &[StretchRow],
    moves: &[SessionMoveRow],
) -> Result<()> {
    tx.bulk(
        "WITH v(v_identity, v_started) AS ({rows}) DELETE FROM session_stretches WHERE (identity_id, started_at) IN \
         (SELECT v_identity, v_started FROM v)",
        gone,
    )
    .await?;
    tx.bulk(
        "INSERT INTO session_stretches ({columns}) {rows} ON CONFLICT (identity_id, started_at) DO UPDATE SET \
         ended_at = excluded.ended_at, campaigns_json = excluded.campaigns_json, written_json = excluded.written_json",
        stretches,
    )
    .await?;
    if moves.is_empty() {
        return Ok(());
    }
    let version = bump(tx, "session_moves_version").await?;
    let moves: Vec<SessionMoveRow> = moves.iter().map(|row| SessionMoveRow { version, ..row.clone() }).collect();
    tx.bulk(
        "INSERT INTO session_moves ({columns}) {rows} ON CONFLICT (session_id) \
         DO UPDATE SET spans_json = excluded.spans_json, version = excluded.version",
        &moves,
    )
    .await
    .map(drop)
}
