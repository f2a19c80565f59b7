//! The register of what people ask for: entered, checked who asks, carried out or refused, each step in the audit trail.
//!
//! Owns the steps and what a step changes. What may follow what, and by when, is decided in `zhike_domain::rights`. Must not
//! erase anything: an approved deletion hides the person at once and waits for whoever erases.
//!
//! - INV-RIGHTS-2: from the moment a deletion is approved, nobody reads the person: not in lists, look-ups, segments nor
//!   exports (`tests/it/requests.rs`).

use crate::boxed;
use jiff::civil::Date;
use zhike_domain::consent::PROFILING;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{ErasureId, ProfileId, RequestId};
use zhike_domain::rights::{RequestKind, RequestRefusal, RequestStatus};
use zhike_state::RequestRow;

use crate::audit;
use crate::consents::{self, NewStatement, strongest, words};
use crate::profiles::current;
use crate::workspace::{date_of, day_number};
use crate::{Ctx, Error, Result, erasure};

mod copy;
mod sheets;

pub use copy::{Copy, check_copy, copy, copyable, seal};

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Id.
    pub id: RequestId,
    /// Whom it is about; missing when nothing is held any more.
    pub profile_id: Option<ProfileId>,
    /// What is asked for.
    pub kind: RequestKind,
    /// How far it has come.
    pub status: RequestStatus,
    /// Last day on which it is to be answered.
    pub due_on: Option<Date>,
    /// Days until then, less than none when it is overdue; missing when nothing is to be done.
    pub days_left: Option<i64>,
    /// All else.
    pub row: RequestRow,
}

/// A request to be entered.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Whom it is about.
    pub profile_id: ProfileId,
    /// What is asked for.
    pub kind: RequestKind,
    /// How it arrived.
    pub channel: String,
    /// Purpose, of a withdrawal.
    pub purpose: Option<String>,
    /// In words.
    pub note: String,
    /// When it arrived, in microseconds; now when absent.
    pub received_at: Option<i64>,
}

fn read(ctx: &Ctx, (row, profile): (RequestRow, i64)) -> Result<Request> {
    let other = |what: &str| Error::bug("a stored request", std::io::Error::other(what.to_owned()));
    let kind = RequestKind::parse(&row.kind).ok_or_else(|| other(&row.kind))?;
    let status = RequestStatus::parse(&row.status).ok_or_else(|| other(&row.status))?;
    let today = ctx.workspace().day_of(ctx.now());
    Ok(Request {
        id: RequestId::new(row.request_id),
        profile_id: (profile != 0).then(|| ProfileId::new(profile)),
        due_on: date_of(row.due_on),
        days_left: status.days_left(row.due_on, today),
        kind,
        status,
        row,
    })
}

/// All requests: open ones first, the most pressing at the top; then those that are over, the newest first.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<Request>> {
    let rows = ctx.store().requests().await?;
    let mut all = rows.into_iter().map(|row| read(ctx, row)).collect::<Result<Vec<_>>>()?;
    all.sort_by_key(|one| match one.status.is_over() {
        false => (false, one.row.due_on, one.row.request_id),
        true => (true, -one.row.updated_at, one.row.request_id),
    });
    Ok(all)
}

/// One request.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn get(ctx: &Ctx, id: RequestId) -> Result<Request> {
    read(ctx, ctx.store().request(id.get()).await?.ok_or_else(|| Error::not_found("request", "个人请求"))?)
}

/// Enters a request; its clock runs from when it arrived.
///
/// **Errors**: `not_found`; `bad_request` for a withdrawal without a purpose, or a time to come.
#[boxed]
pub async fn enter(ctx: &Ctx, new: NewRequest, actor: &str) -> Result<Request> {
    let profile = current(ctx, new.profile_id.get()).await?;
    let identities = ctx.store().identities_of(&[profile.profile_id]).await?;
    let identity = strongest(&identities).ok_or_else(|| Error::not_found("customer", "客户"))?;
    let purpose: Option<String> = match (new.kind, new.purpose) {
        (RequestKind::Withdrawal, None) => {
            return Err(Error::bad_request(
                "a withdrawal names the purpose that it is about".into(),
                "撤回同意须说明撤回的是哪个用途".into(),
            ));
        }
        (RequestKind::Withdrawal, Some(code)) => Some(consents::purpose(ctx, &code).await?.code),
        _ => None,
    };
    let now = ctx.now();
    let received_at = new.received_at.unwrap_or(now);
    if received_at > now {
        return Err(Error::bad_request(
            "the request has not arrived yet: give a day that is over".into(),
            "收到日期晚于今天：请填写已发生的日期".into(),
        ));
    }
    let id = RequestId::new(ctx.vault().random_id());
    let row = RequestRow {
        request_id: id.get(),
        identity_id: identity.identity_id,
        kind: new.kind.as_str().to_owned(),
        status: RequestStatus::New.as_str().to_owned(),
        channel: words(&new.channel)?,
        purpose,
        note: words(&new.note)?,
        author: actor.to_owned(),
        received_at,
        due_on: new.kind.due_on(ctx.workspace().day_of(received_at)),
        check_method: None,
        checked_by: None,
        checked_at: None,
        decided_by: None,
        decided_at: None,
        refusal: None,
        outcome: String::new(),
        updated_at: now,
    };
    noted(ctx, actor, "request.enter", profile.profile_id, id, new.kind).await?;
    ctx.store().add_request(row).await?;
    get(ctx, id).await
}

/// Records how it was found out that the person asks: by which means, by whom.
///
/// **Errors**: `bad_request` without a means; `conflict` when that was done, or the request is over.
#[boxed]
pub async fn check(ctx: &Ctx, id: RequestId, method: &str, actor: &str) -> Result<Request> {
    let method = words(method)?;
    if method.is_empty() {
        return Err(Error::bad_request(
            "say how it was checked who asks: a code to the phone, a document, a visit".into(),
            "请填写核身方式：短信验证码、证件、到店等".into(),
        ));
    }
    step(ctx, id, RequestStatus::Checked, "request.check", actor, |row| {
        row.check_method = Some(method);
        row.checked_by = Some(actor.to_owned());
        row.checked_at = Some(ctx.now());
    })
    .await
}

/// Carries a request out: takes a consent back, stops profiling; approves a deletion, which hides the person from now on and
/// waits to be erased; for every other kind it says what was done.
///
/// **Errors**: `conflict` before it was checked who asks, or when it is over.
#[boxed]
pub async fn carry_out(ctx: &Ctx, id: RequestId, outcome: &str, actor: &str) -> Result<Request> {
    let outcome = words(outcome)?;
    let request = get(ctx, id).await?;
    let next = match request.kind {
        RequestKind::Deletion => RequestStatus::Doing,
        _ => RequestStatus::Done,
    };
    follows(&request, next)?;
    let purpose = match request.kind {
        RequestKind::Withdrawal => request.row.purpose.clone(),
        RequestKind::OptOut => Some(PROFILING.to_owned()),
        _ => None,
    };
    if let (Some(purpose), Some(profile_id)) = (purpose, request.profile_id) {
        let said = NewStatement {
            purpose,
            granted: false,
            at: None,
            policy_version: None,
            channel: request.row.channel.clone(),
            evidence: id.to_string(),
            by_guardian: false,
        };
        consents::record(ctx, profile_id, &[said], actor).await?;
    }
    step(ctx, id, next, "request.do", actor, |row| {
        row.decided_by = Some(actor.to_owned());
        row.decided_at = Some(ctx.now());
        row.outcome = outcome;
    })
    .await
}

/// Notes that whom a request is about was erased. In an old copy of the data it may not have come so far; then it is left as it
/// stands.
pub(crate) async fn erased(ctx: &Ctx, id: RequestId, erasure: ErasureId) -> Result<()> {
    let Some(found) = ctx.store().request(id.get()).await? else { return Ok(()) };
    if !read(ctx, found)?.status.leads_to(RequestStatus::Done) {
        return Ok(());
    }
    step(ctx, id, RequestStatus::Done, "request.erased", "system", |row| row.outcome = erasure.to_string())
        .await
        .map(drop)
}

/// Refuses a request, for a reason that the law knows.
///
/// **Errors**: `conflict` when it is over.
#[boxed]
pub async fn refuse(ctx: &Ctx, id: RequestId, refusal: RequestRefusal, outcome: &str, actor: &str) -> Result<Request> {
    let outcome = words(outcome)?;
    let _deciding = erasure::not_begun(ctx, id).await?;
    step(ctx, id, RequestStatus::Refused, "request.refuse", actor, |row| {
        row.decided_by = Some(actor.to_owned());
        row.decided_at = Some(ctx.now());
        row.refusal = Some(refusal.as_str().to_owned());
        row.outcome = outcome;
    })
    .await
}

fn follows(request: &Request, next: RequestStatus) -> Result<()> {
    if request.status.leads_to(next) {
        return Ok(());
    }
    let ((zh, en), (next_zh, next_en)) = (request.status.words(), next.words());
    let hint = match request.status {
        RequestStatus::New => ("：请先核身", ": check first who asks"),
        RequestStatus::Doing => ("：等待销毁流程完成", ": it waits to be erased"),
        _ => ("", ""),
    };
    Err(Error::conflict(
        format!("the request is {en} and cannot become {next_en}{}", hint.1),
        format!("该请求“{zh}”，不能变为“{next_zh}”{}", hint.0),
    ))
}

async fn step(
    ctx: &Ctx,
    id: RequestId,
    next: RequestStatus,
    action: &str,
    actor: &str,
    change: impl FnOnce(&mut RequestRow),
) -> Result<Request> {
    let request = get(ctx, id).await?;
    follows(&request, next)?;
    let mut row = request.row.clone();
    row.status = next.as_str().to_owned();
    row.updated_at = ctx.now();
    change(&mut row);
    noted(ctx, actor, action, request.profile_id.map_or(0, ProfileId::get), id, request.kind).await?;
    ctx.store().change_request(&row, request.status.as_str()).await?;
    get(ctx, id).await
}

/// On record before it is done: what cannot be recorded is not done.
async fn noted(ctx: &Ctx, actor: &str, action: &str, profile: i64, id: RequestId, kind: RequestKind) -> Result<()> {
    let detail = serde_json::json!({ "request": id.to_string(), "kind": kind.as_str() });
    audit::record(ctx, actor, action, &ProfileId::new(profile).to_string(), &detail).await
}

/// Customers whose deletion is approved, ascending.
pub(crate) async fn restricted(ctx: &Ctx) -> Result<Vec<i64>> {
    let statuses = [RequestStatus::Doing.as_str(), RequestStatus::Done.as_str()];
    Ok(ctx.store().profiles_with_request(RequestKind::Deletion.as_str(), statuses).await?)
}

/// The answer to whoever reads somebody whose deletion is approved.
pub(crate) fn hidden() -> Error {
    Error::new(
        ErrorCode::Restricted,
        "the customer's data are being deleted at their request: nobody may read them",
        "该客户的信息正在按其请求删除：不得再读取",
    )
}

/// The day of a date as requests count it.
pub fn day_start(ctx: &Ctx, day: Date) -> i64 {
    ctx.workspace().day_start(day_number(day))
}
