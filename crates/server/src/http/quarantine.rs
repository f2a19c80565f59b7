//! `/api/v1/imports/{batch_id}/quarantine`: rows that could not be loaded.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::clean::rule::Reason;
use zhike_domain::id::BatchId;
use zhike_domain::import::mapping::Mapping;
use zhike_engine::import::Progress;
use zhike_engine::quarantine::{self, QuarantineStatus, Repair};

use super::error::{ApiError, ApiResult};
use super::imports::{StartedBody, WAITING};
use super::profiles::bad_cursor;
use super::schema::MappingSchema;
use super::who::Acting;
use crate::jobs::{Desk, Loaded};

/// A row set aside.
#[derive(Serialize, ToSchema)]
pub(super) struct QuarantineItem {
    row_no: i64,
    reason_code: String,
    reason_zh: String,
    reason_en: String,
    column_name: Option<String>,
    detail: Option<String>,
    /// open, replayed, discarded.
    status: String,
}

/// A page of rows set aside.
#[derive(Serialize, ToSchema)]
pub(super) struct QuarantinePage {
    items: Vec<QuarantineItem>,
    next: Option<String>,
    /// Rows by reason.
    counts: BTreeMap<String, i64>,
}

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct QuarantineQuery {
    /// Cursor of the page before.
    after: Option<String>,
    /// Rows, 50 by default.
    limit: Option<usize>,
    /// open, replayed, discarded.
    status: Option<String>,
}

/// The rows that a load set aside, without their content.
#[utoipa::path(
    get,
    path = "/api/v1/imports/{batch_id}/quarantine",
    params(("batch_id" = String, Path, description = "`bat_…`"), QuarantineQuery),
    responses((status = 200, body = QuarantinePage))
)]
pub(super) async fn list(
    app: Acting,
    path: Result<Path<BatchId>, PathRejection>,
    query: Result<Query<QuarantineQuery>, QueryRejection>,
) -> ApiResult<Json<QuarantinePage>> {
    let Path(batch_id) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let after = query.after.map(|text| text.parse::<u64>().map_err(|_| bad_cursor())).transpose()?;
    let status = query.status.as_deref().and_then(QuarantineStatus::parse);
    let rows = quarantine::list(app.ctx(), batch_id, after, limit, status).await?;
    let next = (rows.len() == limit).then(|| rows.last().map(|row| row.row_no.to_string())).flatten();
    let items = rows.into_iter().map(|row| {
        let reason = Reason::from_code(&row.reason_code);
        QuarantineItem {
            row_no: row.row_no,
            reason_zh: reason.map_or("", |reason| reason.help_zh()).into(),
            reason_en: reason.map_or("", |reason| reason.help_en()).into(),
            reason_code: row.reason_code,
            column_name: row.column_name,
            detail: row.detail,
            status: row.status.as_str().into(),
        }
    });
    let items = items.collect();
    let counts = quarantine::counts(app.ctx(), batch_id).await?.into_iter().collect();
    Ok(Json(QuarantinePage { items, next, counts }))
}

/// Why a row is to be seen.
#[derive(Deserialize, ToSchema)]
#[schema(as = RevealRequest)]
pub(super) struct RevealBody {
    reason: String,
}

/// A row in the clear.
#[derive(Serialize, ToSchema)]
#[schema(as = RevealedRow)]
pub(super) struct RevealedBody {
    header: Vec<String>,
    cells: Vec<Option<String>>,
    /// Positions of the cells that whoever asks may not see in the clear.
    masked: Vec<usize>,
}

/// Shows a row in the clear; the act and its reason go to the audit trail.
#[utoipa::path(
    post,
    path = "/api/v1/imports/{batch_id}/quarantine/{row_no}/reveal",
    params(("batch_id" = String, Path, description = "`bat_…`"), ("row_no" = u64, Path, description = "position in the file")),
    request_body = RevealBody,
    responses((status = 200, body = RevealedBody), (status = 404, body = super::error::ErrorBody))
)]
pub(super) async fn reveal(
    app: Acting,
    path: Result<Path<(BatchId, u64)>, PathRejection>,
    body: Result<Json<RevealBody>, JsonRejection>,
) -> ApiResult<Json<RevealedBody>> {
    let Path((batch_id, row_no)) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    app.may_unmask()?;
    let row = quarantine::reveal(app.ctx(), batch_id, row_no, &app.actor(), &body.reason).await?;
    Ok(Json(RevealedBody { header: row.header, cells: row.cells, masked: row.masked }))
}

/// Rows to be loaded again.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReplayRequest)]
pub(super) struct ReplayBody {
    /// All that wait when absent.
    rows: Option<Vec<ReplayRow>>,
    /// Mended mapping with the same headers; that of the load when absent.
    #[schema(value_type = Option<MappingSchema>)]
    mapping: Option<Mapping>,
}

/// A row to be loaded again.
#[derive(Deserialize, ToSchema)]
pub(super) struct ReplayRow {
    row_no: u64,
    /// New cells in the order of the header; the stored ones when absent.
    cells: Option<Vec<Option<String>>>,
    /// Positions of cells that stay as they are stored, as those that were masked.
    kept: Option<Vec<usize>>,
}

impl From<ReplayRow> for Repair {
    fn from(row: ReplayRow) -> Self {
        Self { row_no: row.row_no, cells: row.cells, kept: row.kept.unwrap_or_default() }
    }
}

/// Loads rows again, repaired or as they are, in the background.
#[utoipa::path(
    post,
    path = "/api/v1/imports/{batch_id}/replay",
    params(("batch_id" = String, Path, description = "`bat_…`")),
    request_body = ReplayBody,
    responses((status = 202, body = StartedBody))
)]
pub(super) async fn replay(
    app: Acting,
    path: Result<Path<BatchId>, PathRejection>,
    body: Result<Json<ReplayBody>, JsonRejection>,
) -> ApiResult<(StatusCode, Json<StartedBody>)> {
    let Path(batch_id) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    let repairs = body.rows.map(|rows| rows.into_iter().map(Repair::from).collect::<Vec<_>>());
    let ctx = app.ctx().clone();
    let replay = move |desk: Desk<Progress>| async move {
        quarantine::replay(&ctx, batch_id, repairs, body.mapping, desk.on_progress()).await.map(Loaded::from)
    };
    let job_id = app.jobs().start("job_", &app.by().owner, WAITING, replay);
    Ok((StatusCode::ACCEPTED, Json(StartedBody { job_id })))
}
