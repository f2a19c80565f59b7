//! Sums over all customers: the inputs of RFM, its groups.

use crate::boxed;
use zhike_domain::frame::Frame;

use crate::query::time_column;
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

impl Lake {
    /// RFM inputs from all that had happened before `before`: refunds made later are added back to the orders they were
    /// netted against.
    #[boxed]
    pub async fn rfm_inputs(&self, before: i64) -> Result<RfmInputs, Error> {
        let orders = self.orders_before(before).await?;
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

    /// First and last instant of the facts of a table; `None` without any.
    #[boxed]
    pub async fn time_span(&self, table: &str) -> Result<Option<(i64, i64)>, Error> {
        let (spec, _) = self.table_root(table)?;
        let Some(time) = time_column(spec) else { return Ok(None) };
        // The log knows both to the millisecond: only the rows next to them are read.
        let ends = match &self.within {
            None => self.version(table).await?.and_then(|version| version.ends(time)),
            Some(_) => None,
        };
        let near = ends.map_or_else(String::new, |(low, high)| {
            format!(" WHERE {time} < {} OR {time} >= {}", instant(low + 1000), instant(high - 999))
        });
        let sql = format!("SELECT min({time}) AS first, max({time}) AS last FROM {table}{near}");
        let frame = self.query(&sql, Vec::new()).await?.all().await?;
        let at = |name| frame.num(name).and_then(|column| column.get(0));
        Ok(at("first").zip(at("last")))
    }

    /// Tiers and groups of the newest refresh.
    ///
    /// **Shape**: `tier, rfm_segment, n_customers, monetary, recency_days` (sum of days).
    #[boxed]
    pub async fn rfm_groups(&self) -> Result<Frame, Error> {
        let sql = "SELECT tier, rfm_segment, count(*) AS n_customers, sum(monetary) AS monetary, \
                          sum(recency_days) AS recency_days \
                   FROM rfm WHERE as_of = (SELECT max(as_of) FROM rfm) GROUP BY tier, rfm_segment";
        self.remembered(sql, &["rfm"], i64::MAX).await
    }

    /// RFM rows of some customers at the newest refresh.
    ///
    /// **Shape**: the columns of table `rfm`.
    #[boxed]
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
    #[boxed]
    pub async fn newest_day(&self, table: &str, column: &str) -> Result<Option<i64>, Error> {
        let Some(version) = self.version(table).await? else { return Ok(None) };
        Ok(version.files.iter().filter_map(|file| file.largest(column)).max())
    }
}

/// An instant as SQL.
pub(crate) fn instant(us: i64) -> String {
    format!("arrow_cast({us}, 'Timestamp(Microsecond, Some(\"UTC\"))')")
}

/// A day as SQL.
pub(crate) fn date(day: i64) -> String {
    format!("arrow_cast({day}, 'Date32')")
}

/// Numbers as an SQL list; never empty.
pub(crate) fn list(numbers: &[i64]) -> String {
    if numbers.is_empty() {
        return "NULL".into();
    }
    numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}
