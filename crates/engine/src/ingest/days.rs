//! What a batch of the log adds to counts: per source and day a row of `batches`, per source and hour the figures of
//! health; and records set aside as rows of `quarantine`, sealed.

use std::collections::BTreeMap;

use zhike_domain::collect::volume;
use zhike_state::{
    BatchRow, BatchStatus, DayCounts, IngestCommit, QuarantineRow, QuarantineStatus, SourceHourRow, SourceRejectRow,
};
use zhike_vault::SubjectKey;

use crate::collect::Item;
use crate::sealing::{self, QUARANTINE_ROW};
use crate::sources::Source;
use crate::{Ctx, Result};

/// What the rows of batches and quarantine say they are.
pub(crate) const LIVE: &str = "live";
/// Records of one source and day that are kept when they are set aside; further ones are only counted, for anyone who can
/// read a page has its write key.
const MAX_KEPT: i64 = 10_000;
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// Hours of figures kept: those that an hour is compared with ([`volume::DAYS`]), and those that make the days with which a
/// day is, which are eight weeks and one more to compare these with.
const KEPT_HOURS: i64 = {
    let days = if volume::DAYS > 63 { volume::DAYS } else { 63 };
    (days as i64 + 1) * 24
};

/// A source's day.
struct Day {
    batch_id: i64,
    n_kept: i64,
    key: Option<SubjectKey>,
    counts: DayCounts,
}

/// Counts of a batch.
#[derive(Default)]
pub(super) struct Days {
    days: BTreeMap<(i64, i64), Day>,
    hours: BTreeMap<(i64, i64), SourceHourRow>,
    rejects: BTreeMap<(i64, i64, String), i64>,
}

/// The day, in UTC, of an instant.
pub(super) fn day_of(at: i64) -> i64 {
    at.div_euclid(DAY)
}

impl Days {
    /// The batch of a source's day, made when it is the first.
    pub(super) async fn batch(
        &mut self,
        ctx: &Ctx,
        source: &Source,
        at: i64,
        commit: &mut IngestCommit,
    ) -> Result<i64> {
        let day = day_of(at);
        if let Some(known) = self.days.get(&(source.source_id, day)) {
            return Ok(known.batch_id);
        }
        let content_hash = format!("{LIVE}:{}:{day}", source.source_id).into_bytes();
        let stored = ctx.store().find_loaded_batch(&content_hash, LIVE, &source.name).await?;
        let (batch_id, n_kept) = match stored {
            Some(row) => (row.batch_id, row.rows_quarantined),
            None => {
                let batch_id = ctx.vault().random_id();
                let date = crate::workspace::date_of(day).map_or_else(|| day.to_string(), |date| date.to_string());
                commit.new_days.push(BatchRow {
                    batch_id,
                    source: source.name.clone(),
                    entity: LIVE.into(),
                    file_name: format!("{LIVE} {date}"),
                    content_hash,
                    mapping_json: None,
                    status: BatchStatus::Loaded,
                    rows_read: 0,
                    rows_loaded: 0,
                    rows_duplicate: 0,
                    rows_quarantined: 0,
                    quality: None,
                    report_json: None,
                    plan_json: None,
                    error: None,
                    started_at: ctx.now(),
                    finished_at: Some(ctx.now()),
                });
                (batch_id, 0)
            }
        };
        let counts = DayCounts { batch_id, rows_read: 0, rows_loaded: 0, rows_duplicate: 0, rows_quarantined: 0 };
        self.days.insert((source.source_id, day), Day { batch_id, n_kept, key: None, counts });
        Ok(batch_id)
    }

    /// Counts a record.
    pub(super) fn count(&mut self, source: &Source, at: i64, item: &Item, is_duplicate: bool) {
        let hour = at.div_euclid(HOUR);
        let id = source.source_id;
        let row = self.hours.entry((id, hour)).or_insert_with(|| SourceHourRow {
            source_id: id,
            hour,
            n_received: 0,
            n_rejected: 0,
            n_duplicate: 0,
            n_violations: 0,
            last_received_at: at,
        });
        row.n_received += 1;
        row.n_duplicate += i64::from(is_duplicate);
        row.last_received_at = row.last_received_at.max(at);
        let violations = match item {
            Item::Message { violations, .. } => violations,
            Item::Rejected { code, violations, .. } => {
                row.n_rejected += 1;
                *self.rejects.entry((id, hour, code.as_str().to_owned())).or_default() += 1;
                violations
            }
        };
        row.n_violations += violations.len() as i64;
        let Some(day) = self.days.get_mut(&(id, day_of(at))) else { return };
        day.counts.rows_read += 1;
        match item {
            Item::Rejected { .. } => day.counts.rows_quarantined += 1,
            Item::Message { .. } if is_duplicate => day.counts.rows_duplicate += 1,
            Item::Message { .. } => day.counts.rows_loaded += 1,
        }
    }

    /// Keeps a record that was set aside, sealed.
    pub(super) async fn keep(
        &mut self,
        ctx: &Ctx,
        source: &Source,
        at: i64,
        item: &Item,
        commit: &mut IngestCommit,
    ) -> Result<()> {
        let Item::Rejected { code, field, violations, record } = item else { return Ok(()) };
        let Some(day) = self.days.get_mut(&(source.source_id, day_of(at))) else { return Ok(()) };
        if day.n_kept >= MAX_KEPT {
            return Ok(());
        }
        if day.key.is_none() {
            day.key = Some(sealing::get_or_make_batch_key(ctx, day.batch_id).await?);
        }
        let Some(key) = &day.key else { return Ok(()) };
        day.n_kept += 1;
        let cells = serde_json::to_string(&[record.expose()]).unwrap_or_default();
        let masked = |text: &str| zhike_domain::detect::mask_text(text).unwrap_or_else(|| text.to_owned());
        commit.load.quarantine.push(QuarantineRow {
            batch_id: day.batch_id,
            row_no: day.n_kept,
            source: source.name.clone(),
            entity: LIVE.into(),
            reason_code: code.as_str().into(),
            column_name: Some(masked(field)).filter(|field| !field.is_empty()),
            detail: Some(masked(&violations.join("; "))).filter(|detail| !detail.is_empty()),
            sealed: key.seal(QUARANTINE_ROW, cells.as_bytes()),
            status: QuarantineStatus::Open,
            replay_batch_id: None,
            updated_at: ctx.now(),
        });
        Ok(())
    }

    /// Writes the counts into the commit.
    pub(super) fn finish(self, now: i64, commit: &mut IngestCommit) {
        commit.days = self.days.into_values().map(|day| day.counts).collect();
        commit.hours = self.hours.into_values().collect();
        let reject =
            |((source_id, hour, reason_code), n_rejected)| SourceRejectRow { source_id, hour, reason_code, n_rejected };
        commit.rejects = self.rejects.into_iter().map(reject).collect();
        commit.keep_from_hour = now.div_euclid(HOUR) - KEPT_HOURS;
    }
}
