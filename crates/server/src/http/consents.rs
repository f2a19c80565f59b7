//! `/api/v1/purposes`, `/api/v1/consents` and `/api/v1/profiles/{id}/consents`: what data are used for and what people said.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::consent::{Basis, Policy, Purpose, Separate};
use zhike_domain::id::ProfileId;
use zhike_engine::consents::{self, Excluded, NewStatement, OfProfile, Standing, Summary};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::output::instant;

/// A version of the notice that people see.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PurposePolicy)]
pub(crate) struct PolicyBody {
    version: String,
    /// When it came into force; now for a new version when absent.
    since: Option<String>,
    /// Whether a consent to the versions before is still enough.
    accepts_older: bool,
}

/// What data are used for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Purpose)]
pub(crate) struct PurposeBody {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) name_zh: String,
    /// consent, contract, legal_duty, vital, public, legitimate_interest.
    pub(crate) basis: String,
    /// Why that ground holds; needed for a legitimate interest.
    #[serde(default)]
    basis_note: String,
    /// Why it needs a consent of its own: sensitive, third_party, abroad, minor, publish.
    pub(crate) separate: Option<String>,
    /// Whether it stops for whoever refused profiling.
    #[serde(default)]
    is_profiling: bool,
    /// sms, email, wechat, phone, app.
    #[serde(default)]
    channels: Vec<String>,
    /// Versions of the notice, the oldest first; they are added and never changed.
    policies: Vec<PolicyBody>,
}

impl From<Purpose> for PurposeBody {
    fn from(purpose: Purpose) -> Self {
        Self {
            code: purpose.code,
            name: purpose.en,
            name_zh: purpose.zh,
            basis: purpose.basis.as_str().to_owned(),
            basis_note: purpose.basis_note,
            separate: purpose.separate.map(|one| one.as_str().to_owned()),
            is_profiling: purpose.is_profiling,
            channels: purpose.channels,
            policies: purpose
                .policies
                .into_iter()
                .map(|one| PolicyBody {
                    version: one.version,
                    since: (one.since != 0).then(|| instant(one.since)),
                    accepts_older: one.accepts_older,
                })
                .collect(),
        }
    }
}

fn bad(en: &str, zh: &str) -> ApiError {
    ApiError::new(zhike_domain::error_code::ErrorCode::BadRequest, en, zh)
}

/// Reads an instant: RFC 3339.
pub(super) fn read_instant(text: Option<String>) -> ApiResult<Option<i64>> {
    let read = |text: String| text.parse::<jiff::Timestamp>().map(|at| at.as_microsecond());
    text.map(read)
        .transpose()
        .map_err(|_| bad("a time is written as 2026-03-31T08:00:00Z", "时间格式为 2026-03-31T08:00:00Z"))
}

impl PurposeBody {
    pub(crate) fn read(self) -> ApiResult<Purpose> {
        let basis = Basis::ALL.into_iter().find(|basis| basis.as_str() == self.basis).ok_or_else(|| {
            let known = Basis::ALL.map(Basis::as_str).join(", ");
            bad(&format!("the basis is one of {known}"), &format!("依据（basis）须为 {known} 之一"))
        })?;
        let separate = match self.separate {
            None => None,
            Some(text) => {
                let known = Separate::ALL.map(Separate::as_str).join(", ");
                let found = Separate::ALL.into_iter().find(|one| one.as_str() == text);
                Some(found.ok_or_else(|| {
                    bad(&format!("separate is one of {known}"), &format!("单独同意（separate）须为 {known} 之一"))
                })?)
            }
        };
        let policy = |one: PolicyBody| {
            let since = read_instant(one.since)?.unwrap_or(0);
            Ok(Policy { version: one.version, since, accepts_older: one.accepts_older })
        };
        Ok(Purpose {
            code: self.code,
            zh: self.name_zh,
            en: self.name,
            basis,
            basis_note: self.basis_note,
            separate,
            is_profiling: self.is_profiling,
            channels: self.channels,
            policies: self.policies.into_iter().map(policy).collect::<ApiResult<_>>()?,
        })
    }
}

/// Purposes.
#[derive(Serialize, ToSchema)]
pub(super) struct PurposeList {
    items: Vec<PurposeBody>,
}

/// All purposes: those that are built in, then those of one's own.
#[utoipa::path(get, path = "/api/v1/purposes", responses((status = 200, body = PurposeList)))]
pub(super) async fn purposes(app: Acting) -> ApiResult<Json<PurposeList>> {
    let all = consents::purposes(app.ctx()).await?;
    Ok(Json(PurposeList { items: all.into_iter().map(PurposeBody::from).collect() }))
}

/// Defines a purpose, or changes the one of that code.
#[utoipa::path(post, path = "/api/v1/purposes", request_body = PurposeBody,
    responses((status = 200, body = PurposeBody), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn put_purpose(
    app: Acting,
    body: Result<Json<PurposeBody>, JsonRejection>,
) -> ApiResult<Json<PurposeBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(consents::put_purpose(app.ctx(), body.read()?, &app.actor()).await?.into()))
}

/// Those who are left out of something, by reason; each is counted once.
#[derive(Serialize, ToSchema)]
#[schema(as = Excluded)]
pub(crate) struct ExcludedBody {
    /// Purpose.
    pub(crate) purpose: String,
    /// All of them.
    pub(crate) total: u64,
    /// Never agreed.
    no_consent: u64,
    /// Agreed to an older notice.
    outdated: u64,
    /// Said no.
    opted_out: u64,
    /// Under fourteen, without a guardian's word.
    minor: u64,
}

impl From<Excluded> for ExcludedBody {
    fn from(excluded: Excluded) -> Self {
        Self {
            total: excluded.total(),
            no_consent: excluded.no_consent,
            outdated: excluded.outdated,
            opted_out: excluded.opted_out,
            minor: excluded.minor,
            purpose: excluded.purpose,
        }
    }
}

/// How all customers stand on a purpose.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentSummary)]
pub(crate) struct SummaryBody {
    pub(crate) purpose: PurposeBody,
    pub(crate) n_granted: u64,
    pub(crate) n_withdrawn: u64,
    pub(crate) n_outdated: u64,
    pub(crate) n_unknown: u64,
    /// Customers whose data may be used for it.
    pub(crate) n_allowed: u64,
    /// The others.
    pub(crate) excluded: ExcludedBody,
    /// All customers.
    pub(crate) n_total: u64,
}

impl From<Summary> for SummaryBody {
    fn from(summary: Summary) -> Self {
        use zhike_domain::consent::State::{Granted, Outdated, Unknown, Withdrawn};
        let n = |state| summary.states.get(&state).copied().unwrap_or(0);
        Self {
            n_granted: n(Granted),
            n_withdrawn: n(Withdrawn),
            n_outdated: n(Outdated),
            n_unknown: n(Unknown),
            n_allowed: summary.n_allowed,
            n_total: summary.n_total,
            excluded: summary.excluded.into(),
            purpose: summary.purpose.into(),
        }
    }
}

/// How all customers stand on every purpose.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsentSummaries {
    items: Vec<SummaryBody>,
}

/// How all customers stand on every purpose.
#[utoipa::path(get, path = "/api/v1/consents", responses((status = 200, body = ConsentSummaries)))]
pub(super) async fn summary(app: Acting) -> ApiResult<Json<ConsentSummaries>> {
    let all = consents::summary(app.ctx()).await?;
    Ok(Json(ConsentSummaries { items: all.into_iter().map(SummaryBody::from).collect() }))
}

/// A statement of a customer.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentStatement)]
pub(crate) struct StatementBody {
    pub(crate) purpose: String,
    /// Given, or taken back.
    pub(crate) granted: bool,
    pub(crate) at: String,
    pub(crate) policy_version: String,
    pub(crate) channel: String,
    /// Where the proof is kept.
    pub(crate) evidence: String,
    pub(crate) by_guardian: bool,
    /// Who recorded it.
    pub(crate) author: String,
    recorded_at: String,
}

/// Where a customer stands on a purpose.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentStanding)]
pub(crate) struct StandingBody {
    pub(crate) purpose: PurposeBody,
    /// granted, withdrawn, unknown, outdated.
    pub(crate) state: String,
    pub(crate) is_allowed: bool,
    /// no_consent, outdated, opted_out, minor.
    pub(crate) refusal: Option<String>,
    /// The statement that counts.
    pub(crate) last: Option<StatementBody>,
}

/// What a customer said.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileConsents)]
pub(crate) struct ProfileConsentsBody {
    /// Every purpose.
    pub(crate) standings: Vec<StandingBody>,
    /// Every statement, the newest first.
    pub(crate) history: Vec<StatementBody>,
    /// Under fourteen, as far as is known.
    pub(crate) is_minor: bool,
}

impl From<OfProfile> for ProfileConsentsBody {
    fn from(of: OfProfile) -> Self {
        let statement = |row: zhike_engine::consents::SaidRow| StatementBody {
            granted: row.granted == 1,
            at: instant(row.at),
            policy_version: row.policy_version,
            channel: row.channel,
            evidence: row.evidence,
            by_guardian: row.by_guardian == 1,
            author: row.author,
            recorded_at: instant(row.recorded_at),
            purpose: row.purpose,
        };
        let standing = |one: Standing| StandingBody {
            state: one.state.as_str().to_owned(),
            is_allowed: one.refusal.is_none(),
            refusal: one.refusal.map(|refusal| refusal.as_str().to_owned()),
            last: one.last.map(statement),
            purpose: one.purpose.into(),
        };
        Self {
            standings: of.standings.into_iter().map(standing).collect(),
            history: of.history.into_iter().map(statement).collect(),
            is_minor: of.is_minor,
        }
    }
}

/// A statement to be recorded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewConsent {
    /// Code of the purpose.
    purpose: String,
    /// Given, or taken back.
    granted: bool,
    /// When it was made; now when absent.
    at: Option<String>,
    /// Version of the notice that the person saw; the one in force then when absent.
    policy_version: Option<String>,
    /// Where it was made: web, app, store, phone …
    channel: Option<String>,
    /// Where the proof is kept; needed for separate consent.
    evidence: Option<String>,
    /// Whether a guardian made it.
    by_guardian: Option<bool>,
}

impl NewConsent {
    fn read(self) -> ApiResult<NewStatement> {
        Ok(NewStatement {
            purpose: self.purpose,
            granted: self.granted,
            at: read_instant(self.at)?,
            policy_version: self.policy_version,
            channel: self.channel.unwrap_or_else(|| "api".to_owned()),
            evidence: self.evidence.unwrap_or_default(),
            by_guardian: self.by_guardian.unwrap_or(false),
        })
    }
}

/// What a customer says in one act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentAct {
    statements: Vec<NewConsent>,
}

fn profile(path: Result<Path<ProfileId>, PathRejection>) -> ApiResult<ProfileId> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    Ok(profile_id)
}

/// What a customer said about every purpose, and what may be done because of it.
#[utoipa::path(get, path = "/api/v1/profiles/{profile_id}/consents",
    params(("profile_id" = String, Path, description = "`prf_…`")),
    responses((status = 200, body = ProfileConsentsBody), (status = 404, body = ErrorBody)))]
pub(super) async fn of(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
) -> ApiResult<Json<ProfileConsentsBody>> {
    Ok(Json(consents::of_profile(app.ctx(), profile(path)?).await?.into()))
}

/// Records what a customer says in one act, and answers with how they stand then.
#[utoipa::path(post, path = "/api/v1/profiles/{profile_id}/consents", request_body = ConsentAct,
    params(("profile_id" = String, Path, description = "`prf_…`")),
    responses((status = 200, body = ProfileConsentsBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn record(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    body: Result<Json<ConsentAct>, JsonRejection>,
) -> ApiResult<Json<ProfileConsentsBody>> {
    let profile_id = profile(path)?;
    let Json(body) = body.map_err(ApiError::from)?;
    let said = body.statements.into_iter().map(NewConsent::read).collect::<ApiResult<Vec<_>>>()?;
    consents::record(app.ctx(), profile_id, &said, &app.actor()).await?;
    Ok(Json(consents::of_profile(app.ctx(), profile_id).await?.into()))
}

/// Statements of many customers, each an act of its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentBatch {
    items: Vec<ConsentBatchItem>,
}

/// One customer's act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentBatchItem {
    /// `prf_…`
    #[schema(value_type = String)]
    profile_id: ProfileId,
    statements: Vec<NewConsent>,
}

/// What became of one act.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsentBatchResult {
    profile_id: String,
    is_recorded: bool,
    /// Why not.
    message: Option<String>,
    message_zh: Option<String>,
}

/// What became of each act, in the order sent.
#[derive(Serialize, ToSchema)]
pub(super) struct ConsentBatchResults {
    items: Vec<ConsentBatchResult>,
}

/// Records the acts of many customers; each stands or falls by itself.
#[utoipa::path(post, path = "/api/v1/consents", request_body = ConsentBatch,
    responses((status = 200, body = ConsentBatchResults), (status = 400, body = ErrorBody)))]
pub(super) async fn record_many(
    app: Acting,
    body: Result<Json<ConsentBatch>, JsonRejection>,
) -> ApiResult<Json<ConsentBatchResults>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let mut items = Vec::new();
    for item in body.items {
        let said = item.statements.into_iter().map(NewConsent::read).collect::<ApiResult<Vec<_>>>()?;
        let done = consents::record(app.ctx(), item.profile_id, &said, &app.actor()).await;
        let failed = done.err().map(|error| (error.message, error.message_zh));
        let is_recorded = failed.is_none();
        let (message, message_zh) = failed.unzip();
        items.push(ConsentBatchResult { profile_id: item.profile_id.to_string(), is_recorded, message, message_zh });
    }
    Ok(Json(ConsentBatchResults { items }))
}
