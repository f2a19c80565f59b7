//! Tags: what is read, refused and printed, what values mean, and the definitions that come with the product.

use proptest::prelude::*;
use serde_json::{Value, json};
use zhike_domain::audience::{Cell, RankBy, Ranking, expression_sentence, packs, parse_tag, sample, tag_text};

use crate::audience::{as_of, person};

fn tag(expression: Value) -> Value {
    json!({"key": "t", "name": {"zh": "标签", "en": "tag"}, "level": "value", "expression": expression})
}

proptest! {
    /// INV-AUDIENCE-1, of tags.
    #[test]
    fn what_is_printed_is_read_again(seed in any::<u64>()) {
        let tag = sample::tag(seed, 20_000);
        prop_assert_eq!(parse_tag(&tag.to_json()), Ok(tag.clone()));
        let (zh, en) = expression_sentence(&tag.expression, "CNY");
        prop_assert!(!zh.is_empty() && !en.is_empty());
    }

    /// Any JSON is refused or read, never a panic.
    #[test]
    fn no_text_panics(seed in any::<u64>(), at in 0_usize..600, with in "[0-9a-z\"\\[{}\\],:]{0,3}") {
        let mut text = sample::tag(seed, 20_000).to_json().to_string();
        let at = (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap();
        text.insert_str(at, &with);
        if let Ok(json) = serde_json::from_str::<Value>(&text)
            && let Err(problems) = parse_tag(&json)
        {
            prop_assert!(!problems.is_empty());
        }
    }

    /// A rank is what counting finds, and its order makes no difference.
    #[test]
    fn ranks_are_what_counting_finds(values in prop::collection::vec(-5_i64..20, 1..40), at in any::<prop::sample::Index>()) {
        let value = values[at.index(values.len())] as f64;
        let numbers: Vec<f64> = values.iter().map(|&value| value as f64).collect();
        let ranking = Ranking::new(numbers.iter().copied());
        prop_assert_eq!(&ranking, &Ranking::new(numbers.iter().rev().copied()));
        let n_less = numbers.iter().filter(|&&other| other < value).count();
        prop_assert_eq!(ranking.place(value, RankBy::Percentile), Cell::Number(n_less as f64 / numbers.len() as f64));
        let sum = |keep: &dyn Fn(f64) -> bool| numbers.iter().filter(|&&it| it > 0.0 && keep(it)).sum::<f64>();
        let (more, total) = (sum(&|it| it > value), sum(&|_| true));
        let expected = if value > 0.0 { Cell::Number(more / total) } else { Cell::Missing };
        prop_assert_eq!(ranking.place(value, RankBy::CumulativeShare), expected);
    }
}

#[test]
fn mistakes_are_told_with_place_and_remedy() {
    let wrong = [
        json!({"key": "Price", "name": {"zh": "价格"}, "level": "money", "unit": "yuan", "expression": {"trait": "citty"}}),
        tag(json!({"ratio": [{"trait": "city"}, {"number": "1"}]})),
        tag(json!({"days_since": {"trait": "city"}})),
        tag(
            json!({"bands": {"of": {"number": 1}, "bands": [{"below": 2, "value": "a", "zh": "甲", "en": "a"}, {"below": 1, "value": "b", "zh": "乙", "en": "b"}]}}),
        ),
        tag(json!({"rank": {"of": {"rank": {"of": {"number": 1}, "by": "percentile"}}, "by": "top"}})),
        tag(json!({"rule": {"tag": "x", "op": "exists"}})),
        tag(json!({"measure": {"of": "orders", "agg": "sum"}})),
        tag(json!({"trait": "city", "score": "rfm.tier"})),
    ];
    let told = wrong.iter().flat_map(|json| parse_tag(json).unwrap_err()).map(|problem| {
        assert!(!problem.zh.is_ascii(), "{problem:?}");
        format!("{} {}: {}", problem.pointer, problem.kind, problem.en)
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    /key shape: key has lower-case letters, digits and underscores, starts with a letter, 64 at most, as price_band
    /name/en type: en must be text, not empty, of 500 bytes at most
    /level unknown: unknown word "money": there are: attribute, behaviour, value
    /unit unknown: unknown word "yuan": did you mean "year"?
    /expression/trait unknown: unknown trait "citty": did you mean "city"?
    /expression/ratio/0 type: a number is needed here: use days_since of days; text cannot be computed with
    /expression/ratio/1/number type: number must be a number
    /expression/days_since type: days_since needs a day or an instant, as {"measure": {"of": "orders", "agg": "last"}}
    /expression/bands/bands/1/below range: below is a number, larger than the one before; the last range alone can leave it out
    /expression/rank/by unknown: unknown word "top": there are: percentile, cumulative_share
    /expression/rank/of/rank shape: a tag has one rank at most: make two tags
    /expression/rule/tag shape: the rule of a tag names no tags or segments: write the conditions themselves
    /expression/measure/column shape: sum needs a column: name the field to compute from
    /expression shape: an expression is one of measure, trait, score, number, days_since, years_since, ratio, sum, difference, bands, rule, rank
    "#);
}

/// The value of an expression for a buyer of three orders.
fn value(expression: Value) -> Option<String> {
    let orders = [(400, 10_000, "store"), (40, 30_000, "tmall"), (10, 19_999, "tmall")];
    let buyer = person(&orders, &[]);
    let tag = parse_tag(&tag(expression.clone())).unwrap_or_else(|problems| panic!("{expression}: {problems:?}"));
    let ranking = Ranking::new([100.0, 300.0, 599.99, 1.0].into_iter());
    tag_text(&tag.of_person(&buyer, &ranking, &as_of()))
}

#[test]
fn expressions_mean_what_they_say() {
    let first = json!({"measure": {"of": "orders", "agg": "first"}});
    let days = json!({"measure": {"of": "orders", "agg": "days"}});
    let net = json!({"measure": {"of": "orders", "agg": "sum", "column": "net_amount"}});
    let cases = [
        (days.clone(), Some("3")),
        (json!({"days_since": first}), Some("400")),
        (json!({"difference": [days, {"number": 1}]}), Some("2")),
        (json!({"sum": [days, {"number": 0.5}]}), Some("3.5")),
        (json!({"ratio": [{"number": 1}, days]}), Some("0.3333")),
        (json!({"ratio": [days, {"number": 0}]}), None),
        (json!({"trait": "city"}), None),
        (json!({"years_since": {"trait": "birth_year"}}), None),
        (json!({"years_since": {"number": 1990}}), Some("36")),
        (json!({"rank": {"of": net, "by": "percentile"}}), Some("0.75")),
        (json!({"rank": {"of": net, "by": "cumulative_share"}}), Some("0")),
        (json!({"measure": {"of": "orders", "agg": "top", "column": "channel"}}), Some("tmall")),
        (json!({"rule": {"measure": {"of": "orders"}, "op": "ge", "value": 3}}), Some("true")),
        (json!({"rule": {"measure": {"of": "orders"}, "op": "ge", "value": 4}}), None),
        (
            json!({"bands": {"of": days, "bands": [{"below": 3, "value": "few", "zh": "少", "en": "few"}, {"value": "many", "zh": "多", "en": "many"}]}}),
            Some("many"),
        ),
    ];
    for (expression, expected) in cases {
        assert_eq!(value(expression.clone()).as_deref(), expected, "{expression}");
    }
}

/// The definitions of every pack have both languages, say what they compute, and have a value for a buyer or a reason.
#[test]
fn built_in_definitions_are_whole() {
    let orders = [(400, 10_000, "store"), (40, 30_000, "tmall"), (10, 19_999, "tmall")];
    let people = [person(&orders, &[(3, "cart", r#"{"n":1}"#)]), person(&[], &[])];
    let mut n_known = 0;
    for tag in packs().iter().flat_map(|pack| &pack.tags) {
        assert!(!tag.name.0.is_ascii(), "{}", tag.key);
        assert!(tag.name.1.is_ascii() && !tag.name.1.is_empty(), "{}", tag.key);
        assert!(!tag.depends_on().is_empty(), "{}", tag.key);
        for person in &people {
            let value = tag.of_person(person, &Ranking::new([599.99, 1.0].into_iter()), &as_of());
            assert!(!matches!(value, Cell::Flag(false) | Cell::Instant(_)), "{}: {value:?}", tag.key);
            n_known += usize::from(value != Cell::Missing);
            assert!(!tag.reasons(person, &as_of()).is_empty(), "{}", tag.key);
        }
    }
    assert!(n_known > 30, "{n_known}");
    let keys: Vec<&str> = packs().iter().map(|pack| pack.key.as_str()).collect();
    assert_eq!(keys, ["retail", "internet", "finance"]);
}

/// The examples of the guide are definitions, the same in both languages.
#[test]
fn the_guides_examples_are_definitions() {
    let guides =
        [include_str!("../../../../docs/guides/tags.md"), include_str!("../../../../docs/guides/tags.zh-CN.md")];
    let examples = guides.map(|guide| {
        let blocks = guide.split("```json\n").skip(1).filter_map(|block| block.split("```").next());
        blocks.map(|block| serde_json::from_str::<Value>(block).unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(examples[0], examples[1]);
    assert!(examples[0].len() >= 3);
    for example in &examples[0] {
        parse_tag(example).unwrap_or_else(|problems| panic!("{example}: {problems:?}"));
    }
}
