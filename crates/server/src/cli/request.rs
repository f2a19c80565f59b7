//! `zhike request`: what people ask for.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use jiff::civil::Date;
use zhike_domain::id::{ProfileId, RequestId};
use zhike_engine::Ctx;
use zhike_engine::requests::{self, NewRequest};

use super::consent::print_json;
use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::requests::{RequestBody, kind, refusal};
use crate::output::print_rows;

/// Requests of persons.
#[derive(Subcommand)]
pub(super) enum Request {
    /// The register: open requests first, the most pressing at the top.
    List,
    /// Enter a request; its clock runs from when it arrived.
    New {
        /// Customer, `prf_…`.
        profile: ProfileId,
        /// access, copy, portability, correction, deletion, explanation, withdrawal, opt_out, next_of_kin.
        kind: String,
        /// How it arrived: phone, mail, store, app …
        #[arg(long, value_name = "TEXT", default_value = "cli")]
        channel: String,
        /// Purpose, of a withdrawal.
        #[arg(long, value_name = "PURPOSE")]
        purpose: Option<String>,
        /// In words.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        /// Day on which it arrived; today when absent.
        #[arg(long, value_name = "DATE")]
        received: Option<Date>,
    },
    /// Record how it was checked who asks.
    Check {
        /// Request, `req_…`.
        request: RequestId,
        /// A code to the phone, a document, a visit …
        method: String,
    },
    /// Carry a request out: takes consent back, stops profiling, approves a deletion; for other kinds says what was done.
    Do {
        /// Request, `req_…`.
        request: RequestId,
        /// What was done.
        #[arg(default_value = "")]
        outcome: String,
    },
    /// Write the copy of all that is held about whoever asks, as an encrypted ZIP; its password is shown once.
    Copy {
        /// Request, `req_…`; or customer, `prf_…`, whose open request it is.
        whose: String,
        /// Archive to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Refuse a request.
    Refuse {
        /// Request, `req_…`.
        request: RequestId,
        /// not_identified, nothing_held, legal_duty, retention_period, others_rights, not_feasible, repeated, taken_back.
        refusal: String,
        /// In words.
        #[arg(default_value = "")]
        outcome: String,
    },
}

impl Request {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        if let Self::Copy { whose, out } = self {
            let done = copy(&ctx, global, &whose, &out).await;
            ctx.close().await;
            return done;
        }
        let found = self.run_on(&ctx, &global.actor()).await?.into_iter().map(RequestBody::from);
        ctx.close().await;
        if global.format == Format::Json {
            print_json(&found.collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let none = || String::from("--");
        let rows = found.map(|one| {
            let left = one.days_left.map_or_else(none, |days| days.to_string());
            let about = one.profile_id.unwrap_or_else(none);
            let check = one.check_method.unwrap_or_else(none);
            let end = one.refusal.unwrap_or(one.outcome);
            [one.request_id, about, one.kind, one.status, one.received_at, one.due_on, left, check, end]
        });
        let header =
            ["request_id", "customer", "kind", "status", "received_at", "due_on", "days_left", "checked_by", "outcome"];
        print_rows(global.format, header, rows)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn run_on(self, ctx: &Ctx, actor: &str) -> Result<Vec<requests::Request>, Failure> {
        let failed = |(en, zh): (String, String)| Failure::new(en, zh);
        Ok(match self {
            Self::List => requests::list(ctx).await?,
            Self::New { profile, kind: text, channel, purpose, note, received } => {
                let received_at = received.map(|day| requests::day_start(ctx, day));
                let kind = kind(&text).map_err(failed)?;
                let new = NewRequest { profile_id: profile, kind, channel, purpose, note, received_at };
                vec![requests::enter(ctx, new, actor).await?]
            }
            Self::Check { request, method } => vec![requests::check(ctx, request, &method, actor).await?],
            Self::Do { request, outcome } => vec![requests::carry_out(ctx, request, &outcome, actor).await?],
            // Answered above: it gives a file.
            Self::Copy { .. } => Vec::new(),
            Self::Refuse { request, refusal: text, outcome } => {
                vec![requests::refuse(ctx, request, refusal(&text).map_err(failed)?, &outcome, actor).await?]
            }
        })
    }
}

/// Writes a copy, and shows its password once.
async fn copy(ctx: &Ctx, global: &Global, whose: &str, out: &Path) -> Outcome {
    let id = match (whose.parse::<RequestId>(), whose.parse::<ProfileId>()) {
        (Ok(id), _) => id,
        (_, Ok(profile_id)) => requests::copyable(ctx, profile_id).await?,
        _ => {
            return Err(Failure::new(
                format!("{whose} is neither a request (req_…) nor a customer (prf_…)"),
                format!("{whose} 既不是请求编号（req_…）也不是客户编号（prf_…）"),
            ));
        }
    };
    let is_zh = matches!(global.lang(), Lang::Zh);
    let made = requests::copy(ctx, id, is_zh, &global.actor()).await?;
    let (n_rows, n_files, password) = (made.n_rows, made.files.len(), zhike_engine::exports::new_password());
    // Beside its place until it is whole.
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    requests::seal(made, Path::new(&part), &password).await?;
    std::fs::rename(&part, out)?;
    let mut stdout = std::io::stdout().lock();
    let shown = password.expose();
    if global.format == Format::Json {
        let body = serde_json::json!({ "out": out, "rows": n_rows, "files": n_files, "password": shown });
        serde_json::to_writer(&mut stdout, &body).map_err(std::io::Error::from)?;
        writeln!(stdout)?;
    } else if is_zh {
        writeln!(stdout, "{n_rows} 行，{n_files} 个文件 → {}\n密码（只显示这一次）：{shown}", out.display())?;
    } else {
        writeln!(stdout, "{n_rows} rows, {n_files} files → {}\npassword (shown this once): {shown}", out.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
