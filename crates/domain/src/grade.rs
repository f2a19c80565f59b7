//! Classes and grades of what is not a column: properties of events, and traits.
//!
//! Owns the words, the grades that come with the product as data ([`KNOWN`]), whose word counts, and how a property is masked.
//! Must not know where grades are kept, nor who asks.
//!
//! Grades 1 to 4 are those of columns (`crate::tables`). What nobody has graded has grade 4.
//!
//! - INV-GRADE-1: whoever is shown less of a grade sees no more of any property; a masked property holds nothing of its value.
//! - INV-GRADE-2: what nobody declared, and the product does not know, has grade 4.
//!
//! Source: GB/T 43697-2024 (classes and grades of data), GB/T 35273-2020 annex B (what is sensitive).

mod columns;

pub use columns::{Classes, class_in_the_clear, class_of_column, class_of_field};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::access::Shown;
use crate::collect::plan::Plan;
use crate::worded::worded;
use crate::{detect, mask};

/// The grade of what nobody graded.
pub const UNKNOWN: u8 = 4;
/// In place of an event: traits.
pub const TRAITS: &str = "$traits";

worded! {
    /// What a property is about.
    Class {
        /// How the message was made: SDK, screen, versions.
        Technical "technical" "技术信息" "technical",
        /// Where somebody came from and what they did.
        Behaviour "behaviour" "行为" "behaviour",
        /// Goods, prices, orders.
        Commerce "commerce" "商品与交易" "goods and orders",
        /// Attributes of a person: level, interests.
        Attribute "attribute" "个人属性" "attribute of a person",
        /// Where somebody is.
        Location "location" "位置" "location",
        /// Who somebody is, and how to reach them.
        Identity "identity" "身份与联系方式" "identity and contact",
        /// Accounts, cards, health and the like.
        Sensitive "sensitive" "敏感个人信息" "sensitive",
        /// Words that people write.
        Text "text" "自由文本" "free text",
        /// Nobody has said.
        Unknown "unknown" "未分类" "unknown",
    }
}

/// Grades that come with the product: what the dialects of its SDKs and the packs of e-commerce call things.
pub const KNOWN: &[(Class, u8, &[&str])] = &[
    (
        Class::Technical,
        1,
        &[
            "$lib",
            "$lib_version",
            "$lib_method",
            "$lib_detail",
            "$app_version",
            "$app_name",
            "$app_id",
            "$os",
            "$os_version",
            "$manufacturer",
            "$brand",
            "$model",
            "$screen_width",
            "$screen_height",
            "$browser",
            "$browser_version",
            "$network_type",
            "$wifi",
            "$carrier",
            "$timezone_offset",
            "$is_first_day",
            "$is_first_time",
            "$device_type",
            "$viewport_width",
            "$viewport_height",
            "$viewport_position",
            "$is_login_id",
            "$track_signup_original_id",
            "$sealed",
            "$sealed_by",
            "platform",
            "os",
            "os_version",
            "browser",
            "app_version",
            "device_type",
            "language",
            "locale",
            "version",
        ],
    ),
    (
        Class::Behaviour,
        1,
        &[
            "utm_source",
            "utm_medium",
            "utm_campaign",
            "utm_content",
            "utm_term",
            "$utm_source",
            "$utm_medium",
            "$utm_campaign",
            "$utm_content",
            "$utm_term",
            "$latest_utm_source",
            "$latest_utm_medium",
            "$latest_utm_campaign",
            "$latest_utm_content",
            "$latest_utm_term",
            "$latest_traffic_source_type",
            "$referrer_host",
            "$latest_referrer_host",
            "$url_path",
            "path",
            "$title",
            "title",
            "$screen_name",
            "name_of_page",
            "page",
            "$element_type",
            "$element_name",
            "$element_id",
            "$element_class_name",
            "$element_position",
            "event_duration",
            "$event_duration",
            "duration",
            "position",
            "list",
            "list_id",
            "channel",
            "campaign",
            "campaign_id",
            "ab_group",
            "experiment",
            "variant",
            "binding",
            "kind",
            "store",
            "store_id",
        ],
    ),
    (
        Class::Commerce,
        1,
        &[
            "sku",
            "sku_id",
            "product",
            "product_id",
            "product_name",
            "products",
            "category",
            "category_1",
            "category_2",
            "brand",
            "price",
            "unit_price",
            "quantity",
            "amount",
            "currency",
            "discount",
            "coupon",
            "coupon_id",
            "shipping",
            "tax",
            "total",
            "subtotal",
            "revenue",
            "value",
            "affiliation",
            "payment_method",
            "status",
            "cart_id",
            "checkout_id",
            "step",
            "n_items",
        ],
    ),
    (Class::Commerce, 2, &["order_id", "order_no", "refund_id"]),
    (
        Class::Behaviour,
        2,
        &["query", "search_term", "keyword", "url", "$url", "referrer", "$referrer", "$latest_referrer"],
    ),
    (
        Class::Attribute,
        2,
        &["gender", "level", "vip_level", "plan", "tier", "age", "birth_year", "industry", "member_since"],
    ),
    (Class::Location, 2, &["$country", "$province", "$city", "country", "province", "city", "district"]),
    (Class::Location, 3, &["$ip", "ip", "$latitude", "$longitude", "latitude", "longitude"]),
    (
        Class::Identity,
        3,
        &[
            "phone",
            "mobile",
            "email",
            "name",
            "nickname",
            "first_name",
            "last_name",
            "username",
            "avatar",
            "birthday",
            "openid",
            "unionid",
            "wechat",
            "qq",
            "member_no",
            "$device_id",
            "device_id",
            "idfa",
            "oaid",
            "imei",
        ],
    ),
    (
        Class::Sensitive,
        4,
        &["id_number", "id_card", "passport", "bank_card", "card_no", "password", "address", "income"],
    ),
    (Class::Text, 4, &["note", "comment", "message", "content", "remark", "description", "text", "feedback"]),
];

/// A grade that somebody declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Source; any when missing.
    pub source: Option<String>,
    /// Event, or [`TRAITS`]; any when missing.
    pub event: Option<String>,
    /// Property or trait.
    pub property: String,
    /// What it is about.
    pub class: Class,
    /// 1 to 4.
    pub grade: u8,
}

/// Whose word a grade is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The data administrator's.
    Declared,
    /// The tracking plan's.
    Plan,
    /// The product's.
    Known,
    /// Nobody's.
    Nobody,
}

impl Origin {
    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Plan => "plan",
            Self::Known => "known",
            Self::Nobody => "nobody",
        }
    }
}

/// Class and grade of a property, and whose word that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graded {
    /// Class.
    pub class: Class,
    /// 1 to 4.
    pub grade: u8,
    /// Whose word.
    pub origin: Origin,
}

/// All that was declared: by the data administrator, and in the tracking plans of sources.
#[derive(Clone, Debug, Default)]
pub struct Grades {
    declared: Vec<Declared>,
    plans: BTreeMap<String, Plan>,
    known: BTreeMap<&'static str, (Class, u8)>,
}

impl Grades {
    /// Of declarations, and the plans of sources.
    pub fn new(declared: Vec<Declared>, plans: BTreeMap<String, Plan>) -> Self {
        let known = KNOWN.iter().flat_map(|(class, grade, names)| names.iter().map(|name| (*name, (*class, *grade))));
        Self { declared, plans, known: known.collect() }
    }

    /// The grade of a property of an event from a source, or of a trait ([`TRAITS`]): the administrator's word counts before the
    /// plan's, the narrower before the wider, and either before the product's own.
    pub fn of(&self, source: &str, event: &str, property: &str) -> Graded {
        let fits = |one: &&Declared| {
            one.property == property
                && one.source.as_deref().is_none_or(|of| of == source)
                && one.event.as_deref().is_none_or(|of| of == event)
        };
        let narrow = |one: &&Declared| (one.source.is_some(), one.event.is_some());
        if let Some(one) = self.declared.iter().filter(fits).max_by_key(narrow) {
            return Graded { class: one.class, grade: one.grade.clamp(1, 4), origin: Origin::Declared };
        }
        let planned = self.plans.get(source).and_then(|plan| match event {
            TRAITS => plan.traits.get(property),
            event => plan.events.get(event)?.properties.get(property),
        });
        if let Some((grade, plan)) = planned.and_then(|plan| Some((plan.grade?, plan))) {
            let class = plan.class.unwrap_or(Class::Unknown);
            return Graded { class, grade: grade.clamp(1, 4), origin: Origin::Plan };
        }
        match self.known.get(property) {
            Some((class, grade)) => Graded { class: *class, grade: *grade, origin: Origin::Known },
            None => Graded { class: Class::Unknown, grade: UNKNOWN, origin: Origin::Nobody },
        }
    }

    /// As [`Grades::of`], of a trait whichever source stated it: the strictest of all plans, where nobody declared one.
    pub fn of_trait(&self, name: &str) -> Graded {
        let all = self.plans.keys().map(String::as_str).chain([""]).map(|source| self.of(source, TRAITS, name));
        let planned = all.clone().filter(|one| one.origin == Origin::Plan);
        planned.max_by_key(|one| one.grade).unwrap_or_else(|| self.of("", TRAITS, name))
    }
}

/// A value as far as it is shown.
fn shown(value: &Value, how: Shown) -> Value {
    match (how, value) {
        (Shown::Clear, value) => value.clone(),
        (_, Value::Null) => Value::Null,
        (Shown::Partial, Value::String(text)) => Value::String(mask::other(text)),
        _ => Value::String(mask::HIDDEN.to_owned()),
    }
}

/// Properties as far as each is shown; what is nested goes with the property that holds it.
pub fn mask_object(all: &Map<String, Value>, how: impl Fn(&str) -> Shown) -> Map<String, Value> {
    all.iter().map(|(name, value)| (name.clone(), shown(value, how(name)))).collect()
}

/// As [`mask_object`], of properties as JSON text; text that is no object is hidden whole.
pub fn mask_json(text: &str, how: impl Fn(&str) -> Shown) -> String {
    match serde_json::from_str::<Map<String, Value>>(text) {
        // Most have nothing to hide: they stay as they were written.
        Ok(all) if all.keys().all(|name| how(name) == Shown::Clear) => text.to_owned(),
        Ok(all) => Value::Object(mask_object(&all, how)).to_string(),
        Err(_) => mask::HIDDEN.to_owned(),
    }
}

/// What the values of a property look like, counted; no value is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// Values seen.
    pub n: u64,
    /// Texts in which something personal was found, or a mask of it.
    pub n_personal: u64,
    /// Texts of more than 40 letters.
    pub n_long: u64,
    /// Numbers, yes and no.
    pub n_numbers: u64,
}

impl Looks {
    /// Counts one value.
    pub fn see(&mut self, value: &Value) {
        self.n += 1;
        match value {
            Value::Number(_) | Value::Bool(_) => self.n_numbers += 1,
            Value::String(text) => {
                self.n_personal += u64::from(!detect::scan(text).is_empty() || text.contains("**"));
                self.n_long += u64::from(text.chars().count() > 40);
            }
            _ => {}
        }
    }

    /// What it might be: something personal, free text, or only a number; nothing is said of other texts.
    pub fn suggestion(&self) -> Option<(Class, u8)> {
        match self {
            Self { n: 0, .. } => None,
            Self { n_personal: 1.., .. } => Some((Class::Identity, 3)),
            Self { n, n_long, .. } if n_long * 5 > *n => Some((Class::Text, 4)),
            Self { n, n_numbers, .. } if n_numbers == n => Some((Class::Behaviour, 2)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn declared(source: Option<&str>, event: Option<&str>, grade: u8) -> Declared {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let property = "price".to_owned();
        Declared { source: owned(source), event: owned(event), property, class: Class::Commerce, grade }
    }

    #[test]
    fn the_narrower_word_counts_before_the_wider_and_the_products_own() {
        let all =
            vec![declared(None, None, 2), declared(Some("web"), None, 3), declared(Some("web"), Some("Viewed"), 4)];
        let grades = Grades::new(all, BTreeMap::new());
        let of = |source, event, property| grades.of(source, event, property).grade;
        assert_eq!(
            (of("web", "Viewed", "price"), of("web", "Bought", "price"), of("app", "Viewed", "price")),
            (4, 3, 2)
        );
        assert_eq!(of("web", "Viewed", "sku"), 1);
        assert_eq!(
            grades.of("web", "Viewed", "who knows"),
            Graded { class: Class::Unknown, grade: 4, origin: Origin::Nobody }
        );
    }

    #[test]
    fn a_plan_declares_grades() {
        let plan: Plan = serde_json::from_value(json!({
            "version": 1,
            "events": {"签到": {"properties": {"shop": {"grade": 1, "class": "behaviour"}, "sku": {"type": "id"}}}},
            "traits": {"hobby": {"grade": 3}}
        }))
        .unwrap();
        let grades = Grades::new(Vec::new(), [("web".to_owned(), plan)].into());
        assert_eq!(grades.of("web", "签到", "shop").origin, Origin::Plan);
        assert_eq!((grades.of("web", "签到", "sku").grade, grades.of("app", "签到", "shop").grade), (1, UNKNOWN));
        assert_eq!((grades.of_trait("hobby").grade, grades.of_trait("level").grade), (3, 2));
    }

    #[test]
    fn names_are_graded_once() {
        let names: Vec<&str> = KNOWN.iter().flat_map(|(.., names)| names.iter().copied()).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(names.len(), unique.len());
        assert!(KNOWN.iter().all(|(_, grade, _)| (1..=4).contains(grade)));
    }

    #[test]
    fn what_is_hidden_is_hidden_whole() {
        let how = |name: &str| if name == "sku" { Shown::Clear } else { Shown::Full };
        let masked = mask_json(r#"{"sku":"A1","who":{"name":"秘密"},"n":7}"#, how);
        let masked: Value = serde_json::from_str(&masked).unwrap();
        assert_eq!(masked, json!({"n": "****", "sku": "A1", "who": "****"}));
        assert_eq!(mask_json("{\"sku\" : 1}", how), "{\"sku\" : 1}", "as it was written");
        assert_eq!(mask_json("no object", how), "****");
    }

    #[test]
    fn looks_are_counted() {
        let looks = |all: &[Value]| {
            let mut looks = Looks::default();
            all.iter().for_each(|value| looks.see(value));
            looks.suggestion()
        };
        assert_eq!(looks(&[json!("a"), json!("call 13957264831")]), Some((Class::Identity, 3)));
        assert_eq!(looks(&[json!(1), json!(2.5)]), Some((Class::Behaviour, 2)));
        assert_eq!(looks(&[json!("x".repeat(60))]), Some((Class::Text, 4)));
        assert_eq!((looks(&[json!("red")]), looks(&[])), (None, None));
    }

    proptest! {
        /// INV-GRADE-1.
        #[test]
        fn a_mask_holds_nothing_of_the_value(secret in "[a-z0-9]{6,20}", name in "[a-z]{1,8}") {
            let json = json!({name: {"deep": [secret.clone()]}, "text": secret.clone()}).to_string();
            let masked = mask_json(&json, |_| Shown::Full);
            prop_assert!(!masked.contains(&secret), "{masked}");
            prop_assert!(!mask_json(&json, |_| Shown::Partial).contains(&secret));
        }
    }
}
