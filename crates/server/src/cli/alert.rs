//! `zhike alert`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use zhike_domain::id::AlertId;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::Ctx;
use zhike_engine::alerts;
use zhike_engine::alerts::mail::{self, NewMail, Tls};
use zhike_engine::hooks::Topic;

use super::watch::HookCommand;
use super::{Failure, Format, Global, Lang, Outcome, read_text};
use crate::http::alerts::{AlertList, AlertMail, MailRecipient, check};
use crate::outbound::{self, Outbound};
use crate::output::{print_json, print_rows};

/// Alerts.
#[derive(Subcommand)]
pub(super) enum Alert {
    /// List alerts, the newest first.
    List {
        /// Those too that somebody has seen to.
        #[arg(long)]
        all: bool,
        /// So many at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Look at figures, sources and goals, and raise what was not raised before.
    Check,
    /// Note that alerts were seen to.
    Ack {
        /// `alr_…`; all that are open when none is given.
        alerts: Vec<AlertId>,
        /// All that are open.
        #[arg(long, conflicts_with = "alerts", required_unless_present = "alerts")]
        all: bool,
    },
    /// Set, show and try who is told by mail.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Set, list and try addresses that are told when an alert is raised.
    #[command(subcommand)]
    Hooks(HookCommand),
}

/// Mail of alerts.
#[derive(Subcommand)]
pub(super) enum MailCommand {
    /// Put a mail host and recipients in force.
    Set(SetMail),
    /// Show the setting, personal values masked.
    Show,
    /// Send no mail any more.
    Remove,
    /// Send a mail of no alert.
    Test {
        #[command(flatten)]
        outbound: outbound::Options,
    },
}

/// How a mail host is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TlsWord {
    /// TLS from the first byte, as on port 465.
    Implicit,
    /// TLS once the host agrees, as on port 587.
    Starttls,
    /// None, for a relay on this machine.
    None,
}

/// A mail host and recipients.
#[derive(Args)]
pub(super) struct SetMail {
    /// Name of the host.
    #[arg(long)]
    host: String,
    /// Port.
    #[arg(long, default_value_t = 465)]
    port: u16,
    /// How it is spoken to.
    #[arg(long, value_enum, default_value_t = TlsWord::Implicit)]
    tls: TlsWord,
    /// User; none where the host asks for none.
    #[arg(long, default_value = "")]
    user: String,
    /// File that holds the password; as it was when absent.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Address of the sender.
    #[arg(long)]
    from: String,
    /// Recipient; several times for several. As they were when absent.
    #[arg(long = "to", value_name = "ADDRESS")]
    to: Vec<String>,
    /// Language of mails.
    #[arg(long = "mail-lang", value_enum, default_value_t = Lang::Zh)]
    mail_lang: Lang,
    #[command(flatten)]
    outbound: outbound::Options,
}

impl Alert {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        match self {
            Self::List { all, limit } => list(ctx, global, !all, limit).await,
            Self::Check => {
                let checked = alerts::check(ctx).await?;
                if global.format == Format::Json {
                    return print_json(&serde_json::json!({ "found": checked.n_found, "raised": checked.n_raised }));
                }
                list(ctx, global, true, 100).await
            }
            Self::Ack { alerts: ids, all } => {
                alerts::acknowledge(ctx, &global.by(), (!all).then_some(ids.as_slice())).await?;
                list(ctx, global, true, 100).await
            }
            Self::Mail(command) => command.carry_out(ctx, global).await,
            Self::Hooks(command) => command.carry_out(ctx, global, Topic::Alerts).await,
        }
    }
}

async fn list(ctx: &Ctx, global: &Global, is_open_only: bool, limit: usize) -> Result<(), Failure> {
    let found: AlertList = alerts::list(ctx, is_open_only, limit).await?.into();
    if global.format == Format::Json {
        return print_json(&found);
    }
    let is_zh = global.lang() == Lang::Zh;
    let rows = found.items.into_iter().map(|one| {
        let seen = one.acknowledged_by.unwrap_or_else(|| "--".into());
        [one.alert_id, one.day, one.kind, one.severity, if is_zh { one.text_zh } else { one.text }, seen]
    });
    print_rows(global.format, ["alert_id", "day", "kind", "severity", "text", "acknowledged_by"], rows)?;
    Ok(())
}

impl MailCommand {
    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let by = &global.by();
        match self {
            Self::Show => {}
            Self::Remove => mail::remove(ctx, by).await?,
            Self::Test { outbound } => {
                let trial = mail::trial(ctx, by, None).await?;
                if let Some(trouble) = crate::hooks::post(ctx, &Outbound::new(outbound), &trial).await? {
                    let (en, zh) = trouble.words();
                    return Err(Failure::new(en, zh));
                }
            }
            Self::Set(set) => {
                let password = match &set.password_file {
                    Some(path) => Some(Sensitive::new(read_text(path)?.trim_end_matches(['\n', '\r']).to_owned())),
                    None => None,
                };
                let recipients = (!set.to.is_empty()).then(|| set.to.into_iter().map(Sensitive::new).collect());
                let new = NewMail {
                    host: set.host,
                    port: set.port,
                    tls: match set.tls {
                        TlsWord::Implicit => Tls::Implicit,
                        TlsWord::Starttls => Tls::Starttls,
                        TlsWord::None => Tls::None,
                    },
                    user: set.user,
                    password,
                    from: set.from,
                    recipients,
                    lang: match set.mail_lang {
                        Lang::Zh => mail::Lang::Zh,
                        Lang::En => mail::Lang::En,
                    },
                };
                check(&Outbound::new(set.outbound), &new)?;
                mail::set(ctx, by, new).await?;
            }
        }
        let state = mail::state(ctx).await?.map(AlertMail::from);
        if global.format == Format::Json {
            return print_json(&state);
        }
        let rows = state.into_iter().flat_map(|mail| {
            let host = format!("{}:{}", mail.host, mail.port);
            let row = |one: MailRecipient| {
                let last = [one.last_outcome, one.last_tried_at].map(|word| word.unwrap_or_else(|| "--".into()));
                let [outcome, at] = last;
                let [host, tls, user, from, lang] =
                    [&host, &mail.tls, &mail.user, &mail.from, &mail.lang].map(String::clone);
                [host, tls, user, from, one.address, lang, outcome, at]
            };
            mail.recipients.into_iter().map(row).collect::<Vec<_>>()
        });
        let heads = ["host", "tls", "user", "from", "recipient", "lang", "last_outcome", "last_tried_at"];
        print_rows(global.format, heads, rows)?;
        Ok(())
    }
}
