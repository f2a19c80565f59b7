//! Sums over all customers: the inputs of RFM, the figures of the overview.

use zhike_domain::frame::Frame;

use crate::{Error, Lake};

/// An order counts when it is a sale that was paid and of which something is left after refunds.
pub(crate) const COUNTS: &str = "kind = 'sale' AND status NOT IN ('created', 'cancelled') AND net > 0";

/// What RFM is computed from, one entry per customer with an order that counts.
#[derive(Clone, Debug, Default)]
pub struct RfmInputs {
    /// Customers, ascending.
    pub profile_id: Vec<i64>,
    /// Instant of the last order that counts.
    pub last_ordered_at: Vec<i64>,
    /// Orders that count.
    pub frequency: Vec<i64>,
    /// Net amount of all orders, hundredths.
    pub monetary: Vec<i64>,
}

/// A span of time, both ends as instants: `from ≤ t < to`.
#[derive(Clone, Copy, Debug)]
pub struct OverviewSpan {
    /// Start.
    pub from: i64,
    /// End, exclusive.
    pub to: i64,
}

impl Lake {
    /// RFM inputs from all that had happened before `before`: refunds made later are added back to the orders they were
    /// netted against.
    pub async fn rfm_inputs(&self, before: i64) -> Result<RfmInputs, Error> {
        let later = format!(
            "SELECT count(*) AS n FROM refunds WHERE refunded_at >= {cut} AND ordered_at < {cut}",
            cut = instant(before)
        );
        let later = self.query(&later, Vec::new()).await?.all().await?;
        let has_later = later.num("n").and_then(|n| n.get(0)).unwrap_or(0) > 0;
        let orders = if has_later {
            format!(
                "SELECT o.profile_id, o.ordered_at, o.kind, o.status, o.net_amount + coalesce(r.amount, 0) AS net \
                 FROM orders o LEFT JOIN (\
                    SELECT source, order_id, sum(amount) AS amount FROM refunds WHERE refunded_at >= {cut} \
                    GROUP BY source, order_id) r ON r.source = o.source AND r.order_id = o.order_id \
                 WHERE o.ordered_at < {cut} AND o.profile_id IS NOT NULL",
                cut = instant(before)
            )
        } else {
            format!(
                "SELECT profile_id, ordered_at, kind, status, net_amount AS net FROM orders \
                 WHERE ordered_at < {} AND profile_id IS NOT NULL",
                instant(before)
            )
        };
        let sql = format!(
            "SELECT profile_id, max(CASE WHEN {COUNTS} THEN ordered_at END) AS last_ordered_at, \
                    sum(CASE WHEN {COUNTS} THEN 1 ELSE 0 END) AS frequency, sum(net) AS monetary \
             FROM ({orders}) GROUP BY profile_id"
        );
        let mut rows = self.query(&sql, Vec::new()).await?;
        let mut inputs = RfmInputs::default();
        let mut all: Vec<(i64, i64, i64, i64)> = Vec::new();
        while let Some(frame) = rows.next().await? {
            let (Some(profile), Some(last), Some(frequency), Some(monetary)) =
                (frame.num("profile_id"), frame.num("last_ordered_at"), frame.num("frequency"), frame.num("monetary"))
            else {
                return Err(Error::Bug("RFM inputs have other columns than asked for".into()));
            };
            for row in 0..frame.n_rows() {
                if let (Some(profile), Some(last)) = (profile.get(row), last.get(row)) {
                    all.push((profile, last, frequency.get(row).unwrap_or(0), monetary.get(row).unwrap_or(0)));
                }
            }
        }
        all.sort_unstable_by_key(|row| row.0);
        for (profile, last, frequency, monetary) in all {
            inputs.profile_id.push(profile);
            inputs.last_ordered_at.push(last);
            inputs.frequency.push(frequency);
            inputs.monetary.push(monetary);
        }
        Ok(inputs)
    }

    /// First and last instant of an order; `None` without orders.
    pub async fn order_span(&self) -> Result<Option<(i64, i64)>, Error> {
        let sql = "SELECT min(ordered_at) AS first, max(ordered_at) AS last FROM orders";
        let frame = self.query(sql, Vec::new()).await?.all().await?;
        let at = |name| frame.num(name).and_then(|column| column.get(0));
        Ok(at("first").zip(at("last")))
    }

    /// Sums of the orders of a span by day.
    ///
    /// **Shape**: `on` (days in `zone`), `net_sales, refunds, sales, n_orders, n_customers`.
    pub async fn daily(&self, span: OverviewSpan, zone: &str) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT CAST(date_trunc('day', ordered_at AT TIME ZONE '{zone}') AS DATE) AS \"on\", \
                    sum(net_amount) AS net_sales, sum(refunded_amount) AS refunds, sum(amount) AS sales, \
                    sum(CASE WHEN {counts} THEN 1 ELSE 0 END) AS n_orders, \
                    count(DISTINCT CASE WHEN {counts} THEN profile_id END) AS n_customers \
             FROM (SELECT *, net_amount AS net FROM orders WHERE ordered_at >= {from} AND ordered_at < {to}) \
             GROUP BY 1 ORDER BY 1",
            counts = COUNTS,
            from = instant(span.from),
            to = instant(span.to),
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// Customers of a span: how many bought, bought again, bought for the first time.
    ///
    /// **Shape**: one row `net_sales, refunds, sales, n_orders, n_customers, n_repeat, n_new, repeat_sales, new_sales`.
    pub async fn customers(&self, span: OverviewSpan) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT coalesce(sum(net), 0) AS net_sales, coalesce(sum(refunds), 0) AS refunds, \
                    coalesce(sum(sales), 0) AS sales, coalesce(sum(n), 0) AS n_orders, \
                    sum(CASE WHEN n > 0 AND profile_id IS NOT NULL THEN 1 ELSE 0 END) AS n_customers, \
                    sum(CASE WHEN n > 1 AND profile_id IS NOT NULL THEN 1 ELSE 0 END) AS n_repeat, \
                    sum(CASE WHEN first >= {from} AND profile_id IS NOT NULL THEN 1 ELSE 0 END) AS n_new, \
                    coalesce(sum(CASE WHEN first < {from} AND profile_id IS NOT NULL THEN net END), 0) AS repeat_sales, \
                    coalesce(sum(CASE WHEN first >= {from} AND profile_id IS NOT NULL THEN net END), 0) AS new_sales \
             FROM (SELECT profile_id, \
                    sum(CASE WHEN ordered_at >= {from} THEN net END) AS net, \
                    sum(CASE WHEN ordered_at >= {from} THEN refunded_amount END) AS refunds, \
                    sum(CASE WHEN ordered_at >= {from} THEN amount END) AS sales, \
                    sum(CASE WHEN ordered_at >= {from} AND {counts} THEN 1 ELSE 0 END) AS n, \
                    min(CASE WHEN {counts} THEN ordered_at END) AS first \
                FROM (SELECT *, net_amount AS net FROM orders WHERE ordered_at < {to}) GROUP BY profile_id)",
            counts = COUNTS,
            from = instant(span.from),
            to = instant(span.to),
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// Tiers and groups of the newest refresh.
    ///
    /// **Shape**: `tier, rfm_segment, n_customers, monetary, recency_days` (sum of days).
    pub async fn rfm_groups(&self) -> Result<Frame, Error> {
        let sql = "SELECT tier, rfm_segment, count(*) AS n_customers, sum(monetary) AS monetary, \
                          sum(recency_days) AS recency_days \
                   FROM rfm WHERE as_of = (SELECT max(as_of) FROM rfm) GROUP BY tier, rfm_segment";
        self.query(sql, Vec::new()).await?.all().await
    }

    /// RFM rows of some customers at the newest refresh.
    ///
    /// **Shape**: the columns of table `rfm`.
    pub async fn rfm_of(&self, profiles: &[i64]) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT * FROM rfm WHERE as_of = (SELECT max(as_of) FROM rfm) AND profile_id IN ({})",
            list(profiles)
        );
        self.query(&sql, Vec::new()).await?.all().await
    }
}

impl Lake {
    /// The newest value of a day column, from the log; `None` for an empty table.
    pub async fn newest_day(&self, table: &str, column: &str) -> Result<Option<i64>, Error> {
        let Some(version) = self.version(table).await? else { return Ok(None) };
        Ok(version.files.iter().filter_map(|file| file.largest(column)).max())
    }
}

/// An instant as SQL.
pub(crate) fn instant(us: i64) -> String {
    format!("arrow_cast({us}, 'Timestamp(Microsecond, Some(\"UTC\"))')")
}

/// Numbers as an SQL list; never empty.
pub(crate) fn list(numbers: &[i64]) -> String {
    if numbers.is_empty() {
        return "NULL".into();
    }
    numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}
