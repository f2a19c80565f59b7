//! The rows of one customer.

use zhike_domain::frame::{Frame, TextColumn};

use crate::insight::list;
use crate::{Error, Lake};

impl Lake {
    /// Totals of one customer and sums by month (in `zone`).
    ///
    /// **Shape**: `month` (`2011-03`), `net_amount, amount, refunded_amount, n_orders, first_ordered_at, last_ordered_at`,
    /// ascending; `n_orders` counts sales.
    pub async fn profile_months(&self, profile_id: i64, zone: &str) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT to_char(ordered_at AT TIME ZONE '{zone}', '%Y-%m') AS month, sum(net_amount) AS net_amount, \
                    sum(amount) AS amount, sum(refunded_amount) AS refunded_amount, \
                    sum(CASE WHEN kind = 'sale' THEN 1 ELSE 0 END) AS n_orders, \
                    min(ordered_at) AS first_ordered_at, max(ordered_at) AS last_ordered_at \
             FROM orders WHERE profile_id = {profile_id} GROUP BY 1 ORDER BY 1"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// A page of a customer's orders, newest first.
    ///
    /// **Shape**: the columns of table `orders`, at most `limit` rows after the first `skip`.
    pub async fn profile_orders(&self, profile_id: i64, skip: usize, limit: usize) -> Result<Frame, Error> {
        let sql = format!(
            "SELECT * FROM orders WHERE profile_id = {profile_id} \
             ORDER BY ordered_at DESC, order_id DESC LIMIT {limit} OFFSET {skip}"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// The lines of some orders of one customer.
    ///
    /// **Shape**: the columns of table `order_items`, by source, order and line.
    pub async fn profile_items(&self, profile_id: i64, orders: &TextColumn) -> Result<Frame, Error> {
        let ids: Vec<String> =
            orders.iter().flatten().map(|order| format!("'{}'", order.replace('\'', "''"))).collect();
        let ids = if ids.is_empty() { "NULL".to_owned() } else { ids.join(", ") };
        let sql = format!(
            "SELECT * FROM order_items WHERE profile_id = {profile_id} AND order_id IN ({ids}) \
             ORDER BY source, order_id, line_no"
        );
        self.query(&sql, Vec::new()).await?.all().await
    }

    /// Names of products of one source.
    ///
    /// **Shape**: `product_id, name`.
    pub async fn product_names(&self, products: &[&str]) -> Result<Frame, Error> {
        let ids: Vec<String> = products.iter().map(|product| format!("'{}'", product.replace('\'', "''"))).collect();
        let ids = if ids.is_empty() { "NULL".to_owned() } else { ids.join(", ") };
        let sql = format!("SELECT source, product_id, name FROM products WHERE product_id IN ({ids})");
        self.query(&sql, Vec::new()).await?.all().await
    }

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
