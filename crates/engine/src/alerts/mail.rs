//! Alerts by mail: through which host, to whom, what is said, and when it is said again.
//!
//! Nothing here opens a connection. What is open at a moment goes in one mail to all who are owed the same; what came
//! of it is kept for each alert and recipient, by the clock of [`crate::hooks`] (INV-HOOKS-2): an address that a host
//! refuses keeps no mail from the others.
//!
//! - INV-MAIL-1 (`tests/it/alerts.rs`): the password and the recipients are sealed, and shown to nobody again. A password goes
//!   to no other host than it was given for: whoever changes the host gives it again.

use crate::boxed;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::json;
use zhike_domain::access::{Permission, Principal};
use zhike_domain::mask;
use zhike_domain::sensitive::Sensitive;
use zhike_state::{AlertRow, NoticeRow};

use crate::hooks::{self, Sent, Topic};
use crate::{Ctx, Error, Result, accounts, audit, query};

const TOPIC: Topic = Topic::Alerts;
const KIND: &str = "alert_mail";
const PURPOSE: &str = "alert mail";
const MAX_RECIPIENTS: usize = 20;
/// Longest text of a setting, in bytes.
const MAX_BYTES: usize = 300;
/// Alerts told in one mail; the others are counted.
const MAX_TOLD: usize = 50;

/// How a mail host is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// By TLS from the first byte (port 465).
    #[default]
    Implicit,
    /// By TLS once the host agrees, and not at all if it does not (port 587).
    Starttls,
    /// In the clear: a relay on this machine only.
    None,
}

impl Tls {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Implicit, Self::Starttls, Self::None];

    /// Name in JSON and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::Starttls => "starttls",
            Self::None => "none",
        }
    }
}

/// In which language mail is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// 中文.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

/// As it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Spec {
    host: String,
    port: u16,
    tls: Tls,
    user: String,
    password_sealed: String,
    from: String,
    recipients_sealed: Vec<String>,
    lang: Lang,
    /// Alerts from before are not told: by recipient.
    sinces: Vec<i64>,
    /// The same of all recipients, where none has their own.
    since: i64,
}

/// Somebody who is told.
struct Recipient {
    address: Sensitive<String>,
    /// By what they are known where outcomes are kept.
    hook: String,
    since: i64,
}

/// What somebody sets.
#[derive(Clone, Debug, Default)]
pub struct NewMail {
    /// Name of the host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: Tls,
    /// User; empty where the host asks for none.
    pub user: String,
    /// Password; as it was when absent.
    pub password: Option<Sensitive<String>>,
    /// Address of the sender.
    pub from: String,
    /// Addresses; as they were when absent.
    pub recipients: Option<Vec<Sensitive<String>>>,
    /// Language.
    pub lang: Lang,
}

/// The settings in force, as they are shown.
#[derive(Clone, Debug)]
pub struct MailState {
    /// Name of the host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: Tls,
    /// User.
    pub user: String,
    /// Whether there is a password.
    pub has_password: bool,
    /// Address of the sender.
    pub from: String,
    /// Who is told.
    pub recipients: Vec<MailRecipient>,
    /// Language.
    pub lang: Lang,
}

/// A recipient, as they are shown.
#[derive(Clone, Debug)]
pub struct MailRecipient {
    /// Masked.
    pub address: String,
    /// The last try.
    pub last: Option<NoticeRow>,
}

/// A mail to be sent.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Name of the host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: Tls,
    /// User and password; missing where the host asks for none.
    pub login: Option<(String, Sensitive<String>)>,
    /// Address of the sender.
    pub from: String,
    /// Addresses.
    pub to: Vec<Sensitive<String>>,
    /// Subject.
    pub subject: String,
    /// Text.
    pub text: String,
    /// The same for the same alerts, so that a mail that arrives twice is known as one.
    pub key: String,
    /// By what each address is known.
    hooks: Vec<String>,
    alerts: Vec<Told>,
}

impl Mail {
    /// A mail of no alert to somebody.
    pub fn new(host: &str, port: u16, tls: Tls, from: &str, to: &[&str]) -> Self {
        Self {
            host: host.to_owned(),
            port,
            tls,
            login: None,
            from: from.to_owned(),
            to: to.iter().map(|one| Sensitive::new((*one).to_owned())).collect(),
            subject: String::new(),
            text: String::new(),
            key: String::new(),
            hooks: Vec::new(),
            alerts: Vec::new(),
        }
    }
}

/// An alert in a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    about: i64,
    n_tries: i64,
    begun_at: i64,
}

fn bad(en: &str, zh: &str) -> Error {
    Error::bad_request(en.to_owned(), zh.to_owned())
}

/// Whether a text may stand in a line of the protocol.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_BYTES && !text.chars().any(|letter| letter.is_control() || letter.is_whitespace())
}

fn is_address(text: &str) -> bool {
    let parts = text.split_once('@').filter(|(name, domain)| !name.is_empty() && !domain.is_empty());
    is_plain(text)
        && parts.is_some_and(|(_, domain)| !domain.contains('@'))
        && !text.contains(['<', '>', ',', ';', '"'])
}

/// Whether a host is this machine, whatever a name server says.
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Puts settings in force; whoever is named for the first time is told of alerts that are raised from now on, the
/// others still get what they are owed.
///
/// **Errors**: `no_permission`; `bad_request` that says what is wrong.
#[boxed]
pub async fn set(ctx: &Ctx, by: &Principal, new: NewMail) -> Result<MailState> {
    accounts::need(by, Permission::WorkspaceManage)?;
    let old: Spec = query::definition(ctx, KIND, "default").await?;
    let before = recipients(ctx, &old)?;
    if new.host.is_empty() || new.port == 0 || !is_plain(&new.host) || new.host.contains(['/', '@', '\\']) {
        return Err(bad("a mail host needs a name and a port", "请填写邮件服务器的主机名和端口"));
    }
    if new.tls == Tls::None && !is_this_machine(&new.host) {
        return Err(bad(
            "mail goes without TLS to this machine only (localhost, 127.0.0.1): choose implicit or starttls",
            "只有本机（127.0.0.1）的邮件服务器可以不加密：请选择加密方式",
        ));
    }
    if !is_address(&new.from) {
        return Err(bad("the sender is no mail address", "发件人不是邮箱地址"));
    }
    if new.user.len() > MAX_BYTES || new.user.chars().any(char::is_control) {
        return Err(bad("the name of the user is too long", "用户名过长或含有不可用的字符"));
    }
    let is_same = (&old.host, old.port, old.tls, &old.user) == (&new.host, new.port, new.tls, &new.user);
    let sealed = |text: &str| ctx.vault().tokens(PURPOSE).seal(text.as_bytes());
    let password_sealed = match &new.password {
        _ if new.user.is_empty() => String::new(),
        Some(password) if !password.expose().is_empty() && password.expose().len() <= MAX_BYTES => {
            sealed(password.expose())
        }
        Some(_) => return Err(bad("the password is empty or too long", "密码为空或过长")),
        None if is_same && !old.password_sealed.is_empty() => old.password_sealed,
        None => {
            return Err(bad(
                "give the password again: it is kept for the host and user that it was given for",
                "请重新填写密码：更换主机或用户名后，原密码不会发给新的主机",
            ));
        }
    };
    let since = |address: &Sensitive<String>| {
        let known = before.iter().find(|one| one.address.expose() == address.expose());
        known.map_or(ctx.now(), |one| one.since)
    };
    let (recipients_sealed, sinces): (Vec<String>, Vec<i64>) = match &new.recipients {
        Some(all) => {
            if all.is_empty() || all.len() > MAX_RECIPIENTS || !all.iter().all(|one| is_address(one.expose())) {
                return Err(Error::bad_request(
                    format!("between 1 and {MAX_RECIPIENTS} mail addresses are needed"),
                    format!("请填写 1 到 {MAX_RECIPIENTS} 个收件邮箱"),
                ));
            }
            all.iter().map(|one| (sealed(one.expose()), since(one))).unzip()
        }
        None if !before.is_empty() => before.iter().map(|one| (sealed(one.address.expose()), one.since)).unzip(),
        None => return Err(bad("name at least one recipient", "请至少填写一个收件人")),
    };
    let detail = json!({ "host": new.host, "port": new.port, "recipients": recipients_sealed.len() });
    let spec = Spec {
        host: new.host,
        port: new.port,
        tls: new.tls,
        user: new.user,
        password_sealed,
        from: new.from,
        recipients_sealed,
        lang: new.lang,
        sinces,
        since: 0,
    };
    audit::record(ctx, &by.actor, "policy.change", KIND, &detail).await?;
    query::put_definition(ctx, KIND, "default", &spec).await?;
    state(ctx).await?.ok_or_else(|| Error::not_found("mail setting", "邮件设置"))
}

/// Sends no mail any more.
///
/// **Errors**: `no_permission`.
#[boxed]
pub async fn remove(ctx: &Ctx, by: &Principal) -> Result<()> {
    accounts::need(by, Permission::WorkspaceManage)?;
    audit::record(ctx, &by.actor, "policy.change", KIND, &json!({ "removed": true })).await?;
    query::put_definition(ctx, KIND, "default", &Spec::default()).await?;
    Ok(())
}

/// The settings in force, personal values masked; `None` when no mail is sent.
#[boxed]
pub async fn state(ctx: &Ctx) -> Result<Option<MailState>> {
    let spec: Spec = query::definition(ctx, KIND, "default").await?;
    if spec.host.is_empty() {
        return Ok(None);
    }
    let rows = ctx.store().notices(TOPIC.word(), ctx.now() - hooks::SHOWN).await?;
    let shown = |one: &Recipient| MailRecipient {
        address: mask::email(one.address.expose()),
        last: rows.iter().find(|row| row.hook == one.hook).cloned(),
    };
    Ok(Some(MailState {
        recipients: recipients(ctx, &spec)?.iter().map(shown).collect(),
        host: spec.host,
        port: spec.port,
        tls: spec.tls,
        user: spec.user,
        has_password: !spec.password_sealed.is_empty(),
        from: spec.from,
        lang: spec.lang,
    }))
}

fn opened(ctx: &Ctx, sealed: &[String]) -> Result<Vec<Sensitive<String>>> {
    let one = |sealed: &String| {
        let content = ctx.vault().tokens(PURPOSE).open(sealed)?;
        Ok(Sensitive::new(String::from_utf8_lossy(&content).into_owned()))
    };
    sealed.iter().map(one).collect()
}

/// Whom settings name, each once.
fn recipients(ctx: &Ctx, spec: &Spec) -> Result<Vec<Recipient>> {
    let mut met = BTreeSet::new();
    let mut all = Vec::new();
    for (at, address) in opened(ctx, &spec.recipients_sealed)?.into_iter().enumerate() {
        let hook = hooks::fingerprint(ctx, PURPOSE, address.expose());
        if met.insert(hook.clone()) {
            all.push(Recipient { address, hook, since: hooks::since_of(&spec.sinces, spec.since, at) });
        }
    }
    Ok(all)
}

/// The mail that is to be sent now: all alerts that are due to somebody, in one, to everybody to whom the same are due.
/// The others get theirs in the next. `base` is how browsers reach the console.
#[boxed]
pub async fn due(ctx: &Ctx, base: Option<&str>) -> Result<Option<Mail>> {
    let spec: Spec = query::definition(ctx, KIND, "default").await?;
    let all = recipients(ctx, &spec)?;
    let Some(since) = all.iter().map(|one| one.since).min() else { return Ok(None) };
    let now = ctx.now();
    let alerts = ctx.store().alerts_since(since.max(hooks::told_since(now))).await?;
    if alerts.is_empty() {
        return Ok(None);
    }
    let rows = ctx.store().notices(TOPIC.word(), hooks::told_since(now)).await?;
    let known: HashMap<(i64, &str), &NoticeRow> =
        rows.iter().map(|row| ((row.about, row.hook.as_str()), row)).collect();
    let owed = |one: &Recipient| -> Vec<Told> {
        let told = |row: &AlertRow| {
            let before = known.get(&(row.alert_id, one.hook.as_str())).copied();
            let n_tries = before.map_or(0, |before| before.n_tries);
            let told = Told { about: row.alert_id, n_tries, begun_at: row.raised_at };
            hooks::is_due(before, now).then_some(told)
        };
        alerts.iter().filter(|row| row.raised_at >= one.since).filter_map(told).collect()
    };
    let mut told: Vec<Told> = Vec::new();
    let mut to = Vec::new();
    for one in all {
        let owed = owed(&one);
        if !owed.is_empty() && (to.is_empty() || owed == told) {
            told = owed;
            to.push(one);
        }
    }
    if to.is_empty() {
        return Ok(None);
    }
    let ids: HashSet<i64> = told.iter().map(|one| one.about).collect();
    let due: Vec<&AlertRow> = alerts.iter().filter(|row| ids.contains(&row.alert_id)).collect();
    mail(ctx, &spec, to, &due, told, base).map(Some)
}

/// Takes a mail for this process to send; `false` when another one has some of it, or has told it meanwhile.
#[boxed]
pub async fn claim(ctx: &Ctx, mail: &Mail) -> Result<bool> {
    let now = ctx.now();
    let claimed = |hook: &String| {
        let of = |one: &Told| hooks::claimed(TOPIC, one.about, hook, one.n_tries, now);
        mail.alerts.iter().map(of).collect::<Vec<_>>()
    };
    let rows: Vec<NoticeRow> = mail.hooks.iter().flat_map(claimed).collect();
    Ok(ctx.store().claim_notices(&rows).await?)
}

/// A mail of no alert.
///
/// **Errors**: `no_permission`; `conflict` without settings.
#[boxed]
pub async fn trial(ctx: &Ctx, by: &Principal, base: Option<&str>) -> Result<Mail> {
    accounts::need(by, Permission::WorkspaceManage)?;
    let spec: Spec = query::definition(ctx, KIND, "default").await?;
    if spec.host.is_empty() {
        return Err(Error::conflict("set a mail host first".into(), "请先设置邮件服务器".into()));
    }
    let to = recipients(ctx, &spec)?;
    audit::record(ctx, &by.actor, "alert.test", KIND, &json!({ "recipients": to.len() })).await?;
    let one = super::trial(ctx);
    let told = vec![Told { about: 0, n_tries: 0, begun_at: one.raised_at }];
    let mut mail = mail(ctx, &spec, to, &[&one], told, base)?;
    mail.key = format!("trial-{}", ctx.vault().random_id());
    Ok(mail)
}

fn mail(
    ctx: &Ctx,
    spec: &Spec,
    to: Vec<Recipient>,
    due: &[&AlertRow],
    alerts: Vec<Told>,
    base: Option<&str>,
) -> Result<Mail> {
    let sealed: &[String] = if spec.user.is_empty() { &[] } else { std::slice::from_ref(&spec.password_sealed) };
    let login = opened(ctx, sealed)?.pop().map(|password| (spec.user.clone(), password));
    let (subject, text) = written(due, spec.lang, base);
    let names: Vec<String> = due.iter().map(|row| row.alert_id.to_string()).collect();
    let (to, hooks): (Vec<_>, Vec<_>) = to.into_iter().map(|one| (one.address, one.hook)).unzip();
    Ok(Mail {
        host: spec.host.clone(),
        port: spec.port,
        tls: spec.tls,
        login,
        from: spec.from.clone(),
        to,
        subject,
        text,
        key: hooks::fingerprint(ctx, PURPOSE, &names.join(",")),
        hooks,
        alerts,
    })
}

/// Subject and text.
fn written(due: &[&AlertRow], lang: Lang, base: Option<&str>) -> (String, String) {
    let rank = |row: &AlertRow| match row.severity.as_str() {
        "high" => 0,
        "medium" => 1,
        _ => 2,
    };
    let mut rows = due.to_vec();
    rows.sort_by_key(|row| (rank(row), std::cmp::Reverse(row.day)));
    let n_high = rows.iter().filter(|row| rank(row) == 0).count();
    let n = rows.len();
    let (subject, mut text) = match lang {
        Lang::Zh if n_high > 0 => (format!("知客提醒：{n} 条，其中 {n_high} 条严重"), String::new()),
        Lang::Zh => (format!("知客提醒：{n} 条"), String::new()),
        Lang::En => {
            let high = if n_high > 0 { format!(", {n_high} of them high") } else { String::new() };
            (format!("Zhike: {n} alert{}{high}", if n == 1 { "" } else { "s" }), String::new())
        }
    };
    let link = |path: &str| base.map_or_else(String::new, |base| format!("\n  {}{path}", base.trim_end_matches('/')));
    for row in rows.iter().take(MAX_TOLD) {
        let (mark, words) = match (lang, rank(row)) {
            (Lang::Zh, 0) => ("【严重】", &row.words_zh),
            (Lang::Zh, _) => ("", &row.words_zh),
            (Lang::En, 0) => ("[high] ", &row.words_en),
            (Lang::En, _) => ("", &row.words_en),
        };
        text.push_str(&format!("- {mark}{words}{}\n", link(&row.link)));
    }
    let rest = n.saturating_sub(MAX_TOLD);
    match lang {
        Lang::Zh if rest > 0 => text.push_str(&format!("另有 {rest} 条。\n")),
        Lang::En if rest > 0 => text.push_str(&format!("And {rest} more.\n")),
        _ => {}
    }
    text.push_str(match lang {
        Lang::Zh => "\n在知客控制台的“提醒”页查看和处理。",
        Lang::En => "\nSee to them on the page Alerts of the console.",
    });
    text.push_str(&link("/alerts"));
    text.push('\n');
    (subject, text)
}

/// Notes what came of a mail for each recipient, in their order, and when to try again.
#[boxed]
pub async fn note(ctx: &Ctx, mail: &Mail, sent: &[Sent]) -> Result<()> {
    let now = ctx.now();
    let row = |(hook, sent): (&String, &Sent), one: &Told| NoticeRow {
        topic: TOPIC.word().into(),
        about: one.about,
        hook: hook.clone(),
        n_tries: one.n_tries + 1,
        tried_at: now,
        next_at: hooks::next_try(now, one.n_tries, one.begun_at, *sent).filter(|_| one.about != 0),
        outcome: sent.word(),
    };
    let of = |to: (&String, &Sent)| mail.alerts.iter().map(|one| row(to, one)).collect::<Vec<_>>();
    let rows: Vec<NoticeRow> = mail.hooks.iter().zip(sent).flat_map(of).collect();
    Ok(ctx.store().put_notices(&rows).await?)
}
