//! `/api/v1/erasures`: erasures of people with their receipts; `/api/v1/encryption-keys`: epochs of keys.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::id::{ErasureId, RequestId};
use zhike_engine::erasure::{self, Erasure};
use zhike_engine::keys::{self, Rotation, Status};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::output::instant;

/// The erasure of one person.
#[derive(Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(crate) struct ErasureBody {
    pub(crate) erasure_id: String,
    /// Pseudonym that nothing leads to any more.
    pub(crate) profile_id: String,
    pub(crate) request_id: Option<String>,
    pub(crate) approved_by: String,
    pub(crate) approved_at: String,
    /// Missing while it is carried out.
    pub(crate) ended_at: Option<String>,
    /// Rows that went, by place, as far as it has come.
    pub(crate) removed: BTreeMap<String, u64>,
    /// Whether nothing that was looked for was found; missing while it is carried out.
    pub(crate) is_clean: Option<bool>,
}

impl From<Erasure> for ErasureBody {
    fn from(one: Erasure) -> Self {
        Self {
            erasure_id: one.id.to_string(),
            profile_id: one.profile_id.to_string(),
            request_id: one.request_id.map(|id| id.to_string()),
            approved_by: one.approved_by,
            approved_at: instant(one.approved_at),
            ended_at: one.ended_at.map(instant),
            removed: one.removed,
            is_clean: one.receipt.map(|sealed| sealed.receipt.is_clean()),
        }
    }
}

/// All erasures.
#[derive(Serialize, ToSchema)]
pub(super) struct Erasures {
    items: Vec<ErasureBody>,
}

/// All erasures: those under way first, then the newest.
#[utoipa::path(get, path = "/api/v1/erasures", responses((status = 200, body = Erasures)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<Erasures>> {
    let items = erasure::list(app.ctx()).await?.into_iter().map(ErasureBody::from).collect();
    Ok(Json(Erasures { items }))
}

fn id(path: Result<Path<ErasureId>, PathRejection>) -> ApiResult<ErasureId> {
    let Path(id) = path.map_err(ApiError::from)?;
    Ok(id)
}

/// One erasure.
#[utoipa::path(get, path = "/api/v1/erasures/{erasure_id}",
    params(("erasure_id" = String, Path, description = "`ers_…`")),
    responses((status = 200, body = ErasureBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(app: Acting, path: Result<Path<ErasureId>, PathRejection>) -> ApiResult<Json<ErasureBody>> {
    Ok(Json(erasure::get(app.ctx(), id(path)?).await?.into()))
}

/// The sealed receipt of an erasure, as a file.
#[utoipa::path(get, path = "/api/v1/erasures/{erasure_id}/receipt",
    params(("erasure_id" = String, Path, description = "`ers_…`")),
    responses((status = 200, content_type = "application/json"), (status = 404, body = ErrorBody)))]
pub(super) async fn receipt(app: Acting, path: Result<Path<ErasureId>, PathRejection>) -> ApiResult<Response> {
    let id = id(path)?;
    let sealed = erasure::get(app.ctx(), id).await?.receipt.ok_or_else(|| {
        let code = zhike_domain::error_code::ErrorCode::NotFound;
        ApiError::new(code, "the erasure is not finished yet: there is no receipt", "销毁尚未完成：还没有凭证")
    })?;
    let head = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.json\"")),
    ];
    Ok((head, serde_json::to_string_pretty(&sealed).unwrap_or_default()).into_response())
}

/// Approves the erasure of whom a granted request for deletion is about: their key is destroyed when this answers, all else
/// follows at once.
#[utoipa::path(post, path = "/api/v1/requests/{request_id}/erase",
    params(("request_id" = String, Path, description = "`req_…`")),
    responses((status = 200, body = ErasureBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn approve(app: Acting, path: Result<Path<RequestId>, PathRejection>) -> ApiResult<Json<ErasureBody>> {
    let Path(request) = path.map_err(ApiError::from)?;
    let id = erasure::approve(app.ctx(), request, &app.actor()).await?;
    Ok(Json(erasure::get(app.ctx(), id).await?.into()))
}

/// An epoch of keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyEpoch {
    pub(crate) epoch: u32,
    /// Keys wrapped under it.
    pub(crate) n_keys: u64,
    /// Whether it wraps new keys.
    pub(crate) is_current: bool,
}

/// How the keys of people stand.
#[derive(Serialize, ToSchema)]
pub(crate) struct EncryptionKeys {
    /// Oldest first.
    pub(crate) epochs: Vec<KeyEpoch>,
    /// Keys whose epoch is gone: they open nothing.
    pub(crate) n_lost: u64,
    pub(crate) rotated_at: Option<String>,
    /// What is disabled: nothing is sealed or opened under these.
    pub(crate) disabled: Vec<DisabledKeys>,
}

/// Keys that are disabled.
#[derive(Serialize, ToSchema)]
pub(crate) struct DisabledKeys {
    /// All keys when missing.
    pub(crate) epoch: Option<u32>,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) at: String,
}

impl From<Status> for EncryptionKeys {
    fn from(status: Status) -> Self {
        let epoch = |one: keys::Epoch| KeyEpoch { epoch: one.epoch, n_keys: one.n_keys, is_current: one.is_current };
        Self {
            epochs: status.epochs.into_iter().map(epoch).collect(),
            n_lost: status.n_lost,
            rotated_at: status.rotated_at.map(instant),
            disabled: (status.disabled.into_iter())
                .map(|one| DisabledKeys { epoch: one.epoch, reason: one.reason, by: one.by, at: instant(one.at) })
                .collect(),
        }
    }
}

/// How the keys of people stand.
#[utoipa::path(get, path = "/api/v1/encryption-keys", responses((status = 200, body = EncryptionKeys)))]
pub(super) async fn key_status(app: Acting) -> ApiResult<Json<EncryptionKeys>> {
    Ok(Json(keys::status(app.ctx()).await?.into()))
}

/// The same, for whoever disables and enables keys.
#[utoipa::path(get, path = "/api/v1/encryption-keys/state", responses((status = 200, body = EncryptionKeys)))]
pub(super) async fn key_state(app: Acting) -> ApiResult<Json<EncryptionKeys>> {
    key_status(app).await
}

/// What a change of epochs did.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyRotation {
    /// The epoch that wraps now.
    pub(crate) epoch: u32,
    pub(crate) n_rewrapped: u64,
    pub(crate) destroyed: Vec<u32>,
    /// Past epochs on which something still hangs.
    pub(crate) kept: Vec<u32>,
}

impl From<Rotation> for KeyRotation {
    fn from(one: Rotation) -> Self {
        Self { epoch: one.epoch, n_rewrapped: one.n_rewrapped, destroyed: one.destroyed, kept: one.kept }
    }
}

/// Starts an epoch, wraps every key anew and destroys the epochs before; others go on reading.
#[utoipa::path(post, path = "/api/v1/encryption-keys/rotate",
    responses((status = 200, body = KeyRotation), (status = 409, body = ErrorBody)))]
pub(super) async fn rotate_keys(app: Acting) -> ApiResult<Json<KeyRotation>> {
    Ok(Json(keys::rotate(app.ctx(), &app.actor()).await?.into()))
}

/// Which keys, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeySwitch {
    /// All keys when missing.
    epoch: Option<u32>,
    reason: String,
}

/// Disables the keys of an epoch, or all: nothing is sealed or opened under them, by no process, until they are enabled.
#[utoipa::path(post, path = "/api/v1/encryption-keys/disable", request_body = KeySwitch,
    responses((status = 200, body = EncryptionKeys), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn disable_keys(
    app: Acting,
    body: Result<Json<KeySwitch>, JsonRejection>,
) -> ApiResult<Json<EncryptionKeys>> {
    let Json(KeySwitch { epoch, reason }) = body.map_err(ApiError::from)?;
    keys::disable(app.ctx(), epoch, &reason, &app.actor()).await?;
    Ok(Json(keys::status(app.ctx()).await?.into()))
}

/// Enables what was disabled.
#[utoipa::path(post, path = "/api/v1/encryption-keys/enable", request_body = KeySwitch,
    responses((status = 200, body = EncryptionKeys), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn enable_keys(
    app: Acting,
    body: Result<Json<KeySwitch>, JsonRejection>,
) -> ApiResult<Json<EncryptionKeys>> {
    let Json(KeySwitch { epoch, reason }) = body.map_err(ApiError::from)?;
    keys::enable(app.ctx(), epoch, &reason, &app.actor()).await?;
    Ok(Json(keys::status(app.ctx()).await?.into()))
}
