//! What was true as of past days: scores and tags keep the rows of every refresh, stays keep their ends.

use crate::boxed;
use zhike_domain::frame::Frame;

use crate::facts::quoted;
use crate::insight::{date, instant, list};
use crate::{Error, Lake};

/// A column that has a value per customer and refresh.
#[derive(Clone, Copy, Debug)]
pub struct Dated<'a> {
    /// Table with `profile_id` and `as_of`.
    pub table: &'a str,
    /// Column.
    pub column: &'a str,
    /// Of the table of tags: which.
    pub tag: Option<&'a str>,
}

impl Dated<'_> {
    /// The values as of a day that has them.
    fn at(self, day: i64) -> String {
        let Self { table, column, .. } = self;
        let of_tag = self.of_tag();
        format!(
            "(SELECT profile_id, \"{column}\" AS value FROM {table} WHERE profile_id IS NOT NULL{of_tag} AND as_of = {})",
            date(day)
        )
    }

    fn of_tag(self) -> String {
        self.tag.map_or_else(String::new, |tag| format!(" AND tag = {}", quoted(tag)))
    }
}

/// A value or none, as a condition.
fn is(column: &str, value: Option<&str>) -> String {
    value.map_or_else(|| format!("{column} IS NULL"), |value| format!("{column} = {}", quoted(value)))
}

impl Lake {
    /// The days for which something was computed, ascending, and how many customers had a value.
    ///
    /// **Shape**: `as_of, n`.
    pub async fn days_of(&self, what: Dated<'_>) -> Result<Frame, Error> {
        let (table, of_tag) = (what.table, what.of_tag());
        let sql = format!(
            "SELECT as_of, count(DISTINCT profile_id) AS n FROM {table} WHERE as_of IS NOT NULL{of_tag} \
             GROUP BY as_of ORDER BY as_of"
        );
        self.remembered(&sql, &[self.table_root(table)?.0.name], i64::MAX).await
    }

    /// How many customers had which value on one day and which on another; without one where they had none.
    ///
    /// **Shape**: `before, after, n`, most first.
    pub async fn moves(&self, what: Dated<'_>, from: i64, to: i64) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT b.value AS before, a.value AS after, count(*) AS n FROM {} b FULL OUTER JOIN {} a \
             ON a.profile_id = b.profile_id GROUP BY b.value, a.value ORDER BY n DESC, before, after",
            what.at(from),
            what.at(to)
        );
        self.remembered(&sql, &[self.table_root(what.table)?.0.name], i64::MAX).await
    }

    /// A page of the customers who had one value on one day and another on another, after a customer.
    ///
    /// **Shape**: `profile_id`, ascending.
    pub async fn movers(
        &self,
        what: Dated<'_>,
        (from, before): (i64, Option<&str>),
        (to, after): (i64, Option<&str>),
        later_than: i64,
        limit: usize,
    ) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT profile_id FROM (SELECT coalesce(b.profile_id, a.profile_id) AS profile_id, b.value AS before, \
             a.value AS after FROM {} b FULL OUTER JOIN {} a ON a.profile_id = b.profile_id) \
             WHERE {} AND {} AND profile_id > {later_than} ORDER BY profile_id LIMIT {limit}",
            what.at(from),
            what.at(to),
            is("before", before),
            is("after", after),
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// The scores of one customer at every refresh, oldest first.
    ///
    /// **Shape**: `as_of, recency_days, frequency, monetary, r_score, f_score, m_score, rfm_segment, tier`.
    #[boxed]
    pub async fn rfm_history(&self, profile_id: i64) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT as_of, recency_days, frequency, monetary, r_score, f_score, m_score, rfm_segment, tier FROM rfm \
             WHERE profile_id = {profile_id} ORDER BY as_of"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// How many were in segments at one instant, at another, and at both; now, where no instant is named.
    ///
    /// **Shape**: `segment_id, n_before, n_after, n_both`.
    #[boxed]
    pub async fn sizes_at(&self, segments: &[i64], from: Option<i64>, to: Option<i64>) -> Result<Frame, Error> {
        let during = |at: Option<i64>| match at {
            None => "until IS NULL".to_owned(),
            Some(at) => format!("since <= {at} AND (until IS NULL OR until > {at})", at = instant(at)),
        };
        // Who left and came back has two stays.
        let sql = format!(
            "SELECT segment_id, sum(was) AS n_before, sum(now) AS n_after, sum(was * now) AS n_both FROM (\
                SELECT segment_id, profile_id, max(CASE WHEN {} THEN 1 ELSE 0 END) AS was, \
                       max(CASE WHEN {} THEN 1 ELSE 0 END) AS now FROM segment_members \
                WHERE segment_id IN ({}) GROUP BY segment_id, profile_id) GROUP BY segment_id",
            during(from),
            during(to),
            list(segments)
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// Properties of the newest events.
    ///
    /// **Shape**: `source, event, properties`, so many rows at most.
    #[boxed]
    pub async fn newest_properties(&self, limit: usize) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT source, event, properties FROM events WHERE properties IS NOT NULL ORDER BY occurred_at DESC LIMIT {limit}"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// How many have which value of every tag as of a day.
    ///
    /// **Shape**: `tag, value, n`.
    #[boxed]
    pub async fn tag_counts(&self, day: i64) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT tag, value, count(*) AS n FROM tags WHERE as_of = {} AND profile_id IS NOT NULL GROUP BY tag, value",
            date(day)
        );
        self.remembered(&sql, &["tags"], i64::MAX).await
    }

    /// Of every tag, how many had a value on one day, on another, and the same on both.
    ///
    /// **Shape**: `tag, n_before, n_after, n_same`, by tag.
    #[boxed]
    pub async fn tag_changes(&self, from: i64, to: i64) -> Result<Frame, Error> {
        let newest = |day: i64| {
            let day = date(day);
            format!(
                "(SELECT t.tag, t.profile_id, t.value FROM tags t JOIN (SELECT tag, max(as_of) AS newest FROM tags \
                 WHERE as_of <= {day} GROUP BY tag) n ON n.tag = t.tag AND n.newest = t.as_of \
                 WHERE t.profile_id IS NOT NULL)"
            )
        };
        let sql = format!(
            "SELECT coalesce(b.tag, a.tag) AS tag, count(b.profile_id) AS n_before, count(a.profile_id) AS n_after, \
             sum(CASE WHEN b.value = a.value THEN 1 ELSE 0 END) AS n_same FROM {} b FULL OUTER JOIN {} a \
             ON a.tag = b.tag AND a.profile_id = b.profile_id GROUP BY coalesce(b.tag, a.tag) ORDER BY 1",
            newest(from),
            newest(to)
        );
        self.remembered(&sql, &["tags"], i64::MAX).await
    }
}
