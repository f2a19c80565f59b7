//! `/api/v1/quality`: what files brought, beside what they usually bring; live sources tell it themselves.

use std::collections::BTreeMap;

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use zhike_domain::clean::rule::Reason;
use zhike_domain::id::BatchId;
use zhike_engine::quality::{self, FileQuality, Odd, odd_words};

use super::error::ApiResult;
use super::profiles::day;
use super::schema::Quality;
use super::sources::BandBody;
use super::who::Acting;
use crate::output::instant;

/// The score of one load.
#[derive(Serialize, ToSchema)]
pub(super) struct LoadScore {
    at: String,
    score: f64,
}

/// Rows set aside for one reason.
#[derive(Serialize, ToSchema)]
pub(super) struct ReasonCount {
    reason_code: String,
    reason: String,
    reason_zh: String,
    n: u64,
}

/// The loads of one entity from one source.
#[derive(Serialize, ToSchema)]
#[schema(as = FileQuality)]
pub(super) struct FileBody {
    source: String,
    entity: String,
    /// Loads of the last 400 days.
    n_loads: u64,
    /// The newest of them.
    batch_id: String,
    arrived_at: String,
    rows_read: i64,
    rows_duplicate: i64,
    rows_quarantined: i64,
    /// Rows that the loads before usually brought; missing with fewer than five of them.
    usual_rows: Option<BandBody>,
    /// Whether the newest brought more or fewer.
    is_unusual: bool,
    /// Days between loads, the middle of them; missing with fewer than five loads.
    usual_gap_days: Option<f64>,
    /// Whether the next load has been due for as long again.
    is_late: bool,
    /// Of the newest load.
    quality: Option<Quality>,
    /// Rows of the newest load that were set aside, the most frequent reason first.
    reasons: Vec<ReasonCount>,
    /// Rows of all its loads that wait in quarantine.
    n_open: u64,
    /// The newest load with such rows.
    open_batch_id: Option<String>,
    /// Scores of its loads, oldest first.
    scores: Vec<LoadScore>,
}

/// How good the data of files are.
#[derive(Serialize, ToSchema)]
#[schema(as = FilesQuality)]
pub(super) struct QualityBody {
    /// The newest load of each source and entity, weighted by its rows.
    total: Option<Quality>,
    items: Vec<FileBody>,
}

impl From<FileQuality> for FileBody {
    fn from(one: FileQuality) -> Self {
        let rows = one.last.rows_read;
        Self {
            n_loads: one.n_loads,
            batch_id: BatchId::new(one.last.batch_id).to_string(),
            arrived_at: instant(one.last.finished_at.unwrap_or(one.last.started_at)),
            rows_read: rows,
            rows_duplicate: one.last.rows_duplicate,
            rows_quarantined: one.last.rows_quarantined,
            is_unusual: one.usual.is_some_and(|usual| usual.is_left_by(rows as u64)),
            usual_rows: one.usual.map(BandBody::from),
            usual_gap_days: one.usual_gap.map(|gap| gap as f64 / 86_400e6),
            is_late: one.is_late,
            quality: one.quality.as_ref().map(Quality::from),
            reasons: reasons(one.reasons),
            n_open: one.n_open,
            open_batch_id: one.open_in.map(|id| id.to_string()),
            scores: one.scores.into_iter().map(|(at, score)| LoadScore { at: instant(at), score }).collect(),
            source: one.source,
            entity: one.entity,
        }
    }
}

fn reasons(counts: BTreeMap<String, u64>) -> Vec<ReasonCount> {
    let mut found: Vec<ReasonCount> = counts
        .into_iter()
        .map(|(reason_code, n)| {
            let reason = Reason::from_code(&reason_code);
            ReasonCount {
                reason: reason.map_or("", |reason| reason.help_en()).into(),
                reason_zh: reason.map_or("", |reason| reason.help_zh()).into(),
                reason_code,
                n,
            }
        })
        .collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.n));
    found
}

/// How good the data of files are, by source and entity.
#[utoipa::path(get, path = "/api/v1/quality", responses((status = 200, body = QualityBody)))]
pub(super) async fn show(app: Acting) -> ApiResult<Json<QualityBody>> {
    let found = quality::files(app.ctx()).await?;
    Ok(Json(QualityBody {
        total: found.total.as_ref().map(Quality::from),
        items: found.items.into_iter().map(FileBody::from).collect(),
    }))
}

/// A day on which a source brought other than usual.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnusualSource {
    pub(crate) source: String,
    /// What the rows of its files become; absent for live events.
    pub(crate) entity: Option<String>,
    /// silent, more, fewer, set_aside.
    pub(crate) what: String,
    pub(crate) day: String,
    /// Rows, or the share of them that was set aside.
    pub(crate) value: f64,
    pub(crate) expected: f64,
    /// The probability of such a day among all that were looked at; 0 where it is silent, which is a rule and no test.
    p: f64,
    pub(crate) meaning: String,
    pub(crate) meaning_zh: String,
}

impl From<&Odd> for UnusualSource {
    fn from(one: &Odd) -> Self {
        let (meaning_zh, meaning) = odd_words(one);
        Self {
            source: one.source.clone(),
            entity: one.entity.clone(),
            what: one.what.as_str().to_owned(),
            day: day(one.day),
            value: one.value,
            expected: one.expected,
            p: one.p,
            meaning,
            meaning_zh,
        }
    }
}

/// Days of sources that were not as usual.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnusualSources {
    /// Sources and what their rows become.
    n_series: u64,
    /// Numbers that were judged.
    n_judged: u64,
    /// The newest first.
    pub(crate) items: Vec<UnusualSource>,
}

/// Days of the last two weeks on which a source brought other than usual: rows, the share set aside, or nothing.
#[utoipa::path(get, path = "/api/v1/quality/unusual", responses((status = 200, body = UnusualSources)))]
pub(super) async fn unusual(app: Acting) -> ApiResult<Json<UnusualSources>> {
    let found = quality::unusual(app.ctx()).await?;
    Ok(Json(UnusualSources {
        n_series: found.n_series as u64,
        n_judged: found.n_judged as u64,
        items: found.items.iter().map(UnusualSource::from).collect(),
    }))
}
