//! Whether the data can be trusted: what the loads of each source brought, beside what they usually bring.
//!
//! Everything comes from the reports that loads left; what they did not measure is missing here.

use crate::boxed;
use std::collections::{BTreeMap, HashMap};

use zhike_domain::collect::volume::{Band, MIN_LOADS, band_of_loads};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::BatchId;
use zhike_domain::import::report::{LoadReport, Quality};
use zhike_state::BatchHead;

use crate::{Ctx, Error, Result};

mod unusual;

pub use unusual::{Odd, OddDays, What, odd_words, unusual};

/// Loads looked back over, in days.
const LOOK_BACK_DAYS: i64 = 400;
/// Scores shown of the loads of one source.
const MAX_SCORES: usize = 30;
const DAY: i64 = 86_400_000_000;

/// The loads of one entity from one source.
#[derive(Clone, Debug)]
pub struct FileQuality {
    /// Source.
    pub source: String,
    /// What the rows became.
    pub entity: String,
    /// Loads looked at.
    pub n_loads: u64,
    /// The newest.
    pub last: BatchHead,
    /// How good its data are.
    pub quality: Option<Quality>,
    /// Rows of the newest that were set aside, by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Rows that the loads before usually brought, once that can be said.
    pub usual: Option<Band>,
    /// Microseconds between loads, the middle of them, once that can be said.
    pub usual_gap: Option<i64>,
    /// Whether the next load has been due for as long again.
    pub is_late: bool,
    /// Rows of all its loads that wait in quarantine.
    pub n_open: u64,
    /// The newest load with such rows.
    pub open_in: Option<BatchId>,
    /// Scores of its loads: when, score; oldest first.
    pub scores: Vec<(i64, f64)>,
}

/// How good the data of files are.
#[derive(Clone, Debug)]
pub struct FilesQuality {
    /// By source and entity.
    pub items: Vec<FileQuality>,
    /// The newest load of each, weighted by its rows; missing without one.
    pub total: Option<Quality>,
}

/// The quality of what files brought within the last [`LOOK_BACK_DAYS`] days.
///
/// **Errors**: `no_permission` for whoever sees some customers only: a file's measures cannot be taken apart by customer.
#[boxed]
pub async fn files(ctx: &Ctx) -> Result<FilesQuality> {
    if ctx.scope().is_some() {
        return Err(Error::new(
            ErrorCode::NoPermission,
            "the quality of files is measured over all their rows, and you see some customers: ask whoever sees all",
            "文件的数据质量按全部行计算，而您只能看部分客户：请联系能看全部客户的同事",
        ));
    }
    let now = ctx.now();
    let mut loads: BTreeMap<(String, String), Vec<BatchHead>> = BTreeMap::new();
    for head in ctx.store().loaded_since(now - LOOK_BACK_DAYS * DAY).await? {
        loads.entry((head.source.clone(), head.entity.clone())).or_default().push(head);
    }
    let open: HashMap<i64, i64> = ctx.store().quarantine_open().await?.into_iter().collect();
    let mut items = Vec::new();
    for ((source, entity), mut heads) in loads {
        let scores = heads.iter().filter_map(|head| Some((head.started_at, head.quality?))).collect::<Vec<_>>();
        let scores = scores[scores.len().saturating_sub(MAX_SCORES)..].to_vec();
        let waiting = |head: &BatchHead| open.get(&head.batch_id).copied().unwrap_or(0);
        let n_open = heads.iter().map(waiting).sum::<i64>();
        let open_in = heads.iter().rev().find(|head| waiting(head) > 0).map(|head| BatchId::new(head.batch_id));
        let usual_gap = usual_gap(&heads);
        let n_loads = heads.len() as u64;
        let Some(last) = heads.pop() else { continue };
        let before: Vec<u64> = heads.iter().map(|head| head.rows_read as u64).collect();
        let report = ctx.store().batch(last.batch_id).await?.and_then(|row| row.report_json);
        let report: Option<LoadReport> = report.and_then(|json| serde_json::from_str(&json).ok());
        items.push(FileQuality {
            source,
            entity,
            n_loads,
            quality: report.as_ref().map(|report| report.quality),
            reasons: report.map(|report| report.reasons).unwrap_or_default(),
            usual: band_of_loads(&before),
            is_late: usual_gap.is_some_and(|gap| now - last.started_at > 2 * gap),
            usual_gap,
            n_open: n_open as u64,
            open_in,
            scores,
            last,
        });
    }
    let total = total(&items);
    Ok(FilesQuality { items, total })
}

/// The middle of the times between loads; `None` with too few loads.
fn usual_gap(heads: &[BatchHead]) -> Option<i64> {
    if heads.len() < MIN_LOADS {
        return None;
    }
    let mut gaps: Vec<i64> = heads.windows(2).map(|pair| pair[1].started_at - pair[0].started_at).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}

/// Each part over the newest loads that measured it, weighted by rows.
fn total(items: &[FileQuality]) -> Option<Quality> {
    let mean = |of: &dyn Fn(&Quality) -> Option<f64>| {
        let measured = items.iter().filter_map(|item| Some((of(item.quality.as_ref()?)?, item.last.rows_read as f64)));
        let (sum, weight) = measured.fold((0.0, 0.0), |(sum, total), (part, rows)| (sum + part * rows, total + rows));
        (weight > 0.0).then(|| sum / weight)
    };
    Some(Quality {
        score: mean(&|quality| Some(quality.score))?,
        completeness: mean(&|quality| Some(quality.completeness))?,
        validity: mean(&|quality| Some(quality.validity))?,
        uniqueness: mean(&|quality| Some(quality.uniqueness))?,
        consistency: mean(&|quality| Some(quality.consistency))?,
        timeliness: mean(&|quality| quality.timeliness),
    })
}
