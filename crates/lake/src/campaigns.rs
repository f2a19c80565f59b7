//! What campaigns are measured by: the campaigns, their messages, visits, and orders that count.

use crate::boxed;

use crate::insight::{COUNTS, instant};
use crate::query::QueryRows;
use crate::{Error, Lake};
use zhike_domain::frame::Frame;

impl Lake {
    /// Campaigns by their code, whatever the source; of several rows of one code, the first name by letters, the whole span,
    /// and all that was spent.
    ///
    /// **Shape**: `campaign_id, name, channel, goal, started_at, ended_at, cost, budget, traits`, by code.
    #[boxed]
    pub async fn campaigns(&self) -> Result<Frame, Error> {
        let sql = "SELECT campaign_id, min(name) AS name, min(channel) AS channel, min(goal) AS goal, \
                     min(started_at) AS started_at, max(ended_at) AS ended_at, CAST(sum(cost) AS DECIMAL(18,2)) AS cost, \
                     CAST(sum(budget) AS DECIMAL(18,2)) AS budget, min(traits) AS traits \
                   FROM campaigns WHERE campaign_id IS NOT NULL GROUP BY campaign_id ORDER BY campaign_id";
        self.query(sql, Vec::new()).await?.all().await
    }

    /// Messages of all times and of everybody, the unknown too; where a message has no time or channel of its own, those of
    /// its campaign. `traits` are read only when they are needed.
    ///
    /// **Shape**: `profile_id, at, campaign_id, channel, outcome, arm, traits`.
    #[boxed]
    pub async fn messages(&self, with_traits: bool) -> Result<QueryRows, Error> {
        let traits = if with_traits { "t.traits" } else { "CAST(NULL AS VARCHAR)" };
        let sql = format!(
            "SELECT t.profile_id, coalesce(t.at, c.started_at) AS \"at\", coalesce(t.campaign_id, t.journey_id) AS campaign_id, \
               coalesce(t.channel, c.channel) AS channel, t.outcome, t.arm, {traits} AS traits \
             FROM touches t LEFT JOIN (SELECT campaign_id, min(started_at) AS started_at, min(channel) AS channel \
               FROM campaigns GROUP BY campaign_id) c ON c.campaign_id = t.campaign_id"
        );
        self.query(&sql, Vec::new()).await
    }

    /// Orders that count of known customers, between two instants.
    ///
    /// **Shape**: `profile_id, at, net, discount, coupon_id, campaign_id`; money in hundredths.
    #[boxed]
    pub async fn sales(&self, between: (i64, i64)) -> Result<QueryRows, Error> {
        let (from, to) = (instant(between.0), instant(between.1));
        let sql = format!(
            "SELECT profile_id, ordered_at AS \"at\", net, coalesce(discount, 0) AS discount, coupon_id, campaign_id \
             FROM (SELECT *, net_amount AS net FROM orders) \
             WHERE {COUNTS} AND profile_id IS NOT NULL AND ordered_at >= {from} AND ordered_at < {to}"
        );
        self.query(&sql, Vec::new()).await
    }

    /// Visits of known customers, between two instants: where the first page of each came from. What has neither a session
    /// nor a source is no visit.
    ///
    /// **Shape**: `profile_id, at, utm_source, utm_medium, utm_campaign, referrer, url`.
    #[boxed]
    pub async fn visits(&self, between: (i64, i64)) -> Result<QueryRows, Error> {
        let (from, to) = (instant(between.0), instant(between.1));
        let sql = format!(
            "SELECT profile_id, occurred_at AS \"at\", utm_source, utm_medium, utm_campaign, referrer, url FROM ( \
               SELECT *, row_number() OVER (PARTITION BY profile_id, source, coalesce(session_id, event_id) \
                 ORDER BY occurred_at, event_id) AS nth \
               FROM events WHERE profile_id IS NOT NULL AND occurred_at >= {from} AND occurred_at < {to} \
                 AND (session_id IS NOT NULL OR utm_source IS NOT NULL OR utm_medium IS NOT NULL OR utm_campaign IS NOT NULL)) \
             WHERE nth = 1"
        );
        self.query(&sql, Vec::new()).await
    }
}
