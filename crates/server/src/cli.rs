//! The command line: arguments to use cases, results to stdout, progress and errors to stderr.

mod access;
mod alert;
mod analyze;
mod backup;
mod bench;
mod bind;
mod campaigns;
mod compliance;
mod consent;
mod demo;
mod doctor;
mod erase;
mod export;
mod goods;
mod grade;
mod history;
mod identity;
mod import;
mod key;
mod kpi;
mod model;
mod moments;
mod people;
mod profile;
mod quarantine;
mod refresh;
mod request;
mod satisfaction;
mod segment;
mod serve;
mod source;
mod sql;
mod sso;
mod tag;
mod tail;
mod target;
mod watch;
mod workspace;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};

use clap::{Args, Parser, Subcommand, ValueEnum};
use zhike_domain::access::{Decision, Permission, Principal, decide};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::audit::{self, Anchor};
use zhike_engine::{Ctx, LogLimits, Options, SegmentAlgorithm, ValueAlgorithm, accounts};

/// Zhike 知客 — know the guest: customer data platform and analytics in one binary.
#[derive(Parser)]
#[command(name = "zhike", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args, Clone)]
pub(crate) struct Global {
    /// Data directory; made on first use.
    #[arg(long, global = true, env = "ZHIKE_DATA", default_value = "./zhike-data", value_name = "DIR")]
    data: PathBuf,
    /// State on PostgreSQL instead of SQLite: postgres://…
    #[arg(long, global = true, env = "ZHIKE_STATE", value_name = "URL", hide_env_values = true)]
    state: Option<String>,
    /// File that holds the passphrase of the keys, instead of a key file in the data directory.
    #[arg(long, global = true, env = "ZHIKE_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Form of printed rows.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
    /// Language of messages; taken from LANG when absent.
    #[arg(long, global = true, env = "ZHIKE_LANG", value_enum)]
    lang: Option<Lang>,
    /// Memory for queries in MiB; beyond it they spill to disk.
    #[arg(long, global = true, env = "ZHIKE_MEMORY_MIB", default_value_t = 2048, value_name = "MIB")]
    memory_mib: usize,
    /// What new segments of the event log are sealed with.
    #[arg(long, global = true, env = "ZHIKE_LOG_CIPHER", value_enum, default_value_t = LogCipher::Aes256Gcm)]
    log_cipher: LogCipher,
    /// What new personal values are sealed with.
    #[arg(long, global = true, env = "ZHIKE_VALUE_CIPHER", value_enum, default_value_t = ValueCipher::Sm4Gcm)]
    value_cipher: ValueCipher,
    /// Folder in which rows are kept, sealed, before a purge lets go of them.
    #[arg(long, global = true, env = "ZHIKE_ARCHIVE_TO", value_name = "FOLDER")]
    archive_to: Option<PathBuf>,
    /// Where signed roots of the audit trail are kept outside, several times for several: a file, syslog:HOST:PORT,
    /// syslog+tcp:HOST:PORT.
    #[arg(
        long = "audit-anchor",
        global = true,
        env = "ZHIKE_AUDIT_ANCHOR",
        value_delimiter = ',',
        value_name = "PLACE"
    )]
    audit_anchors: Vec<Anchor>,
    /// What the command does.
    #[arg(skip)]
    needs: Option<Permission>,
    /// As whom.
    #[arg(skip)]
    acting: Arc<OnceLock<Principal>>,
}

/// What personal values are sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValueCipher {
    /// SM4-GCM, where national algorithms are required.
    Sm4Gcm,
    /// AES-128-GCM: fast where the processor helps.
    Aes128Gcm,
}

/// What the event log is sealed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogCipher {
    /// AES-256-GCM: fast where the processor helps.
    Aes256Gcm,
    /// SM4-GCM, where national algorithms are required.
    Sm4Gcm,
}

/// Form of printed rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    Table,
    /// CSV for other programs.
    Csv,
    /// One JSON document.
    Json,
}

/// Language of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// 中文.
    Zh,
    /// English.
    En,
}

#[derive(Subcommand)]
enum Command {
    /// Load the bundled real data set, compute everything, open the console.
    Demo(demo::Demo),
    /// Make the data directory and its keys (done by itself on first use), set currency and time zone.
    Init(workspace::Init),
    /// Serve API and console.
    Serve(serve::Serve),
    /// Make, list and change sources of live events: their keys, what they may send, their tracking plans.
    #[command(subcommand)]
    Source(source::Source),
    /// Make, draw, list and withdraw codes that tie a member or a visit to whoever scans them.
    #[command(subcommand)]
    Bind(bind::Bind),
    /// Show the newest events, and with --follow those that arrive.
    Tail(tail::Tail),
    /// Load files: CSV, TSV, Excel, JSON Lines, Parquet, each also gzipped.
    Import(import::Import),
    /// Show loads and their reports.
    Imports(import::Imports),
    /// Show the column mapping that a file would be loaded with, as YAML to edit.
    Mapping(import::ShowMapping),
    /// List, show, repair and replay rows that could not be loaded.
    #[command(subcommand)]
    Quarantine(quarantine::Quarantine),
    /// Recompute everything derived, as of a day.
    Refresh(refresh::Refresh),
    /// Show or change the RFM rules.
    #[command(subcommand)]
    Rules(refresh::Rules),
    /// Say who is who and why, decide it by hand or by rules, compare records that share no id.
    #[command(subcommand)]
    Identity(identity::Identity),
    /// Define, count, refresh and export segments of customers.
    #[command(subcommand)]
    Segment(segment::Segment),
    /// Write customers, orders or rows set aside to a file, personal values masked.
    #[command(subcommand)]
    Export(export::Export),
    /// Define, compute and explain tags of customers, and put tags by hand.
    #[command(subcommand)]
    Tag(tag::Tag),
    /// What people said about purposes: show, record, import; define purposes.
    #[command(subcommand)]
    Consent(consent::Consent),
    /// What people ask for (access, copy, deletion …): enter, check who asks, carry out, refuse.
    #[command(subcommand)]
    Request(request::Request),
    /// Erase a person for good, on a granted request; list erasures, show and check receipts.
    Erase(erase::Erase),
    /// Keys: epochs, changing and destroying them; the public key of what is signed.
    #[command(subcommand)]
    Key(key::Key),
    /// How long what is kept: rules, holds, the purge.
    #[command(subcommand)]
    Retention(erase::Retention),
    /// See scores, tags and segments as of past days, what changed, and who moved.
    #[command(subcommand)]
    History(history::History),
    /// Figures by period and dimension, who stands behind them, and goals.
    #[command(subcommand)]
    Kpi(kpi::Kpi),
    /// What is not as it should be, who has seen to it, and who is told by address or mail.
    #[command(subcommand)]
    Alert(alert::Alert),
    /// Targets split to parts of the business: how far each has come, accounts to work on.
    #[command(subcommand)]
    Target(target::Target),
    /// Models of customers: how good they are, what they say.
    #[command(subcommand)]
    Model(model::Model),
    /// Funnels, retention, lifecycle, stickiness, paths, and the people behind each number.
    #[command(subcommand)]
    Analyze(analyze::Analyze),
    /// Run a read-only SELECT over all tables.
    Sql(sql::Sql),
    /// Show one customer, whole.
    #[command(subcommand)]
    Profile(profile::Profile),
    /// Make, list, change, unlock users; give them roles.
    #[command(subcommand)]
    User(access::User),
    /// Sign in by an identity provider (OpenID Connect): which one, and whose account an identity opens.
    #[command(subcommand)]
    Sso(sso::Sso),
    /// Make, list and revoke keys of the API.
    #[command(subcommand, name = "api-key")]
    ApiKey(access::ApiKey),
    /// Show roles and what they may do.
    #[command(subcommand)]
    Role(access::Role),
    /// Take, list, check and remove backups; copy the keys.
    #[command(subcommand)]
    Backup(backup::Backup),
    /// Make a data directory from a backup and the newest keys.
    Restore(backup::Restore),
    /// Read the audit trail, and verify that nothing in it was changed.
    #[command(subcommand)]
    Audit(watch::Audit),
    /// See what waits for a second person; approve or refuse it.
    #[command(subcommand)]
    Approval(watch::Approvals),
    /// See incidents and decide on them.
    #[command(subcommand)]
    Incident(watch::Incident),
    /// Show or set how much of people's data each role may see or take.
    #[command(subcommand)]
    Budget(watch::Budget),
    /// See and declare the grades of properties and traits.
    #[command(subcommand)]
    Grade(grade::Grade),
    /// The register of processing activities, and impact assessments (PIPL 55, 56).
    #[command(subcommand)]
    Compliance(compliance::Compliance),
    /// Mark customers that nobody has a reason to touch.
    #[command(subcommand)]
    Canary(watch::Canary),
    /// Read every file and say what is damaged.
    Doctor(doctor::Doctor),
    /// Measure import, refresh, queries and collection on generated data.
    Bench(bench::Bench),
    /// Write generated documents: OpenAPI, tables, errors.
    #[command(hide = true)]
    Gen(crate::generate::Gen),
}

/// What went wrong, in both languages.
pub(crate) struct Failure {
    en: String,
    zh: String,
}

impl Failure {
    pub(crate) fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh => &self.zh,
            Lang::En => &self.en,
        }
    }
}

impl From<zhike_engine::Error> for Failure {
    fn from(error: zhike_engine::Error) -> Self {
        if let Some(cause) = &error.cause {
            tracing::debug!(code = error.code.as_str(), cause = %zhike_engine::with_causes(cause.as_ref()), "cause");
        }
        Self { en: error.message, zh: error.message_zh }
    }
}

impl From<crate::http::ApiError> for Failure {
    fn from(error: crate::http::ApiError) -> Self {
        let (en, zh) = error.into_texts();
        Self::new(en, zh)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string(), format!("读写出错：{error}"))
    }
}

/// Reads a text file that was named on the command line.
fn read_text(path: &Path) -> Result<String, Failure> {
    let name = path.display();
    std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read {name}: {error}"), format!("无法读取 {name}：{error}")))
}

/// Reads a definition from a JSON file.
fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let (name, text) = (path.display(), read_text(path)?);
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("{name}: {error}"), format!("{name} 有误：{error}")))
}

pub(crate) type Outcome = Result<ExitCode, Failure>;

impl Global {
    /// Where and how to open the data directory.
    fn options(&self) -> Result<Options, Failure> {
        let passphrase = match &self.passphrase_file {
            None => None,
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Failure::new(
                        format!("cannot read the passphrase file {}: {error}", path.display()),
                        format!("无法读取口令文件 {}：{error}", path.display()),
                    )
                })?;
                Some(Sensitive::new(text.trim_end_matches(['\n', '\r']).to_owned()))
            }
        };
        Ok(Options {
            dir: self.data.clone(),
            state_url: self.state.clone(),
            passphrase,
            memory_bytes: Some(self.memory_mib << 20),
            log: LogLimits {
                algorithm: match self.log_cipher {
                    LogCipher::Aes256Gcm => SegmentAlgorithm::Aes256Gcm,
                    LogCipher::Sm4Gcm => SegmentAlgorithm::Sm4Gcm,
                },
                ..LogLimits::default()
            },
            values: match self.value_cipher {
                ValueCipher::Sm4Gcm => ValueAlgorithm::Sm4Gcm,
                ValueCipher::Aes128Gcm => ValueAlgorithm::Aes128Gcm,
            },
            audit_anchors: self.audit_anchors.clone(),
            archive_to: self.archive_to.clone(),
            ..Options::default()
        })
    }

    /// Opens the data directory, works on it, and closes it whatever came of it.
    async fn with<T>(&self, work: impl AsyncFnOnce(&Ctx) -> Result<T, Failure>) -> Result<T, Failure> {
        let ctx = self.open().await?;
        let done = work(&ctx).await;
        ctx.close().await;
        done
    }

    /// Opens the data directory.
    pub(crate) async fn open(&self) -> Result<Ctx, Failure> {
        let ctx = Ctx::open(self.options()?).await?;
        match self.allowed(&ctx).await {
            Ok(by) => {
                let acting = ctx.acting(&Arc::new(by.clone()));
                if let Some(needs) = self.needs.filter(|needs| access::is_recorded(*needs)) {
                    let detail = serde_json::json!({ "at": "command line" });
                    if let Err(error) = audit::record(&acting, &by.actor, needs.as_str(), "zhike", &detail).await {
                        drop(acting);
                        ctx.close().await;
                        return Err(error.into());
                    }
                }
                let _ = self.acting.set(by);
                Ok(acting)
            }
            Err(failure) => {
                ctx.close().await;
                Err(failure)
            }
        }
    }

    /// Who acts, if they may: whoever a key names, or else whoever can read the files.
    async fn allowed(&self, ctx: &Ctx) -> Result<Principal, Failure> {
        let Some(key) = api_key() else { return Ok(Principal::local(&access::os_user())) };
        let by = accounts::by_key(ctx, &key).await?.ok_or_else(|| {
            Failure::new(
                "the key in ZHIKE_API_KEY is not known, has ended or was revoked",
                "ZHIKE_API_KEY 中的密钥不存在、已过期或已撤销",
            )
        })?;
        let Some(needs) = self.needs else { return Ok(by) };
        if decide(&by, needs) != Decision::Allow {
            return Err(accounts::no_permission(needs).into());
        }
        if !by.scope.is_all() && sees_everybody(needs) {
            return Err(Failure::new(
                "this shows all customers, and the key's owner sees part of them",
                "这个命令会涉及全部客户，而密钥的所有者只能看其中一部分",
            ));
        }
        Ok(by)
    }

    /// Who acts; known once the data directory is open.
    pub(crate) fn by(&self) -> Principal {
        self.acting.get().cloned().unwrap_or_else(|| Principal::local(&access::os_user()))
    }

    /// Their name for the audit trail.
    pub(crate) fn actor(&self) -> String {
        self.by().actor
    }

    pub(crate) fn lang(&self) -> Lang {
        self.lang.unwrap_or_else(|| {
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok());
            match locale {
                Some(locale) if locale.starts_with("zh") => Lang::Zh,
                _ => Lang::En,
            }
        })
    }
}

/// The key that programs act by.
fn api_key() -> Option<Sensitive<String>> {
    std::env::var("ZHIKE_API_KEY")
        .ok()
        .filter(|key| !key.trim().is_empty())
        .map(|key| Sensitive::new(key.trim().to_owned()))
}

/// Whether what a permission allows takes no notice of which customers somebody sees.
fn sees_everybody(needs: Permission) -> bool {
    matches!(needs, Permission::SqlRun | Permission::SystemRun | Permission::SourcesRead)
}

/// Parses the arguments and runs the command; exit code 0 only when all was done.
pub(crate) fn main() -> ExitCode {
    let mut cli = Cli::parse();
    cli.global.needs = Some(cli.command.needs());
    init_log(matches!(cli.command, Command::Serve(_) | Command::Demo(_)));
    let lang = cli.global.lang();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(failure) => fail(failure.text(lang)),
    }
}

fn fail(message: &str) -> ExitCode {
    // Nothing can be done when stderr itself is gone.
    let _ = writeln!(std::io::stderr(), "zhike: {message}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> Outcome {
    let global = &cli.global;
    match cli.command {
        Command::Demo(command) => command.run(global).await,
        Command::Init(command) => command.run(global).await,
        Command::Serve(command) => command.run(global).await,
        Command::Source(command) => command.run(global).await,
        Command::Bind(command) => command.run(global).await,
        Command::Tail(command) => command.run(global).await,
        Command::Import(command) => command.run(global).await,
        Command::Imports(command) => command.run(global).await,
        Command::Mapping(command) => command.run(global).await,
        Command::Quarantine(command) => command.run(global).await,
        Command::Refresh(command) => command.run(global).await,
        Command::Rules(command) => command.run(global).await,
        Command::Identity(command) => command.run(global).await,
        Command::Segment(command) => command.run(global).await,
        Command::Export(command) => command.run(global).await,
        Command::Tag(command) => command.run(global).await,
        Command::Consent(command) => command.run(global).await,
        Command::Request(command) => command.run(global).await,
        Command::Erase(command) => command.run(global).await,
        Command::Key(command) => command.run(global).await,
        Command::Retention(command) => command.run(global).await,
        Command::History(command) => command.run(global).await,
        Command::Kpi(command) => command.run(global).await,
        Command::Alert(command) => command.run(global).await,
        Command::Model(command) => command.run(global).await,
        Command::Target(command) => command.run(global).await,
        Command::Analyze(command) => command.run(global).await,
        Command::Sql(command) => command.run(global).await,
        Command::Profile(command) => command.run(global).await,
        Command::User(command) => command.run(global).await,
        Command::Sso(command) => command.run(global).await,
        Command::ApiKey(command) => command.run(global).await,
        Command::Role(command) => command.run(global).await,
        Command::Backup(command) => command.run(global).await,
        Command::Restore(command) => command.run(global).await,
        Command::Audit(command) => command.run(global).await,
        Command::Approval(command) => command.run(global).await,
        Command::Incident(command) => command.run(global).await,
        Command::Budget(command) => command.run(global).await,
        Command::Grade(command) => command.run(global).await,
        Command::Compliance(command) => command.run(global).await,
        Command::Canary(command) => command.run(global).await,
        Command::Doctor(command) => command.run(global).await,
        Command::Bench(command) => command.run(global).await,
        Command::Gen(command) => command.run(),
    }
}

/// Servers log to stderr what they do, commands only what is wrong; `ZHIKE_LOG` changes that.
fn init_log(is_server: bool) {
    let default = if is_server { "warn,zhike=info,zhike_engine=info" } else { "error,zhike=warn,zhike_engine=warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_env("ZHIKE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("ZHIKE_LOG_FORMAT").is_ok_and(|format| format == "json") {
        log.json().init();
    } else {
        log.with_target(false).init();
    }
}
