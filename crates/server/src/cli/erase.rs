//! `zhike erase`: people erased, with receipts; `zhike retention`: how long what is kept.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use zhike_domain::erasure::Sealed;
use zhike_domain::id::{ErasureId, ProfileId, RequestId};
use zhike_engine::erasure;
use zhike_engine::{requests, retention};

use super::key::read_public_key;
use super::{Failure, Format, Global, Lang, Outcome, read_json};
use crate::http::erasures::ErasureBody;
use crate::http::retention::{Purge, RuleBody, class};
use crate::output::{instant, print_json, print_rows};

/// Erase a person for good, list erasures, show and check receipts.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Erase {
    #[command(subcommand)]
    command: Option<EraseCommand>,
    /// Customer, `prf_…`; must be whom the request is about.
    profile: Option<ProfileId>,
    /// Granted request for deletion, `req_…`.
    #[arg(long, value_name = "REQUEST")]
    request: Option<RequestId>,
}

#[derive(Subcommand)]
enum EraseCommand {
    /// All erasures: those under way first, then the newest.
    List,
    /// Print the sealed receipt of an erasure as JSON.
    Receipt {
        /// Erasure, `ers_…`.
        erasure: ErasureId,
    },
    /// Check a receipt against this data directory, or with --public-key its signature alone, on any machine.
    Verify {
        /// The receipt.
        file: PathBuf,
        /// Public key as `zhike key public` writes it; no data directory is opened.
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
    },
}

impl Erase {
    /// Whether it erases somebody.
    pub(super) const fn is_order(&self) -> bool {
        self.command.is_none()
    }

    pub(super) async fn run(self, global: &Global) -> Outcome {
        if let Some(EraseCommand::Verify { file, public_key: Some(key) }) = &self.command {
            let sealed: Sealed = read_json(file)?;
            let is_signed = erasure::is_signed(&read_public_key(key)?, &sealed)?;
            let rows = [
                ["signed with this key, unchanged".to_owned(), word(is_signed)],
                ["nothing was found afterwards".to_owned(), word(Some(sealed.receipt.is_clean()))],
            ];
            print_rows(global.format, ["check", "holds"], rows)?;
            return Ok(if is_signed == Some(true) { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        global.with(async |ctx| self.run_on(ctx, global).await).await
    }

    async fn run_on(self, ctx: &zhike_engine::Ctx, global: &Global) -> Outcome {
        match self.command {
            Some(EraseCommand::List) => print_erasures(global, erasure::list(ctx).await?)?,
            Some(EraseCommand::Receipt { erasure }) => {
                let sealed = erasure::get(ctx, erasure).await?.receipt;
                let none = || Failure::new("the erasure is not finished yet", "销毁尚未完成，还没有凭证");
                print_json(&sealed.ok_or_else(none)?)?;
            }
            Some(EraseCommand::Verify { file, public_key: _ }) => {
                let sealed: Sealed = read_json(&file)?;
                let found = erasure::verify(ctx, &sealed).await?;
                let is_good = found.is_sealed && found.is_listed && found.is_signed != Some(false);
                let row = |name: &str, is: Option<bool>| [name.to_owned(), word(is)];
                let rows = [
                    row("sealed here, unchanged", Some(found.is_sealed)),
                    row("signed here (-- by releases before signatures)", found.is_signed),
                    row("in the ledger", Some(found.is_listed)),
                    row("nothing was found afterwards", Some(sealed.receipt.is_clean())),
                ];
                print_rows(global.format, ["check", "holds"], rows)?;
                if !is_good {
                    return Ok(ExitCode::FAILURE);
                }
            }
            None => {
                let missing = || {
                    Failure::new(
                        "name the granted request for deletion: zhike erase <profile> --request req_…",
                        "请指明已同意的删除请求：zhike erase <客户> --request req_…",
                    )
                };
                let request = self.request.ok_or_else(missing)?;
                let about = requests::get(ctx, request).await?.profile_id;
                if self.profile.is_none() || about != self.profile {
                    return Err(Failure::new(
                        "the request is not about this customer",
                        "该请求不是这位客户的：请核对客户编号",
                    ));
                }
                erasure::approve(ctx, request, &global.actor()).await?;
                print_erasures(global, erasure::finish(ctx).await?)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn word(is: Option<bool>) -> String {
    is.map_or("--", |is| if is { "yes" } else { "no" }).to_owned()
}

fn print_erasures(global: &Global, all: Vec<erasure::Erasure>) -> Result<(), Failure> {
    let all = all.into_iter().map(ErasureBody::from);
    if global.format == Format::Json {
        return print_json(&all.collect::<Vec<_>>());
    }
    let rows = all.map(|one| {
        let n: u64 = one.removed.values().sum();
        let clean = one.is_clean.map_or("--", |is| if is { "yes" } else { "no" });
        let none = || "--".to_owned();
        let (request, ended) = (one.request_id.unwrap_or_else(none), one.ended_at.unwrap_or_else(none));
        [one.erasure_id, one.profile_id, request, one.approved_at, ended, n.to_string(), clean.to_owned()]
    });
    let header = ["erasure_id", "customer", "request", "approved_at", "ended_at", "rows", "clean"];
    Ok(print_rows(global.format, header, rows)?)
}

/// How long what is kept.
#[derive(Subcommand)]
pub(super) enum Retention {
    /// The rules, one for each class of data.
    Show,
    /// Set the rule of a class from a JSON file, as `show --format json` prints them.
    Set {
        /// One rule, or a list of them.
        file: PathBuf,
    },
    /// Keep a customer's data, or a class of data, from being erased or purged.
    Hold {
        /// Customer, `prf_…`.
        #[arg(long, value_name = "PROFILE", conflicts_with = "class")]
        profile: Option<ProfileId>,
        /// orders, events, feedback, touches, quarantine, audit.
        #[arg(long, value_name = "CLASS")]
        class: Option<String>,
        /// Why.
        reason: String,
    },
    /// Lift a hold.
    Lift {
        /// As `holds` prints it.
        hold: i64,
    },
    /// All holds, those that last first.
    Holds,
    /// Let go of what is over.
    Run {
        /// Only say what would go.
        #[arg(long)]
        dry_run: bool,
    },
    /// Open an archive into a Parquet file, without the rows of people who were erased since.
    Open {
        /// File of the folder that --archive-to named.
        archive: PathBuf,
        /// File to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

impl Retention {
    /// Whether it lets go of anything.
    pub(super) const fn is_run(&self) -> bool {
        matches!(self, Self::Run { dry_run: false })
    }

    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.run_on(ctx, global).await).await
    }

    async fn run_on(self, ctx: &zhike_engine::Ctx, global: &Global) -> Outcome {
        let actor = global.actor();
        let failed = |(en, zh): (String, String)| Failure::new(en, zh);
        match self {
            Self::Show => print_rules(global, retention::rules(ctx).await?)?,
            Self::Set { file } => {
                let json: serde_json::Value = read_json(&file)?;
                let all = if json.is_array() { json } else { serde_json::Value::Array(vec![json]) };
                let bodies: Vec<RuleBody> = serde_json::from_value(all).map_err(|error| {
                    Failure::new(format!("{}: {error}", file.display()), format!("{} 有误：{error}", file.display()))
                })?;
                for body in bodies {
                    retention::set(ctx, body.rule().map_err(failed)?, &actor).await?;
                }
                print_rules(global, retention::rules(ctx).await?)?;
            }
            Self::Hold { profile, class: name, reason } => {
                let class = name.as_deref().map(class).transpose().map_err(failed)?;
                retention::hold(ctx, class, profile, &reason, &actor).await?;
                print_holds(global, retention::holds(ctx).await?)?;
            }
            Self::Lift { hold } => {
                retention::lift(ctx, hold, &actor).await?;
                print_holds(global, retention::holds(ctx).await?)?;
            }
            Self::Holds => print_holds(global, retention::holds(ctx).await?)?,
            Self::Open { archive, out } => {
                let opened = retention::open_archive(ctx, &archive, &out, &actor).await?;
                let said = match global.lang() {
                    Lang::Zh => {
                        format!("{}：{} 行，已销毁者的 {} 行未取出", opened.table, opened.n_rows, opened.n_left_out)
                    }
                    Lang::En => {
                        format!(
                            "{}: {} rows; {} left out, of erased people",
                            opened.table, opened.n_rows, opened.n_left_out
                        )
                    }
                };
                writeln!(std::io::stdout().lock(), "{said}")?;
            }
            Self::Run { dry_run: true } => print_purge(global, retention::preview(ctx).await?.into())?,
            Self::Run { dry_run: false } => print_purge(global, retention::run(ctx, &actor).await?.into())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print_rules(global: &Global, rules: Vec<zhike_domain::retention::Rule>) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(&rules.into_iter().map(RuleBody::from).collect::<Vec<_>>());
    }
    let is_zh = global.lang() == Lang::Zh;
    let word = |(zh, en): (&str, &str)| if is_zh { zh.to_owned() } else { en.to_owned() };
    let rows = rules.into_iter().map(|rule| {
        let is_on = if rule.is_on { "yes" } else { "no" };
        let what = word(rule.class.words());
        let (basis, then) = (word(rule.basis.words()), word(rule.then.words()));
        [rule.class.as_str().to_owned(), what, rule.days.to_string(), basis, rule.source, then, is_on.to_owned()]
    });
    Ok(print_rows(global.format, ["class", "what", "days", "basis", "source", "then", "by_itself"], rows)?)
}

fn print_holds(global: &Global, holds: Vec<retention::HoldRow>) -> Result<(), Failure> {
    let rows = holds.into_iter().map(|row| {
        let on = row.profile_id.map_or_else(|| row.class.unwrap_or_default(), |id| ProfileId::new(id).to_string());
        let lifted = row.lifted_at.map_or_else(|| "--".to_owned(), instant);
        [row.hold_id.to_string(), on, row.reason, row.author, instant(row.set_at), lifted]
    });
    Ok(print_rows(global.format, ["hold_id", "on", "reason", "author", "set_at", "lifted_at"], rows)?)
}

fn print_purge(global: &Global, purge: Purge) -> Result<(), Failure> {
    if global.format == Format::Json {
        return print_json(&purge);
    }
    let total = ["total", "", "", "", ""].map(str::to_owned);
    let sums = [purge.n_gone.to_string(), purge.n_nameless.to_string()];
    let rows = purge.lines.into_iter().map(|line| {
        let held = if line.is_held { "yes" } else { "no" };
        let numbers = [line.n_gone.to_string(), line.n_nameless.to_string()];
        ([line.class, line.table, line.then, line.before, held.to_owned()], numbers)
    });
    let rows = rows.chain([(total, sums)]).map(|([a, b, c, d, e], [f, g])| [a, b, c, d, e, f, g]);
    let header = ["class", "table", "then", "before", "held", "rows_gone", "rows_nameless"];
    Ok(print_rows(global.format, header, rows)?)
}
