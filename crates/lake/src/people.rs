//! What lists of customers and orders show beside their rows.

use zhike_domain::frame::Frame;

use crate::insight::list;
use crate::{Error, Lake};

impl Lake {
    /// First and last fact of some customers, for the profile heads.
    ///
    /// **Shape**: `profile_id, n_orders, net_amount, last_ordered_at`.
    pub async fn profile_heads(&self, profiles: &[i64]) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT profile_id, sum(CASE WHEN kind = 'sale' THEN 1 ELSE 0 END) AS n_orders, \
                    sum(net_amount) AS net_amount, max(ordered_at) AS last_ordered_at \
             FROM orders WHERE profile_id IN ({}) GROUP BY profile_id",
            list(profiles)
        );
        self.query(&sql, Vec::new()).await?.all().await
    }
}
