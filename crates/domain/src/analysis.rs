//! What people do one after another, as questions: funnels, retention, lifecycle, stickiness, paths.
//!
//! Owns the questions as data ([`Spec`]), their checks with places and remedies ([`parse`]), the question as a sentence
//! ([`sentence`]) and what an answer means in words ([`meaning`]). Facts and their filters are those of the segment
//! language. Must not know how facts are read nor how they are counted: the engine does.
//!
//! - **INV-ANALYSIS-1**: a question that parses is printed as JSON that parses to the same question.
//! - **INV-ANALYSIS-2**: every figure of a sentence about an answer is a figure of the answer.

use serde_json::{Map, Value as Json, json};

use crate::audience::{Filter, Source, Span, date_text, filters_json};
use crate::kpi::PeriodKind;
use crate::worded::worded;

pub mod meaning;
mod parse;
mod sentence;

pub use parse::{Kind, parse};
pub use sentence::{sentence, step_words};

/// Steps of a funnel.
pub const MAX_STEPS: usize = 10;
/// Exclusions of a funnel.
pub const MAX_EXCLUSIONS: usize = 5;
/// Periods of a table of retention.
pub const MAX_PERIODS: i64 = 60;

/// Something people do: facts of a table that pass filters.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Facts of.
    pub of: Source,
    /// That pass all of these.
    pub filters: Vec<Filter>,
    /// What it is called; the facts in words when absent.
    pub name: Option<String>,
}

impl Step {
    fn to_json(&self) -> Map<String, Json> {
        let mut json = Map::from_iter([("of".to_owned(), json!(self.of.as_str()))]);
        if !self.filters.is_empty() {
            json.insert("where".into(), filters_json(&self.filters));
        }
        if let Some(name) = &self.name {
            json.insert("name".into(), json!(name));
        }
        json
    }
}

/// Whose facts, of which days, what for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// First day (days since 1970); as many days before the last as are usual when absent.
    pub from: Option<i64>,
    /// Last day; the newest day of the data when absent.
    pub to: Option<i64>,
    /// Id of a segment whose members alone count, as its rule says on the last day.
    pub segment: Option<String>,
    /// Code of the purpose: those who may not be used for it are left out and counted.
    pub purpose: Option<String>,
}

impl Scope {
    fn add_to(&self, json: &mut Map<String, Json>) {
        for (key, day) in [("from", self.from), ("to", self.to)] {
            if let Some(day) = day {
                json.insert(key.into(), json!(date_text(day)));
            }
        }
        for (key, text) in [("segment", &self.segment), ("purpose", &self.purpose)] {
            if let Some(text) = text {
                json.insert(key.into(), json!(text));
            }
        }
    }
}

worded! {
    /// How steps follow one another.
    Order {
        /// One after another, with anything between them.
        Ordered "ordered" "有序" "in order",
        /// One directly after another, among the facts of the tables that steps are of.
        Strict "strict" "严格相邻" "directly one after another",
        /// As many as there are within the window.
        Any "any" "任意顺序" "in any order",
        /// As the function windowFunnel of ClickHouse: one fact may fill several steps.
        Clickhouse "clickhouse" "兼容 ClickHouse" "as ClickHouse counts",
    }
}

worded! {
    /// Modes of windowFunnel.
    Mode {
        /// A step that comes again ends the search.
        StrictDeduplication "strict_deduplication" "去重" "strict deduplication",
        /// Any other event ends it.
        StrictOrder "strict_order" "严格顺序" "strict order",
        /// Steps of one time do not follow one another.
        StrictIncrease "strict_increase" "严格递增" "strict increase",
    }
}

worded! {
    /// What goes through a funnel.
    CountBy {
        /// People.
        Person "person" "人" "people",
        /// Sessions of events.
        Session "session" "会话" "sessions",
        /// Orders, by their number.
        Order "order" "订单" "orders",
    }
}

/// What ends an attempt when it happens after one step and before another is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Exclusion {
    /// The facts.
    pub step: Step,
    /// Step (from 0) after which.
    pub after: usize,
    /// Step before which.
    pub before: usize,
}

/// What an answer is taken apart by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A field of the facts.
    Field(String),
    /// A trait of people, as it is.
    Trait(String),
    /// A tag, as it was.
    Tag(String),
    /// A score, as it was.
    Score(String),
    /// Whether they were in a segment.
    Segment(String),
}

impl By {
    /// Its key in JSON, and the name.
    pub fn key(&self) -> (&'static str, &str) {
        match self {
            Self::Field(name) => ("field", name),
            Self::Trait(name) => ("trait", name),
            Self::Tag(name) => ("tag", name),
            Self::Score(name) => ("score", name),
            Self::Segment(name) => ("segment", name),
        }
    }
}

/// Which fact's field is taken of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribution {
    /// That of the first step.
    First,
    /// That of the last step reached.
    Last,
    /// That of a step, from 0; attempts that did not reach it have none.
    Step(usize),
}

/// How an answer is taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breakdown {
    /// By what.
    pub by: By,
    /// Of a field, which fact's.
    pub attribution: Attribution,
}

impl Breakdown {
    fn to_json(&self) -> Json {
        let (key, name) = self.by.key();
        let mut json = Map::from_iter([(key.to_owned(), json!(name))]);
        match self.attribution {
            Attribution::First => {}
            Attribution::Last => drop(json.insert("attribution".into(), json!("last"))),
            Attribution::Step(step) => drop(json.insert("attribution".into(), json!(step + 1))),
        }
        Json::Object(json)
    }
}

/// How far people get through steps, and where they stop.
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    /// Whose, when, what for; attempts begin within the days.
    pub scope: Scope,
    /// Two or more.
    pub steps: Vec<Step>,
    /// From the first step to the last at most.
    pub window: Span,
    /// How they follow one another.
    pub order: Order,
    /// Of [`Order::Clickhouse`].
    pub modes: Vec<Mode>,
    /// Of [`Order::Ordered`].
    pub exclusions: Vec<Exclusion>,
    /// What is counted.
    pub count_by: CountBy,
    /// What it is taken apart by.
    pub breakdown: Option<Breakdown>,
    /// Whether attempts count whose window has not passed yet.
    pub with_incomplete: bool,
}

/// What counts as having come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// In the very period.
    Exact,
    /// In the period or any later one.
    Unbounded,
    /// Within brackets of periods, the end not included.
    Brackets(Vec<(u32, u32)>),
}

/// Who comes back.
#[derive(Clone, Debug, PartialEq)]
pub struct Retention {
    /// Whose, when, what for; cohorts begin within the days.
    pub scope: Scope,
    /// What makes somebody begin.
    pub start: Step,
    /// What counts as coming back.
    pub back: Step,
    /// Whether only the first beginning ever counts.
    pub is_first_time: bool,
    /// How long a period is.
    pub by: PeriodKind,
    /// Whether periods are counted from each one's own beginning, as so many times 24 hours, instead of by the calendar.
    pub is_rolling: bool,
    /// What counts.
    pub measure: Measure,
    /// Periods, the first included.
    pub n_periods: u32,
    /// What cohorts are taken apart by; of a field, the one of the beginning.
    pub breakdown: Option<Breakdown>,
}

/// Who is new, stays, comes back and leaves, by period.
#[derive(Clone, Debug, PartialEq)]
pub struct Lifecycle {
    /// Whose, when, what for.
    pub scope: Scope,
    /// What being there is.
    pub activity: Step,
    /// How long a period is.
    pub by: PeriodKind,
}

/// On how many periods, and how often, people are there.
#[derive(Clone, Debug, PartialEq)]
pub struct Stickiness {
    /// Whose, when, what for.
    pub scope: Scope,
    /// What being there is.
    pub activity: Step,
    /// How long a period is.
    pub by: PeriodKind,
}

/// Where sessions went from an event, or came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Whose, when, what for.
    pub scope: Scope,
    /// Name of the event.
    pub anchor: String,
    /// Whether what came before it is looked at.
    pub is_before: bool,
    /// Steps from the anchor.
    pub depth: usize,
    /// Events shown at each step.
    pub n_kept: usize,
    /// Whether repeated events count each.
    pub with_repeats: bool,
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub enum Spec {
    /// How far people get.
    Funnel(Funnel),
    /// Who comes back.
    Retention(Retention),
    /// Who is new and who leaves.
    Lifecycle(Lifecycle),
    /// How often people are there.
    Stickiness(Stickiness),
    /// Where they go.
    Paths(Paths),
}

worded! {
    /// What somebody's life is at, in a period.
    Life {
        /// There for the first time.
        New "new" "新增" "new",
        /// There, as in the period before.
        Returning "returning" "持续" "returning",
        /// There again after a break.
        Resurrected "resurrected" "回流" "resurrected",
        /// Not there, but in the period before.
        Dormant "dormant" "沉睡" "dormant",
    }
}

impl Spec {
    /// Whose, when, what for.
    pub const fn scope(&self) -> &Scope {
        match self {
            Self::Funnel(one) => &one.scope,
            Self::Retention(one) => &one.scope,
            Self::Lifecycle(one) => &one.scope,
            Self::Stickiness(one) => &one.scope,
            Self::Paths(one) => &one.scope,
        }
    }

    /// Which question.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Funnel(_) => Kind::Funnel,
            Self::Retention(_) => Kind::Retention,
            Self::Lifecycle(_) => Kind::Lifecycle,
            Self::Stickiness(_) => Kind::Stickiness,
            Self::Paths(_) => Kind::Paths,
        }
    }

    /// The question as JSON; [`parse`] reads it.
    pub fn to_json(&self) -> Json {
        let mut json = Map::new();
        let mut put = |key: &str, value: Json| drop(json.insert(key.to_owned(), value));
        match self {
            Self::Funnel(one) => {
                put("steps", one.steps.iter().map(Step::to_json).collect());
                put("window", one.window.to_json());
                put("order", json!(one.order.as_str()));
                if !one.modes.is_empty() {
                    put("modes", one.modes.iter().map(|mode| mode.as_str()).collect());
                }
                let exclusions: Vec<Json> = one.exclusions.iter().map(exclusion_json).collect();
                if !exclusions.is_empty() {
                    put("exclusions", Json::Array(exclusions));
                }
                put("count_by", json!(one.count_by.as_str()));
                if let Some(breakdown) = &one.breakdown {
                    put("breakdown", breakdown.to_json());
                }
                if one.with_incomplete {
                    put("with_incomplete", json!(true));
                }
            }
            Self::Retention(one) => {
                put("start", Json::Object(one.start.to_json()));
                put("back", Json::Object(one.back.to_json()));
                put("first_time", json!(one.is_first_time));
                put("by", json!(one.by.as_str()));
                put("rolling", json!(one.is_rolling));
                match &one.measure {
                    Measure::Exact => put("measure", json!("exact")),
                    Measure::Unbounded => put("measure", json!("unbounded")),
                    Measure::Brackets(brackets) => put("brackets", json!(brackets)),
                }
                put("periods", json!(one.n_periods));
                if let Some(breakdown) = &one.breakdown {
                    put("breakdown", breakdown.to_json());
                }
            }
            Self::Lifecycle(Lifecycle { activity, by, .. }) | Self::Stickiness(Stickiness { activity, by, .. }) => {
                put("activity", Json::Object(activity.to_json()));
                put("by", json!(by.as_str()));
            }
            Self::Paths(one) => {
                put("anchor", json!(one.anchor));
                put("direction", json!(if one.is_before { "before" } else { "after" }));
                put("depth", json!(one.depth));
                put("kept", json!(one.n_kept));
                if one.with_repeats {
                    put("with_repeats", json!(true));
                }
            }
        }
        self.scope().add_to(&mut json);
        Json::Object(json)
    }
}

fn exclusion_json(one: &Exclusion) -> Json {
    let mut json = one.step.to_json();
    json.insert("after".into(), json!(one.after + 1));
    json.insert("before".into(), json!(one.before + 1));
    Json::Object(json)
}
