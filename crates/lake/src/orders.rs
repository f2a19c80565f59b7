//! From order lines to orders: the second pass of a load.

use crate::boxed;
use zhike_domain::frame::Frame;

use crate::query::{Input, QueryRows};
use crate::spill::Spill;
use crate::{Error, Lake};

/// Which optional columns the staged lines have; the grouping reads only those.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineColumns {
    /// Money of the whole order, repeated on each line.
    pub order_amount: bool,
    /// Money given back on the order, repeated on each line.
    pub refunded_amount: bool,
    /// Amount in the file's own currency, per line.
    pub original_amount: bool,
    /// Reductions per line.
    pub discount: bool,
    /// Reductions of the whole order, repeated on each line.
    pub order_discount: bool,
    /// Money given back per line, where the line itself is still a sale.
    pub line_refunded_amount: bool,
    /// Text columns that describe the order, repeated on each line: the first in text order is kept.
    pub texts: [Option<&'static str>; 6],
}

impl Lake {
    /// Groups staged lines into orders, one row per order.
    ///
    /// `lines` has `order_id, person, row_no, line_no, ordered_at, is_refund, is_adjustment, amount, quantity, is_goods,
    /// line_hash`. One person per order (the caller sees to it).
    ///
    /// **Shape**: `order_id, person, ordered_at, sold, given_back, n_items, content_hash, all_refund,
    /// any_adjustment`, then the optional columns.
    #[boxed]
    pub async fn group_lines(&self, lines: &mut Spill, columns: LineColumns) -> Result<QueryRows, Error> {
        let mut optional = String::new();
        for (is_there, sql) in [
            (columns.order_amount, ", max(order_amount) AS order_amount"),
            (columns.refunded_amount, ", max(refunded_amount) AS refunded_amount"),
            (columns.original_amount, ", sum(original_amount) AS original_amount"),
            (columns.discount, ", sum(discount) AS discount"),
            (columns.order_discount, ", max(order_discount) AS order_discount"),
            (
                columns.line_refunded_amount,
                ", sum(CASE WHEN is_refund THEN 0 ELSE line_refunded_amount END) AS line_refunded_amount",
            ),
        ] {
            if is_there {
                optional.push_str(sql);
            }
        }
        for name in columns.texts.iter().flatten() {
            optional.push_str(&format!(", min({name}) AS {name}"));
        }
        let sql = format!(
            "SELECT order_id,
                max(person) AS person,
                min(ordered_at) AS ordered_at,
                sum(CASE WHEN is_refund THEN 0 ELSE amount END) AS sold,
                sum(CASE WHEN is_refund THEN -amount ELSE 0 END) AS given_back,
                sum(CASE WHEN is_goods AND NOT is_refund THEN quantity END) AS n_items,
                bit_xor(line_hash) AS content_hash,
                bool_and(is_refund) AS all_refund,
                bool_or(is_adjustment) AS any_adjustment{optional}
            FROM lines GROUP BY order_id"
        );
        self.query(&sql, vec![("lines", Input::Spill(lines))]).await
    }

    /// Lines of refund documents that name no order, and the purchases they could give back: the staged lines of the same
    /// customers and products, and those already in the lake under `source`, but not those of the orders in `replaced`
    /// (`order_id`), which this load brings anew. The third frame is like the second; the two differ in where they are.
    ///
    /// **Shape**: both `order_id, profile_id, identity_id, product_id, unit_price, quantity, amount, ordered_at`;
    /// quantities and amounts positive.
    #[boxed]
    pub async fn refund_candidates(
        &self,
        lines: &mut Spill,
        people: Frame,
        source: &str,
        replaced: Frame,
    ) -> Result<(Frame, Frame, Frame), Error> {
        let select = "l.order_id, p.profile_id, p.identity_id, l.product_id, l.unit_price, l.quantity, l.amount, \
                      l.ordered_at";
        let refunds = "SELECT l.order_id, p.profile_id, p.identity_id, l.product_id, l.unit_price, -l.quantity AS quantity, \
                    -l.amount AS amount, l.ordered_at \
             FROM lines l JOIN people p ON l.person = p.person \
             WHERE l.is_document_refund AND l.amount < 0 AND l.quantity < 0 AND p.profile_id IS NOT NULL";
        let inputs = vec![("lines", Input::Spill(lines)), ("people", Input::Frame(people.clone()))];
        let refunds = self.query(refunds, inputs).await?.all().await?;
        if refunds.n_rows() == 0 {
            return Ok((refunds.clone(), refunds.clone(), refunds));
        }
        let wanted = wanted(&refunds);
        let staged = format!(
            "SELECT {select} FROM lines l JOIN people p ON l.person = p.person \
             WHERE NOT l.is_refund AND l.amount > 0 AND l.quantity > 0 AND EXISTS (\
                SELECT 1 FROM wanted w WHERE w.profile_id = p.profile_id AND w.product_id = l.product_id)"
        );
        let inputs = vec![
            ("lines", Input::Spill(lines)),
            ("people", Input::Frame(people)),
            ("wanted", Input::Frame(wanted.clone())),
        ];
        let staged = self.query(&staged, inputs).await?.all().await?;
        if self.n_rows("order_items").await? == 0 {
            let none = staged.take(&[]);
            return Ok((refunds, staged, none));
        }
        // What was netted before is gone from what can still be given back.
        let earlier = format!(
            "SELECT i.order_id, i.profile_id, i.identity_id, i.product_id, i.unit_price, \
                    i.quantity - coalesce(r.quantity, 0) AS quantity, i.amount - coalesce(r.amount, 0) AS amount, \
                    i.ordered_at \
             FROM order_items i LEFT JOIN (\
                SELECT source, order_id, product_id, sum(quantity) AS quantity, sum(amount) AS amount \
                FROM refunds GROUP BY source, order_id, product_id) r \
             ON r.source = i.source AND r.order_id = i.order_id AND r.product_id = i.product_id \
             WHERE i.source = '{}' AND NOT i.is_refund AND i.amount > coalesce(r.amount, 0) \
                AND i.quantity > coalesce(r.quantity, 0) AND EXISTS (\
                SELECT 1 FROM wanted w WHERE w.profile_id = i.profile_id AND w.product_id = i.product_id) \
                AND NOT EXISTS (SELECT 1 FROM replaced x WHERE x.order_id = i.order_id)",
            source.replace('\'', "''")
        );
        let inputs = vec![("wanted", Input::Frame(wanted)), ("replaced", Input::Frame(replaced))];
        let earlier = self.query(&earlier, inputs).await?.all().await?;
        Ok((refunds, staged, earlier))
    }

    /// What earlier netting did to the orders that a load replaces: money that their refund documents gave back on other
    /// orders (to be undone), and money that other documents gave back on them (to be applied again).
    ///
    /// **Shape**: both `order_id, amount`; the first names the other orders, the second the replaced ones.
    #[boxed]
    pub async fn netted_before(&self, source: &str, replaced: Frame) -> Result<(Frame, Frame), Error> {
        let source = source.replace('\'', "''");
        let undone = format!(
            "SELECT r.order_id, sum(r.amount) AS amount FROM refunds r JOIN replaced x \
             ON r.refund_order_id = x.order_id WHERE r.source = '{source}' GROUP BY r.order_id"
        );
        let applied = format!(
            "SELECT r.order_id, sum(r.amount) AS amount FROM refunds r JOIN replaced x ON r.order_id = x.order_id \
             WHERE r.source = '{source}' AND NOT EXISTS (\
                SELECT 1 FROM replaced y WHERE y.order_id = r.refund_order_id) GROUP BY r.order_id"
        );
        let undone = self.query(&undone, vec![("replaced", Input::Frame(replaced.clone()))]).await?.all().await?;
        let applied = self.query(&applied, vec![("replaced", Input::Frame(replaced))]).await?.all().await?;
        Ok((undone, applied))
    }
}

/// Customers and products of refunds, each pair once.
fn wanted(refunds: &Frame) -> Frame {
    let mut seen = std::collections::HashSet::new();
    let keep: Vec<bool> = (0..refunds.n_rows())
        .map(|row| {
            let profile = refunds.num("profile_id").and_then(|column| column.get(row));
            let product = refunds.text("product_id").and_then(|column| column.get(row)).unwrap_or_default();
            seen.insert((profile, product.to_owned()))
        })
        .collect();
    let mut wanted = refunds.filter(&keep);
    for name in ["order_id", "identity_id", "unit_price", "quantity", "amount", "ordered_at"] {
        wanted.remove(name);
    }
    wanted
}

impl Lake {
    /// Staged lines of orders that were loaded apart: person and time come from the orders of that source.
    ///
    /// **Shape**: the staged columns without `person`, and `identity_id, profile_id, ordered_at`, in no particular order.
    #[boxed]
    pub async fn items_with_people(&self, rows: &mut Spill, source: &str) -> Result<QueryRows, Error> {
        let own: Vec<String> = rows
            .column_names()
            .into_iter()
            .filter(|name| name != "person" && name != "ordered_at")
            .map(|name| format!("r.\"{name}\""))
            .collect();
        let sql = format!(
            "SELECT {}, o.identity_id, o.profile_id, o.ordered_at FROM rows r \
             LEFT JOIN orders o ON r.order_id = o.order_id AND o.source = '{}'",
            own.join(", "),
            source.replace('\'', "''")
        );
        self.query(&sql, vec![("rows", Input::Spill(rows))]).await
    }
}
