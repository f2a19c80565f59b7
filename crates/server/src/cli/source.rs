//! `zhike source`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use zhike_domain::collect::Settings;
use zhike_domain::collect::commerce::CommerceMapping;
use zhike_domain::collect::plan::Plan;
use zhike_engine::Ctx;
use zhike_engine::sources::{self, NewSource};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::sources::{SourceBody, all, check_kinds, find};
use crate::output::print_json;

/// Sites, apps and back ends that send events.
#[derive(Subcommand)]
pub(super) enum Source {
    /// Make a source and print its write key.
    Create(Create),
    /// List sources with how they do.
    List,
    /// Show one source as JSON.
    Show {
        /// Name or id.
        source: String,
    },
    /// Change a source; what is not named stays.
    #[command(visible_alias = "set")]
    Update(Update),
    /// Give a source a new write key; the old one lets nobody in any more.
    RotateKey {
        /// Name or id.
        source: String,
    },
    /// Show or change the tracking plan.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Show or change how its own events are read as orders.
    #[command(subcommand)]
    Commerce(CommerceCommand),
}

/// Makes a source.
#[derive(Args)]
pub(super) struct Create {
    /// Name; stands in the column `source` of its events.
    name: String,
    #[command(flatten)]
    allowed: Allowed,
}

/// What a source may send.
#[derive(Args)]
pub(super) struct Allowed {
    /// Origin whose pages may send, as https://shop.example.cn or https://*.example.cn; several times for several. Any when
    /// absent.
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Option<Vec<String>>,
    /// Kind of message that is taken (track, identify, page, …); several times for several. All when absent.
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Option<Vec<String>>,
    /// Whether its senders prove who people are, as back ends and tills do: only they may tie several ids of a person together.
    #[arg(long, value_name = "BOOL")]
    proves_identity: Option<bool>,
    /// File with settings as JSON: what a user id is, how clocks are corrected, the zone of times without one.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// File with the tracking plan as JSON.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// File with the mapping of its own events to orders, as YAML or JSON.
    #[arg(long, value_name = "FILE")]
    commerce: Option<PathBuf>,
}

impl Allowed {
    /// The settings, given those before.
    fn settings(&self, before: Settings) -> Result<Settings, Failure> {
        let settings = self.settings.as_deref().map(super::read_json).transpose()?.unwrap_or(before);
        Ok(Settings { proves_identity: self.proves_identity.unwrap_or(settings.proves_identity), ..settings })
    }

    fn commerce(&self) -> Result<Option<CommerceMapping>, Failure> {
        self.commerce.as_deref().map(read_commerce).transpose()
    }

    fn plan(&self) -> Result<Option<Plan>, Failure> {
        self.plan.as_deref().map(super::read_json).transpose()
    }
}

/// Changes a source.
#[derive(Args)]
pub(super) struct Update {
    /// Name or id.
    source: String,
    /// New name.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    allowed: Allowed,
    /// Take pages of any origin again.
    #[arg(long, conflicts_with = "origins")]
    any_origin: bool,
    /// Take all kinds again.
    #[arg(long, conflicts_with = "kinds")]
    any_kind: bool,
    /// Let it send again.
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Refuse what it sends.
    #[arg(long)]
    disable: bool,
}

/// Tracking plan of a source.
#[derive(Subcommand)]
pub(super) enum PlanCommand {
    /// Print the plan in force as JSON, to edit.
    Show {
        /// Name or id of the source.
        source: String,
    },
    /// Put an edited plan in force; it is checked first.
    Set {
        /// Name or id of the source.
        source: String,
        /// File with the plan.
        file: PathBuf,
    },
}

/// How a source's own events are read as orders.
#[derive(Subcommand)]
pub(super) enum CommerceCommand {
    /// Print the mapping in force as YAML, to edit.
    Show {
        /// Name or id of the source.
        source: String,
    },
    /// Put an edited mapping in force; it is checked first.
    Set {
        /// Name or id of the source.
        source: String,
        /// File with the mapping, YAML or JSON.
        file: PathBuf,
    },
}

fn read_commerce(path: &Path) -> Result<CommerceMapping, Failure> {
    Ok(sources::parse_commerce(&super::read_text(path)?)?)
}

impl Source {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Create(create) => {
                let (settings, plan) = (Some(create.allowed.settings(Settings::default())?), create.allowed.plan()?);
                let commerce = create.allowed.commerce()?;
                let allowed_origins = create.allowed.origins.unwrap_or_default();
                let allowed_kinds = create.allowed.kinds.unwrap_or_default();
                check_kinds(&allowed_kinds)?;
                let new = NewSource { name: create.name, allowed_origins, allowed_kinds, settings, plan, commerce };
                let source = sources::create(ctx, new).await?;
                print_key(source, global)
            }
            Self::List => list(ctx, global).await,
            Self::Show { source } => {
                let source = find(ctx, &source).await?;
                let health = sources::health(ctx).await?;
                let health = health.into_iter().find(|health| health.source_id == source.source_id);
                print_json(&SourceBody::new(source, health.unwrap_or_default()))
            }
            Self::Update(update) => {
                let mut source = find(ctx, &update.source).await?;
                let (settings, plan) = (update.allowed.settings(source.settings)?, update.allowed.plan()?);
                source.name = update.name.unwrap_or(source.name);
                source.settings = settings;
                source.plan = plan.unwrap_or(source.plan);
                source.commerce = update.allowed.commerce()?.unwrap_or(source.commerce);
                if update.any_origin {
                    source.allowed_origins.clear();
                }
                if update.any_kind {
                    source.allowed_kinds.clear();
                }
                source.allowed_origins = update.allowed.origins.unwrap_or(source.allowed_origins);
                source.allowed_kinds = update.allowed.kinds.unwrap_or(source.allowed_kinds);
                source.is_enabled = (source.is_enabled || update.enable) && !update.disable;
                check_kinds(&source.allowed_kinds)?;
                let source = sources::update(ctx, source).await?;
                print_json(&SourceBody::new(source, sources::SourceHealth::default()))
            }
            Self::RotateKey { source } => {
                let source = find(ctx, &source).await?;
                print_key(sources::rotate_key(ctx, source.source_id).await?, global)
            }
            Self::Commerce(CommerceCommand::Show { source }) => {
                let source = find(ctx, &source).await?;
                write!(std::io::stdout(), "{}", sources::commerce_yaml(&source.commerce)?)?;
                Ok(())
            }
            Self::Commerce(CommerceCommand::Set { source, file }) => {
                let mut source = find(ctx, &source).await?;
                source.commerce = read_commerce(&file)?;
                let source = sources::update(ctx, source).await?;
                let n = source.commerce.events.len();
                match global.lang() {
                    Lang::Zh => writeln!(std::io::stdout(), "已映射 {n} 种事件")?,
                    Lang::En => writeln!(std::io::stdout(), "{n} kinds of events are mapped")?,
                }
                Ok(())
            }
            Self::Plan(PlanCommand::Show { source }) => print_json(&find(ctx, &source).await?.plan),
            Self::Plan(PlanCommand::Set { source, file }) => {
                let mut source = find(ctx, &source).await?;
                source.plan = super::read_json(&file)?;
                let source = sources::update(ctx, source).await?;
                writeln!(std::io::stdout(), "tracking plan version {}", source.plan.version)?;
                Ok(())
            }
        }
    }
}

/// Prints what an SDK needs.
fn print_key(source: sources::Source, global: &Global) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(&SourceBody::new(source, sources::SourceHealth::default()));
    }
    let (name, key) = (&source.name, &source.write_key);
    let mut out = std::io::stdout().lock();
    match global.lang() {
        Lang::Zh => writeln!(out, "数据源 {name}（{}）\n写入密钥：{key}", source.source_id)?,
        Lang::En => writeln!(out, "source {name} ({})\nwrite key: {key}", source.source_id)?,
    }
    Ok(())
}

async fn list(ctx: &Ctx, global: &Global) -> Result<(), Failure> {
    let sources = all(ctx).await?;
    if global.format == Format::Json {
        return print_json(&sources);
    }
    let rows = sources.iter().map(SourceBody::row);
    crate::output::print_rows(global.format, SourceBody::HEADER, rows)?;
    Ok(())
}
