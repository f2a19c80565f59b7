//! `zhike profile`.

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use zhike_domain::id::{ApprovalId, ProfileId, RequestId};
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::corrections;
use zhike_engine::profiles::{self, Profile as View, Show};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::profiles::ProfileBody;

/// Customers.
#[derive(Subcommand)]
pub(super) enum Profile {
    /// Show one customer: identities, traits, scores, value over time.
    Show {
        /// Customer (`prf_…`).
        #[arg(required_unless_present_any = ["identity", "approval"])]
        profile_id: Option<ProfileId>,
        /// By identity instead: `kind:value`, or the value alone.
        #[arg(long, value_name = "KIND:VALUE", conflicts_with = "profile_id")]
        identity: Option<String>,
        /// Show personal fields in the clear; the reason goes to the audit trail.
        #[arg(long, value_name = "REASON")]
        unmask: Option<String>,
        /// Show the customer of a look in the clear that was approved, once.
        #[arg(long, value_name = "APPROVAL", conflicts_with_all = ["profile_id", "identity", "unmask"])]
        approval: Option<ApprovalId>,
    },
    /// Ask a second person for a look at a customer in the clear, where the role needs one.
    Ask {
        /// Customer (`prf_…`).
        profile_id: ProfileId,
        /// Why.
        reason: String,
    },
    /// Correct a field on behalf of a person: later files do not change it until the correction is withdrawn.
    Correct {
        /// Customer (`prf_…`).
        profile_id: ProfileId,
        /// name, address, birthday, gender, birth_year, country, province, city, member_level, registered_on,
        /// acquisition_channel.
        field: String,
        /// What is right, written as in a file.
        #[arg(required_unless_present = "withdraw")]
        value: Option<String>,
        /// Request for correction that was checked, `req_…`.
        #[arg(long, value_name = "REQUEST", required_unless_present = "withdraw")]
        request: Option<RequestId>,
        /// Withdraw the correction instead: the field has the value that files and events say.
        #[arg(long, conflicts_with_all = ["value", "request"])]
        withdraw: bool,
    },
}

impl Profile {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let (profile_id, identity, unmask) = match self {
            Self::Show { approval: Some(approval), .. } => return approved(global, approval).await,
            Self::Show { profile_id, identity, unmask, .. } => (profile_id, identity, unmask),
            Self::Ask { profile_id, reason } => {
                let ctx = global.open().await?;
                let asked = profiles::ask_to_see(&ctx, &global.by(), profile_id, &reason).await;
                ctx.close().await;
                writeln!(std::io::stdout(), "{}", asked?.id)?;
                return Ok(ExitCode::SUCCESS);
            }
            Self::Correct { profile_id, field, value, request, .. } => {
                return correct(global, profile_id, &field, value.zip(request)).await;
            }
        };
        let ctx = global.open().await?;
        let profile_id = match (profile_id, identity) {
            (Some(profile_id), _) => profile_id,
            (None, identity) => {
                let text = identity.unwrap_or_default();
                let (kind, value) = match text.split_once(':') {
                    Some((kind, value)) => match IdentityKind::parse(kind) {
                        Some(kind) => (Some(kind), value.to_owned()),
                        None => (None, text.clone()),
                    },
                    None => (None, text.clone()),
                };
                let found = profiles::find(&ctx, kind, &Sensitive::new(value)).await?;
                match found.as_slice() {
                    [one] => *one,
                    [] => {
                        return Err(Failure::new(
                            "nobody has this identity: look-up is by the exact value",
                            "没有客户使用这个身份：只支持精确查找",
                        ));
                    }
                    many => {
                        let ids: Vec<String> = many.iter().map(ToString::to_string).collect();
                        return Err(Failure::new(
                            format!("{} customers have this identity, name one: {}", many.len(), ids.join(" ")),
                            format!("{} 位客户使用这个身份，请指定一位：{}", many.len(), ids.join(" ")),
                        ));
                    }
                }
            }
        };
        let show = match unmask {
            None => Show::Masked,
            Some(reason) => {
                let up_to_grade = global.by().reveals_up_to().unwrap_or(2);
                Show::Clear { actor: global.actor(), reason, up_to_grade, approval: None }
            }
        };
        let view = profiles::view(&ctx, profile_id, &show).await?;
        put(global, &view, &ctx.workspace().currency)?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows a customer whom a second person approved.
async fn approved(global: &Global, approval: ApprovalId) -> Outcome {
    let ctx = global.open().await?;
    let view = profiles::see_approved(&ctx, &global.by(), approval).await;
    let currency = ctx.workspace().currency;
    ctx.close().await;
    put(global, &view?, &currency)?;
    Ok(ExitCode::SUCCESS)
}

fn put(global: &Global, view: &View, currency: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match global.format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &ProfileBody::new(view, currency)).map_err(std::io::Error::from)?;
            writeln!(out)
        }
        _ => print(&mut out, view, currency, global.lang()),
    }
}

/// Corrects a field, or withdraws its correction.
async fn correct(global: &Global, profile_id: ProfileId, field: &str, to: Option<(String, RequestId)>) -> Outcome {
    let ctx = global.open().await?;
    let done = match to {
        Some((value, request)) => {
            corrections::correct(&ctx, profile_id, field, &Sensitive::new(value), request, &global.actor()).await
        }
        None => corrections::withdraw(&ctx, profile_id, field, &global.actor()).await,
    };
    ctx.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

fn print(out: &mut impl Write, view: &View, currency: &str, lang: Lang) -> std::io::Result<()> {
    let zh = lang == Lang::Zh;
    let word = |zh_word: &'static str, en_word: &'static str| if zh { zh_word } else { en_word };
    let body = ProfileBody::new(view, currency);
    let head = &body.profile;
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "--".into());
    writeln!(out, "{}  {}  {}  {}", head.profile_id, shown(&head.name), shown(&head.phone), shown(&head.email))?;
    writeln!(
        out,
        "  {} · {} · {} · {}",
        shown(&head.gender),
        shown(&head.province),
        shown(&head.city),
        shown(&head.member_level)
    )?;
    for one in &body.corrections {
        writeln!(out, "  {} {} · {}", word("更正", "corrected"), one.field, one.made_at)?;
    }
    writeln!(out, "{}", word("身份", "Identities"))?;
    for identity in &body.identities {
        writeln!(out, "  {}: {}  ({})", identity.kind, shown(&identity.value), identity.source)?;
    }
    writeln!(
        out,
        "{}  {} {} · {} {} {currency} · {} {} {currency}",
        word("订单", "Orders"),
        body.totals.n_orders,
        word("笔", "sales"),
        word("净额", "net"),
        body.totals.net_amount,
        word("已退", "refunded"),
        body.totals.refunded_amount
    )?;
    if let Some(rfm) = &body.rfm {
        writeln!(
            out,
            "RFM  R{} F{} M{} · {} · {} ({} {})",
            rfm.r_score,
            rfm.f_score,
            rfm.m_score,
            rfm.rfm_segment,
            rfm.tier,
            word("截至", "as of"),
            rfm.as_of
        )?;
        for why in if zh { &rfm.why_zh } else { &rfm.why_en } {
            writeln!(out, "  {why}")?;
        }
    }
    for month in &body.value_by_month {
        writeln!(
            out,
            "  {}  {:>12}  {} {:>12}",
            month.month,
            month.net_amount,
            word("累计", "cumulative"),
            month.cumulative
        )?;
    }
    Ok(())
}
