//! `/api/v1/profiles/{profile_id}/corrections`: what is corrected on behalf of a person and stays so.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::id::{ProfileId, RequestId};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::corrections::{self, Correction};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::output::instant;

/// A correction that holds; its value is the profile's.
#[derive(Serialize, ToSchema)]
#[schema(as = Correction)]
pub(crate) struct CorrectionBody {
    /// Field of the profile.
    pub(crate) field: String,
    /// Request that asked for it.
    request_id: String,
    /// Who made it.
    author: String,
    pub(crate) made_at: String,
}

impl From<&Correction> for CorrectionBody {
    fn from(one: &Correction) -> Self {
        Self {
            field: one.field.clone(),
            request_id: one.request_id.to_string(),
            author: one.author.clone(),
            made_at: instant(one.made_at),
        }
    }
}

/// A correction to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCorrection {
    /// name, address, birthday, gender, birth_year, country, province, city, member_level, registered_on,
    /// acquisition_channel.
    field: String,
    /// What is right, written as in a file.
    #[schema(value_type = String)]
    value: Sensitive<String>,
    /// Request for correction that was checked, `req_…`.
    #[schema(value_type = String)]
    request_id: RequestId,
}

/// Corrects a field: later files and events do not change it until the correction is withdrawn.
#[utoipa::path(post, path = "/api/v1/profiles/{profile_id}/corrections", request_body = NewCorrection,
    params(("profile_id" = String, Path, description = "`prf_…`")),
    responses((status = 204), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn correct(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    body: Result<Json<NewCorrection>, JsonRejection>,
) -> ApiResult<StatusCode> {
    let (Path(profile_id), Json(body)) = (path.map_err(ApiError::from)?, body.map_err(ApiError::from)?);
    let NewCorrection { field, value, request_id } = body;
    corrections::correct(app.ctx(), profile_id, &field, &value, request_id, &app.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Withdraws the correction of a field: it has the value that files and events say.
#[utoipa::path(delete, path = "/api/v1/profiles/{profile_id}/corrections/{field}",
    params(("profile_id" = String, Path, description = "`prf_…`"), ("field" = String, Path, description = "field")),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn withdraw(
    app: Acting,
    path: Result<Path<(ProfileId, String)>, PathRejection>,
) -> ApiResult<StatusCode> {
    let Path((profile_id, field)) = path.map_err(ApiError::from)?;
    corrections::withdraw(app.ctx(), profile_id, &field, &app.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
