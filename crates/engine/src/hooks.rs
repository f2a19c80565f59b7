//! Webhooks of incidents and of alerts: whom to tell, what to say, and when to say it again.
//!
//! Nothing here opens a connection: the caller sends what is due and says what came of it.
//!
//! - INV-HOOKS-1: a notice names no person; addresses and the secret are sealed, for they open what others have. Of an
//!   address that is in force only its host is shown.
//! - INV-HOOKS-2: every incident that opens and every alert that is raised is told to every address until it arrives, for a
//!   day, across restarts and changes of other addresses; one that arrived is not told again. Of several processes one
//!   claims a notice and sends it; what was sent when it died may arrive twice, under one id. Mail
//!   ([`crate::alerts::mail`]) keeps the same clock.

use crate::boxed;
use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use zhike_domain::access::{Permission, Principal};
use zhike_domain::id::{AlertId, IncidentId};
use zhike_domain::sensitive::Sensitive;
use zhike_state::{AlertRow, IncidentRow, NoticeRow};
use zhike_vault::{jws, password};

use crate::incidents::Incident;
use crate::{Ctx, Error, Result, accounts, audit, query};

const MAX_HOOKS: usize = 10;
const MAX_URL_BYTES: usize = 300;
const SECOND: i64 = 1_000_000;
/// For so long it is tried.
const TRIED_FOR: i64 = 24 * 3_600 * SECOND;
/// Between the first two tries; then twice as long each time, up to an hour.
const FIRST_WAIT: i64 = 15 * SECOND;
const LONGEST_WAIT: i64 = 3_600 * SECOND;
/// For so long a notice belongs to the process that sends it: longer than any sending takes.
const CLAIMED_FOR: i64 = 3 * 60 * SECOND;
/// Notices to one address at a time: sent one after the other, the last is still fresh to whoever checks its time.
const AT_A_TIME: usize = 16;
/// How far back outcomes are shown.
pub(crate) const SHOWN: i64 = 30 * 24 * 3_600 * SECOND;

/// What notices are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Incidents of security.
    Incidents,
    /// Alerts of figures, sources and goals.
    Alerts,
}

impl Topic {
    /// As it is stored with what came of notices.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Incidents => "incident",
            Self::Alerts => "alert",
        }
    }

    /// Kind of the definition that holds the addresses.
    const fn kind(self) -> &'static str {
        match self {
            Self::Incidents => "incident_hooks",
            Self::Alerts => "alert_hooks",
        }
    }

    /// What addresses are sealed for: those of one topic do not open as those of another.
    const fn purpose(self) -> &'static str {
        match self {
            Self::Incidents => "incident hook",
            Self::Alerts => "alert hook",
        }
    }

    /// Who sets addresses.
    const fn needs(self) -> Permission {
        match self {
            Self::Incidents => Permission::IncidentsManage,
            Self::Alerts => Permission::WorkspaceManage,
        }
    }

    const fn test_act(self) -> &'static str {
        match self {
            Self::Incidents => "incident.hook_test",
            Self::Alerts => "alert.test",
        }
    }
}

/// As it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Spec {
    urls_sealed: Vec<String>,
    secret_sealed: String,
    /// What is from before is not told: by address.
    sinces: Vec<i64>,
    /// The same of all addresses, where none has its own.
    since: i64,
}

/// Since when an address is told, of those that were stored.
pub(crate) fn since_of(sinces: &[i64], since: i64, at: usize) -> i64 {
    sinces.get(at).copied().unwrap_or(since)
}

/// An address in force.
#[derive(Clone)]
struct Address {
    url: Sensitive<String>,
    /// By what it is known where outcomes are kept.
    hook: String,
    since: i64,
}

/// What a notice is about.
struct Subject {
    id: i64,
    at: i64,
    body: Json,
}

/// An address, and what came of the last notice to it.
#[derive(Clone, Debug)]
pub struct Hook {
    /// By what it is named when it is to stay.
    pub id: String,
    /// Address, masked.
    pub url: String,
    /// The last try.
    pub last: Option<NoticeRow>,
}

/// A notice to be sent.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Where.
    pub url: Sensitive<String>,
    /// JSON.
    pub body: String,
    /// Value of the header that signs it.
    pub signature: String,
    /// By what the address is known.
    pub hook: String,
    topic: Topic,
    about: i64,
    n_tries: i64,
    begun_at: i64,
}

/// What came of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was taken.
    Delivered,
    /// The host answered otherwise.
    Status(u16),
    /// The address may not be reached.
    Refused,
    /// There was no answer.
    Unreachable,
}

impl Sent {
    /// As it is stored and shown.
    pub fn word(self) -> String {
        match self {
            Self::Delivered => "delivered".into(),
            Self::Status(status) => format!("status_{status}"),
            Self::Refused => "refused".into(),
            Self::Unreachable => "unreachable".into(),
        }
    }
}

/// When a notice is tried again; never when it arrived or a day has passed since what it is of.
pub(crate) fn next_try(now: i64, n_tries: i64, begun_at: i64, sent: Sent) -> Option<i64> {
    let wait = FIRST_WAIT.saturating_mul(1 << n_tries.clamp(0, 20)).min(LONGEST_WAIT);
    (sent != Sent::Delivered && now + wait < begun_at + TRIED_FOR).then_some(now + wait)
}

/// Since when things are told at most.
pub(crate) fn told_since(now: i64) -> i64 {
    now - TRIED_FOR
}

/// Whether a notice is to be sent now, by what came of it before.
pub(crate) fn is_due(before: Option<&NoticeRow>, now: i64) -> bool {
    before.is_none_or(|before| before.next_at.is_some_and(|next| next <= now))
}

/// The claim of a notice that was tried so often, by whoever sends it now.
pub(crate) fn claimed(topic: Topic, about: i64, hook: &str, n_tries: i64, now: i64) -> NoticeRow {
    NoticeRow {
        topic: topic.word().into(),
        about,
        hook: hook.to_owned(),
        n_tries,
        tried_at: now,
        next_at: Some(now + CLAIMED_FOR),
        outcome: "sending".into(),
    }
}

/// Puts other addresses in force, with a new secret that is returned once; `None` without addresses. Those of before
/// that are to stay are named by their ids, or given again; what they are still owed stays, too.
///
/// **Errors**: `no_permission`, `bad_request`; `not_found` for an id that is none.
#[boxed]
pub async fn set(
    ctx: &Ctx,
    by: &Principal,
    topic: Topic,
    kept: &[String],
    urls: &[Sensitive<String>],
) -> Result<Option<Sensitive<String>>> {
    accounts::need(by, topic.needs())?;
    let is_long = urls.iter().any(|url| url.expose().is_empty() || url.expose().len() > MAX_URL_BYTES);
    if kept.len() + urls.len() > MAX_HOOKS || is_long {
        return Err(Error::bad_request(
            format!("at most {MAX_HOOKS} addresses, each of at most {MAX_URL_BYTES} bytes"),
            format!("最多 {MAX_HOOKS} 个地址，每个最长 {MAX_URL_BYTES} 字节"),
        ));
    }
    let (old, _) = read(ctx, topic).await?;
    let known = |hook: &str| old.iter().find(|one| one.hook == hook).cloned();
    let mut all = Vec::new();
    for hook in kept {
        all.push(known(hook).ok_or_else(|| Error::not_found("address", "通知地址"))?);
    }
    for url in urls {
        let hook = hook_of(ctx, topic, url);
        all.push(known(&hook).unwrap_or_else(|| Address { url: url.clone(), hook, since: ctx.now() }));
    }
    // One that is given twice is told once.
    let mut met = BTreeSet::new();
    all.retain(|one| met.insert(one.hook.clone()));
    let secret = format!("whsec_{}", password::new_secret()?);
    let sealed = |text: &str| ctx.vault().tokens(topic.purpose()).seal(text.as_bytes());
    let spec = Spec {
        urls_sealed: all.iter().map(|one| sealed(one.url.expose())).collect(),
        secret_sealed: sealed(&secret),
        sinces: all.iter().map(|one| one.since).collect(),
        since: 0,
    };
    audit::record(ctx, &by.actor, "policy.change", topic.kind(), &json!({ "addresses": all.len() })).await?;
    query::put_definition(ctx, topic.kind(), "default", &spec).await?;
    Ok((!all.is_empty()).then(|| Sensitive::new(secret)))
}

/// The addresses in force, masked.
#[boxed]
pub async fn list(ctx: &Ctx, topic: Topic) -> Result<Vec<Hook>> {
    let (addresses, _) = read(ctx, topic).await?;
    let since = ctx.now() - SHOWN;
    let rows = if addresses.is_empty() { Vec::new() } else { ctx.store().notices(topic.word(), since).await? };
    let hook = |one: Address| Hook {
        last: rows.iter().find(|row| row.hook == one.hook).cloned(),
        url: masked(one.url.expose()),
        id: one.hook,
    };
    Ok(addresses.into_iter().map(hook).collect())
}

/// An address as it is shown: its host, and of a long rest, which is often a secret, the last two characters.
fn masked(url: &str) -> String {
    let hidden = "****";
    let Some((scheme, rest)) = url.split_once("://") else { return hidden.into() };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if host.contains(['@', '\\']) {
        return hidden.into();
    }
    let end = path.char_indices().rev().nth(1).filter(|_| path.len() >= 20).map_or("", |(at, _)| &path[at..]);
    if path.len() < 2 { url.to_owned() } else { format!("{scheme}://{host}/{hidden}{end}") }
}

/// What is to be sent now of a topic: by address, the first first.
#[boxed]
pub async fn due(ctx: &Ctx, topic: Topic) -> Result<Vec<Vec<Notice>>> {
    let (addresses, secret) = read(ctx, topic).await?;
    let Some(since) = addresses.iter().map(|one| one.since).min() else { return Ok(Vec::new()) };
    let now = ctx.now();
    let subjects = subjects(ctx, topic, since.max(told_since(now))).await?;
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let rows = ctx.store().notices(topic.word(), told_since(now)).await?;
    let known: HashMap<(i64, &str), &NoticeRow> =
        rows.iter().map(|row| ((row.about, row.hook.as_str()), row)).collect();
    let of = |one: &Address| {
        let mut due = Vec::new();
        for subject in subjects.iter().filter(|subject| subject.at >= one.since) {
            let before = known.get(&(subject.id, one.hook.as_str())).copied();
            if due.len() < AT_A_TIME && is_due(before, now) {
                due.push(notice(ctx, topic, one, &secret, subject, before.map_or(0, |before| before.n_tries)));
            }
        }
        due
    };
    Ok(addresses.iter().map(of).filter(|due: &Vec<Notice>| !due.is_empty()).collect())
}

/// Takes a notice for this process to send; `false` when another one has it, or has told it meanwhile.
#[boxed]
pub async fn claim(ctx: &Ctx, notice: &Notice) -> Result<bool> {
    let row = claimed(notice.topic, notice.about, &notice.hook, notice.n_tries, ctx.now());
    Ok(ctx.store().claim_notices(&[row]).await?)
}

/// What there is to tell since an instant, the first first.
async fn subjects(ctx: &Ctx, topic: Topic, since: i64) -> Result<Vec<Subject>> {
    Ok(match topic {
        Topic::Incidents => ctx.store().incidents_since(since).await?.into_iter().map(of_incident).collect(),
        Topic::Alerts => ctx.store().alerts_since(since).await?.iter().map(of_alert).collect(),
    })
}

fn instant(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).unwrap_or_default().to_string()
}

fn of_incident(row: IncidentRow) -> Subject {
    let (at, id) = (row.opened_at, IncidentId::new(row.incident_id));
    let one = Incident { id, steps: Vec::new(), row };
    let body = json!({
        "id": id.to_string(), "kind": one.row.kind, "severity": one.row.severity, "opened_at": instant(at),
        "due_at": instant(one.due().0), "link": format!("/governance/incidents?incident={id}"),
    });
    Subject { id: id.get(), at, body }
}

fn of_alert(row: &AlertRow) -> Subject {
    let body = json!({
        "id": AlertId::new(row.alert_id).to_string(), "kind": row.kind, "subject": row.subject,
        "day": crate::refresh::day_text(row.day), "direction": row.direction, "severity": row.severity,
        "text_zh": row.words_zh, "text_en": row.words_en, "raised_at": instant(row.raised_at), "link": row.link,
    });
    Subject { id: row.alert_id, at: row.raised_at, body }
}

/// A notice of nothing, to every address.
///
/// **Errors**: `no_permission`; `conflict` without addresses.
#[boxed]
pub async fn trial(ctx: &Ctx, by: &Principal, topic: Topic) -> Result<Vec<Notice>> {
    accounts::need(by, topic.needs())?;
    let (addresses, secret) = read(ctx, topic).await?;
    if addresses.is_empty() {
        return Err(Error::conflict("set an address first".into(), "请先设置地址".into()));
    }
    audit::record(ctx, &by.actor, topic.test_act(), topic.kind(), &json!({ "addresses": addresses.len() })).await?;
    let subject = match topic {
        Topic::Incidents => of_incident(trial_incident(ctx.now())),
        Topic::Alerts => of_alert(&crate::alerts::trial(ctx)),
    };
    Ok(addresses.iter().map(|one| notice(ctx, topic, one, &secret, &subject, 0)).collect())
}

fn trial_incident(now: i64) -> IncidentRow {
    IncidentRow {
        incident_id: 0,
        kind: "test".into(),
        severity: "medium".into(),
        status: "open".into(),
        actor: String::new(),
        roles_json: "[]".into(),
        opened_at: now,
        n_alerts: 1,
        acknowledged_by: None,
        acknowledged_at: None,
        escalated_at: None,
        decided_by: None,
        decided_at: None,
        locked_at: None,
        closed_by: None,
        closed_at: None,
        steps_json: "[]".into(),
    }
}

/// Notes what came of a notice, and when to try again.
#[boxed]
pub async fn note(ctx: &Ctx, notice: &Notice, sent: Sent) -> Result<()> {
    let now = ctx.now();
    let next = next_try(now, notice.n_tries, notice.begun_at, sent).filter(|_| notice.about != 0);
    let row = NoticeRow {
        topic: notice.topic.word().into(),
        about: notice.about,
        hook: notice.hook.clone(),
        n_tries: notice.n_tries + 1,
        tried_at: now,
        next_at: next,
        outcome: sent.word(),
    };
    Ok(ctx.store().put_notices(&[row]).await?)
}

async fn read(ctx: &Ctx, topic: Topic) -> Result<(Vec<Address>, Sensitive<String>)> {
    let spec: Spec = query::definition(ctx, topic.kind(), "default").await?;
    let opened = |sealed: &String| {
        let content = ctx.vault().tokens(topic.purpose()).open(sealed)?;
        Ok::<_, Error>(Sensitive::new(String::from_utf8_lossy(&content).into_owned()))
    };
    let mut all = Vec::new();
    for (at, sealed) in spec.urls_sealed.iter().enumerate() {
        let url = opened(sealed)?;
        all.push(Address { hook: hook_of(ctx, topic, &url), url, since: since_of(&spec.sinces, spec.since, at) });
    }
    let secret = if all.is_empty() { Sensitive::default() } else { opened(&spec.secret_sealed)? };
    Ok((all, secret))
}

/// By what an address is known where outcomes are kept.
fn hook_of(ctx: &Ctx, topic: Topic, url: &Sensitive<String>) -> String {
    fingerprint(ctx, topic.purpose(), url.expose())
}

/// A keyed hash as text.
pub(crate) fn fingerprint(ctx: &Ctx, purpose: &str, text: &str) -> String {
    let print = ctx.vault().fingerprint(format!("{purpose}\0{text}").as_bytes());
    print.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn notice(
    ctx: &Ctx,
    topic: Topic,
    to: &Address,
    secret: &Sensitive<String>,
    subject: &Subject,
    n_tries: i64,
) -> Notice {
    let body = subject.body.to_string();
    let at = ctx.now() / SECOND;
    let code = jws::hmac_sha256(secret.expose().as_bytes(), format!("{at}.{body}").as_bytes());
    Notice {
        url: to.url.clone(),
        body,
        signature: format!("t={at},v1={code}"),
        hook: to.hook.clone(),
        topic,
        about: subject.id,
        n_tries,
        begun_at: subject.at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_its_host_is_shown() {
        for (url, shown) in [
            ("https://hooks.example.com/in?key=abc", "https://hooks.example.com/****"),
            ("https://hooks.example.com:8443?abc", "https://hooks.example.com:8443/****"),
            ("https://bot.example.cn/send?key=0123456789abcdef", "https://bot.example.cn/****ef"),
            ("https://bot.example.cn/send?key=01234567密钥", "https://bot.example.cn/****密钥"),
            ("https://hooks.example.com/#secret", "https://hooks.example.com/****"),
            ("https://hooks.example.com/", "https://hooks.example.com/"),
            ("http://[::1]:80", "http://[::1]:80"),
            ("https://name:secret@example.com/", "****"),
            ("https://secret\\@example.com/", "****"),
            ("secret", "****"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }
}
