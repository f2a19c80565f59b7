//! Webhooks of incidents and of alerts: whom to tell, what to say, and when to say it again.
//!
//! Nothing here opens a connection: the caller sends what is due and says what came of it.
//!
//! - INV-HOOKS-1: a notice names no person; addresses and the secret are sealed, for they open what others have.
//! - INV-HOOKS-2: every incident that opens and every alert that is raised is told to every address until it arrives, for a
//!   day, across restarts; one that arrived is not told again. What was sent when the process died may arrive twice, under
//!   one id. Mail ([`crate::alerts::mail`]) keeps the same clock.

use crate::boxed;
use std::collections::HashMap;

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
    /// Both.
    pub const ALL: [Self; 2] = [Self::Incidents, Self::Alerts];

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
    /// What is from before is not told.
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
    /// Address.
    pub url: Sensitive<String>,
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
    topic: Topic,
    about: i64,
    hook: String,
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

/// Puts other addresses in force, with a new secret that is returned once; `None` without addresses.
///
/// **Errors**: `no_permission`, `bad_request`.
#[boxed]
pub async fn set(
    ctx: &Ctx,
    by: &Principal,
    topic: Topic,
    urls: &[Sensitive<String>],
) -> Result<Option<Sensitive<String>>> {
    accounts::need(by, topic.needs())?;
    let is_long = urls.iter().any(|url| url.expose().is_empty() || url.expose().len() > MAX_URL_BYTES);
    if urls.len() > MAX_HOOKS || is_long {
        return Err(Error::bad_request(
            format!("at most {MAX_HOOKS} addresses, each of at most {MAX_URL_BYTES} bytes"),
            format!("最多 {MAX_HOOKS} 个地址，每个最长 {MAX_URL_BYTES} 字节"),
        ));
    }
    let secret = format!("whsec_{}", password::new_secret()?);
    let sealed = |text: &str| ctx.vault().tokens(topic.purpose()).seal(text.as_bytes());
    let spec = Spec {
        urls_sealed: urls.iter().map(|url| sealed(url.expose())).collect(),
        secret_sealed: sealed(&secret),
        since: ctx.now(),
    };
    audit::record(ctx, &by.actor, "policy.change", topic.kind(), &json!({ "addresses": urls.len() })).await?;
    query::put_definition(ctx, topic.kind(), "default", &spec).await?;
    Ok((!urls.is_empty()).then(|| Sensitive::new(secret)))
}

/// The addresses in force.
#[boxed]
pub async fn list(ctx: &Ctx, topic: Topic) -> Result<Vec<Hook>> {
    let (urls, _, _) = read(ctx, topic).await?;
    let since = ctx.now() - SHOWN;
    let rows = if urls.is_empty() { Vec::new() } else { ctx.store().notices(topic.word(), since).await? };
    let last = |url: &Sensitive<String>| {
        let hook = hook_of(ctx, topic, url);
        rows.iter().find(|row| row.hook == hook).cloned()
    };
    Ok(urls.into_iter().map(|url| Hook { last: last(&url), url }).collect())
}

/// What is to be sent now, of all topics.
#[boxed]
pub async fn due(ctx: &Ctx) -> Result<Vec<Notice>> {
    let mut all = Vec::new();
    for topic in Topic::ALL {
        due_of(ctx, topic, &mut all).await?;
    }
    Ok(all)
}

async fn due_of(ctx: &Ctx, topic: Topic, all: &mut Vec<Notice>) -> Result<()> {
    let (urls, secret, since) = read(ctx, topic).await?;
    if urls.is_empty() {
        return Ok(());
    }
    let now = ctx.now();
    let subjects = subjects(ctx, topic, since.max(told_since(now))).await?;
    if subjects.is_empty() {
        return Ok(());
    }
    let rows = ctx.store().notices(topic.word(), told_since(now)).await?;
    let known: HashMap<(i64, &str), &NoticeRow> =
        rows.iter().map(|row| ((row.about, row.hook.as_str()), row)).collect();
    for subject in &subjects {
        for url in &urls {
            let hook = hook_of(ctx, topic, url);
            let before = known.get(&(subject.id, hook.as_str())).copied();
            if is_due(before, now) {
                let n_tries = before.map_or(0, |before| before.n_tries);
                all.push(notice(ctx, topic, (url, hook), &secret, subject, n_tries));
            }
        }
    }
    Ok(())
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
    let (urls, secret, _) = read(ctx, topic).await?;
    if urls.is_empty() {
        return Err(Error::conflict("set an address first".into(), "请先设置地址".into()));
    }
    audit::record(ctx, &by.actor, topic.test_act(), topic.kind(), &json!({ "addresses": urls.len() })).await?;
    let subject = match topic {
        Topic::Incidents => of_incident(trial_incident(ctx.now())),
        Topic::Alerts => of_alert(&crate::alerts::trial(ctx)),
    };
    Ok(urls.iter().map(|url| notice(ctx, topic, (url, hook_of(ctx, topic, url)), &secret, &subject, 0)).collect())
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

async fn read(ctx: &Ctx, topic: Topic) -> Result<(Vec<Sensitive<String>>, Sensitive<String>, i64)> {
    let spec: Spec = query::definition(ctx, topic.kind(), "default").await?;
    let opened = |sealed: &String| {
        let content = ctx.vault().tokens(topic.purpose()).open(sealed)?;
        Ok::<_, Error>(Sensitive::new(String::from_utf8_lossy(&content).into_owned()))
    };
    let urls = spec.urls_sealed.iter().map(opened).collect::<Result<Vec<_>>>()?;
    let secret = if urls.is_empty() { Sensitive::default() } else { opened(&spec.secret_sealed)? };
    Ok((urls, secret, spec.since))
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
    (url, hook): (&Sensitive<String>, String),
    secret: &Sensitive<String>,
    subject: &Subject,
    n_tries: i64,
) -> Notice {
    let body = subject.body.to_string();
    let at = ctx.now() / SECOND;
    let code = jws::hmac_sha256(secret.expose().as_bytes(), format!("{at}.{body}").as_bytes());
    Notice {
        url: url.clone(),
        body,
        signature: format!("t={at},v1={code}"),
        topic,
        about: subject.id,
        hook,
        n_tries,
        begun_at: subject.at,
    }
}
