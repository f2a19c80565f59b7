//! What was bought, line by line, of orders that count.

use crate::boxed;

use crate::insight::{COUNTS, instant};
use crate::query::QueryRows;
use crate::{Error, Lake};

/// What goods are taken together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GoodsBy {
    /// Each product by itself, by its code.
    Product,
    /// The finest category that is known.
    Category,
    /// Brand.
    Brand,
}

impl Lake {
    /// Goods of orders that count of known customers, between two instants: a line for each product of an order, and one
    /// without a product for an order of which nothing is left. What was given back is taken off; postage, fees and the like
    /// are no goods. The same code is the same product, whatever the source.
    ///
    /// **Shape**: `profile_id, at, source, order_id, item, product_id, kind_of, quantity` (thousandths); `item` is missing
    /// where the product has no category, or no brand; `kind_of` is its finest category.
    #[boxed]
    pub async fn goods(&self, by: GoodsBy, between: (i64, i64)) -> Result<QueryRows, Error> {
        const CATEGORY: &str = "coalesce(p.category_3, p.category_2, p.category_1)";
        let item = match by {
            GoodsBy::Product => "i.product_id",
            GoodsBy::Category => CATEGORY,
            GoodsBy::Brand => "p.brand",
        };
        let (from, to) = (instant(between.0), instant(between.1));
        let sql = format!(
            "WITH o AS (SELECT source, order_id, profile_id, ordered_at FROM (SELECT *, net_amount AS net FROM orders) \
               WHERE {COUNTS} AND profile_id IS NOT NULL AND ordered_at >= {from} AND ordered_at < {to}), \
             i AS (SELECT source, order_id, product_id, sum(coalesce(quantity, 1)) AS quantity FROM order_items \
               WHERE NOT coalesce(is_refund, false) AND product_id IS NOT NULL \
               AND (ordered_at IS NULL OR ordered_at >= {from} AND ordered_at < {to}) \
               GROUP BY source, order_id, product_id), \
             r AS (SELECT source, order_id, product_id, sum(quantity) AS quantity FROM refunds GROUP BY source, order_id, product_id), \
             l AS (SELECT i.source, i.order_id, i.product_id, i.quantity - coalesce(r.quantity, 0) AS quantity, \
                 {item} AS item, {CATEGORY} AS kind_of \
               FROM i \
               LEFT JOIN r ON r.source = i.source AND r.order_id = i.order_id AND r.product_id = i.product_id \
               LEFT JOIN products p ON p.source = i.source AND p.product_id = i.product_id \
               WHERE coalesce(p.kind, 'goods') = 'goods' AND i.quantity - coalesce(r.quantity, 0) > 0) \
             SELECT o.profile_id, o.ordered_at AS \"at\", o.source, o.order_id, l.item, l.product_id, l.kind_of, \
               CAST(l.quantity * 1000 AS BIGINT) AS quantity \
             FROM o LEFT JOIN l ON l.source = o.source AND l.order_id = o.order_id"
        );
        self.query(&sql, Vec::new()).await
    }
}
