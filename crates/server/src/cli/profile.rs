//! `zhike profile`.

use std::io::Write;
use std::process::ExitCode;

use clap::Subcommand;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::profiles::{self, Profile as View, Show};

use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::profiles::ProfileBody;

/// Customers.
#[derive(Subcommand)]
pub(super) enum Profile {
    /// Show one customer: identities, traits, scores, value over time.
    Show {
        /// Customer (`prf_…`).
        #[arg(required_unless_present = "identity")]
        profile_id: Option<ProfileId>,
        /// By identity instead: `kind:value`, or the value alone.
        #[arg(long, value_name = "KIND:VALUE", conflicts_with = "profile_id")]
        identity: Option<String>,
        /// Show personal fields in the clear; the reason goes to the audit trail.
        #[arg(long, value_name = "REASON")]
        unmask: Option<String>,
    },
}

impl Profile {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        let Self::Show { profile_id, identity, unmask } = self;
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
                Show::Clear { actor: global.actor(), reason, up_to_grade }
            }
        };
        let view = profiles::view(&ctx, profile_id, &show).await?;
        let currency = ctx.workspace().currency;
        let mut out = std::io::stdout().lock();
        match global.format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, &ProfileBody::new(&view, &currency))
                    .map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
            _ => print(&mut out, &view, &currency, global.lang())?,
        }
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }
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
