//! A rule as a sentence in Chinese and English.

use super::field::{FieldKind, Source, field_of, score_of, trait_of};
use super::measure::{Agg, Filter, Measure, Span, Unit, Which, Window};
use super::parse::PERSONAL;
use super::rule::{ConsentState, Leaf, Rule};
use super::sequence::{Sequence, Step};
use super::tag::Tag;
use super::test::{Cmp, Test, date_text};
use crate::sentence;

/// Chinese and English.
pub(super) type Both = (String, String);

pub(super) fn both(zh: impl Into<String>, en: impl Into<String>) -> Both {
    (zh.into(), en.into())
}

const NO_WORDS: &[(&str, &str, &str)] = &[];

/// What sentences call the things that rules name.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Segments: id and name.
    pub segments: Vec<(String, String)>,
    /// Tags that are defined; others are called by their key.
    pub tags: Vec<Tag>,
}

/// The rule as one sentence.
pub fn rule(rule: &Rule, currency: &str, words: &Words) -> Both {
    let writer = Writer { currency, words };
    let (zh, en) = match rule {
        Rule::All(rules) if rules.is_empty() => both("全部客户", "all customers"),
        rule => writer.rule(rule, true),
    };
    let mut letters = en.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    (format!("{zh}。"), format!("{first}{}.", letters.as_str()))
}

/// A condition in words.
pub fn leaf(leaf: &Leaf, currency: &str, words: &Words) -> Both {
    Writer { currency, words }.leaf(leaf)
}

/// Facts of a table that pass filters, in words.
pub fn facts(source: Source, filters: &[Filter], currency: &str) -> (String, String) {
    Writer { currency, words: &Words::default() }.facts(source, filters)
}

pub(super) struct Writer<'a> {
    pub(super) currency: &'a str,
    pub(super) words: &'a Words,
}

impl Writer<'_> {
    pub(super) fn rule(&self, rule: &Rule, is_outer: bool) -> Both {
        let (rules, zh_join, en_join, zh_before, en_before) = match rule {
            Rule::Is(leaf) => return self.leaf(leaf),
            Rule::All(rules) => (rules, "，并且", ", and ", "", ""),
            Rule::Any(rules) => (rules, "，或者", ", or ", "", ""),
            Rule::None(rules) => (rules, "，或者", ", or ", "不满足：", "not: "),
        };
        let (zh, en): (Vec<String>, Vec<String>) = rules.iter().map(|rule| self.rule(rule, false)).unzip();
        // Latin letters stand apart from Chinese ones.
        let mut zh = zh.into_iter();
        let first = zh.next().unwrap_or_default();
        let zh = zh.fold(first, |before, part| {
            let gap = if part.starts_with(|letter: char| letter.is_ascii_alphanumeric()) { " " } else { "" };
            format!("{before}{zh_join}{gap}{part}")
        });
        let en = en.join(en_join);
        let is_single = rules.len() == 1 && zh_before.is_empty();
        if is_outer || is_single {
            both(format!("{zh_before}{zh}"), format!("{en_before}{en}"))
        } else {
            both(format!("{zh_before}（{zh}）"), format!("{en_before}({en})"))
        }
    }

    fn leaf(&self, leaf: &Leaf) -> Both {
        match leaf {
            Leaf::Trait(name, test) => {
                let field = trait_of(name);
                let label = field.as_ref().map_or_else(|| both(name, name), |field| field.label.clone());
                self.test(label, field.map_or(FieldKind::Json, |field| field.kind), test, NO_WORDS)
            }
            Leaf::Tag(key, test) => {
                let tag = self.words.tags.iter().find(|tag| tag.key == *key);
                let (zh, en) = tag.map_or((key, key), |tag| (&tag.name.0, &tag.name.1));
                let labels = tag.map(Tag::labels).unwrap_or_default();
                self.test(both(format!("标签“{zh}”"), format!("tag “{en}”")), FieldKind::Json, test, &labels)
            }
            Leaf::Score(name, test) => match score_of(name) {
                Some(score) => self.test(both(score.label.0, score.label.1), score.kind, test, score.values),
                None => self.test(both(name, name), FieldKind::Json, test, NO_WORDS),
            },
            Leaf::Identity(kind, has) => {
                let (zh, en) = identity_label(kind);
                if *has {
                    both(format!("有{zh}"), format!("has {en}"))
                } else {
                    both(format!("没有{zh}"), format!("has no {en}"))
                }
            }
            Leaf::Consent(purpose, state) => match state {
                ConsentState::Granted => both(format!("同意“{purpose}”"), format!("consented to “{purpose}”")),
                ConsentState::Withdrawn => both(format!("撤回了“{purpose}”"), format!("withdrew “{purpose}”")),
                ConsentState::Outdated => both(
                    format!("同意的是“{purpose}”的旧版告知"),
                    format!("consented to an older notice of “{purpose}”"),
                ),
                ConsentState::Unknown => both(format!("未表态“{purpose}”"), format!("said nothing about “{purpose}”")),
            },
            Leaf::Member(id, is_in) => {
                let name = self.words.segments.iter().find(|(known, _)| known == id).map_or(id, |(_, name)| name);
                if *is_in {
                    both(format!("在分群“{name}”中"), format!("is in segment “{name}”"))
                } else {
                    both(format!("不在分群“{name}”中"), format!("is not in segment “{name}”"))
                }
            }
            Leaf::Measure(measure, test) => self.measure_test(measure, test),
            Leaf::Sequence(sequence) => self.sequence(sequence),
        }
    }

    /// A subject and what is asked of it.
    fn test<T: AsRef<str>>(&self, (zh, en): Both, kind: FieldKind, test: &Test, values: &[(T, T, T)]) -> Both {
        let named = |list: &[String], is_zh: bool| {
            let words: Vec<&str> = list
                .iter()
                .map(|text| match values.iter().find(|value| value.0.as_ref() == text) {
                    Some(value) if is_zh => value.1.as_ref(),
                    Some(value) => value.2.as_ref(),
                    None => text.as_str(),
                })
                .collect();
            words.join(if is_zh { "、" } else { ", " })
        };
        let n = |number: f64| self.number(kind, number);
        match test {
            Test::Exists => both(format!("{zh}已知"), format!("{en} is known")),
            Test::Missing => both(format!("{zh}未知"), format!("{en} is not known")),
            Test::Number(cmp, number) => {
                both(format!("{zh}{} {}", sign(*cmp), n(*number)), format!("{en} {} {}", sign(*cmp), n(*number)))
            }
            Test::NumberBetween(low, high) => both(
                format!("{zh}在 {} 到 {} 之间", n(*low), n(*high)),
                format!("{en} between {} and {}", n(*low), n(*high)),
            ),
            Test::In(list) if list.len() == 1 => {
                both(format!("{zh}是{}", named(list, true)), format!("{en} is {}", named(list, false)))
            }
            Test::In(list) => {
                both(format!("{zh}属于 {}", named(list, true)), format!("{en} is one of {}", named(list, false)))
            }
            Test::NotIn(list) => both(
                format!("{zh}已知且不是 {}", named(list, true)),
                format!("{en} is known and not {}", named(list, false)),
            ),
            Test::Contains(part) => both(format!("{zh}包含“{part}”"), format!("{en} contains “{part}”")),
            Test::StartsWith(part) => both(format!("{zh}以“{part}”开头"), format!("{en} starts with “{part}”")),
            Test::Flag(true) => both(format!("{zh}为是"), format!("{en} is true")),
            Test::Flag(false) => both(format!("{zh}为否"), format!("{en} is false")),
            Test::From(day) => {
                both(format!("{zh}不早于 {}", date_text(*day)), format!("{en} on {} or later", date_text(*day)))
            }
            Test::Before(day) => {
                both(format!("{zh}早于 {}", date_text(*day)), format!("{en} before {}", date_text(*day)))
            }
            Test::Days(from, to) => both(
                format!("{zh}在 {} 至 {}", date_text(*from), date_text(*to)),
                format!("{en} from {} to {}", date_text(*from), date_text(*to)),
            ),
            Test::WithinLast(n) => {
                both(format!("{zh}在近 {n} 天内"), format!("{en} within the last {}", plural(*n, "day")))
            }
            Test::BeforeLast(n) => {
                both(format!("{zh}在 {n} 天以前"), format!("{en} more than {} ago", plural(*n, "day")))
            }
        }
    }

    pub(super) fn number(&self, kind: FieldKind, number: f64) -> String {
        if kind == FieldKind::Money && number.abs() < 9e13 {
            return sentence::money((number * 100.0).round() as i64, self.currency);
        }
        if number.fract() == 0.0 && number.abs() < 9e15 { sentence::count(number as i64) } else { number.to_string() }
    }

    fn measure_test(&self, measure: &Measure, test: &Test) -> Both {
        let (window_zh, window_en) = self.window(&measure.window);
        let (facts_zh, facts_en) = self.facts(measure.of, &measure.filters);
        // How often is said as people say it.
        if let (Agg::Count, Test::Number(cmp, n)) = (&measure.agg, test) {
            let n_text = self.number(FieldKind::Number(0), *n);
            let times = if *n == 1.0 { "once".to_owned() } else { format!("{n_text} times") };
            let (zh, en) = match cmp {
                Cmp::Ge => both(format!("至少 {n_text} 次"), format!("at least {times}")),
                Cmp::Le => both(format!("至多 {n_text} 次"), format!("at most {times}")),
                Cmp::Gt => both(format!("多于 {n_text} 次"), format!("more than {times}")),
                Cmp::Lt => both(format!("少于 {n_text} 次"), format!("less than {times}")),
                Cmp::Ne => both(format!("不是 {n_text} 次"), format!("not {times}")),
                Cmp::Eq if *n == 0.0 => {
                    return both(format!("{window_zh}没有{facts_zh}"), format!("no {facts_en}{window_en}"));
                }
                Cmp::Eq => both(format!("恰好 {n_text} 次"), format!("exactly {times}")),
            };
            return both(format!("{window_zh}{facts_zh}{zh}"), format!("{facts_en} {en}{window_en}"));
        }
        self.test(self.measure(measure), measure.kind(), test, NO_WORDS)
    }

    /// What a measure is.
    pub(super) fn measure(&self, measure: &Measure) -> Both {
        let (window_zh, window_en) = self.window(&measure.window);
        let (facts_zh, facts_en) = self.facts(measure.of, &measure.filters);
        let (name_zh, name_en) = self.aggregate(measure);
        both(format!("{window_zh}{facts_zh}的{name_zh}"), format!("{name_en} of {facts_en}{window_en}"))
    }

    fn aggregate(&self, measure: &Measure) -> Both {
        let label = |name: &str| field_of(measure.of, name).map_or_else(|| both(name, name), |field| field.label);
        let of = |zh: &str, en: &str, name: &str| {
            let (field_zh, field_en) = label(name);
            both(format!("{field_zh}{zh}"), format!("{en} {field_en}"))
        };
        match &measure.agg {
            Agg::Count => both("次数", "number"),
            Agg::Days => both("天数", "number of days"),
            Agg::FirstAt => both("首次时间", "first time"),
            Agg::LastAt => both("最近一次时间", "last time"),
            Agg::Sum(name) => of("合计", "sum of", name),
            Agg::Avg(name) => of("平均", "mean", name),
            Agg::Min(name) => of("最小值", "smallest", name),
            Agg::Max(name) => of("最大值", "largest", name),
            Agg::Distinct(name) => of("种数", "number of different", name),
            Agg::Top(name) => {
                let (zh, en) = label(name);
                both(format!("最常见{zh}"), format!("most frequent {en}"))
            }
            Agg::First(name) => {
                let (zh, en) = label(name);
                both(format!("首次{zh}"), format!("first {en}"))
            }
            Agg::Last(name) => {
                let (zh, en) = label(name);
                both(format!("最近一次{zh}"), format!("last {en}"))
            }
        }
    }

    /// Facts with what they must be. An event is called by its name.
    fn facts(&self, source: Source, filters: &[Filter]) -> Both {
        let mut name = both(source.label().0, source.label().1);
        let mut words: Vec<Both> = Vec::new();
        for filter in filters {
            match &filter.test {
                Test::In(list) if source == Source::Events && filter.field == "event" && !list.is_empty() => {
                    name = both(format!("发生“{}”", list.join("”或“")), format!("event “{}”", list.join("” or “")));
                }
                test => {
                    let field = field_of(source, &filter.field);
                    let label =
                        field.as_ref().map_or_else(|| both(&filter.field, &filter.field), |field| field.label.clone());
                    words.push(self.test(label, field.map_or(FieldKind::Json, |field| field.kind), test, NO_WORDS));
                }
            }
        }
        if words.is_empty() {
            return name;
        }
        let (zh, en): (Vec<String>, Vec<String>) = words.into_iter().unzip();
        both(format!("{}（{}）", name.0, zh.join("，")), format!("{} ({})", name.1, en.join(", ")))
    }

    fn window(&self, window: &Window) -> Both {
        match window {
            Window::Ever => both("", ""),
            Window::Last(n, unit) => {
                let (zh, en) = unit_words(*unit, *n);
                both(format!("近 {n} {zh}"), format!(" in the last {en}"))
            }
            Window::Between(from, to) => both(
                format!("{} 至 {} ", date_text(*from), date_text(*to)),
                format!(" from {} to {}", date_text(*from), date_text(*to)),
            ),
            Window::After(anchor, within) => {
                let (zh, en) = self.facts(anchor.of, &anchor.filters);
                let (which_zh, which_en) = match anchor.which {
                    Which::First => ("首次", "first"),
                    Which::Last => ("最近一次", "last"),
                };
                match within {
                    Some(span) => {
                        let (span_zh, span_en) = span_words(*span);
                        both(
                            format!("{which_zh}{zh}后 {span_zh}内"),
                            format!(" within {span_en} after the {which_en} of {en}"),
                        )
                    }
                    None => both(format!("{which_zh}{zh}之后"), format!(" after the {which_en} of {en}")),
                }
            }
        }
    }

    fn sequence(&self, sequence: &Sequence) -> Both {
        let (window_zh, window_en) = self.window(&sequence.window);
        let mut zh = format!("{window_zh}依次");
        let mut en = String::from("in order: ");
        for (at, step) in sequence.steps.iter().enumerate() {
            let (step_zh, step_en) = self.step(step);
            if at > 0 {
                zh.push_str(" → ");
                en.push_str(", then ");
            }
            zh.push_str(&step_zh);
            en.push_str(&step_en);
        }
        if let Some(span) = sequence.within {
            let (span_zh, span_en) = span_words(span);
            zh.push_str(&format!("（全程 {span_zh}内）"));
            en.push_str(&format!(" (all within {span_en})"));
        }
        en.push_str(&window_en);
        both(zh, en)
    }

    fn step(&self, step: &Step) -> Both {
        let (zh, en) = self.facts(step.of, &step.filters);
        let (not_zh, not_en) = if step.is_absent { ("没有", "no ") } else { ("", "") };
        match step.within {
            None => both(format!("{not_zh}{zh}"), format!("{not_en}{en}")),
            Some(span) => {
                let (span_zh, span_en) = span_words(span);
                both(format!("{span_zh}内{not_zh}{zh}"), format!("{not_en}{en} within {span_en}"))
            }
        }
    }
}

fn sign(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Eq => "=",
        Cmp::Ne => "≠",
        Cmp::Lt => "<",
        Cmp::Le => "≤",
        Cmp::Gt => ">",
        Cmp::Ge => "≥",
    }
}

fn plural(n: i64, word: &str) -> String {
    if n == 1 { format!("{n} {word}") } else { format!("{} {word}s", sentence::count(n)) }
}

fn unit_words(unit: Unit, n: i64) -> (&'static str, String) {
    let zh = match unit {
        Unit::Minute => "分钟",
        Unit::Hour => "小时",
        Unit::Day => "天",
        Unit::Week => "周",
        Unit::Month => "个月",
    };
    (zh, plural(n, unit.as_str()))
}

/// A span of time in words, Chinese and English.
pub fn span_words(span: Span) -> (String, String) {
    let (zh, en) = unit_words(span.unit, span.n);
    both(format!("{} {zh}", span.n), en)
}

/// Labels of kinds of identities and personal fields.
fn identity_label(kind: &str) -> (&str, &str) {
    const KINDS: [(&str, &str, &str); 10] = [
        ("member_id", "会员号", "member number"),
        ("phone", "手机号", "phone"),
        ("email", "邮箱", "e-mail"),
        ("id_number", "身份证号", "ID number"),
        ("unionid", "微信 UnionID", "WeChat UnionID"),
        ("openid", "微信 OpenID", "WeChat OpenID"),
        ("card_no", "会员卡号", "card number"),
        ("device_id", "设备号", "device"),
        ("external_id", "外部编号", "external id"),
        ("anonymous_id", "匿名访客号", "visitor id"),
    ];
    KINDS.iter().chain(&PERSONAL).find(|known| known.0 == kind).map_or((kind, kind), |known| (known.1, known.2))
}
