//! Reading questions: every mistake is told with its place, in both languages, with what to write instead.

use serde_json::Value as Json;

use super::{
    Attribution, Breakdown, By, CountBy, Exclusion, Funnel, Lifecycle, MAX_EXCLUSIONS, MAX_PERIODS, MAX_STEPS, Measure,
    Mode, Order, Paths, Retention, Scope, Spec, Step, Stickiness,
};
use crate::audience::{
    FieldKind, Names, Object, Problem, Reader, SCORES, Source, Span, TRAITS, Unit, field_of, finish, join, score_of,
    trait_of,
};
use crate::kpi::PeriodKind;
use crate::worded::worded;

worded! {
    /// Which question.
    Kind {
        /// How far people get.
        Funnel "funnel" "漏斗" "funnel",
        /// Who comes back.
        Retention "retention" "留存" "retention",
        /// Who is new and who leaves.
        Lifecycle "lifecycle" "生命周期" "lifecycle",
        /// How often people are there.
        Stickiness "stickiness" "粘性与频次" "stickiness",
        /// Where they go.
        Paths "paths" "路径" "paths",
    }
}

const SCOPE: [&str; 4] = ["from", "to", "segment", "purpose"];

/// Reads a question.
///
/// **Errors**: every mistake, in the order of the text.
pub fn parse(kind: Kind, json: &Json, names: &Names) -> Result<Spec, Vec<Problem>> {
    let mut reader = Reader::new(names, false);
    let spec = match kind {
        Kind::Funnel => reader.funnel(json).map(Spec::Funnel),
        Kind::Retention => reader.retention(json).map(Spec::Retention),
        Kind::Lifecycle => reader.activity(json).map(|(scope, activity, by)| {
            Spec::Lifecycle(Lifecycle { scope, activity, by: by.unwrap_or(PeriodKind::Month) })
        }),
        Kind::Stickiness => reader.activity(json).map(|(scope, activity, by)| {
            Spec::Stickiness(Stickiness { scope, activity, by: by.unwrap_or(PeriodKind::Day) })
        }),
        Kind::Paths => reader.paths(json).map(Spec::Paths),
    };
    finish(reader, spec)
}

impl Reader<'_> {
    fn keys(&mut self, object: &Object, own: &[&str]) {
        let all: Vec<&str> = own.iter().chain(&SCOPE).copied().collect();
        self.only(object, "", &all);
    }

    fn scope(&mut self, object: &Object) -> Option<Scope> {
        let day = |reader: &mut Self, key| match object.get(key) {
            None => Some(None),
            Some(_) => reader.day(object, key, "").map(Some),
        };
        let (from, to) = (day(self, "from"), day(self, "to"));
        let (from, to) = (from?, to?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return self.fail("/from", "range", "from 晚于 to：请对调", "from is later than to: exchange them");
        }
        let segment = match object.get("segment") {
            None => None,
            Some(_) => Some(self.known_segment(object, "segment", "")?),
        };
        let purpose = match object.get("purpose") {
            None => None,
            Some(_) => Some(self.text(object, "purpose", "")?.to_owned()),
        };
        Some(Scope { from, to, segment, purpose })
    }

    fn known_segment(&mut self, object: &Object, key: &str, pointer: &str) -> Option<String> {
        let id = self.text(object, key, pointer)?;
        let known = &self.names().segments;
        if known.iter().any(|one| one == id) {
            return Some(id.to_owned());
        }
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        self.unknown(&join(pointer, key), ("分群", "segment"), id, &known)
    }

    fn step(&mut self, json: &Json, pointer: &str, more: &[&str]) -> Option<Step> {
        let object = self.object(json, pointer)?;
        let keys: Vec<&str> = ["of", "where", "name"].iter().chain(more).copied().collect();
        self.only(object, pointer, &keys);
        let of = self.source(object, pointer)?;
        let filters = self.filters(of, object, pointer)?;
        let name = match object.get("name") {
            None => None,
            Some(_) => Some(self.text(object, "name", pointer)?.to_owned()),
        };
        Some(Step { of, filters, name })
    }

    fn needed_step(&mut self, object: &Object, key: &str) -> Option<Step> {
        match object.get(key) {
            Some(json) => self.step(json, &join("", key), &[]),
            None => self.fail(
                &join("", key),
                "shape",
                format!("缺少 {key}：写上 {{\"of\": \"orders\"}} 这样的行为"),
                format!("{key} is missing: write what people do, as {{\"of\": \"orders\"}}"),
            ),
        }
    }

    fn flag(&mut self, object: &Object, key: &str) -> Option<bool> {
        match object.get(key) {
            None => Some(false),
            Some(Json::Bool(flag)) => Some(*flag),
            Some(_) => self.fail(
                &join("", key),
                "type",
                format!("{key} 应当是 true 或 false"),
                format!("{key} is true or false"),
            ),
        }
    }

    fn word(&mut self, object: &Object, key: &str, words: &[&str], usual: usize) -> Option<usize> {
        if object.contains_key(key) { self.one_of(object, key, "", words) } else { Some(usual) }
    }

    fn period(&mut self, object: &Object) -> Option<Option<PeriodKind>> {
        if !object.contains_key("by") {
            return Some(None);
        }
        let at = self.one_of(object, "by", "", &PeriodKind::ALL.map(PeriodKind::as_str))?;
        Some(Some(PeriodKind::ALL[at]))
    }

    fn funnel(&mut self, json: &Json) -> Option<Funnel> {
        let object = self.object(json, "")?;
        self.keys(
            object,
            &["steps", "window", "order", "modes", "exclusions", "count_by", "breakdown", "with_incomplete"],
        );
        let scope = self.scope(object);
        let steps = self.steps(object);
        let window = match self.span_at(object, "window", "")? {
            Some(span) => span,
            None => Span { n: 7, unit: Unit::Day },
        };
        if window.us() > 366 * 86_400_000_000 {
            self.fail::<()>("/window", "range", "窗口期最长 366 天", "a window is 366 days at most");
        }
        let orders: Vec<&str> = Order::ALL.iter().map(|one| one.as_str()).collect();
        let order = Order::ALL[self.word(object, "order", &orders, 0)?];
        let counts: Vec<&str> = CountBy::ALL.iter().map(|one| one.as_str()).collect();
        let count_by = CountBy::ALL[self.word(object, "count_by", &counts, 0)?];
        let (steps, scope) = (steps?, scope?);
        let modes = self.modes(object, order)?;
        let exclusions = self.exclusions(object, order, steps.len())?;
        let tables: Vec<Source> = steps.iter().map(|step| step.of).collect();
        for (at, of) in tables.iter().enumerate() {
            if unit_field(*of, count_by).is_none() && count_by != CountBy::Person {
                let (zh, en) = count_by.words();
                let (of_zh, of_en) = of.label();
                self.fail::<()>(
                    &format!("/steps/{at}/of"),
                    "type",
                    format!("{of_zh}没有{zh}编号，不能按{zh}统计：改按人统计，或换一个步骤"),
                    format!("{of_en} know no {en}: count people, or take another step"),
                );
            }
        }
        let breakdown = self.breakdown(object, &tables, order != Order::Clickhouse)?;
        let with_incomplete = self.flag(object, "with_incomplete")?;
        Some(Funnel { scope, steps, window, order, modes, exclusions, count_by, breakdown, with_incomplete })
    }

    fn steps(&mut self, object: &Object) -> Option<Vec<Step>> {
        let list = match object.get("steps").and_then(Json::as_array) {
            Some(list) if (2..=MAX_STEPS).contains(&list.len()) => list,
            _ => {
                return self.fail(
                    "/steps",
                    "shape",
                    format!("漏斗需要 2 到 {MAX_STEPS} 个步骤"),
                    format!("a funnel has 2 to {MAX_STEPS} steps"),
                );
            }
        };
        let steps: Vec<Option<Step>> =
            list.iter().enumerate().map(|(at, json)| self.step(json, &format!("/steps/{at}"), &[])).collect();
        steps.into_iter().collect()
    }

    fn modes(&mut self, object: &Object, order: Order) -> Option<Vec<Mode>> {
        let Some(json) = object.get("modes") else { return Some(Vec::new()) };
        let words: Vec<&str> = Mode::ALL.iter().map(|one| one.as_str()).collect();
        if order != Order::Clickhouse {
            return self.fail(
                "/modes",
                "shape",
                "modes 只用于 order 为 clickhouse 的漏斗",
                "modes are of funnels whose order is clickhouse",
            );
        }
        let Some(list) = json.as_array() else {
            return self.fail("/modes", "type", "modes 应当是一个列表 […]", "modes is a list […]");
        };
        let mut modes = Vec::new();
        for (at, one) in list.iter().enumerate() {
            match one.as_str().and_then(Mode::parse) {
                Some(mode) => modes.push(mode),
                None => {
                    self.unknown::<()>(&format!("/modes/{at}"), ("取值", "word"), one.as_str().unwrap_or(""), &words);
                }
            }
        }
        (modes.len() == list.len()).then_some(modes)
    }

    fn exclusions(&mut self, object: &Object, order: Order, n_steps: usize) -> Option<Vec<Exclusion>> {
        let Some(json) = object.get("exclusions") else { return Some(Vec::new()) };
        let list = json.as_array().filter(|list| list.len() <= MAX_EXCLUSIONS);
        let (Some(list), Order::Ordered) = (list, order) else {
            return self.fail(
                "/exclusions",
                "shape",
                format!("exclusions 是最多 {MAX_EXCLUSIONS} 项的列表，只用于 order 为 ordered 的漏斗"),
                format!("exclusions is a list of {MAX_EXCLUSIONS} at most, of funnels whose order is ordered"),
            );
        };
        let mut found = Vec::new();
        for (at, json) in list.iter().enumerate() {
            let place = format!("/exclusions/{at}");
            let Some(step) = self.step(json, &place, &["after", "before"]) else { continue };
            let Some(object) = json.as_object() else { continue };
            let last = n_steps as i64;
            let (after, before) =
                (self.whole(object, "after", &place, 1, last - 1), self.whole(object, "before", &place, 2, last));
            let (Some(after), Some(before)) = (after, before) else { continue };
            if before <= after {
                self.fail::<()>(
                    &join(&place, "before"),
                    "range",
                    "before 应当是 after 之后的步骤",
                    "before names a step later than after",
                );
                continue;
            }
            found.push(Exclusion { step, after: after as usize - 1, before: before as usize - 1 });
        }
        (found.len() == list.len()).then_some(found)
    }

    fn breakdown(&mut self, object: &Object, tables: &[Source], has_fields: bool) -> Option<Option<Breakdown>> {
        let Some(json) = object.get("breakdown") else { return Some(None) };
        let place = "/breakdown";
        let object = self.object(json, place)?;
        const KEYS: [&str; 5] = ["field", "trait", "tag", "score", "segment"];
        let all: Vec<&str> = KEYS.iter().chain(&["attribution"]).copied().collect();
        self.only(object, place, &all);
        let found: Vec<&str> = KEYS.into_iter().filter(|key| object.contains_key(*key)).collect();
        let [key] = found[..] else {
            return self.fail(
                place,
                "shape",
                format!("拆分写 {} 之一", KEYS.join("、")),
                format!("a breakdown has one of {}", KEYS.join(", ")),
            );
        };
        let name = self.text(object, key, place)?.to_owned();
        let attribution = match object.get("attribution") {
            None => Attribution::First,
            Some(Json::String(word)) if word == "first" => Attribution::First,
            Some(Json::String(word)) if word == "last" => Attribution::Last,
            Some(_) => Attribution::Step(
                usize::try_from(self.whole(object, "attribution", place, 1, tables.len() as i64)? - 1).unwrap_or(0),
            ),
        };
        let pointer = join(place, key);
        let by = match key {
            "field" => {
                if !has_fields {
                    return self.fail(
                        &pointer,
                        "shape",
                        "兼容 ClickHouse 的漏斗不知道是哪条记录填了步骤：按客户属性、标签、评分或分群拆分",
                        "a funnel as ClickHouse counts does not know which fact filled a step: \
                         take a trait, tag, score or segment",
                    );
                }
                let of = match attribution {
                    Attribution::First => tables.first(),
                    Attribution::Step(step) => tables.get(step),
                    Attribution::Last => None,
                };
                // The last step reached can be any of them.
                let wanted: Vec<Source> = of.map_or_else(|| tables.to_vec(), |of| vec![*of]);
                for of in wanted {
                    let is_text = field_of(of, &name)
                        .is_some_and(|field| matches!(field.kind, FieldKind::Text | FieldKind::Json | FieldKind::Flag));
                    if !is_text {
                        self.field(of, &name, &pointer)?;
                        return self.fail(
                            &pointer,
                            "type",
                            format!("{name} 不是文本，不能拆分"),
                            format!("{name} is no text: nothing is taken apart by it"),
                        );
                    }
                }
                By::Field(name)
            }
            "trait" => match trait_of(&name) {
                Some(field) if matches!(field.kind, FieldKind::Text | FieldKind::Json | FieldKind::Number(_)) => {
                    By::Trait(name)
                }
                _ => {
                    let known: Vec<&str> = TRAITS.iter().map(|(name, ..)| *name).chain(["traits.…"]).collect();
                    return self.unknown(&pointer, ("属性", "trait"), &name, &known);
                }
            },
            "tag" => {
                let known: Vec<&str> = self.names().tags.iter().map(String::as_str).collect();
                if !known.contains(&name.as_str()) {
                    return self.unknown(&pointer, ("标签", "tag"), &name, &known);
                }
                By::Tag(name)
            }
            "score" => match score_of(&name) {
                Some(score) if !matches!(score.kind, FieldKind::Money | FieldKind::Float) => By::Score(name),
                _ => {
                    let known: Vec<&str> = SCORES.iter().map(|score| score.name).collect();
                    return self.unknown(&pointer, ("评分", "score"), &name, &known);
                }
            },
            _ => By::Segment(self.known_segment(object, key, place)?),
        };
        Some(Some(Breakdown { by, attribution }))
    }

    fn retention(&mut self, json: &Json) -> Option<Retention> {
        let object = self.object(json, "")?;
        self.keys(
            object,
            &["start", "back", "first_time", "by", "rolling", "measure", "brackets", "periods", "breakdown"],
        );
        let scope = self.scope(object);
        let start = self.needed_step(object, "start");
        let back = match object.contains_key("back") {
            true => self.needed_step(object, "back"),
            false => start.clone(),
        };
        let by = self.period(object)?.unwrap_or(PeriodKind::Month);
        let is_first_time = self.flag(object, "first_time")?;
        let is_rolling = self.flag(object, "rolling")?;
        if is_rolling && matches!(by, PeriodKind::Month | PeriodKind::Quarter) {
            self.fail::<()>(
                "/rolling",
                "shape",
                "滚动周期只能是日或周：月和季的天数不等",
                "rolling periods are days or weeks: months are not of one length",
            );
        }
        let measure = match object.get("brackets") {
            Some(json) => Measure::Brackets(self.brackets(json)?),
            None if self.word(object, "measure", &["exact", "unbounded"], 0)? == 0 => Measure::Exact,
            None => Measure::Unbounded,
        };
        let n_periods = match object.contains_key("periods") {
            true => self.whole(object, "periods", "", 1, MAX_PERIODS)? as u32,
            false => match by {
                PeriodKind::Day => 15,
                PeriodKind::Week => 9,
                PeriodKind::Month => 13,
                PeriodKind::Quarter => 5,
            },
        };
        let (scope, start, back) = (scope?, start?, back?);
        let breakdown = self.breakdown(object, &[start.of], true)?;
        Some(Retention { scope, start, back, is_first_time, by, is_rolling, measure, n_periods, breakdown })
    }

    fn brackets(&mut self, json: &Json) -> Option<Vec<(u32, u32)>> {
        let pair = |json: &Json| {
            let [from, to] = json.as_array()?.as_slice() else { return None };
            let (from, to) = (u32::try_from(from.as_u64()?).ok()?, u32::try_from(to.as_u64()?).ok()?);
            (from < to && to <= 10_000).then_some((from, to))
        };
        let list = json.as_array().filter(|list| (1..=MAX_PERIODS as usize).contains(&list.len()));
        match list.and_then(|list| list.iter().map(pair).collect()) {
            Some(brackets) => Some(brackets),
            None => self.fail(
                "/brackets",
                "type",
                "brackets 应当是 [[起, 止], …]，单位是周期，不含止，例如 [[1, 4], [4, 8]]",
                "brackets is [[from, to], …] in periods, the end not included, as [[1, 4], [4, 8]]",
            ),
        }
    }

    fn activity(&mut self, json: &Json) -> Option<(Scope, Step, Option<PeriodKind>)> {
        let object = self.object(json, "")?;
        self.keys(object, &["activity", "by"]);
        let scope = self.scope(object);
        let activity = self.needed_step(object, "activity");
        let by = self.period(object)?;
        Some((scope?, activity?, by))
    }

    fn paths(&mut self, json: &Json) -> Option<Paths> {
        let object = self.object(json, "")?;
        self.keys(object, &["anchor", "direction", "depth", "kept", "with_repeats"]);
        let scope = self.scope(object);
        let anchor = self.text(object, "anchor", "").map(str::to_owned);
        let is_before = self.word(object, "direction", &["after", "before"], 0)? == 1;
        let mut whole = |key, low, high, usual| match object.contains_key(key) {
            true => self.whole(object, key, "", low, high),
            false => Some(usual),
        };
        let (depth, kept) = (whole("depth", 1, 6, 3)?, whole("kept", 1, 10, 5)?);
        let with_repeats = self.flag(object, "with_repeats")?;
        let (depth, n_kept) = (depth as usize, kept as usize);
        Some(Paths { scope: scope?, anchor: anchor?, is_before, depth, n_kept, with_repeats })
    }
}

/// The field that says which session or order a fact is of.
const fn unit_field(of: Source, count_by: CountBy) -> Option<&'static str> {
    match (count_by, of) {
        (CountBy::Session, Source::Events) => Some("session_id"),
        (CountBy::Order, Source::Events) => Some("properties.order_id"),
        (CountBy::Order, Source::Orders | Source::AllOrders | Source::OrderItems | Source::Feedback) => {
            Some("order_id")
        }
        _ => None,
    }
}

impl CountBy {
    /// The field of a table that says which session or order a fact is of.
    pub const fn field(self, of: Source) -> Option<&'static str> {
        unit_field(of, self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names() -> Names {
        Names { tags: vec!["price_band".into()], segments: vec!["seg_1".into()] }
    }

    /// A question that parses is printed as JSON that parses to the same (INV-ANALYSIS-1).
    #[test]
    fn what_is_printed_reads_the_same() {
        let view =
            json!({ "of": "events", "where": [{ "field": "event", "op": "eq", "value": "view" }], "name": "浏览" });
        let order = json!({ "of": "orders" });
        let questions = [
            (Kind::Funnel, json!({ "steps": [view, order] })),
            (
                Kind::Funnel,
                json!({ "steps": [view, order, order], "order": "ordered", "window": { "n": 2, "unit": "hour" },
                    "exclusions": [{ "of": "interactions", "after": 1, "before": 3 }], "with_incomplete": true,
                    "breakdown": { "field": "channel", "attribution": 2 }, "from": "2026-03-01", "to": "2026-03-31",
                    "segment": "seg_1", "purpose": "marketing" }),
            ),
            (
                Kind::Funnel,
                json!({ "steps": [view, view], "order": "clickhouse", "modes": ["strict_order"], "count_by": "session",
                    "breakdown": { "tag": "price_band" } }),
            ),
            (Kind::Retention, json!({ "start": order })),
            (
                Kind::Retention,
                json!({ "start": view, "back": order, "first_time": true, "by": "week", "rolling": true,
                    "brackets": [[1, 4], [4, 8]], "periods": 9, "breakdown": { "segment": "seg_1" } }),
            ),
            (Kind::Lifecycle, json!({ "activity": order, "by": "week" })),
            (Kind::Stickiness, json!({ "activity": view })),
            (Kind::Paths, json!({ "anchor": "view", "direction": "before", "depth": 4, "with_repeats": true })),
        ];
        for (kind, json) in questions {
            let spec = parse(kind, &json, &names()).unwrap_or_else(|problems| panic!("{json}: {problems:?}"));
            assert_eq!(spec.kind(), kind);
            assert_eq!(parse(kind, &spec.to_json(), &names()).as_ref(), Ok(&spec), "{}", spec.to_json());
            let (zh, en) = super::super::sentence(&spec, (20_000, 20_030), "CNY", &crate::audience::Words::default());
            assert!(zh.ends_with('。') && en.ends_with('.'), "{zh} {en}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let check = |kind, json: Json, pointer: &str, part: &str| {
            let problems = parse(kind, &json, &names()).expect_err(&json.to_string());
            let found = problems.iter().find(|problem| problem.pointer == pointer);
            let found = found.unwrap_or_else(|| panic!("{json}: {problems:?}"));
            assert!(found.zh.contains(part) || found.en.contains(part), "{found:?}");
        };
        let order = json!({ "of": "orders" });
        check(Kind::Funnel, json!({ "steps": [order] }), "/steps", "2 到 10");
        check(Kind::Funnel, json!({ "steps": [order, { "of": "order" }] }), "/steps/1/of", "orders");
        check(Kind::Funnel, json!({ "steps": [order, order], "windows": 1 }), "/windows", "window");
        check(Kind::Funnel, json!({ "steps": [order, order], "count_by": "session" }), "/steps/0/of", "会话");
        check(Kind::Funnel, json!({ "steps": [order, order], "modes": [] }), "/modes", "clickhouse");
        check(
            Kind::Funnel,
            json!({ "steps": [order, order], "exclusions": [{ "of": "orders", "after": 2, "before": 2 }] }),
            "/exclusions/0/after",
            "1 到 1",
        );
        check(
            Kind::Funnel,
            json!({ "steps": [order, order], "breakdown": { "field": "amount" } }),
            "/breakdown/field",
            "文本",
        );
        check(Kind::Funnel, json!({ "steps": [order, order], "breakdown": { "tag": "x" } }), "/breakdown/tag", "标签");
        check(Kind::Funnel, json!({ "steps": [order, order], "segment": "seg_2" }), "/segment", "分群");
        check(
            Kind::Funnel,
            json!({ "steps": [order, order], "from": "2026-02-01", "to": "2026-01-01" }),
            "/from",
            "对调",
        );
        check(Kind::Retention, json!({}), "/start", "缺少");
        check(Kind::Retention, json!({ "start": order, "by": "month", "rolling": true }), "/rolling", "日或周");
        check(Kind::Retention, json!({ "start": order, "brackets": [[3, 1]] }), "/brackets", "[[1, 4]");
        check(Kind::Paths, json!({ "anchor": "x", "depth": 9 }), "/depth", "1 到 6");
    }
}
