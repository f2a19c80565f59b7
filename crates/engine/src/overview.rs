//! The figures of the first page.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use zhike_domain::frame::Frame;
use zhike_domain::kpi::Kpi;
use zhike_domain::sentence;
use zhike_domain::small_groups;

use crate::kpis::{self, Window};
use crate::segments::{Bulk, as_of, seen_lake};
use crate::workspace::day_number;
use crate::{Ctx, Error, Result};

/// What the workspace holds.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// First day with an order, in days since 1970.
    pub data_from: Option<i64>,
    /// Last day with an order.
    pub data_to: Option<i64>,
    /// Customers with an identity.
    pub n_profiles: u64,
    /// Rows of `orders`.
    pub n_orders: u64,
    /// Newest day that was scored.
    pub as_of: Option<i64>,
    /// When it was scored.
    pub refreshed_at: Option<i64>,
}

/// Days compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compare {
    /// As many days just before.
    #[default]
    Previous,
    /// The same days a year earlier.
    Year,
}

/// Sums over a span of days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Net sales, hundredths.
    pub net_sales: i64,
    /// Given back, hundredths.
    pub refunds: i64,
    /// Sales before refunds, hundredths.
    pub sales: i64,
    /// Orders that count.
    pub n_orders: i64,
    /// Customers with an order that counts; none where so few are not told, here and below.
    pub n_customers: Option<i64>,
    /// Customers with two or more.
    pub n_repeat: Option<i64>,
    /// Customers whose first order ever is in the span.
    pub n_new: Option<i64>,
    /// Net sales to customers who had bought before the span, hundredths.
    pub repeat_sales: i64,
    /// Net sales to customers whose first order ever is in the span, hundredths.
    pub new_sales: i64,
}

/// Figures of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayFigures {
    /// Day, in days since 1970.
    pub on: i64,
    /// Net sales, hundredths.
    pub net_sales: i64,
    /// Given back, hundredths.
    pub refunds: i64,
    /// Sales before refunds, hundredths.
    pub sales: i64,
    /// Orders that count.
    pub n_orders: i64,
    /// Customers with an order that counts; none where so few are not told.
    pub n_customers: Option<i64>,
}

/// Customers of one tier or group at the newest refresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Class {
    /// Customers.
    pub n_customers: i64,
    /// Net amount, hundredths.
    pub monetary: i64,
    /// Days since the last order, added up.
    pub recency_days: i64,
}

/// The figures of a span of days, and of the span compared with.
#[derive(Clone, Debug)]
pub struct Overview {
    /// First and last day.
    pub span: (i64, i64),
    /// First and last day compared with.
    pub compared: (i64, i64),
    /// Sums.
    pub now: Totals,
    /// Sums compared with; missing when the data does not reach back so far.
    pub before: Option<Totals>,
    /// Every day of the span, days without orders included.
    pub days: Vec<DayFigures>,
    /// Every day compared with.
    pub days_before: Vec<DayFigures>,
    /// Last day with data; it may be unfinished.
    pub data_to: i64,
    /// All customers at the newest refresh; none where so few are not told, here and below.
    pub all: Option<Class>,
    /// By tier.
    pub tiers: BTreeMap<String, Option<Class>>,
    /// By group of the RFM grid.
    pub rfm_segments: BTreeMap<String, Option<Class>>,
    /// What it means, in Chinese and English.
    pub sentence: (String, String),
}

/// What the workspace holds.
#[boxed]
pub async fn holdings(ctx: &Ctx) -> Result<Holdings> {
    let workspace = ctx.workspace();
    let span = ctx.lake().time_span("orders").await?;
    let as_of = ctx.lake().newest_day("rfm", "as_of").await?;
    let run = match as_of {
        Some(day) => crate::refresh::last_run(ctx, day).await?,
        None => None,
    };
    Ok(Holdings {
        data_from: span.map(|(first, _)| workspace.day_of(first)),
        data_to: span.map(|(_, last)| workspace.day_of(last)),
        n_profiles: n_profiles(ctx).await?,
        n_orders: seen_lake(ctx).await?.n_rows("orders").await?,
        as_of,
        refreshed_at: run.map(|run| run.at),
    })
}

/// How many customers there are for whoever asks.
async fn n_profiles(ctx: &Ctx) -> Result<u64> {
    Ok(match ctx.scope() {
        None => u64::try_from(ctx.store().n_profiles().await?).unwrap_or(0),
        Some(_) => Bulk::new(ctx, as_of(ctx, None).await?).await?.n_seen(),
    })
}

/// The figures of some days; the last 30 days of data when none are named.
///
/// **Errors**: `bad_request` when the days are the wrong way round or more than ten years.
#[boxed]
pub async fn overview(ctx: &Ctx, from: Option<Date>, to: Option<Date>, compare: Compare) -> Result<Overview> {
    ctx.refresh_overrides().await?;
    let workspace = ctx.workspace();
    let data = ctx.lake().time_span("orders").await?;
    let (data_from, data_to) = match data {
        Some((first, last)) => (workspace.day_of(first), workspace.day_of(last)),
        None => {
            let today = workspace.day_of(ctx.now());
            (today, today)
        }
    };
    let last = to.map_or(data_to, day_number);
    let first = from.map_or(last - 29, day_number);
    if first > last || last - first > 3660 {
        return Err(Error::bad_request(
            "the first day must not be after the last, and at most ten years before it".into(),
            "开始日期不能晚于结束日期，跨度不能超过十年".into(),
        ));
    }
    let compared = match compare {
        Compare::Previous => (first - (last - first + 1), first - 1),
        Compare::Year => (year_before(first), year_before(last)),
    };
    let (span, has_before) = ((first, last), compared.0 >= data_from);
    // Days that follow one another are read together.
    let (now, before, days, days_before) = if has_before && compare == Compare::Previous {
        let mut both = totals(ctx, &[compared, span]).await?;
        let mut days = every_day(ctx, (compared.0, last)).await?;
        let later = days.split_off((first - compared.0) as usize);
        (both.pop().unwrap_or_default(), both.pop(), later, days)
    } else {
        let now = totals(ctx, &[span]).await?.pop().unwrap_or_default();
        let days = every_day(ctx, span).await?;
        match has_before {
            true => (now, totals(ctx, &[compared]).await?.pop(), days, every_day(ctx, compared).await?),
            false => (now, None, days, Vec::new()),
        }
    };
    let (all, tiers, rfm_segments) = classes(&seen_lake(ctx).await?.rfm_groups().await?, ctx.min_group());
    let sentence = sentence(&workspace.currency, (first, last), &now, before.as_ref(), compare);
    let span = (first, last);
    Ok(Overview { span, compared, now, before, days, days_before, data_to, all, tiers, rfm_segments, sentence })
}

fn year_before(day: i64) -> i64 {
    use jiff::ToSpan;
    let date = crate::workspace::date_of(day).unwrap_or_default();
    date.checked_sub(1.year()).map_or(day - 365, day_number)
}

fn sentence(
    currency: &str,
    days: (i64, i64),
    now: &Totals,
    before: Option<&Totals>,
    compare: Compare,
) -> (String, String) {
    let pair = |of: &dyn Fn(&Totals) -> i64| sentence::Pair { now: of(now), before: before.map(of) };
    sentence::overview(&sentence::Overview {
        currency,
        n_days: u32::try_from(days.1 - days.0 + 1).unwrap_or(u32::MAX),
        compare: match compare {
            Compare::Previous => sentence::Compare::Previous,
            Compare::Year => sentence::Compare::Year,
        },
        net_sales: pair(&|totals| totals.net_sales),
        n_orders: pair(&|totals| totals.n_orders),
        repeat_sales: pair(&|totals| totals.repeat_sales),
        new_sales: pair(&|totals| totals.new_sales),
    })
}

/// Sums of figures that are no ratios, over windows: `[window][figure]`.
async fn figures(ctx: &Ctx, keys: &[&str], windows: &[Window]) -> Result<Vec<Vec<i64>>> {
    let kpis: Vec<&'static Kpi> = keys.iter().map(|key| kpis::get(key)).collect::<Result<_>>()?;
    let tables = kpis::sums(ctx, &kpis, windows, None).await?;
    let of =
        |window: usize| tables.iter().zip(&kpis).map(|(table, kpi)| kpis::total(table, window, kpi).part).collect();
    Ok((0..windows.len()).map(of).collect())
}

async fn totals(ctx: &Ctx, spans: &[(i64, i64)]) -> Result<Vec<Totals>> {
    let keys = [
        "net_sales",
        "refunds",
        "gross_sales",
        "orders",
        "active_customers",
        "repeat_customers",
        "new_customers",
        "repeat_sales",
        "new_sales",
    ];
    let windows: Vec<Window> = spans.iter().map(|days| Window::days(days.0, days.1)).collect();
    let totals = |sums: Vec<i64>| {
        let of = |at: usize| sums.get(at).copied().unwrap_or(0);
        let people = [of(4), of(5), of(6)];
        let shown = small_groups::nested(&people.map(i64::unsigned_abs), &[(1, 0), (2, 0)], ctx.min_group());
        let told = |at: usize| shown[at].then_some(people[at]);
        Totals {
            net_sales: of(0),
            refunds: of(1),
            sales: of(2),
            n_orders: of(3),
            n_customers: told(0),
            n_repeat: told(1),
            n_new: told(2),
            repeat_sales: of(7),
            new_sales: of(8),
        }
    };
    Ok(figures(ctx, &keys, &windows).await?.into_iter().map(totals).collect())
}

async fn every_day(ctx: &Ctx, (first, last): (i64, i64)) -> Result<Vec<DayFigures>> {
    let windows: Vec<Window> = (first..=last).map(|day| Window::days(day, day)).collect();
    let keys = ["net_sales", "refunds", "gross_sales", "orders", "active_customers"];
    let sums = figures(ctx, &keys, &windows).await?;
    let of_day = |(on, sums): (i64, Vec<i64>)| {
        let of = |at: usize| sums.get(at).copied().unwrap_or(0);
        let n_customers = Some(of(4)).filter(|n| !small_groups::is_small(n.unsigned_abs(), ctx.min_group()));
        DayFigures { on, net_sales: of(0), refunds: of(1), sales: of(2), n_orders: of(3), n_customers }
    };
    Ok((first..=last).zip(sums).map(of_day).collect())
}

/// Classes by name; those that are too small to be told without their figures.
type Classes = BTreeMap<String, Option<Class>>;

/// All customers, and those of each tier and group, as far as they are told.
fn classes(frame: &Frame, k: u64) -> (Option<Class>, Classes, Classes) {
    let text =
        |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned();
    let num = |name: &str, row: usize| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
    let rows: Vec<Class> = (0..frame.n_rows())
        .map(|row| Class {
            n_customers: num("n_customers", row),
            monetary: num("monetary", row),
            recency_days: num("recency_days", row),
        })
        .collect();
    let add = |sum: Class, row: &Class| Class {
        n_customers: sum.n_customers + row.n_customers,
        monetary: sum.monetary + row.monetary,
        recency_days: sum.recency_days + row.recency_days,
    };
    let names = ["tier", "rfm_segment"].map(|name| (0..rows.len()).map(|row| text(name, row)).collect::<Vec<_>>());
    let all = names.each_ref().map(|names| names.iter().cloned().collect::<BTreeSet<_>>());
    let place = |division: usize, name: &String| all[division].iter().position(|one| one == name).unwrap_or(0);
    let divisions = [0, 1].map(|at| names[at].iter().map(|name| place(at, name)).collect::<Vec<_>>());
    let counts: Vec<u64> = rows.iter().map(|row| row.n_customers.unsigned_abs()).collect();
    let shown = small_groups::cells(&counts, &divisions, k);
    let [tiers, groups] = [0, 1].map(|division| {
        let class = |(at, name): (usize, &String)| {
            let of = rows.iter().zip(&divisions[division]).filter(|(_, class)| **class == at).map(|(row, _)| row);
            (name.clone(), shown.classes[division][at].then(|| of.fold(Class::default(), add)))
        };
        all[division].iter().enumerate().map(class).collect::<BTreeMap<_, _>>()
    });
    (shown.total.then(|| rows.iter().fold(Class::default(), add)), tiers, groups)
}
