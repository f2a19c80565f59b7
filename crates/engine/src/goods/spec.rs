//! What is asked about goods: read once, with every mistake named.

use serde::Deserialize;
use zhike_domain::analysis::Scope;
use zhike_lake::GoodsBy;

use crate::Result;
use crate::analysis::Mistakes;

/// Rules or pairs of an answer at most.
const MAX_ROWS: usize = 1_000;

/// What is one basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basket {
    /// All goods of an order.
    Order,
    /// All that a customer bought in the period.
    Customer,
}

/// A question about goods, as it arrives; what is absent is as usual.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    /// product, category, brand.
    pub level: Option<String>,
    /// order, customer.
    pub basket: Option<String>,
    /// First day.
    pub from: Option<String>,
    /// Last day.
    pub to: Option<String>,
    /// Id of a segment.
    pub segment: Option<String>,
    /// Code of the purpose.
    pub purpose: Option<String>,
    /// Fewest baskets of a rule.
    pub min_baskets: Option<u32>,
    /// Least confidence.
    pub min_confidence: Option<f64>,
    /// Least lift.
    pub min_lift: Option<f64>,
    /// Most goods of a rule, both sides together.
    pub max_goods: Option<usize>,
    /// Fewest customers of a pair.
    pub min_customers: Option<u32>,
    /// Most days from one purchase to the next.
    pub max_gap_days: Option<u32>,
    /// Most rows of the answer.
    pub limit: Option<usize>,
}

/// A question about goods.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Whose orders of which days.
    pub scope: Scope,
    /// What goods are taken together by.
    pub level: GoodsBy,
    /// What is one basket.
    pub basket: Basket,
    /// Fewest baskets of a rule; by the number of baskets when absent.
    pub min_baskets: Option<u32>,
    /// Least confidence.
    pub min_confidence: f64,
    /// Least lift.
    pub min_lift: f64,
    /// Most goods of a rule.
    pub max_goods: usize,
    /// Fewest customers of a pair; by the number of customers when absent.
    pub min_customers: Option<u32>,
    /// Most days between two purchases.
    pub max_gap_days: u32,
    /// Most rows of the answer.
    pub limit: usize,
}

impl Asked {
    /// The question.
    ///
    /// **Errors**: `bad_request`, with every mistake.
    pub fn spec(&self) -> Result<Spec> {
        let mut wrong = Mistakes::default();
        let level = match self.level.as_deref().unwrap_or("product") {
            "product" => GoodsBy::Product,
            "category" => GoodsBy::Category,
            "brand" => GoodsBy::Brand,
            other => {
                wrong.tell(
                    format!("level {other:?} is not known: product, category or brand"),
                    format!("没有层级“{other}”：可用 product、category、brand"),
                );
                GoodsBy::Product
            }
        };
        let basket = match self.basket.as_deref().unwrap_or("order") {
            "order" => Basket::Order,
            "customer" => Basket::Customer,
            other => {
                wrong.tell(
                    format!("basket {other:?} is not known: order or customer"),
                    format!("没有这种购物篮“{other}”：可用 order、customer"),
                );
                Basket::Order
            }
        };
        let (from, to) = (wrong.day("from", self.from.as_deref()), wrong.day("to", self.to.as_deref()));
        let min_confidence = self.min_confidence.unwrap_or(0.1);
        wrong.within("min_confidence", min_confidence, 0.0, 1.0);
        let min_lift = self.min_lift.unwrap_or(1.0);
        wrong.within("min_lift", min_lift, 0.0, 1e6);
        let max_goods = self.max_goods.unwrap_or(3);
        wrong.within("max_goods", max_goods as f64, 2.0, 5.0);
        let max_gap_days = self.max_gap_days.unwrap_or(90);
        wrong.within("max_gap_days", f64::from(max_gap_days), 1.0, 730.0);
        let limit = self.limit.unwrap_or(200);
        wrong.within("limit", limit as f64, 1.0, MAX_ROWS as f64);
        for (name, value) in [("min_baskets", self.min_baskets), ("min_customers", self.min_customers)] {
            if let Some(value) = value {
                wrong.within(name, f64::from(value), 1.0, 1e9);
            }
        }
        wrong.none()?;
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Ok(Spec {
            scope: Scope { from, to, segment: some(&self.segment), purpose: some(&self.purpose) },
            level,
            basket,
            min_baskets: self.min_baskets,
            min_confidence,
            min_lift,
            max_goods,
            min_customers: self.min_customers,
            max_gap_days,
            limit,
        })
    }
}

impl Spec {
    /// As it is written in a question.
    pub fn level_word(&self) -> &'static str {
        match self.level {
            GoodsBy::Product => "product",
            GoodsBy::Category => "category",
            GoodsBy::Brand => "brand",
        }
    }

    /// As it is written in a question.
    pub fn basket_word(&self) -> &'static str {
        match self.basket {
            Basket::Order => "order",
            Basket::Customer => "customer",
        }
    }
}
