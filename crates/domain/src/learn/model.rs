//! The models there are, and how urgent a risk is.

use crate::worded::worded;

worded! {
    /// A model of customers.
    Model {
        /// How many orders and how much money to expect of everybody.
        Clv "clv" "客户终身价值" "customer lifetime value",
        /// The chance that an active customer stops buying.
        Churn "churn" "流失" "churn",
        /// The chance of an order within 30 days.
        Purchase30 "purchase_30" "30 天内购买" "purchase within 30 days",
        /// The chance of an order within 90 days.
        Purchase90 "purchase_90" "90 天内购买" "purchase within 90 days",
        /// Groups of customers who are alike.
        Clusters "clusters" "聚类" "clusters",
    }
}

impl Model {
    /// Of a chance of an order, the days within which; of churn the most days that are waited.
    pub const fn horizon(self) -> Option<i64> {
        match self {
            Self::Churn | Self::Purchase90 => Some(90),
            Self::Purchase30 => Some(30),
            Self::Clv | Self::Clusters => None,
        }
    }
}

worded! {
    /// How urgent a customer's risk is.
    Risk {
        /// Worth the dear action.
        High "high" "高" "high",
        /// Worth a light one.
        Medium "medium" "中" "medium",
        /// Leave alone.
        Low "low" "低" "low",
    }
}

impl Risk {
    /// Value, Chinese, English.
    pub const WORDS: &'static [(&'static str, &'static str, &'static str)] =
        &[("high", "高", "high"), ("medium", "中", "medium"), ("low", "低", "low")];
}
