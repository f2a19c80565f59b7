//! `zhike history`.

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use jiff::civil::Date;
use zhike_domain::id::ProfileId;
use zhike_engine::history::{self, What};

use super::{Format, Global, Lang, Outcome};
use crate::http::history::{MovesBody, PastBody};
use crate::output::{print_json, print_rows, told};

/// What held as of past refreshes, what changed, and who moved.
#[derive(Subcommand)]
pub(super) enum History {
    /// The days for which something was computed.
    Days {
        /// tier, rfm_segment, tag:KEY.
        #[arg(long, default_value = "tier")]
        what: String,
    },
    /// How many went from one tier, group or value of a tag to another.
    Moves {
        /// tier, rfm_segment, tag:KEY.
        #[arg(long, default_value = "tier")]
        what: String,
        /// The newest refresh up to this day; the one before the other day when absent.
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        /// The newest refresh up to this day; the newest when absent.
        #[arg(long, value_name = "DATE")]
        to: Option<Date>,
    },
    /// The customers of one move.
    Movers {
        /// tier, rfm_segment, tag:KEY.
        #[arg(long, default_value = "tier")]
        what: String,
        /// The newest refresh up to this day; the one before the other day when absent.
        #[arg(long, value_name = "DATE")]
        from: Option<Date>,
        /// The newest refresh up to this day; the newest when absent.
        #[arg(long, value_name = "DATE")]
        to: Option<Date>,
        /// Value on the first day; none when absent.
        #[arg(long)]
        before: Option<String>,
        /// Value on the second day; none when absent.
        #[arg(long)]
        after: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Segments and tags on two days, largest change first.
    Changes {
        /// First day.
        from: Date,
        /// Second day.
        to: Date,
    },
    /// Scores, tags and segments of a customer as of a day.
    Of {
        /// Customer, `prf_…`.
        profile: ProfileId,
        /// Last day that counts; all that is known when absent.
        #[arg(long, value_name = "DATE")]
        as_of: Option<Date>,
    },
}

impl History {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let ctx = global.open().await?;
        let format = global.format;
        let is_zh = global.lang() == Lang::Zh;
        let none = || String::from("--");
        match self {
            Self::Days { what } => {
                let days = history::days(&ctx, &What::parse(&what)?).await?;
                let rows = days.into_iter().map(|day| [day.as_of, told(day.n_customers)]);
                print_rows(format, ["as_of", "customers"], rows)?;
            }
            Self::Moves { what, from, to } => {
                let found: MovesBody = history::moves(&ctx, &What::parse(&what)?, from, to).await?.into();
                if format == Format::Json {
                    print_json(&found)?;
                } else {
                    let rows = found
                        .moves
                        .into_iter()
                        .map(|one| [one.before.unwrap_or_else(none), one.after.unwrap_or_else(none), told(one.n)]);
                    print_rows(format, [found.from.as_str(), found.to.as_str(), "customers"], rows)?;
                    let [stayed, moved, new, gone] =
                        [found.n_stayed, found.n_moved, found.n_new, found.n_gone].map(told);
                    let line = if is_zh {
                        format!("不变 {stayed}，变化 {moved}，新增 {new}，不再有 {gone}")
                    } else {
                        format!("{stayed} stayed, {moved} moved, {new} are new, {gone} have none any more")
                    };
                    writeln!(std::io::stdout(), "{line}")?;
                }
            }
            Self::Movers { what, from, to, before, after, limit } => {
                let what = What::parse(&what)?;
                let (from, to) = ((from, before.as_deref()), (to, after.as_deref()));
                let found = history::movers(&ctx, &what, from, to, None, limit.max(1)).await?;
                let rows = found.customers.into_iter().map(|mut one| {
                    let identity = one.identity.map(|(kind, value)| format!("{kind}:{value}"));
                    let name = one.personal.remove("name").or(identity).unwrap_or_else(none);
                    [one.profile_id.to_string(), name, one.personal.remove("phone").unwrap_or_else(none)]
                });
                print_rows(format, ["profile", "name", "phone"], rows)?;
            }
            Self::Changes { from, to } => {
                let found = history::changes(&ctx, from, to).await?;
                let named = |kind: &'static str| move |one| (kind, one);
                let all =
                    found.segments.into_iter().map(named("segment")).chain(found.tags.into_iter().map(named("tag")));
                let rows = all.map(|(kind, one): (_, history::Change)| {
                    let name = if is_zh { one.name.0 } else { one.name.1 };
                    let [before, after, same] = [one.n_before, one.n_after, one.n_same].map(told);
                    [kind.to_owned(), one.key, name, before, after, same]
                });
                print_rows(format, ["kind", "key", "name", "before", "after", "same"], rows)?;
            }
            Self::Of { profile, as_of } => {
                let past: PastBody = history::of_profile(&ctx, profile, as_of).await?.into();
                if format == Format::Json {
                    print_json(&past)?;
                } else {
                    let scores = if as_of.is_some() { past.scores.into_iter().collect() } else { past.days };
                    let scores = scores.into_iter().map(|one| {
                        let value = format!("R{} F{} M{} · {} · {}", one.r, one.f, one.m, one.rfm_segment, one.tier);
                        ["rfm".to_owned(), value, one.as_of, none()]
                    });
                    let tags = past.tags.into_iter().map(|one| {
                        let from = one.as_of.or(one.set_at).unwrap_or_else(none);
                        [one.key, one.value, from, one.expires_at.unwrap_or_else(none)]
                    });
                    let stays = past
                        .stays
                        .into_iter()
                        .map(|one| ["segment".to_owned(), one.name, one.since, one.until.unwrap_or_else(none)]);
                    let rows = scores.chain(stays).chain(tags);
                    print_rows(format, ["what", "value", "from", "until"], rows)?;
                }
            }
        }
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
