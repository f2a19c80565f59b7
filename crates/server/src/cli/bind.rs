//! `zhike bind`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use zhike_domain::collect::binding::Visit;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::Ctx;
use zhike_engine::bindings::{self, NewBinding, Target};

use super::serve::is_base_url;
use super::{Failure, Format, Global, Lang, Outcome};
use crate::http::bindings::{BindingBody, BindingLink, N_LISTED, id_of, kind_of, link};
use crate::output::print_json;
use crate::qr::Modules;

/// Codes that tie a member, or a visit, to whoever scans them.
#[derive(Subcommand)]
pub(super) enum Bind {
    /// Make a code, print its link and draw it.
    Create(Create),
    /// List the newest codes with where they stand.
    List,
    /// Print the link of a code again and draw it.
    Show {
        /// Id of the code.
        binding: String,
        #[command(flatten)]
        drawn: Drawn,
    },
    /// Withdraw a code.
    Revoke {
        /// Id of the code.
        binding: String,
    },
}

/// Makes a code.
#[derive(Args)]
pub(super) struct Create {
    #[command(flatten)]
    target: For,
    /// Campaign that a store's code belongs to.
    #[arg(long, value_name = "ID", requires = "store")]
    campaign: Option<String>,
    /// Table, counter or shelf of a store's code.
    #[arg(long, value_name = "NAME", requires = "store")]
    place: Option<String>,
    /// Source whose visitors are bound, by name or id; not needed while there is one only.
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Time until it ends, as 90s, 10m, 12h or 30d: 10m for a member, 90d for a store when absent.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    expires: Option<i64>,
    /// How often it may be used: once for a member, 100000 times for a store when absent.
    #[arg(long, value_name = "N")]
    uses: Option<i64>,
    /// Where to go after the scan: https, at an origin that the source lists.
    #[arg(long, value_name = "URL")]
    redirect: Option<String>,
    #[command(flatten)]
    drawn: Drawn,
}

/// What a code is for.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct For {
    /// A member, by their number.
    #[arg(long, value_name = "NUMBER")]
    member: Option<String>,
    /// Somebody known, by kind and value of an id, as phone:13800000000 or card_no:C01.
    #[arg(long, value_name = "KIND:VALUE")]
    identity: Option<String>,
    /// A visit of a store.
    #[arg(long, value_name = "ID")]
    store: Option<String>,
}

/// Where the code is drawn and what its link begins with.
#[derive(Args)]
pub(super) struct Drawn {
    /// How phones reach the server, as https://cdp.example.cn.
    #[arg(long, env = "ZHIKE_PUBLIC_URL", default_value = "http://127.0.0.1:7700", value_name = "URL")]
    public_url: String,
    /// Draw the code into an SVG file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// Seconds of a text such as 10m.
fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no time such as 90s, 10m, 12h or 30d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number.parse::<i64>().ok().filter(|n| *n > 0).and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)
}

impl For {
    fn target(self, campaign_id: Option<String>, place: Option<String>) -> Result<Target, Failure> {
        Ok(match (self.member, self.identity, self.store) {
            (Some(member), _, _) => {
                Target::Identity { kind: Some(kind_of("member_id")?), value: Sensitive::new(member) }
            }
            (_, Some(identity), _) => {
                let (kind, value) = identity.split_once(':').ok_or_else(|| {
                    Failure::new("write the identity as kind:value", "标识请写成 种类:值，如 phone:13800000000")
                })?;
                Target::Identity { kind: Some(kind_of(kind)?), value: Sensitive::new(value.to_owned()) }
            }
            (_, _, store) => Target::Visit(Visit { store_id: store.unwrap_or_default(), campaign_id, place }),
        })
    }
}

impl Bind {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        match self {
            Self::Create(create) => {
                create.drawn.check()?;
                let new = NewBinding {
                    target: create.target.target(create.campaign, create.place)?,
                    source: create.source,
                    expires_s: create.expires,
                    max_uses: create.uses,
                    redirect_url: create.redirect,
                    actor: global.actor(),
                };
                let (binding, token) = bindings::create(ctx, new).await?;
                create.drawn.print(binding.into(), &token, global)
            }
            Self::Show { binding, drawn } => {
                drawn.check()?;
                let (binding, token) = bindings::show(ctx, id_of(&binding)?).await?;
                drawn.print(binding.into(), &token, global)
            }
            Self::List => {
                let all: Vec<BindingBody> =
                    bindings::list(ctx, N_LISTED).await?.into_iter().map(BindingBody::from).collect();
                if global.format == Format::Json {
                    return print_json(&all);
                }
                crate::output::print_rows(global.format, BindingBody::HEADER, all.iter().map(BindingBody::row))?;
                Ok(())
            }
            Self::Revoke { binding } => {
                let revoked: BindingBody = bindings::revoke(ctx, id_of(&binding)?, &global.actor()).await?.into();
                print_json(&revoked)
            }
        }
    }
}

impl Drawn {
    fn check(&self) -> Result<(), Failure> {
        if is_base_url(&self.public_url) {
            return Ok(());
        }
        let url = &self.public_url;
        Err(Failure::new(
            format!("{url:?} is no address such as https://cdp.example.cn"),
            format!("{url} 不是 https://cdp.example.cn 这样的地址"),
        ))
    }

    fn print(self, binding: BindingBody, token: &str, global: &Global) -> Result<(), Failure> {
        let link = link(&self.public_url, token);
        let too_long = || Failure::new("the link is too long for a code", "链接过长，无法生成二维码");
        let modules = Modules::of(&link).ok_or_else(too_long)?;
        if let Some(path) = &self.svg {
            std::fs::write(path, modules.svg()).map_err(|error| {
                let path = path.display();
                Failure::new(format!("cannot write {path}: {error}"), format!("无法写入 {path}：{error}"))
            })?;
        }
        if global.format == Format::Json {
            return print_json(&BindingLink { binding, link });
        }
        let mut out = std::io::stdout().lock();
        let [id, _, state, whom, source, uses, expires_at, _] = binding.row();
        match global.lang() {
            Lang::Zh => writeln!(
                out,
                "二维码 {id}（{whom} · {source}）\n状态：{state}，已用 {uses}，有效期至 {expires_at}\n{link}"
            )?,
            Lang::En => {
                writeln!(out, "code {id} ({whom} · {source})\nstate: {state}, used {uses}, ends {expires_at}\n{link}")?;
            }
        }
        if out.is_terminal() {
            write!(out, "{}", modules.terminal())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(["90s", "10m", "12h", "30d"].map(seconds), [Ok(90), Ok(600), Ok(43_200), Ok(2_592_000)]);
        for wrong in ["", "10", "m", "-1m", "0s", "1w", "9223372036854775807d", "十分"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
