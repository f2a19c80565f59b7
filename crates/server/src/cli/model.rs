//! `zhike model`: what is learnt about customers, how good it is, what it says.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use jiff::civil::Date;
use zhike_domain::id::ProfileId;
use zhike_domain::learn::Model as Known;
use zhike_engine::{Ctx, models};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::models::{BoardBody, ClusterBody, InsightBody, ModelVersion};
use crate::output::{print_json, print_rows, told};

/// Models of customers.
#[derive(Subcommand)]
pub(super) enum Model {
    /// List the newest version of each model with its grade beside that of a plain rule.
    List {
        /// Older versions too.
        #[arg(long)]
        all: bool,
    },
    /// Train models anew, grade them, and compute what they say of everybody.
    Train {
        /// clv, churn, purchase_30, purchase_90, clusters; all of them when absent.
        models: Vec<String>,
        /// Last day that counts; the newest day of the data when absent.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
    },
    /// Show everything that is told of a version.
    Card {
        /// clv, churn, purchase_30, purchase_90, clusters.
        model: String,
        /// The newest when absent.
        #[arg(long)]
        version: Option<i64>,
    },
    /// Show what models say of all customers: worth, risk, groups.
    Board,
    /// Show what models say of one customer.
    Of {
        /// Customer.
        profile_id: ProfileId,
    },
    /// Print when customers count as gone and who is urgent, to edit; or put an edited file in force.
    Settings {
        /// File with the settings.
        file: Option<PathBuf>,
    },
    /// Print what to do about risks, to edit; or put an edited file in force.
    Advice {
        /// File with the table.
        file: Option<PathBuf>,
    },
}

fn named(name: &str) -> Result<Known, Failure> {
    Known::parse(name).ok_or_else(|| {
        let all: Vec<&str> = Known::ALL.iter().map(|model| model.as_str()).collect();
        Failure::new(
            format!("there is no model {name:?}: there are {}", all.join(", ")),
            format!("没有模型“{name}”：有 {}", all.join("、")),
        )
    })
}

impl Model {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        match self {
            Self::List { all } => {
                let mut versions = models::list(ctx).await?;
                if !all {
                    versions.dedup_by_key(|version| version.model);
                }
                print_versions(global, versions)
            }
            Self::Train { models: names, as_of } => {
                let mut wanted = names.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
                if wanted.is_empty() {
                    wanted = Known::ALL.to_vec();
                }
                print_versions(global, models::train(ctx, &wanted, as_of).await?)
            }
            Self::Card { model, version } => {
                print_json(&ModelVersion::from(models::get(ctx, named(&model)?, version).await?))
            }
            Self::Board => board(ctx, global).await,
            Self::Of { profile_id } => {
                let insight = models::of_person(ctx, profile_id).await?;
                print_json(&InsightBody::new(insight, ctx.workspace().currency))
            }
            Self::Settings { file } => {
                if let Some(file) = file {
                    models::set_settings(ctx, &super::read_json(&file)?, None).await?;
                }
                print_json(&models::settings(ctx).await?.0)
            }
            Self::Advice { file } => {
                if let Some(file) = file {
                    models::set_advice(ctx, &super::read_json(&file)?, None).await?;
                }
                print_json(&models::advice(ctx).await?.0)
            }
        }
    }
}

fn print_versions(global: &Global, versions: Vec<models::Version>) -> Result<(), Failure> {
    let versions = versions.into_iter().map(ModelVersion::from);
    if global.format == Format::Json {
        return print_json(&versions.map(Row::from).collect::<Vec<_>>());
    }
    let lang = global.lang();
    let rows = versions.map(|one| {
        let (row, meaning) = (Row::from(&one), if lang == Lang::Zh { &one.meaning_zh } else { &one.meaning_en });
        let figure = |of: &serde_json::Value, key: &str| {
            of.get(key).and_then(serde_json::Value::as_f64).map_or_else(|| "--".into(), |value| format!("{value:.3}"))
        };
        let (own, plain) = (figure(&row.metrics, "auc"), figure(&row.baseline_metrics, "auc"));
        [one.model.to_owned(), one.version.to_string(), row.status.to_owned(), own, plain, meaning.clone()]
    });
    print_rows(global.format, ["model", "version", "status", "auc", "plain rule", "meaning"], rows)?;
    Ok(())
}

/// A row of the table `models`.
#[derive(serde::Serialize)]
struct Row {
    model: &'static str,
    version: i64,
    trained_at: String,
    trained_on: serde_json::Value,
    metrics: serde_json::Value,
    baseline_metrics: serde_json::Value,
    status: &'static str,
    reason: Option<String>,
}

impl From<&ModelVersion> for Row {
    fn from(one: &ModelVersion) -> Self {
        let (trained_on, metrics, baseline_metrics) = one.card.figures();
        Self {
            model: one.model,
            version: one.version,
            trained_at: one.trained_at.clone(),
            trained_on,
            metrics,
            baseline_metrics,
            status: one.status,
            reason: one.reason_en.clone(),
        }
    }
}

impl From<ModelVersion> for Row {
    fn from(one: ModelVersion) -> Self {
        Self::from(&one)
    }
}

async fn board(ctx: &Ctx, global: &Global) -> Result<(), Failure> {
    let currency = ctx.workspace().currency;
    let board = BoardBody::new(models::board(ctx).await?, currency);
    let (_, groups) = models::clusters(ctx).await?;
    if global.format == Format::Json {
        let groups: Vec<ClusterBody> = groups.into_iter().map(ClusterBody::from).collect();
        return print_json(&serde_json::json!({ "board": board, "groups": groups }));
    }
    let is_zh = global.lang() == Lang::Zh;
    writeln!(std::io::stdout(), "{}", if is_zh { &board.meaning_zh } else { &board.meaning_en })?;
    let rows = groups.into_iter().map(|one| {
        let mean = |of: Option<f64>| of.map_or_else(|| "--".into(), |value| format!("{value:.1}"));
        let label = if is_zh { one.label.0 } else { one.label.1 };
        [one.number.to_string(), label, told(one.n), mean(one.recency_days), mean(one.frequency)]
    });
    print_rows(global.format, ["group", "label", "customers", "days since order", "orders"], rows)?;
    Ok(())
}
