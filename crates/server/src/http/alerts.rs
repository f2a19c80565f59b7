//! `/api/v1/alerts`: what is not as it should be, and who has seen to it; `/api/v1/alert-mail`: who is told by mail.

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::AlertId;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::alerts::mail::{self, Lang, MailState, NewMail, Tls};
use zhike_engine::alerts::{self, Alerts};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::profiles::day;
use super::who::Acting;
use crate::outbound::{Outbound, Trouble, mail as letters};
use crate::output::instant;

/// Alerts shown when nobody says how many.
const USUAL: usize = 100;

/// Something that is not as it should be.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alert {
    pub(crate) alert_id: String,
    /// figure, quality, goal.
    pub(crate) kind: String,
    /// The day that it is about; of a goal its last one.
    pub(crate) day: String,
    /// high, low, silent.
    direction: String,
    /// high, medium, low.
    pub(crate) severity: String,
    pub(crate) text: String,
    pub(crate) text_zh: String,
    /// Path of the page that shows it.
    link: String,
    pub(crate) raised_at: String,
    /// Who has seen to it; nobody yet when absent.
    pub(crate) acknowledged_by: Option<String>,
    acknowledged_at: Option<String>,
}

/// Alerts, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertList {
    pub(crate) items: Vec<Alert>,
    /// Those that nobody has seen to, listed or not.
    pub(crate) n_open: u64,
}

impl From<Alerts> for AlertList {
    fn from(found: Alerts) -> Self {
        let items = found.items.into_iter().map(|row| Alert {
            alert_id: AlertId::new(row.alert_id).to_string(),
            kind: row.kind,
            day: day(row.day),
            direction: row.direction,
            severity: row.severity,
            text: row.words_en,
            text_zh: row.words_zh,
            link: row.link,
            raised_at: instant(row.raised_at),
            acknowledged_by: row.acknowledged_by,
            acknowledged_at: row.acknowledged_at.map(instant),
        });
        Self { items: items.collect(), n_open: found.n_open }
    }
}

/// Which alerts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AlertQuery {
    /// Only those that nobody has seen to.
    #[serde(default)]
    open: bool,
    /// 100 by default, 500 at most.
    limit: Option<usize>,
}

/// What is not as it should be: figures, sources of data, goals.
#[utoipa::path(get, path = "/api/v1/alerts", params(AlertQuery),
    responses((status = 200, body = AlertList), (status = 400, body = ErrorBody)))]
pub(super) async fn list(app: Acting, query: Result<Query<AlertQuery>, QueryRejection>) -> ApiResult<Json<AlertList>> {
    let Query(query) = query.map_err(ApiError::from)?;
    Ok(Json(alerts::list(app.ctx(), query.open, query.limit.unwrap_or(USUAL)).await?.into()))
}

/// Alerts that somebody has seen to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcknowledgeAlerts {
    /// `alr_…`, 500 at most; all that are open when absent.
    alert_ids: Option<Vec<String>>,
}

/// Notes that somebody has seen to alerts; gives those that are still open.
#[utoipa::path(post, path = "/api/v1/alerts/acknowledge", request_body = AcknowledgeAlerts,
    responses((status = 200, body = AlertList), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn acknowledge(
    app: Acting,
    body: Result<Json<AcknowledgeAlerts>, JsonRejection>,
) -> ApiResult<Json<AlertList>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let ids = body.alert_ids.map(|ids| ids.iter().map(|id| parsed(id)).collect::<Result<Vec<_>, _>>()).transpose()?;
    alerts::acknowledge(app.ctx(), app.by(), ids.as_deref()).await?;
    Ok(Json(alerts::list(app.ctx(), true, USUAL).await?.into()))
}

fn parsed(id: &str) -> Result<AlertId, ApiError> {
    id.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "there is no such alert", "没有这条提醒"))
}

/// Somebody who is told by mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct MailRecipient {
    /// Masked.
    pub(crate) address: String,
    /// delivered, refused, unreachable, status_550 …; sending while it is under way; nothing was sent when absent.
    pub(crate) last_outcome: Option<String>,
    pub(crate) last_tried_at: Option<String>,
    /// When it is tried again; absent when it arrived or was given up.
    next_try_at: Option<String>,
}

impl From<mail::MailRecipient> for MailRecipient {
    fn from(one: mail::MailRecipient) -> Self {
        let last = one.last;
        Self {
            address: one.address,
            last_outcome: last.as_ref().map(|row| row.outcome.clone()),
            last_tried_at: last.as_ref().map(|row| instant(row.tried_at)),
            next_try_at: last.as_ref().and_then(|row| row.next_at).map(instant),
        }
    }
}

/// How alerts are told by mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertMail {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// implicit, starttls, none.
    pub(crate) tls: String,
    pub(crate) user: String,
    has_password: bool,
    pub(crate) from: String,
    /// Each with what came of the last mail.
    pub(crate) recipients: Vec<MailRecipient>,
    /// zh, en.
    pub(crate) lang: String,
}

impl From<MailState> for AlertMail {
    fn from(state: MailState) -> Self {
        Self {
            host: state.host,
            port: state.port,
            tls: state.tls.as_str().to_owned(),
            user: state.user,
            has_password: state.has_password,
            from: state.from,
            recipients: state.recipients.into_iter().map(MailRecipient::from).collect(),
            lang: state.lang.as_str().to_owned(),
        }
    }
}

/// The setting of mail, if there is one.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertMailState {
    mail: Option<AlertMail>,
    /// Why a trial did not arrive, where there was no answer.
    problem: Option<String>,
    problem_zh: Option<String>,
}

/// How mail is to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutAlertMail {
    host: String,
    port: u16,
    /// implicit, starttls, none.
    #[schema(value_type = String)]
    tls: Tls,
    /// Empty where the host asks for none.
    user: String,
    /// As it was when absent.
    #[schema(value_type = Option<String>)]
    password: Option<Sensitive<String>>,
    from: String,
    /// As they were when absent.
    #[schema(value_type = Option<Vec<String>>)]
    recipients: Option<Vec<Sensitive<String>>>,
    /// zh, en.
    #[schema(value_type = String)]
    lang: Lang,
}

/// Whether a mail host may be reached, and addresses written to.
pub(crate) fn check(outbound: &Outbound, new: &NewMail) -> Result<(), ApiError> {
    outbound.mail_target(&new.host, new.port).map_err(Trouble::from)?;
    let all = new.recipients.iter().flatten().map(|one| one.expose().as_str()).chain([new.from.as_str()]);
    if !all.into_iter().all(letters::is_address) {
        let (en, zh) = ("one of the addresses is no mail address", "其中有地址不是邮箱地址");
        return Err(ApiError::new(ErrorCode::BadRequest, en, zh));
    }
    Ok(())
}

async fn state(app: &Acting, trouble: Option<Trouble>) -> ApiResult<Json<AlertMailState>> {
    let mail = mail::state(app.ctx()).await?.map(AlertMail::from);
    let (problem, problem_zh) = trouble.map(|trouble| trouble.words()).unzip();
    Ok(Json(AlertMailState { mail, problem, problem_zh }))
}

/// How alerts are told by mail; personal values masked.
#[utoipa::path(get, path = "/api/v1/alert-mail", responses((status = 200, body = AlertMailState)))]
pub(super) async fn show_mail(app: Acting) -> ApiResult<Json<AlertMailState>> {
    state(&app, None).await
}

/// Puts a setting in force; new recipients are told of alerts that are raised from now on.
#[utoipa::path(put, path = "/api/v1/alert-mail", request_body = PutAlertMail,
    responses((status = 200, body = AlertMailState), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn put_mail(
    app: Acting,
    body: Result<Json<PutAlertMail>, JsonRejection>,
) -> ApiResult<Json<AlertMailState>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let PutAlertMail { host, port, tls, user, password, from, recipients, lang } = body;
    let new = NewMail { host, port, tls, user, password, from, recipients, lang };
    check(app.outbound(), &new)?;
    mail::set(app.ctx(), app.by(), new).await?;
    state(&app, None).await
}

/// Sends no mail any more.
#[utoipa::path(delete, path = "/api/v1/alert-mail", responses((status = 200, body = AlertMailState)))]
pub(super) async fn remove_mail(app: Acting) -> ApiResult<Json<AlertMailState>> {
    mail::remove(app.ctx(), app.by()).await?;
    state(&app, None).await
}

/// Sends a mail of no alert, and says what came of it.
#[utoipa::path(post, path = "/api/v1/alert-mail/test",
    responses((status = 200, body = AlertMailState), (status = 409, body = ErrorBody)))]
pub(super) async fn test_mail(app: Acting) -> ApiResult<Json<AlertMailState>> {
    let trial = mail::trial(app.ctx(), app.by(), None).await?;
    let trouble = crate::hooks::post(app.ctx(), app.outbound(), &trial).await?;
    state(&app, trouble).await
}
