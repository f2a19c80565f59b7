//! Who was in which segment, when.
//!
//! Only changes are written: a row when somebody joins, without an end, and another for the same stay when they leave,
//! with both. Readers see one row per stay. Writing a change twice changes nothing.

use crate::boxed;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::prelude::SessionContext;
use zhike_domain::frame::Frame;

use crate::insight::{instant, list};
use crate::{Error, Lake};

/// The table of stays.
pub(crate) const TABLE: &str = "segment_members";

/// Stays from the rows as they were written.
pub(crate) async fn view(
    session: &SessionContext,
    written: Arc<dyn TableProvider>,
) -> Result<Arc<dyn TableProvider>, Error> {
    const NAME: &str = "segment_changes";
    session.register_table(NAME, written)?;
    let sql = format!(
        "SELECT segment_id, profile_id, since, max(until) AS until FROM {NAME} GROUP BY segment_id, profile_id, since"
    );
    let view = session.sql(&sql).await?.into_view();
    session.deregister_table(NAME)?;
    Ok(view)
}

impl Lake {
    /// The members of a segment at an instant; now, when absent.
    ///
    /// **Shape**: `profile_id, since`, by customer.
    #[boxed]
    pub async fn members(&self, segment_id: i64, at: Option<i64>) -> Result<Frame, Error> {
        self.members_page(segment_id, at, i64::MIN, usize::MAX).await
    }

    /// As [`Lake::members`], so many at most, after a customer.
    #[boxed]
    pub async fn members_page(
        &self,
        segment_id: i64,
        at: Option<i64>,
        after: i64,
        limit: usize,
    ) -> Result<Frame, Error> {
        let mut then = match at {
            None => "until IS NULL".to_owned(),
            Some(at) => format!("since <= {at} AND (until IS NULL OR until > {at})", at = instant(at)),
        };
        if after > i64::MIN {
            then.push_str(&format!(" AND profile_id > {after}"));
        }
        let limit = if limit == usize::MAX { String::new() } else { format!(" LIMIT {limit}") };
        let sql = format!(
            "SELECT profile_id, since FROM {TABLE} WHERE segment_id = {segment_id} AND {then} ORDER BY profile_id{limit}"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// Those of some customers who are members now.
    ///
    /// **Shape**: `profile_id, since`.
    #[boxed]
    pub async fn members_among(&self, segment_id: i64, profiles: &[i64]) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT profile_id, since FROM {TABLE} WHERE segment_id = {segment_id} AND until IS NULL \
             AND profile_id IN ({})",
            list(profiles)
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// The stays of one customer in a segment, oldest first.
    ///
    /// **Shape**: `since, until`.
    #[boxed]
    pub async fn stays(&self, segment_id: i64, profile_id: i64) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT since, until FROM {TABLE} WHERE segment_id = {segment_id} AND profile_id = {profile_id} ORDER BY since"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// The stays of some customers in all segments.
    ///
    /// **Shape**: `segment_id, since, until`.
    #[boxed]
    pub async fn stays_of(&self, profiles: &[i64]) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT segment_id, since, until FROM {TABLE} WHERE profile_id IN ({}) ORDER BY segment_id, since",
            list(profiles)
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// How many joined and left a segment at which instants, ascending.
    ///
    /// **Shape**: `at, joined, gone`.
    #[boxed]
    pub async fn member_changes(&self, segment_id: i64) -> Result<Frame, Error> {
        let of = format!("FROM {TABLE} WHERE segment_id = {segment_id}");
        let sql = format!(
            "SELECT \"at\", sum(joined) AS joined, sum(gone) AS gone FROM (\
                SELECT since AS \"at\", count(*) AS joined, 0 AS gone {of} GROUP BY since \
                UNION ALL SELECT until AS \"at\", 0 AS joined, count(*) AS gone {of} AND until IS NOT NULL GROUP BY until) \
             GROUP BY \"at\" ORDER BY \"at\""
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// The instant of the newest change of a segment.
    #[boxed]
    pub async fn newest_member_change(&self, segment_id: i64) -> Result<Option<i64>, Error> {
        let sql = format!("SELECT max(coalesce(until, since)) AS newest FROM {TABLE} WHERE segment_id = {segment_id}");
        let frame = self.query(&sql, Vec::new()).await?.all().await?;
        Ok(frame.num("newest").and_then(|newest| newest.get(0)))
    }
}
