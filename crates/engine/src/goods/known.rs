//! What this process has learnt of goods last, for as long as it holds.

use zhike_lake::GoodsBy;

use super::learnt::Kept;
use super::needs::Needs;
use crate::work::Last;

/// What is learnt from.
pub(super) const TABLES: [&str; 4] = ["orders", "order_items", "refunds", "products"];

/// What was learnt last.
#[derive(Default)]
pub(crate) struct Known {
    /// What customers will want.
    pub(super) wanted: Last<Kept>,
    needs: [Last<Needs>; 3],
}

impl Known {
    /// What customers need, by level.
    pub(super) const fn needs(&self, level: GoodsBy) -> &Last<Needs> {
        match level {
            GoodsBy::Product => &self.needs[0],
            GoodsBy::Category => &self.needs[1],
            GoodsBy::Brand => &self.needs[2],
        }
    }
}
