//! What lists of customers and orders show beside their rows.

use crate::boxed;
use zhike_domain::frame::Frame;

use crate::insight::{COUNTS, list};
use crate::{Error, Lake};

impl Lake {
    /// First and last order that counts of some customers.
    ///
    /// **Shape**: `profile_id, first_ordered_at, last_ordered_at`.
    #[boxed]
    pub async fn profile_heads(&self, profiles: &[i64]) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT profile_id, min(ordered_at) AS first_ordered_at, max(ordered_at) AS last_ordered_at \
             FROM (SELECT *, net_amount AS net FROM orders) WHERE profile_id IN ({}) AND {COUNTS} GROUP BY profile_id",
            list(profiles)
        );
        self.query(&sql, Vec::new()).await?.all().await
    }
}
