//! Who and what stands behind a number.

use crate::boxed;
use zhike_domain::frame::Frame;
use zhike_domain::grade::Class;
use zhike_domain::kpi::{Dimension, Kpi, Measure, Of, Take};
use zhike_domain::small_groups::is_small;
use zhike_lake::{KpiKey, KpiScan};

use super::series::{is_of_people, no_dimension, periods, top};
use super::{Ask, Known, Window, counts_people, people};
use crate::guard::{self, Meter};
use crate::segments::seen_lake;
use crate::{Ctx, Error, Result};

/// Which part of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartOf {
    /// A value.
    Value(String),
    /// Without a value.
    Missing,
    /// All values but those that are shown.
    Other,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Days of the number.
    pub window: Window,
    /// Of a ratio, whether the whole is asked for instead of the part.
    pub is_whole: bool,
    /// Of a breakdown, which part.
    pub part: Option<(Dimension, PartOf)>,
    /// The breakdown that says which values are shown.
    pub shown: Ask,
    /// Where the page before ended.
    pub after: Option<String>,
    /// Rows of a page.
    pub limit: usize,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Customers.
    People,
    /// Orders.
    Orders,
    /// Events.
    Events,
    /// Sessions.
    Sessions,
}

impl Kind {
    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Orders => "orders",
            Self::Events => "events",
            Self::Sessions => "sessions",
        }
    }
}

/// One of those behind a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BehindRow {
    /// Customer, when known.
    pub profile_id: Option<i64>,
    /// Source of an order or event.
    pub source: String,
    /// Order, event or session.
    pub id: String,
    /// Name of an event.
    pub name: String,
    /// When; of customers 0.
    pub happened: i64,
    /// What an order adds to the sum, in the units of the measure.
    pub amount: i64,
}

/// A page of those behind a number.
#[derive(Clone, Debug)]
pub struct Behind {
    /// What the list is of.
    pub kind: Kind,
    /// What is counted or summed.
    pub measure: &'static Measure,
    /// First and last day.
    pub days: (i64, i64),
    /// The number: of a sum, what the amounts of all rows add up to, or else how many rows there are; none where so
    /// few people are not told.
    pub total: Option<i64>,
    /// Rows.
    pub rows: Vec<BehindRow>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// A page of those behind a number.
///
/// **Errors**: `bad_request` for a dimension that the figure has not, or the whole of what is no ratio.
#[boxed]
pub async fn behind(ctx: &Ctx, kpi: &'static Kpi, asked: Asked) -> Result<Behind> {
    ctx.refresh_overrides().await?;
    let known = Known::new(ctx, &[kpi]).await?;
    let Some((part, whole)) = kpi.measures() else { return Err(Error::not_found("KPI", "指标")) };
    let (measure, window) = match (asked.is_whole, whole) {
        (false, _) => (part, asked.window),
        (true, Some((whole, false))) => (whole, asked.window),
        (true, Some((whole, true))) => (whole, asked.window.shifted()),
        (true, None) => {
            return Err(Error::bad_request(
                format!("{} is not a ratio: it has no whole of its own", kpi.key),
                format!("{} 不是比率，没有分母", kpi.name.zh),
            ));
        }
    };
    let window = Window { days: (window.days.0, window.days.1.min(known.through)), ..window };
    let dimension = asked.part.as_ref().map(|(dimension, _)| *dimension);
    if let Some(dimension) = dimension.filter(|dimension| !kpi.dimensions().contains(dimension)) {
        return Err(no_dimension(kpi, dimension));
    }
    let (values, number) = match &asked.part {
        None => (Vec::new(), None),
        Some((_, PartOf::Value(value))) => (vec![value.clone()], Some(0)),
        Some((_, PartOf::Missing)) => (Vec::new(), Some(-1)),
        Some((dimension, PartOf::Other)) => {
            let windows: Vec<Window> = periods(asked.shown, known.through)?
                .into_iter()
                .map(|period| Window::of(period, known.through))
                .collect();
            let values = top(ctx, kpi, &windows, *dimension, asked.shown.top).await?;
            let rest = i64::try_from(values.len()).unwrap_or(i64::MAX);
            (values, Some(rest))
        }
    };
    let spans = [window.span(ctx)];
    let by = dimension.map(|dimension| (dimension, values.as_slice()));
    let of = measure.of;
    let scan = KpiScan { of, spans: &spans, by, people: people(ctx, of, dimension).await? };
    let lake = seen_lake(ctx).await?;
    let sums = lake.kpi_sums(&scan, &[measure]).await?;
    let total: i64 =
        sums.iter().filter(|cell| number.is_none_or(|part| cell.part == part)).map(|cell| cell.sums[0]).sum();
    let is_few = counts_people(measure) && is_small(total.unsigned_abs(), ctx.min_group());
    let total = (!is_few).then_some(total);
    let kind = match (of, measure.take) {
        (of, _) if is_of_people(of) => Kind::People,
        (_, Take::People) => Kind::People,
        (_, Take::Sessions) => Kind::Sessions,
        (Of::Events, _) => Kind::Events,
        _ => Kind::Orders,
    };
    let after = asked.after.as_deref().map(read_cursor).transpose()?;
    let frame = lake.kpi_rows(&scan, measure, (0, number), after.as_ref(), asked.limit + 1).await?;
    let mut rows: Vec<BehindRow> = (0..frame.n_rows()).map(|row| read(&frame, row)).collect();
    let has_more = rows.len() > asked.limit;
    rows.truncate(asked.limit);
    let next = rows.last().filter(|_| has_more).map(cursor);
    guard::reserve(ctx, Meter::Rows, rows.len()).await?;
    let class = match kind {
        // Those whose rows are read draw by what is shown of them.
        Kind::People => None,
        Kind::Orders => Some(Class::Commerce),
        Kind::Events | Kind::Sessions => Some(Class::Behaviour),
    };
    guard::show(ctx, rows.len(), class.into_iter().collect()).await?;
    Ok(Behind { kind, measure, days: window.days, total, rows, next })
}

/// The place of a row: numbers, the length of the source, source and id.
fn cursor(row: &BehindRow) -> String {
    let (source, id) = (&row.source, &row.id);
    format!("{}.{}.{}.{source}{id}", row.happened, row.profile_id.unwrap_or(0), source.len())
}

fn read_cursor(text: &str) -> Result<KpiKey> {
    let read = || {
        let mut parts = text.splitn(4, '.');
        let mut number = || parts.next().and_then(|part| part.parse::<i64>().ok());
        let (happened, profile_id, length) = (number()?, number()?, number()?);
        let (source, id) = parts.next()?.split_at_checked(usize::try_from(length).ok()?)?;
        Some(KpiKey { happened, profile_id, source: source.to_owned(), id: id.to_owned() })
    };
    read().ok_or_else(|| {
        Error::bad_request(
            "the cursor is not one of ours: start from the first page".into(),
            "翻页位置无效：请从第一页开始".into(),
        )
    })
}

fn read(frame: &Frame, row: usize) -> BehindRow {
    let num = |name: &str| frame.num(name).and_then(|column| column.get(row));
    let text = |name: &str| frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned();
    BehindRow {
        profile_id: num("profile_id"),
        source: text("source"),
        id: text("id"),
        name: text("name"),
        happened: num("happened").unwrap_or(0),
        amount: num("amount").unwrap_or(0),
    }
}
