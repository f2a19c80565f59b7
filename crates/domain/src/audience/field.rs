//! What conditions can ask about: the tables of facts with their fields, traits, and scores.

use crate::frame::ColumnType;
use crate::learn::Risk;
use crate::rfm::{Segment, Tier};
use crate::tables;

/// What facts a measure is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// Orders that count: sales that were paid and of which something is left after refunds.
    Orders,
    /// Every row of orders: unpaid and cancelled ones, refund documents and adjustments too.
    AllOrders,
    /// Lines of orders that were bought, not those that give back.
    OrderItems,
    /// Events.
    Events,
    /// Service contacts.
    Interactions,
    /// Survey answers and reviews.
    Feedback,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Orders, Self::AllOrders, Self::OrderItems, Self::Events, Self::Interactions, Self::Feedback];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::AllOrders => "all_orders",
            Self::OrderItems => "order_items",
            Self::Events => "events",
            Self::Interactions => "interactions",
            Self::Feedback => "feedback",
        }
    }

    /// The one of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }

    /// The table that holds the facts.
    pub const fn table(self) -> &'static str {
        match self {
            Self::AllOrders => "orders",
            _ => self.as_str(),
        }
    }

    /// The column that says when a fact happened.
    pub const fn time(self) -> &'static str {
        match self {
            Self::Orders | Self::AllOrders | Self::OrderItems => "ordered_at",
            Self::Events => "occurred_at",
            Self::Interactions => "opened_at",
            Self::Feedback => "at",
        }
    }

    /// Its name in sentences.
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Orders => ("下单", "orders"),
            Self::AllOrders => ("订单记录", "order records"),
            Self::OrderItems => ("购买商品行", "lines bought"),
            Self::Events => ("事件", "events"),
            Self::Interactions => ("客服接触", "service contacts"),
            Self::Feedback => ("反馈", "feedback"),
        }
    }

    /// The column whose JSON text holds further fields, and what stands before their names.
    pub const fn json(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::OrderItems => None,
            Self::Events => Some(("properties", "properties.")),
            _ => Some(("traits", "traits.")),
        }
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// Text.
    Text,
    /// Number stored with so many places.
    Number(u8),
    /// Money in the workspace currency, two places.
    Money,
    /// Floating point number.
    Float,
    /// Yes or no.
    Flag,
    /// Day.
    Day,
    /// Instant.
    Instant,
    /// Whatever the JSON text holds.
    Json,
}

impl FieldKind {
    const fn of(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Text | ColumnType::Sensitive => Self::Text,
            ColumnType::Int => Self::Number(0),
            ColumnType::Decimal(2) => Self::Money,
            ColumnType::Decimal(places) => Self::Number(places),
            ColumnType::Instant => Self::Instant,
            ColumnType::Day => Self::Day,
            ColumnType::Bool => Self::Flag,
            ColumnType::Float => Self::Float,
        }
    }

    /// Units of one: sums are taken in whole units so that their order makes no difference.
    pub const fn scale(self) -> f64 {
        match self {
            Self::Number(places) => {
                [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6][if places > 6 { 6 } else { places as usize }]
            }
            Self::Money => 100.0,
            Self::Float | Self::Json => 1e6,
            _ => 1.0,
        }
    }

    /// Whether it can be added up.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Number(_) | Self::Money | Self::Float | Self::Json)
    }
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name in conditions.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// Chinese and English label.
    pub label: (String, String),
}

/// Labels of columns: table (empty for every table), column, Chinese, English.
const LABELS: &[(&str, &str, &str, &str)] = &[
    ("", "channel", "渠道", "channel"),
    ("", "source", "数据源", "source"),
    ("", "order_id", "订单号", "order number"),
    ("", "product_id", "商品编码", "product code"),
    ("orders", "status", "订单状态", "status"),
    ("orders", "kind", "订单类型", "kind"),
    ("orders", "store_id", "门店", "store"),
    ("orders", "amount", "订单金额", "amount"),
    ("orders", "discount", "优惠金额", "discount"),
    ("orders", "refunded_amount", "退款金额", "refunded amount"),
    ("orders", "net_amount", "净额", "net amount"),
    ("orders", "n_items", "件数", "units"),
    ("orders", "coupon_id", "优惠券", "coupon"),
    ("orders", "campaign_id", "活动", "campaign"),
    ("orders", "ordered_at", "下单时间", "order time"),
    ("order_items", "quantity", "数量", "quantity"),
    ("order_items", "unit_price", "单价", "unit price"),
    ("order_items", "amount", "行金额", "line amount"),
    ("order_items", "discount", "行优惠", "line discount"),
    ("order_items", "ordered_at", "下单时间", "order time"),
    ("order_items", "product.name", "商品名称", "product name"),
    ("order_items", "product.kind", "商品类型", "product kind"),
    ("order_items", "product.brand", "品牌", "brand"),
    ("order_items", "product.category_1", "一级类目", "top category"),
    ("order_items", "product.category_2", "二级类目", "middle category"),
    ("order_items", "product.category_3", "三级类目", "bottom category"),
    ("events", "event", "事件名", "event"),
    ("events", "occurred_at", "发生时间", "time"),
    ("events", "session_id", "会话", "session"),
    ("events", "device", "设备", "device"),
    ("events", "url", "页面", "page"),
    ("events", "referrer", "来源页", "page before"),
    ("events", "utm_source", "广告来源", "campaign source"),
    ("events", "utm_medium", "广告媒介", "campaign medium"),
    ("events", "utm_campaign", "广告活动", "campaign name"),
    ("events", "value", "事件价值", "value"),
    ("interactions", "kind", "接触类型", "kind"),
    ("interactions", "opened_at", "接触时间", "time"),
    ("interactions", "first_reply_at", "首次回复时间", "first answer"),
    ("interactions", "closed_at", "关闭时间", "closing time"),
    ("interactions", "topic", "主题", "subject"),
    ("interactions", "satisfaction", "满意度", "satisfaction"),
    ("interactions", "agent", "坐席", "agent"),
    ("feedback", "kind", "反馈类型", "kind"),
    ("feedback", "score", "评分", "score"),
    ("feedback", "at", "反馈时间", "time"),
    ("feedback", "text", "反馈内容", "words"),
    ("feedback", "sentiment", "情感", "sentiment"),
    ("feedback", "topics", "话题", "topics"),
];

/// Columns of products that lines of orders are joined with.
const PRODUCT: &str = "product.";

/// Parts of the calendar that every fact has, by the workspace's zone: name, Chinese, English.
pub const CALENDAR: [(&str, &str, &str); 4] = [
    ("hour", "发生的小时", "hour of day"),
    ("weekday", "发生的星期", "day of the week"),
    ("month", "发生的月份", "month"),
    ("season", "发生的季节", "season"),
];

/// The field of a name, of a table of facts.
pub fn field_of(source: Source, name: &str) -> Option<Field> {
    if let Some((_, zh, en)) = CALENDAR.iter().find(|known| known.0 == name) {
        let label = ((*zh).to_owned(), (*en).to_owned());
        return Some(Field { name: name.to_owned(), kind: FieldKind::Text, label });
    }
    if let Some((_, before)) = source.json()
        && let Some(key) = name.strip_prefix(before)
    {
        let label = (key.to_owned(), key.to_owned());
        return (!key.is_empty()).then(|| Field { name: name.to_owned(), kind: FieldKind::Json, label });
    }
    let (_, _, zh, en) = LABELS.iter().find(|(table, column, ..)| {
        *column == name && (table.is_empty() || *table == source.table()) && exists(source, name)
    })?;
    let column = match name.strip_prefix(PRODUCT) {
        Some(column) => tables::table("products")?.column(column)?,
        None => tables::table(source.table())?.column(name)?,
    };
    let label = ((*zh).to_owned(), (*en).to_owned());
    Some(Field { name: name.to_owned(), kind: FieldKind::of(column.kind), label })
}

fn exists(source: Source, name: &str) -> bool {
    name.starts_with(PRODUCT) || tables::table(source.table()).is_some_and(|table| table.column(name).is_some())
}

/// The fields that a table of facts has, JSON keys aside.
pub fn fields_of(source: Source) -> Vec<Field> {
    LABELS
        .iter()
        .filter(|(table, ..)| table.is_empty() || *table == source.table())
        .map(|(_, column, ..)| *column)
        .chain(CALENDAR.map(|known| known.0))
        .filter_map(|column| field_of(source, column))
        .collect()
}

/// Traits that stand in columns of their own: name, kind, Chinese, English.
pub const TRAITS: &[(&str, FieldKind, &str, &str)] = &[
    ("kind", FieldKind::Text, "客户类型", "kind of customer"),
    ("gender", FieldKind::Text, "性别", "gender"),
    ("birth_year", FieldKind::Number(0), "出生年份", "year of birth"),
    ("country", FieldKind::Text, "国家", "country"),
    ("province", FieldKind::Text, "省份", "province"),
    ("city", FieldKind::Text, "城市", "city"),
    ("member_level", FieldKind::Text, "会员等级", "member level"),
    ("registered_on", FieldKind::Day, "注册日期", "day of registration"),
    ("acquisition_channel", FieldKind::Text, "获客渠道", "acquisition channel"),
    ("created_at", FieldKind::Instant, "建档时间", "profile made"),
    ("first_seen_at", FieldKind::Instant, "首次出现", "first seen"),
    ("last_seen_at", FieldKind::Instant, "最近出现", "last seen"),
    ("n_identities", FieldKind::Number(0), "身份数", "number of identities"),
];

/// The trait of a name; `traits.x` is a further attribute of files and events.
pub fn trait_of(name: &str) -> Option<Field> {
    if let Some(key) = name.strip_prefix("traits.") {
        let label = (key.to_owned(), key.to_owned());
        return (!key.is_empty()).then(|| Field { name: name.to_owned(), kind: FieldKind::Json, label });
    }
    let (_, kind, zh, en) = TRAITS.iter().find(|(known, ..)| *known == name)?;
    Some(Field { name: name.to_owned(), kind: *kind, label: ((*zh).to_owned(), (*en).to_owned()) })
}

/// A score: one value per customer and refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// Name in conditions: table and column.
    pub name: &'static str,
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// Of a table with several rows of a customer, the column and value of the one that is meant.
    pub only: Option<(&'static str, &'static str)>,
    /// What it holds.
    pub kind: FieldKind,
    /// Chinese and English label.
    pub label: (&'static str, &'static str),
    /// The values there are, when they are few: value, Chinese, English.
    pub values: &'static [(&'static str, &'static str, &'static str)],
}

const fn score(
    name: &'static str,
    (table, column): (&'static str, &'static str),
    kind: FieldKind,
    label: (&'static str, &'static str),
) -> Score {
    Score { name, table, column, only: None, kind, label, values: &[] }
}

/// All scores.
pub const SCORES: &[Score] = &[
    Score { values: Tier::WORDS, ..score("rfm.tier", ("rfm", "tier"), FieldKind::Text, ("层级", "tier")) },
    Score {
        values: Segment::WORDS,
        ..score("rfm.segment", ("rfm", "rfm_segment"), FieldKind::Text, ("RFM 分组", "RFM group"))
    },
    score("rfm.r_score", ("rfm", "r_score"), FieldKind::Number(0), ("R 分", "R score")),
    score("rfm.f_score", ("rfm", "f_score"), FieldKind::Number(0), ("F 分", "F score")),
    score("rfm.m_score", ("rfm", "m_score"), FieldKind::Number(0), ("M 分", "M score")),
    score(
        "rfm.recency_days",
        ("rfm", "recency_days"),
        FieldKind::Number(0),
        ("距上次下单天数", "days since the last order"),
    ),
    score("rfm.frequency", ("rfm", "frequency"), FieldKind::Number(0), ("累计下单次数", "orders in all")),
    score("rfm.monetary", ("rfm", "monetary"), FieldKind::Money, ("累计净额", "net amount in all")),
    score("clv.p_alive", ("clv", "p_alive"), FieldKind::Float, ("活跃概率", "probability of being active")),
    score("clv.expected_orders", ("clv", "expected_orders"), FieldKind::Float, ("预计下单次数", "expected orders")),
    score("clv.expected_value", ("clv", "expected_value"), FieldKind::Money, ("预计价值", "expected value")),
    score("clv.value_90", ("clv", "value_90"), FieldKind::Money, ("90 天预计价值", "value expected within 90 days")),
    score("clv.next_on", ("clv", "next_on"), FieldKind::Day, ("预计下次下单日期", "day of the next order")),
    score("churn.probability", ("churn", "probability"), FieldKind::Float, ("流失概率", "probability of leaving")),
    Score {
        values: Risk::WORDS,
        ..score("churn.risk", ("churn", "risk"), FieldKind::Text, ("流失风险", "risk of leaving"))
    },
    score("churn.value_at_risk", ("churn", "value_at_risk"), FieldKind::Money, ("在险价值", "value at risk")),
    Score {
        only: Some(("target", "purchase_30")),
        ..score(
            "propensity.purchase_30",
            ("propensity", "probability"),
            FieldKind::Float,
            ("30 天购买概率", "probability of an order within 30 days"),
        )
    },
    Score {
        only: Some(("target", "purchase_90")),
        ..score(
            "propensity.purchase_90",
            ("propensity", "probability"),
            FieldKind::Float,
            ("90 天购买概率", "probability of an order within 90 days"),
        )
    },
    score("clusters.cluster", ("clusters", "cluster"), FieldKind::Number(0), ("聚类编号", "cluster")),
    score("clusters.label", ("clusters", "label"), FieldKind::Text, ("聚类", "cluster label")),
];

/// The score of a name.
pub fn score_of(name: &str) -> Option<&'static Score> {
    SCORES.iter().find(|score| score.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_belongs_to_a_field_and_every_source_has_its_time() {
        for (table, column, ..) in LABELS {
            let known = Source::ALL
                .into_iter()
                .any(|source| (table.is_empty() || *table == source.table()) && field_of(source, column).is_some());
            assert!(known, "{table}.{column}");
        }
        for source in Source::ALL {
            let time = field_of(source, source.time()).unwrap();
            assert_eq!(time.kind, FieldKind::Instant, "{source:?}");
            assert!(fields_of(source).len() >= 5);
        }
        let profiles = tables::table("profiles").unwrap();
        for (name, kind, ..) in TRAITS {
            assert_eq!(*kind, FieldKind::of(profiles.column(name).unwrap().kind), "{name}");
        }
        for score in SCORES {
            let column = tables::table(score.table).unwrap().column(score.column).unwrap();
            assert_eq!(score.kind, FieldKind::of(column.kind), "{}", score.name);
        }
    }

    #[test]
    fn fields_know_what_they_hold() {
        assert_eq!(field_of(Source::Orders, "net_amount").map(|field| field.kind), Some(FieldKind::Money));
        assert_eq!(field_of(Source::OrderItems, "product.brand").map(|field| field.kind), Some(FieldKind::Text));
        assert_eq!(field_of(Source::Events, "properties.plan").map(|field| field.kind), Some(FieldKind::Json));
        for (source, name) in
            [(Source::Orders, "profile_id"), (Source::Orders, "product.brand"), (Source::Events, "properties.")]
        {
            assert_eq!(field_of(source, name), None, "{name}");
        }
    }
}
