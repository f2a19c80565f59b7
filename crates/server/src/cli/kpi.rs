//! `zhike kpi`: figures by period and dimension, who stands behind them, goals.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use zhike_domain::frame::{Column, ColumnType, Frame, TextColumn};
use zhike_domain::kpi::PeriodKind;
use zhike_engine::Ctx;
use zhike_engine::kpis::{self, Ask, Asked, PartOf, USUAL_DAYS, Window};
use zhike_engine::workspace::day_number;

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::ahead::{forecast_of, unusual_of};
use crate::http::kpis::{KpiGoal, KpiPoint, TOP, all, behind_page, dimension, one};
use crate::output::{Printer, print_json, print_rows, told};

/// Figures of the business.
#[derive(Subcommand)]
pub(super) enum Kpi {
    /// All figures with their newest numbers.
    List {
        /// How long a period is.
        #[arg(long, value_enum, default_value = "month")]
        by: By,
    },
    /// One figure by period.
    Show {
        /// Key.
        key: String,
        #[command(flatten)]
        periods: Periods,
    },
    /// The customers, orders, events or sessions behind a number: as many as it says, or of that sum.
    Behind {
        /// Key.
        key: String,
        /// 2026-11-22, 2026-W47, 2026-11, 2026-Q4, or 2026-11-01..2026-11-22.
        #[arg(long)]
        period: String,
        /// Of a ratio, what stands below the line instead of above.
        #[arg(long)]
        whole: bool,
        /// Of a breakdown, the value.
        #[arg(long, requires = "dimension", conflicts_with_all = ["missing", "other"])]
        value: Option<String>,
        /// Of a breakdown, what has no value.
        #[arg(long, requires = "dimension", conflicts_with = "other")]
        missing: bool,
        /// Of a breakdown, the values that are not shown.
        #[arg(long, requires = "dimension")]
        other: bool,
        #[command(flatten)]
        periods: Periods,
        /// Rows at most.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// What a figure will be, and how good such forecasts were.
    Forecast {
        /// Key.
        key: String,
        /// How long a period is.
        #[arg(long, value_enum, default_value = "day")]
        by: By,
        /// Periods to come: 28 days, 13 weeks, 6 months, 4 quarters when absent.
        #[arg(long, value_name = "N")]
        periods: Option<usize>,
        /// The last day that may be known: to see what would have been told.
        #[arg(long, value_name = "DATE")]
        through: Option<Date>,
        /// Taken apart by channel, store, province, category …; parts add up to the whole.
        #[arg(long)]
        dimension: Option<String>,
    },
    /// Days on which figures were not as usual, and which part that comes from.
    Unusual {
        /// The newest days.
        #[arg(long, default_value_t = USUAL_DAYS)]
        days: usize,
    },
    /// Set, list and remove goals.
    #[command(subcommand)]
    Goal(GoalCommand),
}

/// Which periods.
#[derive(Args)]
pub(super) struct Periods {
    /// How long a period is.
    #[arg(long, value_enum, default_value = "month")]
    by: By,
    /// A day of the first period.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// A day of the last period; the last day with data when absent.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// channel, store, source, category, brand, product, province, city, member_level, acquisition_channel, rfm_tier.
    #[arg(long)]
    dimension: Option<String>,
    /// Values of the dimension that are shown.
    #[arg(long, default_value_t = TOP)]
    top: usize,
}

/// How long a period is.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum By {
    Day,
    Week,
    Month,
    Quarter,
}

/// Goals.
#[derive(Subcommand)]
pub(super) enum GoalCommand {
    /// Set what a figure shall be over some days.
    Set {
        /// Key.
        key: String,
        /// 2026-11-22, 2026-W47, 2026-11, 2026-Q4, or 2026-11-01..2026-11-22.
        period: String,
        /// The number: money in the workspace currency, shares from 0 to 1.
        #[arg(allow_negative_numbers = true)]
        value: f64,
    },
    /// All goals and how far they have come.
    List {
        /// Key.
        key: Option<String>,
    },
    /// Take a goal away.
    Remove {
        /// Key.
        key: String,
        /// As when it was set.
        period: String,
    },
}

impl From<By> for PeriodKind {
    fn from(by: By) -> Self {
        match by {
            By::Day => Self::Day,
            By::Week => Self::Week,
            By::Month => Self::Month,
            By::Quarter => Self::Quarter,
        }
    }
}

impl Periods {
    fn ask(&self) -> Result<Ask, Failure> {
        let dimension = dimension(self.dimension.as_deref())?;
        let (from, to) = (self.from.map(day_number), self.to.map(day_number));
        Ok(Ask { by: self.by.into(), from, to, dimension, top: self.top })
    }
}

fn number(number: Option<f64>) -> String {
    number.map_or_else(|| "--".into(), |number| number.to_string())
}

impl Kpi {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        self.run_on(&ctx, global).await?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn run_on(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let is_zh = matches!(global.lang(), Lang::Zh);
        match self {
            Self::List { by } => {
                let ask = Ask { by: by.into(), from: None, to: None, dimension: None, top: TOP };
                let list = all(ctx, ask).await?;
                if global.format == Format::Json {
                    return print_json(&list);
                }
                let rows = list.items.into_iter().map(|one| {
                    let (name, definition) = match is_zh {
                        true => (one.kpi.name_zh, one.kpi.definition_zh),
                        false => (one.kpi.name, one.kpi.definition),
                    };
                    let point = one.newest;
                    let numbers = [point.value, point.previous, point.year_before].map(number);
                    let [value, previous, year] = numbers;
                    [one.kpi.key, name, one.kpi.unit, mark(&point, is_zh), value, previous, year, definition]
                });
                let header = ["kpi", "name", "unit", "period", "value", "previous", "year_before", "definition"];
                print_rows(global.format, header, rows)?;
            }
            Self::Show { key, periods } => {
                let series = one(ctx, &key, periods.ask()?).await?;
                if global.format == Format::Json {
                    return print_json(&series);
                }
                let mut columns: Vec<(String, Vec<Option<String>>)> = Vec::new();
                let mut add = |name: &str, of: &dyn Fn(&KpiPoint) -> Option<String>| {
                    columns.push((name.to_owned(), series.points.iter().map(of).collect()));
                };
                let text = |number: Option<f64>| number.map(|number| number.to_string());
                add("period", &|point| Some(mark(point, is_zh)));
                add("value", &|point| text(point.value));
                add("previous", &|point| text(point.previous));
                add("year_before", &|point| text(point.year_before));
                if series.points.iter().any(|point| point.goal.is_some()) {
                    add("goal", &|point| point.goal.as_ref().map(|goal| goal.value.to_string()));
                }
                add("holidays", &|point| {
                    let names = point.holidays.iter().map(|one| if is_zh { &one.name_zh } else { &one.name });
                    Some(names.cloned().collect::<Vec<_>>().join(" "))
                });
                for part in &series.parts {
                    let (other, missing) = if is_zh { ("其他", "（无）") } else { ("(other)", "(none)") };
                    let name = match (&part.label, &part.value) {
                        (Some(label), Some(value)) => format!("{value} {label}"),
                        (None, Some(value)) => value.clone(),
                        _ if part.is_other => other.to_owned(),
                        _ => missing.to_owned(),
                    };
                    columns.push((name, part.numbers.iter().map(|number| text(*number)).collect()));
                }
                print_columns(global.format, series.points.len(), columns)?;
            }
            Self::Behind { key, period, whole, value, missing, other, periods, limit } => {
                let shown = periods.ask()?;
                let part = match (value, missing, other) {
                    (Some(value), ..) => Some(PartOf::Value(value)),
                    (None, true, _) => Some(PartOf::Missing),
                    (None, false, true) => Some(PartOf::Other),
                    (None, false, false) => None,
                };
                let part = shown.dimension.zip(part);
                let window = Window::named(&period)?;
                let asked = Asked { window, is_whole: whole, part, shown, after: None, limit };
                let page = behind_page(ctx, &key, asked).await?;
                if global.format == Format::Json {
                    return print_json(&page);
                }
                let rows = page.items.into_iter().map(|one| {
                    let name = one.customer.and_then(|customer| customer.name).or(one.name);
                    let texts = [one.profile_id, name, one.source, one.id, one.at, one.amount.map(|n| n.to_string())];
                    texts.map(Option::unwrap_or_default)
                });
                print_rows(global.format, ["profile_id", "name", "source", "id", "at", "amount"], rows)?;
                if global.format == Format::Table {
                    let (kind, total) = (page.kind, page.total.map_or_else(|| told(None), |total| total.to_string()));
                    let line = if is_zh { format!("{kind}：共 {total}") } else { format!("{kind}: {total} in all") };
                    writeln!(std::io::stdout(), "{line}")?;
                }
            }
            Self::Forecast { key, by, periods, through, dimension: word } => {
                let of = dimension(word.as_deref())?;
                let found = forecast_of(ctx, &key, by.into(), periods, through.map(day_number), of).await?;
                if global.format == Format::Json {
                    return print_json(&found);
                }
                if let Some(parts) = &found.parts {
                    let (other, none) = if is_zh { ("其他", "（未填）") } else { ("(other)", "(not given)") };
                    let rows = parts.iter().map(|part| {
                        let named = part.label.clone().or_else(|| part.value.clone());
                        let name = named.unwrap_or_else(|| if part.is_other { other } else { none }.to_owned());
                        [name, format!("{:.2}", part.before), format!("{:.2}", part.values.iter().sum::<f64>())]
                    });
                    print_rows(global.format, ["part", "before", "ahead"], rows)?;
                    if global.format == Format::Table {
                        writeln!(std::io::stdout(), "{}", if is_zh { found.meaning_zh } else { found.meaning })?;
                    }
                    return Ok(());
                }
                let rows = found.points.into_iter().map(|point| {
                    let names = point.holidays.into_iter().map(|one| if is_zh { one.name_zh } else { one.name });
                    let numbers = [point.value, point.low, point.high].map(|value| format!("{value:.2}"));
                    let [value, low, high] = numbers;
                    [point.period, value, low, high, names.collect::<Vec<_>>().join(" ")]
                });
                print_rows(global.format, ["period", "value", "low", "high", "holidays"], rows)?;
                if global.format == Format::Table {
                    writeln!(std::io::stdout(), "{}", if is_zh { found.meaning_zh } else { found.meaning })?;
                }
            }
            Self::Unusual { days } => {
                let found = unusual_of(ctx, days).await?;
                if global.format == Format::Json {
                    return print_json(&found);
                }
                let (judged, unknown, n) = (found.n_judged, found.n_unknown, found.items.len());
                let rows = found.items.into_iter().map(|one| {
                    let numbers = [one.value, one.expected].map(|value| format!("{value:.2}"));
                    let [value, expected] = numbers;
                    [one.kpi.key, one.day, value, expected, if is_zh { one.meaning_zh } else { one.meaning }]
                });
                print_rows(global.format, ["kpi", "day", "value", "expected", "meaning"], rows)?;
                if global.format == Format::Table {
                    let line = match is_zh {
                        true => format!("看了 {judged} 个数字，{n} 处异常；另有 {unknown} 个数据太少，无法判断。"),
                        false => {
                            format!("{judged} numbers looked at, {n} findings; of {unknown} more too little is known.")
                        }
                    };
                    writeln!(std::io::stdout(), "{line}")?;
                }
            }
            Self::Goal(GoalCommand::Set { key, period, value }) => {
                kpis::set_goal(ctx, &key, Window::named(&period)?.days, value, &global.actor()).await?;
                print_goals(ctx, global, Some(&key)).await?;
            }
            Self::Goal(GoalCommand::List { key }) => print_goals(ctx, global, key.as_deref()).await?,
            Self::Goal(GoalCommand::Remove { key, period }) => {
                kpis::remove_goal(ctx, &key, Window::named(&period)?.days).await?;
                print_goals(ctx, global, Some(&key)).await?;
            }
        }
        Ok(())
    }
}

/// The name of a period, and whether it is over.
fn mark(point: &KpiPoint, is_zh: bool) -> String {
    match (point.is_unfinished, is_zh) {
        (false, _) => point.period.clone(),
        (true, true) => format!("{}（未完）", point.period),
        (true, false) => format!("{} (unfinished)", point.period),
    }
}

/// Rows of columns whose number is known at run time only.
pub(super) fn print_columns(
    format: Format,
    n_rows: usize,
    columns: Vec<(String, Vec<Option<String>>)>,
) -> Result<(), Failure> {
    let mut frame = Frame::new(n_rows);
    for (name, cells) in columns {
        let cells: TextColumn = cells.iter().map(Option::as_deref).collect();
        frame.set(&name, ColumnType::Text, Column::Text(cells));
    }
    let mut printer = Printer::stdout(format, frame.fields());
    printer.frame(&frame)?;
    Ok(printer.finish()?)
}

async fn print_goals(ctx: &Ctx, global: &Global, key: Option<&str>) -> Result<(), Failure> {
    if let Some(key) = key {
        kpis::get(key)?;
    }
    let goals = kpis::goals(ctx, key).await?;
    let goals = goals.into_iter().map(|state| (state.kpi.key.clone(), KpiGoal::from(state)));
    let percent = |share: f64| format!("{:.1}%", share * 100.0);
    let rows = goals.map(|(key, goal)| {
        let progress = goal.progress_ratio.map_or_else(|| "--".into(), percent);
        let pace = goal.is_on_pace.map_or_else(|| "--".into(), |is_on_pace| is_on_pace.to_string());
        let (value, actual, elapsed) = (goal.value.to_string(), number(goal.actual), percent(goal.elapsed_ratio));
        let expected = number(goal.outlook.as_ref().map(|outlook| outlook.expected.round()));
        let chance = goal.outlook.and_then(|outlook| outlook.chance).map_or_else(|| "--".into(), percent);
        let author = goal.author.unwrap_or_default();
        [key, goal.from, goal.to, value, actual, progress, elapsed, pace, expected, chance, author]
    });
    let header =
        ["kpi", "from", "to", "goal", "actual", "progress", "elapsed", "on_pace", "expected", "chance", "author"];
    Ok(print_rows(global.format, header, rows)?)
}
