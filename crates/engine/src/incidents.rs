//! Incidents: what a rule found, the clock that runs from then on, whose data it was about, and the draft of a notice.
//!
//! Times: nobody looks after it in 10 minutes: told again, louder. No decision in 30 on a high one: the roles of whoever it is about may
//! neither unmask nor export until there is one. A report to the authority is due in 4 hours, to people within 72.
//!
//! - INV-INCIDENT-1: the clock is a function of what is stored and of the time: a restart neither stops nor repeats a step.
//! - INV-INCIDENT-2: whose data it was about is counted from the audit trail alone.

use crate::boxed;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use zhike_domain::access::{Means, Permission, Principal, Role};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{IncidentId, ProfileId};
use zhike_state::{AuditFilter, IncidentRow};
use zhike_vault::Vault;

use crate::{Ctx, Error, Result, accounts, audit, profiles};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
/// Source: the incident clock of the plan of governance.
const ESCALATE: i64 = 10 * MINUTE;
const LOCK: i64 = 30 * MINUTE;
const REPORT: i64 = 4 * HOUR;
const NOTIFY: i64 = 72 * HOUR;
/// What somebody did before the incident counts as part of it for so long.
const BEFORE: i64 = 24 * HOUR;
const MAX_LISTED: usize = 500;
/// Entries looked at for one incident.
const MAX_ENTRIES: usize = 20_000;

/// A step of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// When, in microseconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// opened, alert, acknowledged, escalated, contained, false_alarm, locked, closed.
    pub what: String,
    /// Why, or what the rule saw.
    pub detail: Json,
}

/// An incident as it stands.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Id.
    pub id: IncidentId,
    /// What happened, in order.
    pub steps: Vec<Happened>,
    /// As it is stored.
    pub row: IncidentRow,
}

impl Incident {
    /// Until when a decision, a report to the authority and a notice to people are due, in microseconds.
    pub const fn due(&self) -> (i64, i64, i64) {
        let at = self.row.opened_at;
        (at + LOCK, at + REPORT, at + NOTIFY)
    }
}

/// Whose data an incident is about, from the audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// Different people who were opened, found or shown in the clear.
    pub n_people: usize,
    /// Rows given in files.
    pub n_rows: u64,
    /// Kinds of data: masked, clear, file.
    pub classes: BTreeSet<&'static str>,
    /// Entries of the trail.
    pub n_entries: usize,
}

fn incident(row: IncidentRow) -> Result<Incident> {
    let steps = serde_json::from_str(&row.steps_json).map_err(|error| Error::bug("the steps of an incident", error))?;
    Ok(Incident { id: IncidentId::new(row.incident_id), steps, row })
}

fn stepped(ctx: &Ctx, one: &mut Incident, actor: &str, what: &str, detail: Json) -> Result<()> {
    one.steps.push(Happened { at: ctx.now(), actor: actor.into(), what: what.into(), detail });
    one.row.steps_json =
        serde_json::to_string(&one.steps).map_err(|error| Error::bug("the steps of an incident", error))?;
    Ok(())
}

/// Stores a step, unless somebody else stored one meanwhile.
async fn store(ctx: &Ctx, one: &Incident, old: &str, actor: &str, what: &str, detail: &Json) -> Result<bool> {
    let entry = audit::entry(ctx, actor, &format!("incident.{what}"), &one.id.to_string(), detail);
    Ok(ctx.store().change_incident(&one.row, old, Some(&entry), Vault::audit_link).await?)
}

/// Opens an incident about somebody, or adds to the one of the same kind that nobody has decided on.
pub(crate) async fn open(
    ctx: &Ctx,
    kind: &str,
    severity: &str,
    actor: &str,
    roles: &[Role],
    features: &Json,
) -> Result<()> {
    let _opening = ctx.guarding().opening.lock().await;
    let undecided = ctx.store().undecided_incidents().await?;
    if let Some(row) = undecided.into_iter().find(|row| row.kind == kind && row.actor == actor) {
        let mut one = incident(row)?;
        let old = one.row.steps_json.clone();
        one.row.n_alerts += 1;
        // The count goes on; of repetitions the first hundred are told.
        if one.steps.len() < 100 {
            stepped(ctx, &mut one, "watch", "alert", features.clone())?;
        }
        ctx.store().change_incident(&one.row, &old, None, Vault::audit_link).await?;
        return Ok(());
    }
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let mut one = Incident {
        id: IncidentId::new(ctx.vault().random_id()),
        steps: Vec::new(),
        row: IncidentRow {
            incident_id: 0,
            kind: kind.into(),
            severity: severity.into(),
            status: "open".into(),
            actor: actor.into(),
            roles_json: json!(names).to_string(),
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
            steps_json: String::new(),
        },
    };
    one.row.incident_id = one.id.get();
    stepped(ctx, &mut one, "watch", "opened", features.clone())?;
    let detail = json!({ "kind": kind, "severity": severity, "about": actor, "features": features });
    let entry = audit::entry(ctx, "watch", "incident.opened", &one.id.to_string(), &detail);
    ctx.store().add_incident(one.row, &entry, Vault::audit_link).await?;
    tracing::error!(incident = %one.id, kind, severity, about = actor, features = %features, "an incident was opened");
    Ok(())
}

/// All incidents, the newest first.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<Incident>> {
    ctx.store().incidents(MAX_LISTED).await?.into_iter().map(incident).collect()
}

/// One incident.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn get(ctx: &Ctx, id: IncidentId) -> Result<Incident> {
    incident(ctx.store().incident(id.get()).await?.ok_or_else(|| Error::not_found("incident", "安全事件"))?)
}

/// What becomes of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Somebody looks after it.
    Acknowledge,
    /// It is contained.
    Contain,
    /// It was none.
    FalseAlarm,
    /// Nothing is left to be done.
    Close,
}

impl Act {
    /// Name of the step.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::Contain => "contained",
            Self::FalseAlarm => "false_alarm",
            Self::Close => "closed",
        }
    }

    /// The one of a name.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Acknowledge, Self::Contain, Self::FalseAlarm, Self::Close].into_iter().find(|one| one.as_str() == word)
    }
}

/// Takes a step; whoever an incident is about takes none. A decision unlocks the roles.
///
/// **Errors**: `no_permission`, `not_found`, `conflict` when the step does not follow, `bad_request` without a reason.
#[boxed]
pub async fn act(ctx: &Ctx, by: &Principal, id: IncidentId, act: Act, note: &str) -> Result<Incident> {
    accounts::need(by, Permission::IncidentsManage)?;
    let mut one = get(ctx, id).await?;
    if one.row.actor == by.owner {
        return Err(Error::new(
            ErrorCode::NoPermission,
            "the incident is about your own acts: somebody else decides on it",
            "这起事件与您本人的操作有关：须由他人处置",
        ));
    }
    let follows = match act {
        Act::Acknowledge => one.row.status == "open",
        Act::Contain | Act::FalseAlarm => matches!(one.row.status.as_str(), "open" | "acknowledged"),
        Act::Close => matches!(one.row.status.as_str(), "contained" | "false_alarm"),
    };
    if !follows {
        return Err(changed());
    }
    let note = if act == Act::Acknowledge && note.trim().is_empty() { String::new() } else { audit::reason(note)? };
    let (who, now, old) = (Some(by.owner.clone()), Some(ctx.now()), one.row.steps_json.clone());
    one.row.status = act.as_str().into();
    match act {
        Act::Acknowledge => (one.row.acknowledged_by, one.row.acknowledged_at) = (who, now),
        Act::Contain | Act::FalseAlarm => (one.row.decided_by, one.row.decided_at) = (who, now),
        Act::Close => (one.row.closed_by, one.row.closed_at) = (who, now),
    }
    let detail = json!({ "note": note });
    stepped(ctx, &mut one, &by.owner, act.as_str(), detail.clone())?;
    if store(ctx, &one, &old, &by.actor, act.as_str(), &detail).await? { Ok(one) } else { Err(changed()) }
}

fn changed() -> Error {
    Error::conflict(
        "the incident stands differently by now: reload and decide again".into(),
        "事件状态已变化：请刷新后再处置".into(),
    )
}

/// Takes the steps whose time has come.
#[boxed]
pub async fn sweep(ctx: &Ctx) -> Result<()> {
    for row in ctx.store().undecided_incidents().await? {
        let mut one = incident(row)?;
        let age = ctx.now() - one.row.opened_at;
        if age >= ESCALATE && one.row.status == "open" && one.row.escalated_at.is_none() {
            let old = one.row.steps_json.clone();
            one.row.escalated_at = Some(ctx.now());
            stepped(ctx, &mut one, "watch", "escalated", json!({}))?;
            if store(ctx, &one, &old, "watch", "escalated", &json!({})).await? {
                tracing::error!(incident = %one.id, kind = one.row.kind, "nobody has looked after an incident for 10 minutes");
            }
        }
        if age >= LOCK && one.row.severity == "high" && one.row.locked_at.is_none() {
            let old = one.row.steps_json.clone();
            one.row.locked_at = Some(ctx.now());
            let detail = json!({ "roles": one.row.roles_json });
            stepped(ctx, &mut one, "watch", "locked", detail.clone())?;
            if store(ctx, &one, &old, "watch", "locked", &detail).await? {
                tracing::error!(incident = %one.id, roles = one.row.roles_json, "nothing was decided in 30 minutes: these roles may neither unmask nor export");
            }
        }
    }
    Ok(())
}

/// Whether whoever asks may unmask and export.
///
/// **Errors**: `rights_locked`.
#[boxed]
pub async fn check_unlocked(ctx: &Ctx) -> Result<()> {
    let Some(by) = ctx.by().filter(|by| by.means != Means::Local) else { return Ok(()) };
    for row in ctx.store().undecided_incidents().await? {
        let roles: Vec<String> = serde_json::from_str(&row.roles_json).unwrap_or_default();
        let is_theirs = by.roles.iter().any(|role| roles.iter().any(|name| name == role.as_str()));
        if row.locked_at.is_some() && is_theirs {
            let id = IncidentId::new(row.incident_id);
            return Err(Error::new(
                ErrorCode::RightsLocked,
                format!(
                    "incident {id} was not decided on in 30 minutes: your role may neither unmask nor export until it is"
                ),
                format!("安全事件 {id} 超过 30 分钟未处置：在处置之前，您的角色不能查看明文或导出"),
            ));
        }
    }
    Ok(())
}

/// Whose data an incident is about: what its person did from a day before it until it was decided.
#[boxed]
pub async fn affected(ctx: &Ctx, one: &Incident) -> Result<Affected> {
    let filter = AuditFilter {
        actor: Some(one.row.actor.clone()),
        since: Some(one.row.opened_at - BEFORE),
        until: Some(one.row.decided_at.unwrap_or(i64::MAX)),
        ..AuditFilter::default()
    };
    let entries = audit::list(ctx, &filter, None, MAX_ENTRIES).await?;
    let mut affected = Affected { n_entries: entries.len(), ..Affected::default() };
    let mut people = BTreeSet::new();
    for entry in &entries {
        let detail: Json = serde_json::from_str(&entry.detail_json).unwrap_or_default();
        let class = match entry.action.as_str() {
            "profile.unmask" | "quarantine.reveal" => "clear",
            "export.create" => "file",
            "profile.open" | "profile.find" | "sql.run" => "masked",
            _ => continue,
        };
        affected.classes.insert(class);
        if entry.action == "export.create" {
            affected.n_rows += detail.get("rows").and_then(Json::as_u64).unwrap_or(0);
        }
        let found = detail.get("found").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        people.extend(found.map(str::to_owned));
        if entry.subject.starts_with("prf_") {
            people.insert(entry.subject.clone());
        }
    }
    affected.n_people = people.len();
    Ok(affected)
}

/// What a rule found, in Chinese and English.
fn kind_words(kind: &str) -> (&str, &str) {
    match kind {
        "over_budget" => ("超过数据额度", "a budget of data was exceeded"),
        "canary" => ("触碰诱饵客户", "a customer was opened whom nobody has a reason to touch"),
        "denials" => ("短时间内多次越权", "denied many times in a short time"),
        "off_hours_policy" => ("非工作时间修改策略", "policy changed outside working hours"),
        "volume" => ("查看量远超本人平时", "far more looked at than usual"),
        other => (other, other),
    }
}

/// Draft of a notice, Chinese then English: what the law asks it to say, with what is known; the rest is left to be filled in.
pub fn notice(ctx: &Ctx, one: &Incident, affected: &Affected) -> (String, String) {
    let at = |us: i64| {
        let at = jiff::Timestamp::from_microsecond(us).unwrap_or_default();
        at.to_zoned(ctx.workspace().time_zone()).strftime("%Y-%m-%d %H:%M").to_string()
    };
    let (opened, name) = (at(one.row.opened_at), ctx.workspace().name);
    let (people, rows) = (affected.n_people, affected.n_rows);
    let words = |class: &&str| match *class {
        "clear" => ("个人信息明文", "personal data in the clear"),
        "file" => ("导出文件（脱敏）", "files, masked"),
        _ => ("脱敏数据", "masked data"),
    };
    let zh: Vec<&str> = affected.classes.iter().map(|class| words(class).0).collect();
    let en: Vec<&str> = affected.classes.iter().map(|class| words(class).1).collect();
    let none = |joined: String, none: &str| if joined.is_empty() { none.to_owned() } else { joined };
    let (zh, en) = (none(zh.join("、"), "无"), none(en.join(", "), "none"));
    let (cause_zh, cause) = kind_words(&one.row.kind);
    // Only what exceeds a budget ends sessions by itself.
    let (zh_ended, en_ended) = match one.row.kind.as_str() {
        "over_budget" => ("相关会话已终止；", "the sessions were ended; "),
        _ => ("", ""),
    };
    let done = one.row.decided_at.map(at);
    let (zh_done, en_done) = (
        done.clone().map_or("尚未记录处置".into(), |day| format!("{day} 已处置")),
        done.map_or("not recorded yet".into(), |day| format!("decided at {day}")),
    );
    (
        format!(
            "【{name}】个人信息安全事件通知（草稿）\n一、发生时间：{opened}。原因：{cause_zh}（待补充）。\n\
             二、涉及信息种类：{zh}；涉及个人 {people} 人，导出 {rows} 行。可能的危害：（待补充）。\n\
             三、已采取的措施：{zh_ended}{zh_done}。您可以采取的措施：（待补充）。\n四、联系方式：（待补充）。\n",
        ),
        format!(
            "[{name}] Notice of a personal data incident (draft)\n1. When: {opened}. Cause: {cause} (to be completed).\n\
             2. Kinds of data: {en}; {people} people, {rows} rows in files. Possible harm: (to be completed).\n\
             3. What was done: {en_ended}{en_done}. What you can do: (to be completed).\n4. Contact: (to be completed).\n",
        ),
    )
}

/// Marks a customer that nobody has a reason to touch, or takes the mark away.
///
/// **Errors**: `no_permission`, `not_found`.
#[boxed]
pub async fn mark_canary(ctx: &Ctx, by: &Principal, profile: ProfileId, is_marked: bool) -> Result<()> {
    accounts::need(by, Permission::IncidentsManage)?;
    let id = profiles::whoever(ctx, profile.get()).await?.profile_id;
    // Which customers are marked stands in no trail that others read.
    let entry = audit::entry(ctx, &by.actor, "canary.mark", "canaries", &json!({ "marked": is_marked }));
    Ok(ctx.store().mark_canary(id, is_marked, &entry, Vault::audit_link).await?)
}

/// The customers that nobody has a reason to touch.
#[boxed]
pub async fn canaries(ctx: &Ctx) -> Result<Vec<ProfileId>> {
    Ok(ctx.store().canaries().await?.into_iter().map(ProfileId::new).collect())
}
