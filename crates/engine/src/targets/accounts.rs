//! The customers of a part, what each of them shall bring, and whom to work on.

use crate::boxed;
use std::collections::BTreeMap;

use zhike_domain::consent::{PROFILING, State};
use zhike_domain::id::ProfileId;
use zhike_domain::kpi::{Dimension, Level, Of};
use zhike_domain::small_groups::is_small;
use zhike_lake::{KpiScan, KpiSpan};
use zhike_ml::targets::{Part as Weighed, split};

use super::facts::people;
use super::{Target, get, words};
use crate::consents::recorded;
use crate::customers::{Listed, listed_by_id};
use crate::kpis::{Known, Window};
use crate::segments::{self, Seeker, Segment, seen_lake};
use crate::{Ctx, Error, Result};

/// How much of what a customer once brought more counts as what can be won back.
const WON_BACK: f64 = 0.25;
/// Below which share of what it brought before an account counts as falling.
const FALLEN: f64 = 0.7;
/// Days that customers are looked back at, twice.
const YEAR: i64 = 365;
/// Accounts of a page at most.
pub(super) const MAX_PAGE: usize = 500;

/// Why an account is worth a look. **Units**: those of the figure's sums, for as many days as the target has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Bought before, and not within the last year.
    Lapsed,
    /// Brings much less than it did.
    Falling,
    /// Has brought nothing since the target began.
    Silent,
    /// Is behind what was due.
    Behind,
    /// Is where it should be, or the target has not begun.
    OnPace,
}

impl Because {
    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lapsed => "lapsed",
            Self::Falling => "falling",
            Self::Silent => "silent",
            Self::Behind => "behind",
            Self::OnPace => "on_pace",
        }
    }
}

/// A customer of a part. **Units**: those of the figure's sums.
#[derive(Debug)]
pub struct Account {
    /// Customer, with what may be shown.
    pub customer: Listed,
    /// What it shall bring.
    pub amount: i64,
    /// What it brought so far; none before the first day.
    pub actual: Option<i64>,
    /// What is missing of what was due by now; before the first day, of the whole.
    pub gap: i64,
    /// What it brought in the last of the two spans looked at, and in the one before.
    pub brought: (i64, i64),
    /// Why.
    pub because: Because,
}

/// The customers of a part.
#[derive(Debug)]
pub struct Accounts {
    /// Target.
    pub target: Target,
    /// What the part shall bring.
    pub amount: i64,
    /// Of that, what customers that are not known yet shall bring.
    pub amount_of_new: i64,
    /// Customers who bought there in the two spans; none where so few people are not told.
    pub n: Option<u64>,
    /// Of them, those who are behind.
    pub n_behind: Option<u64>,
    /// Days of each of the two spans looked back at.
    pub days: i64,
    /// The largest gaps first.
    pub accounts: Vec<Account>,
}

/// What one customer did and shall do.
struct Row {
    id: i64,
    before: i64,
    last: i64,
    now: i64,
    amount: i64,
}

impl Row {
    fn gap(&self, elapsed: f64, has_begun: bool) -> i64 {
        let due = if has_begun { (self.amount as f64 * elapsed).round() as i64 } else { self.amount };
        (due - self.now).max(0)
    }

    fn because(&self, elapsed: f64, has_begun: bool) -> Because {
        let is_behind = has_begun && self.gap(elapsed, has_begun) > 0;
        let has_fallen = (self.last as f64) < FALLEN * self.before as f64;
        match self {
            Self { last: ..=0, now: ..=0, .. } => Because::Lapsed,
            Self { now: ..=0, .. } if is_behind => Because::Silent,
            _ if has_fallen && (is_behind || !has_begun) => Because::Falling,
            _ if is_behind => Because::Behind,
            _ => Because::OnPace,
        }
    }
}

struct Found {
    target: Target,
    amount: i64,
    amount_of_new: i64,
    days: i64,
    has_begun: bool,
    elapsed: f64,
    /// The largest gaps first.
    rows: Vec<Row>,
}

/// The accounts of a part, the largest gaps first.
///
/// **Errors**: `not_found`; `bad_request` for a part that there is not.
#[boxed]
pub async fn accounts(ctx: &Ctx, id_or_name: &str, path: &[String], limit: usize) -> Result<Accounts> {
    let found = found(ctx, id_or_name, path).await?;
    let gap = |row: &Row| row.gap(found.elapsed, found.has_begun);
    let shown = &found.rows[..limit.min(MAX_PAGE).min(found.rows.len())];
    let ids: Vec<ProfileId> = shown.iter().map(|row| ProfileId::new(row.id)).collect();
    let mut listed: BTreeMap<i64, Listed> =
        listed_by_id(ctx, &ids).await?.into_iter().map(|one| (one.profile_id.get(), one)).collect();
    let accounts = shown.iter().filter_map(|row| {
        Some(Account {
            customer: listed.remove(&row.id)?,
            amount: row.amount,
            actual: found.has_begun.then_some(row.now),
            gap: gap(row),
            brought: (row.last, row.before),
            because: row.because(found.elapsed, found.has_begun),
        })
    });
    let k = ctx.min_group();
    let (n, n_behind) = (found.rows.len() as u64, found.rows.iter().filter(|row| gap(row) > 0).count() as u64);
    let is_told = |n: u64| !is_small(n, k);
    Ok(Accounts {
        amount: found.amount,
        amount_of_new: found.amount_of_new,
        n: is_told(n).then_some(n),
        n_behind: (is_told(n_behind) && is_told(n - n_behind)).then_some(n_behind),
        days: found.days,
        accounts: accounts.collect(),
        target: found.target,
    })
}

/// Keeps the accounts with the largest gaps as a list of its own. Returns it and how many they are.
///
/// **Errors**: `conflict` when the name is taken; as [`accounts`].
#[boxed]
pub async fn save(ctx: &Ctx, id_or_name: &str, path: &[String], limit: usize, name: &str) -> Result<(Segment, u64)> {
    let found = found(ctx, id_or_name, path).await?;
    let behind = found.rows.iter().filter(|row| row.gap(found.elapsed, found.has_begun) > 0);
    let mut ids: Vec<i64> = behind.take(limit).map(|row| row.id).collect();
    ids.sort_unstable();
    let (zh, en) = words::of_accounts(&found.target, path);
    let segment = segments::keep_list(ctx, name, &format!("{zh} / {en}"), "", &ids).await?;
    Ok((segment, ids.len() as u64))
}

async fn found(ctx: &Ctx, id_or_name: &str, path: &[String]) -> Result<Found> {
    let target = get(ctx, id_or_name).await?;
    let part = target.parts.iter().find(|part| part.path == path).ok_or_else(|| {
        let path = path.join(" / ");
        Error::bad_request(
            format!("the target has no part {path:?}: take the names from its list of parts"),
            format!("目标中没有“{path}”这一部分：请使用列表中的名称"),
        )
    })?;
    let amount = part.amount;
    ctx.refresh_overrides().await?;
    let known = Known::new(ctx, &[target.kpi]).await?;
    let (first, last) = target.days;
    let through = Some(known.through.min(last)).filter(|through| *through >= first);
    let cut = target.basis.cut;
    // Two spans alike, of a year where there are two years.
    let days = known.first_day(target.kpi).map_or(1, |first| (cut - first + 1) / 2).clamp(1, YEAR);
    let mut spans = vec![(cut - 2 * days + 1, cut - days), (cut - days + 1, cut)];
    spans.extend(through.map(|through| (first, through)));
    let sums = sums(ctx, &target, path, &spans).await?;
    let mut rows: Vec<Row> =
        sums.into_iter().map(|(id, [before, last, now])| Row { id, before, last, now, amount: 0 }).collect();
    // Who is new brings what such customers brought of the last span.
    let positive = |number: i64| number.max(0) as f64;
    let all: f64 = rows.iter().map(|row| positive(row.last)).sum();
    let old: f64 = rows.iter().filter(|row| row.before > 0).map(|row| positive(row.last)).sum();
    rows.retain(|row| row.before > 0 || row.last > 0);
    let share_of_new = if all > 0.0 && !rows.is_empty() { 1.0 - old / all } else { 1.0 };
    let amount_of_new = (amount as f64 * share_of_new).round() as i64;
    let length = (last - first + 1) as f64 / days as f64;
    let weight = |row: &Row| {
        let expected = positive(row.last) * length;
        expected + WON_BACK * (positive(row.before) * length - expected).max(0.0)
    };
    let weighed: Vec<Weighed> = rows.iter().map(|row| Weighed::new(row.id.unsigned_abs(), weight(row))).collect();
    let has_weight = weighed.iter().any(|part| part.weight > 0.0);
    let amount_of_new = if has_weight { amount_of_new } else { amount };
    if has_weight {
        let amounts = split(amount - amount_of_new, &weighed)
            .map_err(|problem| Error::bug("accounts", std::io::Error::other(format!("{problem:?}"))))?;
        rows.iter_mut().zip(amounts).for_each(|(row, amount)| row.amount = amount);
    }
    let (has_begun, elapsed) = (through.is_some(), target.elapsed(through));
    rows.sort_by(|a, b| {
        let key = |row: &Row| (std::cmp::Reverse(row.gap(elapsed, has_begun)), std::cmp::Reverse(row.amount), row.id);
        key(a).cmp(&key(b))
    });
    Ok(Found { target, amount, amount_of_new, days, has_begun, elapsed, rows })
}

/// What each known customer of a part brought in three spans: before, last, since the target began.
async fn sums(ctx: &Ctx, target: &Target, path: &[String], days: &[(i64, i64)]) -> Result<BTreeMap<i64, [i64; 3]>> {
    let mut found: BTreeMap<i64, [i64; 3]> = BTreeMap::new();
    let Some((measure, _)) = target.kpi.measures() else { return Ok(found) };
    let valued: Vec<(Dimension, &str)> = target.levels.iter().copied().zip(path.iter().map(String::as_str)).collect();
    let (facts, persons): (Vec<_>, Vec<_>) = valued.into_iter().partition(|one| one.0.level() == Level::Fact);
    let (dimensions, wanted): (Vec<Dimension>, Vec<String>) =
        persons.into_iter().map(|(level, value)| (level, value.to_owned())).unzip();
    let people = people(ctx, &dimensions, Some(&wanted)).await?;
    let spans: Vec<KpiSpan> = days.iter().map(|days| Window::days(days.0, days.1).span(ctx)).collect();
    let scan = KpiScan { of: Of::Orders, spans: &spans, by: None, people };
    let frame = seen_lake(ctx).await?.kpi_by_person(&scan, measure, &facts).await?;
    let bug = |name: &str| Error::bug("targets", std::io::Error::other(name.to_owned()));
    let num = |name: &str| frame.num(name).ok_or_else(|| bug(name));
    let (ids, spans, numbers) = (num("profile_id")?, num("w")?, num("n")?);
    for row in 0..frame.n_rows() {
        let (Some(id), Some(span)) = (ids.get(row), spans.get(row)) else { continue };
        let Some(sum) = usize::try_from(span).ok().filter(|span| *span < 3) else { continue };
        found.entry(id).or_default()[sum] += numbers.get(row).unwrap_or(0);
    }
    // INV-TARGET-3; nor is anybody who is no customer any more.
    let all = segments::people(ctx).await?;
    let refused = recorded(ctx, &all, PROFILING, State::Withdrawn, None).await?;
    let mut seeker = Seeker::default();
    found.retain(|id, _| seeker.at(&all.ids, *id).is_some_and(|at| !refused.contains(at)));
    Ok(found)
}
