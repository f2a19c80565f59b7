//! Sums that this process remembers.
//!
//! A sum over some days counts what happened before their end, and no more: it stays true until rows from before then come,
//! go or become somebody else's. So every day of new orders costs the figures of the days since, not those of years.
//! Only sums over everybody without a dimension are kept: nothing that is remembered was asked by whoever sees less.
//! Findings, which cost more, are kept for a minute whatever comes.
//!
//! - INV-KPI-2 (`tests/it/kpis.rs`): whatever was asked and loaded before, a number is what it is without memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use zhike_domain::kpi::{Dimension, Measure, Of, Only, Take};
use zhike_lake::{KpiScan, KpiSpan, Lake, Mark};

use super::{Unusual, people};
use crate::{Ctx, Result};

/// Sums remembered at most: all figures over some hundred periods.
const MAX_SUMS: usize = 1 << 16;

/// How long findings are kept, in microseconds.
const FINDINGS_US: i64 = 60_000_000;

/// Sums by span and part.
pub(super) type Cells = BTreeMap<(usize, i64), i64>;

/// Each sum with what it was read from.
type Sums = HashMap<(&'static Measure, KpiSpan), (Arc<Moment>, i64)>;

/// What was unusual as it was found at an instant, by last day, days looked at, and how small a group is told.
type Findings = HashMap<(i64, usize, u64), (i64, Arc<Unusual>)>;

/// Sums by measure and span, and findings.
#[derive(Default)]
pub(crate) struct Remembered {
    sums: Mutex<Sums>,
    findings: Mutex<Findings>,
}

/// What sums depend on, at a moment.
struct Moment {
    mark: Mark,
    state: i64,
}

impl Moment {
    async fn now(ctx: &Ctx) -> Result<Self> {
        let state = ctx.store().state_version().await?;
        Ok(Self { mark: ctx.lake().mark(&["orders", "order_items", "events"]).await?, state })
    }
}

/// What has changed since a moment.
struct Changes {
    orders_from: i64,
    lines_from: i64,
    events_from: i64,
    has_same_people: bool,
    has_same_sessions: bool,
    has_same_state: bool,
}

impl Changes {
    fn between(then: &Moment, now: &Moment) -> Self {
        let from = |table: &str| now.mark.changed_from(&then.mark, table);
        Self {
            orders_from: from("orders"),
            lines_from: from("order_items"),
            events_from: from("events"),
            has_same_people: now.mark.has_same_people(&then.mark),
            has_same_sessions: now.mark.has_same_sessions(&then.mark),
            has_same_state: now.state == then.state,
        }
    }

    fn leave(&self, measure: &Measure, span: &KpiSpan) -> bool {
        let is_same = match measure.of {
            Of::Profiles => self.has_same_state,
            Of::Events => self.events_from >= span.to && (measure.take != Take::Sessions || self.has_same_sessions),
            Of::Orders | Of::Standing => {
                self.orders_from >= span.to && (measure.take != Take::NItems || self.lines_from >= span.to)
            }
        };
        is_same && (self.has_same_people || !is_of_somebody(measure))
    }
}

/// Whether it matters whose the rows are.
fn is_of_somebody(measure: &Measure) -> bool {
    let is_plain = |only: &Only| matches!(only, Only::Paid | Only::Counts);
    matches!(measure.take, Take::People | Take::GapDays) || !measure.only.iter().all(is_plain)
}

/// What a sum is remembered under: the measure, and of the span what the measure looks at. So the customers of a month are
/// the same sum whether they are asked for by themselves or as the month before another one.
fn key(measure: &'static Measure, span: &KpiSpan) -> (&'static Measure, KpiSpan) {
    let asks = |only: Only| measure.only.contains(&only);
    let (before_from, before_to) = if asks(Only::Kept) { (span.before_from, span.before_to) } else { (0, 0) };
    let from = if measure.of == Of::Standing { 0 } else { span.from };
    let dormant_before = if asks(Only::Dormant) { span.dormant_before } else { 0 };
    (measure, KpiSpan { from, to: span.to, before_from, before_to, dormant_before })
}

impl Remembered {
    /// What was found within the last minute: everybody who opens the overview asks for it.
    pub(super) fn found(&self, key: (i64, usize, u64), now: i64) -> Option<Arc<Unusual>> {
        let all = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&key).filter(|(at, _)| (0..FINDINGS_US).contains(&(now - at))).map(|(_, found)| found.clone())
    }

    /// Keeps what was found now, and nothing older.
    pub(super) fn keep_found(&self, key: (i64, usize, u64), now: i64, found: Arc<Unusual>) {
        let mut all = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (at, _)| (0..FINDINGS_US).contains(&(now - *at)));
        all.insert(key, (now, found));
    }

    /// Moves the spans of which all sums are known out of `missing`, into the tables of the measures.
    fn take_known(
        &self,
        measures: &[&'static Measure],
        spans: &[KpiSpan],
        now: &Arc<Moment>,
        missing: &mut Vec<usize>,
        found: &mut [Cells],
    ) {
        let mut all = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        // Many sums were read at the same moment.
        let mut changes: HashMap<*const Moment, Changes> = HashMap::new();
        missing.retain(|&at| {
            let mut sums = Vec::with_capacity(measures.len());
            for measure in measures {
                let Some((then, sum)) = all.get_mut(&key(measure, &spans[at])) else { return true };
                let since = changes.entry(Arc::as_ptr(then)).or_insert_with(|| Changes::between(then, now));
                if !since.leave(measure, &spans[at]) {
                    return true;
                }
                sums.push(*sum);
            }
            // What holds now need not be compared with the past again.
            for measure in measures {
                if let Some((then, _)) = all.get_mut(&key(measure, &spans[at])) {
                    *then = now.clone();
                }
            }
            for (cells, sum) in found.iter_mut().zip(sums) {
                cells.insert((at, 0), sum);
            }
            false
        });
    }

    fn keep(&self, measures: &[&'static Measure], spans: &[KpiSpan], now: &Arc<Moment>, at: &[usize], found: &[Cells]) {
        let mut all = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() + at.len() * measures.len() > MAX_SUMS {
            all.clear();
        }
        for (measure, cells) in measures.iter().zip(found) {
            for &at in at {
                let sum = cells.get(&(at, 0)).copied().unwrap_or(0);
                all.insert(key(measure, &spans[at]), (now.clone(), sum));
            }
        }
    }
}

/// Sums of measures of one kind of rows, one table a measure. Spans ascend and do not overlap.
pub(super) async fn cells(
    ctx: &Ctx,
    lake: &Lake,
    of: Of,
    spans: &[KpiSpan],
    by: Option<(Dimension, &[String])>,
    measures: &[&'static Measure],
) -> Result<Vec<Cells>> {
    let mut found = vec![Cells::new(); measures.len()];
    let mut missing: Vec<usize> = (0..spans.len()).collect();
    // Before anything is read: what changes meanwhile makes the sums too old, never too new.
    let now = match by.is_none() && ctx.scope().is_none() {
        true => Some(Arc::new(Moment::now(ctx).await?)),
        false => None,
    };
    if let Some(now) = &now {
        ctx.remembered().take_known(measures, spans, now, &mut missing, &mut found);
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let asked: Vec<KpiSpan> = missing.iter().map(|&at| spans[at]).collect();
    let plain: Vec<&Measure> = measures.to_vec();
    let scan = KpiScan { of, spans: &asked, by, people: people(ctx, of, by.map(|by| by.0)).await? };
    for cell in lake.kpi_sums(&scan, &plain).await? {
        let Some(&at) = missing.get(cell.span) else { continue };
        for (cells, sum) in found.iter_mut().zip(cell.sums) {
            cells.insert((at, cell.part), sum);
        }
    }
    if let Some(now) = &now {
        ctx.remembered().keep(measures, spans, now, &missing, &found);
    }
    Ok(found)
}
