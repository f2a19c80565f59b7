//! Scores of a day over all customers: where one stands among them, kept in memory between look-ups; sums by cell.

use crate::boxed;
use std::sync::{Arc, PoisonError};

use zhike_domain::frame::Frame;

use crate::insight::{COUNTS, date, instant};
use crate::{Error, Lake};

/// Different values kept of one column; with more, a share is off by less than one in this many.
const MAX_VALUES: usize = 1 << 17;

/// How many customers have less than a value.
#[derive(Debug, Default)]
struct Ranks {
    /// Different values, ascending.
    values: Vec<i64>,
    /// For each value, how many customers have less.
    n_below: Vec<u64>,
    n: u64,
}

impl Ranks {
    fn new(mut all: Vec<i64>) -> Self {
        all.sort_unstable();
        let mut ranks = Self { n: all.len() as u64, ..Self::default() };
        for (at, value) in all.into_iter().enumerate() {
            if ranks.values.last() != Some(&value) {
                ranks.values.push(value);
                ranks.n_below.push(at as u64);
            }
        }
        let step = ranks.values.len().div_ceil(MAX_VALUES).max(1);
        if step > 1 {
            ranks.values = ranks.values.into_iter().step_by(step).collect();
            ranks.n_below = ranks.n_below.into_iter().step_by(step).collect();
        }
        ranks
    }

    fn below(&self, value: i64) -> u64 {
        let at = self.values.partition_point(|&other| other < value);
        self.n_below.get(at).copied().unwrap_or(self.n)
    }

    fn above(&self, value: i64) -> u64 {
        let at = self.values.partition_point(|&other| other <= value);
        self.n - self.n_below.get(at).copied().unwrap_or(self.n)
    }
}

/// Distribution of the scores of one day.
#[derive(Debug)]
pub(crate) struct RfmRanks {
    version: i64,
    as_of: i64,
    recency_days: Ranks,
    frequency: Ranks,
    monetary: Ranks,
}

impl Lake {
    /// Share of the customers scored as of a day that are worse than these values: in recency, frequency and value.
    #[boxed]
    pub async fn rfm_share_below(
        &self,
        as_of: i64,
        recency_days: i64,
        frequency: i64,
        monetary: i64,
    ) -> Result<Option<[f64; 3]>, Error> {
        let ranks = self.rfm_ranks(as_of).await?;
        let n = ranks.frequency.n as f64;
        let share = |n_worse: u64| n_worse as f64 / n;
        Ok((n > 0.0).then(|| {
            [
                share(ranks.recency_days.above(recency_days)),
                share(ranks.frequency.below(frequency)),
                share(ranks.monetary.below(monetary)),
            ]
        }))
    }

    /// The days with scores, ascending, by the table's log.
    #[boxed]
    pub async fn rfm_days(&self) -> Result<Vec<i64>, Error> {
        let Some(version) = self.version("rfm").await? else { return Ok(Vec::new()) };
        // A file holds one day: a refresh replaces the files of its day.
        let mut days: Vec<i64> = version.files.iter().filter_map(|file| file.largest("as_of")).collect();
        days.sort_unstable();
        days.dedup();
        Ok(days)
    }

    /// What every customer was scored by as of a day, and where that put them.
    ///
    /// **Shape**: `profile_id, recency_days, frequency, monetary, rfm_segment, tier`.
    #[boxed]
    pub async fn rfm_rows(&self, as_of: i64) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT profile_id, recency_days, frequency, monetary, rfm_segment, tier FROM rfm \
             WHERE as_of = {} AND profile_id IS NOT NULL",
            date(as_of)
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// The scores of a day, summed where they are the same.
    ///
    /// **Shape**: `r_score, f_score, m_score, rfm_segment, tier, n_customers, monetary, frequency, recency_days` (sums).
    #[boxed]
    pub async fn rfm_cells(&self, as_of: i64) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT r_score, f_score, m_score, rfm_segment, tier, count(*) AS n_customers, sum(monetary) AS monetary, \
                    sum(frequency) AS frequency, sum(recency_days) AS recency_days \
             FROM rfm WHERE as_of = {} GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
            date(as_of)
        );
        self.remembered(&sql, &["rfm"], i64::MAX).await
    }

    /// The mean number of days between the orders of a customer, averaged over the customers of each group who had two or
    /// more by an instant.
    ///
    /// **Shape**: `rfm_segment, interval_days, n_customers`.
    #[boxed]
    pub async fn rfm_intervals(&self, as_of: i64, before: i64) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT r.rfm_segment, avg(o.interval_days) AS interval_days, count(*) AS n_customers FROM rfm r JOIN (\
                SELECT profile_id, (max(CAST(ordered_at AS BIGINT)) - min(CAST(ordered_at AS BIGINT))) \
                       / 86400000000.0 / (count(*) - 1) AS interval_days \
                FROM (SELECT profile_id, ordered_at, kind, status, net_amount AS net FROM orders \
                      WHERE ordered_at < {}) WHERE {COUNTS} GROUP BY profile_id HAVING count(*) > 1) o \
             ON o.profile_id = r.profile_id WHERE r.as_of = {} GROUP BY r.rfm_segment",
            instant(before),
            date(as_of)
        );
        self.remembered(&sql, &["rfm", "orders"], before).await
    }

    async fn rfm_ranks(&self, as_of: i64) -> Result<Arc<RfmRanks>, Error> {
        let version = self.version("rfm").await?.map_or(-1, |version| version.number);
        let known = self.rfm_ranks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.version == version && known.as_of == as_of) {
            return Ok(known);
        }
        let sql = format!("SELECT recency_days, frequency, monetary FROM rfm WHERE as_of = {}", date(as_of));
        let mut rows = self.query(&sql, Vec::new()).await?;
        let mut columns = [const { Vec::new() }; 3];
        while let Some(frame) = rows.next().await? {
            for (column, name) in columns.iter_mut().zip(["recency_days", "frequency", "monetary"]) {
                column.extend(values(&frame, name));
            }
        }
        let [recency_days, frequency, monetary] = columns.map(Ranks::new);
        let ranks = Arc::new(RfmRanks { version, as_of, recency_days, frequency, monetary });
        *self.rfm_ranks.lock().unwrap_or_else(PoisonError::into_inner) = Some(ranks.clone());
        Ok(ranks)
    }
}

fn values(frame: &Frame, name: &str) -> Vec<i64> {
    frame.num(name).map(|column| column.iter().map(|value| value.unwrap_or(0)).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Ranks;

    proptest! {
        #[test]
        fn ranks_count_what_is_smaller_and_larger(all in prop::collection::vec(-20_i64..20, 0..60), value in -25_i64..25) {
            let ranks = Ranks::new(all.clone());
            prop_assert_eq!(ranks.below(value), all.iter().filter(|&&other| other < value).count() as u64);
            prop_assert_eq!(ranks.above(value), all.iter().filter(|&&other| other > value).count() as u64);
        }
    }
}
