//! A question as a sentence in Chinese and English.

use super::{Attribution, Breakdown, CountBy, Measure, Order, Spec, Step};
use crate::audience::{Words, date_text, facts_sentence, field_of, score_of, span_words, trait_of};
use crate::kpi::PeriodKind;

type Both = (String, String);

/// What a step is called.
pub fn step_words(step: &Step, currency: &str) -> (String, String) {
    match &step.name {
        Some(name) => (name.clone(), name.clone()),
        None => facts_sentence(step.of, &step.filters, currency),
    }
}

/// A period in words.
const fn period(by: PeriodKind) -> (&'static str, &'static str) {
    match by {
        PeriodKind::Day => ("日", "day"),
        PeriodKind::Week => ("周", "week"),
        PeriodKind::Month => ("月", "month"),
        PeriodKind::Quarter => ("季", "quarter"),
    }
}

/// The question, over some days.
pub fn sentence(spec: &Spec, (from, to): (i64, i64), currency: &str, words: &Words) -> (String, String) {
    let (zh, en) = match spec {
        Spec::Funnel(one) => {
            let (zh, en): (Vec<String>, Vec<String>) = one.steps.iter().map(|step| step_words(step, currency)).unzip();
            let (window_zh, window_en) = span_words(one.window);
            let (order_zh, order_en) = one.order.words();
            let (count_zh, count_en) = one.count_by.words();
            let (by_zh, by_en) = breakdown(one.breakdown.as_ref(), words);
            let join = if one.order == Order::Any { ("、", ", ") } else { (" → ", " → ") };
            (
                format!("{}，{window_zh}内，{order_zh}，按{count_zh}统计{by_zh}", zh.join(join.0)),
                format!("{}, within {window_en}, {order_en}, counting {count_en}{by_en}", en.join(join.1)),
            )
        }
        Spec::Retention(one) => {
            let (start, back) = (step_words(&one.start, currency), step_words(&one.back, currency));
            let (by_zh, by_en) = period(one.by);
            let (first_zh, first_en) = if one.is_first_time { ("首次", "first ") } else { ("", "") };
            let (measure_zh, measure_en) = match &one.measure {
                Measure::Exact => ("当期", "in that very period"),
                Measure::Unbounded => ("当期或以后", "then or later"),
                Measure::Brackets(_) => ("区间内", "within brackets of periods"),
            };
            let (rolling_zh, rolling_en) = if one.is_rolling { ("滚动", "rolling ") } else { ("", "") };
            let (cut_zh, cut_en) = breakdown(one.breakdown.as_ref(), words);
            (
                format!("{first_zh}{}的人，以后各{rolling_zh}{by_zh}是否{}（{measure_zh}）{cut_zh}", start.0, back.0),
                format!(
                    "People after their {first_en}{}: {} by {rolling_en}{by_en}, {measure_en}{cut_en}",
                    start.1, back.1
                ),
            )
        }
        Spec::Lifecycle(one) => {
            let (zh, en) = step_words(&one.activity, currency);
            let (by_zh, by_en) = period(one.by);
            (
                format!("每{by_zh}有{zh}的人：新增、持续、回流、沉睡"),
                format!("People with {en} by {by_en}: new, returning, resurrected, dormant"),
            )
        }
        Spec::Stickiness(one) => {
            let (zh, en) = step_words(&one.activity, currency);
            let (by_zh, by_en) = period(one.by);
            (
                format!("有{zh}的人在多少个{by_zh}活跃、做了几次"),
                format!("On how many {by_en}s, and how often, people had {en}"),
            )
        }
        Spec::Paths(one) => {
            let anchor = &one.anchor;
            match one.is_before {
                true => (
                    format!("会话里最后一次“{anchor}”之前的 {} 步", one.depth),
                    format!("The {} steps before the last “{anchor}” of a session", one.depth),
                ),
                false => (
                    format!("会话里第一次“{anchor}”之后的 {} 步", one.depth),
                    format!("The {} steps after the first “{anchor}” of a session", one.depth),
                ),
            }
        }
    };
    let (of_zh, of_en) = match &spec.scope().segment {
        None => (String::new(), String::new()),
        Some(id) => {
            let name = words.segments.iter().find(|(known, _)| known == id).map_or(id, |(_, name)| name);
            (format!("，仅分群“{name}”"), format!(", of segment “{name}” alone"))
        }
    };
    let (from, to) = (date_text(from), date_text(to));
    (format!("{zh}，{from} 至 {to}{of_zh}。"), format!("{en}, {from} to {to}{of_en}."))
}

fn breakdown(breakdown: Option<&Breakdown>, words: &Words) -> Both {
    let Some(breakdown) = breakdown else { return (String::new(), String::new()) };
    let (key, name) = breakdown.by.key();
    let plain = || (name.to_owned(), name.to_owned());
    let (zh, en) = match key {
        "trait" => trait_of(name).map_or_else(plain, |field| field.label),
        "tag" => {
            let tag = words.tags.iter().find(|tag| tag.key == name);
            tag.map_or_else(plain, |tag| tag.name.clone())
        }
        "score" => score_of(name).map_or_else(plain, |score| (score.label.0.to_owned(), score.label.1.to_owned())),
        "segment" => {
            let found = words.segments.iter().find(|(id, _)| id == name);
            found.map_or_else(plain, |(_, name)| (name.clone(), name.clone()))
        }
        _ => crate::audience::Source::ALL
            .into_iter()
            .find_map(|of| field_of(of, name))
            .map_or_else(plain, |field| field.label),
    };
    let (which_zh, which_en) = match (key, breakdown.attribution) {
        ("field", Attribution::Last) => ("（到达的最后一步）".to_owned(), " of the last step reached".to_owned()),
        ("field", Attribution::Step(step)) => (format!("（第 {} 步）", step + 1), format!(" of step {}", step + 1)),
        _ => (String::new(), String::new()),
    };
    (format!("，按{zh}{which_zh}拆分"), format!(", by {en}{which_en}"))
}

impl CountBy {
    /// So many of them, Chinese and English.
    pub fn counted(self, n: u64) -> (String, String) {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        let (zh, en) = (crate::sentence::count(n), crate::sentence::count(n));
        match self {
            Self::Person => (format!("{zh} 人"), if n == 1 { "1 person".into() } else { format!("{en} people") }),
            Self::Session => {
                (format!("{zh} 个会话"), if n == 1 { "1 session".into() } else { format!("{en} sessions") })
            }
            Self::Order => (format!("{zh} 笔订单"), if n == 1 { "1 order".into() } else { format!("{en} orders") }),
        }
    }
}
