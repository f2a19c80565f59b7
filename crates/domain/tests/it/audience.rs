//! The language of segments: what is read, printed, refused, and what it means.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};
use zhike_domain::audience::{
    AsOf, Cell, Names, Person, Source, Words, holds, packs, parse, sample, sentence, verdicts,
};
use zhike_domain::frame::{Column, ColumnType, Frame, MONEY};

/// 2026-03-31 in Shanghai.
pub(crate) fn as_of() -> AsOf {
    AsOf::new(20_543, TimeZone::get("Asia/Shanghai").unwrap())
}

fn names() -> Names {
    Names { tags: ["价格带", "churn_risk", "activity"].map(String::from).into(), segments: vec!["seg_a".into()] }
}

fn problems(json: Value) -> Vec<String> {
    let found = parse(&json, &names()).unwrap_err();
    found
        .into_iter()
        .map(|problem| {
            assert!(!problem.zh.is_ascii(), "{problem:?}");
            format!("{} {}: {}", problem.pointer, problem.kind, problem.en)
        })
        .collect()
}

proptest! {
    /// INV-AUDIENCE-1.
    #[test]
    fn what_is_printed_is_read_again(seed in any::<u64>()) {
        let rule = sample::rule(seed, 20_000);
        let read = parse(&rule.to_json(), &Names::default());
        prop_assert_eq!(read, Ok(rule.clone()));
        let (zh, en) = sentence(&rule, "CNY", &Words::default());
        prop_assert!(zh.ends_with('。') && en.ends_with('.'));
    }

    /// Any JSON is refused or read, never a panic; and a refusal has reasons.
    #[test]
    fn no_text_panics(text in r#"\{"(all|any|measure|trait|sequence|tag)":[\[\{"a-z0-9:,\}\] ]{0,40}"#, seed in any::<u64>(), at in 0_usize..400, with in "[0-9a-z\"\\[{}\\],]{0,3}") {
        let mut whole = sample::rule(seed, 20_000).to_json().to_string();
        let at = (0..=at.min(whole.len())).rev().find(|&at| whole.is_char_boundary(at)).unwrap();
        whole.insert_str(at, &with);
        for text in [text, whole] {
            if let Ok(json) = serde_json::from_str::<Value>(&text)
                && let Err(problems) = parse(&json, &names())
            {
                prop_assert!(!problems.is_empty());
            }
        }
    }
}

#[test]
fn mistakes_are_told_with_place_and_remedy() {
    insta::assert_snapshot!(problems(json!({"all": [
        {"trait": "provnce", "op": "eq", "value": "浙江"},
        {"trait": "province", "op": "above", "value": 3},
        {"trait": "province", "op": "eq", "value": 3},
        {"tag": "churn_rsk", "op": "exists"},
        {"tag": "churn_risk", "op": "exists", "value": 1},
        {"score": "rfm.tier", "op": "in", "value": ["cor"]},
        {"any": []},
        {"measure": {"of": "orders", "agg": "sum"}, "op": "ge", "value": 1},
        {"measure": {"of": "orders", "agg": "sum", "column": "channel"}, "op": "ge", "value": 1},
        {"measure": {"of": "order", "window": {"last": 0}}, "op": "ge", "value": 1},
        {"measure": {"of": "orders", "window": {"last": 0, "unit": "day"}}, "op": "ge", "value": 1},
        {"measure": {"of": "orders", "window": {"from": "2026-02-30", "to": "2026-03-01"}}, "op": "ge", "value": 1},
        {"measure": {"of": "orders", "were": []}, "op": "between", "value": [5, 1]},
        {"sequence": {"steps": [{"of": "events", "absent": true}, {"of": "events"}]}},
        {"segment": "seg_b", "op": "in"},
        {"consent": "sms", "op": "yes"},
        {"identity": "phon", "op": "exists"},
        {"trait": "city", "tag": "x", "op": "exists"},
        {"foo": 1},
        7,
    ]})).join("\n"), @r#"
    /all/0/trait unknown: unknown trait "provnce": did you mean "province"?
    /all/1/op unknown: unknown word "above": there are: contains, eq, exists, in, missing, ne, not_in, starts_with
    /all/2/value type: the value for province must be text
    /all/3/tag unknown: unknown tag "churn_rsk": did you mean "churn_risk"?
    /all/4/value shape: exists takes no value: remove it
    /all/5/value unknown: unknown value "cor": did you mean "core"?
    /all/6/any shape: the group is empty: add a condition or remove it
    /all/7/measure/column shape: sum needs a column: name the field to compute from
    /all/8/measure/column type: channel holds no numbers: sum cannot be taken of it
    /all/9/measure/of unknown: unknown word "order": did you mean "orders"?
    /all/10/measure/window/last range: last must be a whole number from 1 to 36525
    /all/11/measure/window/from type: a day is expected, as "2026-03-31"
    /all/12/measure/were unknown: unknown key "were": did you mean "where"?
    /all/12/value range: the first value is larger than the second: exchange them
    /all/13/sequence/steps/0/absent shape: only the last step can be absent, and it needs within
    /all/14/segment unknown: unknown segment that can be named here "seg_b": did you mean "seg_a"?
    /all/15/op unknown: unknown word "yes": there are: granted, withdrawn, unknown, outdated
    /all/16/identity unknown: unknown kind of identity "phon": did you mean "phone"?
    /all/17 shape: a condition is of one kind, here are trait, tag: make several conditions
    /all/18/foo unknown: unknown condition "foo": there are: all, any, none, trait, tag, score, identity, consent, segment, measure, sequence
    /all/19 shape: a JSON object {…} is expected here
    "#);
    assert_eq!(problems(json!({"any": []})).len(), 1);
    assert!(parse(&json!({"all": []}), &names()).is_ok());
    let deep = (0..12).fold(json!({"trait": "city", "op": "exists"}), |inner, _| json!({"any": [inner]}));
    assert!(problems(deep)[0].contains("too_large"));
    let many: Vec<Value> = (0..101).map(|_| json!({"trait": "city", "op": "exists"})).collect();
    assert!(problems(json!({"all": many}))[0].contains("too_large"));
}

fn said(json: Value) -> String {
    let rule = parse(&json, &names()).unwrap();
    let words = Words {
        segments: vec![("seg_a".to_owned(), "高潜".to_owned())],
        tags: packs().iter().flat_map(|pack| pack.tags.clone()).collect(),
    };
    let (zh, en) = sentence(&rule, "CNY", &words);
    format!("{zh}\n{en}")
}

#[test]
fn rules_read_as_sentences() {
    let rules = [
        json!({"all": []}),
        json!({"all": [
            {"trait": "province", "op": "in", "value": ["浙江", "江苏"]},
            {"measure": {"of": "orders", "where": [{"field": "net_amount", "op": "ge", "value": 100}], "window": {"last": 90, "unit": "day"}}, "op": "ge", "value": 2},
            {"sequence": {"steps": [{"of": "events", "where": [{"field": "event", "op": "eq", "value": "cart"}]}, {"of": "orders", "within": {"n": 24, "unit": "hour"}, "absent": true}], "window": {"last": 7, "unit": "day"}}},
            {"any": [{"tag": "价格带", "op": "eq", "value": "高"}, {"score": "rfm.tier", "op": "eq", "value": "core"}]},
            {"any": [{"tag": "activity", "op": "in", "value": ["dormant", "其他"]}, {"score": "rfm.segment", "op": "eq", "value": "cant_lose"}]},
            {"none": [{"consent": "短信营销", "op": "withdrawn"}, {"segment": "seg_a", "op": "in"}]},
        ]}),
        json!({"all": [
            {"measure": {"of": "orders", "agg": "sum", "column": "net_amount", "window": {"from": "2026-01-01", "to": "2026-03-31"}}, "op": "between", "value": [1000, 50000]},
            {"measure": {"of": "orders", "agg": "first"}, "op": "within_last", "value": 30},
            {"measure": {"of": "events", "where": [{"field": "event", "op": "eq", "value": "pay"}], "window": {"after": {"of": "interactions", "where": [{"field": "kind", "op": "eq", "value": "complaint"}], "which": "last"}, "within": {"n": 2, "unit": "week"}}}, "op": "eq", "value": 0},
            {"identity": "phone", "op": "exists"},
        ]}),
    ];
    insta::assert_snapshot!(rules.map(said).join("\n"), @r#"
    全部客户。
    All customers.
    省份属于 浙江、江苏，并且近 90 天下单（净额≥ ¥100）至少 2 次，并且近 7 天依次发生“cart” → 24 小时内没有下单，并且（标签“价格带”是高，或者层级是核心），并且（标签“活跃状态”属于 沉睡、其他，或者 RFM 分组是重要挽留），并且不满足：（撤回了“短信营销”，或者在分群“高潜”中）。
    Province is one of 浙江, 江苏, and orders (net amount ≥ ¥100) at least 2 times in the last 90 days, and in order: event “cart”, then no orders within 24 hours in the last 7 days, and (tag “价格带” is 高, or tier is core), and (tag “activity” is one of dormant, 其他, or RFM group is can't lose), and not: (withdrew “短信营销”, or is in segment “高潜”).
    2026-01-01 至 2026-03-31 下单的净额合计在 ¥1,000 到 ¥50,000 之间，并且下单的首次时间在近 30 天内，并且最近一次客服接触（接触类型是complaint）后 2 周内没有发生“pay”，并且有手机号。
    Sum of net amount of orders from 2026-01-01 to 2026-03-31 between ¥1,000 and ¥50,000, and first time of orders within the last 30 days, and no event “pay” within 2 weeks after the last of service contacts (kind is complaint), and has phone.
    "#);
}

/// Orders and events of a person: (day before the last, net amount, channel), (hours before the end, name, properties).
pub(crate) fn person(orders: &[(i64, i64, &str)], events: &[(i64, &str, &str)]) -> Person {
    let as_of = as_of();
    let texts = |texts: Vec<&str>| Column::Text(texts.into_iter().map(Some).collect());
    let nums = |nums: Vec<i64>| Column::Num(nums.into_iter().map(Some).collect());
    let orders = Frame::new(orders.len())
        .with(
            "ordered_at",
            ColumnType::Instant,
            nums(orders.iter().map(|order| as_of.start_of(as_of.day - order.0) + 3_600_000_000).collect()),
        )
        .with("net_amount", MONEY, nums(orders.iter().map(|order| order.1).collect()))
        .with("kind", ColumnType::Text, texts(orders.iter().map(|_| "sale").collect()))
        .with("status", ColumnType::Text, texts(orders.iter().map(|_| "paid").collect()))
        .with("channel", ColumnType::Text, texts(orders.iter().map(|order| order.2).collect()));
    let events = Frame::new(events.len())
        .with(
            "occurred_at",
            ColumnType::Instant,
            nums(events.iter().map(|event| as_of.end() - event.0 * 3_600_000_000).collect()),
        )
        .with("event", ColumnType::Text, texts(events.iter().map(|event| event.1).collect()))
        .with("properties", ColumnType::Text, texts(events.iter().map(|event| event.2).collect()));
    Person {
        traits: [("province".to_owned(), Cell::Text(Cow::Borrowed("浙江")))].into(),
        more: Some(r#"{"size":3}"#.into()),
        facts: [(Source::Orders, orders), (Source::Events, events)].into(),
        ..Person::default()
    }
}

#[test]
fn conditions_mean_what_they_say() {
    let buyer = person(
        &[(0, 10_000, "tmall"), (29, 9_999, "jd"), (30, 500, "tmall"), (400, 100, "store")],
        &[(50, "cart", r#"{"n":2}"#), (26, "cart", r#"{"n":"3"}"#), (25, "pay", "{}"), (1, "cart", r#"{"n":9}"#)],
    );
    let measure = |measure: Value, op: &str, value: Value| json!({"measure": measure, "op": op, "value": value});
    let cart = json!([{"field": "event", "op": "eq", "value": "cart"}]);
    let pay = json!([{"field": "event", "op": "eq", "value": "pay"}]);
    let cases = [
        (measure(json!({"of": "orders", "window": {"last": 30, "unit": "day"}}), "eq", json!(2)), true),
        (measure(json!({"of": "orders", "window": {"last": 31, "unit": "day"}}), "eq", json!(3)), true),
        (
            measure(
                json!({"of": "orders", "agg": "sum", "column": "net_amount", "window": {"last": 30, "unit": "day"}}),
                "eq",
                json!(199.99),
            ),
            true,
        ),
        (measure(json!({"of": "orders", "agg": "top", "column": "channel"}), "eq", json!("tmall")), true),
        (measure(json!({"of": "orders", "agg": "first", "column": "channel"}), "eq", json!("store")), true),
        (measure(json!({"of": "orders", "agg": "distinct", "column": "channel"}), "eq", json!(3)), true),
        (measure(json!({"of": "orders", "agg": "last"}), "within_last", json!(1)), true),
        (measure(json!({"of": "orders", "agg": "first"}), "before_last", json!(400)), true),
        (measure(json!({"of": "orders", "agg": "first"}), "before_last", json!(401)), false),
        (
            measure(
                json!({"of": "orders", "agg": "sum", "column": "net_amount", "where": [{"field": "channel", "op": "eq", "value": "none"}]}),
                "le",
                json!(0),
            ),
            true,
        ),
        (
            measure(json!({"of": "events", "agg": "sum", "column": "properties.n", "where": cart}), "eq", json!(14)),
            true,
        ),
        (
            measure(
                json!({"of": "events", "where": pay, "window": {"after": {"of": "events", "where": cart, "which": "first"}, "within": {"n": 25, "unit": "hour"}}}),
                "eq",
                json!(1),
            ),
            true,
        ),
        (
            measure(
                json!({"of": "events", "where": pay, "window": {"after": {"of": "events", "where": cart, "which": "first"}, "within": {"n": 24, "unit": "hour"}}}),
                "eq",
                json!(0),
            ),
            true,
        ),
        (measure(json!({"of": "feedback"}), "eq", json!(0)), true),
        (
            json!({"sequence": {"steps": [{"of": "events", "where": cart}, {"of": "events", "where": pay, "within": {"n": 1, "unit": "hour"}}]}}),
            true,
        ),
        // Two days ago a cart, and nothing paid for a day; the cart of an hour ago may still be paid.
        (
            json!({"sequence": {"steps": [{"of": "events", "where": cart}, {"of": "events", "where": pay, "within": {"n": 24, "unit": "hour"}, "absent": true}]}}),
            true,
        ),
        (
            json!({"sequence": {"steps": [{"of": "events", "where": cart}, {"of": "events", "where": pay, "within": {"n": 24, "unit": "hour"}, "absent": true}], "window": {"last": 1, "unit": "day"}}}),
            false,
        ),
        (json!({"none": [{"trait": "city", "op": "eq", "value": "x"}]}), true),
        (json!({"trait": "city", "op": "ne", "value": "x"}), false),
        (json!({"trait": "traits.size", "op": "gt", "value": 2.5}), true),
        (json!({"consent": "sms", "op": "unknown"}), true),
    ];
    for (json, expected) in cases {
        let rule = parse(&json, &names()).unwrap_or_else(|problems| panic!("{json}: {problems:?}"));
        assert_eq!(holds(&rule, &buyer, &as_of()), expected, "{json}: {:?}", verdicts(&rule, &buyer, &as_of()));
    }
}

proptest! {
    /// INV-AUDIENCE-3.
    #[test]
    fn the_order_of_facts_changes_no_answer(
        seed in any::<u64>(),
        orders in prop::collection::vec((0_i64..120, 1_i64..30_000, 0_usize..3), 0..8),
        events in prop::collection::vec((0_i64..2_000, 0_usize..3, 0_i64..5), 0..8),
    ) {
        let rule = sample::rule(seed, as_of().day);
        let orders: Vec<_> = orders.into_iter().map(|(day, net, at)| (day, net, sample::CHANNELS[at])).collect();
        let plans: Vec<String> = events.iter().map(|(.., n)| format!(r#"{{"n":{n},"plan":"pro"}}"#)).collect();
        let events: Vec<_> = events.iter().zip(&plans).map(|((hours, at, _), json)| (*hours, sample::EVENTS[*at], json.as_str())).collect();
        let there = person(&orders, &events);
        let back = person(&orders.into_iter().rev().collect::<Vec<_>>(), &events.into_iter().rev().collect::<Vec<_>>());
        prop_assert_eq!(verdicts(&rule, &there, &as_of()), verdicts(&rule, &back, &as_of()));
    }
}

/// The examples of the guide are rules, the same in both languages.
#[test]
fn the_guides_examples_are_rules() {
    let guides = [
        include_str!("../../../../docs/guides/segments.md"),
        include_str!("../../../../docs/guides/segments.zh-CN.md"),
    ];
    let examples = guides.map(|guide| {
        let blocks = guide.split("```json\n").skip(1).filter_map(|block| block.split("```").next());
        blocks.map(|block| serde_json::from_str::<Value>(block).unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(examples[0], examples[1]);
    assert!(examples[0].len() > 10);
    for example in &examples[0] {
        parse(example, &names()).unwrap_or_else(|problems| panic!("{example}: {problems:?}"));
    }
}
