//! The figures of the first page.

use jiff::civil::Date;
use zhike_domain::frame::Frame;
use zhike_domain::sentence;
use zhike_lake::OverviewSpan;

use crate::workspace::{Workspace, day_number};
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
    /// Customers with an order that counts.
    pub n_customers: i64,
    /// Customers with two or more.
    pub n_repeat: i64,
    /// Customers whose first order ever is in the span.
    pub n_new: i64,
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
    /// Customers with an order that counts.
    pub n_customers: i64,
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
    /// Tiers and groups of the newest refresh: tier, group, customers, net amount, sum of recency days.
    pub groups: Vec<(String, String, i64, i64, i64)>,
    /// What it means, in Chinese and English.
    pub sentence: (String, String),
}

/// What the workspace holds.
pub async fn holdings(ctx: &Ctx) -> Result<Holdings> {
    let workspace = ctx.workspace();
    let span = ctx.lake().order_span().await?;
    let as_of = ctx.lake().newest_day("rfm", "as_of").await?;
    let run = match as_of {
        Some(day) => crate::refresh::last_run(ctx, day).await?,
        None => None,
    };
    Ok(Holdings {
        data_from: span.map(|(first, _)| workspace.day_of(first)),
        data_to: span.map(|(_, last)| workspace.day_of(last)),
        n_profiles: u64::try_from(ctx.store().n_profiles().await?).unwrap_or(0),
        n_orders: ctx.lake().n_rows("orders").await?,
        as_of,
        refreshed_at: run.map(|run| run.at),
    })
}

/// The figures of some days; the last 30 days of data when none are named.
///
/// **Errors**: `bad_request` when the days are the wrong way round or more than ten years.
pub async fn overview(ctx: &Ctx, from: Option<Date>, to: Option<Date>, compare: Compare) -> Result<Overview> {
    ctx.refresh_overrides().await?;
    let workspace = ctx.workspace();
    let data = ctx.lake().order_span().await?;
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
    let span =
        |days: (i64, i64)| OverviewSpan { from: workspace.day_start(days.0), to: workspace.day_start(days.1 + 1) };
    let now = totals(&ctx.lake().customers(span((first, last))).await?);
    let before =
        if compared.0 >= data_from { Some(totals(&ctx.lake().customers(span(compared)).await?)) } else { None };
    let days = every_day(ctx, &workspace, (first, last)).await?;
    let days_before = if before.is_some() { every_day(ctx, &workspace, compared).await? } else { Vec::new() };
    let groups = groups(&ctx.lake().rfm_groups().await?);
    let sentence = sentence(&workspace.currency, (first, last), &now, before.as_ref(), compare);
    Ok(Overview { span: (first, last), compared, now, before, days, days_before, data_to, groups, sentence })
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

fn totals(frame: &Frame) -> Totals {
    let num =
        |name: &str| frame.num(name).filter(|column| !column.is_empty()).and_then(|column| column.get(0)).unwrap_or(0);
    Totals {
        net_sales: num("net_sales"),
        refunds: num("refunds"),
        sales: num("sales"),
        n_orders: num("n_orders"),
        n_customers: num("n_customers"),
        n_repeat: num("n_repeat"),
        n_new: num("n_new"),
        repeat_sales: num("repeat_sales"),
        new_sales: num("new_sales"),
    }
}

async fn every_day(ctx: &Ctx, workspace: &Workspace, days: (i64, i64)) -> Result<Vec<DayFigures>> {
    let span = OverviewSpan { from: workspace.day_start(days.0), to: workspace.day_start(days.1 + 1) };
    let frame = ctx.lake().daily(span, &workspace.zone).await?;
    let mut all: Vec<DayFigures> = (days.0..=days.1).map(|on| DayFigures { on, ..DayFigures::default() }).collect();
    for row in 0..frame.n_rows() {
        let num = |name: &str| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
        let on = num("on");
        let Some(day) = usize::try_from(on - days.0).ok().and_then(|at| all.get_mut(at)) else { continue };
        *day = DayFigures {
            on,
            net_sales: num("net_sales"),
            refunds: num("refunds"),
            sales: num("sales"),
            n_orders: num("n_orders"),
            n_customers: num("n_customers"),
        };
    }
    Ok(all)
}

fn groups(frame: &Frame) -> Vec<(String, String, i64, i64, i64)> {
    let text =
        |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned();
    let num = |name: &str, row: usize| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
    (0..frame.n_rows())
        .map(|row| {
            (
                text("tier", row),
                text("rfm_segment", row),
                num("n_customers", row),
                num("monetary", row),
                num("recency_days", row),
            )
        })
        .collect()
}
