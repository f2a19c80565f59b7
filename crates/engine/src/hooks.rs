//! Webhooks of incidents: whom to tell, what to say, and when to say it again.
//!
//! Nothing here opens a connection: the caller sends what is due and says what came of it.
//!
//! - INV-HOOKS-1: a notice names no person; addresses and the secret are sealed, for they open what others have.
//! - INV-HOOKS-2: every incident that opens is told to every address until it arrives, for a day, across restarts; one that
//!   arrived is not told again. What was sent when the process died may arrive twice, under one id.

use crate::boxed;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use zhike_domain::access::{Permission, Principal};
use zhike_domain::id::IncidentId;
use zhike_domain::sensitive::Sensitive;
use zhike_state::{IncidentRow, NoticeRow};
use zhike_vault::{jws, password};

use crate::incidents::Incident;
use crate::{Ctx, Error, Result, accounts, audit, query};

const KIND: &str = "incident_hooks";
const MAX_HOOKS: usize = 10;
const MAX_URL_BYTES: usize = 300;
const SECOND: i64 = 1_000_000;
/// For so long it is tried.
const TRIED_FOR: i64 = 24 * 3_600 * SECOND;
/// Between the first two tries; then twice as long each time, up to an hour.
const FIRST_WAIT: i64 = 15 * SECOND;
const LONGEST_WAIT: i64 = 3_600 * SECOND;
/// How far back outcomes are shown.
const SHOWN: i64 = 30 * 24 * 3_600 * SECOND;

/// As it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Spec {
    urls_sealed: Vec<String>,
    secret_sealed: String,
    /// Incidents from before are not told.
    since: i64,
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
    incident_id: i64,
    hook: String,
    n_tries: i64,
    opened_at: i64,
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

/// Puts other addresses in force, with a new secret that is returned once; `None` without addresses.
///
/// **Errors**: `no_permission`, `bad_request`.
#[boxed]
pub async fn set(ctx: &Ctx, by: &Principal, urls: &[Sensitive<String>]) -> Result<Option<Sensitive<String>>> {
    accounts::need(by, Permission::IncidentsManage)?;
    let is_long = urls.iter().any(|url| url.expose().is_empty() || url.expose().len() > MAX_URL_BYTES);
    if urls.len() > MAX_HOOKS || is_long {
        return Err(Error::bad_request(
            format!("at most {MAX_HOOKS} addresses, each of at most {MAX_URL_BYTES} bytes"),
            format!("最多 {MAX_HOOKS} 个地址，每个最长 {MAX_URL_BYTES} 字节"),
        ));
    }
    let secret = format!("whsec_{}", password::new_secret()?);
    let sealed = |text: &str| ctx.vault().tokens("incident hook").seal(text.as_bytes());
    let spec = Spec {
        urls_sealed: urls.iter().map(|url| sealed(url.expose())).collect(),
        secret_sealed: sealed(&secret),
        since: ctx.now(),
    };
    audit::record(ctx, &by.actor, "policy.change", KIND, &json!({ "addresses": urls.len() })).await?;
    query::put_definition(ctx, KIND, "default", &spec).await?;
    Ok((!urls.is_empty()).then(|| Sensitive::new(secret)))
}

/// The addresses in force.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<Hook>> {
    let (urls, _, _) = read(ctx).await?;
    let rows = if urls.is_empty() { Vec::new() } else { ctx.store().notices(ctx.now() - SHOWN).await? };
    let last = |url: &Sensitive<String>| {
        let hook = hook_of(ctx, url);
        rows.iter().find(|row| row.hook == hook).cloned()
    };
    Ok(urls.into_iter().map(|url| Hook { last: last(&url), url }).collect())
}

/// What is to be sent now.
#[boxed]
pub async fn due(ctx: &Ctx) -> Result<Vec<Notice>> {
    let (urls, secret, since) = read(ctx).await?;
    if urls.is_empty() {
        return Ok(Vec::new());
    }
    let now = ctx.now();
    let incidents = ctx.store().incidents_since(since.max(now - TRIED_FOR)).await?;
    if incidents.is_empty() {
        return Ok(Vec::new());
    }
    let rows = ctx.store().notices(now - TRIED_FOR).await?;
    let known: HashMap<(i64, &str), &NoticeRow> =
        rows.iter().map(|row| ((row.incident_id, row.hook.as_str()), row)).collect();
    let mut all = Vec::new();
    for row in &incidents {
        for url in &urls {
            let hook = hook_of(ctx, url);
            let before = known.get(&(row.incident_id, hook.as_str()));
            if before.is_none_or(|before| before.next_at.is_some_and(|next| next <= now)) {
                let n_tries = before.map_or(0, |before| before.n_tries);
                all.push(notice(ctx, url, hook, &secret, row, n_tries));
            }
        }
    }
    Ok(all)
}

/// A notice of no incident, to every address.
///
/// **Errors**: `no_permission`; `conflict` without addresses.
#[boxed]
pub async fn trial(ctx: &Ctx, by: &Principal) -> Result<Vec<Notice>> {
    accounts::need(by, Permission::IncidentsManage)?;
    let (urls, secret, _) = read(ctx).await?;
    if urls.is_empty() {
        return Err(Error::conflict("set an address first".into(), "请先设置地址".into()));
    }
    audit::record(ctx, &by.actor, "incident.hook_test", KIND, &json!({ "addresses": urls.len() })).await?;
    let row = IncidentRow {
        incident_id: 0,
        kind: "test".into(),
        severity: "medium".into(),
        status: "open".into(),
        actor: String::new(),
        roles_json: "[]".into(),
        opened_at: ctx.now(),
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
    };
    Ok(urls.iter().map(|url| notice(ctx, url, hook_of(ctx, url), &secret, &row, 0)).collect())
}

/// Notes what came of a notice, and when to try again.
#[boxed]
pub async fn note(ctx: &Ctx, notice: &Notice, sent: Sent) -> Result<()> {
    let now = ctx.now();
    let wait = FIRST_WAIT.saturating_mul(1 << notice.n_tries.clamp(0, 20)).min(LONGEST_WAIT);
    let is_over = sent == Sent::Delivered || notice.incident_id == 0 || now + wait >= notice.opened_at + TRIED_FOR;
    let row = NoticeRow {
        incident_id: notice.incident_id,
        hook: notice.hook.clone(),
        n_tries: notice.n_tries + 1,
        tried_at: now,
        next_at: (!is_over).then_some(now + wait),
        outcome: sent.word(),
    };
    Ok(ctx.store().put_notice(row).await?)
}

async fn read(ctx: &Ctx) -> Result<(Vec<Sensitive<String>>, Sensitive<String>, i64)> {
    let spec: Spec = query::definition(ctx, KIND, "default").await?;
    let opened = |sealed: &String| {
        let content = ctx.vault().tokens("incident hook").open(sealed)?;
        Ok::<_, Error>(Sensitive::new(String::from_utf8_lossy(&content).into_owned()))
    };
    let urls = spec.urls_sealed.iter().map(opened).collect::<Result<Vec<_>>>()?;
    let secret = if urls.is_empty() { Sensitive::default() } else { opened(&spec.secret_sealed)? };
    Ok((urls, secret, spec.since))
}

/// By what an address is known where outcomes are kept.
fn hook_of(ctx: &Ctx, url: &Sensitive<String>) -> String {
    let print = ctx.vault().fingerprint(format!("incident hook\0{}", url.expose()).as_bytes());
    print.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn notice(
    ctx: &Ctx,
    url: &Sensitive<String>,
    hook: String,
    secret: &Sensitive<String>,
    row: &IncidentRow,
    n_tries: i64,
) -> Notice {
    let instant = |us: i64| jiff::Timestamp::from_microsecond(us).unwrap_or_default().to_string();
    let id = IncidentId::new(row.incident_id).to_string();
    let one = Incident { id: IncidentId::new(row.incident_id), steps: Vec::new(), row: row.clone() };
    let body = json!({
        "id": id, "kind": row.kind, "severity": row.severity, "opened_at": instant(row.opened_at),
        "due_at": instant(one.due().0), "link": format!("/governance/incidents?incident={id}"),
    })
    .to_string();
    let at = ctx.now() / SECOND;
    let code = jws::hmac_sha256(secret.expose().as_bytes(), format!("{at}.{body}").as_bytes());
    Notice {
        url: url.clone(),
        body,
        signature: format!("t={at},v1={code}"),
        incident_id: row.incident_id,
        hook,
        n_tries,
        opened_at: row.opened_at,
    }
}
