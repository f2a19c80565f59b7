//! `zhike consent`: purposes and what people said about them.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use zhike_domain::id::ProfileId;
use zhike_engine::consents::{self, NewStatement};
use zhike_engine::{Ctx, import};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::consents::{ProfileConsentsBody, PurposeBody, SummaryBody};
use crate::output::print_rows;

/// Consent of customers.
#[derive(Subcommand)]
pub(super) enum Consent {
    /// Show the purposes and how everybody stands on them; with a file, define one or change the one of its code.
    Purposes {
        /// File with a purpose, as JSON (docs/guides/consents.md).
        file: Option<PathBuf>,
    },
    /// What a customer said, and what may be done because of it.
    Show {
        /// Customer, `prf_…`.
        profile: ProfileId,
        /// Every statement instead of the last of each purpose.
        #[arg(long)]
        history: bool,
    },
    /// Record that a customer agrees, or with --withdraw takes it back.
    Set {
        /// Customer, `prf_…`.
        profile: ProfileId,
        /// Codes of purposes.
        #[arg(required = true)]
        purposes: Vec<String>,
        /// Takes it back.
        #[arg(long)]
        withdraw: bool,
        /// Where the proof is kept; needed for separate consent.
        #[arg(long, value_name = "TEXT", default_value = "")]
        evidence: String,
        /// Where it was said.
        #[arg(long, value_name = "TEXT", default_value = "cli")]
        channel: String,
        /// Version of the notice that the customer saw; the one in force when absent.
        #[arg(long, value_name = "VERSION")]
        policy: Option<String>,
        /// When it was said, as 2026-03-31T08:00:00Z; now when absent.
        #[arg(long, value_name = "TIME")]
        at: Option<jiff::Timestamp>,
        /// A guardian said it.
        #[arg(long)]
        guardian: bool,
    },
    /// Record the statements of a file: columns for the person, purpose, granted, at.
    Import {
        /// File.
        file: PathBuf,
        /// Purpose of all rows, where the file has no column for it.
        #[arg(long, value_name = "PURPOSE")]
        purpose: Option<String>,
    },
}

impl Consent {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let code = self.run_on(&ctx, global).await?;
        ctx.close().await;
        Ok(code)
    }

    async fn run_on(self, ctx: &Ctx, global: &Global) -> Outcome {
        match self {
            Self::Purposes { file } => {
                if let Some(file) = file {
                    let body: PurposeBody = super::read_json(&file)?;
                    let purpose = body.read()?;
                    consents::put_purpose(ctx, purpose, &global.actor()).await?;
                }
                print_purposes(ctx, global).await?;
            }
            Self::Show { profile, history } => show(ctx, global, profile, history).await?,
            Self::Set { profile, purposes, withdraw, evidence, channel, policy, at, guardian } => {
                let said = purposes.into_iter().map(|purpose| NewStatement {
                    purpose,
                    granted: !withdraw,
                    at: at.map(jiff::Timestamp::as_microsecond),
                    policy_version: policy.clone(),
                    channel: channel.clone(),
                    evidence: evidence.clone(),
                    by_guardian: guardian,
                });
                consents::record(ctx, profile, &said.collect::<Vec<_>>(), &global.actor()).await?;
                show(ctx, global, profile, false).await?;
            }
            Self::Import { file, purpose } => return import_file(ctx, global, &file, purpose.as_deref()).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn print_purposes(ctx: &Ctx, global: &Global) -> Result<(), Failure> {
    let all = consents::summary(ctx).await?.into_iter().map(SummaryBody::from);
    if global.format == Format::Json {
        return print_json(&all.collect::<Vec<_>>());
    }
    let is_zh = global.lang() == Lang::Zh;
    let rows = all.map(|one| {
        let name = if is_zh { one.purpose.name_zh } else { one.purpose.name };
        let n = |n: u64| n.to_string();
        let separate = one.purpose.separate.unwrap_or_else(|| "--".into());
        let (said, may) =
            ([one.n_granted, one.n_withdrawn, one.n_outdated].map(n), [one.n_allowed, one.excluded.total]);
        let ([granted, withdrawn, outdated], [allowed, out]) = (said, may.map(n));
        [one.purpose.code, name, one.purpose.basis, separate, granted, withdrawn, outdated, allowed, out]
    });
    let header = ["purpose", "name", "basis", "separate", "granted", "withdrawn", "outdated", "allowed", "left_out"];
    print_rows(global.format, header, rows)?;
    Ok(())
}

async fn show(ctx: &Ctx, global: &Global, profile: ProfileId, history: bool) -> Result<(), Failure> {
    let found = ProfileConsentsBody::from(consents::of_profile(ctx, profile).await?);
    if global.format == Format::Json {
        return print_json(&found);
    }
    if history {
        let rows = found.history.into_iter().map(|one| {
            let said = if one.granted { "granted" } else { "withdrawn" };
            [one.at, one.purpose, said.into(), one.policy_version, one.channel, one.evidence, one.author]
        });
        let header = ["at", "purpose", "said", "policy", "channel", "evidence", "author"];
        print_rows(global.format, header, rows)?;
        return Ok(());
    }
    let is_zh = global.lang() == Lang::Zh;
    let rows = found.standings.into_iter().map(|one| {
        let name = if is_zh { one.purpose.name_zh } else { one.purpose.name };
        let at = one.last.map_or_else(|| "--".into(), |last| last.at);
        [one.purpose.code, name, one.state, one.is_allowed.to_string(), one.refusal.unwrap_or_else(|| "--".into()), at]
    });
    print_rows(global.format, ["purpose", "name", "said", "allowed", "why_not", "at"], rows)?;
    Ok(())
}

async fn import_file(ctx: &Ctx, global: &Global, file: &std::path::Path, purpose: Option<&str>) -> Outcome {
    let done = consents::import(ctx, import::file_at(file), purpose, &global.actor()).await?;
    let mut out = std::io::stdout().lock();
    let is_zh = global.lang() == Lang::Zh;
    let (n, new, known) = (done.n_rows, done.n_recorded, done.n_known);
    let (unknown, refused) = (done.n_unknown, done.n_refused);
    if is_zh {
        writeln!(out, "{n} 行：新记录 {new}，已有 {known}，查无此人 {unknown}，未采纳 {refused}")?;
    } else {
        writeln!(out, "{n} rows: {new} recorded, {known} known, {unknown} of nobody known, {refused} refused")?;
    }
    for (row, zh, en) in &done.refused {
        writeln!(out, "  {row}: {}", if is_zh { zh } else { en })?;
    }
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}
