//! `zhike request`: what people ask for.

use std::process::ExitCode;

use clap::Subcommand;
use jiff::civil::Date;
use zhike_domain::id::{ProfileId, RequestId};
use zhike_engine::Ctx;
use zhike_engine::requests::{self, NewRequest};

use super::consent::print_json;
use super::{Failure, Format, Global, Outcome};
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
            Self::Refuse { request, refusal: text, outcome } => {
                vec![requests::refuse(ctx, request, refusal(&text).map_err(failed)?, &outcome, actor).await?]
            }
        })
    }
}
