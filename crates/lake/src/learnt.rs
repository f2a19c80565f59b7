//! What models learn from, and what they said of customers.

use crate::boxed;
use zhike_domain::frame::Frame;

use crate::insight::{COUNTS, date, instant};
use crate::query::QueryRows;
use crate::{Error, Lake};

impl Lake {
    /// Orders that count of known customers, from all that had happened before an instant; refunds made later are added back.
    ///
    /// **Shape**: `profile_id, at, net` (hundredths).
    #[boxed]
    pub async fn purchases(&self, before: i64) -> Result<QueryRows, Error> {
        let orders = self.orders_before(before).await?;
        let sql = format!("SELECT profile_id, ordered_at AS \"at\", net FROM ({orders}) WHERE {COUNTS}");
        self.query(&sql, Vec::new()).await
    }

    /// The newest day for which a model said something, or that it has nothing to say.
    #[boxed]
    pub async fn said_on(&self, table: &str) -> Result<Option<i64>, Error> {
        self.newest_day(table, "as_of").await
    }

    /// What a model said of one customer on the newest day.
    ///
    /// **Shape**: the columns of the table.
    #[boxed]
    pub async fn said_of(&self, table: &str, profile_id: i64) -> Result<Frame, Error> {
        let Some(day) = self.said_on(table).await? else { return Ok(Frame::new(0)) };
        let sql = format!("SELECT * FROM {table} WHERE profile_id = {profile_id} AND as_of = {}", date(day));
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// What was said of everybody's leaving and worth on a day.
    ///
    /// **Shape**: `probability, risk, value_at_risk, reasons, p_alive, expected_value`; the first four are missing for whoever
    /// has left already.
    #[boxed]
    pub async fn risks(&self, day: i64) -> Result<QueryRows, Error> {
        let of =
            |table: &str| format!("(SELECT * FROM {table} WHERE profile_id IS NOT NULL AND as_of = {})", date(day));
        let sql = format!(
            "SELECT c.probability, c.risk, c.value_at_risk, c.reasons, v.p_alive, v.expected_value FROM {} v \
             FULL OUTER JOIN {} c ON c.profile_id = v.profile_id",
            of("clv"),
            of("churn"),
        );
        self.query(&sql, Vec::new()).await
    }

    /// Groups of customers on a day, with what their customers bought by the scores of that day.
    ///
    /// **Shape**: `cluster, n, distance, recency_days, frequency, monetary` (sums), by group.
    #[boxed]
    pub async fn cluster_sums(&self, day: i64) -> Result<Frame, Error> {
        let day = date(day);
        let sql = format!(
            "SELECT c.cluster, count(*) AS n, sum(c.distance) AS distance, sum(r.recency_days) AS recency_days, \
             sum(r.frequency) AS frequency, sum(r.monetary) AS monetary FROM clusters c \
             LEFT JOIN rfm r ON r.profile_id = c.profile_id AND r.as_of = {day} \
             WHERE c.profile_id IS NOT NULL AND c.as_of = {day} GROUP BY c.cluster ORDER BY c.cluster"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// Orders with what was left of them before an instant.
    ///
    /// **Shape**: a query of `profile_id, ordered_at, kind, status, net`.
    pub(crate) async fn orders_before(&self, before: i64) -> Result<String, Error> {
        let cut = instant(before);
        let later = format!("SELECT count(*) AS n FROM refunds WHERE refunded_at >= {cut} AND ordered_at < {cut}");
        let later = self.query(&later, Vec::new()).await?.all().await?;
        Ok(if later.num("n").and_then(|n| n.get(0)).unwrap_or(0) > 0 {
            format!(
                "SELECT o.profile_id, o.ordered_at, o.kind, o.status, o.net_amount + coalesce(r.amount, 0) AS net \
                 FROM orders o LEFT JOIN (\
                    SELECT source, order_id, sum(amount) AS amount FROM refunds WHERE refunded_at >= {cut} \
                    GROUP BY source, order_id) r ON r.source = o.source AND r.order_id = o.order_id \
                 WHERE o.ordered_at < {cut} AND o.profile_id IS NOT NULL"
            )
        } else {
            format!(
                "SELECT profile_id, ordered_at, kind, status, net_amount AS net FROM orders \
                 WHERE ordered_at < {cut} AND profile_id IS NOT NULL"
            )
        })
    }
}
