//! `zhike analyze`: funnels, retention, lifecycle, stickiness, paths, and the people behind a number; goods stand in `goods`, campaigns in
//! `campaigns`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value as Json, json};
use zhike_domain::analysis::{Kind, Spec};
use zhike_engine::Ctx;
use zhike_engine::analysis::{people, read, save};

use super::campaigns::{Campaigns, Of};
use super::goods::{Baskets, Needs, Next, Recommend};
use super::kpi::print_columns;
use super::moments::SendTime;
use super::people::{kept, listed};
use super::satisfaction::Satisfaction;
use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::analysis::{
    AnalysisHead, AnalysisPart, CohortGroupBody, PathNode, funnel_body, lifecycle_body, part, paths_body,
    retention_body, stickiness_body,
};
use crate::output::{percent, print_json, print_rows, told};

/// What people do one after another.
#[derive(Subcommand)]
pub(super) enum Analyze {
    /// How far people get through steps, and where they stop.
    Funnel {
        /// What people do: event:view, order, 'order[channel=app,net_amount>=100]', item, contact:complaint, feedback.
        #[arg(long = "step", value_name = "STEP")]
        steps: Vec<String>,
        /// From the first step to the last at most: 30m, 12h, 7d, 2w.
        #[arg(long, default_value = "7d")]
        window: String,
        /// ordered, strict, any, clickhouse.
        #[arg(long, default_value = "ordered")]
        order: String,
        /// person, session, order.
        #[arg(long, default_value = "person")]
        count_by: String,
        /// Ends an attempt between two steps: '1-2:event:cancel'.
        #[arg(long = "exclude", value_name = "FROM-TO:STEP")]
        exclusions: Vec<String>,
        /// Take apart by field:NAME, trait:NAME, tag:NAME, score:NAME or segment:ID.
        #[arg(long, value_name = "BY")]
        breakdown: Option<String>,
        /// Of a field, which fact's: first, last, or the number of a step.
        #[arg(long, requires = "breakdown")]
        attribution: Option<String>,
        /// Count attempts too whose window has not passed.
        #[arg(long)]
        with_incomplete: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Who comes back, by when they began.
    Retention {
        /// What makes somebody begin, as the steps of a funnel.
        #[arg(long, value_name = "STEP")]
        start: Option<String>,
        /// What counts as coming back; the same as the beginning when absent.
        #[arg(long, value_name = "STEP")]
        back: Option<String>,
        /// Only those who began for the first time ever.
        #[arg(long)]
        first_time: bool,
        /// day, week, month, quarter.
        #[arg(long, default_value = "month")]
        by: String,
        /// Periods of so many times 24 hours from each one's beginning, instead of the calendar's.
        #[arg(long)]
        rolling: bool,
        /// exact, unbounded.
        #[arg(long, default_value = "exact")]
        measure: String,
        /// Brackets of periods, the end not included: 1-4,4-8.
        #[arg(long)]
        brackets: Option<String>,
        /// Periods, the first included.
        #[arg(long)]
        periods: Option<i64>,
        /// As of a funnel.
        #[arg(long, value_name = "BY")]
        breakdown: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Who is new, stays, comes back and leaves, by period.
    Lifecycle {
        /// What being there is, as the steps of a funnel.
        #[arg(long, value_name = "STEP")]
        activity: Option<String>,
        /// day, week, month, quarter.
        #[arg(long, default_value = "month")]
        by: String,
        #[command(flatten)]
        common: Common,
    },
    /// On how many periods, and how often, people are there.
    Stickiness {
        /// What being there is, as the steps of a funnel.
        #[arg(long, value_name = "STEP")]
        activity: Option<String>,
        /// day, week, month, quarter.
        #[arg(long, default_value = "day")]
        by: String,
        #[command(flatten)]
        common: Common,
    },
    /// Where sessions went from an event, or came from.
    Paths {
        /// Name of the event.
        #[arg(long, value_name = "EVENT")]
        anchor: Option<String>,
        /// What came before it, instead of after.
        #[arg(long)]
        before: bool,
        /// Steps from the event.
        #[arg(long, default_value_t = 3)]
        depth: i64,
        /// Events shown at each step.
        #[arg(long, default_value_t = 5)]
        kept: i64,
        #[command(flatten)]
        common: Common,
    },
    /// What is bought together.
    Baskets(Baskets),
    /// What is bought next.
    Next(Next),
    /// When and by which channel customers answer, and whether choosing the hour helps.
    SendTime(SendTime),
    /// What customers need, as rules; and what those may take next who have not had it.
    Needs(Needs),
    /// What customers will want, and how well that can be told.
    Recommend(Recommend),
    /// Scores of surveys and reviews, what moves them, what became of the dissatisfied.
    Satisfaction(Satisfaction),
    /// What campaigns reached, cost and returned; with --campaign, what one changed and whether it may be stopped.
    Campaigns(Campaigns),
    /// To which channels or campaigns orders are credited, in eight ways.
    Attribution(Campaigns),
    /// Whom a campaign moves more than others.
    Uplift(Campaigns),
    /// What weekly money in channels brought, and how it might be divided.
    Budget(Campaigns),
    /// Coupons: given, used, what was bought with them, who was due anyway.
    Coupons(Campaigns),
}

/// Whose facts of which days, and what for.
#[derive(Args)]
pub(super) struct Whose {
    /// First day; as a rule 365 days before the last when absent.
    #[arg(long, value_name = "DATE")]
    pub(super) from: Option<String>,
    /// Last day; the newest day of the data when absent.
    #[arg(long, value_name = "DATE")]
    pub(super) to: Option<String>,
    /// Members of a segment alone, by its id.
    #[arg(long, value_name = "SEGMENT")]
    pub(super) segment: Option<String>,
    /// Purpose: those who may not be used for it are left out and counted.
    #[arg(long)]
    pub(super) purpose: Option<String>,
}

impl Whose {
    /// What is asked, by its name in a question.
    fn words(&self) -> [(&'static str, &Option<String>); 4] {
        [("from", &self.from), ("to", &self.to), ("segment", &self.segment), ("purpose", &self.purpose)]
    }
}

/// Whose, when, what for, and what is wanted of the answer.
#[derive(Args)]
pub(super) struct Common {
    /// The whole question as a JSON file, instead of flags (docs/guides/insight.md).
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    #[command(flatten)]
    whose: Whose,
    /// The people behind a number instead: '{"step":2,"lost":true}', '{"cohort":"2026-03","column":1}'.
    #[arg(long, value_name = "PART")]
    people: Option<String>,
    /// People at most.
    #[arg(long, default_value_t = 50, requires = "people")]
    limit: usize,
    /// Keep the people behind a number as a segment of this name.
    #[arg(long, value_name = "NAME", requires = "people")]
    save: Option<String>,
}

/// What a command does with an answer.
pub(super) enum Does {
    /// Shows numbers.
    Numbers,
    /// Lists people.
    People,
    /// Makes a segment.
    Saves,
    /// Shows what is known of one customer.
    Person,
}

fn wrong(what: &str, zh: &str, given: &str) -> Failure {
    Failure::new(format!("{given:?}: {what}"), format!("“{given}”：{zh}"))
}

/// A step as JSON: `event:view`, `order[channel=app,net_amount>=100]`.
fn step(text: &str) -> Result<Json, Failure> {
    let bad = || {
        wrong(
            "write a step as event:view, order, 'order[channel=app,net_amount>=100]', item, contact:complaint, feedback",
            "步骤请写成 event:view、order、'order[channel=app,net_amount>=100]'、item、contact:complaint、feedback",
            text,
        )
    };
    let (head, filters) = match text.split_once('[') {
        Some((head, rest)) => (head, Some(rest.strip_suffix(']').ok_or_else(bad)?)),
        None => (text, None),
    };
    let (table, name) = match head.split_once(':') {
        Some((table, name)) => (table, Some(name)),
        None => (head, None),
    };
    let (of, named) = match table.trim() {
        "event" | "events" => ("events", Some("event")),
        "order" | "orders" => ("orders", None),
        "all_orders" => ("all_orders", None),
        "item" | "items" | "order_items" => ("order_items", None),
        "contact" | "interaction" | "interactions" => ("interactions", Some("kind")),
        "feedback" => ("feedback", Some("kind")),
        _ => return Err(bad()),
    };
    let mut list: Vec<Json> = Vec::new();
    if let Some(name) = name {
        let field = named.ok_or_else(bad)?;
        list.push(json!({ "field": field, "op": "eq", "value": name.trim() }));
    }
    const OPS: [(&str, &str); 6] = [(">=", "ge"), ("<=", "le"), ("!=", "ne"), ("=", "eq"), (">", "gt"), ("<", "lt")];
    for filter in filters.into_iter().flat_map(|filters| filters.split(',')).filter(|filter| !filter.trim().is_empty())
    {
        let found = OPS.iter().filter_map(|(sign, op)| Some((filter.find(sign)?, *sign, *op)));
        let (at, sign, op) = found.min_by_key(|(at, sign, _)| (*at, 2 - sign.len())).ok_or_else(bad)?;
        let (field, value) = (filter[..at].trim(), filter[at + sign.len()..].trim());
        let is_number = matches!(op, "ge" | "le" | "gt" | "lt");
        // Whether the field holds numbers is told by the field; texts that look like numbers are quoted.
        let quoted = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
        let value = match (quoted, value.parse::<f64>()) {
            (Some(text), _) => json!(text),
            (None, Ok(number)) if is_number || field.ends_with("amount") => json!(number),
            _ => json!(value),
        };
        list.push(json!({ "field": field, "op": op, "value": value }));
    }
    let mut step = Map::from_iter([("of".to_owned(), json!(of))]);
    if !list.is_empty() {
        step.insert("where".into(), Json::Array(list));
    }
    Ok(Json::Object(step))
}

/// `7d` as JSON.
fn window(text: &str) -> Result<Json, Failure> {
    let bad = || wrong("write a window as 30m, 12h, 7d or 2w", "窗口期请写成 30m、12h、7d 或 2w", text);
    let cut = text.len().saturating_sub(1);
    let (n, unit) = text.split_at_checked(cut).ok_or_else(bad)?;
    let unit = match unit {
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        _ => return Err(bad()),
    };
    let n: i64 = n.parse().map_err(|_| bad())?;
    Ok(json!({ "n": n, "unit": unit }))
}

fn breakdown(text: &str, attribution: Option<&str>) -> Result<Json, Failure> {
    let (key, name) = text.split_once(':').ok_or_else(|| {
        wrong(
            "write field:NAME, trait:NAME, tag:NAME, score:NAME or segment:ID",
            "请写成 field:名称、trait:名称、tag:名称、score:名称 或 segment:编号",
            text,
        )
    })?;
    let mut json = Map::from_iter([(key.to_owned(), json!(name))]);
    if let Some(attribution) = attribution {
        let word = attribution.parse::<i64>().map_or_else(|_| json!(attribution), |step| json!(step));
        json.insert("attribution".into(), word);
    }
    Ok(Json::Object(json))
}

fn exclusion(text: &str) -> Result<Json, Failure> {
    let bad = || wrong("write an exclusion as 1-2:event:cancel", "排除项请写成 1-2:event:cancel", text);
    let (steps, fact) = text.split_once(':').ok_or_else(bad)?;
    let (after, before) = steps.split_once('-').ok_or_else(bad)?;
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| bad());
    let mut json = step(fact)?;
    json["after"] = json!(number(after)?);
    json["before"] = json!(number(before)?);
    Ok(json)
}

fn brackets(text: &str) -> Result<Json, Failure> {
    let bad = || wrong("write brackets as 1-4,4-8", "区间请写成 1-4,4-8", text);
    let pair = |text: &str| {
        let (from, to) = text.split_once('-').ok_or_else(bad)?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| bad());
        Ok(json!([number(from)?, number(to)?]))
    };
    text.split(',').map(pair).collect::<Result<Vec<_>, Failure>>().map(Json::Array)
}

impl Analyze {
    /// Whose and when, of questions about behaviour.
    const fn common(&self) -> Option<(&Common, Kind)> {
        Some(match self {
            Self::Funnel { common, .. } => (common, Kind::Funnel),
            Self::Retention { common, .. } => (common, Kind::Retention),
            Self::Lifecycle { common, .. } => (common, Kind::Lifecycle),
            Self::Stickiness { common, .. } => (common, Kind::Stickiness),
            Self::Paths { common, .. } => (common, Kind::Paths),
            _ => return None,
        })
    }

    /// What it does with the answer.
    pub(super) const fn does(&self) -> Does {
        match self {
            Self::Baskets(baskets) => return baskets.does(),
            Self::Next(next) => return next.does(),
            Self::Needs(needs) => return needs.does(),
            Self::SendTime(asked) => return asked.does(),
            Self::Satisfaction(satisfaction) => return satisfaction.does(),
            Self::Campaigns(asked)
            | Self::Attribution(asked)
            | Self::Uplift(asked)
            | Self::Budget(asked)
            | Self::Coupons(asked) => return asked.does(),
            Self::Recommend(recommend) if recommend.is_of_person() => return Does::Person,
            _ => {}
        }
        match self.common() {
            Some((Common { save: Some(_), .. }, _)) => Does::Saves,
            Some((Common { people: Some(_), .. }, _)) => Does::People,
            _ => Does::Numbers,
        }
    }

    /// The question of the flags.
    fn question(&self, common: &Common) -> Result<Json, Failure> {
        if let Some(file) = &common.spec {
            let text = std::fs::read_to_string(file).map_err(|error| {
                Failure::new(
                    format!("cannot read {}: {error}", file.display()),
                    format!("无法读取 {}：{error}", file.display()),
                )
            })?;
            return serde_json::from_str(&text).map_err(|error| {
                Failure::new(
                    format!("{} is no JSON: {error}", file.display()),
                    format!("{} 不是 JSON：{error}", file.display()),
                )
            });
        }
        let mut json = Map::new();
        let mut put = |key: &str, value: Json| drop(json.insert(key.to_owned(), value));
        match self {
            Self::Funnel {
                steps,
                window: length,
                order,
                count_by,
                exclusions,
                breakdown: by,
                attribution,
                with_incomplete,
                ..
            } => {
                put("steps", Json::Array(steps.iter().map(|text| step(text)).collect::<Result<_, _>>()?));
                put("window", window(length)?);
                put("order", json!(order));
                put("count_by", json!(count_by));
                if !exclusions.is_empty() {
                    let list = exclusions.iter().map(|text| exclusion(text)).collect::<Result<_, _>>()?;
                    put("exclusions", Json::Array(list));
                }
                if let Some(by) = by {
                    put("breakdown", breakdown(by, attribution.as_deref())?);
                }
                if *with_incomplete {
                    put("with_incomplete", json!(true));
                }
            }
            Self::Retention {
                start,
                back,
                first_time,
                by,
                rolling,
                measure,
                brackets: ranges,
                periods,
                breakdown: cut,
                ..
            } => {
                for (key, text) in [("start", start), ("back", back)] {
                    if let Some(text) = text {
                        put(key, step(text)?);
                    }
                }
                put("first_time", json!(first_time));
                put("by", json!(by));
                put("rolling", json!(rolling));
                match ranges {
                    Some(text) => put("brackets", brackets(text)?),
                    None => put("measure", json!(measure)),
                }
                if let Some(periods) = periods {
                    put("periods", json!(periods));
                }
                if let Some(cut) = cut {
                    put("breakdown", breakdown(cut, None)?);
                }
            }
            Self::Lifecycle { activity, by, .. } | Self::Stickiness { activity, by, .. } => {
                if let Some(text) = activity {
                    put("activity", step(text)?);
                }
                put("by", json!(by));
            }
            Self::Paths { anchor, before, depth, kept, .. } => {
                if let Some(anchor) = anchor {
                    put("anchor", json!(anchor));
                }
                put("direction", json!(if *before { "before" } else { "after" }));
                put("depth", json!(depth));
                put("kept", json!(kept));
            }
            _ => {}
        }
        for (key, text) in common.whose.words() {
            if let Some(text) = text {
                put(key, json!(text));
            }
        }
        Ok(Json::Object(json))
    }

    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        self.run_on(&ctx, global).await?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn run_on(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let (common, kind) = match (&self, self.common()) {
            (_, Some(common)) => common,
            (Self::Baskets(baskets), _) => return baskets.run(ctx, global).await,
            (Self::Next(next), _) => return next.run(ctx, global).await,
            (Self::Needs(needs), _) => return needs.run(ctx, global).await,
            (Self::SendTime(asked), _) => return asked.run(ctx, global).await,
            (Self::Campaigns(asked), _) => return asked.run(ctx, global, Of::Board).await,
            (Self::Attribution(asked), _) => return asked.run(ctx, global, Of::Attribution).await,
            (Self::Uplift(asked), _) => return asked.run(ctx, global, Of::Uplift).await,
            (Self::Budget(asked), _) => return asked.run(ctx, global, Of::Budget).await,
            (Self::Coupons(asked), _) => return asked.run(ctx, global, Of::Coupons).await,
            (Self::Recommend(recommend), _) => return recommend.run(ctx, global).await,
            (Self::Satisfaction(satisfaction), _) => return satisfaction.run(ctx, global).await,
            _ => return Ok(()),
        };
        let spec = read(ctx, kind, &self.question(common)?).await?;
        let Some(text) = &common.people else { return numbers(ctx, global, &spec).await };
        let json = serde_json::from_str(text).map_err(|error| {
            Failure::new(format!("{text} is no JSON: {error}"), format!("{text} 不是 JSON：{error}"))
        })?;
        let part = part(json)?;
        if let Some(name) = &common.save {
            return kept(global, &save(ctx, &spec, &part, name).await?);
        }
        listed(global, people(ctx, &spec, &part, None, common.limit).await?)
    }
}

fn n(number: Option<u64>) -> Option<String> {
    Some(told(number))
}

/// How long, in words that fit a column.
fn span(seconds: Option<f64>) -> String {
    match seconds {
        None => "--".into(),
        Some(seconds) if seconds < 120.0 => format!("{seconds:.0}s"),
        Some(seconds) if seconds < 7200.0 => format!("{:.0}m", seconds / 60.0),
        Some(seconds) if seconds < 172_800.0 => format!("{:.1}h", seconds / 3600.0),
        Some(seconds) => format!("{:.1}d", seconds / 86_400.0),
    }
}

fn part_name(part: &AnalysisPart, is_zh: bool) -> String {
    match (&part.value, part.kind.as_str(), is_zh) {
        (Some(value), ..) => value.clone(),
        (None, "other", true) => "其他".into(),
        (None, "other", false) => "(other)".into(),
        (None, _, true) => "（无）".into(),
        (None, _, false) => "(none)".into(),
    }
}

fn node_name(node: &PathNode, is_before: bool, is_zh: bool) -> String {
    match (&node.event, node.kind.as_str(), is_before, is_zh) {
        (Some(event), ..) => event.clone(),
        (None, "other", _, true) => "其他".into(),
        (None, "other", _, false) => "(other)".into(),
        (None, _, true, true) => "会话开始".into(),
        (None, _, true, false) => "(session began)".into(),
        (None, _, false, true) => "会话结束".into(),
        (None, _, false, false) => "(session ended)".into(),
    }
}

/// The question before a table, what it means after it.
pub(super) fn say(global: &Global, head: &AnalysisHead, more: Option<&str>) -> Result<(), Failure> {
    if global.format != Format::Table {
        return Ok(());
    }
    let is_zh = matches!(global.lang(), Lang::Zh);
    let mut out = std::io::stdout();
    writeln!(out, "{}", if is_zh { &head.sentence_zh } else { &head.sentence })?;
    writeln!(out, "{}", if is_zh { &head.meaning_zh } else { &head.meaning })?;
    if let Some(more) = more {
        writeln!(out, "{more}")?;
    }
    Ok(())
}

async fn numbers(ctx: &Ctx, global: &Global, spec: &Spec) -> Result<(), Failure> {
    let is_zh = matches!(global.lang(), Lang::Zh);
    match spec {
        Spec::Funnel(spec) => {
            let body = funnel_body(ctx, spec).await?;
            if global.format == Format::Json {
                return print_json(&body);
            }
            let mut columns: Vec<(String, Vec<Option<String>>)> = Vec::new();
            let mut add = |name: String, of: &dyn Fn(usize) -> Option<String>| {
                columns.push((name, (0..body.steps.len()).map(of).collect()));
            };
            add("step".into(), &|at| Some((at + 1).to_string()));
            add("name".into(), &|at| Some(if is_zh { &body.steps[at].name_zh } else { &body.steps[at].name }.clone()));
            add("n".into(), &|at| n(body.steps[at].n));
            add("of_previous".into(), &|at| Some(percent(body.steps[at].of_previous_ratio)));
            add("of_first".into(), &|at| Some(percent(body.steps[at].of_first_ratio)));
            add("lost".into(), &|at| (at > 0).then(|| told(body.steps[at].lost)));
            add("median".into(), &|at| Some(span(body.steps[at].median_seconds)));
            for group in &body.groups {
                add(part_name(&group.part, is_zh), &|at| n(group.steps[at]));
            }
            print_columns(global.format, body.steps.len(), columns)?;
            let suggestion = if is_zh { &body.suggestion_zh } else { &body.suggestion };
            say(global, &body.head, suggestion.as_deref())
        }
        Spec::Retention(spec) => {
            let body = retention_body(ctx, spec).await?;
            if global.format == Format::Json {
                return print_json(&body);
            }
            let mut rows: Vec<(&CohortGroupBody, usize)> = Vec::new();
            for group in &body.groups {
                rows.extend((0..group.cohorts.len()).map(|at| (group, at)));
            }
            let mut columns: Vec<(String, Vec<Option<String>>)> = Vec::new();
            let mut add = |name: String, of: &dyn Fn(&CohortGroupBody, usize) -> Option<String>| {
                columns.push((name, rows.iter().map(|(group, at)| of(group, *at)).collect()));
            };
            if body.groups.len() > 1 {
                let all = if is_zh { "全部" } else { "all" };
                add("part".into(), &|group, _| {
                    Some(group.part.as_ref().map_or_else(|| all.to_owned(), |part| part_name(part, is_zh)))
                });
            }
            add("cohort".into(), &|group, at| Some(group.cohorts[at].period.clone()));
            add("n".into(), &|group, at| n(group.cohorts[at].n));
            for (number, column) in body.columns.iter().enumerate() {
                let name = match column.from == column.to {
                    true => column.from.to_string(),
                    false => format!("{}-{}", column.from, column.to),
                };
                add(name, &|group, at| {
                    let cell = group.cohorts[at].cells[number].as_ref()?;
                    Some(match (global.format, cell.n_back) {
                        (Format::Csv, back) => told(back),
                        (_, Some(_)) => percent(cell.ratio),
                        (_, None) => told(None),
                    })
                });
            }
            print_columns(global.format, rows.len(), columns)?;
            say(global, &body.head, None)
        }
        Spec::Lifecycle(spec) => {
            let body = lifecycle_body(ctx, spec).await?;
            if global.format == Format::Json {
                return print_json(&body);
            }
            let rows = body.rows.iter().map(|row| {
                [
                    row.period.clone(),
                    told(row.new),
                    told(row.returning),
                    told(row.resurrected),
                    told(row.dormant),
                    row.is_unfinished.to_string(),
                ]
            });
            let header = ["period", "new", "returning", "resurrected", "dormant", "is_unfinished"];
            print_rows(global.format, header, rows)?;
            say(global, &body.head, None)
        }
        Spec::Stickiness(spec) => {
            let body = stickiness_body(ctx, spec).await?;
            if global.format == Format::Json {
                return print_json(&body);
            }
            let periods = body.by_periods.iter().enumerate();
            let periods = periods.map(|(at, n)| ["periods".to_owned(), (at + 1).to_string(), told(*n)]);
            let times = body.by_times.iter().map(|one| {
                let to = one.to.map_or_else(|| "+".to_owned(), |to| format!("-{to}"));
                let name = if one.to == Some(one.from) { one.from.to_string() } else { format!("{}{to}", one.from) };
                ["times".to_owned(), name, told(one.n)]
            });
            print_rows(global.format, ["what", "value", "n"], periods.chain(times))?;
            say(global, &body.head, None)
        }
        Spec::Paths(spec) => {
            let body = paths_body(ctx, spec).await?;
            if global.format == Format::Json {
                return print_json(&body);
            }
            let rows = body.flows.iter().map(|flow| {
                let name = |node| node_name(node, spec.is_before, is_zh);
                [(flow.at + 1).to_string(), name(&flow.from), name(&flow.to), told(flow.n)]
            });
            print_rows(global.format, ["step", "from", "to", "n"], rows)?;
            say(global, &body.head, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_spans_in_short() {
        let check = |text: &str, json: Json| assert_eq!(step(text).ok(), Some(json), "{text}");
        check("order", json!({ "of": "orders" }));
        check("event:view", json!({ "of": "events", "where": [{ "field": "event", "op": "eq", "value": "view" }] }));
        check(
            "order[channel=app, net_amount>=100]",
            json!({ "of": "orders", "where": [
                { "field": "channel", "op": "eq", "value": "app" }, { "field": "net_amount", "op": "ge", "value": 100.0 }] }),
        );
        check(
            "item[product_id='100']",
            json!({ "of": "order_items", "where": [{ "field": "product_id", "op": "eq", "value": "100" }] }),
        );
        for bad in ["", "orders:x", "event[", "visit", "order[channel]"] {
            assert!(step(bad).is_err(), "{bad}");
        }
        assert_eq!(window("12h").ok(), Some(json!({ "n": 12, "unit": "hour" })));
        assert!(window("7").is_err() && window("周").is_err() && window("").is_err());
        assert_eq!(exclusion("1-2:contact:complaint").ok().map(|json| json["before"].clone()), Some(json!(2)));
        assert_eq!(brackets("1-4,4-8").ok(), Some(json!([[1, 4], [4, 8]])));
        assert_eq!(breakdown("field:channel", Some("2")).ok(), Some(json!({ "field": "channel", "attribution": 2 })));
    }
}
