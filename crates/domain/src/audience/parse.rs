//! Reading rules: every mistake is told with its place, in both languages, with what to write instead.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::field::{Field, FieldKind, SCORES, Source, TRAITS, field_of, fields_of, score_of, trait_of};
use super::measure::{Agg, Anchor, Filter, Measure, Span, Unit, Which, Window};
use super::rule::{ConsentState, Leaf, MAX_DEPTH, MAX_LEAVES, Rule};
use super::sequence::{Sequence, Step};
use super::test::{Cmp, Test, day_text};
use crate::import::entity::IdentityKind;

/// Personal fields whose presence can be asked for, beside the kinds of identities.
pub(super) const PERSONAL: [(&str, &str, &str); 3] =
    [("name", "姓名", "name"), ("address", "地址", "address"), ("birthday", "生日", "birthday")];

/// One mistake in a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where, as a JSON pointer into the rule.
    pub pointer: String,
    /// What kind of mistake: shape, unknown, type, range, too_large.
    pub kind: &'static str,
    /// What, and what to write instead, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

/// What exists and can be named.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Tags.
    pub tags: Vec<String>,
    /// Segments by id, except those that must not be named because they depend on this one.
    pub segments: Vec<String>,
}

/// Reads a rule.
///
/// **Errors**: every mistake, in the order of the text.
pub fn parse(json: &Json, names: &Names) -> Result<Rule, Vec<Problem>> {
    let mut reader = Reader::new(names, false);
    let rule = reader.rule(json, "", 0);
    finish(reader, rule)
}

pub(crate) fn finish<T>(reader: Reader<'_>, read: Option<T>) -> Result<T, Vec<Problem>> {
    match read {
        Some(read) if reader.problems.is_empty() => Ok(read),
        _ => Err(reader.problems),
    }
}

pub(crate) struct Reader<'a> {
    names: &'a Names,
    pub(crate) problems: Vec<Problem>,
    n_leaves: usize,
    /// Whether rules are for tags, which name no tags or segments.
    is_for_tag: bool,
}

pub(crate) type Object = Map<String, Json>;

const LEAVES: [&str; 8] = ["trait", "tag", "score", "identity", "consent", "segment", "measure", "sequence"];
const GROUPS: [&str; 3] = ["all", "any", "none"];
/// Longest list of values.
const MAX_VALUES: usize = 1000;
/// Longest span of days that makes sense: a century.
const MAX_DAYS: i64 = 36_525;

impl<'a> Reader<'a> {
    pub(crate) const fn new(names: &'a Names, is_for_tag: bool) -> Self {
        Self { names, problems: Vec::new(), n_leaves: 0, is_for_tag }
    }

    pub(crate) fn fail<T>(
        &mut self,
        pointer: &str,
        kind: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Option<T> {
        self.problems.push(Problem { pointer: pointer.to_owned(), kind, zh: zh.into(), en: en.into() });
        None
    }

    /// Something that is not among what there is; names the nearest.
    pub(crate) fn unknown<T>(
        &mut self,
        pointer: &str,
        (zh, en): (&str, &str),
        given: &str,
        known: &[&str],
    ) -> Option<T> {
        let given_short: String = given.chars().take(60).collect();
        let (hint_zh, hint_en) = match nearest(given, known) {
            Some(near) => (format!("是不是 {near:?}？"), format!("did you mean {near:?}?")),
            None if known.is_empty() => ("目前一个都没有".to_owned(), "there is none yet".to_owned()),
            None => {
                let some = known.iter().take(12).copied().collect::<Vec<_>>().join(", ");
                (format!("可用的有：{some}"), format!("there are: {some}"))
            }
        };
        self.fail(
            pointer,
            "unknown",
            format!("没有这个{zh} {given_short:?}：{hint_zh}"),
            format!("unknown {en} {given_short:?}: {hint_en}"),
        )
    }

    /// What exists and can be named.
    pub(crate) const fn names(&self) -> &'a Names {
        self.names
    }

    pub(crate) fn object<'j>(&mut self, json: &'j Json, pointer: &str) -> Option<&'j Object> {
        match json.as_object() {
            Some(object) => Some(object),
            None => self.fail(pointer, "shape", "这里应当是一个 JSON 对象 {…}", "a JSON object {…} is expected here"),
        }
    }

    pub(crate) fn only(&mut self, object: &Object, pointer: &str, allowed: &[&str]) {
        for key in object.keys().filter(|key| !allowed.contains(&key.as_str())) {
            self.unknown::<()>(&join(pointer, key), ("键", "key"), key, allowed);
        }
    }

    pub(crate) fn text<'j>(&mut self, object: &'j Object, key: &str, pointer: &str) -> Option<&'j str> {
        match object.get(key).and_then(Json::as_str) {
            Some(text) if !text.is_empty() && text.len() <= 500 => Some(text),
            _ => self.fail(
                &join(pointer, key),
                "type",
                format!("{key} 应当是非空文本（最长 500 字节）"),
                format!("{key} must be text, not empty, of 500 bytes at most"),
            ),
        }
    }

    pub(crate) fn rule(&mut self, json: &Json, pointer: &str, depth: usize) -> Option<Rule> {
        let object = self.object(json, pointer)?;
        if depth > MAX_DEPTH {
            return self.fail(
                pointer,
                "too_large",
                format!("条件组最多嵌套 {MAX_DEPTH} 层：请拆成另一个分群再引用"),
                format!("groups may be nested {MAX_DEPTH} deep: make another segment and name it"),
            );
        }
        let found: Vec<&str> = GROUPS.iter().chain(&LEAVES).copied().filter(|key| object.contains_key(*key)).collect();
        match found[..] {
            [key] if GROUPS.contains(&key) => {
                self.only(object, pointer, &[key]);
                let place = join(pointer, key);
                let Some(list) = object[key].as_array() else {
                    return self.fail(&place, "type", "条件组应当是一个列表 […]", "a group is a list […]");
                };
                if list.is_empty() && !(depth == 0 && key == "all") {
                    return self.fail(
                        &place,
                        "shape",
                        "条件组是空的：添加条件，或删掉这个组",
                        "the group is empty: add a condition or remove it",
                    );
                }
                let mut rules = Vec::with_capacity(list.len());
                for (at, json) in list.iter().enumerate() {
                    // All mistakes are told, not only the first.
                    rules.extend(self.rule(json, &format!("{place}/{at}"), depth + 1));
                }
                Some(match key {
                    "all" => Rule::All(rules),
                    "any" => Rule::Any(rules),
                    _ => Rule::None(rules),
                })
            }
            [_] => {
                self.n_leaves += 1;
                if self.n_leaves == MAX_LEAVES + 1 {
                    self.fail::<()>(
                        pointer,
                        "too_large",
                        format!("一条规则最多 {MAX_LEAVES} 个条件：请拆成几个分群"),
                        format!("a rule has {MAX_LEAVES} conditions at most: split it into segments"),
                    );
                }
                self.leaf(object, found[0], pointer).map(Rule::Is)
            }
            [] => {
                let known: Vec<&str> = GROUPS.iter().chain(&LEAVES).copied().collect();
                match object.keys().next() {
                    Some(key) => self.unknown(&join(pointer, key), ("条件", "condition"), key, &known),
                    None => self.fail(
                        pointer,
                        "shape",
                        format!("条件是空的：写上 {} 之一", known.join("、")),
                        format!("the condition is empty: write one of {}", known.join(", ")),
                    ),
                }
            }
            _ => self.fail(
                pointer,
                "shape",
                format!("一个条件只能是一种，这里同时写了 {}：拆成几个条件", found.join("、")),
                format!("a condition is of one kind, here are {}: make several conditions", found.join(", ")),
            ),
        }
    }

    fn leaf(&mut self, object: &Object, key: &str, pointer: &str) -> Option<Leaf> {
        let named = |name: &str| join(pointer, name);
        match key {
            "tag" | "segment" if self.is_for_tag => self.fail(
                &named(key),
                "shape",
                "标签的规则不能引用标签或分群：请直接写条件",
                "the rule of a tag names no tags or segments: write the conditions themselves",
            ),
            "trait" => {
                self.only(object, pointer, &[key, "op", "value"]);
                let name = self.text(object, key, pointer)?;
                let Some(field) = trait_of(name) else {
                    let known: Vec<&str> = TRAITS.iter().map(|(name, ..)| *name).chain(["traits.…"]).collect();
                    return self.unknown(&named(key), ("属性", "trait"), name, &known);
                };
                Some(Leaf::Trait(name.to_owned(), self.test(object, &field, pointer)?))
            }
            "tag" => {
                self.only(object, pointer, &[key, "op", "value"]);
                let name = self.text(object, key, pointer)?;
                if !self.names.tags.iter().any(|known| known == name) {
                    let known: Vec<&str> = self.names.tags.iter().map(String::as_str).collect();
                    return self.unknown(&named(key), ("标签", "tag"), name, &known);
                }
                let label = (name.to_owned(), name.to_owned());
                let field = Field { name: name.to_owned(), kind: FieldKind::Json, label };
                Some(Leaf::Tag(name.to_owned(), self.test(object, &field, pointer)?))
            }
            "score" => {
                self.only(object, pointer, &[key, "op", "value"]);
                let name = self.text(object, key, pointer)?;
                let Some(score) = score_of(name) else {
                    let known: Vec<&str> = SCORES.iter().map(|score| score.name).collect();
                    return self.unknown(&named(key), ("评分", "score"), name, &known);
                };
                let label = (score.label.0.to_owned(), score.label.1.to_owned());
                let field = Field { name: name.to_owned(), kind: score.kind, label };
                let test = self.test(object, &field, pointer)?;
                if let (false, Test::In(list) | Test::NotIn(list)) = (score.values.is_empty(), &test) {
                    let known: Vec<&str> = score.values.iter().map(|value| value.0).collect();
                    for value in list.iter().filter(|value| !known.contains(&value.as_str())) {
                        self.unknown::<()>(&named("value"), ("取值", "value"), value, &known);
                    }
                }
                Some(Leaf::Score(name.to_owned(), test))
            }
            "identity" => {
                self.only(object, pointer, &[key, "op"]);
                let kind = self.text(object, key, pointer)?;
                let known: Vec<&str> =
                    IdentityKind::ALL.iter().map(|kind| kind.as_str()).chain(PERSONAL.map(|field| field.0)).collect();
                if !known.contains(&kind) {
                    return self.unknown(&named(key), ("身份类型", "kind of identity"), kind, &known);
                }
                let has = self.one_of(object, "op", pointer, &["exists", "missing"])? == 0;
                Some(Leaf::Identity(kind.to_owned(), has))
            }
            "consent" => {
                self.only(object, pointer, &[key, "op"]);
                let purpose = self.text(object, key, pointer)?.to_owned();
                let states = ConsentState::ALL.map(ConsentState::as_str);
                let state = ConsentState::ALL[self.one_of(object, "op", pointer, &states)?];
                Some(Leaf::Consent(purpose, state))
            }
            "segment" => {
                self.only(object, pointer, &[key, "op"]);
                let id = self.text(object, key, pointer)?;
                if !self.names.segments.iter().any(|known| known == id) {
                    let known: Vec<&str> = self.names.segments.iter().map(String::as_str).collect();
                    return self.unknown(&named(key), ("可引用的分群", "segment that can be named here"), id, &known);
                }
                let is_in = self.one_of(object, "op", pointer, &["in", "not_in"])? == 0;
                Some(Leaf::Member(id.to_owned(), is_in))
            }
            "measure" => {
                self.only(object, pointer, &[key, "op", "value"]);
                let measure = self.measure(&object[key], &named(key))?;
                let label = (String::from("度量值"), String::from("the measure"));
                let field = Field { name: String::from("measure"), kind: measure.kind(), label };
                let test = self.test(object, &field, pointer)?;
                Some(Leaf::Measure(measure, test))
            }
            _ => {
                self.only(object, pointer, &[key]);
                self.sequence(&object[key], &named(key)).map(Leaf::Sequence)
            }
        }
    }

    /// The position of a word in a list.
    pub(crate) fn one_of(&mut self, object: &Object, key: &str, pointer: &str, allowed: &[&str]) -> Option<usize> {
        let text = self.text(object, key, pointer)?;
        match allowed.iter().position(|known| *known == text) {
            Some(at) => Some(at),
            None => self.unknown(&join(pointer, key), ("取值", "word"), text, allowed),
        }
    }

    pub(crate) fn source(&mut self, object: &Object, pointer: &str) -> Option<Source> {
        let names = Source::ALL.map(Source::as_str);
        self.one_of(object, "of", pointer, &names).map(|at| Source::ALL[at])
    }

    pub(crate) fn field(&mut self, source: Source, name: &str, pointer: &str) -> Option<Field> {
        if let Some(field) = field_of(source, name) {
            return Some(field);
        }
        let fields = fields_of(source);
        let json = source.json().map(|(_, before)| format!("{before}…"));
        let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).chain(json.as_deref()).collect();
        self.unknown(pointer, ("字段", "field"), name, &known)
    }

    pub(crate) fn filters(&mut self, source: Source, object: &Object, pointer: &str) -> Option<Vec<Filter>> {
        let Some(json) = object.get("where") else { return Some(Vec::new()) };
        let place = join(pointer, "where");
        let Some(list) = json.as_array() else {
            return self.fail(&place, "type", "where 应当是一个列表 […]", "where is a list […]");
        };
        let mut filters = Vec::with_capacity(list.len());
        for (at, json) in list.iter().enumerate() {
            let place = format!("{place}/{at}");
            let Some(object) = self.object(json, &place) else { continue };
            self.only(object, &place, &["field", "op", "value"]);
            let Some(name) = self.text(object, "field", &place) else { continue };
            let Some(field) = self.field(source, name, &join(&place, "field")) else { continue };
            let Some(test) = self.test(object, &field, &place) else { continue };
            filters.push(Filter { field: name.to_owned(), test });
        }
        (filters.len() == list.len()).then_some(filters)
    }

    pub(super) fn measure(&mut self, json: &Json, pointer: &str) -> Option<Measure> {
        let object = self.object(json, pointer)?;
        self.only(object, pointer, &["of", "where", "agg", "column", "window"]);
        let of = self.source(object, pointer)?;
        let filters = self.filters(of, object, pointer);
        let window = self.window(object, pointer, true);
        const AGGS: [&str; 10] = ["count", "days", "sum", "avg", "min", "max", "first", "last", "distinct", "top"];
        let agg = if object.contains_key("agg") { self.one_of(object, "agg", pointer, &AGGS)? } else { 0 };
        let name = AGGS[agg];
        let column = match object.get("column") {
            None => None,
            Some(_) => Some(self.text(object, "column", pointer)?),
        };
        let place = join(pointer, "column");
        let agg = match (name, column) {
            ("count", None) => Agg::Count,
            ("days", None) => Agg::Days,
            ("first", None) => Agg::FirstAt,
            ("last", None) => Agg::LastAt,
            ("count" | "days", Some(_)) => {
                return self.fail(
                    &place,
                    "shape",
                    format!("{name} 不需要 column：删掉它，或改用 distinct、sum"),
                    format!("{name} takes no column: remove it, or use distinct or sum"),
                );
            }
            (_, None) => {
                return self.fail(
                    &place,
                    "shape",
                    format!("{name} 需要 column：写上要计算的字段"),
                    format!("{name} needs a column: name the field to compute from"),
                );
            }
            (name, Some(column)) => {
                let field = self.field(of, column, &place)?;
                let adds = matches!(name, "sum" | "avg");
                let compares = matches!(name, "min" | "max");
                let is_time = matches!(field.kind, FieldKind::Day | FieldKind::Instant);
                if (adds && !field.kind.is_number()) || (compares && !field.kind.is_number() && !is_time) {
                    return self.fail(
                        &place,
                        "type",
                        format!("{column} 不是数值，不能用 {name}"),
                        format!("{column} holds no numbers: {name} cannot be taken of it"),
                    );
                }
                if !adds && !compares && !matches!(field.kind, FieldKind::Text | FieldKind::Json) {
                    return self.fail(
                        &place,
                        "type",
                        format!("{name} 只能用于文本字段；数值请用 min、max、sum 或 avg"),
                        format!("{name} is taken of text; of numbers use min, max, sum or avg"),
                    );
                }
                let column = column.to_owned();
                match name {
                    "sum" => Agg::Sum(column),
                    "avg" => Agg::Avg(column),
                    "min" => Agg::Min(column),
                    "max" => Agg::Max(column),
                    "first" => Agg::First(column),
                    "last" => Agg::Last(column),
                    "distinct" => Agg::Distinct(column),
                    _ => Agg::Top(column),
                }
            }
        };
        Some(Measure { of, filters: filters?, window: window?, agg })
    }

    fn window(&mut self, object: &Object, pointer: &str, may_follow: bool) -> Option<Window> {
        let Some(json) = object.get("window") else { return Some(Window::Ever) };
        let place = join(pointer, "window");
        let object = self.object(json, &place)?;
        if object.contains_key("last") {
            self.only(object, &place, &["last", "unit"]);
            let n = self.whole(object, "last", &place, 1, MAX_DAYS)?;
            let units = [Unit::Day, Unit::Week, Unit::Month];
            let unit = self.one_of(object, "unit", &place, &units.map(Unit::as_str))?;
            return Some(Window::Last(n, units[unit]));
        }
        if object.contains_key("from") || object.contains_key("to") {
            self.only(object, &place, &["from", "to"]);
            let (from, to) = (self.day(object, "from", &place)?, self.day(object, "to", &place)?);
            if from > to {
                return self.fail(&place, "range", "from 晚于 to：请对调", "from is later than to: exchange them");
            }
            return Some(Window::Between(from, to));
        }
        if object.contains_key("after") && may_follow {
            self.only(object, &place, &["after", "within"]);
            let inner = join(&place, "after");
            let after = self.object(&object["after"], &inner)?;
            self.only(after, &inner, &["of", "where", "which"]);
            let of = self.source(after, &inner)?;
            let filters = self.filters(of, after, &inner)?;
            let which = [Which::First, Which::Last][self.one_of(after, "which", &inner, &["first", "last"])?];
            let within = self.span(object, &place)?;
            return Some(Window::After(Box::new(Anchor { of, filters, which }), within));
        }
        let (zh, en) = if may_follow {
            ("时间窗口写 last + unit、from + to，或 after", "a window has last and unit, from and to, or after")
        } else {
            ("时间窗口写 last + unit，或 from + to", "a window has last and unit, or from and to")
        };
        self.fail(&place, "shape", zh, en)
    }

    fn span(&mut self, object: &Object, pointer: &str) -> Option<Option<Span>> {
        self.span_at(object, "within", pointer)
    }

    /// A span of time under a key; none when the key is missing.
    pub(crate) fn span_at(&mut self, object: &Object, key: &str, pointer: &str) -> Option<Option<Span>> {
        let Some(json) = object.get(key) else { return Some(None) };
        let place = join(pointer, key);
        let object = self.object(json, &place)?;
        self.only(object, &place, &["n", "unit"]);
        let units = [Unit::Minute, Unit::Hour, Unit::Day, Unit::Week];
        let n = self.whole(object, "n", &place, 1, 1_000_000)?;
        let unit = self.one_of(object, "unit", &place, &units.map(Unit::as_str))?;
        Some(Some(Span { n, unit: units[unit] }))
    }

    fn sequence(&mut self, json: &Json, pointer: &str) -> Option<Sequence> {
        let object = self.object(json, pointer)?;
        self.only(object, pointer, &["steps", "within", "window"]);
        let window = self.window(object, pointer, false);
        let within = self.span(object, pointer);
        let place = join(pointer, "steps");
        let list = match object.get("steps").and_then(Json::as_array) {
            Some(list) if (2..=10).contains(&list.len()) => list,
            _ => return self.fail(&place, "shape", "序列需要 2 到 10 个步骤", "a sequence has 2 to 10 steps"),
        };
        let mut steps = Vec::with_capacity(list.len());
        for (at, json) in list.iter().enumerate() {
            let place = format!("{place}/{at}");
            let Some(object) = self.object(json, &place) else { continue };
            self.only(object, &place, &["of", "where", "within", "absent"]);
            let Some(of) = self.source(object, &place) else { continue };
            let Some(filters) = self.filters(of, object, &place) else { continue };
            let Some(within) = self.span(object, &place) else { continue };
            let is_absent = match object.get("absent") {
                None | Some(Json::Bool(false)) => false,
                Some(Json::Bool(true)) => true,
                Some(_) => {
                    self.fail::<()>(
                        &join(&place, "absent"),
                        "type",
                        "absent 应当是 true 或 false",
                        "absent is true or false",
                    );
                    continue;
                }
            };
            if at == 0 && within.is_some() {
                self.fail::<()>(
                    &join(&place, "within"),
                    "shape",
                    "第一步之前没有步骤：把 within 写在后面的步骤上",
                    "no step comes before the first: put within on a later one",
                );
            }
            if is_absent && (at + 1 < list.len() || within.is_none()) {
                self.fail::<()>(
                    &join(&place, "absent"),
                    "shape",
                    "只有最后一步可以是“没有发生”，并且要写 within",
                    "only the last step can be absent, and it needs within",
                );
            }
            steps.push(Step { of, filters, within, is_absent });
        }
        (steps.len() == list.len()).then_some(Sequence { steps, within: within?, window: window? })
    }

    pub(crate) fn whole(&mut self, object: &Object, key: &str, pointer: &str, low: i64, high: i64) -> Option<i64> {
        match object.get(key).and_then(Json::as_i64) {
            Some(n) if (low..=high).contains(&n) => Some(n),
            _ => self.fail(
                &join(pointer, key),
                "range",
                format!("{key} 应当是 {low} 到 {high} 的整数"),
                format!("{key} must be a whole number from {low} to {high}"),
            ),
        }
    }

    pub(crate) fn day(&mut self, object: &Object, key: &str, pointer: &str) -> Option<i64> {
        let place = join(pointer, key);
        self.day_of(object.get(key), &place)
    }

    fn day_of(&mut self, json: Option<&Json>, place: &str) -> Option<i64> {
        let text = json.and_then(Json::as_str).filter(|text| text.len() == 10);
        match text.and_then(day_text) {
            Some(day) => Some(day),
            None => self.fail(place, "type", "应当是日期，例如 \"2026-03-31\"", "a day is expected, as \"2026-03-31\""),
        }
    }

    /// The test of a condition, as far as what it looks at allows.
    fn test(&mut self, object: &Object, field: &Field, pointer: &str) -> Option<Test> {
        let kind = field.kind;
        let place = join(pointer, "value");
        let value = object.get("value");
        let (is_text, is_number) = (matches!(kind, FieldKind::Text | FieldKind::Json), kind.is_number());
        let is_time = matches!(kind, FieldKind::Day | FieldKind::Instant | FieldKind::Json);
        let mut ops = vec!["exists", "missing"];
        if is_text {
            ops.extend(["eq", "ne", "in", "not_in", "contains", "starts_with"]);
        }
        if is_number {
            ops.extend(["eq", "ne", "lt", "le", "gt", "ge", "between"]);
        }
        if is_time {
            ops.extend(["from", "before", "between", "within_last", "before_last"]);
        }
        if kind == FieldKind::Flag {
            ops.push("eq");
        }
        ops.sort_unstable();
        ops.dedup();
        let op = ops[self.one_of(object, "op", pointer, &ops)?];
        match op {
            "exists" | "missing" => {
                if value.is_some() {
                    return self.fail(
                        &place,
                        "shape",
                        format!("{op} 不需要 value：删掉它"),
                        format!("{op} takes no value: remove it"),
                    );
                }
                Some(if op == "exists" { Test::Exists } else { Test::Missing })
            }
            "within_last" | "before_last" => {
                let n = self.whole(object, "value", pointer, 1, MAX_DAYS)?;
                Some(if op == "within_last" { Test::WithinLast(n) } else { Test::BeforeLast(n) })
            }
            "from" => self.day_of(value, &place).map(Test::From),
            "before" => self.day_of(value, &place).map(Test::Before),
            "between" => {
                let Some([low, high]) = value.and_then(Json::as_array).map(Vec::as_slice) else {
                    return self.fail(
                        &place,
                        "type",
                        "between 的 value 应当是两个值的列表 [小, 大]",
                        "between takes a list of two values [low, high]",
                    );
                };
                let test = match (is_number, low.as_f64().zip(high.as_f64())) {
                    (true, Some((low, high))) => (low <= high).then_some(Test::NumberBetween(low, high)),
                    _ if is_time => {
                        let low = self.day_of(Some(low), &format!("{place}/0"))?;
                        let high = self.day_of(Some(high), &format!("{place}/1"))?;
                        (low <= high).then_some(Test::Days(low, high))
                    }
                    _ => {
                        return self.fail(
                            &place,
                            "type",
                            "between 的两个值应当是数字",
                            "the two values of between must be numbers",
                        );
                    }
                };
                match test {
                    Some(test) => Some(test),
                    None => self.fail(
                        &place,
                        "range",
                        "第一个值大于第二个：请对调",
                        "the first value is larger than the second: exchange them",
                    ),
                }
            }
            "in" | "not_in" => {
                let list = value.and_then(Json::as_array).filter(|list| (1..=MAX_VALUES).contains(&list.len()));
                let texts: Option<Vec<String>> =
                    list.and_then(|list| list.iter().map(|value| value.as_str().map(str::to_owned)).collect());
                match texts {
                    Some(texts) if op == "in" => Some(Test::In(texts)),
                    Some(texts) => Some(Test::NotIn(texts)),
                    None => self.fail(
                        &place,
                        "type",
                        format!("{op} 的 value 应当是 1 到 {MAX_VALUES} 个文本的列表 [\"…\"]"),
                        format!("{op} takes a list of 1 to {MAX_VALUES} texts [\"…\"]"),
                    ),
                }
            }
            "contains" | "starts_with" => {
                let text = self.text(object, "value", pointer)?.to_owned();
                Some(if op == "contains" { Test::Contains(text) } else { Test::StartsWith(text) })
            }
            op => match value {
                Some(Json::Bool(flag)) if op == "eq" && matches!(kind, FieldKind::Flag | FieldKind::Json) => {
                    Some(Test::Flag(*flag))
                }
                Some(Json::String(text)) if is_text && op == "eq" => Some(Test::In(vec![text.clone()])),
                Some(Json::String(text)) if is_text && op == "ne" => Some(Test::NotIn(vec![text.clone()])),
                Some(Json::Number(number)) if is_number => {
                    let cmp = Cmp::ALL.into_iter().find(|cmp| cmp.as_str() == op)?;
                    number.as_f64().map(|number| Test::Number(cmp, number))
                }
                _ => {
                    let (zh, en) = match kind {
                        FieldKind::Text => ("文本", "text"),
                        FieldKind::Flag => ("true 或 false", "true or false"),
                        FieldKind::Json => ("文本、数字或 true/false", "text, a number, or true or false"),
                        _ => ("数字", "a number"),
                    };
                    self.fail(
                        &place,
                        "type",
                        format!("{} 的 value 应当是{zh}", field.label.0),
                        format!("the value for {} must be {en}", field.label.1),
                    )
                }
            },
        }
    }
}

pub(crate) fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The known name that is nearest to what was written, when it is near at all.
fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let given: Vec<char> = given.chars().take(60).flat_map(char::to_lowercase).collect();
    let near = known.iter().map(|name| (distance(&given, &name.chars().collect::<Vec<_>>()), *name)).min()?;
    (near.0 <= given.len().div_ceil(3).min(4)).then_some(near.1)
}

/// Letters to add, drop or change.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (at, letter) in left.iter().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (to, other) in right.iter().enumerate() {
            let changed = corner + usize::from(letter != other);
            corner = row[to + 1];
            row[to + 1] = changed.min(corner + 1).min(row[to] + 1);
        }
    }
    row[right.len()]
}
