//! `zhike sso`: which identity provider vouches for people, and whose account an identity opens.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::Ctx;
use zhike_engine::accounts::{self, NewSso, Rows, Unbound};

use super::access::id_of;
use super::{Failure, Global, Outcome};
use crate::http::sso::{SsoProvider, discover};
use crate::outbound::{self, Outbound};
use crate::output::print_json;

/// Single sign-on by OpenID Connect.
#[derive(Subcommand)]
pub(super) enum Sso {
    /// Show the provider in force.
    Show,
    /// Put a provider in force, once it has answered.
    Set(Box<Provider>),
    /// Take the provider away.
    Remove,
    /// Link a user to the subject that the provider knows somebody by.
    Link {
        /// Name or id.
        user: String,
        /// `sub` of the provider's tokens.
        subject: String,
    },
    /// Take the link of a user away; sessions end.
    Unlink {
        /// Name or id.
        user: String,
    },
}

/// A provider to be put in force.
#[derive(Args)]
pub(super) struct Provider {
    /// Address of the provider: https://…
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// Who we are to it.
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// File that holds the secret of the client; the one that was set stays when absent.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// What the sign-in page calls the provider; its host when absent.
    #[arg(long, default_value = "", value_name = "NAME")]
    name: String,
    /// Asked for beside openid and profile; several times for several.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Which claim of the token names groups; dots lead into it.
    #[arg(long, value_name = "CLAIM")]
    role_claim: Option<String>,
    /// Role of a group; several times for several.
    #[arg(long = "role-map", value_name = "GROUP=ROLE")]
    role_map: Vec<String>,
    /// Customers of a province are all that people of a group see; several times for several.
    #[arg(long = "group-province", value_name = "GROUP=PROVINCE")]
    provinces: Vec<String>,
    /// Customers of a store are all that people of a group see; several times for several.
    #[arg(long = "group-store", value_name = "GROUP=STORE")]
    stores: Vec<String>,
    /// People of a group see all customers; several times for several.
    #[arg(long = "group-all", value_name = "GROUP")]
    bound_to_all: Vec<String>,
    /// Which customers people see of whose group nothing is said; none of them comes in, once a group is bound, when absent.
    #[arg(long, value_name = "none|all", value_parser = read_unbound)]
    scope_default: Option<Unbound>,
    /// A first sign-in makes an account, with mapped roles.
    #[arg(long)]
    create: bool,
    #[command(flatten)]
    outbound: outbound::Options,
}

impl Sso {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let by = &global.by();
        match self {
            Self::Show => print_json(&accounts::sso(ctx).await?.map(SsoProvider::from)),
            Self::Remove => Ok(accounts::remove_sso(ctx, by).await?),
            Self::Link { user, subject } => {
                Ok(accounts::link_sso(ctx, by, id_of(ctx, &user).await?, &Sensitive::new(subject)).await?)
            }
            Self::Unlink { user } => Ok(accounts::unlink_sso(ctx, by, id_of(ctx, &user).await?).await?),
            Self::Set(set) => {
                let Provider {
                    issuer,
                    client_id,
                    client_secret_file,
                    name,
                    scopes,
                    role_claim,
                    role_map,
                    provinces,
                    stores,
                    bound_to_all,
                    scope_default,
                    create: creates,
                    outbound,
                } = *set;
                let secret = client_secret_file.map(|file| read_secret(&file)).transpose()?;
                let role_map =
                    role_map.iter().map(|pair| of_group(pair, ("ROLE", "角色"))).collect::<Result<_, _>>()?;
                let mut scope_map: BTreeMap<String, Rows> = BTreeMap::new();
                for pair in &provinces {
                    let (group, province) = of_group(pair, ("PROVINCE", "省份"))?;
                    scope_map.entry(group).or_default().provinces.push(province);
                }
                for pair in &stores {
                    let (group, store) = of_group(pair, ("STORE", "门店"))?;
                    scope_map.entry(group).or_default().stores.push(store);
                }
                for group in bound_to_all {
                    scope_map.insert(group, Rows::default());
                }
                discover(&Outbound::new(outbound), issuer.trim()).await?;
                let new = NewSso {
                    issuer,
                    client_id,
                    secret,
                    name,
                    scopes,
                    role_claim,
                    role_map,
                    scope_map,
                    scope_default,
                    creates,
                };
                print_json(&SsoProvider::from(accounts::set_sso(ctx, by, new).await?))
            }
        }
    }
}

/// A group and what is said of it.
fn of_group(pair: &str, (what, what_zh): (&str, &str)) -> Result<(String, String), Failure> {
    let (group, said) = pair
        .rsplit_once('=')
        .ok_or_else(|| Failure::new(format!("{pair:?} is no GROUP={what}"), format!("{pair} 不是“分组={what_zh}”")))?;
    Ok((group.to_owned(), said.to_owned()))
}

fn read_unbound(said: &str) -> Result<Unbound, String> {
    match said {
        "none" => Ok(Unbound::None),
        "all" => Ok(Unbound::All),
        _ => Err("none or all".to_owned()),
    }
}

/// The secret that a file holds.
fn read_secret(file: &std::path::Path) -> Result<Sensitive<String>, Failure> {
    Ok(Sensitive::new(super::read_text(file)?.trim().to_owned()))
}
